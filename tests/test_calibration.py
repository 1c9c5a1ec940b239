"""Validation and calibration of a small world, end to end, and runs that carry draws of the posterior."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from r2psim import simulate
from r2psim.analysis.calibration import panel as panels
from r2psim.analysis.calibration.calibrate import Budget, Calibration, calibrate, transformed
from r2psim.analysis.calibration.fit import Free
from r2psim.analysis.calibration.free_parameters import FreeError, read_free
from r2psim.analysis.calibration.multistart import UNSEEN, Held, Start, Starts, at_an_end, calibrate_from
from r2psim.analysis.calibration.panel import STATUS_QUO, STATUSES, Source
from r2psim.analysis.calibration.targets import SHIPPED, Measured, TargetError, read_targets
from r2psim.analysis.calibration.validation import validate
from r2psim.analysis.comparison import compare
from r2psim.analysis.published_returns import STUDIES, beside_published, published_lines
from r2psim.cli import app
from r2psim.declarations.columns import G
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.uncertainty import Drawing, with_draw
from r2psim.scenario import ScenarioError, load
from r2psim.scenario.parameters import LABELS, PARAMETERS, SOURCES
from r2psim.scenario.posterior import drawn_in, read_posterior
from r2psim.world.build import build
from r2psim.world.expand import expand
from r2psim.world.rows import copy_rows

TARGETS = read_targets()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a world of a dozen states."""
    file = tmp_path_factory.mktemp("worlds") / "small.toml"
    file.write_text(
        'schema = 1\nextends = "world"\ntitle = "A dozen states"\n[generate]\nstates = 12\n', encoding="utf-8"
    )
    return file


# -- the panel is the run ----------------------------------------------------------------------------------------------


def test_a_panel_tells_of_the_run_that_the_ensemble_runs() -> None:
    full = expand(load("seminar"))
    panel = Source(full, STATUS_QUO, 12).panel(3, 5)
    results = simulate("seminar", [STATUS_QUO], runs=1, seed=3, first_run=5, years=12, histories=True)
    assert panel.deaths.sum() == results.values(STATUS_QUO, "deaths")[0]
    assert panel.spent_prevention == results.values(STATUS_QUO, "spent_prevention")[0]
    assert panel.spent_response == results.values(STATUS_QUO, "spent_response")[0]
    stages = results.stages[STATUS_QUO][0]
    assert np.array_equal(panel.stage, stages[1:].reshape(12, 12, -1).max(axis=1))
    entered = (stages[1:] == 4) & (stages[:-1] != 4)
    assert panel.began.tolist() == np.argwhere(entered).tolist()
    assert panel.response.min() >= 0.0
    assert panel.response.sum() >= results.values(STATUS_QUO, "spent_response")[0] * 0.5


def test_a_panel_notes_every_change_into_and_out_of_imminent_risk() -> None:
    source = Source(expand(load("seminar")), STATUS_QUO, 20)
    results = simulate("seminar", [STATUS_QUO], runs=4, seed=4, years=20, histories=True)
    found = 0
    for run, stages in enumerate(results.stages[STATUS_QUO]):
        panel = source.panel(4, run)
        at = np.argwhere((stages[1:] != stages[:-1]) & ((stages[1:] == 3) | (stages[:-1] == 3)))
        assert panel.imminent.tolist() == [[m, g, stages[m, g], stages[m + 1, g]] for m, g in at]
        assert np.array_equal(panel.status == STATUSES.index("discriminated"), panel.discriminated > 0.0)
        found += len(at)
    assert found > 5


def test_political_opponents_are_left_out_of_the_status_of_ethnic_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = copy_rows(build(expand(load("seminar")), STATUS_QUO).rows)
    monkeypatch.setattr(panels, "OPPONENTS", G.crossed)
    rows.group[G.exclusion], rows.group[G.crossed] = 0.1, 0.0
    first = rows.first_group[:-1]
    rows.group[G.exclusion, first], rows.group[G.crossed, first] = 0.9, 1.0
    rows.group[G.exclusion, first[0] + 1] = 0.6
    notes = panels._Notes(rows, 1)
    notes._close(0)
    many = np.diff(rows.first_group) > 1
    expected = np.where(many, STATUSES.index("included only"), STATUSES.index("no group"))
    expected[0] = STATUSES.index("powerless")
    assert many[0] and np.array_equal(notes.status[0], expected)


