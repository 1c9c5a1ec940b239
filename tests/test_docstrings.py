"""Every public name says what it takes, what it gives, in which units and shapes, and which errors end it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

import pytest

import r2psim
from r2psim import agents, plots, scenario

pytest.importorskip("numpydoc")

WANTED = {
    "GL08",  # there is a docstring
    "PR01", "PR02", "PR04", "PR07",  # every parameter, none that there is not, with type and words
    "RT01", "RT03",  # what is given back, with words
    "SS01", "SS04",  # a summary
    "YD01",
}  # fmt: skip
"""Codes of numpydoc's checks."""

MODULES = (agents, plots, scenario)
"""Modules that the reference documents beside the package itself."""


def public() -> dict[str, Any]:
    """Give everything that is public, by the name under which it is defined: what is exported, and its members."""
    exported = [getattr(r2psim, name) for name in dir(r2psim) if not name.startswith("_")]
    exported += [getattr(module, name) for module in MODULES for name in module.__all__]
    found: dict[str, Any] = {}
    for thing in exported:
        home = f"{thing.__module__}.{thing.__qualname__}"
        found[home] = thing
        for name, member in vars(thing).items() if inspect.isclass(thing) else ():
            function = getattr(member, "__func__", member)
            if not name.startswith("_") and (inspect.isfunction(function) or isinstance(member, property)):
                found[f"{home}.{name}"] = member
    return found


PUBLIC = public()


def is_made(thing: Any) -> bool:
    """Say whether others make one: not of what tells its fields as attributes, nor of a shape that others fill."""
    told = "Attributes\n---" in (inspect.getdoc(thing) or "")
    return not (inspect.isclass(thing) and (told or getattr(thing, "_is_protocol", False)))


def lacking(name: str, thing: Any) -> list[str]:
    """Say what a docstring lacks."""
    from numpydoc.validate import validate

    return [
        f"{name}: {code} {said}"
        for code, said in validate(name)["errors"]
        if code in WANTED and (code != "PR01" or is_made(thing))
    ]


def test_docstrings_are_whole() -> None:
    assert [fault for name, thing in PUBLIC.items() for fault in lacking(name, thing)] == []


def function_of(thing: Any) -> Any:
    return inspect.unwrap(getattr(thing, "__func__", thing))


def raised(function: Any) -> set[str]:
    """Name the errors that the body of a function raises by itself."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    # What begins with an underscore makes an error, and is none.
    return {name for call in calls if not (name := ast.unparse(call.func)).startswith("_")}


def untold_errors(function: Any) -> set[str]:
    """Name the errors that a function raises and does not tell of."""
    from numpydoc.docscrape import FunctionDoc

    return raised(function) - {entry.type for entry in FunctionDoc(function)["Raises"]}


def test_errors_are_told() -> None:
    functions = {name: function_of(thing) for name, thing in PUBLIC.items() if inspect.isfunction(function_of(thing))}
    assert len(functions) > 100
    assert {name: untold for name, function in functions.items() if (untold := untold_errors(function))} == {}


def untold_shapes(thing: Any) -> list[str]:
    """Name the arrays, of those that are taken, given back or kept, whose shape is not told."""
    from numpydoc.docscrape import ClassDoc, FunctionDoc

    document = ClassDoc(thing) if inspect.isclass(thing) else FunctionDoc(function_of(thing))
    entries = [entry for part in ("Parameters", "Returns", "Attributes") for entry in document[part]]
    return [
        entry.name or entry.type
        for entry in entries
        if "ndarray" in entry.type and "shape" not in f"{entry.type} {' '.join(entry.desc)}"
    ]


def test_arrays_have_shapes() -> None:
    others = {name: thing for name, thing in PUBLIC.items() if not isinstance(thing, property)}
    assert {name: untold for name, thing in others.items() if (untold := untold_shapes(thing))} == {}


def test_what_is_missing_is_found() -> None:
    def bad(array: object) -> object:
        """Do it.

        Parameters
        ----------
        array : numpy.ndarray
            Numbers.
        """
        raise ValueError("no")

    assert untold_errors(bad) == {"ValueError"}
    assert untold_shapes(bad) == ["array"]
    assert len(PUBLIC) > 150
