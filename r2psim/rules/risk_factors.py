"""The fourteen risk factors of the UN Framework of Analysis (2014), as scores 0-1 of the model's variables."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import clip01
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import Draws
from r2psim.rules.structure import conflict_level
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import INHIBITORS, G, S

__all__ = ["group_risk_factors", "state_risk_factors"]

_INHIBITORS = len(INHIBITORS)
_FIRST_SPECIFIC = 8
_FACTORS = 14


@inline
def larger(a: float, b: float) -> float:
    """Give the larger of two numbers."""
    return a if a > b else b


@rule
def group_risk_factors(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Score the six specific factors (9-14) of groups ``first..last``; which variables stand for them is an assumption.

    9 intergroup tensions: grievance and exclusion. 10 intent to destroy: targeting with motive. 11 widespread or
    systematic attack: the killed of twelve months against the threshold. 12 plan or policy: preparation. 13 threats
    to those protected by humanitarian law: conflict where protection is missing. 14 threats to humanitarian or
    peacekeeping operations: conflict and means of perpetrators from stage 3 on.
    """
    group = rows.group
    for g in range(first, last):
        conflict = group[G.at_conflict, g]
        stage = group[G.stage, g]
        group[G.rf9, g] = 0.5 * (group[G.grievance, g] + group[G.exclusion, g])
        group[G.rf10, g] = clip01(group[G.targeting, g] * (0.5 + 0.5 * group[G.at_motive, g]))
        group[G.rf11, g] = clip01(group[G.deaths_year, g] / p[P.harm_threshold])
        group[G.rf12, g] = group[G.preparation, g]
        group[G.rf13, g] = clip01(conflict * (1.0 - group[G.protection, g]))
        group[G.rf14, g] = clip01(larger(conflict, 1.0 if stage == 4.0 else 0.0) * group[G.at_means, g]) * (
            1.0 if stage >= 3.0 or conflict >= p[P.conflict_level_minor] else 0.0
        )


@rule
def state_risk_factors(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Score the factors of states ``first..last``; the specific ones (9-14) are the worst of its groups.

    1 armed conflict or instability. 2 record of violations. 3 weakness of State structures. 4 motives. 5 capacity to
    commit: arms and finance. 6 absence of mitigating factors: lack of restraint. 7 preparatory action against any
    group, or incitement. 8 triggering factors. Also keeps the strongest of 1-7 that is present.
    """
    state = rows.state
    group = rows.group
    for s in range(first, last):
        state[S.rf1, s] = larger(
            conflict_level(state[S.conflict, s], p),
            p[P.risk_factors_transition] * state[S.trigger_irregular_transition, s],
        )
        state[S.rf2, s] = state[S.past_violations, s]
        state[S.rf3, s] = 1.0 - state[S.capacity, s]
        state[S.rf4, s] = state[S.motive, s]
        state[S.rf5, s] = 0.5 * (state[S.arms, s] + state[S.finance, s])
        state[S.rf6, s] = 1.0 - state[S.restraint, s]
        prepared = state[S.incitement, s]
        for k in range(_FIRST_SPECIFIC, _FACTORS):
            state[S.rf1 + k, s] = 0.0
        for g in range(rows.first_group[s], rows.first_group[s + 1]):
            prepared = larger(prepared, group[G.preparation, g])
            for k in range(_FIRST_SPECIFIC, _FACTORS):
                state[S.rf1 + k, s] = larger(state[S.rf1 + k, s], group[G.rf9 + k - _FIRST_SPECIFIC, g])
        state[S.rf7, s] = prepared
        state[S.rf8, s] = state[S.pressure, s]
        present = 0.0
        for k in range(7):
            score = state[S.rf1 + k, s]
            present = score if score > p[P.stages_risk_above] and score > present else present
        state[S.risk_present, s] = present