def test_a_panel_with_draws_tells_of_the_run_with_the_same_draws() -> None:
    full = expand(load("seminar"))
    drawing = Drawing(full, drawn_in(full, "all"), seed=3)
    panel = Source(full, STATUS_QUO, 12).panel(3, 5, drawing.values_of(5, STATUS_QUO), drawing)
    results = simulate("seminar", [STATUS_QUO], runs=1, seed=3, first_run=5, years=12, uncertainty="all")
    assert panel.deaths.sum() == results.values(STATUS_QUO, "deaths")[0]
    assert panel.spent_response == results.values(STATUS_QUO, "spent_response")[0]
    none, effects = (validate(full, 2, 2, 12, uncertainty=kind).summary() for kind in ("none", "effects"))
    assert effects["uncertainty"] == "effects"
    assert none["targets"] != effects["targets"]


def test_a_parameter_that_is_set_cannot_be_fitted_too(tmp_path: Path) -> None:
    fitted = read_free()[0]
    line = ["calibrate", "seminar", "--out", str(tmp_path / "c"), "--set", f"{fitted.path}={fitted.low!r}"]
    with pytest.raises(ScenarioError, match=f"--set: {fitted.path}: .*a parameter that is not fitted here"):
        CliRunner().invoke(app, line, catch_exceptions=False)
    assert not (tmp_path / "c").exists()


def test_validation_does_not_depend_on_threads() -> None:
    one, two = (validate(load("seminar"), 3, 2, 12, threads=threads).summary() for threads in (1, 2))
    assert json.dumps(one) == json.dumps(two)


# -- targets -----------------------------------------------------------------------------------------------------------


def written(path: Path, **changes: dict[str, str]) -> Path:
    """Write the shipped targets with some cells changed."""
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.update(changes.get(row["id"], {}))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"onset_rate": {"target": "often"}}, r"line 2: target: 'often' is not allowed: a number"),
        ({"onset_rate": {"low": "0.02"}}, r"onset_rate: target 0.0103 is not allowed: between low 0.02"),
        ({"onset_rate": {"id": "onset_rat"}}, r"'onset_rat' has no definition.*did you mean onset_rate"),
        ({"onset_rate": {"id": "end_hazard"}}, r"end_hazard is there already"),
    ],
)
def test_a_table_of_targets_that_cannot_be_used_is_refused(
    tmp_path: Path, change: dict[str, dict[str, str]], message: str
) -> None:
    with pytest.raises(TargetError, match=message):
        read_targets(written(tmp_path / "targets.csv", **change))


def test_a_table_of_targets_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    usual = read_targets(written(tmp_path / "targets.csv"))[:3]
    rows = [[t.id, t.quantity, t.definition, str(t.target), str(t.low), str(t.high), t.source] for t in usual]
    head = ["id", "quantity", "definition", "target", "low", "high", "source"]
    lines = [";".join(head)]
    lines += [";".join([*(f'"{c}"' for c in r[:3]), *(c.replace(".", ",") for c in r[3:6]), f'"{r[6]}"']) for r in rows]
    (tmp_path / "other.csv").write_text("\ufeff" + "\n".join([*lines, ";;;;;;", ""]), encoding="utf-8")
    assert read_targets(tmp_path / "other.csv") == usual


def test_a_table_without_a_column_or_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short.csv").write_text("id,target\nonset_rate,1\n", encoding="utf-8")
    with pytest.raises(TargetError, match="no column 'quantity'"):
        read_targets(tmp_path / "short.csv")
    with pytest.raises(TargetError, match=r"none.csv: cannot be read"):
        read_targets(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (0.0103, 0.009, 0.012, "inside"),
        (0.015, 0.013, 0.017, "overlaps"),
        (0.016, 0.014, 0.017, "outside"),
        (0.005, 0.004, 0.0079, "overlaps"),
        (float("nan"), float("nan"), float("nan"), "unknown"),
    ],
)
def test_verdicts(value: float, low: float, high: float, verdict: str) -> None:
    assert Measured(TARGETS[0], value, low, high).verdict == verdict


def test_transformed_values_are_logarithms_with_a_floor() -> None:
    target = TARGETS[0]
    assert transformed(0.0103, target) == pytest.approx(np.log(0.0103))
    assert transformed(0.0, target) == transformed(float("nan"), target) == pytest.approx(np.log(0.00078))


