"""Runs of portfolios, all under the same luck: measured in pieces that are kept, so that a search goes on from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from r2psim.analysis.cached_runs import PIECE, StudyStore, with_variants
from r2psim.analysis.portfolios import names_beside
from r2psim.ensemble.at_draws import metrics_at_draws
from r2psim.ensemble.former_names import hint
from r2psim.ensemble.measures import METRICS
from r2psim.scenario.errors import listing
from r2psim.scenario.specs import PolicySpec

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = [
    "BILL",
    "KEPT",
    "KILLED",
    "OBJECTIVES",
    "STUDY",
    "PortfolioRuns",
    "checked_objectives",
    "fresh_seed_of",
    "place",
]

STUDY = "optimise"
"""What a directory of kept runs is said to be of."""

KILLED = "deaths"
BILL = "prevention_and_response"

OBJECTIVES = {
    KILLED: "fewer killed",
    "episodes": "fewer episodes of atrocity",
    BILL: "saved of the donors' bill, prevention and external response (US$)",
    "gdp_lost": "GDP kept (US$)",
}
"""What portfolios are searched by, each the less the better, and what a gain is called."""

KEPT = (*OBJECTIVES, "spent_prevention", "response_cost", "response_unmet")
"""Metrics that are kept of every run."""


def place(metric: str) -> int:
    """Give where a metric stands among those kept."""
    return KEPT.index(metric)


def checked_objectives(objectives: Sequence[str]) -> tuple[str, ...]:
    """Give objectives, each once.

    Raises
    ------
    ValueError
        If there is no such objective, or none is named.
    """
    for name in objectives:
        if name not in OBJECTIVES:
            raise ValueError(f"{name} is not allowed: one of {listing(OBJECTIVES)}{hint(name, OBJECTIVES)}")
    if not objectives or len(set(objectives)) != len(objectives):
        raise ValueError(f"at least one is needed of {listing(OBJECTIVES)}, each once")
    return tuple(objectives)


def fresh_seed_of(seed: int, fresh_seed: int | None) -> int:
    """Give the seed of the judgement: the next one, if none is given.

    Raises
    ------
    ValueError
        If it is that of the search.
    """
    found = (seed + 1) % 2**64 if fresh_seed is None else fresh_seed
    if found == seed:
        raise ValueError(f"{found} is not allowed: another than the seed of the search, whose luck it would share")
    return found


@dataclass
class PortfolioRuns:
    """Runs policies and portfolios of a world.

    Attributes
    ----------
    scenario : Scenario
        With everything generated.
    base : str
        What is set for this policy holds for portfolios too.
    years, threads, uncertainty
        As `r2psim.simulate` takes them.
    each : int
        Runs of each draw.
    store : StudyStore
        Where finished pieces are kept.
    advance : callable or None
        Told the number of runs that are done since it was last called; those read from disk count too.
    done : int
        Runs that were simulated, null twins included.
    """

    scenario: Scenario
    base: str
    years: int
    threads: int | None = None
    uncertainty: str = "none"
    each: int = 1
    store: StudyStore = field(default_factory=lambda: StudyStore(None))
    advance: Callable[[int], None] | None = None
    done: int = 0

    def __post_init__(self) -> None:
        facts = {
            "scenario": self.scenario.resolved(),
            "set": dict(self.scenario.parameters),
            "changed": self.scenario.changed_forms,
            "base": self.base,
            "years": self.years,
            "uncertainty": self.uncertainty,
            "each": self.each,
        }
        self._facts = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def measure(self, wanted: Sequence[str | PolicySpec], seed: int, runs: int, null_twins: bool = False) -> np.ndarray:
        """Run policies, all under the same luck.

        Parameters
        ----------
        wanted : sequence of str and PolicySpec
            Policies of the scenario by name, and portfolios.
        seed, runs : int
            Runs ``0 .. runs - 1`` of this seed; a multiple of the runs of a draw.
        null_twins : bool
            Whether null twins are run beside them.

        Returns
        -------
        numpy.ndarray, shape (1 or 2, len(wanted), runs, len(KEPT))
            Of the policies, and of their null twins.
        """
        drawn = names_beside(self.scenario, "portfolio", len(wanted))
        names = [w if isinstance(w, str) else name for w, name in zip(wanted, drawn, strict=True)]
        variants = {n: (self.base, w) for n, w in zip(names, wanted, strict=True) if not isinstance(w, str)}
        world = with_variants(self.scenario, variants)
        told = [w if isinstance(w, str) else asdict(w) for w in wanted]
        key = hashlib.sha256(json.dumps([told, seed, null_twins]).encode()).hexdigest()
        piece = max(PIECE // self.each, 1) * self.each
        parts = []
        for first in range(0, runs, piece):
            count = min(piece, runs - first)
            parts.append(
                self._piece(world, names, f"{self._facts} {key} {first} {count}", seed, first, count, null_twins)
            )
        return np.concatenate(parts, axis=2)

    def _piece(
        self, world: Scenario, names: Sequence[str], key: str, seed: int, first: int, count: int, null_twins: bool
    ) -> np.ndarray:
        shape = (1 + null_twins, len(names), count, len(KEPT))
        kept = (self.store.arrays(key) or {}).get("metrics")
        if kept is not None and kept.shape == shape:
            if self.advance is not None:
                self.advance(shape[0] * len(names) * count)
            return kept
        everything = metrics_at_draws(
            world, names, first, count, seed, self.years, self.threads, self.uncertainty, self.each, null_twins,
            self.advance,
        )  # fmt: skip
        found: np.ndarray = everything[..., [list(METRICS).index(name) for name in KEPT]]
        self.done += shape[0] * len(names) * count
        self.store.keep(key, {"metrics": found})
        return found
