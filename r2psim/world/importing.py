"""Country data become a world: states, groups and bodies of a scenario, and an account of how it was made.

What the files tell is taken as told; what they do not tell is drawn from the generator's distributions, from a stream
of the state's own, so that another order of rows or one state more changes no other state.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from r2psim.declarations.columns import STATE
from r2psim.scenario.errors import listing
from r2psim.scenario.schema import VERSION
from r2psim.world.borders import read_borders
from r2psim.world.countries import Country, conflict_of, read_countries
from r2psim.world.declared_numbers import declared
from r2psim.world.ethnic_groups import Group, kin_ties, read_groups, shown_names, slugs, sums_of
from r2psim.world.facts import MEMBERSHIPS_FROM, facts
from r2psim.world.file_accounts import Account
from r2psim.world.generate import common_bodies, generator_data, state_entry, veto_of
from r2psim.world.generated_groups import settle, sized
from r2psim.world.generated_states import Copula, Nation, Record, rounded, starts
from r2psim.world.imputation import Filled, complete, described
from r2psim.world.layouts import import_data
from r2psim.world.sampling import Stream, normal, phi, spread
from r2psim.world.scores import column_level, conditional, latents_of, observed

__all__ = ["CAVEAT", "CountryFiles", "Imported", "completed", "import_countries", "read_files", "scenario_data"]

CAVEAT = (
    "This world is made of data files on countries, and their names are those of the files. It serves to test the "
    "model: it explains mechanisms and is no forecast of any country. Most of what the model needs to know of a state "
    "is not in any file and is assumed or drawn, among it which group is threatened and by whom: nothing here says "
    "anything of a real group, government or person."
)
"""What stands in everything that an imported world brings forth."""

YEARS = 20
"""Length of a run of an imported world, where none is asked for."""

_PURPOSE = 16  # of the streams; those of the generator are 1 to 7
_PEOPLE = 17
_SCORES = 18
ATROCITY = 4
_ORGANISATION = "regional organisation"


@dataclass(frozen=True, slots=True)
class Imported:
    """An imported world.

    Attributes
    ----------
    tables : dict
        ``states`` and ``bodies`` of a scenario file.
    year : int
        Year of the data: the world starts at its end.
    codes : dict of str to (str, int)
        Id of a state -> ISO code and state number of the file.
    filled : list of Filled
        Missing values, and what was taken instead.
    notes : list of str
        What a person should know about how the files were read.
    accounts : dict of str to Account
        What became of the rows of each file: ``predictors``, ``groups``, ``contiguity``.
    """

    tables: dict[str, Any]
    year: int
    codes: dict[str, tuple[str, int]]
    filled: list[Filled]
    notes: list[str]
    accounts: dict[str, Account] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CountryFiles:
    """What data files know of a year, before anything is drawn.

    Attributes
    ----------
    year : int
        The year.
    countries : list of Country
        States, complete: what was missing is filled.
    people : dict of str to list of Group
        ISO code -> groups, of states that have a row.
    neighbours : dict of str to list of str
        ISO code -> codes of the neighbours.
    filled, accounts
        As in `Imported`.
    """

    year: int
    countries: list[Country]
    people: dict[str, list[Group]]
    neighbours: dict[str, list[str]]
    filled: list[Filled]
    accounts: dict[str, Account]


def import_countries(
    predictors: Path,
    groups: Path,
    contiguity: Path,
    year: int,
    seed: int = 1,
    group_names: bool = False,
    typical: bool = False,
    leave_out: Collection[str] = (),
) -> Imported:
    """Make a world of country data.

    Parameters
    ----------
    predictors : Path
        Country-years in one of the layouts of the Early Warning Project.
    groups : Path
        Ethnic groups in the layout of Ethnic Power Relations.
    contiguity : Path
        Direct contiguity in that of the Correlates of War project.
    year : int
        Year to take.
    seed : int
        Of what the files do not tell, 0 to 2**63 - 1.
    group_names : bool
        Whether groups keep the names of the file; otherwise they are numbered.
    typical : bool
        Whether scores are what is typical of the predictors, without the part that the generator draws.
    leave_out : collection of str
        States that are left out, by ISO code, state number or name.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the files.
    """
    return completed(read_files(predictors, groups, contiguity, year, leave_out), seed, group_names, typical)


def read_files(
    predictors: Path, groups: Path, contiguity: Path, year: int, leave_out: Collection[str] = ()
) -> CountryFiles:
    """Read what the files know of a year; parameters and errors as of `import_countries`."""
    countries, of_countries = read_countries(predictors, year, leave_out)
    people, of_groups = read_groups(groups, countries, year)
    neighbours, of_borders = read_borders(contiguity, countries, year)
    filled = complete(countries, sums_of(people), str(predictors))
    accounts = {"predictors": of_countries, "groups": of_groups, "contiguity": of_borders}
    return CountryFiles(year, countries, people, neighbours, filled, accounts)


def completed(files: CountryFiles, seed: int = 1, group_names: bool = False, typical: bool = False) -> Imported:
    """Complete what files know to a world: another seed is another world that the same files allow.

    Parameters
    ----------
    files : CountryFiles
        As `read_files` gives them; not changed.
    seed, group_names, typical
        As of `import_countries`.
    """
    countries, people, neighbours, year = files.countries, files.people, files.neighbours, files.year
    notes = [note for account in files.accounts.values() for note in account.notes]
    notes += described(files.filled) + _silent(countries, year, typical)
    data, mapping = generator_data(), import_data()
    copula = Copula.of(data)
    made = [
        _nation(
            country, people.get(country.iso3, []), bool(neighbours[country.iso3]), copula, seed, group_names, typical
        )
        for country in countries
    ]
    ids = {country.iso3: country.id for country in countries}
    near = {ids[iso3]: [ids[other] for other in others] for iso3, others in neighbours.items()}
    kin = kin_ties(near, {n.id: _own_names(n, people.get(n.id.upper(), [])) for n in made})
    relevant = {country.iso3: _relevant(people.get(country.iso3, ())) for country in countries}
    notes += _missions(countries, year, data["missions"])
    notes += _strange(countries, relevant, mapping, data)
    notes += _without_victims(countries, made)
    states = {
        nation.id: state_entry(
            nation, country.region, near[nation.id], kin, _veto(country, nation, data), _place(country, k, mapping)
        )
        for k, (country, nation) in enumerate(zip(countries, made, strict=True))
    }
    bodies = _organisations(countries, year, data) | common_bodies(made, data)
    parties = facts().court.members(year)
    if any(country.state in facts().states for country in countries):
        bodies["criminal-court"]["members"] = [c.id for c in countries if c.state in parties]
    codes = {country.id: (country.iso3, country.number) for country in countries}
    return Imported({"states": states, "bodies": bodies}, year, codes, files.filled, notes, files.accounts)


def scenario_data(imported: Imported) -> dict[str, Any]:
    """Give an imported world as a scenario file holds it.

    Parameters
    ----------
    imported : Imported
        The world.
    """
    number = len(imported.tables["states"])
    return {
        "schema": VERSION,
        "name": f"imported-{imported.year}",
        "title": f"Imported to test the model: {number} states of {imported.year}; no forecast of any country",
        "description": CAVEAT,
        "years": YEARS,
        "real_names": True,
        "parameters": {"start": {"settling_months": float(declared(import_data(), "settling_months"))}},
        **imported.tables,
    }


def _relevant(people: Sequence[Group]) -> int:
    """Count the politically relevant groups."""
    return sum(group.status != "irrelevant" for group in people)


# -- what the files do not tell ----------------------------------------------------------------------------------------


def _silent(countries: Sequence[Country], year: int, typical: bool) -> list[str]:
    """Say what is drawn or assumed because no file tells it."""
    scores = "" if typical else " the part of scores that the predictors leave open,"
    notes = [
        f"Not in the files and drawn from the generator's distributions, by --seed:{scores} months in a conflict and"
        " since a mass killing, elections, displaced persons, grievance.",
        "Not in the files and assumed: which groups a mass killing is directed against (the most excluded ones that are"
        " large enough), who the perpetrator is, arms, armed groups, finance, motive, commitment.",
    ]
    if not any(country.history.earlier for country in countries):
        notes.append(
            "No earlier years in the predictors: which states are in recovery from a conflict is drawn, given all else"
            " that is known of them; a file that holds the five years before would tell."
        )
    if all(country.operational_stage is None for country in countries):
        notes.append(
            "No column stage_operational: operational stages follow from the other columns; recent coups are drawn."
        )
    if year < MEMBERSHIPS_FROM:
        notes.append(f"Memberships are told from {MEMBERSHIPS_FROM} on; those of that year stand in.")
    return notes


def _missions(countries: Sequence[Country], year: int, spec: Mapping[str, Any]) -> list[str]:
    """Say where missions stand at the start, and which of them are larger than one at full strength."""
    if all(country.peacekeepers is None for country in countries):
        return [f"No column peacekeepers: no peacekeeping mission stands at the start, whatever stood there in {year}."]
    sent = {country.iso3: country.peacekeepers for country in countries if country.peacekeepers}
    listed = [f"{iso3} ({number:,})" for iso3, number in sent.items()]
    notes = [f"peacekeepers: missions stand at the start in {listing(listed, limit=40) or 'no state'}."]
    larger = [iso3 for iso3, number in sent.items() if number > spec["uniformed"]]
    if larger:
        notes.append(
            f"peacekeepers: more than {spec['uniformed']:,} count as a mission at full strength, for"
            f" {listing(larger, limit=40)}."
        )
    return notes


_MEASURED = {
    "population": "wdi.popsize.new, its logarithm",
    "income": "wdi.gdppc.new, its logarithm",
    "discussion": "freediscussion",
    "mortality": "un_imr_sqrt",
    "exclusion": "exclpop",
    "growth": "gdppcgrowth",
}
"""What each latent with quantiles is measured by."""


def _strange(
    countries: Sequence[Country], relevant: Mapping[str, int], mapping: Mapping[str, Any], data: Mapping[str, Any]
) -> list[str]:
    """Say of which states values lie outside of the distributions of 2014, and are taken at their ends."""
    quantiles = {**mapping["latents"]["quantiles"], "income": data["income"]["quantiles"]}
    seen = {country.iso3: observed(country, relevant[country.iso3]) for country in countries}
    notes = []
    for latent, column in _MEASURED.items():
        low, high = quantiles[latent][0], quantiles[latent][-1]
        # The ends are rounded.
        margin = 0.001 * max(abs(low), abs(high))
        outside = [iso3 for iso3, values in seen.items() if not low - margin <= values[latent] <= high + margin]
        if outside:
            notes.append(
                f"{column}: outside of what was seen in 2014 ({low:g} to {high:g}), and taken at its end, for"
                f" {listing(outside, limit=40)}."
            )
    most = data["groups"]["numbers"][-1]
    for what, limit, many in (
        ("relevant groups", most, [iso3 for iso3, number in relevant.items() if number > most]),
        ("mk_ongoing_count", 2, [c.iso3 for c in countries if c.values["mk_ongoing_count"] > 2.0]),
    ):
        if many:
            notes.append(f"{what}: more than {limit:g} count as {limit:g} in the scores of {listing(many, limit=40)}.")
    bounds = STATE["gdp"]
    products = {c.iso3: c.values["wdi.popsize.new"] * c.values["wdi.gdppc.new"] for c in countries}
    clipped = [iso3 for iso3, value in products.items() if not bounds.low <= value <= bounds.high]
    if clipped:
        notes.append(
            f"gdp: population times wdi.gdppc.new is outside of what the model holds ({bounds.low:g} to"
            f" {bounds.high:g}), and taken at the bound, for {listing(clipped, limit=40)}."
        )
    return notes


def _without_victims(countries: Sequence[Country], made: Sequence[Nation]) -> list[str]:
    """Say where more mass killings are under way than there are groups large enough to be their victims."""
    fewer = []
    for country, nation in zip(countries, made, strict=True):
        killed = sum(group["stage"] == ATROCITY for group in nation.groups.values())
        if killed < nation.record.ongoing:
            fewer.append(f"{country.iso3} ({nation.record.ongoing}, {killed} at stage 4)")
    if not fewer:
        return []
    return [f"mk_ongoing_count: more than the state has groups that are large enough, for {listing(fewer, limit=40)}."]


def _veto(country: Country, nation: Nation, data: Mapping[str, Any]) -> float:
    """Give the probability that collective response is blocked; permanent members block it as the largest do."""
    if country.state in facts().permanent:
        return float(data["veto"]["values"][0])
    return veto_of(nation.values["gdp"], data["veto"])


def _place(country: Country, index: int, mapping: Mapping[str, Any]) -> tuple[float, float]:
    """Give the place on the map: longitude and latitude, drawn evenly for a state that no table knows."""
    known = facts().states.get(country.state)
    if known is None:
        edge, width = declared(mapping, "unknown_edge"), declared(mapping, "unknown_width")
        return rounded(edge + width * spread(0.5, index, 0)), rounded(edge + width * spread(0.5, index, 1))
    south, height = declared(mapping, "map_south"), declared(mapping, "map_height")
    return rounded((known.east + 180.0) / 360.0), rounded((known.north + south) / height)


# -- a state -----------------------------------------------------------------------------------------------------------


def _nation(
    country: Country,
    people: Sequence[Group],
    borders: bool,
    copula: Copula,
    seed: int,
    group_names: bool,
    typical: bool,
) -> Nation:
    """Make a state with its groups."""
    data, mapping = generator_data(), import_data()
    latents = latents_of(observed(country, _relevant(people)), mapping, data)
    stream = Stream(seed, _PURPOSE, country.stream)
    outside = _outside_of_war(latents, copula, mapping)
    record = _record(country, latents, copula, stream, data)
    bounds = STATE["population"]
    population = float(int(rounded(min(max(country.values["wdi.popsize.new"], bounds.low), bounds.high))))
    noise = Stream(seed, _SCORES, country.stream)
    values, home = starts(
        stream,
        population,
        country.values["wdi.gdppc.new"],
        record,
        data,
        lambda column, spec: column_level(
            column,
            spec,
            country,
            outside if "war" in spec else latents,
            (copula.scales[column], mapping["spread"][column]),
            None if typical else noise.normal(),
        ),
    )
    _correct(values, country, record)
    values["permanent_member"] = float(country.state in facts().permanent)
    values["mission"] = rounded(min(1.0, (country.peacekeepers or 0) / data["missions"]["uniformed"]))
    nation = Nation(country.id, country.name, 0, not borders, latents, record, values, home)
    kept = _kept(people)
    names = shown_names(kept, group_names)
    shares = sized([group.share for group in kept], population, data)
    for key, name, group, share in zip(slugs(names), names, kept, shares, strict=True):
        nation.groups[key] = {"name": name, "status": group.status, "share": share}
    settle(nation, Stream(seed, _PEOPLE, country.stream), data)
    return nation


def _outside_of_war(latents: Mapping[str, float], copula: Copula, mapping: Mapping[str, Any]) -> dict[str, float]:
    """Give the latents from which columns get their level outside of war, where a war raises them beyond it.

    That a conflict goes on is told by the column's rise. Were the level itself as high as the conflict is bad, the
    conflict would count twice, and arms and armed groups would stay at the level of a war when it is over.
    """
    known = declared(mapping, "conflict_outside")
    usual, _ = conditional(copula, latents, "conflict")
    return {**latents, "conflict": known * latents["conflict"] + (1.0 - known) * usual}


def _kept(people: Sequence[Group]) -> list[Group]:
    """Give the politically relevant groups; where there is none the largest of the file, or everybody, as one group."""
    relevant = [group for group in people if group.status != "irrelevant"]
    if relevant or not people:
        return relevant or [Group("Population", "irrelevant", 1.0, 0)]
    return [max(people, key=lambda group: group.share)]


def _own_names(nation: Nation, people: Sequence[Group]) -> dict[str, str]:
    """Give the names that the file has for the groups of a state, by id: groups of one name are kin."""
    return {key: group.name if people else key for key, group in zip(nation.groups, _kept(people), strict=True)}


def _record(
    country: Country, latents: Mapping[str, float], copula: Copula, stream: Stream, data: Mapping[str, Any]
) -> Record:
    values, history = country.values, country.history
    conflict = conflict_of(values["battledeaths.log2"])
    u, when = stream(), stream()
    if conflict == 0 and _recovering(country, latents, copula, u, data):
        conflict = 1
    coup = values["coup.try.5yr"] > 0.0
    recent = history.coup_recent if history.coup_recent is not None else when < declared(data, "coup_recent")
    ongoing = int(values["mk_ongoing_count"])
    return Record(
        conflict=conflict,
        coup_recent=coup and recent,
        coup=coup,
        ever=values["mk_ever"] > 0.0 or ongoing > 0,
        killing=values["pol_killing_approved"] > 0.0,
        ban=values["partyban.new.1"] > 0.0,
        ongoing=ongoing,
        known=country.operational_stage if country.operational_stage not in (None, ATROCITY) else None,
    )


def _recovering(
    country: Country, latents: Mapping[str, float], copula: Copula, u: float, data: Mapping[str, Any]
) -> bool:
    """Say whether a state at peace is in recovery: as earlier years tell, else drawn given all that is known of it."""
    history, shares, longest = country.history, data["shares"], data["times"]["recovery_years"]
    if history.earlier >= longest or history.since_conflict is not None:
        return history.since_conflict is not None and history.since_conflict <= longest
    mean, sd = conditional(copula, latents, "conflict")
    fighting = shares["war"] + shares["minor"]
    below, above = (phi((normal(1.0 - share) - mean) / sd) for share in (fighting + shares["recovery"], fighting))
    return u > below / above


def _correct(values: dict[str, float], country: Country, record: Record) -> None:
    """Put in what earlier years tell, where the generator draws."""
    history = country.history
    if history.conflict_years is not None and record.conflict != 1 and history.earlier:
        values["conflict_months"] = 12.0 * history.conflict_years
    if record.conflict == 1 and history.since_conflict is not None:
        values["conflict_months"] = 12.0 * history.since_conflict
    if history.since_killing is not None and not record.ongoing:
        half_life = generator_data()["times"]["half_life"]
        values["past_violations"] = rounded(0.5 ** (history.since_killing / half_life))


# -- regional organisations --------------------------------------------------------------------------------------------


def _organisations(countries: Sequence[Country], year: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """Give the regional organisations with two members or more among the states; a union for each region of others."""
    bodies: dict[str, Any] = {}
    for key, organisation in facts().organisations.items():
        listed = organisation.members(year)
        _found(bodies, key, organisation.name, [c for c in countries if c.state in listed], organisation.forces, data)
    unknown: dict[str, list[Country]] = {}
    for country in countries:
        if country.state not in facts().states:
            unknown.setdefault(country.region, []).append(country)
    for region, members in unknown.items():
        _found(bodies, slugs([f"union {region}"])[0], f"Union of {region}", members, True, data)
    return bodies


def _found(
    bodies: dict[str, Any], key: str, name: str, members: Sequence[Country], forces: bool, data: Mapping[str, Any]
) -> None:
    """Add an organisation: the middle of what the generator draws its columns from."""
    if len(members) < 2:
        return
    spec = data["organisations"]
    columns = {column: rounded(math.fsum(limits) / 2.0) for column, limits in spec["columns"].items()}
    bodies[key] = {
        "name": name,
        "kind": _ORGANISATION,
        "mandates": ["regional", "regional-military"] if forces else ["regional"],
        "members": [country.id for country in members],
        "budget": rounded(spec["budget"] * len(members)),
        **columns,
        **{column: float(round(columns[column])) for column in ("decision_delay", "rhythm")},
        "carry_over": 0.0,
        "attention": 0.0,
    }
