"""Drawn worlds beside the record of 2014: does the generator draw worlds like the one that was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from r2psim.analysis.world_summary import CORRELATED, MOST_NEIGHBOURS, STATUSES
from r2psim.declarations.columns import STAGES
from r2psim.plots.comparison import BAR, CHOSEN, head
from r2psim.plots.style import FAINT, INK, LINE, PAPER, SIZES, legend_row, new_figure, sober

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["worlds_figure"]

_DRAWN: dict[str, Any] = {"color": BAR, "linewidth": 0.8, "alpha": 0.55, "zorder": 2}
_RECORD: dict[str, Any] = {"color": CHOSEN, "linestyle": "none", "marker": "o", "markersize": 4.0, "zorder": 3}
_LOGS = {"population": "Population, persons", "income": "GDP per person, US$"}
_SCORES = {"regime": "Openness of the regime", "capacity": "Capacity of the state",
           "excluded": "People in excluded groups"}  # fmt: skip
_WIDE, _HIGH, _ACROSS, _DOWN = 1.85, 1.35, 2.47, 2.1
_LEFT = 0.45


def _power(value: float, _: object = None) -> str:
    names = {3: "1,000", 4: "10,000", 5: "100,000", 6: "1 m", 7: "10 m", 8: "100 m", 9: "1 bn"}
    return names.get(round(value), f"{10.0**value:g}")


def _deciles(axes: Axes, name: str, record: Mapping[str, Any], drawn: Sequence[Mapping[str, Any]]) -> None:
    """Draw the distribution: the share of the states, or groups, with at most each value."""
    shares = np.linspace(0.0, 1.0, 11)
    for summary in drawn:
        axes.plot(summary["quantiles"][name], shares, **_DRAWN)
    axes.plot(record["quantiles"][name], shares, **_RECORD)
    _shares_axis(axes)
    if name in _LOGS:
        axes.xaxis.set_major_formatter(FuncFormatter(_power))
        axes.set_xticks([6, 7, 8, 9] if name == "population" else [3, 4, 5])
    elif name == "group_size":
        axes.set_xlim(-4.1, 0.1)
        axes.set_xticks([-4, -3, -2, -1, 0], ["0.01 %", "0.1 %", "1 %", "10 %", "100 %"])
    else:
        axes.set_xlim(-0.03, 1.03)
        axes.set_xticks([0.0, 0.5, 1.0])


def _shares_axis(axes: Axes) -> None:
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks([0.0, 0.5, 1.0], ["0 %", "50 %", "100 %"])


def _counts(axes: Axes, key: str, first: int, record: Mapping[str, Any], drawn: Sequence[Mapping[str, Any]]) -> None:
    """Draw the share of the states with at most each number."""
    numbers = np.arange(first, first + len(record[key]))
    for summary in drawn:
        if summary[key]:
            axes.plot(numbers, summary[key], **_DRAWN)
    axes.plot(numbers, record[key], **_RECORD)
    _shares_axis(axes)
    axes.set_xlim(first - 0.4, numbers[-1] + 0.4)
    axes.set_xticks([k for k in numbers if k % 2 == 0] if first == 0 else list(range(2, MOST_NEIGHBOURS + 1, 2)))


def _bars(
    axes: Axes, key: str, names: Sequence[str], record: Mapping[str, Any], drawn: Sequence[Mapping[str, Any]]
) -> None:
    """Draw shares by name: a tick for each drawn world, a dot for the record."""
    for row in range(len(names)):
        for summary in drawn:
            axes.plot([summary[key][row]] * 2, [row - 0.3, row + 0.3], **_DRAWN)
    axes.plot(record[key], np.arange(len(names)), **_RECORD)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0.0, 0.62)
    axes.set_xticks([0.0, 0.25, 0.5], ["0 %", "25 %", "50 %"])


def _correlations(axes: Axes, record: Mapping[str, Any], drawn: Sequence[Mapping[str, Any]]) -> None:
    """Draw rank correlations of every pair: mean of the drawn worlds and their range, against the record."""
    pairs = [(i, j) for i in range(len(CORRELATED)) for j in range(i)]
    ours = np.array([[summary["correlations"][i][j] for i, j in pairs] for summary in drawn])
    theirs = np.array([record["correlations"][i][j] for i, j in pairs])
    axes.plot([-1.0, 1.0], [-1.0, 1.0], color=LINE, linewidth=1.0, zorder=1)
    axes.vlines(theirs, ours.min(axis=0), ours.max(axis=0), color=BAR, linewidth=0.9, alpha=0.6, zorder=2)
    axes.plot(theirs, ours.mean(axis=0), **{**_RECORD, "markerfacecolor": PAPER})
    axes.set_xlim(-0.62, 1.0)
    axes.set_ylim(-0.62, 1.0)
    axes.set_xticks([-0.5, 0.0, 0.5, 1.0])
    axes.set_yticks([-0.5, 0.0, 0.5, 1.0])
    axes.set_xlabel("2014", fontsize=SIZES["tick"], color=INK, labelpad=1)
    axes.set_ylabel("drawn", fontsize=SIZES["tick"], color=INK, labelpad=1)


def worlds_figure(record: Mapping[str, Any], drawn: Sequence[Mapping[str, Any]], source: str = "") -> Figure:
    """Draw summaries of drawn worlds beside that of the record.

    Parameters
    ----------
    record : mapping
        As ``[record]`` of ``generator.toml``.
    drawn : sequence of mapping
        As `r2psim.analysis.world_summary.summarise_world` gives them, one or more.
    source : str
        What was drawn.

    Returns
    -------
    Figure
        Distributions of states and groups, shares by stage and status, and rank correlations.
    """
    height = 4 * _DOWN + 0.3
    count = f"{len(drawn)} drawn worlds" if len(drawn) > 1 else "A drawn world"
    page = new_figure(
        height,
        f"{count} beside the record of 2014",
        "States above half a million people, groups with political relevance: shares with at most each value, by stage"
        " and status, and rank correlations of nine variables. No state or group of a drawn world is real.",
        source,
    )
    handles = [
        Line2D([], [], label="record of 2014", **{**_RECORD, "zorder": 1}),
        Line2D([], [], label="a drawn world", **{**_DRAWN, "alpha": 1.0}),
    ]
    legend_row(page, handles, page.left, page.top + 0.02, 2)
    panels: list[tuple[str, Any]] = [
        *((title, lambda axes, name=name: _deciles(axes, name, record, drawn)) for name, title in _LOGS.items()),
        *((title, lambda axes, name=name: _deciles(axes, name, record, drawn)) for name, title in _SCORES.items()),
        ("Size of a group", lambda axes: _deciles(axes, "group_size", record, drawn)),
        ("Relevant groups of a state", lambda axes: _counts(axes, "groups_at_most", 0, record, drawn)),
        ("Land neighbours, if any", lambda axes: _counts(axes, "neighbours_at_most", 1, record, drawn)),
        ("States by stage", lambda axes: _bars(axes, "stages", STAGES, record, drawn)),
        ("Groups by status", lambda axes: _bars(axes, "statuses", STATUSES, record, drawn)),
        ("Rank correlations", lambda axes: _correlations(axes, record, drawn)),
    ]
    for place, (title, draw) in enumerate(panels):
        row, column = divmod(place, 3)
        # Names of rows need room at the left of their panel.
        indent = 0.6 if draw is panels[8][1] or draw is panels[9][1] else 0.0
        left = page.left + _LEFT + column * _ACROSS + indent
        bottom = page.top - 0.55 - _HIGH - row * _DOWN
        axes = page.axes(left, bottom, _WIDE - indent, _HIGH)
        sober(axes)
        axes.grid(color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        head(page, page.left + _LEFT + column * _ACROSS, bottom + _HIGH + 0.1, title)
        draw(axes)
    return page.figure
