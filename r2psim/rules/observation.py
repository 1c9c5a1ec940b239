"""Observation: what the fourteen risk factors add up to, and how it is perceived from outside, with error."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import clip01, normal_quantile
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import PUBLIC_ASSESSMENT, Draws, under, uniform
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import S

__all__ = ["observation", "private_view"]

_FACTORS = 14


@inline
def private_view(
    perceived: float, noise: float, early_warning: float, gain: float, draws: Draws, state: np.uint64, body: np.uint64
) -> float:
    """Give the risk of a state as one body sees it this month.

    The body adds an error of its own to the public assessment; the state's capacity for early warning lowers it. Its
    luck is drawn under a key that the body's identity changes, so that no two bodies and states share a number.
    """
    z = normal_quantile(uniform(under(draws, body), state, PUBLIC_ASSESSMENT))
    error = noise * (1.0 - gain * early_warning) * z
    return clip01(perceived + error)


@rule
def observation(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Score the risk of states ``first..last`` and perceive it with an error that early-warning capacity lowers.

    The score is the mean of the fourteen factors of the UN Framework, the eight common ones weighing as much as the
    six specific ones together (the weights are an assumption). The size of the error is set so that the perceived
    risk has about the skill of today's best public forecast (Early Warning Project 2025: AUC 0.825).
    """
    state = rows.state
    for s in range(first, last):
        common = 0.0
        for k in range(8):
            common += state[S.rf1 + k, s]
        specific = 0.0
        for k in range(8, _FACTORS):
            specific += state[S.rf1 + k, s]
        score = 0.5 * common / 8.0 + 0.5 * specific / 6.0
        state[S.risk_score, s] = score
        noise = p[P.observation_noise] * (1.0 - p[P.observation_early_warning] * state[S.early_warning, s])
        z = normal_quantile(uniform(draws, rows.state_id[s], PUBLIC_ASSESSMENT))
        state[S.perceived, s] = clip01(score + noise * z)
