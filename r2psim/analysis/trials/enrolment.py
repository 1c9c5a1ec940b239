"""Runs of a trial: who enters, which arm they get, and what happens to them.

The model runs as it always does. Between the decisions of bodies and the delivery of their programmes, the treated are
given the forms in question at full funding, and the others are kept from them; nobody is charged for either. Every run
is done twice under the same luck, the second time with the arms exchanged: what entered before the histories parted
meets both arms.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.checkpoints import KeptArrays
from r2psim.analysis.row_runs import StoppedError
from r2psim.declarations.columns import GROUP, PR, STATE, F, S
from r2psim.rules.draws import TRIAL_ARM, Draws, draws_of, uniforms
from r2psim.rules.month import GROUPS_AT_ONCE, PHASES, STATES_AT_ONCE, opening
from r2psim.world.build import World, build
from r2psim.world.rows import Rows, copy_rows, side_by_side

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.scenario.trials import Condition, Trial

__all__ = ["FOLDER", "Entries", "EntryStore", "draw_arms", "enrol"]

FOLDER = "entries"
"""Folder of the kept entries in the directory of a table of trials."""

YEAR = 12
FIRST_MONTH = 12
"""Nobody enters in the first year: worlds are still leaving their start."""
PLENTY = 1e15
"""Cents a month: more than any programme can use."""
STATES_BESIDE = 1200
"""States whose runs lie side by side: rules are called once for all of them."""


def draw_arms(luck: Draws, identity: np.ndarray, u: np.ndarray) -> None:
    """Draw the uniform numbers that decide the arms of those who enter."""
    uniforms(luck, identity, TRIAL_ARM, u)


@dataclass(frozen=True, eq=False)
class Entries:
    """Everybody who entered a trial, an entry a place.

    Attributes
    ----------
    run : numpy.ndarray, int64
        Number of the run; the two halves of a pair share it.
    arm : numpy.ndarray, int64
        Place in the trial's doses.
    months : numpy.ndarray, int64
        Months in which the outcome was counted: up to the event, the end of follow-up or the end of the run.
    happened : numpy.ndarray, bool
        Whether the event happened in them.
    complete : numpy.ndarray, bool
        Whether the entry was followed to the end of follow-up, or to the event.
    total : numpy.ndarray, float64
        The outcome summed over those months, in its own unit (months that count, for an outcome of months).
    reached : numpy.ndarray, float64, 0-1
        Mean strength times quality of the forms over the months of treatment: 1 is the effect that the catalogue gives.
    at_work : numpy.ndarray, float64, 0-1
        Share of the months of treatment in which they reached at least half of it.
    """

    run: np.ndarray
    arm: np.ndarray
    months: np.ndarray
    happened: np.ndarray
    complete: np.ndarray
    total: np.ndarray
    reached: np.ndarray
    at_work: np.ndarray

    def __len__(self) -> int:
        return len(self.run)

    def arrays(self) -> dict[str, np.ndarray]:
        """Give the arrays by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


_KINDS = dict(zip((each.name for each in fields(Entries)), "iii??fff", strict=True))


def _entries(parts: Sequence[Entries]) -> Entries:
    """Give the entries of some runs together."""
    kinds = {"i": np.int64, "?": np.bool_, "f": np.float64}
    return Entries(
        *(
            np.concatenate([np.empty(0, dtype=kinds[kind]), *(getattr(part, name) for part in parts)])
            for name, kind in _KINDS.items()
        )
    )


class EntryStore(KeptArrays):
    """Where the entries of finished runs are kept while trials go on.

    Parameters
    ----------
    directory : Path or None
        Made if it is not there; None keeps nothing.
    question : dict, optional
        What was asked: a directory that was begun with another question is refused.

    Raises
    ------
    OutputError
        On entering, if the directory is something else's, or of another question, or in use, or cannot be written.
    """

    def __init__(self, directory: Path | None, question: dict[str, Any] | None = None) -> None:
        made_of = ("declarations/*.py", "world/*.py", "scenario/*.py", "analysis/trials/enrolment.py")
        super().__init__(directory, FOLDER, "table of trials", made_of, question)

    def read(self, key: str) -> Entries | None:
        """Give the entries of some runs, or None if they are not kept."""
        kept = self.arrays(key)
        return Entries(**kept) if kept is not None and set(kept) == set(_KINDS) else None


