"""What is measured of a run: once at its end, year by year, and month by month where a series is asked for.

Every sum is taken in one fixed order, the one in which NumPy adds a contiguous column: the numbers are the same bits
for one run in Mesa, for the ensemble, and for whoever adds the columns up with ``column.sum()``.

One file, though long: names, units and what takes them have one order, which only holds side by side.
"""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import PR, STAGES, B, F, G, S
from r2psim.rules.compiled import inline, rule
from r2psim.world.rows import Rows

__all__ = [
    "BODY_ACCOUNTS",
    "DEPTH",
    "LEDGERS",
    "METRICS",
    "SERIES",
    "UNITS",
    "bodies_at",
    "cents_of",
    "ledgers_at",
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
    "episodes": "episodes of atrocity that begin: killing by one perpetrator in a state, at least 1,000 of a group in "
    "twelve months, dated by calendar years as the record dates them",
    "atrocity_entries": "entries of a group into stage 4, each time anew: a group whose atrocity ends can enter again",
    "deaths": "killed in attacks on groups, at stages 3 and 4 (persons)",
    "displaced": "driven from home, as members of a group or by armed conflict (persons)",
    "group_months_atrocity": "months of atrocity, summed over groups",
    "spent_prevention": "spent on prevention: forms of prevention at stages 0-2, before a crisis (US$)",
    "spent_response": "spent on response: humanitarian, peacekeeping, Pillar III, any form in a crisis (US$)",
    "response_cost": "external response: what is spent on it, and external reconstruction aid (US$)",
    "prevention_and_response": "the donors' bill: prevention and external response together (US$)",
    "response_needed": "what displaced people, people at risk, missions called for and reconstruction would take, "
    "whether or not anybody pays (US$)",
    "response_met": "of that need, what was paid for (US$)",
    "response_unmet": "of that need, what nobody paid for (US$)",
    "hosting_cost": "cost of hosting refugees in neighbouring states (US$)",
    "gdp_lost": "GDP lost, in all states (US$)",
    "total_cost": "prevention, external response, hosting and lost GDP (US$)",
    "pillar3_called": "crises that called for Pillar III: they came to stage 4",
    "pillar3_mandated": "of these, with a mandate of the Security Council",
    "pillar3_vetoed": "of these, vetoed",
    "pillar3_uncovered": "months at stage 4 in which no form that takes a mandate was at work, summed over states",
    "months_to_help": "months from the first threat in a state to the first help that works there, mean over the "
    "states that were threatened and got help; below 0 where help came first, none where nobody got any",
    "never_helped": "states that were threatened and got no help that worked",
    "warnings_true": "public warnings that an atrocity in the state followed in time",
    "warnings_near": "public warnings that imminent risk followed in time, but no atrocity",
    "warnings_false": "false alarms: public warnings that neither followed in time",
    "onsets_missed": "times that a state came to atrocity without a public warning before",
    "expelled": "of those driven from home, driven out of their homes as members of a group (persons)",
    "expulsions": "campaigns that begin and are mainly expulsion, with little killing",
    "persecuted_months": "months lived by members of groups under grave violations short of killing (person-months)",
    "war_crimes": "civilians killed unlawfully in armed conflict, outside of atrocities (persons)",
    "displaced_women": "of those driven from home, women (persons)",
    "displaced_children": "of those driven from home, children (persons)",
    "protection_needed": "months of displacement, inside a state and of refugees hosted (person-months)",
    "protection_reached": "of these, reached by forms that care for the displaced (person-months)",
    "protection_unmet": "of these, reached by none (person-months)",
}
"""What is measured of every run, with unit and meaning."""

LEDGERS: dict[str, str] = {
    "spent_prevention": "spent on prevention",
    "spent_response": "spent on response",
    "reconstruction_cost": "external reconstruction aid",
    "hosting_cost": "cost of hosting refugees",
    "gdp_lost": "GDP lost",
    "response_needed": "what response and reconstruction would take",
    "response_met": "of that need, what was paid for",
    "deaths": "killed",
    "displaced": "driven from home",
    "expelled": "of these, driven out of their homes as members of a group",
    "persecuted_months": "months lived under grave violations short of killing",
    "war_crimes": "civilians killed in armed conflict outside of atrocities",
}
"""What is added up year by year in every run."""

