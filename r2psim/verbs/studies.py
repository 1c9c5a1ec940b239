"""What studies of the cost argument share on the command line: their cost, said before; progress; what is written."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from r2psim.analysis.cached_runs import seconds_a_run
from r2psim.analysis.row_store import FOLDER
from r2psim.ensemble.output import OutputDirectory
from r2psim.ensemble.store import OutputError, provenance, write_json
from r2psim.progress import notice, progress, wanted
from r2psim.scenario import ScenarioError
from r2psim.scenario.posterior import present_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from r2psim.scenario import Scenario

__all__ = [
    "doing",
    "duration_words",
    "finish",
    "naming",
    "state_cost",
    "tell_dry",
    "tell_notes",
    "wanted_uncertainty",
    "write_study",
    "write_table",
]


@contextmanager
def naming(option: str) -> Iterator[None]:
    """Say of what is not allowed which option it was given with."""
    try:
        yield
    except ScenarioError:  # which names its place itself
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def tell_notes(scenario: Scenario, policies: Sequence[str]) -> None:
    """Say on the error stream where a value that is set for all policies meets one of theirs."""
    for note in scenario.notes(policies):
        typer.echo(f"note: {note}", err=True)


def wanted_uncertainty(named: str) -> str:
    """Give the present name of a kind of uncertainty, told where an older one was given."""
    with naming("--uncertainty"):
        kind = present_name(named)
    if kind != named:
        typer.echo(f"note: --uncertainty {named} is the older name of {kind}", err=True)
    return kind


def duration_words(seconds: float) -> str:
    """Write a time for reading.

    Examples
    --------
    >>> duration_words(0.4), duration_words(72.0), duration_words(600.0), duration_words(10_000.0)
    ('1 s', '70 s', '10 min', '2.8 h')
    """
    if seconds < 90.0:
        return f"{max(1, round(seconds)) if seconds < 20.0 else 10 * round(seconds / 10.0)} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 5400.0 else f"{seconds / 3600.0:.2g} h"


def state_cost(
    scenario: Scenario,
    policies: Sequence[str],
    years: int,
    threads: int | None,
    runs: tuple[int, int],
    also: str = "",
) -> dict[str, float]:
    """Say on the error stream what a study takes before it starts, measured by a few runs; give it as plain data.

    Parameters
    ----------
    scenario, policies, years, threads
        What is run.
    runs : (int, int)
        Runs that it takes at least and at most, null twins included.
    also : str
        Said beside their number.

    Returns
    -------
    dict of str to float
        Runs at least and at most, seconds a run on free processors, and seconds of them all.
    """
    each = seconds_a_run(scenario, policies, years, threads)
    least, most = runs
    count = f"{most:,} runs" if least == most else f"{least:,} to {most:,} runs"
    time = duration_words(most * each)
    if least != most and duration_words(least * each) != time:
        time = f"{duration_words(least * each)} to {time}"
    beside = f", {also}" if also else ""
    notice(f"{count}{beside}: about {time} on free processors, at {1000.0 * each:.2g} ms a run")
    return {
        "runs_at_least": least,
        "runs_at_most": most,
        "seconds_a_run": each,
        "seconds_at_least": least * each,
        "seconds_at_most": most * each,
    }


def tell_dry(cost: Mapping[str, Any], as_json: bool) -> None:
    """Say at the end of a dry run what it would have taken: as one JSON object, or where nothing was said of it."""
    if as_json:
        typer.echo(json.dumps({"dry_run": True, **cost}, allow_nan=False))
    elif not wanted() and "seconds_at_most" in cost:
        # Who wants no notices asked for this answer all the same.
        typer.echo(f"at most {cost['runs_at_most']:,} runs: about {duration_words(cost['seconds_at_most'])}", err=True)


@contextmanager
def doing(total: int, show: bool, out: Path | None) -> Iterator[Callable[[int], None]]:
    """Show progress; where the work ends early, say what is kept."""
    try:
        with progress("runs, at most", total, show) as advance:
            yield advance
    except BaseException as error:
        if out is not None and not isinstance(error, OutputError) and any((out / FOLDER).glob("*.npz")):
            notice(f"finished runs are kept in {out}: the same command goes on from them")
        raise


def write_table(rows: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Write rows of plain data as CSV; what is None is left empty."""
    with file.open("w", encoding="utf-8", newline="") as text:
        table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def write_study(
    name: str,
    summary: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    figures: Mapping[str, Figure],
    directory: Path,
) -> None:
    """Write a study: numbers, a table, figures, and what is needed to make it again.

    Parameters
    ----------
    name : str
        Of the study, and of its files.
    summary, rows
        Everything; and the table, a row for each thing that was looked at.
    figures : mapping of str to Figure
        By name of the file.
    directory : Path
        Existing.
    """
    from r2psim.plots import save

    write_json(summary, directory / f"{name}.json")
    write_table(rows, directory / f"{name}.csv")
    for file, figure in figures.items():
        save(figure, directory / f"{file}.png")
    facts = {key: value for key, value in summary.items() if isinstance(value, str | int | float)}
    write_json(provenance(kind=name, **facts), directory / "provenance.json")


def finish(out: Path | None, write: Callable[[Path], object]) -> None:
    """Write a finished study beside the runs that were kept of it."""
    if out is not None:
        with OutputDirectory(out, growing=True) as directory:
            directory.fill(write)
