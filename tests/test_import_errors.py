"""Files that cannot be imported: a message says where, what and what is allowed; nothing is written."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import run_command
from hypothesis import given, settings
from hypothesis import strategies as st
from import_files import SAMPLES, files, imported, with_cell, with_cells, with_column

from r2psim.scenario.errors import ScenarioError
from r2psim.world.csv_tables import Complaints, Row, Sheet

Change = Callable[[str], str | bytes]


def without_column(column: str) -> Change:
    """Take a column away."""

    def change(text: str) -> str:
        lines = [line.split(",") for line in text.rstrip("\n").split("\n")]
        place = lines[0].index(column)
        return "\n".join(",".join(cells[:place] + cells[place + 1 :]) for cells in lines) + "\n"

    return change


def emptied(column: str) -> Change:
    """Take every value of a column away."""

    def change(text: str) -> str:
        for line in range(2, text.count("\n") + 1):
            text = str(with_cell(line, column, "")(text))
        return text

    return change


def repeated(line: int) -> Change:
    """Put a line in twice."""

    def change(text: str) -> str:
        lines = text.rstrip("\n").split("\n")
        return "\n".join([*lines, lines[line - 1]]) + "\n"

    return change


def renamed(old: str, new: str) -> Change:
    """Write the first place of a text otherwise."""
    return lambda text: text.replace(old, new, 1)


CASES: list[tuple[str, str, Change, tuple[str, ...]]] = [
    # file, name of the case, change, what the message holds
    ("predictors", "no column", without_column("mk_ever"), ("country_state.csv:1", "no column mk_ever")),
    ("predictors", "misspelt column", renamed("freediscussion", "freedisscusion"),
     (":1", "no column freediscussion", "did you mean freedisscusion?")),
    ("predictors", "column twice", renamed("efindex", "exclpop"), (":1", "two columns are named exclpop")),
    ("predictors", "no number", with_cell(3, "un_imr_sqrt", "high"),
     (":3", "un_imr_sqrt", '"high" is not allowed', "a number from 0 to 25")),
    ("predictors", "share above one", with_cell(4, "exclpop", "1.2"), (":4", "exclpop", "1.2", "from 0 to 1")),
    ("predictors", "share in percent", with_cell(4, "exclpop", "12 %"), (":4", "exclpop", "12 %")),
    ("predictors", "negative population", with_cell(2, "wdi.popsize.new", "-5"), (":2", "wdi.popsize.new")),
    ("predictors", "no population", with_cell(2, "wdi.popsize.new", ""),
     (":2", "nothing is not allowed", "none can stand in for that of Ildemgar (XAA)", "--leave-out XAA")),
    ("predictors", "population as a logarithm", with_cell(2, "wdi.popsize.new", "24.6"),
     (":2", "24.6", "a logarithm")),
    ("predictors", "income as a logarithm", with_cell(2, "wdi.gdppc.new", "7.1"), (":2", "7.1", "not a logarithm")),
    ("predictors", "growth that may be a code", with_cell(2, "gdppcgrowth", "-99"),
     (":2", "-99", "may stand for a missing value", "write -99.0")),
    ("predictors", "an error of a spreadsheet", with_cell(2, "un_imr_sqrt", "#REF!"), (":2", "#REF!", "#N/A")),
    ("predictors", "infinite", with_cell(2, "gdppcgrowth", "inf"), (":2", "gdppcgrowth", "inf")),
    ("predictors", "underscore in a number", with_cell(2, "wdi.gdppc.new", "1_000"), (":2", "1_000")),
    ("predictors", "half a flag", with_cell(2, "mk_ever", "0.5"), (":2", "mk_ever", "a whole number from 0 to 1")),
    ("predictors", "unknown code", with_cells(2, iso3c="RWX", ccode="517"),
     (":2", "iso3c", "RWX", "did you mean RWA, by the number 517?")),
    ("predictors", "unknown code of a known name", with_cells(2, iso3c="RWX", ewp_name="Rwannda"),
     (":2", "iso3c", "RWX", "did you mean RWA, by the name Rwanda?")),
    ("predictors", "code and number of two states", with_cells(2, iso3c="AUS", ccode="305"),
     (":2", "AUS", "Australia", "305", "Austria")),
    ("predictors", "an invented code without a number", with_cell(2, "ccode", ""), (":2", "ccode", "a state number")),
    ("predictors", "no code and a number of no list", with_cells(2, iso3c="", ccode="996"), (":2", "ccode", "996")),
    ("predictors", "no code", with_cell(2, "iso3c", ""), (":2", "iso3c", "ISO 3166-1")),
    ("predictors", "no state number", with_cell(2, "ccode", ""), (":2", "ccode")),
    ("predictors", "state twice", repeated(2), (":14", "iso3c", "XAA", "line 2 has it already")),
    ("predictors", "number twice", with_cell(3, "ccode", "1001"), (":3", "ccode", "1001", "line 2")),
    ("predictors", "no row of the year", with_column("year", lambda k: "2012"),
     ("year", "2014 is not allowed", "2012 to 2012", "did you mean 2012?")),
    ("predictors", "no year", with_column("year", lambda k: "" if k == 3 else "2014"), (":3", "year", "the year")),
    ("predictors", "stage six", with_cell(2, "stage_operational", "6"), (":2", "stage_operational", "0 to 4")),
    ("predictors", "half a peacekeeper", with_column("peacekeepers", lambda k: "0.5" if k == 3 else ""),
     (":3", "peacekeepers", "0.5", "a whole number from 0")),
    ("predictors", "empty column", emptied("un_imr_sqrt"), ("un_imr_sqrt", "a value for one state at least")),
    ("predictors", "cells too many", renamed("Ildemgar", "Ildem,gar"), (":2", "36 cells where the first row names 35")),
    ("predictors", "open quote", renamed("Ildemgar", '"Ildemgar'), ("not comma-separated text",)),
    ("predictors", "latin-1", lambda text: text.replace("Ildemgar", "Ildémgar").encode("latin-1"),
     (":2", "not UTF-8 text: byte 0xe9", "save as CSV UTF-8")),
    ("predictors", "UTF-16", lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"), ("UTF-16",)),
    ("predictors", "spreadsheet", lambda text: b"PK\x03\x04" + text.encode(), ("a spreadsheet or archive",)),
    ("predictors", "null characters", renamed("Ildemgar", "Ild\0emgar"), (":2", "null characters")),
    ("predictors", "empty", lambda text: "", ("empty",)),
    ("predictors", "only names of columns", lambda text: text.split("\n")[0] + "\n", ("no rows",)),
    ("groups", "no column", without_column("status"), ("epr_groups.csv:1", "no column status")),
    ("groups", "unknown status", with_cell(2, "status", "POWERLES"), (":2", "status", "did you mean POWERLESS?")),
    ("groups", "size above one", with_cell(2, "size", "25"), (":2", "size", "25", "from 0 to 1")),
    ("groups", "no size", with_cell(2, "size", ""), (":2", "size", "share of the population")),
    ("groups", "a size that is coded as missing", with_cell(2, "size", "-99"), (":2", "size", "-99")),
    ("groups", "sizes above the whole", with_cell(3, "size", "0.4"), ("size", "at most 1 together", "XAA")),
    ("groups", "no name", with_cell(2, "group", ""), (":2", "group", "the name of the group")),
    ("groups", "group twice", repeated(2), ("group", "once in its state and year", "line 2")),
    ("groups", "no number of a state", with_cell(2, "gwid", "Ildemgar"), (":2", "gwid", "the number of a state")),
    ("groups", "no state", with_cell(2, "gwid", ""), (":2", "gwid")),
    ("groups", "years turned round", with_cell(2, "to", "1990"), (":2", "to", "1990")),
    ("groups", "another century", lambda text: text.replace("2017", "1999").replace("20", "19"),
     ("from", "a year within the period", "the file has 19", "did you mean 1999?")),
    ("groups", "other states only", lambda text: text.replace("\n10", "\n20"), ("gwid", "no group is of any of them")),
    ("contiguity", "no column", without_column("conttype"), ("contiguity.csv:1", "no column conttype")),
    ("contiguity", "unknown type", with_cell(2, "conttype", "9"), (":2", "conttype", "9", "2 to 5 across water")),
    ("contiguity", "no number of a state", with_cell(2, "ccode2", "next door"), (":2", "ccode2", "the number of a")),
    ("contiguity", "no date", with_column("stdate", lambda k: "last spring" if k == 2 else "1990"),
     (":2", "begin", "last spring", "1990-10-01, 199010 or 1990")),
    ("contiguity", "its own neighbour", with_cell(2, "ccode2", "1001"), (":2", "ccode2", "other than ccode1")),
    ("contiguity", "other states only", lambda text: text.replace("10", "20"), ("ccode1", "no border is of any")),
    ("contiguity", "a later year only", with_column("year", lambda k: "2016"), ("year", "2014", "from 2016 on")),
]  # fmt: skip


@pytest.mark.parametrize(("key", "change", "words"), [(k, c, w) for k, _, c, w in CASES],
                         ids=[f"{k}: {n}" for k, n, _, _ in CASES])  # fmt: skip
def test_the_message_says_where_and_what(key: str, change: Change, words: tuple[str, ...], tmp_path: Path) -> None:
    found = files(tmp_path, **{key: change})
    with pytest.raises(ScenarioError) as caught:
        imported(found)
    message = str(caught.value)
    assert message.startswith(str(found[key]))
    for word in words:
        assert word in message, message
    assert len(message) < 6000


def test_nothing_is_written_and_the_exit_code_is_two(tmp_path: Path) -> None:
    found = files(tmp_path, predictors=with_cells(2, iso3c="RWX", ccode="517"), groups=with_cell(2, "size", "7"))
    out = tmp_path / "world"
    words = [word for key, file in found.items() for word in (f"--{key}", str(file))]
    code, told = run_command(["import-world", *words, "--year", "2014", "--out", str(out)])
    assert code == 2
    assert "did you mean RWA, by the number 517?" in told
    assert "Traceback" not in told
    assert not out.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["country_state.csv", "epr_groups.csv"]


def test_every_problem_of_a_file_is_told_up_to_a_limit(tmp_path: Path) -> None:
    def change(text: str) -> str:
        for line in range(2, 14):
            for column in ("exclpop", "mk_ever", "minorityrule"):
                text = str(with_cell(line, column, "many")(text))
        return text

    with pytest.raises(ScenarioError) as caught:
        imported(files(tmp_path, predictors=change))
    assert len(caught.value.problems) == 26
    assert "11 more problems" in str(caught.value)


@pytest.mark.parametrize("missing", ["file", "directory"])
def test_no_such_file(missing: str, tmp_path: Path) -> None:
    found = files() | {"groups": tmp_path / "no.csv" if missing == "file" else tmp_path}
    with pytest.raises(ScenarioError, match="no such file" if missing == "file" else "a directory"):
        imported(found)


# -- what can be read without a guess ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (lambda text: "\ufeff" + text, None),
        (lambda text: text.replace("\n", "\r\n"), None),
        (lambda text: text.replace("\n", "\n\n"), None),
        (lambda text: text.replace(",", " , "), None),
        (lambda text: text.replace(",", ";"), "semicolons"),
        (lambda text: text.replace(",", ";").replace(".", ",").replace("wdi,", "wdi."), "semicolons"),
        (lambda text: text.replace(",", "\t"), "tabs"),
        (lambda text: text.replace("NA", "nan"), None),
    ],
    ids=["byte order mark", "CRLF", "empty lines", "blanks", "semicolons", "decimal commas", "tabs", "other NA"],
)
def test_other_ways_of_writing_the_same(change: Change, note: str | None, tmp_path: Path) -> None:
    def mended(text: str) -> str | bytes:
        made = change(text)
        if isinstance(made, str) and ";" in made:
            _, _, rest = made.partition("\n")
            return (SAMPLES / "country_state.csv").read_text("utf-8").partition("\n")[0].replace(",", ";") + "\n" + rest
        return made

    found = imported(files(tmp_path, predictors=mended))
    assert found.tables == imported(files()).tables
    assert note is None or any(note in told for told in found.notes)


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    found = imported(files(tmp_path, groups=with_cell(2, "status", "STATE COLLAPSE")))
    assert len(found.tables["states"]) == 12
    assert any("Elsewhere" in note for note in found.notes)
    scaled = imported(files(tmp_path, groups=with_cell(3, "size", "0.23")))
    assert any("XAA (1.019) sum to just above 1 and are scaled" in note for note in scaled.notes)
    assert sum(g["share"] for g in scaled.tables["states"]["xaa"]["groups"].values()) <= 1.0


@given(st.text(max_size=12))
@settings(max_examples=60)
def test_a_cell_is_a_number_missing_or_refused(text: str) -> None:
    complaints = Complaints()
    sheet = Sheet("file", ("x",), [])
    row = Row(2, {"x": text.strip()})
    value = complaints.number(sheet, row, "x", 0.0, 1.0, "share")
    assert value is None or 0.0 <= value <= 1.0
    assert (value is None) == (not row.text("x") or bool(complaints.problems) or "x" in sheet.coded)
