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
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy.linalg import solve_triangular

from r2psim.analysis.sensitivity_indices import HIGH, LOW, RESAMPLES, Share, SobolIndices

__all__ = ["Chaos", "ChaosIndices", "chaos_indices", "fewest_points"]

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


@dataclass(frozen=True)
class _Columns:
    """Columns to fit by, decomposed once for all that is fitted by them: ``q`` times ``r``, of full rank."""

    q: np.ndarray
    r: np.ndarray

    @classmethod
    def of(cls, columns: np.ndarray) -> _Columns:
        return cls(*np.linalg.qr(columns))

    def and_more(self, columns: np.ndarray) -> _Columns:
        """Put further columns behind them: only these are decomposed."""
        if not columns.shape[1]:
            return self
        within = self.q.T @ columns
        rest = columns - self.q @ within
        again = self.q.T @ rest  # a second time: the first leaves rounding errors that are not at right angles
        q, r = np.linalg.qr(rest - self.q @ again)
        nothing = np.zeros((r.shape[0], self.r.shape[1]))
        return _Columns(np.hstack([self.q, q]), np.block([[self.r, within + again], [nothing, r]]))

    def fitted(self, y: np.ndarray) -> _Fit:
        """Fit by least squares; errors may differ from point to point (HC3)."""
        inside = self.q.T @ y
        coefficients = solve_triangular(self.r, inside)
        residuals = (y - self.q @ inside) / np.maximum(1.0 - (self.q**2).sum(axis=1), 1e-6)
        return _Fit(coefficients, solve_triangular(self.r, (self.q * residuals[:, None]).T).T)


def fewest_points(parameters: int) -> int:
    """Give how many points polynomials of the first degree need: two for each of their terms.

    Examples
    --------
    >>> fewest_points(5)
    12
    """
    return 2 * (parameters + 1)


class Chaos:
    """Points of which several outcomes are known: what they have in common is worked out once.

    Parameters
    ----------
    units : numpy.ndarray, shape (points, parameters)
        Independent points in the unit cube.
    groups : mapping of str to sequence of int
        Places of the parameters of each factor.
    degree : int, optional
        Of polynomials of one parameter; as high as the points allow, at most 8 and of many parameters 3, if not given.
    resamples, seed : int
        Of the bootstrap of the share of luck.

    Raises
    ------
    ValueError
        If there are too few points for polynomials of the first degree.
    """

    def __init__(
        self,
        units: np.ndarray,
        groups: Mapping[str, Sequence[int]],
        degree: int | None = None,
        resamples: int = RESAMPLES,
        seed: int = 1,
    ) -> None:
        points, parameters = units.shape
        if points < (least := fewest_points(parameters)):
            raise ValueError(f"{points} points are too few for {parameters} parameters: at least {least}")
        self.units, self.groups, self.resamples, self.seed = units, groups, resamples, seed
        self.degree = degree or _degree(points, parameters)

    @cached_property
    def _basis(self) -> np.ndarray:
        return _legendre(self.units, self.degree)

    @cached_property
    def _alone(self) -> _Columns:
        """Terms of one parameter: parameter by parameter, degree by degree."""
        points = len(self.units)
        return _Columns.of(np.column_stack([np.ones(points), np.moveaxis(self._basis, 0, -1).reshape(points, -1)]))

    @cached_property
    def _weights(self) -> np.ndarray:
        points = len(self.units)
        even = np.full(points, 1.0 / points)
        return np.random.default_rng([self.seed, 19]).multinomial(points, even, self.resamples).astype(np.float64)

    def indices(self, y: np.ndarray) -> ChaosIndices:
        """Estimate the indices of an outcome.

        Parameters
        ----------
        y : numpy.ndarray, shape (points,) or (points, replicates)
            The outcome; replicates differ in luck.

        Raises
        ------
        ValueError
            If a value is no finite number.
        """
        y = np.asarray(y, dtype=np.float64)
        y = y[:, None] if y.ndim == 1 else y
        if not np.isfinite(y).all():
            raise ValueError("the outcome is no finite number at some points")
        if np.ptp(y) == 0.0:
            nothing = SobolIndices(float(y.mean()), 0.0, None, (), (), (), (), nothing_varies=True)
            return ChaosIndices(nothing, None, 0, 0, ())
        points, parameters = self.units.shape
        centre = float(y.mean())
        own = y.mean(axis=1) - centre
        degree = self.degree
        members: list[tuple[int, ...]] = [(k,) for k in range(parameters) for _ in range(degree)]
        # Where few vary there are points for all pairs, and what does nothing alone may still do something together.
        few = parameters <= PAIRED
        paired = tuple(range(parameters)) if few else _strongest(self._alone.fitted(own), parameters, degree)
        highest = _pair_degree(points, len(paired), degree)
        both = [
            (i, j, a, b)
            for i, j in combinations(paired, 2)
            for a in range(1, highest)
            for b in range(1, highest - a + 1)
        ]
        products = [self._basis[a - 1, :, i] * self._basis[b - 1, :, j] for i, j, a, b in both]
        members += [(i, j) for i, j, _, _ in both]
        fit = self._alone.and_more(np.array(products).reshape(len(products), points).T).fitted(own)
        weights = self._weights if y.shape[1] > 1 else None
        indices, left = _shares(y - centre, fit, members, self.groups, weights)
        told = SobolIndices(centre, indices.variance, indices.luck, indices.first, indices.total, *_of_mean(indices))
        return ChaosIndices(told, left, degree, len(members), paired)


