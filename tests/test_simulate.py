"""Many runs at once: the same bits however they are cut, measured, kept, handed on, stored and read again."""

from __future__ import annotations

import json
import sys
import threading
import time
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from worlds import LIVELY_BODIES, SHIPPED_POLICIES, nested, random_states, scenario_with

import r2psim
from r2psim import R2PModel, Results, ScenarioError, load, simulate
from r2psim.declarations.columns import PR, B, F, G, S
from r2psim.ensemble import simulation
from r2psim.ensemble.engine import ACCOUNTS, blocks_of, called_at, nothing_own, run_chunk
from r2psim.ensemble.measures import (
    BODY_ACCOUNTS,
    DEPTH,
    LEDGERS,
    METRICS,
    SERIES,
    UNITS,
    metrics_of,
    spending_of,
    total,
)
from r2psim.ensemble.simulation import Block
from r2psim.ensemble.store import OutputError
from r2psim.rules.draws import draws_of
from r2psim.scenario import Scenario
from r2psim.world.build import build
from r2psim.world.rows import Rows, copy_rows

POLICIES = ("no-assistance", "late-response", "prevention")
YEARS = 2
NEEDS = (PR.needed_0, PR.met_0)


@cache
def small() -> Scenario:
    """Give five states in which much happens within two years."""
    states = random_states(np.random.default_rng(9), states=5, groups=4)
    often = {f"stages.{name}.base": 0.3 for name in ("to_risk", "to_threat", "to_imminent", "to_atrocity")}
    often |= {"conflict.onset.base": 0.5, "harm.threshold": 100.0}
    return scenario_with(states, LIVELY_BODIES, SHIPPED_POLICIES, years=YEARS, parameters=nested(often))


def ran(runs: int = 20, **more: object) -> Results:
    return simulate(small(), POLICIES, runs, 7, **{"threads": 1, **more})  # type: ignore[arg-type]


