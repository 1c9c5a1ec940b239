"""The server: Solara on one port, with everything that a browser needs on this machine."""

from __future__ import annotations

import socket
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import solara.server.settings
import solara.settings
import typer
import uvicorn

from r2psim.app import settings
from r2psim.app.guard import LARGEST_MESSAGE, close_doors
from r2psim.ensemble.warmup import warm_up

__all__ = ["AppError", "prepare", "serve"]

FRONT_END = "@widgetti/solara-vuetify-app@10.1.1/dist/solara-vuetify-app8.min.js"
"""A file of the front end that every page needs."""

NOWHERE = "http://127.0.0.1:9/"
"""Where the server would fetch front-end files that are not installed: nothing answers there."""


BACKLOG = 256


class AppError(Exception):
    """The pages cannot be served; the message says why."""


def _settle() -> None:
    """Set what Solara may do: nothing leaves this machine, and nobody opens sessions without end."""
    solara.server.settings.telemetry.mixpanel_enable = False
    solara.server.settings.main.mode = "production"
    solara.server.settings.theme.title = "r2psim"
    solara.server.settings.theme.show_banner = False
    solara.server.settings.kernel.max_count = 200
    solara.server.settings.kernel.max_per_session = 20
    solara.server.settings.kernel.cull_timeout = "1h"
    solara.settings.assets.cdn = NOWHERE
    solara.settings.main.check_hooks = "off"
    # Said at every page that is not served by https, which a class room on one machine does not have.
    warnings.filterwarnings("ignore", message="Cookies with samesite=none", category=UserWarning)


def prepare(chosen: settings.Settings) -> Any:
    """Make the ASGI application that serves the pages.

    Parameters
    ----------
    chosen : Settings
        What the pages open with.

    Returns
    -------
    starlette.applications.Starlette
        To be run by uvicorn.

    Raises
    ------
    AppError
        If the front end is not installed beside Solara.
    """
    _settle()
    if not (Path(solara.server.settings.assets.proxy_cache_dir) / FRONT_END).is_file():
        raise AppError("app: the front end (solara-assets) is not installed; pip install 'r2psim[app]' installs it")
    close_doors()
    settings.use(chosen)
    from solara.server import app, starlette

    app.apps["__default__"] = app.AppScript("r2psim.app.pages")
    return starlette.app


def serve(chosen: settings.Settings, host: str, port: int) -> None:
    """Serve the pages until interrupted.

    Raises
    ------
    AppError
        If the front end is missing, or the address cannot be listened on.
    """
    application = prepare(chosen)
    listening = _listen(host, port)
    typer.echo("Loading the compiled rules ...", err=True)
    warm_up()
    import_module("r2psim.app.pages")
    config = uvicorn.Config(application, log_level="warning", timeout_graceful_shutdown=2, ws_max_size=LARGEST_MESSAGE)
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    typer.echo(f"r2psim is at http://{shown}:{port}  (Ctrl-C ends it)", err=True)
    with listening:
        uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """Listen, or say why that is not possible."""
    found = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        # Whoever comes before the pages are ready waits for them.
        found.listen(BACKLOG)
    except OSError as error:
        if found is not None:
            found.close()
        what = error.strerror or str(error)
        raise AppError(f"app: {host}, port {port}: {what}; choose another with --host or --port") from error
    return found
