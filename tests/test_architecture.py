"""The house: imports point one way, rules keep to arithmetic that gives the same bits, declarations are used."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from r2psim.analysis.comparison import compare
from r2psim.declarations.columns import TABLES
from r2psim.rules import conflict, stages, triggers
from r2psim.rules import month as month_module
from r2psim.rules.month import PHASES, schedule
from r2psim.scenario.loading import load
from r2psim.scenario.parameters import PARAMETERS, identifier

PACKAGE = Path(month_module.__file__).parents[1]
FILES = sorted(PACKAGE.rglob("*.py"))
RULES = sorted((PACKAGE / "rules").glob("*.py"))
IDS = {path: str(path.relative_to(PACKAGE)) for path in FILES}

PLAN = PACKAGE.parent / "docs" / "ARCHITECTURE.md"

ROOMS = re.findall(r"^\| `(\w+)(?:/|\.py)` \|", PLAN.read_text(encoding="utf-8"), re.M)
"""The rooms, from the ground up, as the plan of the house has them: each imports itself and those before it."""

MUTUAL = {
    "r2psim.analysis.controls",  # gives comparisons back to the comparison that it checks
    *(f"r2psim.reference.{name}" for name in ("body", "columns", "group", "lent", "programme", "state", "structure")),
}
"""Files that name the types of what imports them, and nothing else of it.

Agents of a Mesa model that is written by hand know one another and their model: the plain twin is one.
"""

PROGRAMS = {("r2psim.rules.month", "r2psim.rules.compile_month")}
"""Who names a module that it does not import, but has run as a program of its own."""

NOT_IN_RULES = {
    "mesa", "pandas", "pyarrow", "matplotlib", "scipy", "solara", "pydantic", "typer", "rich", "random", "dask", "time",
    "datetime", "secrets", "uuid",
}  # fmt: skip


def module_of(path: Path) -> str:
    """Give the dotted name of a file."""
    parts = ("r2psim", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}
NAMED = MODULES.keys() - {"r2psim"}  # the package's name is said for many reasons


def _absolute(node: ast.Import | ast.ImportFrom, path: Path) -> Iterator[str]:
    """Yield the absolute names that a statement imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    here = module_of(path).split(".")
    package = here if path.name == "__init__.py" else here[:-1]
    base = package[: len(package) - node.level + 1] if node.level else []
    name = ".".join([*base, *([node.module] if node.module else [])])
    # `from r2psim.rules import draws` imports the module draws.
    yield from (f"{name}.{alias.name}" for alias in node.names)


@cache
def all_imports(path: Path) -> tuple[tuple[str, int, bool], ...]:
    """Give absolute names that a file imports anywhere in it, with their lines, and whether only types are taken.

    A text that is the name of one of our modules counts: it is imported by that name.
    """
    return tuple(_all_imports(path))