def same(a: object, b: object) -> bool:
    """Compare arrays, alone or by name, to the last bit."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if hasattr(a, "keys") and hasattr(b, "keys"):
        return list(a.keys()) == list(b.keys()) and all(same(a[key], b[key]) for key in a)
    return a == b


def assert_same(a: Results, b: Results) -> None:
    for name in ("policies", "runs", "seed", "months", "first_run"):
        assert getattr(a, name) == getattr(b, name)
    for name in ("metrics", "spending", "yearly", "needs", "bodies", "ledgers", "series", "stages", "events"):
        assert same(getattr(a, name), getattr(b, name)), name


# -- the same bits, however they are cut -------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("largest", [1, 40_000, None])
def test_threads_and_chunks_change_nothing(threads: int, largest: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"series": tuple(SERIES), "histories": True, "events": (3,)}
    expected = ran(**wanted)
    if largest is not None:
        monkeypatch.setattr(simulation, "LARGEST_CHUNK", largest)
    assert_same(ran(threads=threads, **wanted), expected)


@pytest.mark.parametrize(("shortest", "longest"), [(1e-9, 1e-9), (10.0, 10.0)])
def test_the_time_that_a_chunk_may_take_changes_nothing(
    shortest: float, longest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = ran(40)
    monkeypatch.setattr(simulation, "SHORTEST_CHUNK", shortest)
    monkeypatch.setattr(simulation, "LONGEST_CHUNK", longest)
    assert_same(ran(40, threads=2), expected)


def test_a_run_is_the_same_alone_and_among_others() -> None:
    expected = ran(histories=True, series="monthly_deaths")
    late = ran(5, first_run=12, histories=True, series="monthly_deaths")
    alone = simulate(small(), "prevention", 1, 7, first_run=14, histories=True)
    for policy in POLICIES:
        assert same(late.metrics[policy], expected.metrics[policy][12:17])
        assert same(late.stages[policy], expected.stages[policy][12:17])
        assert same(late.series[policy]["monthly_deaths"], expected.series[policy]["monthly_deaths"][12:17])
    assert same(alone.metrics["prevention"], expected.metrics["prevention"][14:15])
    assert same(alone.stages["prevention"], expected.stages["prevention"][14:15])


def test_what_is_kept_changes_nothing_else() -> None:
    assert same(ran(series=tuple(SERIES), histories=True, events=(0,)).metrics, ran().metrics)


# -- what is measured --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 127, 128, 129, 136, 256, 257, 270, 1000, 4099, 100_003])
def test_columns_are_added_as_numpy_adds_them(count: int) -> None:
    rng = np.random.default_rng(count)
    column = rng.normal(size=count) * 10.0 ** rng.uniform(-8, 8, count)
    assert total(column, np.empty(DEPTH)) == column.sum()


def by_numpy(rows: Rows, months: int) -> dict[str, float]:
    """Measure a run in NumPy, from the definitions."""
    state, group, body = rows.state, rows.group, rows.body
    prevention, response = body[B.spent_prevention].sum() / 100.0, body[B.spent_response].sum() / 100.0
    external = response + state[S.reconstruction_cost].sum()
    hosting, lost = state[S.hosting_cost].sum(), state[S.gdp_lost].sum()
    threatened = state[S.threatened] > 0.0
    helped = threatened & (state[S.helped] > 0.0)
    wait = (state[S.helped] - state[S.threatened])[helped]
    of_response = rows.programme.reshape(len(rows.programme), rows.form.shape[1], -1)[:, rows.form[F.response] > 0.0]
    needed, met = (of_response[k : k + 5].sum() / 100.0 + state[S.reconstruction_cost].sum() for k in NEEDS)
    return {
        "episodes": state[S.episodes_by_state].sum() + state[S.episodes_by_armed_groups].sum(),
        "atrocity_entries": group[G.atrocity_entries].sum(),
        "deaths": group[G.deaths].sum(),
        "displaced": state[S.displaced].sum(),
        "group_months_atrocity": state[S.atrocity_months].sum(),
        "spent_prevention": prevention,
        "spent_response": response,
        "response_cost": external,
        "prevention_and_response": prevention + external,
        "response_needed": needed,
        "response_met": met,
        "response_unmet": needed - met,
        "hosting_cost": hosting,
        "gdp_lost": lost,
        "total_cost": prevention + external + hosting + lost,
        "pillar3_called": state[S.pillar3_called].sum(),
        "pillar3_mandated": state[S.pillar3_mandated].sum(),
        "pillar3_vetoed": state[S.pillar3_vetoed].sum(),
        "pillar3_uncovered": state[S.pillar3_uncovered].sum(),
        "months_to_help": wait.mean() if len(wait) else np.nan,
        "never_helped": float((threatened & ~helped).sum()),
        "warnings_true": state[S.warnings_true].sum(),
        "warnings_near": state[S.warnings_near].sum(),
        "warnings_false": state[S.warnings_false].sum(),
        "onsets_missed": state[S.onsets_missed].sum(),
        **{name: group[getattr(G, name)].sum() for name in ("expelled", "expulsions", "persecuted_months")},
        **{name: state[getattr(S, name)].sum() for name in ("war_crimes", "displaced_women", "displaced_children")},
        "protection_needed": state[S.protection_needed].sum(),
        "protection_reached": state[S.protection_reached].sum(),
        "protection_unmet": state[S.protection_needed].sum() - state[S.protection_reached].sum(),
    }


@pytest.mark.parametrize("policy", POLICIES)
def test_metrics_are_those_of_the_mesa_model(policy: str) -> None:
    results = ran(6, series=tuple(SERIES), histories=True, events=(1, 4))
    for run in (0, 4):
        model = R2PModel(small(), policy, seed=7, run=run, drive="rows")
        model.run_model()
        expected = metrics_of(model.rows, model.months)
        assert same(results.metrics[policy][run], expected)
        measured = by_numpy(model.rows, model.months)
        assert list(measured) == list(METRICS)
        np.testing.assert_array_equal(expected, list(measured.values()))
        history = model.history()
        assert same(results.stages[policy][run], history.group["stage"].astype(np.int8))
        if run == 4:
            assert results.events[policy, 4] == history.events
        series = {name: results.series[policy][name][run] for name in SERIES}
        for k in range(5):
            assert same(series[f"states_stage_{k}"], (history.state["stage"] == k).sum(axis=1).astype(float))
            assert same(series[f"groups_stage_{k}"], (history.group["stage"] == k).sum(axis=1).astype(float))
        assert same(series["states_at_war"], (history.state["conflict"] == 3).sum(axis=1).astype(float))
        for name, kept, column in (
            ("monthly_atrocity_entries", history.group, "atrocity_entries"),
            ("monthly_deaths", history.group, "deaths"),
            ("monthly_displaced", history.state, "displaced"),
            ("monthly_spent_prevention", history.body, "spent_prevention"),
            ("monthly_spent_response", history.body, "spent_response"),
            ("monthly_gdp_lost", history.state, "gdp_lost"),
        ):
            so_far = np.array([month.sum() for month in kept[column]])
            if "spent" in column:
                so_far = np.round(so_far, 2)  # whole cents
            assert series[name][0] == 0.0
            np.testing.assert_array_equal(series[name], np.diff(so_far, prepend=0.0))
        model.close()


def test_something_happens_in_the_small_world() -> None:
    results = ran(series=tuple(SERIES))
    # Two years are too few for a warning to turn out false.
    late = {"warnings_near", "warnings_false"}
    silent = {name for name in METRICS if not any(results.values(policy, name).any() for policy in POLICIES)}
    assert silent <= late
    assert all(results.series["prevention"][name].any() for name in SERIES)
    assert results.policies == POLICIES and results.months == 12 * YEARS


def test_spending_is_the_mean_of_the_runs() -> None:
    results = ran(4)
    for policy in POLICIES:
        spent = []
        for run in range(4):
            model = results.open(run, policy, results.months)
            spent.append(spending_of(model.rows))
            by_form = model.rows.ledger.sum(axis=0) / 100.0
            np.testing.assert_allclose(spent[-1].sum(axis=1), by_form, rtol=1e-12)
            model.close()
        np.testing.assert_array_equal(results.spending[policy], np.stack(spent).mean(axis=0))
        np.testing.assert_allclose(results.yearly[policy].sum(axis=0), results.spending[policy], rtol=1e-12)
        total_spent = results.values(policy, "spent_prevention") + results.values(policy, "spent_response")
        assert results.spending[policy].sum() == pytest.approx(total_spent.mean(), rel=1e-12)


def test_null_twins_and_ledgers_are_kept_and_read_again(tmp_path: Path) -> None:
    found = ran(4, ledgers=True, null_twins=True)
    assert found.null is not None and found.null.null is None
    found.save(tmp_path / "out")
    again = Results.load(tmp_path / "out")
    assert_same(again, found)
    assert again.null is not None
    for name in ("metrics", "ledgers", "needs", "bodies", "spending"):
        assert same(getattr(again.null, name), getattr(found.null, name)), name
    assert Results.load(tmp_path / "out").null is not None and ran(4).null is None
    assert same(ran(4).metrics, found.metrics)


def test_every_metric_and_series_has_a_unit_and_a_meaning() -> None:
    assert UNITS.keys() == METRICS.keys() | SERIES.keys() | LEDGERS.keys()
    assert not METRICS.keys() & SERIES.keys()
    assert all({**METRICS, **SERIES}.values())


# -- sinks, progress, interruption -------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
def test_a_sink_gets_every_run_once_and_in_order(threads: int) -> None:
    blocks: list[Block] = []
    told: list[int] = []
    results = simulate(
        small(), POLICIES, 50, 7, threads=threads, first_run=3, sink=blocks.append, advance=told.append,
        series="monthly_deaths", histories=True,
    )  # fmt: skip
    kept = ran(50, first_run=3, series="monthly_deaths", histories=True)
    assert sum(told) == 50 * len(POLICIES)
    for policy in POLICIES:
        mine = [block for block in blocks if block.policy == policy]
        ends = [block.first_run + len(block.arrays["metrics"]) for block in mine]
        assert [block.first_run for block in mine] == [3, *ends[:-1]] and ends[-1] == 53
        together = {name: np.concatenate([block.arrays[name] for block in mine]) for name in mine[0].arrays}
        assert same(together["metrics"], kept.metrics[policy])
        assert same(together["stage"], kept.stages[policy])
        assert same(together["monthly_deaths"], kept.series[policy]["monthly_deaths"])
        assert same(together["spending"].mean(axis=0)[-1], kept.spending[policy])
    assert [block.first_run for block in blocks] == sorted(block.first_run for block in blocks)
    assert same(results.spending, kept.spending)
    for needs_runs in (results.to_arrow, results.to_xarray, lambda: results.values("prevention", "episodes")):
        with pytest.raises(ValueError, match=r"sink|not there"):
            needs_runs()


@pytest.mark.parametrize("where", ["advance", "sink"])
def test_an_interrupt_ends_the_work_at_once(where: str) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        simulate(small(), POLICIES, 10_000_000, 7, threads=2, **{where: interrupt})
    assert time.monotonic() - began < 1.0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]


def test_a_long_run_stops_in_the_middle() -> None:
    """A run that takes longer than a chunk should: the loop itself looks up every month."""
    world = build(small(), "prevention")
    rows, stop = copy_rows(world.rows), np.zeros(1, dtype=np.int64)
    runs, months = 1_000_000, 12
    arrays = (
        np.empty((runs, len(METRICS))),
        np.empty((runs, len(ACCOUNTS), 0, len(world.forms), 5)),
        np.empty((runs, 0, len(LEDGERS))),
        np.empty((runs, len(world.bodies), len(BODY_ACCOUNTS))),
    )
    nothing = (np.zeros(0, dtype=np.int64), np.empty((runs, 0, months + 1)), np.empty((0, months + 1, 0), np.int8))
    finished: list[int] = []

    def work() -> None:
        p = small().parameter_values("prevention")
        start = blocks_of(world.rows)
        luck = draws_of(1, 0, 0)
        finished.append(
            run_chunk(
                called_at(rows, p, luck),
                start,
                blocks_of(rows),
                rows,
                p,
                nothing_own(),
                luck,
                11,
                stop,
                *arrays,
                *nothing,
                np.empty(DEPTH),
            )
        )

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.2)
    stop[0] = 1
    thread.join(5.0)
    assert not thread.is_alive()
    assert 0 < finished[0] < runs


# -- tables, files -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full() -> Results:
    return ran(5, first_run=2, series=("monthly_deaths", "states_at_war"), histories=True, events=(2, 6))


def test_pandas_and_arrow_have_a_row_for_each_policy_and_run(full: Results) -> None:
    frame = full.to_pandas()
    assert list(frame.columns) == ["policy", "run", *METRICS]
    assert frame["policy"].tolist() == [policy for policy in POLICIES for _ in range(5)]
    assert frame["run"].tolist() == list(range(2, 7)) * 3
    for policy in POLICIES:
        values = frame.loc[frame["policy"] == policy, list(METRICS)].to_numpy()
        np.testing.assert_array_equal(values, full.metrics[policy])
    assert full.to_arrow().num_rows == 15
    series = full.to_pandas("series")
    assert len(series) == 15 * (full.months + 1)
    assert series["month"].min() == -1
    deaths = series.groupby(["policy", "run"], observed=True)["monthly_deaths"].sum().unstack()
    np.testing.assert_array_equal(deaths.loc["prevention"].to_numpy(), full.values("prevention", "deaths"))
    assert {"policy", "run", "month", "what", "probability"} <= set(full.to_pandas("events").columns)
    assert list(full.to_pandas("stages").columns[3:]) == list(full.groups)
    with pytest.raises(ValueError, match=r"spendings.*spending"):
        full.to_arrow("spendings")


def test_xarray_has_units_and_names(full: Results) -> None:
    data = full.to_xarray()
    assert dict(data.sizes) == {"policy": 3, "run": 5, "month": full.months + 1, "group": len(full.groups)}
    assert data["deaths"].attrs["units"] == "persons"
    assert data["deaths"].attrs["long_name"] == METRICS["deaths"]
    assert data["monthly_deaths"].attrs["units"] == "persons"
    one = data.sel(policy="prevention", run=4)
    assert float(one["deaths"]) == full.values("prevention", "deaths")[2]
    assert float(one["monthly_deaths"].sum()) == float(one["deaths"])
    np.testing.assert_array_equal(one["stage"].to_numpy(), full.stages["prevention"][2])


@pytest.mark.parametrize("package", ["pandas", "xarray"])
def test_a_missing_package_is_named(package: str, full: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r'pip install "r2psim\[data\]"'):
        getattr(full, f"to_{package}")()


def test_saved_results_are_read_back_whole(full: Results, tmp_path: Path) -> None:
    full.save(tmp_path / "out")
    assert_same(Results.load(tmp_path / "out"), full)
    assert Results.load(tmp_path / "out").scenario.resolved() == small().resolved()
    with pytest.raises(OutputError, match="earlier output"):
        full.save(tmp_path / "out")
    plain = ran(3)
    plain.save(tmp_path / "out", force=True)
    assert_same(Results.load(tmp_path / "out"), plain)
    assert {file.name for file in tmp_path.iterdir()} == {"out"}


def test_saved_files_need_no_knowledge_of_the_package(full: Results, tmp_path: Path) -> None:
    full.save(tmp_path / "out")
    names = {"runs", "spending", "yearly", "needs", "bodies", "series", "stages", "events"}
    assert {file.stem for file in (tmp_path / "out").glob("*.parquet")} == names
    assert pq.read_table(tmp_path / "out" / "runs.parquet").equals(full.to_arrow())
    facts = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert (facts["seed"], facts["runs"], facts["first_run"], facts["months"]) == (7, 5, 2, full.months)


def test_damage_is_noticed_and_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"provenance\.json"):
        Results.load(tmp_path)
    ran(3).save(tmp_path / "out")

    def damaged(name: str, content: bytes | None, match: str) -> None:
        file = tmp_path / "out" / name
        good = file.read_bytes()
        file.unlink()
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(OutputError, match=match):
            Results.load(tmp_path / "out")
        file.write_bytes(good)

    whole = (tmp_path / "out" / "runs.parquet").read_bytes()
    damaged("runs.parquet", None, r"runs\.parquet: is missing")
    damaged("runs.parquet", whole[: len(whole) // 2], r"runs\.parquet: is damaged")
    damaged("runs.parquet", (tmp_path / "out" / "spending.parquet").read_bytes(), r"runs\.parquet: is damaged")
    damaged("spending.parquet", whole, r"spending\.parquet: is damaged")
    damaged("resolved.json", b'{"schema": 1}', r"resolved\.json: is damaged")
    damaged("resolved.json", b"[", r"resolved\.json: is damaged")
    damaged("provenance.json", b"{}", "single run")
    damaged("provenance.json", b'{"policies": ["a"], "seed": 1}', r"provenance\.json: is damaged")
    facts = json.loads((tmp_path / "out" / "provenance.json").read_text())
    damaged("provenance.json", json.dumps(facts | {"first_run": 1}).encode(), r"provenance\.json: is damaged")
    facts.pop("contents")
    facts.pop("seal")
    damaged("provenance.json", json.dumps(facts | {"first_run": 1}).encode(), "not the runs")
    Results.load(tmp_path / "out")


# -- errors, defaults --------------------------------------------------------------------------------------------------


def test_what_is_not_allowed_is_said_before_anything_runs() -> None:
    def refused(match: str, **more: object) -> None:
        with pytest.raises(ValueError, match=match):
            ran(10**9, advance=pytest.fail, **more)

    with pytest.raises(ScenarioError, match=r"preventoin.*did you mean prevention"):
        simulate(small(), ["preventoin"], 10**9)
    with pytest.raises(ValueError, match="once"):
        simulate(small(), ["prevention", "prevention"], 10**9)
    with pytest.raises(ValueError, match="once"):
        simulate(small(), [], 10**9)
    refused("did you mean monthly_deaths", series=("monthly_death",))
    refused("events of run 1000000000", events=(1, 10**9))
    refused("threads 0", threads=0)
    refused("years 0", years=0)
    refused("run 4999999999", first_run=4 * 10**9)
    refused("run -1", first_run=-1)
    with pytest.raises(ValueError, match="runs 0"):
        ran(0)
    with pytest.raises(ValueError, match="seed"):
        simulate(small(), "prevention", 1, -1)


def test_policies_default_to_those_that_are_compared() -> None:
    assert simulate(small(), runs=1).policies == POLICIES
    assert simulate(scenario_with({"a": {}}), runs=1, years=1).policies == ("no-assistance",)
    assert r2psim.simulate is simulate


def test_a_world_without_groups_or_bodies_is_run_and_stored(tmp_path: Path) -> None:
    results = simulate(scenario_with({"a": {}}), runs=3, years=1, histories=True, series=tuple(SERIES), events=(0,))
    results.save(tmp_path / "out")
    assert_same(Results.load(tmp_path / "out"), results)
    assert np.isnan(results.values("no-assistance", "months_to_help")).all()
    assert (results.series["no-assistance"]["states_stage_0"] == 1.0).all()


# -- a run opened ------------------------------------------------------------------------------------------------------


def test_an_opened_run_is_the_run(full: Results) -> None:
    model = full.open(4, "prevention", month=7)
    assert (model.month, model.drive, model.policy, model.running) == (7, "rows", "prevention", True)
    history = model.history()
    assert same(history.group["stage"].astype(np.int8), full.stages["prevention"][2][:8])
    model.run_model()
    assert same(metrics_of(model.rows, model.months), full.metrics["prevention"][2])
    model.close()
    first = full.open(2)
    assert (first.month, first.policy) == (0, POLICIES[0])
    first.close()


def test_what_cannot_be_opened_is_refused(full: Results) -> None:
    for words, match in (
        ((1,), "run 1 is not allowed.*2 to 6"),
        ((7,), "run 7"),
        ((2, "preventoin"), "did you mean prevention"),
        ((2, None, full.months + 1), "month 25"),
        ((2, None, -1), "month -1"),
    ):
        with pytest.raises(ValueError, match=match):
            full.open(*words)
    with pytest.raises(ValueError, match="did you mean deaths"):
        full.values("prevention", "death")
    assert "runs=5" in repr(full)


def test_a_shipped_scenario_is_named() -> None:
    by_name = simulate("seminar", "prevention", runs=2, seed=3, years=1)
    assert same(by_name.metrics, simulate(load("seminar"), ["prevention"], 2, 3, years=1).metrics)
