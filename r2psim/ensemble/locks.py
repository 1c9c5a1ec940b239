"""Who is at work in a directory: a locked file, which the system gives back however the process ends."""

from __future__ import annotations

import errno
import os
import platform
from contextlib import suppress
from pathlib import Path

__all__ = ["DirectoryLock", "HeldError", "holder_of", "note_holder", "try_lock"]

NAME = ".r2psim.lock"
"""Name of the file that is locked while a directory is being filled."""

_HELD = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
"""What file systems answer that have no locks."""


class HeldError(Exception):
    """Another process is at work; the message says which."""


def try_lock(handle: int) -> bool:
    """Lock an open file, and say whether nobody else has.

    Parameters
    ----------
    handle : int
        Open for writing.

    Raises
    ------
    OSError
        If the file system cannot lock files.
    """
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


def holder_of(file: Path) -> str:
    """Say who wrote itself into a locked file."""
    try:
        return file.read_text(encoding="utf-8").strip() or "another process"
    except (OSError, UnicodeDecodeError):
        return "another process"


def note_holder(handle: int) -> None:
    """Write into a locked file whose lock it is; a full disk does not matter here."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()} on {platform.node()}\n".encode())


class DirectoryLock:
    """The right to fill a directory, until it is given back.

    A file system that has no locks gives it to everybody: who fills a directory then must not rely on it.

    Parameters
    ----------
    directory : Path
        Existing.

    Raises
    ------
    HeldError
        If another process, or another thread of this one, has it.
    OSError
        If nothing can be written into the directory.
    """

    def __init__(self, directory: Path) -> None:
        self.file = directory / NAME
        self.handle = -1
        while self.handle < 0:
            handle = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                free = try_lock(handle)
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    os.close(handle)
                    raise
                free = True
            if not free:
                os.close(handle)
                raise HeldError(holder_of(self.file))
            self.handle = handle
            if not self._is_there():
                # Whoever had it deleted the file between our opening and our locking it.
                os.close(handle)
                self.handle = -1
        note_holder(self.handle)

    def _is_there(self) -> bool:
        """Say whether the file of that name is still the one that is locked."""
        try:
            return os.path.samestat(os.fstat(self.handle), self.file.stat())
        except OSError:
            return False

    def release(self) -> None:
        """Give it back, and leave no file behind."""
        if self.handle < 0:
            return
        handle, self.handle = self.handle, -1
        try:
            if os.name == "posix" and os.path.samestat(os.fstat(handle), self.file.stat()):
                self.file.unlink()
        except OSError:
            pass
        finally:
            os.close(handle)
        if os.name != "posix":  # a file that is open cannot be deleted there
            with suppress(OSError):
                self.file.unlink()
