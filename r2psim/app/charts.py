"""The figures of Compare as SVG and tables: fans of runs, paired differences, ledgers, and every single run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np

from r2psim.analysis.comparison import Comparison
from r2psim.analysis.controls import bought_nothing
from r2psim.analysis.findings import METRIC_NAMES, amount, count, money, no_return, ranged
from r2psim.analysis.ledgers import COST_LEDGERS
from r2psim.app.page_parts import Markup, element, join, pick, table
from r2psim.app.runs import CURVES, EVERY
from r2psim.app.text_width import fitted, room_for, round_step
from r2psim.ensemble.intervals import Interval, paired_interval
from r2psim.plots.style import plain

__all__ = [
    "BANDS",
    "counted",
    "differences",
    "each_run",
    "fans",
    "ledger_table",
    "ledgers",
    "returns",
    "run_card",
    "spread_of",
]

PANEL_WIDTH, PANEL_HEIGHT = 250.0, 132.0
GAP, TOP, BOTTOM = 22.0, 26.0, 24.0
MOST_TICKS = 4
"""Intervals between the ticks of an axis, at most."""
SPACE = 6.0
"""Between an axis and what is written at it."""
MOST_DOTS = 1000

TIGHT = "r2p-tight"
"""Class of tables whose columns give way on a phone."""
WRAPS = "r2p-wraps"
"""Class of tables whose heads of columns may take several lines."""

BANDS = (0.05, 0.25, 0.75, 0.95)
"""Ends of the outer band and of the inner one."""

_MONEY = {"monthly_gdp_lost"}
_COUNTS = {"monthly_atrocity_entries", "states_stage_4"}


def _short(value: float, dollars: bool) -> str:
    return money(value).replace("US$ ", "$") if dollars else count(value)


# -- fans --------------------------------------------------------------------------------------------------------------


def fans(curves: Mapping[str, Mapping[str, np.ndarray]], months: int) -> dict[str, Markup]:
    """Draw how each series goes under each policy: the mean, half of the runs, nine tenths of the runs.

    Parameters
    ----------
    curves : mapping of str to mapping of str to numpy.ndarray, shape (runs, points)
        By policy and series of `CURVES`, every `EVERY` months.
    months : int
        Length of a run.
    """
    spread = {name: {p: spread_of(name, curves[p][name]) for p in curves} for name in CURVES}
    means = {name: {p: curves[p][name].mean(axis=0, dtype=np.float64) for p in curves} for name in CURVES}
    ticks = {name: _ticks(name, spread[name], means[name]) for name in CURVES}
    # One margin for all series, so that the same month stands at the same place in each.
    left = room_for([said for row in ticks.values() for said in row.values()]) + 2 * SPACE
    return {name: _fan_row(name, left, ticks[name], spread[name], means[name], months) for name in CURVES}


Series = Mapping[str, np.ndarray]


def _ticks(name: str, spread: Series, means: Series) -> dict[float, str]:
    """Give the values of an axis, round numbers, and what is written at them; the last is as high as all or higher."""
    highest = max(float(max(spread[p][3].max(), means[p].max())) for p in means) or 1.0
    step = round_step(highest, MOST_TICKS)
    last = ceil(highest / step * (1.0 - 1e-9))
    return {k * step: _short(k * step, name in _MONEY) if k else "0" for k in range(last + 1)}


def _fan_row(name: str, left: float, ticks: dict[float, str], spread: Series, means: Series, months: int) -> Markup:
    """Draw one series, a panel a policy, all on one scale."""
    words, dollars, policies, highest = CURVES[name][0], name in _MONEY, list(means), max(ticks)
    across = left + len(policies) * (PANEL_WIDTH + GAP)
    parts = []
    for value, text in ticks.items():
        y = TOP + PANEL_HEIGHT * (1.0 - value / highest)
        parts.append(element("line", x1=left, x2=across - GAP, y1=y, y2=y, class_="r2p-grid"))
        parts.append(element("text", text, x=left - SPACE, y=y + 4, class_="r2p-tick", text_anchor="end"))
    for i, policy in enumerate(policies):
        parts.append(_panel(left + i * (PANEL_WIDTH + GAP), policy, spread[policy], means, highest, months))
    height = TOP + PANEL_HEIGHT + BOTTOM
    ends = "; ".join(f"{p} {_short(float(means[p][-1]), dollars)}" for p in policies)
    drawing = element(
        "svg",
        *parts,
        viewBox=f"0 0 {across:.0f} {height:.0f}",
        class_="r2p-fans",
        role="img",
        aria_label=f"{words}: means at the end: {ends}",
        # Four panels that were squeezed into a phone could not be read: they scroll.
        style=f"min-width:{across * 0.75:.0f}px;max-width:{across * 1.25:.0f}px",
    )
    return element("figure", element("figcaption", words), drawing, class_="r2p-figure")


def spread_of(name: str, values: np.ndarray) -> np.ndarray:
    """Give the ends of the bands of a series, shape (len(BANDS), points), from values of shape (runs, points)."""
    found: np.ndarray = (counted if name in _COUNTS else np.quantile)(values, BANDS, axis=0)
    return found


def counted(values: np.ndarray, shares: Sequence[float], axis: int = 0) -> np.ndarray:
    """Give quantiles of counts over the runs: each count stands for all values that round to it, but none below 0.

    Plain quantiles of small counts wait and jump: where a quarter of the runs has an atrocity, the upper quartile is 0
    in one month and 1 in the next.
    """
    runs, highest = values.shape[axis], int(values.max(initial=0.0))
    # Counts are few and small: adding up how many runs lie below each is a fraction of the work of sorting them.
    below = np.array([(values < level).sum(axis=axis) for level in range(highest + 1)])
    at = np.diff(np.concatenate([below, np.full_like(below[:1], runs)]), axis=0)
    found = []
    for share in shares:
        rank = share * runs
        count = (below <= rank).sum(axis=0) - 1
        less, as_many = (np.take_along_axis(numbers, count[None], axis=0)[0] for numbers in (below, at))
        inside = (rank - less) / as_many
        found.append(np.maximum(count - 0.5 + inside, 0.0))
    return np.array(found)


def drawn_through(x: np.ndarray, y: np.ndarray) -> str:
    """Write a line through points as the path of a drawing, in as few letters as a tenth of a unit takes.

    Every refinement sends all lines anew: from point to point it is shorter than where each point is, and what lies on
    the way from one point to the next is left out.

    Examples
    --------
    >>> drawn_through(np.array([10.0, 13.12, 16.25, 20.0]), np.array([5.0, 5.0, 5.0, 4.44]))
    'M10,5h6.2l3.8,-.6'
    """
    points = np.stack([np.round(10.0 * x), np.round(10.0 * y)], axis=1).astype(np.int64)
    steps = np.diff(points, axis=0)
    parts = [f"M{_tenths(points[0, 0])},{_tenths(points[0, 1])}"]
    along = 0
    for right, down in steps.tolist():
        # On a level line steps to the same side are one.
        if down == 0 and along * right >= 0:
            along += right
            continue
        if along:
            parts.append(f"h{_tenths(along)}")
            along = 0
        if down == 0:
            along = right
        else:
            parts.append(f"l{_tenths(right)},{_tenths(down)}" if right else f"v{_tenths(down)}")
    return "".join([*parts, f"h{_tenths(along)}" if along else ""])


def _tenths(number: int) -> str:
    """Write a number of tenths without what nobody needs to read it.

    Examples
    --------
    >>> _tenths(31), _tenths(-4), _tenths(20)
    ('3.1', '-.4', '2')
    """
    whole, tenth = divmod(abs(int(number)), 10)
    said = f"{whole}" if not tenth else f"{whole or ''}.{tenth}"
    return f"-{said}" if number < 0 else said


def _panel(
    left: float, policy: str, spread: np.ndarray, means: Mapping[str, np.ndarray], highest: float, months: int
) -> Markup:
    """Draw the fan of one policy, with the means of the others as thin lines."""
    x = left + np.arange(spread.shape[1]) * EVERY / months * PANEL_WIDTH
    bottom = TOP + PANEL_HEIGHT

    def y(values: np.ndarray) -> np.ndarray:
        return bottom - PANEL_HEIGHT * np.minimum(values / highest, 1.0)

    def line(values: np.ndarray) -> str:
        return drawn_through(x, y(values))

    def band(low: np.ndarray, high: np.ndarray) -> str:
        return drawn_through(np.concatenate([x, x[::-1]]), np.concatenate([y(low), y(high)[::-1]])) + "z"

    parts = [
        element("path", d=band(spread[0], spread[3]), class_="r2p-band r2p-b90"),
        element("path", d=band(spread[1], spread[2]), class_="r2p-band r2p-b50"),
    ]
    parts += [element("path", d=line(v), class_="r2p-other") for p, v in means.items() if p != policy]
    parts.append(element("path", d=line(means[policy]), class_="r2p-mean"))
    title = fitted(policy, PANEL_WIDTH, bold=True)
    parts.append(element("text", title, element("title", policy), x=left, y=16, class_="r2p-row-name r2p-strong"))
    years = months // 12
    for year in (0, years // 2, years):
        at = left + 12 * year / months * PANEL_WIDTH
        anchor = "start" if year == 0 else "end" if year == years else "middle"
        said = f"year {year}" if year == 0 else str(year)
        parts.append(element("text", said, x=at, y=bottom + 16, class_="r2p-tick", text_anchor=anchor))
    return join(parts)


# -- differences -------------------------------------------------------------------------------------------------------


def _scale(interval: Interval, unit: float, zero: float = 0.5) -> Markup:
    """Draw an interval on a line from -unit to unit, or with ``zero=0`` from 0, as a drawing of its own."""
    width, half = 220.0, 10.0

    def x(value: float) -> float:
        share = zero + (1.0 - zero) * value / unit
        return 6.0 + (width - 12.0) * min(max(share, 0.0), 1.0)

    low = interval.mean if interval.low is None else interval.low
    high = interval.mean if interval.high is None else interval.high
    kind = "r2p-apart" if interval.told_apart else "r2p-unsure"
    return element(
        "svg",
        element("line", x1=x(0.0), x2=x(0.0), y1=0, y2=2 * half, class_="r2p-zero"),
        element("line", x1=x(low), x2=x(high), y1=half, y2=half, class_=f"r2p-interval {kind}"),
        element("circle", cx=x(interval.mean), cy=half, r=4.5, class_=f"r2p-dot {kind}"),
        viewBox=f"0 0 {width:.0f} {2 * half:.0f}",
        class_="r2p-scale",
        aria_hidden="true",
    )


def differences(comparison: Comparison, policy: str) -> Markup:
    """Tabulate the paired differences of a policy from the baseline: mean, interval, and runs with less, same, more."""
    rows = []
    for metric, (name, note) in METRIC_NAMES.items():
        values = comparison.difference(metric, policy)
        interval = paired_interval(values)
        label = join((plain(name), " ", element("span", note, class_="r2p-note") if note else ""))
        if interval is None:
            rows.append((label, "", "no run has a value", ""))
            continue
        most = max(abs(v) for v in interval if v is not None) or 1.0
        said, limits = ranged(metric, interval)
        known = values[np.isfinite(values)]
        told = element("strong" if interval.told_apart else "span", said)
        words = element("span", told, element("br"), element("span", limits, class_="r2p-note"), class_="r2p-words")
        shares = f"{_share(known < 0.0)} / {_share(known > 0.0)}"
        rows.append((label, _scale(interval, 1.05 * most), words, shares))
    heads = ("What", "less - more", "Mean difference a run", "Runs with less / more")
    caption = f"{plain(policy)} minus {comparison.baseline}, run by run under the same luck ({comparison.runs:,} runs)"
    note = element(
        "p",
        "Filled: told apart from no difference. Hollow: not told apart. Each row has its own scale; less is better but "
        "for prevention spent, need met and mandates, which a policy may raise on purpose.",
        class_="r2p-note",
    )
    return join((table(heads, rows, caption, numbers=1, class_=TIGHT), note))


def _share(which: np.ndarray) -> str:
    return f"{which.mean():.0%}".replace("%", " %") if len(which) else ""


# -- money -------------------------------------------------------------------------------------------------------------

PARTS = (
    *("spent_prevention", "response_cost", "prevention_and_response", "response_needed", "response_unmet"),
    *("hosting_cost", "gdp_lost", "total_cost"),
)


def ledgers(comparison: Comparison) -> Markup:
    """Tabulate the ledgers of each policy, and what a further dollar of prevention saved in each, against 1."""
    return join((ledger_table(comparison), *(returns(comparison, policy) for policy in comparison.others)))


def ledger_table(comparison: Comparison) -> Markup:
    """Tabulate the ledgers of each policy."""
    rows = []
    # A row a ledger, a column a policy: so the table is no wider than a phone.
    for metric in PARTS:
        means = (float(comparison.values(policy, metric).mean()) for policy in comparison.policies)
        rows.append((plain(METRIC_NAMES[metric][0]), *(money(mean) for mean in means)))
    return table(("Ledger", *comparison.policies), rows, "Ledgers: US$ a run, means", len(comparison.policies), WRAPS)


def returns(comparison: Comparison, policy: str) -> Markup:
    """Draw what a further dollar of prevention saved because harm was avoided, and beside it what is withheld."""
    extra = paired_interval(comparison.extra_prevention(policy))
    title = f"A further dollar of prevention: {policy} instead of {comparison.baseline}"
    rows = []
    for ledger in COST_LEDGERS.values():
        found = comparison.returns(policy, ledger.parts)
        i, withheld = found.harm_avoided, found.withheld
        if i is None or withheld is None:
            continue
        low, high = (i.mean if v is None else v for v in (i.low, i.high))
        # The interval of a ratio says nothing of whether enough runs carry it; that of the net gain does.
        net = paired_interval(comparison.net(policy, ledger.parts)[0].sum(axis=1))
        told = net is not None and net.told_apart and (low > 1.0 or high < 1.0)
        apart = "r2p-apart" if told else "r2p-unsure"
        verdict = "cannot be told" if not told else ("pays for itself" if low > 1.0 else "does not pay for itself")
        rows.append((plain(ledger.title), _even(i, apart), _limited(i), _limited(withheld), verdict))
    if not rows or extra is None:
        return join((element("h3", title), element("p", no_return(comparison, policy))))
    nothing = bought_nothing(comparison, policy)
    said = ("nothing", "as it must be") if nothing else ("not nothing", "no return here can be trusted")
    empty = element("span", "")
    rows.append((plain("placebo: effects at none"), empty, element("span", said[0]), empty, said[1]))
    added = comparison.added.get(policy)
    response = None if added is None else added.returns(policy, COST_LEDGERS["response"].parts)
    if response is not None and response.harm_avoided is not None and response.withheld is not None:
        drawn = _even(response.harm_avoided, "r2p-apart" if response.harm_avoided.told_apart else "r2p-unsure")
        limits = (_limited(response.harm_avoided), _limited(response.withheld))
        rows.append((plain("added money: external response"), drawn, *limits, "nothing taken from response"))
    heads = ("Ledger", "", "Saved because harm was avoided", "Merely withheld", "In this ledger alone")
    caption = (
        f"{title} ({money(extra.mean)} more a run, discounted at {100 * comparison.discount:g} % a year). The line "
        "marks break-even: one dollar. Withheld is what null twins show, with all effects at none: no return."
    )
    if added is None:
        caption += (
            " Prevention added with nothing taken from response (added money) is not run on this page: "
            "r2psim compare runs it."
        )
    return table(heads, rows, caption, class_=TIGHT)


def _limited(interval: Interval) -> Markup:
    """Write an amount of money, and below it its limits."""
    said = money(interval.mean)
    if interval.low is None or interval.high is None or interval.low == interval.high:
        return element("span", said)
    limits = f"95 %: {money(interval.low)} to {money(interval.high)}"
    return element("span", said, element("br"), element("span", limits, class_="r2p-note"), class_="r2p-words")


def _even(i: Interval, kind: str) -> Markup:
    """Draw a return on a scale on which 1 has its mark; beyond 0.1 to 10 it stands at the edge."""
    width = 220.0

    def x(value: float) -> float:
        share = 0.5 + 0.5 * float(np.log10(max(value, 0.1)))
        return 6.0 + (width - 12.0) * min(max(share, 0.0), 1.0)

    low, high = (i.mean if v is None else v for v in (i.low, i.high))
    return element(
        "svg",
        element("line", x1=x(1.0), x2=x(1.0), y1=0, y2=20, class_="r2p-even"),
        element("line", x1=x(low), x2=x(high), y1=10, y2=10, class_=f"r2p-interval {kind}"),
        element("circle", cx=x(i.mean), cy=10, r=4.5, class_=f"r2p-dot {kind}"),
        viewBox=f"0 0 {width:.0f} 20", class_="r2p-scale", aria_hidden="true",
    )  # fmt: skip


# -- every run ---------------------------------------------------------------------------------------------------------


def each_run(comparison: Comparison, metric: str, policy: str, chosen: int | None) -> Markup:
    """Draw the difference of a policy from the baseline in each run, the least first; a pick is ``run:NUMBER``."""
    values = comparison.difference(metric, policy)[:MOST_DOTS]
    order = np.argsort(np.where(np.isfinite(values), values, np.inf), kind="stable")
    order = order[np.isfinite(values[order])]
    if not len(order):
        return element("p", "No run has a value.", class_="r2p-note")
    size = float(np.median(np.abs(values[order][values[order] != 0.0]))) if (values[order] != 0.0).any() else 1.0
    shown = np.arcsinh(values / (size or 1.0))
    most = float(np.abs(shown[order]).max()) or 1.0
    # Words above and below the dots have lines of their own, as high as a phone draws them.
    width, height, left, words_high = 1000.0, 270.0, 20.0, 30.0
    x = left + (width - 2 * left) * (np.arange(len(order)) + 0.5) / len(order)
    middle, reach = height / 2, height / 2 - words_high - 8
    dots = []
    for place, run in zip(x, order, strict=True):
        v = float(values[run])
        y = middle - reach * float(shown[run]) / most
        said = f"run {run}: {_directed(metric, v)}"
        kind = "r2p-less" if v < 0.0 else "r2p-more" if v > 0.0 else "r2p-same"
        marked = " r2p-selected" if run == chosen else ""
        dots.append(
            element(
                "circle",
                element("title", said),
                cx=float(place),
                cy=y,
                r=7 if run == chosen else 4,
                class_=f"{kind}{marked}",
                # What makes it a button of this name the browser adds: a thousand of them are sent again and again.
                data_pick=f"run:{run}",
            )
        )
    words = METRIC_NAMES[metric][0]
    less, more = (fitted(f"{word} under {policy}", width / 2) for word in ("↓ less", "↑ more"))
    return element(
        "svg",
        element("line", x1=left, x2=width - left, y1=middle, y2=middle, class_="r2p-zero"),
        join(dots),
        element("text", more, x=left, y=words_high - 9, class_="r2p-tick"),
        element("text", less, x=left, y=height - 8, class_="r2p-tick"),
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        class_="r2p-runs",
        role="group",
        aria_label=f"Difference in {words} of each run; arrow keys lead from run to run",
    )


def _directed(metric: str, value: float) -> str:
    if value == 0.0:
        return "no difference"
    return f"{amount(metric, abs(value))} {'less' if value < 0.0 else 'more'}"


RUN_CARD = (
    *("episodes", "atrocity_entries", "deaths", "displaced", "expelled", "persecuted_months", "war_crimes"),
    *("spent_prevention", "response_cost"),
    *("prevention_and_response", "gdp_lost", "total_cost"),
)


def run_card(comparison: Comparison, run: int) -> Markup:
    """Set one run side by side under all policies; each can be picked to be watched as ``watch:POLICY``.

    A run that drew parameters and effects for itself cannot: Explore runs a world as its scenario has it.
    """
    rows = []
    for metric in RUN_CARD:
        cells = [amount(metric, float(comparison.values(p, metric)[run])) for p in comparison.policies]
        rows.append((plain(METRIC_NAMES[metric][0]), *cells))
    links = [pick(f"watch:{p}", f"Watch under {p}", class_="r2p-button") for p in comparison.policies]
    caption = f"Run {run} under each policy"
    made = table(("", *comparison.policies), rows, caption, len(comparison.policies), WRAPS)
    if comparison.uncertainty != "none":
        said = (
            "This run drew parameters or effects for itself, with which Explore cannot run it. 'r2psim compare --out "
            f"DIRECTORY' and 'r2psim replay DIRECTORY {run}' can."
        )
        return join((made, element("p", said, class_="r2p-note")))
    return join((made, element("p", *(join((link, " ")) for link in links))))
