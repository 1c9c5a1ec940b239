"""How a world starts: political opponents in every state, and a start at rest where nobody tells it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from import_files import files, imported
from worlds import lively_parameters, parameters, run, scenario_with, world_of

from r2psim import Scenario, load
from r2psim.declarations.columns import GROUP, OPPONENTS, STATE, TABLES, TRIGGERS, G, S
from r2psim.rules.contagion import contagion
from r2psim.rules.draws import MONTHS, draws_of, number_of_month
from r2psim.rules.month import month, opening
from r2psim.scenario.errors import ScenarioError
from r2psim.scenario.parameters import PARAMETERS, P
from r2psim.scenario.shipped import shipped_names
from r2psim.world.build import World, build
from r2psim.world.expand import expand
from r2psim.world.importing import scenario_data
from r2psim.world.layouts import import_data
from r2psim.world.rows import Rows, copy_rows

SETTLING = {"start.settling_months": 36.0}


@cache
def shipped(name: str) -> Scenario:
    """Give a shipped scenario with everything generated."""
    return expand(load(name))


def opened(world: World, p: np.ndarray, seed: int = 3, number: int = 5) -> Rows:
    """Give the rows of a world as they stand before the first month."""
    rows = copy_rows(world.rows)
    opening(rows, p, draws_of(seed, number, 0))
    return rows


def settled(changed: dict[str, float] | None = None) -> np.ndarray:
    """Give lively parameters under which a world settles first."""
    return parameters(SETTLING | (changed or {}), lively_parameters())


# -- political opponents -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped_names())
def test_every_state_of_every_shipped_world_has_political_opponents(name: str) -> None:
    world = build(shipped(name))
    opponents = world.rows.group[G.opponents] > 0.0
    assert np.bincount(world.rows.home[opponents], minlength=len(world.states)).tolist() == [1] * len(world.states)
    assert all(
        world.names[g] == "Political opponents" for g, is_one in zip(world.groups, opponents, strict=True) if is_one
    )
    # Nobody is kin of a political conviction.
    assert not np.diff(world.rows.kin_start)[opponents].any()
    assert not opponents[world.rows.kin].any()


def test_a_state_may_say_how_many_opponents_it_has_or_that_it_has_none() -> None:
    world = world_of(
        {"a": {"population": 1e6}, "b": {"population": 1e6, "opponents_share": 0.2}, "c": {"opponents_share": 0.0}}
    )
    assert world.groups == ("a/opponents", "b/opponents")
    assert world.rows.group[G.share].tolist() == [STATE["opponents_share"].default, 0.2]
    assert world.rows.group[G.persons].tolist() == [50_000.0, 200_000.0]


def test_a_scenario_may_define_the_group_itself_and_what_it_gives_holds() -> None:
    groups: dict[str, Any] = {"union": {"opponents": 1, "share": 0.1, "exclusion": 0.4}, "rest": {"share": 0.95}}
    own = world_of({"a": {"groups": groups, "regime": 0.0}})
    assert own.groups == ("a/union", "a/rest")
    rows = opened(own, parameters())
    assert rows.group[G.exclusion, 0] == rows.group[G.exclusion_home, 0] == 0.4
    # Written under the usual id, it need not be flagged.
    usual = world_of({"a": {"groups": {OPPONENTS: {"grievance": 0.7}}}})
    assert usual.groups == ("a/opponents",)
    assert usual.rows.group[G.opponents].tolist() == [1.0]
    assert usual.rows.group[G.grievance].tolist() == [0.7]


@pytest.mark.parametrize(
    ("groups", "where"),
    [
        ({OPPONENTS: {"opponents": 0}}, "states.a.groups.opponents"),
        ({OPPONENTS: {"kin": ["b/hill"]}}, "states.a.groups.opponents.kin"),
        ({"union": {"opponents": 1, "kin": ["b/hill"]}}, "states.a.groups.union.kin"),
        ({"union": {"opponents": 0.5}}, "states.a.groups.union.opponents"),
    ],
)
def test_what_is_wrong_with_opponents_is_refused(groups: dict[str, Any], where: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        scenario_with({"a": {"groups": groups}, "b": {"groups": {"hill": {}}}})
    assert where in str(refused.value)


def test_what_is_filled_in_makes_the_same_world_again() -> None:
    first = scenario_with({"a": {"regime": 0.3, "groups": {"hill": {"share": 0.9}}}})
    again = Scenario.from_resolved(first.resolved())
    assert build(again).rows.group.tobytes() == build(first).rows.group.tobytes()
    assert build(again).names == build(first).names


def test_opponents_can_be_set_though_no_file_writes_them() -> None:
    world = build(load("seminar", ["states.halvern.groups.opponents.exclusion=0.31"]))
    assert world.rows.group[G.exclusion, world.groups.index("halvern/opponents")] == 0.31


def test_the_exclusion_of_opponents_follows_the_openness_of_the_regime() -> None:
    world = world_of({f"s{k}": {"regime": regime} for k, regime in enumerate((0.0, 0.5, 1.0))})
    p = parameters({"opponents.exclusion_closed": 0.8, "opponents.exclusion_open": 0.1})
    assert opened(world, p).group[G.exclusion] == pytest.approx([0.8, 0.45, 0.1])
    # A regime that closes shuts its opponents out, in time.
    rows = opened(world, p)
    rows.state[S.regime] = rows.state[S.regime_home] = 0.0
    before = rows.group[G.exclusion].copy()
    for m in range(24):
        month(rows, p, draws_of(1, 0, m))
    assert (rows.group[G.exclusion_home] > before - 1e-12).all()
    assert (rows.group[G.exclusion, 1:] > before[1:] + 0.02).all()


def test_opponents_are_not_counted_twice() -> None:
    groups = {"hill": {"share": 0.4, "exclusion": 0.9, "grievance": 0.5}, "plain": {"share": 0.6, "grievance": 0.1}}
    with_them = world_of({"a": {"regime": 0.0, "groups": groups, "opponents_share": 0.3}})
    without = world_of({"a": {"regime": 0.0, "groups": groups, "opponents_share": 0.0}})
    found = []
    for world in (with_them, without):
        rows = opened(world, parameters({"opponents.exclusion_closed": 1.0}))
        contagion(0, 1, rows, parameters(), draws_of(1, 0, 0))
        found.append(rows.state[[S.excluded_share, S.mood]])
    assert np.array_equal(*found)
    # Of the people under attack, those who are opponents and of an attacked group count once.
    lost = {}
    for attacked in ("hill", "opponents", "both"):
        rows = opened(with_them, parameters())
        at = [g for g in with_them.groups if attacked in ("both", g.removeprefix("a/")) and g != "a/plain"]
        rows.group[G.stage, [with_them.groups.index(g) for g in at]] = 4.0
        p = parameters(
            {f"stages.{name}.base": 0.0 for name in ("from_atrocity", "to_risk", "to_threat", "to_imminent")}
        )
        month(rows, p, draws_of(1, 0, 0))
        lost[attacked] = rows.state[S.gdp_gap, 0]
    assert lost["hill"] / 0.4 == pytest.approx(lost["opponents"] / 0.3, rel=1e-2)
    assert lost["both"] == pytest.approx(lost["hill"] / 0.4 * (0.4 + 0.3 * 0.6), rel=1e-2)


# -- a start at rest ---------------------------------------------------------------------------------------------------

TOLD: dict[str, Any] = {
    "a": {
        "motive": 0.6,
        "conflict": 3.0,
        "regime": 0.2,
        "capacity": 0.3,
        "past_violations": 0.4,
        "election_interval": 48.0,
        "election_phase": 20.0,
        "home": {"judiciary": 0.1},
        "groups": {
            "hill": {"share": 0.3, "exclusion": 0.8, "stage": 1.0},
            "coast": {"share": 0.2, "exclusion": 0.9, "stage": 4.0, "perpetrator": 1.0},
        },
    },
    "b": {"neighbours": ["a"], "displaced_abroad": 5e4, "groups": {"plain": {"share": 0.5, "exclusion": 0.6}}},
}
KNOWN_OF_STATES = (
    "population", "gdp", "gdp_potential", "gdp_gap", "regime", "capacity", "inclusion", "horizontal_inequality",
    "security_sector", "judiciary", "media", "past_violations", "conflict", "conflict_months", "displaced_inside",
    "displaced_abroad", "election_phase", "election_interval",
)  # fmt: skip
NOT_COUNTED_OF_STATES = tuple(c.name for c in STATE.columns if c.role == "account")
NOT_COUNTED_OF_GROUPS = (
    *(c.name for c in GROUP.columns if c.role == "account"),
    "deaths_month", "deaths_year", "calendar_deaths", "calendar_peak", "crossed", "intensity",
    *(f"deaths_ring{k}" for k in range(12)),
)  # fmt: skip


def test_nothing_is_drawn_where_the_start_is_told() -> None:
    world = world_of(TOLD)
    rows = opened(world, lively_parameters())
    for column in ("stage", "grievance", "targeting", "preparation", "perpetrator"):
        assert np.array_equal(rows.group[GROUP.index[column]], world.rows.group[GROUP.index[column]]), column
    assert PARAMETERS["start.settling_months"].default == 0.0


def test_a_settled_start_keeps_what_is_known_and_counts_nothing() -> None:
    world = world_of(TOLD)
    moved = 0
    for number in range(20):
        rows = opened(world, settled(), number=number)
        for column in KNOWN_OF_STATES:
            place = STATE.index[column]
            assert np.array_equal(rows.state[place], world.rows.state[place]), column
        assert not rows.state[[STATE.index[c] for c in NOT_COUNTED_OF_STATES]].any()
        assert not rows.group[[GROUP.index[c] for c in NOT_COUNTED_OF_GROUPS]].any()
        for block in ("body", "pledge", "ledger", "rating"):
            assert getattr(rows, block).tobytes() == getattr(world.rows, block).tobytes()
        own = world.groups.index("a/coast"), world.groups.index("a/hill")
        # The atrocity that is known goes on, by whom it was; none begins but by the same perpetrator.
        assert rows.group[G.stage, own[0]] == 4.0 and rows.group[G.perpetrator, own[0]] == 1.0
        begins = np.delete(rows.group[G.stage], own[0]) == 4.0
        assert (np.delete(rows.home, own[0])[begins] == 0).all()
        assert (np.delete(rows.group[G.perpetrator], own[0])[begins] == 1.0).all()
        assert np.array_equal(rows.group[G.exclusion], rows.group[G.exclusion_home])
        assert rows.state[S.stage, 0] == 4.0 and rows.state[S.government_perpetrator, 0] == 1.0
        moved += rows.group[G.stage, own[1]] != 1.0
    assert moved > 0
    assert not rows.state[[STATE.index[f"strike_{name}"] for name in TRIGGERS]].any()


def test_each_run_settles_by_its_own_luck_and_every_policy_by_the_same() -> None:
    full = shipped("world")
    starts = {}
    for policy in ("no-assistance", "late-response", "prevention"):
        world, p = build(full, policy), full.parameter_values(policy)
        assert p[P.start_settling_months] == 36.0
        starts[policy] = opened(world, p)
    first = starts["no-assistance"]
    # What a mission that stands at the start does is assistance, and of the policies that pay for one.
    assisted = [column.name.startswith("aid_") for column in TABLES["group"].columns]
    for rows in starts.values():
        assert np.array_equal(rows.group[~np.array(assisted)], first.group[~np.array(assisted)])
        trigger = S.trigger_contested_election
        assert np.array_equal(rows.state[trigger : trigger + 8], first.state[trigger : trigger + 8])
    other = opened(build(full), full.parameter_values("no-assistance"), number=6)
    assert not np.array_equal(other.group[G.stage], first.group[G.stage])


def test_the_luck_of_a_run_is_that_of_one_that_does_not_settle() -> None:
    world = world_of(TOLD)
    one, other = (run(world, p, 12, seed=3, number=5) for p in (settled(), lively_parameters()))
    assert np.array_equal(one.of_group("draw_stage")[1:], other.of_group("draw_stage")[1:])
    assert np.array_equal(one.of_state("draw_conflict")[1:], other.of_state("draw_conflict")[1:])


def test_months_before_the_first_have_numbers_below_zero_that_no_run_reaches() -> None:
    assert [number_of_month(draws_of(1, 0, m)) for m in (0, 2399, MONTHS - 1, MONTHS - 240)] == [0, 2399, -1, -240]


def test_elections_keep_their_calendar_before_the_first_month() -> None:
    always = {"triggers.contested_election.base": PARAMETERS["triggers.contested_election.base"].high}
    fresh = {}
    for months in (28.0, 27.0):  # the last election was 28 months ago: 48 less 20
        found = [
            opened(world_of(TOLD), settled(always | {"start.settling_months": months}), number=k).state[
                S.trigger_contested_election, 0
            ]
            for k in range(40)
        ]
        fresh[months] = max(found)
    assert fresh[28.0] > 0.0 and fresh[27.0] == 0.0


def test_one_more_state_or_group_changes_no_other_start() -> None:
    more = TOLD | {"c": {"groups": {"g": {"share": 0.3, "exclusion": 0.7}}}}
    one, other = world_of(TOLD), world_of(more)
    rows, others = opened(one, settled()), opened(other, settled())
    for key in one.groups:
        assert np.array_equal(rows.group[:, one.groups.index(key)], others.group[:, other.groups.index(key)]), key
    for key in one.states:
        assert np.array_equal(rows.state[:, one.states.index(key)], others.state[:, other.states.index(key)]), key


def test_a_generated_world_settles_unless_its_file_says_otherwise() -> None:
    assert load("world").parameters["start.settling_months"] == 36.0
    assert load("world", ["parameters.start.settling_months=0"]).parameter_values()[P.start_settling_months] == 0.0
    told = {name for name in shipped_names() if name != "world"}
    assert all(load(name).parameter_values()[P.start_settling_months] == 0.0 for name in told)


def test_an_imported_world_settles_as_long_as_the_importer_says() -> None:
    data = scenario_data(imported(files()))
    assert data["parameters"] == {"start": {"settling_months": import_data()["numbers"]["settling_months"]["value"]}}
    assert 0.0 < data["parameters"]["start"]["settling_months"] < 36.0  # that of generated worlds


@pytest.mark.slow
def test_the_world_is_at_rest_from_the_start() -> None:
    """Years 1-2 are like years 6-15: groups that enter stage 4, episodes that begin, groups under threat."""
    full, policy, runs, years = shipped("world"), "late-response", 40, 15
    world, p = build(full, policy), full.parameter_values(policy)
    entries, begun, threat = (np.zeros((runs, years + 1)) for _ in range(3))
    for number in range(runs):
        rows = opened(world, p, 7, number)
        for m in range(12 * years + 1):
            if m % 12 == 0:
                entries[number, m // 12] = rows.group[G.atrocity_entries].sum()
                begun[number, m // 12] = (
                    rows.state[S.episodes_by_state] + rows.state[S.episodes_by_armed_groups]
                ).sum()
                threat[number, m // 12] = (rows.group[G.stage] == 2.0).sum()
            if m < 12 * years:
                month(rows, p, draws_of(7, number, m))
    for what, most in ((entries, 1.33), (begun, 1.6)):
        # More states are at war in 2014 than the chain of conflicts holds later: episodes begin there in early years.
        yearly = np.diff(what, axis=1).mean(axis=0)
        assert 0.75 <= yearly[:2].mean() / yearly[5:].mean() <= most, yearly
    assert 0.75 <= threat[:, 0].mean() / threat[:, 10].mean() <= 1.33, threat.mean(axis=0)
