"""The slow structure of a state and what moves fast upon it: inhibitors, arms, motive, incitement, commitment."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import clip01, exp
from r2psim.rules.compiled import inline, rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import MOTIVE_JUMP, Draws, uniform
from r2psim.rules.triggers import MONTH, fading
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import INHIBITORS, S

__all__ = ["conflict_level", "standing", "structure"]

_INHIBITORS = len(INHIBITORS)


@inline
def approach(x: float, level: float, rate: float) -> float:
    """Move ``x`` towards ``level`` for a month at a yearly rate, and keep it within 0-1."""
    step = rate * MONTH
    step = 1.0 if step > 1.0 else step
    return clip01(x + (level - x) * step)


@inline
def built(x: float, home: float, raised: float, fade: float, build: float) -> float:
    """Move a slow variable towards its home level raised by assistance: built faster than it fades.

    What assistance has raised is lost only at the slow rate of return once it ends; harm done fades in likewise.
    """
    level = clip01(home + raised)
    gap = level - x
    # Assistance speeds up what it has to build, not the recovery of what would come back anyway.
    part = 0.0 if raised <= 0.0 or gap <= 0.0 else (raised / gap if gap > raised else 1.0)
    return approach(x, level, fade + (build - fade) * part)


@inline
def conflict_level(conflict: float, p: np.ndarray) -> float:
    """Intensity 0-1 of a conflict state: peace 0, war 1, recovery and minor conflict between (an assumption)."""
    level = p[P.conflict_level_recovery] if conflict == 1.0 else 0.0
    level = p[P.conflict_level_minor] if conflict == 2.0 else level
    return 1.0 if conflict == WAR else level


@inline
def weigh(state: np.ndarray, s: int, p: np.ndarray) -> None:
    """Weigh up the restraint of a state, and the drives of its government and of armed groups to commit crimes."""
    inhibitors = 0.0
    for k in range(_INHIBITORS):
        inhibitors += state[S.security_sector + k, s]
    restraint = p[P.structure_restraint_inhibitors] * inhibitors / _INHIBITORS
    restraint += p[P.structure_restraint_commitment] * state[S.commitment, s]
    restraint = clip01(restraint + p[P.structure_restraint_regime] * state[S.regime, s])
    state[S.restraint, s] = restraint
    means = 0.5 * (state[S.arms, s] + state[S.finance, s])
    level = conflict_level(state[S.conflict, s], p)
    state[S.drive_state, s] = state[S.motive, s] * means * (1.0 - restraint)
    state[S.drive_non_state, s] = state[S.armed_groups, s] * state[S.arms, s] * level


@rule
def standing(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Weigh up states ``first..last`` as they stand at the start, before anything has moved."""
    for s in range(first, last):
        weigh(rows.state, s, p)


@rule
def structure(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Move the structure of states ``first..last`` by a month.

    Everything slow returns to its home level, war wears institutions down, and an irregular transition closes the
    regime and may bring a leadership with another motive. Incitement follows motive and crisis and is counteracted
    by the media (Yanagizawa-Drott 2014). The drives combine motive, means and lack of restraint, for the government
    and for armed groups. Every linear form here is an assumption; the parameters carry ranges.
    """
    state = rows.state
    for s in range(first, last):
        war = state[S.at_war, s]
        level = conflict_level(state[S.conflict, s], p)
        pressure = state[S.pressure, s]
        upheaval = state[S.strike_irregular_transition, s]
        damage = 1.0 - war * p[P.structure_war_damage] * MONTH
        damage = 0.0 if damage < 0.0 else damage

        for k in range(_INHIBITORS):
            x = built(
                state[S.security_sector + k, s],
                state[S.security_sector_home + k, s],
                state[S.aid_security_sector + k, s],
                p[P.structure_inhibitor_return],
                p[P.structure_building],
            )
            x *= damage
            state[S.security_sector + k, s] = x
        build_rate = p[P.structure_building]
        raised = state[S.aid_capacity, s]
        x = built(state[S.capacity, s], state[S.capacity_home, s], raised, p[P.structure_capacity_return], build_rate)
        state[S.capacity, s] = x * damage
        raised = state[S.aid_inclusion, s]
        x = built(
            state[S.inclusion, s], state[S.inclusion_home, s], raised, p[P.structure_inclusion_return], build_rate
        )
        state[S.inclusion, s] = x * damage
        x = approach(state[S.regime, s], state[S.regime_home, s], p[P.structure_regime_return])
        state[S.regime, s] = x * (1.0 - upheaval * p[P.structure_regime_drop])

        x = approach(state[S.motive, s], state[S.motive_home, s], p[P.structure_motive_return])
        x = clip01(x + pressure * p[P.structure_motive_crisis] * MONTH * (1.0 - x))
        if upheaval > 0.0:
            x += (1.0 - x) * p[P.structure_motive_jump] * uniform(draws, rows.state_id[s], MOTIVE_JUMP)
        state[S.motive, s] = x

        crisis = p[P.structure_incitement_crisis]
        level_incitement = x * (1.0 - crisis + crisis * pressure)
        level_incitement *= 1.0 - p[P.structure_incitement_media] * state[S.media, s]
        level_incitement = clip01(level_incitement * exp(state[S.aid_incitement, s]))
        state[S.incitement, s] = approach(state[S.incitement, s], level_incitement, p[P.structure_incitement_rate])

        build = (war * p[P.structure_arms_war] + state[S.spill_arms, s] * p[P.structure_arms_spill]) * MONTH
        denied = exp(state[S.aid_arms, s])
        x = approach(state[S.arms, s], clip01(state[S.arms_home, s] * denied), p[P.structure_arms_return])
        state[S.arms, s] = clip01(x + build * denied * (1.0 - x))
        x = approach(state[S.finance, s], clip01(state[S.finance_home, s] * denied), p[P.structure_arms_return])
        state[S.finance, s] = clip01(x + war * p[P.structure_arms_war] * MONTH * (1.0 - x))
        strength = state[S.armed_groups_home, s] + p[P.structure_armed_groups_discontent] * state[S.discontent, s]
        strength = clip01(strength + p[P.structure_armed_groups_conflict] * level)
        state[S.armed_groups, s] = approach(state[S.armed_groups, s], strength, p[P.structure_armed_groups_rate])

        kept = p[P.structure_commitment_perpetrator] if state[S.government_perpetrator, s] > 0.0 else 1.0
        level_commitment = clip01(kept * (state[S.commitment_home, s] + state[S.aid_commitment, s]))
        x = approach(state[S.commitment, s], level_commitment, p[P.structure_commitment_return])
        state[S.commitment, s] = x

        half_life = 12.0 * p[P.structure_violations_half_life]
        half_life /= 1.0 + p[P.structure_violations_justice] * state[S.transitional_justice, s]
        half_life /= exp(state[S.aid_violations_memory, s])
        memory = state[S.past_violations, s] * fading(half_life)
        if state[S.stage, s] == 4.0:
            memory = approach(state[S.past_violations, s], 1.0, p[P.structure_violations_rate])
        state[S.past_violations, s] = memory

        weigh(state, s, p)
