"""Many runs of one world under one or more policies: metrics, and mean spending.

`r2psim.simulate` gives more; this is what comparisons and tests need of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from r2psim.ensemble.engine import run_months
from r2psim.ensemble.measures import DEPTH, METRICS, measure, spending_at
from r2psim.ensemble.simulation import simulate
from r2psim.world.rows import Rows

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["METRICS", "Runs", "metrics_of", "run_many", "run_months", "spending_of"]


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
    found = np.empty(len(METRICS))
    measure(rows, months, found, np.empty(DEPTH))
    return found


def spending_of(rows: Rows) -> np.ndarray:
    """Give what was spent on each form while its state stood at each stage.

    Returns
    -------
    numpy.ndarray, shape (forms, 5), US$
    """
    found = np.empty((rows.form.shape[1], 5))
    spending_at(rows, found)
    return found


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


def run_many(
    scenario: Scenario,
    policies: Sequence[str],
    runs: int,
    seed: int,
    years: int | None = None,
    threads: int | None = None,
    advance: Callable[[int], None] | None = None,
) -> Runs:
    """Run each policy over the same luck; the parameters are those of `r2psim.simulate`.

    Returns
    -------
    Runs
        Metrics of every run; mean spending by form and stage, in all and year by year.
    """
    found = simulate(scenario, policies, runs, seed, years, threads, advance=advance)
    return Runs(dict(found.metrics), dict(found.spending), dict(found.yearly))
