"""`r2psim identify`: nothing heavy is imported before it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r2psim.files import FileError, is_finite, read_toml
from r2psim.scenario.errors import shown
from r2psim.verbs.calibration import FreeTable, Sets, Targets, Threads, free_parameters, wanted_targets
from r2psim.verbs.completion import scenario_names

if TYPE_CHECKING:
    from r2psim.analysis.calibration.identify import Identification
    from r2psim.scenario import Scenario

__all__ = ["identify"]


def write(found: Identification, scenario: Scenario, seed: int, directory: Path) -> None:
    """Write page, tables, numbers and figures into an existing directory."""
    from r2psim.analysis.calibration.identify_report import write_identification
    from r2psim.plots import save
    from r2psim.plots.identification import effects, profiles

    write_identification(found, scenario.title, scenario.name, seed, directory)
    save(effects(found, scenario.title), directory / "effects.png")
    save(profiles(found, scenario.title), directory / "profiles.png")


def _point(directory: Path | None, known: set[str]) -> dict[str, float]:
    """Read the best point of a calibration, or refuse it."""
    if directory is None:
        return {}
    file = directory / "best.toml" if directory.is_dir() else directory
    try:
        found = read_toml(file)
    except FileError as error:
        raise typer.BadParameter(f"{file}: cannot be read as a best point: {error.what}", param_hint="--at") from None
    wrong = [f"{name} is no free parameter here" for name in found if name not in known]
    wrong += [
        f"{name}: {shown(value)} is not allowed: a number" for name, value in found.items() if not is_finite(value)
    ]
    if wrong:
        raise typer.BadParameter(f"{file}: " + "; ".join(wrong), param_hint="--at")
    return {name: float(value) for name, value in found.items()}


def identify(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="WORLD", autocompletion=scenario_names, help="Shipped scenario, or path of a scenario file."
        ),
    ] = ("world"),
    at: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Result of a calibration, around whose best point to look; the defaults if not given."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write page, tables and figures into this new directory.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier output of r2psim in --out.")] = False,
    set_: Sets = None,
    targets: Targets = None,
    free: FreeTable = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Seed of runs and designs.")] = 1,
    runs: Annotated[int, typer.Option(min=2, max=10_000, help="Runs of each point that a slope is taken from.")] = 30,
    points: Annotated[int, typer.Option(min=16, max=65536, help="Evaluations for the emulator.")] = 320,
    years: Annotated[int, typer.Option(min=12, max=200, help="Length of a run.")] = 35,
    threads: Threads = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the report.")] = False,
) -> None:
    """Say what the targets identify: elasticities, and a profile of the distance for each free parameter."""
    from r2psim.analysis.calibration.identify import Effort
    from r2psim.analysis.calibration.identify import identify as look
    from r2psim.analysis.calibration.identify_report import print_identification, summary
    from r2psim.ensemble.output import files_in, output_or_none
    from r2psim.progress import progress
    from r2psim.scenario import load

    wanted, chosen = wanted_targets(targets), free_parameters(free)
    point = _point(at, {f.path for f in chosen})
    loaded = load(scenario, set_ or ())
    effort = Effort(runs=runs, points=points, years=years)
    with output_or_none(out, force) as directory:
        with progress("evaluations", effort.evaluations(len(chosen)), not as_json) as advance:
            found = look(loaded, wanted, chosen, point, seed, effort, threads=threads, advance=advance)
        if directory is not None:
            directory.fill(lambda folder: write(found, loaded, seed, folder))
        if as_json:
            typer.echo(json.dumps(summary(found), allow_nan=False))
        else:
            print_identification(found)
    if out is not None and not as_json:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
