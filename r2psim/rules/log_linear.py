"""Log-linear hazards, read off the declarations of the parameters.

A hazard is a table of parameters with a ``base``; every further entry named after a column multiplies that column's
deviation from its reference value in the log hazard::

    hazard = base * exp(sum over columns of coefficient * (column - reference))

One more covariate is therefore one more declaration, and the explanation of an event reads the same table.
"""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import Table
from r2psim.rules.arithmetic import exp
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.scenario.parameters import PARAMETERS

__all__ = ["hazard", "hazards", "log_effect", "log_effects", "terms"]

_PLACE = {path: i for i, path in enumerate(PARAMETERS)}


def terms(prefix: str, table: Table) -> np.ndarray:
    """Collect a hazard's terms from the declarations.

    Parameters
    ----------
    prefix : str
        Path of the table of parameters, such as ``stages.to_threat``.
    table : Table
        Whose columns the entries are named after. Entries that name no column are the rule's own affair.

    Returns
    -------
    numpy.ndarray, int64, shape (1 + terms, 3)
        First row: place of the base. Then place of the coefficient, place of the column, place of the reference or -1.
    """
    found = [(_PLACE[f"{prefix}.base"], 0, -1)]
    for path, place in _PLACE.items():
        parent, _, name = path.rpartition(".")
        if parent == prefix and name in table.index:
            found.append((place, table.index[name], _PLACE.get(f"reference.{name}", -1)))
    return np.array(found, dtype=np.int64)


@inline
def weight(p: np.ndarray, table: np.ndarray, j: int) -> tuple[float, float]:
    """Give the coefficient of the ``j``-th term, and the reference that its column is measured against."""
    reference = p[table[j, 2]] if table[j, 2] >= 0 else 0.0
    return p[table[j, 0]], reference


@by_run("block")
@inline
def log_effect(p: np.ndarray, block: np.ndarray, row: int, table: np.ndarray) -> float:
    """Sum the terms of one row: the log of its hazard over the base rate."""
    eta = 0.0
    for j in range(1, table.shape[0]):
        coefficient, reference = weight(p, table, j)
        eta += coefficient * (block[table[j, 1], row] - reference)
    return eta


@by_run("block")
@inline
def hazard(p: np.ndarray, block: np.ndarray, row: int, table: np.ndarray) -> float:
    """Give the log-linear hazard of one row, in the unit of its base."""
    base: float = p[table[0, 0]]
    return base * exp(log_effect(p, block, row, table))


@by_run("block")
@rule
def log_effects(p: np.ndarray, block: np.ndarray, first: int, last: int, table: np.ndarray, out: np.ndarray) -> None:
    """Sum the terms of the rows ``first..last``, term by term over all rows, so that it vectorises.

    Parameters
    ----------
    p : numpy.ndarray, shape (parameters,)
        Values of all parameters.
    block : numpy.ndarray, shape (columns, rows)
        Where the covariates are.
    first, last : int
        Rows.
    table : numpy.ndarray
        As `terms` gives it.
    out : numpy.ndarray, shape (last - first,)
        Filled with the log of each hazard over its base rate. The bits are those of `log_effect`.
    """
    n = last - first
    for i in range(n):
        out[i] = 0.0
    # Four terms at a time, added one after the other: the sum is loaded and stored a quarter as often.
    j = 1
    while j + 3 < table.shape[0]:
        c0, r0 = weight(p, table, j)
        c1, r1 = weight(p, table, j + 1)
        c2, r2 = weight(p, table, j + 2)
        c3, r3 = weight(p, table, j + 3)
        x0 = block[table[j, 1], first:last]
        x1 = block[table[j + 1, 1], first:last]
        x2 = block[table[j + 2, 1], first:last]
        x3 = block[table[j + 3, 1], first:last]
        for i in range(n):
            eta = out[i] + c0 * (x0[i] - r0)
            eta += c1 * (x1[i] - r1)
            eta += c2 * (x2[i] - r2)
            eta += c3 * (x3[i] - r3)
            out[i] = eta
        j += 4
    while j < table.shape[0]:
        coefficient, reference = weight(p, table, j)
        column = block[table[j, 1], first:last]
        for i in range(n):
            out[i] += coefficient * (column[i] - reference)
        j += 1


@by_run("block")
@rule
def hazards(p: np.ndarray, block: np.ndarray, first: int, last: int, table: np.ndarray, out: np.ndarray) -> None:
    """Give the log-linear hazards of the rows ``first..last``, in the unit of their base.

    Parameters are those of `log_effects`; the bits are those of `hazard`.
    """
    log_effects(p, block, first, last, table, out)
    base = p[table[0, 0]]
    for i in range(last - first):
        out[i] = base * exp(out[i])
