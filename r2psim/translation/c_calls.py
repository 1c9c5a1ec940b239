"""Calls in rules in C: other rules, conversions, moves of bits, the few mathematical functions, named tuples."""

from __future__ import annotations

import ast
import math
from collections.abc import Hashable
from types import FunctionType
from typing import Any

import numpy as np

from r2psim.translation.c_expressions import Expressions, Value
from r2psim.translation.c_types import BOOL, DOUBLE, INT, UINT, Array, Record, Scalar

__all__ = ["Calls", "plain_function"]

_CASTS: dict[Any, Scalar] = {
    float: DOUBLE, np.float64: DOUBLE, int: INT, np.int64: INT, np.uint64: UINT, bool: BOOL, np.bool_: BOOL,
}  # fmt: skip
_FUNCTIONS: dict[Any, str] = {
    np.floor: "FLOOR", np.ceil: "CEIL", np.sqrt: "SQRT", math.sqrt: "SQRT",
}  # fmt: skip


def plain_function(thing: Any) -> FunctionType | None:
    """Give the Python function behind a rule, compiled or not; None for anything else."""
    found = getattr(thing, "py_func", thing)
    return found if isinstance(found, FunctionType) else None


class Calls(Expressions):
    """Translates the calls of one function."""

    def _call(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Attribute) and node.func.attr == "view":
            return self._bits(node, node.func.value)
        target = self.any_value(node.func).static
        if isinstance(target, type) and hasattr(target, "_fields"):
            return self._record(node, target)
        if function := plain_function(target):
            return self._rule(node, function)
        if target is len:
            return self._length(node)
        for known, translate in ((_CASTS, self._cast), (_FUNCTIONS, self._known)):
            if isinstance(target, Hashable) and target in known:
                return translate(node, target)
        raise self.refused(node, "a call of something that is neither a rule nor a known function")

    def _length(self, node: ast.Call) -> Value:
        found = self.value(node.args[0]) if len(node.args) == 1 else None
        if found is None or not isinstance(found.kind, Array):
            raise self.refused(node, "len() is known of arrays")
        return Value(f"{found.code}.n0", INT)

    def _number(self, node: ast.Call) -> tuple[str, Scalar]:
        if len(node.args) != 1 or node.keywords:
            raise self.refused(node, "takes one number")
        return self.scalar(node.args[0])

    def _known(self, node: ast.Call, target: Any) -> Value:
        return Value(f"{_FUNCTIONS[target]}({self._number(node)[0]})", DOUBLE)

    def _cast(self, node: ast.Call, target: Any) -> Value:
        kind = _CASTS[target]
        # A conversion to bool compares with 0, in C as in Python.
        return Value(f"(({kind.c}){self._number(node)[0]})", kind)

    def _bits(self, node: ast.Call, base: ast.expr) -> Value:
        """Translate ``x.view(type)``: the same bits read as another type."""
        code, kind = self.scalar(base)
        wanted = _CASTS.get(self.any_value(node.args[0]).static) if len(node.args) == 1 else None
        if (kind, wanted) not in ((INT, DOUBLE), (DOUBLE, INT), (UINT, DOUBLE), (DOUBLE, UINT)) or wanted is None:
            raise self.refused(node, "bits are moved between 64-bit numbers only")
        move = "double_of_bits" if wanted == DOUBLE else "bits_of_double"
        return Value(f"(({wanted.c}){move}({code}))", wanted)

    def _arguments(self, node: ast.Call, names: tuple[str, ...]) -> list[Value]:
        """Translate the arguments of a call, in the order of the names."""
        given = dict(zip(names, node.args, strict=False)) | {str(word.arg): word.value for word in node.keywords}
        if len(node.args) + len(node.keywords) != len(names) or set(given) != set(names):
            raise self.refused(node, f"needs exactly the arguments {', '.join(names)}")
        before, self.writes = self.writes, False
        values = [self._argument(given[name]) for name in names]
        if self.writes:
            raise self.refused(node, "an argument is worked out by a rule that writes: give its result a name")
        self.writes = before
        return values

    def _argument(self, node: ast.expr) -> Value:
        """Translate an argument: a value in C, or a tuple of the module that is known beforehand."""
        if isinstance(node, ast.Name) and isinstance((found := self.any_value(node)).static, tuple):
            return found
        return self.value(node)

    def _record(self, node: ast.Call, target: Any) -> Value:
        values = self._arguments(node, target._fields)
        fields = tuple((name, v.kind) for name, v in zip(target._fields, values, strict=True) if v.kind is not None)
        kind = Record(target.__name__, fields)
        if kind.by_pointer:
            raise self.refused(node, "a named tuple of arrays is made anew")
        self.program.use(kind)
        return Value(self.program.made(kind, *(v.code for v in values)), kind)

    def _rule(self, node: ast.Call, function: FunctionType) -> Value:
        if adder := self.program.adder(function):
            return self._shared(node, adder)
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        values = self._arguments(node, names)
        # What is known beforehand and has no type in C, such as the rules that a month calls, is written into the rule.
        kinds = tuple(v.static if v.kind is None else v.kind for v in values)
        name, result, writes = self.program.called(function, kinds)
        self.writes = self.writes or writes
        return Value(f"{name}({', '.join(v.code for v in values if v.kind is not None)})", result)

    def _shared(self, node: ast.Call, adder: str) -> Value:
        """Translate a call that writes to an entry of several agents: ``rule(block, column, row, number)``."""
        if len(node.args) != 4 or node.keywords:
            raise self.refused(node, "needs a block, a column, a row and a number")
        block, column, row, number = node.args
        entry = self.any_value(ast.copy_location(ast.Subscript(block, ast.Tuple([column, row]), ast.Load()), node))
        if not isinstance(entry.kind, Scalar):
            raise self.refused(node, "is no entry of a block")
        self.writes = True
        return Value(f"{adder}(&{entry.code}, {self.scalar(number)[0]})", None)
