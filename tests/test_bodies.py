"""What bodies see, expect, keep on standby, and do that nobody else does."""

from __future__ import annotations

import numpy as np
import pytest
from assistance_worlds import FORMS, FULL, ask_consent, copies, form_place, fund, programme, put, setting, strengthen
from decision_worlds import Table
from worlds import parameters

from r2psim.analysis.without_need import spent_where_nothing_came
from r2psim.declarations.columns import BODY, PR, B, L, R, S
from r2psim.rules.accounts import accounts
from r2psim.rules.delivery import delivery
from r2psim.rules.draws import draws_of
from r2psim.rules.observation import observation, warn
from r2psim.scenario import load
from r2psim.scenario.parameters import PARAMETERS
from r2psim.world.build import build
from r2psim.world.rows import copy_rows

FIRST = draws_of(1, 0, 0)
PERFECT = {"observation.error": 0.0}
NONE = {"observation.signal": 0.0}
MEDIATION = "mediation"


def scored(changed: dict[str, float]) -> np.ndarray:
    """Give score and perceived risk of states that differ in capacity and motive."""
    rows = copies(setting(), 60)
    rng = np.random.default_rng(1)
    for k in range(14):
        rows.state[S.rf1 + k] = rng.uniform(0.0, 1.0, 60)
    observation(0, 60, rows, parameters(changed), FIRST)
    return rows.state[[S.risk_score, S.perceived]]


# -- information -------------------------------------------------------------------------------------------------------


def test_information_can_be_perfect_or_none() -> None:
    score, perceived = scored(PERFECT)
    assert np.array_equal(score, perceived)
    score, perceived = scored(NONE | PERFECT)
    assert len(np.unique(score)) == 60
    assert perceived == pytest.approx(PARAMETERS["observation.typical"].default)
    score, perceived = scored({"observation.noise": 0.1})
    assert 0.05 < (perceived - score).std() < 0.15


def test_the_six_specific_factors_have_their_weight_and_no_more() -> None:
    rows = copies(setting(), 1)
    rows.state[S.rf1 : S.rf1 + 14] = 0.0
    rows.state[S.rf1 + 8 : S.rf1 + 14] = 1.0
    for weight in (0.0, 0.5, 1.0):
        observation(0, 1, rows, parameters(PERFECT | {"observation.specific": weight}), FIRST)
        assert rows.state[S.risk_score, 0] == pytest.approx(weight)


def helped(changed: dict[str, float], seed: int) -> float:
    """Give the mean true risk of the states that a poor body helps, less that of all, when it sees with an error."""
    rng = np.random.default_rng(seed)
    risk = list(np.clip(rng.normal(0.25, 0.1, 24), 0.02, 0.9))
    table = Table([2.0] * 24, risk, [MEDIATION], budget=6.0 * 4e6, noise=0.2, decision_delay=0.0)
    p = parameters(FULL | {"principles.flexibility.share": 0.0} | changed)
    table.rows.state[S.perceived] = np.array(risk) if changed != NONE else PARAMETERS["observation.typical"].default
    table.a_month(p)
    return float(np.mean([risk[s] for s, _ in table.pledged]) - np.mean(risk))


def test_a_poor_body_that_sees_better_helps_those_at_greater_risk() -> None:
    by_information = [np.mean([helped(c, seed) for seed in range(30)]) for c in (NONE, {}, PERFECT)]
    assert by_information[0] == pytest.approx(0.0, abs=0.03)
    assert by_information[0] + 0.015 < by_information[1] < by_information[2] - 0.03, by_information


def test_without_information_states_before_a_crisis_look_alike_and_crises_do_not() -> None:
    table = Table([0.0, 1.0, 2.0, 3.0, 4.0], [0.14] * 5, [MEDIATION], budget=1e9, will=1.0, noise=0.3)
    table.a_month(parameters(FULL | NONE))
    priority = table.rows.rating[R.priority]
    assert len(set(priority[:3])) == 1 and priority[3] < priority[4]
    table.a_month(parameters(FULL | PERFECT))
    assert np.all(np.diff(table.rows.rating[R.priority][:3]) > 0.0)


