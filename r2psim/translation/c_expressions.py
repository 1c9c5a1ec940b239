"""Expressions of rules in C: every expression becomes a piece of C and its type.

Names are looked up as Python does: the locals of the function, then its module. What a module holds - places of
columns, numbers, tables of terms - is known when the rule is translated and stands in the C as a number.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import FunctionType, ModuleType
from typing import Any, Protocol

import numpy as np

from r2psim.translation.c_types import (
    BOOL,
    DOUBLE,
    INT,
    UINT,
    Argument,
    Array,
    Record,
    Scalar,
    Tuple,
    Type,
    join,
    literal,
    type_of,
)

__all__ = ["UNKNOWN", "Expressions", "NotCoveredError", "Program", "Value"]

_RESERVED = frozenset(
    (
        *("auto", "bool", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum"),
        *("extern", "false", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return"),
        *("short", "signed", "sizeof", "static", "struct", "switch", "true", "typedef", "union", "unsigned", "void"),
        *("volatile", "while", "int64_t", "uint64_t", "INFINITY", "NAN"),
        # Of C++, which compilers for other devices take.
        *("and", "catch", "class", "delete", "explicit", "export", "friend", "mutable", "namespace", "new", "not"),
        *("operator", "or", "private", "protected", "public", "template", "this", "throw", "try", "typename", "using"),
        *("virtual", "xor"),
    )
)
_ARITHMETIC: dict[type, str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_BITS: dict[type, str] = {ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^"}
_SHIFTS: dict[type, str] = {ast.LShift: "<<", ast.RShift: ">>"}
_WHOLE: dict[type, str] = {ast.FloorDiv: "floor_divided", ast.Mod: "remainder_of"}
_COMPARISONS: dict[type, str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


class NotCoveredError(Exception):
    """A rule uses Python that has no translation here; the message names the construct and its line."""


class _Unknown:
    """The value of an expression that is known only when the rule runs."""


UNKNOWN = _Unknown()


@dataclass(frozen=True, slots=True)
class Value:
    """An expression in C.

    Attributes
    ----------
    code : str
        In parentheses where that matters.
    kind : Type or None
        None for what exists only at translation, such as a module or a function.
    static : object
        Its Python value, where that is known at translation.
    origin, bounds : str
        Of an array: whose memory it lies in, and which part of the rows it shows, as written.
    """

    code: str
    kind: Type | None
    static: Any = UNKNOWN
    origin: str = ""
    bounds: str = ""


class Program(Protocol):
    """What expressions need of the program around them."""

    def constant(self, array: np.ndarray) -> str:
        """Give the name of an array that never changes."""

    def choice(self, items: tuple[Any, ...], kind: Type) -> str:
        """Give the name of several constants of one type, of which one is taken by its number."""

    def use(self, kind: Type) -> None:
        """See to it that a type is declared."""

    def made(self, kind: Type, *parts: str) -> str:
        """Give a value of a type that is put together of parts."""

    def adder(self, function: FunctionType) -> str:
        """Give the name in C of what writes to an entry of several agents in place of a rule; none for others."""

    def called(self, function: FunctionType, arguments: tuple[Argument, ...]) -> tuple[str, Type | None, bool]:
        """Give a rule's name in C for arguments of these types, the type of its result, and whether it writes."""


def _flat(array: str, indexes: list[str], kind: Array) -> str:
    """Give the place in memory of an entry."""
    if kind.lead and len(indexes) == 2:
        return f"({indexes[0]} * {kind.lead} + {indexes[1]} * {kind.step})"
    place = indexes[0]
    for axis, index in enumerate(indexes[1:], 1):
        place = f"({place} * {array}.n{axis} + {index})"
    return place if kind.step == 1 else f"({place} * {kind.step})"


