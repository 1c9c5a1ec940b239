"""The slow structure of a state and what moves fast upon it: inhibitors, arms, motive, incitement, commitment."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import clip01, exp
from r2psim.rules.compiled import inline, rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import MOTIVE_JUMP, Draws, of_run, uniform
from r2psim.rules.triggers import MONTH, fading
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import INHIBITORS, S

__all__ = ["arming", "conflict_level", "incitement", "leadership", "standing", "structure"]

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
    part = 0.0 if raised <= 0.0 else (raised / gap if gap > raised else 1.0)
    part = 0.0 if gap <= 0.0 else part
    return approach(x, level, fade + (build - fade) * part)


@inline
def intensity(conflict: float, recovery: float, minor: float) -> float:
    """Intensity 0-1 of a conflict state, given those of recovery and of minor conflict."""
    level = recovery if conflict == 1.0 else 0.0
    level = minor if conflict == 2.0 else level
    return 1.0 if conflict == WAR else level


@inline
def conflict_level(conflict: float, p: np.ndarray) -> float:
    """Intensity 0-1 of a conflict state: peace 0, war 1, recovery and minor conflict between (an assumption)."""
    return intensity(conflict, p[P.conflict_level_recovery], p[P.conflict_level_minor])


@rule
def standing(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Weigh up the restraint of states ``first..last``, and the drives of government and armed groups to commit crimes.

    Every month after all has moved, and once at the start, before anything has.
    """
    state = rows.state
    by_inhibitors = p[P.structure_restraint_inhibitors]
    by_commitment = p[P.structure_restraint_commitment]
    by_regime = p[P.structure_restraint_regime]
    recovery = p[P.conflict_level_recovery]
    minor = p[P.conflict_level_minor]
    commitment = state[S.commitment, first:last]
    regime = state[S.regime, first:last]
    conflict = state[S.conflict, first:last]
    arms = state[S.arms, first:last]
    finance = state[S.finance, first:last]
    motive = state[S.motive, first:last]
    armed_groups = state[S.armed_groups, first:last]
    restraint = state[S.restraint, first:last]
    drive_state = state[S.drive_state, first:last]
    drive_non_state = state[S.drive_non_state, first:last]
    for i in range(last - first):
        restraint[i] = 0.0
    for k in range(_INHIBITORS):
        inhibitor = state[S.security_sector + k, first:last]
        for i in range(last - first):
            restraint[i] += inhibitor[i]
    for i in range(last - first):
        held = by_inhibitors * restraint[i] / _INHIBITORS
        held += by_commitment * commitment[i]
        held = clip01(held + by_regime * regime[i])
        restraint[i] = held
        drive_state[i] = motive[i] * (0.5 * (arms[i] + finance[i])) * (1.0 - held)
        drive_non_state[i] = armed_groups[i] * arms[i] * intensity(conflict[i], recovery, minor)


@inline
def build_and_wear(
    x: np.ndarray,
    home: np.ndarray,
    aid: np.ndarray,
    at_war: np.ndarray,
    fade: float,
    build: float,
    damage: float,
) -> None:
    """Move one kind of institution in all states: `built`, and worn down by war at the yearly rate ``damage``."""
    for i in range(len(x)):
        left = 1.0 - at_war[i] * damage * MONTH
        left = 0.0 if left < 0.0 else left
        x[i] = built(x[i], home[i], aid[i], fade, build) * left


