"""Policies that are Python objects, run beside those of the scenario: the same luck, the same numbers, in processes.

Whoever decides in Python holds the interpreter's lock, so runs go to worker processes. Each run is a Mesa model with
all rows at once, and each begins with a fresh copy of the objects: what one remembers never reaches another run, and
the results are the same bits for any number of workers.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from r2psim.agents.policies import PolicyError
from r2psim.declarations.columns import PR, G
from r2psim.ensemble.batch.executors import ProcessCrew
from r2psim.ensemble.engine import ACCOUNTS, add_in_order
from r2psim.ensemble.measures import (
    BODY_ACCOUNTS,
    DEPTH,
    FIRST_FLOW,
    LEDGERS,
    METRICS,
    SERIES,
    bodies_at,
    ledgers_at,
    level_of,
    metrics_of,
    spending_at,
)
from r2psim.ensemble.python_batches import in_batches, pieces_of
from r2psim.ensemble.python_policy import Order, PythonPolicy, plugged_policy, python_policy
from r2psim.ensemble.results import Results
from r2psim.ensemble.uncertainty import with_draw
from r2psim.rules.month import opening
from r2psim.scenario.parameters import P
from r2psim.world.events import Event
from r2psim.world.rows import copy_rows

if TYPE_CHECKING:
    from r2psim.agents.model import R2PModel

__all__ = ["Order", "Outcome", "PythonPolicy", "plugged_policy", "python_policy", "run_beside", "run_python_policy"]

YEAR = 12
SHARES = 4
"""Into how many pieces a worker's part of the runs is cut, so that all workers end together."""


class Outcome(NamedTuple):
    """What came of some runs of a policy.

    Attributes
    ----------
    arrays : dict of str to numpy.ndarray
        ``metrics`` (runs, len(METRICS)); ``ledgers`` (runs, years, len(LEDGERS)), totals up to the end of each year;
        each series under its name (runs, months + 1); with histories ``stage`` (runs, months + 1, groups), int8.
    accounts : numpy.ndarray, shape (len(ACCOUNTS), years, forms, 5), US$
        Spent, needed and met up to the end of each year, added over runs in their order.
    bodies : numpy.ndarray, shape (bodies, len(BODY_ACCOUNTS)), US$
        Accounts of each body at the end, added over runs in their order.
    events : dict of int to tuple of Event
        Of the runs that were asked for.
    """

    arrays: dict[str, np.ndarray]
    accounts: np.ndarray
    bodies: np.ndarray
    events: dict[int, tuple[Event, ...]]


def _model(order: Order, policy: PythonPolicy, run: int, null_twin: bool) -> R2PModel:
    from r2psim.agents.model import R2PModel

    try:
        decide = deepcopy(policy.deciding(list(order.scenario.bodies)))
    except (TypeError, pickle.PickleError) as error:
        raise PolicyError(f"policy {policy.name} cannot be copied, and each run begins with a copy: {error}") from error
    scenario = with_draw(order.scenario, run, order.drawn, order.seed) if order.drawn else order.scenario
    model = R2PModel(
        scenario, policy.base, order.seed, run, order.months // YEAR,
        drive="rows", record=run in order.events and not null_twin, decide=decide,
    )  # fmt: skip
    if null_twin:
        model.parameters[P.assistance_effect_scale] = 0.0
        # Opened anew: a mission that stands at the start has no effect either.
        model.rows = copy_rows(model.world.rows)
        opening(model.rows, model.parameters, model.luck)
    return model


def _stepped(model: R2PModel, policy: PythonPolicy, note: Callable[[int], None]) -> None:
    """Run a model to its end; `note` is told each month that is over."""
    while model.running:
        try:
            model.step()
        except PolicyError:
            raise
        except Exception as error:
            where = f"policy {policy.name}: run {model.run_number}, month {model.month}"
            raise PolicyError(f"{where}: {type(error).__name__}: {error}") from error
        note(model.month)


def _one(
    order: Order, policy: PythonPolicy, run: int, arrays: dict[str, np.ndarray], i: int, null_twin: bool
) -> tuple[Event, ...]:
    """Do one run; write what is measured of it at place ``i``, and give its events."""
    model = _model(order, policy, run, null_twin)
    places = [(name, list(SERIES).index(name)) for name in order.series]
    work = np.empty(DEPTH)

    def note(at: int) -> None:
        for name, place in places:
            arrays[name][i, at] = level_of(model.rows, 0, place, work)
        if order.histories:
            arrays["stage"][i, at] = model.rows.group[G.stage].astype(np.int8)
        if at and at % YEAR == 0:
            year = at // YEAR - 1
            for a, account in enumerate((PR.spent_0, PR.needed_0, PR.met_0)):
                spending_at(model.rows, 0, account, arrays["accounts"][i, a, year])
            ledgers_at(model.rows, 0, arrays["ledgers"][i, year], work)

    try:
        note(0)
        _stepped(model, policy, note)
        for name, place in places:
            if place >= FIRST_FLOW:
                arrays[name][i] = np.diff(arrays[name][i], prepend=arrays[name][i, 0])
        arrays["metrics"][i] = metrics_of(model.rows, order.months)
        bodies_at(model.rows, 0, arrays["bodies"][i])
        return tuple(model.events)
    finally:
        model.close()


