"""Each form of assistance, alone and fully funded, does what its entry says; with no effect it does nothing.

How a form comes to work alone: its money is put up by hand (``offered``, before delivery), so that neither a body's
budget nor its choice stands between; strength is 1 by hand or built up; the parameters `FULL` put every principle and
challenge where quality is 1; and under `STILL` nothing else in the world moves. Compared is always the same world with
the same luck without the form. What bodies may fund is tested apart, with a body that has money and that form alone.
"""

from __future__ import annotations

import hashlib
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assistance_worlds import (
    FORMS,
    FULL,
    INVENTED,
    OBSERVABLES,
    OPEN,
    STILL,
    Observable,
    a_month,
    ample,
    ask_consent,
    copies,
    form_place,
    fund,
    hand_funded,
    invented,
    natural,
    only_form,
    pledged_forms,
    programme,
    put,
    setting,
    setting_data,
    sizes,
    strengthen,
    value,
    with_form,
    work,
)
from worlds import assert_expected, lively_parameters, parameters

from r2psim import R2PModel, load
from r2psim.declarations.channels import CHANNELS
from r2psim.declarations.columns import BODY, FORM, GROUP, GROUP_CHANNELS, PROGRAMME, STATE
from r2psim.ensemble.measures import METRICS, metrics_of
from r2psim.ensemble.simulation import simulate
from r2psim.rules.decision import decision
from r2psim.rules.delivery import delivery
from r2psim.rules.demand import demand
from r2psim.rules.draws import draws_of
from r2psim.rules.month import opening
from r2psim.scenario.loading import scenario_of
from r2psim.scenario.parameters import PARAMETERS
from r2psim.world.build import World, build
from r2psim.world.expand import expand
from r2psim.world.rows import Rows, copy_rows

FIRST = draws_of(1, 0, 0)
EVERY = tuple(range(len(FORMS)))
ENDS = ("size", "low", "high")


# -- every form, every effect ------------------------------------------------------------------------------------------


def pairs() -> list[Any]:
    """Give every observable with every form that acts on it."""
    found = []
    for observable in OBSERVABLES:
        for key, form in FORMS.items():
            if any(effect.on == observable.channel for effect in form.effects):
                name = f"{key}-{observable.channel}-{observable.what.replace(' ', '_')}"
                found.append(pytest.param(observable, key, id=name))
    return found


@cache
def seen(observable: Observable, key: str | None, end: str) -> float:
    """Give what an observable shows with one form, all of whose effects stand at one end of their ranges."""
    rows = setting().rows
    if key is None:
        return observable.seen(rows, [])
    place = form_place(key)
    changed = {}
    for i, effect in enumerate(FORMS[key].effects):
        number = getattr(effect, end)
        at = int(rows.effect_start[place]) + i
        changed[at] = math.log(number) if effect.channel.kind == "multiplier" else number
    return observable.seen(rows if end == "size" else sizes(rows, changed), [place])


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(("observable", "key"), pairs())
def test_a_form_alone_does_what_its_entry_says(observable: Observable, key: str, end: str) -> None:
    effects = {effect.on: getattr(effect, end) for effect in FORMS[key].effects}
    with_it, without = seen(observable, key, end), seen(observable, None, end)
    expected = observable.expected(effects)
    assert math.isfinite(without) and without > 0.0
    assert observable.change(with_it, without) == pytest.approx(expected, rel=1e-6, abs=2e-5)
    harms = CHANNELS[observable.channel].harms(effects[observable.channel])
    if expected != 0.0 and not observable.others:
        less = with_it < without
        assert less == ((CHANNELS[observable.channel].helps == "less") != harms)


def test_every_channel_has_an_observable_and_every_effect_is_tested() -> None:
    assert {observable.channel for observable in OBSERVABLES} == set(CHANNELS)
    wanted = {(key, effect.on) for key, form in FORMS.items() for effect in form.effects}
    tested = {(param.values[1], param.values[0].channel) for param in pairs()}
    assert tested == wanted
    assert {on for _, on in wanted} == set(CHANNELS), "a channel that no form acts on needs an invented one"


