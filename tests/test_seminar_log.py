"""What was decided survives whatever happens to the server."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from seminar_rooms import Exercise, affordable

from r2psim.seminar import NotFoundError, SeminarError, Seminars
from r2psim.seminar.log import Log, LogError, Record


@pytest.fixture
def exercise(tmp_path: Path) -> Exercise:
    return Exercise(path=tmp_path / "data" / "seminars.sqlite")


def play(exercise: Exercise) -> None:
    """Two years with a decision in the first, one open, a line of history, a pause."""
    office = exercise.seat("body-good-offices")
    exercise.chair.begin()
    office.commit_plan([affordable(office)])
    exercise.seat("permanent-1").commit_votes({"kessara": "yes"})
    exercise.chair.inject("belisar", "coup", 1)
    exercise.chair.advance()
    exercise.chair.advance()
    exercise.chair.rewind(0, 0, "Otherwise", [("consent", "drevna", False)])
    exercise.seat("government-drevna").commit_consent(True)
    exercise.chair.pause()


def test_everything_is_there_after_a_restart(exercise: Exercise) -> None:
    play(exercise)
    before = exercise.chair.session
    seen = {role: exercise.seat(role).look() for role in exercise.tokens}
    exercise.restart()
    assert exercise.chair.session == before and exercise.chair.session is not before
    assert {role: exercise.seat(role).look() for role in exercise.tokens} == seen
    exercise.chair.resume()
    assert exercise.seat("government-drevna").look().consent is True
    exercise.chair.advance()
    assert len(exercise.chair.session.branch.digests) == 3


@pytest.mark.parametrize("paused", [False, True])
def test_a_round_has_the_time_back_in_which_there_was_no_server(exercise: Exercise, paused: bool) -> None:
    office = exercise.seat("body-good-offices")
    exercise.chair.begin()
    exercise.clock.now += 100.0
    if paused:
        exercise.chair.pause()
    # Whoever looks at a page follows the session; so the server notes that it is up.
    exercise.chair.room.wait(-1, 0.0)
    exercise.clock.now += 1000.0
    exercise.restart()
    assert exercise.chair.phase() == ("paused" if paused else "deciding")
    assert exercise.chair.room.seconds_left() == 200.0
    if not paused:
        exercise.seat("body-good-offices").commit_plan([])
    # A second restart at once gives nothing twice, and a deadline that had passed stays passed.
    exercise.restart()
    assert exercise.chair.room.seconds_left() == 200.0
    exercise.clock.now += 201.0
    exercise.chair.room.wait(-1, 0.0)
    exercise.clock.now += 50.0
    exercise.restart()
    assert exercise.chair.phase() == ("paused" if paused else "closed")
    assert office.who.name == "Person of body-good-offices"


def test_a_restart_at_any_record_goes_on_as_without_it(tmp_path: Path) -> None:
    whole = Exercise(path=tmp_path / "whole.sqlite")
    play(whole)
    records = list(whole.seminars._log.records(1))
    for end in range(1, len(records) + 1):
        log = Log(tmp_path / f"{end}.sqlite")
        log.create(whole.opened.code, records[0].at, records[0].data)
        for record in records[1:end]:
            log.append(1, record)
        log.close()
        again = Seminars(tmp_path / f"{end}.sqlite", clock=whole.clock)
        session = again.enter(whole.opened.token).room.session
        assert session.records == end
        assert len(session.branches[0].digests) <= 2
        again.close()


def test_a_record_that_cannot_be_written_did_not_happen(exercise: Exercise) -> None:
    office = exercise.seat("body-good-offices")
    exercise.chair.begin()
    exercise.seminars._log._db.execute("PRAGMA query_only = ON")
    for act in (lambda: office.commit_plan([]), exercise.chair.advance, lambda: exercise.seat("elected-1")):
        with pytest.raises(LogError, match="cannot be written"):
            act()
    exercise.seminars._log._db.execute("PRAGMA query_only = OFF")
    assert office.look().committed_by is None and office.look().year == 0
    assert "elected-1" not in exercise.tokens
    exercise.chair.advance()
    assert office.look().year == 1


def test_every_record_is_flushed_before_it_is_acknowledged(exercise: Exercise) -> None:
    db = exercise.seminars._log._db
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_neither_tokens_nor_what_leads_to_them_are_stored(exercise: Exercise) -> None:
    token = exercise.seminars.join(exercise.opened.code, "Ada", "elected-1")
    exercise.seminars._log._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = b"".join(p.read_bytes() for p in exercise.path.parent.iterdir())  # type: ignore[union-attr]
    assert token.encode() not in stored and exercise.opened.token.encode() not in stored


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.name != "posix", reason="rights of files are told otherwise there")
def test_only_the_user_reads_the_file_of_the_sessions(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        exercise = Exercise(path=tmp_path / "above" / "data" / "seminars.sqlite")
        assert exercise.path is not None
        exercise.seat("elected-1")
        kept = list(exercise.path.parent.iterdir())
        assert len(kept) > 1, "the log has files beside it while it is open"
        assert {mode(p) for p in kept} == {0o600} and mode(exercise.path.parent) == 0o700

        # What an earlier version, or a copy, has left open is closed when it is opened again.
        exercise.seminars._log._db.close()
        for path in (*exercise.path.parent.iterdir(), exercise.path.parent):
            path.chmod(0o755)
        exercise.seminars = Seminars(exercise.path)
        assert {mode(p) for p in exercise.path.parent.iterdir()} == {0o600} and mode(exercise.path.parent) == 0o700
        exercise.seminars.close()

        # A directory that holds more than the sessions is the user's own affair.
        (tmp_path / "mine").mkdir(mode=0o755)
        (tmp_path / "mine" / "notes.txt").touch()
        Seminars(tmp_path / "mine" / "seminars.sqlite").close()
        assert mode(tmp_path / "mine") == 0o755 and mode(tmp_path / "mine" / "notes.txt") == 0o644
        assert mode(tmp_path / "mine" / "seminars.sqlite") == 0o600
    finally:
        os.umask(before)


def test_two_servers_do_not_write_to_one_file(exercise: Exercise) -> None:
    with pytest.raises(LogError, match="another server of r2psim uses it"):
        Seminars(exercise.path)


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.sqlite"
    text.write_text("not a database, and long enough to be looked at as one" * 20)
    with pytest.raises(LogError, match="is not a database"):
        Log(text)
    newer = tmp_path / "newer.sqlite"
    with closing(sqlite3.connect(newer)) as db:
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(LogError, match="another version of r2psim"):
        Log(newer)
    with pytest.raises(LogError):
        Log(text / "below-a-file.sqlite")


def test_a_session_of_other_rules_is_not_continued(exercise: Exercise) -> None:
    exercise.chair.begin()
    exercise.chair.advance()
    exercise.seminars._log._db.execute(
        "UPDATE record SET data = json_set(data, '$.digest', ?) WHERE kind = 'advanced'", ("0" * 64,)
    )
    exercise.restart()
    with pytest.raises(SeminarError, match="other rules"):
        exercise.chair.advance()


def test_deleted_is_forgotten(exercise: Exercise) -> None:
    exercise.seminars.delete(exercise.opened.token)
    exercise.restart()
    assert len(exercise.seminars) == 0
    with pytest.raises(NotFoundError):
        exercise.seminars.roles(exercise.opened.code)


def test_records_come_back_as_they_went() -> None:
    log = Log()
    number = log.create("ABCDE23456", 1.5, {"a": [1, 2.5, None, "ä"]})
    log.append(number, Record(1, 2.5, "joined", {"b": True}))
    assert list(log.records(number)) == [
        Record(0, 1.5, "created", {"a": [1, 2.5, None, "ä"]}),
        Record(1, 2.5, "joined", {"b": True}),
    ]
    with pytest.raises(LogError):
        log.append(number, Record(1, 2.5, "joined", {}))
    assert len(list(log.records(number))) == 2


@pytest.mark.slow
def test_a_server_that_is_killed_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    """Commit as fast as possible, say so after each commitment, be killed; all that was said must be there."""
    path = tmp_path / "seminars.sqlite"
    program = """
import json, sys
from pathlib import Path
from r2psim.seminar import Seminars
seminars = Seminars(Path(sys.argv[1]))
opened = seminars.open("Monday", years=3)
token = seminars.join(opened.code, "Ada", "government-drevna")
seminars.enter(opened.token).begin()
print(json.dumps([opened.token, token]), flush=True)
for i in range(200):
    seminars.enter(token).commit_consent(i % 2 == 0)
    print(i, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        tokens = json.loads(running.stdout.readline())
        said = -1
        while said < 40:
            said = int(running.stdout.readline())
        os.kill(running.pid, signal.SIGKILL)
        for line in running.stdout:
            said = int(line) if line.endswith("\n") else said
    again = Seminars(path)
    session = again.enter(tokens[0]).room.session
    assert session.participants[0].commits >= said + 1
