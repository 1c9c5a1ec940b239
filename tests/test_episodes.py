"""Episodes are dated in the run as the record dates them: held against the definition, and on years written out."""

from __future__ import annotations

import numpy as np
import pytest

from r2psim.analysis.calibration.episodes import episodes as episodes_of_panel
from r2psim.analysis.calibration.panel import Source
from r2psim.declarations.columns import G, S
from r2psim.rules.draws import draws_of
from r2psim.rules.episodes import episodes
from r2psim.scenario import load
from r2psim.scenario.parameters import defaults
from r2psim.world.build import build
from r2psim.world.expand import expand
from r2psim.world.rows import Rows, copy_rows

YEAR = 12


def one_state() -> Rows:
    """Give the rows of a world; its first state is looked at."""
    return copy_rows(build(load("seminar"), "late-response").rows)


def dated(years: list[tuple[float, float, int]], began: bool = False) -> list[tuple[float, float]]:
    """Date years of one group, each its killed, the most killed in twelve months, and its perpetrator's code.

    Returns
    -------
    list of (float, float)
        After each year: episodes so far by the government, and by armed groups.
    """
    rows, p = one_state(), defaults()
    first, last = rows.first_group[0], rows.first_group[1]
    rows.group[G.calendar_deaths, first:last] = 0.0
    rows.group[G.began_in_atrocity, first] = float(began)
    found = []
    for year, (killed, peak, kind) in enumerate(years):
        rows.group[G.calendar_deaths, first] = killed
        rows.group[G.calendar_peak, first] = peak
        rows.group[G.calendar_by_state, first] = float(kind % 2)
        episodes(0, 1, rows, p, draws_of(1, 0, YEAR * year + 11))
        found.append((float(rows.state[S.episodes_by_state, 0]), float(rows.state[S.episodes_by_armed_groups, 0])))
    return found


QUIET = (0.0, 0.0, 1)


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        ([(5_000, 5_000, 1)], (1, 0)),
        ([(5_000, 5_000, 2)], (0, 1)),
        ([(5_000, 5_000, 3)], (1, 0)),
        ([(999, 999, 1)], (0, 0)),
        # Below the threshold at first, above it later: one episode, counted when it is reached.
        ([(500, 500, 1), (700, 1_100, 1)], (1, 0)),
        # Three quiet years in a row end it; two do not.
        ([(5_000, 5_000, 1), QUIET, QUIET, (5_000, 5_000, 1)], (1, 0)),
        ([(5_000, 5_000, 1), QUIET, QUIET, QUIET, (5_000, 5_000, 1)], (2, 0)),
        # A year with 99 killed is quiet, one with 100 is not.
        ([(5_000, 5_000, 1), QUIET, (100, 100, 1), QUIET, QUIET, (5_000, 5_000, 1)], (1, 0)),
        ([(5_000, 5_000, 1), QUIET, (99, 99, 1), QUIET, QUIET, (5_000, 5_000, 1)], (2, 0)),
        # Reached in a quiet year: counts if the spell goes on, and only then.
        ([(950, 950, 1), (60, 1_010, 1), (200, 200, 1)], (1, 0)),
        ([(950, 950, 1), (60, 1_010, 1), QUIET, QUIET], (0, 0)),
        # The government joins: from that year on it is its doing.
        ([(5_000, 5_000, 2), (5_000, 5_000, 3)], (1, 1)),
    ],
)
def test_years_written_out(years: list[tuple[float, float, int]], expected: tuple[int, int]) -> None:
    assert dated(years)[-1] == expected


def test_what_was_there_at_the_start_is_no_onset_until_it_has_ended() -> None:
    years = [(5_000, 5_000, 1), (5_000, 5_000, 1), QUIET, QUIET, QUIET, (5_000, 5_000, 1)]
    assert dated(years, began=True) == [(0, 0)] * 5 + [(1, 0)]
    assert dated(years) == [(1, 0)] * 5 + [(2, 0)]


def test_a_month_that_is_not_the_last_of_a_year_dates_nothing() -> None:
    rows, p = one_state(), defaults()
    rows.group[G.calendar_deaths] = rows.group[G.calendar_peak] = 5_000.0
    before = rows.state.copy()
    for month in range(11):
        episodes(0, rows.state.shape[1], rows, p, draws_of(1, 0, month))
    assert np.array_equal(rows.state, before)


@pytest.mark.parametrize(("name", "years", "runs"), [("seminar", 20, 6), ("relapse-risk", 12, 6), ("world", 8, 1)])
def test_runs_count_the_episodes_that_the_definition_finds_on_their_panel(name: str, years: int, runs: int) -> None:
    scenario = expand(load(name))
    found, measured = [], []
    world = build(scenario, "late-response")
    from r2psim.ensemble.engine import run_months
    from r2psim.rules.month import opening

    source = Source(scenario, years=years)
    for run in range(runs):
        panel = source.panel(7, run)
        for by_state, column in ((True, S.episodes_by_state), (False, S.episodes_by_armed_groups)):
            began = [e.state for e in episodes_of_panel(panel) if e.begun and e.state_led == by_state]
            found.append(np.bincount(began, minlength=panel.states))
            rows, luck = copy_rows(world.rows), draws_of(7, run, 0)
            opening(rows, source.defaults, luck)
            run_months(rows, source.defaults, luck, 0, YEAR * years)
            measured.append(rows.state[column])
    assert np.array_equal(found, measured)
    assert np.sum(found) > 0
