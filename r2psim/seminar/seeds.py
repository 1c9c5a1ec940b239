"""A finder of seeds: which luck teaches what, and how common such luck is.

Every seed is run under all policies that a debriefing lays side by side (`r2psim.seminar.play.COUNTERFACTUALS`), with
the same luck. Seeds are told in the order in which they were drawn, never by how clear a case they make.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.ensemble.intervals import Interval, share_differing
from r2psim.ensemble.simulation import simulate
from r2psim.scenario.errors import listing, nearest
from r2psim.seminar.play import COUNTERFACTUALS
from r2psim.world.luck import EXACT_BITS, checked_seed

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["TEACHES", "YEARS", "Looked", "Seeds", "checked_teaches", "drawn_seeds", "find_seeds", "teaches"]

LATE, EARLY, NONE = COUNTERFACTUALS

YEARS = 8
"""Years of a seminar of three hours."""

SERIES = ("states_stage_3", "states_stage_4", "states_at_war")

METRICS = ("atrocity_entries", "deaths", "warnings_true", "warnings_near", "warnings_false")


@dataclass(frozen=True)
class Course:
    """What came of a seed under one policy.

    Attributes
    ----------
    atrocity, imminent : bool
        Whether a group entered atrocity; whether a group came to imminent risk.
    wars : int
        States at war at a time, at most.
    entries, deaths : float
        Entries of groups into atrocity; killed in attacks on groups (persons).
    warned, warned_in_vain : bool
        Whether a public warning was followed, in time, by imminent risk or atrocity; whether one was not.
    """

    atrocity: bool
    imminent: bool
    wars: int
    entries: float
    deaths: float
    warned: bool
    warned_in_vain: bool


Courses = Mapping[str, Course]

TEACHES: dict[str, Callable[[Courses], bool]] = {
    "averted": lambda c: c[LATE].atrocity and not c[EARLY].atrocity,
    "in-spite": lambda c: c[EARLY].atrocity,
    "near-miss": lambda c: c[LATE].imminent and not c[LATE].atrocity,
    "false-alarm": lambda c: c[LATE].warned_in_vain and not (c[LATE].warned or c[LATE].imminent or c[LATE].atrocity),
    "quiet": lambda c: not any(one.imminent or one.atrocity or one.wars for one in c.values()),
}
"""What a seed can teach, and when it does; `r2psim.seminar.kit_words` has the words (``seeds.teaches``).