@inline
def institutions(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Let institutions return to their home level and be built by assistance; war wears them down.

    An irregular transition closes the regime.
    """
    state = rows.state
    build = p[P.structure_building]
    damage = p[P.structure_war_damage]
    fade = p[P.structure_inhibitor_return]
    regime_return = p[P.structure_regime_return]
    regime_drop = p[P.structure_regime_drop]
    at_war = state[S.at_war, first:last]
    for k in range(_INHIBITORS):
        inhibitor = state[S.security_sector + k, first:last]
        home = state[S.security_sector_home + k, first:last]
        aid = state[S.aid_security_sector + k, first:last]
        build_and_wear(inhibitor, home, aid, at_war, fade, build, damage)
    capacity = state[S.capacity, first:last]
    home = state[S.capacity_home, first:last]
    aid = state[S.aid_capacity, first:last]
    build_and_wear(capacity, home, aid, at_war, p[P.structure_capacity_return], build, damage)
    inclusion = state[S.inclusion, first:last]
    home = state[S.inclusion_home, first:last]
    aid = state[S.aid_inclusion, first:last]
    build_and_wear(inclusion, home, aid, at_war, p[P.structure_inclusion_return], build, damage)
    regime = state[S.regime, first:last]
    regime_home = state[S.regime_home, first:last]
    upheaval = state[S.strike_irregular_transition, first:last]
    for i in range(last - first):
        regime[i] = approach(regime[i], regime_home[i], regime_return) * (1.0 - upheaval[i] * regime_drop)


@inline
def leadership(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Move the motive of the leadership, which an irregular transition may change, and its commitment to protect."""
    state = rows.state
    motive_return = p[P.structure_motive_return]
    motive_crisis = p[P.structure_motive_crisis]
    motive_jump = p[P.structure_motive_jump]
    perpetrator = p[P.structure_commitment_perpetrator]
    commitment_return = p[P.structure_commitment_return]
    pressure = state[S.pressure, first:last]
    motive = state[S.motive, first:last]
    motive_home = state[S.motive_home, first:last]
    government_perpetrator = state[S.government_perpetrator, first:last]
    commitment = state[S.commitment, first:last]
    commitment_home = state[S.commitment_home, first:last]
    aid_commitment = state[S.aid_commitment, first:last]
    for i in range(last - first):
        x = approach(motive[i], motive_home[i], motive_return)
        motive[i] = clip01(x + pressure[i] * motive_crisis * MONTH * (1.0 - x))
        kept = perpetrator if government_perpetrator[i] > 0.0 else 1.0
        level = clip01(kept * (commitment_home[i] + aid_commitment[i]))
        commitment[i] = approach(commitment[i], level, commitment_return)
    upheaval = state[S.strike_irregular_transition, first:last]
    for i in range(last - first):
        # Upheavals are rare: a loop of its own leaves the others free of branches and draws.
        if upheaval[i] > 0.0:
            u = uniform(of_run(draws, rows.state_run[first + i]), rows.state_id[first + i], MOTIVE_JUMP)
            motive[i] += (1.0 - motive[i]) * motive_jump * u


@inline
def incitement(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Let incitement follow motive and crisis."""
    state = rows.state
    crisis = p[P.structure_incitement_crisis]
    by_media = p[P.structure_incitement_media]
    rate = p[P.structure_incitement_rate]
    pressure = state[S.pressure, first:last]
    motive = state[S.motive, first:last]
    media = state[S.media, first:last]
    aid_incitement = state[S.aid_incitement, first:last]
    incited = state[S.incitement, first:last]
    for i in range(last - first):
        level = motive[i] * (1.0 - crisis + crisis * pressure[i])
        level *= 1.0 - by_media * media[i]
        level = clip01(level * exp(aid_incitement[i]))
        incited[i] = approach(incited[i], level, rate)


@inline
def memory(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Let the record of violations grow in atrocity and fade after it."""
    state = rows.state
    half_life = 12.0 * p[P.structure_violations_half_life]
    by_justice = p[P.structure_violations_justice]
    violations_rate = p[P.structure_violations_rate]
    transitional_justice = state[S.transitional_justice, first:last]
    aid_memory = state[S.aid_violations_memory, first:last]
    stage = state[S.stage, first:last]
    past_violations = state[S.past_violations, first:last]
    for i in range(last - first):
        months = half_life / (1.0 + by_justice * transitional_justice[i])
        months /= exp(aid_memory[i])
        faded = past_violations[i] * fading(months)
        added = approach(past_violations[i], 1.0, violations_rate)
        past_violations[i] = added if stage[i] == 4.0 else faded


@inline
def arming(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Move arms, finance and armed groups: war and neighbours at war bring them in, assistance denies them."""
    state = rows.state
    by_war = p[P.structure_arms_war]
    by_spill = p[P.structure_arms_spill]
    arms_return = p[P.structure_arms_return]
    by_discontent = p[P.structure_armed_groups_discontent]
    by_conflict = p[P.structure_armed_groups_conflict]
    rate = p[P.structure_armed_groups_rate]
    recovery = p[P.conflict_level_recovery]
    minor = p[P.conflict_level_minor]
    at_war = state[S.at_war, first:last]
    conflict = state[S.conflict, first:last]
    spill_arms = state[S.spill_arms, first:last]
    aid_arms = state[S.aid_arms, first:last]
    arms = state[S.arms, first:last]
    arms_home = state[S.arms_home, first:last]
    finance = state[S.finance, first:last]
    finance_home = state[S.finance_home, first:last]
    discontent = state[S.discontent, first:last]
    armed_groups = state[S.armed_groups, first:last]
    armed_groups_home = state[S.armed_groups_home, first:last]
    for i in range(last - first):
        build = (at_war[i] * by_war + spill_arms[i] * by_spill) * MONTH
        denied = exp(aid_arms[i])
        x = approach(arms[i], clip01(arms_home[i] * denied), arms_return)
        arms[i] = clip01(x + build * denied * (1.0 - x))
        x = approach(finance[i], clip01(finance_home[i] * denied), arms_return)
        finance[i] = clip01(x + at_war[i] * by_war * MONTH * (1.0 - x))
        strength = armed_groups_home[i] + by_discontent * discontent[i]
        strength = clip01(strength + by_conflict * intensity(conflict[i], recovery, minor))
        armed_groups[i] = approach(armed_groups[i], strength, rate)


@rule
def structure(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Move the structure of states ``first..last`` by a month.

    Everything slow returns to its home level, war wears institutions down, and an irregular transition closes the
    regime and may bring a leadership with another motive. Incitement follows motive and crisis and is counteracted
    by the media (Yanagizawa-Drott 2014). The drives combine motive, means and lack of restraint, for the government
    and for armed groups. Every linear form here is an assumption; the parameters carry ranges.
    """
    institutions(first, last, rows, p)
    leadership(first, last, rows, p, draws)
    incitement(first, last, rows, p)
    memory(first, last, rows, p)
    arming(first, last, rows, p)
    standing(first, last, rows, p, draws)
