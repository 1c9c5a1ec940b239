"""Paired differences: their mean and its interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

__all__ = ["CONFIDENCE", "Interval", "paired_interval", "t_quantile"]

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
