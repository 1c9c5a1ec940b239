"""A quick stand-in for the model: every target as a quadratic function of the free parameters, with its error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Emulator", "fit_emulator"]

PENALTIES = np.logspace(-3.0, 4.0, 22)
"""Ridge penalties of which leave-one-out validation chooses, for each target."""

LEAST = 1e-12
"""Variance below which a target, a logarithm, does not vary."""

FEWEST = 12
"""Evaluations below which nothing is fitted."""


@dataclass(frozen=True)
class Emulator:
    """Quadratic ridge regressions, one a target.

    Attributes
    ----------
    first, second : numpy.ndarray, int64, shape (products,)
        Parameters of each product of two.
    coefficient : numpy.ndarray, shape (parameters + products, targets)
    intercept : numpy.ndarray, shape (targets,)
        Of the regressions on the parameters and their products.
    sd : numpy.ndarray, shape (targets,)
        Standard deviation of the error of each, left out one by one: of the emulator and of the model's own chance.
    r2 : numpy.ndarray, shape (targets,)
        Share of the variance that is explained, likewise.
    """

    first: np.ndarray
    second: np.ndarray
    coefficient: np.ndarray
    intercept: np.ndarray
    sd: np.ndarray
    r2: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Give the expected targets, shape (points, targets), at ``x``, shape (points, parameters), in units of 0-1."""
        found: np.ndarray = _terms(x, self.first, self.second) @ self.coefficient + self.intercept
        return found


def _terms(x: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Give the parameters and their products, shape (points, parameters + products)."""
    return np.concatenate([x, x[:, first] * x[:, second]], axis=1)


def fit_emulator(x: np.ndarray, y: np.ndarray) -> Emulator:
    """Fit an emulator to evaluations of the model.

    Parameters
    ----------
    x : numpy.ndarray, shape (evaluations, parameters)
        Free parameters, each scaled to 0-1.
    y : numpy.ndarray, shape (evaluations, targets)
        Targets, transformed.

    Raises
    ------
    ValueError
        If there are too few evaluations.
    """
    from sklearn.linear_model import RidgeCV

    if len(x) < FEWEST:
        raise ValueError(f"{len(x)} evaluations are too few for an emulator: at least {FEWEST}")
    first, second = np.triu_indices(x.shape[1])
    terms = _terms(x, first, second)
    # Standardised, so that one penalty is fair to all of them.
    centre, scale = terms.mean(axis=0), terms.std(axis=0)
    scale[scale == 0.0] = 1.0
    # All targets at once share one decomposition; each has a penalty of its own.
    model = RidgeCV(PENALTIES, alpha_per_target=True).fit((terms - centre) / scale, y)
    coefficient = model.coef_.reshape(y.shape[1], -1) / scale
    intercept = np.broadcast_to(model.intercept_, y.shape[1]) - coefficient @ centre
    # The best score is minus the mean squared error of leaving out one evaluation at a time.
    error = np.maximum(-np.broadcast_to(model.best_score_, y.shape[1]), LEAST)
    variance = y.var(axis=0)
    # A target that is the same everywhere, but for the last bits, has nothing to explain.
    r2 = np.where(variance > LEAST, 1.0 - error / np.maximum(variance, LEAST), 0.0)
    return Emulator(first, second, coefficient.T, intercept, np.sqrt(error), r2)
