"""The log of all sessions: what was decided, in order, on disk before anybody is told that it is."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from r2psim.seminar.limits import SeminarError

__all__ = ["Log", "LogError", "Record"]

FORMAT = 1
MEMORY = ":memory:"

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite adds to the name of a file for those that it keeps beside it."""

_TABLES = """
CREATE TABLE IF NOT EXISTS session (number INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS record (
    session INTEGER NOT NULL REFERENCES session (number),
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (session, number)
);
CREATE TABLE IF NOT EXISTS alive (one INTEGER PRIMARY KEY CHECK (one = 1), at REAL NOT NULL);
"""


class LogError(SeminarError):
    """The file of the sessions cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened in a session.

    Attributes
    ----------
    number : int
        Place in the session's log, from 0.
    at : float
        When, s since 1970.
    kind : str
        What, as `r2psim.seminar.session.Session.apply` knows it.
    data : dict
        The rest.
    """

    number: int
    at: float
    kind: str
    data: dict[str, Any]


class Log:
    """Append-only records in one SQLite file.

    Every call that writes returns when the record is on disk: a write-ahead log, flushed at each commit. The file is
    locked while the log is open, so that no second server writes to it.

    Parameters
    ----------
    path : Path, optional
        File; in memory if not given.

    Raises
    ------
    LogError
        If the file cannot be opened, is in use, or is of another kind.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            if path is not None:
                _close_to_others(path)
            self._db = sqlite3.connect(path or MEMORY, check_same_thread=False, timeout=0.3, isolation_level=None)
            # Whoever forgets a log has its file closed all the same, and its lock given back.
            self._shut = weakref.finalize(self, self._db.close)
            self._open()
        except (sqlite3.Error, OSError) as error:
            if hasattr(self, "_shut"):
                self._shut()
            busy = "locked" in str(error)
            why = "another server of r2psim uses it" if busy else f"it cannot be used ({error})"
            raise LogError(f"{path}: {why}; name another directory for the data") from error

    def _open(self) -> None:
        db = self._db
        if self.path is not None:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        found = db.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, FORMAT):
            db.close()
            raise LogError(f"{self.path}: was written by another version of r2psim (format {found}, not {FORMAT})")
        # A write, at once: the lock on the file is taken now and not at the first decision.
        db.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.split(";"):
            if statement.strip():
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {FORMAT}")
        db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._shut()

    def create(self, code: str, at: float, data: dict[str, Any]) -> int:
        """Begin the log of a new session with its record ``created``; give the session's number."""
        with self._lock, self._writing() as db:
            number = db.execute("INSERT INTO session (code) VALUES (?)", (code,)).lastrowid
            assert number is not None
            self._insert(number, Record(0, at, "created", data))
        return number

    def append(self, session: int, record: Record) -> None:
        """Add a record to a session.

        Raises
        ------
        LogError
            If it cannot be written; nothing of it is kept.
        """
        with self._lock, self._writing():
            self._insert(session, record)

    def delete(self, session: int) -> None:
        """Forget a session and all its records."""
        with self._lock, self._writing() as db:
            db.execute("DELETE FROM record WHERE session = ?", (session,))
            db.execute("DELETE FROM session WHERE number = ?", (session,))

    def beat(self, at: float) -> None:
        """Note that a server is up, s since 1970."""
        with self._lock, self._writing() as db:
            db.execute("INSERT OR REPLACE INTO alive (one, at) VALUES (1, ?)", (at,))

    def last_beat(self) -> float | None:
        """Give when a server was last noted to be up; None if never."""
        with self._lock:
            found = self._db.execute("SELECT at FROM alive").fetchone()
        return None if found is None else float(found[0])

    def sessions(self) -> list[tuple[int, str]]:
        """Give number and code of every session, oldest first."""
        with self._lock:
            return [(int(n), str(code)) for n, code in self._db.execute("SELECT number, code FROM session ORDER BY 1")]

    def records(self, session: int) -> Iterator[Record]:
        """Give a session's records in order."""
        query = "SELECT number, at, kind, data FROM record WHERE session = ? ORDER BY number"
        with self._lock:
            found = self._db.execute(query, (session,)).fetchall()
        for number, at, kind, data in found:
            yield Record(int(number), float(at), str(kind), json.loads(data))

    def _insert(self, session: int, record: Record) -> None:
        data = json.dumps(record.data, allow_nan=False, separators=(",", ":"))
        self._db.execute(
            "INSERT INTO record (session, number, at, kind, data) VALUES (?, ?, ?, ?, ?)",
            (session, record.number, record.at, record.kind, data),
        )

    def _writing(self) -> _Transaction:
        return _Transaction(self._db, self.path)


def _close_to_others(path: Path) -> None:
    """Make the file and its directory, for this user alone: names and decisions of a class are in it.

    SQLite gives its files beside this one the same rights. A directory that holds something else besides is the
    user's own affair; the files are closed all the same.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    own = [path, *(path.with_name(path.name + end) for end in BESIDE)]
    try:
        for file in own:
            if file.exists():
                file.chmod(0o600)
        if set(path.parent.iterdir()) <= set(own):
            path.parent.chmod(0o700)
    except PermissionError:
        # A file system without rights, such as a memory stick's.
        logging.getLogger(__name__).warning("%s: cannot be closed to other users of this machine", path.parent)


class _Transaction:
    """All or nothing; an error of the file is told in the words of the log."""

    def __init__(self, db: sqlite3.Connection, path: Path | None) -> None:
        self._db = db
        self._path = path

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise LogError(f"{self._path}: cannot be written: {error}") from error
        return self._db

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                self._db.execute("COMMIT")
                return
            self._db.execute("ROLLBACK")
        except sqlite3.Error as failed:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise LogError(f"{self._path}: cannot be written: {failed}") from failed
        if isinstance(error, sqlite3.Error):
            raise LogError(f"{self._path}: cannot be written: {error}") from error
