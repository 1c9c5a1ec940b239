"""An exported session is run again exactly, and a file that is not one is refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from seminar_rooms import Exercise, affordable
from typer.testing import CliRunner

from r2psim.cli import app
from r2psim.seminar import SeminarError
from r2psim.seminar.export import export, read_session, replay_line


def call(*words: object, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["replay", *map(str, words)])
    assert done.exit_code == code, (done.output, done.exception)
    return done


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    """Give an exported session of three lines of history."""
    exercise = Exercise(years=4)
    office, member = exercise.seat("body-good-offices"), exercise.seat("permanent-1")
    exercise.chair.begin()
    for year in range(3):
        office.commit_plan([affordable(office)], why=f"Talks first, year {year + 1}.")
        member.commit_votes({"kessara": "yes" if year else "no"})
        exercise.chair.advance()
    exercise.chair.inject("belisar", "coup", 1)
    exercise.seat("government-drevna").commit_consent(False, why=' We <b>need</b>\n no "help". ')
    exercise.chair.advance()
    exercise.chair.rewind(0, 1, "Without money", [("plan", "good-offices", [])])
    exercise.chair.rewind(0, 2, "Anew", keep_later=False)
    made: dict[str, Any] = json.loads(json.dumps(export(exercise.chair), allow_nan=False))
    return made


@pytest.fixture
def file(data: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "session.json"
    path.write_text(json.dumps(data))
    return path


def test_every_line_is_the_same_again(file: Path) -> None:
    session = read_session(file)
    assert [(line.title, len(line.digests)) for line in session.lines] == [
        ("As decided", 4), ("Without money", 4), ("Anew", 2),
    ]  # fmt: skip
    for line in session.lines:
        model, digests = replay_line(session, line)
        model.close()
        assert digests == line.digests
    assert session.lines[0].digests[:1] == session.lines[1].digests[:1]
    assert session.lines[0].digests[1] != session.lines[1].digests[1]


def test_the_file_names_no_person_and_holds_no_token(data: dict[str, Any]) -> None:
    text = json.dumps({key: value for key, value in data.items() if key != "scenario"})
    assert "Person of" not in text and "token" not in text
    assert {entry["role"] for entry in data["log"] if entry["kind"] == "committed"} == {
        "body-good-offices", "permanent-1", "government-drevna",
    }  # fmt: skip


def test_the_command_checks_every_line(file: Path) -> None:
    told = call(file).stdout
    assert told.count("the same to the last bit") == 3 and "Without money" in told
    one = call(file, 1, "--explain", "drevna/tavin").stdout
    assert "Tavin" in one and one.count("the same to the last bit") == 1
    found = json.loads(call(file, "--json").stdout)
    assert found["same"] is True and [b["years"] for b in found["branches"]] == [4, 4, 2]


def test_a_changed_decision_is_noticed(file: Path, data: dict[str, Any]) -> None:
    data = json.loads(json.dumps(data))
    data["branches"][0]["years"][2]["plans"]["good-offices"] = []
    file.write_text(json.dumps(data))
    done = call(file, code=1)
    assert "As decided is not what was played from year 3 on" in done.stderr
    assert "the file has been changed" in done.stderr
    data["provenance"]["rules"] = "0" * 16
    file.write_text(json.dumps(data))
    assert "other rules" in call(file, code=1).stderr


def spoil(*path: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (spoil("format", value="else"), "does not say format"),
        (spoil("version", value=2), "version: 2 is not allowed"),
        (spoil("policy", value="prevntion"), "prevention"),
        (spoil("seed", value=-1), "seed, run"),
        (spoil("seed", value="7"), "seed: 7 is not allowed"),
        (spoil("branches", value=[]), "branches: 0 is not allowed"),
        (spoil("branches", 0, "years", 1, "plans", value={"god-offices": []}), "did you mean good-offices"),
        (
            spoil("branches", 0, "years", 1, "plans", "good-offices", value=[["x"]]),
            "[0].years[1].plans.good-of",
        ),
        (spoil("branches", 0, "years", 1, "consent", value={"drevna": 1}), "years[1].consent.drevna: 1"),
        (spoil("branches", 0, "years", 1, "mandates", value={"nowhere": True}), "a state of the scenario"),
        (spoil("branches", 0, "years", 1, "triggers", value=[[12, "drevna", "coup"]]), "month 12"),
        (spoil("branches", 0, "years", 1, "digest", value=None), "years[1].digest"),
        (spoil("branches", 0, "years", value=[{}] * 41), "at most 40"),
        (spoil("scenario", "states", value={}), "session.json"),
        (spoil("scenario", "generate", value={"states": 400}), "scenario.generate"),
        (spoil("title", value="\ud800"), "title: '\\ud800' is not allowed"),
        (spoil("branches", 1, "title", value="\x1b[2J"), "branches[1].title: '\\x1b[2J' is not allowed"),
        (spoil("scenario", "title", value="a\x07"), "scenario.title"),
        (spoil("provenance", "rules", value="\x9b2J"), "provenance.rules"),
        (spoil("log", value=json.loads("[" * 40 + "]" * 40)), "more than 32"),
        (
            spoil("branches", 0, "years", 1, "plans", "good-offices", value=[["drevna", "media", 10**400]]),
            "years[1].plans.good-offices",
        ),
        (spoil("branches", 0, "years", 1, "triggers", value=[[1, ["drevna"], "coup"]]), "years[1].triggers"),
        (spoil("branches", 0, "years", 1, "triggers", value=[[1, "drevna", ["coup"]]]), "years[1].triggers"),
        (spoil("branches", 0, "years", 1, "reasons", value={}), "years[1].reasons"),
        (spoil("branches", 0, "years", 1, "reasons", 0, "why", value=7), "years[1].reasons[0].why"),
        (spoil("branches", 0, "years", 1, "reasons", 0, "why", value="x" * 241), "at most 240 characters"),
        (spoil("branches", 0, "years", 1, "reasons", 0, "what", value="vote"), "one of plan, votes, consent"),
        (spoil("branches", 0, "years", 1, "reasons", 0, "stands", value="no"), "reasons[0].stands"),
    ],
)
def test_a_file_that_is_not_right_is_refused_with_its_place(
    file: Path, data: dict[str, Any], change: Callable[[dict[str, Any]], None], words: str
) -> None:
    data = json.loads(json.dumps(data))
    change(data)
    file.write_text(json.dumps(data))
    with pytest.raises(SeminarError) as refused:
        read_session(file)
    assert words in str(refused.value) and str(file.name) in str(refused.value)


def test_the_command_refuses_in_one_sentence(file: Path, tmp_path: Path) -> None:
    assert "0 to 2" in call(file, 3, code=2).stderr
    assert "for runs of a comparison" in call(file, "--policy", "prevention", code=2).stderr
    assert "needs the number" in call(file, "--explain", "drevna/tavin", code=2).stderr
    assert "RUN is missing" in call(tmp_path, code=2).stderr
    file.write_text("{")
    assert "is not an exported session" in call(file, code=2).stderr
    file.write_text("[" * 100_000)
    assert "is not an exported session" in call(file, code=2).stderr


def test_the_sentences_that_say_why_are_in_the_file_and_told_again(file: Path, data: dict[str, Any]) -> None:
    said = [(r.year, r.role, r.what, r.about, r.why) for r in read_session(file).lines[0].reasons]
    assert said == [
        (0, "body-good-offices", "plan", "good-offices", "Talks first, year 1."),
        (1, "body-good-offices", "plan", "good-offices", "Talks first, year 2."),
        (2, "body-good-offices", "plan", "good-offices", "Talks first, year 3."),
        (3, "government-drevna", "consent", "drevna", 'We <b>need</b> no "help".'),
    ]
    assert [entry["why"] for entry in data["log"] if entry.get("why")] == [why for *_, why in said]
    assert 'Year 4, government-drevna: We <b>need</b> no "help".' in call(file, 0).stdout
    assert json.loads(call(file, "--json").stdout)["branches"][0]["reasons"][3]["year"] == 4
    # What the facilitator decided otherwise has nobody's reason; the line that was left has.
    assert [(r.year, r.role) for r in read_session(file).lines[1].reasons] == [
        (0, "body-good-offices"), (2, "body-good-offices"), (3, "government-drevna"),
    ]  # fmt: skip


def test_a_file_of_before_sentences_were_kept_is_read(file: Path, data: dict[str, Any]) -> None:
    data = json.loads(json.dumps(data))
    for branch in data["branches"]:
        for year in branch["years"]:
            del year["reasons"]
    for entry in data["log"]:
        entry.pop("why", None)
    file.write_text(json.dumps(data))
    assert all(line.reasons == () for line in read_session(file).lines)
    assert call(file).stdout.count("the same to the last bit") == 3
