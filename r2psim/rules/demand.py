"""Demand: what each state could use this month, form by form, as bodies that choose weigh it."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import PF, PR, F, S
from r2psim.rules.arithmetic import clip01
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import MISJUDGED_LACK, Draws, of_run, under, uniform
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["FRESH", "demand"]

PEACE, RECOVERY = 0.0, 1.0
FRESH = 0.5
"""Freshness that a trigger has at its half-life."""


@inline
def emphasise(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Note the policy's priority for states ``first..last``: that of the stage times that of every kind they are of."""
    state = rows.state
    of = rows.preference
    for s in range(first, last):
        stage = state[S.stage, s]
        conflict = state[S.conflict, s]
        fresh = state[S.trigger_coup, s]
        fresh = state[S.trigger_irregular_transition, s] if state[S.trigger_irregular_transition, s] > fresh else fresh
        fresh = state[S.trigger_contested_election, s] if state[S.trigger_contested_election, s] > fresh else fresh
        weight = of[PF.stage_0 + int(stage), 0]
        weight *= of[PF.kind_calm, 0] if stage <= 1.0 and conflict == PEACE else 1.0
        weight *= of[PF.kind_at_risk, 0] if state[S.perceived, s] >= p[P.assistance_at_risk] else 1.0
        weight *= of[PF.kind_in_transition, 0] if fresh >= FRESH else 1.0
        weight *= of[PF.kind_post_conflict, 0] if conflict == RECOVERY else 1.0
        weight *= of[PF.kind_at_war, 0] if conflict == WAR else 1.0
        weight *= of[PF.kind_government_perpetrator, 0] if state[S.government_perpetrator, s] > 0.0 else 1.0
        state[S.emphasis, s] = clip01(weight / of[PF.largest, 0])


@by_run("rows.state")
@rule
def demand(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Weigh every form in states ``first..last``: how much the state lacks what it builds, times what it is worth.

    Bodies misjudge the lack by up to ``assistance.lack_error`` either way, by chance once a year, state and form; a
    needs assessment takes the error away as far as it is built up, and so finds what the state lacks most.

    A form applies at its stages, with a mandate or another decision where it waits for one, and where it depends on
    consent only while the government keeps its word (mutual commitment). Peaceful means weigh more while the Security
    Council calls for them. Where it does not apply, demand is -1. Where a policy has priorities
    for stages or kinds of state, their emphasis is noted. What neighbours have to fear is noted too.
    """
    state = rows.state
    form = rows.form
    programme = rows.programme
    states = state.shape[1]
    n = last - first
    stage = state[S.stage, first:last]
    debated = state[S.debated, first:last]
    mandate = state[S.mandate, first:last]
    commitment = state[S.commitment, first:last]
    conflict = state[S.conflict, first:last]
    urgency = state[S.urgency, first:last]
    exposure = state[S.exposure, first:last]
    abroad = state[S.displaced_abroad, first:last]
    of_war = p[P.assistance_war_urgency]
    each = p[P.assistance_stage_urgency]
    half = p[P.assistance_exposure_half]
    floor = p[P.principles_mutual_floor]
    assessed = state[S.assessed, first:last]
    error = p[P.assistance_lack_error]
    for s in range(n):
        of_stage = each * stage[s]
        war = of_war if conflict[s] == WAR else 0.0
        urgency[s] = of_stage if of_stage > war else war
        fled = abroad[s] / (abroad[s] + half)
        exposure[s] = fled if fled > war else war
    if rows.preference[PF.selects, 0] > 0.0:
        emphasise(first, last, rows, p)
    for f in range(form.shape[1]):
        worth = programme[PR.worth, f * states + first : f * states + last]
        wanted = programme[PR.demand, f * states + first : f * states + last]
        from_stage = form[F.first_stage, f]
        to_stage = form[F.last_stage, f]
        needs_mandate = 1.0 if form[F.mandate, f] > 0.0 else 0.0
        gate = int(form[F.gate, f])
        decided = state[gate if gate >= 0 else S.stage, first:last]
        waits = 1.0 if gate >= 0 else 0.0
        called = p[P.response_peaceful_call] * form[F.peaceful, f]
        least = floor * form[F.consent, f]
        place = int(form[F.need, f])
        lacking = state[place if place >= 0 else S.stage, first:last]
        everywhere = 1.0 if place < 0 else 0.0
        misjudged = programme[PR.misjudged, f * states + first : f * states + last]
        if place >= 0 and int(draws.month) % 12 == 0:
            luck = under(draws, rows.form_id[f])
            for s in range(n):
                u = uniform(of_run(luck, rows.state_run[first + s]), rows.state_id[first + s], MISJUDGED_LACK)
                misjudged[s] = error * (2.0 * u - 1.0)
        for s in range(n):
            at_stage = 1.0 if stage[s] >= from_stage else 0.0
            at_stage = at_stage if stage[s] <= to_stage else 0.0
            allowed = at_stage if mandate[s] >= needs_mandate else 0.0
            allowed = allowed if decided[s] > 0.0 or waits == 0.0 else 0.0
            allowed = allowed if commitment[s] >= least else 0.0
            need = clip01(1.0 - clip01(lacking[s]) + misjudged[s] * (1.0 - assessed[s]))
            value = worth[s] * (everywhere if everywhere > 0.0 else need) * (1.0 + called * debated[s])
            wanted[s] = value if allowed > 0.0 else -1.0