RATES = {
    "inclusion": "structure.inclusion_return",
    "capacity": "structure.capacity_return",
    "commitment": "structure.commitment_return",
    "horizontal_inequality": "structure.inequality_return",
    "protection": "tension.protection_rate",
    "exclusion": "tension.exclusion_return",
    "grievance": "tension.grievance_rate",
}
"""Parameter of the rate at which a variable returns to its level; the inhibitors have one of their own."""


@pytest.mark.parametrize("key", FORMS)
def test_in_the_long_run_a_raised_variable_stands_at_its_home_level_and_the_size(key: str) -> None:
    for effect in FORMS[key].effects:
        # Of a review the government accepts a part, at once, and mechanisms of a region are no variable of a State:
        # neither has a level of its own.
        if effect.channel.kind != "raise" or effect.on in ("review", "regional_mechanisms"):
            continue
        name = f"group.{effect.on}" if effect.on in GROUP_CHANNELS else effect.on
        rates = natural(RATES.get(effect.on, "structure.inhibitor_return"))
        # Groups feel what is built in their state, so that nothing may be built while they are looked at.
        rates |= {} if effect.on in GROUP_CHANNELS else natural("structure.building")
        # Inequality answers to the inclusion that is built as well, and is too slow for the years that are run.
        rates = {"structure.inequality_return": 0.2} if effect.on == "horizontal_inequality" else rates
        p = parameters(FULL | STILL | rates)
        path = {}
        for forms in ((), (form_place(key),)):
            rows = copy_rows(setting().rows)
            opening(rows, p, FIRST)
            strengthen(rows, forms, 0)
            path[forms] = []
            for m in range(900):
                fund(rows, forms, states=0)
                path[forms].append(value(a_month(rows, p, m), name))
        without, with_it = path.values()
        gain = np.array(with_it) - np.array(without)
        assert gain[-1] == pytest.approx(effect.size, rel=6e-3), effect.on
        steps = np.diff(gain) * np.sign(effect.size)
        assert (steps > -1e-12).all(), "it approaches its level from one side"


def test_what_a_form_builds_in_the_state_lowers_exclusion_once_more() -> None:
    """Exclusion answers to the form itself and to the inclusion that it builds: both together, in the long run."""
    rates = natural("tension.exclusion_return", "tension.exclusion_inclusion", "structure.building")
    p = parameters(FULL | STILL | rates)
    rows = copy_rows(setting().rows)
    opening(rows, p, FIRST)
    f = form_place("inclusive-governance")
    strengthen(rows, [f], 0)
    for m in range(900):
        fund(rows, [f], states=0)
        a_month(rows, p, m)
    effects = {effect.on: effect.size for effect in FORMS["inclusive-governance"].effects}
    both = effects["exclusion"] - 0.6 * rates["tension.exclusion_inclusion"] * effects["inclusion"]
    assert value(rows, "group.exclusion") == pytest.approx(0.6 + both, abs=2e-3)


# -- no effect ---------------------------------------------------------------------------------------------------------

MAY_DIFFER = {
    *("aid_forms", "assessed", "best_help", "prevention_at_work", "forces_at_work", "leverage_at_work"),
    *("expected_help", "moral_hazard", "helped", "pillar3_uncovered"),
    *("trained", "monitors_there", "peacekeepers_there", "mission_troops", "mission_police", "mission_civilians"),
    *("displaced_reached", "protection_reached"),
}
"""Columns of a state that say that assistance is there, not what it does: how many forms are at work and how far, what
help from outside armed groups expect, when help first came, whether a call for Pillar III is covered, how many of the
displaced are reached. `moral_hazard` acts on the hazard of conflict unless screening is full or its parameter is 0,
which is a mechanism of its own and no effect of a form."""


@cache
def seminar(policy: str = "no-assistance") -> World:
    """Build the seminar world with no money in it."""
    return build(load("seminar"), policy)


