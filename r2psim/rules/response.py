"""Collective response: mandates of the Security Council - late, sometimes vetoed - and what reconstruction costs."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import probability
from r2psim.rules.compiled import rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import MANDATE_DECISION, VETO, Draws, of_run, uniform
from r2psim.rules.triggers import MONTH
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import S

__all__ = ["response"]

RECOVERY = 1.0


@rule
def response(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Decide mandates for states ``first..last``, and count what hosting and reconstruction cost.

    A mandate is debated while a state is at war or at stage 3 or 4. It meets a veto with the state's own probability,
    drawn once for each crisis; else it comes after a waiting time of the mean of the decision delay, and ends when
    the need for it has been over for as long as peacekeepers stay on (they are what lowers relapse: Fortna 2008).
    """
    state = rows.state
    delay = p[P.response_mandate_delay]
    for s in range(first, last):
        luck = of_run(draws, rows.state_run[s])
        crisis = state[S.stage, s] >= 3.0 or state[S.conflict, s] == WAR
        if state[S.mandate, s] > 0.0:
            state[S.mandate_months, s] = 0.0 if crisis else state[S.mandate_months, s] + 1.0
            if state[S.mandate_months, s] >= p[P.response_mandate_stay]:
                state[S.mandate, s] = 0.0
                state[S.mandate_months, s] = 0.0
        elif crisis:
            if state[S.mandate_months, s] == 0.0:
                blocked = uniform(luck, rows.state_id[s], VETO) < state[S.veto, s]
                state[S.vetoed, s] = 1.0 if blocked else 0.0
            state[S.mandate_months, s] += 1.0
            hazard = 0.0 if state[S.vetoed, s] > 0.0 else 1.0 / (delay if delay > 1.0 else 1.0)
            if uniform(luck, rows.state_id[s], MANDATE_DECISION) < probability(hazard):
                state[S.mandate, s] = 1.0
                state[S.mandate_months, s] = 0.0
        else:
            state[S.mandate_months, s] = 0.0
            state[S.vetoed, s] = 0.0
        state[S.hosting_cost, s] += state[S.displaced_hosted, s] * p[P.response_hosting_cost] * MONTH
        if state[S.conflict, s] == RECOVERY and state[S.stage, s] < 4.0:
            gap = state[S.gdp_gap, s] * state[S.gdp_potential, s]
            state[S.reconstruction_cost, s] += gap * p[P.response_reconstruction_share] * MONTH
