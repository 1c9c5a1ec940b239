"""What the points of late_response_wins.py say: verdicts, shares, deciding factors, regions, and the figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from late_response_assumptions import FACTORS, LEDGERS
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.stats import binomtest, norm, spearmanr

from r2psim.plots.style import FAINT, INK, LINE, MUTED, PAPER, SIZES, Page, legend_row, new_figure, sober

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "EARLY",
    "LATE",
    "OPEN",
    "Row",
    "clarity",
    "correlation",
    "draw",
    "regions",
    "share_words",
    "shares",
    "thirds",
    "verdict",
]

LATE, EARLY, OPEN = "late response", "prevention", "not told apart"

Row = Mapping[str, Any]
"""A point with its factors, and for each ledger ``_late``, ``_difference``, ``_low`` and ``_high``, a run."""


def verdict(row: Row, ledger: str) -> str:
    """Say which policy has less of something, or that the runs do not tell."""
    if float(row[f"{ledger}_low"]) > 0.0:
        return LATE
    return EARLY if float(row[f"{ledger}_high"]) < 0.0 else OPEN


def clarity(rows: Sequence[Row], ledger: str) -> np.ndarray:
    """Give each row's difference over half its interval: beyond 1 late response wins, below -1 prevention does."""
    half = np.array([(float(row[f"{ledger}_high"]) - float(row[f"{ledger}_low"])) / 2.0 for row in rows])
    mean = np.array([float(row[f"{ledger}_difference"]) for row in rows])
    found: np.ndarray = np.divide(mean, half, out=np.zeros_like(mean), where=half > 0.0)
    return found


def shares(rows: Sequence[Row], ledger: str) -> dict[str, float]:
    """Give the share of rows for each verdict."""
    found = [verdict(row, ledger) for row in rows]
    return {word: found.count(word) / len(rows) if rows else 0.0 for word in (LATE, OPEN, EARLY)}


def share_words(rows: Sequence[Row], ledger: str, word: str) -> str:
    """Write the share of rows for a verdict, with its 95 % interval (Wilson)."""
    found = [verdict(row, ledger) for row in rows].count(word)
    limits = binomtest(found, len(rows)).proportion_ci(method="wilson")
    return f"{_percent(found / len(rows))} ({100.0 * limits.low:.0f} to {100.0 * limits.high:.0f})"


def thirds(rows: Sequence[Row], key: str) -> list[list[Row]]:
    """Give the rows with the lowest, the middle and the highest values of a factor."""
    order = sorted(rows, key=lambda row: float(row[key]))
    cuts = [round(k * len(order) / 3) for k in range(4)]
    return [order[first:last] for first, last in pairwise(cuts)]


def correlation(rows: Sequence[Row], key: str, ledger: str) -> tuple[float, float, float]:
    """Give the rank correlation of a factor with how clearly late response wins, and its 95 % interval (Fisher)."""
    rank = float(spearmanr([float(row[key]) for row in rows], clarity(rows, ledger)).statistic)
    half = float(norm.ppf(0.975)) * (1.06 / (len(rows) - 3)) ** 0.5
    z = np.arctanh(min(max(rank, -0.999), 0.999))
    return rank, float(np.tanh(z - half)), float(np.tanh(z + half))


