"""A run on disk: series and events as Parquet, what was run, and what is needed to run it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from r2psim.ensemble.output import new_directory
from r2psim.ensemble.store import OutputError, provenance, write_json, write_table
from r2psim.world.frames import HISTORY_TABLES
from r2psim.world.history import History

__all__ = ["OutputError", "new_directory", "provenance", "write_run"]


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
        Existing; gets ``states.parquet``, ``groups.parquet``, ``bodies.parquet``, ``needs.parquet`` (what response was
        needed, met and unmet by month, state and form), ``events.parquet``, ``summary.json``, ``resolved.json``,
        ``provenance.json``. In the series, month -1 is the start and money is US$; every column carries unit,
        description and source (`r2psim.world.codebook`).
    """
    for name in HISTORY_TABLES:
        write_table(history.to_arrow(name), directory / f"{name}.parquet")
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
