"""What would change a verdict: which of the things not known moves the difference between two policies most.

Every run draws for itself what is not known (`r2psim.ensemble.uncertainty`), the same under both policies. So the runs
show how the difference goes along with each drawn value, all others and luck being as they come. Among a hundred
unknowns some go along by chance: told apart is only what goes along more than the strongest of them does in 95 of 100
shuffles, in which nothing can. What moves a difference may still not turn it; along one unknown alone
`r2psim.analysis.break_even.break_evens` says where that happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.ensemble.intervals import Interval, paired_interval
from r2psim.ensemble.uncertainty import Drawing
from r2psim.scenario.paths import number_at
from r2psim.scenario.posterior import drawn_in, read_effects, read_posterior

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["FEWEST", "Mover", "Movers", "movers", "range_of"]

SHUFFLES = 200
FEWEST = 60
"""Runs below which nothing is said: a third of them is a mean of twenty."""


@dataclass(frozen=True)
class Mover:
    """How a difference goes along with one thing that is not known.

    Attributes
    ----------
    path : str
        As in ``--set``.
    meaning, unit, label : str
        What it is, its unit, and its evidence label: a key of `r2psim.scenario.parameters.LABELS`.
    low, high : float
        Its range: see `range_of`.
    strength : float
        How closely the difference goes along: the absolute value of the statistic *t* of their correlation.
    at_low, at_high : Interval
        The mean difference in the third of the runs with its lowest draws, and in that with its highest.
    told_apart : bool
        Whether it goes along more than the strongest of all does by chance.
    """

    path: str
    meaning: str
    unit: str
    label: str
    low: float
    high: float
    strength: float
    at_low: Interval
    at_high: Interval
    told_apart: bool


@dataclass(frozen=True)
class Movers:
    """What moves a difference, the strongest first.

    Attributes
    ----------
    runs, unknown : int
        Runs, each with draws of its own; things that are drawn.
    noise : float
        95 % quantile of the strength of the strongest of all where differences are shuffled among draws.
    movers : tuple of Mover
        The strongest few; none where no run differs, or there are fewer than `FEWEST`.
    """

    runs: int
    unknown: int
    noise: float
    movers: tuple[Mover, ...]

    @property
    def told(self) -> tuple[Mover, ...]:
        """Those that are told apart from chance."""
        return tuple(mover for mover in self.movers if mover.told_apart)

    def summary(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "runs": self.runs,
            "unknown": self.unknown,
            "noise": self.noise,
            "movers": [
                {
                    "path": m.path, "meaning": m.meaning, "evidence": m.label, "low": m.low, "high": m.high,
                    "strength": m.strength, "at_low": m.at_low._asdict(), "at_high": m.at_high._asdict(),
                    "told_apart": m.told_apart,
                }
                for m in self.movers
            ],
        }  # fmt: skip


def range_of(scenario: Scenario, path: str) -> tuple[float, float]:
    """Give the range of what is drawn: that of the posterior draws of what was fitted, else what is declared possible.

    Parameters
    ----------
    scenario : Scenario
        With everything generated.
    path : str
        As `r2psim.scenario.posterior.drawn_in` gives them.

    Examples
    --------
    >>> from r2psim.scenario import load
    >>> range_of(load("seminar"), "forms.mediation.effects.to_atrocity.size")
    (0.5, 1.0)
    """
    drawing = Drawing(scenario, [path], 1)
    for draws in (read_posterior(), read_effects()):
        if draws and path in draws[0] and (path in drawing.rates or path in drawing.studied):
            values = [draw[path] for draw in draws]
            return min(values), max(values)
    number = number_at(path, scenario.forms)
    if number is None:
        raise ValueError(f"{path!r} is nothing that is drawn")
    return number.low, number.high


def _strengths(units: np.ndarray, differences: np.ndarray) -> np.ndarray:
    """Give the absolute *t* of the correlation of each column, each of mean 0 and variance 1, with the differences."""
    spread = differences.std()
    r = np.clip(units.T @ (differences - differences.mean()) / (len(differences) * spread), -1.0, 1.0)
    found: np.ndarray = np.abs(r) * np.sqrt((len(differences) - 2) / np.maximum(1.0 - r**2, 1e-12))
    return found


def movers(
    scenario: Scenario,
    differences: np.ndarray,
    seed: int,
    uncertainty: str = "all",
    first_run: int = 0,
    most: int = 5,
    shuffles: int = SHUFFLES,
) -> Movers:
    """Rank what is not known by how far the difference between two policies goes along with it.

    Parameters
    ----------
    scenario : Scenario
        What was run, with everything generated.
    differences : numpy.ndarray, shape (runs,)
        A metric under one policy less the same under another, run by run; runs without a value are left out.
    seed, uncertainty, first_run : int, str, int
        Of these runs, as `r2psim.simulate` took them.
    most : int
        How many are told of.
    shuffles : int
        How often differences are shuffled among draws, to see what chance does.

    Examples
    --------
    >>> from r2psim.scenario import load
    >>> made = load("seminar")
    >>> drawing = Drawing(made, drawn_in(made, "effects"), 3)
    >>> path = "forms.mediation.effects.to_atrocity.size"
    >>> found = movers(made, np.array([drawing.sizes_of(run)[path] for run in range(90)]), 3, "effects")
    >>> found.movers[0].path == path, found.movers[0].told_apart, found.movers[1].told_apart
    (True, True, False)
    """
    paths = drawn_in(scenario, uncertainty)
    known = np.flatnonzero(np.isfinite(differences))
    values = differences[known]
    if len(values) < FEWEST or not paths or values.std() == 0.0:
        return Movers(len(values), len(paths), 0.0, ())
    drawing = Drawing(scenario, paths, seed)
    draws = [drawing.parameters_of(first_run + int(run)) | drawing.sizes_of(first_run + int(run)) for run in known]
    names = tuple(draws[0])
    x = np.array([[draw[name] for name in names] for draw in draws])
    spread = x.std(axis=0)
    # What does not vary among these runs goes along with nothing.
    units = np.where(spread > 1e-12 * np.abs(x).max(axis=0), (x - x.mean(axis=0)) / np.maximum(spread, 1e-300), 0.0)
    strengths = _strengths(units, values)
    rng = np.random.default_rng([seed, 11])
    chance = [float(_strengths(units, rng.permutation(values)).max()) for _ in range(shuffles)]
    noise = float(np.quantile(chance, 0.95)) if chance else 0.0
    found = []
    for place in np.argsort(-strengths, kind="stable")[:most]:
        number = number_at(names[place], scenario.forms)
        assert number is not None
        order, third = np.argsort(x[:, place], kind="stable"), len(values) // 3
        ends = [paired_interval(values[part]) for part in (order[:third], order[-third:])]
        assert ends[0] is not None and ends[1] is not None
        low, high = range_of(scenario, names[place])
        strength = float(strengths[place])
        found.append(
            Mover(names[place], number.meaning, number.unit, number.label, low, high, strength, ends[0], ends[1],
                  strength > noise)
        )  # fmt: skip
    return Movers(len(values), len(names), noise, tuple(found))
