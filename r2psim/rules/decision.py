"""Decision: at its own rhythm each body looks at its states, ranks them, and pledges money to forms of assistance.

One file, though long: a body ranks and pledges in one pass, by helpers that the compiler takes into one rule.
"""

from __future__ import annotations

import math

import numpy as np

from r2psim.declarations.columns import PF, PR, STAGES, B, F, L, N, R, S
from r2psim.rules.arithmetic import clip01, exp, log
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import add_to, inline, rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import ASSESSMENT, Draws, bell, of_run, under
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["applicable", "budget_room", "decision", "income", "may_fund", "note_of", "offering", "perceive"]

NOTHING = -1.0
ALL = -1
"""Of a round of a decision: every form, every stage."""
NO_END = 1e300
"""More money than there is."""
_STAGES = len(STAGES)
Odds = tuple[float, float, float, float, float, float]
"""Log odds of a typical state, as `typical_odds` gives them."""


@inline
def consents(consent: float, unmoved: float, gate: float) -> bool:
    """Whether a government's consent is enough, once leverage has left so much of its refusal unmoved."""
    return 1.0 - (1.0 - consent) * unmoved >= gate


@inline
def strengthened(rows: Rows, b: int, s: int) -> float:
    """Give how far investment has strengthened a body in a state: a regional mechanism, and nobody else."""
    level: float = rows.body[B.regional, b] * clip01(rows.state[S.aid_regional_mechanisms, s])
    return level


@inline
def unmoved_by(rows: Rows, b: int, s: int) -> float:
    """Give the share of a government's refusal that a body's leverage leaves unmoved."""
    left: float = (1.0 - rows.body[B.leverage, b]) * (1.0 - strengthened(rows, b, s))
    return left


@inline
def has_jurisdiction(rows: Rows, b: int, s: int) -> bool:
    """Whether a body may act in a state: a court where the State is a member or was referred, others anywhere."""
    return bool(rows.body[B.court, b] == 0.0 or rows.state[S.jurisdiction, s] > 0.0)


@inline
def may_fund(rows: Rows, b: int, row: int, gate: float) -> bool:
    """Whether a body can fund a programme now: the form applies (`r2psim.rules.demand`) and the government consents.

    A body with leverage wins consent that others do not get. A court acts where it has jurisdiction.
    """
    s = row % rows.state.shape[1]
    if not has_jurisdiction(rows, b, s):
        return False
    agreed = consents(rows.programme[PR.consent, row], unmoved_by(rows, b, s), gate)
    return bool(rows.programme[PR.demand, row] >= 0.0 and agreed)


@inline
def least(a: float, b: float) -> float:
    """Give the smaller of two."""
    return a if a < b else b


@inline
def before_crisis(rows: Rows, s: int) -> float:
    """1 where a state is at stages 0-2 and not in war, else 0."""
    return (1.0 if rows.state[S.stage, s] <= 2.0 else 0.0) * (1.0 if rows.state[S.conflict, s] != WAR else 0.0)


@inline
def is_early(rows: Rows, s: int, f: int) -> float:
    """1 where money for a form in a state is early money: for a form of prevention, before a crisis; else 0."""
    return before_crisis(rows, s) * (1.0 if rows.form[F.response, f] == 0.0 else 0.0)


@inline
def budget_room(rows: Rows, b: int) -> float:
    """Money that a body can promise a month: its monthly budget and a twelfth of what it has saved, in cents."""
    tranche = np.floor(rows.body[B.budget, b] * 100.0 / 12.0)
    saved = rows.body[B.balance, b] - tranche
    room: float = tranche + (np.floor(saved / 12.0) if saved > 0.0 else 0.0)
    return room


@inline
def receive(rows: Rows, b: int) -> None:
    """Give a body a twelfth of its yearly budget, in whole cents."""
    tranche = np.floor(rows.body[B.budget, b] * 100.0 / 12.0)
    rows.body[B.balance, b] += tranche
    rows.body[B.received, b] += tranche


