"""Lives against money: what a search for portfolios found, and what random ones do, with the scenario's policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from r2psim.analysis.findings import count, money
from r2psim.analysis.optimise_report import gain_words
from r2psim.analysis.portfolio_runs import BILL, KILLED
from r2psim.analysis.robust import CRITERIA
from r2psim.plots.style import FAINT, INK, LINE, MUTED, PAPER, SIZES, legend_row, new_figure, shorten, sober, text_width
from r2psim.scenario.specs import NO_ASSISTANCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from r2psim.analysis.optimise import Optimised
    from r2psim.analysis.out_of_sample import Judged
    from r2psim.analysis.random_portfolios import RandomPortfolios
    from r2psim.ensemble.intervals import Interval

__all__ = ["front_figure", "random_figure"]

HEIGHT = 5.0
KEY = 0.55
FOUND = "#1f4e79"
LIVES = "#c5d5e6"
BOTH = "#6f97c0"
SHIPPED = "#b3541e"


def _ends(interval: Interval | None) -> tuple[float, float, float]:
    if interval is None:
        return 0.0, 0.0, 0.0
    low, high = (interval.mean if end is None else end for end in (interval.low, interval.high))
    return low, interval.mean, high


def _scaled(axes: Axes, baseline: str) -> None:
    """Draw the baseline's axes, and say what they count."""
    sober(axes)
    axes.axhline(0.0, color=INK, linewidth=0.8, zorder=1)
    axes.axvline(0.0, color=INK, linewidth=0.8, zorder=1)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: money(value).replace("US$ ", "$") if value else "0"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: count(value) if value else "0"))
    axes.grid(color=FAINT, linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"Added to the donors' bill, a run, against {baseline}", fontsize=SIZES["label"], color=INK)
    axes.set_ylabel(f"Fewer killed, a run, than under {baseline}", fontsize=SIZES["label"], color=INK)


def _cross(axes: Axes, x: tuple[float, float, float], y: tuple[float, float, float], colour: str) -> None:
    """Draw the intervals of both axes."""
    axes.plot([x[0], x[2]], [y[1], y[1]], color=colour, linewidth=0.9, alpha=0.75, solid_capstyle="butt", zorder=2)
    axes.plot([x[1], x[1]], [y[0], y[2]], color=colour, linewidth=0.9, alpha=0.75, solid_capstyle="butt", zorder=2)


def _added(interval: Interval | None) -> tuple[float, float, float]:
    """Turn what is saved into what is added."""
    low, mean, high = _ends(interval)
    return 0.0 - high, 0.0 - mean, 0.0 - low


def _named(
    axes: Axes,
    labels: list[tuple[float, float, str, str]],
    marks: list[tuple[float, float]],
    width: float,
    height: float,
) -> None:
    """Write names beside points, each where it covers no other name and no point or mark."""
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    taken: list[tuple[float, float, float, float]] = []
    places = [((x - x0) / (x1 - x0) * width, (y - y0) / (y1 - y0) * height) for x, y, _, _ in labels]
    beside = [((x - x0) / (x1 - x0) * width, (y - y0) / (y1 - y0) * height) for x, y in marks]
    points = [(a - 0.05, b - 0.05, a + 0.05, b + 0.05) for a, b in places + beside]
    for (a, b), (_, _, name, colour) in zip(places, labels, strict=True):
        wide, tall = text_width(name, SIZES["small"]), 0.11
        tried = []
        for step in range(1, 12):
            out = 0.07 + 0.075 * (step - 1)
            tried += [(a + 0.08, b + out), (a - 0.08 - wide, b + out), (a + 0.08, b - out - tall),
                      (a - 0.08 - wide, b - out - tall)]  # fmt: skip
        boxes = [(left, low, left + wide, low + tall) for left, low in tried]
        fits = [
            box
            for box in boxes
            if box[0] >= 0.0 and box[2] <= width and box[1] >= 0.0 and box[3] <= height
            and not any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in taken + points)
        ]  # fmt: skip
        box = fits[0] if fits else boxes[0]
        taken.append(box)
        left, low = box[0] / width * (x1 - x0) + x0, (box[1] + 0.02) / height * (y1 - y0) + y0
        if abs(box[1] - b) > 0.2:
            near, middle = (box[0] if box[0] > a else box[2]), box[1] + tall / 2
            line_x = [at / width * (x1 - x0) + x0 for at in (a, near)]
            line_y = [at / height * (y1 - y0) + y0 for at in (b, middle)]
            axes.plot(line_x, line_y, color=LINE, linewidth=0.5, zorder=1.5)
        axes.text(
            left, low, name, fontsize=SIZES["small"], color=colour, zorder=6, parse_math=False,
            bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 0.6},
        )  # fmt: skip


