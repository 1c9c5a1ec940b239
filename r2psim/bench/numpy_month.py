"""The phase of the groups in whole-array NumPy, written by hand: what the same work costs without a compiler.

This phase only - tension, stages, harm, the specific risk factors - and for all groups at once. It follows the rules of
the same names in ``r2psim/rules``, which explain it. NumPy's own exponential differs from that of the rules in the
last bits, so columns agree to about 1e-9, not to the bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.bench.adapter import SEED, Compiled
from r2psim.bench.contenders import Case, Contender
from r2psim.declarations.columns import G, S
from r2psim.rules.draws import (
    CAMPAIGN_AGE,
    CAMPAIGN_KIND,
    EPISODE_INTENSITY,
    MONTHLY_INTENSITY,
    PERPETRATOR_KIND,
    STAGE_CHANGE,
    Draws,
    draws_of,
)
from r2psim.rules.month import PHASES
from r2psim.rules.stages import DOWN, TERMS, UP
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Words = NDArray[np.uint64]

__all__ = ["groups_move", "phase_contenders", "uniforms"]

MONTH = 1.0 / 12.0
WAR = 3.0
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


def uniforms(draws: Draws, who: Words, number: int) -> Floats:
    """Draw the numbers of many entities for one purpose: see `r2psim.rules.draws.uniform`."""
    c0, c1 = np.full(who.shape, draws.run, dtype=np.uint64), who & _LOW
    c2 = who >> _32
    c3 = np.full(who.shape, (int(draws.month) << 16) | number >> 1, dtype=np.uint64)
    k0, k1 = np.uint64(draws.key0), np.uint64(draws.key1)
    for _ in range(10):
        p0, p1 = c0 * _M0, c2 * _M1
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    high, low = (c2, c3) if number & 1 else (c0, c1)
    return ((high >> np.uint64(5)) * 67108864.0 + (low >> np.uint64(6))) * 2.0**-53


def _clip01(x: Floats) -> Floats:
    return np.clip(x, 0.0, 1.0)


def _approach(x: Floats, level: Floats, rate: float | Floats) -> Floats:
    return _clip01(x + (level - x) * np.minimum(rate * MONTH, 1.0))


# -- tension -----------------------------------------------------------------------------------------------------------


def _look_at_states(rows: Rows, p: Floats) -> None:
    state, group = rows.state[:, rows.home], rows.group
    at = state[S.conflict]
    level = np.select([at == 1.0, at == 2.0, at == WAR], [p[P.conflict_level_recovery], p[P.conflict_level_minor], 1.0])
    away = state[S.displaced_inside] + state[S.displaced_abroad]
    group[G.at_conflict] = level
    group[G.at_pressure] = state[S.pressure]
    group[G.at_restraint] = state[S.restraint]
    group[G.at_incitement] = state[S.agitation]
    group[G.at_means] = 0.5 * (state[S.arms] + state[S.finance])
    group[G.at_motive] = state[S.motive]
    group[G.at_past] = state[S.unaddressed]
    group[G.at_inequality] = state[S.horizontal_inequality]
    group[G.at_inclusion] = state[S.inclusion]
    group[G.at_inclusion_gain] = state[S.inclusion] - state[S.inclusion_home]
    group[G.at_upheaval] = state[S.strike_irregular_transition]
    group[G.at_turmoil] = np.maximum(state[S.trigger_coup], state[S.trigger_irregular_transition])
    group[G.at_reach] = _clip01(1.0 - away / (p[P.harm_displaced_most] * state[S.population]))
    group[G.at_drive_state] = state[S.drive_state]
    group[G.at_drive_non_state] = state[S.drive_non_state]
    group[G.at_risk] = state[S.risk_present]


def _opponents(rows: Rows, p: Floats) -> None:
    in_closed, in_open = p[P.opponents_exclusion_closed], p[P.opponents_exclusion_open]
    under = in_open + (in_closed - in_open) * (1.0 - rows.state[S.regime, rows.home])
    rows.group[G.exclusion_home] = np.where(rows.group[G.by_regime] > 0.0, under, rows.group[G.exclusion_home])


def _tension(rows: Rows, p: Floats) -> None:
    _opponents(rows, p)
    _look_at_states(rows, p)
    g = rows.group
    opened = p[P.tension_exclusion_inclusion] * g[G.at_inclusion_gain]
    gained = g[G.exclusion_home] * (1.0 - opened) + g[G.aid_exclusion]
    exclusion = _approach(g[G.exclusion], _clip01(gained), p[P.tension_exclusion_return])
    upheaval = g[G.at_upheaval] * (exclusion > p[P.tension_excluded_above]) * p[P.tension_exclusion_upheaval]
    exclusion = exclusion + upheaval * (1.0 - exclusion)
    g[G.exclusion] = exclusion

    level = p[P.tension_grievance_exclusion] * exclusion + p[P.tension_grievance_inequality] * g[G.at_inequality]
    level += p[P.tension_grievance_inclusion] * (p[P.reference_inclusion] - g[G.at_inclusion]) * exclusion
    level += p[P.tension_grievance_pressure] * g[G.at_pressure] * exclusion
    level += p[P.tension_grievance_incitement] * g[G.at_incitement] * exclusion
    level += p[P.tension_grievance_past] * g[G.at_past] * exclusion
    level += p[P.tension_grievance_kin] * g[G.kin_pressure] + g[G.aid_grievance]
    g[G.grievance] = _approach(g[G.grievance], _clip01(level), p[P.tension_grievance_rate])

    included, by_arms = p[P.tension_targeting_included], p[P.tension_targeting_included_armed]
    least = included + (1.0 - included) * p[P.tension_targeting_turmoil] * g[G.at_turmoil]
    g[G.drive_by_state] = g[G.at_drive_state] * (least + (1.0 - least) * exclusion)
    g[G.drive_by_armed_groups] = g[G.at_drive_non_state] * (by_arms + (1.0 - by_arms) * exclusion)
    drive = np.maximum(g[G.drive_by_state], g[G.drive_by_armed_groups])
    share = p[P.tension_targeting_crisis]
    crisis = 1.0 - share + share * np.maximum(g[G.at_pressure], g[G.at_conflict])
    level = _clip01(p[P.tension_targeting_gain] * drive * crisis * np.exp(g[G.aid_targeting]))
    rate = np.where(level > g[G.targeting], p[P.tension_targeting_rise], p[P.tension_targeting_fall])
    g[G.targeting] = _approach(g[G.targeting], level, rate)

    scales = [p[P.tension_violations_imminent], p[P.tension_violations_threat]]
    scale = np.select([g[G.stage] >= 3.0, g[G.stage] >= 2.0], scales, 0.0)
    level = _clip01(scale * g[G.targeting] * crisis)
    g[G.violations] = _approach(g[G.violations], level, p[P.tension_violations_rate])

    level = np.where(g[G.stage] >= 2.0, g[G.targeting], 0.0)
    g[G.preparation] = _approach(g[G.preparation], level, p[P.tension_preparation_rate])
    level = _clip01(p[P.tension_protection_restraint] * g[G.at_restraint] + g[G.aid_protection])
    g[G.protection] = _approach(g[G.protection], level, p[P.tension_protection_rate])


# -- stages ------------------------------------------------------------------------------------------------------------


def _hazard(p: Floats, group: Floats, who: NDArray[np.intp], name: str) -> Floats:
    """Give a log-linear hazard of some groups: see `r2psim.rules.log_linear.hazard`."""
    table = TERMS[name]
    eta = np.zeros(len(who))
    for coefficient, column, reference in table[1:]:
        if p[coefficient] != 0.0:
            eta += p[coefficient] * (group[column, who] - (p[reference] if reference >= 0 else 0.0))
    return np.asarray(p[table[0, 0]] * np.exp(np.clip(eta, -700.0, 700.0)))


def _hazards(rows: Rows, p: Floats) -> tuple[Floats, Floats]:
    """Give the hazards of the next higher and of any lower stage, gates applied."""
    g = rows.group
    up, down = np.zeros(g.shape[1]), np.zeros(g.shape[1])
    at = [np.flatnonzero(g[G.stage] == k) for k in range(5)]
    for stage in range(4):
        up[at[stage]] = _hazard(p, g, at[stage], UP[stage])
        down[at[stage + 1]] = _hazard(p, g, at[stage + 1], DOWN[stage])
    up[at[0]] *= g[G.risk, at[0]] > 0.0
    up[at[1]] *= g[G.at_pressure, at[1]] / p[P.reference_at_pressure]
    g[G.marked] = g[G.targeting] + (1.0 - g[G.targeting]) * p[P.stages_marked_exclusion] * g[G.exclusion]
    up[at[2]] *= g[G.marked, at[2]] / p[P.reference_marked]
    return up, down


def _stages(rows: Rows, p: Floats, draws: Draws) -> None:
    g = rows.group
    own = np.maximum(g[G.exclusion], g[G.grievance])
    g[G.risk] = np.maximum(np.where(own > p[P.stages_risk_above], own, 0.0), g[G.at_risk])
    up, down = _hazards(rows, p)
    stage, u = g[G.stage].copy(), uniforms(draws, rows.group_id, STAGE_CHANGE)
    happens = -np.expm1(-(up + down))
    total = np.where(up + down > 0.0, up + down, 1.0)
    p_up, p_down = happens * up / total, happens * down / total
    three = np.where(stage == 4.0, p[P.stages_three_steps], 0.0)
    two = np.minimum(np.where(stage >= 2.0, p[P.stages_two_steps], 0.0), 1.0 - three)
    sudden = np.where(stage == 2.0, p[P.stages_sudden], 0.0)
    ends = [p_up * sudden, p_up, p_up + p_down * three, p_up + p_down * (three + two), p_up + p_down]
    which = [u < end for end in ends]
    step = np.select(which, [2.0, 1.0, -3.0, -2.0, -1.0], 0.0)
    falls = [p_down * three, p_down * two, p_down * (1.0 - two - three)]
    chance = np.select(which, [p_up * sudden, p_up * (1.0 - sudden), *falls], 0.0)
    g[G.hazard_up], g[G.hazard_down], g[G.draw_stage], g[G.stage_change] = up, down, u, chance
    g[G.stage_before], g[G.stage] = stage, stage + step
    _count_stays(g)
    g[G.stage_months] = np.where(step == 0.0, g[G.stage_months] + 1.0, 0.0)
    _perpetrators(rows, p, draws)


def _count_stays(g: Floats) -> None:
    """Count stays at imminent risk that begin from below, how they end, and atrocities without one."""
    was, now, ours = g[G.stage_before], g[G.stage], g[G.imminent_from_below].copy()
    enters = (was < 3.0) & (now == 3.0)
    g[G.sudden_entries] += (was < 3.0) & (now == 4.0)
    g[G.imminent_entries] += enters
    g[G.imminent_escalated] += ours * (now == 4.0)
    g[G.imminent_averted] += ours * (now < 3.0)
    g[G.imminent_from_below] = ours * (now == 3.0) + enters


def _perpetrators(rows: Rows, p: Floats, draws: Draws) -> None:
    g = rows.group
    g[G.perpetrator, g[G.stage] < 3.0] = 0.0
    who = np.flatnonzero((g[G.stage] >= 3.0) & ((g[G.stage_before] < 3.0) | (g[G.perpetrator] == 0.0)))
    if len(who) == 0:
        return
    state = p[P.stages_perpetrator_state] * (g[G.drive_by_state, who] + 1e-6)
    other = g[G.drive_by_armed_groups, who]
    u = uniforms(draws, rows.group_id[who], PERPETRATOR_KIND)
    both = np.where(other > p[P.stages_perpetrator_both], 3.0, 1.0)
    g[G.perpetrator, who] = np.where((u * (state + other) < state) | (other <= 0.0), both, 2.0)


# -- harm --------------------------------------------------------------------------------------------------------------


def _in_atrocity(rows: Rows, p: Floats, draws: Draws, who: NDArray[np.intp]) -> Floats:
    """Give the killed of the month of groups in stage 4, before rounding."""
    from scipy.special import ndtri

    g = rows.group
    begins = g[G.stage_before, who] != 4.0
    new = who[g[G.intensity, who] == 0.0]
    z = ndtri(np.maximum(uniforms(draws, rows.group_id[new], EPISODE_INTENSITY), 2.0**-54))
    rate = np.exp(np.log(p[P.harm_intensity_median]) + p[P.harm_intensity_sigma] * z)
    g[G.intensity, new] = np.maximum(rate, p[P.harm_intensity_floor])
    expels = uniforms(draws, rows.group_id[new], CAMPAIGN_KIND) < p[P.harm_expulsion_share]
    entered = g[G.stage_before, new] != 4.0
    g[G.campaign, new] = 1.0 + expels
    g[G.expulsions, new] += entered & expels
    age = np.floor(-p[P.harm_age_at_start] * np.log1p(-uniforms(draws, rows.group_id[new], CAMPAIGN_AGE)))
    g[G.campaign_months, new] = np.where(entered, 0.0, age)
    g[G.atrocity_entries, who] += begins
    z = ndtri(np.maximum(uniforms(draws, rows.group_id[who], MONTHLY_INTENSITY), 2.0**-54))
    noise = p[P.harm_monthly_sigma] * z + p[P.harm_means] * g[G.at_means, who]
    noise += p[P.harm_protection] * g[G.protection, who] + g[G.aid_killing, who]
    kind = g[G.perpetrator, who]
    noise += np.select([kind == 2.0, kind == 3.0], [1.0, 0.5], 0.0) * g[G.aid_killing_by_armed_groups, who]
    part = np.where(g[G.campaign, who] == 2.0, p[P.harm_expulsion_killing], 1.0)
    return np.asarray(g[G.intensity, who] * _wave(g, p, who) * np.exp(noise) * part)


def _wave(g: Floats, p: Floats, who: NDArray[np.intp]) -> Floats:
    floor = p[P.harm_wave_floor]
    fallen = np.exp(-np.log(2.0) / p[P.harm_wave_half_life] * g[G.campaign_months, who])
    return np.asarray(floor + (1.0 - floor) * fallen)


def _follow_campaigns(g: Floats, p: Floats) -> None:
    lull = np.where(g[G.stage] < 4.0, g[G.lull] + 1.0, 0.0)
    goes_on = (lull <= 12.0 * p[P.harm_quiet_years]) & (g[G.intensity] > 0.0)
    g[G.campaign_months] += 1.0
    g[G.lull] = lull
    for column in (G.intensity, G.campaign, G.campaign_months, G.lull):
        g[column] *= goes_on


def _driven_out(rows: Rows, p: Floats, who: NDArray[np.intp], deaths: Floats) -> tuple[Floats, Floats]:
    """Give the expelled, and the room that is left for those who flee."""
    g, state, home = rows.group, rows.state, rows.home[who]
    shares = np.bincount(rows.home, g[G.share], rows.state.shape[1])
    room = p[P.harm_displaced_most] * state[S.population] - state[S.displaced_inside] - state[S.displaced_abroad]
    room = np.floor(np.maximum(room, 0.0)[home] * (g[G.share, who] / np.maximum(shares, 1.0)[home]))
    at_home = np.maximum(g[G.persons, who] - deaths - g[G.away, who], 0.0)
    room = np.minimum(room, at_home)
    expels = np.where(g[G.campaign, who] == 2.0, p[P.harm_expulsion_rate], 0.0) * _wave(g, p, who)
    rate = np.where(g[G.stage, who] == 4.0, expels, p[P.harm_expulsion_imminent] * g[G.violations, who])
    effect = p[P.harm_means] * g[G.at_means, who] + p[P.harm_protection] * g[G.protection, who]
    rate = np.minimum(rate * np.exp(effect + g[G.aid_displacement, who]), 1.0)
    expelled = np.floor(np.minimum(rate * at_home, room))
    return expelled, room - expelled


def _harm(rows: Rows, p: Floats, draws: Draws) -> None:
    g = rows.group
    deaths, displaced, expelled = (np.zeros(g.shape[1]) for _ in range(3))
    _follow_campaigns(g, p)
    struck = np.flatnonzero(g[G.stage] >= 3.0)
    if len(struck):
        worst, imminent = struck[g[G.stage, struck] == 4.0], struck[g[G.stage, struck] == 3.0]
        deaths[worst] = _in_atrocity(rows, p, draws, worst)
        luck = uniforms(draws, rows.group_id[imminent], MONTHLY_INTENSITY)
        deaths[imminent] = p[P.harm_imminent_rate] * g[G.targeting, imminent] + luck
        persons = g[G.persons, struck]
        deaths[struck] = np.floor(np.minimum(deaths[struck], persons * p[P.harm_largest_share]))
        fled = deaths[struck] * p[P.harm_displaced_per_death] * np.exp(g[G.aid_displacement, struck])
        fled = np.minimum(fled, persons * p[P.harm_displaced_largest_share])
        expelled[struck], room = _driven_out(rows, p, struck, deaths[struck])
        displaced[struck] = expelled[struck] + np.floor(np.minimum(fled * g[G.at_reach, struck], room))
        g[G.persons, struck] = persons - deaths[struck]
    grave = np.where(g[G.violations] > p[P.harm_grave_violations], g[G.violations], 0.0)
    g[G.persecuted_month] = np.floor(g[G.persons] * grave)
    g[G.persecuted_months] += g[G.persecuted_month]
    g[G.expelled_month] = expelled
    g[G.expelled] += expelled
    ring = G.deaths_ring0 + int(draws.month) % 12
    g[G.deaths_year] += deaths - g[ring]
    g[ring], g[G.deaths_month], g[G.displaced_month] = deaths, deaths, displaced
    g[G.deaths] += deaths
    g[G.displaced] += displaced
    reached, ongoing = g[G.deaths_year] >= p[P.harm_threshold], g[G.crossed] > 0.0
    begins = (g[G.stage] == 4.0) & reached & ~ongoing
    g[G.crossings] += begins
    g[G.crossed] = begins | (ongoing & ((g[G.stage] == 4.0) | reached))
    kept = 0.0 if int(draws.month) % 12 == 0 else 1.0
    g[G.calendar_deaths] = kept * g[G.calendar_deaths] + deaths
    g[G.calendar_peak] = np.maximum(kept * g[G.calendar_peak], g[G.deaths_year])
    part = (g[G.perpetrator] == 1.0) | (g[G.perpetrator] == 3.0)
    g[G.calendar_by_state] = np.maximum(kept * g[G.calendar_by_state], part)


def _risk_factors(rows: Rows, p: Floats) -> None:
    g = rows.group
    conflict, stage = g[G.at_conflict], g[G.stage]
    g[G.rf9] = 0.5 * (g[G.grievance] + g[G.exclusion])
    g[G.rf10] = _clip01(np.maximum(g[G.targeting], g[G.violations]) * (0.5 + 0.5 * g[G.at_motive]))
    by_violations = p[P.risk_factors_violations] * g[G.violations]
    g[G.rf11] = _clip01(np.maximum(g[G.deaths_year] / p[P.harm_threshold], by_violations))
    g[G.rf12] = g[G.preparation]
    g[G.rf13] = _clip01(conflict * (1.0 - g[G.protection]))
    at_stake = (stage >= 3.0) | (conflict >= p[P.conflict_level_minor])
    g[G.rf14] = _clip01(np.maximum(conflict, stage == 4.0) * g[G.at_means]) * at_stake


def groups_move(rows: Rows, p: Floats, draws: Draws) -> None:
    """Run the phase of the groups for all of them; the twin of `r2psim.rules.month.groups_move`."""
    _tension(rows, p)
    _stages(rows, p, draws)
    _harm(rows, p, draws)
    _risk_factors(rows, p)


# -- measuring ---------------------------------------------------------------------------------------------------------


def phase_contenders(case: Case, least: float) -> dict[str, Contender]:
    """Set up the phase of the groups, compiled and in NumPy, on the rows as they stand in the middle of a run."""
    middle = case.months // 2
    compiled_run = Compiled(case.world.rows, case.p)
    compiled_run.run(middle)
    scratch = compiled_run.rows
    groups = scratch.group.copy()
    luck = draws_of(SEED, 0, middle)
    (phase,) = (phase.run for phase in PHASES if phase.kind == "group")

    def compiled() -> None:
        phase(0, groups.shape[1], scratch, case.p, luck)

    def again() -> None:
        scratch.group[...] = groups

    numpy = partial(groups_move, scratch, case.p, luck)
    return {
        "phase_compiled": Contender("compiled rules", partial(_seconds, compiled, again, least)),
        "phase_numpy": Contender("whole-array NumPy", partial(_seconds, numpy, again, least)),
    }


def _seconds(work: Callable[[], Any], again: Callable[[], Any], least: float) -> float:
    """Give the seconds of one call; putting the rows back before each does not count."""
    spent, calls = 0.0, 0
    while spent < least:
        again()
        began = time.perf_counter()
        work()
        spent += time.perf_counter() - began
        calls += 1
    return spent / calls
