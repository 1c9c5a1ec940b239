"""What the targets identify, as tables, words and files."""

from __future__ import annotations

import csv
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from r2psim import terminal
from r2psim.analysis.calibration.identify import LEARNT, RISE, Identification

__all__ = ["channel_of", "page", "print_identification", "summary", "words", "write_identification"]

SURE = 2.0
"""Standard errors above which an effect is told."""

TOLD = 3
"""Targets that are named for each parameter."""

LEAST = 0.25
"""Effect on a target below which it is not named, in standard deviations of its accepted error."""


def channel_of(path: str) -> str:
    """Give the channel of a parameter: its path without the last name.

    Examples
    --------
    >>> channel_of("stages.to_atrocity.base"), channel_of("observation.noise")
    ('stages.to_atrocity', 'observation')
    """
    return path.rpartition(".")[0]


def _value(found: Identification, k: int, place: float) -> str:
    return f"{float(found.free[k].value(np.array(place))):.3g}"


def _moved(found: Identification, k: int) -> list[int]:
    """Give the targets that a parameter moves most, the most first."""
    effect = np.where(np.isfinite(found.effect[k]), found.effect[k], 0.0)
    # Rates that differ by nothing have no error either.
    sure = np.abs(found.slope[k]) > SURE * found.slope_error[k]
    order = np.argsort(-np.abs(effect), kind="stable")
    return [int(j) for j in order if sure[j] and abs(effect[j]) >= LEAST][:TOLD]


def _targets_of(found: Identification, k: int) -> str:
    named = [
        f"{found.measured[j].target.id} {found.elasticity[k, j]:+.2f} ({found.effect[k, j]:+.1f})"
        for j in _moved(found, k)
    ]
    return ", ".join(named) or "none"


def words(found: Identification) -> list[str]:
    """Say in sentences what the targets identify, and what they do not."""
    names = [f.path for f in found.free]
    of = {verdict: [] for verdict in ("both sides", "below", "above", "neither")}  # type: dict[str, list[str]]
    shown: list[str] = []
    for k, name in enumerate(names):
        verdict = found.verdict(k)
        of[verdict].append(name)
        if verdict == "neither" and bool(np.all(found.simulated[k] < RISE)):
            shown.append(name)
    reach = 100 * found.effort.reach
    near = int(found.reached.sum())
    lines = [
        f"{len(names)} free parameters, {near} of {len(found.reached)} targets near enough to tell: they "
        f"fix {found.directions} combinations of parameters to less than a standard deviation of the prior.",
    ]
    far = [m.target.id for m, near in zip(found.measured, found.reached, strict=True) if not near]
    if far:
        lines.append("Too far away to tell anything here: " + ", ".join(far) + ".")
    lines.append(
        f"Bounded on both sides within {reach:.0f} % of the prior's range: "
        + (", ".join(of["both sides"]) or "none")
        + "."
    )
    for side, other in (("below", "above"), ("above", "below")):
        if of[side]:
            lines.append(f"Bounded from {side} only, open {other}: " + ", ".join(of[side]) + ".")
    if of["neither"]:
        lines.append(
            "Not identified: with the others fitted again, they may lie anywhere in that range: "
            + ", ".join(of["neither"])
            + "."
        )
        lines.append(
            "Of these, shown by simulation, which at both ends comes as near to the targets: "
            + (", ".join(shown) or "none")
            + "."
        )
    nothing = [name for name, left in zip(names, found.left, strict=True) if left > LEARNT]
    if nothing:
        lines.append(
            f"By slopes alone, more than {LEARNT:g} of the prior's standard deviation is left of: "
            + ", ".join(nothing)
            + "."
        )
    silent = [name for k, name in enumerate(names) if not _moved(found, k)]
    if silent:
        lines.append("No target answers to: " + ", ".join(silent) + ".")
    ends = found.at_ends
    lines.append(
        "At an end of their prior: " + ", ".join(f"{name} ({end})" for name, end in ends.items()) + "."
        if ends
        else "No parameter stands at an end of its prior."
    )
    return lines


def summary(found: Identification) -> dict[str, Any]:
    """Give everything as plain data that JSON can hold."""
    ids = [m.target.id for m in found.measured]

    def row(values: np.ndarray) -> dict[str, float | None]:
        return {name: float(x) if isfinite(x) else None for name, x in zip(ids, values, strict=True)}

    return {
        "words": words(found),
        "directions": found.directions,
        "targets": {
            m.target.id: {
                "value": m.value if isfinite(m.value) else None,
                "near_enough": bool(found.reached[j]),
                "noise": float(found.noise[j]),
                "emulator_explains": float(found.r2[j]),
            }
            for j, m in enumerate(found.measured)
        },
        "parameters": {
            f.path: {
                "value": float(f.value(np.array(found.place[k]))),
                "prior": {"low": f.low, "high": f.high, "log": f.log},
                "place": float(found.place[k]),
                "bounded": found.verdict(k),
                "interval": [float(f.value(np.array(x))) for x in found.ends[k]],
                "rise_simulated_at_its_ends": [float(x) for x in found.simulated[k]],
                "left_of_prior": float(found.left[k]),
                "profile": {
                    "values": [float(f.value(np.array(x))) for x in found.grid[k]],
                    "rise": [float(x) for x in found.rise[k]],
                },
                "elasticity": row(found.elasticity[k]),
                "effect": row(found.effect[k]),
                "slope": row(found.slope[k]),
                "slope_error": row(found.slope_error[k]),
            }
            for k, f in enumerate(found.free)
        },
    }


