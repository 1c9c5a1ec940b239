"""Stages against theory: with covariates held still, occupancy, sojourn times and competing risks have closed forms.

The stage rule runs alone over many thousand identical groups, so the covariates of a group stand still. A group then
is a Markov chain that changes at most once a month: it leaves its stage with probability ``1 - exp(-(up + down))``.
The chain's matrix is built here from the declared parameters by formulas of this file, not by the code under test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm, logm
from worlds import assert_expected, many_groups, parameters

from r2psim.declarations.columns import G
from r2psim.rules.draws import draws_of
from r2psim.rules.stages import stages
from r2psim.scenario.parameters import PARAMETERS, P
from r2psim.world.rows import Rows, copy_rows

UP = ("to_risk", "to_threat", "to_imminent", "to_atrocity")
DOWN = ("from_risk", "from_threat", "from_imminent", "from_atrocity")
AID = (
    "aid_to_threat",
    "aid_to_imminent",
    "aid_to_atrocity",
    "aid_commission",
    "aid_from_threat",
    "aid_from_imminent",
    "aid_from_atrocity",
)
COVARIATES = (
    "at_risk", "exclusion", "grievance", "targeting", "preparation", "violations", "protection", "at_pressure",
    "at_conflict", "at_restraint", "at_incitement", "at_means", "at_past", "at_motive", *AID,
)  # fmt: skip
SETS = 60
"""Random parameter sets."""

Values = dict[str, float]


# -- the closed form ---------------------------------------------------------------------------------------------------


def risk(v: Mapping[str, float], x: Mapping[str, float]) -> float:
    """Strongest risk factor present: of the state (selected already), or the group's exclusion or grievance."""
    return max([x["at_risk"], *(own for own in (x["exclusion"], x["grievance"]) if own > v["stages.risk_above"])])


def log_linear(name: str, v: Mapping[str, float], x: Mapping[str, float]) -> float:
    """Hazard ``base * exp(sum of coefficient * (covariate - reference))``, per month."""
    eta = 0.0
    for path in v:
        if path.startswith(f"stages.{name}.") and not path.endswith(".base"):
            covariate = path.rpartition(".")[2]
            eta += v[path] * (x[covariate] - v.get(f"reference.{covariate}", 0.0))
    return v[f"stages.{name}.base"] * math.exp(eta)


