"""A plan that a body follows in many lucks at once, compiled like a rule: apart, so that nothing else recompiles it."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import PR, B, L, S
from r2psim.rules.arithmetic import clip01
from r2psim.rules.compiled import rule
from r2psim.rules.decision import budget_room, consents, look, note_of
from r2psim.rules.draws import Draws, draws_of
from r2psim.scenario.parameters import P, defaults
from r2psim.world.rows import Rows, smallest_rows

__all__ = ["follow", "warm_up_plans"]

CENTS = 100.0


@rule
def follow(
    first: int,
    last: int,
    rows: Rows,
    p: np.ndarray,
    draws: Draws,
    states: np.ndarray,
    forms: np.ndarray,
    dollars: np.ndarray,
    work: np.ndarray,
) -> None:
    """Let a body follow a plan in all lucks: look, and promise anew what is possible of it, as far as the room goes.

    What `r2psim.agents.policies.act` does for one run with a `r2psim.agents.choices.Plan`.

    Parameters
    ----------
    first, last : int
        Its rows, one a luck.
    rows, p, draws : Rows, numpy.ndarray, Draws
        As rules take them.
    states, forms, dollars : numpy.ndarray, shape (allocations,)
        The plan: states by their place in the world by itself.
    work : numpy.ndarray, shape (2, slots of the body)
        Working space.
    """
    programme = rows.programme
    pledge = rows.pledge
    all_states = rows.state.shape[1]
    lucks = last - first
    gate = p[P.assistance_consent_gate]
    for b in range(first, last):
        look(rows, p, b, draws)
        begin = rows.pledge_start[b]
        slots = rows.pledge_start[b + 1] - begin
        for k in range(slots):
            work[0, k] = pledge[L.programme, begin + k]
            work[1, k] = pledge[L.begins, begin + k]
            pledge[L.programme, begin + k] = -1.0
            pledge[L.amount, begin + k] = 0.0
        left = budget_room(rows, b)
        room = left / CENTS
        wait = rows.body[B.decision_delay, b] + p[P.principles_harm_delay] * p[P.principles_harm_screening]
        slot = begin
        for a in range(len(states)):
            s = states[a] * lucks + b - first
            row = forms[a] * all_states + s
            stronger = rows.body[B.regional, b] * clip01(rows.state[S.aid_regional_mechanisms, s])
            unmoved = (1.0 - rows.body[B.leverage, b]) * (1.0 - stronger)
            offered = programme[PR.cost, row] > 0.0 and programme[PR.demand, row] >= 0.0
            offered = offered and consents(programme[PR.consent, row], unmoved, gate)
            given = dollars[a] if dollars[a] < room else room
            if not (offered and given > 0.0):
                continue
            room -= given
            cents = np.floor(given * CENTS + 0.5)
            cents = cents if cents < left else left
            left -= cents
            begins = np.float64(draws.month) + (0.0 if programme[PR.months, row] > 0.0 else wait)
            # A decision that is on its way is not delayed again by being repeated.
            for k in range(slots):
                begins = work[1, k] if work[0, k] == row else begins
            pledge[L.programme, slot] = row
            pledge[L.state, slot] = s
            pledge[L.note, slot] = note_of(rows, b, s, forms[a])
            pledge[L.form, slot] = forms[a]
            pledge[L.amount, slot] = cents
            pledge[L.begins, slot] = begins
            slot += 1
        rows.body[B.pledges, b] = slot - begin
        rows.body[B.decisions, b] += 1.0


def warm_up_plans() -> None:
    """Compile what decisions in other lucks need beside the rules, or load it."""
    rows, none = smallest_rows(), np.zeros(0, np.int64)
    follow(0, 1, rows, defaults(), draws_of(0, 0, 0), none, none, np.zeros(0), np.zeros((2, 1)))
