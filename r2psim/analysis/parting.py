"""Where two histories of one world under the same luck part: what is given, and what happens."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from r2psim.world.history import Event, History

__all__ = ["Parting", "parting"]

TELLS = ("spent_prevention", "spent_response")
"""Columns of bodies that say what was given."""


class Parting(NamedTuple):
    """Where two histories part, as far as both of them go.

    Attributes
    ----------
    months : int
        Months that both of them have.
    given : int or None
        Number of the first month, from 0, in which bodies spend differently; None if in none.
    happened : int or None
        Number of the first month, from 0, in which something else happens: a change of stage, a change of conflict or
        a trigger in the one that is not in the other; None if in none.
    one, other : tuple of Event
        What happens in that month in the one only, and in the other only.
    """

    months: int
    given: int | None
    happened: int | None
    one: tuple[Event, ...] = ()
    other: tuple[Event, ...] = ()


def parting(one: History, other: History) -> Parting:
    """Say where two histories part.

    Parameters
    ----------
    one, other : History
        Of the same scenario, seed and run, under two policies; one of them may be longer.

    Raises
    ------
    ValueError
        If their luck or their world is not the same: they would have nothing in common to part from.
    """
    for name in ("scenario", "seed", "run"):
        if getattr(one, name) != getattr(other, name):
            mine, theirs = getattr(one, name), getattr(other, name)
            raise ValueError(f"{name} {mine!r} and {theirs!r}: two histories part only if they have the same {name}")
    if one.world.groups != other.world.groups or one.world.bodies != other.world.bodies:
        raise ValueError("two histories part only if they have the same groups and bodies")
    months = min(one.months, other.months)
    apart = np.zeros(months + 1, dtype=bool)
    for name in TELLS:
        apart |= (one.body[name][: months + 1] != other.body[name][: months + 1]).any(axis=1)
    # Series begin with the start, so that the first month is index 1.
    given = int(apart.argmax()) - 1 if apart.any() else None
    mine, theirs = _by_month(one, months), _by_month(other, months)
    for month in range(months):
        here, there = mine.get(month, {}), theirs.get(month, {})
        if here.keys() != there.keys():
            only = tuple(e for key, e in here.items() if key not in there)
            others = tuple(e for key, e in there.items() if key not in here)
            return Parting(months, given, month, only, others)
    return Parting(months, given, None)


def _by_month(history: History, months: int) -> dict[int, dict[tuple, Event]]:
    """Give what happens by month: events are the same if the same thing changes in the same way."""
    found: dict[int, dict[tuple, Event]] = {}
    for e in history.events:
        if e.month >= months:
            break
        found.setdefault(e.month, {})[e.kind, e.state, e.group, e.what, e.before, e.after] = e
    return found
