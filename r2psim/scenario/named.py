"""Dictionaries that say the nearest name where one is not there."""

from __future__ import annotations

from typing import Any, TypeVar

from r2psim.scenario.errors import listing, nearest

__all__ = ["Named", "name_fields"]

V = TypeVar("V")


class Named(dict[str, V]):
    """A dictionary by name; a name that is not in it is refused with the nearest one.

    Examples
    --------
    >>> Named({"prevention": 1})["preventoin"]
    Traceback (most recent call last):
    KeyError: 'preventoin is not there: one of prevention (did you mean prevention?)'
    """

    def __missing__(self, name: object) -> V:
        near = nearest(name, [key for key in self if isinstance(key, str)])
        hint = f" (did you mean {near}?)" if near else ""
        raise KeyError(f"{name} is not there: one of {listing(map(str, self), limit=40)}{hint}")


def name_fields(holder: Any, *fields: str) -> None:
    """Make dictionaries that an object holds say the nearest name, also where it is frozen."""
    for field in fields:
        found = getattr(holder, field)
        if type(found) is dict:
            object.__setattr__(holder, field, Named(found))
