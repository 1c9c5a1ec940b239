"""Evaluations of the model, kept on disk as they finish: an interrupted calibration goes on from them.

Every line is an evaluation by itself, with a check that it was written so and for this problem. One that is damaged
costs that evaluation and no other: it is moved to a file beside, and done again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from r2psim.analysis.calibration.panel import in_parallel
from r2psim.ensemble.locks import NAME as LOCK
from r2psim.ensemble.locks import DirectoryLock, HeldError
from r2psim.ensemble.output import write_file
from r2psim.ensemble.store import OutputError
from r2psim.files import Bounds, FileError, is_finite, read_bytes
from r2psim.progress import notice

__all__ = ["EvaluationCache"]

FILE = "evaluations.jsonl"
DAMAGED = "evaluations-damaged.txt"
_CUT_OFF = "was cut off"
BOUNDS = Bounds(256 * 2**20, 4, 0, "a file of evaluations")
Evaluate = Callable[[np.ndarray, int], dict[str, float]]
Point = tuple[int, tuple[float, ...]]
"""An evaluation by its number and its values of the parameters: designs of other sizes give a number other values."""


class _Line(NamedTuple):
    """A line of the file: where it lies, what it says, and why it cannot be used if so."""

    number: int
    text: bytes
    point: Point | None = None
    values: dict[str, float] | None = None
    fault: str = ""


def _is_number(value: Any) -> bool:
    # A target that runs do not tell is no number, and is kept as such.
    return isinstance(value, float) or is_finite(value)


def _entry(found: Any) -> tuple[Point, dict[str, float]]:
    """Give an evaluation of plain data.

    Raises
    ------
    ValueError
        If it is none; the message says why.
    """
    if not isinstance(found, dict):
        raise ValueError("is no evaluation")
    number, x, values = (found.get(name) for name in ("number", "x", "values"))
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(f"its number is {json.dumps(number)}, not a whole number from 0 on")
    if not isinstance(x, list) or not all(map(_is_number, x)):
        raise ValueError("its x is not a list of numbers")
    if not isinstance(values, dict) or not all(map(_is_number, values.values())):
        raise ValueError("its values are not numbers by name")
    return (number, tuple(float(v) for v in x)), {name: float(v) for name, v in values.items()}


class EvaluationCache:
    """Evaluations of one problem, by number.

    Parameters
    ----------
    directory : Path or None
        Where they are kept: created if it is not there. None: in memory only.
    key : dict
        What they depend on; plain data that JSON can hold. A directory that was begun with another key is refused.
    tell : callable
        Told in a line each what could not be used.

    Raises
    ------
    OutputError
        If the directory holds something else, or is in use, or cannot be written.
    """

    def __init__(self, directory: Path | None, key: dict[str, Any], tell: Callable[[str], None] | None = None) -> None:
        self.directory = directory
        self.file = None if directory is None else directory / FILE
        self.head = json.dumps({"key": key}, sort_keys=True)
        self.tell = tell or (lambda text: notice(text, logging.WARNING))
        self._kept: dict[Point, dict[str, float]] = {}
        self._lock: DirectoryLock | None = None
        with self:
            pass

    def __enter__(self) -> EvaluationCache:
        """Take the directory for this process, and read what is in it."""
        if self.directory is None or self.file is None:
            return self
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            if not self.file.exists() and any(found.name != LOCK for found in self.directory.iterdir()):
                raise OutputError(f"{self.directory}: is not empty and holds no calibration; name a new directory")
            self._lock = DirectoryLock(self.directory)
            if not self.file.exists() or not self.file.stat().st_size:
                write_file(self.file, f"{self.head}\n".encode())
            self._read()
        except BaseException as error:
            self._release()
            if isinstance(error, FileExistsError | NotADirectoryError):
                raise OutputError(f"{self.directory}: is a file, and a directory is needed") from None
            if isinstance(error, OSError):
                raise OutputError(f"{self.directory}: cannot be used: {error.strerror or error}") from None
            if isinstance(error, HeldError):
                raise OutputError(f"{self.directory}: {error} is at work here; name another directory") from None
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    # -- reading -------------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Take in every line that can be used; move the others beside."""
        assert self.file is not None
        try:
            content = read_bytes(self.file, BOUNDS)
        except FileError as error:
            raise OutputError(str(error)) from None
        first, *rest = content.split(b"\n")
        lines = [self._line(number, text) for number, text in enumerate(rest, 2) if text]
        if content and not content.endswith(b"\n") and lines and lines[-1].fault:
            lines[-1] = lines[-1]._replace(fault=_CUT_OFF)
        bad = [line for line in lines if line.fault]
        good = self._without_contradictions([line for line in lines if not line.fault], bad)
        if first != self.head.encode():
            self._see_that_it_is_ours(first, lines)
            bad.append(_Line(1, first, fault="is damaged"))
        kept = {line.point: line for line in good if line.point is not None}
        self._kept = {point: dict(line.values or {}) for point, line in kept.items()}
        if bad or len(kept) < len(good) or not content.endswith(b"\n"):
            self._mend(bad, [line.text for line in kept.values()], len(good) - len(kept))

    def _check(self, entry: Mapping[str, Any]) -> str:
        """Give the check of an evaluation, which is another one for another problem."""
        text = json.dumps([self.head, {name: value for name, value in entry.items() if name != "check"}])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _line(self, number: int, text: bytes) -> _Line:
        try:
            found = json.loads(text.decode("utf-8"))
            point, values = _entry(found)
        except UnicodeDecodeError:
            return _Line(number, text, fault="is not text")
        except RecursionError:
            return _Line(number, text, fault="is no evaluation")
        except json.JSONDecodeError as error:
            return _Line(number, text, fault=f"is not JSON: {error.msg} at character {error.pos + 1}")
        except ValueError as error:
            return _Line(number, text, fault=str(error))
        if "check" in found and found["check"] != self._check(found):
            return _Line(number, text, fault="is not what was written")
        return _Line(number, text, point, values)

    @staticmethod
    def _without_contradictions(lines: list[_Line], bad: list[_Line]) -> list[_Line]:
        """Drop evaluations of which two lines say different things: nobody knows which is right."""
        said: dict[Point | None, set[str]] = {}
        for line in lines:
            said.setdefault(line.point, set()).add(json.dumps(line.values, sort_keys=True))
        bad += [line._replace(fault="contradicts another line") for line in lines if len(said[line.point]) > 1]
        return [line for line in lines if len(said[line.point]) == 1]

    def _see_that_it_is_ours(self, first: bytes, lines: list[_Line]) -> None:
        """Tell a damaged first line, behind which everything is this problem's, from that of another problem."""
        try:
            key = json.loads(first)["key"]
        except (ValueError, KeyError, TypeError, RecursionError):
            key = None
        checked = any(not line.fault and b'"check"' in line.text for line in lines)
        if checked:
            return
        if not isinstance(key, dict):
            raise OutputError(
                f"{self.file}: line 1 is damaged, and nothing after it is known to be of this calibration"
            )
        own = json.loads(self.head)["key"]
        other = [name for name in dict.fromkeys([*own, *key]) if own.get(name) != key.get(name)]
        raise OutputError(
            f"{self.file}: was begun for another world, other parameters, seed, runs or version "
            f"({', '.join(other)} {'differs' if len(other) == 1 else 'differ'}); name a new directory"
        )

    def _mend(self, bad: list[_Line], good: list[bytes], repeated: int) -> None:
        """Write the file anew with what can be used; what cannot is kept beside."""
        assert self.file is not None
        beside = [line.text + b"\n" for line in bad if line.fault != _CUT_OFF]
        if beside:
            with self.file.with_name(DAMAGED).open("ab") as file:
                file.write(b"".join(beside))
        for line in bad:
            kept = "" if line.fault == _CUT_OFF else f", is kept in {DAMAGED}"
            again = "is written anew" if line.number == 1 else "is done again"
            self.tell(f"{self.file}: line {line.number} {line.fault}{kept} and {again}")
        if repeated:
            self.tell(f"{self.file}: {repeated} lines say again what others say, and count once")
        write_file(self.file, b"".join(line + b"\n" for line in [self.head.encode(), *good]))

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, number: int, x: np.ndarray) -> dict[str, float] | None:
        """Give an evaluation if it is there and was done at just this point."""
        return self._kept.get((number, tuple(float(v) for v in x)))

    def evaluate(
        self,
        points: np.ndarray,
        first: int,
        work: Evaluate,
        threads: int,
        advance: Callable[[int], None] | None = None,
    ) -> list[dict[str, float]]:
        """Evaluate points, those that are not kept yet, and keep each as it finishes.

        Parameters
        ----------
        points : numpy.ndarray, shape (points, parameters)
            Values of the parameters.
        first : int
            Number of the first evaluation.
        work : callable
            Given a point and its number, gives the value of every target by name.
        threads : int
            How many at a time.
        advance : callable, optional
            Told how many have become known.

        Raises
        ------
        OutputError
            If one cannot be kept; those before it are.
        """
        known = {i: self.get(first + i, x) for i, x in enumerate(points)}
        missing = [i for i, values in known.items() if values is None]
        if advance is not None and len(missing) < len(points):
            advance(len(points) - len(missing))
        new = in_parallel(lambda i: work(points[i], first + i), missing, threads, advance)
        for i, values in zip(missing, new, strict=True):
            known[i] = values
            self._keep(first + i, points[i], values)
        return [values for _, values in sorted(known.items()) if values is not None]

    def _keep(self, number: int, x: np.ndarray, values: dict[str, float]) -> None:
        point = tuple(float(v) for v in x)
        self._kept[number, point] = values
        if self.file is None:
            return
        entry: dict[str, Any] = {"number": number, "x": list(point), "values": values}
        entry["check"] = self._check(entry)
        try:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(f"{self.file}: cannot be written: {error.strerror or error}") from error
