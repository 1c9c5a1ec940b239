"""The fit behind ``generator.toml`` and ``import.toml``: what is called computed there, computed again from data files.

    python -m r2psim.analysis.generator_fit PREDICTORS GROUPS CONTIGUITY [--year 2014] [--all]

prints every number that differs from the one that ships by more than its rounding. Only parameters of distributions
come out, no row of a file. Not computed here: what other sources tell (recovery, chances of leaving a conflict,
state-led episodes, small states), and everything that is labelled an assumption.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from r2psim.analysis.group_fit import WORLD, deciles, fit_groups
from r2psim.analysis.polychoric import nearest_correlations, polychoric_matrix
from r2psim.analysis.world_summary import summarise
from r2psim.world.borders import read_borders
from r2psim.world.countries import Country, import_data, read_countries
from r2psim.world.csv_tables import read_sheet
from r2psim.world.ethnic_groups import Group, read_groups, sums_of
from r2psim.world.generate import generator_data
from r2psim.world.imputation import complete
from r2psim.world.scores import latents_of, observed, openness, signal

__all__ = ["Difference", "Record", "differences", "fit", "read_record"]

_CLASSES = 8
_PRIOR = 3.0
_SMALLEST = 0.02
_REGIONS = ("Sub-Saharan Africa", "Europe", "Americas", "East Asia and Pacific", "Middle East and North Africa",
            "South and Central Asia")  # fmt: skip
_COLUMNS = ("reg.eur", "reg.na", "reg.eap", "reg.mna", "reg.sca")


@dataclass(frozen=True, slots=True)
class Record:
    """What the files hold for one year.

    Attributes
    ----------
    countries : list of Country
        Complete.
    regions : list of int
        For each country, the place of its region in `_REGIONS`.
    groups : dict of str to list of Group
        By ISO code.
    all_groups : dict of str to list of Group
        By state number, also of states that are not among the predictors.
    neighbours : list of int
        Numbers of land neighbours of all states of the file that have any.
    islands : int
        Countries without one.
    """

    countries: list[Country]
    regions: list[int]
    groups: dict[str, list[Group]]
    all_groups: dict[str, list[Group]]
    neighbours: list[int]
    islands: int


def read_record(predictors: Path, groups: Path, contiguity: Path, year: int) -> Record:
    """Read the files as the importer does, and beside that the groups and borders of states without predictors.

    Raises
    ------
    ScenarioError
        With everything that is wrong with them.
    """
    countries, _ = read_countries(predictors, year)
    people, _ = read_groups(groups, countries, year)
    read_borders(contiguity, countries, year)  # refuses what cannot be read
    complete(countries, sums_of(people), str(predictors))
    marks = {row.line: [row.text(c) in ("1", "1.0") for c in _COLUMNS] for row in read_sheet(predictors, (), "").rows}
    regions = [1 + marks[c.line].index(True) if any(marks[c.line]) else 0 for c in countries]
    everybody = _everybody(groups, year)
    rows = read_sheet(contiguity, (), "borders", lambda n: {"state1no": "ccode1", "state2no": "ccode2"}.get(n, n)).rows
    pairs = {
        frozenset(int(float(row.text(column))) for column in ("ccode1", "ccode2"))
        for row in rows
        if float(row.text("conttype")) == 1.0
    }
    near = Counter(number for pair in pairs for number in pair)
    return Record(
        countries=countries,
        regions=regions,
        groups=people,
        all_groups=everybody,
        neighbours=list(near.values()),
        islands=sum(country.number not in near for country in countries),
    )


def _everybody(groups: Path, year: int) -> dict[str, list[Group]]:
    """Read the groups of every state of the file."""
    numbers = {
        row.text("gwid")
        for row in read_sheet(groups, (), "groups").rows
        if float(row.text("from")) <= year <= float(row.text("to"))
    }
    everywhere = [Country(number, int(float(number)), number, "", {}, None, 0) for number in sorted(numbers)]
    found, _ = read_groups(groups, everywhere, year)
    return found


# -- fit ---------------------------------------------------------------------------------------------------------------


def fit(record: Record) -> dict[str, Any]:
    """Compute the tables that are called computed, in the layout of ``generator.toml`` and ``import.toml``.

    Parameters
    ----------
    record : Record
        What the files hold.

    Returns
    -------
    dict
        ``generator`` and ``import``, each with the tables and keys of its file that follow from these files.
    """
    relevant = [sum(g.status != "irrelevant" for g in record.groups.get(c.iso3, ())) for c in record.countries]
    values = [observed(country, number) for country, number in zip(record.countries, relevant, strict=True)]
    by_latent = {name: np.array([v[name] for v in values]) for name in values[0]}
    names = list(generator_data()["latent"]["lower"])
    raw = polychoric_matrix([by_latent[name] for name in names], _CLASSES, _PRIOR)
    matrix = nearest_correlations(raw, _SMALLEST)
    mortality = by_latent["mortality"]
    regime = np.array([openness(country) for country in record.countries])
    return {
        "generator": {
            "latent": {"lower": {name: matrix[i, :i].tolist() for i, name in enumerate(names)}},
            "regions": {"rows": _regions(by_latent, record.regions, matrix, names)},
            "income": {"quantiles": deciles(by_latent["income"])},
            "shares": _shares(by_latent, len(record.countries)),
            "columns": {
                "regime": {"quantiles": deciles(regime)},
                "capacity": {"quantiles": deciles((mortality.max() - mortality) / np.ptp(mortality))},
            },
            **fit_groups(record.all_groups, relevant),
            "map": {
                "borders": sum(record.neighbours) / 2.0 / max(len(record.neighbours), 1),
                "islands": record.islands / len(record.countries),
            },
            "record": _summary(record, by_latent),
        },
        "import": {"latents": _latents(by_latent), "spread": _spread(values)},
    }


def _summary(record: Record, by_latent: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Sum up the record, as a drawn world is summed up."""
    relevant = [g for rows in record.all_groups.values() for g in rows if g.status != "irrelevant"]
    mortality = by_latent["mortality"]
    sums = sums_of(record.groups)
    return summarise(
        {
            **{name: by_latent[name].tolist() for name in ("groups", "conflict", "ever")},
            **{name: np.exp(by_latent[name]).tolist() for name in ("population", "income")},
            "capacity": ((mortality.max() - mortality) / np.ptp(mortality)).tolist(),
            "regime": [openness(country) for country in record.countries],
            "excluded": [sums.get(country.iso3, {}).get("exclpop", 0.0) for country in record.countries],
            "ongoing": (by_latent["ongoing"] > 0.0).tolist(),
        },
        [group.share for group in relevant],
        [group.status for group in relevant],
        record.neighbours,
        [c.operational_stage for c in record.countries if c.operational_stage is not None],
    )


