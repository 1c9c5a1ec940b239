"""Seminar: a facilitator opens an exercise, people join it from their own browsers, decide, and go back in history."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple
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
from r2psim.seminar import Chair, ForbiddenError, NotFoundError, Seat, SeminarError

__all__ = ["Page"]

LONGEST = 200
"""Characters that are looked at of what should be a token."""

MOST = 8
"""Places that a browser remembers."""

STYLE = (Path(__file__).parent / "seminar.css").read_text(encoding="utf-8")


def _given(search: str | None) -> str:
    """Give the token that an address brings."""
    try:
        return parse_qs(search or "", max_num_fields=settings.MOST_FIELDS).get("token", [""])[0][:LONGEST]
    except ValueError:
        return ""


class _Place(NamedTuple):
    """Where a token leads: the place and what it is called, or what is wrong and whether it will stay so."""

    place: Chair | Seat | None = None
    label: str = ""
    problem: str = ""
    lost: bool = False


def _place(token: str) -> _Place:
    """Find the place of a token."""
    if not token:
        return _Place()
    try:
        place = seminars().enter(token)
        title = place.room.session.title
        if isinstance(place, Chair):
            return _Place(place, f"{title}: facilitator")
        return _Place(place, f"{title}: {place.who.name}, {place.role.title}")
    except SeminarError as error:
        return _Place(problem=str(error), lost=isinstance(error, NotFoundError | ForbiddenError))


@solara.component
def Page() -> None:
    """Show the place that this tab of the browser has, or the entrance.

    The token of a place is a key: it stands in no address that is shown or projected. An address that brings one is
    cleaned by the browser, which keeps the token for this tab and hands it over again when the page is loaded again.
    """
    solara.Title("Seminar - r2psim")
    solara.Style(STYLE)
    brought = _given(solara.use_router().search)
    token, set_token = solara.use_state(brought)
    solara.use_effect(lambda: set_token(brought) if brought else None, [brought])
    found = solara.use_memo(lambda: _place(token), [token])
    known, set_known = solara.use_state(None)

    def enter(given: Any) -> None:
        # Whoever comes back here may have another place by then.
        set_known(None)
        set_token(str(given)[:LONGEST])

    def look(given: Any) -> None:
        tokens = given[:MOST] if isinstance(given, list) else []
        set_known([t for t in tokens if isinstance(t, str) and not _place(t[:LONGEST]).lost])

    if found.place is None:
        View(html=element("h1", "Seminar"))
        told(found.problem)
        Entrance(settings.current().scenario, enter)
        Places(refused=token if found.lost else "", known=known, event_enter=enter, event_look=look)
        return
    if isinstance(found.place, Chair):
        ChairPage(found.place, token).key(token)
    else:
        SeatPage(found.place, token).key(token)
    Places(token=token, label=found.label, event_enter=enter)
