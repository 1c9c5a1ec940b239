"""Borders in the layouts of the Correlates of War project: which states share one over land at the end of a year."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from r2psim.world.countries import Country
from r2psim.world.csv_tables import Complaints, Row, Sheet, read_sheet
from r2psim.world.file_accounts import Account
from r2psim.world.state_identity import COW
from r2psim.world.state_lookup import Asked

__all__ = ["read_borders"]

COLUMNS = ("ccode1", "ccode2", "conttype")
_NAMES = {
    "ccode1": ("state1no", "statea", "gwcode1", "gwno1"),
    "ccode2": ("state2no", "stateb", "gwcode2", "gwno2"),
    "begin": ("stdate", "startdate", "start", "from", "begindate", "styear"),
    "end": ("enddate", "stop", "to", "endyear"),
}
"""Other names of columns, in the project's own files and elsewhere."""

_RENAMED = {other: name for name, others in _NAMES.items() for other in others}
_LAND = 1  # type of contiguity: a border over land or along a river
_NOT_DIRECT = (0, 6)  # no direct contiguity
_YEARS = (1800, 2200)
_FIRST, _LAST = (0, 1), (9999, 12)

Month = tuple[int, int]


def read_borders(path: Path, countries: Sequence[Country], year: int) -> tuple[dict[str, list[str]], Account]:
    """Read which states share a border over land.

    Parameters
    ----------
    path : Path
        The file: columns ``ccode1``, ``ccode2``, ``conttype`` (or the names of the project's own files), a row for each
        pair, in one direction or both. With a column ``year`` the rows of the latest year up to `year` are taken; with
        periods (``stdate`` and ``enddate``, or ``begin`` and ``end``) those that last at the end of the year.
    countries : sequence of Country
        The states.
    year : int
        Year asked for.

    Returns
    -------
    neighbours : dict of str to list of str
        ISO code -> ISO codes, an entry for every state.
    account : Account
        What became of the rows, and what a person should know.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the rows of that time and these states.
    """
    sheet = read_sheet(path, COLUMNS, "borders", lambda name: _RENAMED.get(name, name))
    complaints = Complaints()
    account = Account(sheet.file, len(sheet.rows), not_read=sheet.unread((*COLUMNS, "year", "begin", "end")))
    asked = Asked(countries, year, COW)
    near: dict[str, dict[str, None]] = {country.iso3: {} for country in countries}
    water: set[frozenset[str]] = set()
    standing = _standing(sheet, asked, year, complaints, account)
    asked.follow(sheet, standing, COLUMNS[:2])
    for row in standing:
        (one, first), (other, second) = (asked.find(sheet, row, column) for column in COLUMNS[:2])
        if one is None or other is None:
            for column in COLUMNS[:2]:
                asked.refuse_number(sheet, row, column, complaints)
            account.dropped["of no readable state"] += 1
        elif first is None or second is None:
            account.dropped[_why(asked, (one, other), (first, second))] += 1
        elif first is second:
            complaints.add(sheet.file, "ccode2", other, f"a state other than ccode1 ({first.iso3})", row.line)
            account.dropped["of a state and itself"] += 1
        else:
            asked.use(one, first)
            asked.use(other, second)
            kind = _kind(sheet, row, complaints)
            if kind == _LAND:
                near[first.iso3][second.iso3] = near[second.iso3][first.iso3] = None
                account.used_for["borders over land"] += 1
            elif kind in _NOT_DIRECT or kind is None:
                account.dropped["without direct contiguity (0 or 6)"] += 1
            else:
                water.add(frozenset((first.iso3, second.iso3)))
                account.dropped["across water, which makes no neighbours"] += 1
    account.without = _unmet(sheet, asked)
    if len(account.without) == len(countries) and not complaints.problems:
        row = sheet.rows[0]
        allowed = "states of the predictors, by their ccode; no border is of any of them"
        complaints.add(sheet.file, "ccode1", row.text("ccode1"), allowed, row.line)
    complaints.settle()
    if water:
        account.notes.append(
            f"{sheet.file}: pairs that only water joins ({len(water)}) are no neighbours, as in the generator."
        )
    account.notes = [*sheet.told(), *account.notes, *asked.told(sheet)]
    order = {country.iso3: place for place, country in enumerate(countries)}
    return {iso3: sorted(found, key=order.__getitem__) for iso3, found in near.items()}, account


def _why(asked: Asked, numbers: Iterable[int], found: Iterable[Country | None]) -> str:
    return next(asked.why_not(number) for number, state in zip(numbers, found, strict=True) if state is None)


