"""Violations below killing, who is targeted by whom, and a government that is a perpetrator by what it does now."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import many_groups, many_states, parameters, world_of

from r2psim.declarations.columns import G, S
from r2psim.rules.draws import draws_of
from r2psim.rules.risk_factors import group_risk_factors, state_risk_factors
from r2psim.rules.stages import stages
from r2psim.rules.state_totals import state_totals
from r2psim.rules.tension import tension
from r2psim.scenario.parameters import PARAMETERS
from r2psim.world.rows import Rows

AT_ONCE = {f"tension.{name}": 12.0 for name in ("targeting_rise", "targeting_fall", "violations_rate")}
"""Targeting and violations reach their level within a month."""

share = st.floats(0.0, 1.0)


def moved(p: np.ndarray, state: dict[str, float] | None = None, **columns: float) -> Rows:
    """Give one group after a month of tension in a state of these columns."""
    rows = world_of({"state": {"groups": {"group": {"share": 0.3}}}}).rows
    for name, value in (state or {}).items():
        rows.state[getattr(S, name)] = value
    for name, value in columns.items():
        rows.group[getattr(G, name)] = value
    tension(0, 1, rows, p, draws_of(1, 0, 0))
    return rows


def violations(stage: float, targeting: float = 0.2, pressure: float = 0.8, **state: float) -> float:
    """Give the violations of a month at a stage, targeting held still."""
    p = parameters({"tension.targeting_rise": 0.0, "tension.targeting_fall": 0.0, "tension.violations_rate": 12.0})
    return float(moved(p, {"pressure": pressure} | state, stage=stage, targeting=targeting).group[G.violations, 0])


# -- violations --------------------------------------------------------------------------------------------------------


@given(share, share)
def test_no_violations_below_threat(targeting: float, pressure: float) -> None:
    assert violations(0.0, targeting, pressure) == violations(1.0, targeting, pressure) == 0.0


@given(st.floats(0.01, 0.2), share)
def test_violations_follow_targeting_from_threat_on_and_escalate_at_imminent_risk(
    targeting: float, pressure: float
) -> None:
    threat, imminent, atrocity = (violations(stage, targeting, pressure) for stage in (2.0, 3.0, 4.0))
    assert 0.0 < threat < imminent == atrocity <= 1.0
    assert violations(2.0, 1.5 * targeting, pressure) == pytest.approx(1.5 * threat)


def test_violations_fall_with_the_crisis_before_targeting_does() -> None:
    rows = moved(parameters(AT_ONCE), {"pressure": 0.9, "drive_state": 0.4}, stage=3.0, exclusion=0.9)
    before = rows.group[:, 0].copy()
    rows.state[S.pressure] = 0.0
    p = parameters()
    for month in range(6):
        tension(0, 1, rows, p, draws_of(1, 0, month))
    after = rows.group[:, 0]
    assert before[G.violations] > 0.3
    assert after[G.violations] / before[G.violations] < 0.6 < after[G.targeting] / before[G.targeting]


def test_preparation_is_got_ready_without_a_crisis_and_violations_are_not() -> None:
    quiet, crisis = (
        moved(parameters({"tension.targeting_crisis": 1.0}), {"pressure": x}, stage=3.0, targeting=0.5).group[:, 0]
        for x in (0.0, 1.0)
    )
    assert quiet[G.violations] == 0.0 < quiet[G.preparation]
    assert crisis[G.violations] > 0.0


def test_everybody_sees_violations() -> None:
    """They raise the factors 10 and 11 of the group, and those of its state; the state's are its worst group's."""
    found = []
    for level in (0.0, 0.8):
        rows = world_of({"state": {"groups": {"a": {"share": 0.2}, "b": {"share": 0.2}}}}).rows
        rows.group[G.violations, 1] = level
        p, draws = parameters(), draws_of(1, 0, 0)
        group_risk_factors(0, 2, rows, p, draws)
        state_totals(0, 1, rows, p, draws)
        state_risk_factors(0, 1, rows, p, draws)
        assert rows.state[S.violations, 0] == level
        found.append((rows.group[G.rf10, 1], rows.group[G.rf11, 1], rows.state[S.rf10, 0], rows.state[S.rf11, 0]))
    assert all(before < after for before, after in zip(*found, strict=True))


def test_violations_make_atrocity_likelier_and_nothing_else_of_a_stage() -> None:
    for stage in range(5):
        hazards = []
        for level in (0.1, 0.9):
            rows = many_groups(1, stage=float(stage), violations=level, targeting=0.3, at_pressure=0.3, at_risk=0.8)
            stages(0, 1, rows, parameters(), draws_of(1, 0, 0))
            hazards.append((rows.group[G.hazard_up, 0], rows.group[G.hazard_down, 0]))
        (up, down), (more_up, more_down) = hazards
        assert down == more_down
        assert more_up > up if stage == 3 else more_up == up


# -- who is targeted, and by whom --------------------------------------------------------------------------------------


def targeting(exclusion: float, **state: float) -> float:
    """Give the targeting that a state of these columns comes to, where armed groups spare groups in power less."""
    spared = {"tension.targeting_included": 0.3, "tension.targeting_included_armed": 0.7}
    rows = moved(parameters(AT_ONCE | spared), {"pressure": 0.5} | state, exclusion=exclusion, exclusion_home=exclusion)
    return float(rows.group[G.targeting, 0])


def test_groups_in_power_are_targeted_by_armed_groups_above_all() -> None:
    by_armed_groups = targeting(0.0, drive_non_state=0.3) / targeting(1.0, drive_non_state=0.3)
    by_government = targeting(0.0, drive_state=0.3) / targeting(1.0, drive_state=0.3)
    assert 0.0 < by_government < by_armed_groups < 1.0


@pytest.mark.parametrize("trigger", ["trigger_coup", "trigger_irregular_transition"])
def test_in_upheaval_a_government_turns_on_groups_in_power_too(trigger: str) -> None:
    calm, turmoil = targeting(0.1, drive_state=0.3), targeting(0.1, drive_state=0.3, **{trigger: 1.0})
    assert turmoil > 1.3 * calm
    assert targeting(1.0, drive_state=0.3, **{trigger: 1.0}) == targeting(1.0, drive_state=0.3)
    assert targeting(0.1, drive_non_state=0.3, **{trigger: 1.0}) == targeting(0.1, drive_non_state=0.3)


@settings(max_examples=60)
@given(share, share, share, share)
def test_targeting_grows_with_exclusion(
    exclusion: float, drive_state: float, drive_non_state: float, coup: float
) -> None:
    state = {"drive_state": drive_state, "drive_non_state": drive_non_state, "trigger_coup": coup}
    assert targeting(exclusion, **state) <= targeting(min(1.0, exclusion + 0.1), **state)


def test_without_any_drive_nobody_is_targeted() -> None:
    assert targeting(1.0) == 0.0


# -- a perpetrator by what it does now ---------------------------------------------------------------------------------


LEVEL = PARAMETERS["stages.perpetrator_violations"].default
KILLED = PARAMETERS["stages.perpetrator_killed"].default


@pytest.mark.parametrize(
    ("kind", "level", "killed", "wanted"),
    [
        (1.0, LEVEL, KILLED - 1.0, 0.0),
        (1.0, float(np.nextafter(LEVEL, 1.0)), 0.0, 1.0),
        (1.0, 0.0, KILLED, 1.0),
        (3.0, 0.0, KILLED, 1.0),
        (3.0, 0.9, 0.0, 1.0),
        (2.0, 0.9, 10.0 * KILLED, 0.0),
    ],
)
@pytest.mark.parametrize("stage", [3.0, 4.0])
def test_a_government_is_a_perpetrator_by_what_it_does_now(
    stage: float, kind: float, level: float, killed: float, wanted: float
) -> None:
    rows = many_groups(3, stage=1.0)
    rows.group[G.stage, 1], rows.group[G.perpetrator, 1] = stage, kind
    rows.group[G.violations, 1], rows.group[G.deaths_month, 1] = level, killed
    rows.state[S.government_perpetrator] = 1.0 - wanted
    state_totals(0, 1, rows, parameters(), draws_of(1, 0, 0))
    assert rows.state[S.government_perpetrator, 0] == wanted


def test_a_state_without_groups_has_no_violations() -> None:
    rows = many_states(2, violations=0.7, government_perpetrator=1.0)
    state_totals(0, 2, rows, parameters(), draws_of(1, 0, 0))
    assert np.all(rows.state[S.violations] == 0.0) and np.all(rows.state[S.government_perpetrator] == 0.0)
