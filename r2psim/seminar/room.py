"""One session at work: its state, its runs, its log, and who is waiting for what changes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from r2psim.seminar.limits import Bucket, Limits, NotFoundError, SeminarError, TooManyError
from r2psim.seminar.log import Log, Record
from r2psim.seminar.play import Models, Play
from r2psim.seminar.session import Session

__all__ = ["Room"]

MINUTE = 60.0

OF_PARTICIPANTS = {"joined", "moved", "committed", "said"}
"""Records that participants write."""


class Room:
    """A session that is open on this server.

    Whatever changes goes through `record`: it is written to the log first, then taken in, then told to those who
    wait. All that reads or writes the session holds ``lock``. ``pace`` slows down who writes one note after the other.

    Parameters
    ----------
    session : Session
        Empty but for number and code; its records are taken in one by one.
    log : Log
        Where records go.
    models : Models
        Shared by all rooms of the server.
    limits : Limits
        Bounds.
    clock : callable
        Gives the time, s since 1970.
    beat : callable, optional
        Told whenever somebody follows the session: the server is up.
    """

    def __init__(
        self,
        session: Session,
        log: Log,
        models: Models,
        limits: Limits,
        clock: Callable[[], float],
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        self.session = session
        self.limits = limits
        self.clock = clock
        self.lock = threading.RLock()
        self.version = 0
        self._beat = beat
        self.deleted = False
        self._log = log
        self._models = models
        self._changed = threading.Condition()
        self._play: Play | None = None
        self.pace = Bucket(clock, tries=4.0, per_second=0.1)

    @property
    def play(self) -> Play:
        """The runs of the session, made when they are first asked for."""
        with self.lock:
            if self._play is None:
                self._play = Play(self.session, self._models)
            return self._play

    def record(self, kind: str, **data: Any) -> None:
        """Write down that something happened, take it in, and wake those who wait.

        Raises
        ------
        NotFoundError
            If the session was deleted.
        TooManyError
            If the session's log is full, or full but for what is kept for the facilitator; or the record is too large.
        LogError
            If it cannot be written; then it did not happen.
        """
        with self.lock:
            self.check_there()
            limits = self.limits
            most = limits.records - (limits.reserve if kind in OF_PARTICIPANTS else 0)
            if self.session.records >= most:
                raise TooManyError(f"this session is full: it has {self.session.records:,} records; open another one")
            if len(json.dumps(data)) > limits.record_bytes:
                raise TooManyError(f"this is too much at a time: at most {limits.record_bytes:,} characters are kept")
            record = Record(self.session.records, self.clock(), kind, data)
            self._log.append(self.session.number, record)
            self.session.apply(record)
        self.changed()

    def log_records(self) -> list[Record]:
        """Give the session's log."""
        return list(self._log.records(self.session.number))

    def changed(self) -> None:
        """Wake those who wait for a change."""
        with self._changed:
            self.version += 1
            self._changed.notify_all()

    def wait(self, version: int, seconds: float) -> int:
        """Wait until the session is newer than a version, or until some seconds have passed; give its version."""
        self._beat()
        with self._changed:
            self._changed.wait_for(lambda: self.version != version, timeout=seconds)
            return self.version

    def deadline(self) -> float:
        """Give the deadline of a round that begins now."""
        return self.clock() + MINUTE * self.session.minutes

    def give_back(self, since: float) -> None:
        """Give a round that was going on the time back in which there was no server.

        Parameters
        ----------
        since : float
            When the server was last up, s since 1970.
        """
        with self.lock:
            session, now = self.session, self.clock()
            running = session.begun and not session.paused and not session.over
            if running and session.deadline is not None and since < min(now, session.deadline):
                self.record("timed", deadline=session.deadline + now - since)

    def seconds_left(self) -> float | None:
        """Give the seconds until the round closes; None if there is no round."""
        session = self.session
        if not session.begun or session.deadline is None or session.over:
            return None
        return max(0.0, session.deadline if session.paused else session.deadline - self.clock())

    def phase(self) -> str:
        """Say where the session stands: gathering, deciding, closed (the deadline has passed), paused or over."""
        session = self.session
        if session.over:
            return "over"
        if not session.begun:
            return "gathering"
        if session.paused:
            return "paused"
        return "deciding" if session.accepts(self.clock()) else "closed"

    def check_there(self) -> None:
        """Refuse everything once the session was deleted.

        Raises
        ------
        NotFoundError
            Then.
        """
        if self.deleted:
            raise NotFoundError("the facilitator has deleted this seminar")

    def check_deciding(self) -> None:
        """Refuse a commitment where none is taken.

        Raises
        ------
        SeminarError
            With the reason.
        """
        session = self.session
        if not session.begun:
            raise SeminarError("the exercise has not begun yet")
        if session.ended or session.finished:
            raise SeminarError("the exercise is over: nothing more is decided")
        if session.paused:
            raise SeminarError("the exercise is paused: commit again when it goes on")
        if not session.accepts(self.clock()):
            raise SeminarError(f"year {session.branch.year + 1} is closed: the deadline has passed")
