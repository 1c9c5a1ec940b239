"""The generated part of the ODD document: every table and number that the declarations know.

A block of the document stands between two comments, ``generated: NAME`` and ``end``; what is between them is made here,
and nothing in the document that is declared somewhere is typed by hand. The command
``python -m r2psim.documentation.odd FILE`` rewrites the blocks of a file, and begins a subsection for a rule that has
none; with ``--check`` it changes nothing, prints what differs and exits with 1.

One file, though long: each function makes one block of one document, in the order of the document.
"""

from __future__ import annotations

import argparse
import difflib
import math
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from r2psim.analysis.trials.enrolment import draw_arms
from r2psim.declarations.channels import CHANNELS, KINDS, MANDATES, RESPONSE_MANDATES, Channel
from r2psim.declarations.columns import (
    CAMPAIGN,
    CONFLICT,
    GROUP,
    GROUP_CHANNELS,
    INHIBITORS,
    PERPETRATOR,
    RISK_FACTORS,
    STAGES,
    STATE,
    STATE_KINDS,
    STATUS_EXCLUSION,
    TABLES,
    TRIGGERS,
    Column,
    Table,
)
from r2psim.documentation.rule_sections import names_used, with_sections
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.uncertainty import Drawing
from r2psim.rules import conflict, delivery, draws, stages, triggers
from r2psim.rules.demand import FRESH
from r2psim.rules.month import PHASES
from r2psim.rules.structure import conflict_level
from r2psim.scenario.catalogue import CATEGORIES, Form, catalogue
from r2psim.scenario.layers import POLICIES
from r2psim.scenario.loading import load
from r2psim.scenario.parameters import LABELS, PARAMETERS, SOURCES, defaults
from r2psim.scenario.shipped import shipped_names
from r2psim.world import generate

__all__ = ["HAZARDS", "ROLES", "declared_numbers", "main", "names_used", "read_by", "refresh", "tables"]

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

FIXED = {
    "FRESH": (FRESH, "0-1", "freshness of a trigger at its half-life, from which a State is of the kind in-transition"),
}
"""Numbers of the rules of assistance that are fixed in the code: value, unit, meaning."""

OTHER_HALF = ", other half"
"""How the purpose ends that stands for the second half of a block of which both are drawn at once."""

