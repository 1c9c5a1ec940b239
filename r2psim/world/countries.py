"""Country-year predictors, in the layouts of the Early Warning Project: read, and checked for the year asked for.

What each predictor becomes, what it may hold and what fills an empty cell is declared in ``import.toml``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from r2psim.declarations.columns import STATE
from r2psim.scenario.errors import Problem, ScenarioError, listing
from r2psim.world.csv_tables import Complaints, Row, Sheet, one_line, read_sheet
from r2psim.world.declared_numbers import declared
from r2psim.world.facts import facts
from r2psim.world.file_accounts import Account
from r2psim.world.layouts import Layout, import_data, layout_of
from r2psim.world.state_identity import COW, LISTS, Identity, identify, number_in, numbering_of, proposed

__all__ = ["LEAVE_OUT", "Country", "History", "conflict_of", "import_data", "read_countries"]

YEARS = (1800, 2200)
STAGES = 4.0
_PEACEKEEPERS = 1e6
_DEATHS = "battledeaths.log2"
LEAVE_OUT = "--leave-out"
"""The option that leaves out states; named in messages."""

_OPTIONAL = ("ewp_name", "year", "mad_gdppc", "stage_operational", "peacekeepers")

_REGIONS = {
    "reg.eap": "East Asia and Pacific",
    "reg.sca": "South and Central Asia",
    "reg.mna": "Middle East and North Africa",
    "reg.eur": "Europe",
    "reg.na": "Americas",
}
_NO_REGION = "Sub-Saharan Africa"


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
        State number of the file; where it has none that of the Correlates of War project, or 0.
    name, region : str
        As shown.
    values : dict of str to float
        By predictor.
    operational_stage : int or None
        Operational stage 0-4, where the file has it.
    line : int
        Line of the file.
    history : History
        What earlier years tell.
    state : str
        Key of the state in `r2psim.world.facts.Facts.states`; of an invented one its code.
    peacekeepers : int or None
        Uniformed persons of peacekeeping missions there, where the file has them; 0 where its cell is empty.
    """

    iso3: str
    number: int
    name: str
    region: str
    values: dict[str, float]
    operational_stage: int | None
    line: int
    history: History = field(default_factory=History)
    state: str = ""
    peacekeepers: int | None = None

    @property
    def stream(self) -> int:
        """Number of the stream from which it draws: the same under any numbering of its states."""
        known = facts().states.get(self.state)
        if known is not None and known.number is not None:
            return known.number
        return self.number or int.from_bytes(self.iso3.encode("ascii"), "big")

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
    >>> conflict_of(0.0), conflict_of(4.71), conflict_of(10.0)
    (0, 2, 3)
    """
    deaths = round(2.0**battle_deaths_log2 - 1.0)
    data = import_data()
    return 3 if deaths >= declared(data, "war_deaths") else 2 if deaths >= declared(data, "minor_deaths") else 0


def read_countries(path: Path, year: int, leave_out: Collection[str] = ()) -> tuple[list[Country], Account]:
    """Read the predictors of a year; cells that are missing are left out of `Country.values`.

    Parameters
    ----------
    path : Path
        The file.
    year : int
        Year whose rows are taken, if there is a column ``year``.
    leave_out : collection of str
        States that are left out, by ISO code, state number or name.

    Returns
    -------
    countries : list of Country
        In the order of the file.
    account : Account
        What became of the rows, and how they were read.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the rows of the year, or with `leave_out`.
    """
    sheet = read_sheet(path, (), "country predictors")
    layout = layout_of(sheet)
    account = Account(sheet.file, len(sheet.rows), notes=list(layout.notes))
    rows = _rows_of(sheet, year, account)
    countries = _of_year(sheet, layout, rows[year], year, leave_out, account)
    _check_unit(sheet, layout, countries, account)
    if silent := _without_battle_deaths(sheet, layout, rows, year):
        told = f"{_DEATHS} is 0 for every state in {listing(silent, limit=12)}"
        account.notes.append(
            f"{sheet.file}: {told}: the source may begin later; read as it is, with no conflict in such years."
        )
    _add_history(sheet, layout, countries, rows, year, account)
    account.used_for[f"of {year}"] = len(countries)
    for other, found in rows.items():
        if other > year:
            account.dropped["of later years"] += len(found)
    read = [layout.column(name) for name in (*import_data()["predictors"], *_OPTIONAL)]
    account.not_read = sheet.unread([*read, *_REGIONS])
    account.notes = sheet.told() + account.notes
    return countries, account


# -- rows --------------------------------------------------------------------------------------------------------------


def _rows_of(sheet: Sheet, year: int, account: Account) -> dict[int, list[Row]]:
    """Sort the rows by year; without a column of years all are of the year asked for."""
    if "year" not in sheet.columns:
        account.notes.append(f"{sheet.file}: has no column year; all of its rows are taken to be of {year}.")
        return {year: sheet.rows}
    rows: dict[int, list[Row]] = defaultdict(list)
    complaints = Complaints()
    for row in sheet.rows:
        found = complaints.number(sheet, row, "year", *YEARS, "year", whole=True, needed="the year of the row")
        if found is not None:
            rows[int(found)].append(row)
    if year not in rows and rows:
        spans = f"{min(rows)} to {max(rows)}"
        near = str(min(rows, key=lambda other: (abs(other - year), other)))
        complaints.add(sheet.file, "year", year, f"a year of the file, which has {spans}", None, near)
    complaints.settle()
    return rows


def _of_year(
    sheet: Sheet, layout: Layout, rows: list[Row], year: int, leave_out: Collection[str], account: Account
) -> list[Country]:
    """Read the rows of the year asked for."""
    complaints = Complaints()
    numbering = _numbering(sheet, layout, rows, year)
    if numbering != COW:
        account.notes.append(f"{sheet.file}: its state numbers are those of {LISTS[numbering]}; read as such.")
    wanted = {text.strip().casefold(): text.strip() for text in leave_out}
    met: set[str] = set()
    left, bare, countries = [], [], []
    for row in rows:
        found = _identity(sheet, layout, row, year, numbering)
        calls = {found.code, found.state, *(layout.text(row, name) for name in ("iso3c", "ccode", "ewp_name"))}
        if named := {call.casefold() for call in calls} & set(wanted):
            met |= named
            left.append(_called(layout, row, found))
            account.dropped[f"of {year}, left out on request"] += 1
        elif country := _country(sheet, layout, row, found, year, complaints):
            countries.append(country)
            if found.by_number:
                bare.append(f"{country.number} {country.iso3}")
            if found.remark:
                account.notes.append(f"{sheet.file}:{row.line}: {country.name}: {found.remark}.")
    _check_left_out([wanted[key] for key in wanted if key not in met], sheet, layout, rows, year)
    _refuse_twins(sheet, layout, countries, complaints)
    complaints.settle()
    if not countries:
        raise ScenarioError([Problem(sheet.file, "", None, f"no state of {year} is left")])
    if bare:
        account.notes.append(f"{sheet.file}: no ISO code, and taken by the state number: {listing(bare, limit=20)}.")
    if left:
        account.notes.append(f"{sheet.file}: left out on request: {listing(left, limit=40)}.")
    return countries


def _check_left_out(unmet: list[str], sheet: Sheet, layout: Layout, rows: list[Row], year: int) -> None:
    names = [name for row in rows if (name := layout.text(row, "ewp_name"))]
    raise_for = []
    for text in unmet:
        number = int(text) if text.isdecimal() else None
        near = next((name for name in names if name.casefold().startswith(text.casefold())), None)
        allowed = f"a state of {year} in {sheet.file}, by its ISO code, number or name"
        raise_for.append(Problem(LEAVE_OUT, "state", text, allowed, near or proposed(text, number, year)))
    if raise_for:
        raise ScenarioError(raise_for)


def _number(sheet: Sheet, layout: Layout, row: Row) -> int | None:
    value = layout.number(Complaints(), sheet, row, "ccode") if "ccode" in layout else None
    return None if value is None else int(value)


def _numbering(sheet: Sheet, layout: Layout, rows: Iterable[Row], year: int) -> str:
    numbers = {number for row in rows if (number := _number(sheet, layout, row)) is not None}
    return numbering_of(((number, year) for number in numbers), COW)


def _identity(sheet: Sheet, layout: Layout, row: Row, year: int, numbering: str) -> Identity:
    code, name = layout.text(row, "iso3c").upper(), one_line(layout.text(row, "ewp_name"))
    return identify(code, _number(sheet, layout, row), name, year, numbering)


def _called(layout: Layout, row: Row, found: Identity) -> str:
    """Name the state of a row, for messages."""
    name, code = one_line(layout.text(row, "ewp_name")), found.code or layout.text(row, "iso3c")
    return f"{name} ({code})" if name and code else name or code or f"the state of line {row.line}"


def _country(
    sheet: Sheet, layout: Layout, row: Row, found: Identity, year: int, complaints: Complaints
) -> Country | None:
    called = _called(layout, row, found)
    before = len(complaints.problems) + complaints.more
    values: dict[str, float] = {}
    for column, spec in import_data()["predictors"].items():
        if column == "iso3c" or column not in layout:
            continue
        way = "" if not found.code else f"; {LEAVE_OUT} {found.code} goes on without the state"
        needed = f"none can stand in for that of {called}{way}" if spec["missing"] == "refuse" else ""
        value = layout.number(complaints, sheet, row, column, needed)
        if value is not None:
            values[column] = value
    if found.refused:
        column = {"code": "iso3c", "number": "ccode"}[found.column]
        column = column if column in layout else "ccode" if column == "iso3c" else "iso3c"
        name = one_line(layout.text(row, "ewp_name"))
        allowed = f"{found.refused}; the row is that of {name}" if name else found.refused
        if not (column == "ccode" and layout.text(row, "ccode") and "ccode" not in values):
            written = layout.written(row, column)
            complaints.add(sheet.file, layout.column(column), written, allowed, row.line, found.near)
    income = complaints.number(sheet, row, "mad_gdppc", 1.0, 1e6, "US$ a year a person")
    if income is not None:
        values["mad_gdppc"] = income
    stage = complaints.number(sheet, row, "stage_operational", 0.0, STAGES, "operational stage", whole=True)
    sent = complaints.number(sheet, row, "peacekeepers", 0.0, _PEACEKEEPERS, "uniformed persons", whole=True)
    if found.refused or len(complaints.problems) + complaints.more > before:
        return None
    number = int(values.pop("ccode", 0)) or number_in(found.state, year) or 0
    name = one_line(layout.text(row, "ewp_name")) or found.code
    known = facts().states.get(found.state)
    region = known.region if known is not None else _region(sheet, row)
    whole = None if stage is None else int(stage)
    there = int(sent or 0) if "peacekeepers" in sheet.columns else None
    return Country(found.code, number, name, region, values, whole, row.line, state=found.state, peacekeepers=there)


def _check_unit(sheet: Sheet, layout: Layout, countries: list[Country], account: Account) -> None:
    """Refuse populations in another unit than persons; tell those that the model cannot hold, or that look odd."""
    bounds, column = STATE["population"], layout.column("wdi.popsize.new")
    people = {country.iso3: country.values["wdi.popsize.new"] for country in countries}
    middle = median(people.values())
    data = import_data()
    tells = len(people) >= declared(data, "unit_states")
    if tells and middle < bounds.low:
        allowed = f"persons: no middle one of states has fewer than {bounds.low:,.0f} (thousands, or another unit?)"
        raise ScenarioError([Problem(sheet.file, column, f"{middle:,.0f} at the middle of the states", allowed)])
    if tells and middle < declared(data, "unit_persons"):
        account.notes.append(
            f"{sheet.file}: {column}: {middle:,.0f} at the middle of the states, taken as persons; should they be"
            " thousands, give persons."
        )
    clipped = [f"{iso3} ({value:,.0f})" for iso3, value in people.items() if not bounds.low <= value <= bounds.high]
    if clipped:
        account.notes.append(
            f"{sheet.file}: {column}: outside of what the model holds ({bounds.low:,.0f} to {bounds.high:,.0f}"
            f" persons), and taken at the bound, for {listing(clipped, limit=40)}."
        )


def _region(sheet: Sheet, row: Row) -> str:
    """Give the region of a state that no table knows, by the columns that mark regions."""
    marked = [name for column, name in _REGIONS.items() if row.text(column) in ("1", "1.0")]
    named = [column for column in _REGIONS if column in sheet.columns]
    return marked[0] if marked else _NO_REGION if named else "world"


def _refuse_twins(sheet: Sheet, layout: Layout, countries: Iterable[Country], complaints: Complaints) -> None:
    seen: dict[object, int] = {}
    for country in countries:
        keys: list[tuple[str, object, object]] = [("iso3c", country.state, country.iso3)]
        if country.state not in facts().states:
            keys.append(("ccode", country.number, country.number))
        for predictor, key, shown in keys:
            if key in seen:
                allowed = f"a state once for each year; line {seen[key]} has it already"
                complaints.add(sheet.file, layout.column(predictor), shown, allowed, country.line)
            seen.setdefault(key, country.line)


def _without_battle_deaths(sheet: Sheet, layout: Layout, rows: Mapping[int, list[Row]], year: int) -> list[str]:
    """Give the years up to that asked for in which no state has battle deaths, though many have a row.

    In no year since 1945 was there no armed conflict anywhere.
    """
    least = declared(import_data(), "silent_states")
    found = []
    for other in sorted(rows):
        if other <= year and len(rows[other]) >= least:
            deaths = [layout.number(Complaints(), sheet, row, _DEATHS) for row in rows[other]]
            if not any(deaths):
                found.append(str(other))
    return found


def _add_history(
    sheet: Sheet, layout: Layout, countries: list[Country], rows: Mapping[int, list[Row]], year: int, account: Account
) -> None:
    """Tell each state what earlier years of the file say of it."""
    earlier = sorted((other for other in rows if other < year), reverse=True)
    if not earlier:
        return
    asked = {country.state for country in countries}
    past: dict[str, dict[int, Row]] = {state: {} for state in asked}
    for other in earlier:
        numbering = _numbering(sheet, layout, rows[other], other)
        for row in rows[other]:
            state = _identity(sheet, layout, row, other, numbering).state
            if state not in asked:
                account.dropped["of earlier years, of states that the year does not have"] += 1
            elif other in past[state]:
                account.dropped["of earlier years, of a state named twice in its year"] += 1
            else:
                past[state][other] = row
                account.used_for["of earlier years, for what came before"] += 1
    for country in countries:
        country.history = _history(country, past[country.state], sheet, layout, year)
    account.notes.append(
        f"{sheet.file}: rows of {earlier[-1]} to {earlier[0]} tell of conflicts, coups and mass killings before {year}."
    )


def _history(country: Country, past: Mapping[int, Row], sheet: Sheet, layout: Layout, year: int) -> History:
    def level(other: int, column: str) -> float | None:
        # Only rows of the year asked for must be right; what cannot be read of others is as if it were missing.
        return layout.number(Complaints(), sheet, past[other], column) if other in past else None

    now = conflict_of(country.values.get("battledeaths.log2", 0.0))
    classes = {other: conflict_of(found) for other in past if (found := level(other, _DEATHS)) is not None}
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
