"""Country-year predictors, in the layout of the Early Warning Project: read, checked, and completed where they are not.

What each predictor becomes, what it may hold and what fills an empty cell is declared in ``import.toml``.
"""

from __future__ import annotations

import math
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from r2psim.scenario.errors import listing, nearest
from r2psim.world.facts import facts
from r2psim.world.sheets import Complaints, Row, Sheet, one_line, read_sheet

__all__ = ["Country", "Filled", "History", "complete", "conflict_of", "described", "import_data", "read_countries"]

YEARS = (1800, 2200)
STAGES = 4.0
_FEWEST = 3  # states of a region with a value, so that their median may stand for another
_FEWEST_PAIRS = 8  # states with both measures of income, so that one may be turned into the other
_REGIONS = {
    "reg.eap": "East Asia and Pacific",
    "reg.sca": "South and Central Asia",
    "reg.mna": "Middle East and North Africa",
    "reg.eur": "Europe",
    "reg.na": "Americas",
}
_NO_REGION = "Sub-Saharan Africa"


@cache
def import_data() -> dict[str, Any]:
    """Give the mapping from predictors to variables, as in ``import.toml``."""
    with Path(__file__).with_name("import.toml").open("rb") as file:
        return tomllib.load(file)


@dataclass(frozen=True, slots=True)
class Filled:
    """A value that was missing, and what was taken instead: state, column, value, rule."""

    iso3: str
    column: str
    value: float
    rule: str


@dataclass(frozen=True, slots=True)
class History:
    """What earlier years of the file tell; None where it holds none.

    Attributes
    ----------
    conflict_years : int or None
        Years for which the present class of conflict has lasted, the present one included.
    since_conflict : int or None
        Years since the last year with 25 battle deaths or more; 0 in such a year, None if it is not in the file.
    coup_recent : bool or None
        Whether the five-year window of coups moved to include this year or the one before.
    since_killing : int or None
        Years since the last year with a mass killing under way.
    earlier : int
        Number of earlier years in the file.
    """

    conflict_years: int | None = None
    since_conflict: int | None = None
    coup_recent: bool | None = None
    since_killing: int | None = None
    earlier: int = 0


@dataclass(slots=True)
class Country:
    """A row of the year: codes, name, region, and every predictor as a number.

    Attributes
    ----------
    iso3 : str
        ISO code, in capitals.
    number : int
        State number of the file.
    name, region : str
        As shown.
    values : dict of str to float
        By predictor.
    stage : int or None
        Operational stage 0-4, where the file has it.
    line : int
        Line of the file.
    history : History
        What earlier years tell.
    """

    iso3: str
    number: int
    name: str
    region: str
    values: dict[str, float]
    stage: int | None
    line: int
    history: History = field(default_factory=History)

    @property
    def id(self) -> str:
        """Identifier in the scenario."""
        return self.iso3.lower()


def conflict_of(battle_deaths_log2: float) -> int:
    """Give the code of the conflict state, without recovery: 0 peace, 2 minor conflict, 3 war.

    Parameters
    ----------
    battle_deaths_log2 : float
        Logarithm to base 2 of the battle deaths of the year plus one.

    Examples
    --------
    >>> conflict_of(0.0), conflict_of(math.log2(26)), conflict_of(10.0)
    (0, 2, 3)
    """
    deaths = round(2.0**battle_deaths_log2 - 1.0)
    return 3 if deaths >= 1000 else 2 if deaths >= 25 else 0


def read_countries(path: Path, year: int) -> tuple[list[Country], list[str]]:
    """Read the predictors of a year; cells that are missing are left out of `Country.values`.

    Parameters
    ----------
    path : Path
        The file.
    year : int
        Year whose rows are taken, if there is a column ``year``.

    Returns
    -------
    countries : list of Country
        In the order of the file.
    notes : list of str
        What a person should know about how it was read.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the file.
    """
    predictors = import_data()["predictors"]
    sheet = read_sheet(path, list(predictors), "country predictors")
    complaints = Complaints()
    notes = list(sheet.notes)
    rows = _rows_of(sheet, year, complaints, notes)
    complaints.settle()
    countries = [country for row in rows[year] if (country := _country(sheet, row, complaints))]
    _refuse_twins(sheet, countries, complaints)
    complaints.settle()
    _add_history(sheet, countries, rows, year, notes)
    return countries, notes


