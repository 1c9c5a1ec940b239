"""Every target's definition, on panels of a few states with known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r2psim.analysis.calibration.definitions import DEFINITIONS, LONGEST_STAY, auc, median_stay_of_whole
from r2psim.analysis.calibration.episodes import episodes
from r2psim.analysis.calibration.panel import STATUSES, Panel
from r2psim.analysis.calibration.patterns import collect_patterns, finish_patterns
from r2psim.analysis.calibration.targets import read_targets
from tests.panels import coded, kill, panel, value

# -- episodes ----------------------------------------------------------------------------------------------------------


def test_an_episode_lasts_from_the_first_to_the_last_violent_year() -> None:
    (found,) = episodes(kill(panel(), 1, 2, 5))
    assert (found.state, found.first, found.last, found.duration) == (1, 2, 5, 4)
    assert found.begun and found.ended and found.state_led and found.deaths == 8000.0


def test_years_of_fewer_than_a_hundred_killed_are_quiet_and_three_of_them_end_an_episode() -> None:
    made = kill(kill(panel(14), 0, 1, 2), 0, 5, 6)
    made.deaths[3:5, 0] = 99.0
    (found,) = episodes(made)
    assert (found.first, found.last) == (1, 6)
    made = kill(kill(panel(14), 0, 1, 2), 0, 6, 7)
    assert [(e.first, e.last) for e in episodes(made)] == [(1, 2), (6, 7)]


def test_killing_that_never_reaches_the_threshold_within_twelve_months_is_no_episode() -> None:
    made = kill(panel(), 0, 1, 8, a_year=999.0)
    assert episodes(made) == []
    # An episode begins with the killing, not when the threshold is passed.
    made.deaths_12[4, 0] = 1000.0
    assert [(e.first, e.last) for e in episodes(made)] == [(1, 8)]


def test_what_is_there_at_the_start_did_not_begin_and_what_may_go_on_has_not_ended() -> None:
    made = kill(panel(10), 0, 0, 7)
    made.stage_at_start[0] = 4
    (found,) = episodes(made)
    assert not found.begun and not found.ended
    assert value("onset_rate", made) == 0.0
    assert value("ongoing_share", made) == pytest.approx(8 / 30)


def test_one_perpetrator_makes_one_episode_however_many_groups_it_attacks() -> None:
    made = kill(kill(panel(12, 1, 3), 0, 1, 4), 1, 3, 6)
    (found,) = episodes(made)
    assert (found.first, found.last, found.deaths) == (1, 6, 16_000.0)
    kill(made, 2, 2, 3, perpetrator=2)
    assert sorted((e.first, e.last, e.state_led) for e in episodes(made)) == [(1, 6, True), (2, 3, False)]


# -- the targets -------------------------------------------------------------------------------------------------------


def test_every_target_that_ships_has_a_definition_and_every_definition_a_target() -> None:
    assert [t.id for t in read_targets()] == list(DEFINITIONS)


def test_onset_rate_and_ongoing_share() -> None:
    made = kill(kill(panel(10, 4), 0, 2, 4), 1, 5, 5)
    assert value("onset_rate", made) == pytest.approx(2 / 40)
    assert value("ongoing_share", made) == pytest.approx(4 / 40)
    # Over several runs sums are divided, not ratios averaged.
    assert value("onset_rate", made, panel(30, 4)) == pytest.approx(2 / 160)


def test_end_hazard_and_median_duration() -> None:
    made = kill(kill(kill(panel(20, 3), 0, 1, 4), 1, 2, 3), 2, 15, 19)
    assert value("end_hazard", made) == pytest.approx(2 / (4 + 2 + 5))
    assert value("median_duration", made) == 3.0, "the one that goes on is not completed"


def test_onset_with_crisis_counts_state_led_onsets_with_conflict_or_an_upheaval_in_their_year() -> None:
    made = panel(10, 5)
    for group in range(4):
        kill(made, group, 3, 5)
    kill(made, 4, 3, 5, perpetrator=2)
    made.conflict[3, 0], made.transition[3, 1], made.conflict[4, 2], made.conflict[3, 4] = 2, True, 3, 3
    assert value("onset_with_crisis", made) == pytest.approx(2 / 4)


def test_atrocity_after_the_start_of_a_war() -> None:
    made = panel(20, 4)
    made.conflict[3:6, 0] = 3
    made.conflict[3:6, 1] = 2
    made.conflict[3:6, 2] = 2
    made.conflict[17:20, 3] = 2
    kill(kill(made, 0, 3, 4), 1, 7, 8)
    assert value("atrocity_1y_after_war", made) == pytest.approx(1 / 4)
    assert value("atrocity_5y_after_war", made) == pytest.approx(2 / 3), "one window is not complete"
    # A conflict in recovery is no start; nor is one whose history is not known to be peaceful.
    made.conflict[9, 0] = 2
    assert value("atrocity_1y_after_war", made) == pytest.approx(1 / 4)


def test_relapse_within_ten_years_is_a_kaplan_meier_estimate() -> None:
    made = kill(kill(panel(30, 3), 0, 1, 3), 0, 9, 10)
    kill(kill(made, 1, 1, 3), 2, 20, 24)
    # Ends after years 3, 3, 10, 24. At risk in the sixth year after: two of year 3, that of year 10, not the last.
    expected = 1.0 - (1.0 - 1.0 / 3.0)
    assert value("relapse_10y", made) == pytest.approx(expected)
    assert math.isnan(value("relapse_10y", panel()))


def test_risk_ratio_of_discrimination() -> None:
    made = panel(12, 4)
    made.discriminated[:, :2] = 0.01
    kill(kill(kill(made, 0, 5, 6), 1, 5, 6), 2, 5, 6)
    # Two years before each onset it lies within the next two.
    assert value("rr_discrimination", made) == pytest.approx((4 / 20) / (2 / 20))


def test_operational_stages() -> None:
    made = panel(12, 8)
    made.discriminated[:, 1], made.discriminated[:, 2] = 0.06, 0.05
    made.coup[2, 3] = True
    made.conflict[5, 4] = 2
    made.conflict[5, 5] = 3
    made.stage[5, 6], made.perpetrator[5, 6] = 3, 1
    made.coup[5, 6] = True
    kill(made, 7, 5, 6)
    stage = coded(made).stage
    assert stage[:, 0].tolist() == [0] * 12
    assert stage[:, 1].tolist() == [1] * 12 and stage[:, 2].tolist() == [0] * 12
    assert stage[:, 3].tolist() == [0, 0, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0], "a coup counts for five years"
    assert stage[4:8, 4].tolist() == [0, 2, 2, 0]
    assert stage[4:8, 5].tolist() == [0, 3, 2, 0]
    assert stage[4:8, 6].tolist() == [0, 3, 2, 1]
    assert stage[4:9, 7].tolist() == [0, 4, 4, 1, 1], "the past is not forgotten"
    made.past[0], made.closed[3, 2] = True, True
    stage = coded(made).stage
    assert stage[0, 0] == 1 and stage[2:5, 2].tolist() == [0, 1, 0]


@pytest.mark.parametrize("stage", range(4))
def test_hazards_from_the_operational_stages(stage: int) -> None:
    made = panel(11, 10)
    if stage == 1:
        made.discriminated[:] = 0.1
    if stage == 2:
        made.coup[:] = True
    if stage == 3:
        made.conflict[:] = 3
    kill(made, 0, 10, 10)
    # Years 4 to 9 can look back far enough and be followed by another.
    assert value(f"hazard_s{stage}", made) == pytest.approx(1 / 60)
    assert all(
        value(f"hazard_s{k}", made) in (0.0,) or math.isnan(value(f"hazard_s{k}", made)) for k in range(4) if k != stage
    )


def test_moves_between_conflict_states() -> None:
    made = panel(20, 2)
    #                    peace           minor      war     minor   recovery (5)        minor again
    made.conflict[:, 0] = [0, 0, 0, 0] + [2, 2] + [3, 3, 3] + [2] + [0] * 5 + [2] + [0] * 4
    assert value("peace_to_conflict", made) == pytest.approx(1 / (4 + 19))
    assert value("conflict_to_war", made) == pytest.approx(1 / 4)
    assert value("war_stays", made) == pytest.approx(2 / 3)
    assert value("recovery_to_conflict", made) == pytest.approx(1 / (5 + 3))


def test_recovery_before_the_start_is_remembered() -> None:
    made = panel(8, 2, since_conflict=np.array([3.0, np.inf]))
    assert coded(made).conflict[:, 0].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]


def test_severity() -> None:
    made = panel(12, 20)
    for group in range(20):
        kill(made, group, 3, 3, a_year=1000.0 * 2.0 ** (group % 2))
    made.deaths[3, 0] = 100_000.0
    logs = np.log(np.array([100_000.0] + [1000.0] * 9 + [2000.0] * 10))
    assert value("deaths_log_sd", made) == pytest.approx(logs.std(ddof=1))
    assert value("deaths_top10_share", made) == pytest.approx(102_000.0 / (100_000.0 + 9_000.0 + 20_000.0))
    assert math.isnan(value("deaths_top10_share", kill(panel(), 0, 1, 2)))


def test_skill_of_perceived_risk() -> None:
    made = kill(panel(12, 5), 0, 5, 6)
    made.perceived[3:5, 0] = 1.0
    assert value("warning_auc", made) == 1.0
    assert value("warning_recall", made) == 1.0
    made.perceived[:] = -made.perceived
    assert value("warning_auc", made) == 0.0
    assert value("warning_recall", made) == 0.0


def test_cost_of_response_to_large_episodes() -> None:
    made = kill(kill(panel(20, 2), 0, 2, 3, a_year=30_000.0), 1, 2, 3, a_year=20_000.0)
    made.response[:, 0] = np.arange(20) * 1e9
    assert value("response_cost", made) == sum(range(2, 9))
    assert math.isnan(value("response_cost", panel()))


def test_spending_ratio() -> None:
    assert value("spend_ratio", panel(spent_response=90.0, spent_prevention=3.0)) == 30.0


def test_killed_a_year_counts_the_killed_of_episodes_from_the_third_year_on() -> None:
    made = kill(kill(panel(12, 3), 0, 1, 4), 1, 6, 6, a_year=10_000.0)
    kill(made, 2, 3, 8, a_year=900.0)  # Never a thousand within twelve months: no episode.
    assert value("killed_a_year", made) == pytest.approx((3 * 2000.0 + 10_000.0) / 10)
    # What goes on since before the start counts from the third year on like any other.
    made = kill(panel(12, 1), 0, 0, 11)
    made.stage_at_start[0] = 4
    assert value("killed_a_year", made) == 2000.0
    assert value("killed_a_year", made, panel(12, 1)) == 1000.0
    assert math.isnan(value("killed_a_year", panel(2)))


def test_start_at_rest_is_the_onset_rate_of_the_first_two_years_over_that_of_years_six_to_fifteen() -> None:
    made = panel(20, 6)
    for group, year in enumerate((0, 1, 2, 5, 14, 15)):
        kill(made, group, year, year)
    assert value("start_at_rest", made) == pytest.approx((2 / 12) / (2 / 60))
    made.stage_at_start[0] = 4
    assert value("start_at_rest", made) == pytest.approx((1 / 12) / (2 / 60)), "what is there at the start is no onset"
    assert math.isnan(value("start_at_rest", panel(20)))


def stays(years: int, *changes: tuple[int, int, int, int]) -> Panel:
    """Make a panel with changes into and out of imminent risk: month, group, stage before and after."""
    return panel(years, 4, imminent=np.array(changes, dtype=np.int32).reshape(-1, 4))


def test_stays_at_imminent_risk_begin_from_below_and_end_either_way() -> None:
    made = stays(
        5,
        (2, 0, 3, 4),  # It stood there at the start: for how long is not known.
        (10, 0, 4, 3), (12, 0, 3, 2),  # It came back from atrocity.
        (15, 0, 2, 3), (18, 0, 3, 4),
        (20, 1, 2, 3), (21, 1, 3, 1), (30, 1, 2, 3), (55, 1, 3, 4),
        (57, 2, 2, 3),
    )  # fmt: skip
    assert coded(made).stays.tolist() == [[3, 1], [1, 2], [25, 1], [2, 0]]


def test_atrocity_after_imminent_is_a_share_of_stays_within_24_months() -> None:
    made = stays(
        5,
        (0, 0, 2, 3), (24, 0, 3, 4),
        (0, 1, 2, 3), (25, 1, 3, 4),
        (0, 2, 2, 3), (3, 2, 3, 2),
        (5, 3, 2, 3), (6, 3, 3, 4),
    )  # fmt: skip
    assert value("atrocity_after_imminent", made) == pytest.approx(2 / 4), "that of 25 months is too late"
    # One that the end of the run cuts off after a month counts for that month; the other three are then as before.
    cut = stays(5, *map(tuple, made.imminent), (58, 3, 2, 3))
    assert value("atrocity_after_imminent", cut) == pytest.approx(1 / 5 + 4 / 5 * (1 / 3))
    assert math.isnan(value("atrocity_after_imminent", panel()))


def test_a_stay_that_is_cut_off_is_no_stay_without_atrocity() -> None:
    made = stays(2, (0, 0, 2, 3), (10, 0, 3, 4), (0, 1, 2, 3), (10, 1, 3, 1), (20, 2, 2, 3), (21, 3, 2, 3))
    assert value("atrocity_after_imminent", made) == pytest.approx(1 / 2)
    assert value("imminent_months", made) == 10.0


def test_imminent_months_is_the_kaplan_meier_median_of_stays() -> None:
    made = stays(
        5, (0, 0, 2, 3), (2, 0, 3, 4), (10, 0, 2, 3), (16, 0, 3, 1), (0, 1, 2, 3), (9, 1, 3, 2), (56, 2, 2, 3)
    )  # fmt: skip
    # Of stays of 2, 6, 9 and 3 and more months a quarter end after 2 and half of what is left after 6.
    assert value("imminent_months", made) == 6.0
    assert median_stay_of_whole([DEFINITIONS["imminent_months"].collect(coded(made))]) == pytest.approx(
        6 - 0.5 + (0.75 - 0.5) / 0.375
    )
    forever = stays(40, (0, 0, 2, 3), (0, 1, 2, 3), (0, 2, 2, 3), (1, 2, 3, 4))
    assert value("imminent_months", forever) == LONGEST_STAY, "long is not unknown"
    assert median_stay_of_whole([DEFINITIONS["imminent_months"].collect(coded(forever))]) == LONGEST_STAY
    assert math.isnan(value("imminent_months", panel()))


def test_onset_by_status_holds_powerless_groups_against_included_ones_only() -> None:
    made = panel(12, 5)
    for state, status in enumerate(("no group", "included only", "included only", "powerless", "discriminated")):
        made.status[:, state] = STATUSES.index(status)
    for group in (0, 1, 3, 4):
        kill(made, group, 5, 6)
    assert value("onset_by_status", made, made) == pytest.approx((4.5 / 20) / (4.5 / 40))
    made.status[:, 1] = STATUSES.index("no group")
    assert value("onset_by_status", made) == pytest.approx((2.5 / 10) / (0.5 / 10)), "no onset is not unknown"
    assert math.isnan(value("onset_by_status", panel()))


# -- properties --------------------------------------------------------------------------------------------------------

SCORES = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30)


@given(SCORES)
def test_auc_is_the_chance_that_an_event_scores_above_a_non_event(cases: list[tuple[int, bool]]) -> None:
    score, event = np.array([float(s) for s, _ in cases]), np.array([e for _, e in cases])
    pairs = [(a > b) + 0.5 * (a == b) for a in score[event] for b in score[~event]]
    found = auc(score, event)
    assert math.isnan(found) if not pairs else found == pytest.approx(np.mean(pairs))


@given(st.integers(0, 2**32 - 1))
def test_episodes_of_a_perpetrator_do_not_overlap_and_onsets_are_ongoing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = panel(25, 3, 2)
    made.deaths[:] = rng.choice([0.0, 99.0, 100.0, 5000.0], p=[0.6, 0.1, 0.1, 0.2], size=made.deaths.shape)
    made.deaths_12[:] = made.deaths
    made.perpetrator[:] = np.where(made.deaths > 0, rng.integers(1, 4, size=made.deaths.shape), 0)
    found = episodes(made)
    for one in found:
        assert 0 <= one.first <= one.last < 25 and one.deaths >= 1000.0
        for other in found:
            if other is not one and (one.state, one.state_led) == (other.state, other.state_led):
                assert other.first > one.last + 3 or other.last < one.first - 3
    run = coded(made)
    assert not (run.onset & ~run.ongoing).any()
    assert set(np.unique(run.stage[run.ongoing])) <= {4}
    patterns = finish_patterns([collect_patterns(run)])
    assert all(b <= a + 1e-12 for a, b in zip(patterns["survival"], patterns["survival"][1:], strict=False))
    assert sum(patterns["stages"]) == pytest.approx(1.0)
