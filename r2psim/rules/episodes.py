"""Episodes of atrocity, dated as the data sets date them: by calendar years, and by perpetrator in a state."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import G, S
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import Draws
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["episodes", "year_of_groups"]

DECEMBER = 11


@by_run("rows.group")
@rule
def year_of_groups(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Note of the calendar year of groups ``first..last`` what dates an episode.

    Killed in it, the most killed in any twelve months that end in it, and whether the government had a part.
    """
    group = rows.group
    deaths_month = group[G.deaths_month, first:last]
    deaths_12 = group[G.deaths_year, first:last]
    perpetrator = group[G.perpetrator, first:last]
    killed = group[G.calendar_deaths, first:last]
    most = group[G.calendar_peak, first:last]
    by_state = group[G.calendar_by_state, first:last]
    kept = 0.0 if np.int64(draws.month) % 12 == 0 else 1.0
    for g in range(last - first):
        killed[g] = kept * killed[g] + deaths_month[g]
        before = kept * most[g]
        most[g] = deaths_12[g] if deaths_12[g] > before else before
        before = kept * by_state[g]
        before = 1.0 if perpetrator[g] == 1.0 else before
        by_state[g] = 1.0 if perpetrator[g] == 3.0 else before


@inline
def close_year(
    rows: Rows, p: np.ndarray, s: int, of_state: float, first_year: float, place: int, quiet_place: int, count: int
) -> None:
    """Date the episodes of one perpetrator in a state at a year's end: ``of_state`` 1 the government, 0 armed groups.

    ``place``, ``quiet_place`` and ``count`` are the columns of its spell, of its quiet years and of its episodes.

    A spell begins in the first year with at least so many killed and lasts until enough years in a row had fewer; it is
    an episode once the killed of any one group reach the threshold within twelve months, in a year of the spell. What
    a quiet year reaches counts when the spell goes on after it. One that was there at the start is no onset, however
    few it kills in the first year.
    """
    state = rows.state
    group = rows.group
    killed = 0.0
    reached = 0.0
    before = 0.0
    for g in range(rows.first_group[s], rows.first_group[s + 1]):
        if group[G.calendar_by_state, g] == of_state:
            killed += group[G.calendar_deaths, g]
            reached = 1.0 if group[G.calendar_peak, g] >= p[P.harm_threshold] else reached
            before = 1.0 if group[G.began_in_atrocity, g] > 0.0 else before
    spell = state[place, s]
    quiet = state[quiet_place, s] + 1.0
    spell = 0.0 if quiet > p[P.harm_quiet_years] else spell
    spell = 4.0 if first_year * before > 0.0 else spell
    if killed >= p[P.harm_quiet_deaths]:
        # 1: there, under the threshold; 2: reached in a quiet year after its last; 3: an episode; 4: no onset.
        spell = 1.0 if spell == 0.0 else spell
        begins = reached if spell == 1.0 else 0.0
        begins = 1.0 if spell == 2.0 else begins
        state[count, s] += begins
        spell = 3.0 if begins > 0.0 else spell
        quiet = 0.0
    elif spell == 1.0 and reached > 0.0:
        spell = 2.0
    state[place, s] = spell
    state[quiet_place, s] = quiet


@by_run("rows.state")
@rule
def episodes(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Date the episodes of atrocity of states ``first..last``, once a year: killing by one perpetrator in one state.

    As the record counts them (`r2psim.analysis.calibration.episodes`): a government that attacks several groups in the
    same years makes one episode, armed groups beside it make another.
    """
    month = np.int64(draws.month)
    if month % 12 == DECEMBER:
        first_year = 1.0 if month == DECEMBER else 0.0
        for s in range(first, last):
            close_year(rows, p, s, 1.0, first_year, S.spell_by_state, S.quiet_by_state, S.episodes_by_state)
            close_year(
                rows,
                p,
                s,
                0.0,
                first_year,
                S.spell_by_armed_groups,
                S.quiet_by_armed_groups,
                S.episodes_by_armed_groups,
            )
