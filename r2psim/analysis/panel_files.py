"""The files of a panel of country-years: which file is which, and forecasts that others made of the same states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from r2psim.analysis.observed_onsets import MARKS, StateIds, renamed, state_numbers
from r2psim.scenario.errors import Problem, ScenarioError, listing
from r2psim.world.csv_tables import Complaints, Sheet, read_sheet
from r2psim.world.layouts import import_data
from r2psim.world.state_identity import COW, GW, numbering_of

__all__ = ["FORECASTS", "KINDS", "PanelFiles", "read_forecasts", "years_of"]

KINDS = {
    "predictors": "country-years in a layout of the Early Warning Project",
    "groups": "groups in the layout of Ethnic Power Relations",
    "contiguity": "direct contiguity of the Correlates of War project",
    "onsets": "year and state of each onset, or country-years with a column such as mk_onset",
}
"""What a panel is made of."""

FORECASTS = ("risk_prev", "probability", "forecast", "risk")
"""Columns that hold a forecast, 0-1; the first that a file has is read."""

_IDENTITY = {"iso3", "ccode", "gwid", "name"}
_GROUPS = {"from", "to", "group", "size", "status"}
_LONGEST = 65_536
_YEARS = (1800, 2200)


@dataclass(frozen=True, slots=True)
class PanelFiles:
    """The files of a panel.

    Attributes
    ----------
    predictors, groups, contiguity, onsets : Path
        As of `KINDS`.
    """

    predictors: Path
    groups: Path
    contiguity: Path
    onsets: Path

    @classmethod
    def of(cls, directory: Path, onsets: Path | None = None) -> PanelFiles:
        """Find the files of a panel by the names of their columns.

        Parameters
        ----------
        directory : Path
            Holds one file of each kind; what else lies there is no matter.
        onsets : Path, optional
            Those, whatever the directory holds of them.

        Raises
        ------
        ScenarioError
            If a kind is missing, or there are two files of a kind.
        """
        if not directory.is_dir():
            what = "is a file, and the directory of a panel is needed" if directory.exists() else "no such directory"
            raise ScenarioError([Problem(str(directory), "", None, what)])
        found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
        for file in sorted(directory.glob("*.csv")):
            kind = kind_of(_head(file))
            if kind in found:
                found[kind].append(file)
        if onsets is not None:
            found["onsets"] = [onsets]
        problems = []
        for kind, files in found.items():
            if not files:
                what = f"no CSV file of the kind {kind}: {KINDS[kind]}"
                problems.append(Problem(str(directory), "", None, what))
            elif len(files) > 1:
                way = "say which by --onsets" if kind == "onsets" else "leave one of them there"
                what = f"{len(files)} files of the kind {kind}: {listing([file.name for file in files])}; {way}"
                problems.append(Problem(str(directory), "", None, what))
        if problems:
            raise ScenarioError(problems)
        return cls(**{kind: files[0] for kind, files in found.items()})


def _head(file: Path) -> set[str]:
    """Give the names of the columns of a file, as far as they can be read at a glance."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_LONGEST).decode("utf-8-sig", "replace")
    except OSError:
        return set()
    lines = [line for line in text.splitlines()[:2] if not line.startswith("sep=")]
    first = lines[0] if lines else ""
    mark = max(",;\t", key=first.count)
    return {renamed(cell.strip().strip('"')) for cell in first.split(mark)}


def kind_of(columns: set[str]) -> str | None:
    """Say of what kind a file with these columns is; `forecasts` is one too, None is none.

    Examples
    --------
    >>> kind_of({"ccode", "year"}), kind_of({"state1no", "state2no", "conttype"}), kind_of({"a", "b"})
    ('onsets', 'contiguity', None)
    """
    data = import_data()
    needed = [name for name, spec in data["predictors"].items() if not spec.get("absent")]
    there = [name for name in needed if {name, *data["aliases"].get(name, {})} & columns]
    if 2 * len(there) > len(needed):
        return "predictors"
    if columns >= _GROUPS:
        return "groups"
    if "conttype" in columns:
        return "contiguity"
    if set(FORECASTS) & columns:
        return "forecasts"
    states = "year" in columns and columns & _IDENTITY
    return "onsets" if states and (columns <= {"year", "", *_IDENTITY} or columns & set(MARKS)) else None