def course(rows: Rows, p: np.ndarray, forms: tuple[int, ...], months: int) -> list[Any]:
    """Run a world in which these forms are funded in every state, and give all columns that may not differ."""
    rows = copy_rows(rows)
    opening(rows, p, draws_of(4, 0, 0))
    keep = [i for i, name in enumerate(STATE.names) if name not in MAY_DIFFER]
    found = []
    for m in range(months):
        fund(rows, forms)
        a_month(rows, p, m, seed=4)
        digest = hashlib.sha256(rows.state[keep].tobytes() + rows.group.tobytes()).hexdigest()
        found.append(digest)
    return found


WITHOUT_OTHER_WAYS = {
    "principles.mutual.answer": 0.0,
    "conflict.onset.moral_hazard": 0.0,
    "assistance.joint_protection": 0.0,
}


@pytest.mark.parametrize("way", ["sizes of none", "effect_scale 0"])
def test_with_no_effect_a_form_changes_nothing_but_the_accounts(way: str) -> None:
    rows = seminar().rows
    changed = dict(WITHOUT_OTHER_WAYS)
    full = course(rows, parameters(changed, lively_parameters()), EVERY[: rows.form.shape[1]], 60)
    if way == "sizes of none":
        rows = sizes(rows, dict.fromkeys(range(len(rows.effect_size)), 0.0))
    else:
        changed["assistance.effect_scale"] = 0.0
    p = parameters(changed, lively_parameters())
    nothing = course(rows, p, (), 60)
    assert full != nothing
    for f in range(rows.form.shape[1]):
        assert course(rows, p, (f,), 60) == nothing, seminar().forms[f]
    assert course(rows, p, EVERY[: rows.form.shape[1]], 60) == nothing


def test_without_effects_commitment_answers_to_no_help() -> None:
    p = parameters({"assistance.effect_scale": 0.0, "conflict.onset.moral_hazard": 0.0}, lively_parameters())
    every = EVERY[: seminar().rows.form.shape[1]]
    assert course(seminar().rows, p, every, 60) == course(seminar().rows, p, (), 60)


def test_without_effects_nobody_acts_on_the_expectation_of_help() -> None:
    p = parameters(FULL | STILL | natural("conflict.onset.base") | {"assistance.effect_scale": 0.0})
    p = parameters({"principles.harm.screening": 0.0}, p)
    seen = []
    for forms in ((), (form_place("peacekeeping"),)):
        rows = copy_rows(setting().rows)
        opening(rows, p, FIRST)
        work(rows, p, forms)
        seen.append(value(a_month(rows, p, 1), "escalation_hazard"))
    assert seen[0] == seen[1]


# -- time --------------------------------------------------------------------------------------------------------------


def test_strength_builds_up_in_a_straight_line_within_the_lag() -> None:
    rows = copy_rows(setting().rows)
    months = 1 + int(max(form.lag for form in FORMS.values()))
    strength = PROGRAMME.index["strength"]
    seen = hand_funded(rows, parameters(FULL | STILL), EVERY, months)
    in_both_states = np.array([at[strength].reshape(len(FORMS), 2) for at in seen])
    assert np.array_equal(in_both_states[:, :, 0], in_both_states[:, :, 1])
    path = in_both_states[:, :, 0]
    for f, (key, form) in enumerate(FORMS.items()):
        k = np.arange(1, months + 1)
        assert path[:, f] == pytest.approx(np.minimum(1.0, k / max(form.lag, 1.0)), abs=1e-9), key
        full = int(np.argmax(path[:, f] > 1.0 - 1e-9)) + 1
        assert full == max(1, math.ceil(form.lag)), key
    assert path.max() <= 1.0


def test_half_the_money_builds_half_the_strength() -> None:
    rows = copy_rows(setting().rows)
    p = parameters(FULL | STILL)
    hand_funded(rows, p, EVERY, 1)
    cost = programme(rows, "cost").copy()
    strengthen(rows, EVERY, 0)
    for m in range(1, 400):
        for f in EVERY:
            fund(rows, [f], amount=float(cost[0, f]) / 2.0)
        a_month(rows, p, m)
    assert programme(rows, "strength")[1] == pytest.approx(0.5)
    assert programme(rows, "strength")[0] == pytest.approx(0.5, abs=0.02)
    assert (programme(rows, "accepted") == 1.0).all()


