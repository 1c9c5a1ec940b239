"""`r2psim discover`: where a condition on outcomes is met. Nothing heavy is imported before it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r2psim.verbs.commands import what_next

if TYPE_CHECKING:
    from r2psim.analysis.discovery import Discovery

__all__ = ["discover", "write_discovery"]


def write_discovery(found: Discovery, directory: Path) -> None:
    """Write what was discovered.

    Parameters
    ----------
    found : Discovery
        As `r2psim.discover` gives it.
    directory : Path
        Existing; gets ``discovery.json``, ``discovery.csv`` (a row for each region and restriction, where there are
        any), ``discovery.txt``, ``discovery.png`` and ``provenance.json``.
    """
    from r2psim.analysis.discovery_report import lines
    from r2psim.plots.discovery import discovery_figure
    from r2psim.verbs.studies import write_study

    (directory / "discovery.txt").write_text("\n".join(lines(found)) + "\n", encoding="utf-8")
    write_study("discovery", found.summary(), found.rows(), {"discovery": discovery_figure(found)}, directory)


def discover(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Of sensitivity --out, or of a batch with a design over parameters.")
    ],
    where: Annotated[
        str | None,
        typer.Option(
            metavar='"NAME < VALUE"',
            help='A condition, such as "deaths: prevention minus late-response > 0" or "episodes: prevention < 4". If '
            "not given: the policy costs more than the baseline, all ledgers together; it does not pay.",
        ),
    ] = None,
    boxes: Annotated[int, typer.Option(min=1, max=10, help="Boxes at most.")] = 3,
    depth: Annotated[int, typer.Option(min=1, max=5, help="Splits of the tree from top to leaf, at most.")] = 3,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="By which points are split in two halves.")] = 1,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write table, words and figure here.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier output in the directory.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the words.")] = False,
) -> None:
    """Say where a condition on outcomes is met: boxes and a tree, in words, tested on fresh points."""
    from r2psim.analysis.discovery import discover as find
    from r2psim.analysis.discovery_report import lines
    from r2psim.ensemble.output import files_in, output_or_none

    with output_or_none(out, force) as target:
        try:
            found = find(directory, where, boxes, depth, seed)
        except ImportError as error:
            raise typer.BadParameter(str(error)) from None
        except ValueError as error:
            if type(error) is not ValueError:
                raise
            raise typer.BadParameter(str(error)) from None
        if target is not None:
            target.fill(lambda folder: write_discovery(found, folder))
    if as_json:
        typer.echo(json.dumps(found.summary(), allow_nan=False))
        return
    for line in lines(found):
        typer.echo(line)
    if out is not None:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
        what_next(["report", out], "one page of it")
