"""Subsections of the ODD document for rules that have none yet: what the code and the declarations say of them.

A rule's subsection is written by hand. A new rule begins with one that is made here, at its place in the order of the
month: its module's text, what it reads and writes, its parameters with their evidence. It can be edited like any other.
Subsections behind it get new numbers, and so do references to them.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Sequence
from typing import Any

from r2psim.declarations.columns import TABLES
from r2psim.scenario.parameters import PARAMETERS, identifier

__all__ = ["names_used", "with_sections"]

_HEAD = re.compile(r"^### 7\.(\d+) (.*)$", re.M)
_RULE = re.compile(r"^### 7\.\d+ .*\(`(\w+)`\)$", re.M)
_REFERENCE = re.compile(r"((?:\bsections? |\bin |\band |, |\(|^))7\.(\d{1,2})(?=[,;).\s]|$)", re.M)


def _python(function: Any) -> Any:
    """Give the Python function that a compiled one was made of."""
    return getattr(function, "py_func", function)


def names_used(rule: Callable[..., Any]) -> frozenset[str]:
    """Give every global name and attribute that a rule, or a function of the model that it calls, mentions.

    Parameters
    ----------
    rule : callable
        Compiled or not.

    Returns
    -------
    frozenset of str
        Among them the identifiers of parameters and the names of columns and purposes of chance that its code names;
        covariates of log-linear hazards are data, not code, and are in `r2psim.documentation.odd.HAZARDS`.

    Examples
    --------
    >>> from r2psim.rules.harm import harm
    >>> "harm_threshold" in names_used(harm), "conflict_onset_base" in names_used(harm)
    (True, False)
    """
    found: set[str] = set()
    seen: set[Any] = set()
    left = [_python(rule)]
    while left:
        function = left.pop()
        if function in seen:
            continue
        seen.add(function)
        for name in function.__code__.co_names:
            found.add(name)
            # A table of places stands for the names of what it holds.
            found.update(function.__globals__.get("HOLDS", {}).get(name, ()))
            called = _python(function.__globals__.get(name))
            if isinstance(called, types.FunctionType) and called.__module__.startswith("r2psim."):
                left.append(called)
    return frozenset(found)


def section_of(rule: Callable[..., Any]) -> str:
    """Write a subsection about a rule out of its code and the declarations; its number is left open.

    Parameters
    ----------
    rule : callable
        Compiled or not.
    """
    function = _python(rule)
    module = inspect.getmodule(function)
    said = inspect.cleandoc(getattr(module, "__doc__", None) or function.__doc__ or "")
    used = names_used(rule)
    variables = dict.fromkeys(c.name for table in TABLES.values() for c in table.columns if c.name in used)
    mine = [path for path in PARAMETERS if identifier(path) in used]
    about = [f"`{p}`: {PARAMETERS[p].label}{''.join(f' [{s}]' for s in PARAMETERS[p].source)}" for p in mine]
    parts = [
        f"### 7.0 {function.__name__.replace('_', ' ').capitalize()} (`{function.__name__}`)",
        said,
        f"Variables that it reads or writes: {', '.join(f'`{name}`' for name in variables) or 'none'}.",
        f"*Sources and assumptions.* {'; '.join(about) or 'It has no parameters'}.",
    ]
    return "\n\n".join(parts) + "\n\n"


def with_sections(text: str, rules: Sequence[Callable[..., Any]]) -> str:
    """Give a document in which every rule has its subsection, in the order given, with the numbers that follow.

    Parameters
    ----------
    text : str
        The document.
    rules : sequence of callable
        All rules of a month in their order.

    Raises
    ------
    ValueError
        If the document has no subsection of any rule: then it cannot be said where others belong.
    """
    written = {found[1]: found for found in _RULE.finditer(text)}
    names = [rule.__name__ for rule in rules]
    missing = [place for place, name in enumerate(names) if name not in written]
    if not missing:
        return text
    if not written:
        raise ValueError("the document has no subsection of a rule")
    for place in missing:
        # Behind the rule before it that has one; the first of all before the first that has one.
        before = next((name for name in reversed(names[:place]) if f"(`{name}`)\n" in text), None)
        found = next(h for h in _RULE.finditer(text) if before in (None, h[1]))
        at = found.start() if before is None else _HEAD.search(text, found.end()).start()  # type: ignore[union-attr]
        text = text[:at] + section_of(rules[place]) + text[at:]
    return _numbered(text)


def _numbered(text: str) -> str:
    """Give new numbers to the subsections of element 7, in their order, and to what refers to them."""
    new = {old: str(k) for k, (old, _) in enumerate(_HEAD.findall(text), 1) if old != "0"}
    text = _REFERENCE.sub(lambda found: f"{found[1]}7.{new.get(found[2], found[2])}", text)
    numbers = iter(range(1, len(_HEAD.findall(text)) + 1))
    return _HEAD.sub(lambda found: f"### 7.{next(numbers)} {found[2]}", text)