# -- free parameters ---------------------------------------------------------------------------------------------------


def test_a_table_of_free_parameters_that_cannot_be_used_is_refused_with_everything_that_is_wrong(
    tmp_path: Path,
) -> None:
    file = tmp_path / "free.toml"
    file.write_text(
        """
["stages.to_atrocity.basis"]
low = 0.001
high = 0.3
["harm.intensity_sigma"]
low = 1.0
["stages.from_atrocity.base"]
low = 0.0
high = 0.08
log = true
["conflict.onset.base"]
low = 0.02
high = 400.0
["conflict.relapse.base"]
low = 0.3
high = 0.1
["conflict.settlement.base"]
low = 0.1
high = "much"
["conflict.abatement.base"]
lower = 0.1
""",
        encoding="utf-8",
    )
    with pytest.raises(FreeError) as caught:
        read_free(file)
    told = str(caught.value)
    assert told.startswith(f"{file}: stages.to_atrocity.basis: is no parameter (did you mean stages.to_atrocity.base?)")
    assert "harm.intensity_sigma: high is missing" in told
    assert "stages.from_atrocity.base: the prior 0.0 to 0.08 is not allowed: a logarithm needs" in told
    assert "conflict.onset.base: the prior 0.02 to 400.0 is not allowed: the parameter accepts 0.0 to 1.0" in told
    assert "conflict.relapse.base: the prior 0.3 to 0.1 is not allowed: low first" in told
    assert 'conflict.settlement.base: high: "much" is not allowed: a number' in told
    assert "conflict.abatement.base: lower is not allowed: one of high, log, low, why" in told
    file.write_text("[", encoding="utf-8")
    with pytest.raises(FreeError, match="cannot be read"):
        read_free(file)
    with pytest.raises(FreeError, match="no such file"):
        read_free(tmp_path / "none.toml")


# -- the posterior that ships ------------------------------------------------------------------------------------------


def test_the_posterior_holds_the_free_parameters_within_their_priors() -> None:
    free = {f.path: f for f in read_free()}
    for draw in read_posterior():
        assert set(draw) == set(free)
        for path, value in draw.items():
            # Six digits ship.
            rounding = 1e-5 * (free[path].high - free[path].low)
            assert free[path].low - rounding <= value <= free[path].high + rounding, path


def test_run_after_run_takes_the_draws_and_what_the_scenario_sets_stays() -> None:
    scenario = load("seminar")
    draws = read_posterior()
    paths = drawn_in(scenario, "rates")
    assert paths == tuple(path for path in draws[0] if path not in scenario.parameters)
    drawn = with_draw(scenario, len(draws) + 1, paths, seed=1)
    assert drawn.parameters.items() >= scenario.parameters.items()
    assert all(drawn.parameters[path] == draws[1][path] for path in paths)


# -- beside the published returns --------------------------------------------------------------------------------------


def test_published_returns_stand_beside_the_ledgers_that_count_about_the_same() -> None:
    comparison = compare(load("seminar"), ["late-response", "prevention"], 20, 1, 5, uncertainty="rates")
    rows = beside_published(comparison, "prevention")
    assert [row["study"] for row in rows] == [study.name for study in STUDIES]
    extra = comparison.difference("spent_prevention", "prevention").mean()
    kept = -comparison.difference("gdp_lost", "prevention").mean() / extra
    assert rows[2]["simulated"]["mean"] == pytest.approx(kept)
    # Of external response only what is owed to harm avoided counts: less than what was merely spent less.
    spent_less = -comparison.difference("response_cost", "prevention").mean() / extra
    null = [comparison.null_metrics[p][:, list(METRICS).index("response_cost")] for p in comparison.policies]
    withheld = (null[0] - null[1]).mean() / extra
    assert rows[0]["simulated"]["mean"] == pytest.approx(spent_less - withheld) and withheld > 0.0
    assert len(published_lines(comparison, "prevention")) == len(STUDIES) + 2
    assert all(study.source in SOURCES and study.label in LABELS for study in STUDIES)


# -- end to end --------------------------------------------------------------------------------------------------------

