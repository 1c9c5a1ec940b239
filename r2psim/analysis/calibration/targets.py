"""Targets: what a calibrated world must reproduce, read from a table; and the verdict on a simulated value."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, nan
from pathlib import Path

from r2psim.analysis.calibration.definitions import DEFINITIONS
from r2psim.scenario.errors import ScenarioError, listing, nearest
from r2psim.world.csv_tables import Complaints, Row, Sheet, read_sheet

__all__ = ["SHIPPED", "VERDICTS", "Measured", "Target", "TargetError", "read_targets"]

SHIPPED = Path(__file__).with_name("targets.csv")
"""The targets that ship, with their sources."""

COLUMNS = ("id", "quantity", "definition", "target", "low", "high", "source")

VERDICTS = {
    "inside": "the simulated value lies in the accepted band",
    "overlaps": "it does not, but its 90 % interval overlaps the band",
    "outside": "neither does",
    "unknown": "these runs do not tell",
}
"""Verdicts and what they mean."""


class TargetError(ValueError):
    """A table of targets that cannot be used; the message names the file, the line, and what is allowed."""


@dataclass(frozen=True, slots=True)
class Target:
    """One row of the table.

    Attributes
    ----------
    id : str
        Key of `r2psim.analysis.calibration.definitions.DEFINITIONS`.
    quantity, definition, source : str
        What it is, exactly how it is measured, where it comes from.
    target, low, high : float
        Value in the record, and the band that is accepted.
    """

    id: str
    quantity: str
    definition: str
    target: float
    low: float
    high: float
    source: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A target and what the model makes of it.

    Attributes
    ----------
    target : Target
        The target.
    value : float
        Over all runs; NaN where they do not tell.
    low, high : float
        The middle 90 % of single runs, each about as long a record as the real one.
    """

    target: Target
    value: float
    low: float = nan
    high: float = nan

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`."""
        if not isfinite(self.value):
            return "unknown"
        if self.target.low <= self.value <= self.target.high:
            return "inside"
        return "overlaps" if self.low <= self.target.high and self.high >= self.target.low else "outside"


def read_targets(path: Path = SHIPPED) -> tuple[Target, ...]:
    """Read a table of targets.

    Parameters
    ----------
    path : Path
        A CSV file with the columns ``id, quantity, definition, target, low, high, source``. It may leave targets out.

    Raises
    ------
    TargetError
        If it cannot be read, a column is missing, a target has no definition or is there twice, or a number is none,
        or lies outside its own band.

    Examples
    --------
    >>> len(read_targets())
    28
    """
    try:
        sheet = read_sheet(path, (), "targets")
    except ScenarioError as error:
        raise TargetError(f"{path}: cannot be read as a table of targets: {error}") from None
    missing = [name for name in COLUMNS if name not in sheet.columns]
    if missing:
        raise TargetError(f"{path}: no column {missing[0]!r}: needed are {', '.join(COLUMNS)}")
    found: dict[str, Target] = {}
    for row in sheet.rows:
        target = _target(sheet, row, f"{path}, line {row.line}")
        if target.id in found:
            raise TargetError(f"{path}, line {row.line}: id: {target.id} is there already")
        found[target.id] = target
    return tuple(found.values())


def _target(sheet: Sheet, row: Row, place: str) -> Target:
    cells = row.cells
    name = cells["id"]
    if name not in DEFINITIONS:
        near = nearest(name, DEFINITIONS)
        hint = f" (did you mean {near}?)" if near else ""
        raise TargetError(f"{place}: id: {name!r} has no definition: one of {listing(DEFINITIONS)}{hint}")
    numbers = {}
    for column in ("target", "low", "high"):
        number = Complaints().number(sheet, row, column, -inf, inf, column)
        if number is None:
            raise TargetError(f"{place}: {column}: {cells[column]!r} is not allowed: a number")
        numbers[column] = number
    target, low, high = numbers["target"], numbers["low"], numbers["high"]
    if not low < high or not low <= target <= high:
        raise TargetError(
            f"{place}: {name}: target {target} is not allowed: between low {low} and high {high}, low first"
        )
    return Target(name, cells["quantity"], cells["definition"], target, low, high, cells["source"])
