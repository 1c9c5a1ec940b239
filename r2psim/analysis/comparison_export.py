"""A comparison of policies on disk: numbers, every run, every form's spending, and what is needed to run it again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from r2psim.analysis.comparison import Comparison, comparison_of_results
from r2psim.analysis.controls import add_money, added_to
from r2psim.analysis.published_returns import beside_published
from r2psim.ensemble.arrow_tables import (
    bodies_table,
    ledgers_from,
    ledgers_table,
    metrics_from,
    needs_table,
    runs_table,
    spending_table,
)
from r2psim.ensemble.results import Results
from r2psim.ensemble.store import OutputError, provenance, read_table, sealed, write_json, write_table
from r2psim.ensemble.stored_results import as_written
from r2psim.scenario import Scenario

__all__ = ["read_comparison", "write_comparison"]

_ADDED = {
    "metrics": ("added_runs", runs_table),
    "null_metrics": ("added_null_runs", runs_table),
    "ledgers": ("added_ledgers", ledgers_table),
    "null_ledgers": ("added_null_ledgers", ledgers_table),
}
"""What is kept of runs with added money, by policy, each with its file and what makes the table."""


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
        ``null_runs.parquet`` and ``null_ledgers.parquet``; of runs with added money, where there are any, the same four
        as ``added_runs.parquet`` and so on; ``resolved.json``, ``provenance.json``. `read_comparison` and
        `r2psim.ensemble.results.Results.load` read them, and so does ``r2psim replay``.
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
    for part, (name, made) in _ADDED.items() if comparison.added else ():
        tables[name] = made({policy: getattr(added, part)[policy] for policy, added in comparison.added.items()})
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


def read_comparison(directory: Path) -> tuple[Comparison, Scenario]:
    """Read what `write_comparison` wrote, every file checked against what the directory says of itself.

    Parameters
    ----------
    directory : Path
        Of ``r2psim compare --out``.

    Returns
    -------
    comparison : Comparison
        As it was, but for ``yearly``, which is not kept.
    scenario : Scenario
        With everything generated.

    Raises
    ------
    OutputError
        If it holds no comparison, or is damaged; the message names the file.
    """
    results = Results.load(directory)
    facts, contents = sealed(directory)
    try:
        found = comparison_of_results(results, str(facts["baseline"]), float(facts["discount"]))
    except KeyError as error:
        raise OutputError(f"{directory}: holds runs, and no comparison: its provenance.json has no {error}") from None
    except ValueError as error:
        raise OutputError(f"{directory}: holds no comparison: {error}") from None
    file = directory / f"{_ADDED['metrics'][0]}.parquet"
    if not as_written(file, contents):
        return found, results.scenario
    named = [name for name in found.policies if name in results.scenario.policies]
    changed = add_money(results.scenario, named, found.baseline)
    policies = tuple(dict.fromkeys(read_table(file)["policy"].to_pylist()))
    if not set(policies) <= set(changed):
        raise OutputError(f"{file}: is damaged: it has other policies than were run with added money")
    kept: dict[str, dict[str, Any]] = {}
    for part, (name, made) in _ADDED.items():
        file = directory / f"{name}.parquet"
        if not as_written(file, contents):
            raise OutputError(f"{file}: is missing")
        table = read_table(file)
        try:
            kept[part] = (
                metrics_from(table, policies, 0, found.runs)
                if made is runs_table
                else ledgers_from(table, policies, found.runs, found.years)
            )
        except OutputError as error:
            raise OutputError(f"{file}: {error}") from error
    added = {
        policy: added_to(found, changed[policy], policy, {part: values[policy] for part, values in kept.items()})
        for policy in policies
    }
    return replace(found, added=added), results.scenario
