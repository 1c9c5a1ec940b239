"""The manifest of a batch: which stretches are done, in which parts, with which hashes; a line for each.

Lines are only ever added while a batch runs, and each carries a check of itself: one that was cut off or damaged is
not read, and the part that it named is recognised by its own hash.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from r2psim.ensemble.batch.parts import PartName, write_aside

__all__ = ["Entry", "Manifest", "Stopped"]

_CHECK = 16


@dataclass(frozen=True)
class Entry:
    """A stretch that is done.

    Attributes
    ----------
    first, count : int
        The stretch.
    hashes : dict of str to (str, int)
        SHA-256 and size of its part, by table.
    failed : tuple of (int, str, str)
        Points without runs: which, why, traceback.
    """

    first: int
    count: int
    hashes: Mapping[str, tuple[str, int]]
    failed: tuple[tuple[int, str, str], ...] = ()

    def files(self) -> list[tuple[str, str, str, int]]:
        """Give table, name, SHA-256 and size of each part."""
        return [
            (table, str(PartName.of(self.first, self.count, digest)), digest, size)
            for table, (digest, size) in self.hashes.items()
        ]

    def as_data(self) -> dict[str, Any]:
        """Give it as plain data."""
        parts = {table: {"sha256": digest, "bytes": size} for table, (digest, size) in self.hashes.items()}
        failed = [{"point": point, "error": error, "log": log} for point, error, log in self.failed]
        return {"first": self.first, "count": self.count, "parts": parts} | ({"failed": failed} if failed else {})

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Entry:
        """Make it of plain data."""
        hashes = {str(table): (str(part["sha256"]), int(part["bytes"])) for table, part in data["parts"].items()}
        failed = tuple((int(f["point"]), str(f["error"]), str(f["log"])) for f in data.get("failed", ()))
        return cls(int(data["first"]), int(data["count"]), hashes, failed)


@dataclass(frozen=True)
class Stopped:
    """That the stopping rule ended the batch: after how many runs of every point, at which width of the interval."""

    runs: int
    width: float


def _line(data: Mapping[str, Any]) -> bytes:
    text = json.dumps(data, ensure_ascii=True)
    return f"{hashlib.sha256(text.encode()).hexdigest()[:_CHECK]} {text}\n".encode()


def _read_line(line: bytes) -> dict[str, Any] | None:
    check, _, text = line.partition(b" ")
    if not line.endswith(b"\n") or hashlib.sha256(text.rstrip(b"\n")).hexdigest()[:_CHECK].encode() != check:
        return None
    found = json.loads(text)
    return found if isinstance(found, dict) else None


@dataclass
class Manifest:
    """The manifest in a file.

    Attributes
    ----------
    file : Path
        Where it lies.
    entries : list of Entry
        The stretches that are done.
    stopped : Stopped or None
        Whether the stopping rule ended the batch.
    unread : int
        Lines that were cut off or damaged.
    """

    file: Path
    entries: list[Entry] = field(default_factory=list)
    stopped: Stopped | None = None
    unread: int = 0

    def read(self) -> Manifest:
        """Read what is in the file."""
        self.entries, self.stopped, self.unread = [], None, 0
        if not self.file.exists():
            return self
        for line in self.file.read_bytes().splitlines(keepends=True):
            data = _read_line(line)
            if data is None:
                self.unread += 1
            elif "stopped" in data:
                self.stopped = Stopped(**data["stopped"])
            else:
                self.entries.append(Entry.from_data(data))
        return self

    def add(self, entry: Entry) -> None:
        """Note a finished stretch, on disk before this returns."""
        self._append(entry.as_data())
        self.entries.append(entry)

    def stop(self, stopped: Stopped) -> None:
        """Note that the stopping rule ended the batch."""
        if self.stopped != stopped:
            self._append({"stopped": {"runs": stopped.runs, "width": stopped.width}})
            self.stopped = stopped

    def _append(self, data: Mapping[str, Any]) -> None:
        with self.file.open("ab") as target:
            target.write(_line(data))
            target.flush()
            os.fsync(target.fileno())

    def replace(self, entries: Iterable[Entry]) -> None:
        """Put other entries in place of these, all or nothing; where the file says the same already, leave it."""
        self.entries = sorted(entries, key=lambda entry: entry.first)
        self.stopped, self.unread = None, 0
        content = b"".join(_line(entry.as_data()) for entry in self.entries)
        if not self.file.exists() or self.file.read_bytes() != content:
            write_aside(self.file, content)
