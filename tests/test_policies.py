"""Policies: none is favoured, luck is shared, and what is not paid for or does nothing changes nothing."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from worlds import (
    LIVELY_BODIES,
    LIVELY_FORMS,
    SHIPPED_POLICIES,
    Run,
    digests,
    lively_parameters,
    nested,
    random_states,
    run,
    scenario_with,
)

from r2psim.agents.model import R2PModel
from r2psim.declarations.columns import GROUP, PROGRAMME, STATE, B
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.results import Results
from r2psim.ensemble.simulation import simulate
from r2psim.rules import month as month_module
from r2psim.scenario import Scenario, load, shipped_names
from r2psim.scenario.loading import scenario_of
from r2psim.scenario.parameters import PARAMETERS
from r2psim.scenario.specs import NO_ASSISTANCE
from r2psim.world.build import build
from r2psim.world.expand import expand

PACKAGE = Path(month_module.__file__).parents[1]
POLICIES = list(SHIPPED_POLICIES)
OTHERS = [name for name in POLICIES if name != NO_ASSISTANCE]
DIVIDES = [name for name in POLICIES if "prevention_share" in str(SHIPPED_POLICIES[name].get("parameters"))]
"""Policies that divide the same total between bodies anew."""

PLACE = {name: place for place, name in enumerate(METRICS)}

SPENDING = {
    *("spent_prevention", "spent_response", "response_cost", "prevention_and_response", "total_cost"),
    *("response_met", "response_unmet", "pillar3_uncovered", "months_to_help", "never_helped"),
    *("protection_reached", "protection_unmet"),
}
"""What money changes by itself, whatever it does."""

WOULD_BE = ("cost", "consent", "worth", "demand")
"""Columns of a programme that say what it would cost and be worth at present, whether or not anybody pays for it."""


def lively(bodies: Mapping[str, Any] = LIVELY_BODIES, **more: Any) -> Scenario:
    """Make the scenario of the lively world, with the policies that ship."""
    states = random_states(np.random.default_rng(9), states=5, groups=4)
    for state in states.values():
        # A mission that stands at the start works for some time even where nobody goes on paying for it.
        state["mission"] = 0.0
    parameters = {path: float(value) for path, value in zip(PARAMETERS, lively_parameters(), strict=True)}
    changed = {path: parameters[path] for path in PARAMETERS if parameters[path] != PARAMETERS[path].default}
    return scenario_with(states, bodies, SHIPPED_POLICIES, LIVELY_FORMS, parameters=nested(changed), **more)


def history(scenario: Scenario, policy: str, months: int = 120, number: int = 0) -> Run:
    """Run a scenario under one of its policies."""
    return run(build(scenario, policy), scenario.parameter_values(policy), months, number=number)


def with_budget(scenario: Scenario, budget: float, only: str = "") -> Scenario:
    """Give every body, or one of them, this budget."""
    bodies = {
        key: replace(body, values={**body.values, "budget": budget}) if key == only or not only else body
        for key, body in scenario.bodies.items()
    }
    return replace(scenario, bodies=bodies)


def with_bystander() -> Scenario:
    """Give the seminar with a General Assembly that may not act, and has no money yet."""
    scenario = load("seminar")
    mute = replace(scenario.bodies["general-assembly"], mandates=())
    return with_budget(replace(scenario, bodies=scenario.bodies | {"general-assembly": mute}), 0.0, "general-assembly")


def sha256(scenario: Scenario, policy: str, number: int = 0, years: int = 10) -> str:
    """Give the digest over every column of every month."""
    model = R2PModel(scenario, policy, 7, number, years, drive="rows")
    try:
        model.run_model()
        return model.history().sha256
    finally:
        model.close()


def without(block: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Give the columns of programmes but for some."""
    return block[:, [place for place, column in enumerate(PROGRAMME.columns) if column.name not in names]]


# -- no money, no effect -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["seminar", "lively"])
def test_all_budgets_zero_equals_no_assistance_bit_for_bit(name: str) -> None:
    scenario = load("seminar") if name == "seminar" else lively()
    poor = with_budget(scenario, 0.0)
    for number in range(3):
        nothing = sha256(scenario, NO_ASSISTANCE, number)
        assert sha256(poor, NO_ASSISTANCE, number) == nothing
        assert sha256(poor, "late-response", number) == nothing
        assert sha256(scenario, "late-response", number) != nothing


