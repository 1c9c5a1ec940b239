"""The rules of a month in C, translated from their own source.

A translation is not a second model. It reads the functions that run, follows every call, and writes the same
operations in the same order, so that the same bits come out; what it cannot translate it refuses, naming the line.
Only one liberty is taken: indexes are not wrapped around, since rules never count from the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any

import numpy as np

from r2psim.translation.c_calls import plain_function
from r2psim.translation.c_expressions import NotCoveredError
from r2psim.translation.c_statements import FunctionBody
from r2psim.translation.c_types import Argument, Array, Record, Scalar, Tuple, Type, declaration, literal, type_of

__all__ = ["PRELUDE", "Entry", "NotCoveredError", "Translation", "translate"]

PRELUDE = """\
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__clang__)
#define ROWS_ARE_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define ROWS_ARE_INDEPENDENT _Pragma("GCC ivdep")
#endif

#define INLINE static inline
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define CONSTANT static const
#define FLOOR __builtin_floor
#define CEIL __builtin_ceil
#define SQRT __builtin_sqrt
#define READ(entry) (*(entry))

static inline double double_of_bits(int64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline int64_t bits_of_double(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline int64_t remainder_of(int64_t a, int64_t b)
{
    int64_t r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static inline int64_t floor_divided(int64_t a, int64_t b)
{
    return (a - remainder_of(a, b)) / b;
}
"""

Key = tuple[FunctionType, tuple[Argument, ...]]


class Entry:
    """A rule that can be called from outside.

    Attributes
    ----------
    arguments : tuple of Type
        Types of its arguments; each is handed over by pointer.
    result : Type or None
        Type of what it returns, written to a last pointer.
    """

    def __init__(self, arguments: tuple[Type, ...], result: Type | None) -> None:
        self.arguments = arguments
        self.result = result


class Translation:
    """Rules on their way to C; collects what they need.

    Parameters
    ----------
    prelude : str
        What stands at the beginning of the file: what is included, and the macros that the rest is written in.
    adders : mapping of function to str, optional
        Rules that write to an entry of several agents, and what does that in C, given the entry's address and a number.
    plus_plus : bool
        Whether the file is C++, which makes a value of a type in another way.
    """

    def __init__(
        self, prelude: str = PRELUDE, adders: Mapping[FunctionType, str] | None = None, plus_plus: bool = False
    ) -> None:
        self._prelude = prelude
        self._adders = adders or {}
        self._plus_plus = plus_plus
        self._types: list[Type] = []
        self._arrays: dict[int, tuple[np.ndarray, str]] = {}
        self._choices: dict[int, tuple[tuple[Any, ...], Type, str]] = {}
        self._done: dict[Key, FunctionBody] = {}
        self._under_way: list[Key] = []
        self._taken: dict[str, int] = {}
        self._entries: list[str] = []

    # -- what expressions ask for --------------------------------------------------------------------------------------

    def use(self, kind: Type) -> None:
        """See to it that a type is declared, after those that it is made of."""
        if kind in self._types or isinstance(kind, Scalar):
            return
        parts = kind.items if isinstance(kind, Tuple) else ()
        parts = tuple(item for _, item in kind.fields) if isinstance(kind, Record) else parts
        for part in parts:
            self.use(part)
        self._types.append(kind)

    def constant(self, array: np.ndarray) -> str:
        """Give the name of an array that never changes."""
        if id(array) not in self._arrays:
            self._arrays[id(array)] = (array, f"constant_{len(self._arrays)}")
        return self._arrays[id(array)][1]

    def choice(self, items: tuple[Any, ...], kind: Type) -> str:
        """Give the name of several constants of one type, of which one is taken by its number."""
        if id(items) not in self._choices:
            self._choices[id(items)] = (items, kind, f"choice_{len(self._choices)}")
            for item in items:
                if isinstance(kind, Array):
                    self.constant(item)
        return self._choices[id(items)][2]

    def made(self, kind: Type, *parts: str) -> str:
        """Give a value of a type that is put together of parts."""
        name = kind.c if self._plus_plus else f"({kind.c})"
        return f"{name}{{{', '.join(parts)}}}"

    def adder(self, function: FunctionType) -> str:
        """Give the name in C of what writes to an entry of several agents in place of a rule; none for others."""
        return self._adders.get(function, "")

    def called(self, function: FunctionType, arguments: tuple[Argument, ...]) -> tuple[str, Type | None, bool]:
        """Give a rule's name in C for arguments of these types, the type of its result, and whether it writes."""
        key = (function, arguments)
        if key in self._under_way:
            raise NotCoveredError(f"{function.__module__}: {function.__name__} calls itself")
        if key not in self._done:
            self._under_way.append(key)
            for kind in arguments:
                if not isinstance(kind, tuple):
                    self.use(kind)
            self._done[key] = FunctionBody(self, function, arguments, self._name(function))
            self._under_way.pop()
        body = self._done[key]
        return body.name, body.result, body.writes

    def _name(self, function: FunctionType) -> str:
        """Name a function after its module and itself; further ones, for other types, are numbered."""
        name = f"{function.__module__.rpartition('.')[2]}__{function.__name__}"
        self._taken[name] = self._taken.get(name, 0) + 1
        return name if self._taken[name] == 1 else f"{name}_{self._taken[name]}"

    # -- what comes out ------------------------------------------------------------------------------------------------

    def export(self, name: str, function: Any, example: tuple[Any, ...]) -> Entry:
        """Translate a rule and all that it calls, and let it be called from outside.

        Parameters
        ----------
        name : str
            Under which the library offers it.
        function : rule or function
            Compiled or plain.
        example : tuple
            Arguments of the types that it will be called with.

        Raises
        ------
        NotCoveredError
            If it uses something that is not translated.
        """
        plain = plain_function(function)
        kinds = [type_of(value) for value in example]
        arguments = tuple(kind for kind in kinds if kind is not None)
        if plain is None or len(arguments) != len(kinds):
            raise NotCoveredError(f"{name}: no function of Python, or arguments without a type in C")
        inner, result, _ = self.called(plain, arguments)
        heads = [f"const {kind.c} *a{i}" for i, kind in enumerate(arguments)]
        passed = [
            f"a{i}" if isinstance(kind, Record) and kind.by_pointer else f"*a{i}" for i, kind in enumerate(arguments)
        ]
        if result is not None:
            heads.append(f"{result.c} *result")
        call = f"{'*result = ' if result is not None else ''}{inner}({', '.join(passed)});"
        self._entries.append(f"void {name}({', '.join(heads)})\n{{\n    {call}\n}}\n")
        return Entry(arguments, result)

    def source(self) -> str:
        """Write the whole file."""
        arrays = [array for array, _ in self._arrays.values()]
        for array in arrays:
            kind = type_of(array)
            assert kind is not None
            self.use(kind)
        parts = [self._prelude, "\n".join(declaration(kind) for kind in self._types)]
        parts += [self._array(array, name) for array, name in self._arrays.values()]
        parts += [self._list(*choice) for choice in self._choices.values()]
        # A function stands in the order in which it was finished: after all that it calls.
        parts += [body.text() for body in self._done.values()]
        return "\n\n".join([*parts, *self._entries])

    @staticmethod
    def _array(array: np.ndarray, name: str) -> str:
        kind = type_of(array)
        assert isinstance(kind, Array)
        values = ", ".join(literal(value, kind.element) for value in array.ravel())
        data = f"CONSTANT {kind.element.c} {name}_data[] = {{{values}}};"
        return f"{data}\nCONSTANT {kind.c} {name} = {_initialiser(array, name, kind)};"

    def _list(self, items: tuple[Any, ...], kind: Type, name: str) -> str:
        values = [
            literal(item, kind) if isinstance(kind, Scalar) else _initialiser(item, self.constant(item), kind)
            for item in items
        ]
        return f"CONSTANT {kind.c} {name}[] = {{{', '.join(values)}}};"


def _initialiser(array: np.ndarray, name: str, kind: Type) -> str:
    assert isinstance(kind, Array)
    shape = ", ".join(str(n) for n in array.shape)
    return f"{{({kind.element.c} *){name}_data, {shape}}}"


def translate(entries: Mapping[str, tuple[Any, tuple[Any, ...]]]) -> tuple[str, dict[str, Entry]]:
    """Translate rules to one file of C.

    Parameters
    ----------
    entries : mapping of str to (rule, example)
        Name in the library -> rule, and arguments of the types that it will be called with.

    Returns
    -------
    (str, dict of str to Entry)
        The file, and how to call each entry.

    Raises
    ------
    NotCoveredError
        If a rule uses something that is not translated; the message names the construct and its line.
    """
    translation = Translation()
    found = {name: translation.export(name, function, example) for name, (function, example) in entries.items()}
    return translation.source(), found
