"""What a directory says in a report, whatever study wrote it: sentences, tables and figures, not yet marked up."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from r2psim.ensemble.store import OutputError

__all__ = ["Again", "Figure", "Part", "Table", "capital"]

_PNG = b"\x89PNG\r\n\x1a\n"


def capital(text: str) -> str:
    """Give a sentence its capital.

    Examples
    --------
    >>> capital("late-response"), capital("")
    ('Late-response', '')
    """
    return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    caption : str
        What it shows, with what its intervals are.
    heads : sequence of str
        Heads of the columns; the first column names its row.
    rows : sequence of sequence of str
        Cells, as the command line writes them; a cell may have several lines.
    numbers : int
        How many of the last columns are numbers.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: int = 0


@dataclass(frozen=True)
class Figure:
    """A figure as the study drew it.

    Attributes
    ----------
    name : str
        Of its file.
    png : bytes
        The file.
    alt : str
        What it shows, for whoever does not see it.
    caption : str
        What it shows, and how to read it.
    """

    name: str
    png: bytes
    alt: str
    caption: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels.

        Raises
        ------
        OutputError
            If it is no PNG.
        """
        if not self.png.startswith(_PNG) or len(self.png) < 24:
            raise OutputError(f"{self.name}: is damaged: it is no PNG")
        width, height = struct.unpack(">II", self.png[16:24])
        return int(width), int(height)


@dataclass(frozen=True)
class Again:
    """What is needed to make a directory again.

    Attributes
    ----------
    command : str
        As it was given, quoted for a shell.
    facts : sequence of (str, str)
        Versions, digest of the rules, seed and so on, each with its name.
    """

    command: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Part:
    """What one directory says.

    Attributes
    ----------
    kind : str
        Verb that wrote it.
    name : str
        Name of the directory.
    title : str
        Of this part of the report.
    question : str
        What was asked, in one sentence.
    world, policies : sequence of (str, str)
        What was run: the world's facts, and what each policy does.
    headline : str
        What was found, in one sentence: a number in it has its interval, and what is not told apart is said to be so.
    null : sequence of str
        What the same study shows where nothing can be gained: the null line.
    verdict : sequence of str
        What else a decision needs, in sentences.
    table, figure : Table or None, Figure or None
        One of each that a decision needs.
    fails, unknown : sequence of str
        Where it fails; what is not known.
    tables, figures, notes : sequence of Table, of Figure, of str
        Everything else, for whoever checks it; notes are the sentences of the command line.
    again : Again
        How to make it again.
    """

    kind: str
    name: str
    title: str
    question: str
    headline: str
    null: Sequence[str]
    fails: Sequence[str]
    unknown: Sequence[str]
    again: Again
    world: Sequence[tuple[str, str]] = ()
    policies: Sequence[tuple[str, str]] = ()
    verdict: Sequence[str] = ()
    table: Table | None = None
    figure: Figure | None = None
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    notes: Sequence[str] = ()