# -- rows --------------------------------------------------------------------------------------------------------------


def _rows_of(sheet: Sheet, year: int, complaints: Complaints, notes: list[str]) -> dict[int, list[Row]]:
    """Sort the rows by year; without a column of years all are of the year asked for."""
    if "year" not in sheet.columns:
        notes.append(f"{sheet.file}: has no column year; all of its rows are taken to be of {year}.")
        return {year: sheet.rows}
    rows: dict[int, list[Row]] = defaultdict(list)
    for row in sheet.rows:
        found = complaints.number(sheet, row, "year", *YEARS, "year", whole=True)
        if found is not None:
            rows[int(found)].append(row)
        elif not row.text("year"):
            complaints.add(sheet.file, "year", None, "the year of the row", row.line)
    if year not in rows and rows:
        spans = f"{min(rows)} to {max(rows)}"
        near = str(min(rows, key=lambda other: (abs(other - year), other)))
        complaints.add(sheet.file, "year", year, f"a year of the file, which has {spans}", None, near)
    return rows


def _country(sheet: Sheet, row: Row, complaints: Complaints) -> Country | None:
    known = facts()
    iso3 = row.text("iso3c").upper()
    if not known.knows(iso3):
        near = nearest(iso3, known.states)
        allowed = "an ISO 3166-1 alpha-3 code, or one that it leaves to users (XAA to XZZ)"
        complaints.add(sheet.file, "iso3c", row.cells["iso3c"] or None, allowed, row.line, near)
        return None
    values: dict[str, float] = {}
    for column, spec in import_data()["predictors"].items():
        if column == "iso3c":
            continue
        value = complaints.number(sheet, row, column, spec["low"], spec["high"], spec["unit"], spec.get("whole", False))
        if value is not None:
            values[column] = value
        elif spec["missing"] == "refuse" and not row.text(column):
            complaints.add(sheet.file, column, None, f"a number ({spec['unit']}); none can stand in for it", row.line)
    income = complaints.number(sheet, row, "mad_gdppc", 1.0, 1e6, "US$ a year a person")
    if income is not None:
        values["mad_gdppc"] = income
    stage = complaints.number(sheet, row, "stage_operational", 0.0, STAGES, "stage", whole=True)
    name = one_line(row.text("ewp_name")) or iso3
    region = known.states[iso3].region if iso3 in known.states else _region(sheet, row)
    if "ccode" not in values:
        return None
    return Country(iso3, int(values["ccode"]), name, region, values, None if stage is None else int(stage), row.line)


def _region(sheet: Sheet, row: Row) -> str:
    """Give the region of a state that no table knows, by the columns that mark regions."""
    marked = [name for column, name in _REGIONS.items() if row.text(column) in ("1", "1.0")]
    named = [column for column in _REGIONS if column in sheet.columns]
    return marked[0] if marked else _NO_REGION if named else "world"


def _refuse_twins(sheet: Sheet, countries: Iterable[Country], complaints: Complaints) -> None:
    seen: dict[object, int] = {}
    for country in countries:
        for column, code in (("iso3c", country.iso3), ("ccode", country.number)):
            if code in seen:
                allowed = f"a state once for each year; line {seen[code]} has it already"
                complaints.add(sheet.file, column, code, allowed, country.line)
            seen.setdefault(code, country.line)


