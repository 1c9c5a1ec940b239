"""The verb ``list``: what there is to choose from."""

from __future__ import annotations

import json
from typing import Annotated

import typer

__all__ = ["list_what"]

WIDTH = 110
LONG = {"source", "parameters", "effects", "mandates", "members", "policies"}
"""Columns that a terminal has no room for; ``--json`` gives them."""


def list_what(
    what: Annotated[
        str | None,
        typer.Argument(help="metrics, series, parameters, forms, policies, bodies, channels or scenarios."),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(help="Of this scenario; policies and bodies are those of seminar if none is named."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list with every column.")] = False,
) -> None:
    """List metrics, series, parameters, forms, policies, bodies, channels or scenarios."""
    from r2psim.analysis.reference import TABLES, table_of

    if what is None:
        if scenario is not None:
            raise typer.BadParameter(
                f"--scenario {scenario}: not allowed: say what to list, one of {', '.join(TABLES)}"
            )
        rows = [{"what": name, "description": table.about} for name, table in TABLES.items()]
    else:
        try:
            rows = table_of(what, scenario)
        except ValueError as error:
            from r2psim.scenario import ScenarioError

            if isinstance(error, ScenarioError):
                raise
            raise typer.BadParameter(f"list: {error}") from None
    if as_json:
        typer.echo(json.dumps(rows, allow_nan=False))
        return
    from rich.console import Console
    from rich.table import Table

    columns = [name for name in rows[0] if name not in LONG]
    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(columns):
        # What is to be typed again stands whole.
        table.add_column(name, no_wrap=place == 0, overflow="fold")
    for row in rows:
        table.add_row(*(f"{row[c]:,.10g}" if isinstance(row[c], float) else str(row[c]) for c in columns))
    # A table cut to a narrow terminal says nothing; its lines wrap instead.
    Console(highlight=False, markup=False, width=max(Console().width, WIDTH)).print(table)
