"""Triggers: the crises and political changes that upset a state at risk, drawn each month for each state."""

from __future__ import annotations

import numpy as np

from r2psim.rules import draws as d
from r2psim.rules.arithmetic import exp, probability
from r2psim.rules.compiled import inline, rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import Draws, number_of_month, of_run, uniform_pair
from r2psim.rules.terms import hazards, terms
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import STATE, TRIGGERS, S

__all__ = ["TERMS", "triggers"]

TERMS = {name: terms(f"triggers.{name}", STATE) for name in TRIGGERS}
"""Terms of each trigger's hazard, by name."""

_KINDS = len(TRIGGERS)
_TERMS = tuple(TERMS.values())
"""Terms in the order of `TRIGGERS`, which is also that of the columns ``rate_``, ``strike_`` and ``trigger_``."""

MONTH = 1.0 / 12.0
_LN2 = 0.6931471805599453


@inline
def fading(half_life: float) -> float:
    """Share that is left after a month of something that halves in ``half_life`` months."""
    return exp(-_LN2 / half_life)


@inline
def election_is_due(month: float, phase: float, interval: float) -> float:
    """1 in a month of scheduled elections, else 0; an interval of 0 means that none are held."""
    since = month - phase
    every = 1.0 if interval < 1.0 else interval
    due = 1.0 if since - every * np.floor(since / every + 1e-9) < 1.0 else 0.0
    # Before the first month they were held as often, but no less than a full interval before the first to come.
    due = 0.0 if 0.0 <= month < phase else due
    return 0.0 if interval < 1.0 else due


