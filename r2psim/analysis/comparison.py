"""Policies side by side over the same luck: spread, paired differences, and the cost argument with its null twins.

One file, though long: a comparison is one class, whose methods are the questions that are asked of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.controls import controls_of, with_controls
from r2psim.analysis.ledgers import (
    COST_LEDGERS,
    Payback,
    Split,
    by_year,
    payback_of,
    present_value,
    split_of,
    weights,
)
from r2psim.ensemble.html import metrics_html
from r2psim.ensemble.intervals import Interval, mean_limits, paired_interval, ratio_interval
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.simulation import AnyPolicy, checked_policies, simulate
from r2psim.scenario.errors import listing, nearest
from r2psim.scenario.named import name_fields
from r2psim.scenario.parameters import P
from r2psim.scenario.specs import baseline_of
from r2psim.world.expand import expand

if TYPE_CHECKING:
    from r2psim.ensemble.results import Results
    from r2psim.scenario import Scenario
    from r2psim.world.luck import Seed

__all__ = [
    "Comparison",
    "Interval",
    "Returns",
    "as_comparison",
    "compare",
    "comparison_of_results",
    "paired_interval",
    "spreads",
    "variance_reduction",
]

PREVENTION = ("spent_prevention",)
BILL = ("spent_prevention", "spent_response", "reconstruction_cost")
NEED = ("response_needed",)
MET = ("response_met",)

_SAME_BUDGET = 1e-6


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


def _as_dict(interval: Interval | None) -> dict[str, float | None]:
    return dict.fromkeys(Interval._fields) if interval is None else interval._asdict()


@dataclass(frozen=True)
class Returns:
    """What each further dollar of prevention brought in one ledger.

    Attributes
    ----------
    total, harm_avoided, withheld : Interval or None
        Dollars for a dollar, in all; because harm was avoided; because money was given or withheld. None unless the
        policy spends more on prevention than the baseline by more than chance.
    """

    total: Interval | None
    harm_avoided: Interval | None
    withheld: Interval | None

    def as_dict(self) -> dict[str, Any]:
        """Give the same as plain data."""
        return {name: _as_dict(getattr(self, name)) for name in ("harm_avoided", "withheld", "total")}


@dataclass(frozen=True)
class Comparison:
    """Runs of a scenario under several policies with the same luck, each with its null twin.

    Attributes
    ----------
    scenario, title : str
        Identifier and one line.
    policies : tuple of str
        In the order asked for.
    baseline : str
        The policy that every other one is told against.
    runs, seed, months : int
        Number of runs under that seed; length of each.
    metrics, null_metrics : dict of str to numpy.ndarray, shape (runs, len(METRICS))
        By policy, and by policy for its null twin; columns in the order and units of
        `r2psim.ensemble.measures.METRICS`.
    ledgers, null_ledgers : dict of str to numpy.ndarray, shape (runs, years, len(LEDGERS))
        The same of what each ledger of `r2psim.ensemble.measures.LEDGERS` took in each year.
    spending : dict of str to numpy.ndarray, shape (forms, 5), US$
        By policy: mean over runs of what was spent on each form while its state stood at each stage.
    forms : dict of str to str
        Identifier of each form -> its name, in the order of the rows of `spending`.
    budgets : dict of str to float, US$ a year
        By policy: what all bodies together are allotted.
    yearly : dict of str to numpy.ndarray, shape (years, forms, 5), US$
        As `spending`, year by year.
    needs : dict of str to numpy.ndarray, shape (2, years, forms, 5), US$
        By policy: mean over runs of what response was needed for, and what was met of it.
    bodies : dict of str to numpy.ndarray, shape (bodies, len(BODY_ACCOUNTS)), US$
        By policy: mean over runs of each body's accounts.
    body_names : dict of str to str
        Identifier of each body -> its name, in the order of the rows of `bodies`.
    discount : float
        Yearly discount rate of returns and payback; at 0 they are told beside it.
    uncertainty : str
        What each run draws for itself, a key of `r2psim.scenario.posterior.UNCERTAINTIES`.
    drawn : tuple of str
        Paths of the parameters and effects that draws set.
    overrides : dict of str to float
        What was set under every policy: as in `r2psim.scenario.specs.Scenario`.
    added : dict of str to Comparison
        By policy: the same against this baseline with response as rich as under it; see `r2psim.analysis.controls`.
        Empty if that was not run.
    """

    scenario: str
    title: str
    policies: tuple[str, ...]
    baseline: str
    runs: int
    seed: int
    months: int
    metrics: dict[str, np.ndarray]
    null_metrics: dict[str, np.ndarray]
    ledgers: dict[str, np.ndarray]
    null_ledgers: dict[str, np.ndarray]
    spending: dict[str, np.ndarray]
    forms: dict[str, str]
    budgets: dict[str, float]
    yearly: dict[str, np.ndarray] = field(default_factory=dict)
    needs: dict[str, np.ndarray] = field(default_factory=dict)
    bodies: dict[str, np.ndarray] = field(default_factory=dict)
    body_names: dict[str, str] = field(default_factory=dict)
    discount: float = 0.03
    uncertainty: str = "none"
    drawn: tuple[str, ...] = ()
    overrides: dict[str, float] = field(default_factory=dict)
    added: dict[str, Comparison] = field(default_factory=dict)

    def __post_init__(self) -> None:
        name_fields(self, "metrics", "null_metrics", "ledgers", "null_ledgers", "spending", "yearly", "needs", "bodies")
        name_fields(self, "forms", "budgets", "added")

    def __repr__(self) -> str:
        return (
            f"Comparison({self.scenario!r}, policies={list(self.policies)}, baseline={self.baseline!r}, "
            f"runs={self.runs}, seed={self.seed}, months={self.months})"
        )

    def _repr_html_(self) -> str:
        facts = f"{self.runs:,} runs of seed {self.seed}, {self.months} months"
        return metrics_html(self.title, facts, self.policies, self.metrics)

    @property
    def years(self) -> int:
        """Length of a run in years."""
        return self.months // 12

    @property
    def others(self) -> tuple[str, ...]:
        """Every policy but the baseline, in the order asked for: each is told against it."""
        return tuple(policy for policy in self.policies if policy != self.baseline)

    @property
    def no_effects(self) -> bool:
        """Whether assistance did nothing at all: every run is its own null twin, in harm and in money."""
        return all(
            np.array_equal(self.metrics[policy], self.null_metrics[policy], equal_nan=True) for policy in self.policies
        )

    def against(self, baseline: str) -> Comparison:
        """Give the same runs, told against another baseline.

        What was run with added money was run for one baseline, and is left out of another.

        Parameters
        ----------
        baseline : str
            Any of the policies.

        Returns
        -------
        Comparison
            Nothing is run again.

        Raises
        ------
        ValueError
            If it is none of the policies.
        """
        added = self.added if baseline == self.baseline else {}
        return replace(self, baseline=_checked_baseline(baseline, self.policies), added=added)

    def same_budget(self, policy: str) -> bool:
        """Whether a policy and the baseline have the same total budget; what they spend of it may differ.

        Parameters
        ----------
        policy : str
            Any of the policies.

        Returns
        -------
        bool
            Whether they differ by rounding at most.
        """
        a, b = self.budgets[policy], self.budgets[self.baseline]
        return abs(a - b) <= _SAME_BUDGET * max(a, b, 1.0)

    # -- values of runs ------------------------------------------------------------------------------------------------

    def values(self, policy: str, metric: str) -> np.ndarray:
        """Give a metric of every run of a policy, shape (runs,).

        Parameters
        ----------
        policy : str
            Any of the policies.
        metric : str
            A key of `r2psim.ensemble.measures.METRICS`.

        Returns
        -------
        numpy.ndarray, shape (runs,)
            In the metric's unit; NaN where a run has no value.

        Raises
        ------
        KeyError
            If there is no such policy.
        ValueError
            If there is no such metric.
        """
        found: np.ndarray = self.metrics[policy][:, list(METRICS).index(metric)]
        return found

    def difference(self, metric: str, policy: str) -> np.ndarray:
        """Give the paired differences of a metric, a policy minus the baseline, shape (runs,).

        Parameters
        ----------
        metric : str
            A key of `r2psim.ensemble.measures.METRICS`.
        policy : str
            Any of the policies.

        Returns
        -------
        numpy.ndarray, shape (runs,)
            In the metric's unit, above 0 where the policy has more; NaN where a run has no value.

        Raises
        ------
        KeyError
            If there is no such policy.
        ValueError
            If there is no such metric.
        """
        found: np.ndarray = self.values(policy, metric) - self.values(self.baseline, metric)
        return found

    def split(self, policy: str, parts: Sequence[str], rate: float | None = None) -> Split:
        """Split what a policy gains on the baseline in some ledgers, run by run.

        Parameters
        ----------
        policy : str
            Any of the policies.
        parts : sequence of str
            Names of `r2psim.ensemble.measures.LEDGERS` that are added up.
        rate : float, optional
            Discount rate; that of the comparison if not given.

        Returns
        -------
        Split
            Gained, because harm was avoided, and because money was given or withheld: each of shape (runs,), in the
            ledgers' unit, above 0 where that is good.
        """
        rate = self.discount if rate is None else rate
        kinds = (self.ledgers, self.null_ledgers)
        values = [present_value(kind[name], tuple(parts), rate) for kind in kinds for name in (policy, self.baseline)]
        return split_of(*values)

    def extra_prevention(self, policy: str, rate: float | None = None) -> np.ndarray:
        """Give what a policy spends more on prevention than the baseline, US$, shape (runs,).

        Parameters
        ----------
        policy : str
            Any of the policies.
        rate : float, optional
            Yearly discount rate; that of the comparison if not given.

        Returns
        -------
        numpy.ndarray, shape (runs,)
            Present value, US$.
        """
        rate = self.discount if rate is None else rate
        spent = [present_value(self.ledgers[name], PREVENTION, rate) for name in (policy, self.baseline)]
        extra: np.ndarray = spent[0] - spent[1]
        return extra

    # -- the cost argument ---------------------------------------------------------------------------------------------

    def returns(self, policy: str, parts: Sequence[str], rate: float | None = None) -> Returns:
        """Give what each further dollar of prevention brought in some ledgers, at a discount rate.

        Parameters
        ----------
        policy : str
            Any of the policies.
        parts : sequence of str
            Names of `r2psim.ensemble.measures.LEDGERS` that are added up.
        rate : float, optional
            Yearly discount rate; that of the comparison if not given.

        Returns
        -------
        r2psim.analysis.comparison.Returns
            Gained in all, because harm was avoided, and because money was withheld: each a ratio of means with its 95 %
            interval, dollars for a dollar; None unless the policy spends more on prevention by more than chance.
        """
        split, extra = self.split(policy, parts, rate), self.extra_prevention(policy, rate)
        return Returns(*(ratio_interval(gain, extra) for gain in (split.gained, split.harm_avoided, split.withheld)))

    def net(self, policy: str, parts: Sequence[str], rate: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Give each year's net gain and its further prevention, each of shape (runs, years), US$.

        The net gain is what harm avoided saved in some ledgers less what was spent more on prevention.

        Parameters
        ----------
        policy : str
            Any of the policies.
        parts : sequence of str
            Names of `r2psim.ensemble.measures.LEDGERS` that are added up.
        rate : float, optional
            Yearly discount rate; that of the comparison if not given.

        Returns
        -------
        tuple of two numpy.ndarray, shape (runs, years)
            Net gain and further prevention, US$, discounted to the start.
        """
        worth = weights(self.years, self.discount if rate is None else rate)
        kinds = (self.ledgers, self.null_ledgers)
        values = [by_year(kind[name], tuple(parts)) for kind in kinds for name in (policy, self.baseline)]
        extra = by_year(self.ledgers[policy], PREVENTION) - by_year(self.ledgers[self.baseline], PREVENTION)
        return (split_of(*values).harm_avoided - extra) * worth, extra * worth

    def payback(self, policy: str, parts: Sequence[str], rate: float | None = None) -> Payback:
        """Say when the further prevention of a policy has paid for itself in some ledgers.

        Parameters
        ----------
        policy : str
            Any of the policies.
        parts : sequence of str
            Names of `r2psim.ensemble.measures.LEDGERS` that are added up.
        rate : float, optional
            Yearly discount rate; that of the comparison if not given.

        Returns
        -------
        Payback
            Years, and the share of runs that are paid back at the end.
        """
        return payback_of(*self.net(policy, parts, rate))

    def cumulative(self, policy: str, parts: Sequence[str], rate: float | None = None) -> list[dict[str, float]]:
        """Tell year by year what harm avoided has saved so far, less further prevention.

        Parameters
        ----------
        policy : str
            Any of the policies.
        parts : sequence of str
            Names of `r2psim.ensemble.measures.LEDGERS` that are added up.
        rate : float, optional
            Yearly discount rate; that of the comparison if not given.

        Returns
        -------
        list of dict
            For each year from 1: ``mean``, ``low`` and ``high`` (95 % interval of the mean), ``q05`` and ``q95`` (90 %
            of the runs), US$.
        """
        total = np.cumsum(self.net(policy, parts, rate)[0], axis=1)
        mean, low, high = mean_limits(total)
        q05, q95 = np.quantile(total, (0.05, 0.95), axis=0)
        columns = {"mean": mean, "low": low, "high": high, "q05": q05, "q95": q95}
        return [
            {"year": year + 1} | {name: float(values[year]) for name, values in columns.items()}
            for year in range(total.shape[1])
        ]

    def who(self, policy: str) -> dict[str, dict[str, float | None]]:
        """Tell who pays more and who gains, a policy against the baseline, undiscounted, US$ a run.

        Parameters
        ----------
        policy : str
            Any of the policies.

        Returns
        -------
        dict
            ``donors`` (prevention and response together), ``hosts`` (refugees) and ``states`` (lost GDP): mean, low and
            high (95 %) of what each is better off by, below 0 where it is worse off.
        """
        metrics = {"donors": "prevention_and_response", "hosts": "hosting_cost", "states": "gdp_lost"}
        return {
            name: _as_dict(paired_interval(0.0 - self.difference(metric, policy))) for name, metric in metrics.items()
        }

    # -- as plain data -------------------------------------------------------------------------------------------------

    def _need(self, policy: str) -> dict[str, Any]:
        """Tell what response was needed and met, against the baseline; and that need is the same without effects."""
        null = self.null_metrics[policy][:, list(METRICS).index("response_needed")]
        null = null - self.null_metrics[self.baseline][:, list(METRICS).index("response_needed")]
        return {
            "avoided": _as_dict(paired_interval(-self.difference("response_needed", policy))),
            "met": _as_dict(paired_interval(self.difference("response_met", policy))),
            "unmet": _as_dict(paired_interval(self.difference("response_unmet", policy))),
            "null_twins": _as_dict(paired_interval(-null)),
        }

    def _bill(self, policy: str) -> dict[str, Any]:
        """Tell the donors' bill: prevention and response together, undiscounted, and why it differs."""
        response = self.split(policy, COST_LEDGERS["response"].parts, 0.0)
        return {
            "difference": _as_dict(paired_interval(self.difference("prevention_and_response", policy))),
            "prevention": _as_dict(paired_interval(self.difference("spent_prevention", policy))),
            "response": _as_dict(paired_interval(self.difference("response_cost", policy))),
            "response_because_harm_avoided": _as_dict(paired_interval(0.0 - response.harm_avoided)),
            "response_because_withheld": _as_dict(paired_interval(0.0 - response.withheld)),
        }

    def told(self, policy: str) -> dict[str, Any]:
        """Give all that is told of a policy against the baseline, as plain data.

        Parameters
        ----------
        policy : str
            Any of the policies.

        Returns
        -------
        dict
            ``differences.METRIC``: mean, low, high (95 %), median, and the share of runs that differ at all;
            ``returns.LEDGER.{harm_avoided,withheld,total}`` per further dollar of prevention, discounted, and
            ``returns_undiscounted`` likewise; ``who`` pays and gains, as `who` gives it; ``cumulative.LEDGER``, as
            `cumulative` gives it; ``gains.LEDGER`` the same in US$ a run; ``controls``, as
            `r2psim.analysis.controls.controls_of` gives them; ``need``;
            ``prevention_and_response``; ``payback.LEDGER``: year, share of runs paid back, horizon, discounted, and
            undiscounted under ``undiscounted``.
        """
        differences = {}
        for metric in METRICS:
            values = self.difference(metric, policy)
            known = values[np.isfinite(values)]
            differences[metric] = _as_dict(paired_interval(values)) | {
                "median": float(np.median(known)) if len(known) else None,
                "differ": float((known != 0.0).mean()) if len(known) else None,
            }
        returns, undiscounted, gains, payback = {}, {}, {}, {}
        for name, ledger in COST_LEDGERS.items():
            returns[name] = self.returns(policy, ledger.parts).as_dict()
            undiscounted[name] = self.returns(policy, ledger.parts, 0.0).as_dict()
            split = self.split(policy, ledger.parts)
            gains[name] = {part: _as_dict(paired_interval(getattr(split, part))) for part in Split._fields}
            payback[name] = self.payback(policy, ledger.parts)._asdict() | {
                "undiscounted": self.payback(policy, ledger.parts, 0.0)._asdict()
            }
        return {
            "differences": differences,
            "who": self.who(policy),
            "cumulative": {name: self.cumulative(policy, ledger.parts) for name, ledger in COST_LEDGERS.items()},
            "extra_prevention": _as_dict(paired_interval(self.extra_prevention(policy))),
            "returns": returns,
            "returns_undiscounted": undiscounted,
            "gains": gains,
            "controls": controls_of(self, policy),
            "need": self._need(policy),
            "prevention_and_response": self._bill(policy),
            "payback": payback,
            "same_budget": self.same_budget(policy),
        }

    def summary(self) -> dict[str, Any]:
        """Give all numbers as plain data that JSON can hold.

        Returns
        -------
        dict
            ``scenario seed runs months baseline uncertainty discount``; ``policies.NAME.METRIC.{mean,sd,q05,q50,q95}``
            and ``budgets.NAME``; ``null_twins.NAME.METRIC.mean``; ``against.NAME`` for every policy but the baseline,
            as `told` gives it; ``variance_reduction.NAME.METRIC``. What cannot be told is null.
        """
        places = {metric: place for place, metric in enumerate(METRICS)}
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "runs": self.runs,
            "months": self.months,
            "baseline": self.baseline,
            "uncertainty": self.uncertainty,
            "discount": self.discount,
            "no_effects": self.no_effects,
            "policies": {policy: spreads(self, policy) for policy in self.policies},
            "budgets": dict(self.budgets),
            "null_twins": {
                policy: {metric: {"mean": _spread(found[:, place])["mean"]} for metric, place in places.items()}
                for policy, found in self.null_metrics.items()
            },
            "against": {policy: self.told(policy) for policy in self.others},
            "variance_reduction": {
                policy: {
                    metric: variance_reduction(self.values(policy, metric), self.values(self.baseline, metric))
                    for metric in METRICS
                }
                for policy in self.others
            },
        }


