"""The loop over runs: every rule over all rows, every month, every run of a chunk, without a word to Python.

Runs of a small world go through the months side by side (`r2psim.world.rows.side_by_side`), as many as make the loops
of rules long enough; those of a large one go one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from r2psim.declarations.columns import PR, G
from r2psim.ensemble.measures import FIRST_FLOW, bodies_at, ledgers_at, level_of, measure, rows_of, runs_in, spending_at
from r2psim.rules.compiled import address_of, inline, rule
from r2psim.rules.draws import Draws
from r2psim.rules.month import AS_THEY_ARE, Rules, month, month_in_rules, opening_in_rules
from r2psim.world.rows import WRITTEN, Rows

__all__ = [
    "ACCOUNTS",
    "Blocks",
    "Called",
    "Own",
    "add_in_order",
    "blocks_of",
    "called_at",
    "nothing_own",
    "run_chunk",
    "run_months",
    "runs_beside",
]

YEAR = 12
ACCOUNTS = ("spent", "needed", "met")
"""Accounts of every form of assistance by the stage of its state: what was spent on it, needed of it, and met."""
_ACCOUNTS_FROM = (PR.spent_0, PR.needed_0, PR.met_0)
"""The first column of each."""
ENOUGH_STATES = 64
"""Loops over more rows than this gain nothing from being longer."""
ENOUGH_BYTES = 2**21
"""What runs side by side touch should not be much more than a core's own cache holds."""

Blocks = tuple[np.ndarray, ...]
"""The blocks of rows that rules write, in the order of `r2psim.world.rows.WRITTEN`."""


def blocks_of(rows: Rows) -> Blocks:
    """Give the blocks that rules write."""
    return tuple(getattr(rows, name) for name in WRITTEN)


