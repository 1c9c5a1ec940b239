"""Compile every rule in every form in which it is called, and leave the machine code on disk."""

from __future__ import annotations

import sys
from typing import Any

import numba
import numpy as np

from r2psim.compiling import ENSEMBLE, WHOLE, expect_everything
from r2psim.ensemble.engine import ACCOUNTS, add_in_order, blocks_of, called_at, nothing_own, run_chunk
from r2psim.ensemble.measures import BODY_ACCOUNTS, DEPTH, LEDGERS, METRICS
from r2psim.rules.ahead import compile_ahead
from r2psim.rules.draws import draws_of
from r2psim.rules.month import PHASES, Rules, compile_rule, opening
from r2psim.scenario.parameters import defaults
from r2psim.world.rows import Rows, smallest_rows

__all__ = ["compile_ensemble_ahead", "compile_one", "warm_up"]


def compile_ensemble_ahead() -> None:
    """Compile what an ensemble needs in several processes at once, the first time that it is asked."""
    compile_ahead(__name__, (*Rules._fields, *ENSEMBLE), compile_one)


def compile_one(name: str) -> None:
    """Compile one of the rules of a month, or of what the ensemble calls."""
    if name not in ENSEMBLE:
        compile_rule(name)
    elif name == WHOLE:
        whole: Any = run_chunk
        whole.compile(tuple(map(numba.typeof, _example(smallest_rows(), defaults()))))
    else:
        note: Any = called_at(smallest_rows(), defaults(), draws_of(0, 0, 0)).note_run
        note.__wrapper_address__()


def warm_up() -> None:
    """Compile everything, or load it from the cache."""
    expect_everything()
    compile_ensemble_ahead()
    rows, p, luck = smallest_rows(), defaults(), draws_of(0, 0, 0)
    opening(rows, p, luck)
    for phase in PHASES:
        phase.run(0, 1, rows, p, luck)
    run_chunk(*_example(rows, p))
    accounts = np.zeros((1, 1, 1, 1, 1))
    add_in_order(accounts[0], accounts)


def _example(rows: Rows, p: np.ndarray) -> tuple[Any, ...]:
    """Give the arguments with which the ensemble runs a year of one run."""
    forms = rows.form.shape[1]
    blocks = blocks_of(rows)
    return (
        called_at(rows, p, draws_of(0, 0, 0)),
        tuple(block.copy() for block in blocks),
        blocks,
        rows,
        p,
        nothing_own(),
        draws_of(0, 0, 0),
        12,
        np.zeros(1, dtype=np.int64),
        np.empty((1, len(METRICS))),
        np.empty((1, len(ACCOUNTS), 1, forms, 5)),
        np.empty((1, 1, len(LEDGERS))),
        np.empty((1, rows.body.shape[1], len(BODY_ACCOUNTS))),
        np.zeros(0, dtype=np.int64),
        np.empty((1, 0, 13)),
        np.empty((0, 13, 1), dtype=np.int8),
        np.empty(DEPTH),
    )


if __name__ == "__main__":
    for _name in sys.argv[1:]:
        compile_one(_name)
