"""Observation: what the fourteen risk factors add up to, and how it is perceived from outside, with error."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import clip01
from r2psim.rules.compiled import rule
from r2psim.rules.draws import ASSESSMENT, Draws, bell, of_run
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import S

__all__ = ["observation"]

_COMMON = 8
_FACTORS = 14


@rule
def observation(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Score the risk of states ``first..last`` and perceive it with an error that early-warning capacity lowers.

    The score is the mean of the fourteen factors of the UN Framework, the eight common ones weighing as much as the
    six specific ones together (the weights are an assumption). The size of the error is set so that the perceived
    risk has about the skill of today's best public forecast (Early Warning Project 2025: AUC 0.825).
    """
    state = rows.state
    identity = rows.state_id[first:last]
    run = rows.state_run[first:last]
    score = state[S.risk_score, first:last]
    perceived = state[S.perceived, first:last]
    early_warning = state[S.early_warning, first:last]
    noise = p[P.observation_noise]
    gain = p[P.observation_early_warning]
    n = last - first
    for s in range(n):
        score[s] = 0.0
    for k in range(_FACTORS):
        factor = state[S.rf1 + k, first:last]
        weight = 0.5 / 8.0 if k < _COMMON else 0.5 / 6.0
        for s in range(n):
            score[s] += weight * factor[s]
    for s in range(n):
        luck = bell(of_run(draws, run[s]), identity[s], ASSESSMENT)
        error = noise * (1.0 - gain * early_warning[s]) * luck
        perceived[s] = clip01(score[s] + error)
