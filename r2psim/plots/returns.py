"""The cost argument over time: what harm avoided saved, ledger by ledger, and when it has paid for itself."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from r2psim.analysis.comparison import Comparison, Returns, as_comparison
from r2psim.analysis.controls import bought_nothing
from r2psim.analysis.findings import money, no_return, years_words
from r2psim.analysis.ledgers import COST_LEDGERS
from r2psim.ensemble.intervals import Interval, mean_limits
from r2psim.plots.comparison import source
from r2psim.plots.style import FAINT, INK, MUTED, PAPER, SIZES, duration, figure_of, legend_row, new_figure, say, sober

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from r2psim.ensemble.results import Results

__all__ = ["net_over_time", "returns_on_prevention"]

SAVED, WITHHELD = "#1f4e79", "#d9b38c"
_OUTER, _INNER = "#dfe6ee", "#aebfd2"


def _policy(comparison: Comparison, policy: str | None) -> str:
    if not comparison.others:
        raise ValueError("a return needs two policies")
    return policy or comparison.others[-1]


def _dollars(value: float, _: object = None) -> str:
    return money(value).replace("US$ ", "$") if value else "0"


# -- what a dollar brought ---------------------------------------------------------------------------------------------


def returns_on_prevention(comparison: Comparison | Results, policy: str | None = None) -> Figure:
    """Draw what each further dollar of prevention saved in each ledger, apart from money that is merely not spent.

    Parameters
    ----------
    comparison : Comparison or Results
        Of two policies or more.
    policy : str, optional
        Which of them is told against the baseline; the last that is not the baseline if not given.

    Returns
    -------
    Figure
        A row for each ledger: the return because harm was avoided with its 95 % interval, and hollow what null twins
        show of money withheld; a line at break-even, one dollar for a dollar. Below them the controls: the placebo, and
        external response where money was added to prevention and taken from nobody, if that was run.

    Raises
    ------
    ValueError
        If there is only one policy.
    """
    comparison = as_comparison(comparison)
    policy = _policy(comparison, policy)
    lines = _lines(comparison, policy)
    saved = lines[0].returns.harm_avoided
    subtitle = (
        f"{comparison.title}. {policy} instead of {comparison.baseline}, {comparison.runs} runs of "
        f"{duration(comparison.months)} under the same luck, discounted at {100 * comparison.discount:g} % a year. "
        "Lines are 95 % intervals. Withheld: what the same split of the money shows with all effects at none."
    )
    title = _title(saved)
    pitch = 0.42
    page = new_figure(pitch * len(lines) + 1.0, title, subtitle, source(comparison))
    names, words = 2.6, 2.6
    low = page.bottom + 0.5
    axes = page.axes(page.left + names, low, page.right - page.left - names - words, pitch * len(lines))
    if saved is None:
        axes.set_axis_off()
        say(axes, fill(no_return(comparison, policy), 70))
        return page.figure
    sober(axes)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_yticks([])
    axes.axvline(0.0, color=INK, linewidth=0.9, zorder=1)
    axes.axvline(1.0, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    axes.axhline(len(COST_LEDGERS) - 0.5, color=FAINT, linewidth=0.9, zorder=1)
    for row, (name, heading, note, found, right) in enumerate(lines):
        y = low + pitch * (len(lines) - row - 0.5)
        page.text(page.left, y + 0.02, heading, SIZES["row"])
        page.text(page.left, y - 0.11, note, SIZES["small"], color=MUTED)
        if right is not None:
            page.text(page.right - words + 0.15, y + 0.02, right[0], SIZES["row"])
            page.text(page.right - words + 0.15, y - 0.11, right[1], SIZES["small"], color=MUTED)
            continue
        told = []
        for interval, colour, filled, offset in (
            (found.harm_avoided, SAVED, True, -0.13),
            (found.withheld, WITHHELD, False, 0.16),
        ):
            if interval is None:
                continue
            told.append(interval)
            ends = [interval.mean if v is None else v for v in (interval.low, interval.high)]
            axes.plot(ends, [row + offset] * 2, color=colour, linewidth=2.2, solid_capstyle="butt", zorder=2)
            (mark,) = axes.plot(
                interval.mean, row + offset, "o", markersize=6.5, markeredgecolor=colour, markeredgewidth=1.4,
                markerfacecolor=colour if filled else PAPER, zorder=3,
            )  # fmt: skip
            mark.set_gid(f"{'harm_avoided' if filled else 'withheld'}:{name}")
        if told:
            weight = "bold" if told[0].told_apart else "normal"
            page.text(page.right - words + 0.15, y + 0.02, _limits(told[0]), SIZES["row"], weight=weight)
            page.text(
                page.right - words + 0.15, y - 0.11, f"withheld: {_limits(told[-1])}", SIZES["small"], color=MUTED
            )
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="x", color=FAINT, linewidth=0.6, zorder=0)
    axes.set_xlabel("US$ for each further dollar of prevention (dashed: one for one)", fontsize=SIZES["label"])
    above = low + pitch * len(lines) + 0.12
    handles = [
        Line2D([], [], color=SAVED, marker="o", label="because harm was avoided"),
        Line2D([], [], color=WITHHELD, marker="o", markerfacecolor=PAPER, label="money withheld (no return)"),
    ]
    legend_row(page, handles, page.left + names, above + 0.08, 2, even=True)
    return page.figure


class _Row(NamedTuple):
    """A row of the figure: its name, what is written at the left, what is drawn, or what is written at the right."""

    name: str
    heading: str
    note: str
    returns: Returns
    words: tuple[str, str] | None = None


def _lines(comparison: Comparison, policy: str) -> list[_Row]:
    """Give the rows of the figure: the ledgers, then the controls."""
    found = [
        _Row(name, ledger.title, f"saved by {ledger.who}", comparison.returns(policy, ledger.parts))
        for name, ledger in COST_LEDGERS.items()
    ]
    nothing = bought_nothing(comparison, policy)
    said = (
        ("nothing", "no harm avoided in any ledger or run")
        if nothing
        else ("not nothing", "no return here can be trusted")
    )
    nobody = Returns(None, None, None)
    found.append(_Row("placebo", "placebo", "the same pair, all effects at none", nobody, said))
    added = comparison.added.get(policy)
    note = f"response as rich as under {comparison.baseline}"
    if added is None:
        found.append(_Row("added", "added money: external response", note, nobody, ("not run", "--controls runs it")))
        return found
    returns = added.returns(policy, COST_LEDGERS["response"].parts)
    words = None if returns.harm_avoided else ("not told", "prevention is not told to be more")
    found.append(_Row("added", "added money: external response", note, returns, words))
    return found


def _limits(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return f"{interval.mean:.2g}"
    return f"{interval.mean:.2g} ({interval.low:.2g} to {interval.high:.2g})"


def _title(saved: Interval | None) -> str:
    if saved is None:
        return "There is no return on prevention to tell"
    apart = "" if saved.told_apart else ", not told apart from nothing"
    return f"A further dollar of prevention saves US$ {_limits(saved)} of external response by avoiding harm{apart}"


# -- over time ---------------------------------------------------------------------------------------------------------


def net_over_time(
    comparison: Comparison | Results, policy: str | None = None, ledger: str | None = None, ax: Axes | None = None
) -> Figure:
    """Draw cumulative net gains year by year: what harm avoided saved, less further prevention.

    Parameters
    ----------
    comparison : Comparison or Results
        Of two policies or more.
    policy : str, optional
        Which of them is told against the baseline; the last that is not the baseline if not given.
    ledger : str, optional
        One of `r2psim.analysis.ledgers.COST_LEDGERS`; a panel for each of them if not given.
    ax : matplotlib.axes.Axes, optional
        Draw one ledger here instead of on a page of its own; ``response`` if none is named.

    Returns
    -------
    Figure
        Lines are means, with the 95 % interval of the mean and 90 % of the runs as bands; a mark at payback.

    Raises
    ------
    ValueError
        If there is only one policy, or no such ledger.
    """
    comparison = as_comparison(comparison)
    policy = _policy(comparison, policy)
    if ledger is not None and ledger not in COST_LEDGERS:
        raise ValueError(f"ledger {ledger} is not allowed: one of {', '.join(COST_LEDGERS)}")
    if ax is not None:
        _net(ax, comparison, policy, ledger or "response")
        ax.set_ylabel("US$ a run, net", fontsize=SIZES["label"])
        return figure_of(ax)
    chosen = list(COST_LEDGERS) if ledger is None else [ledger]
    subtitle = (
        f"{comparison.title}. {policy} instead of {comparison.baseline}: what harm avoided saved since the start, less "
        f"what was spent more on prevention; {comparison.runs} runs under the same luck, discounted at "
        f"{100 * comparison.discount:g} % a year. Money that is merely withheld does not count."
    )
    high, gap = 1.35, 0.72
    page = new_figure(
        len(chosen) * (high + gap) + 0.35, _net_title(comparison, policy, chosen), subtitle, source(comparison)
    )
    handles = [
        Line2D([], [], color=SAVED, label="mean"),
        Patch(facecolor=_INNER, label="95 % interval of the mean"),
        Patch(facecolor=_OUTER, label="90 % of the runs"),
    ]
    legend_row(page, handles, page.left, page.top, 3, even=True)
    for i, name in enumerate(chosen):
        bottom = page.top - 0.3 - (i + 1) * (high + gap) + gap / 2
        axes = page.axes(page.left + 0.85, bottom, page.right - page.left - 0.85, high)
        title = COST_LEDGERS[name].title
        page.text(page.left, bottom + high + 0.23, title[:1].upper() + title[1:], SIZES["label"], weight="bold")
        page.text(page.left, bottom + high + 0.09, _panel(comparison, policy, name), SIZES["small"], color=MUTED)
        _net(axes, comparison, policy, name)
        axes.set_xlabel("Year" if i == len(chosen) - 1 else "", fontsize=SIZES["label"])
    return page.figure


def _panel(comparison: Comparison, policy: str, name: str) -> str:
    found = comparison.payback(policy, COST_LEDGERS[name].parts)
    never = f"Not paid back within {years_words(found.horizon)}"
    when = f"Paid back after {years_words(found.year)}" if found.year else never
    if found.year:
        when += f" (told from year {found.told} on)" if found.told else " (never told apart from a loss)"
    share = f"{100 * found.share:.0f} % of the runs at the end"
    return f"{when} in the mean, in {share}"


def _net(axes: Axes, comparison: Comparison, policy: str, name: str) -> None:
    """Draw the cumulative net gain of one ledger."""
    net, _ = comparison.net(policy, COST_LEDGERS[name].parts)
    total = np.hstack([np.zeros((len(net), 1)), np.cumsum(net, axis=1)])
    years = np.arange(total.shape[1])
    low, high = np.quantile(total, (0.05, 0.95), axis=0)
    mean = total.mean(axis=0)
    inner = np.column_stack(mean_limits(total)[1:])
    sober(axes)
    axes.fill_between(years, low, high, color=_OUTER, linewidth=0.0, zorder=1)
    axes.fill_between(years, inner[:, 0], inner[:, 1], color=_INNER, linewidth=0.0, zorder=2)
    axes.plot(years, mean, color=SAVED, linewidth=1.6, zorder=3, gid=f"net:{name}")
    axes.axhline(0.0, color=INK, linewidth=0.8, zorder=2)
    payback = comparison.payback(policy, COST_LEDGERS[name].parts)
    if payback.year:
        axes.plot([payback.year], [mean[payback.year]], "v", color=INK, markersize=6, zorder=4, gid=f"payback:{name}")
    axes.set_xlim(0, years[-1])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.yaxis.set_major_formatter(FuncFormatter(_dollars))
    axes.tick_params(labelsize=SIZES["tick"])
    axes.grid(axis="y", color=FAINT, linewidth=0.6, zorder=0)


def _net_title(comparison: Comparison, policy: str, chosen: list[str]) -> str:
    paid, unpaid = [], []
    for name in chosen:
        found = comparison.payback(policy, COST_LEDGERS[name].parts)
        if found.told:
            paid.append(f"{COST_LEDGERS[name].title} (told from year {found.told} on)")
        else:
            unpaid.append(COST_LEDGERS[name].title)
    lead = f"{policy[:1].upper()}{policy[1:]} pays for itself in "
    if not paid:
        return f"{lead}no ledger within {years_words(comparison.years)}, as far as {comparison.runs} runs tell"
    return f"{lead}{'; '.join(paid)}" + (f"; not told to in {', '.join(unpaid)}" if unpaid else "")