_Piece = tuple[dict[str, np.ndarray], dict[int, tuple[Event, ...]]]


def _stretch(order: Order, policy: PythonPolicy, null_twin: bool, first: int, count: int) -> _Piece:
    """Do some runs; give their arrays and their events."""
    groups = sum(len(state.groups) for state in order.scenario.states.values())
    years = order.months // YEAR
    arrays = {
        "metrics": np.empty((count, len(METRICS))),
        "accounts": np.empty((count, len(ACCOUNTS), years, len(order.scenario.forms), 5)),
        "ledgers": np.empty((count, years, len(LEDGERS))),
        "bodies": np.empty((count, len(order.scenario.bodies), len(BODY_ACCOUNTS))),
    }
    arrays |= {name: np.empty((count, order.months + 1)) for name in order.series}
    if order.histories:
        arrays["stage"] = np.empty((count, order.months + 1, groups), dtype=np.int8)
    events = {}
    for i in range(count):
        told = _one(order, policy, first + i, arrays, i, null_twin)
        if first + i in order.events and not null_twin:
            events[first + i] = told
    return arrays, events


_REMEDY = "put its class into a module that can be imported, or say threads=1"


class _UnreadableError(Exception):
    """What was sent to a worker process cannot be read there."""


@lru_cache(maxsize=1)
def _read(written: bytes) -> tuple[Order, PythonPolicy]:
    try:
        found: tuple[Order, PythonPolicy] = pickle.loads(written)
    except Exception as error:
        raise _UnreadableError(f"{type(error).__name__}: {error}") from None
    return found


def _in_a_worker(written: bytes, null_twin: bool, first: int, count: int) -> _Piece:
    return _stretch(*_read(written), null_twin, first, count)


def _written(order: Order, policy: PythonPolicy) -> bytes:
    try:
        return pickle.dumps((order, policy))
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise PolicyError(f"policy {policy.name} cannot go to worker processes: {told}: {_REMEDY}") from error


