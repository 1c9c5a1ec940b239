"""A document of a seminar's printed material: one file that needs no other, with its print style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from r2psim.markup import Markup, element, head_and_body, join
from r2psim.seminar.kit_words import Words

__all__ = ["bullets", "button", "code", "document", "grid", "lines", "page", "paragraph", "section"]

STYLE = Path(__file__).with_name("kit.css")


def document(words: Words, title: object, pages: Iterable[Markup]) -> str:
    """Write a whole file.

    Parameters
    ----------
    words : Words
        Its language.
    title : object
        What the window is called.
    pages : iterable of Markup
        As `page` makes them.
    """
    head = join(
        (
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("title", title),
            element("style", Markup(STYLE.read_text(encoding="utf-8"))),
        )
    )
    body = element("body", element("main", *pages))
    return f"<!DOCTYPE html>\n{element('html', element('head', head), body, lang=words.language)}\n"


def page(words: Words, left: object, right: object, *inside: object, class_: str = "page") -> Markup:
    """Begin a page: a line that says what it is of and for whom, and what is never left out at its foot."""
    kicker = element("div", element("span", left), element("span", right), class_="kicker")
    foot = element("p", words("kit.invented"), class_="foot")
    return element("section", kicker, *inside, foot, class_=class_)


def paragraph(text: object, class_: str | None = None) -> Markup:
    """Write a paragraph."""
    return element("p", text, class_=class_)


def section(title: object, *inside: object, class_: str | None = "keep") -> Markup:
    """Write a heading with what belongs to it."""
    return element("div", element("h2", title), *inside, class_=class_)


def bullets(items: Iterable[object], tag: str = "ul", class_: str | None = None, start: int | None = None) -> Markup:
    """List items, numbered from ``start`` on where ``tag`` is ``ol``."""
    return element(tag, *(element("li", item) for item in items), class_=class_, start=start)


def lines(number: int) -> Markup:
    """Leave lines to write on."""
    return join(element("div", class_="line") for _ in range(number))


def grid(
    heads: Sequence[object], rows: Iterable[Sequence[Any]], caption: object = "", numbers: Sequence[int] = ()
) -> Markup:
    """Write a table; the first cell names its row, ``numbers`` are the columns of numbers."""
    named = element("caption", caption) if caption else ""
    inside = head_and_body(heads, rows, lambda i: "number" if i in numbers else None)
    return element("table", named, inside, class_="small")


def button(text: str) -> Markup:
    """Write what is to be pressed, as the page of the seminar calls it: that page speaks English."""
    return element("kbd", text)


def code(text: str) -> Markup:
    """Write what is to be typed; no line ends within a word of it."""
    return element("code", Markup(" ").join(element("span", part, class_="nowrap") for part in text.split(" ")))