def _all_imports(path: Path) -> Iterator[tuple[str, int, bool]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for body in node.body
        for inner in ast.walk(body)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((name, node.lineno, id(node) in types) for name in _absolute(node, path))
        elif isinstance(node, ast.Constant) and node.value in NAMED and (module_of(path), node.value) not in PROGRAMS:
            yield node.value, node.lineno, False


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the absolute names of all modules that a file imports, with their lines; not those for type checking."""
    yield from ((name, line) for name, line, only_types in all_imports(path) if not only_types)


def ours(name: str) -> str | None:
    """Give the module of this package that an imported name is, or lies in."""
    above = name.split(".")
    found = (".".join(above[:length]) for length in range(len(above), 0, -1))
    return next((module for module in found if module in MODULES), None)


def room_of(module: str) -> str:
    """Give the room of a module: a folder of the package, or a file beside them."""
    return [*module.split("."), "__init__"][1]


def edges(types: bool) -> dict[str, set[str]]:
    """Give which files import which, by module: in functions too, and those for types only if asked for."""
    return {
        module: {
            found
            for name, _, only_types in all_imports(path)
            if (types or not only_types) and (found := ours(name)) is not None and found != module
        }
        for module, path in MODULES.items()
    }


def circles(graph: dict[str, set[str]]) -> list[str]:
    """Give what lies in a circle, or leads from one circle to another: what is left once all ends are cut off."""
    graph = {module: set(found) for module, found in graph.items()}
    while True:
        used = set().union(*graph.values())
        ends = {module for module, found in graph.items() if not found or module not in used}
        if not ends:
            return sorted(graph)
        graph = {module: found - ends for module, found in graph.items() if module not in ends}


def test_a_circle_is_found_and_a_ladder_is_none() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}, "e": set()}) == ["b", "c"]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_an_import_is_seen_wherever_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "scenario" / "made.py"
    path.parent.mkdir()
    path.write_text(
        "if TYPE_CHECKING:\n    from r2psim.world import rows\n\n\ndef f():\n    from ..rules.month import month\n"
        "    return import_module('r2psim.cli')\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    assert set(all_imports(path)) == {
        ("r2psim.world.rows", 2, True), ("r2psim.rules.month.month", 6, False), ("r2psim.cli", 7, False),
    }  # fmt: skip
    assert [ours(name) for name, _ in imports(path)] == ["r2psim.rules.month", "r2psim.cli"]


def test_no_file_is_imported_in_a_circle() -> None:
    assert circles(edges(types=False)) == []


def test_types_are_taken_in_a_circle_only_where_it_says_why() -> None:
    graph = edges(types=True)
    run = edges(types=False)
    assert circles({module: run[module] if module in MUTUAL else found for module, found in graph.items()}) == []
    above = {module: graph[module] - run[module] for module in MUTUAL}
    assert all(found for found in above.values()), "what takes no type from above has no place in MUTUAL"


def test_every_room_has_its_place_in_the_plan_of_the_house() -> None:
    assert len(ROOMS) == len(set(ROOMS)) and set(ROOMS) == {room_of(module) for module in MODULES}


@pytest.mark.parametrize("path", FILES, ids=IDS.values())
def test_rooms_import_only_what_lies_below_them(path: Path) -> None:
    own = room_of(module_of(path))
    for name, line, _ in all_imports(path):
        found = ours(name)
        if found is not None and room_of(found) != own:
            assert ROOMS.index(room_of(found)) < ROOMS.index(own), f"line {line}: {own} imports {name}, above it"


def test_the_command_line_has_one_way_in() -> None:
    takers = {module: found for module, found in edges(types=True).items() if module != "r2psim.cli"}
    of_verbs = {module for module, found in takers.items() if any(room_of(name) == "verbs" for name in found)}
    assert {room_of(module) for module in of_verbs} == {"verbs"}
    assert [module for module, found in takers.items() if "r2psim.cli" in found] == ["r2psim.__main__"]
    takes_options = re.compile(r"typer\.(Option|Argument)\(")
    rooms = {room_of(module_of(path)) for path in FILES if takes_options.search(path.read_text(encoding="utf-8"))}
    assert rooms == {"verbs", "cli"}


LONG = 500
"""Lines of a file beyond which it says in its head why it is not two."""

REASON = "One file, though long: "


def long_without_a_reason(text: str) -> bool:
    """Say whether a file is long, and its head does not say why."""
    return text.count("\n") > LONG and not re.search(rf"^{REASON}\w+", ast.get_docstring(ast.parse(text)) or "", re.M)


def test_a_long_file_says_in_its_head_why_it_is_one() -> None:
    short, body = '"""Head."""\n', "x = 1\n" * LONG
    assert not long_without_a_reason(short) and long_without_a_reason(short + body)
    assert not long_without_a_reason(f'"""Head.\n\n{REASON}it is one list.\n"""\n' + body)
    assert long_without_a_reason(short + body + f"# {REASON}nobody sees it here\n")
    assert [IDS[path] for path in FILES if long_without_a_reason(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("path", RULES, ids=[path.name for path in RULES])
def test_rules_import_nothing_that_draws_stores_or_shows(path: Path) -> None:
    assert not [(name, line) for name, line in imports(path) if name.split(".")[0] in NOT_IN_RULES]


# -- arithmetic --------------------------------------------------------------------------------------------------------

NUMPY = {"array", "float64", "floor", "int64", "ndarray", "uint64"}
"""All of numpy that rules may use: types, exact rounding, and arrays that are built when a module is imported."""

MATH = {"sqrt"}

CALLS = {"sum", "pow", "fsum", "prange", "divmod", "hash", "eval", "exec", "open", "print"}
"""Calls by name that rules do without: sums of unfixed order, powers, parallel loops, I/O."""

METHODS = {"sum", "mean", "std", "var", "dot", "prod", "cumsum", "argmax", "argmin", "argsort", "sort"}

NOT_COMPILED = {"ahead.py", "by_run.py", "compiled.py", "ingredients.py", "explain.py", "warmup.py", "__init__.py"}
"""Files of `rules` whose code is not compiled: how to compile, and the explanation of events."""

COMPILED = [path for path in RULES if path.name not in NOT_COMPILED]


@pytest.mark.parametrize("path", COMPILED, ids=[path.name for path in COMPILED])
def test_rules_use_only_arithmetic_that_gives_the_same_bits(path: Path) -> None:
    wrong = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Pow | ast.MatMult):
            wrong.append((line, ast.unparse(node)))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            allowed = {"np": NUMPY, "numpy": NUMPY, "math": MATH}.get(node.value.id)
            if allowed is not None and node.attr not in allowed:
                wrong.append((line, ast.unparse(node)))
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in CALLS:
                wrong.append((line, ast.unparse(node)))
            if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
                wrong.append((line, ast.unparse(node)))
    assert not wrong


@pytest.mark.parametrize("path", [path for path in RULES if path.name != "explain.py"], ids=lambda path: path.name)
def test_nothing_is_compiled_with_fast_or_parallel_mathematics(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword):
            assert node.arg not in ("fastmath", "parallel"), node.lineno if hasattr(node, "lineno") else ""
        if isinstance(node, ast.ImportFrom) and node.module == "math":
            assert {alias.name for alias in node.names} <= MATH
        if isinstance(node, ast.ImportFrom) and node.module == "numpy":
            raise AssertionError("import numpy as np, so that its use can be seen")


def decorated(path: Path, decorator: str) -> list[ast.FunctionDef]:
    """Give the functions of a file that carry a decorator."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(d) == decorator for d in node.decorator_list)
    ]


