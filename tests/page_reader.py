"""What a page shows, read as a browser reads it: elements and text, not the letters of its markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from time import sleep
from typing import Any

import ipywidgets

__all__ = ["TAG", "Shown", "read", "shown_by", "states_of", "told_by", "widgets_with"]

TAG = re.compile(r"</?[a-z][a-z0-9]*(\s[^<>]*)?/?>")
"""A tag. Where one stands in the text that a page shows, markup was escaped that was markup already."""

TRIES = 100

HEADINGS = ("h1", "h2", "h3")


class Shown(HTMLParser):
    """Elements of a page: checks that they are closed in order, keeps headings, text, and what can be picked."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.picks: list[str] = []
        self.headings: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HEADINGS:
            self.headings.append("")
        if tag != "br":
            self.open.append(tag)
        self.picks += [value or "" for key, value in attrs if key == "data-pick"]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if any(tag in HEADINGS for tag in self.open):
            self.headings[-1] += data


def read(html: str) -> Shown:
    """Read HTML, and insist that it is well formed."""
    reader = Shown()
    reader.feed(str(html))
    reader.close()
    assert not reader.open
    return reader


def widgets_with(rc: Any, name: str) -> list[Any]:
    """Give all widgets of a rendered page that have some trait, in order."""

    def below(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
        yield widget
        for child in getattr(widget, "children", None) or ():
            if isinstance(child, ipywidgets.Widget):
                yield from below(child)

    return [w for w in below(rc.container) if w.has_trait(name)]


def states_of(rc: Any) -> list[tuple[str, dict[str, Any]]]:
    """Give all that a browser is sent of a rendered page: of each widget what it is, and its state."""
    for _ in range(TRIES):
        try:
            return [(type(w).__name__, w.get_state()) for w in widgets_with(rc, "comm")]
        except AttributeError:
            # What another thread has just drawn again is closed; the page is read again.
            sleep(0.05)
    raise AssertionError("the page is drawn again and again")


def told_by(rc: Any) -> str:
    """Give what a rendered page says beside its buttons."""
    return " ".join(f"{w.message} {w.problem}".strip() for w in widgets_with(rc, "message"))


def shown_by(rc: Any) -> Shown:
    """Read all that the views of a rendered page show."""
    return read("".join(w.html for w in widgets_with(rc, "html")))
