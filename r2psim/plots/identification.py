"""What the targets identify: how each of them answers to each free parameter, and how far each is bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D

from r2psim.plots.style import FAINT, INK, LINE, MUTED, SIZES, legend_row, new_figure, shorten, sober

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from r2psim.analysis.calibration.identify import Identification

__all__ = ["effects", "profiles"]

PITCH = 0.165
NAMES = 2.35
FULL = 3.0
"""Effect at which a colour is as dark as it gets."""
SIGNED = LinearSegmentedColormap.from_list("signed", ["#8a4b08", "#f2d3ac", "#ffffff", "#b7cfe6", "#12406b"])
COLOURS = {"both sides": "#1f4e79", "below": "#d98b3a", "above": "#d98b3a", "neither": "#a1302e"}


def effects(found: Identification, title: str) -> Figure:
    """Draw how every target answers to every free parameter.

    Returns
    -------
    Figure
        A row for each parameter, a column for each target; colour: change of the target over one standard deviation of
        the prior, in standard deviations of its accepted error; pale where it is within two standard errors of none.
    """
    rows, columns = found.effect.shape
    head = "How the targets answer to each free parameter"
    below = (
        f"{title}. Blue: the target rises with the parameter, brown: it falls; as dark as it gets at {FULL:g} accepted "
        f"errors for one standard deviation of the prior. White: none, or not told from none."
    )
    page = new_figure(PITCH * rows + 1.75, head, below, f"{found.effort.runs} runs a point")
    width = page.right - page.left - NAMES
    bottom = page.bottom + 0.1
    axes = page.axes(page.left + NAMES, bottom, width, PITCH * rows)
    sober(axes)
    sure = np.abs(found.slope) > 2.0 * found.slope_error
    axes.imshow(np.where(sure, found.effect, 0.0), cmap=SIGNED, vmin=-FULL, vmax=FULL, aspect="auto")
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=FAINT, linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    axes.set_yticks([])
    axes.xaxis.tick_top()
    axes.set_xticks(range(columns), [m.target.id for m in found.measured], rotation=90, fontsize=SIZES["small"])
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    for k, free in enumerate(found.free):
        y = bottom + PITCH * (rows - k - 0.5) - 0.03
        page.text(page.left, y, shorten(free.path, NAMES - 0.1, SIZES["small"]), SIZES["small"])
    return page.figure


def profiles(found: Identification, title: str) -> Figure:
    """Draw how far the targets bound each free parameter.

    Returns
    -------
    Figure
        A row for each parameter, across the range of its prior: what was looked at, the interval in which the distance
        from the targets rises little, and the point; right of it the interval in numbers.
    """
    rows = len(found.free)
    bounded = sum(found.verdict(k) == "both sides" for k in range(rows))
    head = f"The targets bound {bounded} of {rows} free parameters on both sides"
    below = (
        f"{title}. Grey: looked at, {100 * found.effort.reach:.0f} % of the prior's range to either side of the point. "
        "Bar: the distance from the targets rises by less than 2.7, the others fitted again; no line at its end: open."
    )
    page = new_figure(PITCH * rows + 0.75, head, below, f"{found.effort.points} evaluations for the emulator")
    words = 1.5
    left, width = page.left + NAMES, page.right - page.left - NAMES - words
    bottom = page.bottom + 0.3
    axes = page.axes(left, bottom, width, PITCH * rows)
    sober(axes)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xticks([0.0, 0.5, 1.0], ["low end of the prior", "middle", "high end"])
    for k, free in enumerate(found.free):
        colour = COLOURS[found.verdict(k)]
        axes.plot([0.0, 1.0], [k, k], color=FAINT, linewidth=0.6, zorder=0)
        axes.plot([found.grid[k, 0], found.grid[k, -1]], [k, k], color=LINE, linewidth=3.0, zorder=1)
        low, high = found.ends[k]
        axes.plot([low, high], [k, k], color=colour, linewidth=3.0, solid_capstyle="butt", zorder=2)
        for end, closed in zip((low, high), found.bounded(k), strict=True):
            if closed:
                axes.plot([end, end], [k - 0.34, k + 0.34], color=colour, linewidth=1.2, zorder=3)
        axes.plot(found.place[k], k, "o", color=INK, markersize=3.4, zorder=4, clip_on=False)
        y = bottom + PITCH * (rows - k - 0.5) - 0.03
        page.text(page.left, y, shorten(free.path, NAMES - 0.1, SIZES["small"]), SIZES["small"])
        values = [f"{float(free.value(np.array(x))):.3g}" for x in (low, high)]
        page.text(page.right, y, f"{values[0]} to {values[1]}", SIZES["small"], ha="right", color=MUTED)
    handles = [
        Line2D([], [], color=COLOURS["both sides"], linewidth=3.0, label="bounded on both sides"),
        Line2D([], [], color=COLOURS["below"], linewidth=3.0, label="on one side"),
        Line2D([], [], color=COLOURS["neither"], linewidth=3.0, label="not bounded"),
        Line2D([], [], color=INK, marker="o", markersize=3.4, linestyle="none", label="the point"),
    ]
    legend_row(page, handles, page.left, bottom + PITCH * rows + 0.3, 4)
    return page.figure