@pytest.mark.parametrize("policy", OTHERS)
def test_under_every_policy_a_world_without_money_is_one_without_assistance(policy: str) -> None:
    """But for what a programme nobody pays for would cost and be worth, and which states would come first."""
    nothing, poor = history(lively(), NO_ASSISTANCE), history(with_budget(lively(), 0.0), policy)
    for name in ("group", "pledge", "ledger"):
        assert getattr(nothing, name).tobytes() == getattr(poor, name).tobytes(), name
    # Policies may give bodies more will.
    assert np.array_equal(*(np.delete(r.body, B.will, axis=1) for r in (nothing, poor)))
    states = [np.delete(r.state, STATE.index["emphasis"], axis=1) for r in (nothing, poor)]
    assert np.array_equal(*states)
    assert without(nothing.programme, WOULD_BE).tobytes() == without(poor.programme, WOULD_BE).tobytes()


@pytest.mark.parametrize("policy", POLICIES)
def test_a_cent_to_a_body_that_may_not_act_changes_nothing(policy: str) -> None:
    scenario = with_bystander()
    before = history(scenario, policy)
    cent = history(with_budget(scenario, 0.01, "general-assembly"), policy)
    assert digests(before) == digests(cent)


@pytest.mark.parametrize("budget", [0.12, 1.0, 1e6])
def test_money_of_a_body_that_may_not_act_stays_on_its_own_account(budget: float) -> None:
    scenario = with_bystander()
    before, after = (history(with_budget(scenario, x, "general-assembly"), "late-response") for x in (0.0, budget))
    own = before.world.bodies.index("general-assembly")
    for name in ("state", "group", "programme"):
        assert getattr(before, name).tobytes() == getattr(after, name).tobytes(), name
    assert np.array_equal(np.delete(before.body, own, axis=2), np.delete(after.body, own, axis=2))
    assert np.array_equal(before.ledger, after.ledger)
    assert after.body[-1, B.spent, own] == 0.0
    assert after.body[-1, B.received, own] == after.body[-1, B.balance, own] + after.body[-1, B.returned, own]
    assert after.body[-1, B.received, own] == 120 * np.floor(np.floor(budget) * 100.0 / 12.0)


@pytest.mark.parametrize("policy", DIVIDES)
def test_a_budget_counts_only_where_a_body_may_act(policy: str) -> None:
    """Where the same money is divided anew, money of a body that provides no form is not given to others."""
    scenario = with_bystander()
    budgets = [build(with_budget(scenario, x, "general-assembly"), policy).rows.body[B.budget] for x in (0.0, 1e8)]
    own = list(scenario.bodies).index("general-assembly")
    assert np.array_equal(*(np.delete(budget, own) for budget in budgets))


@pytest.mark.parametrize("place", [0, 7, 19])
@pytest.mark.parametrize("policy", OTHERS)
def test_one_more_body_without_money_changes_nobody(policy: str, place: int) -> None:
    before = history(lively(), policy)
    bodies = list(LIVELY_BODIES.items())
    # A second Council or Court would decide without any money: those are institutions, not purses.
    mandates = [tag for tag in LIVELY_BODIES if tag not in ("security-council", "human-rights-council", "court")]
    new = {"mandates": mandates, "budget": 0.0, "rhythm": 1.0, "will": 1.0, "leverage": 1.0}
    after = history(lively(dict([*bodies[:place], ("new", new), *bodies[place:]])), policy)
    assert after.world.bodies[place] == "new" and not after.body[:, B.received, place].any()
    for name in ("state", "group", "programme"):
        assert getattr(before, name).tobytes() == getattr(after, name).tobytes(), name
    assert np.array_equal(before.body, np.delete(after.body, place, axis=2))
    assert np.array_equal(before.ledger, np.delete(after.ledger, place, axis=1))
    assert before.ledger[-1].any() and not after.ledger[-1, place].any()


# -- no hand on the scale ----------------------------------------------------------------------------------------------

FILES = sorted(path for part in ("rules", "ensemble", "world") for path in (PACKAGE / part).rglob("*.py"))


