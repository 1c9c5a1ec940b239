"""The events of one run of an ensemble, each with its probability and what contributed most."""

from __future__ import annotations

import numpy as np

from r2psim.rules.draws import draws_of
from r2psim.rules.explain import events_of_month
from r2psim.rules.month import PHASES, opening
from r2psim.world.build import World
from r2psim.world.events import Event
from r2psim.world.rows import copy_rows

__all__ = ["events_of_run"]


def events_of_run(world: World, p: np.ndarray, seed: int, run: int, months: int) -> tuple[Event, ...]:
    """Run one run again and tell its events.

    Parameters
    ----------
    world : World
        The start.
    p : numpy.ndarray
        Values of the parameters.
    seed, run, months : int
        Luck, and length.

    Returns
    -------
    tuple of Event
        In order of months; the same that the Mesa model tells.
    """
    rows = copy_rows(world.rows)
    opening(rows, p, draws_of(seed, run, 0))
    rows_of = {"state": len(world.states), "group": len(world.groups), "body": len(world.bodies)}
    look_around, *others = PHASES
    events: list[Event] = []
    for m in range(months):
        luck = draws_of(seed, run, m)
        look_around.run(0, rows_of[look_around.kind], rows, p, luck)
        before = rows.state.copy()
        for phase in others:
            phase.run(0, rows_of[phase.kind], rows, p, luck)
        events += events_of_month(world, before, rows, p, m)
    return tuple(events)
