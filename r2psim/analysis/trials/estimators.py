"""Estimators of a trial: ratios of the treated to the others, with intervals that know which entries shared a run.

Hazard and rate ratios solve the same equation: within each stratum (a month since entry for a hazard ratio, as in
Cox's partial likelihood with Breslow's ties; none for a rate ratio) the doses of those to whom something happened are
held against the doses of those to whom it could have happened, each weighted by the ratio to the power of its dose.
Intervals are those of a jackknife that leaves out one block of runs at a time: entries of a run, and the two halves of
a pair, are not independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.stats import t as student

from r2psim.analysis.trials.enrolment import Entries

__all__ = ["Estimate", "estimate", "log_ratio"]

BLOCKS = 40
"""Blocks of runs that a jackknife leaves out one at a time."""
LARGEST = 12.0
"""Log ratio beyond which nothing is told apart from nothing at all."""
Z = 0.975


class Estimate(NamedTuple):
    """A ratio and what it rests on.

    Attributes
    ----------
    ratio, low, high : float
        Ratio a unit of dose, and its 95 % interval; NaN where it cannot be told.
    se : float
        Standard error of its log.
    entries : int
        Entries that it rests on.
    events : float
        Events, months or amounts counted.
    """

    ratio: float
    low: float
    high: float
    se: float
    entries: int
    events: float


def log_ratio(dose: np.ndarray, happened: np.ndarray, exposed: np.ndarray) -> float:
    """Solve for the log ratio a unit of dose.

    Parameters
    ----------
    dose : numpy.ndarray, shape (arms,)
        Dose of each arm.
    happened : numpy.ndarray, shape (strata, arms)
        Events, or amounts.
    exposed : numpy.ndarray, shape (strata, arms)
        Those at risk, or months.

    Returns
    -------
    float
        NaN where one arm alone has events or was exposed.

    Examples
    --------
    >>> round(math.exp(log_ratio(np.array([0.0, 1.0]), np.array([[20.0, 10.0]]), np.array([[100.0, 100.0]]))), 6)
    0.5
    """
    of_stratum = happened.sum(axis=1)
    used = (of_stratum > 0.0) & (exposed > 0.0).all(axis=1) if len(dose) == 2 else of_stratum > 0.0
    if not used.any():
        return math.nan
    h, e, total = happened[used], exposed[used], of_stratum[used]
    seen = float((h * dose).sum())

    def gap(b: float) -> float:
        weight = e * np.exp(b * (dose - dose.mean()))
        return seen - float((total * (weight * dose).sum(axis=1) / weight.sum(axis=1)).sum())

    width = LARGEST / max(float(np.ptp(dose)), 1e-12)
    if gap(-width) * gap(width) >= 0.0:
        return math.nan
    return float(brentq(gap, -width, width, xtol=1e-10))


def _tables(entries: Entries, block: np.ndarray, blocks: int, arms: int, months: int) -> tuple[np.ndarray, np.ndarray]:
    """Count events and those at risk by block, month since entry, and arm."""
    last = np.clip(entries.months, 0, months)
    shape = (blocks, months + 2, arms)
    ended = np.zeros(shape)
    np.add.at(ended, (block, last, entries.arm), 1.0)
    happened = np.zeros(shape)
    np.add.at(happened, (block[entries.happened], last[entries.happened], entries.arm[entries.happened]), 1.0)
    # At risk in a month is who is followed for that many months or more.
    at_risk = np.cumsum(ended[:, ::-1], axis=1)[:, ::-1]
    return happened[:, 1:-1], at_risk[:, 1:-1]


def estimate(entries: Entries, estimand: str, doses: np.ndarray, follow_up: int) -> Estimate:
    """Estimate a ratio from the entries of a trial.

    Parameters
    ----------
    entries : Entries
        Of both halves of every pair of runs.
    estimand : str
        One of `r2psim.scenario.trials.ESTIMANDS`.
    doses : numpy.ndarray, shape (arms,)
        Dose of each arm, in the units of the estimate.
    follow_up : int
        Months after entry at the end of follow-up.

    Returns
    -------
    Estimate
        With a 95 % interval by a jackknife over blocks of runs.
    """
    arms = len(doses)
    if len(entries) == 0:
        return Estimate(math.nan, math.nan, math.nan, math.nan, 0, 0.0)
    runs, number = np.unique(entries.run, return_inverse=True)
    blocks = min(BLOCKS, len(runs))
    block = number * blocks // len(runs)
    if estimand == "hazard ratio":
        happened, exposed = _tables(entries, block, blocks, arms, follow_up)
        events = float(happened.sum())
    else:
        kept = entries.complete if estimand == "risk ratio" else np.ones(len(entries), dtype=bool)
        amount = entries.happened.astype(float) if estimand == "risk ratio" else entries.total
        room = np.ones(len(entries)) if estimand == "risk ratio" else entries.months.astype(float)
        happened, exposed = np.zeros((blocks, 1, arms)), np.zeros((blocks, 1, arms))
        np.add.at(happened, (block[kept], 0, entries.arm[kept]), amount[kept])
        np.add.at(exposed, (block[kept], 0, entries.arm[kept]), room[kept])
        events = float(happened.sum())
    found = _jackknife(lambda h, e: log_ratio(doses, h, e), happened, exposed)
    return Estimate(*found, len(entries), events)


def _jackknife(
    solve: Callable[[np.ndarray, np.ndarray], float], happened: np.ndarray, exposed: np.ndarray
) -> tuple[float, float, float, float]:
    """Give a ratio with its interval, and the standard error of its log, leaving out a block at a time."""
    h, e = happened.sum(axis=0), exposed.sum(axis=0)
    whole = solve(h, e)
    blocks = len(happened)
    if not math.isfinite(whole):
        return math.nan, math.nan, math.nan, math.nan
    if blocks < 2:
        return math.exp(whole), math.nan, math.nan, math.nan
    without = np.array([solve(h - happened[k], e - exposed[k]) for k in range(blocks)])
    without = without[np.isfinite(without)]
    if len(without) < blocks:
        return math.exp(whole), math.nan, math.nan, math.nan
    se = math.sqrt((blocks - 1) / blocks * float(((without - without.mean()) ** 2).sum()))
    reach = float(student.ppf(Z, blocks - 1)) * se
    return math.exp(whole), math.exp(whole - reach), math.exp(whole + reach), se
