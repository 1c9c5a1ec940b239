"""What people can make a server of seminars do and keep is bounded, and nobody can take it from the others."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seminar_rooms import Clock, Exercise

from r2psim.seminar import Chair, Limits, NotFoundError, Seminars, TooManyError
from r2psim.seminar.codes import ALPHABET, LENGTH, new_code, plain, shown
from r2psim.seminar.limits import Bucket


def test_a_code_is_not_guessed_in_a_million_tries() -> None:
    assert len(ALPHABET) ** LENGTH / 1_000_000 / Limits().sessions > 1e7
    assert len({new_code() for _ in range(2_000)}) == 2_000


def test_wrong_codes_are_answered_late_and_lock_nobody_out() -> None:
    waited: list[float] = []
    clock = Clock()
    seminars = Seminars(clock=clock, sleep=waited.append)
    opened = seminars.open("Monday", years=1)

    def guess(asker: str) -> None:
        with pytest.raises(NotFoundError, match="no session with this code"):
            seminars.join("AAAAAAAAAA", "Eve", "elected-1", asker=asker)

    for _ in range(20):
        guess("there")
    assert waited == []
    guess("there")
    assert waited == [2.0], "after twenty tries of one place each answer takes its time"
    clock.now += 2.0
    guess("there")
    assert waited == [2.0]
    for i in range(1_000):
        guess(f"place {i}")
    # Whoever has the code gets in, also from the place that the guesses come from, and at once.
    waited.clear()
    guess("there")
    seminars.join(opened.code, "Ada", "elected-1", asker="there")
    seminars.join(opened.code, "Bo", "elected-1", asker="here")
    assert waited == [2.0]


def test_a_place_that_is_taken_back_is_free_again() -> None:
    exercise = Exercise(limits=Limits(participants=3))
    for i in range(3):
        exercise.seminars.join(exercise.opened.code, f"Eve {i}", "elected-1")
    with pytest.raises(TooManyError, match="3 places"):
        exercise.seat("permanent-1")
    exercise.chair.remove(1)
    assert exercise.seat("permanent-1").who.number == 3
    with pytest.raises(TooManyError, match="3 places"):
        exercise.seat("permanent-2")


def test_one_browser_takes_a_few_places_and_leaves_the_others() -> None:
    exercise = Exercise(limits=Limits(places_of_one=2))
    join = exercise.seminars.join

    def eve(browser: str) -> str:
        return join(exercise.opened.code, "Eve", "elected-1", asker="one address", browser=browser)

    eve("first")
    eve("first")
    with pytest.raises(TooManyError, match="this browser has taken 2 places"):
        eve("first")
    eve("second")
    exercise.chair.remove(0)
    eve("first")


def test_one_place_cannot_open_so_many_sessions_that_others_cannot() -> None:
    seminars = Seminars(limits=Limits(sessions=6, sessions_here=2, opened_by_one=3))
    first = [seminars.open("Spam", years=1, asker="there") for _ in range(3)]
    with pytest.raises(TooManyError, match="3 seminars that were opened from here have not begun"):
        seminars.open("Spam", years=1, asker="there")
    chair = seminars.enter(first[0].token)
    assert isinstance(chair, Chair)
    chair.begin()
    seminars.open("A second class", years=1, asker="there")
    with pytest.raises(TooManyError, match="holds 4 sessions"):
        seminars.open("Monday", years=1, asker="elsewhere")
    seminars.open("On the laptop itself", years=1)
    seminars.open("On the laptop itself", years=1)
    with pytest.raises(TooManyError, match="holds 6 sessions"):
        seminars.open("On the laptop itself", years=1)


def test_what_participants_do_leaves_the_facilitator_room_in_the_log() -> None:
    exercise = Exercise(limits=Limits(records=12, reserve=6))
    seat = exercise.seat("government-drevna")
    exercise.chair.begin()
    for i in range(3):
        seat.commit_consent(i % 2 == 0)
    for act in (lambda: seat.commit_consent(None), lambda: exercise.seat("elected-1")):
        with pytest.raises(TooManyError, match="this session is full"):
            act()
    exercise.chair.pause()
    exercise.chair.resume()
    exercise.chair.advance()
    exercise.chair.remove(0)
    exercise.chair.show(True)
    exercise.chair.end()
    with pytest.raises(TooManyError, match="this session is full"):
        exercise.chair.show(False)


def test_all_participants_together_cannot_fill_the_log() -> None:
    limits = Limits()
    one = limits.commits + limits.notes + limits.moves + 1
    assert limits.participants * one < limits.records - limits.reserve


def test_a_record_has_a_size() -> None:
    exercise = Exercise(limits=Limits(record_bytes=4_000))
    exercise.chair.begin()
    exercise.chair.advance()
    before = exercise.chair.session.records
    with pytest.raises(TooManyError, match="at most 4,000 characters"):
        exercise.chair.rewind(0, 0, "Otherwise", [("consent", "drevna", True)] * 200)
    assert exercise.chair.session.records == before and len(exercise.chair.session.branches) == 1


@settings(max_examples=25)
@given(st.text(max_size=300))
def test_no_text_is_a_code_but_the_code(text: str) -> None:
    assert plain(shown("ABCDE23456").lower() + " ") == "ABCDE23456"
    assert set(plain(text)) <= set(ALPHABET) and len(plain(text)) <= 4 * LENGTH


def test_the_server_takes_on_a_bounded_amount() -> None:
    small = Limits(sessions=2, participants=2, branches=2, triggers=1, commits=2, records=12, reserve=4, years=6)
    exercise = Exercise(limits=small)
    exercise.seminars.open("Tuesday", years=1)
    with pytest.raises(TooManyError, match="2 sessions"):
        exercise.seminars.open("Wednesday", years=1)
    seat = exercise.seat("body-good-offices")
    exercise.seat("elected-1")
    with pytest.raises(TooManyError, match="2 places"):
        exercise.seat("elected-2")
    exercise.chair.begin()
    seat.commit_plan([])
    seat.commit_plan([])
    with pytest.raises(TooManyError, match="2 times"):
        seat.commit_plan([])
    exercise.chair.inject("belisar", "coup")
    with pytest.raises(TooManyError, match="1 triggers"):
        exercise.chair.inject("belisar", "mass_protest")
    exercise.chair.advance()
    exercise.chair.rewind(0, 0, "Otherwise")
    with pytest.raises(TooManyError, match="2 lines"):
        exercise.chair.rewind(0, 0, "Again")
    for _ in range(3):
        exercise.chair.show(True)
    with pytest.raises(TooManyError, match="12 records"):
        exercise.chair.show(True)


def test_a_bucket_fills_again_and_forgets_the_silent() -> None:
    clock = Clock()
    bucket = Bucket(clock, tries=2.0, per_second=1.0, askers=2)
    for asker in "abc":
        bucket.take(asker)
    assert (bucket.left("a"), bucket.left("b"), len(bucket._left)) == (2.0, 1.0, 2)
    assert bucket.take("c") and not bucket.take("c")
    clock.now += 1.0
    assert bucket.take("c")