@pytest.mark.parametrize(("ownership", "openness"), [(0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.4, 0.0)])
def test_strength_halves_within_the_half_life_when_money_stops(ownership: float, openness: float) -> None:
    durable = {"principles.ownership.strength": ownership, "assistance.openness": openness}
    p = parameters(FULL | STILL | durable)
    rows = copy_rows(setting().rows)
    strengthen(rows, EVERY)
    willing = openness + (1.0 - openness) * 0.5
    stretch = 1.0 + ownership * (willing - 0.5)
    for m in range(1, 19):
        a_month(rows, p, m)
        wanted = [0.5 ** (m / (stretch * form.half_life)) for form in FORMS.values()]
        wanted = [w if w >= 0.01 else 0.0 for w in wanted]
        assert programme(rows, "strength")[0] == pytest.approx(wanted, abs=1e-9)


def test_nothing_is_left_of_assistance_long_after_the_money_stopped() -> None:
    p = parameters(FULL | STILL)
    rows = copy_rows(setting().rows)
    hand_funded(rows, p, EVERY, 80)
    aid = [i for i, name in enumerate(STATE.names) if name.startswith("aid_")]
    assert (rows.state[aid, 0] != 0.0).all()
    longest = math.ceil(math.log2(100.0) * max(form.half_life for form in FORMS.values())) + 2
    for m in range(80, 80 + longest):
        a_month(rows, p, m)
    assert (rows.state[aid] == 0.0).all()
    assert (rows.group[[i for i, n in enumerate(GROUP.names) if n.startswith("aid_")]] == 0.0).all()
    assert (programme(rows, "strength") == 0.0).all() and (programme(rows, "months") == 0.0).all()


# -- for whom ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", FORMS)
@pytest.mark.parametrize("worse_off", [0, 1])
def test_a_form_of_group_scope_reaches_the_group_most_at_risk_and_others_all_groups(key: str, worse_off: int) -> None:
    p = parameters(FULL | STILL)
    rows = copy_rows(setting().rows)
    rows.group[GROUP.index["stage"], worse_off] = 3.0
    opening(rows, p, FIRST)
    work(rows, p, [form_place(key)])
    form = FORMS[key]
    for channel in CHANNELS:
        found = [e for e in form.effects if e.on == channel]
        size = sum(math.log(e.size) if e.channel.kind == "multiplier" else e.size for e in found)
        if channel in GROUP_CHANNELS:
            alone = form.scope == "group"
            wanted = [size if not alone or g == worse_off else 0.0 for g in (0, 1)] + [0.0]
            assert rows.group[GROUP.index[f"aid_{channel}"]] == pytest.approx(wanted, abs=1e-11), channel
        else:
            assert rows.state[STATE.index[f"aid_{channel}"]] == pytest.approx([size, 0.0], abs=1e-11), channel


def test_a_state_without_groups_takes_assistance_too() -> None:
    rows = copies(setting(), 3)
    rows = rows._replace(group=rows.group[:, :0].copy(), first_group=np.zeros(4, dtype=np.int64), home=rows.home[:0])
    p = parameters(FULL | STILL)
    hand_funded(rows, p, EVERY, 3)
    assert np.isfinite(rows.state).all()


# -- conditions --------------------------------------------------------------------------------------------------------


def chosen(
    rows: Rows, p: np.ndarray, f: int, stage: float = 1.0, mandate: float = 1.0, willingness: float = 1.0
) -> bool:
    """Say whether a body with money for it and nothing else takes up a form, in a state that stands like this."""
    rows = copy_rows(only_form(rows, f))
    ample(rows, balance=1e14)
    opening(rows, p, FIRST)
    delivery(0, rows.state.shape[1], rows, p, FIRST)
    put(rows, {"stage": stage, "mandate": mandate, "willingness": willingness, "perceived": 0.5} | OPEN)
    ask_consent(rows)
    demand(0, rows.state.shape[1], rows, p, FIRST)
    decision(0, 1, rows, p, draws_of(1, 0, 1))
    return pledged_forms(rows) == [f]


