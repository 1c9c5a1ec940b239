"""A directory of results: claimed before the work, filled after it, file by file, with nothing of others deleted.

Work may take hours, and whatever happens to the directory meanwhile must not cost it. So the directory is made and
locked first; results are written aside when they are there, and each file is put in place by a rename that replaces
nothing but an unchanged file of an earlier output. Where that cannot be done they are kept under another name.

One file, though long: what may be done to a directory is one class, whose steps depend on one another.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from itertools import count
from pathlib import Path
from types import TracebackType

from r2psim.ensemble.locks import NAME as LOCK
from r2psim.ensemble.locks import DirectoryLock, HeldError
from r2psim.ensemble.store import MARK, OutputError, digest_of_file, read_json, seal
from r2psim.progress import notice

__all__ = [
    "GROWING",
    "OutputDirectory",
    "check_file",
    "files_in",
    "fill_file",
    "new_directory",
    "output_or_none",
    "put_file",
    "write_file",
]

_PART = re.compile(r"\.r2psim\.[0-9a-f]{12}\.part")
_SHOWN = 5
GROWING = {
    "batch": "manifest.jsonl",
    "calibration": "evaluations.jsonl",
    "trials": "entries",
    "sensitivity": "design-rows",
    "panel-hindcast": "windows",
    **dict.fromkeys(("rows", "break-even", "marginal", "warning", "optimise"), "worlds"),
}
"""Kinds of directories to which work is added command by command, each with the file to which it is added."""

Write = Callable[[Path], object]


class _TakenError(OSError):
    """A file of that name was put there meanwhile."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} was put there meanwhile")


def _why(error: OSError) -> str:
    return error.strerror or str(error)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _names(folder: Path) -> set[str]:
    """Give what is in a directory, but the lock and what somebody who was killed left half written."""
    with os.scandir(folder) as found:
        return {entry.name for entry in found if entry.name != LOCK and not _PART.fullmatch(entry.name)}


def _free(file: Path) -> Iterator[Path]:
    """Give names like that of a file or directory, for something that must not replace it: ``runs-2.csv``."""
    for number in count(2):
        yield file.with_name(f"{file.stem}-{number}{file.suffix}")


def _part_in(folder: Path) -> Path:
    """Give a name for what is being written, that nothing else has."""
    return folder / f".r2psim.{uuid.uuid4().hex[:12]}.part"


def write_file(file: Path, content: bytes) -> None:
    """Write a file that is whole or not there, in place of one of the same name: aside, forced to disk, and renamed."""
    part = _part_in(file.parent)
    try:
        part.write_bytes(content)
        _force(part)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    _force(file.parent)


def put_file(source: Path, target: Path) -> None:
    """Move a file to a name that nothing has: what came there first is never replaced.

    Raises
    ------
    FileExistsError
        If something has that name.
    OSError
        If it cannot be moved there; the source is still there.
    """
    # The name is taken first, in one step, by a file of our own, and that is replaced: a rename alone replaces
    # anything, and not every file system has links.
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        source.replace(target)
    except OSError:
        target.unlink(missing_ok=True)
        raise


def files_in(directory: Path) -> str:
    """Name the files and folders of an output, for a line that says what was written."""
    return ", ".join(sorted(_names(directory)))


def check_file(target: Path, force: bool = False) -> None:
    """Refuse a file that cannot be written, before the work for it.

    Raises
    ------
    OutputError
        If it exists, unless ``force``; if it is a directory, or in none that exists.
    """
    if not target.parent.is_dir():
        raise OutputError(f"{target}: cannot be written: there is no directory {target.parent}")
    if target.is_dir():
        raise OutputError(f"{target}: is a directory, and a file is needed")
    if os.path.lexists(target) and not force:
        raise OutputError(f"{target}: exists; name a new file, or say --force")


