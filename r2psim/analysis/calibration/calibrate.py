"""Calibration of a world: its free parameters, fitted to targets by the rules' own simulations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.calibration.definitions import DEFINITIONS, Coded
from r2psim.analysis.calibration.evaluation_cache import EvaluationCache
from r2psim.analysis.calibration.fit import BAND, REFINING, Fit, Free, Problem, Wave, fit
from r2psim.analysis.calibration.free_parameters import read_free
from r2psim.analysis.calibration.panel import STATUS_QUO, Source
from r2psim.analysis.calibration.targets import Target, read_targets
from r2psim.scenario.errors import Problem as Refused
from r2psim.scenario.errors import ScenarioError
from r2psim.scenario.parameters import PARAMETERS

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["PLACES", "Budget", "Calibration", "calibrate", "error_of", "measure_runs", "transformed"]

PLACES = {path: i for i, path in enumerate(PARAMETERS)}

LEAST = 0.1
"""Share of a band's low end below which simulated values are not told apart: the logarithm of nothing is none."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is simulated.

    Attributes
    ----------
    waves, points : int
        Waves before the last one, and evaluations of the model in each.
    runs : int
        Runs of each evaluation.
    refining, finer : int
        Steps from the best evaluation towards the targets, and how many times as many runs each of them has.
    around, checks : int
        Evaluations of the last wave, around the best point; draws of the posterior that are
        simulated.
    years : int
        Length of a run.
    draws : int
        Draws of the posterior that are kept.
    """

    waves: int = 2
    points: int = 256
    runs: int = 6
    refining: int = 24
    finer: int = 3
    around: int = 256
    checks: int = 24
    years: int = 35
    draws: int = 400

    @property
    def evaluations(self) -> int:
        """Number of evaluations in all."""
        return self.waves * self.points + self.refining + self.around + self.checks


@dataclass(frozen=True)
class Calibration:
    """A finished calibration.

    Attributes
    ----------
    free : tuple of Free
        What was fitted.
    targets : tuple of Target
        To what.
    fit : Fit
        How it went.
    best : dict of str to float
        Values of the free parameters at the point whose simulation came nearest to the targets.
    draws : numpy.ndarray, shape (draws, parameters)
        Values of the free parameters.
    seed : int
        Of everything.
    """

    free: tuple[Free, ...]
    targets: tuple[Target, ...]
    fit: Fit
    best: dict[str, float]
    draws: np.ndarray
    seed: int


def transformed(value: float | np.ndarray, target: Target) -> np.ndarray:
    """Give the logarithm of a target's values: errors of rates, ratios and costs are relative ones."""
    least = LEAST * (target.low if target.low > 0.0 else target.target)
    known = np.where(np.isfinite(value), value, least)
    return np.log(np.maximum(known, least))


def error_of(target: Target) -> float:
    """Give the standard deviation of a target's error, its band being the middle 90 %."""
    low, high = (float(transformed(x, target)) for x in (target.low, target.high))
    return (high - low) / BAND


def measure_runs(
    source: Source, free: Sequence[Free], values: np.ndarray, seed: int, runs: Sequence[int]
) -> dict[str, list[np.ndarray]]:
    """Give what runs tell of every target at some values of the free parameters.

    Parameters
    ----------
    source : Source
        The world.
    free : sequence of Free
        The parameters.
    values : numpy.ndarray, shape (parameters,)
        Their values.
    seed : int
        Luck.
    runs : sequence of int
        Numbers of the runs.
    """
    p = source.defaults.copy()
    p[[PLACES[f.path] for f in free]] = values
    told: dict[str, list[np.ndarray]] = {name: [] for name in DEFINITIONS}
    for run in runs:
        coded = Coded(source.panel(seed, run, p))
        for name, definition in DEFINITIONS.items():
            told[name].append(definition.collect(coded))
    return told