@inline
def look(rows: Rows, p: np.ndarray, b: int, draws: Draws) -> None:
    """Note what a body sees of its members this month.

    The body adds an error of its own to the public assessment; the state's capacity for early warning lowers it, and
    so does what strengthens a regional mechanism there. Its luck is drawn under a key that the body's identity
    changes, so that no two bodies and states share a number. How large the whole error may be it knows.
    """
    state = rows.state
    first = rows.member_start[b]
    last = rows.member_start[b + 1]
    seen = rows.rating[R.seen, first:last]
    early_warning = rows.rating[R.early_warning, first:last]
    urgency = rows.rating[R.urgency, first:last]
    error = rows.rating[R.error, first:last]
    identity = rows.member_id[first:last]
    for m in range(last - first):
        s = rows.member[first + m]
        seen[m] = state[S.perceived, s]
        early_warning[m] = state[S.early_warning, s]
        urgency[m] = state[S.urgency, s]
        error[m] = 1.0 - strengthened(rows, b, s)
    noise = rows.body[B.noise, b] * p[P.observation_own] * p[P.observation_error]
    public = p[P.observation_noise] * p[P.observation_error]
    gain = p[P.observation_early_warning]
    luck = under(of_run(draws, rows.body_run[b]), rows.body_id[b])
    for m in range(last - first):
        left = 1.0 - gain * early_warning[m]
        own = noise * left * error[m]
        seen[m] = clip01(seen[m] + own * bell(luck, identity[m], ASSESSMENT))
        error[m] = math.sqrt(own * own + public * left * (public * left))


@inline
def seen_to_harm(rows: Rows, row: int, noticed: float) -> bool:
    """Say whether a programme does harm, and has for so long that bodies have noticed."""
    return bool(rows.programme[PR.backfires, row] > 0.0 and rows.programme[PR.months, row] >= noticed)


@inline
def noticing(p: np.ndarray) -> float:
    """Give the months after which bodies notice that a programme does harm: the fewer, the more is screened."""
    months: float = p[P.principles_harm_noticed] * (1.0 - p[P.principles_harm_screening])
    return months


@inline
def keep_pledges(
    rows: Rows,
    p: np.ndarray,
    b: int,
    room: float,
    early_most: float,
    late_most: float,
    lent: float,
    pot: float,
    now: float,
) -> tuple[float, float]:
    """Drop pledges that no longer apply, and those that flexibility frees; give what is kept, in all and early.

    A state that has left its crisis makes early money of what was response: beyond ``early_most`` it is dropped too.
    Without flexibility money stays where it is while its programme applies; with it, that share of the budget is
    free to move at every decision. What is kept moves up into the first slots. A programme that does harm is dropped
    once that is noticed: the sooner, the more is screened. Money on standby, up to its ``pot``, stays where the crisis
    goes on and counts apart; where it is over, the pledge is one like others.
    """
    pledge = rows.pledge
    programme = rows.programme
    note = rows.note
    first_note = rows.note_start[b]
    locked = (1.0 - p[P.principles_flexibility_share]) * room
    gate = p[P.assistance_consent_gate]
    noticed = noticing(p)
    lowest = p[P.assistance_standby_stage]
    first = rows.pledge_start[b]
    end = first + int(rows.body[B.pledges, b])
    kept = 0.0
    early = 0.0
    held = 0.0
    place = first
    for slot in range(first, end):
        row = int(pledge[L.programme, slot])
        amount = pledge[L.amount, slot]
        begins = pledge[L.begins, slot]
        own_note = pledge[L.note, slot]
        n = first_note + int(own_note)
        pledge[L.former, slot] = own_note
        note[N.own, n] = pledge[L.last_offer, slot]
        s = int(pledge[L.state, slot])
        f = int(pledge[L.form, slot])
        counts_early = amount * is_early(rows, s, f)
        # What has been decided and has not begun yet is not taken back for the sake of flexibility.
        limit = room if begins >= now else locked
        late_limit = late_most + lent if begins >= now else late_most
        fits = 1.0 if kept + amount <= limit else 0.0
        fits *= 1.0 if early + counts_early <= early_most else 0.0
        fits *= 1.0 if kept - early + amount - counts_early <= late_limit else 0.0
        stands = 1.0 if pledge[L.standby, slot] > 0.0 and rows.state[S.stage, s] >= lowest else 0.0
        stands = stands if held + amount <= pot else 0.0
        fits = 1.0 if stands > 0.0 else fits
        fits *= 1.0 if programme[PR.demand, row] >= 0.0 else 0.0
        fits *= 1.0 if consents(programme[PR.consent, row], unmoved_by(rows, b, s), gate) else 0.0
        fits *= 0.0 if seen_to_harm(rows, row, noticed) else 1.0
        pledge[L.programme, slot] = NOTHING
        pledge[L.amount, slot] = 0.0
        if fits > 0.0:
            kept += (1.0 - stands) * amount
            early += (1.0 - stands) * counts_early
            held += stands * amount
            pledge[L.programme, place] = row
            pledge[L.state, place] = s
            pledge[L.form, place] = f
            pledge[L.amount, place] = amount
            pledge[L.begins, place] = begins
            pledge[L.standby, place] = stands
            pledge[L.note, place] = own_note
            note[N.own, n] -= amount
            place += 1
            note[N.slot, n] = place - first
    rows.body[B.pledges, b] = place - first
    return kept, early


