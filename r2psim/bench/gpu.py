"""How many times the work of all processors a GPU does, and whether it gives their bits.

Run it with ``python -m r2psim.bench.gpu`` on a machine with an NVIDIA GPU and the extra ``r2psim[gpu]``: a minute or
two. Ends with 0 if all digests agree, with 1 if any differs, with 2 if there is no GPU that can be used.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from r2psim.bench.machine import machine, versions
from r2psim.ensemble.devices import DeviceError
from r2psim.ensemble.simulation import Block, simulate
from r2psim.processors import processors
from r2psim.scenario import Scenario, load
from r2psim.world.expand import expand

__all__ = ["CASES", "CHECKS", "Case", "Check", "digest_of", "gpu_table", "main", "measure_gpu"]

POLICIES = ("late-response", "prevention")
SEED = 7


class Case(NamedTuple):
    """What is timed: pairs of runs of the two policies, on the GPU, and fewer on the processors, told a run."""

    scenario: str
    on_gpu: int
    on_processors: int
    years: int


class Check(NamedTuple):
    """Whose bits are compared."""

    scenario: str
    pairs: int
    years: int
    uncertainty: str


CASES = (Case("seminar", 100_000, 8_000, 20), Case("world", 4_096, 256, 20))
CHECKS = (
    Check("seminar", 2_000, 20, "none"),
    Check("seminar", 300, 20, "all"),
    Check("world", 64, 20, "none"),
    Check("world", 33, 5, "all"),
)


class _Digest:
    """SHA-256 over all arrays of all blocks, policy by policy, whatever the size of the blocks."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, bool, str], Any] = {}

    def take(self, block: Block) -> None:
        """Take in a block."""
        for name, array in block.arrays.items():
            sha = self._of.setdefault((block.policy, block.null_twin, name), hashlib.sha256())
            sha.update(np.ascontiguousarray(array).tobytes())

    def hexdigest(self) -> str:
        """Give the digest of all of it."""
        whole = hashlib.sha256()
        for key in sorted(self._of):
            whole.update(repr(key).encode() + self._of[key].digest())
        return whole.hexdigest()


def digest_of(full: Scenario, check: Check, device: str) -> str:
    """Run a check on a device and give the digest of all that is told of all runs."""
    found = _Digest()
    simulate(
        full, POLICIES, check.pairs, SEED, check.years, sink=found.take, uncertainty=check.uncertainty,
        series=("groups_stage_4", "monthly_deaths"), histories=True, null_twins=True, device=device,
    )  # fmt: skip
    return found.hexdigest()


def _seconds_a_pair(full: Scenario, pairs: int, years: int, device: str) -> tuple[float, float]:
    """Run pairs, have all that is kept of each, and give the seconds that it took, in all and for one pair."""
    began = perf_counter()
    simulate(full, POLICIES, pairs, SEED, years, ledgers=True, device=device)
    took = perf_counter() - began
    return took, took / pairs


def measure_gpu(cases: Sequence[Case], checks: Sequence[Check], tell: Callable[[str], None]) -> dict[str, Any]:
    """Compare digests, then time both side by side.

    Returns
    -------
    dict
        ``device``, ``machine``, ``versions``; ``checks``, each with both digests and whether they agree; ``cases``,
        each with seconds a pair of runs of both, and how many times the processors' work the GPU does.

    Raises
    ------
    DeviceError
        If there is no GPU that can be used.
    """
    from r2psim.ensemble.gpu.cubins import check_device
    from r2psim.ensemble.warmup import warm_up

    name = check_device()
    warm_up()
    found: dict[str, Any] = {"device": name, "machine": machine(), "versions": versions(), "checks": [], "cases": []}
    named = {case.scenario for case in cases} | {check.scenario for check in checks}
    worlds = {scenario: expand(load(scenario)) for scenario in named}
    for check in checks:
        tell(f"bits: {check.scenario}, {check.pairs:,} pairs of {check.years} years, uncertainty {check.uncertainty}")
        both = {device: digest_of(worlds[check.scenario], check, device) for device in ("gpu", "cpu")}
        found["checks"].append({**check._asdict(), "sha256": both, "agree": both["gpu"] == both["cpu"]})
    for case in cases:
        full = worlds[case.scenario]
        _seconds_a_pair(full, 32, 1, "gpu")  # what is made ready once is not counted
        tell(f"time: {case.scenario}, {case.on_gpu:,} pairs on the GPU")
        whole, on_gpu = _seconds_a_pair(full, case.on_gpu, case.years, "gpu")
        tell(f"time: {case.scenario}, {case.on_processors:,} pairs on {processors()} processors")
        _, beside = _seconds_a_pair(full, case.on_processors, case.years, "cpu")
        found["cases"].append(
            {**case._asdict(), "seconds": whole, "gpu_a_pair": on_gpu, "cpu_a_pair": beside, "times": beside / on_gpu}
        )
    return found


def gpu_table(found: Mapping[str, Any]) -> str:
    """Write what was measured for people."""
    here = found["machine"]
    lines = [f"{found['device']}, beside {here['processors']} processors ({here['processor']})"]
    for check in found["checks"]:
        said = "the same bits" if check["agree"] else "OTHER BITS"
        what = f"{check['scenario']}, {check['pairs']:,} pairs of {check['years']} years"
        lines.append(f"  {what}, uncertainty {check['uncertainty']}: {said} ({check['sha256']['gpu'][:12]})")
    lines += [
        f"  {case['scenario']}: {case['on_gpu']:,} pairs of {case['years']} years in {case['seconds']:.2f} s, "
        f"{case['times']:.1f} times the processors: {1e3 * case['gpu_a_pair']:.3g} ms a pair, and "
        f"{1e3 * case['cpu_a_pair']:.3g}"
        for case in found["cases"]
    ]
    return "\n".join(lines) + "\n"


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print.

    Returns
    -------
    int
        Exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m r2psim.bench.gpu", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.add_argument("--bits", action="store_true", help="compare digests, and time nothing")
    given = parser.parse_args(words)

    def tell(what: str) -> None:
        sys.stderr.write(f"{what}\n")
        sys.stderr.flush()

    try:
        found = measure_gpu(() if given.bits else CASES, CHECKS, tell)
    except DeviceError as error:
        tell(f"nothing is measured: {error}")
        return 2
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if given.json else gpu_table(found))
    return 0 if all(check["agree"] for check in found["checks"]) else 1


if __name__ == "__main__":
    sys.exit(main())
