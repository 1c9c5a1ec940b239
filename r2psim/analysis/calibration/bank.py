"""Evaluations of the model, kept on disk as they finish: an interrupted calibration goes on from them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from r2psim.analysis.calibration.panel import in_parallel
from r2psim.ensemble.store import OutputError

__all__ = ["Bank"]

FILE = "evaluations.jsonl"
Evaluate = Callable[[np.ndarray, int], dict[str, float]]


class Bank:
    """Evaluations of one problem, by number.

    Parameters
    ----------
    directory : Path or None
        Where they are kept: created if it is not there. None: in memory only.
    key : dict
        What they depend on; plain data that JSON can hold. A directory that was begun with another key is refused.

    Raises
    ------
    OutputError
        If the directory holds something else, or cannot be written.
    """

    def __init__(self, directory: Path | None, key: dict[str, Any]) -> None:
        self.file = None if directory is None else directory / FILE
        self._kept: dict[int, tuple[list[float], dict[str, float]]] = {}
        if self.file is None or directory is None:
            return
        head = json.dumps({"key": key}, sort_keys=True)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if not self.file.exists():
                if any(directory.iterdir()):
                    raise OutputError(f"{directory}: is not empty and holds no calibration; name a new directory")
                self.file.write_text(head + "\n", encoding="utf-8")
            self._read(head)
        except OSError as error:
            raise OutputError(f"{directory}: cannot be used: {error.strerror}") from None

    def _read(self, head: str) -> None:
        assert self.file is not None
        text = self.file.read_text(encoding="utf-8")
        lines = text.split("\n")
        if lines[0] != head:
            raise OutputError(
                f"{self.file}: was begun for another world, other parameters, seed, runs or version; "
                "name a new directory, or delete it"
            )
        whole = len(lines[0]) + 1
        for line in lines[1:]:
            try:
                entry = json.loads(line)
                self._kept[entry["number"]] = (entry["x"], entry["values"])
            except (ValueError, KeyError, TypeError):
                break  # Cut off when the process ended: what follows was not finished.
            whole += len(line) + 1
        if whole < len(text):
            with self.file.open("r+", encoding="utf-8") as file:
                file.truncate(len(text[:whole].encode("utf-8")))

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, number: int, x: np.ndarray) -> dict[str, float] | None:
        """Give an evaluation if it is there and was done at just this point."""
        kept = self._kept.get(number)
        return kept[1] if kept is not None and kept[0] == [float(v) for v in x] else None

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
        entry = [float(v) for v in x]
        self._kept[number] = (entry, values)
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"number": number, "x": entry, "values": values}) + "\n")
                file.flush()
                os.fsync(file.fileno())