def _add_history(
    sheet: Sheet, countries: list[Country], rows: Mapping[int, list[Row]], year: int, notes: list[str]
) -> None:
    """Tell each state what earlier years of the file say of it."""
    earlier = sorted((other for other in rows if other < year), reverse=True)
    if not earlier:
        return
    by_year = {other: {row.text("iso3c").upper(): row for row in rows[other]} for other in earlier}
    for country in countries:
        past = {other: found[country.iso3] for other, found in by_year.items() if country.iso3 in found}
        country.history = _history(country, past, sheet, year)
    notes.append(
        f"{sheet.file}: rows of {earlier[-1]} to {earlier[0]} tell of conflicts, coups and mass killings before {year}."
    )


def _history(country: Country, past: Mapping[int, Row], sheet: Sheet, year: int) -> History:
    def level(other: int, column: str) -> float | None:
        # Only rows of the year asked for must be right; what cannot be read of others is as if it were missing.
        return Complaints().number(sheet, past[other], column, 0.0, math.inf, "") if other in past else None

    now = conflict_of(country.values.get("battledeaths.log2", 0.0))
    classes = {other: conflict_of(found) for other in past if (found := level(other, "battledeaths.log2")) is not None}
    lasted = 1
    while classes.get(year - lasted) == now:
        lasted += 1
    fought = [other for other, kind in classes.items() if kind >= 2]
    coups = country.values.get("coup.try.5yr")
    before = level(year - 2, "coup.try.5yr")
    killed = [other for other in past if (level(other, "mk_ongoing_count") or 0.0) > 0.0]
    return History(
        conflict_years=lasted if classes else None,
        since_conflict=0 if now else year - max(fought) if fought else None,
        coup_recent=None if coups is None or before is None else bool(coups and not before),
        since_killing=year - max(killed) if killed else None,
        earlier=len(past),
    )


# -- missing values ----------------------------------------------------------------------------------------------------


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
        if column == "iso3c" or spec["missing"] == "refuse":
            continue
        known = [country for country in countries if column in country.values]
        missing = [country for country in countries if column not in country.values]
        if not known and missing and column not in ("exclpop", "discrimpop"):
            complaints.add(file, column, None, f"a value for one state at least ({spec['unit']})")
            continue
        for country in missing:
            value, rule = _stand_in(country, column, spec["missing"], known, sums, income)
            filled.append(Filled(country.iso3, column, value, rule))
    complaints.settle()
    by_code = {country.iso3: country for country in countries}
    for entry in filled:  # only now: no stand-in is itself taken for a value
        by_code[entry.iso3].values[entry.column] = entry.value
    return filled


def _stand_in(
    country: Country,
    column: str,
    rule: str,
    known: list[Country],
    sums: Mapping[str, Mapping[str, float]],
    income: tuple[float, float] | None,
) -> tuple[float, str]:
    if column in ("exclpop", "discrimpop"):
        return min(sums.get(country.iso3, {}).get(column, 0.0), 1.0), rule
    if rule == "usual":
        counts = Counter(other.values[column] for other in known)
        commonest = min(counts, key=lambda value: (-counts[value], value))
        return commonest, f"the commonest value ({counts[commonest]} of {len(known)} states)"
    if column == "wdi.gdppc.new" and income and "mad_gdppc" in country.values:
        intercept, slope = income
        value = math.exp(intercept + slope * math.log(country.values["mad_gdppc"]))
        return value, "from mad_gdppc by the log-linear relation of the two in this file"
    near = [other.values[column] for other in known if other.region == country.region]
    if len(near) >= _FEWEST:
        return median(near), f"median of {len(near)} states of {country.region}"
    return median(other.values[column] for other in known), f"median of all {len(known)} states"


def _income_rule(countries: Iterable[Country]) -> tuple[float, float] | None:
    """Give intercept and slope of log income over the log of the other measure, by least squares."""
    pairs = [
        (math.log(c.values["mad_gdppc"]), math.log(c.values["wdi.gdppc.new"]))
        for c in countries
        if "mad_gdppc" in c.values and "wdi.gdppc.new" in c.values
    ]
    if len(pairs) < _FEWEST_PAIRS:
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
