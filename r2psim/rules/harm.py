"""Harm to a group: the killed and the displaced of the month."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import exp, larger, log, normal_quantile
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import EPISODE_INTENSITY, MONTHLY_INTENSITY, Draws, of_run, uniform
from r2psim.rules.triggers import fading
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows
from r2psim.world.tables import G

__all__ = ["harm"]


@inline
def episode_intensity(median: float, sigma: float, floor: float, u: float) -> float:
    """Killing rate of an episode at its height, persons a month: lognormal, not below the floor.

    Heavy-tailed between episodes: a few make half of all deaths (PITF and Early Warning Project data).
    """
    rate = exp(log(median) + sigma * normal_quantile(u))
    return rate if rate > floor else floor


@inline
def wave(months: float, left: float, floor: float) -> float:
    """Killing rate as a share of its height, ``months`` into the episode: it halves, down to a floor.

    ``left`` is the log of what a month leaves.
    """
    return floor + (1.0 - floor) * exp(left * months)


@inline
def rate_in_atrocity(rows: Rows, p: np.ndarray, draws: Draws, g: int, left: float) -> float:
    """Killed of the month where stage 4 has been reached, persons before rounding: the episode's rate, and luck."""
    group = rows.group
    who = rows.group_id[g]
    luck = of_run(draws, rows.group_run[g])
    if group[G.stage_before, g] != 4.0 or group[G.intensity, g] == 0.0:
        u = uniform(luck, who, EPISODE_INTENSITY)
        group[G.intensity, g] = episode_intensity(
            p[P.harm_intensity_median], p[P.harm_intensity_sigma], p[P.harm_intensity_floor], u
        )
    group[G.atrocity_entries, g] += 1.0 if group[G.stage_before, g] != 4.0 else 0.0
    noise = p[P.harm_monthly_sigma] * normal_quantile(uniform(luck, who, MONTHLY_INTENSITY))
    noise += p[P.harm_means] * group[G.at_means, g] + p[P.harm_protection] * group[G.protection, g]
    kind = group[G.perpetrator, g]
    # Peacekeepers protect from armed groups, hardly from governments (Fjelde, Hultman and Nilsson 2019).
    by_armed_groups = 1.0 if kind == 2.0 else (0.5 if kind == 3.0 else 0.0)
    noise += group[G.aid_killing, g] + by_armed_groups * group[G.aid_killing_by_armed_groups, g]
    rate: float = group[G.intensity, g] * wave(group[G.stage_months, g], left, p[P.harm_wave_floor]) * exp(noise)
    return rate


@inline
def rate_before_atrocity(rows: Rows, p: np.ndarray, draws: Draws, g: int) -> float:
    """Killed of the month in stage 3: a fraction of a person is rounded by the month's luck, not always down."""
    rate: float = p[P.harm_imminent_rate] * rows.group[G.targeting, g]
    return rate + uniform(of_run(draws, rows.group_run[g]), rows.group_id[g], MONTHLY_INTENSITY)


@inline
def strike(rows: Rows, p: np.ndarray, draws: Draws, g: int, left: float) -> None:
    """Count the killed and the displaced of the month of a group in stage 3 or 4."""
    group = rows.group
    persons = group[G.persons, g]
    in_atrocity = group[G.stage, g] == 4.0
    deaths = rate_in_atrocity(rows, p, draws, g, left) if in_atrocity else rate_before_atrocity(rows, p, draws, g)
    most = persons * p[P.harm_largest_share]
    deaths = np.floor(deaths if deaths < most else most)
    displaced = deaths * p[P.harm_displaced_per_death] * exp(group[G.aid_displacement, g])
    most = persons * p[P.harm_displaced_largest_share]
    group[G.displaced_month, g] = np.floor((displaced if displaced < most else most) * group[G.at_reach, g])
    group[G.deaths_month, g] = deaths
    group[G.persons, g] = persons - deaths


@inline
def begin_month(first: int, last: int, group: np.ndarray) -> None:
    """Begin with nobody killed or displaced, and no killing rate outside stage 4."""
    deaths_month = group[G.deaths_month, first:last]
    displaced_month = group[G.displaced_month, first:last]
    stage = group[G.stage, first:last]
    intensity = group[G.intensity, first:last]
    for i in range(last - first):
        rate = intensity[i]
        intensity[i] = 0.0 if stage[i] < 4.0 else rate
        deaths_month[i] = 0.0
        displaced_month[i] = 0.0


@inline
def add_up(first: int, last: int, group: np.ndarray, ring: np.ndarray) -> None:
    """Add the month to the totals and to the sum of twelve months: exactly, for they are whole persons."""
    deaths_month = group[G.deaths_month, first:last]
    displaced_month = group[G.displaced_month, first:last]
    deaths_year = group[G.deaths_year, first:last]
    deaths = group[G.deaths, first:last]
    displaced = group[G.displaced, first:last]
    for i in range(last - first):
        killed = deaths_month[i]
        year = deaths_year[i] + (killed - ring[i])
        deaths[i] += killed
        displaced[i] += displaced_month[i]
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


@rule
def harm(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Count the killed and the displaced of groups ``first..last``, in whole persons.

    In stage 4 the episode's killing rate, drawn at its onset, is shaped by a falling wave, the month's luck, means
    and protection, and cannot exceed a share of the group. In stage 3 killings are few and answer to targeting.
    A group crosses the threshold of the data when, in stage 4, its killed of twelve months reach it; that is over when
    stage 4 is over and they are below it again. Episodes are a state's: see `r2psim.rules.episodes`.
    """
    group = rows.group
    month = np.int64(draws.month)
    left = log(fading(p[P.harm_wave_half_life]))
    begin_month(first, last, group)
    for g in range(first, last):
        if group[G.stage, g] >= 3.0:
            strike(rows, p, draws, g, left)
    add_up(first, last, group, group[G.deaths_ring0 + month % 12, first:last])
    follow_threshold(first, last, group, p)
