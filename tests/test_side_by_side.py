"""Runs side by side in one set of rows: each keeps every bit that it has alone."""

from __future__ import annotations

import numpy as np
import pytest

from r2psim import load, simulate
from r2psim.declarations.columns import PR, L
from r2psim.ensemble.engine import run_months, runs_beside
from r2psim.ensemble.measures import (
    BODY_ACCOUNTS,
    DEPTH,
    LEDGERS,
    METRICS,
    SERIES,
    bodies_at,
    ledgers_at,
    level_of,
    measure,
    metrics_of,
    runs_in,
    spending_at,
)
from r2psim.rules.draws import draws_of
from r2psim.rules.month import opening
from r2psim.world.build import World, build
from r2psim.world.expand import expand
from r2psim.world.rows import Rows, copy_rows, side_by_side

SEED, FIRST, MONTHS, RUNS = 7, 4, 30, 3
SCENARIOS = ["seminar", "insurgency"]
POLICY = "prevention"
WORK = np.empty(DEPTH)


def ran(rows: Rows, p: np.ndarray, run: int) -> Rows:
    """Run a copy of the rows for some months."""
    there, luck = copy_rows(rows), draws_of(SEED, run, 0)
    opening(there, p, luck)
    run_months(there, p, luck, 0, MONTHS)
    return there


@pytest.fixture(scope="module", params=SCENARIOS)
def case(request: pytest.FixtureRequest) -> tuple[World, Rows, list[Rows]]:
    scenario = load(request.param)
    world, p = build(scenario, POLICY), scenario.parameter_values(POLICY)
    together = ran(side_by_side(world.rows, RUNS), p, FIRST)
    return world, together, [ran(world.rows, p, FIRST + k) for k in range(RUNS)]


def test_every_column_of_every_run_is_what_it_is_alone(case: tuple[World, Rows, list[Rows]]) -> None:
    world, together, alone = case
    states, forms = len(world.states), len(world.forms)
    for k, single in enumerate(alone):
        for name in ("state", "group", "body", "rating", "note"):
            expected: np.ndarray = getattr(single, name)
            n = expected.shape[1]
            found = getattr(together, name)[:, k * n : (k + 1) * n].copy()
            assert found.tobytes() == np.ascontiguousarray(expected).tobytes(), (name, k)
        programme = together.programme.reshape(-1, forms, RUNS, states)[:, :, k].reshape(-1, forms * states)
        assert programme.tobytes() == single.programme.tobytes()
        bodies = len(world.bodies)
        assert together.ledger[k * bodies : (k + 1) * bodies].tobytes() == single.ledger.tobytes()
        slots = single.pledge.shape[1]
        pledge = together.pledge[:, k * slots : (k + 1) * slots]
        for column in (L.form, L.amount, L.begins, L.offer, L.last_offer, L.note, L.former):
            assert pledge[column].tobytes() == single.pledge[column].tobytes()


def test_luck_differs_between_them(case: tuple[World, Rows, list[Rows]]) -> None:
    _, together, alone = case
    assert runs_in(together) == RUNS and runs_in(alone[0]) == 1
    assert len({single.group.tobytes() for single in alone}) == RUNS


def test_what_is_measured_of_each_is_what_it_is_alone(case: tuple[World, Rows, list[Rows]]) -> None:
    world, together, alone = case
    for k, single in enumerate(alone):
        found = np.empty(len(METRICS))
        measure(together, k, MONTHS, found, WORK)
        assert found.tobytes() == metrics_of(single, MONTHS).tobytes()
        for place in range(len(SERIES)):
            assert level_of(together, k, place, WORK) == level_of(single, 0, place, WORK)
        for account in (PR.spent_0, PR.needed_0, PR.met_0):
            spent, expected = np.empty((2, len(world.forms), 5))
            spending_at(together, k, account, spent)
            spending_at(single, 0, account, expected)
            assert spent.tobytes() == expected.tobytes()
        ledgers, alone_too = np.empty((2, len(LEDGERS)))
        ledgers_at(together, k, ledgers, WORK)
        ledgers_at(single, 0, alone_too, WORK)
        assert ledgers.tobytes() == alone_too.tobytes()
        accounts, alone_too = np.empty((2, len(world.bodies), len(BODY_ACCOUNTS)))
        bodies_at(together, k, accounts)
        bodies_at(single, 0, alone_too)
        assert accounts.tobytes() == alone_too.tobytes()


def test_one_run_is_the_rows_themselves() -> None:
    rows = build(load("seminar"), POLICY).rows
    assert side_by_side(rows, 1) is rows


def test_small_worlds_run_side_by_side_and_large_ones_alone() -> None:
    assert runs_beside(build(load("seminar"), POLICY).rows) > 1
    assert runs_beside(build(expand(load("world")), POLICY).rows) == 1


@pytest.mark.parametrize("runs", [1, 2, 7, 19])
def test_any_number_of_runs_is_part_of_any_other(runs: int) -> None:
    """Numbers that do not fill a row of runs side by side: the series and stages of each are there all the same."""
    wanted = {"series": ("monthly_deaths", "groups_stage_1"), "histories": True, "years": 1, "threads": 1}
    whole, part = simulate("seminar", POLICY, 20, SEED, **wanted), simulate("seminar", POLICY, runs, SEED, **wanted)
    assert part.metrics[POLICY].tobytes() == whole.metrics[POLICY][:runs].tobytes()
    assert part.stages[POLICY].tobytes() == whole.stages[POLICY][:runs].tobytes()
    for name in wanted["series"]:
        assert part.series[POLICY][name].tobytes() == whole.series[POLICY][name][:runs].tobytes()
