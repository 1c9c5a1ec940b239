"""A world held against the record: targets with their bands, and the patterns that nothing was fitted to."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from r2psim.plots import style
from r2psim.plots.style import FAINT, INK, LINE, MUTED, SIZES, legend_row, new_figure, sober

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from r2psim.analysis.calibration.targets import Measured
    from r2psim.analysis.calibration.validation import Validation

__all__ = ["patterns_beside_the_record", "targets_with_bands"]

BAND = "#cfdbe8"
COLOURS = {"inside": "#1f4e79", "overlaps": "#d98b3a", "outside": "#a1302e", "unknown": MUTED}
MARKS = {"inside": "o", "overlaps": "D", "outside": "X", "unknown": "."}
WORDS = {
    "inside": "inside the band",
    "overlaps": "interval overlaps the band",
    "outside": "outside",
    "unknown": "not known",
}
WIDEST = 4.0
"""Ratio to the target at the ends of the axis."""

PITCH = 0.25


def source(validation: Validation) -> str:
    """Say what was run."""
    return f"{validation.scenario}, {validation.policy}, seed {validation.seed}, {validation.runs} runs"


def number(value: float) -> str:
    """Write a value with two digits."""
    if not isfinite(value):
        return "-"
    return f"{float(f'{value:.2g}'):,.0f}" if abs(value) >= 100.0 else f"{value:.2g}"


def _row(axes: Axes, row: int, found: Measured) -> None:
    target, unit = found.target, found.target.target
    low, high = max(target.low / unit, 1.0 / WIDEST), min(target.high / unit, WIDEST)
    axes.barh(row, high - low, left=low, height=0.62, color=BAND, zorder=1)
    axes.plot([1.0, 1.0], [row - 0.31, row + 0.31], color=INK, linewidth=1.0, zorder=2)
    if not isfinite(found.value):
        return
    colour = COLOURS[found.verdict]

    def place(value: float) -> float:
        return min(max(value / unit, 1.0 / WIDEST), WIDEST)

    axes.plot([place(found.low), place(found.high)], [row, row], color=colour, linewidth=1.4, zorder=3)
    beyond = not 1.0 / WIDEST <= found.value / unit <= WIDEST
    mark = ("<" if found.value < unit else ">") if beyond else MARKS[found.verdict]
    axes.plot(place(found.value), row, mark, color=colour, markersize=5.0, clip_on=False, zorder=4)


def targets_with_bands(validation: Validation) -> Figure:
    """Draw every target: its accepted band, the simulated value, and the interval of single runs.

    Parameters
    ----------
    validation : Validation
        As `r2psim.analysis.calibration.validation.validate` gives it.

    Returns
    -------
    Figure
        A row for each target, as a ratio to the record on a logarithmic scale; right of it value, interval and band.
    """
    rows = validation.targets
    counts = validation.counts()
    title = f"{counts['inside']} of {len(rows)} targets lie inside their accepted band"
    subtitle = (
        f"{validation.title}. Bar: band accepted; line in it: the record. Mark: simulated; its line: the middle 90 % "
        f"of single runs of {validation.years} years."
    )
    names, words = 2.75, 2.7
    page = new_figure(PITCH * len(rows) + 0.85, title, subtitle, source(validation))
    left, width = page.left + names, page.right - page.left - names - words
    bottom = page.bottom + 0.35
    axes = page.axes(left, bottom, width, PITCH * len(rows))
    sober(axes)
    axes.set_xscale("log")
    axes.set_xlim(1.0 / WIDEST, WIDEST)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    ticks = [0.25, 0.5, 1.0, 2.0, 4.0]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FixedFormatter(["1/4", "1/2", "record", "2", "4 times"]))
    for k, found in enumerate(rows):
        if k:
            axes.axhline(k - 0.5, color=FAINT, linewidth=0.5, zorder=0)
        _row(axes, k, found)
        y = bottom + PITCH * (len(rows) - k - 0.5) - 0.035
        name = style.shorten(found.target.quantity, names - 0.1, SIZES["small"])
        page.text(page.left, y, name, SIZES["small"])
        at = left + width + 0.12
        page.text(at, y, number(found.value), SIZES["small"], weight="bold")
        page.text(at + 0.58, y, f"({number(found.low)} to {number(found.high)})", SIZES["small"], color=MUTED)
        page.text(
            page.right, y, f"{number(found.target.low)} to {number(found.target.high)}", SIZES["small"], ha="right"
        )
    above = bottom + PITCH * len(rows) + 0.08
    page.text(left + width + 0.12, above, "simulated", SIZES["small"], weight="bold")
    page.text(page.right, above, "accepted", SIZES["small"], weight="bold", ha="right")
    handles = [
        Line2D([], [], color=COLOURS[v], marker=MARKS[v], markersize=5.0, linewidth=1.4, label=WORDS[v])
        for v in ("inside", "overlaps", "outside")
    ]
    legend_row(page, handles, page.left, above + 0.2, 3)
    return page.figure


def _matrix(axes: Axes, found: list[list[float | None]], record: list[list[float]], names: list[str]) -> None:
    """Write simulated moves over those of the record; the shade says how often they happen."""
    for i, row in enumerate(found):
        for j, share in enumerate(row):
            shade = 0.0 if share is None else min(share, 1.0)
            axes.add_patch(Rectangle((j - 0.48, i - 0.46), 0.96, 0.92, facecolor=_shade(shade), linewidth=0.0))
            text = "-" if share is None else f"{100 * share:.1f}"
            axes.text(j, i - 0.14, text, ha="center", va="center", fontsize=SIZES["small"], color=INK, weight="bold")
            axes.text(
                j,
                i + 0.2,
                f"{100 * record[i][j]:.1f}",
                ha="center",
                va="center",
                fontsize=SIZES["small"] - 0.5,
                color=MUTED,
            )
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xticks(range(len(names)), names, fontsize=SIZES["small"])
    axes.set_yticks(range(len(names)), names, fontsize=SIZES["small"])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _shade(share: float) -> tuple[float, float, float]:
    """Give the fill of a cell, bluish grey: the darker, the more often."""
    depth = 0.28 * share**0.5
    return 1.0 - depth, 1.0 - 0.9 * depth, 1.0 - 0.7 * depth


def patterns_beside_the_record(validation: Validation) -> Figure:
    """Draw the patterns that nothing was fitted to.

    Returns
    -------
    Figure
        Annual moves between operational stages and between conflict states, in per cent, over those of the record;
        how long episodes last; how soon states relapse; how many episodes kill more than so many; how long after their
        latest trigger groups enter atrocity.
    """
    from r2psim.analysis.calibration.patterns import RECORD

    found = validation.patterns
    title = "Patterns beside the record, as they are; most were not fitted"
    subtitle = f"{validation.title}. In the tables, per cent a year: simulated above, the record 1960-2024 below it."
    page = new_figure(6.6, title, subtitle, source(validation))
    half = (page.right - page.left - 0.7) / 2.0
    low, high = page.bottom + 0.45, page.bottom + 3.55
    stages = page.axes(page.left + 0.35, high, half - 0.35, 2.55)
    _matrix(stages, found["stage_moves"], RECORD["stage_moves"], [f"S{k}" for k in range(5)])
    conflict = page.axes(page.left + half + 1.1, high, half - 0.5, 2.55)
    _matrix(conflict, found["conflict_moves"], RECORD["conflict_moves"], ["peace", "recovery", "minor", "war"])
    page.text(
        page.left, high + 2.85, "From each operational stage (rows) to the next year's", SIZES["label"], weight="bold"
    )
    page.text(
        page.left + half + 0.55,
        high + 2.85,
        "From each conflict state to the next year's",
        SIZES["label"],
        weight="bold",
    )
    third = (page.right - page.left - 1.2) / 3.0
    heads = ("Episodes that go on, by years", "States that relapsed, by years", "Episodes that kill more than")
    for k, head in enumerate(heads):
        axes = page.axes(page.left + 0.3 + k * (third + 0.45), low, third - 0.1, 2.2)
        sober(axes)
        page.text(page.left + k * (third + 0.45), low + 2.4, head, SIZES["label"], weight="bold")
        if k == 0:
            axes.step(range(len(found["survival"]) + 1), [1.0, *found["survival"]], where="post", color=INK)
            axes.axhline(0.5, color=LINE, linewidth=0.8, linestyle="--")
        elif k == 1:
            axes.step(range(len(found["relapse"]) + 1), [0.0, *found["relapse"]], where="post", color=INK)
            axes.errorbar([10], [0.225], yerr=[[0.085], [0.105]], color=MUTED, marker="s", markersize=4, capsize=2)
        else:
            known = [(float(x), y) for x, y in found["tail"].items() if y]
            if not known:
                style.say(axes, "no episode began")
                continue
            axes.plot(*zip(*known, strict=True), "o-", color=INK, markersize=3)
            axes.set_xscale("log")
            axes.set_yscale("log")
        if k < 2:
            axes.set_ylim(0.0, 1.0)
    return page.figure
