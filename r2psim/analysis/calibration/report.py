"""Validation and calibration as tables, pages and files."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim import terminal
from r2psim.analysis.calibration.targets import VERDICTS

if TYPE_CHECKING:
    from r2psim.analysis.calibration.calibrate import Budget, Calibration
    from r2psim.analysis.calibration.many_worlds import AcrossWorlds
    from r2psim.analysis.calibration.multistart import Starts
    from r2psim.analysis.calibration.validation import Validation

__all__ = [
    "number",
    "posterior_csv",
    "print_across",
    "print_calibration",
    "print_starts",
    "print_validation",
    "write_across",
    "write_calibration",
    "write_starts",
    "write_validation",
]

DIGITS = 6
"""Significant digits of a shipped draw."""


def number(value: float) -> str:
    """Write a value of a target in three figures."""
    if not isfinite(value):
        return "-"
    # Large numbers are written out: 326,000, not 3.26e+05.
    return f"{float(f'{value:.3g}'):,.0f}" if abs(value) >= 1000.0 else f"{value:.3g}"


def print_validation(validation: Validation) -> None:
    """Print the targets as a table."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("target", "simulated", "90 % of runs", "record", "accepted", "verdict"):
        left = column in ("target", "verdict")
        table.add_column(column, justify="left" if left else "right", no_wrap=column == "target")
    for found in validation.targets:
        target = found.target
        table.add_row(
            target.id,
            number(found.value),
            f"{number(found.low)} to {number(found.high)}",
            number(target.target),
            f"{number(target.low)} to {number(target.high)}",
            found.verdict,
        )
    console = terminal.console()
    console.print(f"{validation.title}\n{validation.policy}, {validation.runs} runs of {validation.years} years\n")
    console.print(table)
    counts = validation.counts()
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    console.print(f"\n{told} of {len(validation.targets)} targets. The world is invented; it forecasts no country.")