def any_form(rows: Rows) -> Rows:
    """Give rows in which every form looks useful, so that only its conditions decide."""
    return with_form(rows, potency=1.0, need=-1.0)


@pytest.mark.parametrize("key", FORMS)
def test_a_form_is_funded_within_its_stages_only(key: str) -> None:
    form, p = FORMS[key], parameters(FULL | STILL)
    for stage in range(5):
        within = form.stages[0] <= stage <= form.stages[1]
        for mandate in (0.0, 1.0):
            wanted = within and (mandate > 0.0 or not form.mandate)
            found = chosen(any_form(setting().rows), p, form_place(key), float(stage), mandate)
            assert found == wanted, (stage, mandate)


@pytest.mark.parametrize("key", FORMS)
def test_a_form_stops_at_the_gate_of_consent(key: str) -> None:
    form = FORMS[key]
    for gate in (0.0, 0.2, 0.5, 1.0):
        p = parameters(FULL | STILL | {"assistance.consent_gate": gate})
        for willingness in (0.0, 0.3, 0.7, 1.0):
            wanted = 1.0 - form.consent * (1.0 - willingness) >= gate
            found = chosen(any_form(setting().rows), p, form_place(key), float(form.stages[1]), 1.0, willingness)
            assert found == wanted, (gate, willingness)


@pytest.mark.parametrize("key", FORMS)
def test_every_form_is_chosen_where_it_applies_and_nothing_else_is_on_offer(key: str) -> None:
    assert chosen(setting().rows, parameters(), form_place(key), float(FORMS[key].stages[1]))


@pytest.mark.parametrize("name", ["seminar", "world"])
def test_every_form_has_a_provider_that_can_pay_for_it(name: str) -> None:
    world = build(expand(load(name)))
    rows = world.rows
    defaults = natural("principles.harm.cost", "principles.harm.screening").values()
    screened = 1.0 + math.prod(defaults)
    smallest = PARAMETERS["assistance.smallest_part"].default
    for f, key in enumerate(world.forms):
        providers = [
            b
            for b in range(len(world.bodies))
            if f in rows.provides[rows.provides_start[b] : rows.provides_start[b + 1]]
        ]
        most = max((float(rows.body[BODY.index["budget"], b]) for b in providers), default=0.0) * 100.0 / 12.0
        assert most >= smallest * screened * rows.form[FORM.index["unit_cost"], f], key


# -- consent, needs assessment, perpetrators ---------------------------------------------------------------------------


def quality(forms: tuple[int, ...], p: np.ndarray, **state: float) -> np.ndarray:
    """Give the quality of all programmes in the first state, these working at full strength."""
    rows = copy_rows(setting().rows)
    put(rows, state)
    strengthen(rows, forms, 0)
    fund(rows, forms, states=0)
    delivery(0, 1, rows, p, FIRST)
    return programme(rows, "quality")[0].copy()


def test_full_conditions_give_quality_1_and_a_fully_funded_form_its_whole_effect() -> None:
    assert quality(EVERY, parameters(FULL)) == pytest.approx(1.0)


def test_what_is_not_built_up_reaches_nothing() -> None:
    f = form_place("mediation")
    found = quality((f,), parameters(FULL))
    assert found[f] == 1.0 and not np.delete(found, f).any() and not quality((), parameters(FULL)).any()


def test_quality_falls_with_consent_as_far_as_a_form_depends_on_it() -> None:
    for commitment in (0.0, 0.3, 1.0):
        found = quality(EVERY, parameters(FULL | {"assistance.openness": 0.0}), commitment=commitment)
        assert found == pytest.approx([1.0 - form.consent * (1.0 - commitment) for form in FORMS.values()])