def hazards(v: Mapping[str, float], x: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Hazards of a rise and of a fall from each of the five stages, gates included."""
    present = risk(v, x)
    x = {**x, "risk": present}
    marked = x["targeting"] + (1.0 - x["targeting"]) * v["stages.marked_exclusion"] * x["exclusion"]
    gates = (present > 0.0, x["at_pressure"] / v["reference.at_pressure"], marked / v["reference.marked"], 1.0)
    up = [gate * log_linear(name, v, x) for gate, name in zip(gates, UP, strict=True)]
    return np.array([*up, 0.0]), np.array([0.0, *(log_linear(name, v, x) for name in DOWN)])


def generator(v: Mapping[str, float], up: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Intensities ``Q[i, j]`` of the chain in continuous time, shape (5, 5)."""
    two, three = v["stages.two_steps"], v["stages.three_steps"]
    q = np.zeros((5, 5))
    for i in range(5):
        far = three if i == 4 else 0.0
        farther = min(two, 1.0 - far) if i >= 2 else 0.0
        sudden = v["stages.sudden"] if i == 2 else 0.0
        if i < 4:
            q[i, i + 1] = up[i] * (1.0 - sudden)
        if sudden > 0.0:
            q[i, i + 2] = up[i] * sudden
        for steps, part in ((1, 1.0 - far - farther), (2, farther), (3, far)):
            if i >= steps:
                q[i, i - steps] = down[i] * part
        q[i, i] = -(up[i] + down[i])
    return q


def one_month(q: np.ndarray) -> np.ndarray:
    """Matrix of the chain that the model runs: at most one change a month, by competing hazards."""
    leaving = -np.diag(q)
    share = np.divide(-np.expm1(-leaving), leaving, out=np.ones(len(q)), where=leaving > 0.0)
    m = q * share[:, None]
    np.fill_diagonal(m, np.exp(-leaving))
    return m


def drawn(index: int) -> tuple[Values, Values]:
    """Draw one set of parameters and covariates: every second from the whole declared ranges, else nearer to them."""
    rng = np.random.default_rng([2014, index])
    v = {path: parameter.default for path, parameter in PARAMETERS.items()}
    for path, parameter in PARAMETERS.items():
        if path.startswith(("stages.", "reference.")):
            if index % 2:
                v[path] = rng.uniform(parameter.low, parameter.high)
            elif path.endswith(".base"):
                v[path] = math.exp(rng.uniform(math.log(0.01), math.log(0.6)))
            else:
                v[path] = parameter.default * rng.uniform(0.4, 1.6)
    x = {name: rng.uniform(0.0, 1.0) for name in COVARIATES}
    if rng.random() < 0.1:
        x[str(rng.choice(["at_risk", "at_pressure", "targeting", "exclusion", "preparation"]))] = 0.0
    return v, x


def matrix(v: Mapping[str, float], x: Mapping[str, float]) -> np.ndarray:
    """Expected matrix of one month."""
    return one_month(generator(v, *hazards(v, x)))


# -- the model ---------------------------------------------------------------------------------------------------------


def cohorts(x: Mapping[str, float], size: int) -> Rows:
    """Give five cohorts of identical groups, one for each stage at the start, in that order."""
    rows = many_groups(5 * size, **x)
    rows.group[G.stage] = np.repeat(np.arange(5.0), size)
    return rows


def tally(rows: Rows) -> np.ndarray:
    """Count the groups of each cohort by stage, shape (5, 5)."""
    stage = rows.group[G.stage].astype(int).reshape(5, -1)
    return np.array([np.bincount(row, minlength=5) for row in stage])


def step(rows: Rows, p: np.ndarray, run: int, month: int) -> None:
    """Run the stage rule for a month, and nothing else."""
    stages(0, rows.group.shape[1], rows, p, draws_of(7, run, month))


def changes(v: Values, x: Values, size: int, months: int, run: int) -> tuple[np.ndarray, int]:
    """Count changes of one month from each stage, over many months from the same start; and the trials per stage."""
    rows, p = cohorts(x, size), parameters(v)
    start = rows.group[G.stage].copy()
    counts = np.zeros((5, 5))
    for month in range(months):
        rows.group[G.stage] = start
        step(rows, p, run, month)
        counts += tally(rows)
    return counts, size * months


def occupancy(v: Values, x: Values, size: int, at: tuple[int, ...], run: int) -> np.ndarray:
    """Count the groups of each cohort by stage after the months ``at``, shape (len(at), 5, 5)."""
    rows, p = cohorts(x, size), parameters(v)
    counts = []
    for month in range(max(at)):
        step(rows, p, run, month)
        if month + 1 in at:
            counts.append(tally(rows))
    return np.array(counts)


# -- agreement ---------------------------------------------------------------------------------------------------------


def test_changes_of_one_month_follow_the_competing_hazards() -> None:
    for i in range(SETS):
        v, x = drawn(i)
        counts, trials = changes(v, x, size=6_000, months=16, run=i)
        assert_expected(counts, trials, matrix(v, x), tests=SETS * 25, what=f"set {i}")


@pytest.mark.filterwarnings("ignore:logm result may be inaccurate:RuntimeWarning")
def test_occupancy_over_time_is_the_matrix_exponential() -> None:
    at, size, logarithms = (1, 3, 6, 12, 24, 60), 2_000, 0
    for i in range(SETS):
        v, x = drawn(i)
        m = matrix(v, x)
        expected = np.array([np.linalg.matrix_power(m, t) for t in at])
        # A matrix that is as good as singular, a stage left for certain, has powers but no logarithm.
        if i % 3 == 0 and np.abs(np.linalg.eigvals(m)).min() > 1e-2:
            exponential = np.array([expm(t * logm(m.astype(complex))).real for t in at])
            np.testing.assert_allclose(exponential, expected, rtol=0.0, atol=1e-9)
            logarithms += 1
        counts = occupancy(v, x, size, at, run=i)
        assert_expected(counts, size, expected, tests=SETS * 25 * len(at), what=f"set {i}")
    assert logarithms >= 10


def test_slow_hazards_give_the_chain_in_continuous_time() -> None:
    at, size, fastest = (12, 60, 240), 2_000, 1e-3
    for i in range(8):
        v, x = drawn(2 * i)
        x |= {"at_risk": 0.9, "targeting": 0.9, "preparation": 0.5, "at_pressure": 0.5}
        up, down = hazards(v, x)
        for name, hazard in zip(UP + DOWN, [*up[:4], *down[1:]], strict=True):
            v[f"stages.{name}.base"] *= fastest * (0.3 + 0.7 * hazard / (hazard + 0.1)) / (2.0 * hazard)
        q = generator(v, *hazards(v, x))
        assert np.max(-np.diag(q)) <= fastest
        expected = np.array([expm(q * t) for t in at])
        # One change a month at most: no row of a month's matrix is off by 3 h**2, none of t months by 3 t h**2.
        off = np.abs(expected - np.array([np.linalg.matrix_power(one_month(q), t) for t in at]))
        assert off.sum(axis=2).max() < 3.0 * max(at) * fastest**2
        # That is a tenth of the Monte Carlo error at most, or less than a group in ten of those counted.
        assert np.all(off < np.maximum(0.1 * np.sqrt(expected * (1.0 - expected) / size), 0.1 / size))
        counts = occupancy(v, x, size, at, run=100 + i)
        assert_expected(counts, size, expected, tests=8 * 25 * len(at), what=f"set {i}")


def test_sojourn_times_are_exponential() -> None:
    at, size, some = (1, 2, 3, 6, 12, 24, 48), 4_000, 16
    for i in range(some):
        v, x = drawn(2 * i)
        rows, p = cohorts(x, size), parameters(v)
        start = rows.group[G.stage].copy()
        stays = np.ones(5 * size, dtype=bool)
        survivors = []
        for month in range(max(at)):
            step(rows, p, 200 + i, month)
            stays &= rows.group[G.stage] == start
            assert np.all(rows.group[G.stage_months, stays] == month + 1.0)
            if month + 1 in at:
                survivors.append(stays.reshape(5, -1).sum(axis=1))
        leaving = np.sum(hazards(v, x), axis=0)
        expected = np.exp(-np.outer(at, leaving))
        assert_expected(np.array(survivors), size, expected, tests=some * 5 * len(at), what=f"set {i}")


def test_competing_risks_share_the_changes() -> None:
    some = 30
    for i in range(some):
        v, x = drawn(i)
        up, down = hazards(v, x)
        counts, _ = changes(v, x, size=6_000, months=8, run=300 + i)
        for stage in range(5):
            away = np.delete(counts[stage], stage)
            falls = counts[stage, :stage]
            if up[stage] + down[stage] > 0.0:
                rises = counts[stage, stage + 1 :].sum()
                rises_share = up[stage] / (up[stage] + down[stage])
                assert_expected(rises, away.sum(), rises_share, tests=some * 20, what=f"set {i}, rises from {stage}")
            two = v["stages.two_steps"] if stage >= 2 else 0.0
            three = v["stages.three_steps"] if stage == 4 else 0.0
            two = min(two, 1.0 - three)
            for steps, share in ((1, 1.0 - two - three), (2, two), (3, three)):
                if stage >= steps:
                    found = counts[stage, stage - steps]
                    what = f"set {i}, falls by {steps} from {stage}"
                    assert_expected(found, falls.sum(), share, tests=some * 20, what=what)


def test_recorded_hazards_and_chances_are_those_of_the_change() -> None:
    for i in range(10):
        v, x = drawn(i)
        rows, p = cohorts(x, 200), parameters(v)
        m, (up, down) = matrix(v, x), hazards(v, x)
        step(rows, p, 400, i)
        before, after = (rows.group[c].astype(int) for c in (G.stage_before, G.stage))
        assert np.array_equal(before, np.repeat(np.arange(5), 200))
        np.testing.assert_allclose(rows.group[G.hazard_up], up[before], rtol=1e-12)
        np.testing.assert_allclose(rows.group[G.hazard_down], down[before], rtol=1e-12)
        chance = np.where(before == after, 0.0, m[before, after])
        np.testing.assert_allclose(rows.group[G.stage_change], chance, rtol=1e-9, atol=1e-15)
        assert np.all(rows.group[G.stage_months, before != after] == 0.0)
        assert np.allclose(rows.group[G.risk], risk(v, x), rtol=0.0, atol=0.0)


# -- gates -------------------------------------------------------------------------------------------------------------


FAST = parameters({f"stages.{name}.base": PARAMETERS[f"stages.{name}.base"].high for name in UP})
"""Every rise that its gate allows comes soon."""


def after(start: int, **columns: float) -> np.ndarray:
    """Give the stages of a thousand groups after two years of fast rises and no falls."""
    rows = many_groups(1_000, stage=float(start), **columns)
    p = parameters({f"stages.{name}.base": 0.0 for name in DOWN}, FAST)
    for month in range(24):
        step(rows, p, 500, month)
    return np.asarray(rows.group[G.stage])


ABOVE = PARAMETERS["stages.risk_above"].default


@pytest.mark.parametrize("columns", [{}, {"exclusion": ABOVE}, {"grievance": ABOVE}, {"targeting": 1.0}])
def test_nobody_leaves_stage_0_without_a_risk_factor(columns: Mapping[str, float]) -> None:
    assert np.all(after(0, at_pressure=1.0, **{"exclusion": 0.0, "grievance": 0.0} | dict(columns)) == 0.0)


@pytest.mark.parametrize("name", ["exclusion", "grievance", "at_risk"])
def test_each_kind_of_risk_factor_is_enough_to_leave_stage_0(name: str) -> None:
    columns = {"exclusion": 0.0, "grievance": 0.0} | {name: float(np.nextafter(ABOVE, 1.0))}
    assert np.all(after(0, at_pressure=0.0, **columns) == 1.0)


def test_stage_2_is_reached_only_under_pressure() -> None:
    assert np.all(after(1, at_pressure=0.0, exclusion=1.0, grievance=1.0, at_conflict=1.0) == 1.0)
    assert np.all(after(1, at_pressure=0.5, exclusion=0.0, grievance=1.0, at_conflict=1.0) == 2.0)


CRISIS = {"at_pressure": 1.0, "at_conflict": 1.0, "at_incitement": 1.0, "preparation": 1.0, "violations": 1.0}


def test_neither_imminent_risk_nor_atrocity_without_targeting_or_exclusion() -> None:
    assert np.all(after(2, targeting=0.0, exclusion=0.0, **CRISIS) == 2.0)
    assert np.all(after(2, targeting=1e-3, exclusion=0.0, **CRISIS) > 2.0)
    assert np.all(after(2, targeting=0.0, exclusion=1e-2, **CRISIS) > 2.0)


share = st.one_of(st.just(0.0), st.floats(1e-9, 1.0))


@settings(max_examples=100)
@given(share, share, st.floats(0.01, 1.0), st.floats(0.0, 1.0))
def test_the_way_to_imminent_risk_is_graded(targeting: float, exclusion: float, weight: float, step_up: float) -> None:
    """No step anywhere: the hazard is proportional to targeting or exclusion, and 0 only without both."""
    p = parameters({"stages.marked_exclusion": weight, "stages.to_imminent.base": 0.05})
    p[P.stages_to_imminent_targeting] = p[P.stages_to_imminent_exclusion] = 0.0
    more = (targeting + step_up * (1.0 - targeting), exclusion + step_up * (1.0 - exclusion))
    found = []
    for t, e in ((targeting, exclusion), (more[0], exclusion), (targeting, more[1]), (1.0, 1.0)):
        rows = many_groups(1, stage=2.0, targeting=t, exclusion=e, at_pressure=0.5)
        step(rows, p, 502, 0)
        found.append(float(rows.group[G.hazard_up, 0]))
    assert (found[0] > 0.0) == (targeting > 0.0 or exclusion > 0.0)
    assert found[0] <= found[1] * (1.0 + 1e-12) and found[0] <= found[2] * (1.0 + 1e-12)
    # Fully targeted is the most that there is, and nothing jumps on the way to it.
    marked = targeting + (1.0 - targeting) * weight * exclusion
    assert found[0] == pytest.approx(marked * found[3], rel=1e-9)


@pytest.mark.parametrize("stage", [0.0, 1.0, 3.0])
def test_only_a_rise_out_of_threat_can_be_sudden(stage: float) -> None:
    p = parameters({"stages.sudden": 0.6}, FAST)
    rows = many_groups(2_000, stage=stage, exclusion=0.9, targeting=0.9, at_risk=1.0, at_pressure=0.9)
    before = rows.group[G.stage].copy()
    step(rows, p, 503, int(stage))
    assert np.all(rows.group[G.stage] - before <= 1.0)
    assert np.any(rows.group[G.stage] > before)
    assert np.all(rows.group[G.sudden_entries] == 0.0)


def test_sudden_atrocities_have_their_share_and_a_perpetrator() -> None:
    size = 20_000
    p = parameters({"stages.sudden": 0.3, "stages.to_imminent.base": 0.5})
    rows = many_groups(size, stage=2.0, targeting=0.5, at_pressure=0.4, drive_by_state=0.4)
    step(rows, p, 504, 0)
    stage = rows.group[G.stage]
    rose = stage > 2.0
    assert rose.sum() > size / 4
    assert_expected(np.sum(stage == 4.0), float(rose.sum()), 0.3, tests=2)
    assert np.all(rows.group[G.perpetrator, rose] > 0.0)
    assert np.array_equal(rows.group[G.sudden_entries] == 1.0, stage == 4.0)


def test_stays_at_imminent_risk_are_counted_once_and_by_their_end() -> None:
    size = 4_000
    p = parameters({"stages.to_atrocity.base": 0.1, "stages.from_imminent.base": 0.2, "stages.to_imminent.base": 0.3})
    rows = cohorts({"targeting": 0.5, "exclusion": 0.5, "at_pressure": 0.4, "at_risk": 0.8}, size)
    entries, escalated, averted, sudden = np.zeros((4, 5 * size))
    below = np.zeros(5 * size, dtype=bool)
    for month in range(60):
        was = rows.group[G.stage].copy()
        step(rows, p, 505, month)
        now = rows.group[G.stage]
        entries += (was < 3.0) & (now == 3.0)
        sudden += (was < 3.0) & (now == 4.0)
        escalated += below & (now == 4.0)
        averted += below & (now < 3.0)
        below = ((was < 3.0) | below) & (now == 3.0)
    for column, found in (
        (G.imminent_entries, entries), (G.imminent_escalated, escalated), (G.imminent_averted, averted),
        (G.sudden_entries, sudden), (G.imminent_from_below, below),
    ):  # fmt: skip
        assert np.array_equal(rows.group[column], found)
    assert np.array_equal(entries, escalated + averted + below)
    assert min(entries.sum(), escalated.sum(), averted.sum(), sudden.sum()) > 500


def test_without_hazards_nothing_changes() -> None:
    v, x = drawn(1)
    rows = cohorts(x, 100)
    none = parameters(v | {f"stages.{name}.base": 0.0 for name in UP + DOWN})
    start = rows.group[G.stage].copy()
    for month in range(24):
        step(rows, none, 600, month)
    assert np.array_equal(rows.group[G.stage], start)
    assert np.all(rows.group[G.stage_change] == 0.0) and np.all(rows.group[G.stage_months] == 24.0)


def test_boundless_hazards_change_the_stage_every_month() -> None:
    v, x = drawn(1)
    far = {path: 1e4 for path in v if path.startswith(tuple(f"stages.{name}." for name in UP))}
    far |= {f"stages.{name}.base": PARAMETERS[f"stages.{name}.base"].high for name in UP}
    rows = many_groups(1_000, **dict.fromkeys(x, 1.0))
    for stage in (1.0, 2.0, 3.0, 4.0):
        step(rows, parameters(v | far | {"stages.sudden": 0.0}), 601, int(stage))
        assert np.all(rows.group[G.stage] == stage)
        assert np.all(np.isfinite(rows.group[G.hazard_up])) and np.all(rows.group[G.stage_change] == 1.0)


# -- perpetrators ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drive_state", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("drive_non_state", [0.0, 0.2, 0.7])
def test_perpetrators_are_chosen_by_their_drives(drive_state: float, drive_non_state: float) -> None:
    size = 20_000
    columns = {"drive_by_state": drive_state, "drive_by_armed_groups": drive_non_state}
    rows = many_groups(size, stage=2.0, targeting=1.0, preparation=1.0, at_pressure=1.0, **columns)
    step(rows, parameters({"stages.to_imminent.base": 3.0, "stages.sudden": 0.0}), 700, 0)
    reached = rows.group[G.stage] == 3.0
    kind = rows.group[G.perpetrator]
    assert reached.sum() > size / 2 and np.all(kind[~reached] == 0.0)
    # A government without any drive is still not impossible: a millionth stands for it.
    weight = PARAMETERS["stages.perpetrator_state"].default * (drive_state + 1e-6)
    government = weight / (weight + drive_non_state)
    both = drive_non_state > PARAMETERS["stages.perpetrator_both"].default
    shares = np.array([0.0 if both else government, 1.0 - government, government if both else 0.0])
    counts = np.array([np.sum(kind[reached] == code) for code in (1, 2, 3)])
    assert_expected(counts, float(reached.sum()), shares, tests=27)


def test_perpetrators_stay_while_the_stage_is_high_and_go_with_it() -> None:
    columns = {"drive_by_state": 0.5, "drive_by_armed_groups": 0.5}
    rows = many_groups(4_000, stage=2.0, targeting=1.0, preparation=1.0, at_pressure=1.0, **columns)
    p = parameters({"stages.to_imminent.base": 0.2, "stages.to_atrocity.base": 0.1, "stages.from_imminent.base": 0.3})
    before = copy_rows(rows)
    lasted = 0
    for month in range(60):
        step(rows, p, 701, month)
        high, was_high = rows.group[G.stage] >= 3.0, before.group[G.stage] >= 3.0
        kind, old = rows.group[G.perpetrator], before.group[G.perpetrator]
        assert np.all(kind[high] > 0.0) and np.all(kind[~high] == 0.0)
        assert np.array_equal(kind[high & was_high], old[high & was_high])
        lasted += int(np.sum(high & was_high))
        before = copy_rows(rows)
    assert lasted > 1_000


# -- a wrong rate is caught --------------------------------------------------------------------------------------------


def typical() -> tuple[Values, Values]:
    """Give parameters of which each hazard counts: all near 0.05-0.3 a month."""
    v = {path: parameter.default for path, parameter in PARAMETERS.items()}
    v["stages.sudden"] = 0.3
    x = dict.fromkeys(COVARIATES, 0.5) | {"at_risk": 0.7, "exclusion": 0.6, "targeting": 0.4, "at_pressure": 0.3}
    up, down = hazards(v, x)
    for name, hazard in zip(UP + DOWN, [*up[:4], *down[1:]], strict=True):
        v[f"stages.{name}.base"] *= 0.12 / hazard
    return v, x


OBSERVED_AT = (1, 3, 6, 12, 24, 60)
OBSERVED_SIZE = 60_000


@pytest.fixture(scope="module")
def observed() -> tuple[np.ndarray, int]:
    """Give changes of one month under `typical`, and the trials per stage."""
    return changes(*typical(), size=20_000, months=20, run=800)


@pytest.fixture(scope="module")
def observed_over_time() -> np.ndarray:
    """Give the occupancy under `typical`."""
    return occupancy(*typical(), OBSERVED_SIZE, OBSERVED_AT, run=802)


def test_the_right_rates_pass(observed: tuple[np.ndarray, int], observed_over_time: np.ndarray) -> None:
    m = matrix(*typical())
    assert_expected(*observed, m, tests=SETS * 25)
    expected = np.array([np.linalg.matrix_power(m, t) for t in OBSERVED_AT])
    assert_expected(observed_over_time, OBSERVED_SIZE, expected, tests=SETS * 150)


@pytest.mark.parametrize("factor", [0.95, 1.05])
@pytest.mark.parametrize("name", UP + DOWN)
def test_a_rate_wrong_by_a_twentieth_is_caught(name: str, factor: float, observed: tuple[np.ndarray, int]) -> None:
    v, x = typical()
    wrong = v | {f"stages.{name}.base": factor * v[f"stages.{name}.base"]}
    with pytest.raises(AssertionError, match="surprise"):
        assert_expected(*observed, matrix(wrong, x), tests=SETS * 25)


@pytest.mark.parametrize("name", ["two_steps", "three_steps", "sudden"])
def test_a_share_of_steps_wrong_by_a_tenth_is_caught(name: str, observed: tuple[np.ndarray, int]) -> None:
    v, x = typical()
    wrong = v | {f"stages.{name}": 1.1 * v[f"stages.{name}"]}
    with pytest.raises(AssertionError, match="surprise"):
        assert_expected(*observed, matrix(wrong, x), tests=SETS * 25)


@pytest.mark.parametrize("name", UP + DOWN)
def test_a_rate_wrong_by_a_tenth_is_caught_in_the_occupancy(name: str, observed_over_time: np.ndarray) -> None:
    v, x = typical()
    m = matrix(v | {f"stages.{name}.base": 1.1 * v[f"stages.{name}.base"]}, x)
    expected = np.array([np.linalg.matrix_power(m, t) for t in OBSERVED_AT])
    with pytest.raises(AssertionError, match="surprise"):
        assert_expected(observed_over_time, OBSERVED_SIZE, expected, tests=SETS * 150)


@pytest.mark.parametrize(
    "covariate", ["grievance", "targeting", "violations", "at_restraint", "at_pressure", "protection", *AID]
)
def test_a_covariate_read_wrongly_is_caught(covariate: str, observed: tuple[np.ndarray, int]) -> None:
    v, x = typical()
    with pytest.raises(AssertionError, match="surprise"):
        assert_expected(*observed, matrix(v, x | {covariate: x[covariate] + 0.1}), tests=SETS * 25)
