"""The value of knowing, where it is known: normal parameters in closed form, and nothing where there is nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from r2psim.analysis.value_of_information import expected_value, groups_of, value_of_information


def closed_form(mean: float, sd: float) -> float:
    """Value of knowing a normal difference of this mean and spread, when one may choose 0 instead."""
    gain = sd * norm.pdf(mean / sd) - mean * norm.cdf(-mean / sd)
    return gain - max(0.0, -mean)


@pytest.mark.parametrize(("mean", "a", "b"), [(0.0, 1.0, 1.0), (0.5, 1.0, 0.3), (-1.0, 0.5, 1.5)])
def test_the_value_of_normal_parameters_is_that_of_the_closed_form(mean: float, a: float, b: float) -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((8000, 2))
    difference = mean + a * x[:, 0] + b * x[:, 1] + 3.0 * rng.standard_normal(8000)
    losses = np.column_stack([np.zeros(8000), difference])
    for columns, sd in (([0], a), ([1], b), ([0, 1], math.hypot(a, b))):
        value, _ = expected_value(x[:, columns], losses, shuffles=2)
        assert value == pytest.approx(closed_form(mean, sd), abs=0.06)


def test_luck_that_no_parameter_explains_is_worth_nothing() -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((3000, 5))
    losses = rng.standard_normal((3000, 3))
    value, noise = expected_value(x, losses, shuffles=12)
    assert value <= 2.0 * noise
    assert noise < 0.15


def test_where_one_option_is_always_best_nothing_is_worth_knowing() -> None:
    x = np.random.default_rng(4).uniform(0.0, 1.0, (2000, 2))
    losses = np.column_stack([np.zeros(2000), 5.0 + x[:, 0]])
    assert expected_value(x, losses, shuffles=2)[0] == pytest.approx(0.0, abs=1e-9)


def test_a_threshold_is_found_although_it_is_no_straight_line() -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(-1.0, 1.0, (6000, 1))
    losses = np.column_stack([np.zeros(6000), np.where(np.abs(x[:, 0]) > 0.5, -1.0, 1.0)])
    value, _ = expected_value(x, losses, shuffles=2)
    # Known, half of the draws gain 1; a straight line alone would find nothing.
    assert 0.3 < value <= 0.55


def test_groups_are_forms_and_parts_of_the_model() -> None:
    found = groups_of(["stages.to_risk.base", "forms.media.effects.media.size", "stages.from_risk.base"])
    assert found["rates of stages"] == ("stages.to_risk.base", "stages.from_risk.base")


def test_a_choice_between_policies_of_a_world() -> None:
    found = value_of_information("seminar", ["late-response", "prevention"], runs=60, seed=2, years=3, shuffles=2)
    summary = found.summary()
    assert summary["best"] in ("late-response", "prevention")
    assert summary["unit"] == "persons" and len(summary["groups"]) > 10
    assert all(row["value"] >= 0.0 for row in summary["groups"])


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(ValueError, match="did you mean deaths"):
        value_of_information("seminar", outcome="death")
    with pytest.raises(ValueError, match="at least two"):
        value_of_information("seminar", ["prevention"], runs=2, years=1)
