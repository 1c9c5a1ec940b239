"""Files in the likeness of whole records: every state since 1946, all years, states that come and go.

Who there was and when is a matter of public fact; all numbers in the files are made up here.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from r2psim.analysis.observed_onsets import observed_onsets
from r2psim.world.borders import read_borders
from r2psim.world.countries import Country, read_countries
from r2psim.world.ethnic_groups import read_groups
from r2psim.world.facts import facts
from r2psim.world.importing import import_countries
from r2psim.world.state_identity import COW, GW, number_in

FIRST, LAST = 1946, 2017
AFTER_EMPIRES = {
    "HRV": 1991, "SVN": 1991, "BIH": 1992, "MKD": 1991, "MNE": 2006, "XKX": 2008, "EST": 1991, "LVA": 1991, "LTU": 1991,
    "UKR": 1991, "BLR": 1991, "MDA": 1991, "ARM": 1991, "AZE": 1991, "GEO": 1991, "KAZ": 1991, "KGZ": 1991,
    "TJK": 1991, "TKM": 1991, "UZB": 1991, "CZE": 1993, "SVK": 1993, "ERI": 1993, "SSD": 2011, "TLS": 2002, "NAM": 1990,
    "ZWE": 1965, "AGO": 1975, "MOZ": 1975, "KEN": 1963, "TZA": 1961, "BGD": 1971,
}  # fmt: skip
"""Some states that came later, and when; of the others it does not matter here."""

STATUSES = ("SENIOR PARTNER", "JUNIOR PARTNER", "POWERLESS", "DISCRIMINATED", "IRRELEVANT", "STATE COLLAPSE")


def lives() -> Iterator[tuple[str, int, int]]:
    """Yield every state with the first and last year at whose end there was one."""
    for key, state in facts().states.items():
        if state.number is not None:
            first = max(FIRST, state.first, AFTER_EMPIRES.get(key, FIRST))
            last = min(LAST, state.last)
            if first <= last:
                yield key, first, last


def spells(key: str, first: int, last: int, numbering: str) -> Iterator[tuple[int, int, int]]:
    """Yield number, first and last year of a state's spells under one number; a last year is that of the change."""
    begin = first
    for year in range(first, last + 2):
        if year > last or number_in(key, year, numbering) != number_in(key, begin, numbering):
            # In the year of the change the record lists both numbers.
            yield number_in(key, begin, numbering) or 0, begin, year if year <= last else year - 1
            begin = year


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    """Write a table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def groups_file(path: Path) -> Path:
    """Write groups of all states in periods, numbered as Ethnic Power Relations are."""
    chance = random.Random(1)
    rows: list[dict[str, object]] = []
    for key, first, last in lives():
        for number, begin, end in spells(key, first, last, GW):
            year = begin
            while year <= end:
                until = min(year + chance.randrange(3, 25), end)
                sizes = [0.5, 0.2, 0.15][: chance.randrange(1, 4)]
                for k, size in enumerate(sizes):
                    rows.append({"gwid": number, "statename": facts().states[key].name, "from": year, "to": until,
                                 "group": f"People {k} of {key}", "groupid": 10 * k, "size": size,
                                 "status": "MONOPOLY" if len(sizes) == 1 else chance.choice(STATUSES)})  # fmt: skip
                year = until + 1
    return write(path, rows)


def borders_file(path: Path) -> Path:
    """Write borders of all states in periods since 1816, numbered as the Correlates of War are: rings by region."""
    regions: dict[str, list[tuple[str, int, int]]] = {}
    for key, first, last in lives():
        regions.setdefault(facts().states[key].region, []).append((key, first, last))
    rows: list[dict[str, object]] = [
        {"ccode1": 300, "ccode2": 325, "conttype": 1, "stdate": "1816-01-01", "enddate": "1918-11-01"},
        {"ccode1": 240, "ccode2": 255, "conttype": 1, "stdate": "1838-01-01", "enddate": "1866-07-01"},
    ]
    for members in regions.values():
        for k, (key, first, last) in enumerate(members):
            other, begins, ends = members[(k + 1) % len(members)]
            begin, end = max(first, begins), min(last, ends)
            if key == other or begin > end:
                continue
            for one, since, until in spells(key, begin, end, COW):
                for two, start, stop in spells(other, since, min(until, end), COW):
                    kind = (1, 1, 1, 2, 4, 0)[(one + two) % 6]
                    last_day = f"{stop}-06-01" if stop < end else f"{stop}-12-01"
                    rows.append({"ccode1": one, "ccode2": two, "conttype": kind, "stdate": f"{start}-01-01",
                                 "enddate": last_day})  # fmt: skip
    return write(path, rows)


def predictors_file(path: Path, years: range) -> Path:
    """Write predictors of all states in some years, by the codes and numbers of the time."""
    chance = random.Random(2)
    rows: list[dict[str, object]] = []
    for year in years:
        for key, first, last in lives():
            if first <= year <= last:
                rows.append({"year": year, "ccode": number_in(key, year, COW), "iso3c": "" if key == "ZZB" else key,
                             "ewp_name": facts().states[key].name, "wdi.popsize.new": chance.randrange(600_000, 10**8),
                             "wdi.gdppc.new": chance.randrange(300, 40_000), "un_imr_sqrt": chance.uniform(2, 10),
                             "exclpop": "", "discrimpop": "", "battledeaths.log2": chance.choice((0, 0, 0, 6, 11)),
                             "coup.try.5yr": 0, "pol_killing_approved": 0, "freediscussion": chance.random(),
                             "judicialreform": 1, "even_civilrights": 0, "minorityrule": 0, "partyban.new.1": 0,
                             "mk_ever": 0, "mk_ongoing_count": 0, "gdppcgrowth": 2.0})  # fmt: skip
    return write(path, rows)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the three files."""
    folder = tmp_path_factory.mktemp("record")
    groups_file(folder / "groups.csv")
    borders_file(folder / "borders.csv")
    predictors_file(folder / "predictors.csv", range(1960, 2018, 3))
    return folder


