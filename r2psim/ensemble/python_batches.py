"""Python policies that decide for many runs at once: the runs go side by side, month by month, in this process.

The compiled phases of the month (`r2psim.rules.month.PHASES`) go over all rows of a batch of runs; where bodies decide,
each object is asked once for all of them. Every batch begins with a fresh copy of the objects, and within it the same
place is the same run from the first month to the last. Each run keeps its own luck, and with that its bits: they depend
neither on the size of batches nor on the number of threads.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from r2psim.agents.body_rows import Seat, offers_of
from r2psim.agents.policies import decides_many
from r2psim.agents.views import PolicyError, Promised, Views, checked_many
from r2psim.declarations.columns import PR, B, G, L
from r2psim.ensemble.engine import ACCOUNTS
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
    measure,
    spending_at,
)
from r2psim.ensemble.uncertainty import Drawing
from r2psim.rules.decision import income, offering
from r2psim.rules.draws import Draws, draws_of
from r2psim.rules.month import PHASES, opening
from r2psim.scenario.parameters import P
from r2psim.world.build import World, build
from r2psim.world.rows import WRITTEN, Rows, copy_rows, side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from r2psim.agents.policies import AnyDecider
    from r2psim.ensemble.python_policy import Order, PythonPolicy

__all__ = ["LARGEST_BATCH", "Setting", "batch_size", "in_batches", "pieces_of"]

YEAR = 12
STAGES = 5
LARGEST_BATCH = 256
"""Runs that are asked about at once, at most: beyond it, being asked costs little next to deciding."""
LARGEST_ROWS = 64 * 2**20
"""Bytes of rows that lie side by side, at most: what does not lie in a cache is gone through more slowly."""
STATES_AT_ONCE = 384
"""States of whole runs that go through phases together, at least: a call takes as long as a dozen states do."""

_ACT = next(i for i, phase in enumerate(PHASES) if phase.name == "act")
Piece = dict[str, np.ndarray]


def in_batches(policy: PythonPolicy, bodies: Sequence[str]) -> bool:
    """Say whether a policy is decided in batches: if each of its objects decides for many runs."""
    objects = policy.deciding(bodies).values()
    return bool(objects) and all(decides_many(found) for found in objects)


def batch_size(rows: Rows, runs: int, threads: int) -> int:
    """Give the number of runs of a batch: as many as are fast, and no fewer batches than threads.

    Parameters
    ----------
    rows : Rows
        Of one run.
    runs, threads : int
        How many runs there are, and how many batches are under way at a time.
    """
    a_run: int = sum(getattr(rows, name).nbytes for name in WRITTEN)
    most = max(1, min(LARGEST_BATCH, LARGEST_ROWS // a_run, -(-runs // threads)))
    # As many batches as it takes, of equal length.
    return -(-runs // -(-runs // most))


class _Stretch(NamedTuple):
    """Runs that go through a phase together.

    Attributes
    ----------
    first, last : int
        Places in the batch.
    rows : Rows
        Those of the batch, with the effects that these runs have.
    p : numpy.ndarray
        Values of their parameters.
    """

    first: int
    last: int
    rows: Rows
    p: NDArray[np.float64]


class Setting:
    """What all batches of a policy share.

    Parameters
    ----------
    order : Order
        What is run.
    policy : PythonPolicy
        Who decides.
    null_twin : bool
        Whether all effects of assistance are none.
    """

    def __init__(self, order: Order, policy: PythonPolicy, null_twin: bool) -> None:
        self.order, self.policy, self.null_twin = order, policy, null_twin
        self.world: World = build(order.scenario, policy.base)
        self.drawing = Drawing(order.scenario, order.drawn, order.seed) if order.drawn else None
        self.deciding: dict[str, AnyDecider] = policy.deciding(self.world.bodies)

    def parameters(self, run: int) -> NDArray[np.float64]:
        """Give the values of the parameters of a run."""
        base = self.policy.base
        of = self.order.scenario.parameter_values(base) if self.drawing is None else self.drawing.values_of(run, base)
        values = np.array(of)
        if self.null_twin:
            values[P.assistance_effect_scale] = 0.0
        return values

    def objects(self) -> dict[str, Any]:
        """Give a fresh copy of who decides for whom.

        Raises
        ------
        PolicyError
            If they cannot be copied.
        """
        try:
            return deepcopy(self.deciding)
        except Exception as error:
            what = f"policy {self.policy.name} cannot be copied, and each batch of runs begins with a copy"
            raise PolicyError(f"{what}: {error}") from error


def _put(rows: Rows, world: World, runs: int, place: int, single: Rows) -> None:
    """Put the rows of a run to its place among those of a batch."""
    states = len(world.states)
    for name in ("state", "group", "body", "rating", "pledge", "note"):
        block: np.ndarray = getattr(single, name)
        getattr(rows, name)[:, place * block.shape[1] : (place + 1) * block.shape[1]] = block
    programmes = rows.programme.reshape(len(rows.programme), len(world.forms), runs, states)
    programmes[:, :, place] = single.programme.reshape(len(rows.programme), len(world.forms), states)
    rows.ledger[place * len(world.bodies) : (place + 1) * len(world.bodies)] = single.ledger
    pledge = rows.pledge.reshape(len(rows.pledge), runs, -1)[:, place]
    made = pledge[L.programme] >= 0.0
    pledge[L.state] += np.where(made, float(place * states), 0.0)
    pledge[L.programme] = np.where(made, pledge[L.form] * (states * runs) + pledge[L.state], pledge[L.programme])


@contextmanager
def _at_rest(rows: Rows, bodies: NDArray[np.int64]) -> Iterator[None]:
    """Leave bodies without money and pledges meanwhile: so they get none, decide nothing and put nothing up."""
    columns = np.array([B.budget, B.balance, B.pledges, B.pledged])
    kept = rows.body[columns][:, bodies]
    rows.body[np.ix_(columns, bodies)] = 0.0
    try:
        yield
    finally:
        rows.body[np.ix_(columns, bodies)] = kept


class _Batch:
    """A batch of runs of a policy, side by side.

    Parameters
    ----------
    setting : Setting
        What it shares with the others.
    first, runs : int
        Number of the first run, and how many there are.
    stop : threading.Event
        Looked at every month.
    """

    def __init__(self, setting: Setting, first: int, runs: int, stop: threading.Event) -> None:
        self.setting, self.first, self.runs, self.stop = setting, first, runs, stop
        self.order, self.world = setting.order, setting.world
        self.counts = {"state": len(self.world.states), "group": len(self.world.groups), "body": len(self.world.bodies)}
        self.objects = setting.objects()
        self.rows = copy_rows(side_by_side(self.world.rows, runs))
        self.stretches, self.p = self._opened()
        self.seats = [
            (Seat(self.world, self.rows, b), body, max(1, int(self.world.rows.body[B.rhythm, b])))
            for b, body in enumerate(self.world.bodies)
            if body in self.objects
        ]
        rows_of = np.arange(runs * len(self.world.bodies)).reshape(runs, -1)
        deciding = np.isin(np.arange(len(self.world.bodies)), [seat.body for seat, *_ in self.seats])
        self.by_object, self.by_rules = rows_of[:, deciding], rows_of[:, ~deciding]
        # In one batch of a policy somebody else decides for its last run alone: what a run gets must be its own.
        self.alone = setting.objects() if first == self.order.first_run and runs > 1 else {}

    def _opened(self) -> tuple[list[_Stretch], NDArray[np.float64]]:
        """Open all runs; give the stretches in which they go through phases, and their parameters."""
        order, setting = self.order, self.setting
        if setting.drawing is None:
            p = setting.parameters(self.first)
            opening(self.rows, p, draws_of(order.seed, self.first, 0))
            each = max(1, STATES_AT_ONCE // len(self.world.states))
            starts = range(0, self.runs, each)
            return [_Stretch(at, min(at + each, self.runs), self.rows, p) for at in starts], p[None]
        stretches = []
        for k in range(self.runs):
            run = self.first + k
            p, single = setting.parameters(run), setting.drawing.rows_of(run, copy_rows(self.world.rows))
            opening(single, p, draws_of(order.seed, run, 0))
            _put(self.rows, self.world, self.runs, k, single)
            stretches.append(_Stretch(k, k + 1, setting.drawing.rows_of(run, self.rows), p))
        return stretches, np.stack([stretch.p for stretch in stretches])

    def run(self) -> Piece:
        """Do the runs.

        Returns
        -------
        dict of str to numpy.ndarray
            What a `r2psim.ensemble.simulation.Block` holds, without the spending; of no use once they are to stop.
        """
        order, runs = self.order, self.runs
        years = order.months // YEAR
        out: Piece = {
            "metrics": np.empty((runs, len(METRICS))),
            "accounts": np.empty((runs, len(ACCOUNTS), years, len(self.world.forms), STAGES)),
            "ledgers": np.empty((runs, years, len(LEDGERS))),
            "bodies": np.empty((runs, len(self.world.bodies), len(BODY_ACCOUNTS))),
        }
        out |= {name: np.empty((runs, order.months + 1)) for name in order.series}
        if order.histories:
            out["stage"] = np.empty((runs, order.months + 1, len(self.world.groups)), dtype=np.int8)
        places = [(name, list(SERIES).index(name)) for name in order.series]
        work = np.empty(DEPTH)

        def over(stretch: _Stretch, at: int) -> None:
            self._note(stretch, at, out, places, work)

        for month in range(order.months):
            if self.stop.is_set():
                return out
            self._step(month, over)
        self._finish(order.months, over)
        for name, place in places:
            if place >= FIRST_FLOW:
                out[name] = np.diff(out[name], axis=1, prepend=out[name][:, :1])
        for k in range(runs):
            measure(self.rows, k, order.months, out["metrics"][k], work)
            bodies_at(self.rows, k, out["bodies"][k])
        return out

    def _note(
        self, stretch: _Stretch, at: int, out: Piece, places: Sequence[tuple[str, int]], work: NDArray[np.float64]
    ) -> None:
        """Write down what is kept of a month that is over."""
        runs = range(stretch.first, stretch.last)
        for name, place in places:
            for k in runs:
                out[name][k, at] = level_of(self.rows, k, place, work)
        if "stage" in out:
            stage = self.rows.group[G.stage].reshape(self.runs, -1)
            out["stage"][stretch.first : stretch.last, at] = stage[stretch.first : stretch.last]
        if at and at % YEAR == 0:
            year = at // YEAR - 1
            for k in runs:
                for a, account in enumerate((PR.spent_0, PR.needed_0, PR.met_0)):
                    spending_at(self.rows, k, account, out["accounts"][k, a, year])
                ledgers_at(self.rows, k, out["ledgers"][k, year], work)

    def _step(self, month: int, over: Callable[[_Stretch, int], None]) -> None:
        """Let a month follow the one before: to where all bodies have acted.

        By the rules they do so before anybody is asked: no body sees what another decides in the same month.
        """
        before, luck = (draws_of(self.order.seed, self.first, m) for m in (max(0, month - 1), month))
        # What a stretch of runs leaves of a month is still near when it begins with the next.
        for stretch in self.stretches:
            if month:
                self._go_through(stretch, _ACT + 1, len(PHASES), before)
            over(stretch, month)
            self._go_through(stretch, 0, _ACT, luck)
            if self.by_rules.size:
                with _at_rest(self.rows, self.by_object[stretch.first : stretch.last].ravel()):
                    self._go_through(stretch, _ACT, _ACT + 1, luck)
        with _at_rest(self.rows, self.by_rules.ravel()):
            self._decide(month, luck)

    def _finish(self, months: int, over: Callable[[_Stretch, int], None]) -> None:
        """Bring the last month to its end."""
        luck = draws_of(self.order.seed, self.first, months - 1)
        for stretch in self.stretches:
            self._go_through(stretch, _ACT + 1, len(PHASES), luck)
            over(stretch, months)

    def _go_through(self, stretch: _Stretch, first: int, last: int, luck: Draws) -> None:
        """Let all rows of a stretch go through phases."""
        for phase in PHASES[first:last]:
            n = self.counts[phase.kind]
            phase.run(stretch.first * n, stretch.last * n, stretch.rows, stretch.p, luck)

    def _decide(self, month: int, luck: Draws) -> None:
        """Give bodies their month's money, ask who decides for those whose turn it is, and put up what is promised."""
        every = self.rows.body.shape[1]
        # What these two rules do depends on no parameter.
        income(0, every, self.rows, self.p[0], luck)
        offers = offers_of(self.rows)
        for seat, body, rhythm in self.seats:
            if month % rhythm == 0:
                views = seat.look(self.rows, self.p, luck, month, offers)
                answer = self._asked(self.objects[body], views)
                promised = checked_many(views, answer, self.world.forms, self.first)
                if self.alone:
                    self._compare(views, body, promised)
                seat.promise(self.rows, self.p, month, promised)
        offering(0, every, self.rows, self.p[0], luck)

    def _asked(self, policy: Any, views: Views) -> object:
        """Ask somebody to decide."""
        try:
            return policy.decide_many(views)
        except PolicyError:
            raise
        except Exception as error:
            runs = f"runs {self.first} to {self.first + self.runs - 1}"
            where = f"policy {self.setting.policy.name}: {runs}, month {views.month}"
            raise PolicyError(f"{where}: {type(error).__name__}: {error}") from error

    def _compare(self, views: Views, body: str, promised: Promised) -> None:
        """Refuse what is promised in a run if it would be something else in that run alone."""
        last = self.runs - 1
        single = views.alone(last)
        alone = checked_many(single, self._asked(self.alone[body], single), self.world.forms, self.first + last)
        mine = promised.run == last
        if any(not np.array_equal(ours[mine], its) for ours, its in zip(promised[1:], alone[1:], strict=True)):
            raise PolicyError(
                f"policy {self.setting.policy.name}: decide_many of {views.body}, run {self.first + last}, month "
                f"{views.month}: what it allocates in the run depends on the other runs of the batch, which is not "
                "allowed: each run is decided by itself, from its own rows of the views, to the last digit "
                "(no sums over runs, no random numbers in the shape of the batch, no matrix products over runs)"
            )


