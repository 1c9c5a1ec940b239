"""Armed conflict of a state: a chain of peace, recovery, minor conflict and war."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import exp
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import CONFLICT_CHANGE, Draws, uniform
from r2psim.rules.terms import hazard, terms
from r2psim.rules.triggers import MONTH
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import STATE, S

__all__ = ["TERMS", "conflict"]

TERMS = {
    n: terms(f"conflict.{n}", STATE) for n in ("onset", "relapse", "escalation", "healing", "settlement", "abatement")
}
"""Terms of each hazard of the chain, by name."""

_ONSET = TERMS["onset"]
_RELAPSE = TERMS["relapse"]
_ESCALATION = TERMS["escalation"]
_HEALING = TERMS["healing"]
_SETTLEMENT = TERMS["settlement"]
_ABATEMENT = TERMS["abatement"]


@inline
def first_of_two(up: float, down: float) -> tuple[float, float]:
    """Probabilities within a month of two competing events of constant hazards, the first to happen counting.

    ``p_up = up / (up + down) * (1 - exp(-(up + down)))``, and likewise for the other.
    """
    total = up + down
    if total <= 0.0:
        return 0.0, 0.0
    happens = 1.0 - exp(-total)
    return happens * up / total, happens * down / total


@rule
def conflict(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Change the conflict state of states ``first..last``: competing hazards, at most one change a month.

    Peace may break into minor conflict or, for a share, war at once; recovery heals to peace or relapses; a minor
    conflict escalates or settles into recovery; a war abates into minor conflict or, for a share, ends at once.
    Base rates from the UCDP/PRIO transition matrix, covariates from Cederman et al. (2011) and Beardsley (2011).
    """
    state = rows.state
    for s in range(first, last):
        now = state[S.conflict, s]
        up = 0.0
        down = 0.0
        if now == 0.0:
            up = MONTH * hazard(p, state, s, _ONSET)
        elif now == 1.0:
            up = MONTH * hazard(p, state, s, _RELAPSE)
            down = MONTH * hazard(p, state, s, _HEALING)
        elif now == 2.0:
            up = MONTH * hazard(p, state, s, _ESCALATION)
            down = MONTH * hazard(p, state, s, _SETTLEMENT)
        else:
            down = MONTH * hazard(p, state, s, _ABATEMENT)
        p_up, p_down = first_of_two(up, down)

        u = uniform(draws, rows.state_id[s], CONFLICT_CHANGE)
        after = now
        chance = 0.0
        if u < p_up:
            at_once = p[P.conflict_war_at_once] if now <= 1.0 else 1.0
            war = u < p_up * at_once
            after = 3.0 if war else 2.0
            chance = p_up * at_once if war else p_up * (1.0 - at_once)
        elif u < p_up + p_down:
            ends = p[P.conflict_war_to_recovery] if now == 3.0 else 1.0
            ended = u < p_up + p_down * ends
            chance = p_down * ends if ended else p_down * (1.0 - ends)
            after = 2.0 if not ended else (0.0 if now == 1.0 else 1.0)
        state[S.draw_conflict, s] = u
        state[S.escalation_hazard, s] = up
        state[S.settlement_hazard, s] = down
        state[S.conflict_change, s] = chance
        state[S.conflict_months, s] = state[S.conflict_months, s] + 1.0 if after == now else 0.0
        state[S.conflict, s] = after
