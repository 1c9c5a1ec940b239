"""What the targets identify: the elasticity of every target, and the profile of the distance, for each free parameter.

Elasticities are finite differences of simulations with common random numbers. Profiles let a parameter move away from
the point while all others are fitted again by an emulator; where a profile ends, the fitted point is simulated. A point
that lies far away and is as near to the targets shows that they do not identify the parameter; no emulator can say so
by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from r2psim.analysis.calibration.calibrate import PLACES, error_of, measure_runs, transformed
from r2psim.analysis.calibration.definitions import DEFINITIONS
from r2psim.analysis.calibration.emulator import Emulator, fit_emulator
from r2psim.analysis.calibration.fit import Free, evenly
from r2psim.analysis.calibration.free_parameters import read_free
from r2psim.analysis.calibration.multistart import AT_END, UNSEEN, place_of
from r2psim.analysis.calibration.panel import STATUS_QUO, Source, in_parallel
from r2psim.analysis.calibration.refine import FARTHEST, PRIOR_SD, distance
from r2psim.analysis.calibration.targets import Measured, Target, read_targets
from r2psim.analysis.calibration.validation import measured

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["GRID", "LEARNT", "RISE", "Box", "Effort", "Identification", "identify", "profile", "slopes"]

RISE = 2.706
"""Rise of the squared distance at which a profile ends: the middle 90 % of a chi-squared with one degree of freedom."""

GRID = 13
"""Places of each profile."""

GROUPS = 10
"""Groups of runs that are left out one by one to give the error of a slope (jackknife)."""

LEARNT = 0.9
"""Share of a prior's standard deviation that is left, above which nothing to speak of was learnt (linear analysis)."""

