"""Intervals: how often they hold the truth, against closed forms, and where they must not give a verdict."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from r2psim import simulate
from r2psim.ensemble.intervals import (
    LEAST_CARRYING,
    LEAST_DIFFERING,
    LEAST_RUNS,
    Interval,
    bands,
    mean_interval,
    mean_limits,
    median_interval,
    paired_interval,
    ratio_interval,
    runs_needed,
    runs_needed_words,
    share_differing,
    t_quantile,
)
from r2psim.ensemble.measures import METRICS

SIZES = (50, 100, 200, 500)
Sample = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def harm(rng: np.random.Generator, shape: tuple[int, int], share: float = 0.3, tail: float = 1.0) -> np.ndarray:
    """Draw what is none in most runs, and lognormal in the others."""
    return (rng.random(shape) < share) * rng.lognormal(0.0, tail, shape)


def counts(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw differences of a few events in either direction."""
    return np.select([(u := rng.random(shape)) < 0.02, u < 0.12, u < 0.14], [-2.0, -1.0, 1.0], 0.0)


def price(rng: np.random.Generator, shape: tuple[int, int], avoided: np.ndarray) -> np.ndarray:
    """Draw what costs a little more in every run, less the crises that it avoided in a few."""
    return 0.05 + rng.normal(0.0, 0.01, shape) - avoided


SHAPES: dict[str, tuple[Sample, float]] = {
    "harm avoided": (lambda rng, shape: -harm(rng, shape), -0.3 * np.exp(0.5)),
    "both ways": (
        lambda rng, shape: harm(rng, shape, 0.08, 1.1) - harm(rng, shape, 0.25, 1.1),
        -0.17 * np.exp(0.605),
    ),
    "events": (counts, -0.12),
    "harm avoided at a cost": (
        lambda rng, shape: 0.1 + rng.normal(0.0, 0.05, shape) - harm(rng, shape),
        0.1 - 0.3 * np.exp(0.5),
    ),
    "harm with a heavy tail": (lambda rng, shape: -harm(rng, shape, tail=1.8), -0.3 * np.exp(1.62)),
    "lognormal": (lambda rng, shape: rng.lognormal(0.0, 1.0, shape), np.exp(0.5)),
    "normal": (lambda rng, shape: rng.normal(0.3, 1.0, shape), 0.3),
    "heavy on both sides": (lambda rng, shape: rng.standard_t(4, shape), 0.0),
}


def covered(values: np.ndarray, truth: float) -> tuple[float, float]:
    """Give the shares of columns whose interval holds the truth: ours and Student's."""
    mean, low, high = mean_limits(values)
    half = t_quantile(len(values)) * values.std(axis=0, ddof=1) / len(values) ** 0.5
    return float(((low <= truth) & (truth <= high)).mean()), float((np.abs(mean - truth) <= half).mean())


