"""Tables of comma-separated text, read so that a person learns what is wrong with them and where.

What can be read without guessing is read, and told: a byte order mark, semicolons or tabs instead of commas, a decimal
comma beside semicolons or tabs, row numbers in front. What would need a guess is refused: an unknown encoding, text
for a number.
"""

from __future__ import annotations

import bz2
import csv
import lzma
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from r2psim.files import Bounds, FileError, decoded, read_bytes
from r2psim.scenario.errors import Problem, ScenarioError, listing, nearest

__all__ = ["MISSING", "Cells", "Complaints", "Row", "Sheet", "one_line", "read_sheet"]

MISSING = frozenset({"", "na", "nan", "n/a", "n.a.", "null", "none", ".", "..", "...", "-", "#n/a", "#na"})
"""What stands for a missing value, in any case of letters."""

CODES = frozenset({-66.0, -77.0, -88.0, -99.0, -999.0, -9999.0})
"""Numbers that data sets write for a missing value; read as such where a column cannot hold them."""

_MISSING_WORDS = "empty, NA, NaN, N/A, null, none, ., .., #N/A"
BOUNDS = Bounds(64 * 2**20, 1, 2_000_000, "a file of comma-separated text")
"""Country-years of two centuries and all states, with a hundred columns, are as many cells."""

_ROW = 4
"""Cells whose memory a row takes beside its own."""

_MOST_PROBLEMS = 25
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_OTHER_TEXT = (
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"PK\x03\x04", "a spreadsheet or archive"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet or document of an older kind"),
    (b"PAR1", "Parquet"),
    (b"\x89HDF", "HDF5"),
    (b"SQLite format 3", "a database of SQLite"),
    (b"<stata_dta>", "a file of Stata"),
    (b"$FL2", "a file of SPSS"),
    (b"%PDF", "PDF"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"version https://git-lfs", "a pointer of Git LFS in place of the file"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
)
_R_MARKS = (b"RDX", b"RDA", b"RDB", b"X\n\0", b"A\n")
_PACKED: dict[bytes, tuple[str, Callable[[], Any]]] = {
    b"\x1f\x8b": ("gzip", lambda: zlib.decompressobj(zlib.MAX_WBITS | 16)),
    b"BZh": ("bzip2", bz2.BZ2Decompressor),
    b"\xfd7zXZ\0": ("xz", lzma.LZMADecompressor),
}

Cells = dict[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the line on which it begins, counted from 1, and its cells by column."""

    line: int
    cells: Cells

    def text(self, column: str) -> str:
        """Give a cell without the blanks around it, empty where it is missing."""
        cell = self.cells.get(column, "")
        return "" if cell.casefold() in MISSING else cell


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as read.

    Attributes
    ----------
    file : str
        Name of the file, as messages give it.
    columns : tuple of str
        Names of the columns, in their order.
    rows : list of Row
        All rows but the first and empty ones.
    notes : list of str
        What was read although it is not written as usual.
    decimal_comma : bool
        Whether numbers may have a decimal comma, as beside semicolons and tabs.
    coded : dict of str to set of str
        Columns in which numbers such as -99 were read as missing, and which ones.
    """

    file: str
    columns: tuple[str, ...]
    rows: list[Row]
    notes: list[str] = field(default_factory=list)
    decimal_comma: bool = False
    coded: dict[str, set[str]] = field(default_factory=dict)

    def unread(self, columns: Iterable[str]) -> list[str]:
        """Give the named columns that are not among those read."""
        read = set(columns)
        return [column for column in self.columns if column and column not in read]

    def told(self) -> list[str]:
        """Say how the file was read where it is not written as usual, numbers for missing values included."""
        coded = [
            f"{self.file}: {column}: {listing(sorted(codes))} read as a missing value, which the column cannot hold."
            for column, codes in self.coded.items()
        ]
        return self.notes + coded


def one_line(text: str, longest: int = 80) -> str:
    r"""Give text without control characters and runs of blanks, at most so long.

    Examples
    --------
    >>> one_line("Bosnia\n and  Herzegovina")
    'Bosnia and Herzegovina'
    """
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).split())[:longest].strip()


