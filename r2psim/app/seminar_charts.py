"""Lines of history side by side: what they add up to, and how each state stood month by month."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import floor, log10

import numpy as np

from r2psim.app.page_parts import Markup, element, join, table
from r2psim.app.text_width import room_for
from r2psim.declarations.columns import STAGES
from r2psim.ensemble.measures import METRICS
from r2psim.plots.style import amount
from r2psim.seminar.play import Outcome

__all__ = ["charts", "metrics_table", "strips", "war_key", "years_words"]

SHOWN = {
    "episodes": "Episodes of atrocity that began",
    "atrocity_entries": "Entries of groups into atrocity",
    "deaths": "Killed",
    "displaced": "Driven from home",
    "expelled": "Of these, expelled as members of a group",
    "persecuted_months": "Months of persecution, person-months",
    "war_crimes": "Civilians killed in armed conflict, outside of atrocities",
    "group_months_atrocity": "Months of atrocity, over groups",
    "spent_prevention": "Spent on prevention, US$",
    "spent_response": "Spent on response, US$",
    "response_cost": "External response with reconstruction, US$",
    "prevention_and_response": "The donors' bill: prevention and external response, US$",
    "response_needed": "Response needed, paid for or not, US$",
    "hosting_cost": "Cost of hosting refugees, US$",
    "gdp_lost": "GDP lost, US$",
}
assert SHOWN.keys() <= METRICS.keys()

PANELS = {
    "deaths": "Killed since the start",
    "displaced": "Driven from home since the start",
    "states_in_atrocity": "States in which an atrocity goes on",
    "spent_prevention": "Spent on prevention since the start, US$",
    "spent_response": "Spent on response since the start, US$",
}

DASHES = ("", "7 3", "2 3", "10 3 2 3", "1 2", "12 4")
COLOURS = 6
"""Colours and dashes of lines go round separately from each other: no two of the first six look alike in grey."""

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 460.0, 194.0, 84.0, 22.0, 16.0, 24.0


WAR_HIGH = 6.0
"""Room above a strip for the band that marks war."""


def years_words(years: int) -> str:
    """Name the first years of a run.

    Examples
    --------
    >>> years_words(1), years_words(4)
    ('year 1', 'years 1 to 4')
    """
    return "year 1" if years == 1 else f"years 1 to {years}"


def _years(outcomes: Sequence[Outcome]) -> str:
    """Name the years over which lines are compared; they have the same, for a sum over more years is larger.

    Raises
    ------
    ValueError
        If they have not.
    """
    found = {o.years for o in outcomes}
    if len(found) != 1:
        raise ValueError(f"lines of {sorted(found)} years cannot stand side by side")
    return years_words(found.pop())


def metrics_table(outcomes: Sequence[Outcome]) -> Markup:
    """Give the sums of each line of history over the same years, side by side."""
    years = _years(outcomes)
    rows = [[name, *(amount(o.metrics[key]) for o in outcomes)] for key, name in SHOWN.items()]
    rows.append(["Digest", *(element("code", o.sha256[:12], title=o.sha256) for o in outcomes)])
    heads = [join((element("strong", _letter(i)), " ", _head(o))) for i, o in enumerate(outcomes)]
    return table(("Sum", *heads), rows, f"Side by side, {years}", numbers=len(outcomes), class_="r2p-lines")


def _head(outcome: Outcome) -> str:
    policy = outcome.key.startswith("policy-")
    return f"Had it been {outcome.title}" if policy else outcome.title


def _letter(i: int) -> str:
    """Name a line where there is no room for its title."""
    return "ABCDEFGHIJ"[i]


def _top(most: float) -> float:
    """Round up to a number that reads well, as its half does."""
    if most <= 2.0:
        return 2.0
    unit = 10.0 ** floor(log10(most))
    return next(step * unit for step in (2.0, 4.0, 6.0, 8.0, 10.0) if step * unit >= most * (1.0 - 1e-9))


def charts(outcomes: Sequence[Outcome]) -> Markup:
    """Draw what each line of history added up to over time, over the same years."""
    years = _years(outcomes)
    months = max(len(o.monthly["deaths"]) for o in outcomes) - 1
    key = [
        element("li", _sample(i), " ", element("strong", _letter(i)), f" {_head(o)}") for i, o in enumerate(outcomes)
    ]
    panels = {name: f"{words}, {years}" for name, words in PANELS.items()}
    drawn = [
        element("figure", _chart(outcomes, name, months, words), element("figcaption", words))
        for name, words in panels.items()
    ]
    return join(
        (element("ul", *key, class_="r2p-key", aria_label="Lines"), element("div", *drawn, class_="r2p-charts"))
    )


def _line(i: int) -> dict[str, str | None]:
    return {"class_": f"r2p-line r2p-line{i % COLOURS}", "stroke_dasharray": DASHES[i % len(DASHES)] or None}


def _sample(i: int) -> Markup:
    inside = element("line", x1=0, y1=5, x2=34, y2=5, **_line(i))
    return element("svg", inside, viewBox="0 0 34 10", width=34, height=10, aria_hidden="true")


def _chart(outcomes: Sequence[Outcome], name: str, months: int, words: str) -> Markup:
    top = _top(max(float(o.monthly[name].max()) for o in outcomes))
    ticks = {share: amount(share * top) for share in (0.0, 0.5, 1.0)}
    left = room_for(list(ticks.values()), LEFT - 12.0) + 12.0
    wide, high = WIDTH - left - RIGHT, HEIGHT - TOP - BOTTOM

    def x(month: float) -> float:
        return left + wide * month / max(1, months)

    def y(value: float) -> float:
        return TOP + high * (1.0 - value / top)

    parts = []
    for share, said in ticks.items():
        at = y(share * top)
        parts.append(element("line", x1=left, x2=WIDTH - RIGHT, y1=at, y2=at, class_="r2p-grid"))
        parts.append(element("text", said, x=left - 6, y=at + 4, text_anchor="end", class_="r2p-tick"))
    years = max(1, months // 12)
    step = max(1, -(-years // 8))
    parts += [
        element("text", f"{year}", x=x(12.0 * year), y=HEIGHT - 6, text_anchor="middle", class_="r2p-tick")
        for year in range(0, years + 1, step)
    ]
    for i, outcome in reversed(list(enumerate(outcomes))):
        series = outcome.monthly[name]
        # Only where it changes, and the end: a count over years has few corners.
        turns = np.flatnonzero(np.diff(series)) if len(series) > 1 else np.zeros(0, dtype=int)
        places = sorted({0, len(series) - 1, *turns.tolist(), *(turns + 1).tolist()})
        path = "M" + "L".join(f"{x(m):.1f},{y(float(series[m])):.1f}" for m in places)
        parts.append(element("path", d=path, fill="none", **_line(i)))
    parts += _letters([y(float(o.monthly[name][-1])) for o in outcomes], [x(len(o.stage) - 1.0) for o in outcomes])
    last = "; ".join(f"{_head(o)} {amount(float(o.monthly[name][-1]))}" for o in outcomes)
    label = f"{words}, by year. At the end: {last}."
    return element(
        "svg", *parts, viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}", class_="r2p-chart", role="img", aria_label=label
    )


def strips(outcomes: Sequence[Outcome], states: Sequence[str]) -> Markup:
    """Draw how each state stood month by month in each line of history, over the same years."""
    years = _years(outcomes)
    months = max(len(o.stage) for o in outcomes) - 1
    rows = []
    for s, name in enumerate(states):
        lines = [
            element(
                "div",
                element("span", _letter(i), class_="r2p-strip-name", title=_head(o)),
                _strip(o.stage[:, s], o.war[:, s], months, f"{name}, {_head(o)}, {years}"),
                class_="r2p-strip-row",
            )
            for i, o in enumerate(outcomes)
        ]
        rows.append(element("div", element("h3", name), *lines, class_="r2p-strip-state"))
    return element("div", *rows, class_="r2p-strips")


def _letters(heights: list[float], ends: list[float]) -> list[Markup]:
    """Write each line's letter at its end; letters that would cover one another stand side by side."""
    written: list[tuple[float, float]] = []
    found = []
    for i, (high, end) in enumerate(zip(heights, ends, strict=True)):
        at = end + 5.0
        while any(abs(at - a) < 8.5 and abs(high - h) < 10.0 for a, h in written):
            # To the left, over the lines: there is no more room to the right.
            at -= 9.0 if at < end else 5.0 + 9.0
        written.append((at, high))
        found.append(element("text", _letter(i), x=at, y=high + (4.0 if at > end else -4.0), class_="r2p-letter"))
    return found


