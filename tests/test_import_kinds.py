"""Files as researchers have them: other layouts, other times, other ways to write the same; each read, or refused."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import run_command

from r2psim.scenario.errors import ScenarioError
from r2psim.world.countries import read_countries
from r2psim.world.importing import Imported, import_countries
from r2psim.world.sheets import read_sheet

NAMES = ("predictors", "groups", "contiguity")
STATES = [("XAA", 1501, "Aldmoor"), ("XAB", 1502, "Brisk"), ("XAC", 1503, "Corvane"), ("XAD", 1504, "Dellow")]
PEOPLE = {"XAA": 5_100_000, "XAB": 12_000_000, "XAC": 800_000, "XAD": 31_000_000}

Row = dict[str, Any]


def country(iso3: str, number: int, name: str, **changes: Any) -> Row:
    """Give a row of predictors of an invented state."""
    row = {
        "ccode": number, "iso3c": iso3, "ewp_name": name, "wdi.popsize.new": PEOPLE.get(iso3, 9_000_000),
        "wdi.gdppc.new": 3000 + number % 7, "un_imr_sqrt": 4.5, "exclpop": 0.1, "discrimpop": 0.0,
        "battledeaths.log2": 0, "coup.try.5yr": 0, "pol_killing_approved": 0, "freediscussion": 0.6,
        "judicialreform": 1, "even_civilrights": 0, "minorityrule": 0, "partyban.new.1": 0, "mk_ever": 0,
        "mk_ongoing_count": 0, "gdppcgrowth": 2.0,
    }  # fmt: skip
    return {key: value for key, value in (row | changes).items() if value is not ...}


def pair(number: int, name: str, first: Any = 1960, last: Any = 2020, share: float = 0.55) -> list[Row]:
    """Give two groups of a state."""
    return [
        {"gwid": number, "statename": name, "from": first, "to": last, "group": f"{name} {where}", "groupid": k,
         "size": size, "status": status}
        for k, (where, size, status) in enumerate(
            [("valley", share, "SENIOR PARTNER"), ("coast", 0.25, "POWERLESS")], 1)
    ]  # fmt: skip


def border(one: int, other: int, kind: int = 1, **more: Any) -> Row:
    """Give a pair of neighbours."""
    return {"ccode1": one, "ccode2": other, "conttype": kind, **more}


def table(rows: list[Row], separator: str = ",") -> str:
    """Write rows as a table."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [separator.join(columns)]
    lines += [separator.join(str(row.get(column, "")) for column in columns) for row in rows]
    return "\n".join(lines) + "\n"


class Files:
    """Three files in a folder, of four invented states in a row; tests change their rows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.predictors = [country(*state) for state in STATES]
        self.groups = [group for iso3, number, name in STATES for group in pair(number, name)]
        self.contiguity = [border(1501, 1502), border(1502, 1503), border(1503, 1504)]

    def add(self, iso3: str, number: int, name: str, numbers: tuple[int, int] | None = None, **changes: Any) -> None:
        """Add a state, next to the first one; `numbers` are those of the other two files."""
        in_groups, in_borders = numbers or (number, number)
        self.predictors.append(country(iso3, number, name, **changes))
        self.groups += pair(in_groups, name)
        self.contiguity.append(border(in_borders, 1501))

    def paths(self) -> dict[str, Path]:
        """Write what is still rows, and give the files."""
        for key in NAMES:
            rows = getattr(self, key)
            if isinstance(rows, list):
                (self.folder / f"{key}.csv").write_text(table(rows), encoding="utf-8")
            elif isinstance(rows, bytes):
                (self.folder / f"{key}.csv").write_bytes(rows)
            else:
                (self.folder / f"{key}.csv").write_text(rows, encoding="utf-8")
        return {key: self.folder / f"{key}.csv" for key in NAMES}

    def world(self, year: int = 2014, **options: Any) -> Imported:
        """Import them; every account must add up."""
        found = import_countries(*self.paths().values(), year, **options)
        for account in found.accounts.values():
            data = account.as_data()
            assert data["rows"] == data["used"] + sum(data["dropped"].values())
        return found

    def refused(self, year: int = 2014, **options: Any) -> str:
        """Give the message with which they are refused."""
        with pytest.raises(ScenarioError) as caught:
            self.world(year, **options)
        return str(caught.value)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Give the files, in a folder of their own."""
    return Files(tmp_path)


