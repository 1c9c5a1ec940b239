"""The rules as kernels for a device: CUDA C, translated from the functions that run on processors.

Each phase of a month becomes a kernel in which a thread is a row of a run. Nothing about the rules is written here:
their source is read, and what comes out takes the same operations in the same order, so that the bits are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import Structure, c_int64, c_void_p
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from r2psim.declarations.columns import PR, G
from r2psim.ensemble.engine import ACCOUNTS
from r2psim.ensemble.measures import (
    BODY_ACCOUNTS,
    DEPTH,
    LEDGERS,
    METRICS,
    bodies_at,
    held_by,
    ledgers_at,
    level_of,
    measure,
)
from r2psim.rules.compiled import add_to, raise_to
from r2psim.rules.delivery import delivery
from r2psim.rules.draws import Draws, draws_of
from r2psim.rules.month import PHASES
from r2psim.rules.observation import observation
from r2psim.rules.opponents import opponents_begin
from r2psim.rules.risk_factors import state_risk_factors
from r2psim.rules.settling import groups_forget, groups_settle, states_forget, states_settle, states_stand
from r2psim.rules.structure import standing
from r2psim.scenario.parameters import PARAMETERS
from r2psim.translation.c_calls import plain_function
from r2psim.translation.c_types import DOUBLE, INT, Array, Record, Scalar, Tuple, Type, c_struct, type_of
from r2psim.translation.to_c import Translation
from r2psim.world.rows import WRITTEN, Rows, smallest_rows

__all__ = ["KEPT", "KERNELS", "MONTH", "NOTES", "TILE", "Kernel", "Layout", "layout_of", "source_of"]

TILE = 32
"""Runs that lie side by side, the innermost of everything that rules write: as many as threads of a warp."""

NOTES = {
    "reset": 256, "note_series": 64, "note_stages": 256, "note_accounts": 64, "add_accounts": 64, "note_ledgers": 32,
    "note_end": 32,
}  # fmt: skip
"""Threads of a block of the kernels that are no rules, as `kernels.cu` declares them."""

KEPT = ("effect_size", "effect_harms")
"""What runs read of assistance that may be drawn anew for each of them."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel.

    Attributes
    ----------
    name : str
        Its name.
    kind : str
        Which rows have a thread for each run: ``state``, ``group`` or ``body``.
    threads : int
        Threads of a block.
    function : callable
        The rule.
    call : str
        What follows the name of the rule in C: its arguments.
    """

    name: str
    kind: str
    threads: int
    function: Callable[..., Any]
    call: str = "(row, row + 1, &mine, p, luck)"


def states_begin(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Derive what follows from the start of states."""
    standing(first, last, rows, p, draws)