def _calls_once(node: ast.AST) -> bool:
    """Say whether an expression is one call, beside which nothing is read but names and numbers."""
    calls, waiting = 0, [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            calls += 1
        elif isinstance(node, ast.Subscript):
            return False
        else:
            waiting += ast.iter_child_nodes(node)
    return calls == 1


class Expressions:
    """Translates the expressions of one function."""

    def __init__(self, program: Program, function: FunctionType, first_line: int) -> None:
        self.program = program
        self.function = function
        self.first_line = first_line
        self.names: set[str] = set()  # all local names
        self.types: dict[str, Type] = {}
        self.fixed: dict[str, tuple[Any, ...]] = {}  # local names of tuples of constants
        self.views: dict[str, tuple[str, str]] = {}  # of local arrays: origin and bounds
        self.writes = False

    def refused(self, node: ast.AST, why: str) -> NotCoveredError:
        """Give the error that names a construct and its place."""
        line = self.first_line + getattr(node, "lineno", 1) - 1
        text = ast.unparse(node).splitlines()[0]
        return NotCoveredError(f"{self.function.__module__}, line {line}: `{text}`: {why}")

    def local(self, name: str) -> str:
        """Give the name of a local variable in C."""
        return f"{name}_" if name in _RESERVED else name

    # -- entry points --------------------------------------------------------------------------------------------------

    def value(self, node: ast.expr) -> Value:
        """Translate an expression that has a value in C."""
        before, self.writes = self.writes, False
        found = self.any_value(node)
        if self.writes and not _calls_once(node):
            raise self.refused(node, "a rule that writes is called beside others that read: give its result a name")
        self.writes = self.writes or before
        if found.kind is None:
            raise self.refused(node, "has no value in C")
        return found

    def scalar(self, node: ast.expr) -> tuple[str, Scalar]:
        """Translate an expression that must be a number or a truth value."""
        found = self.value(node)
        if not isinstance(found.kind, Scalar):
            raise self.refused(node, "must be a number")
        return found.code, found.kind

    def condition(self, node: ast.expr) -> str:
        """Translate an expression of which only the truth counts."""
        if isinstance(node, ast.BoolOp):
            sign = " && " if isinstance(node.op, ast.And) else " || "
            return "(" + sign.join(self.condition(part) for part in node.values) + ")"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return f"(!{self.condition(node.operand)})"
        return self.scalar(node)[0]

    def index(self, node: ast.expr) -> str:
        """Translate the index of an array."""
        code, kind = self.scalar(node)
        if kind not in (INT, UINT):
            raise self.refused(node, "an index must be a whole number")
        return code

    def any_value(self, node: ast.expr) -> Value:
        """Translate any expression."""
        handler: Callable[[Any], Value] | None = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            raise self.refused(node, f"{type(node).__name__} is not translated")
        return handler(node)

    # -- names ---------------------------------------------------------------------------------------------------------

    def _static(self, node: ast.expr, found: Any) -> Value:
        """Give a value that is known at translation."""
        kind = type_of(found)
        if isinstance(kind, Scalar):
            return Value(literal(found, kind), kind, found)
        if isinstance(kind, Array):
            self.program.use(kind)
            return Value(self.program.constant(found), kind, origin=f"constant {id(found)}")
        return Value("", None, found)

    def _constant(self, node: ast.Constant) -> Value:
        if type_of(node.value) is None:
            raise self.refused(node, "is no number")
        return self._static(node, node.value)

    def _name(self, node: ast.Name) -> Value:
        name = node.id
        if name in self.fixed:
            return self._static(node, self.fixed[name])
        if name in self.names:
            if name not in self.types:
                raise self.refused(node, "is read before anything is assigned to it")
            return Value(self.local(name), self.types[name], UNKNOWN, *self.views.get(name, ("", "")))
        for scope in (self.function.__globals__, vars(builtins)):
            if name in scope:
                return self._static(node, scope[name])
        raise self.refused(node, "is neither a local name nor one of the module")

    def _attribute(self, node: ast.Attribute) -> Value:
        base = self.any_value(node.value)
        if base.static is not UNKNOWN:
            if not isinstance(base.static, ModuleType | type | tuple):
                raise self.refused(node, "is neither of a module nor of a named tuple")
            return self._static(node, getattr(base.static, node.attr))
        kind = dict(base.kind.fields).get(node.attr) if isinstance(base.kind, Record) else None
        if kind is None or not isinstance(base.kind, Record):
            raise self.refused(node, "is no field of a named tuple")
        arrow = "->" if base.kind.by_pointer else "."
        return Value(f"{base.code}{arrow}{node.attr}", kind, origin=f"{base.code}.{node.attr}")

    # -- arrays --------------------------------------------------------------------------------------------------------

    def _subscript(self, node: ast.Subscript) -> Value:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return self._extent(node, self.value(node.value.value))
        base = self.any_value(node.value)
        if isinstance(base.static, tuple) or isinstance(base.kind, Tuple):
            return self._item(node, base)
        if not isinstance(base.kind, Array):
            raise self.refused(node, "is no array")
        places = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if len(places) > base.kind.dimensions:
            raise self.refused(node, "has more indexes than the array has dimensions")
        part = places.pop() if isinstance(places[-1], ast.Slice) else None
        if any(isinstance(place, ast.Slice) for place in places):
            raise self.refused(node, "a view of several columns at once")
        indexes = [self.index(place) for place in places]
        if part is None and len(indexes) == base.kind.dimensions:
            place = _flat(base.code, indexes, base.kind)
            if base.kind.symbol:
                return Value(f"{base.kind.symbol}[{place}]", base.kind.element)
            read = f"READ({base.code}.at + {place})" if base.kind.fixed else f"{base.code}.at[{place}]"
            return Value(read, base.kind.element)
        return self._view(node, base, indexes, part)

    def _extent(self, node: ast.Subscript, base: Value) -> Value:
        axis = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if not isinstance(base.kind, Array) or not isinstance(axis, int) or not 0 <= axis < base.kind.dimensions:
            raise self.refused(node, "is no dimension of an array")
        return Value(f"{base.code}.n{axis}", INT)

    def _item(self, node: ast.Subscript, base: Value) -> Value:
        place = self.any_value(node.slice)
        if isinstance(place.static, int):
            if isinstance(base.kind, Tuple):
                return Value(f"{base.code}.a{place.static}", base.kind.items[place.static])
            return self._static(node, base.static[place.static])
        kinds = {type_of(item) for item in base.static} if isinstance(base.static, tuple) else set()
        kind = kinds.pop() if len(kinds) == 1 else None
        if not isinstance(kind, Scalar | Array):
            raise self.refused(node, "an index of a tuple of different things must be known beforehand")
        self.program.use(kind)
        name = self.program.choice(base.static, kind)
        return Value(f"{name}[{self.index(node.slice)}]", kind, origin=name)

    def _view(self, node: ast.Subscript, base: Value, indexes: list[str], part: ast.expr | None) -> Value:
        """Translate a stretch of a vector, of one column of a block, or a whole one."""
        assert isinstance(base.kind, Array)
        axis = len(indexes)
        if base.kind.symbol or (base.kind.lead and axis == 0):
            raise self.refused(node, "a view of what does not lie row behind row, or has a name of its own")
        kind = replace(base.kind, dimensions=base.kind.dimensions - axis, lead=0)
        self.program.use(kind)
        first, last = "0", f"{base.code}.n{axis}"
        if isinstance(part, ast.Slice):
            if part.step is not None:
                raise self.refused(node, "a view with a step")
            first = self.index(part.lower) if part.lower else first
            last = self.index(part.upper) if part.upper else last
        rest = range(axis + 1, base.kind.dimensions)
        offset = _flat(base.code, [*indexes, first, *("0" for _ in rest)], base.kind)
        shape = [f"{last} - {first}", *(f"{base.code}.n{k}" for k in rest)]
        code = self.program.made(kind, f"{base.code}.at + {offset}", *shape)
        return Value(code, kind, origin=base.origin, bounds=f"{first}:{last}")

    def _tuple(self, node: ast.Tuple) -> Value:
        items = [self.value(item) for item in node.elts]
        kind = Tuple(tuple(item.kind for item in items if item.kind is not None))
        self.program.use(kind)
        return Value(self.program.made(kind, *(item.code for item in items)), kind)

    # -- arithmetic ----------------------------------------------------------------------------------------------------

    def _binop(self, node: ast.BinOp) -> Value:
        return self.operation(node, node.op, self.scalar(node.left), self.scalar(node.right))

    def operation(
        self, node: ast.AST, operator: ast.operator, left: tuple[str, Scalar], right: tuple[str, Scalar]
    ) -> Value:
        """Combine two numbers; parentheses keep the order of Python."""
        (a, a_kind), (b, b_kind) = left, right
        sort = type(operator)
        if sort is ast.Div:
            a = a if DOUBLE in (a_kind, b_kind) else f"(double){a}"
            return Value(f"({a} / {b})", DOUBLE)
        if sort in _SHIFTS:
            if a_kind != b_kind or a_kind not in (INT, UINT):
                raise self.refused(node, "a shift takes two whole numbers, both signed or both unsigned")
            if (sort, a_kind) == (ast.LShift, INT):
                # C leaves it undefined for signed numbers.
                return Value(f"((int64_t)((uint64_t){a} << {b}))", INT)
            return Value(f"({a} {_SHIFTS[sort]} {b})", a_kind)
        kind = join(a_kind, b_kind)
        if not isinstance(kind, Scalar):
            raise self.refused(node, "signed and unsigned together become a float")
        if sort in _BITS and kind != DOUBLE:
            return Value(f"({a} {_BITS[sort]} {b})", kind)
        kind = INT if kind == BOOL else kind
        if sort in _ARITHMETIC:
            return Value(f"({a} {_ARITHMETIC[sort]} {b})", kind)
        if sort in _WHOLE and kind == INT:
            return Value(f"{_WHOLE[sort]}({a}, {b})", INT)
        raise self.refused(node, f"{sort.__name__} of {kind.c} is not translated")

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not):
            return Value(f"(!{self.condition(node.operand)})", BOOL)
        code, kind = self.scalar(node.operand)
        if kind == BOOL or (kind == UINT and isinstance(node.op, ast.USub)):
            raise self.refused(node, f"a sign before a {kind.c}")
        if isinstance(node.op, ast.USub):
            found = self.any_value(node.operand).static
            return Value(f"(-{code})", kind, UNKNOWN if found is UNKNOWN else -found)
        if isinstance(node.op, ast.Invert) and kind != DOUBLE:
            return Value(f"(~{code})", kind)
        raise self.refused(node, f"{type(node.op).__name__} is not translated")

    def _boolop(self, node: ast.BoolOp) -> Value:
        # Of other values Python gives one of the two back, not whether it is true.
        if any(self.scalar(part)[1] != BOOL for part in node.values):
            raise self.refused(node, "`and` and `or` of numbers as a value")
        return Value(self.condition(node), BOOL)

    def _compare(self, node: ast.Compare) -> Value:
        parts = [node.left, *node.comparators]
        if any(not isinstance(part, ast.Name | ast.Constant) for part in parts[1:-1]):
            raise self.refused(node, "the middle of a chain of comparisons must be a name")
        values = [self.value(part) for part in parts]
        pairs = []
        for a, operator, b in zip(values[:-1], node.ops, values[1:], strict=True):
            if type(operator) not in _COMPARISONS or not (isinstance(a.kind, Scalar) and isinstance(b.kind, Scalar)):
                raise self.refused(node, f"{type(operator).__name__} is not translated")
            if join(a.kind, b.kind) is None and not any(isinstance(v.static, int) and v.static >= 0 for v in (a, b)):
                raise self.refused(node, "a signed number compared with an unsigned one")
            pairs.append(f"({a.code} {_COMPARISONS[type(operator)]} {b.code})")
        return Value(pairs[0] if len(pairs) == 1 else f"({' && '.join(pairs)})", BOOL)

    def whole(self, node: ast.expr) -> Value:
        """Translate what is assigned or returned: here alone a rule that writes may give a value.

        The order in which C works out the parts of an expression is its own affair, but for the branches of a choice.
        """
        if isinstance(node, ast.IfExp):
            return self._choice(node, self.condition(node.test), self.whole(node.body), self.whole(node.orelse))
        return self.any_value(node) if isinstance(node, ast.Call) else self.value(node)

    def _ifexp(self, node: ast.IfExp) -> Value:
        return self._choice(node, self.condition(node.test), self.value(node.body), self.value(node.orelse))

    def _choice(self, node: ast.IfExp, test: str, yes: Value, no: Value) -> Value:
        kind = join(yes.kind, no.kind) if yes.kind and no.kind else None
        if kind is None or (not isinstance(kind, Scalar) and yes.kind != no.kind):
            raise self.refused(node, "the two branches are of different types")
        return Value(f"({test} ? {yes.code} : {no.code})", kind)