def test_a_body_believes_less_of_what_it_sees_the_more_it_errs() -> None:
    spreads = []
    for noise in (0.0, 0.1, 0.4):
        table = Table([1.0] * 40, [0.3] * 40, [MEDIATION], budget=1e9, will=1.0, noise=noise)
        table.rows.state[S.perceived] = 0.3
        table.a_month(parameters(FULL))
        assert table.rows.rating[R.error] == pytest.approx(
            np.hypot(noise, PARAMETERS["observation.noise"].default)
            * (1.0 - PARAMETERS["observation.early_warning"].default * table.rows.state[S.early_warning])
        )
        spreads.append(float(np.median(table.rows.rating[R.priority])))
    assert spreads[0] > spreads[1] > spreads[2], "a risk above the typical counts less where it may be an error"


@pytest.mark.parametrize(("capacity", "quicker", "wait"), [(0.0, 0.5, 6), (1.0, 0.5, 3), (1.0, 1.0, 0), (1.0, 0.0, 6)])
def test_early_warning_shortens_the_way_from_a_need_seen_to_help(capacity: float, quicker: float, wait: int) -> None:
    table = Table([2.0], [0.5], [MEDIATION], budget=1e9, decision_delay=6.0)
    put(table.rows, {"early_warning": capacity})
    p = parameters(FULL | {"observation.quicker": quicker})
    table.months(p, wait)
    assert table.of_body("spent") == 0.0
    table.a_month(p)
    assert table.of_body("spent") > 0.0


@pytest.mark.parametrize("capacity", [0.0, 0.13, 0.3, 0.77, 1.0])
def test_what_was_decided_is_paid_though_the_wait_is_no_whole_number_and_flexibility_could_free_it(
    capacity: float,
) -> None:
    table = Table([2.0], [0.9], [MEDIATION], budget=0.9 * FORMS[MEDIATION].unit_cost, decision_delay=5.0, rhythm=1.0)
    put(table.rows, {"early_warning": capacity})
    p = parameters(FULL | {"observation.quicker": 0.5, "principles.flexibility.share": 0.5})
    table.months(p, 7)
    assert table.of_body("spent") > 0.0


# -- warnings, false alarms, misses ------------------------------------------------------------------------------------


def warned(stages: list[float], perceived: list[float], time: float = 4.0) -> dict[str, float]:
    """Let a state go through stages and perceived risks, and give its counts."""
    rows = copies(setting(), 1)
    p = parameters({"observation.warning": 0.3, "observation.warning_time": time})
    before = stages[0]
    for m, (stage, risk) in enumerate(zip(stages, perceived, strict=True)):
        rows.state[S.stage, 0], rows.state[S.perceived, 0] = stage, risk
        rows.state[S.stage_months, 0] = 0.0 if m and stage != before else 1.0
        before = stage
        warn(0, 1, rows, p, draws_of(1, 0, m))
    names = ("warnings_true", "warnings_near", "warnings_false", "onsets_missed")
    return {name: float(rows.state[getattr(S, name), 0]) for name in names if rows.state[getattr(S, name), 0]}


def test_a_warning_is_true_near_or_a_false_alarm_and_an_onset_without_one_is_missed() -> None:
    assert warned([1, 1, 2, 3, 4, 4], [0.1, 0.4, 0.4, 0.4, 0.4, 0.4]) == {"warnings_true": 1.0}
    assert warned([1, 2, 3, 2, 2, 2, 2], [0.4] + [0.1] * 6) == {"warnings_near": 1.0}
    assert warned([1] * 7, [0.4] + [0.1] * 6) == {"warnings_false": 1.0}
    assert warned([1] * 4, [0.4] * 4) == {}, "not known yet"
    assert warned([1] * 10, [0.4] * 10) == {"warnings_false": 2.0}, "one that has run out may be given again"
    assert warned([1, 2, 3, 4, 4], [0.1] * 5) == {"onsets_missed": 1.0}
    assert warned([4, 4, 4], [0.9] * 3) == {}, "what goes on at the start is neither warned of nor missed"
    assert warned([3, 4], [0.9, 0.9]) == {"onsets_missed": 1.0}, "a warning when violations escalate comes too late"


# -- standby -----------------------------------------------------------------------------------------------------------

STANDING_BY = FULL | {"assistance.standby": 0.5, "principles.flexibility.share": 0.0}


