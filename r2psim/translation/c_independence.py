"""Which loops may go through several rows at once, as a programmer in C would tell the compiler.

A column is a pointer to C, which must suspect that two of them overlap. They do not where every entry that a loop
writes and reads lies at the loop's own row, and no two stretches of the same memory begin at different rows. Then
nothing of one turn reaches another, and the translation says so in the C. Arguments of a rule are taken to be memory
of their own, or the same rows: the parameters are no column.
"""

from __future__ import annotations

import ast

from r2psim.translation.c_expressions import Expressions
from r2psim.translation.c_types import Array, Record

__all__ = ["rows_are_independent"]

PARAMETERS = "p"
"""What every rule calls the vector of parameters, which none writes."""

_LEAVE = (ast.For, ast.While, ast.Break, ast.Return)


def rows_are_independent(loop: ast.For, body: Expressions) -> bool:
    """Say whether no turn of an innermost loop reads or writes what another turn writes.

    Parameters
    ----------
    loop : ast.For
        Of one name over a range.
    body : Expressions
        The function that it stands in, with the types of its names so far.
    """
    assert isinstance(loop.target, ast.Name)
    row = loop.target.id
    nodes = [node for statement in loop.body for node in ast.walk(statement)]
    moves_on = any(isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id == row for n in nodes)
    if moves_on or any(isinstance(node, _LEAVE) for node in nodes):
        return False
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    entries = [node for node in nodes if isinstance(node, ast.Subscript)]
    return all(_takes_values(call, body) for call in calls) and _own_rows(row, entries, body)


def _own_rows(row: str, entries: list[ast.Subscript], body: Expressions) -> bool:
    """Say whether what is written lies at the loop's row, and is read there only."""
    stretches: dict[str, set[str]] = {}
    written = set()
    for entry in entries:
        name = entry.value.id if isinstance(entry.value, ast.Name) else ""
        if name not in body.names:
            return False
        origin, bounds = body.views.get(name, ("", ""))
        own = isinstance(entry.slice, ast.Name) and entry.slice.id == row
        if isinstance(entry.ctx, ast.Store):
            if not own:
                return False
            written.add(origin)
        stretches.setdefault(origin, set()).add(bounds if own else "elsewhere")
    # The origin of a name that shows different stretches in turn is unknown.
    return "" not in stretches and all(len(stretches[origin]) == 1 for origin in written)


def _takes_values(call: ast.Call, body: Expressions) -> bool:
    """Say whether a call is handed no column, and nothing that it could write to, but perhaps the parameters."""
    for argument in call.args:
        name = argument.id if isinstance(argument, ast.Name) else ""
        kind = body.types.get(name)
        if isinstance(kind, Record) and kind.by_pointer:
            return False
        if isinstance(kind, Array) and name != PARAMETERS:
            return False
    return True
