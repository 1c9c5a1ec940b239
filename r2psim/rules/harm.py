"""Harm to a group: the killed and the displaced of the month."""

from __future__ import annotations

import numpy as np

from r2psim.rules.arithmetic import exp, log, normal_quantile
from r2psim.rules.compiled import inline, rule
from r2psim.rules.draws import EPISODE_INTENSITY, MONTHLY_INTENSITY, Draws, uniform
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
def remember(group: np.ndarray, g: int, month: np.int64, deaths: float) -> None:
    """Note the month's killed in the ring of twelve months and keep their sum, exactly: whole persons."""
    slot = G.deaths_ring0 + month % 12
    group[G.deaths_year, g] += deaths - group[slot, g]
    group[slot, g] = deaths


@rule
def harm(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Count the killed and the displaced of groups ``first..last``, in whole persons.

    In stage 4 the episode's killing rate, drawn at its onset, is shaped by a falling wave, the month's luck, means
    and protection, and cannot exceed a share of the group. In stage 3 killings are few and answer to targeting.
    An episode begins when, in stage 4, the killed of twelve months reach the threshold of the data; it ends when
    stage 4 is over and they are below it again. A group that starts in stage 4 had its onset before the start.
    """
    group = rows.group
    month = np.int64(draws.month)
    left = log(fading(p[P.harm_wave_half_life]))
    for g in range(first, last):
        deaths = 0.0
        displaced = 0.0
        stage = group[G.stage, g]
        if stage >= 3.0:
            persons = group[G.persons, g]
            if stage == 4.0:
                who = rows.group_id[g]
                if group[G.stage_before, g] != 4.0 or group[G.intensity, g] == 0.0:
                    u = uniform(draws, who, EPISODE_INTENSITY)
                    group[G.intensity, g] = episode_intensity(
                        p[P.harm_intensity_median], p[P.harm_intensity_sigma], p[P.harm_intensity_floor], u
                    )
                group[G.onsets, g] += 1.0 if group[G.stage_before, g] != 4.0 else 0.0
                noise = p[P.harm_monthly_sigma] * normal_quantile(uniform(draws, who, MONTHLY_INTENSITY))
                noise += p[P.harm_means] * group[G.at_means, g] + p[P.harm_protection] * group[G.protection, g]
                kind = group[G.perpetrator, g]
                # Peacekeepers protect from armed groups, hardly from governments (Fjelde, Hultman and Nilsson 2019).
                by_armed_groups = 1.0 if kind == 2.0 else (0.5 if kind == 3.0 else 0.0)
                noise += group[G.aid_killing, g] + by_armed_groups * group[G.aid_killing_by_armed_groups, g]
                deaths = group[G.intensity, g] * wave(group[G.stage_months, g], left, p[P.harm_wave_floor])
                deaths *= exp(noise)
            else:
                # Few are killed: a fraction of a person is rounded by the month's luck, not always down.
                deaths = p[P.harm_imminent_rate] * group[G.targeting, g]
                deaths += uniform(draws, rows.group_id[g], MONTHLY_INTENSITY)
            most = persons * p[P.harm_largest_share]
            deaths = np.floor(deaths if deaths < most else most)
            displaced = deaths * p[P.harm_displaced_per_death] * exp(group[G.aid_displacement, g])
            most = persons * p[P.harm_displaced_largest_share]
            displaced = np.floor((displaced if displaced < most else most) * group[G.at_reach, g])
            group[G.persons, g] = persons - deaths
        if stage < 4.0:
            group[G.intensity, g] = 0.0
        remember(group, g, month, deaths)
        group[G.deaths_month, g] = deaths
        group[G.displaced_month, g] = displaced
        group[G.deaths, g] += deaths
        group[G.displaced, g] += displaced
        reached = group[G.deaths_year, g] >= p[P.harm_threshold]
        ongoing = group[G.episode, g] > 0.0
        begins = stage == 4.0 and reached and not ongoing
        group[G.episodes, g] += 1.0 if begins else 0.0
        group[G.episode, g] = 1.0 if begins or (ongoing and (stage == 4.0 or reached)) else 0.0
