"""What a server of seminars does at most, and how it slows down those who ask too often."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["LIMITS", "Bucket", "ForbiddenError", "Limits", "NotFoundError", "SeminarError", "TooManyError", "text"]


class SeminarError(ValueError):
    """Something that a session does not do; the message is for the person who asked."""


class NotFoundError(SeminarError):
    """No such session or token. The message does not say which of the two was nearly right."""


class ForbiddenError(SeminarError):
    """Somebody else's affair: another body's decision, or the facilitator's."""


class TooManyError(SeminarError):
    """More than the server takes on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on everything that people can make the server keep or do.

    Attributes
    ----------
    sessions : int
        Sessions kept at a time.
    opened_by_one : int
        Sessions opened from one place that have not begun; of the places outside the server's own machine.
    sessions_here : int
        Of the sessions, those that only the server's own machine can open.
    participants : int
        Places in a session; one that the facilitator takes back is free again.
    places_of_one : int
        Places in a session that one browser can take.
    name, title, why : int
        Characters of a name, of a session's title, and of the sentence that says why something was decided.
    years, states : int
        Length of a session, and size of its world.
    branches : int
        Lines of history in a session, the first included.
    triggers : int
        Triggers that a facilitator can inject in a year.
    commits : int
        Commitments that one participant can make in a session: six a round in the longest.
    note : int
        Characters of a note to another role, and of a public statement.
    notes, notes_a_year : int
        What one participant can write to others and say in public, in a session and in a year of a line.
    moves : int
        Times that one participant can change its role before the first round.
    records : int
        Records in a session's log.
    reserve : int
        Of the records, those that only the facilitator can write: what participants do never ends a session.
    record_bytes : int
        Size of one record.
    models : int
        Models held in memory, over all sessions; others are run again when they are asked for.
    minutes : int
        Longest time for a round.
    file_bytes : int
        Size of an exported session that is read back.
    """

    sessions: int = 50
    opened_by_one: int = 6
    sessions_here: int = 10
    participants: int = 60
    places_of_one: int = 6
    name: int = 40
    title: int = 80
    why: int = 240
    years: int = 40
    states: int = 60
    branches: int = 16
    triggers: int = 12
    commits: int = 240
    note: int = 240
    notes: int = 160
    notes_a_year: int = 12
    moves: int = 20
    records: int = 28_000
    reserve: int = 2_000
    record_bytes: int = 2_000_000
    models: int = 16
    minutes: int = 240
    file_bytes: int = 16_000_000


LIMITS = Limits()
"""Those that apply where none are given."""


def text(value: object, what: str, longest: int) -> str:
    """Take a line of text from a person: without control characters, not empty, not too long.

    Raises
    ------
    SeminarError
        If it is empty or too long.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in str(value)[: 20 * longest]).split())
    if not 1 <= len(line) <= longest:
        raise SeminarError(f"{what}: {line[:longest]!r} is not allowed: 1 to {longest} characters")
    return line


@dataclass
class Bucket:
    """A rate limit: everybody has some tries, which come back with time.

    Attributes
    ----------
    clock : callable
        Gives the time, s.
    tries : float
        Tries that one asker has at most.
    per_second : float
        Tries that come back each second.
    askers : int
        Askers remembered; the longest silent are forgotten first.
    """

    clock: Callable[[], float]
    tries: float
    per_second: float
    askers: int = 2_000
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def left(self, asker: str) -> float:
        """Give the tries that an asker has now."""
        now = self.clock()
        left, then = self._left.get(asker, (self.tries, now))
        return min(self.tries, left + max(0.0, now - then) * self.per_second)

    def take(self, asker: str) -> bool:
        """Use up one try, and say whether there was one."""
        left = self.left(asker)
        if left < 1.0:
            return False
        self._left[asker] = (left - 1.0, self.clock())
        self._left.move_to_end(asker)
        while len(self._left) > self.askers:
            self._left.popitem(last=False)
        return True
