"""What holds in every world under every parameter in range: bounds, whole persons, sums, gates, ceilings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from worlds import (
    SOUND,
    Run,
    lively_parameters,
    lively_world,
    parameters,
    random_parameters,
    random_world,
    run,
    without_conflict,
    without_triggers,
    world_of,
)

from r2psim.declarations.columns import GROUP, OPPONENTS, STATE, TABLES, TRIGGERS, G, S, Table
from r2psim.scenario.parameters import P
from r2psim.world.build import World
from r2psim.world.rows import WRITTEN, copy_rows

WAR = 3.0

SHARES_MAY_EXCEED_ONE = 1e-9
"""Shares of a state's groups may add up to so much more than 1, and what is summed over them likewise."""

START_ONLY = {"gdp"}
"""Columns whose declared range is that of the start: GDP grows or shrinks for as long as the run lasts."""

NOT_COUNTED = {"council_delay", "inquiry"}
"""Months that are no count: the Council's delay is a mean, as it is given; an inquiry's are what is left of it."""

seeds = st.integers(0, 2**32 - 1)
worlds = st.builds(
    random_world, seed=seeds, states=st.integers(1, 5), groups=st.integers(0, 4), bodies=st.integers(0, 5)
)
settled = st.builds(random_parameters, seed=seeds, share=st.sampled_from([0.0, 0.1, 0.5, 1.0]))
months = st.integers(1, 60)


def check_bounds(history: np.ndarray, table: Table) -> None:
    """Assert that every column stays within its declared range and is never missing."""
    assert not np.isnan(history).any()
    for place, column in enumerate(table.columns):
        values = history[:, place]
        if column.name not in START_ONLY:
            assert np.all(values >= column.low), f"{table.kind}.{column.name}: {values.min()} < {column.low}"
            slack = SHARES_MAY_EXCEED_ONE if column.role == "derived" else 0.0
            assert np.all(values <= column.high + slack), f"{table.kind}.{column.name}: {values.max()} > {column.high}"
        if column.unit in ("code", "stage", "flag", "count", "months") or column.name.startswith("strike_"):
            free = column.unit == "months" and (column.role == "given" or column.name in NOT_COUNTED)
            assert free or np.all(values == np.floor(values)), f"{table.kind}.{column.name} is not whole"


def check_killed(r: Run) -> None:
    """Assert that the killed are whole persons, counted once everywhere, and never more than there are."""
    deaths, month = r.of_group("deaths"), r.of_group("deaths_month")
    ring = r.group[:, G.deaths_ring0 : G.deaths_ring0 + 12]
    assert np.array_equal(deaths, np.floor(deaths)) and np.array_equal(month, np.floor(month))
    assert np.array_equal(ring.sum(axis=1), r.of_group("deaths_year"))
    assert np.array_equal(np.diff(deaths, axis=0), month[1:])
    assert np.array_equal(r.of_group("persons") + deaths, np.broadcast_to(r.of_group("persons")[0], deaths.shape))
    assert np.all(month[1:] <= r.of_group("persons")[:-1])
    last = np.array([month[max(0, t - 11) : t + 1].sum(axis=0) for t in range(len(month))])
    assert np.array_equal(last, r.of_group("deaths_year"))
    assert np.all(month[r.of_group("stage") < 3.0] == 0.0)
    first = r.world.rows.first_group
    for s in range(len(r.world.states)):
        assert np.array_equal(deaths[:, first[s] : first[s + 1]].sum(axis=1), r.of_state("deaths")[:, s])


def check_accounts(r: Run) -> None:
    """Assert that running totals never fall."""
    for table, history in ((STATE, r.state), (GROUP, r.group)):
        for place, column in enumerate(table.columns):
            if column.role == "account":
                assert np.all(np.diff(history[:, place], axis=0) >= 0.0), f"{table.kind}.{column.name} falls"