def states(world: Imported) -> dict[str, Any]:
    """Give the states of a world."""
    found: dict[str, Any] = world.tables["states"]
    return found


def told(world: Imported) -> str:
    """Give all that was told, in one line."""
    return " ".join([*world.notes, *(account.told() for account in world.accounts.values())])


# -- rows of other years and other states ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "row"),
    [
        ("groups", pair(511, "Zanzibar", 1963, 1964)[0]),  # a state of other years
        ("groups", pair(999, "Nowhere", 1963, 1964)[0]),  # of no list
        ("groups", pair(999, "Nowhere")[0]),  # of no list, in the year
        ("groups", pair(2, "Elsewhere")[0] | {"status": "IN CHARGE", "size": 40}),  # wrong, and not asked for
        ("groups", pair(1501, "Aldmoor", 1960, 1970)[0] | {"status": "IN CHARGE", "size": 40}),  # of another year
        ("groups", pair(2, "Elsewhere", "soon", "")[0]),
        ("predictors", country("XAA", 1501, "Aldmoor", year=2016, **{"wdi.popsize.new": "many", "exclpop": 7})),
        ("predictors", country("RWX", 999, "Nowhere", year=2016)),
        ("predictors", country("AUS", 305, "Austria", year=2013)),
        ("contiguity", border(999, 1501)),
        ("contiguity", border(2, 20, 9)),
        ("contiguity", border(2, 2, 1)),
    ],
)
def test_rows_that_touch_neither_the_year_nor_the_states_change_nothing(files: Files, key: str, row: Row) -> None:
    if key == "predictors":
        files.predictors = [{**row, "year": 2014} for row in files.predictors]
    before = files.world()
    rows = getattr(files, key)
    rows.append({column: row.get(column, "") for column in rows[0]})
    after = files.world()
    assert after.tables == before.tables
    assert after.accounts[key].used == before.accounts[key].used
    assert after.accounts[key].dropped.total() == before.accounts[key].dropped.total() + 1


def test_borders_are_those_of_the_end_of_the_year(files: Files) -> None:
    spans = [("1995-01-01", "2016-12-01"), ("1950-01-01", "1990-10-01"), ("2014-03-01", "2014-11-30")]
    for row, (begin, end) in zip(files.contiguity, spans, strict=True):
        row |= {"stdate": begin, "enddate": end}
    assert states(files.world(2014))["xab"]["neighbours"] == ["xaa"]
    assert states(files.world(1989))["xab"]["neighbours"] == ["xac"]
    for row, (begin, end) in zip(files.contiguity, spans, strict=True):
        for old, new, date in (("stdate", "begin", begin), ("enddate", "end", end)):
            del row[old]
            row[new] = date[:7].replace("-", "")
    assert states(files.world(2014))["xab"]["neighbours"] == ["xaa"]


def test_a_border_without_an_end_stands_and_the_last_ones_stand_in_for_later_years(files: Files) -> None:
    for row, end in zip(files.contiguity, ("2016-12-01", "", "1990-10-01"), strict=True):
        row |= {"stdate": "1950-01-01", "enddate": end}
    assert states(files.world(2018))["xab"]["neighbours"] == ["xac"]
    files.contiguity[1]["enddate"] = "2016-12-01"
    world = files.world(2018)
    assert states(world)["xab"]["neighbours"] == ["xaa", "xac"]
    assert "ends in 2016; the borders that stood then stand in for 2018" in told(world)


@pytest.mark.parametrize("kind", [0, 6])
def test_pairs_without_direct_contiguity_are_no_neighbours(files: Files, kind: int) -> None:
    files.contiguity[1]["conttype"] = kind
    world = files.world()
    assert states(world)["xab"]["neighbours"] == ["xaa"]
    assert world.accounts["contiguity"].dropped["without direct contiguity (0 or 6)"] == 1


