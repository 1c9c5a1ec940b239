"""What was discovered, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from r2psim.analysis.discovery import Discovery, Limit, Region

__all__ = ["between", "density", "lines", "number", "share", "where"]


SILENT = ("", "1", "0-1", "factor", "ratio", "count")
"""Units that tell a reader nothing."""


def number(value: float, unit: str = "") -> str:
    """Write a value of a parameter, with its unit unless that says nothing.

    Examples
    --------
    >>> number(0.123456, "months"), number(2_500_000.0, "US$"), number(0.5, "0-1"), number(0.02, "1 a month")
    ('0.123 months', '2.5 million US$', '0.5', '0.02 a month')
    """
    size, word = next(((s, w) for s, w in ((1e9, " billion"), (1e6, " million")) if abs(value) >= s), (1.0, ""))
    text = f"{value / size:,.0f}" if abs(value) >= 1000.0 and not word else f"{value / size:.3g}"
    return f"{text}{word}" + ("" if unit in SILENT else f" {unit.removeprefix('1 ')}")


def share(value: float | None) -> str:
    """Write a share in percent.

    Examples
    --------
    >>> share(0.4567), share(0.0312), share(None)
    ('46 %', '3.1 %', 'none')
    """
    if value is None:
        return "none"
    return f"{100.0 * value:.0f} %" if value >= 0.0995 or value == 0.0 else f"{100.0 * value:.2g} %"


def between(limit: Limit) -> str:
    """Write between what a restriction keeps something."""
    unit = limit.axis.unit
    if limit.low is None and limit.high is not None:
        return f"below {number(limit.high, unit)}"
    if limit.high is None and limit.low is not None:
        return f"above {number(limit.low, unit)}"
    assert limit.low is not None and limit.high is not None
    return f"{number(limit.low)} to {number(limit.high, unit)}"


def _restriction(limit: Limit) -> str:
    axis = limit.axis
    meaning = f"{axis.meaning} ({axis.path})" if axis.meaning else axis.path
    return f"{meaning}: {between(limit)}; searched from {number(axis.low)} to {number(axis.high, axis.unit)}"


def where(region: Region) -> str:
    """Write a region as one sentence: each path with what it is kept to."""
    return ", ".join(f"{limit.axis.path} {between(limit)}" for limit in region.limits)


def density(region: Region) -> str:
    """Write how dense a region is on fresh points, with the interval."""
    if region.fresh.density is None:
        return "no fresh points"
    return f"{share(region.fresh.density)} ({share(region.low).removesuffix(' %')} to {share(region.high)})"


def _region(found: Discovery, region: Region) -> Iterator[str]:
    half, searched = region.fresh, region.searched
    name = f"{region.kind.capitalize()} {region.number}"
    beyond = ", without what lies in boxes before it" if region.kind == "box" and region.number > 1 else ""
    yield (
        f"{name}{beyond}: density {density(region)}: so many of its {half.points:,} fresh points meet it, against "
        f"{share(found.base)} of all"
    )
    yield (
        f"  coverage {share(half.coverage)} of those that meet it, mass {share(half.mass)} of all; density where "
        f"it was found {share(searched.density)}"
    )
    for limit in region.limits:
        yield f"  - {_restriction(limit)}"
    if not region.told:
        yield f"  told as nothing: above the base rate by no more than chance ({_odds(region.chance)})"


def _odds(chance: float) -> str:
    """Write how often chance alone would do as much."""
    return f"p = {chance:.2g}" if chance >= 0.001 else "p < 0.001"


def lines(found: Discovery) -> Iterator[str]:
    """Tell what was found: boxes, then the tree.

    Parameters
    ----------
    found : Discovery
        As `r2psim.discover` gives it.
    """
    condition = found.condition
    if found.nothing_varies:
        yield f"{condition.outcome.name}: nothing varies: it is the same at all {found.points:,} points."
        yield from _notes(found)
        return
    unit = "" if found.unit == "1" else f" {found.unit}"
    yield (
        f"{condition}{unit}: {found.hits:,} of {found.points:,} points meet it ({share(found.hits / found.points)}). "
        f"A point is {found.runs}, with its luck."
    )
    yield (
        f"Searched {len(found.axes)} parameters at {found.searched:,} points; all shares and 95 % intervals are of "
        f"{found.tested:,} fresh ones."
    )
    yield ""
    yield "BOXES"
    if not found.boxes:
        yield "Nothing is found: no box is denser than all points by more than chance."
    for region in found.boxes:
        yield from _region(found, region)
    yield ""
    yield "TREE"
    if not found.leaves:
        yield "Nothing is found: no split foretells other points better than the base rate does."
    for region in found.leaves:
        yield (
            f"{region.number}. {where(region)}: {density(region)} of {region.fresh.points:,}"
            + (", above the base rate" if region.told else "")
        )
    if found.leaves and not any(region.told for region in found.leaves):
        yield "No leaf is above the base rate by more than chance."
    yield from _notes(found)


def _notes(found: Discovery) -> Iterator[str]:
    if found.notes:
        yield ""
        yield from (f"note: {note}" for note in found.notes)
