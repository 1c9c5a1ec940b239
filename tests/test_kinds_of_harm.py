"""Four kinds of harm: each is zero where it cannot be, adds up, and has the mean that theory gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from worlds import lively_parameters, lively_world, many_groups, many_states, parameters, run, scenario_with, world_of

from r2psim.declarations.columns import G, S
from r2psim.ensemble.measures import METRICS, metrics_of
from r2psim.rules.draws import draws_of
from r2psim.rules.harm import harm
from r2psim.rules.month import month, opening
from r2psim.rules.state_totals import state_totals
from r2psim.world.build import build
from r2psim.world.rows import Rows, copy_rows

LARGE = 1e9
STILL = {"harm.means": 0.0, "harm.protection": 0.0}
"""Nothing but the campaign makes a difference."""


def apart(count: int, **columns: float) -> Rows:
    """Give groups of which each has the ceiling of the displaced for itself."""
    rows = many_groups(count, **columns)
    return rows._replace(first_group=np.array([0, 1]))


def campaigns(count: int, months: int, **changed: float) -> Rows:
    """Let so many large groups, each in a campaign of its own from the first month on, be attacked."""
    rows = apart(count, stage=4.0, stage_before=3.0, persons=LARGE, share=1.0, at_reach=1.0, perpetrator=1.0)
    rows.state[S.population] = LARGE
    p = parameters(STILL | {path.replace("__", "."): value for path, value in changed.items()})
    for m in range(months):
        harm(0, count, rows, p, draws_of(5, 0, m))
        rows.group[G.stage_before] = 4.0
    return rows


# -- killing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("months", [1, 6, 24])
def test_expected_killed_of_a_campaign_are_those_of_the_closed_form(months: int) -> None:
    count, sigma, noise = 400, 0.5, 0.3
    rows = campaigns(
        count, months, harm__intensity_median=1e5, harm__intensity_sigma=sigma, harm__intensity_floor=0.0,
        harm__monthly_sigma=noise, harm__expulsion_share=0.0, harm__wave_half_life=5.0, harm__wave_floor=0.1,
    )  # fmt: skip
    shape = sum(0.1 + 0.9 * 0.5 ** (m / 5.0) for m in range(months))
    expected = 1e5 * math.exp(0.5 * sigma**2 + 0.5 * noise**2) * shape
    killed = rows.group[G.deaths]
    assert abs(killed.mean() - expected) < 5.0 * killed.std() / math.sqrt(count)
    assert not rows.group[G.expelled].any()


def step_of(stage: float, rows: Rows, p: np.ndarray, number: int) -> None:
    """Let a month of harm pass with all groups at a stage."""
    rows.group[G.stage_before] = rows.group[G.stage]
    rows.group[G.stage] = stage
    harm(0, rows.group.shape[1], rows, p, draws_of(5, 0, number))


@pytest.mark.parametrize(("pause", "same"), [(1, True), (36, True), (37, False)])
def test_a_campaign_outlasts_a_pause_that_does_not_end_an_episode(pause: int, same: bool) -> None:
    rows = apart(50, stage=3.0, persons=LARGE, perpetrator=1.0)
    p = parameters({"harm.quiet_years": 3.0})
    step_of(4.0, rows, p, 0)
    height = rows.group[G.intensity].copy()
    for m in range(pause):
        step_of(2.0, rows, p, 1 + m)
    assert np.all(rows.group[G.deaths_month] == 0.0)
    step_of(4.0, rows, p, 1 + pause)
    assert np.array_equal(rows.group[G.intensity], height) == same
    assert np.all(rows.group[G.campaign_months] == (pause + 1.0 if same else 0.0))
    assert np.all(rows.group[G.atrocity_entries] == 2.0)


def test_a_campaign_that_is_there_at_the_start_is_past_its_height() -> None:
    rows = apart(3_000, stage=4.0, persons=LARGE, perpetrator=1.0)
    step_of(4.0, rows, parameters({"harm.age_at_start": 30.0, "harm.expulsion_share": 1.0}), 0)
    age = rows.group[G.campaign_months]
    # A whole number below an exponential one.
    expected = 1.0 / (math.exp(1.0 / 30.0) - 1.0)
    assert abs(age.mean() - expected) < 5.0 * expected / math.sqrt(len(age))
    assert not rows.group[G.expulsions].any() and not rows.group[G.atrocity_entries].any()


# -- expulsion ---------------------------------------------------------------------------------------------------------


def test_expected_expelled_are_those_of_the_closed_form() -> None:
    months, rate = 10, 0.04
    rows = campaigns(
        20, months, harm__expulsion_share=1.0, harm__expulsion_rate=rate, harm__expulsion_killing=0.0,
        harm__wave_floor=1.0, harm__displaced_most=1.0,
    )  # fmt: skip
    # Nobody returns here, and who is away is counted by the state: so the same share of all is driven out each month.
    assert np.allclose(rows.group[G.expelled], LARGE * rate * months, rtol=1e-6)
    assert not rows.group[G.deaths].any()
    assert np.all(rows.group[G.expulsions] == 1.0)


def test_who_is_away_cannot_be_driven_out_again() -> None:
    rows = apart(20, stage=4.0, stage_before=4.0, persons=1e6, away=1e6, perpetrator=1.0, at_reach=1.0)
    p = parameters({"harm.expulsion_share": 1.0, "harm.expulsion_rate": 0.5})
    step_of(4.0, rows, p, 0)
    assert not rows.group[G.displaced_month].any()


def test_the_share_of_campaigns_that_are_expulsions() -> None:
    share = 0.3
    rows = campaigns(3_000, 1, harm__expulsion_share=share)
    found = (rows.group[G.campaign] == 2.0).mean()
    assert abs(found - share) < 5.0 * math.sqrt(share * (1.0 - share) / 3_000)


def test_expulsion_at_imminent_risk_answers_to_violations() -> None:
    p = parameters(STILL | {"harm.expulsion_imminent": 0.1, "harm.imminent_rate": 0.0})
    rows = many_groups(3, persons=1e6, share=0.3, at_reach=1.0, perpetrator=1.0)
    rows.group[G.violations] = [0.0, 0.4, 0.8]
    step_of(3.0, rows, p, 0)
    assert rows.group[G.expelled].tolist() == [0.0, 40_000.0, 80_000.0]
    step_of(2.0, rows, p, 1)
    assert not rows.group[G.expelled_month].any()


# -- persecution -------------------------------------------------------------------------------------------------------


def test_persecution_counts_members_by_the_extent_of_grave_violations() -> None:
    rows = many_groups(3, persons=1e6, perpetrator=1.0)
    rows.group[G.violations] = [0.05, 0.2, 0.5]
    p = parameters({"harm.grave_violations": 0.1, "harm.imminent_rate": 0.0})
    for m in range(2):
        step_of(3.0, rows, p, m)
    assert np.allclose(rows.group[G.persecuted_months], [0.0, 400_000.0, 1_000_000.0], atol=5.0)
    rows.group[G.violations] = 0.1
    step_of(1.0, rows, p, 2)
    assert not rows.group[G.persecuted_month].any()


# -- civilians killed in armed conflict --------------------------------------------------------------------------------


def of_conflict(count: int, conflict: float, changed: dict[str, float] | None = None, **columns: float) -> np.ndarray:
    """Give the civilians killed in a month in states without groups."""
    rows = many_states(count, conflict=conflict, population=1e8, **columns)
    state_totals(0, count, rows, parameters(changed), draws_of(6, 0, 0))
    return rows.state[S.war_crimes_month]


@pytest.mark.parametrize(("conflict", "name"), [(2.0, "minor"), (3.0, "war")])
def test_expected_civilians_killed_in_armed_conflict(conflict: float, name: str) -> None:
    found = of_conflict(2_000, conflict, {f"harm.war_crimes_{name}": 30.0})
    assert abs(found.mean() - 2.5) < 5.0 * 0.5 / math.sqrt(2_000)
    assert set(found) == {2.0, 3.0}


@pytest.mark.parametrize("conflict", [0.0, 1.0])
def test_no_civilians_are_killed_in_armed_conflict_where_there_is_none(conflict: float) -> None:
    assert not of_conflict(50, conflict, {"harm.war_crimes_minor": 1e4, "harm.war_crimes_war": 1e5}).any()


def test_what_protects_from_killing_protects_civilians_in_armed_conflict() -> None:
    changed = {"harm.war_crimes_war": 100_000.0, "harm.protection": -2.0, "harm.war_crimes_by_armed_groups": 0.5}
    without = of_conflict(400, 3.0, changed).mean()
    half = -math.log(2.0)
    assert of_conflict(400, 3.0, changed, aid_killing=half).mean() == pytest.approx(without / 2.0, rel=1e-3)
    armed = of_conflict(400, 3.0, changed, aid_killing_by_armed_groups=2.0 * half).mean()
    assert armed == pytest.approx(without / 2.0, rel=1e-3)
    assert of_conflict(400, 3.0, changed, aid_protection=-half / 2.0).mean() == pytest.approx(without / 2.0, rel=1e-3)


def test_an_atrocity_is_not_counted_twice() -> None:
    """Where a group stands at stage 4 the killing is its own."""
    state = {"conflict": 3.0, "population": 1e8, "groups": {"g": {"stage": 4.0, "perpetrator": 1.0}}}
    rows = copy_rows(world_of({"s": state}).rows)
    state_totals(0, 1, rows, parameters({"harm.war_crimes_war": 1e5}), draws_of(6, 0, 0))
    assert rows.state[S.war_crimes_month, 0] == 0.0
    rows.group[G.stage] = 3.0
    state_totals(0, 1, rows, parameters({"harm.war_crimes_war": 1e5}), draws_of(6, 0, 1))
    assert rows.state[S.war_crimes_month, 0] > 0.0


# -- all of them -------------------------------------------------------------------------------------------------------


def crowded() -> Rows:
    """Give a state with three groups under attack and little room for more displaced."""
    groups = {
        f"g{i}": {"share": 0.3, "stage": 4.0, "perpetrator": 1.0, "exclusion": 0.9, "targeting": 0.9} for i in range(3)
    }
    state = {"population": 1e6, "conflict": 3.0, "displaced_inside": 5e4, "groups": groups}
    return copy_rows(world_of({"s": state}).rows)


@pytest.mark.parametrize("most", [0.06, 0.2, 1.0])
def test_the_displaced_of_groups_and_of_the_fighting_are_those_of_the_state(most: float) -> None:
    rows = crowded()
    # So much violence that the ceiling binds in the first month.
    violent = {"harm.intensity_median": 1e4, "harm.age_at_start": 0.0, "harm.wave_floor": 1.0}
    shares = {"harm.displaced_most": most, "harm.expulsion_share": 0.5, "harm.displaced_war": 0.2}
    p = parameters(violent | shares)
    opening(rows, p, draws_of(7, 0, 0))
    for m in range(48):
        month(rows, p, draws_of(7, 0, m))
        of_groups = rows.group[G.displaced].sum()
        assert of_groups + rows.state[S.displaced_conflict, 0] == rows.state[S.displaced, 0]
        present = rows.state[S.displaced_inside, 0] + rows.state[S.displaced_abroad, 0]
        assert rows.group[G.away].sum() <= present * (1.0 + 1e-12)
        assert present <= max(most * 1e6, 5e4) * (1.0 + 1e-12)
    assert of_groups > 0.0


def test_every_kind_adds_up_over_groups_states_and_metrics() -> None:
    r = run(lively_world(), lively_parameters(), 120)
    home = r.world.rows.home
    for name in ("expelled", "expulsions", "persecuted_months"):
        for s in range(len(r.world.states)):
            assert np.array_equal(r.of_group(name)[:, home == s].sum(axis=1), r.of_state(name)[:, s]), name
        assert r.of_state(name)[-1].sum() > 0.0, name
    assert np.all(r.of_group("expelled_month") <= r.of_group("displaced_month"))
    assert np.array_equal(np.diff(r.of_state("war_crimes"), axis=0), r.of_state("war_crimes_month")[1:])
    last = copy_rows(r.world.rows)
    last.state[:], last.group[:] = r.state[-1], r.group[-1]
    found = dict(zip(METRICS, metrics_of(last, 120), strict=True))
    for name in ("expelled", "expulsions", "persecuted_months", "war_crimes", "displaced_women", "displaced_children"):
        assert found[name] == r.of_state(name)[-1].sum(), name
    assert found["protection_unmet"] == found["protection_needed"] - found["protection_reached"]
    women, children = r.of_state("displaced_women")[-1], r.of_state("displaced_children")[-1]
    assert np.all(women + children <= r.of_state("displaced")[-1])


def test_reached_are_those_in_need_times_what_care_does() -> None:
    body = {"mandates": ["refugee-agency"], "budget": 1e12, "rhythm": 1.0, "decision_delay": 0.0, "will": 1.0}
    state = {"conflict": 2.0, "displaced_inside": 1e5, "groups": {"g": {}}}
    world = build(scenario_with({"s": state}, {"b": body}))
    none = build(scenario_with({"s": state}))
    p = parameters()
    cared, alone = run(world, p, 24), run(none, p, 24)
    assert not alone.of_state("displaced_reached").any()
    assert cared.of_state("displaced_reached")[-1, 0] > 0.0
    assert np.all(cared.of_state("displaced_reached") <= cared.of_state("displaced_in_need"))


HARM = ("deaths", "displaced", "expelled", "persecuted_months", "war_crimes", "protection_needed")


def test_without_effects_assistance_changes_no_kind_of_harm() -> None:
    state = {
        "conflict": 3.0,
        "groups": {"g": {"stage": 4.0, "perpetrator": 2.0}, "h": {"stage": 3.0, "exclusion": 0.9}},
    }
    body = {"mandates": ["refugee-agency", "humanitarian", "peacekeeping"], "budget": 1e12, "will": 1.0}
    p = parameters({"assistance.effect_scale": 0.0})
    with_it = run(build(scenario_with({"s": state}, {"b": body})), p, 36)
    without = run(build(scenario_with({"s": state})), p, 36)
    assert with_it.of_body("spent")[-1].sum() > 0.0
    for name in HARM:
        assert np.array_equal(with_it.of_state(name), without.of_state(name)), name