def check_stages(r: Run, p: np.ndarray) -> None:
    """Assert the gates, the steps allowed, who is a perpetrator, and that a state stands at its worst group's stage."""
    stage = r.of_group("stage")
    before, after = stage[:-1], stage[1:]
    sudden = (before == 2.0) & (after == 4.0)
    assert np.all((after - before <= 1.0) | sudden)
    assert np.array_equal(np.diff(r.of_group("sudden_entries"), axis=0) == 1.0, sudden)
    assert np.array_equal(r.of_group("stage_before")[1:], before)
    rose = after > before
    # Nobody comes to imminent risk or to atrocity who is neither targeted nor excluded.
    one_of_both = (r.of_group("targeting")[1:] > 0.0) | (r.of_group("exclusion")[1:] > 0.0)
    assert np.all(one_of_both[rose & (before == 2.0)])
    assert np.all(r.of_group("marked")[1:][rose & (before == 2.0)] > 0.0)
    ended = r.of_group("imminent_escalated") + r.of_group("imminent_averted") + r.of_group("imminent_from_below")
    assert np.array_equal(r.of_group("imminent_entries"), ended)
    assert np.all(r.of_group("violations")[1:][(before < 2.0) & (r.of_group("violations")[:-1] == 0.0)] == 0.0)
    assert np.all(r.of_group("at_pressure")[1:][rose & (after == 2.0)] > 0.0)
    assert np.all(r.of_group("risk")[1:][rose & (after == 1.0)] > 0.0)
    assert np.array_equal(r.of_group("perpetrator")[1:] > 0.0, after >= 3.0)
    assert np.array_equal(r.of_group("stage_change")[1:] > 0.0, after != before)
    unchanged = r.of_group("stage_months")[1:] > 0.0
    assert np.array_equal(unchanged, after == before)
    first = r.world.rows.first_group
    for s in range(len(r.world.states)):
        worst = stage[:, first[s] : first[s + 1]].max(axis=1, initial=0.0)
        assert np.array_equal(worst, r.of_state("stage")[:, s])
        own = slice(first[s], first[s + 1])
        kind = r.of_group("perpetrator")[1:, own]
        violations = r.of_group("violations")[1:, own]
        now = (violations > p[P.stages_perpetrator_violations]) | (
            r.of_group("deaths_month")[1:, own] >= p[P.stages_perpetrator_killed]
        )
        government = (((kind == 1.0) | (kind == 3.0)) & now).any(axis=1)
        assert np.array_equal(government, r.of_state("government_perpetrator")[1:, s] == 1.0)
        assert np.array_equal(violations.max(axis=1, initial=0.0), r.of_state("violations")[1:, s])


def check_episodes(r: Run, p: np.ndarray) -> None:
    """Assert that onsets and episodes are counted when they begin; an episode ends below stage 4 and the threshold."""
    stage, episode = r.of_group("stage"), r.of_group("crossed")
    reached = r.of_group("deaths_year")[1:] >= p[P.harm_threshold]
    assert np.all(episode[1:][(stage[1:] == 4.0) & reached] == 1.0)
    assert np.all(episode[1:][(stage[1:] < 4.0) & ~reached] == 0.0)
    began = (episode[1:] == 1.0) & (episode[:-1] == 0.0)
    assert np.array_equal(np.diff(r.of_group("crossings"), axis=0) == 1.0, began)
    assert np.all(reached[began]) and np.all(stage[1:][began] == 4.0)
    # A group that begins the run in stage 4 has not entered it.
    entered = (stage[1:] == 4.0) & (stage[:-1] < 4.0)
    assert np.array_equal(np.diff(r.of_group("atrocity_entries"), axis=0) == 1.0, entered)


def check_displaced(r: Run) -> None:
    """Assert that nobody is displaced who was not driven out, and that those abroad are somebody's guests."""
    inside, abroad, total = (r.of_state(f"displaced{name}") for name in ("_inside", "_abroad", ""))
    away = inside + abroad
    assert np.all(away <= (away[0] + total) * (1.0 + 1e-12))
    most = np.maximum(r.of_state("population"), away[0])
    assert np.all(away <= most * (1.0 + 1e-12)), "more displaced than inhabitants"
    first = r.world.rows.first_group
    for s in range(len(r.world.states)):
        of_groups = r.of_group("displaced")[:, first[s] : first[s + 1]].sum(axis=1)
        by_fighting = r.of_state("displaced_conflict")[:, s]
        assert np.array_equal(of_groups + by_fighting, total[:, s]), "groups and state count others as displaced"
        assert np.all(r.of_group("away")[:, first[s] : first[s + 1]].sum(axis=1) <= away[:, s] * (1.0 + 1e-9))
    neighbours = np.diff(r.world.rows.neighbour_start) > 0
    np.testing.assert_allclose(
        r.of_state("displaced_hosted")[1:].sum(axis=1), abroad[:-1, neighbours].sum(axis=1), rtol=1e-12, atol=1e-9
    )


