"""A seminar: who may see and decide what, how decisions become history, and how history is rewound."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seminar_rooms import Exercise, affordable

from r2psim.agents import Allocation, R2PModel
from r2psim.seminar import ForbiddenError, Limits, NotFoundError, Seat, SeminarError, Seminars
from r2psim.seminar.decisions import adopted, plan_of


@pytest.fixture
def exercise() -> Exercise:
    made = Exercise()
    made.seat("body-good-offices")
    made.chair.begin()
    return made


def digest(policy: str, years: int) -> str:
    model = R2PModel("seminar", policy=policy, seed=7, years=years, drive="rows")
    model.run_model()
    model.close()
    return model.sha256


# -- without decisions -------------------------------------------------------------------------------------------------


def test_a_session_without_decisions_is_the_run_of_the_command_line(exercise: Exercise) -> None:
    found = [exercise.chair.advance() for _ in range(3)]
    assert found == [digest("late-response", years) for years in (1, 2, 3)]


def test_the_policies_with_the_same_luck_are_the_runs_of_the_command_line(exercise: Exercise) -> None:
    exercise.seat("body-good-offices").commit_plan([affordable(exercise.seat("body-good-offices"))])
    for _ in range(2):
        exercise.chair.advance()
    found = {o.key: o.sha256 for o in exercise.chair.results()}
    for policy in ("late-response", "prevention", "no-assistance"):
        assert found[f"policy-{policy}"] == digest(policy, 2)
    assert found["branch-0"] not in {digest("late-response", 2)}


# -- authorisation -----------------------------------------------------------------------------------------------------


def test_a_place_sees_its_own_view_and_nobody_elses(exercise: Exercise) -> None:
    market, government = exercise.seat("body-northern-market").look(), exercise.seat("government-drevna").look()
    assert market.view is not None and market.view.body == "northern-market"
    assert {s.key for s in market.view.states} == {"halvern", "orlund", "ostrel", "pellan"}
    assert government.view is None and government.account is None and market.within is None
    assert government.within is not None and government.within.key == "drevna"
    others = exercise.seat("body-good-offices").look().view
    assert others is not None
    seen = {s.key: s.perceived_risk for s in market.view.states}
    assert any(seen[s.key] != s.perceived_risk for s in others.states if s.key in seen)


def test_what_everybody_sees_holds_no_truth_that_only_the_model_knows(exercise: Exercise) -> None:
    exercise.chair.advance()
    public = exercise.seat("government-drevna").look().public
    assert set(public.states[0].__slots__) == {
        "key", "name", "conflict", "in_atrocity", "mandate", "vetoed", "assessment", "error",
    }  # fmt: skip
    for event in public.events:
        assert not hasattr(event, "probability") and not hasattr(event, "contributions")
        assert event.kind != "stage" or "atrocity" in (event.before, event.after)


def test_nobody_decides_for_another_body(exercise: Exercise) -> None:
    office, government, member = (exercise.seat(r) for r in ("body-good-offices", "government-drevna", "elected-1"))
    with pytest.raises(ForbiddenError, match="no vote"):
        office.commit_votes({"drevna": "yes"})
    with pytest.raises(ForbiddenError, match="no government"):
        office.commit_consent(False)
    with pytest.raises(ForbiddenError, match="no money"):
        government.commit_plan([])
    with pytest.raises(ForbiddenError, match="no government"):
        member.commit_consent(True)
    # A commitment names no body: it goes to the one that the place stands for, whatever the plan says.
    office.commit_plan([affordable(office)])
    plans = exercise.chair.decided(0, 0).plans
    assert set(plans) == {"good-offices"}
    with pytest.raises(SeminarError, match="one of its member states"):
        exercise.seat("body-northern-market").commit_plan([Allocation("drevna", "media", 1.0)])


def test_a_participant_is_not_the_facilitator_and_the_results_wait_for_the_debriefing(exercise: Exercise) -> None:
    seat = exercise.seat("body-good-offices")
    assert isinstance(seat, Seat)
    for name in ("advance", "pause", "inject", "rewind", "switch", "show", "progress", "end"):
        assert not hasattr(seat, name)
    with pytest.raises(ForbiddenError, match="debriefing"):
        seat.results()
    exercise.chair.advance()
    exercise.chair.show(True)
    assert seat.results()[0].key == "branch-0"
    with pytest.raises(NotFoundError, match="only the facilitator"):
        exercise.seminars.delete(exercise.tokens["body-good-offices"])


def test_a_place_stands_still_while_others_decide(exercise: Exercise) -> None:
    office, government = exercise.seat("body-good-offices"), exercise.seat("government-drevna")
    before = office.stand()
    government.commit_consent(False)
    exercise.chair.inject("belisar", "coup")
    member = exercise.seat("elected-1")
    before = office.stand()
    member.say("Between us.", "government-drevna")
    assert office.stand() == before
    changes = (
        lambda: setattr(exercise.clock, "now", exercise.clock.now + 301.0),
        lambda: exercise.chair.extend(5.0),
        lambda: office.commit_plan([]),
        lambda: office.say("To you.", "government-drevna"),
        lambda: government.say("And to you.", "body-good-offices"),
        lambda: government.say("To all."),
        lambda: exercise.seminars.join(exercise.opened.code, "Second", "body-good-offices"),
        exercise.chair.pause,
        exercise.chair.resume,
        exercise.chair.advance,
        lambda: exercise.chair.show(True),
        lambda: exercise.chair.remove(0),
    )
    for change in changes:
        before = office.stand()
        change()
        assert office.stand() != before


def test_a_removed_participant_sees_and_decides_nothing_more(exercise: Exercise) -> None:
    seat = exercise.seat("body-good-offices")
    exercise.chair.remove(0)
    for act in (seat.look, seat.results, lambda: seat.commit_plan([])):
        with pytest.raises(ForbiddenError, match="taken this place back"):
            act()


def test_two_sessions_have_nothing_in_common(exercise: Exercise) -> None:
    other = exercise.seminars.open("Tuesday", seed=8, years=3)
    token = exercise.seminars.join(other.code, "Bo", "body-good-offices")
    seat = exercise.seat("body-good-offices")
    seat.commit_plan([])
    there = exercise.seminars.enter(token)
    assert isinstance(there, Seat)
    assert there.look().committed_by is None and there.look().phase == "gathering"
    exercise.seminars.delete(exercise.opened.token)
    with pytest.raises(NotFoundError):
        exercise.seminars.enter(exercise.opened.token)
    for act in (seat.look, lambda: seat.commit_plan([])):
        with pytest.raises(NotFoundError, match="deleted this seminar"):
            act()
    assert there.look().title == "Tuesday"


# -- what cannot be ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": ""}, "1 to 80 characters"),
        ({"title": "x" * 81}, "1 to 80 characters"),
        ({"scenario": "semniar"}, "seminar"),
        ({"policy": "prevntion"}, "prevention"),
        ({"years": 0}, "1 to 40"),
        ({"years": 41}, "1 to 40"),
        ({"years": True}, "1 to 40"),
        ({"seed": -1}, "seed: -1"),
        ({"minutes": 1e9}, "0.1 to 240"),
        ({"minutes": math.nan}, "0.1 to 240"),
        ({"scenario": "world"}, "states of the scenario"),
    ],
)
def test_a_session_that_cannot_be_is_refused(changes: dict[str, object], words: str) -> None:
    seminars = Seminars()
    with pytest.raises(SeminarError) as refused:
        seminars.open(**{"title": "Monday", **changes})
    assert words in str(refused.value) and len(seminars) == 0


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "\n\t"])
def test_a_name_has_a_length(name: str) -> None:
    exercise = Exercise()
    with pytest.raises(SeminarError, match="1 to 40 characters"):
        exercise.seminars.join(exercise.opened.code, name, "elected-1")
    assert not exercise.chair.session.participants


@pytest.mark.parametrize(
    "plan",
    [
        "everything",
        [["belisar", "media"]],
        [["belisar", "media", math.nan]],
        [["belisar", "media", "1"]],
        [["belisar", "media", True]],
        [["belisar", 7, 1.0]],
        [["belisar", "media", -1.0]],
        [["belisar", "media", 1e13]],
        [["belisar", "media", 1.0]] * 49,
        [["belisar", "preventive-diplomacy", 1.0]] * 2,
        {"belisar": 1.0},
        [Allocation("belisar", "preventive-diplomacy", 1e9)],
    ],
)
def test_a_plan_that_cannot_be_is_refused_and_nothing_is_changed(exercise: Exercise, plan: object) -> None:
    seat = exercise.seat("body-good-offices")
    with pytest.raises(SeminarError):
        seat.commit_plan(plan)
    assert seat.look().plan is None and seat.look().committed_by is None


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda x: st.lists(x, max_size=4)))
def test_whatever_is_sent_is_a_plan_or_refused(value: object) -> None:
    try:
        plan = plan_of(value)
    except SeminarError:
        return
    assert plan is None or all(0.0 <= a.dollars <= 1e12 for a in plan)


# -- rounds ------------------------------------------------------------------------------------------------------------


def test_commitments_are_taken_between_begin_and_deadline(exercise: Exercise) -> None:
    seat, chair, clock = exercise.seat("body-good-offices"), exercise.chair, exercise.clock
    assert seat.look().phase == "deciding" and seat.look().seconds_left == 300.0
    seat.commit_plan([])
    clock.now += 301.0
    assert seat.look().phase == "closed" and seat.look().seconds_left == 0.0
    with pytest.raises(SeminarError, match="deadline has passed"):
        seat.commit_plan([])
    chair.extend(2.0)
    assert seat.look().seconds_left == 120.0
    seat.commit_plan([])
    clock.now += 60.0
    chair.pause()
    clock.now += 5_000.0
    assert seat.look().phase == "paused" and seat.look().seconds_left == 60.0
    with pytest.raises(SeminarError, match="paused"):
        seat.commit_plan([])
    chair.resume()
    assert seat.look().seconds_left == 60.0
    chair.advance(0)
    assert seat.look().seconds_left == 300.0 and seat.look().year == 1
    with pytest.raises(SeminarError, match="year 1 was run already"):
        chair.advance(0)
    chair.end()
    with pytest.raises(SeminarError, match="over"):
        seat.commit_plan([])


def test_nothing_is_committed_before_the_beginning_or_after_the_last_year() -> None:
    exercise = Exercise(years=1)
    seat = exercise.seat("body-good-offices")
    with pytest.raises(SeminarError, match="has not begun"):
        seat.commit_plan([])
    exercise.chair.begin()
    exercise.chair.advance()
    assert seat.look().phase == "over" and seat.look().seconds_left is None
    with pytest.raises(SeminarError, match="over"):
        seat.commit_plan([])
    with pytest.raises(SeminarError, match="no year to run"):
        exercise.chair.advance()


def test_progress_names_those_who_have_committed(exercise: Exercise) -> None:
    exercise.seat("government-drevna").commit_consent(False)
    found = {p.role.key: p.committed for p in exercise.chair.progress()}
    assert found == {"body-good-offices": False, "government-drevna": True}
    exercise.chair.advance()
    assert not any(p.committed for p in exercise.chair.progress())


def test_a_plan_and_a_word_stay_until_they_are_changed(exercise: Exercise) -> None:
    office, government = exercise.seat("body-good-offices"), exercise.seat("government-drevna")
    plan = [affordable(office, "preventive-diplomacy")]
    office.commit_plan(plan)
    government.commit_consent(False)
    exercise.chair.advance()
    exercise.chair.advance()
    branch, play = exercise.chair.session.branch, exercise.chair.room.play
    assert play.choices(branch, 2)[1].plans == {"good-offices": tuple(plan)}
    assert play.choices(branch, 2)[1].consent == {"drevna": False}
    office.commit_plan(None)
    government.commit_consent(None)
    exercise.chair.advance()
    assert play.choices(branch, 3)[2].plans == {} and play.choices(branch, 3)[2].consent == {}


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        ([], None),
        ([("yes", True)], True),
        ([("abstain", False)], False),
        ([("yes", False), ("yes", False), ("no", False), ("yes", True), ("no", False)], True),
        ([("yes", False), ("yes", False), ("abstain", False), ("no", False)], False),
        ([("yes", False)] * 9 + [("no", True)], False),
        ([("yes", False)] * 3 + [("abstain", True)] * 2, True),
    ],
)
def test_the_council_adopts_with_three_fifths_and_without_a_veto(
    votes: list[tuple[str, bool]], verdict: bool | None
) -> None:
    assert adopted(votes) is verdict


def test_votes_become_mandates_of_that_year_alone(exercise: Exercise) -> None:
    permanent, elected = exercise.seat("permanent-1"), exercise.seat("elected-1")
    permanent.commit_votes({"kessara": "yes", "drevna": "no"})
    elected.commit_votes({"kessara": "yes", "drevna": "yes"})
    exercise.chair.advance()
    play, branch = exercise.chair.room.play, exercise.chair.session.branch
    assert play.choices(branch, 1)[0].mandates == {"drevna": False, "kessara": True}
    assert elected.look().public.mandates == {"drevna": False, "kessara": True} and elected.look().votes == {}
    for wrong in ({"kessara": "perhaps"}, {"nowhere": "yes"}, ["kessara"], {"kessara": None}):
        with pytest.raises(SeminarError):
            elected.commit_votes(wrong)  # type: ignore[arg-type]


def test_an_injected_trigger_strikes(exercise: Exercise) -> None:
    exercise.chair.inject("pellan", "coup", 3)
    exercise.chair.inject("pellan", "mass_protest")
    exercise.chair.withdraw()
    exercise.chair.inject("pellan", "economic_shock", 3)
    for wrong in (("nowhere", "coup", 0), ("pellan", "earthquake", 0), ("pellan", "coup", 12), ("pellan", "coup", -1)):
        with pytest.raises(SeminarError):
            exercise.chair.inject(*wrong)
    with pytest.raises(SeminarError, match="needs armed conflict"):
        exercise.chair.inject("halvern", "armed_offensive")
    with pytest.raises(SeminarError, match="already"):
        exercise.chair.inject("pellan", "economic_shock", 3)
    exercise.chair.advance()
    struck = [(e.month, e.what) for e in exercise.seat("elected-1").look().public.events if e.state == "pellan"]
    assert (3, "economic_shock") in struck and (3, "coup") not in struck


# -- rewind ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def played(exercise: Exercise) -> Exercise:
    """Four years in which something was decided in each."""
    office = exercise.seat("body-good-offices")
    for year in range(4):
        office.commit_plan([affordable(office, "preventive-diplomacy")] if year != 2 else [])
        if year == 1:
            exercise.seat("government-drevna").commit_consent(False)
            exercise.chair.inject("belisar", "coup", 2)
        exercise.chair.advance()
    return exercise


def test_a_line_that_changes_nothing_is_the_same_history(played: Exercise) -> None:
    number = played.chair.rewind(0, 1, "The same")
    assert played.chair.session.branches[number].digests == played.chair.session.branches[0].digests


def test_history_is_the_same_up_to_the_decision_and_not_after(played: Exercise) -> None:
    chair = played.chair
    for changes in ([("consent", "drevna", True)], [("no triggers", "", None)], [("plan", "good-offices", [])]):
        number = chair.rewind(0, 1, "Otherwise", changes)
        before, after = chair.session.branches[0].digests, chair.session.branches[number].digests
        assert len(after) == 4 and after[0] == before[0]
        assert all(a != b for a, b in zip(after[1:], before[1:], strict=True))
    assert [o.title for o in chair.results()][:4] == ["As decided", "Otherwise", "Otherwise", "Otherwise"]
    assert chair.decided(0, 1).consent["drevna"].value is False


def test_a_line_can_be_decided_anew_and_joined_by_all(played: Exercise) -> None:
    chair, office = played.chair, played.seat("body-good-offices")
    number = chair.rewind(0, 2, "Anew", keep_later=False)
    assert len(chair.session.branches[number].digests) == 2
    chair.switch(number)
    assert office.look().year == 2 and office.look().phase == "deciding"
    office.commit_plan([affordable(office)])
    chair.advance()
    assert len(chair.session.branches[number].digests) == 3 and len(chair.session.branches[0].digests) == 4
    chair.switch(0)
    assert office.look().year == 4
    chair.rewind(number, 2, "From the second line")


def test_what_other_lines_tell_of_the_future_is_closed_while_a_line_is_decided(played: Exercise) -> None:
    chair, office = played.chair, played.seat("body-good-offices")
    chair.show(True)
    chair.switch(chair.rewind(0, 2, "Anew", keep_later=False))
    found = office.results()
    assert {o.key for o in found if o.key.startswith("branch-")} == {"branch-1"}
    # Nobody learns by any result what happens after the two years that are over in this line.
    assert {o.years for o in found} == {2} and all(e.month < 24 for o in found for e in o.events)
    assert {o.years for o in office.results(4)} == {2}
    chair.advance()
    assert {o.years for o in office.results()} == {3}
    chair.end()
    assert {o.key: o.years for o in office.results()} == {
        "branch-0": 4, "branch-1": 3, "policy-late-response": 3, "policy-prevention": 3, "policy-no-assistance": 3,
    }  # fmt: skip


def test_the_first_years_of_a_line_are_what_it_was_then(exercise: Exercise) -> None:
    chair = exercise.chair
    then = []
    for _ in range(3):
        chair.advance()
        then.append({o.key: (o.sha256, o.metrics, o.years, len(o.stage)) for o in chair.results()})
    for years in (2, 1, 3):
        found = {o.key: (o.sha256, o.metrics, o.years, len(o.stage)) for o in chair.results(years)}
        assert found == then[years - 1]
    assert then[0] != then[1] != then[2]


def test_a_message_has_names_and_no_identifiers(played: Exercise) -> None:
    chair, office = played.chair, played.seat("body-good-offices")
    said = []
    for what in (
        lambda: chair.inject("halvern", "armed_offensive"),
        lambda: office.commit_plan([Allocation("halvern", "peacekeeping", 1.0)]),
        lambda: office.commit_plan([affordable(office)] * 2),
        lambda: chair.rewind(0, 1, "x", [("plan", "good-offices", [["halvern", "peacekeeping", 1.0]])]),
        lambda: chair.rewind(0, 1, "x", [("consent", "halvern", "perhaps")]),
        lambda: played.seat("elected-1").commit_votes({"halvern": "perhaps"}),
        lambda: chair.view(0, 9, "good-offices"),
    ):
        with pytest.raises(SeminarError) as error:
            what()
        said.append(str(error.value))
    play = chair.room.play
    keys = {*play.scenario.states, *play.scenario.bodies, *play.forms} - {n.lower() for n in play.forms.values()}
    for message in said:
        assert not keys & set(re.findall(r"[a-z0-9-]+", message)), message
    assert "Halvern" in said[0] and "Halvern" in said[1] and "Peacekeeping" in said[1]


@pytest.mark.parametrize(
    ("branch", "year", "changes"),
    [
        (1, 0, []),
        (-1, 0, []),
        (0, 4, []),
        (0, -1, []),
        (0, True, []),
        (0, 0, [("plan", "nobody", [])]),
        (0, 0, [("plan", "good-offices", [["drevna", "peacekeeping", 1.0]])]),
        (0, 0, [("consent", "nowhere", True)]),
        (0, 0, [("mandate", "drevna", "perhaps")]),
        (0, 0, [("weather", "drevna", True)]),
    ],
)
def test_what_cannot_be_rewound_is_refused(
    played: Exercise, branch: int, year: int, changes: list[tuple[str, str, object]]
) -> None:
    with pytest.raises(SeminarError):
        played.chair.rewind(branch, year, "Otherwise", changes)
    assert len(played.chair.session.branches) == 1


def test_an_earlier_view_is_what_was_seen_then(exercise: Exercise) -> None:
    office = exercise.seat("body-good-offices")
    seen = []
    for _ in range(3):
        seen.append(office.look().view)
        exercise.chair.advance()
    exercise.chair.room.play._views.clear()
    assert [exercise.chair.view(0, year, "good-offices") for year in range(3)] == seen


def test_models_that_were_let_go_are_run_again() -> None:
    exercise = Exercise(limits=Limits(models=1))
    exercise.chair.begin()
    exercise.chair.advance()
    exercise.chair.rewind(0, 0, "Otherwise", [("consent", "drevna", False)])
    exercise.chair.results()
    assert len(exercise.seminars._models) == 1
    exercise.chair.advance()
    assert exercise.chair.session.branch.digests == [digest("late-response", years) for years in (1, 2)]
