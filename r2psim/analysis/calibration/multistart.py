"""Several calibrations of one world from different seeds: whether they come to the same place, and which is the best.

Each start draws its own designs, luck and chains. Afterwards the best point of each is simulated with luck that none of
them has seen, the same for all, and held against the targets; so are the defaults that ship, which say whether there is
anything to gain from the fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.calibration.calibrate import Budget, Calibration, calibrate, error_of, measure_runs, transformed
from r2psim.analysis.calibration.fit import Free, Wave
from r2psim.analysis.calibration.free_parameters import read_free
from r2psim.analysis.calibration.panel import STATUS_QUO, Source, in_parallel
from r2psim.analysis.calibration.refine import distance
from r2psim.analysis.calibration.targets import VERDICTS, Measured, Target, read_targets
from r2psim.analysis.calibration.validation import measured
from r2psim.scenario.parameters import PARAMETERS

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["AT_END", "UNSEEN", "UNSEEN_RUNS", "Held", "Start", "Starts", "at_an_end", "calibrate_from", "place_of"]

UNSEEN = 2**32
"""What is added to a seed for luck that no calibration meets: their seeds end below it."""

UNSEEN_RUNS = 60
"""Runs with such luck of each start's best point, and as many of the defaults that ship."""

AT_END = 0.03
"""Share of a prior's range from an end within which a parameter stands at that end."""

APART = 1.0
"""Spread of the starts' means, in standard deviations of their posteriors, above which they do not agree."""


@dataclass(frozen=True)
class Held:
    """Values of the free parameters, and what they give with luck that no calibration has seen.

    Attributes
    ----------
    parameters : dict of str to float
        The values, by path.
    measured : tuple of Measured
        Every target.
    distance : float
        Squared distance from the targets in standard deviations, capped for each (`refine.distance`).
    """

    parameters: dict[str, float]
    measured: tuple[Measured, ...]
    distance: float

    def counts(self) -> dict[str, int]:
        """Count the verdicts."""
        return {verdict: sum(m.verdict == verdict for m in self.measured) for verdict in VERDICTS}

    def missed(self) -> list[str]:
        """Give the ids of the targets whose value does not lie in the accepted band, or that these runs do not tell."""
        return [m.target.id for m in self.measured if m.verdict != "inside"]

    def told(self) -> str:
        """Say what the verdicts are."""
        return ", ".join(f"{n} {verdict}" for verdict, n in self.counts().items() if n)

    def summary(self) -> dict[str, Any]:
        """Give it as plain data that JSON can hold."""
        return {
            "distance": self.distance,
            "verdicts": self.counts(),
            "missed": self.missed(),
            "targets": {m.target.id: m.value if np.isfinite(m.value) else None for m in self.measured},
            "parameters": self.parameters,
        }


@dataclass(frozen=True)
class Start(Held):
    """One calibration, and what its best point gives with luck that it has not seen.

    Attributes
    ----------
    calibration : Calibration
        The fit.
    """

    calibration: Calibration


