"""Assistance under several policies: the money by form and stage, and when help arrived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from r2psim.analysis.comparison import Comparison, as_comparison
from r2psim.analysis.findings import money
from r2psim.analysis.ledgers import by_year
from r2psim.ensemble.intervals import Interval, mean_interval
from r2psim.plots import style
from r2psim.plots.comparison import BAR, CHOSEN, at_end, head, name_room, named_rows, scale, source
from r2psim.plots.style import (
    FAINT,
    INK,
    MUTED,
    SIZES,
    STAGE_COLOURS,
    Page,
    duration,
    legend_row,
    new_figure,
    say,
    sober,
    stage_handles,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from r2psim.ensemble.results import Results

__all__ = ["money_by_form", "money_over_time", "when_help_arrived"]

_MEDIAN = "median: {} months {} the threat"
_NEVER = "never helped: {:.2g} states a run"
_NO_HELP = "no help comes"


# -- money by form -----------------------------------------------------------------------------------------------------


def money_by_form(comparison: Comparison | Results) -> Figure:
    """Draw what each policy spent on each form while its state stood at each stage.

    Parameters
    ----------
    comparison : Comparison or Results
        Of one policy or more.

    Returns
    -------
    Figure
        A panel for each policy that spent anything, forms as rows, the dearest of all first, bars stacked by stage.
    """
    comparison = as_comparison(comparison)
    spenders = [policy for policy in comparison.policies if comparison.spending[policy].sum() > 0.0]
    rows = [f for f in range(len(comparison.forms)) if any(comparison.spending[p][f].sum() > 0.0 for p in spenders)]
    rows.sort(key=lambda f: -max(float(comparison.spending[p][f].sum()) for p in spenders))
    names = [list(comparison.forms.values())[f] for f in rows]
    idle = [policy for policy in comparison.policies if policy not in spenders]
    subtitle = (
        f"{comparison.title}. US$ a run of {duration(comparison.months)}, mean of {comparison.runs} runs, by the stage "
        "of the state at the time."
    )
    if idle:
        subtitle += f" Nothing was spent under {', '.join(idle)}."
    if not spenders:
        page = new_figure(1.2, "No policy spent anything", subtitle, source(comparison))
        say(_empty(page), "Nothing was spent.")
        return page.figure
    across = min(len(spenders), 3)
    down = -(-len(spenders) // across)
    high = 0.17 * len(rows)
    title = _spending_title(comparison, spenders)
    page = new_figure(0.35 + down * (high + 0.82), title, subtitle, source(comparison), width=10.6)
    legend_row(page, stage_handles(), page.left, page.top, 5, "Stage of the state when the money was spent", even=True)
    room = name_room(names, 3.3)
    value = 0.75
    wide = (page.right - page.left - room - across * value) / across
    highest = max(float(comparison.spending[p][f].sum()) for p in spenders for f in rows)
    for i, policy in enumerate(spenders):
        left = page.left + room + (i % across) * (wide + value)
        bottom = page.top - 0.35 - (i // across + 1) * (high + 0.82) + 0.35
        axes = page.axes(left, bottom, wide, high)
        named_rows(axes, names if i % across == 0 else [""] * len(names), room)
        spent = comparison.spending[policy]
        head(page, left, bottom + high + 0.2, style.shorten(policy, wide + value - 0.05, SIZES["row"], "bold"))
        page.text(left, bottom + high + 0.07, money(float(spent.sum())), SIZES["row"])
        for row, f in enumerate(rows):
            start = 0.0
            for stage in range(spent.shape[1]):
                (bar,) = axes.barh(row, spent[f, stage], left=start, height=0.74, color=STAGE_COLOURS[stage], zorder=2)
                style.hatch(bar, stage)
                bar.set_gid(f"{policy}:{f}:{stage}")
                start += float(spent[f, stage])
            if start > 0.0:
                at_end(axes, row, start, money(float(f"{start:.2g}")))
        scale(axes, highest * 1.02, True)
    return page.figure


def money_over_time(comparison: Comparison | Results) -> Figure:
    """Draw what each policy spent a year, by the stage of the state at the time.

    Parameters
    ----------
    comparison : Comparison or Results
        Of one policy or more, with its spending year by year.

    Returns
    -------
    Figure
        A panel for each policy that spent anything, years as columns, stacked by stage.
    """
    comparison = as_comparison(comparison)
    spenders = [policy for policy in comparison.policies if comparison.spending[policy].sum() > 0.0]
    subtitle = f"{comparison.title}. US$ a year, mean of {comparison.runs} runs, by the stage of the state at the time."
    if not spenders:
        page = new_figure(1.2, "No policy spent anything", subtitle, source(comparison))
        say(_empty(page), "Nothing was spent.")
        return page.figure
    stacked = {policy: comparison.yearly[policy].sum(axis=1) for policy in spenders}
    told = " and ".join(_first_year(comparison, policy) for policy in _told(comparison, spenders))
    high, gap = 1.25, 0.55
    title = f"The first year's spending against the average year's, mean of a run: {told}"
    page = new_figure(0.6 + len(spenders) * (high + gap), title, subtitle, source(comparison))
    legend_row(page, stage_handles(), page.left, page.top, 5, "Stage of the state when the money was spent", even=True)
    most = max(float(years.sum(axis=1).max()) for years in stacked.values())
    ticks = [float(x) for x in MaxNLocator(nbins=3).tick_values(0.0, most) if 0.0 <= x <= most]
    room = 0.95
    for i, policy in enumerate(spenders):
        bottom = page.top - 0.45 - (i + 1) * (high + gap) + gap / 2
        axes = page.axes(page.left + room, bottom, page.right - page.left - room, high)
        sober(axes)
        head(page, page.left, bottom + high + 0.08, policy)
        years = stacked[policy]
        start = np.zeros(len(years))
        for stage in range(years.shape[1]):
            bars = axes.bar(
                np.arange(1, len(years) + 1), years[:, stage], 0.8, bottom=start, color=STAGE_COLOURS[stage], zorder=2
            )
            for bar in bars:
                style.hatch(bar, stage)
            start += years[:, stage]
        axes.set_ylim(0.0, most * 1.05)
        axes.set_xlim(0.4, len(years) + 0.6)
        axes.set_yticks(ticks, [money(x) for x in ticks], fontsize=SIZES["tick"])
        axes.set_xticks(range(1, len(years) + 1, max(1, len(years) // 10)))
        axes.tick_params(labelsize=SIZES["tick"])
        if i == len(spenders) - 1:
            axes.set_xlabel("Year of the run", fontsize=SIZES["tick"])
    return page.figure


def _first_year(comparison: Comparison, policy: str) -> str:
    """Say what a policy spends in the first year, as a share of a run's average year, with its interval."""
    spent = by_year(comparison.ledgers[policy], ("spent_prevention", "spent_response"))
    average = spent.mean(axis=1)
    found = mean_interval(spent[average > 0.0, 0] / average[average > 0.0])
    return f"nothing under {policy}" if found is None else f"{_percent(found)} under {policy}"


