"""Compiled code on disk, each file with a check of itself: what is damaged is made again, and never loaded.

Damaged machine code does not raise an error, it ends the process. The compiler reads whatever lies in its cache, so
its files are read and written here: the same files, each with the hash of its content at the end.
"""

from __future__ import annotations

import hashlib
import logging
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile

from r2psim.progress import notice

__all__ = ["DamagedError", "keep", "kept_files", "read_checked", "write_checked"]

_LENGTH = hashlib.sha256().digest_size

kept_files: dict[str, Path] = {}
"""By name of a compiled function, the file that lists its forms; it is there once one of them has been kept."""

_told: set[str] = set()


class DamagedError(Exception):
    """A file whose content is not what was written."""


def read_checked(file: Path) -> bytes:
    """Read a file that `write_checked` wrote.

    Raises
    ------
    DamagedError
        If it was changed since, or cut off.
    OSError
        If it cannot be read.
    """
    found = file.read_bytes()
    content, check = found[:-_LENGTH], found[-_LENGTH:]
    if len(check) < _LENGTH or hashlib.sha256(content).digest() != check:
        raise DamagedError(str(file))
    return content


def write_checked(content: bytes, write: Callable[[bytes], object]) -> None:
    """Write content with its hash behind it."""
    write(content + hashlib.sha256(content).digest())


def _tell_once(what: str, text: str) -> None:
    """Say something that holds for many files once."""
    if what not in _told:
        _told.add(what)
        notice(text, logging.WARNING)


class _CheckedFiles(IndexDataCacheFile):
    """The files of one function: a list of its forms, and a file for each."""

    def _read(self, path: str) -> Any:
        return pickle.loads(read_checked(Path(path)))

    def _load_index(self) -> dict[Any, str]:
        try:
            version, stamp, overloads = self._read(self._index_path)
        except FileNotFoundError:
            return {}
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        content = self._dump((self._version, self._source_stamp, overloads))
        with self._open_for_write(self._index_path) as file:
            file.write(content)

    def _load_data(self, name: str) -> Any:
        return self._read(self._data_path(name))

    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[BytesIO]:
        content = BytesIO()
        yield content
        with super()._open_for_write(filepath) as file:
            write_checked(content.getvalue(), file.write)

    def load(self, key: Any) -> Any:
        """Give a kept form, None where there is none that can be used."""
        try:
            return super().load(key)
        except OSError as error:
            _tell_once("read", f"compiled rules cannot be read ({error}) and are compiled anew")
        except Exception as error:  # whatever reading back raises: it can be made again
            folder = Path(self._cache_path)
            what = f"{error}" if isinstance(error, DamagedError) else f"{self._index_path} ({type(error).__name__})"
            _tell_once("damaged", f"compiled rules are damaged, and are compiled anew: {what}")
            for file in folder.glob(f"{Path(self._index_name).stem}.*"):
                if ".tmp." not in file.name:  # which another process is writing
                    with suppress(OSError):
                        file.unlink()
        return None

    def save(self, key: Any, data: Any) -> None:
        """Keep a form, if that is possible; the program goes on with what is in memory if not."""
        try:
            try:
                super().save(key, data)
            except DamagedError:
                self.flush()
                super().save(key, data)
        except OSError as error:
            why = error.strerror or error
            _tell_once(
                "write",
                f"compiled rules cannot be kept in {self._cache_path} ({why}), and are compiled anew each time: "
                "set R2PSIM_CACHE to a directory that can be written",
            )


class _CheckedCache(FunctionCache):
    """What the compiler asks for a function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file: Any = _CheckedFiles(self._cache_path, self._impl.filename_base, stamp)

    def _load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super()._load_overload(sig, target_context)
        except Exception as error:  # kept whole, and of no use to this version of the compiler
            _tell_once("damaged", f"compiled rules cannot be used ({type(error).__name__}) and are compiled anew")
            return None

    def _save_overload(self, sig: Any, data: Any) -> None:
        try:
            super()._save_overload(sig, data)
        except OSError as error:  # the directory itself is gone, or cannot be written any more
            _tell_once("write", f"compiled rules cannot be kept ({error}), and are compiled anew each time")


def keep(compiled: Any, directory: Path) -> None:
    """Have the compiled forms of a function kept in a directory, or nowhere.

    Parameters
    ----------
    compiled : numba dispatcher
        Not compiled yet.
    directory : Path
        That which the compiler was told of. Where it cannot be used the compiler would fall back on others, that are
        not named after the sources, and serve old code.
    """
    try:
        cache = _CheckedCache(compiled.py_func)
    except (RuntimeError, OSError) as error:
        _tell_once("write", f"compiled rules cannot be kept ({error}), and are compiled anew each time")
        return
    if directory not in Path(cache.cache_path).parents:
        return
    compiled._cache = cache
    kept_files[compiled.py_func.__name__] = Path(cache._cache_file._index_path)
