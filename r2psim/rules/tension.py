"""Tension around a group: exclusion, grievance, targeting, preparation and violations against it, its protection."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import G, S
from r2psim.rules.arithmetic import clip01, exp, larger
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import Draws
from r2psim.rules.opponents import opponents
from r2psim.rules.structure import approach, conflict_level
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["tension"]


@inline
def look_at_states(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Copy what groups ``first..last`` feel of their states this month into their own columns."""
    state = rows.state
    group = rows.group
    # The groups of a state stand side by side: what they share is worked out once.
    g = first
    while g < last:
        s = rows.home[g]
        after = rows.first_group[s + 1]
        after = after if after < last else last
        conflict = conflict_level(state[S.conflict, s], p)
        means = 0.5 * (state[S.arms, s] + state[S.finance, s])
        turmoil = larger(state[S.trigger_coup, s], state[S.trigger_irregular_transition, s])
        gain = state[S.inclusion, s] - state[S.inclusion_home, s]
        # Nobody is driven from home twice: fewer are left to flee as more have fled.
        away = state[S.displaced_inside, s] + state[S.displaced_abroad, s]
        reach = clip01(1.0 - away / (p[P.harm_displaced_most] * state[S.population, s]))
        while g < after:
            group[G.at_pressure, g] = state[S.pressure, s]
            group[G.at_conflict, g] = conflict
            group[G.at_restraint, g] = state[S.restraint, s]
            group[G.at_incitement, g] = state[S.agitation, s]
            group[G.at_means, g] = means
            group[G.at_motive, g] = state[S.motive, s]
            group[G.at_past, g] = state[S.unaddressed, s]
            group[G.at_inequality, g] = state[S.horizontal_inequality, s]
            group[G.at_inclusion, g] = state[S.inclusion, s]
            group[G.at_inclusion_gain, g] = gain
            group[G.at_upheaval, g] = state[S.strike_irregular_transition, s]
            group[G.at_turmoil, g] = turmoil
            group[G.at_reach, g] = reach
            group[G.at_drive_state, g] = state[S.drive_state, s]
            group[G.at_drive_non_state, g] = state[S.drive_non_state, s]
            group[G.at_risk, g] = state[S.risk_present, s]
            g += 1


