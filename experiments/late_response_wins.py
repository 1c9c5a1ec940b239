"""Where does late response win? A space-filling design over the assumptions on which the comparison hangs.

    python experiments/late_response_wins.py [--points N] [--runs N] [--check N] [--seed N] [--out DIR]

Late response and prevention, allotted the same budget, meet the same luck at every point of a scrambled Sobol
sequence over the factors of late_response_assumptions.py, and for each of its mechanisms with all else as the scenario
has it. Each run has its null twin, in which assistance has no effect: response that is saved because harm was avoided
is told apart from response that is merely not given. Every ledger gets a verdict from the paired 95 % interval of the
difference. Points where late response leaves fewer dead are run again on fresh luck, for among many points some look so
by chance.

Points are written to DIR/points.csv as they finish; the same command goes on where it was stopped. What it showed
stands in experiments/README.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from late_response_assumptions import FACTORS, LEDGERS, MECHANISMS, PARTS, Ledger, Point, changed, design
from late_response_findings import (
    EARLY,
    LATE,
    OPEN,
    Row,
    clarity,
    correlation,
    draw,
    regions,
    share_words,
    shares,
    thirds,
    verdict,
)

from r2psim import Results, Scenario, __version__, load, simulate
from r2psim.ensemble.intervals import paired_interval
from r2psim.plots.style import save
from r2psim.progress import progress
from r2psim.rules.compiled import source_digest

POLICIES = ("late-response", "prevention")
ENOUGH = 64
"""Points from which factors are told apart, and the figure made: with fewer, some go up and down together."""


# -- running -----------------------------------------------------------------------------------------------------------


def run_point(base: Scenario, point: Point) -> dict[str, Any]:
    """Run a point; give its row of the table: what it is, and each ledger's difference, prevention - late response."""
    years = int(point.values["years"]) if "years" in point.values else None
    results = simulate(changed(base, point), POLICIES, point.runs, point.seed, years, first_run=point.first_run,
                       null_twins=True)  # fmt: skip
    row: dict[str, Any] = {"kind": point.kind, "name": point.name, "runs": point.runs, "seed": point.seed}
    row |= {"first_run": point.first_run} | {key: point.values.get(key, "") for key in FACTORS}
    for name, ledger in (LEDGERS | PARTS).items():
        late, early = (added(results, policy, ledger) for policy in POLICIES)
        interval = paired_interval(early - late)
        if interval is None or interval.low is None:
            raise ValueError("an interval needs two runs")
        row |= {f"{name}_late": float(late.mean()), f"{name}_difference": interval.mean}
        row |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
    return row


def added(results: Results, policy: str, ledger: Ledger) -> np.ndarray:
    """Add up a ledger of every run of a policy, shape (runs,)."""
    total = np.zeros(results.runs)
    for metric in ledger.metrics:
        total += results.values(policy, metric)
    for metric in ledger.twins:
        if results.null is None:
            raise ValueError(f"{ledger.words}: results have no null twins")
        total -= results.null.values(policy, metric)
    return total


class Table:
    """Finished points in a file: what is there is not run again.

    Parameters
    ----------
    folder : Path
        Gets ``settings.json`` and ``points.csv``.
    settings : dict
        What the points depend on; points of other settings are refused.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "points.csv"
        noted = folder / "settings.json"
        text = json.dumps(settings, indent=2) + "\n"
        if noted.exists() and noted.read_text(encoding="utf-8") != text:
            raise SystemExit(f"{folder} holds points of other settings or another version: choose another --out")
        noted.write_text(text, encoding="utf-8")
        self.rows: list[dict[str, Any]] = []
        if self.file.exists():
            with self.file.open(newline="", encoding="utf-8") as lines:
                # A line that was cut off lacks its last columns, and its point is run again.
                self.rows = [row for row in csv.DictReader(lines) if None not in row.values()]
            self._write(self.rows, "w")

    def _write(self, rows: Sequence[Row], mode: str) -> None:
        with self.file.open(mode, newline="", encoding="utf-8") as lines:
            if rows:
                writer = csv.DictWriter(lines, list(rows[0]))
                if lines.tell() == 0:
                    writer.writeheader()
                writer.writerows(rows)

    def run(self, base: Scenario, points: Sequence[Point], what: str) -> None:
        """Run those points that are not there yet."""
        done = {(row["kind"], row["name"]) for row in self.rows}
        missing = [point for point in points if (point.kind, point.name) not in done]
        with progress(what, len(missing)) as advance:
            for point in missing:
                row = run_point(base, point)
                self._write([row], "a")
                self.rows.append(row)
                advance(1)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Give the rows of a kind."""
        return [row for row in self.rows if row["kind"] == kind]


# -- telling -----------------------------------------------------------------------------------------------------------


TOLD = ("killed", "saved", "bill", "total")
"""Ledgers of which factors are told."""


def interval_of(row: Row, ledger: str, unit: float = 1.0) -> str:
    """Write a difference with its interval; with a unit below 0, what is less under prevention is above 0."""
    mean, *limits = (float(row[f"{ledger}_{end}"]) / unit + 0.0 for end in ("difference", "low", "high"))
    low, high = sorted(limits)
    digits = 0 if max(abs(low), abs(high)) >= 100.0 else 2
    return f"{mean:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def tell_shares(rows: Sequence[Row]) -> None:
    """Print how often each policy wins, ledger by ledger, with the 95 % interval of each share."""
    print(f"{'less under':<38}{LATE:>22}{OPEN:>22}{EARLY:>22}   lower mean under late response")
    for name, ledger in LEDGERS.items():
        leaning = np.mean([float(row[f"{name}_difference"]) > 0.0 for row in rows])
        cells = (share_words(rows, name, word) for word in (LATE, OPEN, EARLY))
        print(f"{ledger.words:<38}" + "".join(f"{cell:>22}" for cell in cells) + f"{leaning:>10.0%}")
    for money in ("saved", "net", "bill", "total"):
        both = sum(1 for row in rows if verdict(row, "killed") == verdict(row, money) == LATE)
        print(f"late response has fewer killed and less of '{LEDGERS[money].words}' at {both} of {len(rows)} points")