def test_standby_money_moves_in_the_month_of_imminent_risk_whatever_rhythm_and_delay() -> None:
    for share, spends in ((0.5, True), (0.0, False)):
        table = Table([1.0], [0.1], [MEDIATION], budget=1e9, rhythm=12.0, decision_delay=12.0, will=0.0)
        p = parameters(STANDING_BY | {"assistance.standby": share})
        table.months(p, 2)
        assert table.of_body("spent") == 0.0
        table.stand([3.0], [0.1])
        table.a_month(p)
        assert (table.of_body("spent") > 0.0) == spends
        table.months(p, 30)
        assert table.of_body("received") == sum(table.of_body(n) for n in ("spent", "balance", "returned"))


def test_standby_money_stays_within_its_share_and_with_rapid_forms() -> None:
    assert {key for key, form in FORMS.items() if form.rapid} == {
        *("preventive-diplomacy", "mediation", "human-rights-monitoring", "police")
    }
    table = Table([3.0] * 6, [0.1] * 6, [MEDIATION, "civil-society"], budget=2.4e7, rhythm=24.0, decision_delay=24.0)
    table.month = 1
    table.a_month(parameters(STANDING_BY))
    assert {f for _, f in table.pledged} == {form_place(MEDIATION)}
    assert 0.0 < table.of_body("spent") <= 0.5 * 2.4e9 / 12.0
    assert len(table.pledged) == 3


def test_standby_money_brings_forward_what_was_decided() -> None:
    table = Table([2.0], [0.5], [MEDIATION], budget=1e9, rhythm=1.0, decision_delay=10.0)
    p = parameters(STANDING_BY)
    table.a_month(p)
    assert table.rows.pledge[L.begins, 0] == 10.0
    table.stand([3.0], [0.5])
    table.a_month(p)
    assert table.of_body("spent") > 0.0 and len(table.pledged) == 1


# -- bodies that act as themselves -------------------------------------------------------------------------------------


def test_a_network_helps_others_and_not_those_who_formed_it() -> None:
    scenario = load("seminar")
    network = scenario.bodies["states-network"]
    by_commitment = {key: state.values["commitment"] for key, state in scenario.states.items()}
    inside = [by_commitment[key] for key in network.members]
    outside = [value for key, value in by_commitment.items() if key not in network.members]
    assert np.mean(inside) < np.mean(outside), "those at risk are helped by those who are not"


def test_neighbours_look_at_what_crosses_the_border() -> None:
    first = {}
    for interest in (0.0, 1.0):
        table = Table([2.0, 2.0], [0.5, 0.2], [MEDIATION], budget=1e9, noise=0.0, interest=interest)
        table.rows.state[S.displaced_abroad, 1] = 1e6
        table.a_month(parameters(FULL))
        first[interest] = int(table.rows.rating[R.candidate, 0])
    assert first == {0.0: 0, 1.0: 1}


def test_neighbours_reach_no_state_without_a_border() -> None:
    scenario = load("seminar")
    world = build(scenario, "prevention")
    b = world.bodies.index("neighbouring-states")
    reached = world.rows.member[world.rows.member_start[b] : world.rows.member_start[b + 1]]
    bordering = np.flatnonzero(np.diff(world.rows.neighbour_start) > 0)
    assert np.array_equal(reached, bordering)


def test_a_strengthened_regional_mechanism_sees_better_and_decides_sooner() -> None:
    found = {}
    for regional, level in ((1.0, 0.0), (1.0, 0.5), (0.0, 0.5)):
        table = Table(
            [2.0] * 50, [0.3] * 50, [MEDIATION], budget=1e12, regional=regional, decision_delay=8.0, noise=0.1
        )
        table.rows.state[S.aid_regional_mechanisms] = level
        table.a_month(parameters(FULL | {"observation.noise": 0.0}))
        begins = table.rows.pledge[L.begins, 0]
        found[regional, level] = float(table.rows.rating[R.error, 0]), float(begins)
    plain, strong, elsewhere = found.values()
    assert strong == pytest.approx((0.5 * plain[0], 4.0)) and elsewhere == plain == (plain[0], 8.0)


