"""Policies side by side over the same luck: spread, paired differences, and the cost argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.ensemble.html import metrics_html
from r2psim.ensemble.intervals import Interval, paired_interval, t_quantile
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.simulation import simulate
from r2psim.scenario.brief import brief
from r2psim.scenario.specs import headline_pair

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = [
    "LEDGERS",
    "Comparison",
    "Interval",
    "compare",
    "headline_pair",
    "paired_interval",
    "ratio_interval",
    "variance_reduction",
]

LEDGERS: dict[str, tuple[str, float, bool]] = {
    "extra_prevention": ("spent_prevention", 1.0, False),
    "response_avoided": ("response_cost", -1.0, True),
    "hosting_avoided": ("hosting_cost", -1.0, True),
    "gdp_kept": ("gdp_lost", -1.0, True),
    "net_saving": ("total_cost", -1.0, False),
    "lives_saved": ("deaths", -1.0, False),
    "displaced_avoided": ("displaced", -1.0, False),
}
"""Ledger of the cost argument -> metric, sign that makes good positive, whether a return on prevention is given."""

_SAME_BUDGET = 1e-6


# -- statistics --------------------------------------------------------------------------------------------------------


def ratio_interval(gains: np.ndarray, costs: np.ndarray) -> Interval | None:
    """Give the ratio of two paired means and its 95 % interval (Fieller).

    Parameters
    ----------
    gains, costs : numpy.ndarray, shape (runs,)
        What is gained and what it costs in the same run, in the same unit.

    Returns
    -------
    Interval or None
        Gain per unit of cost; None unless the mean cost is above zero by more than chance, for only then is the
        interval bounded.
    """
    known = np.isfinite(gains) & np.isfinite(costs)
    x, y = costs[known], gains[known]
    cost = paired_interval(x)
    if cost is None or cost.low is None or cost.low <= 0.0:
        return None
    ratio = float(y.mean() / x.mean())
    # In units of the mean cost, so that squares of large amounts lose no digits.
    covariance = np.cov(y / cost.mean, x / cost.mean) / len(x)
    k = t_quantile(len(x)) ** 2
    a = 1.0 - k * float(covariance[1, 1])
    b = ratio - k * float(covariance[0, 1])
    c = ratio**2 - k * float(covariance[0, 0])
    root = max(b * b - a * c, 0.0) ** 0.5
    return Interval(ratio, (b - root) / a, (b + root) / a)


def variance_reduction(a: np.ndarray, b: np.ndarray) -> float | None:
    """Give how many times fewer runs a paired difference needs than an unpaired one.

    Parameters
    ----------
    a, b : numpy.ndarray, shape (runs,)
        A metric under two policies, run by run.

    Returns
    -------
    float or None
        Variance of the difference of independent runs over that of paired runs; None where the pairs do not vary.
    """
    known = np.isfinite(a) & np.isfinite(b)
    if known.sum() < 2:
        return None
    a, b = a[known], b[known]
    paired = float((a - b).var(ddof=1))
    return (float(a.var(ddof=1)) + float(b.var(ddof=1))) / paired if paired > 0.0 else None


def _spread(values: np.ndarray) -> dict[str, float | None]:
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return dict.fromkeys(("mean", "sd", "q05", "q50", "q95"))
    q05, q50, q95 = (float(q) for q in np.quantile(known, (0.05, 0.5, 0.95)))
    sd = float(known.std(ddof=1)) if len(known) > 1 else None
    return {"mean": float(known.mean()), "sd": sd, "q05": q05, "q50": q50, "q95": q95}


# -- the comparison ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """Runs of a scenario under several policies with the same luck.

    Attributes
    ----------
    scenario, title : str
        Identifier and one line.
    policies : tuple of str
        In the order asked for.
    runs, seed, months : int
        Number of runs under that seed; length of each.
    metrics : dict of str to numpy.ndarray, shape (runs, len(METRICS))
        By policy, columns in the order and units of `r2psim.ensemble.measures.METRICS`.
    spending : dict of str to numpy.ndarray, shape (forms, 5), US$
        By policy: mean over runs of what was spent on each form while its state stood at each stage.
    forms : dict of str to str
        Identifier of each form -> its name, in the order of the rows of `spending`.
    budgets : dict of str to float, US$ a year
        By policy: what all bodies together get.
    yearly : dict of str to numpy.ndarray, shape (years, forms, 5), US$
        As `spending`, year by year.
    uncertainty : str
        ``posterior`` where each run has a draw of the calibrated parameters, ``none`` where all have the same.
    drawn : tuple of str
        Paths of the parameters that draws set.
    """

    scenario: str
    title: str
    policies: tuple[str, ...]
    runs: int
    seed: int
    months: int
    metrics: dict[str, np.ndarray]
    spending: dict[str, np.ndarray]
    forms: dict[str, str]
    budgets: dict[str, float]
    yearly: dict[str, np.ndarray] = field(default_factory=dict)
    uncertainty: str = "none"
    drawn: tuple[str, ...] = ()

    __repr__ = brief

    def _repr_html_(self) -> str:
        facts = f"{self.runs:,} runs of seed {self.seed}, {self.months} months"
        return metrics_html(self.title, facts, self.policies, self.metrics)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every pair once, the later policy minus the earlier; the headline pair the way it is told."""
        headline = self.headline
        pairs = [(b, a) for i, a in enumerate(self.policies) for b in self.policies[i + 1 :]]
        return tuple(headline if headline is not None and set(p) == set(headline) else p for p in pairs)

    @property
    def headline(self) -> tuple[str, str] | None:
        """The pair that the comparison is about, the first minus the second."""
        return headline_pair(self.policies)

    @property
    def same_budget(self) -> bool:
        """Whether the two policies of the headline pair have the same total budget."""
        if self.headline is None:
            return False
        a, b = (self.budgets[policy] for policy in self.headline)
        return abs(a - b) <= _SAME_BUDGET * max(a, b, 1.0)

    def values(self, policy: str, metric: str) -> np.ndarray:
        """Give a metric of every run of a policy, shape (runs,)."""
        found: np.ndarray = self.metrics[policy][:, list(METRICS).index(metric)]
        return found

    def difference(self, metric: str, pair: tuple[str, str] | None = None) -> np.ndarray:
        """Give the paired differences of a metric, shape (runs,): first minus second of a pair (the headline).

        Raises
        ------
        ValueError
            If there is only one policy.
        """
        pair = pair or self.headline
        if pair is None:
            raise ValueError("a difference needs two policies")
        found: np.ndarray = self.values(pair[0], metric) - self.values(pair[1], metric)
        return found

    def ledgers(self) -> dict[str, Any] | None:
        """Give the cost argument of the headline pair, each ledger for itself.

        Returns
        -------
        dict or None
            ``pair`` and ``same_budget``; for each ledger of `LEDGERS` ``mean low high`` in US$ or persons a run, good
            is above 0; for those that are a return on prevention also ``per_dollar`` of extra prevention, null unless
            extra prevention is above 0. None for one policy.
        """
        if self.headline is None:
            return None
        found: dict[str, Any] = {"pair": "-vs-".join(self.headline), "same_budget": self.same_budget}
        extra = self.difference(LEDGERS["extra_prevention"][0])
        for ledger, (metric, sign, has_return) in LEDGERS.items():
            gain = sign * self.difference(metric) + 0.0
            entry: dict[str, Any] = _as_dict(paired_interval(gain))
            if has_return:
                ratio = ratio_interval(gain, extra)
                entry["per_dollar"] = None if ratio is None else _as_dict(ratio)
            found[ledger] = entry
        return found

    def summary(self) -> dict[str, Any]:
        """Give all numbers as plain data that JSON can hold.

        Returns
        -------
        dict
            ``scenario seed runs months uncertainty``; ``policies.NAME.METRIC.{mean,sd,q05,q50,q95}``;
            ``differences.A-vs-B.METRIC.{mean,low,high}``, A minus B, paired, with 95 % intervals;
            ``variance_reduction_pair`` and ``variance_reduction.METRIC``; ``ledgers`` as `ledgers` gives them. What
            cannot be told is null.
        """
        pair = self.headline
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "runs": self.runs,
            "months": self.months,
            "uncertainty": self.uncertainty,
            "policies": {
                policy: {metric: _spread(self.values(policy, metric)) for metric in METRICS} for policy in self.policies
            },
            "differences": {
                f"{a}-vs-{b}": {m: _as_dict(paired_interval(self.difference(m, (a, b)))) for m in METRICS}
                for a, b in self.pairs
            },
            "variance_reduction_pair": None if pair is None else "-vs-".join(pair),
            "variance_reduction": {
                m: None if pair is None else variance_reduction(*(self.values(policy, m) for policy in pair))
                for m in METRICS
            },
            "ledgers": self.ledgers(),
        }


