"""The kinds of value that a scenario file may hold, each a type for pydantic.

A type refuses what it does not accept with all that a message needs (what is allowed, the nearest valid name), and
knows its JSON Schema. Nothing is converted silently: a boolean is no number, a number no text.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Annotated, Any, NoReturn

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from r2psim.scenario.errors import Near, listing, nearest

__all__ = [
    "ID",
    "NAME",
    "REFUSED",
    "choice",
    "choices",
    "code",
    "flag",
    "identifier",
    "integer",
    "never",
    "number",
    "references",
    "text",
    "with_firsts",
    "yes_or_no",
]

ID = r"[a-z][a-z0-9-]{0,63}"
"""Form of the ids of states, groups, bodies and policies."""

NAME = r"[a-z0-9][a-z0-9-]{0,63}"
"""Form of the names of scenarios."""

REFUSED = "refused"
"""Type of the pydantic errors raised here; their context holds ``allowed``, ``nearest`` and ``items``."""


def _refuse(allowed: str, near: str | Near | None = None, items: list[Any] | None = None) -> NoReturn:
    """Refuse a value, or those `items` of a list that are wrong."""
    raise PydanticCustomError(REFUSED, "not allowed", {"allowed": allowed, "nearest": near, "items": items})


def _value(read: Callable[[Any], Any], json: dict[str, Any]) -> Any:
    return Annotated[Any, PlainValidator(read), WithJsonSchema(json)]


def number(low: float, high: float, unit: str) -> Any:
    """Accept a finite number within [low, high]; a boolean is none."""
    bounds = f"of at least {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"
    allowed = f"a number {bounds}" + (f" ({unit})" if unit != "0-1" else "")

    def read(value: Any) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            with suppress(OverflowError):
                real = float(value)
                if low <= real <= high and math.isfinite(real):
                    return real + 0.0  # no negative zero: it would differ in the last bit
        _refuse(allowed)

    limits = {"minimum": low} | ({} if math.isinf(high) else {"maximum": high})
    return _value(read, {"type": "number"} | limits)


def integer(low: int, high: int) -> Any:
    """Accept a whole number within [low, high], written as one."""

    def read(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        _refuse(f"a whole number from {low} to {high}" if low < high else str(low))

    return _value(read, {"type": "integer", "minimum": low, "maximum": high})


def yes_or_no() -> Any:
    """Accept true or false, and nothing that may be taken for one of them."""

    def read(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        _refuse("true or false")

    return _value(read, {"type": "boolean"})


def flag() -> Any:
    """Accept 0 or 1, or false or true."""

    def read(value: Any) -> float:
        if isinstance(value, bool | int | float) and value in (0, 1):
            return float(value)
        _refuse("0 or 1")

    return _value(read, {"enum": [0, 1, False, True]})


def with_firsts(items: Iterable[Any]) -> Iterator[tuple[Any, bool]]:
    """Yield each item of a list, and whether it is a text that has not come before; a list or a table is none.

    Examples
    --------
    >>> list(with_firsts(["a", "b", "a", []]))
    [('a', True), ('b', True), ('a', False), ([], False)]
    """
    seen: set[str] = set()
    for item in items:
        first = isinstance(item, str) and item not in seen
        if first:
            seen.add(item)
        yield item, first


def choice(names: Iterable[str]) -> Any:
    """Accept one of some names."""
    options = tuple(names)
    known, allowed = frozenset(options), f"one of {listing(options, quoted=True)}"

    def read(value: Any) -> str:
        if isinstance(value, str) and value in known:
            return value
        _refuse(allowed, Near(value, options))

    return _value(read, {"enum": list(options)})


def choices(names: Iterable[str], what: str) -> Any:
    """Accept a list of some names, each once."""
    options = tuple(names)
    known, allowed = frozenset(options), f"a list of {what}, each once: {listing(options)}"

    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            _refuse(allowed, Near(value, options))
        wrong = [item for item, first in with_firsts(value) if not first or item not in known]
        if wrong:
            _refuse(allowed, Near(wrong[0], options), wrong)
        return tuple(value)

    return _value(read, {"type": "array", "items": {"enum": list(options)}, "uniqueItems": True})


def code(names: tuple[str, ...], numbers: bool) -> Any:
    """Accept the name of a code, or its number where the numbers mean something to readers."""
    allowed = f"one of {listing(names, quoted=True)}" + (f", or a number from 0 to {len(names) - 1}" if numbers else "")

    def read(value: Any) -> float:
        if isinstance(value, str) and value in names:
            return float(names.index(value))
        if numbers and isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(names):
            return float(value)
        _refuse(allowed, Near(value, names))

    return _value(read, {"enum": [*names, *(range(len(names)) if numbers else ())]})


def text(longest: int, *, lines: bool = False) -> Any:
    """Accept text without control characters, of one line unless `lines`."""
    control = re.compile(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]" if lines else "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
    )

    def read(value: Any) -> str:
        if isinstance(value, str) and (lines or value.strip()) and len(value) <= longest and not control.search(value):
            return value
        _refuse(f"text of at most {longest} characters" + ("" if lines else ", on one line and not empty"))

    return _value(read, {"type": "string", "maxLength": longest} | ({} if lines else {"minLength": 1}))


def identifier(pattern: str) -> Any:
    """Accept `ID` or `NAME`."""
    first = "a small letter" if pattern == ID else "a small letter or digit"

    def read(value: Any) -> str:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return value
        fitting = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-") if isinstance(value, str) else ""
        near = nearest(value, [fitting] if re.fullmatch(pattern, fitting) else [])
        _refuse(f"{first}, then small letters, digits and hyphens, at most 64", near)

    return _value(read, {"type": "string", "pattern": f"^{pattern}$"})


def references(what: str, everybody: str | None = None) -> Any:
    """Accept a list of names without doubles, or the one word for all of them."""
    allowed = f"a list of ids of {what}, each once" + (f', or "{everybody}"' if everybody else "")

    def read(value: Any) -> tuple[str, ...] | str:
        if everybody and value == everybody:
            return everybody
        if not isinstance(value, list):
            _refuse(allowed, Near(value, [everybody] if everybody else []))
        names = Counter(item for item in value if isinstance(item, str))
        wrong = [item for item in value if not isinstance(item, str)]
        wrong += [name for name, times in names.items() if times > 1]
        if wrong:
            _refuse(allowed, items=wrong)
        return tuple(value)

    array: dict[str, Any] = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
    return _value(read, {"anyOf": [{"const": everybody}, array]} if everybody else array)


def never(allowed: str, json: dict[str, Any]) -> Any:
    """Refuse whatever is left of a key that loading consumes where it is right."""
    return _value(lambda value: _refuse(allowed), json)
