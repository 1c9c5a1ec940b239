"""`r2psim sensitivity`: what outcomes are sensitive to. Nothing heavy is imported before it runs."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from r2psim.verbs.commands import what_next
from r2psim.verbs.completion import ScenarioName, policy_list

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from r2psim.analysis.sensitivity import Cost, Sensitivity

__all__ = ["sensitivity", "write"]


def write(found: Sensitivity, directory: Path) -> None:
    """Write tables and figures: a figure of each difference, or of each outcome of a single policy."""
    from r2psim.analysis.sensitivity_report import file_name, write_sensitivity
    from r2psim.plots import save
    from r2psim.plots.sensitivity import sensitivity_of

    write_sensitivity(found, directory)
    for one in found.outcomes:
        if one.outcome.baseline is not None or found.baseline is None:
            save(sensitivity_of(found, one.outcome.name), directory / f"{file_name(one.outcome.name)}.png")


def _refuse_clashes(over: list[str], sets: Sequence[str], policies: list[str]) -> None:
    """Refuse a value for what is named to vary: it would be passed over, or hold everywhere."""
    for path in over:
        for given in sets:
            if given.partition("=")[0].strip() in (path, *(f"policies.{name}.parameters.{path}" for name in policies)):
                raise typer.BadParameter(f"{given} is not allowed beside --over {path}", param_hint="--set")


def _split(text: str | None) -> list[str] | None:
    return None if text is None else list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def sensitivity(
    scenario: ScenarioName,
    method: Annotated[
        str,
        typer.Option(metavar="sobol|chaos|morris", help="Shares of variance, by a polynomial, or elementary effects."),
    ] = ("sobol"),
    policies: Annotated[
        str,
        typer.Option(
            autocompletion=policy_list,
            metavar="A,B,...",
            help="Policies; with several, differences to the baseline are told first.",
        ),
    ] = "late-response,prevention",
    over: Annotated[
        str,
        typer.Option(
            metavar="WHAT,...",
            help="What varies: all that is uncertain, rates, effects, groups ('effects of mediation'), parameters, "
            "sizes of effects.",
        ),
    ] = "all",
    outcomes: Annotated[
        str | None, typer.Option(metavar="METRIC,...", help="Metrics, as r2psim list metrics has them.")
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(
            help="Rows of the Saltelli design (256) or points of chaos (8192), powers of two; trajectories (20)."
        ),
    ] = None,
    replicates: Annotated[
        int, typer.Option(min=1, max=1000, help="Runs of a point, each with other luck; 1 does not tell luck apart.")
    ] = 2,
    by: Annotated[str, typer.Option(metavar="group|parameter", help="What a factor is.")] = "group",
    rates: Annotated[
        str, typer.Option(metavar="prior|posterior", help="How calibrated rates vary: one by one, or as joint draws.")
    ] = "prior",
    screen: Annotated[
        int | None,
        typer.Option(
            min=1, max=1000, help="Take apart so many factors that Morris finds to move most; all others are one."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of all chance.")] = 1,
    years: Annotated[int | None, typer.Option(min=1, max=200, help="Length of a run; the scenario's.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change one value of the scenario.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write tables and figures here; an interrupted analysis goes on from it."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and stop.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, max=1024, help="Threads; all processors if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the tables.")] = False,
) -> None:
    """Say what outcomes, and the difference between policies, are sensitive to, and how much of them is luck."""
    from r2psim.analysis.sensitivity_report import cost_text, lines
    from r2psim.ensemble.output import OutputDirectory, files_in
    from r2psim.progress import progress
    from r2psim.scenario import load
    from r2psim.verbs.studies import tell_dry

    loaded = load(scenario, set_ or ())
    chosen = [name.strip() for name in policies.split(",") if name.strip()]
    _refuse_clashes(_split(over) or [], set_ or (), chosen)
    for policy in chosen:
        loaded.policy(policy)
    for note in loaded.notes(chosen):
        typer.echo(f"note: {note}", err=True)

    def announce(cost: Cost, what: str, factors: int, points: int) -> None:
        typer.echo(cost_text(cost, what, factors, points, replicates, len(chosen)), err=True)
        if dry_run:
            told = {"analysis": what, "factors": factors, "points": points}
            tell_dry(told | {"runs": cost.runs, "runs_missing": cost.missing, "seconds": cost.seconds}, as_json)
            raise typer.Exit

    asked: dict[str, Any] = {
        "policies": chosen, "method": method, "over": _split(over) or [""], "outcomes": _split(outcomes), "rows": rows,
        "replicates": replicates, "by": by, "rates": rates, "screen": screen, "seed": seed, "years": years,
        "threads": threads, "directory": None if dry_run else out, "announce": announce,
    }  # fmt: skip
    try:
        with ExitStack() as bars:

            def begin(what: str, total: int) -> Callable[[int], None]:
                bars.close()  # a terminal shows one bar at a time: that of a screening ends before the next begins
                return bars.enter_context(progress(what, total, not as_json))

            found = _found(loaded, asked | {"begin": begin})
    except typer.Exit:
        raise
    except BaseException:
        if out is not None and any(out.glob("design-rows/*")):
            typer.echo(f"finished rows are kept in {out}: the same command goes on from them", err=True)
        raise
    if out is not None:
        with OutputDirectory(out, growing=True) as directory:
            directory.fill(lambda folder: write(found, folder))
    if as_json:
        typer.echo(json.dumps(found.summary(), allow_nan=False))
        return
    for line in lines(found):
        typer.echo(line)
    if out is not None:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
        what_next(["report", out], "one page of it")


def _found(loaded: Any, asked: dict[str, Any]) -> Sensitivity:
    """Do it; what is asked for and cannot be done is told in one line."""
    from r2psim.analysis.sensitivity import sensitivity as estimate

    try:
        return estimate(loaded, **asked)
    except ImportError as error:
        raise typer.BadParameter(str(error)) from None
    except ValueError as error:
        if isinstance(error, typer.BadParameter) or type(error) is not ValueError:
            raise
        raise typer.BadParameter(str(error)) from None
