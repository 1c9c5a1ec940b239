"""Policies side by side: the cost argument, and paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from r2psim.analysis.comparison import Comparison, as_comparison
from r2psim.analysis.findings import METRIC_NAMES, amount, headline, money, ranged
from r2psim.ensemble.intervals import Interval, mean_interval, paired_interval
from r2psim.plots import style
from r2psim.plots.style import (
    FAINT,
    INK,
    LINE,
    MUTED,
    PAPER,
    SIZES,
    Page,
    duration,
    legend_row,
    new_figure,
    sober,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from r2psim.ensemble.results import Results

__all__ = [
    "BAR",
    "CHOSEN",
    "at_end",
    "cost_argument",
    "head",
    "name_room",
    "named_rows",
    "paired_differences",
    "scale",
    "source",
]

_HARM = (
    ("episodes", "Episodes of atrocity a run"),
    ("deaths", "Killed, persons a run"),
    ("displaced", "Driven from home, persons a run"),
)
_MONEY = (
    ("spent_prevention", "prevention", "#1f4e79", ""),
    ("response_cost", "response and reconstruction", "#d98b3a", ""),
)
BAR = "#8a93a0"
CHOSEN, SAME, MORE = "#1f4e79", "#eceef1", "#d98b3a"

_PITCH = 0.24
_HEAD = 0.42
_LONGEST_NAME = 2.0
_VALUE = 0.95


def source(comparison: Comparison) -> str:
    """Say what was run, so that a figure can be made again."""
    return f"{comparison.scenario}, {comparison.runs} runs a policy, seed {comparison.seed}"


def _dollars(value: float, _: Any = None) -> str:
    return money(value) if value else "0"


def name_room(names: Sequence[str], longest: float, size: float = SIZES["row"]) -> float:
    """Give the width that names left of axes need, inches, at most `longest`."""
    return min(max(style.text_width(name, size, "bold") for name in names), longest) + 0.12


def named_rows(axes: Axes, names: Sequence[str], room: float, bold: Sequence[str] = ()) -> None:
    """Make a row for each name, first above, and write the names left of the axes."""
    sober(axes)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks([])
    for row, name in enumerate(names):
        weight = "bold" if name in bold else "normal"
        axes.annotate(
            style.shorten(name, room - 0.1, SIZES["row"], weight), (0.0, row), xycoords=("axes fraction", "data"),
            xytext=(-5, 0), textcoords="offset points", ha="right", va="center", fontsize=SIZES["row"], color=INK,
            weight=weight, annotation_clip=False, parse_math=False,
        )  # fmt: skip


def _width(axes: Axes) -> float:
    return float(axes.get_position().width * axes.get_figure().get_size_inches()[0])  # type: ignore[union-attr]


def scale(axes: Axes, highest: float, money_axis: bool) -> None:
    """Scale the axis of values from zero, with few ticks in readable units."""
    axes.set_xlim(0.0, highest if highest > 0.0 else 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=min(4, max(1, int(_width(axes) / 0.75))), steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(
        FuncFormatter(_dollars if money_axis else lambda v, _: style.amount(v) if v >= 10 else f"{v:g}")
    )
    axes.grid(axis="x", color=FAINT, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)


def at_end(axes: Axes, row: int, x: float, text: str, bold: bool = False) -> None:
    """Write a value right of the end of its bar."""
    axes.annotate(
        text, (x, row), xytext=(4, 0), textcoords="offset points", ha="left", va="center", fontsize=SIZES["row"],
        color=INK, weight="bold" if bold else "normal", annotation_clip=False, parse_math=False,
    )  # fmt: skip


def head(page: Page, left: float, y: float, text: str) -> None:
    """Write the heading of a panel."""
    page.text(left, y, text, SIZES["label"], weight="bold")


def _bars(axes: Axes, comparison: Comparison, metric: str, room: float) -> None:
    """Draw the mean of a metric for each policy, with its interval and its value."""
    named_rows(axes, comparison.policies, room, comparison.others)
    found = [mean_interval(comparison.values(policy, metric)) for policy in comparison.policies]
    highest = max((i.high or i.mean for i in found if i is not None), default=0.0)
    for row, (policy, interval) in enumerate(zip(comparison.policies, found, strict=True)):
        if interval is None:
            continue
        chosen = policy in comparison.others
        (bar,) = axes.barh(row, interval.mean, height=0.62, color=CHOSEN if chosen else BAR, zorder=2)
        bar.set_gid(f"{metric}:{policy}")
        end = interval.mean
        if interval.low is not None and interval.high is not None and interval.high > interval.low:
            # Ink on a halo of paper is seen on a dark bar and beyond it.
            for colour, width in ((PAPER, 3.0), (INK, 1.1)):
                axes.plot([interval.low, interval.high], [row, row], color=colour, linewidth=width, zorder=3,
                          solid_capstyle="butt")  # fmt: skip
            end = interval.high
        at_end(axes, row, end, amount(metric, interval.mean), chosen)
    scale(axes, highest * 1.02, metric in ("gdp_lost", "total_cost"))


def _stacked_money(axes: Axes, comparison: Comparison, room: float) -> float:
    """Draw prevention and external response on top of one another: the donors' bill; give the largest."""
    named_rows(axes, comparison.policies, room, comparison.others)
    highest = 0.0
    inside: list[tuple[int, float, float, str]] = []
    for row, policy in enumerate(comparison.policies):
        start = 0.0
        for metric, _, colour, hatch in _MONEY:
            mean = float(comparison.values(policy, metric).mean())
            (bar,) = axes.barh(
                row, mean, left=start, height=0.68, color=colour, edgecolor="#b08d3c" if hatch else PAPER,
                linewidth=0.0 if hatch else 0.4, hatch=hatch or None, zorder=2,
            )  # fmt: skip
            bar.set_gid(f"{metric}:{policy}")
            inside.append((row, start, mean, colour))
            start += mean
        at_end(axes, row, start, money(start), policy in comparison.others)
        highest = max(highest, start)
    wide = _width(axes)
    for row, start, mean, colour in inside:
        if (
            mean > 0.0
            and mean / highest * wide > style.text_width(money(mean).removeprefix("US$ "), SIZES["small"]) + 0.06
        ):
            axes.text(
                start + mean / 2, row, money(mean).removeprefix("US$ "), ha="center", va="center", zorder=4,
                fontsize=SIZES["small"], color=PAPER if style.lightness(colour) < 50.0 else INK, parse_math=False,
                bbox={"boxstyle": "square,pad=0.15", "facecolor": colour, "edgecolor": "none"},
            )  # fmt: skip
    scale(axes, highest * 1.02, True)
    return highest