@inline
def log_odds(share: float) -> float:
    """Give the log odds of a share."""
    return log(share / (1.0 - share))


@inline
def typical_odds(p: np.ndarray) -> Odds:
    """Give the log odds that a typical state is held to have, by its stage from 0 to 4, and at war.

    They are the same for all bodies and months: whoever decides for many looks them up once.
    """
    signal = p[P.observation_signal]
    at_risk = log_odds(p[P.observation_onset_1])
    stable = signal * log_odds(p[P.observation_onset_0]) + (1.0 - signal) * at_risk
    at_threat = log_odds(p[P.observation_onset_2])
    imminent = log_odds(p[P.observation_onset_3])
    atrocity = log_odds(p[P.observation_onset_4])
    return stable, at_risk, at_threat, imminent, atrocity, log_odds(p[P.observation_onset_war])


@inline
def prioritise(rows: Rows, p: np.ndarray, b: int, will: float, usual: Odds) -> None:
    """Note the priority of a body's members, from what it saw of them: harm to be expected, with others of its kind.

    What is to be expected is a log odds: that of a typical state at the stage, and so much more for each point by which
    the risk that is seen lies above the typical one. Of that distance it believes the part that is signal and not
    error, as far as it knows: spread^2 over spread^2 and error^2. Stages 3 and 4 and war everybody sees; how far a
    state has come before, only an assessment tells. From imminent risk on the risk score tells nothing more (in runs
    of the model it does not: areas under the curve of 0.55 to 0.64), and what crosses the border does. States before a
    crisis are held against a typical one at threat, others against a typical one at imminent risk: early and late
    money are different purses, and what money can still avert differs. How much the crisis must already be there
    before it counts is lack of will (challenge: too little will to prevent). A body with an interest of its own looks
    at what reaches neighbours. A policy may lay emphasis on stages and kinds of state.
    """
    first = rows.member_start[b]
    last = rows.member_start[b + 1]
    seen = rows.rating[R.seen, first:last]
    urgency = rows.rating[R.urgency, first:last]
    priority = rows.rating[R.priority, first:last]
    ranked = rows.rating[R.ranked, first:last]
    error = rows.rating[R.error, first:last]
    candidate = rows.rating[R.candidate, first:last]
    signal = p[P.observation_signal]
    typical = p[P.observation_typical]
    slope = p[P.observation_slope]
    spread = p[P.observation_spread] * p[P.observation_spread]
    told = signal * spread
    carried = signal * told
    stable, at_risk, at_threat, imminent, atrocity, of_war = usual
    threatened = signal * at_threat + (1.0 - signal) * at_risk
    crisis = p[P.observation_crisis]
    interest = rows.body[B.interest, b]
    # What is fetched from states lies where the ranking goes next: arithmetic has a loop of its own, and vectorises.
    for m in range(last - first):
        s = rows.member[first + m]
        ranked[m] = rows.state[S.stage, s]
        priority[m] = rows.state[S.conflict, s]
        candidate[m] = rows.state[S.exposure, s]
    for m in range(last - first):
        stage = ranked[m]
        in_war = priority[m] == WAR
        exposure = candidate[m]
        odds = stable if stage < 1.0 else at_risk
        odds = threatened if stage == 2.0 else odds
        odds = imminent if stage == 3.0 else odds
        odds = atrocity if stage > 3.0 else odds
        at_war = of_war if odds < of_war else odds
        odds = at_war if in_war else odds
        held_against = at_threat if stage <= 2.0 else imminent
        held_against = imminent if in_war else held_against
        doubt = carried + error[m] * error[m]
        believed = told / (doubt if doubt > 0.0 else 1.0) * (seen[m] - typical)
        further = slope * believed if stage < 3.0 else crisis * exposure
        ahead = exp(odds + further - held_against)
        expected = ahead / (ahead + 1.0)
        expected = (1.0 - interest) * expected + interest * exposure
        priority[m] = expected * (will + (1.0 - will) * urgency[m])
        ranked[m] = 0.0
    if rows.preference[PF.selects, 0] > 0.0:
        for m in range(last - first):
            priority[m] *= rows.state[S.emphasis, rows.member[first + m]]


