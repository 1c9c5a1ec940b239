"""Why did it happen: the events of a month, each with its probability and what contributed most.

The contributions are the terms of the very log hazard that the rule used, read from the same table and the same
columns: they add up to the log of the hazard over its base rate.
"""

from __future__ import annotations

from math import expm1, log

import numpy as np

from r2psim.declarations.columns import CONFLICT, GROUP, STAGES, STATE, TRIGGERS, G, S, Table
from r2psim.rules import conflict as conflict_rule
from r2psim.rules import stages as stages_rule
from r2psim.rules import triggers as triggers_rule
from r2psim.rules.contagion import WAR
from r2psim.scenario.parameters import P
from r2psim.world.build import World
from r2psim.world.events import Event
from r2psim.world.rows import Rows

__all__ = ["contributions", "events_of_month", "label"]

_LABELS = {
    "at_pressure": "active triggers",
    "pressure": "active triggers",
    "at_conflict": "armed conflict",
    "at_war": "war",
    "at_restraint": "restraint",
    "at_incitement": "incitement",
    "at_means": "means at hand of perpetrators",
    "violations": "visible violations below killing",
    "marked": "targeting or exclusion of the group",
    "at_past": "record of past violations",
    "risk": "risk factors present",
    "mood": "mean grievance",
    "discontent": "discontent of excluded groups",
    "armed_groups": "strength of armed groups",
    "spill_war": "war next door",
    "spill_arms": "arms from next door",
    "coup_success": "a coup attempt this month",
    "outbreak": "outbreak of a conflict",
    "government_perpetrator": "a government that commits violations or kills",
}

Contribution = tuple[str, float]


def label(column: str) -> str:
    """Give the words for a column.

    Examples
    --------
    >>> label("at_conflict"), label("local_resolution"), label("trigger_economic_shock")
    ('armed conflict', 'local resolution', 'economic shock')
    """
    if column.startswith("aid_"):
        return "assistance"
    return _LABELS.get(column, column.removeprefix("trigger_").replace("_", " "))


def contributions(p: np.ndarray, block: np.ndarray, row: int, terms: np.ndarray, table: Table) -> list[Contribution]:
    """Give every term of a row's log hazard.

    Returns
    -------
    list of (str, float)
        Label of the column, and what it adds to the log of the hazard over its base rate.
    """
    found = []
    for coefficient, column, reference in terms[1:]:
        centre = p[reference] if reference >= 0 else 0.0
        found.append((label(table.columns[column].name), float(p[coefficient] * (block[column, row] - centre))))
    return found


def _largest(found: list[Contribution]) -> tuple[Contribution, ...]:
    """Keep the three largest by size; those that add nothing say nothing."""
    return tuple(sorted((c for c in found if c[1] != 0.0), key=lambda c: -abs(c[1]))[:3])


def _of_offensive(before: np.ndarray, s: int, p: np.ndarray, rate: float, month: int) -> list[Contribution]:
    """Give what the strength of armed groups, and a conflict that has just broken out, add to an offensive's hazard."""
    found = []
    if before[S.armed_groups, s] > 0.0:
        found.append((label("armed_groups"), log(before[S.armed_groups, s] / p[P.reference_armed_groups])))
    if before[S.conflict_months, s] < 1.0 and before[S.escalation_hazard, s] > 0.0 and month > 0:
        added = float(p[P.triggers_armed_offensive_outbreak])
        found.append((label("outbreak"), log(rate / max(rate - added, 1e-12)) if added > 0.0 else 0.0))
    return found


def _triggers(world: World, before: np.ndarray, rows: Rows, p: np.ndarray, month: int) -> list[Event]:
    """Find the triggers that struck, explained by the columns as they stood before the states moved."""
    found = []
    for k, name in enumerate(TRIGGERS):
        for s in map(int, np.flatnonzero(rows.state[S.strike_contested_election + k])):
            rate = float(rows.state[S.rate_contested_election + k, s])
            parts = contributions(p, before, s, triggers_rule.TERMS[name], STATE)
            if name == "irregular_transition" and rows.state[S.strike_coup, s] > 0.0:
                added = float(p[P.triggers_irregular_transition_coup_success])
                parts.append((label("coup_success"), log(rate / max(rate - added, 1e-12)) if added > 0.0 else 0.0))
            if name == "armed_offensive":
                parts += _of_offensive(before, s, p, rate, month)
            found.append(Event(month, "trigger", world.states[s], None, name, "", "", -expm1(-rate), _largest(parts)))
    return found


_CONFLICT_UP = ("onset", "relapse", "escalation")
_CONFLICT_DOWN = ("", "healing", "settlement", "abatement")


def _conflicts(world: World, before: np.ndarray, rows: Rows, p: np.ndarray, month: int) -> list[Event]:
    """Find the changes of conflict state."""
    found = []
    # The rule read whether the government is a perpetrator before groups moved; all else it reads stays as it was then.
    seen = rows.state.copy()
    seen[S.government_perpetrator] = before[S.government_perpetrator]
    for s in map(int, np.flatnonzero(before[S.conflict] != rows.state[S.conflict])):
        was, now = int(before[S.conflict, s]), int(rows.state[S.conflict, s])
        up = now > was and now >= 2
        what = _CONFLICT_UP[was] if up else _CONFLICT_DOWN[was]
        parts = contributions(p, seen, s, conflict_rule.TERMS[what], STATE)
        chance = float(rows.state[S.conflict_change, s])
        found.append(
            Event(month, "conflict", world.states[s], None, what, CONFLICT[was], CONFLICT[now], chance, _largest(parts))
        )
    return found


def _stages(world: World, rows: Rows, p: np.ndarray, month: int) -> list[Event]:
    """Find the changes of stage; a rise from threat straight to atrocity has the hazard of imminent risk."""
    found = []
    group = rows.group
    for g in map(int, np.flatnonzero(group[G.stage_before] != group[G.stage])):
        was, now = int(group[G.stage_before, g]), int(group[G.stage, g])
        what = stages_rule.UP[was] if now > was else stages_rule.DOWN[was - 1]
        parts = contributions(p, group, g, stages_rule.TERMS[what], GROUP)
        if what == "to_threat":
            parts.append((label("at_pressure"), log(group[G.at_pressure, g] / p[P.reference_at_pressure])))
        if what == "to_imminent":
            parts.append((label("marked"), log(group[G.marked, g] / p[P.reference_marked])))
        found.append(
            Event(
                month,
                "stage",
                world.states[rows.home[g]],
                world.groups[g],
                what,
                STAGES[was],
                STAGES[now],
                float(group[G.stage_change, g]),
                _largest(parts),
            )
        )
    return found


def events_of_month(world: World, before: np.ndarray, rows: Rows, p: np.ndarray, month: int) -> list[Event]:
    """Find and explain every trigger, conflict change and stage change of a month that has just been run.

    Parameters
    ----------
    world : World
        For the names.
    before : numpy.ndarray, shape (columns, states)
        The block of states as it stood after the states had looked around and before they moved.
    rows : Rows
        After the month.
    p : numpy.ndarray
        Values of the parameters.
    month : int
        Number of the month.
    """
    before[S.at_war] = before[S.conflict] == WAR
    found = _triggers(world, before, rows, p, month)
    found += _conflicts(world, before, rows, p, month)
    return found + _stages(world, rows, p, month)