def pieces_of(
    order: Order, policy: PythonPolicy, null_twin: bool, threads: int, size: int | None = None
) -> Iterator[Piece]:
    """Run a policy in batches on threads; give what came of each batch, in order of runs.

    Parameters
    ----------
    order : Order
        What is run.
    policy : PythonPolicy
        Who decides.
    null_twin : bool
        Whether all effects of assistance are none.
    threads : int
        How many batches are under way at a time. With 1 all is done in the caller's.
    size : int, optional
        Runs of a batch; as many as are fast if not given.

    Raises
    ------
    PolicyError
        If the policy allocates what a body may not, fails, or mixes runs.
    """
    setting = Setting(order, policy, null_twin)
    size = size or batch_size(setting.world.rows, order.runs, threads)
    end = order.first_run + order.runs
    batches = [(at, min(size, end - at)) for at in range(order.first_run, end, size)]
    stop = threading.Event()

    def done(first: int, runs: int) -> Piece:
        return _Batch(setting, first, runs, stop).run()

    if threads == 1:
        for batch in batches:
            yield done(*batch)
        return
    waiting: deque[Future[Piece]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for batch in batches:
                waiting.append(pool.submit(done, *batch))
                # Few at a time, so that finished batches do not pile up behind a slow one.
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            # Batches that are under way end with their present month.
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
