"""Sensitivity of the model: the same luck, effects at none, resume, the verb, the figure, SALib's problem."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from commands import interrupted
from typer.testing import CliRunner

from r2psim.analysis.sensitivity import OTHERS, Sensitivity, sensitivity
from r2psim.analysis.sensitivity_factors import TOGETHER, Range, expanded, grouped, paths_of, problem, uncertain
from r2psim.analysis.sensitivity_report import lines
from r2psim.cli import app
from r2psim.ensemble.at_points import PointRuns
from r2psim.ensemble.simulation import simulate
from r2psim.plots.sensitivity import sensitivity_of
from r2psim.scenario import load
from r2psim.scenario.parameters import PARAMETERS
from r2psim.scenario.posterior import read_posterior
from r2psim.world.expand import expand

PAIR = ("late-response", "prevention")
OVER = ("effects of mediation", "rates of stages", "observation.noise")


def small(*sets: str, **asked: Any) -> Sensitivity:
    given: dict[str, Any] = {"over": OVER, "rows": 8, "years": 4, "outcomes": ["episodes", "deaths", "total_cost"]}
    return sensitivity(load("seminar", sets), PAIR, threads=1, **(given | asked))


@pytest.fixture(scope="module")
def found() -> Sensitivity:
    return small()


def test_a_point_is_the_scenario_with_its_values_set_and_a_row_has_luck_of_its_own() -> None:
    full = expand(load("seminar"))
    ranges = uncertain(full)
    paths = paths_of(ranges, full)
    values = expanded(ranges, np.random.default_rng(1).random((3, 2, len(ranges))), paths)
    runs = PointRuns(full, PAIR, paths, values, 2, seed=7, years=3, threads=1)
    fast = [done.metrics[0] for done in runs.rows(0, 3)]
    built = PointRuns(full, PAIR, paths, values, 2, seed=7, years=3, threads=1, rebuilt=True)
    for row, (a, b) in enumerate(zip(fast, (done.metrics[0] for done in built.rows(0, 3)), strict=True)):
        assert np.array_equal(a, b, equal_nan=True)
        scenario = runs.scenario_at(row, 1)
        plain = simulate(scenario, PAIR, runs=2, seed=7, years=3, threads=1, first_run=2 * row)
        assert np.array_equal(a[1, 1], plain.metrics["prevention"], equal_nan=True)
    assert not np.array_equal(fast[0], fast[1], equal_nan=True)


def test_all_points_of_a_row_have_the_same_luck_and_rows_have_their_own() -> None:
    full = expand(load("seminar"))
    place = list(PARAMETERS).index("observation.noise")
    values = np.full((4, 3, 1), full.parameter_values("late-response")[place])
    runs = PointRuns(full, ["late-response"], ["observation.noise"], values, 2, seed=7, years=2, threads=2)
    metrics = np.concatenate([done.metrics for done in runs.rows(0, 4)])[:, :, 0]
    plain = simulate(full, ["late-response"], runs=8, seed=7, years=2, threads=1).metrics["late-response"]
    for point in range(3):
        assert np.array_equal(metrics[:, point].reshape(8, -1), plain, equal_nan=True)
    assert len(np.unique(plain, axis=0)) == 8


def test_with_effects_at_none_no_effect_has_any_index_and_nothing_is_divided_by_zero() -> None:
    none = small("assistance.effect_scale=0", rows=16)
    for name in ("deaths: prevention minus late-response", "episodes: prevention minus late-response"):
        one = none.of(name)
        assert one.nothing_varies and one.mean == 0.0 and one.luck is None
        assert all(each.total is None and each.first is None for each in one.factors)
        sensitivity_of(none, name)
    k = none.factors.index("effects of mediation")
    for one in none.outcomes:
        share = one.factors[k].total
        assert share is None or (share.value, share.low, share.high) == (0.0, 0.0, 0.0)
    # Money is given and withheld all the same, and rates move what is spent on response.
    cost = none.of("total_cost: prevention minus late-response")
    assert cost.sd > 0.0 and any(each.total is not None and each.total.value > 0.0 for each in cost.factors)
    json.dumps(none.summary(), allow_nan=False)
    assert any("nothing varies" in line for line in lines(none))


def test_what_was_done_is_found_again(tmp_path: Path, found: Sensitivity) -> None:
    costs = []
    asked = {"directory": tmp_path, "announce": lambda cost, *_: costs.append(cost)}
    small(**asked)
    files = sorted((tmp_path / "design-rows").iterdir())
    before = [file.stat().st_mtime_ns for file in files]
    again = small(**asked)
    assert [cost.missing for cost in costs] == [found.runs, 0]
    assert [file.stat().st_mtime_ns for file in files] == before
    assert again.summary() == found.summary()
    files[0].write_bytes(b"damaged")
    assert small(**asked).summary() == found.summary()
    assert costs[-1].missing > 0


def test_an_interrupted_analysis_goes_on_to_the_same_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("r2psim.analysis.sensitivity.RUNS_A_FILE", 40)

    def advance(done: int) -> None:
        if any((tmp_path / "design-rows").glob("*.npz")):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small(rows=32, directory=tmp_path, begin=lambda what, total: advance)
    kept = len(list((tmp_path / "design-rows").glob("*.npz")))
    assert 0 < kept < 16
    costs = []
    ended = small(rows=32, directory=tmp_path, announce=lambda cost, *_: costs.append(cost))
    # Two rows of 5 points, 2 replicates and 2 policies are a file.
    assert costs[0].missing == costs[0].runs - 40 * kept
    assert ended.summary() == small(rows=32).summary()


def test_another_question_of_the_same_runs_runs_nothing_again(tmp_path: Path) -> None:
    costs = []
    small(directory=tmp_path)
    small(directory=tmp_path, outcomes=["hosting_cost"], announce=lambda cost, *_: costs.append(cost))
    small(directory=tmp_path, seed=2, announce=lambda cost, *_: costs.append(cost))
    assert costs[0].missing == 0 and costs[1].missing == costs[1].runs


def test_threads_do_not_matter(found: Sensitivity) -> None:
    other = sensitivity(
        "seminar", PAIR, over=OVER, rows=8, years=4, outcomes=["episodes", "deaths", "total_cost"], threads=2
    )
    assert other.summary() == found.summary()


def test_morris_is_computed(found: Sensitivity) -> None:
    one = small(method="morris", rows=6, by="parameter", over=["observation.noise", "effects of mediation"])
    effects = one.of("total_cost: prevention").factors
    assert all(each.effects is not None and each.effects.mu is not None for each in effects)
    assert all(each.effects.mu_star.value >= abs(each.effects.mu.value) - 1e-6 for each in effects)  # type: ignore[union-attr]
    assert one.runs == 6 * (len(one.factors) + 1) * 2 * 2
    sensitivity_of(one, "total_cost: prevention")
    with pytest.raises(ValueError, match="trajectories"):
        one.points()


def test_a_polynomial_is_fitted_to_the_runs_and_effects_at_none_have_nothing() -> None:
    one = small("assistance.effect_scale=0", method="chaos", rows=128, years=1, outcomes=["deaths", "total_cost"])
    assert one.runs == 128 * 2 * 2
    assert one.of("deaths: prevention minus late-response").nothing_varies
    cost = one.of("total_cost: late-response")
    share = cost.factors[one.factors.index("effects of mediation")].total
    assert share is not None and share.low <= 0.0 <= share.high and cost.left is not None
    assert len(one.points()["row"]) == 128
    sensitivity_of(one, "total_cost: late-response")
    with pytest.raises(ValueError, match="posterior"):
        small(method="chaos", over="all", rates="posterior")


def test_a_screening_leaves_a_factor_of_all_others() -> None:
    one = small(screen=1, by="parameter", rows=4, years=1)
    assert len(one.factors) == 2 and one.factors[1] == OTHERS
    assert one.screening is not None and one.screening.method == "morris"
    members = [path for paths in one.design.groups.values() for path in paths]
    assert sorted(members) == sorted(item.path for item in one.design.ranges)


def test_a_parameter_that_changes_budgets_moves_money() -> None:
    one = small(over=["assistance.budget_scale"], rows=4, years=1, outcomes=["spent_prevention"])
    share = one.of("spent_prevention: prevention").factors[0].total
    assert share is not None and share.value > 0.3


# -- what varies -------------------------------------------------------------------------------------------------------


def test_a_problem_is_one_that_salib_samples_as_we_do() -> None:
    from SALib.sample import latin

    made = problem("seminar")
    assert made["num_vars"] == len(made["names"]) == len(uncertain(expand(load("seminar"))))
    drawn = latin.sample(made, 400, seed=1)
    u = np.random.default_rng(2).random((40_000, 1))
    for k, item in enumerate(uncertain(expand(load("seminar")))):
        ours = item.at(u[:, 0])
        assert drawn[:, k].min() >= item.low - 1e-9 and drawn[:, k].max() <= item.high + 1e-9
        for share in (10, 50, 90):
            gap = abs(np.percentile(drawn[:, k], share) - np.percentile(ours, share))
            assert gap < 0.03 * (item.high - item.low), item


def test_a_problem_with_groups_goes_through_salib() -> None:
    from SALib.analyze import sobol as analyze
    from SALib.sample import sobol

    made = problem("seminar", ["effects of mediation", "rates of conflict"], by="group")
    points = sobol.sample(made, 64, calc_second_order=False, seed=1)
    y = points[:, made["names"].index("conflict.onset.base")]
    indices = analyze.analyze(made, y, calc_second_order=False, seed=1)
    assert indices["ST"] == pytest.approx([0.0, 1.0], abs=0.3)


def test_joint_draws_of_the_posterior_stay_together() -> None:
    full = expand(load("seminar"))
    ranges = uncertain(full, "all", "posterior")
    assert ranges[0] == Range(TOGETHER, "draw", 0.0, float(len(read_posterior())))
    paths = paths_of(ranges, full)
    values = expanded(ranges, np.random.default_rng(1).random((5, len(ranges))), paths)
    rates = [path for path in read_posterior()[0] if path in paths]
    draws = [tuple(draw[path] for path in rates) for draw in read_posterior()]
    assert len(rates) > 40
    for row in values:
        assert tuple(row[paths.index(path)] for path in rates) in draws
    assert next(iter(grouped(ranges))) == TOGETHER


def test_what_a_scenario_sets_does_not_vary_unless_it_is_named() -> None:
    path = "forms.mediation.effects.to_atrocity.size"
    full = expand(load("seminar", [f"{path}=0.7"]))
    assert path not in [item.path for item in uncertain(full)]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"over": ["observation.nois"]}, "did you mean observation.noise"),
        ({"over": ["effects of mediaton"]}, "did you mean effects of mediation"),
        ({"method": "sobl"}, "did you mean sobol"),
        ({"rows": 100}, "did you mean 64 or 128"),
        ({"outcomes": ["death"]}, "did you mean deaths"),
        ({"outcomes": ["months_to_help"]}, "is not allowed"),
        ({"by": "form"}, "one of group, parameter"),
        ({"rates": "priors"}, "did you mean prior"),
        ({"method": "morris", "rows": 4, "screen": 2}, "with method sobol"),
        ({"over": ["rates", "stages.to_threat.base"], "rates": "posterior"}, "varies twice"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small(**asked)


# -- the verb ----------------------------------------------------------------------------------------------------------

ASK = [
    "sensitivity",
    "seminar",
    "--over",
    ",".join(OVER),
    "--rows",
    "8",
    "--years",
    "2",
    "--outcomes",
    "episodes,deaths",
]


def test_the_verb_says_the_cost_writes_tables_and_finds_them_again(tmp_path: Path) -> None:
    out = tmp_path / "study"
    dry = CliRunner().invoke(app, [*ASK, "--dry-run", "--out", str(out)])
    assert dry.exit_code == 0 and "= 160 runs" in dry.stderr and not out.exists()
    done = CliRunner().invoke(app, [*ASK, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "160 runs; about" in done.stderr and "luck has" in done.stdout
    told = json.loads((out / "sensitivity.json").read_text())
    with (out / "sensitivity.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(told["indices"]) == 6 * 3
    assert rows[0]["factor"] == "effects of mediation" and rows[0]["baseline"] == "late-response"
    assert (out / "deaths-prevention-minus-late-response.png").stat().st_size > 10_000
    points = pq.read_table(out / "points.parquet")
    assert points.num_rows == 16 and "deaths: prevention" in points.column_names
    again = CliRunner().invoke(app, [*ASK, "--out", str(out), "--json"])
    assert again.exit_code == 0 and "all are there" in again.stderr
    assert json.loads(again.stdout) == told


def test_the_verb_refuses_in_one_line() -> None:
    done = CliRunner().invoke(app, ["sensitivity", "seminar", "--rows", "100"])
    assert done.exit_code == 2 and "power of two" in done.stderr


@pytest.mark.slow
def test_an_interrupted_command_says_how_to_go_on(tmp_path: Path) -> None:
    out = tmp_path / "study"
    kept = out / "design-rows"
    words = ["sensitivity", "seminar", "--rows", "256", "--out", str(out)]
    code, said, _ = interrupted(words, until=lambda: kept.is_dir() and any(kept.glob("*.npz")))
    assert code == 130, said
    assert "the same command goes on from them" in said and "Traceback" not in said
