"""The order of a month: steps, and the phases in which agents can act one after the other.

Within a phase an agent reads other agents only as the phase before left them, and writes only what is its own, not even
for a moment anything else; what several add to they add to in whole numbers (`r2psim.rules.compiled.add_to`). So it
makes no difference whether each agent runs through the phase alone, in any order, all at the same time, or all rows go
through each rule at once: the same bits come out. ``print(schedule())`` shows the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np

from r2psim.rules.accounts import accounts
from r2psim.rules.ahead import compile_before_first
from r2psim.rules.compiled import inline, rule, woven
from r2psim.rules.conflict import conflict
from r2psim.rules.contagion import contagion
from r2psim.rules.decision import decision, offering
from r2psim.rules.delivery import delivery
from r2psim.rules.demand import demand
from r2psim.rules.draws import Draws, draws_of
from r2psim.rules.episodes import episodes, year_of_groups
from r2psim.rules.harm import harm
from r2psim.rules.need import need
from r2psim.rules.observation import observation, warn
from r2psim.rules.opponents import opponents_begin
from r2psim.rules.response import response
from r2psim.rules.risk_factors import group_risk_factors, state_risk_factors
from r2psim.rules.settling import settling
from r2psim.rules.stages import stages
from r2psim.rules.state_totals import state_totals
from r2psim.rules.structure import standing, structure
from r2psim.rules.tension import tension
from r2psim.rules.triggers import triggers
from r2psim.world.rows import Rows, smallest_rows

__all__ = [
    "AS_THEY_ARE",
    "GROUPS_AT_ONCE",
    "PHASES",
    "STATES_AT_ONCE",
    "Phase",
    "Rules",
    "compile_rule",
    "month",
    "month_in_rules",
    "opening",
    "opening_in_rules",
    "schedule",
]

Rule = Callable[[int, int, Rows, np.ndarray, Draws], None]


@rule
def states_look_around(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Read neighbours and kin as last month left them."""
    contagion(first, last, rows, p, draws)