def test_borders_without_a_year_are_taken_for_the_year_asked_for_and_told(files: Files) -> None:
    assert "has no column year and no periods; taken to be of 1975" in told(files.world(1975))


@pytest.mark.parametrize(("year", "of"), [(2021, 2020), (2025, 2020)])
def test_the_last_year_of_the_groups_stands_in_for_a_near_one(files: Files, year: int, of: int) -> None:
    world = files.world(year)
    assert f"has no group of {year}; those of {of}, its last year, stand in" in told(world)
    assert sum(len(state["groups"]) for state in states(world).values()) == 8


def test_a_year_far_beyond_the_groups_is_refused_with_the_years_of_the_file(files: Files) -> None:
    assert "the file has 1960 to 2020 (did you mean 2020?)" in files.refused(2026)
    assert "the file has 1960 to 2020 (did you mean 1960?)" in files.refused(1950)


@pytest.mark.parametrize("blank", ["", "NA", "-99"])
@pytest.mark.parametrize("column", ["from", "to"])
def test_a_group_without_an_end_or_a_beginning_lasts(files: Files, column: str, blank: str) -> None:
    files.groups[0][column] = blank
    world = files.world()
    assert len(states(world)["xaa"]["groups"]) == 2
    assert f"({column})" in told(world)


def test_states_of_which_a_file_has_no_row_are_told(files: Files) -> None:
    files.predictors.append(country("XAE", 1505, "Elsmere"))
    world = files.world()
    for key in ("groups", "contiguity"):
        assert world.accounts[key].as_data()["states_without_a_row"] == ["XAE"]
    assert told(world).count("No row at all of XAE") == 2


# -- which state a row is of -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("own", "groups", "borders"), [(260, 260, 255), (255, 260, 255), (255, 260, 260)])
def test_germany_is_one_state_under_the_numbers_of_both_lists(
    files: Files, own: int, groups: int, borders: int
) -> None:
    files.add("DEU", own, "Germany", (groups, borders))
    world = files.world()
    assert states(world)["deu"]["neighbours"] == ["xaa"]
    assert len(states(world)["deu"]["groups"]) == 2
    other = {groups, borders} - {own}
    assert all(f"DEU ({number}, not {own})" in told(world) for number in other)


def test_the_numbering_of_a_file_changes_no_draw(files: Files) -> None:
    files.add("DEU", 255, "Germany")
    one = states(files.world())["deu"]
    files.predictors[-1]["ccode"] = 260
    assert states(files.world())["deu"] == one


@pytest.mark.parametrize(
    ("year", "numbers", "kept"),
    [(2006, [(345, 2000, 2006), (340, 2006, 2010)], "340"), (2005, [(345, 2000, 2006), (340, 2006, 2010)], "345"),
     (1990, [(345, 1946, 1991), (345, 1992, 2006)], "345")],
)  # fmt: skip
def test_in_the_year_of_a_split_a_state_has_the_groups_of_one_number(
    files: Files, year: int, numbers: list[tuple[int, int, int]], kept: str
) -> None:
    files.add("SRB", 345, "Serbia")
    files.groups = [row for row in files.groups if row["gwid"] != 345]
    for number, first, last in numbers:
        for row in pair(number, "Serbia", first, last, 0.3 if number == 340 else 0.6):
            files.groups.append(row)
    found = files.world(year)
    sizes = sorted(group["share"] for group in states(found)["srb"]["groups"].values())
    assert sizes == [0.25, 0.3 if kept == "340" else 0.6]
    assert ("stands under 340, 345" in told(found)) == (year == 2006)


def test_two_periods_of_a_group_that_meet_in_the_year_are_one_group(files: Files) -> None:
    files.groups[0]["to"] = 2014
    files.groups.append(files.groups[0] | {"from": 2014, "to": 2020, "size": 0.5})
    world = files.world()
    shares = [group["share"] for group in states(world)["xaa"]["groups"].values()]
    assert sorted(shares) == [0.25, 0.5]
    assert "has two periods in the year" in told(world)


