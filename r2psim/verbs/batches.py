"""`r2psim batch`, `r2psim status` and `r2psim results`: do an experiment, see how far it is, take what it found.

Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from r2psim.files import TOML, read_text
from r2psim.progress import Interrupted
from r2psim.terminal import command

if TYPE_CHECKING:
    from r2psim.ensemble.batch.designs import Points
    from r2psim.ensemble.batch.directory import Mended
    from r2psim.ensemble.batch.driver import Outcome
    from r2psim.ensemble.batch.executors import Crew
    from r2psim.ensemble.batch.experiment import Experiment
    from r2psim.ensemble.batch.stored_batch import Batch

__all__ = ["batch", "results", "status"]

NOT_ALL = 1
INTERRUPTED = 130
_SHOWN = 5

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Directory of a batch.")]


def _say(text: str) -> None:
    typer.echo(text, err=True)


# -- batch -------------------------------------------------------------------------------------------------------------


def batch(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Experiment file.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Directory of the batch: a new one, or one to go on with.")
    ] = None,
    executor: Annotated[
        str, typer.Option(metavar="EXECUTOR", help="serial, processes, dask, or dask:ADDRESS of a scheduler.")
    ] = "processes",
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Workers of this machine; all processors if not given.")
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where workers write parts themselves: a path or URL that all of them reach."),
    ] = None,
    task_runs: Annotated[
        int | None,
        typer.Option(min=1, help="Runs of a task, instead of seconds of work. Results do not depend on it."),
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try points again that failed before.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file, say what would be run, and how long it takes.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
) -> None:
    """Do an experiment: every policy at every point over the same luck, resumed where it was stopped."""
    from r2psim.ensemble.batch.designs import points_of
    from r2psim.ensemble.batch.loading import load_experiment

    experiment = load_experiment(file)
    points = points_of(experiment)
    for note in experiment.notes():
        _say(f"{file}: note: {note}")
    if dry_run:
        seconds = _seconds(experiment, len(points))
        if as_json:
            typer.echo(json.dumps(_plan_data(experiment, points, seconds), allow_nan=False))
        else:
            typer.echo(_plan_text(experiment, points, seconds))
        return
    if out is None:
        raise typer.BadParameter("--out: a directory is needed")
    outcome = _do(experiment, points, file, out, executor, workers, storage, task_runs, retry_failed, not as_json)
    if as_json:
        typer.echo(json.dumps(_outcome_data(outcome), allow_nan=False))
    else:
        _tell(outcome, experiment, points, out)
    if outcome.failed:
        raise typer.Exit(NOT_ALL)


def _do(
    experiment: Experiment,
    points: Points,
    file: Path,
    out: Path,
    executor: str,
    workers: int | None,
    storage: str | None,
    task_runs: int | None,
    retry_failed: bool,
    show: bool,
) -> Outcome:
    """Open the directory and the workers, and do what is missing."""
    from r2psim.analysis.batch_progress import BatchProgress
    from r2psim.ensemble.batch.directory import BatchDirectory
    from r2psim.ensemble.batch.driver import StoppedError, run_batch
    from r2psim.ensemble.batch.executors import LostError, SerialCrew, check_executor, crew
    from r2psim.ensemble.batch.plan import Plan
    from r2psim.ensemble.warmup import warm_up

    try:
        check_executor(executor)
    except ValueError as error:
        raise typer.BadParameter(f"--executor: {error}") from None
    plan = Plan(len(points), experiment.runs, experiment.rounds())
    text = read_text(file, TOML)
    reached = out
    hands: Crew | None = None
    try:
        with BatchDirectory.opened(out, experiment, text, points, plan, storage) as directory:
            _tell_mended(directory.mended, out, storage)
            if retry_failed and (count := directory.retry_failed()):
                _say(f"{out}: points that failed and are tried again: {count}")
            if directory.complete:
                hands = SerialCrew()
            else:
                # The workers find the rules compiled, instead of each compiling them at the same time.
                warm_up()
                hands = crew(executor, workers)
            with BatchProgress(experiment.headline, show) as progress:
                outcome = run_batch(directory, hands, progress.tick, task_runs=task_runs)
            hands.close()
    except (Interrupted, KeyboardInterrupt):
        _leave(hands, f"interrupted; {_kept(out)}", INTERRUPTED, at_once=True)
    except (StoppedError, LostError) as error:
        _leave(hands, f"{error}; {_kept(reached)}", NOT_ALL)
    except BaseException:
        if hands is not None:
            hands.abandon()
        raise
    return outcome


def _leave(hands: Crew | None, message: str, code: int, at_once: bool = False) -> None:
    """Say what is kept and how to go on, and end at once, whatever workers are doing."""
    _say(message)
    if hands is not None:
        hands.abandon()
        # What waits for workers at the end of a process would wait for their tasks too; all is on disk.
        at_once = at_once or hands.slow_to_leave
    if at_once:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    raise typer.Exit(code)


def _command() -> str:
    return command(["r2psim", *sys.argv[1:]])


def _kept(out: Path) -> str:
    """Say what is finished, and the command that goes on."""
    from r2psim.ensemble.batch.directory import MANIFEST
    from r2psim.ensemble.batch.manifest import Manifest

    done = sum(entry.count for entry in Manifest(out / MANIFEST).read().entries)
    return f"finished work is kept in {out} ({done:,} runs of points). Go on with:\n  {_command()}"


def _tell_mended(mended: Mended, out: Path, storage: str | None) -> None:
    from r2psim.ensemble.batch.parts import SET_ASIDE

    for names, what in (
        (mended.damaged, "damaged: done again"),
        (mended.missing, "missing: done again"),
        (mended.adopted, "whole but not noted: taken over"),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            _say(f"{out}: {names[0]}{more} {'are' if more else 'is'} {what}")
    if mended.foreign:
        where = f"moved to {SET_ASIDE}" if storage is None else "left alone"
        _say(f"{out}: {len(mended.foreign)} parts such as {mended.foreign[0]} are another batch's: {where}")
    for note in mended.notes:
        _say(note)


# -- what is told ------------------------------------------------------------------------------------------------------


def _seconds(experiment: Experiment, points: int) -> float:
    """Measure by a few runs of the scenario how long a batch takes on this machine where nobody else is at work."""
    from r2psim.analysis.cached_runs import seconds_a_run
    from r2psim.world.expand import expand

    full = expand(experiment.scenario)
    each = seconds_a_run(full, experiment.policies, full.years, None)
    return each * points * experiment.runs * len(experiment.policies)


def _plan_data(experiment: Experiment, points: Points, seconds: float) -> dict[str, Any]:
    """Give what a dry run tells as plain data."""
    return {
        "dry_run": True,
        "name": experiment.name,
        "title": experiment.title,
        "scenario": experiment.scenario.name,
        "policies": list(experiment.policies),
        "design": experiment.design["kind"],
        "points": len(points),
        "runs": experiment.runs,
        "runs_in_all": len(points) * experiment.runs * len(experiment.policies),
        "factors": {factor.path: factor.resolved() for factor in experiment.factors},
        "headline": None if experiment.headline is None else str(experiment.headline),
        "stop": None if experiment.stop is None else {"width": experiment.stop.width, "every": experiment.stop.every},
        "seconds": seconds,
    }


def _plan_text(experiment: Experiment, points: Points, seconds: float) -> str:
    from r2psim.verbs.studies import duration_words

    count, policies = len(points), len(experiment.policies)
    lines = [
        f"{experiment.name}: {experiment.title}",
        f"  design {experiment.design['kind']}: {count:,} points x {experiment.runs:,} runs x {policies} policies"
        f" = {count * experiment.runs * policies:,} runs of {experiment.scenario.name}",
        f"  policies: {', '.join(experiment.policies)}",
        *(f"  varied: {factor.path}, {_range(factor.resolved())}" for factor in experiment.factors),
    ]
    if experiment.headline is not None:
        lines.append(f"  watched: {experiment.headline}")
    if experiment.stop is not None:
        stop = experiment.stop
        lines.append(
            f"  stops when its 95 % interval is at most {stop.width:g} wide; looked at every {stop.every} runs"
        )
    lines.append(f"  takes about {duration_words(seconds)} on all processors of this machine, if nobody else uses them")
    lines.append(
        "  writes with --out DIR: a part for each stretch of runs, manifest, provenance; nothing was written now"
    )
    return "\n".join(lines)


def _range(resolved: dict[str, Any]) -> str:
    if "values" in resolved:
        values = resolved["values"]
        shown = ", ".join(map(str, values[:_SHOWN]))
        return shown if len(values) <= _SHOWN else f"{shown}, ... ({len(values)} values)"
    log = " (log)" if resolved["distribution"] == "log-uniform" else ""
    return f"{resolved['low']:g} to {resolved['high']:g}{log}"


def _tell(outcome: Outcome, experiment: Experiment, points: Points, out: Path) -> None:
    from r2psim.analysis.batch_progress import amount

    runs = f"{len(points):,} points x {experiment.runs:,} runs x {len(experiment.policies)} policies"
    if outcome.stopped is not None:
        typer.echo(
            f"Ended by its stopping rule after {outcome.stopped.runs:,} of {experiment.runs:,} runs of every point: "
            f"the interval is {amount(outcome.stopped.width)} wide."
        )
    else:
        typer.echo(f"Finished: {runs}.")
    if experiment.headline is not None:
        typer.echo(_headline_text(str(experiment.headline), outcome.estimate))
    if outcome.failed:
        typer.echo(_failed_text(outcome.failed))
        typer.echo("All other points are finished. --retry-failed tries these again.")
    typer.echo(f"Read it with r2psim.open({str(out)!r}), or: {command(['r2psim', 'results', out, '--to', 'csv'])}")


def _headline_text(headline: str, interval: Any) -> str:
    from r2psim.analysis.batch_progress import interval_text

    return f"{headline}: {interval_text(interval)} (mean over points, 95 % interval over runs)"


def _failed_text(failed: dict[int, str]) -> str:
    lines = [f"{len(failed):,} point{'s' if len(failed) > 1 else ''} failed:"]
    lines += [f"  point {point}: {error}" for point, error in sorted(failed.items())[:_SHOWN]]
    if len(failed) > _SHOWN:
        lines.append(f"  and {len(failed) - _SHOWN:,} more")
    return "\n".join(lines)


def _outcome_data(outcome: Outcome) -> dict[str, Any]:
    return {
        "done": outcome.done,
        "total": outcome.total,
        "failed": {str(point): error for point, error in sorted(outcome.failed.items())},
        "stopped": None if outcome.stopped is None else {"runs": outcome.stopped.runs, "width": outcome.stopped.width},
        "estimate": None if outcome.estimate is None else outcome.estimate._asdict(),
        "worker_seconds": outcome.busy,
        "seconds": outcome.seconds,
    }


# -- status ------------------------------------------------------------------------------------------------------------


def status(
    directory: Directory,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check the content of every part, not only its size.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how far a batch is, what it shows so far, which points failed, and whether anything is damaged."""
    from r2psim.ensemble.batch.stored_batch import Batch

    opened = Batch(directory)
    lost = opened.verify() if verify else opened.lost()
    facts = _facts(opened, lost)
    if as_json:
        typer.echo(json.dumps(facts, allow_nan=False))
    else:
        typer.echo(_status_text(facts, opened))
    if lost:
        raise typer.Exit(NOT_ALL)


