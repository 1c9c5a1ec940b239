"""Finished worlds of experiments on rows, kept on disk: an interrupted table goes on from them.

Each world is a file by itself, named after all that it depends on, and written whole or not at all. One that cannot be
read is done again.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from r2psim.analysis.row_runs import Values
from r2psim.ensemble.locks import NAME as LOCK
from r2psim.ensemble.locks import DirectoryLock, HeldError
from r2psim.ensemble.output import write_file
from r2psim.ensemble.store import MARK, OutputError
from r2psim.progress import notice
from r2psim.rules.compiled import source_digest

__all__ = ["FOLDER", "RowStore", "sources"]

FOLDER = "worlds"
"""Folder of the files in the directory of a table."""


_PACKAGE = Path(__file__).parents[1]
_MADE_OF = ("world/*.py", "scenario/*.py", "analysis/row_arms.py", "analysis/row_runs.py")


@cache
def sources(made_of: tuple[str, ...]) -> str:
    """Give the digest of all code that runs depend on, the rules and these files: with others they are others."""
    digest = hashlib.sha256(source_digest().encode())
    for pattern in made_of:
        for file in sorted(_PACKAGE.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()


class RowStore:
    """Where finished worlds are kept while a table is made.

    Parameters
    ----------
    directory : Path or None
        Made if it is not there; None keeps nothing.

    Raises
    ------
    OutputError
        On entering, if the directory is something else's, or in use, or cannot be written.
    """

    folder = FOLDER
    what = "table of rows"
    made_of: tuple[str, ...] = _MADE_OF

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory
        self._lock: DirectoryLock | None = None

    def __enter__(self) -> Self:
        if self.directory is None:
            return self
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            there = {entry.name for entry in self.directory.iterdir()} - {LOCK}
            if there and self.folder not in there:
                what = "an output" if MARK in there else f"not empty and holds no {self.what}"
                raise OutputError(f"{self.directory}: is {what}; name a new directory")
            self._lock = DirectoryLock(self.directory)
            (self.directory / self.folder).mkdir(exist_ok=True)
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
        name = hashlib.sha256(f"{sources(self.made_of)} {key}".encode()).hexdigest()[:32]
        return self.directory / self.folder / f"{name}.npz"

    def kept(self, key: str, arrays: tuple[str, ...]) -> tuple[np.ndarray, ...] | None:
        """Give arrays that were kept under a key, or None if they were not, or cannot be read."""
        file = self._file(key)
        if file is None or not file.exists():
            return None
        try:
            # Opened here: what NumPy opens itself it leaves open where the file is damaged.
            with file.open("rb") as content, np.load(content, allow_pickle=False) as found:
                return tuple(found[name] for name in arrays)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            notice(f"{file}: is damaged: done again")
            return None

    def keep(self, key: str, **arrays: np.ndarray) -> None:
        """Keep arrays under a key."""
        file = self._file(key)
        if file is None:
            return
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
        try:
            write_file(file, content.getvalue())
        except OSError as error:
            raise OutputError(f"{file}: cannot be written: {error.strerror or error}") from error

    def read(self, key: str) -> dict[str, Values] | None:
        """Give what was measured of a world, or None if it is not kept."""
        kept = self.kept(key, ("names", "above", "below"))
        if kept is None:
            return None
        names, above, below = kept
        return {str(name): Values(above[i], below[i]) for i, name in enumerate(names)}

    def write(self, key: str, found: dict[str, Values]) -> None:
        """Keep what was measured of a world."""
        above, below = (np.array([getattr(values, side) for values in found.values()]) for side in Values._fields)
        self.keep(key, names=np.array(list(found)), above=above, below=below)
