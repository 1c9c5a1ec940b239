"""Layouts of the published predictors, and other ways to write a table: read alike, or called what they are."""

from __future__ import annotations

import bz2
import gzip
import lzma
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from field_files import NAMES, Files, Row, border, country, pair, table, told

from r2psim.world.countries import read_countries
from r2psim.world.csv_tables import read_sheet


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Give the files, in a folder of their own."""
    return Files(tmp_path)


# -- layouts of the published predictors -------------------------------------------------------------------------------

EDITIONS: dict[str, dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "of 2025": {
        "wdi.popsize.new": ("popsize.log2", math.log2),
        "mk_ongoing_count": ("mk_ongoing_count_log2", lambda n: math.log2(n + 1)),
    },
    "of August 2024": {
        "ewp_name": ("country", str),
        "wdi.popsize.new": ("wdi.popsize.log2.combined", math.log2),
        "gdppcgrowth": ("wdi.gdppcgrow.new.combined", float),
        "un_imr_sqrt": ("imr.fwd.fill.sqrt", float),
        "battledeaths.log2": ("battledeaths.ln2", float),
        "mk_ongoing_count": ("mk_ongoing_count_log", lambda n: math.log2(n + 1)),
    },
    "of 2023": {
        "ewp_name": ("country", str),
        "wdi.popsize.new": ("wdi.popsize.log2", math.log2),
        "gdppcgrowth": ("gdppcgrowth.combined", float),
        "battledeaths.log2": ("battledeaths.ln", lambda x: x * math.log(2.0)),
        "mk_ongoing_count": ("mk_ongoing_count_log", lambda n: math.log2(n + 1)),
    },
}
WITHOUT = ("iso3c", "wdi.gdppc.new", "exclpop")


@pytest.mark.parametrize("edition", list(EDITIONS))
def test_published_editions_of_the_predictors_are_read_as_they_are(files: Files, edition: str) -> None:
    rows = [
        country("RWA", 517, "Rwanda", mk_ongoing_count=2, **{"battledeaths.log2": 7.25}),
        country("BDI", 516, "Burundi", un_imr_sqrt=7.5),
        country("TZA", 510, "Tanzania", gdppcgrowth=-1.25),
    ]
    files.groups = [group for row in rows for group in pair(row["ccode"], row["ewp_name"])]
    files.contiguity = [border(517, 516), border(517, 510)]
    files.predictors = rows
    usual, _ = read_countries(files.paths()["predictors"], 2014)
    files.predictors = []
    for row in rows:
        made = {key: value for key, value in row.items() if key not in WITHOUT}
        for predictor, (column, scale) in EDITIONS[edition].items():
            made[column] = scale(made.pop(predictor))
        files.predictors.append(made | {"year": 2014, "widetargeting": 0})
    world = files.world()
    found, account = read_countries(files.paths()["predictors"], 2014)
    for one, other in zip(usual, found, strict=True):
        for predictor, value in other.values.items():
            assert value == pytest.approx(one.values[predictor], rel=1e-9, abs=1e-9), predictor
    assert [c.iso3 for c in found] == ["RWA", "BDI", "TZA"]
    assert account.not_read == ["widetargeting"]
    assert "widetargeting" in world.accounts["predictors"].as_data()["columns_not_read"]
    by = {(entry.iso3, entry.column): entry for entry in world.filled}
    assert by["RWA", "exclpop"].value == pytest.approx(0.25)
    assert "from un_imr_sqrt" in by["RWA", "wdi.gdppc.new"].rule
    # Fewer infants die where incomes are higher: the stand-in follows the correlation of the record.
    assert by["BDI", "wdi.gdppc.new"].value < by["RWA", "wdi.gdppc.new"].value
    assert "wdi.popsize.new is read from the column" in told(world)


def test_a_value_on_another_scale_is_checked_on_that_scale(files: Files) -> None:
    files.predictors = [
        {**{k: v for k, v in row.items() if k != "wdi.popsize.new"}, "popsize.log2": 22.5} for row in files.predictors
    ]
    files.predictors[1]["popsize.log2"] = 5_000_000
    message = files.refused()
    assert "popsize.log2" in message and "a number from 8.96578 to 31.4823" in message


# -- the reader of tables ----------------------------------------------------------------------------------------------

WAYS: dict[str, Callable[[list[Row]], str]] = {
    "semicolons and decimal commas": lambda rows: table(
        [{k: str(v).replace(".", ",") for k, v in row.items()} for row in rows], ";"
    ),
    "tabs and decimal commas": lambda rows: table(
        [{k: str(v).replace(".", ",") for k, v in row.items()} for row in rows], "\t"
    ),
    "a line that names the separator": lambda rows: "sep=;\n" + table(rows, ";"),
    "a byte order mark and a blank last row": lambda rows: "\ufeff" + table(rows) + "," * (len(rows[0]) - 1) + "\n\n",
    "an index column without a name": lambda rows: table([{"": k, **row} for k, row in enumerate(rows, 1)]),
    "row names as R writes them": lambda rows: "".join(
        line if k == 0 else f'"{k}",{line}' for k, line in enumerate(table(rows).splitlines(keepends=True))
    ),
    "separators at the end of rows": lambda rows: table(rows).replace("\n", ",\n"),
    "columns of quoted names": lambda rows: ",".join(f'"{c}"' for c in rows[0]) + "\n" + table(rows).split("\n", 1)[1],
}


@pytest.mark.parametrize("way", list(WAYS))
def test_other_ways_to_write_a_table_are_read_alike(way: str, tmp_path: Path) -> None:
    rows = Files(tmp_path).predictors
    file = tmp_path / "predictors.csv"
    file.write_text(table(rows), encoding="utf-8")
    usual, _ = read_countries(file, 2014)
    file.write_text(WAYS[way](rows), encoding="utf-8")
    found, account = read_countries(file, 2014)
    lines = [country.line for country in found]
    assert [(c.iso3, c.values) for c in found] == [(c.iso3, c.values) for c in usual]
    assert lines == [c.line + ("names the separator" in way) for c in usual]
    assert len(account.notes) > 1 or "semicolons" not in way


def test_thousands_are_not_taken_for_decimals(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("a\tb\n1,500\t2\n", encoding="utf-8")
    assert not read_sheet(file, (), "rows").decimal_comma
    file.write_text("a\tb\n1,5\t2\n", encoding="utf-8")
    assert read_sheet(file, (), "rows").decimal_comma


R_DATA = b"RDX3\nX\n" + bytes(range(200))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bz2.compress(R_DATA), "a file of R, compressed by bzip2"),
        (lzma.compress(R_DATA), "a file of R, compressed by xz"),
        (gzip.compress(R_DATA, mtime=0), "a file of R, compressed by gzip"),
        (R_DATA, "a file of R"),
        (gzip.compress(b"ccode,iso3c\n", mtime=0), "compressed by gzip"),
        (bz2.compress(R_DATA)[:12], "compressed by bzip2 (as files of R, .rda and .rds, are)"),
        (b"\xd0\xcf\x11\xe0" + bytes(20), "a spreadsheet or document of an older kind"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
    ],
)
@pytest.mark.parametrize("key", NAMES)
def test_files_that_are_no_tables_are_called_what_they_are(files: Files, key: str, content: bytes, words: str) -> None:
    setattr(files, key, content)
    message = files.refused()
    assert words in message and "byte 0x" not in message
