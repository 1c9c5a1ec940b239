"""The parts of a page that several pages have: buttons that pick, tables, bars; see `r2psim.markup`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from r2psim.markup import Markup, element, join

__all__ = ["Markup", "bar", "element", "join", "pick", "table", "uncapital"]


def uncapital(text: str) -> str:
    """Give a label as it stands within a sentence: only its first letter becomes small.

    Examples
    --------
    >>> uncapital("Collective response (Pillar III)")
    'collective response (Pillar III)'
    """
    return text[:1].lower() + text[1:]


def pick(key: str, *inside: Any, pressed: bool | None = None, **attributes: Any) -> Markup:
    """Write a button that picks ``key``."""
    state = None if pressed is None else str(pressed).lower()
    return element("button", *inside, type="button", data_pick=key, aria_pressed=state, **attributes)


def table(
    heads: Iterable[Any], rows: Iterable[Iterable[Any]], caption: str, numbers: int = 0, class_: str = ""
) -> Markup:
    """Write a table; the last ``numbers`` columns are numbers, the first names its row."""
    heads = list(heads)
    first_number = len(heads) - numbers

    def kind(i: int) -> str | None:
        return "r2p-number" if i >= first_number else None

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
    made = element(
        "table",
        element("caption", caption, class_="r2p-caption"),
        element("thead", element("tr", head)),
        element("tbody", body),
        class_=f"r2p-table {class_}".strip(),
    )
    return element("div", made, class_="r2p-scroll")


def bar(share: float, words: str, class_: str = "") -> Markup:
    """Write a bar from 0 to 1 with its value beside it."""
    width = f"{100.0 * min(max(share, 0.0), 1.0):.1f}%"
    return element(
        "span",
        element(
            "span", element("span", style=f"width:{width}"), class_=f"r2p-bar {class_}".strip(), aria_hidden="true"
        ),
        element("span", words, class_="r2p-bar-value"),
        class_="r2p-bar-row",
    )
