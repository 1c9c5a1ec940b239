"""Many runs of one world under one or more policies, on threads, with the same luck for every policy.

A run is what its seed and number say, whoever else runs: results do not depend on threads, chunks or order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from r2psim.rules.compiled import rule
from r2psim.rules.draws import Draws, draws_of
from r2psim.rules.month import month, opening
from r2psim.world.build import World, build
from r2psim.world.expand import expand
from r2psim.world.rows import WRITTEN, Rows, copy_rows
from r2psim.world.tables import PR, B, G, S

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["METRICS", "Runs", "metrics_of", "run_many", "run_months", "spending_of"]

CENTS = 100.0
YEAR = 12
CHUNK = 8
"""Runs that a thread takes at a time: small enough to stop soon, large enough to cost nothing."""

METRICS: dict[str, str] = {
    "onsets": "onsets of atrocity: entries of a group into stage 4",
    "episodes": "episodes of atrocity: at least 1,000 killed in twelve months",
    "deaths": "killed (persons)",
    "displaced": "driven from home (persons)",
    "group_months_atrocity": "months of atrocity, summed over groups",
    "spent_prevention": "spent on prevention: forms of prevention at stages 0-2, before a crisis (US$)",
    "spent_response": "spent on response: humanitarian, peacekeeping, Pillar III, any form in a crisis (US$)",
    "response_cost": "external response: what is spent on it, and external reconstruction aid (US$)",
    "hosting_cost": "cost of hosting refugees in neighbouring states (US$)",
    "gdp_lost": "GDP lost, in all states (US$)",
    "total_cost": "prevention, external response, hosting and lost GDP (US$)",
    "months_to_help": "months from the first threat to the first help that works, mean over threatened states; "
    "below 0 where help came first, to the end of the run where none came",
}
"""What is measured of every run, with unit and meaning."""


@rule
def run_months(rows: Rows, p: np.ndarray, luck: Draws, first: int, last: int) -> None:
    """Run the months ``first..last`` of one run, without a word to Python."""
    for m in range(first, last):
        month(rows, p, Draws(luck.key0, luck.key1, luck.run, np.uint64(m)))


def metrics_of(rows: Rows, months: int) -> np.ndarray:
    """Measure a finished run.

    Parameters
    ----------
    rows : Rows
        As the last month left them.
    months : int
        Length of the run.

    Returns
    -------
    numpy.ndarray, shape (len(METRICS),)
        In the order of `METRICS`.
    """
    state, group, body = rows.state, rows.group, rows.body
    prevention = body[B.spent_prevention].sum() / CENTS
    response = body[B.spent_response].sum() / CENTS
    external = response + state[S.reconstruction_cost].sum()
    hosting = state[S.hosting_cost].sum()
    lost = state[S.gdp_lost].sum()
    threatened = state[S.threatened] > 0.0
    helped = np.where(state[S.helped] > 0.0, state[S.helped], months + 1.0)
    wait = (helped - state[S.threatened])[threatened]
    return np.array(
        [
            group[G.onsets].sum(),
            group[G.episodes].sum(),
            group[G.deaths].sum(),
            state[S.displaced].sum(),
            state[S.atrocity_months].sum(),
            prevention,
            response,
            external,
            hosting,
            lost,
            prevention + external + hosting + lost,
            wait.mean() if len(wait) else np.nan,
        ]
    )


def spending_of(rows: Rows) -> np.ndarray:
    """Give what was spent on each form while its state stood at each stage.

    Returns
    -------
    numpy.ndarray, shape (forms, 5), US$
    """
    forms = rows.form.shape[1]
    states = rows.state.shape[1]
    spent = rows.programme[PR.spent_0 : PR.spent_0 + 5].reshape(5, states, forms)
    total: np.ndarray = spent.sum(axis=1).T / CENTS
    return total


class Runs(NamedTuple):
    """Many runs of several policies.

    Attributes
    ----------
    metrics : dict of str to numpy.ndarray, shape (runs, len(METRICS))
        By policy.
    spending : dict of str to numpy.ndarray, shape (forms, 5), US$
        By policy: mean over runs of what was spent on each form while its state stood at each stage.
    yearly : dict of str to numpy.ndarray, shape (years, forms, 5), US$
        The same, year by year.
    """

    metrics: dict[str, np.ndarray]
    spending: dict[str, np.ndarray]
    yearly: dict[str, np.ndarray]


def _one(world: World, scratch: Rows, p: np.ndarray, seed: int, run: int, months: int) -> tuple[np.ndarray, np.ndarray]:
    """Run one run in a thread's own rows; give its metrics, and its spending up to the end of each year."""
    for name in WRITTEN:
        getattr(scratch, name)[...] = getattr(world.rows, name)
    luck = draws_of(seed, run, 0)
    opening(scratch, p, luck)
    spent = np.empty((months // YEAR, scratch.form.shape[1], 5))
    for year in range(months // YEAR):
        run_months(scratch, p, luck, year * YEAR, (year + 1) * YEAR)
        spent[year] = spending_of(scratch)
    return metrics_of(scratch, months), spent


def run_many(
    scenario: Scenario,
    policies: Sequence[str],
    runs: int,
    seed: int,
    years: int | None = None,
    threads: int | None = None,
    advance: Callable[[int], None] | None = None,
) -> Runs:
    """Run each policy over the same luck.

    Parameters
    ----------
    scenario : Scenario
        What to run.
    policies : sequence of str
        Names of its policies.
    runs, seed : int
        Runs ``0..runs`` of this seed, the same for every policy.
    years : int, optional
        Length; the scenario's own if not given.
    threads : int, optional
        All processors if not given; the result does not depend on it.
    advance : callable, optional
        Told the number of runs finished since it was last called.

    Returns
    -------
    Runs
        Metrics of every run; mean spending by form and stage, in all and year by year.
    """
    full = expand(scenario)
    months = 12 * (full.years if years is None else years)
    metrics: dict[str, np.ndarray] = {}
    spending: dict[str, np.ndarray] = {}
    yearly: dict[str, np.ndarray] = {}
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        for policy in policies:
            world = build(full, policy)
            p = full.parameter_values(policy)
            out = np.empty((runs, len(METRICS)))
            spent = np.empty((runs, months // YEAR, len(world.forms), 5))

            def chunk(
                first: int, world: World = world, p: np.ndarray = p, out: np.ndarray = out, spent: np.ndarray = spent
            ) -> int:
                scratch = copy_rows(world.rows)
                last = min(first + CHUNK, runs)
                for run in range(first, last):
                    out[run], spent[run] = _one(world, scratch, p, seed, run, months)
                return last - first

            try:
                for done in pool.map(chunk, range(0, runs, CHUNK)):
                    if advance is not None:
                        advance(done)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
            metrics[policy] = out
            so_far = spent.mean(axis=0)
            spending[policy] = so_far[-1]
            yearly[policy] = np.diff(so_far, axis=0, prepend=0.0)
    return Runs(metrics, spending, yearly)
