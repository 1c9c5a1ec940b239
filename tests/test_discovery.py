"""Scenario discovery: planted boxes and trees are found, luck alone is told as nothing, errors are plain."""

from __future__ import annotations

import csv
import inspect
import json
import warnings
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from batch_worlds import do, write
from planted_points import PAIR, RANGES, TOTAL, planted, write_points
from typer.testing import CliRunner

import r2psim
from r2psim.analysis import discovery, prim
from r2psim.analysis.discovery import Condition, Discovery, condition_of, search
from r2psim.analysis.discovery_points import Axis, DesignPoints, read_points, workbench_results
from r2psim.analysis.discovery_report import lines
from r2psim.analysis.prim import Box, find_box
from r2psim.analysis.sensitivity import Outcome
from r2psim.cli import app
from r2psim.plots.discovery import discovery_figure

DEATHS = Condition(Outcome("deaths", "prevention"), ">", 0.5)


def points_of(x: np.ndarray, y: np.ndarray, row: np.ndarray | None = None) -> DesignPoints:
    """Give points in the unit cube of which those of `y` have one dead, and the others none."""
    axes = tuple(Axis(f"x{k}", f"number {k}", "1", 0.0, 1.0) for k in range(x.shape[1]))
    rows = np.arange(len(x)) if row is None else row
    return DesignPoints("made up", "none", PAIR, ("deaths",), axes, x, rows, "one run", lambda *_: y.astype(float))


def in_planted_box(x: np.ndarray) -> np.ndarray:
    return (x[:, 1] < 0.45) & (x[:, 3] > 0.3) & (x[:, 3] < 0.85)


def planted_box_is_found(inside: float, outside: float, tolerance: float) -> None:
    """Check PRIM on a box of which the edges are known."""
    chance = np.random.default_rng(4)
    x = chance.random((3000, 8))
    y = chance.random(3000) < np.where(in_planted_box(x), inside, outside)
    box, _ = find_box(x, y)
    assert box.restricted == (1, 3)
    assert np.isneginf(box.low[1])
    assert abs(box.high[1] - 0.45) < tolerance
    assert abs(box.low[3] - 0.3) < tolerance and abs(box.high[3] - 0.85) < tolerance


# Without luck an edge lies between two neighbours inside of the other edges, of which there are 3,000 in all: 0.01 is
# seven to ten gaps. With luck it walks until the sum of what points are worth has fallen for good.
PLANTED = {"certain": (1.0, 0.0, 0.01), "with luck": (0.8, 0.2, 0.04)}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_box_is_found_with_its_edges(kind: str) -> None:
    planted_box_is_found(*PLANTED[kind])


def test_peeling_the_wrong_side_does_not_pass_for_prim(monkeypatch: pytest.MonkeyPatch) -> None:
    right = prim._slices

    def wrong(x: np.ndarray, alpha: float) -> Iterator[tuple[int, int, float, np.ndarray]]:
        # What the slice leaves is thrown away in the name of the other side.
        for k, side, edge, gone in right(x, alpha):
            yield k, 1 - side, edge, gone

    monkeypatch.setattr(prim, "_slices", wrong)
    with pytest.raises(AssertionError):
        planted_box_is_found(*PLANTED["certain"])


def test_peeling_takes_thin_slices_and_never_lowers_the_density() -> None:
    chance = np.random.default_rng(2)
    x = chance.random((1000, 4))
    y = chance.random(1000) < 0.2 + 0.6 * in_planted_box(x)
    boxes = prim.peeled(x, y, alpha=0.05, least=0.1)
    counts = [int(box.inside(x).sum()) for box in boxes]
    shares = [float(y[box.inside(x)].mean()) for box in boxes]
    assert counts[0] == 1000 and counts[-1] >= 100 and len(boxes) > 10
    # A slice of 5 %, rounded down, of points that all differ.
    assert all(before - after == int(0.05 * before) for before, after in pairwise(counts))
    assert all(before < after for before, after in pairwise(shares))


def test_points_at_the_same_place_go_together() -> None:
    x = np.repeat([0.0, 1.0, 2.0], [50, 30, 20])[:, None]
    boxes = prim.peeled(x, x[:, 0] > 1.5)
    assert [int(box.inside(x).sum()) for box in boxes] == [100, 50, 20]
    assert [float(box.low[0]) for box in boxes] == [-np.inf, 0.5, 1.5]


