"""Validation: every target measured on simulated years, and the patterns that nothing was fitted to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.calibration.definitions import DEFINITIONS, Coded
from r2psim.analysis.calibration.panel import STATUS_QUO, Source, in_parallel
from r2psim.analysis.calibration.patterns import PATTERNS, RECORD, collect_patterns, finish_patterns
from r2psim.analysis.calibration.targets import VERDICTS, Measured, Target, read_targets
from r2psim.ensemble.uncertainty import Drawing
from r2psim.scenario.posterior import checked_uncertainty, drawn_in

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["INTERVAL", "Validation", "measured", "validate"]

INTERVAL = 0.90


@dataclass(frozen=True)
class Validation:
    """A world held against the record.

    Attributes
    ----------
    scenario, title, policy : str
        What was run.
    runs, seed, years : int
        How often, under which luck, how long.
    uncertainty : str
        ``none``: every run at the scenario's parameters; ``posterior``: run ``i`` at draw ``i`` of the posterior.
    targets : tuple of Measured
        Every target with what the model makes of it.
    patterns : dict
        As `r2psim.analysis.calibration.patterns.finish_patterns` gives them.
    """

    scenario: str
    title: str
    policy: str
    runs: int
    seed: int
    years: int
    uncertainty: str
    targets: tuple[Measured, ...]
    patterns: dict[str, Any]

    def counts(self) -> dict[str, int]:
        """Count the verdicts."""
        return {verdict: sum(m.verdict == verdict for m in self.targets) for verdict in VERDICTS}

    def summary(self) -> dict[str, Any]:
        """Give everything as plain data that JSON can hold; what is not known is null."""
        return {
            "scenario": self.scenario,
            "policy": self.policy,
            "runs": self.runs,
            "seed": self.seed,
            "years": self.years,
            "uncertainty": self.uncertainty,
            "interval": INTERVAL,
            "targets": {
                m.target.id: {
                    "quantity": m.target.quantity,
                    "definition": m.target.definition,
                    "value": _known(m.value),
                    "interval": [_known(m.low), _known(m.high)],
                    "target": m.target.target,
                    "band": [m.target.low, m.target.high],
                    "verdict": m.verdict,
                    "source": m.target.source,
                }
                for m in self.targets
            },
            "verdicts": self.counts(),
            "patterns": self.patterns,
            "patterns_mean": PATTERNS,
            "patterns_in_the_record": RECORD,
        }


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


def measured(target: Target, told: Sequence[np.ndarray]) -> Measured:
    """Measure one target from what runs told of it.

    Parameters
    ----------
    target : Target
        Which one.
    told : sequence of numpy.ndarray
        What its definition collected of each run.

    Returns
    -------
    Measured
        The value over all runs; the interval holds the middle 90 % of the values that single runs would give.
    """
    finish = DEFINITIONS[target.id].finish
    value = finish(told)
    single = np.array([finish([one]) for one in told])
    single = single[np.isfinite(single)]
    if len(single) == 0:
        return Measured(target, value)
    low, high = np.quantile(single, [0.5 - INTERVAL / 2.0, 0.5 + INTERVAL / 2.0])
    # A ratio of sums may lie outside of the spread of few ratios.
    return Measured(target, value, float(min(low, value)), float(max(high, value)))


def validate(
    scenario: Scenario,
    runs: int = 200,
    seed: int = 1,
    years: int = 35,
    policy: str = STATUS_QUO,
    targets: Sequence[Target] | None = None,
    uncertainty: str = "none",
    threads: int = 2,
    advance: Callable[[int], None] | None = None,
) -> Validation:
    """Measure every target on simulated state-years.

    Parameters
    ----------
    scenario : Scenario
        Which world; what it generates is drawn.
    runs, seed, years : int
        How many runs under that seed, and how long.
    policy : str
        The one that stands for the present.
    targets : sequence of Target, optional
        Those that ship if not given.
    uncertainty : {"none", "rates", "effects", "all"}
        As `r2psim.simulate` takes it.
    threads : int
        The result does not depend on it.
    advance : callable, optional
        Told 1 for each finished run.

    Raises
    ------
    ScenarioError
        If the scenario has no such policy.
    ValueError
        If there is no such kind of uncertainty.
    """
    from r2psim.world.expand import expand

    uncertainty = checked_uncertainty(uncertainty)
    full = expand(scenario)
    source = Source(full, policy, years)
    drawn = drawn_in(full, uncertainty)
    drawing = Drawing(full, drawn, seed)
    wanted = tuple(targets) if targets is not None else read_targets()

    def one(run: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        coded = Coded(source.panel(seed, run, drawing.values_of(run, policy) if drawn else None, drawing))
        return {t.id: DEFINITIONS[t.id].collect(coded) for t in wanted}, collect_patterns(coded)

    told = list(in_parallel(one, range(runs), threads, advance))
    return Validation(
        scenario=full.name,
        title=full.title,
        policy=policy,
        runs=runs,
        seed=seed,
        years=years,
        uncertainty=uncertainty,
        targets=tuple(measured(t, [of_targets[t.id] for of_targets, _ in told]) for t in wanted),
        patterns=finish_patterns([of_patterns for _, of_patterns in told]),
    )