@inline
def stretch_of(priority: float, stretches: int) -> int:
    """Say into which of so many stretches of 0-1 a priority falls, the highest first; the last is 0 by itself."""
    lack = 1.0 - priority
    # Written so that nothing falls outside, not even what is no number.
    lack = lack if lack > 0.0 else 0.0
    lack = lack if lack < 1.0 else 1.0
    return int(lack * np.float64(stretches - 1))


@inline
def sort_roughly(rows: Rows, b: int) -> None:
    """Note a body's members as candidates, by stretches of priority; within a stretch in the order of its members.

    There are as many stretches as members. The members of each are counted, then put where those before them end.
    """
    first = rows.member_start[b]
    last = rows.member_start[b + 1]
    members = last - first
    priority = rows.rating[R.priority, first:last]
    ranked = rows.rating[R.ranked, first:last]
    candidate = rows.rating[R.candidate, first:last]
    for m in range(members):
        ranked[stretch_of(priority[m], members)] += 1.0
    before = 0.0
    for k in range(members):
        here = ranked[k]
        ranked[k] = before
        before += here
    for m in range(members):
        k = stretch_of(priority[m], members)
        candidate[int(ranked[k])] = m
        ranked[k] += 1.0


@inline
def rank_states(rows: Rows, p: np.ndarray, b: int, will: float, usual: Odds, draws: Draws) -> int:
    """Note the best ranked members in the body's ratings, best first; give how many there are.

    Of equals the first member comes first. Insertion puts the rough order right: few have far to go.
    """
    look(rows, p, b, draws)
    prioritise(rows, p, b, will, usual)
    sort_roughly(rows, b)
    first = rows.member_start[b]
    last = rows.member_start[b + 1]
    priority = rows.rating[R.priority, first:last]
    candidate = rows.rating[R.candidate, first:last]
    most = int(p[P.assistance_considered])
    end = 0
    for i in range(last - first):
        m = candidate[i]
        here = priority[int(m)]
        if not has_jurisdiction(rows, b, rows.member[first + int(m)]):
            continue
        if end == most:
            if here <= priority[int(candidate[end - 1])]:
                continue
            k = end - 1
        else:
            k = end
            end += 1
        while k > 0 and priority[int(candidate[k - 1])] < here:
            candidate[k] = candidate[k - 1]
            k -= 1
        candidate[k] = m
    return end


@inline
def first_note_of(rows: Rows, b: int, place: int) -> int:
    """Give the row of a body's first note of the member at a place among its own: one for each form it provides."""
    first: int = rows.note_start[b] + place * (rows.provides_start[b + 1] - rows.provides_start[b])
    return first


@inline
def note_of(rows: Rows, b: int, s: int, f: int) -> float:
    """Give the note of a form in a member as a pledge has it: counted from the body's first; -1 if it has none."""
    found = -1
    provided = rows.provides_start[b + 1] - rows.provides_start[b]
    for m in range(rows.member_start[b + 1] - rows.member_start[b]):
        for e in range(provided):
            here = rows.member[rows.member_start[b] + m] == s and rows.provides[rows.provides_start[b] + e] == f
            found = m * provided + e if here else found
    return np.float64(found)


@inline
def affordable(rows: Rows, row: int, n: int, room: float) -> float:
    """Give the money a month that a body can put into a programme: what is missing, as far as it has room for it.

    What others put up last month counts, and of its own money what it promises now, as its note ``n`` says.
    """
    programme = rows.programme
    missing = programme[PR.cost, row] - programme[PR.pledged, row] + rows.note[N.own, n]
    return missing if missing < room else room


@inline
def sides(rows: Rows, b: int) -> tuple[bool, bool, bool, bool]:
    """Say whether a body may provide forms of prevention, of response, any before a crisis by itself, and rapid ones.

    The third are forms of prevention that apply at stages 0-2 and wait for no decision: what a reserve can be used for.
    """
    prevents, responds, early, rapid = False, False, False, False
    for e in range(rows.provides_start[b], rows.provides_start[b + 1]):
        f = rows.provides[e]
        if rows.form[F.rapid, f] > 0.0:
            rapid = True
        if rows.form[F.response, f] == 0.0:
            prevents = True
            if rows.form[F.first_stage, f] <= 2.0 and rows.form[F.gate, f] < 0.0:
                early = True
        else:
            responds = True
    return prevents, responds, early, rapid