def _limits(axes: Axes, xs: list[float], ys: list[float]) -> None:
    for values, set_ in ((xs, axes.set_xlim), (ys, axes.set_ylim)):
        low, high = min([0.0, *values]), max([0.0, *values])
        room = 0.07 * ((high - low) or 1.0)
        set_(low - room, high + room)


def _head(found: Optimised) -> str:
    """Say in a title what the portfolio that the search puts first is worth on fresh luck."""
    first = found.found[0]
    fresh, seen = (gain_words(KILLED, i) for i in (first.gains[KILLED].fresh, first.gains[KILLED].search))
    beside = first.beside[KILLED].fresh
    apart = beside is not None and beside.told_apart
    verdict = f"lives {'' if apart else 'not '}told apart from"
    return (
        f"{first.name}: {fresh} fewer killed than under {found.baseline} on fresh luck, {seen} in the search; "
        f"{verdict} {found.base}"
    )


def _within(found: Optimised) -> tuple[list[Judged], str]:
    """Leave out no assistance where it would leave little room for all others; say where it is."""
    others = [policy for policy in found.policies if policy.name != NO_ASSISTANCE]
    left = [policy for policy in found.policies if policy.name == NO_ASSISTANCE and policy.name != found.baseline]
    if not left or len(others) < 2:
        return list(found.policies), ""
    xs, ys = ([end for p in others for end in _ends(p.gains[metric].fresh)] for metric in (BILL, KILLED))
    nobody = left[0]
    far = False
    for metric, values in ((BILL, xs), (KILLED, ys)):
        low, high = min(values), max(values)
        there = _ends(nobody.gains[metric].fresh)
        far |= max(high, there[2]) - min(low, there[0]) > 1.5 * (high - low)
    if not far:
        return list(found.policies), ""
    lives, bill = (nobody.gains[metric].fresh for metric in (KILLED, BILL))
    words = gain_words(KILLED, lives), gain_words(BILL, bill)
    return others, f" Outside lies {NO_ASSISTANCE}: fewer killed {words[0]}, saved of the bill {words[1]}."


def front_figure(found: Optimised) -> Figure:
    """Draw lives against money on fresh luck, with the scenario's policies.

    Parameters
    ----------
    found : Optimised
        As `r2psim.optimise` gives it.

    Returns
    -------
    Figure
        Found portfolios and policies with 95 % intervals on both axes, filled where more or fewer lives are told apart
        from the baseline's; a faint line leads from where the search saw a portfolio.
    """
    plan = found.plan
    shown, away = _within(found)
    how = "" if found.robust.criterion == "mean" else f" Judged by {CRITERIA[found.robust.criterion]}."
    subtitle = (
        f"{found.title}. Found by {plan.population * plan.generations:,} portfolios with {plan.runs:,} runs each, "
        f"judged again on {plan.fresh_runs:,} fresh runs of {found.years} years. Up and to the left is better than "
        f"{found.baseline}; bars are 95 % intervals on fresh luck.{how}{away}"
    )
    luck = "" if found.robust.uncertainty == "none" else f", uncertainty {found.robust.uncertainty}"
    source = f"{found.scenario}, seeds {found.seed} and {found.fresh_seed}{luck}"
    page = new_figure(HEIGHT + KEY + 0.45, _head(found), subtitle, source)
    left, width = page.left + 0.75, page.right - page.left - 0.75
    axes = page.axes(left, page.bottom + 0.45, width, HEIGHT - 0.1)
    _scaled(axes, found.baseline)
    xs: list[float] = []
    ys: list[float] = []
    labels = []
    marks = []
    for policy in shown:
        x, y = _added(policy.gains[BILL].fresh), _ends(policy.gains[KILLED].fresh)
        xs += x
        ys += y
        if policy.found:
            marks.append(_from_search(axes, policy))
            xs.append(marks[-1][0])
            ys.append(marks[-1][1])
        colour = FOUND if policy.found else SHIPPED
        _cross(axes, x, y, colour)
        apart = policy.gains[KILLED].fresh is not None and policy.gains[KILLED].fresh.told_apart  # type: ignore[union-attr]
        axes.plot(
            x[1], y[1], "o" if policy.found else "D", markersize=5.5, markeredgecolor=colour, markeredgewidth=1.2,
            markerfacecolor=colour if apart else PAPER, zorder=4, linestyle="none",
        )  # fmt: skip
        labels.append((x[1], y[1], policy.name, colour))
    _limits(axes, xs, ys)
    _named(axes, labels, marks, width, HEIGHT - 0.1)
    handles = [
        _mark("o", FOUND, FOUND, "found, lives told apart from the baseline"),
        _mark("o", FOUND, PAPER, "found, not told apart"),
        _mark("D", SHIPPED, SHIPPED, "the scenario's, told apart"),
        _mark("D", SHIPPED, PAPER, "the scenario's, not told apart"),
        Line2D([], [], color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)), marker="x", markersize=4, markevery=[0],
               label="where the search saw it"),
    ]  # fmt: skip
    legend_row(page, handles, page.left, page.top - 0.02, 3)
    return page.figure


