"""Decision: at its own rhythm each body looks at its states, ranks them, and pledges money to forms of assistance."""

from __future__ import annotations

import math

import numpy as np

from r2psim.rules.arithmetic import clip01
from r2psim.rules.compiled import inline, rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import Draws
from r2psim.rules.observation import private_view
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import PLEDGES, PR, B, F, L, S

__all__ = ["applicable", "budget_room", "decision", "income", "may_fund", "offering", "perceive"]

CONSIDERED = 24
"""Most states that a body considers closely at one decision: its best ranked."""
FORMS_AT_ONCE = 4
"""Most forms that a body begins in one state at one decision."""
SMALLEST_PART = 0.2
"""Smallest part of a programme's cost that is worth a pledge."""
NOTHING = -1.0


@inline
def may_fund(rows: Rows, p: np.ndarray, b: int, s: int, f: int) -> bool:
    """Whether a body can fund a form in a state now: stage, mandate, consent, and a government that keeps its word.

    A body with leverage wins consent that others do not get.
    """
    state = rows.state
    form = rows.form
    stage = state[S.stage, s]
    if stage < form[F.first_stage, f] or stage > form[F.last_stage, f]:
        return False
    if form[F.mandate, f] > 0.0 and state[S.mandate, s] == 0.0:
        return False
    refused = (1.0 - state[S.willingness, s]) * (1.0 - rows.body[B.leverage, b])
    consent = 1.0 - form[F.consent, f] * refused
    if consent < p[P.assistance_consent_gate]:
        return False
    # Mutual commitment: a body does not go on with a government that keeps none, where the form depends on it.
    floor = p[P.principles_mutual_floor] * form[F.consent, f]
    return bool(state[S.commitment, s] >= floor or floor == 0.0)


@inline
def is_early(rows: Rows, s: int, f: int) -> bool:
    """Whether money for a form in a state is early money: a form of prevention, at stages 0-2 and not in war."""
    before_crisis = rows.state[S.stage, s] <= 2.0 and rows.state[S.conflict, s] != WAR
    return bool(before_crisis and rows.form[F.response, f] == 0.0)


@inline
def free_slot(rows: Rows, b: int) -> int:
    """Give the row of the first free pledge of a body, or -1."""
    for slot in range(b * PLEDGES, (b + 1) * PLEDGES):
        if rows.pledge[L.programme, slot] < 0.0:
            return slot
    return -1


@inline
def slot_of(rows: Rows, b: int, row: int) -> int:
    """Give the pledge with which a body funds a programme, or -1."""
    for slot in range(b * PLEDGES, (b + 1) * PLEDGES):
        if rows.pledge[L.programme, slot] == row:
            return slot
    return -1


@inline
def own_change(rows: Rows, b: int, row: int) -> float:
    """Money that a body put up for a programme last month, less what it promises it now."""
    change = 0.0
    for slot in range(b * PLEDGES, (b + 1) * PLEDGES):
        if rows.pledge[L.former, slot] == row:
            change += rows.pledge[L.former_offer, slot]
        if rows.pledge[L.programme, slot] == row:
            change -= rows.pledge[L.amount, slot]
    return change


@inline
def pledge(rows: Rows, b: int, slot: int, row: int, amount: float, begins: float) -> None:
    """Write a pledge into a free slot, or raise the one that is there."""
    if rows.pledge[L.programme, slot] != row:
        rows.pledge[L.programme, slot] = row
        rows.pledge[L.amount, slot] = 0.0
        rows.pledge[L.begins, slot] = begins
    rows.pledge[L.amount, slot] += amount


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
def view_of(rows: Rows, p: np.ndarray, b: int, s: int, draws: Draws) -> float:
    """Give the risk of a state as a body sees it this month."""
    return private_view(
        rows.state[S.perceived, s],
        rows.body[B.noise, b],
        rows.state[S.early_warning, s],
        p[P.observation_early_warning],
        draws,
        rows.state_id[s],
        rows.body_id[b],
    )


