"""What outcomes are sensitive to: Sobol indices with their intervals, or elementary effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.lines import Line2D

from r2psim.analysis.findings import count
from r2psim.plots.style import FAINT, INK, LINE, MUTED, SIZES, legend_row, new_figure, shorten, sober

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from r2psim.analysis.sensitivity import OutcomeSensitivity, Sensitivity
    from r2psim.analysis.sensitivity_indices import Share
    from r2psim.plots.style import Page

__all__ = ["sensitivity_of"]

PITCH = 0.185
NAMES = 2.45
WORDS = 1.5
MOST = 14
"""Factors that are shown of an outcome: those that matter most."""
LEFTMOST, RIGHTMOST = -0.6, 1.6
"""Ends of the axis of shares, at most."""
TOTAL = "#1f4e79"
ALONE = "#d98b3a"
LUCK = "#77808a"


def sensitivity_of(found: Sensitivity, name: str, most: int = MOST) -> Figure:
    """Draw what one outcome is sensitive to.

    Parameters
    ----------
    found : Sensitivity
        As `r2psim.sensitivity` gives it.
    name : str
        Of the outcome.
    most : int
        Factors that are shown at most, those that matter most first; the others are counted below.

    Returns
    -------
    Figure
        Of methods sobol and chaos a row for luck and one for each factor: total and first-order index, with intervals.
        Of method morris a row for each factor: mean absolute effect with its interval, and the strength without luck.

    Raises
    ------
    KeyError
        If there is no outcome of that name.
    """
    one = found.of(name)
    return _morris(found, one, most) if found.method == "morris" else _sobol(found, one, most)


def _source(found: Sensitivity) -> str:
    points = found.rows * found.design.units.shape[1]
    each = f"{found.replicates} runs x {len(found.policies)} policies"
    return f"{found.scenario}, {points:,} points x {each}, seed {found.seed}"


def _told(found: OutcomeSensitivity) -> str:
    from r2psim.ensemble.measures import METRICS

    meaning = METRICS[found.outcome.metric].split(":")[0].split(" (")[0]
    whose = (
        found.outcome.policy
        if found.outcome.baseline is None
        else f"{found.outcome.policy} minus {found.outcome.baseline}"
    )
    return f"{meaning}; {whose}"


def _capital(name: str) -> str:
    return name if "." in name else name[:1].upper() + name[1:]


def _nothing(found: Sensitivity, one: OutcomeSensitivity) -> Figure:
    if one.nothing_varies:
        head, below = "Nothing varies", f"{_told(one)}: the same at every point and with all luck."
    else:
        head, below = "Too few rows", f"{_told(one)}: nothing varies at the points that are independent of each other."
    return new_figure(0.4, head, below, _source(found)).figure


def _sobol(found: Sensitivity, one: OutcomeSensitivity, most: int) -> Figure:
    if one.nothing_varies or not any(each.total for each in one.factors):
        return _nothing(found, one)
    # What may be large is shown, too, where the estimate is not.
    by_reach = sorted(one.factors, key=lambda each: -(each.total.high if each.total else 0.0))
    shown = [each for each in one.ranked() if each in by_reach[:most]]
    top = shown[0]
    assert top.total is not None
    head = f"{_capital(top.factor)}: {_short(top.total)}"
    if top.total.low <= 0.0:
        head += ", not told apart from none"
    if one.luck is not None:
        head += f"; luck: {_short(one.luck)}"
    below = f"{_told(one)}. Total indices: shares of the variance of a run, with 95\u00a0% intervals. "
    if one.left is not None:
        below += f"Neither luck nor in the polynomial: {_words(one.left)}. "
    if len(one.factors) > len(shown):
        rest = by_reach[most].total
        assert rest is not None
        below += (
            f"The intervals of {len(one.factors) - len(shown)} more factors end at {max(rest.high, 0.0):.3f} or below."
        )
    rows = len(shown) + (one.luck is not None)
    page = new_figure(PITCH * rows + 0.85, head, below, _source(found))
    bottom = page.bottom + 0.36
    axes = _axes(page, rows, bottom)
    y0 = 0
    if one.luck is not None:
        _bar(axes, 0, one.luck, LUCK)
        _row(page, bottom, rows, 0, "luck, alone and with parameters", _words(one.luck))
        y0 = 1
    lows: list[float] = []
    reach = [0.0] if one.luck is None else [max(one.luck.high, 0.0)]
    for k, each in enumerate(shown, y0):
        assert each.total is not None and each.first is not None
        _bar(axes, k, each.total, TOTAL)
        lows.append(each.total.low)
        axes.plot(each.first.value, k, "D", color=ALONE, markersize=4.2, zorder=4)
        axes.plot([each.first.low, each.first.high], [k + 0.25] * 2, color=ALONE, linewidth=1.1, zorder=3)
        _row(page, bottom, rows, k, each.factor, _words(each.total))
        reach += [each.total.high, each.first.high]
        lows.append(each.first.low)
    left, right = max(min(0.0, *lows) * 1.04, LEFTMOST), min(max(max(reach) * 1.04, 0.05), RIGHTMOST)
    axes.set_xlim(left, right)
    for k, each in enumerate(shown, y0):
        assert each.total is not None
        # An interval that goes on beyond the axis says so.
        if each.total.low < left:
            axes.plot(left, k, "<", color=TOTAL, markersize=4.5, clip_on=False, zorder=6)
        if each.total.high > right:
            axes.plot(right, k, ">", color=TOTAL, markersize=4.5, clip_on=False, zorder=6)
    axes.axvline(0.0, color=LINE, linewidth=0.8, zorder=0)
    axes.set_xlabel("Share of the variance", fontsize=SIZES["label"], color=INK)
    page.text(page.right, bottom + PITCH * rows + 0.06, "total index (95 %)", SIZES["small"], ha="right", color=MUTED)
    handles = [
        Line2D([], [], color=TOTAL, marker="o", markersize=4.2, linewidth=2.2, label="total: alone and with others"),
        Line2D([], [], color=ALONE, marker="D", markersize=4.2, linewidth=1.1, label="first-order: alone"),
    ]
    if one.luck is not None:
        handles.append(Line2D([], [], color=LUCK, marker="o", markersize=4.2, linewidth=2.2, label="luck"))
    legend_row(page, handles, page.left, bottom + PITCH * rows + 0.3, 3)
    return page.figure


def _short(share: Share) -> str:
    return f"{share.value:.2f} ({share.low if abs(share.low) >= 0.005 else 0.0:.2f} to {share.high:.2f})"


def _zero(value: float) -> float:
    """Give 0 for what would be written as a negative zero."""
    return 0.0 if abs(value) < 0.0005 else value


def _words(share: Share) -> str:
    return f"{_zero(share.value):.3f} ({_zero(share.low):.3f} to {_zero(share.high):.3f})"


def _axes(page: Page, rows: int, bottom: float) -> Axes:
    axes = page.axes(page.left + NAMES, bottom, page.right - page.left - NAMES - WORDS, PITCH * rows)
    sober(axes)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for k in range(rows):
        axes.axhline(k, color=FAINT, linewidth=0.6, zorder=0)
    return axes


def _bar(axes: Axes, k: int, share: Share, colour: str, clip: bool = True) -> None:
    axes.plot([share.low, share.high], [k, k], color=colour, linewidth=2.2, solid_capstyle="butt", zorder=2)
    axes.plot(share.value, k, "o", color=colour, markersize=4.2, zorder=5, clip_on=clip)


def _row(page: Page, bottom: float, rows: int, k: int, name: str, words: str) -> None:
    y = bottom + PITCH * (rows - k - 0.5) - 0.03
    page.text(page.left, y, shorten(name, NAMES - 0.12, SIZES["small"]), SIZES["small"])
    page.text(page.right, y, words, SIZES["small"], ha="right", color=MUTED)


def _morris(found: Sensitivity, one: OutcomeSensitivity, most: int) -> Figure:
    if one.nothing_varies:
        return _nothing(found, one)
    shown = one.ranked()[:most]
    unit = one.outcome.unit
    top = shown[0].effects
    assert top is not None
    words = _amounts(top.mu_star, unit)
    head = f"{_capital(shown[0].factor)} moves it most: {words}"
    below = (
        f"{_told(one)}. What moves where a factor crosses its whole range: mean absolute effect, with its 95 % "
        f"interval over {found.rows} trajectories. Luck adds to it; diamond: the root mean square, without luck."
    )
    rows = len(shown)
    page = new_figure(PITCH * rows + 0.85, head, below, _source(found))
    bottom = page.bottom + 0.36
    axes = _axes(page, rows, bottom)
    for k, each in enumerate(shown):
        assert each.effects is not None
        _bar(axes, k, each.effects.mu_star, TOTAL, clip=False)  # a zero is whole at the end of the axis
        axes.plot(each.effects.strength.value, k, "D", color=ALONE, markersize=4.2, zorder=4, clip_on=False)
        _row(page, bottom, rows, k, each.factor, _amounts(each.effects.mu_star, unit, bare=True))
    axes.set_xlim(left=0.0)
    large = unit == "US$" and axes.get_xlim()[1] >= 1e6
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1e9:g} bn" if large and value else count(value))
    axes.set_xlabel(f"Effect of a factor, {'number' if unit == '1' else unit}", fontsize=SIZES["label"], color=INK)
    handles = [
        Line2D([], [], color=TOTAL, marker="o", markersize=4.2, linewidth=2.2, label="mean absolute effect"),
        Line2D([], [], color=ALONE, marker="D", markersize=4.2, linestyle="none", label="without luck"),
    ]
    legend_row(page, handles, page.left, bottom + PITCH * rows + 0.3, 2)
    return page.figure


def _amounts(share: Share, unit: str, bare: bool = False) -> str:
    numbers = [
        f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" for value in (share.value, share.low, share.high)
    ]
    if unit == "US$" and share.high >= 1e6:
        numbers = [f"{value / 1e9:.3g} bn" for value in (share.value, share.low, share.high)]
    text = f"{numbers[0]} ({numbers[1]} to {numbers[2]})"
    return text if bare or unit == "1" else f"{text} {unit}"