def chaos_indices(
    units: np.ndarray,
    y: np.ndarray,
    groups: Mapping[str, Sequence[int]],
    degree: int | None = None,
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> ChaosIndices:
    """Estimate first-order and total indices of one outcome by polynomial chaos, as `Chaos` does those of several.

    Examples
    --------
    >>> from scipy.stats import qmc
    >>> units = qmc.Sobol(3, seed=1).random(512)
    >>> y = units @ [2.0, 1.0, 0.0]
    >>> found = chaos_indices(units, y, {"a": [0], "b": [1], "c": [2]}).indices
    >>> [round(abs(share.value), 2) for share in found.total]
    [0.8, 0.2, 0.0]
    """
    return Chaos(units, groups, degree, resamples, seed).indices(y)


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
    weights: np.ndarray | None,
) -> tuple[SobolIndices, Share | None]:
    """Turn coefficients into shares of the variance of a run; ``weights`` are those of the bootstrap over points."""
    points, replicates = y.shape
    square = (y**2).mean(axis=1)
    variance = float(square.mean())
    c, error = fit.coefficients[1:], fit.square_error[1:]
    # Which terms each share is of: the first-order terms of each factor, all terms that it is in, and all terms.
    owns = [set(places) for places in groups.values()]
    first_terms = [[set(of) <= own for of in members] for own in owns]
    total_terms = [[bool(set(of) & own) for of in members] for own in owns]
    chosen = np.array([*first_terms, *total_terms, [True] * len(members)], dtype=np.float64)
    values = chosen @ (c**2 - error) / variance
    # What a point moves each share by, in the squares and in the variance; the same points are in both.
    moved = 2.0 * (fit.influence[:, 1:] @ (chosen * c).T) - ((square - variance) / points)[:, None] * values
    moved /= variance
    # Where coefficients are none, their squares move by their own errors.
    reaches = Z * np.sqrt((moved**2).sum(axis=0) + 2.0 * (chosen @ error**2) / variance**2)
    shares = [Share(float(v), float(v - r), float(v + r)) for v, r in zip(values, reaches, strict=True)]
    luck = left = None
    if weights is not None:
        cross = (y.sum(axis=1) ** 2 - (y**2).sum(axis=1)) / (replicates * (replicates - 1))
        again = 1.0 - (weights @ cross) / np.maximum(weights @ square, np.finfo(float).tiny)
        value = 1.0 - float(cross.mean()) / variance
        low, high = np.percentile(again, [LOW, HIGH])
        luck = Share(value, float(low), float(high))
        rest = float(cross.mean()) / variance - shares[-1].value
        # The same points tell the variance that parameters have, and what the polynomial has of it.
        both = (cross - cross.mean() - (1.0 - value) * (square - variance)) / (points * variance) - moved[:, -1]
        reach = Z * float(np.sqrt((both**2).sum()))
        left = Share(rest, rest - reach, rest + reach)
    count = len(groups)
    return SobolIndices(0.0, variance, luck, tuple(shares[:count]), tuple(shares[count:-1]), (), ()), left


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
