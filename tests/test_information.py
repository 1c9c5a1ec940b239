"""What information is worth: perfect against none, at several budgets, under three policies; and the slider lives."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.simulation import simulate
from r2psim.scenario import load

POLICIES = ("late-response", "prevention", "balanced")
BUDGETS = (0.25, 1.0, 4.0)
RUNS = {"seminar": 2400, "world": 48}
HARM = ("atrocity_entries", "group_months_atrocity")


@cache
def harm(name: str, *sets: str) -> dict[str, np.ndarray]:
    """Give harm of every run by policy: onsets, and months of atrocity."""
    places = [list(METRICS).index(metric) for metric in HARM]
    metrics = simulate(load(name, sets=sets), POLICIES, RUNS[name], seed=4).metrics
    return {policy: metrics[policy][:, places] for policy in POLICIES}


def worth(name: str, budget: float, policy: str) -> list[tuple[float, float]]:
    """Give how much less harm there is with perfect information than with none, and its standard error, by metric."""
    money = f"assistance.budget_scale={budget}"
    perfect, none = (harm(name, money, told)[policy] for told in ("observation.error=0.0", "observation.signal=0.0"))
    less = none - perfect
    return list(zip(less.mean(axis=0), less.std(axis=0, ddof=1) / np.sqrt(len(less)), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_perfect_information_is_never_worse_than_none_and_better_somewhere(name: str) -> None:
    found = [worth(name, budget, policy) for budget in BUDGETS for policy in POLICIES]
    z = np.array([[less / error if error > 0.0 else 0.0 for less, error in row] for row in found])
    print(name, np.round(z, 1).tolist())
    # Of 18 figures of chance alone the lowest lies above -3.5 in 996 of 1,000 cases.
    assert z.min() > -3.5
    assert z[:, 0].max() > 2.5, "better somewhere by more than noise"