@inline
def occasions(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Scale the hazards of states ``first..last`` to this month: its share of a year, or the occasion it offers.

    Elections can be contested when they are held, a war next door upsets when it has just broken out, and armed groups
    take the offensive in a conflict, the more the stronger they are, and at its outbreak or escalation above all.
    """
    state = rows.state
    month = number_of_month(draws)
    reference = p[P.reference_armed_groups]
    outbreak = p[P.triggers_armed_offensive_outbreak] if draws.month > 0 else 0.0
    conflict = state[S.conflict, first:last]
    conflict_months = state[S.conflict_months, first:last]
    escalation_hazard = state[S.escalation_hazard, first:last]
    phase = state[S.election_phase, first:last]
    interval = state[S.election_interval, first:last]
    spill_new_war = state[S.spill_new_war, first:last]
    armed_groups = state[S.armed_groups, first:last]
    election = state[S.rate_contested_election, first:last]
    coup = state[S.rate_coup, first:last]
    transition = state[S.rate_irregular_transition, first:last]
    shock = state[S.rate_economic_shock, first:last]
    death = state[S.rate_leader_death, first:last]
    neighbour = state[S.rate_neighbour_war, first:last]
    offensive = state[S.rate_armed_offensive, first:last]
    protest = state[S.rate_mass_protest, first:last]
    for i in range(last - first):
        in_conflict = 1.0 if conflict[i] >= 2.0 else 0.0
        election[i] = election_is_due(month, phase[i], interval[i]) * election[i]
        coup[i] = MONTH * coup[i]
        transition[i] = MONTH * transition[i]
        shock[i] = MONTH * shock[i]
        death[i] = MONTH * death[i]
        neighbour[i] = spill_new_war[i] * neighbour[i]
        # What was a war a month ago could not escalate: an abating war is no outbreak.
        new = in_conflict if escalation_hazard[i] > 0.0 else 0.0
        new = new if conflict_months[i] < 1.0 else 0.0
        offensive[i] = in_conflict * (armed_groups[i] / reference) * MONTH * offensive[i] + new * outbreak
        protest[i] = MONTH * protest[i]


@inline
def strike_or_fade(freshness: float, hit: float, left: float) -> float:
    """Give how fresh a trigger is: 1 when it strikes, else what a month leaves of it."""
    return 1.0 if hit > 0.0 else freshness * left


@inline
def purpose_of(k: int) -> int:
    """Give the purpose of chance of the ``k``-th of `TRIGGERS`."""
    purposes = (
        d.CONTESTED_ELECTION,
        d.COUP,
        d.IRREGULAR_TRANSITION,
        d.ECONOMIC_SHOCK,
        d.LEADER_DEATH,
        d.NEIGHBOUR_WAR,
        d.ARMED_OFFENSIVE,
        d.MASS_PROTEST,
    )
    return purposes[k]


@inline
def course_of(k: int, p: np.ndarray) -> tuple[float, float]:
    """Give what a month leaves of the ``k``-th of `TRIGGERS`, and its weight in the pressure."""
    half_lives = (
        P.triggers_contested_election_half_life,
        P.triggers_coup_half_life,
        P.triggers_irregular_transition_half_life,
        P.triggers_economic_shock_half_life,
        P.triggers_leader_death_half_life,
        P.triggers_neighbour_war_half_life,
        P.triggers_armed_offensive_half_life,
        P.triggers_mass_protest_half_life,
    )
    weights = (
        P.triggers_contested_election_weight,
        P.triggers_coup_weight,
        P.triggers_irregular_transition_weight,
        P.triggers_economic_shock_weight,
        P.triggers_leader_death_weight,
        P.triggers_neighbour_war_weight,
        P.triggers_armed_offensive_weight,
        P.triggers_mass_protest_weight,
    )
    return fading(p[half_lives[k]]), p[weights[k]]


@inline
def strikes(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Let triggers strike or fade in states ``first..last``, two kinds at a time: they share a block of chance."""
    state = rows.state
    who = rows.state_id[first:last]
    run = rows.state_run[first:last]
    pressure = state[S.pressure, first:last]
    for i in range(last - first):
        pressure[i] = 1.0
    for k in range(0, _KINDS, 2):
        block = purpose_of(k) >> 1
        left_a, weight_a = course_of(k, p)
        left_b, weight_b = course_of(k + 1, p)
        rate_a = state[S.rate_contested_election + k, first:last]
        rate_b = state[S.rate_contested_election + k + 1, first:last]
        struck_a = state[S.strike_contested_election + k, first:last]
        struck_b = state[S.strike_contested_election + k + 1, first:last]
        fresh_a = state[S.trigger_contested_election + k, first:last]
        fresh_b = state[S.trigger_contested_election + k + 1, first:last]
        for i in range(last - first):
            struck_a[i] = probability(rate_a[i])
        for i in range(last - first):
            struck_b[i] = probability(rate_b[i])
        for i in range(last - first):
            a, b = uniform_pair(of_run(draws, run[i]), who[i], block)
            hit_a = 1.0 if a < struck_a[i] else 0.0
            hit_b = 1.0 if b < struck_b[i] else 0.0
            freshness_a = strike_or_fade(fresh_a[i], hit_a, left_a)
            freshness_b = strike_or_fade(fresh_b[i], hit_b, left_b)
            struck_a[i] = hit_a
            struck_b[i] = hit_b
            fresh_a[i] = freshness_a
            fresh_b[i] = freshness_b
            pressure[i] = pressure[i] * (1.0 - weight_a * freshness_a) * (1.0 - weight_b * freshness_b)
        if k == 0:
            # These were elections and coups; a coup attempt makes an irregular transition, drawn next, likelier.
            success = p[P.triggers_irregular_transition_coup_success]
            transition = state[S.rate_irregular_transition, first:last]
            for i in range(last - first):
                transition[i] += struck_b[i] * success
    for i in range(last - first):
        pressure[i] = 1.0 - pressure[i]


@rule
def triggers(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Draw every kind of trigger for states ``first..last``, and combine the fresh ones into pressure.

    A strike sets the trigger to 1; it then halves within its half-life. The pressure is
    ``1 - product of (1 - weight * freshness)``. A coup attempt that succeeds is an irregular transition of the same
    month. Hazards answer to last month's freshness of other triggers.
    """
    state = rows.state
    conflict = state[S.conflict, first:last]
    at_war = state[S.at_war, first:last]
    for i in range(last - first):
        at_war[i] = 1.0 if conflict[i] == WAR else 0.0
    # All hazards before any strike: a trigger answers to the others of last month, not to the order of drawing.
    for k in range(_KINDS):
        hazards(p, state, first, last, _TERMS[k], state[S.rate_contested_election + k, first:last])
    occasions(first, last, rows, p, draws)
    strikes(first, last, rows, p, draws)
