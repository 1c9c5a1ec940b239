"""How cost grows with groups and with runs, how memory does, and how long compiling takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import ceil
from statistics import median
from typing import Any

from r2psim.bench.adapter import POLICY, Compiled, run_ensemble, runs_beside
from r2psim.bench.contenders import Case, Contender, timed
from r2psim.bench.probe import compile_seconds, peak_memory
from r2psim.bench.worlds import world_of

__all__ = ["compiling", "memory", "over_groups", "over_runs", "paired"]

MONTHS = 120
"""Length of the runs by which growth with groups is measured."""

PAIR = ("late-response", "prevention")
"""Policies that are compared."""

Rounds = Callable[..., dict[str, list[float]]]
Tell = Callable[[str], None]


def over_groups(sizes: Sequence[int], least: float, play: Rounds, tell: Tell) -> list[dict[str, Any]]:
    """Measure the compiled rules, on one thread, in worlds of growing size.

    Returns
    -------
    list of dict
        Groups, states, and nanoseconds a group and month.
    """
    cases: dict[str, Case] = {}
    contenders: dict[str, Contender] = {}
    for size in sizes:
        tell(f"growth with groups: building a world of {size:,} groups")
        case = Case(world_of(size), POLICY, MONTHS)
        together = runs_beside(case.world.rows)
        compiled = Compiled(case.world.rows, case.p, together)
        compiled.run(MONTHS, together)
        runs = together * max(1, ceil(least / timed(partial(compiled.run, MONTHS, together))))
        cases[str(size)] = case
        contenders[str(size)] = Contender(f"{size:,} groups", partial(_seconds_a_run, compiled, runs))
    samples = play(contenders, what="growth with groups")
    return [
        {
            "groups": case.groups,
            "states": len(case.world.states),
            "ns_a_group_month": median(samples[size]) * 1e9 / (case.groups * MONTHS),
        }
        for size, case in cases.items()
    ]


def _seconds_a_run(compiled: Compiled, runs: int) -> float:
    return timed(partial(compiled.run, MONTHS, runs)) / runs


def over_runs(numbers: Sequence[int], years: int, play: Rounds) -> list[dict[str, Any]]:
    """Measure the ensemble, on one thread, with growing numbers of runs of the seminar.

    Returns
    -------
    list of dict
        Runs, seconds of all of them, and nanoseconds a group and month; the smallest tells what a start costs.
    """
    from r2psim.scenario import load
    from r2psim.world.expand import expand

    case = Case(expand(load("seminar")), POLICY, 12 * years)
    contenders: Mapping[str, Contender] = {
        str(runs): Contender(
            f"{runs:,} runs", partial(timed, partial(run_ensemble, case.scenario, POLICY, runs, years, 1))
        )
        for runs in numbers
    }
    samples = play(contenders, what="growth with runs")
    return [
        {
            "runs": runs,
            "seconds": (seconds := median(samples[str(runs)])),
            "ns_a_group_month": seconds * 1e9 / (case.groups * case.months * runs),
        }
        for runs in numbers
    ]


def paired(runs: int, years: int, tell: Tell) -> dict[str, Any]:
    """Measure what a person waits for who holds a slider: paired runs of two policies of the seminar, on all threads.

    Returns
    -------
    dict
        Policies, runs of each, years, and seconds of them all, once warm.
    """
    from r2psim.scenario import load
    from r2psim.world.expand import expand

    tell(f"{runs:,} paired runs of the seminar")
    scenario = expand(load("seminar"))
    run = partial(run_ensemble, scenario, PAIR, years=years, threads=None)
    run(2)
    seconds = median(timed(partial(run, runs)) for _ in range(3))
    return {"policies": list(PAIR), "runs": runs, "years": years, "seconds": seconds}


def memory(numbers: Sequence[int], tell: Tell) -> list[dict[str, Any]]:
    """Measure the most memory that a process needs for growing numbers of runs of the world, each of one year."""
    found = []
    for runs in numbers:
        tell(f"memory: {runs:,} runs of the world")
        found.append({"runs": runs, "peak_mb": peak_memory("world", POLICY, runs, years=1, threads=2)})
    return found


def compiling(cold: bool, tell: Tell) -> dict[str, float | None]:
    """Measure how long a new process takes to have all rules at hand."""
    found: dict[str, float | None] = {"cached_seconds": compile_seconds(cold=False), "cold_seconds": None}
    if cold:
        tell("compiling all rules anew")
        found["cold_seconds"] = compile_seconds(cold=True)
    return found
