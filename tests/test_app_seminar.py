"""Seminar pages without a browser: pictures and words are well formed, and browsers get through no other door."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from xml.etree import ElementTree

import pytest
import solara
from page_reader import TAG, read, shown_by, told_by, widgets_with
from seminar_rooms import Exercise, affordable

from r2psim.app import hosted_seminars
from r2psim.app import settings as app_settings
from r2psim.app.plans import Plan, changed, first_plan
from r2psim.app.seminar import Page
from r2psim.app.seminar_chair import ChairPage
from r2psim.app.seminar_charts import charts, metrics_table, strips
from r2psim.app.seminar_entrance import playable
from r2psim.app.seminar_seat import SeatPage
from r2psim.app.seminar_widgets import Buttons
from r2psim.app.seminar_words import (
    account,
    assessed,
    choices_table,
    event_words,
    events,
    plan_rows,
    verdict,
    works,
)
from r2psim.app.watch import Choice, RefusedError, Watch, choice_of, known_scenarios
from r2psim.app.widgets import Form
from r2psim.seminar import Chair, SeminarError, Seminars
from r2psim.seminar.debrief import BEFORE_THE_WORST, GENERAL, QUIET, questions
from r2psim.seminar.seminars import FILE

SECONDS = 20.0

STEPS = (
    ("believed", "what was true"),
    ("happened", "what would have happened"),
    ("why", "Why it happened"),
    ("decided", "What was decided"),
    ("otherwise", "The other decision"),
    ("luck", "Right or lucky"),
)
"""Steps of the debriefing, and what each one's heading says."""


@pytest.fixture(scope="module")
def played() -> Exercise:
    """Four years with decisions of every kind, and a second line of history."""
    exercise = Exercise(years=5)
    exercise.chair.begin()
    office = exercise.seat("body-good-offices")
    office.commit_plan([affordable(office)])
    exercise.seat("permanent-1").commit_votes({"kessara": "no", "drevna": "yes"})
    exercise.seat("government-drevna").commit_consent(False)
    exercise.chair.inject("belisar", "coup", 2)
    for _ in range(4):
        exercise.chair.advance()
    exercise.chair.rewind(0, 0, "With <consent> & more", [("consent", "drevna", True)])
    return exercise


def to_step(rc: Any, key: str) -> None:
    """Go to a step of the debriefing."""
    next(w for w in widgets_with(rc, "steps") if w.label == "The debriefing in six steps").vue_go(key)


def parsed(html: str) -> ElementTree.Element:
    """Read HTML that is well formed."""
    return ElementTree.fromstring(f"<div>{html}</div>")


def test_everything_that_is_shown_is_well_formed_and_escaped(played: Exercise) -> None:
    chair = played.chair
    play, names, forms = chair.room.play, chair.room.play.names, chair.room.play.forms
    outcomes = chair.results()
    seat = played.seat("body-good-offices").look()
    assert seat.view is not None and seat.account is not None
    government = played.seat("government-drevna").look()
    names_of_states = list(play.scenario.states)
    for html in (
        charts(outcomes),
        metrics_table(outcomes),
        strips(outcomes, [names[s] for s in play.scenario.states]),
        assessed(seat.public, seat.own, names_of_states, play),
        assessed(government.public, {}, names_of_states, play),
        account(seat.account, names, forms),
        works(government.works, forms),
        works((), forms),
        events(seat.public.events, names, "What happened"),
        events((), names, "What happened"),
        choices_table(play.choices(chair.session.branches[1], 4), names, forms),
        choices_table({}, names, forms),
    ):
        parsed(html)
        assert "<consent>" not in html


@pytest.mark.parametrize("role", ["body-good-offices", "permanent-1", "government-drevna"])
def test_a_place_shows_elements_and_no_tags_after_a_year_with_votes(shown: Callable[..., Any], role: str) -> None:
    exercise = Exercise(years=3)
    seat, member = exercise.seat(role), exercise.seat("elected-1")
    exercise.chair.begin()
    member.commit_votes({"kessara": "yes"})
    exercise.chair.advance()
    page = shown_by(shown(SeatPage(seat, exercise.tokens[role])))
    assert {"What happened in year 1", "What the Council decided", "Decide"} <= set(page.headings)
    assert not TAG.search(page.text)
    exercise.chair.show(True)
    rc = shown(SeatPage(seat, exercise.tokens[role]))
    assert "What you believed, and what was true" in shown_by(rc).headings
    to_step(rc, "happened")
    page = shown_by(rc)
    assert {"What happened, and what would have happened", "Every state, month by month, year 1"} <= set(page.headings)
    assert not TAG.search(page.text)


