"""Runs side by side with parameters and effects of their own: each keeps every bit that it has alone."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from r2psim import load
from r2psim.declarations.columns import L
from r2psim.ensemble.engine import run_months
from r2psim.rules import harm, log_linear, stages, tension
from r2psim.rules.by_run import many_records, places_read
from r2psim.rules.draws import draws_of
from r2psim.rules.month import AS_THEY_ARE, PHASES, opening
from r2psim.rules.records import RECORD
from r2psim.scenario.parameters import PARAMETERS, P, identifier
from r2psim.world.build import World, build
from r2psim.world.rows import Rows, copy_rows, side_by_side

SEED, FIRST, MONTHS, POLICY = 7, 4, 30, "prevention"


@cache
def world() -> World:
    return build(load("seminar"), POLICY)


@cache
def usual() -> np.ndarray:
    # What is switched off by default, such as standby, would be read by nobody.
    sets = {"assistance.standby": 0.1, "principles.prevention.reserve": 0.3, "principles.harm.screening": 0.5}
    return load("seminar", sets).parameter_values(POLICY)


def ran(rows: Rows, p: np.ndarray, run: int) -> Rows:
    """Run a copy of the rows for some months."""
    there, luck = copy_rows(rows), draws_of(SEED, run, 0)
    opening(there, p, luck)
    run_months(there, p, luck, 0, MONTHS)
    return there


@cache
def alone(run: int) -> Rows:
    """Give a run with the usual parameters."""
    return ran(world().rows, usual(), run)


def differing(together: Rows, k: int, single: Rows) -> list[str]:
    """Name the blocks in which one of two runs side by side is not what it is alone."""
    states, forms, bodies = len(world().states), len(world().forms), len(world().bodies)
    found = []
    for name in ("state", "group", "body", "rating", "note"):
        expected: np.ndarray = getattr(single, name)
        n = expected.shape[1]
        here = getattr(together, name)[:, k * n : (k + 1) * n]
        found += [] if here.tobytes() == np.ascontiguousarray(expected).tobytes() else [name]
    runs = int(together.runs[0])
    programme = together.programme.reshape(-1, forms, runs, states)[:, :, k].reshape(-1, forms * states)
    found += [] if programme.tobytes() == single.programme.tobytes() else ["programme"]
    ledger = together.ledger[k * bodies : (k + 1) * bodies]
    found += [] if ledger.tobytes() == single.ledger.tobytes() else ["ledger"]
    slots = single.pledge.shape[1]
    amounts = together.pledge[L.amount, k * slots : (k + 1) * slots]
    return found if amounts.tobytes() == single.pledge[L.amount].tobytes() else [*found, "pledge"]


def moved(path: str) -> float:
    """Give another value of a parameter, within its range."""
    parameter, now = PARAMETERS[path], float(usual()[list(PARAMETERS).index(path)])
    if path == "start.settling_months":
        return now - 1.0
    end = parameter.high if parameter.high - now > now - parameter.low else parameter.low
    value = now + 0.5 * (end - now)
    return float(round(value)) if now == round(now) and abs(value - now) >= 1.0 else value


SOME = 8
"""One of so many parameters is tried in the quick suite, all of them in the long one."""


@pytest.mark.parametrize(
    "path", [path if k % SOME == 0 else pytest.param(path, marks=pytest.mark.slow) for k, path in enumerate(PARAMETERS)]
)
def test_a_parameter_by_run_leaves_each_run_what_it_is_alone(path: str) -> None:
    """Whichever rule reads it, and whether or not that rule, or the part of it that reads, asks for it."""
    p = usual().copy()
    p[getattr(P, identifier(path))] = moved(path)
    together = ran(side_by_side(world().rows, 2), many_records(np.stack([usual(), p])), FIRST)
    assert differing(together, 0, alone(FIRST)) == []
    assert differing(together, 1, ran(world().rows, p, FIRST + 1)) == []


def test_all_parameters_and_effects_by_run_leave_each_run_what_it_is_alone() -> None:
    rng, runs = np.random.default_rng(3), 4
    low, high = (np.array([getattr(x, end) for x in PARAMETERS.values()]) for end in ("low", "high"))
    values = usual() + rng.uniform(0.0, 0.2, (runs, RECORD)) * (np.where(rng.random(RECORD) < 0.5, low, high) - usual())
    values[:, P.start_settling_months] = usual()[P.start_settling_months]
    sizes = world().rows.effect_size * rng.uniform(0.5, 1.5, (runs, 1))
    harms = (rng.random(sizes.shape) < 0.2).astype(float)
    several = side_by_side(world().rows, runs)._replace(effect_size=sizes.ravel(), effect_harms=harms.ravel())
    together = ran(several, many_records(values), FIRST)
    for k in range(runs):
        own = world().rows._replace(effect_size=sizes[k].copy(), effect_harms=harms[k].copy())
        assert differing(together, k, ran(own, values[k].copy(), FIRST + k)) == []


def test_every_rule_of_a_month_and_of_the_opening_goes_by_run() -> None:
    steps = [step for phase in PHASES for step in phase.steps]
    opened = [getattr(AS_THEY_ARE, name) for name in AS_THEY_ARE._fields[:6]]
    assert [step.__name__ for step in [*steps, *opened] if not hasattr(step, "reads")] == []


def test_what_is_read_is_found_in_the_code_of_a_rule_and_of_what_it_calls() -> None:
    """But not what a part reads that asks for itself: a rule is not cut into runs for its sake."""
    wave = P.harm_wave_floor  # read two calls below
    assert wave in places_read(harm.strike_all) and wave not in places_read(harm.harm)
    assert P.tension_violations_imminent in places_read(tension.violate)
    assert P.tension_violations_imminent not in places_read(tension.tension)
    assert P.tension_exclusion_return in places_read(tension.tension)
    assert P.stages_sudden not in places_read(stages.stages)


def test_terms_of_hazards_are_asked_for_by_who_reads_them() -> None:
    table = stages.TERMS["to_threat"]
    a, b = usual(), usual().copy()
    b[table[1, 0]] += 1.0
    records, block = many_records(np.stack([a, b])), np.ascontiguousarray(alone(FIRST).group)
    both = np.concatenate([block, block], axis=1)
    n, out = block.shape[1], np.empty(2 * block.shape[1])
    log_linear.log_effects(records, both, 3, 2 * n, table, out[3:])
    for k, p in enumerate((a, b)):
        for row in range(3 if k == 0 else 0, n):
            expected = log_linear.log_effect(p, block, row, table)
            assert out[k * n + row] == expected == log_linear.log_effect(records, both, k * n + row, table)
    assert out[3:n].tobytes() != out[n + 3 :].tobytes()


def test_one_record_is_an_array_of_one_record() -> None:
    assert many_records(usual()[None]).tobytes() == usual().tobytes()
