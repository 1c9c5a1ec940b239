"""Statements of rules in C: one function at a time, for one choice of types of its arguments.

Types of locals follow from what is assigned to them, as in the compiler of the rules. A body is translated again until
its types no longer change: a count that becomes a float further down is a float from the start.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Sequence
from types import FunctionType

import numpy as np

from r2psim.translation.c_calls import Calls
from r2psim.translation.c_expressions import UNKNOWN, Program, Value
from r2psim.translation.c_independence import rows_are_independent
from r2psim.translation.c_types import BOOL, DOUBLE, INT, Argument, Array, Record, Scalar, Tuple, Type, join

__all__ = ["FunctionBody"]

_INDENT = "    "


def _assigned(tree: ast.AST) -> Iterator[str]:
    """Yield every name that a piece of code assigns to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


class FunctionBody(Calls):
    """Translates one rule.

    Parameters
    ----------
    program : Program
        What the rule belongs to; told of the types, constants and other rules that it needs.
    function : function
        The Python function; its source must be at hand.
    arguments : sequence of Type or tuple
        Types of its arguments, or a tuple of what is no number in C, known beforehand.
    name : str
        Its name in C.
    """

    def __init__(self, program: Program, function: FunctionType, arguments: Sequence[Argument], name: str) -> None:
        super().__init__(program, function, function.__code__.co_firstlineno)
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
        if not isinstance(tree, ast.FunctionDef):
            raise self.refused(tree, "is no function")
        self.tree = tree
        self.name = name
        self.parameters = [argument.arg for argument in tree.args.args]
        if function.__closure__ or tree.args.vararg or tree.args.kwarg or tree.args.kwonlyargs:
            raise self.refused(tree, "a rule takes plain arguments and refers to nothing but its module")
        self.names = {*self.parameters, *_assigned(tree)}
        given = dict(zip(self.parameters, arguments, strict=True))
        self.fixed |= {name: known for name, known in given.items() if isinstance(known, tuple)}
        self.parameters = [name for name in self.parameters if name not in self.fixed]
        self.types = {name: kind for name, kind in given.items() if not isinstance(kind, tuple)}
        self.result: Type | None = None
        self.lines: list[str] = []
        self.depth = 1
        self.counter = 0
        for argument in self.parameters:
            self.views[argument] = (argument, "")
        self._settle()

    def _settle(self) -> None:
        while True:
            before = dict(self.types), self.result
            self.lines, self.counter = [], 0
            self._block(self.tree.body)
            if (self.types, self.result) == before:
                return

    def _head(self) -> str:
        """Write the head of the function; what is inlined into rules in Python is so in C."""
        kinds = [self.types[name] for name in self.parameters]
        arguments = [
            f"const {kind.c} *{self.local(name)}"
            if isinstance(kind, Record) and kind.by_pointer
            else f"{kind.c} {self.local(name)}"
            for name, kind in zip(self.parameters, kinds, strict=True)
        ]
        result = self.result.c if self.result else "void"
        inlined = any(ast.unparse(decorator) == "inline" for decorator in self.tree.decorator_list)
        always = "ALWAYS_INLINE" if inlined else "INLINE"
        return f"{always} {result} {self.name}({', '.join(arguments) or 'void'})"

    def text(self) -> str:
        """Write the whole function."""
        locals_ = [
            f"{_INDENT}{kind.c} {self.local(name)};" for name, kind in self.types.items() if name not in self.parameters
        ]
        return "\n".join([self._head(), "{", *locals_, *self.lines, "}"])

    # -- statements ----------------------------------------------------------------------------------------------------

    def _line(self, text: str) -> None:
        self.lines.append(_INDENT * self.depth + text)

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            handler = getattr(self, f"_do_{type(statement).__name__.lower()}", None)
            if handler is None:
                raise self.refused(statement, f"{type(statement).__name__} is not translated")
            handler(statement)

    def _nested(self, statements: Sequence[ast.stmt]) -> None:
        self.depth += 1
        self._block(statements)
        self.depth -= 1

    def _do_pass(self, node: ast.Pass) -> None:
        """Nothing to do."""

    def _do_break(self, node: ast.Break) -> None:
        self._line("break;")

    def _do_continue(self, node: ast.Continue) -> None:
        self._line("continue;")

    def _do_expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return  # a docstring
        if not isinstance(node.value, ast.Call):
            raise self.refused(node, "an expression without effect")
        self._line(f"{self.any_value(node.value).code};")

    def _do_return(self, node: ast.Return) -> None:
        if node.value is None:
            self._line("return;")
            return
        found = self.whole(node.value)
        kind = found.kind if self.result is None else found.kind and join(self.result, found.kind)
        if kind is None or (isinstance(kind, Record) and kind.by_pointer):
            raise self.refused(node, "returns another type than before, or none that C knows")
        if isinstance(kind, Tuple) and kind != found.kind and not isinstance(node.value, ast.Tuple):
            raise self.refused(node, "returns a tuple of other types than before")
        self.result = kind
        self.program.use(kind)
        if isinstance(node.value, ast.Tuple):
            items = ", ".join(self.value(item).code for item in node.value.elts)
            self._line(f"return {self.program.made(kind, items)};")
        else:
            self._line(f"return {found.code};")

    # -- assignment ----------------------------------------------------------------------------------------------------

    def _do_assign(self, node: ast.Assign) -> None:
        if len(node.targets) > 1 and not isinstance(node.value, ast.Constant):
            raise self.refused(node, "several targets of something that is no constant")
        for target in node.targets:
            if isinstance(target, ast.Tuple):
                self._unpack(target, node.value)
            elif self._is_fixed(target, node.value):
                continue
            elif self._is_new_memory(node.value):
                self._allocate(target, node.value)
            else:
                self._store(target, self.whole(node.value))

    def _is_fixed(self, target: ast.expr, source: ast.expr) -> bool:
        """Note a name that is given a tuple of constants, once: any of them may be asked for by its number."""
        if not isinstance(target, ast.Name) or not isinstance(source, ast.Tuple):
            return False
        items = tuple(self.any_value(item).static for item in source.elts)
        if any(item is UNKNOWN for item in items) or list(_assigned(self.tree)).count(target.id) > 1:
            return False
        self.fixed.setdefault(target.id, items)
        return True

    def _do_annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._store(node.target, self.whole(node.value))

    def _do_augassign(self, node: ast.AugAssign) -> None:
        as_value: ast.expr = ast.parse(ast.unparse(node.target), mode="eval").body
        found = self.operation(node, node.op, self.scalar(as_value), self.scalar(node.value))
        self._store(node.target, found)

    def _store(self, target: ast.expr, found: Value) -> None:
        """Write one value to a local name or an entry of an array."""
        if found.kind is None:
            raise self.refused(target, "is given something that has no value in C")
        if isinstance(target, ast.Name):
            self._declare(target, found)
            self._line(f"{self.local(target.id)} = {found.code};")
            return
        place = self.value(target) if isinstance(target, ast.Subscript) else None
        if place is None or not isinstance(place.kind, Scalar) or not isinstance(found.kind, Scalar):
            raise self.refused(target, "is neither a name nor an entry of an array, or is given no number")
        self.writes = True
        self._line(f"{place.code} = {found.code};")

    def _declare(self, target: ast.Name, found: Value) -> None:
        """Let a local name hold a value of this type as well."""
        assert found.kind is not None
        kind = join(self.types.get(target.id, found.kind), found.kind)
        if kind is None or (isinstance(kind, Record) and kind.by_pointer):
            raise self.refused(target, "holds values of different types, or a named tuple of arrays")
        if target.id in self.parameters and kind != self.types[target.id]:
            raise self.refused(target, "is an argument and changes its type")
        self.types[target.id] = kind
        if isinstance(kind, Array):
            view = found.origin, found.bounds
            # A name that shows different stretches in turn shows an unknown one.
            self.views[target.id] = view if self.views.get(target.id, view) == view else ("", "")

    def _unpack(self, target: ast.Tuple, source: ast.expr) -> None:
        """Assign several values at once: all are known before the first is written."""
        if isinstance(source, ast.Tuple):
            found = [self.value(item) for item in source.elts]
            parts = [(f"several__{i}", item) for i, item in enumerate(found)]
            heads = [f"const {item.kind.c if item.kind else ''} {name} = {item.code};" for name, item in parts]
        else:
            whole = self.whole(source)
            if not isinstance(whole.kind, Tuple):
                raise self.refused(target, "is given something that is no tuple")
            parts = [(f"several__.a{i}", Value("", kind)) for i, kind in enumerate(whole.kind.items)]
            heads = [f"const {whole.kind.c} several__ = {whole.code};"]
        if len(parts) != len(target.elts):
            raise self.refused(target, "is given another number of values")
        self._line("{")
        self.depth += 1
        for head in heads:
            self._line(head)
        for element, (name, item) in zip(target.elts, parts, strict=True):
            self._store(element, Value(name, item.kind, UNKNOWN, item.origin, item.bounds))
        self.depth -= 1
        self._line("}")

    def _is_new_memory(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") not in ("zeros", "empty"):
            return False
        return self.any_value(node.func).static in (np.zeros, np.empty)

    def _allocate(self, target: ast.expr, call: ast.expr) -> None:
        """Make a vector of floats that lives as long as the function."""
        assert isinstance(call, ast.Call)
        if not isinstance(target, ast.Name) or len(call.args) != 1 or call.keywords or self.depth != 1:
            raise self.refused(
                call, "memory is made for a name, at the top level of a function, with one dimension of floats"
            )
        kind = Array(DOUBLE, 1)
        self.program.use(kind)
        size, memory = f"size__{target.id}", f"memory__{target.id}"
        self._line(f"const int64_t {size} = {self.index(call.args[0])};")
        self._line(f"double {memory}[{size} > 0 ? {size} : 1];")
        self._line(f"memset({memory}, 0, sizeof {memory});")
        self._store(target, Value(self.program.made(kind, memory, size), kind, origin=memory))

    # -- control -------------------------------------------------------------------------------------------------------

    def _do_if(self, node: ast.If, word: str = "if") -> None:
        self._line(f"{word} ({self.condition(node.test)}) {{")
        self._nested(node.body)
        match node.orelse:
            case []:
                self._line("}")
            case [ast.If() as other]:
                self._do_if(other, "} else if")
            case others:
                self._line("} else {")
                self._nested(others)
                self._line("}")

    def _do_while(self, node: ast.While) -> None:
        if node.orelse:
            raise self.refused(node, "`else` of a loop")
        self._line(f"while ({self.condition(node.test)}) {{")
        self._nested(node.body)
        self._line("}")

    def _do_for(self, node: ast.For) -> None:
        first, last, step = self._range(node)
        if node.orelse or not isinstance(node.target, ast.Name):
            raise self.refused(node, "`else` of a loop, or a target that is no name")
        self._declare(node.target, Value("", INT))
        self.counter += 1
        # Python counts apart from the name, which the body may change and which keeps its last value.
        count, end = f"count__{self.counter}", f"end__{self.counter}"
        if rows_are_independent(node, self):
            self._line("ROWS_ARE_INDEPENDENT")
        compare, move = ("<", f"{count}++") if step == 1 else (">" if step < 0 else "<", f"{count} += {step}")
        self._line(f"for (int64_t {count} = {first}, {end} = {last}; {count} {compare} {end}; {move}) {{")
        self.depth += 1
        self._line(f"{self.local(node.target.id)} = {count};")
        self._block(node.body)
        self.depth -= 1
        self._line("}")

    def _range(self, node: ast.For) -> tuple[str, str, int]:
        """Translate first, last and step of a loop."""
        call = node.iter
        if (
            not isinstance(call, ast.Call)
            or not 1 <= len(call.args) <= 3
            or self.any_value(call.func).static is not range
        ):
            raise self.refused(node, "a loop over anything but range()")
        bounds = [self.scalar(argument) for argument in call.args]
        if any(kind not in (INT, BOOL) for _, kind in bounds):
            raise self.refused(node, "the bounds of range() must be signed whole numbers")
        step = self.value(call.args[2]).static if len(call.args) == 3 else 1
        if not isinstance(step, int) or step == 0:
            raise self.refused(node, "the step of a loop must be known beforehand")
        codes = [code for code, _ in bounds]
        return ("0", codes[0], 1) if len(codes) == 1 else (codes[0], codes[1], step)