def runs_beside(rows: Rows) -> int:
    """Say how many runs of a world should go side by side: until its loops are long enough, or its rows too many."""
    a_run = sum(getattr(rows, name).nbytes for name in WRITTEN)
    together: int = min(-(-ENOUGH_STATES // rows.state.shape[1]), ENOUGH_BYTES // a_run)
    return max(1, together)


def run_months(rows: Rows, p: np.ndarray, luck: Draws, first: int, last: int) -> None:
    """Run the months ``first..last`` of one run, a phase at a time, where one wants to look in between."""
    for m in range(first, last):
        month(rows, p, Draws(luck.key0, luck.key1, luck.run, np.uint64(m)))


class Called(NamedTuple):
    """What `run_chunk` calls at its address.

    Attributes
    ----------
    rules : Rules
        Those of the opening and of a month.
    note_run : callable
        `note_run`.
    """

    rules: Rules
    note_run: Callable[..., None]


@inline
def _reset(start: Blocks, blocks: Blocks) -> None:
    """Put the rows back to the start of a run."""
    # Written out: the compiler takes seconds over an assignment of whole arrays.
    for b in range(len(blocks)):
        to, of = blocks[b], start[b]
        for c in range(of.shape[0]):
            for i in range(of.shape[1]):
                to[c, i] = of[c, i]


class Own(NamedTuple):
    """What each of several runs has for itself; arrays of length 0 where all of them have the same.

    Attributes
    ----------
    values : numpy.ndarray, shape (runs, parameters)
        Values of the parameters.
    sizes, harms : numpy.ndarray, shape (runs, effects)
        The effects' ``effect_size`` and ``effect_harms``, as `r2psim.world.rows.Rows` has them.
    luck : numpy.ndarray, uint64, shape (runs,)
        Number of the run whose luck each of them has.
    """

    values: np.ndarray
    sizes: np.ndarray
    harms: np.ndarray
    luck: np.ndarray


def nothing_own() -> Own:
    """Make what runs have for themselves where they all have the same, and follow each other in number."""
    none = np.empty((0, 0))
    return Own(none, none, none, np.empty(0, dtype=np.uint64))


@inline
def _put_beside(numbers: np.ndarray, together: int, k: int, beside: np.uint64) -> None:
    """Let the rows of the ``k``-th run side by side have the luck of a run that lies so many beside."""
    each = len(numbers) // together
    for i in range(k * each, (k + 1) * each):
        numbers[i] = beside


@inline
def _hand_out(own: Own, rows: Rows, p: np.ndarray, first: int, together: int) -> None:
    """Give the runs from ``first`` on, as many as go side by side, what each has for itself.

    Where there are not as many left, the last of them is there more than once.
    """
    most = own.values.shape[0] - 1
    parameters = own.values.shape[1]
    effects = own.sizes.shape[1]
    for k in range(together):
        i = first + k if first + k < most else most
        for j in range(parameters):
            p[k * parameters + j] = own.values[i, j]
        for j in range(effects):
            rows.effect_size[k * effects + j] = own.sizes[i, j]
            rows.effect_harms[k * effects + j] = own.harms[i, j]
        beside = own.luck[i] - own.luck[first]
        _put_beside(rows.state_run, together, k, beside)
        _put_beside(rows.group_run, together, k, beside)
        _put_beside(rows.body_run, together, k, beside)
    if together > 1:
        # In what they differ at all: see `r2psim.rules.by_run`.
        for j in range(parameters):
            differs = 0.0
            for k in range(1, together):
                differs = differs if p[k * parameters + j] == p[j] else 1.0
            p[together * parameters + j] = differs


@inline
def _differences(i: int, picks: np.ndarray, series: np.ndarray) -> None:
    """Turn totals since the start into what was added in each month; nothing was before the start."""
    for k in range(len(picks)):
        if picks[k] >= FIRST_FLOW:
            for at in range(series.shape[2] - 1, 0, -1):
                series[i, k, at] -= series[i, k, at - 1]
            series[i, k, 0] = 0.0


@rule
def note_run(
    rows: Rows,
    beside: int,
    i: int,
    at: int,
    months: int,
    metrics: np.ndarray,
    spending: np.ndarray,
    ledgers: np.ndarray,
    bodies: np.ndarray,
    picks: np.ndarray,
    series: np.ndarray,
    stages: np.ndarray,
    work: np.ndarray,
) -> None:
    """Note what a run has come to after ``at`` months: series, at the end of a year its accounts, at the end all.

    Parameters
    ----------
    beside, i : int
        Which of the runs side by side it is, and which of those asked for.
    rows, months, metrics, spending, ledgers, bodies, picks, series, stages, work
        As `run_chunk` takes them.
    """
    for k in range(len(picks)):
        series[i, k, at] = level_of(rows, beside, picks[k], work)
    if stages.shape[0] > 0:
        # The stage is a whole number from 0 to 4.
        first, last = rows_of(rows.group, rows, beside)
        stage = rows.group[G.stage, first:last]
        for g in range(stages.shape[2]):
            stages[i, at, g] = np.int8(stage[g])
    if at > 0 and at % YEAR == 0:
        year = at // YEAR - 1
        for a in range(len(_ACCOUNTS_FROM)):
            spending_at(rows, beside, _ACCOUNTS_FROM[a], spending[i, a, year])
        ledgers_at(rows, beside, ledgers[i, year], work)
    if at == months:
        measure(rows, beside, months, metrics[i], work)
        bodies_at(rows, beside, bodies[i])
        _differences(i, picks, series)


def called_at(rows: Rows, p: np.ndarray, luck: Draws) -> Called:
    """Give the addresses of what `run_chunk` calls, for arguments of the types that it is given."""
    number = np.int64(0)
    arrays = [np.empty((0,) * dimensions) for dimensions in (2, 5, 3, 3)]
    kept = np.empty(0, dtype=np.int64), np.empty((0, 0, 0)), np.empty((0, 0, 0), dtype=np.int8), np.empty(0)
    rules = Rules(*(address_of(each, number, number, rows, p, luck) for each in AS_THEY_ARE))
    return Called(rules, address_of(note_run, rows, number, number, number, number, *arrays, *kept))


@rule
def run_chunk(
    called: Called,
    start: Blocks,
    blocks: Blocks,
    rows: Rows,
    p: np.ndarray,
    own: Own,
    luck: Draws,
    months: int,
    stop: np.ndarray,
    metrics: np.ndarray,
    spending: np.ndarray,
    ledgers: np.ndarray,
    bodies: np.ndarray,
    picks: np.ndarray,
    series: np.ndarray,
    stages: np.ndarray,
    work: np.ndarray,
) -> int:
    """Run some runs, as many at a time as `rows` has side by side.

    Parameters
    ----------
    called : Called
        As `called_at` gives it.
    start, blocks : tuple of numpy.ndarray
        The written blocks at the start of every run, and those of `rows`.
    rows : Rows
        Working space of the thread; what is in its written blocks does not matter.
    p : numpy.ndarray
        Values of the parameters; where runs have their own, working space of the thread for them.
    own : Own
        What runs have for themselves. Where it is not nothing, the effects of `rows`, and what tells whose luck its
        rows have, are working space too.
    luck : Draws
        Seed, and number of the first run where all runs have the same.
    months : int
        Length of a run.
    stop : numpy.ndarray, int64, shape (1,)
        Looked at every month; anything but 0 ends the work.
    metrics : numpy.ndarray, shape (runs, len(METRICS))
        Gets the metrics; its length says how many runs there are.
    spending : numpy.ndarray, shape (runs, len(ACCOUNTS), years, forms, 5)
        Gets what was spent, needed and met (`ACCOUNTS`) up to the end of each year, US$.
    ledgers : numpy.ndarray, shape (runs, years, len(LEDGERS))
        Gets every ledger's total up to the end of each year.
    bodies : numpy.ndarray, shape (runs, bodies, len(BODY_ACCOUNTS))
        Gets the accounts of each body at the end, US$.
    picks : numpy.ndarray, int64
        Places of the series wanted in `r2psim.ensemble.measures.SERIES`.
    series : numpy.ndarray, shape (runs, len(picks), months + 1)
        Gets them.
    stages : numpy.ndarray, int8, shape (runs, months + 1, groups)
        Gets the stages of all groups; of length 0 where they are not wanted.
    work : numpy.ndarray, shape (DEPTH,)
        Working space.

    Returns
    -------
    int
        Number of runs that were finished.
    """
    runs = metrics.shape[0]
    together = runs_in(rows)
    for i in range(0, runs, together):
        run = luck.run + np.uint64(i)
        if own.values.shape[0] > 0:
            run = own.luck[i]
            _hand_out(own, rows, p, i, together)
        # Where fewer are left than go side by side, the others run in vain.
        wanted = together if i + together < runs else runs - i
        _reset(start, blocks)
        opening_in_rules(called.rules, rows, p, Draws(luck.key0, luck.key1, run, np.uint64(0)))
        for at in range(months + 1):
            if at > 0:
                if stop[0] != 0:
                    return i
                month_in_rules(called.rules, rows, p, Draws(luck.key0, luck.key1, run, np.uint64(at - 1)))
            for k in range(wanted):
                called.note_run(
                    rows, k, i + k, at, months, metrics, spending, ledgers, bodies, picks, series, stages, work
                )
    return int(runs)


@rule
def add_in_order(added: np.ndarray, spending: np.ndarray) -> None:
    """Add the accounts of runs, shape (runs, accounts, years, forms, 5), one run after the other to what was there."""
    for i in range(spending.shape[0]):
        for a in range(spending.shape[1]):
            for y in range(spending.shape[2]):
                for f in range(spending.shape[3]):
                    for k in range(spending.shape[4]):
                        added[a, y, f, k] += spending[i, a, y, f, k]
