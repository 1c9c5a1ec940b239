"""Fit of free parameters to targets: waves of simulations, an emulator, and draws from the posterior.

Each wave evaluates the model at points of a design, half spread evenly over the box that is still plausible, half
drawn from the posterior so far; fits the emulator to all evaluations near it; draws from the posterior that the
emulator implies, the targets' bands being the middle 90 % of their errors; and narrows the box to where it lies. Then
steps are taken from the best evaluation towards the targets, a last wave is spread around where they end, and the
posterior there is drawn from an emulator of that wave. Some of its draws are simulated, and known parameters recovered.
Nothing in it knows what a parameter or a target means: `Problem` says, and a test gives it a model of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from r2psim.analysis.calibration.emulator import Emulator, fit_emulator
from r2psim.analysis.calibration.refine import posterior_of, ranks, refine, uniformity

__all__ = ["REFINING", "Fit", "Free", "Problem", "Wave", "evenly", "fit"]

BAND = 3.2897
"""Width of the middle 90 % of a normal distribution, in standard deviations."""

MARGIN = 0.15
"""What a box adds on each side of the draws that it is to hold, as a share of their range."""

REFINING = 1_000_000
"""From this number on, evaluations are steps of refining."""

AROUND = 0.15
"""Half width of the box around the best point in which the last wave is spread, as a share of each prior's range."""

NEAREST = 6
"""Evaluations kept for an emulator, as a multiple of its number of linear and square terms."""


Evaluate = Callable[[np.ndarray, int], np.ndarray]


@dataclass(frozen=True, slots=True)
class Free:
    """A parameter that may be fitted, with the range of its prior (`r2psim.analysis.calibration.refine.unlikely`).

    Attributes
    ----------
    path : str
        The parameter.
    low, high : float
        Range of the prior.
    log : bool
        Whether it is its logarithm that is spread over the range: where it varies by orders of magnitude.
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
        Root mean square of the standardised errors of an emulator at draws from its posterior that were then simulated:
        about 1 where it knew its own error. In the last wave of its own emulator, else of that of the wave before; NaN
        in the first.
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
        The point whose simulation came nearest to the targets.
    emulator : Emulator
        Of the last wave.
    waves : tuple of Wave
        How it went; the last one is that around the best point.
    uniform : numpy.ndarray, shape (parameters,)
        Probability of ranks at least as uneven, were they uniform: small where known parameters are not recovered.
    x, y : numpy.ndarray
        All evaluations: places of the prior, and targets.
    """

    draws: np.ndarray
    best: np.ndarray
    emulator: Emulator
    waves: tuple[Wave, ...]
    uniform: np.ndarray
    x: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)


def evenly(points: int, low: np.ndarray, high: np.ndarray, seed: int) -> np.ndarray:
    """Spread points evenly over a box (scrambled Sobol sequence), shape (points, parameters)."""
    from scipy.stats import qmc

    cube = qmc.Sobol(len(low), rng=np.random.default_rng(seed)).random_base2(max(1, (points - 1).bit_length()))
    spread: np.ndarray = low + (high - low) * cube[:points]
    return spread


