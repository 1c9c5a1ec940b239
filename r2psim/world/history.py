"""What is kept of one run: series of columns, events, and a digest of everything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from r2psim.declarations.columns import BODY, GROUP, PR, PROGRAMME, STAGES, STATE, F, Table
from r2psim.markup import element, head_and_body
from r2psim.scenario.named import name_fields
from r2psim.world.build import World
from r2psim.world.codebook import told
from r2psim.world.events import Event
from r2psim.world.rows import WRITTEN, Rows

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import xarray as xr

__all__ = ["Digest", "Event", "History", "Series", "kept_columns"]


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
    """Monthly series of the kept columns, filled month by month, as the outside gets them: all money is US$.

    Attributes
    ----------
    state, group, body : dict of str to numpy.ndarray
        Column name -> array of shape (months + 1, rows); index 0 is the start.
    need : dict of str to numpy.ndarray
        ``needed`` of each form of response in each state in each month, and ``met`` since the start: shape
        (months + 1, forms of response, states).
    """

    months: int
    state: dict[str, np.ndarray] = field(default_factory=dict)
    group: dict[str, np.ndarray] = field(default_factory=dict)
    body: dict[str, np.ndarray] = field(default_factory=dict)
    need: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def empty(cls, rows: Rows, months: int) -> Series:
        """Make room for ``months`` months, with the start filled in."""
        made = cls(months)
        for table, block, kept in made._blocks(rows):
            for name in kept_columns(table):
                kept[name] = np.full((months + 1, block.shape[1]), np.nan)
        responds = int((rows.form[F.response] > 0.0).sum())
        made.need = {name: np.full((months + 1, responds, rows.state.shape[1]), np.nan) for name in ("needed", "met")}
        made.note(0, rows)
        return made

    def __repr__(self) -> str:
        return f"Series(months={self.months}, columns={len(self.state) + len(self.group) + len(self.body)})"

    def _blocks(self, rows: Rows) -> tuple[tuple[Table, np.ndarray, dict[str, np.ndarray]], ...]:
        return (STATE, rows.state, self.state), (GROUP, rows.group, self.group), (BODY, rows.body, self.body)

    def note(self, at: int, rows: Rows) -> None:
        """Note the columns as they stand at index ``at``."""
        for table, block, kept in self._blocks(rows):
            for name, series in kept.items():
                series[at] = told(table[name], block[table.index[name]])
        # A programme is the row of its form and state: form by form, states in their order.
        programme = rows.programme.reshape(len(rows.programme), rows.form.shape[1], -1)
        responds = rows.form[F.response] > 0.0
        self.need["needed"][at] = told(PROGRAMME["needed"], programme[PR.needed, responds])
        self.need["met"][at] = told(PROGRAMME["met_0"], programme[PR.met_0 : PR.met_0 + 5, responds].sum(axis=0))


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
        Series, as in `Series`: shape (months + 1, rows), money in US$.
    need : dict of str to numpy.ndarray
        ``needed`` in each month and ``met`` since the start, US$: shape (months + 1, forms of response, states).
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
    need: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        name_fields(self, "state", "group", "body", "need")

    @property
    def months(self) -> int:
        """Months that were run."""
        return int(self.group["stage"].shape[0]) - 1

    def __repr__(self) -> str:
        world = self.world
        return (
            f"History({self.scenario!r}, policy={self.policy!r}, seed={self.seed}, run={self.run}, "
            f"months={self.months}, states={len(world.states)}, groups={len(world.groups)}, "
            f"bodies={len(world.bodies)}, events={len(self.events)}, sha256={self.sha256[:12]!r})"
        )

    def _repr_html_(self) -> str:
        facts = f"policy {self.policy}, seed {self.seed}, run {self.run}, {self.months} months"
        months = np.bincount(self.state["stage"][1:].astype(int).ravel(), minlength=len(STAGES))
        totals = [(f"state-months: {name}", count) for name, count in zip(STAGES, months, strict=True)]
        totals += [(name, series[column][-1].sum()) for series, columns in self._ends() for column, name in columns]
        rows = ((name, f"{total:,.0f}") for name, total in totals)
        return str(
            element("p", element("b", self.title), element("br"), facts)
            + element("table", head_and_body(("sum over the world", ""), rows, lambda _: None))
        )

    def _ends(self) -> Iterator[tuple[dict[str, np.ndarray], tuple[tuple[str, str], ...]]]:
        """Give series that add up over a run, with the columns of which a notebook shows the last sum."""
        yield self.group, (("atrocity_entries", "entries of groups into atrocity"), ("deaths", "killed"))
        yield self.state, (("displaced", "driven from home"), ("gdp_lost", "GDP lost, US$"))

    def to_arrow(self, table: str = "states") -> pa.Table:
        """Give one of the tables of the run; each field carries ``unit``, ``description`` and ``source``.

        Parameters
        ----------
        table : str
            ``states``, ``groups`` or ``bodies``: a row for each month (-1 is the start) and each of them, a column
            for each variable. ``events``: a row each. ``needs``: what response was needed, met and unmet, a row for
            each month, state and form of which anything was needed.

        Returns
        -------
        pyarrow.Table
            Money in US$.

        Raises
        ------
        ValueError
            If there is no such table.
        """
        from r2psim.world.frames import history_table

        return history_table(self, table)

    def to_pandas(self, table: str = "states") -> pd.DataFrame:
        """Give one of the tables of `to_arrow` as a data frame; ``attrs["columns"]`` says what each column is.

        Parameters
        ----------
        table : str
            As for `to_arrow`.

        Returns
        -------
        pandas.DataFrame
            A row for each row of `to_arrow`.

        Raises
        ------
        ValueError
            If there is no such table.
        ImportError
            If pandas is not installed.
        """
        from r2psim.world.codebook import to_frame

        return to_frame(self.to_arrow(table))

    def to_xarray(self) -> xr.Dataset:
        """Give all series as labelled arrays by month (-1 is the start) and state, group or body.

        A variable is named after its kind of agent and its column, such as ``state_gdp``; it has its unit in
        ``units``, its meaning in ``long_name`` and where it comes from in ``source``.

        Returns
        -------
        xarray.Dataset
            Dimensions ``month``, ``state``, ``group`` and ``body``.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        from r2psim.world.frames import history_dataset

        return history_dataset(self)
