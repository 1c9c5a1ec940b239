"""Validation across worlds: the same targets on other draws of the generator, and on worlds of other files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from r2psim.analysis.calibration.targets import VERDICTS
from r2psim.scenario.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from r2psim.analysis.calibration.validation import Validation
    from r2psim.scenario import Scenario

__all__ = ["AcrossWorlds", "drawn_with"]


def drawn_with(scenario: Scenario, seed: int) -> Scenario:
    """Give the scenario with another draw of its generated world.

    Parameters
    ----------
    scenario : Scenario
        With a ``generate`` section.
    seed : int
        Seed of the generator.

    Raises
    ------
    ScenarioError
        If nothing in the scenario is generated.

    Examples
    --------
    >>> from r2psim.scenario import load
    >>> drawn_with(load("world"), 3).generate.seed
    3
    """
    if scenario.generate is None:
        allowed = "a world that the generator draws; this one is written out"
        raise ScenarioError([Problem("--generator-seeds", "generate.seed", seed, allowed)])
    return replace(scenario, generate=replace(scenario.generate, seed=seed))


@dataclass(frozen=True)
class AcrossWorlds:
    """Validations of several worlds, with the same targets.

    Attributes
    ----------
    worlds : dict of str to Validation
        By what tells the worlds apart.
    """

    worlds: dict[str, Validation]

    def missed(self, name: str) -> tuple[str, ...]:
        """Give the targets that one world does not meet."""
        return tuple(m.target.id for m in self.worlds[name].targets if m.verdict != "inside")

    def least_inside(self) -> int:
        """Give the least number of targets inside their band in any of the worlds."""
        return min(found.counts()["inside"] for found in self.worlds.values())

    def rows(self) -> list[tuple[str, Sequence[int], str]]:
        """Give for each world its name, how many targets have each of `VERDICTS`, and those that are not inside."""
        return [
            (name, [found.counts()[verdict] for verdict in VERDICTS], ", ".join(self.told(name)))
            for name, found in self.worlds.items()
        ]

    def told(self, name: str) -> list[str]:
        """Give the targets of a world that are not inside, each with its value; those outside are marked."""
        return [
            f"{m.target.id} {m.value:.3g}" + (" (outside)" if m.verdict == "outside" else "")
            for m in self.worlds[name].targets
            if m.verdict != "inside"
        ]

    def summary(self) -> dict[str, Any]:
        """Give everything as plain data that JSON can hold."""
        return {
            "least_inside": self.least_inside(),
            "worlds": {name: found.summary() for name, found in self.worlds.items()},
        }
