"""Parts of a batch where they lie: a directory, or whatever fsspec reaches. A part is there whole or not at all.

A part is named after its stretch and the hash of its content, so that what is damaged shows.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import pyarrow.dataset as ds

__all__ = [
    "DESCRIPTIONS",
    "SET_ASIDE",
    "TABLES",
    "LocalParts",
    "PartName",
    "Parts",
    "RemoteParts",
    "parts_at",
    "write_aside",
]

TABLES = ("series", "runs")
"""Tables of parts, in the order in which those of a stretch are written: the runs last, they say that it is done."""

DESCRIPTIONS = ("manifest.jsonl", "provenance.json", "resolved.json", "points.parquet", "experiment.toml")
"""What else lies in the directory of a batch."""

SET_ASIDE = "set-aside"
"""Folder for parts that are another batch's."""

_ASIDE = ".part"
_WRITTEN = re.compile(rf"\.(.+)\.\d+{re.escape(_ASIDE)}")
"""What is being written, with its own name in it."""

_NAME = re.compile(r"(\d{12})-(\d{8})-([0-9a-f]{16})\.parquet")

Hashes = Mapping[str, tuple[str, int]]


class PartName(NamedTuple):
    """Stretch and beginning of the hash, as the name of a file says."""

    first: int
    length: int
    digest: str

    @classmethod
    def read(cls, name: str) -> PartName | None:
        """Read a name, None if it is not that of a part.

        Examples
        --------
        >>> PartName.read("000000000100-00000020-0123456789abcdef.parquet")
        PartName(first=100, length=20, digest='0123456789abcdef')
        """
        found = _NAME.fullmatch(name)
        return cls(int(found[1]), int(found[2]), found[3]) if found else None

    @classmethod
    def of(cls, first: int, count: int, sha256: str) -> PartName:
        """Give the name of a part."""
        return cls(first, count, sha256[:16])

    def __str__(self) -> str:
        return f"{self.first:012d}-{self.length:08d}-{self.digest}.parquet"