@inline
def keep_pledges(
    rows: Rows, p: np.ndarray, b: int, room: float, early_most: float, late_most: float, now: float
) -> tuple[float, float]:
    """Drop pledges that no longer apply, and those that flexibility frees; give what is kept, in all and early.

    A state that has left its crisis makes early money of what was response: beyond ``early_most`` it is dropped too.

    Without flexibility money stays where it is while its programme applies; with it, that share of the budget is
    free to move at every decision.
    """
    forms = rows.form.shape[1]
    locked = (1.0 - p[P.principles_flexibility_share]) * room
    kept = 0.0
    early = 0.0
    for slot in range(b * PLEDGES, (b + 1) * PLEDGES):
        row = int(rows.pledge[L.programme, slot])
        rows.pledge[L.former, slot] = row
        rows.pledge[L.former_offer, slot] = rows.pledge[L.last_offer, slot]
        if row < 0:
            continue
        s = row // forms
        f = row - s * forms
        amount = rows.pledge[L.amount, slot]
        counts_early = amount if is_early(rows, s, f) else 0.0
        # What has been decided and has not begun yet is not taken back for the sake of flexibility.
        limit = room if rows.pledge[L.begins, slot] > now else locked
        fits = early + counts_early <= early_most and kept - early + amount - counts_early <= late_most
        if may_fund(rows, p, b, s, f) and kept + amount <= limit and fits:
            kept += amount
            early += counts_early
        else:
            rows.pledge[L.programme, slot] = NOTHING
            rows.pledge[L.amount, slot] = 0.0
    return kept, early


@inline
def rank_states(rows: Rows, p: np.ndarray, b: int, will: float, draws: Draws) -> None:
    """Note the best ranked members in the body's slots, best first, by insertion.

    Priority grows with the risk that the body perceives; how much the crisis must already be there before it counts
    is its lack of will (challenge: too little will to prevent).
    """
    state = rows.state
    slots = rows.pledge
    first = b * PLEDGES
    for k in range(first, first + CONSIDERED):
        slots[L.candidate, k] = NOTHING
        slots[L.priority, k] = NOTHING
    for m in range(rows.member_start[b], rows.member_start[b + 1]):
        s = rows.member[m]
        seen = view_of(rows, p, b, s, draws)
        crisis = state[S.stage, s] / 4.0
        crisis = 0.75 if state[S.conflict, s] == WAR and crisis < 0.75 else crisis
        priority = seen * (will + (1.0 - will) * crisis)
        if priority <= slots[L.priority, first + CONSIDERED - 1]:
            continue
        k = first + CONSIDERED - 1
        while k > first and slots[L.priority, k - 1] < priority:
            slots[L.priority, k] = slots[L.priority, k - 1]
            slots[L.candidate, k] = slots[L.candidate, k - 1]
            k -= 1
        slots[L.priority, k] = priority
        slots[L.candidate, k] = s


@inline
def best_form(rows: Rows, p: np.ndarray, b: int, s: int, early: float, late: float) -> tuple[int, float]:
    """Give the form that a body values most in a state and can afford, and the money for it; -1 if there is none.

    ``early`` and ``late`` are the money a month that it has left for each side.

    Value: how much the state lacks what the form builds, times the size of the effects that the catalogue expects,
    over the square root of the cost (an assumption: bodies neither buy the cheapest nor ignore the price).
    """
    forms = rows.form.shape[1]
    best = -1
    money = 0.0
    most = 0.0
    for e in range(rows.provides_start[b], rows.provides_start[b + 1]):
        f = rows.provides[e]
        row = s * forms + f
        cost = rows.programme[PR.cost, row]
        room = early if is_early(rows, s, f) else late
        if cost <= 0.0 or room < 1.0:
            continue
        place = int(rows.form[F.need, f])
        need = 1.0 - clip01(rows.state[place, s]) if place >= 0 else 1.0
        value = need * rows.form[F.potency, f] / math.sqrt(cost)
        if value <= most or not may_fund(rows, p, b, s, f):
            continue
        # What others put up last month counts, and of its own money what it promises now.
        missing = cost - rows.programme[PR.pledged, row] + own_change(rows, b, row)
        amount = missing if missing < room else room
        smallest = SMALLEST_PART * cost if slot_of(rows, b, row) < 0 else 1.0
        if amount < smallest or amount < 1.0:
            continue
        most = value
        best = f
        money = amount
    return best, np.floor(money)


