"""Chance in whole arrays, for many runs at once: the same bits as `r2psim.rules.draws` gives one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from r2psim.rules.draws import _BELL_MEAN, _BELL_SCALE, _HALF, _LOW, _M0, _M1, _W0, _W1, Draws, _16, _32

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

__all__ = ["bells"]

_WORD = 0xFFFFFFFF


def bells(draws: Draws, under: np.uint64, runs: Words, who: Words, number: int) -> NDArray[np.float64]:
    """Draw nearly normal numbers of many entities in many runs: `r2psim.rules.draws.bell`.

    Parameters
    ----------
    draws : Draws
        Seed and month.
    under : numpy.uint64
        Identity of whom the entities are drawn together with: `r2psim.rules.draws.under`.
    runs : numpy.ndarray, uint64, shape (runs,)
        Numbers of the runs.
    who : numpy.ndarray, uint64, shape (entities,)
        Identities.
    number : int
        A purpose of `r2psim.rules.draws.PURPOSES`.

    Returns
    -------
    numpy.ndarray, shape (runs, entities)
    """
    k0 = int(draws.key0) ^ (int(under) & _WORD)
    k1 = int(draws.key1) ^ (int(under) >> 32)
    # The first two rounds are of runs alone or of entities alone: only from the third on are there as many as both.
    c0: Words = runs[:, None] & _LOW
    c1: Words = who & _LOW
    c2: Words = who >> _32
    c3: Words = np.full(1, int(draws.month) << 16 | number >> 1, dtype=np.uint64)
    for _ in range(10):
        p0, p1 = c0 * _M0, c2 * _M1
        c1, c3 = (p1 >> _32) ^ (c1 ^ np.uint64(k0)), (p0 >> _32) ^ (c3 ^ np.uint64(k1))
        c0, c1, c2, c3 = c1, p1 & _LOW, c3, p0 & _LOW
        k0, k1 = (k0 + int(_W0)) & _WORD, (k1 + int(_W1)) & _WORD
    total = (c0 & _HALF) + (c0 >> _16)
    for word in (c1, c2, c3):
        total += (word & _HALF) + (word >> _16)
    return (total.astype(np.float64) - _BELL_MEAN) * _BELL_SCALE
