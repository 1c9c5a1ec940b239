"""Armed conflict of a state: a chain of peace, recovery, minor conflict and war."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import STATE, S
from r2psim.rules.arithmetic import probability
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import CONFLICT_CHANGE, Draws, of_run, uniform
from r2psim.rules.log_linear import hazard, hazards, terms
from r2psim.rules.triggers import MONTH
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

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
def first_of_two(up: float, down: float, happens: float) -> tuple[float, float]:
    """Probabilities within a month of two competing events of constant hazards, the first to happen counting.

    ``p_up = up / (up + down) * happens``, and likewise for the other, where ``happens`` is the probability that any of
    them does, ``1 - exp(-(up + down))``.
    """
    # Where neither can happen, happens is 0 whatever it is divided by.
    total = up + down if up + down > 0.0 else 1.0
    return happens * up / total, happens * down / total


@inline
def notice(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Note the hazards of states ``first..last``, each of those that their conflict state knows, per month.

    Most hazards concern few states, so they are worked out state by state but for the onset, which concerns most.
    """
    state = rows.state
    conflict = state[S.conflict, first:last]
    up = state[S.escalation_hazard, first:last]
    down = state[S.settlement_hazard, first:last]
    hazards(p, state, first, last, _ONSET, up)
    for i in range(last - first):
        monthly = MONTH * up[i]
        up[i] = monthly if conflict[i] == 0.0 else 0.0
        down[i] = 0.0
    for i in range(last - first):
        if conflict[i] > 0.0:
            s = first + i
            if conflict[i] == 1.0:
                up[i] = MONTH * hazard(p, state, s, _RELAPSE)
                down[i] = MONTH * hazard(p, state, s, _HEALING)
            elif conflict[i] == 2.0:
                up[i] = MONTH * hazard(p, state, s, _ESCALATION)
                down[i] = MONTH * hazard(p, state, s, _SETTLEMENT)
            else:
                down[i] = MONTH * hazard(p, state, s, _ABATEMENT)


@by_run("rows.state")
@rule
def conflict(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Change the conflict state of states ``first..last``: competing hazards, at most one change a month.

    Peace may break into minor conflict or, for a share, war at once; recovery heals to peace or relapses; a minor
    conflict escalates or settles into recovery; a war abates into minor conflict or, for a share, ends at once.
    Base rates from the UCDP/PRIO transition matrix, covariates from Cederman et al. (2011) and Beardsley (2011).
    """
    notice(first, last, rows, p)
    state = rows.state
    war_at_once = p[P.conflict_war_at_once]
    war_to_recovery = p[P.conflict_war_to_recovery]
    who = rows.state_id[first:last]
    run = rows.state_run[first:last]
    conflict = state[S.conflict, first:last]
    conflict_months = state[S.conflict_months, first:last]
    conflict_change = state[S.conflict_change, first:last]
    draw_conflict = state[S.draw_conflict, first:last]
    up = state[S.escalation_hazard, first:last]
    down = state[S.settlement_hazard, first:last]
    for i in range(last - first):
        draw_conflict[i] = uniform(of_run(draws, run[i]), who[i], CONFLICT_CHANGE)
    for i in range(last - first):
        conflict_change[i] = probability(up[i] + down[i])
    for i in range(last - first):
        now = conflict[i]
        u = draw_conflict[i]
        p_up, p_down = first_of_two(up[i], down[i], conflict_change[i])

        share = war_at_once if now <= 1.0 else 1.0
        to_war = u < p_up * share
        p_rise = p_up * share if to_war else p_up * (1.0 - share)
        risen = 3.0 if to_war else 2.0

        share = war_to_recovery if now == 3.0 else 1.0
        ended = u < p_up + p_down * share
        p_fall = p_down * share if ended else p_down * (1.0 - share)
        fallen = (0.0 if now == 1.0 else 1.0) if ended else 2.0

        rises = u < p_up
        falls = u < p_up + p_down
        after = risen if rises else (fallen if falls else now)
        conflict_change[i] = p_rise if rises else (p_fall if falls else 0.0)
        # Read in any case: a column that is written, but read on a condition only, does not vectorise.
        months = conflict_months[i] + 1.0
        conflict_months[i] = months if after == now else 0.0
        conflict[i] = after