@inline
def decide(rows: Rows, p: np.ndarray, b: int, draws: Draws) -> None:
    """Take one body's decision: keep, rank, pledge.

    Of the room, the part reserved for prevention (stages 0-2) is used for nothing else; early assistance may take no
    more than the body's will allows, or the reserve if that is more. What is not promised is returned at the year's
    end.
    """
    body = rows.body
    forms = rows.form.shape[1]
    room = budget_room(rows, b)
    will = 1.0 - p[P.challenges_will_strength] * (1.0 - body[B.will, b])
    reserve = p[P.principles_prevention_reserve]
    early_most = (will if will > reserve else reserve) * room
    late_most = (1.0 - reserve) * room
    now = np.float64(draws.month)
    kept, early = keep_pledges(rows, p, b, room, early_most, late_most, now)
    late = kept - early
    rank_states(rows, p, b, will, draws)
    wait = body[B.decision_delay, b] + p[P.principles_harm_delay] * p[P.principles_harm_screening]
    now = np.float64(draws.month)
    for k in range(b * PLEDGES, b * PLEDGES + CONSIDERED):
        s = int(rows.pledge[L.candidate, k])
        if s < 0:
            break
        for _ in range(FORMS_AT_ONCE):
            left = room - early - late
            if left < 1.0:
                break
            left_early = early_most - early if early_most - early < left else left
            left_late = late_most - late if late_most - late < left else left
            f, amount = best_form(rows, p, b, s, left_early, left_late)
            if f < 0:
                break
            row = s * forms + f
            slot = slot_of(rows, b, row)
            slot = slot if slot >= 0 else free_slot(rows, b)
            if slot < 0:
                break
            runs = rows.programme[PR.months, row] > 0.0
            pledge(rows, b, slot, row, amount, now if runs else now + wait)
            if is_early(rows, s, f):
                early += amount
            else:
                late += amount
    body[B.decisions, b] += 1.0


@rule
def decision(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Give bodies ``first..last`` their month's money, let those decide whose turn it is, and put up what is promised.

    A body sees the states as they stand after this month's events, the programmes as last month left them.
    """
    body = rows.body
    month = np.int64(draws.month)
    for b in range(first, last):
        receive(rows, b)
        rhythm = np.int64(body[B.rhythm, b])
        if month % (rhythm if rhythm > 0 else 1) == 0 and body[B.balance, b] >= 1.0:
            decide(rows, p, b, draws)


@rule
def income(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Give bodies ``first..last`` their month's money and nothing else: somebody outside the rules decides for them."""
    for b in range(first, last):
        receive(rows, b)


@rule
def perceive(rows: Rows, p: np.ndarray, b: int, draws: Draws, out: np.ndarray) -> None:
    """Note the risk of every member state as body ``b`` sees it this month, in the order of its members."""
    first = rows.member_start[b]
    for m in range(first, rows.member_start[b + 1]):
        out[m - first] = view_of(rows, p, b, rows.member[m], draws)


@rule
def applicable(rows: Rows, p: np.ndarray, b: int, s: int, f: int) -> bool:
    """Whether a form applies in a state now, as `may_fund` says."""
    return may_fund(rows, p, b, s, f)


@rule
def offering(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Let bodies ``first..last`` put up the money of the pledges that are in force, as far as their balance goes.

    Adds whole cents to the programmes: sums of whole numbers are exact, so that the order of bodies does not matter.
    """
    now = np.float64(draws.month)
    for b in range(first, last):
        total = 0.0
        for slot in range(b * PLEDGES, (b + 1) * PLEDGES):
            row = int(rows.pledge[L.programme, slot])
            if row < 0 or rows.pledge[L.begins, slot] > now:
                continue
            amount = rows.pledge[L.amount, slot]
            left = rows.body[B.balance, b] - total
            amount = amount if amount < left else left
            rows.pledge[L.offer, slot] = amount
            rows.programme[PR.offered, row] += amount
            total += amount
        rows.body[B.pledged, b] = total
