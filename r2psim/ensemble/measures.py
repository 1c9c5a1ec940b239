"""What is measured of a run: once at its end, year by year, and month by month where a series is asked for.

Every sum is taken in one fixed order, the one in which NumPy adds a contiguous column: the numbers are the same bits
for one run in Mesa, for the ensemble, and for whoever adds the columns up with ``column.sum()``.
"""

from __future__ import annotations

import numpy as np

from r2psim.rules.compiled import inline, rule
from r2psim.world.rows import Rows
from r2psim.world.tables import PR, STAGES, B, G, S

__all__ = [
    "DEPTH",
    "METRICS",
    "SERIES",
    "UNITS",
    "level_of",
    "measure",
    "metrics_of",
    "rows_of",
    "runs_in",
    "spending_at",
    "spending_of",
    "total",
]

CENTS = 100.0

METRICS: dict[str, str] = {
    "onsets": "onsets of atrocity: entries of a group into stage 4",
    "episodes": "episodes of atrocity: at least 1,000 killed in twelve months",
    "deaths": "killed (persons)",
    "displaced": "driven from home (persons)",
    "group_months_atrocity": "months of atrocity, summed over groups",
    "spent_prevention": "spent on prevention: forms of prevention at stages 0-2, before a crisis (US$)",
    "spent_response": "spent on response: humanitarian, peacekeeping, Pillar III, any form in a crisis (US$)",
    "response_cost": "external response: what is spent on it, and external reconstruction aid (US$)",
    "hosting_cost": "cost of hosting refugees in neighbouring states (US$)",
    "gdp_lost": "GDP lost, in all states (US$)",
    "total_cost": "prevention, external response, hosting and lost GDP (US$)",
    "months_to_help": "months from the first threat to the first help that works, mean over threatened states; "
    "below 0 where help came first, to the end of the run where none came",
}
"""What is measured of every run, with unit and meaning."""

SERIES: dict[str, str] = {
    **{f"states_stage_{k}": f"states at stage {k}, {name}, after the month" for k, name in enumerate(STAGES)},
    **{f"groups_stage_{k}": f"groups at stage {k}, {name}, after the month" for k, name in enumerate(STAGES)},
    "states_at_war": "states at war after the month",
    "monthly_onsets": "onsets of atrocity in the month",
    "monthly_deaths": "killed in the month",
    "monthly_displaced": "driven from home in the month",
    "monthly_spent_prevention": "spent on prevention in the month",
    "monthly_spent_response": "spent on response in the month",
    "monthly_gdp_lost": "GDP lost in the month, in all states",
}
"""Monthly series that a run can keep, with their meaning."""

UNITS: dict[str, str] = {
    **dict.fromkeys(("onsets", "episodes", "monthly_onsets"), "1"),
    **dict.fromkeys(("deaths", "displaced", "monthly_deaths", "monthly_displaced"), "persons"),
    **dict.fromkeys(("group_months_atrocity", "months_to_help"), "months"),
    **dict.fromkeys(("spent_prevention", "spent_response", "response_cost", "hosting_cost"), "US$"),
    **dict.fromkeys(("gdp_lost", "total_cost", "monthly_gdp_lost"), "US$"),
    **dict.fromkeys(("monthly_spent_prevention", "monthly_spent_response"), "US$"),
    **{name: "1" for name in SERIES if name.startswith(("states_", "groups_"))},
}
"""Unit of every metric and series; 1 for counts."""

WAR = 3.0
STATES_AT_STAGE = 0
GROUPS_AT_STAGE = 5
STATES_AT_WAR = 10
FIRST_FLOW = 11
"""From this place of `SERIES` on, a series is what was added in the month to a total since the start."""

BLOCK = 128
DEPTH = 64
"""Working space of a sum: more than the number of times that any column can be halved."""


