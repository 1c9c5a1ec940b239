"""Delivery: programmes build up with their lag, decay when unfunded, and act through channels; some backfire.

One file, though long: a programme builds up, decays, acts and backfires in one pass over its row.
"""

from __future__ import annotations

import math

import numpy as np

from r2psim.declarations.channels import CHANNELS
from r2psim.declarations.columns import GROUP, GROUP_CHANNELS, PR, F, G, S
from r2psim.rules.arithmetic import clip01
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import BACKLASH, Draws, of_run, under, uniform
from r2psim.rules.triggers import fading
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["delivery"]

_CHANNELS = len(CHANNELS)
_FIRST = S[S._fields.index("aid_" + next(iter(CHANNELS)))]
_AID = tuple(GROUP.index[f"aid_{name}"] if name in GROUP_CHANNELS else -1 for name in CHANNELS)
_GROUP_COLUMN = np.array(_AID, dtype=np.int64)
"""Column of a group that a channel goes to, or -1 where it works on the state as a whole."""
_PEACEKEEPERS, _MONITORS, _TRAINING = 1.0, 2.0, 3.0
"""Codes of `r2psim.scenario.forms.PARTS`."""
_BUILT_DOWN = 0.01
"""Strength below which an unfunded programme is over."""


@inline
def build_up(strength: float, funded: float, step: float, left: float) -> float:
    """Give the strength after a month: it rises by ``step`` to what is funded, or keeps a share of what is not."""
    risen = strength + step
    risen = risen if risen < funded else funded
    fallen = funded + (strength - funded) * left
    fallen = fallen if funded > 0.0 or fallen >= _BUILT_DOWN else 0.0
    return risen if funded >= strength else fallen


@inline
def worst_off(rows: Rows, s: int) -> int:
    """Give the group that a programme of group scope is for: highest stage, then targeting, then exclusion."""
    group = rows.group
    best = -1
    most = -1.0
    for g in range(rows.first_group[s], rows.first_group[s + 1]):
        need = 10.0 * group[G.stage, g] + 2.0 * group[G.targeting, g] + group[G.exclusion, g]
        if need > most:
            most = need
            best = g
    return best