def _money_handles() -> list[Patch]:
    handles = []
    for _, name, colour, hatch in _MONEY:
        edge = "#b08d3c" if hatch else PAPER
        handles.append(Patch(facecolor=colour, edgecolor=edge, linewidth=0.0, hatch=hatch or None, label=name))
    return handles


def cost_argument(comparison: Comparison | Results) -> Figure:
    """Draw harm and money of each policy side by side, under a title that says what the last of them brought.

    Parameters
    ----------
    comparison : Comparison or Results
        Of one policy or more.

    Returns
    -------
    Figure
        Left: episodes, killed, displaced; right: prevention and external response as stacked bars, the donors' bill,
        and lost GDP on its own scale. Means of a run; lines are 95 % intervals of the means.
    """
    comparison = as_comparison(comparison)
    years = duration(comparison.months)
    panel = _PITCH * len(comparison.policies)
    height = 3 * (panel + _HEAD + 0.28) + 0.42
    terms = f"same luck in every policy; {comparison.baseline} (grey) is the baseline"
    subtitle = (
        f"{comparison.title}. Means of {comparison.runs} runs of {years}; {terms}. Dark lines: 95 % intervals of each "
        "mean. The difference between policies is known better than they suggest, because the luck is shared."
    )
    page = new_figure(height, headline(comparison), subtitle, source(comparison), width=10.6)
    room = name_room(comparison.policies, _LONGEST_NAME)
    middle = (page.left + page.right) / 2 - 0.25
    page.text(page.left, page.top - 0.14, "HARM", SIZES["small"] + 1, weight="bold", color=MUTED)
    page.text(middle + 0.2, page.top - 0.14, "MONEY", SIZES["small"] + 1, weight="bold", color=MUTED)

    top = page.top - 0.18
    for metric, text in _HARM:
        left = page.left + room
        axes = page.axes(left, top - _HEAD - panel, middle - left - _VALUE, panel)
        head(page, page.left, top - _HEAD + 0.1, text)
        _bars(axes, comparison, metric, room)
        top -= panel + _HEAD + 0.28
    bottom = top

    left, right = middle + 0.2 + room, page.right - _VALUE
    top, low = page.top - 0.18, bottom + 0.28
    # Two panels share the height of three: heads, a legend, a note and the ticks between them are set aside.
    high = (top - low - 2 * _HEAD - 0.2 - 0.28 - 0.3) / 2
    axes = page.axes(left, top - _HEAD - 0.2 - high, right - left, high)
    head(page, middle + 0.2, top - _HEAD + 0.1, "The donors' bill: spent a run, US$")
    legend_row(page, _money_handles(), middle + 0.2, top - _HEAD + 0.02, 3, even=True)
    spent = _stacked_money(axes, comparison, room)
    lost = page.axes(left, low, right - left, high)
    highest = max(float(comparison.values(policy, "gdp_lost").mean()) for policy in comparison.policies)
    head(page, middle + 0.2, low + high + 0.24, "Lost by the states: GDP, US$ a run")
    if spent > 0.0 and highest > 2.0 * spent:
        note = f"Mind the scale: it is {highest / spent:.0f} times the one above."
        page.text(middle + 0.2, low + high + 0.1, note, SIZES["small"], color=MUTED)
    _bars(lost, comparison, "gdp_lost", room)
    page.text(
        middle + 0.2, page.bottom + 0.1, "Deaths and displaced are not turned into money.", SIZES["small"], color=MUTED
    )
    return page.figure


