"""What institutions decide: mandates, embargoes, referrals, inquiries; missions at the start, extended, drawn down."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from assistance_worlds import (
    FULL,
    STILL,
    copies,
    form_place,
    fund,
    programme,
    put,
    setting,
    strengthen,
    value,
    with_form,
)
from worlds import parameters

from r2psim.declarations.columns import B, L, S
from r2psim.rules.decision import has_jurisdiction
from r2psim.rules.delivery import delivery
from r2psim.rules.demand import demand
from r2psim.rules.draws import draws_of
from r2psim.rules.month import month, opening
from r2psim.rules.need import need
from r2psim.rules.response import response
from r2psim.scenario import load
from r2psim.scenario.loading import scenario_of
from r2psim.scenario.parameters import PARAMETERS
from r2psim.world.build import build
from r2psim.world.rows import Rows, copy_rows, side_by_side

FIRST = draws_of(1, 0, 0)
WAR, RECOVERY, MINOR = 3.0, 1.0, 2.0
SURE = {
    "response.support_base": 1.0,
    "response.mandate_delay": 1.0,
    "response.peaceful_first": 0.0,
    "response.usual_delay": 6.0,
}
"""Every member votes for action, and a vote comes soon."""


def states(count: int, **columns: float) -> Rows:
    """Give states without ties before a Council, standing like this."""
    rows = copies(setting(), count)
    start = {"council": 1.0, "council_delay": 6.0, "rights_council": 1.0, "veto": 0.0, "urgency": 1.0}
    start |= {"jurisdiction": 0.0, "embargo": 0.0}
    for name, number in (start | columns).items():
        rows.state[S._fields.index(name)] = number
    return rows


def months(rows: Rows, p: np.ndarray, count: int, first: int = 0) -> Rows:
    """Let the institutions decide and the need be counted for some months in which nothing else happens."""
    for m in range(first, first + count):
        draws = draws_of(3, 0, m)
        response(0, rows.state.shape[1], rows, p, draws)
        need(0, rows.state.shape[1], rows, p, draws)
    return rows


def share(rows: Rows, name: str) -> float:
    """Give the share of states in which a column is above 0."""
    return float((rows.state[S._fields.index(name)] > 0.0).mean())


# -- the Council -------------------------------------------------------------------------------------------------------


def test_there_is_no_mandate_without_a_council() -> None:
    p = parameters(SURE)
    for council, wanted in ((0.0, 0.0), (1.0, 1.0)):
        rows = months(states(50, stage=4.0, council=council), p, 36)
        assert share(rows, "mandate") == wanted
        assert share(rows, "votes_failed") == 0.0
        if not council:
            assert share(rows, "embargo") == share(rows, "debated") == 0.0
            assert (rows.state[S.jurisdiction] == 0.0).all()


@pytest.mark.parametrize("name", ["contested-election", "transition-after-coup"])
def test_scenarios_without_a_council_have_no_mandates(name: str) -> None:
    scenario = load(name)
    assert not any("security-council" in body.mandates for body in scenario.bodies.values())
    assert not build(scenario).rows.state[S.council].any()


@pytest.mark.parametrize("name", ["insurgency", "relapse-risk", "seminar", "government-against-group"])
def test_scenarios_with_a_mission_declare_a_council(name: str) -> None:
    rows = build(load(name)).rows
    assert rows.state[S.council].all() and rows.state[S.council_delay].all()


def test_nine_of_fifteen_must_agree() -> None:
    for support, adopted in ((0.0, 0.0), (1.0, 1.0)):
        p = parameters(SURE | {"response.support_base": support, "response.support_severity": 0.0})
        p = parameters({"response.support_will": 0.0}, p)
        rows = months(states(60, conflict=WAR), p, 24)
        assert share(rows, "mandate") == adopted
        assert share(rows, "votes_failed") == 1.0 - adopted, "a vote that fails is counted, and debate goes on"
    p = parameters(
        SURE | {"response.support_base": 0.5, "response.support_severity": 0.0, "response.support_will": 0.0}
    )
    rows = states(4000, conflict=WAR)
    response(0, 4000, rows, p, FIRST)
    voted = (rows.state[S.mandate] > 0.0) | (rows.state[S.votes_failed] > 0.0)
    passed = float((rows.state[S.mandate] > 0.0).sum() / voted.sum())
    assert passed == pytest.approx(0.304, abs=0.04), "at least 9 of 15 fair coins"


def test_support_answers_to_severity_and_will() -> None:
    found = []
    for urgency, will in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)):
        p = parameters(SURE | {"response.support_base": 0.3})
        rows = months(states(800, conflict=WAR, urgency=urgency, perceived=0.0, council_will=will), p, 3)
        found.append(share(rows, "mandate"))
    assert found[0] < found[1] < found[2]


def test_a_veto_blocks_mandate_embargo_and_referral_for_the_whole_crisis() -> None:
    p = parameters(SURE | {"response.embargo_delay": 1.0, "response.referral_delay": 1.0})
    rows = months(states(40, stage=4.0, veto=1.0), p, 48)
    assert share(rows, "mandate") == share(rows, "embargo") == share(rows, "jurisdiction") == 0.0
    assert share(rows, "vetoed") == 1.0
    assert (rows.state[S.pillar3_vetoed] == 1.0).all() and not rows.state[S.pillar3_mandated].any()
    assert share(months(states(40, stage=4.0), p, 48), "jurisdiction") == 1.0


def test_a_slow_council_mandates_later() -> None:
    p = parameters({"response.support_base": 1.0})
    quick, slow = (share(months(states(600, conflict=WAR, council_delay=d), p, 6), "mandate") for d in (1.0, 12.0))
    assert quick > slow + 0.2


def test_peaceful_means_come_first_and_bodies_hear_the_call() -> None:
    p = parameters(SURE | {"response.peaceful_first": 4.0})
    rows = months(states(50, conflict=WAR), p, 4)
    assert share(rows, "mandate") == 0.0 and share(rows, "debated") == 1.0
    assert share(months(rows, p, 12, 4), "mandate") > 0.9
    seen = []
    for debated in (0.0, 1.0):
        here = copy_rows(setting().rows)
        opening(here, p, FIRST)
        put(here, {"debated": debated, "stage": 2.0, "commitment": 1.0})
        demand(0, 1, here, p, FIRST)
        seen.append(programme(here, "demand")[0, form_place("mediation")])
    assert seen[1] == pytest.approx(seen[0] * (1.0 + PARAMETERS["response.peaceful_call"].default))


def test_a_mandate_is_extended_while_it_is_needed_and_ends_after() -> None:
    p = parameters(SURE | {"response.mandate_term": 6.0, "response.mandate_stay": 24.0, "response.withdrawal": 0.0})
    rows = months(states(20, mandate=1.0, conflict=WAR, stage=1.0), p, 36)
    assert (rows.state[S.mandate] == 1.0).all() and (rows.state[S.extensions] == 6.0).all()
    rows.state[S.conflict] = MINOR
    months(rows, p, 60, 36)
    assert (rows.state[S.mandate] == 1.0).all(), "months in minor conflict do not count as over"
    rows.state[S.conflict] = RECOVERY
    months(rows, p, 22, 96)
    assert (rows.state[S.mandate] == 1.0).all() and rows.state[S.calls_for_mission].all()
    months(rows, p, 2, 118)
    assert not rows.state[S.mandate].any()


def test_a_government_may_send_a_mission_away_and_gets_no_other_before_the_next_crisis() -> None:
    p = parameters(SURE | {"response.mandate_term": 6.0, "response.withdrawal": 1.0})
    for willing, left in ((1.0, 1.0), (0.0, 0.0)):
        rows = states(30, mandate=1.0, conflict=RECOVERY, since_crisis=2.0, willingness=willing, stage=1.0)
        assert share(months(rows, p, 30), "mandate") == left
    rows.state[S.conflict] = WAR
    assert share(months(rows, p, 12, 30), "mandate") > 0.9


def test_the_council_can_send_a_mission_after_a_war() -> None:
    p = parameters(SURE)
    rows = states(30, conflict=RECOVERY, since_crisis=2.0, stage=0.0)
    assert share(months(rows, p, 12), "mandate") > 0.9
    assert share(months(states(30, conflict=RECOVERY, since_crisis=200.0, stage=0.0), p, 12), "mandate") == 0.0


# -- the other decisions -----------------------------------------------------------------------------------------------


def test_an_embargo_is_decided_in_a_crisis_and_lifted_after() -> None:
    p = parameters(SURE | {"response.embargo_delay": 1.0, "response.embargo_stay": 12.0})
    rows = months(states(30, conflict=WAR), p, 12)
    assert share(rows, "embargo") == 1.0
    rows.state[S.conflict] = RECOVERY
    rows.state[S.stage] = 0.0
    assert share(months(rows, p, 11, 12), "embargo") == 1.0
    assert share(months(rows, p, 3, 23), "embargo") == 0.0


def test_a_special_session_answers_to_grave_violations_and_cannot_be_vetoed() -> None:
    p = parameters({"response.session_delay": 1.0, "response.inquiry_months": 5.0})
    grave = PARAMETERS["response.grave"].default
    for violations, wanted in ((0.9 * grave, 0.0), (grave, 1.0)):
        rows = months(states(30, stage=2.0, violations=violations, veto=1.0), p, 12)
        assert share(rows, "inquiry") == share(rows, "inquiries") == wanted
    rows.state[S.violations] = 0.0
    assert share(months(rows, p, 4, 12), "inquiry") == 1.0
    assert share(months(rows, p, 2, 16), "inquiry") == 0.0
    assert not months(states(30, stage=4.0, rights_council=0.0), p, 12).state[S.inquiries].any()


def _court(members: list[str]) -> Rows:
    data: dict[str, Any] = {"schema": 1, "name": "court", "states": {"in": {}, "out": {}}}
    data["bodies"] = {"court": {"mandates": ["court"], "members": members, "budget": 1e7, "kind": "partner"}}
    return build(scenario_of(data)).rows


def test_a_court_acts_over_its_members_and_where_it_is_given_jurisdiction() -> None:
    rows = _court(["in"])
    assert rows.state[S.jurisdiction].tolist() == [1.0, 0.0] and rows.body[B.court].tolist() == [1.0]
    assert [has_jurisdiction(rows, 0, s) for s in (0, 1)] == [True, False]
    assert rows.member.tolist() == [0, 1], "the Council can refer any State"
    rows.state[S.jurisdiction, 1] = 2.0
    assert has_jurisdiction(rows, 0, 1)


def test_a_government_that_asks_gets_police_without_a_mandate() -> None:
    p = parameters()
    asks = PARAMETERS["response.request_willingness"].default
    for willing, mandate, wanted in ((asks, 0.0, 1.0), (asks - 0.1, 0.0, 0.0), (asks - 0.1, 1.0, 1.0)):
        rows = states(5, willingness=willing, mandate=mandate, stage=1.0)
        response(0, 5, rows, p, FIRST)
        assert share(rows, "requested") == wanted


def tied(ties: dict[str, Any]) -> Rows:
    """Give the rows of a world with a permanent member, states that it has ties with, and one that it has none with."""
    group = {"share": 0.3}
    state = {"veto": 0.4, "groups": {"hill": group}}
    council = {"kind": "UN body", "members": "all", "budget": 0.0}
    data = {
        "schema": 1,
        "name": "ties",
        "states": {
            "member": state | {"permanent_member": 1, "veto": 0.95, "neighbours": ["near"]} | ties,
            "near": state | {"groups": {"hill": group | {"kin": ["member/hill"]}}},
            "fellow": dict(state),
            "far": dict(state),
            "sure": state | {"veto": 1.0},
        },
        "bodies": {
            "council": council | {"mandates": ["security-council"]},
            "pact": council | {"mandates": ["regional"], "members": ["member", "near", "fellow"]},
        },
    }
    return build(scenario_of(data)).rows


def test_a_permanent_member_objects_more_where_it_has_ties_and_as_often_in_all() -> None:
    rows = tied({})
    chance = rows.state[S.veto] + rows.state[S.council_tie]
    member, near, fellow, far, sure = chance
    assert near > fellow > 0.4 - 0.1 > 0.0 and near > 0.4 > far and fellow > far
    assert member > 0.95 and sure == 1.0 and chance.max() <= 1.0
    assert chance.mean() == pytest.approx(rows.state[S.veto].mean(), abs=1e-12)
    # Three ties of three, one of three, none: steps of a third.
    assert (near - far) == pytest.approx(3.0 * (fellow - far))
    assert not tied({"permanent_member": 0}).state[S.council_tie].any(), "no member, no ties"


def test_vetoes_follow_the_ties_and_without_weight_nothing_changes() -> None:
    found = {}
    for tie in (-0.2, 0.0, 0.2):
        for weight in (0.0, 1.0):
            rows = months(
                states(2000, conflict=WAR, veto=0.5, council_tie=tie), parameters({"response.veto_tie": weight}), 1
            )
            found[tie, weight] = rows.state[S.vetoed].copy()
    assert all(np.array_equal(found[tie, 0.0], found[0.0, 0.0]) for tie in (-0.2, 0.2))
    assert [found[tie, 1.0].mean() for tie in (-0.2, 0.0, 0.2)] == pytest.approx([0.3, 0.5, 0.7], abs=0.04)
    # The same luck: who is blocked with a looser tie is blocked with a closer one.
    assert (found[0.2, 1.0] >= found[0.0, 1.0]).all() and (found[0.0, 1.0] >= found[-0.2, 1.0]).all()


# -- missions ----------------------------------------------------------------------------------------------------------


def test_a_mission_stands_at_the_start_is_paid_for_and_draws_down_when_its_mandate_ends() -> None:
    scenario = load("relapse-risk")
    p = scenario.parameter_values("late-response")
    rows = copy_rows(build(scenario, "late-response").rows)
    where = [s for s, state in enumerate(scenario.states.values()) if "mission" in state.values]
    assert where == [0] and value(rows, "mandate") == 1.0
    f = list(scenario.forms).index("peacekeeping")
    opening(rows, p, draws_of(1, 0, 0))
    began = programme(rows, "strength")[0, f]
    assert began == pytest.approx(rows.state[S.mission, 0], abs=1e-6)
    assert value(rows, "mission_troops") == pytest.approx(5300 * began)
    for m in range(12):
        month(rows, p, draws_of(1, 0, m))
        assert value(rows, "conflict") > RECOVERY or value(rows, "mandate") == 1.0
        assert programme(rows, "strength")[0, f] > 0.5
        for b in range(rows.body.shape[1]):
            of = rows.body[:, b]
            assert of[B.received] == of[B.spent] + of[B.balance] + of[B.returned]
    assert rows.ledger[:, f].sum() > 1e8 * 100.0
    rows.state[S.mandate, 0] = 0.0
    rows.state[S.vetoed, 0] = 1.0
    rows.state[S.mandate_months, 0] = 1.0
    strength = programme(rows, "strength")[0, f]
    for m in range(12, 24):
        month(rows, p, draws_of(1, 0, m))
    assert value(rows, "conflict") <= RECOVERY and value(rows, "stage") < 3.0, "else this luck tells nothing"
    assert programme(rows, "strength")[0, f] < 0.6 * strength


def test_runs_side_by_side_pay_for_their_own_mission() -> None:
    rows = build(load("relapse-risk"), "late-response").rows
    many = side_by_side(rows, 3)
    slots = np.flatnonzero(many.pledge[L.programme] >= 0.0)
    assert len(slots) == 3
    states_of = many.state.shape[1]
    for slot in slots:
        s, f = int(many.pledge[L.state, slot]), int(many.pledge[L.form, slot])
        assert many.pledge[L.programme, slot] == f * states_of + s
        assert many.state[S.mission, s] > 0.0
    assert (rows.pledge[L.programme] < rows.programme.shape[1]).all(), "the start is not changed"


def test_a_standing_mission_changes_no_harm_where_assistance_has_no_effect() -> None:
    courses = []
    for mission in (0.0, 0.59):
        scenario = load("relapse-risk", [f"states.brenmoor.mission={mission}", "assistance.effect_scale=0.0"])
        p = scenario.parameter_values("late-response")
        rows = copy_rows(build(scenario, "late-response").rows)
        opening(rows, p, FIRST)
        for m in range(40):
            month(rows, p, draws_of(5, 0, m))
        courses.append((rows.group.tobytes(), rows.state[[S.deaths, S.conflict, S.arms, S.past_violations]].tobytes()))
    assert courses[0] == courses[1]


def _killing(p: np.ndarray, *forms: str) -> float:
    rows = copy_rows(setting().rows)
    places = [form_place(key) for key in forms]
    strengthen(rows, places, 0)
    fund(rows, places, states=0)
    delivery(0, 1, rows, p, FIRST)
    return float(rows.group[rows_killing(), 0])


def rows_killing() -> int:
    """Give the column of a group that killing is lowered by."""
    from r2psim.declarations.columns import GROUP

    return GROUP.index["aid_killing"]


def test_monitors_and_peacekeepers_protect_better_together_than_the_product() -> None:
    joint = PARAMETERS["assistance.joint_protection"].default
    p = parameters(FULL | {"assistance.joint_protection": joint})
    apart = _killing(p, "human-rights-monitoring") + _killing(p, "peacekeeping")
    assert _killing(p, "human-rights-monitoring", "peacekeeping") == pytest.approx(apart + joint)


def test_unarmed_observers_alone_may_do_harm() -> None:
    from r2psim.scenario.catalogue import catalogue

    killing = next(e for e in catalogue()["human-rights-monitoring"].effects if e.on == "killing")
    assert killing.harm is not None and killing.size > 0.9


def test_training_for_the_mandate_lets_peacekeepers_deliver_more_and_nobody_else() -> None:
    p = parameters(FULL | {"assistance.training_gain": 0.3})
    found = {}
    for trained in (False, True):
        rows = with_form(copy_rows(setting().rows), backlash=0.0)
        places = [form_place(key) for key in ("peacekeeping", "police", *(["mandate-training"] if trained else []))]
        strengthen(rows, places, 0)
        fund(rows, places, states=0)
        delivery(0, 1, rows, p, FIRST)
        found[trained] = programme(rows, "quality")[0].copy()
    assert found[True][form_place("peacekeeping")] == pytest.approx(1.3 * found[False][form_place("peacekeeping")])
    assert found[True][form_place("police")] == found[False][form_place("police")]


def test_heads_of_missions_follow_their_strength() -> None:
    rows = copy_rows(setting().rows)
    places = [form_place(key) for key in ("peacekeeping", "police", "human-rights-monitoring")]
    strengthen(rows, places, 0)
    fund(rows, places, states=0)
    delivery(0, 1, rows, parameters(FULL | STILL), FIRST)
    heads = [value(rows, f"mission_{kind}") for kind in ("troops", "police", "civilians")]
    assert heads == [5300.0, 900.0, 1060.0]