@rule
def _block(column: np.ndarray, first: int, count: int) -> float:
    """Add up to 128 numbers of a column from ``first`` on, with eight running sums."""
    added: float = 0.0
    if count < 8:
        for i in range(first, first + count):
            added += column[i]
        return added
    a, b, c, d = column[first], column[first + 1], column[first + 2], column[first + 3]
    e, f, g, h = column[first + 4], column[first + 5], column[first + 6], column[first + 7]
    whole = count - count % 8
    for i in range(first + 8, first + whole, 8):
        a += column[i]
        b += column[i + 1]
        c += column[i + 2]
        d += column[i + 3]
        e += column[i + 4]
        f += column[i + 5]
        g += column[i + 6]
        h += column[i + 7]
    added += ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(first + whole, first + count):
        added += column[i]
    return added


@inline
def _half(count: int) -> int:
    half = count // 2
    return half - half % 8


@rule
def total(column: np.ndarray, work: np.ndarray) -> float:
    """Add a contiguous column in the order in which NumPy adds it: pairwise, down to blocks of at most 128.

    Parameters
    ----------
    column : numpy.ndarray
        Numbers to add.
    work : numpy.ndarray, shape (DEPTH,)
        Working space.
    """
    depth, largest = 0, len(column)
    while largest > BLOCK:
        largest -= _half(largest)
        depth += 1
    # A function that calls itself cannot be kept on disk: the tree is walked down to each leaf instead, and the sums
    # are put together as a binary counter carries. Where a branch ends early, its other half is empty and adds 0.
    for leaf in range(1 << depth):
        first, count = 0, len(column)
        for level in range(depth - 1, -1, -1):
            left = _half(count) if count > BLOCK else count
            if (leaf >> level) & 1:
                first += left
                count -= left
            else:
                count = left
        added = _block(column, first, count)
        place, carry = 0, leaf
        while carry & 1:
            added = work[place] + added
            carry >>= 1
            place += 1
        work[place] = added
    found: float = work[depth]
    return found


@inline
def runs_in(rows: Rows) -> int:
    """Count the runs that lie side by side (`r2psim.world.rows.side_by_side`)."""
    return int(rows.state_run[len(rows.state_run) - 1]) + 1


@inline
def rows_of(block: np.ndarray, rows: Rows, beside: int) -> tuple[int, int]:
    """Give the stretch of states, groups or bodies that belongs to the run so many places beside: first, and end."""
    each = block.shape[1] // runs_in(rows)
    return each * beside, each * (beside + 1)


@rule
def measure(rows: Rows, beside: int, months: int, out: np.ndarray, work: np.ndarray) -> None:
    """Measure a finished run.

    Parameters
    ----------
    rows : Rows
        As the last month left them.
    beside : int
        Which of the runs that lie side by side.
    months : int
        Length of the run.
    out : numpy.ndarray, shape (len(METRICS),)
        Gets the metrics, in the order of `METRICS`.
    work : numpy.ndarray, shape (DEPTH,)
        Working space.
    """
    state, group, body = rows.state, rows.group, rows.body
    s0, s1 = rows_of(state, rows, beside)
    g0, g1 = rows_of(group, rows, beside)
    b0, b1 = rows_of(body, rows, beside)
    prevention = total(body[B.spent_prevention, b0:b1], work) / CENTS
    response = total(body[B.spent_response, b0:b1], work) / CENTS
    external = response + total(state[S.reconstruction_cost, s0:s1], work)
    hosting = total(state[S.hosting_cost, s0:s1], work)
    lost = total(state[S.gdp_lost, s0:s1], work)
    threatened = state[S.threatened, s0:s1]
    helped = state[S.helped, s0:s1]
    waited, states = 0.0, 0
    for s in range(len(threatened)):
        if threatened[s] > 0.0:
            waited += (helped[s] if helped[s] > 0.0 else months + 1.0) - threatened[s]
            states += 1
    out[0] = total(group[G.onsets, g0:g1], work)
    out[1] = total(group[G.episodes, g0:g1], work)
    out[2] = total(group[G.deaths, g0:g1], work)
    out[3] = total(state[S.displaced, s0:s1], work)
    out[4] = total(state[S.atrocity_months, s0:s1], work)
    out[5] = prevention
    out[6] = response
    out[7] = external
    out[8] = hosting
    out[9] = lost
    out[10] = prevention + external + hosting + lost
    out[11] = waited / states if states > 0 else np.nan


