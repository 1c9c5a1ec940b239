"""What a world is like, in few numbers: the same ones for a drawn world and for the record of 2014 (``[record]``)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from r2psim.declarations.columns import CONFLICT, STAGES, STATUS_EXCLUSION

__all__ = ["CORRELATED", "MOST_NEIGHBOURS", "QUANTILES", "STATUSES", "summarise", "summarise_world"]

QUANTILES = ("population", "income", "regime", "capacity", "excluded", "group_size")
"""Variables of which quantiles are given: logs to base 10 of persons, of US$ a person and of a group's share; the
others as they are."""

CORRELATED = ("groups", "population", "income", "capacity", "regime", "excluded", "conflict", "ever", "ongoing")
"""Variables of a state whose rank correlations are given, every pair."""

STATUSES = tuple(status for status in STATUS_EXCLUSION if status != "irrelevant")
"""Statuses of politically relevant groups."""

MOST_NEIGHBOURS = 10
MOST_GROUPS = 12

_BOUND = 5e5  # persons; smaller states are not in the predictors
_DECILES = np.linspace(0.0, 1.0, 11)
_EXCLUDED = ("powerless", "discriminated", "self-excluded")


def summarise(
    states: Mapping[str, Sequence[float]],
    group_sizes: Sequence[float],
    statuses: Sequence[str],
    neighbours: Sequence[int],
    stages: Sequence[int],
) -> dict[str, Any]:
    """Sum up a world.

    Parameters
    ----------
    states : mapping of str to sequence of float
        Each of `CORRELATED`, by state: numbers of relevant groups, persons, US$ a person, scores and shares 0-1, 0 to 2
        for none, minor conflict and war, and whether a mass killing ever was or is under way.
    group_sizes : sequence of float
        Shares of the population of all relevant groups.
    statuses : sequence of str
        Their statuses.
    neighbours : sequence of int
        Numbers of neighbours of the states that have any.
    stages : sequence of int
        Operational stages of the states.

    Returns
    -------
    dict
        ``quantiles``: deciles of `QUANTILES`. ``groups_at_most``: shares of the states with at most 0, 1, ... relevant
        groups. ``neighbours_at_most``: of those with any, shares with at most 1, 2, ... ``stages``, ``statuses``:
        shares. ``correlations``: rank correlations, lower triangle by row.
    """
    from scipy.stats import spearmanr

    columns = {name: np.array(states[name], dtype=float) for name in CORRELATED}
    values = {
        "population": np.log10(columns["population"]),
        "income": np.log10(columns["income"]),
        **{name: columns[name] for name in ("regime", "capacity", "excluded")},
        "group_size": np.log10(np.maximum(group_sizes, 1e-4)),
    }
    near, number = np.array(neighbours), columns["groups"]
    ranks = np.nan_to_num(spearmanr(np.stack(list(columns.values())), axis=1).statistic)
    kinds = Counter(statuses)
    return {
        "quantiles": {name: [float(q) for q in np.quantile(values[name], _DECILES)] for name in QUANTILES},
        "groups_at_most": [float(np.mean(number <= k)) for k in range(MOST_GROUPS + 1)],
        "neighbours_at_most": [float(np.mean(near <= k)) for k in range(1, MOST_NEIGHBOURS + 1)] if len(near) else [],
        "stages": [float(np.mean(np.array(stages) == k)) for k in range(len(STAGES))],
        "statuses": [kinds[status] / max(len(statuses), 1) for status in STATUSES],
        "correlations": [[float(ranks[i, j]) for j in range(i)] for i in range(len(CORRELATED))],
    }


def summarise_world(world: Mapping[str, Any]) -> dict[str, Any]:
    """Sum up a drawn world: of its states those above half a million people, as in the predictors.

    Parameters
    ----------
    world : mapping
        Tables of `r2psim.world.generate.generate`.
    """
    every = list(world["states"].values())
    sizable = [state for state in every if state["population"] > _BOUND]
    relevant = [group for state in every for group in state["groups"].values() if group["status"] != "irrelevant"]
    stages = [_stage(state) for state in sizable]
    return summarise(
        {
            "groups": [sum(g["status"] != "irrelevant" for g in state["groups"].values()) for state in sizable],
            "population": [state["population"] for state in sizable],
            "income": [state["gdp"] / state["population"] for state in sizable],
            "capacity": [state["capacity"] for state in sizable],
            "regime": [state["regime"] for state in sizable],
            "excluded": [_excluded(state) for state in sizable],
            "conflict": [max(CONFLICT.index(state["conflict"]) - 1, 0) for state in sizable],
            "ever": [float(state["past_violations"] > 0.0) for state in sizable],
            "ongoing": [float(stage == len(STAGES) - 1) for stage in stages],
        },
        [group["share"] for group in relevant],
        [group["status"] for group in relevant],
        [len(state["neighbours"]) for state in every if state["neighbours"]],
        stages,
    )


def _stage(state: Mapping[str, Any]) -> int:
    return int(state["operational_stage"])


def _excluded(state: Mapping[str, Any]) -> float:
    return math.fsum(group["share"] for group in state["groups"].values() if group["status"] in _EXCLUDED)
