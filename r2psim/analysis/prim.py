"""PRIM: the patient rule induction method of Friedman and Fisher (1999), for boxes in which something is frequent.

From the box of all points a thin slice is peeled off, again and again, that whose loss raises the density most: the
share of points that meet a condition. Pasting undoes what was peeled too far. The boxes passed on the way trade
coverage for density; of them the one is chosen that holds the largest *excess*, by which is meant how many more of its
points meet the condition than chance would have it. Its edges are then set where the excess is largest, and a
restriction without which the box is no worse than by chance is dropped (as Bryant and Lempert, 2010, do by their
quasi-p-values).

References
----------
Friedman, J. H., and N. I. Fisher (1999). Bump hunting in high-dimensional data. *Statistics and Computing* 9: 123-143.

Bryant, B. P., and R. J. Lempert (2010). Thinking inside the box. *Technological Forecasting and Social Change* 77:
34-49.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import hypergeom

__all__ = ["ALPHA", "LEAST", "Box", "choose", "find_box", "pasted", "peeled", "sharpened", "simplified"]

ALPHA = 0.05
"""Share of a box's points that is peeled off, or pasted on, in a step."""

LEAST = 0.05
"""Share of all points that a box has at least."""

CHANCE = 0.05
"""Restrictions are kept that chance would bring about more seldom, at any of the places searched together."""

SWEEPS = 20


@dataclass(frozen=True, eq=False)
class Box:
    """A box.

    Attributes
    ----------
    low, high : numpy.ndarray, shape (dimensions,)
        Its edges, infinite where it has none.
    """

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def whole(cls, dimensions: int) -> Box:
        """Give the box without edges."""
        return cls(np.full(dimensions, -np.inf), np.full(dimensions, np.inf))

    def inside(self, x: np.ndarray) -> np.ndarray:
        """Say which points, (points, dimensions), lie in it."""
        found = np.ones(len(x), dtype=bool)
        for k in self.restricted:
            found &= (x[:, k] >= self.low[k]) & (x[:, k] <= self.high[k])
        return found

    @property
    def restricted(self) -> tuple[int, ...]:
        """Dimensions in which it has an edge."""
        return tuple(int(k) for k in np.flatnonzero(np.isfinite(self.low) | np.isfinite(self.high)))

    def without(self, dimension: int) -> Box:
        """Give it without edges in a dimension."""
        return self.moved(dimension, 0, -np.inf).moved(dimension, 1, np.inf)

    def moved(self, dimension: int, side: int, edge: float) -> Box:
        """Give it with another edge, the lower (side 0) or the upper one (1)."""
        ends = (self.low.copy(), self.high.copy())
        ends[side][dimension] = edge
        return Box(*ends)


def _slices(x: np.ndarray, alpha: float) -> Iterator[tuple[int, int, float, np.ndarray]]:
    """Give what could be peeled: dimension, side, new edge (midway between points), which points go.

    Points that lie at the same place go together.
    """
    count = max(1, int(alpha * len(x)))
    ordered = np.sort(x, axis=0)
    for k in range(x.shape[1]):
        column = x[:, k]
        for side in (0, 1):
            kept = ordered[count if side == 0 else -1 - count, k]
            if kept == ordered[0 if side == 0 else -1, k]:
                beyond = column[column > kept] if side == 0 else column[column < kept]
                if not len(beyond):
                    continue
                kept = beyond.min() if side == 0 else beyond.max()
            gone = column < kept if side == 0 else column > kept
            last = column[gone].max() if side == 0 else column[gone].min()
            yield k, side, float((kept + last) / 2.0), gone


def peeled(x: np.ndarray, y: np.ndarray, alpha: float = ALPHA, least: float = LEAST) -> list[Box]:
    """Peel: give the boxes that are passed, from that of all points on.

    Parameters
    ----------
    x : numpy.ndarray, shape (points, dimensions)
        Points.
    y : numpy.ndarray of bool, shape (points,)
        Which of them meet the condition.
    alpha : float
        Share of the points of a box that a step takes off, at least.
    least : float
        Share of all points that a box keeps. Peeling ends there, or where no slice raises the density.

    Examples
    --------
    >>> x = np.arange(100.0)[:, None]
    >>> boxes = peeled(x, x[:, 0] >= 60.0)
    >>> float(boxes[-1].low[0]) > 57.0, float(boxes[-1].high[0])
    (True, inf)
    """
    boxes = [Box.whole(x.shape[1])]
    inner, hits = x, y.astype(np.float64)
    while len(inner) > 1:
        total, count = hits.sum(), len(inner)
        best: tuple[float, int, int, float, np.ndarray] | None = None
        for k, side, edge, gone in _slices(inner, alpha):
            out = int(np.count_nonzero(gone))
            if count - out < least * len(x) or out == count:
                continue
            # The gain in density for each point that goes: slices are not all as thick.
            worth = ((total - hits[gone].sum()) / (count - out) - total / count) / out
            if worth > 0.0 and (best is None or worth > best[0]):
                best = (worth, k, side, edge, gone)
        if best is None:
            break
        _, k, side, edge, gone = best
        boxes.append(boxes[-1].moved(k, side, edge))
        inner, hits = inner[~gone], hits[~gone]
    return boxes


