"""The parts of a page that several pages have: buttons that pick, bars; the rest is in `r2psim.markup`."""

from __future__ import annotations

from typing import Any

from r2psim.markup import Markup, element, join, table, uncapital

__all__ = ["Markup", "bar", "element", "join", "pick", "table", "uncapital"]


def pick(key: str, *inside: Any, pressed: bool | None = None, **attributes: Any) -> Markup:
    """Write a button that picks ``key``."""
    state = None if pressed is None else str(pressed).lower()
    return element("button", *inside, type="button", data_pick=key, aria_pressed=state, **attributes)


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