def _near(x: np.ndarray, y: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep the evaluations that lie in the box or nearest to it: a quadratic holds over a part of the space only."""
    centre, half = 0.5 * (low + high), 0.5 * (high - low)
    away = (np.maximum(np.abs(x - centre) / half, 1.0) - 1.0).sum(axis=1)
    wanted = max(NEAREST * 2 * x.shape[1], int((away == 0.0).sum()))
    kept = np.sort(np.argsort(away, kind="stable")[:wanted])
    return x[kept], y[kept]


class _Evaluations:
    """All evaluations so far."""

    def __init__(self, problem: Problem, evaluate: Evaluate | None) -> None:
        def one_by_one(unit: np.ndarray, first: int) -> np.ndarray:
            return np.stack([problem.simulate(v, first + i) for i, v in enumerate(problem.values(unit))])

        self.evaluate = evaluate or one_by_one
        self.x = np.empty((0, len(problem.free)))
        self.y = np.empty((0, len(problem.targets)))

    def add(self, design: np.ndarray) -> np.ndarray:
        """Evaluate a design, and give its targets."""
        new = self.evaluate(design, len(self.x))
        self.x, self.y = np.concatenate([self.x, design]), np.concatenate([self.y, new])
        return new


def _surprise(emulator: Emulator, x: np.ndarray, y: np.ndarray) -> float:
    return float(np.sqrt(np.mean(((y - emulator(x)) / emulator.sd) ** 2))) if len(x) else float("nan")


def _misfit(problem: Problem, emulated: np.ndarray) -> float:
    return float(np.sqrt(np.mean(((emulated.mean(axis=0) - problem.centre) / problem.sd) ** 2)))


def fit(
    problem: Problem,
    seed: int,
    waves: int = 2,
    points: int = 256,
    draws: int = 1000,
    evaluate: Evaluate | None = None,
    finely: Evaluate | None = None,
    refining: int = 16,
    around: int | None = None,
    checks: int = 24,
    known: int = 128,
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
        Number of waves before the last, and evaluations in each.
    draws : int
        Draws of the posterior to give.
    evaluate : callable, optional
        Given points in the unit cube, shape (points, parameters), and the number of the first, gives the targets,
        shape (points, targets): where evaluations are kept, or done side by side. If not given, one after the other.
    finely : callable, optional
        The same, but with less chance in it, for the steps of refining; `evaluate` if not given.
    refining, around, checks, known : int
        Steps of refining; evaluations of the last wave, `points` if not given; draws of the posterior that are
        simulated; evaluations that are taken for data in turn.
    steps : int
        Of the chains.
    note : callable, optional
        Told each wave.
    """
    rng = np.random.default_rng([seed, 1])
    low, high = np.zeros(len(problem.free)), np.ones(len(problem.free))
    done = _Evaluations(problem, evaluate)
    emulator, found = None, np.empty((0, len(low)))
    told: list[Wave] = []

    def tell(wave: Wave) -> None:
        told.append(wave)
        if note is not None:
            note(wave)

    for number in range(1, waves + 1):
        drawn = found[: points // 2]
        design = np.concatenate([evenly(points - len(drawn), low, high, seed + number), drawn])
        new = done.add(design)
        last = slice(len(design) - len(drawn), None)
        surprise = float("nan") if emulator is None else _surprise(emulator, design[last], new[last])
        emulator = fit_emulator(*_near(done.x, done.y, low, high))
        found, scale, _ = posterior_of(
            emulator, problem.centre, problem.sd, max(draws, points), rng, low, high, steps, True
        )
        tell(Wave(number, len(done.x), low, high, emulator.r2, surprise, scale, _misfit(problem, emulator(found))))
        least, most = np.quantile(found, [0.01, 0.99], axis=0)
        reach = MARGIN * (most - least) + 0.02
        low, high = np.maximum(low, least - reach), np.minimum(high, most + reach)

    fine = finely or (lambda unit, step: done.evaluate(unit, REFINING + step))
    best, near, seen = refine(done.x, done.y, problem.centre, problem.sd, refining, fine)
    low, high = np.maximum(best - AROUND, 0.0), np.minimum(best + AROUND, 1.0)
    design = evenly(around or points, low, high, seed + waves + 1)
    new = done.add(design)
    inside = ((near >= low) & (near <= high)).all(axis=1)
    emulator = fit_emulator(np.concatenate([design, near[inside]]), np.concatenate([new, seen[inside]]))
    found, scale, _ = posterior_of(emulator, problem.centre, problem.sd, draws, rng, low, high, steps)
    checked = done.add(found[:checks]) if checks else np.empty((0, len(problem.targets)))
    surprise = _surprise(emulator, found[:checks], checked)
    tell(Wave(waves + 1, len(done.x), low, high, emulator.r2, surprise, scale, _misfit(problem, emulator(found))))
    uniform = uniformity(ranks(design, new, low, high, rng, cases=known))
    return Fit(found, best, emulator, tuple(told), uniform, done.x, done.y)
