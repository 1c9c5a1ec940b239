"""What of ``generator.toml`` follows from the groups of all states: how many, who rules, sizes and statuses."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from r2psim.world.ethnic_groups import EXCLUDED, Group
from r2psim.world.generate import generator_data

__all__ = ["WORLD", "deciles", "fit_groups"]

WORLD = 190
"""States of the world; those that the predictors leave out are small and count as having none of what they count."""

_DECILES = np.linspace(0.0, 1.0, 11)
_KINDS = ("shared", "monopoly", "dominant")


def deciles(values: np.ndarray) -> list[float]:
    """Give the quantiles at 0, 10, ..., 100 %."""
    return [float(q) for q in np.quantile(values, _DECILES)]


def fit_groups(all_groups: Mapping[str, Sequence[Group]], own: Sequence[int]) -> dict[str, Any]:
    """Give what follows from the groups of all states: their number, who rules, sizes, statuses.

    Parameters
    ----------
    all_groups : mapping of str to sequence of Group
        By state, also of states that are not among the predictors.
    own : sequence of int
        Numbers of politically relevant groups of the states of the predictors.

    Returns
    -------
    dict
        Tables ``groups``, ``power``, ``sizes`` and ``status`` of ``generator.toml``, as far as they follow from these.
    """
    relevant = {key: [g for g in rows if g.status != "irrelevant"] for key, rows in all_groups.items()}
    relevant = {key: rows for key, rows in relevant.items() if rows}
    kinds = {key: _kind(rows) for key, rows in relevant.items()}
    numbers = generator_data()["groups"]["numbers"]
    groups: dict[str, Any] = {"at_most": [sum(n <= number for n in own) / len(own) for number in numbers]}
    small = WORLD - len(own)
    if 0 < small < WORLD // 2:
        groups["small_none"] = 1.0 - (len(relevant) - sum(n > 0 for n in own)) / small
    shares = Counter(kinds.values())
    power = np.cumsum([shares[kind] / len(kinds) for kind in _KINDS])
    together = [math.fsum(g.share for g in rows) for rows in relevant.values()]
    largest = {
        kind: deciles(np.array([max(g.share for g in rows) / math.fsum(g.share for g in rows)
                                   for key, rows in relevant.items() if kinds[key] == kind and len(rows) > 1] or [1.0]))
        for kind in _KINDS
    }  # fmt: skip
    return {
        "groups": groups,
        "power": {"at_most": [float(p) for p in power]},
        "sizes": {"together": deciles(np.array(together)), "largest": largest},
        "status": _statuses(relevant, kinds),
    }


def _kind(rows: Sequence[Group]) -> str:
    statuses = {group.status for group in rows}
    return next((kind for kind in ("monopoly", "dominant") if kind in statuses), "shared")


def _statuses(relevant: Mapping[str, Sequence[Group]], kinds: Mapping[str, str]) -> dict[str, Any]:
    """Give who leads, and who is excluded or a senior partner by size where power is shared."""
    spec = generator_data()["status"]
    sizes: dict[int, list[str]] = defaultdict(list)
    for key, rows in relevant.items():
        if kinds[key] == "shared":
            ranked = sorted(rows, key=lambda group: -group.share)
            leader = next((g for g in ranked if g.status == "senior partner"), ranked[0])
            for group in ranked:
                if group is not leader:
                    place = next(k for k, bound in enumerate(spec["size_below"]) if group.share <= bound)
                    sizes[place].append(group.status)
    out = [np.mean([s in EXCLUDED for s in sizes[k]]) if sizes[k] else 0.0 for k in range(len(spec["size_below"]))]
    partners = {k: [s for s in statuses if s not in EXCLUDED] for k, statuses in sizes.items()}
    senior = [
        np.mean([s == "senior partner" for s in partners[k]]) if partners.get(k) else 0.0
        for k in range(len(spec["size_below"]))
    ]
    return {
        "excluded": [float(share) for share in out],
        "senior": [float(share) for share in senior],
        **_discriminating(relevant),
    }


def _discriminating(relevant: Mapping[str, Sequence[Group]]) -> dict[str, float]:
    """Give how many states with an excluded group discriminate, against how many further groups, and who withdraws."""
    excluded = [[g.status for g in rows if g.status in EXCLUDED] for rows in relevant.values()]
    some = [statuses for statuses in excluded if statuses]
    hard = [statuses for statuses in some if "discriminated" in statuses]
    further = sum(len(statuses) - 1 for statuses in hard)
    return {
        "discriminating": len(hard) / max(len(some), 1),
        "discriminated_too": sum(statuses.count("discriminated") - 1 for statuses in hard) / max(further, 1),
        "self_excluded": sum(s.count("self-excluded") for s in some) / max(sum(map(len, some)), 1),
    }
