"""Joining: a code, or a link that carries it, and then the lobby."""

from __future__ import annotations

import solara

__all__ = ["Page"]


@solara.component
def Page() -> None:
    """Let people in, or show the place that this tab has."""
    from r2psim.app.seminar import At

    At("join")
