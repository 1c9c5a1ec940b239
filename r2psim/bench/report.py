"""The benchmark as a table to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["table"]

_RATIO_WORDS = {
    "ensemble_vs_mesa_idiom": "ensemble, one thread, against plain Mesa idiom",
    "ensemble_vs_c": "ensemble, one thread, against C (1: as fast)",
    "rules_vs_c": "compiled rules alone against C (1: as fast)",
    "mesa_rows_vs_mesa_idiom": "Mesa, all rows at once, against plain Mesa idiom",
    "mesa_agents_vs_mesa_idiom": "Mesa, agent by agent, against plain Mesa idiom",
    "two_threads": "two threads against one",
    "drawn_vs_ensemble": "parameters and effects by run, against the same for all runs (1: as fast)",
    "python_policy_vs_ensemble": "policy in Python, in batches, for all bodies, against the rules (1: as fast)",
    "ensemble_vs_numpy": "compiled rules against whole-array NumPy, phase of the groups only",
}


def _number(value: float | None, digits: int = 3) -> str:
    """Write a number with so many digits that count."""
    if value is None:
        return "-"
    if value >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:#.{digits}g}".rstrip(".")


def _columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Align columns: the first to the left, the others to the right."""
    kept = list(rows)
    widths = [max(len(row[k]) for row in kept) for k in range(len(kept[0]))]
    return [
        "  ".join(
            cell.ljust(w) if k == 0 else cell.rjust(w) for k, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in kept
    ]


def _scenario(name: str, found: Mapping[str, Any]) -> list[str]:
    head = (
        f"{name}: {found['states']} states, {found['groups']} groups, {found['bodies']} bodies, {found['months']} "
        f"months, policy {found['policy']}"
    )
    rows = [("", "ms a run", "runs a second", "ns a group-month")]
    phases = [("phase of the groups alone", "us a call", "calls a second", "ns a group-month")]
    notes = []
    for key, contender in found["contenders"].items():
        seconds = contender["seconds"]
        scale, into = (1e6, phases) if key.startswith("phase_") else (1e3, rows)
        cells = (seconds and seconds * scale, contender["per_second"], contender["ns_a_group_month"])
        into.append((contender["what"], *(_number(cell) for cell in cells)))
        if contender["reason"]:
            notes.append(f"{contender['what']}: {contender['reason']}")
    ratios = [(_RATIO_WORDS[key], _number(value)) for key, value in found["ratios"].items()]
    threads = [f"{one['threads']}: {_number(one['times_one'])}" for one in found["threads"]]
    lines = [head, "", *_columns(rows), "", *_columns(phases), "", "times as fast, in the same round"]
    return [*lines, *_columns(ratios), f"threads: {', '.join(threads)} times one", *notes, ""]


def table(found: Mapping[str, Any]) -> str:
    """Write what `r2psim.bench.measure.measure` found.

    Returns
    -------
    str
        Several lines, with a newline at the end.
    """
    machine = found["machine"]
    vectors = machine["vectors"] or "vector instructions unknown"
    told = ", ".join(f"{name} {version or 'missing'}" for name, version in found["versions"].items())
    lines = [f"{machine['processor']} ({vectors}), {machine['processors']} processors, {machine['system']}", told, ""]
    for name, scenario in found["scenarios"].items():
        lines += _scenario(name, scenario)
    sizes = [("groups", "states", "ns a group-month")]
    sizes += [
        (f"{row['groups']:,}", f"{row['states']:,}", _number(row["ns_a_group_month"]))
        for row in found["growth"]["groups"]
    ]
    runs = [("runs of the seminar", "seconds", "ns a group-month")]
    runs += [
        (f"{row['runs']:,}", _number(row["seconds"]), _number(row["ns_a_group_month"]))
        for row in found["growth"]["runs"]
    ]
    memory = [("runs of the world, one year", "peak memory, MB")]
    memory += [(f"{row['runs']:,}", _number(row["peak_mb"])) for row in found["memory"]]
    for part in (sizes, runs, memory):
        lines += [*_columns(part), ""]
    pair = found["paired"]
    lines.append(
        f"{pair['runs']:,} paired runs of {' and '.join(pair['policies'])} on the seminar over {pair['years']} years, "
        f"on all processors: {_number(pair['seconds'])} s"
    )
    seconds = found["compile"]
    cold = _number(seconds["cold_seconds"]) + " s" if seconds["cold_seconds"] else "not measured"
    lines.append(
        f"all rules at hand in a new process: {_number(seconds['cached_seconds'])} s from the cache, cold {cold}"
    )
    return "\n".join(lines) + "\n"
