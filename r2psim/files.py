"""Files that a user gives, read within bounds: whatever is in them, they cost little and end in a value or a message.

Every reader of the package takes its text, its TOML and its JSON from here. A file must be a regular one; its size is
bounded before it is read, and how deep it nests, how many values it has, and how long its numbers are before it is
parsed: parsers need memory and time that grow faster than a file of thousands of levels.

Examples
--------
>>> parse_json('{"a": [1, 2]}', "some.json")
{'a': [1, 2]}
>>> parse_json("[" * 1000, "some.json")
Traceback (most recent call last):
r2psim.files.ContentError: some.json:1: lists and tables are nested too deeply: more than 32
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

__all__ = [
    "JSON",
    "TOML",
    "Bounds",
    "ContentError",
    "FileError",
    "Statement",
    "count_values",
    "decoded",
    "is_finite",
    "parse_json",
    "parse_toml",
    "read_bytes",
    "read_json",
    "read_text",
    "read_toml",
    "statements",
]

MIB = 2**20
LONGEST_NUMBER = 4300
"""Characters of a number: what Python itself takes of a whole number, by default."""


class FileError(ValueError):
    """A file that cannot be read, or not as what it should be.

    Attributes
    ----------
    file, what : str
        Its name, and what is wrong with it.
    line : int or None
        Where, counted from 1.
    """

    def __init__(self, file: object, what: str, line: int | None = None) -> None:
        self.file, self.what, self.line = str(file), what, line
        super().__init__(self.file, what, line)

    def __str__(self) -> str:
        return f"{self.file}{'' if self.line is None else f':{self.line}'}: {self.what}"


class ContentError(FileError):
    """A file that was read, and is not what it should be."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that a file may hold.

    Attributes
    ----------
    size : int
        Bytes.
    depth : int
        Lists and tables within one another, and parts of a dotted key.
    values : int
        Values, keys and tables in all, and so of any list.
    what : str
        What the file should be, for messages.
    """

    size: int
    depth: int
    values: int
    what: str


TOML = Bounds(2 * MIB, 16, 80_000, "a scenario file")
"""A world of 190 states with all that can be said of it has half a MiB, and 31,000 values; 400 states are the most."""

JSON = Bounds(16 * MIB, 32, 1_000_000, "JSON")


# -- bytes and text ----------------------------------------------------------------------------------------------------


def read_bytes(path: Path, bounds: Bounds) -> bytes:
    """Read a regular file of a bounded size.

    Raises
    ------
    FileError
        If it is none, is too large, or cannot be read.
    """
    try:
        if not path.is_file():  # a pipe or a device may never end
            other = "not a regular file" if path.exists() else "no such file"
            raise FileError(path, f"a directory, not {bounds.what}" if path.is_dir() else other)
        with path.open("rb") as file:
            raw = file.read(bounds.size + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        # A name may hold a null character.
        raise FileError(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(raw) > bounds.size:
        raise FileError(path, f"too large for {bounds.what}: more than {bounds.size // MIB} MiB")
    return raw


def decoded(raw: bytes, name: object, hint: str = "") -> str:
    """Give the text of UTF-8, without a byte order mark.

    Raises
    ------
    ContentError
        If it is none; ``hint`` may say why that is so often.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ContentError(name, f"not UTF-8 text: byte {raw[error.start]:#04x}{hint}", line) from None


def read_text(path: Path, bounds: Bounds) -> str:
    """Read a regular file of UTF-8 text, as `read_bytes` and `decoded` do."""
    return decoded(read_bytes(path, bounds), path)