@inline
def pledge_stands(rows: Rows, slot: int) -> bool:
    """Say whether money on standby pays for a pledge."""
    return bool(rows.pledge[L.standby, slot] > 0.0)


@inline
def promised_to(rows: Rows, b: int, f: int, stage: int) -> tuple[float, float]:
    """Give what a body has promised to a form, or in states at a stage, early and late; the other is `ALL`.

    Money on standby counts for neither.
    """
    first = rows.pledge_start[b]
    early, late = 0.0, 0.0
    for slot in range(first, first + int(rows.body[B.pledges, b])):
        s = int(rows.pledge[L.state, slot])
        of = int(rows.pledge[L.form, slot])
        if pledge_stands(rows, slot):
            continue
        if (of == f) if stage == ALL else (int(rows.state[S.stage, s]) == stage):
            counts_early = is_early(rows, s, of)
            early += rows.pledge[L.amount, slot] * counts_early
            late += rows.pledge[L.amount, slot] * (1.0 - counts_early)
    return early, late


@inline
def best_form(
    rows: Rows,
    p: np.ndarray,
    b: int,
    s: int,
    place: int,
    for_prevention: float,
    for_response: float,
    only: int,
    pot: float,
) -> tuple[int, int, float]:
    """Give the form that a body values most in a state and can afford, its note of it, and the money; -1 if none.

    The state is the member at ``place`` among the body's own.
    ``for_prevention`` and ``for_response`` are the money a month that it has left here for forms of either kind.
    ``only`` is the place of the one form that counts among those that it provides, or `ALL`. What is worth a pledge is
    a part of the cost, or of ``pot`` where that is less: what is earmarked can always be used.

    Value: the demand, that is how much the state lacks what the form builds, times the size of the effects that the
    catalogue expects, over the square root of the cost (an assumption: bodies neither buy the cheapest nor ignore the
    price); times what consent, with the body's leverage, and a government that commits crimes itself leave of it.
    """
    programme = rows.programme
    states = rows.state.shape[1]
    gate = p[P.assistance_consent_gate]
    part = p[P.assistance_smallest_part]
    unmoved = unmoved_by(rows, b, s)
    noticed = noticing(p)
    lost = p[P.challenges_perpetrators_strength] * rows.state[S.government_perpetrator, s]
    best = -1
    best_note = -1
    most = 0.0
    best_amount = 0.0
    n_of_first = first_note_of(rows, b, place) - rows.provides_start[b]
    first = rows.provides_start[b] if only == ALL else only
    last = rows.provides_start[b + 1] if only == ALL else only + 1
    for e in range(first, last):
        f = rows.provides[e]
        row = f * states + s
        value = programme[PR.demand, row]
        # Most forms fall short of the best so far: nothing else about them needs to be looked up. What the others fall
        # short of nobody can foretell: to choose costs less than to branch.
        if value > most:
            agreed = 1.0 - (1.0 - programme[PR.consent, row]) * unmoved
            value *= agreed * (1.0 - lost * (1.0 - rows.form[F.under_perpetrator, f]))
            n = n_of_first + e
            amount = affordable(rows, row, n, for_prevention if rows.form[F.response, f] == 0.0 else for_response)
            whole = programme[PR.cost, row] if programme[PR.cost, row] < pot else pot
            smallest = 1.0 if rows.note[N.slot, n] > 0.0 else part * whole
            fits = 1.0 if amount >= smallest else 0.0
            fits = fits if amount >= 1.0 else 0.0
            fits = fits if agreed >= gate else 0.0
            fits = fits if value > most else 0.0
            fits = 0.0 if seen_to_harm(rows, row, noticed) else fits
            best = f if fits > 0.0 else best
            best_note = n if fits > 0.0 else best_note
            most = value if fits > 0.0 else most
            best_amount = amount if fits > 0.0 else best_amount
    return best, best_note, np.floor(best_amount)