@rule
def states_move(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Draw triggers, move structure, change the conflict state."""
    triggers(first, last, rows, p, draws)
    structure(first, last, rows, p, draws)
    conflict(first, last, rows, p, draws)


@rule
def groups_move(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Move tension, change stages, count harm, note the year, score the specific risk factors."""
    tension(first, last, rows, p, draws)
    stages(first, last, rows, p, draws)
    harm(first, last, rows, p, draws)
    year_of_groups(first, last, rows, p, draws)
    group_risk_factors(first, last, rows, p, draws)


@rule
def states_sum_up(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Sum up the month, date episodes, score risks, let them be observed and warned of, and weigh what could help."""
    state_totals(first, last, rows, p, draws)
    episodes(first, last, rows, p, draws)
    state_risk_factors(first, last, rows, p, draws)
    observation(first, last, rows, p, draws)
    warn(first, last, rows, p, draws)
    demand(first, last, rows, p, draws)


@rule
def bodies_act(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Decide, and put up what is promised."""
    decision(first, last, rows, p, draws)
    offering(first, last, rows, p, draws)


@rule
def states_receive(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Decide mandates, let programmes work, and count what the crisis needs."""
    response(first, last, rows, p, draws)
    delivery(first, last, rows, p, draws)
    need(first, last, rows, p, draws)


@rule
def bodies_settle(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Close the accounts."""
    accounts(first, last, rows, p, draws)


class Rules(NamedTuple):
    """The rules that the opening and a month call, each by its name: as they are, or as addresses of their code.

    A rule that calls another has the other's whole code in its own; one that is given an address has not, and compiles
    in a fraction of the time.
    """

    opponents_begin: Rule
    standing: Rule
    settling: Rule
    state_risk_factors: Rule
    observation: Rule
    delivery: Rule
    states_look_around: Rule
    states_move: Rule
    groups_move: Rule
    states_sum_up: Rule
    bodies_act: Rule
    states_receive: Rule
    bodies_settle: Rule


AS_THEY_ARE = Rules(
    opponents_begin,
    standing,
    settling,
    state_risk_factors,
    observation,
    delivery,
    states_look_around,
    states_move,
    groups_move,
    states_sum_up,
    bodies_act,
    states_receive,
    bodies_settle,
)


def compile_rule(name: str) -> None:
    """Compile one of `AS_THEY_ARE`."""
    number = np.int64(0)
    called: Any = getattr(AS_THEY_ARE, name)
    called.compile(
        tuple(map(numba.typeof, (number, number, smallest_rows(), np.array((), dtype=np.float64), draws_of(0, 0, 0))))
    )


compile_before_first(Rules._fields[0], "r2psim.rules.compile_month", Rules._fields, compile_rule)


def opening_by(rules: Rules, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Derive what follows from the start, as `opening` does, by rules that are given."""
    states = rows.state.shape[1]
    rules.opponents_begin(0, rows.group.shape[1], rows, p, draws)
    rules.standing(0, states, rows, p, draws)
    rules.settling(0, states, rows, p, draws)
    rules.state_risk_factors(0, states, rows, p, draws)
    rules.observation(0, states, rows, p, draws)
    rules.delivery(0, states, rows, p, draws)


opening_in_rules = woven(opening_by)
"""`opening_by` for rules that call it."""


def opening(rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Derive what follows from the start, once, before the first month: restraint, risk factors, costs.

    A world whose start is not told settles first: see `r2psim.rules.settling`.
    """
    opening_by(AS_THEY_ARE, rows, p, draws)


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of the month.

    Attributes
    ----------
    name : str
        What the agents do; the name of the method that does it in `r2psim.agents`.
    kind : str
        Which kind of agent acts.
    steps : tuple of callables
        The rules, in order; the documentation shows them.
    run : callable
        The compiled phase: all its steps over the rows ``first..last``.
    """

    name: str
    kind: str
    steps: tuple[Rule, ...]
    run: Rule


def _phase(name: str, kind: str, run: Rule) -> Phase:
    """Make a phase of its compiled rule: its steps are the rules that this one calls."""
    function = getattr(run, "py_func", run)
    return Phase(name, kind, tuple(function.__globals__[step] for step in function.__code__.co_names), run)


PHASES = (
    _phase("look_around", "state", states_look_around),
    _phase("move", "state", states_move),
    _phase("move", "group", groups_move),
    _phase("sum_up", "state", states_sum_up),
    _phase("act", "body", bodies_act),
    _phase("receive", "state", states_receive),
    _phase("settle", "body", bodies_settle),
)
"""The month, in order."""


STATES_AT_ONCE = 192
GROUPS_AT_ONCE = 768
"""So many rows go through a whole phase before the next rows do: what a phase touches of them stays in the cache."""


@inline
def end_of(first: int, most: int, rows: int) -> int:
    """Give the end of a stretch of at most so many rows."""
    return first + most if first + most < rows else rows


def month_by(rules: Rules, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Run a whole month, as `month` does, by rules that are given."""
    states = rows.state.shape[1]
    groups = rows.group.shape[1]
    for first in range(0, states, STATES_AT_ONCE):
        rules.states_look_around(first, end_of(first, STATES_AT_ONCE, states), rows, p, draws)
    for first in range(0, states, STATES_AT_ONCE):
        rules.states_move(first, end_of(first, STATES_AT_ONCE, states), rows, p, draws)
    for first in range(0, groups, GROUPS_AT_ONCE):
        rules.groups_move(first, end_of(first, GROUPS_AT_ONCE, groups), rows, p, draws)
    for first in range(0, states, STATES_AT_ONCE):
        rules.states_sum_up(first, end_of(first, STATES_AT_ONCE, states), rows, p, draws)
    rules.bodies_act(0, rows.body.shape[1], rows, p, draws)
    for first in range(0, states, STATES_AT_ONCE):
        rules.states_receive(first, end_of(first, STATES_AT_ONCE, states), rows, p, draws)
    rules.bodies_settle(0, rows.body.shape[1], rows, p, draws)


month_in_rules = woven(month_by)
"""`month_by` for rules that call it."""


def month(rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Run a whole month over all rows of one run.

    Parameters
    ----------
    rows : Rows
        Changed in place.
    p : numpy.ndarray, shape (parameters,)
        Values of all parameters.
    draws : Draws
        Luck of the month.
    """
    month_by(AS_THEY_ARE, rows, p, draws)


def schedule() -> str:
    """Give the order of the month as a table to read.

    Examples
    --------
    >>> print(schedule().splitlines()[0])
    phase  agents  step                what happens
    """
    lines = [f"{'phase':<7}{'agents':<8}{'step':<20}what happens"]
    for i, phase in enumerate(PHASES, 1):
        for step in phase.steps:
            text = (step.__doc__ or "").strip().splitlines()[0].replace(" ``first..last``", "")
            lines.append(f"{i:<7}{phase.kind:<8}{step.__name__:<20}{text}")
    return "\n".join(lines)
