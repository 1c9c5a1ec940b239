"""Money spent on prevention where nothing would have come: run by run, against the twin run without assistance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from r2psim.declarations.columns import PR, F, S
from r2psim.rules.draws import draws_of
from r2psim.rules.month import month, opening
from r2psim.scenario.specs import NO_ASSISTANCE
from r2psim.world.build import build
from r2psim.world.expand import expand
from r2psim.world.rows import copy_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from r2psim.scenario import Scenario
    from r2psim.world.rows import Rows

__all__ = ["WithoutNeed", "spent_where_nothing_came"]

_CENTS = 100.0
_EARLY = 3
"""Stages 0-2 are before imminent risk."""


@dataclass(frozen=True, slots=True)
class WithoutNeed:
    """What prevention cost in states to which, without assistance, no atrocity would have come.

    Attributes
    ----------
    spent : numpy.ndarray, shape (runs,), US$
        Spent on forms of prevention while the state stood at stages 0-2.
    without_need : numpy.ndarray, shape (runs,), US$
        Of that, what was spent in states that the twin run without assistance never sees at stage 4. It is known only
        afterwards, and only in a model: a state at high risk whose luck was good is among them.
    states : numpy.ndarray, shape (runs,)
        States at stage 4 at any time of the twin run.
    """

    spent: np.ndarray
    without_need: np.ndarray
    states: np.ndarray

    @property
    def share(self) -> float:
        """Share of the money of all runs together; NaN where nothing was spent."""
        spent = float(self.spent.sum())
        return float(self.without_need.sum()) / spent if spent > 0.0 else float("nan")


def spent_where_nothing_came(scenario: Scenario, policy: str, runs: int, seed: int) -> WithoutNeed:
    """Run a policy and its twin without assistance under the same luck, and see where prevention was spent.

    Parameters
    ----------
    scenario : Scenario
        A loaded scenario.
    policy : str
        Name of a policy of the scenario.
    runs, seed : int
        How many pairs of runs, and their luck.

    Returns
    -------
    WithoutNeed
        One entry a run.
    """
    setting = expand(scenario)
    months = 12 * setting.years
    worlds = {name: build(setting, name).rows for name in (policy, NO_ASSISTANCE)}
    values = {name: setting.parameter_values(name) for name in worlds}
    spent, without, states = np.zeros(runs), np.zeros(runs), np.zeros(runs)
    for run in range(runs):
        came = np.zeros(worlds[policy].state.shape[1], dtype=bool)
        for rows in _months(worlds[NO_ASSISTANCE], values[NO_ASSISTANCE], seed, run, months):
            came |= rows.state[S.stage] == _EARLY + 1
        *_, last = _months(worlds[policy], values[policy], seed, run, months)
        by_state = _prevention(last)
        spent[run] = by_state.sum()
        without[run] = by_state[~came].sum()
        states[run] = came.sum()
    return WithoutNeed(spent, without, states)


def _months(start: Rows, p: np.ndarray, seed: int, run: int, months: int) -> Iterator[Rows]:
    """Yield the rows of a run after each month; they are the same rows every time."""
    rows = copy_rows(start)
    opening(rows, p, draws_of(seed, run, 0))
    for number in range(months):
        month(rows, p, draws_of(seed, run, number))
        yield rows


def _prevention(rows: Rows) -> np.ndarray:
    """Give what was spent on forms of prevention at stages 0-2, US$ by state."""
    by_form = sum(rows.programme[PR.spent_0 + k] for k in range(_EARLY)).reshape(-1, rows.state.shape[1])  # type: ignore[union-attr]
    cents: np.ndarray = by_form[rows.form[F.response] == 0.0].sum(axis=0)
    return cents / _CENTS