@inline
def pledge_to(rows: Rows, b: int, s: int, f: int, n: int, amount: float, begins: float) -> None:
    """Raise the body's pledge to a form in a state, which its note ``n`` is of, or write it into the next slot."""
    pledge = rows.pledge
    note = rows.note
    if note[N.slot, n] == 0.0:
        slot = rows.pledge_start[b] + int(rows.body[B.pledges, b])
        rows.body[B.pledges, b] += 1.0
        note[N.slot, n] = rows.body[B.pledges, b]
        pledge[L.programme, slot] = f * rows.state.shape[1] + s
        pledge[L.note, slot] = n - rows.note_start[b]
        pledge[L.state, slot] = s
        pledge[L.form, slot] = f
        pledge[L.amount, slot] = 0.0
        pledge[L.begins, slot] = begins
        pledge[L.standby, slot] = 0.0
        pledge[L.offer, slot] = 0.0
    slot = rows.pledge_start[b] + int(note[N.slot, n]) - 1
    pledge[L.amount, slot] += amount
    note[N.own, n] -= amount


@inline
def forget(rows: Rows, b: int, before: int) -> None:
    """Clear what a decision noted of the programmes that the body funded before and funds now."""
    first = rows.pledge_start[b]
    first_note = rows.note_start[b]
    for slot in range(first, first + before):
        n = first_note + int(rows.pledge[L.former, slot])
        rows.note[N.own, n] = 0.0
        rows.note[N.slot, n] = 0.0
    for slot in range(first, first + int(rows.body[B.pledges, b])):
        n = first_note + int(rows.pledge[L.note, slot])
        rows.note[N.own, n] = 0.0
        rows.note[N.slot, n] = 0.0


@inline
def earmarked(rows: Rows, b: int, r: int) -> tuple[int, int, float]:
    """Give what round ``r`` of a decision is for: the place of its form, its stage, and the share that is earmarked.

    First comes each form that the body provides, then each stage; the last round is for everything.
    """
    first = rows.provides_start[b]
    forms = rows.provides_start[b + 1] - first
    if r >= forms + _STAGES:
        return ALL, ALL, 1.0
    if r >= forms:
        return ALL, r - forms, rows.preference[PF.share_0 + r - forms, 0]
    return first + r, ALL, rows.form[F.share, rows.provides[first + r]]


@inline
def decide(rows: Rows, p: np.ndarray, b: int, usual: Odds, draws: Draws) -> None:
    """Take one body's decision: keep, rank, pledge.

    Of the room, less what stands by for imminent risk, the part reserved for prevention (stages 0-2) is kept for it
    first, by a body of prevention that can use it so; early assistance may take no more than the body's will allows,
    or the reserve if that is more. What no state before a crisis can use of the reserve is lent to a crisis, until
    one can. What a policy earmarks for a form or a stage is used for that first; what is left of it goes to the common
    pot. What is not promised is returned at the year's end.
    """
    body = rows.body
    states = rows.state.shape[1]
    will = 1.0 - p[P.challenges_will_strength] * (1.0 - body[B.will, b])
    prevents, responds, early_by_itself, rapid = sides(rows, b)
    whole = budget_room(rows, b)
    on_standby = np.floor(p[P.assistance_standby] * whole) if rapid else 0.0
    # A body that coordinates keeps what that cost last month.
    room = whole - on_standby - body[B.coordinating, b]
    room = room if room > 0.0 else 0.0
    reserve = p[P.principles_prevention_reserve] if early_by_itself and body[B.responds, b] == 0.0 else 0.0
    early_most = (will if will > reserve else reserve) * room
    late_most = (1.0 - reserve) * room
    now = np.float64(draws.month)
    before = int(body[B.pledges, b])
    lent = p[P.principles_prevention_lend] * reserve * room
    kept, early = keep_pledges(rows, p, b, room, early_most, late_most, lent, on_standby, now)
    late = kept - early
    screened = p[P.principles_harm_delay] * p[P.principles_harm_screening]
    full_risk = p[P.principles_harm_risk]
    quicker = p[P.observation_quicker] * p[P.observation_signal]
    first = rows.member_start[b]
    considered = rank_states(rows, p, b, will, usual, draws) if room - early - late >= 1.0 else 0
    last_round = rows.provides_start[b + 1] - rows.provides_start[b] + _STAGES
    first_round = 0 if rows.preference[PF.earmarks, 0] > 0.0 else last_round
    for r in range(first_round, last_round + 2):
        only, stage, share = earmarked(rows, b, r)
        if share * room < 1.0:
            continue
        if r > last_round:
            unused = reserve * room - early
            if lent < 1.0 or unused < 1.0:
                continue
            late_most += p[P.principles_prevention_lend] * unused
        pot_early, pot_late, pot = NO_END, NO_END, NO_END
        most_early, most_late, most = NO_END, NO_END, NO_END
        if r < last_round:
            pot_early, pot_late, pot = np.floor(share * early_most), np.floor(share * late_most), np.floor(share * room)
            got_early, got_late = promised_to(rows, b, rows.provides[only] if stage == ALL else ALL, stage)
            most_early, most_late, most = pot_early - got_early, pot_late - got_late, pot - got_early - got_late
        for k in range(considered):
            if room - early - late < 1.0 or most < 1.0:
                break
            place = int(rows.rating[R.candidate, first + k])
            s = rows.member[first + place]
            if stage != ALL and int(rows.state[S.stage, s]) != stage:
                continue
            calm = before_crisis(rows, s) > 0.0
            for _ in range(int(p[P.assistance_forms_at_once])):
                left = least(room - early - late, most)
                left_early = least(least(early_most - early, left), most_early)
                left_late = least(least(late_most - late, left), most_late)
                for_prevention = left_early if calm else left_late
                # Many states of a list end here (half of them in the seminar, under prevention): money that is left is
                # seldom money for what the body may provide.
                if not ((prevents and for_prevention >= 1.0) or (responds and left_late >= 1.0)):
                    break
                its_pot = pot_early if calm else pot_late
                f, n, amount = best_form(rows, p, b, s, place, for_prevention, left_late, only, its_pot)
                if f < 0 or (rows.note[N.slot, n] == 0.0 and body[B.pledges, b] >= body[B.attention, b]):
                    break
                runs = rows.programme[PR.months, f * states + s] > 0.0
                warned = (1.0 - quicker * rows.state[S.early_warning, s]) * (1.0 - strengthened(rows, b, s))
                wait = body[B.decision_delay, b] * warned + screened * least(rows.form[F.backlash, f] / full_risk, 1.0)
                # Whole months: a pledge whose payment has not begun is told by its month, and is not taken back.
                wait = np.floor(wait + 0.5)
                pledge_to(rows, b, s, f, n, amount, now if runs else now + wait)
                counts_early = is_early(rows, s, f)
                early += amount * counts_early
                late += amount * (1.0 - counts_early)
                most_early -= amount * counts_early
                most_late -= amount * (1.0 - counts_early)
                most -= amount
    forget(rows, b, before)
    body[B.decisions, b] += 1.0