def _percent(found: Interval) -> str:
    """Write a mean share with its limits.

    Examples
    --------
    >>> _percent(Interval(0.2, 0.15, 0.27)), _percent(Interval(0.2, None, None))
    ('20 % (15 to 27 %)', '20 %')
    """
    if found.low is None or found.high is None:
        return f"{100 * found.mean:.0f} %"
    return f"{100 * found.mean:.0f} % ({100 * found.low:.0f} to {100 * found.high:.0f} %)"


def _told(comparison: Comparison, spenders: Sequence[str]) -> list[str]:
    """Choose the policies that a title tells of: the baseline and the last of the others, where they spent anything."""
    chosen = [p for p in (*comparison.others[-1:], comparison.baseline) if p in spenders]
    return chosen or list(spenders[:1])


def _empty(page: Page) -> Axes:
    axes = page.axes(page.left, page.bottom, page.right - page.left, page.top - page.bottom)
    axes.set_axis_off()
    return axes


def _spending_title(comparison: Comparison, spenders: Sequence[str]) -> str:
    """Say which share of its spending each policy spends on prevention: no relief, and nothing in a war or a crisis."""
    said = []
    for policy in _told(comparison, spenders):
        prevention, response = (comparison.values(policy, f"spent_{on}") for on in ("prevention", "response"))
        spent = prevention + response
        found = mean_interval(prevention[spent > 0.0] / spent[spent > 0.0])
        if found is None:
            continue
        said.append(f"{_percent(found)} under {policy}")
    return f"Share of the money spent on prevention, before a crisis, mean of a run: {', '.join(said)}"


# -- when help arrived -------------------------------------------------------------------------------------------------


