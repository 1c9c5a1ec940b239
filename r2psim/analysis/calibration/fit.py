"""Fit of free parameters to targets: waves of simulations, an emulator, and draws from the posterior.

Each wave evaluates the model at points of a design, half spread evenly over the box that is still plausible, half
drawn from the posterior so far; fits the emulator to all evaluations near it; draws from the posterior that the
emulator implies, the targets' bands being the middle 90 % of their errors; and narrows the box to where it lies.
Nothing in it knows what a parameter or a target means: `Problem` says, and a test gives it a model of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from r2psim.analysis.calibration.emulator import Emulator, fit_emulator
from r2psim.analysis.calibration.sampler import sample

__all__ = ["Fit", "Free", "Problem", "Wave", "evenly", "fit", "posterior_of"]

BAND = 3.2897
"""Width of the middle 90 % of a normal distribution, in standard deviations."""

MARGIN = 0.15
"""What a box adds on each side of the draws that it is to hold, as a share of their range."""

NEAREST = 6
"""Evaluations kept for an emulator, as a multiple of its number of linear and square terms."""


@dataclass(frozen=True, slots=True)
class Free:
    """A parameter that may be fitted, with its prior: uniform, or log-uniform where it varies by orders of magnitude.

    Attributes
    ----------
    path : str
        The parameter.
    low, high : float
        Range of the prior.
    log : bool
        Whether the logarithm is uniform.
    why : str
        Which targets it answers to.
    """

    path: str
    low: float
    high: float
    log: bool = False
    why: str = ""

    def value(self, unit: np.ndarray) -> np.ndarray:
        """Give the values at places 0-1 of the prior."""
        if self.log:
            found: np.ndarray = self.low * (self.high / self.low) ** unit
            return found
        return self.low + (self.high - self.low) * unit

    def unit(self, value: float | np.ndarray) -> np.ndarray:
        """Give the places 0-1 of values."""
        if self.log:
            return np.asarray(np.log(np.asarray(value) / self.low) / np.log(self.high / self.low))
        return (np.asarray(value) - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Problem:
    """What is fitted to what.

    Attributes
    ----------
    free : tuple of Free
        The parameters.
    targets : tuple of str
        Names of the targets.
    centre, sd : numpy.ndarray, shape (targets,)
        Each target's value and the standard deviation of its error, both transformed as the simulated values are.
    simulate : callable
        Given the values of the parameters, shape (parameters,), and the number of the evaluation, gives the targets,
        transformed, shape (targets,).
    """

    free: tuple[Free, ...]
    targets: tuple[str, ...]
    centre: np.ndarray
    sd: np.ndarray
    simulate: Callable[[np.ndarray, int], np.ndarray]

    def values(self, unit: np.ndarray) -> np.ndarray:
        """Give parameters, shape (points, parameters), at places in the unit cube of the prior."""
        return np.column_stack([f.value(unit[:, k]) for k, f in enumerate(self.free)])


@dataclass(frozen=True)
class Wave:
    """What one wave came to.

    Attributes
    ----------
    number : int
        From 1.
    evaluations : int
        So far, of all waves.
    low, high : numpy.ndarray, shape (parameters,)
        The box of its design, in places of the prior.
    r2 : numpy.ndarray, shape (targets,)
        Share of the variance of the targets that the emulator explains.
    surprise : float
        Root mean square of the standardised errors of the emulator of the wave before at this wave's points drawn from
        its posterior: about 1 where it knew its own error. NaN in the first wave.
    scale_reduction : float
        Of the chains: 1 where all agree.
    misfit : float
        Root mean square, over the targets, of the standardised distance of the posterior's mean from the target.
    """

    number: int
    evaluations: int
    low: np.ndarray
    high: np.ndarray
    r2: np.ndarray
    surprise: float
    scale_reduction: float
    misfit: float

    def told(self) -> dict[str, Any]:
        """Give it as plain data that JSON can hold."""
        return {
            "wave": self.number,
            "evaluations": self.evaluations,
            "box": [[float(a), float(b)] for a, b in zip(self.low, self.high, strict=True)],
            "r2": [float(x) for x in self.r2],
            "surprise": None if np.isnan(self.surprise) else self.surprise,
            "scale_reduction": self.scale_reduction,
            "misfit": self.misfit,
        }


@dataclass(frozen=True)
class Fit:
    """The result.

    Attributes
    ----------
    draws : numpy.ndarray, shape (draws, parameters)
        The posterior, in places of the prior.
    best : numpy.ndarray, shape (parameters,)
        Where the posterior density is highest among its draws.
    emulator : Emulator
        The last one.
    waves : tuple of Wave
        How it went.
    x, y : numpy.ndarray
        All evaluations: places of the prior, and targets.
    """

    draws: np.ndarray
    best: np.ndarray
    emulator: Emulator
    waves: tuple[Wave, ...]
    x: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)


def evenly(points: int, low: np.ndarray, high: np.ndarray, seed: int) -> np.ndarray:
    """Spread points evenly over a box (scrambled Sobol sequence), shape (points, parameters)."""
    from scipy.stats import qmc

    cube = qmc.Sobol(len(low), rng=np.random.default_rng(seed)).random_base2(max(1, (points - 1).bit_length()))
    spread: np.ndarray = low + (high - low) * cube[:points]
    return spread


def posterior_of(
    emulator: Emulator,
    centre: np.ndarray,
    sd: np.ndarray,
    draws: int,
    rng: np.random.Generator,
    low: np.ndarray,
    high: np.ndarray,
    steps: int = 3000,
) -> tuple[np.ndarray, float, np.ndarray]:
    """Draw from the posterior within a box: uniform prior, normal errors of the targets and of the emulator.

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
        away = (emulator(low + width * unit) - centre) / spread
        found: np.ndarray = -0.5 * (away**2).sum(axis=1)
        return found

    found, scale_reduction = sample(log_density, len(low), draws, rng, steps=steps)
    return low + width * found, scale_reduction, log_density(found)


