"""What violence costs over time: killed, expelled, displaced, lost GDP, and how many states stand at which stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from r2psim.declarations.columns import STAGES
from r2psim.plots import style
from r2psim.plots.style import (
    FAINT,
    INK,
    MUTED,
    SIZES,
    STAGE_COLOURS,
    Page,
    amount,
    legend_row,
    new_figure,
    say,
    sober,
    stage_handles,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from r2psim.world.history import History

__all__ = ["harm_over_time", "stage_counts"]

_LABELS = 0.62
_HEAD = 0.38
_PANEL = 1.15
_EMPTY = 0.4
_STACK = 1.55
_LEGEND = 0.3
_YEARS = 0.45

_DEATHS = "#4a2338"
_DISPLACED = "#2c5f8a"
_EXPELLED = "#7a5195"
_GDP = "#5b6470"


def stage_counts(history: History) -> np.ndarray:
    """Count the states at each stage, shape (months + 1, 5)."""
    stage = history.state["stage"]
    return np.stack([(stage == k).sum(axis=1) for k in range(len(STAGES))], axis=1)


def _entries(history: History) -> np.ndarray:
    """Count the groups that enter stage 4, shape (months + 1,); the start has none."""
    stage = history.group["stage"]
    count = np.zeros(len(stage), dtype=np.int64)
    count[1:] = ((stage[1:] == 4) & (stage[:-1] != 4)).sum(axis=1)
    return count


def _lost_share(history: History) -> np.ndarray:
    """Give the share of potential GDP of all states together that is lost at present, per cent."""
    potential = history.state["gdp_potential"].sum(axis=1)
    share: np.ndarray = 100.0 * (1.0 - history.state["gdp"].sum(axis=1) / potential)
    return share


def _series(axes: Axes, values: np.ndarray, colour: str, nothing: str, whole: bool) -> None:
    """Draw a monthly series as a filled staircase from zero, with ticks at whole numbers, or say that there is none."""
    if not values.any():
        say(axes, nothing)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        return
    edges = np.arange(len(values) + 1) / 12
    stairs = axes.stairs(values, edges, fill=True, color=colour, linewidth=0.0, zorder=2)
    stairs.set_gid("series")
    axes.set_ylim(0.0, 1.15 * float(values.max()))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=whole))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.10g}" if v < 10_000 else amount(v)))
    axes.grid(axis="y", color=FAINT, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)


def _head(page: Page, text: str, left: float, top: float) -> None:
    page.text(left, top + 0.11, text, SIZES["label"], weight="bold", color=INK)


def _entry_marks(axes: Axes, history: History) -> None:
    """Mark the months in which groups enter stage 4, along the upper edge."""
    months = np.flatnonzero(_entries(history))
    (marks,) = axes.plot(
        (months + 0.5) / 12, np.full(len(months), 0.955), transform=axes.get_xaxis_transform(), linestyle="none",
        marker="v", markersize=4.0, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=0.7, zorder=4,
        clip_on=False,
    )  # fmt: skip
    marks.set_gid("entries")


def _stack(axes: Axes, history: History) -> None:
    """Draw the numbers of states by stage on top of one another, the highest stage at the bottom."""
    counts = stage_counts(history)
    edges = np.arange(len(counts) + 1) / 12
    base = np.zeros(len(counts))
    for stage in reversed(range(len(STAGES))):
        top = base + counts[:, stage]
        if counts[:, stage].any():
            area = axes.stairs(top, edges, baseline=base, fill=True, facecolor=STAGE_COLOURS[stage], zorder=2)
            style.hatch(area, stage)
            area.set_gid(f"stage:{stage}")
        base = top
    axes.set_ylim(0.0, float(counts[0].sum()))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))


def _title(killed: float, displaced: float, months: int) -> str:
    """Say what is seen: how many were killed in all, and displaced at the worst moment."""
    time = style.duration(months)
    if killed == 0 and displaced == 0:
        return f"Nobody was killed in attacks on groups or displaced within {time}"
    who = "Nobody was" if killed == 0 else "1 person was" if killed == 1 else f"{amount(killed)} people were"
    driven = "nobody was displaced" if displaced == 0 else f"up to {amount(displaced)} were displaced at a time"
    return f"{who} killed in attacks on groups within {time}; {driven}"


PANELS = ("killed", "expelled", "civilians killed", "displaced", "GDP lost", "states by stage")
"""Names of the panels of `harm_over_time`, in their order."""


def _one(axes: Axes, history: History, panels: Sequence[tuple[str, np.ndarray, str, str, bool]], what: str) -> Figure:
    """Draw one panel into somebody's own axes: its unit stands on the axis."""
    sober(axes)
    place = PANELS.index(what)
    if place < len(panels):
        head, values, colour, nothing, whole = panels[place]
        _series(axes, values, colour, nothing, whole)
    else:
        head = "States by stage, number of states"
        _stack(axes, history)
    style.years_axis(axes, history.months)
    name, _, unit = head.partition(", ")
    axes.set_title(name, fontsize=SIZES["label"], fontweight="bold", loc="left")
    axes.set_ylabel(unit, fontsize=SIZES["small"])
    return style.figure_of(axes)


