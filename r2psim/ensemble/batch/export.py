"""All rows of a batch in one file: the same bytes, whoever did the work and in which pieces."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from r2psim.ensemble.batch.parts import DESCRIPTIONS, TABLES
from r2psim.ensemble.output import check_file, fill_file
from r2psim.ensemble.store import OutputError
from r2psim.world.codebook import file_metadata

if TYPE_CHECKING:
    import pyarrow as pa

    from r2psim.ensemble.batch.stored_batch import Batch

__all__ = ["FORMATS", "export", "is_own_file"]

ROWS = 65_536
"""Rows of a row group, so that its limits do not depend on how the work was cut."""


def is_own_file(directory: Path, file: Path) -> bool:
    """Say whether a file is one that a batch in a directory consists of."""
    try:
        inside = Path(os.path.realpath(file)).relative_to(os.path.realpath(directory)).parts
    except ValueError:
        return False
    return inside[0] in (*TABLES, *DESCRIPTIONS)


def _pieces(batch: Batch, table: str) -> Iterator[pa.Table]:
    """Give the rows in pieces of one length, the last one shorter."""
    import pyarrow as pa

    waiting: list[pa.Table] = []
    rows = 0
    for piece in batch._in_order(table, None, None, True):
        waiting.append(piece)
        rows += piece.num_rows
        if rows >= ROWS:
            whole = pa.concat_tables(waiting).combine_chunks()
            while whole.num_rows >= ROWS:
                yield pa.concat_tables([whole.slice(0, ROWS)]).combine_chunks()
                whole = whole.slice(ROWS)
            waiting, rows = [whole], whole.num_rows
    if rows:
        yield pa.concat_tables(waiting).combine_chunks()


def _csv(batch: Batch, table: str, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.csv as pv

    schema = batch._shape(table, None, True)
    plain = pa.schema([pa.field(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in schema])
    with pv.CSVWriter(file, plain) as writer:
        for piece in _pieces(batch, table):
            writer.write_table(piece.cast(plain))


def _parquet(batch: Batch, table: str, file: Path) -> None:
    import pyarrow.parquet as pq

    schema = batch._shape(table, None, True)
    schema = schema.with_metadata(file_metadata(schema))
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for piece in _pieces(batch, table):
            writer.write_table(piece.cast(schema), row_group_size=ROWS)


def _netcdf(batch: Batch, table: str, file: Path) -> None:
    if table == "points":
        raise OutputError("netcdf holds points as coordinates of the runs: leave --table out")
    try:
        found = batch.to_xarray(series=() if table == "runs" else None)
    except ImportError as error:
        raise OutputError(str(error)) from None
    for name in found.coords:
        if found[name].dtype == bool:
            found = found.assign_coords({name: found[name].astype("int8")})
    # The classic format with large offsets: everything reads it, and SciPy writes it.
    found.to_netcdf(file, engine="scipy", format="NETCDF3_64BIT")


FORMATS: dict[str, tuple[str, Callable[[Batch, str, Path], None]]] = {
    "csv": ("csv", _csv),
    "parquet": ("parquet", _parquet),
    "netcdf": ("nc", _netcdf),
}
"""Formats by name, with the ending of their files."""


def export(batch: Batch, form: str, file: Path, table: str = "runs", replace: bool = True) -> None:
    """Write all rows of a table, with what each point was set to, in order of points, policies and runs.

    Parameters
    ----------
    batch : Batch
        Finished or not; an unfinished one gives what it has.
    form : str
        One of `FORMATS`.
    file : Path
        Where to.
    table : str
        ``runs``, ``series`` or ``points``.
    replace : bool
        Whether a file of that name is replaced.

    Raises
    ------
    OutputError
        If the batch is damaged, or the file cannot be written.
    """
    check_file(file, replace)
    fill_file(file, lambda aside: FORMATS[form][1](batch, table, aside), replace)
