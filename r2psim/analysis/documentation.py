"""The generated part of the ODD document: every table and number that the declarations know.

A block of the document stands between two comments, ``generated: NAME`` and ``end``; what is between them is made here,
and nothing in the document that is declared somewhere is typed by hand. The command
``python -m r2psim.analysis.documentation FILE`` rewrites the blocks of a file; with ``--check`` it changes nothing,
prints what differs and exits with 1.
"""

from __future__ import annotations

import argparse
import difflib
import math
import re
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from r2psim.rules import conflict, draws, stages, triggers
from r2psim.rules.month import PHASES
from r2psim.rules.structure import conflict_level
from r2psim.scenario.loading import load
from r2psim.scenario.parameters import LABELS, PARAMETERS, SOURCES, defaults
from r2psim.scenario.shipped import shipped_names
from r2psim.world.tables import (
    CONFLICT,
    GROUP,
    INHIBITORS,
    PERPETRATOR,
    RISK_FACTORS,
    STAGES,
    STATE,
    STATUS_EXCLUSION,
    TABLES,
    TRIGGERS,
    Column,
    Table,
)

__all__ = ["HAZARDS", "ROLES", "main", "names_used", "refresh", "tables"]

ROLES = {
    "given": "a scenario may set its start",
    "state": "moved by the rules from month to month",
    "derived": "computed anew every month from the other variables",
    "account": "a running total",
    "draw": "this month's uniform number, hazard or probability, kept so that events can be explained",
}
"""Roles of columns and what they mean."""

HAZARDS: dict[str, tuple[dict[str, Any], Table]] = {
    "triggers": (triggers.TERMS, STATE),
    "conflict": (conflict.TERMS, STATE),
    "stages": (stages.TERMS, GROUP),
}
"""Log-linear hazards by the table of parameters that declares them, and whose columns they multiply."""

