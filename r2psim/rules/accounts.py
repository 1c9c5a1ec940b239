"""Accounts close: every cent in is spent, carried over or returned."""

from __future__ import annotations

import numpy as np

from r2psim.rules.compiled import rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import Draws
from r2psim.world.rows import Rows
from r2psim.world.tables import PR, B, F, L, S

__all__ = ["accounts"]


@rule
def accounts(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Pay what programmes accepted of the offers of bodies ``first..last``, and return unspent money at a year's end.

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
            programme[PR.spent_0 + int(stage), row] += paid
            # Most programmes are prevention, or where no crisis calls for them: they meet no need.
            needed = programme[PR.needed, row]
            if needed > 0.0:
                # Screening makes a programme dearer than the need that it meets; no more than the cost is accepted.
                cost = programme[PR.cost, row]
                of_need = np.floor(paid * (needed / (cost if cost > 0.0 else 1.0)))
                programme[PR.met_0 + int(stage), row] += of_need
                met += of_need
        body[B.balance, b] -= spent
        body[B.spent, b] += spent
        body[B.spent_response, b] += on_response
        body[B.spent_prevention, b] += spent - on_response
        body[B.met, b] += met
        if year_ends:
            back = body[B.balance, b] - np.floor(body[B.balance, b] * body[B.carry_over, b])
            body[B.balance, b] -= back
            body[B.returned, b] += back
