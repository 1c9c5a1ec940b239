"""`r2psim rows`: every row of the mission, tried by its experiment. Nothing heavy is imported before it runs."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r2psim.verbs.commands import what_next

if TYPE_CHECKING:
    from collections.abc import Callable

    from r2psim.analysis.rows import RowTable

__all__ = ["rows"]


def rows(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ROW]...", help="Rows by their identifiers; all if not given.")
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="Try them in this scenario instead of where each says; may be given several times."),
    ] = None,
    runs: Annotated[int, typer.Option(min=2, max=1_000_000, help="Pairs of runs of each experiment.")] = 800,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of all chance.")] = 1,
    years: Annotated[int | None, typer.Option(min=1, max=200, help="Length; the scenario's own if not given.")] = None,
    null: Annotated[
        bool, typer.Option("--null", help="Take all effects of assistance away: a check that nothing else moves.")
    ] = False,
    every: Annotated[bool, typer.Option("--effects", help="Print every effect, not only what says most.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Print what the rows are, and run nothing.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the table here; an interrupted one goes on from it.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=1024, help="Threads; the result does not depend on them.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
) -> None:
    """Try what the report names, row by row: each effect with its interval, and a verdict."""
    from r2psim.analysis.row_report import print_rows, write_rows
    from r2psim.analysis.rows import read_rows
    from r2psim.ensemble.output import OutputDirectory, files_in

    chosen = tuple(ids or ()) or None
    for name in chosen or ():
        if name not in read_rows():
            from r2psim.scenario.errors import nearest

            near = nearest(name, read_rows())
            hint = f" (did you mean {near}?)" if near else "; --list shows them"
            raise typer.BadParameter(f"{name} is no row{hint}", param_hint="ROW")
    if list_:
        for row in read_rows().values():
            if chosen is None or row.id in chosen:
                typer.echo(f"{row.id:<36}{row.section:<7}{row.experiment:<14}{row.words}")
        return
    try:
        table = _tried(chosen, scenario, runs, seed, years, null, out, threads, show=not as_json)
    except BaseException:
        if out is not None and out.is_dir():
            typer.echo(f"finished worlds are kept in {out}: the same command goes on from them", err=True)
        raise
    if out is not None:
        facts = {"rows": list(chosen or ()), "scenarios": list(scenario or ()), "years": years}
        with OutputDirectory(out, growing=True) as directory:
            directory.fill(lambda folder: write_rows(table, folder, facts))
    if as_json:
        typer.echo(json.dumps(table.to_dict(), allow_nan=False))
        return
    print_rows(table, every)
    if out is not None:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
        what_next(["report", out], "one page of it")


def _tried(
    ids: tuple[str, ...] | None,
    scenarios: list[str] | None,
    runs: int,
    seed: int,
    years: int | None,
    null: bool,
    out: Path | None,
    threads: int,
    show: bool,
) -> RowTable:
    """Try the rows, with a progress bar where somebody can see it."""
    from r2psim.analysis.rows import rows as try_rows
    from r2psim.progress import progress

    with ExitStack() as bars:

        def begin(total: int) -> Callable[[int], None]:
            return bars.enter_context(progress("runs", total, show))

        return try_rows(ids, scenarios, runs, seed, years, threads, null, out, begin=begin)
