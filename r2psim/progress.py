"""Progress of long work, with the time left, and what else is to be said while it goes on: all on the error stream.

Where it goes can be chosen. ``R2PSIM_QUIET=1`` silences all but warnings; so does a level above INFO that is set on
the logger ``r2psim``. Handlers of that logger get the lines instead of the error stream.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

from r2psim.terminal import console, raw, visible

__all__ = ["LOGGER", "Interrupted", "TimeLeft", "beside_bar", "duration", "notice", "progress", "rewrites", "wanted"]

LOGGER = logging.getLogger("r2psim")

_OFF = ("", "0", "false", "no")

LINE_SECONDS = 30.0
"""How often a line is written where no terminal shows a bar."""

OVER_SECONDS = 1.0
"""The same where the line is written over."""

_bars: list[Callable[[str], None]] = []
"""Bars that are on the terminal, the latest last: each takes a text to show beside it."""


def wanted(level: int = logging.INFO) -> bool:
    """Say whether somebody wants to hear what is said at a level.

    Parameters
    ----------
    level : int
        Of `logging`.
    """
    if level < logging.WARNING and os.environ.get("R2PSIM_QUIET", "").lower() not in _OFF:
        return False
    # The level of the root logger is for programs that log everything; by itself it would silence all but warnings.
    own = LOGGER.level or logging.INFO
    return not LOGGER.disabled and level >= own and level > logging.root.manager.disable


def notice(text: str, level: int = logging.INFO, end: str = "\n") -> None:
    """Say something in a line on the error stream, or to the handlers of the logger ``r2psim``.

    Parameters
    ----------
    text : str
        What.
    level : int
        Of `logging`.
    end : str
        What follows the text on the error stream.
    """
    if not wanted(level):
        return
    if LOGGER.handlers:
        LOGGER.log(level, text)
        return
    # There may be no error stream, or one that is closed.
    with suppress(AttributeError, OSError, ValueError):
        # What is written over begins and ends with commands to the terminal: they are ours, the text is not.
        start, finish = ("\r" * (mark == "\r") for mark in (text[:1], text[1:][-1:]))
        inner = text.strip("\r")
        raw(sys.stderr).write(f"{start}{visible(inner)}{finish}{end}")
        sys.stderr.flush()


def rewrites() -> bool:
    """Say whether a line on the error stream can be written over: on a terminal, and in a notebook."""
    if LOGGER.handlers or sys.stderr is None:
        return False
    if type(sys.stderr).__module__.startswith("ipykernel"):
        return True
    with suppress(ValueError):
        return sys.stderr.isatty()
    return False


def beside_bar(text: str) -> bool:
    """Show a text beside the bar that is on the terminal; say whether there is one."""
    if not _bars:
        return False
    _bars[-1](text)
    return True


def duration(seconds: float) -> str:
    """Write how long something takes.

    Examples
    --------
    >>> duration(42), duration(5025), duration(200000)
    ('0:42', '1:23:45', '2 d 7:33')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24}:{minutes:02d}"
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class TimeLeft:
    """How long work will still take, told once enough of it was seen.

    What is there at the first look, what was waited for before the first of the work was done, and a first piece that
    came by itself tell nothing: all of them would make the first estimate one of hours or days.

    Parameters
    ----------
    total : int
        Of what is counted.
    """

    LEAST_SECONDS = 2.0
    """Seen of the work before anything is said."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.found: int | None = None
        self.began: float | None = None
        self.before = 0

    def words(self, done: int, now: float) -> str | None:
        """Say how long it will still take, or None as long as nobody can know.

        Parameters
        ----------
        done : int
            Of the total.
        now : float
            Of a clock that does not go back, in seconds.

        Examples
        --------
        >>> left = TimeLeft(100)
        >>> left.words(0, 0.0), left.words(1, 60.0), left.words(2, 60.5), left.words(21, 70.0)
        (None, None, None, '0:40')
        """
        if self.found is None:
            self.found = done
        if self.began is None:
            if done > self.found:
                self.began, self.before = now, done
            return None
        seen, passed = done - self.before, now - self.began
        if seen < 1 or passed < self.LEAST_SECONDS:
            return None
        return duration(passed / seen * max(0, self.total - done))


class Interrupted(BaseException):
    """Ctrl-C, under a name that no library catches on the way to the command line."""


def _nothing(steps: int) -> None:
    """Show nothing."""


class _Lines:
    """Progress in words: a line that is written over in a notebook, and one from time to time in a log.

    Nothing is written of what is done before the first of them is due.
    """

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done = what, total, 0
        self.over = rewrites()
        self.every = OVER_SECONDS if self.over else LINE_SECONDS
        self.told = monotonic()
        self.left = TimeLeft(total)
        self.begun = False
        self.length = 0

    def advance(self, steps: int) -> None:
        """Count steps, and tell how far it is where the time has come."""
        if not self.begun:
            # What was kept from before is counted at once, and tells nothing of the time left.
            self.begun = True
            self.left.words(0, monotonic())
            self.done += steps
            self.left.words(self.done, monotonic())
            return
        self.done += steps
        now = monotonic()
        left = self.left.words(self.done, now)
        if now - self.told < self.every:
            return
        self.told = now
        text = f"{self.what}: {self.done:,} of {self.total:,}"
        text += ", time left not known yet" if left is None else f", about {left} left"
        if self.over:
            notice("\r" + text.ljust(self.length), end="")
            self.length = len(text)
        else:
            notice(text)

    def close(self) -> None:
        """Wipe a line that was to be written over."""
        if self.length:
            notice("\r" + " " * self.length + "\r", end="")


@contextmanager
def progress(what: str, total: int, show: bool = True) -> Iterator[Callable[[int], None]]:
    """Show how far long work is, on the error stream, with the time left; with ``show=False`` nothing.

    On a terminal it is a bar, in a notebook a line that is written over, anywhere else a line every half minute.

    Parameters
    ----------
    what : str
        What is counted.
    total : int
        How many there are.

    Yields
    ------
    callable
        Takes the number of steps done since the last call.
    """
    if not show:
        yield _nothing
        return
    if sys.stderr is None or LOGGER.handlers or not sys.stderr.isatty():
        lines = _Lines(what, total)
        try:
            yield lines.advance
        finally:
            lines.close()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn(what, markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[beside]}", markup=False),
        console=console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=total, beside="")

        def beside(text: str) -> None:
            bar.update(task, beside=text)

        _bars.append(beside)
        try:
            yield lambda steps: bar.advance(task, steps)
        finally:
            _bars.remove(beside)
