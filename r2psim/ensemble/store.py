"""Outputs on disk: written aside and put in place when finished, with what is needed to run them again."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["OutputError", "new_directory", "provenance", "read_json", "read_table", "write_json", "write_table"]

SCHEMA_VERSION = 1
MARK = "provenance.json"


class OutputError(Exception):
    """An output directory that cannot be written or read; the message says which and why."""


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.part")


@contextmanager
def new_directory(target: Path, force: bool = False) -> Iterator[Path]:
    """Write a directory aside and put it in place only when everything in it is finished.

    Parameters
    ----------
    target : Path
        Must not exist, or be empty; with ``force`` an output of an earlier run is replaced.
    force : bool
        Replace an earlier output (a directory that holds a ``provenance.json``); anything else is never touched.

    Raises
    ------
    OutputError
        If the target is something else's, or cannot be written.
    """
    if target.exists():
        if not target.is_dir():
            raise OutputError(f"{target}: is a file, and a directory is needed")
        if any(target.iterdir()):
            if not (target / MARK).is_file():
                raise OutputError(f"{target}: is not empty and not an output of r2psim; name a new directory")
            if not force:
                raise OutputError(f"{target}: holds an earlier output; name a new directory, or say --force")
    part = _temporary(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror}") from error
    try:
        yield part
        if target.exists():
            shutil.rmtree(target)
        part.rename(target)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def provenance(**facts: Any) -> dict[str, Any]:
    """Give what is needed to make an output again: versions, command, and the facts given."""
    from r2psim.rules.compiled import source_digest

    return {
        "schema": SCHEMA_VERSION,
        "r2psim": version("r2psim"),
        "rules": source_digest(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("mesa", "numpy", "numba", "pyarrow")},
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        **facts,
    }


def write_json(content: Mapping[str, Any], file: Path) -> None:
    """Write plain data.

    Raises
    ------
    ValueError
        If it holds a number that JSON does not have.
    """
    file.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_json(file: Path) -> dict[str, Any]:
    """Read plain data that `write_json` wrote.

    Raises
    ------
    OutputError
        If there is no such file, or it cannot be read.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise OutputError(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise OutputError(f"{file}: is damaged: {error}") from error
    if not isinstance(found, dict):
        raise OutputError(f"{file}: is damaged: not an object")
    return found


def write_table(table: pa.Table, file: Path) -> None:
    """Write a table as Parquet."""
    import pyarrow.parquet as pq

    pq.write_table(table, file, compression="zstd")


def read_table(file: Path) -> pa.Table:
    """Read a table that `write_table` wrote.

    Raises
    ------
    OutputError
        If there is no such file, or it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file).read()
    except FileNotFoundError as error:
        raise OutputError(f"{file}: is missing") from error
    except (OSError, pa.ArrowException) as error:
        raise OutputError(f"{file}: is damaged: {str(error).splitlines()[0]}") from error
