"""Published estimates beside what the model says: a forest plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from r2psim.analysis.study_words import ratio_words
from r2psim.plots import style
from r2psim.plots.style import FAINT, INK, LINE, MUTED, SIZES, legend_row, new_figure, sober

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from r2psim.analysis.trials import Trials

__all__ = ["forest_plot"]

PUBLISHED = "#8a6d3b"
SIMULATED = "#1f4e79"
LOWEST, HIGHEST = 0.04, 4.0
PITCH = 0.34


def _clipped(value: float) -> float:
    return min(max(value, LOWEST), HIGHEST)


def _line(axes: Axes, y: float, row: dict[str, Any]) -> None:
    """Draw a published estimate, its interval and the wider one that its design leaves, and the simulated one."""
    above, below = y - 0.17, y + 0.17
    if row["published"] is not None:
        for end, mark in (("widened_low", "<"), ("widened_high", ">")):
            if _clipped(row[end]) != row[end]:  # it goes on beyond the axis
                axes.plot(_clipped(row[end]), above, mark, color=PUBLISHED, markersize=3.0, zorder=2, clip_on=False)
        ends = [_clipped(row["widened_low"]), _clipped(row["widened_high"])]
        axes.plot(ends, [above, above], color=PUBLISHED, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=2)
        ends = [_clipped(row["published_low"]), _clipped(row["published_high"])]
        axes.plot(ends, [above, above], color=PUBLISHED, linewidth=1.8, zorder=3)
        axes.plot(_clipped(row["published"]), above, "D", color=PUBLISHED, markersize=4.5, zorder=4)
    else:
        mark = {"below": "<", "above": ">", "about": "s"}[row["direction"]]
        at = {"below": 0.8, "above": 1.25, "about": 1.0}[row["direction"]]
        axes.plot(at, above, mark, color=PUBLISHED, markersize=5.5, zorder=4)
    if row["simulated"] is None:
        return
    if row["simulated_low"] is not None:
        ends = [_clipped(row["simulated_low"]), _clipped(row["simulated_high"])]
        axes.plot(ends, [below, below], color=SIMULATED, linewidth=1.8, zorder=3)
    axes.plot(_clipped(row["simulated"]), below, "o", color=SIMULATED, markersize=4.5, zorder=4)


def forest_plot(found: Trials) -> Figure:
    """Draw every trial: the published ratio above, the simulated one below it, on one logarithmic axis.

    Parameters
    ----------
    found : Trials
        As `r2psim.analysis.trials.run_trials` gives it.

    Returns
    -------
    Figure
        A row for each trial, those that are never fitted last.
    """
    rows = sorted(found.rows(), key=lambda row: row["use"] != "fit")
    summary = found.summary()
    title = (
        f"{summary['numeric_overlapping']} of {summary['numeric']} published sizes overlap, the bias of their design "
        f"included; {summary['directions_agreeing']} of {summary['directions']} directions agree"
    )
    subtitle = (
        "Ratio of the treated to the others; left of 1 is less. Published: bar, 95 % interval; dotted, with the bias "
        "of its design. Simulated: 95 % interval. Reached: share of the catalogue's effect that was delivered; empty "
        "where nothing of the catalogue is tried."
    )
    page = new_figure(
        PITCH * len(rows) + 0.85,
        title,
        subtitle,
        f"{found.scenario}, {found.policy}, {found.runs} pairs of runs, seed {found.seed}",
    )
    names, words = 2.75, 2.65
    left, width = page.left + names, page.right - page.left - names - words
    bottom, height = page.bottom + 0.6, PITCH * len(rows)
    axes = page.axes(left, bottom, width, height)
    sober(axes)
    axes.set_xscale("log")
    axes.set_xlim(LOWEST, HIGHEST)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    ticks = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
    axes.axvline(1.0, color=INK, linewidth=0.8, zorder=1)
    for k, row in enumerate(rows):
        if k:
            line = LINE if row["use"] != rows[k - 1]["use"] else FAINT
            axes.axhline(k - 0.5, color=line, linewidth=0.5 if line == FAINT else 1.0, zorder=0)
        _line(axes, float(k), row)
        y = bottom + PITCH * (len(rows) - k - 0.5)
        page.text(page.left, y + 0.02, style.shorten(row["question"], names - 0.1, SIZES["small"]), SIZES["small"])
        marked = f"{row['trial']}, {row['estimand']}" + ("" if row["use"] == "fit" else ", never fitted")
        page.text(page.left, y - 0.11, style.shorten(marked, names - 0.1, SIZES["small"]), SIZES["small"], color=MUTED)
        at = left + width + 0.12
        page.text(at, y + 0.02, ratio_words(row, "published"), SIZES["small"], color=PUBLISHED)
        page.text(at, y - 0.11, ratio_words(row, "simulated"), SIZES["small"], color=SIMULATED)
        reached = row["reached"]
        # Nothing stands where nothing of the catalogue is delivered: what is tried there is no form of assistance.
        page.text(at + 1.25, y - 0.04, "" if reached is None else f"{reached:.2f}", SIZES["small"])
        page.text(page.right, y - 0.04, row["verdict"], SIZES["small"], ha="right", weight="bold")
    above = bottom + height + 0.07
    page.text(left + width + 0.12, above, "published / simulated", SIZES["small"], color=MUTED)
    page.text(left + width + 1.37, above, "reached", SIZES["small"], color=MUTED)
    page.text(page.right, above, "verdict", SIZES["small"], color=MUTED, ha="right")
    handles = [
        Line2D([], [], color=PUBLISHED, marker="D", markersize=4.5, linewidth=1.8, label="published"),
        Line2D([], [], color=SIMULATED, marker="o", markersize=4.5, linewidth=1.8, label="simulated"),
    ]
    legend_row(page, handles, page.left, page.bottom + 0.22, 2)
    return page.figure