def harm_over_time(history: History, what: str | None = None, ax: Axes | None = None) -> Figure:
    """Draw the killed, the expelled and the displaced, the share of GDP lost, and the states by stage, over time.

    Parameters
    ----------
    history : History
        One run.
    what : str, optional
        One panel alone, into ``ax``: a name of `PANELS`.
    ax : matplotlib.axes.Axes, optional
        Draw one panel here instead of on a page of its own; the killed if none is named.

    Returns
    -------
    Figure
        Six panels. A panel with nothing to show says so in a sentence.

    Raises
    ------
    ValueError
        If there is no such panel, or one is named without axes for it.
    """
    if what is not None and (what not in PANELS or ax is None):
        allowed = f"one of {', '.join(PANELS)}" if what not in PANELS else "with axes to draw it in, ax"
        raise ValueError(f"what {what} is not allowed: {allowed}")
    killed = history.group["deaths_month"].sum(axis=1)
    expelled = history.group["expelled_month"].sum(axis=1)
    in_conflict = history.state["war_crimes_month"].sum(axis=1)
    # Returning halves the displaced for ever: less than one person, or a hundredth of a per cent, is nothing.
    displaced = np.floor((history.state["displaced_inside"] + history.state["displaced_abroad"]).sum(axis=1))
    lost = _lost_share(history)
    lost[lost < 0.01] = 0.0
    entries = int(_entries(history).sum())
    panels = (
        ("Killed in attacks on groups, persons a month", killed, _DEATHS, "Nobody is killed.", True),
        ("Expelled as members of a group, persons a month", expelled, _EXPELLED, "Nobody is expelled.", True),
        (
            "Civilians killed in armed conflict outside of atrocities, persons a month",
            in_conflict,
            _DEATHS,
            "No civilian is killed in armed conflict.",
            True,
        ),
        (
            "Displaced at present, persons, inside or abroad",
            displaced,
            _DISPLACED,
            "Nobody is displaced.",
            True,
        ),
        ("GDP lost to war and atrocity, % of what all states could produce", lost, _GDP, "No GDP is lost.", False),
    )
    if ax is not None:
        return _one(ax, history, panels, what or PANELS[0])
    heights = [_PANEL if values.any() or (entries and not i) else _EMPTY for i, (_, values, *_) in enumerate(panels)]
    high = sum(heights) + (len(panels) + 1) * _HEAD + _STACK + _LEGEND + _YEARS
    title = _title(float(killed.sum()), float(displaced.max()), history.months)
    page = new_figure(high, title, history.title, style.provenance(history))
    left = page.left + _LABELS

    def panel(above: float, height: float, head: str) -> Axes:
        axes = page.axes(left, above - _HEAD - height, page.right - left, height)
        sober(axes)
        style.years_axis(axes, history.months, label=False)
        axes.tick_params(axis="x", labelbottom=False)
        _head(page, head, page.left, above - _HEAD)
        return axes

    top = page.top
    for i, ((head, values, colour, nothing, whole), height) in enumerate(zip(panels, heights, strict=True)):
        axes = panel(top, height, head)
        _series(axes, values, colour, nothing, whole)
        if entries and i == 0:
            _entry_marks(axes, history)
            note = f"▽ a group enters stage 4, atrocity ({entries} in all)"
            page.text(page.right, top - _HEAD + 0.11, note, SIZES["small"], color=MUTED, ha="right")
        top -= height + _HEAD

    stack = panel(top, _STACK, "States by stage, number of states")
    _stack(stack, history)
    style.years_axis(stack, history.months)
    stack.tick_params(axis="x", labelbottom=True)
    legend_row(page, stage_handles(), left, page.bottom + 0.2, len(STAGES), even=True)
    return page.figure
