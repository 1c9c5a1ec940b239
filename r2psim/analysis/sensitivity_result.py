"""What a sensitivity analysis found: outcomes taken apart factor by factor, as tables and data, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from r2psim.analysis.sensitivity_chaos import Chaos
from r2psim.analysis.sensitivity_design import Design
from r2psim.analysis.sensitivity_indices import (
    ElementaryEffects,
    Share,
    SobolIndices,
    morris_measures,
    sobol_indices,
)
from r2psim.ensemble.former_names import hint
from r2psim.ensemble.measures import METRICS, UNITS
from r2psim.scenario.errors import listing

__all__ = [
    "NOT_ALWAYS",
    "OTHERS",
    "Cost",
    "FactorIndices",
    "Outcome",
    "OutcomeSensitivity",
    "Sensitivity",
    "taken_apart",
]

NOT_ALWAYS = frozenset({"months_to_help"})
"""Metrics that some runs do not have: their variance is not defined."""

OTHERS = "all others"
"""Name of the factor that holds whatever a screening left over."""


@dataclass(frozen=True)
class Outcome:
    """What is looked at: a metric under a policy, or the difference that a policy makes to a baseline."""

    metric: str
    policy: str
    baseline: str | None = None

    @property
    def name(self) -> str:
        """Name for tables, ``deaths: prevention minus late-response``."""
        return f"{self.metric}: {self.policy}" + (f" minus {self.baseline}" if self.baseline else "")

    @property
    def unit(self) -> str:
        """Unit of the metric."""
        return UNITS[self.metric]

    def of(self, metrics: np.ndarray, policies: Sequence[str]) -> np.ndarray:
        """Give it, (rows, points, replicates), out of metrics, (rows, points, policies, replicates, METRICS)."""
        place = list(METRICS).index(self.metric)
        found: np.ndarray = metrics[:, :, policies.index(self.policy), :, place]
        if self.baseline is not None:
            found = found - metrics[:, :, policies.index(self.baseline), :, place]
        return found


@dataclass(frozen=True)
class FactorIndices:
    """What one factor has to do with one outcome.

    Attributes
    ----------
    factor : str
        Its name.
    first, total, first_of_mean, total_of_mean : Share or None
        Sobol indices, as in `SobolIndices`; None with Morris, or where there is no such number.
    effects : ElementaryEffects or None
        Morris' measures.
    """

    factor: str
    first: Share | None = None
    total: Share | None = None
    first_of_mean: Share | None = None
    total_of_mean: Share | None = None
    effects: ElementaryEffects | None = None


@dataclass(frozen=True)
class OutcomeSensitivity:
    """All about one outcome.

    Attributes
    ----------
    outcome : Outcome
        Which.
    mean, sd : float
        Over parameters and luck, of a run.
    luck : Share or None
        Share of its variance that is luck, alone and together with parameters; None with one replicate, with Morris, or
        where nothing varies.
    nothing_varies : bool
        Whether it is the same everywhere: then there are no indices.
    factors : tuple of FactorIndices
        In the order of the factors.
    left : Share or None
        With chaos, the share that is neither luck nor in the polynomial, and in no index.
    """

    outcome: Outcome
    mean: float
    sd: float
    luck: Share | None
    nothing_varies: bool
    factors: tuple[FactorIndices, ...]
    left: Share | None = None

    def ranked(self) -> list[FactorIndices]:
        """Give the factors, those that matter most first."""

        def size(found: FactorIndices) -> float:
            if found.total is not None:
                return found.total.value
            return 0.0 if found.effects is None else found.effects.mu_star.value

        return sorted(self.factors, key=lambda found: -size(found))


@dataclass(frozen=True)
class Cost:
    """What an analysis takes, before it begins: runs, those of them that are still to be done, seconds for these."""

    runs: int
    missing: int
    seconds: float


@dataclass(frozen=True)
class Sensitivity:
    """A sensitivity analysis.

    Attributes
    ----------
    scenario : str
        What was run.
    method : str
        One of `METHODS`.
    policies : tuple of str
        Under which.
    baseline : str or None
        The policy that differences are to.
    design : Design
        The points.
    rates : str
        How calibrated rates varied, a key of `RATES`.
    rows, replicates, runs, seed, years : int
        Rows of the design, replicates of each point, runs in all, seed of luck and design, length of a run.
    outcomes : tuple of OutcomeSensitivity
        What was found.
    metrics : numpy.ndarray, shape (rows, points, policies, replicates, METRICS)
        All that was measured.
    seconds : float
        How long the runs took that were done now.
    screening : Sensitivity or None
        The analysis that chose the factors.
    """

    scenario: str
    method: str
    policies: tuple[str, ...]
    baseline: str | None
    design: Design
    rates: str
    rows: int
    replicates: int
    runs: int
    seed: int
    years: int
    outcomes: tuple[OutcomeSensitivity, ...]
    metrics: np.ndarray
    seconds: float
    screening: Sensitivity | None = None

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the factors."""
        return tuple(self.design.groups)

    def of(self, name: str) -> OutcomeSensitivity:
        """Give what was found of an outcome by its name.

        Parameters
        ----------
        name : str
            ``METRIC: POLICY``, or ``METRIC: POLICY minus BASELINE``.

        Returns
        -------
        OutcomeSensitivity
            Indices of each factor, with intervals.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        for found in self.outcomes:
            if found.outcome.name == name:
                return found
        names = [found.outcome.name for found in self.outcomes]
        raise KeyError(f"{name!r} is not there: one of {listing(names, limit=30)}{hint(name, names)}")

    def table(self) -> list[dict[str, Any]]:
        """Give a row for each outcome and factor, as plain data; None where there is no number.

        Returns
        -------
        list of dict
            Indices are shares 0-1 of the variance, those of Morris in the outcome's ``unit``; each with low and high
            (95 %).
        """
        rows = []
        for found in self.outcomes:
            for k, each in enumerate(found.factors):
                row: dict[str, Any] = {
                    "metric": found.outcome.metric,
                    "policy": found.outcome.policy,
                    "baseline": found.outcome.baseline,
                    "unit": found.outcome.unit,
                    "factor": self.factors[k],
                    "parameters": len(self.design.groups[self.factors[k]]),
                }
                if self.method != "morris":
                    for key in ("first", "total", "first_of_mean", "total_of_mean"):
                        row |= _numbers(key, getattr(each, key))
                else:
                    effects = each.effects
                    for key in ("mu", "mu_star", "sigma", "strength"):
                        row |= _numbers(key, None if effects is None else getattr(effects, key))
                    row["luck_sd"] = None if effects is None else effects.luck
                rows.append(row)
        return rows

    def summary(self) -> dict[str, Any]:
        """Give it as plain data.

        Returns
        -------
        dict of str
            What was asked, the factors with their ranges, outcomes, and what `table` gives under ``indices``.
        """
        told: dict[str, Any] = {
            "scenario": self.scenario,
            "method": self.method,
            "policies": list(self.policies),
            "baseline": self.baseline,
            "rates": self.rates,
            "rows": self.rows,
            "points": self.rows * self.design.units.shape[1],
            "replicates": self.replicates,
            "runs": self.runs,
            "seed": self.seed,
            "years": self.years,
            "factors": {name: list(members) for name, members in self.design.groups.items()},
            "ranges": [item.told() for item in self.design.ranges],
            "widest_half_interval_of_a_total": self.widest(),
            "outcomes": [
                {
                    "metric": found.outcome.metric,
                    "policy": found.outcome.policy,
                    "baseline": found.outcome.baseline,
                    "unit": found.outcome.unit,
                    "mean": found.mean,
                    "sd": found.sd,
                    "nothing_varies": found.nothing_varies,
                    **_numbers("luck", found.luck),
                    **(_numbers("left", found.left) if self.method == "chaos" else {}),
                }
                for found in self.outcomes
            ],
            "indices": self.table(),
        }
        if self.screening is not None:
            told["screening"] = self.screening.summary()
        return told

    def widest(self) -> float | None:
        """Give the widest half interval of a total index, over outcomes and factors; None where there is none.

        Returns
        -------
        float or None
            A share 0-1 of the variance.
        """
        totals = [each.total.half_width for found in self.outcomes for each in found.factors if each.total is not None]
        return max(totals, default=None)

    def points(self) -> dict[str, np.ndarray]:
        """Give the points that are independent of each other, of a Saltelli design A and B, as columns.

        Returns
        -------
        dict of str to numpy.ndarray, shape (points,)
            ``row``, a column for each path with what it was set to (of a draw of the posterior its number), and for
            each metric and policy the mean over replicates as ``METRIC: POLICY``.

        Raises
        ------
        ValueError
            If the method is Morris': points of its trajectories are none.
        """
        if self.method == "morris":
            raise ValueError("points: those of trajectories are not independent of each other")
        ends = [0, -1] if self.method == "sobol" else [0]
        count = len(ends) * self.rows
        units = self.design.units[:, ends].reshape(count, -1)
        found: dict[str, np.ndarray] = {"row": np.repeat(np.arange(self.rows), len(ends))}
        found |= {item.path: item.at(units[:, k]) for k, item in enumerate(self.design.ranges)}
        means = self.metrics[:, ends].mean(axis=3).reshape(count, len(self.policies), len(METRICS))
        for p, policy in enumerate(self.policies):
            for m, metric in enumerate(METRICS):
                if metric not in NOT_ALWAYS:
                    found[f"{metric}: {policy}"] = means[:, p, m]
        return found


def _numbers(key: str, share: Share | None) -> dict[str, float | None]:
    if share is None:
        return {key: None, f"{key}_low": None, f"{key}_high": None}
    return {key: share.value, f"{key}_low": share.low, f"{key}_high": share.high}


def taken_apart(
    outcomes: Sequence[Outcome],
    metrics: np.ndarray,
    policies: Sequence[str],
    design: Design,
    advance: Callable[[int], None] | None = None,
) -> tuple[OutcomeSensitivity, ...]:
    """Give the indices or the elementary effects of outcomes of the same runs."""
    one: Callable[[Outcome, np.ndarray], OutcomeSensitivity]
    if design.method == "sobol":
        one = _by_saltelli(design)
    elif design.method == "chaos":
        one = _by_chaos(design)
    else:
        one = _by_morris(design)
    found = []
    for outcome in outcomes:
        found.append(one(outcome, outcome.of(metrics, policies)))
        if advance is not None:
            advance(1)
    return tuple(found)


def _by_saltelli(design: Design) -> Callable[[Outcome, np.ndarray], OutcomeSensitivity]:
    return lambda outcome, y: _of_sobol(outcome, sobol_indices(y), tuple(design.groups))


def _by_chaos(design: Design) -> Callable[[Outcome, np.ndarray], OutcomeSensitivity]:
    names = [item.path for item in design.ranges]
    points = Chaos(
        design.units[:, 0],
        {name: [names.index(path) for path in members] for name, members in design.groups.items()},
    )

    def one(outcome: Outcome, y: np.ndarray) -> OutcomeSensitivity:
        found = points.indices(y[:, 0])
        return replace(_of_sobol(outcome, found.indices, tuple(design.groups)), left=found.left)

    return one


def _by_morris(design: Design) -> Callable[[Outcome, np.ndarray], OutcomeSensitivity]:
    assert design.moved is not None and design.step is not None
    moved, step = design.moved, design.step
    directed = np.array([len(members) == 1 for members in design.groups.values()])

    def one(outcome: Outcome, y: np.ndarray) -> OutcomeSensitivity:
        effects = morris_measures(y, moved, step, len(design.groups), directed)
        factors = tuple(FactorIndices(name, effects=found) for name, found in zip(design.groups, effects, strict=True))
        return OutcomeSensitivity(outcome, float(y.mean()), float(y.std()), None, bool(np.ptp(y) == 0.0), factors)

    return one


def _of_sobol(outcome: Outcome, found: SobolIndices, names: Sequence[str]) -> OutcomeSensitivity:
    def at(shares: tuple[Share, ...], k: int) -> Share | None:
        return shares[k] if shares else None

    factors = tuple(
        FactorIndices(
            name, at(found.first, k), at(found.total, k), at(found.first_of_mean, k), at(found.total_of_mean, k)
        )
        for k, name in enumerate(names)
    )
    sd = math.sqrt(found.variance)
    return OutcomeSensitivity(outcome, found.mean, sd, found.luck, found.nothing_varies, factors)
