"""What stands in for a missing predictor, and that it is told: the rules are declared in ``import.toml``."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from r2psim.scenario.errors import listing
from r2psim.world.countries import Country
from r2psim.world.csv_tables import Complaints
from r2psim.world.declared_numbers import declared
from r2psim.world.generate import generator_data
from r2psim.world.generated_states import Copula
from r2psim.world.layouts import import_data
from r2psim.world.sampling import interpolate, phi
from r2psim.world.scores import quantile_score

__all__ = ["Filled", "complete", "described"]

_FROM_GROUPS = ("exclpop", "discrimpop")
_INCOME, _MORTALITY = "wdi.gdppc.new", "un_imr_sqrt"


@dataclass(frozen=True, slots=True)
class Filled:
    """A value that was missing, and what was taken instead: state, column, value, rule."""

    iso3: str
    column: str
    value: float
    rule: str


def complete(countries: list[Country], sums: Mapping[str, Mapping[str, float]], file: str) -> list[Filled]:
    """Fill what is missing, by the rule of each predictor.

    Parameters
    ----------
    countries : list of Country
        Their `values` are completed.
    sums : mapping of str to mapping of str to float
        ISO code -> ``exclpop`` and ``discrimpop`` as the groups of the state add up to them.
    file : str
        For messages.

    Returns
    -------
    list of Filled
        What was filled.

    Raises
    ------
    ScenarioError
        If a column has no value at all.
    """
    complaints = Complaints()
    filled: list[Filled] = []
    income = _income_rule(countries)
    for column, spec in import_data()["predictors"].items():
        if column in ("iso3c", "ccode") or spec["missing"] == "refuse":
            continue
        known = [country for country in countries if column in country.values]
        missing = [country for country in countries if column not in country.values]
        if not known and missing and column not in (*_FROM_GROUPS, _INCOME):
            complaints.add(file, column, None, f"a value for one state at least ({spec['unit']})")
            continue
        for country in missing if known or column != _INCOME else ():
            value, rule = _stand_in(country, column, spec["missing"], known, sums, income)
            filled.append(Filled(country.iso3, column, value, rule))
    complaints.settle()
    by_code = {country.iso3: country for country in countries}
    for entry in filled:  # only now: no stand-in is itself taken for a value
        by_code[entry.iso3].values[entry.column] = entry.value
    if countries and not any(_INCOME in country.values for country in countries):
        filled += _incomes(countries)
    return filled


def _incomes(countries: Iterable[Country]) -> list[Filled]:
    """Give every state the income that goes with its infant mortality, where a file has no income at all.

    The median of income given infant mortality, by the quantiles of 2014 and the correlation of the two latents.
    """
    data = generator_data()
    copula = Copula.of(data)
    one, other = (copula.factor[copula.names.index(name)] for name in ("income", "mortality"))
    correlation = math.fsum(a * b for a, b in zip(one, other, strict=True))
    quantiles = import_data()["latents"]["quantiles"]["mortality"]
    rule = "from un_imr_sqrt, by the relation of income and infant mortality among the states of 2014"
    made = []
    for country in countries:
        score = correlation * quantile_score(quantiles, country.values[_MORTALITY])
        country.values[_INCOME] = math.exp(interpolate(data["income"]["quantiles"], phi(score)))
        made.append(Filled(country.iso3, _INCOME, country.values[_INCOME], rule))
    return made


def _stand_in(
    country: Country,
    column: str,
    rule: str,
    known: list[Country],
    sums: Mapping[str, Mapping[str, float]],
    income: tuple[float, float] | None,
) -> tuple[float, str]:
    if column in _FROM_GROUPS:
        if country.iso3 not in sums:
            return 0.0, "0, since the groups file has no group of the state"
        return min(sums[country.iso3][column], 1.0), rule
    if rule == "usual":
        counts = Counter(other.values[column] for other in known)
        commonest = min(counts, key=lambda value: (-counts[value], value))
        return commonest, f"the commonest value ({counts[commonest]} of {len(known)} states)"
    if column == _INCOME and income and "mad_gdppc" in country.values:
        intercept, slope = income
        value = math.exp(intercept + slope * math.log(country.values["mad_gdppc"]))
        return value, "from mad_gdppc by the log-linear relation of the two in this file"
    near = [other.values[column] for other in known if other.region == country.region]
    if len(near) >= declared(import_data(), "median_states"):
        return median(near), f"median of {len(near)} states of {country.region}"
    return median(other.values[column] for other in known), f"median of all {len(known)} states"


def _income_rule(countries: Iterable[Country]) -> tuple[float, float] | None:
    """Give intercept and slope of log income over the log of the other measure, by least squares."""
    pairs = [
        (math.log(c.values["mad_gdppc"]), math.log(c.values[_INCOME]))
        for c in countries
        if "mad_gdppc" in c.values and _INCOME in c.values
    ]
    if len(pairs) < declared(import_data(), "income_pairs"):
        return None
    x_mean = math.fsum(x for x, _ in pairs) / len(pairs)
    y_mean = math.fsum(y for _, y in pairs) / len(pairs)
    spread = math.fsum((x - x_mean) ** 2 for x, _ in pairs)
    if spread == 0.0:
        return None
    slope = math.fsum((x - x_mean) * (y - y_mean) for x, y in pairs) / spread
    return y_mean - slope * x_mean, slope


def described(filled: Iterable[Filled]) -> list[str]:
    """Say what was filled, a note for each column and rule."""
    states: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in filled:
        states[entry.column, entry.rule].append(entry.iso3)
    return [
        f"{column}: missing for {listing(codes, limit=8)}; taken instead: {rule}."
        for (column, rule), codes in states.items()
    ]
