"""The seminars of this server, and how a page hears of what changes in one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import solara

from r2psim.app import settings
from r2psim.app.following import looked_at
from r2psim.seminar import Seminars
from r2psim.seminar.room import Room
from r2psim.seminar.seminars import FILE

__all__ = ["asker", "seminars", "use_version"]

AT_MOST_EVERY = 0.25
"""Seconds between two looks of one page at a session: many commit in the same moment."""

LONGEST_WAIT = 2.0

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


def asker() -> str:
    """Say which browser asks, for the rate limit."""
    try:
        return str(solara.get_session_id())[:100]
    except Exception:
        return ""


def use_version(room: Room, stand: Callable[[], object] | None = None) -> int:
    """Follow a session: the component is drawn again when it changes, also by another browser.

    Parameters
    ----------
    room : Room
        The session.
    stand : callable, optional
        Gives what this page depends on: where that stays the same, nothing is drawn. All changes count without it.

    Returns
    -------
    int
        Version of the session.
    """
    state: tuple[int, Callable[[int], None]] = solara.use_state(room.version)
    version, set_version = state

    def follow() -> object:
        gone, watched = threading.Event(), looked_at()

        def watch() -> None:
            seen, shown = version, None if stand is None else stand()
            while not gone.is_set():
                now = room.wait(seen, LONGEST_WAIT)
                # Nothing is drawn for a page that nobody is connected to; whoever comes back gets the latest.
                while not (watched() or gone.wait(AT_MOST_EVERY)):
                    now = room.version
                if now != seen and not gone.is_set():
                    seen = now
                    before, shown = shown, None if stand is None else stand()
                    if stand is None or shown != before:
                        set_version(now)
                        gone.wait(AT_MOST_EVERY)

        thread = threading.Thread(target=watch, daemon=True, name=f"session {room.session.number}")
        thread.start()
        return gone.set

    solara.use_effect(follow, [id(room)])
    return version
