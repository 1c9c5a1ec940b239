"""Compare."""

from __future__ import annotations

import solara

__all__ = ["Page"]


@solara.component
def Page() -> None:
    """Show the page."""
    solara.Title("Compare - r2psim")
    solara.v.Html(tag="h1", children=["Compare"])
