"""What is kept of one run: series of columns, events, and a digest of everything."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from r2psim.world.build import World
from r2psim.world.rows import WRITTEN, Rows
from r2psim.world.tables import BODY, GROUP, STATE, Table

__all__ = ["Digest", "Event", "History", "Series", "kept_columns"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that changed, how likely it was that month, and what made it likely.

    Attributes
    ----------
    month : int
        Number of the month, from 0.
    kind : str
        ``stage``, ``trigger`` or ``conflict``.
    state : str
        Identifier of the state.
    group : str or None
        Identifier of the group, for a change of stage.
    what : str
        Kind of trigger, or the name of the hazard that was realised.
    before, after : str
        Names of the stages or conflict states; empty for a trigger.
    probability : float
        Probability of exactly this change in this month, given everything before it.
    contributions : tuple of (str, float)
        The three largest, by size: what it was, and by how much it moved the log hazard from its base rate.
    """

    month: int
    kind: str
    state: str
    group: str | None
    what: str
    before: str
    after: str
    probability: float
    contributions: tuple[tuple[str, float], ...]


class Digest:
    """Digest over every column of every month of a run, as a chain: SHA-256 over the digest so far and the new month.

    All that is kept is the digest itself, so that a model in the middle of a run can be copied, written down, and
    go on elsewhere.
    """

    def __init__(self) -> None:
        self._so_far = hashlib.sha256().digest()

    def update(self, rows: Rows) -> None:
        """Add all blocks as they stand."""
        sha = hashlib.sha256(self._so_far)
        for name in WRITTEN:
            sha.update(np.ascontiguousarray(getattr(rows, name), dtype="<f8").tobytes())
        self._so_far = sha.digest()

    def hexdigest(self) -> str:
        """Give the digest so far: 64 hexadecimal digits."""
        return self._so_far.hex()


def kept_columns(table: Table) -> tuple[str, ...]:
    """Name the columns whose series are kept: all that tell something, not homes, copies and the ring of months."""
    return tuple(
        c.name for c in table.columns if not c.name.startswith(("at_", "deaths_ring")) and not c.name.endswith("_home")
    )


@dataclass
class Series:
    """Monthly series of the kept columns, filled month by month.

    Attributes
    ----------
    state, group, body : dict of str to numpy.ndarray
        Column name -> array of shape (months + 1, rows); index 0 is the start.
    """

    months: int
    state: dict[str, np.ndarray] = field(default_factory=dict)
    group: dict[str, np.ndarray] = field(default_factory=dict)
    body: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def empty(cls, rows: Rows, months: int) -> Series:
        """Make room for ``months`` months, with the start filled in."""
        made = cls(months)
        for table, block, kept in made._blocks(rows):
            for name in kept_columns(table):
                kept[name] = np.full((months + 1, block.shape[1]), np.nan)
        made.note(0, rows)
        return made

    def _blocks(self, rows: Rows) -> tuple[tuple[Table, np.ndarray, dict[str, np.ndarray]], ...]:
        return (STATE, rows.state, self.state), (GROUP, rows.group, self.group), (BODY, rows.body, self.body)

    def note(self, at: int, rows: Rows) -> None:
        """Note the columns as they stand at index ``at``."""
        for table, block, kept in self._blocks(rows):
            for name, series in kept.items():
                series[at] = block[table.index[name]]


@dataclass(frozen=True)
class History:
    """One finished run.

    Attributes
    ----------
    scenario, title, policy : str
        What was run.
    seed, run : int
        Its luck.
    world : World
        Names and the start.
    state, group, body : dict of str to numpy.ndarray
        Series, as in `Series`.
    events : tuple of Event
        In order of months.
    sha256 : str
        Digest over every column of every month.
    real_names : bool
        Whether states bear the names of real countries: the run is then told in sums.
    """

    scenario: str
    title: str
    policy: str
    seed: int
    run: int
    world: World
    state: dict[str, np.ndarray]
    group: dict[str, np.ndarray]
    body: dict[str, np.ndarray]
    events: tuple[Event, ...]
    sha256: str
    real_names: bool = False

    @property
    def months(self) -> int:
        """Months that were run."""
        return int(self.group["stage"].shape[0]) - 1
