"""What is wrong with a scenario, and where: said so that a person can mend it.

A message names the file, the line where it is certain, the path inside the file, the value, what is allowed, and the
nearest valid name:

    coup.toml:7: states.arvania.conflict: "waar" is not allowed: one of "peace", "recovery", "minor conflict", "war"
    (did you mean war?)
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from r2psim.files import TOML as BOUNDS
from r2psim.files import FileError, parse_toml, read_text, statements

__all__ = [
    "MOST_TOLD",
    "Near",
    "Place",
    "Problem",
    "ScenarioError",
    "Source",
    "dotted",
    "listing",
    "nearest",
    "shown",
    "told",
]

Place = tuple[str, ...]
"""Keys from the root of a scenario file to one of its values."""

_LONGEST = 80
_LONGEST_PATH = 300

MOST_TOLD = 100
"""Problems of one file that are told; of the others only how many they are."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a scenario.

    Attributes
    ----------
    file : str
        The file that wrote the value, ``--set``, or the name asked for.
    path : str
        Dotted path inside the file; empty where the file as a whole is the problem.
    value : object
        The value refused, the key itself where the key is unknown, None where something is missing.
    allowed : str
        What is allowed there; what is wrong where ``path`` is empty.
    nearest : str or None
        The valid name nearest to the one written.
    line : int or None
        Line of the offending key, counted from 1; None where it is not certain.
    """

    file: str
    path: str
    value: Any
    allowed: str
    nearest: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        path = _brief(self.path)
        what = f"{path}: {shown(self.value)} is not allowed: {self.allowed}" if path else self.allowed
        hint = f" (did you mean {self.nearest}?)" if self.nearest else ""
        # An argument of the command line may hold bytes that no output encoding accepts.
        return f"{where}: {what}{hint}".encode("utf-8", "backslashreplace").decode("utf-8")


def _brief(path: str) -> str:
    """Leave out the middle of a path that nobody could read: a key of a damaged file may be as long as the file."""
    return path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST]} ... {path[-_LONGEST:]}"


class ScenarioError(ValueError):
    """A scenario that cannot be used.

    Parameters
    ----------
    problems : iterable of Problem
        Everything that is wrong with it.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


@dataclass(frozen=True)
class Source:
    """Whoever wrote a value: a file with its text, or something without lines such as ``--set``.

    Attributes
    ----------
    name : str
        As messages give it.
    text : str
        TOML text, empty where there is none.
    rank : int
        Place in the order of writing; what has the higher rank overrides.
    """

    name: str
    text: str = field(default="", repr=False)
    rank: int = 0

    @classmethod
    def read(cls, path: Path, rank: int = 0) -> Source:
        """Read a file.

        Raises
        ------
        ScenarioError
            If it is not a readable regular file of UTF-8 text within `r2psim.files.TOML`.
        """
        try:
            return cls(str(path), read_text(path, BOUNDS), rank)
        except FileError as error:
            raise _unusable(error) from None

    def parse(self) -> dict[str, Any]:
        """Parse the text as TOML.

        Raises
        ------
        ScenarioError
            With line and column, if it is not valid TOML, or more than `r2psim.files.TOML` allows.
        """
        try:
            return parse_toml(self.text, self.name)
        except FileError as error:
            raise _unusable(error) from None

    def line(self, place: Place) -> int | None:
        """Give the line where the key at `place` is first written, or None where that is not certain."""
        return self._lines.get(place)

    @cached_property
    def _lines(self) -> dict[Place, int]:
        return dict(reversed(list(_keys_with_lines(self.text))))


def _unusable(error: FileError) -> ScenarioError:
    return ScenarioError([Problem(error.file, "", None, error.what, line=error.line)])


def _keys_with_lines(text: str) -> Iterator[tuple[Place, int]]:
    """Yield the place and the first line of every key of a valid TOML text.

    A line inside a string or a list is never taken for a key. Keys of tables inside lists have no place.
    """
    table: Place | None = ()
    for statement in statements(text):
        first, _, more = statement.text.lstrip().partition("\n")
        if first.startswith("["):
            places = list(_places(_parsed(statement.text)))
            table = None if first.startswith("[[") else places[-1]
            yield from ((place, statement.line) for place in places)
        elif table is not None:
            # What a statement of several lines holds may stand on any of them.
            parsed = _own_key(first) if more else _parsed(statement.text)
            yield from (((*table, *place), statement.line) for place in _places(parsed))