def spreads(comparison: Comparison, policy: str) -> dict[str, dict[str, float | None]]:
    """Give mean, standard deviation and the 5, 50 and 95 % quantiles of every metric of a policy."""
    return {metric: _spread(comparison.values(policy, metric)) for metric in METRICS}


# -- making one --------------------------------------------------------------------------------------------------------


def _checked_baseline(baseline: str | None, policies: Sequence[str]) -> str:
    if baseline is None:
        return baseline_of(policies)
    if baseline not in policies:
        near = nearest(baseline, policies)
        hint = f" (did you mean {near}?)" if near else ""
        raise ValueError(f"baseline {baseline} is not allowed: one of the policies compared, {listing(policies)}{hint}")
    return baseline


def comparison_of_results(results: Results, baseline: str | None = None, discount: float | None = None) -> Comparison:
    """Make a comparison of results that keep their runs, their ledgers and their null twins.

    Parameters
    ----------
    results : Results
        As ``simulate(..., ledgers=True, null_twins=True)`` gives them.
    baseline : str, optional
        One of the policies; ``late-response`` where it is among them, else the first, if not given.
    discount : float, optional
        Yearly rate; the scenario's ``accounts.discount_rate`` if not given.

    Raises
    ------
    ValueError
        If the results lack what is needed, or the baseline is none of the policies.
    """
    from r2psim.world.assistance import build_assistance

    if not results.metrics or not results.ledgers or results.null is None:
        raise ValueError(
            "a comparison needs runs that are kept, with ledgers and null twins: r2psim.compare(...), or "
            "simulate(..., ledgers=True, null_twins=True)"
        )
    full = results.scenario
    uncertainty = results.uncertainty
    rate = float(full.parameter_values()[P.accounts_discount_rate]) if discount is None else discount
    return Comparison(
        scenario=full.name,
        title=full.title,
        policies=results.policies,
        baseline=_checked_baseline(baseline, results.policies),
        runs=results.runs,
        seed=results.seed,
        months=results.months,
        metrics=dict(results.metrics),
        null_metrics=dict(results.null.metrics),
        ledgers=dict(results.ledgers),
        null_ledgers=dict(results.null.ledgers),
        spending=dict(results.spending),
        forms={key: form.name for key, form in full.forms.items()},
        budgets={
            policy: float(sum(body["budget"] for body in build_assistance(full, results.base_of(policy)).bodies))
            for policy in results.policies
        },
        yearly=dict(results.yearly),
        needs=dict(results.needs),
        bodies=dict(results.bodies),
        body_names={key: body.name for key, body in full.bodies.items()},
        discount=rate,
        uncertainty=uncertainty,
        drawn=results.drawn,
        overrides=dict(full.overrides),
    )


