"""What roles say beside their decisions: notes to one another, and one public statement a year.

A note is there for its reader at once, and not only when the next year opens: a class negotiates within a round, and
what is agreed on must be able to change what is committed in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

__all__ = ["EVERYBODY", "Note", "between", "in_public", "notes_of"]

EVERYBODY = ""
"""To whom a public statement is said, in place of a role."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a role wrote to another one, or said in public.

    Attributes
    ----------
    year : int
        From 0, the year that was being decided.
    line : int
        Number of the line of history in which it was written. A line that leaves it later keeps it, as it keeps what
        was decided.
    role, to : str
        Who wrote it, and to which role; `EVERYBODY` for a public statement.
    text : str
        What.
    by : int or None
        Number of the participant; None where it is not known any more, as in an exported file.
    at : float
        When, s since 1970.
    """

    year: int
    line: int
    role: str
    to: str
    text: str
    by: int | None
    at: float

    @property
    def public(self) -> bool:
        """Whether it was said to everybody."""
        return self.to == EVERYBODY


class WithNotes(Protocol):
    """What was decided in a year (`r2psim.seminar.decisions.Decided`), as far as it holds notes."""

    notes: list[Note]


def in_public(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Give the statements of a year, one of each role: where a year is decided anew, the last one takes the place."""
    return tuple({n.role: n for n in notes if n.public}.values())


def notes_of(decided: Mapping[int, WithNotes], since: int, until: int) -> tuple[Note, ...]:
    """Give all notes of the years from ``since`` to ``until``, in order; of public statements those that stand."""
    found = []
    for year in sorted(y for y in decided if since <= y <= until):
        stands = in_public(decided[year].notes)
        found += [n for n in decided[year].notes if not n.public or n in stands]
    return tuple(found)


def between(notes: Iterable[Note], role: str) -> tuple[Note, ...]:
    """Give the notes that a role wrote or received; public statements are not among them."""
    return tuple(n for n in notes if not n.public and role in (n.role, n.to))
