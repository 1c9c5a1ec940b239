"""The work of a batch in one line: every run of every point has its place, and any stretch of the line is a task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Cutter", "Plan", "Segment", "gaps"]

Stretch = tuple[int, int]
"""First place and number of places."""


class Segment(NamedTuple):
    """Runs ``first_run .. first_run + runs - 1`` of a point."""

    point: int
    first_run: int
    runs: int


@dataclass(frozen=True)
class Plan:
    """Places of all runs: round by round, within a round point by point, within a point run by run.

    Attributes
    ----------
    points, runs : int
        Number of points, and of runs of each.
    rounds : tuple of int
        Runs of every point that each round does; they sum to `runs`.

    Examples
    --------
    >>> plan = Plan(points=2, runs=3, rounds=(1, 2))
    >>> list(plan.segments(1, 3))
    [Segment(point=1, first_run=0, runs=1), Segment(point=0, first_run=1, runs=2)]
    """

    points: int
    runs: int
    rounds: tuple[int, ...]

    def __post_init__(self) -> None:
        if sum(self.rounds) != self.runs:
            raise ValueError(f"rounds of {self.rounds} runs are not {self.runs} runs")

    @property
    def total(self) -> int:
        """Number of places."""
        return self.points * self.runs

    def ends(self) -> Iterator[Stretch]:
        """Give the stretch of each round."""
        at = 0
        for size in self.rounds:
            yield at, size * self.points
            at += size * self.points

    def segments(self, first: int, count: int) -> Iterator[Segment]:
        """Give the runs that lie on a stretch."""
        at, end, before = first, first + count, 0
        for (start, length), size in zip(self.ends(), self.rounds, strict=True):
            while at < min(end, start + length):
                point, offset = divmod(at - start, size)
                here = min(size - offset, end - at)
                yield Segment(point, before + offset, here)
                at += here
            before += size


def gaps(done: Iterable[Stretch], first: int, count: int) -> list[Stretch]:
    """Give what is missing of a stretch.

    Examples
    --------
    >>> gaps([(2, 3), (7, 1)], 0, 10)
    [(0, 2), (5, 2), (8, 2)]
    """
    missing, at, end = [], first, first + count
    for start, length in sorted(done):
        if start >= end:
            break
        if start > at:
            missing.append((at, start - at))
        at = max(at, start + length)
    if at < end:
        missing.append((at, end - at))
    return missing


class Cutter:
    """Cuts missing stretches into tasks of seconds of work; later ones know how long a run takes.

    Parameters
    ----------
    plan : Plan
        Where points begin: a task ends with a point rather than just before.
    workers : int
        So that all of them end together, the last tasks are smaller.
    seconds : float
        Length of a task.
    fixed : int, optional
        Runs of every task, whatever they take.
    most : int, optional
        Runs of a task at most, for the sake of memory.
    """

    FIRST = 4
    """Runs of the first tasks, whose length nobody knows."""
    SHARES = 3
    SHORTEST = 0.3

    def __init__(
        self, plan: Plan, workers: int, seconds: float = 4.0, fixed: int | None = None, most: int | None = None
    ) -> None:
        self.plan, self.workers, self.seconds, self.fixed = plan, workers, seconds, fixed
        self.most = most or plan.total
        self.missing: list[Stretch] = []
        self.worked, self.finished = 0.0, 0

    def learn(self, seconds: float, runs: int) -> None:
        """Take in how long some runs took."""
        self.worked += seconds
        self.finished += runs

    def put(self, stretches: Iterable[Stretch]) -> None:
        """Add what is missing."""
        self.missing = sorted([*self.missing, *stretches])

    def _size(self) -> int:
        if self.fixed is not None:
            return self.fixed
        if not self.finished:
            return self.FIRST
        a_run = max(self.worked / self.finished, 1e-9)
        share = sum(length for _, length in self.missing) * a_run / (self.SHARES * self.workers)
        return int(min(max(share, self.SHORTEST), self.seconds) / a_run)

    def take(self) -> Stretch | None:
        """Give the next task, or None where nothing is missing."""
        if not self.missing:
            return None
        first, length = self.missing[0]
        size = max(1, min(self._size(), length, self.most))
        if self.fixed is None and size < length:
            # A point that is begun twice is built twice.
            last = list(self.plan.segments(first, size))[-1]
            whole = self._left_of(first + size)
            if 0 < whole < size // 2:
                size = min(size + whole, self.most, length)
            elif whole > 0 and last.runs < size // 3:
                size -= last.runs
        rest = length - size
        self.missing[:1] = [(first + size, rest)] if rest else []
        return first, size

    def _left_of(self, at: int) -> int:
        """Give how many runs of the point that lies at a place are still to come from there on."""
        for (start, length), runs in zip(self.plan.ends(), self.plan.rounds, strict=True):
            if start <= at < start + length:
                return -(at - start) % runs
        return 0
