"""Skill over many windows of the same states: intervals that know that a state's windows are no independent cases.

A state at risk in one window is at risk in the next, and one onset falls in two windows of two years. Intervals are
therefore clustered by state: they are as wide as if states, not state-windows, had been drawn.
"""

from __future__ import annotations

import numpy as np

from r2psim.analysis.skill import LEVEL, Interval, auc, auc_interval

__all__ = [
    "DRAWS",
    "between",
    "clustered_auc_interval",
    "draws_of_states",
    "log_scores",
    "recalibrated",
    "shares",
    "weighted_auc",
    "weighted_means",
]

DRAWS = 1000
"""How often states are drawn anew for an interval."""

_SEED = 20_000  # of these draws; an interval is no matter of the seed of the runs
_STEPS = 60
_STEEPEST = 30.0
_SMALL = 1e-8
_FLAT = 1e-12


def draws_of_states(state: np.ndarray, draws: int = DRAWS) -> np.ndarray:
    """Draw states anew, with replacement.

    Parameters
    ----------
    state : numpy.ndarray, int, shape (cases,)
        Number of the state of each case, from 0.
    draws : int
        How often.

    Returns
    -------
    numpy.ndarray, shape (draws, cases)
        How often each case is there.
    """
    count = int(state.max()) + 1
    rng = np.random.default_rng(_SEED)
    drawn = rng.integers(0, count, (draws, count))
    times = np.stack([np.bincount(one, minlength=count) for one in drawn])
    found: np.ndarray = times[:, state].astype(np.float64)
    return found


