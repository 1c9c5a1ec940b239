"""A value that is set explicitly holds: under every policy, in every way of running, and when it is run again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from r2psim.cli import app
from r2psim.ensemble.results import Results
from r2psim.ensemble.simulation import simulate
from r2psim.scenario import Scenario, ScenarioError, load
from r2psim.scenario.parameters import PARAMETERS, P
from r2psim.world.expand import expand

RESERVE = "principles.prevention.reserve"
OFF = {
    "ownership": ["principles.ownership.practice=0.0"],
    "commitment": ["principles.mutual.floor=0.0", "principles.mutual.answer=0.0"],
    "screening": ["principles.harm.screening=0.0"],
    "reserve": [f"{RESERVE}=0.0"],
    "flexibility": ["principles.flexibility.share=0.0"],
}
"""Each principle as a policy without it ships -> the same by hand."""


def value(scenario: Scenario, policy: str, path: str) -> float:
    return float(scenario.parameter_values(policy)[list(PARAMETERS).index(path)])


def test_every_policy_without_a_principle_is_tried() -> None:
    assert {f"prevention-without-{name}" for name in OFF} == {
        name for name in load("seminar").policies if name.startswith("prevention-without-")
    }


@pytest.mark.parametrize("principle", OFF)
def test_a_principle_switched_off_by_hand_gives_what_the_policy_without_it_gives(principle: str) -> None:
    by_hand = simulate(load("seminar", OFF[principle]), ["prevention"], runs=6, seed=7, years=3)
    shipped = simulate("seminar", [f"prevention-without-{principle}"], runs=6, seed=7, years=3)
    (mine,), (theirs,) = by_hand.metrics.values(), shipped.metrics.values()
    assert np.array_equal(mine, theirs, equal_nan=True)
    assert not np.array_equal(mine, simulate("seminar", ["prevention"], runs=6, seed=7, years=3).metrics["prevention"])


@pytest.mark.parametrize("sets", [f"{RESERVE}=0.25", [f"parameters.{RESERVE}=0.25"], {RESERVE: 0.25}])
def test_a_value_for_all_holds_under_all_and_one_for_a_policy_before_it(sets: object) -> None:
    scenario = load("seminar", sets)  # type: ignore[arg-type]
    assert {value(scenario, policy, RESERVE) for policy in scenario.policies} == {0.25}
    both = load("seminar", [f"policies.prevention.parameters.{RESERVE}=0.5", f"{RESERVE}=0.25"])
    found = {policy: value(both, policy, RESERVE) for policy in both.policies}
    assert found.pop("prevention") == 0.5
    assert set(found.values()) == {0.25}
    assert "prevention (0.5), for which it is set apart" in " ".join(both.notes())


def test_a_value_in_a_file_stays_below_the_policies_and_check_says_so(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f'schema = 1\nextends = "seminar"\nparameters.{RESERVE} = 0.25\n', encoding="utf-8")
    scenario = load(file)
    assert (value(scenario, "prevention", RESERVE), value(scenario, "late-response", RESERVE)) == (0.6, 0.25)
    (note,) = scenario.overlaid()
    assert f"parameters.{RESERVE} = 0.25" in note and "prevention (0.6)" in note and "[overrides]" in note
    file.write_text(f'schema = 1\nextends = "seminar"\noverrides.{RESERVE} = 0.25\n', encoding="utf-8")
    assert value(load(file), "prevention", RESERVE) == 0.25
    assert load(file).overlaid() == []


def test_no_assistance_stays_what_it_is_and_that_is_said() -> None:
    scenario = load("seminar", "assistance.budget_scale=2.0")
    assert value(scenario, "no-assistance", "assistance.budget_scale") == 0.0
    assert value(scenario, "prevention", "assistance.budget_scale") == 2.0
    (note,) = scenario.notes()
    assert "does not reach no-assistance" in note
    assert scenario.notes(["prevention"]) == []
    meant = load("seminar", "policies.no-assistance.parameters.assistance.budget_scale=2.0")
    assert value(meant, "no-assistance", "assistance.budget_scale") == 2.0
    assert meant.notes() == []


def test_what_takes_the_place_of_a_policys_own_value_is_said() -> None:
    (note,) = load("seminar", f"{RESERVE}=0.0").notes(["late-response", "prevention"])
    assert f"{RESERVE} = 0 " in note and "prevention (0.6)" in note and "balanced" not in note


def test_the_command_line_tells_it_beside_the_result_and_obeys() -> None:
    line = ["compare", "seminar", "--runs", "3", "--years", "8", "--policies", "late-response,prevention", "--json"]
    plain, told = (CliRunner().invoke(app, [*line, *more]) for more in ([], ["--set", f"{RESERVE}=0.0"]))
    assert f"note: {RESERVE} = 0 takes the place of what is set by prevention (0.6)\n" in told.stderr
    assert "note:" not in plain.stderr
    policies = [json.loads(found.stdout)["policies"] for found in (plain, told)]
    assert policies[0]["prevention"] != policies[1]["prevention"]
    assert policies[0]["late-response"] == policies[1]["late-response"]


@pytest.mark.parametrize("name", ["seminar", "world"])
def test_overrides_survive_generation_and_plain_data(name: str) -> None:
    scenario = expand(load(name, [f"{RESERVE}=0.0", "policies.prevention.parameters.observation.noise=0.5"]))
    again = Scenario.from_resolved(json.loads(json.dumps(scenario.resolved())))
    assert again.overrides == scenario.overrides == {RESERVE: 0.0, "policies.prevention.observation.noise": 0.5}
    for policy in scenario.policies:
        assert np.array_equal(again.parameter_values(policy), scenario.parameter_values(policy))


def test_generation_leaves_to_its_default_what_was_left_to_it() -> None:
    own = load("world").parameters
    assert "observation.noise" not in own
    assert expand(load("world", "observation.noise=0.5")).parameters == own | {"observation.noise": 0.5}


def test_a_run_with_overrides_is_run_again_to_the_same_bits(tmp_path: Path) -> None:
    made = simulate(load("seminar", f"{RESERVE}=0.0"), ["prevention"], runs=2, seed=3, years=2)
    made.save(tmp_path / "out")
    facts = json.loads((tmp_path / "out" / "provenance.json").read_text(encoding="utf-8"))
    assert facts["overrides"] == {RESERVE: 0.0}
    model = Results.load(tmp_path / "out").open(1)
    assert model.parameters[P.principles_prevention_reserve] == 0.0
    model.close()


@pytest.mark.parametrize(
    ("sets", "place", "words", "near"),
    [
        ("observation.noise=2", "parameters.observation.noise", "from 0 to 1", None),
        ({"observation.noise": 2}, "parameters.observation.noise", "from 0 to 1", None),
        ("observation.nois=0.2", "observation.nois", "a parameter", "observation.noise"),
        ([3], "", "3 is not of the form path=value", None),
        ({3: 1.0}, "", "3 is not of the form path=value", None),
        ("overrides.observation.nois=0.2", "parameters.observation.nois", "a parameter", "observation.noise"),
        ("policies.preventon.parameters.observation.noise=0.2", "policies.preventon", "one of", "prevention"),
    ],
)
def test_a_wrong_override_is_one_problem(sets: object, place: str, words: str, near: str | None) -> None:
    with pytest.raises(ScenarioError) as refused:
        load("seminar", sets)  # type: ignore[arg-type]
    (problem,) = refused.value.problems
    assert (problem.file, problem.path, problem.nearest) == ("--set", place, near)
    assert words in str(problem)


def test_overrides_of_an_unknown_policy_in_a_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    text = 'schema = 1\nextends = "seminar"\n[overrides.policies.preventon.observation]\nnoise = 0.2\n'
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        load(file)
    (problem,) = refused.value.problems
    assert (problem.line, problem.path, problem.nearest) == (3, "overrides.policies.preventon", "prevention")