def _normal_scores(values: np.ndarray) -> np.ndarray:
    """Give the normal scores of ranks, ties at their mean rank."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return np.asarray(ndtri((rankdata(values) - 0.5) / len(values)))


def _regions(
    by_latent: Mapping[str, np.ndarray], regions: Sequence[int], matrix: np.ndarray, names: Sequence[str]
) -> list[dict[str, float]]:
    """Give the means of regions in what the latents before leave unexplained of income and of discussion."""
    first = names[: names.index("discussion") + 1]
    factor = np.linalg.cholesky(matrix[: len(first), : len(first)])
    own = np.linalg.solve(factor, np.array([_normal_scores(by_latent[name]) for name in first]))
    place = np.array(regions)
    return [
        {
            "share": float(np.mean(place == k)),
            **{
                n: float(own[first.index(n), place == k].mean()) for n in ("income", "discussion") if (place == k).any()
            },
        }
        for k in range(len(_REGIONS))
    ]


def _shares(by_latent: Mapping[str, np.ndarray], states: int) -> dict[str, float]:
    """Give shares of the states of the world; a file of other than its larger states counts for itself."""
    whole = max(WORLD, states) if states > WORLD // 2 else states
    conflict, ongoing = by_latent["conflict"], by_latent["ongoing"]
    counts = {
        "war": np.sum(conflict == 2.0),
        "minor": np.sum(conflict == 1.0),
        "ongoing": np.sum(ongoing > 0.0),
        "ongoing_two": np.sum(ongoing > 1.0),
        **{name: np.sum(by_latent[name] > 0.0) for name in ("ever", "coup", "killing", "ban")},
    }
    return {name: float(count) / whole for name, count in counts.items()}


def _latents(by_latent: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Give the distributions by which the importer turns predictors into latents."""
    shipped = import_data()["latents"]
    return {
        "quantiles": {name: deciles(by_latent[name]) for name in shipped["quantiles"]},
        "at_most": {
            name: [float(np.mean(by_latent[name] <= level)) for level in range(len(levels))]
            for name, levels in shipped["at_most"].items()
        },
    }


