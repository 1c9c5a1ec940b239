"""Tension around a group: exclusion, grievance, targeting, preparation against it, and its protection."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import clip01, exp
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import Draws
from r2psim.rules.structure import approach, conflict_level
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import G, S

__all__ = ["tension"]


@inline
def look_at_state(rows: Rows, p: np.ndarray, g: int) -> None:
    """Copy what a group feels of its state this month into the group's own columns."""
    state = rows.state
    group = rows.group
    s = rows.home[g]
    group[G.at_pressure, g] = state[S.pressure, s]
    group[G.at_conflict, g] = conflict_level(state[S.conflict, s], p)
    group[G.at_restraint, g] = state[S.restraint, s]
    group[G.at_incitement, g] = state[S.incitement, s]
    group[G.at_means, g] = 0.5 * (state[S.arms, s] + state[S.finance, s])
    group[G.at_motive, g] = state[S.motive, s]
    group[G.at_past, g] = state[S.past_violations, s]
    group[G.at_inequality, g] = state[S.horizontal_inequality, s]
    group[G.at_inclusion, g] = state[S.inclusion, s] - state[S.inclusion_home, s]
    group[G.at_upheaval, g] = state[S.strike_irregular_transition, s]
    # Nobody is driven from home twice: fewer are left to flee as more have fled.
    away = state[S.displaced_inside, s] + state[S.displaced_abroad, s]
    group[G.at_reach, g] = clip01(1.0 - away / (p[P.harm_displaced_most] * state[S.population, s]))
    group[G.at_drive_state, g] = state[S.drive_state, s]
    group[G.at_drive_non_state, g] = state[S.drive_non_state, s]
    group[G.at_risk, g] = state[S.risk_present, s]


@rule
def tension(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Move the tension around groups ``first..last`` by a month.

    Grievance answers to exclusion and inequality between groups (Cederman et al. 2011) and is sharpened by triggers
    (A/68/947, section II); targeting answers to the stronger drive, of the government or of armed groups, and rises
    faster than it falls; preparation follows targeting from stage 2 on. Every linear form is an assumption.
    """
    group = rows.group
    for g in range(first, last):
        look_at_state(rows, p, g)
        pressure = group[G.at_pressure, g]

        gained = group[G.exclusion_home, g] - p[P.tension_exclusion_inclusion] * group[G.at_inclusion, g]
        gained += group[G.aid_exclusion, g]
        exclusion = approach(group[G.exclusion, g], clip01(gained), p[P.tension_exclusion_return])
        excluded = 1.0 if exclusion > p[P.tension_excluded_above] else 0.0
        exclusion += group[G.at_upheaval, g] * excluded * p[P.tension_exclusion_upheaval] * (1.0 - exclusion)
        group[G.exclusion, g] = exclusion

        level = p[P.tension_grievance_exclusion] * exclusion
        level += p[P.tension_grievance_inequality] * group[G.at_inequality, g]
        level += p[P.tension_grievance_pressure] * pressure * exclusion
        level += p[P.tension_grievance_incitement] * group[G.at_incitement, g] * exclusion
        level += p[P.tension_grievance_past] * group[G.at_past, g] * exclusion
        level += p[P.tension_grievance_kin] * group[G.kin_pressure, g] + group[G.aid_grievance, g]
        group[G.grievance, g] = approach(group[G.grievance, g], clip01(level), p[P.tension_grievance_rate])

        drive_state = group[G.at_drive_state, g]
        drive_non_state = group[G.at_drive_non_state, g]
        drive = drive_state if drive_state > drive_non_state else drive_non_state
        share = p[P.tension_targeting_crisis]
        conflict = group[G.at_conflict, g]
        crisis = 1.0 - share + share * (pressure if pressure > conflict else conflict)
        included = p[P.tension_targeting_included]
        marked = included + (1.0 - included) * exclusion
        level = clip01(p[P.tension_targeting_gain] * drive * crisis * marked * exp(group[G.aid_targeting, g]))
        targeting = group[G.targeting, g]
        rate = p[P.tension_targeting_rise] if level > targeting else p[P.tension_targeting_fall]
        targeting = approach(targeting, level, rate)
        group[G.targeting, g] = targeting

        level = targeting if group[G.stage, g] >= 2.0 else 0.0
        group[G.preparation, g] = approach(group[G.preparation, g], level, p[P.tension_preparation_rate])
        level = clip01(p[P.tension_protection_restraint] * group[G.at_restraint, g] + group[G.aid_protection, g])
        group[G.protection, g] = approach(group[G.protection, g], level, p[P.tension_protection_rate])
