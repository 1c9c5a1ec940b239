"""What reaches a state from next door, and a group from its kin: read from last month, before anything moves."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import G, S
from r2psim.rules.arithmetic import clip01, exp
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import Draws
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["contagion"]

WAR = 3.0


@inline
def look_next_door(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Read wars, arms, armed groups, the displaced and the commitment of the neighbours of states ``first..last``."""
    state = rows.state
    scale = p[P.harm_hosting_scale]
    for s in range(first, last):
        war = 0.0
        new_war = 0.0
        arms = 0.0
        hosted = 0.0
        weight = 0.0
        groups = 0.0
        committed = 0.0
        for e in range(rows.neighbour_start[s], rows.neighbour_start[s + 1]):
            n = rows.neighbour[e]
            at_war = state[S.conflict, n] == WAR
            fighting = state[S.conflict, n] >= 2.0
            abroad = state[S.displaced_abroad, n]
            committed += state[S.commitment, n]
            # From most neighbours nothing comes at all.
            if fighting or abroad > 0.0:
                # What assistance contains in the neighbour spills over that much less (Beardsley 2011).
                contained = state[S.aid_spill_over, n]
                spills = exp(contained) if contained != 0.0 else 1.0
                level = spills if at_war else 0.0
                war = level if level > war else war
                new_war = 1.0 if at_war and state[S.conflict_months, n] < 1.0 and draws.month > 0 else new_war
                flow = state[S.arms, n] * level
                arms = flow if flow > arms else arms
                flow = state[S.armed_groups, n] * spills if fighting else 0.0
                groups = flow if flow > groups else groups
                arriving = abroad / (rows.neighbour_start[n + 1] - rows.neighbour_start[n])
                hosted += arriving
                weight += arriving * spills
        state[S.spill_war, s] = war
        state[S.spill_new_war, s] = new_war
        state[S.spill_arms, s] = arms
        state[S.spill_armed_groups, s] = groups
        peers = rows.neighbour_start[s + 1] - rows.neighbour_start[s]
        state[S.peer_commitment, s] = committed / peers if peers > 0 else state[S.commitment, s]
        arrived = hosted - state[S.displaced_hosted, s]
        # Those who are there at the start have not arrived since.
        state[S.refugees_received, s] += arrived if arrived > 0.0 and draws.month > 0 else 0.0
        state[S.displaced_hosted, s] = hosted
        state[S.spill_refugees, s] = clip01(weight / (state[S.population, s] * scale))


@inline
def look_at_groups(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Sum up the own groups of states ``first..last``: excluded share, discontent, mood.

    Courts and human-rights institutions are a non-violent way to voice grievances (A/68/947): of discontent and mood
    ``1 - judiciary_voice * (judiciary - reference)`` is left, within 0-1 each, to lead to protest and conflict.
    """
    state = rows.state
    group = rows.group
    excluded_above = p[P.tension_excluded_above]
    voice = p[P.structure_judiciary_voice]
    reference = p[P.reference_judiciary]
    for s in range(first, last):
        excluded = 0.0
        discontent = 0.0
        mood = 0.0
        for g in range(rows.first_group[s], rows.first_group[s + 1]):
            # Opponents are in the other groups as well: whoever adds up the people leaves them out.
            share = group[G.share, g] * (1.0 - group[G.opponents, g])
            exclusion = group[G.exclusion, g]
            grievance = group[G.grievance, g]
            counted = share * exclusion
            excluded += counted if exclusion > excluded_above else 0.0
            felt = grievance * exclusion
            discontent = felt if felt > discontent else discontent
            mood += share * grievance
        state[S.excluded_share, s] = excluded
        unheard = 1.0 - voice * (state[S.judiciary, s] - reference)
        state[S.discontent, s] = clip01(discontent * unheard)
        state[S.mood, s] = clip01(mood * unheard)


@inline
def look_to_kin(first: int, last: int, rows: Rows) -> None:
    """Let the groups of states ``first..last`` answer to the highest stage among their kin."""
    group = rows.group
    for g in range(rows.first_group[first], rows.first_group[last]):
        kin = 0.0
        for e in range(rows.kin_start[g], rows.kin_start[g + 1]):
            suffering = 0.25 * group[G.stage, rows.kin[e]]
            kin = suffering if suffering > kin else kin
        group[G.kin_pressure, g] = kin


@by_run("rows.state")
@rule
def contagion(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Read neighbours and kin as they stood at the end of last month.

    War next door raises the hazard of conflict (Beardsley 2011), arms flow from states at war, armed groups in conflict
    find footholds across the border, the displaced that crossed one are hosted by the neighbours in equal parts
    (Salehyan and Gleditsch 2006), and a group answers to the suffering of its kin
    (Buhaug and Gleditsch 2008). Also sums up a state's own groups: excluded share, discontent, mood.

    Writes columns that no other row reads, so that the order of rows does not matter.
    """
    look_next_door(first, last, rows, p, draws)
    look_at_groups(first, last, rows, p)
    look_to_kin(first, last, rows)