def years_of(predictors: Path) -> tuple[int, ...]:
    """Give the years of which a file of predictors has rows, in order.

    Raises
    ------
    ScenarioError
        If it has no column of years, or something else in it.
    """
    sheet = read_sheet(predictors, ("year",), "the predictors of a panel")
    complaints = Complaints()
    found = {
        int(year)
        for row in sheet.rows
        if (year := complaints.number(sheet, row, "year", *_YEARS, "year", whole=True)) is not None
    }
    complaints.settle()
    return tuple(sorted(found))


def read_forecasts(
    path: Path, worlds: Mapping[int, Mapping[str, Mapping[str, Any]]]
) -> tuple[dict[int, dict[str, float]], tuple[str, ...]]:
    """Read forecasts that others made of the windows of a panel.

    Parameters
    ----------
    path : Path
        A row for each state and year: ``iso3`` (or ``iso3c``), ``ccode`` or ``gwid``; one of the columns `FORECASTS`;
        and the year after which the window begins, the last one that the forecaster knew: ``prev_year``, or ``year``
        where there is none of that name.
    worlds : mapping of int to mapping
        Year of the data -> id of a state -> ``iso3c`` and ``ccode``.

    Returns
    -------
    forecasts : dict of int to dict of str to float
        Year of the data -> id -> forecast.
    notes : tuple of str
        How the file was read, what became of its rows.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the rows of those years.
    """
    sheet = read_sheet(path, (), "forecasts", renamed)
    complaints = Complaints()
    value, made = _columns(sheet, complaints)
    complaints.settle()
    number = next((name for name in ("ccode", "gwid") if name in sheet.columns), "")
    own = GW if number == "gwid" else COW
    numbering = numbering_of(state_numbers(sheet, number), own)
    ids = {year: StateIds(codes, year) for year, codes in worlds.items()}
    found: dict[int, dict[str, float]] = {year: {} for year in worlds}
    counts: Counter[str] = Counter()
    for row in sheet.rows:
        year = complaints.number(sheet, row, made, *_YEARS, "year", whole=True)
        if year is None or int(year) not in worlds:
            counts["of other years"] += 1
            continue
        chance = complaints.number(sheet, row, value, 0.0, 1.0, "forecast, 0-1")
        if chance is None:
            counts[f"with nothing in {value}"] += 1
            continue
        key = ids[int(year)].find(sheet, row, number, int(year), numbering, complaints)
        if key is None:
            counts["of states that are not in the world of that year"] += 1
        elif key in found[int(year)]:
            allowed = f"one forecast for each state and {made}"
            complaints.add(sheet.file, made, int(year), allowed, row.line)
        else:
            found[int(year)][key] = chance
    complaints.settle()
    used = sum(map(len, found.values()))
    rest = f"; {', '.join(f'{n:,} {what}' for what, n in counts.items())}" if counts else ""
    account = (
        f"{path.name}: {len(sheet.rows):,} rows; forecasts of these windows: {used:,}, by the columns {value} and"
        f" {made}{rest}."
    )
    told = [note.replace(str(path), path.name) for note in sheet.told()]
    others = dict.fromkeys(f"{path.name}: {note}." for each in ids.values() for note in each.notes)
    return found, (*told, account, *others)


def _columns(sheet: Sheet, complaints: Complaints) -> tuple[str, str]:
    """Find the columns of the forecast and of the year in which it was made."""
    value = next((name for name in FORECASTS if name in sheet.columns), "")
    made = next((name for name in ("prev_year", "year") if name in sheet.columns), "")
    if not value:
        complaints.columns(sheet, [FORECASTS[1]], f"forecasts (or {listing([FORECASTS[0], *FORECASTS[2:]])})")
    if not made:
        complaints.columns(sheet, ["year"], "forecasts")
    if not {"iso3", "ccode", "gwid"} & set(sheet.columns):
        complaints.add(sheet.file, "", None, "no column iso3, ccode or gwid, by which a state is known", 1)
    if value == FORECASTS[0] and made == "year":
        allowed = f"the column {value} stands beside prev_year, the last year that the forecaster knew; there is none"
        complaints.add(sheet.file, "", None, allowed, 1)
    return value, made
