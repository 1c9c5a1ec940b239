"""What a further dollar does, and what recommendations and principles do: a row for each, by part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, MaxNLocator

from r2psim.analysis.findings import count, money
from r2psim.analysis.marginal import PARTS
from r2psim.analysis.study_words import NOT_ESTIMATED
from r2psim.plots.style import FAINT, INK, MUTED, PAPER, SIZES, new_figure, shorten, sober

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from r2psim.analysis.marginal import Change, Marginal
    from r2psim.plots.style import Page

__all__ = ["marginal_figure"]

PITCH = 0.215
HEAD = 0.62
NAMES = 3.3
WORDS = 2.2
COLOUR = "#1f4e79"


def _told(change: Change) -> str:
    return NOT_ESTIMATED if change.money is None else money(change.money.mean).replace("US$ ", "$")


def _lives(change: Change) -> str:
    interval = change.lives
    if interval is None:
        return NOT_ESTIMATED
    if interval.low is None or interval.high is None:
        return count(interval.mean)
    return f"{count(interval.mean)} ({count(interval.low)} to {count(interval.high)})"


def _panel(page: Page, found: Marginal, part: str, top: float) -> None:
    changes = sorted(found.of(part), key=lambda change: -(change.lives.mean if change.lives else 0.0))
    changes += [found.whole[part]] if part in found.whole else []
    page.text(page.left, top - 0.16, PARTS[part][:1].upper() + PARTS[part][1:], SIZES["row"], weight="bold")
    page.text(page.right - WORDS + 0.1, top - 0.16, "fewer killed a run", SIZES["small"], color=MUTED)
    page.text(page.right, top - 0.16, "spent more", SIZES["small"], color=MUTED, ha="right")
    height = PITCH * len(changes)
    bottom = top - 0.24 - height
    axes = page.axes(page.left + NAMES, bottom, page.right - page.left - NAMES - WORDS, height)
    sober(axes)
    axes.set_ylim(len(changes) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(0.0, color=INK, linewidth=0.8, zorder=1)
    for k, change in enumerate(changes):
        y = bottom + PITCH * (len(changes) - k - 0.5) - 0.035
        whole = part in found.whole and k == len(changes) - 1
        weight = "bold" if change.lives is not None and change.lives.told_apart else "normal"
        if k:
            axes.axhline(k - 0.5, color=FAINT, linewidth=0.5, zorder=0)
        style = {"style": "italic"} if whole else {}
        page.text(page.left, y, shorten(change.name, NAMES - 0.15, SIZES["small"]), SIZES["small"], **style)
        page.text(page.right - WORDS + 0.1, y, _lives(change), SIZES["small"], weight=weight)
        page.text(page.right, y, _told(change), SIZES["small"], ha="right")
        if change.lives is None:
            continue
        ends = [change.lives.mean if end is None else end for end in (change.lives.low, change.lives.high)]
        axes.plot(ends, [k, k], color=COLOUR, linewidth=2.0, solid_capstyle="butt", zorder=2)
        axes.plot(
            change.lives.mean, k, "D" if whole else "o", markersize=4.2, markeredgecolor=COLOUR, markeredgewidth=1.0,
            markerfacecolor=COLOUR if change.lives.told_apart else PAPER, zorder=3,
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: count(value) if value else "0"))


def marginal_figure(found: Marginal) -> Figure:
    """Draw what each thing does to the number of killed, with its 95 % interval, and what it costs.

    Parameters
    ----------
    found : Marginal
        As `r2psim.marginal` gives it.

    Returns
    -------
    Figure
        A panel for each part; filled where it is told apart from nothing.
    """
    parts = list(dict.fromkeys(change.part for change in found.changes))
    rows = [len(found.of(part)) + (part in found.whole) for part in parts]
    subtitle = (
        f"{found.title}. Fewer killed in a run of {found.years} years, right of 0; bars are 95 % intervals, "
        f"filled where told apart from none. A fund has {money(found.money)} a year beside {found.policy}; principles "
        f"are those of {found.principled}. Shapley values add up to the whole."
    )
    source = f"{found.scenario}, {found.runs} runs of each world, seed {found.seed}"
    page = new_figure(sum(PITCH * n + HEAD for n in rows), "What a further dollar does, and for whom", subtitle, source)
    top = page.top
    for part, count_ in zip(parts, rows, strict=True):
        _panel(page, found, part, top)
        top -= PITCH * count_ + HEAD
    return page.figure