def check_economy(r: Run, p: np.ndarray) -> None:
    """Assert that GDP is positive, and what the gap says."""
    gdp, gap, potential = r.of_state("gdp"), r.of_state("gdp_gap"), r.of_state("gdp_potential")
    assert np.all(gdp > 0.0) and np.all(gdp <= potential)
    assert np.all(gap <= max(p[P.harm_gdp_floor], 0.0))
    np.testing.assert_allclose(gdp[1:], (potential * (1.0 - gap))[1:], rtol=1e-12)


def check_triggers(r: Run) -> None:
    """Assert that a trigger is fresh exactly in the month when it strikes, and that pressure needs one."""
    for name in TRIGGERS:
        struck, fresh = r.of_state(f"strike_{name}")[1:] == 1.0, r.of_state(f"trigger_{name}")[1:]
        assert np.all(fresh[struck] == 1.0)
        assert np.all(fresh[~struck] <= r.of_state(f"trigger_{name}")[:-1][~struck])
        assert np.all(r.of_state(f"rate_{name}")[1:][struck] > 0.0)


def check_conflict(r: Run) -> None:
    """Assert which conflict states follow which, and that the flag of war says what the state is."""
    conflict = r.of_state("conflict")
    allowed = np.array([[1, 0, 1, 1], [1, 1, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1]], dtype=bool)
    assert np.all(allowed[conflict[:-1].astype(int), conflict[1:].astype(int)])
    changed = conflict[1:] != conflict[:-1]
    assert np.array_equal(r.of_state("conflict_change")[1:] > 0.0, changed)
    assert np.array_equal(r.of_state("conflict_months")[1:] == 0.0, changed)


@settings(max_examples=60)
@given(world=worlds, p=settled, length=months)
@example(world=world_of({}), p=parameters(), length=3)
@example(world=world_of({"alone": {}}), p=parameters(), length=12)
@example(
    world=world_of({"alone": {"groups": {"all": {"share": 1.0, "stage": 4.0, "perpetrator": 1.0}}}}),
    p=parameters(),
    length=60,
)
@example(world=lively_world(), p=lively_parameters(), length=120)
def test_every_month_keeps_the_invariants(world: World, p: np.ndarray, length: int) -> None:
    r = run(world, p, length)
    for kind in WRITTEN:
        if kind in TABLES:
            check_bounds(getattr(r, kind), TABLES[kind])
    check_killed(r)
    check_accounts(r)
    check_stages(r, p)
    check_triggers(r)
    check_conflict(r)
    check_economy(r, p)


@settings(max_examples=40)
@given(world=worlds, p=settled, length=months)
def test_onsets_and_episodes_are_counted_when_they_begin(world: World, p: np.ndarray, length: int) -> None:
    check_episodes(run(world, p, length), p)


@settings(max_examples=40)
@given(world=worlds, p=settled, length=months)
def test_the_displaced_are_conserved(world: World, p: np.ndarray, length: int) -> None:
    check_displaced(run(world, p, length))


def test_the_flag_of_war_says_how_the_month_began() -> None:
    r = run(lively_world(), lively_parameters(), 60)
    assert np.array_equal(r.of_state("at_war")[1:] == 1.0, r.of_state("conflict")[:-1] == WAR)


@settings(max_examples=20)
@given(world=worlds, p=settled, seed=st.integers(0, 2**64 - 1), number=st.integers(0, 2**32 - 1))
def test_a_run_is_made_again_bit_for_bit(world: World, p: np.ndarray, seed: int, number: int) -> None:
    start = copy_rows(world.rows)
    once, again = run(world, p, 12, seed, number), run(world, p, 12, seed, number)
    for kind in WRITTEN:
        assert np.array_equal(getattr(once, kind), getattr(again, kind)), kind
        assert np.array_equal(getattr(start, kind), getattr(world.rows, kind)), kind