def states_open(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Derive what follows from how states have settled."""
    state_risk_factors(first, last, rows, p, draws)
    observation(first, last, rows, p, draws)
    delivery(first, last, rows, p, draws)


def stage_of(rows: Rows, g: int) -> int:
    """Give the stage of a group."""
    return int(rows.group[G.stage, g])


def account_of(rows: Rows, account: int, stage: int, f: int) -> float:
    """Give what one of `ACCOUNTS` holds of a form and a stage, US$."""
    spent_or_needed = PR.spent_0 if account == 0 else PR.needed_0
    return held_by(rows, 0, (PR.met_0 if account == 2 else spent_or_needed) + stage, f)


_THREADS = {"state": 256, "group": 256, "body": 128}

MONTH = tuple(Kernel(phase.run.__name__, phase.kind, _THREADS[phase.kind], phase.run) for phase in PHASES)
"""The month, in order."""

_WITHOUT_LUCK = "(row, row + 1, &mine)"

KERNELS = {
    kernel.name: kernel
    for kernel in (
        Kernel("groups_begin", "group", 256, opponents_begin),
        Kernel("states_begin", "state", 256, states_begin),
        Kernel("states_settle", "state", 256, states_settle),
        Kernel("groups_settle", "group", 256, groups_settle, "(row, row + 1, &mine, p, luck, t.before)"),
        Kernel("states_stand", "state", 256, states_stand),
        Kernel("states_forget", "state", 256, states_forget, _WITHOUT_LUCK),
        Kernel("groups_forget", "group", 256, groups_forget, _WITHOUT_LUCK),
        Kernel("states_open", "state", 256, states_open),
        *MONTH,
    )
}
"""All kernels that are rules: the opening of a run (`r2psim.rules.month.opening`) in its parts, and the month."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Types of what kernels are handed.

    Attributes
    ----------
    rows, parameters : Record, Array
        Types in C of rows and of the values of parameters.
    """

    rows: Record
    parameters: Array

    def task(self) -> Any:
        """Give the type of the argument of every kernel, ``struct Task``, for ctypes."""
        numbers = ("tiles", "runs", "before", "months", "at", "years", "picks")
        noted = ("metrics", "accounts", "ledgers", "bodies", "series", "added", "stages")
        places = ("luck_of", "pick", *noted, "start", "block")
        fields = [("rows", c_struct(self.rows)), ("of_tile", c_struct(self.rows))]
        fields += [("p", c_struct(self.parameters)), ("luck", c_struct(_luck()))]
        fields += [(name, c_int64) for name in numbers] + [(name, c_void_p) for name in places]
        return type("Task", (Structure,), {"_fields_": [*fields, ("entries", c_int64)]})


@cache
def layout_of(own_values: bool) -> Layout:
    """Say where numbers lie on the device.

    Parameters
    ----------
    own_values : bool
        Whether every run has parameters and effects of its own (``uncertainty``), or all of them the same.
    """
    example = smallest_rows()
    rows = Record("Rows", tuple((n, _kind_of(n, getattr(example, n), own_values)) for n in Rows._fields))
    shared = Array(DOUBLE, 1, symbol="PARAMETERS")
    return Layout(rows, Array(DOUBLE, 1, step=TILE, fixed=True) if own_values else shared)


def _luck() -> Record:
    found = type_of(draws_of(0, 0, 0))
    assert isinstance(found, Record)
    return found


def _kind_of(name: str, array: np.ndarray, own_values: bool) -> Array:
    """Give the type of a field of `Rows`: where its numbers lie on the device."""
    kind = type_of(array)
    assert isinstance(kind, Array)
    if name == "ledger":
        return Array(DOUBLE, 2, step=TILE)
    if name in WRITTEN:
        # All columns of a row of a tile lie together, and a tile is row after row.
        return Array(DOUBLE, 2, step=TILE * array.shape[0], lead=TILE)
    if own_values and name in KEPT:
        return Array(DOUBLE, 1, step=TILE, fixed=True)
    return Array(kind.element, kind.dimensions, fixed=True)


def _translated(translation: Translation, function: Any, *arguments: Type) -> str:
    plain = plain_function(function)
    assert plain is not None
    return translation.called(plain, arguments)[0]


@cache
def source_of(own_values: bool) -> str:
    """Translate the rules to CUDA C, which compilers of C++ take as well; see `layout_of`.

    Raises
    ------
    r2psim.translation.to_c.NotCoveredError
        If a rule cannot be translated.
    """
    template = Path(__file__).with_name("kernels.cu").read_text("utf-8")
    prelude, around = template.split("// ---- rules\n")
    layout = layout_of(own_values)
    rows, p = layout.rows, layout.parameters
    luck, vector, table = _luck(), Array(DOUBLE, 1), Array(DOUBLE, 2)
    adders = {plain_function(add_to): "ADD", plain_function(raise_to): "RAISE"}
    head = prelude + f"PARAMETERS_ARE({len(PARAMETERS)});\n"
    made = Translation(head, {rule: name for rule, name in adders.items() if rule is not None}, plus_plus=True)
    for kind in (rows, p, luck, vector, table):
        made.use(kind)
    arguments: dict[str, Type] = {"row": INT, "row + 1": INT, "&mine": rows, "p": p, "luck": luck, "t.before": INT}
    calls = {
        kernel.name: _translated(made, kernel.function, *(arguments[a] for a in kernel.call[1:-1].split(", ")))
        for kernel in KERNELS.values()
    }
    measures: dict[str, tuple[Any, tuple[Scalar | Array | Tuple | Record, ...]]] = {
        "level_of": (level_of, (rows, INT, INT, vector)),
        "stage_of": (stage_of, (rows, INT)),
        "account_of": (account_of, (rows, INT, INT, INT)),
        "ledgers_at": (ledgers_at, (rows, INT, vector, vector)),
        "measure": (measure, (rows, INT, INT, vector, vector)),
        "bodies_at": (bodies_at, (rows, INT, table)),
    }
    defined: dict[str, object] = {
        f"CALL_{name}": _translated(made, function, *kinds) for name, (function, kinds) in measures.items()
    }
    assert len(ACCOUNTS) == 3
    defined |= {"TILE": TILE, "DEPTH": DEPTH, "METRICS": len(METRICS), "LEDGERS": len(LEDGERS)}
    defined |= {"BODY_ACCOUNTS": len(BODY_ACCOUNTS), "MOVE_TO_TILE": _moves(own_values)}
    parts = [made.source(), f"typedef {p.c} Parameters;"]
    parts += [f"#define {name} {value}" for name, value in defined.items()]
    parts.append(around)
    parts += [
        f"KERNEL({name}, {kernel.threads}) {{ AGENT(t.rows.{kernel.kind}.n1) {calls[name]}{kernel.call}; }}"
        for name, kernel in KERNELS.items()
    ]
    return "\n".join(parts) + "\n"


def _moves(own_values: bool) -> str:
    """Let each block begin at the tile and the run of a thread."""
    lines = [f"mine->{name}.at += (int64_t)tile * (int64_t)t.of_tile.{name}.at + of_run;" for name in WRITTEN]
    if own_values:
        lines += [f"mine->{name}.at += (int64_t)tile * mine->{name}.n0 * TILE + of_run;" for name in KEPT]
        lines.append("p->at += (int64_t)tile * p->n0 * TILE + of_run;")
    return " ".join(lines)
