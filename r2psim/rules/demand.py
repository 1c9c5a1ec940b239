"""Demand: what each state could use this month, form by form, as bodies that choose weigh it."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import clip01
from r2psim.rules.compiled import rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import Draws
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import PR, F, S

__all__ = ["demand"]


@rule
def demand(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Weigh every form in states ``first..last``: how much the state lacks what it builds, times what it is worth.

    A form applies at its stages, with a mandate where it needs one, and where it depends on consent only while the
    government keeps its word (mutual commitment). Where it does not apply, demand is -1.
    """
    state = rows.state
    form = rows.form
    programme = rows.programme
    states = state.shape[1]
    n = last - first
    stage = state[S.stage, first:last]
    mandate = state[S.mandate, first:last]
    commitment = state[S.commitment, first:last]
    conflict = state[S.conflict, first:last]
    urgency = state[S.urgency, first:last]
    of_war = p[P.assistance_war_urgency]
    floor = p[P.principles_mutual_floor]
    for s in range(n):
        of_stage = 0.25 * stage[s]
        war = of_war if conflict[s] == WAR else 0.0
        urgency[s] = of_stage if of_stage > war else war
    for f in range(form.shape[1]):
        worth = programme[PR.worth, f * states + first : f * states + last]
        wanted = programme[PR.demand, f * states + first : f * states + last]
        from_stage = form[F.first_stage, f]
        to_stage = form[F.last_stage, f]
        needs_mandate = 1.0 if form[F.mandate, f] > 0.0 else 0.0
        least = floor * form[F.consent, f]
        place = int(form[F.need, f])
        lacking = state[place if place >= 0 else S.stage, first:last]
        everywhere = 1.0 if place < 0 else 0.0
        for s in range(n):
            at_stage = 1.0 if stage[s] >= from_stage else 0.0
            at_stage = at_stage if stage[s] <= to_stage else 0.0
            allowed = at_stage if mandate[s] >= needs_mandate else 0.0
            allowed = allowed if commitment[s] >= least else 0.0
            need = 1.0 - clip01(lacking[s])
            value = worth[s] * (everywhere if everywhere > 0.0 else need)
            wanted[s] = value if allowed > 0.0 else -1.0
