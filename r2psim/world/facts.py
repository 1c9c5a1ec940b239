"""Facts about the states of the real world that data files on countries refer to by code (``facts.toml``)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["FOREVER", "MEMBERSHIPS_FROM", "Code", "Facts", "Number", "Organisation", "StateFacts", "facts"]

MEMBERSHIPS_FROM = 2000
"""First year for which memberships are told."""

FOREVER = 9999
"""The year after all others."""


@dataclass(frozen=True, slots=True)
class StateFacts:
    """What is known of a state, or of another territory that has an ISO code.

    Attributes
    ----------
    iso3 : str
        ISO 3166-1 alpha-3 code; of a state that ended, its code of ISO 3166-3 or one that ISO leaves to users.
    name : str
        English short name.
    number : int or None
        State number of the Correlates of War project today, or at the end; None for what is no state in its list.
    region : str
        UN M49 sub-region.
    north, east : int
        Degrees of latitude and longitude, about the middle.
    first, last : int
        First and last year at whose end there was such a state, where it ended; else 0 and 9999.
    """

    iso3: str
    name: str
    number: int | None
    region: str
    north: int
    east: int
    first: int = 0
    last: int = FOREVER


@dataclass(frozen=True, slots=True)
class Code:
    """A meaning of an ISO code: the state, the years in which it stands for it, and its name in those years."""

    state: str
    name: str
    first: int = 0
    last: int = FOREVER

    @property
    def bounded(self) -> bool:
        """Whether it stands for the state in some years only."""
        return self.first > 0 or self.last < FOREVER


@dataclass(frozen=True, slots=True)
class Number:
    """A state number: the list it is in (``cow`` or ``gw``), the state, first and last year at whose end it is so."""

    numbering: str
    state: str
    number: int
    first: int = 0
    last: int = FOREVER


@dataclass(frozen=True, slots=True)
class Organisation:
    """A regional organisation, or the parties of a court.

    Attributes
    ----------
    name : str
        Its name.
    forces : bool
        Whether it has sent or mandated forces of its own.
    years : dict of str to (int, int)
        ISO code -> first year of membership, first year after it.
    """

    name: str
    forces: bool
    years: dict[str, tuple[int, int]]

    def members(self, year: int) -> frozenset[str]:
        """Give the ISO codes of the members of a year; those of `MEMBERSHIPS_FROM` before it.

        Examples
        --------
        >>> union = facts().organisations["african-union"]
        >>> "SSD" in union.members(2010), "SSD" in union.members(2014)
        (False, True)
        """
        asked = max(year, MEMBERSHIPS_FROM)
        return frozenset(iso3 for iso3, (first, after) in self.years.items() if first <= asked < after)


@dataclass(frozen=True, slots=True)
class Facts:
    """All of ``facts.toml``; `r2psim.world.state_identity` says which state a row of a file is of.

    Attributes
    ----------
    states : dict of str to StateFacts
        By ISO code: states of today, other territories with a code, and states that ended.
    codes : dict of str to tuple of Code
        ISO code of today, of earlier years or of common use -> what it stands for.
    numbers : dict of int to tuple of Number
        State number -> what it stands for in the two lists.
    organisations : dict of str to Organisation
        Regional organisations, by id.
    court : Organisation
        Parties to the Rome Statute.
    permanent : frozenset of str
        Permanent members of the Security Council.
    free_code : str
        Regular expression of the ISO codes that are left to users.
    free_number : int
        First of the state numbers that no project uses.
    """

    states: dict[str, StateFacts]
    codes: dict[str, tuple[Code, ...]]
    numbers: dict[int, tuple[Number, ...]]
    organisations: dict[str, Organisation]
    court: Organisation
    permanent: frozenset[str]
    free_code: str
    free_number: int

    def is_free(self, iso3: str) -> bool:
        """Say whether ISO 3166-1 leaves a code to users, and no state is known by it.

        Examples
        --------
        >>> facts().is_free("XAB"), facts().is_free("XKX"), facts().is_free("RWX")
        (True, False, False)
        """
        return iso3 not in self.codes and re.fullmatch(self.free_code, iso3) is not None


@cache
def facts() -> Facts:
    """Give the facts."""
    with Path(__file__).with_name("facts.toml").open("rb") as file:
        data: dict[str, Any] = tomllib.load(file)
    states = _states(data)
    free = data["user-assigned"]
    return Facts(
        states=states,
        codes=_codes(states, data["codes"]),
        numbers=_numbers(states, data["numbers"]),
        organisations={key: _organisation(key, table) for key, table in data["organisations"].items()},
        court=_organisation("court", data["parties"]["criminal-court"]),
        permanent=frozenset(data["permanent-members"]["members"]),
        free_code=free["iso3"],
        free_number=free["number"],
    )


def _states(data: dict[str, Any]) -> dict[str, StateFacts]:
    states = {
        iso3: StateFacts(iso3, name, number, region, north, east)
        for region, rows in data["regions"].items()
        for iso3, (number, north, east, name) in rows.items()
    }
    for region, rows in data["territories"].items():
        states |= {iso3: StateFacts(iso3, name, None, region, *place) for iso3, (*place, name) in rows.items()}
    for iso3, row in data["former"].items():
        place = (row["region"], row["north"], row["east"])
        states[iso3] = StateFacts(iso3, row["name"], row["number"], *place, row.get("from", 0), row["until"])
    return states


def _codes(states: dict[str, StateFacts], others: dict[str, Any]) -> dict[str, tuple[Code, ...]]:
    """Give the meanings of every code; its own state first."""
    codes: dict[str, tuple[Code, ...]] = {}
    codes |= {iso3: (Code(iso3, state.name, state.first, state.last),) for iso3, state in states.items()}
    for iso3, rows in others.items():
        for row in rows:
            name = row.get("name", states[row["state"]].name)
            found = Code(row["state"], name, row.get("from", 0), row.get("until", FOREVER))
            others_than = tuple(code for code in codes.get(iso3, ()) if code.state != found.state)
            codes[iso3] = (*others_than, found)
    return codes


def _numbers(states: dict[str, StateFacts], listed: dict[str, Any]) -> dict[int, tuple[Number, ...]]:
    numbers: dict[int, tuple[Number, ...]] = {}
    for iso3, state in states.items():
        if state.number is not None:
            same = [(key, state.number, state.first, state.last) for key in ("cow", "gw")]
            for key, number, first, last in listed.get(iso3, same):
                numbers[number] = (*numbers.get(number, ()), Number(key, iso3, number, first, last))
    return numbers


def _organisation(key: str, table: dict[str, Any]) -> Organisation:
    joined, left = table.get("joined", {}), table.get("left", {})
    since = table.get("from", 0)
    years = {iso3: (max(joined.get(iso3, 0), since), left.get(iso3, FOREVER)) for iso3 in table["members"].split()}
    return Organisation(table.get("name", key), table.get("forces", False), years)
