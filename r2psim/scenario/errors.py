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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

__all__ = ["Place", "Problem", "ScenarioError", "Source", "dotted", "listing", "nearest", "shown"]

Place = tuple[str, ...]
"""Keys from the root of a scenario file to one of its values."""

_LONGEST = 80
_LONGEST_PATH = 300
_BIGGEST_FILE = 16 * 2**20
_BIGGEST_INDEXED = 400_000
_LONGEST_STATEMENT = 400


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
            If it is not a readable regular file of UTF-8 text of at most 16 MiB.
        """
        try:
            if not path.is_file():  # a pipe or a device may never end
                other = "not a regular file" if path.exists() else "no such file"
                raise _unusable(path, "a directory, not a scenario file" if path.is_dir() else other)
            with path.open("rb") as file:
                raw = file.read(_BIGGEST_FILE + 1)
        except OSError as error:
            raise _unusable(path, f"cannot be read: {error.strerror}") from None
        if len(raw) > _BIGGEST_FILE:
            raise _unusable(path, "too large for a scenario file: more than 16 MiB")
        try:
            return cls(str(path), raw.decode("utf-8-sig"), rank)
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise _unusable(path, f"not UTF-8 text: byte {raw[error.start]:#04x}", line) from None

    def parse(self) -> dict[str, Any]:
        """Parse the text as TOML.

        Raises
        ------
        ScenarioError
            With line and column, if it is not valid TOML.
        """
        try:
            return tomllib.loads(self.text)
        except RecursionError:
            raise _unusable(self.name, "not usable TOML: arrays or tables are nested too deeply") from None
        except tomllib.TOMLDecodeError as error:
            what, line, column = _syntax(str(error), self.text)
            raise _unusable(self.name, f"not valid TOML: {what} (line {line}, column {column})", line) from None
        except ValueError:
            raise _unusable(self.name, "not valid TOML: a number has too many digits") from None

    def line(self, place: Place) -> int | None:
        """Give the line where the key at `place` is first written, or None where that is not certain."""
        return self._lines.get(place)

    @cached_property
    def _lines(self) -> dict[Place, int]:
        return dict(reversed(list(_keys_with_lines(self.text))))


def _unusable(file: object, what: str, line: int | None = None) -> ScenarioError:
    return ScenarioError([Problem(str(file), "", None, what, line=line)])


def _syntax(message: str, text: str) -> tuple[str, int, int]:
    """Split tomllib's message into what is wrong, line and column."""
    if found := re.search(r" \(at line (\d+), column (\d+)\)$", message):
        return message[: found.start()], int(found[1]), int(found[2])
    return message.partition(" (at end of document)")[0], text.count("\n") + 1, len(text) - text.rfind("\n")


def _keys_with_lines(text: str) -> Iterator[tuple[Place, int]]:
    """Yield the place and the first line of every key of a valid TOML text.

    A statement ends at the first line at which it parses on its own, so a line inside a string or a list is never
    taken for a key. Keys of tables inside lists have no place; a very long statement ends the search.
    """
    if len(text) > _BIGGEST_INDEXED:
        return
    table: Place | None = ()
    statement: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        statement.append(line)
        if len(statement) > 1 and not any(mark in line for mark in ("]", "}", '"""', "'''")):
            continue
        try:
            parsed = tomllib.loads("\n".join(statement))
        except (ValueError, RecursionError):
            if len(statement) > _LONGEST_STATEMENT:
                return
            continue
        first, start, whole = statement[0], number - len(statement) + 1, len(statement) == 1
        statement = []
        if first.lstrip().startswith("["):
            places = list(_places(parsed))
            table = None if first.lstrip().startswith("[[") else places[-1]
            yield from ((place, start) for place in places)
        elif table is not None:
            yield from (((*table, *place), start) for place in _places(parsed if whole else _own_key(first)))


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
