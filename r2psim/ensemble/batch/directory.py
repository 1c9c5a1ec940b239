"""A batch on disk: begun, killed, gone on with, damaged, mended.

Order makes it safe: a part is forced to disk under its final name before the manifest says that it is there. Whatever
instant the power goes, a part is whole or not there, and one that the manifest does not name yet is recognised by its
hash. One process at a time works on a directory; the system gives its lock back however it ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from r2psim.ensemble.batch.designs import Points, points_table
from r2psim.ensemble.batch.experiment import Experiment
from r2psim.ensemble.batch.manifest import Entry, Manifest
from r2psim.ensemble.batch.parts import TABLES, PartName, Parts, parts_at, write_aside
from r2psim.ensemble.batch.plan import Plan
from r2psim.ensemble.batch.tasks import ABOUT, Done
from r2psim.ensemble.store import OutputError, provenance, read_json

__all__ = ["LOCK", "BatchDirectory", "Mended", "digest_of", "identity", "locked_by"]

MANIFEST, LOCK, PROVENANCE, RESOLVED = "manifest.jsonl", "lock", "provenance.json", "resolved.json"
POINTS, COPY = "points.parquet", "experiment.toml"
OURS = {MANIFEST, LOCK, PROVENANCE, RESOLVED, POINTS, COPY, *TABLES}
_SHOWN = 3


class Mended(NamedTuple):
    """What was found when a directory was opened again: names of damaged, missing and taken-over parts."""

    damaged: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()


def identity(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """Give what of a resolved experiment results depend on: not what it is called."""
    words = ("title", "description", "name")
    kept = {key: value for key, value in resolved.items() if key not in (*words, "documents")}
    kept["scenario"] = {key: value for key, value in resolved["scenario"].items() if key not in words}
    return kept


def digest_of(resolved: Mapping[str, Any], rules: str) -> str:
    """Give the digest of a batch: what is run, with which rules."""
    text = json.dumps([identity(resolved), rules], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, allow_nan=False) + "\n").encode()


# -- one at a time -----------------------------------------------------------------------------------------------------


def _try_lock(handle: int) -> bool:
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    return True


def locked_by(directory: Path) -> str | None:
    """Say who works on a directory, or give None where nobody does."""
    file = directory / LOCK
    try:
        handle = os.open(file, os.O_RDWR)
    except OSError:
        return None
    try:
        return None if _try_lock(handle) else _holder(file)
    finally:
        os.close(handle)


def _holder(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip() or "another process"
    except OSError:
        return "another process"


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    file = directory / LOCK
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise OutputError(f"{directory}: cannot be written: {error.strerror}") from error
    try:
        if not _try_lock(handle):
            raise OutputError(
                f"{directory}: {_holder(file)} is at work here; r2psim status {directory} says how far it is"
            )
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()} on {platform.node()}\n".encode())
        yield
    finally:
        os.close(handle)


# -- the directory -----------------------------------------------------------------------------------------------------


class BatchDirectory:
    """A batch directory that this process works on.

    Parameters
    ----------
    path : Path
        The directory.
    experiment : Experiment
        What is run.
    points : Points
        Its points.
    plan : Plan
        Its line of work.
    storage : str or None
        Where parts lie; in the directory if not given.
    """

    def __init__(
        self, path: Path, experiment: Experiment, points: Points, plan: Plan, rules: str, storage: str | None = None
    ) -> None:
        self.path, self.experiment, self.points, self.plan = path, experiment, points, plan
        self.resolved = experiment.resolved()
        self.batch = digest_of(self.resolved, rules)
        self.storage = storage
        self.parts: Parts = parts_at(storage or path)
        self.manifest = Manifest(path / MANIFEST)
        self.mended = Mended()

    @classmethod
    @contextmanager
    def opened(
        cls, path: Path, experiment: Experiment, text: str, points: Points, plan: Plan, storage: str | None = None
    ) -> Iterator[BatchDirectory]:
        """Begin a batch, or go on with it, with the directory locked meanwhile.

        Raises
        ------
        OutputError
            If the directory is something else's, or another experiment's, or in use, or cannot be written.
        """
        facts = provenance(kind="batch")
        _claim(path)
        with _lock(path):
            directory = cls(path, experiment, points, plan, facts["rules"], storage)
            try:
                if (path / PROVENANCE).exists():
                    directory._go_on(facts, text)
                else:
                    directory._begin(facts, text)
                directory._mend()
            except OSError as error:
                raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
            yield directory

    # -- beginning -----------------------------------------------------------------------------------------------------

    def _begin(self, facts: Mapping[str, Any], text: str) -> None:
        table = points_table(self.points)
        content = _parquet_bytes(table)
        facts = {key: value for key, value in facts.items() if key != "finished"} | {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "finished": None,
            "batch": self.batch,
            "experiment": self.experiment.name,
            "scenario": self.experiment.scenario.name,
            "seed": self.experiment.seed,
            "design_seed": self.experiment.design.get("seed", self.experiment.seed),
            "points": len(self.points),
            "runs": self.experiment.runs,
            "rounds": list(self.plan.rounds),
            "storage": self.storage,
            "points_sha256": hashlib.sha256(content).hexdigest(),
        }
        write_aside(self.path / COPY, text.encode())
        write_aside(self.path / POINTS, content)
        write_aside(self.path / RESOLVED, _json(self.resolved))
        # Last: a directory that has it has everything.
        write_aside(self.path / PROVENANCE, _json(facts))

    def _go_on(self, facts: Mapping[str, Any], text: str) -> None:
        """Check that the directory holds this batch, and mend what describes it."""
        try:
            before = read_json(self.path / PROVENANCE)
        except OutputError:
            # Damaged, and made again only where what is resolved beside it says that it was this experiment's.
            if identity(read_json(self.path / RESOLVED)) != identity(self.resolved):
                raise
            before = dict(facts)
            self._begin(facts, text)
        if before.get("kind") != "batch":
            raise OutputError(f"{self.path}: holds an output that is not a batch; name a new directory")
        if before.get("batch", self.batch) != self.batch:
            raise OutputError(self._what_changed(before, facts))
        if before.get("storage", self.storage) != self.storage:
            kept = before.get("storage") or "in the directory itself"
            raise OutputError(f"{self.path}: its parts lie {kept}; go on with the same --storage")
        content = _parquet_bytes(points_table(self.points))
        if hashlib.sha256(content).hexdigest() != before.get("points_sha256", hashlib.sha256(content).hexdigest()):
            raise OutputError(
                f"{self.path}: these versions of numpy and scipy draw other points than those that the batch was begun "
                "with: go on with the versions in provenance.json, or name a new directory"
            )
        for name, wanted in ((POINTS, content), (RESOLVED, _json(self.resolved))):
            file = self.path / name
            if not file.exists() or file.read_bytes() != wanted:
                write_aside(file, wanted)

    def _what_changed(self, before: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
        new = "name a new directory, or go back"
        if before.get("rules") != facts["rules"]:
            made = f"r2psim {before.get('r2psim')}, rules {before.get('rules')}"
            here = f"r2psim {facts['r2psim']}, rules {facts['rules']}"
            return f"{self.path}: was begun with other rules: {made}; these are {here}. To finish it, {new} to those"
        try:
            old = identity(read_json(self.path / RESOLVED))
        except (OutputError, KeyError, TypeError):
            return f"{self.path}: holds another experiment; {new}"
        found = list(_differences(old, identity(self.resolved)))
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        what = "; ".join(found[:_SHOWN]) + more
        return f"{self.path}: holds another experiment, finished work of which is kept: {what}. To run this one, {new}"

    # -- mending -------------------------------------------------------------------------------------------------------

    def _mend(self) -> None:
        """Check every part against its hash; keep what is whole, drop what is not, take over what nobody noted."""
        self.parts.clear_aside()
        self.manifest.read()
        there = {table: self.parts.names(table) for table in TABLES}
        damaged: list[str] = []
        missing: list[str] = []
        adopted: list[str] = []
        known: dict[str, set[str]] = {table: set() for table in TABLES}
        kept: list[Entry] = []
        for entry in self.manifest.entries:
            bad = [
                (table, name, name in there[table])
                for table, name, digest, size in entry.files()
                if there[table].get(name) != size or self.parts.digest(table, name) != digest
            ]
            if not bad:
                kept.append(entry)
                for table, name, _, _ in entry.files():
                    known[table].add(name)
            for table, name, exists in bad:
                (damaged if exists else missing).append(f"{table}/{name}")
        for name in sorted(there["runs"].keys() - known["runs"]):
            taken = self._adopt(name, there) if f"runs/{name}" not in damaged else None
            if taken is not None and not _overlaps(taken, kept):
                kept.append(taken)
                adopted.append(f"runs/{name}")
                for table, own, _, _ in taken.files():
                    known[table].add(own)
        for table in TABLES:
            for name in there[table].keys() - known[table]:
                self.parts.delete(table, name)
        self.manifest.replace(kept)
        self.mended = Mended(tuple(damaged), tuple(missing), tuple(adopted))

    def _adopt(self, name: str, there: Mapping[str, Mapping[str, int]]) -> Entry | None:
        """Give the entry of a part that the manifest does not name, if it is whole and of this batch."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        part = PartName.read(name)
        digest = self.parts.digest("runs", name)
        if part is None or not digest.startswith(part.digest):
            return None
        try:
            with self.parts.open("runs", name) as file:
                about = json.loads(pq.read_schema(file).metadata[ABOUT])
            if about["batch"] != self.batch or (about["first"], about["count"]) != part[:2]:
                return None
            hashes = {"runs": (digest, there["runs"][name])}
            if "series" in about:
                own = str(PartName.of(part.first, part.length, about["series"]))
                if self.parts.digest("series", own) != about["series"]:
                    return None
                hashes["series"] = (about["series"], there["series"][own])
            return Entry(
                part.first, part.length, hashes, tuple((int(p), str(e), str(log)) for p, e, log in about["failed"])
            )
        except (OSError, KeyError, TypeError, ValueError, pa.ArrowException):
            return None

    @property
    def complete(self) -> bool:
        """Whether every run of every point is done."""
        return sum(entry.count for entry in self.manifest.entries) == self.plan.total

    # -- working -------------------------------------------------------------------------------------------------------

    def keep(self, done: Done) -> Entry:
        """Write a finished stretch and note that it is there.

        Raises
        ------
        OSError
            If it cannot be written; what was finished before is untouched.
        """
        if done.parts:
            self.parts.write_all(done.first, done.count, done.parts, done.hashes)
        entry = Entry(done.first, done.count, dict(done.hashes), tuple((f.point, f.error, f.log) for f in done.failed))
        self.manifest.add(entry)
        return entry

    def retry_failed(self) -> int:
        """Forget the stretches on which points failed; give the number of those points."""
        failed = {point for entry in self.manifest.entries for point, _, _ in entry.failed}
        self.manifest.replace([entry for entry in self.manifest.entries if not entry.failed])
        for table in TABLES:
            kept = {name for entry in self.manifest.entries for own, name, _, _ in entry.files() if own == table}
            for name in self.parts.names(table).keys() - kept:
                self.parts.delete(table, name)
        return len(failed)

    def finish(self) -> None:
        """Note in the provenance when the batch was finished."""
        facts = read_json(self.path / PROVENANCE)
        if facts.get("finished") is None:
            write_aside(
                self.path / PROVENANCE, _json(facts | {"finished": datetime.now(UTC).isoformat(timespec="seconds")})
            )


def _claim(path: Path) -> None:
    """Make the directory, or see that it is one of ours."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        names = {file.name for file in path.iterdir() if not file.name.startswith(".")}
    except (FileExistsError, NotADirectoryError):
        raise OutputError(f"{path}: is a file, and a directory is needed") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    if PROVENANCE not in names and names - OURS:
        raise OutputError(f"{path}: is not empty and not a batch of r2psim; name a new directory")


def _parquet_bytes(table: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _overlaps(entry: Entry, others: list[Entry]) -> bool:
    return any(entry.first < o.first + o.count and o.first < entry.first + entry.count for o in others)


def _differences(old: Any, new: Any, at: str = "") -> Iterator[str]:
    """Say where two tables differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            if old.get(key) != new.get(key):
                yield from _differences(old.get(key), new.get(key), f"{at}.{key}" if at else str(key))
    else:
        from r2psim.scenario.errors import shown

        yield f"{at} was {shown(old)} and is now {shown(new)}"