def test_needs_assessment_lifts_the_forms_that_begin_with_one() -> None:
    p = parameters(FULL | {"principles.ownership.strength": 0.5})
    assessment = form_place("needs-assessment")
    bare, assessed = quality(tuple(f for f in EVERY if f != assessment), p), quality(EVERY, p)
    for f, form in enumerate(FORMS.values()):
        assert bare[f] == pytest.approx(0.0 if f == assessment else 0.5 if form.needs_assessment else 1.0)
        assert assessed[f] == pytest.approx(1.0)


def test_what_is_left_under_a_perpetrating_government_is_what_the_entry_says() -> None:
    p = parameters(FULL | {"challenges.perpetrators.strength": 1.0})
    found = quality(EVERY, p, government_perpetrator=1.0)
    assert found == pytest.approx([form.under_perpetrator for form in FORMS.values()])


def test_a_perpetrating_government_withdraws_that_share_of_its_willingness_once() -> None:
    rows = copy_rows(setting().rows)
    p = parameters(FULL | {"assistance.openness": 0.0, "assistance.perpetrator_refuses": 0.8})
    seen = []
    for perpetrator in (0.0, 1.0):
        put(rows, {"government_perpetrator": perpetrator, "commitment": 0.5})
        delivery(0, 1, rows, p, FIRST)
        seen.append(value(rows, "willingness"))
    assert seen[1] == pytest.approx(0.2 * seen[0])


# -- backlash ----------------------------------------------------------------------------------------------------------


def test_a_programme_that_backfires_does_harm_of_the_size_set() -> None:
    for size in (0.0, 0.5, 1.0):
        p = parameters(FULL | {"assistance.backlash_size": size})
        rows = copy_rows(setting().rows)
        opening(rows, p, FIRST)
        programme(rows, "backfires")[0] = 1.0
        for f, form in enumerate(FORMS.values()):
            here = copy_rows(rows)
            work(here, p, [f])
            assert programme(here, "quality")[0, f] == pytest.approx(-size)
            for effect in form.effects:
                full = math.log(effect.size) if effect.channel.kind == "multiplier" else effect.size
                wanted = size * full if effect.channel.harms(effect.size) else -size * full
                found = value(here, f"group.aid_{effect.on}" if effect.on in GROUP_CHANNELS else f"aid_{effect.on}")
                assert found == pytest.approx(wanted, abs=1e-11), effect.on


def mixed(scope: str, benefit: str, harm: str) -> dict[str, Any]:
    """Give an entry that helps through one channel and does harm through another."""

    def effect(name: str, helps: bool) -> dict[str, Any]:
        channel = CHANNELS[name]
        change = (0.2 if channel.kind == "multiplier" else 0.1) * (1.0 if (channel.helps == "more") == helps else -1.0)
        size = channel.none + change
        return {"size": size, "low": min(size, channel.none), "high": max(size, channel.none)}

    effects = {benefit: effect(benefit, True), harm: effect(harm, False)}
    return invented("to_threat") | {"scope": scope, "effects": effects}


@pytest.mark.parametrize("scope", ["state", "group"])
@pytest.mark.parametrize(
    ("benefit", "harm"),
    [
        ("to_threat", "killing"),  # both multipliers of groups, less helps
        ("from_atrocity", "to_imminent"),  # more helps, less helps
        ("conflict_onset", "conflict_settlement"),  # of states
        ("protection", "grievance"),  # raises of groups
        ("judiciary", "inclusion"),  # raises of states
        ("media", "displacement"),
    ],
)
def test_a_programme_that_backfires_makes_its_benefit_harm_and_leaves_its_harm_harm(
    scope: str, benefit: str, harm: str
) -> None:
    world = build(scenario_of(setting_data({"mixed": mixed(scope, benefit, harm)})))
    f = form_place("mixed", world)
    seen: dict[tuple[float, float], list[float]] = {}
    for backfires, backlash in ((0.0, 1.0), (1.0, 1.0), (1.0, 0.4)):
        p = parameters(FULL | {"assistance.backlash_size": backlash})
        rows = copy_rows(world.rows)
        opening(rows, p, FIRST)
        programme(rows, "backfires")[0] = backfires
        work(rows, p, [f])
        places = (f"group.aid_{name}" if name in GROUP_CHANNELS else f"aid_{name}" for name in (benefit, harm))
        seen[backfires, backlash] = [value(rows, place) for place in places]
    good, bad = seen[0.0, 1.0]
    assert good != 0.0 and bad != 0.0
    helps, harms = ((1.0 if CHANNELS[name].helps == "more" else -1.0) for name in (benefit, harm))
    assert good * helps > 0.0 and bad * harms < 0.0, "one effect helps, the other does harm"
    assert seen[1.0, 1.0] == [-good, bad]
    assert seen[1.0, 0.4] == pytest.approx([-0.4 * good, 0.4 * bad])


