"""Finished pieces of long work, kept on disk: an interrupted command goes on from them.

Each piece is a file of arrays by itself, named after all that it depends on, and written whole or not at all. One that
cannot be read is done again.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from r2psim.ensemble.locks import NAME as LOCK
from r2psim.ensemble.locks import DirectoryLock, HeldError
from r2psim.ensemble.output import write_file
from r2psim.ensemble.store import MARK, OutputError
from r2psim.files import read_json
from r2psim.progress import notice
from r2psim.rules.compiled import source_digest

__all__ = ["QUESTION", "KeptArrays", "digest_of"]

_PACKAGE = Path(__file__).parents[1]
QUESTION = "question.json"
"""What was asked, beside the pieces."""
_DIGEST = "sha256:"


@cache
def _sources(made_of: tuple[str, ...]) -> str:
    """Give the digest of all code that the pieces depend on: with other rules they are others."""
    digest = hashlib.sha256(source_digest().encode())
    for pattern in made_of:
        for file in sorted(_PACKAGE.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def digest_of(found: object) -> str:
    """Give a digest by which plain data is told apart from other plain data, as a value of a question."""
    return f"{_DIGEST}{hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()}"


def _parted(name: str, begun: object, asked: object) -> str:
    """Say in what a question differs."""
    if any(str(each).startswith(_DIGEST) for each in (begun, asked)):
        return f"{name} differ"
    return f"{name} {begun}, now {asked}"


class KeptArrays:
    """Where finished pieces are kept while a result is made of them.

    Parameters
    ----------
    directory : Path or None
        Made if it is not there; None keeps nothing.
    folder : str
        Folder of the files in it, one of those by which `r2psim.ensemble.output` knows what grows.
    what : str
        What the directory holds, in words.
    made_of : sequence of str
        Files of the package, as patterns, on which the pieces depend beside the rules.
    question : mapping of str to object, optional
        What was asked, by name in words; plain data, long data by its `digest_of`. A directory that was begun with
        another question is refused. Without one pieces of any question lie side by side.

    Raises
    ------
    OutputError
        On entering, if the directory is something else's, or of another question, or in use, or cannot be written.
    """

    def __init__(
        self,
        directory: Path | None,
        folder: str,
        what: str,
        made_of: Sequence[str],
        question: Mapping[str, Any] | None = None,
    ) -> None:
        self.directory, self.folder, self.what = directory, folder, what
        self.made_of, self.question = tuple(made_of), question
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
            self._ask(self.directory / self.folder / QUESTION)
        except BaseException as error:
            self._release()
            if isinstance(error, FileExistsError | NotADirectoryError):
                raise OutputError(f"{self.directory}: is a file, and a directory is needed") from None
            if isinstance(error, HeldError):
                raise OutputError(f"{self.directory}: {error} is at work here; name another directory") from None
            if isinstance(error, OSError):
                raise OutputError(f"{self.directory}: cannot be used: {error.strerror or error}") from None
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _ask(self, file: Path) -> None:
        """Note what is asked, or refuse what was begun with another question."""
        if self.question is None:
            if file.exists():
                raise OutputError(
                    f"{self.directory}: holds other runs than those of a {self.what}; name a new directory"
                )
            return
        asked = json.loads(json.dumps(self.question))
        if not file.exists():
            if any(file.parent.glob("*.npz")):
                raise OutputError(f"{self.directory}: does not say what its runs are of; name a new directory")
            write_file(file, json.dumps(asked, indent=1, sort_keys=True).encode())
            return
        try:
            begun = read_json(file)
            if not isinstance(begun, dict):
                raise ValueError("is no question")
        except ValueError:
            raise OutputError(f"{file}: is damaged, so it is not known what was asked; name a new directory") from None
        other = [name for name in dict.fromkeys([*asked, *begun]) if asked.get(name) != begun.get(name)]
        if other:
            told = "; ".join(_parted(name, begun.get(name), asked.get(name)) for name in other)
            raise OutputError(f"{self.directory}: was begun with another question ({told}); name a new directory")

    def _file(self, key: str) -> Path | None:
        if self.directory is None:
            return None
        name = hashlib.sha256(f"{_sources(self.made_of)} {key}".encode()).hexdigest()[:32]
        return self.directory / self.folder / f"{name}.npz"

    def arrays(self, key: str) -> dict[str, np.ndarray] | None:
        """Give the arrays of a piece by name, or None if it is not kept."""
        file = self._file(key)
        if file is None or not file.exists():
            return None
        try:
            # Opened here: what NumPy opens itself it leaves open where the file is damaged.
            with file.open("rb") as content, np.load(content, allow_pickle=False) as kept:
                return {name: kept[name] for name in kept.files}
        except Exception:  # an archive that is damaged fails in a dozen ways, by no common name
            notice(f"{file}: is damaged: done again")
            return None

    def keep(self, key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep the arrays of a piece.

        Raises
        ------
        OutputError
            If they cannot be written; what was kept before is still there.
        """
        file = self._file(key)
        if file is None:
            return
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
        try:
            write_file(file, content.getvalue())
        except OSError as error:
            raise OutputError(f"{file}: cannot be written: {error.strerror or error}") from error
