"""Measure side by side: rounds in which every contender has its turn, and ratios of the same round.

Other work on a machine slows all contenders of a round alike; so ratios hold where seconds do not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from r2psim.bench import growth
from r2psim.bench.adapter import POLICY
from r2psim.bench.contenders import Case, Contender, contenders_of
from r2psim.bench.machine import machine, versions
from r2psim.bench.numpy_month import phase_contenders

__all__ = ["RATIOS", "SCENARIOS", "Effort", "measure", "play_rounds", "report_of", "shared_ratio"]

SCENARIOS = ("seminar", "world")

RATIOS = {
    "ensemble_vs_mesa_idiom": ("mesa_idiom", "ensemble_1"),
    "ensemble_vs_c": ("c", "ensemble_1"),
    "rules_vs_c": ("c", "compiled"),
    "mesa_rows_vs_mesa_idiom": ("mesa_idiom", "mesa_rows"),
    "mesa_agents_vs_mesa_idiom": ("mesa_idiom", "mesa_agents"),
    "two_threads": ("ensemble_1", "ensemble_2"),
    "drawn_vs_ensemble": ("ensemble_1", "drawn"),
    "python_policy_vs_ensemble": ("ensemble_1", "python_many"),
    "ensemble_vs_numpy": ("phase_numpy", "phase_compiled"),
}
"""Each ratio: seconds of the first over seconds of the second. Above 1, the one named first is the faster.

``ensemble_vs_numpy`` is about the phase of the groups only.
"""

Samples = Mapping[str, Sequence[float]]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes
    ----------
    years : int
        Length of a run.
    rounds : int
        Times that every contender has its turn.
    least : float
        Seconds that a measurement lasts at least.
    paired : int
        Paired runs of two policies that are timed as a whole.
    groups, runs, memory : tuple of int
        Sizes at which growth is looked at: of worlds in groups, of ensembles in runs, and again for memory.
    cold : bool
        Whether all rules are compiled anew, in a cache of their own.
    """

    years: int
    rounds: int
    least: float
    paired: int
    groups: tuple[int, ...]
    runs: tuple[int, ...]
    memory: tuple[int, ...]
    cold: bool

    @classmethod
    def of(cls, quick: bool) -> Effort:
        """Give what fits into two minutes, or into ten."""
        if quick:
            return cls(4, 3, 0.2, 100, (100, 800, 3_000, 10_000), (1, 10, 100), (10, 300), cold=False)
        return cls(
            20, 5, 0.5, 1_000, (100, 800, 3_000, 10_000, 30_000, 100_000), (1, 10, 100, 1_000), (10, 100, 3_000), True
        )


def play_rounds(contenders: Mapping[str, Contender], rounds: int, tell: Tell, what: str) -> dict[str, list[float]]:
    """Give every contender its turn in every round.

    Returns
    -------
    dict of str to list of float
        Seconds of a run, one of each round, for those that can be measured here.
    """
    samples: dict[str, list[float]] = {name: [] for name, c in contenders.items() if c.seconds is not None}
    for number in range(1, rounds + 1):
        for name, contender in contenders.items():
            if contender.seconds is not None:
                tell(f"{what}: round {number} of {rounds}, {contender.what}")
                samples[name].append(contender.seconds())
    return samples


def shared_ratio(samples: Samples, slower: str, faster: str) -> float | None:
    """Give the median over rounds of how many times longer one took than the other in the same round."""
    if not samples.get(slower) or not samples.get(faster):
        return None
    return median(a / b for a, b in zip(samples[slower], samples[faster], strict=True))


def report_of(case: Case, contenders: Mapping[str, Contender], samples: Samples) -> dict[str, Any]:
    """Put together what was measured of one scenario."""
    told = {}
    for name, contender in contenders.items():
        seconds = median(samples[name]) if samples.get(name) else None
        # A phase is one call, not a run.
        months = 1 if name.startswith("phase_") else case.months
        told[name] = {
            "what": contender.what,
            "seconds": seconds,
            "per_second": seconds and 1.0 / seconds,
            "ns_a_group_month": seconds and seconds * 1e9 / (case.groups * months),
            "reason": contender.reason,
        }
    return {
        "policy": case.policy,
        "states": len(case.world.states),
        "groups": case.groups,
        "bodies": len(case.world.bodies),
        "months": case.months,
        "contenders": told,
        "ratios": {name: shared_ratio(samples, *pair) for name, pair in RATIOS.items()},
        "reasons": {
            name: next((contenders[side].reason for side in pair if contenders[side].reason), None)
            for name, pair in RATIOS.items()
        },
        "threads": _threads(samples),
    }


def _threads(samples: Samples) -> list[dict[str, Any]]:
    """Tell how the ensemble gains from threads."""
    numbers = sorted(int(name.rpartition("_")[2]) for name in samples if name.startswith("ensemble_"))
    return [{"threads": n, "times_one": shared_ratio(samples, "ensemble_1", f"ensemble_{n}")} for n in numbers]


def thread_numbers(processors: int) -> tuple[int, ...]:
    """Give the numbers of threads that are tried: one, two, and doublings up to the number of processors."""
    return (1, 2, *(1 << k for k in range(2, 10) if 1 << k <= processors))


def measure(effort: Effort, tell: Tell) -> dict[str, Any]:
    """Measure everything.

    Parameters
    ----------
    effort : Effort
        How much.
    tell : callable
        Is told what is being done.

    Returns
    -------
    dict
        As plain data: what ``r2psim bench --json`` prints. ``ratios`` are those of the world.
    """
    from r2psim.scenario import load
    from r2psim.world.expand import expand

    cores = os.cpu_count() or 1
    found: dict[str, Any] = {"machine": machine(), "versions": versions(), "scenarios": {}}
    tell("loading compiled rules, or compiling them")
    found["compile"] = growth.compiling(effort.cold, tell)
    for name in SCENARIOS:
        tell(f"{name}: setting up")
        case = Case(expand(load(name)), POLICY, 12 * effort.years)
        contenders = contenders_of(case, effort.least, thread_numbers(cores)) | phase_contenders(case, effort.least)
        samples = play_rounds(contenders, effort.rounds, tell, name)
        found["scenarios"][name] = report_of(case, contenders, samples)
    found["ratios"] = found["scenarios"]["world"]["ratios"]
    play = partial(play_rounds, rounds=effort.rounds, tell=tell)
    found["growth"] = {
        "groups": growth.over_groups(effort.groups, effort.least, play, tell),
        "runs": growth.over_runs(effort.runs, effort.years, play),
    }
    found["paired"] = growth.paired(effort.paired, effort.years, tell)
    found["memory"] = growth.memory(effort.memory, tell)
    return found