@pytest.mark.parametrize("screening", [0.0, 0.5, 1.0])
def test_programmes_backfire_as_often_as_their_entry_says_and_screening_lets(screening: float) -> None:
    count = 4000
    rows = copies(setting(), count)
    p = parameters(STILL | {"principles.harm.screening": screening})
    hand_funded(rows, p, EVERY, 2)
    found = programme(rows, "backfires").sum(axis=0)
    wanted = np.array([form.backlash * (1.0 - screening) for form in FORMS.values()])
    assert (found[wanted == 0.0] == 0.0).all()
    assert_expected(found, count, wanted, what="backlash")
    before = programme(rows, "backfires").copy()
    hand_funded(rows, p, EVERY, 3, first=2)
    assert np.array_equal(before, programme(rows, "backfires")), "drawn once, when a programme begins"


# -- a form of one's own -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a scenario that adds a form on every channel that the catalogue leaves out, and one on a new mixture."""
    forms = dict(INVENTED)
    forms["school-meals"] = invented("to_threat") | {
        "name": "School meals",
        "effects": {
            "grievance": {"size": -0.2, "low": -0.4, "high": 0.0},
            "to_threat": {"size": 0.5, "low": 0.3, "high": 1.0},
        },
    }
    lines = ["schema = 1", 'name = "own"', 'extends = "seminar"', "years = 4"]
    for key, entry in forms.items():
        lines.append(f"[forms.{key}]")
        for name, item in entry.items():
            if name != "effects":
                lines.append(f"{name} = {toml(item)}")
        for on, effect in entry["effects"].items():
            lines += [f"[forms.{key}.effects.{on}]", *(f"{name} = {toml(item)}" for name, item in effect.items())]
    path = tmp_path_factory.mktemp("own") / "own.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def toml(item: Any) -> str:
    """Write a value as TOML."""
    if isinstance(item, str):
        return f'"{item}"'
    return f"[{', '.join(map(toml, item))}]" if isinstance(item, list) else repr(item)


def test_a_form_added_in_a_scenario_works_in_both_drives_and_in_many_runs(own: Path) -> None:
    scenario = load(own)
    digests, measured = set(), []
    for drive in ("agents", "rows"):
        model = R2PModel(scenario, "prevention", seed=5, run=3, drive=drive)
        model.run_model()
        digests.add(model.history().sha256)
        measured.append(metrics_of(model.rows, model.months))
        added = [model.world.forms.index(key) for key in ("school-meals", *INVENTED)]
        assert (model.rows.ledger[:, added].sum(axis=0) > 0.0).all(), "it is chosen and paid"
        assert (programme(model.rows, "strength")[:, added].max(axis=0) > 0.5).all()
        assert model.rows.state[STATE.index["aid_to_threat"]].any()
        model.close()
    assert len(digests) == 1
    results = simulate(scenario, ["prevention"], runs=4, seed=5)
    metrics, spending = results.metrics, results.spending
    assert np.array_equal(metrics["prevention"][3], measured[0], equal_nan=True)
    assert (spending["prevention"][added].sum(axis=1) > 0.0).all()
    assert metrics["prevention"].shape == (4, len(METRICS))
