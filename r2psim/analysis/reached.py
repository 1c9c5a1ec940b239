"""To which stages it comes in many runs, in how many of them, and when."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from r2psim.declarations.columns import STAGES
from r2psim.ensemble.intervals import Interval, share_differing

__all__ = ["NEVER", "Reached", "by_month", "first_months", "reached"]

NEVER = int(np.iinfo(np.int16).max)
"""Month of what does not come in a run."""


class Reached(NamedTuple):
    """In how many runs it comes to a stage, and when for the first time.

    Attributes
    ----------
    stage : int
        0 to 4; a higher stage counts as this one too.
    share : Interval
        Share of the runs, with its 95 % interval (Clopper and Pearson).
    months : numpy.ndarray, shape (runs that come to it,)
        Months from the start until then, in rising order; 0 is the start.
    """

    stage: int
    share: Interval
    months: np.ndarray

    @property
    def quartiles(self) -> tuple[float, float, float] | None:
        """The month by which a quarter, half and three quarters of these runs had come to it; None if none came."""
        if not len(self.months):
            return None
        low, middle, high = np.quantile(self.months, (0.25, 0.5, 0.75), method="inverted_cdf").tolist()
        return low, middle, high


def first_months(stages: np.ndarray) -> np.ndarray:
    """Give the month in which each group first stands at each stage or a higher one.

    Parameters
    ----------
    stages : numpy.ndarray, int8, shape (runs, months + 1, groups)
        As `r2psim.ensemble.results.Results.stages` has it: index 0 is the start.

    Returns
    -------
    numpy.ndarray, int16, shape (runs, groups, len(STAGES))
        `NEVER` where that does not come.

    Examples
    --------
    >>> first_months(np.array([[[0], [2], [1]]], dtype=np.int8))[0, 0].tolist() == [0, 1, 1, NEVER, NEVER]
    True
    """
    found = np.empty((stages.shape[0], stages.shape[2], len(STAGES)), dtype=np.int16)
    for stage in range(len(STAGES)):
        there = stages >= stage
        found[:, :, stage] = np.where(there.any(axis=1), there.argmax(axis=1), NEVER)
    return found


def reached(first: np.ndarray) -> tuple[Reached, ...]:
    """Say in how many runs it comes to each stage, and when, for groups that are looked at together.

    Parameters
    ----------
    first : numpy.ndarray, shape (runs, groups, len(STAGES))
        As `first_months` gives it, of the groups in question: those of a state give that state's.

    Raises
    ------
    ValueError
        If there is no run or no group.
    """
    if not first.shape[0] or not first.shape[1]:
        raise ValueError(f"{first.shape[0]} runs of {first.shape[1]} groups: at least one of each is needed")
    soonest = first.min(axis=1)
    found = []
    for stage in range(len(STAGES)):
        comes = soonest[:, stage] < NEVER
        share = share_differing(comes.astype(float))
        assert share is not None
        found.append(Reached(stage, share, np.sort(soonest[comes, stage])))
    return tuple(found)


def by_month(one: Reached, runs: int, months: int) -> np.ndarray:
    """Give the share of all runs that had come to a stage by each month, shape (months + 1,).

    Examples
    --------
    >>> by_month(Reached(3, Interval(0.5, 0.0, 1.0), np.array([1, 2])), runs=4, months=3).tolist()
    [0.0, 0.25, 0.5, 0.5]
    """
    return np.searchsorted(one.months, np.arange(months + 1), side="right") / runs
