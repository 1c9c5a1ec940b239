"""The projector: how to join, who is there, what time is left, and what everybody can see - for the whole room."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import solara
from solara.lab import headers

from r2psim.app import settings
from r2psim.app.allowed_hosts import addresses
from r2psim.app.inputs import told
from r2psim.app.page_parts import Markup, element, join, table
from r2psim.app.seminar_map import public_map
from r2psim.app.seminar_server import use_version
from r2psim.app.seminar_widgets import Status
from r2psim.app.seminar_words import RULED, events, news_title, statements
from r2psim.app.widgets import View
from r2psim.seminar import Screen, SeminarError
from r2psim.seminar.codes import plain
from r2psim.seminar.screen import Ready, ScreenView

__all__ = ["ProjectorPage", "joining", "ways_to_join", "why_nobody"]

HERE_ONLY = (
    "Only this machine can open these pages. Start the server with --host 0.0.0.0, and others in the room can join."
)


NO_NETWORK = "This machine is in no network: open its hotspot, or join the room's network, and load this page again."


def why_nobody() -> str:
    """Say why others do not reach this server, where they do not."""
    return HERE_ONLY if settings.current().host not in ("0.0.0.0", "::") else NO_NETWORK


def ways_to_join() -> tuple[str, ...]:
    """Give the addresses at which others reach this server, the likeliest first; none if nobody does."""
    chosen = settings.current()
    try:
        asked = str((headers.value or {}).get("host", [""])[0])
    except RuntimeError:
        asked = ""
    return addresses(chosen.host, chosen.port, chosen.url, asked)


def joining(address: str, code: str) -> str:
    """Give the link that brings somebody into a session."""
    return f"{address}join?{urlencode({'code': plain(code)})}"


def qr_code(link: str) -> Markup:
    """Draw a link as a QR code: dark on light whatever the page is, with the quiet zone that readers need."""
    import segno

    matrix = segno.make_qr(link, error="m").matrix
    size, quiet = len(matrix), 4
    runs = []
    for y, row in enumerate(matrix):
        x = 0
        while x < size:
            wide = next((n for n in range(size - x) if not row[x + n]), size - x)
            if wide:
                runs.append(f"M{x + quiet},{y + quiet}h{wide}v1h-{wide}z")
            x += wide + 1
    whole = size + 2 * quiet
    return element(
        "svg",
        element("rect", width=whole, height=whole, fill="#ffffff"),
        element("path", d="".join(runs), fill="#000000"),
        viewBox=f"0 0 {whole} {whole}",
        class_="r2p-qr",
        role="img",
        aria_label=f"QR code of {link}",
        shape_rendering="crispEdges",
    )


@solara.component
def ProjectorPage(screen: Screen) -> None:
    """Show what the whole room may see of its session."""
    version = use_version(screen.room, screen.stand)
    try:
        look = screen.look()
    except SeminarError as error:
        View(html=element("h1", "Projector"))
        told(str(error))
        return
    names = screen.room.play.names
    waiting = look.phase == "gathering"
    View(html=element("h1", look.title))
    Status(look.phase, look.year, look.years, look.seconds_left, version, look.line)
    with solara.v.Html(tag="div", class_="r2p-projector r2p-gathering" if waiting else "r2p-projector"):
        View(html=element("section", _door(look), class_="r2p-door", aria_label="How to join"))
        View(html=element("section", _roles(look), aria_label="Roles"))
        with solara.v.Html(tag="section", attributes={"aria-label": "The world, as everybody sees it"}):
            View(html=element("h2", "The world, as everybody sees it") + public_map(screen.room.play, look.public))
            news = events(look.public.events, names, news_title(look.year)) if look.year else Markup()
            View(html=news + statements(look.public.statements, screen.room.play.roles))
            if look.debrief:
                View(html=element("p", "The debriefing is open: everybody sees the results on the own page."))


def _door(look: ScreenView) -> Markup:
    """Say how to join."""
    ways = ways_to_join()
    if not look.open:
        return element("h2", "Join") + element("p", "Nobody is let in at present.")
    code = element("p", look.code, class_="r2p-code")
    if not ways:
        return join((element("h2", "Join"), code, element("p", why_nobody(), class_="r2p-note")))
    first = ways[0]
    others = [element("code", f"{way}join") for way in ways[1:]]
    more = Markup(" or ").join(others)
    return join(
        (
            element("h2", "Join"),
            qr_code(joining(first, look.code)),
            element("p", "Point a camera here, or open", class_="r2p-note"),
            element("p", f"{first}join", class_="r2p-address"),
            element("p", "and type", class_="r2p-note"),
            code,
            element("p", "If this address does not open: ", more, class_="r2p-note") if others else "",
        )
    )


def _roles(look: ScreenView) -> Markup:
    """Say who is there, and in a round who is ready."""
    playing = [r for r in look.roles if r.people]
    waiting = look.phase == "gathering"
    people = sum(r.people for r in playing)
    if waiting:
        said = f"{people} {'person is' if people == 1 else 'people are'} here, in {_roles_words(len(playing))}."
    else:
        done = sum(r.committed for r in playing)
        said = f"{done} of {_roles_words(len(playing))} have committed this year."
    rows = [_row(r, waiting) for r in look.roles if waiting or r.people]
    made = table(("Role", "People" if waiting else "This year"), rows, "Roles") if rows else Markup()
    title = "Who is here" if waiting else "Who is ready"
    ruled = element("p", RULED.format(roles=_roles_words(look.ruled)), class_="r2p-note") if look.ruled else ""
    return join((element("h2", title), element("p", said), made, ruled))


def _roles_words(count: int) -> str:
    return f"{count} {'role' if count == 1 else 'roles'}"


def _row(r: Ready, waiting: bool) -> tuple[str, Any]:
    if waiting:
        free = "free" if not r.people else ""
        return r.title, free or (f"{r.people} of {r.places}" if r.places else f"{r.people}")
    return r.title, element("strong", "✓ ready", class_="r2p-nowrap") if r.committed else "not yet"