Told = dict[str, list[np.ndarray]]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is simulated.

    Attributes
    ----------
    runs : int
        Runs of the point itself and of each of the two neighbours that a slope is taken between.
    step : float
        How far these lie from the point, as a share of each prior's range.
    points, each : int
        Evaluations for the emulator, and runs of each.
    reach : float
        Half width of the box that they are spread over, as a share of each prior's range.
    ends : int
        Runs of each point at which a profile ends.
    years : int
        Length of a run.
    """

    runs: int = 30
    step: float = 0.08
    points: int = 320
    each: int = 3
    reach: float = 0.3
    ends: int = 12
    years: int = 35

    def evaluations(self, parameters: int) -> int:
        """Give the number of evaluations in all."""
        return 1 + 4 * parameters + self.points


@dataclass(frozen=True)
class Identification:
    """What the targets say of each free parameter around a point.

    Attributes
    ----------
    free : tuple of Free
        The parameters.
    place : numpy.ndarray, shape (parameters,)
        The point, in places 0-1 of the priors.
    measured : tuple of Measured
        Every target at the point.
    noise : numpy.ndarray, shape (targets,)
        Standard error of each at the point, in standard deviations of its accepted error.
    reached : numpy.ndarray, bool, shape (targets,)
        Whether it lies near enough for its distance to count; the others say nothing of the parameters here.
    slope, slope_error : numpy.ndarray, shape (parameters, targets)
        Change of each transformed target over the whole range of a prior, and its standard error.
    elasticity : numpy.ndarray, shape (parameters, targets)
        Change of the logarithm of a target by that of the parameter.
    effect : numpy.ndarray, shape (parameters, targets)
        Change of a target, in standard deviations of its accepted error, over one standard deviation of the prior.
    left : numpy.ndarray, shape (parameters,)
        Standard deviation that is left of the prior's, by linear analysis: 1 where nothing is learnt.
    directions : int
        Combinations of parameters known to less than one standard deviation of the prior, by the same.
    grid : numpy.ndarray, shape (parameters, GRID)
        Places of each profile.
    rise : numpy.ndarray, shape (parameters, GRID)
        Squared distance above its least value, the others fitted again by the emulator.
    ends : numpy.ndarray, shape (parameters, 2)
        Places between which it rises by less than `RISE`.
    simulated : numpy.ndarray, shape (parameters, 2)
        Rise at these ends, by simulation of the fitted points against the point itself.
    r2 : numpy.ndarray, shape (targets,)
        Share of the variance of each target that the emulator explains.
    effort : Effort
        How much was simulated.
    """

    free: tuple[Free, ...]
    place: np.ndarray
    measured: tuple[Measured, ...]
    noise: np.ndarray
    reached: np.ndarray
    slope: np.ndarray
    slope_error: np.ndarray
    elasticity: np.ndarray
    effect: np.ndarray
    left: np.ndarray
    directions: int
    grid: np.ndarray
    rise: np.ndarray
    ends: np.ndarray
    simulated: np.ndarray
    r2: np.ndarray
    effort: Effort

    def verdict(self, k: int) -> str:
        """Say from where the targets bound a parameter: one of ``both sides``, ``below``, ``above``, ``neither``.

        A side is bounded if the profile rises by `RISE` on that side inside the box.
        """
        return {(True, True): "both sides", (True, False): "below", (False, True): "above"}.get(
            self.bounded(k), "neither"
        )

    def bounded(self, k: int) -> tuple[bool, bool]:
        """Say whether the profile ends inside the box, below and above."""
        low, high = self.grid[k, 0], self.grid[k, -1]
        return bool(self.ends[k, 0] > low + 1e-9), bool(self.ends[k, 1] < high - 1e-9)

    @property
    def at_ends(self) -> dict[str, str]:
        """Parameters that stand at an end of their prior, with which: ``low`` or ``high``."""
        return {
            f.path: "low" if x < 0.5 else "high"
            for f, x in zip(self.free, self.place, strict=True)
            if min(x, 1.0 - x) < AT_END
        }


def slopes(
    told: tuple[Told, Told], targets: Sequence[Target], apart: float, groups: int = GROUPS
) -> tuple[np.ndarray, np.ndarray]:
    """Give the slope of each transformed target between two points with the same luck, and its standard error.

    Parameters
    ----------
    told : tuple of dict
        What the same runs told of every target at the lower and at the upper point.
    targets : sequence of Target
        Which targets.
    apart : float
        How far apart the points lie.
    groups : int
        Groups of runs that are left out one by one for the error.

    Examples
    --------
    `tests/test_calibration_identify.py` has slopes that are known.
    """
    below, above = told
    runs = len(next(iter(below.values())))
    groups = min(groups, runs)
    values = []
    for group in range(-1, groups):
        kept = [r for r in range(runs) if group < 0 or r % groups != group]
        values.append(
            [value_of(t, [above[t.id][r] for r in kept]) - value_of(t, [below[t.id][r] for r in kept]) for t in targets]
        )
    found = np.array(values) / apart
    error = np.sqrt((groups - 1) * found[1:].var(axis=0)) if groups > 1 else np.full(len(targets), np.nan)
    return found[0], error


def value_of(target: Target, told: Sequence[np.ndarray]) -> float:
    """Give a transformed target as the fit follows it."""
    definition = DEFINITIONS[target.id]
    return float(transformed((definition.follow or definition.finish)(told), target))


def values_of(told: Told, targets: Sequence[Target]) -> np.ndarray:
    """Give the transformed targets of a point."""
    return np.array([value_of(t, told[t.id]) for t in targets])


@dataclass(frozen=True)
class Box:
    """An emulator of the targets within a box, and the targets.

    Attributes
    ----------
    emulator : Emulator
        Gives the targets.
    offset : numpy.ndarray, shape (targets,)
        What it gets wrong at the point.
    centre, sd : numpy.ndarray, shape (targets,)
        Targets and their errors; those with an infinite error do not count.
    low, high : numpy.ndarray, shape (parameters,)
        The box, in places of the priors.
    """

    emulator: Emulator
    offset: np.ndarray
    centre: np.ndarray
    sd: np.ndarray
    low: np.ndarray
    high: np.ndarray


def profile(box: Box, place: np.ndarray, k: int, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Let one parameter go through a grid, and fit all others again within a box.

    Parameters
    ----------
    box : Box
        Where, and to what.
    place : numpy.ndarray, shape (parameters,)
        The point to begin from.
    k : int
        Which parameter.
    grid : numpy.ndarray
        Its places, in order.

    Returns
    -------
    numpy.ndarray, shape (grid,)
        Squared distance.
    numpy.ndarray, shape (grid, parameters)
        Where it is reached.

    Examples
    --------
    `tests/test_calibration_identify.py` has a profile in closed form.
    """
    from scipy.optimize import minimize

    size = len(place)
    emulator, low, high = box.emulator, box.low, box.high
    linear, products = emulator.coefficient[:size], emulator.coefficient[size:]
    first, second = emulator.first, emulator.second

    def cost(unit: np.ndarray) -> tuple[float, np.ndarray]:
        away = (emulator(unit[None])[0] + box.offset - box.centre) / box.sd
        pull = 2.0 * away / box.sd
        slope = linear @ pull
        of_products = products @ pull
        np.add.at(slope, first, of_products * unit[second])
        np.add.at(slope, second, of_products * unit[first])
        return float((away**2).sum()), slope

    found, where = np.empty(len(grid)), np.empty((len(grid), size))
    nearest = int(np.argmin(np.abs(grid - place[k])))
    # From the point outwards on both sides, each from where the last one ended.
    for order in (range(nearest, len(grid)), range(nearest - 1, -1, -1)):
        start = place
        for i in order:
            bounds = [(a, b) for a, b in zip(low, high, strict=True)]
            bounds[k] = (grid[i], grid[i])
            begin = np.clip(start, low, high)
            begin[k] = grid[i]
            done = minimize(cost, begin, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 300})
            found[i], where[i], start = done.fun, done.x, done.x
    return found, where