# -- paired differences ------------------------------------------------------------------------------------------------


def paired_differences(comparison: Comparison | Results, policy: str | None = None) -> Figure:
    """Draw, for each metric, the paired difference from the baseline with its interval, and how the runs split.

    Parameters
    ----------
    comparison : Comparison or Results
        Of two policies or more.
    policy : str, optional
        Which of them is told against the baseline; the last that is not the baseline if not given.

    Returns
    -------
    Figure
        A row for each metric, each on its own scale around the common line of no difference; right of it the
        difference in its unit, and the shares of runs with less, the same and more.

    Raises
    ------
    ValueError
        If there is only one policy.
    """
    comparison = as_comparison(comparison)
    if not comparison.others:
        raise ValueError("a difference needs two policies")
    first, second = policy or comparison.others[-1], comparison.baseline
    pitch, names, words, shares, heads = 0.34, 1.5, 2.05, 1.95, 0.55
    metrics = list(METRIC_NAMES)
    found = [paired_interval(comparison.difference(metric, first)) for metric in metrics]
    subtitle = (
        f"{comparison.title}. Paired differences, {first} minus {second}, of {comparison.runs} runs with the same "
        "luck. Filled: the 95 % interval leaves out no difference. Each row has its own scale."
    )
    title = _differences_title(first, second, found)
    page = new_figure(pitch * len(metrics) + heads + 0.32, title, subtitle, source(comparison))
    left, width = page.left + names, page.right - page.left - names - words - shares - 0.3
    bottom = page.bottom + 0.32
    axes = page.axes(left, bottom, width, pitch * len(metrics))
    split = page.axes(page.right - shares, bottom, shares, pitch * len(metrics))
    for each in (axes, split):
        sober(each)
        each.set_ylim(len(metrics) - 0.5, -0.5)
        each.set_yticks([])
        each.set_xticks([])
        each.spines["bottom"].set_visible(False)
        each.spines["left"].set_visible(False)
    axes.set_xlim(-1.08, 1.08)
    axes.axvline(0.0, color=INK, linewidth=0.9, zorder=1)
    split.set_xlim(0.0, 1.0)
    above = bottom + pitch * len(metrics) + 0.1
    page.text(left + width / 2 - 0.1, above, "\N{LEFTWARDS ARROW} less", SIZES["label"], ha="right", color=MUTED)
    page.text(left + width / 2 + 0.1, above, "more \N{RIGHTWARDS ARROW}", SIZES["label"], color=MUTED)
    page.text(left + width + 0.12, above, "Mean difference a run", SIZES["label"], weight="bold")
    page.text(page.right - shares, above + 0.17, "Shares of runs with", SIZES["label"], weight="bold")
    swatches = [Patch(facecolor=c, edgecolor=LINE, linewidth=0.0, label=t)
                for c, t in ((CHOSEN, "less"), (SAME, "same"), (MORE, "more"))]  # fmt: skip
    legend_row(page, swatches, page.right - shares, above + 0.1, 3, even=True)
    for row, (metric, interval) in enumerate(zip(metrics, found, strict=True)):
        if row:
            axes.axhline(row - 0.5, xmin=-names / width, xmax=1 + (words + shares + 0.3) / width, color=FAINT,
                         linewidth=0.6, clip_on=False, zorder=0)  # fmt: skip
        _difference(axes, split, comparison, row, metric, first)
        y = bottom + pitch * (len(metrics) - row - 0.5)
        name, note = METRIC_NAMES[metric]
        page.text(page.left, y + (0.02 if note else -0.04), style.plain(name), SIZES["row"])
        page.text(page.left, y - 0.1, note, SIZES["small"], color=MUTED)
        if interval is not None:
            top, below = ranged(metric, interval)
            weight = "bold" if interval.told_apart else "normal"
            page.text(left + width + 0.12, y + (0.02 if below else -0.04), top, SIZES["row"], weight=weight)
            page.text(left + width + 0.12, y - 0.1, below, SIZES["small"], color=MUTED)
    note = (
        "Less is better in every row but prevention spent, need met, months cared for and mandates, which a policy may "
        "raise on purpose."
    )
    page.text(page.left, page.bottom + 0.08, note, SIZES["small"], color=MUTED)
    return page.figure


