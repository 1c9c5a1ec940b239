"""Skill over windows, on forecasts whose answers are known: closed forms, shuffled labels, planted better forecasts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from r2psim.analysis.forward_fit import LEAST_ONSETS, forward
from r2psim.analysis.panel_hindcast import PanelHindcast, Window
from r2psim.analysis.pooled_skill import (
    between,
    clustered_auc_interval,
    draws_of_states,
    recalibrated,
    weighted_auc,
)
from r2psim.analysis.skill import auc

RUNS = 1_000_000


def hindcast_of(
    chances: np.ndarray, happened: np.ndarray, against: np.ndarray | None = None, stage: np.ndarray | None = None
) -> PanelHindcast:
    """Pool windows of known probabilities; arrays have a row for each window."""
    keys = tuple(f"s{k}" for k in range(chances.shape[1]))
    windows = [
        Window(
            year=1990 + k,
            states=keys,
            counts=np.round(chances[k] * RUNS).astype(np.int64),
            runs=RUNS,
            happened=happened[k],
            stage=np.zeros(len(keys)) if stage is None else stage[k],
            against=None if against is None else against[k],
        )
        for k in range(len(chances))
    ]
    return PanelHindcast(tuple(windows), "late-response", 1, 1, "theirs.csv" if against is not None else "")


# Of every class exactly the share that was forecast has an onset.
CLASSES = ((0.02, 100), (0.1, 50), (0.5, 10))


def exact() -> tuple[np.ndarray, np.ndarray]:
    """Give two windows of 160 states whose onsets are exactly as often as forecast."""
    chances = np.concatenate([np.full(n, p) for p, n in CLASSES])
    happened = np.concatenate([np.arange(n) < round(p * n) for p, n in CLASSES])
    return np.stack([chances, chances]), np.stack([happened, happened])


def test_forecasts_that_are_exactly_right_have_slope_one_and_the_scores_of_the_closed_form() -> None:
    chances, happened = exact()
    found = hindcast_of(chances, happened).summary()
    assert found["onsets_observed"] == 24
    assert found["expected_over_observed"] == pytest.approx(1.0, abs=1e-6)
    assert found["calibration_slope"] == pytest.approx(1.0, abs=1e-3)
    assert found["calibration_intercept"] == pytest.approx(0.0, abs=1e-3)
    p = chances[0]
    assert found["brier"] == pytest.approx(float(np.mean(p * (1 - p))), abs=1e-6)
    assert found["log_score"] == pytest.approx(float(np.mean(-p * np.log(p) - (1 - p) * np.log(1 - p))), abs=1e-4)
    # Chance that an onset ranks above a state without one, of the numbers in each class.
    yes, no = np.array([n * p for p, n in CLASSES]), np.array([n * (1 - p) for p, n in CLASSES])
    ahead = sum(yes[i] * (no[:i].sum() + 0.5 * no[i]) for i in range(3)) / (yes.sum() * no.sum())
    assert found["auc"] == pytest.approx(ahead)
    # The first 30 of a window are the ten likeliest and 20 of the 50 next; a fifth is 32 of 160.
    assert found["recall_among_first_30"] == pytest.approx((5 + 5 * 20 / 50) / 12)
    assert found["recall_at_20_percent"] == pytest.approx((5 + 5 * 22 / 50) / 12)


@pytest.mark.parametrize("times", [0.5, 2.0])
def test_probabilities_that_are_too_extreme_have_a_slope_below_one(times: float) -> None:
    chances, happened = exact()
    odds = times * np.log(chances / (1 - chances))
    found = hindcast_of(1 / (1 + np.exp(-odds)), happened).summary()
    assert found["calibration_slope"] == pytest.approx(1 / times, abs=1e-3)
    assert found["calibration_intercept"] == pytest.approx(0.0, abs=1e-2)


def test_truths_drawn_from_the_probabilities_lie_within_the_intervals() -> None:
    inside = {"expected_over_observed": 0, "calibration_slope": 0}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        chances = np.round(np.tile(rng.beta(0.4, 8.0, 150), (4, 1)), 4)
        found = hindcast_of(chances, rng.random(chances.shape) < chances).summary()
        for name in inside:
            low, high = found[f"{name}_95"]
            inside[name] += low <= 1.0 <= high
    assert min(inside.values()) >= 16  # 95 % of 20, less three standard errors


def test_shuffled_onsets_have_an_area_of_one_half() -> None:
    rng = np.random.default_rng(5)
    chances = np.tile(rng.beta(0.4, 8.0, 150), (6, 1))
    areas = []
    for _ in range(20):
        happened = np.tile(rng.permutation(np.arange(150) < 8), (6, 1))
        found = hindcast_of(chances, happened).summary()
        areas.append(found["auc"])
        assert found["auc_95"][0] < found["auc"] < found["auc_95"][1]
    assert np.mean(areas) == pytest.approx(0.5, abs=3.0 * np.std(areas) / math.sqrt(len(areas)))


def test_a_better_forecast_is_told_better_and_an_equal_one_is_not() -> None:
    rng = np.random.default_rng(6)
    odds = np.tile(rng.normal(-3.0, 2.0, 150), (8, 1))
    truth = 1 / (1 + np.exp(-odds))
    happened = rng.random(truth.shape) < truth
    blurred = 1 / (1 + np.exp(-(odds + np.tile(rng.normal(0.0, 3.0, 150), (8, 1)))))

    def beside(model: np.ndarray, other: np.ndarray) -> dict[str, object]:
        return next(o for o in hindcast_of(model, happened, other).summary()["others"] if o["name"] == "theirs.csv")

    assert beside(blurred, truth)["verdict"] == "the other is better"
    assert beside(truth, blurred)["verdict"] == "the model is better"
    assert beside(truth, blurred)["brier_difference"] < 0.0  # type: ignore[operator]
    same = beside(truth, truth)
    assert same["verdict"] == "not told apart"
    assert same["auc_difference"] == pytest.approx(0.0, abs=1e-3)


def test_two_forecasts_that_are_as_good_as_each_other_are_seldom_told_apart() -> None:
    told = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        odds = rng.normal(-3.0, 2.0, 150)
        happened = rng.random((4, 150)) < 1 / (1 + np.exp(-odds))
        one, other = (1 / (1 + np.exp(-(odds + rng.normal(0.0, 1.5, 150)))) for _ in range(2))
        found = hindcast_of(np.tile(one, (4, 1)), happened, np.tile(other, (4, 1))).summary()
        told += found["others"][1]["verdict"] != "not told apart"
    assert told <= 5  # 5 % of 30, and 2.6 standard errors more


def test_windows_of_the_same_states_do_not_narrow_the_interval() -> None:
    rng = np.random.default_rng(7)
    chances, happened = rng.beta(0.5, 5.0, (1, 120)), np.zeros((1, 120), dtype=bool)
    happened[0] = rng.random(120) < chances[0]
    once, often = (hindcast_of(np.tile(chances, (n, 1)), np.tile(happened, (n, 1))).summary() for n in (1, 9))
    assert often["auc"] == pytest.approx(once["auc"])
    for name in ("auc_95", "brier_95", "expected_over_observed_95", "recall_at_20_percent_95"):
        one, nine = (found[name][1] - found[name][0] for found in (once, often))
        assert nine == pytest.approx(one, rel=0.1), name


def test_the_clustered_interval_covers_the_truth() -> None:
    def drawn(rng: np.random.Generator, states: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        odds = np.repeat(rng.normal(-5.0, 1.6, states), 12) + rng.normal(0.0, 0.3, states * 12)
        scores = odds + np.repeat(rng.normal(0.0, 1.0, states), 12)
        return scores, rng.random(states * 12) < 1 / (1 + np.exp(-odds)), np.repeat(np.arange(states), 12)

    scores, happened, _ = drawn(np.random.default_rng(8), 30_000)
    truth = auc(scores, happened)
    assert truth is not None
    rng, covered, plain = np.random.default_rng(9), 0, 0
    for _ in range(200):
        scores, happened, state = drawn(rng, 160)
        interval = clustered_auc_interval(scores, happened, state)
        alone = clustered_auc_interval(scores, happened, np.arange(len(scores)))
        assert interval is not None and alone is not None
        covered += interval[0] <= truth <= interval[1]
        plain += alone[0] <= truth <= alone[1]
    assert 181 <= covered <= 199  # 95 % of 200, less 2.6 standard errors
    assert plain < covered  # as if each window were a case of its own


def test_the_weighted_area_is_that_of_repeated_cases() -> None:
    rng = np.random.default_rng(10)
    scores, happened = rng.integers(0, 6, 40).astype(float), rng.random(40) < 0.3
    times = rng.integers(0, 4, 40)
    found = weighted_auc(scores, happened, times[None, :].astype(float))[0]
    assert found == pytest.approx(auc(np.repeat(scores, times), np.repeat(happened, times)))
    assert np.isnan(weighted_auc(scores, happened, (1.0 * ~happened)[None, :])[0])
    assert between(np.array([np.nan, np.nan, 1.0])) is None
    weights = draws_of_states(np.repeat(np.arange(20), 2), 50)
    assert (weights[:, 0::2] == weights[:, 1::2]).all()  # a state is drawn with all of its windows
    assert (weights.sum(axis=1) == 40.0).all()


def test_there_is_no_slope_where_all_onsets_rank_first() -> None:
    chances = np.linspace(0.01, 0.9, 50)
    assert recalibrated(chances, chances > 0.6, np.arange(50)) is None
    found = hindcast_of(chances[None, :], (chances > 0.6)[None, :]).summary()
    assert (found["auc"], found["calibration_slope"]) == (1.0, None)
    assert found["auc_95"][0] < 0.95


def test_states_are_flagged_within_their_window() -> None:
    chances = np.stack([np.linspace(0.1, 0.2, 40), np.linspace(0.8, 0.9, 40)])
    happened = np.zeros((2, 40), dtype=bool)
    happened[:, -1] = True
    assert hindcast_of(chances, happened).summary()["recall_at_20_percent"] == 1.0


def test_no_onset_is_no_failure() -> None:
    found = hindcast_of(np.full((2, 20), 0.1), np.zeros((2, 20), dtype=bool)).summary()
    assert (found["auc"], found["expected_over_observed"], found["recall_at_20_percent"]) == (None, None, None)


def test_the_level_of_other_years_mends_what_is_too_high_everywhere() -> None:
    rng = np.random.default_rng(12)
    odds = np.tile(rng.normal(-4.0, 1.5, 200), (9, 1))
    happened = rng.random(odds.shape) < 1 / (1 + np.exp(-odds))
    too_high = hindcast_of(1 / (1 + np.exp(-(2.0 * odds + 6.0))), happened)
    raw, mended = too_high.summary(), too_high.summary()["recalibrated_on_other_years"]
    assert raw["expected_over_observed"] > 2.0
    assert raw["calibration_slope"] == pytest.approx(0.5, abs=0.15)
    assert mended["expected_over_observed"] == pytest.approx(1.0, abs=0.1)
    assert mended["calibration_slope"] == pytest.approx(1.0, abs=0.15)
    assert mended["brier"] < raw["brier"]


def test_no_window_sets_its_own_level_nor_one_that_shares_a_year_with_it() -> None:
    rng = np.random.default_rng(13)
    chances = np.tile(rng.beta(0.5, 8.0, 150), (7, 1))
    happened = rng.random(chances.shape) < chances
    before = hindcast_of(chances, happened).recalibrated.reshape(7, 150)
    for changed in range(7):
        other = happened.copy()
        other[changed] = ~other[changed]
        after = hindcast_of(chances, other).recalibrated.reshape(7, 150)
        same = [k for k in range(7) if np.array_equal(before[k], after[k])]
        assert same == [k for k in range(7) if abs(k - changed) < 2], changed


# -- the naive fit -----------------------------------------------------------------------------------------------------


def taught(years: int = 10, states: int = 60) -> tuple[dict[int, list[list[float]]], dict[int, list[bool]]]:
    """Give years in which the first of three predictors decides."""
    rng = np.random.default_rng(11)
    known, happened = {}, {}
    for year in range(1980, 1980 + years):
        rows = rng.standard_normal((states, 3))
        known[year] = rows.tolist()
        happened[year] = (rng.random(states) < 1 / (1 + np.exp(3.0 - 2.0 * rows[:, 0]))).tolist()
    return known, happened


def test_the_naive_fit_finds_what_decides() -> None:
    known, happened = taught()
    found = forward(known, happened, 1989, 2)
    assert found is not None
    assert np.corrcoef(found, np.array(known[1989])[:, 0])[0, 1] > 0.6
    area = auc(found, np.array(happened[1989]))
    assert area is not None and area > 0.75
    assert found.mean() == pytest.approx(np.mean(list(happened.values())), abs=0.05)


def test_the_naive_fit_knows_nothing_that_was_not_over() -> None:
    known, happened = taught()
    before = forward(known, happened, 1986, 2)
    # Windows after 1985 and 1986 are not over at the end of 1986; that after 1984 is.
    later = {year: [not yes for yes in row] if year >= 1985 else row for year, row in happened.items()}
    sooner = {year: [not yes for yes in row] if year == 1984 else row for year, row in happened.items()}
    assert before is not None
    assert np.array_equal(before, forward(known, later, 1986, 2))  # type: ignore[arg-type]
    assert not np.allclose(before, forward(known, sooner, 1986, 2))  # type: ignore[arg-type]


def test_a_handful_of_onsets_teaches_nothing() -> None:
    known, _ = taught()
    few = {year: [k < (LEAST_ONSETS - 1 if year == 1980 else 0) for k in range(60)] for year in known}
    assert forward(known, few, 1989, 2) is None
