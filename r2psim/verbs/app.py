"""`r2psim app`: serve the pages on this machine. Nothing heavy is imported before the command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

BAD_INPUT = 2


def app(
    scenario: Annotated[str, typer.Argument(help="Shipped scenario, or path of a scenario file.")] = "seminar",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8765,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets others in the room in.")] = "127.0.0.1",
    data: Annotated[
        Path | None, typer.Option(help="Directory for what must survive the server; the user's own if not given.")
    ] = None,
    url: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Where browsers reach it if a proxy stands before it, with its path: https://example.org/r2psim. "
            "Then the last address of X-Forwarded-For is believed: let nobody but the proxy reach the port.",
        ),
    ] = "",
) -> None:
    """Open the pages in a browser: explore a world, compare policies, hold a seminar. Works without a network."""
    from platformdirs import user_data_path

    from r2psim.app.settings import Settings
    from r2psim.scenario import load

    load(scenario)
    try:
        from r2psim.app.server import AppError, serve
    except ModuleNotFoundError as error:
        typer.echo(f"app: {error.name} is not installed; pip install 'r2psim[app]' installs what it needs", err=True)
        raise typer.Exit(BAD_INPUT) from None
    try:
        serve(Settings(scenario=scenario, data=data or user_data_path("r2psim"), url=url), host, port)
    except AppError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_INPUT) from None
