"""Sensitivity indices out of a finished design: Sobol's, with what is luck told apart, and Morris' elementary effects.

A model with luck gives something else each time it is run. Here the rows of a design each have luck of their own, and
all points of a row have the same (common random numbers), in as many replicates as are given. Products of two
replicates with different luck have no luck in their mean, so with two replicates or more the indices are those of the
mean over luck, without the bias that averages of few runs have; what is left of the variance is luck. With one
replicate they are the usual estimators, those of SALib to the last digits, and the outcome is taken to have no luck.

First-order indices after Saltelli et al. (2010), total ones after Jansen (1999); intervals by the bootstrap over rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["RESAMPLES", "ElementaryEffects", "Share", "SobolIndices", "morris_measures", "sobol_indices"]

RESAMPLES = 1000
LOW, HIGH = 2.5, 97.5


@dataclass(frozen=True)
class Share:
    """An estimate with its 95 % interval; the estimate of an index may lie below 0 by chance."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2.0


@dataclass(frozen=True)
class SobolIndices:
    """Sobol indices of one outcome.

    Attributes
    ----------
    mean, variance : float
        Of the outcome of a run, over parameters and luck.
    luck : Share or None
        Share of that variance that luck has, alone and together with parameters; None with one replicate.
    first, total : tuple of Share
        Of each factor, as shares of that variance; empty where nothing varies, or at A and B nothing does.
    first_of_mean, total_of_mean : tuple of Share
        The same as shares of the variance that the mean over luck has: of what parameters move. The same numbers as
        `first` and `total` with one replicate. Empty where that variance is not told apart from none.
    """

    mean: float
    variance: float
    luck: Share | None
    first: tuple[Share, ...]
    total: tuple[Share, ...]
    first_of_mean: tuple[Share, ...]
    total_of_mean: tuple[Share, ...]
    nothing_varies: bool = False


