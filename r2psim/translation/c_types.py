"""What the values of rules are in C: scalars, arrays, tuples and named tuples, and how to hand them over.

Arrays are a pointer with their shape, always contiguous: a row of a block is a column of the model, and its entries
follow one another. A named tuple that holds arrays is handed on by pointer, anything else by value.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

__all__ = [
    "BOOL",
    "DOUBLE",
    "INT",
    "UINT",
    "Argument",
    "Array",
    "Record",
    "Scalar",
    "Tuple",
    "Type",
    "c_struct",
    "declaration",
    "join",
    "literal",
    "pack",
    "type_of",
    "unpack",
]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number or a truth value: its name in C, and the type that ctypes and NumPy know it by."""

    c: str
    short: str
    dtype: str


DOUBLE = Scalar("double", "f", "float64")
INT = Scalar("int64_t", "i", "int64")
UINT = Scalar("uint64_t", "u", "uint64")
BOOL = Scalar("bool", "b", "bool")

_CTYPES = {DOUBLE: ctypes.c_double, INT: ctypes.c_int64, UINT: ctypes.c_uint64, BOOL: ctypes.c_bool}
_OF_DTYPE = {scalar.dtype: scalar for scalar in _CTYPES}


@dataclass(frozen=True, slots=True)
class Array:
    """An array of one to three dimensions; contiguous and in C order, if nothing else is said.

    Attributes
    ----------
    element : Scalar
        Of what.
    dimensions : int
        How many.
    step : int
        From one entry to the next along the last dimension, in entries.
    lead : int
        Of two dimensions, from one entry to the next along the first; 0 stands for rows that lie one behind the other.
    fixed : bool
        Whether nothing writes to it while rules run, so that it may be read through ``READ``.
    symbol : str
        Name of the array in C that all of this type are, which then need not be handed on.
    """

    element: Scalar
    dimensions: int
    step: int = 1
    lead: int = 0
    fixed: bool = False
    symbol: str = ""

    @property
    def c(self) -> str:
        """Name in C."""
        return f"{self.element.dtype}_{self.dimensions}d{self._layout}"

    @property
    def short(self) -> str:
        """Letters for the names of tuples."""
        return f"{self.element.short}{self.dimensions}{self._layout}"

    @property
    def _layout(self) -> str:
        said = f"_by{self.lead}_{self.step}" if self.lead or self.step != 1 else ""
        return said + ("_fixed" if self.fixed else "") + (f"_{self.symbol}" if self.symbol else "")


@dataclass(frozen=True, slots=True)
class Tuple:
    """Several values that a rule returns."""

    items: tuple[Type, ...]

    @property
    def c(self) -> str:
        """Name in C."""
        return f"tuple_{self.short}"

    @property
    def short(self) -> str:
        """Letters for the names of tuples."""
        return "".join(item.short for item in self.items)


@dataclass(frozen=True, slots=True)
class Record:
    """A named tuple, such as `r2psim.world.rows.Rows`."""

    name: str
    fields: tuple[tuple[str, Type], ...]

    @property
    def c(self) -> str:
        """Name in C."""
        return self.name

    @property
    def short(self) -> str:
        """Letters for the names of tuples."""
        return self.name

    @property
    def by_pointer(self) -> bool:
        """Whether it is handed on by pointer."""
        return any(isinstance(kind, Array) for _, kind in self.fields)


Type = Scalar | Array | Tuple | Record
Argument = Type | tuple[Any, ...]
"""What a rule is given: a value of some type, or a tuple that is known beforehand and has no value in C."""


def type_of(value: Any) -> Type | None:
    """Give the type of a Python value, or None where it has none in C.

    Examples
    --------
    >>> type_of(1.5).c, type_of(np.zeros((2, 3))).c
    ('double', 'float64_2d')
    """
    scalars: tuple[tuple[Any, Scalar], ...] = (
        ((bool, np.bool_), BOOL),
        (np.uint64, UINT),
        ((int, np.int64), INT),
        ((float, np.float64), DOUBLE),
    )
    for kinds, scalar in scalars:
        if isinstance(value, kinds):
            return scalar
    if isinstance(value, np.ndarray) and value.dtype.name in _OF_DTYPE and value.ndim in (1, 2, 3):
        return Array(_OF_DTYPE[value.dtype.name], value.ndim)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        fields = [(name, type_of(item)) for name, item in zip(value._fields, value, strict=True)]
        known = tuple((name, kind) for name, kind in fields if kind is not None)
        return Record(type(value).__name__, known) if len(known) == len(fields) else None
    return None


