"""The two numbers that all chance of a run comes from: checked where a person gives them, drawn where nobody does."""

from __future__ import annotations

import random
import re
import secrets
from operator import index
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.random import Generator, RandomState, SeedSequence

__all__ = ["Seed", "checked_run", "checked_seed", "fresh_seed"]

if TYPE_CHECKING:
    Seed = int | str | SeedSequence | Generator | RandomState | random.Random | None
else:
    Seed = Any
"""What can be given as a seed: see `checked_seed`."""

SEEDS = 1 << 64
RUNS = 1 << 32
EXACT_BITS = 53
"""A fresh seed stays below 2**53: every reader of JSON, CSV and spreadsheets gives it back exactly."""


def fresh_seed() -> int:
    """Draw a seed from the operating system's entropy, a whole number from 0 to 2**53 - 1."""
    return secrets.randbits(EXACT_BITS)


def _whole(name: str, value: object, end: int) -> int:
    """Give a whole number from 0 up to ``end``, from any kind of integer or from a text that reads as one."""
    power = end.bit_length() - 1
    refused = f"{name} {value!r} is not allowed: a whole number from 0 to 2**{power} - 1"
    if isinstance(value, str):
        if not re.fullmatch(r"\s*\d{1,20}\s*", value, re.ASCII):
            raise ValueError(refused)
        value = int(value)
    if isinstance(value, bool):
        raise TypeError(refused)
    try:
        number = index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(refused) from None
    if not 0 <= number < end:
        raise ValueError(refused)
    return number


def checked_seed(seed: object = None) -> int:
    """Give the seed that somebody asks for; a fresh one where nobody asks.

    Parameters
    ----------
    seed : int, str, SeedSequence, Generator, RandomState, Random or None
        Any kind of integer from 0 to 2**64 - 1, NumPy's too, or a text that reads as one; a `numpy.random.SeedSequence`
        gives always the same one, a generator of random numbers (NumPy's or Python's) the next one that it draws; None
        draws a fresh one.

    Returns
    -------
    int
        Whoever gives None, or a generator, has to report it: without it the run cannot be made again.

    Raises
    ------
    TypeError
        If it is none of these; a number with a fraction or a truth value is not.
    ValueError
        If it is out of range, or a text that is no whole number.

    Examples
    --------
    >>> import numpy as np
    >>> checked_seed(np.int64(7)), checked_seed("7"), checked_seed(None) < 2**53
    (7, 7, True)
    >>> checked_seed(np.random.SeedSequence(7)) == checked_seed(np.random.SeedSequence(7))
    True
    """
    return fresh_seed() if seed is None else _whole("seed", _drawn(seed), SEEDS)


def _drawn(seed: object) -> object:
    """Take a seed from whatever gives random numbers; anything else is given back."""
    if isinstance(seed, random.Random):
        return seed.getrandbits(EXACT_BITS)
    kind = f"{type(seed).__module__}.{type(seed).__qualname__}"
    if not kind.startswith("numpy.random."):
        return seed
    import numpy as np

    if isinstance(seed, np.random.SeedSequence):
        return int(seed.generate_state(1, np.uint64)[0]) >> (64 - EXACT_BITS)
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(1 << EXACT_BITS))
    if isinstance(seed, np.random.RandomState):
        return int(seed.randint(1 << EXACT_BITS, dtype=np.int64))
    return seed


def checked_run(run: object) -> int:
    """Give the number of a run that somebody asks for: any kind of integer from 0 to 2**32 - 1.

    Raises
    ------
    TypeError, ValueError
        As `checked_seed` does.
    """
    return _whole("run", run, RUNS)