def test_pasting_gives_back_what_was_peeled_too_far() -> None:
    x = np.random.default_rng(5).random((2000, 3))
    y = x[:, 0] > 0.4
    small = Box(np.array([0.7, 0.2, -np.inf]), np.array([np.inf, np.inf, np.inf]))
    wide = prim.pasted(x, y, small, alpha=0.05)
    assert wide.restricted == (0,)
    # It stops within a slice, a twentieth of what it holds, and takes in nothing that lowers the density.
    assert 0.4 <= wide.low[0] < 0.44
    assert y[wide.inside(x)].all()


def test_a_restriction_that_chance_could_have_made_is_dropped() -> None:
    chance = np.random.default_rng(4)
    x = chance.random((3000, 8))
    y = chance.random(3000) < np.where(in_planted_box(x), 0.8, 0.2)
    box = Box(np.full(8, -np.inf), np.full(8, np.inf)).moved(1, 1, 0.45).moved(3, 0, 0.3).moved(3, 1, 0.85)
    spurious = box.moved(0, 0, 0.1).moved(6, 1, 0.8)
    assert prim.simplified(x, y, spurious, float(y.mean())).restricted == (1, 3)


def test_luck_alone_is_told_as_nothing() -> None:
    told = 0
    for seed in range(20):
        chance = np.random.default_rng(100 + seed)
        x = chance.random((400, 6))
        y = chance.permutation(in_planted_box(x) | (x[:, 0] > 0.8))
        one = search(points_of(x, y), DEATHS)
        told += any(region.told for region in one.regions)
    # One in forty may be taken for something: three or more of twenty, by chance, about once in eighty times.
    assert told <= 2


def test_what_a_shuffle_destroys_is_told_before_it() -> None:
    chance = np.random.default_rng(8)
    x = chance.random((1500, 6))
    y = chance.random(1500) < np.where(in_planted_box(x), 0.7, 0.3)
    one = search(points_of(x, y), DEATHS)
    assert one.boxes[0].told and one.boxes[0].fresh.density is not None
    low, high = one.boxes[0].low, one.boxes[0].high
    assert low is not None and high is not None and one.base < low < 0.7 < high
    assert abs(one.boxes[0].fresh.density - 0.7) < 0.1
    shuffled = search(points_of(x, chance.permutation(y)), DEATHS)
    assert not any(region.told for region in shuffled.regions)


def test_the_test_is_on_points_that_were_not_searched() -> None:
    chance = np.random.default_rng(3)
    x, row = chance.random((800, 3)), np.repeat(np.arange(400), 2)
    half = discovery._halves(row, 1)
    assert half.sum() == 400
    assert not set(row[half]) & set(row[~half])
    # Where the condition is met in the searched half alone, fresh points know nothing of it.
    y = np.where(half, x[:, 0] > 0.6, chance.random(800) < 0.4)
    one = search(points_of(x, y, row), DEATHS)
    assert one.boxes[0].searched.density == 1.0 and not one.boxes[0].told
    assert any("told as nothing" in line for line in lines(one))


def test_points_of_one_luck_count_for_less() -> None:
    hits = np.repeat(np.random.default_rng(1).random(100) < 0.5, 2)
    apart = discovery._limits(hits, np.arange(200))
    together = discovery._limits(hits, np.repeat(np.arange(100), 2))
    known = discovery._limits(hits[::2], np.arange(100))
    assert together[1] - together[0] > 1.3 * (apart[1] - apart[0])
    assert np.allclose(together, known, atol=0.002)


def test_several_boxes_are_found_each_beyond_those_before_it() -> None:
    chance = np.random.default_rng(6)
    x = chance.random((3000, 5))
    y = (x[:, 0] < 0.35) | (x[:, 4] > 0.85)
    one = search(points_of(x, y), DEATHS)
    assert [[limit.axis.path for limit in box.limits] for box in one.boxes] == [["x0"], ["x4"]]
    first, second = one.boxes
    assert first.limits[0].high == pytest.approx(0.35, abs=0.01) and second.limits[0].low == pytest.approx(
        0.85, abs=0.01
    )
    assert first.fresh.coverage is not None and second.fresh.coverage is not None
    assert first.fresh.coverage + second.fresh.coverage > 0.97
    assert len(search(points_of(x, y), DEATHS, boxes=1).boxes) == 1


