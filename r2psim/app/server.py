"""The server: Solara on one port, with everything that a browser needs on this machine."""

from __future__ import annotations

import socket
import warnings
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import solara.server.settings
import solara.settings
import typer
import uvicorn

from r2psim.app import settings
from r2psim.app.allowed_hosts import Site, SiteError, site_of
from r2psim.app.connections import PatientProtocol
from r2psim.app.front import dress
from r2psim.app.guard import close_doors
from r2psim.app.middleware import Gate
from r2psim.app.responses import PagePolicy
from r2psim.ensemble.warmup import warm_up
from r2psim.seminar.luck_plans import warm_up_plans

__all__ = ["AppError", "prepare", "serve"]

FRONT_END = "@widgetti/solara-vuetify-app@10.1.1/dist/solara-vuetify-app8.min.js"
"""A file of the front end that every page needs."""

NOWHERE = "http://127.0.0.1:9/"
"""Where the server would fetch front-end files that are not installed: nothing answers there."""

BACKLOG = 256

SPARE = 16

FILES = 4096
"""Files and connections that the process may have open, where the system lets it choose."""


class AppError(Exception):
    """The pages cannot be served; the message says why."""


def _settle(site: Site, limits: settings.Limits) -> None:
    """Set what Solara may do: nothing leaves this machine, and nobody opens sessions without end."""
    # Where these are not set, the first request that comes sets them for all who come after it.
    solara.server.settings.main.root_path = site.prefix
    solara.server.settings.main.base_url = site.base
    solara.server.settings.session.http_only = True
    solara.server.settings.telemetry.mixpanel_enable = False
    solara.server.settings.main.mode = "production"
    solara.server.settings.theme.title = "r2psim"
    solara.server.settings.theme.show_banner = False
    # A page whose state went with a server that ended is loaded again by itself: everything it needs is on disk.
    solara.server.settings.theme.force_refresh = True
    # Threads that wait for messages. The gate lets in fewer: whoever comes to a full server is told, and does not wait.
    solara.server.settings.kernel.max_count = limits.sockets + SPARE
    solara.server.settings.kernel.max_per_session = 20
    solara.server.settings.kernel.cull_timeout = "1h"
    solara.settings.assets.cdn = NOWHERE
    dress()
    solara.settings.main.check_hooks = "off"
    # Said at every page that is not served by https, which a class room on one machine does not have.
    warnings.filterwarnings("ignore", message="Cookies with samesite=none", category=UserWarning)


def prepare(chosen: settings.Settings, host: str = "127.0.0.1", port: int = 8765) -> Gate:
    """Make the ASGI application that serves the pages.

    Parameters
    ----------
    chosen : Settings
        What the pages open with.
    host, port : str, int
        What the server listens on.

    Returns
    -------
    Gate
        To be run by uvicorn.

    Raises
    ------
    AppError
        If the front end is not installed beside Solara, or ``chosen.url`` is no address.
    """
    try:
        site = site_of(host, port, chosen.url)
    except SiteError as error:
        raise AppError(f"app: {error}") from None
    _settle(site, chosen.limits)
    if not (Path(solara.server.settings.assets.proxy_cache_dir) / FRONT_END).is_file():
        raise AppError("app: the front end (solara-assets) is not installed; pip install 'r2psim[app]' installs it")
    close_doors()
    settings.use(replace(chosen, host=host, port=port))
    from solara.server import app, starlette
    from starlette.middleware import Middleware

    app.apps["__default__"] = app.AppScript("r2psim.app.pages")
    if not any(given.cls is PagePolicy for given in starlette.app.user_middleware):
        # The last of the list is the innermost: it sees pages before they are compressed.
        starlette.app.user_middleware.append(Middleware(PagePolicy))
    return Gate(starlette.app, site, chosen.limits)


def serve(chosen: settings.Settings, host: str, port: int) -> None:
    """Serve the pages until interrupted.

    Raises
    ------
    AppError
        If the front end is missing, or the address cannot be listened on.
    """
    application = prepare(chosen, host, port)
    listening = _listen(host, port)
    _more_files()
    typer.echo("Loading the compiled rules ...", err=True)
    warm_up()
    warm_up_plans()
    import_module("r2psim.app.pages")
    if application.site.behind:
        # All connections are the proxy's.
        PatientProtocol.most = FILES
    config = uvicorn.Config(
        application,
        http=PatientProtocol,
        log_level="warning",
        # Colours are commands to a terminal, and none of those come out of a request.
        use_colors=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        ws_max_size=chosen.limits.message_bytes,
    )
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    at = application.site.base if application.site.behind else f"http://{shown}:{port}"
    typer.echo(f"r2psim is at {at}  (Ctrl-C ends it)", err=True)
    try:
        with listening:
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        import_module("r2psim.app.seminar_luck").leave_off()


def _more_files() -> None:
    """Let the process hold more connections than the few hundred that some systems give at first."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such bound.
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


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
