"""What a browser may ask of the server: the events that a page declares, and nothing beside them.

The widgets below the pages were made for notebooks, where whoever sits at the browser owns the server: a message may
ask for an object of any class of any module. Here a room of people is connected, so these doors are closed.
"""

from __future__ import annotations

import logging
from typing import Any

__all__ = ["LARGEST_MESSAGE", "close_doors"]

LARGEST_MESSAGE = 1 << 20
"""Bytes of one message of a browser; a plan of all forms in all states takes a hundredth."""

log = logging.getLogger(__name__)


def _only_declared_events(self: Any, _: Any, content: Any, buffers: Any) -> None:
    """Hand an event to the page if the page has declared it; drop everything else."""
    event = content.get("event") if isinstance(content, dict) else None
    if isinstance(event, str) and event in self.events:
        getattr(self, f"vue_{event}")(content.get("data"))
    else:
        log.warning("a browser sent a message that no page knows; it was dropped")


def _refuse_widgets(comm: Any, message: Any) -> None:
    """Make no widget that a browser asks for: pages make theirs on the server."""
    log.warning("a browser asked for a widget; it was refused")
    comm.close()


def close_doors() -> None:
    """Close them, for this process."""
    import ipywidgets  # type: ignore[import-untyped]
    from ipyvue import VueTemplate  # type: ignore[import-untyped]

    VueTemplate._handle_event = _only_declared_events
    ipywidgets.Widget.handle_comm_opened = staticmethod(_refuse_widgets)
