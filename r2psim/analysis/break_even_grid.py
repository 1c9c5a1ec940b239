"""Where a quantity changes sign over one or two dimensions: few runs far from the line, more near it.

A coarse lattice is laid over the range. Where the corners of a cell do not agree on the sign, or one of them cannot be
told apart from zero, the corners get all runs that are allowed, and a cell that is still mixed is cut into halves (of
two dimensions: quarters). What is told apart far from any line rests on few runs; what borders on the region where
nothing is told apart always rests on all of them, so that no verdict that matters was taken at an early look. The
region itself, of which zero is in the 95 % interval at every place, holds the true line with the coverage of that
interval, place by place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import product

import numpy as np

from r2psim.ensemble.intervals import Interval, paired_interval

__all__ = ["Cell", "Found", "Grid", "Sign", "Spot", "explore", "sign_of"]


class Sign(Enum):
    """What is told of a quantity at a place."""

    ABOVE = "above"
    """Told apart from zero, and above it."""
    BELOW = "below"
    """Told apart from zero, and below it."""
    OPEN = "open"
    """Not told apart from zero."""
    NOTHING = "nothing"
    """Exactly zero in every run."""
    NONE = "none"
    """The question does not arise: no value."""


@dataclass(frozen=True)
class Found:
    """What is known of a quantity at a place: its mean with the 95 % interval, None without a value; and its sign."""

    interval: Interval | None
    sign: Sign


@dataclass(frozen=True)
class Spot:
    """A place that was looked at.

    Attributes
    ----------
    shares : tuple of float
        Where it is, each as a share 0-1 of the range.
    runs : int
        On how many runs it rests.
    found : dict of str to Found
        By quantity.
    """

    shares: tuple[float, ...]
    runs: int
    found: dict[str, Found]


@dataclass(frozen=True)
class Cell:
    """A part of the range that was not cut further.

    Attributes
    ----------
    low, high : tuple of float
        Its ends, as shares of the range.
    signs : dict of str to Sign
        By quantity: the sign on which all its corners agree, and `Sign.OPEN` where they do not.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    signs: dict[str, Sign]

    @property
    def size(self) -> float:
        """Its share of the whole range."""
        return float(np.prod([b - a for a, b in zip(self.low, self.high, strict=True)]))


@dataclass(frozen=True)
class Grid:
    """What was found.

    Attributes
    ----------
    spots : tuple of Spot
        All places, in the order of their shares.
    cells : tuple of Cell
        What the range is cut into.
    stopped : bool
        Whether cells that were still mixed were not cut, since the places allowed were used up.
    """

    spots: tuple[Spot, ...]
    cells: tuple[Cell, ...]
    stopped: bool


Measure = Callable[[tuple[float, ...], int], Mapping[str, np.ndarray | None]]
"""Gives, at a place (shares 0-1) and for a number of runs, every quantity run by run; None where there is no value."""


def sign_of(values: np.ndarray | None) -> Found:
    """Say what runs tell of the sign of a quantity.

    Parameters
    ----------
    values : numpy.ndarray or None, shape (runs,)
        The quantity, run by run.

    Examples
    --------
    >>> sign_of(np.zeros(60)).sign, sign_of(None).sign, sign_of(np.linspace(1.0, 2.0, 60)).sign
    (<Sign.NOTHING: 'nothing'>, <Sign.NONE: 'none'>, <Sign.ABOVE: 'above'>)
    """
    interval = None if values is None else paired_interval(values)
    if values is None or interval is None:
        return Found(None, Sign.NONE)
    if not values.any():
        return Found(interval, Sign.NOTHING)
    if not interval.told_apart:
        return Found(interval, Sign.OPEN)
    return Found(interval, Sign.ABOVE if interval.mean > 0.0 else Sign.BELOW)


Place = tuple[int, ...]


