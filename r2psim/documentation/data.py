"""The generated part of ``docs/DATA.md``: what the importer reads, what it becomes, and which memberships it knows.

``python -m r2psim.documentation.data docs/DATA.md`` rewrites the blocks of the file; with ``--check`` it only
says whether they are stale, by its exit code.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from r2psim.analysis.generator_fit import DELIBERATE
from r2psim.documentation.odd import declared_numbers, refresh
from r2psim.world.facts import FOREVER, facts
from r2psim.world.generate import generator_data
from r2psim.world.layouts import import_data
from r2psim.world.state_identity import LISTS

__all__ = ["main", "tables"]

_YEAR = 2014
_MISSING = {
    "refuse": "refused",
    "middle": "median of the states of its region that have a value, where three have; else of all states",
    "usual": "the commonest value of the file",
}


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _code(name: str) -> str:
    return ", ".join(f"`{part.strip()}`" for part in name.split(","))


def _allowed(spec: Mapping[str, Any]) -> str:
    if "low" not in spec:
        return str(spec["unit"])
    kind = "whole number " if spec.get("whole") and spec["unit"] not in ("0 or 1", "0, 1 or 2") else ""
    if spec["unit"] in ("0 or 1", "0, 1 or 2"):
        return str(spec["unit"])
    return f"{kind}{spec['low']:,g} to {spec['high']:,g}; {spec['unit']}"


def _predictors() -> str:
    rows = [
        (
            _code(column) + (" (may be absent)" if spec.get("absent") else ""),
            _allowed(spec),
            spec["becomes"],
            spec["reason"],
            spec["label"],
            _MISSING.get(spec["missing"], spec["missing"]),
        )
        for column, spec in import_data()["predictors"].items()
    ]
    head = ("column", "may hold", "becomes", "reason", "label", "where a cell is empty")
    return _markdown(head, rows)


def _optional() -> str:
    rows = [(_code(column), spec["becomes"], spec["reason"]) for column, spec in import_data()["optional"].items()]
    return _markdown(("column", "becomes", "reason"), rows)


def _aliases() -> str:
    rows = [
        (
            _code(name),
            ", ".join(f"`{other}`" + ("" if scale == "same" else f" ({scale})") for other, scale in row.items()),
        )
        for name, row in import_data()["aliases"].items()
    ]
    return _markdown(("column", "other names, and the scale where it is another one"), rows)


def _numbers() -> str:
    def spelt(number: int, first: int, last: int) -> str:
        since, until = f"from {first}" if first else "", f"until {last}" if last < FOREVER else ""
        return " ".join(word for word in (str(number), since, until) if word)

    entries = [entry for found in facts().numbers.values() for entry in found]
    rows = []
    for key in dict.fromkeys(entry.state for entry in entries):
        own = {name: [e for e in entries if (e.state, e.numbering) == (key, name)] for name in LISTS}
        told = [
            ", ".join(spelt(e.number, e.first, e.last) for e in sorted(found, key=lambda e: e.first)) or "-"
            for found in own.values()
        ]
        if told[0] != told[1]:
            rows.append((facts().states[key].name, key, *told))
    return _markdown(("state", "code", *(f"numbers of {name}" for name in LISTS.values())), rows)


def _codes() -> str:
    rows = []
    for code, meanings in facts().codes.items():
        for meaning in meanings:
            state = facts().states[meaning.state]
            if code != meaning.state or state.last < FOREVER:
                since, until = f"from {meaning.first}" if meaning.first else "", f"until {meaning.last}"
                when = " ".join(word for word in (since, until if meaning.last < FOREVER else "") if word)
                rows.append((f"`{code}`", meaning.name, f"`{meaning.state}`", when or "any"))
    return _markdown(("code", "read as", "state", "years"), rows)


def _unused() -> str:
    return _markdown(("column", "why not"), [(_code(name), why) for name, why in _flat(import_data()["unused"])])


def _flat(table: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, str]]:
    # A dot in a bare key of TOML opens a table.
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _columns() -> str:
    spread = import_data()["spread"]
    rows = [
        (
            _code(column),
            "mean of free discussion, justice with civil rights, and no rule of a minority"
            if column == "regime"
            else " ".join(f"{weight:+g} {name}" for name, weight in spec["weights"].items()),
            "-" if column == "regime" else f"{spread[column]:g}",
            spec["label"],
        )
        for column, spec in generator_data()["columns"].items()
    ]
    return _markdown(("column of a state", "sum of latents", "spread", "label"), rows)


def _organisations() -> str:
    rows = [
        (organisation.name, str(len(organisation.members(_YEAR))), "yes" if organisation.forces else "no")
        for organisation in facts().organisations.values()
    ]
    return _markdown(("organisation", f"members among the states of {_YEAR}", "may deploy forces"), rows)


def _deliberate() -> str:
    return _markdown(("number", "why it is not the one computed"), [(_code(k), why) for k, why in DELIBERATE.items()])


def tables() -> dict[str, str]:
    """Give every generated block of the document, by name."""
    return {
        "predictors": _predictors(),
        "optional columns": _optional(),
        "other names of columns": _aliases(),
        "state numbers": _numbers(),
        "codes": _codes(),
        "columns not read": _unused(),
        "columns of a state": _columns(),
        "numbers of the importer": declared_numbers(import_data()["numbers"]),
        "organisations": _organisations(),
        "deliberate differences": _deliberate(),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Refresh the document, or check that it is fresh.

    Returns
    -------
    int
        0; or 1 where ``--check`` finds it stale; or 2 where its markers are wrong or it cannot be read.
    """
    parser = argparse.ArgumentParser(prog="python -m r2psim.documentation.data")
    parser.add_argument("file", type=Path, help="the document, such as docs/DATA.md")
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if the document is stale")
    options = parser.parse_args(arguments)
    try:
        text = options.file.read_text(encoding="utf-8")
        fresh = refresh(text, tables())
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{options.file}: {error}\n")
        return 2
    if fresh != text and not options.check:
        options.file.write_text(fresh, encoding="utf-8")
    return int(fresh != text and options.check)


if __name__ == "__main__":
    sys.exit(main())
