"""Why something was decided: one sentence with a commitment, kept with it, and told when the debriefing is open."""

from __future__ import annotations

from pathlib import Path

import pytest
from seminar_rooms import Exercise, affordable

from r2psim.seminar import ForbiddenError, Limits, SeminarError
from r2psim.seminar.seminars import FILE


def test_a_sentence_stays_with_its_commitment_also_over_a_restart(tmp_path: Path) -> None:
    exercise = Exercise(path=tmp_path / FILE)
    office, member = exercise.seat("body-good-offices"), exercise.seat("elected-1")
    exercise.chair.begin()
    office.commit_plan([affordable(office)], why="Talks\x00 come\n first.")
    member.commit_votes({"kessara": "yes"}, why="Nobody else will.")
    exercise.seat("government-drevna").commit_consent(False)
    assert office.look().in_force["plan"].why == "Talks come first."
    exercise.restart()
    exercise.chair.advance()
    found = [(r.year, r.role, r.what, r.about, r.why, r.by, r.stands) for r in exercise.chair.reasons()]
    assert found == [
        (0, "body-good-offices", "plan", "good-offices", "Talks come first.", 0, True),
        (0, "elected-1", "votes", "elected-1", "Nobody else will.", 1, True),
    ]
    assert exercise.chair.reasons()[1].value == {"kessara": "yes"}
    exercise.seminars.close()


def test_the_sentences_of_others_wait_for_the_debriefing_and_for_the_year() -> None:
    exercise = Exercise()
    office, member = exercise.seat("body-good-offices"), exercise.seat("elected-1")
    exercise.chair.begin()
    office.commit_plan([], why="First.")
    with pytest.raises(ForbiddenError, match="debriefing"):
        member.reasons()
    exercise.chair.advance()
    office.commit_plan([], why="Second.")
    with pytest.raises(ForbiddenError, match="debriefing"):
        member.reasons()
    exercise.chair.show(True)
    # The year that is being decided is not over: what is written in it is its role's.
    assert [r.why for r in member.reasons()] == ["First."] == [r.why for r in exercise.chair.reasons(0)]


def test_a_sentence_that_was_replaced_is_told_as_such() -> None:
    exercise = Exercise()
    role = "body-good-offices"
    ann = exercise.seat(role)
    bob = exercise.seminars.enter(exercise.seminars.join(exercise.opened.code, "Bob", role))
    exercise.chair.begin()
    ann.commit_plan([affordable(ann)], why="Ann's.")
    standing = ann._standing()["plan"]
    bob.commit_plan([], standing, "Bob's.")  # type: ignore[union-attr]
    exercise.chair.advance()
    assert [(r.why, r.stands) for r in exercise.chair.reasons()] == [("Ann's.", False), ("Bob's.", True)]


def test_a_sentence_is_one_and_short() -> None:
    exercise = Exercise(limits=Limits(why=20))
    seat = exercise.seat("government-drevna")
    exercise.chair.begin()
    seat.commit_consent(True, why="x" * 20)
    for wrong in ("x" * 21, "\x07\x08"):
        with pytest.raises(SeminarError, match=r"why: .* is not allowed: 1 to 20 characters"):
            seat.commit_consent(False, why=wrong)
    assert seat.look().consent is True
