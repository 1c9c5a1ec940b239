"""A batch read back: tables of which only what is asked for is read, labelled arrays, any point as a scenario again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.ensemble.arrow_tables import key_fields, measure_field
from r2psim.ensemble.batch.description import BatchDescription
from r2psim.ensemble.batch.directory import LOCK, locked_by
from r2psim.ensemble.batch.experiment import setting
from r2psim.scenario.errors import listing, nearest
from r2psim.world.codebook import file_metadata, to_frame

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as ds
    import xarray as xr

    from r2psim.agents.model import R2PModel
    from r2psim.scenario import Scenario

__all__ = ["Batch", "open_batch"]


class Batch(BatchDescription):
    """A directory that ``r2psim batch`` wrote, finished or not.

    Parameters
    ----------
    directory : str or Path
        The directory.

    Raises
    ------
    OutputError
        If it holds no batch, or is damaged; the message says which file, and what to do.
    """

    def __repr__(self) -> str:
        return f"Batch({str(self.path)!r}, points={self.plan.points}, runs={self.plan.runs}, done={self.done:,})"

    # -- tables --------------------------------------------------------------------------------------------------------

    def _has(self, table: str) -> str:
        known = ("runs", "series", "points") if self.series else ("runs", "points")
        if table not in known:
            near = nearest(table, known)
            hint = f" (did you mean {near}?)" if near else ""
            raise ValueError(f"table {table!r} is not there: one of {listing(known)}{hint}")
        return table

    def dataset(self, table: str = "runs") -> ds.Dataset:
        """Give a table as an Arrow dataset: rows and columns are read only when they are asked for.

        Parameters
        ----------
        table : str
            ``runs``: point, policy, run and a column for each metric. ``series``, where they were kept: point,
            policy, run, month and a column for each series. ``points``: point and a column for each factor.

        Returns
        -------
        pyarrow.dataset.Dataset
            With the columns of `schema`.

        Raises
        ------
        ValueError
            If there is no such table.
        """
        import pyarrow.dataset as ds

        if self._has(table) == "points":
            return ds.InMemoryDataset(self.points)
        return self.parts.dataset(table, self._names(table), self.schema(table))

    def schema(self, table: str = "runs") -> pa.Schema:
        """Give names, types, units, meanings and sources of the columns of a table.

        Parameters
        ----------
        table : str
            As for `dataset`.

        Returns
        -------
        pyarrow.Schema
            Unit, meaning and source stand in each field's metadata.

        Raises
        ------
        ValueError
            If there is no such table.
        """
        import pyarrow as pa

        if self._has(table) == "points":
            return self.points.schema
        columns = self.metrics if table == "runs" else self.series
        return pa.schema([*key_fields(table), *map(measure_field, columns)])

    def _names(self, table: str) -> list[str]:
        entries = sorted(self.manifest.entries, key=lambda entry: entry.first)
        return [name for entry in entries for own, name, _, _ in entry.files() if own == table]

    def to_arrow(
        self,
        table: str = "runs",
        columns: Sequence[str] | None = None,
        where: pc.Expression | None = None,
        factors: bool = True,
    ) -> pa.Table:
        """Read rows and columns of a table, in order of points, policies and runs.

        Parameters
        ----------
        table : str
            As for `dataset`.
        columns : sequence of str, optional
            Columns to read, beside the keys; all of them if not given.
        where : pyarrow.compute.Expression, optional
            Rows to read, by the columns of the table and by factors: ``pc.field("observation.noise") < 0.2``.
        factors : bool
            Whether to join what each point was set to.

        Returns
        -------
        pyarrow.Table
            Point, policy, run (and month), the columns asked for, and a column for each factor.

        Raises
        ------
        ValueError
            If there is no such table or column.
        OutputError
            If what is read is damaged.
        """
        import pyarrow as pa

        schema = self._shape(table, columns, factors)
        schema = schema.with_metadata(file_metadata(schema))
        made = list(self._in_order(table, columns, where, factors))
        return pa.concat_tables(made).cast(schema) if made else schema.empty_table()

    def to_pandas(self, table: str = "runs", **chosen: Any) -> pd.DataFrame:
        """Give what `to_arrow` gives as a data frame; ``attrs["columns"]`` says what each column is.

        Parameters
        ----------
        table : str
            As for `dataset`.
        **chosen
            ``columns``, ``where`` and ``factors``, as for `to_arrow`.

        Returns
        -------
        pandas.DataFrame
            A row for each row of `to_arrow`.

        Raises
        ------
        ValueError
            If there is no such table or column.
        OutputError
            If what is read is damaged.
        """
        return to_frame(self.to_arrow(table, **chosen))

    def _shape(self, table: str, columns: Sequence[str] | None, factors: bool) -> pa.Schema:
        import pyarrow as pa

        schema = self.schema(table)
        if columns is not None:
            for name in columns:
                if name not in schema.names and name not in self.points.column_names:
                    near = nearest(name, schema.names)
                    hint = f" (did you mean {near}?)" if near else ""
                    raise ValueError(f"column {name!r} is not there: one of {listing(schema.names, limit=20)}{hint}")
            keys = ("point", "policy", "run", "month")
            schema = pa.schema([field for field in schema if field.name in keys or field.name in columns])
        if factors and table != "points":
            own = list(self.points.schema)[1:]
            schema = pa.schema([schema.field("point"), *own, *(field for field in schema if field.name != "point")])
        return schema

    def _in_order(
        self, table: str, columns: Sequence[str] | None, where: pc.Expression | None, factors: bool
    ) -> Iterator[pa.Table]:
        """Give the rows of a table point by point, whatever the stretches were in which they were run."""
        import pyarrow as pa

        schema = self._shape(table, columns, factors)
        wanted = None if where is None else self._points_where(where)
        if table == "points":
            chosen = self.points.select(schema.names)
            yield chosen if wanted is None else chosen.filter(pa.array(np.isin(np.arange(len(chosen)), list(wanted))))
            return
        from r2psim.ensemble.batch.ordering import sorted_points

        own = self.points.column_names[1:]
        # A condition on rows may be about any column.
        names = [
            name
            for name in (self.schema(table) if where is not None and wanted is None else schema).names
            if name not in own
        ]
        for point, rows in sorted_points(self, table, names, wanted):
            full = self._joined(rows, point) if factors or where is not None else rows
            if where is not None and wanted is None:
                full = full.filter(where)
            yield full.select(schema.names)

    def _joined(self, rows: pa.Table, point: int) -> pa.Table:
        """Add what a point was set to."""
        import pyarrow as pa

        for place, field in enumerate(list(self.points.schema)[1:], 1):
            value = self.points.column(place)[point]
            rows = rows.append_column(field, pa.repeat(value, rows.num_rows))
        return rows

    def _points_where(self, where: pc.Expression) -> set[int] | None:
        """Give the points that a condition leaves, if it is about points alone; else None, and rows decide."""
        import pyarrow as pa

        try:
            return set(self.points.filter(where)["point"].to_pylist())
        except (pa.ArrowInvalid, KeyError):
            return None

    # -- labelled arrays -----------------------------------------------------------------------------------------------

    def to_xarray(self, metrics: Sequence[str] | None = None, series: Sequence[str] | None = None) -> xr.Dataset:
        """Give labelled arrays: metrics by point, policy and run, series also by month; NaN where there is no run.

        What was varied is a coordinate of the points; each variable has its unit in ``units`` and its meaning in
        ``long_name``.

        Parameters
        ----------
        metrics, series : sequence of str, optional
            Names of those to read; all that were kept if not given.

        Returns
        -------
        xarray.Dataset
            Dimensions ``point``, ``policy``, ``run`` and ``month``.

        Raises
        ------
        ValueError
            If there is no such metric or series.
        ImportError
            If xarray is not installed.
        """
        from r2psim.ensemble.batch.ordering import labelled

        return labelled(self, self.metrics if metrics is None else metrics, self.series if series is None else series)

    # -- a point again -------------------------------------------------------------------------------------------------

    def values(self, point: int) -> dict[str, Any]:
        """Give what a point was set to, by path.

        Parameters
        ----------
        point : int
            Number of the point, from 0.

        Returns
        -------
        dict of str to object
            Path, as ``--set`` takes it -> value, in the unit of what it sets.

        Raises
        ------
        ValueError
            If there is no such point.
        """
        if not 0 <= point < self.plan.points:
            raise ValueError(f"point {point} is not allowed: 0 to {self.plan.points - 1}")
        row = self.points.slice(point, 1).to_pylist()[0]
        return {path: row[path] for path in self.factors if row[path] is not None}

    def sets(self, point: int) -> list[str]:
        """Give what a point was set to as ``--set`` takes it.

        Parameters
        ----------
        point : int
            Number of the point, from 0.

        Returns
        -------
        list of str
            ``PATH=VALUE`` each.

        Raises
        ------
        ValueError
            If there is no such point.
        """
        return [setting(path, value) for path, value in self.values(point).items()]

    def scenario(self, point: int) -> Scenario:
        """Give the scenario at a point.

        Parameters
        ----------
        point : int
            Number of the point, from 0.

        Returns
        -------
        Scenario
            With everything generated.

        Raises
        ------
        ValueError
            If there is no such point.
        ScenarioError
            If its values do not fit one another: the point failed.
        """
        from r2psim.scenario.loading import Draft
        from r2psim.world.expand import expand

        return expand(Draft.from_data(self.experiment["documents"]).load([*self.experiment["set"], *self.sets(point)]))

    def open(self, point: int, run: int, policy: str | None = None, month: int | None = None) -> R2PModel:
        """Give one of the runs as a Mesa model, to watch.

        Parameters
        ----------
        point, run : int
            Which run of which point.
        policy : str, optional
            The first if not given.
        month : int, optional
            Months that have been run when the model is given; none if not given.

        Returns
        -------
        R2PModel
            Standing at that month.

        Raises
        ------
        ValueError
            If there is no such point, run, policy or month.
        """
        from r2psim.ensemble.results import Results

        scenario = self.scenario(point)
        results = Results(scenario, self.policies, self.plan.runs, int(self.provenance["seed"]), 12 * scenario.years)
        return results.open(run, policy, month)

    @property
    def at_work(self) -> str | None:
        """Who works on the directory now, None where nobody does."""
        return locked_by(self.path) if (self.path / LOCK).exists() else None

    def description(self) -> Mapping[str, Any]:
        """Give title, description and design.

        Returns
        -------
        dict of str
            ``name``, ``title``, ``description`` and ``design`` of the experiment.
        """
        return {key: self.experiment[key] for key in ("name", "title", "description", "design")}


def open_batch(directory: str | Path) -> Batch:
    """Open a directory that ``r2psim batch`` wrote; nothing of its tables is read yet.

    Parameters
    ----------
    directory : str or Path
        Finished or not.

    Returns
    -------
    Batch
        As far as it has come.

    Raises
    ------
    OutputError
        If it holds no batch, or is damaged.
    """
    batch = Batch(directory)
    batch.demand(batch.lost())
    return batch
