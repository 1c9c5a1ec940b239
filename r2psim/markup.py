"""HTML and SVG as `markupsafe.Markup`: whatever is put in and is not markup already is escaped.

Markup stays markup when it is added to markup, and escapes a plain string that is added to it; so pages may put their
parts together with ``+`` as well as with `join`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from markupsafe import Markup, escape

__all__ = ["Markup", "element", "escape", "head_and_body", "join", "table", "uncapital"]

_EMPTY = {"rect", "path", "line", "circle", "use", "polyline", "polygon", "br", "img", "meta"}


def element(tag: str, *inside: Any, **attributes: Any) -> Markup:
    """Write an element; a trailing underscore of a name goes, others become hyphens, and None leaves it out.

    Examples
    --------
    >>> print(element("p", "a < b", class_="x"))
    <p class="x">a &lt; b</p>
    >>> print(element("text", element("tspan", 3), data_id="n", x=1.23456))
    <text data-id="n" x="1.23"><tspan>3</tspan></text>
    >>> print(element("h2", "Why") + element("p", "Because") + " <hm>")
    <h2>Why</h2><p>Because</p> &lt;hm&gt;
    """
    named = "".join(
        f' {_name(key)}="{escape(_value(value))}"' for key, value in attributes.items() if value is not None
    )
    if tag in _EMPTY and not inside:
        return Markup(f"<{tag}{named}/>" if tag != "br" else "<br>")
    return Markup(f"<{tag}{named}>{join(inside)}</{tag}>")


def _name(key: str) -> str:
    key = key.removesuffix("_")
    # Attributes of SVG that have capitals are written as they are.
    return key if key in ("viewBox", "preserveAspectRatio") else key.replace("_", "-")


def _value(value: Any) -> str:
    # Markup too is only text in an attribute: its quotes and tags are escaped.
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def join(parts: Iterable[Any]) -> Markup:
    """Put elements and texts one after the other."""
    return Markup("").join(parts)


def uncapital(text: str) -> str:
    """Give a label as it stands within a sentence: only its first letter becomes small.

    Examples
    --------
    >>> uncapital("Collective response (Pillar III)")
    'collective response (Pillar III)'
    """
    return text[:1].lower() + text[1:]


def head_and_body(heads: Iterable[Any], rows: Iterable[Iterable[Any]], kind: Callable[[int], str | None]) -> Markup:
    """Write what is within a table: the first column names its row, ``kind`` gives the class of a column."""
    # A corner without words is no head of anything.
    head = join(
        element("th", h, scope="col", class_=kind(i)) if h else element("td", class_=kind(i))
        for i, h in enumerate(heads)
    )
    body = join(
        element(
            "tr",
            *(
                element("th", cell, scope="row") if i == 0 else element("td", cell, class_=kind(i))
                for i, cell in enumerate(row)
            ),
        )
        for row in rows
    )
    return element("thead", element("tr", head)) + element("tbody", body)


def table(
    heads: Iterable[Any], rows: Iterable[Iterable[Any]], caption: str, numbers: int = 0, class_: str = ""
) -> Markup:
    """Write a table; the last ``numbers`` columns are numbers, the first names its row."""
    heads = list(heads)
    first_number = len(heads) - numbers
    made = element(
        "table",
        element("caption", caption, class_="r2p-caption"),
        head_and_body(heads, rows, lambda i: "r2p-number" if i >= first_number else None),
        class_=f"r2p-table {class_}".strip(),
    )
    return element("div", made, class_="r2p-scroll")