def test_investment_in_regional_mechanisms_reaches_the_channel() -> None:
    f = form_place("regional-mechanisms")
    rows = copy_rows(setting().rows)
    strengthen(rows, [f], 0)
    fund(rows, [f], states=0)
    delivery(0, 1, rows, parameters(FULL), FIRST)
    assert rows.state[S.aid_regional_mechanisms, 0] == pytest.approx(0.4)
    delivery(0, 1, rows, parameters(FULL | {"assistance.effect_scale": 0.0}), FIRST)
    assert rows.state[S.aid_regional_mechanisms, 0] == 0.0


def test_leverage_behind_a_programme_wins_consent_and_commitment() -> None:
    found = []
    for leverage in (0.0, 0.5, 1.0):
        table = Table([2.0], [0.5], [MEDIATION], budget=1e9, leverage=leverage, decision_delay=0.0)
        p = parameters(FULL | {"assistance.openness": 0.5, "assistance.leverage_consent": 0.5})
        p2 = parameters(
            FULL
            | {"assistance.openness": 0.5, "assistance.leverage_consent": 0.5, "assistance.leverage_commitment": 0.1}
        )
        put(table.rows, {"commitment": 0.2})
        ask_consent(table.rows)
        table.months(p, 6)
        table.a_month(p2)
        f = table.places[0]
        found.append((programme(table.rows, "quality")[0, f], float(table.rows.state[S.aid_commitment, 0])))
        assert programme(table.rows, "leverage")[0, f] == pytest.approx(leverage, abs=1e-6)
    assert found[0][0] < found[1][0] < found[2][0]
    assert found[0][1] == 0.0 < found[1][1] < found[2][1] < 0.1


def test_the_general_assembly_renews_commitment_and_nobody_else_can() -> None:
    wills = {}
    for renewed in (0.0, 0.2):
        scenario = load("seminar", sets=[f"challenges.will.renewed={renewed}"])
        wills[renewed] = build(scenario, "late-response").rows.body[B.will]
    assert wills[0.2] == pytest.approx(wills[0.0] + 0.2 * (1.0 - wills[0.0]))
    archetype = load("insurgency", sets=["challenges.will.renewed=0.2"])
    assert not any("general-assembly" in body.mandates for body in archetype.bodies.values())
    own = [body.values["will"] for body in archetype.bodies.values()]
    assert build(archetype, "late-response").rows.body[B.will].tolist() == own
    assert FORMS["agenda-item"].providers == ("general-assembly",)
    assert "humanitarian" in FORMS["human-rights-education"].providers


# -- principles --------------------------------------------------------------------------------------------------------


def test_what_no_state_before_a_crisis_can_use_of_the_reserve_goes_to_a_crisis() -> None:
    spent = {}
    for lend in (0.0, 0.5, 1.0):
        table = Table([4.0] * 3, [0.5] * 3, [MEDIATION], budget=1.2e7, decision_delay=3.0)
        reserved = {"principles.prevention.reserve": 0.9, "principles.prevention.lend": lend}
        table.months(parameters(FULL | reserved), 24)
        spent[lend] = table.of_body("spent")
    assert spent[0.0] < spent[0.5] < spent[1.0]
    table = Table([1.0] * 3, [0.5] * 3, [MEDIATION, "preventive-diplomacy"], budget=1.2e7)
    p = parameters(FULL | {"principles.prevention.reserve": 0.9})
    table.months(p, 12)
    before = table.of_body("spent_prevention")
    assert before > 0.8 * table.of_body("spent"), "where states before a crisis can use it, it is theirs"


@pytest.mark.parametrize(("screening", "stops_after"), [(0.0, 12), (0.5, 6), (1.0, 0)])
def test_a_programme_that_does_harm_is_noticed_and_stopped_the_sooner_the_more_is_screened(
    screening: float, stops_after: int
) -> None:
    table = Table([2.0], [0.5], [MEDIATION], budget=1e9, decision_delay=0.0)
    p = parameters(FULL | {"principles.harm.noticed": 12.0, "principles.harm.screening": screening})
    table.a_month(p)
    programme(table.rows, "backfires")[0, table.places[0]] = 1.0
    funded = 1
    while table.pledged and funded < 40:
        table.a_month(p)
        funded += 1 if table.pledged else 0
    assert funded == max(stops_after, 1) and not table.pledged
    # Mediation halves in half a year: once nothing of it is left, another programme may begin, with luck of its own.
    programme(table.rows, "backfires")[0, table.places[0]] = 0.0
    assert table.months(p, 1).pledged


