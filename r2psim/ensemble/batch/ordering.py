"""Rows of a batch in one order, whoever ran them and in which stretches: by point, policy and run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.ensemble.arrow_tables import START, measure_about
from r2psim.ensemble.batch.manifest import Entry
from r2psim.ensemble.batch.stored_parts import read_part
from r2psim.ensemble.store import OutputError
from r2psim.scenario.errors import listing, nearest
from r2psim.world.codebook import attrs_of, field_about

if TYPE_CHECKING:
    import pyarrow as pa
    import xarray as xr

    from r2psim.ensemble.batch.description import BatchDescription

__all__ = ["labelled", "sorted_points"]


def _read(batch: BatchDescription, table: str, entry: Entry, columns: Sequence[str]) -> pa.Table:
    try:
        return read_part(batch.parts, table, entry, columns)
    except OutputError as error:
        raise OutputError(f"{batch.path}: {error}") from error


def sorted_points(
    batch: BatchDescription, table: str, columns: Sequence[str], wanted: Collection[int] | None = None
) -> Iterator[tuple[int, pa.Table]]:
    """Give the rows of each point that has any, in order of policies and runs; a few parts are read at a time.

    Parameters
    ----------
    batch : BatchDescription
        Finished or not.
    table : str
        ``runs`` or ``series``.
    columns : sequence of str
        With the keys of the table.
    wanted : collection of int, optional
        Points to read; all of them if not given.

    Raises
    ------
    OutputError
        If a part is damaged.
    """
    import pyarrow as pa

    rounds = [_of_round(batch, table, columns, *stretch, wanted) for stretch in batch.plan.ends()]
    in_order = merge(*rounds, key=lambda pair: pair[0])
    for point, pieces in groupby(in_order, key=lambda pair: pair[0]):
        tables = [rows for _, rows in pieces]
        yield point, tables[0] if len(tables) == 1 else _by_keys(pa.concat_tables(tables).combine_chunks())


def _of_round(
    batch: BatchDescription, table: str, columns: Sequence[str], first: int, count: int, wanted: Collection[int] | None
) -> Iterator[tuple[int, pa.Table]]:
    """Give the rows that a round has of each point, in order of points."""
    inside = [entry for entry in batch.manifest.entries if first <= entry.first < first + count]
    for entry in sorted(inside, key=lambda found: found.first):
        segments = batch.plan.segments(entry.first, entry.count)
        if wanted is not None and not any(segment.point in wanted for segment in segments):
            continue
        rows = _read(batch, table, entry, columns)
        point = rows["point"].to_numpy()
        starts = np.flatnonzero(np.diff(point, prepend=-1))
        ends = [*starts[1:], len(point)][: len(starts)]  # a part may have no rows
        for start, end in zip(starts, ends, strict=True):
            if wanted is None or int(point[start]) in wanted:
                yield int(point[start]), rows.slice(start, end - start)


def _codes(rows: pa.Table) -> np.ndarray:
    import pyarrow as pa

    column = rows["policy"].combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # a table without rows
        return np.zeros(0, dtype=np.int64)
    return np.asarray(column.indices.to_numpy())


def _by_keys(rows: pa.Table) -> pa.Table:
    """Sort rows of a point by policy, run and month."""
    months = rows["month"].to_numpy() if "month" in rows.column_names else np.zeros(rows.num_rows, dtype=np.int64)
    return rows.take(np.lexsort((months, rows["run"].to_numpy(), _codes(rows))))


# -- labelled arrays ---------------------------------------------------------------------------------------------------


def labelled(batch: BatchDescription, metrics: Sequence[str], series: Sequence[str]) -> xr.Dataset:
    """Give metrics by point, policy and run, and series also by month; NaN where there is no run.

    Raises
    ------
    ValueError
        If something was not kept.
    ImportError
        If xarray is not installed.
    """
    try:
        import xarray as xr
    except ImportError:
        raise ImportError('this needs xarray, which is not installed: pip install "r2psim[data]"') from None
    for name, known in [*((m, batch.metrics) for m in metrics), *((s, batch.series) for s in series)]:
        if name not in known:
            near = nearest(name, known)
            hint = f" (did you mean {near}?)" if near else ""
            raise ValueError(f"{name!r} was not kept: one of {listing(known, limit=30)}{hint}")
    shape = (batch.plan.points, len(batch.policies), batch.plan.runs)
    dims = ("point", "policy", "run")
    found: dict[str, Any] = {name: np.full(shape, np.nan) for name in metrics}
    _fill(batch, "runs", found)
    monthly: dict[str, Any] = {}
    coords: dict[str, Any] = {"point": np.arange(shape[0]), "policy": list(batch.policies), "run": np.arange(shape[2])}
    if series:
        months = _months(batch)
        coords["month"] = np.arange(START, START + months)
        monthly = {name: np.full((*shape, months), np.nan) for name in series}
        _fill(batch, "series", monthly)
    variables: dict[str, Any] = {name: (dims, values, attrs_of(measure_about(name))) for name, values in found.items()}
    variables |= {name: ((*dims, "month"), values, attrs_of(measure_about(name))) for name, values in monthly.items()}
    for field in list(batch.points.schema)[1:]:
        values = batch.points[field.name].to_pandas().to_numpy()
        coords[field.name] = ("point", values, attrs_of(field_about(field)))
    facts = {key: str(batch.experiment[key]) for key in ("name", "title")} | {"seed": str(batch.experiment["seed"])}
    return xr.Dataset(variables, coords, facts)


def _months(batch: BatchDescription) -> int:
    """Give the length of the longest series, with its start."""
    years = [int(batch.experiment["scenario"]["years"])]
    if "years" in batch.factors:
        years = [int(found or years[0]) for found in batch.points["years"].to_pylist()]
    return 12 * max(years) + 1


def _fill(batch: BatchDescription, table: str, arrays: dict[str, np.ndarray]) -> None:
    """Put rows where they belong, part by part."""
    keys = ["point", "policy", "run", *(["month"] if table == "series" else [])]
    for entry in batch.manifest.entries if arrays else ():
        rows = _read(batch, table, entry, [*keys, *arrays])
        place: tuple[np.ndarray, ...] = (rows["point"].to_numpy(), _codes(rows), rows["run"].to_numpy())
        if table == "series":
            place = (*place, rows["month"].to_numpy() - START)
        for name, values in arrays.items():
            values[place] = rows[name].to_numpy()
