"""Ethnic groups in the layout of Ethnic Power Relations, and borders in that of the Correlates of War project."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from r2psim.scenario.errors import listing, nearest
from r2psim.world.countries import Country
from r2psim.world.facts import facts
from r2psim.world.sheets import Complaints, Row, Sheet, one_line, read_sheet

__all__ = ["EXCLUDED", "Group", "kin_ties", "read_borders", "read_groups", "shown_names", "slugs", "sums_of"]

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

_ROUNDING = 1.05
"""Largest sum of the sizes of a state's groups that is taken for rounding, and scaled to one."""

_LAND = 1  # type of contiguity: a border over land or along a river
_OLD_NAMES = {"state1no": "ccode1", "state2no": "ccode2"}
"""Names of columns in the project's own file."""


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


def read_groups(path: Path, countries: Sequence[Country], year: int) -> tuple[dict[str, list[Group]], list[str]]:
    """Read the groups of a year.

    Parameters
    ----------
    path : Path
        The file: columns ``gwid``, ``from``, ``to``, ``group``, ``size``, ``status``.
    countries : sequence of Country
        States whose groups are wanted.
    year : int
        Groups are taken whose period holds it.

    Returns
    -------
    groups : dict of str to list of Group
        By ISO code, all statuses; no entry for a state without groups.
    notes : list of str
        What a person should know.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the file.
    """
    sheet = read_sheet(path, ("gwid", "from", "to", "group", "size", "status"), "groups")
    complaints, notes = Complaints(), list(sheet.notes)
    by_number = {country.number: country.iso3 for country in countries}
    found: dict[str, list[Group]] = defaultdict(list)
    others: dict[str, None] = {}
    renumbered: dict[str, None] = {}
    of_year = False
    for row in sheet.rows:
        number = _state_number(sheet, row, "gwid", by_number, complaints)
        first = complaints.number(sheet, row, "from", 1800, 2200, "year", whole=True)
        last = complaints.number(sheet, row, "to", 1800, 2200, "year", whole=True)
        if first is not None and last is not None and first > last:
            complaints.add(sheet.file, "to", row.text("to"), f"a year from {int(first)} on", row.line)
        if number is None or first is None or last is None or not first <= year <= last:
            continue
        of_year = True
        if number not in by_number and (other := facts().from_gleditsch_ward.get(number)) in by_number:
            renumbered[by_number[other]] = None
            number = other
        if number not in by_number:
            others[row.text("statename") or str(number)] = None
        elif group := _group(sheet, row, complaints):
            found[by_number[number]].append(group)
    if not of_year and not complaints.problems:
        complaints.add(sheet.file, "from", year, "a year within the period of one group at least")
    _check_states(sheet, found, countries, complaints, notes)
    complaints.settle()
    if others:
        notes.append(f"{sheet.file}: groups of {listing(others, limit=20)} are left out: not among the predictors.")
    if renumbered:
        notes.append(
            f"{sheet.file}: {listing(renumbered)} found by the number that Gleditsch and Ward's list gives it,"
            " which differs from that of the Correlates of War project."
        )
    return dict(found), notes


def _state_number(sheet: Sheet, row: Row, column: str, known: Mapping[int, str], complaints: Complaints) -> int | None:
    """Read a state number, and refuse one that no state has, neither of the predictors nor of the world."""
    value = complaints.number(sheet, row, column, 1, 99999, "state number", whole=True)
    if value is None:
        if not row.text(column):
            complaints.add(sheet.file, column, None, "the number of a state", row.line)
        return None
    number = int(value)
    if number not in known and not facts().knows_number(number):
        near = nearest(str(number), map(str, facts().by_number))
        allowed = f"the number of a state, or one from {facts().free_number} on for an invented state"
        complaints.add(sheet.file, column, number, allowed, row.line, near)
        return None
    return number


