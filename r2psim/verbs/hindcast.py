"""The verb ``hindcast``: what is printed, what is written, and what is not."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from r2psim import terminal
from r2psim.verbs.calibration_curve import show_calibration
from r2psim.verbs.commands import what_next
from r2psim.verbs.panel_hindcast import run_panel

if TYPE_CHECKING:
    from r2psim.analysis.hindcast import Hindcast

__all__ = ["hindcast", "write_hindcast"]

PROBABILITIES = "probabilities.csv"
MOST_YEARS = 20


def write_hindcast(found: Hindcast, directory: Path, probabilities: bool = False) -> None:
    """Write a hindcast.

    Parameters
    ----------
    found : Hindcast
        The hindcast.
    directory : Path
        Existing; gets ``hindcast.json``, ``calibration.csv``, ``hindcast.png`` and ``provenance.json``.
    probabilities : bool
        Whether ``probabilities.csv`` is written too: a row a state, the caveat first.
    """
    from r2psim.analysis.hindcast import PURPOSE
    from r2psim.ensemble.store import provenance, write_json
    from r2psim.plots import hindcast_figure, save

    summary = found.summary()
    write_json(summary, directory / "hindcast.json")
    with (directory / "calibration.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["from", "to", "states", "expected", "observed", "observed_low", "observed_high", "onsets"])
        for row in summary["calibration"]:
            ends = row["observed_95"]
            table.writerow([row[k] for k in ("from", "to", "states", "expected", "observed")] + [*ends, row["onsets"]])
    if probabilities:
        with (directory / PROBABILITIES).open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["caveat", "id", "simulated_share_of_runs", "onset_observed"])
            rows = zip(found.states, found.probabilities, found.happened, strict=True)
            table.writerows([PURPOSE, state, f"{share:.6g}", int(onset)] for state, share, onset in rows)
    save(hindcast_figure(found), directory / "hindcast.png")
    facts = {key: summary[key] for key in ("scenario", "policy", "window", "runs", "seed")}
    write_json(provenance(**facts), directory / "provenance.json")


def hindcast(
    world: Annotated[Path | None, typer.Argument(help="Directory that r2psim import-world wrote.")] = None,
    panel: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Instead of one world: a directory with the files of a panel of years."),
    ] = None,
    onsets: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Observed onsets: year and iso3 or ccode; a row for each, or a 0/1 column."),
    ] = None,
    years: Annotated[
        str | None,
        typer.Option(
            metavar="YEARS",
            help="Of a world: how many years after that of its data (2). Of a panel: years of the data, such as"
            " 1993-2008 or 1993,1995; all if not given, and each window is the two years after.",
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Other forecasts of the panel: prev_year or year, a state, a probability."),
    ] = None,
    runs: Annotated[int, typer.Option(min=10, max=1_000_000, help="Runs; of a panel, of each window.")] = 1000,
    draws: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Of a panel: draws of what no file tells, a window (20).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of all chance.")] = 1,
    policy: Annotated[str, typer.Option(help="Policy; the default is the present.")] = "late-response",
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="STATE", help="Of a panel: leave out this state, by ISO code, number or name."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write numbers and a figure into this new directory.")] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Write those of single states into --out too, with the caveat.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier output of r2psim in --out.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, max=1024, help="Threads; all processors if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
) -> None:
    """Hold imported worlds against the onsets that followed: to validate the model, not to forecast."""
    if (world is None) == (panel is None):
        raise typer.BadParameter("either a directory that import-world wrote, or --panel with one of data files")
    if panel is not None:
        if probabilities:
            raise typer.BadParameter("--probabilities is of one world: a panel is told in sums only")
        if force:
            raise typer.BadParameter("--force is of one world: a panel goes on in the directory that it began")
        run_panel(
            panel, onsets, years, against, runs, draws or 20, seed, policy, leave_out or (), out, threads, as_json
        )
        return
    assert world is not None
    for option, given in (("--against", against), ("--draws", draws), ("--leave-out", leave_out)):
        if given is not None:
            raise typer.BadParameter(f"{option} needs --panel")
    if onsets is None:
        raise typer.BadParameter("--onsets is needed: a world holds none")
    _hindcast_world(world, onsets, _length(years), runs, seed, policy, out, probabilities, force, threads, as_json)


def _length(years: str | None) -> int:
    """Read the length of a window."""
    if years is None:
        return 2
    if years.isascii() and years.isdecimal() and 1 <= int(years) <= MOST_YEARS:
        return int(years)
    raise typer.BadParameter(
        f"{years} is not allowed: of a world a whole number of years, 1 to {MOST_YEARS}", param_hint="--years"
    )


def _hindcast_world(
    world: Path,
    onsets: Path,
    years: int,
    runs: int,
    seed: int,
    policy: str,
    out: Path | None,
    probabilities: bool,
    force: bool,
    threads: int | None,
    as_json: bool,
) -> None:
    """Run one world and tell what came of it."""
    from r2psim.analysis.hindcast import hindcast as run_world
    from r2psim.ensemble.output import files_in, output_or_none
    from r2psim.progress import progress

    if probabilities and out is None:
        raise typer.BadParameter("--probabilities needs --out: probabilities of single states are not printed")
    with output_or_none(out, force) as directory:
        with progress("runs", runs, not as_json) as advance:
            found = run_world(world, onsets, years, runs, seed, policy, threads, advance=advance)
        if directory is not None:
            directory.fill(lambda folder: write_hindcast(found, folder, probabilities))
        summary = found.summary()
        if as_json:
            typer.echo(json.dumps(summary, allow_nan=False))
        else:
            _show(summary)
    if out is not None and not as_json:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
        what_next(["report", out], "one page of it")


def _show(summary: dict[str, Any]) -> None:
    """Print a hindcast, what it is for first and last."""
    from r2psim.analysis.study_words import hindcast_lines

    console = terminal.console()
    console.print(f"{summary['purpose']}\n", style="bold")
    for line in hindcast_lines(summary):
        console.print(line)
    show_calibration(console, summary)
    console.print("\nA model's world: it explains mechanisms, it forecasts no country.")
