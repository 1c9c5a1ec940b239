"""Paired differences: their mean and its interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

__all__ = ["CONFIDENCE", "Interval", "paired_interval", "ratio_interval", "t_quantile"]

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean and its 95 % interval; the limits are None where fewer than two runs tell."""

    mean: float
    low: float | None
    high: float | None

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0.0 or self.high < 0.0)


def t_quantile(count: int) -> float:
    """Give how many standard errors an interval of `CONFIDENCE` reaches to each side, of so many runs (Student's t)."""
    return float(stdtrit(count - 1, 0.5 + CONFIDENCE / 2.0))


def paired_interval(differences: np.ndarray) -> Interval | None:
    """Give the mean of paired differences and its 95 % interval (Student's t).

    Parameters
    ----------
    differences : numpy.ndarray, shape (runs,)
        One policy minus another in the same run; NaN where a run has no value.

    Returns
    -------
    Interval or None
        None if no run has a value.

    Examples
    --------
    >>> paired_interval(np.array([0.0, 0.0, np.nan]))
    Interval(mean=0.0, low=0.0, high=0.0)
    """
    known = differences[np.isfinite(differences)]
    if len(known) == 0:
        return None
    mean = float(known.mean())
    if len(known) < 2:
        return Interval(mean, None, None)
    half = t_quantile(len(known)) * float(known.std(ddof=1)) / len(known) ** 0.5
    return Interval(mean, mean - half, mean + half)


def ratio_interval(gains: np.ndarray, costs: np.ndarray) -> Interval | None:
    """Give the ratio of two paired means and its 95 % interval (Fieller).

    Parameters
    ----------
    gains, costs : numpy.ndarray, shape (runs,)
        What is gained and what it costs in the same run, in the same unit.

    Returns
    -------
    Interval or None
        Gain per unit of cost; None unless the mean cost is above zero by more than chance, for only then is the
        interval bounded.
    """
    known = np.isfinite(gains) & np.isfinite(costs)
    x, y = costs[known], gains[known]
    cost = paired_interval(x)
    if cost is None or cost.low is None or cost.low <= 0.0:
        return None
    ratio = float(y.mean() / x.mean())
    # In units of the mean cost, so that squares of large amounts lose no digits.
    covariance = np.cov(y / cost.mean, x / cost.mean) / len(x)
    k = t_quantile(len(x)) ** 2
    a = 1.0 - k * float(covariance[1, 1])
    b = ratio - k * float(covariance[0, 1])
    c = ratio**2 - k * float(covariance[0, 0])
    root = max(b * b - a * c, 0.0) ** 0.5
    return Interval(ratio, (b - root) / a, (b + root) / a)
