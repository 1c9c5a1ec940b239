"""Stages of groups over time: one ribbon a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import PolyCollection

from r2psim.declarations.columns import STAGES, TRIGGERS
from r2psim.plots import style
from r2psim.plots.style import (
    FAINT,
    INK,
    MUTED,
    SIZES,
    STAGE_COLOURS,
    STAGE_HATCHES,
    STAGE_THICKNESS,
    legend_row,
    new_figure,
    sober,
    stage_handles,
    trigger_handles,
    trigger_style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from r2psim.world.history import History

__all__ = ["MOST", "runs_of", "stage_ribbons"]

MOST = 60
"""Most groups on one page."""

_LONGEST_NAME = 2.1
_INDENT = 0.12
_LEGEND = 1.05
_YEARS_ABOVE = 0.2
_YEARS_BELOW = 0.45
_LANES = (0, -1, 1)
_MARK = 0.066


@dataclass
class _Block:
    """A state on the page: the row of its line of triggers, and (row, group) of each of its ribbons."""

    state: int
    row: float
    ribbons: list[tuple[float, int]] = field(default_factory=list)


def runs_of(stages: np.ndarray) -> list[tuple[int, int, int]]:
    """Cut a series of stages into runs of one stage: (first index, index after the last, stage).

    Examples
    --------
    >>> runs_of(np.array([0, 0, 2, 2, 2, 1]))
    [(0, 2, 0), (2, 5, 2), (5, 6, 1)]
    """
    edges = [0, *(np.flatnonzero(np.diff(stages)) + 1).tolist(), len(stages)]
    return [(a, b, int(stages[a])) for a, b in pairwise(edges)]


def _chosen(history: History, groups: Sequence[str] | None) -> tuple[list[int], bool]:
    """Choose the groups to show, in order, and say whether some were left out because there are too many."""
    known = history.world.groups
    if groups is not None:
        row = {name: i for i, name in enumerate(known)}
        unknown = [name for name in groups if name not in row]
        if unknown:
            raise ValueError(f"the run has no group {', '.join(map(repr, unknown))}")
        return sorted({row[name] for name in groups}), False
    if len(known) <= MOST:
        return list(range(len(known))), False
    stage = history.group["stage"]
    highest = stage.max(axis=0)
    # Highest stage first, then most months in it, then the order of the world.
    months = (stage == highest).sum(axis=0)
    order = sorted(np.flatnonzero(highest >= 2).tolist(), key=lambda g: (-highest[g], -months[g], g))
    return order[:MOST], True


def _blocks(history: History, chosen: Sequence[int]) -> list[_Block]:
    """Place states and their groups below one another, in the order in which they are first named."""
    home = history.world.rows.home
    of_state: dict[int, list[int]] = {}
    for g in chosen:
        of_state.setdefault(int(home[g]), []).append(g)
    blocks = []
    row = 0.0
    for s, members in of_state.items():
        block = _Block(s, row)
        for g in members:
            row += 1.0
            block.ribbons.append((row, g))
        blocks.append(block)
        row += 1.4
    return blocks


def _title(highest: np.ndarray, months: int) -> str:
    """Say what is seen: how many groups came how far."""
    top = int(highest.max(initial=0))
    count = int((highest == top).sum())
    if top == 0:
        return f"Every group stayed stable for {style.duration(months)}"
    reached = f"{count} of {len(highest)} groups reached {STAGES[top]}"
    if top == len(STAGES) - 1:
        return f"{reached} within {style.duration(months)}"
    return f"{reached} within {style.duration(months)}, none went beyond it"


def _draw_ribbons(axes: Axes, history: History, blocks: Sequence[_Block]) -> None:
    hatched: dict[int, list[list[tuple[float, float]]]] = {k: [] for k, hatch in enumerate(STAGE_HATCHES) if hatch}
    for block in blocks:
        for row, g in block.ribbons:
            boxes, fills = [], []
            for first, after, stage in runs_of(history.group["stage"][:, g]):
                half = STAGE_THICKNESS[stage] / 2
                left, right = first / 12, after / 12
                box = [(left, row - half), (right, row - half), (right, row + half), (left, row + half)]
                boxes.append(box)
                fills.append(STAGE_COLOURS[stage])
                if stage in hatched:
                    hatched[stage].append(box)
            ribbon = PolyCollection(boxes, facecolors=fills, edgecolors="none", linewidths=0.0, zorder=2)
            ribbon.set_gid(f"ribbon:{history.world.groups[g]}")
            axes.add_collection(ribbon)
    for stage, boxes in hatched.items():
        if boxes:
            over = PolyCollection(boxes, facecolors="none", zorder=3)
            style.hatch(over, stage)
            over.set_gid(f"hatch:{stage}")
            axes.add_collection(over)


def _lanes(times: Sequence[int], apart: float) -> list[int]:
    """Move marks that would cover one another off the line: up, down, then back on it."""
    free = dict.fromkeys(_LANES, -np.inf)
    lanes = []
    for time in times:
        lane = next((k for k in _LANES if time - free[k] >= apart), min(_LANES, key=free.__getitem__))
        free[lane] = time
        lanes.append(lane)
    return lanes


def _draw_triggers(axes: Axes, history: History, blocks: Sequence[_Block], apart: tuple[float, float]) -> None:
    """Draw the marks of triggers; marks closer than ``apart`` (months, rows) would cover one another."""
    for block in blocks:
        axes.axhline(block.row, color=MUTED, linewidth=0.5, dashes=(1, 3), zorder=1)
    points: dict[str, list[tuple[float, float]]] = {}
    for block in blocks:
        struck = np.array([history.state[f"strike_{kind}"][:, block.state] > 0 for kind in TRIGGERS])
        times, kinds = (found.tolist() for found in np.nonzero(struck.T))
        for time, which, lane in zip(times, kinds, _lanes(times, apart[0]), strict=True):
            points.setdefault(TRIGGERS[which], []).append((time / 12, block.row + lane * apart[1]))
    for kind in TRIGGERS:
        if kind in points:
            x, y = zip(*points[kind], strict=True)
            (marks,) = axes.plot(x, y, zorder=4, clip_on=False, **trigger_style(kind))
            marks.set_gid(f"trigger:{kind}")


def _draw_names(axes: Axes, history: History, blocks: Sequence[_Block], room: float, size: float) -> None:
    world = history.world
    to_left: dict[str, Any] = {"ha": "left", "va": "center", "fontsize": size, "color": INK, "parse_math": False}

    def name(text: str, row: float, indent: float, weight: str) -> None:
        shown = style.shorten(text, room - indent - 0.1, size, weight)
        axes.annotate(
            shown, (0.0, row), xytext=((indent - room) * 72, 0), textcoords="offset points",
            weight=weight, annotation_clip=False, **to_left,
        )  # fmt: skip

    for block in blocks:
        key = world.states[block.state]
        name(world.names[key], block.row, 0.0, "bold")
        for row, g in block.ribbons:
            name(world.names[world.groups[g]], row, _INDENT, "normal")


def stage_ribbons(
    history: History, groups: Sequence[str] | None = None, title: str | None = None, ax: Axes | None = None
) -> Figure:
    """Draw one ribbon a group over time: the darker and thicker, the higher its stage.

    Parameters
    ----------
    history : History
        One run.
    groups : sequence of str, optional
        Full identifiers (state/group) of the groups to show. By default all; of more than `MOST` groups those that ever
        reached stage 2, the highest first, at most `MOST`.
    title : str, optional
        By default what is seen.
    ax : matplotlib.axes.Axes, optional
        Draw the ribbons here instead of on a page of their own; their names need room to the left of it.

    Returns
    -------
    Figure
        Ribbons under the name of their state, whose line carries the marks of its triggers; time in years.

    Raises
    ------
    ValueError
        If a group is not in the run.
    """
    chosen, selected = _chosen(history, groups)
    highest = history.group["stage"].max(axis=0)
    subtitle = history.title
    if selected:
        ever = int((highest >= 2).sum())
        subtitle += f". Of {len(highest)} groups, {ever} ever reached stage 2 (threat)"
        if ever > MOST:
            subtitle += f"; shown are the {MOST} that stood highest and longest"
        subtitle += ", the highest first." if ever else "."
    blocks = _blocks(history, chosen)
    rows = blocks[-1].ribbons[-1][0] + 1.4 if blocks else 6.0
    dense = len(chosen) > 30
    pitch, size = (0.12, SIZES["small"]) if dense else (0.19, SIZES["row"])
    above = _YEARS_ABOVE if dense else 0.0
    if title is None:
        title = _title(highest if groups is None else highest[chosen], history.months)
    names = [(history.world.names[history.world.states[b.state]], "bold", 0.0) for b in blocks]
    names += [(history.world.names[history.world.groups[g]], "normal", _INDENT) for b in blocks for _, g in b.ribbons]
    wanted = max((style.text_width(n, size, w) + i for n, w, i in names), default=0.0) + 0.15
    room = min(wanted, _LONGEST_NAME)
    if ax is not None:
        _draw(ax, history, blocks, rows, room, size, style.inches(ax))
        ax.set_title(title, fontsize=SIZES["label"], fontweight="bold", loc="left")
        return style.figure_of(ax)
    page = new_figure(_LEGEND + above + rows * pitch + _YEARS_BELOW, title, subtitle, style.provenance(history))
    legend_row(page, stage_handles(), page.left, page.top, 5, "Stage of the group (the thicker, the higher)")
    second = page.top - 0.46
    legend_row(page, trigger_handles(), page.left, second, 4, "Triggers, on the line of the state that they strike")

    bottom = page.bottom + _YEARS_BELOW
    width = page.right - page.left - room
    axes = page.axes(page.left + room, bottom, width, rows * pitch)
    _draw(axes, history, blocks, rows, room, size, (width, rows * pitch))
    axes.tick_params(axis="x", labeltop=dense)
    return page.figure


def _draw(
    axes: Axes, history: History, blocks: Sequence[_Block], rows: float, room: float, size: float,
    paper: tuple[float, float],
) -> None:  # fmt: skip
    """Draw names, triggers and ribbons into axes that are so many inches wide and high."""
    sober(axes)
    axes.set_ylim(rows - 0.7, -0.7)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    style.years_axis(axes, history.months)
    axes.grid(axis="x", color=FAINT, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    if not blocks:
        style.say(axes, "No group ever reached stage 2 (threat).")
        return
    apart = (_MARK / paper[0] * (history.months + 1), _MARK / paper[1] * rows)
    _draw_triggers(axes, history, blocks, apart)
    _draw_ribbons(axes, history, blocks)
    _draw_names(axes, history, blocks, room, size)
