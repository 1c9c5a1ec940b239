"""Seminar: a facilitator opens an exercise, people join it from their own browsers, decide, and go back in history."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import solara

from r2psim.app import settings
from r2psim.app.hosted_seminars import seminars
from r2psim.app.inputs import told
from r2psim.app.page_parts import element
from r2psim.app.seminar_chair import ChairPage
from r2psim.app.seminar_entrance import Entrance, Joining
from r2psim.app.seminar_projector import ProjectorPage
from r2psim.app.seminar_seat import SeatPage
from r2psim.app.seminar_widgets import Places
from r2psim.app.widgets import View
from r2psim.seminar import Chair, ForbiddenError, NotFoundError, Screen, Seat, SeminarError
from r2psim.seminar.codes import plain

__all__ = ["At", "Page"]

LONGEST = 200
"""Characters that are looked at of what should be a token, or a code."""

MOST = 8
"""Places that a browser remembers."""

TITLES = {"seminar": "Seminar", "join": "Join a seminar", "projector": "Projector"}
"""What the pages are called, by the last part of their address."""

FROM_THE_FACILITATOR = "The projector is opened from the facilitator's page: the link there leads to it."

STYLE = (Path(__file__).parent / "seminar.css").read_text(encoding="utf-8")


def _given(search: str | None, what: str) -> str:
    """Give the token or the code that an address brings."""
    try:
        return parse_qs(search or "", max_num_fields=settings.MOST_FIELDS).get(what, [""])[0][:LONGEST]
    except ValueError:
        return ""


class _Place(NamedTuple):
    """Where a token leads: the place, or what is wrong and whether it will stay so."""

    place: Chair | Seat | Screen | None = None
    problem: str = ""
    lost: bool = False


def _place(token: str) -> _Place:
    """Find the place of a token."""
    if not token:
        return _Place()
    try:
        place = seminars().enter(token)
        if isinstance(place, Seat):
            # Whose place was taken back has none.
            _ = place.who
        return _Place(place)
    except SeminarError as error:
        return _Place(problem=str(error), lost=isinstance(error, NotFoundError | ForbiddenError))


def _label(place: Chair | Seat | Screen) -> str:
    """Say what a place is called where it is offered to come back to; the projector's is not."""
    title = place.room.session.title
    if isinstance(place, Chair):
        return f"{title}: facilitator"
    return f"{title}: {place.who.name}, {place.role.title}" if isinstance(place, Seat) else ""


def _shown_at(at: str, found: _Place) -> _Place:
    """Give what is shown of a place: on the projector nothing that is not for all."""
    if at != "projector" or found.place is None:
        return found
    if isinstance(found.place, Seat):
        return _Place(problem=FROM_THE_FACILITATOR)
    return _Place(Screen(found.place.room))


@solara.component
def Page() -> None:
    """Show the place that this tab of the browser has, or the entrance."""
    At("seminar")


@solara.component
def At(at: str) -> None:
    """Show the place that this tab of the browser has, or a way in; ``at`` is a key of `TITLES`.

    The token of a place is a key: it stands in no address that is shown or projected. An address that brings one is
    cleaned by the browser, which keeps the token for this tab and hands it over again when the page is loaded again.
    """
    solara.Title(f"{TITLES[at]} - r2psim")
    solara.Style(STYLE)
    search = solara.use_router().search
    brought, code = _given(search, "token"), _given(search, "code")
    token, set_token = solara.use_state(brought)
    solara.use_effect(lambda: set_token(brought) if brought else None, [brought])
    held = solara.use_memo(lambda: _place(token), [token])
    known, set_known = solara.use_state(None)
    _, set_moved = solara.use_state(0)
    found = _shown_at(at, held)

    def enter(given: Any) -> None:
        # Whoever comes back here may have another place by then.
        set_known(None)
        set_token(str(given)[:LONGEST])

    def come_back(given: Any) -> None:
        place = _place(str(given)[:LONGEST]).place
        # Who follows a link to one seminar is not led back to the place that this tab has in another.
        if at == "join" and code and place is not None and place.room.session.code != plain(code):
            return
        enter(given)

    def look(given: Any) -> None:
        tokens = given[:MOST] if isinstance(given, list) else []
        set_known([t for t in tokens if isinstance(t, str) and not _place(t[:LONGEST]).lost])

    if found.place is None:
        View(html=element("h1", TITLES[at]))
        told(found.problem)
        if at == "join":
            Joining(code, enter)
        elif at == "seminar":
            Entrance(settings.current().scenario, enter)
        elif not found.problem:
            View(html=element("p", FROM_THE_FACILITATOR))
        Places(refused=token if held.lost else "", known=known, event_enter=come_back, event_look=look)
        return
    if isinstance(found.place, Chair):
        ChairPage(found.place, token).key(token)
    elif isinstance(found.place, Seat):
        SeatPage(found.place, token, lambda: set_moved(lambda n: n + 1)).key(token)
    else:
        ProjectorPage(found.place).key(token)
    Places(token=token, label="" if at == "projector" else _label(found.place), event_enter=enter)