def when_help_arrived(comparison: Comparison | Results) -> Figure:
    """Draw how many months after the first threat help worked, run by run, for each policy.

    Parameters
    ----------
    comparison : Comparison or Results
        Of one policy or more.

    Returns
    -------
    Figure
        A histogram for each policy on one axis, with the first threat at 0, and the median; left of it help came
        before the threat.
    """
    comparison = as_comparison(comparison)
    waits = {p: w[np.isfinite(w)] for p in comparison.policies for w in [comparison.values(p, "months_to_help")]}
    subtitle = (
        f"{comparison.title}. Mean over the states of a run that were threatened and got help, {comparison.runs} runs "
        "a policy. Threatened states that never got help that works are counted beside it."
    )
    together = np.concatenate(list(waits.values()))
    high = 0.62
    title = _waiting_title(comparison, waits)
    page = new_figure(high * 1.25 * len(waits) + 0.75, title, subtitle, source(comparison))
    if len(together) == 0:
        say(_empty(page), "No state ever came under threat.")
        return page.figure
    # Wide enough for the words below a name, too.
    room = max(
        name_room(comparison.policies, 2.4), style.text_width(_MEDIAN.format(9999, "before"), SIZES["small"]) + 0.2
    )
    low, top = min(float(together.min()), 0.0), max(float(together.max()), 0.0)
    step = max(1.0, float(np.ceil((top - low) / 72)))
    edges = np.arange(np.floor(low / step) * step, top + 2 * step, step)
    share = 1.15 * max(np.histogram(w, edges)[0].max() / max(len(w), 1) for w in waits.values())
    ground = page.bottom + 0.5
    for i, (policy, wait) in enumerate(waits.items()):
        bottom = ground + (len(waits) - 1 - i) * high * 1.25
        axes = page.axes(page.left + room, bottom, page.right - page.left - room, high)
        sober(axes)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlim(edges[0] - 2 * step, edges[-1] + 2 * step)
        axes.set_ylim(0.0, share)
        axes.grid(axis="x", color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.axvline(0.0, color=INK, linewidth=1.0, zorder=3)
        bold = policy in comparison.others
        shown = style.shorten(policy, room - 0.12, SIZES["row"], "bold")
        page.text(page.left, bottom + high / 2, shown, SIZES["row"], weight="bold" if bold else "normal")
        if i == len(waits) - 1:
            axes.set_xlabel("Months from the first threat (stage 2) to the first help that works",
                            fontsize=SIZES["label"], color=INK)  # fmt: skip
        else:
            axes.tick_params(axis="x", labelbottom=False)
        never = float(comparison.values(policy, "never_helped").mean())
        page.text(page.left, bottom + high / 2 - 0.26, _NEVER.format(never), SIZES["small"], color=MUTED)
        if len(wait) == 0:
            say(axes, "No threatened state got help.")
            continue
        counts = np.histogram(wait, edges)[0] / len(wait)
        stairs = axes.stairs(counts, edges, fill=True, color=CHOSEN if bold else BAR, zorder=2)
        stairs.set_gid(f"wait:{policy}")
        median = float(np.median(wait))
        axes.plot([median], [0.0], marker="^", markersize=6, color=INK, clip_on=False, zorder=4)
        text = _MEDIAN.format(round(abs(median)), "before" if median < 0.0 else "after")
        page.text(page.left, bottom + high / 2 - 0.14, text, SIZES["small"], color=MUTED)
        if i == 0:
            _sides(axes, (edges[-1] + 2 * step) / (edges[-1] - edges[0] + 4 * step) * (page.right - page.left - room))
    return page.figure


def _sides(axes: Axes, after: float) -> None:
    """Say what lies before and after the first threat, where there is room: `after` inches right of it."""
    size = SIZES["small"]
    for text, at, room in (
        ("before the threat \N{LEFTWARDS ARROW}", -1, 9.0),
        ("\N{RIGHTWARDS ARROW} after it", 1, after),
    ):
        if style.text_width(text, size) + 0.1 < room:
            axes.annotate(
                text, (0.0, 1.0), xycoords=("data", "axes fraction"), xytext=(at * 5, 3), textcoords="offset points",
                ha="right" if at < 0 else "left", va="bottom", fontsize=size, color=MUTED, annotation_clip=False,
            )  # fmt: skip


def _waiting_title(comparison: Comparison, waits: dict[str, np.ndarray]) -> str:
    """Say how long the last of the policies and the baseline let wait, each with its interval."""
    said = []
    for policy in dict.fromkeys((*comparison.others[-1:], comparison.baseline)):
        found = mean_interval(waits[policy])
        if found is None:
            said.append(f"under {policy} {_NO_HELP}")
            continue
        when = "before" if found.mean < 0.0 else "after"
        limits = ""
        if found.low is not None and found.high is not None:
            limits = f" ({found.low:+.0f} to {found.high:+.0f})"
        said.append(f"under {policy} {abs(found.mean):.0f} months {when} it{limits}")
    return f"First help that works, seen from the first threat, mean: {', '.join(said)}"
