"""Ethnic groups in the layout of Ethnic Power Relations: those of a year, their names, and who is kin to whom."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from r2psim.scenario.errors import listing, nearest
from r2psim.world.countries import LEAVE_OUT, Country
from r2psim.world.csv_tables import Complaints, Row, Sheet, one_line, read_sheet
from r2psim.world.declared_numbers import declared
from r2psim.world.file_accounts import Account
from r2psim.world.layouts import import_data
from r2psim.world.state_identity import GW
from r2psim.world.state_lookup import Asked

__all__ = ["EXCLUDED", "Group", "kin_ties", "read_groups", "shown_names", "slugs", "sums_of"]

EXCLUDED = frozenset({"powerless", "discriminated", "self-excluded"})
"""Statuses without access to power in the state."""

_STATUS = {
    "MONOPOLY": "monopoly",
    "DOMINANT": "dominant",
    "SENIOR PARTNER": "senior partner",
    "JUNIOR PARTNER": "junior partner",
    "POWERLESS": "powerless",
    "DISCRIMINATED": "discriminated",
    "SELF-EXCLUSION": "self-excluded",
    "IRRELEVANT": "irrelevant",
    "STATE COLLAPSE": "irrelevant",
}
"""Status in the data -> status in a scenario. Where the state has collapsed there is no power to be excluded from."""

COLUMNS = ("gwid", "from", "to", "group", "size", "status")
"""Columns without which a file of groups cannot be used."""

_YEARS = (1800, 2200)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a state in the year asked for.

    Attributes
    ----------
    name : str
        Name in the file.
    status : str
        As in a scenario.
    share : float
        Share of the population, 0-1.
    line : int
        Line of the file.
    number : str
        ``groupid`` of the file, empty where it has none.
    """

    name: str
    status: str
    share: float
    line: int
    number: str = ""


