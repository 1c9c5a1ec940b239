"""That the rules are being compiled, and for how long still: said on the error stream, whoever needs them.

Compiling takes minutes and happens where a rule is first called: on the command line, in a script, in a notebook, in a
worker. The compiler itself tells when it begins and ends with a function, so nobody has to be asked to announce it.
"""

from __future__ import annotations

import atexit
import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from numba.core import event

from r2psim.machine_code import kept_files
from r2psim.progress import beside_bar, notice, rewrites, wanted

__all__ = ["EVERY_SECONDS", "Compiling", "announce_compiling", "compiled_elsewhere", "expect_everything"]

EVERY_SECONDS = 2.0
"""Between two lines; the compiler holds threads up for as long as a second."""

SOON_SECONDS = 0.5
"""What takes less is not worth a line."""

IDLE_SECONDS = 0.7
"""After which nothing more is expected to be compiled."""

SECONDS = {
    "opponents_begin": 0.4,
    "standing": 1.0,
    "settling": 11.0,
    "state_risk_factors": 0.8,
    "observation": 1.3,
    "delivery": 4.7,
    "states_look_around": 0.5,
    "states_move": 3.0,
    "groups_move": 4.1,
    "states_sum_up": 5.3,
    "bodies_act": 5.8,
    "states_receive": 4.5,
    "bodies_settle": 0.9,
    "note_run": 4.2,
    "run_chunk": 1.5,
}
"""How long the parts of a month, and the whole of a run, take on a processor of 2024, without those parts in them.

Only what they are to each other matters once the first of them is compiled.
"""

BELIEF = 0.4
"""What the usual pace counts for: as much as if this share of the work had been done at it."""

WHOLE = "run_chunk"
ENSEMBLE = ("note_run", WHOLE)
"""What is compiled for an ensemble, and not where Mesa steps through a model."""


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _roughly(seconds: float) -> str:
    return f"{max(5, 5 * round(seconds / 5))} s" if seconds < 90 else f"{round(seconds / 60)} min"


class Compiling:
    """How far compiling is.

    Attributes
    ----------
    began : float
        When, in seconds of the clock that `now` is read from.
    expected : dict of str to float
        What is still to be compiled, with its share of the work.
    under_way : list of str
        What of it has begun, what began last at the end.
    """

    def __init__(self, now: float, first: str, kept: set[str], elsewhere: Sequence[Sequence[str]] = ()) -> None:
        """Begin.

        Parameters
        ----------
        now : float
            Seconds of a clock.
        first : str
            Function that is compiled first.
        kept : set of str
            Functions that were compiled before and are kept.
        elsewhere : sequence of sequence of str
            What each of the other processes compiles meanwhile, in this order.
        """
        self.began = self.last = now
        self.elsewhere = [list(share) for share in elsewhere]
        self.last_elsewhere = [now for _ in elsewhere]
        self.pace = 1.0
        self.expected: dict[str, float] = {}
        self.under_way: list[str] = []
        self.all = 0.0
        self.begins(first, kept)

    def begins(self, name: str, kept: set[str]) -> None:
        """Take in that a function begins: where nothing was expected so far, its name tells what is to come."""
        if not self.expected and name in SECONDS:
            self.expected = {
                part: seconds
                for part, seconds in SECONDS.items()
                if part not in kept
                and not any(part in share for share in self.elsewhere)
                and (part not in ENSEMBLE or name in ENSEMBLE)
            }
            self.all = sum(self.expected.values())
        if name in self.expected and name not in self.under_way:
            self.under_way.append(name)

    def expect_whole(self, kept: set[str]) -> None:
        """Take in that all that an ensemble needs is compiled."""
        for name in ENSEMBLE:
            if name not in self.expected and name not in kept and not any(name in share for share in self.elsewhere):
                self.expected[name] = SECONDS[name]
                self.all += SECONDS[name]

    def _part(self) -> float:
        """Give the work of the part under way: the innermost one that has begun, or else the next one of a month."""
        # An ensemble's loop begins first and ends last; everything else is compiled within it.
        inner = [name for name in self.under_way if name != WHOLE]
        usual = (name for name in SECONDS if name in self.expected)
        return self.expected[inner[-1] if inner else next(usual)]

    def finished(self, name: str, now: float) -> None:
        """Take in that a function is compiled."""
        if name in self.under_way:
            self.under_way.remove(name)
        if self.expected.pop(name, None) is not None:
            self.last = now

    def kept_meanwhile(self, kept: set[str], now: float) -> None:
        """Take in what other processes have compiled."""
        for i, share in enumerate(self.elsewhere):
            rest = [name for name in share if name not in kept]
            if len(rest) < len(share):
                self.elsewhere[i], self.last_elsewhere[i] = rest, now

    def _left_elsewhere(self, now: float) -> float:
        """Estimate the seconds that the slowest of the other processes needs still, at the pace of this one."""
        return max(
            (
                max(
                    self.pace * sum(SECONDS[name] for name in share) - min(now - last, self.pace * SECONDS[share[0]]),
                    0.0,
                )
                for share, last in zip(self.elsewhere, self.last_elsewhere, strict=True)
                if share
            ),
            default=0.0,
        )

    def left(self, now: float) -> float | None:
        """Estimate the seconds that are left; None where nobody knows what is still needed.

        The pace is that of what is done, together with some work at the usual pace: before anything is done a second
        is taken for a second, and one slow part early on does not decide. A part under way that takes longer than that
        pace says makes it slower while it lasts, just as far as it would be if the part ended now: so nothing jumps
        when it does end.
        """
        if not self.expected:
            return self._left_elsewhere(now) if any(self.elsewhere) else None
        to_do = sum(self.expected.values())
        part, known = self._part(), self.all - to_do + BELIEF * self.all
        usual = BELIEF * self.all - self.began  # what time is counted from
        self.pace = pace = max((self.last + usual) / known, (now + usual) / (known + part))
        return max(pace * to_do - min(now - self.last, pace * part), self._left_elsewhere(now), 0.0)

    def words(self, now: float) -> str:
        """Say how far it is."""
        text = f"compiling the rules: {_clock(now - self.began)} so far"
        left = self.left(now)
        # What takes longer than was thought is not nearly done, it is unknown.
        return f"{text}, about {_clock(left)} left" if left is not None and left >= 1.0 else text