def join(a: Type, b: Type) -> Type | None:
    """Give the type that holds values of both, or None: whole numbers and truth values become floats beside floats.

    Examples
    --------
    >>> join(INT, DOUBLE).c
    'double'
    """
    if a == b:
        return a
    if isinstance(a, Scalar) and isinstance(b, Scalar):
        if DOUBLE in (a, b):
            return DOUBLE
        # The compiler of the rules makes a float of signed and unsigned together: nothing that a rule may want.
        return None if UINT in (a, b) else INT
    if isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.items) == len(b.items):
        items = [join(x, y) for x, y in zip(a.items, b.items, strict=True)]
        found = tuple(item for item in items if item is not None)
        return Tuple(found) if len(found) == len(items) else None
    return None


def literal(value: Any, kind: Scalar) -> str:
    """Write a number in C, to the last bit."""
    if kind == BOOL:
        return "true" if value else "false"
    if kind == UINT:
        return f"UINT64_C({int(value)})"
    if kind == INT:
        text = str(int(value))
    elif math.isfinite(value):
        text = repr(float(value))
    else:
        # Divided zeros would have another sign here than there.
        text = "NAN" if math.isnan(value) else ("INFINITY" if value > 0 else "-INFINITY")
    return f"({text})" if text.startswith("-") else text


def declaration(kind: Type) -> str:
    """Write the C declaration of a type."""
    if isinstance(kind, Array):
        shape = ", ".join(f"n{i}" for i in range(kind.dimensions))
        return f"typedef struct {{ {kind.element.c} *at; int64_t {shape}; }} {kind.c};"
    if isinstance(kind, Tuple):
        fields = " ".join(f"{item.c} a{i};" for i, item in enumerate(kind.items))
        return f"typedef struct {{ {fields} }} {kind.c};"
    if isinstance(kind, Record):
        fields = " ".join(f"{item.c} {name};" for name, item in kind.fields)
        return f"typedef struct {{ {fields} }} {kind.c};"
    return ""


@cache
def c_struct(kind: Type) -> Any:
    """Give the ctypes type of the same layout."""
    if isinstance(kind, Scalar):
        return _CTYPES[kind]
    fields: list[tuple[str, Any]]
    if isinstance(kind, Array):
        fields = [("at", ctypes.c_void_p)] + [(f"n{i}", ctypes.c_int64) for i in range(kind.dimensions)]
    elif isinstance(kind, Tuple):
        fields = [(f"a{i}", c_struct(item)) for i, item in enumerate(kind.items)]
    else:
        fields = [(name, c_struct(item)) for name, item in kind.fields]
    return type(kind.c, (ctypes.Structure,), {"_fields_": fields})


def pack(value: Any, kind: Type) -> Any:
    """Put a Python value into its ctypes form; arrays stay where they are and must outlive it.

    Raises
    ------
    TypeError
        If the value is of another type, or an array that is not contiguous.
    """
    found = type_of(value)
    if found != kind and not (isinstance(kind, Scalar) and isinstance(found, Scalar)):
        raise TypeError(f"{type(value).__name__} is not allowed here: {kind.c}")
    form = c_struct(kind)
    if isinstance(kind, Scalar):
        return form(value)
    if isinstance(kind, Array):
        if not value.flags.c_contiguous:
            raise TypeError("an array handed to C must be contiguous")
        return form(value.ctypes.data, *value.shape)
    kinds = kind.items if isinstance(kind, Tuple) else tuple(item for _, item in kind.fields)
    return form(*(pack(item, k) for item, k in zip(value, kinds, strict=True)))


def unpack(value: Any, kind: Type) -> Any:
    """Give the Python value of a scalar or a tuple of scalars in its ctypes form."""
    if isinstance(kind, Tuple):
        return tuple(getattr(value, f"a{i}") for i in range(len(kind.items)))
    return value.value