def test_a_number_of_two_states_in_two_lists_is_that_of_the_file_s_own_list(files: Files) -> None:
    files.add("NRU", 970, "Nauru", (971, 970))
    files.add("KIR", 946, "Kiribati", (970, 946))
    for row in files.groups:
        if row["gwid"] in (970, 971):
            row["size"] = {"valley": 0.5, "coast": 0.1}[row["group"].split()[1]] + (0.07 if row["gwid"] == 971 else 0)
    found = states(files.world())
    assert {g["share"] for g in found["nru"]["groups"].values()} == {0.57, 0.17}
    assert {g["share"] for g in found["kir"]["groups"].values()} == {0.5, 0.1}


def test_groups_numbered_by_the_other_list_are_read_by_it(files: Files) -> None:
    files.add("NRU", 970, "Nauru")
    files.add("KIR", 946, "Kiribati")
    world = files.world()
    assert all(len(states(world)[key]["groups"]) == 2 for key in ("nru", "kir"))
    assert "its state numbers are those of the Correlates of War project" in told(world)


def test_a_number_of_no_list_beside_a_known_code_loses_nothing(files: Files) -> None:
    files.add("SSD", 525, "South Sudan", (626, 626))
    world = files.world()
    assert len(states(world)["ssd"]["groups"]) == 2
    assert states(world)["ssd"]["neighbours"] == ["xaa"]
    assert "525 is no number of South Sudan (SSD)" in told(world)
    files.groups = [row | {"gwid": 525 if row["gwid"] == 626 else row["gwid"]} for row in files.groups]
    assert len(states(files.world())["ssd"]["groups"]) == 2, "the number of the user's own files serves too"


def test_a_state_without_a_code_is_taken_by_its_number_and_told(files: Files) -> None:
    files.add("", 678, "Northern Yemen")
    files.add("", 680, "Southern Yemen")
    world = files.world(1985)
    assert {"yem", "ymd"} < set(states(world))
    assert "no ISO code, and taken by the state number: 678 YEM, 680 YMD" in told(world)
    assert len(states(world)) == 6


@pytest.mark.parametrize("code", ["XKS", "XKX", "KSV", "XZA"])
def test_kosovo_by_whatever_code_is_kosovo(files: Files, code: str) -> None:
    files.add(code, 347, "Kosovo")
    found = files.world()
    assert states(found)["xkx"]["region"] == "Southern Europe"
    bodies = found.tables["bodies"]
    assert "xkx" not in bodies["criminal-court"]["members"]
    assert not [key for key, body in bodies.items() if key.startswith("union") and "xkx" in body["members"]]


def test_territories_with_an_iso_code_are_taken(files: Files) -> None:
    files.add("PSE", 3001, "Palestine")
    files.add("HKG", 3002, "Hong Kong")
    found = states(files.world())
    assert (found["pse"]["region"], found["hkg"]["region"]) == ("Western Asia", "Eastern Asia")


def test_the_past_is_found_under_the_codes_of_its_time(files: Files) -> None:
    files.predictors = [{**row, "year": 1993} for row in files.predictors]
    for year, code, deaths in ((1990, "SUN", 0), (1991, "SUN", 10), (1992, "RUS", 0), (1993, "RUS", 0)):
        row = country(code, 365, "Russia", year=year)
        files.predictors.append(row | {"battledeaths.log2": deaths})
    files.groups += pair(365, "Russia")
    assert states(files.world(1993))["rus"]["conflict"] == "recovery"


def test_one_state_under_two_codes_in_a_year_is_refused(files: Files) -> None:
    files.add("SRB", 345, "Serbia")
    files.predictors.append(country("YUG", 345, "Yugoslavia"))
    assert "a state once for each year" in files.refused(1990)


# -- values ------------------------------------------------------------------------------------------------------------


