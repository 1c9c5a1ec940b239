"""Other luck in the background: one piece of work for all who look at a line, with its progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

import solara

from r2psim.app.following import looked_at, tell
from r2psim.seminar import SeminarError
from r2psim.seminar.debriefing import Debriefing
from r2psim.seminar.other_luck import LUCKS, OtherLuck, months_in_all, other_luck
from r2psim.seminar.room import Room

__all__ = ["Trial", "leave_off", "trial_of", "use_trial"]

LARGEST = 360_000
"""Years of states times lucks, at most: about a minute of one processor; fewer lucks of a larger world."""

LOOKS = 0.3
"""Seconds between two looks of a page at how far the work is."""

MOST = 16
"""Lines whose lucks are kept of a session."""

_ending = threading.Event()

Runs = Callable[..., OtherLuck]


@dataclass
class Trial:
    """A line's decisions in other lucks: under way, done, or failed.

    Attributes
    ----------
    lucks, total : int
        Other lucks, and months of runs that are to be done.
    done : int
        Months that were done.
    began : float or None
        When, s; None while other work is waited for.
    found : OtherLuck or None
        What came of it.
    problem : str
        Why there is nothing; empty if nothing went wrong.
    """

    lucks: int
    total: int
    done: int = 0
    began: float | None = None
    found: OtherLuck | None = None
    problem: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def share(self) -> float:
        """How much of it is done, 0-1."""
        return self.done / max(1, self.total)

    @property
    def left(self) -> float | None:
        """Seconds that are left, as far as can be told."""
        if self.began is None or self.share < 0.02:
            return None
        return (monotonic() - self.began) * (1.0 - self.share) / self.share


_trials: WeakKeyDictionary[Room, dict[tuple[str, str], Trial]] = WeakKeyDictionary()
_keeping = threading.Lock()
_working = threading.Lock()
"""One at a time: the seminars that are played on this server need the processors too."""


def trial_of(debriefing: Debriefing, number: int | None = None, run: Runs = other_luck) -> Trial:
    """Give the work on a line's other lucks, and begin it where nobody has.

    Parameters
    ----------
    debriefing : Debriefing
        Of the place that asks: only what it may see is run.
    number : int, optional
        Of the line; the one that is played if not given.
    run : callable, optional
        As `r2psim.seminar.other_luck.other_luck`; tests give another.

    Raises
    ------
    SeminarError
        If the line may not be seen, or was played with other rules.
    """
    room = debriefing.room
    with room.lock:
        branch, play, session = debriefing.line(number), room.play, room.session
        # Also refuses a line that is not any more what was played.
        play.live(branch)
        key = (branch.key, branch.digests[-1] if branch.digests else "")
        choices = play.choices(branch, branch.year)
        given = (play.scenario, session.policy, choices, session.seed, session.run, branch.year)
    with _keeping:
        kept = _trials.setdefault(room, {})
        if key in kept and not kept[key].problem:
            return kept[key]
        years = max(1, given[-1])
        lucks = min(LUCKS, LARGEST // (years * len(play.scenario.states)))
        trial = kept[key] = Trial(lucks, months_in_all(play.scenario, years, lucks))
        for old in list(kept)[:-MOST]:
            del kept[old]
    threading.Thread(target=_work, args=(trial, run, given), daemon=True, name=f"other luck {session.number}").start()
    return trial


def _work(trial: Trial, run: Runs, given: tuple[Any, ...]) -> None:
    def advance(months: int) -> None:
        if _ending.is_set():
            raise SeminarError("the server ends")
        trial.done += months

    try:
        with _working:
            trial.began = monotonic()
            trial.found = run(*given, trial.lucks, advance=advance)
    except SeminarError as error:
        trial.problem = str(error)
    except Exception as error:
        trial.problem = f"failed unexpectedly: {type(error).__name__}: {error}"
    finally:
        trial.ended.set()


def leave_off() -> None:
    """Have all work end with the months that have begun: the server ends, and would wait for it."""
    _ending.set()


def use_trial(debriefing: Debriefing, number: int | None, version: object) -> Trial | str:
    """Follow the work on a line's other lucks from a page, or say why there is none.

    Parameters
    ----------
    debriefing : Debriefing
        Of the place that looks.
    number : int or None
        Of the line.
    version : object
        Changes with what the page depends on.
    """
    _, again = solara.use_state(0)

    def begin() -> Trial | str:
        try:
            return trial_of(debriefing, number)
        except SeminarError as error:
            return str(error)

    found: Trial | str = solara.use_memo(begin, [id(debriefing.room), number, version])

    def follow() -> Any:
        gone, watched = threading.Event(), looked_at()
        if isinstance(found, str) or found.ended.is_set():
            return gone.set

        def watch() -> None:
            over = False
            while not over and not gone.is_set():
                over = found.ended.wait(LOOKS)
                while not (watched() or gone.wait(LOOKS)):
                    pass
                tell(gone, again, lambda n: n + 1)

        threading.Thread(target=watch, daemon=True).start()
        return gone.set

    solara.use_effect(follow, [id(found)])
    return found
