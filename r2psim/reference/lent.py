"""Rules that the plain model does not have by hand yet: it borrows them, so that it stays the same model meanwhile.

A rule that is new is checked against nobody until somebody writes it here too, as a method. Until then the plain model
puts its variables into rows, lets the rule go over them, and takes back what moved: all other rules are still held
against their twins, with the new one at work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.declarations.columns import TABLES
from r2psim.reference.columns import columns, group_values, state_values
from r2psim.rules.draws import draws_of
from r2psim.rules.month import PHASES, Rule
from r2psim.world.rows import WRITTEN

if TYPE_CHECKING:
    from r2psim.reference.model import PlainModel
    from r2psim.world.rows import Rows

__all__ = ["BY_HAND", "LENT", "let_work", "take_new_columns"]

BY_HAND = frozenset({
    "contagion", "triggers", "structure", "conflict", "tension", "stages", "harm", "year_of_groups",
    "group_risk_factors", "state_totals", "episodes", "state_risk_factors", "observation", "warn", "demand", "decision",
    "offering", "response", "delivery", "need", "accounts",
})  # fmt: skip
"""Rules of a month that the plain model has as methods."""


def lent() -> dict[int, tuple[Rule, ...]]:
    """Give the rules that are borrowed, by the number of their phase from 0.

    Raises
    ------
    NotImplementedError
        If one of them stands before a rule that is there by hand: a method cannot be interrupted.
    """
    found = {}
    for number, phase in enumerate(PHASES):
        borrowed = [step for step in phase.steps if step.__name__ not in BY_HAND]
        if borrowed and tuple(borrowed) != phase.steps[-len(borrowed) :]:
            names = ", ".join(step.__name__ for step in borrowed)
            raise NotImplementedError(
                f"{names}: a rule that the plain model is lent stands last in its phase, {phase.name} of {phase.kind}; "
                "elsewhere it must be written there by hand, as a method of r2psim.reference"
            )
        if borrowed:
            found[number] = tuple(borrowed)
    return found


LENT = lent()


def _agents(model: PlainModel) -> dict[str, list[Any]]:
    return {"state": list(model.states), "group": list(model.groups), "body": list(model.bodies)}


def take_new_columns(model: PlainModel, rows: Rows) -> None:
    """Let states and groups keep variables that the plain model has no place for, as they stand at the start."""
    for kind, values_of in (("state", state_values), ("group", group_values)):
        table, block = TABLES[kind], getattr(rows, kind)
        agents = _agents(model)[kind]
        new = set(table.names) - set(values_of(agents[0])) if agents else set()
        for name in sorted(new):
            for agent, value in zip(agents, block[table.index[name]].tolist(), strict=True):
                setattr(agent, name, value)


def let_work(model: PlainModel, rows: Rows, number: int, *, seed: int, run: int) -> None:
    """Let the borrowed rules of a phase go over the plain model's variables, and take back what they moved.

    Parameters
    ----------
    model : PlainModel
        As it stands after its own methods of that phase.
    rows : Rows
        Of the same world: their ties are read, their columns written over.
    number : int
        Of the phase, from 0.
    seed, run : int
        Luck: a borrowed rule draws from the rules' own.

    Raises
    ------
    NotImplementedError
        If a rule moves anything but its own agents' columns, or one that the plain model's agents keep in another way
        than as an attribute of that name.
    """
    kept = columns(model)
    for kind in ("state", "group", "body", "programme"):
        for name, values in kept[kind].items():
            getattr(rows, kind)[TABLES[kind].index[name]] = values
    kind = PHASES[number].kind
    table, block = TABLES[kind], getattr(rows, kind)
    before, others = block.copy(), {name: getattr(rows, name).copy() for name in WRITTEN if name != kind}
    p = np.array(list(vars(model.parameters).values()))
    for rule in LENT[number]:
        rule(0, block.shape[1], rows, p, draws_of(seed, run, model.month))
    moved = [name for name, values in others.items() if not np.array_equal(getattr(rows, name), values, equal_nan=True)]
    if moved:
        raise NotImplementedError(
            f"a rule that the plain model is lent moves {moved[0]} beside {kind}: write it by hand"
        )
    agents = _agents(model)[kind]
    for place, row in np.argwhere((block != before) & ~(np.isnan(block) & np.isnan(before))).tolist():
        name, agent = table.names[place], agents[row]
        if name not in vars(agent):
            raise NotImplementedError(f"a rule that the plain model is lent moves {name} of {kind}: write it by hand")
        setattr(agent, name, type(getattr(agent, name))(block[place, row]))