def _stretches(values: np.ndarray) -> list[tuple[int, int]]:
    """Cut months into stretches in which nothing changes: first month, and the month after the last."""
    return list(pairwise([0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]))


def _strip(stage: np.ndarray, war: np.ndarray, months: int, label: str) -> Markup:
    parts, told = [], []
    for begin, end in _stretches(stage):
        k = int(stage[begin])
        # Higher as well as darker: the stage can be read without colour.
        high = 4.0 + 4.0 * k
        parts.append(
            element(
                "rect", x=begin, width=max(1, end - begin), y=WAR_HIGH + 20.0 - high, height=high,
                class_=f"r2p-ribbon r2p-s{k}",
            )
        )  # fmt: skip
        told.append(f"{STAGES[k]} from month {begin}")
    fought = [(begin, end) for begin, end in _stretches(war) if war[begin]]
    parts += [
        element("rect", x=begin, width=max(1, end - begin), y=0, height=WAR_HIGH - 2.0, class_="r2p-strip-war")
        for begin, end in fought
    ]
    at_war = [f"war in months {begin} to {end - 1}" for begin, end in fought]
    words = f"{label}: {'; '.join([*told[:12], *at_war[:6]])}"
    return element(
        "svg", *parts, viewBox=f"0 0 {months + 1} {20.0 + WAR_HIGH:.0f}", preserveAspectRatio="none",
        class_="r2p-strip r2p-strip-high", role="img", aria_label=words,
    )  # fmt: skip


def war_key() -> Markup:
    """Draw the key of what stands above a strip."""
    band = element("rect", x=1, y=4, width=30, height=WAR_HIGH - 2.0, class_="r2p-strip-war")
    drawn = element("svg", band, viewBox="0 0 32 12", width=32, height=12, aria_hidden="true")
    return element("ul", element("li", drawn, " above a strip: war"), class_="r2p-key", aria_label="War")
