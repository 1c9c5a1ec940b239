"""What there is to choose from: as data frames, on the command line, and for whoever checks types."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import r2psim
from r2psim.analysis.listings import TABLES, table_of
from r2psim.cli import app
from r2psim.declarations.channels import CHANNELS, MANDATES
from r2psim.ensemble.measures import METRICS, SERIES
from r2psim.scenario import load, shipped_names
from r2psim.scenario.parameters import PARAMETERS

SEMINAR = load("seminar")
EXPECTED = {
    "metrics": METRICS,
    "series": SERIES,
    "parameters": PARAMETERS,
    "forms": SEMINAR.forms,
    "policies": SEMINAR.policies,
    "bodies": SEMINAR.bodies,
    "channels": CHANNELS,
    "mandates": MANDATES,
    "scenarios": shipped_names(),
}


def listed(*words: str) -> str:
    done = CliRunner().invoke(app, ["list", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_every_table_is_tried_here() -> None:
    assert set(EXPECTED) == set(TABLES)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_table_has_a_row_for_everything_that_is_declared(name: str) -> None:
    frame = getattr(r2psim, name)()
    assert list(frame.index) == list(EXPECTED[name])
    assert [frame.index.name, *frame.columns] == list(TABLES[name].columns)
    assert all(about["unit"] and about["description"] for about in frame.attrs["columns"].values())
    rows = json.loads(listed(name, "--json"))
    assert [row[frame.index.name] for row in rows] == list(frame.index)
    assert rows == table_of(name)
    text = listed(name)
    assert all(key in text for key in EXPECTED[name])


@pytest.mark.parametrize("name", EXPECTED)
def test_no_word_is_broken_where_a_table_has_many_columns(name: str) -> None:
    text = listed(name)
    words = {word for row in table_of(name) for word in str(row.get("description", row.get("title", ""))).split()}
    assert words <= set(text.split())
    assert all(len(line.rstrip()) <= 110 for line in text.splitlines())


def test_rows_say_what_the_declarations_say() -> None:
    p = PARAMETERS["triggers.coup.base"]
    row = r2psim.parameters().loc[p.path]
    assert (row["unit"], row["default"], row["low"], row["high"], row["label"]) == (
        p.unit, p.default, p.low, p.high, p.label,
    )  # fmt: skip
    form = SEMINAR.forms["mediation"]
    assert r2psim.forms().loc["mediation", "unit_cost"] == form.unit_cost
    assert r2psim.bodies("seminar").loc["good-offices", "budget"] == SEMINAR.bodies["good-offices"].values["budget"]
    world = r2psim.scenarios().loc["world"]
    assert world["states"] == load("world").generate.states


def test_a_scenario_changes_what_it_says(tmp_path: Path) -> None:
    changed = load("seminar", ["observation.noise=0.31", "forms.mediation.unit_cost=8e6"])
    assert r2psim.parameters(changed).loc["observation.noise", "value"] == 0.31
    assert r2psim.forms(changed).loc["mediation", "unit_cost"] == 8e6
    assert list(r2psim.bodies("world").index) == list(load("world").bodies)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["metrcs"], "metrcs is not allowed: one of metrics, series"),
        (["metrcs"], "did you mean metrics?"),
        (["metrics", "--scenario", "world"], "scenario world is not allowed: metrics are the same in every scenario"),
        (["--scenario", "world"], "say what to list"),
    ],
)
def test_what_cannot_be_listed_is_refused(words: list[str], told: str) -> None:
    done = CliRunner().invoke(app, ["list", *words])
    assert done.exit_code == 2
    assert told in done.output


def test_a_scenario_that_is_not_there_is_refused_in_one_line() -> None:
    words = [sys.executable, "-m", "r2psim", "list", "bodies", "--scenario", "wrld"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean world?" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_pandas_the_command_works_and_the_functions_say_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert "deaths" in listed("metrics")
    with pytest.raises(ImportError, match=r"needs pandas.*r2psim\[data\]"):
        r2psim.metrics()


def test_completion_offers_every_name_and_each_is_there() -> None:
    names = dir(r2psim)
    assert {"simulate", "open", "metrics", "History"} <= set(names)
    assert all(getattr(r2psim, name) is not None for name in names)
    with pytest.raises(AttributeError, match="did you mean simulate"):
        r2psim.simulat  # noqa: B018


@pytest.mark.slow
def test_a_type_checker_knows_the_names_and_refuses_others(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    file = tmp_path / "mine.py"
    file.write_text(
        "import r2psim\n"
        'r2psim.simulat("seminar")\n'
        'r2psim.simulate("seminar", runs="many")\n'
        'reveal_type(r2psim.simulate("seminar"))\n'
        'reveal_type(r2psim.open("batch"))\n'
        "r2psim.metrics()\n",
        encoding="utf-8",
    )
    config = Path(r2psim.__file__).parents[1] / "pyproject.toml"
    words = [sys.executable, "-m", "mypy", f"--config-file={config}", "--cache-dir", str(tmp_path / "cache"), str(file)]
    told = subprocess.run(words, capture_output=True, text=True, check=False, cwd=config.parent).stdout
    assert 'mine.py:2: error: Module has no attribute "simulat"' in told
    assert 'mine.py:3: error: Argument "runs"' in told
    assert 'Revealed type is "r2psim.ensemble.results.Results"' in told
    assert 'Revealed type is "r2psim.ensemble.batch.stored_batch.Batch"' in told
    assert told.count("error:") == 2