@inline
def exclude(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Move exclusion to its level, ``home * (1 - exclusion_inclusion * gain of inclusion) + assistance``.

    What is known of a group's status is what governance as it was keeps it out of: more inclusive governance opens it,
    and a group in power is not shut out by the lack of it. An irregular transition shuts out those who are excluded
    already.
    """
    exclusion = group[G.exclusion, first:last]
    home = group[G.exclusion_home, first:last]
    at_gain = group[G.at_inclusion_gain, first:last]
    at_upheaval = group[G.at_upheaval, first:last]
    aid = group[G.aid_exclusion, first:last]
    by_inclusion = p[P.tension_exclusion_inclusion]
    by_upheaval = p[P.tension_exclusion_upheaval]
    above = p[P.tension_excluded_above]
    rate = p[P.tension_exclusion_return]
    for i in range(last - first):
        level = home[i] * (1.0 - by_inclusion * at_gain[i])
        x = approach(exclusion[i], clip01(level + aid[i]), rate)
        excluded = 1.0 if x > above else 0.0
        exclusion[i] = x + at_upheaval[i] * excluded * by_upheaval * (1.0 - x)


@inline
def aggrieve(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Move grievance: it answers to exclusion, inequality and governance, and is sharpened by triggers and incitement.

    Of two groups that are excluded alike, the one under less inclusive governance is the more aggrieved:
    ``grievance_inclusion * (reference - inclusion) * exclusion``.
    """
    grievance = group[G.grievance, first:last]
    exclusion = group[G.exclusion, first:last]
    at_inequality = group[G.at_inequality, first:last]
    at_inclusion = group[G.at_inclusion, first:last]
    at_pressure = group[G.at_pressure, first:last]
    at_incitement = group[G.at_incitement, first:last]
    at_past = group[G.at_past, first:last]
    kin_pressure = group[G.kin_pressure, first:last]
    aid = group[G.aid_grievance, first:last]
    by_exclusion = p[P.tension_grievance_exclusion]
    by_inequality = p[P.tension_grievance_inequality]
    by_inclusion = p[P.tension_grievance_inclusion]
    reference = p[P.reference_inclusion]
    by_pressure = p[P.tension_grievance_pressure]
    by_incitement = p[P.tension_grievance_incitement]
    by_past = p[P.tension_grievance_past]
    by_kin = p[P.tension_grievance_kin]
    rate = p[P.tension_grievance_rate]
    for i in range(last - first):
        level = by_exclusion * exclusion[i]
        level += by_inequality * at_inequality[i]
        level += by_inclusion * (reference - at_inclusion[i]) * exclusion[i]
        level += by_pressure * at_pressure[i] * exclusion[i]
        level += by_incitement * at_incitement[i] * exclusion[i]
        level += by_past * at_past[i] * exclusion[i]
        level += by_kin * kin_pressure[i] + aid[i]
        grievance[i] = approach(grievance[i], clip01(level), rate)


@by_run("group")
@inline
def turn_on(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Find how far the government and armed groups are driven against each group: the more, the more excluded it is.

    A government spares those in power more than armed groups do, and less while a coup or an irregular transition is
    fresh.
    """
    exclusion = group[G.exclusion, first:last]
    at_turmoil = group[G.at_turmoil, first:last]
    at_drive_state = group[G.at_drive_state, first:last]
    at_drive_non_state = group[G.at_drive_non_state, first:last]
    by_state = group[G.drive_by_state, first:last]
    by_armed_groups = group[G.drive_by_armed_groups, first:last]
    by_turmoil = p[P.tension_targeting_turmoil]
    included = p[P.tension_targeting_included]
    by_arms = p[P.tension_targeting_included_armed]
    for i in range(last - first):
        least = included + (1.0 - included) * by_turmoil * at_turmoil[i]
        by_state[i] = at_drive_state[i] * (least + (1.0 - least) * exclusion[i])
        by_armed_groups[i] = at_drive_non_state[i] * (by_arms + (1.0 - by_arms) * exclusion[i])


@inline
def crisis_of(pressure: float, conflict: float, share: float) -> float:
    """Give how far a crisis lets a drive be carried out, 0-1: ``share`` of it hangs on trigger pressure or conflict."""
    return 1.0 - share + share * larger(pressure, conflict)


@inline
def target(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Move targeting: the stronger drive against the group, in a crisis; it rises faster than it falls."""
    targeting = group[G.targeting, first:last]
    at_pressure = group[G.at_pressure, first:last]
    at_conflict = group[G.at_conflict, first:last]
    by_state = group[G.drive_by_state, first:last]
    by_armed_groups = group[G.drive_by_armed_groups, first:last]
    aid = group[G.aid_targeting, first:last]
    share = p[P.tension_targeting_crisis]
    gain = p[P.tension_targeting_gain]
    rise = p[P.tension_targeting_rise]
    fall = p[P.tension_targeting_fall]
    for i in range(last - first):
        drive = larger(by_state[i], by_armed_groups[i])
        level = clip01(gain * drive * crisis_of(at_pressure[i], at_conflict[i], share) * exp(aid[i]))
        targeting[i] = approach(targeting[i], level, rise if level > targeting[i] else fall)


@by_run("group")
@inline
def violate(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Move violations below killing: what targeting does in the present crisis, from stage 2 on, and more from stage 3.

    Preparation is what is got ready unseen; violations are what is done, and everybody can see them. They fall with
    the crisis, before targeting does.
    """
    violations = group[G.violations, first:last]
    targeting = group[G.targeting, first:last]
    stage = group[G.stage, first:last]
    at_pressure = group[G.at_pressure, first:last]
    at_conflict = group[G.at_conflict, first:last]
    share = p[P.tension_targeting_crisis]
    in_threat = p[P.tension_violations_threat]
    in_imminent = p[P.tension_violations_imminent]
    rate = p[P.tension_violations_rate]
    for i in range(last - first):
        scale = in_threat if stage[i] >= 2.0 else 0.0
        scale = in_imminent if stage[i] >= 3.0 else scale
        level = clip01(scale * targeting[i] * crisis_of(at_pressure[i], at_conflict[i], share))
        violations[i] = approach(violations[i], level, rate)


@inline
def prepare_and_protect(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Move preparation, which follows targeting from stage 2 on, and protection, which follows restraint."""
    preparation = group[G.preparation, first:last]
    protection = group[G.protection, first:last]
    targeting = group[G.targeting, first:last]
    stage = group[G.stage, first:last]
    at_restraint = group[G.at_restraint, first:last]
    aid = group[G.aid_protection, first:last]
    by_restraint = p[P.tension_protection_restraint]
    preparation_rate = p[P.tension_preparation_rate]
    protection_rate = p[P.tension_protection_rate]
    for i in range(last - first):
        level = targeting[i] if stage[i] >= 2.0 else 0.0
        preparation[i] = approach(preparation[i], level, preparation_rate)
        level = clip01(by_restraint * at_restraint[i] + aid[i])
        protection[i] = approach(protection[i], level, protection_rate)


@by_run("rows.group")
@rule
def tension(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Move the tension around groups ``first..last`` by a month.

    Grievance answers to exclusion and inequality between groups (Cederman et al. 2011) and is sharpened by triggers
    (A/68/947, section II); targeting answers to the stronger drive, of the government or of armed groups, and rises
    faster than it falls; preparation follows targeting from stage 2 on, and so do violations below killing, which
    escalate at stage 3. Every linear form is an assumption.
    """
    look_at_states(first, last, rows, p)
    opponents(first, last, rows, p, draws)
    exclude(first, last, rows.group, p)
    aggrieve(first, last, rows.group, p)
    turn_on(first, last, rows.group, p)
    target(first, last, rows.group, p)
    violate(first, last, rows.group, p)
    prepare_and_protect(first, last, rows.group, p)
