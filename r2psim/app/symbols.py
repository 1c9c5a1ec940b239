"""Marks of stages and triggers as SVG: each stage has a shape, a digit and a colour, of which each alone is enough."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin
from typing import Any

from r2psim.app.page_parts import Markup, element, join
from r2psim.declarations.columns import STAGES, TRIGGERS
from r2psim.plots.style import TRIGGER_MARKS, plain

__all__ = ["PATHS", "path_of", "stage_key", "stage_mark", "trigger_key", "trigger_mark"]


def _around(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.2f},{y:.2f}" for x, y in points) + "Z"


def _corners(n: int, turn: float, reach: float) -> str:
    return _around([(reach * sin(turn + 2 * pi * k / n), -reach * cos(turn + 2 * pi * k / n)) for k in range(n)])


def _cross(arm: float, half: float) -> str:
    a, h = arm, half
    return _around(
        [(-h, -a), (h, -a), (h, -h), (a, -h), (a, h), (h, h), (h, a), (-h, a), (-h, h), (-a, h), (-a, -h), (-h, -h)]
    )


PATHS = (
    "M0,-1A1,1 0 1 1 0,1A1,1 0 1 1 0,-1Z",
    _corners(4, pi / 4, 1.25),
    _corners(3, 0.0, 1.45),
    _corners(4, 0.0, 1.35),
    _cross(1.2, 0.62),
)
"""Outline of the mark of each stage, about 2 wide around 0, 0: circle, square, triangle, diamond, cross."""


def path_of(stage: int) -> str:
    """Give the outline of a stage's mark."""
    return PATHS[stage]


def stage_mark(stage: int, size: float = 7.0) -> Markup:
    """Draw a stage's mark as a small drawing of its own."""
    return element(
        "svg",
        element("path", d=PATHS[stage], class_=f"r2p-s{stage}"),
        viewBox="-1.6 -1.6 3.2 3.2",
        width=2 * size,
        height=2 * size,
        class_="r2p-mark",
        aria_hidden="true",
    )


def _as_they_are(_: str, words: Any) -> Any:
    """Give words without a link."""
    return words


Linked = Callable[[str, Any], Any]
"""Leads from words to what the glossary says of them: told the key of the term, and the words."""


def stage_key(linked: Linked = _as_they_are) -> Markup:
    """Draw the key of the stages, and of the ring that marks a war."""
    items = [element("li", stage_mark(k), " ", linked(f"stage-{k}", f"{k} {name}")) for k, name in enumerate(STAGES)]
    ring = element(
        "svg",
        element("circle", r=1.3, class_="r2p-ring"),
        viewBox="-1.6 -1.6 3.2 3.2",
        width=16,
        height=16,
        class_="r2p-mark",
        aria_hidden="true",
    )
    items.append(element("li", ring, " ", linked("conflict-3", "at war")))
    return element("ul", *items, class_="r2p-key", aria_label="Stages")


_TRIGGER_PATHS = {
    "s": _corners(4, pi / 4, 1.25),
    "^": _corners(3, 0.0, 1.3),
    "v": _corners(3, pi, 1.3),
    "D": _corners(4, 0.0, 1.3),
    "P": _cross(1.2, 0.45),
    "<": _corners(3, -pi / 2, 1.3),
    ">": _corners(3, pi / 2, 1.3),
    "o": PATHS[0],
}


def trigger_mark(kind: str) -> tuple[str, str]:
    """Give the outline of a trigger's mark, and the class that fills it or not."""
    shape, filled = TRIGGER_MARKS[kind]
    return _TRIGGER_PATHS[shape], "r2p-t r2p-filled" if filled else "r2p-t"


def trigger_key(linked: Linked = _as_they_are) -> Markup:
    """Draw the key of the triggers."""
    items = []
    for kind in TRIGGERS:
        path, class_ = trigger_mark(kind)
        mark = element(
            "svg",
            element("path", d=path, class_=class_),
            viewBox="-1.8 -1.8 3.6 3.6", width=13, height=13, class_="r2p-mark", aria_hidden="true",
        )  # fmt: skip
        items.append(element("li", mark, " ", linked(f"trigger-{kind}", plain(kind))))
    return element("ul", join(items), class_="r2p-key", aria_label="Triggers")
