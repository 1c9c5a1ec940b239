"""Seminar: a facilitator opens an exercise, people join it from their own browsers, decide, and go back in history."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

import solara

from r2psim.app import settings
from r2psim.app.inputs import told
from r2psim.app.markup import element
from r2psim.app.seminar_chair import ChairPage
from r2psim.app.seminar_entrance import Entrance
from r2psim.app.seminar_seat import SeatPage
from r2psim.app.seminar_server import seminars
from r2psim.app.seminar_widgets import Places
from r2psim.app.widgets import View
from r2psim.seminar import Chair, Seat, SeminarError

__all__ = ["Page"]

STYLE = (Path(__file__).parent / "seminar.css").read_text(encoding="utf-8")


def _enter(search: str | None) -> tuple[Chair | Seat | None, str, str]:
    """Give the place that an address leads to, its token, and what is wrong with it."""
    token = parse_qs(search or "").get("token", [""])[0][:200]
    if not token:
        return None, "", ""
    try:
        return seminars().enter(token), token, ""
    except SeminarError as error:
        return None, "", str(error)


@solara.component
def Page() -> None:
    """Show the place that the address leads to, or the entrance."""
    solara.Title("Seminar - r2psim")
    solara.Style(STYLE)
    router = solara.use_router()
    place, token, problem = solara.use_memo(lambda: _enter(router.search), [router.search])
    if place is None:
        View(html=element("h1", "Seminar"))
        told(problem)
        Entrance(settings.current().scenario)
        Places()
    elif isinstance(place, Chair):
        Places(token=token, label=f"{place.session.title}: facilitator")
        ChairPage(place, token).key(token)
    else:
        SeatPage(place, token).key(token)
