"""Parameters by run: a rule goes through runs side by side together, or one after the other where they differ.

Values of parameters are an array of one record, that of all runs; or of a record for each run that lies side by side
(`r2psim.world.rows.side_by_side`), one after the other, and behind them a record that is not 0 where the runs differ. A
rule is written for one record. `by_run` lets it be called with several: where the runs agree on all that it reads it
is called once for all of them, else once for the rows of each run, with the run's own record. What it reads is found in
its code. The smaller the function, the fewer the loops that are cut into short ones: functions that read what is often
drawn are marked as well as the rule that calls them, which then is not taken to read it itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, cast

import numpy as np

from r2psim.rules.compiled import CompiledRule, inline
from r2psim.rules.records import RECORD, apart, apart_in_terms, records_in
from r2psim.scenario.parameters import P

__all__ = ["by_run", "many_records", "places_read"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_COLUMNS = ("out", "into")
"""Arguments that hold a number for each of the rows from ``first`` to ``last``."""


def many_records(records: np.ndarray) -> np.ndarray:
    """Put the records of runs side by side one after the other, as rules take them.

    Parameters
    ----------
    records : numpy.ndarray, shape (runs, RECORD)
        Values of the parameters in each of them.

    Returns
    -------
    numpy.ndarray, shape (RECORD,) or ((runs + 1) * RECORD,)
        The one record, if there is one run.
    """
    if len(records) == 1:
        one: np.ndarray = records[0].copy()
        return one
    return np.concatenate([*records, (records != records[0]).any(axis=0).astype(np.float64)])


def places_read(function: Callable[..., Any]) -> list[int]:
    """Give the places of the parameters that a rule's code names, and what it calls that is not marked `by_run`.

    Parameters
    ----------
    function : callable
        Compiled or not. Covariates of hazards are data, not code: who reads them asks for itself.
    """
    found: set[int] = set()
    seen: set[Any] = set()
    left = [getattr(function, "py_func", function)]
    while left:
        here = left.pop()
        if here in seen:
            continue
        seen.add(here)
        for name in here.__code__.co_names:
            held = here.__globals__.get("HOLDS", {}).get(name, ())
            found.update(getattr(P, parameter) for parameter in (name, *held) if hasattr(P, parameter))
            called = here.__globals__.get(name)
            plain = getattr(called, "py_func", called)
            if isinstance(plain, FunctionType) and not hasattr(called, "reads"):
                left.append(plain)
    return sorted(found)


_RANGE = """
def {name}({arguments}):
    runs = apart(p, places)
    {terms}
    each = {block}.shape[1] // runs
    size = RECORD if runs > 1 else len(p)
    k = first // each if runs > 1 else 0
    begin = first
    while begin < last:
        end = each * (k + 1)
        end = end if end < last else last
        function({passed})
        begin = end
        k += 1
"""

_ROW = """
def {name}({arguments}):
    runs = records_in(p)
    size = RECORD if runs > 1 else len(p)
    k = row // ({block}.shape[1] // runs) if runs > 1 else 0
    return function({passed})
"""


def by_run(block: str) -> Callable[[_Function], _Function]:
    """Mark a rule as one that goes through the runs one after the other where they differ in what it reads.

    Parameters
    ----------
    block : str
        The block whose rows it goes through, as its code calls it, such as ``rows.state``. Its argument ``p`` are the
        values of parameters. It takes rows ``first`` to ``last`` and gives nothing back, or takes one ``row``.
    """

    def marked(function: _Function) -> _Function:
        plain: Any = getattr(function, "py_func", function)
        names = list(inspect.signature(plain).parameters)
        passed = {"first": "begin", "last": "end", "p": "p[k * size : (k + 1) * size]"}
        passed |= {name: f"{name}[begin - first : end - first]" for name in _COLUMNS}
        terms = "runs = runs if runs > 1 else apart_in_terms(p, table)" if "table" in names else "pass"
        text = (_RANGE if "first" in names else _ROW).format(
            name=plain.__name__,
            arguments=", ".join(names),
            block=block,
            terms=terms,
            passed=", ".join(passed.get(name, name) for name in names),
        )
        reads = places_read(plain)
        around: dict[str, Any] = {
            "__name__": plain.__module__,
            # Whoever calls it has its code in one place: a call hands over two dozen arrays.
            "function": inline(plain),
            "places": np.array(reads, dtype=np.int64),
            **{found.__name__: found for found in (apart, apart_in_terms, records_in)},
            "RECORD": RECORD,
        }
        # It stands for the function where that stands: the compiler keeps its code under the place of its own.
        code = compile("\n" * (plain.__code__.co_firstlineno - 2) + text, plain.__code__.co_filename, "exec")
        exec(code, around)
        made: Any = around[plain.__name__]
        made.__doc__ = plain.__doc__
        made.__annotations__ = plain.__annotations__
        if isinstance(function, CompiledRule):
            made = function.decorator(made)
        made.py_func = plain
        made.reads = reads
        return cast(_Function, made)

    return marked