def _page(validation: Validation) -> str:
    """Give the page of a validation, Markdown."""
    counts = validation.counts()
    lines = [
        f"# Validation of {validation.scenario}",
        "",
        f"{validation.title}. Policy `{validation.policy}`, {validation.runs} runs of {validation.years} years, seed "
        f"{validation.seed}, parameter uncertainty: {validation.uncertainty}.",
        "",
        f"**{counts['inside']} of {len(validation.targets)} targets lie inside their accepted band**; the 90 % "
        f"interval of single runs of another {counts['overlaps']} overlaps it; {counts['outside']} lie outside.",
        "",
        "| target | simulated | 90 % of runs | record | accepted | verdict | source |",
        "|---|---|---|---|---|---|---|",
    ]
    for found in validation.targets:
        t = found.target
        lines.append(
            f"| {t.quantity} | {number(found.value)} | {number(found.low)} to {number(found.high)} | "
            f"{number(t.target)} | {number(t.low)} to {number(t.high)} | {found.verdict} | {t.source} |"
        )
    lines += ["", "![Targets with their bands](targets.png)", "", "## Patterns, most of them not fitted", ""]
    lines += ["![Patterns](patterns.png)", ""]
    patterns = validation.patterns
    of_lags = [
        f"{name.replace('_', ' ')} {' / '.join('-' if x is None else f'{100 * x:.0f}' for x in found.values())}"
        for name, found in patterns["lags"].items()
    ]
    lines += [
        "- Years from the latest trigger of each kind to an entry into atrocity, per cent within 1 / 2 / 5: "
        + "; ".join(of_lags) + ".",
        f"- Entries without any trigger in the five years before: {_share(patterns['no_trigger'])}.",
        f"- Variance of yearly onsets over their mean (1 if independent): {_plain(patterns['clustering'])}.",
        f"- Risk where an episode went on next door, over the risk elsewhere: {_plain(patterns['contagion'])}.",
        "- Highest stage that groups reach in a run, per cent of groups, stages 0-4: "
        + ", ".join(f"{100 * x:.0f}" for x in patterns["lasting"]) + ".",
        "",
        "## Definitions",
        "",
        *(f"- `{f.target.id}`: {f.target.definition}." for f in validation.targets),
        "",
        "The world is invented. It explains mechanisms and forecasts no country.",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "not known" if value is None else f"{100 * value:.0f} %"


def _plain(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f}"


def write_validation(validation: Validation, directory: Path) -> None:
    """Write page and numbers of a validation into an existing directory; the page shows two figures drawn there."""
    from r2psim.ensemble.store import provenance, write_json

    (directory / "validation.md").write_text(_page(validation), encoding="utf-8")
    write_json(validation.summary(), directory / "validation.json")
    facts = provenance(
        scenario=validation.scenario, policy=validation.policy, seed=validation.seed, runs=validation.runs
    )
    write_json(facts, directory / "provenance.json")


def print_across(across: AcrossWorlds) -> None:
    """Print how many targets each world meets, and which it does not."""
    from rich.table import Table

    one = next(iter(across.worlds.values()))
    table = Table(box=None, pad_edge=False)
    for column in ("world", *VERDICTS, "not inside"):
        table.add_column(column, justify="right" if column in VERDICTS else "left")
    for name, counts, missed in across.rows():
        table.add_row(name, *(str(n) for n in counts), missed or "none")
    console = terminal.console()
    console.print(f"{one.policy}, {one.runs} runs of {one.years} years of each world, seed {one.seed}\n")
    console.print(table)
    console.print(
        f"\nAt least {across.least_inside()} of {len(one.targets)} targets lie inside in each world. The worlds are "
        "invented, or invented in part; they forecast no country."
    )


def write_across(across: AcrossWorlds, directory: Path) -> None:
    """Write the table over all worlds into an existing directory; each world has a folder beside it, in order."""
    from r2psim.ensemble.store import provenance, write_json

    one = next(iter(across.worlds.values()))
    lines = [
        "# Validation across worlds",
        "",
        f"Policy `{one.policy}`, {one.runs} runs of {one.years} years of each world, seed {one.seed}, parameter "
        f"uncertainty: {one.uncertainty}. {len(one.targets)} targets.",
        "",
        "| folder | world | " + " | ".join(VERDICTS) + " | not inside |",
        "|---|---|" + "---|" * (len(VERDICTS) + 1),
    ]
    for number, (name, counts, missed) in enumerate(across.rows(), 1):
        lines.append(f"| world-{number} | {name} | " + " | ".join(str(n) for n in counts) + f" | {missed or 'none'} |")
    lines += ["", "Each world has a page of its own in its folder. No country is forecast.", ""]
    (directory / "across.md").write_text("\n".join(lines), encoding="utf-8")
    write_json(across.summary(), directory / "across.json")
    facts = provenance(kind="validation", worlds=list(across.worlds), policy=one.policy, seed=one.seed, runs=one.runs)
    write_json(facts, directory / "provenance.json")


def posterior_csv(calibration: Calibration) -> str:
    """Give the draws of a posterior as the table that ships: a column for each parameter, a row for each draw."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([free.path for free in calibration.free])
    writer.writerows([[f"{value:.{DIGITS}g}" for value in draw] for draw in calibration.draws])
    return text.getvalue()


def _summary(calibration: Calibration, budget: Budget, scenario: str) -> dict[str, Any]:
    from r2psim.analysis.calibration.calibrate import transformed

    emulated = calibration.fit.emulator(calibration.fit.draws)
    best = calibration.fit.emulator(calibration.fit.best[None])[0]
    low, middle, high = np.quantile(calibration.draws, [0.05, 0.5, 0.95], axis=0)
    return {
        "scenario": scenario,
        "seed": calibration.seed,
        "waves": [wave.told() for wave in calibration.fit.waves],
        "budget": asdict(budget),
        "parameters": {
            free.path: {
                "best": calibration.best[free.path],
                "posterior": {"q05": float(low[k]), "q50": float(middle[k]), "q95": float(high[k])},
                "prior": {"low": free.low, "high": free.high, "log": free.log},
                "why": free.why,
                "uniform_ranks": float(calibration.fit.uniform[k]),
            }
            for k, free in enumerate(calibration.free)
        },
        "targets": {
            target.id: {
                "target": target.target,
                "band": [target.low, target.high],
                "emulated_best": float(np.exp(best[k])),
                "emulated_posterior": [float(np.exp(x)) for x in np.quantile(emulated[:, k], [0.05, 0.5, 0.95])],
                "distance": float(best[k] - transformed(target.target, target)),
            }
            for k, target in enumerate(calibration.targets)
        },
    }


def print_calibration(calibration: Calibration) -> None:
    """Print the fitted parameters as a table."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("parameter", "best", "90 % of the posterior", "prior"):
        table.add_column(column, justify="left" if column == "parameter" else "right")
    low, high = np.quantile(calibration.draws, [0.05, 0.95], axis=0)
    for k, free in enumerate(calibration.free):
        table.add_row(
            free.path,
            number(calibration.best[free.path]),
            f"{number(float(low[k]))} to {number(float(high[k]))}",
            f"{number(free.low)} to {number(free.high)}",
        )
    terminal.console().print(table)


def write_calibration(calibration: Calibration, budget: Budget, scenario: str, directory: Path) -> dict[str, Any]:
    """Write posterior, best values, report and provenance into an existing directory; give the report."""
    import pyarrow as pa

    from r2psim.ensemble.store import provenance, write_json, write_table
    from r2psim.world.codebook import path_about, tagged

    columns = {free.path: calibration.draws[:, k] for k, free in enumerate(calibration.free)}
    about = {path: path_about(path) for path in columns}
    write_table(tagged(pa.table(columns), about), directory / "posterior.parquet")
    (directory / "posterior.csv").write_text(posterior_csv(calibration), encoding="utf-8")
    best = "".join(f'"{path}" = {value!r}\n' for path, value in calibration.best.items())
    (directory / "best.toml").write_text(best, encoding="utf-8")
    summary = _summary(calibration, budget, scenario)
    write_json(summary, directory / "calibration.json")
    write_json(provenance(kind="calibration", scenario=scenario, seed=calibration.seed), directory / "provenance.json")
    return summary


def print_starts(found: Starts) -> None:
    """Print the fitted parameters of the best start, and whether the starts agree."""
    print_calibration(found.best.calibration)
    console = terminal.console()
    console.print()
    for line in found.words():
        console.print(line)


def write_starts(found: Starts, budget: Budget, scenario: str, directory: Path) -> dict[str, Any]:
    """Write the result of the best start, and how the starts compare, into an existing directory; give the report."""
    from r2psim.ensemble.store import write_json

    summary = write_calibration(found.best.calibration, budget, scenario, directory)
    told = found.summary()
    write_json(told, directory / "starts.json")
    return summary | {"starts": told}