def is_finite(value: object) -> TypeGuard[int | float]:
    """Say whether a value that was read is a number that a float can hold.

    Examples
    --------
    >>> [is_finite(value) for value in (1, -0.5, True, 10**400, float("nan"), "1")]
    [True, True, False, False, False, False]
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


# -- what is bounded before it is parsed -------------------------------------------------------------------------------

# A string that is not closed is one up to its end: to look for its end from each of its quotes would take for ever.
_TOML_STRING = (
    r'"""(?:[^"\\]++|\\.|"(?!""))*+(?:""")?+'
    r"|'''(?:[^']++|'(?!''))*+(?:''')?+"
    r'|"(?:[^"\\\n]++|\\[^\n])*+"?+'
    r"|'[^'\n]*+'?+"
)
_TOML_PARTS = rf"(?P<string>{_TOML_STRING})|(?P<comment>\#[^\n]*+)|(?P<word>[\w+\-]++)|(?P<mark>[\[\]{{}},=."
_TOML_MARKS = re.compile(f"{_TOML_PARTS}])", re.DOTALL)
_TOML_LINES = re.compile(rf"{_TOML_PARTS}\n])", re.DOTALL)
_JSON_MARKS = re.compile(r'(?P<string>"(?:[^"\\]++|\\.)*+"?+)|(?P<word>[\w+\-]{2,}+)|(?P<mark>[\[\]{},])', re.DOTALL)
_OPENS, _CLOSES = "[{", "]}"


class _Meter:
    """What has been read so far of a text, held against bounds.

    Parameters
    ----------
    text, name : str
        The text, and the name of its file.
    bounds : Bounds
        What it may hold.
    """

    def __init__(self, text: str, name: object, bounds: Bounds) -> None:
        self.text, self.name, self.bounds = text, name, bounds
        self.depth = self.values = self.dots = 0

    def refuse(self, what: str, at: int) -> ContentError:
        return ContentError(self.name, what, self.text.count("\n", 0, at) + 1)

    def mark(self, mark: str, at: int) -> None:
        """Take a bracket, a comma, an equals sign or a dot."""
        if mark == ".":
            self.dots += 1
            if self.dots >= self.bounds.depth:
                raise self.refuse(f"a key of more than {self.bounds.depth} parts", at)
            return
        self.dots = 0
        if mark in _CLOSES:
            self.depth = max(self.depth - 1, 0)
            return
        self.values += 1
        if self.values > self.bounds.values:
            raise self.refuse(f"too many values for {self.bounds.what}: more than {self.bounds.values:,}", at)
        if mark in _OPENS:
            self.depth += 1
            if self.depth > self.bounds.depth:
                raise self.refuse(f"lists and tables are nested too deeply: more than {self.bounds.depth}", at)

    def word(self, word: str, at: int) -> None:
        """Take a run of letters and digits."""
        if len(word) > LONGEST_NUMBER and (word[0].isdigit() or word[0] in "+-") and not self._is_key(at + len(word)):
            raise self.refuse(f"a number has too many digits: more than {LONGEST_NUMBER}", at)

    def _is_key(self, end: int) -> bool:
        return self.text[end : end + 40].lstrip(" \t")[:1] == "="


def _measure(text: str, name: object, bounds: Bounds, marks: re.Pattern[str]) -> None:
    meter = _Meter(text, name, bounds)
    for found in marks.finditer(text):
        match found.lastgroup:
            case "mark":
                meter.mark(found[0], found.start())
            case "word":
                meter.word(found[0], found.start())


@dataclass(frozen=True, slots=True)
class Statement:
    """A header or a key with its value: the line on which it begins, counted from 1, and its text."""

    line: int
    text: str


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements of a valid TOML text: a line end within a string or a list ends none."""
    depth, line = 0, 1
    begins, first, empty = 0, 1, True
    text = text.replace("\r\n", "\n")
    for found in _TOML_LINES.finditer(text):
        mark = found[0]
        if mark == "\n" and depth == 0:
            if not empty:
                yield Statement(first, text[begins : found.start()])
            line += 1
            begins, first, empty = found.end(), line, True
            continue
        line += mark.count("\n")
        if found.lastgroup != "comment" and mark != "\n":
            empty = False
        if found.lastgroup == "mark":
            depth += (mark in _OPENS) - (mark in _CLOSES)
    if not empty:
        yield Statement(first, text[begins:])


# -- TOML and JSON -----------------------------------------------------------------------------------------------------


def parse_toml(text: str, name: object, bounds: Bounds = TOML) -> dict[str, Any]:
    """Parse TOML.

    Parameters
    ----------
    text : str
        What is parsed.
    name : str or Path
        Name of the file, for messages.
    bounds : Bounds
        What it may hold.

    Raises
    ------
    ContentError
        With line and column, if it is not valid TOML or more than the bounds allow.
    """
    _measure(text, name, bounds, _TOML_MARKS)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ContentError(name, "not usable TOML: arrays or tables are nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        what, line, column = _syntax(str(error), text)
        raise ContentError(name, f"not valid TOML: {what} (line {line}, column {column})", line) from None
    except ValueError:
        raise ContentError(name, "not valid TOML: a number has too many digits") from None


def _syntax(message: str, text: str) -> tuple[str, int, int]:
    """Split tomllib's message into what is wrong, line and column."""
    if found := re.search(r" \(at line (\d+), column (\d+)\)$", message):
        return message[: found.start()], int(found[1]), int(found[2])
    return message.partition(" (at end of document)")[0], text.count("\n") + 1, len(text) - text.rfind("\n")


def parse_json(text: str, name: object, bounds: Bounds = JSON) -> Any:
    """Parse JSON; parameters as those of `parse_toml`.

    Raises
    ------
    ContentError
        With line and column, if it is not valid JSON or more than the bounds allow.
    """
    _measure(text, name, bounds, _JSON_MARKS)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"(line {error.lineno}, column {error.colno})"
        raise ContentError(
            name, f"not valid JSON: {error.msg[:1].lower()}{error.msg[1:]} {where}", error.lineno
        ) from None
    except RecursionError:
        raise ContentError(name, "not usable JSON: lists and tables are nested too deeply") from None
    except ValueError:
        raise ContentError(name, "not valid JSON: a number has too many digits") from None


def count_values(data: object) -> int:
    """Count the values of plain data, those within lists and tables too."""
    left, count = [data], 0
    while left:
        found = left.pop()
        inner = found.values() if isinstance(found, Mapping) else found if isinstance(found, list | tuple) else ()
        left += inner
        count += 1
    return count


def read_toml(path: Path, bounds: Bounds = TOML) -> dict[str, Any]:
    """Read a file of TOML, as `read_text` and `parse_toml` do."""
    return parse_toml(read_text(path, bounds), path, bounds)


def read_json(path: Path, bounds: Bounds = JSON, what: str = "") -> Any:
    """Read a file of JSON, as `read_text` and `parse_json` do; ``what`` it should be, for messages."""
    bounds = replace(bounds, what=what) if what else bounds
    return parse_json(read_text(path, bounds), path, bounds)
