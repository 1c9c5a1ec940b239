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

__all__ = ["LOGGER", "Interrupted", "beside_bar", "notice", "progress", "rewrites", "wanted"]

LOGGER = logging.getLogger("r2psim")

_OFF = ("", "0", "false", "no")

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
        sys.stderr.write(f"{text}{end}")
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


class Interrupted(BaseException):
    """Ctrl-C, under a name that no library catches on the way to the command line."""


def _nothing(steps: int) -> None:
    """Show nothing."""


@contextmanager
def progress(what: str, total: int, show: bool = True) -> Iterator[Callable[[int], None]]:
    """Show a bar on the terminal's error stream; on anything else, or with ``show=False``, nothing.

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
    if not (show and sys.stderr is not None and sys.stderr.isatty()):
        yield _nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[beside]}"),
        console=Console(stderr=True),
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