@dataclass(frozen=True)
class Starts:
    """Calibrations from several seeds.

    Attributes
    ----------
    starts : tuple of Start
        In order of their seeds.
    defaults : Held
        The defaults that ship, with the same luck.
    runs : int
        Runs of each of the simulations with unseen luck.
    """

    starts: tuple[Start, ...]
    defaults: Held
    runs: int

    @property
    def best(self) -> Start:
        """The start whose best point lies nearest to the targets."""
        return min(self.starts, key=lambda start: start.distance)

    def spread(self) -> np.ndarray:
        """Give how far apart the starts' posterior means are for each parameter, in their mean standard deviation.

        NaN where there is one start only.
        """
        free = self.starts[0].calibration.free
        if len(self.starts) < 2:
            return np.full(len(free), np.nan)
        places = np.stack([_places(start.calibration) for start in self.starts])
        between: np.ndarray = places.mean(axis=1).std(axis=0, ddof=1)
        within: np.ndarray = np.maximum(places.std(axis=1).mean(axis=0), 1e-9)
        return np.asarray(between / within)

    def spread_of_targets(self) -> np.ndarray:
        """Give the standard deviation of each simulated target between the starts, in that of its accepted error."""
        targets = self.starts[0].calibration.targets
        if len(self.starts) < 2:
            return np.full(len(targets), np.nan)
        values = [
            [float(transformed(m.value, t)) for m, t in zip(start.measured, targets, strict=True)]
            for start in self.starts
        ]
        found: np.ndarray = np.std(values, axis=0, ddof=1) / np.array([error_of(t) for t in targets])
        return found

    def words(self) -> list[str]:
        """Say whether the starts agree."""
        best = self.best.calibration
        lines = []
        for start in self.starts:
            lines.append(
                f"Start with seed {start.calibration.seed}: {start.told()} with unseen luck, {self.runs} runs; "
                f"distance {start.distance:.1f}."
            )
        if len(self.starts) > 1:
            spread, names = self.spread(), [f.path for f in best.free]
            apart = [name for name, x in zip(names, spread, strict=True) if x > APART]
            lines.append(
                f"The starts agree on {len(names) - len(apart)} of {len(names)} parameters: their posterior means lie "
                f"within one standard deviation of a posterior."
            )
            if apart:
                lines.append("They do not agree on " + ", ".join(apart) + ".")
            of_targets = self.spread_of_targets()
            far = [t.id for t, x in zip(best.targets, of_targets, strict=True) if x > APART]
            lines.append(
                "All of them give about the same targets"
                + (", so where they do not agree the targets do not decide." if apart else ".")
                if not far
                else "They give other values of " + ", ".join(far) + "."
            )
            lines.append(f"The best is that with seed {best.seed}.")
        lines += self._beside_the_defaults()
        ends = at_an_end(best)
        lines.append(
            "At an end of their prior: " + ", ".join(f"{name} ({end})" for name, end in ends.items()) + "."
            if ends
            else "No parameter stands at an end of its prior."
        )
        return lines

    def _beside_the_defaults(self) -> list[str]:
        """Say which targets the best start does not meet, and whether the defaults that ship come nearer."""
        missed = self.best.missed()
        lines = [
            "The best start does not meet " + ", ".join(missed) + "."
            if missed
            else "The best start meets every target."
        ]
        lines.append(
            f"The defaults that ship: {self.defaults.told()} with the same luck, {self.runs} runs; distance "
            f"{self.defaults.distance:.1f}."
        )
        old, new = set(self.defaults.missed()), set(missed)
        changes = [
            f"{word} {', '.join(sorted(ids))}" for word, ids in (("meets", old - new), ("loses", new - old)) if ids
        ]
        against = f" Against them the best start {' and '.join(changes)}." if changes else ""
        nearer = self.best.distance < self.defaults.distance
        lines.append(
            (
                "The best start comes nearer to the targets than they do."
                if nearer
                else "The best start comes no nearer to the targets than they do: these runs give no reason to ship it."
            )
            + against
        )
        return lines

    def summary(self) -> dict[str, Any]:
        """Give everything as plain data that JSON can hold."""
        best = self.best.calibration
        spread = [None if np.isnan(x) else float(x) for x in self.spread()]
        of_targets = [None if np.isnan(x) else float(x) for x in self.spread_of_targets()]
        return {
            "runs": self.runs,
            "best": best.seed,
            "starts": [
                {
                    "seed": start.calibration.seed,
                    "misfit": start.calibration.fit.waves[-1].misfit,
                    **start.summary(),
                    "at_an_end": at_an_end(start.calibration),
                }
                for start in self.starts
            ],
            "defaults": self.defaults.summary(),
            "best_is_nearer_than_defaults": bool(self.best.distance < self.defaults.distance),
            "apart": {f.path: x for f, x in zip(best.free, spread, strict=True)},
            "targets_apart": {t.id: x for t, x in zip(best.targets, of_targets, strict=True)},
            "words": self.words(),
        }