def _spread(values: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Give the standard deviation of each column's sum of latents, latents as the importer finds them."""
    data, mapping = generator_data(), import_data()
    latents = [latents_of(value, mapping, data) for value in values]
    return {
        column: float(np.std([signal(latent, spec["weights"]) for latent in latents]))
        for column, spec in data["columns"].items()
    }


# -- what differs ------------------------------------------------------------------------------------------------------


DELIBERATE = {
    "generator.columns.regime.quantiles[0]": "the ends are held off 0 and 1",
    "generator.columns.regime.quantiles[10]": "the ends are held off 0 and 1",
    "generator.columns.capacity.quantiles[0]": "the ends are held off 0 and 1",
    "generator.columns.capacity.quantiles[10]": "the ends are held off 0 and 1",
    "generator.groups.at_most[13]": "numbers of groups are cut at 22",
    "generator.groups.at_most[14]": "numbers of groups are cut at 22",
    "generator.sizes.together[0]": "no state of which most people belong to no group",
    "generator.sizes.together[8]": "some people belong to no group",
    "generator.sizes.together[9]": "some people belong to no group",
    "generator.sizes.together[10]": "some people belong to no group",
    "generator.status.discriminating": "set so that 41 states discriminate: fewer drawn states exclude a group",
}
"""Numbers that ship otherwise than computed, and why."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A number that ships and the same one computed: where it stands, both, and whether rounding explains it."""

    path: str
    shipped: float
    computed: float
    rounding: float

    @property
    def explained(self) -> bool:
        """Whether the rounding of the shipped number explains the difference."""
        return abs(self.shipped - self.computed) <= self.rounding


_ROUNDING: tuple[tuple[str, float], ...] = (
    ("generator.latent", 0.0051),
    ("generator.regions", 0.0051),
    ("generator.income", 0.0051),
    ("generator.columns", 0.0051),
    ("generator.shares", 0.00051),
    ("generator.groups", 0.00051),
    ("generator.power", 0.00051),
    ("generator.sizes", 0.0051),
    ("generator.status", 0.0051),
    ("generator.map", 0.0051),
    ("generator.record", 0.0051),
    ("import", 0.00051),
)
"""Half of the last digit that ships, by the start of the path."""


def _numbers(table: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(table, Mapping):
        for key, value in table.items():
            yield from _numbers(value, f"{path}.{key}")
    elif isinstance(table, list | tuple):
        for k, value in enumerate(table):
            yield from _numbers(value, f"{path}[{k}]")
    elif isinstance(table, int | float):
        yield path, float(table)


def _all_numbers(tables: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, table in tables.items():
        yield from _numbers(table, key)


def differences(computed: Mapping[str, Any]) -> list[Difference]:
    """Set what `fit` gave beside what ships.

    Parameters
    ----------
    computed : mapping
        Of `fit`.
    """
    shipped = dict(_numbers(generator_data(), "generator")) | dict(_numbers(import_data(), "import"))
    return [
        Difference(path, shipped[path], value, next(r for start, r in _ROUNDING if path.startswith(start)))
        for path, value in _all_numbers(computed)
        if path in shipped
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what differs; 0 if nothing does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs=3, type=Path, metavar="FILE", help="predictors, groups, contiguity")
    parser.add_argument("--year", type=int, default=2014)
    parser.add_argument("--all", action="store_true", help="print all numbers, not only those that differ")
    given = parser.parse_args(arguments)
    found = differences(fit(read_record(given.files[0], given.files[1], given.files[2], given.year)))
    apart = [d for d in found if not d.explained]
    for d in found if given.all else apart:
        line = f"{d.path:<48}{d.shipped:>12.4g}{d.computed:>12.4g}{d.computed - d.shipped:>+12.4f}"
        print(f"{line}  {DELIBERATE.get(d.path, '') if d in apart else ''}".rstrip())  # noqa: T201
    left = [d for d in apart if d.path not in DELIBERATE]
    print(f"{len(found)} numbers: {len(apart)} differ, {len(apart) - len(left)} of them on purpose")  # noqa: T201
    return 1 if left else 0


if __name__ == "__main__":
    raise SystemExit(main())
