"""What became of a data file: how many of its rows were used, how many not and why, and what it says nothing of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from r2psim.scenario.errors import listing

__all__ = ["Account"]


@dataclass(slots=True)
class Account:
    """What became of the rows of a file.

    Attributes
    ----------
    file : str
        Name of the file, as messages give it.
    rows : int
        Rows read, without that of the names of columns and empty ones.
    used_for : Counter of str
        For what rows were used, and how many.
    dropped : Counter of str
        Why rows were not, and how many.
    without : list of str
        ISO codes of the states asked for of which the file holds nothing at all, in any year.
    not_read : list of str
        Columns that are not read.
    notes : list of str
        What a person should know beside that.
    """

    file: str
    rows: int
    used_for: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    without: list[str] = field(default_factory=list)
    not_read: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def used(self) -> int:
        """Number of rows used; with those dropped it makes up all rows."""
        return self.used_for.total()

    def as_data(self) -> dict[str, Any]:
        """Give it as plain data.

        Raises
        ------
        AssertionError
            If it does not add up.
        """
        assert self.rows == self.used + self.dropped.total(), (self.file, self.rows, self.used_for, self.dropped)
        return {
            "rows": self.rows,
            "used": self.used,
            "used_for": dict(+self.used_for),
            "dropped": dict(+self.dropped),
            "states_without_a_row": list(self.without),
            "columns_not_read": list(self.not_read),
        }

    def told(self) -> str:
        """Tell it in a sentence.

        Examples
        --------
        >>> Account("groups.csv", 8, Counter({"groups of 2014": 6}), Counter({"of other years": 2})).told()
        'groups.csv: 8 rows; used 6 (groups of 2014); dropped 2 (of other years).'
        """
        told = f"{self.file}: {self.rows:,} rows; used {_counted(self.used_for)}; dropped {_counted(self.dropped)}."
        if self.without:
            told += f" No row at all of {listing(self.without)}."
        return told


def _counted(counts: Counter[str]) -> str:
    parts = [(number, what) for what, number in counts.items() if number]
    if len(parts) < 2:
        return f"{parts[0][0]:,} ({parts[0][1]})" if parts else "none"
    return f"{counts.total():,} ({', '.join(f'{number:,} {what}' for number, what in parts)})"