def asked(year: int) -> list[Country]:
    """Give the states of a year."""
    return [
        Country(key, number_in(key, year, COW) or 0, key, facts().states[key].region, {}, None, 0, state=key)
        for key, first, last in lives()
        if first <= year <= last
    ]


@pytest.mark.parametrize(
    "year", [1946, 1954, 1963, 1975, 1985, 1989, 1990, 1991, 1992, 1993, 2002, 2006, 2008, 2011, 2017]
)
def test_every_state_of_a_year_has_its_groups_and_nobody_else(record: Path, year: int) -> None:
    countries = asked(year)
    found, account = read_groups(record / "groups.csv", countries, year)
    assert set(found) == {country.iso3 for country in countries}
    for iso3, people in found.items():
        assert all(group.name.endswith(iso3) for group in people)
        assert len({group.name for group in people}) == len(people)
    assert not account.without
    data = account.as_data()
    assert data["rows"] == data["used"] + sum(data["dropped"].values())
    assert data["used"] == sum(map(len, found.values()))
    assert set(data["dropped"]) <= {"of other years", "of states that are not among the predictors",
                                    f"of a state's other number in {year}"}  # fmt: skip


@pytest.mark.parametrize("year", [1946, 1963, 1985, 1990, 1991, 1993, 2006, 2017])
def test_borders_join_only_states_that_are_there(record: Path, year: int) -> None:
    countries = asked(year)
    near, account = read_borders(record / "borders.csv", countries, year)
    assert set(near) == {country.iso3 for country in countries}
    assert all(iso3 in near[other] for iso3, others in near.items() for other in others)
    ring = {country.iso3: country.region for country in countries}
    assert all(ring[iso3] == ring[other] for iso3, others in near.items() for other in others)
    assert sum(map(len, near.values())) > len(near) / 2
    data = account.as_data()
    assert data["rows"] == data["used"] + sum(data["dropped"].values())
    assert not set(data["dropped"]) - {
        "of other years", "of states that are not among the predictors", "without direct contiguity (0 or 6)",
        "across water, which makes no neighbours"}  # fmt: skip


@pytest.mark.parametrize("year", [1963, 1984, 1990, 2005, 2017])
def test_worlds_of_the_whole_record_are_made(record: Path, year: int) -> None:
    found = import_countries(record / "predictors.csv", record / "groups.csv", record / "borders.csv", year)
    states = found.tables["states"]
    # Ids are by the codes of the file, or of the state where it has none.
    assert set(states) == {country.id for country in asked(year)}
    assert not any(account.without for key, account in found.accounts.items() if key != "contiguity")
    for account in found.accounts.values():
        data = account.as_data()
        assert data["rows"] == data["used"] + sum(data["dropped"].values())
    later = found.accounts["predictors"].dropped["of later years"]
    assert (later > 0) == (year < 2017)


def test_history_follows_a_state_through_its_numbers(record: Path) -> None:
    countries, _ = read_countries(record / "predictors.csv", 1996)
    history = {country.iso3: country.history for country in countries}
    assert history["YEM"].earlier == history["SRB"].earlier == history["RUS"].earlier == history["DEU"].earlier == 12
    assert history["CZE"].earlier == 1  # 1993; before that there was Czechoslovakia
    assert history["ERI"].earlier == 1


def test_onsets_of_all_times_are_counted_once(tmp_path: Path) -> None:
    chance = random.Random(3)
    onsets = {(key, year) for key, first, last in lives() for year in range(first, last + 1) if chance.random() < 0.1}
    rows: list[dict[str, object]] = [
        {"ccode": number_in(key, year, COW), "year": year, "mk_onset": int((key, year) in onsets)}
        for key, first, last in lives()
        for year in range(first, last + 1)
    ]
    path = write(tmp_path / "onsets.csv", rows)
    for year in (1985, 1989, 2005):
        world = {c.id: {"iso3c": c.iso3, "ccode": c.number} for c in asked(year)}
        happened, notes = observed_onsets(path, world, year + 1, year + 2)
        for country in asked(year):
            assert happened[country.id] == any((country.iso3, year + k) in onsets for k in (1, 2)), country.iso3
        assert f"{len(rows):,} rows" in notes[-1]
