"""Triggers: the crises and political changes that upset a state at risk, drawn each month for each state."""

from __future__ import annotations

import numpy as np

from r2psim.rules import draws as d
from r2psim.rules.arithmetic import exp, probability
from r2psim.rules.compiled import inline, rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import Draws, uniform
from r2psim.rules.terms import hazard, terms
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import STATE, TRIGGERS, S

__all__ = ["TERMS", "triggers"]

TERMS = {name: terms(f"triggers.{name}", STATE) for name in TRIGGERS}
"""Terms of each trigger's hazard, by name."""

_ELECTION = TERMS["contested_election"]
_COUP = TERMS["coup"]
_TRANSITION = TERMS["irregular_transition"]
_SHOCK = TERMS["economic_shock"]
_DEATH = TERMS["leader_death"]
_NEIGHBOUR = TERMS["neighbour_war"]
_OFFENSIVE = TERMS["armed_offensive"]
_PROTEST = TERMS["mass_protest"]

MONTH = 1.0 / 12.0
_LN2 = 0.6931471805599453


@inline
def fading(half_life: float) -> float:
    """Share that is left after a month of something that halves in ``half_life`` months."""
    return exp(-_LN2 / half_life)


@inline
def election_is_due(month: float, phase: float, interval: float) -> float:
    """1 in a month of scheduled elections, else 0; an interval of 0 means that none are held."""
    if interval < 1.0 or month < phase:
        return 0.0
    since = month - phase
    return 1.0 if since - interval * np.floor(since / interval + 1e-9) < 1.0 else 0.0


@inline
def strike(state: np.ndarray, s: int, rate: int, struck: int, freshness: int, h: float, u: float, left: float) -> float:
    """Let one trigger strike or fade; note its hazard and whether it struck, and give the latter."""
    hit = 1.0 if u < probability(h) else 0.0
    state[rate, s] = h
    state[struck, s] = hit
    state[freshness, s] = 1.0 if hit > 0.0 else state[freshness, s] * left
    return hit


@rule
def triggers(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Draw every kind of trigger for states ``first..last``, and combine the fresh ones into pressure.

    A strike sets the trigger to 1; it then halves within its half-life. The pressure is
    ``1 - product of (1 - weight * freshness)``. A coup attempt that succeeds is an irregular transition of the same
    month. Hazards answer to last month's freshness of other triggers.
    """
    state = rows.state
    month = np.float64(draws.month)
    left_election = fading(p[P.triggers_contested_election_half_life])
    left_coup = fading(p[P.triggers_coup_half_life])
    left_transition = fading(p[P.triggers_irregular_transition_half_life])
    left_shock = fading(p[P.triggers_economic_shock_half_life])
    left_death = fading(p[P.triggers_leader_death_half_life])
    left_neighbour = fading(p[P.triggers_neighbour_war_half_life])
    left_offensive = fading(p[P.triggers_armed_offensive_half_life])
    left_protest = fading(p[P.triggers_mass_protest_half_life])
    for s in range(first, last):
        who = rows.state_id[s]
        state[S.at_war, s] = 1.0 if state[S.conflict, s] == WAR else 0.0
        in_conflict = 1.0 if state[S.conflict, s] >= 2.0 else 0.0
        # All hazards before any strike: a trigger answers to the others of last month, not to the order of drawing.
        due = election_is_due(month, state[S.election_phase, s], state[S.election_interval, s])
        h_election = due * hazard(p, state, s, _ELECTION)
        h_coup = MONTH * hazard(p, state, s, _COUP)
        h_transition = MONTH * hazard(p, state, s, _TRANSITION)
        h_shock = MONTH * hazard(p, state, s, _SHOCK)
        h_death = MONTH * hazard(p, state, s, _DEATH)
        h_neighbour = state[S.spill_new_war, s] * hazard(p, state, s, _NEIGHBOUR)
        strong = state[S.armed_groups, s] / p[P.reference_armed_groups]
        h_offensive = in_conflict * strong * MONTH * hazard(p, state, s, _OFFENSIVE)
        h_protest = MONTH * hazard(p, state, s, _PROTEST)

        u = uniform(draws, who, d.CONTESTED_ELECTION)
        strike(
            state,
            s,
            S.rate_contested_election,
            S.strike_contested_election,
            S.trigger_contested_election,
            h_election,
            u,
            left_election,
        )
        u = uniform(draws, who, d.COUP)
        attempt = strike(state, s, S.rate_coup, S.strike_coup, S.trigger_coup, h_coup, u, left_coup)
        h_transition += attempt * p[P.triggers_irregular_transition_coup_success]
        u = uniform(draws, who, d.IRREGULAR_TRANSITION)
        strike(
            state,
            s,
            S.rate_irregular_transition,
            S.strike_irregular_transition,
            S.trigger_irregular_transition,
            h_transition,
            u,
            left_transition,
        )
        u = uniform(draws, who, d.ECONOMIC_SHOCK)
        strike(
            state, s, S.rate_economic_shock, S.strike_economic_shock, S.trigger_economic_shock, h_shock, u, left_shock
        )
        u = uniform(draws, who, d.LEADER_DEATH)
        strike(state, s, S.rate_leader_death, S.strike_leader_death, S.trigger_leader_death, h_death, u, left_death)
        u = uniform(draws, who, d.NEIGHBOUR_WAR)
        strike(
            state,
            s,
            S.rate_neighbour_war,
            S.strike_neighbour_war,
            S.trigger_neighbour_war,
            h_neighbour,
            u,
            left_neighbour,
        )
        u = uniform(draws, who, d.ARMED_OFFENSIVE)
        strike(
            state,
            s,
            S.rate_armed_offensive,
            S.strike_armed_offensive,
            S.trigger_armed_offensive,
            h_offensive,
            u,
            left_offensive,
        )
        u = uniform(draws, who, d.MASS_PROTEST)
        strike(state, s, S.rate_mass_protest, S.strike_mass_protest, S.trigger_mass_protest, h_protest, u, left_protest)

        calm = 1.0 - p[P.triggers_contested_election_weight] * state[S.trigger_contested_election, s]
        calm *= 1.0 - p[P.triggers_coup_weight] * state[S.trigger_coup, s]
        calm *= 1.0 - p[P.triggers_irregular_transition_weight] * state[S.trigger_irregular_transition, s]
        calm *= 1.0 - p[P.triggers_economic_shock_weight] * state[S.trigger_economic_shock, s]
        calm *= 1.0 - p[P.triggers_leader_death_weight] * state[S.trigger_leader_death, s]
        calm *= 1.0 - p[P.triggers_neighbour_war_weight] * state[S.trigger_neighbour_war, s]
        calm *= 1.0 - p[P.triggers_armed_offensive_weight] * state[S.trigger_armed_offensive, s]
        calm *= 1.0 - p[P.triggers_mass_protest_weight] * state[S.trigger_mass_protest, s]
        state[S.pressure, s] = 1.0 - calm
