"""Where does late response win? A grid over how well assistance works and how willing governments are to consent.

    python experiments/late_response_wins.py [--runs N] [--scenario NAME] [--out DIR]

For every point, prevention and late response run over the same luck with the same total budget. The table says which
of the two leaves fewer dead and which costs less, with the paired 95 % interval of the difference in deaths, and says
so where the two cannot be told apart. What it showed stands in experiments/README.md.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from r2psim.ensemble.runs import METRICS, run_many
from r2psim.progress import progress
from r2psim.scenario import load

PAIR = ("late-response", "prevention")
EFFECTS = (0.0, 0.25, 0.5, 1.0, 1.5)
OPENNESS = (0.0, 0.2, 0.6)
PLACE = {name: i for i, name in enumerate(METRICS)}
SHOWN = ("deaths", "onsets", "total_cost", "response_cost", "spent_prevention")


def point(scenario: str, effect: float, openness: float, runs: int, seed: int) -> dict[str, float]:
    """Run one point of the grid and give the paired differences, prevention minus late response."""
    sets = [f"parameters.assistance.effect_scale={effect}", f"parameters.assistance.openness={openness}"]
    metrics, *_ = run_many(load(scenario, sets), PAIR, runs, seed)
    found: dict[str, float] = {"effect_scale": effect, "openness": openness}
    for name in SHOWN:
        difference = metrics["prevention"][:, PLACE[name]] - metrics["late-response"][:, PLACE[name]]
        half = 1.96 * difference.std(ddof=1) / np.sqrt(runs)
        found |= {f"{name}": difference.mean(), f"{name}_low": difference.mean() - half}
        found |= {f"{name}_high": difference.mean() + half}
    return found


def verdict(low: float, high: float) -> str:
    """Say which policy has less of something, or that the runs do not tell."""
    if low > 0.0:
        return "late response"
    return "prevention" if high < 0.0 else "not told apart"


def main() -> None:
    """Run the grid, print it, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenario", default="seminar")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    points = [(e, o) for e in EFFECTS for o in OPENNESS]
    rows = []
    with progress("points", len(points)) as advance:
        for effect, openness in points:
            rows.append(point(chosen.scenario, effect, openness, chosen.runs, chosen.seed))
            advance(1)
    print(f"{chosen.scenario}, {chosen.runs} paired runs a point, seed {chosen.seed}: prevention minus late response")
    print(f"{'effect':>7}{'openness':>9}{'killed':>10}{'95 % interval':>24}  {'fewer killed':<16}cheaper in all")
    for row in rows:
        interval = f"{row['deaths_low']:,.0f} to {row['deaths_high']:,.0f}"
        fewer = verdict(row["deaths_low"], row["deaths_high"])
        cheaper = verdict(row["total_cost_low"], row["total_cost_high"])
        print(
            f"{row['effect_scale']:>7g}{row['openness']:>9g}{row['deaths']:>10,.0f}{interval:>24}  "
            f"{fewer:<16}{cheaper:<16}"
        )
    if chosen.out is not None:
        chosen.out.mkdir(parents=True, exist_ok=True)
        (chosen.out / "late-response-wins.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