@inline
def is_rapid(rows: Rows, b: int) -> bool:
    """Say whether a body may provide any form that money on standby pays for."""
    rapid = 0.0
    for e in range(rows.provides_start[b], rows.provides_start[b + 1]):
        here = rows.form[F.rapid, rows.provides[e]]
        rapid = here if here > rapid else rapid
    return rapid > 0.0


@inline
def mark_slots(rows: Rows, b: int) -> float:
    """Note of each programme that a body has a pledge to which slot that is; give what it promises from standby."""
    first = rows.pledge_start[b]
    first_note = rows.note_start[b]
    held = 0.0
    for k in range(int(rows.body[B.pledges, b])):
        rows.note[N.slot, first_note + int(rows.pledge[L.note, first + k])] = np.float64(k + 1)
        held += rows.pledge[L.amount, first + k] if pledge_stands(rows, first + k) else 0.0
    return held


@inline
def unmark_slots(rows: Rows, b: int) -> None:
    """Clear what `mark_slots` noted."""
    first = rows.pledge_start[b]
    first_note = rows.note_start[b]
    for slot in range(first, first + int(rows.body[B.pledges, b])):
        rows.note[N.slot, first_note + int(rows.pledge[L.note, slot])] = 0.0


@inline
def stand_by(rows: Rows, p: np.ndarray, b: int, now: float) -> None:
    """Let a body's money on standby move at once, whatever its rhythm, where a state comes to imminent risk or worse.

    It pays for rapid forms alone, in every member at the stage or a higher one, without the delay of a decision and
    without screening. A pledge that has been decided and has not begun is brought forward. It stays within the part of
    the room that is kept on standby, and within what the body can attend to.
    """
    lowest = p[P.assistance_standby_stage]
    noticed = noticing(p)
    part = p[P.assistance_smallest_part]
    gate = p[P.assistance_consent_gate]
    states = rows.state.shape[1]
    pledge = rows.pledge
    body = rows.body
    pot = np.floor(p[P.assistance_standby] * budget_room(rows, b))
    held = NOTHING
    if pot < 1.0:
        return
    for m in range(rows.member_start[b], rows.member_start[b + 1]):
        s = rows.member[m]
        if rows.state[S.stage, s] < lowest or not has_jurisdiction(rows, b, s):
            continue
        unmoved = unmoved_by(rows, b, s)
        n_of_first = first_note_of(rows, b, m - rows.member_start[b]) - rows.provides_start[b]
        for e in range(rows.provides_start[b], rows.provides_start[b + 1]):
            f = rows.provides[e]
            n = n_of_first + e
            row = f * states + s
            if rows.form[F.rapid, f] == 0.0 or rows.programme[PR.demand, row] < 0.0:
                continue
            if not consents(rows.programme[PR.consent, row], unmoved, gate) or seen_to_harm(rows, row, noticed):
                continue
            if held < 0.0:
                held = mark_slots(rows, b)
            if rows.note[N.slot, n] > 0.0:
                slot = rows.pledge_start[b] + int(rows.note[N.slot, n]) - 1
                pledge[L.begins, slot] = least(pledge[L.begins, slot], now)
                continue
            cost = rows.programme[PR.cost, row]
            amount = np.floor(least(cost - rows.programme[PR.pledged, row], pot - held))
            if amount >= 1.0 and amount >= part * least(cost, pot) and body[B.pledges, b] < body[B.attention, b]:
                slot = rows.pledge_start[b] + int(body[B.pledges, b])
                body[B.pledges, b] += 1.0
                rows.note[N.slot, n] = body[B.pledges, b]
                pledge[L.programme, slot] = row
                pledge[L.note, slot] = n - rows.note_start[b]
                pledge[L.state, slot] = s
                pledge[L.form, slot] = f
                pledge[L.amount, slot] = amount
                pledge[L.begins, slot] = now
                pledge[L.standby, slot] = 1.0
                pledge[L.offer, slot] = 0.0
                pledge[L.last_offer, slot] = 0.0
                held += amount
    if held >= 0.0:
        unmark_slots(rows, b)


