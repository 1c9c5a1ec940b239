"""Exponential, logarithm and normal quantile against references of higher precision."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy.special import ndtri

from r2psim.rules.arithmetic import clip01, exp, log, normal_quantile, probability

ULP = 2.0**-52


def grid(low: float, high: float, count: int, seed: int = 1) -> list[float]:
    """Give an even grid with a random offset in each of its cells, both ends included."""
    inside = np.linspace(low, high, count) + np.random.default_rng(seed).uniform(0.0, (high - low) / count, count)
    return [low, *np.clip(inside, low, high).tolist(), high]


def worst_relative_error(pairs: Iterable[tuple[float, Decimal]]) -> float:
    """Give the largest relative error over pairs of a value and its reference."""
    return max(float(abs(Decimal(value) - truth) / abs(truth)) for value, truth in pairs)


@pytest.mark.parametrize(("low", "high"), [(-700.0, 700.0), (-40.0, 40.0), (-1.0, 1.0), (-1e-6, 1e-6)])
def test_exp_is_within_two_units_in_the_last_place(low: float, high: float) -> None:
    with localcontext() as context:
        context.prec = 40
        assert worst_relative_error((exp(x), Decimal(x).exp()) for x in grid(low, high, 3_000)) < 2 * ULP


def test_exp_agrees_with_the_library_on_a_dense_grid() -> None:
    x = np.array(grid(-700.0, 700.0, 100_000))
    found = np.array([exp(v) for v in x.tolist()])
    assert np.max(np.abs(found / np.exp(x) - 1.0)) < 4 * ULP


def test_exp_at_the_edges() -> None:
    assert exp(0.0) == exp(-0.0) == 1.0
    assert exp(-1e308) == exp(-700.0) > 2.3e-308
    assert exp(1e308) == exp(700.0) < 1.7e308
    assert exp(math.inf) == exp(700.0) and exp(-math.inf) == exp(-700.0)
    halves = [(k + 0.5) * math.log(2.0) for k in range(-1009, 1009)]
    near = [x for h in halves for x in (np.nextafter(h, -np.inf), h, np.nextafter(h, np.inf))]
    found = np.array([exp(float(x)) for x in near])
    assert np.max(np.abs(found / np.exp(near) - 1.0)) < 4 * ULP
    assert np.all(np.diff(found.reshape(-1, 3)[:, 1]) > 0.0)


@pytest.mark.parametrize(("low", "high"), [(1e-300, 1e-290), (1e-6, 1.0), (0.5, 2.0), (1.0, 1e9), (1e200, 1e300)])
def test_log_is_within_four_units_in_the_last_place(low: float, high: float) -> None:
    with localcontext() as context:
        context.prec = 40
        values = [x for x in grid(low, high, 3_000) if x != 1.0]
        assert worst_relative_error((log(x), Decimal(x).ln()) for x in values) < 4 * ULP


def test_log_agrees_with_the_library_on_a_dense_grid() -> None:
    x = np.exp(np.array(grid(-690.0, 700.0, 100_000)))
    found = np.array([log(v) for v in x.tolist()])
    assert np.max(np.abs(found - np.log(x)) / np.abs(np.log(x))) < 4 * ULP


def test_log_at_the_edges() -> None:
    assert log(1.0) == 0.0
    assert log(0.0) == log(-1.0) == log(5e-324) == log(1e-300)
    assert log(1e-300) == pytest.approx(math.log(1e-300), rel=1e-15)
    assert log(1.7e308) == pytest.approx(math.log(1.7e308), rel=1e-15)
    near = [1.0 + k * ULP for k in range(-64, 65) if k]
    assert all(log(x) == pytest.approx(math.log(x), rel=4 * ULP) for x in near)
    powers = [2.0**k for k in range(-990, 1023)]
    assert all(log(x) == pytest.approx(math.log(x), rel=4 * ULP) for x in powers)


def test_exp_undoes_log() -> None:
    x = np.exp(np.array(grid(-600.0, 600.0, 2_000)))
    back = np.array([exp(log(v)) for v in x.tolist()])
    # An error of half a unit in log(x) of size 600 is one of 600 * 2**-53 in x.
    assert np.max(np.abs(back / x - 1.0)) < 1e-13


def test_normal_quantile_agrees_with_another_algorithm() -> None:
    tails = np.exp(np.linspace(math.log(2.0**-53), math.log(0.5), 20_000))
    u = np.concatenate([np.array(grid(1e-9, 1.0 - 1e-9, 50_000)), tails, 1.0 - tails])
    found = np.array([normal_quantile(v) for v in u.tolist()])
    truth = ndtri(u)
    assert np.max(np.abs(found - truth) / np.maximum(np.abs(truth), 1e-3)) < 1e-13


def test_normal_quantile_at_the_edges() -> None:
    assert normal_quantile(0.5) == 0.0
    assert normal_quantile(0.0) == normal_quantile(2.0**-54) == pytest.approx(ndtri(2.0**-54), rel=1e-13)
    assert normal_quantile(1.0 - 2.0**-53) == pytest.approx(ndtri(1.0 - 2.0**-53), rel=1e-13)
    assert math.isfinite(normal_quantile(1.0))
    for seam in (0.075, 0.925, math.exp(-25.0), 1.0 - math.exp(-25.0)):
        below, at, above = (normal_quantile(float(np.nextafter(seam, end))) for end in (0.0, seam, 1.0))
        # The two approximations that meet here may differ by a few units in the last place, and no more.
        assert at - below > -8 * ULP * abs(at) and above - at > -8 * ULP * abs(at)
        assert above - below < (1e-4 if seam > 0.99 else 1e-14)


def test_normal_quantile_is_odd_and_rises() -> None:
    u = [k / 2**20 for k in range(1, 2**20, 37)]
    found = np.array([normal_quantile(v) for v in u])
    assert np.all(np.diff(found) > 0.0)
    assert np.max(np.abs(found + np.array([normal_quantile(1.0 - v) for v in u]))) == 0.0


def test_probability_stays_within_zero_and_one() -> None:
    assert probability(0.0) == 0.0
    assert probability(1e308) == 1.0
    h = grid(0.0, 50.0, 20_000)
    found = np.array([probability(v) for v in h])
    assert np.max(np.abs(found + np.expm1(-np.array(h)))) < 4 * ULP
    assert found.min() >= 0.0 and found.max() <= 1.0


def test_clip01() -> None:
    assert [clip01(x) for x in (-1.0, -0.0, 0.0, 0.25, 1.0, 2.0, math.inf, -math.inf)] == [
        0.0, 0.0, 0.0, 0.25, 1.0, 1.0, 1.0, 0.0,
    ]  # fmt: skip