def test_the_facilitators_page_shows_elements_and_no_tags(played: Exercise, shown: Callable[..., Any]) -> None:
    played.chair.inject("halvern", "coup", 3)
    page = shown_by(shown(ChairPage(played.chair, played.opened.token)))
    assert {"Code to join", "Progress", "Inject a trigger", "Keep it", "Delete"} <= set(page.headings)
    assert "Coup in Halvern, month 4" in page.text and not TAG.search(page.text)
    played.chair.withdraw()


def test_a_plan_of_a_team_mate_is_replaced_only_after_a_question_and_both_see_both(shown: Callable[..., Any]) -> None:
    exercise = Exercise(years=3)
    role = "body-good-offices"
    first = exercise.seat(role)
    token = exercise.seminars.join(exercise.opened.code, "Bob", role)
    exercise.chair.begin()
    plan = affordable(first)
    first.commit_plan([plan])
    rc = shown(SeatPage(exercise.seminars.enter(token), token))
    money = f"US$ {plan.dollars:,.0f} a month"
    (form,) = widgets_with(rc, "room")
    before = form.taken
    form.vue_commit({"plan": []})
    (question,) = widgets_with(rc, "question")
    assert question.question == f"Person of {role} has committed a plan. Replace it with yours?"
    asked = read(question.html)
    assert asked.headings == [f"Person of {role}'s, in force", "Yours"] and money in asked.text
    question.vue_answer(False)
    assert not widgets_with(rc, "question") and first.look().plan == (plan,)
    assert form.taken == before, "what was entered is still unsent"
    form.vue_commit({"plan": []})
    widgets_with(rc, "question")[0].vue_answer(True)
    assert first.look().plan == () and widgets_with(rc, "room")[0].taken == before + 1
    assert f"It takes the place of Person of {role}'s plan." in told_by(rc)
    page = shown_by(shown(SeatPage(first, exercise.tokens[role])))
    assert "Bob replaced your plan for year 1." in page.text and money in page.text
    assert {"Yours, replaced", "Bob's, in force"} <= set(page.headings)