def _parsed(statement: str) -> dict[str, Any]:
    return tomllib.loads(statement)


def _own_key(line: str) -> dict[str, Any]:
    """Parse the key of a statement that goes on after its first line; what it holds may stand on any line."""
    try:
        return tomllib.loads(line.partition("=")[0] + "= 0")
    except ValueError:
        return {}


def _places(table: dict[str, Any], at: Place = ()) -> Iterator[Place]:
    for key, value in table.items():
        yield (*at, key)
        if isinstance(value, dict) and len(at) < 16:
            yield from _places(value, (*at, key))


def shown(value: object) -> str:
    """Write a value as TOML does, in at most 80 characters.

    Examples
    --------
    >>> shown(True), shown(None), shown(["a", 1])
    ('true', 'nothing', '["a", 1]')
    """
    text = _toml(value, depth=3)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _toml(value: object, depth: int) -> str:
    match value:
        case None | bool():
            return {None: "nothing", True: "true", False: "false"}[value]
        case str():
            return json.dumps(value[: _LONGEST + 1], ensure_ascii=False)
        case int() if abs(value) >= 10**40:
            # Python refuses to print an integer of many thousand digits.
            return f"an integer of {value.bit_length()} bits"
        case dict() | list() | tuple():
            return _toml_of_many(value, depth - 1) if depth else "..."
    return str(value)


def _toml_of_many(values: dict[Any, Any] | list[Any] | tuple[Any, ...], depth: int) -> str:
    first = islice(values, 9)
    if isinstance(values, dict):
        return "{" + ", ".join(f"{dotted([key])} = {_toml(values[key], depth)}" for key in first) + "}"
    return "[" + ", ".join(_toml(item, depth) for item in first) + "]"


def dotted(place: Iterable[object]) -> str:
    """Join keys to a dotted path; odd keys are quoted, long ones cut.

    Examples
    --------
    >>> dotted(("states", "arvania", "two words"))
    'states.arvania."two words"'
    """
    keys = (str(key) for key in islice(place, 16))
    return ".".join(key if re.fullmatch(r"[\w-]{1,64}", key, re.ASCII) else shown(key) for key in keys)


def nearest(name: object, options: Iterable[str]) -> str | None:
    """Give the option most like `name`, letter case aside, or None where none is like it.

    Examples
    --------
    >>> nearest("Waar", ["peace", "war"])
    'war'
    """
    if not isinstance(name, str) or len(name) > _LONGEST:
        return None
    folded = {option.casefold(): option for option in options}
    found = get_close_matches(name.casefold(), folded, 1)
    return folded[found[0]] if found else None


class Near(NamedTuple):
    """A name, and the options among which the nearest is looked for once somebody is told.

    Looking costs more than all else that is done with a wrong name, and a file may have a hundred thousand of them.
    """

    name: object
    options: Iterable[str]

    def find(self) -> str | None:
        """Look for it, as `nearest` does."""
        return nearest(self.name, self.options)

    @staticmethod
    def found(near: str | Near | None) -> str | None:
        """Give a name that is known already, or look for it."""
        return near.find() if isinstance(near, Near) else near


def told(problems: Sequence[Problem], more: int = 0) -> list[Problem]:
    """Give the problems that are told, the first ones, and how many there are beside them.

    Parameters
    ----------
    problems : sequence of Problem
        In the order in which they are told.
    more : int
        Of those that were left out before.
    """
    more += max(len(problems) - MOST_TOLD, 0)
    found = list(problems[:MOST_TOLD])
    return [*found, Problem(found[-1].file, "", None, f"{more:,} more problems of such kinds")] if more else found


def listing(options: Iterable[str], *, quoted: bool = False, limit: int = 12) -> str:
    """List options for a message, at most `limit` of them.

    Examples
    --------
    >>> listing(["a", "b", "c"], limit=2)
    'a, b and 1 more'
    """
    names = [f'"{option}"' if quoted else option for option in options]
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more if names else "none"
