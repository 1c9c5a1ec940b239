"""How wide the text of drawings is: margins follow from what stands in them.

Ticks stand at round numbers: 1, 2 or 5 times a power of ten.

Browsers draw with the system's own type. DejaVu Sans, which Matplotlib brings along and measures, is as wide as any of
those that they choose, so what has room for it has room for them.
"""

from __future__ import annotations

from math import floor, log10

from r2psim.plots.style import shorten, text_width

__all__ = ["TICK", "fitted", "room_for", "round_below", "round_step", "width"]

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


def round_step(span: float, intervals: int) -> float:
    """Give the distance of ticks that divide a span into at most so many intervals: 1, 2 or 5 times a power of ten.

    Examples
    --------
    >>> round_step(62_800.0, 4), round_step(2.1, 4), round_step(1.0, 6)
    (20000.0, 1.0, 0.2)
    """
    power = floor(log10(span / intervals))
    # Written as text and read again: then 0.2 is 0.2, and not the last bit more.
    steps = (float(f"{digit}e{more}") for more in (power, power + 1) for digit in (1, 2, 5))
    return next(step for step in steps if step * intervals >= span * (1.0 - 1e-9))


def round_below(value: float) -> float:
    """Give the largest of 1, 2 and 5 times a power of ten that is not above a number.

    Examples
    --------
    >>> round_below(8.79e11), round_below(0.33), round_below(1.0)
    (500000000000.0, 0.2, 1.0)
    """
    power = floor(log10(value) + 1e-12)
    steps = [float(f"{digit}e{power}") for digit in (1, 2, 5)]
    return max(step for step in steps if step <= value * (1.0 + 1e-9))
