"""Beliefs of bodies: what is known of a toy comes back."""

from __future__ import annotations

import numpy as np
import pytest

from r2psim.analysis.beliefs import beliefs_of, fit_beliefs
from r2psim.scenario import load
from r2psim.scenario.parameters import PARAMETERS


def test_known_shares_and_a_known_slope_come_back() -> None:
    rng = np.random.default_rng(1)
    n = 200_000
    stage = rng.integers(0, 5, n).astype(float)
    conflict = np.where(rng.random(n) < 0.1, 3.0, 0.0)
    score = rng.normal(0.2, 0.05, n)
    odds = np.array([-6.0, -4.0, -3.0, 0.0, 2.0])[stage.astype(int)]
    odds = np.where((conflict == 3.0) & (stage < 3), -1.0, odds + np.where(stage < 3, 20.0 * (score - 0.2), 0.0))
    comes = rng.random(n) < 1.0 / (1.0 + np.exp(-odds))
    found = fit_beliefs(stage, conflict, score, comes)
    assert found.slope == pytest.approx(20.0, rel=0.05)
    assert (found.typical, found.spread) == (pytest.approx(0.2, abs=0.001), pytest.approx(0.05, abs=0.001))
    assert found.onset[3] == pytest.approx(0.5, abs=0.02) and found.onset_war == pytest.approx(0.269, abs=0.02)
    assert found.onset[0] < found.onset[1] < found.onset[2] < found.onset[3] < found.onset[4]


def test_beliefs_are_parameters_that_exist() -> None:
    found = beliefs_of(load("seminar"), runs=6, years=8).parameters()
    assert all(PARAMETERS[path].low <= value <= PARAMETERS[path].high for path, value in found.items())
