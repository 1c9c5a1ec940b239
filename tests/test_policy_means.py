"""What policies can be written in terms of: priorities and shares of forms, stages and kinds of state; attention."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assistance_worlds import FORMS, FULL, ask_consent, copies, form_place, programme, put, setting
from decision_worlds import Table
from jsonschema import Draft202012Validator
from worlds import LIVELY_BODIES, LIVELY_FORMS, lively_parameters, parameters, random_states, run, scenario_with

from r2psim.agents.model import R2PModel
from r2psim.declarations.columns import PF, STAGES, STATE_KINDS, B, F, L, R, S
from r2psim.rules.decision import decision
from r2psim.rules.demand import demand
from r2psim.rules.draws import draws_of
from r2psim.rules.month import month
from r2psim.scenario import Scenario, ScenarioError, load
from r2psim.scenario.loading import scenario_of
from r2psim.scenario.schema import json_schema
from r2psim.scenario.shipped import shipped_path
from r2psim.world.build import World, build
from r2psim.world.rows import WRITTEN, Rows, copy_rows

README = shipped_path("seminar").with_name("README.md")
FIRST = draws_of(1, 0, 0)
WAR, RECOVERY = 3.0, 1.0

EVERYTHING: dict[str, Any] = {
    "parameters": {"principles": {"prevention": {"reserve": 0.4}}, "challenges": {"will": {"strength": 0.3}}},
    "priorities": {
        "forms": {"peer-review": 3.0, "human-rights-education": 0.0},
        "stages": {"threat": 2.0, "imminent risk": 3.0},
        "states": {"at-risk": 2.0, "in-transition": 3.0, "calm": 0.2, "government-perpetrator": 1.5},
    },
    "shares": {
        "forms": {"inclusive-governance": 0.2, "security-sector": 0.1, "peacekeeping": 0.3},
        "stages": {"threat": 0.3, "stable": 0.1},
    },
}
"""A policy that uses every means."""


def with_policy(policy: dict[str, Any], name: str = "seminar") -> Scenario:
    """Give a shipped scenario with one more policy, `mine`."""
    data = load(name).resolved()
    data["policies"]["mine"] = policy
    return scenario_of(data)


def earmark(table: Table, forms: Mapping[str, float] = {}, stages: Mapping[int, float] = {}) -> Table:
    """Earmark shares of what the body can promise for forms and stages."""
    form, preference = table.rows.form.copy(), table.rows.preference.copy()
    for key, share in forms.items():
        form[F.share, form_place(key)] = share
    for stage, share in stages.items():
        preference[PF.share_0 + stage, 0] = share
    preference[PF.earmarks] = 1.0
    table.rows = table.rows._replace(form=form, preference=preference)
    return table


def promised(table: Table) -> dict[tuple[int, int], float]:
    """Give what a body has promised: state and form -> US cents a month."""
    taken = int(table.of_body("pledges"))
    return {(int(s), int(f)): amount for s, f, amount in table.rows.pledge[[L.state, L.form, L.amount], :taken].T}


def by_form(table: Table) -> dict[str, float]:
    """Give what a body has promised to each form, as a share of what it can promise."""
    room = np.floor(table.of_body("budget") * 100.0 / 12.0)
    keys = list(FORMS)
    total: dict[str, float] = {}
    for (_, f), amount in promised(table).items():
        total[keys[f]] = total.get(keys[f], 0.0) + amount / room
    return total


# -- a scenario says them ----------------------------------------------------------------------------------------------


def test_a_resolved_scenario_keeps_all_means_and_fits_the_json_schema() -> None:
    scenario = with_policy(EVERYTHING)
    assert scenario.policies["mine"].priorities == EVERYTHING["priorities"]
    assert scenario.policies["mine"].shares == EVERYTHING["shares"]
    assert Scenario.from_resolved(scenario.resolved()) == scenario
    Draft202012Validator(json_schema()).validate(scenario.resolved())


@pytest.mark.parametrize(
    ("place", "value", "allowed", "near"),
    [
        (("priorities", "forms", "meditation"), 2.0, "one of the forms", "mediation"),
        (("priorities", "forms", "mediation"), 11.0, "a number from 0 to 10 (ratio)", None),
        (("priorities", "stages", "iminent risk"), 2.0, "one of the keys stable, risk", "imminent risk"),
        (("priorities", "states", "at-rsk"), 2.0, "one of the keys calm, at-risk", "at-risk"),
        (("priorities", "states", "calm"), True, "a number from 0 to 10 (ratio)", None),
        (("shares", "forms", "polise"), 0.2, "one of the forms", "police"),
        (("shares", "stages", "threat"), 1.5, "a number from 0 to 1", None),
        (("shares", "states"), {"calm": 0.5}, "one of the keys forms, stages", "stages"),
        (("priorities", "forms"), 3, "a table", None),
        (("shares",), "all", "a table", None),
    ],
)
def test_what_is_not_known_is_refused_with_its_place_and_the_nearest_name(
    place: tuple[str, ...], value: object, allowed: str, near: str | None
) -> None:
    policy: Any = value
    for key in reversed(place):
        policy = {key: policy}
    with pytest.raises(ScenarioError) as caught:
        with_policy(policy)
    (problem,) = caught.value.problems
    assert problem.path.replace('"', "") == ".".join(("policies", "mine", *place))
    assert problem.allowed.startswith(allowed) and problem.nearest == near


def test_the_policy_that_the_readme_shows_loads_and_buys_what_it_says(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(# mediators-first\.toml\n.*?)```", README.read_text("utf-8"), re.DOTALL)
    file = tmp_path / "mediators-first.toml"
    file.write_text(shown, encoding="utf-8")
    scenario = load(str(file))
    spent = {}
    for policy in ("late-response", "mediators-first"):
        r = run(build(scenario, policy), scenario.parameter_values(policy), 60)
        spent[policy] = r.ledger[-1, :, r.world.forms.index("mediation")].sum()
    assert spent["mediators-first"] > spent["late-response"] > 0.0


@pytest.mark.parametrize("of", ["forms", "stages"])
def test_nobody_can_earmark_more_than_there_is(of: str) -> None:
    shares = {"forms": {"mediation": 0.7, "police": 0.31}, "stages": {"threat": 0.7, "atrocity": 0.31}}[of]
    with pytest.raises(ScenarioError, match=r"policies\.mine\.shares\.\w+: 1\.01 is not allowed: shares that sum to"):
        with_policy({"shares": {of: shares}})
    with_policy({"shares": {of: {key: share - 0.005 for key, share in shares.items()}}})


def test_a_form_of_ones_own_can_be_given_priority_and_a_share() -> None:
    data = load("seminar").resolved()
    data["forms"]["theatre"] = {**data["forms"]["media"], "name": "Theatre"}
    data["policies"]["mine"] = {"priorities": {"forms": {"theatre": 2.0}}, "shares": {"forms": {"theatre": 0.5}}}
    world = build(scenario_of(data), "mine")
    own, media = world.forms.index("theatre"), world.forms.index("media")
    assert world.rows.form[F.potency, own] == 2.0 * world.rows.form[F.potency, media]
    assert world.rows.form[F.share].tolist() == [0.5 if f == own else 0.0 for f in range(len(world.forms))]


# -- priorities --------------------------------------------------------------------------------------------------------


def test_a_form_of_priority_zero_is_never_chosen_and_one_of_more_sooner() -> None:
    plain = build(load("seminar"), "late-response").rows
    mine = build(with_policy(EVERYTHING), "mine")
    changed = {mine.forms.index(key): weight for key, weight in EVERYTHING["priorities"]["forms"].items()}
    for f in range(len(mine.forms)):
        assert mine.rows.form[F.potency, f] == changed.get(f, 1.0) * plain.form[F.potency, f]
    spent = {}
    for weight in (0.0, 1.0, 10.0):
        r = run(build(with_policy({"priorities": {"forms": {"mediation": weight}}}), "mine"), parameters(), 60)
        spent[weight] = r.ledger[-1, :, r.world.forms.index("mediation")].sum()
    assert spent[0.0] == 0.0 < spent[1.0] < spent[10.0]


KINDS: dict[str, dict[str, float]] = {
    "calm": {"stage": 1.0, "conflict": 0.0},
    "at-risk": {"perceived": 0.2},
    "in-transition": {"trigger_contested_election": 0.5},
    "post-conflict": {"conflict": RECOVERY},
    "at-war": {"conflict": WAR},
    "government-perpetrator": {"government_perpetrator": 1.0},
}
"""What makes a state just one of a kind, beside `NONE`."""

NONE = {
    "stage": 2.0,
    "conflict": 2.0,
    "perceived": 0.19,
    "government_perpetrator": 0.0,
    **{f"trigger_{name}": 0.49 for name in ("coup", "irregular_transition", "contested_election")},
}
"""A state of no kind at all."""


def emphasis_of(policy: dict[str, Any], *states: dict[str, float]) -> list[float]:
    """Give the emphasis that a policy lays on states with these columns."""
    rows = copies(setting(), len(states))
    rows = rows._replace(preference=build(with_policy(policy), "mine").rows.preference)
    for s, columns in enumerate(states):
        for name, value in (NONE | columns).items():
            rows.state[getattr(S, name), s] = value
    demand(0, len(states), rows, parameters(), FIRST)
    found: list[float] = rows.state[S.emphasis].tolist()
    return found


@pytest.mark.parametrize("kind", STATE_KINDS)
def test_the_priority_of_a_kind_is_that_of_the_states_of_the_kind(kind: str) -> None:
    assert list(KINDS) == list(STATE_KINDS)
    for weight in (4.0, 0.25, 0.0):
        found = emphasis_of({"priorities": {"states": {kind: weight}}}, {}, *KINDS.values())
        other = min(1.0, 1.0 / weight) if weight else 1.0
        expected = [other] + [other * weight if name == kind else other for name in KINDS]
        assert found == pytest.approx(expected), weight


@pytest.mark.parametrize("trigger", ["coup", "irregular_transition", "contested_election"])
def test_a_state_in_transition_is_one_in_which_a_change_of_power_is_fresh(trigger: str) -> None:
    policy = {"priorities": {"states": {"in-transition": 2.0}}}
    assert emphasis_of(policy, {f"trigger_{trigger}": 1.0}, {"trigger_mass_protest": 1.0}) == [1.0, 0.5]


def test_priorities_of_all_that_a_state_is_multiply() -> None:
    policy = {"priorities": {"stages": {"threat": 2.0, "atrocity": 0.0}, "states": {"at-war": 3.0, "at-risk": 0.5}}}
    war, risk = {"conflict": WAR}, {"perceived": 0.9}
    found = emphasis_of(policy, {}, war, war | risk, {"stage": 3.0}, war | {"stage": 4.0})
    assert found == pytest.approx([1 / 3, 1.0, 0.5, 1 / 6, 0.0])


def test_a_body_ranks_states_by_the_emphasis_that_the_policy_lays() -> None:
    table = Table([2.0, 1.0, 2.0], [0.5, 0.4, 0.3], ["mediation"], budget=1e9, noise=0.0)
    p = parameters(FULL)
    order = []
    for weights in ({}, {"risk": 10.0}, {"risk": 10.0, "threat": 0.0}):
        chosen = build(with_policy({"priorities": {"stages": weights}}), "mine").rows.preference
        table.rows = table.rows._replace(preference=chosen)
        table.a_month(p)
        order.append(table.rows.rating[R.candidate].astype(int).tolist())
        assert table.rows.rating[R.priority].max() <= 1.0
    # Without emphasis a state at threat comes before one at risk, whatever a little more is seen of that.
    assert order == [[0, 2, 1], [1, 0, 2], [1, 0, 2]]


# -- shares ------------------------------------------------------------------------------------------------------------

DEAR, CHEAP = "individual-accountability", "mediation"
"""Two forms for states under threat; per dollar, the second is worth more to a body."""

ONE_AT_ONCE = FULL | {"assistance.forms_at_once": 1.0}
"""A body begins one form in a state in each round: its money being short, the common pot goes to what it prefers."""


def short_of_money(states: int = 6, **body: float) -> Table:
    """Give a body whose money is far from enough for both forms everywhere."""
    columns = {"budget": 1.5e7, "noise": 0.0} | body
    return Table([2.0] * states, list(np.linspace(0.9, 0.5, states)), [DEAR, CHEAP], **columns)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.9])
def test_what_is_earmarked_for_a_form_is_used_for_it_first(share: float) -> None:
    p = parameters(ONE_AT_ONCE)
    without = by_form(short_of_money().months(p, 1))
    assert without.get(DEAR, 0.0) == 0.0
    with_it = by_form(earmark(short_of_money(), {DEAR: share}).months(p, 1))
    assert with_it[DEAR] == pytest.approx(share, abs=1e-6)
    assert with_it[DEAR] + with_it[CHEAP] == pytest.approx(1.0, abs=1e-6)


def test_what_is_earmarked_for_states_at_a_stage_is_used_there_first() -> None:
    p = parameters(ONE_AT_ONCE)
    for share, last in ((0.0, False), (0.4, True)):
        table = short_of_money(states=6)
        table.stand([3.0, 3.0, 3.0, 3.0, 3.0, 2.0], [0.9, 0.8, 0.7, 0.6, 0.5, 0.1])
        earmark(table, stages={2: share}).months(p, 1)
        in_last = sum(amount for (s, _), amount in promised(table).items() if s == 5)
        assert (in_last > 0.0) == last
        assert in_last <= 0.4 * table.of_body("budget") * 100.0 / 12.0


@pytest.mark.parametrize("why", ["no state at its stages", "no consent", "not among its forms", "fully paid for"])
def test_what_cannot_be_used_as_it_is_earmarked_goes_back_to_the_common_pot(why: str) -> None:
    p = parameters(ONE_AT_ONCE | {"assistance.consent_gate": 0.9})
    table, form = short_of_money(), DEAR
    if why == "no state at its stages":
        form = "collective-response"
    elif why == "no consent":
        form = "inclusive-governance"
    elif why == "not among its forms":
        form = "media"
    if why == "no consent":
        table = Table([2.0] * 6, list(np.linspace(0.9, 0.5, 6)), [form, CHEAP], budget=1.5e7, noise=0.0, leverage=0.0)
        programme(table.rows, "consent")[:, form_place(form)] = 0.5
    elif why == "fully paid for":
        programme(table.rows, "pledged")[:, form_place(form)] = 1e18
    demand(0, 6, table.rows, p, FIRST)
    decision(0, 1, earmark(table, {form: 0.8}).rows, p, FIRST)
    assert by_form(table) == {CHEAP: pytest.approx(1.0, abs=1e-6)}


def test_earmarks_count_what_is_promised_already_and_add_nothing_to_it() -> None:
    p = parameters(ONE_AT_ONCE | {"principles.flexibility.share": 0.0})
    table = earmark(short_of_money(), {DEAR: 0.3})
    for _ in range(12):
        table.a_month(p)
        assert by_form(table)[DEAR] == pytest.approx(0.3, abs=1e-6)


def test_earmarks_begin_what_nobody_could_pay_enough_of_alone() -> None:
    """A fifth of the cost is more than the body has; what it has earmarked begins the programme, the rest follows."""
    p = parameters(ONE_AT_ONCE)
    budget = 0.19 * FORMS[DEAR].unit_cost
    alone = Table([2.0], [0.9], [DEAR], budget=budget)
    assert not alone.months(p, 1).pledged
    assert by_form(earmark(Table([2.0], [0.9], [DEAR], budget=budget), {DEAR: 0.5}).months(p, 1)) == {
        DEAR: pytest.approx(1.0, abs=1e-6)
    }


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_earmarked_a_body_promises_no_more_than_it_has_and_keeps_its_limits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    forms = ["preventive-diplomacy", "mediation", "human-rights-monitoring", "civilian-protection", "media"]
    table = Table([2.0] * 8, [0.5] * 8, forms, budget=4e7, rhythm=1.0, will=float(rng.uniform()))
    reserve = float(rng.choice([0.0, 0.3, 0.8]))
    p = parameters(FULL | {"principles.prevention.reserve": reserve, "assistance.considered": 8.0})
    shares = rng.dirichlet(np.ones(6))
    earmark(table, dict(zip(forms, shares[:5], strict=True)), dict(enumerate(rng.dirichlet(np.ones(6))[:5])))
    for _ in range(24):
        table.stand(list(rng.integers(0, 5, 8).astype(float)), list(rng.uniform(0.1, 0.9, 8)))
        table.a_month(p)
        of_body = {name: table.of_body(name) for name in ("received", "spent", "balance", "returned")}
        assert of_body["received"] == of_body["spent"] + of_body["balance"] + of_body["returned"]
        early = late = 0.0
        for (s, f), amount in promised(table).items():
            is_early = table.rows.state[S.stage, s] <= 2.0 and table.rows.form[F.response, f] == 0.0
            early, late = (early + amount, late) if is_early else (early, late + amount)
        will = table.of_body("will")
        room = np.floor(4e9 / 12.0) * (1.0 + 12.0 / 12.0)  # what a year can leave over is promised over a year
        assert early + late <= room and early <= max(will, reserve) * room and late <= (1.0 - reserve) * room


# -- reserve -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "binds"),
    [("mediation", True), ("civilian-protection", False), ("peacekeeping", False), ("police", False)],
)
def test_a_reserve_binds_a_body_that_can_use_it_and_locks_nobody_elses_money_away(form: str, binds: bool) -> None:
    """Police wait for a mandate: whoever can give nothing else has no use for a reserve before a crisis."""
    table = Table([3.0] * 12, [0.9] * 12, [form], budget=2e7, noise=0.0)
    changed = {
        "principles.prevention.reserve": 0.75,
        "principles.prevention.lend": 0.0,
        "assistance.smallest_part": 0.0,
    }
    table.months(parameters(FULL | changed), 1)
    assert by_form(table)[form] == pytest.approx(0.25 if binds else 1.0, abs=1e-6)


def test_war_relief_and_anything_else_in_a_war_or_a_crisis_is_no_prevention() -> None:
    for stage, conflict, form, early in (
        (2.0, 2.0, "mediation", True),
        (2.0, WAR, "mediation", False),
        (1.0, WAR, "human-rights-monitoring", False),
        (3.0, 0.0, "mediation", False),
        (2.0, 2.0, "civilian-protection", False),
        (2.0, WAR, "civilian-protection", False),
        (1.0, 0.0, "refugee-protection", False),
    ):
        table = Table([stage], [0.9], [form], budget=5e6, noise=0.0)
        table.rows.state[S.conflict] = conflict
        table.a_month(parameters(FULL))
        assert table.of_body("spent") > 0.0
        assert table.of_body("spent_prevention") == (table.of_body("spent") if early else 0.0), (stage, conflict, form)


# -- attention ---------------------------------------------------------------------------------------------------------


def test_a_body_without_a_number_of_its_own_attends_to_what_the_parameter_says() -> None:
    bodies = {"own": {"mandates": ["regional"], "attention": 7.9}, "none": {"mandates": ["regional"]}}
    scenario = scenario_with({"alone": {}}, bodies, parameters={"assistance": {"attention": 33.0}})
    assert build(scenario).rows.body[B.attention].tolist() == [7.0, 33.0]
    again = Scenario.from_resolved(scenario.resolved())
    again = replace(again, parameters={**again.parameters, "assistance.attention": 12.0})
    assert build(again).rows.body[B.attention].tolist() == [7.0, 12.0]


def with_room(world: World, times: int) -> Rows:
    """Give the start of a world with so many times the room for pledges."""
    rows = copy_rows(world.rows)
    pledge = np.repeat(rows.pledge[:, -1:], times * rows.pledge.shape[1], axis=1)
    for first, many in zip(rows.pledge_start[:-1], rows.body[B.pledges].astype(int), strict=True):
        # Missions that stand at the start are paid for by pledges that bodies have made already.
        pledge[:, times * first : times * first + many] = rows.pledge[:, first : first + many]
    return rows._replace(pledge=pledge, pledge_start=times * rows.pledge_start)


@pytest.mark.parametrize("attention", [3.0, 20.0, 1000.0])
def test_more_room_for_pledges_changes_nothing(attention: float) -> None:
    """Where attention binds and where it does not: never the length of an array."""
    states = random_states(np.random.default_rng(9), states=5, groups=4)
    bodies = {key: {**body, "attention": attention, "will": 1.0} for key, body in LIVELY_BODIES.items()}
    world, p = build(scenario_with(states, bodies, forms=LIVELY_FORMS)), lively_parameters()
    once, twice = copy_rows(world.rows), with_room(world, 2)
    most = 0.0
    for m in range(36):
        month(once, p, draws_of(1, 0, m))
        month(twice, p, draws_of(1, 0, m))
        most = max(most, float(once.body[B.pledges].max()))
        for name in set(WRITTEN) - {"pledge"}:
            assert getattr(once, name).tobytes() == getattr(twice, name).tobytes(), (name, m)
    for b in range(once.body.shape[1]):
        of_once, of_twice = (r.pledge[:, r.pledge_start[b] : r.pledge_start[b + 1]] for r in (once, twice))
        assert np.array_equal(of_once, of_twice[:, : of_once.shape[1]])
        assert np.all(of_twice[L.programme, of_once.shape[1] :] == -1.0)
    assert most == attention if attention < 1000.0 else most > 20.0


# -- every driver ------------------------------------------------------------------------------------------------------


def test_agents_and_rows_agree_under_a_policy_that_uses_every_means() -> None:
    scenario = with_policy(EVERYTHING)
    found = []
    for drive in ("agents", "rows"):
        model = R2PModel(scenario, "mine", 7, years=4, drive=drive)
        model.run_model()
        found.append(model.history().sha256)
        model.close()
    assert found[0] == found[1]


def test_names_of_stages_are_those_of_the_model() -> None:
    world = build(with_policy({"priorities": {"stages": {name: k + 1.0 for k, name in enumerate(STAGES)}}}), "mine")
    assert [world.rows.preference[PF.stage_0 + k, 0] for k in range(5)] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert world.rows.preference[PF.largest, 0] == 5.0 and world.rows.preference[PF.earmarks, 0] == 0.0


def test_consent_is_asked_for_earmarked_money_too() -> None:
    for willing in (0.0, 1.0):
        table = Table([1.0], [0.5], ["inclusive-governance"], budget=1e9, leverage=0.0)
        put(table.rows, {"willingness": willing})
        ask_consent(table.rows)
        p = parameters(FULL | {"assistance.consent_gate": 0.5})
        demand(0, 1, table.rows, p, FIRST)
        decision(0, 1, earmark(table, {"inclusive-governance": 1.0}).rows, p, FIRST)
        assert bool(table.pledged) == (willing == 1.0)
