"""Tables of comma-separated text, read so that a person learns what is wrong with them and where.

What can be read without guessing is read, and told: a byte order mark, semicolons or tabs instead of commas, a decimal
comma beside semicolons. What would need a guess is refused: an unknown encoding, text for a number.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from r2psim.scenario.errors import Problem, ScenarioError, listing, nearest

__all__ = ["MISSING", "Cells", "Complaints", "Row", "Sheet", "one_line", "read_sheet"]

MISSING = frozenset({"", "na", "nan", "n/a", "null", ".", "none"})
"""What stands for a missing value, in any case of letters."""

_BIGGEST_FILE = 64 * 2**20
_MOST_PROBLEMS = 25
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_OTHER_TEXT = (
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"PK\x03\x04", "a spreadsheet or archive"),
    (b"PAR1", "Parquet"),
    (b"\x1f\x8b", "compressed"),
)

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
        Whether numbers may have a decimal comma, as beside semicolons.
    """

    file: str
    columns: tuple[str, ...]
    rows: list[Row]
    notes: list[str] = field(default_factory=list)
    decimal_comma: bool = False


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

    def number(
        self, sheet: Sheet, row: Row, column: str, low: float, high: float, unit: str, whole: bool = False
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

        Returns
        -------
        float or None
            None where it is missing, or refused and noted.
        """
        text = row.text(column)
        if not text:
            return None
        value = _number(text, sheet.decimal_comma)
        if value is None or not low <= value <= high or (whole and value != int(value)):
            kind = "a whole number" if whole else "a number"
            allowed = f"{kind} from {low:g} to {high:g}" if high < math.inf else f"{kind} of at least {low:g}"
            self.add(sheet.file, column, text, f"{allowed} ({unit}), or nothing where it is missing", row.line)
            return None
        return value


def _number(text: str, decimal_comma: bool) -> float | None:
    if decimal_comma and re.fullmatch(r"[+-]?\d+,\d+(e[+-]?\d+)?", text, re.IGNORECASE):
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
    text = _text(path)
    name = str(path)
    notes: list[str] = []
    first = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=lambda mark: (first.count(mark), mark == ","))
    if separator != ",":
        notes.append(f"{name}: columns are separated by {_SEPARATORS[separator]}, not commas; read as such.")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    complaints = Complaints()
    rows: list[Row] = []
    columns: tuple[str, ...] = ()
    line = 1
    try:
        for cells in lines:
            begins, line = line, lines.line_num + 1
            if not columns:
                columns = tuple(renamed(c.strip()) if renamed else c.strip() for c in cells)
                _check_columns(name, columns, needed, what, complaints)
                complaints.settle()
            elif not any(cell.strip() for cell in cells):
                continue
            elif len(cells) != len(columns):
                complaints.add(name, "", None, f"{len(cells)} cells where the first row names {len(columns)}", begins)
            else:
                rows.append(Row(begins, {c: cell.strip() for c, cell in zip(columns, cells, strict=True)}))
    except csv.Error as error:
        complaints.add(name, "", None, f"not comma-separated text: {error}", line)
    if not rows and not complaints.problems:
        complaints.add(name, "", None, f"no rows, where {what} are needed")
    complaints.settle()
    return Sheet(name, columns, rows, notes, decimal_comma=separator == ";")


def _check_columns(file: str, columns: Sequence[str], needed: Iterable[str], what: str, complaints: Complaints) -> None:
    for place, column in enumerate(columns):
        if column and column in columns[:place]:
            complaints.add(file, "", None, f"two columns are named {column}", 1)
    for column in needed:
        if column not in columns:
            near = nearest(column, columns)
            complaints.add(
                file, "", None, f"no column {column}, which {what} need; there are {listing(columns, limit=8)}", 1, near
            )


def _text(path: Path) -> str:
    """Read the text of a file."""
    name = str(path)

    def refused(why: str, line: int | None = None) -> ScenarioError:
        return ScenarioError([Problem(name, "", None, why, line=line)])

    try:
        if not path.is_file():  # a pipe or a device may never end
            raise refused("a directory, not a file" if path.is_dir() else "no such file")
        with path.open("rb") as file:
            raw = file.read(_BIGGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise refused(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(raw) > _BIGGEST_FILE:
        raise refused("too large: more than 64 MiB")
    for mark, kind in _OTHER_TEXT:
        if raw.startswith(mark):
            raise refused(f"{kind}, where comma-separated UTF-8 text is needed; save it as such")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        why = f"not UTF-8 text: byte {raw[error.start]:#04x} (saved by a spreadsheet? save as CSV UTF-8)"
        raise refused(why, line) from None
    if "\0" in text:
        raise refused("not text: it holds null characters", text.count("\n", 0, text.index("\0")) + 1)
    if not text.strip():
        raise refused("empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")