@rule
def spending_at(rows: Rows, beside: int, out: np.ndarray) -> None:
    """Tell what was spent so far on each form while its state stood at each stage.

    Parameters
    ----------
    rows : Rows
        As a month left them.
    beside : int
        Which of the runs that lie side by side.
    out : numpy.ndarray, shape (forms, 5)
        Gets US$. Whole cents are added, so that no order of states makes a difference.
    """
    states, forms = rows.state.shape[1], rows.form.shape[1]
    first, last = rows_of(rows.state, rows, beside)
    for k in range(5):
        spent = rows.programme[PR.spent_0 + k]
        for f in range(forms):
            added = 0.0
            for s in range(first, last):
                added += spent[f * states + s]
            out[f, k] = added / CENTS


@inline
def _count(column: np.ndarray, value: float) -> float:
    found = 0.0
    for i in range(len(column)):
        found += 1.0 if column[i] == value else 0.0
    return found


@rule
def level_of(rows: Rows, beside: int, place: int, work: np.ndarray) -> float:
    """Give the present level of a series: a count, or from `FIRST_FLOW` on a total since the start.

    Parameters
    ----------
    rows : Rows
        As a month left them.
    beside : int
        Which of the runs that lie side by side.
    place : int
        Place of the series in `SERIES`.
    work : numpy.ndarray, shape (DEPTH,)
        Working space.
    """
    s0, s1 = rows_of(rows.state, rows, beside)
    g0, g1 = rows_of(rows.group, rows, beside)
    b0, b1 = rows_of(rows.body, rows, beside)
    if place < GROUPS_AT_STAGE:
        level = _count(rows.state[S.stage, s0:s1], float(place - STATES_AT_STAGE))
    elif place < STATES_AT_WAR:
        level = _count(rows.group[G.stage, g0:g1], float(place - GROUPS_AT_STAGE))
    elif place == STATES_AT_WAR:
        level = _count(rows.state[S.conflict, s0:s1], WAR)
    elif place == FIRST_FLOW:
        level = total(rows.group[G.onsets, g0:g1], work)
    elif place == FIRST_FLOW + 1:
        level = total(rows.group[G.deaths, g0:g1], work)
    elif place == FIRST_FLOW + 2:
        level = total(rows.state[S.displaced, s0:s1], work)
    elif place == FIRST_FLOW + 3:
        level = total(rows.body[B.spent_prevention, b0:b1], work) / CENTS
    elif place == FIRST_FLOW + 4:
        level = total(rows.body[B.spent_response, b0:b1], work) / CENTS
    else:
        level = total(rows.state[S.gdp_lost, s0:s1], work)
    return level


def metrics_of(rows: Rows, months: int) -> np.ndarray:
    """Measure a finished run.

    Parameters
    ----------
    rows : Rows
        As the last month left them.
    months : int
        Length of the run.

    Returns
    -------
    numpy.ndarray, shape (len(METRICS),)
        In the order of `METRICS`.
    """
    found = np.empty(len(METRICS))
    measure(rows, 0, months, found, np.empty(DEPTH))
    return found


def spending_of(rows: Rows) -> np.ndarray:
    """Give what was spent on each form while its state stood at each stage.

    Returns
    -------
    numpy.ndarray, shape (forms, 5), US$
    """
    found = np.empty((rows.form.shape[1], 5))
    spending_at(rows, 0, found)
    return found
