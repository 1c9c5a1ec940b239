"""Casts: which roles a room of so many people is offered, and how many people each of them takes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r2psim.seminar.limits import SeminarError
from r2psim.seminar.roles import Role

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.world.build import World

__all__ = ["EVERYBODY", "SIZES", "cast_of", "checked_size", "declared", "family_of"]

SIZES = (6, 12, 20, 30)
"""Numbers of people that there is a cast for."""

EVERYBODY = 0
"""In place of such a number: all roles are offered, and take as many people as come."""


@lru_cache(maxsize=1)
def declared() -> dict[str, Any]:
    """Give ``roles.toml``: the words of the cards, and the casts."""
    with (Path(__file__).parent / "roles.toml").open("rb") as file:
        return tomllib.load(file)


def checked_size(people: object) -> int:
    """Take a size of a cast.

    Raises
    ------
    SeminarError
        If there is no cast for so many people.
    """
    if isinstance(people, bool) or not isinstance(people, int) or people not in (EVERYBODY, *SIZES):
        allowed = ", ".join(map(str, SIZES))
        raise SeminarError(f"people: {str(people)[:40]} is not allowed: {allowed}, or 0 for all roles")
    return people


def family_of(role: Role, scenario: Scenario) -> str:
    """Name what a role is a case of: a key of the cards in ``roles.toml``."""
    if role.state is not None:
        return "government"
    if role.votes:
        return "permanent" if role.veto else "elected"
    mandates = scenario.bodies[role.body or ""].mandates
    return next((family for family in declared()["cards"] if family in mandates), "other")


def cast_of(people: int, roles: Mapping[str, Role], scenario: Scenario, world: World) -> dict[str, int]:
    """Give the roles that so many people are offered, and how many people each takes.

    Parameters
    ----------
    people : int
        One of `SIZES`, or `EVERYBODY`.
    roles : mapping of str to Role
        All that the world has.
    scenario, world : Scenario, World
        For what roles are, and for the states.

    Returns
    -------
    dict of str to int
        In the order of the roles; their people add up to ``people``. Empty for `EVERYBODY`.
    """
    if checked_size(people) == EVERYBODY:
        return {}
    families: dict[str, list[str]] = {}
    for key, role in roles.items():
        families.setdefault(family_of(role, scenario), []).append(key)
    if "government" in families:
        families["government"].sort(key=lambda key: _at_issue(str(roles[key].state), world))
    if "regional" in families:
        # Those with the most governments that are played matter most to a room.
        order = [str(roles[key].state) for key in families.get("government", [])]
        families["regional"].sort(key=lambda key: _members_at_issue(str(roles[key].body), order, scenario))
    table = declared()["casts"]
    taken: dict[str, int] = {}
    for row in table[str(people)]:
        for key in families.get(row["family"], [])[: row["roles"]]:
            taken[key] = row["people"]
    spare = [key for family in table["spare"] for key in families.get(family, []) if key not in taken]
    for _ in range(people - sum(taken.values())):
        if spare:
            taken[spare.pop(0)] = 1
        else:
            # Shared by one more: first where fewest are.
            taken[min(taken, key=lambda key: taken[key])] += 1
    return {key: taken[key] for key in roles if key in taken}


def _at_issue(state: str, world: World) -> tuple[float, float]:
    """Order states by what everybody knows of them: armed conflict first, then how little their people decide."""
    from r2psim.declarations.columns import S

    s = world.states.index(state)
    return -float(world.rows.state[S.conflict, s]), float(world.rows.state[S.regime, s])


def _members_at_issue(body: str, order: list[str], scenario: Scenario) -> int:
    """Order organisations by how soon in an order of states their members come."""
    members = scenario.bodies[body].members
    covered = order if members == "all" else [state for state in order if state in members]
    return sum(order.index(state) for state in covered) - len(order) * len(covered)
