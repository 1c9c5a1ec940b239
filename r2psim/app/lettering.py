"""How wide the text of drawings is: margins follow from what stands in them.

Browsers draw with the system's own type. DejaVu Sans, which Matplotlib brings along and measures, is as wide as any of
those that they choose, so what has room for it has room for them.
"""

from __future__ import annotations

from r2psim.plots.style import shorten, text_width

__all__ = ["TICK", "fitted", "room_for", "width"]

TICK = 12.5
"""Size of the type of axes and rows, as in ``style.css``; units of the drawing."""

SLACK = 1.04
POINTS_PER_INCH = 72.0


def width(text: str, size: float = TICK, bold: bool = False) -> float:
    """Give the room that a line of text takes at most, in units of the drawing.

    Examples
    --------
    >>> width("9.54 million") > width("9.54 m") > 0.0
    True
    """
    return SLACK * POINTS_PER_INCH * text_width(text, size, "bold" if bold else "normal")


def room_for(texts: list[str], least: float = 0.0, size: float = TICK, bold: bool = False) -> float:
    """Give the room that the widest of some lines takes, and at least ``least``."""
    return max([least, *(width(text, size, bold) for text in texts)])


def fitted(text: str, most: float, size: float = TICK, bold: bool = False) -> str:
    """Cut a line that takes more room than ``most``, with an ellipsis at its end."""
    return shorten(text, most / SLACK / POINTS_PER_INCH, size, "bold" if bold else "normal")
