"""How well probabilities agree with what happened: discrimination and calibration, with their uncertainty.

Onsets are few: every measure here has an interval that holds for a handful of them, at the ends of its range too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = [
    "EDGES",
    "Bin",
    "auc",
    "auc_interval",
    "brier",
    "calibration",
    "flagged_parts",
    "recall",
    "recall_interval",
    "roc",
    "share_interval",
]

EDGES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Bounds of the classes of probability of a calibration curve."""

LEVEL = 0.95
_NEAR = 1e-9

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Bin:
    """A class of a calibration curve.

    Attributes
    ----------
    low, high : float
        Bounds of the probabilities; the upper one belongs to the next class.
    states : int
        Number of states in it.
    expected, observed : float
        Mean probability; share of the states with an onset.
    onsets : int
        Number of states with an onset.
    interval : (float, float)
        95 % interval of the observed share (Clopper and Pearson 1934).
    """

    low: float
    high: float
    states: int
    expected: float
    observed: float
    onsets: int
    interval: Interval


def auc(probabilities: np.ndarray, happened: np.ndarray) -> float | None:
    """Give the area under the ROC curve: the chance that an onset ranks above a state without; ties count half.

    Parameters
    ----------
    probabilities : numpy.ndarray, shape (states,)
        Simulated.
    happened : numpy.ndarray, bool, shape (states,)
        Observed.

    Returns
    -------
    float or None
        None if all states or none had an onset.

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True]))
    0.875
    """
    from scipy.stats import mannwhitneyu

    yes, no = probabilities[happened], probabilities[~happened]
    if not len(yes) or not len(no):
        return None
    return float(mannwhitneyu(yes, no).statistic / (len(yes) * len(no)))


