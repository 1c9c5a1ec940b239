"""What a role went by beside what was true: a small drawing of each state, and where it was furthest off."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from r2psim.app.page_parts import Markup, element, join
from r2psim.app.text_width import room_for

if TYPE_CHECKING:
    from r2psim.seminar.debriefing import Belief

__all__ = ["belief_key", "beliefs", "furthest_off"]

YEAR = 12
WIDTH, HEIGHT, TOP, BOTTOM, RIGHT = 300.0, 128.0, 16.0, 22.0, 12.0
TOPS = (0.2, 0.4, 0.6, 0.8, 1.0)
MARK = 4.5
BAND = 5.0
"""Height of the bands of war and atrocity along the upper edge."""


def _diamond(x: float, y: float, reach: float = MARK) -> str:
    return f"M{x:.1f},{y - reach:.1f}l{reach},{reach}l-{reach},{reach}l-{reach},-{reach}z"


def belief_key() -> Markup:
    """Draw the key: what each line and mark stands for, told apart without colour."""

    def sample(*inside: Markup) -> Markup:
        return element("svg", *inside, viewBox="0 0 34 12", width=34, height=12, aria_hidden="true")

    def line(kind: str) -> Markup:
        return sample(element("line", x1=0, y1=6, x2=34, y2=6, class_=f"r2p-belief-{kind}"))

    def band(kind: str) -> Markup:
        return sample(element("rect", x=2, y=3, width=30, height=BAND, class_=f"r2p-band-{kind}"))

    parts = [
        (line("true"), "what was true"),
        (line("public"), "what everybody was told"),
        (sample(element("path", d=_diamond(17, 6), class_="r2p-belief-own")), "what this role went by when it decided"),
        (band("war"), "war"),
        (band("atrocity"), "atrocity"),
    ]
    return element(
        "ul", *(element("li", *part[:1], " ", part[1]) for part in parts), class_="r2p-key", aria_label="Key"
    )


def _top(found: Sequence[Belief]) -> float:
    most = max(float(max(b.true.max(), b.public.max(), np.nanmax(b.seen))) for b in found)
    return next((top for top in TOPS if most <= top), 1.0)


def _stretches(which: np.ndarray) -> list[tuple[int, int]]:
    """Give the stretches of months in which something went on: first month, and the month after the last."""
    bounds = [0, *(np.flatnonzero(np.diff(which)) + 1).tolist(), len(which)]
    return [(begin, end) for begin, end in pairwise(bounds) if which[begin]]


def _picture(b: Belief, top: float, role: str) -> Markup:
    months = max(1, len(b.true) - 1)
    ticks = {share: f"{share * top:g}" for share in (0.0, 0.5, 1.0)}
    left = room_for(list(ticks.values()), 26.0) + 8.0
    wide, high = WIDTH - left - RIGHT, HEIGHT - TOP - BOTTOM

    def x(month: float) -> float:
        return left + wide * month / months

    def y(risk: float) -> float:
        return TOP + high * (1.0 - min(risk, top) / top)

    def path(values: np.ndarray) -> str:
        return "M" + "L".join(f"{x(m):.1f},{y(float(v)):.1f}" for m, v in enumerate(values))

    parts = []
    for kind, which, at in (("war", b.war, 1.0), ("atrocity", b.atrocity, 2.0 + BAND)):
        parts += [
            element("rect", x=x(begin), y=at, width=max(2.0, x(min(end, months)) - x(begin)), height=BAND,
                    class_=f"r2p-band-{kind}")
            for begin, end in _stretches(which)
        ]  # fmt: skip
    for share, said in ticks.items():
        at = y(share * top)
        parts.append(element("line", x1=left, x2=WIDTH - RIGHT, y1=at, y2=at, class_="r2p-grid"))
        parts.append(element("text", said, x=left - 5, y=at + 4, text_anchor="end", class_="r2p-tick"))
    years = max(1, months // YEAR)
    step = max(1, -(-years // 8))
    parts += [
        element("text", f"{year}", x=x(YEAR * year), y=HEIGHT - 5, text_anchor="middle", class_="r2p-tick")
        for year in range(0, years + 1, step)
    ]
    parts.append(element("path", d=path(b.public), fill="none", class_="r2p-belief-public"))
    parts.append(element("path", d=path(b.true), fill="none", class_="r2p-belief-true"))
    seen = b.seen[:-1] if len(b.seen) > 1 else b.seen
    parts += [
        element("path", d=_diamond(x(YEAR * year), y(float(risk))), class_="r2p-belief-own")
        for year, risk in enumerate(seen)
    ]
    told = "; ".join(
        f"year {year + 1}: went by {risk:.2f}, true {b.true[YEAR * year]:.2f}" for year, risk in enumerate(seen)
    )
    label = f"Risk in {b.name} as {role} saw it and as it was. {told}."
    drawn = element(
        "svg", *parts, viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}", class_="r2p-chart", role="img", aria_label=label
    )
    return element("figure", drawn, element("figcaption", b.name))


def beliefs(found: Sequence[Belief], role: str) -> Markup:
    """Draw every state: its true risk, the public assessment, and what the role went by at each decision."""
    if not found:
        return element("p", "This role has no states to look at.")
    top = _top(found)
    return element("div", *(_picture(b, top, role) for b in found), class_="r2p-beliefs")


def furthest_off(found: Sequence[Belief], role: str, most: int = 3) -> Markup:
    """Tell where the role was furthest off when it decided, either way."""
    rows = [(float(abs(e)), b, year, float(e)) for b in found for year, e in enumerate(b.error)]
    said = [
        element(
            "li",
            element("strong", f"{b.name}, year {year + 1}: "),
            f"went by {b.seen[year]:.2f}, true was {b.true[12 * year]:.2f} - {'too high' if e > 0.0 else 'too low'} "
            f"by {size:.2f}.",
        )
        for size, b, year, e in sorted(rows, key=lambda row: -row[0])[:most]
        if size >= 0.005
    ]
    if not said:
        return element("p", f"At no decision was {role} far from what was true.")
    return join((element("h3", f"Where {role} was furthest off"), element("ul", *said, class_="r2p-said")))
