"""Episodes of atrocity in a panel, dated as the data sets date them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from r2psim.analysis.calibration.panel import Panel
from r2psim.scenario.parameters import PARAMETERS

__all__ = ["QUIET_DEATHS", "QUIET_YEARS", "Episode", "episodes", "ongoing_and_onsets"]

QUIET_DEATHS = PARAMETERS["harm.quiet_deaths"].default
"""Killed by one perpetrator in a state in a calendar year below which the year is quiet (Ulfelder and Valentino)."""

QUIET_YEARS = int(PARAMETERS["harm.quiet_years"].default)
"""Quiet years in a row after which an episode has ended, with the first of them (Valentino's rule, recalled)."""


class Episode(NamedTuple):
    """Killing by one perpetrator in a state, in years without a long quiet between them, which passed the threshold.

    Attributes
    ----------
    state : int
        Row.
    first, last : int
        First and last year of at least `QUIET_DEATHS` killed; years from 0.
    begun : bool
        Whether it began after the start; else it was there already.
    ended : bool
        Whether enough quiet years followed.
    deaths : float
        Killed in these years, persons.
    state_led : bool
        Whether the government is the perpetrator, alone or beside armed groups.
    by_year : tuple of float
        Killed in each year from the first to the last.
    """

    state: int
    first: int
    last: int
    begun: bool
    ended: bool
    deaths: float
    state_led: bool
    by_year: tuple[float, ...]

    @property
    def duration(self) -> int:
        """Calendar years, the first and the last included."""
        return self.last - self.first + 1


def episodes(panel: Panel) -> list[Episode]:
    """Find the episodes of a panel.

    An episode is the doing of one perpetrator in one state, as the data sets code it: a government that attacks several
    groups in the same years makes one episode, armed groups beside it make another. It begins in the first year in
    which at least 100 are killed, ends with the last one before three quiet years in a row, and counts if the killed of
    any one group reach the threshold in any twelve months. What is quiet at the end of the run for less than that may
    yet go on, and has not ended.

    Examples
    --------
    `tests/test_calibration_definitions.py` has panels of a few states with known answers.
    """
    found = []
    by_government = panel.perpetrator % 2 == 1
    for state_led in (True, False):
        own = by_government if state_led else ~by_government
        killed = np.zeros((panel.years, panel.states))
        np.add.at(killed.T, panel.home, (panel.deaths * own).T)
        reached = panel.of_states((panel.deaths_12 >= panel.threshold) & own)
        before = panel.of_states(((panel.stage_at_start == 4) & own[0])[None])[0]
        for s in np.flatnonzero(reached.any(axis=0)):
            years = np.flatnonzero(killed[:, s] >= QUIET_DEATHS)
            breaks = np.flatnonzero(np.diff(years) > QUIET_YEARS) + 1
            for spell in np.split(years, breaks):
                if len(spell) == 0:
                    continue
                first, last = int(spell[0]), int(spell[-1])
                within = slice(first, last + 1)
                if reached[within, s].any():
                    # What was there at the start goes on through quiet years as any other.
                    begun = first >= QUIET_YEARS or not before[s]
                    ended = last + QUIET_YEARS < panel.years
                    by_year = tuple(float(x) for x in killed[within, s])
                    deaths = float(killed[within, s].sum())
                    found.append(Episode(int(s), first, last, begun, ended, deaths, state_led, by_year))
    return found


def ongoing_and_onsets(panel: Panel, found: list[Episode]) -> tuple[np.ndarray, np.ndarray]:
    """Mark the state-years in which an episode goes on, and those in which one begins.

    Returns
    -------
    numpy.ndarray, bool, shape (years, states)
        An episode goes on.
    numpy.ndarray, bool, shape (years, states)
        A new one begins, whether or not another goes on.
    """
    ongoing = np.zeros((panel.years, panel.states), dtype=bool)
    onset = np.zeros_like(ongoing)
    for episode in found:
        ongoing[episode.first : episode.last + 1, episode.state] = True
        if episode.begun:
            onset[episode.first, episode.state] = True
    return ongoing, onset