def tell_factors(rows: Sequence[Row]) -> None:
    """Print what goes with a clearer win of late response, and the regions that part the space best."""
    head = f"{'factor':<18}" + "".join(f"{ledger:>28}" for ledger in TOLD)
    print("\nrank correlation with how clearly late response wins (95 % interval); * leaves out 0")
    print(head)
    for key in FACTORS:
        cells = []
        for ledger in TOLD:
            rank, low, high = correlation(rows, key, ledger)
            cells.append(f"{rank:.2f} ({low:.2f} to {high:.2f}){'*' if low * high > 0.0 else ' '}")
        print(f"{key:<18}" + "".join(f"{cell:>28}" for cell in cells))
    print("\n% of points where late response / prevention wins, in the lowest, middle, highest third of a factor")
    print(head)
    for key in FACTORS:
        cells = []
        for ledger in TOLD:
            parts = [shares(part, ledger) for part in thirds(rows, key)]
            cells.append("  ".join(f"{100 * found[LATE]:.0f}/{100 * found[EARLY]:.0f}" for found in parts))
        print(f"{key:<18}" + "".join(f"{cell:>28}" for cell in cells))
    for name, account in LEDGERS.items():
        print(f"\n{account.words}: regions found on half of the points, told on the other half")
        for words, inside in regions(rows, name):
            found, clear = shares(inside, name), clarity(inside, name)
            mean = f"mean clarity {clear.mean():.2f}" if len(inside) else ""
            told = ", ".join(f"{word} {share:.0%}" for word, share in found.items())
            print(f"  {words:<52}{len(inside):>4} points: {told}; {mean}")


def tell_rows(title: str, rows: Sequence[Row]) -> None:
    """Print differences of single points, and why the donors' bill differs."""
    print(f"\n{title}: prevention minus late response, a run; money in million US$")
    columns = {"killed": 1.0, "episodes": 1.0, "bill": 1e6, "spent": 1e6, "saved": -1e6, "withheld": 1e6, "need": -1e6,
               "net": 1e6, "total": 1e6}  # fmt: skip
    heads = [f"{'less ' if unit < 0.0 else ''}{name}" for name, unit in columns.items()]
    print(f"{'':<54}" + "".join(f"{head:>30}" for head in heads))
    for row in rows:
        cells = (interval_of(row, name, unit) for name, unit in columns.items())
        print(f"{row['name']:<54}" + "".join(f"{cell:>30}" for cell in cells))


# -- the whole ---------------------------------------------------------------------------------------------------------


def experiment(chosen: argparse.Namespace) -> None:
    """Run what is missing, print what it says, and draw it."""
    base = load(chosen.scenario)
    settings = {
        "scenario": chosen.scenario,
        "points": chosen.points,
        "runs": chosen.runs,
        "check": chosen.check,
        "seed": chosen.seed,
        "factors": {key: asdict(factor) | {"words": ""} for key, factor in FACTORS.items()},
        "r2psim": __version__,
        "rules": source_digest(),
    }
    table = Table(chosen.out, settings)
    points = design(chosen.points, chosen.runs, chosen.seed)
    table.run(base, points, "points")
    # Mechanisms and checks have luck that no point of the design has seen.
    alone = [
        Point("mechanism", name, values, chosen.check, chosen.seed + 1, parameters=parameters)
        for name, (values, parameters) in MECHANISMS.items()
    ]
    table.run(base, alone, "mechanisms")
    won = {row["name"] for row in table.of("design") if verdict(row, "killed") == LATE}
    again = [
        Point("check", point.name, point.values, chosen.check, chosen.seed + 2, int(point.name) * chosen.check)
        for point in points
        if point.name in won
    ]
    table.run(base, again, "checks")
    rows = table.of("design")
    print(f"{chosen.scenario}, {len(rows)} points of {chosen.runs} paired runs, seed {chosen.seed}")
    tell_shares(rows)
    if len(rows) >= ENOUGH:
        tell_factors(rows)
    tell_rows(f"one mechanism at a time, {chosen.check} runs", table.of("mechanism"))
    tell_rows(f"points with fewer dead under late response, {chosen.check} runs of fresh luck", table.of("check"))
    if len(rows) >= ENOUGH:
        source = f"{chosen.scenario}, {chosen.runs} paired runs a point, seed {chosen.seed}"
        save(draw(rows, table.of("mechanism"), source), chosen.out / "late-response-wins.png")


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and run the experiment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=128, help="a power of two fills the space most evenly")
    parser.add_argument("--runs", type=int, default=200, help="paired runs a point")
    parser.add_argument("--check", type=int, default=400, help="paired runs a mechanism, and on fresh luck")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenario", default="seminar")
    parser.add_argument("--out", type=Path, default=Path("late-response-wins"))
    chosen = parser.parse_args(arguments)
    if min(chosen.points, chosen.runs - 1, chosen.check - 1) < 1:
        parser.error("a point is needed, and two runs a point")
    try:
        experiment(chosen)
    except KeyboardInterrupt:
        print(f"stopped; finished points are in {chosen.out}, the same command goes on from there", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
