"""Patterns that nothing was fitted to: told as they are, good or bad, beside the record where it is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from r2psim.analysis.calibration.definitions import Coded, relapse_table
from r2psim.declarations.columns import CONFLICT, TRIGGERS

__all__ = ["PATTERNS", "collect_patterns", "finish_patterns"]

YEAR = 12
LAG_YEARS = 5
SURVIVAL_YEARS = 30
DEATHS_AT = (1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6)

PATTERNS: dict[str, str] = {
    "lags": "years from the latest trigger of each kind to an entry into atrocity, shares within 1, 2 and 5 years",
    "no_trigger": "share of entries into atrocity without any trigger in the five years before",
    "clustering": "variance of the number of onsets in a year over its mean: 1 if they were independent (Poisson)",
    "relapse": "share of states with a new onset, by years since their last episode ended (Kaplan-Meier)",
    "survival": "share of episodes that still go on, by years since they began (Kaplan-Meier)",
    "contagion": "risk of an onset where an episode went on next door the year before, over the risk elsewhere",
    "tail": "share of episodes that kill more than so many",
    "stages": "share of state-years at each operational stage",
    "stage_moves": "annual moves between operational stages",
    "conflict_moves": "annual moves between peace, recovery, minor conflict and war",
    "lasting": "highest stage that each group reaches in a run, as shares",
}
"""What each pattern is."""

RECORD: dict[str, Any] = {
    "stages": [0.386, 0.309, 0.133, 0.023, 0.149],
    "stage_moves": [
        [0.965, 0.008, 0.023, 0.002, 0.0022],
        [0.034, 0.904, 0.040, 0.011, 0.0108],
        [0.051, 0.153, 0.748, 0.028, 0.0194],
        [0.005, 0.195, 0.148, 0.614, 0.0381],
        [0.0, 0.025, 0.025, 0.006, 0.945],
    ],
    "conflict_moves": [
        [0.979, 0.0, 0.018, 0.003],
        [0.141, 0.720, 0.127, 0.012],
        [0.0, 0.182, 0.726, 0.092],
        [0.0, 0.059, 0.225, 0.716],
    ],
}
"""The record 1960-2024, where it is known (operational stages; UCDP/PRIO intrastate conflict)."""


def _survival_table(run: Coded) -> np.ndarray:
    """Count ends and episodes at risk, by years since the episode began, shape (2, `SURVIVAL_YEARS`)."""
    table = np.zeros((2, SURVIVAL_YEARS))
    for episode in run.episodes:
        if episode.begun:
            lasted = min(episode.duration, SURVIVAL_YEARS)
            table[1, :lasted] += 1
            if episode.ended and episode.duration <= SURVIVAL_YEARS:
                table[0, episode.duration - 1] += 1
    return table


def _lags(run: Coded) -> np.ndarray:
    """Count entries into stage 4, by kind of trigger and years since it last struck; the last column: longer or never.

    The last row is about the latest trigger of any kind.
    """
    panel = run.panel
    table = np.zeros((len(TRIGGERS) + 1, LAG_YEARS + 1))
    for month, group in panel.began:
        if month < LAG_YEARS * YEAR:
            continue  # The years before the start are not known.
        recent = panel.struck[month - LAG_YEARS * YEAR : month + 1, panel.home[group]][::-1]
        for k in range(len(TRIGGERS) + 1):
            hit = np.flatnonzero(recent if k == len(TRIGGERS) else recent & (1 << k))
            table[k, min(hit[0] // YEAR, LAG_YEARS) if len(hit) else LAG_YEARS] += 1
    return table


def _next_door(run: Coded) -> np.ndarray:
    """Count onsets and state-years, with and without an episode next door the year before; states without one only."""
    panel, ongoing = run.panel, run.ongoing
    near = np.zeros_like(ongoing)
    for s in range(panel.states):
        own = panel.neighbour[panel.neighbour_start[s] : panel.neighbour_start[s + 1]]
        if len(own):
            near[:, s] = ongoing[:, own].any(axis=1)
    free, onset, near = ~ongoing[:-1], run.onset[1:], near[:-1]
    return np.array(
        [(onset & free & near).sum(), (free & near).sum(), (onset & free & ~near).sum(), (free & ~near).sum()],
        dtype=float,
    )


def _moves(states: np.ndarray, kinds: int) -> np.ndarray:
    table = np.zeros((kinds, kinds))
    np.add.at(table, (states[:-1].ravel(), states[1:].ravel()), 1)
    return table


def collect_patterns(run: Coded) -> dict[str, np.ndarray]:
    """Give what one run tells of every pattern."""
    panel = run.panel
    deaths = np.array([e.deaths for e in run.episodes if e.begun])
    begun = np.array([e.first for e in run.episodes if e.begun], dtype=int)
    known = run.stage[4:]
    return {
        "lags": _lags(run),
        "clustering": np.bincount(begun, minlength=panel.years).astype(float),
        "relapse": relapse_table(run),
        "survival": _survival_table(run),
        "contagion": _next_door(run),
        "tail": np.array([(deaths > least).sum() for least in DEATHS_AT] + [len(deaths)], dtype=float),
        "stages": np.bincount(known.ravel(), minlength=5).astype(float),
        "stage_moves": _moves(known, 5),
        "conflict_moves": _moves(run.conflict, len(CONFLICT)),
        "lasting": np.bincount(np.maximum(panel.stage.max(axis=0), panel.stage_at_start), minlength=5).astype(float),
    }


def _curve(told: Sequence[np.ndarray]) -> np.ndarray:
    events, at_risk = np.sum(told, axis=0)
    return np.cumprod(1.0 - np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0))


def _rows(table: np.ndarray) -> list[list[float | None]]:
    totals = table.sum(axis=1, keepdims=True)
    return [
        [float(x) if total > 0 else None for x in row]
        for row, total in zip(table / np.maximum(totals, 1), totals.ravel(), strict=True)
    ]


def _over(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def finish_patterns(told: Sequence[dict[str, np.ndarray]]) -> dict[str, Any]:
    """Give the patterns from what runs told, as plain data; what they do not tell is None.

    Parameters
    ----------
    told : sequence of dict
        As `collect_patterns` gives it for each run.
    """
    of = {name: [one[name] for one in told] for name in told[0]}
    lags = np.sum(of["lags"], axis=0)
    totals = lags.sum(axis=1)
    within = np.cumsum(lags, axis=1)
    yearly = np.concatenate([row[1:] for row in of["clustering"]])
    near, near_years, far, far_years = np.sum(of["contagion"], axis=0)
    tail = np.sum(of["tail"], axis=0)
    near_risk, far_risk = _over(near, near_years), _over(far, far_years)
    return {
        "lags": {
            name: {f"within_{years}y": _over(within[k, years - 1], totals[k]) for years in (1, 2, 5)}
            for k, name in enumerate((*TRIGGERS, "any"))
        },
        "no_trigger": _over(lags[-1, -1], totals[-1]),
        "clustering": _over(yearly.var(ddof=1), yearly.mean()) if len(yearly) > 1 else None,
        "relapse": [float(1.0 - x) for x in _curve(of["relapse"])],
        "survival": [float(x) for x in _curve(of["survival"])],
        "contagion": None if near_risk is None or not far_risk else near_risk / far_risk,
        "tail": {f"{least:g}": _over(count, tail[-1]) for least, count in zip(DEATHS_AT, tail, strict=False)},
        "stages": [float(x) for x in np.sum(of["stages"], axis=0) / np.sum(of["stages"])],
        "stage_moves": _rows(np.sum(of["stage_moves"], axis=0)),
        "conflict_moves": _rows(np.sum(of["conflict_moves"], axis=0)),
        "lasting": [float(x) for x in np.sum(of["lasting"], axis=0) / np.sum(of["lasting"])],
    }