OVER_ALL_ROWS = {
    "applicable", "hazards", "log_effects", "month", "opening", "perceive", "put_log_effect", "uniforms",
}  # fmt: skip
"""Compiled functions that are not rules over rows."""


@pytest.mark.parametrize("path", COMPILED, ids=[path.name for path in COMPILED])
def test_every_rule_has_the_one_signature_and_says_what_it_does(path: Path) -> None:
    for function in decorated(path, "rule"):
        if function.name not in OVER_ALL_ROWS:
            names = [argument.arg for argument in function.args.args]
            assert names == ["first", "last", "rows", "p", "draws"], function.name
        assert ast.get_docstring(function), function.name


@pytest.mark.parametrize("path", COMPILED, ids=[path.name for path in COMPILED])
def test_rules_neither_raise_nor_allocate(path: Path) -> None:
    kinds = (ast.Raise, ast.Try, ast.With, ast.ListComp, ast.DictComp, ast.GeneratorExp, ast.Dict, ast.List, ast.Set)
    for function in decorated(path, "rule") + decorated(path, "inline"):
        found = [
            ast.unparse(node) for statement in function.body for node in ast.walk(statement) if isinstance(node, kinds)
        ]
        assert not found, f"{function.name}: {found}"


def test_phases_run_the_steps_that_they_show() -> None:
    path = Path(month_module.__file__)
    sources = {f.name: f for f in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(f, ast.FunctionDef)}
    assert {phase.run.__name__ for phase in PHASES} <= {f.name for f in decorated(path, "rule")}

    def calls(function: ast.FunctionDef) -> list[str]:
        # A phase may be called for one slice of rows after another.
        looped = [node.body if isinstance(node, ast.For) else [node] for node in function.body]
        found = [node.value for nodes in looped for node in nodes if isinstance(node, ast.Expr)]
        return [ast.unparse(call.func) for call in found if isinstance(call, ast.Call)]

    for phase in PHASES:
        assert calls(sources[phase.run.__name__]) == [step.__name__ for step in phase.steps]
        assert list(inspect.signature(getattr(phase.run, "py_func", phase.run)).parameters) == [
            "first", "last", "rows", "p", "draws",
        ]  # fmt: skip
    assert calls(sources["month_by"]) == [f"rules.{phase.run.__name__}" for phase in PHASES]
    assert [line.split()[2] for line in schedule().splitlines()[1:]] == [
        s.__name__ for phase in PHASES for s in phase.steps
    ]


