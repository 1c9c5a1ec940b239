"""Money: every cent that a body receives is spent, kept or returned, and spent only where and on what it may act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from worlds import (
    LIVELY_BODIES,
    LIVELY_FORMS,
    SHIPPED_POLICIES,
    Run,
    lively_parameters,
    nested,
    random_bodies,
    random_parameters,
    random_states,
    run,
    scenario_with,
    world_of,
)

from r2psim.declarations.columns import BODY, PLEDGE, PR, PROGRAMME, B, F, L, S
from r2psim.ensemble.measures import METRICS, metrics_of, spending_of
from r2psim.scenario import Scenario
from r2psim.scenario.parameters import PARAMETERS, P
from r2psim.world.build import build

POLICIES = list(SHIPPED_POLICIES)
EXACT = 2.0**53
"""Below this, whole numbers and their sums are exact in a float64."""

LARGEST = 2e13
"""US$ a year of all bodies together in random cases: what four years of it add up to is still exact."""

MONEY = [place for place, column in enumerate(BODY.columns) if column.unit.startswith("US cents")]
PRICES = [place for place, column in enumerate(PROGRAMME.columns) if column.unit.startswith("US cents")]
PROMISES = [place for place, column in enumerate(PLEDGE.columns) if column.unit.startswith("US cents")]
SPENT = slice(PR.spent_0, PR.spent_0 + 5)


@dataclass(frozen=True)
class Case:
    """A scenario to run under one of its policies."""

    scenario: Scenario
    policy: str
    months: int
    seed: int = 1

    def run(self) -> Run:
        """Run it and keep every column of every month."""
        world = build(self.scenario, self.policy)
        return run(world, self.scenario.parameter_values(self.policy), self.months, self.seed)

    @property
    def rate(self) -> float:
        """What coordination costs, as a share of what is coordinated."""
        p = self.scenario.parameter_values(self.policy)
        return float(p[P.challenges_complexity_coordination_cost] * p[P.challenges_complexity_coordination])


def random_case(seed: int, states: int, bodies: int, policy: str, months: int, share: float, lively: bool) -> Case:
    """Draw a scenario: states anywhere, bodies of every size of budget, parameters anywhere in their ranges."""
    rng = np.random.default_rng(seed)
    entries = random_states(rng, states, groups=3)
    p = random_parameters(seed, share)
    changed = {path: float(value) for path, value in zip(PARAMETERS, p, strict=True)}
    if lively:
        changed |= {path: float(v) for path, v in zip(PARAMETERS, lively_parameters(), strict=True) if _is_luck(path)}
    drawn = random_bodies(rng, list(entries), bodies)
    richest = sum(body["budget"] for body in drawn.values()) * changed["challenges.resources.relief"]
    if richest > 0.0:
        changed["assistance.budget_scale"] = min(changed["assistance.budget_scale"], LARGEST / richest)
    scenario = scenario_with(entries, drawn, SHIPPED_POLICIES, LIVELY_FORMS, parameters=nested(changed))
    return Case(scenario, policy, months, seed)


def _is_luck(path: str) -> bool:
    return path.startswith(("stages.", "conflict.", "triggers."))


cases = st.builds(
    random_case,
    seed=st.integers(0, 2**32 - 1),
    states=st.integers(1, 4),
    bodies=st.integers(1, 6),
    policy=st.sampled_from(POLICIES),
    months=st.integers(1, 48),
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    lively=st.booleans(),
)


def rich_case(policy: str, months: int = 120, **changed: Any) -> Case:
    """Give a world in which every mandate has a body with money, and everything happens."""
    states = random_states(np.random.default_rng(9), states=5, groups=4)
    parameters = {path: float(value) for path, value in zip(PARAMETERS, lively_parameters(), strict=True)}
    bodies = {key: {**body, **changed} for key, body in LIVELY_BODIES.items()}
    return Case(
        scenario_with(states, bodies, SHIPPED_POLICIES, LIVELY_FORMS, parameters=nested(parameters)), policy, months
    )


def check_whole_cents(r: Run) -> None:
    """Assert that all money is in whole cents, that none is negative, and all of it small enough to be exact."""
    for block, places in ((r.body, MONEY), (r.programme, PRICES), (r.pledge, PROMISES)):
        money = block[:, places]
        assert np.array_equal(money, np.floor(money))
        assert money.min(initial=0.0) >= 0.0
        assert money.max(initial=0.0) < EXACT
    assert np.array_equal(r.ledger, np.floor(r.ledger)) and r.ledger.min(initial=0.0) >= 0.0


def check_conserved(r: Run) -> None:
    """Assert in whole numbers that what came in is spent, at hand or returned, however it is added up."""
    whole = {name: r.of_body(name).astype(np.int64) for name in BODY.names if BODY.index[name] in MONEY}
    assert np.array_equal(whole["received"], whole["spent"] + whole["balance"] + whole["returned"])
    assert np.array_equal(whole["spent"], whole["spent_prevention"] + whole["spent_response"])
    ledger = r.ledger.astype(np.int64)
    assert np.array_equal(ledger.sum(axis=2), whole["spent"])
    programmes = r.programme[:, SPENT].astype(np.int64)
    assert np.array_equal(programmes.sum(axis=(1, 2)), whole["spent"].sum(axis=1))
    states, forms = len(r.world.states), len(r.world.forms)
    by_form = programmes.reshape(len(programmes), 5, forms, states).sum(axis=(1, 3))
    assert np.array_equal(by_form, ledger.sum(axis=1))


def check_years(r: Run) -> None:
    """Assert that a twelfth of the budget comes every month, and that what is kept at a year's end is what may be."""
    months = np.arange(len(r.body))[:, None]
    tranche = np.floor(r.of_body("budget")[0] * 100.0 / 12.0)
    assert np.array_equal(r.of_body("received"), months * tranche)
    back = np.diff(r.of_body("returned"), axis=0)
    ends = np.arange(len(back)) % 12 == 11
    assert not back[~ends].any()
    kept = r.of_body("balance")[1:][ends]
    assert np.array_equal(kept, np.floor((kept + back[ends]) * r.of_body("carry_over")[1:][ends]))


