"""The fit recovers what it should: on a cheap model with known parameters, and whatever the targets are."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from r2psim.analysis.calibration.emulator import fit_emulator
from r2psim.analysis.calibration.evaluation_cache import EvaluationCache
from r2psim.analysis.calibration.fit import Fit, Free, Problem, evenly, fit
from r2psim.analysis.calibration.refine import ranks, uniformity
from r2psim.analysis.calibration.sampler import sample
from r2psim.ensemble.output import OutputDirectory
from r2psim.ensemble.store import OutputError, write_json

FREE = (Free("a", 0.0, 2.0), Free("b", 0.01, 1.0, log=True), Free("c", -1.0, 1.0))
NOISE = 0.05


def cheap(values: np.ndarray, number: int, noise: float = NOISE) -> np.ndarray:
    """Give four noisy targets of three parameters, mildly curved."""
    a, b, c = values
    luck = np.random.default_rng([number, 7]).normal(0.0, noise, 4)
    return np.array([a + 0.2 * c * c, np.log(b) + 0.3 * a, c - 0.1 * a * a, 0.5 * np.log(b) - c]) + luck


def problem(truth: tuple[float, float, float], sd: float = 0.1) -> Problem:
    """Set targets at what the truth gives without noise."""
    centre = cheap(np.array(truth), 0, noise=0.0)
    return Problem(FREE, ("w", "x", "y", "z"), centre, np.full(4, sd), cheap)


def fitted(truth: tuple[float, float, float], seed: int = 3, **options: int) -> Fit:
    """Fit quickly."""
    chosen = {"waves": 1, "points": 48, "draws": 300, "steps": 600, "refining": 4, "checks": 12, "known": 4} | options
    return fit(problem(truth), seed, **chosen)  # type: ignore[arg-type]


def values(found: Fit) -> np.ndarray:
    """Give the draws as parameters."""
    return np.column_stack([f.value(found.draws[:, k]) for k, f in enumerate(FREE)])


@pytest.mark.parametrize("truth", [(0.4, 0.05, -0.3), (1.5, 0.4, 0.6)])
def test_the_posterior_holds_the_truth(truth: tuple[float, float, float]) -> None:
    draws = values(fitted(truth))
    low, high = np.quantile(draws, [0.005, 0.995], axis=0)
    assert np.all(low < np.array(truth)) and np.all(np.array(truth) < high)
    # It is narrower than the prior by far: something was learnt of every parameter.
    spread = np.array([f.unit(draws[:, k]).std() for k, f in enumerate(FREE)])
    assert np.all(spread < 0.15)


def test_another_target_moves_the_fit() -> None:
    here, there = values(fitted((0.4, 0.1, 0.0))), values(fitted((1.2, 0.1, 0.0)))
    assert here[:, 0].mean() == pytest.approx(0.4, abs=0.15)
    assert there[:, 0].mean() == pytest.approx(1.2, abs=0.15)


def test_the_same_seed_gives_the_same_fit_and_another_one_does_not() -> None:
    first, second, third = fitted((1.0, 0.1, 0.2)), fitted((1.0, 0.1, 0.2)), fitted((1.0, 0.1, 0.2), seed=4)
    assert np.array_equal(first.draws, second.draws) and np.array_equal(first.x, second.x)
    assert not np.array_equal(first.draws, third.draws)


def test_convergence_is_told() -> None:
    found = fitted((1.0, 0.1, 0.2), steps=2000)
    assert [wave.evaluations for wave in found.waves] == [48, 108]
    assert found.waves[-1].scale_reduction < 1.1
    assert 0.5 < found.waves[-1].surprise < 2.0, "the emulator knows its own error"
    assert found.waves[-1].misfit < 1.0
    assert np.all(found.waves[-1].high - found.waves[-1].low < found.waves[0].high - found.waves[0].low)
    json.dumps([wave.told() for wave in found.waves], allow_nan=False)


def test_simulation_based_calibration_on_a_cheap_model() -> None:
    """Ranks of the truth among the draws are uniform, for truths drawn from the prior (Talts et al. 2018)."""
    low, high = np.zeros(3), np.ones(3)
    x = evenly(256, low, high, 11)
    y = np.array([cheap(v, i) for i, v in enumerate(problem((1.0, 0.1, 0.0)).values(x))])
    chance = uniformity(ranks(x, y, low, high, np.random.default_rng(21), cases=100, steps=200))
    assert chance.min() > 1e-3, chance


def test_draws_of_a_known_density() -> None:
    mean, sd = np.array([0.3, 0.7]), np.array([0.05, 0.1])
    draws, scale_reduction = sample(
        lambda x: -0.5 * (((x - mean) / sd) ** 2).sum(axis=1), 2, 4000, np.random.default_rng(5), steps=2000
    )
    assert scale_reduction < 1.05
    assert draws.mean(axis=0) == pytest.approx(mean, abs=0.01)
    assert draws.std(axis=0) == pytest.approx(sd, rel=0.1)
    assert draws.min() >= 0.0 and draws.max() <= 1.0


def test_a_flat_density_fills_the_cube_evenly_up_to_its_walls() -> None:
    draws, _ = sample(lambda x: np.zeros(len(x)), 2, 20_000, np.random.default_rng(6), steps=2000)
    for k in range(2):
        counts = np.histogram(draws[:, k], bins=10, range=(0.0, 1.0))[0]
        assert counts.min() > 0.8 * 2000 and counts.max() < 1.2 * 2000


def test_an_emulator_reproduces_a_quadratic_and_knows_noise() -> None:
    rng = np.random.default_rng(8)
    x = rng.random((200, 3))
    exact = np.column_stack([x[:, 0] ** 2 + x[:, 1] * x[:, 2], x[:, 2]])
    emulator = fit_emulator(x, exact)
    assert emulator(x[:5]) == pytest.approx(exact[:5], abs=0.01)
    noisy = fit_emulator(x, exact + rng.normal(0.0, 0.2, exact.shape))
    assert noisy.sd == pytest.approx([0.2, 0.2], rel=0.25)
    constant = fit_emulator(x, np.full((200, 1), 0.1) + rng.choice([0.0, 1e-17], (200, 1)))
    assert constant.r2 == pytest.approx([0.0]) and constant(x[:5]) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="too few"):
        fit_emulator(x[:5], exact[:5])


# -- evaluations on disk -----------------------------------------------------------------------------------------------


def work(values: np.ndarray, number: int) -> dict[str, float]:
    """Give what identifies an evaluation."""
    return {"sum": float(values.sum()), "number": float(number)}


def test_evaluations_are_kept_and_not_done_twice(tmp_path: Path) -> None:
    points = np.arange(12.0).reshape(6, 2)
    first = EvaluationCache(tmp_path / "bank", {"seed": 1}).evaluate(points, 0, work, 1)
    assert first == [work(p, i) for i, p in enumerate(points)]

    def never(values: np.ndarray, number: int) -> dict[str, float]:
        raise AssertionError(number)

    told: list[int] = []
    bank = EvaluationCache(tmp_path / "bank", {"seed": 1})
    assert bank.evaluate(points, 0, never, 2, told.append) == first and sum(told) == 6
    with pytest.raises(AssertionError):
        bank.evaluate(points + 0.5, 0, never, 1)


def test_interrupted_while_writing_it_goes_on_with_the_same_result(tmp_path: Path) -> None:
    points = np.arange(12.0).reshape(6, 2)
    whole = EvaluationCache(tmp_path / "whole", {"seed": 1}).evaluate(points, 0, work, 1)

    def stops(values: np.ndarray, number: int) -> dict[str, float]:
        if number == 3:
            raise KeyboardInterrupt
        return work(values, number)

    with pytest.raises(KeyboardInterrupt):
        EvaluationCache(tmp_path / "cut", {"seed": 1}).evaluate(points, 0, stops, 1)
    file = tmp_path / "cut" / "evaluations.jsonl"
    file.write_text(file.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    bank = EvaluationCache(tmp_path / "cut", {"seed": 1})
    assert len(bank) == 2, "the line that was cut off is done again"
    assert bank.evaluate(points, 0, work, 2) == whole
    assert file.read_bytes() == (tmp_path / "whole" / "evaluations.jsonl").read_bytes()


COUNT = 8


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """Give the file of eight evaluations."""
    EvaluationCache(tmp_path / "bank", {"seed": 1}).evaluate(np.arange(float(COUNT)).reshape(COUNT, 1), 0, work, 1)
    return tmp_path / "bank" / "evaluations.jsonl"


def done_again(file: Path) -> tuple[list[int], list[str], int]:
    """Read a bank and complete it; give the numbers that were evaluated, what was told, and how many were kept."""
    again: list[int] = []
    told: list[str] = []

    def noting(values: np.ndarray, number: int) -> dict[str, float]:
        again.append(number)
        return work(values, number)

    read = EvaluationCache(file.parent, {"seed": 1}, told.append)
    kept = len(read)
    points = np.arange(float(COUNT)).reshape(COUNT, 1)
    assert read.evaluate(points, 0, noting, 1) == [work(x, i) for i, x in enumerate(points)]
    assert len(EvaluationCache(file.parent, {"seed": 1}, pytest.fail)) == COUNT, "what was told once is mended"
    return again, told, kept


DAMAGE = {
    "no JSON": (lambda line: line.replace(b'"number": 3', b'"number": 3 ]'), "is not JSON"),
    "another value": (lambda line: line.replace(b'"sum": 3.0', b'"sum": 4.0'), "is not what was written"),
    "no UTF-8": (lambda line: b"\xff" + line, "is not text"),
    "x is a table": (lambda line: line.replace(b'"x": [3.0]', b'"x": {}'), "x is not a list of numbers"),
    "x has text": (lambda line: line.replace(b'"x": [3.0]', b'"x": ["3"]'), "x is not a list of numbers"),
    "values are text": (lambda line: line.replace(b'"sum": 3.0', b'"sum": "3"'), "values are not numbers"),
    "number is a list": (lambda line: line.replace(b'"number": 3,', b'"number": [3],'), r"number is [3]"),
    "number is true": (lambda line: line.replace(b'"number": 3,', b'"number": true,'), "number is true"),
    "nothing": (lambda line: b"null", "is no evaluation"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_line_costs_that_evaluation_and_no_other(bank: Path, how: str) -> None:
    damage, says = DAMAGE[how]
    lines = bank.read_bytes().split(b"\n")
    lines[4] = damage(lines[4])
    bank.write_bytes(b"\n".join(lines))
    again, told, kept = done_again(bank)
    assert (again, kept) == ([3], COUNT - 1)
    assert len(told) == 1 and "evaluations.jsonl: line 5 " in told[0] and says in told[0]
    assert (bank.parent / "evaluations-damaged.txt").read_bytes() == lines[4] + b"\n"


def test_lines_that_are_there_twice_count_once(bank: Path) -> None:
    content = bank.read_bytes()
    bank.write_bytes(content + content.split(b"\n", 1)[1])
    again, told, kept = done_again(bank)
    assert (again, kept, len(told)) == ([], COUNT, 1)
    assert bank.read_bytes() == content


def test_lines_that_contradict_one_another_are_done_again(bank: Path) -> None:
    other = EvaluationCache(bank.parent.parent / "other", {"seed": 1})
    other.evaluate(np.array([[3.0]]), 3, lambda x, number: {"sum": 5.0, "number": 3.0}, 1)
    assert other.file is not None
    bank.write_bytes(bank.read_bytes() + other.file.read_bytes().split(b"\n", 1)[1])
    again, told, kept = done_again(bank)
    assert (again, kept) == ([3], COUNT - 1)
    assert len(told) == 2 and all("contradicts another line" in text for text in told)


def test_evaluations_of_another_design_are_kept_beside(bank: Path) -> None:
    EvaluationCache(bank.parent, {"seed": 1}).evaluate(np.array([[9.0]]), 3, work, 1)
    assert len(EvaluationCache(bank.parent, {"seed": 1})) == COUNT + 1
    lines = bank.read_bytes()
    assert EvaluationCache(bank.parent, {"seed": 1}).get(3, np.array([3.0])) == work(np.array([3.0]), 3)
    assert bank.read_bytes() == lines


def test_a_damaged_first_line_is_written_anew_and_costs_nothing(bank: Path) -> None:
    content = bank.read_bytes()
    bank.write_bytes(b"?" + content[1:])
    again, told, kept = done_again(bank)
    assert (again, kept) == ([], COUNT) and "line 1 is damaged" in told[0]
    assert bank.read_bytes() == content
    bank.write_bytes(b"?" + content.split(b"\n")[0] + b"\n")
    with pytest.raises(OutputError, match="line 1 is damaged"):
        EvaluationCache(bank.parent, {"seed": 1})
    bank.write_bytes(b"")
    assert len(EvaluationCache(bank.parent, {"seed": 1})) == 0


def test_a_full_disk_is_told_and_what_was_finished_is_kept(bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = EvaluationCache(bank.parent, {"seed": 1})

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"evaluations\.jsonl: cannot be written: No space left"):
        read.evaluate(np.array([[9.0]]), COUNT, work, 1)
    monkeypatch.undo()
    assert len(EvaluationCache(bank.parent, {"seed": 1})) >= COUNT


def test_one_calibration_at_a_time(bank: Path) -> None:
    with EvaluationCache(bank.parent, {"seed": 1}), pytest.raises(OutputError, match="is at work here"):
        EvaluationCache(bank.parent, {"seed": 1})
    assert {found.name for found in bank.parent.iterdir()} == {"evaluations.jsonl"}


def test_results_beside_evaluations_replace_what_they_wrote_before_and_nothing_else(bank: Path) -> None:
    def write(text: str) -> None:
        with OutputDirectory(bank.parent, growing=True, tell=told.append) as out:
            out.fill(lambda folder: [(folder / name).write_text(text) for name in ("best.toml", "posterior.csv")]
                     and write_json({"r2psim": "0", "kind": "calibration"}, folder / "provenance.json"))  # fmt: skip

    told: list[str] = []
    content = bank.read_bytes()
    write("1")
    (bank.parent / "best.toml").write_text("mine")
    write("2")
    found = {file.name: file.read_text() for file in bank.parent.iterdir()}
    assert (found["best.toml"], found["best-2.toml"], found["posterior.csv"]) == ("2", "mine", "2")
    assert bank.read_bytes() == content
    assert len(told) == 1 and "best.toml as best-2.toml" in told[0]


def test_a_directory_of_another_calibration_is_refused(tmp_path: Path) -> None:
    EvaluationCache(tmp_path / "bank", {"seed": 1})
    with pytest.raises(OutputError, match=r"begun for another.*\(seed differs\)"):
        EvaluationCache(tmp_path / "bank", {"seed": 2})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(OutputError, match="holds no calibration"):
        EvaluationCache(tmp_path / "other", {"seed": 1})
    assert (tmp_path / "other" / "letter.txt").read_text(encoding="utf-8") == "keep me"