def test_populations_in_another_unit_are_refused(files: Files) -> None:
    for row in files.predictors:
        row["wdi.popsize.new"] = math.log2(row["wdi.popsize.new"])
    assert "a logarithm" in files.refused()
    for row, (iso3, _, _) in zip(files.predictors, STATES, strict=True):
        row["wdi.popsize.new"] = PEOPLE[iso3] / 1000
    assert "(thousands, or another unit?)" in files.refused()
    for row, (iso3, _, _) in zip(files.predictors, STATES, strict=True):
        row["wdi.popsize.new"] = PEOPLE[iso3] / 1e6
    assert "thousands, millions" in files.refused()
    for row, (iso3, _, _) in zip(files.predictors, STATES, strict=True):
        row["wdi.popsize.new"] = 20 * PEOPLE[iso3] / 1000
    assert "taken as persons; should they be thousands" in told(files.world())


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("wdi.popsize.new", 9000, "wdi.popsize.new: outside of what the model holds (10,000 to 2,000,000,000 persons)"),
        ("wdi.popsize.new", 2.5e9, "XAC (2,500,000,000)"),
        ("wdi.popsize.new", 50_000, "wdi.popsize.new, its logarithm: outside of what was seen in 2014"),
        ("wdi.gdppc.new", 60, "wdi.gdppc.new, its logarithm: outside of what was seen in 2014"),
        ("exclpop", 0.99, "exclpop: outside of what was seen in 2014"),
        ("un_imr_sqrt", 14, "un_imr_sqrt: outside of what was seen in 2014"),
        ("mk_ongoing_count", 3, "mk_ongoing_count: more than 2 count as 2 in the scores of XAC"),
        ("mk_ongoing_count", 3, "more than the state has groups that are large enough, for XAC (3, "),
    ],
)
def test_every_clipped_value_is_told(files: Files, column: str, value: float, words: str) -> None:
    assert words not in told(files.world())
    files.predictors[2][column] = value
    assert words in told(files.world())


def test_sizes_a_little_above_the_whole_are_scaled_and_much_more_are_refused(files: Files) -> None:
    files.groups[4]["size"] = 0.825
    world = files.world()
    assert "sizes of the groups of XAC (1.075) sum to just above 1 and are scaled" in told(world)
    files.groups[4]["size"] = 0.95
    assert "--leave-out XAC goes on without the state" in files.refused()
    assert set(states(files.world(leave_out=["XAC"]))) == {"xaa", "xab", "xad"}


@pytest.mark.parametrize("written", ["..", "#N/A", "n.a.", "-99", "-66", "-999", "-77.0", ""])
def test_what_stands_for_a_missing_value_is_read_as_one(files: Files, written: str) -> None:
    files.predictors[0]["un_imr_sqrt"] = written
    world = files.world()
    assert [(entry.iso3, entry.column) for entry in world.filled] == [("XAA", "un_imr_sqrt")]
    assert ("read as a missing value" in told(world)) == written.startswith("-")


def test_flags_are_read_as_r_writes_them(files: Files) -> None:
    before = files.world()
    for row in files.predictors:
        for column in ("mk_ever", "minorityrule", "even_civilrights"):
            row[column] = str(bool(row[column])).upper()
    assert files.world().tables == before.tables
    files.predictors[0]["mk_ongoing_count"] = "TRUE"
    assert "mk_ongoing_count" in files.refused()


def test_the_message_lists_what_stands_for_a_missing_value(files: Files) -> None:
    files.predictors[0]["un_imr_sqrt"] = "not known"
    assert "or nothing where it is missing (empty, NA, NaN, N/A, null, none, ., .., #N/A)" in files.refused()


@pytest.mark.parametrize("by", ["XAC", "xac", "1503", "Corvane"])
def test_a_state_without_a_usable_value_can_be_left_out(files: Files, by: str) -> None:
    files.predictors[2]["wdi.popsize.new"] = ""
    message = files.refused()
    assert "none can stand in for that of Corvane (XAC); --leave-out XAC goes on without the state" in message
    assert "where it is missing" not in message
    world = files.world(leave_out=[by])
    assert set(states(world)) == {"xaa", "xab", "xad"}
    assert "left out on request: Corvane (XAC)" in told(world)
    assert world.accounts["predictors"].dropped == {"of 2014, left out on request": 1}


def test_a_state_to_be_left_out_that_is_not_there_is_refused(files: Files) -> None:
    message = files.refused(leave_out=["Corvan"])
    assert message.startswith('--leave-out: state: "Corvan" is not allowed')
    assert "did you mean Corvane?" in message
    assert "no state of 2014 is left" in files.refused(leave_out=[iso3 for iso3, _, _ in STATES])