# -- declarations ------------------------------------------------------------------------------------------------------

SET_ONCE = PACKAGE / "world" / "assistance.py"
"""Where parameters set what a run starts with: the budgets of bodies."""

TEXT = "\n".join(path.read_text(encoding="utf-8") for path in [*RULES, SET_ONCE])

READ_BY_ACCOUNTS = {"accounts.discount_rate"}
"""What moves nothing in a run: it says how comparisons weigh the money of runs that are over."""


def unread(text: str) -> set[str]:
    """Give the paths of the parameters that a text of Python does not read by name."""
    return {path for path in PARAMETERS if not re.search(rf"\bP\.{identifier(path)}\b", text)}


def test_every_parameter_is_used() -> None:
    paths = list(PARAMETERS)
    tables = [*stages.TERMS.values(), *conflict.TERMS.values(), *triggers.TERMS.values()]
    used = {paths[place] for table in tables for row in table.tolist() for place in (row[0], row[2]) if place >= 0}
    for table in tables:
        used.add(paths[table[0, 0]])
    # What there is once for every kind of trigger is read by its place.
    used |= {paths[place] for table in (triggers._HALF_LIVES, triggers._WEIGHTS) for place in table.tolist()}
    assert unread(TEXT) - used == READ_BY_ACCOUNTS


@pytest.mark.parametrize("path", sorted(READ_BY_ACCOUNTS))
def test_what_only_accounts_read_moves_their_figures_and_nothing_in_a_run(path: str) -> None:
    ends = PARAMETERS[path].low, PARAMETERS[path].high
    low, high = (
        compare(load("seminar", [f"{path}={end}"]), ["late-response", "prevention"], runs=2, years=2) for end in ends
    )
    assert low.told("prevention")["extra_prevention"] != high.told("prevention")["extra_prevention"]
    for policy in low.policies:
        assert np.array_equal(low.metrics[policy], high.metrics[policy], equal_nan=True)
        assert np.array_equal(low.ledgers[policy], high.ledgers[policy])


def test_every_parameter_and_column_says_what_it_is() -> None:
    for path, parameter in PARAMETERS.items():
        assert parameter.description and parameter.unit and parameter.low <= parameter.default <= parameter.high, path
    for table in TABLES.values():
        for column in table.columns:
            assert column.meaning and column.unit and column.low <= column.default <= column.high, column.name
            assert column.role in ("given", "state", "derived", "account", "draw"), column.name


# -- other languages ---------------------------------------------------------------------------------------------------

WRITERS = {
    "rich.console.Console": "r2psim.terminal",
    "html.escape": "r2psim.markup",
    "markupsafe.escape": "r2psim.markup",
    "markupsafe.Markup": "r2psim.markup",
}
"""What writes into another language, and the one module that may take it: the others take it from there."""


def test_there_is_one_place_that_writes_into_each_other_language() -> None:
    wrong = [
        (module_of(path), line, name)
        for path in FILES
        for name, line in imports(path)
        if name in WRITERS and module_of(path) != WRITERS[name]
    ]
    assert not wrong
