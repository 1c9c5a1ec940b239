"""The table of rows to read: in the terminal, and as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.table import Table

from r2psim import terminal
from r2psim.analysis.row_effects import VERDICTS, Effect
from r2psim.analysis.rows import RowResult, RowTable
from r2psim.terminal import styled

__all__ = ["HOW_TO_READ", "cells", "effect_text", "facts", "markdown", "print_rows", "write_rows"]

_STYLES = {"works": "green", "holds": "green", "part": "yellow", "explained": "yellow", "missing": "magenta"}
_WIDTH = 150

HOW_TO_READ = (
    "Each effect is a mean paired difference under the same luck, with its 95 % interval; * where that leaves out "
    "zero, ** where it still does so after Holm's correction for all effects of the table."
)


def _number(value: float) -> str:
    return f"{value:+.3g}"


def _where(effect: Effect, result: RowResult) -> str:
    """Say where an effect was seen, as far as the row does not say it by itself."""
    several = [
        part
        for part, many in ((effect.scenario, result.row.scenarios), (effect.policy, result.row.policies))
        if len(many) > 1
    ]
    return " ".join([*several, *([effect.label] if effect.label else [])])


def effect_text(effect: Effect, result: RowResult) -> str:
    """Give an effect in a line: what, by how much, with which interval, and where."""
    place = _where(effect, result)
    place = f" [{place}]" if place else ""
    if effect.exact:
        words = {"zero": "is 0", "some": "occurs", "same": "is the same"}[effect.expected]
        failed = "" if effect.moved == "expected" else "NOT true: "
        return f"{failed}{effect.measure} {words}{place}"
    if effect.difference is None or effect.low is None or effect.high is None:
        return f"{effect.measure}: never seen{place}"
    mark = "" if effect.moved == "no" else "**" if effect.holm < 0.05 else "*"
    against = " (against)" if effect.moved == "against" else ""
    if (found := effect.relative) is not None:
        mean, low, high = found
        digits = 0 if abs(mean) >= 100.0 else 1 if abs(mean) >= 0.095 or mean == 0.0 else 3
        text = f"{mean:+.{digits}f} % ({low:+.{digits}f} to {high:+.{digits}f}){mark}"
    else:
        text = f"{_number(effect.difference)} ({_number(effect.low)} to {_number(effect.high)}){mark}"
    return f"{effect.measure} {text}{against}{place}"


def _telling(result: RowResult, role: str) -> list[Effect]:
    """Choose the effects that say most: what moved, the surest first; else the first that is asked for."""
    mine = [effect for effect in result.effects if effect.role == role]
    if not mine:
        return []
    if all(effect.exact for effect in mine):
        return [effect for effect in mine if effect.moved == "against"] or mine[:1]
    moved = sorted((e for e in mine if e.moved == "expected"), key=lambda e: e.p)
    against = sorted((e for e in mine if e.moved == "against"), key=lambda e: e.p)
    return [*(moved[:1] or ([] if against else mine[:1])), *against[:1]]


def cells(result: RowResult) -> Iterator[str]:
    """Give what a row acts on, and its outcome: the effects that say most, in lines."""
    for role in ("variable", "outcome"):
        told = [effect_text(effect, result) for effect in _telling(result, role)]
        exact = [e for e in result.effects if e.role == role and e.exact]
        if exact and all(e.moved == "expected" for e in exact):
            told = [f"true of {', '.join(dict.fromkeys(e.measure for e in exact))}"]
        yield "\n".join(told)


def facts(table: RowTable) -> list[str]:
    """Say how many runs there were, how to read the table, and how many rows have each verdict."""
    lines = [
        f"{table.runs:,} pairs of runs of each experiment (fewer of a large world), seed {table.seed}. {HOW_TO_READ}",
        f"{table.tests} effects are told: of as many that are nothing, about {table.tests * 0.05:.0f} would be "
        "marked * by chance, half of them against.",
        "; ".join(f"{verdict} {count}" for verdict, count in table.counts.items()) + ".",
    ]
    if table.null:
        lines.insert(0, "All effects of assistance were taken away: nothing that assistance does may move any harm.")
    return lines


def print_rows(table: RowTable, every: bool = False) -> None:
    """Print the table.

    Parameters
    ----------
    table : RowTable
        The rows, tried.
    every : bool
        Print every effect, instead of those that say most.
    """
    console = terminal.console()
    if not console.is_terminal:
        console = terminal.console(_WIDTH)
    shown = Table("row", "in", "experiment", "what it acts on", "outcome", "verdict", box=None, pad_edge=False)
    for result in table.results:
        style = _STYLES.get(result.verdict, "red")
        about = (result.row.id, result.row.section, result.row.experiment)
        shown.add_row(*about, *cells(result), styled((result.verdict, style)))
    console.print(shown)
    console.print()
    for result in table.results:
        if every or result.verdict == "explained" or result.missing:
            console.print(f'{result.row.id}: "{result.row.words}"', style="bold", markup=False)
            for line in _further(result, every):
                console.print(f"  {line}", markup=False)
    for line in facts(table):
        console.print(line, markup=False)


def _further(result: RowResult, every: bool) -> Iterator[str]:
    if result.missing:
        yield f"not in the model: {', '.join(result.missing)}"
    if result.verdict == "explained":
        yield f"{result.found}: {result.row.explained}"
    if every:
        if result.row.note:
            yield result.row.note
        for effect in result.effects:
            yield f"{effect.role}, {effect.expected}: {effect_text(effect, result)}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("\n", "<br>")


def markdown(table: RowTable) -> str:
    """Give the table as Markdown, with the mission's words."""
    lines = ["# Rows of the mission", "", *(f"{_escaped(line)}\n" for line in facts(table))]
    lines += [
        "| row | in | words | experiment | what it acts on | outcome | verdict |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in table.results:
        row = result.row
        more = "; ".join(_further(result, False))
        told = [row.id, row.section, f"{row.words}", row.experiment, *cells(result)]
        verdict = f"{result.verdict}. {more}" if more else result.verdict
        lines.append(f"| {' | '.join(_escaped(cell) for cell in (*told, verdict))} |")
    lines += ["", *(f"- {verdict}: {meaning}" for verdict, meaning in VERDICTS.items() if verdict in table.counts)]
    return "\n".join(lines) + "\n"


def write_rows(table: RowTable, directory: Path, facts: dict[str, Any]) -> None:
    """Write the table as ``rows.json``, ``rows.csv`` and ``rows.md``, with ``provenance.json``.

    Parameters
    ----------
    table : RowTable
        The rows, tried.
    directory : Path
        Empty.
    facts : dict
        What else is needed to make it again.
    """
    from r2psim.ensemble.store import provenance, write_json

    write_json(table.to_dict(), directory / "rows.json")
    table.frame().to_csv(directory / "rows.csv", index=False)
    (directory / "rows.md").write_text(markdown(table), encoding="utf-8")
    about = {"kind": "rows", "runs": table.runs, "seed": table.seed, "null": table.null}
    write_json(provenance(**about, **facts), directory / "provenance.json")