def test_the_command_leaves_out_and_writes_the_account(files: Files) -> None:
    files.predictors[2]["wdi.popsize.new"] = ""
    out = files.folder / "world"
    words = [word for key, path in files.paths().items() for word in (f"--{key}", str(path))]
    code, said = run_command(["import-world", *words, "--year", "2014", "--out", str(out)])
    assert code == 2 and "Corvane (XAC)" in said and not out.exists()
    code, said = run_command(
        ["import-world", *words, "--year", "2014", "--out", str(out), "--leave-out", "XAC,XAD", "--leave-out", "Brisk"]
    )
    assert code == 0, said
    account = json.loads((out / "import.json").read_text("utf-8"))
    assert list(account["states"]) == ["xaa"]
    assert account["rows"]["predictors"]["used"] == 1
    for rows in account["rows"].values():
        assert rows["rows"] == rows["used"] + sum(rows["dropped"].values())
    assert str(files.folder) not in json.dumps(account)
    assert "predictors.csv: 4 rows; used 1 (of 2014); dropped 3 (of 2014, left out on request)." in " ".join(
        said.split()
    )


# -- layouts of the published predictors -------------------------------------------------------------------------------

EDITIONS: dict[str, dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "of 2025": {
        "wdi.popsize.new": ("popsize.log2", math.log2),
        "mk_ongoing_count": ("mk_ongoing_count_log2", lambda n: math.log2(n + 1)),
    },
    "of August 2024": {
        "ewp_name": ("country", str),
        "wdi.popsize.new": ("wdi.popsize.log2.combined", math.log2),
        "gdppcgrowth": ("wdi.gdppcgrow.new.combined", float),
        "un_imr_sqrt": ("imr.fwd.fill.sqrt", float),
        "battledeaths.log2": ("battledeaths.ln2", float),
        "mk_ongoing_count": ("mk_ongoing_count_log", lambda n: math.log2(n + 1)),
    },
    "of 2023": {
        "ewp_name": ("country", str),
        "wdi.popsize.new": ("wdi.popsize.log2", math.log2),
        "gdppcgrowth": ("gdppcgrowth.combined", float),
        "battledeaths.log2": ("battledeaths.ln", lambda x: x * math.log(2.0)),
        "mk_ongoing_count": ("mk_ongoing_count_log", lambda n: math.log2(n + 1)),
    },
}
WITHOUT = ("iso3c", "wdi.gdppc.new", "exclpop")


@pytest.mark.parametrize("edition", list(EDITIONS))
def test_published_editions_of_the_predictors_are_read_as_they_are(files: Files, edition: str) -> None:
    rows = [
        country("RWA", 517, "Rwanda", mk_ongoing_count=2, **{"battledeaths.log2": 7.25}),
        country("BDI", 516, "Burundi", un_imr_sqrt=7.5),
        country("TZA", 510, "Tanzania", gdppcgrowth=-1.25),
    ]
    files.groups = [group for row in rows for group in pair(row["ccode"], row["ewp_name"])]
    files.contiguity = [border(517, 516), border(517, 510)]
    files.predictors = rows
    usual, _ = read_countries(files.paths()["predictors"], 2014)
    files.predictors = []
    for row in rows:
        made = {key: value for key, value in row.items() if key not in WITHOUT}
        for predictor, (column, scale) in EDITIONS[edition].items():
            made[column] = scale(made.pop(predictor))
        files.predictors.append(made | {"year": 2014, "widetargeting": 0})
    world = files.world()
    found, account = read_countries(files.paths()["predictors"], 2014)
    for one, other in zip(usual, found, strict=True):
        for predictor, value in other.values.items():
            assert value == pytest.approx(one.values[predictor], rel=1e-9, abs=1e-9), predictor
    assert [c.iso3 for c in found] == ["RWA", "BDI", "TZA"]
    assert account.not_read == ["widetargeting"]
    assert "widetargeting" in world.accounts["predictors"].as_data()["columns_not_read"]
    by = {(entry.iso3, entry.column): entry for entry in world.filled}
    assert by["RWA", "exclpop"].value == pytest.approx(0.25)
    assert "from un_imr_sqrt" in by["RWA", "wdi.gdppc.new"].rule
    # Fewer infants die where incomes are higher: the stand-in follows the correlation of the record.
    assert by["BDI", "wdi.gdppc.new"].value < by["RWA", "wdi.gdppc.new"].value
    assert "wdi.popsize.new is read from the column" in told(world)