SERIES: dict[str, str] = {
    **{f"states_stage_{k}": f"states at stage {k}, {name}, after the month" for k, name in enumerate(STAGES)},
    **{f"groups_stage_{k}": f"groups at stage {k}, {name}, after the month" for k, name in enumerate(STAGES)},
    "states_at_war": "states at war after the month",
    "displaced_at_present": "displaced inside their state or abroad, after the month",
    "monthly_atrocity_entries": "entries of groups into stage 4 in the month",
    "monthly_deaths": "killed in the month",
    "monthly_displaced": "driven from home in the month",
    "monthly_spent_prevention": "spent on prevention in the month",
    "monthly_spent_response": "spent on response in the month",
    "monthly_gdp_lost": "GDP lost in the month, in all states",
    "monthly_response_needed": "what response and reconstruction would take in the month",
    "monthly_response_met": "of that need, what was paid for",
    "monthly_expelled": "driven out of their homes as members of a group, in the month",
    "monthly_persecuted": "members of groups under grave violations short of killing in the month",
    "monthly_war_crimes": "civilians killed in armed conflict outside of atrocities, in the month",
}
"""Monthly series that a run can keep, with their meaning."""

_MONEY = (
    *("spent_prevention", "spent_response", "response_cost", "prevention_and_response", "response_needed"),
    *("response_met", "response_unmet", "hosting_cost", "gdp_lost", "total_cost", "reconstruction_cost"),
    *("monthly_spent_prevention", "monthly_spent_response", "monthly_gdp_lost", "monthly_response_needed"),
    "monthly_response_met",
)

UNITS: dict[str, str] = {
    **dict.fromkeys(("episodes", "atrocity_entries", "monthly_atrocity_entries", "never_helped"), "1"),
    **dict.fromkeys(("pillar3_called", "pillar3_mandated", "pillar3_vetoed"), "1"),
    **dict.fromkeys(("deaths", "displaced", "monthly_deaths", "monthly_displaced"), "persons"),
    **dict.fromkeys(("warnings_true", "warnings_near", "warnings_false", "onsets_missed"), "1"),
    **dict.fromkeys(("expelled", "war_crimes", "monthly_expelled", "monthly_war_crimes"), "persons"),
    **dict.fromkeys(("displaced_women", "displaced_children", "displaced_at_present"), "persons"),
    **dict.fromkeys(("persecuted_months", "monthly_persecuted"), "person-months"),
    **dict.fromkeys(("protection_needed", "protection_reached", "protection_unmet"), "person-months"),
    "expulsions": "1",
    **dict.fromkeys(("group_months_atrocity", "months_to_help", "pillar3_uncovered"), "months"),
    **dict.fromkeys(_MONEY, "US$"),
    **{name: "1" for name in SERIES if name.startswith(("states_", "groups_"))},
}
"""Unit of every metric, ledger and series; 1 for counts."""

WAR = 3.0
STATES_AT_STAGE = 0
GROUPS_AT_STAGE = 5
STATES_AT_WAR = 10
DISPLACED_AT_PRESENT = 11
FIRST_FLOW = 12
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
    found: int = rows.runs[0]
    return found


@inline
def rows_of(block: np.ndarray, rows: Rows, beside: int) -> tuple[int, int]:
    """Give the stretch of states, groups or bodies that belongs to the run so many places beside: first, and end."""
    each = block.shape[1] // runs_in(rows)
    return each * beside, each * (beside + 1)


@rule
def cents_of(rows: Rows, beside: int, account: int) -> float:
    """Add up an account of response programmes over forms, stages and states: whole cents, exact in any order."""
    states = rows.state.shape[1]
    first, last = rows_of(rows.state, rows, beside)
    added = 0.0
    for f in range(rows.form.shape[1]):
        if rows.form[F.response, f] > 0.0:
            for k in range(5):
                held = rows.programme[account + k, f * states + first : f * states + last]
                for s in range(last - first):
                    added += held[s]
    return added