def test_a_planted_tree_is_found() -> None:
    chance = np.random.default_rng(7)
    x = chance.random((2000, 6))
    rate = np.where(x[:, 2] < 0.6, np.where(x[:, 0] < 0.4, 0.95, 0.55), np.where(x[:, 5] > 0.5, 0.45, 0.05))
    one = search(points_of(x, chance.random(2000) < rate), DEATHS)
    cells = {frozenset((limit.axis.path, limit.low is None) for limit in leaf.limits): leaf for leaf in one.leaves}
    assert set(cells) == {
        frozenset({("x2", True), ("x0", True)}),
        frozenset({("x2", True), ("x0", False)}),
        frozenset({("x2", False), ("x5", True)}),
        frozenset({("x2", False), ("x5", False)}),
    }
    edges = {"x2": 0.6, "x0": 0.4, "x5": 0.5}
    for leaf in one.leaves:
        for limit in leaf.limits:
            edge = limit.high if limit.low is None else limit.low
            assert edge == pytest.approx(edges[limit.axis.path], abs=0.04)
    dense = cells[frozenset({("x2", True), ("x0", True)})]
    assert dense.told and dense.fresh.density == pytest.approx(0.95, abs=0.05)
    assert not any(
        leaf.told for leaf in one.leaves if ("x2", True) not in {(a.axis.path, a.low is None) for a in leaf.limits}
    )
    assert sum(leaf.fresh.points for leaf in one.leaves) == one.tested


def test_a_tree_of_noise_has_no_split() -> None:
    chance = np.random.default_rng(9)
    split = 0
    for _ in range(10):
        x, y = chance.random((300, 5)), chance.random(300) < 0.4
        split += len(discovery._tree_boxes(x, y, np.arange(300), 3, 1)) > 1
    assert split <= 1


# -- directories -------------------------------------------------------------------------------------------------------