def calm(world: World) -> World:
    """Set every group to stage 0."""
    rows = copy_rows(world.rows)
    for column in (G.stage, G.stage_before, G.perpetrator, G.began_in_atrocity, G.known_perpetrator):
        rows.group[column] = 0.0
    for column in (S.stage, S.government_perpetrator):
        rows.state[column] = 0.0
    return replace(world, rows=rows)


@settings(max_examples=25)
@given(world=worlds, p=settled)
def test_a_world_without_triggers_never_reaches_stage_2(world: World, p: np.ndarray) -> None:
    r = run(calm(world), without_triggers(p), 120)
    assert np.all(r.of_state("pressure") == 0.0)
    assert np.all(r.of_group("stage") <= 1.0)


@settings(max_examples=25)
@given(world=worlds, p=settled)
def test_a_world_without_triggers_leaves_stage_2_for_ever(world: World, p: np.ndarray) -> None:
    r = run(world, without_triggers(p), 120)
    stage = r.of_group("stage")
    low = np.maximum.accumulate(stage <= 1.0, axis=0)
    assert np.all(stage[low] <= 1.0)


@settings(max_examples=25)
@given(world=worlds, p=settled)
def test_no_group_leaves_stage_0_where_no_risk_factor_can_be_present(world: World, p: np.ndarray) -> None:
    p[P.stages_risk_above] = 1.0
    assert np.all(run(calm(world), p, 120).of_group("stage") == 0.0)


@settings(max_examples=25)
@given(seed=seeds, p=settled)
def test_a_sound_world_stays_at_stage_0(seed: int, p: np.ndarray) -> None:
    rng = np.random.default_rng(seed)
    groups = {f"g{i}": {"share": 0.2, "exclusion": 0.0, "grievance": 0.0} for i in range(4)}
    groups[OPPONENTS] = {"exclusion": 0.0, "grievance": 0.0}
    states = {f"s{i}": SOUND | {"groups": groups, "population": rng.uniform(1e4, 1e8)} for i in range(3)}
    p[P.stages_risk_above] = max(p[P.stages_risk_above], 0.1)
    # Restraint is a weighted sum: it is full in a sound state only where its weights add up to one.
    weights = {"security": 0.5, "commitment": 0.3, "regime": 0.2}
    p = parameters({f"structure.restraint_{name}": value for name, value in weights.items()}, p)
    r = run(world_of(states), without_conflict(without_triggers(p)), 120)
    assert np.all(r.of_group("stage") == 0.0) and np.all(r.of_state("risk_present") == 0.0)


def test_a_lively_world_shows_everything() -> None:
    r = run(lively_world(), lively_parameters(), 240)
    assert set(np.unique(r.of_group("stage"))) == {0.0, 1.0, 2.0, 3.0, 4.0}
    assert set(np.unique(r.of_state("conflict"))) == {0.0, 1.0, 2.0, 3.0}
    assert all(r.of_state(f"strike_{name}").any() for name in TRIGGERS)
    assert {1.0, 2.0, 3.0} & set(np.unique(r.of_group("perpetrator")))
    assert r.of_group("crossings").max() > 0.0 and r.of_state("refugees_received").max() > 0.0


BETWEEN_MONTHS_STILL = {
    "programme": {"offered", "levered"},
    "note": {"slot", "own"},
    "pledge": {"offer"},
    "state": {"emphasis", "council", "council_delay", "council_will", "rights_council", "votes_failed"}
    | {"warnings_false", "warnings_near"},
}
"""Columns that rules fill and empty within a month, what moves only where a policy has priorities for states, which
councils act, and what a Council and warnings fail in: in this world they fail in nothing.
"""


def test_every_column_that_rules_move_moves() -> None:
    r = run(lively_world(), lively_parameters(), 240)
    for kind in WRITTEN:
        if kind in TABLES:
            still = {
                column.name
                for place, column in enumerate(TABLES[kind].columns)
                if column.role in ("derived", "draw", "account") and np.ptp(getattr(r, kind)[:, place]) == 0.0
            }
            assert still == BETWEEN_MONTHS_STILL.get(kind, set()), kind