def _places(calibration: Calibration) -> np.ndarray:
    """Give the draws in places 0-1 of the priors, shape (draws, parameters)."""
    return np.column_stack([f.unit(calibration.draws[:, k]) for k, f in enumerate(calibration.free)])


def place_of(free: Sequence[Free], values: dict[str, float]) -> np.ndarray:
    """Give the places 0-1 of values in the priors; one that lies outside of its prior is put at its end.

    Examples
    --------
    >>> place_of([Free("a", 0.0, 2.0), Free("b", 0.01, 1.0, log=True)], {"a": 0.5, "b": 3.0})
    array([0.25, 1.  ])
    """
    return np.array([float(f.unit(min(max(values[f.path], f.low), f.high))) for f in free])


def at_an_end(calibration: Calibration) -> dict[str, str]:
    """Give the parameters whose best value stands at an end of its prior, with which: ``low`` or ``high``."""
    places = place_of(calibration.free, calibration.best)
    return {
        f.path: "low" if x < 0.5 else "high"
        for f, x in zip(calibration.free, places, strict=True)
        if min(x, 1.0 - x) < AT_END
    }


def calibrate_from(
    scenario: Scenario,
    starts: int = 1,
    targets: Sequence[Target] | None = None,
    free: Sequence[Free] | None = None,
    seed: int = 1,
    budget: Budget | None = None,
    directory: Path | None = None,
    policy: str = STATUS_QUO,
    threads: int = 2,
    runs: int = UNSEEN_RUNS,
    advance: Callable[[int], None] | None = None,
    note: Callable[[int, Wave], None] | None = None,
) -> Starts:
    """Calibrate a world from several seeds.

    Parameters
    ----------
    scenario : Scenario
        Which world.
    starts : int
        How many; they have the seeds ``seed``, ``seed + 1``, and so on.
    targets, free, budget, policy, threads
        As `r2psim.analysis.calibration.calibrate.calibrate` takes them.
    seed : int
        Of the first start.
    directory : Path, optional
        Where evaluations are kept: of one start there, of several in ``start-SEED`` below it.
    runs : int
        Runs with unseen luck of each best point, and as many of the defaults that ship.
    advance : callable, optional
        Told how many evaluations have finished since it was last called, and afterwards how many runs with unseen luck.
    note : callable, optional
        Told each wave, with the seed of its start.

    Examples
    --------
    `tests/test_calibration.py` calibrates a small world from two seeds.
    """
    from r2psim.world.expand import expand

    budget = budget or Budget()
    chosen = tuple(free) if free is not None else read_free()
    wanted = tuple(targets) if targets is not None else read_targets()
    fits = []
    for own in range(seed, seed + starts):
        place = directory if directory is None or starts == 1 else directory / f"start-{own}"
        tell = None if note is None else lambda wave, own=own: note(own, wave)
        fits.append(
            calibrate(scenario, wanted, chosen, own, budget, place, policy, threads, advance, tell)  # type: ignore[arg-type]
        )
    source = Source(expand(scenario), policy, budget.years)

    def held(parameters: dict[str, float]) -> Held:
        values = np.array([parameters[f.path] for f in chosen])

        def one(run: int) -> dict[str, list[np.ndarray]]:
            return measure_runs(source, chosen, values, seed + UNSEEN, [run])

        told = list(in_parallel(one, range(runs), threads, advance))
        of_targets = tuple(measured(t, [row[t.id][0] for row in told]) for t in wanted)
        reached = np.array([float(transformed(m.value, m.target)) for m in of_targets])
        centre = np.array([float(transformed(t.target, t)) for t in wanted])
        far = float(distance(reached, centre, np.array([error_of(t) for t in wanted])))
        return Held(parameters, of_targets, far)

    def start(found: Calibration) -> Start:
        best = held(found.best)
        return Start(best.parameters, best.measured, best.distance, found)

    made = tuple(start(found) for found in fits)
    return Starts(made, held({f.path: PARAMETERS[f.path].default for f in chosen}), runs)
