"""What moves a difference between policies: found where it does, and nothing where nothing can."""

from __future__ import annotations

import numpy as np
import pytest

from r2psim import simulate
from r2psim.analysis.movers import FEWEST, movers, range_of
from r2psim.ensemble.uncertainty import Drawing
from r2psim.scenario import load
from r2psim.scenario.posterior import drawn_in, read_posterior
from r2psim.world.expand import expand

SEMINAR = expand(load("seminar"))
PATHS = drawn_in(SEMINAR, "all")
RUNS = 300


def drawn(path: str, seed: int, first: int = 0, runs: int = RUNS) -> np.ndarray:
    """Give what runs drew of something."""
    drawing = Drawing(SEMINAR, PATHS, seed)
    numbers = range(first, first + runs)
    return np.array([(drawing.parameters_of(run) | drawing.sizes_of(run))[path] for run in numbers])


@pytest.mark.parametrize("path", [PATHS[0], PATHS[30], PATHS[-1]])
@pytest.mark.parametrize("first", [0, 40])
def test_what_a_difference_goes_along_with_is_found_among_all_that_is_drawn(path: str, first: int) -> None:
    luck = np.random.default_rng(7).standard_normal(RUNS)
    x = drawn(path, 5, first)
    differences = 2.0 + (x - x.mean()) / x.std() + luck
    found = movers(SEMINAR, differences, 5, first_run=first)
    best = found.movers[0]
    assert (best.path, best.told_apart, found.unknown, found.runs) == (path, True, len(PATHS), RUNS)
    assert best.at_low.high is not None and best.at_high.low is not None
    # From a third to a third of a variable of variance 1 it is about two.
    assert 1.5 < best.at_high.mean - best.at_low.mean < 2.6 and best.at_low.high < best.at_high.low
    # Which run has which draw matters.
    shuffled = movers(SEMINAR, np.random.default_rng(1).permutation(differences), 5, first_run=first)
    assert path not in {mover.path for mover in shuffled.told}


def test_by_chance_nothing_is_told_apart_more_often_than_said() -> None:
    rng = np.random.default_rng(3)
    told = sum(bool(movers(SEMINAR, rng.lognormal(0.0, 1.0, 90), 5, shuffles=60).told) for _ in range(60))
    # One in twenty; of sixty more than eight would be one in a hundred.
    assert told <= 8


def test_runs_without_a_value_are_left_out_with_their_draws() -> None:
    x = drawn(PATHS[-1], 5)
    holes = x.copy()
    holes[::3] = np.nan
    found = movers(SEMINAR, holes, 5)
    assert found.runs == RUNS - RUNS // 3 and found.movers[0].path == PATHS[-1]


@pytest.mark.parametrize("differences", [np.zeros(RUNS), np.full(RUNS, np.nan), np.arange(FEWEST - 1.0)])
def test_where_nothing_can_be_told_nothing_is(differences: np.ndarray) -> None:
    assert movers(SEMINAR, differences, 5).movers == ()
    assert movers(SEMINAR, drawn(PATHS[0], 5), 5, "none").movers == ()


def test_with_effects_at_none_no_effect_moves_harm() -> None:
    """The negative control: where assistance does nothing, two policies differ in no run, whatever was drawn."""
    nothing = expand(load("seminar", ["assistance.effect_scale=0"]))
    results = simulate(nothing, ["late-response", "prevention"], runs=FEWEST, years=4, uncertainty="all", seed=5)
    differences = results.values("prevention", "deaths") - results.values("late-response", "deaths")
    assert not movers(nothing, differences, 5).movers


def test_a_range_is_that_of_the_draws_where_something_was_fitted_and_the_declared_one_elsewhere() -> None:
    rate = drawn_in(SEMINAR, "rates")[0]
    values = [draw[rate] for draw in read_posterior()]
    assert range_of(SEMINAR, rate) == (min(values), max(values))
    effect = "forms.mediation.effects.from_imminent.size"
    assert range_of(SEMINAR, effect) == (1.0, 1.5)
    for path in PATHS[::10]:
        low, high = range_of(SEMINAR, path)
        assert low <= drawn(path, 5, runs=50).min() and drawn(path, 5, runs=50).max() <= high
