"""Accounts close: every cent in is spent, carried over or returned."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import PR, B, F, L, S
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import add_to, inline, raise_to, rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import Draws
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["accounts"]


@inline
def cost_of_coordination(rows: Rows, row: int, rate: float) -> float:
    """Give what coordinating a programme costs this month: a share of the money that it can use, in whole cents."""
    pledged = rows.programme[PR.pledged, row]
    cost = rows.programme[PR.cost, row]
    full: float = np.floor(rate * (pledged if pledged < cost else cost))
    return full


@inline
def coordinate(rows: Rows, p: np.ndarray, b: int, left: float) -> tuple[float, float]:
    """Let a body coordinate what is paid for in its members; give what it paid for that, and how much of it late.

    Joint plans and one lead take money. Where what is ``left`` of its money does not do for all, all get the same part.
    It works from the next month on, as far as it was paid for; where several bodies coordinate the best counts.
    """
    programme = rows.programme
    state = rows.state
    states = state.shape[1]
    level = p[P.challenges_complexity_coordination]
    rate = p[P.challenges_complexity_coordination_cost] * level
    first = rows.member_start[b]
    last = rows.member_start[b + 1]
    due = 0.0
    for m in range(first, last):
        s = rows.member[m]
        # Where nothing is at work nobody has paid: most states need no look at their programmes.
        if state[S.aid_forms, s] > 0.0 or state[S.assessed, s] > 0.0:
            for f in range(rows.form.shape[1]):
                due += cost_of_coordination(rows, f * states + s, rate)
    rows.body[B.coordinating, b] = due
    part = 1.0 if due <= left else left / (due if due > 0.0 else 1.0)
    paid = 0.0
    late = 0.0
    for m in range(first, last):
        s = rows.member[m]
        if state[S.aid_forms, s] <= 0.0 and state[S.assessed, s] <= 0.0:
            continue
        in_crisis = state[S.stage, s] >= 3.0 or state[S.conflict, s] == WAR
        for f in range(rows.form.shape[1]):
            row = f * states + s
            if programme[PR.pledged, row] <= 0.0:
                continue
            amount = np.floor(part * cost_of_coordination(rows, row, rate))
            amount = amount if amount < left - paid else left - paid
            paid += amount
            late += amount if in_crisis or rows.form[F.response, f] > 0.0 else 0.0
            rows.ledger[b, f] += amount
            add_to(programme, PR.spent_0 + int(state[S.stage, s]), row, amount)
            raise_to(state, S.coordinated, s, part * level)
    return paid, late


@by_run("rows.body")
@rule
def accounts(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Pay what programmes accepted of the offers of bodies ``first..last``, and return unspent money at a year's end.

    A body that coordinates pays for it out of what is left to it, beside the programmes that it coordinates.
    Prevention is what is spent on forms of prevention before a crisis: at stages 0-2 and not in war. All else is
    response. In whole cents, so that ``received = spent + balance + returned`` holds exactly, every month.
    """
    body = rows.body
    pledge = rows.pledge
    programme = rows.programme
    year_ends = np.int64(draws.month) % 12 == 11
    for b in range(first, last):
        spent = 0.0
        on_response = 0.0
        met = 0.0
        first_slot = rows.pledge_start[b]
        for slot in range(first_slot, first_slot + int(body[B.pledges, b])):
            offer = pledge[L.offer, slot]
            pledge[L.last_offer, slot] = offer
            if offer <= 0.0:
                continue
            pledge[L.offer, slot] = 0.0
            row = int(pledge[L.programme, slot])
            s = int(pledge[L.state, slot])
            f = int(pledge[L.form, slot])
            paid = np.floor(offer * programme[PR.accepted, row])
            spent += paid
            stage = rows.state[S.stage, s]
            late = stage >= 3.0 or rows.state[S.conflict, s] == WAR
            on_response += paid if late or rows.form[F.response, f] > 0.0 else 0.0
            rows.ledger[b, f] += paid
            add_to(programme, PR.spent_0 + int(stage), row, paid)
            # Most programmes are prevention, or where no crisis calls for them: they meet no need.
            needed = programme[PR.needed, row]
            if needed > 0.0:
                # Screening makes a programme dearer than the need that it meets; no more than the cost is accepted.
                cost = programme[PR.cost, row]
                of_need = np.floor(paid * (needed / (cost if cost > 0.0 else 1.0)))
                add_to(programme, PR.met_0 + int(stage), row, of_need)
                met += of_need
        if body[B.coordinates, b] > 0.0:
            paid, late_paid = coordinate(rows, p, b, body[B.balance, b] - spent)
            spent += paid
            on_response += late_paid
        body[B.balance, b] -= spent
        body[B.spent, b] += spent
        body[B.spent_response, b] += on_response
        body[B.spent_prevention, b] += spent - on_response
        body[B.met, b] += met
        if year_ends:
            back = body[B.balance, b] - np.floor(body[B.balance, b] * body[B.carry_over, b])
            body[B.balance, b] -= back
            body[B.returned, b] += back
