"""Search five levers of a policy for those that leave the fewest episodes of atrocity for the same total budget.

    python experiments/lever_search.py [--candidates N] [--runs N] [--check N]

Candidates fill the space of five levers evenly (a Sobol sequence); each is run over the same luck. The best one is then
compared with `prevention` on luck that the search has not seen, since the best of many looks better than it is.
experiments/README.md says what it showed: nothing that would deserve to ship as a policy.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.stats import qmc

from r2psim.ensemble.intervals import paired_interval
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.simulation import simulate
from r2psim.progress import progress
from r2psim.scenario import Scenario, load

LEVERS = {
    "assistance.prevention_share": (0.05, 0.9),
    "principles.prevention.reserve": (0.0, 0.9),
    "challenges.will.strength": (0.0, 1.0),
    "principles.flexibility.share": (0.0, 1.0),
    "principles.harm.screening": (0.0, 1.0),
}
EPISODES = list(METRICS).index("episodes")


def with_levers(scenario: str, values: np.ndarray) -> Scenario:
    """Give a scenario whose own parameters are set to these levers."""
    return load(scenario, [f"{path}={value:.2f}" for path, value in zip(LEVERS, values, strict=True)])


def episodes(scenario: Scenario, policy: str, runs: int, seed: int) -> np.ndarray:
    """Give the episodes of every run, shape (runs,)."""
    found: np.ndarray = simulate(scenario, [policy], runs, seed).metrics[policy][:, EPISODES]
    return found


def main() -> None:
    """Search, then check the winner on fresh luck."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=32)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--check", type=int, default=400)
    parser.add_argument("--scenario", default="seminar")
    chosen = parser.parse_args()
    low, high = np.array(list(LEVERS.values())).T
    points = qmc.scale(qmc.Sobol(len(LEVERS), scramble=False).random(chosen.candidates + 1)[1:], low, high).round(2)
    found = []
    with progress("candidates", len(points)) as advance:
        for point in points:
            # `late-response` overlays nothing: what is set here is all that differs.
            found.append(episodes(with_levers(chosen.scenario, point), "late-response", chosen.runs, seed=1).mean())
            advance(1)
    best = points[int(np.argmin(found))]
    print(
        f"{len(points)} candidates, {chosen.runs} runs each, episodes from {min(found):.3f} to {max(found):.3f}; best:"
    )
    for path, value in zip(LEVERS, best, strict=True):
        print(f"  {path} = {value:g}")
    mine = episodes(with_levers(chosen.scenario, best), "late-response", chosen.check, seed=2)
    prevention = episodes(load(chosen.scenario), "prevention", chosen.check, seed=2)
    found_apart = paired_interval(mine - prevention)
    if found_apart is None or found_apart.low is None:
        raise ValueError("an interval needs two runs")
    print(
        f"on fresh luck, {chosen.check} runs: {mine.mean():.3f} episodes, prevention {prevention.mean():.3f}; "
        f"difference {found_apart.mean:.3f} ({found_apart.low:.3f} to {found_apart.high:.3f})"
    )


if __name__ == "__main__":
    main()
