"""What bodies weigh and decide: demand, ratings, the limits of a decision, and the order of its slots."""

from __future__ import annotations

import math

import numpy as np
import pytest
from assistance_worlds import FORMS, FULL, ample, ask_consent, copies, form_place, pledged, programme, put, setting
from decision_worlds import Table
from worlds import parameters

from r2psim.declarations.channels import CHANNELS
from r2psim.declarations.columns import GROUP_CHANNELS, STATE, B, L, R, S
from r2psim.rules.accounts import accounts
from r2psim.rules.decision import decision, offering, stretch_of
from r2psim.rules.delivery import delivery
from r2psim.rules.demand import demand
from r2psim.rules.draws import draws_of
from r2psim.scenario.parameters import PARAMETERS, P

FIRST = draws_of(1, 0, 0)
WAR = 3.0
ASSESSMENT_WORTH = PARAMETERS["assistance.assessment_worth"].default

# -- demand ------------------------------------------------------------------------------------------------------------


def lacking(form: str) -> str | None:
    """Name the variable of the state that a form builds first, if it builds one."""
    built = [e.on for e in FORMS[form].effects if CHANNELS[e.on].kind == "raise" and not e.channel.harms(e.size)]
    return next((on for on in built if on in STATE.index), None)


@pytest.mark.parametrize("floor", [0.0, 0.5, 1.0])
def test_demand_is_worth_times_lack_where_a_form_applies(floor: float) -> None:
    count = 300
    rng = np.random.default_rng(8)
    rows = copies(setting(), count)
    p = parameters({"principles.mutual.floor": floor, "assistance.lack_error": 0.0})
    delivery(0, count, rows, p, FIRST)
    for name in ("commitment", *{name for key in FORMS if (name := lacking(key))}):
        rows.state[STATE.index[name]] = rng.choice([0.0, 0.25, 0.5, 1.0], count)
    stage, mandate = rng.integers(0, 5, count), rng.integers(0, 2, count)
    rows.state[S.stage], rows.state[S.mandate] = stage, mandate
    decided = rng.integers(0, 2, count)
    for gate in ("embargo", "jurisdiction", "inquiry", "requested", "mission_troops"):
        rows.state[STATE.index[gate]] = decided
    rows.state[S.debated] = rng.integers(0, 2, count)
    demand(0, count, rows, p, FIRST)
    seen = programme(rows, "demand")
    for f, (key, form) in enumerate(FORMS.items()):
        helps = [e for e in form.effects if not e.channel.harms(e.size)]
        potency = sum(abs(math.log(e.believed)) if e.channel.kind == "multiplier" else abs(e.believed) for e in helps)
        if form.part == "training":
            kept = FORMS["peacekeeping"].effects
            potency += p[P.assistance_training_gain] * sum(abs(math.log(e.size)) for e in kept)
        worth = (ASSESSMENT_WORTH if form.assessment else potency) / np.sqrt(programme(rows, "cost")[:, f])
        name = lacking(key)
        lack = 1.0 - rows.state[STATE.index[name]] if name else 1.0
        applies = (form.stages[0] <= stage) & (stage <= form.stages[1]) & ((mandate == 1) | (not form.mandate))
        applies &= (decided == 1) | (form.waits_for == "nothing")
        applies &= rows.state[S.commitment] >= floor * form.consent
        called = 1.0 + p[P.response_peaceful_call] * form.peaceful * rows.state[S.debated]
        assert seen[:, f] == pytest.approx(np.where(applies, worth * lack * called, -1.0)), key


def test_urgency_is_the_stage_or_the_war() -> None:
    rows = copies(setting(), 10)
    rows.state[S.stage] = [0, 1, 2, 3, 4] * 2
    rows.state[S.conflict] = [0.0] * 5 + [WAR] * 5
    for of_war in (0.0, 0.6, 1.0):
        demand(0, 10, rows, parameters({"assistance.war_urgency": of_war}), FIRST)
        of_stage = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
        assert np.array_equal(rows.state[S.urgency], [*of_stage, *np.maximum(of_stage, of_war)])


