"""Which states see the onset of an atrocity within a window of time: many short runs, looked at by state."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, local
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.declarations.columns import S
from r2psim.processors import processors
from r2psim.rules.draws import draws_of
from r2psim.rules.month import month, opening
from r2psim.world.build import World, build
from r2psim.world.expand import expand
from r2psim.world.rows import WRITTEN, Rows, copy_rows

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["onsets_by_state"]

_CHUNK = 8


def onsets_by_state(
    scenario: Scenario,
    policy: str,
    runs: int,
    months: int,
    seed: int = 1,
    first_run: int = 0,
    threads: int | None = None,
    advance: Callable[[int], None] | None = None,
) -> tuple[tuple[str, ...], np.ndarray]:
    """Run a world many times for some months and tell in which states an episode of atrocity began.

    An episode is one perpetrator's killing in a state, dated by calendar years as in the data
    (`r2psim.rules.episodes`): a further group that the same perpetrator attacks begins none, and what goes on at the
    start began before it.

    Parameters
    ----------
    scenario : Scenario
        World.
    policy : str
        Of that scenario.
    runs, seed, first_run : int
        Runs ``first_run .. first_run + runs - 1`` of this seed; the same runs as those of `r2psim.simulate`.
    months : int
        Length of the window, from the start.
    threads : int, optional
        All processors if not given; the results do not depend on it.
    advance : callable, optional
        Told the number of runs finished since it was last called.

    Returns
    -------
    states : tuple of str
        Ids.
    onsets : numpy.ndarray, bool, shape (runs, states)
        Whether an episode began.

    Raises
    ------
    ScenarioError
        If the scenario has no such policy.
    """
    full = expand(scenario)
    world = build(full, policy)
    parameters = full.parameter_values(policy)
    found = np.zeros((runs, len(world.states)), dtype=bool)
    own, stop = local(), Event()

    def work(begin: int) -> int:
        if not hasattr(own, "rows"):
            own.rows = copy_rows(world.rows)
        end = min(begin + _CHUNK, runs)
        for k in range(begin, end):
            if stop.is_set():
                break
            found[k] = _one(world, own.rows, parameters, seed, first_run + k, months)
        return end - begin

    work(0)  # compiles, once
    with ThreadPoolExecutor(threads or processors()) as pool:
        try:
            for done in pool.map(work, range(0, runs, _CHUNK)):
                if advance is not None:
                    advance(done)
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return world.states, found


def _one(world: World, rows: Rows, parameters: np.ndarray, seed: int, run: int, months: int) -> Any:
    """Do one run; give by state whether an episode began."""
    for name in WRITTEN:
        np.copyto(getattr(rows, name), getattr(world.rows, name))
    luck = draws_of(seed, run, 0)
    opening(rows, parameters, luck)
    for m in range(months):
        month(rows, parameters, luck._replace(month=np.uint64(m)))
    return rows.state[S.episodes_by_state] + rows.state[S.episodes_by_armed_groups] > 0.0
