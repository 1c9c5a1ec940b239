"""What a batch gives does not depend on who did it: executors, chunks, storage; and anything can read it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from batch_worlds import SMALL, command, digest, do, killed, write
from commands import interrupted
from typer.testing import CliRunner

import r2psim
from r2psim import simulate
from r2psim.cli import app
from r2psim.ensemble.batch.driver import StoppedError, Tick
from r2psim.ensemble.batch.estimates import Estimate
from r2psim.ensemble.batch.executors import Crew, LostError, SerialCrew, check_executor, crew
from r2psim.ensemble.batch.plan import Segment
from r2psim.ensemble.batch.stored_batch import Batch, open_batch
from r2psim.ensemble.batch.tasks import job_of
from r2psim.ensemble.intervals import paired_interval
from r2psim.ensemble.measures import METRICS
from r2psim.scenario import load

RUNNER = CliRunner()
FAILING = """
schema = 1
scenario = "seminar"
policies = ["prevention"]
years = 1
runs = 2
[factors]
"states.velmora.groups.north.share" = { values = [0.1, 0.26] }
"states.velmora.groups.south.share" = { values = [0.1, 0.35] }
[design]
kind = "grid"
"""
"""Four points, at one of which the shares of two groups sum to more than one."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """The small batch, done in one task: file, directory, digest."""
    folder = tmp_path_factory.mktemp("small")
    file = write(folder)
    do(file, folder / "out", task_runs=1000)
    return file, folder / "out", digest(folder / "out")


# -- the same bytes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task_runs", [1, 5, 7, None])
def test_chunks_do_not_matter(small: tuple[Path, Path, str], tmp_path: Path, task_runs: int | None) -> None:
    do(small[0], tmp_path / "out", task_runs=task_runs)
    assert digest(tmp_path / "out") == small[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("executor", "workers", "task_runs"),
    [("processes", 2, 5), ("processes", 1, None), ("dask", 1, 6), ("dask", 2, 7), ("dask", 4, 3)],
)
def test_executors_do_not_matter(
    small: tuple[Path, Path, str], tmp_path: Path, executor: str, workers: int, task_runs: int | None
) -> None:
    if executor == "dask":
        pytest.importorskip("distributed")
    hands = crew(executor, workers)
    try:
        do(small[0], tmp_path / "out", hands, task_runs=task_runs)
    finally:
        hands.close()
    assert digest(tmp_path / "out") == small[2]


def test_a_batch_has_the_numbers_of_simulate(small: tuple[Path, Path, str]) -> None:
    batch = open_batch(small[1])
    for point in (0, 5):
        scenario = load("seminar", ["years=1", *batch.sets(point)])
        expected = simulate(scenario, batch.policies, runs=6, seed=1)
        for policy in batch.policies:
            found = batch.to_xarray().sel(point=point, policy=policy)
            for name in batch.metrics:
                np.testing.assert_array_equal(found[name].to_numpy(), expected.values(policy, name))


def test_all_points_and_policies_have_the_same_luck(tmp_path: Path) -> None:
    text = SMALL.replace('"assistance.budget_scale" = { values = [0.5, 1.0, 2.0] }\n', "").replace(
        "runs = 6", "runs = 3"
    )
    text = text.replace('["late-response", "prevention"]', '["no-assistance"]')
    do(write(tmp_path, text), tmp_path / "out")
    # Without assistance nobody acts on assessments, so their error changes nothing but what luck would.
    frame = open_batch(tmp_path / "out").to_pandas()
    a, b = (
        part.reset_index(drop=True).drop(columns=["point", "observation.noise"]) for _, part in frame.groupby("point")
    )
    assert a.equals(b)


@pytest.mark.parametrize("place", ["folder", "file://", "memory://batch-parts"])
def test_workers_store_parts_themselves(small: tuple[Path, Path, str], tmp_path: Path, place: str) -> None:
    pytest.importorskip("fsspec")
    storage = place if place.startswith("memory") else f"{place.removesuffix('folder')}{tmp_path / 'elsewhere'}"
    Path(tmp_path / "elsewhere").mkdir()
    do(small[0], tmp_path / "out", storage=storage, task_runs=7)
    assert not (tmp_path / "out" / "runs").exists()
    assert digest(tmp_path / "out") == small[2]
    with pytest.raises(r2psim.ensemble.store.OutputError, match="go on with the same --storage"):
        do(small[0], tmp_path / "out")
    (tmp_path / "out" / "manifest.jsonl").unlink()
    do(small[0], tmp_path / "out", storage=storage)
    assert digest(tmp_path / "out") == small[2]


def test_series_are_kept_and_sorted(tmp_path: Path) -> None:
    text = SMALL.replace("metrics =", 'series = ["states_stage_4", "monthly_deaths"]\nmetrics =')
    file = write(tmp_path, text.replace("[0.5, 1.0, 2.0]", "[0.5]").replace("runs = 6", "runs = 60"))
    found = set()
    for name, task_runs in (("a", 13), ("b", None)):
        do(file, tmp_path / name, task_runs=task_runs)
        found.add(digest(tmp_path / name, "series"))
    assert len(found) == 1
    batch = open_batch(tmp_path / "a")
    assert len(batch.plan.rounds) == 2
    expected = simulate(batch.scenario(1), batch.policies, runs=60, series=["monthly_deaths"])
    labelled = batch.to_xarray(["deaths"], ["monthly_deaths"]).sel(point=1, policy="prevention")
    np.testing.assert_array_equal(
        labelled["monthly_deaths"].to_numpy(), expected.series["prevention"]["monthly_deaths"]
    )
    assert labelled["monthly_deaths"].attrs["units"] == "persons"
    frame = batch.to_pandas("series")
    keys = ["point", "policy", "run", "month"]
    assert frame[keys].assign(policy=frame["policy"].cat.codes).apply(tuple, axis=1).is_monotonic_increasing


# -- read by anybody ---------------------------------------------------------------------------------------------------


def test_pandas_polars_and_duckdb_read_the_parts(small: tuple[Path, Path, str]) -> None:
    pandas, polars, duckdb = (pytest.importorskip(name) for name in ("pandas", "polars", "duckdb"))
    _, out, _ = small
    first = pandas.read_parquet(out / "runs")
    second = polars.read_parquet(out / "runs" / "*.parquet")
    third = duckdb.sql(f"select policy, avg(deaths) from '{out}/runs/*.parquet' group by policy order by policy")
    means = first.groupby("policy", observed=True)["deaths"].mean().to_dict()
    assert len(first) == len(second) == 72
    assert dict(third.fetchall()) == pytest.approx(means)
    assert dict(second.group_by("policy").agg(polars.col("deaths").mean()).iter_rows()) == pytest.approx(means)
    joined = first.merge(pandas.read_parquet(out / "points.parquet"), on="point")
    assert sorted(joined["assistance.budget_scale"].unique()) == [0.5, 1.0, 2.0]


def test_open_reads_what_is_asked_for(small: tuple[Path, Path, str]) -> None:
    import pyarrow.compute as pc

    batch = r2psim.open(small[1])
    assert isinstance(batch, Batch)
    assert repr(batch).endswith("points=6, runs=6, done=36)")
    rows = batch.dataset().to_table(columns=["run", "deaths"], filter=(pc.field("point") == 2) & (pc.field("run") < 2))
    assert rows.num_rows == 4
    chosen = batch.to_pandas(columns=["deaths"], where=pc.field("assistance.budget_scale") > 1.5)
    assert set(chosen["assistance.budget_scale"]) == {2.0}
    assert list(chosen.columns) == ["point", "assistance.budget_scale", "observation.noise", "policy", "run", "deaths"]
    both = (pc.field("assistance.budget_scale") > 1.5) & (pc.field("run") == 3)
    assert len(batch.to_pandas(columns=["episodes"], where=both)) == 4
    assert batch.schema().field("deaths").metadata[b"unit"] == b"persons"
    assert batch.points.schema.field("observation.noise").metadata[b"unit"] == b"0-1"
    assert batch.to_arrow("points").num_rows == 6
    with pytest.raises(ValueError, match=r"did you mean deaths\?"):
        batch.to_arrow(columns=["death"])
    with pytest.raises(ValueError, match="'series' is not there"):
        batch.dataset("series")


def test_a_run_of_a_point_is_watched_in_mesa(small: tuple[Path, Path, str]) -> None:
    from r2psim.ensemble.measures import metrics_of

    batch = r2psim.open(small[1])
    model = batch.open(4, 3, "prevention")
    model.run_model()
    found = dict(zip(METRICS, metrics_of(model.rows, model.months), strict=True))
    model.close()
    stored = batch.to_xarray().sel(point=4, run=3, policy="prevention")
    assert all(float(stored[name]) == found[name] for name in ("episodes", "deaths", "total_cost"))


@pytest.mark.parametrize("form", ["CSV", "parquet", "netcdf"])
def test_results_are_written(small: tuple[Path, Path, str], tmp_path: Path, form: str) -> None:
    pandas, xarray = pytest.importorskip("pandas"), pytest.importorskip("xarray")
    file = tmp_path / "found"
    words = ["results", str(small[1]), "--to", form, "--out", str(file)]
    assert RUNNER.invoke(app, words).exit_code == 0
    read = {"CSV": pandas.read_csv, "parquet": pandas.read_parquet, "netcdf": xarray.load_dataset}[form](file)
    assert float(read["deaths"].mean()) == pytest.approx(open_batch(small[1]).to_pandas()["deaths"].mean())
    assert "exists" in str(RUNNER.invoke(app, words).exception)
    assert RUNNER.invoke(app, [*words, "--force"]).exit_code == 0


def test_what_cannot_be_asked_for_is_refused(small: tuple[Path, Path, str]) -> None:
    for words in (["--to", "cvs"], ["--table", "run"]):
        found = RUNNER.invoke(app, ["results", str(small[1]), *words])
        assert found.exit_code == 2
        assert "did you mean" in found.stderr
    found = RUNNER.invoke(app, ["batch", str(small[0]), "--out", str(small[1]), "--executor", "proceses"])
    assert found.exit_code == 2
    assert "did you mean processes?" in " ".join(found.stderr.replace("│", " ").split())


# -- points that fail, workers that die --------------------------------------------------------------------------------


def test_a_failing_point_does_not_stop_the_others(tmp_path: Path) -> None:
    file, out = write(tmp_path, FAILING), tmp_path / "out"
    words = ["batch", str(file), "--out", str(out), "--executor", "serial"]
    found = RUNNER.invoke(app, words)
    assert found.exit_code == 1
    assert "1 point failed" in found.stdout
    assert "point 3: ScenarioError" in found.stdout
    assert "shares sum to at most 1" in found.stdout
    told = json.loads(RUNNER.invoke(app, ["status", str(out), "--json"]).stdout)
    assert list(told["failed"]) == ["3"]
    assert told["complete"]
    assert set(open_batch(out).to_pandas()["point"]) == {0, 1, 2}
    expected = digest(out)
    before = list((out / "runs").iterdir())
    assert RUNNER.invoke(app, words).exit_code == 1
    assert list((out / "runs").iterdir()) == before
    (out / "manifest.jsonl").unlink()
    assert RUNNER.invoke(app, words).exit_code == 1
    assert list(open_batch(out).failed) == [3], "taken over with what failed"
    again = RUNNER.invoke(app, [*words, "--retry-failed"])
    assert "points that failed and are tried again: 1" in again.stderr
    assert digest(out) == expected


class Dying(Crew):
    """Workers of which one dies over a stretch."""

    def __init__(self, over: int, times: int) -> None:
        from concurrent.futures import BrokenExecutor

        self.over, self.times, self.dies = over, times, BrokenExecutor
        self.dies_as_a_whole = True
        self.workers, self.ahead = 2, 2
        self.renewed = 0
        self.renew()
        self.renewed = 0

    def renew(self) -> None:
        from concurrent.futures import Future

        self.renewed += 1
        serial, dying = SerialCrew().executor, self

        class Executor:
            def submit(self, work: object, pickled: bytes, task: object) -> Future:
                if task.first <= dying.over < task.first + task.length and dying.times > 0:  # type: ignore[attr-defined]
                    dying.times -= 1
                    broken: Future = Future()
                    broken.set_exception(dying.dies("a worker died"))
                    return broken
                return serial.submit(work, pickled, task)  # type: ignore[arg-type]

        self.executor = Executor()  # type: ignore[assignment]


def test_a_worker_that_dies_is_replaced_and_nothing_is_lost(small: tuple[Path, Path, str], tmp_path: Path) -> None:
    hands = Dying(over=13, times=2)
    outcome = do(small[0], tmp_path / "out", hands, task_runs=5)
    assert hands.renewed == 2
    assert not outcome.failed
    assert digest(tmp_path / "out") == small[2]


def test_a_stretch_over_which_workers_die_again_and_again_is_given_up(
    small: tuple[Path, Path, str], tmp_path: Path
) -> None:
    outcome = do(small[0], tmp_path / "out", Dying(over=13, times=99), task_runs=6)
    assert list(outcome.failed) == [2]
    assert "died 3 times" in outcome.failed[2]
    assert outcome.done == outcome.total
    assert set(open_batch(tmp_path / "out").to_pandas()["point"]) == {0, 1, 3, 4, 5}


def test_a_worker_with_other_rules_is_refused(
    small: tuple[Path, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from r2psim.ensemble.batch import tasks

    known = job_of

    def other(*arguments: object, **more: object) -> object:
        from dataclasses import replace

        return replace(known(*arguments, **more), rules="0123456789abcdef")  # type: ignore[arg-type]

    monkeypatch.setattr("r2psim.ensemble.batch.driver.job_of", other)
    tasks._job.cache_clear()
    with pytest.raises(StoppedError, match="install the same r2psim everywhere"):
        do(small[0], tmp_path / "out")


def test_executors_by_name() -> None:
    assert check_executor("serial") == ("serial", None)
    for wrong in ("thread", "serial:4", "dsk"):
        with pytest.raises(ValueError, match="is not allowed: serial, processes, dask"):
            check_executor(wrong)


@pytest.mark.slow
def test_a_scheduler_that_is_not_there_is_told() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(LostError, match=r"no scheduler with workers at tcp://127\.0\.0\.1:1"):
        crew("dask:tcp://127.0.0.1:1")


# -- interrupting ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
@pytest.mark.parametrize(
    "executor",
    ["serial", pytest.param("processes", marks=pytest.mark.slow), pytest.param("dask", marks=pytest.mark.slow)],
)
def test_ctrl_c_says_how_to_go_on(tmp_path: Path, executor: str) -> None:
    if executor == "dask":
        pytest.importorskip("distributed")
    file = write(tmp_path, SMALL.replace("runs = 6", "runs = 100000"))
    out = tmp_path / "out"
    words = ["batch", str(file), "--out", str(out), "--executor", executor, "--workers", "2"]
    code, told, _ = interrupted(words, until=lambda: len(list((out / "runs").glob("*.parquet"))) > 1)
    assert code == 130, told
    assert f"finished work is kept in {out}" in told
    assert told.rstrip().endswith(f"Go on with:\n  r2psim batch {file} --out {out} --executor {executor} --workers 2")
    assert "Traceback" not in told
    assert open_batch(out).done > 0


# -- stopping ----------------------------------------------------------------------------------------------------------


STOPPING = (
    SMALL.replace("runs = 6", "runs = 40")
    .replace('"months_to_help"]', '"months_to_help"]\nyears = 3')
    .replace("years = 1\n", "")
    + '[headline]\nmetric = "total_cost"\n[stop]\nwidth = WIDTH\nevery = 10\n'
)


def test_a_stopping_rule_does_not_depend_on_chunks(tmp_path: Path) -> None:
    whole = do(write(tmp_path, STOPPING.replace("WIDTH", "1e-9")), tmp_path / "never", task_runs=17)
    assert whole.stopped is None
    assert whole.done == whole.total == 240
    labelled = open_batch(tmp_path / "never").to_xarray()["total_cost"]
    difference = (labelled.sel(policy="prevention") - labelled.sel(policy="late-response")).mean("point").to_numpy()
    widths = []
    for runs in (10, 20, 30):
        found = paired_interval(difference[:runs])
        assert found is not None
        widths.append(found.high - found.low)  # type: ignore[operator]
    limit = (widths[0] + min(widths)) / 2
    ends = 10 * (1 + next(i for i, width in enumerate(widths) if width <= limit))
    file = write(tmp_path, STOPPING.replace("WIDTH", repr(limit)))
    digests = set()
    for name, task_runs in (("a", 7), ("b", None)):
        outcome = do(file, tmp_path / name, task_runs=task_runs)
        assert outcome.stopped is not None
        assert outcome.stopped.runs == ends
        assert outcome.stopped.width == pytest.approx(widths[ends // 10 - 1])
        digests.add(digest(tmp_path / name))
        assert open_batch(tmp_path / name).complete
    assert len(digests) == 1
    again = do(file, tmp_path / "a")
    assert again.stopped == outcome.stopped
    assert again.done == ends * 6


def test_progress_tells_the_difference_so_far(small: tuple[Path, Path, str], tmp_path: Path) -> None:
    ticks: list[Tick] = []
    outcome = do(small[0], tmp_path / "out", tell=ticks.append, task_runs=6)
    assert [tick.done for tick in ticks] == list(range(0, 37, 6))
    assert ticks[0].estimate is None
    assert ticks[-1].estimate == outcome.estimate
    watched = open_batch(tmp_path / "out").headline()
    assert watched is not None
    assert watched[1] == outcome.estimate


def test_the_estimate_takes_points_of_one_run_as_one_value() -> None:
    estimate = Estimate(3)
    rows = np.array([[1.0, 2.0, 6.0], [3.0, np.nan, 0.0]])
    estimate.add([Segment(0, 0, 3)], rows[0])
    estimate.add([Segment(1, 0, 2), Segment(1, 2, 1)], rows[1])
    assert estimate.interval() == paired_interval(np.array([2.0, 2.0, 3.0]))


# -- killed elsewhere -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_batch_killed_with_its_storage_elsewhere_goes_on(small: tuple[Path, Path, str], tmp_path: Path) -> None:
    words = command("batch", small[0], "--out", tmp_path / "out", "--storage", tmp_path / "parts", "--task-runs", "2")
    (tmp_path / "parts").mkdir()
    some = lambda _: len(list((tmp_path / "parts" / "runs").glob("*.parquet"))) > 3  # noqa: E731
    assert killed([*words, "--executor", "serial"], some, 0.0, tmp_path / "told") is None
    do(small[0], tmp_path / "out", storage=str(tmp_path / "parts"))
    assert digest(tmp_path / "out") == small[2]
