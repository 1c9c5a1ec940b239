"""A naive forecast for comparison: logistic regression on the predictors, fitted forward in time.

What it was fitted on was over when the forecast was made: onsets of windows that had ended by the year of the data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from r2psim.world.countries import Country

__all__ = ["LEAST_ONSETS", "PREDICTORS", "features", "forward"]

PREDICTORS = (
    "un_imr_sqrt", "exclpop", "discrimpop", "battledeaths.log2", "coup.try.5yr", "pol_killing_approved",
    "freediscussion", "judicialreform", "even_civilrights", "minorityrule", "partyban.new.1", "mk_ever",
    "mk_ongoing_count", "gdppcgrowth",
)  # fmt: skip
"""Taken as they are; the logarithms of population and income are added."""

LEAST_ONSETS = 10
"""With fewer onsets to learn from nothing is fitted."""

_PENALTY = 1.0  # on each standardised slope: half its square is taken from the log likelihood
_STEPS = 50


def features(country: Country) -> list[float]:
    """Give what the fit looks at, of a complete country."""
    values = country.values
    logs = [math.log(values["wdi.popsize.new"]), math.log(values["wdi.gdppc.new"])]
    return logs + [values[name] for name in PREDICTORS]


def forward(
    known: Mapping[int, Sequence[Sequence[float]]],
    happened: Mapping[int, Sequence[bool]],
    year: int,
    window: int,
) -> np.ndarray | None:
    """Forecast the window after a year from the windows that had ended by then.

    Parameters
    ----------
    known : mapping of int to sequence
        Year of the data -> `features` by state.
    happened : mapping of int to sequence of bool
        Year of the data -> whether an onset followed within the window.
    year : int
        Whose states are forecast.
    window : int
        Years.

    Returns
    -------
    numpy.ndarray or None, shape (states,)
        Probabilities; None where fewer than `LEAST_ONSETS` came before.
    """
    before = [other for other in known if other + window <= year and other in happened]
    if sum(sum(happened[other]) for other in before) < LEAST_ONSETS:
        return None
    taught = np.array([row for other in sorted(before) for row in known[other]], dtype=float)
    onset = np.array([yes for other in sorted(before) for yes in happened[other]], dtype=float)
    mean, spread = taught.mean(axis=0), taught.std(axis=0)
    spread[spread == 0.0] = 1.0
    slopes = _fit(np.column_stack([np.ones(len(taught)), (taught - mean) / spread]), onset)
    own = (np.array(known[year], dtype=float) - mean) / spread
    found: np.ndarray = 1.0 / (1.0 + np.exp(-np.clip(slopes[0] + own @ slopes[1:], -500.0, 500.0)))
    return found


def _fit(design: np.ndarray, onset: np.ndarray) -> np.ndarray:
    """Fit a logistic regression with a ridge penalty by Newton's method; the intercept is not penalised."""
    penalty = np.full(design.shape[1], _PENALTY)
    penalty[0] = 1e-9
    rate = onset.mean()
    at = np.zeros(design.shape[1])
    at[0] = math.log(rate / (1.0 - rate)) if 0.0 < rate < 1.0 else 0.0
    for _ in range(_STEPS):
        fitted = 1.0 / (1.0 + np.exp(-np.clip(design @ at, -500.0, 500.0)))
        slope = design.T @ (onset - fitted) - penalty * at
        curve = (design.T * (fitted * (1.0 - fitted))) @ design + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        at = at + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-9:
            break
    return at
