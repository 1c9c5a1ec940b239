"""Where prevention pays: curves along one thing, and maps over two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from matplotlib.tri import Triangulation

from r2psim.analysis.break_even_grid import Sign
from r2psim.analysis.break_even_study import LEDGER_NAMES
from r2psim.analysis.cached_runs import LIVES
from r2psim.analysis.findings import count, money
from r2psim.plots.style import INK, LINE, MUTED, PAPER, SIZES, figure_of, legend_row, new_figure, say, shorten, sober

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from r2psim.analysis.break_even_axes import Axis
    from r2psim.analysis.break_even_study import BreakEven
    from r2psim.plots.style import Page

__all__ = ["break_even_figure"]

FILLS = {Sign.ABOVE: "#8fb0d0", Sign.BELOW: "#f3dcc0", Sign.OPEN: PAPER, Sign.NOTHING: "#e4e7eb", Sign.NONE: "#e4e7eb"}
"""Fill of a region; told apart by lightness too."""
CURVE = "#1f4e79"
HATCH = "////"
_SHORT = {"need": "Response needed", "all": "Response, hosting, GDP"}
"""Heads of the panels of maps, where those of tables are too long."""
_NAMES = {
    Sign.ABOVE: "prevention pays",
    Sign.BELOW: "it does not",
    Sign.OPEN: "not told apart",
    Sign.NOTHING: "exactly no difference",
    Sign.NONE: "no further prevention",
}


def _number(axis: Axis, value: float) -> str:
    if axis.kind == "discount":
        return f"{100.0 * value:.3g} %"
    return f"{value:.3g}"


def _gain(ledger: str, value: float) -> str:
    if value == 0.0:
        return "0"
    return count(value) if ledger == LIVES else money(value).replace("US$ ", "$")


def _title(found: BreakEven) -> str:
    """Say the first break-even that there is, with its interval; or that there is none."""
    if len(found.axes) == 2:
        first, second = (axis.short[:1].lower() + axis.short[1:] for axis in found.axes)
        return f"Where prevention pays, over {first} and {second}"
    axis = found.axes[0]
    for ledger in found.ledgers:
        for crossing in found.crossings(ledger):
            low, high = _number(axis, crossing.low), _number(axis, crossing.high)
            side = "above" if crossing.pays_above else "below"
            name = LEDGER_NAMES[ledger]
            head = f"{name[:1].upper()}{name[1:]}: prevention breaks even between {low} and {high}, and pays {side}"
            return f"{head}. {axis.short}"
    low, high = _number(axis, axis.low), _number(axis, axis.high)
    return f"No break-even is told apart in any ledger from {low} to {high}. {axis.short}"


def _source(found: BreakEven) -> str:
    luck = "" if found.uncertainty == "none" else f", uncertainty {found.uncertainty}"
    return f"{found.scenario}, {found.policy} against {found.baseline}, seed {found.seed}{luck}"


def _scaled(axes: Axes, axis: Axis, vertical: bool = False) -> None:
    """Scale one direction."""
    side = axes.yaxis if vertical else axes.xaxis
    (axes.set_ylim if vertical else axes.set_xlim)(axis.low, axis.high)
    if axis.scale == "log":
        (axes.set_yscale if vertical else axes.set_xscale)("log")
        side.set_major_locator(
            LogLocator(base=10.0, subs=(1.0, 2.0, 5.0)) if axis.high > 4 * axis.low else NullLocator()
        )
        side.set_minor_locator(NullLocator())
        side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        side.set_major_locator(MaxNLocator(nbins=5, integer=axis.scale == "whole"))
        if axis.kind == "discount":
            side.set_major_formatter(FuncFormatter(lambda value, _: f"{100.0 * value:g} %"))


def _hatched(axes: Axes, corner: tuple[float, float], width: float, height: float, sign: Sign) -> None:
    """Fill a region; that of which nothing is told is left open, hatched."""
    fill = Rectangle(corner, width, height, facecolor=FILLS[sign], edgecolor="none", linewidth=0.0, zorder=0)
    axes.add_patch(fill)
    if sign is Sign.OPEN:
        axes.add_patch(
            Rectangle(corner, width, height, facecolor="none", edgecolor=LINE, hatch=HATCH, linewidth=0.0, zorder=0.5)
        )


# -- along one thing ---------------------------------------------------------------------------------------------------


def _curve(axes: Axes, found: BreakEven, ledger: str) -> None:
    axis = found.axes[0]
    at, course = found.course(ledger)
    known = np.array([f.interval is not None for f in course])
    sober(axes)
    _scaled(axes, axis)
    if not known.any():
        axes.set_yticks([])
        say(axes, "No further prevention is bought.")
        return
    intervals = [f.interval for f in course if f.interval is not None]
    mean = np.array([i.mean for i in intervals])
    low = np.array([i.mean if i.low is None else i.low for i in intervals])
    high = np.array([i.mean if i.high is None else i.high for i in intervals])
    least, most = min(0.0, float(low.min())), max(0.0, float(high.max()))
    room = 0.08 * ((most - least) or 1.0)
    least, most = least - room, most + room
    axes.set_ylim(least, most)
    # A stretch between two places is told only where both agree.
    for k in range(len(at) - 1):
        signs = {course[k].sign, course[k + 1].sign}
        sign = signs.pop() if len(signs) == 1 else Sign.OPEN
        _hatched(axes, (at[k], least), at[k + 1] - at[k], most - least, sign)
    x = at[known]
    axes.fill_between(x, low, high, color=CURVE, alpha=0.28, linewidth=0.0, zorder=2)
    axes.plot(x, mean, color=CURVE, linewidth=1.3, zorder=3)
    for value, f in zip(x, (f for f in course if f.interval is not None), strict=True):
        filled = f.sign in (Sign.ABOVE, Sign.BELOW)
        assert f.interval is not None
        (mark,) = axes.plot(
            value, f.interval.mean, "o", markersize=3.6, markeredgecolor=CURVE, markeredgewidth=0.9,
            markerfacecolor=CURVE if filled else PAPER, zorder=4, clip_on=False,
        )  # fmt: skip
        mark.set_gid(f"spot:{ledger}")
    axes.axhline(0.0, color=INK, linewidth=0.9, zorder=2.5)
    now = found.now[0]
    if now is not None and axis.low <= now <= axis.high:
        axes.axvline(now, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=2.4)
    for crossing in found.crossings(ledger):
        axes.plot([crossing.low, crossing.high], [0.0, 0.0], color=INK, linewidth=3.4, solid_capstyle="butt", zorder=5)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _gain(ledger, value)))


def _crossing_words(found: BreakEven, ledger: str) -> str:
    axis = found.axes[0]
    crossings = found.crossings(ledger)
    if not crossings:
        said = (
            found.sentence(ledger)
            .partition(": ")[2]
            .removeprefix(f"no break-even from {axis.low:g} to {axis.high:g}; ")
        )
        return "" if "spends no more" in said else said.partition(";")[0]
    ranges = [
        f"{_number(axis, c.low)} to {_number(axis, c.high)}" + (", pays above" if c.pays_above else ", pays below")
        for c in crossings
    ]
    return "breaks even: " + "; ".join(ranges)


def _map_words(found: BreakEven, ledger: str) -> str:
    shares = found.shares(ledger)
    short = {"pays": "pays", "does not pay": "not", "not told apart": "open"}
    return ", ".join(f"{short.get(words, words)} {100.0 * share:.0f} %" for words, share in shares.items() if share)


# -- over two ----------------------------------------------------------------------------------------------------------


def _map(axes: Axes, found: BreakEven, ledger: str) -> None:
    first, second = found.axes
    sober(axes)
    _scaled(axes, first)
    _scaled(axes, second, vertical=True)
    for cell in found.cells:
        x, y = first.at(cell.low[0]), second.at(cell.low[1])
        _hatched(axes, (x, y), first.at(cell.high[0]) - x, second.at(cell.high[1]) - y, cell.signs[ledger])
    known = [(found.place(s), s.found[ledger]) for s in found.spots if s.found[ledger].interval is not None]
    places = np.array([place for place, _ in known]).reshape(-1, 2)
    means = np.array([f.interval.mean for _, f in known if f.interval is not None])
    if len(known) >= 3 and means.min(initial=0.0) < 0.0 < means.max(initial=0.0):
        spread = [np.log(places[:, k]) if a.scale == "log" else places[:, k] for k, a in enumerate(found.axes)]
        if all(np.ptp(part) > 0.0 for part in spread):
            triangles = Triangulation(*((part - part.min()) / np.ptp(part) for part in spread)).triangles
            axes.tricontour(
                Triangulation(places[:, 0], places[:, 1], triangles), means, levels=[0.0], colors=[INK],
                linewidths=1.4, zorder=3,
            )  # fmt: skip
    for place, f in known:
        filled = f.sign in (Sign.ABOVE, Sign.BELOW)
        axes.plot(
            *place, "o", markersize=2.6, markeredgecolor=INK, markeredgewidth=0.6,
            markerfacecolor=INK if filled else PAPER, zorder=4, clip_on=False,
        )  # fmt: skip
    if None not in found.now:
        now = [value for value in found.now if value is not None]
        if all(axis.low <= value <= axis.high for axis, value in zip(found.axes, now, strict=True)):
            axes.plot(
                *now,
                "X",
                markersize=8.0,
                color=PAPER,
                markeredgecolor=INK,
                markeredgewidth=1.2,
                zorder=5,
                clip_on=False,
            )


# -- the figure --------------------------------------------------------------------------------------------------------


def break_even_figure(found: BreakEven, ledger: str | None = None, ax: Axes | None = None) -> Figure:
    """Draw where prevention pays, a panel for each ledger.

    Parameters
    ----------
    found : BreakEven
        As `r2psim.break_even` gives it.
    ledger : str, optional
        One of ``found.ledgers``; a panel for each of them if not given.
    ax : matplotlib.axes.Axes, optional
        Draw one ledger here instead of on a page of its own; the first if none is named.

    Returns
    -------
    Figure
        Along one thing: what was gained net, its 95 % interval, and the range within which it breaks even. Over two: a
        map with the line of break-even; the region where nothing is told apart is open, hatched.

    Raises
    ------
    ValueError
        If there is no such ledger.
    """
    one = len(found.axes) == 1
    ledgers = list(found.ledgers) if ledger is None else [ledger]
    if ledgers[0] not in found.ledgers:
        raise ValueError(f"ledger {ledger} is not allowed: one of {', '.join(found.ledgers)}")
    if ax is not None:
        name = LEDGER_NAMES[ledgers[0]]
        with mpl.rc_context({"hatch.linewidth": 0.6}):
            (_curve if one else _map)(ax, found, ledgers[0])
        ax.set_title(name[:1].upper() + name[1:], fontsize=SIZES["row"], fontweight="bold", loc="left")
        ax.set_xlabel(found.axes[0].short, fontsize=SIZES["small"])
        saved = "fewer killed" if ledgers[0] == LIVES else "US$ saved, net"
        ax.set_ylabel(saved if one else found.axes[1].short, fontsize=SIZES["small"])
        return figure_of(ax)
    columns = min(len(ledgers), 2 if one else 3)
    lines = -(-len(ledgers) // columns)
    pitch, gap, key = (1.95, 0.75, 0.55) if one else (2.3, 0.75, 0.55)
    rate = (
        "" if any(a.kind == "discount" for a in found.axes) else f", discounted at {100.0 * found.discount:g} % a year"
    )
    length = "" if any(a.kind == "horizon" for a in found.axes) else f" of {found.years} years"
    subtitle = (
        f"{found.title}. {found.policy} instead of {found.baseline}, mean of a run{length} under the same luck: saved "
        f"because harm was avoided, less what was spent more on prevention{rate}; lives: fewer killed. "
        f"{found.plan.full} runs near a break-even."
    )
    page = new_figure(lines * pitch + key, _title(found), subtitle, _source(found))
    left, across = 0.62 if one else 0.5, page.right - page.left
    width = (across - columns * left - (columns - 1) * 0.15) / columns
    with mpl.rc_context({"hatch.linewidth": 0.6}):
        for k, each in enumerate(ledgers):
            row, column = divmod(k, columns)
            x = page.left + left + column * (width + left + 0.15)
            y = page.top - key - (row + 1) * pitch + 0.5
            axes = page.axes(x, y, width, pitch - gap)
            (_curve if one else _map)(axes, found, each)
            head = LEDGER_NAMES[each] if one else _SHORT.get(each, LEDGER_NAMES[each])
            # The mark of the scenario may stand on the upper edge of a map.
            above = y + pitch - gap + (0.0 if one else 0.05)
            page.text(x, above + 0.17, shorten(head[:1].upper() + head[1:], width, SIZES["row"], "bold"),
                      SIZES["row"], weight="bold")  # fmt: skip
            words = shorten((_crossing_words if one else _map_words)(found, each), width + 0.1, SIZES["small"])
            page.text(x, above + 0.05, words, SIZES["small"], color=MUTED)
            if row == lines - 1 or k + columns >= len(ledgers):
                axes.set_xlabel(shorten(found.axes[0].short, width + 0.3, SIZES["small"]), fontsize=SIZES["small"])
            if not one and column == 0:
                axes.set_ylabel(shorten(found.axes[1].short, pitch - 0.2, SIZES["small"]), fontsize=SIZES["small"])
        _key(page, found, one)
        # Hatching is drawn with the width that holds when it is drawn.
        page.figure.canvas.draw()
    return page.figure


def _key(page: Page, found: BreakEven, one: bool) -> None:
    there = {cell.signs[ledger] for cell in found.cells for ledger in found.ledgers}
    handles: list[Patch | Line2D] = []
    for sign in Sign:
        if sign not in there and sign not in (Sign.ABOVE, Sign.BELOW, Sign.OPEN):
            continue
        handle = Patch(
            facecolor=FILLS[sign], edgecolor=LINE, label=_NAMES[sign], hatch=HATCH if sign is Sign.OPEN else ""
        )
        handles.append(handle)
    if one:
        handles.append(Patch(facecolor=CURVE, alpha=0.28, linewidth=0.0, label="95 % interval"))
        handles.append(Line2D([], [], color=INK, linewidth=3.4, label="range of the break-even"))
        handles.append(Line2D([], [], color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)), label="the scenario"))
    else:
        handles.append(Line2D([], [], color=INK, linewidth=1.4, label="the mean breaks even"))
        handles.append(
            Line2D([], [], linestyle="none", marker="X", markersize=7.0, markerfacecolor=PAPER, markeredgecolor=INK,
                   label="the scenario")
        )  # fmt: skip
    colour = CURVE if one else INK
    handles += [
        Line2D([], [], linestyle="none", marker="o", markersize=3.6 if one else 2.6, markeredgecolor=colour,
               markerfacecolor=fill, label=label)
        for fill, label in ((colour, "a place, told apart"), (PAPER, "a place, not told apart"))
    ]  # fmt: skip
    legend_row(page, handles, page.left, page.top - 0.02, 4, even=True)
