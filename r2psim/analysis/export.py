"""A run on disk: series and events as Parquet, what was run, and what is needed to run it again."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from r2psim.world.history import History

__all__ = ["OutputError", "new_directory", "provenance", "write_run"]

SCHEMA_VERSION = 1
MARK = "provenance.json"


class OutputError(Exception):
    """An output directory that cannot be written; the message says which and why."""


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.part")


@contextmanager
def new_directory(target: Path, force: bool = False) -> Iterator[Path]:
    """Write a directory aside and put it in place only when everything in it is finished.

    Parameters
    ----------
    target : Path
        Must not exist, or be empty; with ``force`` an output of an earlier run is replaced.
    force : bool
        Replace an earlier output (a directory that holds a ``provenance.json``); anything else is never touched.

    Raises
    ------
    OutputError
        If the target is something else's, or cannot be written.
    """
    if target.exists():
        if not target.is_dir():
            raise OutputError(f"{target}: is a file, and a directory is needed")
        if any(target.iterdir()):
            if not (target / MARK).is_file():
                raise OutputError(f"{target}: is not empty and not an output of r2psim; name a new directory")
            if not force:
                raise OutputError(f"{target}: holds an earlier output; name a new directory, or say --force")
    part = _temporary(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror}") from error
    try:
        yield part
        if target.exists():
            shutil.rmtree(target)
        part.rename(target)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def provenance(**facts: Any) -> dict[str, Any]:
    """Give what is needed to make an output again: versions, command, and the facts given."""
    from r2psim.rules.compiled import source_digest

    return {
        "schema": SCHEMA_VERSION,
        "r2psim": version("r2psim"),
        "rules": source_digest(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("mesa", "numpy", "numba", "pyarrow")},
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        **facts,
    }


def _write_series(series: dict[str, np.ndarray], rows: tuple[str, ...], file: Path) -> None:
    """Write series as one long table: month, id, and a column for each variable."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    months = next(iter(series.values())).shape[0]
    columns: dict[str, Any] = {
        "month": pa.array(np.repeat(np.arange(-1, months - 1, dtype=np.int32), len(rows))),
        "id": pa.array(list(rows) * months).dictionary_encode(),
    }
    columns.update({name: pa.array(values.ravel()) for name, values in series.items()})
    pq.write_table(pa.table(columns), file, compression="zstd")


def _write_events(history: History, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    events = history.events
    columns: dict[str, Any] = {
        "month": pa.array([e.month for e in events], pa.int32()),
        **{
            name: pa.array([getattr(e, name) for e in events], pa.string())
            for name in ("kind", "state", "group", "what", "before", "after")
        },
        "probability": pa.array([e.probability for e in events], pa.float64()),
    }
    for k in range(3):
        chosen = [e.contributions[k] if k < len(e.contributions) else (None, None) for e in events]
        columns[f"contribution{k + 1}"] = pa.array([c[0] for c in chosen], pa.string())
        columns[f"log_effect{k + 1}"] = pa.array([c[1] for c in chosen], pa.float64())
    pq.write_table(pa.table(columns), file, compression="zstd")


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
        (directory / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
