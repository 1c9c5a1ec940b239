"""How far a batch is, with the time left and the difference so far: a bar on a terminal, lines in a log."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING, Any

from r2psim.progress import LINE_SECONDS, TimeLeft
from r2psim.terminal import console

if TYPE_CHECKING:
    from types import TracebackType

    from r2psim.ensemble.batch.driver import Tick
    from r2psim.ensemble.batch.experiment import Headline
    from r2psim.ensemble.intervals import Interval

__all__ = ["BatchProgress", "amount", "interval_text"]


def amount(number: float) -> str:
    """Write a number in few digits.

    Examples
    --------
    >>> amount(-0.2834), amount(1234567.0), amount(3.2e9)
    ('-0.283', '1,234,567', '3.2e+09')
    """
    if 1000.0 <= abs(number) < 1e8:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def interval_text(interval: Interval | None) -> str:
    """Write a mean with its interval."""
    if interval is None:
        return "no runs yet"
    if interval.low is None or interval.high is None:
        return amount(interval.mean)
    return f"{amount(interval.mean)} ({amount(interval.low)} to {amount(interval.high)})"


class BatchProgress:
    """Progress on the error stream, so that a person can stop early.

    Parameters
    ----------
    headline : Headline or None
        The difference that is shown.
    show : bool
        Nothing is shown if not.
    """

    def __init__(self, headline: Headline | None, show: bool = True) -> None:
        self.headline, self.show = headline, show
        self.bar: Any = None
        self.task: Any = None
        self.last = monotonic()
        self.left: TimeLeft | None = None

    def __enter__(self) -> BatchProgress:
        if self.show and sys.stderr.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            self.bar = Progress(
                TextColumn("runs of points"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[words]}", markup=False),
                console=console(stderr=True),
                transient=True,
            )
            self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.stop()

    def tick(self, tick: Tick) -> None:
        """Show how far it is."""
        if not self.show:
            return
        words = self.words(tick)  # at every look: what is told depends on when the work was first seen to go on
        if self.bar is not None:
            if self.task is None:
                self.task = self.bar.add_task("", total=tick.total, words="")
            self.bar.update(self.task, completed=tick.done, words=words)
        elif monotonic() - self.last >= LINE_SECONDS:
            self.last = monotonic()
            share = tick.done / max(tick.total, 1)
            sys.stderr.write(f"{tick.done:,} of {tick.total:,} runs of points ({share:.0%}), {words}\n")
            sys.stderr.flush()

    def words(self, tick: Tick) -> str:
        """Write time left and difference."""
        self.left = self.left or TimeLeft(tick.total)
        told = self.left.words(tick.done, monotonic())
        left = "time left not known yet" if told is None else f"about {told} left"
        if self.headline is None:
            return left
        return f"{left}; {self.headline}: {interval_text(tick.estimate)}"
