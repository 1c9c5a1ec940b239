"""A comparison of policies on disk: numbers, every run, every form's spending, and what is needed to run it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from r2psim.analysis.comparison import Comparison
from r2psim.analysis.published import beside_published
from r2psim.ensemble.store import provenance, write_json, write_table
from r2psim.ensemble.tables import bodies_table, ledgers_table, needs_table, runs_table, spending_table

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
        ``ledgers.parquet`` (the same year by year), ``spending.parquet`` (policy, form, stage, US$ a run),
        ``needs.parquet`` (what response was needed, met and unmet), ``bodies.parquet``; of the null twins
        ``null_runs.parquet`` and ``null_ledgers.parquet``; ``resolved.json``, ``provenance.json``.
        `r2psim.ensemble.results.Results.load` reads them, and so does ``r2psim replay``.
    """
    forms = list(comparison.forms)
    tables = {
        "runs": runs_table(comparison.metrics),
        "ledgers": ledgers_table(comparison.ledgers),
        "spending": spending_table(comparison.spending, forms),
        "needs": needs_table(comparison.needs, forms),
        "bodies": bodies_table(comparison.bodies, list(comparison.body_names)),
        "null_runs": runs_table(comparison.null_metrics),
        "null_ledgers": ledgers_table(comparison.null_ledgers),
    }
    for name, table in tables.items():
        write_table(table, directory / f"{name}.parquet")
    summary = comparison.summary()
    drawn: dict[str, Any] = {}
    if comparison.uncertainty != "none":
        summary["published"] = {policy: beside_published(comparison, policy) for policy in comparison.others}
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
        baseline=comparison.baseline,
        discount=comparison.discount,
        **drawn,
    )
    for name, content in (("comparison", summary), ("resolved", resolved), ("provenance", facts)):
        write_json(content, directory / f"{name}.json")