_OPEN = re.compile(r"<!-- generated: (.+?) -->")
_BLOCK = re.compile(r"(<!-- generated: (.+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_PLACES = tuple(PARAMETERS)


# -- cells -------------------------------------------------------------------------------------------------------------


def _number(x: float) -> str:
    """Write a number as a person would: no trailing zeros, and millions of them as an exponent."""
    if math.isinf(x):
        return "no limit"
    if abs(x) < 1e6:
        return f"{x:.12g}"
    return str(Decimal(repr(x)).normalize()).replace("E+", "e")


def _range(low: float, high: float) -> str:
    return f"{_number(low)} or more" if math.isinf(high) else f"{_number(low)} to {_number(high)}"


def _code(text: str) -> str:
    return f"`{text}`"


def _sources(keys: Iterable[str]) -> str:
    return " ".join(f"[{key}]" for key in keys) or "-"


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; a bar inside a cell would end it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


# -- rules -------------------------------------------------------------------------------------------------------------


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
        covariates of log-linear hazards are data, not code, and are in `HAZARDS`.

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
            called = _python(function.__globals__.get(name))
            if isinstance(called, types.FunctionType) and called.__module__.startswith("r2psim."):
                left.append(called)
    return frozenset(found)


def _says(rule: Callable[..., Any]) -> str:
    """Give the first line of a rule's docstring, without the range of rows."""
    return re.sub(r" ?``first\.\.last``", "", (rule.__doc__ or "").strip().splitlines()[0])


def _purposes_of(rule: Callable[..., Any]) -> list[str]:
    """Name what a rule draws chance for, in the order of the registry."""
    names = names_used(rule)
    numbers = {value for key, value in vars(draws).items() if key in names and key.isupper() and isinstance(value, int)}
    return [name for name, number in draws.PURPOSES.items() if number in numbers]


def _schedule() -> str:
    rows = [
        (str(number), phase.name.replace("_", " "), phase.kind, _code(step.__name__), _says(step))
        for number, phase in enumerate(PHASES, 1)
        for step in phase.steps
    ]
    return _markdown(("phase", "what the agents do", "agents", "rule", "what happens"), rows)


def _purposes() -> str:
    by = {name: step.__name__ for phase in PHASES for step in phase.steps for name in _purposes_of(step)}
    halves = ("first", "second")
    rows = [
        (str(number), name, _code(by[name]) if name in by else "-", f"{number // 2}, {halves[number % 2]}")
        for name, number in draws.PURPOSES.items()
    ]
    return _markdown(("number", "purpose", "drawn in", "block of 128 bits and half"), rows)


# -- declarations ------------------------------------------------------------------------------------------------------


def _entities() -> str:
    rows = [(_code(t.kind), t.meaning, str(len(t.columns))) for t in TABLES.values()]
    return _markdown(("kind", "what one row is", "variables"), rows)


def _roles() -> str:
    count = Counter(column.role for table in TABLES.values() for column in table.columns)
    rows = [(role, about, str(count[role])) for role, about in ROLES.items()]
    return _markdown(("role", "meaning", "variables"), rows)


def _variables(table: Table) -> str:
    def row(c: Column) -> tuple[str, ...]:
        start = _number(c.default) if c.role == "given" else "-"
        return _code(c.name), c.unit, _range(c.low, c.high), start, c.role, c.meaning

    return _markdown(("name", "unit", "range", "start", "role", "meaning"), [row(c) for c in table.columns])


def _codes() -> str:
    level = _python(conflict_level)
    stage = _markdown(("`stage`", "name"), [(str(i), name) for i, name in enumerate(STAGES)])
    chain = _markdown(
        ("`conflict`", "name", "intensity"),
        [(str(i), name, _number(level(float(i), defaults()))) for i, name in enumerate(CONFLICT)],
    )
    who = _markdown(("`perpetrator`", "name"), [(str(i), name) for i, name in enumerate(PERPETRATOR)])
    status = _markdown(
        ("political status", "`exclusion`"), [(name, _number(value)) for name, value in STATUS_EXCLUSION.items()]
    )
    return "\n\n".join((stage, chain, who, status))


def _inhibitors() -> str:
    return _markdown(("inhibitor", "meaning"), [(_code(name), STATE[name].meaning) for name in INHIBITORS])


def _risk_factors() -> str:
    def row(i: int, name: str) -> tuple[str, ...]:
        kind = "state and group" if f"rf{i}" in GROUP.index else "state"
        return _code(f"rf{i}"), name, kind

    rows = [row(i, name) for i, name in enumerate(RISK_FACTORS, 1)]
    return _markdown(("score", "risk factor of the Framework [framework]", "scored for"), rows)


def _triggers() -> str:
    def row(kind: str) -> tuple[str, ...]:
        base, half_life, weight = (PARAMETERS[f"triggers.{kind}.{key}"] for key in ("base", "half_life", "weight"))
        meaning = STATE[f"strike_{kind}"].meaning.removeprefix("1 if ").removesuffix(" struck this month")
        rate = f"{_number(base.default)} ({base.unit})"
        return _code(kind), meaning, rate, _number(half_life.default), _number(weight.default)

    keys = ("`triggers.KIND.base`", "`triggers.KIND.half_life` (months)", "`triggers.KIND.weight` (0-1)")
    return _markdown(("KIND", "meaning", *keys), [row(kind) for kind in TRIGGERS])


def _hazards(family: str) -> str:
    """Write the terms of a family of hazards, from the very tables that the rules multiply out."""
    terms, table = HAZARDS[family]
    rows = []
    for name, places in terms.items():
        base = PARAMETERS[_PLACES[places[0, 0]]]
        rate = f"{_number(base.default)} ({base.unit})"
        rows.append((_code(f"{family}.{name}"), "base", rate, _range(base.low, base.high), "-", base.label))
        for coefficient, column, reference in places[1:]:
            c = PARAMETERS[_PLACES[coefficient]]
            centre = _number(PARAMETERS[_PLACES[reference]].default) if reference >= 0 else "0"
            covariate = _code(table.columns[column].name)
            rows.append(("", covariate, _number(c.default), _range(c.low, c.high), centre, c.label))
    return _markdown(("hazard", "term", "coefficient", "range", "reference", "label"), rows)


def _labels() -> str:
    count = Counter(p.label for p in PARAMETERS.values())
    rows = [(label, about, str(count[label])) for label, about in LABELS.items()]
    return _markdown(("label", "meaning", "parameters"), [*rows, ("", "all", str(len(PARAMETERS)))])


def _parameters() -> str:
    sections: dict[str, list[tuple[str, ...]]] = {}
    for path, p in PARAMETERS.items():
        row = (
            _code(path), p.description, p.unit, _number(p.default), _range(p.low, p.high), p.label, _sources(p.source),
        )  # fmt: skip
        sections.setdefault(path.partition(".")[0], []).append(row)
    head = ("path", "description", "unit", "default", "range", "label", "source")
    return "\n\n".join(f"#### Parameters `{name}`\n\n{_markdown(head, rows)}" for name, rows in sections.items())


def _bibliography() -> str:
    return "\n".join(f"- **[{key}]** {reference}" for key, reference in sorted(SOURCES.items()))


def _scenarios() -> str:
    rows = []
    for name in shipped_names():
        s = load(name)
        states = f"{s.generate.states} drawn" if s.generate else str(len(s.states))
        groups = "drawn" if s.generate else str(sum(len(state.groups) for state in s.states.values()))
        policies = ", ".join(sorted(s.policies))
        rows.append((_code(name), s.title, str(s.years), states, groups, str(len(s.bodies)), policies))
    return _markdown(("scenario", "title", "years", "states", "groups", "bodies", "policies"), rows)


# -- the document ------------------------------------------------------------------------------------------------------


def tables() -> dict[str, str]:
    """Give every generated block.

    Returns
    -------
    dict of str to str
        Name of the block, as its marker has it -> Markdown without a newline at the end.
    """
    return {
        "entities": _entities(),
        "roles of variables": _roles(),
        **{f"state variables: {kind}": _variables(table) for kind, table in TABLES.items()},
        "codes": _codes(),
        "inhibitors": _inhibitors(),
        "schedule": _schedule(),
        "purposes of chance": _purposes(),
        "scenarios": _scenarios(),
        "triggers": _triggers(),
        **{f"hazards: {family}": _hazards(family) for family in HAZARDS},
        "risk factors": _risk_factors(),
        "evidence labels": _labels(),
        "parameters": _parameters(),
        "bibliography": _bibliography(),
    }


def refresh(text: str, blocks: Mapping[str, str] | None = None) -> str:
    r"""Replace every generated block of a document by what the declarations say now.

    Parameters
    ----------
    text : str
        The document.
    blocks : mapping of str to str, optional
        Blocks by name; those of `tables` if not given.

    Returns
    -------
    str
        The document, unchanged outside of its blocks.

    Raises
    ------
    ValueError
        If a marker is unknown, is there twice, has no end, or is missing; the message names it.

    Examples
    --------
    >>> refresh("<!-- generated: x -->\nold\n<!-- end -->", {"x": "new"})
    '<!-- generated: x -->\n\nnew\n\n<!-- end -->'
    """
    blocks = tables() if blocks is None else blocks
    opened = Counter(_OPEN.findall(text))
    for name, times in opened.items():
        if name not in blocks:
            known = ", ".join(repr(n) for n in blocks)
            raise ValueError(f"the document has an unknown block {name!r}; known are {known}")
        if times > 1:
            raise ValueError(f"the document has the block {name!r} {times} times")
    for name in blocks:
        if name not in opened:
            raise ValueError(f"the document lacks the block {name!r}")
    for _, name, body, _ in _BLOCK.findall(text):
        if _OPEN.search(body):
            raise ValueError(f"the block {name!r} of the document has no end")
    closed = {name for _, name, _, _ in _BLOCK.findall(text)}
    for name in opened:
        if name not in closed:
            raise ValueError(f"the block {name!r} of the document has no end")
    return _BLOCK.sub(lambda found: f"{found[1]}\n{blocks[found[2]]}\n\n{found[4]}", text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Refresh a document, or check that it is fresh.

    Returns
    -------
    int
        0; or 1 where ``--check`` finds the document stale; or 2 where its markers are wrong or it cannot be read.
    """
    parser = argparse.ArgumentParser(
        prog="python -m r2psim.analysis.documentation", description="Rewrite the generated blocks of a document."
    )
    parser.add_argument("file", type=Path, help="the document, such as docs/ODD.md")
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if the document is stale")
    options = parser.parse_args(arguments)
    try:
        text = options.file.read_text(encoding="utf-8")
        fresh = refresh(text)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{options.file}: {error}\n")
        return 2
    if fresh == text:
        return 0
    if options.check:
        name = str(options.file)
        lines = difflib.unified_diff(text.splitlines(), fresh.splitlines(), name, f"{name} (fresh)", lineterm="")
        sys.stdout.write("\n".join(lines) + "\n")
        return 1
    options.file.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