def _facts(opened: Batch, lost: list[str]) -> dict[str, Any]:
    watched = opened.headline() if not lost else None
    return {
        "name": opened.experiment["name"],
        "title": opened.experiment["title"],
        "points": opened.plan.points,
        "runs": opened.plan.runs,
        "policies": list(opened.policies),
        "done": opened.done,
        "total": opened.plan.total,
        "complete": opened.complete and not lost,
        "stopped": None if opened.manifest.stopped is None else vars(opened.manifest.stopped),
        "at_work": opened.at_work,
        "parts": len(opened.manifest.entries),
        "bytes": sum(size for entry in opened.manifest.entries for *_, size in entry.files()),
        "failed": {str(point): error for point, error in sorted(opened.failed.items())},
        "damaged": lost,
        "notes": opened.notes(),
        "headline": None if watched is None else str(watched[0]),
        "estimate": None if watched is None or watched[1] is None else watched[1]._asdict(),
        "started": opened.provenance.get("started"),
        "finished": opened.provenance.get("finished"),
        "command": command(["r2psim", *opened.provenance.get("command", [])[1:]]),
    }


def _status_text(facts: dict[str, Any], opened: Batch) -> str:
    from r2psim.ensemble.intervals import Interval

    share = 100.0 * facts["done"] / max(facts["total"], 1)
    state = "finished" if facts["complete"] else f"unfinished, {share:.0f} % done"
    if facts["stopped"]:
        state = f"ended by its stopping rule after {facts['stopped']['runs']:,} runs of every point"
    if facts["at_work"]:
        state += f"; {facts['at_work']} is at work"
    lines = [
        f"{facts['name']}: {facts['title']}",
        f"  {state}",
        f"  {facts['points']:,} points x {facts['runs']:,} runs x {len(facts['policies'])} policies "
        f"({', '.join(facts['policies'])}); {facts['parts']:,} parts, {facts['bytes'] / 1e6:.1f} MB",
    ]
    if facts["headline"]:
        found = None if facts["estimate"] is None else Interval(**facts["estimate"])
        lines.append(f"  {_headline_text(facts['headline'], found)}")
    if facts["failed"]:
        lines += [f"  {line}" for line in _failed_text(opened.failed).splitlines()]
    if facts["damaged"]:
        more = f" and {len(facts['damaged']) - 1} more" if len(facts["damaged"]) > 1 else ""
        lines.append(f"  damaged or missing: {facts['damaged'][0]}{more}; the same batch run again mends it")
    lines += [f"  {note}" for note in facts["notes"]]
    if not facts["complete"] and not facts["at_work"]:
        lines.append(f"  go on with: {facts['command']}")
    return "\n".join(lines)


