"""Correlations of the normal variables behind ordered classes: polychoric, pair by pair, by maximum likelihood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["bivariate_normal", "classes", "nearest_correlations", "polychoric", "polychoric_matrix"]

_FAR = 8.0  # standard deviations beyond which nothing lies
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_CLOSEST = 0.995
_ROUNDS = 500


def bivariate_normal(a: np.ndarray, b: np.ndarray, rho: float) -> np.ndarray:
    """Give the distribution function of two standard normal variables, at every pair of limits.

    The integral over the correlation of Drezner and Wesolowsky (1990), by Gauss and Legendre's rule.

    Parameters
    ----------
    a, b : numpy.ndarray, shapes (m,) and (n,)
        Limits.
    rho : float
        Correlation, -1 to 1, ends excluded.

    Returns
    -------
    numpy.ndarray, shape (m, n)

    Examples
    --------
    >>> float(bivariate_normal(np.zeros(1), np.zeros(1), 0.5)[0, 0].round(6))  # 1/4 + asin(0.5) / (2 pi)
    0.333333
    """
    from scipy.special import ndtr

    x, y = np.clip(a, -_FAR, _FAR)[:, None], np.clip(b, -_FAR, _FAR)[None, :]
    angle = np.arcsin(rho)
    sine = np.sin(angle * (_NODES + 1.0) / 2.0)
    square = (x * x + y * y)[..., None] - 2.0 * sine * (x * y)[..., None]
    inner = np.exp(-square / (2.0 * (1.0 - sine * sine))) @ _WEIGHTS
    found: np.ndarray = ndtr(x) * ndtr(y) + angle / (4.0 * np.pi) * inner
    return found


def classes(values: np.ndarray, most: int) -> np.ndarray:
    """Sort values into ordered classes: levels as they are, or of more than `most` levels equally filled classes.

    Parameters
    ----------
    values : numpy.ndarray, shape (n,)
        NaN where missing.
    most : int
        Largest number of classes.

    Returns
    -------
    numpy.ndarray, int64, shape (n,)
        From 0 on; -1 where missing.
    """
    known = ~np.isnan(values)
    found = np.full(len(values), -1)
    levels = np.unique(values[known])
    cuts = levels[:-1]
    if len(levels) > most:
        cuts = np.unique(np.quantile(values[known], np.arange(1, most) / most))
    _, found[known] = np.unique(np.searchsorted(cuts, values[known], side="left"), return_inverse=True)
    return found


def polychoric(one: np.ndarray, other: np.ndarray, prior: float = 3.0) -> float:
    """Estimate the correlation behind two variables in classes.

    Parameters
    ----------
    one, other : numpy.ndarray, int, shape (n,)
        Classes from 0 on, -1 where missing.
    prior : float
        Both shapes of the beta distribution that (rho + 1) / 2 has before the data; 1 is none.

    Returns
    -------
    float
        The most likely correlation, thresholds as the margins give them.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import ndtri

    known = (one >= 0) & (other >= 0)
    counts = np.zeros((one[known].max() + 1, other[known].max() + 1))
    np.add.at(counts, (one[known], other[known]), 1.0)
    if min(counts.shape) < 2:
        return 0.0

    def limits(margin: np.ndarray) -> np.ndarray:
        inner = ndtri(np.cumsum(margin)[:-1] / margin.sum())
        return np.concatenate([[-_FAR], inner, [_FAR]])

    rows, columns = limits(counts.sum(axis=1)), limits(counts.sum(axis=0))

    def unlikelihood(rho: float) -> float:
        cells = np.diff(np.diff(bivariate_normal(rows, columns, rho), axis=0), axis=1)
        weight = (prior - 1.0) * np.log((1.0 + rho) * (1.0 - rho))
        return -float((counts * np.log(np.maximum(cells, 1e-12))).sum() + weight)

    return float(minimize_scalar(unlikelihood, bounds=(-_CLOSEST, _CLOSEST), method="bounded").x)


def polychoric_matrix(variables: Sequence[np.ndarray], most: int = 8, prior: float = 3.0) -> np.ndarray:
    """Estimate all pairs.

    Parameters
    ----------
    variables : sequence of numpy.ndarray, shape (n,)
        Values, NaN where missing.
    most, prior
        As of `classes` and `polychoric`.

    Returns
    -------
    numpy.ndarray, shape (variables, variables)
        Correlations; not always a possible matrix (see `nearest_correlations`).
    """
    sorted_in = [classes(values, most) for values in variables]
    matrix = np.eye(len(variables))
    for i in range(len(variables)):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = polychoric(sorted_in[i], sorted_in[j], prior)
    return matrix


def nearest_correlations(matrix: np.ndarray, smallest: float = 0.02) -> np.ndarray:
    """Give the nearest correlations of which no eigenvalue is below `smallest`.

    Alternating projections with Dykstra's correction (Higham 2002, IMA Journal of Numerical Analysis 22:329-343).

    Parameters
    ----------
    matrix : numpy.ndarray, shape (n, n)
        Symmetric, ones on the diagonal.
    smallest : float
        Bound of the eigenvalues.
    """
    found, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(_ROUNDS):
        shifted = found - correction
        values, vectors = np.linalg.eigh(shifted)
        positive = (vectors * np.maximum(values, smallest)) @ vectors.T
        correction = positive - shifted
        found = positive.copy()
        np.fill_diagonal(found, 1.0)
    return found
