"""Stages of a group: stable, risk, threat, imminent risk, atrocity, and back - competing hazards of a month."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import exp
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import PERPETRATOR_KIND, STAGE_CHANGE, Draws, uniform
from r2psim.rules.terms import hazard, terms
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import GROUP, G

__all__ = ["DOWN", "TERMS", "UP", "stages"]

UP = ("to_risk", "to_threat", "to_imminent", "to_atrocity")
"""Hazards of the next higher stage, by present stage 0-3."""
DOWN = ("from_risk", "from_threat", "from_imminent", "from_atrocity")
"""Hazards of any lower stage, by present stage 1-4."""

TERMS = {name: terms(f"stages.{name}", GROUP) for name in UP + DOWN}
"""Terms of each stage hazard, by name."""

_TO_RISK = TERMS["to_risk"]
_TO_THREAT = TERMS["to_threat"]
_TO_IMMINENT = TERMS["to_imminent"]
_TO_ATROCITY = TERMS["to_atrocity"]
_FROM_RISK = TERMS["from_risk"]
_FROM_THREAT = TERMS["from_threat"]
_FROM_IMMINENT = TERMS["from_imminent"]
_FROM_ATROCITY = TERMS["from_atrocity"]


@inline
def risk_of(risk_of_state: float, exclusion: float, grievance: float, above: float) -> float:
    """Strength of the strongest risk factor present for a group, 0 where none is (A/68/947: "one or more factors").

    Of the state's factors 1-7 those above the threshold count (already selected); the group's own are exclusion and
    grievance, factor 9 of the Framework.
    """
    own = exclusion if exclusion > grievance else grievance
    own = own if own > above else 0.0
    return own if own > risk_of_state else risk_of_state


@inline
def hazards_of(p: np.ndarray, group: np.ndarray, g: int) -> tuple[float, float]:
    """Monthly hazards of the next higher stage and of any lower stage of a group, in its present stage.

    Gates: stage 1 needs a risk factor, stage 2 is proportional to the pressure of active triggers, stage 3 needs a
    group that is targeted or excluded, and preparation under way.
    """
    stage = group[G.stage, g]
    up = 0.0
    down = 0.0
    if stage == 0.0:
        up = hazard(p, group, g, _TO_RISK) if group[G.risk, g] > 0.0 else 0.0
    elif stage == 1.0:
        pressure = group[G.at_pressure, g]
        up = pressure / p[P.reference_at_pressure] * hazard(p, group, g, _TO_THREAT) if pressure > 0.0 else 0.0
        down = hazard(p, group, g, _FROM_RISK)
    elif stage == 2.0:
        marked = (
            group[G.targeting, g] > p[P.stages_targeting_gate] or group[G.exclusion, g] > p[P.stages_exclusion_gate]
        )
        prepared = group[G.preparation, g] > p[P.stages_preparation_gate]
        up = hazard(p, group, g, _TO_IMMINENT) if marked and prepared else 0.0
        down = hazard(p, group, g, _FROM_THREAT)
    elif stage == 3.0:
        up = hazard(p, group, g, _TO_ATROCITY)
        down = hazard(p, group, g, _FROM_IMMINENT)
    else:
        down = hazard(p, group, g, _FROM_ATROCITY)
    return up, down


@inline
def next_stage(stage: float, up: float, down: float, two: float, three: float, u: float) -> tuple[float, float]:
    """Decide the stage after a month, and give it with the probability of that change (0 if nothing changed).

    Competing hazards: something happens with probability ``1 - exp(-(up + down))`` and is a rise with the share
    ``up / (up + down)``. Of the falls, ``three`` go from atrocity straight to risk, ``two`` skip one stage.

    Parameters
    ----------
    stage : float
        Present stage, 0-4.
    up, down : float
        Hazards, per month.
    two, three : float
        Shares of the falls by two and by three stages, where there are so many stages below.
    u : float
        Uniform number of the month.
    """
    total = up + down
    if total <= 0.0:
        return stage, 0.0
    happens = 1.0 - exp(-total)
    p_up = happens * up / total
    if u < p_up:
        return stage + 1.0, p_up
    three = three if stage == 4.0 else 0.0
    two = two if stage >= 2.0 else 0.0
    two = two if two + three <= 1.0 else 1.0 - three
    p_down = happens * down / total
    if u < p_up + p_down * three:
        return stage - 3.0, p_down * three
    if u < p_up + p_down * (three + two):
        return stage - 2.0, p_down * two
    if u < p_up + p_down:
        return stage - 1.0, p_down * (1.0 - two - three)
    return stage, 0.0


@inline
def perpetrator_of(state: float, non_state: float, weight: float, both_above: float, u: float) -> float:
    """Kind of perpetrator from the two drives: 1 state, 2 non-state, 3 both.

    The state has ``weight`` times the chance of an armed group of equal drive; where armed groups are driven above
    ``both_above`` and the government is chosen, both commit crimes.
    """
    state = weight * (state + 1e-6)
    # Without any drive of armed groups the government is the only one left.
    if u * (state + non_state) < state or non_state <= 0.0:
        return 3.0 if non_state > both_above else 1.0
    return 2.0


@rule
def stages(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Change the stages of groups ``first..last``: at most one change a month.

    A group that reaches imminent risk gets its perpetrator; one that falls below it has none.
    """
    group = rows.group
    two = p[P.stages_two_steps]
    three = p[P.stages_three_steps]
    for g in range(first, last):
        group[G.risk, g] = risk_of(
            group[G.at_risk, g], group[G.exclusion, g], group[G.grievance, g], p[P.stages_risk_above]
        )
        up, down = hazards_of(p, group, g)
        stage = group[G.stage, g]
        u = uniform(draws, rows.group_id[g], STAGE_CHANGE)
        after, chance = next_stage(stage, up, down, two, three, u)
        group[G.hazard_up, g] = up
        group[G.hazard_down, g] = down
        group[G.draw_stage, g] = u
        group[G.stage_change, g] = chance
        group[G.stage_before, g] = stage
        group[G.stage, g] = after
        group[G.stage_months, g] = group[G.stage_months, g] + 1.0 if after == stage else 0.0
        if after < 3.0:
            group[G.perpetrator, g] = 0.0
        elif stage < 3.0 or group[G.perpetrator, g] == 0.0:
            group[G.perpetrator, g] = perpetrator_of(
                group[G.at_drive_state, g],
                group[G.at_drive_non_state, g],
                p[P.stages_perpetrator_state],
                p[P.stages_perpetrator_both],
                uniform(draws, rows.group_id[g], PERPETRATOR_KIND),
            )
