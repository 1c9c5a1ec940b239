"""Several people who decide for one role or one body: who replaces whose commitment, and who is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from seminar_rooms import Exercise, affordable

from r2psim.seminar import ReplacesError, Seat


@pytest.fixture
def exercise() -> Exercise:
    made = Exercise()
    made.seat("body-good-offices")
    made.chair.begin()
    return made


@pytest.fixture
def second(exercise: Exercise) -> Seat:
    """A second participant for the good offices, called Second."""
    place = exercise.seminars.enter(exercise.seminars.join(exercise.opened.code, "Second", "body-good-offices"))
    assert isinstance(place, Seat)
    return place


FIRST = "Person of body-good-offices"


def test_a_team_shares_a_role_and_the_last_committed_stands(exercise: Exercise, second: Seat) -> None:
    first = exercise.seat("body-good-offices")
    plan = [affordable(first)]
    first.commit_plan(plan)
    assert second.look().plan == tuple(plan) and second.look().committed_by == FIRST
    assert second.look().in_force["plan"].name == FIRST and not second.look().in_force["plan"].mine
    exercise.clock.now += 1.0
    with pytest.raises(ReplacesError) as asked:
        second.commit_plan([])
    assert asked.value.name == FIRST and asked.value.standing.decision.value == tuple(plan)
    assert first.look().plan == tuple(plan), "nothing is replaced before it was said that it is"
    second.commit_plan([], asked.value.standing)
    assert first.look().plan == () and first.look().committed_by == "Second"
    assert first.look().team == (FIRST, "Second")


def test_whoever_is_replaced_is_told_with_both_plans_and_survives_a_restart(tmp_path: Path) -> None:
    exercise = Exercise(path=tmp_path / "seminars.sqlite")
    first = exercise.seat("body-good-offices")
    token = exercise.seminars.join(exercise.opened.code, "Second", "body-good-offices")
    exercise.chair.begin()
    plan = (affordable(first),)
    first.commit_plan(plan)
    with pytest.raises(ReplacesError) as asked:
        exercise.seminars.enter(token).commit_plan(None)  # type: ignore[union-attr]
    exercise.seminars.enter(token).commit_plan(None, asked.value.standing)  # type: ignore[union-attr]
    for _ in range(2):
        (told,) = exercise.seat("body-good-offices").look().replaced
        assert (told.what, told.name, told.before, told.now) == ("plan", "Second", plan, None)
        assert exercise.seminars.enter(token).look().replaced == ()  # type: ignore[union-attr]
        exercise.restart()
    # Whoever takes it back again is told of nothing more; the other one is.
    first = exercise.seat("body-good-offices")
    with pytest.raises(ReplacesError) as asked:
        first.commit_plan(plan)
    first.commit_plan(plan, asked.value.standing)
    assert first.look().replaced == ()
    assert exercise.seminars.enter(token).look().replaced[0].name == FIRST  # type: ignore[union-attr]
    exercise.chair.advance()
    assert exercise.seminars.enter(token).look().replaced == ()  # type: ignore[union-attr]
    exercise.seminars.close()


def test_a_question_that_was_overtaken_is_asked_again(exercise: Exercise, second: Seat) -> None:
    first = exercise.seat("body-good-offices")
    first.commit_plan([affordable(first)])
    with pytest.raises(ReplacesError) as asked:
        second.commit_plan([])
    first.commit_plan(None)
    with pytest.raises(ReplacesError) as again:
        second.commit_plan([], asked.value.standing)
    assert again.value.standing.decision.value is None
    second.commit_plan([], again.value.standing)


def test_only_what_is_somebody_elses_and_different_is_asked_about(exercise: Exercise, second: Seat) -> None:
    first = exercise.seat("body-good-offices")
    plan = [affordable(first)]
    first.commit_plan(plan)
    first.commit_plan([])
    second.commit_plan([])
    assert first.look().replaced == () and second.look().committed_by == "Second"
    exercise.chair.advance()
    # A plan holds until another is committed: in a later year too it is somebody's.
    with pytest.raises(ReplacesError) as asked:
        first.commit_plan(plan)
    assert asked.value.standing.year == 0
    first.commit_plan(plan, asked.value.standing)
    first.commit_plan(None)
    exercise.chair.advance()
    second.commit_plan(plan)


def test_the_money_of_the_council_and_votes_and_consent_are_asked_about_too(exercise: Exercise) -> None:
    permanent, elected = exercise.seat("permanent-1"), exercise.seat("elected-1")
    permanent.commit_plan([])
    with pytest.raises(ReplacesError, match="Person of permanent-1"):
        elected.commit_plan(None)
    elected.commit_votes({"kessara": "yes"})
    places = []
    for role, commit in (("elected-1", "commit_votes"), ("government-drevna", "commit_consent")):
        exercise.seat(role)
        place = exercise.seminars.enter(exercise.seminars.join(exercise.opened.code, "Second", role))
        assert isinstance(place, Seat)
        places.append((exercise.seat(role), place, commit))
    for first, other, commit in places:
        mine, theirs = ({"kessara": "no"}, {}) if commit == "commit_votes" else (False, True)
        other_commit = getattr(other, commit)
        other.look()
        if commit == "commit_consent":
            getattr(first, commit)(mine)
        with pytest.raises(ReplacesError) as asked:
            other_commit(theirs)
        other_commit(theirs, asked.value.standing)
        assert [r.name for r in first.look().replaced] == ["Second"]


def test_a_member_whose_plan_was_replaced_has_committed_all_the_same(exercise: Exercise) -> None:
    permanent, elected = exercise.seat("permanent-1"), exercise.seat("elected-1")
    permanent.commit_plan([])
    with pytest.raises(ReplacesError) as asked:
        elected.commit_plan(None)
    elected.commit_plan(None, asked.value.standing)
    assert {p.role.key for p in exercise.chair.progress() if p.committed} == {"permanent-1", "elected-1"}
