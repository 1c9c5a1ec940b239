"""The projector's page: what a link from the facilitator's page leads to."""

from __future__ import annotations

import solara

from r2psim.app.seminar import At

__all__ = ["Page"]


@solara.component
def Page() -> None:
    """Show the projector of a session to whoever has its link."""
    At("projector")
