"""A batch on disk: begun, killed, gone on with, damaged, mended.

Order makes it safe: a part is forced to disk under its final name before the manifest says that it is there. Whatever
instant the power goes, a part is whole or not there, and one that the manifest does not name yet is recognised by its
hash. One process at a time works on a directory; the system gives its lock back however it ends.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from r2psim.ensemble.batch.designs import Points, points_table
from r2psim.ensemble.batch.experiment import Experiment
from r2psim.ensemble.batch.manifest import Entry, Manifest, without_overlaps
from r2psim.ensemble.batch.parts import TABLES, PartName, Parts, parts_at, write_aside
from r2psim.ensemble.batch.plan import Plan
from r2psim.ensemble.batch.tasks import ABOUT, Done
from r2psim.ensemble.locks import NAME as FILLED
from r2psim.ensemble.locks import holder_of, note_holder, try_lock
from r2psim.ensemble.store import OutputError, provenance, read_json
from r2psim.terminal import command

__all__ = ["LOCK", "BatchDirectory", "Mended", "digest_of", "identity", "locked_by"]

MANIFEST, LOCK, PROVENANCE, RESOLVED = "manifest.jsonl", "lock", "provenance.json", "resolved.json"
POINTS, COPY = "points.parquet", "experiment.toml"
OURS = {MANIFEST, LOCK, PROVENANCE, RESOLVED, POINTS, COPY, *TABLES}
_SHOWN = 3


class Mended(NamedTuple):
    """What was found when a directory was opened again.

    Attributes
    ----------
    damaged, missing, adopted, foreign : tuple of str
        Names of parts that are done again, that were taken over, and that are another batch's and were kept.
    notes : tuple of str
        Which lines of the manifest did not count, and why.
    """

    damaged: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


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


def locked_by(directory: Path, name: str = LOCK) -> str | None:
    """Say who works on a directory, or give None where nobody does."""
    file = directory / name
    try:
        handle = os.open(file, os.O_RDWR)
    except OSError:
        return None
    try:
        return None if try_lock(handle) else holder_of(file)
    except OSError:  # no locks here: nobody can work on it
        return None
    finally:
        os.close(handle)


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    file = directory / LOCK
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise OutputError(f"{directory}: cannot be written: {error.strerror}") from error
    try:
        try:
            free = try_lock(handle)
        except OSError as error:
            raise OutputError(
                f"{directory}: its file system cannot lock files ({error.strerror}), and a batch needs that: name a "
                "directory on another one; --storage may still name any place for the parts"
            ) from error
        if not free:
            status = command(["r2psim", "status", directory])
            raise OutputError(f"{directory}: {holder_of(file)} is at work here; {status} says how far it is")
        note_holder(handle)
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
        self.manifest = Manifest(path / MANIFEST, batch=self.batch)
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
            if not (path / PROVENANCE).exists():
                directory._see_that_it_is_ours(text)
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

    def _see_that_it_is_ours(self, text: str) -> None:
        """See that files with names of ours are from a beginning of this batch, and not somebody else's."""
        for name, content in ((COPY, text.encode()), (RESOLVED, _json(self.resolved))):
            file = self.path / name
            try:
                ours = not os.path.lexists(file) or file.read_bytes() == content
            except OSError as error:
                raise OutputError(f"{file}: cannot be read: {error.strerror}") from error
            if not ours:
                raise OutputError(f"{file}: is there already and is not of this batch; name a new directory")

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
        if self.storage is None:
            # Elsewhere, somebody else may just be writing.
            self.parts.clear_aside()
        notes = self.manifest.read().notes()
        there = {table: self.parts.names(table) for table in TABLES}
        damaged: list[str] = []
        missing: list[str] = []
        whole: list[Entry] = []
        for entry in self.manifest.entries:
            bad = [
                (table, name, name in there[table])
                for table, name, digest, size in entry.files()
                if there[table].get(name) != size or self.parts.digest(table, name) != digest
            ]
            if not bad and entry.first + entry.count <= self.plan.total:
                whole.append(entry)
            for table, name, exists in bad:
                (damaged if exists else missing).append(f"{table}/{name}")
        noted = {name for entry in whole for table, name, *_ in entry.files() if table == "runs"}
        found = [
            taken
            for name in sorted(there["runs"].keys() - noted)
            if f"runs/{name}" not in damaged and (taken := self._adopt(name, there)) is not None
        ]
        kept, _ = without_overlaps([*whole, *found])
        new = {id(entry) for entry in found}
        adopted = [f"runs/{name}" for e in kept if id(e) in new for table, name, *_ in e.files() if table == "runs"]
        known = {(table, name) for entry in kept for table, name, *_ in entry.files()}
        foreign = [
            f"{table}/{name}"
            for table in TABLES
            for name in sorted(there[table])
            if (table, name) not in known and not self._clear(table, name, damaged)
        ]
        self.manifest.replace(kept)
        self.mended = Mended(tuple(damaged), tuple(missing), tuple(adopted), tuple(foreign), tuple(notes))

    def _clear(self, table: str, name: str, damaged: list[str]) -> bool:
        """Delete a part that does not count if it is certainly of this batch, and say whether it was; keep others."""
        ours = f"{table}/{name}" in damaged
        if not ours:
            about = self._about(table, name)
            # One that nobody can read can be somebody else's only where others put theirs too.
            ours = self.storage is None if about is None else about.get("batch") == self.batch
        if ours:
            self.parts.delete(table, name)
        elif self.storage is None:
            self.parts.set_aside(table, name)
        return ours

    def _about(self, table: str, name: str) -> dict[str, Any] | None:
        """Give what a part says of itself, None if it cannot be read."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with self.parts.open(table, name) as file:
                about = json.loads(pq.read_schema(file).metadata[ABOUT])
        except (OSError, KeyError, TypeError, ValueError, pa.ArrowException):
            return None
        return about if isinstance(about, dict) else None

    def _adopt(self, name: str, there: Mapping[str, Mapping[str, int]]) -> Entry | None:
        """Give the entry of a part that the manifest does not name, if it is whole and of this batch."""
        part = PartName.read(name)
        digest = self.parts.digest("runs", name)
        if part is None or not digest.startswith(part.digest):
            return None
        about = self._about("runs", name)
        if about is None:
            return None
        try:
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
        except (OSError, KeyError, TypeError, ValueError):
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
        forgotten = [entry for entry in self.manifest.entries if entry.failed]
        self.manifest.replace([entry for entry in self.manifest.entries if not entry.failed])
        for entry in forgotten:
            for table, name, *_ in entry.files():
                self.parts.delete(table, name)
        return len({point for entry in forgotten for point, _, _ in entry.failed})

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
    if (holder := locked_by(path, FILLED)) is not None:
        raise OutputError(f"{path}: {holder} is at work here; name another directory")
    if PROVENANCE not in names and names - OURS:
        raise OutputError(f"{path}: is not empty and not a batch of r2psim; name a new directory")


def _parquet_bytes(table: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _differences(old: Any, new: Any, at: str = "") -> Iterator[str]:
    """Say where two tables differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            if old.get(key) != new.get(key):
                yield from _differences(old.get(key), new.get(key), f"{at}.{key}" if at else str(key))
    else:
        from r2psim.scenario.errors import shown

        yield f"{at} was {shown(old)} and is now {shown(new)}"
