"""Amounts are US$ wherever they leave the model, and every column says what it is, whoever reads the file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from batch_worlds import do, write

from r2psim import History, R2PModel, Results, simulate
from r2psim.analysis.comparison import compare
from r2psim.analysis.comparison_export import write_comparison
from r2psim.analysis.export import write_run
from r2psim.analysis.summary import summarise
from r2psim.declarations.columns import BODY, TABLES
from r2psim.ensemble.batch.export import export
from r2psim.ensemble.batch.stored_batch import open_batch
from r2psim.ensemble.measures import SERIES
from r2psim.scenario import load
from r2psim.scenario.parameters import PARAMETERS
from r2psim.world.codebook import column_about, file_metadata, path_about, tagged

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

SEED, RUN, POLICY = 7, 1, "late-response"

BATCH = """
schema = 1
title = "Units"
scenario = "seminar"
policies = ["late-response", "prevention"]
runs = 2
series = ["monthly_deaths", "monthly_spent_response"]
[factors]
"assistance.budget_scale" = { values = [0.5, 1.0] }
"bodies.good-offices.budget" = { values = [1e6, 2e6] }
years = { values = [1, 2] }
[design]
kind = "one-at-a-time"
"""


@pytest.fixture(scope="module")
def history() -> History:
    model = R2PModel("seminar", POLICY, seed=SEED, run=RUN, years=2, drive="rows")
    model.run_model()
    model.close()
    return model.history()


@pytest.fixture(scope="module")
def results() -> Results:
    policies = [POLICY, "prevention"]
    return simulate("seminar", policies, 2, SEED, years=2, series=list(SERIES), histories=True, events=[RUN])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, history: History, results: Results) -> list[Path]:
    """Every Parquet file that a verb or a method writes."""
    folder = tmp_path_factory.mktemp("units")
    (folder / "run").mkdir()
    write_run(history, {}, summarise(history), folder / "run")
    results.save(folder / "results")
    (folder / "compare").mkdir()
    write_comparison(compare(load("seminar"), ["late-response", "prevention"], 2, 1, 1), {}, folder / "compare")
    do(write(folder, BATCH), folder / "batch")
    batch = open_batch(folder / "batch")
    for table in ("runs", "series", "points"):
        export(batch, "parquet", folder / f"batch-{table}.parquet", table)
    return sorted(folder.rglob("*.parquet"))


def test_every_column_of_every_file_says_unit_meaning_and_source(written: list[Path]) -> None:
    tables = {
        (file.parent.parent.name if file.parent.name in ("runs", "series") else file.parent.name) for file in written
    }
    assert {"run", "results", "compare", "batch"} <= tables
    for file in written:
        for field in pq.read_schema(file):
            told = field.metadata or {}
            assert all(told.get(key) for key in (b"unit", b"description", b"source")), (file.name, field.name)


def test_no_two_columns_of_one_name_have_different_units_and_none_is_in_cents(written: list[Path]) -> None:
    units: dict[str, set[str]] = {}
    for file in written:
        for field in pq.read_schema(file):
            units.setdefault(field.name, set()).add(field.metadata[b"unit"].decode())
    assert {name: found for name, found in units.items() if len(found) > 1} == {}
    assert not [name for name, found in units.items() if "cent" in "".join(found)]
    assert {"US$"} == set().union(*(units[name] for name in ("dollars", "spent", "spent_prevention", "gdp_lost")))


def test_an_amount_is_the_same_number_in_every_table_and_interface(history: History, results: Results) -> None:
    model = R2PModel("seminar", POLICY, seed=SEED, run=RUN, years=2, drive="rows")
    model.run_model()
    bodies = history.to_pandas("bodies")
    last = bodies[bodies["month"] == history.months - 1]
    for name in ("spent_prevention", "spent_response"):
        amounts = {
            "metric": results.values(POLICY, name)[RUN],
            "summary": summarise(history)[name],
            "history": history.body[name][-1].sum(),
            "bodies": last[name].sum(),
            "agents": sum(body[name] for body in model.body_agents),
            "series": results.series[POLICY][f"monthly_{name}"][RUN].sum(),
            "labelled": float(history.to_xarray()[f"body_{name}"].isel(month=-1).sum()),
        }
        assert amounts["metric"] > 1000.0
        assert amounts == pytest.approx(dict.fromkeys(amounts, amounts["metric"]), rel=1e-12), name
    spent = results.spending[POLICY].sum()
    assert spent == pytest.approx(results.to_pandas("yearly").query("policy == @POLICY")["dollars"].sum())
    assert spent == pytest.approx(
        np.mean(results.values(POLICY, "spent_prevention") + results.values(POLICY, "spent_response"))
    )
    body = model.body_agents[model.world.bodies.index("peacebuilding")]
    received = body["budget"] * model.months / 12.0
    assert body["received"] == pytest.approx(received, rel=0.01)
    model.close()


def test_every_column_that_the_rules_hold_in_cents_is_told_in_dollars() -> None:
    for table in TABLES.values():
        for column in table.columns:
            assert "cent" not in column_about(column, table).unit, f"{table.kind}.{column.name}"
    assert [c.name for c in BODY.columns if "cent" in c.unit], "there is nothing to tell in dollars any more"


def test_pandas_polars_and_duckdb_show_the_units(written: list[Path]) -> None:
    pandas, polars, duckdb = (pytest.importorskip(name) for name in ("pandas", "polars", "duckdb"))
    for file in written:
        field = pq.read_schema(file)[-1]
        unit = field.metadata[b"unit"].decode()
        assert pandas.read_parquet(file).attrs["columns"][field.name]["unit"] == unit
        assert json.loads(polars.read_parquet_metadata(file)["columns"])[field.name]["unit"] == unit
        query = f"select decode(value) from parquet_kv_metadata('{file}') where key = 'columns'"
        assert json.loads(duckdb.sql(query).fetchall()[0][0])[field.name]["unit"] == unit


def test_data_frames_and_labelled_arrays_show_them_too(history: History, results: Results, written: list[Path]) -> None:
    batch = open_batch(next(file for file in written if file.name == "points.parquet").parent)
    frames = [history.to_pandas(table) for table in ("states", "groups", "bodies", "events")]
    frames += [results.to_pandas(table) for table in ("runs", "spending", "yearly", "series", "stages", "events")]
    frames += [batch.to_pandas(table) for table in ("runs", "series", "points")]
    for frame in frames:
        assert list(frame.attrs["columns"]) == list(frame.columns)
        assert all(about["unit"] and about["description"] for about in frame.attrs["columns"].values())
    for data in (history.to_xarray(), results.to_xarray(), batch.to_xarray()):
        assert all(variable.attrs["units"] and variable.attrs["long_name"] for variable in data.data_vars.values())
    declared = PARAMETERS["assistance.budget_scale"]
    assert batch.to_xarray()["assistance.budget_scale"].attrs["long_name"] == declared.description
    runs = batch.to_pandas().attrs["columns"]
    assert runs["bodies.good-offices.budget"]["unit"] == BODY["budget"].unit
    assert runs["years"]["unit"] == "years"


def test_a_history_as_tables_and_labelled_arrays(history: History) -> None:
    states, world = history.to_pandas(), history.world
    assert len(states) == (history.months + 1) * len(world.states)
    assert states["month"].iloc[0] == -1
    third = states[states["id"] == world.states[3]]
    np.testing.assert_array_equal(third["gdp"], history.state["gdp"][:, 3])
    data = history.to_xarray()
    assert float(data["state_gdp"].sel(month=5, state=world.states[3])) == history.state["gdp"][6, 3]
    assert data["group_stage"].dims == ("month", "group")
    assert len(history.to_pandas("events")) == len(history.events)
    with pytest.raises(ValueError, match=r"table 'body' is not there.*did you mean bodies"):
        history.to_arrow("body")


def test_a_column_that_nobody_describes_does_not_leave_the_model() -> None:
    with pytest.raises(KeyError, match="secret"):
        tagged(pa.table({"secret": [1.0]}), {})


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("observation.noise", PARAMETERS["observation.noise"].unit),
        ("parameters.observation.noise", PARAMETERS["observation.noise"].unit),
        ("policies.prevention.parameters.observation.noise", PARAMETERS["observation.noise"].unit),
        ("states.drevna.gdp", "US$ a year"),
        ("states.drevna.groups.north.share", "0-1"),
        ("forms.media.lag", "as in the scenario file"),
    ],
)
def test_what_a_path_is_set_to_has_the_unit_of_what_it_sets(path: str, unit: str) -> None:
    assert path_about(path).unit == unit


def test_the_codebook_of_a_file_is_no_larger_than_it_needs_to_be(written: list[Path]) -> None:
    part = next(file for file in written if file.parent.name == "runs")
    assert sum(map(len, file_metadata(pq.read_schema(part)).values())) < 16_000
