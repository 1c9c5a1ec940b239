"""States at their places, tied to their neighbours: shape and fill by stage, at several moments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from r2psim.declarations.columns import STAGES, S
from r2psim.plots import style
from r2psim.plots.style import (
    INK,
    LINE,
    MUTED,
    PAPER,
    SHAPE_AREA,
    SIZES,
    STAGE_COLOURS,
    STAGE_SHAPES,
    legend_row,
    new_figure,
    stage_handles,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from r2psim.world.history import History

__all__ = ["MOST_LABELS", "place_labels", "places", "stage_map"]

MOST_LABELS = 30
"""Most states in a world in which every state is named on the map; in a larger one those at stage 3 or 4 are."""

_LEGEND = 0.46
_GAP = 0.2
_HEAD = 0.3
_BELOW = 0.12
_LARGEST = 22.0
_FEW = 6
_MANY = 16
_LARGE_PAPER = 11.69
_SMALLEST = 4.0
# Half the side of the square that holds any of the shapes, as a share of a node's diameter.
_REACH = 0.63
_LEADER = 5.0

_ANGLES = np.radians([270, 90, 0, 180, 315, 225, 45, 135, *range(278, 630, 15)])
_GAPS = np.array([1.0, 2.5, 4.5, 7.0, 10.0, 14.0, 19.0, 25.0, 32.0, 40.0, 50.0, 62.0, 78.0, 96.0])
# How bad a place for a name is for what is around it, in points that it might as well lie further from its node.
_CROSSING = 3.0  # on a line
_HIDDEN = 15.0  # behind another node or name, as seen from its own node
_DOUBT = 60.0  # nearer to another node with a name than to its own
_CLASH = 300.0  # on another name
_PASSES = 12


def _clipped(start: np.ndarray, end: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Tell which segments pass through which boxes, all of shape (..., 2) (Liang and Barsky's clipping)."""
    step = np.where(end == start, 1e-9, end - start)
    a, b = (low - start) / step, (high - start) / step
    enter = np.minimum(a, b).max(axis=-1)
    leave = np.maximum(a, b).min(axis=-1)
    through: np.ndarray = np.maximum(enter, 0.0) < np.minimum(leave, 1.0)
    return through


def _gap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Give the distance between boxes, shape (..., 4): left, bottom, right, top; 0 where they touch or overlap."""
    apart = np.maximum(np.maximum(a[..., :2] - b[..., 2:], b[..., :2] - a[..., 2:]), 0.0)
    distance: np.ndarray = np.hypot(apart[..., 0], apart[..., 1])
    return distance


def _around(points: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Give the squares around points, shape (n, 4), whose sides are ``reach`` away."""
    return np.concatenate([points - reach[:, None], points + reach[:, None]], axis=1)


class _Name:
    """Places in the panel where a name covers no node, and how bad each is for all but the other names."""

    def __init__(
        self,
        size: np.ndarray,
        own: int,
        named: np.ndarray,
        nodes: np.ndarray,
        segments: np.ndarray,
        panel: tuple[float, float],
    ) -> None:
        node = nodes[own]
        self.middle = (node[:2] + node[2:]) / 2
        way = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
        reach = (node[2] - node[0]) / 2 + _GAPS
        centres = (self.middle + way[None] * (reach[:, None, None] + size / 2)).reshape(-1, 2)
        boxes = np.concatenate([centres - size / 2, centres + size / 2], axis=1)
        cost = np.repeat(_GAPS, len(_ANGLES)) + np.tile(0.05 * np.arange(len(_ANGLES)), len(_GAPS))
        free = (boxes[:, :2] >= 1.0).all(axis=1) & (boxes[:, 2:] <= np.array(panel) - 1.0).all(axis=1)
        free &= (_gap(boxes[:, None], nodes) > 0.5).all(axis=1)
        self.boxes, self.cost = boxes[free], cost[free]

        low, high = self.boxes[:, None, :2], self.boxes[:, None, 2:]
        self.cost += _CROSSING * _clipped(segments[:, 0], segments[:, 1], low, high).sum(axis=1)
        self.cost += _HIDDEN * self.behind(np.delete(nodes, own, axis=0))
        rivals = nodes[named[named != own]]
        self.cost += _DOUBT * (_gap(self.boxes[:, None], rivals) < _gap(self.boxes, node)[:, None]).sum(axis=1)

    def behind(self, boxes: np.ndarray) -> np.ndarray:
        """Count, for each place, the boxes on the straight way from the node."""
        nearest = np.clip(self.middle, self.boxes[:, :2], self.boxes[:, 2:])
        count: np.ndarray = _clipped(self.middle, nearest[:, None], boxes[:, :2], boxes[:, 2:]).sum(axis=1)
        return count

    def best(self, names: np.ndarray) -> np.ndarray:
        """Give the best place beside other names, as far as there is one; shape (4,)."""
        clash = (_gap(self.boxes[:, None], names) < 1.0).sum(axis=1)
        place: np.ndarray = self.boxes[np.argmin(self.cost + _CLASH * clash + _HIDDEN * self.behind(names))]
        return place


