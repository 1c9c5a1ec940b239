"""The layouts in which country-year predictors are published: under which name, and on which scale, a file has them.

The names and scales of each edition are declared in ``import.toml``.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from r2psim.world.csv_tables import Complaints, Row, Sheet

__all__ = ["Layout", "Scale", "import_data", "layout_of"]

Scale = tuple[Callable[[float], float], Callable[[float], float]]
"""From what a column holds to the predictor, and back."""

_SCALES: dict[str, tuple[Scale | None, str]] = {
    "same": (None, ""),
    "log2": ((lambda x: 2.0**x, math.log2), "2 to the power of it"),
    "ln": ((lambda x: math.exp(min(x, 700.0)), math.log), "e to the power of it"),
    "log2 of one more": ((lambda x: 2.0**x - 1.0, lambda y: math.log2(y + 1.0)), "2 to the power of it, less one"),
    "ln of one more": ((lambda x: x / math.log(2.0), lambda y: y * math.log(2.0)), "on the scale of base 2"),
    "count": ((lambda x: math.log2(max(x, 0.0) + 1.0), lambda y: 2.0**y - 1.0), "logarithm to base 2 of it and one"),
}
"""Scales of ``import.toml``, and how the predictor comes of what the column holds."""


@cache
def import_data() -> dict[str, Any]:
    """Give the mapping from predictors to variables, as in ``import.toml``."""
    with Path(__file__).with_name("import.toml").open("rb") as file:
        return tomllib.load(file)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a file has each predictor.

    Attributes
    ----------
    columns : dict of str to (str, Scale or None)
        Predictor -> column and scale; no entry where the file does not have it.
    notes : list of str
        Which predictors are read from columns of another name.
    """

    columns: dict[str, tuple[str, Scale | None]]
    notes: list[str]

    def __contains__(self, predictor: str) -> bool:
        return predictor in self.columns

    def text(self, row: Row, predictor: str) -> str:
        """Give a cell as text, empty where it is missing."""
        return row.text(self.columns[predictor][0]) if predictor in self.columns else ""

    def written(self, row: Row, predictor: str) -> str | None:
        """Give a cell as it is written; None where it is empty or there is no such column."""
        return (row.cells.get(self.columns[predictor][0]) or None) if predictor in self.columns else None

    def column(self, predictor: str) -> str:
        """Give the name of its column in the file."""
        return self.columns[predictor][0] if predictor in self.columns else predictor

    def number(self, complaints: Complaints, sheet: Sheet, row: Row, predictor: str, needed: str = "") -> float | None:
        """Read a predictor as a number, within what it may hold; `needed` as in `Complaints.number`."""
        spec = import_data()["predictors"][predictor]
        column, scale = self.columns.get(predictor, (predictor, None))
        whole = spec.get("whole", False)
        return complaints.number(
            sheet, row, column, spec["low"], spec["high"], spec["unit"], whole, scale=scale, needed=needed
        )


def layout_of(sheet: Sheet) -> Layout:
    """Find the predictors of a file, and refuse one without those that it must have.

    Raises
    ------
    ScenarioError
        With every column that is missing.
    """
    data = import_data()
    columns: dict[str, tuple[str, Scale | None]] = {}
    notes = []
    for predictor in (*data["predictors"], *(name for name in data["aliases"] if name not in data["predictors"])):
        if predictor in sheet.columns:
            columns[predictor] = (predictor, None)
            continue
        for name, scale in data["aliases"].get(predictor, {}).items():
            if name in sheet.columns:
                columns[predictor] = (name, _SCALES[scale][0])
                how = f" ({_SCALES[scale][1]})" if _SCALES[scale][1] else ""
                notes.append(f"{sheet.file}: {predictor} is read from the column {name}{how}.")
                break
    complaints = Complaints()
    needed = [name for name, spec in data["predictors"].items() if not spec.get("absent")]
    complaints.columns(sheet, [name for name in needed if name not in columns], "country predictors")
    if "iso3c" not in columns and "ccode" not in columns:
        complaints.columns(sheet, ["iso3c"], "country predictors (or ccode)")
    complaints.settle()
    return Layout(columns, notes)
