"""Invented states of the generated world: latent variables, attributes, the record of what happened there lately.

`r2psim.world.generate` says how the parts of the generator fit together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from r2psim.declarations.columns import CONFLICT, STATE
from r2psim.world.declared_numbers import declared
from r2psim.world.geography import Region, invented
from r2psim.world.sampling import Stream, at_most, interpolate, normal, phi, spread

__all__ = ["Copula", "Nation", "Record", "nations", "restraint", "rounded", "starts"]


def rounded(value: float) -> float:
    """Round to four significant digits.

    Examples
    --------
    >>> rounded(0.123456), rounded(123456.0)
    (0.1235, 123500.0)
    """
    return float(f"{value:.4g}")


@dataclass(frozen=True, slots=True)
class Record:
    """What a state's operational stage of 2014 follows from (the sources of generator.toml.4).

    It is a scale of the record's own: stage 3 is war, or a crisis with killings, and was followed by an onset in one
    year of twenty-six. The model's stage 3, imminent risk, is another thing: at which stage of the model a group starts
    does not follow from it.

    Attributes
    ----------
    conflict : int
        Code of the conflict state.
    coup_recent, coup : bool
        Coup attempt within two years, within five.
    ever, killing, ban : bool
        A mass killing since 1945; political killings with the leaders' approval; parties partly banned.
    ongoing : int
        Mass killings under way.
    known : int or None
        The operational stage 0-3 itself, where a data file gives it.
    """

    conflict: int
    coup_recent: bool
    coup: bool
    ever: bool
    killing: bool
    ban: bool
    ongoing: int
    known: int | None = None

    def operational_stage(self, discriminated: float, much: float) -> int:
        """Give the operational stage of the state: 4 under an episode, else 0-3.

        Parameters
        ----------
        discriminated : float
            Share of the population that is discriminated against.
        much : float
            Share above which that makes a risk by itself.
        """
        if self.ongoing:
            return 4
        if self.known is not None:
            return self.known
        if self.conflict == 3 or (self.killing and (self.conflict == 2 or self.coup_recent)):
            return 3
        if self.conflict == 2 or self.coup_recent:
            return 2
        return int(self.killing or discriminated > much or self.ever or self.coup or self.ban)


@dataclass(slots=True)
class Nation:
    """A state as drawn, before it has groups, a place and neighbours.

    Attributes
    ----------
    id, name : str
        Identifier, name shown.
    region : int
        Number of its region.
    island : bool
        Whether it has no land border.
    latent : dict of str to float
        Latent variables, standard normal over all states.
    record : Record
        What happened there lately.
    values : dict of str to float
        Starts of columns; `conflict` is left to `record`.
    home : dict of str to float
        Levels that columns return to, where they differ from the start.
    groups : dict of str to dict
        Entries of its groups, by id.
    """

    id: str
    name: str
    region: int
    island: bool
    latent: dict[str, float]
    record: Record
    values: dict[str, float]
    home: dict[str, float]
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Copula:
    """The latent variables, made ready to draw from.

    Attributes
    ----------
    names : tuple of str
        Latents, in the order in which they are drawn.
    factor : list of list of float
        Lower triangle L; L times its transpose are the correlations.
    scales : dict of str to float
        For each column, the standard deviation of the weighted sum of latents behind it.
    """

    names: tuple[str, ...]
    factor: list[list[float]]
    scales: dict[str, float]

    @classmethod
    def of(cls, data: dict[str, Any]) -> Copula:
        """Factor the correlations of ``generator.toml``."""
        rows = data["latent"]["lower"]
        names, n = tuple(rows), len(rows)
        lower = [[*row, 1.0] for row in rows.values()]
        full = [[lower[max(i, j)][min(i, j)] for j in range(n)] for i in range(n)]
        factor = [[0.0] * n for _ in range(n)]
        for i in range(n):
            for j in range(i + 1):
                left = full[i][j] - math.fsum(factor[i][k] * factor[j][k] for k in range(j))
                factor[i][j] = math.sqrt(left) if i == j else left / factor[j][j]
        scales = {}
        for column, spec in data["columns"].items():
            weight = [spec["weights"].get(name, 0.0) for name in names]
            variance = math.fsum(
                a * b * r for a, row in zip(weight, full, strict=True) for b, r in zip(weight, row, strict=True)
            )
            scales[column] = math.sqrt(variance)
        return cls(names, factor, scales)


def nations(seed: int, purpose: int, count: int, regions: Sequence[Region], data: dict[str, Any]) -> Iterator[Nation]:
    """Draw states, each from its own stream.

    Parameters
    ----------
    seed, purpose : int
        Of the streams.
    count : int
        Number of states.
    regions : sequence of Region
        All regions.
    data : dict
        Parameters of the generator.
    """
    copula = Copula.of(data)
    shifts = Stream(seed, purpose, 2**32 - 1)
    groups_shift, region_shift = shifts(), shifts()
    means = {key: [region.means[key] for region in regions] for key in regions[0].means}
    within = {
        key: math.sqrt(1.0 - math.fsum(r.share * m * m for r, m in zip(regions, values, strict=True)))
        for key, values in means.items()
    }
    taken: set[str] = set()
    for index in range(count):
        stream = Stream(seed, purpose, index)
        name = invented(stream, data["names"], "state", taken)
        region = _region(regions, spread(region_shift, index, 1))
        parts = {key: stream.normal() for key in copula.names}
        # Evenly spread: the number of groups of a whole world hardly depends on luck.
        parts["groups"] = normal(spread(groups_shift, index, 0))
        for key in means:
            parts[key] = means[key][region] + within[key] * parts[key]
        values = list(parts.values())
        latent = {
            key: math.fsum(c * v for c, v in zip(row, values, strict=True))
            for key, row in zip(copula.names, copula.factor, strict=True)
        }
        yield _nation(stream, name, region, latent, copula.scales, data)


def _region(regions: Sequence[Region], u: float) -> int:
    upto = 0.0
    for number, region in enumerate(regions):
        upto += region.share
        if u < upto:
            return number
    return len(regions) - 1


def _nation(
    stream: Stream, name: str, region: int, latent: dict[str, float], scales: dict[str, float], data: dict[str, Any]
) -> Nation:
    population = _population(phi(latent["population"]), data["population"])
    small = population < data["population"]["bound"]
    island = stream() < data["map"]["small_islands" if small else "islands"]
    record = _record(stream, latent, data)
    income = math.exp(interpolate(data["income"]["quantiles"], phi(latent["income"])))
    values, home = starts(
        stream, population, income, record, data, lambda key, spec: _column(stream, latent, scales[key], spec)
    )
    return Nation(name.lower(), name, region, island, latent, record, values, home)


def starts(
    stream: Stream,
    population: float,
    income: float,
    record: Record,
    data: dict[str, Any],
    level: Callable[[str, dict[str, Any]], float],
) -> tuple[dict[str, float], dict[str, float]]:
    """Give where the columns of a state start, and the levels that they return to where these differ.

    Parameters
    ----------
    stream : Stream
        Chance for what follows from the record of the state: months in a conflict, elections, displaced.
    population, income : float
        Persons; US$ a year a person.
    record : Record
        What happened in the state lately.
    data : dict
        Parameters of the generator.
    level : callable
        Given the name and the table of a column on a scale of 0-1, gives its level outside of war.

    Returns
    -------
    values, home : dict of str to float
        As in `Nation`.
    """
    values = {
        "population": population,
        "gdp": min(max(rounded(population * income), STATE["gdp"].low), STATE["gdp"].high),
        "past_violations": _past(stream, record, data),
        "conflict_months": _months(stream, record.conflict, data["times"]),
    }
    home = {}
    levels = (0.0, declared(data, "conflict_recovery"), declared(data, "conflict_minor"), 1.0)
    for column, spec in data["columns"].items():
        at_home = level(column, spec)
        start = at_home
        if "war" in spec:
            start = rounded(at_home + spec["war"] * levels[record.conflict] * (1.0 - at_home))
            if start != at_home and column != "incitement":
                home[column] = at_home
        values[column] = start
    values["election_interval"], values["election_phase"] = _elections(stream, values["regime"], data["elections"])
    values["displaced_inside"], values["displaced_abroad"] = _displaced(
        stream, population, record.conflict, data["displaced"]
    )
    return values, home


def _column(stream: Stream, latent: dict[str, float], scale: float, spec: dict[str, Any]) -> float:
    signal = math.fsum(weight * latent[key] for key, weight in spec["weights"].items()) / scale
    fit = spec["fit"]
    score = fit * signal + math.sqrt(1.0 - fit * fit) * stream.normal()
    return rounded(interpolate(spec["quantiles"], phi(score)))


def _population(u: float, spec: dict[str, Any]) -> float:
    """Give the population at the quantile `u`: log uniform below the bound, truncated log normal above it."""
    share = spec["small_share"]
    if u < share:
        size = math.log(spec["smallest"]) + u / share * math.log(spec["bound"] / spec["smallest"])
    else:
        low, high = (phi((math.log(spec[k]) - spec["log_mean"]) / spec["log_sd"]) for k in ("bound", "largest"))
        place = low + (u - share) / (1.0 - share) * (high - low)
        z = normal(place)
        skewed = z + spec["log_skew"] / 6.0 * (z * z - 1.0)  # the first term of Cornish and Fisher's expansion
        size = spec["log_mean"] + spec["log_sd"] * skewed
    return float(int(rounded(min(math.exp(size), spec["largest"]))))


def _record(stream: Stream, latent: dict[str, float], data: dict[str, Any]) -> Record:
    shares = data["shares"]

    def above(key: str, share: float) -> bool:
        return latent[key] > normal(1.0 - share)

    limits = (shares["war"], shares["war"] + shares["minor"], shares["war"] + shares["minor"] + shares["recovery"])
    conflict = sum(above("conflict", share) for share in limits)
    ongoing = above("ongoing", shares["ongoing"]) + above("ongoing", shares["ongoing_two"])
    coup = above("coup", shares["coup"])
    return Record(
        conflict=conflict,
        coup=coup,
        coup_recent=coup and stream() < declared(data, "coup_recent"),
        ever=above("ever", shares["ever"]) or ongoing > 0,
        killing=above("killing", shares["killing"]),
        ban=above("ban", shares["ban"]),
        ongoing=ongoing,
    )


def _past(stream: Stream, record: Record, data: dict[str, Any]) -> float:
    """Give the memory of past violations: full under an episode, halved every half-life since it ended."""
    u, times = stream(), data["times"]
    if record.ongoing:
        return rounded(declared(data, "past_least") + declared(data, "past_spread") * u)
    return rounded(0.5 ** (times["past_years"] * u / times["half_life"])) if record.ever else 0.0


def _months(stream: Stream, conflict: int, times: dict[str, Any]) -> float:
    """Give the months spent in a conflict state: geometric, as in a chain that has run for long."""
    u = stream()
    if CONFLICT[conflict] == "recovery":
        return float(int(12 * times["recovery_years"] * u))
    return float(int(12 * math.log(u) / math.log(1.0 - times["leave"][conflict])))


def _elections(stream: Stream, regime: float, spec: dict[str, Any]) -> tuple[float, float]:
    """Give the months between elections (0: none are held) and to the first one."""
    held, which, when = stream(), stream(), stream()
    if regime < spec["none_below"] and held < spec["none_share"]:
        return 0.0, 0.0
    interval = at_most(which, spec["at_most"], spec["intervals"])
    return float(interval), float(1 + int(when * interval))


def _displaced(stream: Stream, population: float, conflict: int, spec: dict[str, Any]) -> tuple[float, float]:
    """Give the persons displaced inside the state and abroad."""
    u, (low, high) = stream(), (spec[key][conflict] for key in ("low", "high"))
    if high == 0.0:
        return 0.0, 0.0
    away = min(population, spec["people"]) * low * math.exp(u * math.log(high / low))
    abroad = away * spec["abroad"]
    return float(int(rounded(away - abroad))), float(int(rounded(abroad)))


def restraint(values: dict[str, float], data: dict[str, Any]) -> float:
    """Give the restraint of a security sector, commitment and regime, weighted as the rules do by default."""
    security, commitment, regime = (declared(data, f"restraint_{of}") for of in ("security", "commitment", "regime"))
    return security * values["security_sector"] + commitment * values["commitment"] + regime * values["regime"]