def _work(
    source: Source, free: Sequence[Free], seed: int, runs: int, finer: int
) -> Callable[[np.ndarray, int], dict[str, float]]:
    """Give the evaluation of a point: every target, over some runs whose luck no other point shares."""

    def evaluate(values: np.ndarray, number: int) -> dict[str, float]:
        # All steps of refining share their luck, so that little is left of it in their differences.
        first = number * runs if number < REFINING else REFINING * runs
        many = runs if number < REFINING else runs * finer
        told = measure_runs(source, free, values, seed, range(first, first + many))
        return {name: (found.follow or found.finish)(told[name]) for name, found in DEFINITIONS.items()}

    return evaluate


def _key(full: Scenario, free: Sequence[Free], seed: int, budget: Budget, policy: str) -> dict[str, Any]:
    """Give everything that the evaluations depend on, but the points themselves."""
    import json

    from r2psim.rules.compiled import source_digest

    world = json.dumps(full.resolved(), sort_keys=True, default=str)
    return {
        "world": sha256(world.encode()).hexdigest(),
        "rules": source_digest(),
        "free": [[f.path, f.low, f.high, f.log] for f in free],
        "seed": seed,
        "runs": [budget.runs, budget.finer],
        "years": budget.years,
        "policy": policy,
    }


def calibrate(
    scenario: Scenario,
    targets: Sequence[Target] | None = None,
    free: Sequence[Free] | None = None,
    seed: int = 1,
    budget: Budget | None = None,
    directory: Path | None = None,
    policy: str = STATUS_QUO,
    threads: int = 2,
    advance: Callable[[int], None] | None = None,
    note: Callable[[Wave], None] | None = None,
) -> Calibration:
    """Fit the free parameters of a world to targets.

    Parameters
    ----------
    scenario : Scenario
        Which world.
    targets : sequence of Target, optional
        Those that ship if not given.
    free : sequence of Free, optional
        Those declared in ``free.toml`` if not given.
    seed : int
        Of the runs, the designs and the chains.
    budget : Budget, optional
        How much is simulated.
    directory : Path, optional
        Where evaluations are kept as they finish, so that an interrupted calibration goes on from them.
    policy : str
        The one that stands for the present.
    threads : int
        The result does not depend on it.
    advance : callable, optional
        Told how many evaluations have finished since it was last called.
    note : callable, optional
        Told each wave.

    Raises
    ------
    ScenarioError
        If a parameter that is to be fitted is set whatever a policy sets: it cannot be both.
    OutputError
        If the directory holds something else, is in use, or cannot be written any more; what was finished is kept.
    """
    from r2psim.world.expand import expand

    budget = budget or Budget()
    full = expand(scenario)
    chosen = tuple(free) if free is not None else read_free()
    wanted = tuple(targets) if targets is not None else read_targets()
    if held := [f.path for f in chosen if f.path in full.overrides]:
        allowed = "a parameter that is not fitted here"
        raise ScenarioError(Refused("--set", path, full.overrides[path], allowed) for path in held)
    bank = EvaluationCache(directory, _key(full, chosen, seed, budget, policy))
    work = _work(Source(full, policy, budget.years), chosen, seed, budget.runs, budget.finer)

    def told(values: dict[str, float]) -> np.ndarray:
        return np.array([float(transformed(values[t.id], t)) for t in wanted])

    problem = Problem(
        free=chosen,
        targets=tuple(t.id for t in wanted),
        centre=np.array([float(transformed(t.target, t)) for t in wanted]),
        sd=np.array([error_of(t) for t in wanted]),
        simulate=lambda values, number: told(work(values, number)),
    )

    def evaluate(unit: np.ndarray, first: int) -> np.ndarray:
        known = bank.evaluate(problem.values(unit), first, work, threads, advance)
        return np.array([told(values) for values in known])

    with bank:
        found = fit(
            problem,
            seed,
            budget.waves,
            budget.points,
            budget.draws,
            evaluate,
            lambda unit, step: evaluate(unit, REFINING + step),
            budget.refining,
            budget.around,
            budget.checks,
            note=note,
        )
    best = problem.values(found.best[None])[0]
    return Calibration(
        free=chosen,
        targets=wanted,
        fit=found,
        best={f.path: float(v) for f, v in zip(chosen, best, strict=True)},
        draws=problem.values(found.draws),
        seed=seed,
    )
