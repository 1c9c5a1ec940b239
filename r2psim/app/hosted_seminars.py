"""The seminars of this server, opened once."""

from __future__ import annotations

import threading
from pathlib import Path

from r2psim.app import settings
from r2psim.seminar import Seminars
from r2psim.seminar.seminars import FILE

__all__ = ["seminars"]

_lock = threading.Lock()
_open: dict[Path, Seminars] = {}


def seminars() -> Seminars:
    """Give the seminars in the directory of the data that the server was started with.

    Raises
    ------
    LogError
        If they cannot be opened.
    """
    file = settings.current().data / FILE
    with _lock:
        if file not in _open:
            _open[file] = Seminars(file)
        return _open[file]