def page(found: Identification, title: str) -> str:
    """Give the page, Markdown."""
    effort = found.effort
    lines = [
        f"# What the targets identify: {title}",
        "",
        *(f"- {line}" for line in words(found)),
        "",
        f"Elasticities: change of the logarithm of a target by that of the parameter, between two simulations of "
        f"{effort.runs} runs with the same luck, {effort.step:g} of the prior's range to either side; in brackets the "
        f"change over one standard deviation of the prior (half its range), in standard deviations of the target's "
        f"accepted error. Named are up to {TOLD} targets that move by more than {SURE:g} standard errors and "
        f"{LEAST:g} of an accepted error. Interval: where the squared distance, the others fitted again by an "
        f"emulator, rises by less than {RISE:.2f}, inside {effort.reach:g} of the range to either side; in brackets "
        f"its rise there by simulation ({effort.ends} runs).",
        "",
        "| parameter | value | bounded | interval (rise by simulation) | left of the prior | targets that move most |",
        "|---|---|---|---|---|---|",
    ]
    for k, f in enumerate(found.free):
        low, high = (_value(found, k, x) for x in found.ends[k])
        lines.append(
            f"| `{f.path}` | {_value(found, k, found.place[k])} | {found.verdict(k)} | "
            f"{low} ({found.simulated[k, 0]:.1f}) to {high} ({found.simulated[k, 1]:.1f}) | {found.left[k]:.2f} | "
            f"{_targets_of(found, k)} |"
        )
    lines += [
        "",
        f"Noise: standard error of each target over {effort.runs} runs, as a share of the standard deviation of its "
        "accepted error.",
        "",
        "| target | simulated | noise | emulator explains |",
        "|---|---|---|---|",
        *(
            f"| `{m.target.id}` | {m.value:.3g} | {found.noise[j]:.2f} | {100 * found.r2[j]:.0f} % |"
            for j, m in enumerate(found.measured)
        ),
        "",
        "![Effects](effects.png)",
        "",
        "![Profiles](profiles.png)",
        "",
    ]
    return "\n".join(lines)


def print_identification(found: Identification) -> None:
    """Print the table and the words."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("parameter", "value", "bounded", "interval", "left", "targets that move most: elasticity (effect)"):
        table.add_column(name, justify="right" if name in ("value", "left") else "left", no_wrap=name == "parameter")
    for k, f in enumerate(found.free):
        low, high = (_value(found, k, x) for x in found.ends[k])
        table.add_row(
            f.path, _value(found, k, found.place[k]), found.verdict(k), f"{low} to {high}", f"{found.left[k]:.2f}",
            _targets_of(found, k),
        )  # fmt: skip
    console = terminal.console()
    console.print(table)
    console.print()
    for line in words(found):
        console.print(line)


def _write_csv(file: Path, head: list[str], rows: list[list[Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as to:
        writer = csv.writer(to, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def write_identification(found: Identification, title: str, scenario: str, seed: int, directory: Path) -> None:
    """Write page, tables and numbers into an existing directory; the page shows two figures drawn there."""
    from r2psim.ensemble.store import provenance, write_json

    ids = [m.target.id for m in found.measured]
    (directory / "identification.md").write_text(page(found, title), encoding="utf-8")
    write_json(summary(found), directory / "identification.json")
    _write_csv(
        directory / "elasticities.csv",
        ["parameter", "target", "elasticity", "effect", "slope", "slope_error"],
        [
            [
                f.path,
                name,
                *(f"{x[k, j]:.6g}" for x in (found.elasticity, found.effect, found.slope, found.slope_error)),
            ]
            for k, f in enumerate(found.free)
            for j, name in enumerate(ids)
        ],
    )
    _write_csv(
        directory / "profiles.csv",
        ["parameter", "value", "place", "rise"],
        [
            [f.path, f"{float(f.value(np.array(x))):.6g}", f"{x:.4f}", f"{found.rise[k, i]:.4f}"]
            for k, f in enumerate(found.free)
            for i, x in enumerate(found.grid[k])
        ],
    )
    write_json(provenance(kind="identification", scenario=scenario, seed=seed), directory / "provenance.json")
