"""The pieces of a search for portfolios, where the answer is known: fronts, shares of money, criteria, draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import r2psim
from r2psim.analysis import pareto
from r2psim.analysis.pareto import ALGORITHMS, Front, dominated, search, spread
from r2psim.analysis.portfolios import COMMON, Portfolios, purses_of
from r2psim.analysis.robust import apart, of_draws, units_of
from r2psim.ensemble.at_draws import metrics_at_draws
from r2psim.ensemble.intervals import mean_interval
from r2psim.ensemble.uncertainty import with_draw
from r2psim.scenario.posterior import drawn_in
from r2psim.world.expand import expand

Evaluate = Callable[[np.ndarray], np.ndarray]

# -- fronts in closed form ---------------------------------------------------------------------------------------------


def zdt1(points: np.ndarray) -> np.ndarray:
    """Zitzler, Deb and Thiele's first problem: on its front, the second objective is one less the root of the first."""
    rest = 1.0 + 9.0 * points[:, 1:].mean(axis=1)
    return np.column_stack([points[:, 0], rest * (1.0 - np.sqrt(points[:, 0] / rest))])


def dtlz2(points: np.ndarray) -> np.ndarray:
    """Deb, Thiele, Laumanns and Zitzler's second problem: its front is an eighth of the unit sphere."""
    away = 1.0 + ((points[:, 2:] - 0.5) ** 2).sum(axis=1)
    a, b = np.pi / 2.0 * points[:, 0], np.pi / 2.0 * points[:, 1]
    return away[:, None] * np.column_stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])


def start(population: int, variables: int) -> np.ndarray:
    return np.random.default_rng(1).random((population, variables))


def check_zdt1(front: Front) -> None:
    """Hold a front against the known one: on it, and from end to end of it."""
    first, second = zdt1(front.points).T
    assert np.abs(second - (1.0 - np.sqrt(first))).max() < 0.03
    assert first.min() < 0.02 and first.max() > 0.95 and np.diff(np.sort(first)).max() < 0.15
    assert len(front.points) >= 20


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
def test_a_search_finds_the_front_in_closed_form(algorithm: str) -> None:
    check_zdt1(search(zdt1, 2, start(40, 10), 120, 3, algorithm))


def test_three_objectives_lie_on_the_sphere() -> None:
    front = search(dtlz2, 3, start(60, 7), 80, 3, "nsga3")
    assert np.abs(np.linalg.norm(front.values, axis=1) - 1.0).max() < 0.03
    assert np.ptp(front.values, axis=0).min() > 0.9


