"""Who plays what when so many people are there, whatever their number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from r2psim.seminar.casts import SIZES, cast_of
from r2psim.seminar.limits import LIMITS
from r2psim.seminar.roles import Role

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.world.build import World

__all__ = ["cast", "checked_people", "size_of"]


def checked_people(people: int) -> int:
    """Take a number of people that there are roles for.

    Raises
    ------
    ValueError
        If they are fewer than the smallest cast, or more than a session takes.
    """
    few, many = min(SIZES), LIMITS.participants
    if isinstance(people, bool) or not isinstance(people, int) or not few <= people <= many:
        raise ValueError(f"{people} is not allowed: {few} to {many}")
    return people


def size_of(people: int) -> int:
    """Give the size of the largest cast that so many people fill."""
    return max(size for size in SIZES if size <= checked_people(people))


def cast(people: int, roles: Mapping[str, Role], scenario: Scenario, world: World) -> dict[str, int]:
    """Give the roles that so many people play: those of the next smaller cast, the others sharing them in turn.

    Parameters
    ----------
    people : int
        At least as many as the smallest cast has, at most as many as a session takes.
    roles, scenario, world
        As `r2psim.seminar.casts.cast_of` takes them.

    Returns
    -------
    dict of str to int
        Role -> people who hold it, in the order of ``roles``.

    Raises
    ------
    ValueError
        If they are too few or too many.
    """
    size = size_of(people)
    found = dict(cast_of(size, roles, scenario, world))
    keys = list(found)
    for place in range(people - size):
        found[keys[place % len(keys)]] += 1
    return found
