"""What the targets identify: slopes and profiles that are known, and a small world end to end."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from r2psim.analysis.calibration.emulator import fit_emulator
from r2psim.analysis.calibration.free_parameters import read_free
from r2psim.analysis.calibration.identify import RISE, Box, Effort, Identification, identify, profile, slopes
from r2psim.analysis.calibration.identify_report import page, summary, words
from r2psim.analysis.calibration.targets import read_targets
from r2psim.cli import app
from r2psim.scenario import Scenario, load
from r2psim.verbs.calibration_identify import write

TARGETS = {t.id: t for t in read_targets()}


def told(rate: float, runs: int = 20) -> dict[str, list[np.ndarray]]:
    """Tell of onsets in runs of 10,000 state-years, some more and some fewer."""
    return {"onset_rate": [np.array([rate * (8_000 + 200 * r), 8_000 + 200 * r]) for r in range(runs)]}


def test_a_slope_is_the_change_of_the_logarithm_and_knows_its_error() -> None:
    target = [TARGETS["onset_rate"]]
    found, error = slopes((told(0.010), told(0.012)), target, apart=0.1)
    assert found[0] == pytest.approx(np.log(1.2) / 0.1)
    assert error[0] == pytest.approx(0.0, abs=1e-9), "with common luck every run says the same"
    rng = np.random.default_rng(3)
    noisy = [
        slopes(
            tuple({"onset_rate": [np.array([rng.poisson(100.0), 10_000.0]) for _ in range(20)]} for _ in range(2)),  # type: ignore[arg-type]
            target,
            apart=0.1,
        )
        for _ in range(60)
    ]
    spread = np.std([a[0] for a, _ in noisy])
    assert np.mean([b[0] for _, b in noisy]) == pytest.approx(spread, rel=0.25)


def linear(matrix: np.ndarray, reach: float = 0.5) -> Box:
    """Make a box with an emulator of targets that are linear in the parameters, met in the middle."""
    size = matrix.shape[1]
    x = np.random.default_rng(4).random((400, size))
    emulator = fit_emulator(x, (x - 0.5) @ matrix.T)
    low, high = np.full(size, 0.5 - reach), np.full(size, 0.5 + reach)
    return Box(emulator, np.zeros(len(matrix)), np.zeros(len(matrix)), np.ones(len(matrix)), low, high)


def test_a_profile_is_the_distance_with_the_others_fitted_again() -> None:
    matrix = np.array([[8.0, 3.0], [2.0, 5.0]])
    grid = np.array([0.3, 0.4, 0.5, 0.6])
    away, where = profile(linear(matrix), np.full(2, 0.5), 0, grid)
    information = matrix.T @ matrix
    left = information[0, 0] - information[0, 1] ** 2 / information[1, 1]
    assert away == pytest.approx(left * (grid - 0.5) ** 2, abs=0.02)
    assert where[:, 0] == pytest.approx(grid)
    assert where[0, 1] - 0.5 == pytest.approx(0.2 * information[0, 1] / information[1, 1], abs=0.01)


def test_two_parameters_of_which_the_targets_see_only_the_sum_are_not_bounded() -> None:
    grid = np.linspace(0.2, 0.8, 7)
    away, _ = profile(linear(np.array([[9.0, 9.0]])), np.full(2, 0.5), 0, grid)
    assert away.max() < 0.05
    # Where the other one cannot give way, they are.
    tight = linear(np.array([[9.0, 9.0]]))
    held = Box(tight.emulator, tight.offset, tight.centre, tight.sd, np.array([0.0, 0.49]), np.array([1.0, 0.51]))
    away, _ = profile(held, np.full(2, 0.5), 0, grid)
    assert away.min() < 0.05 and away.max() == pytest.approx((9.0 * 0.29) ** 2, rel=0.05)


SMALL = """schema = 1
extends = "world"
title = "Forty states"
[generate]
states = 40
"""
AT = {"conflict.onset.base": 0.02, "conflict.abatement.base": 0.4}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Load a world of forty states."""
    file = tmp_path_factory.mktemp("worlds") / "small.toml"
    file.write_text(SMALL, encoding="utf-8")
    return load(file)


