"""Observation: what the fourteen risk factors add up to, and how it is perceived from outside, with error."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import S
from r2psim.rules.arithmetic import clip01
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import ASSESSMENT, Draws, bell, of_run
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["observation", "warn"]

_COMMON = 8
_FACTORS = 14


@by_run("rows.state")
@inline
def assess(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Assess the risk of states ``first..last`` from outside, with an error."""
    state = rows.state
    identity = rows.state_id[first:last]
    run = rows.state_run[first:last]
    score = state[S.risk_score, first:last]
    perceived = state[S.perceived, first:last]
    early_warning = state[S.early_warning, first:last]
    noise = p[P.observation_noise] * p[P.observation_error]
    gain = p[P.observation_early_warning]
    silence = 1.0 - p[P.observation_signal]
    typical = p[P.observation_typical]
    for s in range(last - first):
        luck = bell(of_run(draws, run[s]), identity[s], ASSESSMENT)
        error = noise * (1.0 - gain * early_warning[s]) * luck
        perceived[s] = clip01(score[s] - silence * (score[s] - typical) + error)


@by_run("rows.state")
@rule
def observation(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Score the risk of states ``first..last`` and perceive it with an error that early-warning capacity lowers.

    The score is the mean of the fourteen factors of the UN Framework, the eight common ones weighing as much as the
    six specific ones together unless said otherwise (the weights are an assumption). The size of the error is set so
    that the perceived risk has about the skill of today's best public forecast (Early Warning Project 2025: AUC
    0.825). Without any signal every state looks like a typical one, up to the error.
    """
    state = rows.state
    score = state[S.risk_score, first:last]
    specific = p[P.observation_specific]
    n = last - first
    for s in range(n):
        score[s] = 0.0
    for k in range(_FACTORS):
        factor = state[S.rf1 + k, first:last]
        weight = (1.0 - specific) / 8.0 if k < _COMMON else specific / 6.0
        for s in range(n):
            score[s] += weight * factor[s]
    assess(first, last, rows, p, draws)


@by_run("rows.state")
@rule
def warn(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Give public warnings of states ``first..last``, and count those that came true, false alarms, and misses.

    A warning is out from the month in which the perceived risk of a state before imminent risk reaches the threshold.
    It is true if the state comes to stage 4 in time, near if to stage 3 alone, and else a false alarm. A state that
    comes to stage 4 without a warning was missed. Nobody is stopped by a warning as such: what it does, it does
    through what bodies see.
    """
    state = rows.state
    threshold = p[P.observation_warning]
    time = p[P.observation_warning_time]
    for s in range(first, last):
        stage = state[S.stage, s]
        if state[S.warning, s] > 0.0:
            state[S.warning, s] += 1.0
            state[S.warning_peak, s] = stage if stage > state[S.warning_peak, s] else state[S.warning_peak, s]
            if stage == 4.0:
                state[S.warnings_true, s] += 1.0
                state[S.warning, s] = 0.0
            elif state[S.warning, s] > time:
                near = 1.0 if state[S.warning_peak, s] >= 3.0 else 0.0
                state[S.warnings_near, s] += near
                state[S.warnings_false, s] += 1.0 - near
                state[S.warning, s] = 0.0
        elif stage == 4.0 and state[S.stage_months, s] == 0.0:
            state[S.onsets_missed, s] += 1.0
        elif stage < 3.0 and state[S.perceived, s] >= threshold:
            state[S.warning, s] = 1.0
            state[S.warning_peak, s] = stage
