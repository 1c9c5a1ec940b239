"""Notes between roles and public statements: who reads them and when, in which lines, in the file, and how many."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from seminar_rooms import Exercise
from typer.testing import CliRunner

from r2psim.cli import app
from r2psim.seminar import ForbiddenError, Limits, Screen, Seat, SeminarError, TooManyError
from r2psim.seminar.codes import of_screen
from r2psim.seminar.debriefing import Debriefing
from r2psim.seminar.export import export, read_session
from r2psim.seminar.seminars import FILE

OFFICE, DREVNA, MEMBER = "body-good-offices", "government-drevna", "elected-1"
ROLES = (OFFICE, DREVNA, MEMBER)


def opened(**more: Any) -> Exercise:
    made = Exercise(**({"years": 3} | more))
    for role in ROLES:
        made.seat(role)
    made.chair.begin()
    return made


@pytest.fixture
def exercise() -> Exercise:
    return opened()


def letters(exercise: Exercise, role: str) -> list[str]:
    return [letter.text for letter in exercise.seat(role).look().letters]


def statements(exercise: Exercise, role: str = MEMBER) -> list[tuple[int, str, str]]:
    return [(n.year, n.role, n.text) for n in exercise.seat(role).look().public.statements]


def later(exercise: Exercise) -> None:
    exercise.clock.now += 60.0


# -- who reads what ----------------------------------------------------------------------------------------------------


def test_a_note_is_there_at_once_for_those_two_roles_and_for_nobody_else(exercise: Exercise) -> None:
    office = exercise.seat(OFFICE)
    office.say("  Consent,\x00 and we\n pay. ", DREVNA)
    for role, sent, other, name in (
        (OFFICE, True, "Government of Drevna", f"Person of {OFFICE}"),
        (DREVNA, False, office.role.title, ""),
    ):
        (letter,) = exercise.seat(role).look().letters
        assert (letter.text, letter.year, letter.sent) == ("Consent, and we pay.", 0, sent)
        assert (letter.other, letter.name) == (other, name)
    assert letters(exercise, MEMBER) == []
    # Whoever shares a role reads what is for the role, also who came later.
    token = exercise.seminars.join(exercise.opened.code, "Late", DREVNA)
    late = exercise.seminars.enter(token)
    assert isinstance(late, Seat) and late.look().letters[0].text == "Consent, and we pay."
    exercise.chair.remove(late.who.number)
    with pytest.raises(ForbiddenError, match="taken this place back"):
        late.look()


def test_a_statement_is_for_everybody_this_year_and_the_next_and_there_is_one_a_year(exercise: Exercise) -> None:
    exercise.seat(DREVNA).say("Our borders are ours.")
    screen = exercise.seminars.enter(of_screen(exercise.opened.token))
    assert isinstance(screen, Screen)
    before = screen.stand()
    for role in ROLES:
        assert statements(exercise, role) == [(0, DREVNA, "Our borders are ours.")]
        assert letters(exercise, role) == []
    assert [n.text for n in screen.look().public.statements] == ["Our borders are ours."]
    with pytest.raises(SeminarError, match="the public statement of year 1 was made: there is one a year"):
        exercise.seat(DREVNA).say("Or not.")
    exercise.chair.advance()
    exercise.seat(DREVNA).say("Or not.")
    assert statements(exercise) == [(0, DREVNA, "Our borders are ours."), (1, DREVNA, "Or not.")]
    exercise.chair.advance()
    assert statements(exercise) == [(1, DREVNA, "Or not.")]
    assert screen.stand() != before
    # A word is no decision: nobody has committed anything.
    assert not any(p.committed for p in exercise.chair.progress())
    assert exercise.chair.session.branch.choices(2, ()).plans == {}


def test_a_note_is_told_to_nobody_else_before_nothing_more_is_decided(exercise: Exercise) -> None:
    exercise.seat(OFFICE).say("Between us.", DREVNA)
    exercise.seat(OFFICE).say("To all.")
    exercise.chair.advance()
    for place in (exercise.seat(OFFICE), exercise.seat(DREVNA), exercise.seat(MEMBER)):
        with pytest.raises(ForbiddenError, match="not opened the debriefing"):
            Debriefing(place).notes()
    exercise.chair.show(True)
    for place in (exercise.chair, *(exercise.seat(role) for role in ROLES)):
        assert [n.text for n in Debriefing(place).notes()] == ["To all."]
    exercise.chair.advance()
    exercise.chair.advance()
    for place in (exercise.chair, *(exercise.seat(role) for role in ROLES)):
        assert [(n.role, n.to, n.text) for n in Debriefing(place).notes()] == [
            (OFFICE, DREVNA, "Between us."), (OFFICE, "", "To all."),
        ]  # fmt: skip
    # While a line is decided anew they are closed again; each role has its own.
    exercise.chair.switch(exercise.chair.rewind(0, 1, "Anew", keep_later=False))
    for place in (exercise.chair, exercise.seat(MEMBER)):
        assert "Between us." not in [n.text for n in Debriefing(place).notes()]
    assert letters(exercise, MEMBER) == [] and letters(exercise, OFFICE) == ["Between us."]


@pytest.mark.parametrize("to", ["permanent-1", DREVNA, "nobody", "Government of Drevna", "drevna", [OFFICE]])
def test_a_note_goes_to_another_role_that_somebody_has(exercise: Exercise, to: Any) -> None:
    government = exercise.seat(DREVNA)
    with pytest.raises(SeminarError, match="choose one of the other roles that somebody has"):
        government.say("Is there anybody?", to)
    assert government.who.notes == 0
    assert dict(government.look().readers).keys() == {OFFICE, MEMBER}


# -- what it may be ----------------------------------------------------------------------------------------------------


def test_a_note_is_short_and_not_empty() -> None:
    exercise = opened(limits=Limits(note=20))
    seat = exercise.seat(OFFICE)
    for to, what in ((DREVNA, "note"), ("", "statement")):
        for wrong in ("", " \n", "\x07", "x" * 21):
            with pytest.raises(SeminarError, match=rf"{what}: .* is not allowed: 1 to 20 characters"):
                seat.say(wrong, to)
    seat.say("x" * 20, DREVNA)
    assert letters(exercise, DREVNA) == ["x" * 20]


def test_the_same_words_are_written_once(exercise: Exercise) -> None:
    office = exercise.seat(OFFICE)
    records = exercise.chair.session.records
    for _ in range(3):
        office.say("Once.", DREVNA)
        office.say("Once.")
    assert exercise.chair.session.records == records + 2
    assert letters(exercise, DREVNA) == ["Once."] and len(statements(exercise)) == 1
    # To another role, or in another year, they are another note.
    office.say("Once.", MEMBER)
    exercise.chair.advance()
    office.say("Once.", DREVNA)
    assert letters(exercise, DREVNA) == ["Once.", "Once."] and letters(exercise, MEMBER) == ["Once."]


def test_nobody_floods_the_others() -> None:
    exercise = opened(limits=Limits(notes_a_year=6, notes=9))
    office = exercise.seat(OFFICE)
    for n in range(4):
        office.say(f"Note {n}.", DREVNA)
    with pytest.raises(TooManyError, match="one note after the other"):
        office.say("Note 4.", DREVNA)
    # Others are not slowed down by it.
    exercise.seat(DREVNA).say("Stop.", OFFICE)
    later(exercise)
    for n in (4, 5):
        office.say(f"Note {n}.", DREVNA)
    with pytest.raises(TooManyError, match="at most 6 notes and statements a year"):
        office.say("Note 6.", DREVNA)
    exercise.chair.advance()
    for n in (6, 7, 8):
        later(exercise)
        office.say(f"Note {n}.", DREVNA)
    later(exercise)
    with pytest.raises(TooManyError, match="has written 9 times; that is the most"):
        office.say("Note 9.", DREVNA)
    assert [t for t in letters(exercise, DREVNA) if t != "Stop."] == [f"Note {n}." for n in range(9)]


def test_nothing_is_said_when_nothing_is_decided() -> None:
    exercise = Exercise(years=1)
    seat = exercise.seat(OFFICE)
    exercise.seat(DREVNA)

    def refused(words: str) -> None:
        for to in (DREVNA, ""):
            with pytest.raises(SeminarError, match=words):
                seat.say("Now?", to)

    assert seat.look().readers == ()
    refused("has not begun")
    exercise.chair.begin()
    exercise.chair.pause()
    refused("paused")
    exercise.chair.resume()
    exercise.clock.now += 301.0
    refused("the deadline has passed")
    exercise.chair.advance()
    refused("over")


# -- lines of history, restart, file -----------------------------------------------------------------------------------


@pytest.fixture
def played() -> Exercise:
    """Three years, each with a note and a statement, and two lines that leave the first: one runs on, one is anew."""
    made = opened()
    for year in (1, 2, 3):
        made.seat(OFFICE).say(f"Note {year}.", DREVNA)
        made.seat(DREVNA).say(f"Statement {year}.")
        later(made)
        made.chair.extend(5.0)
        made.chair.advance()
    made.chair.rewind(0, 1, "Kept", [("consent", "drevna", False)])
    made.chair.switch(made.chair.rewind(0, 1, "Anew", keep_later=False))
    return made


def test_a_line_keeps_the_words_of_the_years_whose_decisions_it_keeps(played: Exercise) -> None:
    lines = played.chair.session.branches
    assert [[(n.year, n.line, n.text) for n in line.notes()] for line in lines[:2]] == [
        [(y, 0, f"{what} {y + 1}.") for y in range(3) for what in ("Note", "Statement")]
    ] * 2
    # Anew: of the year that is decided again too, and of none after it.
    assert [n.text for n in lines[2].notes()] == ["Note 1.", "Statement 1.", "Note 2.", "Statement 2."]
    assert letters(played, OFFICE) == letters(played, DREVNA) == ["Note 1.", "Note 2."]
    # What is said again in this line stands in it, and in no other.
    office, government = played.seat(OFFICE), played.seat(DREVNA)
    office.say("Note 2.", DREVNA)
    government.say("Another 2.")
    with pytest.raises(SeminarError, match="there is one a year"):
        government.say("And another 2.")
    assert letters(played, DREVNA) == ["Note 1.", "Note 2.", "Note 2."]
    assert statements(played) == [(0, DREVNA, "Statement 1."), (1, DREVNA, "Another 2.")]
    assert [n.text for n in lines[0].notes() if n.public] == ["Statement 1.", "Statement 2.", "Statement 3."]
    played.chair.advance()
    played.chair.advance()
    played.chair.show(True)
    found = Debriefing(played.seat(MEMBER))
    assert [n.text for n in found.notes(2)] == ["Note 1.", "Statement 1.", "Note 2.", "Note 2.", "Another 2."]
    assert [n.text for n in found.notes(0)] == [n.text for n in found.notes(1)]


def test_words_are_there_after_a_restart_in_every_line(tmp_path: Path) -> None:
    exercise = opened(path=tmp_path / FILE)
    exercise.seat(OFFICE).say("Between us.", DREVNA)
    exercise.seat(DREVNA).say("To all.")
    exercise.chair.advance()
    exercise.chair.advance()
    exercise.chair.switch(exercise.chair.rewind(0, 1, "Anew", keep_later=False))
    before = exercise.chair.session
    exercise.restart()
    after = exercise.chair.session
    assert after is not before and after == before
    assert letters(exercise, DREVNA) == ["Between us."] and letters(exercise, MEMBER) == []
    assert statements(exercise) == [(0, DREVNA, "To all.")] and exercise.seat(OFFICE).who.notes == 1
    # What is sent again because no answer came is there already.
    exercise.chair.switch(0)
    exercise.seminars.close()


def call(*words: object) -> Result:
    done = CliRunner().invoke(app, ["replay", *map(str, words)])
    assert done.exit_code == 0, done.output
    return done


def saved(exercise: Exercise, path: Path) -> Path:
    path.write_text(json.dumps(export(exercise.chair), allow_nan=False))
    return path


def test_the_file_has_what_was_written_once_nothing_more_is_decided(played: Exercise, tmp_path: Path) -> None:
    # A line is being decided anew: of the notes there is nothing, not even that there were any.
    file = saved(played, tmp_path / "before.json")
    assert "Note 1." not in file.read_text() and "Statement 1." in file.read_text()
    assert {n.text for line in read_session(file).lines for n in line.notes} == {f"Statement {y}." for y in (1, 2, 3)}
    assert not [r for r in json.loads(file.read_text())["log"] if r["kind"] == "said" and r.get("to")]
    played.seat(OFFICE).say("Again.", DREVNA)
    played.chair.advance()
    played.chair.advance()
    file = saved(played, tmp_path / "after.json")
    first, kept, anew = read_session(file).lines
    assert [(n.year, n.line, n.role, n.to, n.text) for n in first.notes[:2]] == [
        (0, 0, OFFICE, DREVNA, "Note 1."), (0, 0, DREVNA, "", "Statement 1."),
    ]  # fmt: skip
    assert kept.notes == first.notes and len(first.notes) == 6
    assert [(n.line, n.text) for n in anew.notes][-2:] == [(0, "Statement 2."), (2, "Again.")]
    # Runs are the same to the last bit whatever was said, and the command tells it.
    assert call(file).stdout.count("the same to the last bit") == 3
    told = call(file, 2).stdout
    assert f"Year 2, {OFFICE} to {DREVNA}: Again." in told and f"Year 1, {DREVNA} in public: Statement 1." in told
    assert json.loads(call(file, "--json").stdout)["branches"][2]["notes"][-1]["text"] == "Again."


def test_a_file_of_before_there_were_notes_is_read(played: Exercise, tmp_path: Path) -> None:
    data = export(played.chair)
    for branch in data["branches"]:
        for year in branch["years"]:
            del year["notes"]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(data))
    assert all(line.notes == () for line in read_session(path).lines)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"role": OFFICE, "to": "", "text": "x" * 241, "line": 0}, "text: x+ is not allowed: 1 to 240 characters"),
        ({"role": OFFICE, "to": "", "text": "", "line": 0}, "text:  is not allowed: 1 to 240"),
        ({"role": OFFICE, "to": 3, "text": "x", "line": 0}, "to: 3 is not allowed: text"),
        ({"role": OFFICE, "text": "x", "line": 0}, "to is missing"),
        ({"role": OFFICE, "to": "", "text": "x", "line": 16}, "line: 16 is not allowed: 0 to 15"),
        ("x", "role is missing"),
    ],
)  # fmt: skip
def test_a_note_of_a_file_that_is_none_is_refused(played: Exercise, tmp_path: Path, row: object, words: str) -> None:
    data = export(played.chair)
    data["branches"][1]["years"][1]["notes"] = [row]
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(data))
    with pytest.raises(SeminarError, match=rf"branches\[1\].years\[1\].notes\[0\].{words}"):
        read_session(path)
