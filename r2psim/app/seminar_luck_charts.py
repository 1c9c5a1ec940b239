"""Other luck, drawn: what the decisions and each policy come to in every luck, and where the exercise landed."""

from __future__ import annotations

from math import ceil, floor, log10

import numpy as np

from r2psim.app.page_parts import Markup, element, join, table
from r2psim.app.text_width import width
from r2psim.ensemble.intervals import Interval
from r2psim.plots.style import amount
from r2psim.seminar.other_luck import DECIDED, Beside, OtherLuck, sentence, verdict

__all__ = ["SHOWN", "luck_table", "lucks", "words"]

SHOWN = {
    "deaths": "Killed",
    "displaced": "Driven from home",
    "group_months_atrocity": "Months of atrocity, over groups",
    "prevention_and_response": "The donors' bill: prevention and external response, US$",
    "spent_prevention": "Spent on prevention, US$",
}

WIDTH, LEFT, RIGHT = 400.0, 14.0, 22.0
NAME, ROW, FOOT = 18.0, 42.0, 26.0
DOTS = 30.0
"""Height over which the dots of a row are spread."""
GOLDEN = 0.6180339887498949
NONE_WIDE = 0.12
"""Share of the width that is kept for lucks in which there was none at all."""


class _Scale:
    """Places of values: none at the left, apart; all others by their logarithm."""

    def __init__(self, values: np.ndarray) -> None:
        some = values[values > 0.0]
        self.none = bool((values <= 0.0).any()) or len(some) == 0
        low, high = (float(some.min()), float(some.max())) if len(some) else (1.0, 10.0)
        self.first = float(floor(log10(low)))
        self.last = float(max(ceil(log10(high)), self.first + 1.0))
        self.begin = LEFT + (WIDTH - LEFT - RIGHT) * (NONE_WIDE if self.none else 0.0)

    def x(self, value: float) -> float:
        if value <= 0.0:
            return LEFT + 0.3 * (self.begin - LEFT)
        share = float(log10(value) - self.first) / (self.last - self.first)
        return self.begin + (WIDTH - RIGHT - self.begin) * min(max(share, 0.0), 1.0)

    def ticks(self) -> list[tuple[float, str]]:
        powers = np.arange(self.first, self.last + 1.0)
        step = max(1, -(-len(powers) // 4))
        found = [(self.x(10.0**p), amount(10.0**p)) for p in powers[::step].tolist()]
        return [(self.x(0.0), "none"), *found] if self.none else found


def _row(name: str, values: np.ndarray, here: float, scale: _Scale, top: float) -> list[Markup]:
    """Draw one row: its name, a dot for each luck, bands of half and of nine tenths of them, median, and the mark."""
    at = top + NAME
    middle = at + DOTS / 2.0
    # A dot is a stroke of no length with round ends; each next one lies a golden section further down.
    places = "".join(
        f"M{scale.x(float(v)):.1f},{at + 2.0 + (DOTS - 4.0) * ((k * GOLDEN) % 1.0):.1f}h0" for k, v in enumerate(values)
    )
    low, quarter, median, three, high = (
        scale.x(float(np.quantile(values, share, method="inverted_cdf"))) for share in (0.05, 0.25, 0.5, 0.75, 0.95)
    )
    mark, reach = scale.x(here), 7.0
    return [
        element("text", name, x=LEFT, y=top + 12.0, class_="r2p-row-name"),
        element("path", d=places, class_="r2p-luck-dots"),
        element("line", x1=low, x2=high, y1=middle, y2=middle, class_="r2p-luck-most"),
        element("rect", x=quarter, y=middle - 4.0, width=max(1.5, three - quarter), height=8.0, class_="r2p-luck-half"),
        element("line", x1=median, x2=median, y1=middle - 9.0, y2=middle + 9.0, class_="r2p-luck-median"),
        element(
            "path",
            d=f"M{mark:.1f},{middle - reach:.1f}l{reach},{reach}l-{reach},{reach}l-{reach},-{reach}z",
            class_="r2p-luck-here",
        ),
    ]


def _told(found: OtherLuck, name: str, metric: str) -> str:
    values = found.values(name, metric)
    low, median, high = (amount(float(np.quantile(values, q, method="inverted_cdf"))) for q in (0.05, 0.5, 0.95))
    none = int((values <= 0.0).sum())
    return (
        f"{name}: median {median}, nine tenths {low} to {high}, none in {none}; here {amount(found.here(name, metric))}"
    )


def lucks(found: OtherLuck, metric: str) -> Markup:
    """Draw a row for the decisions and for each policy, over the same scale."""
    names = [DECIDED, *found.policies]
    scale = _Scale(np.concatenate([found.metrics[name][:, _place(metric)] for name in names]))
    high = len(names) * (NAME + ROW) + FOOT
    parts = []
    for at, said in scale.ticks():
        parts.append(element("line", x1=at, x2=at, y1=0, y2=high - FOOT, class_="r2p-grid"))
        room = width(said) / 2.0 + 2.0
        x = min(max(at, room), WIDTH - room)
        parts.append(element("text", said, x=x, y=high - 8.0, text_anchor="middle", class_="r2p-tick"))
    for k, name in enumerate(names):
        shown = "As decided here" if name == DECIDED else f"Had it been {name}"
        parts += _row(shown, found.values(name, metric), found.here(name, metric), scale, k * (NAME + ROW))
    label = f"{SHOWN[metric]} in {found.lucks} other lucks. " + ". ".join(_told(found, n, metric) for n in names) + "."
    drawn = element(
        "svg", *parts, viewBox=f"0 0 {WIDTH:.0f} {high:.0f}", class_="r2p-chart r2p-luck", role="img", aria_label=label
    )
    caption = (
        f"{SHOWN[metric]}, in {found.lucks:,} other lucks and in this one; years 1 to {found.years}, powers of ten"
    )
    return join((_key(), element("figure", drawn, element("figcaption", caption), class_="r2p-luck-figure")))


def _place(metric: str) -> int:
    from r2psim.ensemble.measures import METRICS

    return list(METRICS).index(metric)


def _key() -> Markup:
    def sample(*inside: Markup) -> Markup:
        return element("svg", *inside, viewBox="0 0 34 18", width=34, height=18, aria_hidden="true")

    parts = [
        (sample(element("path", d="M6,6h0M14,12h0M20,5h0M28,11h0", class_="r2p-luck-dots")), "one luck each"),
        (sample(element("line", x1=1, x2=33, y1=9, y2=9, class_="r2p-luck-most")), "nine tenths of them"),
        (sample(element("rect", x=3, y=5, width=28, height=8, class_="r2p-luck-half")), "half of them"),
        (sample(element("line", x1=17, x2=17, y1=0, y2=18, class_="r2p-luck-median")), "median"),
        (sample(element("path", d="M17,2l7,7l-7,7l-7,-7z", class_="r2p-luck-here")), "the luck of this exercise"),
    ]
    return element(
        "ul", *(element("li", drawn, f" {said}") for drawn, said in parts), class_="r2p-key", aria_label="Key"
    )


def words(found: OtherLuck) -> Markup:
    """Say in how many lucks the decisions did better than each policy, with intervals, and whether it was luck here."""
    said = []
    for policy in found.policies:
        beside = found.beside(policy)
        judged = verdict(beside)
        said.append(
            element(
                "li", sentence(beside, "your decisions"), " ", element("strong", f"{judged[:1].upper()}{judged[1:]}.")
            )
        )
    return element("ul", *said, class_="r2p-verdicts")


def _kept(text: str) -> str:
    """Keep a number and its percent sign in one line."""
    return text.replace(" %", "\u00a0%")


def luck_table(found: OtherLuck, metric: str) -> Markup:
    """Give the numbers of one metric, policy by policy."""
    rows = [_numbers(found.beside(policy, metric)) for policy in found.policies]
    heads = ("Your decisions beside", "less in", "as much in", "more in", "mean difference (95 % interval)", "here")
    caption = f"{SHOWN[metric]}: your decisions less each policy, luck by luck, in {found.lucks:,} other lucks"
    return table(heads, rows, caption, numbers=5, class_="r2p-lines")


def _numbers(b: Beside) -> tuple[object, ...]:
    return b.policy, f"{b.less:,}", f"{b.same:,}", f"{b.more:,}", _limits(b.difference), signed(b.here)


def signed(value: float) -> str:
    """Write a difference with its sign.

    Examples
    --------
    >>> signed(-1234.0), signed(0.0)
    ('-1,234', '0')
    """
    return "0" if value == 0.0 else f"{'+' if value > 0.0 else '-'}{amount(abs(value))}"


def _limits(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return signed(interval.mean)
    return f"{signed(interval.mean)} ({signed(interval.low)} to {signed(interval.high)})"
