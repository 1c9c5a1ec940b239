"""`r2psim warning`: what warning is worth. Nothing heavy is imported before it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r2psim import terminal
from r2psim.verbs.commands import what_next
from r2psim.verbs.completion import ScenarioName, policy_names

if TYPE_CHECKING:
    from r2psim.analysis.warning_value import Warnings

__all__ = ["warning", "write_warning"]


def write_warning(found: Warnings, directory: Path) -> None:
    """Write what warning is worth.

    Parameters
    ----------
    found : Warnings
        As `r2psim.warning_value` gives it.
    directory : Path
        Existing; gets ``warning.json``, ``warning.csv``, ``warning.png`` and ``provenance.json``.
    """
    from r2psim.plots.warning_value import warning_figure
    from r2psim.verbs.studies import write_study

    write_study("warning", found.summary(), found.rows(), {"warning": warning_figure(found)}, directory)


def warning(
    scenario: ScenarioName,
    policy: Annotated[
        str, typer.Option(autocompletion=policy_names, help="Policy under which everything is run.")
    ] = "prevention",
    runs: Annotated[int, typer.Option(min=2, max=1_000_000, help="Runs of each quality of warning.")] = 400,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of all chance.")] = 1,
    years: Annotated[int | None, typer.Option(min=4, max=200, help="Length of a run; the scenario's.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change one value of the scenario.")
    ] = None,
    uncertainty: Annotated[
        str, typer.Option(metavar="none|rates|effects|all", help="What each run draws for itself.")
    ] = "none",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write table and figure here; interrupted, it goes on from it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and run nothing more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
) -> None:
    """Say what warning is worth at a fixed budget: lives, false alarms, misses, and money spent in vain."""
    from r2psim.analysis.warning_value import SIGHTS, check_sight, warning_value
    from r2psim.ensemble.output import files_in
    from r2psim.scenario import load
    from r2psim.verbs.studies import doing, finish, naming, state_cost, tell_dry, tell_notes, wanted_uncertainty
    from r2psim.world.expand import expand

    full = expand(load(scenario, set_ or ()))
    uncertainty = wanted_uncertainty(uncertainty)
    full.policy(policy)
    with naming("--set"):
        check_sight(full, policy)
    tell_notes(full, (policy,))
    if (years or full.years) < 4:
        raise typer.BadParameter(f"{full.years} is not allowed: at least 4", param_hint="--years")
    total = 2 * runs * len(SIGHTS)
    cost = state_cost(full, (policy,), years or full.years, 1, (total, total))
    if dry_run:
        tell_dry(cost, as_json)
        return
    with doing(total, not as_json, out) as advance:
        found = warning_value(full, policy, runs, seed, years, out, advance, uncertainty)
    finish(out, lambda folder: write_warning(found, folder))
    if as_json:
        typer.echo(json.dumps(found.summary(), allow_nan=False))
        return
    _show(found)
    if out is not None:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
        what_next(["report", out], "one page of it")


def _show(found: Warnings) -> None:
    """Print a row for each quality of warning, and the best thresholds."""
    from rich.table import Table

    from r2psim.analysis.published_returns import carried
    from r2psim.analysis.study_words import sight_cells, threshold_words

    console = terminal.console(118)
    console.print(found.title, style="bold")
    console.print(
        f"{found.policy}, {found.runs} runs of {found.years} years of each sight, seed {found.seed}; "
        f"{carried(found.uncertainty)}\n"
    )
    heads = ("what is seen", "AUC", "fewer killed (95 %)", "true", "false", "missed", "money in vain")
    table = Table(*heads, box=None, pad_edge=False)
    for sight in found.sights:
        table.add_row(*sight_cells(sight.row()))
    console.print(table)
    console.print("\nBest threshold, where acting in time saves so many times what acting costs:")
    for sight in found.sights:
        console.print(f"  {sight.name}: {threshold_words(sight.row())}", markup=False)
    console.print("\nMoney in vain: spent on prevention where, in the null twin, no imminent risk ever came.")
    console.print("A model's world: it explains mechanisms, it forecasts no country.")
