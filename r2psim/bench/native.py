"""A whole run in C: what the rules are measured against."""

from __future__ import annotations

import numpy as np

from r2psim.rules.draws import Draws
from r2psim.rules.month import month, opening
from r2psim.translation.native import FLAGS, Library
from r2psim.world.rows import Rows

__all__ = ["months", "months_in_c"]


def months(rows: Rows, p: np.ndarray, luck: Draws, first: int, last: int) -> None:
    """Run the months ``first..last`` of one run: the entry that is translated."""
    for m in range(first, last):
        month(rows, p, Draws(luck.key0, luck.key1, luck.run, np.uint64(m)))


def months_in_c(rows: Rows, p: np.ndarray, luck: Draws, flags: tuple[str, ...] = FLAGS) -> Library:
    """Translate and compile a whole run.

    The library offers ``r2_opening`` with the arguments of `r2psim.rules.month.opening`, and ``r2_months`` with those
    of `months`.

    Parameters
    ----------
    rows, p, luck : Rows, numpy.ndarray, Draws
        Of the types that it will be called with; not changed.
    """
    entries = {"r2_opening": (opening, (rows, p, luck)), "r2_months": (months, (rows, p, luck, 0, 1))}
    return Library(entries, flags)
