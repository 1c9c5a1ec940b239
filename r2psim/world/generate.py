"""A whole invented world, drawn from the distributions of the real one of 2014.

No state, group or regional organisation is real, and no row of a data file is copied: what the generator holds are
parameters of fitted distributions, in ``generator.toml``, each with its unit, evidence label and source.

A state
    Sixteen latent variables (groups, income, freedom of discussion, population, infant mortality, ...) are standard
    normal with the correlations measured over 166 states: a Gaussian copula. Of income and freedom of discussion, the
    part that the latents before them leave unexplained lies around a mean of the region: that keeps the correlations
    and makes neighbours alike. Each latent becomes a variable through a fitted marginal: quantiles, a log normal with a
    log uniform lower end (population), or a threshold (war, coup, past mass killing, ...). Scores that nobody measures,
    such as most inhibitors, are weighted sums of latents and noise: assumptions.
Its groups
    Their number follows from a latent, who rules (shared power, monopoly, dominance) from the latent exclusion. Sizes
    are log normal weights, status goes by rank and size as in the Ethnic Power Relations data, exclusion by status.
Its start
    The record of 2014 gives a state its operational stage, by the definition behind the targets of calibration. An
    episode under way is a group at stage 4 of the model with a perpetrator; the others stand at risk at most, before
    each run lets them settle (`r2psim.rules.settling`): what the record calls stage 3, war or a crisis with killings,
    is not what the model calls imminent risk.
Its mission
    In some of the states in or after a conflict peacekeepers stand at the start: the likelier, the weaker the state.
Its place
    Regions are discs in which states lie evenly, some are islands off their coast. States that no third one stands
    between share a border, and over a share of the borders two groups are kin. Organisations take in the states that
    lie near an anchor of theirs.

Every state draws from streams of its own: one state more changes no other state's attributes, groups and names, only
who its neighbours, kin and fellow members are. Numbers are rounded to four significant digits, so that the last bits
in which machines differ do not show.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from r2psim.declarations.columns import CONFLICT
from r2psim.world.declared_numbers import declared
from r2psim.world.generated_groups import populate
from r2psim.world.generated_states import Nation, nations, rounded
from r2psim.world.geography import SCALE, Point, Region, borders, places
from r2psim.world.sampling import Stream

__all__ = ["GENERATOR", "Spec", "common_bodies", "generate", "generator_data", "state_entry", "veto_of"]

GENERATOR = "world-2014"
"""Name of this generator in scenario files."""

_REGIONS, _STATES, _GROUPS, _PLACES, _KIN, _BODIES, _MEMBERS = range(1, 8)  # purposes of streams
_MISSIONS = 19  # 16 to 18 are those of the importer; add at the end

Table = dict[str, Any]
Pair = tuple[int, int]


class Spec(Protocol):
    """What is asked of the generator, such as `r2psim.scenario.specs.GenerateSpec`."""

    @property
    def generator(self) -> str:
        """Name of the generator."""

    @property
    def seed(self) -> int:
        """Seed of all draws."""

    @property
    def states(self) -> int:
        """Number of states."""


def generate(spec: Spec) -> Table:
    """Draw a world.

    Parameters
    ----------
    spec : Spec
        ``generator`` must be ``world-2014``; ``seed`` lies in 0 to 2**63 - 1; ``states`` is at least 1.

    Returns
    -------
    dict
        Tables ``states`` and ``bodies`` of a scenario file, every entry complete and valid.

    Raises
    ------
    ValueError
        If the generator is unknown, or the seed or the number of states out of range.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> world = generate(SimpleNamespace(generator="world-2014", seed=1, states=3))
    >>> len(world["states"])
    3
    """
    if spec.generator != GENERATOR:
        raise ValueError(f"no generator is called {spec.generator!r}; there is {GENERATOR!r}")
    if not 0 <= spec.seed < 2**63 or spec.states < 1:
        raise ValueError(f"seed {spec.seed} must lie in 0 to 2**63 - 1, and states {spec.states} be at least 1")
    data, seed = generator_data(), spec.seed
    regions = Region.all_of(seed, _REGIONS, data)
    all_nations = list(nations(seed, _STATES, spec.states, regions, data))
    for index, nation in enumerate(all_nations):
        populate(nation, Stream(seed, _GROUPS, index), data)
        nation.values["mission"] = _mission(Stream(seed, _MISSIONS, index), nation, data)
    # Permanent members are among the largest economies (table `veto`).
    largest = sorted(all_nations, key=lambda nation: -nation.values["gdp"])[: data["veto"]["permanent"]]
    for nation in all_nations:
        nation.values["permanent_member"] = float(any(nation is one for one in largest))
    points = places(regions, [n.region for n in all_nations], [n.island for n in all_nations], seed, _PLACES, data)
    pairs = _borders(all_nations, regions, points, data["map"])
    return {
        "states": _states(seed, all_nations, regions, points, pairs, data),
        "bodies": _organisations(seed, all_nations, regions, points, data) | common_bodies(all_nations, data),
    }


@cache
def generator_data() -> Table:
    """Give what the generator draws from, as in ``generator.toml``."""
    with Path(__file__).with_name("generator.toml").open("rb") as file:
        return tomllib.load(file)


# -- states ------------------------------------------------------------------------------------------------------------


def _borders(
    all_nations: Sequence[Nation], regions: Sequence[Region], points: Sequence[Point], spec: Table
) -> list[Pair]:
    """Give the borders between states that are no islands, by their numbers."""
    land = [k for k, nation in enumerate(all_nations) if not nation.island]
    if not land:
        return []
    area = math.fsum(math.pi * region.radius**2 for region in regions)
    longest = spec["longest"] * math.sqrt(area / len(land)) * SCALE
    pull = [spec["pull"] * all_nations[k].latent["population"] for k in land]
    found = borders([points[k] for k in land], pull, round(spec["borders"] * len(land)), longest)
    return [(land[a], land[b]) for a, b in found]


def veto_of(gdp: float, spec: Table) -> float:
    """Give the probability that collective response is blocked: larger economies are better shielded.

    Parameters
    ----------
    gdp : float
        US$ a year.
    spec : dict
        Table ``veto`` of the generator.
    """
    found: float = next(value for above, value in zip(spec["above"], spec["values"], strict=True) if gdp >= above)
    return found


def _mission(stream: Stream, nation: Nation, data: Table) -> float:
    """Give the strength of the mission that stands in a state at the start, 0 where none does."""
    spec = data["missions"]
    chance: float = spec["chance"][nation.record.conflict]
    chance *= (1.0 - nation.values["capacity"]) * (1.0 - veto_of(nation.values["gdp"], data["veto"]))
    low, high = spec["strength"]
    stands = stream() < chance
    return rounded(low + (high - low) * stream()) if stands else 0.0


def _states(
    seed: int,
    all_nations: Sequence[Nation],
    regions: Sequence[Region],
    points: Sequence[Point],
    pairs: Sequence[Pair],
    data: Table,
) -> Table:
    """Give the table of states."""
    near: list[list[str]] = [[] for _ in all_nations]
    kin: dict[str, list[str]] = {}
    for a, b in pairs:
        near[a].append(all_nations[b].id)
        near[b].append(all_nations[a].id)
        stream = Stream(seed, _KIN, a << 16 | b)
        if stream() < data["map"]["kin"]:
            one, other = (f"{all_nations[k].id}/{stream.pick(list(all_nations[k].groups))}" for k in (a, b))
            kin.setdefault(one, []).append(other)
            kin.setdefault(other, []).append(one)
    return {
        nation.id: state_entry(
            nation,
            regions[nation.region].name,
            near[k],
            kin,
            veto_of(nation.values["gdp"], data["veto"]),
            (points[k][0] / SCALE, points[k][1] / SCALE),
        )
        for k, nation in enumerate(all_nations)
    }


def state_entry(
    nation: Nation,
    region: str,
    neighbours: list[str],
    kin: dict[str, list[str]],
    veto: float,
    place: tuple[float, float],
) -> Table:
    """Give a state as a scenario file holds it.

    Parameters
    ----------
    nation : Nation
        With its groups.
    region : str
        Name of its region.
    neighbours : list of str
        Ids of its neighbours.
    kin : dict of str to list of str
        Full id of a group -> full ids of its kin.
    veto : float
        Probability that collective response is blocked, 0-1.
    place : (float, float)
        Place on the map, 0-1.
    """
    return {
        "name": nation.name,
        "region": region,
        "neighbours": neighbours,
        **nation.values,
        "veto": veto,
        "conflict": CONFLICT[nation.record.conflict],
        "x": place[0],
        "y": place[1],
        "home": nation.home,
        "groups": {key: group | {"kin": kin.get(f"{nation.id}/{key}", [])} for key, group in nation.groups.items()},
    }


# -- bodies ------------------------------------------------------------------------------------------------------------


def _organisations(
    seed: int, all_nations: Sequence[Nation], regions: Sequence[Region], points: Sequence[Point], data: Table
) -> Table:
    """Give the regional organisations: a union a region, communities within it, forums across two regions."""
    spec = data["organisations"]
    bodies: Table = {}
    at_home: list[list[int]] = [[] for _ in regions]
    for k, nation in enumerate(all_nations):
        at_home[nation.region].append(k)
    for number, (region, home) in enumerate(zip(regions, at_home, strict=True)):
        stream = Stream(seed, _BODIES, number)
        members = [k for k in home if Stream(seed, _MEMBERS, k)() < spec["union_share"]]
        _found(bodies, stream, spec["union_name"].format(region=region.name), members, all_nations, spec)
        if len(home) < spec["community_of"]:
            continue
        count = round(len(home) / spec["community_of"])
        turn = stream()
        for which in range(count):
            angle = 2.0 * math.pi * (turn + which / count)
            x, y = region.x + region.radius * math.cos(angle), region.y + region.radius * math.sin(angle)
            members = _nearest(home, points, (x, y), round(spec["community_share"] * len(home)))
            side = _side(math.cos(angle), math.sin(angle))
            kind = spec["community_names"][which % len(spec["community_names"])]
            _found(bodies, stream, kind.format(side=side, region=region.name), members, all_nations, spec)
    for number, (a, b) in enumerate(spec["forums"]):
        shore = ((regions[a].x + regions[b].x) / 2.0, (regions[a].y + regions[b].y) / 2.0)
        both = [_nearest(at_home[k], points, shore, round(spec["forum_share"] * len(at_home[k]))) for k in (a, b)]
        name = spec["forum_name"].format(region=regions[a].name, other=regions[b].name)
        if all(both):
            _found(bodies, Stream(seed, _BODIES, 64 + number), name, sorted(both[0] + both[1]), all_nations, spec)
    return bodies


def _nearest(states: Sequence[int], points: Sequence[Point], place: tuple[float, float], count: int) -> list[int]:
    x, y = round(place[0] * SCALE), round(place[1] * SCALE)
    ranked = sorted(states, key=lambda k: ((points[k][0] - x) ** 2 + (points[k][1] - y) ** 2, k))
    return sorted(ranked[:count])


def _side(east: float, north: float) -> str:
    if abs(east) > abs(north):
        return "Eastern" if east > 0 else "Western"
    return "Northern" if north > 0 else "Southern"


def _found(
    bodies: Table, stream: Stream, name: str, members: Sequence[int], all_nations: Sequence[Nation], spec: Table
) -> None:
    """Add a regional organisation, if it has two members or more and no namesake."""
    key = name.lower().replace(" ", "-")
    budget = spec["budget"] * len(members) * math.exp(spec["budget_sd"] * stream.normal())
    drawn = {column: low + (high - low) * stream() for column, (low, high) in spec["columns"].items()}
    months = {column: float(round(drawn[column])) for column in ("decision_delay", "rhythm")}
    if len(members) > 1 and key not in bodies:
        bodies[key] = {
            "name": name,
            "kind": "regional organisation",
            # Unions of whole regions can deploy forces; communities and forums within and across them cannot.
            "mandates": ["regional", "regional-military"] if name.endswith("Union") else ["regional"],
            "members": [all_nations[k].id for k in members],
            "budget": rounded(budget),
            **{column: rounded(value) for column, value in drawn.items()},
            **months,
            "carry_over": 0.0,
            "attention": 0.0,
        }


def common_bodies(all_nations: Sequence[Nation], data: Table) -> Table:
    """Give the UN bodies and partners, with the budgets of the world scaled to the number of states.

    Parameters
    ----------
    all_nations : sequence of Nation
        The states.
    data : dict
        Parameters of the generator.
    """
    bodies: Table = {}
    part = len(all_nations) / declared(data, "world")
    for row in data["bodies"]:
        members: str | list[str] = "all"
        if "members" in row:
            # The more open, the sooner; ties of the sort are broken by the order of the states.
            openness = sorted(all_nations, key=lambda nation: -nation.values["regime"])
            chosen = {nation.id for nation in openness[: max(1, round(row["members"] * len(all_nations)))]}
            # Those who formed a network help others, not one another.
            helps = not row.get("others", False)
            members = [nation.id for nation in all_nations if (nation.id in chosen) == helps]
        bodies[row["id"]] = {
            "name": row["name"],
            "kind": row["kind"],
            "mandates": list(row["mandates"]),
            "members": members,
            "budget": rounded(row["budget"] * part),
            "carry_over": 0.0,
            "attention": 0.0,
            **{column: float(value) for column, value in row["columns"].items()},
        }
    return bodies
