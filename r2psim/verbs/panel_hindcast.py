"""The verb ``hindcast`` with ``--panel``: many windows, pooled; what is printed and what is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from r2psim import terminal
from r2psim.analysis.panel_words import compared, told
from r2psim.verbs.calibration_curve import show_calibration

if TYPE_CHECKING:
    from r2psim.analysis.panel_hindcast import PanelHindcast

__all__ = ["run_panel", "write_panel", "years_asked"]

_MOST_YEARS = 300
_SEEDS = 2**62
_SPAN = re.compile(r"(\d{4})(?:\s*(?:-|to)\s*(\d{4}))?", re.ASCII)


def years_asked(text: str) -> tuple[int, ...]:
    """Read years such as 1993-2008, or 1993,1995-1999.

    Raises
    ------
    typer.BadParameter
        If they cannot be read.

    Examples
    --------
    >>> years_asked("1993, 1995-1997")
    (1993, 1995, 1996, 1997)
    """
    found: list[int] = []
    for part in text.split(","):
        span = _SPAN.fullmatch(part.strip())
        first, last = (int(span[1]), int(span[2] or span[1])) if span else (1, 0)
        if last < first or last - first > _MOST_YEARS:
            allowed = "years of the data such as 1993-2008 or 1993,1995"
            raise typer.BadParameter(f"{part.strip() or text!r} is not allowed: {allowed}", param_hint="--years")
        found += range(first, last + 1)
    return tuple(dict.fromkeys(found))


def write_panel(found: PanelHindcast, directory: Path) -> None:
    """Write a hindcast of a panel.

    Parameters
    ----------
    found : PanelHindcast
        The hindcast.
    directory : Path
        Existing; gets ``panel-hindcast.json``, ``calibration.csv``, ``windows.csv``, ``hindcast.png`` and
        ``provenance.json``.
    """
    from r2psim.ensemble.store import provenance, write_json
    from r2psim.plots import panel_hindcast_figure, save
    from r2psim.verbs.studies import write_table

    summary = found.summary()
    write_json(summary, directory / "panel-hindcast.json")
    classes = [dict(row) for row in summary["calibration"]]
    for row in classes:
        row["observed_low"], row["observed_high"] = row.pop("observed_95")
    write_table(classes, directory / "calibration.csv")
    write_table(summary["windows"], directory / "windows.csv")
    save(panel_hindcast_figure(found), directory / "hindcast.png")
    facts = {key: summary[key] for key in ("policy", "years", "window", "runs", "draws", "seed")}
    write_json(provenance(kind="panel-hindcast", **facts), directory / "provenance.json")


def run_panel(
    panel: Path,
    onsets: Path | None,
    years: str | None,
    against: Path | None,
    runs: int,
    draws: int,
    seed: int,
    policy: str,
    leave_out: Sequence[str],
    out: Path | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Run the windows of a panel and tell what came of them; options as of the verb."""
    from r2psim.analysis.panel_hindcast import FOLDER, hindcast_panel, panel_years
    from r2psim.ensemble.output import OutputDirectory, files_in
    from r2psim.ensemble.store import OutputError
    from r2psim.progress import notice, progress
    from r2psim.scenario import ScenarioError

    chosen = panel_years(panel, None if years is None else years_asked(years), onsets)
    if draws > runs:
        raise typer.BadParameter(f"{draws} draws need as many runs a window at least, not {runs}", param_hint="--draws")
    if seed >= _SEEDS:
        raise typer.BadParameter(f"{seed} is not allowed: of a panel below {_SEEDS:,}", param_hint="--seed")
    left = [state.strip() for text in leave_out for state in text.split(",") if state.strip()]
    try:
        with progress("runs", runs * len(chosen), not as_json) as advance:
            found = hindcast_panel(
                panel, chosen, against, onsets, runs, draws, seed, policy, left, threads, out, advance
            )
    except BaseException as error:
        refused = isinstance(error, OutputError | ScenarioError)
        if out is not None and not refused and any((out / FOLDER).glob("*.npz")):
            notice(f"finished windows are kept in {out}: the same command goes on from them")
        raise
    if out is not None:
        with OutputDirectory(out, growing=True) as directory:
            directory.fill(lambda folder: write_panel(found, folder))
    if as_json:
        typer.echo(json.dumps(found.summary(), allow_nan=False))
        return
    _show(found.summary())
    if out is not None:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")


def _show(summary: Mapping[str, Any]) -> None:
    """Print a hindcast of a panel, what it is for first and last."""
    console = terminal.console()
    console.print(f"{summary['purpose']}\n", style="bold")
    for line in told(summary):
        console.print(line)
    console.print("\nBeside other forecasts of the same states and windows")
    for line in compared(summary):
        console.print(f"- {line}")
    show_calibration(console, summary)
    console.print("\nModel worlds: they explain mechanisms, they forecast no country.")
