"""The geography of an invented world: names, regions, places on a map, borders.

Places are whole numbers of 1/10,000 of the map, and borders are decided by exact or correctly rounded arithmetic on
them, so that they are the same on every machine.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from r2psim.world.declared_numbers import declared
from r2psim.world.sampling import Stream, spread

__all__ = [
    "SCALE",
    "Point",
    "Region",
    "borders",
    "invented",
    "places",
]

SCALE = 10_000
"""Steps of the map from edge to edge."""

Point = tuple[int, int]
"""Place on the map, in steps."""


def invented(stream: Stream, names: dict[str, Any], last: str, taken: set[str]) -> str:
    """Make a name of syllables that is not yet taken, and take it.

    Parameters
    ----------
    stream : Stream
        Whose chance.
    names : dict
        Syllables: ``first``, ``middle`` and the endings under `last`.
    last : str
        ``state``, ``region`` or ``group``.
    taken : set of str
        Names taken before; the new one is added.
    """
    while True:
        name: str = stream.pick(names["first"]) + stream.pick(names["middle"]) + stream.pick(names[last])
        if name not in taken:
            taken.add(name)
            return name


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the world: a disc on the map, and what its states have in common.

    Attributes
    ----------
    id, name : str
        Identifier and name shown.
    x, y, radius : float
        Disc on the map (share of its width).
    share : float
        Share of the states.
    means : dict of str to float
        Mean, by latent variable, of what the variables before it leave unexplained.
    """

    id: str
    name: str
    x: float
    y: float
    radius: float
    share: float
    means: dict[str, float]

    @classmethod
    def all_of(cls, seed: int, purpose: int, data: dict[str, Any]) -> list[Region]:
        """Make the regions of a world: the map is one of eight reflections and rotations, the names are drawn."""
        stream = Stream(seed, purpose, 0)
        swap, left, down = (stream() < 0.5 for _ in range(3))
        taken: set[str] = set()
        regions = []
        for row in data["regions"]["rows"]:
            name = invented(stream, data["names"], "region", taken)
            x, y = (row["y"], row["x"]) if swap else (row["x"], row["y"])
            x, y = 1.0 - x if left else x, 1.0 - y if down else y
            means = {key: row[key] for key in ("income", "discussion")}
            regions.append(cls(name.lower(), name, x, y, row["radius"], row["share"], means))
        return regions


def _inside(x: float, y: float, region: Region) -> bool:
    return (x - region.x) ** 2 + (y - region.y) ** 2 <= region.radius**2


def _mainland(region: Region, shift: float) -> Iterator[tuple[float, float]]:
    for k in itertools.count():
        x = region.x + region.radius * (2 * spread(shift, k, 0) - 1)
        y = region.y + region.radius * (2 * spread(shift, k, 1) - 1)
        if _inside(x, y, region):
            yield x, y


def _offshore(stream: Stream, region: Region, regions: Sequence[Region], data: dict[str, Any]) -> tuple[float, float]:
    """Give a place off the coast of a region, in open water if a few tries find it."""
    x, y = region.x, region.y
    nearest, spread_out, edge = (declared(data, name) for name in ("island_nearest", "island_spread", "map_edge"))
    for _ in range(int(declared(data, "island_tries"))):
        angle, distance = 2 * math.pi * stream(), region.radius * (nearest + spread_out * stream())
        x, y = region.x + distance * math.cos(angle), region.y + distance * math.sin(angle)
        on_map = edge < x < 1.0 - edge and edge < y < 1.0 - edge
        if on_map and not any(_inside(x, y, other) for other in regions):
            break
    return x, y


