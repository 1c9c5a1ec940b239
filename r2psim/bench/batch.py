"""Whether a second worker halves the time of a batch, and how much of a batch is not simulation.

One batch of about a minute of work is done by one worker and by two, in turns; wall time answers the first question.
The second is answered in processor time, which others on the machine disturb less: the whole batch, with reading,
starting, storing, against the same runs without any of that.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from r2psim.ensemble.batch.experiment import Experiment

__all__ = ["EXPERIMENT", "batch_table", "bench_batch", "measure_batch"]

EXPERIMENT = """
schema = 1
name = "bench"
scenario = "seminar"
policies = ["late-response", "prevention"]
runs = {runs}
[factors]
"observation.noise" = {{ low = 0.0, high = 0.6 }}
"assistance.budget_scale" = {{ low = 0.5, high = 2.0, distribution = "log-uniform" }}
[design]
kind = "latin-hypercube"
points = {points}
"""

RUNS = 100
"""Runs of a point: few, so that building points counts."""
WORKERS = (1, 2)


def _experiment(folder: Path, points: int, runs: int) -> Experiment:
    from r2psim.ensemble.batch.loading import load_experiment

    file = folder / "bench.toml"
    file.write_text(EXPERIMENT.format(points=points, runs=runs), encoding="utf-8")
    return load_experiment(file)


def _do(experiment: Experiment, out: Path, executor: str, workers: int) -> tuple[float, float]:
    """Do a batch anew; give its wall time, and the processor time of this process."""
    from r2psim.ensemble.batch.designs import points_of
    from r2psim.ensemble.batch.directory import BatchDirectory
    from r2psim.ensemble.batch.driver import run_batch
    from r2psim.ensemble.batch.executors import crew
    from r2psim.ensemble.batch.plan import Plan

    began, used = perf_counter(), process_time()
    points = points_of(experiment)
    plan = Plan(len(points), experiment.runs, experiment.rounds())
    with BatchDirectory.opened(out, experiment, "", points, plan) as directory:
        hands = crew(executor, workers)
        try:
            run_batch(directory, hands)
        finally:
            hands.close()
    return perf_counter() - began, process_time() - used


def _simulated(experiment: Experiment) -> float:
    """Give the processor time of all the runs of a batch, and of nothing else: one scenario, built once."""
    from r2psim.ensemble.batch.designs import points_of
    from r2psim.ensemble.simulation import simulate

    runs = len(points_of(experiment)) * experiment.runs
    began = process_time()
    simulate(experiment.scenario, experiment.policies, runs, experiment.seed, threads=1, sink=lambda block: None)
    return process_time() - began


def measure_batch(quick: bool, tell: Callable[[str], None], executor: str = "processes") -> dict[str, Any]:
    """Do the batch by one worker and by two, in turns, and by this process alone.

    Returns
    -------
    dict
        Seconds of every round by number of workers, ratio of their medians in the same round, and the share of
        processor time that is not simulation, at `RUNS` and at ten times as many runs of a point.
    """
    from r2psim.bench.machine import machine, versions
    from r2psim.ensemble.warmup import warm_up

    seconds, rounds = (10.0, 1) if quick else (60.0, 3)
    warm_up()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        a_run = _simulated(_experiment(folder, 1, RUNS)) / RUNS
        points = max(4, round(seconds / a_run / RUNS))
        experiment = _experiment(folder, points, RUNS)
        walls: dict[int, list[float]] = {workers: [] for workers in WORKERS}
        for turn in range(rounds):
            for workers in WORKERS:
                tell(f"round {turn + 1} of {rounds}: {points} points x {RUNS} runs, workers: {workers}")
                walls[workers].append(_do(experiment, folder / f"{turn}-{workers}", executor, workers)[0])
        shares = {}
        for runs in (RUNS, 10 * RUNS):
            tell(f"what is not simulation: {runs} runs a point")
            some = _experiment(folder, max(1, round(seconds / 3 / a_run / runs)), runs)
            shares[runs] = 1.0 - _simulated(some) / _do(some, folder / f"alone-{runs}", "serial", 1)[1]
    ratios = [one / two for one, two in zip(walls[1], walls[2], strict=True)]
    return {
        "machine": machine(),
        "versions": versions(),
        "executor": executor,
        "points": points,
        "runs": RUNS,
        "seconds": {str(workers): found for workers, found in walls.items()},
        "two_workers": median(ratios),
        "two_workers_each_round": ratios,
        "not_simulation": {str(runs): share for runs, share in shares.items()},
    }


def batch_table(found: dict[str, Any]) -> str:
    """Write what was measured for people."""
    lines = [f"a batch of {found['points']:,} points x {found['runs']} runs x 2 policies, by {found['executor']}"]
    for workers, seconds in found["seconds"].items():
        shown = ", ".join(f"{one:.1f}" for one in seconds)
        lines.append(f"  workers: {workers}   seconds: {shown}")
    each = ", ".join(f"{ratio:.2f}" for ratio in found["two_workers_each_round"])
    lines.append(f"  two workers do {found['two_workers']:.2f} times the work of one (rounds: {each})")
    for runs, share in found["not_simulation"].items():
        lines.append(f"  of the processor time, {share:.1%} is not simulation, with {runs} runs a point")
    machine = found["machine"]
    lines.append(f"{machine['processor']}, {machine['processors']} processors, {machine['system']}")
    return "\n".join(lines) + "\n"


def bench_batch(as_json: bool, quick: bool) -> int:
    """Measure, with a word on the error stream about what is being done, and print.

    Returns
    -------
    int
        Exit code: 0.
    """

    def tell(what: str) -> None:
        sys.stderr.write(f"{what}\n")
        sys.stderr.flush()

    found = {"quick": quick, **measure_batch(quick, tell)}
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if as_json else batch_table(found))
    return 0
