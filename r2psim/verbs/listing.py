"""The verb ``list``: what there is to choose from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from r2psim import terminal
from r2psim.verbs.completion import scenario_names, table_names

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["list_what"]

WIDTH = 110
PROSE = 30
"""Characters a line in which a description can still be read."""
LONG = {"source", "parameters", "effects", "mandates", "members", "policies"}
"""Columns that a terminal has no room for; ``--json`` gives them."""


def list_what(
    what: Annotated[
        str | None,
        typer.Argument(
            autocompletion=table_names,
            help="metrics, series, parameters, forms, policies, bodies, channels, mandates or scenarios.",
        ),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            autocompletion=scenario_names,
            help="Of this scenario; policies and bodies are those of seminar if none is named.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list with every column.")] = False,
) -> None:
    """List metrics, series, parameters, forms, policies, bodies, channels, mandates or scenarios."""
    from r2psim.analysis.listings import TABLES, table_of

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

    columns = [name for name in rows[0] if name not in LONG]
    told = [{name: _written(row[name]) for name in columns} for row in rows]
    # A table cut to a narrow terminal says nothing; its lines wrap instead.
    console = terminal.console(WIDTH)
    if _least(columns, told) <= console.width:
        console.print(_table(columns, told))
        return
    for row in told:
        typer.echo(_paragraph(row, console.width))


def _written(value: object) -> str:
    return f"{value:,.10g}" if isinstance(value, float) else str(value)


def _least(columns: list[str], rows: list[dict[str, str]]) -> int:
    """Give the characters a line that a table needs in which no number or word is broken."""
    first = columns[0]
    least = max(len(row[first]) for row in rows)
    for name in columns[1:]:
        words = [name, *(word for row in rows for word in row[name].split())]
        least += 1 + max(PROSE * (name == "description"), *(len(word) for word in words))
    return least


def _table(columns: list[str], rows: list[dict[str, str]]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(columns):
        # What is to be typed again stands whole.
        table.add_column(name, no_wrap=place == 0, overflow="fold")
    for row in rows:
        table.add_row(*row.values())
    return table


def _paragraph(row: dict[str, str], width: int) -> str:
    """Write a row of which a line has too many columns: its key, its description, and the rest by name."""
    from textwrap import fill

    key, *rest = row
    facts = "; ".join(f"{name} {row[name]}" for name in rest if name != "description" and row[name])
    indent = " " * 4
    wrapped = (
        fill(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
        for text in (row.get("description", ""), facts)
        if text
    )
    return "\n".join([row[key], *wrapped])