def places(
    regions: Sequence[Region],
    home: Sequence[int],
    island: Sequence[bool],
    seed: int,
    purpose: int,
    data: dict[str, Any],
) -> list[Point]:
    """Put states on the map, evenly over the disc of their region, islands off its coast.

    A place depends on the states before it in the list, not on those after it.

    Parameters
    ----------
    regions : sequence of Region
        All regions.
    home : sequence of int
        Number of the region of each state.
    island : sequence of bool
        Whether it is an island.
    seed, purpose : int
        Of the streams, one for each state; stream -1 of the purpose is none of them.
    data : dict
        Parameters of the generator.
    """
    land = [_mainland(region, Stream(seed, purpose, 2**31 + k)()) for k, region in enumerate(regions)]
    found: dict[Point, None] = {}
    jitter = declared(data, "map_jitter")
    for index, (number, apart) in enumerate(zip(home, island, strict=True)):
        stream = Stream(seed, purpose, index)
        x, y = _offshore(stream, regions[number], regions, data) if apart else next(land[number])
        x, y = x + jitter * (stream() - 0.5), y + jitter * (stream() - 0.5)
        point = (min(max(round(x * SCALE), 1), SCALE - 1), min(max(round(y * SCALE), 1), SCALE - 1))
        while point in found:
            point = (point[0] % (SCALE - 1) + 1, point[1])
        found[point] = None
    return list(found)


# -- borders -----------------------------------------------------------------------------------------------------------


def borders(points: Sequence[Point], pull: Sequence[float], count: int, longest: float) -> list[tuple[int, int]]:
    """Give the borders of states on one map, about as many as wanted; no two of those that were chosen cross.

    Two states border where no third stands between them. A pair is the better, the smaller the largest angle at which
    any third state sees the two: below 90 degrees they are neighbours in the Gabriel graph (Gabriel and Sokal 1969).
    The best pairs are taken until there are enough; a state left alone then borders on the nearest.

    Parameters
    ----------
    points : sequence of (int, int)
        Places, all different.
    pull : sequence of float
        Added to the goodness (cosine of the angle) of each of the state's pairs.
    count : int
        Number of borders.
    longest : float
        Longest border, in steps of the map.

    Returns
    -------
    list of (int, int)
        Numbers of the two states, the smaller first, sorted.
    """
    taken: list[tuple[int, int]] = []
    for pair in _ranked(points, pull, longest):
        if len(taken) >= count:
            break
        if not any(_crosses(points, pair, other) for other in taken):
            taken.append(pair)
    joined = {state for pair in taken for state in pair}
    for state in range(len(points)):
        if state not in joined and len(points) > 1:
            _, other = min((_squared(points, (state, k)), k) for k in range(len(points)) if k != state)
            taken.append((min(state, other), max(state, other)))
            joined |= {state, other}
    return sorted(taken)


def _squared(points: Sequence[Point], pair: tuple[int, int]) -> int:
    (ax, ay), (bx, by) = points[pair[0]], points[pair[1]]
    return (ax - bx) ** 2 + (ay - by) ** 2


def _ranked(points: Sequence[Point], pull: Sequence[float], longest: float) -> list[tuple[int, int]]:
    """Give all pairs that are near enough, best first: by the cosine of the largest angle, plus the pull of both."""
    import numpy as np

    n = len(points)
    x, y = np.array(points, dtype=np.int64).reshape(n, 2).T
    dx, dy = x[:, None] - x, y[:, None] - y
    length = np.sqrt((dx * dx + dy * dy).astype(float))
    first, second = np.nonzero(np.triu(length <= longest, 1))
    np.fill_diagonal(length, 1.0)
    # Whole numbers, products and square roots round the same on every machine; no sum of floats is taken.
    seen = (dx[first] * dx[second] + dy[first] * dy[second]) / (length[first] * length[second])
    own = np.arange(len(first))
    seen[own, first] = seen[own, second] = 1.0
    weight = np.array(pull, dtype=float)
    goodness = seen.min(axis=1, initial=1.0) + (weight[first] + weight[second])
    order = np.argsort(-goodness, kind="stable")
    return list(zip(first[order].tolist(), second[order].tolist(), strict=True))


def _side(a: Point, b: Point, c: Point) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) > (b[1] - a[1]) * (c[0] - a[0])


def _crosses(points: Sequence[Point], one: tuple[int, int], other: tuple[int, int]) -> bool:
    a, b, c, d = points[one[0]], points[one[1]], points[other[0]], points[other[1]]
    # Most pairs lie far apart: their boxes do not even meet.
    if max(a[0], b[0]) < min(c[0], d[0]) or max(c[0], d[0]) < min(a[0], b[0]) or a in (c, d) or b in (c, d):
        return False
    return _side(a, b, c) != _side(a, b, d) and _side(c, d, a) != _side(c, d, b)