FEW = tuple(
    f for f in read_free() if f.path in ("conflict.onset.base", "conflict.abatement.base", "harm.intensity_sigma")
)
TINY = Budget(waves=1, points=24, runs=1, refining=4, around=24, checks=12, years=14, draws=200)


def test_changing_a_target_moves_the_fit_of_a_small_world(small: Path, tmp_path: Path) -> None:
    scenario = load(small)
    wanted = [t for t in TARGETS if t.id in ("peace_to_conflict", "war_stays")]
    found = {}
    for name, low, target, high in (("rare", 0.004, 0.005, 0.006), ("often", 0.04, 0.05, 0.06)):
        change = {"peace_to_conflict": {"low": str(low), "target": str(target), "high": str(high)}}
        table = read_targets(written(tmp_path / f"{name}.csv", **change))
        chosen = [t for t in table if t.id in {t.id for t in wanted}]
        found[name] = calibrate(scenario, chosen, FEW, seed=2, budget=TINY, directory=tmp_path / name)
    place = [f.path for f in FEW].index("conflict.onset.base")
    assert found["often"].draws[:, place].mean() > 1.5 * found["rare"].draws[:, place].mean()
    # The same again, from what is kept: the same posterior.
    again = calibrate(scenario, found["rare"].targets, FEW, seed=2, budget=TINY, directory=tmp_path / "rare")
    assert np.array_equal(again.draws, found["rare"].draws)


@pytest.mark.slow
def test_starts_from_several_seeds_say_whether_they_agree(small: Path, tmp_path: Path) -> None:
    chosen = [t for t in TARGETS if t.id in ("peace_to_conflict", "war_stays")]
    found = calibrate_from(load(small), 2, chosen, FEW, seed=2, budget=TINY, directory=tmp_path, runs=4)
    assert [start.calibration.seed for start in found.starts] == [2, 3]
    assert {p.name for p in tmp_path.iterdir()} == {"start-2", "start-3"}
    alone = calibrate(load(small), chosen, FEW, seed=3, budget=TINY, directory=tmp_path / "start-3")
    assert np.array_equal(alone.draws, found.starts[1].calibration.draws), "a start is a calibration like any other"
    assert found.best.distance == min(start.distance for start in found.starts)
    places = [FEW[0].unit(start.calibration.draws[:, 0]) for start in found.starts]
    spread = np.std([p.mean() for p in places], ddof=1) / np.mean([p.std() for p in places])
    assert found.spread()[0] == pytest.approx(spread)
    words = " ".join(found.words())
    assert "The starts agree on" in words and f"The best is that with seed {found.best.calibration.seed}." in words
    told = json.loads(json.dumps(found.summary(), allow_nan=False))
    # The defaults that ship stand beside the starts, with the luck of the starts and no other.
    assert told["defaults"]["parameters"] == {f.path: PARAMETERS[f.path].default for f in FEW}
    luck = [validate(load(small), 4, 2 + offset, TINY.years, targets=chosen) for offset in (0, UNSEEN)]
    values = [{m.target.id: m.value for m in made.targets} for made in luck]
    assert told["defaults"]["targets"] == values[1] != values[0]


def row(met: tuple[bool, bool], distance: float, kind: type[Held], **more: Any) -> Any:
    """Give a row of what two targets came to."""
    table = [t for t in TARGETS if t.id in ("peace_to_conflict", "war_stays")]
    values = [t.target if inside else 10.0 * t.high for t, inside in zip(table, met, strict=True)]
    told = tuple(Measured(t, value, value, value) for t, value in zip(table, values, strict=True))
    return kind({"a": 0.5}, told, distance, **more)


@pytest.mark.parametrize(
    "best, old, said",
    [
        (((True, True), 1.0), ((True, False), 9.0), ("meets war_stays", "comes nearer")),
        (((True, False), 3.0), ((True, True), 2.0), ("loses war_stays", "no reason to ship it")),
        (
            ((False, True), 2.0),
            ((True, False), 2.0),
            ("meets war_stays and loses peace_to_conflict", "comes no nearer"),
        ),
    ],
)
def test_the_report_says_what_is_missed_and_whether_the_defaults_come_nearer(best: Any, old: Any, said: Any) -> None:
    fit = SimpleNamespace(waves=[SimpleNamespace(misfit=1.0)])
    targets = tuple(t for t in TARGETS if t.id in ("peace_to_conflict", "war_stays"))
    made = Calibration((Free("a", 0.0, 1.0),), targets, cast("Any", fit), {"a": 0.5}, np.full((3, 1), 0.5), 1)
    found = Starts((row(*best, Start, calibration=made),), row(*old, Held), 60)
    words, told = " ".join(found.words()), found.summary()
    assert all(part in words for part in said)
    assert f"distance {old[1]:.1f}" in words
    assert told["best_is_nearer_than_defaults"] is (best[1] < old[1])
    missed = [t.id for t, inside in zip(targets, best[0], strict=True) if not inside]
    assert told["starts"][0]["missed"] == missed
    assert ("does not meet " + ", ".join(missed) if missed else "The best start meets every target") in words


