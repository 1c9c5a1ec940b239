"""An experiment as loaded: what is varied, which policies are compared, over which runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from r2psim.scenario.paths import parameter_of
from r2psim.scenario.specs import DEFINING
from r2psim.world.expand import expand

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.scenario.loading import Draft

__all__ = ["PARAMETERS_PREFIX", "Experiment", "Factor", "Headline", "Stop", "Value", "setting"]

Value = float | int | str | bool
"""What a factor can be set to."""

PARAMETERS_PREFIX = "parameters."

FIRST_LOOK = 10
"""A tenth of the runs of every point are done before the others, so that estimates are early of the whole design."""
SHORTEST_ROUND = 20


def setting(path: str, value: Value) -> str:
    """Write a change of a scenario as ``--set`` takes it.

    Examples
    --------
    >>> setting("observation.noise", 0.5), setting("states.arvania.conflict", "war")
    ('observation.noise=0.5', 'states.arvania.conflict="war"')
    """
    return f"{path}={json.dumps(value, ensure_ascii=False)}"


@dataclass(frozen=True)
class Factor:
    """Something that is varied.

    Attributes
    ----------
    path : str
        As in ``--set``; parameters without the leading ``parameters.``.
    values : tuple or None
        Every value that it takes, or None where it has ends.
    low, high : float or int
        Its ends, in the unit of what is varied.
    log : bool
        Whether it is drawn, and cut into levels, evenly on a logarithmic scale.
    levels : int or None
        Levels in a grid or one at a time, where it has ends.
    whole : bool
        Whether only whole numbers make sense.
    """

    path: str
    values: tuple[Value, ...] | None = None
    low: float | int = 0.0
    high: float | int = 1.0
    log: bool = False
    levels: int | None = None
    whole: bool = False

    def at(self, u: float) -> Value:
        """Give the value at a place in [0, 1) between its ends, or among its values.

        Examples
        --------
        >>> Factor("a", low=1.0, high=100.0, log=True).at(0.5), Factor("years", low=5, high=6, whole=True).at(0.9)
        (10.0, 6)
        """
        if self.values is not None:
            return self.values[min(int(u * len(self.values)), len(self.values) - 1)]
        if self.whole:
            return int(min(self.low + math.floor(u * (self.high - self.low + 1)), self.high))
        return self._between(u)

    def _between(self, u: float) -> float:
        if u <= 0.0 or u >= 1.0:  # the ends themselves, to the last bit
            return float(self.low if u <= 0.0 else self.high)
        if self.log:
            return min(max(float(self.low * (self.high / self.low) ** u), self.low), self.high)
        return min(max(self.low + u * (self.high - self.low), self.low), self.high)

    def on_levels(self, levels: int) -> tuple[Value, ...]:
        """Give its values, or so many levels from end to end.

        Examples
        --------
        >>> Factor("a", low=0.0, high=1.0).on_levels(3)
        (0.0, 0.5, 1.0)
        """
        if self.values is not None:
            return self.values
        count = self.levels or levels
        found = [self._between(i / (count - 1)) for i in range(count)]
        return tuple(dict.fromkeys(round(x) for x in found)) if self.whole else tuple(found)

    def resolved(self) -> dict[str, Any]:
        """Give it as plain data."""
        if self.values is not None:
            return {"values": list(self.values)}
        ends: dict[str, Any] = {"low": self.low, "high": self.high}
        ends["distribution"] = "log-uniform" if self.log else "uniform"
        return ends | ({} if self.levels is None else {"levels": self.levels})


@dataclass(frozen=True)
class Headline:
    """The paired difference to watch: a metric, the first policy minus the second."""

    metric: str
    policies: tuple[str, str]

    def __str__(self) -> str:
        return f"{self.metric}, {self.policies[0]} minus {self.policies[1]}"


@dataclass(frozen=True)
class Stop:
    """End when the interval of the headline difference is at most so wide; look after so many runs of every point."""

    width: float
    every: int


@dataclass(frozen=True)
class Experiment:
    """An experiment, checked.

    Attributes
    ----------
    name, title, description : str
        Identifier, one line, text.
    source : str
        The scenario as the file names it.
    draft : Draft
        The scenario, to be loaded at each point.
    sets : tuple of str
        What is changed at every point, as ``--set`` takes it.
    policies : tuple of str
        Compared at every point.
    runs, seed : int
        Runs ``0 .. runs - 1`` of that seed, the same at every point and for every policy.
    metrics, series : tuple of str
        What is kept of every run.
    factors : tuple of Factor
        What is varied.
    design : dict
        Kind of design, and what it was given.
    table : tuple of tuple
        Rows of the points of a design ``csv``, a value for each factor.
    headline : Headline or None
        None where only one policy runs.
    stop : Stop or None
        Stopping rule.
    told : tuple of str
        How the table of a design ``csv`` was read, where it is not written as usual.
    """

    name: str
    title: str
    description: str
    source: str
    draft: Draft
    sets: tuple[str, ...]
    policies: tuple[str, ...]
    runs: int
    seed: int
    metrics: tuple[str, ...]
    series: tuple[str, ...]
    factors: tuple[Factor, ...]
    design: Mapping[str, Any]
    table: tuple[tuple[Value, ...], ...] = ()
    headline: Headline | None = None
    stop: Stop | None = None
    told: tuple[str, ...] = ()

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario before any factor is varied, with everything generated."""
        return expand(self.draft.load(self.sets))

    def rounds(self) -> tuple[int, ...]:
        """Give the numbers of runs into which the runs of every point are cut.

        All points do the runs of a round before any does those of the next: what is known early is known of the
        whole design. A stopping rule looks between rounds, so that it does not depend on who was faster.
        """
        if self.stop is not None:
            size = self.stop.every
            return tuple(min(size, self.runs - at) for at in range(0, self.runs, size))
        first = max(SHORTEST_ROUND, self.runs // FIRST_LOOK)
        return (self.runs,) if first * 2 > self.runs else (first, self.runs - first)

    def resolved(self) -> dict[str, Any]:
        """Give everything that is needed to run it again, as plain data."""
        design = dict(self.design)
        if self.table:
            design["rows"] = [list(row) for row in self.table]
        return {
            "schema": 1,
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "scenario": self.scenario.resolved(),
            "documents": self.draft.as_data(),
            "set": list(self.sets),
            "policies": list(self.policies),
            "runs": self.runs,
            "seed": self.seed,
            "metrics": list(self.metrics),
            "series": list(self.series),
            "factors": {factor.path: factor.resolved() for factor in self.factors},
            "design": design,
            "headline": None
            if self.headline is None
            else {"metric": self.headline.metric, "policies": list(self.headline.policies)},
            "stop": None if self.stop is None else {"width": self.stop.width, "every": self.stop.every},
        }

    def notes(self) -> list[str]:
        """Say how a table was read, and where a value that is set or varied meets one that a policy sets itself."""
        found = [*self.told, *self.scenario.notes(self.policies)]
        for factor in self.factors:
            match parameter_of(factor.path):
                case (None, path):
                    found += self._meetings(path)
        return found

    def _meetings(self, path: str) -> list[str]:
        """Say which policies set a parameter themselves that is varied."""
        own = [name for name in self.policies if path in self.scenario.policies[name].parameters]
        mine = self.scenario.overrides
        held = [name for name in own if path in DEFINING.get(name, ()) or f"policies.{name}.{path}" in mine]
        moved = [name for name in own if name not in held]
        found = []
        if held:
            verb = "sets" if len(held) == 1 else "set"
            found.append(f"{path} is varied, but {_and(held)} {verb} it: there it does not vary")
        if moved:
            theirs = "its own value" if len(moved) == 1 else "their own values"
            found.append(f"{path} is varied in {_and(moved)} too, in place of {theirs}")
        return found


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