def _ends(grid: np.ndarray, rise: np.ndarray) -> tuple[float, float]:
    """Give the places around the least value at which a profile has risen by `RISE`, or the ends of its grid."""
    least = int(np.argmin(rise))
    low, high = float(grid[0]), float(grid[-1])
    for i in range(least, 0, -1):
        if rise[i - 1] >= RISE:
            share = (RISE - rise[i]) / (rise[i - 1] - rise[i])
            low = float(grid[i] + share * (grid[i - 1] - grid[i]))
            break
    for i in range(least, len(grid) - 1):
        if rise[i + 1] >= RISE:
            share = (RISE - rise[i]) / (rise[i + 1] - rise[i])
            high = float(grid[i] + share * (grid[i + 1] - grid[i]))
            break
    return low, high


def identify(
    scenario: Scenario,
    targets: Sequence[Target] | None = None,
    free: Sequence[Free] | None = None,
    at: dict[str, float] | None = None,
    seed: int = 1,
    effort: Effort | None = None,
    policy: str = STATUS_QUO,
    threads: int = 2,
    advance: Callable[[int], None] | None = None,
) -> Identification:
    """Find what the targets say of each free parameter around a point.

    Parameters
    ----------
    scenario : Scenario
        Which world.
    targets, free
        Those that ship if not given.
    at : dict of str to float, optional
        Values of free parameters at the point; those of the scenario where not given.
    seed : int
        Of luck and designs.
    effort : Effort, optional
        How much is simulated.
    policy : str
        The one that stands for the present.
    threads : int
        The result does not depend on it.
    advance : callable, optional
        Told 1 for each finished evaluation.
    """
    from r2psim.world.expand import expand

    effort = effort or Effort()
    chosen = tuple(free) if free is not None else read_free()
    wanted = tuple(targets) if targets is not None else read_targets()
    source = Source(expand(scenario), policy, effort.years)
    values = {f.path: float(source.defaults[PLACES[f.path]]) for f in chosen} | (at or {})
    place = place_of(chosen, values)

    def run_all(units: np.ndarray, runs: Callable[[int], Sequence[int]]) -> list[Told]:
        def one(i: int) -> Told:
            there = np.array([float(f.value(u)) for f, u in zip(chosen, units[i], strict=True)])
            return measure_runs(source, chosen, there, seed + UNSEEN, runs(i))

        return list(in_parallel(one, range(len(units)), threads, advance))

    # The point, and two neighbours for each parameter, all with the same luck.
    pairs = _neighbours(place, effort.step)
    here, *beside = run_all(np.vstack([place[None], pairs]), lambda i: range(effort.runs))
    found = [
        slopes((beside[2 * k], beside[2 * k + 1]), wanted, float(pairs[2 * k + 1, k] - pairs[2 * k, k]))
        for k in range(len(chosen))
    ]
    slope, slope_error = np.stack([a for a, _ in found]), np.stack([b for _, b in found])
    tolerance = np.array([error_of(t) for t in wanted])
    centre = np.array([float(transformed(t.target, t)) for t in wanted])
    now = values_of(here, wanted)
    reached = ((now - centre) / tolerance) ** 2 < FARTHEST
    per_log = [
        1.0 / np.log(f.high / f.low) if f.log else float(f.value(u)) / (f.high - f.low)
        for f, u in zip(chosen, place, strict=True)
    ]
    effect = slope * PRIOR_SD / tolerance
    information = effect[:, reached] @ effect[:, reached].T

    # An emulator around the point, of a design of its own and of the neighbours.
    low, high = np.maximum(place - effort.reach, 0.0), np.minimum(place + effort.reach, 1.0)
    design = evenly(effort.points, low, high, seed)
    spread = run_all(design, lambda i: range(effort.runs + i * effort.each, effort.runs + (i + 1) * effort.each))
    y = np.array([values_of(told, wanted) for told in [*spread, here, *beside]])
    emulator = fit_emulator(np.vstack([design, place[None], pairs]), y)
    counting = np.where(reached, tolerance, np.inf)
    box = Box(emulator, now - emulator(place[None])[0], centre, counting, low, high)
    grid, rise, ends, fitted = _profiles(box, place)
    told_at_ends = run_all(fitted, lambda i: range(effort.ends))

    def squared(told: Told) -> float:
        some = {name: rows[: effort.ends] for name, rows in told.items()}
        return float(distance(values_of(some, wanted), centre, counting))

    simulated = np.array([squared(told) - squared(here) for told in told_at_ends]).reshape(-1, 2)
    return Identification(
        free=chosen,
        place=place,
        measured=tuple(measured(t, here[t.id]) for t in wanted),
        noise=_noise(here, wanted) / tolerance,
        reached=reached,
        slope=slope,
        slope_error=slope_error,
        elasticity=slope * np.array(per_log)[:, None],
        effect=effect,
        left=np.sqrt(np.diag(np.linalg.inv(information + np.eye(len(chosen))))),
        directions=int((np.linalg.eigvalsh(information) > 1.0).sum()),
        grid=grid,
        rise=rise,
        ends=ends,
        simulated=simulated,
        r2=emulator.r2,
        effort=effort,
    )


