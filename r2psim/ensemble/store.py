"""Outputs on disk: written aside and put in place when finished, with what is needed to run them again."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r2psim.files import ContentError, FileError
from r2psim.files import read_json as read_json_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "MARK",
    "OutputError",
    "digest_of_file",
    "provenance",
    "read_json",
    "read_table",
    "seal",
    "sealed",
    "write_json",
    "write_table",
]

SCHEMA_VERSION = 1
MARK = "provenance.json"
"""By this file an output is known; it has the hash of every other file, and one of its own."""

_CONTENTS, _SEAL = "contents", "seal"


class OutputError(Exception):
    """An output directory that cannot be written or read; the message says which and why."""


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
        found = read_json_of(file)
    except ContentError as error:
        raise OutputError(f"{file}: is damaged: {error.what}") from error
    except FileError as error:
        raise OutputError(str(error)) from error
    if not isinstance(found, dict):
        raise OutputError(f"{file}: is damaged: not an object")
    return found


# -- hashes ------------------------------------------------------------------------------------------------------------


def digest_of_file(file: Path) -> str:
    """Give the SHA-256 of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _seal_of(facts: Mapping[str, Any]) -> str:
    text = json.dumps({key: value for key, value in facts.items() if key != _SEAL}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def seal(directory: Path) -> None:
    """Note the hashes of all files of an output in its ``provenance.json``, and one of what is noted.

    Parameters
    ----------
    directory : Path
        An output, finished; one without a provenance is left as it is.
    """
    mark = directory / MARK
    if not mark.is_file():
        return
    files = sorted(file for file in directory.rglob("*") if file.is_file() and file != mark)
    facts = read_json(mark)
    facts.pop(_SEAL, None)
    facts[_CONTENTS] = {file.relative_to(directory).as_posix(): digest_of_file(file) for file in files}
    write_json(facts | {_SEAL: _seal_of(facts)}, mark)


def sealed(directory: Path) -> tuple[dict[str, Any], dict[str, str] | None]:
    """Read the provenance of an output, and see that nothing in it was changed.

    Returns
    -------
    tuple
        What it says; the SHA-256 of every other file by name, None in an output that has none.

    Raises
    ------
    OutputError
        If it is damaged.
    """
    mark = directory / MARK
    facts = read_json(mark)
    if _SEAL not in facts and _CONTENTS not in facts:
        return facts, None
    contents = facts.get(_CONTENTS)
    if facts.get(_SEAL) != _seal_of(facts) or not isinstance(contents, dict):
        raise OutputError(f"{mark}: is damaged: what it says is not what was written")
    return facts, contents


# -- tables ------------------------------------------------------------------------------------------------------------


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
