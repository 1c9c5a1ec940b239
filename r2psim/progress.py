"""Progress of long work, with the time left, where somebody is there to see it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Interrupted", "progress"]


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
    if not (show and sys.stderr.isatty()):
        yield _nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda steps: bar.advance(task, steps)