def read_groups(path: Path, countries: Sequence[Country], year: int) -> tuple[dict[str, list[Group]], Account]:
    """Read the groups of a year.

    Parameters
    ----------
    path : Path
        The file: columns ``gwid``, ``from``, ``to``, ``group``, ``size``, ``status``.
    countries : sequence of Country
        States whose groups are wanted.
    year : int
        Groups are taken whose period holds it; a period without an end lasts until now, one without a beginning has
        always lasted. Where no period of the file comes as far, its last year stands in, if it is near.

    Returns
    -------
    groups : dict of str to list of Group
        By ISO code, all statuses; no entry for a state without groups.
    account : Account
        What became of the rows, and what a person should know.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the rows of that year and these states.
    """
    sheet = read_sheet(path, COLUMNS, "groups")
    complaints = Complaints()
    account = Account(sheet.file, len(sheet.rows), not_read=sheet.unread((*COLUMNS, "groupid", "statename")))
    asked = Asked(countries, year, GW)
    periods = _periods(sheet, asked, complaints)
    at = _year_of(sheet, periods, year, complaints, account)
    now = {line for line, (first, last) in periods.items() if first <= at <= last}
    asked.follow(sheet, (row for row in sheet.rows if row.line in now), ("gwid",))
    found: dict[str, list[_Entry]] = defaultdict(list)
    others: dict[str, None] = {}
    for row in sheet.rows:
        period = periods.get(row.line)
        number, country = asked.find(sheet, row, "gwid")
        if country is not None:
            asked.meet(country)
        if period is None or row.line not in now:
            account.dropped["of other years" if period else "that cannot be read"] += 1
        elif number is None:
            asked.refuse_number(sheet, row, "gwid", complaints)
            account.dropped["that cannot be read"] += 1
        elif country is None:
            others[row.text("statename") or asked.called(number)] = None
            account.dropped[asked.why_not(number)] += 1
        else:
            asked.use(number, country)
            found[country.iso3].append(_Entry(row, number, period))
    groups = {
        iso3: kept
        for iso3, rows in found.items()
        if (kept := _of_state(sheet, _one_number(sheet, rows, asked, at, account), complaints, account))
    }
    _check_states(sheet, groups, countries, complaints, account)
    complaints.settle()
    account.used_for[f"groups of {at}"] = sum(map(len, groups.values()))
    account.without = asked.unmet()
    if others:
        names = listing(others, limit=20)
        account.notes.append(f"{sheet.file}: groups of {names} are left out: not among the predictors.")
    account.notes = [*sheet.told(), *account.notes, *asked.told(sheet)]
    return groups, account


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row of a state asked for whose period holds the year."""

    row: Row
    number: int
    period: tuple[float, float]


def _periods(sheet: Sheet, asked: Asked, complaints: Complaints) -> dict[int, tuple[float, float]]:
    """Read from when to when each row holds, by line; complain of what cannot be read in rows of states asked for."""
    periods = {}
    for row in sheet.rows:
        own = complaints if asked.find(sheet, row, "gwid")[1] is not None else Complaints()
        before = len(own.problems) + own.more
        first = own.number(sheet, row, "from", *_YEARS, "year", whole=True)
        last = own.number(sheet, row, "to", *_YEARS, "year", whole=True)
        if first is not None and last is not None and first > last:
            own.add(sheet.file, "to", row.text("to"), f"a year from {int(first)} on", row.line)
        if len(own.problems) + own.more == before:
            periods[row.line] = (-math.inf if first is None else first, math.inf if last is None else last)
    return periods


def _year_of(
    sheet: Sheet,
    periods: Mapping[int, tuple[float, float]],
    year: int,
    complaints: Complaints,
    account: Account,
) -> int:
    """Give the year whose groups are taken: the one asked for, or the last of a file that ends shortly before it."""
    ends = [last for _, last in periods.values() if last < math.inf]
    starts = [first for first, _ in periods.values() if first > -math.inf]
    open_ends = sum(last == math.inf for _, last in periods.values())
    if open_ends:
        account.notes.append(f"{sheet.file}: rows without an end (to), taken to last until now: {open_ends}.")
    if len(starts) < len(periods):
        missing = len(periods) - len(starts)
        account.notes.append(f"{sheet.file}: rows without a beginning (from), taken to have always lasted: {missing}.")
    if not periods or any(first <= year <= last for first, last in periods.values()):
        return year
    first, last = int(min(starts, default=year)), int(max(ends, default=year))
    if last < year <= last + declared(import_data(), "groups_years"):
        account.notes.append(f"{sheet.file}: has no group of {year}; those of {last}, its last year, stand in.")
        return last
    allowed = f"a year within the period of one group at least; the file has {first} to {last}"
    near = str(first if year < first else last)
    complaints.add(sheet.file, "from", year, allowed, None, near)
    return year


def _one_number(sheet: Sheet, entries: list[_Entry], asked: Asked, year: int, account: Account) -> list[_Entry]:
    """Keep the rows of one number, where a state stands under two in the year of a split or union.

    The number that is the state's at the end of the year; if that does not tell, the one whose rows begin last.
    """
    numbers = {entry.number for entry in entries}
    if len(numbers) < 2:
        return entries
    begins = {number: max(e.period[0] for e in entries if e.number == number) for number in numbers}
    kept = max(numbers, key=lambda number: (asked.bears(number, year), begins[number], number))
    dropped = [entry for entry in entries if entry.number != kept]
    account.dropped[f"of a state's other number in {year}"] += len(dropped)
    names = listing(sorted({e.row.text("statename") or str(e.number) for e in dropped}))
    state = asked.called(kept)
    account.notes.append(
        f"{sheet.file}: {state} stands under {listing(map(str, sorted(numbers)))} in {year}; the groups of {kept}, its"
        f" number at the end of the year, are taken, not those of {names}."
    )
    return [entry for entry in entries if entry.number == kept]


def _of_state(sheet: Sheet, entries: list[_Entry], complaints: Complaints, account: Account) -> list[Group]:
    """Make the groups of a state; of two periods of one group that meet in the year the later one is taken."""
    latest: dict[str, _Entry] = {}
    for entry in entries:
        key = one_line(entry.row.text("group")).casefold()
        other = latest.get(key)
        if other is None or not key:
            latest[key or f"line {entry.row.line}"] = entry
        elif other.period == entry.period:
            allowed = f"a group once in its state and year; line {other.row.line} has it already"
            complaints.add(sheet.file, "group", entry.row.text("group"), allowed, entry.row.line)
        else:
            before, after = sorted((other, entry), key=lambda e: (e.period[0], e.period[1]))
            latest[key] = after
            account.dropped["of a period that another one of the group follows in the year"] += 1
            account.notes.append(
                f"{sheet.file}: {entry.row.text('group')} has two periods in the year (lines {before.row.line} and"
                f" {after.row.line}); the later one is taken."
            )
    kept = sorted(latest.values(), key=lambda entry: entry.row.line)
    return [group for entry in kept if (group := _group(sheet, entry.row, complaints))]


def _group(sheet: Sheet, row: Row, complaints: Complaints) -> Group | None:
    text = row.text("status").upper()
    needed = "nothing can stand in for it"
    size = complaints.number(sheet, row, "size", 0.0, 1.0, "share of the population", needed=needed)
    if text not in _STATUS:
        allowed = f"one of {listing(_STATUS, quoted=True)}"
        complaints.add(sheet.file, "status", row.cells["status"], allowed, row.line, nearest(text, _STATUS))
        return None
    name = one_line(row.text("group"))
    if not name:
        complaints.add(sheet.file, "group", None, "the name of the group", row.line)
    number = complaints.number(sheet, row, "groupid", 0, 1e9, "number of the group", whole=True)
    made = "" if number is None else str(int(number))
    return Group(name, _STATUS[text], size, row.line, made) if name and size is not None else None


def _check_states(
    sheet: Sheet,
    found: dict[str, list[Group]],
    countries: Sequence[Country],
    complaints: Complaints,
    account: Account,
) -> None:
    """Refuse sizes that are much more than the whole; tell those that are scaled, and which states have no group."""
    scaled = []
    for iso3, groups in found.items():
        total = math.fsum(group.share for group in groups)
        if total > declared(import_data(), "groups_sum"):
            allowed = (
                f"sizes of at most 1 together; those of {iso3} from line {groups[0].line} on sum to {total:g}"
                f" ({LEAVE_OUT} {iso3} goes on without the state)"
            )
            complaints.add(sheet.file, "size", total, allowed, groups[0].line)
        elif total > 1.0:
            scaled.append(f"{iso3} ({total:.4g})")
            found[iso3] = [replace(g, share=g.share / total) for g in groups]
    if scaled:
        account.notes.append(
            f"{sheet.file}: sizes of the groups of {listing(scaled)} sum to just above 1 and are scaled."
        )
    if not found and not complaints.problems:
        allowed = "states of the predictors, by their ccode; no group is of any of them"
        complaints.add(sheet.file, "gwid", sheet.rows[0].text("gwid"), allowed, sheet.rows[0].line)
    bare = [country.iso3 for country in countries if not _relevant(found.get(country.iso3, ()))]
    if bare and found:
        account.notes.append(
            f"{sheet.file}: no politically relevant group in {len(bare)} of {len(countries)} states"
            f" ({listing(bare, limit=8)}); each gets one group of people without political relevance."
        )


def _relevant(groups: Iterable[Group]) -> bool:
    return any(group.status != "irrelevant" for group in groups)


def sums_of(groups: Mapping[str, Sequence[Group]]) -> dict[str, dict[str, float]]:
    """Add up the excluded and the discriminated of each state, as the predictors name these shares."""
    return {
        iso3: {
            "exclpop": math.fsum(g.share for g in rows if g.status in EXCLUDED),
            "discrimpop": math.fsum(g.share for g in rows if g.status == "discriminated"),
        }
        for iso3, rows in groups.items()
    }


def slugs(names: Iterable[str]) -> list[str]:
    """Make ids of names, all different.

    Examples
    --------
    >>> slugs(["Bété & others", "Bete, others", "'Ndebele"])
    ['bete-others', 'bete-others-2', 'ndebele']
    """
    made: list[str] = []
    for name in names:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
        key = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:56].strip("-")
        key = key if re.match("[a-z]", key) else f"group-{key}".strip("-")
        tries, candidate = 1, key
        while candidate in made:
            tries += 1
            candidate = f"{key}-{tries}"
        made.append(candidate)
    return made


def shown_names(groups: Sequence[Group], names: bool) -> list[str]:
    """Name groups for a scenario: by their own names, or by number only.

    No file says which group is threatened. A model that assumes it should not print a real group's name beside the
    word atrocity unless a researcher asks for that.

    Parameters
    ----------
    groups : sequence of Group
        Of one state.
    names : bool
        Whether their own names are wanted.

    Examples
    --------
    >>> shown_names([Group("Northerners", "dominant", 0.6, 2, "4000"), Group("Others", "powerless", 0.2, 3)], False)
    ['Group 4000', 'Group 2']
    """
    if names:
        return [group.name for group in groups]
    return [f"Group {group.number or place}" for place, group in enumerate(groups, 1)]


def kin_ties(neighbours: Mapping[str, Sequence[str]], groups: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    """Tie groups of the same name in neighbouring states.

    Parameters
    ----------
    neighbours : mapping of str to sequence of str
        Id of a state -> ids of its neighbours.
    groups : mapping of str to mapping of str to str
        Id of a state -> id of a group -> its name.

    Returns
    -------
    dict of str to list of str
        Full id of a group -> full ids of its kin; only where there are any.
    """
    ties: dict[str, list[str]] = {}
    for state, others in neighbours.items():
        for key, name in groups[state].items():
            for other in others:
                same = [f"{other}/{k}" for k, n in groups[other].items() if n.casefold() == name.casefold()]
                if same:
                    ties.setdefault(f"{state}/{key}", []).extend(same)
    return ties
