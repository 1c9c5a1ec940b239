"""Groups of the generated world: how many, how large, who rules, who is excluded, and at which stage they stand.

`r2psim.world.generate` says how the parts of the generator fit together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from r2psim.declarations.columns import PERPETRATOR, STATUS_EXCLUSION
from r2psim.world.declared_numbers import declared
from r2psim.world.generated_states import Nation, restraint, rounded
from r2psim.world.geography import invented
from r2psim.world.sampling import Stream, at_most, interpolate, normal, phi

__all__ = ["populate", "settle", "sized"]

_ATROCITY = 4
_EXCLUDED = ("powerless", "discriminated", "self-excluded")


def populate(nation: Nation, stream: Stream, data: dict[str, Any]) -> None:
    """Give a state its groups, and set what follows for its government where that is a perpetrator.

    Parameters
    ----------
    nation : Nation
        Its `groups`, and perhaps its commitment, are written.
    stream : Stream
        Chance for the groups of this state.
    data : dict
        Parameters of the generator.
    """
    count = _count(nation, data)
    if count == 0:
        shares, statuses = [interpolate(data["sizes"]["single"], stream())], ["irrelevant"]
    else:
        kind = _rule(stream, nation.latent, data["power"])
        shares = _shares(stream, count, kind, data["sizes"])
        statuses = _statuses(stream, kind, shares, nation.latent["discrimination"], data["status"])
    taken: set[str] = set()
    for share, status in zip(sized(shares, nation.values["population"], data), statuses, strict=True):
        name = invented(stream, data["names"], "group", taken)
        nation.groups[name.lower()] = {"name": name, "status": status, "share": share}
    settle(nation, stream, data)


def _count(nation: Nation, data: dict[str, Any]) -> int:
    """Give the number of relevant groups: most small states have none."""
    spec, people = data["groups"], data["population"]
    small = nation.values["population"] < people["bound"]
    # Large states have more groups: among those of one class the latent number lies otherwise than among all. Mean and
    # variance of the one normal variable where the other, at that correlation, lies beyond its threshold.
    rho, share = data["latent"]["lower"]["population"][0], people["small_share"]
    threshold = normal(share)
    beyond = math.exp(-0.5 * threshold * threshold) / math.sqrt(2.0 * math.pi) / (-share if small else 1.0 - share)
    spread = math.sqrt(1.0 - rho * rho * beyond * (beyond - threshold))
    u, none = phi((nation.latent["groups"] - rho * beyond) / spread), spec["at_most"][0]
    if small:
        below = spec["small_none"]
        u = none * u / below if u < below else none + (1.0 - none) * (u - below) / (1.0 - below)
    count: int = at_most(u, spec["at_most"], spec["numbers"])
    return count


def settle(nation: Nation, stream: Stream, data: dict[str, Any]) -> None:
    """Give groups of known status and share all else: exclusion, grievance, stage, threat, perpetrator.

    Parameters
    ----------
    nation : Nation
        Its `groups` hold name, status and share; the rest is added, and its commitment may fall. Its operational stage
        follows from the record and from who is discriminated against.
    stream : Stream
        Chance for the groups of this state.
    data : dict
        Parameters of the generator.
    """
    for group in nation.groups.values():
        group["exclusion"] = STATUS_EXCLUSION[group["status"]]
        group["grievance"] = _grievance(stream, nation.values, group["exclusion"], data["group"])
    discriminated = math.fsum(g["share"] for g in nation.groups.values() if g["status"] == "discriminated")
    operational = nation.record.operational_stage(discriminated, declared(data, "discriminated"))
    nation.values["operational_stage"] = float(operational)
    nation.values["opponents_share"] = data["group"]["opponents"]
    stages = _stages(stream, nation, data)
    for group, stage in zip(nation.groups.values(), stages, strict=True):
        group["stage"] = stage
        group.update(_threat(stream, nation, group["exclusion"], stage, data))
    if any(group["perpetrator"] in ("state", "both") for group in nation.groups.values()):
        nation.home["commitment"] = nation.values["commitment"]
        nation.values["commitment"] = rounded(data["group"]["commitment_perpetrator"] * nation.values["commitment"])


def sized(shares: Sequence[float], population: float, data: dict[str, Any]) -> list[float]:
    """Round shares; no group is left with hardly anybody, and all together stay below the whole.

    Parameters
    ----------
    shares : sequence of float
        Shares of the population.
    population : float
        Persons.
    data : dict
        Parameters of the generator.
    """
    smallest = max(data["sizes"]["smallest"], declared(data, "group_persons") / population)
    raised = [max(share, smallest) for share in shares]
    scale = min(1.0, declared(data, "groups_together") / math.fsum(raised))
    return [rounded(share * scale) for share in raised]


def _grievance(stream: Stream, values: dict[str, float], exclusion: float, spec: dict[str, Any]) -> float:
    """Give the grievance near the level at which the rules would hold it."""
    weight = spec["grievance"]
    level = weight["exclusion"] * exclusion + weight["inequality"] * values["horizontal_inequality"]
    level += weight["past"] * values["past_violations"] * exclusion + spec["noise"] * stream.normal()
    return rounded(min(max(level, 0.0), 1.0))


def _threat(stream: Stream, nation: Nation, exclusion: float, stage: int, data: dict[str, Any]) -> dict[str, Any]:
    """Give targeting, preparation, protection and perpetrator of a group at a stage."""
    spec, held = data["group"], restraint(nation.values, data)
    targeting = spec["targeting"] * nation.values["motive"] * (1.0 - held) * exclusion
    targeting *= declared(data, "targeting_least") + stream()
    attacked = stage == _ATROCITY
    floor = spec["targeting_floor"] if attacked else 0.0
    targeting = max(targeting, floor * (1.0 + declared(data, "floor_spread") * stream()))
    targeting = rounded(min(targeting, 1.0))
    return {
        "targeting": targeting,
        "preparation": targeting if attacked else 0.0,
        "protection": rounded(spec["protection"] * held),
        "perpetrator": _perpetrator(stream, nation.record.conflict, stage, spec["both"], data["shares"]),
    }


# -- power -------------------------------------------------------------------------------------------------------------


def _rule(stream: Stream, latent: dict[str, float], spec: dict[str, Any]) -> str:
    """Decide who rules: the more exclusion for its number of groups, the fewer."""
    own = (latent["exclusion"] - spec["groups"] * latent["groups"] - spec["mean"]) / spec["sd"]
    score = spec["fit"] * own + math.sqrt(1.0 - spec["fit"] ** 2) * stream.normal()
    kind: str = at_most(phi(score), spec["at_most"], spec["kinds"])
    return kind


def _shares(stream: Stream, count: int, kind: str, spec: dict[str, Any]) -> list[float]:
    """Divide what relevant groups have together: one part by its quantiles, the rest by log normal weights."""
    together = interpolate(spec["together"], stream())
    largest = together * max(interpolate(spec["largest"][kind], stream()), 1.0 / count)
    weights = [math.exp(spec["spread"][kind] * stream.normal()) for _ in range(count - 1)]
    total = math.fsum(weights)
    return sorted([largest, *((together - largest) * weight / total for weight in weights)], reverse=True)


def _statuses(
    stream: Stream, kind: str, shares: Sequence[float], discrimination: float, spec: dict[str, Any]
) -> list[str]:
    """Give the political status of each group, from who rules and, where power is shared, from its size."""
    ranks = spec["lead"][kind]
    upto = [math.fsum(ranks[: k + 1]) for k in range(len(ranks))]
    leader = min(at_most(stream(), upto, range(len(ranks))), len(shares) - 1)
    if shares[0] > spec["lead_below"][kind]:
        leader = 0
    alone = kind in ("monopoly", "dominant")
    statuses = []
    for rank, share in enumerate(shares):
        out, senior = stream(), stream()
        if rank == leader:
            statuses.append(kind if alone else "senior partner")
        elif alone or out < at_most(share, spec["size_below"], spec["excluded"]):
            statuses.append("powerless")
        else:
            partner = senior < at_most(share, spec["size_below"], spec["senior"])
            statuses.append("senior partner" if partner else "junior partner")
    return _discriminate(stream, statuses, discrimination, spec)


def _discriminate(stream: Stream, statuses: list[str], discrimination: float, spec: dict[str, Any]) -> list[str]:
    """Make some of the powerless groups discriminated or self-excluded ones."""
    powerless = [k for k, status in enumerate(statuses) if status == "powerless"]
    if not powerless:
        return statuses
    chosen = stream.pick(powerless)
    discriminating = phi((discrimination - spec["mean"]) / spec["sd"]) > 1.0 - spec["discriminating"]
    for k in powerless:
        u = stream()
        if discriminating and (k == chosen or u < spec["discriminated_too"]):
            statuses[k] = "discriminated"
        elif u > 1.0 - spec["self_excluded"]:
            statuses[k] = "self-excluded"
    return statuses


# -- stages ------------------------------------------------------------------------------------------------------------


def _stages(stream: Stream, nation: Nation, data: dict[str, Any]) -> list[int]:
    """Give the stage of the model that each group stands at before the world settles.

    Groups under an episode, the most excluded ones that are large enough for it, are at 4, and stay there. Of the
    others, the most exposed group of a state at operational stage 1 or more is at risk, as are all its excluded groups
    and some of the included; how far any of them has come beyond that is not known: see `r2psim.rules.settling`.
    """
    spec, noise = data["group"], declared(data, "exposure_spread")
    groups = list(nation.groups.values())
    risk = min(int(nation.values["operational_stage"]), 1)
    exposure = [group["exclusion"] + noise * stream() for group in groups]
    persons = [group["share"] * nation.values["population"] for group in groups]
    large = [k for k in range(len(groups)) if persons[k] >= spec["persons"]] or [persons.index(max(persons))]
    large.sort(key=lambda k: -exposure[k])
    first = large[0]
    stages = []
    for k, group in enumerate(groups):
        shared = stream() < spec["same_stage"]
        stages.append(risk if shared or k == first or group["status"] in _EXCLUDED else 0)
    for k in large[: nation.record.ongoing]:
        stages[k] = 4
    return stages


def _perpetrator(stream: Stream, conflict: int, stage: int, both: float, shares: dict[str, Any]) -> str:
    """Say who attacks a group at stage 4; armed groups do so only in a conflict."""
    who, too = stream(), stream()
    if stage < _ATROCITY:
        return PERPETRATOR[0]
    if conflict >= 2 and who > shares["state_led"]:
        return PERPETRATOR[2]
    return PERPETRATOR[3] if conflict >= 2 and too < both else PERPETRATOR[1]
