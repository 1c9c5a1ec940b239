"""Controls of a table of returns: a placebo, and money that is added to prevention and taken from nobody.

The *placebo* is the same pair of policies with all effects of assistance at none: the null twins, told as if they were
the runs themselves. Nothing is bought there, so no ledger that only harm can move may differ in any run. It needs no
further runs.

*Added money* is the policy with the bodies of response as rich as under the baseline: its prevention comes on top, and
nothing is withheld to pay for it. It needs runs of its own, and their null twins. Those say how far response is left as
it was: some bodies of prevention, such as regional ones, may pay for response too, and then a little more is spent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from r2psim.analysis.ledgers import COST_LEDGERS
from r2psim.world.assistance import build_assistance

if TYPE_CHECKING:
    import numpy as np

    from r2psim.analysis.comparison import Comparison
    from r2psim.scenario import Scenario

__all__ = ["add_money", "added_to", "bought_nothing", "controls_of", "placebo", "with_added_money", "with_controls"]

HARM_ONLY = ("need", "hosting", "gdp")
"""Ledgers of `COST_LEDGERS` that money given or withheld cannot move: only harm can."""

_BUDGETS = {"assistance.budget_scale": 1.0, "assistance.prevention_share": -1.0, "challenges.resources.relief": 1.0}
"""What changes budgets, where it changes nothing."""


def placebo(comparison: Comparison) -> Comparison:
    """Give the same policies with all effects of assistance at none: every run is then its own null twin."""
    return replace(comparison, metrics=comparison.null_metrics, ledgers=comparison.null_ledgers, added={})


def bought_nothing(comparison: Comparison, policy: str) -> bool:
    """Whether the placebo of a policy against the baseline shows what it must: not a cent of harm avoided in any run.

    Parameters
    ----------
    comparison : Comparison
        Of two policies or more.
    policy : str
        One that is not the baseline.
    """
    without = placebo(comparison)
    moved = any(without.split(policy, COST_LEDGERS[name].parts, 0.0).gained.any() for name in HARM_ONLY)
    return not moved and not any(
        without.split(policy, ledger.parts, 0.0).harm_avoided.any() for ledger in COST_LEDGERS.values()
    )


def with_added_money(scenario: Scenario, policy: str, baseline: str) -> Scenario | None:
    """Give the scenario in which a policy has its own prevention budgets, and the response budgets of the baseline.

    Parameters
    ----------
    scenario : Scenario
        With everything generated.
    policy, baseline : str
        Two of its policies.

    Returns
    -------
    Scenario or None
        The policy of that name is changed there; None if it gives the bodies of prevention no more than the baseline.
    """
    of_policy, of_baseline = (build_assistance(scenario, name).bodies for name in (policy, baseline))
    prevents = [body["responds"] == 0.0 for body in of_policy]
    sums = [sum(b["budget"] for b, early in zip(of, prevents, strict=True) if early) for of in (of_policy, of_baseline)]
    if sums[0] <= sums[1]:
        return None
    bodies = {
        key: replace(body, values={**body.values, "budget": (own if early else other)["budget"]})
        for (key, body), own, other, early in zip(
            scenario.bodies.items(), of_policy, of_baseline, prevents, strict=True
        )
    }
    spec = scenario.policy(policy)
    spec = replace(spec, parameters={**spec.parameters, **_BUDGETS}, budgets={})
    kept = {path: value for path, value in scenario.overrides.items() if path not in _BUDGETS}
    return replace(scenario, bodies=bodies, policies={**scenario.policies, policy: spec}, overrides=kept)


def add_money(scenario: Scenario, policies: Sequence[str], baseline: str) -> dict[str, Scenario]:
    """Give the scenario with added money of each policy that gives prevention more than the baseline does.

    Parameters
    ----------
    scenario : Scenario
        With everything generated.
    policies : sequence of str
        Some of its policies.
    baseline : str
        One of them.
    """
    found = {name: with_added_money(scenario, name, baseline) for name in policies if name != baseline}
    return {name: changed for name, changed in found.items() if changed is not None}


def added_to(comparison: Comparison, scenario: Scenario, policy: str, values: Mapping[str, np.ndarray]) -> Comparison:
    """Give the comparison of a policy with added money against the same baseline, from its runs.

    Parameters
    ----------
    comparison : Comparison
        The one without added money.
    scenario : Scenario
        As `with_added_money` gives it.
    policy : str
        One that is not the baseline.
    values : mapping of str to numpy.ndarray
        ``metrics``, ``null_metrics``, ``ledgers``, ``null_ledgers`` of its runs with added money.
    """
    base = comparison.baseline
    changes: dict[str, Any] = {
        part: {base: getattr(comparison, part)[base], policy: found} for part, found in values.items()
    }
    budget = float(sum(body["budget"] for body in build_assistance(scenario, policy).bodies))
    return replace(
        comparison, policies=(base, policy), budgets={base: comparison.budgets[base], policy: budget}, added={},
        spending={}, yearly={}, needs={}, bodies={}, **changes,
    )  # fmt: skip


def with_controls(
    comparison: Comparison,
    scenario: Scenario,
    threads: int | None = None,
    advance: Callable[[int], None] | None = None,
) -> Comparison:
    """Run every policy once more with added money, and its null twin, and note it in the comparison.

    Parameters
    ----------
    comparison : Comparison
        Of policies of the scenario; objects that decide are left out.
    scenario : Scenario
        As it was compared, with everything generated.
    threads : int, optional
        All processors if not given.
    advance : callable, optional
        Told the number of runs finished; null twins count like others.
    """
    from r2psim.ensemble.simulation import simulate

    base = comparison.baseline
    named = [name for name in comparison.policies if name in scenario.policies]
    added = {}
    for name, changed in add_money(scenario, named, base).items() if base in named else ():
        results = simulate(
            changed, [name], comparison.runs, comparison.seed, comparison.years, threads, advance=advance,
            uncertainty=comparison.uncertainty, ledgers=True, null_twins=True,
        )  # fmt: skip
        assert results.null is not None
        kept = {
            "metrics": results.metrics[name],
            "null_metrics": results.null.metrics[name],
            "ledgers": results.ledgers[name],
            "null_ledgers": results.null.ledgers[name],
        }
        added[name] = added_to(comparison, changed, name, kept)
    return replace(comparison, added=added)


def controls_of(comparison: Comparison, policy: str) -> dict[str, Any]:
    """Give both controls of a policy against the baseline, as plain data.

    Parameters
    ----------
    comparison : Comparison
        Of two policies or more.
    policy : str
        One that is not the baseline.

    Returns
    -------
    dict
        ``placebo``: ``bought_nothing``, and ``returns.LEDGER`` as of a policy; ``added_money``: ``extra_prevention``
        (US$ a run, discounted) and ``returns.LEDGER``, or None if it was not run.
    """

    def returns(of: Comparison) -> dict[str, Any]:
        return {name: of.returns(policy, ledger.parts).as_dict() for name, ledger in COST_LEDGERS.items()}

    added = comparison.added.get(policy)
    return {
        "placebo": {"bought_nothing": bought_nothing(comparison, policy), "returns": returns(placebo(comparison))},
        "added_money": None
        if added is None
        else {"extra_prevention": float(added.extra_prevention(policy).mean()), "returns": returns(added)},
    }