def _kind(sheet: Sheet, row: Row, complaints: Complaints) -> int | None:
    """Read the type of contiguity."""
    unit = "1 land, 2 to 5 across water, 0 and 6 none"
    needed = "every pair needs one"
    kind = complaints.number(sheet, row, "conttype", 0, 6, unit, whole=True, needed=needed)
    return None if kind is None else int(kind)


def _unmet(sheet: Sheet, asked: Asked) -> list[str]:
    for row in sheet.rows:
        for column in COLUMNS[:2]:
            if (country := asked.find(sheet, row, column)[1]) is not None:
                asked.meet(country)
    return asked.unmet()


# -- when --------------------------------------------------------------------------------------------------------------


def _standing(sheet: Sheet, asked: Asked, year: int, complaints: Complaints, account: Account) -> list[Row]:
    """Give the rows that hold at the end of a year."""
    rows, at = _of_year(sheet, asked, year, complaints, account)
    periods = [name for name in ("begin", "end") if name in sheet.columns]
    if not periods:
        if "year" not in sheet.columns:
            account.notes.append(f"{sheet.file}: has no column year and no periods; taken to be of {year}.")
        return rows
    spans = {row.line: span for row in rows if (span := _span(sheet, row, asked, complaints))}
    account.dropped["of no readable period"] += len(rows) - len(spans)
    moment = (at, 12)
    latest = max((end for _, end in spans.values()), default=_LAST)
    earliest = min((begin for begin, _ in spans.values()), default=_FIRST)
    if latest < moment:
        account.notes.append(f"{sheet.file}: ends in {latest[0]}; the borders that stood then stand in for {year}.")
        moment = latest
    if spans and earliest > moment:
        complaints.add(sheet.file, "begin", year, f"a year from {earliest[0]} on", None, str(earliest[0]))
    standing = [row for row in rows if row.line in spans and spans[row.line][0] <= moment <= spans[row.line][1]]
    account.dropped["of other years"] += len(spans) - len(standing)
    return standing


def _of_year(sheet: Sheet, asked: Asked, year: int, complaints: Complaints, account: Account) -> tuple[list[Row], int]:
    """Give the rows of a year, or of the latest one before it, and the year; all where the file has no such column."""
    if "year" not in sheet.columns:
        return sheet.rows, year
    years: dict[int, list[Row]] = defaultdict(list)
    for row in sheet.rows:
        own = complaints if any(asked.find(sheet, row, column)[1] for column in COLUMNS[:2]) else Complaints()
        found = own.number(sheet, row, "year", *_YEARS, "year", whole=True, needed="the year of the row")
        if found is not None:
            years[int(found)].append(row)
    upto = [other for other in years if other <= year]
    taken = max(upto, default=None)
    account.dropped["of other years"] += len(sheet.rows) - len(years[taken] if taken is not None else ())
    if taken is None:
        if years:
            complaints.add(sheet.file, "year", year, f"a year from {min(years)} on", None, str(min(years)))
        return [], year
    if taken != year:
        account.notes.append(f"{sheet.file}: has no rows of {year}; those of {taken} are taken.")
    return years[taken], taken


def _span(sheet: Sheet, row: Row, asked: Asked, complaints: Complaints) -> tuple[Month, Month] | None:
    """Read from which month to which a row holds; complain only where it is of a state asked for."""
    own = complaints if any(asked.find(sheet, row, column)[1] for column in COLUMNS[:2]) else Complaints()
    ends = []
    for column, otherwise, part in (("begin", _FIRST, 0), ("end", _LAST, 1)):
        text = row.text(column)
        found = _months(text)
        if text and found is None:
            allowed = "a date such as 1990-10-01, 199010 or 1990, or nothing where it lasts or has always lasted"
            own.add(sheet.file, column, text, allowed, row.line)
            return None
        ends.append(found[part] if found else otherwise)
    if ends[0] > ends[1]:
        own.add(sheet.file, "end", row.text("end"), f"a date from {ends[0][0]}-{ends[0][1]:02} on", row.line)
        return None
    return ends[0], ends[1]


def _months(text: str) -> tuple[Month, Month] | None:
    """Give the first and the last month that a date may mean.

    Examples
    --------
    >>> _months("1990-10-01"), _months("199010"), _months("1990"), _months("last spring")
    (((1990, 10), (1990, 10)), ((1990, 10), (1990, 10)), ((1990, 1), (1990, 12)), None)
    """
    found = re.fullmatch(r"(\d{4})(?:\.0)?|(\d{4})[-/]?(\d{2})(?:\.0|[-/]?\d{2}(?:[T ].*)?)?", text, re.ASCII)
    if found is None:
        return None
    year, month = int(found[1] or found[2]), int(found[3] or 0)
    if not _YEARS[0] <= year <= _YEARS[1] or month > 12:
        return None
    return ((year, month), (year, month)) if month else ((year, 1), (year, 12))
