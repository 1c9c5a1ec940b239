"""What bodies should believe of states, if they knew the model: ``python -m r2psim.analysis.beliefs [WORLD]``.

Bodies rank states by the harm that they expect (`r2psim.rules.decision`). How often states of a stage come to atrocity
within two years, how far risk scores lie apart, and how much a point of the score tells, is read off runs of the model
itself, and declared in `parameters.toml` under ``observation``. Fitted anew after every calibration.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from r2psim.declarations.columns import STAGES, S
from r2psim.ensemble.engine import run_months, runs_beside
from r2psim.rules.draws import draws_of
from r2psim.rules.month import opening
from r2psim.scenario import Scenario, load
from r2psim.world.build import build
from r2psim.world.expand import expand
from r2psim.world.rows import copy_rows, side_by_side

__all__ = ["Beliefs", "beliefs_of", "fit_beliefs"]

YEAR = 12
AHEAD = 24
WAR = 3.0
SEED = 20141201


@dataclass(frozen=True)
class Beliefs:
    """What is believed of states.

    Attributes
    ----------
    onset : tuple of float
        Share of states at each stage, not at war below stage 3, that come to atrocity within two years; of states at
        stage 4, of those that are there in the second of them.
    onset_war : float
        Share of states at war below stage 3.
    typical, spread : float
        Mean and standard deviation of the risk score before a crisis.
    slope : float
        Rise of the log odds for a point of the score, given the stage.
    """

    onset: tuple[float, ...]
    onset_war: float
    typical: float
    spread: float
    slope: float

    def parameters(self) -> dict[str, float]:
        """Give them by path."""
        found = {f"observation.onset_{k}": share for k, share in enumerate(self.onset)}
        found |= {"observation.onset_war": self.onset_war, "observation.typical": self.typical}
        return found | {"observation.spread": self.spread, "observation.slope": self.slope}


def fit_beliefs(stage: np.ndarray, conflict: np.ndarray, score: np.ndarray, comes: np.ndarray) -> Beliefs:
    """Fit beliefs to states as they were seen, and what became of them.

    Parameters
    ----------
    stage, conflict, score : numpy.ndarray, shape (observations,)
        Of a state in a month.
    comes : numpy.ndarray, bool, shape (observations,)
        Whether it came to atrocity within two years, or was still there.
    """
    from sklearn.linear_model import LogisticRegression

    at_war = (conflict == WAR) & (stage < 3.0)
    calm = (conflict != WAR) & (stage < 3.0)

    def share(which: np.ndarray) -> float:
        # Half an event more on both sides: what was not seen is not impossible.
        return float((comes[which].sum() + 0.5) / (which.sum() + 1.0))

    onset = tuple(share((stage == k) & (calm if k < 3 else stage == k)) for k in range(len(STAGES)))
    typical, spread = float(score[calm].mean()), float(score[calm].std())
    # The stage is seen by everybody: the score is worth what it tells beside it.
    told = np.column_stack([(score[calm] - typical) / spread, stage[calm] == 1.0, stage[calm] == 2.0])
    model = LogisticRegression(C=100.0, max_iter=1000).fit(told, comes[calm])
    return Beliefs(onset, share(at_war), typical, spread, float(model.coef_[0, 0]) / spread)


def beliefs_of(scenario: Scenario, policy: str = "late-response", runs: int = 24, years: int = 12) -> Beliefs:
    """Run a world and fit beliefs to what happens in it.

    Parameters
    ----------
    scenario : Scenario
        As loaded.
    policy : str
        What bodies do.
    runs, years : int
        How many runs, and how long.
    """
    full = expand(scenario)
    world = build(full, policy)
    p = full.parameter_values(policy)
    beside = min(runs_beside(world.rows), runs)
    seen: list[tuple[np.ndarray, ...]] = []
    for first in range(0, runs, beside):
        rows = copy_rows(side_by_side(world.rows, min(beside, runs - first)))
        luck = draws_of(SEED, first, 0)
        opening(rows, p, luck)
        history = []
        for month in range(YEAR * years):
            run_months(rows, p, luck, month, month + 1)
            history.append([rows.state[place].copy() for place in (S.stage, S.conflict, S.risk_score)])
        past = np.array(history)
        for month in range(YEAR - 1, len(past) - AHEAD, YEAR):
            now = past[month]
            later = (past[month + 1 : month + 1 + AHEAD, 0] == 4.0).any(axis=0)
            still = (past[month + 1 + YEAR : month + 1 + AHEAD, 0] == 4.0).any(axis=0)
            seen.append((*now, np.where(now[0] == 4.0, still, later)))
    return fit_beliefs(*(np.concatenate(parts) for parts in zip(*seen, strict=True)))


if __name__ == "__main__":
    for path, value in beliefs_of(load(sys.argv[1] if len(sys.argv) > 1 else "world")).parameters().items():
        sys.stdout.write(f"{path} = {value:.2g}\n")
