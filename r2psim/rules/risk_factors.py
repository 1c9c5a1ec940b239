"""The fourteen risk factors of the UN Framework of Analysis (2014), as scores 0-1 of the model's variables."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import G, S
from r2psim.rules.arithmetic import clip01, larger
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import Draws
from r2psim.rules.structure import conflict_level
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["group_risk_factors", "state_risk_factors"]


@by_run("rows.group")
@rule
def group_risk_factors(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Score the six specific factors (9-14) of groups ``first..last``; which variables stand for them is an assumption.

    9 intergroup tensions: grievance and exclusion. 10 signs of intent to destroy: targeting or violations, with motive.
    11 signs of a widespread or systematic attack: the killed of twelve months against the threshold, or violations
    below killing. 12 plan or policy: preparation. 13 threats to those protected by humanitarian law: conflict where
    protection is missing. 14 threats to humanitarian or peacekeeping operations: conflict and means of perpetrators
    from stage 3 on.
    """
    group = rows.group
    stage = group[G.stage, first:last]
    grievance = group[G.grievance, first:last]
    exclusion = group[G.exclusion, first:last]
    targeting = group[G.targeting, first:last]
    preparation = group[G.preparation, first:last]
    violations = group[G.violations, first:last]
    protection = group[G.protection, first:last]
    deaths_year = group[G.deaths_year, first:last]
    at_conflict = group[G.at_conflict, first:last]
    at_motive = group[G.at_motive, first:last]
    at_means = group[G.at_means, first:last]
    rf9 = group[G.rf9, first:last]
    rf10 = group[G.rf10, first:last]
    rf11 = group[G.rf11, first:last]
    rf12 = group[G.rf12, first:last]
    rf13 = group[G.rf13, first:last]
    rf14 = group[G.rf14, first:last]
    threshold = p[P.harm_threshold]
    by_violations = p[P.risk_factors_violations]
    minor = p[P.conflict_level_minor]
    for i in range(last - first):
        conflict = at_conflict[i]
        rf9[i] = 0.5 * (grievance[i] + exclusion[i])
        rf10[i] = clip01(larger(targeting[i], violations[i]) * (0.5 + 0.5 * at_motive[i]))
        rf11[i] = clip01(larger(deaths_year[i] / threshold, by_violations * violations[i]))
        rf12[i] = preparation[i]
        rf13[i] = clip01(conflict * (1.0 - protection[i]))
    for i in range(last - first):
        conflict, now = at_conflict[i], stage[i]
        at_stake = 1.0 if conflict >= minor else 0.0
        at_stake = 1.0 if now >= 3.0 else at_stake
        rf14[i] = clip01(larger(conflict, 1.0 if now == 4.0 else 0.0) * at_means[i]) * at_stake


@inline
def worst_of_groups(first: int, last: int, rows: Rows) -> None:
    """Give states ``first..last`` the worst of their groups: factors 9-14, and preparation against any of them."""
    group = rows.group
    state = rows.state
    for s in range(first, last):
        prepared = state[S.incitement, s]
        rf9 = rf10 = rf11 = rf12 = rf13 = rf14 = 0.0
        for g in range(rows.first_group[s], rows.first_group[s + 1]):
            prepared = larger(prepared, group[G.preparation, g])
            rf9 = larger(rf9, group[G.rf9, g])
            rf10 = larger(rf10, group[G.rf10, g])
            rf11 = larger(rf11, group[G.rf11, g])
            rf12 = larger(rf12, group[G.rf12, g])
            rf13 = larger(rf13, group[G.rf13, g])
            rf14 = larger(rf14, group[G.rf14, g])
        state[S.rf7, s] = prepared
        state[S.rf9, s] = rf9
        state[S.rf10, s] = rf10
        state[S.rf11, s] = rf11
        state[S.rf12, s] = rf12
        state[S.rf13, s] = rf13
        state[S.rf14, s] = rf14


@by_run("rows.state")
@rule
def state_risk_factors(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Score the factors of states ``first..last``; the specific ones (9-14) are the worst of its groups.

    1 armed conflict or instability. 2 record of violations. 3 weakness of State structures. 4 motives. 5 capacity to
    commit: arms and finance. 6 absence of mitigating factors: lack of restraint. 7 preparatory action against any
    group, or incitement. 8 triggering factors. Also keeps the strongest of 1-7 that is present.
    """
    worst_of_groups(first, last, rows)
    state = rows.state
    conflict = state[S.conflict, first:last]
    transition = state[S.trigger_irregular_transition, first:last]
    past_violations = state[S.past_violations, first:last]
    capacity = state[S.capacity, first:last]
    motive = state[S.motive, first:last]
    arms = state[S.arms, first:last]
    finance = state[S.finance, first:last]
    restraint = state[S.restraint, first:last]
    pressure = state[S.pressure, first:last]
    rf1 = state[S.rf1, first:last]
    rf2 = state[S.rf2, first:last]
    rf3 = state[S.rf3, first:last]
    rf4 = state[S.rf4, first:last]
    rf5 = state[S.rf5, first:last]
    rf6 = state[S.rf6, first:last]
    rf7 = state[S.rf7, first:last]
    rf8 = state[S.rf8, first:last]
    risk_present = state[S.risk_present, first:last]
    by_transition = p[P.risk_factors_transition]
    above = p[P.stages_risk_above]
    for i in range(last - first):
        rf1[i] = larger(conflict_level(conflict[i], p), by_transition * transition[i])
    for i in range(last - first):
        rf2[i] = past_violations[i]
        rf3[i] = 1.0 - capacity[i]
        rf4[i] = motive[i]
        rf5[i] = 0.5 * (arms[i] + finance[i])
        rf6[i] = 1.0 - restraint[i]
        rf8[i] = pressure[i]
    for i in range(last - first):
        strongest = larger(larger(larger(rf1[i], rf2[i]), larger(rf3[i], rf4[i])), larger(rf5[i], rf6[i]))
        strongest = larger(strongest, rf7[i])
        risk_present[i] = strongest if strongest > above else 0.0
