"""Metrics and series that had another name: files that use it are read, and told of the present one."""

from __future__ import annotations

from collections.abc import Iterable

from r2psim.scenario.errors import nearest

__all__ = ["FORMER", "hint"]

FORMER = {"onsets": "atrocity_entries", "monthly_onsets": "monthly_atrocity_entries"}
"""Former name -> present one. Episodes, which the record counts, are another quantity: `episodes`."""


def hint(name: str, known: Iterable[str]) -> str:
    """Say what an unknown name may have meant, for the end of a message; empty where nothing is near.

    Examples
    --------
    >>> hint("onsets", ["episodes", "atrocity_entries"]), hint("death", ["deaths"]), hint("x", ["deaths"])
    (' (now called atrocity_entries)', ' (did you mean deaths?)', '')
    """
    known = list(known)
    if FORMER.get(name) in known:
        return f" (now called {FORMER[name]})"
    near = nearest(name, known)
    return f" (did you mean {near}?)" if near else ""