def place_labels(
    sizes: np.ndarray, owners: np.ndarray, nodes: np.ndarray, segments: np.ndarray, panel: tuple[float, float]
) -> np.ndarray:
    """Find a place for each name: near its node, off lines, clear of nodes and of other names.

    Each name in turn takes the place that is best beside all others, until none moves any more; names that still
    cover one before them are given up.

    Parameters
    ----------
    sizes : numpy.ndarray, shape (names, 2)
        Width and height of each name, points.
    owners : numpy.ndarray of int, shape (names,)
        The node of each name.
    nodes : numpy.ndarray, shape (nodes, 4)
        Left, bottom, right, top of each node, points.
    segments : numpy.ndarray, shape (lines, 2, 2)
        First and last point of each line.
    panel : (float, float)
        Width and height of the panel, points.

    Returns
    -------
    numpy.ndarray, shape (names, 4)
        Left, bottom, right, top of each name; NaN where no place is free.
    """
    pairs = zip(sizes, owners.tolist(), strict=True)
    names = [_Name(size, own, owners, nodes, segments, panel) for size, own in pairs]
    placed = np.full((len(names), 4), np.nan)
    for _ in range(_PASSES):
        before = placed.copy()
        for i, name in enumerate(names):
            if len(name.boxes):
                placed[i] = name.best(np.delete(placed, i, axis=0))
        if np.array_equal(placed, before, equal_nan=True):
            break
    for i in range(len(placed)):
        if (_gap(placed[i], placed[:i]) < 1.0).any():
            placed[i] = np.nan
    return placed


@dataclass(frozen=True)
class _Layout:
    """Where everything lies in every panel, points from its lower left corner; places of names, once they are found."""

    points: np.ndarray
    diameters: np.ndarray
    edges: np.ndarray
    width: float
    height: float
    found: dict[tuple[int, ...], np.ndarray] = field(default_factory=dict)


def places(history: History) -> np.ndarray:
    """Give the place of each state, shape (states, 2): as declared, or on a circle where two states share a place."""
    rows = history.world.rows.state
    xy = np.stack([rows[S.x], rows[S.y]], axis=1)
    if len(np.unique(xy, axis=0)) == len(xy):
        return xy
    angle = np.pi / 2 - 2 * np.pi * np.arange(len(xy)) / len(xy)
    return 0.5 + 0.5 * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _edges(history: History) -> np.ndarray:
    """Give each pair of neighbours once, shape (edges, 2)."""
    rows = history.world.rows
    count = np.diff(rows.neighbour_start)
    first = np.repeat(np.arange(len(count)), count)
    pairs = np.stack([first, rows.neighbour], axis=1)
    return pairs[pairs[:, 0] < pairs[:, 1]]


