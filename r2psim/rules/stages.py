"""Stages of a group: stable, risk, threat, imminent risk, atrocity, and back - competing hazards of a month."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import GROUP, G
from r2psim.rules.arithmetic import exp, larger, probability
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import PERPETRATOR_KIND, STAGE_CHANGE, Draws, of_run, uniform
from r2psim.rules.log_linear import log_effect, log_effects, terms
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

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
_RARE = 8
"""A stage that fewer than one group in so many is in is worked out group by group, any other for all groups at once."""


@inline
def risk_of(risk_of_state: float, exclusion: float, grievance: float, above: float) -> float:
    """Strength of the strongest risk factor present for a group, 0 where none is (A/68/947: "one or more factors").

    Of the state's factors 1-7 those above the threshold count (already selected); the group's own are exclusion and
    grievance, factor 9 of the Framework.
    """
    own = larger(exclusion, grievance)
    return larger(own if own > above else 0.0, risk_of_state)


@inline
def find_risk(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Find the strongest risk factor present for each group."""
    risk = group[G.risk, first:last]
    at_risk = group[G.at_risk, first:last]
    exclusion = group[G.exclusion, first:last]
    grievance = group[G.grievance, first:last]
    above = p[P.stages_risk_above]
    for i in range(last - first):
        risk[i] = risk_of(at_risk[i], exclusion[i], grievance[i], above)


@inline
def number_in(stage: np.ndarray, present: float) -> int:
    """Count the groups in a stage."""
    number = 0
    for i in range(len(stage)):
        number += 1 if stage[i] == present else 0
    return number


@rule
def put_log_effect(
    first: int, last: int, group: np.ndarray, p: np.ndarray, present: float, table: np.ndarray, into: np.ndarray
) -> None:
    """Put the log effects on a hazard of the groups in one stage into their column; the others keep what is there.

    Parameters
    ----------
    first, last : int
        Groups.
    group : numpy.ndarray, shape (columns, groups)
        The block; the column of the chance serves as scratch.
    p : numpy.ndarray, shape (parameters,)
        Values of all parameters.
    present : float
        The stage.
    table : numpy.ndarray
        Terms of the hazard.
    into : numpy.ndarray, shape (last - first,)
        The column.
    """
    stage = group[G.stage, first:last]
    number = number_in(stage, present)
    if number == 0:
        return
    if _RARE * number < last - first:
        for i in range(last - first):
            if stage[i] == present:
                into[i] = log_effect(p, group, first + i, table)
        return
    # The chance of the change is known only later: until then its column holds the effect of everybody.
    of_all = group[G.stage_change, first:last]
    log_effects(p, group, first, last, table, of_all)
    for i in range(last - first):
        effect, kept = of_all[i], into[i]
        into[i] = effect if stage[i] == present else kept


