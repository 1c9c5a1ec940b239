"""Files as researchers have them: other times, other states, other numbers and codes, values that do not fit."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from commands import run_command
from field_files import PEOPLE, STATES, Files, Row, border, country, pair, states, told


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Give the files, in a folder of their own."""
    return Files(tmp_path)


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


# -- conflicts ---------------------------------------------------------------------------------------------------------


def test_years_without_a_battle_death_anywhere_are_told(files: Files) -> None:
    files.predictors = [
        country(f"X{one}{other}", 3000 + 26 * k + m, f"State {one}{other}", year=year,
                **{"battledeaths.log2": 6.0 if year == 2014 and k == m == 0 else 0})
        for year in (2012, 2013, 2014)
        for k, one in enumerate("ABC")
        for m, other in enumerate("ABCDEFGHIJKLMNOPQRSTUVWX")
    ]  # fmt: skip
    files.groups = pair(3000, "State AA")
    files.contiguity = [border(3000, 3001)]
    assert "battledeaths.log2 is 0 for every state in 2012, 2013:" in told(files.world(2014))
    assert "0 for every state in 2012: " in told(files.world(2012))


def test_a_few_states_at_peace_are_nothing_to_be_told(files: Files) -> None:
    assert "for every state" not in told(files.world())


def test_a_conflict_does_not_raise_the_level_outside_of_war_as_if_it_went_on(files: Files) -> None:
    files.predictors[0]["battledeaths.log2"] = 12.0
    files.predictors[1]["battledeaths.log2"] = 0.0
    for row in files.predictors[:2]:
        row["wdi.popsize.new"] = 9_000_000
    made = states(files.world(typical=True))
    war, peace = made["xaa"], made["xab"]
    assert war["conflict"] == "war"
    home = war["home"]["armed_groups"]
    # Above peace, since a state at war is prone to it; well below what it has now.
    assert peace["armed_groups"] < home < 0.5 * war["armed_groups"]
    assert war["home"]["armed_groups"] - peace["armed_groups"] < 0.25
