"""How an object is shown at a prompt: what it is, in one line, whatever it holds."""

from __future__ import annotations

from dataclasses import fields
from reprlib import Repr
from typing import Any

__all__ = ["brief"]

LONGEST = 200
"""Characters of a line, at most."""

_SHORT = Repr()
_SHORT.maxstring, _SHORT.maxother, _SHORT.maxlevel = 40, 40, 2
_SHORT.maxdict, _SHORT.maxtuple, _SHORT.maxlist, _SHORT.maxset, _SHORT.maxfrozenset = 2, 2, 2, 2, 2


def brief(thing: Any) -> str:
    """Write a dataclass as its own ``repr`` would, with whatever is long left out; for use as ``__repr__``.

    Examples
    --------
    >>> from r2psim.scenario.catalogue import catalogue
    >>> len(brief(catalogue()["mediation"])) <= LONGEST
    True
    """
    shown = ""
    for field in fields(thing):
        more = f"{field.name}={_SHORT.repr(getattr(thing, field.name))}"
        if len(shown) + len(more) > LONGEST - len(type(thing).__name__) - 8:
            return f"{type(thing).__name__}({shown}...)"
        shown += f"{more}, "
    return f"{type(thing).__name__}({shown.removesuffix(', ')})"