@dataclass
class _Open:
    """Entries that are being followed: at most one a unit; a month below 0 is none."""

    units: int
    month: np.ndarray = field(init=False)
    arm: np.ndarray = field(init=False)
    counted: np.ndarray = field(init=False)
    total: np.ndarray = field(init=False)
    reached: np.ndarray = field(init=False)
    at_work: np.ndarray = field(init=False)
    treated: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.month = np.full(self.units, -1, dtype=np.int64)
        for name in ("arm", "counted", "treated"):
            setattr(self, name, np.zeros(self.units, dtype=np.int64))
        for name in ("total", "reached", "at_work"):
            setattr(self, name, np.zeros(self.units))


def _all_hold(conditions: Sequence[Condition], block: np.ndarray, index: dict[str, int], rows: Rows) -> np.ndarray:
    """Say of each unit of a block whether all conditions hold; those of its state are looked up there."""
    held = np.ones(block.shape[1], dtype=bool)
    for condition in conditions:
        if condition.of_state and block is not rows.state:
            column = rows.state[STATE.index[condition.column]][rows.home]
        else:
            column = block[index[condition.column]]
        held &= condition.holds(column)
    return held


class _Run:
    """Some runs of a trial side by side."""

    def __init__(self, trial: Trial, world: World, beside: int, flipped: bool, stop: Event) -> None:
        self.trial, self.beside, self.flipped, self.stop = trial, beside, flipped, stop
        self.start = side_by_side(world.rows, beside)
        self.of_groups = trial.unit == "group"
        places = {form: k for k, form in enumerate(world.forms)}
        self.forms = [places[form] for form in trial.forms]
        self.records: list[Entries] = []

    def go(self, p: np.ndarray, seed: int, first_run: int, months: int) -> None:
        """Run them all and follow everybody who enters."""
        rows = copy_rows(self.start)
        block, index = (rows.group, GROUP.index) if self.of_groups else (rows.state, STATE.index)
        self.rows, self.block, self.index = rows, block, index
        self.open = _Open(block.shape[1])
        opening(rows, p, draws_of(seed, first_run, 0))
        for month in range(months):
            if self.stop.is_set():
                raise StoppedError
            luck = draws_of(seed, first_run, month)
            for phase in PHASES:
                if phase.name == "receive":
                    if month >= FIRST_MONTH:
                        self.enter(seed, first_run, month)
                    self.treat(month)
                each = {"state": STATES_AT_ONCE, "group": GROUPS_AT_ONCE}.get(phase.kind, 1 << 30)
                rows_of_kind = getattr(rows, phase.kind).shape[1]
                for first in range(0, rows_of_kind, each):
                    phase.run(first, min(first + each, rows_of_kind), rows, p, luck)
                if phase.name == "sum_up":
                    self.follow(first_run, month)
        self.close(self.open.month >= 0, first_run, np.zeros(self.open.units, dtype=bool), False)

    def runs_of(self, units: np.ndarray) -> np.ndarray:
        """Give how many places beside the first run units lie."""
        of = self.rows.group_run if self.of_groups else self.rows.state_run
        found: np.ndarray = of[units].astype(np.int64)
        return found

    def states_of(self, units: np.ndarray) -> np.ndarray:
        """Give the states of units."""
        home: np.ndarray = self.rows.home[units] if self.of_groups else units
        return home

    def enter(self, seed: int, first_run: int, month: int) -> None:
        """Let those enter who are eligible, in states where nobody is being followed."""
        able = _all_hold(self.trial.population, self.block, self.index, self.rows)
        units = np.flatnonzero(able & (self.open.month < 0))
        if len(units) == 0:
            return
        states = self.states_of(units)
        taken = np.zeros(self.rows.state.shape[1], dtype=bool)
        taken[self.states_of(np.flatnonzero(self.open.month >= 0))] = True
        # The first unit of each state.
        states, place = np.unique(states, return_index=True)
        units, states = units[place][~taken[states]], states[~taken[states]]
        u = np.empty(len(units))
        which = self.runs_of(units)
        by_run = self.trial.assign == "run"
        for run in np.unique(which):
            here = which == run
            luck = draws_of(seed, first_run + int(run), 0 if by_run else month)
            found = np.empty(int(here.sum()))
            identity = self.rows.state_id[states[here]]
            draw_arms(luck, np.zeros_like(identity) if by_run else identity, found)
            u[here] = found
        arms = len(self.trial.doses)
        # The other half of the pair gets the arm at the other end.
        self.open.arm[units] = np.floor((1.0 - u if self.flipped else u) * arms).clip(0, arms - 1)
        self.open.month[units] = month
        for name in ("counted", "treated", "total", "reached", "at_work"):
            getattr(self.open, name)[units] = 0

    def treat(self, month: int) -> None:
        """Give the treated what the trial gives, and keep the others from it."""
        units = np.flatnonzero(self.open.month >= 0)
        units = units[month - self.open.month[units] < self.trial.treatment_months]
        if len(units) == 0:
            return
        rows, states = self.rows, self.states_of(units)
        dose = np.array(self.trial.doses)[self.open.arm[units]]
        if self.trial.given_while:
            given = _all_hold(self.trial.given_while, rows.state, STATE.index, rows)[states]
            dose = np.where(given, dose, 0.0)
        treated = dose > 0.0
        for column, value in self.trial.hold.items():
            rows.state[STATE.index[column], states[treated]] = value
        number = rows.state.shape[1]
        reached = np.zeros(len(units))
        for f in self.forms:
            row = f * number + states
            cost = rows.programme[PR.cost, row]
            offered = np.where(dose >= 1.0, PLENTY, np.floor(dose * cost))
            if self.trial.comparison == "none":
                rows.programme[PR.strength, row[~treated]] = 0.0
                rows.programme[PR.offered, row[~treated]] = 0.0
            rows.programme[PR.offered, row[treated]] = offered[treated]
            rows.programme[PR.backfires, row[treated]] = 0.0
            works = rows.programme[PR.strength, row] * rows.programme[PR.quality, row]
            if rows.form[F.is_assessment, f] == 0.0:
                reached = np.maximum(reached, works)
        self.open.treated[units] += 1
        self.open.reached[units] += reached
        self.open.at_work[units] += reached >= 0.5

    def follow(self, first_run: int, month: int) -> None:
        """Count the outcome of the month, and close what is over."""
        since = month - self.open.month
        entered = (self.open.month >= 0) & (since > 0)
        counts = entered & (since > self.trial.from_month)
        if not entered.any():
            return
        outcome = self.trial.outcome
        happened = np.zeros(self.open.units, dtype=bool)
        if outcome.kind in ("event", "months"):
            held = self.outcome_of(outcome.conditions)
            if outcome.kind == "event":
                happened = counts & held
            else:
                self.open.total[counts] += held[counts]
        else:
            self.open.total[counts] += self.amount()[counts]
        self.open.counted[counts] += 1
        ends = entered & (since >= self.trial.follow_up)
        self.close(happened | ends, first_run, happened, True)

    def outcome_of(self, conditions: Sequence[Condition]) -> np.ndarray:
        """Say of each unit whether the conditions hold for it, or for any neighbour of it that was at peace."""
        held = _all_hold(conditions, self.block, self.index, self.rows)
        if self.trial.outcome_at == "unit":
            return held
        rows = self.rows
        # Only a conflict that has just begun: one that goes on was there at entry.
        began = held & (rows.state[S.conflict_months] < 1.0)
        spread = np.zeros(self.open.units, dtype=bool)
        number = np.diff(rows.neighbour_start)
        np.logical_or.at(spread, np.repeat(np.arange(len(number)), number), began[rows.neighbour])
        return spread

    def amount(self) -> np.ndarray:
        """Give the month's amount of the outcome of each unit: of a state also what is counted in its groups."""
        outcome, rows = self.trial.outcome, self.rows
        added = np.zeros(self.open.units)
        for name in outcome.columns:
            if self.of_groups:
                added += rows.group[GROUP.index[name]] * _all_hold(outcome.of, rows.group, GROUP.index, rows)
            elif name in STATE.index and (name not in GROUP.index or outcome.kind == "level"):
                added += rows.state[STATE.index[name]]
            else:
                counted = rows.group[GROUP.index[name]] * _all_hold(outcome.of, rows.group, GROUP.index, rows)
                added += np.bincount(rows.home, counted, rows.state.shape[1])
        return added

    def close(self, which: np.ndarray, first_run: int, happened: np.ndarray, complete: bool) -> None:
        """Note entries whose following is over."""
        units = np.flatnonzero(which)
        if len(units) == 0:
            return
        o = self.open
        treated = np.maximum(o.treated[units], 1)
        self.records.append(
            Entries(
                first_run + self.runs_of(units),
                o.arm[units].copy(),
                o.counted[units].copy(),
                happened[units].copy(),
                np.full(len(units), complete),
                o.total[units].copy(),
                o.reached[units] / treated,
                o.at_work[units] / treated,
            )
        )
        o.month[units] = -1