def test_effects_on_groups_are_no_lack_of_the_state() -> None:
    assert not set(GROUP_CHANNELS) & {name for key in FORMS if (name := lacking(key))}


def expected_harm(seen: np.ndarray, stages: np.ndarray, error: float = 0.0, signal: float = 1.0) -> np.ndarray:
    """Work out what a body expects of states at peace, beside the rule: odds against a typical state of the kind."""
    typical, spread, slope = (PARAMETERS[f"observation.{key}"].default for key in ("typical", "spread", "slope"))
    shares = np.array([PARAMETERS[f"observation.onset_{k}"].default for k in range(5)])
    odds = np.log(shares / (1.0 - shares))
    at_stage = odds.copy()
    at_stage[[0, 2]] = signal * odds[[0, 2]] + (1.0 - signal) * odds[1]
    believed = signal * spread**2 / max(signal**2 * spread**2 + error**2, 1e-300) * (seen - typical)
    held_against = np.where(stages <= 2, odds[2], odds[3])
    further = np.where(stages <= 2, slope * believed, 0.0)
    ahead = at_stage[stages.astype(int)] + further - held_against
    return 1.0 / (1.0 + np.exp(-ahead))


KNOWN = {"observation.noise": 0.0}
"""Nobody errs but the body itself."""


# -- ratings -----------------------------------------------------------------------------------------------------------


def test_a_body_rates_its_members_and_ranks_them_by_priority() -> None:
    perceived, stages = [0.35, 0.9, 0.5, 0.7, 0.4], [4.0, 0.0, 2.0, 1.0, 3.0]
    table = Table(stages, perceived, ["peer-review"], budget=1e9, will=0.2, noise=0.0)
    table.a_month(parameters(FULL | KNOWN))
    rating = table.rows.rating
    priority = expected_harm(np.array(perceived), np.array(stages)) * (0.2 + 0.8 * np.array(stages) / 4.0)
    order = np.argsort(-priority)
    assert np.array_equal(rating[R.seen], perceived) and np.array_equal(rating[R.urgency], np.array(stages) / 4.0)
    assert np.array_equal(rating[R.candidate], order)
    assert rating[R.priority] == pytest.approx(priority)


@pytest.mark.parametrize("considered", [1, 24, 90, 1000])
@pytest.mark.parametrize("will", [0.0, 0.3, 1.0])
def test_a_ranking_is_a_stable_sort_however_priorities_crowd(will: float, considered: int) -> None:
    rng = np.random.default_rng(5)
    for perceived in (
        rng.uniform(0.0, 1.0, 90),
        rng.choice([0.0, 0.25, 0.5, 1.0], 90),
        0.4 + 1e-9 * rng.integers(0, 5, 90),
        np.repeat([0.0, 1.0], 45),
        rng.uniform(0.0, 1.0, 90) ** 6,
    ):
        stages = rng.integers(0, 5, 90).astype(float)
        table = Table(list(stages), list(perceived), ["peer-review"], budget=1e9, will=will, noise=0.0)
        table.a_month(parameters(FULL | KNOWN | {"assistance.considered": float(considered)}))
        rating = table.rows.rating
        priority = expected_harm(perceived, stages) * (will + (1.0 - will) * stages / 4.0)
        best = min(considered, 90)
        assert rating[R.priority] == pytest.approx(priority)
        assert np.array_equal(rating[R.candidate, :best], np.argsort(-rating[R.priority], kind="stable")[:best])
        stretch = np.floor((1.0 - rating[R.priority]) * 89.0)
        assert np.array_equal(rating[R.ranked], [(stretch <= k).sum() for k in range(90)])


def test_whatever_a_priority_is_it_falls_into_a_stretch() -> None:
    assert [stretch_of(x, 5) for x in (1.0, 0.76, 0.75, 0.5, 0.01, 0.0)] == [0, 0, 1, 2, 3, 4]
    for odd, place in ((math.nan, 0), (math.inf, 0), (7.0, 0), (-math.inf, 4), (-3.0, 4)):
        assert stretch_of(odd, 5) == place
    assert stretch_of(0.3, 1) == 0


