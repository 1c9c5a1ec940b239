"""Harm to a group: the killed, the expelled, the displaced and the persecuted of the month."""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import G, S
from r2psim.rules.arithmetic import exp, larger, log, normal_quantile
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import (
    CAMPAIGN_AGE,
    CAMPAIGN_KIND,
    EPISODE_INTENSITY,
    MONTHLY_INTENSITY,
    Draws,
    of_run,
    uniform,
)
from r2psim.rules.triggers import fading
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["harm"]


@inline
def episode_intensity(median: float, sigma: float, floor: float, u: float) -> float:
    """Killing rate of a campaign at its height, persons a month: lognormal, not below the floor.

    Heavy-tailed between campaigns: a few make half of all deaths (PITF and Early Warning Project data).
    """
    rate = exp(log(median) + sigma * normal_quantile(u))
    return rate if rate > floor else floor


@inline
def wave(months: float, left: float, floor: float) -> float:
    """Violence of a campaign as a share of its height, ``months`` after it: it halves, down to a floor.

    ``left`` is the log of what a month leaves.
    """
    return floor + (1.0 - floor) * exp(left * months)


@inline
def follow_campaigns(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Let campaigns grow older, and end those that have paused for as long as ends an episode of the record.

    A group that comes back to stage 4 before that is attacked by the same campaign, at the strength that is left of it.
    """
    stage = group[G.stage, first:last]
    intensity = group[G.intensity, first:last]
    campaign = group[G.campaign, first:last]
    age = group[G.campaign_months, first:last]
    lull = group[G.lull, first:last]
    most = 12.0 * p[P.harm_quiet_years]
    for i in range(last - first):
        rate = intensity[i]
        kind = campaign[i]
        older = age[i] + 1.0
        paused = lull[i] + 1.0
        paused = paused if stage[i] < 4.0 else 0.0
        ends = 0.0 if paused > most else 1.0
        ends = ends if rate > 0.0 else 0.0
        intensity[i] = rate * ends
        campaign[i] = kind * ends
        age[i] = older * ends
        lull[i] = paused * ends


@inline
def begin_campaign(rows: Rows, p: np.ndarray, draws: Draws, g: int) -> None:
    """Draw the height and the kind of a new campaign; one that was under way at the start is past its height."""
    group = rows.group
    who = rows.group_id[g]
    luck = of_run(draws, rows.group_run[g])
    entered = 1.0 if group[G.stage_before, g] != 4.0 else 0.0
    u = uniform(luck, who, EPISODE_INTENSITY)
    group[G.intensity, g] = episode_intensity(
        p[P.harm_intensity_median], p[P.harm_intensity_sigma], p[P.harm_intensity_floor], u
    )
    expels = 1.0 if uniform(luck, who, CAMPAIGN_KIND) < p[P.harm_expulsion_share] else 0.0
    group[G.campaign, g] = 1.0 + expels
    group[G.expulsions, g] += entered * expels
    age = np.floor(0.0 - p[P.harm_age_at_start] * log(1.0 - uniform(luck, who, CAMPAIGN_AGE)))
    group[G.campaign_months, g] = 0.0 if entered > 0.0 else age


@inline
def rate_in_atrocity(rows: Rows, p: np.ndarray, draws: Draws, g: int, strength: float) -> float:
    """Killed of the month where stage 4 has been reached, persons before rounding: the campaign's rate, and luck."""
    group = rows.group
    luck = of_run(draws, rows.group_run[g])
    noise = p[P.harm_monthly_sigma] * normal_quantile(uniform(luck, rows.group_id[g], MONTHLY_INTENSITY))
    noise += p[P.harm_means] * group[G.at_means, g] + p[P.harm_protection] * group[G.protection, g]
    kind = group[G.perpetrator, g]
    # Peacekeepers protect from armed groups, hardly from governments (Fjelde, Hultman and Nilsson 2019).
    by_armed_groups = 1.0 if kind == 2.0 else (0.5 if kind == 3.0 else 0.0)
    noise += group[G.aid_killing, g] + by_armed_groups * group[G.aid_killing_by_armed_groups, g]
    rate: float = group[G.intensity, g] * strength * exp(noise)
    return rate * p[P.harm_expulsion_killing] if group[G.campaign, g] == 2.0 else rate


@inline
def rate_before_atrocity(rows: Rows, p: np.ndarray, draws: Draws, g: int) -> float:
    """Killed of the month in stage 3: a fraction of a person is rounded by the month's luck, not always down."""
    rate: float = p[P.harm_imminent_rate] * rows.group[G.targeting, g]
    return rate + uniform(of_run(draws, rows.group_run[g]), rows.group_id[g], MONTHLY_INTENSITY)


@inline
def rate_of_expulsion(rows: Rows, p: np.ndarray, g: int, strength: float) -> float:
    """Share of the members at home who are driven out of their homes in the month.

    In stage 4 a campaign of expulsion does it, in stage 3 it answers to the violations against the group.
    """
    group = rows.group
    expels = p[P.harm_expulsion_rate] if group[G.campaign, g] == 2.0 else 0.0
    rate = expels * strength if group[G.stage, g] == 4.0 else p[P.harm_expulsion_imminent] * group[G.violations, g]
    if rate == 0.0:
        return 0.0
    effect = p[P.harm_means] * group[G.at_means, g] + p[P.harm_protection] * group[G.protection, g]
    rate = rate * exp(effect + group[G.aid_displacement, g])
    return rate if rate < 1.0 else 1.0


@inline
def room_for_displaced(rows: Rows, p: np.ndarray, g: int) -> float:
    """Most whom a group can lose to displacement this month: its part of the ceiling of its state.

    The ceiling is as last month left it. The parts of all groups of a state are no more than the whole: so their
    displaced add up to what the state counts.
    """
    state = rows.state
    s = rows.home[g]
    shares = 0.0
    for i in range(rows.first_group[s], rows.first_group[s + 1]):
        shares += rows.group[G.share, i]
    room = p[P.harm_displaced_most] * state[S.population, s] - (
        state[S.displaced_inside, s] + state[S.displaced_abroad, s]
    )
    room = room if room > 0.0 else 0.0
    most: float = np.floor(room * (rows.group[G.share, g] / larger(1.0, shares)))
    return most


@inline
def strike(rows: Rows, p: np.ndarray, draws: Draws, g: int, left: float) -> None:
    """Count the killed, the expelled and the displaced of the month of a group in stage 3 or 4."""
    group = rows.group
    persons = group[G.persons, g]
    in_atrocity = group[G.stage, g] == 4.0
    if in_atrocity:
        if group[G.intensity, g] == 0.0:
            begin_campaign(rows, p, draws, g)
        group[G.atrocity_entries, g] += 1.0 if group[G.stage_before, g] != 4.0 else 0.0
    # Nothing is worked out here that is multiplied by 0: most of these groups lose nobody in most months.
    strength = wave(group[G.campaign_months, g], left, p[P.harm_wave_floor]) if in_atrocity else 0.0
    deaths = rate_in_atrocity(rows, p, draws, g, strength) if in_atrocity else rate_before_atrocity(rows, p, draws, g)
    most = persons * p[P.harm_largest_share]
    deaths = np.floor(deaths if deaths < most else most)
    # Nobody is driven from home twice, nor who is dead.
    at_home = persons - deaths - group[G.away, g]
    at_home = at_home if at_home > 0.0 else 0.0
    expelled = rate_of_expulsion(rows, p, g, strength) * at_home
    if expelled > 0.0 or deaths > 0.0:
        room = room_for_displaced(rows, p, g)
        room = room if room < at_home else at_home
        expelled = np.floor(expelled if expelled < room else room)
        fled = deaths * p[P.harm_displaced_per_death] * exp(group[G.aid_displacement, g])
        most = persons * p[P.harm_displaced_largest_share]
        fled = (fled if fled < most else most) * group[G.at_reach, g]
        room = room - expelled
        group[G.displaced_month, g] = expelled + np.floor(fled if fled < room else room)
        group[G.expelled_month, g] = expelled
    group[G.deaths_month, g] = deaths
    group[G.persons, g] = persons - deaths


@by_run("rows.group")
@inline
def strike_all(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Count the same of all groups in stage 3 or 4."""
    left = log(fading(p[P.harm_wave_half_life]))
    for g in range(first, last):
        if rows.group[G.stage, g] >= 3.0:
            strike(rows, p, draws, g, left)


@inline
def begin_month(first: int, last: int, group: np.ndarray) -> None:
    """Begin with nobody killed or displaced."""
    deaths_month = group[G.deaths_month, first:last]
    displaced_month = group[G.displaced_month, first:last]
    expelled_month = group[G.expelled_month, first:last]
    for i in range(last - first):
        deaths_month[i] = 0.0
        displaced_month[i] = 0.0
        expelled_month[i] = 0.0


@inline
def persecute(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Count the members of each group who live under grave violations short of killing: as many as these reach."""
    persons = group[G.persons, first:last]
    violations = group[G.violations, first:last]
    month = group[G.persecuted_month, first:last]
    months = group[G.persecuted_months, first:last]
    grave = p[P.harm_grave_violations]
    for i in range(last - first):
        extent = violations[i]
        extent = extent if extent > grave else 0.0
        reached = np.floor(persons[i] * extent)
        month[i] = reached
        months[i] += reached


@inline
def add_up(first: int, last: int, group: np.ndarray, ring: np.ndarray) -> None:
    """Add the month to the totals and to the sum of twelve months: exactly, for they are whole persons."""
    deaths_month = group[G.deaths_month, first:last]
    displaced_month = group[G.displaced_month, first:last]
    expelled_month = group[G.expelled_month, first:last]
    deaths_year = group[G.deaths_year, first:last]
    deaths = group[G.deaths, first:last]
    displaced = group[G.displaced, first:last]
    expelled = group[G.expelled, first:last]
    for i in range(last - first):
        killed = deaths_month[i]
        year = deaths_year[i] + (killed - ring[i])
        deaths[i] += killed
        displaced[i] += displaced_month[i]
        expelled[i] += expelled_month[i]
        deaths_year[i] = year
        ring[i] = killed


@inline
def follow_threshold(first: int, last: int, group: np.ndarray, p: np.ndarray) -> None:
    """Note of each group since when its killed are above the threshold of the data."""
    stage = group[G.stage, first:last]
    deaths_year = group[G.deaths_year, first:last]
    crossings = group[G.crossings, first:last]
    crossed = group[G.crossed, first:last]
    threshold = p[P.harm_threshold]
    for i in range(last - first):
        in_atrocity = 1.0 if stage[i] == 4.0 else 0.0
        reached = 1.0 if deaths_year[i] >= threshold else 0.0
        ongoing = 1.0 if crossed[i] > 0.0 else 0.0
        begins = in_atrocity * reached * (1.0 - ongoing)
        crossings[i] += begins
        crossed[i] = begins + ongoing * larger(in_atrocity, reached)


@by_run("rows.group")
@rule
def harm(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Count the killed, the expelled, the displaced and the persecuted of groups ``first..last``, in whole persons.

    In stage 4 a campaign of mainly killing or mainly expulsion, its height and kind drawn at its onset, is shaped by a
    falling wave, the month's luck, means and protection, and cannot kill more than a share of the group. A group that
    falls below stage 4 and comes back before an episode of the record would be over meets the same campaign. In stage
    3 killings are few and answer to targeting, expulsions to violations.
    A group crosses the threshold of the data when, in stage 4, its killed of twelve months reach it; that is over when
    stage 4 is over and they are below it again. Episodes are a state's: see `r2psim.rules.episodes`.
    """
    group = rows.group
    month = np.int64(draws.month)
    follow_campaigns(first, last, group, p)
    begin_month(first, last, group)
    strike_all(first, last, rows, p, draws)
    persecute(first, last, group, p)
    add_up(first, last, group, group[G.deaths_ring0 + month % 12, first:last])
    follow_threshold(first, last, group, p)