def _crossed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Give the mean product of two quantities over pairs of different replicates, the last axis; of one: its own."""
    count = a.shape[-1]
    if count == 1:
        found: np.ndarray = (a * b)[..., 0]
        return found
    pairs: np.ndarray = (a.sum(axis=-1) * b.sum(axis=-1) - (a * b).sum(axis=-1)) / (count * (count - 1))
    return pairs


def _shares(part: np.ndarray, whole: np.ndarray, sizes: np.ndarray) -> tuple[Share, ...]:
    """Give each part, (resamples + 1, factors) with the estimate first, as a share of the whole, (resamples + 1,)."""
    # A resample of rows that are all alike has no shares.
    some = whole > 0.0
    ratios = part[some] / whole[some, None]
    low, high = np.percentile(ratios[1:], [LOW, HIGH], axis=0)
    zero = [not column.any() for column in sizes.T]
    # Moved by nothing at all: exactly nothing, not a zero with rounding.
    return tuple(
        Share(0.0, 0.0, 0.0) if none else Share(float(x), float(a), float(b))
        for x, a, b, none in zip(ratios[0], low, high, zero, strict=True)
    )


def sobol_indices(y: np.ndarray, resamples: int = RESAMPLES, seed: int = 1) -> SobolIndices:
    """Estimate first-order and total indices out of a Saltelli design.

    Parameters
    ----------
    y : numpy.ndarray, shape (rows, 2 + factors) or (rows, 2 + factors, replicates)
        The outcome of each row: first at the point A, then at A with each factor in turn taken from B, last at B.
        Replicates differ in luck; the points of a row share it.
    resamples : int
        Of the bootstrap.
    seed : int
        Of the bootstrap.

    Returns
    -------
    SobolIndices

    Raises
    ------
    ValueError
        If there are fewer than two rows, no factor, or a value that is no finite number.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> a, b = rng.random((2, 4096, 2))
    >>> points = np.stack([a, np.c_[b[:, 0], a[:, 1]], np.c_[a[:, 0], b[:, 1]], b], axis=1)
    >>> found = sobol_indices(points @ [2.0, 1.0])
    >>> [round(share.value, 1) for share in found.total]
    [0.8, 0.2]
    """
    y = np.asarray(y, dtype=np.float64)
    y = y[:, :, None] if y.ndim == 2 else y
    if y.ndim != 3 or y.shape[0] < 2 or y.shape[1] < 3 or y.shape[2] < 1:
        raise ValueError(f"shape {y.shape} is not allowed: at least two rows, of A, at least one factor, and B")
    if not np.isfinite(y).all():
        raise ValueError("the outcome is no finite number at some points")
    rows, points, replicates = y.shape
    factors = points - 2
    mean = float(y[:, [0, -1]].mean())
    if np.ptp(y[:, [0, -1]]) == 0.0:
        return SobolIndices(mean, 0.0, None, (), (), (), (), nothing_varies=bool(np.ptp(y) == 0.0))
    centred = y - y.mean()
    a, moved, b = centred[:, :1], centred[:, 1:-1], centred[:, -1:]
    steps = moved - a
    first = _crossed(b, steps)
    total = 0.5 * _crossed(steps, steps)
    ends = centred[:, [0, -1]]
    of_mean = _crossed(ends, ends).mean(axis=1)
    # Row by row all that the indices are made of; a resample is a weighted mean of it.
    made = np.column_stack([first, total, of_mean, (ends**2).mean(axis=(1, 2)), ends.mean(axis=(1, 2))])
    rng = np.random.default_rng([seed, 11])
    weights = np.vstack([np.ones(rows), rng.multinomial(rows, np.full(rows, 1.0 / rows), resamples)]) / rows
    found = weights @ made
    shift = found[:, -1] ** 2
    variance, explained = found[:, -2] - shift, found[:, -3] - shift
    # Rounding makes of rows that are all alike almost nothing, not nothing.
    variance = np.where(variance > 1e-12 * variance[0], variance, 0.0)
    sizes = np.abs(steps).max(axis=2)
    parts = found[:, :factors], found[:, factors : 2 * factors]
    of_run = [_shares(part, variance, sizes) for part in parts]
    if replicates == 1:
        return SobolIndices(mean, float(variance[0]), None, of_run[0], of_run[1], of_run[0], of_run[1])
    some = variance > 0.0
    luck = 1.0 - explained[some] / variance[some]
    low, high = np.percentile(luck[1:], [LOW, HIGH])
    # A share of a variance that may be none is no number: its interval would be endless.
    known = np.percentile(explained[1:], LOW) > 0.0
    rest = (
        [_shares(part, np.where(explained > 1e-12 * variance[0], explained, 0.0), sizes) for part in parts]
        if known
        else [(), ()]
    )
    told = Share(float(luck[0]), float(low), float(high))
    return SobolIndices(mean, float(variance[0]), told, of_run[0], of_run[1], rest[0], rest[1])


@dataclass(frozen=True)
class ElementaryEffects:
    """Morris' measures of one factor: what the outcome moves where the factor moves across its whole range.

    Attributes
    ----------
    mu : Share or None
        Mean effect; None for a group of several, which has no direction.
    mu_star : Share
        Mean absolute effect. Luck adds to it: see `luck`.
    sigma : Share
        Standard deviation of the effect over trajectories: of interactions, of bends, and of luck.
    strength : Share
        Root of the mean square effect, without luck: 0 where nothing is told apart from luck. The same as the plain
        root of the mean square with one replicate.
    luck : float or None
        Standard deviation that luck gives an elementary effect; None with one replicate.
    """

    mu: Share | None
    mu_star: Share
    sigma: Share
    strength: Share
    luck: float | None


def morris_measures(
    y: np.ndarray,
    moved: np.ndarray,
    step: np.ndarray,
    groups: int,
    directed: np.ndarray | None = None,
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> tuple[ElementaryEffects, ...]:
    """Compute elementary effects out of trajectories that move one factor at a time.

    Parameters
    ----------
    y : numpy.ndarray, shape (trajectories, factors + 1) or (trajectories, factors + 1, replicates)
        The outcome along each trajectory; the points of one share their luck.
    moved : numpy.ndarray of int, shape (trajectories, factors)
        Which factor each step moves.
    step : numpy.ndarray, shape (trajectories, factors)
        By how much, as a share of its range, below 0 where downwards.
    groups : int
        Number of factors.
    directed : numpy.ndarray of bool, shape (groups,), optional
        Which are a single parameter, so that the sign of an effect means something; all if not given.
    resamples, seed : int
        Of the bootstrap over trajectories.

    Returns
    -------
    tuple of ElementaryEffects
        For each factor.

    Raises
    ------
    ValueError
        If there are fewer than two trajectories, or shapes do not fit.
    """
    y = np.asarray(y, dtype=np.float64)
    y = y[:, :, None] if y.ndim == 2 else y
    count = len(y)
    if count < 2 or moved.shape != (count, groups) or step.shape != moved.shape or y.shape[1] != groups + 1:
        raise ValueError("at least two trajectories are needed, each with a step for each factor")
    if not np.isfinite(y).all():
        raise ValueError("the outcome is no finite number at some points")
    along = np.diff(y, axis=1) / step[:, :, None]
    effects = np.take_along_axis(along, np.argsort(moved, axis=1)[:, :, None], axis=1)
    replicates = effects.shape[2]
    each = effects.mean(axis=2)
    square = _crossed(effects, effects)
    rng = np.random.default_rng([seed, 13])
    weights = np.vstack([np.ones(count), rng.multinomial(count, np.full(count, 1.0 / count), resamples)]) / count
    mu, star, second = weights @ each, weights @ np.abs(each), weights @ each**2
    sigma = np.sqrt(np.maximum(second - mu**2, 0.0) * count / (count - 1))
    strength = np.sqrt(np.maximum(weights @ square, 0.0))
    luck = None if replicates == 1 else np.sqrt(effects.var(axis=2, ddof=1).mean(axis=0))

    def share(values: np.ndarray) -> Share:
        low, high = np.percentile(values[1:], [LOW, HIGH])
        return Share(float(values[0]), float(low), float(high))

    return tuple(
        ElementaryEffects(
            mu=share(mu[:, k]) if directed is None or directed[k] else None,
            mu_star=share(star[:, k]),
            sigma=share(sigma[:, k]),
            strength=share(strength[:, k]),
            luck=None if luck is None else float(luck[k]),
        )
        for k in range(groups)
    )
