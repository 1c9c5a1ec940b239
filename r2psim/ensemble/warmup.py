"""Compile every rule in every form in which it is called, and leave the machine code on disk."""

from __future__ import annotations

import numpy as np

from r2psim.compiling import expect_everything
from r2psim.ensemble.engine import ACCOUNTS, add_in_order, blocks_of, run_chunk
from r2psim.ensemble.measures import BODY_ACCOUNTS, DEPTH, LEDGERS, METRICS
from r2psim.rules.draws import draws_of
from r2psim.rules.month import PHASES, opening
from r2psim.scenario.parameters import defaults
from r2psim.world.rows import Rows
from r2psim.world.tables import BODY, FORM, GROUP, NOTE, PLEDGE, PREFERENCE, PROGRAMME, RATING, STATE, F, S

__all__ = ["smallest_rows", "warm_up"]


def smallest_rows() -> Rows:
    """Make one state with one group, as rows of the types that rules are compiled for."""
    one = np.array([1], dtype=np.uint64)
    same_run = np.zeros(1, dtype=np.uint64)
    none = np.zeros(0, dtype=np.int64)
    starts = np.zeros(2, dtype=np.int64)

    def block(columns: int, rows: int = 1) -> np.ndarray:
        return np.zeros((columns, rows))

    rows = Rows(
        state=block(len(STATE.columns)),
        group=block(len(GROUP.columns)),
        body=block(len(BODY.columns)),
        programme=block(len(PROGRAMME.columns)),
        pledge=block(len(PLEDGE.columns), 0),
        rating=block(len(RATING.columns), 0),
        ledger=np.zeros((1, 1)),
        note=block(len(NOTE.columns), 0),
        form=block(len(FORM.columns)),
        preference=block(len(PREFERENCE.columns)),
        state_id=one,
        group_id=one,
        body_id=one,
        form_id=one,
        state_run=same_run,
        group_run=same_run,
        body_run=same_run,
        home=np.zeros(1, dtype=np.int64),
        first_group=np.array([0, 1], dtype=np.int64),
        neighbour_start=starts,
        neighbour=none,
        kin_start=starts,
        kin=none,
        member_start=starts,
        member=none,
        member_id=np.zeros(0, dtype=np.uint64),
        pledge_start=starts,
        provides_start=starts,
        provides=none,
        note_start=starts,
        effect_start=starts,
        effect_channel=none,
        effect_size=np.zeros(0),
        effect_harms=np.zeros(0),
    )
    rows.state[S.population] = 1.0
    rows.form[F.unit_cost] = 1.0
    return rows


def warm_up() -> None:
    """Compile everything, or load it from the cache."""
    expect_everything()
    rows, p, luck = smallest_rows(), defaults(), draws_of(0, 0, 0)
    opening(rows, p, luck)
    for phase in PHASES:
        phase.run(0, 1, rows, p, luck)
    _run_one(rows, p)


def _run_one(rows: Rows, p: np.ndarray) -> None:
    """Run a year as the ensemble runs it."""
    forms = rows.form.shape[1]
    blocks, accounts = blocks_of(rows), np.empty((1, len(ACCOUNTS), 1, forms, 5))
    run_chunk(
        tuple(block.copy() for block in blocks),
        blocks,
        rows,
        p,
        draws_of(0, 0, 0),
        12,
        np.zeros(1, dtype=np.int64),
        np.empty((1, len(METRICS))),
        accounts,
        np.empty((1, 1, len(LEDGERS))),
        np.empty((1, rows.body.shape[1], len(BODY_ACCOUNTS))),
        np.zeros(0, dtype=np.int64),
        np.empty((1, 0, 13)),
        np.empty((0, 13, 1), dtype=np.int8),
        np.empty(DEPTH),
    )
    add_in_order(accounts[0].copy(), accounts)