@by_run("group")
@inline
def rates_of_rise(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Turn the log effects on the hazard of a rise of each group into the hazard."""
    up = group[G.hazard_up, first:last]
    stage = group[G.stage, first:last]
    to_risk = p[P.stages_to_risk_base]
    to_threat = p[P.stages_to_threat_base]
    to_imminent = p[P.stages_to_imminent_base]
    to_atrocity = p[P.stages_to_atrocity_base]
    for i in range(last - first):
        now = stage[i]
        base = to_risk if now == 0.0 else 0.0
        base = to_threat if now == 1.0 else base
        base = to_imminent if now == 2.0 else base
        base = to_atrocity if now == 3.0 else base
        up[i] = base * exp(up[i])


@inline
def rise(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Find the monthly hazard of a rise of each group before its gate is heeded; from stage 4 there is none."""
    up = group[G.hazard_up, first:last]
    put_log_effect(first, last, group, p, 0.0, _TO_RISK, up)
    put_log_effect(first, last, group, p, 1.0, _TO_THREAT, up)
    put_log_effect(first, last, group, p, 2.0, _TO_IMMINENT, up)
    put_log_effect(first, last, group, p, 3.0, _TO_ATROCITY, up)
    rates_of_rise(first, last, group, p)


@by_run("group")
@inline
def rates_of_fall(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Turn the log effects on the hazard of a fall of each group into the hazard."""
    down = group[G.hazard_down, first:last]
    stage = group[G.stage, first:last]
    from_risk = p[P.stages_from_risk_base]
    from_threat = p[P.stages_from_threat_base]
    from_imminent = p[P.stages_from_imminent_base]
    from_atrocity = p[P.stages_from_atrocity_base]
    for i in range(last - first):
        now = stage[i]
        base = from_risk if now == 1.0 else 0.0
        base = from_threat if now == 2.0 else base
        base = from_imminent if now == 3.0 else base
        base = from_atrocity if now == 4.0 else base
        down[i] = base * exp(down[i])


@inline
def fall(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Find the monthly hazard of any lower stage of each group; from stage 0 there is none."""
    down = group[G.hazard_down, first:last]
    put_log_effect(first, last, group, p, 1.0, _FROM_RISK, down)
    put_log_effect(first, last, group, p, 2.0, _FROM_THREAT, down)
    put_log_effect(first, last, group, p, 3.0, _FROM_IMMINENT, down)
    put_log_effect(first, last, group, p, 4.0, _FROM_ATROCITY, down)
    rates_of_fall(first, last, group, p)


@by_run("group")
@inline
def heed_gates(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Let each rise answer to what the next stage needs, and hold back those who lack it.

    Stage 1 needs a risk factor. The hazard of stage 2 is proportional to the pressure of active triggers, that of stage
    3 to how far this group is targeted or excluded: it is 0 where the group is neither.
    """
    up = group[G.hazard_up, first:last]
    stage = group[G.stage, first:last]
    risk = group[G.risk, first:last]
    at_pressure = group[G.at_pressure, first:last]
    targeting = group[G.targeting, first:last]
    exclusion = group[G.exclusion, first:last]
    marked = group[G.marked, first:last]
    reference = p[P.reference_at_pressure]
    reference_marked = p[P.reference_marked]
    by_exclusion = p[P.stages_marked_exclusion]
    for i in range(last - first):
        marked[i] = targeting[i] + (1.0 - targeting[i]) * by_exclusion * exclusion[i]
    for i in range(last - first):
        hazard = up[i]
        pressure = at_pressure[i]
        now = stage[i]
        to_risk = hazard if risk[i] > 0.0 else 0.0
        to_threat = pressure / reference * hazard if pressure > 0.0 else 0.0
        to_imminent = marked[i] / reference_marked * hazard
        gated = to_risk if now == 0.0 else hazard
        gated = to_threat if now == 1.0 else gated
        up[i] = to_imminent if now == 2.0 else gated


@inline
def next_stage(
    stage: float, up: float, down: float, happens: float, sudden: float, two: float, three: float, u: float
) -> tuple[float, float]:
    """Decide the stage after a month, and give it with the probability of that change (0 if nothing changed).

    Competing hazards: something happens with probability ``1 - exp(-(up + down))`` and is a rise with the share
    ``up / (up + down)``. Of the rises out of threat, ``sudden`` go straight to atrocity. Of the falls, ``three`` go
    from atrocity straight to risk, ``two`` skip one stage.

    Parameters
    ----------
    stage : float
        Present stage, 0-4.
    up, down : float
        Hazards, per month.
    happens : float
        Probability that either happens within the month.
    sudden : float
        Share of the rises out of threat that skip imminent risk.
    two, three : float
        Shares of the falls by two and by three stages, where there are so many stages below.
    u : float
        Uniform number of the month.
    """
    total = up + down
    total = total if total > 0.0 else 1.0
    p_up = happens * up / total
    p_down = happens * down / total
    sudden = sudden if stage == 2.0 else 0.0
    three = three if stage == 4.0 else 0.0
    two = two if stage >= 2.0 else 0.0
    two = two if two + three <= 1.0 else 1.0 - three
    # From the last share of the unit interval to the first, so that nothing branches.
    after = stage - 1.0 if u < p_up + p_down else stage
    chance = p_down * (1.0 - two - three) if u < p_up + p_down else 0.0
    after = stage - 2.0 if u < p_up + p_down * (three + two) else after
    chance = p_down * two if u < p_up + p_down * (three + two) else chance
    after = stage - 3.0 if u < p_up + p_down * three else after
    chance = p_down * three if u < p_up + p_down * three else chance
    after = stage + 1.0 if u < p_up else after
    chance = p_up * (1.0 - sudden) if u < p_up else chance
    after = stage + 2.0 if u < p_up * sudden else after
    chance = p_up * sudden if u < p_up * sudden else chance
    return after, chance


@inline
def draw_changes(first: int, last: int, rows: Rows, draws: Draws) -> None:
    """Draw a number for each group, and find the probability that its stage changes in the month."""
    group = rows.group
    group_id = rows.group_id[first:last]
    run = rows.group_run[first:last]
    up = group[G.hazard_up, first:last]
    down = group[G.hazard_down, first:last]
    draw = group[G.draw_stage, first:last]
    chance = group[G.stage_change, first:last]
    # Chains of arithmetic as long as a draw or an exponential have loops of their own: more rows fit into each.
    for i in range(last - first):
        draw[i] = uniform(of_run(draws, run[i]), group_id[i], STAGE_CHANGE)
    for i in range(last - first):
        chance[i] = probability(up[i] + down[i])


@by_run("group")
@inline
def change(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Change the stage of each group as the number that was drawn says."""
    up = group[G.hazard_up, first:last]
    down = group[G.hazard_down, first:last]
    draw = group[G.draw_stage, first:last]
    chance = group[G.stage_change, first:last]
    before = group[G.stage_before, first:last]
    stage = group[G.stage, first:last]
    months = group[G.stage_months, first:last]
    sudden = p[P.stages_sudden]
    two = p[P.stages_two_steps]
    three = p[P.stages_three_steps]
    for i in range(last - first):
        # Whatever is read, is read before anything is written: else the loop does not vectorise.
        s = stage[i]
        longer = months[i] + 1.0
        after, happened = next_stage(s, up[i], down[i], chance[i], sudden, two, three, draw[i])
        months[i] = longer if after == s else 0.0
        before[i] = s
        stage[i] = after
        chance[i] = happened


@inline
def count_stays(first: int, last: int, group: np.ndarray) -> None:
    """Count stays at imminent risk that begin from below, how each of them ends, and atrocities that come without one.

    A stay that is there at the start, or that an atrocity leaves behind, is none of these.
    """
    before = group[G.stage_before, first:last]
    stage = group[G.stage, first:last]
    from_below = group[G.imminent_from_below, first:last]
    sudden = group[G.sudden_entries, first:last]
    entries = group[G.imminent_entries, first:last]
    escalated = group[G.imminent_escalated, first:last]
    averted = group[G.imminent_averted, first:last]
    for i in range(last - first):
        was, now, ours = before[i], stage[i], from_below[i]
        enters = 1.0 if now == 3.0 else 0.0
        enters = enters if was < 3.0 else 0.0
        above = 1.0 if now == 4.0 else 0.0
        below = 1.0 if now < 3.0 else 0.0
        skips = above if was < 3.0 else 0.0
        sudden[i] += skips
        entries[i] += enters
        escalated[i] += above * ours
        averted[i] += below * ours
        from_below[i] = (1.0 - above) * (1.0 - below) * ours + enters


@inline
def perpetrator_of(state: float, non_state: float, weight: float, both_above: float, u: float) -> float:
    """Kind of perpetrator from the two drives against the group: 1 state, 2 non-state, 3 both.

    The state has ``weight`` times the chance of an armed group of equal drive; where armed groups are driven above
    ``both_above`` and the government is chosen, both commit crimes.
    """
    state = weight * (state + 1e-6)
    # Without any drive of armed groups the government is the only one left.
    if u * (state + non_state) < state or non_state <= 0.0:
        return 3.0 if non_state > both_above else 1.0
    return 2.0


@inline
def find_perpetrators(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Give each group that reaches imminent risk or atrocity its perpetrator; below there is none."""
    group = rows.group
    perpetrator = group[G.perpetrator, first:last]
    before = group[G.stage_before, first:last]
    stage = group[G.stage, first:last]
    for i in range(last - first):
        was, now, kind = before[i], stage[i], perpetrator[i]
        kind = kind if was >= 3.0 else 0.0
        perpetrator[i] = kind if now >= 3.0 else 0.0
    for g in range(first, last):
        if group[G.stage, g] >= 3.0 and group[G.perpetrator, g] == 0.0:
            group[G.perpetrator, g] = perpetrator_of(
                group[G.drive_by_state, g],
                group[G.drive_by_armed_groups, g],
                p[P.stages_perpetrator_state],
                p[P.stages_perpetrator_both],
                uniform(of_run(draws, rows.group_run[g]), rows.group_id[g], PERPETRATOR_KIND),
            )


@by_run("rows.group")
@rule
def stages(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Change the stages of groups ``first..last``: at most one change a month.

    A group that reaches imminent risk or atrocity gets its perpetrator; one that falls below has none.
    """
    find_risk(first, last, rows.group, p)
    rise(first, last, rows.group, p)
    fall(first, last, rows.group, p)
    heed_gates(first, last, rows.group, p)
    draw_changes(first, last, rows, draws)
    change(first, last, rows.group, p)
    count_stays(first, last, rows.group)
    find_perpetrators(first, last, rows, p, draws)