@dataclass
class _Search:
    """The lattice while it is being refined; a cell is its lower corner and its size, in steps of the lattice."""

    measure: Measure
    steps: int
    few: int
    full: int
    spots: dict[Place, Spot] = field(default_factory=dict)

    def look(self, place: Place, runs: int) -> None:
        known = self.spots.get(place)
        if known is not None and known.runs >= runs:
            return
        shares = tuple(i / self.steps for i in place)
        values = self.measure(shares, runs)
        self.spots[place] = Spot(shares, runs, {name: sign_of(found) for name, found in values.items()})

    def corners(self, cell: tuple[Place, int]) -> list[Place]:
        low, size = cell
        return [tuple(a + d for a, d in zip(low, step, strict=True)) for step in product((0, size), repeat=len(low))]

    def signs(self, cell: tuple[Place, int]) -> dict[str, set[Sign]]:
        at = [self.spots[place] for place in self.corners(cell)]
        return {name: {spot.found[name].sign for spot in at} for name in at[0].found}

    def near(self, cell: tuple[Place, int]) -> bool:
        """Whether a line may run through or by a cell."""
        return any(len(signs) > 1 or Sign.OPEN in signs for signs in self.signs(cell).values())

    def mixed(self, cell: tuple[Place, int]) -> int:
        """Of how many quantities the corners of a cell do not agree."""
        return sum(len(signs) > 1 for signs in self.signs(cell).values())

    def settle(self, cells: Iterable[tuple[Place, int]]) -> None:
        """Give all runs to the corners of every cell near a line, until no further cell turns out to be near one."""
        cells = list(cells)
        while True:
            wanted = dict.fromkeys(p for cell in cells if self.near(cell) for p in self.corners(cell))
            more = [place for place in wanted if self.spots[place].runs < self.full]
            for place in more:
                self.look(place, self.full)
            if not more:
                return


def explore(
    measure: Measure, dimensions: int, coarse: int, depth: int, few: int, full: int, most: int | None = None
) -> Grid:
    """Find where quantities change sign.

    Parameters
    ----------
    measure : callable
        Gives every quantity, run by run, at a place. The first runs at a place must not depend on how many are asked
        for, and all places should have the same luck.
    dimensions : int
        How many.
    coarse : int
        Cells of the coarse lattice to each side.
    depth : int
        How often a cell is cut, at most.
    few, full : int
        Runs at first, and near a line.
    most : int, optional
        Places that are looked at, at most; the coarse lattice always is.

    Returns
    -------
    Grid
        The same for the same arguments.
    """
    search = _Search(measure, coarse * 2**depth, min(few, full), full)
    size = 2**depth
    cells = [(tuple(size * i for i in low), size) for low in product(range(coarse), repeat=dimensions)]
    for cell in cells:
        for place in search.corners(cell):
            search.look(place, search.few)
    stopped = False
    while True:
        search.settle(cells)
        cut: list[tuple[Place, int]] = []
        kept: list[tuple[Place, int]] = []
        # Where not all can be cut, those through which most lines run come first.
        for cell in sorted(cells, key=lambda cell: -search.mixed(cell)):
            parts = _parts(cell) if cell[1] > 1 and search.mixed(cell) else []
            places = dict.fromkeys(place for part in parts for place in search.corners(part))
            new = [place for place in places if place not in search.spots]
            if parts and most is not None and len(search.spots) + len(new) > most:
                stopped = True
                parts = []
            if not parts:
                kept.append(cell)
                continue
            for place in new:
                search.look(place, search.few)
            cut += parts
        cells = kept + cut
        if not cut:
            break
    steps = float(search.steps)
    found = []
    for low, width in sorted(cells):
        signs = {
            name: next(iter(signs)) if len(signs) == 1 else Sign.OPEN
            for name, signs in search.signs((low, width)).items()
        }
        found.append(Cell(tuple(i / steps for i in low), tuple((i + width) / steps for i in low), signs))
    return Grid(tuple(search.spots[place] for place in sorted(search.spots)), tuple(found), stopped)


def _parts(cell: tuple[Place, int]) -> list[tuple[Place, int]]:
    low, size = cell
    half = size // 2
    return [
        (tuple(a + d for a, d in zip(low, step, strict=True)), half) for step in product((0, half), repeat=len(low))
    ]