def as_comparison(found: Comparison | Results) -> Comparison:
    """Give a comparison as it is, and make one of results, as `comparison_of_results` does."""
    return found if isinstance(found, Comparison) else comparison_of_results(found)


def compare(
    scenario: str | Path | Scenario,
    policies: AnyPolicy | Sequence[AnyPolicy] | None = None,
    runs: int = 200,
    seed: Seed = 1,
    years: int | None = None,
    threads: int | None = None,
    advance: Callable[[int], None] | None = None,
    uncertainty: str = "none",
    baseline: str | None = None,
    discount: float | None = None,
    controls: bool = False,
) -> Comparison:
    """Run each policy, and its null twin, over the same luck and set them side by side.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    policies : str, PythonPolicy, Policy, or sequence of them, optional
        Its policies by name and objects that decide, each once, as `r2psim.simulate` takes them; those of
        `DEFAULT_POLICIES` that it has if not given.
    runs, seed : int
        Runs ``0..runs`` of this seed, the same for every policy; as `r2psim.simulate` takes it.
    years : int, optional
        Length; the scenario's own if not given.
    threads : int, optional
        All processors if not given; the result does not depend on it.
    advance : callable, optional
        Told the number of runs finished since it was last called; null twins count like others.
    uncertainty : {"none", "rates", "effects", "all"}
        As `r2psim.simulate` takes it.
    baseline : str, optional
        Name of the policy that every other one is told against; ``late-response`` where it is compared, else the
        first.
    discount : float, optional
        Yearly discount rate; the scenario's ``accounts.discount_rate`` if not given.
    controls : bool
        Run each policy that gives prevention more than the baseline once more, with its null twin, with response as
        rich as under the baseline: *added money*, beside the placebo, which needs no runs.

    Returns
    -------
    Comparison
        Take any figure of `r2psim.plots` of it, or ``comparison.summary()``.

    Raises
    ------
    ScenarioError
        If the scenario has no policy of such a name; nothing is run then.
    ValueError
        If a policy is named twice, none is, or another argument is not allowed. As `PolicyError`, if an object cannot
        decide.

    Examples
    --------
    >>> found = compare("seminar", ["late-response", "prevention"], runs=2, years=1)
    >>> found.baseline, found.others
    ('late-response', ('prevention',))
    """
    from r2psim.scenario import load

    full = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
    _checked_baseline(baseline, tuple(checked_policies(full, policies)))
    if discount is not None and not 0.0 <= discount <= 1.0:
        raise ValueError(f"discount {discount} is not allowed: a yearly rate from 0 to 1")
    results = simulate(
        full, policies, runs, seed, years, threads, advance=advance, uncertainty=uncertainty, ledgers=True,
        null_twins=True,
    )  # fmt: skip
    found = comparison_of_results(results, baseline, discount)
    return with_controls(found, full, threads, advance) if controls else found
