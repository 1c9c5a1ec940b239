"""A run on disk: series and events as Parquet, what was run, and what is needed to run it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from r2psim.ensemble.store import OutputError, new_directory, provenance, write_json, write_table
from r2psim.ensemble.tables import START, event_columns
from r2psim.world.history import History

__all__ = ["OutputError", "new_directory", "provenance", "write_run"]


def _write_series(series: dict[str, np.ndarray], rows: tuple[str, ...], file: Path) -> None:
    """Write series as one long table: month, id, and a column for each variable."""
    import pyarrow as pa

    months = next(iter(series.values())).shape[0]
    columns: dict[str, Any] = {
        "month": pa.array(np.repeat(np.arange(START, START + months, dtype=np.int32), len(rows))),
        "id": pa.array(list(rows) * months).dictionary_encode(),
    }
    columns.update({name: pa.array(values.ravel()) for name, values in series.items()})
    write_table(pa.table(columns), file)


def _write_events(history: History, file: Path) -> None:
    import pyarrow as pa

    write_table(pa.table(event_columns(history.events)), file)


def write_run(history: History, resolved: dict[str, Any], summary: dict[str, Any], directory: Path) -> None:
    """Write one run.

    Parameters
    ----------
    history : History
        The finished run.
    resolved : dict
        The scenario with every default filled in.
    summary : dict
        Its numbers, as `r2psim.analysis.summary.summarise` gives them.
    directory : Path
        Existing; gets ``states.parquet``, ``groups.parquet``, ``bodies.parquet``, ``events.parquet``, ``summary.json``,
        ``resolved.json``, ``provenance.json``. In the series, month -1 is the start.
    """
    _write_series(history.state, history.world.states, directory / "states.parquet")
    _write_series(history.group, history.world.groups, directory / "groups.parquet")
    _write_series(history.body, history.world.bodies, directory / "bodies.parquet")
    _write_events(history, directory / "events.parquet")
    facts = provenance(
        scenario=history.scenario,
        policy=history.policy,
        seed=history.seed,
        run=history.run,
        months=history.months,
        sha256=history.sha256,
    )
    for name, content in (("summary", summary), ("resolved", resolved), ("provenance", facts)):
        write_json(content, directory / f"{name}.json")
