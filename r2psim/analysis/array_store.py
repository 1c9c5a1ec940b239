"""Finished parts of a study, kept on disk as arrays: an interrupted study goes on from them.

Each part is a file by itself, named after all that it depends on, and written whole or not at all. One that cannot be
read is done again.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import numpy as np

from r2psim.ensemble.locks import NAME as LOCK
from r2psim.ensemble.locks import DirectoryLock, HeldError
from r2psim.ensemble.output import write_file
from r2psim.ensemble.store import MARK, OutputError
from r2psim.progress import notice
from r2psim.rules.compiled import source_digest

__all__ = ["FOLDER", "ArrayStore"]

FOLDER = "worlds"
"""Folder of the files in the directory of a study."""

_PACKAGE = Path(__file__).parents[1]


@cache
def _sources(made_of: tuple[str, ...]) -> str:
    """Give the digest of all code that the runs depend on: with other rules they are others."""
    digest = hashlib.sha256(source_digest().encode())
    for pattern in made_of:
        for file in sorted(_PACKAGE.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()


class ArrayStore:
    """Where finished parts are kept while a study is made.

    Parameters
    ----------
    directory : Path or None
        Made if it is not there; None keeps nothing.

    Raises
    ------
    OutputError
        On entering, if the directory is something else's, or in use, or cannot be written.
    """

    made_of: ClassVar[tuple[str, ...]] = (
        *("world/*.py", "scenario/*.py", "scenario/*.csv"),
        *(f"ensemble/{name}.py" for name in ("simulation", "engine", "measures", "uncertainty")),
    )
    """Patterns of the files, beside the rules, that a part depends on."""
    what: ClassVar[str] = "study"
    """What the directory holds, for messages."""

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory
        self._lock: DirectoryLock | None = None

    def __enter__(self) -> Self:
        if self.directory is None:
            return self
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            there = {entry.name for entry in self.directory.iterdir()} - {LOCK}
            if there and FOLDER not in there:
                what = "an output" if MARK in there else f"not empty and holds no {self.what}"
                raise OutputError(f"{self.directory}: is {what}; name a new directory")
            self._lock = DirectoryLock(self.directory)
            (self.directory / FOLDER).mkdir(exist_ok=True)
        except FileExistsError:
            raise OutputError(f"{self.directory}: is a file, and a directory is needed") from None
        except HeldError as error:
            raise OutputError(f"{self.directory}: {error} is at work here; name another directory") from None
        except OSError as error:
            raise OutputError(f"{self.directory}: cannot be used: {error.strerror or error}") from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _file(self, key: str) -> Path | None:
        if self.directory is None:
            return None
        name = hashlib.sha256(f"{_sources(self.made_of)} {key}".encode()).hexdigest()[:32]
        return self.directory / FOLDER / f"{name}.npz"

    def read_arrays(self, key: str) -> dict[str, np.ndarray] | None:
        """Give what is kept under a key, or None if nothing is."""
        file = self._file(key)
        if file is None or not file.exists():
            return None
        try:
            # Opened here: what NumPy opens itself it leaves open where the file is damaged.
            with file.open("rb") as content, np.load(content, allow_pickle=False) as kept:
                return {name: kept[name] for name in kept.files}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            notice(f"{file}: is damaged: done again")
            return None

    def write_arrays(self, key: str, found: Mapping[str, np.ndarray]) -> None:
        """Keep arrays under a key."""
        file = self._file(key)
        if file is None:
            return
        content = io.BytesIO()
        arrays: dict[str, Any] = dict(found)
        np.savez_compressed(content, **arrays)
        try:
            write_file(file, content.getvalue())
        except OSError as error:
            raise OutputError(f"{file}: cannot be written: {error.strerror or error}") from error
