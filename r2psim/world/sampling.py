"""Sampling for invented worlds: streams of uniform numbers, and distributions by their inverse functions.

Chance is drawn as raw words of Philox streams, one for each (seed, purpose, index), and used through inverse
distribution functions: no stream depends on how many other states there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

__all__ = ["Stream", "at_most", "interpolate", "normal", "phi", "spread"]

_NORMAL = NormalDist()
_BLOCK = 64
_PLASTIC = 1.324717957244746
_STRIDES = (1 / _PLASTIC, 1 / _PLASTIC**2)
"""Strides of the additive sequence R2 (Roberts 2018): evenly spread in one and in two dimensions."""


class Stream:
    """An endless stream of uniform numbers within 0-1, its ends excluded.

    Raw words of Philox are part of NumPy's promise of compatibility; the streams of its distributions are not.

    Parameters
    ----------
    seed : int
        Seed of the world, 0 to 2**63 - 1.
    purpose, index : int
        What is drawn, and for which entity; each below 2**32.

    Examples
    --------
    >>> Stream(1, 2, 3)() == Stream(1, 2, 3)()
    True
    """

    def __init__(self, seed: int, purpose: int, index: int) -> None:
        import numpy as np

        self._bits = np.random.Philox(key=np.array([seed, purpose << 32 | index], dtype=np.uint64))
        self._left: list[int] = []

    def __call__(self) -> float:
        """Give the next number, a multiple of 2**-53 plus 2**-54."""
        if not self._left:
            self._left = self._bits.random_raw(_BLOCK).tolist()[::-1]
        return ((self._left.pop() >> 11) + 0.5) * 2.0**-53

    def pick(self, items: Sequence[Any]) -> Any:
        """Give one of the items, each with the same chance."""
        return items[int(self() * len(items))]

    def normal(self) -> float:
        """Give a standard normal number."""
        return normal(self())


def normal(u: float) -> float:
    """Give the standard normal quantile of a number between 0 and 1."""
    return _NORMAL.inv_cdf(min(max(u, 1e-12), 1 - 1e-12))


def phi(z: float) -> float:
    """Give the standard normal distribution function."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def interpolate(quantiles: Sequence[float], u: float) -> float:
    """Give the quantile at `u` of a table of quantiles at equal distances from 0 to 1.

    Examples
    --------
    >>> interpolate([0.0, 1.0, 4.0], 0.75)
    2.5
    """
    place = u * (len(quantiles) - 1)
    below = min(int(place), len(quantiles) - 2)
    return quantiles[below] + (quantiles[below + 1] - quantiles[below]) * (place - below)


def at_most(u: float, limits: Sequence[float], values: Sequence[Any]) -> Any:
    """Give the first value whose cumulative share reaches `u`, the last one if none does.

    Examples
    --------
    >>> at_most(0.6, [0.5, 0.9, 1.0], ["low", "middle", "high"])
    'middle'
    """
    return next((value for value, limit in zip(values, limits, strict=True) if u <= limit), values[-1])


def spread(shift: float, index: int, dimension: int) -> float:
    """Give element `index` of an evenly spread sequence: any first n elements fill 0-1 almost evenly.

    Parameters
    ----------
    shift : float
        Start, 0-1, drawn once a world.
    index : int
        Number of the element, from 0.
    dimension : int
        0 or 1: the two together fill the unit square evenly.
    """
    return (shift + index * _STRIDES[dimension]) % 1.0
