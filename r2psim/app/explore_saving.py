"""What is taken home from Explore: the numbers behind each of its figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from r2psim.app.course import course_rows, panels_of
from r2psim.app.following import Shown
from r2psim.app.often import often_of, often_rows
from r2psim.app.saving import written
from r2psim.app.watch import Watch
from r2psim.declarations.columns import CONFLICT, STAGES
from r2psim.world.build import World

__all__ = ["numbers_of"]

OF_STATES = ("population", "gdp", "deaths", "displaced", "expelled", "war_crimes")
"""What stands beside stage and conflict of each state on the map."""
OF_EVENTS = ("month", "kind", "state", "group", "what", "before", "after", "probability")


def numbers_of(name: str, worlds: Sequence[Watch], month: int, state: str, many: tuple[Shown, World] | None) -> str:
    """Give the numbers of a figure of Explore as CSV; empty where there is none of that name.

    Parameters
    ----------
    name : str
        As the page calls its figures: ``map``, ``time-line``, ``course`` or ``many-runs``; those of the world beside
        with ``-beside`` behind it.
    worlds : sequence of Watch
        What is watched, one world or two.
    month : int
        Months from the start that are shown.
    state : str
        The state that is chosen; empty for none.
    many : (Shown, World), optional
        The many runs that are shown.
    """
    figure, of_other = name.removesuffix("-beside"), name.endswith("-beside")
    if of_other and len(worlds) < 2:
        return ""
    world = worlds[of_other]
    if figure == "map":
        return written(("state", "name", "stage", "stage_name", "conflict", *OF_STATES), _states(world, month))
    if figure == "time-line":
        return written(OF_EVENTS, _events(world, state))
    policies = [w.choice.policy for w in worlds]
    if figure == "course" and state:
        return written(*course_rows(panels_of(worlds, state), policies))
    if figure == "many-runs" and state and many is not None:
        shown, built = many
        return written(*often_rows(often_of(shown, built, state), shown.runs, world.months))
    return ""


def _states(watch: Watch, month: int) -> Iterator[list[Any]]:
    history = watch.history
    for s, key in enumerate(history.world.states):
        stage = int(history.state["stage"][month, s])
        conflict = CONFLICT[int(history.state["conflict"][month, s])]
        values = (float(history.state[column][month, s]) for column in OF_STATES)
        yield [key, history.world.names[key], stage, STAGES[stage], conflict, *values]


def _events(watch: Watch, state: str) -> Iterator[list[Any]]:
    for e in watch.history.events:
        if state in ("", e.state):
            yield [e.month, e.kind, e.state, e.group or "", e.what, e.before, e.after, e.probability]