@pytest.mark.parametrize("every", [None, 1.0], ids=["as it is", "looking seldom"])
def test_what_was_entered_keeps_its_place_whatever_the_page_says_before_it(
    every: float | None, shown: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if every is not None:  # a pause may begin and end before the page looks whether the session has moved on
        monkeypatch.setattr("r2psim.app.seminar_server.AT_MOST_EVERY", every)
    exercise = Exercise(years=3)
    role = "permanent-1"
    first = exercise.seat(role)
    token = exercise.seminars.join(exercise.opened.code, "Bob", role)
    exercise.chair.begin()
    rc = shown(SeatPage(exercise.seminars.enter(token), token))

    def forms() -> list[Any]:
        """Give the widgets that hold what was entered; another widget would have forgotten it."""
        return [w for w in widgets_with(rc, "taken") if w.label in ("Votes on mandates", "Plan for the year")]

    def stays(seen: Callable[[], Any]) -> None:
        """Wait for what follows, which another thread may be drawing; the widgets are the same then."""
        end = monotonic() + SECONDS
        while not seen() and monotonic() < end:
            sleep(0.02)
        assert seen() and forms() == [votes, plan]

    (votes, plan) = forms()
    first.commit_votes({"kessara": "yes"})
    first.commit_plan([])
    exercise.chair.pause()
    votes.vue_change({"drevna": "no"})
    stays(lambda: "paused" in told_by(rc))
    exercise.chair.resume()
    # The refusal was true of the pause alone.
    stays(lambda: "paused" not in told_by(rc))
    votes.vue_change({"drevna": "no"})
    stays(lambda: widgets_with(rc, "question"))
    widgets_with(rc, "question")[0].vue_answer(False)
    stays(lambda: not widgets_with(rc, "question"))
    plan.vue_commit({"plan": None})
    stays(lambda: widgets_with(rc, "question"))
    exercise.chair.show(True)
    votes.vue_change({"drevna": "yes"})
    stays(lambda: "Debriefing" in shown_by(rc).headings)


@pytest.mark.parametrize("every", [None, 1.0], ids=["as it is", "looking seldom"])
def test_a_line_that_the_page_itself_runs_anew_stands_beside_the_others(
    every: float | None, shown: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is said of it draws the page again before the page itself looks: all parts of it must be as the session is.
    if every is not None:
        monkeypatch.setattr("r2psim.app.seminar_server.AT_MOST_EVERY", every)
    exercise = Exercise(years=3)
    exercise.chair.begin()
    exercise.chair.advance()
    rc = shown(ChairPage(exercise.chair, exercise.opened.token))
    tabs = next(w for w in widgets_with(rc, "html") if "Parts of this page" in w.html)
    tabs.vue_pick("results")
    to_step(rc, "otherwise")
    form = next(w for w in widgets_with(rc, "fields") if w.label.startswith("A mandate"))
    assert "Year 1 otherwise" not in shown_by(rc).text
    form.vue_change({"": 1, "kessara": "yes"})
    end = monotonic() + SECONDS
    while "Year 1 otherwise" not in shown_by(rc).text and monotonic() < end:
        sleep(0.02)
    assert "was run to year 1" in told_by(rc) and "Year 1 otherwise" in shown_by(rc).text


def test_a_seminars_luck_is_told_when_it_is_over_and_not_before(
    shown: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise = Exercise(path=tmp_path / FILE, years=2)
    opened = exercise.seminars.open("Secret", years=2)
    other = exercise.seminars.open("Secret too", years=2)
    monkeypatch.setattr(app_settings, "_now", replace(app_settings.current(), data=tmp_path))
    monkeypatch.setitem(hosted_seminars._open, tmp_path / FILE, exercise.seminars)
    chair = exercise.seminars.enter(opened.token)
    assert isinstance(chair, Chair)
    seed = chair.session.seed
    assert seed >= 2**32 and seed != exercise.seminars.enter(other.token).session.seed  # type: ignore[union-attr]
    token = exercise.seminars.join(opened.code, "Ada", "government-drevna")

    def looked_up() -> list[str]:
        """Try every way to run the world of the seminar; give those on which it was refused."""
        refused = []
        for sets in ((), ("assistance.openness=0.4999",)):
            try:
                Watch(Choice("seminar", "late-response", seed, 0, sets)).close()
            except RefusedError:
                refused.append("explore")
        try:
            changed({"seed": str(seed)}, Plan("seminar", ("late-response", "prevention")))
        except RefusedError:
            refused.append("compare")
        return refused

    everywhere = ["explore", "explore", "compare"]
    chair.begin()
    assert looked_up() == everywhere
    chair.advance()
    # Debriefed, but not over.
    chair.show(True)
    assert looked_up() == everywhere
    rc = shown(SeatPage(exercise.seminars.enter(token), token))
    for step, heading in STEPS:
        to_step(rc, step)
        assert heading in "".join(shown_by(rc).headings) and str(seed) not in shown_by(rc).text
    chair.show(False)
    chair.advance()
    # Over, but not debriefed.
    assert looked_up() == everywhere
    chair.show(True)
    assert looked_up() == []
    page = shown(SeatPage(exercise.seminars.enter(token), token))
    to_step(page, "happened")
    assert f"--seed {seed} " in shown_by(page).text
    # A line that is decided anew is to be decided yet: the future is closed again.
    chair.switch(chair.rewind(0, 1, "Anew", keep_later=False))
    assert looked_up() == everywhere
    Watch(Choice("seminar", "late-response", seed, 1)).close()
    exercise.seminars.delete(opened.token)
    assert looked_up() == []
    exercise.seminars.close()


def test_pages_open_with_luck_that_no_seminar_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_settings, "_now", replace(app_settings.current(), data=tmp_path))
    assert choice_of("")[0].seed == first_plan().seed == 1
    assert not (tmp_path / FILE).exists()
    made = Seminars(tmp_path / FILE)
    monkeypatch.setitem(hosted_seminars._open, tmp_path / FILE, made)
    made.open("Monday", seed=1, years=1)
    made.open("Tuesday", seed=2, years=1)
    assert choice_of("")[0].seed == first_plan().seed == 3
    made.close()


def test_lines_of_different_length_are_compared_over_the_years_they_have(shown: Callable[..., Any]) -> None:
    exercise = Exercise(years=4)
    chair, seat = exercise.chair, exercise.seat("body-good-offices")
    chair.begin()
    first: dict[str, Any] = {}
    for _ in range(3):
        chair.advance()
        first = first or {o.key: o.metrics for o in chair.results()}
    chair.show(True)
    chair.switch(chair.rewind(0, 0, "Anew", [("consent", "drevna", False)], keep_later=False))
    page = shown(ChairPage(chair, exercise.opened.token))
    (tabs,) = [w for w in widgets_with(page, "html") if 'data-pick="results"' in w.html]
    tabs.vue_pick("results")
    to_step(page, "happened")
    said = shown_by(page).text
    # Nothing stands beside a line of which nothing was run yet; its policies neither.
    assert "No year of these can be compared yet: Anew, late-response, prevention, no-assistance." in said
    assert "Side by side, years 1 to 3" in said
    assert "tells what is to come" in said
    chair.advance()
    page = shown(ChairPage(chair, exercise.opened.token))
    next(w for w in widgets_with(page, "html") if 'data-pick="results"' in w.html).vue_pick("results")
    to_step(page, "happened")
    said = shown_by(page).text
    assert "not run equally far (years: As decided: 3; Anew: 1" in said
    drawn = [w.html for w in widgets_with(page, "html") if "<figure" in w.html or "r2p-lines" in w.html]
    for figure in ElementTree.fromstring(f"<div>{''.join(drawn)}</div>").iter():
        if figure.tag in ("caption", "figcaption"):
            assert (figure.text or "").endswith(", year 1"), figure.text
    assert "Every state, month by month, year 1" in shown_by(page).headings
    assert chair.results(1)[0].metrics == first["branch-0"]
    # The participant knows which line it is in, and sees that one alone.
    own = shown(SeatPage(seat, exercise.tokens["body-good-offices"]))
    assert "The line “Anew” is being decided" in shown_by(own).text
    to_step(own, "happened")
    lines = [w for w in widgets_with(own, "fields") if w.label == "What to lay side by side"]
    assert [key for key, _ in lines[0].fields[0]["options"] if key.startswith("branch")] == ["branch-1"]
    chair.end()
    over = shown(SeatPage(seat, exercise.tokens["body-good-offices"]))
    assert "is being decided" not in shown_by(over).text
    to_step(over, "happened")
    lines = [w for w in widgets_with(over, "fields") if w.label == "What to lay side by side"]
    assert [k for k, _ in lines[0].fields[0]["options"] if k.startswith("branch")] == ["branch-0", "branch-1"]


def test_sums_over_different_years_never_stand_side_by_side(played: Exercise) -> None:
    long, short = played.chair.results()[0], played.chair.results(2)[1]
    for draw in (charts, metrics_table):
        with pytest.raises(ValueError, match=r"\[2, 4\] years"):
            draw([long, short])


def test_what_is_said_stands_at_the_button_that_was_pressed_and_no_longer_than_it_is_true(
    shown: Callable[..., Any],
) -> None:
    exercise = Exercise(years=3)
    seat = exercise.seat("permanent-1")
    exercise.chair.begin()
    exercise.chair.pause()
    rc = shown(SeatPage(seat, exercise.tokens["permanent-1"]))
    votes, plan = [w for w in widgets_with(rc, "taken") if w.label in ("Votes on mandates", "Plan for the year")]
    votes.vue_change({"drevna": "no"})
    assert votes.problem == "the exercise is paused: commit again when it goes on" and not plan.problem
    chair = shown(ChairPage(exercise.chair, exercise.opened.token))
    groups = {w.label: w for w in widgets_with(chair, "buttons")}
    groups["Door"].vue_press({"key": "door"})
    assert groups["Door"].message == "Nobody else is let in." and not groups["Time"].message
    groups["Time"].vue_press({"key": "resume"})
    end = monotonic() + SECONDS
    while votes.problem and monotonic() < end:
        sleep(0.02)
    assert not votes.problem and not groups["Door"].message
    (trigger,) = [w for w in widgets_with(chair, "fields") if w.label == "Inject a trigger"]
    trigger.vue_change({"state": "halvern", "kind": "armed_offensive", "month": "2"})
    assert trigger.problem.endswith("there is none in Halvern") and not trigger.message
    trigger.vue_change({"state": "halvern", "kind": "coup", "month": "2"})
    assert trigger.message == "Coup in Halvern, month 3: it will strike." and not trigger.problem
    votes.vue_change({"drevna": "no"})
    assert votes.message == "Committed for year 1: votes on 1 state." and not plan.message
    # Told once: not at the head of the page as well.
    assert "Committed" not in shown_by(rc).text


def test_what_is_sent_is_answered_by_its_number_also_where_it_fails(shown: Callable[..., Any]) -> None:
    def fail(_: Any) -> None:
        raise RuntimeError("as if a page had a fault")

    for made in (
        Buttons(label="x", buttons=[{"key": "a", "words": "A"}], event_press=fail),
        Form(label="x", fields=[], action="Go", event_change=fail),
    ):
        (widget,) = widgets_with(shown(made), "answered")
        send = widget.vue_press if widget.has_trait("buttons") else widget.vue_change
        with pytest.raises(RuntimeError):
            send({"": 7, "key": "a"})
        assert widget.answered == 7


def test_a_mandate_that_was_adopted_and_is_not_in_force_says_why(played: Exercise) -> None:
    public = played.seat("body-good-offices").look().public
    calm, war = (next(s for s in public.states if s.key == key) for key in ("drevna", "kessara"))
    told = replace(
        public,
        states=(replace(calm, mandate=False), replace(war, mandate=True)),
        mandates={"drevna": True, "kessara": True},
        months_in_force={"drevna": 0, "kessara": 5},
    )
    assert verdict(told, "drevna") == "mandate adopted; no crisis there called for one, so it did not come into force"
    assert verdict(told, "kessara") == "mandate adopted, and in force"
    assert verdict(replace(told, months_in_force={"drevna": 1}), "drevna").endswith("for 1 month, and ended since")
    assert verdict(replace(told, mandates={"drevna": False}), "drevna") == "mandate not adopted"


def test_months_of_a_mandate_are_those_of_the_model() -> None:
    exercise = Exercise(years=6)
    chair, member = exercise.chair, exercise.seat("elected-1")
    chair.begin()
    states = list(chair.room.play.scenario.states)
    seen = set()
    for year in range(6):
        member.commit_votes(dict.fromkeys(states, "yes"))
        chair.advance()
        public = member.look().public
        assert all(public.mandates.values()) and set(public.months_in_force) == set(states)
        column = chair.room.play.live(chair.session.branch).history().state["mandate"]
        for state in public.states:
            months = public.months_in_force[state.key]
            # Row 0 is how the world stood before the first month.
            in_year = column[12 * year + 1 : 12 * year + 13, states.index(state.key)] > 0.0
            assert (months, state.mandate) == (in_year.sum(), in_year[-1])
            seen.add((months > 0, state.mandate))
    # Never in force, in force at the end of the year, and in force and ended: the world shows all three.
    assert seen == {(False, False), (True, True), (True, False)}


def test_every_world_that_is_offered_opens_a_seminar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_settings, "_now", replace(app_settings.current(), data=tmp_path, scenario="world"))
    made = Seminars(tmp_path / FILE)
    monkeypatch.setitem(hosted_seminars._open, tmp_path / FILE, made)
    offered = playable()
    assert "seminar" in offered
    for name in known_scenarios():
        if name in offered:
            made.open(name, name)
        else:
            with pytest.raises(SeminarError):
                made.open(name, name)
    made.close()


def test_places_that_lead_nowhere_are_not_offered(
    shown: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise = Exercise(path=tmp_path / FILE, years=2)
    monkeypatch.setattr(app_settings, "_now", replace(app_settings.current(), data=tmp_path))
    monkeypatch.setitem(hosted_seminars._open, tmp_path / FILE, exercise.seminars)
    deleted = exercise.seminars.open("Deleted", years=2)
    exercise.seat("elected-1")
    exercise.seat("elected-2")
    exercise.chair.remove(1)
    exercise.seminars.delete(deleted.token)
    mine = [exercise.opened.token, exercise.tokens["elected-1"]]
    rc = shown(solara.Column(children=[Page()]))
    (places,) = widgets_with(rc, "known")
    assert places.known is None
    places.vue_look([mine[0], deleted.token, exercise.tokens["elected-2"], mine[1], 7, "x" * 5000])
    assert places.known == mine
    exercise.seminars.close()


def test_charts_have_a_line_and_a_letter_for_each(played: Exercise) -> None:
    outcomes = played.chair.results()
    drawn = parsed(charts(outcomes))
    for chart in drawn.iter("figure"):
        paths = [e for e in chart.iter("path") if "r2p-line" in (e.get("class") or "")]
        letters = [e.text for e in chart.iter("text") if e.get("class") == "r2p-letter"]
        assert len(paths) == len(outcomes) == 5 and letters == list("ABCDE")
        places = [(e.get("x"), e.get("y")) for e in chart.iter("text") if e.get("class") == "r2p-letter"]
        assert len(set(places)) == len(places)


def test_strips_tell_every_change_of_stage(played: Exercise) -> None:
    outcome = played.chair.results()[0]
    names = list(played.chair.room.play.scenario.states)
    drawn = parsed(strips([outcome], names))
    for s, svg in enumerate(drawn.iter("svg")):
        widths = [int(e.get("width") or 0) for e in svg.iter("rect")]
        changes = sum(a != b for a, b in zip(outcome.stage[:, s], outcome.stage[1:, s], strict=False))
        assert len(widths) == changes + 1 and sum(widths) == len(outcome.stage)


def test_the_form_of_a_plan_offers_what_the_view_offers(played: Exercise) -> None:
    view = played.seat("body-good-offices").look().view
    assert view is not None
    play = played.chair.room.play
    rows = plan_rows(view, play.forms, play.usual)
    assert {r["state"]: len(r["offers"]) for r in rows} == {s.key: len(s.offers) for s in view.states}  # type: ignore[arg-type]


def test_events_are_told_in_words(played: Exercise) -> None:
    names = played.chair.room.play.names
    for event in played.chair.results()[0].events:
        assert names[event.state] in event_words(event, names)


def test_questions_follow_from_what_happened(played: Exercise) -> None:
    chair = played.chair
    outcomes = chair.results()
    asked = questions(chair.session.branch, outcomes[0], outcomes[1:], chair.room.play.names)
    told = " ".join(asked)
    assert "Government of Drevna refused" in told and "coup struck Belisar" in told
    assert "votes against a mandate for Kessara" in told
    assert tuple(asked[-len(GENERAL) :]) == GENERAL and len(asked) <= 13 + len(GENERAL)


@pytest.mark.parametrize("entered", [False, True])
def test_no_question_is_about_an_atrocity_that_never_began(played: Exercise, entered: bool) -> None:
    chair = played.chair
    outcome = chair.results()[0]
    quiet = tuple(e for e in outcome.events if e.after != "atrocity")
    group = next(e for e in quiet if e.kind == "stage")
    began = (replace(group, after="atrocity"),) if entered else ()
    asked = questions(chair.session.branches[0], replace(outcome, events=quiet + began), [], chair.room.play.names)
    assert (BEFORE_THE_WORST in asked, QUIET in asked) == (entered, not entered)


@pytest.mark.parametrize(("kind", "said"), [("economic_shock", "an economic shock"), ("coup", "a coup")])
def test_a_trigger_has_its_article(kind: str, said: str) -> None:
    exercise = Exercise(years=2)
    exercise.chair.begin()
    exercise.chair.inject("belisar", kind, 2)
    exercise.chair.advance()
    found = exercise.chair.results()[0]
    asked = questions(exercise.chair.session.branch, found, [], exercise.chair.room.play.names)
    assert any(f"Year 1: {said} struck Belisar" in question for question in asked)


def test_a_browser_gets_only_declared_events_through() -> None:
    """In a process of its own: closing the doors holds for all of it."""
    program = """
import solara, ipyvue, ipywidgets
from r2psim.app.guard import close_doors
from r2psim.app.widgets import Form
close_doors()
told = []
box, context = solara.render(Form(label="x", fields=[], event_change=told.append), handle_error=False)
form = box.children[0]
made = []
class Spy:
    def __init__(self, **given): made.append(given)
import sys, types
sys.modules["spy"] = types.SimpleNamespace(Spy=Spy)
for content in ({"create_widget": ["spy", "Spy"], "props": {}, "id": "1"}, {"event": "__class__"},
                {"event": ["change"]},
                {"update_ref": 1, "id": form._model_id, "prop": "label"}, [], None, {"event": "nothing"}):
    form._handle_custom_msg(content, [])
assert not made and not told, (made, told)
form._handle_custom_msg({"event": "event_change", "data": {"a": 1}}, [])
assert told == [{"a": 1}]
closed = []
class Comm:
    def close(self): closed.append(1)
before = len(ipywidgets.Widget.widgets)
ipywidgets.Widget.handle_comm_opened(Comm(), {"content": {"data": {"state": {}}}})
assert closed == [1] and len(ipywidgets.Widget.widgets) == before
print("held")
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "held", done.stderr
