"""All that the benchmark asks of the ensemble, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from r2psim.ensemble.engine import ACCOUNTS, blocks_of, called_at, nothing_own, run_chunk, runs_beside
from r2psim.ensemble.measures import BODY_ACCOUNTS, DEPTH, LEDGERS, METRICS
from r2psim.ensemble.simulation import AnyPolicy, simulate
from r2psim.rules.draws import draws_of
from r2psim.world.rows import WRITTEN, Rows, copy_rows, side_by_side

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["POLICY", "SEED", "Compiled", "run_ensemble", "runs_beside", "start"]

SEED = 7
POLICY = "prevention"
"""Seed and policy of all that is measured."""

YEAR = 12


def run_ensemble(
    scenario: Scenario,
    policies: AnyPolicy | tuple[AnyPolicy, ...],
    runs: int,
    years: int,
    threads: int | None,
    uncertainty: str = "none",
) -> None:
    """Run an ensemble as a user would, and keep nothing of it."""
    simulate(scenario, policies, runs, SEED, years=years, threads=threads, uncertainty=uncertainty)


def start(rows: Rows, scratch: Rows) -> None:
    """Put the start of a run into rows that are there already."""
    for name in WRITTEN:
        getattr(scratch, name)[...] = getattr(rows, name)


class Compiled:
    """The compiled loop of the ensemble by itself, on one thread, with nothing around it.

    Parameters
    ----------
    rows : Rows
        The start of every run; not changed.
    p : numpy.ndarray
        Values of the parameters.
    together : int
        How many runs go side by side.

    Attributes
    ----------
    rows : Rows
        As the last run, or the last runs side by side, left them.
    """

    def __init__(self, rows: Rows, p: np.ndarray, together: int = 1) -> None:
        begin = side_by_side(rows, together)
        self.bodies = rows.body.shape[1]
        self.rows = copy_rows(begin)
        self._start, self._blocks, self._p = blocks_of(begin), blocks_of(self.rows), p
        self._called = called_at(begin, p, draws_of(SEED, 0, 0))

    def run(self, months: int, runs: int = 1) -> None:
        """Run the first so many runs of the seed."""
        forms, groups = self.rows.form.shape[1], self.rows.group.shape[1]
        run_chunk(
            self._called,
            self._start,
            self._blocks,
            self.rows,
            self._p,
            nothing_own(),
            draws_of(SEED, 0, 0),
            months,
            np.zeros(1, dtype=np.int64),
            np.empty((runs, len(METRICS))),
            np.empty((runs, len(ACCOUNTS), months // YEAR, forms, 5)),
            np.empty((runs, months // YEAR, len(LEDGERS))),
            np.empty((runs, self.bodies, len(BODY_ACCOUNTS))),
            np.zeros(0, dtype=np.int64),
            np.empty((runs, 0, months + 1)),
            np.empty((0, months + 1, groups), dtype=np.int8),
            np.empty(DEPTH),
        )
