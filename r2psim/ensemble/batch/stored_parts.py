"""Parts read back, each checked against the hash that the manifest has of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from r2psim.ensemble.batch.manifest import Entry
from r2psim.ensemble.batch.parts import Parts
from r2psim.ensemble.store import OutputError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["AGAIN", "read_part"]

AGAIN = "run the same batch again to mend it"


def read_part(parts: Parts, table: str, entry: Entry, columns: Sequence[str]) -> pa.Table:
    """Read columns of the part of a stretch.

    Raises
    ------
    OutputError
        If it is missing, or its content is not what was written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    name, digest = next((name, digest) for own, name, digest, _ in entry.files() if own == table)
    try:
        with parts.open(table, name) as file:
            content = file.read()
    except OSError as error:
        raise OutputError(f"the part {table}/{name} cannot be read: {error.strerror or error}; {AGAIN}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise OutputError(f"the part {table}/{name} is damaged; {AGAIN}")
    found = pq.read_table(pa.BufferReader(content), columns=list(columns))
    return found.replace_schema_metadata(None).combine_chunks()