def _as_dict(interval: Interval | None) -> dict[str, float | None]:
    return dict.fromkeys(Interval._fields) if interval is None else interval._asdict()


def compare(
    scenario: Scenario,
    policies: Sequence[str],
    runs: int,
    seed: int,
    years: int | None = None,
    threads: int | None = None,
    advance: Callable[[int], None] | None = None,
    uncertainty: str = "none",
) -> Comparison:
    """Run each policy over the same luck and set them side by side.

    Parameters
    ----------
    scenario : Scenario
        What to run.
    policies : sequence of str
        Names of its policies, each once.
    runs, seed : int
        Runs ``0..runs`` of this seed, the same for every policy.
    years : int, optional
        Length; the scenario's own if not given.
    threads : int, optional
        All processors if not given; the result does not depend on it.
    advance : callable, optional
        Told the number of runs finished since it was last called.
    uncertainty : {"none", "posterior"}
        As `r2psim.simulate` takes it.

    Raises
    ------
    ScenarioError
        If the scenario has no policy of such a name; nothing is run then.
    ValueError
        If a policy is named twice, or none is.
    """
    from r2psim.scenario.posterior import drawn_in
    from r2psim.world.assistance import build_assistance
    from r2psim.world.expand import expand

    if not policies or len(set(policies)) != len(policies):
        raise ValueError("a comparison needs policies, each of them once")
    for policy in policies:
        scenario.policy(policy)
    full = expand(scenario)
    found = simulate(full, policies, runs, seed, years, threads, advance=advance, uncertainty=uncertainty)
    return Comparison(
        scenario=full.name,
        title=full.title,
        policies=tuple(policies),
        runs=runs,
        seed=seed,
        months=found.months,
        metrics=dict(found.metrics),
        spending=dict(found.spending),
        yearly=dict(found.yearly),
        forms={key: form.name for key, form in full.forms.items()},
        uncertainty=uncertainty,
        drawn=tuple(drawn_in(full)) if uncertainty != "none" else (),
        budgets={
            policy: float(sum(body["budget"] for body in build_assistance(full, policy).bodies)) for policy in policies
        },
    )