def _near(x: np.ndarray, y: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep the evaluations that lie in the box or nearest to it: a quadratic holds over a part of the space only."""
    centre, half = 0.5 * (low + high), 0.5 * (high - low)
    away = (np.maximum(np.abs(x - centre) / half, 1.0) - 1.0).sum(axis=1)
    wanted = max(NEAREST * 2 * x.shape[1], int((away == 0.0).sum()))
    kept = np.sort(np.argsort(away, kind="stable")[:wanted])
    return x[kept], y[kept]


def fit(
    problem: Problem,
    seed: int,
    waves: int = 4,
    points: int = 256,
    draws: int = 1000,
    evaluate: Callable[[np.ndarray, int], np.ndarray] | None = None,
    steps: int = 3000,
    note: Callable[[Wave], None] | None = None,
) -> Fit:
    """Fit the free parameters.

    Parameters
    ----------
    problem : Problem
        What is fitted to what.
    seed : int
        Of designs and chains.
    waves, points : int
        Number of waves, and evaluations in each.
    draws : int
        Draws of the posterior to give.
    evaluate : callable, optional
        Given points in the unit cube, shape (points, parameters), and the number of the first, gives the targets,
        shape (points, targets): where evaluations are kept, or done side by side. If not given, one after the other.
    steps : int
        Of the chains.
    note : callable, optional
        Told each wave.
    """
    if evaluate is None:

        def evaluate(unit: np.ndarray, first: int) -> np.ndarray:
            return np.stack([problem.simulate(v, first + i) for i, v in enumerate(problem.values(unit))])

    rng = np.random.default_rng([seed, 1])
    low, high = np.zeros(len(problem.free)), np.ones(len(problem.free))
    x, y = np.empty((0, len(low))), np.empty((0, len(problem.targets)))
    emulator, found = None, np.empty((0, len(low)))
    done: list[Wave] = []
    for number in range(1, waves + 1):
        drawn = found[: points // 2]
        design = np.concatenate([evenly(points - len(drawn), low, high, seed + number), drawn])
        new = evaluate(design, len(x))
        surprise = float("nan")
        if emulator is not None:
            last = slice(len(design) - len(drawn), None)
            errors = (new[last] - emulator(design[last])) / emulator.sd
            surprise = float(np.sqrt(np.mean(errors**2)))
        x, y = np.concatenate([x, design]), np.concatenate([y, new])
        emulator = fit_emulator(*_near(x, y, low, high))
        found, scale_reduction, density = posterior_of(
            emulator, problem.centre, problem.sd, max(draws, points), rng, low, high, steps
        )
        mean = emulator(found).mean(axis=0)
        misfit = float(np.sqrt(np.mean(((mean - problem.centre) / problem.sd) ** 2)))
        done.append(Wave(number, len(x), low, high, emulator.r2, surprise, scale_reduction, misfit))
        if note is not None:
            note(done[-1])
        if number < waves:
            least, most = np.quantile(found, [0.01, 0.99], axis=0)
            reach = MARGIN * (most - least) + 0.02
            low, high = np.maximum(low, least - reach), np.minimum(high, most + reach)
    assert emulator is not None
    return Fit(found[:draws], found[int(np.argmax(density))], emulator, tuple(done), x, y)
