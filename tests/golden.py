"""Digests of one run of every shipped scenario under every shipped policy, and the file in which they are kept.

    python tests/golden.py                       write the digests of the rules as they are now
    python tests/golden.py --check               compare, and name what differs
    python tests/golden.py --check seminar --policy prevention --months 3

A digest is the SHA-256 over every column of every month so far, of the run as the ensemble's own loop computes it.
It is noted at the start, after 3 and 36 months and at the end, so that a difference says where it begins.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from r2psim.ensemble.engine import run_months
from r2psim.rules.draws import draws_of
from r2psim.rules.month import opening
from r2psim.scenario import Scenario, load
from r2psim.scenario.shipped import shipped_names
from r2psim.world.build import build
from r2psim.world.expand import expand
from r2psim.world.history import Digest
from r2psim.world.rows import Rows, copy_rows

__all__ = [
    "FILE",
    "RUN",
    "SEED",
    "UPDATE",
    "compare",
    "golden_digests",
    "kept",
    "run_digests",
]

FILE = Path(__file__).with_name("golden.json")
UPDATE = "python tests/golden.py"
"""Command that writes the file anew."""

SEED, RUN = 7, 5
"""Luck of every run: one in which much happens."""

NOTED = (0, 3, 36)
"""Months after which a digest is noted, beside the last: slow ways of running the model go no further."""

MONTHS_OF = {"world": 36}
"""Length of the run of large scenarios; all others run as long as they say."""

Digests = dict[str, dict[str, dict[str, str]]]
"""Scenario -> policy -> number of months -> digest."""

Watch = Callable[[str, Rows], None]
"""Is given the scenario and the rows, at the start of each run and after each month."""


def kernel_months(full: Scenario, policy: str, seed: int, run: int, months: int) -> Iterator[Rows]:
    """Run in the ensemble's loop; give the rows at the start and after each month."""
    rows, p, luck = copy_rows(build(full, policy).rows), full.parameter_values(policy), draws_of(seed, run, 0)
    opening(rows, p, luck)
    yield rows
    for m in range(months):
        run_months(rows, p, luck, m, m + 1)
        yield rows


def run_digests(
    full: Scenario, policy: str, seed: int, run: int, at: Sequence[int], watch: Watch | None = None
) -> dict[str, str]:
    """Run in the ensemble's loop and note digests.

    Parameters
    ----------
    full : Scenario
        With everything generated.
    policy, seed, run
        What is run.
    at : sequence of int
        Numbers of months after which the digest is noted; the run ends with the largest.
    watch : callable, optional
        Sees all months.

    Returns
    -------
    dict of str to str
        Number of months -> SHA-256 of everything so far.
    """
    digest, noted = Digest(), {}
    for month, rows in enumerate(kernel_months(full, policy, seed, run, max(at))):
        digest.update(rows)
        if watch:
            watch(full.name, rows)
        if month in at:
            noted[str(month)] = digest.hexdigest()
    return noted


def golden_digests(
    scenario: str, policies: Sequence[str] = (), months: int | None = None, watch: Watch | None = None
) -> dict[str, dict[str, str]]:
    """Compute the digests of a shipped scenario under some of its policies, or all, over so many months at most."""
    full = expand(load(scenario))
    end = MONTHS_OF.get(scenario, 12 * full.years)
    at = [month for month in sorted({*NOTED, end}) if month <= min(end, end if months is None else months)]
    return {policy: run_digests(full, policy, SEED, RUN, at, watch) for policy in policies or full.policies}


def kept() -> Digests:
    """Read the file."""
    digests: Digests = json.loads(FILE.read_text("utf-8"))["digests"]
    return digests


def compare(scenario: str, found: dict[str, dict[str, str]], expected: Digests) -> list[str]:
    """Say of each policy whose digests are not those of the file from when on they differ."""
    told = []
    known = expected.get(scenario, {})
    for policy, digests in found.items():
        if policy not in known:
            told.append(f"{scenario} under {policy}: not in {FILE.name}")
            continue
        apart = [month for month, digest in digests.items() if known[policy].get(month) != digest]
        if apart:
            told.append(f"{scenario} under {policy}: other bits, first seen after {apart[0]} months")
    return told


def _write() -> None:
    """Write the file anew and tell what has changed."""
    found = {name: golden_digests(name) for name in shipped_names()}
    before = kept() if FILE.exists() else {}
    content = {"seed": SEED, "run": RUN, "digests": found}
    FILE.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    told = [line for name, digests in found.items() for line in compare(name, digests, before)]
    print("\n".join([*told, f"{FILE.name}: {sum(map(len, found.values()))} runs, {len(told)} of them changed"]))


def main(words: Sequence[str] | None = None) -> int:
    """Write or compare."""
    parser = argparse.ArgumentParser(description="Write the golden digests, or compare with them.")
    parser.add_argument("--check", action="store_true", help="compare and write nothing")
    parser.add_argument("scenario", nargs="*", help="with --check: these only")
    parser.add_argument("--policy", action="append", default=[], help="with --check: this policy only")
    parser.add_argument("--months", type=int, help="with --check: not beyond so many months")
    given = parser.parse_args(words)
    if not given.check:
        if given.scenario or given.policy or given.months is not None:
            parser.error("parts can be compared, not written: --check")
        _write()
        return 0
    expected, runs, told = kept(), 0, []
    for name in given.scenario or shipped_names():
        found = golden_digests(name, given.policy, given.months)
        runs += len(found)
        told += compare(name, found, expected)
    print("\n".join([*told, f"{runs - len(told)} of {runs} runs agree"]))
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
