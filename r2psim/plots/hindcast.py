"""A past world held against what happened: are probabilities what they say, and do they tell states apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter

from r2psim.analysis.hindcast import FLAGGED, PURPOSE, Hindcast
from r2psim.analysis.skill import Bin, roc
from r2psim.plots.comparison import BAR, CHOSEN, head
from r2psim.plots.style import FAINT, INK, LINE, MUTED, PAPER, SIZES, new_figure, say, sober

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_chance", "draw_plane", "draw_shares", "hindcast_figure"]

_HEIGHT = 3.9
_BOTTOM = 0.75
_PANEL = 2.85
_LOWEST = 0.0003
_HIGHEST = 1.6


def _percent(value: float, _: object = None) -> str:
    return f"{100.0 * value:g} %"


def draw_shares(axes: Axes, bins: Sequence[Bin]) -> None:
    """Draw observed against expected shares, by class of probability, on logarithmic scales."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(_LOWEST, _HIGHEST)
    axes.set_ylim(_LOWEST, _HIGHEST)
    ticks = [0.001, 0.01, 0.1, 1.0]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_percent))
        axis.set_ticks(ticks)
        axis.set_ticks([], minor=True)
    axes.grid(color=FAINT, linewidth=0.6)
    axes.plot([_LOWEST, _HIGHEST], [_LOWEST, _HIGHEST], color=LINE, linewidth=1.0, zorder=1)
    axes.annotate("as expected", (0.0009, 0.0009), xytext=(0, 4), textcoords="offset points", rotation=45,
                  rotation_mode="anchor", fontsize=SIZES["small"], color=MUTED)  # fmt: skip
    for b in bins:
        x = max(b.expected, _LOWEST * 1.3)
        low, high = (max(end, _LOWEST * 1.3) for end in b.interval)
        axes.plot([x, x], [low, high], color=BAR, linewidth=1.2, zorder=2)
        if b.onsets:
            axes.plot([x], [b.observed], marker="o", markersize=5.5, color=CHOSEN, zorder=3)
        else:
            # Nothing observed has no place on a logarithmic scale: an open mark at the foot.
            axes.plot([x], [_LOWEST * 1.3], marker="v", markersize=5.0, markerfacecolor=PAPER, markeredgecolor=CHOSEN,
                      clip_on=False, zorder=3)  # fmt: skip
        axes.annotate(f"{b.states}", (x, high), xytext=(0, 3), textcoords="offset points", ha="center",
                      fontsize=SIZES["small"], color=INK)  # fmt: skip
    axes.set_xlabel("Expected: mean simulated share of states with an onset", fontsize=SIZES["label"], color=INK)
    axes.set_ylabel("Observed share", fontsize=SIZES["label"], color=INK)


def draw_plane(axes: Axes) -> None:
    """Draw the plane of ROC curves, without any."""
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks)
        axis.set_major_formatter(FuncFormatter(_percent))
    axes.set_xlabel("Flagged, of the states without an onset", fontsize=SIZES["label"], color=INK)
    axes.set_ylabel("Flagged, of the states with an onset", fontsize=SIZES["label"], color=INK)


def draw_chance(axes: Axes) -> None:
    """Draw what flagging at random would give, and how many states are flagged where recall is measured."""
    axes.grid(color=FAINT, linewidth=0.6)
    axes.plot([0.0, 1.0], [0.0, 1.0], color=LINE, linewidth=1.0, zorder=1)
    axes.annotate("chance", (0.62, 0.58), rotation=45, rotation_mode="anchor", fontsize=SIZES["small"], color=MUTED)
    axes.axvline(FLAGGED, color=BAR, linewidth=0.8, linestyle=(0, (3, 3)), zorder=2)


def _curve(axes: Axes, found: Hindcast) -> None:
    """Draw the ROC curve."""
    draw_plane(axes)
    if not 0 < found.onsets < len(found.states):
        say(axes, "No curve: no onset was observed" if not found.onsets else "No curve: an onset everywhere")
        return
    draw_chance(axes)
    false, caught = roc(found.probabilities, found.happened)
    axes.plot(false, caught, color=CHOSEN, linewidth=1.6, zorder=3)
    area, ends = found.summary()["auc"], " to ".join(f"{end:.2f}" for end in found.summary()["auc_95"])
    axes.text(0.97, 0.05, f"AUC {area:.2f} ({ends})", ha="right", fontsize=SIZES["label"], color=INK)


def hindcast_figure(found: Hindcast) -> Figure:
    """Draw calibration and discrimination of a hindcast; no state is named.

    Parameters
    ----------
    found : Hindcast
        The hindcast.

    Returns
    -------
    Figure
        Left: observed against expected shares by class of probability, with 95 % intervals and numbers of states.
        Right: the ROC curve.
    """
    summary = found.summary()
    low, high = summary["onsets_expected_90"]
    first, last = summary["window"]
    title = (
        f"{first} to {last}: {found.onsets} of {len(found.states)} states saw an onset, "
        f"{summary['onsets_expected']:.1f} were expected ({low:g} to {high:g})"
    )
    source = f"{found.scenario}, {found.policy}, {found.runs} runs, seed {found.seed}"
    page = new_figure(_HEIGHT, title, PURPOSE, source)
    bottom = page.bottom + _BOTTOM
    for left, name, draw in (
        (1.15, "Do the probabilities mean what they say?", lambda axes, hindcast: draw_shares(axes, hindcast.bins())),
        (4.95, "Do they tell states apart?", _curve),
    ):
        axes = page.axes(left, bottom, _PANEL, _PANEL)
        sober(axes)
        head(page, left, bottom + _PANEL + 0.12, name)
        draw(axes, found)
    page.text(
        1.15, page.bottom + 0.1,
        "Lines: 95 % intervals; numbers: states in the class; open mark: no onset. Dashed: a fifth of these states.",
        SIZES["small"], color=MUTED,
    )  # fmt: skip
    return page.figure
