"""Observed onsets of mass killing, read from a list of them or from country-years with a column of 0 and 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from r2psim.world.csv_tables import Complaints, Row, Sheet, one_line, read_sheet
from r2psim.world.facts import facts
from r2psim.world.state_identity import COW, GW, LISTS, identify, numbering_of

__all__ = ["MARKS", "StateIds", "observed_onsets", "onset_years", "renamed", "state_numbers"]

MARKS = ("onset", "mk_onset", "mk.onset", "mkl.start", "mk_start", "mk_onset_count")
"""Columns that say whether a country-year had an onset: 0, or 1 and more for one; the first that a file has is read."""

_NAMES = {
    "iso3": ("iso3c", "iso"),
    "ccode": ("cowcode", "COWcode", "ccode_cow"),
    "gwid": ("gwcode", "gwno", "gw"),
    "name": ("ewp_name", "country", "country_name", "statename"),
}
_RENAMED = {other: name for name, others in _NAMES.items() for other in others}
_YEARS = (1800, 2200)


def renamed(column: str) -> str:
    """Give the name under which a column that says which state is meant is read: iso3, ccode, gwid or name."""
    return _RENAMED.get(column, column)


def observed_onsets(
    path: Path, codes: Mapping[str, Mapping[str, Any]], first: int, last: int
) -> tuple[dict[str, bool], tuple[str, ...]]:
    """Read which states saw an onset within some years.

    Parameters
    ----------
    path : Path
        Columns ``year``, and ``iso3`` (or ``iso3c``), ``ccode`` or ``gwid``; a row for each onset, or a row for each
        country-year with one of the columns `MARKS`.
    codes : mapping of str to mapping
        Id of a state -> ``iso3c`` and ``ccode``.
    first, last : int
        Years of the window.

    Returns
    -------
    happened : dict of str to bool
        By id, for every state.
    notes : tuple of str
        How the file was read, what became of its rows.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the rows of those years.
    """
    sheet = read_sheet(path, ("year",), "onsets", renamed)
    complaints = Complaints()
    if not {"iso3", "ccode", "gwid"} & set(sheet.columns):
        complaints.add(sheet.file, "", None, "no column iso3, ccode or gwid, by which a state is known", 1)
    mark = _mark(sheet, complaints)
    complaints.settle()
    number = next((name for name in ("ccode", "gwid") if name in sheet.columns), "")
    numbering = numbering_of(state_numbers(sheet, number), GW if number == "gwid" else COW)
    ids = StateIds(codes, first - 1)
    happened = dict.fromkeys(codes, False)
    counts: Counter[str] = Counter()
    for row in sheet.rows:
        year = complaints.number(sheet, row, "year", *_YEARS, "year", whole=True, needed="the year of the onset")
        if year is None or not first <= year <= last:
            counts[f"outside of {first} to {last}"] += 1
            continue
        onset = _onset(sheet, row, mark, complaints)
        if onset is None:
            counts[f"of the window with nothing in {mark}, which count as none"] += 1
        elif onset == 0.0:
            counts["of the window without an onset"] += 1
        else:
            known = ids.find(sheet, row, number, int(year), numbering, complaints)
            counts["onsets in the window" if known else "of states that are not in this world"] += 1
            if known:
                happened[known] = True
    complaints.settle()
    used = counts.pop("onsets in the window", 0)
    rest = f"; {', '.join(f'{n:,} {what}' for what, n in counts.items())}" if counts else ""
    account = f"{path.name}: {len(sheet.rows):,} rows; onsets in the window of {first} to {last}: {used:,}{rest}."
    notes = [note.replace(str(path), path.name) for note in sheet.told()]
    if mark:
        notes.append(f"{path.name}: read by its column {mark}; a row of 0 is no onset.")
    if number and numbering != (GW if number == "gwid" else COW):
        notes.append(f"{path.name}: its state numbers are those of {LISTS[numbering]}; read as such.")
    return happened, (*notes, account, *(f"{path.name}: {note}." for note in ids.notes))


def onset_years(path: Path) -> tuple[int, int]:
    """Give the first and the last year of which a file tells onsets; of a table of country-years those of its rows.

    Raises
    ------
    ScenarioError
        If it holds no year.
    """
    sheet = read_sheet(path, ("year",), "onsets", renamed)
    complaints = Complaints()
    years = [complaints.number(sheet, row, "year", *_YEARS, "year", whole=True) for row in sheet.rows]
    found = [int(year) for year in years if year is not None]
    if not found:
        complaints.add(sheet.file, "year", None, "holds no year")
    complaints.settle()
    return min(found), max(found)


class StateIds:
    """The states of a world, by what files may call them."""

    def __init__(self, codes: Mapping[str, Mapping[str, Any]], year: int) -> None:
        self.notes: dict[str, None] = {}
        self._by_state: dict[str, str] = {}
        self._by_number: dict[int, str] = {}
        for key, entry in codes.items():
            code, number = str(entry["iso3c"]), int(entry["ccode"])
            found = identify(code, number or None, "", year)
            self._by_state[found.state or code] = key
            self._by_number[number] = key

    def find(
        self, sheet: Sheet, row: Row, column: str, year: int, numbering: str, complaints: Complaints
    ) -> str | None:
        """Give the id of the state of a row; None where it is not in the world, or refused and noted."""
        code, name = row.text("iso3").upper(), one_line(row.text("name"))
        value = complaints.number(sheet, row, column, 1, 99999, "state number", whole=True) if column else None
        number = None if value is None else int(value)
        own = self._by_state.get(code) if facts().is_free(code) else None
        if own is not None and (number is None or self._by_number.get(number) == own):
            return own
        found = identify(code, number, name, year, numbering)
        if not found.refused:
            return self._by_state.get(found.state)
        if not code and number is not None:  # of no list: that of an invented state, or of nobody
            if number not in self._by_number:
                self.notes[f"line {row.line}: {number} is a state number that no list has; left out"] = None
            return self._by_number.get(number)
        if not facts().is_free(code):
            where = "iso3" if "iso3" in sheet.columns else column
            allowed = f"a state of the world, or another that there is or was: {found.refused}"
            complaints.add(sheet.file, where, row.cells.get(where) or None, allowed, row.line, found.near)
        return None


def state_numbers(sheet: Sheet, column: str) -> list[tuple[int, int]]:
    """Give the state numbers of a file, each with its year."""
    found = []
    for row in sheet.rows if column else ():
        number = Complaints().number(sheet, row, column, 1, 99999, "state number", whole=True)
        year = Complaints().number(sheet, row, "year", *_YEARS, "year", whole=True)
        if number is not None and year is not None:
            found.append((int(number), int(year)))
    return found


def _mark(sheet: Sheet, complaints: Complaints) -> str:
    """Find the column that says which rows are onsets; empty where every row is one.

    A column of 0 and 1 that is not known could say it too: then it would be wrong to count every row.
    """
    for name in MARKS:
        if name in sheet.columns:
            return name
    for column in sheet.columns:
        cells = {cell for row in sheet.rows if (cell := row.text(column))}
        if column not in ("", "year", *_NAMES) and "0" in {cell.removesuffix(".0") for cell in cells} and _flags(cells):
            allowed = (
                f"the column {column} holds 0 and 1 only: if it says which rows are onsets, name it onset; if not, take"
                " it out, for without a column onset every row is one"
            )
            complaints.add(sheet.file, "", None, allowed, 1)
            break
    return ""


def _flags(cells: set[str]) -> bool:
    return {cell.removesuffix(".0") for cell in cells} <= {"0", "1"}


def _onset(sheet: Sheet, row: Row, mark: str, complaints: Complaints) -> float | None:
    """Say whether a row is an onset: 0 if not, None where the file does not tell."""
    if not mark:
        return 1.0
    if row.cells.get(mark, "").casefold() in {"true", "false"}:
        return float(row.cells[mark].casefold() == "true")
    return complaints.number(sheet, row, mark, 0, 20, "onsets, 0 or 1", whole=True)