def test_a_value_on_another_scale_is_checked_on_that_scale(files: Files) -> None:
    files.predictors = [
        {**{k: v for k, v in row.items() if k != "wdi.popsize.new"}, "popsize.log2": 22.5} for row in files.predictors
    ]
    files.predictors[1]["popsize.log2"] = 5_000_000
    message = files.refused()
    assert "popsize.log2" in message and "a number from 8.96578 to 31.4823" in message


# -- the reader of tables ----------------------------------------------------------------------------------------------

WAYS: dict[str, Callable[[list[Row]], str]] = {
    "semicolons and decimal commas": lambda rows: table(
        [{k: str(v).replace(".", ",") for k, v in row.items()} for row in rows], ";"
    ),
    "tabs and decimal commas": lambda rows: table(
        [{k: str(v).replace(".", ",") for k, v in row.items()} for row in rows], "\t"
    ),
    "a line that names the separator": lambda rows: "sep=;\n" + table(rows, ";"),
    "a byte order mark and a blank last row": lambda rows: "\ufeff" + table(rows) + "," * (len(rows[0]) - 1) + "\n\n",
    "an index column without a name": lambda rows: table([{"": k, **row} for k, row in enumerate(rows, 1)]),
    "row names as R writes them": lambda rows: "".join(
        line if k == 0 else f'"{k}",{line}' for k, line in enumerate(table(rows).splitlines(keepends=True))
    ),
    "separators at the end of rows": lambda rows: table(rows).replace("\n", ",\n"),
    "columns of quoted names": lambda rows: ",".join(f'"{c}"' for c in rows[0]) + "\n" + table(rows).split("\n", 1)[1],
}


@pytest.mark.parametrize("way", list(WAYS))
def test_other_ways_to_write_a_table_are_read_alike(way: str, tmp_path: Path) -> None:
    rows = Files(tmp_path).predictors
    file = tmp_path / "predictors.csv"
    file.write_text(table(rows), encoding="utf-8")
    usual, _ = read_countries(file, 2014)
    file.write_text(WAYS[way](rows), encoding="utf-8")
    found, account = read_countries(file, 2014)
    lines = [country.line for country in found]
    assert [(c.iso3, c.values) for c in found] == [(c.iso3, c.values) for c in usual]
    assert lines == [c.line + ("names the separator" in way) for c in usual]
    assert len(account.notes) > 1 or "semicolons" not in way


def test_thousands_are_not_taken_for_decimals(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("a\tb\n1,500\t2\n", encoding="utf-8")
    assert not read_sheet(file, (), "rows").decimal_comma
    file.write_text("a\tb\n1,5\t2\n", encoding="utf-8")
    assert read_sheet(file, (), "rows").decimal_comma


R_DATA = b"RDX3\nX\n" + bytes(range(200))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bz2.compress(R_DATA), "a file of R, compressed by bzip2"),
        (lzma.compress(R_DATA), "a file of R, compressed by xz"),
        (gzip.compress(R_DATA), "a file of R, compressed by gzip"),
        (R_DATA, "a file of R"),
        (gzip.compress(b"ccode,iso3c\n"), "compressed by gzip"),
        (bz2.compress(R_DATA)[:12], "compressed by bzip2 (as files of R, .rda and .rds, are)"),
        (b"\xd0\xcf\x11\xe0" + bytes(20), "a spreadsheet or document of an older kind"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
    ],
)
@pytest.mark.parametrize("key", NAMES)
def test_files_that_are_no_tables_are_called_what_they_are(files: Files, key: str, content: bytes, words: str) -> None:
    setattr(files, key, content)
    message = files.refused()
    assert words in message and "byte 0x" not in message
