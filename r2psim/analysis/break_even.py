"""Where a difference between two policies changes sign along one parameter, as far as chance lets that be told."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from r2psim.analysis.comparison import Interval

__all__ = ["break_evens"]


def break_evens(at: Sequence[float], intervals: Sequence[Interval]) -> list[tuple[float, float]]:
    """Give the ranges of a parameter within which a difference changes sign.

    A range ends at the two nearest places where the difference is told apart from zero with opposite signs: somewhere
    between them it breaks even. Where a mean merely wanders about zero there is none.

    Parameters
    ----------
    at : sequence of float
        Values of the parameter, ascending.
    intervals : sequence of Interval
        The difference at each.

    Examples
    --------
    >>> less, unsure, more = Interval(-2.0, -3.0, -1.0), Interval(0.1, -1.0, 1.2), Interval(2.0, 1.0, 3.0)
    >>> break_evens([0.0, 0.5, 1.0], [more, unsure, less])
    [(0.0, 1.0)]
    >>> break_evens([0.0, 0.5, 1.0], [unsure, unsure, less])
    []
    """
    told = [(x, interval.mean) for x, interval in zip(at, intervals, strict=True) if interval.told_apart]
    return [(a, b) for (a, u), (b, v) in itertools.pairwise(told) if (u < 0.0) != (v < 0.0)]
