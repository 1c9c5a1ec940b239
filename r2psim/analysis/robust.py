"""What a policy is judged by where not all is known: the mean, the worst tenth of draws, or regret.

Each criterion is written as the mean of one number a unit (a run, or a draw with several runs), so that a difference of
two policies is a paired difference of these numbers and has the interval of one. The worst tenth is the mean over the
tenth of draws in which a policy does worst, each policy in draws of its own (Rockafellar and Uryasev's conditional
value at risk): with ``q`` the least bad of these draws it is the mean of ``q + max(x - q, 0) / 0.1``. That ``q`` is
itself estimated changes the mean of these numbers only to the second order.

Rockafellar, R. T. and Uryasev, S. (2000). Optimization of conditional value-at-risk. Journal of Risk 2, 21-41.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from r2psim.ensemble.former_names import hint
from r2psim.ensemble.intervals import Interval
from r2psim.scenario.errors import listing

__all__ = ["CRITERIA", "TENTH", "apart", "checked_criterion", "of_draws", "units_of"]

CRITERIA = {
    "mean": "the mean of all runs",
    "worst-tenth": "the mean over the tenth of draws in which the policy does worst",
    "regret": "by how much it is worse than the best of the scenario's policies in the same draw, worst tenth of draws",
}
"""By what policies are judged, each the less the better."""

TENTH = 0.1


def checked_criterion(name: str, uncertainty: str) -> str:
    """Give a criterion.

    Raises
    ------
    ValueError
        If there is none of that name, or it asks for draws and nothing is drawn.
    """
    if name not in CRITERIA:
        raise ValueError(f"{name} is not allowed: one of {listing(CRITERIA)}{hint(name, CRITERIA)}")
    if name != "mean" and uncertainty == "none":
        raise ValueError(
            f"{name} is not allowed where nothing is drawn: it needs --uncertainty rates, effects or all (in Python, "
            "uncertainty)"
        )
    return name


def of_draws(values: np.ndarray, each: int) -> np.ndarray:
    """Give the means over the runs of each draw, shape (draws,) + the rest.

    Parameters
    ----------
    values : numpy.ndarray, shape (runs, ...)
        So many runs a draw, one draw after another.
    each : int
        How many.
    """
    found: np.ndarray = values.reshape(-1, each, *values.shape[1:]).mean(axis=1)
    return found


def units_of(values: np.ndarray, criterion: str, best: np.ndarray | None = None) -> np.ndarray:
    """Give numbers whose mean is the criterion, one a unit.

    Parameters
    ----------
    values : numpy.ndarray, shape (units,)
        Of a run or a draw, the less the better.
    criterion : str
        A key of `CRITERIA`.
    best : numpy.ndarray, shape (units,), optional
        For regret: the least that any policy has in the same draw.

    Examples
    --------
    >>> values = np.arange(20.0)
    >>> units_of(values, "mean").mean(), units_of(values, "worst-tenth").mean()
    (np.float64(9.5), np.float64(18.5))
    >>> units_of(values, "regret", values - np.repeat([0.0, 4.0], [19, 1])).mean()
    np.float64(2.0)
    """
    if criterion == "mean":
        return values
    if criterion == "regret":
        if best is None:
            raise ValueError("regret needs what is best in each draw")
        values = values - best
    worst = ceil(TENTH * len(values) - 1e-9)
    q = np.partition(values, len(values) - worst)[len(values) - worst]
    found: np.ndarray = q + np.maximum(values - q, 0.0) / TENTH
    return found


def apart(first: Interval | None, second: Interval | None) -> Interval | None:
    """Give the difference of two means that come from different runs, with its interval.

    Parameters
    ----------
    first, second : Interval or None
        Of independent samples. The interval of the difference is put together from theirs (Zou and Donner's MOVER).

    Examples
    --------
    >>> apart(Interval(5.0, 1.0, 9.0), Interval(1.0, -2.0, 4.0))
    Interval(mean=4.0, low=-1.0, high=9.0)
    """
    if first is None or second is None:
        return None
    mean = first.mean - second.mean
    if None in first or None in second:
        return Interval(mean, None, None)
    (a, a_low, a_high), (b, b_low, b_high) = first, second
    assert a_low is not None and a_high is not None and b_low is not None and b_high is not None
    below = float(np.hypot(a - a_low, b_high - b))
    above = float(np.hypot(a_high - a, b - b_low))
    return Interval(mean, mean - below, mean + above)
