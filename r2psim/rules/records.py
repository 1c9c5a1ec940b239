"""Values of parameters: a record of all runs, or one of each run that lies side by side. See `r2psim.rules.by_run`."""

from __future__ import annotations

import numpy as np

from r2psim.rules.compiled import inline
from r2psim.scenario.parameters import PARAMETERS

__all__ = ["RECORD", "apart", "apart_in_terms", "records_in"]

RECORD = len(PARAMETERS)
"""Values of a record."""


@inline
def records_in(p: np.ndarray) -> int:
    """Count the records of runs."""
    n = len(p) // RECORD
    return n - 1 if n > 1 else 1


@inline
def apart(p: np.ndarray, places: np.ndarray) -> int:
    """Count the runs that something goes through one after the other: all, if they differ at one of these places."""
    n = records_in(p)
    found = 1
    if n > 1:
        for j in range(len(places)):
            found = n if p[n * RECORD + places[j]] != 0.0 else found
    return found


@inline
def apart_in_terms(p: np.ndarray, table: np.ndarray) -> int:
    """Count the same for what reads the terms of a hazard (`r2psim.rules.log_linear`)."""
    n = records_in(p)
    found = 1
    if n > 1:
        for j in range(table.shape[0]):
            found = n if p[n * RECORD + table[j, 0]] != 0.0 else found
            reference = table[j, 2] if table[j, 2] >= 0 else table[j, 0]
            found = n if p[n * RECORD + reference] != 0.0 else found
    return found
