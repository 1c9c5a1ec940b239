"""What a month leaves in a state: its stage, its perpetrators, war crimes, the displaced, lost GDP."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import PR, F, G, S
from r2psim.rules.arithmetic import clip01, exp
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import WAR_CRIMES, Draws, of_run, uniform
from r2psim.rules.triggers import MONTH, fading
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["state_totals"]


@inline
def count_war_crimes(rows: Rows, p: np.ndarray, draws: Draws, s: int) -> None:
    """Count the civilians killed in the month in an armed conflict, where no group of the state stands at stage 4.

    Killing within an atrocity is counted by its group. What protects from killing protects here too; a fraction of a
    person is rounded by the month's luck.
    """
    state = rows.state
    now = state[S.conflict, s]
    civilians = 0.0
    if now >= 2.0 and state[S.stage, s] < 4.0:
        rate = p[P.harm_war_crimes_war] if now == WAR else p[P.harm_war_crimes_minor]
        effect = state[S.aid_killing, s] + p[P.harm_protection] * state[S.aid_protection, s]
        effect += p[P.harm_war_crimes_by_armed_groups] * state[S.aid_killing_by_armed_groups, s]
        rate = rate * MONTH * exp(effect)
        most = p[P.harm_largest_share] * state[S.population, s]
        rate = rate if rate < most else most
        civilians = np.floor(rate + uniform(of_run(draws, rows.state_run[s]), rows.state_id[s], WAR_CRIMES))
    state[S.war_crimes_month, s] = civilians
    state[S.war_crimes, s] += civilians


@inline
def count_reached(first: int, last: int, rows: Rows) -> None:
    """Count the displaced of states ``first..last`` in need of protection, and whom programmes for them reached."""
    state = rows.state
    inside = state[S.displaced_inside, first:last]
    hosted = state[S.displaced_hosted, first:last]
    in_need = state[S.displaced_in_need, first:last]
    reached = state[S.displaced_reached, first:last]
    all_needed = state[S.protection_needed, first:last]
    all_reached = state[S.protection_reached, first:last]
    for s in range(last - first):
        reached[s] = 0.0
    for f in range(rows.form.shape[1]):
        if rows.form[F.person_cost, f] > 0.0:
            base = f * state.shape[1]
            strength = rows.programme[PR.strength, base + first : base + last]
            quality = rows.programme[PR.quality, base + first : base + last]
            for s in range(last - first):
                done = strength[s] * quality[s]
                reached[s] = done if done > reached[s] else reached[s]
    for s in range(last - first):
        # Effects can be larger than in the cases of the studies; nobody is reached twice.
        reach = reached[s] if reached[s] < 1.0 else 1.0
        need = inside[s] + hosted[s]
        in_need[s] = need
        reached[s] = need * reach
        all_needed[s] += need
        all_reached[s] += need * reach


@inline
def speed_of_returns(first: int, last: int, rows: Rows, p: np.ndarray, share: np.ndarray) -> None:
    """Find which share of the displaced of states ``first..last`` a month of peace lets return."""
    half_life = 12.0 * p[P.harm_return_half_life]
    by_justice = p[P.structure_justice_returns]
    justice = rows.state[S.transitional_justice, first:last]
    aid = rows.state[S.aid_returns, first:last]
    for s in range(last - first):
        speed = (1.0 + by_justice * justice[s]) * exp(aid[s])
        share[s] = 1.0 - fading(half_life / speed)


@by_run("rows.state")
@rule
def state_totals(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Sum up the month in states ``first..last``.

    A state stands at the highest stage of its groups. War and atrocity widen the gap between actual and potential GDP
    (Costalli et al. 2017; Hodler 2019), an economic shock does so at once; all of it is made up for at the speed of
    recovery. The displaced return or settle at their own half-life once the violence is over, and more slowly while it
    lasts; the sooner where transitional justice settles property claims and citizenship. All who are driven from home
    are counted once: as members of a group, or as displaced by the fighting.
    """
    state = rows.state
    group = rows.group
    recovered = 1.0 - fading(12.0 * p[P.harm_gdp_recovery])
    # Lies until it is needed where those who are reached are counted next.
    returns = state[S.displaced_reached, first:last]
    speed_of_returns(first, last, rows, p, returns)
    for s in range(first, last):
        stage = 0.0
        perpetrator = 0.0
        violations = 0.0
        deaths = 0.0
        displaced = 0.0
        expelled = 0.0
        expulsions = 0.0
        persecuted = 0.0
        affected = 0.0
        across = 0.0
        in_atrocity = 0.0
        for g in range(rows.first_group[s], rows.first_group[s + 1]):
            stage = group[G.stage, g] if group[G.stage, g] > stage else stage
            kind = group[G.perpetrator, g]
            violates = group[G.violations, g]
            violations = violates if violates > violations else violations
            # What it does now: a stage that lingers after the violence has died down makes no perpetrator.
            active = violates > p[P.stages_perpetrator_violations]
            active = active or group[G.deaths_month, g] >= p[P.stages_perpetrator_killed]
            perpetrator = 1.0 if active and (kind == 1.0 or kind == 3.0) else perpetrator
            deaths += group[G.deaths_month, g]
            displaced += group[G.displaced_month, g]
            expelled += group[G.expelled_month, g]
            expulsions += group[G.expulsions, g]
            persecuted += group[G.persecuted_month, g]
            suffers = group[G.share, g] if group[G.stage, g] == 4.0 else 0.0
            affected += suffers if group[G.opponents, g] == 0.0 else 0.0
            across += suffers if group[G.opponents, g] > 0.0 else 0.0
            in_atrocity += 1.0 if group[G.stage, g] == 4.0 else 0.0
        state[S.stage_months, s] = state[S.stage_months, s] + 1.0 if state[S.stage, s] == stage else 0.0
        state[S.stage, s] = stage
        state[S.government_perpetrator, s] = perpetrator
        state[S.violations, s] = violations
        state[S.deaths, s] += deaths
        state[S.atrocity_months, s] += in_atrocity
        state[S.expelled, s] += expelled
        state[S.expulsions, s] = expulsions
        state[S.persecuted_months, s] += persecuted
        count_war_crimes(rows, p, draws, s)

        now = state[S.conflict, s]
        most = p[P.harm_displaced_most] * state[S.population, s]
        room = most - (state[S.displaced_inside, s] + state[S.displaced_abroad, s])
        if now >= 2.0:
            rate = p[P.harm_displaced_war] if now == WAR else p[P.harm_displaced_minor]
            rate = rate * MONTH * state[S.population, s] * clip01(room / most)
            # Those of the groups are within the room already: the fighting drives out no more than it has left.
            room = np.floor(room) - displaced
            fled = np.floor(rate * exp(state[S.aid_displacement, s]))
            fled = fled if fled < room else room
            fled = fled if fled > 0.0 else 0.0
            state[S.displaced_conflict, s] += fled
            displaced += fled
        abroad = p[P.harm_displaced_abroad]
        returned = returns[s - first]
        back = returned if now < 2.0 and stage < 4.0 else returned * p[P.harm_return_in_violence]
        total = state[S.displaced, s] + displaced
        state[S.displaced, s] = total
        state[S.displaced_women, s] = np.floor(p[P.harm_displaced_women] * total)
        state[S.displaced_children, s] = np.floor(p[P.harm_displaced_children] * total)
        inside = state[S.displaced_inside, s]
        state[S.displaced_inside, s] = inside + (1.0 - abroad) * displaced - back * inside
        outside = state[S.displaced_abroad, s]
        state[S.displaced_abroad, s] = outside + abroad * displaced - back * outside
        for g in range(rows.first_group[s], rows.first_group[s + 1]):
            away = group[G.away, g]
            group[G.away, g] = away + group[G.displaced_month, g] - back * away

        rate = p[P.harm_gdp_war] if now == WAR else 0.0
        rate = p[P.harm_gdp_minor] if now == 2.0 else rate
        # Opponents belong to all other groups alike: who of them is not counted yet is added.
        affected += clip01(across) * (1.0 - affected)
        rate += p[P.harm_gdp_atrocity] * affected
        gap = state[S.gdp_gap, s]
        gap += rate * MONTH * (1.0 - gap) - recovered * gap
        gap += state[S.strike_economic_shock, s] * p[P.harm_gdp_shock] * (1.0 - gap)
        gap = gap if gap < p[P.harm_gdp_floor] else p[P.harm_gdp_floor]
        state[S.gdp_gap, s] = gap
        potential = state[S.gdp_potential, s] * (1.0 + state[S.growth, s] * MONTH)
        state[S.gdp_potential, s] = potential
        state[S.gdp, s] = potential * (1.0 - gap)
        state[S.gdp_lost, s] += potential * gap * MONTH
    count_reached(first, last, rows)
