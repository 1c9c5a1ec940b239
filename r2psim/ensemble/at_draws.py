"""Runs of which several share a draw of what is not known: luck of their own, and parameters and effects in common.

Ordinarily run ``i`` has draw ``i`` (`r2psim.ensemble.uncertainty`). To see what a policy does where things stand badly,
apart from bad luck, several runs are needed of every draw: here run ``i`` has draw ``i // each``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.simulation import _Ensemble
from r2psim.processors import processors
from r2psim.scenario.posterior import drawn_in

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.world.rows import Rows

__all__ = ["metrics_at_draws"]

YEAR = 12


class _OfDraws(_Ensemble):
    """An ensemble of which so many runs, one after another, share a draw."""

    each = 1

    def parameters_of(self, k: int, run: int, null_twin: bool = False) -> np.ndarray:
        """Give the values of the parameters of a run: those of its draw."""
        return super().parameters_of(k, run // self.each, null_twin)

    def rows_of(self, run: int, rows: Rows) -> Rows:
        """Give rows with the effects of a run's draw."""
        return super().rows_of(run // self.each, rows)


def metrics_at_draws(
    full: Scenario,
    policies: Sequence[str],
    first: int,
    runs: int,
    seed: int,
    years: int,
    threads: int | None = None,
    uncertainty: str = "none",
    each: int = 1,
    null_twins: bool = False,
    advance: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Run policies under the same luck and the same draws, and give what is measured of every run.

    Parameters
    ----------
    full : Scenario
        With everything generated.
    policies : sequence of str
        Of that scenario.
    first, runs, seed, years : int
        Runs ``first .. first + runs - 1`` of this seed, and their length.
    threads : int, optional
        All processors if not given; the result does not depend on it.
    uncertainty : str
        As `r2psim.simulate` takes it.
    each : int
        Runs of each draw; with 1 they are those of `r2psim.simulate`.
    null_twins : bool
        Whether null twins are run beside the policies.
    advance : callable, optional
        Told the number of runs finished since it was last called.

    Returns
    -------
    numpy.ndarray, shape (1 or 2, policies, runs, len(METRICS))
        Of the policies, and of their null twins.
    """
    drawn = drawn_in(full, uncertainty)
    threads = threads or processors()
    most = -(-runs * len(policies) // threads)
    ensemble = _OfDraws(full, policies, seed, YEAR * years, (), False, most, drawn, null_twins)
    ensemble.each = each
    ensemble.accounts_by_run = False
    found = np.empty((1 + null_twins, len(policies), runs, len(METRICS)))
    places = {policy: k for k, policy in enumerate(policies)}
    with closing(ensemble.blocks(first, runs, threads)) as blocks:
        for block in blocks:
            metrics = block.arrays["metrics"]
            at = block.first_run - first
            found[int(block.null_twin), places[block.policy], at : at + len(metrics)] = metrics
            if advance is not None:
                advance(len(metrics))
    return found
