"""HTML and SVG as `markupsafe.Markup`: whatever is put in and is not markup already is escaped.

Markup stays markup when it is added to markup, and escapes a plain string that is added to it; so pages may put their
parts together with ``+`` as well as with `join`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup, escape

__all__ = ["Markup", "element", "escape", "join"]

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
