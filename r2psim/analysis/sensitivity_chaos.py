"""Sobol indices of many parameters out of few runs: a polynomial chaos, fitted to points that need no special design.

A Saltelli design asks for a point of each factor in every row, and the products that its estimators average are as wild
as luck is. Here the outcome, as a function of all parameters at once, is written as a sum of Legendre polynomials of
one parameter and of pairs of parameters (where more than a dozen vary, of those that matter most); the squares of its
coefficients are the shares of variance. A coefficient that is known to within an error makes its square too large by
the error's square, which is taken off. What luck has is told by replicates. What is neither luck nor in the polynomial
- interactions of three or more, of parameters that do nothing alone, and sharp bends - is told as what is left, and is
in no total index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from r2psim.analysis.sensitivity_indices import HIGH, LOW, RESAMPLES, Share, SobolIndices

__all__ = ["ChaosIndices", "chaos_indices", "fewest_points"]

HIGHEST = 8
"""Degree of a polynomial, at most."""
HIGHEST_OF_MANY = 3
"""The same where more parameters vary than `PAIRED`: more terms would cost more than they find."""
POINTS_A_TERM = 8
"""Points for each term of one parameter, and again for each of a pair, at least."""
PAIRED = 12
"""Parameters of which pairs are looked at, at most: those that matter most alone."""
Z = 1.959964


@dataclass(frozen=True)
class ChaosIndices:
    """Indices of one outcome, and what the polynomial leaves over.

    Attributes
    ----------
    indices : SobolIndices
        As a Saltelli design gives them, for each factor.
    left : Share or None
        Share of the variance of a run that is neither luck nor in the polynomial; None with one replicate, where it is
        not told apart from luck.
    degree, terms : int
        Highest degree, and number of terms.
    paired : tuple of int
        Places of the parameters of which pairs were looked at.
    """

    indices: SobolIndices
    left: Share | None
    degree: int
    terms: int
    paired: tuple[int, ...]


def _legendre(units: np.ndarray, degree: int) -> np.ndarray:
    """Give orthonormal Legendre polynomials of degree 1 and more on [0, 1], shape (degree, *units.shape)."""
    x = 2.0 * units - 1.0
    found = [np.ones_like(x), x]
    for k in range(1, degree):
        found.append(((2 * k + 1) * x * found[k] - k * found[k - 1]) / (k + 1))
    return np.stack([np.sqrt(2.0 * k + 1.0) * found[k] for k in range(1, degree + 1)])


def _degree(points: int, parameters: int) -> int:
    highest = HIGHEST if parameters <= PAIRED else HIGHEST_OF_MANY
    return int(np.clip(points // (POINTS_A_TERM * parameters), 1, highest))


@dataclass(frozen=True)
class _Fit:
    """Coefficients of a fit, and of each point what it moves them by."""

    coefficients: np.ndarray
    influence: np.ndarray

    @property
    def square_error(self) -> np.ndarray:
        """Squares of the standard errors."""
        found: np.ndarray = (self.influence**2).sum(axis=0)
        return found


def _fitted(columns: np.ndarray, y: np.ndarray) -> _Fit:
    """Fit by least squares; errors may differ from point to point (HC3)."""
    q, r = np.linalg.qr(columns)
    coefficients = np.linalg.solve(r, q.T @ y)
    residuals = (y - columns @ coefficients) / np.maximum(1.0 - (q**2).sum(axis=1), 1e-6)
    return _Fit(coefficients, np.linalg.solve(r, (q * residuals[:, None]).T).T)


def fewest_points(parameters: int) -> int:
    """Give how many points polynomials of the first degree need: two for each of their terms.

    Examples
    --------
    >>> fewest_points(5)
    12
    """
    return 2 * (parameters + 1)


def chaos_indices(
    units: np.ndarray,
    y: np.ndarray,
    groups: Mapping[str, Sequence[int]],
    degree: int | None = None,
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> ChaosIndices:
    """Estimate first-order and total indices by polynomial chaos.

    Parameters
    ----------
    units : numpy.ndarray, shape (points, parameters)
        Independent points in the unit cube.
    y : numpy.ndarray, shape (points,) or (points, replicates)
        The outcome; replicates differ in luck.
    groups : mapping of str to sequence of int
        Places of the parameters of each factor.
    degree : int, optional
        Of polynomials of one parameter; as high as the points allow, at most 8 and of many parameters 3, if not given.
    resamples, seed : int
        Of the bootstrap of the share of luck.

    Returns
    -------
    ChaosIndices

    Raises
    ------
    ValueError
        If there are too few points for polynomials of the first degree, or a value that is no finite number.

    Examples
    --------
    >>> from scipy.stats import qmc
    >>> units = qmc.Sobol(3, seed=1).random(512)
    >>> y = units @ [2.0, 1.0, 0.0]
    >>> found = chaos_indices(units, y, {"a": [0], "b": [1], "c": [2]}).indices
    >>> [round(abs(share.value), 2) for share in found.total]
    [0.8, 0.2, 0.0]
    """
    y = np.asarray(y, dtype=np.float64)
    y = y[:, None] if y.ndim == 1 else y
    points, parameters = units.shape
    if points < (least := fewest_points(parameters)):
        raise ValueError(f"{points} points are too few for {parameters} parameters: at least {least}")
    if not np.isfinite(y).all():
        raise ValueError("the outcome is no finite number at some points")
    if np.ptp(y) == 0.0:
        nothing = SobolIndices(float(y.mean()), 0.0, None, (), (), (), (), nothing_varies=True)
        return ChaosIndices(nothing, None, 0, 0, ())
    degree = degree or _degree(points, parameters)
    centre = float(y.mean())
    replicates = y.shape[1]
    own = y.mean(axis=1) - centre
    basis = _legendre(units, degree)
    alone = np.moveaxis(basis, 0, -1).reshape(points, -1)  # parameter by parameter, degree by degree
    members: list[tuple[int, ...]] = [(k,) for k in range(parameters) for _ in range(degree)]
    first = _fitted(np.column_stack([np.ones(points), alone]), own)
    # Where few vary there are points for all pairs, and what does nothing alone may still do something together.
    paired = _strongest(first, parameters, degree) if parameters > PAIRED else tuple(range(parameters))
    highest = _pair_degree(points, len(paired), degree)
    both = [
        (i, j, a, b) for i, j in combinations(paired, 2) for a in range(1, highest) for b in range(1, highest - a + 1)
    ]
    products = [basis[a - 1, :, i] * basis[b - 1, :, j] for i, j, a, b in both]
    members += [(i, j) for i, j, _, _ in both]
    fit = _fitted(np.column_stack([np.ones(points), alone, *products]), own)
    indices, left = _shares(y - centre, fit, members, groups, replicates, resamples, seed)
    told = SobolIndices(centre, indices.variance, indices.luck, indices.first, indices.total, *_of_mean(indices))
    return ChaosIndices(told, left, degree, len(members), paired)


def _strongest(fit: _Fit, parameters: int, degree: int) -> tuple[int, ...]:
    """Give the parameters that matter most alone, of those that are told apart from nothing."""
    c, error = fit.coefficients[1:].reshape(parameters, degree), fit.square_error[1:].reshape(parameters, degree)
    strength = (c**2 - error).sum(axis=1)
    some = strength > 2.0 * np.sqrt((2.0 * error**2).sum(axis=1))
    order = np.argsort(-np.where(some, strength, -np.inf), kind="stable")[: min(PAIRED, int(some.sum()))]
    return tuple(sorted(int(k) for k in order))


def _pair_degree(points: int, paired: int, degree: int) -> int:
    """Give the highest degree of products for which there are points enough; products begin with the second."""
    pairs = paired * (paired - 1) // 2
    for highest in range(max(degree, 2), 1, -1):
        if pairs * highest * (highest - 1) // 2 * POINTS_A_TERM <= points:
            return highest
    return 1


def _shares(
    y: np.ndarray,
    fit: _Fit,
    members: Sequence[tuple[int, ...]],
    groups: Mapping[str, Sequence[int]],
    replicates: int,
    resamples: int,
    seed: int,
) -> tuple[SobolIndices, Share | None]:
    """Turn coefficients into shares of the variance of a run."""
    points = len(y)
    square = (y**2).mean(axis=1)
    variance = float(square.mean())
    c, error = fit.coefficients[1:], fit.square_error[1:]
    moves = fit.influence[:, 1:]
    # What a point moves the variance by; the same points are in both.
    of_variance = (square - variance) / points

    def share(chosen: np.ndarray) -> tuple[Share, np.ndarray]:
        value = float((c[chosen] ** 2 - error[chosen]).sum()) / variance
        moved = (2.0 * moves[:, chosen] @ c[chosen] - value * of_variance) / variance
        # Where coefficients are none, their squares move by their own errors.
        spread = float((moved**2).sum() + 2.0 * (error[chosen] ** 2).sum() / variance**2)
        reach = Z * float(np.sqrt(spread))
        return Share(value, value - reach, value + reach), moved

    first, total = [], []
    for places in groups.values():
        own = set(places)
        first.append(share(np.array([set(of) <= own for of in members]))[0])
        total.append(share(np.array([bool(set(of) & own) for of in members]))[0])
    luck = left = None
    if replicates > 1:
        cross = (y.sum(axis=1) ** 2 - (y**2).sum(axis=1)) / (replicates * (replicates - 1))
        weights = np.random.default_rng([seed, 19]).multinomial(points, np.full(points, 1.0 / points), resamples)
        again = 1.0 - (weights @ cross) / np.maximum(weights @ square, np.finfo(float).tiny)
        value = 1.0 - float(cross.mean()) / variance
        low, high = np.percentile(again, [LOW, HIGH])
        luck = Share(value, float(low), float(high))
        fitted, moved = share(np.ones(len(c), dtype=bool))
        rest = float(cross.mean()) / variance - fitted.value
        # The same points tell the variance that parameters have, and what the polynomial has of it.
        both = (cross - cross.mean() - (1.0 - value) * (square - variance)) / (points * variance) - moved
        reach = Z * float(np.sqrt((both**2).sum()))
        left = Share(rest, rest - reach, rest + reach)
    return SobolIndices(0.0, variance, luck, tuple(first), tuple(total), (), ()), left


def _of_mean(found: SobolIndices) -> tuple[tuple[Share, ...], tuple[Share, ...]]:
    """Give shares of the variance that the mean over luck has, where that is told apart from none."""
    if found.luck is None:
        return found.first, found.total
    whole = 1.0 - found.luck.value
    if found.luck.high >= 1.0:
        return (), ()
    # The share of luck is known no better than its interval: the ends of both are taken.
    narrow, wide = 1.0 - found.luck.high, 1.0 - found.luck.low

    def scaled(share: Share) -> Share:
        low = share.low / (wide if share.low > 0.0 else narrow)
        high = share.high / (narrow if share.high > 0.0 else wide)
        return Share(share.value / whole, low, high)

    return tuple(map(scaled, found.first)), tuple(map(scaled, found.total))
