"""What a number of runs can tell: intervals of means, paired differences, returns, medians and shares.

Differences of deaths and of cost are skewed and have heavy tails: a few runs carry the mean. Student's interval then
leaves the true mean out far more often than it says. The interval here is Student's, with two corrections that only
widen it, each from the sample itself, so that equal runs give equal limits to the last digit and nothing is drawn:

- *Skewness.* A sample that has seen few of the rare large values has too small a mean and too small a spread at once.
  Hall's monotone cubic transformation of the t statistic takes this out to the order of one over the runs. Where his
  limit lies further out than Student's it is taken, never where it lies further in. Samples show too little skewness
  (`SKEWNESS_SHOWN`).
- *Kurtosis.* The spread is itself known the worse the fewer runs make it up (`KURTOSIS_WIDENS`).

docs/INTERVALS.md has the coverage that was found, shape by shape.

Hall, P. (1992). On the removal of skewness by transformation. Journal of the Royal Statistical Society B 54, 221-228.
"""

from __future__ import annotations

from math import ceil, comb, log10
from typing import NamedTuple

import numpy as np
from scipy.special import bdtr, betaincinv, stdtrit

__all__ = [
    "CONFIDENCE",
    "LEAST_CARRYING",
    "LEAST_DIFFERING",
    "LEAST_RUNS",
    "Bands",
    "Interval",
    "bands",
    "mean_interval",
    "mean_limits",
    "median_interval",
    "paired_interval",
    "ratio_interval",
    "runs_needed",
    "runs_needed_words",
    "share_differing",
    "t_quantile",
]

CONFIDENCE = 0.95

LEAST_RUNS = 50
"""Runs below which no difference is told apart from none: rarer events than one in twenty may all be missing."""

LEAST_DIFFERING = 10
"""Runs that must differ at all before a difference is told apart from none.

With fewer, a rarer effect the other way, up to four times as large, is missed so often that more than one verdict in
twenty is false.
"""

LEAST_CARRYING = 10
"""Runs that must carry the spread before a difference that other runs carry is told apart from none.

Their number is the effective one, runs over kurtosis: the square of the sum of squared deviations over the sum of their
squares. See `_rests_on_the_many`.
"""

SKEWNESS_SHOWN = 1.35
"""By what a sample's skewness is multiplied: of heavy tails a sample shows too little."""

KURTOSIS_WIDENS = 0.75
"""Share by which limits move out when one run makes up the whole spread (excess kurtosis equal to the runs)."""

# Hall's limit moves out with the skewness up to about here, and comes back in beyond: there it stays.
_SKEWED_MOST = 0.45
# A verdict is to be had in four of five series of runs: this many standard errors beyond the limit.
_FOUR_OF_FIVE = 0.8416212335729143
_MOST_RUNS = 10_000_000


class Interval(NamedTuple):
    """A mean and its 95 % interval; the limits are None where fewer than two runs tell."""

    mean: float
    low: float | None
    high: float | None

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0.0 or self.high < 0.0)


class Bands(NamedTuple):
    """Bands over time, each an array of shape (times,): 90 % of the runs, and the mean with its 95 % interval.

    All are NaN where no run has a value, the limits of the mean also where only one has.
    """

    mean: np.ndarray
    mean_low: np.ndarray
    mean_high: np.ndarray
    runs_low: np.ndarray
    runs_high: np.ndarray


def t_quantile(count: int) -> float:
    """Give how many standard errors an interval of `CONFIDENCE` reaches to each side, of so many runs (Student's t)."""
    return float(stdtrit(count - 1, 0.5 + CONFIDENCE / 2.0))


# -- the interval of a mean --------------------------------------------------------------------------------------------