def split(rows: Sequence[Row], ledger: str) -> tuple[str, float] | None:
    """Find the factor and value that part the rows best (least squares of `clarity`), a quarter at least a side."""
    target = clarity(rows, ledger)
    least = max(4, len(rows) // 4)
    best, found = float(((target - target.mean()) ** 2).sum()) - 1e-9, None
    for key in FACTORS:
        values = np.array([float(row[key]) for row in rows])
        order = np.argsort(values, kind="stable")
        for cut in range(least, len(rows) - least + 1):
            if values[order[cut - 1]] == values[order[cut]]:
                continue
            low, high = target[order[:cut]], target[order[cut:]]
            left = float(((low - low.mean()) ** 2).sum() + ((high - high.mean()) ** 2).sum())
            if left < best:
                best, found = left, (key, float((values[order[cut - 1]] + values[order[cut]]) / 2.0))
    return found


def regions(rows: Sequence[Row], ledger: str) -> Iterator[tuple[str, Sequence[Row]]]:
    """Part the space twice on the first half of the points; give each region with the points of the other half."""

    def part(grown: Sequence[Row], told: Sequence[Row], words: tuple[str, ...]) -> Iterator[tuple[str, Sequence[Row]]]:
        found = split(grown, ledger) if len(words) < 2 else None
        if found is None:
            yield " and ".join(words) or "everywhere", told
            return
        key, cut = found
        for sign in ("<", ">"):
            inside = [[r for r in half if (float(r[key]) < cut) == (sign == "<")] for half in (grown, told)]
            yield from part(inside[0], inside[1], (*words, f"{key} {sign} {cut:.3g}"))

    half = len(rows) // 2
    yield from part(rows[:half], rows[half:], ())


# -- the figure --------------------------------------------------------------------------------------------------------

_FILLS = {LATE: ("#d98b3a", INK, "////"), OPEN: ("#eceef1", INK, ""), EARLY: ("#1f4e79", PAPER, "")}
"""Verdict -> fill, ink upon it, hatching; told apart by lightness alone."""
_TOLD = {"killed": "Killed", "saved": "Response, by harm", "bill": "The donors' bill"}
_PITCH, _HEAD, _FOOT, _NAMES = 0.185, 0.52, 0.38, 2.95


def draw(rows: Sequence[Row], mechanisms: Sequence[Row], source: str) -> Figure:
    """Draw how often each policy wins, which assumptions decide, and single mechanisms.

    Parameters
    ----------
    rows, mechanisms : sequence of Row
        Points of the design, and of one mechanism each.
    source : str
        What was run.
    """
    won = {
        f"{ledger} {word}": share_words(rows, ledger, word) for ledger in ("killed", "bill") for word in (LATE, EARLY)
    }
    title = (
        f"Donors pay less under late response at {won[f'bill {LATE}']} of {len(rows)} sets of assumptions, under "
        f"prevention at {won[f'bill {EARLY}']}; fewer are killed under late response at {won[f'killed {LATE}']}, under "
        f"prevention at {won[f'killed {EARLY}']}"
    )
    subtitle = (
        "Late response against prevention: the same total budget, the same luck. Each set of assumptions is drawn from "
        f"the ranges of {len(FACTORS)} factors; a policy wins where the 95 % interval of the paired difference leaves "
        "out zero, as by chance alone it does at one in twenty; in brackets 95 % intervals of the shares. Response by "
        "harm avoided alone is what a run takes beyond its null twin, in which assistance has no effect: money that is "
        "merely withheld is not in it, but it is in the donors' bill."
    )
    heights = [len(LEDGERS) * 0.25, len(FACTORS) * _PITCH, len(mechanisms) * _PITCH]
    page = new_figure(sum(heights) + 3 * (_HEAD + _FOOT), title, subtitle, source)
    top = page.top
    for height, panel, told in zip(heights, (_draw_shares, _draw_factors, _draw_mechanisms),
                                   (rows, rows, mechanisms), strict=True):  # fmt: skip
        panel(page, top - _HEAD - height, height, told)
        top -= _HEAD + height + _FOOT
    return page.figure


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


def _panel(page: Page, bottom: float, height: float, left: float, width: float, count: int) -> Axes:
    axes = page.axes(left, bottom, width, height)
    sober(axes)
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    return axes


def _name(page: Page, bottom: float, height: float, row: int, count: int, words: str) -> None:
    y = bottom + height * (1.0 - (row + 0.5) / count)
    page.text(page.left + _NAMES - 0.12, y, words, SIZES["row"], ha="right", va="center_baseline")


def _draw_shares(page: Page, bottom: float, height: float, rows: Sequence[Row]) -> None:
    """Draw the share of points at which each policy has less, a bar a ledger."""
    left, above = page.left + _NAMES, bottom + height
    axes = _panel(page, bottom, height, left, page.right - left, len(LEDGERS))
    axes.set_xlim(0.0, 1.0)
    ticks = np.linspace(0.0, 1.0, 5)
    axes.set_xticks(ticks, [_percent(tick) for tick in ticks])
    axes.set_xlabel("Share of the sets of assumptions", fontsize=SIZES["label"], color=INK)
    page.text(page.left, above + 0.3, "How often does which policy have less?", SIZES["label"], weight="bold")
    swatches = []
    for word, label in ((LATE, "less under late response"), (OPEN, OPEN), (EARLY, "less under prevention")):
        fill, _, lines = _FILLS[word]
        swatches.append(Patch(facecolor=fill, edgecolor=INK, linewidth=0.4, hatch=lines, label=label))
    legend_row(page, swatches, left, above + 0.22, 3, even=True)
    for row, (name, ledger) in enumerate(LEDGERS.items()):
        _name(page, bottom, height, row, len(LEDGERS), ledger.words[:1].upper() + ledger.words[1:])
        start = 0.0
        for word, share in shares(rows, name).items():
            fill, ink, lines = _FILLS[word]
            axes.barh(row, share, left=start, height=0.7, color=fill, hatch=lines, edgecolor=INK, linewidth=0.4)
            if share >= 0.05:
                box = {"facecolor": fill, "edgecolor": "none", "pad": 0.3}
                axes.text(start + share / 2, row, _percent(share), ha="center", va="center", color=ink, bbox=box,
                          fontsize=SIZES["small"])  # fmt: skip
            start += share


def _interval(axes: Axes, row: int, mean: float, low: float, high: float) -> None:
    """Draw an interval: filled where it leaves out zero, in the colour and shape of the policy that it speaks for."""
    told = low * high > 0.0
    colour = (_FILLS[LATE][0] if mean > 0.0 else _FILLS[EARLY][0]) if told else MUTED
    axes.plot([low, high], [row, row], color=colour, linewidth=1.6, solid_capstyle="butt", zorder=2)
    shape = ("D" if mean > 0.0 else "o") if told else "o"
    axes.plot(mean, row, shape, markersize=4.2, markerfacecolor=colour if told else PAPER, markeredgewidth=0.9,
              markeredgecolor=INK if told else MUTED, zorder=3)  # fmt: skip


def _keys() -> list[Line2D]:
    """Give the keys of `_interval`."""
    marks = (("D", _FILLS[LATE][0], INK, "favours late response"), ("o", PAPER, MUTED, "not told apart from zero"),
             ("o", _FILLS[EARLY][0], INK, "favours prevention"))  # fmt: skip
    return [
        Line2D([], [], color=MUTED, marker=mark, markersize=4.2, markerfacecolor=fill, markeredgecolor=edge, label=text)
        for mark, fill, edge, text in marks
    ]


def _draw_factors(page: Page, bottom: float, height: float, rows: Sequence[Row]) -> None:
    """Draw for three ledgers how far each factor goes with a clearer win of late response."""
    found = {ledger: {key: correlation(rows, key, ledger) for key in FACTORS} for ledger in _TOLD}
    order = sorted(FACTORS, key=lambda key: -max(abs(ranks[key][0]) for ranks in found.values()))
    gap, above = 0.24, bottom + height
    width = (page.right - page.left - _NAMES - 2 * gap) / 3
    page.text(page.left, above + 0.3, "Which assumptions decide?", SIZES["label"], weight="bold")
    legend_row(page, _keys(), page.left + _NAMES, above + 0.4, 3)
    for k, (ledger, words) in enumerate(_TOLD.items()):
        left = page.left + _NAMES + k * (width + gap)
        axes = _panel(page, bottom, height, left, width, len(order))
        page.text(left + width / 2, above + 0.07, words, SIZES["tick"], ha="center", weight="bold")
        axes.axvline(0.0, color=LINE, linewidth=0.9, zorder=1)
        axes.set_xlim(-1.0, 1.0)
        axes.set_xticks([-1.0, -0.5, 0.0, 0.5, 1.0], ["-1", "", "0", "", "1"])
        if k == 1:
            axes.set_xlabel(
                "Rank correlation of more of it with how clearly late response wins", fontsize=SIZES["label"], color=INK
            )
        for row, key in enumerate(order):
            if k == 0:
                _name(page, bottom, height, row, len(order), FACTORS[key].words)
            if row % 2:
                axes.axhspan(row - 0.5, row + 0.5, color=FAINT, alpha=0.5, linewidth=0.0, zorder=0)
            _interval(axes, row, *found[ledger][key])


def _draw_mechanisms(page: Page, bottom: float, height: float, rows: Sequence[Row]) -> None:
    """Draw the difference in the number killed under each single mechanism."""
    left, above = page.left + _NAMES, bottom + height
    axes = _panel(page, bottom, height, left, page.right - left, len(rows))
    page.text(page.left, above + 0.1, "One mechanism at a time, all else as the scenario has it", SIZES["label"],
              weight="bold")  # fmt: skip
    page.text(page.right, above + 0.07, "right of zero: fewer killed under late response", SIZES["small"], ha="right",
              color=MUTED)  # fmt: skip
    axes.axvline(0.0, color=LINE, linewidth=0.9, zorder=1)
    axes.set_xlabel(
        "Killed: prevention minus late response, % of late response",
        fontsize=SIZES["label"],
        color=INK,
    )
    for row, point in enumerate(rows):
        _name(page, bottom, height, row, len(rows), f"{point['name'][:1].upper()}{point['name'][1:]}")
        if row % 2:
            axes.axhspan(row - 0.5, row + 0.5, color=FAINT, alpha=0.5, linewidth=0.0, zorder=0)
        late = float(point["killed_late"]) / 100.0 or 1.0
        _interval(axes, row, *(float(point[f"killed_{end}"]) / late for end in ("difference", "low", "high")))
