"""What a participant commits: taken, refused, or put in the place of somebody else's after a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import solara

from r2psim.app.page_parts import Markup, element
from r2psim.app.seminar_words import committed, side_by_side
from r2psim.seminar import ReplacesError, Seat, SeminarError
from r2psim.seminar.decisions import Standing
from r2psim.seminar.seat import ReplacedBy

__all__ = ["Commitments", "replaced_words", "use_commitments", "whose"]


@dataclass(frozen=True)
class Asking:
    """A question before a commitment takes the place of somebody else's.

    Attributes
    ----------
    what : str
        ``plan``, ``votes`` or ``consent``.
    year : int
        For which it is asked.
    question : str
        Who has committed, and whether to replace it.
    both : Markup
        What is in force, and what would take its place.
    words, value, commit : str, object, callable
        What is committed; see `Act`.
    error : ReplacesError
        What it would take the place of.
    """

    what: str
    year: int
    question: str
    both: Markup
    words: str
    value: Any
    commit: Commit
    error: ReplacesError


Commit = Callable[[Standing | None], None]
Act = Callable[[str, str, Any, Commit], None]
"""What is committed (``plan``, ``votes`` or ``consent``), in words, as a value, and what commits it in some place."""

NOUNS = {"plan": "plan", "votes": "votes", "consent": "word on consent"}


@dataclass(frozen=True)
class Commitments:
    """What a page knows of the commitments that were sent from it.

    Attributes
    ----------
    last : Last
        What became of the last one.
    asking : Asking or None
        The question that is open.
    taken : dict of str to int
        How many were taken, by kind.
    act : callable
        Commits; see `Act`.
    answer : callable
        Told the answer to the question.
    """

    last: Last
    asking: Asking | None
    taken: dict[str, int]
    act: Act
    answer: Callable[[bool], None]

    def at(self, what: str) -> dict[str, str]:
        """Give ``message`` and ``problem`` beside what commits ``plan``, ``votes`` or ``consent``."""
        here = what == self.last.what
        return {"message": self.last.message if here else "", "problem": self.last.problem if here else ""}


@dataclass(frozen=True)
class Last:
    """What became of the last commitment.

    Attributes
    ----------
    what : str
        ``plan``, ``votes`` or ``consent``; empty if there was none.
    message, problem : str
        What was committed, or why it was refused.
    stand : object
        How the session stood then.
    """

    what: str = ""
    message: str = ""
    problem: str = ""
    stand: object = None


NOTHING = Last()


def _stand(seat: Seat, problem: bool) -> object:
    """Give what must still hold for what was said to be told; a refusal may be due to the phase."""
    session = seat.room.session
    return session.current, session.branch.year, seat.room.phase() if problem else ""


def use_commitments(seat: Seat) -> Commitments:
    """Keep what becomes of the commitments of a participant's page."""
    last, set_last = solara.use_state(NOTHING)
    asking, set_asking = solara.use_state(None)
    taken, set_taken = solara.use_state(dict.fromkeys(NOUNS, 0))

    def act(what: str, words: str, value: Any, commit: Commit, knowing: ReplacesError | None = None) -> None:
        year = seat.room.session.branch.year
        try:
            commit(knowing.standing if knowing is not None else None)
        except ReplacesError as error:
            question, both = _question(seat, year, what, value, error)
            set_last(NOTHING)
            set_asking(Asking(what, year, question, both, words, value, commit, error))
            return
        except SeminarError as error:
            set_last(Last(what, problem=str(error), stand=_stand(seat, True)))
            set_asking(None)
            return
        set_asking(None)
        set_taken(lambda counts: {**counts, what: counts[what] + 1})
        instead = "" if knowing is None else f" It takes the place of {whose(knowing.name)} {NOUNS[what]}."
        set_last(Last(what, f"Committed for year {year + 1}: {words}.{instead}", stand=_stand(seat, False)))

    def answer(yes: bool) -> None:
        if asking is None or yes is not True:
            set_asking(None)
        else:
            act(asking.what, asking.words, asking.value, asking.commit, asking.error)

    # Of another year, line or phase nothing is said any more.
    still = last if last.stand == _stand(seat, bool(last.problem)) else NOTHING
    return Commitments(still, asking, taken, act, answer)


def whose(name: str) -> str:
    """Write a name for what is that person's."""
    return f"{name}'s"


def _question(seat: Seat, year: int, what: str, value: Any, error: ReplacesError) -> tuple[str, Markup]:
    """Ask whether somebody else's commitment is to be replaced, and lay both side by side."""
    names, forms = seat.room.play.names, seat.room.play.forms
    standing = error.standing
    when = "" if standing.year == year else f" in year {standing.year + 1}, and it still holds"
    found = committed(what, standing.decision.value, names, forms)
    both = side_by_side(((f"{whose(error.name)}, in force", found), ("Yours", committed(what, value, names, forms))))
    question = f"{error.name} has committed a {NOUNS[what]}{when}. Replace it with yours?"
    if what == "votes":
        question = f"{error.name} has committed votes{when}. Replace them with yours?"
    return question, both


def replaced_words(found: ReplacedBy, year: int, names: dict[str, str], forms: dict[str, str]) -> Markup:
    """Tell that another one's commitment stands in the place of one's own."""
    both = side_by_side(
        (
            ("Yours, replaced", committed(found.what, found.before, names, forms)),
            (f"{whose(found.name)}, in force", committed(found.what, found.now, names, forms)),
        )
    )
    said = element("strong", f"{found.name} replaced your {NOUNS[found.what]} for year {year + 1}.")
    return element("div", element("p", said), both, class_="r2p-card r2p-replaced")
