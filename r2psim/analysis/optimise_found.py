"""What a search for portfolios is asked, and what it found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.out_of_sample import Judged
from r2psim.analysis.portfolio_runs import OBJECTIVES
from r2psim.analysis.robust import checked_criterion
from r2psim.scenario.posterior import checked_uncertainty

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["Optimised", "Plan", "Robust"]


@dataclass(frozen=True)
class Robust:
    """By what policies are judged.

    Attributes
    ----------
    criterion : str
        A key of `r2psim.analysis.robust.CRITERIA`.
    uncertainty : str
        As `r2psim.simulate` takes it.
    per_draw : int
        Runs of each draw: 1 for the mean, which needs no more.
    """

    criterion: str = "mean"
    uncertainty: str = "none"
    per_draw: int = 1

    @classmethod
    def of(cls, criterion: str, uncertainty: str, per_draw: int | None) -> Robust:
        """Check what is asked for.

        Raises
        ------
        ValueError
            If there is no such criterion, or it does not go with the rest.
        """
        kind = checked_uncertainty(uncertainty)
        checked_criterion(criterion, kind)
        if criterion == "mean":
            if per_draw is not None:
                raise ValueError(f"per_draw {per_draw} is not allowed with the mean: it has a draw for each run")
            return cls(criterion, kind)
        found = 5 if per_draw is None else per_draw
        if found < 1:
            raise ValueError(f"per_draw {found} is not allowed: a whole number from 1 on")
        return cls(criterion, kind, found)


@dataclass(frozen=True)
class Plan:
    """How much is searched, and how much is judged.

    Attributes
    ----------
    population, generations, runs : int
        Portfolios of a generation; generations; runs of each portfolio.
    keep, fresh_runs : int
        Portfolios that are judged on fresh luck, at most, and runs of each then.
    """

    population: int = 24
    generations: int = 20
    runs: int = 100
    keep: int = 8
    fresh_runs: int = 400

    def checked(self, robust: Robust, objectives: int) -> Plan:
        """Give it, if it can be carried out.

        Raises
        ------
        ValueError
            If it cannot be.
        """
        least = {"population": max(4, objectives), "generations": 1, "runs": 2, "keep": 1, "fresh_runs": 2}
        for name, low in least.items():
            value = getattr(self, name)
            if value < low:
                raise ValueError(f"{name} {value} is not allowed: a whole number from {low} on")
        for name in ("runs", "fresh_runs"):
            value = getattr(self, name)
            if value % robust.per_draw:
                raise ValueError(
                    f"{name} {value} is not allowed: a multiple of the {robust.per_draw} runs of each draw"
                )
            if robust.criterion != "mean" and value < 10 * robust.per_draw:
                raise ValueError(f"{name} {value} is not allowed: a tenth of draws needs {10 * robust.per_draw}")
        return self

    def ends(self, policies: int) -> tuple[int, int]:
        """Give how many runs it takes at least and at most, null twins included."""
        searched = self.runs * (self.population * self.generations + policies)
        return tuple(searched + 2 * self.fresh_runs * (kept + policies) for kept in (1, self.keep))  # type: ignore[return-value]


@dataclass(frozen=True)
class Optimised:
    """What was found.

    Attributes
    ----------
    scenario, title, base, baseline : str
        What was run; the policy whose will and principles portfolios have; the one that gains are told against.
    over, objectives : tuple of str
        Over what money is divided; what was searched by.
    robust : Robust
        By what is judged.
    plan : Plan
        How much was run.
    algorithm : str
        A key of `r2psim.analysis.pareto.ALGORITHMS`.
    policies : tuple of Judged
        Found portfolios, the best in the first objective of the search first; then the scenario's policies.
    course : numpy.ndarray, shape (generations, objectives)
        The least of each objective in each generation, under the luck of the search.
    front : int
        How many portfolios of the last generation none of it betters.
    seed, fresh_seed, years, done : int
        Of the search, and of the judgement; length; runs that were simulated.
    source : Scenario
        With the policies that were found.
    """

    scenario: str
    title: str
    base: str
    baseline: str
    over: tuple[str, ...]
    objectives: tuple[str, ...]
    robust: Robust
    plan: Plan
    algorithm: str
    policies: tuple[Judged, ...]
    course: np.ndarray
    front: int
    seed: int
    fresh_seed: int
    years: int
    done: int
    source: Scenario

    @property
    def found(self) -> list[Judged]:
        """What the search found."""
        return [policy for policy in self.policies if policy.found]

    def told_apart(self, metric: str, beside: bool = True) -> list[str]:
        """Give the portfolios that are better on fresh luck, told apart, than the base (or the baseline).

        Parameters
        ----------
        metric : str
            A key of `r2psim.analysis.portfolio_runs.OBJECTIVES`.
        beside : bool
            Whether the base is meant, or the baseline.

        Returns
        -------
        list of str
            Names of portfolios.
        """
        found = []
        for policy in self.found:
            fresh = (policy.beside if beside else policy.gains)[metric].fresh
            if fresh is not None and fresh.low is not None and fresh.low > 0.0:
                found.append(policy.name)
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Give a row for each policy and outcome.

        Returns
        -------
        list of dict
            Policy, outcome, and its gain on the base and on the baseline with 95 % intervals, in the outcome's unit.
        """
        return [row for policy in self.policies for row in policy.rows()]

    def summary(self) -> dict[str, Any]:
        """Give everything as plain data that JSON can hold.

        Returns
        -------
        dict of str
            What was asked, the course of the search, shares of money by portfolio, and what `rows` gives under
            ``found``.
        """
        facts = ("scenario", "base", "baseline", "algorithm", "front", "seed", "fresh_seed", "years")
        return {name: getattr(self, name) for name in facts} | {
            "over": list(self.over),
            "objectives": list(self.objectives),
            "robust": self.robust.criterion,
            "uncertainty": self.robust.uncertainty,
            "per_draw": self.robust.per_draw,
            "population": self.plan.population,
            "generations": self.plan.generations,
            "runs": self.plan.runs,
            "fresh_runs": self.plan.fresh_runs,
            "runs_simulated": self.done,
            "course": self.course.tolist(),
            "told_apart_from_base": {metric: self.told_apart(metric) for metric in OBJECTIVES},
            "told_apart_from_baseline": {metric: self.told_apart(metric, beside=False) for metric in OBJECTIVES},
            "shares": {policy.name: policy.shares for policy in self.policies},
            "means": {policy.name: policy.means for policy in self.policies},
            "found": self.rows(),
        }