@inline
def measure_people(rows: Rows, beside: int, out: np.ndarray, work: np.ndarray) -> None:
    """Measure what else was done to people, and whom care reached: the metrics from `expelled` on."""
    state, group = rows.state, rows.group
    s0, s1 = rows_of(state, rows, beside)
    g0, g1 = rows_of(group, rows, beside)
    needed = total(state[S.protection_needed, s0:s1], work)
    reached = total(state[S.protection_reached, s0:s1], work)
    out[25] = total(group[G.expelled, g0:g1], work)
    out[26] = total(group[G.expulsions, g0:g1], work)
    out[27] = total(group[G.persecuted_months, g0:g1], work)
    out[28] = total(state[S.war_crimes, s0:s1], work)
    out[29] = total(state[S.displaced_women, s0:s1], work)
    out[30] = total(state[S.displaced_children, s0:s1], work)
    out[31] = needed
    out[32] = reached
    out[33] = needed - reached


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
    reconstruction = total(state[S.reconstruction_cost, s0:s1], work)
    needed = cents_of(rows, beside, PR.needed_0) / CENTS + reconstruction
    met = cents_of(rows, beside, PR.met_0) / CENTS + reconstruction
    hosting = total(state[S.hosting_cost, s0:s1], work)
    lost = total(state[S.gdp_lost, s0:s1], work)
    threatened = state[S.threatened, s0:s1]
    helped = state[S.helped, s0:s1]
    waited, reached, never = 0.0, 0, 0
    for s in range(len(threatened)):
        if threatened[s] > 0.0:
            if helped[s] > 0.0:
                waited += helped[s] - threatened[s]
                reached += 1
            else:
                never += 1
    by_state = total(state[S.episodes_by_state, s0:s1], work)
    out[0] = by_state + total(state[S.episodes_by_armed_groups, s0:s1], work)
    out[1] = total(group[G.atrocity_entries, g0:g1], work)
    out[2] = total(group[G.deaths, g0:g1], work)
    out[3] = total(state[S.displaced, s0:s1], work)
    out[4] = total(state[S.atrocity_months, s0:s1], work)
    out[5] = prevention
    out[6] = response
    out[7] = response + reconstruction
    out[8] = prevention + (response + reconstruction)
    out[9] = needed
    out[10] = met
    out[11] = needed - met
    out[12] = hosting
    out[13] = lost
    out[14] = prevention + (response + reconstruction) + hosting + lost
    out[15] = total(state[S.pillar3_called, s0:s1], work)
    out[16] = total(state[S.pillar3_mandated, s0:s1], work)
    out[17] = total(state[S.pillar3_vetoed, s0:s1], work)
    out[18] = total(state[S.pillar3_uncovered, s0:s1], work)
    out[19] = waited / reached if reached > 0 else np.nan
    out[20] = np.float64(never)
    out[21] = total(state[S.warnings_true, s0:s1], work)
    out[22] = total(state[S.warnings_near, s0:s1], work)
    out[23] = total(state[S.warnings_false, s0:s1], work)
    out[24] = total(state[S.onsets_missed, s0:s1], work)
    measure_people(rows, beside, out, work)


@rule
def ledgers_at(rows: Rows, beside: int, out: np.ndarray, work: np.ndarray) -> None:
    """Tell what every ledger has added up to since the start.

    Parameters
    ----------
    rows : Rows
        As a month left them.
    beside : int
        Which of the runs that lie side by side.
    out : numpy.ndarray, shape (len(LEDGERS),)
        Gets the totals, in the order and units of `LEDGERS`.
    work : numpy.ndarray, shape (DEPTH,)
        Working space.
    """
    state, body = rows.state, rows.body
    s0, s1 = rows_of(state, rows, beside)
    g0, g1 = rows_of(rows.group, rows, beside)
    b0, b1 = rows_of(body, rows, beside)
    reconstruction = total(state[S.reconstruction_cost, s0:s1], work)
    out[0] = total(body[B.spent_prevention, b0:b1], work) / CENTS
    out[1] = total(body[B.spent_response, b0:b1], work) / CENTS
    out[2] = reconstruction
    out[3] = total(state[S.hosting_cost, s0:s1], work)
    out[4] = total(state[S.gdp_lost, s0:s1], work)
    out[5] = cents_of(rows, beside, PR.needed_0) / CENTS + reconstruction
    out[6] = cents_of(rows, beside, PR.met_0) / CENTS + reconstruction
    out[7] = total(rows.group[G.deaths, g0:g1], work)
    out[8] = total(state[S.displaced, s0:s1], work)
    out[9] = total(rows.group[G.expelled, g0:g1], work)
    out[10] = total(rows.group[G.persecuted_months, g0:g1], work)
    out[11] = total(state[S.war_crimes, s0:s1], work)