def _stretches(order: Order, workers: int) -> list[tuple[int, int]]:
    size = max(1, -(-order.runs // (workers * SHARES)))
    end = order.first_run + order.runs
    return [(at, min(size, end - at)) for at in range(order.first_run, end, size)]


def _in_processes(order: Order, policy: PythonPolicy, null_twin: bool, workers: int) -> Iterator[_Piece]:
    """Give what `_stretch` gives, in order of runs, from worker processes."""
    written, name = _written(order, policy), policy.name
    crew = ProcessCrew(workers)
    try:
        stretches = _stretches(order, workers)
        waiting = [crew.executor.submit(_in_a_worker, written, null_twin, *stretch) for stretch in stretches]
        for future in waiting:
            yield future.result()
    except _UnreadableError as error:
        crew.abandon()
        raise PolicyError(f"policy {name} cannot be read by worker processes: {error}: {_REMEDY}") from None
    except BrokenExecutor as error:
        guard = 'a script starts its work under if __name__ == "__main__":'
        raise PolicyError(f"policy {name}: a worker process died: {guard}; or {_REMEDY}") from error
    except BaseException:
        crew.abandon()
        raise
    finally:
        crew.close()


def run_python_policy(
    order: Order,
    policy: PythonPolicy,
    workers: int,
    advance: Callable[[int], None] | None = None,
    null_twin: bool = False,
) -> Outcome:
    """Run one policy that is Python, with the luck that every other policy has in the same runs.

    Parameters
    ----------
    order : Order
        What is run.
    policy : PythonPolicy
        Who decides.
    workers : int
        Processes; with 1 all is done in this one. The results do not depend on it.
    advance : callable, optional
        Told the number of runs finished since it was last called.
    null_twin : bool
        Whether all effects of assistance are none.

    Raises
    ------
    PolicyError
        If the policy allocates what a body may not, fails, or cannot go to worker processes.
    """
    workers = min(workers, order.runs)
    if in_batches(policy, list(order.scenario.bodies)):
        pieces = _in_batches(order, policy, null_twin, workers)
    elif workers == 1:
        pieces = (_stretch(order, policy, null_twin, *stretch) for stretch in _stretches(order, 1))
    else:
        pieces = _in_processes(order, policy, null_twin, workers)
    kept: list[dict[str, np.ndarray]] = []
    accounts = np.zeros((len(ACCOUNTS), order.months // YEAR, len(order.scenario.forms), 5))
    bodies = np.zeros((1, 1, len(order.scenario.bodies), len(BODY_ACCOUNTS)))
    events: dict[int, tuple[Event, ...]] = {}
    for arrays, told in pieces:
        add_in_order(accounts, arrays.pop("accounts"))
        add_in_order(bodies, arrays.pop("bodies")[:, None, None])
        kept.append(arrays)
        events |= told
        if advance is not None:
            advance(len(arrays["metrics"]))
    joined = {name: np.concatenate([part[name] for part in kept]) for name in kept[0]}
    return Outcome(joined, accounts, bodies[0, 0], events)


def _in_batches(order: Order, policy: PythonPolicy, null_twin: bool, threads: int) -> Iterator[_Piece]:
    """Give what `_stretch` gives, in order of runs, from batches on threads of this process."""
    first = order.first_run
    for arrays in pieces_of(order, policy, null_twin, threads):
        after = first + len(arrays["metrics"])
        told = [run for run in order.events if first <= run < after and not null_twin]
        yield arrays, {run: _events(order, policy, run) for run in told}
        first = after


def _events(order: Order, policy: PythonPolicy, run: int) -> tuple[Event, ...]:
    """Do one run again, alone, and tell its events."""
    model = _model(order, policy, run, null_twin=False)
    try:
        _stepped(model, policy, lambda month: None)
        return tuple(model.events)
    finally:
        model.close()


def run_beside(
    order: Order,
    wanted: Mapping[str, PythonPolicy | None],
    ours: Results | None,
    workers: int,
    advance: Callable[[int], None] | None = None,
) -> Results:
    """Run the policies that are Python, and put them beside the results of the others.

    Parameters
    ----------
    order : Order
        What is run.
    wanted : mapping of str to PythonPolicy or None
        All policies by name, in the order asked for; None for those of the scenario.
    ours : Results or None
        Of the policies of the scenario, if any were asked for.
    workers, advance
        As for `run_python_policy`.
    """
    objects = {name: policy for name, policy in wanted.items() if policy is not None}
    found = _beside(order, wanted, objects, ours, workers, advance, null_twin=False)
    if not order.null_twins:
        return found
    null = ours.null if ours is not None else None
    return replace(found, null=_beside(order, wanted, objects, null, workers, advance, null_twin=True))


def _beside(
    order: Order,
    wanted: Mapping[str, PythonPolicy | None],
    objects: Mapping[str, PythonPolicy],
    ours: Results | None,
    workers: int,
    advance: Callable[[int], None] | None,
    null_twin: bool,
) -> Results:
    """Run the policies that are Python, or their null twins, and put them beside those of the scenario."""
    found = {name: run_python_policy(order, policy, workers, advance, null_twin) for name, policy in objects.items()}

    def joined(kind: str, of: Callable[[Outcome], Any]) -> dict[str, Any]:
        by_policy = (dict(getattr(ours, kind)) if ours is not None else {}) | {
            name: of(outcome) for name, outcome in found.items()
        }
        return {name: by_policy[name] for name in wanted}

    def so_far(outcome: Outcome) -> np.ndarray:
        return outcome.accounts / order.runs

    def by_year(outcome: Outcome) -> np.ndarray:
        return np.diff(outcome.arrays["ledgers"], axis=1, prepend=0.0)

    told = dict(ours.events) if ours is not None else {}
    told |= {(name, run): events for name, outcome in found.items() for run, events in outcome.events.items()}
    return Results(
        scenario=order.scenario,
        policies=tuple(wanted),
        runs=order.runs,
        seed=order.seed,
        months=order.months,
        first_run=order.first_run,
        metrics=joined("metrics", lambda outcome: outcome.arrays["metrics"]),
        spending=joined("spending", lambda outcome: so_far(outcome)[0, -1]),
        yearly=joined("yearly", lambda outcome: np.diff(so_far(outcome)[0], axis=0, prepend=0.0)),
        needs=joined("needs", lambda outcome: np.diff(so_far(outcome)[1:], axis=1, prepend=0.0)),
        bodies=joined("bodies", lambda outcome: outcome.bodies / order.runs),
        ledgers=joined("ledgers", by_year) if order.ledgers else {},
        series=joined("series", lambda outcome: {n: outcome.arrays[n] for n in order.series}) if order.series else {},
        stages=joined("stages", lambda outcome: outcome.arrays["stage"]) if order.histories else {},
        events={} if null_twin else {(name, run): told[name, run] for name in wanted for run in order.events},
        uncertainty=order.uncertainty,
        drawn=order.drawn,
        decide=objects,
        bases={name: policy.base for name, policy in objects.items()},
    )