class _Listener(event.Listener):
    """Hears from the compiler, in whichever thread compiles; a thread of its own tells."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.depth = 0
        self.quiet_since = 0.0
        self.compiling: Compiling | None = None
        self.whole = False
        self.elsewhere: Sequence[Sequence[str]] = ()
        self.thread: threading.Thread | None = None
        self.ends = threading.Event()

    @staticmethod
    def _ours(happened: Any) -> str | None:
        function = happened.data["dispatcher"].py_func
        return function.__name__ if (function.__module__ or "").startswith("r2psim.") else None

    def on_start(self, event: Any) -> None:
        """Note that a function is being compiled."""
        name = self._ours(event)
        if name is None:
            return
        with self.lock:
            self.depth += 1
            if self.compiling is None:
                self._begin(name)
            elif name == WHOLE:
                self.compiling.expect_whole(self._kept())
            elif name in SECONDS:
                self.compiling.begins(name, self._kept())

    def _begin(self, name: str) -> None:
        """Begin to tell; the lock is held."""
        self.compiling = Compiling(monotonic(), name, self._kept(), self.elsewhere)
        if self.whole:
            self.compiling.expect_whole(self._kept())
        self.thread = threading.Thread(target=self._tell, name="r2psim compiling", daemon=True)
        self.thread.start()

    def on_end(self, event: Any) -> None:
        """Note that it is compiled."""
        name = self._ours(event)
        if name is None:
            return
        with self.lock:
            self.depth -= 1
            self.quiet_since = monotonic()
            if self.compiling is not None:
                self.compiling.finished(name, self.quiet_since)

    @staticmethod
    def _kept() -> set[str]:
        return {name for name, file in kept_files.items() if file.exists()}

    def close(self) -> None:
        """Tell no more: a thread that still writes while the interpreter ends would end it badly."""
        self.ends.set()
        if self.thread is not None:
            self.thread.join(timeout=2.0)

    def _tell(self) -> None:
        """Tell until nothing is compiled any more."""
        process = multiprocessing.current_process().name
        who = "r2psim" if process == "MainProcess" else f"r2psim, {process}"
        said, written = 0.0, False
        wait = SOON_SECONDS
        while True:
            ends = self.ends.wait(wait)
            now, wait = monotonic(), 0.2
            with self.lock:
                assert self.compiling is not None
                if self.compiling.elsewhere:
                    self.compiling.kept_meanwhile(self._kept(), now)
                idle = now - self.quiet_since if self.depth == 0 else 0.0
                words, took = self.compiling.words(now), self.quiet_since - self.compiling.began
                left = self.compiling.left(now)
                over = idle > IDLE_SECONDS or ends
                if over:
                    self.compiling = None
            if over:
                break
            if not said:
                if idle > 0.0:  # perhaps that was all
                    continue
                length = "" if left is None else f", which takes about {_roughly(left)}"
                kept = "; they are kept for the next time" if kept_files else ""
                notice(f"{who}: compiling the rules for this machine{length}{kept}")
                said = now
            elif now - said >= EVERY_SECONDS and wanted():
                said = now
                if not beside_bar(words):
                    written = rewrites()
                    # Over the line before, whatever its length.
                    notice(f"\r{who}: {words}   " if written else f"{who}: {words}", end="" if written else "\n")
        if said:
            beside_bar("")
            notice(f"{chr(13) if written else ''}{who}: compiled the rules in {_clock(took)}" + " " * (20 * written))


_listener = _Listener()


def expect_everything() -> None:
    """Say that all rules are going to be compiled, so that the time left is known from the start."""
    _listener.whole = True


@contextmanager
def compiled_elsewhere(mine: Sequence[str], others: Sequence[Sequence[str]]) -> Iterator[None]:
    """Say that rules are compiled here and in other processes, which are waited for.

    Parameters
    ----------
    mine : sequence of str
        What is compiled here.
    others : sequence of sequence of str
        What each of the others compiles.
    """
    with _listener.lock:
        _listener.elsewhere = others
        _listener.depth += 1
        if _listener.compiling is None:
            _listener._begin(WHOLE if any(WHOLE in share for share in (mine, *others)) else mine[0])
    try:
        yield
    finally:
        with _listener.lock:
            _listener.elsewhere = ()
            _listener.depth -= 1
            _listener.quiet_since = monotonic()


def announce_compiling() -> None:
    """Have it said from now on whenever rules are compiled; once is enough."""
    event.register("numba:compile", _listener)
    atexit.register(_listener.close)