BODY_ACCOUNTS: dict[str, str] = {
    "received": "received",
    "spent_prevention": "spent on prevention",
    "spent_response": "spent on response",
    "met": "of what was spent, what met a need for response",
    "returned": "returned unspent",
}
"""What is told of every body at the end of a run."""


@rule
def bodies_at(rows: Rows, beside: int, out: np.ndarray) -> None:
    """Tell what each body received, spent, and gave back since the start.

    Parameters
    ----------
    rows : Rows
        As a month left them.
    beside : int
        Which of the runs that lie side by side.
    out : numpy.ndarray, shape (bodies, len(BODY_ACCOUNTS))
        Gets US$.
    """
    body = rows.body
    first, last = rows_of(body, rows, beside)
    for b in range(first, last):
        out[b - first, 0] = body[B.received, b] / CENTS
        out[b - first, 1] = body[B.spent_prevention, b] / CENTS
        out[b - first, 2] = body[B.spent_response, b] / CENTS
        out[b - first, 3] = body[B.met, b] / CENTS
        out[b - first, 4] = body[B.returned, b] / CENTS


@inline
def held_by(rows: Rows, beside: int, column: int, f: int) -> float:
    """Add up a column of the programmes of a form over states, in US$: whole cents, exact in any order."""
    states = rows.state.shape[1]
    first, last = rows_of(rows.state, rows, beside)
    held = rows.programme[column]
    added = 0.0
    for s in range(first, last):
        added += held[f * states + s]
    return added / CENTS


@rule
def spending_at(rows: Rows, beside: int, account: int, out: np.ndarray) -> None:
    """Tell what an account of programmes holds of each form, by the stage at which its state stood.

    Parameters
    ----------
    rows : Rows
        As a month left them.
    beside : int
        Which of the runs that lie side by side.
    account : int
        Its column of stage 0: ``PR.spent_0``, ``PR.needed_0`` or ``PR.met_0``.
    out : numpy.ndarray, shape (forms, 5)
        Gets US$. Whole cents are added, so that no order of states makes a difference.
    """
    for k in range(5):
        for f in range(rows.form.shape[1]):
            out[f, k] = held_by(rows, beside, account + k, f)


@inline
def _count(column: np.ndarray, value: float) -> float:
    found = 0.0
    for i in range(len(column)):
        found += 1.0 if column[i] == value else 0.0
    return found


@inline
def people_of(rows: Rows, beside: int, place: int, work: np.ndarray) -> float:
    """Give the total since the start of a series of what was done to people; `place` counts from `FIRST_FLOW`."""
    s0, s1 = rows_of(rows.state, rows, beside)
    g0, g1 = rows_of(rows.group, rows, beside)
    if place == 0:
        return total(rows.group[G.atrocity_entries, g0:g1], work)
    if place == 1:
        return total(rows.group[G.deaths, g0:g1], work)
    if place == 2:
        return total(rows.state[S.displaced, s0:s1], work)
    if place == 8:
        return total(rows.group[G.expelled, g0:g1], work)
    if place == 9:
        return total(rows.group[G.persecuted_months, g0:g1], work)
    return total(rows.state[S.war_crimes, s0:s1], work)


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
    elif place == DISPLACED_AT_PRESENT:
        level = total(rows.state[S.displaced_inside, s0:s1], work)
        level += total(rows.state[S.displaced_abroad, s0:s1], work)
    elif place <= FIRST_FLOW + 2 or place >= FIRST_FLOW + 8:
        level = people_of(rows, beside, place - FIRST_FLOW, work)
    elif place == FIRST_FLOW + 3:
        level = total(rows.body[B.spent_prevention, b0:b1], work) / CENTS
    elif place == FIRST_FLOW + 4:
        level = total(rows.body[B.spent_response, b0:b1], work) / CENTS
    elif place == FIRST_FLOW + 5:
        level = total(rows.state[S.gdp_lost, s0:s1], work)
    else:
        level = cents_of(rows, beside, PR.needed_0 if place == FIRST_FLOW + 6 else PR.met_0) / CENTS
        level += total(rows.state[S.reconstruction_cost, s0:s1], work)
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
    spending_at(rows, 0, PR.spent_0, found)
    return found
