"""A comparison of policies on disk: numbers, every run, every form's spending, and what is needed to run it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from r2psim.analysis.comparison import Comparison
from r2psim.analysis.published import beside_published
from r2psim.ensemble.store import provenance, write_json, write_table
from r2psim.ensemble.tables import runs_table, spending_table

__all__ = ["write_comparison"]


def write_comparison(comparison: Comparison, resolved: dict[str, Any], directory: Path) -> None:
    """Write a comparison.

    Parameters
    ----------
    comparison : Comparison
        What was run.
    resolved : dict
        The scenario with everything generated and every default filled in.
    directory : Path
        Existing; gets ``comparison.json``, ``runs.parquet`` (a row for each policy and run, a column for each metric),
        ``spending.parquet`` (policy, form, stage, US$ a run), ``resolved.json``, ``provenance.json``.
        `r2psim.ensemble.results.Results.load` reads them, and so does ``r2psim replay``.
    """
    write_table(
        runs_table({policy: comparison.metrics[policy] for policy in comparison.policies}), directory / "runs.parquet"
    )
    spent = {policy: comparison.spending[policy] for policy in comparison.policies}
    write_table(spending_table(spent, list(comparison.forms)), directory / "spending.parquet")
    summary = comparison.summary()
    drawn: dict[str, Any] = {}
    if comparison.uncertainty != "none":
        summary["published"] = beside_published(comparison)
        drawn = {"uncertainty": comparison.uncertainty, "drawn": list(comparison.drawn)}
    if comparison.overrides:
        drawn["overrides"] = dict(comparison.overrides)
    facts = provenance(
        scenario=comparison.scenario,
        policies=list(comparison.policies),
        seed=comparison.seed,
        runs=comparison.runs,
        months=comparison.months,
        first_run=0,
        **drawn,
    )
    for name, content in (("comparison", summary), ("resolved", resolved), ("provenance", facts)):
        write_json(content, directory / f"{name}.json")