def check_permitted(r: Run) -> None:
    """Assert that bodies pledge and pay only for forms that they may provide, and only in their member states.

    One that coordinates also pays for the coordination of what others provide.
    """
    rows, forms = r.world.rows, len(r.world.forms)
    states = len(r.world.states)
    reachable = np.zeros((forms, states), dtype=bool)
    for b in range(len(r.world.bodies)):
        provides = rows.provides[rows.provides_start[b] : rows.provides_start[b + 1]]
        members = rows.member[rows.member_start[b] : rows.member_start[b + 1]]
        barred = np.setdiff1d(np.arange(forms), provides)
        assert not r.ledger[:, b, barred].any() or r.of_body("coordinates")[0, b] > 0.0
        pledged = r.pledge[:, L.programme, rows.pledge_start[b] : rows.pledge_start[b + 1]]
        taken = pledged[pledged >= 0.0].astype(int)
        assert np.isin(taken % states, members).all() and np.isin(taken // states, provides).all()
        reachable[np.ix_(provides, members)] = True
    assert not r.programme[:, SPENT][..., ~reachable.reshape(-1)].any()


def check_spending(r: Run, rate: float) -> None:
    """Assert that a programme takes no more than it and its coordination cost, and what is prevention and response."""
    spent = r.programme[:, SPENT]
    rises = np.diff(spent, axis=0)
    assert rises.min(initial=0.0) >= 0.0
    used = np.minimum(r.programme[1:, PR.cost], r.programme[1:, PR.pledged])
    coordinators = r.of_body("coordinates")[0].sum()
    assert np.all(rises.sum(axis=1) <= used + coordinators * np.floor(rate * used))
    states, forms = len(r.world.states), len(r.world.forms)
    paid = rises.reshape(len(rises), 5, forms, states).swapaxes(2, 3)
    stage = r.of_state("stage")[1:]
    for k in range(5):
        assert not paid[:, k][stage != k].any(), "booked at a stage at which the state was not"
    crisis = (stage >= 3.0) | (r.of_state("conflict")[1:] == 3.0)
    response = r.world.rows.form[F.response] > 0.0
    late = np.where(crisis[:, :, None] | response, paid.sum(axis=1), 0.0).sum(axis=(1, 2))
    assert np.array_equal(np.diff(r.of_body("spent_response").sum(axis=1)), late)


def check_pledges(r: Run) -> None:
    """Assert that a body's slots in use come first, are counted, and say which programme; and that no note is left."""
    states, start = len(r.world.states), r.world.rows.pledge_start
    for b in range(len(r.world.bodies)):
        slots = r.pledge[:, :, start[b] : start[b + 1]]
        programme = slots[:, L.programme]
        used = programme >= 0.0
        assert np.array_equal(r.of_body("pledges")[:, b], used.sum(axis=1))
        assert np.all(r.of_body("pledges")[:, b] <= r.of_body("attention")[:, b])
        assert np.array_equal(used, np.arange(used.shape[1]) < r.of_body("pledges")[:, [b]])
        assert np.array_equal(programme[used], (slots[:, L.form] * states + slots[:, L.state])[used])
        assert not slots[:, L.amount][~used].any() and not slots[:, L.offer].any()
        ordered = np.sort(programme, axis=1)
        assert not ((np.diff(ordered, axis=1) == 0.0) & (ordered[:, 1:] >= 0.0)).any(), "two slots for one programme"
    assert not r.note.any(), "a decision leaves its notes behind"


def check_money(r: Run, rate: float = 0.0) -> None:
    """Assert all of the above, where coordination costs so much of what it coordinates."""
    check_whole_cents(r)
    check_conserved(r)
    check_years(r)
    check_permitted(r)
    check_spending(r, rate)
    check_pledges(r)


@settings(max_examples=150)
@given(case=cases)
@example(case=rich_case("prevention"))
@example(case=rich_case("prevention", budget=0.0))
@example(case=rich_case("late-response", budget=1e12))
@example(case=rich_case("late-response", budget=0.13))
@example(case=rich_case("late-response", carry_over=0.333, rhythm=5.0))
def test_every_cent_is_spent_kept_or_returned(case: Case) -> None:
    check_money(case.run(), case.rate)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_conserves_money_where_all_of_it_moves(policy: str) -> None:
    case = rich_case(policy, carry_over=0.25)
    r = case.run()
    check_money(r, case.rate)
    total = {name: r.of_body(name)[-1].sum() for name in ("received", "spent_prevention", "spent_response", "returned")}
    # The test is worth something only where money took every way.
    assert all(total.values()) is (policy != "no-assistance"), total
    states = r.programme[-1, SPENT].sum(axis=0) > 0.0
    assert not states.any() or (r.programme[1:, PR.accepted] < 1.0).any(), "no programme was ever offered too much"


def test_the_largest_budgets_are_exact_to_the_cent_for_the_longest_run() -> None:
    most = BODY["budget"].high * PARAMETERS["assistance.budget_scale"].high
    longest = 200 * 12
    world = build(
        scenario_with(
            {"alone": {}},
            {"rich": {"budget": BODY["budget"].high, "carry_over": 1.0}},
            parameters={"assistance": {"budget_scale": PARAMETERS["assistance.budget_scale"].high}},
        )
    )
    tranche = np.floor(world.rows.body[B.budget, 0] * 100.0 / 12.0)
    assert tranche * longest < EXACT, f"US$ {most:g} a year for 200 years is {tranche * longest:g} cents"


@pytest.mark.parametrize(("carry_over", "keeps"), [(0.0, False), (1.0, True)])
def test_unspent_money_is_returned_or_carried_over(carry_over: float, keeps: bool) -> None:
    bodies = {"saver": {"budget": 1e7, "carry_over": carry_over}}
    r = run(world_of({"alone": {}}, bodies), lively_parameters(), 36)
    tranche = np.floor(1e9 / 12.0)
    ends = r.body[[12, 24, 36]]
    assert np.array_equal(ends[:, B.balance, 0], [12 * y * tranche if keeps else 0.0 for y in (1, 2, 3)])
    assert np.array_equal(ends[:, B.returned, 0], [0.0 if keeps else 12 * y * tranche for y in (1, 2, 3)])


def test_of_more_money_than_a_programme_costs_every_body_keeps_its_part() -> None:
    """Two bodies that decide at the same moment each offer all that a programme costs."""
    same = {"mandates": ["peacekeeping"], "budget": 1e9, "decision_delay": 0.0, "will": 1.0}
    states = {"alone": {"conflict": 3.0, "groups": {"all": {"stage": 3.0, "targeting": 0.8}}}}
    r = Case(scenario_with(states, {"one": same, "two": same}), "no-assistance", 1).run()
    assert not r.of_body("spent").any()
    council = {"mandates": ["security-council"], "budget": 0.0, "will": 1.0}
    r = run(world_of(states, {"one": same, "two": same, "council": council}), lively_parameters(), 60)
    check_money(r)
    shared = (r.programme[1:, PR.accepted] < 1.0).any(axis=1)
    assert shared.any() and r.of_state("mandate").any()
    paid = np.diff(r.of_body("spent")[:, :2], axis=0)[shared]
    # What is offered is shared, not given to whoever comes first.
    assert np.all(paid.min(axis=1)[paid.max(axis=1) > 0.0] > 0.0)


def test_the_measures_of_a_run_add_up() -> None:
    r = rich_case("prevention").run()
    rows = r.world.rows._replace(
        state=r.state[-1], group=r.group[-1], body=r.body[-1], programme=r.programme[-1], ledger=r.ledger[-1]
    )
    found = dict(zip(METRICS, metrics_of(rows, 120), strict=True))
    spent = r.of_body("spent")[-1].sum() / 100.0
    assert found["spent_prevention"] + found["spent_response"] == pytest.approx(spent, rel=1e-12)
    assert found["response_cost"] == pytest.approx(
        found["spent_response"] + rows.state[S.reconstruction_cost].sum(), rel=1e-12
    )
    parts = ("spent_prevention", "response_cost", "hosting_cost", "gdp_lost")
    assert found["total_cost"] == pytest.approx(sum(found[name] for name in parts), rel=1e-12)
    assert spending_of(rows).sum() == pytest.approx(spent, rel=1e-12)
    np.testing.assert_allclose(spending_of(rows).sum(axis=1), r.ledger[-1].sum(axis=0) / 100.0, rtol=1e-12)