def auc_interval(area: float, positives: float, negatives: float, level: float = LEVEL) -> Interval:
    """Give the interval of an area under the curve, by the score-type method 5 of Newcombe (2006).

    Source: Newcombe, R. G. (2006). Confidence intervals for an effect size measure based on the Mann-Whitney
    statistic. Part 2. Statistics in Medicine 25:559-573. Unlike the interval of DeLong et al. (1988) or a bootstrap of
    states, it does not shrink to nothing where all of a few onsets rank first.

    Parameters
    ----------
    area : float
        0-1.
    positives, negatives : float
        Number of states with and without an onset; at least 1.
    level : float
        Confidence, 0-1.

    Examples
    --------
    >>> low, high = auc_interval(1.0, 3, 160)
    >>> round(low, 2), high
    (0.7, 1.0)
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    z = norm.ppf(0.5 + level / 2.0)
    star = (positives + negatives) / 2.0 - 1.0

    def excess(theta: float) -> float:
        spread = 1.0 + star * ((1.0 - theta) / (2.0 - theta) + theta / (1.0 + theta))
        variance = theta * (1.0 - theta) * spread / (positives * negatives)
        return float((theta - area) ** 2 - z * z * variance)

    # The area itself and the ends have no spread: the ends of the interval lie strictly between them.
    low = float(brentq(excess, 0.0, area - _NEAR)) if area > _NEAR else 0.0
    high = float(brentq(excess, area + _NEAR, 1.0)) if area < 1.0 - _NEAR else 1.0
    return low, high


def recall(probabilities: np.ndarray, happened: np.ndarray, flagged: float = 0.2) -> float | None:
    """Give the share of the onsets that fall in the states with the highest probabilities.

    Of states that tie at the border of what is flagged, the part that fits in counts: the mean over all orders.

    Parameters
    ----------
    probabilities, happened : numpy.ndarray
        As of `auc`.
    flagged : float
        Share of the states that is flagged, 0-1.

    Returns
    -------
    float or None
        None if there was no onset.

    Examples
    --------
    >>> recall(np.array([0.9, 0.5, 0.5, 0.1, 0.0]), np.array([True, True, False, False, False]), 0.4)
    0.75
    """
    if not happened.any():
        return None
    return float(flagged_parts(probabilities, flagged * len(probabilities))[happened].mean())


def flagged_parts(probabilities: np.ndarray, number: float) -> np.ndarray:
    """Give how far each state is among so many with the highest probabilities: 1 or 0, between them where it ties.

    Parameters
    ----------
    probabilities : numpy.ndarray, shape (states,)
        Simulated.
    number : float
        How many are flagged.

    Examples
    --------
    >>> flagged_parts(np.array([0.1, 0.9, 0.1]), 2.0).tolist()
    [0.5, 1.0, 0.5]
    """
    _, place, tied = np.unique(-probabilities, return_inverse=True, return_counts=True)
    before = np.cumsum(tied) - tied
    parts: np.ndarray = np.clip((number - before) / tied, 0.0, 1.0)[place]
    return parts


def recall_interval(share: float, onsets: int, level: float = LEVEL) -> Interval:
    """Give the interval of a recall among so many onsets, as of a share (Clopper and Pearson 1934).

    Parameters
    ----------
    share : float
        0-1; times `onsets` not always a whole number, where states tie.
    onsets : int
        Number of onsets.
    level : float
        Confidence, 0-1.
    """
    return share_interval(share * onsets, onsets, level)


def share_interval(successes: float, trials: float, level: float = LEVEL) -> Interval:
    """Give the interval of Clopper and Pearson for a share.

    Examples
    --------
    >>> share_interval(0, 10)[0], round(share_interval(0, 10)[1], 3)
    (0.0, 0.308)
    """
    from scipy.stats import beta

    tail = (1.0 - level) / 2.0
    low = float(beta.ppf(tail, successes, trials - successes + 1.0)) if successes > 0.0 else 0.0
    high = float(beta.ppf(1.0 - tail, successes + 1.0, trials - successes)) if successes < trials else 1.0
    return low, high


def roc(probabilities: np.ndarray, happened: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the ROC curve: shares of states without and with an onset that are flagged, from none to all of them."""
    order = np.argsort(-probabilities, kind="stable")
    last = np.append(np.diff(probabilities[order]) != 0.0, True)
    caught = np.cumsum(happened[order])[last]
    false = np.cumsum(~happened[order])[last]
    yes, no = max(int(happened.sum()), 1), max(int((~happened).sum()), 1)
    return np.append(0.0, false / no), np.append(0.0, caught / yes)


def calibration(probabilities: np.ndarray, happened: np.ndarray, edges: Sequence[float] = EDGES) -> tuple[Bin, ...]:
    """Set expected against observed shares, by class of probability.

    Parameters
    ----------
    probabilities, happened : numpy.ndarray
        As of `auc`.
    edges : sequence of float
        Bounds of the classes, rising from 0 to 1.

    Returns
    -------
    tuple of Bin
        Classes that hold a state.
    """
    place = np.clip(np.searchsorted(edges, probabilities, side="right") - 1, 0, len(edges) - 2)
    bins = []
    for k in range(len(edges) - 1):
        own = place == k
        states, onsets = int(own.sum()), int(happened[own].sum())
        if states:
            expected = float(probabilities[own].mean())
            share = share_interval(onsets, states)
            bins.append(Bin(edges[k], edges[k + 1], states, expected, onsets / states, onsets, share))
    return tuple(bins)


def brier(probabilities: np.ndarray, happened: np.ndarray) -> tuple[float, float | None]:
    """Give the mean squared error of the probabilities, and its skill against the observed share for every state.

    Returns
    -------
    score : float
        0 is perfect.
    skill : float or None
        1 is perfect, 0 no better than the base rate, which no forecaster knew; None without onsets.
    """
    score = float(np.mean((probabilities - happened) ** 2))
    base = float(happened.mean())
    reference = base * (1.0 - base)
    return score, None if math.isclose(reference, 0.0) else 1.0 - score / reference