def _differences_title(first: str, second: str, found: Sequence[Interval | None]) -> str:
    """Say how many metrics fall, rise, and cannot be told apart."""
    apart = [interval for interval in found if interval is not None and interval.told_apart]
    falls = sum(1 for interval in apart if interval.mean < 0.0)
    counted = ((falls, "lower"), (len(apart) - falls, "higher"), (len(found) - len(apart), "not told apart"))
    said = ", ".join(f"{n} {word}" for n, word in counted if n)
    return f"{first[:1].upper()}{first[1:]} instead of {second}: {said}"


def _difference(axes: Axes, split: Axes, comparison: Comparison, row: int, metric: str, policy: str) -> None:
    """Draw one metric: its interval on a scale of its own, and the shares of runs with less, the same, more."""
    differences = comparison.difference(metric, policy)
    interval = paired_interval(differences)
    if interval is None:
        axes.text(0.0, row, " no run has a value ", ha="center", va="center", fontsize=SIZES["small"], color=MUTED)
        return
    low = interval.mean if interval.low is None else interval.low
    high = interval.mean if interval.high is None else interval.high
    full = max(abs(low), abs(high)) or 1.0
    colour = INK if not interval.told_apart else (CHOSEN if interval.mean < 0.0 else "#a85f14")
    (line,) = axes.plot(
        [low / full, high / full], [row, row], color=colour, linewidth=2.0, zorder=2, solid_capstyle="butt"
    )
    line.set_gid(f"interval:{metric}")
    axes.plot(interval.mean / full, row, "o", markersize=6.0, markeredgecolor=colour, markeredgewidth=1.2, zorder=3,
              markerfacecolor=colour if interval.told_apart else PAPER)  # fmt: skip
    known = differences[np.isfinite(differences)]
    start = 0.0
    for share, fill, ink in (
        ((known < 0.0).mean(), CHOSEN, PAPER),
        ((known == 0.0).mean(), SAME, INK),
        ((known > 0.0).mean(), MORE, INK),
    ):
        split.barh(row, share, left=start, height=0.56, color=fill, zorder=2)
        if share >= 0.13:
            split.text(start + share / 2, row, f"{share:.0%}".replace("%", " %"), ha="center", va="center", color=ink,
                       fontsize=SIZES["small"], zorder=3)  # fmt: skip
        start += float(share)
