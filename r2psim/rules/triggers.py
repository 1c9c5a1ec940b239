"""Triggers: the crises and political changes that upset a state at risk, drawn each month for each state."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import STATE, TRIGGERS, S
from r2psim.rules import draws as d
from r2psim.rules.arithmetic import exp, probability
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.contagion import WAR
from r2psim.rules.draws import Draws, number_of_month, of_run, uniform, uniform_pair
from r2psim.rules.log_linear import hazards, terms
from r2psim.scenario.parameters import PARAMETERS, P
from r2psim.world.rows import Rows

__all__ = ["TERMS", "triggers"]

TERMS = {name: terms(f"triggers.{name}", STATE) for name in TRIGGERS}
"""Terms of each trigger's hazard, by name."""

_KINDS = len(TRIGGERS)
_TERMS = tuple(TERMS.values())
"""Terms in the order of `TRIGGERS`, which is also that of the columns ``rate_``, ``strike_`` and ``trigger_``."""


def _places(entry: str) -> np.ndarray:
    """Give the places of an entry of the parameters of every kind, in the order of `TRIGGERS`."""
    place = {path: i for i, path in enumerate(PARAMETERS)}
    return np.array([place[f"triggers.{name}.{entry}"] for name in TRIGGERS], dtype=np.int64)


def _drawn_together(purposes: list[int]) -> np.ndarray:
    """Group the kinds by block of chance: rows of a kind, its partner or -1, and the purpose of the first.

    Two kinds that stand side by side share a block where their purposes are its two halves. Every kind is drawn once.
    """
    found: list[tuple[int, int, int]] = []
    k = 0
    while k < len(purposes):
        pair = k + 1 < len(purposes) and purposes[k] % 2 == 0 and purposes[k + 1] == purposes[k] + 1
        found.append((k, k + 1 if pair else -1, purposes[k]))
        k += 2 if pair else 1
    return np.array(found, dtype=np.int64)


_PURPOSES = [int(getattr(d, name.upper())) for name in TRIGGERS]
_HALF_LIVES = _places("half_life")
_WEIGHTS = _places("weight")
_DRAWN = _drawn_together(_PURPOSES)
_OCCASIONS = ("contested_election", "neighbour_war", "armed_offensive")
"""Kinds that wait for an occasion of their own; all others strike at a yearly rate."""
_YEARLY = np.array([k for k, name in enumerate(TRIGGERS) if name not in _OCCASIONS], dtype=np.int64)

HOLDS = {
    "_HALF_LIVES": tuple(f"triggers_{name}_half_life" for name in TRIGGERS),
    "_WEIGHTS": tuple(f"triggers_{name}_weight" for name in TRIGGERS),
    "_DRAWN": tuple(name.upper() for name in TRIGGERS),
}
"""What the tables above hold, by the identifiers that a rule would name: the documentation reads it."""

# One record for each kind, in whatever number: what is written down of it in several places must be there once.
assert len(set(_PURPOSES)) == _KINDS, "two kinds of trigger would share their luck"
assert sorted(k for row in _DRAWN.tolist() for k in row[:2] if k >= 0) == list(range(_KINDS))
for _prefix in ("rate", "strike", "trigger"):
    _columns = [STATE.index[f"{_prefix}_{name}"] for name in TRIGGERS]
    assert _columns == list(range(_columns[0], _columns[0] + _KINDS)), f"{_prefix}: not in the order of the kinds"
_COUP = TRIGGERS.index("coup")
_AFTER_COUP = next(i for i, row in enumerate(_DRAWN.tolist()) if _COUP in row[:2])
"""The draw in which coups strike."""
assert (_DRAWN[: _AFTER_COUP + 1, :2] != TRIGGERS.index("irregular_transition")).all(), "coups are drawn before them"

MONTH = 1.0 / 12.0
_LN2 = 0.6931471805599453


@inline
def fading(half_life: float) -> float:
    """Share that is left after a month of something that halves in ``half_life`` months."""
    return exp(-_LN2 / half_life)


@inline
def election_is_due(month: float, phase: float, interval: float) -> float:
    """1 in a month of scheduled elections, else 0; an interval of 0 means that none are held."""
    since = month - phase
    every = 1.0 if interval < 1.0 else interval
    due = 1.0 if since - every * np.floor(since / every + 1e-9) < 1.0 else 0.0
    # Before the first month they were held as often, but no less than a full interval before the first to come.
    due = 0.0 if 0.0 <= month < phase else due
    return 0.0 if interval < 1.0 else due