def _reach(runs: np.ndarray | np.float64, skewness: np.ndarray, kurtosis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give how many standard errors the limits lie below and above the mean.

    Parameters
    ----------
    runs, skewness, kurtosis : numpy.ndarray
        Number of runs, third and fourth standardised central moment (3 for a normal distribution); of one shape, or one
        number of runs for all.
    """
    student = stdtrit(np.maximum(runs - 1.0, 1.0), 0.5 + CONFIDENCE / 2.0)
    widest = student * (1.0 + KURTOSIS_WIDENS * np.clip((kurtosis - 3.0) / runs, 0.0, 1.0))
    skewed = np.clip(SKEWNESS_SHOWN * np.abs(skewness) / np.sqrt(runs), 0.0, _SKEWED_MOST)
    # Hall's transformation turned round, at the end of the long tail; without skewness it is the identity.
    some = np.where(skewed > 1e-8, skewed, 1.0)
    hall = np.where(skewed > 1e-8, 3.0 / some * (1.0 - np.cbrt(1.0 - some * (widest + some / 6.0))), widest)
    tail = np.maximum(hall, widest)
    return np.where(skewness < 0.0, tail, widest), np.where(skewness > 0.0, tail, widest)


def mean_limits(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the mean of every column and its 95 % interval.

    Parameters
    ----------
    values : numpy.ndarray, shape (runs, columns)
        NaN or infinite where a run has no value.

    Returns
    -------
    mean, low, high : numpy.ndarray, shape (columns,)
        NaN where no run has a value; the limits also where only one has.
    """
    known = np.isfinite(values)
    runs = known.sum(axis=0).astype(np.float64)
    some, more = np.maximum(runs, 1.0), np.maximum(runs - 1.0, 1.0)
    mean = np.where(known, values, 0.0).sum(axis=0) / some
    away = np.where(known, values - mean, 0.0)
    # Columns that are one value have no spread, whatever rounding leaves of it.
    least = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    most = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    away[:, least == most] = 0.0
    mean = np.where(least == most, least, mean)
    spread = np.sqrt((away * away).sum(axis=0) / some)
    away /= np.where(spread > 0.0, spread, 1.0)
    squared = away * away
    below, above = _reach(some, (squared * away).sum(axis=0) / some, (squared * squared).sum(axis=0) / some)
    error = spread / np.sqrt(more)
    nothing, one = runs < 1.0, runs < 2.0
    return (
        np.where(nothing, np.nan, mean),
        np.where(one, np.nan, mean - below * error),
        np.where(one, np.nan, mean + above * error),
    )


def mean_interval(values: np.ndarray) -> Interval | None:
    """Give the mean of one quantity over runs and its 95 % interval.

    Parameters
    ----------
    values : numpy.ndarray, shape (runs,)
        NaN where a run has no value.

    Returns
    -------
    Interval or None
        None if no run has a value.
    """
    mean, low, high = (float(found[0]) for found in mean_limits(np.asarray(values, dtype=np.float64)[:, None]))
    if np.isnan(mean):
        return None
    return Interval(mean, None, None) if np.isnan(low) else Interval(mean, low, high)


def paired_interval(differences: np.ndarray) -> Interval | None:
    """Give the mean of paired differences and its 95 % interval.

    Zero is never left out where fewer than `LEAST_RUNS` runs have a value, where fewer than `LEAST_DIFFERING` differ at
    all, or where the few runs that carry the spread do not carry the mean: the interval is then stretched to it.

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
    found = mean_interval(differences)
    return found if found is None or _enough(differences) else _with_zero(found)


def _enough(differences: np.ndarray) -> bool:
    """Whether enough runs have a difference, one that is not zero, and carry it, for any verdict."""
    known = differences[np.isfinite(differences)]
    return (
        len(known) >= LEAST_RUNS and int(np.count_nonzero(known)) >= LEAST_DIFFERING and not _rests_on_the_many(known)
    )


def _rests_on_the_many(differences: np.ndarray) -> bool:
    """Whether small differences in many runs make up a mean whose spread is that of a few others.

    A small price paid in nearly all runs and a crisis avoided in a few look like a plain loss as long as too few of the
    crises are seen. The sign of the mean is not to be trusted where all of this holds:

    - fewer than `LEAST_CARRYING` runs, in effective number, carry the spread;
    - of the runs furthest from the mean, as many, at most half lie on that side of it on which the mean is of zero;
    - they make up less than half of the mean.

    Runs that are as far from the mean as the last of them count with them, so that the order of runs has no say.

    Parameters
    ----------
    differences : numpy.ndarray, shape (runs,)
        All finite. Of fewer than `LEAST_CARRYING` nothing of the kind can be told.
    """
    if len(differences) < LEAST_CARRYING:
        return False
    mean = float(differences.mean())
    away = differences - mean
    # In units of the largest, so that no square is out of range.
    largest = float(np.abs(away).max())
    if mean == 0.0 or largest == 0.0:
        return False
    squared = (away / largest) ** 2
    if float(squared.sum()) ** 2 >= LEAST_CARRYING * float((squared * squared).sum()):
        return False
    furthest = squared >= np.partition(squared, -LEAST_CARRYING)[-LEAST_CARRYING]
    beyond = away[furthest] * mean > 0.0
    of_mean = float(differences[furthest].sum()) / (mean * len(differences))
    return 2 * int(beyond.sum()) <= len(beyond) and of_mean < 0.5


def _with_zero(interval: Interval) -> Interval:
    if interval.low is None or interval.high is None:
        return interval
    return Interval(interval.mean, min(interval.low, 0.0), max(interval.high, 0.0))


# -- returns -----------------------------------------------------------------------------------------------------------


def ratio_interval(gains: np.ndarray, costs: np.ndarray) -> Interval | None:
    """Give the ratio of two paired means and its 95 % interval.

    Fieller's argument with the interval of `mean_interval`: a ratio is in the interval if zero is in that of the mean
    of gains less so many times the costs. Where too few runs tell of the gains (see `paired_interval`) it reaches to
    zero.

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
    y, x = gains[known], costs[known]
    cost = mean_interval(x)
    if cost is None or cost.low is None or cost.low <= 0.0:
        return None
    x = x / cost.mean
    y = y / cost.mean
    ratio = float(y.mean())
    rest = y - ratio * x
    below, above = _last_inside(-rest, x), _last_inside(rest, x)
    if below is None or above is None:
        return None
    found = Interval(ratio, ratio - below, ratio + above)
    return found if _enough(y) else _with_zero(found)


def _last_inside(rest: np.ndarray, cost: np.ndarray) -> float | None:
    """Give how far a ratio may rise before zero leaves the interval of the mean of what remains.

    Parameters
    ----------
    rest : numpy.ndarray, shape (runs,)
        Gains less the ratio of the means times the costs: of mean zero.
    cost : numpy.ndarray, shape (runs,)
        Costs in units of their mean.

    Returns
    -------
    float or None
        None where it may rise without end.
    """
    runs = len(rest)
    u, x = rest - rest.mean(), cost - 1.0
    spread = float(np.sqrt((u * u).mean()))
    if spread == 0.0:
        return 0.0
    u = u / spread
    us, xs = ([np.ones(runs), v, v * v, v * v * v, (v * v) ** 2] for v in (u, x))
    moments = {(i, j): float((us[i] * xs[j]).mean()) for i in range(5) for j in range(5) if 2 <= i + j <= 4}

    def outside(rise: np.ndarray) -> np.ndarray:
        """Whether zero lies above the interval of the mean of `u` less so many times the costs."""
        central = [sum(comb(k, j) * (-rise) ** j * moments[k - j, j] for j in range(k + 1)) for k in (2, 3, 4)]
        # Above rounding, so that nothing is divided by zero.
        variance = np.maximum(central[0], np.finfo(np.float64).eps ** 2)
        _, above = _reach(np.float64(runs), central[1] / variance**1.5, central[2] / variance**2)
        left: np.ndarray = above * np.sqrt(variance / (runs - 1)) < rise
        return left

    tried = np.concatenate(([0.0], np.exp2(np.arange(-24.0, 160.0) / 4.0) / runs**0.5))
    for _ in range(7):
        last = int(np.flatnonzero(~outside(tried))[-1])
        if last == len(tried) - 1:
            return None
        tried = np.linspace(tried[last], tried[last + 1], 64)
    return float(tried[0]) * spread


# -- counts and order --------------------------------------------------------------------------------------------------


def median_interval(values: np.ndarray) -> Interval | None:
    """Give the median of a quantity over runs and its 95 % interval, whatever its distribution (order statistics).

    Parameters
    ----------
    values : numpy.ndarray, shape (runs,)
        NaN where a run has no value.

    Returns
    -------
    Interval or None
        The median stands in the place of the mean. Its limits are values of runs, and None for fewer than six, of
        which even the extremes hold the median too seldom. None if no run has a value.

    Examples
    --------
    >>> median_interval(np.arange(1.0, 12.0))
    Interval(mean=6.0, low=2.0, high=10.0)
    """
    known = np.sort(values[np.isfinite(values)])
    runs = len(known)
    if runs == 0:
        return None
    median = float(np.median(known))
    # The median lies below the k-th smallest value with the chance of fewer than k of `runs` tosses of a coin.
    first = max(runs // 2 - ceil(1.2 * runs**0.5) - 1, 0)
    below = np.arange(first, runs // 2 + 1)
    fits = below[bdtr(below, runs, 0.5) <= (1.0 - CONFIDENCE) / 2.0]
    if len(fits) == 0:
        return Interval(median, None, None)
    return Interval(median, float(known[fits[-1]]), float(known[runs - 1 - fits[-1]]))


def share_differing(differences: np.ndarray) -> Interval | None:
    """Give the share of runs in which there is a difference at all, and its 95 % interval (Clopper and Pearson).

    Parameters
    ----------
    differences : numpy.ndarray, shape (runs,)
        NaN where a run has no value.

    Returns
    -------
    Interval or None
        None if no run has a value.

    Examples
    --------
    >>> share = share_differing(np.zeros(100))
    >>> share.mean, share.low, round(share.high, 3)
    (0.0, 0.0, 0.036)
    """
    known = differences[np.isfinite(differences)]
    runs, some = len(known), int(np.count_nonzero(known))
    if runs == 0:
        return None
    tail = (1.0 - CONFIDENCE) / 2.0
    low = 0.0 if some == 0 else float(betaincinv(some, runs - some + 1, tail))
    high = 1.0 if some == runs else float(betaincinv(some + 1, runs - some, 1.0 - tail))
    return Interval(some / runs, low, high)


# -- how many runs -----------------------------------------------------------------------------------------------------


def runs_needed(differences: np.ndarray) -> int | None:
    """Give how many runs would tell a difference from none, if mean, spread and shape are those seen.

    Parameters
    ----------
    differences : numpy.ndarray, shape (runs,)
        NaN where a run has no value.

    Returns
    -------
    int or None
        So many that four of five such series would tell; the runs that there are, where they tell already. None where
        no run differs or the mean is zero, and where ten million would not do.
    """
    known = differences[np.isfinite(differences)]
    found = paired_interval(known)
    if found is None or found.mean == 0.0:
        return None
    if found.told_apart:
        return len(known)
    floor = max(LEAST_RUNS, ceil(LEAST_DIFFERING * len(known) / np.count_nonzero(known)), len(known) + 1)
    away = known - found.mean
    spread = float((away**2).mean()) ** 0.5
    if spread == 0.0:
        return floor
    away = away / spread
    skewness, kurtosis = (np.asarray((away**k).mean()) for k in (3, 4))
    if _rests_on_the_many(known):
        floor = max(floor, ceil(LEAST_CARRYING * float(kurtosis)))

    def tells(runs: int) -> bool:
        below, above = _reach(np.float64(runs), skewness, kurtosis)
        reach = float(below if found.mean > 0.0 else above) + _FOUR_OF_FIVE
        return bool(abs(found.mean) * (runs - 1) ** 0.5 > reach * spread)

    few, enough = floor, floor
    while not tells(enough):
        if enough >= _MOST_RUNS:
            return None
        few, enough = enough, min(2 * enough, _MOST_RUNS)
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if tells(middle) else (middle, enough)
    return enough


def runs_needed_words(differences: np.ndarray) -> str:
    """Say how many runs a verdict would need; empty where there is one, or no difference to tell.

    Examples
    --------
    >>> runs_needed_words(np.tile([1.0, 0.0, 0.0, -0.7], 25))
    'with differences such as these, about 520 runs would tell'
    """
    known = differences[np.isfinite(differences)]
    found = paired_interval(known)
    if found is None or found.told_apart or not known.any():
        return ""
    needed = runs_needed(known)
    few = "too few runs carry the difference; " if len(known) >= LEAST_RUNS and _rests_on_the_many(known) else ""
    if needed is None:
        return f"{few}with differences such as these, not even {_MOST_RUNS:,} runs would tell"
    step = 10 ** max(int(log10(needed)) - 1, 0)
    return f"{few}with differences such as these, about {ceil(needed / step) * step:,} runs would tell"


# -- bands over time ---------------------------------------------------------------------------------------------------


def bands(values: np.ndarray) -> Bands:
    """Give the bands of a quantity over time: pointwise, each time for itself.

    Parameters
    ----------
    values : numpy.ndarray, shape (runs, times)
        NaN where a run has no value.

    Returns
    -------
    Bands
        Mean with its 95 % interval, and the limits between which 90 % of the runs lie.
    """
    known = np.where(np.isfinite(values), values, np.nan)
    some = np.isfinite(known).any(axis=0)
    low, high = np.full((2, known.shape[1]), np.nan)
    if some.any():
        low[some], high[some] = np.nanquantile(known[:, some], (0.05, 0.95), axis=0)
    return Bands(*mean_limits(known), low, high)