def enrol(
    trial: Trial,
    scenario: Scenario,
    policy: str,
    runs: int,
    seed: int,
    years: int,
    threads: int = 1,
    p: np.ndarray | None = None,
    advance: Callable[[int], None] | None = None,
    store: EntryStore | None = None,
) -> Entries:
    """Run a trial.

    Parameters
    ----------
    trial : Trial
        What is run.
    scenario : Scenario
        With everything generated.
    policy : str
        What bodies do beside the trial.
    runs, seed : int
        Runs ``0 .. runs - 1`` of that seed, each of them twice.
    years : int
        Length of a run.
    threads : int
        Threads; the entries do not depend on them.
    p : numpy.ndarray, shape (parameters,), optional
        Values of the parameters, those of the scenario if not given.
    advance : callable, optional
        Told the number of runs finished.
    store : EntryStore, optional
        Entered; entries that it keeps are taken from it, and others put there as runs finish.

    Returns
    -------
    Entries
        In order of runs; of a pair first the half as drawn.
    """
    world = build(scenario, policy)
    values = scenario.parameter_values(policy) if p is None else p
    states = world.rows.state.shape[1]
    beside = max(1, min(runs, STATES_BESIDE // states))
    work = [
        (first, min(beside, runs - first), flipped) for first in range(0, runs, beside) for flipped in (False, True)
    ]

    stop, kept = Event(), EntryStore(None) if store is None else store
    about = [scenario.resolved(), hashlib.sha256(values.tobytes()).hexdigest()] if kept.directory is not None else []
    asked = [repr(trial.setting), policy, seed, years, *about]

    def one(job: tuple[int, int, bool]) -> Entries:
        first, count, flipped = job
        key = json.dumps([*asked, *job], sort_keys=True)
        found = kept.read(key)
        if found is None:
            run = _Run(trial, world, count, flipped, stop)
            run.go(values, seed, first, YEAR * years)
            found = _entries(run.records)
            kept.keep(key, found.arrays())
        if advance is not None:
            advance(count)
        return found

    with ThreadPoolExecutor(threads) as pool:
        try:
            return _entries(list(pool.map(one, work)))
        except BaseException:
            # What is being run is given up within a month of it: it is done again from its start.
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
