"""Chance and arithmetic of the model in the plain idiom: Mesa's own by default, the rules' own in one test."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from types import FunctionType
from typing import Any, Protocol

from r2psim.rules import arithmetic

__all__ = ["CounterLuck", "Luck", "MesaLuck", "Named", "luck_named"]


class Named(Protocol):
    """Whatever chance is drawn for."""

    identity: int


class MesaLuck:
    """The model's own stream of random numbers, and the functions of the standard library.

    Parameters
    ----------
    stream : random.Random
        The ``random`` of a Mesa model.
    """

    exp = staticmethod(math.exp)
    log = staticmethod(math.log)

    def __init__(self, stream: Any) -> None:
        self.month = 0
        self._random = stream.random
        self._gauss = stream.gauss
        self._normal = NormalDist()

    def normal_quantile(self, u: float) -> float:
        """Quantile of the standard normal distribution; 0 counts as 2**-54."""
        return self._normal.inv_cdf(u or 2.0**-54)

    def uniform(self, who: Named, purpose: int, under: Named | None = None) -> float:
        """Draw the next number of the stream."""
        number: float = self._random()
        return number

    def bell(self, who: Named, purpose: int, under: Named | None = None) -> float:
        """Draw a normal number."""
        number: float = self._gauss(0.0, 1.0)
        return number


def _python_of(function: Any, **names: Any) -> Callable[[float], float]:
    """Give the Python of a compiled function of one number, calling what ``names`` has in place of compiled ones."""
    python = getattr(function, "py_func", function)
    copied = FunctionType(python.__code__, {**python.__globals__, **names})

    def plain(x: float) -> float:
        return float(copied(x))

    return plain


_LOW = 0xFFFFFFFF


def _philox(counter: tuple[int, int, int, int], key0: int, key1: int) -> tuple[int, int, int, int]:
    """Philox4x32-10 of four 32-bit words, as in `r2psim.rules.draws`."""
    c0, c1, c2, c3 = counter
    for _ in range(10):
        p0 = c0 * 0xD2511F53
        p1 = c2 * 0xCD9E8D57
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ key0, p1 & _LOW, (p0 >> 32) ^ c3 ^ key1, p0 & _LOW
        key0 = (key0 + 0x9E3779B9) & _LOW
        key1 = (key1 + 0xBB67AE85) & _LOW
    return c0, c1, c2, c3


class CounterLuck:
    """The numbers of `r2psim.rules.draws` and the functions of `r2psim.rules.arithmetic`, slowly: for a test only.

    Parameters
    ----------
    seed, run : int
        As in `r2psim.rules.draws.draws_of`.
    """

    def __init__(self, seed: int, run: int) -> None:
        self.month = 0
        self.exp = _python_of(arithmetic.exp)
        self.log = _python_of(arithmetic.log)
        self.normal_quantile = _python_of(arithmetic.normal_quantile, log=self.log)
        self._run = run
        self._key = (seed & _LOW, seed >> 32)

    def _words(self, who: Named, purpose: int, under: Named | None) -> tuple[int, int, int, int]:
        key0, key1 = self._key
        if under is not None:
            key0 ^= under.identity & _LOW
            key1 ^= under.identity >> 32
        block = self.month << 16 | purpose >> 1
        return _philox((self._run, who.identity & _LOW, who.identity >> 32, block), key0, key1)

    def uniform(self, who: Named, purpose: int, under: Named | None = None) -> float:
        """Draw the number of an agent for a purpose this month."""
        words = self._words(who, purpose, under)
        high, low = words[2:] if purpose & 1 else words[:2]
        return ((high >> 5) * 67108864.0 + (low >> 6)) * 2.0**-53

    def bell(self, who: Named, purpose: int, under: Named | None = None) -> float:
        """Draw the sum of eight uniform numbers, scaled."""
        total = sum((word & 0xFFFF) + (word >> 16) for word in self._words(who, purpose, under))
        return (total - 262140.0) * (1.0 / 53509.91992145008)


Luck = MesaLuck | CounterLuck
"""What agents draw from, and the functions of which processors give different last bits."""


def luck_named(name: str | None, stream: Any, seed: int, run: int) -> Luck:
    """Give the luck of a model: None for Mesa's own, ``counter`` for that of the rules.

    Raises
    ------
    ValueError
        If the name is not known.
    """
    if name is None:
        return MesaLuck(stream)
    if name == "counter":
        return CounterLuck(seed, run)
    raise ValueError(f"luck {name!r} is not allowed: None or 'counter'")
