"""The cost argument: where its answer is known in closed form, and where it must be nothing at all."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from r2psim import compare, load, simulate
from r2psim.analysis.comparison import Comparison
from r2psim.analysis.controls import bought_nothing, controls_of, placebo, with_added_money
from r2psim.analysis.findings import findings, headline
from r2psim.analysis.ledgers import COST_LEDGERS, Payback, payback_of, present_value, split_of, weights
from r2psim.analysis.published_returns import beside_published, published_lines
from r2psim.app.charts import ledgers as tabulated
from r2psim.ensemble.measures import LEDGERS, METRICS
from r2psim.scenario.shipped import shipped_names
from r2psim.scenario.specs import PolicySpec
from r2psim.world.assistance import build_assistance
from r2psim.world.expand import expand

PLACE = {name: place for place, name in enumerate(LEDGERS)}
METRIC = {name: place for place, name in enumerate(METRICS)}
OWED_TO_HARM = ("deaths", "displaced", "hosting_cost", "gdp_lost", "response_needed")
"""Ledgers that money alone cannot move."""


# -- a toy whose answer is known ---------------------------------------------------------------------------------------

YEARS, RUNS = 10, 60
COST, NULL_RESPONSE, RESPONSE, GDP = 10.0, 30.0, 12.0, 25.0
NEEDED = 80.0


def measured(ledgers: np.ndarray) -> np.ndarray:
    """Give the metrics that follow from ledgers."""
    total = {name: ledgers[:, :, place].sum(axis=1) for name, place in PLACE.items()}
    found = np.zeros((len(ledgers), len(METRICS)))
    for name in ("spent_prevention", "spent_response", "hosting_cost", "gdp_lost", "response_needed"):
        found[:, METRIC[name]] = total[name]
    found[:, METRIC["response_cost"]] = total["spent_response"] + total["reconstruction_cost"]
    found[:, METRIC["response_unmet"]] = total["response_needed"]
    bill = found[:, METRIC["spent_prevention"]] + found[:, METRIC["response_cost"]]
    found[:, METRIC["prevention_and_response"]] = bill
    found[:, METRIC["total_cost"]] = bill + total["hosting_cost"] + total["gdp_lost"]
    return found


def toy(rate: float) -> Comparison:
    """Make one programme against one hazard, worked out by hand.

    The baseline spends nothing on prevention, 50 a year on response, and loses 100 a year of GDP. The policy spends
    `COST` a year on prevention; whatever that does, it gives `NULL_RESPONSE` less to response; because it works,
    `RESPONSE` less of `NEEDED` is needed and spent, and `GDP` less is lost.
    """
    zero = np.zeros((RUNS, YEARS, len(LEDGERS)))
    base, null_policy = zero.copy(), zero.copy()
    base[:, :, PLACE["spent_response"]] = 50.0
    base[:, :, PLACE["gdp_lost"]] = 100.0
    null_policy[...] = base
    null_policy[:, :, PLACE["spent_prevention"]] = COST
    null_policy[:, :, PLACE["spent_response"]] -= NULL_RESPONSE
    policy = null_policy.copy()
    policy[:, :, PLACE["spent_response"]] -= RESPONSE
    policy[:, :, PLACE["gdp_lost"]] -= GDP
    for kind, needed in ((base, NEEDED), (null_policy, NEEDED), (policy, NEEDED - RESPONSE)):
        kind[:, :, PLACE["response_needed"]] = needed
    return Comparison(
        scenario="toy", title="Toy", policies=("late-response", "prevention"), baseline="late-response",
        runs=RUNS, seed=1, months=12 * YEARS, metrics={"late-response": measured(base), "prevention": measured(policy)},
        null_metrics={"late-response": measured(base), "prevention": measured(null_policy)},
        ledgers={"late-response": base, "prevention": policy},
        null_ledgers={"late-response": base, "prevention": null_policy},
        spending={}, forms={}, budgets={"late-response": 1.0, "prevention": 1.0}, discount=rate,
    )  # fmt: skip


@pytest.mark.parametrize("rate", [0.0, 0.03, 0.5])
def test_returns_of_the_toy_are_those_worked_out_by_hand(rate: float) -> None:
    comparison = toy(rate)
    response = comparison.returns("prevention", COST_LEDGERS["response"].parts)
    # Every flow is the same in every year: what a rate does cancels out of a ratio.
    assert response.harm_avoided == pytest.approx((RESPONSE / COST,) * 3)
    assert response.withheld == pytest.approx((NULL_RESPONSE / COST,) * 3)
    assert response.total == pytest.approx(((RESPONSE + NULL_RESPONSE) / COST,) * 3)
    everything = comparison.returns("prevention", COST_LEDGERS["all"].parts)
    assert everything.harm_avoided == pytest.approx(((RESPONSE + GDP) / COST,) * 3)
    assert comparison.returns("prevention", COST_LEDGERS["hosting"].parts).harm_avoided == (0.0, 0.0, 0.0)


def test_who_pays_and_who_gains_in_the_toy_is_told_with_its_sign() -> None:
    comparison = toy(0.0)
    told = comparison.told("prevention")
    bill = YEARS * (COST - NULL_RESPONSE - RESPONSE)
    assert told["who"]["donors"]["mean"] == pytest.approx(-bill) and bill < 0.0
    assert told["who"]["states"]["mean"] == pytest.approx(YEARS * GDP)
    assert told["who"]["hosts"]["mean"] == 0.0
    parts = told["prevention_and_response"]
    assert parts["difference"]["mean"] == pytest.approx(bill)
    assert parts["prevention"]["mean"] == pytest.approx(YEARS * COST)
    assert parts["response_because_harm_avoided"]["mean"] == pytest.approx(-YEARS * RESPONSE)
    assert parts["response_because_withheld"]["mean"] == pytest.approx(-YEARS * NULL_RESPONSE)
    assert told["need"]["avoided"]["mean"] == pytest.approx(YEARS * RESPONSE)
    assert told["need"]["unmet"]["mean"] == pytest.approx(-YEARS * RESPONSE)
    assert told["need"]["null_twins"]["mean"] == 0.0
    # Money withheld pays nothing back: in this ledger the policy gains 2 a year, not 32.
    net, extra = comparison.net("prevention", COST_LEDGERS["response"].parts)
    assert np.allclose(net, RESPONSE - COST) and np.allclose(extra, COST)
    assert told["cumulative"]["response"][-1]["mean"] == pytest.approx(YEARS * (RESPONSE - COST))
    assert told["payback"]["response"]["year"] == 1
    said = " ".join(findings(comparison))
    assert "paid for or not, whether" not in said
    assert f"US$ {YEARS * RESPONSE:.0f} less a run" in said.split("Need for response")[1].split(";")[0]
    assert f"US$ {-bill:.0f} less a run" in said.split("The donors' bill")[1].split(":")[1]
    assert f"US$ {YEARS * RESPONSE:.0f}" in said.split("because harm was avoided")[1].split(";")[0]


# -- controls ----------------------------------------------------------------------------------------------------------


def test_the_placebo_of_the_toy_is_nothing_and_one_that_is_something_is_told() -> None:
    comparison = toy(0.03)
    assert bought_nothing(comparison, "prevention")
    for found in controls_of(comparison, "prevention")["placebo"]["returns"].values():
        assert found["harm_avoided"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert "nothing saved by avoiding harm" in " ".join(findings(comparison))
    # A cent less lost in one run and year, though nothing has any effect: somewhere money acts by itself.
    comparison.null_ledgers["prevention"][7, 3, PLACE["gdp_lost"]] -= 0.01
    assert not bought_nothing(comparison, "prevention")
    assert "NOT nothing" in " ".join(findings(comparison))


def test_the_placebo_is_what_runs_without_effects_give() -> None:
    found = compare("seminar", ["late-response", "prevention"], 12, 3)
    none = compare(load("seminar", ["assistance.effect_scale=0"]), ["late-response", "prevention"], 12, 3)
    told = placebo(found)
    for policy in found.policies:
        assert np.array_equal(told.ledgers[policy], none.ledgers[policy])
        assert np.array_equal(told.metrics[policy], none.metrics[policy], equal_nan=True)
    assert bought_nothing(found, "prevention") and bought_nothing(none, "prevention")
    assert not np.array_equal(found.ledgers["prevention"], told.ledgers["prevention"])


def test_added_money_is_the_pair_itself_where_it_takes_nothing_from_response() -> None:
    full = expand(load("seminar"))
    more = PolicySpec("More prevention and nothing else.", {"challenges.resources.relief": 6.0})
    full = replace(full, policies={**full.policies, "more": more})
    found = compare(full, ["late-response", "more", "no-assistance"], 16, 5, years=12, controls=True)
    assert set(found.added) == {"more"}, "without further prevention there is none to add"
    added = found.added["more"]
    for kind in ("ledgers", "null_ledgers", "metrics"):
        for policy in added.policies:
            assert np.array_equal(getattr(added, kind)[policy], getattr(found, kind)[policy], equal_nan=True)
    told = found.told("more")
    assert told["controls"]["added_money"]["returns"] == told["returns"]


def test_added_money_takes_nothing_from_response_and_no_more_is_run_than_asked() -> None:
    full = expand(load("seminar", ["assistance.budget_scale=2"]))
    changed = with_added_money(full, "prevention", "late-response")
    assert changed is not None
    added, policy, baseline = (
        build_assistance(s, name).bodies
        for s, name in ((changed, "prevention"), (full, "prevention"), (full, "late-response"))
    )
    for ours, own, other in zip(added, policy, baseline, strict=True):
        assert ours["budget"] == (other if ours["responds"] else own)["budget"]
    assert sum(b["budget"] for b in added) > sum(b["budget"] for b in baseline)
    assert with_added_money(full, "late-response", "prevention") is None
    steps: list[int] = []
    found = compare(full, ["late-response", "prevention"], 8, 5, years=6, controls=True, advance=steps.append)
    assert sum(steps) == 2 * 8 * 3
    # What bodies of response spend is no longer less; bodies of prevention that also respond may spend more.
    withheld = found.added["prevention"].split("prevention", COST_LEDGERS["response"].parts).withheld
    assert withheld.mean() <= 0.0 < found.split("prevention", COST_LEDGERS["response"].parts).withheld.mean()
    assert "of external response avoided" in " ".join(findings(found))
    page = str(tabulated(found))
    assert "Placebo: effects at none" in page and "as it must be" in page and "Added money: external response" in page
    page = str(tabulated(replace(found, added={})))
    assert "Added money: external response" not in page and "is not run on this page" in page
    turned = found.against("prevention")
    assert turned.added == {} and found.against("late-response").added
    assert "compare --controls runs it" in " ".join(findings(replace(found, added={})))


@pytest.mark.parametrize("rate", [0.0, 0.03, 0.2])
def test_present_value_is_that_of_an_annuity_paid_at_mid_year(rate: float) -> None:
    found = present_value(toy(rate).ledgers["late-response"], ("spent_response",), rate)
    annuity = YEARS if rate == 0.0 else (1.0 - (1.0 + rate) ** -YEARS) / rate * (1.0 + rate) ** 0.5
    assert found == pytest.approx(50.0 * annuity)


def test_payback_is_the_year_in_which_cumulative_gains_reach_the_cost_for_good() -> None:
    # 30 are spent in the first year, 10 are gained in each: 30 is reached with the third.
    extra = np.zeros((2, 6))
    extra[:, 0] = 30.0
    gains = np.full((2, 6), 10.0)
    assert payback_of(gains - extra, extra) == Payback(3, 3, 1.0, 6)
    # A loss at the end undoes it; half of the runs end above zero.
    gains[1, 5] = -100.0
    assert payback_of(gains - extra, extra) == Payback(None, None, 0.5, 6)
    # Discounted, later gains are worth less: 30 at mid-year one against 10 a year at 20 %.
    worth = weights(6, 0.2)
    discounted = (np.full((1, 6), 10.0) - extra[:1]) * worth
    by_hand = next(y for y in range(1, 7) if 10.0 * worth[:y].sum() >= 30.0 * worth[0])
    assert payback_of(discounted, extra[:1] * worth).year == by_hand == 4
    # Where nothing more is spent there is nothing to pay back.
    assert payback_of(gains, np.zeros((2, 6))).year is None


def test_a_return_that_counts_money_withheld_is_another_one() -> None:
    """What an account without null twins gives is wrong by the whole of what is withheld."""
    base, policy, _, null_policy = (
        toy(0.0).ledgers["late-response"],
        toy(0.0).ledgers["prevention"],
        None,
        toy(0.0).null_ledgers["prevention"],
    )
    values = [present_value(x, COST_LEDGERS["response"].parts, 0.0) for x in (policy, base, null_policy, base)]
    split = split_of(*values)
    assert split.gained.tolist() == [(RESPONSE + NULL_RESPONSE) * YEARS] * RUNS
    assert split.harm_avoided.tolist() == [RESPONSE * YEARS] * RUNS
    assert split.withheld.tolist() == [NULL_RESPONSE * YEARS] * RUNS


# -- simulated worlds --------------------------------------------------------------------------------------------------


@cache
def compared(name: str, no_effects: bool, seed: int = 11) -> Comparison:
    """Compare all shipped policies of a scenario in a few short runs."""
    years = 2 if name == "world" else 6
    runs = 1 if name == "world" else 4
    scenario = load(name, ["assistance.effect_scale=0"] if no_effects else [])
    named = [policy for policy in scenario.policies if not policy.startswith("prevention-without")]
    return compare(scenario, named, runs=runs, seed=seed, years=years, uncertainty="none")


@pytest.mark.parametrize("name", shipped_names())
def test_without_effects_nothing_is_bought_in_any_scenario_policy_pair_and_ledger(name: str) -> None:
    found = compared(name, no_effects=True)
    assert found.no_effects
    for baseline in found.policies:
        turned = found.against(baseline)
        for policy in turned.others:
            for metric in ("episodes", "atrocity_entries", *OWED_TO_HARM):
                assert not turned.difference(metric, policy).any(), (baseline, policy, metric)
            for ledger in COST_LEDGERS.values():
                for rate in (0.0, 0.03):
                    assert not turned.split(policy, ledger.parts, rate).harm_avoided.any()
            assert not np.nan_to_num(turned.net(policy, ("gdp_lost",))[0] + turned.net(policy, ("gdp_lost",))[1]).any()
        assert "nothing was bought" in headline(turned)
    assert all("nothing was bought" in " ".join(findings(found, policy)) for policy in found.others)
    # Money is still split in another way: the control would be idle if policies were all the same.
    assert found.difference("spent_prevention", "prevention").any() or name == "government-against-group"


@pytest.mark.parametrize("name", shipped_names())
def test_null_twins_differ_in_money_alone(name: str) -> None:
    found = compared(name, no_effects=False)
    base = found.null_ledgers[found.baseline]
    for policy, twin in found.null_ledgers.items():
        for ledger in OWED_TO_HARM:
            assert np.array_equal(twin[:, :, PLACE[ledger]], base[:, :, PLACE[ledger]]), (policy, ledger)


@pytest.mark.parametrize("name", ["seminar", "insurgency"])
def test_both_parts_add_up_to_the_cent_in_every_run(name: str) -> None:
    found = compared(name, no_effects=False)
    told_apart = 0
    for policy in found.others:
        for ledger in COST_LEDGERS.values():
            split = found.split(policy, ledger.parts, 0.0)
            assert np.abs(split.harm_avoided + split.withheld - split.gained).max() < 0.005
            if ledger.parts in (("response_needed",), ("hosting_cost",), ("gdp_lost",)):
                assert not split.withheld.any()
            told_apart += bool(split.harm_avoided.any()) and bool(split.withheld.any())
    assert told_apart > 0


def test_ledgers_by_year_add_up_to_the_metrics_of_the_run() -> None:
    found = compared("seminar", no_effects=False)
    for policy in found.policies:
        added = found.ledgers[policy].sum(axis=1)
        for name in ("spent_prevention", "spent_response", "hosting_cost", "gdp_lost", "response_needed", "deaths"):
            np.testing.assert_allclose(added[:, PLACE[name]], found.values(policy, name), rtol=1e-9)
        both = added[:, PLACE["spent_response"]] + added[:, PLACE["reconstruction_cost"]]
        np.testing.assert_allclose(both, found.values(policy, "response_cost"), rtol=1e-9)
        bill = found.values(policy, "spent_prevention") + found.values(policy, "response_cost")
        np.testing.assert_allclose(found.values(policy, "prevention_and_response"), bill, rtol=1e-12)


def test_a_null_twin_is_the_policy_with_all_effects_at_none() -> None:
    twin = compared("seminar", no_effects=False).null_metrics["prevention"]
    run = simulate(load("seminar", ["assistance.effect_scale=0"]), ["prevention"], 4, 11, years=6)
    assert twin.tobytes() == run.metrics["prevention"].tobytes()


def test_equal_policies_have_no_return_and_nothing_between_them() -> None:
    """Two names for one policy: every difference is exactly nothing, and no return is told."""
    from r2psim.scenario import Scenario

    data = load("seminar").resolved()
    data["policies"]["twin"] = data["policies"]["prevention"]
    found = compare(Scenario.from_resolved(data), ["prevention", "twin"], runs=3, years=4)
    assert not found.difference("total_cost", "twin").any()
    assert found.returns("twin", COST_LEDGERS["all"].parts).harm_avoided is None
    assert "exactly the same results" in headline(found)


def test_published_returns_stand_beside_what_harm_avoided_saved_and_a_null_line_of_nothing() -> None:
    found = compared("seminar", no_effects=False)
    rows = beside_published(found, "prevention")
    assert [row["ledger"] for row in rows] == ["response", "all", "gdp"]
    for row in rows:
        returns = found.returns("prevention", COST_LEDGERS[row["ledger"]].parts, 0.0)
        assert row["simulated"] == (None if returns.harm_avoided is None else returns.harm_avoided._asdict())
        assert row["null_line"] == 0.0
    assert published_lines(found, "prevention")[-1].startswith("Not the same quantity")


# -- need --------------------------------------------------------------------------------------------------------------


def test_need_is_met_by_bodies_and_by_forms_alike_and_never_beyond_itself() -> None:
    results = simulate("seminar", ["late-response", "prevention", "no-assistance"], 6, 3, years=8)
    for policy in results.policies:
        needed, met = results.needs[policy]
        assert (met <= needed + 1e-6).all() and (met >= 0.0).all()
        reconstruction = results.values(policy, "response_cost") - results.values(policy, "spent_response")
        in_forms = results.values(policy, "response_needed") - reconstruction
        assert needed.sum() == pytest.approx(in_forms.mean())
        by_bodies = results.bodies[policy][:, 3].sum()
        assert met.sum() == pytest.approx(by_bodies)
        assert (results.values(policy, "response_unmet") >= -1e-3).all()
    assert results.needs["no-assistance"][1].sum() == 0.0
    assert results.needs["no-assistance"][0].sum() > 0.0


def test_need_grows_with_the_displaced_and_nobody_pays_for_it_without_bodies() -> None:
    few, many = (
        simulate(load("seminar", [f"harm.displaced_war={rate}"]), ["no-assistance"], 6, 3, years=6)
        for rate in (0.0, 0.2)
    )
    assert (
        few.values("no-assistance", "response_needed").mean() < many.values("no-assistance", "response_needed").mean()
    )
    for found in (few, many):
        # What is met is external reconstruction alone, which no body decides.
        reconstruction = found.values("no-assistance", "response_cost")
        assert np.allclose(found.values("no-assistance", "response_met"), reconstruction, rtol=1e-12)


def test_crises_that_call_for_pillar_three_are_mandated_vetoed_or_neither() -> None:
    results = simulate("seminar", ["late-response"], 40, 3)
    called, mandated, vetoed, uncovered = (
        results.values("late-response", f"pillar3_{what}") for what in ("called", "mandated", "vetoed", "uncovered")
    )
    assert (mandated + vetoed <= called).all()
    assert called.sum() > mandated.sum() > 0.0 and vetoed.sum() > 0.0 and uncovered.sum() > 0.0
    everyone = simulate(
        load("seminar", [f"states.{s}.veto=1" for s in load("seminar").states]), ["late-response"], 40, 3
    )
    assert not everyone.values("late-response", "pillar3_mandated").any()
    assert (
        everyone.values("late-response", "pillar3_vetoed") == everyone.values("late-response", "pillar3_called")
    ).all()


def test_the_ledger_of_need_of_a_run_says_form_state_and_month_and_adds_up() -> None:
    from r2psim import R2PModel

    model = R2PModel("seminar", "late-response", seed=7, years=6, drive="rows")
    model.run_model()
    history = model.history()
    table = history.to_arrow("needs").to_pandas()
    model.close()
    run = simulate("seminar", ["late-response"], 1, 7, years=6)
    reconstruction = run.values("late-response", "response_cost") - run.values("late-response", "spent_response")
    for column, metric in (("needed", "response_needed"), ("met", "response_met"), ("unmet", "response_unmet")):
        of_forms = run.values("late-response", metric) - (0.0 if metric == "response_unmet" else reconstruction)
        assert table[column].sum() == pytest.approx(float(of_forms[0]), rel=1e-9)
    assert (table["needed"] > 0.0).all() and (table["unmet"] >= -0.011).all() and (table["met"] >= 0.0).all()
    assert set(table["state"]) <= set(history.world.states)
    assert {"refugee-protection", "peacekeeping"} <= set(table["form"].astype(str))
