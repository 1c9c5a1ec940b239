"""Experiment files: the corpus of small cases, messages, the JSON Schema, what ships."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from batch_worlds import write
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from r2psim.cli import app
from r2psim.ensemble.batch.designs import points_of
from r2psim.ensemble.batch.loading import load_experiment
from r2psim.ensemble.batch.schema import json_schema
from r2psim.scenario import ScenarioError

CASES = Path(__file__).parent / "cases" / "experiments"
VALID = sorted((CASES / "valid").glob("*.toml"))
INVALID = sorted((CASES / "invalid").glob("*.toml"))
SHIPPED = sorted((Path(__file__).parents[1] / "experiments").glob("*.toml"))
BEYOND_SCHEMA = {"not-toml"}


def expected(path: Path) -> list[tuple[str, list[str], str]]:
    """Read the leading ``# expect: PATH | words | nearest`` lines of an invalid case."""
    found = []
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("# expect: "):
            break
        fields = [field.strip() for field in line.removeprefix("# expect: ").split("|")]
        found.append((fields[0], fields[1].split(), fields[2] if len(fields) > 2 else ""))
    return found


@pytest.mark.parametrize("path", [*VALID, *SHIPPED], ids=lambda path: path.stem)
def test_valid_files_load_and_fit_the_schema(path: Path) -> None:
    experiment = load_experiment(path)
    points = points_of(experiment)
    assert len(points) > 0
    assert points == points_of(load_experiment(path)), "the same points each time"
    assert sum(experiment.rounds()) == experiment.runs
    json.dumps(experiment.resolved(), allow_nan=False)
    Draft202012Validator(json_schema()).validate(tomllib.loads(path.read_text("utf-8")))


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_invalid_files_are_refused_with_place_and_nearest_name(path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_experiment(path)
    problems = list(caught.value.problems)
    for place, words, near in expected(path):
        fitting = [p for p in problems if p.path == place and all(word in str(p) for word in words)]
        fitting = [p for p in fitting if not near or p.nearest == near]
        assert len(fitting) == 1, "\n".join(map(str, problems))
        problems.remove(fitting[0])
    assert not problems, "\n".join(map(str, problems))
    assert all(p.line is not None or p.value is None or p.file.endswith(".csv") for p in caught.value.problems)


def test_every_invalid_case_says_what_is_expected() -> None:
    assert all(expected(path) for path in INVALID)
    assert len(INVALID) > 50


def test_the_schema_is_valid_and_refuses_what_has_the_wrong_shape() -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema).is_valid
    text = {path.stem: path.read_text("utf-8") for path in INVALID if path.stem not in BEYOND_SCHEMA}
    shape = (
        "key-unknown",
        "missing-",
        "runs-",
        "seed-",
        "years-zero",
        "schema-",
        "policies-text",
        "metric-",
        "series-",
        "design-",
    )
    for name, content in text.items():
        if name.startswith(shape):
            assert not check(tomllib.loads(content)), name


def test_the_schema_is_printed() -> None:
    found = CliRunner().invoke(app, ["schema", "--experiment"])
    assert json.loads(found.stdout) == json_schema()


def test_a_policy_that_sets_the_factor_itself_is_noted(tmp_path: Path) -> None:
    text = (
        (CASES / "valid" / "smallest.toml").read_text("utf-8").replace("observation.noise", "principles.harm.screening")
    )
    file = write(
        tmp_path,
        text.replace("0.3", "1.0") + '[set]\n"policies.prevention.parameters.principles.harm.screening" = 0.5\n',
    )
    assert load_experiment(file).notes() == [
        "principles.harm.screening is varied, but prevention sets it: there it does not vary"
    ]
    file = write(tmp_path, text.replace("principles.harm.screening", "principles.prevention.reserve"))
    assert load_experiment(file).notes() == [
        "principles.prevention.reserve is varied in prevention too, in place of its own value"
    ]


def test_a_table_of_points_is_read_as_spreadsheets_write_it_and_that_is_told() -> None:
    experiment = load_experiment(CASES / "valid" / "csv-from-a-spreadsheet.toml")
    assert points_of(experiment).paths == ("observation.noise", "states.velmora.conflict")
    assert points_of(experiment).rows == ((0.1, "war"), (0.5, "peace"))
    assert "semicolons" in " ".join(experiment.notes())
    assert "the column Point numbers the rows" in " ".join(experiment.notes())


def test_a_point_is_tried_as_a_whole() -> None:
    points = points_of(load_experiment(CASES / "valid" / "csv-together.toml"))
    assert points.rows == ((0.62, 0.04), (0.25, 0.33))
    with pytest.raises(ScenarioError) as caught:
        load_experiment(CASES / "invalid" / "csv-not-together.toml")
    assert [problem.line for problem in caught.value.problems] == [3]


def test_a_dry_run_says_what_would_be_run(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["batch", str(CASES / "valid" / "stopping-rule.toml"), "--dry-run"])
    assert found.exit_code == 0
    assert "2 points x 400 runs x 2 policies = 1,600 runs of seminar" in found.stdout
    assert "at most 0.2 wide" in found.stdout


def test_a_former_name_of_a_metric_is_read_and_told(tmp_path: Path) -> None:
    file = tmp_path / "old.toml"
    file.write_text(
        'schema = 1\nscenario = "seminar"\nmetrics = ["onsets", "deaths"]\nseries = ["monthly_onsets"]\n'
        '[headline]\nmetric = "onsets"\n[factors."observation.noise"]\nvalues = [0.1]\n[design]\nkind = "grid"\n',
        encoding="utf-8",
    )
    found = load_experiment(file)
    assert found.metrics == ("atrocity_entries", "deaths") and found.series == ("monthly_atrocity_entries",)
    assert found.headline is not None and found.headline.metric == "atrocity_entries"
    assert [note.split(" is the former name of ")[0] for note in found.notes()] == ["onsets", "monthly_onsets"]
