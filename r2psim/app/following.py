"""A page that asks for runs and follows them as they come."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import solara
from solara.server import kernel_context

from r2psim.app.runs import Found, Setting, pool

__all__ = ["Shown", "looked_at", "tell", "use_runs"]

PATIENCE = 1.0
"""Seconds after which a page that waits looks whether anybody still looks at it."""


PAUSE = 0.1
"""Seconds that a page that is drawn is left alone, so that it gets to the browser before it is drawn again."""


@dataclass(frozen=True, eq=False)
class Shown:
    """Results that a page shows.

    Attributes
    ----------
    settings : tuple of Setting
        Whose they are.
    runs : int
        Runs that there are of each.
    found : tuple of Found
        At least so many runs of each setting.
    """

    settings: tuple[Setting, ...]
    runs: int
    found: tuple[Found, ...]


def looked_at() -> Callable[[], bool]:
    """Give a way to see whether the browser of this session is connected; outside a server it is."""
    try:
        context = kernel_context.get_current_context()
    except RuntimeError:
        return lambda: True
    return lambda: not context.page_status or kernel_context.PageStatus.CONNECTED in context.page_status.values()


def tell(gone: threading.Event, setter: Callable[[Any], object], value: Any) -> None:
    """Set a page's state from a thread of its own, unless the page is gone.

    A page may be closed in another thread at any moment, also in the middle of being told: what then goes wrong is
    nobody's loss.

    Parameters
    ----------
    gone : threading.Event
        Set by the page's clean-up, which comes before its state is taken away.
    setter : callable
        As `solara.use_state` gives it.
    value : object
        What it is called with.
    """
    if gone.is_set():
        return
    try:
        setter(value)
    except Exception:
        if not gone.is_set():
            raise


def use_runs(settings: tuple[Setting, ...], runs: int) -> tuple[Shown | None, int, str]:
    """Ask for runs of some settings, in the place of what this component asked for before.

    Nothing is run for a page that nobody is connected to; whoever comes back gets the rest.

    Returns
    -------
    shown : Shown or None
        The latest results, perhaps still of the settings before.
    goal : int
        How many runs of each there will be.
    trouble : str
        What went wrong; empty if nothing did.
    """
    who = solara.use_memo(object, [])
    shown, set_shown = solara.use_state(None)
    goal, set_goal = solara.use_state(0)
    trouble, set_trouble = solara.use_state("")
    # Whether the results before are on the page: a page that is given others while it is drawn is drawn again before
    # anybody sees it, and where runs come faster than it can be drawn nobody sees anything until the last of them.
    drawn = solara.use_memo(threading.Event, [])
    solara.use_effect(drawn.set)

    def start() -> Any:
        ended, watched = threading.Event(), looked_at()
        pool().want(who, settings, runs)
        set_goal(pool().goal(who))
        set_trouble("")

        def follow() -> None:
            seen = 0
            while not ended.is_set():
                there = pool().follow(who, settings, seen, PATIENCE)
                if not watched():
                    pool().leave(who)
                    while not (watched() or ended.wait(PATIENCE)):
                        pass
                    if not ended.is_set():
                        pool().want(who, settings, runs)
                    continue
                if ended.is_set() or not pool().mine(who, settings):
                    return
                aim = pool().goal(who)
                if there > seen:
                    while not (drawn.wait(PATIENCE) or ended.is_set()):
                        pass
                    if ended.wait(PAUSE):
                        return
                    # More may have come meanwhile.
                    found = tuple(pool().get(s) for s in settings)
                    seen = min(aim, *(f.runs for f in found))
                    drawn.clear()
                    tell(ended, set_shown, Shown(settings, seen, found))
                tell(ended, set_goal, aim)
                if wrong := pool().problem(settings):
                    tell(ended, set_trouble, wrong)
                    return
                if seen >= aim:
                    return

        threading.Thread(target=follow, daemon=True).start()

        def end() -> None:
            ended.set()
            pool().leave(who)

        return end

    solara.use_effect(start, [settings, runs])
    return shown, goal, trouble