# -- results -----------------------------------------------------------------------------------------------------------


def results(
    directory: Directory,
    to: Annotated[str, typer.Option(metavar="FORMAT", help="csv, parquet or netcdf.")] = "parquet",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write; results.FORMAT in the directory if not given.")
    ] = None,
    table: Annotated[str, typer.Option(help="runs, series or points.")] = "runs",
    force: Annotated[bool, typer.Option("--force", help="Replace the file named by --out.")] = False,
) -> None:
    """Write all rows of a batch into one file, sorted, with what each point was set to."""
    from r2psim.ensemble.batch.export import FORMATS, export, is_own_file
    from r2psim.ensemble.batch.stored_batch import open_batch
    from r2psim.ensemble.output import check_file
    from r2psim.ensemble.store import OutputError
    from r2psim.scenario.errors import nearest

    form = to.lower()
    if form not in FORMATS:
        near = nearest(form, FORMATS)
        hint = f" (did you mean {near}?)" if near else ""
        raise typer.BadParameter(f"--to: {to} is not allowed: one of {', '.join(FORMATS)}{hint}")
    opened = open_batch(directory)
    try:
        opened.schema(table)
    except ValueError as error:
        raise typer.BadParameter(f"--table: {error}") from None
    name = "results" if table == "runs" else f"results-{table}"
    file = out or directory / f"{name}.{FORMATS[form][0]}"
    check_file(file, force or out is None)
    if is_own_file(directory, file):
        raise OutputError(f"{file}: is a file of the batch itself; name another one")
    for note in opened.notes():
        _say(note)
    if not opened.complete:
        share = opened.done / max(opened.plan.total, 1)
        _say(f"{directory}: unfinished: {share:.0%} of the runs are there, and are written")
    if opened.failed:
        _say(f"{directory}: {_failed_text(opened.failed)}")
    export(opened, form, file, table, force or out is None)
    typer.echo(f"Written to {file}.")
