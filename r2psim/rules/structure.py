"""The slow structure of a state and what moves fast upon it: inhibitors, arms, motive, incitement, commitment.

Each of the seven inhibitors of A/68/947 works where the report says that it does, and there only:

- an accountable security sector restrains the government (`weigh_restraint`) and makes coups rarer;
- institutions for transitions make contested elections and irregular changes of regime rarer;
- courts and human-rights institutions hear grievances, which then lead to less protest and conflict
  (`r2psim.rules.contagion`), and end impunity (`weigh_impunity`);
- early warning is information: it changes what bodies see, and no violence;
- local resolution of conflicts makes protest and conflict rarer and settlements likelier;
- media counteract incitement, and with it the drive of those who join in;
- transitional justice lets the record of violations fade and addresses it, brings the displaced home, and makes a
  relapse into conflict rarer.
"""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import INHIBITORS, S
from r2psim.rules.arithmetic import clip01, exp
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import MOTIVE_JUMP, Draws, of_run, uniform
from r2psim.rules.triggers import MONTH, fading
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

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


@inline
def weigh_restraint(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Sum up what restrains the governments of states ``first..last``.

    ``restraint_security * security sector + restraint_commitment * commitment + restraint_regime * regime``, within
    0-1: who commands the forces is bound by law, has given its word, or can be voted out. The other inhibitors act
    elsewhere.
    """
    state = rows.state
    by_security = p[P.structure_restraint_security]
    by_commitment = p[P.structure_restraint_commitment]
    by_regime = p[P.structure_restraint_regime]
    security_sector = state[S.security_sector, first:last]
    commitment = state[S.commitment, first:last]
    regime = state[S.regime, first:last]
    restraint = state[S.restraint, first:last]
    for i in range(last - first):
        held = by_security * security_sector[i]
        held += by_commitment * commitment[i]
        restraint[i] = clip01(held + by_regime * regime[i])


@inline
def weigh_record(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Weigh what the record of violations of states ``first..last`` still does, and whom incitement reaches.

    What transitional justice has not addressed goes on to aggrieve and to invite more:
    ``unaddressed = past violations * (1 - justice_memory * transitional justice)``. Perpetrators expect impunity where
    courts are missing, and the more where earlier violations had no consequences: ``impunity = (1 - judiciary) *
    (impunity_expected + (1 - impunity_expected) * past violations)`` (direction: Kim and Sikkink 2010; the form is an
    assumption). Incitement finds an audience as far as the public is receptive.
    """
    state = rows.state
    by_justice = p[P.structure_justice_memory]
    expected = p[P.structure_impunity_expected]
    past_violations = state[S.past_violations, first:last]
    transitional_justice = state[S.transitional_justice, first:last]
    judiciary = state[S.judiciary, first:last]
    incitement = state[S.incitement, first:last]
    aid_receptiveness = state[S.aid_receptiveness, first:last]
    unaddressed = state[S.unaddressed, first:last]
    impunity = state[S.impunity, first:last]
    agitation = state[S.agitation, first:last]
    for i in range(last - first):
        past = past_violations[i]
        unaddressed[i] = past * (1.0 - by_justice * transitional_justice[i])
        impunity[i] = (1.0 - judiciary[i]) * (expected + (1.0 - expected) * past)
        agitation[i] = clip01(incitement[i] * exp(aid_receptiveness[i]))


@by_run("rows.state")
@rule
def standing(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Weigh up the restraint of states ``first..last``, and the drives of government and armed groups to commit crimes.

    Every month after all has moved, and once at the start, before anything has. With what raises both drives,
    ``raised = (1 + drive_incitement * agitation) * (1 + drive_impunity * (impunity - reference))``, within 0-1::

        drive_state     = motive * means * (1 - restraint) * raised
        drive_non_state = armed groups * means * intensity of conflict * raised

    where means are the mean of arms and finance.
    """
    state = rows.state
    weigh_restraint(first, last, rows, p)
    weigh_record(first, last, rows, p)
    by_incitement = p[P.structure_drive_incitement]
    by_impunity = p[P.structure_drive_impunity]
    reference = p[P.reference_impunity]
    recovery = p[P.conflict_level_recovery]
    minor = p[P.conflict_level_minor]
    conflict = state[S.conflict, first:last]
    agitation = state[S.agitation, first:last]
    impunity = state[S.impunity, first:last]
    arms = state[S.arms, first:last]
    finance = state[S.finance, first:last]
    motive = state[S.motive, first:last]
    armed_groups = state[S.armed_groups, first:last]
    restraint = state[S.restraint, first:last]
    drive_state = state[S.drive_state, first:last]
    drive_non_state = state[S.drive_non_state, first:last]
    for i in range(last - first):
        means = 0.5 * (arms[i] + finance[i])
        raised = 1.0 + by_incitement * agitation[i]
        raised *= 1.0 + by_impunity * (impunity[i] - reference)
        drive_state[i] = clip01(motive[i] * means * (1.0 - restraint[i]) * raised)
        drive_non_state[i] = clip01(armed_groups[i] * means * intensity(conflict[i], recovery, minor) * raised)


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

    An irregular transition closes the regime. Inequality between groups moves slowly towards ``home -
    inequality_inclusion * (inclusion - its home) + what assistance adds``: inclusive governance lowers it.
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
    inequality = state[S.horizontal_inequality, first:last]
    inequality_home = state[S.horizontal_inequality_home, first:last]
    aid = state[S.aid_horizontal_inequality, first:last]
    by_inclusion = p[P.structure_inequality_inclusion]
    inequality_return = p[P.structure_inequality_return]
    for i in range(last - first):
        level = inequality_home[i] - by_inclusion * (inclusion[i] - home[i])
        inequality[i] = approach(inequality[i], clip01(level + aid[i]), inequality_return)
    regime = state[S.regime, first:last]
    regime_home = state[S.regime_home, first:last]
    upheaval = state[S.strike_irregular_transition, first:last]
    for i in range(last - first):
        regime[i] = approach(regime[i], regime_home[i], regime_return) * (1.0 - upheaval[i] * regime_drop)


@inline
def leadership(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Move the motive of the leadership, which an irregular transition may change, and its commitment to protect.

    Review by peers works through what a government accepts of it: the more, the more it is committed itself and the
    higher the standard that its neighbours set: ``review * commitment * peer commitment`` is added to the level of
    commitment.
    """
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
    aid_review = state[S.aid_review, first:last]
    peer_commitment = state[S.peer_commitment, first:last]
    review = state[S.review, first:last]
    for i in range(last - first):
        x = approach(motive[i], motive_home[i], motive_return)
        motive[i] = clip01(x + pressure[i] * motive_crisis * MONTH * (1.0 - x))
        kept = perpetrator if government_perpetrator[i] > 0.0 else 1.0
        accepted = aid_review[i] * commitment[i] * peer_commitment[i]
        review[i] = accepted
        level = clip01(kept * (commitment_home[i] + aid_commitment[i] + accepted))
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
    """Let the record of violations grow and fade.

    It grows in atrocity at the rate ``violations_rate``; below, it fades and, while there are violations, grows at
    the rate ``violations_rate * violations_below * violations``.
    """
    state = rows.state
    half_life = 12.0 * p[P.structure_violations_half_life]
    by_justice = p[P.structure_violations_justice]
    violations_rate = p[P.structure_violations_rate]
    below = violations_rate * p[P.structure_violations_below]
    violations = state[S.violations, first:last]
    transitional_justice = state[S.transitional_justice, first:last]
    aid_memory = state[S.aid_violations_memory, first:last]
    stage = state[S.stage, first:last]
    past_violations = state[S.past_violations, first:last]
    for i in range(last - first):
        months = half_life / (1.0 + by_justice * transitional_justice[i])
        months /= exp(aid_memory[i])
        faded = past_violations[i] * fading(months)
        faded = approach(faded, 1.0, below * violations[i])
        added = approach(past_violations[i], 1.0, violations_rate)
        past_violations[i] = added if stage[i] == 4.0 else faded


@inline
def arming(first: int, last: int, rows: Rows, p: np.ndarray) -> None:
    """Move arms, finance and armed groups: war and neighbours at war bring them in, assistance denies them.

    War fills finance at the rate ``arms_war * (1 + finance_rents * (resource rents - reference))``: who fights lives
    off what the land yields, and off those who buy it. Armed groups gain by discontent, conflict, and armed groups in
    conflict next door.
    """
    state = rows.state
    by_war = p[P.structure_arms_war]
    by_spill = p[P.structure_arms_spill]
    arms_return = p[P.structure_arms_return]
    by_discontent = p[P.structure_armed_groups_discontent]
    by_conflict = p[P.structure_armed_groups_conflict]
    by_groups = p[P.structure_armed_groups_spill]
    by_rents = p[P.structure_finance_rents]
    reference = p[P.reference_resource_rents]
    rate = p[P.structure_armed_groups_rate]
    recovery = p[P.conflict_level_recovery]
    minor = p[P.conflict_level_minor]
    at_war = state[S.at_war, first:last]
    conflict = state[S.conflict, first:last]
    spill_arms = state[S.spill_arms, first:last]
    spill_armed_groups = state[S.spill_armed_groups, first:last]
    resource_rents = state[S.resource_rents, first:last]
    aid_arms = state[S.aid_arms, first:last]
    aid_finance = state[S.aid_finance, first:last]
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
        denied = exp(aid_finance[i])
        x = approach(finance[i], clip01(finance_home[i] * denied), arms_return)
        yields = 1.0 + by_rents * (resource_rents[i] - reference)
        yields = 0.0 if yields < 0.0 else yields
        finance[i] = clip01(x + at_war[i] * by_war * MONTH * yields * denied * (1.0 - x))
        strength = armed_groups_home[i] + by_discontent * discontent[i] + by_groups * spill_armed_groups[i]
        strength = clip01(strength + by_conflict * intensity(conflict[i], recovery, minor))
        armed_groups[i] = approach(armed_groups[i], strength, rate)


@by_run("rows.state")
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
