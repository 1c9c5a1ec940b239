"""Scenario files: the corpus of small cases, merging, overrides, messages, resolved forms, the JSON Schema."""

from __future__ import annotations

import doctest
import json
import math
import os
import pickle
import subprocess
import sys
import tomllib
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from r2psim.declarations.columns import BODY, GROUP, OPPONENTS, STATE
from r2psim.files import TOML
from r2psim.scenario import (
    Problem,
    Scenario,
    ScenarioError,
    check,
    errors,
    json_schema,
    load,
    shipped_names,
    shipped_path,
)
from r2psim.scenario.errors import shown
from r2psim.scenario.parameters import PARAMETERS, P, defaults
from r2psim.scenario.schema import HOMES, given

CASES = Path(__file__).parent / "cases"
VALID = sorted((CASES / "valid").glob("*.toml"))
INVALID = sorted((CASES / "invalid").glob("*.toml"))
COUP = "triggers.coup.base"


class Expected(NamedTuple):
    """What a case expects of one problem."""

    path: str
    words: list[str]
    nearest: str

    def fits(self, problem: Problem) -> bool:
        """Say whether `problem` is the one expected."""
        if self.nearest and (self.nearest != problem.nearest or f"did you mean {self.nearest}?" not in str(problem)):
            return False
        return problem.path == self.path and all(word in str(problem) for word in self.words)


def expectations(path: Path) -> list[Expected]:
    """Read the leading ``# expect: PATH | words | nearest`` lines of an invalid case."""
    found = []
    for line in path.read_bytes().decode("utf-8", "replace").splitlines():
        if not line.startswith("# expect: "):
            break
        fields = [field.strip() for field in line.removeprefix("# expect: ").split("|")]
        found.append(Expected(fields[0], fields[1].split(), fields[2] if len(fields) > 2 else ""))
    return found


def problems_of(source: str | Path, sets: list[str] | None = None) -> tuple[Problem, ...]:
    """Load what must be refused and give its problems."""
    with pytest.raises(ScenarioError) as caught:
        load(source, sets or [])
    return caught.value.problems


def write(folder: Path, text: str, name: str = "case.toml") -> Path:
    """Write a scenario file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def stem(path: Path) -> str:
    """Name a case in pytest's output."""
    return path.stem


# -- the corpus --------------------------------------------------------------------------------------------------------


def test_corpus_is_large_enough() -> None:
    assert len(VALID) >= 45
    assert len(INVALID) >= 130


@pytest.mark.parametrize("path", VALID, ids=stem)
def test_valid_case_loads_and_its_resolved_form_is_a_fixed_point(path: Path) -> None:
    scenario = load(path)
    resolved = scenario.resolved()
    through_json = json.loads(json.dumps(resolved, allow_nan=False))
    assert through_json == resolved
    again = Scenario.from_resolved(through_json)
    assert json.dumps(again.resolved()) == json.dumps(resolved)
    assert np.array_equal(again.parameter_values(), scenario.parameter_values())


@pytest.mark.parametrize("path", INVALID, ids=stem)
def test_invalid_case_is_refused_for_the_reason_it_names(path: Path) -> None:
    expected = expectations(path)
    assert expected, "the first line must say what is expected"
    problems = problems_of(path)
    for one in expected:
        assert any(one.fits(problem) for problem in problems), f"{one}\nnot among\n" + "\n".join(map(str, problems))
    assert len(problems) == len(expected), "\n".join(map(str, problems))
    assert all(problem.file.endswith(".toml") and str(problem).startswith(problem.file) for problem in problems)


@pytest.mark.parametrize("path", INVALID, ids=stem)
def test_line_named_holds_the_key(path: Path) -> None:
    for problem in problems_of(path):
        if problem.line and problem.path and '"' not in problem.path:
            line = Path(problem.file).read_text(encoding="utf-8").splitlines()[problem.line - 1]
            assert any(key in line for key in problem.path.split(".")[-1:]), f"{problem}\n{line}"


def test_check_gives_the_problems_of_every_file_in_order() -> None:
    good, first, second = CASES / "valid" / "base.toml", INVALID[0], INVALID[1]
    assert check([good]) == []
    assert check([first, good, second]) == [*problems_of(first), *problems_of(second)]