def fill_file(target: Path, write: Write, force: bool = False) -> None:
    """Write a file aside, and put it in place when it is whole.

    Parameters
    ----------
    target : Path
        Its name; with ``force`` what has that name is replaced. A link is followed.
    write : callable
        Given a path with the same ending.

    Raises
    ------
    OutputError
        If it cannot be written, or another one was put there meanwhile; the message says where it is kept then.
    """
    file = Path(os.path.realpath(target))
    part = _part_in(file.parent)
    try:
        part.mkdir()
        aside = part / file.name
        write(aside)
        _force(aside)
        if force:
            aside.replace(file)
            return
        try:
            put_file(aside, file)
        except FileExistsError:
            kept = next(free for free in _free(file) if not os.path.lexists(free))
            put_file(aside, kept)
            raise OutputError(f"{target}: was put there meanwhile; this one is kept in {kept}") from None
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {_why(error)}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


class OutputDirectory:
    """A directory that is filled when the work for it is done, and is this process's until then.

    Parameters
    ----------
    target : Path
        Made if it does not exist, with those above it; otherwise it must be empty, or with ``force`` hold an earlier
        output. ``.``, links to directories and mount points are filled where they are.
    force : bool
        Replace the files of an earlier output. What else lies there is kept, and so is what was changed since: a file
        that is in the way is renamed.
    growing : bool
        Put results beside what was added to the directory command by command, which the caller has checked.
    tell : callable
        Told what was kept, in a line each.

    Raises
    ------
    OutputError
        On entering, before any work, if the directory is something else's, or in use, or cannot be written; on
        leaving, if the results had to be kept elsewhere. The message says where.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder, OutputDirectory(Path(folder) / "study") as out:
    ...     out.fill(lambda folder: (folder / "note.txt").write_text("found", encoding="utf-8"))
    ...     print((out.path / "note.txt").read_text(encoding="utf-8"))
    found
    """

    def __init__(
        self, target: Path, force: bool = False, growing: bool = False, tell: Callable[[str], None] = notice
    ) -> None:
        self.target, self.force, self.growing, self.tell = Path(target), force, growing, tell
        self.path = self.target
        self.failure: OutputError | None = None
        self._lock: DirectoryLock | None = None
        self._made: list[Path] = []
        self._filled = False
        # Of an earlier output: what was there, and the hashes of those files that are certainly its own.
        self._before: set[str] = set()
        self._earlier: dict[str, str] = {}

    # -- before the work -----------------------------------------------------------------------------------------------

    def __enter__(self) -> OutputDirectory:
        try:
            # What a link leads to is filled; the link stays.
            self.path = Path(os.path.realpath(self.target))
            self._refuse_what_cannot_work()
            self._check_from_outside()
            self._make()
            if self._lock is None:
                self._lock = DirectoryLock(self.path)
            self._check()  # Once more: whoever had the lock may have filled it.
            self._tidy()
        except BaseException as error:
            self._leave()
            if isinstance(error, HeldError):
                raise OutputError(f"{self.target}: {error} is at work here; name another directory") from None
            if isinstance(error, OSError):
                raise OutputError(f"{self.target}: cannot be written: {_why(error)}") from error
            if isinstance(error, ValueError):  # a name that no file can have
                raise OutputError(f"{str(self.target)!r}: is no name of a directory: {error}") from error
            raise
        return self

    def _refuse_what_cannot_work(self) -> None:
        if self.path == self.path.parent:
            raise OutputError(f"{self.target}: is the root of the file system; name a new directory")
        with suppress(FileNotFoundError):  # the working directory was deleted
            if self.path in Path(os.path.realpath(Path.cwd())).parents:
                raise OutputError(f"{self.target}: has the working directory in it; name a new directory")

    def _check_from_outside(self) -> None:
        """Refuse what is somebody else's before anything is made or locked in it.

        What somebody who is at work here has half put in place looks like somebody else's. So a refusal counts only
        under the lock, where there is one, and once more where there is none any more: the work may just be done.
        """
        try:
            self._check()
        except OutputError:
            if (self.path / LOCK).exists():
                self._lock = DirectoryLock(self.path)
            self._check()

    def _check(self) -> None:
        """Refuse what is somebody else's, and note what of it may be replaced."""
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise OutputError(f"{self.target}: is a file, and a directory is needed")
        there = _names(self.path)
        if not there:
            return
        mark = self.path / MARK
        if self.growing and not mark.is_file():
            self._before = there
            return
        if not mark.is_file():
            raise OutputError(f"{self.target}: is not empty and not an output of r2psim; name a new directory")
        try:
            facts = read_json(mark)
        except OutputError as error:
            raise OutputError(f"{error}; name a new directory") from None
        if not isinstance(facts.get("r2psim"), str):
            raise OutputError(f"{self.target}: is not an output of r2psim: {MARK} is another program's; name a new one")
        if not self.growing and (facts.get("kind") in GROWING or there & set(GROWING.values())):
            raise OutputError(
                f"{self.target}: holds a batch, calibration, rows or trials, and those are not replaced; "
                "name a new directory"
            )
        if not (self.force or self.growing):
            raise OutputError(f"{self.target}: holds an earlier output; name a new directory, or say --force")
        files = facts.get("contents")
        self._before = there
        self._earlier = {str(name): str(found) for name, found in files.items()} if isinstance(files, dict) else {}
        self._earlier[MARK] = digest_of_file(mark)

    def _make(self) -> None:
        missing = []
        folder = self.path
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for folder in reversed(missing):
            with suppress(FileExistsError):  # by another process, at the same time
                folder.mkdir()
                self._made.append(folder)

    def _tidy(self) -> None:
        """Delete what a process that was killed left half written: the lock says that it is gone."""
        with os.scandir(self.path) as found:
            left = [Path(entry.path) for entry in found if _PART.fullmatch(entry.name)]
        for part in left:
            shutil.rmtree(part) if part.is_dir() else part.unlink()

    # -- after it ------------------------------------------------------------------------------------------------------

    def fill(self, write: Write) -> None:
        """Write the results and put them in place; elsewhere, if that cannot be done.

        Parameters
        ----------
        write : callable
            Given an empty directory, writes all files into it; called again with another one if the disk is full.
        """
        self._filled = True
        reasons: list[str] = []
        for folder in (self.path, self.path.parent, Path(tempfile.gettempdir())):
            part = _part_in(folder)
            try:
                part.mkdir(parents=True)
                write(part)
                seal(part)
            except OSError as error:
                reasons.append(f"{folder}: {_why(error)}")
                shutil.rmtree(part, ignore_errors=True)
            except Exception:
                # A figure that cannot be drawn must not cost the numbers that were written before it.
                if any(part.iterdir()) and (kept := self._keep(part)):
                    self.tell(f"{self.target}: is not whole; what could be written is kept in {kept}")
                raise
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
            else:
                self.take(part)
                return
        self.failure = OutputError(f"{self.target}: cannot be written, nor kept elsewhere: {'; '.join(reasons)}")

    def take(self, part: Path) -> None:
        """Put what was written aside in place, or keep it under another name.

        Parameters
        ----------
        part : Path
            Directory that is this process's own; gone afterwards.
        """
        self._filled = True
        try:
            self._place(part)
        except OSError as error:
            why = f"{self.target}: cannot be written: {_why(error)}"
            kept = self._keep(part)
            where = f"the results are kept in {kept}" if kept else f"the results are left in {part}"
            self.failure = OutputError(f"{why}; {where}")
        else:
            shutil.rmtree(part, ignore_errors=True)

    def _place(self, part: Path) -> None:
        """Move every file to its place, all of them or none; last the one that says that the others are there."""
        self.path.mkdir(parents=True, exist_ok=True)  # somebody may have deleted it meanwhile
        new = sorted((file.name for file in part.iterdir()), key=lambda name: (name == MARK, name))
        there = _names(self.path)
        old = part / ".r2psim.old"
        undo: list[tuple[Path, Path]] = []
        renamed: list[str] = []
        try:
            for name in sorted(there & {*new, *self._earlier}):
                file = self.path / name
                if self._is_earlier(file):
                    old.mkdir(exist_ok=True)
                    file.rename(old / name)
                    undo.append((old / name, file))
                elif name in new:
                    if name not in self._before:
                        raise _TakenError(name)
                    aside = next(free for free in _free(file) if not os.path.lexists(free))
                    file.rename(aside)
                    undo.append((aside, file))
                    renamed.append(f"{name} as {aside.name}")
            for name in new:
                self._move(part / name, self.path / name)
                undo.append((self.path / name, part / name))
        except BaseException as error:
            for source, target in reversed(undo):
                with suppress(OSError):
                    source.rename(target) if target.parent == part else put_file(source, target)
            if isinstance(error, FileExistsError):
                raise _TakenError(Path(error.filename or "a file").name) from error
            raise
        _force(self.path)
        if renamed:
            self.tell(f"{self.target}: changed since it was written, and kept: {_listed(renamed)}")
        others = sorted(self._before & _names(self.path) - set(new))
        if others and not self.growing:
            self.tell(f"{self.target}: not of r2psim, and left as it is: {_listed(others)}")

    def _is_earlier(self, file: Path) -> bool:
        """Say whether a file is just as an earlier output left it."""
        expected = self._earlier.get(file.name)
        return expected is not None and not file.is_symlink() and file.is_file() and digest_of_file(file) == expected

    def _move(self, source: Path, target: Path) -> None:
        if source.is_dir():
            target.mkdir()
            try:
                for inner in source.iterdir():
                    self._move(inner, target / inner.name)
            except OSError:
                for inner in target.iterdir():
                    inner.rename(source / inner.name)
                target.rmdir()
                raise
            return
        _force(source)
        put_file(source, target)

    def _keep(self, part: Path) -> Path | None:
        """Move what was written to a name that is free, beside the directory or among temporary files."""
        for place in (self.path, Path(tempfile.gettempdir()) / self.path.name):
            for kept in _free(place):
                try:
                    kept.mkdir()
                except FileExistsError:
                    continue
                except OSError:
                    break
                try:
                    shutil.copytree(part, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".r2psim.old"))
                except (OSError, shutil.Error):
                    shutil.rmtree(kept, ignore_errors=True)
                    break
                shutil.rmtree(part, ignore_errors=True)
                return kept
        return None

    # -- leaving -------------------------------------------------------------------------------------------------------

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._leave()
        if error is None and self.failure is not None:
            raise self.failure

    def _leave(self) -> None:
        """Give the directory back, and leave none that is empty."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        for folder in reversed(self._made):
            with suppress(OSError):  # not empty: it holds the results, or somebody else's files
                folder.rmdir()


def _force(place: Path) -> None:
    """Force a file, or the names in a directory, to disk, where the system can."""
    if os.name != "posix":
        return
    with suppress(OSError):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def output_or_none(target: Path | None, force: bool = False) -> AbstractContextManager[OutputDirectory | None]:
    """Give a directory to fill, or None where no directory is wanted."""
    return nullcontext() if target is None else OutputDirectory(target, force)


@contextmanager
def new_directory(target: Path, force: bool = False) -> Iterator[Path]:
    """Write a directory aside and put it in place when everything in it is finished.

    For what takes no time to make again. Long work is done within `OutputDirectory`.

    Parameters
    ----------
    target, force
        As in `OutputDirectory`.

    Raises
    ------
    OutputError
        As `OutputDirectory`.
    """
    with OutputDirectory(target, force) as out:
        part = _part_in(out.path)
        try:
            part.mkdir()
            yield part
            seal(part)
            out.take(part)
        except OSError as error:
            raise OutputError(f"{target}: cannot be written: {_why(error)}") from error
        finally:
            if out.failure is None:
                shutil.rmtree(part, ignore_errors=True)
