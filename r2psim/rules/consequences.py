"""What a month leaves in a state: its stage, its perpetrators, the displaced, lost GDP."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import clip01, exp
from r2psim.rules.compiled import rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import Draws
from r2psim.rules.triggers import MONTH, fading
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import G, S

__all__ = ["consequences"]


@rule
def consequences(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Sum up the month in states ``first..last``.

    A state stands at the highest stage of its groups. War and atrocity widen the gap between actual and potential GDP
    (Costalli et al. 2017; Hodler 2019), an economic shock does so at once; all of it is made up for at the speed of
    recovery. The displaced return or settle at their own half-life once the violence is over,
    the sooner where transitional justice settles property claims and citizenship.
    """
    state = rows.state
    group = rows.group
    recovered = 1.0 - fading(12.0 * p[P.harm_gdp_recovery])
    half_life = 12.0 * p[P.harm_return_half_life]
    by_justice = p[P.structure_justice_returns]
    for s in range(first, last):
        stage = 0.0
        perpetrator = 0.0
        violations = 0.0
        deaths = 0.0
        displaced = 0.0
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

        now = state[S.conflict, s]
        most = p[P.harm_displaced_most] * state[S.population, s]
        room = most - (state[S.displaced_inside, s] + state[S.displaced_abroad, s])
        if now >= 2.0:
            rate = p[P.harm_displaced_war] if now == WAR else p[P.harm_displaced_minor]
            rate = rate * MONTH * state[S.population, s] * clip01(room / most)
            displaced += np.floor(rate * exp(state[S.aid_displacement, s]))
        room = np.floor(room) if room > 0.0 else 0.0
        displaced = displaced if displaced < room else room
        abroad = p[P.harm_displaced_abroad]
        calm = 1.0 if now < 2.0 and stage < 4.0 else 0.0
        speed = (1.0 + by_justice * state[S.transitional_justice, s]) * exp(state[S.aid_returns, s])
        returned = 1.0 - fading(half_life / speed)
        state[S.displaced, s] += displaced
        inside = state[S.displaced_inside, s]
        state[S.displaced_inside, s] = inside + (1.0 - abroad) * displaced - calm * returned * inside
        outside = state[S.displaced_abroad, s]
        state[S.displaced_abroad, s] = outside + abroad * displaced - calm * returned * outside

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