``averted``: a group enters atrocity under late response, none under prevention. ``in-spite``: a group enters atrocity
under prevention. ``near-miss``: under late response a group comes to imminent risk, and none to atrocity.
``false-alarm``: under late response public warnings are given, and no imminent risk comes. ``quiet``: under no policy
does imminent risk or war come.
"""


@dataclass(frozen=True)
class Looked:
    """A seed that was looked at.

    Attributes
    ----------
    seed : int
        Of all chance; run 0 of it is what a session plays.
    courses : dict of str to Course
        By policy.
    teaches : tuple of str
        Keys of `TEACHES`.
    """

    seed: int
    courses: dict[str, Course]
    teaches: tuple[str, ...]


@dataclass(frozen=True)
class Seeds:
    """Seeds that were looked at, in the order in which they were drawn.

    Attributes
    ----------
    scenario, title : str
        Identifier and one line.
    years : int
        Length of a run.
    looked : tuple of Looked
        All of them.
    """

    scenario: str
    title: str
    years: int
    looked: tuple[Looked, ...]

    def of(self, kind: str) -> list[Looked]:
        """Give the seeds that teach something, those drawn first before others."""
        return [one for one in self.looked if kind in one.teaches]

    def share(self, kind: str) -> Interval:
        """Give the share of seeds that teach something, with its 95 % interval."""
        return self._share(np.array([kind in one.teaches for one in self.looked], dtype=float))

    def unmoved(self) -> Interval:
        """Give the share of seeds in which it makes no difference whether prevention or late response is chosen.

        As far as entries of groups into atrocity go: as many under either.
        """
        return self._share(np.array([o.courses[LATE].entries == o.courses[EARLY].entries for o in self.looked]))

    def calm(self) -> Interval:
        """Give the share of seeds in which no group enters atrocity under prevention nor under late response."""
        return self._share(np.array([o.courses[LATE].entries == o.courses[EARLY].entries == 0.0 for o in self.looked]))

    @staticmethod
    def _share(is_so: np.ndarray) -> Interval:
        found = share_differing(is_so.astype(float))
        assert found is not None, "seeds were looked at"
        return found

    def summary(self, kinds: Iterable[str] = tuple(TEACHES)) -> dict[str, Any]:
        """Give everything as plain data."""
        return {
            "scenario": self.scenario,
            "years": self.years,
            "looked_at": len(self.looked),
            "policies": list(COUNTERFACTUALS),
            "unmoved": self.unmoved()._asdict(),
            "teaches": {
                kind: {"share": self.share(kind)._asdict(), "seeds": [one.seed for one in self.of(kind)]}
                for kind in kinds
            },
        }


def checked_teaches(kinds: Sequence[str] | None) -> tuple[str, ...]:
    """Give what is to be found, everything if nothing is asked for.

    Raises
    ------
    ValueError
        If there is no such thing.
    """
    for kind in kinds or ():
        if kind not in TEACHES:
            near = nearest(kind, TEACHES)
            hint = f" (did you mean {near}?)" if near else ""
            raise ValueError(f"{kind} is not allowed: one of {listing(TEACHES)}{hint}")
    return tuple(kind for kind in TEACHES if not kinds or kind in kinds)


def drawn_seeds(number: int, start: int | None = None) -> tuple[int, ...]:
    """Draw seeds that nobody guesses: from a secret of the system, or from a start that gives the same ones again.

    Parameters
    ----------
    number : int
        How many.
    start : int, optional
        Whoever knows it knows them all.

    Examples
    --------
    >>> drawn_seeds(2, start=1) == drawn_seeds(3, start=1)[:2], len(set(drawn_seeds(9)))
    (True, 9)
    """
    start = checked_seed(start)
    digests = (hashlib.sha256(f"seminar seeds {start} {i}".encode()).digest() for i in range(number))
    return tuple(int.from_bytes(digest[:8], "big") >> (64 - EXACT_BITS) for digest in digests)


def teaches(courses: Courses) -> tuple[str, ...]:
    """Say what a seed teaches."""
    return tuple(kind for kind, holds in TEACHES.items() if holds(courses))


def find_seeds(
    scenario: str | Path | Scenario,
    seeds: Sequence[int],
    years: int = YEARS,
    threads: int | None = None,
    advance: Callable[[int], None] | None = None,
) -> Seeds:
    """Look at seeds: what each teaches.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    seeds : sequence of int
        At least one.
    years : int
        Length of a run.
    threads : int, optional
        All processors if not given; what is found does not depend on it.
    advance : callable, optional
        Told 1 for each seed that was looked at.

    Raises
    ------
    ScenarioError
        If the scenario cannot be used, or has not the policies that are compared.
    ValueError
        If another argument is not allowed.

    Examples
    --------
    >>> found = find_seeds("seminar", [1, 2], years=1)
    >>> [one.seed for one in found.looked]
    [1, 2]
    """
    from r2psim.scenario import load
    from r2psim.world.expand import expand

    full = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
    if not seeds:
        raise ValueError("seeds: at least one is needed")
    looked = []
    for seed in seeds:
        results = simulate(full, COUNTERFACTUALS, 1, seed, years, threads, series=SERIES)
        courses = {policy: _course(results, policy) for policy in COUNTERFACTUALS}
        looked.append(Looked(seed, courses, teaches(courses)))
        if advance is not None:
            advance(1)
    return Seeds(full.name, full.title, years, tuple(looked))


def _course(results: Any, policy: str) -> Course:
    most = {name: int(results.series[policy][name].max()) for name in SERIES}
    value = {name: float(results.values(policy, name)[0]) for name in METRICS}
    return Course(
        atrocity=value["atrocity_entries"] > 0.0,
        # Through imminent risk within a month counts too: atrocity is not reached otherwise.
        imminent=most["states_stage_3"] > 0 or value["atrocity_entries"] > 0.0,
        wars=most["states_at_war"],
        entries=value["atrocity_entries"],
        deaths=value["deaths"],
        warned=value["warnings_true"] + value["warnings_near"] > 0.0,
        warned_in_vain=value["warnings_false"] > 0.0,
    )