def write_aside(file: Path, content: bytes) -> None:
    """Write a file that is whole or not there: aside, forced to disk, and renamed."""
    aside = file.with_name(f".{file.name}.{os.getpid()}{_ASIDE}")
    try:
        with aside.open("wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        aside.replace(file)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    _force(file.parent)


def _force(folder: Path) -> None:
    """Force a rename to disk, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Parts(Protocol):
    """Where parts lie."""

    def write_all(self, first: int, count: int, parts: Mapping[str, bytes], hashes: Hashes) -> None:
        """Write the parts of a stretch, the runs last."""

    def names(self, table: str) -> dict[str, int]:
        """Give the parts of a table with their sizes."""

    def digest(self, table: str, name: str) -> str:
        """Give the SHA-256 of a part."""

    def delete(self, table: str, name: str) -> None:
        """Delete a part."""

    def set_aside(self, table: str, name: str) -> None:
        """Keep somebody else's part where nobody takes it for one of these; where others write too, leave it."""

    def clear_aside(self) -> None:
        """Delete what was being written when somebody was killed."""

    def open(self, table: str, name: str) -> Any:
        """Open a part to read."""

    def dataset(self, table: str, names: list[str], schema: Any = None) -> ds.Dataset:
        """Give parts as one dataset, nothing of which is read yet."""


class LocalParts:
    """Parts in folders of a directory, one for each table."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write_all(self, first: int, count: int, parts: Mapping[str, bytes], hashes: Hashes) -> None:
        """Write the parts of a stretch, the runs last."""
        for table in TABLES:
            if table in parts:
                folder = self.directory / table
                folder.mkdir(exist_ok=True)
                write_aside(folder / str(PartName.of(first, count, hashes[table][0])), parts[table])

    def names(self, table: str) -> dict[str, int]:
        """Give the parts of a table with their sizes."""
        folder = self.directory / table
        if not folder.is_dir():
            return {}
        with os.scandir(folder) as found:
            return {entry.name: entry.stat().st_size for entry in found if PartName.read(entry.name)}

    def digest(self, table: str, name: str) -> str:
        """Give the SHA-256 of a part."""
        with (self.directory / table / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def delete(self, table: str, name: str) -> None:
        """Delete a part."""
        (self.directory / table / name).unlink(missing_ok=True)

    def set_aside(self, table: str, name: str) -> None:
        """Move somebody else's part to a folder beside those of the tables."""
        folder = self.directory / SET_ASIDE / table
        folder.mkdir(parents=True, exist_ok=True)
        # Its name has the hash of its content: what has that name already is the same.
        (self.directory / table / name).replace(folder / name)

    def clear_aside(self) -> None:
        """Delete what was being written when somebody was killed."""
        for folder in (self.directory, *(self.directory / table for table in TABLES)):
            if folder.is_dir():
                for file in folder.iterdir():
                    if (found := _WRITTEN.fullmatch(file.name)) and (
                        found[1] in DESCRIPTIONS or PartName.read(found[1])
                    ):
                        file.unlink(missing_ok=True)

    def open(self, table: str, name: str) -> Any:
        """Open a part to read."""
        return (self.directory / table / name).open("rb")

    def dataset(self, table: str, names: list[str], schema: Any = None) -> ds.Dataset:
        """Give parts as one dataset, nothing of which is read yet."""
        import pyarrow.dataset as ds

        files = [str(self.directory / table / name) for name in names]
        return ds.dataset(files, schema=schema, format=_checked_parquet())


class RemoteParts:
    """Parts wherever fsspec reaches, such as ``s3://bucket/batch``: object stores put a file whole or not at all."""

    def __init__(self, url: str) -> None:
        import fsspec

        self.fs, root = fsspec.core.url_to_fs(url)
        self.root = root.rstrip("/")

    def _path(self, table: str, name: str) -> str:
        return f"{self.root}/{table}/{name}"

    def write_all(self, first: int, count: int, parts: Mapping[str, bytes], hashes: Hashes) -> None:
        """Write the parts of a stretch, the runs last."""
        for table in TABLES:
            if table in parts:
                self.fs.makedirs(f"{self.root}/{table}", exist_ok=True)
                self.fs.pipe_file(self._path(table, str(PartName.of(first, count, hashes[table][0]))), parts[table])

    def names(self, table: str) -> dict[str, int]:
        """Give the parts of a table with their sizes."""
        self.fs.invalidate_cache()
        try:
            found = self.fs.ls(f"{self.root}/{table}", detail=True)
        except FileNotFoundError:
            return {}
        sizes = {str(entry["name"]).rpartition("/")[2]: int(entry["size"] or 0) for entry in found}
        return {name: size for name, size in sizes.items() if PartName.read(name)}

    def digest(self, table: str, name: str) -> str:
        """Give the SHA-256 of a part."""
        return hashlib.sha256(self.fs.cat_file(self._path(table, name))).hexdigest()

    def delete(self, table: str, name: str) -> None:
        """Delete a part."""
        self.fs.rm_file(self._path(table, name))

    def set_aside(self, table: str, name: str) -> None:
        """Leave it where it is: others write there too."""

    def clear_aside(self) -> None:
        """Nothing is written aside."""

    def open(self, table: str, name: str) -> Any:
        """Open a part to read."""
        return self.fs.open(self._path(table, name), "rb")

    def dataset(self, table: str, names: list[str], schema: Any = None) -> ds.Dataset:
        """Give parts as one dataset, nothing of which is read yet."""
        import pyarrow.dataset as ds

        files = [self._path(table, name) for name in names]
        return ds.dataset(files, schema=schema, filesystem=self.fs, format=_checked_parquet())


def _checked_parquet() -> ds.ParquetFileFormat:
    """Give the format whose pages are checked as they are read."""
    import pyarrow.dataset as ds

    options = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    return ds.ParquetFileFormat(default_fragment_scan_options=options)


def parts_at(place: str | Path) -> Parts:
    """Give the parts at a path or a URL."""
    text = str(place)
    if "://" in text and not text.startswith("file://"):
        return RemoteParts(text)
    return LocalParts(Path(text.removeprefix("file://")))