class Complaints:
    """Problems found in files, at most so many of them, raised together at the end."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.more = 0

    def add(
        self, file: str, column: str, value: object, allowed: str, line: int | None = None, near: str | None = None
    ) -> None:
        """Note a problem; fields as in `r2psim.scenario.errors.Problem`."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(Problem(file, column, value, allowed, near, line))
        else:
            self.more += 1

    def settle(self) -> None:
        """Raise what was found.

        Raises
        ------
        ScenarioError
            If anything was.
        """
        if self.more:
            self.problems.append(Problem(self.problems[-1].file, "", None, f"{self.more} more problems of such kinds"))
        if self.problems:
            raise ScenarioError(self.problems)

    def columns(self, sheet: Sheet, missing: Iterable[str], what: str) -> None:
        """Note that columns are missing which `what` need."""
        there = [column for column in sheet.columns if column]
        for column in missing:
            told = f"no column {column}, which {what} need; there are {listing(there, limit=8)}"
            self.add(sheet.file, "", None, told, 1, nearest(column, there))

    def number(
        self,
        sheet: Sheet,
        row: Row,
        column: str,
        low: float,
        high: float,
        unit: str,
        whole: bool = False,
        scale: tuple[Callable[[float], float], Callable[[float], float]] | None = None,
        needed: str = "",
    ) -> float | None:
        """Read a number.

        Parameters
        ----------
        sheet, row : Sheet, Row
            Where it stands.
        column : str
            Its column.
        low, high : float
            Smallest and largest value allowed.
        unit : str
            Unit, for the message.
        whole : bool
            Whether it must be a whole number.
        scale : (callable, callable), optional
            From what the column holds to the value, and back, where the column holds it on another scale.
        needed : str
            Why the cell may not be empty, for the message; without it it may.

        Returns
        -------
        float or None
            None where it is missing, or refused and noted.
        """
        text = row.text(column)
        value = _number(text, sheet.decimal_comma) if text else None
        if (whole, low, high) == (True, 0, 1) and text.casefold() in _FLAGS:
            value = _FLAGS[text.casefold()]
        allowed = _allowed(low, high, unit, whole, scale)
        if value in CODES and scale is None:
            if not low <= value <= high:
                sheet.coded.setdefault(column, set()).add(text)
                text = ""
            elif text == f"{value:.0f}":
                meant = f"it may stand for a missing value: leave the cell empty, or write {value:.1f} if it is meant"
                self.add(sheet.file, column, text, f"{allowed}; {meant}", row.line)
                return None
        if not text:
            if needed:
                self.add(sheet.file, column, row.cells.get(column) or None, f"{allowed}; {needed}", row.line)
            return None
        if value is not None and scale is not None:
            value = _rescaled(value, scale[0], whole)
        if value is None or not low <= value <= high or (whole and value != int(value)):
            otherwise = "" if needed else f", or nothing where it is missing ({_MISSING_WORDS})"
            self.add(sheet.file, column, text, allowed + otherwise, row.line)
            return None
        return value


def _rescaled(value: float, scale: Callable[[float], float], whole: bool) -> float | None:
    if abs(value) > _STEEPEST:
        return None
    found = scale(value)
    return float(round(found)) if whole and abs(found - round(found)) < _CLOSE else found


_FLAGS = {"false": 0.0, "true": 1.0}  # as R writes 0 and 1
_STEEPEST = 1000.0  # no column on a logarithmic scale comes near it; beyond it powers overflow
_CLOSE = 1e-6  # to a whole number, of what comes out of a logarithm


def _allowed(
    low: float,
    high: float,
    unit: str,
    whole: bool,
    scale: tuple[Callable[[float], float], Callable[[float], float]] | None,
) -> str:
    if scale is not None:
        low, high, whole = scale[1](low), scale[1](high), False
    kind = "a whole number" if whole else "a number"
    return f"{kind} from {low:g} to {high:g} ({unit})" if high < math.inf else f"{kind} of at least {low:g} ({unit})"


def _number(text: str, decimal_comma: bool) -> float | None:
    if decimal_comma and re.fullmatch(r"[+-]?\d*,\d+(e[+-]?\d+)?", text, re.IGNORECASE):
        text = text.replace(",", ".")
    # Python reads more than a data file means: "1_000", "infinity", digits of other scripts.
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", text, re.IGNORECASE | re.ASCII):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def read_sheet(path: Path, needed: Sequence[str], what: str, renamed: Callable[[str], str] | None = None) -> Sheet:
    """Read a file of comma-separated text with names of columns in its first row.

    Parameters
    ----------
    path : Path
        The file: UTF-8, separated by commas, semicolons or tabs.
    needed : sequence of str
        Columns without which it cannot be used.
    what : str
        What the file should hold, for messages.
    renamed : callable, optional
        Applied to every name of a column.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the file as such.
    """
    name = str(path)
    complaints = Complaints()
    separator, lines = _lines(name, _text(path), complaints)
    notes: list[str] = []
    if separator != ",":
        notes.append(f"{name}: columns are separated by {_SEPARATORS[separator]}, not commas; read as such.")
    head = [cell.strip() for cell in lines[0][1]] if lines else []
    body = [(line, [cell.strip() for cell in cells]) for line, cells in lines[1:]]
    columns = tuple(map(renamed, head)) if renamed else tuple(head)
    if body and all(len(cells) == len(columns) + 1 and cells[0] for _, cells in body):
        columns = ("", *columns)  # as R's write.table writes row names
    _check_columns(name, columns, complaints)
    complaints.columns(Sheet(name, columns, []), [column for column in needed if column not in columns], what)
    complaints.settle()
    rows = []
    for line, found in body:
        cells = found if any(found[len(columns) :]) else found[: len(columns)]
        if len(cells) != len(columns):
            complaints.add(name, "", None, f"{len(cells)} cells where the first row names {len(columns)}", line)
        else:
            rows.append(Row(line, dict(zip(columns, cells, strict=True))))
    if not rows and not complaints.problems:
        complaints.add(name, "", None, f"no rows, where {what} are needed")
    complaints.settle()
    if any(row.cells.get("") for row in rows):
        notes.append(f"{name}: what stands in a column without a name, such as row numbers, is not read.")
    comma = separator == ";" or (separator == "\t" and _has_decimal_commas(rows))
    return Sheet(name, columns, rows, notes, decimal_comma=comma)