def _mark(shape: str, colour: str, fill: str, label: str) -> Line2D:
    return Line2D(
        [], [], linestyle="none", marker=shape, markersize=5.5, markeredgecolor=colour, markeredgewidth=1.2,
        markerfacecolor=fill, label=label,
    )  # fmt: skip


def _from_search(axes: Axes, policy: Judged) -> tuple[float, float]:
    """Lead from where the search saw a portfolio to where it is on fresh luck; give the former."""
    x, y = _added(policy.gains[BILL].search)[1], _ends(policy.gains[KILLED].search)[1]
    to_x, to_y = _added(policy.gains[BILL].fresh)[1], _ends(policy.gains[KILLED].fresh)[1]
    axes.plot([x, to_x], [y, to_y], color=MUTED, linewidth=0.7, linestyle=(0, (2, 2)), zorder=1.8)
    axes.plot(x, y, "x", color=MUTED, markersize=4.0, zorder=3)
    return x, y


def random_figure(found: RandomPortfolios) -> Figure:
    """Draw what random portfolios do in lives and money, against a policy.

    Parameters
    ----------
    found : RandomPortfolios
        As `r2psim.random_portfolios` gives it.

    Returns
    -------
    Figure
        A mark for each portfolio: the fuller, the more is told, in lives, on both axes, on both under another luck;
        bars are the 95 % intervals of the mean portfolio.
    """
    n = len(found.allocations)
    share = found.share("better")
    words = "-" if share is None or share.low is None or share.high is None else (
        f"{100.0 * share.mean:.0f} % ({100.0 * share.low:.0f} to {100.0 * share.high:.0f})"
    )  # fmt: skip
    title = f"{words} of {n} random divisions of the money are told better than {found.baseline} in lives and money"
    again = (
        f" Of {len(found.leading)} better on both in the mean {len(found.better_again)} are told so under another."
        if found.leading
        else ""
    )
    subtitle = (
        f"{found.title}. All else as in {found.base}. {found.runs:,} runs of {found.years} years under one luck."
        f"{again} Up and to the left is better. Bars: 95 % intervals of the mean portfolio."
    )
    source = f"{found.scenario}, seeds {found.seed} and {found.fresh_seed}"
    page = new_figure(HEIGHT + KEY + 0.45, title, subtitle, source)
    left, width = page.left + 0.75, page.right - page.left - 0.75
    axes = page.axes(left, page.bottom + 0.45, width, HEIGHT - 0.1)
    _scaled(axes, found.baseline)
    xs: list[float] = []
    ys: list[float] = []
    for one in found.allocations:
        x, y = _added(one.first[BILL])[1], _ends(one.first[KILLED])[1]
        xs.append(x)
        ys.append(y)
        shape = "s" if one.better_again else "o"
        axes.plot(
            x, y, shape, markersize=4.0, markeredgecolor=FOUND, markeredgewidth=0.9, zorder=3,
            markerfacecolor=FOUND if one.better_again else BOTH if one.better else LIVES if one.saves_lives else PAPER,
        )  # fmt: skip
    x_mean, y_mean = _added(found.mean[BILL]), _ends(found.mean[KILLED])
    _cross(axes, x_mean, y_mean, SHIPPED)
    axes.plot(x_mean[1], y_mean[1], "D", markersize=6.0, color=SHIPPED, zorder=5)
    axes.plot(0.0, 0.0, "X", markersize=9.0, color=PAPER, markeredgecolor=INK, markeredgewidth=1.2, zorder=5)
    _limits(axes, [*xs, *x_mean], [*ys, *y_mean])
    handles = [
        _mark("o", FOUND, PAPER, "a random portfolio, lives not told apart"),
        _mark("o", FOUND, LIVES, "fewer killed, told apart"),
        _mark("o", FOUND, BOTH, "told better on both axes"),
        _mark("s", FOUND, FOUND, "told so under another luck"),
        _mark("D", SHIPPED, SHIPPED, "the mean portfolio"),
        Line2D([], [], linestyle="none", marker="X", markersize=7.5, markerfacecolor=PAPER, markeredgecolor=INK,
               label=shorten(found.baseline, 1.6, SIZES["tick"])),
    ]  # fmt: skip
    legend_row(page, handles, page.left, page.top - 0.02, 3)
    return page.figure
