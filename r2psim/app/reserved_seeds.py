"""Luck that nobody may look up: that of the seminars on this server which are still to be decided or to be debriefed.

A scenario and its policies are known to everybody. Whoever knew a seminar's seed as well could let Explore or Compare
run it, and would see what is to come.
"""

from __future__ import annotations

from itertools import count

from r2psim.app.hosted_seminars import seminars
from r2psim.app.settings import current
from r2psim.seminar import SeminarError
from r2psim.seminar.seminars import FILE

__all__ = ["free_seed", "reserved", "why_not"]


def reserved() -> frozenset[tuple[int, int]]:
    """Give seed and run of every seminar on this server whose luck is not told yet."""
    # Where there is no file there is no seminar, and a look at Explore makes none.
    if not (current().data / FILE).exists():
        return frozenset()
    try:
        return seminars().reserved()
    except SeminarError:
        # Seminars that cannot be opened here are not played here.
        return frozenset()


def why_not(seed: int, run: int | None = None) -> str:
    """Say why a seed cannot be looked at, or one run of it; empty if it can.

    Whatever the scenario, the policy and the parameters: a world that differs a little meets the same triggers.
    """
    if not any(s == seed and run in (None, r) for s, r in reserved()):
        return ""
    return (
        f"seed {seed}: a seminar on this server is played with this luck; it can be looked at when the seminar is over "
        "and its debriefing is open; choose another seed"
    )


def free_seed() -> int:
    """Give the seed that pages open with: the first that no seminar has."""
    taken = {seed for seed, _ in reserved()}
    return next(seed for seed in count(1) if seed not in taken)
