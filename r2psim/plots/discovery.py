"""Where a condition is met: boxes as parts of the ranges searched, and how dense they are against the base rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from r2psim.plots.style import FAINT, INK, LINE, MUTED, SIZES, legend_row, new_figure, shorten, sober, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from r2psim.analysis.discovery import Discovery, Limit, Region
    from r2psim.plots.style import Page

__all__ = ["discovery_figure"]

ROW = 0.44
"""Height of a restriction."""
HEAD = 0.3
"""Room above the restrictions of a box for its name."""
NAMES, RANGES, WORDS, SHARES = 2.85, 1.45, 1.45, 1.4
GAP = 0.12
MOST = 10
"""Restrictions of a box that are shown."""
TOLD = "#1f4e79"
NOT_TOLD = "#9aa3ad"
BASE = "#d98b3a"


def discovery_figure(found: Discovery) -> Figure:
    """Draw boxes as parts of the ranges that were searched, with density, 95 % interval and base rate.

    Parameters
    ----------
    found : Discovery
        As `r2psim.discover` gives it.

    Returns
    -------
    Figure
        For each box a row for each parameter that it restricts. Where no box was found, it says so.
    """
    source = f"{found.scenario}, {found.points:,} points, each {found.runs}, split by seed {found.seed}"
    if found.nothing_varies:
        below = f"{found.condition.outcome.name}: the same at all {found.points:,} points."
        return new_figure(0.4, "Nothing varies", below, source).figure
    asked = f"{found.condition}{'' if found.unit == '1' else f' {found.unit}'}"
    if not found.boxes:
        below = f"{asked}: no box is denser than all points ({_percent(found.base)}) by more than chance."
        return new_figure(0.4, "Nothing is found", below, source).figure
    told = [region for region in found.boxes if region.told]
    shown = [list(region.limits)[:MOST] for region in found.boxes]
    height = sum(HEAD + ROW * len(limits) for limits in shown)
    page = new_figure(height + 0.95, _head(told), _below(found, asked), source)
    base = page.bottom + 0.36
    top = base + height
    y = top
    left = page.left + NAMES
    for region, limits in zip(found.boxes, shown, strict=True):
        y -= HEAD
        _box(page, region, limits, left, y)
        y -= ROW * len(limits)
    _scale(page, left, base, RANGES, height)
    _densities(page, found, shown, base, height)
    page.text(left, top + 0.06, "part of the range searched", SIZES["small"], color=MUTED)
    handles = [
        Line2D([], [], color=TOLD, marker="o", markersize=4.2, linewidth=2.2, label="share of fresh points (95 %)"),
        Line2D([], [], color=BASE, linestyle="--", linewidth=1.3, label=f"base rate, {_percent(found.base)}"),
    ]
    if len(told) < len(found.boxes):
        handles.append(
            Line2D([], [], color=NOT_TOLD, marker="o", markersize=4.2, linewidth=2.2, markerfacecolor="white",
                   label="no more than chance")
        )  # fmt: skip
    legend_row(page, handles, page.left, top + 0.36, 3)
    return page.figure


def _percent(value: float | None) -> str:
    from r2psim.analysis.discovery_report import share

    return share(value)


def _interval(region: Region) -> str:
    from r2psim.analysis.discovery_report import density

    return density(region)


def _head(told: list[Region]) -> str:
    if not told:
        return "No box holds on fresh points"
    many = "one box holds" if len(told) == 1 else f"{len(told)} boxes hold"
    return f"{many.capitalize()} on fresh points: box {told[0].number} with {_interval(told[0])}"


def _below(found: Discovery, asked: str) -> str:
    return (
        f"Share of points that meet: {asked}. Searched {found.searched:,} points over {len(found.axes)} parameters; "
        f"shares are of {found.tested:,} others. A point has luck in it."
    )


def _box(page: Page, region: Region, limits: list[Limit], left: float, y: float) -> None:
    """Draw one box from y downwards."""
    from r2psim.analysis.discovery_report import between

    colour = TOLD if region.told else NOT_TOLD
    half = region.fresh
    name = f"Box {region.number}: {_percent(half.coverage)} of those that meet it, {_percent(half.mass)} of all"
    if len(region.limits) > len(limits):
        name += f"; {len(region.limits) - len(limits)} more restrictions"
    page.text(page.left, y + 0.06, name, SIZES["row"], weight="bold", color=INK if region.told else MUTED)
    axes = page.axes(left, y - ROW * len(limits), RANGES, ROW * len(limits))
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(len(limits), 0.0)
    axes.axis("off")
    for k, limit in enumerate(limits):
        axis = limit.axis
        low = 0.0 if limit.low is None else axis.place(limit.low)
        high = 1.0 if limit.high is None else axis.place(limit.high)
        axes.add_patch(Rectangle((0.0, k + 0.32), 1.0, 0.36, facecolor=FAINT, edgecolor="none"))
        axes.add_patch(Rectangle((low, k + 0.32), high - low, 0.36, facecolor=colour, edgecolor="none"))
        across, middle = NAMES - 0.12, y - ROW * (k + 0.5)
        said = wrap(axis.meaning, across, SIZES["small"])
        if len(said) > 2:
            said = [said[0], shorten(" ".join(said[1:]), across, SIZES["small"])]
        words_of = [(line, INK) for line in said] + [(shorten(axis.path, across, SIZES["small"]), MUTED)]
        for at, (line, tone) in enumerate(words_of):
            page.text(
                page.left, middle + 0.06 * (len(words_of) - 1) - 0.03 - 0.12 * at, line, SIZES["small"], color=tone
            )
        words = shorten(between(limit), WORDS - GAP, SIZES["small"])
        page.text(left + RANGES + GAP, middle - 0.03, words, SIZES["small"])


def _scale(page: Page, left: float, bottom: float, width: float, height: float) -> None:
    """Draw the scale below the ranges."""
    axes = page.axes(left, bottom, width, height)
    sober(axes)
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks([0.0, 0.5, 1.0], ["low", "", "high"])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _densities(page: Page, found: Discovery, shown: list[list[Limit]], bottom: float, height: float) -> None:
    """Draw how dense the boxes are."""
    axes: Axes = page.axes(page.right - SHARES, bottom, SHARES, height)
    sober(axes)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, height)
    axes.set_yticks([])
    axes.set_xticks([0.0, 0.5, 1.0], ["0 %", "50 %", "100 %"])
    for label, side in zip(axes.get_xticklabels(), ("left", "center", "right"), strict=True):
        label.set(ha=side)
    axes.spines["left"].set_visible(False)
    y = height
    for region, limits in zip(found.boxes, shown, strict=True):
        y -= HEAD
        middle = y - ROW * len(limits) / 2.0
        axes.axhline(middle, color=FAINT, linewidth=0.6, zorder=0)
        axes.plot([found.base] * 2, [y - ROW * len(limits), y], color=BASE, linestyle="--", linewidth=1.3, zorder=1)
        axes.text(
            1.0, y + 0.06, _interval(region), fontsize=SIZES["small"], ha="right", color=INK, parse_math=False
        )  # fmt: skip
        y -= ROW * len(limits)
        if region.fresh.density is None or region.low is None or region.high is None:
            continue
        colour = TOLD if region.told else NOT_TOLD
        axes.plot([region.low, region.high], [middle] * 2, color=colour, linewidth=2.2, solid_capstyle="butt", zorder=2)
        face = colour if region.told else "white"
        axes.plot(region.fresh.density, middle, "o", color=colour, markerfacecolor=face, markersize=4.6, zorder=3)
    axes.axhline(0.0, color=LINE, linewidth=0.6)