@pytest.fixture(scope="module")
def found(small: Scenario) -> Identification:
    """Look at three parameters of a small world, one of which the chosen targets cannot see."""
    free = tuple(
        f
        for f in read_free()
        if f.path in ("conflict.onset.base", "conflict.abatement.base", "response.reconstruction_share")
    )
    chosen = [TARGETS["peace_to_conflict"], TARGETS["war_stays"]]
    effort = Effort(runs=64, points=40, each=2, ends=8, years=20)
    return identify(small, chosen, free, AT, seed=3, effort=effort)


@pytest.mark.slow
def test_a_small_world_end_to_end(found: Identification) -> None:
    names = [f.path for f in found.free]
    onset, abatement, share = (
        names.index(n) for n in ("conflict.onset.base", "conflict.abatement.base", "response.reconstruction_share")
    )
    # More conflicts begin at a higher base rate, about in proportion; wars last less long where they abate sooner.
    assert found.slope[onset, 0] > 2.0 * found.slope_error[onset, 0]
    assert 0.3 < found.elasticity[onset, 0] < 1.5
    assert found.elasticity[onset, 0] == pytest.approx(found.slope[onset, 0] / np.log(0.06 / 0.005))
    assert found.slope[abatement, 1] < -2.0 * found.slope_error[abatement, 1]
    assert found.left[onset] < 0.7
    # Aid after the fact moves neither: nothing is learnt of it, and the far ends are as near to the targets.
    assert np.abs(found.effect[share]).max() < 0.3 and found.left[share] > 0.9
    assert found.verdict(share) == "neither"
    told = " ".join(words(found))
    assert "Not identified" in told and "response.reconstruction_share" in told
    assert np.all(found.ends[:, 0] <= found.ends[:, 1]) and np.all(found.rise >= 0.0)
    assert found.effort.evaluations(len(names)) == 1 + 4 * 3 + 40


@pytest.mark.slow
def test_it_does_not_depend_on_threads_and_all_is_written(
    found: Identification, small: Scenario, tmp_path: Path
) -> None:
    ids = [m.target for m in found.measured]
    again = identify(small, ids, found.free, AT, seed=3, effort=found.effort, threads=1)
    assert json.dumps(summary(again)) == json.dumps(summary(found))
    write(found, small, 3, tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {
        "identification.md", "identification.json", "elasticities.csv", "profiles.csv", "effects.png", "profiles.png",
        "provenance.json",
    }  # fmt: skip
    with (tmp_path / "elasticities.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 6
    assert page(found, "A world").count("| `conflict.onset.base` |") == 1


@pytest.mark.slow
def test_profiles_end_where_the_distance_has_risen(found: Identification) -> None:
    for k in range(len(found.free)):
        for side in (0, 1):
            at = float(np.interp(found.ends[k, side], found.grid[k], found.rise[k]))
            assert at == pytest.approx(RISE, abs=0.01) if found.bounded(k)[side] else at < RISE


def test_a_point_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "best.toml").write_text('"stages.to_atrocity.basis" = 0.1\n', encoding="utf-8")
    done = CliRunner().invoke(app, ["identify", "seminar", "--at", str(tmp_path)])
    assert done.exit_code == 2 and "is no free parameter" in done.output
    done = CliRunner().invoke(app, ["identify", "seminar", "--at", str(tmp_path / "none")])
    assert done.exit_code == 2 and "cannot be read" in done.output
    (tmp_path / "free.toml").write_text('["no.such"]\nlow = 1.0\nhigh = 2.0\n', encoding="utf-8")
    for verb in ("identify", "calibrate"):
        done = CliRunner().invoke(app, [verb, "seminar", "--free", str(tmp_path / "free.toml")])
        assert done.exit_code == 2 and "is no parameter" in done.output


def test_the_command_writes_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "free.toml").write_text(
        '["conflict.onset.base"]\nlow = 0.005\nhigh = 0.06\nlog = true\n', encoding="utf-8"
    )
    words_ = ["identify", "seminar", "--free", str(tmp_path / "free.toml"), "--runs", "2", "--points", "16"]
    done = CliRunner().invoke(app, [*words_, "--years", "12", "--out", str(tmp_path / "o")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "o" / "identification.md").is_file() and "conflict.onset.base" in done.output