def _group(sheet: Sheet, row: Row, complaints: Complaints) -> Group | None:
    text = row.text("status").upper()
    size = complaints.number(sheet, row, "size", 0.0, 1.0, "share of the population")
    if size is None and not row.text("size"):
        complaints.add(sheet.file, "size", None, "a share of the population, 0 to 1", row.line)
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
    notes: list[str],
) -> None:
    """Refuse groups named twice and sizes that are more than the whole; tell what is rounded."""
    scaled = []
    for iso3, groups in found.items():
        lines: dict[str, int] = {}
        for group in groups:
            key = group.name.casefold()
            if key in lines:
                allowed = f"a group once in its state and year; line {lines[key]} has it already"
                complaints.add(sheet.file, "group", group.name, allowed, group.line)
            lines.setdefault(key, group.line)
        total = math.fsum(group.share for group in groups)
        if total > _ROUNDING:
            allowed = f"sizes of at most 1 together; those of {iso3} from line {groups[0].line} on sum to {total:g}"
            complaints.add(sheet.file, "size", total, allowed, groups[0].line)
        elif total > 1.0:
            scaled.append(iso3)
            found[iso3] = [replace(g, share=g.share / total) for g in groups]
    if scaled:
        notes.append(f"{sheet.file}: sizes of the groups of {listing(scaled)} sum to just above 1 and are scaled.")
    if not found and not complaints.problems:
        allowed = "states of the predictors, by their ccode; no group is of any of them"
        complaints.add(sheet.file, "gwid", sheet.rows[0].text("gwid"), allowed, sheet.rows[0].line)
    bare = [country.iso3 for country in countries if not _relevant(found.get(country.iso3, ()))]
    if bare and found:
        notes.append(
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


# -- borders -----------------------------------------------------------------------------------------------------------


def read_borders(path: Path, countries: Sequence[Country], year: int) -> tuple[dict[str, list[str]], list[str]]:
    """Read which states share a border over land.

    Parameters
    ----------
    path : Path
        The file: columns ``ccode1``, ``ccode2``, ``conttype`` (or the names of the project's own file), a row for each
        pair, in one direction or both. With a column ``year`` the rows of the latest year up to `year` are taken.
    countries : sequence of Country
        The states.
    year : int
        Year asked for.

    Returns
    -------
    neighbours : dict of str to list of str
        ISO code -> ISO codes, an entry for every state.
    notes : list of str
        What a person should know.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the file.
    """
    columns = ("ccode1", "ccode2", "conttype")
    sheet = read_sheet(path, columns, "borders", lambda name: _OLD_NAMES.get(name, name))
    complaints, notes = Complaints(), list(sheet.notes)
    by_number = {country.number: country.iso3 for country in countries}
    near: dict[str, dict[str, None]] = {country.iso3: {} for country in countries}
    water: set[frozenset[str]] = set()
    others: set[int] = set()
    met = False
    for row in _of_year(sheet, year, complaints, notes):
        pair = [_state_number(sheet, row, column, by_number, complaints) for column in columns[:2]]
        kind = complaints.number(sheet, row, "conttype", 1, 5, "1 land, 2 to 5 across water", whole=True)
        if kind is None and not row.text("conttype"):
            complaints.add(sheet.file, "conttype", None, "a number from 1 (land) to 5", row.line)
        if None in pair or kind is None:
            continue
        if pair[0] == pair[1]:
            complaints.add(sheet.file, "ccode2", pair[1], "a state other than ccode1", row.line)
        codes = [by_number[number] for number in pair if number in by_number]
        met = met or bool(codes)
        others.update(number for number in pair if number is not None and number not in by_number)
        if len(codes) == 2 and codes[0] != codes[1]:
            if kind == _LAND:
                near[codes[0]][codes[1]] = near[codes[1]][codes[0]] = None
            else:
                water.add(frozenset(codes))
    if not met and not complaints.problems:
        first = sheet.rows[0]
        allowed = "states of the predictors, by their ccode; no border is of any of them"
        complaints.add(sheet.file, "ccode1", first.text("ccode1"), allowed, first.line)
    complaints.settle()
    if others:
        notes.append(
            f"{sheet.file}: borders with states that are not among the predictors ({len(others)}) are left out."
        )
    if water:
        notes.append(
            f"{sheet.file}: pairs that only water joins ({len(water)}) are no neighbours, as in the generator."
        )
    order = {country.iso3: place for place, country in enumerate(countries)}
    return {iso3: sorted(found, key=order.__getitem__) for iso3, found in near.items()}, notes


def _of_year(sheet: Sheet, year: int, complaints: Complaints, notes: list[str]) -> list[Row]:
    if "year" not in sheet.columns:
        return sheet.rows
    years: dict[int, list[Row]] = defaultdict(list)
    for row in sheet.rows:
        found = complaints.number(sheet, row, "year", 1800, 2200, "year", whole=True)
        if found is not None:
            years[int(found)].append(row)
    upto = [other for other in years if other <= year]
    if not upto:
        if years:
            complaints.add(sheet.file, "year", year, f"a year from {min(years)} on", None, str(min(years)))
        return []
    if max(upto) != year:
        notes.append(f"{sheet.file}: has no rows of {year}; those of {max(upto)} are taken.")
    return years[max(upto)]


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
