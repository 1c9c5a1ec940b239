"""Points of a design ``csv``: a table whose columns are paths of the scenario, a row for each point."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from r2psim.ensemble.batch.experiment import Value
from r2psim.scenario.errors import Problem, ScenarioError, told
from r2psim.world.csv_tables import Sheet, read_sheet

__all__ = ["Table", "read_points"]

_INDEX = {"", "x", "v1", "unnamed: 0", "index", "row", "point"}
"""Names under which spreadsheets, R, pandas and our own tables number the rows."""


@dataclass(frozen=True)
class Table:
    """The points as the file has them.

    Attributes
    ----------
    file : str
        Name of the file, as messages give it.
    paths : tuple of str
        Names of the columns.
    rows : tuple of tuple
        A value for each path.
    lines : tuple of int
        Line of each row.
    notes : tuple of str
        How the file was read, where it is not written as usual.
    """

    file: str
    paths: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()


def read_points(path: Path) -> Table:
    """Read the points of a table.

    Parameters
    ----------
    path : Path
        The file; see `r2psim.world.csv_tables.read_sheet` for what is read.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the table as such: no columns, two of a name, empty cells.
    """
    sheet = read_sheet(path, (), "a line of paths and a line for each point")
    notes = sheet.told()
    columns = [column for column in sheet.columns if column]
    if columns and columns[0].casefold() in _INDEX and _counts(sheet, columns[0]):
        notes.append(f"{sheet.file}: the column {columns[0]} numbers the rows, and is not read.")
        columns = columns[1:]
    if not columns:
        raise ScenarioError([Problem(sheet.file, "", None, "needs a line of paths, and a line for each point", line=1)])
    problems = [
        Problem(sheet.file, column, None, "a value in every row: what a point leaves out has no meaning", line=row.line)
        for row in sheet.rows
        for column in columns
        if not row.cells[column]
    ]
    if problems:
        raise ScenarioError(told(problems))
    commas = sheet.decimal_comma
    rows = tuple(tuple(_cell(row.cells[column], commas) for column in columns) for row in sheet.rows)
    return Table(sheet.file, tuple(columns), rows, tuple(row.line for row in sheet.rows), tuple(notes))


def _counts(sheet: Sheet, column: str) -> bool:
    """Say whether a column counts the rows, from 0 or from 1."""
    cells = [row.cells[column] for row in sheet.rows]
    return any(cells == [str(k) for k in range(first, first + len(cells))] for first in (0, 1))


def _cell(text: str, decimal_comma: bool) -> Value:
    if decimal_comma and re.fullmatch(r"[+-]?\d*,\d+", text):
        text = text.replace(",", ".")
    if text.casefold() in ("true", "false"):  # as spreadsheets and R write them
        text = text.casefold()
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, KeyError, RecursionError):
        return text
    return value if isinstance(value, int | float | str | bool) else text
