"""A run in numbers and in plain sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import exp
from typing import Any

import numpy as np

from r2psim.declarations.columns import CONFLICT, PERPETRATOR, SIDES, STAGES, TRIGGERS
from r2psim.world.history import Event, History

__all__ = ["date", "percent", "story", "summarise", "tell", "weight"]


def date(month: int) -> str:
    """Name a month of a run.

    Examples
    --------
    >>> date(0), date(27)
    ('year 1, month 1', 'year 3, month 4')
    """
    return f"year {month // 12 + 1}, month {month % 12 + 1}"


def summarise(history: History) -> dict[str, Any]:
    """Give the numbers of one run.

    Returns
    -------
    dict
        ``scenario policy seed run months sha256``; ``episodes`` (that began, dated as
        the record dates them), ``atrocity_entries`` (entries of a group into stage 4), ``deaths``, ``displaced``
        and of these ``expelled`` (persons), ``expulsions`` (campaigns), ``persecuted_months`` (person-months),
        ``war_crimes``, ``displaced_women`` and ``displaced_children`` (persons),
        ``gdp_lost`` (US$, in the states' own economies), ``spent_prevention`` and
        ``spent_response`` (US$, by the bodies), ``state_months`` and ``group_months`` (by stage 0-4),
        ``conflict_months`` (by conflict state), ``triggers`` (strikes by kind), ``missions`` (months under a mandate,
        the most persons deployed at a time by kind, what peacekeepers delivered), ``states``, ``groups``.
    """
    state, group = history.state, history.group
    strikes = Counter(e.what for e in history.events if e.kind == "trigger")

    def by_code(series: np.ndarray, codes: int) -> list[int]:
        return [int(n) for n in np.bincount(series[1:].astype(int).ravel(), minlength=codes)]

    return {
        "scenario": history.scenario,
        "policy": history.policy,
        "seed": history.seed,
        "run": history.run,
        "months": history.months,
        "sha256": history.sha256,
        "episodes": int(sum(state[f"episodes_{side}"][-1].sum() for side in SIDES)),
        "atrocity_entries": int(group["atrocity_entries"][-1].sum()),
        "deaths": int(group["deaths"][-1].sum()),
        "displaced": round(float(state["displaced"][-1].sum())),
        "expelled": int(group["expelled"][-1].sum()),
        "expulsions": int(group["expulsions"][-1].sum()),
        "persecuted_months": int(group["persecuted_months"][-1].sum()),
        "war_crimes": int(state["war_crimes"][-1].sum()),
        "displaced_women": int(state["displaced_women"][-1].sum()),
        "displaced_children": int(state["displaced_children"][-1].sum()),
        "gdp_lost": round(float(state["gdp_lost"][-1].sum()), 2),
        "spent_prevention": _dollars(history.body["spent_prevention"][-1]),
        "spent_response": _dollars(history.body["spent_response"][-1]),
        "state_months": by_code(state["stage"], len(STAGES)),
        "group_months": by_code(group["stage"], len(STAGES)),
        "conflict_months": dict(zip(CONFLICT, by_code(state["conflict"], len(CONFLICT)), strict=True)),
        "triggers": {name: strikes[name] for name in TRIGGERS},
        "missions": _missions(state),
        "states": len(history.world.states),
        "groups": len(history.world.groups),
    }


def _missions(state: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Give what missions were there in a run, and what share of their effects peacekeepers delivered on average."""
    heads = {kind: state[f"mission_{kind}"] for kind in ("troops", "police", "civilians")}
    at_work = heads["troops"][1:] > 0.0
    delivered = state["peacekeepers_there"][1:][at_work]
    return {
        "months_under_mandate": int((state["mandate"][1:] > 0.0).sum()),
        "mandates_extended": int(state["extensions"][-1].sum()),
        "votes_failed": int(state["votes_failed"][-1].sum()),
        **{f"most_{kind}": round(float(there.sum(axis=1).max())) for kind, there in heads.items()},
        "delivered": round(float(delivered.mean()), 3) if delivered.size else 0.0,
    }


def _dollars(amounts: np.ndarray) -> float:
    """Add amounts of whole cents, so that the sum is the number that the ensemble's metrics have."""
    return round(float(amounts.sum()), 2)


def percent(probability: float) -> str:
    """Write a probability so that it reads well, small or large.

    Examples
    --------
    >>> percent(0.25), percent(0.0123), percent(0.00004)
    ('25 %', '1.2 %', 'less than 0.01 %')
    >>> percent(0.997), percent(1.0), percent(0.0)
    ('more than 99 %', '100 %', '0 %')
    """
    if probability == 0.0:
        return "0 %"
    if probability < 1e-4:
        return "less than 0.01 %"
    if 0.995 <= probability < 1.0:
        return "more than 99 %"
    share = 100.0 * probability
    return f"{share:.0f} %" if share >= 10.0 else f"{share:.2g} %"


def weight(effect: float) -> str:
    """Say by how much a contribution moved a hazard, from its size in the log hazard; empty where it moved nothing.

    Examples
    --------
    >>> weight(0.693147), weight(-1.0986123), weight(9.0)
    ('raised the hazard 2 times', 'lowered the hazard 3 times', 'raised the hazard more than 1,000 times')
    >>> weight(0.004), weight(-0.05), weight(0.0)
    ('raised the hazard by less than 1 %', 'lowered the hazard by 5 %', '')
    """
    factor = exp(effect)
    if factor == 1.0:
        return ""
    moved = "raised the hazard" if factor > 1.0 else "lowered the hazard"
    larger = max(factor, 1.0 / factor)
    if larger >= 1000.0:
        return f"{moved} more than 1,000 times"
    if larger >= 1.5:
        return f"{moved} {larger:.3g} times"
    share = 100.0 * abs(factor - 1.0)
    return f"{moved} by {f'{share:.0f}' if share >= 1.0 else 'less than 1'} %"


def _because(event: Event) -> str:
    """Say what weighed most, as factors of the hazard."""
    if not event.contributions:
        return "It came at its base rate."
    parts = [f"{words} ({weight(effect)})" for words, effect in event.contributions if weight(effect)]
    if not parts:
        return "It came at its base rate."
    return f"What weighed most: {', '.join(parts)}."


def _sentence(event: Event, names: dict[str, str], perpetrator: str) -> str:
    """Tell one event."""
    place, when, chance = names[event.state], date(event.month), percent(event.probability)
    likely = f"the chance of it was {chance} that month"
    if event.kind == "trigger":
        return f"{when.capitalize()}: {event.what.replace('_', ' ')} in {place}; {likely}. {_because(event)}"
    if event.kind == "conflict":
        return f"{when.capitalize()}: {place} went from {event.before} to {event.after}; {likely}. {_because(event)}"
    who = names[event.group or ""]
    told = f"{when.capitalize()}: {who} went from {event.before} to {event.after}; {likely}."
    if event.after == STAGES[4] and event.before == STAGES[2]:
        told += " It came suddenly, without a time of imminent risk."
    if event.after in STAGES[3:] and event.before in STAGES[:3]:
        told += f" Those who prepare it: {perpetrator}."
    return f"{told} {_because(event)}"


def tell(event: Event, history: History, group: str | None = None) -> str:
    """Tell one event of a run in plain sentences: what happened, how likely it was, what weighed most.

    Parameters
    ----------
    event : Event
        Of that run.
    history : History
        The run, at least to the end of the event's month.
    group : str, optional
        Group whose perpetrators are named; that of the event if not given.
    """
    names, told = history.world.names, group or event.group
    code = 0
    if told is not None:
        code = int(history.group["perpetrator"][event.month + 1, history.world.groups.index(told)])
    who = {1: "the state", 2: "armed groups", 3: "the state and armed groups"}.get(code, PERPETRATOR[code])
    return _sentence(event, names, who)


def story(history: History, group: str) -> list[str]:
    """Tell what happened to one group, in plain sentences.

    Parameters
    ----------
    history : History
        A finished run.
    group : str
        Identifier of the group, ``state/group``.

    Returns
    -------
    list of str
        One paragraph each: where it began, every event that concerns it, how it ended.

    Raises
    ------
    KeyError
        If there is no such group.
    """
    world = history.world
    if group not in world.groups:
        raise KeyError(group)
    g = world.groups.index(group)
    home = world.states[world.rows.home[g]]
    names, series = world.names, history.group
    told = [
        f"{names[group]} in {names[home]} ({group}): {percent(float(series['share'][0, g]))} of the population, "
        f"exclusion {series['exclusion'][0, g]:.2f}, grievance {series['grievance'][0, g]:.2f}; "
        f"at the start the group stood at {STAGES[int(series['stage'][0, g])]}."
    ]
    for event in history.events:
        if event.state == home and event.group in (None, group):
            told.append(tell(event, history, group))
    deaths, driven = int(series["deaths"][-1, g]), int(series["displaced"][-1, g])
    expelled, persecuted = int(series["expelled"][-1, g]), float(series["persecuted_months"][-1, g])
    told.append(
        f"After {history.months} months the group stands at {STAGES[int(series['stage'][-1, g])]}; "
        f"{deaths:,} of its members were killed and {driven:,} driven from home, {expelled:,} of them expelled; "
        f"they lived {persecuted / 12.0:,.0f} years under grave violations."
    )
    return told
