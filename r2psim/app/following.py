"""A page that asks for runs and follows them as they come."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import solara
from solara.server import kernel_context

from r2psim.app.runs import FEWEST, Found, Setting, pool

__all__ = ["Followed", "Shown", "looked_at", "shown_of", "tell", "use_runs"]

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


class Followed(NamedTuple):
    """What a page that asks for runs is told.

    Attributes
    ----------
    shown : Shown or None
        The latest results, perhaps still of the settings before.
    goal : int
        How many runs of each there will be.
    trouble : str
        What went wrong; empty if nothing did.
    there : int
        How many runs of each there are by now, shown or not.
    """

    shown: Shown | None
    goal: int
    trouble: str
    there: int


NOTHING = Followed(None, 0, "", 0)
"""What is told where nothing is known yet."""


def shown_of(there: int, goal: int) -> int:
    """Give how many runs are shown where so many are there: 6, then twice as many each time, and all of them.

    Each step sends all figures anew: with twice as many runs there is something new to see, and a refinement to a
    thousand runs takes nine steps.

    Examples
    --------
    >>> [shown_of(there, 100) for there in (0, 5, 6, 31, 64, 99, 100, 120)]
    [0, 0, 6, 24, 48, 96, 100, 100]
    """
    if there >= goal:
        return goal
    return 0 if there < FEWEST else FEWEST * 2 ** ((there // FEWEST).bit_length() - 1)


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


def use_runs(settings: tuple[Setting, ...], runs: int) -> Followed:
    """Ask for runs of some settings, in the place of what this component asked for before.

    Nothing is run for a page that nobody is connected to; whoever comes back gets the rest. Results are shown as
    `shown_of` has it.
    """
    who = solara.use_memo(object, [])
    # One state for all: a page is drawn anew once, and what was told of other runs is nothing told of these.
    (of, told), set_told = solara.use_state(((settings, runs), NOTHING))
    # Whether the results before are on the page: a page that is given others while it is drawn is drawn again before
    # anybody sees it, and where runs come faster than it can be drawn nobody sees anything until the last of them.
    drawn = solara.use_memo(threading.Event, [])
    solara.use_effect(drawn.set)

    # While the page is drawn its runs are on their way already.
    solara.use_memo(lambda: pool().want(who, settings, runs), [settings, runs])

    def start() -> Any:
        ended, watched = threading.Event(), looked_at()

        def follow() -> None:
            seen, now = 0, told if of == (settings, runs) else NOTHING._replace(shown=told.shown)
            while not ended.is_set():
                # The least number of runs that is more to see.
                wanted = min(max(2 * seen, FEWEST), pool().goal(who) or runs)
                there = pool().follow(who, settings, max(wanted - 1, seen), PATIENCE)
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
                shown = now.shown
                if shown_of(there, aim) > seen:
                    while not (drawn.wait(PATIENCE) or ended.is_set()):
                        pass
                    # The first are shown at once: those before are of something else.
                    if ended.is_set() or (seen and ended.wait(PAUSE)):
                        return
                    # More may have come meanwhile.
                    found = tuple(pool().get(s) for s in settings)
                    there = min(f.runs for f in found)
                    seen = max(seen, shown_of(there, aim))
                    drawn.clear()
                    shown = Shown(settings, seen, found)
                wrong = pool().problem(settings)
                now = Followed(shown, aim, wrong, min(there, aim))
                tell(ended, set_told, ((settings, runs), now))
                if wrong or seen >= aim:
                    return

        threading.Thread(target=follow, daemon=True).start()

        return ended.set

    solara.use_effect(start, [settings, runs])
    # What is wanted anew takes the place of what was wanted: only a page that is closed wants nothing any more.
    solara.use_effect(lambda: lambda: pool().leave(who), [])
    return told if of == (settings, runs) else NOTHING._replace(shown=told.shown)
