"""`r2psim report`: one page of HTML of what studies found. Nothing heavy is imported before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    directories: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR",
            help="Of --out of compare, batch, break-even, marginal, warning, sensitivity, discover, "
            "value-of-information, trials, rows, validate or hindcast; several make one page.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page; report.html in the first DIR if not given.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Make one page of studies: question, world, verdict with interval and null line, where it fails, what is unknown.

    The page needs no network, holds its figures, and prints on A4: two pages for a decision, the rest to check it.
    """
    from r2psim.reports.page import report as make

    try:
        file = make(directories, out, force)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="DIR") from None
    typer.echo(f"Written to {file}.")
