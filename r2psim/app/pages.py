"""The table of pages, and what surrounds each of them: title, ways from page to page, and what the model is not.

To add a page: a module with ``@solara.component def Page()``, and a line in `PAGES`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import solara

__all__ = ["PAGES", "UNLISTED", "Entry", "Layout", "routes"]

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")

NOT = "An invented world. It explains mechanisms; it forecasts no country, and no number stands for a life's worth."


class Entry(NamedTuple):
    """A page.

    Attributes
    ----------
    path : str
        Where it is: ``/`` or a single name.
    label : str
        What it is called.
    module : str
        Has the component `Page`.
    """

    path: str
    label: str
    module: str


PAGES = (
    Entry("/", "Explore", "r2psim.app.explore"),
    Entry("compare", "Compare", "r2psim.app.compare"),
    Entry("seminar", "Seminar", "r2psim.app.seminar"),
)
"""All pages that are offered, in their order."""

UNLISTED = (
    Entry("join", "Join", "r2psim.app.seminar_join"),
    Entry("projector", "Projector", "r2psim.app.seminar_projector_page"),
)
"""Pages that are reached by a link."""


@solara.component_vue("appearance.vue")
def _Appearance() -> None:
    """Offer light, dark, or what the device prefers."""


@solara.component_vue("back.vue")
def _Back() -> None:
    """Say that the server is away, and load the page again once it is back."""


@solara.component_vue("way.vue")
def _Way() -> None:
    """Keep addresses under the path that a proxy gives the pages."""


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
    route, _ = solara.use_route(peek=True)
    with solara.v.Html(tag="div", class_="r2p"):
        with solara.v.Html(tag="header", class_="r2p-head", attributes={"role": "banner"}):
            solara.v.Html(tag="a", class_="r2p-skip", attributes={"href": "#main"}, children=["Skip to the page"])
            solara.v.Html(tag="span", class_="r2p-name", children=["r2psim"])
            with solara.v.Html(tag="nav", class_="r2p-nav", attributes={"aria-label": "Pages"}):
                for entry in PAGES:
                    here = route is not None and route.path == entry.path
                    _To("/" if entry.path == "/" else f"/{entry.path}", entry.label, here)
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
