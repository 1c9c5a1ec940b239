"""Doing a batch: tasks to workers, finished stretches to the directory, and what to do when one of them dies."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

from r2psim.ensemble.batch.directory import BatchDirectory
from r2psim.ensemble.batch.estimates import Estimate, differences_of
from r2psim.ensemble.batch.executors import Crew
from r2psim.ensemble.batch.manifest import Stopped
from r2psim.ensemble.batch.plan import Cutter, gaps
from r2psim.ensemble.batch.tasks import Done, Job, Task, WrongVersionError, given_up, job_of, run_task
from r2psim.ensemble.intervals import Interval

__all__ = ["Outcome", "StoppedError", "Tick", "run_batch"]

MOST_DEATHS = 3
"""Times that a worker may die over a stretch before its points are noted as failed."""
LOOK_SECONDS = 0.2
TASK_SECONDS = 4.0
"""Length of a task: long enough that handing it out costs nothing, short enough to lose little."""
BYTES_OF_A_TASK = 48 * 2**20


class StoppedError(Exception):
    """A batch that could not go on; the message says why, and finished work is kept."""


class Tick(NamedTuple):
    """How far a batch is.

    Attributes
    ----------
    done, total : int
        Runs of points that are finished, and all of them; each stands for one run of every policy.
    estimate : Interval or None
        The headline difference so far.
    """

    done: int
    total: int
    estimate: Interval | None


@dataclass(frozen=True)
class Outcome:
    """What became of a batch.

    Attributes
    ----------
    done, total : int
        As in `Tick`; `done` counts what earlier commands did too.
    failed : dict of int to str
        Points that could not be run, and why.
    stopped : Stopped or None
        Whether the stopping rule ended it.
    estimate : Interval or None
        The headline difference.
    busy : float
        Seconds that workers spent on tasks.
    seconds : float
        How long this took.
    """

    done: int
    total: int
    failed: dict[int, str]
    stopped: Stopped | None
    estimate: Interval | None
    busy: float
    seconds: float


def _quiet(tick: Tick) -> None:
    """Tell nobody."""


class _Driver:
    """A batch at work.

    Parameters
    ----------
    directory : BatchDirectory
        Keeps what is finished.
    crew : Crew
        Does the work.
    tell : callable
        Told how far the batch is, whenever something is finished.
    task_seconds, task_runs
        As in `Cutter`.
    """

    def __init__(
        self,
        directory: BatchDirectory,
        crew: Crew,
        tell: Callable[[Tick], None],
        task_seconds: float,
        task_runs: int | None,
    ) -> None:
        self.directory, self.crew, self.tell = directory, crew, tell
        self.plan, self.experiment = directory.plan, directory.experiment
        job = job_of(self.experiment, directory.points.paths, directory.batch, directory.storage)
        self.job: Job = job
        self.pickled = pickle.dumps(job)
        self.cutter = Cutter(self.plan, crew.workers, task_seconds, task_runs, self._most_runs())
        self.estimate = Estimate(self.experiment.runs)
        self.done = sum(entry.count for entry in directory.manifest.entries)
        self.waiting: dict[Future, Task] = {}
        self.deaths: Counter[int] = Counter()
        self.alone: list[Task] = []
        self.busy = 0.0

    def _most_runs(self) -> int:
        """Give how many runs a task may have so that its results fit into memory many times over."""
        years = max([self.experiment.scenario.years, *self._years()])
        numbers = len(self.experiment.metrics) + 3 + len(self.experiment.series) * (12 * years + 1)
        forms = len(self.experiment.scenario.forms)
        return max(1, BYTES_OF_A_TASK // (8 * (numbers + 5 * forms * years) * len(self.experiment.policies)))

    def _years(self) -> list[int]:
        points = self.directory.points
        if "years" not in points.paths:
            return []
        place = points.paths.index("years")
        return [int(row[place] or 0) for row in points.rows]

    # -- rounds --------------------------------------------------------------------------------------------------------

    def run(self) -> Stopped | None:
        """Do what is missing, round by round; give whether the stopping rule ended it."""
        if self.experiment.headline is not None:
            entries = self.directory.manifest.entries
            for segments, found in differences_of(self.directory.parts, entries, self.plan, self.experiment.headline):
                self.estimate.add(segments, found)
        self._show()
        so_far = 0
        if self.experiment.stop is None:
            self._do(list(self.plan.ends()))
            return None
        for (first, count), runs in zip(self.plan.ends(), self.plan.rounds, strict=True):
            self._do([(first, count)])
            so_far += runs
            if so_far < self.experiment.runs and (stopped := self._enough(first + count, so_far)):
                self.directory.manifest.stop(stopped)
                return stopped
        return None

    def _enough(self, end: int, runs: int) -> Stopped | None:
        """Say whether the interval is narrow enough, from what is stored, in one order whoever was faster."""
        assert self.experiment.stop is not None
        assert self.experiment.headline is not None
        estimate = Estimate(self.experiment.runs)
        entries = [entry for entry in self.directory.manifest.entries if entry.first < end]
        for segments, found in differences_of(self.directory.parts, entries, self.plan, self.experiment.headline):
            estimate.add(segments, found)
        interval = estimate.interval()
        if interval is None or interval.low is None or interval.high is None:
            return None
        width = interval.high - interval.low
        return Stopped(runs, width) if width <= self.experiment.stop.width else None

    def _do(self, rounds: list[tuple[int, int]]) -> None:
        """Do what is missing of some rounds; no task lies in two of them."""
        done = [(entry.first, entry.count) for entry in self.directory.manifest.entries]
        for first, count in rounds:
            self.cutter.put(gaps(done, first, count))
        while self.cutter.missing or self.waiting or self.alone:
            self._submit()
            finished, _ = wait(self.waiting, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            self.crew.check()
            for future in finished:
                if future in self.waiting:  # else it was seen to when a worker died
                    self._take(future, self.waiting.pop(future))

    def _submit(self) -> None:
        """Give workers what they can take."""
        # Stretches over which a worker died are tried one by one, to know whose fault it is.
        while self.alone and not self.waiting:
            self._send(self.alone.pop(0))
        most = self.crew.workers + self.crew.ahead
        while not self.alone and len(self.waiting) < most and (stretch := self.cutter.take()):
            self._send(self._task(*stretch))
            if not self.crew.ahead:
                return

    def _task(self, first: int, count: int) -> Task:
        segments = tuple(self.plan.segments(first, count))
        return Task(first, count, segments, {s.point: self.directory.points.rows[s.point] for s in segments})

    def _send(self, task: Task) -> None:
        try:
            self.waiting[self.crew.executor.submit(run_task, self.pickled, task)] = task
        except Exception as error:
            if not self.crew.died(error):
                raise
            self._bury(task)

    # -- what comes back -----------------------------------------------------------------------------------------------

    def _take(self, future: Future, task: Task) -> None:
        """Keep a finished stretch, or see to one that failed."""
        error = CancelledError() if future.cancelled() else future.exception()
        if error is None:
            self._keep(future.result(), task)
        elif self.crew.died(error):
            self._bury(task)
        elif isinstance(error, OSError):
            raise StoppedError(f"a worker cannot store its results: {error.strerror or error}") from error
        elif isinstance(error, WrongVersionError):
            raise StoppedError(f"{error}; install the same r2psim everywhere") from error
        else:
            raise error

    def _keep(self, done: Done, task: Task) -> None:
        try:
            self.directory.keep(done)
        except OSError as error:
            raise StoppedError(f"{self.directory.path}: cannot be written: {error.strerror or error}") from error
        if done.seconds:
            self.cutter.learn(done.seconds, done.count)
        self.busy += done.seconds
        self.done += done.count
        self.estimate.add(task.segments, done.differences)
        self._show()

    def _bury(self, task: Task) -> None:
        """See to a stretch whose worker died: try it again by itself, and give it up after some times."""
        self.deaths[task.first] += 1
        if self.crew.dies_as_a_whole:
            for future, other in self.waiting.items():
                if future.done() and not future.cancelled() and future.exception() is None:
                    self._keep(future.result(), other)
                else:
                    self.alone.append(other)
            self.waiting.clear()
        self.crew.renew()
        if self.deaths[task.first] < MOST_DEATHS:
            self.alone.append(task)
        else:
            self._keep(given_up(self.job, task, f"its worker died {MOST_DEATHS} times: killed, or out of memory"), task)
        self.alone.sort(key=lambda one: one.first)

    def _show(self) -> None:
        self.tell(Tick(self.done, self.plan.total, self.estimate.interval()))


def run_batch(
    directory: BatchDirectory,
    crew: Crew,
    tell: Callable[[Tick], None] = _quiet,
    task_seconds: float = TASK_SECONDS,
    task_runs: int | None = None,
) -> Outcome:
    """Do all of a batch that is not done yet.

    Parameters
    ----------
    directory : BatchDirectory
        Opened, and kept so meanwhile.
    crew : Crew
        Does the work; left open.
    tell : callable
        Told how far the batch is, whenever something is finished.
    task_seconds : float
        Length of a task.
    task_runs : int, optional
        Runs of every task, whatever they take. Results do not depend on either.

    Raises
    ------
    StoppedError
        If the directory cannot be written any more, or workers have another version.
    LostError
        If workers cannot be reached any more.
    """
    began = perf_counter()
    driver = _Driver(directory, crew, tell, task_seconds, task_runs)
    stopped = driver.run()
    directory.finish()
    failed = {point: error for entry in directory.manifest.entries for point, error, _ in entry.failed}
    seconds = perf_counter() - began
    return Outcome(driver.done, driver.plan.total, failed, stopped, driver.estimate.interval(), driver.busy, seconds)