def made(folder: Path, points: int = 1, shift: float = 0.0) -> Path:
    """Write 600 points of which those with little noise and a large budget do not pay."""
    units = np.random.default_rng(1).random((600 // points, points, len(RANGES)))
    pays = np.where((units[..., 0] < 0.5) & (units[..., 4] > 0.4), 2e9, -1e9) + shift
    return write_points(
        planted(units, {("total_cost", "prevention"): pays, ("deaths", "late-response"): units[..., 3]}), folder
    )


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("points") / "sens")


@pytest.mark.parametrize("points", [1, 3])
def test_a_sensitivity_directory_is_read(tmp_path: Path, points: int) -> None:
    found = r2psim.discover(made(tmp_path / "sens", points))
    assert str(found.condition) == f"{TOTAL} > 0" and found.unit == "US$"
    # Of a Saltelli design A and B are independent points, and share a row.
    assert found.points == (600 if points == 1 else 400)
    assert set(np.bincount(read_points(tmp_path / "sens").row)) == {1 if points == 1 else 2}
    box = found.boxes[0]
    assert box.told and box.fresh.density == pytest.approx(1.0, abs=0.03)
    edges = {limit.axis.path: (limit.low, limit.high) for limit in box.limits}
    assert edges["observation.noise"][1] == pytest.approx(0.25, abs=0.02)
    assert edges["assistance.budget_scale"][0] == pytest.approx(0.2 + 0.4 * 2.8, abs=0.1)
    assert set(edges) == {"observation.noise", "assistance.budget_scale"}


def test_what_is_written_says_what_was_found(tmp_path: Path, directory: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["discover", str(directory), "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0
    assert "all budgets, as a multiple of the scenario's (assistance.budget_scale): above" in done.stdout
    assert (out / "discovery.png").stat().st_size > 10_000
    told = json.loads((out / "discovery.json").read_text())
    assert told == json.loads(
        CliRunner().invoke(app, ["discover", str(directory), "--json"], catch_exceptions=False).stdout
    )
    with (out / "discovery.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["region"] == "all" and float(rows[0]["density"]) == told["base_rate"]
    box = [row for row in rows if row["region"] == "box" and row["number"] == "1"]
    assert {row["path"] for row in box} == {"observation.noise", "assistance.budget_scale"}
    assert float(box[0]["density_low"]) == told["regions"][0]["fresh"]["density_low"]
    assert (out / "discovery.txt").read_text(encoding="utf-8").strip() in done.stdout
    again = CliRunner().invoke(app, ["discover", str(directory), "--out", str(out)])
    assert again.exit_code != 0


def test_the_figure_has_every_box(directory: Path) -> None:
    found = r2psim.discover(directory)
    words = " ".join(text.get_text() for text in discovery_figure(found).texts)
    for k, region in enumerate(found.boxes, 1):
        assert f"Box {k}" in words
        assert all(limit.axis.path in words for limit in region.limits)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("death: prevention > 0", "there is no outcome 'death'"),
        ("death: prevention > 0", "did you mean deaths?"),
        ("deaths: preventon > 0", "did you mean prevention?"),
        ("deaths > 0", "it is not said under which policy"),
        ("deaths: prevention", "NAME < VALUE"),
        ("deaths: prevention = 3", "one of <=, >=, <, >"),
        ("deaths: prevention > many", "a number is needed after >"),
        ("deaths: prevention > nan", "a number is needed after >"),
        ("deaths: prevention minus prevention > 0", "one policy, or one minus another"),
        (f"{TOTAL} > 9e9", "none of 600 points meet"),
        (f"{TOTAL} > -9e9", "all of 600 points meet"),
        (f"{TOTAL} > 9e9", "lies between -1e+09 and 2e+09 US$"),
    ],
)
def test_a_condition_that_cannot_be_met_or_read_is_refused(
    directory: Path, where: str, said: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["discover", str(directory), "--where", where, "--out", str(out)])
    assert done.exit_code == 2 and said in " ".join(done.output.split())
    assert not out.exists()


def test_conditions_are_read_as_written(directory: Path) -> None:
    points = read_points(directory)
    for text, operator, value in (("> 3", ">", 3.0), (" <=-2.5e3 ", "<=", -2500.0), (">= 1,000", ">=", 1000.0)):
        found = condition_of(f"deaths: late-response minus prevention {text}", points)
        assert (found.operator, found.value) == (operator, value)
        assert found.outcome == Outcome("deaths", "late-response", "prevention")
    values = points.read("deaths", "late-response")
    found = search(points, condition_of("deaths: late-response >= 0.5", points))
    assert found.hits == int((values >= 0.5).sum())
    assert [limit.axis.path for limit in found.boxes[0].limits] == ["observation.error"]


def test_directories_that_hold_no_points_are_refused(tmp_path: Path, directory: Path) -> None:
    run = partial(CliRunner().invoke, app)
    empty = tmp_path / "empty"
    empty.mkdir()
    other = tmp_path / "other"
    other.mkdir()
    (other / "provenance.json").write_text('{"kind": "marginal", "r2psim": "0"}', encoding="utf-8")
    unfinished = tmp_path / "unfinished"
    (unfinished / "design-rows").mkdir(parents=True)
    damaged = made(tmp_path / "damaged")
    (damaged / "points.parquet").write_bytes(b"PAR1")
    cases = {
        tmp_path / "none": "there is no such directory", empty: "it holds no provenance.json",
        other: "is an output of marginal", unfinished: "is unfinished", damaged: "it is not what was written",
        directory / "points.parquet": "is a file",
    }  # fmt: skip
    for place, said in cases.items():
        done = run(["discover", str(place)])
        assert done.exit_code != 0 and done.exception is not None
        assert said in str(done.exception), place


def test_too_few_points_are_refused(tmp_path: Path) -> None:
    units = np.random.default_rng(1).random((30, 1, len(RANGES)))
    few = write_points(planted(units, {("deaths", "prevention"): units[..., 0]}), tmp_path / "few")
    with pytest.raises(ValueError, match=r"has 30 points .* too few: at least 40"):
        r2psim.discover(few, "deaths: prevention > 0.5")


def test_what_is_the_same_everywhere_is_told_as_nothing_varies(tmp_path: Path) -> None:
    units = np.random.default_rng(1).random((100, 1, len(RANGES)))
    found = r2psim.discover(write_points(planted(units, {}), tmp_path / "none"))
    assert found.nothing_varies and not found.regions
    assert "nothing varies" in next(iter(lines(found)))
    json.dumps(found.summary(), allow_nan=False)
    assert "Nothing varies" in " ".join(text.get_text() for text in discovery_figure(found).texts)


def test_with_effects_at_none_no_difference_in_harm_varies(tmp_path: Path) -> None:
    words = "sensitivity seminar --method chaos --rows 64 --years 1 --replicates 1 --threads 1 --over observation.noise"
    out = tmp_path / "none"
    sets = ["--set", "assistance.effect_scale=0", "--out", str(out), "--json"]
    assert CliRunner().invoke(app, [*words.split(), *sets], catch_exceptions=False).exit_code == 0
    for metric in ("deaths", "episodes", "gdp_lost"):
        found = r2psim.discover(out, f"{metric}: prevention minus late-response < 0")
        assert found.nothing_varies and found.hits == 0


BATCH = """
schema = 1
title = "Small"
scenario = "seminar"
policies = ["late-response", "prevention"]
years = 1
runs = 4
metrics = ["deaths", "spent_prevention", "months_to_help"]
[factors]
"assistance.budget_scale" = { low = 0.2, high = 3.0 }
observation.noise = { low = 0.0, high = 0.6 }
[design]
kind = "latin-hypercube"
points = 60
"""


def test_a_batch_is_read(tmp_path: Path) -> None:
    out = tmp_path / "batch"
    do(write(tmp_path, BATCH), out)
    points = read_points(out)
    rows = r2psim.open(out).to_pandas(columns=["spent_prevention"], factors=False)
    mean = rows[rows["policy"] == "prevention"].groupby("point")["spent_prevention"].mean()
    assert np.allclose(points.read("spent_prevention", "prevention"), mean.to_numpy())
    middle = float(mean.median())
    found = r2psim.discover(out, f"spent_prevention: prevention > {middle!r}")
    assert [limit.axis.path for limit in found.boxes[0].limits] == ["assistance.budget_scale"]
    assert found.boxes[0].told and any("all points met the same luck" in note for note in found.notes)
    assert np.isfinite(points.x).all() and points.runs == "the mean of 4 runs"
    with pytest.raises(ValueError, match="where: a condition is needed"):
        r2psim.discover(out)


# -- others ------------------------------------------------------------------------------------------------------------


def test_the_points_are_given_as_the_workbench_takes_them(directory: Path) -> None:
    experiments, outcomes = workbench_results(directory)
    points = read_points(directory)
    assert list(experiments.columns) == [axis.path for axis in points.axes]
    assert np.array_equal(experiments.to_numpy(), points.x)
    assert set(outcomes) >= {"total_cost: prevention", "deaths: late-response"}
    assert all(values.shape == (len(experiments),) for values in outcomes.values())


def test_prim_of_the_workbench_finds_the_same_box(directory: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pytest.importorskip("ema_workbench.analysis.prim", exc_type=ImportError)
    experiments, outcomes = workbench_results(directory)
    y = outcomes["total_cost: prevention"] > outcomes["total_cost: late-response"]
    x = experiments.to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Until its release 3 it wanted to know from which density on a box is worth telling.
        more = {"threshold": 0.5} if "threshold" in inspect.signature(theirs.Prim).parameters else {}
        other = theirs.Prim(experiments, y, peel_alpha=0.05, mass_min=0.05, **more).find_box()
    box, passed = find_box(x, y)
    # Slices are as thick and the objective is the same: the densities on the way are, but for how a quantile is taken.
    ours = np.array([[each.inside(x).mean(), y[each.inside(x)].mean()] for each in passed])
    trajectory = other.peeling_trajectory
    peeled = trajectory.iloc[: int(trajectory["mass"].argmin()) + 1]
    for mass, density in zip(peeled["mass"], peeled["density"], strict=True):
        near = int(np.abs(ours[:, 0] - mass).argmin())
        assert abs(ours[near, 0] - mass) < 0.04 and abs(ours[near, 1] - density) < 0.06
    lims = other.box_lims[-1]
    for k, path in enumerate(experiments.columns):
        width = np.ptp(x[:, k])
        for side, edge in enumerate((box.low[k], box.high[k])):
            own = (x[:, k].min(), x[:, k].max())[side] if np.isinf(edge) else edge
            # Ours is sharpened afterwards: within a slice of theirs.
            assert abs(float(lims[path].iloc[side]) - own) < 0.06 * width


def test_found_again_with_the_same_seed(directory: Path) -> None:
    first: Discovery = r2psim.discover(directory, seed=5)
    assert first.summary() == r2psim.discover(directory, seed=5).summary()