def pasted(x: np.ndarray, y: np.ndarray, box: Box, alpha: float = ALPHA) -> Box:
    """Paste: move edges out again, by a slice at a time, as long as the density does not fall.

    Parameters
    ----------
    x, y
        As for `peeled`.
    box : Box
        To be enlarged.
    alpha : float
        Points that a step adds, as a share of those in the box.
    """
    while True:
        inner = box.inside(x)
        count, total = int(inner.sum()), float(y[inner].sum())
        best: tuple[float, int, Box] | None = None
        for k in box.restricted:
            around = box.without(k).inside(x)
            for side, edge in ((0, box.low[k]), (1, box.high[k])):
                if not np.isfinite(edge):
                    continue
                beyond = np.sort(x[around & ((x[:, k] < edge) if side == 0 else (x[:, k] > edge)), k])
                wider = box.moved(k, side, _widened(beyond, side, max(1, int(alpha * count))))
                held = wider.inside(x)
                added = int(held.sum()) - count
                if len(beyond) and added == 0:
                    continue
                density = float(y[held].sum()) / max(int(held.sum()), 1)
                if density * max(count, 1) >= total and (best is None or (density, added) > best[:2]):
                    best = (density, added, wider)
        if best is None:
            return box
        box = best[2]


def _widened(beyond: np.ndarray, side: int, count: int) -> float:
    """Give an edge with so many more points within it, those at the same place together; none if that is all."""
    values = beyond[::-1] if side == 0 else beyond
    if len(values) <= count:
        return -np.inf if side == 0 else np.inf
    last = values[count - 1]
    further = values[values < last] if side == 0 else values[values > last]
    if not len(further):
        return -np.inf if side == 0 else np.inf
    return float((last + further[0]) / 2.0)


def excess(x: np.ndarray, y: np.ndarray, box: Box, base: float) -> float:
    """Give how many more points of a box meet the condition than at the base rate.

    Divided by the number of all points it is the weighted relative accuracy of subgroup discovery. However much chance
    there is in the condition inside and outside, it is largest for the region in which points meet it more often than
    the base rate.
    """
    inner = box.inside(x)
    return float(y[inner].sum() - base * inner.sum())


def choose(x: np.ndarray, y: np.ndarray, boxes: list[Box], base: float) -> Box:
    """Give the box that has the largest excess; of equal ones the first."""
    return max(boxes, key=lambda box: excess(x, y, box, base))


def sharpened(x: np.ndarray, y: np.ndarray, box: Box, base: float) -> Box:
    """Set each edge that a box has where the excess is largest, the others as they are, until none moves."""
    for _ in range(SWEEPS):
        before = box
        for k in box.restricted:
            for side in (0, 1):
                edge = (box.low, box.high)[side][k]
                if np.isfinite(edge):
                    box = _best_edge(x, y, box, k, side, base)
        if np.array_equal(before.low, box.low) and np.array_equal(before.high, box.high):
            break
    return box


def _best_edge(x: np.ndarray, y: np.ndarray, box: Box, k: int, side: int, base: float) -> Box:
    free = box.moved(k, side, -np.inf if side == 0 else np.inf)
    inner = free.inside(x)
    # From the side that stays on: after how many points the sum of what each is worth is largest.
    order = np.argsort(-x[inner, k] if side == 0 else x[inner, k], kind="stable")
    values = x[inner, k][order]
    if not len(values):
        return box
    sums = np.cumsum(y[inner][order] - base)
    last = np.append(values[1:] != values[:-1], True)
    best = int(np.where(last, sums, -np.inf).argmax())
    if best == len(values) - 1:
        return free
    return box.moved(k, side, float((values[best] + values[best + 1]) / 2.0))


def simplified(x: np.ndarray, y: np.ndarray, box: Box, base: float, chance: float = CHANCE) -> Box:
    """Drop restrictions, one by one, that a box is not better by than chance makes it.

    Parameters
    ----------
    x, y, box
        As for `peeled`, and the box found.
    base : float
        For the edges that stay, which are set anew.
    chance : float
        A restriction stays if what it cuts off is as poor by chance at most so often, wherever it were: in any of the
        dimensions, on either side, at any of as many places as there are slices.
    """
    while box.restricted:
        odds = {k: _odds(x, y, box, k) for k in box.restricted}
        worst = max(odds, key=lambda k: odds[k])
        if odds[worst] <= chance * ALPHA / (2 * x.shape[1]):
            break
        box = sharpened(x, y, box.without(worst), base)
    return box


def _odds(x: np.ndarray, y: np.ndarray, box: Box, k: int) -> float:
    """Give the chance that as few or fewer of the points that a restriction cuts off meet the condition."""
    around, inner = box.without(k).inside(x), box.inside(x)
    cut = around & ~inner
    counts = (int(around.sum()), int(y[around].sum()), int(cut.sum()))
    return 1.0 if counts[2] == 0 else float(hypergeom.cdf(int(y[cut].sum()), *counts))


def find_box(
    x: np.ndarray,
    y: np.ndarray,
    base: float | None = None,
    alpha: float = ALPHA,
    least: float = LEAST,
) -> tuple[Box, list[Box]]:
    """Find a box in which many points meet a condition.

    Parameters
    ----------
    x : numpy.ndarray, shape (points, dimensions)
        Points.
    y : numpy.ndarray of bool, shape (points,)
        Which of them meet the condition.
    base : float, optional
        Rate that is nothing special; that of all these points if not given.
    alpha, least
        As for `peeled`.

    Returns
    -------
    tuple
        The box, without edges where nothing is found; and those that were passed.

    Examples
    --------
    >>> x = np.random.default_rng(1).random((1000, 3))
    >>> box, _ = find_box(x, (x[:, 0] < 0.4) & (x[:, 2] > 0.5))
    >>> box.restricted, round(float(box.high[0]), 1), round(float(box.low[2]), 1)
    ((0, 2), 0.4, 0.5)
    """
    rate = float(y.mean()) if base is None else base
    passed = peeled(x, y, alpha, least)
    chosen = pasted(x, y, choose(x, y, passed, rate), alpha)
    return simplified(x, y, sharpened(x, y, chosen, rate), rate), passed