def coordinating(cost: float, balance: float, coordinates: float = 1.0) -> Table:
    """Give a body that coordinates in the first of two states, in both of which mediation is paid for a month."""
    table = Table([2.0, 2.0], [0.5, 0.5], [MEDIATION])
    rows = table.rows._replace(member_start=np.array([0, 1]), member=np.array([0]))
    table.rows = rows
    f = table.places[0]
    for s in (0, 1):
        at = f * 2 + s
        rows.programme[[PR.pledged, PR.spent_0 + 2], at] = rows.programme[PR.cost, at], 0.0
    put(rows, {"aid_forms": 1.0})
    rows.body[:, 0] = 0.0
    rows.body[[B.coordinates, B.balance, B.received], 0] = coordinates, balance, balance
    rows.ledger[:] = 0.0
    changed = {"challenges.complexity.coordination": 0.5, "challenges.complexity.coordination_cost": cost}
    accounts(0, 1, rows, parameters(FULL | changed), FIRST)
    return table


def test_a_body_that_coordinates_pays_for_it_where_it_works_and_as_far_as_it_can() -> None:
    plenty = coordinating(0.1, 1e15)
    cost = float(plenty.rows.programme[PR.cost, plenty.places[0] * 2])
    assert plenty.of_body("spent") == np.floor(0.05 * cost) == plenty.of_body("coordinating") > 0.0
    assert plenty.rows.state[S.coordinated].tolist() == [0.5, 0.0], "where it works, and nowhere else"
    assert plenty.rows.ledger.sum() == plenty.rows.programme[PR.spent_0 + 2].sum() == plenty.of_body("spent")
    assert plenty.of_body("spent_prevention") == plenty.of_body("spent")
    poor = coordinating(0.1, np.floor(0.02 * cost))
    assert poor.of_body("balance") == 0.0 and poor.of_body("spent") == np.floor(0.02 * cost)
    assert poor.rows.state[S.coordinated, 0] == pytest.approx(0.2, rel=1e-6)
    assert coordinating(0.0, 0.0).rows.state[S.coordinated, 0] == 0.5, "what costs nothing needs no money"
    for without in (coordinating(0.1, 0.0), coordinating(0.1, 1e15, coordinates=0.0)):
        assert not without.rows.state[S.coordinated].any() and without.of_body("spent") == 0.0


def test_what_coordination_costs_is_kept_from_other_use() -> None:
    table = Table([2.0], [0.5], [MEDIATION], budget=1e9, decision_delay=0.0)
    p = parameters(FULL | {"challenges.complexity.coordination": 1.0, "challenges.complexity.coordination_cost": 1.0})
    cost = float(programme(table.rows, "cost")[0, table.places[0]])
    table.rows.body[[B.budget, B.carry_over], 0] = 1.5 * cost * 12.0 / 100.0, 0.0
    table.months(p, 40)
    # Coordination at the price of what is coordinated: half of the money goes to either.
    before = table.of_body("spent")
    table.months(p, 12)
    assert table.of_body("spent") - before <= 12.0 * 1.5 * cost
    assert table.rows.state[S.coordination, 0] > 0.5
    assert table.of_body("received") == table.of_body("spent") + table.of_body("balance") + table.of_body("returned")


# -- money where nothing came ------------------------------------------------------------------------------------------


def test_money_where_nothing_came_is_a_part_of_the_money_and_all_of_it_where_nothing_ever_comes() -> None:
    found = spent_where_nothing_came(
        load("seminar", sets=["stages.to_atrocity.base=0.0", "stages.sudden=0.0"]), "prevention", 1, seed=2
    )
    assert found.spent[0] > 0.0 and found.share == 1.0 and found.states[0] == 0.0


def test_columns_of_bodies_follow_their_mandates() -> None:
    world = build(load("seminar"), "prevention")
    regional = {key for key, flag in zip(world.bodies, world.rows.body[B.regional], strict=True) if flag}
    responds = {key for key, flag in zip(world.bodies, world.rows.body[B.responds], strict=True) if flag}
    assert regional == {"continental-union", "northern-market", "southern-corridor"}
    assert responds == {"security-council", "ocha", "unhcr", "peacekeeping"}
    assert BODY["interest"].role == "given"