def test_the_wrong_way_round_is_no_front(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is to be less is made more: the usual mistake.
    with pytest.raises(AssertionError):
        check_zdt1(search(lambda points: -zdt1(points), 2, start(40, 10), 60, 3))
    # Domination turned round in what is kept of the last generation.
    monkeypatch.setattr(pareto, "dominated", lambda values: ~dominated(values))
    with pytest.raises(AssertionError):
        check_zdt1(search(zdt1, 2, start(40, 10), 20, 3))


def test_any_algorithm_of_pymoo_takes_the_problem() -> None:
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.optimize import minimize

    found = minimize(pareto.problem_of(zdt1, 10, 2), NSGA2(pop_size=40), ("n_gen", 150), seed=2)
    first, second = found.F.T
    assert np.abs(second - (1.0 - np.sqrt(first))).max() < 0.05


def test_a_search_is_its_seeds_alone() -> None:
    one, same, other = (search(zdt1, 2, start(12, 4), 5, seed) for seed in (3, 3, 4))
    assert np.array_equal(one.points, same.points) and np.array_equal(one.course, same.course)
    assert not np.array_equal(one.points, other.points)
    assert one.course.shape == (5, 2) and (np.diff(one.course, axis=0) <= 0.0).all()


def test_domination_is_what_its_definition_says() -> None:
    values = np.random.default_rng(5).integers(0, 5, (60, 3)).astype(float)
    for k, mine in enumerate(values):
        beaten = any((other <= mine).all() and (other < mine).any() for other in values)
        assert bool(dominated(values)[k]) == beaten


def test_those_chosen_are_the_ends_and_what_lies_between() -> None:
    first = np.linspace(0.0, 1.0, 41)
    values = np.column_stack([first, 1e9 * (1.0 - first)])
    assert spread(values, 5) == [0, 10, 20, 30, 40]
    assert spread(values[:3], 8) == [0, 1, 2]


# -- shares of money ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def space() -> Portfolios:
    return Portfolios(r2psim.load("seminar"), "prevention", ("bodies", "stages", "forms"))


def test_every_portfolio_has_the_same_total(space: Portfolios) -> None:
    before = sum(space.budgets("late-response").values())
    for k, point in enumerate(np.random.default_rng(2).random((8, len(space.variables)))):
        spec = space.policy(point)
        full = replace(space.scenario, policies={**space.scenario.policies, "mine": spec})
        after = replace(space, scenario=full).budgets("mine")
        # Whole dollars a body, each rounded down.
        assert before - len(full.bodies) <= sum(after.values()) <= before, k
        shares = space.shares(point)
        for name, part in shares["bodies"].items():
            assert after[name] == pytest.approx(part * before, rel=1e-4, abs=len(full.bodies))
        for over in ("stages", "forms"):
            assert sum(shares[over].values()) == pytest.approx(1.0, abs=1e-12)
            assert sum(spec.shares[over].values()) <= 1.0 + 1e-12 and COMMON not in spec.shares[over]


def test_even_numbers_give_flat_dirichlet_shares(space: Portfolios) -> None:
    numbers = np.random.default_rng(3).random((1500, len(space.variables)))
    shares = np.array([list(space.shares(point)["bodies"].values()) for point in numbers])
    n = shares.shape[1]
    error = np.sqrt((n - 1) / n**2 / (n + 1) / len(numbers))
    assert np.abs(shares.mean(axis=0) - 1.0 / n).max() < 4.0 * error
    assert shares.var(axis=0).mean() == pytest.approx((n - 1) / n**2 / (n + 1), rel=0.05)


def test_a_policy_of_the_scenario_is_found_among_portfolios(space: Portfolios) -> None:
    point = space.point("prevention")
    spec = space.policy(point)
    full = replace(space.scenario, policies={**space.scenario.policies, "mine": spec})
    mine, own = (replace(space, scenario=full).budgets(name) for name in ("mine", "prevention"))
    total = sum(own.values())
    for name in own:
        assert mine[name] / total == pytest.approx(own[name] / total, abs=1.1e-4)
    assert spec.parameters["principles.prevention.reserve"] == 0.6
    assert spec.shares == {"stages": {}, "forms": {}}
    assert spec.parameters["challenges.will.strength"] == 0.1


def test_bodies_that_share_a_mandate_share_a_purse() -> None:
    scenario = expand(r2psim.load("world"))
    purses = purses_of(scenario)
    for one in purses:
        for other in purses:
            assert one is other or not set(one.mandates) & set(other.mandates)
    assert {tag for purse in purses for tag in purse.mandates} == {
        tag for body in scenario.bodies.values() for tag in body.mandates
    }


# -- criteria ----------------------------------------------------------------------------------------------------------


def test_the_worst_tenth_is_the_mean_of_the_worst() -> None:
    values = np.random.default_rng(4).standard_normal(200)
    assert units_of(values, "worst-tenth").mean() == pytest.approx(np.sort(values)[-20:].mean())
    best = values - np.random.default_rng(5).exponential(1.0, 200)
    assert units_of(values, "regret", best).mean() == pytest.approx(np.sort(values - best)[-20:].mean())
    # Turned round, the best tenth: the mistake that would make every policy look robust.
    assert units_of(-values, "worst-tenth").mean() != pytest.approx(np.sort(values)[-20:].mean())


def test_the_interval_of_the_worst_tenth_holds_the_true_one() -> None:
    # Exponential: the mean of the worst tenth is 1 + ln 10.
    rng = np.random.default_rng(6)
    held = 0
    for _ in range(400):
        found = mean_interval(units_of(rng.exponential(1.0, 200), "worst-tenth"))
        assert found is not None and found.low is not None and found.high is not None
        held += found.low <= 1.0 + np.log(10.0) <= found.high
    assert held >= 0.92 * 400


def test_the_interval_of_a_difference_of_two_lucks_holds_the_true_one() -> None:
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        a, b = (mean_interval(part) for part in (rng.exponential(2.0, 60), rng.exponential(1.0, 150)))
        found = apart(a, b)
        assert found is not None and found.low is not None and found.high is not None
        held += found.low <= 1.0 <= found.high
    assert 0.93 * 400 <= held <= 0.99 * 400


def test_means_are_taken_draw_by_draw() -> None:
    assert of_draws(np.arange(12.0), 4).tolist() == [1.5, 5.5, 9.5]


# -- draws -------------------------------------------------------------------------------------------------------------


def test_with_a_run_for_each_draw_runs_are_those_of_simulate() -> None:
    full, named = r2psim.load("seminar"), ["late-response", "prevention"]
    own = r2psim.simulate(full, named, 6, seed=5, years=3, uncertainty="all", null_twins=True)
    found = metrics_at_draws(full, named, 0, 6, 5, 3, 2, "all", 1, null_twins=True)
    for k, name in enumerate(named):
        assert own.null is not None
        assert np.array_equal(found[0, k], own.metrics[name], equal_nan=True)
        assert np.array_equal(found[1, k], own.null.metrics[name], equal_nan=True)


def test_runs_of_a_draw_share_it_and_have_luck_of_their_own() -> None:
    full = r2psim.load("seminar")
    found = metrics_at_draws(full, ["prevention"], 4, 4, 5, 3, 1, "all", 4)[0, 0]
    drawn = drawn_in(full, "all")
    # Runs 4 to 7 have draw 1, whatever their luck.
    expected = r2psim.simulate(with_draw(full, 1, drawn, 5), ["prevention"], 4, seed=5, years=3, first_run=4)
    assert np.array_equal(found, expected.metrics["prevention"], equal_nan=True)
    assert len(np.unique(found[:, 0] + found[:, 2])) > 1