def between(values: np.ndarray, level: float = LEVEL) -> Interval | None:
    """Give the middle of drawn values as an interval; None where hardly any of them is defined."""
    known = values[np.isfinite(values)]
    if 2 * len(known) < len(values):
        return None
    low, high = np.quantile(known, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def weighted_means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Give the mean of values, shape (cases,), under each row of weights, shape (draws, cases)."""
    found: np.ndarray = weights @ values / weights.sum(axis=1)
    return found


def weighted_auc(scores: np.ndarray, happened: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Give the area under the ROC curve under each row of weights; not a number where one of the two is missing.

    Parameters
    ----------
    scores : numpy.ndarray, shape (cases,)
        Higher where an onset is likelier.
    happened : numpy.ndarray, bool, shape (cases,)
        Observed.
    weights : numpy.ndarray, shape (draws, cases)
        How often each case counts.
    """
    order = np.argsort(scores, kind="stable")
    begins = np.flatnonzero(np.append(True, np.diff(scores[order]) != 0.0))
    ordered, yes = weights[:, order], happened[order]
    with_onset = np.add.reduceat(ordered * yes, begins, axis=1)
    without = np.add.reduceat(ordered * ~yes, begins, axis=1)
    below = np.cumsum(without, axis=1) - without
    pairs = with_onset.sum(axis=1) * without.sum(axis=1)
    ahead = (with_onset * (below + 0.5 * without)).sum(axis=1)
    found: np.ndarray = np.divide(ahead, pairs, out=np.full(len(weights), np.nan), where=pairs > 0.0)
    return found


def clustered_auc_interval(scores: np.ndarray, happened: np.ndarray, state: np.ndarray) -> Interval | None:
    """Give the interval of an area under the curve whose cases come in states.

    The interval of Newcombe (2006), as of `r2psim.analysis.skill.auc_interval`, with as many cases as their variance is
    worth: numbers are divided by how much larger the variance is with states as clusters (Obuchowski, N. A. (1997).
    Nonparametric analysis of clustered ROC curve data. Biometrics 53:567-578) than with each case by itself (DeLong et
    al. 1988). It does not shrink to nothing where all onsets rank first.

    Parameters
    ----------
    scores, happened
        As of `weighted_auc`.
    state : numpy.ndarray, int, shape (cases,)
        Number of the state of each case, from 0.

    Returns
    -------
    (float, float) or None
        None if all cases or none had an onset.
    """
    area = auc(scores, happened)
    if area is None:
        return None
    yes, no = scores[happened], scores[~happened]
    # How each onset ranks among those without one, and each without one below the onsets.
    ranked_yes, ranked_no = _ranked(yes, no), 1.0 - _ranked(no, yes)
    count = int(state.max()) + 1
    off_yes = np.bincount(state[happened], ranked_yes - area, minlength=count)
    off_no = np.bincount(state[~happened], ranked_no - area, minlength=count)
    alone = _variance(ranked_yes - area) / len(yes) + _variance(ranked_no - area) / len(no)
    sums = off_yes / len(yes) + off_no / len(no)
    together = float(sums @ sums) * count / max(count - 1, 1)
    with_onset = len(np.unique(state[happened]))
    worth = together / alone if alone > 0.0 else len(yes) / with_onset
    worth = max(worth, 1.0)
    return auc_interval(area, max(len(yes) / worth, 1.0), max(len(no) / worth, 1.0))


def _ranked(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Give the share of others that lie below each value; ties count half."""
    ordered = np.sort(among)
    below, upto = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    found: np.ndarray = (below + upto) / (2.0 * len(among))
    return found


def _variance(values: np.ndarray) -> float:
    return float(values @ values) / max(len(values) - 1, 1)


def shares(counts: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """Give probabilities that are never 0 or 1, from so many runs with an onset among all: half a run is added to each.

    Examples
    --------
    >>> shares(np.array([0, 5]), np.array([9, 9])).tolist()
    [0.05, 0.55]
    """
    found: np.ndarray = (counts + 0.5) / (runs + 1.0)
    return found


def log_scores(chances: np.ndarray, happened: np.ndarray) -> np.ndarray:
    """Give minus the logarithm of the chance that was given to what happened, by case; 0 is perfect."""
    found: np.ndarray = -np.log(np.where(happened, chances, 1.0 - chances))
    return found


def recalibrated(
    chances: np.ndarray, happened: np.ndarray, state: np.ndarray, level: float = LEVEL
) -> tuple[tuple[float, Interval], tuple[float, Interval]] | None:
    """Fit observed onsets to the log odds of probabilities: intercept 0 and slope 1 where they mean what they say.

    A slope below 1 says that probabilities are too extreme (Cox, D. R. (1958). Two further applications of a model for
    binary regression. Biometrika 45:562-565). Intervals are those of Liang and Zeger (1986), with states as clusters.

    Parameters
    ----------
    chances : numpy.ndarray, shape (cases,)
        Strictly between 0 and 1.
    happened : numpy.ndarray, bool, shape (cases,)
        Observed.
    state : numpy.ndarray, int, shape (cases,)
        Number of the state of each case, from 0.
    level : float
        Confidence, 0-1.

    Returns
    -------
    intercept, slope : (float, (float, float))
        Each with its interval; None where there are none, as where every onset ranks first.
    """
    from scipy.stats import norm

    odds = np.log(chances / (1.0 - chances))
    if np.ptp(odds) == 0.0 or not happened.any() or happened.all():
        return None
    design = np.stack([np.ones_like(odds), odds])
    at = _newton(design, happened)
    if at is None:
        return None
    fitted, curve = _fitted(design, at)
    count = int(state.max()) + 1
    scores = np.stack([np.bincount(state, row * (happened - fitted), minlength=count) for row in design])
    inverse = np.linalg.inv(curve)
    spread = inverse @ (scores @ scores.T) @ inverse * count / max(count - 1, 1)
    reach = float(norm.ppf(0.5 + level / 2.0)) * np.sqrt(np.diag(spread))
    ends = [(float(at[k]), (float(at[k] - reach[k]), float(at[k] + reach[k]))) for k in range(2)]
    return ends[0], ends[1]


def _fitted(design: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give fitted probabilities and the curvature of the likelihood."""
    fitted = 1.0 / (1.0 + np.exp(-np.clip(at @ design, -700.0, 700.0)))
    return fitted, (design * (fitted * (1.0 - fitted))) @ design.T


def _newton(design: np.ndarray, happened: np.ndarray) -> np.ndarray | None:
    """Maximise the likelihood by Newton's steps, halved while they lead down; None where there is no highest point."""
    at = np.array([0.0, 1.0])

    def likelihood(there: np.ndarray) -> float:
        log_odds = there @ design
        return float((happened * log_odds - np.logaddexp(0.0, log_odds)).sum())

    for _ in range(_STEPS):
        fitted, curve = _fitted(design, at)
        if abs(np.linalg.det(curve)) < _FLAT:
            return None
        step = np.linalg.solve(curve, design @ (happened - fitted))
        value = likelihood(at)
        while likelihood(at + step) < value - _FLAT and np.abs(step).max() > _SMALL:
            step = step / 2.0
        at = at + step
        if np.abs(at).max() > _STEEPEST:
            return None
        if np.abs(step).max() < _SMALL:
            return at
    return None
