"""Armed conflict and triggers against theory, with covariates held still.

The chain is peace, recovery, minor conflict, war. As for the stages, the rule runs alone over many thousand identical
states, and the matrix is built by formulas of this file from the declared parameters. Hazards are declared per year and
act for a twelfth of one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from scipy.linalg import expm
from worlds import assert_expected, many_states, parameters, without_triggers

from r2psim.analysis.calibration.definitions import Coded
from r2psim.analysis.calibration.panel import Source
from r2psim.declarations.columns import STATE, TRIGGERS, S
from r2psim.rules.conflict import conflict
from r2psim.rules.draws import draws_of
from r2psim.rules.triggers import triggers
from r2psim.scenario import load
from r2psim.scenario.parameters import PARAMETERS
from r2psim.world.expand import expand
from r2psim.world.rows import Rows

PEACE, RECOVERY, MINOR, WAR = range(4)
NAMES = ("onset", "relapse", "escalation", "healing", "settlement", "abatement")
COVARIATES = tuple(
    sorted(
        name
        for path in PARAMETERS
        for parent, _, name in [path.rpartition(".")]
        if parent.startswith("conflict.") and name in STATE.index
    )
)
SETS = 60

Values = dict[str, float]


def yearly(name: str, v: Mapping[str, float], x: Mapping[str, float]) -> float:
    """Hazard per year, ``base * exp(sum of coefficient * (covariate - reference))``."""
    eta = 0.0
    for path in v:
        if path.startswith(f"conflict.{name}.") and not path.endswith(".base"):
            covariate = path.rpartition(".")[2]
            eta += v[path] * (x[covariate] - v.get(f"reference.{covariate}", 0.0))
    return v[f"conflict.{name}.base"] * math.exp(eta)


def generator(v: Mapping[str, float], x: Mapping[str, float]) -> np.ndarray:
    """Intensities of the chain, per month, shape (4, 4)."""
    h = {name: yearly(name, v, x) / 12.0 for name in NAMES}
    at_once, ends = v["conflict.war_at_once"], v["conflict.war_to_recovery"]
    q = np.zeros((4, 4))
    q[PEACE, [MINOR, WAR]] = h["onset"] * np.array([1.0 - at_once, at_once])
    q[RECOVERY, [MINOR, WAR]] = h["relapse"] * np.array([1.0 - at_once, at_once])
    q[RECOVERY, PEACE] = h["healing"]
    q[MINOR, [WAR, RECOVERY]] = h["escalation"], h["settlement"]
    q[WAR, [RECOVERY, MINOR]] = h["abatement"] * np.array([ends, 1.0 - ends])
    np.fill_diagonal(q, -q.sum(axis=1))
    return q


def one_month(q: np.ndarray) -> np.ndarray:
    """Matrix of the chain that the model runs: at most one change a month, by competing hazards."""
    leaving = -np.diag(q)
    m = q * np.divide(-np.expm1(-leaving), leaving, out=np.ones(len(q)), where=leaving > 0.0)[:, None]
    np.fill_diagonal(m, np.exp(-leaving))
    return m


def drawn(index: int) -> tuple[Values, Values]:
    """Draw one set of parameters and covariates: every second from the whole declared ranges, else nearer to them."""
    rng = np.random.default_rng([1946, index])
    v = {path: parameter.default for path, parameter in PARAMETERS.items()}
    for path, parameter in PARAMETERS.items():
        if path.startswith(("conflict.", "reference.")):
            if index % 2:
                v[path] = rng.uniform(parameter.low, parameter.high)
            elif path.endswith(".base"):
                v[path] = math.exp(rng.uniform(math.log(0.05), math.log(3.0)))
            else:
                v[path] = parameter.default * rng.uniform(0.4, 1.6)
    return v, {name: rng.uniform(0.0, 1.0) for name in COVARIATES}


def cohorts(x: Mapping[str, float], size: int) -> Rows:
    """Give four cohorts of identical states, one for each conflict state at the start, in that order."""
    rows = many_states(4 * size, **x)
    rows.state[S.conflict] = np.repeat(np.arange(4.0), size)
    return rows


def tally(rows: Rows) -> np.ndarray:
    """Count the states of each cohort by conflict state, shape (4, 4)."""
    now = rows.state[S.conflict].astype(int).reshape(4, -1)
    return np.array([np.bincount(row, minlength=4) for row in now])


def step(rows: Rows, p: np.ndarray, run: int, month: int) -> None:
    """Run the conflict rule for a month, and nothing else."""
    conflict(0, rows.state.shape[1], rows, p, draws_of(11, run, month))


def changes(v: Values, x: Values, size: int, months: int, run: int) -> tuple[np.ndarray, int]:
    """Count changes of one month from each conflict state, and the trials per conflict state."""
    rows, p = cohorts(x, size), parameters(v)
    start = rows.state[S.conflict].copy()
    counts = np.zeros((4, 4))
    for month in range(months):
        rows.state[S.conflict] = start
        step(rows, p, run, month)
        counts += tally(rows)
    return counts, size * months


def occupancy(v: Values, x: Values, size: int, at: tuple[int, ...], run: int) -> np.ndarray:
    """Count the states of each cohort by conflict state after the months ``at``, shape (len(at), 4, 4)."""
    rows, p = cohorts(x, size), parameters(v)
    counts = []
    for month in range(max(at)):
        step(rows, p, run, month)
        if month + 1 in at:
            counts.append(tally(rows))
    return np.array(counts)


def test_the_covariates_are_those_of_the_declarations() -> None:
    assert {"discontent", "armed_groups", "pressure", "spill_war", "capacity"} <= set(COVARIATES)


def test_changes_of_one_month_follow_the_competing_hazards() -> None:
    for i in range(SETS):
        v, x = drawn(i)
        counts, trials = changes(v, x, size=6_000, months=12, run=i)
        assert_expected(counts, trials, one_month(generator(v, x)), tests=SETS * 16, what=f"set {i}")


def test_occupancy_over_time_follows_the_powers_of_the_matrix() -> None:
    at, size = (1, 6, 12, 36, 120), 2_000
    for i in range(SETS):
        v, x = drawn(i)
        m = one_month(generator(v, x))
        expected = np.array([np.linalg.matrix_power(m, t) for t in at])
        counts = occupancy(v, x, size, at, run=i)
        assert_expected(counts, size, expected, tests=SETS * 16 * len(at), what=f"set {i}")


def test_slow_hazards_give_the_chain_in_continuous_time() -> None:
    at, size, fastest = (12, 60, 240), 2_000, 1e-3
    for i in range(8):
        v, x = drawn(2 * i)
        for name in NAMES:
            v[f"conflict.{name}.base"] *= 12.0 * fastest * (0.1 + 0.05 * (i % 8)) / yearly(name, v, x)
        q = generator(v, x)
        assert np.max(-np.diag(q)) <= fastest
        expected = np.array([expm(q * t) for t in at])
        off = np.abs(expected - np.array([np.linalg.matrix_power(one_month(q), t) for t in at]))
        assert off.sum(axis=2).max() < 3.0 * max(at) * fastest**2
        assert np.all(off < np.maximum(0.1 * np.sqrt(expected * (1.0 - expected) / size), 0.1 / size))
        counts = occupancy(v, x, size, at, run=100 + i)
        assert_expected(counts, size, expected, tests=8 * 16 * len(at), what=f"set {i}")


def test_the_calibrated_world_is_near_the_yearly_matrix_of_the_data() -> None:
    """Coded by the worst month of each year, as the data are, conflict moves as in the UCDP/PRIO matrix 1960-2024."""
    source = Source(expand(load("world")), years=35)
    year = np.zeros((4, 4))
    for run in range(2):
        codes = Coded(source.panel(1, run)).conflict
        np.add.at(year, (codes[:-1].ravel(), codes[1:].ravel()), 1.0)
    year /= year.sum(axis=1, keepdims=True)
    data = np.array(
        [[0.979, 0.0, 0.018, 0.003], [0.141, 0.72, 0.127, 0.012], [0, 0.182, 0.726, 0.092], [0, 0.059, 0.225, 0.716]]
    )
    assert np.abs(year - data).max() < 0.15
    assert np.all(np.argmax(year, axis=1) == np.arange(4))


def test_sojourn_times_are_exponential() -> None:
    at, size, some = (1, 2, 3, 12, 36, 60), 4_000, 12
    for i in range(some):
        v, x = drawn(2 * i)
        rows, p = cohorts(x, size), parameters(v)
        start = rows.state[S.conflict].copy()
        stays = np.ones(4 * size, dtype=bool)
        survivors = []
        for month in range(max(at)):
            step(rows, p, 200 + i, month)
            stays &= rows.state[S.conflict] == start
            assert np.all(rows.state[S.conflict_months, stays] == month + 1.0)
            if month + 1 in at:
                survivors.append(stays.reshape(4, -1).sum(axis=1))
        leaving = -np.diag(generator(v, x))
        expected = np.exp(-np.outer(at, leaving))
        assert_expected(np.array(survivors), size, expected, tests=some * 4 * len(at), what=f"set {i}")


def test_competing_risks_share_the_changes() -> None:
    some = 30
    for i in range(some):
        v, x = drawn(i)
        q = generator(v, x)
        counts, _ = changes(v, x, size=6_000, months=8, run=300 + i)
        np.fill_diagonal(counts, 0.0)
        np.fill_diagonal(q, 0.0)
        assert_expected(
            counts, counts.sum(axis=1)[:, None], q / q.sum(axis=1)[:, None], tests=some * 16, what=f"set {i}"
        )


def test_recorded_hazards_and_chances_are_those_of_the_change() -> None:
    for i in range(10):
        v, x = drawn(i)
        rows, p = cohorts(x, 500), parameters(v)
        m = one_month(generator(v, x))
        h = {name: yearly(name, v, x) / 12.0 for name in NAMES}
        up = np.array([h["onset"], h["relapse"], h["escalation"], 0.0])
        down = np.array([0.0, h["healing"], h["settlement"], h["abatement"]])
        before = rows.state[S.conflict].astype(int)
        step(rows, p, 400, i)
        after = rows.state[S.conflict].astype(int)
        np.testing.assert_allclose(rows.state[S.escalation_hazard], up[before], rtol=1e-12)
        np.testing.assert_allclose(rows.state[S.settlement_hazard], down[before], rtol=1e-12)
        chance = np.where(before == after, 0.0, m[before, after])
        np.testing.assert_allclose(rows.state[S.conflict_change], chance, rtol=1e-9, atol=1e-15)
        assert np.all(rows.state[S.conflict_months, before != after] == 0.0)


def test_without_hazards_nothing_changes() -> None:
    v, x = drawn(0)
    rows = cohorts(x, 100)
    start = rows.state[S.conflict].copy()
    none = parameters(v | {f"conflict.{name}.base": 0.0 for name in NAMES})
    for month in range(24):
        step(rows, none, 500, month)
    assert np.array_equal(rows.state[S.conflict], start)
    assert np.all(rows.state[S.conflict_change] == 0.0) and np.all(rows.state[S.conflict_months] == 24.0)


def typical() -> tuple[Values, Values]:
    """Give parameters of which each hazard counts: all near 0.1 a month."""
    v = {path: parameter.default for path, parameter in PARAMETERS.items()}
    # Too weak by default to be seen in as many trials.
    v["conflict.onset.moral_hazard"] = PARAMETERS["conflict.onset.moral_hazard"].high
    x = dict.fromkeys(COVARIATES, 0.5)
    for name in NAMES:
        v[f"conflict.{name}.base"] *= 1.4 / yearly(name, v, x)
    return v, x


@pytest.fixture(scope="module")
def observed() -> tuple[np.ndarray, int]:
    """Give changes of one month under `typical`, and the trials per conflict state."""
    return changes(*typical(), size=20_000, months=24, run=600)


def test_the_right_rates_pass(observed: tuple[np.ndarray, int]) -> None:
    assert_expected(*observed, one_month(generator(*typical())), tests=SETS * 16)


@pytest.mark.parametrize("factor", [0.95, 1.05])
@pytest.mark.parametrize("name", NAMES)
def test_a_rate_wrong_by_a_twentieth_is_caught(name: str, factor: float, observed: tuple[np.ndarray, int]) -> None:
    v, x = typical()
    wrong = v | {f"conflict.{name}.base": factor * v[f"conflict.{name}.base"]}
    with pytest.raises(AssertionError, match="surprise"):
        assert_expected(*observed, one_month(generator(wrong, x)), tests=SETS * 16)


@pytest.mark.parametrize("name", ["war_at_once", "war_to_recovery"])
def test_a_share_wrong_by_a_tenth_is_caught(name: str, observed: tuple[np.ndarray, int]) -> None:
    v, x = typical()
    wrong = v | {f"conflict.{name}": 1.1 * v[f"conflict.{name}"]}
    with pytest.raises(AssertionError, match="surprise"):
        assert_expected(*observed, one_month(generator(wrong, x)), tests=SETS * 16)


@pytest.mark.parametrize("covariate", COVARIATES)
def test_a_covariate_read_wrongly_is_caught(covariate: str, observed: tuple[np.ndarray, int]) -> None:
    v, x = typical()
    wrong = generator(v, x | {covariate: x[covariate] + 0.25})
    with pytest.raises(AssertionError, match="surprise"):
        assert_expected(*observed, one_month(wrong), tests=SETS * 16)


# -- triggers, of the same states -------------------------------------------------------------------------------------


def test_triggers_strike_as_often_as_their_hazards_say() -> None:
    size, months, some = 20_000, 10, 12
    for i in range(some):
        rng = np.random.default_rng([1789, i])
        v = {path: parameter.default for path, parameter in PARAMETERS.items()}
        for path, parameter in PARAMETERS.items():
            if path.startswith("triggers."):
                v[path] = rng.uniform(parameter.low, parameter.high) if i % 2 else v[path]
        at_war = bool(rng.random() < 0.5)
        x = {name: rng.uniform(0.0, 1.0) for name in STATE.names if STATE[name].unit == "0-1"}
        x |= {"conflict": 3.0 if at_war else 2.0, "at_war": float(at_war), "spill_new_war": 1.0}
        rows, p = many_states(size, election_interval=1.0, election_phase=0.0, **x), parameters(v)
        start = rows.state.copy()
        counts, with_coup = dict.fromkeys(TRIGGERS, 0.0), 0.0
        for month in range(months):
            rows.state[:] = start
            triggers(0, size, rows, p, draws_of(13, i, month))
            struck = {name: rows.state[STATE.index[f"strike_{name}"]] == 1.0 for name in TRIGGERS}
            for name in TRIGGERS:
                # A coup attempt makes an irregular transition of the same month likelier: counted apart.
                counts[name] += np.sum(
                    struck[name] & ~struck["coup"] if name == "irregular_transition" else struck[name]
                )
            with_coup += np.sum(struck["irregular_transition"] & struck["coup"])
        hazards = {name: log_linear_trigger(name, v, x) for name in TRIGGERS}
        trials = size * months
        for name in TRIGGERS:
            of = trials - counts["coup"] if name == "irregular_transition" else trials
            expected = -math.expm1(-hazards[name])
            assert_expected(counts[name], of, expected, tests=some * 9, what=f"set {i}, {name}")
        likelier = np.array(
            -math.expm1(-hazards["irregular_transition"] - v["triggers.irregular_transition.coup_success"])
        )
        assert_expected(with_coup, counts["coup"], likelier, tests=some * 9, what=f"set {i}, transition after a coup")


def log_linear_trigger(name: str, v: Mapping[str, float], x: Mapping[str, float]) -> float:
    """Hazard of a trigger this month, in a state in conflict whose neighbour has just gone to war and which votes."""
    eta = 0.0
    for path in v:
        parent, _, covariate = path.rpartition(".")
        if parent == f"triggers.{name}" and covariate in x:
            eta += v[path] * (x[covariate] - v.get(f"reference.{covariate}", 0.0))
    rate = v[f"triggers.{name}.base"] * math.exp(eta)
    if name == "armed_offensive":
        rate *= x["armed_groups"] / v["reference.armed_groups"]
    return rate if name in ("contested_election", "neighbour_war") else rate / 12.0


def test_triggers_wait_for_their_occasion() -> None:
    always = parameters({f"triggers.{name}.base": PARAMETERS[f"triggers.{name}.base"].high for name in TRIGGERS})
    rows = many_states(1_000, election_interval=0.0, armed_groups=1.0, conflict=1.0)
    for month in range(24):
        triggers(0, 1_000, rows, always, draws_of(14, 0, month))
        for name in ("contested_election", "neighbour_war", "armed_offensive"):
            assert np.all(rows.state[STATE.index[f"strike_{name}"]] == 0.0), name


def test_elections_are_held_on_schedule() -> None:
    p = parameters({"triggers.contested_election.base": 1.0})
    for phase, interval in ((0.0, 1.0), (3.0, 12.0), (24.0, 48.0), (0.0, 60.0)):
        rows = many_states(1, election_phase=phase, election_interval=interval)
        held = []
        for month in range(150):
            triggers(0, 1, rows, p, draws_of(15, 0, month))
            if rows.state[S.rate_contested_election, 0] > 0.0:
                held.append(float(month))
        assert held == list(np.arange(phase, 150.0, interval))


def test_a_trigger_halves_within_its_half_life() -> None:
    for months in (1.0, 4.0, 12.0):
        p = parameters({"triggers.coup.half_life": months, "triggers.coup.weight": 0.5}, without_triggers(parameters()))
        rows = many_states(1, trigger_coup=1.0)
        for month in range(int(months)):
            triggers(0, 1, rows, p, draws_of(16, 0, month))
        assert rows.state[S.trigger_coup, 0] == pytest.approx(0.5, rel=1e-12)
        assert rows.state[S.pressure, 0] == pytest.approx(0.25, rel=1e-12)


def test_pressures_of_triggers_combine_as_chances() -> None:
    rows = many_states(1, **{f"trigger_{name}": 0.5 for name in TRIGGERS})
    p = parameters(
        {f"triggers.{name}.base": 0.0 for name in TRIGGERS} | {f"triggers.{name}.half_life": 60.0 for name in TRIGGERS}
    )
    triggers(0, 1, rows, p, draws_of(17, 0, 0))
    fresh = 0.5 * 2.0 ** (-1.0 / 60.0)
    expected = 1.0 - math.prod(1.0 - PARAMETERS[f"triggers.{name}.weight"].default * fresh for name in TRIGGERS)
    assert rows.state[S.pressure, 0] == pytest.approx(expected, rel=1e-12)
