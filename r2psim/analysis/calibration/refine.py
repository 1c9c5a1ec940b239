"""After the waves: steps towards the targets within a region of trust, and a check of the posterior by simulation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from r2psim.analysis.calibration.emulator import Emulator, fit_emulator
from r2psim.analysis.calibration.sampler import sample

__all__ = ["distance", "posterior_of", "ranks", "refine", "uniformity", "unlikely"]

FARTHEST = 16.0
"""Squared distance above which a target that is missed costs no more: one hopeless target does not rule the others."""

RADIUS = 0.15
"""Half width of the first region of trust, in units of the range; widened after a success, else narrowed."""

PRIOR_SD = 0.5
"""Standard deviation of the prior around the middle of each range, in units of the range: its ends are one off."""

WIDER, NARROWER, WIDEST = 1.3, 0.55, 0.3

REPEATED = 3
"""How often the latest evaluation counts: it is the one that the emulator must be right about."""


def distance(y: np.ndarray, centre: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Give the squared distance from the targets in standard deviations, capped for each, shape (...,)."""
    found: np.ndarray = np.minimum(((y - centre) / sd) ** 2, FARTHEST).sum(axis=-1)
    return found


def unlikely(unit: np.ndarray) -> np.ndarray:
    """Give how far points are from the middle of their priors: squared, in standard deviations, summed, shape (...,).

    The prior of each parameter is normal around the middle of its range and cut off at the ends: what the targets do
    not ask for stays where it is plausible.
    """
    found: np.ndarray = (((unit - 0.5) / PRIOR_SD) ** 2).sum(axis=-1)
    return found


def posterior_of(
    emulator: Emulator,
    centre: np.ndarray,
    sd: np.ndarray,
    draws: int,
    rng: np.random.Generator,
    low: np.ndarray,
    high: np.ndarray,
    steps: int = 3000,
    flat: bool = False,
) -> tuple[np.ndarray, float, np.ndarray]:
    """Draw from the posterior within a box, with normal errors of the targets and of the emulator.

    Parameters
    ----------
    emulator : Emulator
        Gives the targets.
    centre, sd : numpy.ndarray, shape (targets,)
        Targets and their errors.
    draws, steps : int
        How many to give; steps of the chains.
    rng : numpy.random.Generator
        All chance.
    low, high : numpy.ndarray, shape (parameters,)
        The box, in places of the prior.
    flat : bool
        Whether the prior is uniform in the box: where known parameters that were spread so are to be recovered, and
        where what is plausible is still being explored.

    Returns
    -------
    numpy.ndarray, shape (draws, parameters)
        Draws, in places of the prior.
    float
        Potential scale reduction of the chains.
    numpy.ndarray, shape (draws,)
        Log density of the draws, up to a constant.
    """
    width = high - low
    spread = np.sqrt(sd**2 + emulator.sd**2)

    def log_density(unit: np.ndarray) -> np.ndarray:
        x = low + width * unit
        away = (emulator(x) - centre) / spread
        found: np.ndarray = -0.5 * (away**2).sum(axis=1)
        return found if flat else found - 0.5 * unlikely(x)

    found, scale_reduction = sample(log_density, len(low), draws, rng, steps=steps)
    return low + width * found, scale_reduction, log_density(found)


def refine(
    x: np.ndarray,
    y: np.ndarray,
    centre: np.ndarray,
    sd: np.ndarray,
    steps: int,
    evaluate: Callable[[np.ndarray, int], np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Go from the best evaluation towards the targets.

    Each step corrects the emulator by what it gets wrong at the present point, goes where the corrected one is nearest
    to the targets, and to the middle of the prior, within the region of trust, and simulates there. The point moves
    only if the simulation agrees.

    Parameters
    ----------
    x, y : numpy.ndarray
        Evaluations: places of the prior, and targets.
    centre, sd : numpy.ndarray, shape (targets,)
        Targets and their errors.
    steps : int
        How many points are simulated, the first one included.
    evaluate : callable
        Given points, shape (1, parameters), and the number of the step, gives the targets, over so many runs that
        steps can be told apart.

    Returns
    -------
    numpy.ndarray, shape (parameters,)
        The best point.
    numpy.ndarray, shape (steps, parameters)
        All points that were simulated.
    numpy.ndarray, shape (steps, targets)
        Their targets.
    """
    from scipy.optimize import minimize

    def cost(unit: np.ndarray, values: np.ndarray) -> np.ndarray:
        found: np.ndarray = distance(values, centre, sd) + unlikely(unit)
        return found

    here = x[int(np.argmin(cost(x, y)))]
    at = evaluate(here[None], 0)[0]
    points, found = [here], [at]
    radius = RADIUS
    for step in range(1, steps):
        seen = np.vstack([x, *points, *[points[-1]] * (REPEATED - 1)])
        told = np.vstack([y, *found, *[found[-1]] * (REPEATED - 1)])
        emulator = fit_emulator(seen, told)
        offset = at - emulator(here[None])[0]

        def away(unit: np.ndarray, emulator: Emulator = emulator, offset: np.ndarray = offset) -> float:
            return float((((emulator(unit[None])[0] + offset - centre) / sd) ** 2).sum() + unlikely(unit))

        bounds = [(max(0.0, u - radius), min(1.0, u + radius)) for u in here]
        there = minimize(away, here, bounds=bounds, method="L-BFGS-B", options={"maxfun": 4000}).x
        values = evaluate(there[None], step)[0]
        points.append(there)
        found.append(values)
        if cost(there, values) < cost(here, at):
            here, at, radius = there, values, min(radius * WIDER, WIDEST)
        else:
            radius *= NARROWER
    return here, np.array(points), np.array(found)


def ranks(
    x: np.ndarray,
    y: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    rng: np.random.Generator,
    folds: int = 4,
    cases: int = 128,
    draws: int = 99,
    steps: int = 300,
) -> np.ndarray:
    """Check the inference by simulation (Talts et al. 2018): the rank of the truth among the draws of its posterior.

    Evaluations spread evenly over a box are taken one after the other for data whose parameters are known; the
    emulator is fitted without them. Where the inference is right, ranks are uniform.

    Returns
    -------
    numpy.ndarray, int64, shape (cases, parameters)
        Ranks, from 0 to `draws`.
    """
    found = []
    order = rng.permutation(len(x))[: min(cases, len(x))]
    none = np.zeros(y.shape[1])
    for fold in np.array_split(order, folds):
        kept = np.setdiff1d(np.arange(len(x)), fold)
        emulator = fit_emulator(x[kept], y[kept])
        for i in fold:
            drawn, _, _ = posterior_of(emulator, y[i], none, draws, rng, low, high, steps, flat=True)
            found.append((drawn < x[i]).sum(axis=0))
    return np.array(found)


def uniformity(found: np.ndarray, draws: int = 99, bins: int = 5) -> np.ndarray:
    """Give the probability of ranks at least as uneven, were they uniform, for each parameter (chi-squared test).

    Examples
    --------
    >>> even = np.tile(np.arange(100), 2)[:, None]
    >>> uniformity(even)
    array([1.])
    >>> bool(uniformity(even // 2)[0] < 0.001)
    True
    """
    from scipy.stats import chisquare

    counts = np.array([np.bincount(row * bins // (draws + 1), minlength=bins) for row in found.T])
    return np.asarray(chisquare(counts, axis=1).pvalue)