@by_run("rows.body")
@rule
def decision(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Give bodies ``first..last`` their month's money, let those decide whose turn it is, and let standby money move.

    A body sees the states as they stand after this month's events, the programmes as last month left them.
    """
    body = rows.body
    month = np.int64(draws.month)
    usual = typical_odds(p)
    for b in range(first, last):
        receive(rows, b)
        rhythm = np.int64(body[B.rhythm, b])
        if month % (rhythm if rhythm > 0 else 1) == 0 and body[B.balance, b] >= 1.0:
            decide(rows, p, b, usual, draws)
        if p[P.assistance_standby] > 0.0 and body[B.balance, b] >= 1.0 and is_rapid(rows, b):
            stand_by(rows, p, b, np.float64(draws.month))


@rule
def income(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Give bodies ``first..last`` their month's money and nothing else: somebody outside the rules decides for them."""
    for b in range(first, last):
        receive(rows, b)


@rule
def perceive(rows: Rows, p: np.ndarray, b: int, draws: Draws) -> None:
    """Note the risk of every member state as body ``b`` sees it this month, in its column ``seen`` of `rating`."""
    look(rows, p, b, draws)


@rule
def applicable(rows: Rows, p: np.ndarray, b: int, s: int, f: int) -> bool:
    """Whether a body can fund a form in a state now, as `may_fund` says."""
    return may_fund(rows, b, f * rows.state.shape[1] + s, p[P.assistance_consent_gate])


@by_run("rows.body")
@rule
def offering(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Let bodies ``first..last`` put up the money of the pledges that are in force, as far as their balance goes.

    Adds whole cents to the programmes: sums of whole numbers are exact, so that the order of bodies does not matter.
    """
    pledge = rows.pledge
    body = rows.body
    now = np.float64(draws.month)
    for b in range(first, last):
        total = 0.0
        first_slot = rows.pledge_start[b]
        for slot in range(first_slot, first_slot + int(body[B.pledges, b])):
            if pledge[L.begins, slot] > now:
                continue
            amount = pledge[L.amount, slot]
            left = body[B.balance, b] - total
            amount = amount if amount < left else left
            pledge[L.offer, slot] = amount
            row = int(pledge[L.programme, slot])
            add_to(rows.programme, PR.offered, row, amount)
            moved = 1.0 - unmoved_by(rows, b, int(pledge[L.state, slot]))
            add_to(rows.programme, PR.levered, row, np.floor(amount * moved))
            total += amount
        body[B.pledged, b] = total
