"""Country data become a world: what is taken, what is filled, what is drawn, and that all of it is told."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from import_files import files, imported, with_cell, with_column
from typer.testing import CliRunner

from r2psim.cli import app
from r2psim.declarations.columns import STATE, S
from r2psim.scenario import load
from r2psim.scenario.loading import scenario_of
from r2psim.world.build import build
from r2psim.world.countries import conflict_of, import_data, read_countries
from r2psim.world.ethnic_groups import read_groups
from r2psim.world.facts import FOREVER, facts
from r2psim.world.generate import generator_data
from r2psim.world.generated_states import Copula
from r2psim.world.importing import CAVEAT, Imported, import_countries
from r2psim.world.sampling import normal
from r2psim.world.scores import column_level, conditional, level_score, openness, quantile_score


@pytest.fixture(scope="module")
def world() -> Imported:
    """Give the sample world."""
    return imported(files())


def command(found: dict[str, Path], out: Path, *more: str) -> list[str]:
    """Give the words of the command that imports files."""
    options = [word for key, file in found.items() for word in (f"--{key}", str(file))]
    return ["import-world", *options, "--year", "2014", "--out", str(out), *more]


def states_of(world: Imported) -> dict[str, Any]:
    """Give the states of a world."""
    return world.tables["states"]


# -- the sample --------------------------------------------------------------------------------------------------------


def test_the_sample_becomes_a_directory_that_loads_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, command(files(), Path("sample")))
    assert done.exit_code == 0, done.output
    assert "12 states, 44 groups" in done.output
    assert "no forecast of any country" in done.output.replace("\n", " ")
    for source in ("sample", "./sample", Path("sample"), "sample/scenario.toml"):
        scenario = load(source)
        assert len(scenario.states) == 12
        assert scenario.description == CAVEAT
        assert "no forecast of any country" in scenario.title
    assert Path("sample/scenario.toml").read_text("utf-8").startswith("# This world is made of data files")
    account = json.loads(Path("sample/import.json").read_text("utf-8"))
    assert account["caveat"] == CAVEAT
    assert next(iter(account)) == "caveat"
    assert account["states"]["xaa"] == {"iso3c": "XAA", "ccode": 1001}
    assert str(tmp_path) not in json.dumps(account)
    assert Path("sample/states.csv").read_text("utf-8").splitlines()[1] == "xaa,XAA,1001"


def test_it_is_a_world_that_runs(world: Imported, tmp_path: Path) -> None:
    data = {"schema": 1, "name": "imported", **world.tables}
    built = build(scenario_of(data))
    assert (built.rows.group[0] >= 0).all()
    assert np.isfinite(built.rows.state).all()
    out = tmp_path / "world"
    assert CliRunner().invoke(app, command(files(), out)).exit_code == 0
    done = CliRunner().invoke(app, ["run", str(out), "--years", "1", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["states"] == 12


def test_what_happens_in_one_run_is_not_told_of_a_real_country(tmp_path: Path) -> None:
    out = tmp_path / "world"
    assert CliRunner().invoke(app, command(files(), out)).exit_code == 0
    assert load(out).real_names
    assert scenario_of(load(out).resolved()).real_names
    # Early enough that somebody is at imminent risk: were it told by name, it would be told here.
    told = CliRunner().invoke(app, ["run", str(out), "--years", "10"])
    assert told.exit_code == 0, told.output
    names = [state["name"] for state in load(out).resolved()["states"].values()]
    assert not [name for name in names if name in told.output]
    assert "is told in sums" in told.output
    study = tmp_path / "study"
    made = ["compare", str(out), "--runs", "2", "--years", "2", "--policies", "late-response,prevention"]
    assert CliRunner().invoke(app, [*made, "--out", str(study)]).exit_code == 0
    again = CliRunner().invoke(app, ["replay", str(study), "1", "--policy", "prevention"])
    assert again.exit_code == 0 and "is told in sums" in again.output, again.output
    named = out / "scenario.toml"
    named.write_text(named.read_text("utf-8").replace("real_names = true", "real_names = false"), encoding="utf-8")
    by_name = CliRunner().invoke(app, ["run", str(out), "--years", "10"])
    assert [name for name in names if name in by_name.output]


def test_every_start_is_written_out(world: Imported) -> None:
    # No file tells of rents yet.
    needed = {column.name for column in STATE.columns if column.role == "given"} - {"resource_rents"}
    assert all(needed <= state.keys() for state in states_of(world).values())


def test_missions_stand_where_the_file_has_peacekeepers_and_nowhere_without_it(world: Imported, tmp_path: Path) -> None:
    assert not any(state["mission"] for state in states_of(world).values())
    assert any("No column peacekeepers: no peacekeeping mission stands" in note for note in world.notes)
    sent = {2: "3000", 3: "21000", 4: "0"}
    found = imported(files(tmp_path, predictors=with_column("peacekeepers", lambda line: sent.get(line, ""))))
    missions = [state["mission"] for state in states_of(found).values()]
    assert missions == [0.5, 1.0] + [0.0] * (len(missions) - 2)
    told = " ".join(note for note in found.notes if note.startswith("peacekeepers"))
    assert "XAA (3,000), XAB (21,000)" in told
    assert "more than 6,000 count as a mission at full strength, for XAB" in told
    # Nothing else of the world follows from them.
    assert [{**s, "mission": 0.0} for s in states_of(found).values()] == list(states_of(world).values())
    assert found.tables["bodies"] == world.tables["bodies"]
    rows = build(scenario_of({"schema": 1, "name": "sent", **found.tables})).rows
    assert rows.state[S.mandate].tolist() == [1.0, 1.0] + [0.0] * (len(missions) - 2)
    assert rows.state[S.since_crisis, 0] > 0.0, "a mission at peace has had its crisis"


def test_json_is_the_account_and_nothing_else(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, command(files(), tmp_path / "world", "--json"))
    account = json.loads(done.output)
    assert account["counts"]["states"] == 12
    assert account == json.loads((tmp_path / "world" / "import.json").read_text("utf-8"))


def test_an_earlier_output_is_replaced_only_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "world"
    assert CliRunner().invoke(app, command(files(), out)).exit_code == 0
    before = (out / "scenario.toml").read_bytes()
    refused = CliRunner().invoke(app, command(files(), out, "--seed", "2"))
    assert refused.exit_code != 0
    assert (out / "scenario.toml").read_bytes() == before
    assert CliRunner().invoke(app, command(files(), out, "--seed", "2", "--force")).exit_code == 0
    assert (out / "scenario.toml").read_bytes() != before


# -- what is taken as told ---------------------------------------------------------------------------------------------


def test_measured_values_are_taken(world: Imported) -> None:
    rows = {country.id: country for country in read_countries(files()["predictors"], 2014)[0]}
    for key, state in states_of(world).items():
        values = rows[key].values
        assert state["population"] == pytest.approx(values["wdi.popsize.new"], rel=1e-3)
        if "wdi.gdppc.new" in values:
            assert state["gdp"] == pytest.approx(values["wdi.popsize.new"] * values["wdi.gdppc.new"], rel=2e-3)
        named = {0: ("peace", "recovery"), 2: ("minor conflict",), 3: ("war",)}
        assert state["conflict"] in named[conflict_of(values["battledeaths.log2"])]
        assert state["operational_stage"] == rows[key].operational_stage
        # What the record calls a stage says how far no group has come, but where a mass killing goes on.
        highest = max(group["stage"] for group in state["groups"].values())
        assert highest == (4 if rows[key].operational_stage == 4 else min(rows[key].operational_stage, 1))


def test_one_group_is_at_stage_four_for_each_mass_killing(world: Imported) -> None:
    at_four = {key: sum(g["stage"] == 4 for g in s["groups"].values()) for key, s in states_of(world).items()}
    assert at_four == {key: int(key == "xae") for key in at_four}


def test_openness_is_the_mean_of_three_measures(world: Imported) -> None:
    first = read_countries(files()["predictors"], 2014)[0][0]
    assert openness(first) == pytest.approx((0.355 + 1 / 3 + 1.0) / 3)
    assert states_of(world)["xaa"]["regime"] == pytest.approx(openness(first), abs=1e-4)


def test_groups_are_those_of_the_year(world: Imported) -> None:
    countries = read_countries(files()["predictors"], 2014)[0]
    now, _ = read_groups(files()["groups"], countries, 2014)
    before, _ = read_groups(files()["groups"], countries, 2010)
    assert sum(map(len, now.values())) == 44
    assert sum(map(len, before.values())) == 44
    assert any(g.status != b.status for key in now for g, b in zip(now[key], before[key], strict=True))


def test_groups_are_numbered_unless_their_names_are_asked_for(world: Imported) -> None:
    shown = [g["name"] for state in states_of(world).values() for g in state["groups"].values()]
    assert all(name.startswith("Group ") for name in shown)
    named = imported(files(), group_names=True)
    with_names = [g["name"] for state in states_of(named).values() for g in state["groups"].values()]
    assert not any(name.startswith("Group ") for name in with_names)

    def bare(world: Imported) -> list[list[dict[str, Any]]]:
        return [
            [{k: v for k, v in g.items() if k not in ("name", "kin")} for g in state["groups"].values()]
            for state in states_of(world).values()
        ]

    assert bare(named) == bare(world)


def test_groups_of_one_name_across_a_border_are_kin(world: Imported) -> None:
    ties = [
        (f"{k}/{g}", other) for k, s in states_of(world).items() for g, x in s["groups"].items() for other in x["kin"]
    ]
    assert len(ties) == 8
    assert {(b, a) for a, b in ties} == set(ties)
    names = imported(files(), group_names=True).tables["states"]
    for key, state in names.items():
        for group in state["groups"].values():
            for other in group["kin"]:
                there, _, name = other.partition("/")
                assert names[there]["groups"][name]["name"] == group["name"]
                assert there in names[key]["neighbours"]


def test_borders_go_both_ways_and_water_joins_nobody(world: Imported) -> None:
    states = states_of(world)
    assert all(key in states[other]["neighbours"] for key, state in states.items() for other in state["neighbours"])
    assert "xal" not in states["xaa"]["neighbours"]  # across water only
    assert states["xac"]["neighbours"] == []  # its one neighbour is not among the predictors


def test_the_project_s_own_names_of_columns_are_read(tmp_path: Path, world: Imported) -> None:
    def change(text: str) -> str:
        renamed = text.replace("ccode1,ccode2,conttype", "state1no,state2no,conttype")
        return with_column("year", lambda k: "2010")(renamed)

    found = imported(files(tmp_path, contiguity=change))
    assert found.tables["states"] == world.tables["states"]
    assert any("no rows of 2014; those of 2010" in note for note in found.notes)


# -- what is filled ----------------------------------------------------------------------------------------------------


def test_missing_values_are_filled_and_told(world: Imported) -> None:
    filled = {(entry.iso3, entry.column): entry for entry in world.filled}
    assert set(filled) == {
        ("XAC", "wdi.gdppc.new"),
        ("XAI", "wdi.gdppc.new"),
        ("XAF", "exclpop"),
        ("XAK", "freediscussion"),
        ("XAK", "judicialreform"),
    }
    assert "log-linear" in filled["XAC", "wdi.gdppc.new"].rule
    assert "median of" in filled["XAI", "wdi.gdppc.new"].rule
    assert filled["XAF", "exclpop"].value == pytest.approx(0.4576, abs=2e-3)
    assert "commonest" in filled["XAK", "judicialreform"].rule
    told = "\n".join(world.notes)
    for iso3, column in filled:
        assert any(note.startswith(f"{column}: missing for") and iso3 in note for note in world.notes)
    assert "has no column year" in told
    assert "Elsewhere" in told
    assert "in recovery" in told


def test_another_measure_of_income_stands_in_where_the_two_agree(tmp_path: Path) -> None:
    # In the sample one is a power of the other: the stand-in is what was taken away.
    told = imported(files(tmp_path, predictors=with_cell(2, "wdi.gdppc.new", ""))).filled
    (value,) = [entry.value for entry in told if (entry.iso3, entry.column) == ("XAA", "wdi.gdppc.new")]
    assert value == pytest.approx(1239.56, rel=1e-3)


def test_earlier_years_tell_what_one_year_cannot(tmp_path: Path) -> None:
    def change(text: str) -> str:
        """Add five years before: XAA fought until 2011, XAD for three years, XAG had its coup in 2013."""
        head, *rows = text.rstrip("\n").split("\n")
        columns = head.split(",")
        made = [f"year,{head}", *(f"2014,{row}" for row in rows)]
        for year in range(2009, 2014):
            for row in rows:
                cells = dict(zip(columns, row.split(","), strict=True))
                deaths = {"XAA": 9.0 if year <= 2011 else 0.0, "XAD": 11.0 if year >= 2012 else 0.0}
                cells["battledeaths.log2"] = str(deaths.get(cells["iso3c"], 0.0))
                cells["coup.try.5yr"] = str(int(cells["iso3c"] == "XAG" and year >= 2013))
                cells["mk_ongoing_count"] = str(int(cells["iso3c"] == "XAA" and year == 2009))
                made.append(",".join([str(year), *cells.values()]))
        return "\n".join(made) + "\n"

    found = imported(files(tmp_path, predictors=change))
    states = found.tables["states"]
    assert states["xaa"]["conflict"] == "recovery"
    assert states["xaa"]["conflict_months"] == 36.0
    assert states["xad"]["conflict"] == "war"
    assert states["xad"]["conflict_months"] == 36.0
    assert states["xaa"]["past_violations"] == pytest.approx(0.5 ** (5 / 10), abs=1e-3)
    assert not [key for key, state in states.items() if state["conflict"] == "recovery" and key != "xaa"]
    assert any("rows of 2009 to 2013" in note for note in found.notes)
    assert not any("in recovery" in note for note in found.notes)


DIGESTS = {
    False: "cb3bb615a974f2b348be0a785cea6c99f39abc0bd7f633d946e088c49205b4fd",
    True: "d3f4dddce46d6a776959ae7d6104289fe691000796a9022021bdc4d68dda9077",
}
"""SHA-256 of the sample world, with and without typical scores: whoever changes what is imported changes these."""


@pytest.mark.parametrize("typical", DIGESTS, ids=["drawn", "typical"])
def test_the_sample_is_imported_to_the_same_bits(typical: bool) -> None:
    found = files()
    made = import_countries(found["predictors"], found["groups"], found["contiguity"], 2014, typical=typical)
    text = json.dumps(made.tables, sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest() == DIGESTS[typical]


@pytest.mark.parametrize("years", [4, 5])
def test_recovery_is_told_for_as_long_as_the_generator_says_it_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    def change(text: str) -> str:
        """Add the year 2009, in which XAA fought."""
        head, *rows = text.rstrip("\n").split("\n")
        place = head.split(",").index("battledeaths.log2")
        made = [f"year,{head}"]
        for row in rows:
            cells = row.split(",")
            cells[place] = "0.0"
            before = [*cells[:place], "9.0" if "XAA" in cells else "0.0", *cells[place + 1 :]]
            made += [",".join(["2014", *cells]), ",".join(["2009", *before])]
        return "\n".join(made) + "\n"

    monkeypatch.setitem(generator_data()["times"], "recovery_years", years)
    states = imported(files(tmp_path, predictors=change)).tables["states"]
    assert states["xaa"]["conflict"] == ("recovery" if years == 5 else "peace")


# -- what is drawn -----------------------------------------------------------------------------------------------------


def test_the_seed_changes_only_what_no_file_tells(world: Imported) -> None:
    other = imported(files(), seed=2)
    same = ("population", "gdp", "regime", "capacity", "neighbours", "x", "y")
    for key, state in states_of(world).items():
        for column in same:
            assert state[column] == states_of(other)[key][column], column
    for column in ("motive", "media", "judiciary"):
        assert any(s[column] != states_of(other)[k][column] for k, s in states_of(world).items()), column
    assert any(s["election_phase"] != states_of(other)[k]["election_phase"] for k, s in states_of(world).items())
    assert imported(files(), seed=1).tables == world.tables


def test_the_order_of_rows_changes_nobody(tmp_path: Path, world: Imported) -> None:
    def reversed_rows(text: str) -> str:
        head, *rows = text.rstrip("\n").split("\n")
        return "\n".join([head, *rows[::-1]]) + "\n"

    turned = imported(files(tmp_path, predictors=reversed_rows))
    for key, state in states_of(world).items():
        moved = {k: v for k, v in states_of(turned)[key].items() if k not in ("x", "y", "neighbours", "groups")}
        assert moved == {k: state[k] for k in moved}


def test_typical_scores_are_drawn_by_no_seed() -> None:
    found = files()
    one, two = (
        import_countries(found["predictors"], found["groups"], found["contiguity"], 2014, seed, typical=True)
        for seed in (1, 2)
    )
    columns = [
        name for name in generator_data()["columns"] if name not in ("armed_groups", "arms", "finance", "incitement")
    ]
    for key, state in states_of(one).items():
        other = states_of(two)[key]
        for column in columns:
            level = [s["home"].get(column, s[column]) for s in (state, other)]
            assert level[0] == level[1], (key, column)
    assert not any("part of scores" in note for note in one.notes)


def test_scores_are_distributed_as_in_the_generator() -> None:
    """Noise makes up for what the predictors leave open, whatever their spread."""
    rng = np.random.default_rng(4)
    country = read_countries(files()["predictors"], 2014)[0][0]
    for column in ("motive", "arms", "media"):
        spec = generator_data()["columns"][column]
        seen = import_data()["spread"][column]
        name, weight = next(iter(spec["weights"].items()))
        whole = Copula.of(generator_data()).scales[column]
        levels = []
        for z, e in rng.standard_normal((4000, 2)).tolist():
            latents = dict.fromkeys(spec["weights"], 0.0) | {name: z * seen / weight}
            levels.append(column_level(column, spec, country, latents, (whole, seen), e))
        deciles = np.quantile(levels, np.arange(1, 10) / 10)
        # Four standard errors of a quantile of 4,000, in the scale of the steps between deciles.
        tolerance = 0.4 * max(np.diff(spec["quantiles"]))
        assert deciles == pytest.approx(spec["quantiles"][1:-1], abs=tolerance), column


# -- scores ------------------------------------------------------------------------------------------------------------


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_scores_rise_with_the_value(one: float, other: float) -> None:
    table = import_data()["latents"]["quantiles"]["discussion"]
    low, high = sorted((one, other))
    assert quantile_score(table, low) <= quantile_score(table, high)


@pytest.mark.parametrize("name", list(import_data()["latents"]["quantiles"]))
def test_deciles_score_as_deciles_of_the_normal_distribution(name: str) -> None:
    table = import_data()["latents"]["quantiles"][name]
    for k in range(1, 10):
        if table.count(table[k]) == 1:
            assert quantile_score(table, table[k]) == pytest.approx(normal(k / 10), abs=1e-9)


def test_levels_score_with_mean_zero() -> None:
    for table in import_data()["latents"]["at_most"].values():
        shares = np.diff([0.0, *table])
        mean = math.fsum(share * level_score(table, k) for k, share in enumerate(shares))
        assert mean == pytest.approx(0.0, abs=1e-9)


def test_conditional_distribution_is_that_of_the_correlations() -> None:
    copula = Copula.of(generator_data())
    factor = np.array(copula.factor)
    draws = np.random.default_rng(3).standard_normal((200_000, len(copula.names))) @ factor.T
    place = copula.names.index("conflict")
    rest = [k for k in range(len(copula.names)) if k != place]
    weights, *_ = np.linalg.lstsq(draws[:, rest], draws[:, place], rcond=None)
    one = dict(zip(copula.names, draws[0].tolist(), strict=True))
    mean, sd = conditional(copula, one, "conflict")
    assert mean == pytest.approx(float(draws[0, rest] @ weights), abs=0.05)
    assert sd == pytest.approx(float(np.std(draws[:, place] - draws[:, rest] @ weights)), abs=0.01)


# -- facts -------------------------------------------------------------------------------------------------------------


def test_facts_are_consistent() -> None:
    known = facts()
    present = [state for state in known.states.values() if state.number is not None and state.last == FOREVER]
    assert len({state.number for state in present}) == len(present) == 195  # 193 members of the UN, Kosovo, Taiwan
    territories = [state for state in known.states.values() if state.number is None]
    assert len({state.iso3 for state in territories} & set(known.states)) == len(territories)
    for organisation in [*known.organisations.values(), known.court]:
        assert set(organisation.years) <= set(known.states), organisation.name
        assert all(first < after for first, after in organisation.years.values()), organisation.name
    for code, meanings in known.codes.items():
        assert all(meaning.state in known.states and meaning.name for meaning in meanings), code


@pytest.mark.parametrize(
    ("key", "year", "members"),
    [
        ("african-union", 2014, 53), ("african-union", 2020, 54), ("european-union", 2000, 15),
        ("european-union", 2014, 28), ("european-union", 2021, 27), ("asean", 2014, 10), ("ecowas", 2014, 15),
        ("sadc", 2014, 15), ("arab-league", 2014, 21), ("oas", 2014, 34), ("osce", 2014, 56),
        ("council-of-europe", 2014, 47), ("council-of-europe", 2023, 46), ("igad", 2014, 8), ("gcc", 2014, 6),
    ],
)  # fmt: skip
def test_numbers_of_members(key: str, year: int, members: int) -> None:
    # Without the members that are in no list of states: Western Sahara, Palestine, the Holy See, Cuba in the OAS.
    assert len(facts().organisations[key].members(year)) == members


def test_parties_to_the_court() -> None:
    assert len(facts().court.members(2014)) == 121  # 122 with the Cook Islands
    assert not facts().court.members(2001) & {"DEU", "ZAF"}


def test_the_mapping_is_complete() -> None:
    mapping, data = import_data(), generator_data()
    assert set(mapping["spread"]) - {"description", "unit", "label", "source"} == set(data["columns"])
    weights = {name for column in data["columns"].values() for name in column["weights"]}
    assert weights <= set(data["latent"]["lower"])
    for column, spec in mapping["predictors"].items():
        assert spec["becomes"] and spec["reason"] and spec["unit"] and spec["missing"], column
        assert spec["label"] in ("computed", "assumption"), column