def test_the_urgency_of_war_decides_whether_a_war_comes_before_a_threat() -> None:
    for of_war, first in ((0.9, 0.0), (0.1, 1.0)):
        table = Table([0.0, 2.0], [0.5, 0.5], ["peer-review"], budget=1e9, will=0.0, noise=0.0)
        table.rows.state[S.conflict, 0] = WAR
        table.a_month(parameters(FULL | {"assistance.war_urgency": of_war}))
        assert table.rows.rating[R.candidate, 0] == first


def test_a_body_without_error_sees_the_public_assessment_and_with_it_something_else() -> None:
    seen = []
    for noise, gain, capacity in ((0.0, 0.0, 0.0), (0.1, 0.0, 0.0), (0.1, 0.5, 1.0), (0.1, 1.0, 1.0)):
        table = Table([2.0] * 200, [0.5] * 200, ["mediation"], budget=1e9, noise=noise)
        put(table.rows, {"early_warning": capacity})
        table.a_month(parameters(FULL | {"observation.early_warning": gain}))
        seen.append(table.rows.rating[R.seen] - 0.5)
    assert not seen[0].any() and not seen[3].any(), "full early warning takes the error away"
    assert 0.08 < seen[1].std() < 0.12 and seen[2] == pytest.approx(0.5 * seen[1])
    assert len(np.unique(seen[1])) == 200, "every state has a luck of its own"