# -- means -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("runs", SIZES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_interval_holds_the_true_mean_as_often_as_it_says(shape: str, runs: int) -> None:
    draw, truth = SHAPES[shape]
    samples = max(2500, 1_000_000 // runs)
    found, _ = covered(draw(np.random.default_rng([3, runs]), (runs, samples)), truth)
    # All may be wider than need be, which tells less; none may be narrower by more than the chance of so few samples.
    assert 0.935 <= found <= 0.99
    if shape in ("both ways", "events", "normal", "heavy on both sides"):
        assert found <= 0.975


def test_students_interval_would_not_hold_it() -> None:
    rng = np.random.default_rng(4)
    for shape in ("harm avoided", "harm avoided at a cost", "harm with a heavy tail", "lognormal"):
        draw, truth = SHAPES[shape]
        found, student = covered(draw(rng, (50, 2500)), truth)
        assert student < 0.92 < 0.935 < found


def test_it_is_students_where_nothing_is_skewed_or_peaked() -> None:
    values = np.concatenate([np.linspace(-4.0, 4.0, 30), np.linspace(-2.0, 2.0, 30)]) + 1.7
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert mean_interval(values) == pytest.approx((1.7, expected.low, expected.high), rel=1e-9)


def test_it_is_never_narrower_than_students_and_longer_only_towards_the_long_tail() -> None:
    rng = np.random.default_rng(5)
    for runs in (2, 3, 5, 20, 80):
        values = rng.lognormal(0.0, 1.5, (runs, 300))
        mean, low, high = mean_limits(values)
        half = t_quantile(runs) * values.std(axis=0, ddof=1) / runs**0.5
        skewed = stats.skew(values) > 1e-6
        assert np.all(mean - low >= half * (1.0 - 1e-9))
        assert np.all((high - mean >= mean - low - 1e-9)[skewed])
    assert np.mean(high - mean) > 1.5 * np.mean(mean - low)


def test_limits_turn_and_stretch_with_the_values_and_do_not_depend_on_their_order() -> None:
    values = harm(np.random.default_rng(6), (200, 1))[:, 0] - 0.2
    mean, low, high = mean_interval(values)
    assert mean_interval(-values) == pytest.approx((-mean, -high, -low))
    assert mean_interval(3e12 * values + 5e12) == pytest.approx(
        (3e12 * mean + 5e12, 3e12 * low + 5e12, 3e12 * high + 5e12)
    )
    assert mean_interval(values[::-1]) == pytest.approx((mean, low, high))
    assert mean_interval(values) == mean_interval(values.copy())


def test_runs_without_a_value_are_left_out() -> None:
    values = np.random.default_rng(7).lognormal(size=(70, 3))
    values[10:, 1] = np.nan
    values[:, 2] = np.nan
    mean, low, high = mean_limits(values)
    assert (mean[1], low[1], high[1]) == pytest.approx(mean_interval(values[:10, 1]))
    assert np.isnan([mean[2], low[2], high[2]]).all()
    assert mean_interval(values[:, 2]) is None
    assert mean_interval(np.array([])) is None
    assert mean_interval(np.array([2.5, np.nan])) == (2.5, None, None)
    assert not Interval(2.5, None, None).told_apart


# -- verdicts ----------------------------------------------------------------------------------------------------------


def test_no_verdict_where_too_few_runs_differ() -> None:
    differences = np.zeros(200)
    differences[: LEAST_DIFFERING - 1] = 1.0
    few = paired_interval(differences)
    assert few.low == 0.0 < few.mean < few.high
    assert not few.told_apart
    assert paired_interval(-differences).high == 0.0
    differences[LEAST_DIFFERING - 1] = 1.0
    assert paired_interval(differences).told_apart
    assert paired_interval(np.zeros(200)) == (0.0, 0.0, 0.0)


def test_no_verdict_from_too_few_runs_however_alike() -> None:
    assert not paired_interval(np.ones(LEAST_RUNS - 1)).told_apart
    assert paired_interval(np.ones(LEAST_RUNS)) == (1.0, 1.0, 1.0)
    gapped = np.append(np.ones(LEAST_RUNS - 1), np.full(20, np.nan))
    assert not paired_interval(gapped).told_apart


@pytest.mark.parametrize("expected", [2, 4, 6, 8, 12, 20])
@pytest.mark.parametrize("other", [1.0, 2.0, 4.0])
def test_at_most_one_verdict_in_twenty_is_false_where_few_runs_differ(expected: float, other: float) -> None:
    # True mean zero: gains of one, and losses so many times as large and as rare.
    rng = np.random.default_rng(8)
    u = rng.random((1500, 200)) * 200.0 / expected
    differences = np.select([u < other / (1.0 + other), u < 1.0], [1.0, -other], 0.0)
    found = [paired_interval(one) for one in differences]
    assert np.mean([interval.told_apart for interval in found]) <= 0.055


def rare(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw crises avoided in three runs of a hundred, and some brought about in one."""
    u = rng.random(shape)
    return (u < 0.03) * rng.lognormal(0.5, 1.5, shape) - (u > 0.99) * rng.lognormal(0.0, 1.0, shape)


def frequent(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw crises avoided in one run of five, most of them small and a few huge."""
    return (rng.random(shape) < 0.2) * rng.lognormal(-3.0, 2.2, shape)


@pytest.mark.parametrize(("crises", "avoided", "runs"), [(rare, 0.13, 100), (rare, 0.13, 200), (frequent, 0.11, 50)])
def test_at_most_one_verdict_in_twenty_is_false_where_few_crises_outweigh_the_price(
    crises: Sample, avoided: float, runs: int
) -> None:
    rng = np.random.default_rng([30, runs])
    assert crises(rng, (2_000_000, 1)).mean() == pytest.approx(avoided, rel=0.1), "more than the price of 0.05"
    differences = price(rng, (1500, runs), crises(rng, (1500, runs)))
    assert np.mean([paired_interval(one).low > 0.0 for one in differences]) <= 0.05


def paid_by_many() -> np.ndarray:
    """Give 200 runs of which nearly all cost 0.05 more, and eight far more or far less: shape (200,)."""
    differences = price(np.random.default_rng(31), (200,), np.zeros(200))
    differences[:8] = -0.35, -0.3, -0.3, -0.25, -0.25, 0.55, 0.5, 0.45
    return differences


def test_no_verdict_where_the_runs_that_carry_the_spread_do_not_carry_the_mean() -> None:
    paid = paid_by_many()
    assert mean_interval(paid).told_apart
    refused = paired_interval(paid)
    assert refused.low == 0.0 < refused.mean
    assert not paired_interval(-paid).told_apart
    assert paired_interval(paid[::-1]) == pytest.approx(refused)
    assert ratio_interval(1e12 * paid, np.full(200, 1e9)).low == 0.0
    # The same runs tell where the few say what the many say, and where there are enough of them.
    assert paired_interval(np.abs(paid)).told_apart
    assert paired_interval(np.concatenate([paid, paid])).told_apart


def test_where_nothing_stands_out_a_verdict_is_hardly_ever_withheld() -> None:
    samples = np.random.default_rng(32).normal(0.6, 1.0, (1000, 50))
    bare, kept = np.mean([(mean_interval(one).told_apart, paired_interval(one).told_apart) for one in samples], axis=0)
    assert 0.95 < bare < kept + 0.02


# -- returns -----------------------------------------------------------------------------------------------------------


def test_a_return_on_a_fixed_cost_is_the_interval_of_the_gain() -> None:
    gains = harm(np.random.default_rng(9), (120, 1))[:, 0]
    mean, low, high = mean_interval(gains)
    assert ratio_interval(gains, np.full(120, 4.0)) == pytest.approx((mean / 4.0, low / 4.0, high / 4.0), rel=1e-6)


def test_at_the_limits_of_a_return_zero_is_at_the_limit_of_what_remains() -> None:
    rng = np.random.default_rng(10)
    costs = rng.gamma(2.0, 3.0, 150)
    gains = 2.0 * costs - harm(rng, (150, 1))[:, 0] * 9.0
    ratio, low, high = ratio_interval(gains, costs)
    assert ratio == pytest.approx(gains.mean() / costs.mean())
    scale = gains.std()
    assert mean_interval(gains - high * costs).high == pytest.approx(0.0, abs=1e-6 * scale)
    assert mean_interval(gains - low * costs).low == pytest.approx(0.0, abs=1e-6 * scale)


@pytest.mark.parametrize("runs", [50, 200])
def test_a_return_holds_the_true_one_as_often_as_it_says(runs: int) -> None:
    rng = np.random.default_rng(11)
    costs = rng.gamma(9.0, 1.0 / 3.0, (200, runs))
    gains = harm(rng, costs.shape) * costs
    found = [ratio_interval(y, x) for y, x in zip(gains, costs, strict=True)]
    truth = 0.3 * np.exp(0.5)
    assert np.mean([i.low <= truth <= i.high for i in found]) == pytest.approx(0.96, abs=0.03)


def test_a_return_of_too_few_gains_reaches_to_nothing() -> None:
    gains = np.zeros(300)
    gains[: LEAST_DIFFERING - 1] = 5.0
    costs = np.random.default_rng(12).normal(2.0, 0.2, 300)
    assert ratio_interval(gains, costs).low == 0.0
    assert ratio_interval(np.zeros(300), costs) == (0.0, 0.0, 0.0)


def test_a_return_is_exact_where_nothing_varies_and_there_is_none_without_a_cost() -> None:
    cost = np.full(60, 1e10)
    assert ratio_interval(np.full(60, 7e10), cost) == pytest.approx((7.0, 7.0, 7.0))
    varied = np.random.default_rng(18).gamma(2.0, 1e10, 60)
    assert ratio_interval(7.0 * varied, varied) == pytest.approx((7.0, 7.0, 7.0))
    assert ratio_interval(cost, np.zeros(60)) is None
    assert ratio_interval(cost, -cost) is None
    assert ratio_interval(cost, np.tile([-1.0, 1.1], 30)) is None
    assert ratio_interval(cost[:1], cost[:1]) is None
    gapped = np.append(7.0 * varied, [1e30, np.nan])
    assert ratio_interval(gapped, np.append(varied, [np.nan, 1e30])) == pytest.approx((7.0, 7.0, 7.0))


# -- order and counts --------------------------------------------------------------------------------------------------


def test_the_median_lies_between_the_order_statistics_of_the_tables() -> None:
    # Conover, Practical Nonparametric Statistics: 95 % limits of the median of 10, 25 and 100 values.
    for runs, first in ((6, 1), (10, 2), (25, 8), (100, 40)):
        values = np.random.default_rng(13).permutation(np.arange(1.0, runs + 1.0))
        assert median_interval(values) == ((runs + 1) / 2, first, runs + 1 - first)
    assert median_interval(np.arange(5.0)) == (2.0, None, None)
    assert median_interval(np.array([np.nan])) is None
    assert median_interval(np.array([3.0, np.nan, np.inf])) == (3.0, None, None)
    many = median_interval(np.arange(100_001.0))
    assert (many.low, many.high) == pytest.approx((50_000 - 310, 50_000 + 310), abs=2)


@pytest.mark.parametrize(("some", "runs"), [(0, 40), (3, 60), (60, 60), (17, 1000)])
def test_the_share_that_differs_has_the_exact_limits(some: int, runs: int) -> None:
    differences = np.append(np.zeros(runs - some), np.full(some, -7.0))
    exact = stats.binomtest(some, runs).proportion_ci(0.95, method="exact")
    assert share_differing(np.append(differences, np.nan)) == pytest.approx((some / runs, exact.low, exact.high))
    assert share_differing(np.array([np.nan])) is None


# -- how many runs -----------------------------------------------------------------------------------------------------


def test_so_many_runs_tell_four_times_in_five() -> None:
    rng = np.random.default_rng(14)
    sample = rng.normal(0.0, 1.0, 100)
    sample += 0.1 - sample.mean()
    needed = runs_needed(sample)
    # Of a normal distribution: (1.96 + 0.84)^2 / 0.1^2.
    assert needed == pytest.approx(785 * sample.std() ** 2, rel=0.2)
    told = [paired_interval(rng.choice(sample, needed)).told_apart for _ in range(400)]
    assert np.mean(told) == pytest.approx(0.8, abs=0.06)


def test_it_is_not_said_what_no_number_of_runs_would_tell() -> None:
    assert runs_needed(np.zeros(90)) is None
    assert runs_needed(np.array([1.0, -1.0])) is None
    assert runs_needed(np.array([np.nan])) is None
    assert runs_needed_words(np.zeros(90)) == ""
    hopeless = np.tile([1.0, -1.0], 100) + 1e-5
    assert runs_needed(hopeless) is None
    assert runs_needed_words(hopeless) == "with differences such as these, not even 10,000,000 runs would tell"


def test_what_is_told_needs_no_more_runs_and_what_is_rare_needs_ten_that_differ() -> None:
    told = np.random.default_rng(15).normal(1.0, 1.0, 70)
    assert runs_needed(told) == 70
    assert runs_needed_words(told) == ""
    assert runs_needed(np.ones(20)) == LEAST_RUNS
    rare = np.zeros(1000)
    rare[:4] = 1.0
    assert runs_needed(rare) >= 2500
    words = runs_needed_words(rare)
    assert words.startswith("with differences such as these, about ")
    assert float(words.split()[6].replace(",", "")) == pytest.approx(runs_needed(rare), rel=0.1)


def test_what_few_runs_carry_needs_so_many_runs_that_enough_carry_it() -> None:
    paid = paid_by_many()
    away = (paid - paid.mean()) ** 2
    carrying = away.sum() ** 2 / (away**2).sum()
    assert carrying < LEAST_CARRYING
    assert runs_needed(paid) == pytest.approx(200 * LEAST_CARRYING / carrying, abs=1)
    assert runs_needed_words(paid).startswith(
        "too few runs carry the difference; with differences such as these, about "
    )
    assert runs_needed(np.tile(paid, 2)) == 400


# -- bands -------------------------------------------------------------------------------------------------------------


def test_bands_are_those_of_every_year_for_itself() -> None:
    values = np.random.default_rng(16).lognormal(size=(80, 4))
    values[5:9, 1] = np.nan
    values[:, 3] = np.nan
    found = bands(values)
    for year in (0, 1, 2):
        known = values[np.isfinite(values[:, year]), year]
        assert (found.mean[year], found.mean_low[year], found.mean_high[year]) == pytest.approx(mean_interval(known))
        assert (found.runs_low[year], found.runs_high[year]) == pytest.approx(np.quantile(known, (0.05, 0.95)))
    assert all(np.isnan(band[3]) for band in found)


# -- on simulated runs -------------------------------------------------------------------------------------------------


METRICS_HELD = ("deaths", "atrocity_entries", "episodes", "total_cost")


def pools(scenario: str, runs: int) -> dict[str, np.ndarray]:
    """Give paired differences, prevention less late response, by metric, each of shape (runs,)."""
    found = simulate(scenario, ["late-response", "prevention"], runs=runs, seed=2).metrics
    at = {metric: list(METRICS).index(metric) for metric in METRICS_HELD}
    return {metric: found["prevention"][:, i] - found["late-response"][:, i] for metric, i in at.items()}


def held(pool: np.ndarray, runs: int, times: int) -> tuple[float, float, float]:
    """Give the shares of thousands of samples with the truth in our interval and Student's, and of false verdicts."""
    rng = np.random.default_rng([17, runs])
    truth, shares = float(pool.mean()), []
    for _ in range(times):
        samples = rng.choice(pool, (runs, 1000))
        _, low, high = mean_limits(samples)
        # Only where the bare interval leaves out zero on the wrong side can the verdict be false.
        turned = np.flatnonzero(high < 0.0 if truth > 0.0 else low > 0.0)
        false = np.mean([paired_interval(samples[:, i]).told_apart for i in turned]) if len(turned) else 0.0
        shares.append((*covered(samples, truth), false * len(turned) / 1000))
    ours, student, false = np.mean(shares, axis=0)
    return float(ours), float(student), float(false)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["seminar", "insurgency"])
def test_intervals_of_simulated_differences_hold_their_mean(scenario: str) -> None:
    """Of 20,000 paired runs as the truth, samples are drawn of the sizes that are used."""
    drawn = pools(scenario, 20_000)
    found = {(metric, runs): held(pool, runs, 6) for metric, pool in drawn.items() for runs in SIZES}
    # 93 to 97 %, and half a percentage point more, to which a share of 6,000 samples is known. The constants were
    # fitted to earlier mechanisms: deaths in insurgency, whose tail is heavier now, are covered too seldom below 200
    # runs, as docs/INTERVALS.md tells.
    known = {("deaths", 50), ("deaths", 100)} if scenario == "insurgency" else set()
    assert {key: shares for key, shares in found.items() if not 0.925 <= shares[0] <= 0.975}.keys() <= known
    assert all(found[key][0] > 0.905 for key in known)
    assert min(student for _, student, _ in found.values()) < 0.9
    assert max(false for _, _, false in found.values()) <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario", ["relapse-risk", "government-against-group", "transition-after-coup", "contested-election"]
)
def test_intervals_of_scenarios_to_which_nothing_was_fitted_hold_their_mean_too(scenario: str) -> None:
    """At least 93 % from a hundred runs on; and never more than one false verdict in twenty, of fifty runs neither."""
    drawn = pools(scenario, 8_000)
    found = {(metric, runs): held(pool, runs, 6) for metric, pool in drawn.items() for runs in SIZES}
    assert {key: shares for key, shares in found.items() if shares[2] > 0.05} == {}
    short = {
        (metric, runs): shares
        for (metric, runs), shares in found.items()
        # Where fewer than ten runs are expected to differ, no sample shows what there is.
        if shares[0] < 0.925 and runs >= 100 and runs * np.mean(drawn[metric] != 0.0) >= LEAST_DIFFERING
    }
    if scenario == "government-against-group":
        # Ten of its runs make up nearly two thirds of the spread of the total cost: what no run shows, no method adds.
        assert {metric for metric, _ in short} <= {"total_cost"}
    else:
        assert short == {}


@pytest.mark.parametrize("runs", [1, 2, 3, 9, 10, 11, 49, 50])
def test_any_number_of_runs_is_told_of_in_words(runs: int) -> None:
    """What a first look at a few runs shows is a sentence, however few they are."""
    values = np.random.default_rng(runs).standard_t(2.0, runs) + 0.1
    assert paired_interval(values) is not None
    assert isinstance(runs_needed_words(values), str)
    assert runs_needed(values) is None or runs_needed(values) >= runs