def _diameters(population: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Give the diameter of each node, points: area grows with the square root of the population.

    Populations span five orders of magnitude: were the area proportional to them, only the largest would be seen.
    """
    largest = _LARGEST
    if len(points) > 1:
        gaps = np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1))
        np.fill_diagonal(gaps, np.inf)
        largest = min(max(float(np.median(gaps.min(axis=1))), 2.5 * _SMALLEST), _LARGEST)
    diameters: np.ndarray = np.maximum(largest * (population / population.max()) ** 0.25, _SMALLEST)
    return diameters


def _layout(history: History, width: float, height: float) -> _Layout:
    """Lay a panel of the given size out, points; the declared shape is stretched to fill it."""
    xy = places(history)
    low, span = xy.min(axis=0), np.ptp(xy, axis=0)
    share = np.where(span > 0, (xy - low) / np.where(span > 0, span, 1.0), 0.5)
    edge = np.array([30.0, 22.0]) if len(xy) <= MOST_LABELS else np.array([16.0, 14.0])
    points = edge + share * (np.array([width, height]) - 2 * edge)
    return _Layout(points, _diameters(history.world.rows.state[S.population], points), _edges(history), width, height)


def _nodes(axes: Axes, layout: _Layout, stages: np.ndarray) -> None:
    for stage, (shape, colour) in enumerate(zip(STAGE_SHAPES, STAGE_COLOURS, strict=True)):
        here = np.flatnonzero(stages == stage)
        here = here[np.argsort(-layout.diameters[here], kind="stable")]
        if len(here):
            marks = axes.scatter(
                layout.points[here, 0], layout.points[here, 1], marker=shape,
                s=layout.diameters[here] ** 2 * SHAPE_AREA[stage], facecolors=colour, edgecolors=INK, linewidths=0.5,
                zorder=3 + stage,
            )  # fmt: skip
            marks.set_gid(f"stage:{stage}")


def _labels(axes: Axes, history: History, layout: _Layout, stages: np.ndarray) -> int:
    """Name the states; give how many found no room for their name."""
    named = np.arange(len(stages))
    if len(stages) > MOST_LABELS:
        named = np.flatnonzero(stages >= 3)
        named = named[np.argsort(-stages[named], kind="stable")]
    names = [style.shorten(history.world.names[history.world.states[s]], 1.4, SIZES["small"]) for s in named]
    sizes = [(style.text_width(name, SIZES["small"]) * 72, SIZES["small"] * 1.15) for name in names]
    nodes = _around(layout.points, _REACH * layout.diameters)
    key = tuple(named.tolist())
    if key not in layout.found:
        lines = layout.points[layout.edges]
        panel = (layout.width, layout.height)
        layout.found[key] = place_labels(np.array(sizes).reshape(-1, 2), named, nodes, lines, panel)
    found = layout.found[key]
    for s, name, box in zip(named, names, found, strict=True):
        if np.isnan(box).any():
            continue
        x, y = (box[:2] + box[2:]) / 2
        text = axes.text(
            x, y, name, ha="center", va="center", fontsize=SIZES["small"], color=INK, parse_math=False, zorder=9,
            path_effects=[withStroke(linewidth=1.6, foreground=PAPER)],
        )  # fmt: skip
        text.set_gid(f"label:{history.world.states[s]}")
        if _gap(nodes[s], box) > _LEADER:
            nearest = np.clip(layout.points[s], box[:2], box[2:])
            axes.plot(*zip(nearest, layout.points[s], strict=True), color=INK, linewidth=0.5, zorder=2)
    return int(np.isnan(found).any(axis=1).sum())


def _panel(axes: Axes, history: History, layout: _Layout, month: int) -> int:
    """Draw the world at one index of the series; give how many names found no room."""
    axes.set_xlim(0.0, layout.width)
    axes.set_ylim(0.0, layout.height)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(LINE)
        spine.set_linewidth(0.6)
    axes.add_collection(LineCollection(layout.points[layout.edges], colors=LINE, linewidths=0.8, zorder=1))
    stages = history.state["stage"][month]
    _nodes(axes, layout, stages)
    when = "At the start" if month == 0 else f"After {style.duration(month)}"
    axes.set_title(when, fontsize=SIZES["label"], fontweight="bold", color=INK, loc="left", pad=4)
    return _labels(axes, history, layout, stages)


def _title(history: History, months: Sequence[int]) -> str:
    """Say what is seen: how many states stand at stage 3 or 4."""
    grave = (history.state["stage"] >= 3).sum(axis=1)
    states = history.state["stage"].shape[1]
    first, last = months[0], months[-1]

    def when(month: int) -> str:
        return f"after {style.duration(month)}" if month else "at the start"

    title = f"States at imminent risk or atrocity: {grave[first] or 'none'} of {states} {when(first)}"
    if first == last:
        return title
    between = int(grave[first : last + 1].max())
    if between > max(grave[first], grave[last]):
        title += f", up to {between} in between"
    return f"{title}, {grave[last] or 'none'} {when(last)}"


def _sizes(history: History, layout: _Layout) -> tuple[list[Line2D], float]:
    """Give the key of sizes, for two or three round numbers of inhabitants, and its largest size in points."""
    population = history.world.rows.state[S.population]
    low, high = float(population.min()), float(population.max())
    round_numbers = [m * 10.0**k for k in range(4, 11) for m in (1, 3)]
    shown = [p for p in round_numbers if 0.8 * low <= p <= 1.1 * high] or [high]
    shown = [shown[i] for i in sorted({0, len(shown) // 2, len(shown) - 1})]
    scale = layout.diameters.max() / high**0.25
    sizes = [max(scale * p**0.25, _SMALLEST) for p in shown]
    handles = [
        Line2D(
            [], [], linestyle="none", marker="o", markersize=size, markerfacecolor=PAPER, markeredgecolor=INK,
            markeredgewidth=0.5, label=style.amount(p),
        )
        for p, size in zip(shown, sizes, strict=True)
    ]  # fmt: skip
    return handles, max(sizes) + 5.0


def stage_map(history: History, months: Sequence[int] | None = None, ax: Axes | None = None) -> Figure:
    """Draw the states as a network at several moments.

    Parameters
    ----------
    history : History
        One run.
    months : sequence of int, optional
        Indices of the series, 0 the start. By default the start, a third and two thirds of the way, and the end; into
        ``ax`` one of them, the end if none is given.
    ax : matplotlib.axes.Axes, optional
        Draw one moment here instead of on a page of its own.

    Returns
    -------
    Figure
        One panel a moment. Shape and fill of a node tell the stage of the state, its size the population.

    Raises
    ------
    ValueError
        If a month lies outside the run, or none is given.
    """
    end = history.months
    if ax is not None and months is None:
        months = (end,)
    chosen = sorted(set(months if months is not None else (0, end // 3, 2 * end // 3, end)))
    if not chosen or chosen[0] < 0 or chosen[-1] > end:
        raise ValueError(f"months: {list(chosen)} is not allowed: at least one of 0 to {end}")
    if ax is not None:
        if len(chosen) != 1:
            raise ValueError(f"months: {list(chosen)} is not allowed: one alone, into ax")
        wide, high = style.inches(ax)
        _panel(ax, history, _layout(history, wide * 72, high * 72), chosen[0])
        return style.figure_of(ax)
    columns = 1 if len(chosen) == 1 else 2 if len(chosen) in (2, 4) else 3
    lines = math.ceil(len(chosen) / columns)
    large = len(history.world.states) > MOST_LABELS
    paper = _LARGE_PAPER if len(history.world.states) > _MANY else style.WIDTH
    across = paper - 2 * style.MARGIN
    wide = (across - (columns - 1) * _GAP) / columns
    span = np.ptp(places(history), axis=0)
    shape = float(np.clip(span[1] / span[0] if span[0] > 0 else 1.0, 0.6, 1.0))
    high = wide * (shape if len(history.world.states) > _FEW else 0.6)
    layout = _layout(history, wide * 72, high * 72)

    subtitle = history.title + (". States at stage 3 or 4 are named." if large else "")
    keys, largest = _sizes(history, layout)
    legend = _LEGEND + 0.3 + max(largest, SIZES["tick"]) / 72
    height = legend + lines * (high + _HEAD) + _BELOW
    page = new_figure(height, _title(history, chosen), subtitle, style.provenance(history), paper)
    head = "Stage of the state, the highest of its groups"
    legend_row(page, stage_handles(shapes=True), page.left, page.top, len(STAGES), head)
    second = page.top - _LEGEND
    legend_row(page, keys, page.left, second, len(keys), "Inhabitants (size)", room=largest)
    line = [Line2D([], [], color=MUTED, linewidth=0.8, label="between neighbours")]
    legend_row(page, line, page.left + wide + _GAP if columns > 1 else page.left + 3.7, second, 1, "Line", room=largest)
    for i, month in enumerate(chosen):
        row, column = divmod(i, columns)
        left = page.left + column * (wide + _GAP)
        bottom = page.top - legend - (row + 1) * (high + _HEAD)
        missing = _panel(page.axes(left, bottom, wide, high), history, layout, month)
        note = f"{int((history.state['stage'][month] >= 3).sum())} at stage 3 or 4"
        note += f", {missing} without room for a name" if missing else ""
        page.text(left + wide, bottom + high + 0.06, note, SIZES["small"], color=MUTED, ha="right")
    return page.figure