def test_parameters_at_an_end_of_their_prior_are_told() -> None:
    free = (Free("a", 0.0, 1.0), Free("b", 0.01, 1.0, log=True), Free("c", -1.0, 1.0))
    fit = cast("Any", None)
    made = Calibration(free, (), fit, {"a": 0.01, "b": 0.95, "c": 0.0}, np.empty((0, 3)), 1)
    assert at_an_end(made) == {"a": "low", "b": "high"}


def test_the_commands_write_what_they_say(small: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(
        app, ["validate", str(small), "--runs", "2", "--years", "12", "--out", str(tmp_path / "v"), "--json"]
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert set(told["targets"]) == {t.id for t in TARGETS} and sum(told["verdicts"].values()) == len(TARGETS)
    assert {p.name for p in (tmp_path / "v").iterdir()} == {
        "validation.md", "validation.json", "provenance.json", "targets.png", "patterns.png",
    }  # fmt: skip
    done = runner.invoke(app, ["validate", str(small), "--targets", str(tmp_path / "none.csv")])
    assert done.exit_code == 2 and "cannot be read" in done.output


def test_validation_across_worlds_counts_each_world_by_itself(small: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    words = ["validate", str(small), "--runs", "2", "--years", "12"]
    line = [*words, "--generator-seeds", "3,4", "--also", "seminar", "--out", str(tmp_path / "v"), "--json"]
    done = runner.invoke(app, line)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert list(told["worlds"]) == ["small", "small, generator seed 3", "small, generator seed 4", "seminar"]
    assert told["least_inside"] == min(world["verdicts"]["inside"] for world in told["worlds"].values())
    # Each is what it is by itself, and other draws are other worlds.
    alone = json.loads(runner.invoke(app, [*words, "--json"]).stdout)
    of = {name: json.dumps(world["targets"]) for name, world in told["worlds"].items()}
    assert of["small"] == json.dumps(alone["targets"]) and len(set(of.values())) == 4
    assert {p.name for p in (tmp_path / "v").iterdir()} == {
        "across.md", "across.json", "provenance.json", "world-1", "world-2", "world-3", "world-4",
    }  # fmt: skip
    assert (tmp_path / "v" / "world-4" / "targets.png").is_file()
    done = runner.invoke(app, [*words, "--generator-seeds", "3,x"])
    assert done.exit_code == 2 and "is not allowed" in done.output
    with pytest.raises(ScenarioError, match="a world that the generator draws"):
        runner.invoke(app, ["validate", "seminar", "--generator-seeds", "3"], catch_exceptions=False)


@pytest.mark.slow
def test_calibrate_command_on_a_small_world(small: Path, tmp_path: Path) -> None:
    words = [
        "calibrate",
        str(small),
        "--out",
        str(tmp_path / "c"),
        "--waves",
        "1",
        "--points",
        "16",
        "--around",
        "16",
        "--runs",
        "1",
    ]
    done = CliRunner().invoke(app, [*words, "--years", "12", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert set(told["parameters"]) == {f.path for f in read_free()}
    assert {p.name for p in (tmp_path / "c").iterdir()} == {
        "evaluations.jsonl", "posterior.parquet", "posterior.csv", "best.toml", "calibration.json", "starts.json",
        "provenance.json",
    }  # fmt: skip
    for field in pq.read_schema(tmp_path / "c" / "posterior.parquet"):
        assert field.metadata[b"unit"].decode() == PARAMETERS[field.name].unit
    for path, value in told["parameters"].items():
        assert PARAMETERS[path].low <= value["best"] <= PARAMETERS[path].high
