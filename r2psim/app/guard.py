"""What a browser may ask of the server: the events that a page declares, and nothing beside them.

The widgets below the pages were made for notebooks, where whoever sits at the browser owns the server: a message may
ask for an object of any class of any module. Here a room of people is connected, so these doors are closed.
"""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any

__all__ = ["close_doors"]

FAILED = "Something went wrong here, and the server has written down what. Reload the page, or open the first page."

log = logging.getLogger(__name__)


def _only_declared_events(self: Any, _: Any, content: Any, buffers: Any) -> None:
    """Hand an event to the page if the page has declared it; drop everything else."""
    event = content.get("event") if isinstance(content, dict) else None
    if isinstance(event, str) and event in self.events:
        try:
            getattr(self, f"vue_{event}")(content.get("data"))
        except Exception:
            # What a browser sends may be anything; the page stays as it was.
            log.exception("an event %s failed", event)
    else:
        log.warning("a browser sent a message that no page knows; it was dropped")


def _refuse_widgets(comm: Any, message: Any) -> None:
    """Make no widget that a browser asks for: pages make theirs on the server."""
    log.warning("a browser asked for a widget; it was refused")
    comm.close()


class _Untold:
    """The module `traceback` for those who would show what it writes to a browser: they get a few words instead."""

    def __getattr__(self, name: str) -> Any:
        return getattr(traceback, name)

    def format_exception(self, *given: Any) -> list[str]:
        """Write the trace to the server's log, and give what a browser may read."""
        error = next((one for one in reversed(given) if isinstance(one, BaseException)), None)
        log.error("a page failed", exc_info=error)
        return [FAILED]


def _installed(base: Path, path: str) -> Path:
    """Find a file of the front end among those that are installed, and neither fetch one nor tidy up.

    The framework asks a network for what is missing, again and again, and removes a directory that a browser names.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    root = Path(base).resolve()
    file = (root / path.replace("\\", "/")).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        raise FileNotFoundError(path)
    return file


def close_doors() -> None:
    """Close them, for this process."""
    import ipywidgets  # type: ignore[import-untyped]
    import reacton.core  # type: ignore[import-untyped]
    import solara.server.app
    import solara.server.starlette
    from ipyvue import VueTemplate  # type: ignore[import-untyped]

    for shows in (reacton.core, solara.server.app):
        vars(shows)["traceback"] = _Untold()
    solara.server.starlette.get_path = _installed
    VueTemplate._handle_event = _only_declared_events
    ipywidgets.Widget.handle_comm_opened = staticmethod(_refuse_widgets)