@by_run("rows.state")
@inline
def occasions(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Scale the hazards of states ``first..last`` to this month: its share of a year, or the occasion it offers.

    Elections can be contested when they are held, a war next door upsets when it has just broken out, and armed groups
    take the offensive in a conflict, the more the stronger they are, and at its outbreak or escalation above all.
    """
    state = rows.state
    month = number_of_month(draws)
    reference = p[P.reference_armed_groups]
    outbreak = p[P.triggers_armed_offensive_outbreak] if draws.month > 0 else 0.0
    conflict = state[S.conflict, first:last]
    conflict_months = state[S.conflict_months, first:last]
    escalation_hazard = state[S.escalation_hazard, first:last]
    phase = state[S.election_phase, first:last]
    interval = state[S.election_interval, first:last]
    spill_new_war = state[S.spill_new_war, first:last]
    armed_groups = state[S.armed_groups, first:last]
    election = state[S.rate_contested_election, first:last]
    neighbour = state[S.rate_neighbour_war, first:last]
    offensive = state[S.rate_armed_offensive, first:last]
    for i in range(last - first):
        in_conflict = 1.0 if conflict[i] >= 2.0 else 0.0
        election[i] = election_is_due(month, phase[i], interval[i]) * election[i]
        neighbour[i] = spill_new_war[i] * neighbour[i]
        # What was a war a month ago could not escalate: an abating war is no outbreak.
        new = in_conflict if escalation_hazard[i] > 0.0 else 0.0
        new = new if conflict_months[i] < 1.0 else 0.0
        offensive[i] = in_conflict * (armed_groups[i] / reference) * MONTH * offensive[i] + new * outbreak
    for j in range(len(_YEARLY)):
        rate = state[S.rate_contested_election + _YEARLY[j], first:last]
        for i in range(last - first):
            rate[i] = MONTH * rate[i]


@inline
def strike_or_fade(freshness: float, hit: float, left: float) -> float:
    """Give how fresh a trigger is: 1 when it strikes, else what a month leaves of it."""
    return 1.0 if hit > 0.0 else freshness * left


@inline
def course_of(k: int, p: np.ndarray) -> tuple[float, float]:
    """Give what a month leaves of the ``k``-th of `TRIGGERS`, and its weight in the pressure."""
    return fading(p[_HALF_LIVES[k]]), p[_WEIGHTS[k]]


@by_run("rows.state")
@inline
def strike(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws, j: int) -> None:
    """Let the kinds of the ``j``-th draw strike or fade: two that share a block of chance, or one alone."""
    state = rows.state
    who = rows.state_id[first:last]
    run = rows.state_run[first:last]
    pressure = state[S.pressure, first:last]
    k = _DRAWN[j, 0]
    partner = _DRAWN[j, 1]
    number = _DRAWN[j, 2]
    left_a, weight_a = course_of(k, p)
    rate_a = state[S.rate_contested_election + k, first:last]
    struck_a = state[S.strike_contested_election + k, first:last]
    fresh_a = state[S.trigger_contested_election + k, first:last]
    for i in range(last - first):
        struck_a[i] = probability(rate_a[i])
    if partner < 0:
        for i in range(last - first):
            u = uniform(of_run(draws, run[i]), who[i], number)
            hit = 1.0 if u < struck_a[i] else 0.0
            freshness = strike_or_fade(fresh_a[i], hit, left_a)
            struck_a[i] = hit
            fresh_a[i] = freshness
            pressure[i] = pressure[i] * (1.0 - weight_a * freshness)
    else:
        left_b, weight_b = course_of(partner, p)
        rate_b = state[S.rate_contested_election + partner, first:last]
        struck_b = state[S.strike_contested_election + partner, first:last]
        fresh_b = state[S.trigger_contested_election + partner, first:last]
        for i in range(last - first):
            struck_b[i] = probability(rate_b[i])
        for i in range(last - first):
            a, b = uniform_pair(of_run(draws, run[i]), who[i], number >> 1)
            hit_a = 1.0 if a < struck_a[i] else 0.0
            hit_b = 1.0 if b < struck_b[i] else 0.0
            freshness_a = strike_or_fade(fresh_a[i], hit_a, left_a)
            freshness_b = strike_or_fade(fresh_b[i], hit_b, left_b)
            struck_a[i] = hit_a
            struck_b[i] = hit_b
            fresh_a[i] = freshness_a
            fresh_b[i] = freshness_b
            pressure[i] = pressure[i] * (1.0 - weight_a * freshness_a) * (1.0 - weight_b * freshness_b)


@inline
def strikes(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Let triggers strike or fade in states ``first..last``, and combine the fresh ones into pressure."""
    state = rows.state
    pressure = state[S.pressure, first:last]
    for i in range(last - first):
        pressure[i] = 1.0
    for j in range(len(_DRAWN)):
        strike(first, last, rows, p, draws, j)
        if j == _AFTER_COUP:
            # A coup attempt makes an irregular transition, drawn later, likelier.
            success = p[P.triggers_irregular_transition_coup_success]
            coup = state[S.strike_coup, first:last]
            transition = state[S.rate_irregular_transition, first:last]
            for i in range(last - first):
                transition[i] += coup[i] * success
    for i in range(last - first):
        pressure[i] = 1.0 - pressure[i]


@by_run("rows.state")
@rule
def triggers(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Draw every kind of trigger for states ``first..last``, and combine the fresh ones into pressure.

    A strike sets the trigger to 1; it then halves within its half-life. The pressure is
    ``1 - product of (1 - weight * freshness)``. A coup attempt that succeeds is an irregular transition of the same
    month. Hazards answer to last month's freshness of other triggers.
    """
    state = rows.state
    conflict = state[S.conflict, first:last]
    at_war = state[S.at_war, first:last]
    for i in range(last - first):
        at_war[i] = 1.0 if conflict[i] == WAR else 0.0
    # All hazards before any strike: a trigger answers to the others of last month, not to the order of drawing.
    for k in range(_KINDS):
        hazards(p, state, first, last, _TERMS[k], state[S.rate_contested_election + k, first:last])
    occasions(first, last, rows, p, draws)
    strikes(first, last, rows, p, draws)