def _neighbours(place: np.ndarray, step: float) -> np.ndarray:
    """Give two neighbours of a point for each parameter, below and above, shape (2 * parameters, parameters)."""
    pairs = np.repeat(place[None], 2 * len(place), axis=0)
    for k, u in enumerate(place):
        pairs[2 * k, k], pairs[2 * k + 1, k] = max(u - step, 0.0), min(u + step, 1.0)
    return pairs


def _profiles(box: Box, place: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give the grid and the rise of each profile, the places where it ends, and the points fitted there."""
    size = len(place)
    grid, rise = np.empty((size, GRID)), np.empty((size, GRID))
    ends, fitted = np.empty((size, 2)), np.empty((2 * size, size))
    for k in range(size):
        grid[k] = np.linspace(box.low[k], box.high[k], GRID)
        away, where = profile(box, place, k, grid[k])
        rise[k] = away - away.min()
        ends[k] = _ends(grid[k], rise[k])
        for side, end in enumerate(ends[k]):
            near = where[int(np.argmin(np.abs(grid[k] - end)))]
            fitted[2 * k + side] = profile(box, near, k, np.array([end]))[1][0]
    return grid, rise, ends, fitted


def _noise(told: Told, targets: Sequence[Target]) -> np.ndarray:
    """Give the standard error of each transformed target (jackknife over groups of runs)."""
    runs = len(next(iter(told.values())))
    groups = min(GROUPS, runs)
    values = [
        [value_of(t, [told[t.id][r] for r in range(runs) if r % groups != group]) for t in targets]
        for group in range(groups)
    ]
    found: np.ndarray = np.sqrt((groups - 1) * np.var(values, axis=0))
    return found
