"""Panels written by hand: a few states and years in which everything is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from r2psim.analysis.calibration.definitions import DEFINITIONS, Coded
from r2psim.analysis.calibration.panel import Panel

__all__ = ["coded", "panel", "value"]


def panel(years: int = 12, states: int = 3, groups_each: int = 1, **columns: Any) -> Panel:
    """Make a panel in which nothing happens but what is given."""
    groups = states * groups_each
    made: dict[str, Any] = {
        "home": np.repeat(np.arange(states), groups_each),
        "conflict": np.zeros((years, states), dtype=np.int8),
        "since_conflict": np.full(states, np.inf),
        "coup": np.zeros((years, states), dtype=bool),
        "transition": np.zeros((years, states), dtype=bool),
        "closed": np.zeros((years, states), dtype=bool),
        "discriminated": np.zeros((years, states)),
        "status": np.ones((years, states), dtype=np.int8),
        "past": np.zeros(states, dtype=bool),
        "perceived": np.zeros((years, states)),
        "stage": np.zeros((years, groups), dtype=np.int8),
        "stage_at_start": np.zeros(groups, dtype=np.int8),
        "perpetrator": np.zeros((years, groups), dtype=np.int8),
        "deaths": np.zeros((years, groups)),
        "deaths_12": np.zeros((years, groups)),
        "response": np.zeros((years, states)),
        "spent_prevention": 0.0,
        "spent_response": 0.0,
        "struck": np.zeros((years * 12, states), dtype=np.uint8),
        "began": np.zeros((0, 2), dtype=np.int32),
        "imminent": np.zeros((0, 4), dtype=np.int32),
        "threshold": 1000.0,
        "neighbour_start": np.zeros(states + 1, dtype=np.int64),
        "neighbour": np.zeros(0, dtype=np.int64),
    }
    unknown = set(columns) - set(made)
    assert not unknown
    return Panel(**{**made, **columns})


def kill(made: Panel, group: int, first: int, last: int, a_year: float = 2000.0, perpetrator: int = 1) -> Panel:
    """Let a group be killed from the first to the last year."""
    made.deaths[first : last + 1, group] = a_year
    made.deaths_12[first : last + 1, group] = a_year
    made.perpetrator[first : last + 1, group] = perpetrator
    made.stage[first : last + 1, group] = 4
    return made


def coded(made: Panel) -> Coded:
    """Code a panel."""
    return Coded(made)


def value(name: str, *made: Panel) -> float:
    """Measure one target over some panels."""
    definition = DEFINITIONS[name]
    return definition.finish([definition.collect(Coded(one)) for one in made])
