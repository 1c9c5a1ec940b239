"""One state over time: its risk factors, what holds risk back, and the money that it gets, each in a small drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any, NamedTuple

import numpy as np

from r2psim.analysis.findings import money
from r2psim.app.charts import drawn_through
from r2psim.app.glossary import term
from r2psim.app.page_parts import Markup, element, join
from r2psim.app.text_width import room_for, round_step
from r2psim.app.watch import Watch
from r2psim.declarations.columns import INHIBITORS, RISK_FACTORS
from r2psim.plots.style import plain

__all__ = ["Panel", "course_rows", "draw_course", "panels_of", "patch_course"]

ACROSS, HIGH = 200.0, 58.0
TOP, BOTTOM, RIGHT, SPACE = 10.0, 18.0, 10.0, 6.0
EVERY = 3
"""Months between the points of a line."""

GROUPS = {
    "factor": "The fourteen risk factors, 0 to 1",
    "inhibitor": "What holds risk back, 0 to 1",
    "money": "Assistance here, US$ a month",
}
"""Kinds of panels and what they are called, in their order."""

MONEY = ("prevention", "response")

COMMON = 8
"""The first eight risk factors are those of a state, the others the worst of its groups."""


class Panel(NamedTuple):
    """One variable of a state.

    Attributes
    ----------
    key, name : str
        Kind of `GROUPS` with a name, as the glossary has it; what it is called.
    column : str
        What its numbers are called in a table.
    top : float
        The highest value of its axis.
    values : tuple of numpy.ndarray, shape (months + 1,)
        Of each world, from the start on.
    first : int
        First month that has a value: those of groups are worked out in the first month, and not at the start.
    """

    key: str
    name: str
    column: str
    top: float
    values: tuple[np.ndarray, ...]
    first: int = 0

    @property
    def kind(self) -> str:
        """A key of `GROUPS`."""
        return self.key.partition("-")[0]


def panels_of(worlds: Sequence[Watch], state: str) -> list[Panel]:
    """Give the variables of a state as far as each world was run."""
    s = worlds[0].history.world.states.index(state)

    def column(name: str) -> tuple[np.ndarray, ...]:
        return tuple(w.history.state[name][:, s] for w in worlds)

    found = [
        Panel(f"factor-{i}", f"{i} {n}", f"rf{i}", 1.0, column(f"rf{i}"), int(i > COMMON))
        for i, n in enumerate(RISK_FACTORS, 1)
    ]
    found += [
        Panel(f"inhibitor-{n}", plain(n), n, 1.0, column(n)) for n in ("inclusion", *INHIBITORS, "restraint")
    ]  # fmt: skip
    paid = [w.received(s) for w in worlds]
    for row, name in enumerate(MONEY):
        highest = max(float(p[row].max()) for p in paid) or 1.0
        step = round_step(highest, 2)
        top = step * ceil(highest / step * (1.0 - 1e-9))
        found.append(Panel(f"money-{name}", plain(name), f"paid_{name}", top, tuple(p[row] for p in paid)))
    return found


def _x(month: float, months: int) -> float:
    return ACROSS * month / months


def _drawn(panel: Panel, number: int, months: int, left: float) -> Markup:
    """Draw one variable: axes, and a line a world."""
    bottom = TOP + HIGH
    parts = []
    for value in (0.0, panel.top / 2, panel.top):
        y = bottom - HIGH * value / panel.top
        parts.append(element("line", x1=0, x2=ACROSS, y1=y, y2=y, class_="r2p-grid"))
        if value != panel.top / 2:
            said = _tick(panel, value)
            parts.append(element("text", said, x=-SPACE, y=y + 4, class_="r2p-tick", text_anchor="end"))
    years = months // 12
    for year, anchor in ((0, "start"), (years // 2, "middle"), (years, "end")):
        said = "year 0" if year == 0 else str(year)
        x = _x(12 * year, months)
        parts.append(element("text", said, x=x, y=bottom + 14, class_="r2p-tick", text_anchor=anchor))
    for values, class_ in zip(panel.values, ("r2p-mean", "r2p-second"), strict=False):
        at = np.unique(np.concatenate([[panel.first], np.arange(0, len(values), EVERY), [len(values) - 1]]))
        at = at[(panel.first <= at) & (at < len(values))]
        if len(at) < 2:
            continue
        high = bottom - HIGH * np.clip(values[at] / panel.top, 0.0, 1.0)
        parts.append(element("path", d=drawn_through(ACROSS * at / months, high), class_=class_))
    parts.append(element("line", x1=0, x2=0, y1=TOP, y2=bottom, class_="r2p-cursor", data_id=f"course-{number}"))
    last = "; ".join(_said(panel, float(values[-1])) for values in panel.values)
    return element(
        "svg", *parts, viewBox=f"{-left:.0f} 0 {left + ACROSS + RIGHT:.0f} {bottom + BOTTOM:.0f}", class_="r2p-small",
        role="img", aria_label=f"{panel.name} over time, at last {last}",
    )  # fmt: skip


def _tick(panel: Panel, value: float) -> str:
    return _said(panel, value) if value else "0"


def _said(panel: Panel, value: float) -> str:
    return money(value).replace("US$ ", "$") if panel.kind == "money" else f"{value:.2f}".rstrip("0").rstrip(".")


def draw_course(panels: Sequence[Panel], policies: Sequence[str], months: int) -> Markup:
    """Draw all variables of a state over time, on axes that are as long as the whole run.

    Parameters
    ----------
    panels : sequence of Panel
        As `panels_of` gives them.
    policies : sequence of str
        What each world is under, the first of them drawn solid.
    months : int
        Length of a run.
    """
    # One margin for all, so that the same month stands at the same place in each.
    left = room_for([_tick(p, v) for p in panels for v in (0.0, p.top)]) + 2 * SPACE
    parts = []
    for kind, title in GROUPS.items():
        mine = [(i, p) for i, p in enumerate(panels) if p.kind == kind]
        figures = (
            element(
                "figure",
                element("figcaption", term(p.key, p.name) if kind != "money" else p.name),
                _drawn(p, i, months, left),
            )
            for i, p in mine
        )
        parts.append(element("h3", title) + element("div", join(figures), class_="r2p-smalls"))
    lines = f"Solid: {policies[0]}; dashed: {policies[1]}. " if len(policies) > 1 else ""
    note = f"{lines}A value every three months; the vertical line is the month shown above."
    return join((*parts, element("p", note, class_="r2p-note")))


def patch_course(month: int, months: int, panels: int) -> dict[str, dict[str, str]]:
    """Say where the lines of the month shown are."""
    x = f"{_x(month, months):.1f}"
    return {f"course-{i}": {"x1": x, "x2": x} for i in range(panels)}


def course_rows(panels: Sequence[Panel], policies: Sequence[str]) -> tuple[list[str], Iterator[list[Any]]]:
    """Give the numbers behind `draw_course`, every month: heads of the columns, and rows."""
    rows = (
        [month, policy, *(float(p.values[world][month]) if month >= p.first else None for p in panels)]
        for world, policy in enumerate(policies)
        for month in range(min(len(panel.values[world]) for panel in panels))
    )
    return ["month", "policy", *(panel.column for panel in panels)], rows
