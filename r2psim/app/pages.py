"""All pages of `r2psim.app.entries`, and what surrounds each: title, ways from page to page, what the model is not."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import solara

from r2psim.app.entries import PAGES, UNLISTED, Entry
from r2psim.app.settings import LIMITS
from r2psim.app.tours import told_to_browser

__all__ = ["PAGES", "UNLISTED", "Entry", "Layout", "routes"]

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")

LONGEST = LIMITS.address_bytes
"""Characters of an address that a link leads to."""

NOT = "An invented world. It explains mechanisms; it forecasts no country, and no number stands for a life's worth."


@solara.component_vue("appearance.vue")
def _Appearance() -> None:
    """Offer light, dark, or what the device prefers."""


@solara.component_vue("back.vue")
def _Back() -> None:
    """Say that the server is away, and load the page again once it is back."""


@solara.component_vue("way.vue")
def _Way() -> None:
    """Keep addresses under the path that a proxy gives the pages."""


@solara.component_vue("guide.vue")
def _Guide(tours: list[dict[str, Any]], page: str, event_open: Callable[[str], None]) -> None:
    """Lead through a page, and follow links in its parts."""


@solara.component
def _To(path: str, words: str, here: bool) -> None:
    """Lead to a page; its address is also right where the link is opened in another tab."""
    router = solara.use_router()
    with solara.v.Html(tag="a", attributes={"href": router.root_path + path}) as link:
        solara.v.Html(
            tag="span",
            class_="r2p-tab r2p-here" if here else "r2p-tab",
            attributes={"aria-current": "page"} if here else {},
            children=[words],
        )
    solara.v.use_event(link, "click.prevent.stop", lambda *_: router.push(path))


@solara.component
def Layout(children: list[Any]) -> None:
    """Surround a page."""
    solara.Style(STYLE)
    _Way()
    router = solara.use_router()
    route, _ = solara.use_route(peek=True)
    # An address of the first page that names a world is one of Explore.
    at = "" if route is None else "explore" if route.path == "/" and router.search else route.path

    def follow(path: Any) -> None:
        # Links of the pages themselves; what a browser sends may be anything.
        if isinstance(path, str) and path.startswith("/") and not path.startswith("//") and len(path) < LONGEST:
            router.push(path)

    with solara.v.Html(tag="div", class_="r2p"):
        with solara.v.Html(tag="header", class_="r2p-head", attributes={"role": "banner"}):
            solara.v.Html(tag="a", class_="r2p-skip", attributes={"href": "#main"}, children=["Skip to the page"])
            solara.v.Html(tag="span", class_="r2p-name", children=["r2psim"])
            with solara.v.Html(tag="nav", class_="r2p-nav", attributes={"aria-label": "Pages"}):
                for entry in PAGES:
                    _To("/" if entry.path == "/" else f"/{entry.path}", entry.label, entry.path == at)
            _Guide(tours=told_to_browser(), page=at, event_open=follow)
            _Appearance()
        _Back()
        solara.v.Html(tag="main", class_="r2p-main", attributes={"id": "main", "tabindex": "-1"}, children=children)
        solara.v.Html(tag="footer", class_="r2p-foot", children=[NOT])


def _routes() -> list[Any]:
    """Make the routes of `PAGES` and `UNLISTED`."""
    return [
        solara.Route(
            entry.path,
            component=import_module(entry.module).Page,
            label=f"{entry.label} - r2psim",
            layout=Layout if i == 0 else None,
        )
        for i, entry in enumerate([*PAGES, *UNLISTED])
    ]


routes = _routes()
