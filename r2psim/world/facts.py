"""Facts about the states of the real world that data files on countries refer to by code (``facts.toml``)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["MEMBERSHIPS_FROM", "Organisation", "StateFacts", "facts"]

MEMBERSHIPS_FROM = 2000
"""First year for which memberships are told."""

_FOREVER = 9999


@dataclass(frozen=True, slots=True)
class StateFacts:
    """What is known of a state by its ISO code.

    Attributes
    ----------
    iso3 : str
        ISO 3166-1 alpha-3 code.
    number : int
        State number of the Correlates of War project.
    region : str
        UN M49 sub-region.
    north, east : int
        Degrees of latitude and longitude, about the middle.
    """

    iso3: str
    number: int
    region: str
    north: int
    east: int


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
    """All of ``facts.toml``.

    Attributes
    ----------
    states : dict of str to StateFacts
        By ISO code.
    by_number : dict of int to str
        COW number -> ISO code; of two states in a row, the present one.
    from_gleditsch_ward : dict of int to int
        Number in Gleditsch and Ward's list -> COW number, where they differ.
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
    by_number: dict[int, str]
    from_gleditsch_ward: dict[int, int]
    organisations: dict[str, Organisation]
    court: Organisation
    permanent: frozenset[str]
    free_code: str
    free_number: int

    def knows(self, iso3: str) -> bool:
        """Say whether a code is that of a state, or left to users.

        Examples
        --------
        >>> facts().knows("RWA"), facts().knows("XAB"), facts().knows("RWX")
        (True, True, False)
        """
        return iso3 in self.states or re.fullmatch(self.free_code, iso3) is not None

    def knows_number(self, number: int) -> bool:
        """Say whether a state number is that of a state, in either list, or left to users."""
        return number in self.by_number or number in self.from_gleditsch_ward or number >= self.free_number


@cache
def facts() -> Facts:
    """Give the facts."""
    with Path(__file__).with_name("facts.toml").open("rb") as file:
        data: dict[str, Any] = tomllib.load(file)
    states = {
        iso3: StateFacts(iso3, number, region, north, east)
        for region, rows in data["regions"].items()
        for iso3, (number, north, east) in rows.items()
    }
    by_number: dict[int, str] = {}
    for iso3, state in states.items():
        by_number.setdefault(state.number, iso3)
    free = data["user-assigned"]
    return Facts(
        states=states,
        by_number=by_number,
        from_gleditsch_ward={int(key): number for key, number in data["gleditsch-ward"].items()},
        organisations={key: _organisation(key, table) for key, table in data["organisations"].items()},
        court=_organisation("court", data["parties"]["criminal-court"]),
        permanent=frozenset(data["permanent-members"]["members"]),
        free_code=free["iso3"],
        free_number=free["number"],
    )


def _organisation(key: str, table: dict[str, Any]) -> Organisation:
    joined, left = table.get("joined", {}), table.get("left", {})
    since = table.get("from", 0)
    years = {iso3: (max(joined.get(iso3, 0), since), left.get(iso3, _FOREVER)) for iso3 in table["members"].split()}
    return Organisation(table.get("name", key), table.get("forces", False), years)
