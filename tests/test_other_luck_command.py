"""`r2psim replay FILE --other-luck N`: what the pages show, from the file alone; and one sentence where not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from seminar_rooms import Exercise, affordable
from typer.testing import CliRunner

from r2psim.agents import R2PModel
from r2psim.cli import app
from r2psim.ensemble.intervals import Interval
from r2psim.seminar.export import export
from r2psim.seminar.other_luck import Beside, other_luck, verdict

LUCKS = 3


def call(*words: object, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["replay", *map(str, words)])
    assert done.exit_code == code, (done.output, done.exception)
    return done


@pytest.fixture(scope="module")
def exercise() -> Exercise:
    """Three years with decisions of every kind, and a line without one of them."""
    made = Exercise(years=3)
    office, member = made.seat("body-good-offices"), made.seat("permanent-1")
    made.chair.begin()
    office.commit_plan([affordable(office)])
    member.commit_votes({"kessara": "yes", "drevna": "no"})
    made.seat("government-drevna").commit_consent(False)
    made.chair.inject("belisar", "coup", 1)
    for _ in range(3):
        made.chair.advance()
    made.chair.rewind(0, 1, "Without money", [("plan", "good-offices", [])])
    return made


@pytest.fixture
def data(exercise: Exercise) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(export(exercise.chair), allow_nan=False))
    return found


@pytest.fixture
def file(data: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "session.json"
    path.write_text(json.dumps(data))
    return path


def test_the_file_gives_the_digests_of_the_session_and_of_the_mesa_model(file: Path, exercise: Exercise) -> None:
    (told,) = json.loads(call(file, 0, "--other-luck", LUCKS, "--digests", "--json").stdout)["branches"]
    play, branch = exercise.chair.room.play, exercise.chair.session.branches[0]
    choices = play.choices(branch, 3)
    ours = other_luck(play.scenario, "late-response", choices, 7, 0, 3, LUCKS, digests=True)
    assert told["sha256"] == ours.sha256
    assert told["digests"] == {name: list(each) for name, each in ours.digests.items()}
    # The first is the luck that the exercise had.
    assert told["runs"] == [0, 1, 2, 3] and told["digests"]["as decided"][0] == branch.digests[-1]
    model = R2PModel("seminar", "late-response", seed=7, run=3, years=3, drive="rows", choices=choices)
    model.run_model()
    model.close()
    assert told["digests"]["as decided"][3] == model.sha256
    assert told["largest_difference_without_effects"] == 0.0 and told["triggers"] == 1


def test_every_line_is_told_in_words(file: Path) -> None:
    told = call(file, "--other-luck", LUCKS).stdout
    assert "0  As decided: 3 years" in told and "1  Without money: 3 years" in told
    assert told.count(f"In {LUCKS} other lucks the decisions left fewer killed than prevention in ") == 2
    assert told.count("differs by 0 at most") == 2
    assert "run 2: " in call(file, 1, "--other-luck", LUCKS, "--digests").stdout


def test_what_was_not_played_so_is_not_tried(file: Path, data: dict[str, Any]) -> None:
    data["branches"][0]["years"][2]["plans"]["good-offices"] = []
    file.write_text(json.dumps(data))
    assert "As decided: is not what was played" in call(file, "--other-luck", LUCKS, code=2).stderr
    data["branches"] = [data["branches"][0] | {"years": []}]
    file.write_text(json.dumps(data))
    assert "no year of this line was run" in call(file, "--other-luck", LUCKS, code=2).stderr


def test_the_command_refuses_in_one_sentence(file: Path, tmp_path: Path) -> None:
    assert "say --other-luck N too" in call(file, "--digests", code=2).stderr
    assert "is for an exported seminar" in call(tmp_path, 0, "--other-luck", 5, code=2).stderr
    assert "--explain: not allowed" in call(file, 0, "--other-luck", 5, "--explain", "drevna/tavin", code=2).stderr
    assert "0 to 1" in call(file, 2, "--other-luck", 5, code=2).stderr
    assert "0 is not allowed: a whole number from 1 to 100,000" in call(file, "--other-luck", 0, code=2).stderr


@pytest.mark.parametrize(
    ("low", "mean", "high", "here", "told"),
    [
        (-9.0, -5.0, -1.0, -1.0, "better on average, and better here"),
        (-9.0, -5.0, -1.0, 1.0, "better on average, worse here: unlucky"),
        (-9.0, -1.0, 7.0, -1.0, "better here, but not told apart on average: it may have been luck"),
        (-9.0, -1.0, 7.0, 0.0, "not told apart on average, and no difference here"),
        (1.0, 5.0, 9.0, -1.0, "worse on average, better here: lucky"),
        (1.0, 5.0, 9.0, 0.0, "worse on average; here it made no difference"),
    ],
)
def test_right_or_lucky(low: float, mean: float, high: float, here: float, told: str) -> None:
    found = Beside("prevention", "deaths", 9, 3, 3, 3, Interval(0.3, 0.1, 0.7), Interval(mean, low, high), here)
    assert verdict(found) == told
