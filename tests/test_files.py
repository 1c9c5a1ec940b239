"""Files that a user gives cost little, whatever is in them: bounds before parsing, complaints that are counted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from r2psim.analysis.calibration.evaluation_cache import EvaluationCache
from r2psim.analysis.calibration.free_parameters import FreeError, read_free
from r2psim.analysis.calibration.targets import TargetError, read_targets
from r2psim.analysis.checkpoints import KeptArrays
from r2psim.ensemble.batch.loading import load_experiment
from r2psim.ensemble.batch.manifest import Manifest
from r2psim.ensemble.results import Results
from r2psim.ensemble.store import OutputError, read_json
from r2psim.files import JSON, LONGEST_NUMBER, TOML, ContentError, FileError, parse_json, parse_toml, statements
from r2psim.scenario import Scenario, ScenarioError, load
from r2psim.scenario import errors as scenario_errors
from r2psim.scenario.errors import MOST_TOLD
from r2psim.scenario.loading import scenario_of
from r2psim.scenario.trials import read_trials
from r2psim.seminar import SeminarError
from r2psim.seminar.export import read_session
from r2psim.verbs import calibration_identify
from r2psim.world import csv_tables
from r2psim.world.assistance import build_assistance
from r2psim.world.csv_tables import read_sheet
from r2psim.world.expand import expand

SMALL = replace(TOML, depth=3, values=6)


def text_file(folder: Path, text: str, name: str = "case.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(load_it: Callable[[Path], Any], path: Path) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load_it(path)
    return list(map(str, caught.value.problems))


# -- before anything is parsed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = [[[1]]]", None, ""),
        ("\na = [[[[1]]]]", 2, "nested too deeply: more than 3"),
        ("a = {b = [[[]]]}", 1, "nested too deeply"),
        ('a = "[[[[[[" # [[[[[', None, ""),
        ('a = """\n[[[[\n"""\nb = [[[[1]]]]', 4, "nested too deeply"),
        ("a = '''\n[[[[\n'''\nb = '[[[['", None, ""),
        ("a.b.c = 1", None, ""),
        ("a.'b' . c . d = 1", 1, "a key of more than 3 parts"),
        ("x = 1.5\ny = 1.5\nz = 1.5", None, ""),
        ("a = [1, 2, 3, 4, 5]", None, ""),
        ("a = [1,\n2, 3, 4, 5, 6]", 2, "too many values"),
        ("a=1\nb=1\nc=1\nd=1\ne=1\nf=1\ng=1", 7, "too many values"),
    ],
)
def test_what_is_deep_or_much_is_refused_with_its_line(text: str, line: int | None, words: str) -> None:
    if not words:
        assert parse_toml(text, "x", SMALL)
        return
    with pytest.raises(ContentError, match=words) as caught:
        parse_toml(text, "x", SMALL)
    assert caught.value.line == line


def test_json_is_bounded_likewise() -> None:
    bounds = replace(JSON, depth=3, values=6)
    assert parse_json('{"a [[[[[[ \\" [[[[": [1, [2]]}', "x", bounds)
    for text, words in (
        ('\n{"a": [[[]]]}', "x:2: lists and tables are nested too deeply"),
        ("[1,\n2,3,4,5,6,7]", "x:2: too many values"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * (LONGEST_NUMBER + 1), "too many digits"),
        ("[1,]", r"x:1: not valid JSON: .* \(line 1, column [34]\)"),
        ('"\\' * 1000, "not valid JSON"),
    ):
        with pytest.raises(ContentError, match=words):
            parse_json(text, "x", bounds)


@pytest.mark.parametrize("number", ["9" * 5000, "0x" + "f" * 5000, "1." + "0" * 5000, "-" + "1" * 5000])
def test_a_number_has_so_many_digits(number: str) -> None:
    with pytest.raises(ContentError, match="x:2: a number has too many digits"):
        parse_toml(f"a = 1\nb = [{number}]", "x")


def test_statements_are_those_of_the_text_wherever_lines_end() -> None:
    text = 'a = """\n[x]\nb = 1\n"""\r\n\n# c = [\n[t]\nd = [\n 1, # ]\n "]\\"",\n] # e\n"f.g" = {h = 1}\n'
    found = [(each.line, each.text.split("\n")[0]) for each in statements(text)]
    assert found == [(1, 'a = """'), (7, "[t]"), (8, "d = ["), (12, '"f.g" = {h = 1}')]


def test_a_long_list_hides_no_lines_after_it(tmp_path: Path) -> None:
    rows = "  # ]\n" * 3_000
    path = text_file(tmp_path, f"schema = 1\n[states.a]\nneighbours = [\n{rows}'b']\npopulation = -1\n")
    assert any(":3005: states.a.population" in problem for problem in problems_of(load, path))


# -- complaints --------------------------------------------------------------------------------------------------------

SOURCES = ", ".join(f'"s{i}"' for i in range(2_000))
KEYS = "\n".join(f"k{i} = 1" for i in range(2_000))


@pytest.mark.parametrize(
    ("load_it", "text"),
    [
        (load, f"schema = 1\n[states.a]\n[forms.mediation]\nsource = [{SOURCES}]\n"),
        (load, f"schema = 1\n[states.a]\nneighbours = [{SOURCES}]\n"),
        (load, f"schema = 1\n[states.a]\n{KEYS}\n"),
        (load, f"schema = 1\n[states.a]\n[parameters]\n{KEYS}\n"),
        (load_experiment, f'schema = 1\nscenario = "insurgency"\nmetrics = [{SOURCES}]\ndesign.kind = "grid"\n'),
        (load_experiment, f'schema = 1\nscenario = "insurgency"\npolicies = [{SOURCES}]\ndesign.kind = "grid"\n'),
        (read_trials, f"[trials.a]\nforms = [{SOURCES}]\n{KEYS}\n"),
    ],
    ids=["sources", "neighbours", "keys", "parameters", "metrics", "policies", "trials"],
)
def test_of_thousands_of_problems_the_first_are_told_and_the_others_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load_it: Callable[[Path], Any], text: str
) -> None:
    asked = []
    looked_for = scenario_errors.get_close_matches
    monkeypatch.setattr(
        scenario_errors, "get_close_matches", lambda *given: asked.append(given[0]) or looked_for(*given)
    )
    found = problems_of(load_it, text_file(tmp_path, text))
    assert len(found) == MOST_TOLD + 1
    assert found[-1].endswith("more problems of such kinds") and "1,9" in found[-1]
    assert len(asked) <= MOST_TOLD + 5, "nearest names are looked up for those that are shown"


def test_an_experiment_has_a_bounded_number_of_factors(tmp_path: Path) -> None:
    factors = "\n".join(f'factors."states.x{i}.population" = {{ low = 1, high = 2 }}' for i in range(1_001))
    text = f'schema = 1\nscenario = "insurgency"\n{factors}\ndesign.kind = "grid"\n'
    found = problems_of(load_experiment, text_file(tmp_path, text))
    assert any('factors: "1,001 factors" is not allowed: at most 1,000' in problem for problem in found)


def test_what_a_file_removes_and_refers_to_all_the_same_is_told(tmp_path: Path) -> None:
    text_file(tmp_path, 'schema = 1\n[states.a]\n[states.b]\nneighbours = ["a"]\n[states.c]\n', "base.toml")
    head = 'extends = "base.toml"\n'
    only_removed = text_file(tmp_path, f"{head}[states.a]\nremove = true\n", "removed.toml")
    assert load(only_removed).states["b"].neighbours == ()
    for order in (0, 1):
        parts = ["[states.a]\nremove = true\n", '[states.c]\nneighbours = ["a"]\n']
        both = text_file(tmp_path, head + "".join(parts[:: 1 - 2 * order]), f"both{order}.toml")
        assert ['states.c.neighbours: "a" is not allowed' in found for found in problems_of(load, both)] == [True]


def test_plain_data_is_bounded_as_files_are(tmp_path: Path) -> None:
    wide = {"schema": 1, "states": {"a": {f"k{i}": i for i in range(TOML.values)}}}
    with pytest.raises(ScenarioError, match="too many values for a scenario"):
        scenario_of(wide, "session.json")
    trials = "".join(f"[trials.t{i}]\n" for i in range(1_001))
    assert "1,001 trials" in problems_of(read_trials, text_file(tmp_path, trials))[0]


# -- what is valid can run ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [5e-324, 1e-300, 1e-10, 1.0])
def test_a_side_that_has_next_to_nothing_gets_its_share(tmp_path: Path, budget: float) -> None:
    bodies = "".join(
        f'[bodies.{name}]\nkind = "partner"\nmembers = "all"\nmandates = ["{mandate}"]\nbudget = {has}\n'
        for name, mandate, has in (("early", "human-rights-office", budget), ("late", "humanitarian", 1e11))
    )
    share = "[policies.p.parameters.assistance]\nprevention_share = 0.25\n"
    scenario: Scenario = expand(load(text_file(tmp_path, f"schema = 1\n[states.a]\n{bodies}{share}")))
    rows = build_assistance(scenario, "p").bodies
    found = {key: row["budget"] for key, row in zip(scenario.bodies, rows, strict=True)}
    assert found["late"] > 1e9 and found["early"] == pytest.approx(found["late"] / 3, rel=1e-6)


# -- every reader ------------------------------------------------------------------------------------------------------


READERS: dict[str, tuple[Callable[[Path], Any], type[Exception]]] = {
    "scenario": (load, ScenarioError),
    "experiment": (load_experiment, ScenarioError),
    "trials": (read_trials, ScenarioError),
    "table": (lambda path: read_sheet(path, (), "rows"), ScenarioError),
    "targets": (read_targets, TargetError),
    "free parameters": (read_free, FreeError),
    "session": (read_session, SeminarError),
    "provenance": (read_json, OutputError),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"[" * 100_000, b"\x00", b"{}", b"9" * 9_999, b'"' * 9_999], ids=lambda c: repr(c[:3])
)
def test_every_reader_refuses_in_its_own_words(tmp_path: Path, name: str, content: bytes) -> None:
    read, refusal = READERS[name]
    path = tmp_path / "case.toml"
    path.write_bytes(content)
    if (name, content) == ("provenance", b"{}"):
        assert read(path) == {}
        return
    with pytest.raises(refusal, match=r"case\.toml"):
        read(path)


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="needs devices")
@pytest.mark.parametrize("name", READERS)
def test_a_device_is_no_file(tmp_path: Path, name: str) -> None:
    read, refusal = READERS[name]
    path = tmp_path / "case.toml"
    path.symlink_to("/dev/null")
    with pytest.raises(refusal, match="not a regular file"):
        read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs devices")
def test_what_a_directory_keeps_is_read_from_regular_files(tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").symlink_to("/dev/null")
    with pytest.raises(OutputError, match="not a regular file"):
        Manifest(tmp_path / "manifest.jsonl").read()


def test_a_table_has_a_bounded_number_of_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = text_file(tmp_path, "a,b\n" + "1,2\n" * 10, "case.csv")
    assert len(read_sheet(path, (), "rows").rows) == 10
    monkeypatch.setattr(csv_tables, "BOUNDS", replace(csv_tables.BOUNDS, values=28))
    assert problems_of(lambda p: read_sheet(p, (), "rows"), path)[0].endswith("too many cells: more than 28")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(JSON.size + 1)
    with pytest.raises(OutputError, match="too large for JSON: more than 16 MiB"):
        read_json(path)
    with pytest.raises(FileError, match="too large"):
        load_text = scenario_errors.read_text
        load_text(path, TOML)


def test_a_session_says_how_deep_it_may_be(tmp_path: Path) -> None:
    path = text_file(tmp_path, json.dumps({"format": "r2psim seminar"})[:-1] + ', "version": ' + "[" * 40_000, "s.json")
    with pytest.raises(SeminarError, match="nested too deeply: more than 32"):
        read_session(path)


VALUES = ("1.5", "NaN", "9" * 400)
"""Of a target: a number, one that runs do not tell, and one that no float holds."""

# -- what fuzzing found ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["9" * 400, "nan", "-inf", "true"])
def test_a_number_that_no_float_holds_is_none(tmp_path: Path, value: str) -> None:
    best = text_file(tmp_path, f'"assistance.openness" = {value}\n', "best.toml")
    with pytest.raises(typer.BadParameter, match=r"assistance\.openness: .* is not allowed: a number"):
        calibration_identify._point(best, {"assistance.openness"})
    free = text_file(tmp_path, f'["assistance.openness"]\nlow = {value}\nhigh = 1\n', "free.toml")
    with pytest.raises(FreeError, match=r"low: .* is not allowed: a number"):
        read_free(free)


@pytest.mark.parametrize("key", ["runs", "months", "seed", "first_run"])
@pytest.mark.parametrize("value", [-1, 2**70, 1e400, 1.5, True, "1", None, []])
def test_a_provenance_with_an_odd_number_is_damaged(tmp_path: Path, key: str, value: Any) -> None:
    facts = {"seed": 1, "runs": 2, "months": 12, "first_run": 0, "policies": ["a"], "r2psim": "0"} | {key: value}
    text_file(tmp_path, json.dumps(facts), "provenance.json")
    with pytest.raises(OutputError, match=rf"provenance\.json: is damaged: {key}: .* is not allowed: a whole number"):
        Results.load(tmp_path)


@pytest.mark.parametrize("path", ["forms.mediation", "parameters", "x"])
def test_a_path_of_an_override_has_so_many_parts(path: str) -> None:
    with pytest.raises(ScenarioError, match="a path of at most 16 parts"):
        load("insurgency", [f"{path}{'.a' * 500}=1"])
    deep = load("insurgency", "title=" + "[" * 150).title
    assert deep.startswith("[[[["), "what is no TOML is text"


def test_an_evaluation_that_no_float_holds_is_done_again(tmp_path: Path) -> None:
    lines = [
        '{"key": {"a": 1}}',
        *(f'{{"number": {i}, "x": [0.5], "values": {{"t": {v}}}}}' for i, v in enumerate(VALUES)),
    ]
    text_file(tmp_path, "\n".join(lines) + "\n", "evaluations.jsonl")
    told: list[str] = []
    assert len(EvaluationCache(tmp_path, {"a": 1}, tell=told.append)) == 2
    assert len(told) == 1 and "line 4 its values are not numbers by name" in told[0]


def test_a_piece_that_is_packed_in_an_unknown_way_is_done_again(tmp_path: Path) -> None:
    with KeptArrays(tmp_path / "kept", "runs", "study", (), {"a": 1}) as kept:
        kept.keep("x", {"a": np.arange(3.0)})
        file = next((tmp_path / "kept" / "runs").glob("*.npz"))
        whole = bytearray(file.read_bytes())
        whole[whole.index(b"PK\x01\x02") + 10] = 99  # how it is packed
        file.write_bytes(whole)
        assert kept.arrays("x") is None