def _lines(name: str, text: str, complaints: Complaints) -> tuple[str, list[tuple[int, list[str]]]]:
    """Split text into the line on which each row begins and its cells, without empty rows."""
    begins = 1
    if found := re.match(r"sep=(.)\n", text):  # spreadsheets write it before the names of columns
        text, begins = text[found.end() :], 2
    first = re.sub(r'"[^"\n]*"', "", text.split("\n", 1)[0])
    separator = max(_SEPARATORS, key=lambda mark: (first.count(mark), mark == ","))
    reader = csv.reader(_lines_of(text), delimiter=separator, strict=True)
    rows = []
    line, before = begins, begins
    count = 0
    try:
        for cells in reader:
            line, before = before, begins + reader.line_num
            count += len(cells) + _ROW
            if count > BOUNDS.values:
                complaints.add(name, "", None, f"too many cells: more than {BOUNDS.values:,}", line)
                break
            if any(cell.strip() for cell in cells):
                rows.append((line, cells))
    except csv.Error as error:
        complaints.add(name, "", None, f"not comma-separated text: {error}", before)
    return separator, rows


def _lines_of(text: str) -> Iterator[str]:
    """Yield the lines of a text with their ends, one at a time: a file may be a million of them, or one."""
    begins = 0
    while begins < len(text):
        end = text.find("\n", begins) + 1 or len(text)
        yield text[begins:end]
        begins = end


def _has_decimal_commas(rows: Iterable[Row]) -> bool:
    """Say whether commas in numbers can only be decimal ones: 1,500 beside tabs may be fifteen hundred."""
    cells = [cell for row in rows for cell in row.cells.values() if re.fullmatch(r"[+-]?\d*,\d+", cell)]
    return any(not re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", cell) for cell in cells)


def _check_columns(file: str, columns: Sequence[str], complaints: Complaints) -> None:
    for column, times in Counter(columns).items():
        if column and times > 1:
            complaints.add(file, "", None, f"two columns are named {column}", 1)


def _other_kind(raw: bytes) -> str | None:
    """Say what a file is that is not text, by how it begins."""
    for mark, (method, opened) in _PACKED.items():
        if raw.startswith(mark):
            try:
                inside = opened().decompress(raw, 64)
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
                inside = b""
            r_file = inside.startswith(_R_MARKS)
            return f"a file of R, compressed by {method}" if r_file else _compressed(method, bool(inside))
    if raw.startswith(_R_MARKS[:3]):
        return "a file of R"
    return next((kind for mark, kind in _OTHER_TEXT if raw.startswith(mark)), None)


def _compressed(method: str, readable: bool) -> str:
    return f"compressed by {method}" + ("" if readable else " (as files of R, .rda and .rds, are)")


def _text(path: Path) -> str:
    """Read the text of a file."""
    name = str(path)

    def refused(why: str, line: int | None = None) -> ScenarioError:
        return ScenarioError([Problem(name, "", None, why, line=line)])

    try:
        raw = read_bytes(path, BOUNDS)
        if kind := _other_kind(raw):
            raise refused(f"{kind}, where comma-separated UTF-8 text is needed; save it as such")
        text = decoded(raw, path, " (saved by a spreadsheet? save as CSV UTF-8)")
        del raw
    except FileError as error:
        raise refused(error.what, error.line) from None
    if "\0" in text:
        raise refused("not text: it holds null characters", text.count("\n", 0, text.index("\0")) + 1)
    if not text.strip():
        raise refused("empty")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