# -- limits of a decision ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("considered", "found"), [(1.0, {1}), (2.0, {1, 3}), (4.0, {1, 3, 2, 4}), (1000.0, {*range(5)})]
)
def test_a_body_considers_its_best_ranked_members_only(considered: float, found: set[int]) -> None:
    table = Table([2.0] * 5, [0.3, 0.9, 0.5, 0.7, 0.4], ["mediation"], budget=1e9, noise=0.0)
    table.a_month(parameters(FULL | {"assistance.considered": considered}))
    assert {state for state, _ in table.pledged} == found


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_body_begins_so_many_forms_in_a_state_at_once(at_once: int) -> None:
    forms = [key for key, form in FORMS.items() if form.stages[0] <= 2 <= form.stages[1] and not form.mandate][:9]
    table = Table([2.0, 2.0], [0.5, 0.4], forms, budget=1e12)
    p = parameters(FULL | {"assistance.forms_at_once": float(at_once), "principles.flexibility.share": 0.0})
    for m in range(1, 9 // at_once + 1):
        table.a_month(p)
        for state in (0, 1):
            assert len([s for s, _ in table.pledged if s == state]) == at_once * m


@pytest.mark.parametrize(("smallest", "begins"), [(0.0, True), (0.2, True), (0.29, True), (0.31, False), (1.0, False)])
def test_a_body_begins_nothing_of_which_it_can_pay_too_small_a_part(smallest: float, begins: bool) -> None:
    cost = FORMS["mediation"].unit_cost
    table = Table([2.0], [0.5], ["mediation"], budget=0.3 * cost)
    table.a_month(parameters(FULL | {"assistance.smallest_part": smallest}))
    assert bool(table.pledged) == begins


# -- slots and notes ---------------------------------------------------------------------------------------------------


def contents(table: Table) -> dict[tuple[int, int], tuple[float, float]]:
    """Give what the body has promised: state and form -> amount and first month."""
    taken = len(pledged(table.rows))
    slots = table.rows.pledge[[L.state, L.form, L.amount, L.begins], :taken].T.tolist()
    return {(int(s), int(f)): (amount, begins) for s, f, amount, begins in slots}


def test_money_for_a_single_programme_is_paid_when_it_was_to_be_whatever_flexibility_could_free() -> None:
    table = Table([2.0], [0.9], ["mediation"], budget=0.9 * FORMS["mediation"].unit_cost)
    ample(table.rows, decision_delay=2.0)
    p = parameters(FULL | {"principles.flexibility.share": 0.5})
    for _ in range(2):
        table.a_month(p)
        assert table.of_body("spent") == 0.0
    table.a_month(p)
    assert table.of_body("spent") > 0.0


def test_what_is_kept_moves_up_with_its_amount_and_its_month() -> None:
    count, p = 6, FULL | {"principles.flexibility.share": 0.0}
    cost = FORMS["mediation"].unit_cost
    table = Table([2.0] * count, list(np.linspace(0.9, 0.4, count)), ["mediation"], budget=5.5 * cost)
    ample(table.rows, decision_delay=2.0)
    f = table.places[0]
    table.a_month(parameters(p | {"assistance.considered": 3.0}))
    table.a_month(parameters(p))
    before = contents(table)
    assert list(before) == [(s, f) for s in range(count)]
    assert [begins for _, begins in before.values()] == [2.0] * 3 + [3.0] * 3
    assert before[5, f][0] < before[4, f][0], "money for a part only"
    table.rows.state[S.stage, [0, 2, 3]] = 0.0  # where mediation does not apply
    only_the_first = parameters(p | {"assistance.considered": 1.0})
    table.a_month(only_the_first)
    assert table.rows.body[B.pledges, 0] == 3.0
    kept = {key: before[key] for key in before if key[0] in (1, 4, 5)}
    assert contents(table) == kept
    assert (table.rows.pledge[L.programme, 3:] == -1.0).all() and not table.rows.pledge[L.amount, 3:].any()
    assert table.of_body("spent") == kept[1, f][0], "the others begin a month later"
    table.a_month(only_the_first)
    assert table.of_body("spent") == kept[1, f][0] + sum(amount for amount, _ in kept.values())


@pytest.mark.parametrize("attention", [1.0, 7.0, 59.0, 60.0, 150.0])
def test_a_body_funds_what_it_can_attend_to_and_no_more(attention: float) -> None:
    forms = ["mediation", "preventive-diplomacy"]
    table = Table([2.0] * 30, [0.5] * 30, forms, budget=1e9, attention=attention)
    table.months(parameters(FULL | {"assistance.considered": 30.0}), 12)
    assert table.of_body("pledges") == len(table.pledged) == min(attention, 60.0)


def test_a_decision_leaves_no_notes() -> None:
    forms = ["mediation", "preventive-diplomacy", "human-rights-monitoring"]
    rng = np.random.default_rng(2)
    table = Table([2.0] * 8, [0.5] * 8, forms, budget=6e7, rhythm=2.0)
    changed = 0
    for m in range(36):
        table.stand(list(rng.integers(0, 5, 8).astype(float)), list(rng.uniform(0.1, 0.9, 8)))
        draws, before = draws_of(1, 0, m), table.pledged
        p = parameters(FULL | {"principles.flexibility.share": float(rng.choice([0.0, 0.5, 1.0]))})
        for rule, count in ((demand, 8), (decision, 1), (offering, 1), (delivery, 8), (accounts, 1)):
            rule(0, count, table.rows, p, draws)
            assert not table.rows.note.any(), (m, rule.__name__)
        changed += before != table.pledged
    assert changed > 5 and table.of_body("spent") > 0.0


def test_a_body_without_consent_or_leverage_funds_nothing_and_leverage_replaces_consent() -> None:
    key = "inclusive-governance"
    for willing, leverage in ((0.0, 0.0), (0.0, 1.0), (0.5, 0.0), (1.0, 0.0)):
        table = Table([1.0], [0.5], [key], budget=1e12, leverage=leverage)
        p = parameters(FULL | {"assistance.consent_gate": 0.5})
        put(table.rows, {"willingness": willing})
        ask_consent(table.rows)
        demand(0, 1, table.rows, p, FIRST)
        decision(0, 1, table.rows, p, FIRST)
        consent = 1.0 - FORMS[key].consent * (1.0 - willing) * (1.0 - leverage)
        assert bool(table.pledged) == (consent >= 0.5), (willing, leverage)
        assert table.pledged <= {(0, form_place(key))}
