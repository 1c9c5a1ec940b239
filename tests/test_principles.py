"""Each of the five principles and four challenges: what it changes, which way, and that it can be switched off."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from assistance_worlds import (
    FORMS,
    FULL,
    OPEN,
    STILL,
    a_month,
    ample,
    ask_consent,
    copies,
    form_place,
    fund,
    hand_funded,
    natural,
    only_form,
    pledged_forms,
    programme,
    put,
    setting,
    strengthen,
    value,
    with_form,
)
from decision_worlds import Table
from worlds import assert_expected, parameters

from r2psim import load
from r2psim.declarations.channels import RESPONSE_MANDATES
from r2psim.declarations.columns import BODY, FORM, PROGRAMME, STATE, L
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.simulation import simulate
from r2psim.rules.decision import decision
from r2psim.rules.delivery import delivery
from r2psim.rules.demand import demand
from r2psim.rules.draws import draws_of
from r2psim.rules.month import opening
from r2psim.scenario.parameters import PARAMETERS
from r2psim.world.build import build
from r2psim.world.rows import Rows, copy_rows

FIRST = draws_of(1, 0, 0)
EVERY = tuple(range(len(FORMS)))


def quality(changed: dict[str, float], forms: tuple[int, ...] = EVERY, **state: float) -> np.ndarray:
    """Give the quality of all programmes in the first state, these working at full strength."""
    rows = copy_rows(setting().rows)
    put(rows, state)
    strengthen(rows, forms, 0)
    fund(rows, forms, states=0)
    delivery(0, 1, rows, parameters(FULL | changed), FIRST)
    return programme(rows, "quality")[0].copy()


def column(name: str) -> np.ndarray:
    """Give what an attribute of all forms is."""
    return np.array([float(getattr(form, name)) for form in FORMS.values()])


# -- national ownership ------------------------------------------------------------------------------------------------


def test_ownership_ties_quality_to_assessment_and_counts_consent_once() -> None:
    assessment = form_place("needs-assessment")
    others = tuple(f for f in EVERY if f != assessment)
    unassessed = [
        quality({"assistance.openness": 0.0, "principles.ownership.strength": x}, others, commitment=0.5)
        for x in (0.0, 0.3, 1.0)
    ]
    consent = 1.0 - column("consent") * 0.5
    consent[assessment] = 0.0
    lost = column("needs_assessment")
    for strength, seen in zip((0.0, 0.3, 1.0), unassessed, strict=True):
        assert seen == pytest.approx(consent * (1.0 - strength * lost))
    assessed = quality({"assistance.openness": 0.0, "principles.ownership.strength": 1.0}, commitment=0.5)
    assert assessed == pytest.approx(1.0 - column("consent") * 0.5), "with an assessment only consent counts, once"


def test_a_fully_funded_form_delivers_its_entry_at_the_conditions_of_the_studies() -> None:
    usual = natural("assistance.reference_willingness", "principles.ownership.strength") | {"assistance.openness": 0.0}
    reference = PARAMETERS["assistance.reference_willingness"].default
    most = PARAMETERS["assistance.quality_most"].default
    assert quality(usual, commitment=reference) == pytest.approx(1.0), "as in the studies: the entry"
    better, worse = quality(usual, commitment=1.0), quality(usual, commitment=0.5 * reference)
    bound = column("consent") > 0.0
    assert (better[bound] > 1.0).all() and better.max() <= most and (worse[bound] < 1.0).all()
    assert (better[~bound] == 1.0).all() and (worse[~bound] == 1.0).all()
    none = quality(usual, commitment=0.0)
    assert none == pytest.approx((1.0 - column("consent")) / (1.0 - column("consent") * (1.0 - reference)))
    wholly = with_form(copy_rows(setting().rows), consent=1.0)
    strengthen(wholly, EVERY, 0)
    put(wholly, {"commitment": 0.0})
    delivery(0, 1, wholly, parameters(FULL | usual), FIRST)
    assert not programme(wholly, "quality")[0].any(), "what depends wholly on consent stops without any"


def test_what_a_perpetrating_government_takes_is_taken_once() -> None:
    usual = natural("assistance.reference_willingness", "assistance.perpetrator_refuses")
    usual |= natural("challenges.perpetrators.strength") | {"assistance.openness": 0.0}
    reference = PARAMETERS["assistance.reference_willingness"].default
    refuses = PARAMETERS["assistance.perpetrator_refuses"].default
    found = quality(usual, commitment=reference, government_perpetrator=1.0)
    agreed = 1.0 - column("consent") * (1.0 - reference)
    refused = 1.0 - column("consent") * (1.0 - reference * (1.0 - refuses))
    assert found == pytest.approx(np.minimum(refused / agreed, column("under_perpetrator")))


def test_ownership_that_is_not_practised_costs_quality() -> None:
    strong = {"principles.ownership.strength": 0.5}
    seen = [quality(strong | {"principles.ownership.practice": x}) for x in (0.0, 0.5, 1.0)]
    owes = np.where(column("needs_assessment") > 0.0, 1.0, column("consent"))
    wanted = [1.0 - 0.5 * owes * lost for lost in (1.0, 0.5, 0.0)]
    assert seen == [pytest.approx(w) for w in wanted]
    neutral = [quality({"principles.ownership.practice": x}) for x in (0.0, 1.0)]
    assert np.array_equal(*neutral), "strength 0 removes the mechanism"


def test_owned_programmes_last_longer() -> None:
    left = []
    for strength in (0.0, 0.5, 1.0):
        rows = copy_rows(setting().rows)
        strengthen(rows, EVERY, 0)
        p = parameters(FULL | STILL | {"principles.ownership.strength": strength})
        for m in range(3):
            a_month(rows, p, m)
        left.append(programme(rows, "strength")[0].copy())
    assert (left[0] < left[1]).all() and (left[1] < left[2]).all()
    assert left[0] == pytest.approx(0.5 ** (3.0 / column("half_life")))


# -- mutual commitment -------------------------------------------------------------------------------------------------


def test_programmes_stop_where_a_government_keeps_no_commitment() -> None:
    forms = [key for key, form in FORMS.items() if not form.mandate]
    rows = copy_rows(only_form(setting().rows, *(form_place(key) for key in forms)))
    ample(rows, balance=1e15)
    rows = with_form(rows, potency=1.0, need=-1.0)
    opening(rows, parameters(FULL), FIRST)
    delivery(0, 2, rows, parameters(FULL), FIRST)
    for floor, commitment in ((0.0, 0.0), (0.5, 0.0), (0.5, 0.25), (0.5, 0.6), (1.0, 0.5)):
        here = copy_rows(rows)
        p = parameters(FULL | STILL | {"principles.mutual.floor": floor})
        put(here, {"commitment": 1.0, "stage": 2.0, "perceived": 0.5, "willingness": 1.0} | OPEN)
        ask_consent(here)
        demand(0, 2, here, p, FIRST)
        for m in range(1, 20):
            decision(0, 1, here, p, draws_of(1, 0, m))
        all_of_them = {form_place(k) for k in forms if FORMS[k].stages[0] <= 2 <= FORMS[k].stages[1]}
        assert set(pledged_forms(here)) == all_of_them
        put(here, {"commitment": commitment})
        demand(0, 2, here, p, FIRST)
        decision(0, 1, here, p, draws_of(1, 0, 20))
        kept = {f for f in all_of_them if commitment >= floor * column("consent")[f]}
        assert set(pledged_forms(here)) == kept, (floor, commitment)


def test_commitment_answers_to_help_that_works() -> None:
    f = form_place("local-resolution")  # does not act on commitment itself
    end = []
    for answer in (0.0, 0.05, 0.2):
        p = parameters(FULL | STILL | natural("structure.commitment_return") | {"principles.mutual.answer": answer})
        rows = copy_rows(setting().rows)
        strengthen(rows, [f], 0)
        for m in range(200):
            fund(rows, [f], states=0)
            a_month(rows, p, m)
        end.append(value(rows, "commitment"))
        assert value(rows, "aid_commitment") == answer
    assert end[0] == 0.5, "answer 0: help as such raises nothing"
    assert end == pytest.approx([0.5, 0.55, 0.7], abs=1e-3)


# -- do no harm --------------------------------------------------------------------------------------------------------


def test_screening_lets_fewer_programmes_backfire() -> None:
    count, shares = 3000, []
    for screening in (0.0, 0.5, 1.0):
        rows = copies(setting(), count)
        p = parameters(STILL | {"principles.harm.screening": screening})
        hand_funded(rows, p, EVERY, 1)
        found = programme(rows, "backfires").sum(axis=0)
        assert_expected(found, count, column("backlash") * (1.0 - screening))
        shares.append(found.sum() / found.size / count)
    assert shares[0] > 1.5 * shares[1] > 0.0 and shares[2] == 0.0


def test_screening_costs_money() -> None:
    found = []
    for screening, cost in ((0.0, 0.1), (0.5, 0.1), (1.0, 0.1), (1.0, 0.0)):
        rows = copy_rows(setting().rows)
        p = parameters({"principles.harm.screening": screening, "principles.harm.cost": cost})
        delivery(0, 2, rows, p, FIRST)
        found.append(programme(rows, "cost")[0].copy())
    unit = setting().rows.form[FORM.index["unit_cost"]]
    assert np.array_equal(found[0], unit) and np.array_equal(found[3], unit)
    assert np.array_equal(found[1], np.floor(unit * 1.05)) and np.array_equal(found[2], np.floor(unit * 1.1))


@pytest.mark.parametrize(("screening", "delay", "wanted"), [(0.0, 6.0, 0), (0.5, 6.0, 3), (1.0, 6.0, 6), (1.0, 0.0, 0)])
def test_screening_takes_time(screening: float, delay: float, wanted: int) -> None:
    timed = {"principles.harm.delay": delay, "principles.harm.risk": FORMS["mediation"].backlash}
    p = parameters(FULL | timed | {"principles.harm.screening": screening})
    table = Table([2.0], [0.5], ["mediation"], budget=1e9)
    decided = None
    for m in range(12):
        table.a_month(p)
        decided = m if decided is None and table.pledged else decided
        if table.of_body("spent") > 0.0:
            break
    assert decided is not None and m - decided == wanted


def test_screening_takes_the_edge_off_the_expectation_of_help() -> None:
    rise = []
    for screening in (0.0, 0.5, 1.0):
        p = parameters(FULL | STILL | natural("conflict.onset.base") | {"principles.harm.screening": screening})
        hazard = []
        for forms in ((), (form_place("peacekeeping"),)):
            rows = copy_rows(setting().rows)
            strengthen(rows, forms, 0)
            a_month(rows, p, 0)
            hazard.append(value(a_month(rows, p, 1), "escalation_hazard"))
        rise.append(hazard[1] / hazard[0])
    assert rise[0] > rise[1] > rise[2] == 1.0


# -- prioritise prevention ---------------------------------------------------------------------------------------------


def early_share(reserve: float, will: float) -> float:
    """Give the share of early money of a poor body with an early and a late state to help."""
    forms = ["preventive-diplomacy", "mediation", "human-rights-monitoring", "civilian-protection"]
    table = Table([1.0, 4.0, 4.0, 4.0], [0.5, 0.9, 0.9, 0.9], forms, budget=1.2e7, will=will)
    p = parameters(FULL | {"principles.prevention.reserve": reserve, "principles.flexibility.share": 0.0})
    table.months(p, 24)
    return table.of_body("spent_prevention") / max(table.of_body("spent"), 1.0)


def test_a_reserve_moves_money_to_early_stages() -> None:
    found = [early_share(reserve, will=0.05) for reserve in (0.0, 0.3, 0.6, 1.0)]
    assert found[0] < 0.05 and all(a < b for a, b in pairwise(found)), found
    assert found[3] == 1.0
    assert found[2] == pytest.approx(0.6, abs=0.1)


def test_money_reserved_for_prevention_is_used_for_nothing_else_when_a_state_falls() -> None:
    locked = {"principles.prevention.lend": 0.0, "principles.flexibility.share": 0.0}
    p = parameters(FULL | locked | {"principles.prevention.reserve": 0.9})
    table = Table([1.0, 1.0, 1.0], [0.5, 0.5, 0.5], ["preventive-diplomacy", "mediation"], budget=1.2e7)
    table.months(p, 6)
    table.stand([4.0, 4.0, 4.0], [0.5, 0.5, 0.5])
    table.months(p, 2)
    before = table.of_body("spent_response")
    table.months(p, 6)
    # A tenth of its room: the month's budget and a twelfth of what it has saved, within a year never more than as much.
    assert (table.of_body("spent_response") - before) / 6.0 <= 0.1 * 2.0 * 1.2e9 / 12.0


# -- retain flexibility ------------------------------------------------------------------------------------------------


def moved(share: float) -> float:
    """Give the share of pledges, of six, that are moved at the decision after risks were turned upside down."""
    count = 12
    falling, rising = list(np.linspace(0.9, 0.3, count)), list(np.linspace(0.3, 0.9, count))
    table = Table([2.0] * count, falling, ["mediation"], budget=6.0 * 4e6)
    p = parameters(FULL | {"principles.flexibility.share": 0.0})
    table.months(p, 8)
    before = table.pledged
    assert len(before) == 6
    table.stand([2.0] * count, rising)
    table.a_month(parameters(FULL | {"principles.flexibility.share": share}))
    return len(before - table.pledged) / 6.0


def test_flexibility_is_the_share_of_pledges_that_follow_the_need() -> None:
    found = [moved(share) for share in (0.0, 0.3, 0.6, 1.0)]
    assert found[0] == 0.0, "share 0: money stays where it was put"
    assert found == pytest.approx([0.0, 2.0 / 6.0, 4.0 / 6.0, 1.0], abs=0.02), found


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_flexibility_takes_no_money_from_where_it_is_needed_most(share: float) -> None:
    p = parameters(FULL | {"principles.flexibility.share": share})
    table = Table([2.0], [0.5], ["mediation"], budget=4.01e6).months(p, 3)
    spent = []
    for _ in range(24):
        before = table.of_body("spent")
        table.a_month(p)
        spent.append(table.of_body("spent") - before)
    cost = float(programme(table.rows, "cost")[0, table.places[0]])
    assert min(spent) == max(spent) == cost


# -- complexity --------------------------------------------------------------------------------------------------------


def test_more_forms_at_once_dilute_one_another_unless_coordinated() -> None:
    f = form_place("mediation")
    others = [g for g in EVERY if g not in (f, form_place("needs-assessment"))]
    strong = {"challenges.complexity.strength": 0.1, "challenges.complexity.free": 3.0}
    for coordination in (0.0, 0.3, 1.0):
        seen = [quality(strong, (f, *others[:n]), coordinated=coordination)[f] for n in range(12)]
        wanted = [1.0 / (1.0 + 0.1 * (1.0 - coordination) * max(0, n + 1 - 3)) for n in range(12)]
        assert seen == pytest.approx(wanted), coordination
    assert quality({"challenges.complexity.strength": 0.0}, (f, *others))[f] == 1.0


def test_what_is_left_of_an_old_programme_dilutes_little() -> None:
    rows = copy_rows(setting().rows)
    p = parameters(FULL | {"challenges.complexity.strength": 0.5, "challenges.complexity.free": 0.0})
    programme(rows, "strength")[0] = 0.02
    f = form_place("mediation")
    strengthen(rows, [f], 0)
    fund(rows, [f], states=0)
    delivery(0, 1, rows, p, FIRST)
    assert programme(rows, "quality")[0, f] > 0.5


# -- too little will to prevent ----------------------------------------------------------------------------------------


def test_will_limits_early_money_and_ranks_crises_first() -> None:
    found = []
    for strength in (1.0, 0.5, 0.0):
        forms = ["mediation", "human-rights-monitoring"]
        table = Table([1.0, 4.0], [0.9, 0.3], forms, budget=4e6, will=0.0, noise=0.0)
        p = parameters(FULL | {"challenges.will.strength": strength, "principles.flexibility.share": 0.0})
        table.months(p, 12)
        found.append(table.of_body("spent_prevention") / table.of_body("spent"))
    assert found[0] == 0.0 and found[2] > found[1] >= found[0], found
    assert found[2] == 1.0, "strength 0: the higher risk comes first, at whatever stage"


@cache
def measured(*sets: str) -> dict[str, float]:
    """Give the mean metrics of the seminar world under the present policy with some values set."""
    metrics = simulate(load("seminar", sets=sets), ["late-response"], runs=12, seed=2, years=12).metrics
    columns = (column[np.isfinite(column)] for column in metrics["late-response"].T)
    return {name: float(known.mean()) if len(known) else np.nan for name, known in zip(METRICS, columns, strict=True)}


def test_will_brings_early_spending_and_earlier_help_in_the_seminar_world() -> None:
    late, half, early = (measured(f"challenges.will.strength={x}") for x in ("1.0", "0.5", "0.0"))
    assert late["spent_prevention"] < half["spent_prevention"] < early["spent_prevention"]
    assert early["months_to_help"] < late["months_to_help"]


def test_principles_move_the_seminar_world() -> None:
    present = measured()
    assert measured("principles.prevention.reserve=0.6")["spent_prevention"] > 1.5 * present["spent_prevention"]
    assert measured("challenges.resources.relief=10.0")["spent_prevention"] > 1.5 * present["spent_prevention"]
    assert measured("assistance.budget_scale=0.0")["spent_prevention"] == 0.0


# -- resource constraints ----------------------------------------------------------------------------------------------


def test_relief_multiplies_the_money_of_prevention_and_leaves_response_alone() -> None:
    budgets = {}
    for relief in (1.0, 2.0, 30.0):
        scenario = load("seminar", sets=[f"challenges.resources.relief={relief}"])
        found = build(scenario, "late-response").rows.body[BODY.index["budget"]]
        budgets[relief] = dict(zip(scenario.bodies, found, strict=True))
    for key, body in load("seminar").bodies.items():
        response = bool(RESPONSE_MANDATES & set(body.mandates))
        given = body.values.get("budget", 0.0)
        for relief, found in budgets.items():
            assert found[key] == pytest.approx(given * (1.0 if response else relief), abs=1.0)
            assert relief != 1.0 or found[key] == given, "relief 1 leaves budgets as they are"


def test_money_binds() -> None:
    spent = []
    for budget in (1e6, 4e6, 1e9):
        table = Table([2.0, 2.0], [0.5, 0.4], ["mediation"], budget=budget)
        table.months(parameters(FULL | {"principles.flexibility.share": 0.0}), 24)
        spent.append(table.of_body("spent"))
        assert table.of_body("balance") >= 0.0
        assert table.of_body("received") == sum(table.of_body(n) for n in ("spent", "balance", "returned"))
    assert spent[0] < spent[1] < spent[2] <= 2.0 * 4e8 * 2.0


# -- states as perpetrators --------------------------------------------------------------------------------------------


def test_under_a_perpetrating_government_what_depends_on_it_shrinks() -> None:
    under = column("under_perpetrator")
    for strength in (0.0, 0.5, 1.0):
        found = quality({"challenges.perpetrators.strength": strength}, government_perpetrator=1.0)
        assert found == pytest.approx(1.0 - strength * (1.0 - under))
        assert quality({"challenges.perpetrators.strength": strength}) == pytest.approx(1.0)


def test_a_perpetrating_government_refuses_and_what_needs_no_consent_remains() -> None:
    found = {}
    for refuses in (0.0, 0.5, 1.0):
        changed = {"assistance.openness": 0.2, "assistance.perpetrator_refuses": refuses}
        found[refuses] = quality(changed, commitment=0.5, government_perpetrator=1.0)
    consent = column("consent")
    assert (found[0.0] >= found[0.5]).all() and (found[0.5] >= found[1.0]).all()
    assert found[1.0] == pytest.approx(1.0 - consent), "all of its willingness withdrawn"
    assert (found[1.0][consent == 0.0] == 1.0).all()
    assert found[0.0] == pytest.approx(1.0 - consent * 0.4), "withdrawn nothing: as under any government"


def test_peacekeepers_and_police_hardly_act_against_a_government_and_accountability_does() -> None:
    changed = natural("challenges.perpetrators.strength", "assistance.perpetrator_refuses", "assistance.openness")
    found = quality(changed | natural("principles.ownership.strength"), commitment=0.3, government_perpetrator=1.0)
    assert found[form_place("police")] < 0.2
    killing = {e.on: e.size for e in FORMS["peacekeeping"].effects}["killing"]
    assert killing ** found[form_place("peacekeeping")] > 0.97, "peacekeepers protect from armed groups"
    assert min(found[form_place("civil-society")], found[form_place("individual-accountability")]) > 0.5


# -- always ------------------------------------------------------------------------------------------------------------


def test_quality_and_strength_stay_within_bounds_whatever_the_parameters() -> None:
    rng = np.random.default_rng(3)
    names = [k for k in PARAMETERS if k.startswith(("assistance.", "principles.", "challenges."))]
    for seed in range(60):
        ends = {k: float(rng.choice([PARAMETERS[k].low, PARAMETERS[k].high, PARAMETERS[k].default])) for k in names}
        ends["assistance.backlash_size"] = min(ends["assistance.backlash_size"], 1.0)
        p = parameters(ends)
        rows = copies(setting(), 20)
        for name in ("commitment", "government_perpetrator"):
            rows.state[STATE.index[name]] = rng.integers(0, 2, 20) * (rng.random() if name == "commitment" else 1.0)
        for m in range(8):
            if rng.random() < 0.7:
                fund(rows, EVERY, amount=float(rng.choice([1.0, 1e6, 1e18])))
            a_month(rows, p, m, seed=seed)
            block = rows.programme
            assert np.isfinite(block).all() and np.isfinite(rows.state).all() and np.isfinite(rows.group).all()
            for entry in PROGRAMME.columns:
                found = block[PROGRAMME.index[entry.name]]
                assert entry.low <= found.min() and found.max() <= entry.high, (entry.name, ends)


def test_the_first_decision_of_a_body_can_already_begin_a_programme() -> None:
    table = Table([2.0], [0.5], ["mediation"], known=False, budget=1e9)
    assert table.months(parameters(FULL), 1).pledged


def test_slots_of_pledges_are_never_shared() -> None:
    table = Table([2.0] * 30, [0.5] * 30, ["mediation", "preventive-diplomacy"], budget=1e9)
    table.months(parameters(FULL | {"assistance.considered": 30.0}), 12)
    rows: Rows = table.rows
    slots = rows.pledge[L.programme]
    kept = slots[slots >= 0]
    assert len(kept) == len(np.unique(kept)) == 60


# -- once defects ------------------------------------------------------------------------------------------------------


def test_nothing_is_lost_under_a_perpetrating_government_of_what_needs_no_consent() -> None:
    changed = natural("challenges.perpetrators.strength", "assistance.perpetrator_refuses", "assistance.openness")
    changed |= natural("principles.ownership.strength")
    found = quality(changed, commitment=0.3, government_perpetrator=1.0)
    free = [f for f, form in enumerate(FORMS.values()) if form.consent == 0.0 and form.under_perpetrator == 1.0]
    assert free and found[free] == pytest.approx(1.0)


def test_a_rich_body_follows_a_rising_cost() -> None:
    table = Table([4.0], [0.5], ["civilian-protection"], budget=1e9)
    p = parameters(FULL)
    table.months(p, 4)
    put(table.rows, {"displaced_inside": 1e5})
    table.months(p, 18)
    assert programme(table.rows, "funded")[0, table.places[0]] == 1.0


def test_any_needs_assessment_counts() -> None:
    rows = copy_rows(setting().rows)
    form = rows.form.copy()
    form[FORM.index["is_assessment"], -1] = 1.0
    rows = rows._replace(form=form)
    for f in (form_place("needs-assessment"), form_place("media")):
        strengthen(rows, [f], 0)
        fund(rows, [f], states=0)
    delivery(0, 1, rows, parameters(FULL | {"principles.ownership.strength": 0.5}), FIRST)
    assert programme(rows, "quality")[0, form_place("media")] == pytest.approx(1.0)


def test_commitment_does_not_answer_to_a_programme_that_does_harm() -> None:
    rows = copy_rows(setting().rows)
    f = form_place("local-resolution")
    programme(rows, "backfires")[0, f] = 1.0
    strengthen(rows, [f], 0)
    fund(rows, [f], states=0)
    delivery(0, 1, rows, parameters(FULL | natural("principles.mutual.answer")), FIRST)
    assert value(rows, "aid_commitment") <= 0.0


def test_harm_of_any_size_allowed_stays_within_the_column() -> None:
    rows = copy_rows(setting().rows)
    programme(rows, "backfires")[0] = 1.0
    strengthen(rows, EVERY, 0)
    delivery(
        0, 1, rows, parameters(FULL | {"assistance.backlash_size": PARAMETERS["assistance.backlash_size"].high}), FIRST
    )
    assert programme(rows, "quality").min() >= PROGRAMME["quality"].low
