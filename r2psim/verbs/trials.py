"""The verb ``trials``: the model held against published estimates of what assistance does."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r2psim import terminal
from r2psim.verbs.commands import what_next
from r2psim.verbs.completion import policy_names, scenario_names

if TYPE_CHECKING:
    from r2psim.analysis.trials import Trials

__all__ = ["trials", "write_trials"]

WIDTH = 132
HEAD = ("trial", "estimand", "published", "simulated", "verdict", "reached", "at work", "entries")


def write_trials(found: Trials, directory: Path) -> None:
    """Write trials.

    Parameters
    ----------
    found : Trials
        As `r2psim.analysis.trials.run_trials` gives it.
    directory : Path
        Existing; gets ``trials.json``, ``trials.csv``, ``forest.png`` and ``provenance.json``.
    """
    from r2psim.ensemble.store import provenance, write_json
    from r2psim.plots import forest_plot, save

    summary = found.summary()
    write_json(summary, directory / "trials.json")
    with (directory / "trials.csv").open("w", encoding="utf-8", newline="") as file:
        rows = found.rows()
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        for row in rows:
            table.writerow({key: "; ".join(value) if isinstance(value, list) else value for key, value in row.items()})
    save(forest_plot(found), directory / "forest.png")
    facts = {key: summary[key] for key in ("scenario", "policy", "runs", "years", "seed")}
    write_json(provenance(kind="trials", **facts), directory / "provenance.json")


def trials(
    names: Annotated[list[str] | None, typer.Argument(metavar="[TRIAL]...", help="Which; all if not given.")] = None,
    scenario: Annotated[
        str, typer.Option(autocompletion=scenario_names, help="Shipped scenario, or path of a scenario file.")
    ] = "world",
    file: Annotated[Path | None, typer.Option("--file", help="Trials of your own: see r2psim schema --trials.")] = None,
    policy: Annotated[
        str, typer.Option(autocompletion=policy_names, help="What bodies do beside the trial.")
    ] = "late-response",
    runs: Annotated[int, typer.Option(min=2, max=100_000, help="Pairs of runs of each; a pair shares its luck.")] = 100,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of all chance.")] = 1,
    years: Annotated[int | None, typer.Option(min=2, max=200, help="Length of a run; the scenario's.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change one value of the scenario.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write tables and a forest plot here; interrupted trials go on from it."),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=1024, help="Threads.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
) -> None:
    """Run published estimates of what assistance does as trials, and print published beside simulated."""
    from r2psim.analysis.trials import run_trials
    from r2psim.analysis.trials.enrolment import FOLDER
    from r2psim.analysis.trials.studies import settings_of
    from r2psim.ensemble.former_names import hint
    from r2psim.ensemble.output import OutputDirectory, files_in
    from r2psim.ensemble.store import OutputError
    from r2psim.progress import progress
    from r2psim.scenario import load
    from r2psim.scenario.errors import listing
    from r2psim.scenario.plugged import plugged_file, plugged_names
    from r2psim.scenario.trials import read_trials, shipped_trials

    if file is not None and str(file) in plugged_names("trials") and not file.exists():
        file = plugged_file("trials", str(file))
    known = shipped_trials() if file is None else read_trials(file)
    for name in names or ():
        if name not in known:
            raise typer.BadParameter(f"{name} is not allowed: one of {listing(known, limit=40)}{hint(name, known)}")
    chosen = {name: known[name] for name in names or known}
    loaded = load(scenario, set_ or ())
    loaded.policy(policy)
    for note in loaded.notes((policy,)):
        typer.echo(f"note: {note}", err=True)
    try:
        with progress("runs", 2 * runs * settings_of(list(chosen.values())), not as_json) as advance:
            found = run_trials(
                loaded, chosen, runs, seed, policy, years, threads, advance=advance, directory=out, among=known
            )
    except BaseException as error:
        refused = isinstance(error, OutputError)
        if out is not None and not refused and any((out / FOLDER).glob("*.npz")):
            typer.echo(f"finished runs are kept in {out}: the same command goes on from them", err=True)
        raise
    if out is not None:
        with OutputDirectory(out, growing=True) as directory:
            directory.fill(lambda folder: write_trials(found, folder))
    if as_json:
        typer.echo(json.dumps(found.summary(), allow_nan=False))
        return
    _show(found)
    if out is not None:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
        what_next(["report", out], "one page of it")


def _show(found: Trials) -> None:
    """Print the table, then what its words mean."""
    from rich.table import Table

    from r2psim.analysis.study_words import ratio_words, share_words

    summary = found.summary()
    # A name that is cut off to a narrow terminal says nothing; lines wrap instead.
    console = terminal.console(WIDTH)
    table = Table(*HEAD, box=None, pad_edge=False)
    for column in table.columns[5:]:
        column.justify = "right"
    for row in summary["trials"]:
        table.add_row(
            row["trial"] + ("" if row["use"] == "fit" else " *"),
            row["estimand"],
            ratio_words(row, "published"),
            ratio_words(row, "simulated"),
            row["verdict"],
            share_words(row["reached"]),
            share_words(row["at_work"]),
            f"{row['entries']:,}",
        )
    console.print(table)
    console.print(
        f"\n{summary['numeric_overlapping']} of {summary['numeric']} published sizes overlap; "
        f"{summary['directions_agreeing']} of {summary['directions']} directions are met."
    )
    for verdict in dict.fromkeys(row["verdict"] for row in summary["trials"]):
        console.print(f"- {verdict}: {summary['verdicts'][verdict]}")
    console.print(
        "Ratios are those of the treated to the others, both arms under the same luck. Reached: mean share of the "
        "catalogue's effect that arrived; at work: share of the months in which at least half of it did. "
        "*: never fitted."
    )
