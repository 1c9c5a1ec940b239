"""The verb ``value-of-information``: what it would be worth to know, before choosing a policy."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r2psim import terminal
from r2psim.verbs.commands import what_next
from r2psim.verbs.completion import ScenarioName, policy_list

if TYPE_CHECKING:
    from r2psim.analysis.value_of_information import ValueOfInformation

__all__ = ["value_of_information", "write_value"]

SHOWN = 12


def write_value(found: ValueOfInformation, directory: Path) -> None:
    """Write a value of information.

    Parameters
    ----------
    found : ValueOfInformation
        As `r2psim.analysis.value_of_information.value_of_information` gives it.
    directory : Path
        Existing; gets ``value-of-information.json``, ``value-of-information.csv`` and ``provenance.json``.
    """
    from r2psim.ensemble.store import provenance, write_json

    summary = found.summary()
    write_json(summary, directory / "value-of-information.json")
    with (directory / "value-of-information.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [summary["everything"], *summary["groups"]]
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    facts = {key: summary[key] for key in ("scenario", "policies", "outcome", "runs", "seed")}
    write_json(provenance(**facts), directory / "provenance.json")


def value_of_information(
    scenario: ScenarioName,
    policies: Annotated[
        str, typer.Option(autocompletion=policy_list, help="Between which, separated by commas.")
    ] = "late-response,prevention",
    outcome: Annotated[
        str, typer.Option(help="What the choice is about: deaths, episodes, prevention_and_response, ...")
    ] = "deaths",
    runs: Annotated[int, typer.Option(min=50, max=10_000_000, help="Runs, each with a draw of its own.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of all chance.")] = 1,
    years: Annotated[int | None, typer.Option(min=1, max=200, help="Length of a run; the scenario's.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change one value of the scenario.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write tables into this new directory.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier output of r2psim in --out.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, max=1024, help="Threads; all processors if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
) -> None:
    """Say what it would be worth to know effects and rates before choosing a policy: which study would matter most."""
    from r2psim.analysis.value_of_information import OUTCOMES
    from r2psim.analysis.value_of_information import value_of_information as estimate
    from r2psim.ensemble.former_names import hint
    from r2psim.ensemble.output import files_in, output_or_none
    from r2psim.progress import progress
    from r2psim.scenario import load

    if outcome not in OUTCOMES:
        said = f"one of {', '.join(OUTCOMES)}{hint(outcome, OUTCOMES)}"
        raise typer.BadParameter(f"{outcome} is not allowed: {said}", param_hint="--outcome")
    chosen = list(dict.fromkeys(name.strip() for name in policies.split(",") if name.strip()))
    if len(chosen) < 2:
        raise typer.BadParameter("at least two are needed, to choose between", param_hint="--policies")
    loaded = load(scenario, set_ or ())
    for policy in chosen:
        loaded.policy(policy)
    with output_or_none(out, force) as directory:
        with progress("runs", runs * len(chosen), not as_json) as advance:
            found = estimate(loaded, chosen, outcome, runs, seed, years, threads, advance)
        if directory is not None:
            directory.fill(lambda folder: write_value(found, folder))
        if as_json:
            typer.echo(json.dumps(found.summary(), allow_nan=False))
        else:
            _show(found)
    if out is not None and not as_json:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
        what_next(["report", out], "one page of it")


def _show(found: ValueOfInformation) -> None:
    """Print the values, the largest first, and what they mean."""
    from rich.table import Table

    from r2psim.analysis.study_words import worth_cells

    console = terminal.console()
    told = ", ".join(f"{policy} {mean:,.4g}" for policy, mean in found.means.items())
    console.print(
        f"{found.scenario}, {found.runs:,} runs, seed {found.seed}: mean {found.outcome} ({found.unit}): {told}"
    )
    console.print(f"Without knowing more, {found.best} is the better choice.")
    table = Table("what would be known", "parameters", f"worth ({found.unit})", "noise", "", box=None, pad_edge=False)
    for column in table.columns[1:4]:
        column.justify = "right"
    summary = found.summary()
    for row in (summary["everything"], *summary["groups"][:SHOWN]):
        table.add_row(*worth_cells(row))
    console.print(table)
    if len(found.groups) > SHOWN:
        console.print(f"... and {len(found.groups) - SHOWN} more groups, each worth no more.")
    console.print(
        "Worth: by how much the outcome would be lower on average if one knew before choosing. Noise: what the same "
        "estimate gives in 95 % of cases where nothing can be learnt."
    )