# -- messages ----------------------------------------------------------------------------------------------------------


def test_message_names_file_line_path_value_allowed_and_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, 'schema = 1\n[states.arvania]\nconflict = "waar"\n')
    assert str(problems_of(path)[0]) == (
        f'{path}:3: states.arvania.conflict: "waar" is not allowed: '
        'one of "peace", "recovery", "minor conflict", "war" (did you mean war?)'
    )


def test_error_holds_one_block_per_problem(tmp_path: Path) -> None:
    path = write(tmp_path, "schema = 2\nyears = 0\n[states.arvania]\n")
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    assert [problem.path for problem in caught.value.problems] == ["schema", "years"]
    assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems


@pytest.mark.parametrize(
    "value",
    [
        "a" * 10_000,
        16**20_000,
        [[[[[[1]]]]]] * 50,
        {"k" * 500: {"k": {"k": {"k": 1}}}},
        {i: i for i in range(99)},
        None,
    ],
    ids=["text", "integer", "lists", "tables", "wide", "nothing"],
)
def test_values_are_shown_in_at_most_80_characters(value: object) -> None:
    assert 0 < len(shown(value)) <= 80


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('schema = 1\ntitle = """x\nyears = 0\n"""\nyears = 0\n[states.a]\n', 5),
        ("schema = 1\n# years = 0\n'years' = 0\n[states.a]\n", 3),
        ('schema = 1\ntitle = """years = 0"""\nyears = 0 # "\n[states.a]\n', 3),
        ("schema = 1\r\n\r\nyears = 0\r\n[states.a]\r\n", 3),
        ("years=0\nschema = 1\n[states.a]\nneighbours = [\n  # years = 1\n]\n", 1),
    ],
)
def test_line_is_that_of_the_key_and_never_one_inside_a_text(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "case.toml"
    path.write_bytes(text.encode())
    found = [problem for problem in problems_of(path) if problem.path == "years"]
    assert [problem.line for problem in found] == [line]


def test_line_is_left_out_where_it_is_not_certain(tmp_path: Path) -> None:
    path = write(tmp_path, 'schema = 1\nstates = { a = { name = """x\n""", regime = 7 } }\n')
    assert problems_of(path)[0].line is None


# -- files -------------------------------------------------------------------------------------------------------------


def only(problems: tuple[Problem, ...]) -> Problem:
    """Give the one problem there must be."""
    assert len(problems) == 1
    return problems[0]


def test_file_that_cannot_be_read_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    folder = tmp_path / "folder.toml"
    folder.mkdir()
    assert "no such file" in str(only(problems_of(tmp_path / "missing.toml")))
    assert "directory" in str(only(problems_of(folder)))
    assert "no such file" in str(only(problems_of("null\0byte.toml")))
    assert "name too long" in str(only(problems_of("a" * 5000 + ".toml"))).lower()
    path = write(tmp_path, "schema = 1\n[states.a]\n")
    monkeypatch.setattr("r2psim.scenario.errors.BOUNDS", replace(TOML, size=10))
    assert "too large" in str(only(problems_of(path)))
    monkeypatch.setattr(Path, "open", denied)
    assert "cannot be read: Permission denied" in str(only(problems_of(path)))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    assert "not a regular file" in str(only(problems_of(tmp_path / "pipe.toml")))


def test_unknown_name_lists_what_ships_and_the_nearest() -> None:
    assert "seminar" in shipped_names()
    problem = only(problems_of("seminer"))
    assert problem.nearest == "seminar"
    assert all(name in str(problem) for name in shipped_names())
    assert "shipped are" in str(only(problems_of("")))


def test_shipped_scenarios_are_those_of_the_checkout_and_valid() -> None:
    folder = Path(__file__).parents[1] / "scenarios"
    assert set(shipped_names()) == {path.stem for path in folder.glob("*.toml")}
    assert all(shipped_path(name).samefile(folder / f"{name}.toml") for name in shipped_names())
    assert check(shipped_names()) == []
    assert load("seminar").name == "seminar"


def test_shipped_scenarios_of_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "shipped" / "scenarios"
    home.mkdir(parents=True)
    write(home, "schema = 1\n[states.a]\n", "one.toml")
    monkeypatch.setattr("r2psim.scenario.shipped._PACKAGE", tmp_path)
    assert shipped_names() == ("one",)
    assert load("one").title == "One"
    overlay = write(tmp_path, 'extends = "one"\nyears = 3\n')
    assert (load(overlay).years, load(overlay).name) == (3, "case")
    misspelt = write(tmp_path, 'extends = "onne"\n')
    assert only(problems_of(misspelt)).nearest == "one"


def test_a_key_as_long_as_a_damaged_file_does_not_fill_the_screen(tmp_path: Path) -> None:
    place = tmp_path / "long.toml"
    place.write_text(f"schema = 1\n[states.{'9' * 50_000}]\n[{'x' * 50_000}.states]\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as error:
        load(place)
    assert all(0 < len(str(problem)) < 1500 for problem in error.value.problems)


def test_a_long_chain_of_files_is_no_trouble(tmp_path: Path) -> None:
    write(tmp_path, "schema = 1\n[states.a]\n", "s0.toml")
    for i in range(1, 300):
        write(tmp_path, f'extends = "s{i - 1}.toml"\nyears = {1 + i % 200}\n', f"s{i}.toml")
    assert load(tmp_path / "s299.toml").years == 100


# -- merging -----------------------------------------------------------------------------------------------------------


def valid(name: str, sets: list[str] | None = None) -> Scenario:
    """Load a valid case."""
    return load(CASES / "valid" / f"{name}.toml", sets or [])


def test_overlay_merges_tables_and_replaces_scalars_and_lists() -> None:
    base, scalar, listed = valid("base"), valid("extends-scalar"), valid("extends-list")
    assert (scalar.years, scalar.title, scalar.name) == (5, base.title, "extends-scalar")
    assert scalar.states["arvania"].values == {"population": 1e6}
    assert scalar.states["arvania"].region == "north"
    assert listed.bodies["river-union"].members == ("belmar",)
    assert valid("extends-parameters").parameters == {COUP: 0.02, "harm.intensity_median": 100.0}
    assert list(valid("extends-chain").states) == ["arvania", "belmar", "corland"]


def test_removed_entries_go_with_the_references_to_them() -> None:
    scenario = valid("extends-removes-state")
    assert list(scenario.states) == ["arvania"]
    assert scenario.states["arvania"].neighbours == ()
    assert scenario.states["arvania"].groups["hill"].kin == ()
    assert scenario.bodies["river-union"].members == ("arvania",)
    assert list(valid("extends-removes-group").states["belmar"].groups) == [OPPONENTS]
    assert valid("extends-removes-body").bodies == {}
    assert set(valid("base").policies) - set(valid("extends-removes-policy").policies) == {"calm"}
    again = valid("extends-removes-and-adds-again").states["belmar"]
    assert (again.values, list(again.groups), again.region) == ({"population": 2e6}, [OPPONENTS], "world")


def test_problem_names_the_file_that_wrote_the_value(tmp_path: Path) -> None:
    base = write(tmp_path, "schema = 1\nyears = 0\n[states.a]\nregime = 7\n[states.b]\nregime = 8\n", "base.toml")
    overlay = write(tmp_path, 'extends = "base.toml"\n[states.a]\nregime = 9\nmedia = -1\n', "overlay.toml")
    found = [(problem.file, problem.line, problem.path) for problem in problems_of(overlay, ["states.b.media=2"])]
    assert found == [
        ("--set", None, "states.b.media"),
        (str(overlay), 3, "states.a.regime"),
        (str(overlay), 4, "states.a.media"),
        (str(base), 2, "years"),
        (str(base), 6, "states.b.regime"),
    ]


# -- overrides ---------------------------------------------------------------------------------------------------------


def test_overrides_reach_every_kind_of_value() -> None:
    scenario = valid(
        "base",
        [
            "years=3",
            "title = A title with = and spaces",
            "states.arvania.population=1e6",
            "states.arvania.conflict=war",
            'states.belmar.neighbours=["arvania"]',
            "states.arvania.groups.hill.stage=2",
            "bodies.river-union.members=all",
            f"{COUP}=0.1",
            f"parameters.{COUP}=0.2",
            "policies.calm.parameters.harm.intensity_median=10",
            "policies.no-assistance.description=Nobody comes.",
        ],
    )
    assert (scenario.years, scenario.title) == (3, "A title with = and spaces")
    assert scenario.states["arvania"].values == {"population": 1e6, "conflict": 3.0}
    assert scenario.states["arvania"].groups["hill"].values["stage"] == 2.0
    assert scenario.bodies["river-union"].members == "all"
    assert scenario.parameters == {COUP: 0.2}, "the last override of a path holds"
    assert scenario.policies["calm"].parameters == {COUP: 0.01, "harm.intensity_median": 10.0}
    assert scenario.policies["no-assistance"].description == "Nobody comes."
    assert list(valid("base", ["states.belmar.remove=true"]).states) == ["arvania"]


@pytest.mark.parametrize(
    ("text", "path", "nearest"),
    [
        ("triggers.coup.bas=1", "triggers.coup.bas", COUP),
        ("triggrs.coup.base=1", "triggrs.coup.base", COUP),
        ("parameters.triggers.coop.base=1", "parameters.triggers.coop.base", COUP),
        ("triggers.coup.base.x=1", "triggers.coup.base.x", COUP),
        ("yeers=1", "yeers", "years"),
        ("sates.arvania.population=1e6", "sates.arvania.population", "states.arvania.population"),
        ("states.arvanai.population=1e6", "states.arvanai", "arvania"),
        ("states.arvania.populaton=1e6", "states.arvania.populaton", "population"),
        ("states.arvania.groups.hil.share=0.1", "states.arvania.groups.hil", "hill"),
        ("bodies.river-onion.budget=1", "bodies.river-onion", "river-union"),
        ("policies.clam.description=x", "policies.clam", "calm"),
        ("states.arvania.conflict=waar", "states.arvania.conflict", "war"),
        ("triggers.coup=1", "parameters.triggers.coup", COUP),
    ],
)
def test_override_of_an_unknown_path_names_the_nearest(text: str, path: str, nearest: str) -> None:
    problem = only(problems_of(CASES / "valid" / "base.toml", [text]))
    assert (problem.file, problem.path, problem.nearest) == ("--set", path, nearest)


@pytest.mark.parametrize(
    "text",
    [
        "years",
        "=3",
        ".=3",
        "years.=3",
        "a..b=3",
        "years=",
        "years=1\nyears=2",
        "years=" + "[" * 5000,
        "years=" + "9" * 5000,
        "extends=seminar",
        "schema=2",
        ".".join(["states"] * 3000) + "=1",
        ".".join(["triggers"] * 3000) + "=1",
        "title=\udcff",
        "ti\udcfftle=1",
        "title=" + "a" * 100_000,
        "states=3",
        "states.arvania=3",
        "remove=true",
        "parameters.remove=true",
        "states.nowhere.remove=true",
        f"{COUP}=nan",
        f"{COUP}=true",
        f"{COUP}='0.1'",
    ],
    ids=range(24),
)
def test_override_that_cannot_be_is_a_problem(text: str) -> None:
    problems = problems_of(CASES / "valid" / "base.toml", [text])
    assert all(problem.file == "--set" for problem in problems)
    assert all(len(str(problem)) < 2000 for problem in problems)
    "\n".join(map(str, problems)).encode()


def test_all_problems_of_overrides_and_file_come_together() -> None:
    problems = problems_of(CASES / "invalid" / "years-zero.toml", ["yeers=1", "states.arvania.media=2"])
    assert [problem.path for problem in problems] == ["yeers", "states.arvania.media", "years"]


# -- the scenario ------------------------------------------------------------------------------------------------------


def test_parameters_are_defaults_then_the_scenarios_then_the_policys() -> None:
    scenario = valid("base")
    for policy, coup, budgets in ((None, 0.02, 1.0), ("no-assistance", 0.02, 0.0), ("calm", 0.01, 1.0)):
        expected = defaults()
        expected[P.triggers_coup_base] = coup
        expected[P.assistance_budget_scale] = budgets
        assert np.array_equal(scenario.parameter_values(policy), expected)
    with pytest.raises(ScenarioError) as caught:
        scenario.parameter_values("clam")
    assert only(caught.value.problems).nearest == "calm"


def test_references_go_both_ways() -> None:
    states = valid("neighbours-before-they-are-written").states
    assert {key: state.neighbours for key, state in states.items()} == {
        "arvania": ("corland", "belmar"),
        "belmar": ("arvania", "corland"),
        "corland": ("belmar", "arvania"),
    }
    one, both = valid("kin-named-by-one").states, valid("kin-named-by-both").states
    assert one["belmar"].groups["hill"].kin == both["belmar"].groups["hill"].kin == ("arvania/hill",)


def test_status_gives_the_exclusion_unless_it_is_given() -> None:
    assert valid("group-status-sets-exclusion").states["arvania"].groups["hill"].values == {"exclusion": 0.9}
    assert valid("group-exclusion-beside-status").states["arvania"].groups["hill"].values == {"exclusion": 0.5}


def test_names_of_codes_become_numbers() -> None:
    states = valid("conflict-names").states
    assert [state.values["conflict"] for state in states.values()] == [0.0, 1.0, 2.0, 3.0]
    for case in ("group-stage-names", "group-stage-numbers"):
        groups = valid(case).states["arvania"].groups
        own = [group for key, group in groups.items() if key != OPPONENTS]
        assert [group.values["stage"] for group in own] == [0.0, 1.0, 2.0, 3.0, 4.0]
    groups = valid("group-perpetrator-names").states["arvania"].groups
    own = [group for key, group in groups.items() if key != OPPONENTS]
    assert [group.values["perpetrator"] for group in own] == [0.0, 1.0, 2.0, 3.0]


def test_only_what_is_given_is_kept_and_names_default_to_titles() -> None:
    scenario = valid("minimal")
    state = scenario.states["arvania"]
    assert (scenario.name, scenario.title, scenario.years) == ("minimal", "Minimal", 20)
    assert (state.name, state.region, state.values, state.home) == ("Arvania", "world", {}, {})
    assert (scenario.parameters, scenario.bodies, scenario.generate) == ({}, {}, None)
    assert valid("state-id-with-digits-and-hyphens").states["new-arvania-2"].name == "New Arvania 2"


def test_negative_zero_is_zero() -> None:
    values = valid("number-negative-zero").states["arvania"].values
    assert [math.copysign(1, value) for value in values.values()] == [1.0, 1.0]


def test_resolved_form_holds_every_parameter_and_every_given_column() -> None:
    resolved = valid("base").resolved()
    state = resolved["states"]["arvania"]
    for path, parameter in PARAMETERS.items():
        value = resolved["parameters"]
        for key in path.split("."):
            value = value[key]
        assert value == (0.02 if path == COUP else parameter.default)
    assert {column.name for column in given(STATE)} <= state.keys()
    assert {column.name for column in given(GROUP)} <= state["groups"]["hill"].keys()
    assert {column.name for column in given(BODY)} <= resolved["bodies"]["river-union"].keys()
    assert state["home"].keys() == set(HOMES)
    assert (state["conflict"], state["groups"]["hill"]["stage"]) == ("peace", "stable")
    homes = valid("home-some-levels").resolved()["states"]["arvania"]["home"]
    assert (homes["media"], homes["regime"], homes["capacity"]) == (0.6, 0.5, STATE["capacity"].default)


def test_resolved_form_of_a_generated_world_leaves_the_rest_to_the_generator() -> None:
    resolved = valid("generate-with-states").resolved()
    assert resolved["generate"] == {"generator": "world-2014", "seed": 1, "states": 10}
    assert resolved["states"]["belmar"] == {"neighbours": ["arvania"], "home": {}, "groups": {}}
    assert resolved["states"]["arvania"]["conflict"] == "war"
    assert valid("generate-with-states", ["states.s017.conflict=war"]).states["s017"].values == {"conflict": 3.0}


@pytest.mark.parametrize("data", [3, None, [], {}, {1: 2}, {"schema": 1, "states": {3: {}}}, {"\ud800": {"\ud800": 1}}])
def test_resolved_form_is_checked_like_a_file(data: object) -> None:
    with pytest.raises(ScenarioError, match="resolved scenario"):
        Scenario.from_resolved(data)  # type: ignore[arg-type]


def test_plain_data_need_not_be_complete() -> None:
    scenario = Scenario.from_resolved({"schema": 1, "states": {"arvania": {"media": 0.2}}})
    assert (scenario.name, scenario.states["arvania"].values) == ("scenario", {"media": 0.2})


def test_scenario_is_frozen_and_travels_between_processes() -> None:
    scenario = valid("base")
    with pytest.raises(FrozenInstanceError):
        scenario.years = 3  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(scenario)) == scenario


# -- the JSON Schema ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def validator() -> Any:
    """Give a validator of the JSON Schema, itself checked."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(json.dumps(json_schema(), allow_nan=False))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def parsed(path: Path) -> dict[str, Any]:
    """Parse a case without checking it."""
    return tomllib.loads(path.read_bytes().decode("utf-8-sig"))


@pytest.mark.parametrize("path", VALID, ids=stem)
def test_json_schema_accepts_what_is_written_and_what_is_resolved(path: Path, validator: Any) -> None:
    validator.validate(parsed(path))
    validator.validate(load(path).resolved())


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in INVALID
        if path.stem.startswith(("unknown-key", "years-", "group-stage")) and "huge" not in path.stem
    ],
    ids=stem,
)
def test_json_schema_refuses_unknown_keys_and_values_out_of_range(path: Path, validator: Any) -> None:
    # To JSON Schema 20.0 is a whole number.
    assert path.stem == "years-decimal" or not validator.is_valid(parsed(path))


def test_json_schema_says_what_a_number_means_and_its_range() -> None:
    definitions = json_schema()["$defs"]
    population, coup = STATE["population"], PARAMETERS[COUP]
    assert definitions["State"]["properties"]["population"] == {
        "type": "number",
        "minimum": population.low,
        "maximum": population.high,
        "default": population.default,
        "description": f"{population.meaning} ({population.unit})",
    }
    written = definitions["ParametersTriggersCoup"]["properties"]["base"]
    assert (written["minimum"], written["maximum"], written["default"]) == (coup.low, coup.high, coup.default)
    assert coup.description in written["description"]
    assert coup.unit in written["description"]


# -- the house ---------------------------------------------------------------------------------------------------------


def in_a_new_process(code: str, **environment: str) -> str:
    """Run Python code in a process of its own and give what it prints."""
    root = str(Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root, **environment}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return done.stdout


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = {"numpy", "pandas", "mesa", "numba", "pydantic", "r2psim.scenario.schema", "r2psim.scenario.parameters"}
    assert heavy & set(in_a_new_process("import r2psim.scenario, sys; print(*sys.modules)").split()) == set()
    loaded = in_a_new_process(
        f"import r2psim.scenario as s, sys; s.load({str(VALID[0])!r}); print(*sys.modules)"
    ).split()
    assert {"numpy", "pandas", "mesa", "numba"} & set(loaded) == set()


def test_a_new_column_is_a_key_of_scenario_files_without_another_edit(tmp_path: Path) -> None:
    path = write(tmp_path, "schema = 1\n[states.a]\nrainfall = 100\n")
    printed = in_a_new_process(f"""
import r2psim.declarations.columns as tables
rain = tables.Column("rainfall", "mm a year", "rain that falls", "given", 0.0, 5000.0, 800.0)
tables.STATE = tables.Table("state", "a State", (*tables.STATE.columns, rain))
from r2psim.scenario import check, json_schema, load
print(load({str(path)!r}).states["a"].values)
print(load({str(path)!r}).resolved()["states"]["a"]["rainfall"])
print(json_schema()["$defs"]["State"]["properties"]["rainfall"]["description"])
""")
    assert printed.splitlines() == ["{'rainfall': 100.0}", "100.0", "rain that falls (mm a year)"]


def test_loading_does_not_depend_on_the_order_of_hashes() -> None:
    code = f"""
import hashlib, json
from pathlib import Path
from r2psim.scenario import check, load
cases = Path({str(CASES)!r})
text = "\\n".join(map(str, check(sorted(cases.glob("invalid/*.toml")))))
text += json.dumps([load(path).resolved() for path in sorted(cases.glob("valid/*.toml"))])
print(hashlib.sha256(text.encode()).hexdigest())
"""
    assert in_a_new_process(code, PYTHONHASHSEED="1") == in_a_new_process(code, PYTHONHASHSEED="2")


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(errors).failed == 0
