"""The seminars of this server, and how a page hears of what changes in one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import solara
from solara.lab import headers

from r2psim.app.allowed_hosts import CLIENT
from r2psim.app.connections import here
from r2psim.app.following import looked_at, tell
from r2psim.seminar.room import Room
from r2psim.seminar.seminars import HERE

__all__ = ["asker", "browser", "use_version"]

AT_MOST_EVERY = 0.25
"""Seconds between two looks of one page at a session: many commit in the same moment."""

LONGEST_WAIT = 1.0
"""Seconds after which a page looks whether a deadline has passed."""


def asker() -> str:
    """Say from where a page asks: the address that the gate has seen; `HERE` for this machine, and without a server."""
    try:
        given = headers.value or {}
    except RuntimeError:
        return HERE
    client = str(given.get(CLIENT.decode("ascii"), [HERE])[0])
    return HERE if here(client) else client


def browser() -> str:
    """Say which browser asks, by its cookie: it tells the browsers behind one address apart."""
    try:
        return str(solara.get_session_id())[:100]
    except RuntimeError:
        return HERE


@dataclass
class _Drawn:
    """How a session stood when a page was last drawn, and the number of that standing."""

    stand: object
    version: int


def use_version(room: Room, stand: Callable[[], object]) -> int:
    """Follow a session: the component is drawn again when what it shows changes, also by another browser or by time.

    Parameters
    ----------
    room : Room
        The session.
    stand : callable
        Gives what the page depends on, for little; where that stays the same, nothing is drawn.

    Returns
    -------
    int
        Grows with every change, whoever has the component drawn again: the parts of the page that it is given to are
        then drawn again too.
    """
    state: tuple[int, Callable[[Callable[[int], int]], None]] = solara.use_state(0)
    _, set_again = state
    # As it was before the page was last drawn, for whatever reason: what happens while it is drawn is not missed, nor
    # what ends before anybody looked, such as a short pause in which the page itself said something.
    drawn: _Drawn = solara.use_memo(lambda: _Drawn(None, 0), [id(room)])
    now = stand()
    if now != drawn.stand:
        drawn.stand, drawn.version = now, drawn.version + 1

    def follow() -> object:
        gone, watched = threading.Event(), looked_at()

        def watch() -> None:
            seen = -1
            while not gone.is_set():
                seen = room.wait(seen, LONGEST_WAIT)
                # Nothing is drawn for a page that nobody is connected to; whoever comes back gets the latest.
                while not (watched() or gone.wait(AT_MOST_EVERY)):
                    pass
                if stand() != drawn.stand:
                    tell(gone, set_again, lambda n: n + 1)
                    gone.wait(AT_MOST_EVERY)

        threading.Thread(target=watch, daemon=True, name=f"session {room.session.number}").start()
        return gone.set

    solara.use_effect(follow, [id(room)])
    return drawn.version