@inline
def consider(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Note how far the governments of states ``first..last`` consent to assistance, and begin the month's sums."""
    state = rows.state
    willingness = state[S.willingness, first:last]
    commitment = state[S.commitment, first:last]
    perpetrator = state[S.government_perpetrator, first:last]
    openness = p[P.assistance_openness]
    refuses = p[P.assistance_perpetrator_refuses]
    many = state[S.aid_forms, first:last]
    assessed = state[S.assessed, first:last]
    best_help = state[S.best_help, first:last]
    at_work = state[S.prevention_at_work, first:last]
    forces = state[S.forces_at_work, first:last]
    pressed = state[S.leverage_at_work, first:last]
    trained = state[S.trained, first:last]
    monitors = state[S.monitors_there, first:last]
    peacekeepers = state[S.peacekeepers_there, first:last]
    troops = state[S.mission_troops, first:last]
    police = state[S.mission_police, first:last]
    civilians = state[S.mission_civilians, first:last]
    coordination = state[S.coordination, first:last]
    coordinated = state[S.coordinated, first:last]
    for s in range(last - first):
        coordination[s] = coordinated[s]
        coordinated[s] = 0.0
        trained[s] = 0.0
        monitors[s] = 0.0
        peacekeepers[s] = 0.0
        troops[s] = 0.0
        police[s] = 0.0
        civilians[s] = 0.0
    for s in range(last - first):
        willing = clip01(openness + (1.0 - openness) * commitment[s])
        willingness[s] = willing * (1.0 - refuses * perpetrator[s])
        many[s] = 0.0
        assessed[s] = 0.0
        best_help[s] = 0.0
        at_work[s] = 0.0
        forces[s] = 0.0
        pressed[s] = 0.0
    for c in range(_CHANNELS):
        channel = state[_FIRST + c, first:last]
        for s in range(last - first):
            channel[s] = 0.0


@inline
def price(first: int, last: int, rows: Rows, p: np.ndarray, f: int) -> None:
    """Price a form in states ``first..last``, and note how far governments consent to it."""
    state = rows.state
    form = rows.form
    base = f * state.shape[1]
    cost = rows.programme[PR.cost, base + first : base + last]
    worth = rows.programme[PR.worth, base + first : base + last]
    consent = rows.programme[PR.consent, base + first : base + last]
    willing = state[S.willingness, first:last]
    inside = state[S.displaced_inside, first:last]
    hosted = state[S.displaced_hosted, first:last]
    # Screening takes staff. What coordination takes, the body that coordinates pays (`r2psim.rules.accounts`).
    dearer = 1.0 + p[P.principles_harm_cost] * p[P.principles_harm_screening]
    unit_cost = form[F.unit_cost, f]
    person_cost = form[F.person_cost, f]
    potency = form[F.potency, f]
    on_consent = form[F.consent, f]
    for s in range(last - first):
        consent[s] = 1.0 - on_consent * (1.0 - willing[s])
    full = np.floor(unit_cost * dearer)
    worthy = worth_of(potency, full)
    if person_cost > 0.0:
        for s in range(last - first):
            full = np.floor((unit_cost + np.floor(person_cost * (inside[s] + hosted[s]))) * dearer)
            cost[s] = full
            worth[s] = worth_of(potency, full)
    elif last > first and (cost[0] != full or worth[0] != worthy):
        # The same in all states and months, unless parameters change: written only then.
        for s in range(last - first):
            cost[s] = full
            worth[s] = worthy


@inline
def worth_of(potency: float, cost: float) -> float:
    """Give what a form is worth: the size of its effects over the square root of its cost; nothing where it is free."""
    return potency / math.sqrt(cost if cost > 1.0 else 1.0) if cost > 0.0 else 0.0


@inline
def begin(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws, f: int) -> int:
    """Let chance decide which of the programmes that begin this month backfire; screening lowers it (do no harm).

    Gives the number of programmes of the form that run or begin.
    """
    base = f * rows.state.shape[1]
    offered = rows.programme[PR.offered, base + first : base + last]
    strength = rows.programme[PR.strength, base + first : base + last]
    months = rows.programme[PR.months, base + first : base + last]
    running = 0
    beginning = 0
    for s in range(last - first):
        put_up = 1 if offered[s] > 0.0 else 0
        running += 1 if strength[s] > 0.0 else put_up
        beginning += put_up if months[s] == 0.0 else 0
    if beginning > 0:
        risk = rows.form[F.backlash, f] * (1.0 - p[P.principles_harm_screening])
        luck = under(draws, rows.form_id[f])
        backfires = rows.programme[PR.backfires, base + first : base + last]
        for s in range(last - first):
            if offered[s] > 0.0 and months[s] == 0.0:
                here = of_run(luck, rows.state_run[first + s])
                struck = uniform(here, rows.state_id[first + s], BACKLASH) < risk
                backfires[s] = 1.0 if struck else 0.0
    return running


@inline
def fund(first: int, last: int, rows: Rows, p: np.ndarray, f: int) -> None:
    """Fund a form's programmes in states ``first..last`` and build them up, or let them decay.

    A programme can use money up to its cost; of more, every body keeps a part. It ends when neither money nor
    strength is left.
    """
    state = rows.state
    form = rows.form
    base = f * state.shape[1]
    offered = rows.programme[PR.offered, base + first : base + last]
    pledged = rows.programme[PR.pledged, base + first : base + last]
    levered = rows.programme[PR.levered, base + first : base + last]
    leverage = rows.programme[PR.leverage, base + first : base + last]
    accepted = rows.programme[PR.accepted, base + first : base + last]
    funded = rows.programme[PR.funded, base + first : base + last]
    cost = rows.programme[PR.cost, base + first : base + last]
    strength = rows.programme[PR.strength, base + first : base + last]
    months = rows.programme[PR.months, base + first : base + last]
    willing = state[S.willingness, first:last]
    many = state[S.aid_forms, first:last]
    assessed = state[S.assessed, first:last]
    own = p[P.principles_ownership_strength]
    trained = state[S.trained, first:last]
    trains = 1.0 if form[F.part, f] == _TRAINING else 0.0
    half_life = form[F.half_life, f]
    step = 1.0 / (form[F.lag, f] if form[F.lag, f] > 1.0 else 1.0)
    is_assessment = form[F.is_assessment, f]
    # What a month leaves of a programme goes where what it can use goes next: exponentials have a loop of their own.
    for s in range(last - first):
        halves = half_life * (1.0 + own * (willing[s] - 0.5))
        accepted[s] = fading(halves if halves > 0.1 else 0.1)
    for s in range(last - first):
        left = accepted[s]
        offer = offered[s]
        full = cost[s]
        pledged[s] = offer
        offered[s] = 0.0
        leverage[s] = levered[s] / (offer if offer > 0.0 else 1.0)
        levered[s] = 0.0
        # Either too much is offered or too little: one division serves both. Where neither money nor cost is, 0 / 1.
        smaller = offer if offer < full else full
        larger = offer if offer > full else full
        part = smaller / (larger if larger > 0.0 else 1.0)
        accepted[s] = part if offer > full else 1.0
        share = part if offer < full else 1.0
        share = share if offer > 0.0 else 0.0
        funded[s] = share
        built = build_up(strength[s], share, step, left)
        strength[s] = built
        age = months[s] + 1.0
        months[s] = age if built > 0.0 else 0.0
        many[s] += (1.0 - is_assessment) * built
        done = is_assessment * built
        assessed[s] = done if done > assessed[s] else assessed[s]
        done = trains * built
        trained[s] = done if done > trained[s] else trained[s]


@inline
def is_built(first: int, last: int, rows: Rows, f: int) -> bool:
    """Whether any programme of a form in states ``first..last`` has any strength, or had a quality last month."""
    base = f * rows.state.shape[1]
    strength = rows.programme[PR.strength, base + first : base + last]
    quality = rows.programme[PR.quality, base + first : base + last]
    number = 0
    for s in range(last - first):
        left = 1 if quality[s] != 0.0 else 0
        number += 1 if strength[s] != 0.0 else left
    return number > 0


@inline
def reach(first: int, last: int, rows: Rows, p: np.ndarray, f: int) -> None:
    """Let a form's programmes in states ``first..last`` reach the share of their effect that circumstances leave.

    Sizes are those delivered in the cases of the studies: a programme reaches 1 where the government is as willing as
    there and no perpetrator, and a needs assessment was made where one belongs to the form. Consent counts once, as a
    ratio to that; those who pay and have leverage win over a part of what a government withholds. States as
    perpetrators: of what the government's refusal leaves and of what is left of the form under a perpetrator the
    smaller counts. National ownership: a form that begins with a needs assessment reaches less without one. Fit: it
    reaches ``unassessed + (1 - unassessed) * assessed`` of that, since without one it meets what is lacking only in
    part. Complexity: more forms at once dilute attention as far as nobody coordinates them there. Peacekeepers who are
    trained for their mandate reach more. The assessment itself changes nothing.
    """
    state = rows.state
    form = rows.form
    base = f * state.shape[1]
    strength = rows.programme[PR.strength, base + first : base + last]
    consent = rows.programme[PR.consent, base + first : base + last]
    quality = rows.programme[PR.quality, base + first : base + last]
    leverage = rows.programme[PR.leverage, base + first : base + last]
    backfires = rows.programme[PR.backfires, base + first : base + last]
    commitment = state[S.commitment, first:last]
    trained = state[S.trained, first:last]
    perpetrator = state[S.government_perpetrator, first:last]
    many = state[S.aid_forms, first:last]
    assessed = state[S.assessed, first:last]
    moves = p[P.assistance_leverage_consent]
    own = p[P.principles_ownership_strength]
    practice = p[P.principles_ownership_practice]
    openness = p[P.assistance_openness]
    most = p[P.assistance_quality_most]
    on_consent = form[F.consent, f]
    usual = 1.0 - on_consent * (1.0 - p[P.assistance_reference_willingness])
    gain = p[P.assistance_training_gain] * (1.0 if form[F.part, f] == _PEACEKEEPERS else 0.0)
    assesses = form[F.needs_assessment, f]
    unfit = (1.0 - p[P.assistance_unassessed]) * (1.0 if assesses > 0.0 else 0.0)
    # What needs neither consent nor an assessment owes nothing to ownership.
    owes = own * (1.0 if assesses > 0.0 else form[F.consent, f])
    lost = p[P.challenges_perpetrators_strength] * (1.0 - form[F.under_perpetrator, f])
    free = p[P.challenges_complexity_free]
    crowd = p[P.challenges_complexity_strength]
    coordination = state[S.coordination, first:last]
    backlash = -p[P.assistance_backlash_size]
    for s in range(last - first):
        found = assessed[s]
        owned = practice * (found if assesses > 0.0 else 1.0)
        # Those who pay and have leverage win over a part of what a government withholds.
        withheld = 1.0 - moves * leverage[s]
        # What the government would agree to if it committed no crimes, less what that leaves of the form.
        agreed = 1.0 - on_consent * (1.0 - clip01(openness + (1.0 - openness) * commitment[s])) * withheld
        agreed *= 1.0 - lost * perpetrator[s]
        given = 1.0 - (1.0 - consent[s]) * withheld
        agreed = given if given < agreed else agreed
        reached = agreed / usual * (1.0 - owes * (1.0 - owned))
        reached = reached if reached < most else most
        reached *= 1.0 - unfit * (1.0 - found)
        reached *= 1.0 + gain * trained[s]
        extra = many[s] - free
        reached = reached / (1.0 + crowd * (1.0 - coordination[s]) * (extra if extra > 0.0 else 0.0))
        reached = backlash * reached if backfires[s] > 0.0 else reached
        quality[s] = reached if strength[s] > 0.0 else 0.0


@inline
def keep_most(strength: np.ndarray, quality: np.ndarray, there: np.ndarray) -> None:
    """Keep in each state the most of what any programme of a kind amounts to there."""
    for s in range(len(there)):
        done = strength[s] * quality[s]
        there[s] = done if done > there[s] else there[s]


@inline
def count_at_work(first: int, last: int, rows: Rows, f: int) -> None:
    """Note what a form's programmes in states ``first..last`` amount to: who is there, and how much help is at work.

    Apart from `reach`, and in parts: the compiler vectorises no loop in which it would have to ask of more than 128
    pairs of columns whether they overlap.
    """
    state = rows.state
    form = rows.form
    base = f * state.shape[1]
    strength = rows.programme[PR.strength, base + first : base + last]
    quality = rows.programme[PR.quality, base + first : base + last]
    leverage = rows.programme[PR.leverage, base + first : base + last]
    best_help = state[S.best_help, first:last]
    at_work = state[S.prevention_at_work, first:last]
    pressed = state[S.leverage_at_work, first:last]
    helps = 1.0 - form[F.is_assessment, f]
    prevents = 1.0 if form[F.response, f] == 0.0 and form[F.is_assessment, f] == 0.0 else 0.0
    for s in range(last - first):
        done = strength[s] * quality[s]
        done = done if done < 1.0 else 1.0
        best_help[s] = helps * done if helps * done > best_help[s] else best_help[s]
        at_work[s] += prevents * (done if done > 0.0 else 0.0)
        press = helps * leverage[s] * (done if done > 0.0 else 0.0)
        pressed[s] = press if press > pressed[s] else pressed[s]
    if form[F.part, f] == _MONITORS:
        keep_most(strength, quality, state[S.monitors_there, first:last])
    if form[F.part, f] == _PEACEKEEPERS:
        keep_most(strength, quality, state[S.peacekeepers_there, first:last])
    heads_troops = form[F.troops, f]
    heads_police = form[F.police, f]
    heads_civilians = form[F.civilians, f]
    if heads_troops > 0.0 or heads_police > 0.0 or heads_civilians > 0.0:
        troops = state[S.mission_troops, first:last]
        police = state[S.mission_police, first:last]
        civilians = state[S.mission_civilians, first:last]
        for s in range(last - first):
            built = strength[s]
            troops[s] += heads_troops * built
            police[s] += heads_police * built
            civilians[s] += heads_civilians * built
    military = form[F.military, f]
    if military > 0.0:
        forces = state[S.forces_at_work, first:last]
        for s in range(last - first):
            there_now = military * strength[s]
            forces[s] = there_now if there_now > forces[s] else forces[s]


@inline
def effects_apart(rows: Rows) -> tuple[int, int]:
    """Give the number of effects of all forms, and of the runs side by side that have sizes of their own for them."""
    effects = int(rows.effect_start[rows.form.shape[1]])
    return effects, len(rows.effect_size) // effects if effects > 0 else 1


@inline
def add_effect(strength: np.ndarray, quality: np.ndarray, size: float, turned: float, channel: np.ndarray) -> None:
    """Add an effect of programmes to their channel in each state."""
    for s in range(len(channel)):
        reached = quality[s]
        reached = turned * reached if reached < 0.0 else reached
        channel[s] += size * strength[s] * reached


@inline
def act(first: int, last: int, rows: Rows, p: np.ndarray, f: int) -> None:
    """Add a form's effects on whole states to the channels of states ``first..last``.

    A programme that backfires turns its benefits around; the harm that it does beside them stays harm.
    """
    base = f * rows.state.shape[1]
    strength = rows.programme[PR.strength, base + first : base + last]
    quality = rows.programme[PR.quality, base + first : base + last]
    scale = p[P.assistance_effect_scale]
    alone = rows.form[F.group_scope, f] > 0.0
    effects, runs = effects_apart(rows)
    each = rows.state.shape[1] // runs
    first_run = first // each
    for e in range(rows.effect_start[f], rows.effect_start[f + 1]):
        c = rows.effect_channel[e]
        if not (alone and _GROUP_COLUMN[c] >= 0):
            channel = rows.state[_FIRST + c, first:last]
            begin, k = 0, first_run
            if runs == 1:
                turned = -1.0 if rows.effect_harms[e] > 0.0 else 1.0
                add_effect(strength, quality, scale * rows.effect_size[e], turned, channel)
                begin = last - first
            # States of one run after the other, where each has sizes of its own.
            while begin < last - first:
                end = each * (k + 1) - first
                end = end if end < last - first else last - first
                size = scale * rows.effect_size[k * effects + e]
                turned = -1.0 if rows.effect_harms[k * effects + e] > 0.0 else 1.0
                add_effect(strength[begin:end], quality[begin:end], size, turned, channel[begin:end])
                begin = end
                k += 1


@inline
def act_on_groups(first: int, last: int, rows: Rows, p: np.ndarray, f: int) -> None:
    """Add the effects of a form of group scope on the group in question in each of states ``first..last``."""
    base = f * rows.state.shape[1]
    strength = rows.programme[PR.strength, base + first : base + last]
    quality = rows.programme[PR.quality, base + first : base + last]
    scale = p[P.assistance_effect_scale]
    effects, runs = effects_apart(rows)
    each = rows.state.shape[1] // runs
    for s in range(last - first):
        target = worst_off(rows, first + s) if strength[s] > 0.0 else -1
        if target >= 0:
            own = effects * ((first + s) // each)
            for e in range(rows.effect_start[f], rows.effect_start[f + 1]):
                place = _GROUP_COLUMN[rows.effect_channel[e]]
                if place >= 0:
                    harms = rows.effect_harms[own + e] > 0.0
                    reached = -quality[s] if harms and quality[s] < 0.0 else quality[s]
                    rows.group[place, target] += scale * rows.effect_size[own + e] * strength[s] * reached


@inline
def join(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Let monitors and peacekeepers who stand beside one another protect better than each by itself."""
    together = p[P.assistance_effect_scale] * p[P.assistance_joint_protection]
    monitors = rows.state[S.monitors_there, first:last]
    peacekeepers = rows.state[S.peacekeepers_there, first:last]
    killing = rows.state[S.aid_killing, first:last]
    for s in range(last - first):
        killing[s] += together * (monitors[s] * peacekeepers[s])


@inline
def share_aid(first: int, last: int, rows: Rows) -> None:
    """Pass on to groups what reaches all groups of their state."""
    home = rows.home[rows.first_group[first] : rows.first_group[last]]
    for c in range(_CHANNELS):
        place = _GROUP_COLUMN[c]
        if place >= 0:
            channel = rows.state[_FIRST + c, first:last]
            aid = rows.group[place, rows.first_group[first] : rows.first_group[last]]
            used = 0
            for s in range(last - first):
                used += 1 if channel[s] != 0.0 else 0
            if used > 0:
                for g in range(len(aid)):
                    aid[g] = channel[home[g] - first]
            else:
                for g in range(len(aid)):
                    aid[g] = 0.0


@inline
def remember(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Let governments answer to help, and armed groups come to expect it (moral hazard); note when help arrived."""
    state = rows.state
    now = np.float64(draws.month) + 1.0
    scale = p[P.assistance_effect_scale]
    answer = p[P.principles_mutual_answer]
    left = fading(p[P.assistance_expectation_half_life])
    arrived = p[P.assistance_arrived]
    unscreened = 1.0 - p[P.principles_harm_screening]
    aid_commitment = state[S.aid_commitment, first:last]
    best_help = state[S.best_help, first:last]
    pressed = state[S.leverage_at_work, first:last]
    urged = p[P.assistance_leverage_commitment]
    forces = state[S.forces_at_work, first:last]
    expected_help = state[S.expected_help, first:last]
    moral_hazard = state[S.moral_hazard, first:last]
    stage = state[S.stage, first:last]
    threatened = state[S.threatened, first:last]
    at_work = state[S.prevention_at_work, first:last]
    helped = state[S.helped, first:last]
    for s in range(last - first):
        aid_commitment[s] += (answer * best_help[s] + urged * pressed[s]) * scale
        memory = expected_help[s] * left
        # Nobody expects help from forces that are held to have no effect.
        expected = clip01(forces[s] * scale)
        expected = expected if expected > memory else memory
        expected_help[s] = expected
        moral_hazard[s] = expected * unscreened
        before = threatened[s]
        first_threat = now if before == 0.0 else before
        threatened[s] = first_threat if stage[s] >= 2.0 else before
        before = helped[s]
        first_help = now if before == 0.0 else before
        helped[s] = first_help if at_work[s] >= arrived else before


@by_run("rows.state")
@rule
def delivery(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Fund, build up and apply the programmes of states ``first..last``.

    A programme begins with a chance to backfire, which screening lowers, and ends when neither money nor strength is
    left.
    """
    forms = rows.form.shape[1]
    consider(first, last, rows, p)
    for f in range(forms):
        price(first, last, rows, p, f)
        if begin(first, last, rows, p, draws, f) > 0:
            fund(first, last, rows, p, f)
    for f in range(forms):
        if is_built(first, last, rows, f):
            reach(first, last, rows, p, f)
            count_at_work(first, last, rows, f)
            act(first, last, rows, p, f)
    join(first, last, rows, p)
    share_aid(first, last, rows)
    for f in range(forms):
        if rows.form[F.group_scope, f] > 0.0 and is_built(first, last, rows, f):
            act_on_groups(first, last, rows, p, f)
    remember(first, last, rows, p, draws)