def literals(tree: ast.AST) -> Iterator[str]:
    """Yield the texts in code, but for those that only describe it."""
    described = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            yield node.value


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES])
def test_no_policys_name_appears_in_the_rules(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name in POLICIES:
        if "-" in name:
            assert not re.search(rf"\b{name.replace('-', '[-_ ]')}\b", text), name
    # A word such as `prevention` may be spoken of, but no rule may compare anything with it.
    assert not set(literals(ast.parse(text))) & set(POLICIES)
    if path.parent.name == "rules":
        names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        names |= {node.arg for node in ast.walk(ast.parse(text)) if isinstance(node, ast.arg)}
        assert not {name for name in names if "policy" in name or "policies" in name}


def test_policies_are_overlays_of_parameters_budgets_priorities_and_shares_and_nothing_else() -> None:
    for policy in SHIPPED_POLICIES.values():
        assert set(policy) <= {"description", "parameters", "budgets", "priorities", "shares"}


RUNS = 24


@cache
def idle(name: str) -> Results:
    """Run all policies with every effect set to none."""
    return simulate(load(name, sets=["assistance.effect_scale=0"]), POLICIES, RUNS, seed=3, years=15)


@pytest.mark.parametrize("policy", OTHERS)
def test_without_effects_a_policy_is_worse_than_nothing_by_exactly_its_cost(policy: str) -> None:
    found, nothing = idle("seminar").metrics[policy], idle("seminar").metrics[NO_ASSISTANCE]
    for name in METRICS:
        if name not in SPENDING:
            assert np.array_equal(found[:, PLACE[name]], nothing[:, PLACE[name]]), name
    paid = found[:, PLACE["spent_prevention"]] + found[:, PLACE["spent_response"]]
    assert np.all(paid > 0.0)
    more = found[:, PLACE["total_cost"]] - nothing[:, PLACE["total_cost"]]
    np.testing.assert_allclose(more, paid, rtol=1e-6)
    aid = found[:, PLACE["response_cost"]] - nothing[:, PLACE["response_cost"]]
    np.testing.assert_allclose(aid, found[:, PLACE["spent_response"]], rtol=1e-9, atol=1e-3)


ABOUT_AID = {
    "emphasis",
    "helped",
    "pillar3_uncovered",
    "aid_forms",
    "coordination",
    "coordinated",
    "expected_help",
    "assessed",
    "best_help",
    "prevention_at_work",
    "forces_at_work",
    "leverage_at_work",
    "trained",
    "monitors_there",
    "peacekeepers_there",
    "mission_troops",
    "mission_police",
    "mission_civilians",
    "displaced_reached",
    "protection_reached",
}
"""Columns of a state that say what help there is and where it is to go first, not what comes of it."""


def moved_by_nothing(policy: str) -> set[str]:
    """Name the columns of states and groups that assistance without any effect moves, but for `ABOUT_AID`."""
    scenario = lively()
    scenario = replace(scenario, parameters={**scenario.parameters, "assistance.effect_scale": 0.0})
    with_it, without_it = history(scenario, policy, 240), history(scenario, NO_ASSISTANCE, 240)
    assert with_it.ledger[-1].any() and with_it.of_state("aid_forms").any()
    moved = {name for name in STATE.names if not np.array_equal(with_it.of_state(name), without_it.of_state(name))}
    moved |= {name for name in GROUP.names if not np.array_equal(with_it.of_group(name), without_it.of_group(name))}
    return moved - ABOUT_AID


@pytest.mark.parametrize("policy", OTHERS)
def test_without_effects_assistance_moves_no_column_but_what_it_says_of_itself(policy: str) -> None:
    assert moved_by_nothing(policy) == set()


# -- the same luck -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["prevention", "late-response", "recommendations"])
def test_two_equal_policies_under_two_names_differ_by_nothing(policy: str) -> None:
    scenario = load("seminar")
    twin = replace(scenario, policies={"twin": scenario.policies[policy], **scenario.policies})
    results = simulate(twin, [policy, "twin"], 16, seed=5, years=10)
    metrics, spending = results.metrics, results.spending
    assert metrics[policy].tobytes() == metrics["twin"].tobytes()
    assert spending[policy].tobytes() == spending["twin"].tobytes()
    assert sha256(twin, policy) == sha256(twin, "twin")
    alone = simulate(scenario, [policy], 16, seed=5, years=10).metrics
    assert alone[policy].tobytes() == metrics["twin"].tobytes()


def variance_reduction(a: np.ndarray, b: np.ndarray) -> float:
    """Give the variance of the difference of independent runs over that of paired ones."""
    paired = np.var(a - b, ddof=1)
    return float((np.var(a, ddof=1) + np.var(b, ddof=1)) / paired) if paired > 0.0 else np.inf


@pytest.mark.slow
@pytest.mark.parametrize("body", ["continental-union", "ohchr", "peacekeeping"])
def test_common_luck_reduces_the_variance_of_a_small_change(body: str) -> None:
    scenario = load("seminar")
    richer = with_budget(scenario, 1.1 * scenario.bodies[body].values["budget"], body)
    base = simulate(scenario, ["late-response"], 300, seed=11).metrics
    changed = simulate(richer, ["late-response"], 300, seed=11).metrics
    one, other = (found["late-response"][:, PLACE["atrocity_entries"]] for found in (base, changed))
    assert np.any(
        base["late-response"][:, PLACE["spent_prevention"]] != changed["late-response"][:, PLACE["spent_prevention"]]
    )
    found = variance_reduction(one, other)
    print(f"variance reduction of onsets, {body}: {found:.1f}")
    assert found >= 4.0


@pytest.mark.slow
def test_common_luck_reduces_the_variance_of_the_headline_pair() -> None:
    found = simulate(load("seminar"), ["late-response", "prevention"], 300, seed=11).metrics
    one, other = (found[name][:, PLACE["atrocity_entries"]] for name in ("late-response", "prevention"))
    reduced = variance_reduction(one, other)
    print(f"variance reduction of onsets, headline pair: {reduced:.2f}")
    assert reduced > 1.5


# -- peacekeeping alone ------------------------------------------------------------------------------------------------

FULL = 60
"""Months after which a mission that is always paid for is at its full strength."""


def mission(perpetrator: float) -> Run:
    """Run a state in atrocity in which peacekeepers, and nothing else, are mandated and fully funded."""
    others = {key: {"providers": ["private-sector"]} for key in load("seminar").forms if key != "peacekeeping"}
    state = {
        "conflict": 3.0,
        "veto": 0.0,
        "commitment": 1.0,
        "groups": {"all": {"share": 0.5, "stage": 4.0, "perpetrator": perpetrator, "targeting": 0.8}},
    }
    body = {"mandates": ["peacekeeping"], "budget": 1e10, "rhythm": 1.0, "decision_delay": 0.0, "will": 1.0}
    still = {f"stages.{name}.base": 0.0 for name in ("from_risk", "from_threat", "from_imminent", "from_atrocity")}
    still |= {f"conflict.{name}.base": 0.0 for name in ("settlement", "abatement", "healing")}
    still |= {"stages.perpetrator_violations": 0.02}
    willing = {"assistance.openness": 1.0, "assistance.perpetrator_refuses": 0.0, "principles.ownership.strength": 0.0}
    willing |= {"assistance.reference_willingness": 1.0, "assistance.training_gain": 0.0}
    ideal = willing | {"principles.harm.screening": 1.0, "response.mandate_delay": 1.0}
    # The Council decides, and pays for nothing.
    council = {"mandates": ["security-council"], "budget": 0.0, "decision_delay": 1.0, "will": 1.0}
    bodies = {"blue": body, "council": council}
    scenario = scenario_with({"alone": state}, bodies, forms=others, parameters=nested(still | ideal))
    world = build(scenario)
    assert [world.forms[f] for f in world.rows.provides] == ["peacekeeping"]
    return run(world, scenario.parameter_values(), FULL)


def of_mission(r: Run, column: str) -> np.ndarray:
    """Give a column of the peacekeepers' programme, shape (months + 1,)."""
    found: np.ndarray = r.programme[:, PROGRAMME.index[column], r.world.forms.index("peacekeeping")]
    return found


def factor_on_killing(r: Run) -> float:
    """Give what the channels of assistance multiply the killing rate by in the last month, as the rule applies them."""
    kind = r.of_group("perpetrator")[-1, 0]
    weight = {1.0: 0.0, 2.0: 1.0, 3.0: 0.5}[kind]
    effect = r.of_group("aid_killing")[-1, 0] + weight * r.of_group("aid_killing_by_armed_groups")[-1, 0]
    return float(np.exp(effect))


def test_peacekeepers_take_more_than_ten_months_to_full_strength() -> None:
    r = mission(2.0)
    strength = of_mission(r, "strength")
    mandated = int(np.argmax(r.of_state("mandate")[:, 0] > 0.0))
    full = int(np.argmax(strength >= 1.0))
    assert strength[-1] == 1.0 and of_mission(r, "funded")[-1] == 1.0
    assert full - mandated > 10
    assert not strength[: mandated + 1].any()


def test_peacekeepers_protect_from_armed_groups_and_hardly_from_a_government() -> None:
    """The factor on the killing rate at full strength: full consent, no loss by ownership, nothing backfires.

    What is left between the two is who kills: under a perpetrating government half of the form is left, and what it
    does against armed groups does not reach the government's own killing.
    """
    factor = {}
    for perpetrator, quality in ((1.0, 0.5), (2.0, 1.0)):
        r = mission(perpetrator)
        assert r.of_group("perpetrator")[-1, 0] == perpetrator and r.of_group("stage")[-1, 0] == 4.0
        assert of_mission(r, "strength")[-1] == 1.0 and of_mission(r, "consent")[-1] == 1.0
        assert of_mission(r, "quality")[-1] == pytest.approx(quality)
        factor[perpetrator] = factor_on_killing(r)
    print(f"killing under peacekeepers: by a government {factor[1.0]:.3f}, by armed groups {factor[2.0]:.3f}")
    assert factor[1.0] > 0.85
    assert factor[2.0] < 0.6


# -- what the present is -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_late_response_spends_about_thirty_dollars_of_response_for_one_of_prevention() -> None:
    found = simulate(load("world"), ["late-response"], 3, seed=1).metrics
    spent = found["late-response"].mean(axis=0)
    ratio = spent[PLACE["spent_response"]] / spent[PLACE["spent_prevention"]]
    print(f"response per dollar of prevention: {ratio:.1f}")
    assert 20.0 < ratio < 60.0


@pytest.mark.parametrize("name", shipped_names())
def test_no_policy_has_more_money_than_another(name: str) -> None:
    """All policies but none have the same total budget, to the whole dollars of each body: what differs is its use."""
    scenario = expand(load(name))
    total = {policy: build(scenario, policy).rows.body[B.budget].sum() for policy in scenario.policies}
    assert total.pop(NO_ASSISTANCE) == 0.0
    assert max(total.values()) - min(total.values()) <= len(scenario.bodies), total


BUDGETS = """
from r2psim.scenario import load, shipped_names
from r2psim.world.build import build
from r2psim.declarations.columns import B
for name in sorted(set(shipped_names()) - {"world"}):
    for policy in load(name).policies:
        print(name, policy, build(load(name), policy).rows.body[B.budget].tolist())
"""


def test_budgets_do_not_depend_on_how_python_orders_sets() -> None:
    """Sums of money in the order of a set once differed between processes, by a dollar after rounding."""
    found = {
        subprocess.run(
            [sys.executable, "-c", BUDGETS],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(PACKAGE.parent)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(3)
    }
    assert len(found) == 1


@pytest.mark.parametrize("mandate", ["humanitarian", "good-offices"])
def test_no_money_is_lost_where_all_bodies_stand_on_one_side(mandate: str) -> None:
    body = {"mandates": [mandate], "budget": 1e6}
    scenario = scenario_with({"alone": {}}, {"only": body}, SHIPPED_POLICIES)
    total = {policy: build(scenario, policy).rows.body[B.budget].sum() for policy in OTHERS}
    assert set(total.values()) == {1e6}, total


def test_a_policy_of_ones_own_is_like_those_that_ship() -> None:
    data = load("seminar").resolved()
    data["policies"]["mine"] = {"parameters": {"assistance": {"budget_scale": 0.0}}}
    mine = scenario_of(data)
    assert sha256(mine, "mine", years=3) == sha256(mine, NO_ASSISTANCE, years=3)