_OPEN = re.compile(r"<!-- generated: (.+?) -->")
_BLOCK = re.compile(r"(<!-- generated: (.+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_PLACES = tuple(PARAMETERS)
_STEPS = tuple(step for phase in PHASES for step in phase.steps)


# -- cells -------------------------------------------------------------------------------------------------------------


def _number(x: float) -> str:
    """Write a number as a person would: no trailing zeros, and millions of them as an exponent."""
    if math.isinf(x):
        return "no limit"
    if not x:
        return "0"
    if abs(x) < 1e6:
        return f"{x:.12g}"
    return str(Decimal(repr(x)).normalize()).replace("E+", "e")


def _range(low: float, high: float) -> str:
    if math.isinf(low):
        return "any"
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
    by: dict[str, list[str]] = {}
    drawing: tuple[Callable[..., Any], ...] = (*_STEPS, Drawing.sizes_of, draw_arms)
    for step in drawing:
        for name in _purposes_of(step):
            by.setdefault(name, []).append(_code(step.__name__))
    halves = ("first", "second")
    rows = []
    for name, number in draws.PURPOSES.items():
        # A draw that takes a whole block names its first purpose only.
        drawn = by.get(name.removesuffix(OTHER_HALF), ["-"])
        rows.append((str(number), name, " ".join(drawn), f"{number // 2}, {halves[number % 2]}"))
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
    level: Any = getattr(conflict_level, "py_func", conflict_level)
    stage = _markdown(("`stage`", "name"), [(str(i), name) for i, name in enumerate(STAGES)])
    chain = _markdown(
        ("`conflict`", "name", "intensity"),
        [(str(i), name, _number(level(float(i), defaults()))) for i, name in enumerate(CONFLICT)],
    )
    who = _markdown(("`perpetrator`", "name"), [(str(i), name) for i, name in enumerate(PERPETRATOR)])
    kind = _markdown(("`campaign`", "name"), [(str(i), name) for i, name in enumerate(CAMPAIGN)])
    status = _markdown(
        ("political status", "`exclusion`"), [(name, _number(value)) for name, value in STATUS_EXCLUSION.items()]
    )
    return "\n\n".join((stage, chain, who, kind, status))


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


def _own_costs(forms: Mapping[str, Form]) -> dict[str, float]:
    """Name the costs of forms that a scenario has for its own, by the path under which it sets them."""
    shipped = catalogue()
    return {
        f"forms.{key}.{cost}": getattr(form, cost)
        for key, form in forms.items()
        for cost in ("unit_cost", "person_cost")
        if key in shipped and getattr(form, cost) != getattr(shipped[key], cost)
    }


def _scenarios() -> str:
    rows = []
    for name in shipped_names():
        s = load(name)
        states = f"{s.generate.states} drawn" if s.generate else str(len(s.states))
        groups = "drawn" if s.generate else str(sum(len(state.groups) for state in s.states.values()))
        bodies = "drawn" if s.generate and not s.bodies else str(len(s.bodies))
        own = " ".join(_code(policy) for policy in s.policies if policy not in _policy_tables()) or "-"
        changed = s.parameters | _own_costs(s.forms)
        sets = "; ".join(f"`{path}` = {_number(value)}" for path, value in changed.items()) or "-"
        rows.append((_code(name), s.title, str(s.years), states, groups, bodies, sets, own))
    return _markdown(("scenario", "title", "years", "states", "groups", "bodies", "sets", "policies of its own"), rows)


# -- assistance --------------------------------------------------------------------------------------------------------


def _yes(flag: bool) -> str:
    return "yes" if flag else "-"


def _forms() -> str:
    def row(form: Form) -> tuple[str, ...]:
        kinds = [name for name in ("assessment", "mandate", "military", "peaceful") if getattr(form, name)]
        kinds += [f"waits for {form.waits_for}"] if form.waits_for != "nothing" else []
        return (
            _code(form.key), form.name, CATEGORIES[form.category], form.report, f"{form.stages[0]}-{form.stages[1]}",
            form.scope, form.ledger, " ".join(kinds) or "-", " ".join(_code(tag) for tag in form.providers),
        )  # fmt: skip

    head = ("form", "name", "category", "report", "stages", "scope", "ledger", "marks", "mandates that allow it")
    return _markdown(head, [row(form) for form in catalogue().values()])


def _form_numbers() -> str:
    def row(form: Form) -> tuple[str, ...]:
        numbers = (form.unit_cost, form.person_cost, form.lag, form.half_life)
        depends = (form.consent, form.under_perpetrator, form.backlash)
        return (
            _code(form.key), *map(_number, numbers), _yes(form.needs_assessment), *map(_number, depends), form.label,
            _sources(form.source),
        )  # fmt: skip

    head = (
        "form", "US$ a year", "US$ a displaced person a year", "lag (months)", "half-life (months)",
        "needs assessment", "consent (0-1)", "under perpetrator (0-1)", "backlash (0-1)", "label", "source",
    )  # fmt: skip
    return _markdown(head, [row(form) for form in catalogue().values()])


def _effects() -> str:
    rows = []
    for form in catalogue().values():
        for number, e in enumerate(form.effects):
            size = ("x" if e.channel.kind == "multiplier" else "") + _number(e.size)
            harm = "yes" if e.channel.harms(e.size) else ("in range" if e.harm is not None else "-")
            first = _code(form.key) if number == 0 else ""
            rows.append((first, _code(e.on), size, _range(e.low, e.high), harm, e.label, _sources(e.source)))
        if not form.effects:
            rows.append((_code(form.key), "none", "-", "-", "-", "-", "-"))
    return _markdown(("form", "channel", "size", "range", "harm", "label", "source"), rows)


def read_by(channel: str) -> list[str]:
    """Name what reads a channel: hazards as ``family.name``, and rules by their own name.

    Parameters
    ----------
    channel : str
        A key of `r2psim.declarations.channels.CHANNELS`.

    Examples
    --------
    >>> read_by("to_imminent"), read_by("judiciary")
    (['stages.to_imminent'], ['structure'])
    """
    column = f"aid_{channel}"
    found = [
        f"{family}.{name}"
        for family, (terms, table) in HAZARDS.items()
        for name, places in terms.items()
        if column in (table.columns[place].name for place in places[1:, 1])
    ]
    # The inhibitors stand in one row of columns, and the rule walks along it from the first.
    column = f"aid_{INHIBITORS[0]}" if channel in INHIBITORS else column
    return found + [s.__name__ for s in _STEPS if s is not delivery.delivery and column in names_used(s)]


def _channels() -> str:
    def row(c: Channel) -> tuple[str, ...]:
        forms = sum(e.on == c.name for form in catalogue().values() for e in form.effects)
        reach = "group" if c.name in GROUP_CHANNELS else "state"
        by = " ".join(map(_code, read_by(c.name))) or "nothing"
        return _code(c.name), c.kind, c.meaning, c.helps, reach, by, str(forms)

    kinds = _markdown(("kind", "size of an effect"), list(KINDS.items()))
    head = ("channel", "kind", "what is changed", "helps", "column `aid_...` of", "read by", "forms")
    return kinds + "\n\n" + _markdown(head, [row(c) for c in CHANNELS.values()])


def _mandates() -> str:
    def row(tag: str, about: str) -> tuple[str, ...]:
        forms = " ".join(_code(form.key) for form in catalogue().values() if tag in form.providers)
        return _code(tag), about, "response" if tag in RESPONSE_MANDATES else "prevention", forms or "-"

    return _markdown(("mandate", "what it allows", "side", "forms"), [row(*item) for item in MANDATES.items()])


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, float(value)


def _policy_tables() -> dict[str, dict[str, Any]]:
    with POLICIES.open("rb") as file:
        found: dict[str, dict[str, Any]] = tomllib.load(file)["policies"]
    return found


def _policies() -> str:
    rows = []
    for name, table in _policy_tables().items():
        sets = [f"`{path}` = {_number(value)}" for path, value in _leaves(table.get("parameters", {}))]
        weights = [f"{_code(tag)} x{_number(weight)}" for tag, weight in table.get("budgets", {}).items()]
        first = [f"{_code(of)} x{_number(weight)}" for of, weight in _leaves(table.get("priorities", {}))]
        shares = [f"{_code(of)} {_number(share)}" for of, share in _leaves(table.get("shares", {}))]
        cells = ("; ".join(sets), ", ".join(weights), ", ".join(first), ", ".join(shares))
        rows.append((_code(name), table["description"], *(cell or "-" for cell in cells)))
    return _markdown(("policy", "description", "sets", "weights of budgets by mandate", "priorities", "shares"), rows)


def _state_kinds() -> str:
    return _markdown(("kind of State", "when"), [(_code(name), about) for name, about in STATE_KINDS.items()])


def _switches(family: str) -> str:
    """Write the parameters of the principles or of the challenges, each under what it belongs to."""
    rows = []
    for path, p in PARAMETERS.items():
        if path.startswith(family + "."):
            rows.append((path.split(".")[1], _code(path), p.description, _number(p.default), _range(p.low, p.high)))
    return _markdown((family.removesuffix("s"), "parameter", "meaning", "default", "range"), rows)


def _fixed() -> str:
    rows = [(_code(name), _number(value), unit, about) for name, (value, unit, about) in FIXED.items()]
    return _markdown(("name", "value", "unit", "meaning"), rows)


def _metrics() -> str:
    return _markdown(("metric", "meaning"), [(_code(name), about) for name, about in METRICS.items()])


# -- the generator -----------------------------------------------------------------------------------------------------


def _generator_data() -> dict[str, Any]:
    with Path(generate.__file__).with_name("generator.toml").open("rb") as file:
        return tomllib.load(file)


def _generator() -> str:
    def row(name: str, table: Mapping[str, Any]) -> tuple[str, ...]:
        about = " ".join(table["description"].split())
        return _code(name), about, table.get("unit", "-"), table.get("label", "-"), _sources(table.get("source", ()))

    described = {name: t for name, t in _generator_data().items() if isinstance(t, dict) and "description" in t}
    head = ("table", "what it holds", "unit", "label", "source")
    return _markdown(head, [row(name, table) for name, table in described.items()])


def declared_numbers(numbers: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the table ``numbers`` of ``generator.toml`` or ``import.toml``, each number on its own line."""

    def row(name: str, n: Mapping[str, Any]) -> tuple[str, ...]:
        value, bounds = _number(n["value"]), _range(n["low"], n["high"])
        return _code(name), n["description"], value, n["unit"], bounds, n["label"], _sources(n["source"])

    head = ("number", "meaning", "value", "unit", "range", "label", "source")
    return _markdown(head, [row(*item) for item in numbers.items()])


def _generator_scores() -> str:
    def row(name: str, c: Mapping[str, Any]) -> tuple[str, ...]:
        weights = ", ".join(f"{key} {_number(weight)}" for key, weight in c["weights"].items())
        quantiles = c["quantiles"]
        middle = [_number(quantiles[k]) for k in (0, len(quantiles) // 2, -1)]
        war = _number(c["war"]) if "war" in c else "-"
        return _code(name), weights, _number(c["fit"]), *middle, war, c["label"], _sources(c["source"])

    head = ("column", "weights of latents", "fit", "lowest", "median", "highest", "lift in war", "label", "source")
    return _markdown(head, [row(*item) for item in _generator_data()["columns"].items()])


def _generator_bodies() -> str:
    def row(b: Mapping[str, Any]) -> tuple[str, ...]:
        members = f"the most open {_number(100 * b['members'])} %" if "members" in b else "all"
        members = f"all but {members}" if b.get("others") else members
        mandates = " ".join(map(_code, b["mandates"]))
        columns = [_number(b["columns"][c]) for c in ("decision_delay", "rhythm", "noise", "will")]
        return _code(b["id"]), b["kind"], mandates, members, _number(b["budget"]), *columns, b["label"]

    head = (
        "body", "kind", "mandates", "members", "US$ a year", "`decision_delay`", "`rhythm`", "`noise`", "`will`",
        "label of the budget",
    )  # fmt: skip
    return _markdown(head, [row(b) for b in _generator_data()["bodies"]])


def _generator_sources() -> str:
    return "\n".join(f"- **[{key}]** {text}" for key, text in sorted(_generator_data()["own-sources"].items()))


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
        "generator": _generator(),
        "generator: numbers": declared_numbers(_generator_data()["numbers"]),
        "generator: scores": _generator_scores(),
        "generator: bodies": _generator_bodies(),
        "generator: sources": _generator_sources(),
        "triggers": _triggers(),
        **{f"hazards: {family}": _hazards(family) for family in HAZARDS},
        "risk factors": _risk_factors(),
        "catalogue: forms": _forms(),
        "catalogue: numbers": _form_numbers(),
        "catalogue: effects": _effects(),
        "channels": _channels(),
        "mandates": _mandates(),
        "policies": _policies(),
        "kinds of state": _state_kinds(),
        "principles": _switches("principles"),
        "challenges": _switches("challenges"),
        "fixed numbers of assistance": _fixed(),
        "metrics": _metrics(),
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
        prog="python -m r2psim.documentation.odd", description="Rewrite the generated blocks of a document."
    )
    parser.add_argument("file", type=Path, help="the document, such as docs/ODD.md")
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if the document is stale")
    options = parser.parse_args(arguments)
    try:
        text = options.file.read_text(encoding="utf-8")
        fresh = refresh(with_sections(text, _STEPS))
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
