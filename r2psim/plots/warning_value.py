"""What warning is worth: lives, false alarms and misses, and money in vain, against skill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, MaxNLocator

from r2psim.analysis.findings import count
from r2psim.plots.style import INK, MUTED, PAPER, SIZES, new_figure, sober

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from r2psim.analysis.warning_value import Sight, Warnings
    from r2psim.ensemble.intervals import Interval

__all__ = ["warning_figure"]

COLOUR = "#1f4e79"
LINES = {
    "warnings_false": ("false alarms", "#a1302e", "s", (0, (1, 1.5))),
    "warnings_true": ("true", COLOUR, "o", "-"),
    "onsets_missed": ("missed", INK, "^", (0, (4, 2))),
}
NOTHING = 0.005
"""Drawn in place of none, on a logarithmic axis."""


def _auc(sight: Sight) -> float:
    return 0.5 if sight.auc is None else sight.auc


def _limits(interval: Interval) -> tuple[float, float]:
    low = interval.mean if interval.low is None else interval.low
    return low, interval.mean if interval.high is None else interval.high


def _bars(axes: Axes, sights: list[Sight], name: str, factor: float = 1.0) -> None:
    for sight in sights:
        interval: Interval | None = getattr(sight, name)
        if interval is None:
            continue
        axes.plot([_auc(sight)] * 2, [factor * end for end in _limits(interval)], color=COLOUR, linewidth=1.8, zorder=2)
        filled = name != "saved" or interval.told_apart
        axes.plot(
            _auc(sight), factor * interval.mean, "o", markersize=4.5, markeredgecolor=COLOUR, markeredgewidth=1.0,
            markerfacecolor=COLOUR if filled else PAPER, zorder=3,
        )  # fmt: skip


def _title(sights: list[Sight]) -> str:
    best = sights[-1].saved if sights else None
    if best is None or best.low is None or best.high is None:
        return "What warning is worth at the same budget"
    told = f"{count(best.mean)} ({count(best.low)} to {count(best.high)}) fewer killed a run"
    if best.mean == best.low == best.high == 0.0:
        return "With no effects of assistance, warning is worth exactly nothing"
    apart = "" if best.told_apart else ", not told apart from none"
    return f"Perfect sight of present risk, against no information: {told}{apart}"


def warning_figure(found: Warnings) -> Figure:
    """Draw what warning is worth against its AUC.

    Parameters
    ----------
    found : Warnings
        As `r2psim.warning_value` gives it.

    Returns
    -------
    Figure
        Fewer killed than without information; warnings and misses of a run; the share of prevention money that was
        spent where, in the null twin, nothing would have come.
    """
    sights = [sight for sight in found.sights if sight.auc is not None]
    subtitle = (
        f"{found.title}. {found.policy}, the same budget and luck, {found.runs} runs of {found.years} years of each "
        "sight. AUC: of assessed risk for an atrocity within two years, in the null twin; 0.5 is no skill. Nobody sees "
        "the future: perfect sight of present risk is as far as it goes."
    )
    page = new_figure(2.75, _title(sights), subtitle, f"{found.scenario}, seed {found.seed}")
    heads = (
        ("Fewer killed a run", "than without information"),
        ("Warnings and misses a run", "logarithmic; none at the bottom"),
        ("Prevention money in vain, %", "in states where nothing would come"),
    )
    gap = 0.62
    width = (page.right - page.left - 3 * gap + 0.2) / 3
    for k, (head, below) in enumerate(heads):
        left = page.left + gap - 0.1 + k * (width + gap)
        axes = page.axes(left, page.bottom + 0.45, width, 1.7)
        sober(axes)
        page.text(left, page.top - 0.2, head, SIZES["row"], weight="bold")
        page.text(left, page.top - 0.34, below, SIZES["small"], color=MUTED)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
        axes.set_xlabel("AUC", fontsize=SIZES["label"])
        if not sights:
            continue
        if k == 1:
            axes.set_yscale("log")
            for name, (words, colour, mark, line) in LINES.items():
                values = [max(sight.counts[name], NOTHING) for sight in sights]
                axes.plot(
                    [_auc(sight) for sight in sights], values, color=colour, marker=mark, linestyle=line,
                    markersize=4.0, linewidth=1.1, label=words,
                )  # fmt: skip
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.legend(
                fontsize=SIZES["small"], frameon=False, loc="lower left", bbox_to_anchor=(-0.12, 1.0), ncols=3,
                columnspacing=0.8, handlelength=1.6, borderpad=0.0,
            )  # fmt: skip
            continue
        _bars(axes, sights, "saved" if k == 0 else "wasted", 1.0 if k == 0 else 100.0)
        if k == 0:
            axes.axhline(0.0, color=INK, linewidth=0.8, zorder=1)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: count(value) if value else "0"))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    return page.figure
