"""The manifest of a batch: which stretches are done, in which parts, with which hashes; a line for each.

Lines are only ever added while a batch runs, and each carries a check of itself and the batch that it is of: one that
was cut off or damaged, or comes from another batch, is not read, and the part that it named is recognised by its own
hash. No place counts twice: of lines that overlap, the first is taken.
"""

from __future__ import annotations

import hashlib
import json
import os
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from r2psim.ensemble.batch.parts import PartName, write_aside
from r2psim.ensemble.store import OutputError
from r2psim.files import Bounds, FileError, read_bytes

__all__ = ["Entry", "Manifest", "Stopped", "without_overlaps"]

_CHECK = 16
_SHOWN = 5
BOUNDS = Bounds(256 * 2**20, 32, 0, "a manifest")
"""A line has some three hundred bytes: those of eight hundred thousand stretches."""


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
        """Make it of plain data.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is not what `as_data` gives.
        """
        if int(data["first"]) < 0 or int(data["count"]) < 1:
            raise ValueError("no stretch")
        hashes = {str(table): (str(part["sha256"]), int(part["bytes"])) for table, part in data["parts"].items()}
        failed = tuple((int(f["point"]), str(f["error"]), str(f["log"])) for f in data.get("failed", ()))
        return cls(int(data["first"]), int(data["count"]), hashes, failed)


@dataclass(frozen=True)
class Stopped:
    """That the stopping rule ended the batch: after how many runs of every point, at which width of the interval."""

    runs: int
    width: float


def _lines(numbers: tuple[int, ...]) -> str:
    if len(numbers) == 1:
        return f"line {numbers[0]} is"
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return f"lines {', '.join(map(str, numbers[:_SHOWN]))}{more} are"


def _line(data: Mapping[str, Any]) -> bytes:
    text = json.dumps(data, ensure_ascii=True)
    return f"{hashlib.sha256(text.encode()).hexdigest()[:_CHECK]} {text}\n".encode()


def _read_line(line: bytes) -> dict[str, Any] | None:
    check, _, text = line.partition(b" ")
    if not line.endswith(b"\n") or hashlib.sha256(text.rstrip(b"\n")).hexdigest()[:_CHECK].encode() != check:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def without_overlaps(entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Give the entries that can count together, earlier ones first, and those that overlap one of them.

    Examples
    --------
    >>> a, b, c = Entry(0, 4, {}), Entry(2, 4, {}), Entry(6, 2, {})
    >>> without_overlaps([a, b, a, c]) == ([a, c], [b, a])
    True
    """
    kept: list[Entry] = []
    dropped: list[Entry] = []
    places: list[tuple[int, int]] = []  # in order, none of them overlapping
    for entry in entries:
        first, end = entry.first, entry.first + entry.count
        at = bisect_left(places, (first, end))
        before = places[at - 1][1] if at else first
        after = places[at][0] if at < len(places) else end
        if before > first or after < end:
            dropped.append(entry)
        else:
            places.insert(at, (first, end))
            kept.append(entry)
    return kept, dropped


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
    batch : str or None
        Digest of the batch, written into every line; None takes lines of any.
    unread : tuple of int
        Numbers of the lines that were cut off or damaged.
    foreign : tuple of int
        Numbers of the lines that are of another batch.
    repeated : tuple of int
        Numbers of the lines that say again, or otherwise, what an earlier one said: not among `entries`.
    """

    file: Path
    entries: list[Entry] = field(default_factory=list)
    stopped: Stopped | None = None
    batch: str | None = None
    unread: tuple[int, ...] = ()
    foreign: tuple[int, ...] = ()
    repeated: tuple[int, ...] = ()

    def read(self) -> Manifest:
        """Read what is in the file.

        Raises
        ------
        OutputError
            If it is no regular file, or too large for a manifest.
        """
        self._clear()
        if not self.file.exists():
            return self
        found: dict[int, Entry] = {}
        unread, foreign = [], []
        try:
            content = read_bytes(self.file, BOUNDS)
        except FileError as error:
            raise OutputError(str(error)) from None
        for number, line in enumerate(content.splitlines(keepends=True), 1):
            data = _read_line(line)
            try:
                if data is None:
                    unread.append(number)
                elif self.batch is not None and data.get("batch", self.batch[:_CHECK]) != self.batch[:_CHECK]:
                    foreign.append(number)
                elif "stopped" in data:
                    self.stopped = Stopped(int(data["stopped"]["runs"]), float(data["stopped"]["width"]))
                else:
                    found[number] = Entry.from_data(data)
            except (AttributeError, KeyError, TypeError, ValueError):
                unread.append(number)
        self.entries, dropped = without_overlaps(found.values())
        again = {id(entry) for entry in dropped}
        self.unread, self.foreign = tuple(unread), tuple(foreign)
        self.repeated = tuple(number for number, entry in found.items() if id(entry) in again)
        return self

    def _clear(self) -> None:
        self.entries, self.stopped = [], None
        self.unread = self.foreign = self.repeated = ()

    def notes(self) -> list[str]:
        """Say which lines do not count, and why."""
        return [
            f"{self.file}: {_lines(numbers)} {what}"
            for numbers, what in (
                (self.unread, "cut off or damaged"),
                (self.foreign, "of another batch"),
                (self.repeated, "said before, or overlapping what was said before: counted once"),
            )
            if numbers
        ]

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
            target.write(self._line(data))
            target.flush()
            os.fsync(target.fileno())

    def _line(self, data: Mapping[str, Any]) -> bytes:
        return _line(data if self.batch is None else {**data, "batch": self.batch[:_CHECK]})

    def replace(self, entries: Iterable[Entry]) -> None:
        """Put other entries in place of these, all or nothing; where the file says the same already, leave it."""
        self.entries = sorted(entries, key=lambda entry: entry.first)
        entries = self.entries
        self._clear()
        self.entries = entries
        content = b"".join(self._line(entry.as_data()) for entry in entries)
        if not self.file.exists() or self.file.read_bytes() != content:
            write_aside(self.file, content)
