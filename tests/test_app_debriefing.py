"""The debriefing's pages without a browser: steps, drawings and words, and the runs in the background."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from time import monotonic, sleep
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from markupsafe import escape
from page_reader import TAG, shown_by, widgets_with
from seminar_rooms import Exercise, affordable

from r2psim.app import seminar_luck
from r2psim.app.seminar_belief_charts import beliefs, furthest_off
from r2psim.app.seminar_chair import ChairPage
from r2psim.app.seminar_charts import strips
from r2psim.app.seminar_luck import LARGEST, trial_of
from r2psim.app.seminar_luck_charts import SHOWN, luck_table, lucks, words
from r2psim.app.seminar_seat import SeatPage
from r2psim.app.text_width import width
from r2psim.seminar import ForbiddenError, SeminarError
from r2psim.seminar.debriefing import Debriefing
from r2psim.seminar.other_luck import DECIDED, LUCKS, OtherLuck, other_luck

SECONDS = 30.0
OFFICE, DREVNA = "body-good-offices", "government-drevna"
STEPS = ("believed", "happened", "why", "decided", "otherwise", "luck")


@pytest.fixture
def exercise() -> Exercise:
    """Two of three years, with decisions, a sentence and a trigger; the debriefing is open."""
    made = Exercise(years=3)
    office = made.seat(OFFICE)
    made.chair.begin()
    office.commit_plan([affordable(office)], why="Early, and <b>cheap</b>.")
    made.seat(DREVNA).commit_consent(False)
    made.chair.inject("belisar", "coup", 2)
    made.chair.advance()
    made.chair.advance()
    made.chair.show(True)
    return made


@pytest.fixture(scope="module")
def found() -> OtherLuck:
    from r2psim import load

    return other_luck(load("seminar"), "late-response", {}, 7, 0, 6, 60)


def to_step(rc: Any, key: str) -> None:
    next(w for w in widgets_with(rc, "steps") if w.label == "The debriefing in six steps").vue_go(key)


def until(seen: Callable[[], Any]) -> None:
    end = monotonic() + SECONDS
    while not seen() and monotonic() < end:
        sleep(0.02)
    assert seen()


def few(scenario: Any, policy: str, choices: Any, seed: int, run: int, years: int, _: int, **rest: Any) -> OtherLuck:
    """Run only some of the lucks that a page wants."""
    return other_luck(scenario, policy, choices, seed, run, years, 6, **rest)


# -- pages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["participant", "facilitator"])
def test_every_step_shows_elements_and_no_tags(
    exercise: Exercise, shown: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    monkeypatch.setattr(trial_of, "__defaults__", (None, few))
    exercise.chair.rewind(0, 1, "With <consent>", [("consent", "drevna", True)])
    if who == "participant":
        rc = shown(SeatPage(exercise.seat(OFFICE), exercise.tokens[OFFICE]))
    else:
        rc = shown(ChairPage(exercise.chair, exercise.opened.token))
        next(w for w in widgets_with(rc, "html") if 'data-pick="results"' in w.html).vue_pick("results")
    said = {}
    for step in STEPS:
        to_step(rc, step)
        if step == "luck":
            until(lambda: "Negative control" in shown_by(rc).text)
        page = shown_by(rc)
        said[step] = page.text
        # A sentence may hold what looks like a tag: it is shown as it was written, once.
        assert not TAG.search(page.text.replace("<b>cheap</b>", "").replace("With <consent>", "")), step
    assert "Where Secretary-General's good offices" in said["believed"] and "furthest off" in said["believed"]
    assert "above a strip: war" in said["happened"] and "Side by side" in said["happened"]
    assert "Early, and <b>cheap</b>." in said["decided"]
    assert "Coup in Belisar" in said["decided"] and "Drevna: refuses" in said["decided"]
    assert ("Go back and decide otherwise" in said["otherwise"]) is (who == "facilitator")
    assert "your decisions left fewer killed than prevention in" in said["luck"]
    assert "differs by 0 at most" in said["luck"]


def test_before_the_debriefing_a_participant_has_no_steps(exercise: Exercise, shown: Callable[..., Any]) -> None:
    exercise.chair.show(False)
    rc = shown(SeatPage(exercise.seat(OFFICE), exercise.tokens[OFFICE]))
    assert "Debriefing" not in shown_by(rc).headings
    assert not widgets_with(rc, "steps")
    # Who has them on the page when they are closed again has them no more.
    exercise.chair.show(True)
    until(lambda: "Debriefing" in shown_by(rc).headings)
    to_step(rc, "why")
    exercise.chair.show(False)
    until(lambda: "Why it happened" not in shown_by(rc).headings)


def test_what_a_browser_sends_opens_no_other_line_and_no_other_step(
    exercise: Exercise, shown: Callable[..., Any]
) -> None:
    exercise.chair.switch(exercise.chair.rewind(0, 1, "Anew", keep_later=False))
    rc = shown(SeatPage(exercise.seat(OFFICE), exercise.tokens[OFFICE]))
    for step in ("believed", "../../x", "decided"):
        to_step(rc, step)
        assert not [w for w in widgets_with(rc, "fields") if w.label == "Line of history"]
    assert "As decided" not in shown_by(rc).text
    to_step(rc, "believed")
    form = next(w for w in widgets_with(rc, "fields") if w.label == "Role")
    form.vue_change({"role": "body-nobody", "line": "0"})
    assert f"as seen by {exercise.seat(OFFICE).role.title}" in shown_by(rc).text
    drawn = "".join(w.html for w in widgets_with(rc, "html"))
    assert "year 1: went by" in drawn and "year 2: went by" not in drawn


# -- drawings ----------------------------------------------------------------------------------------------------------


def drawings(html: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(f"<div>{html}</div>").iter("svg"))


def inside(svg: ElementTree.Element) -> None:
    """Insist that every line of text lies within its drawing."""
    wide, high = map(float, svg.attrib["viewBox"].split()[2:])
    for text in svg.iter("text"):
        room = width(text.text or "", bold=text.get("class") == "r2p-letter")
        left = float(text.attrib["x"]) - {"middle": 0.5, "end": 1.0}.get(text.get("text-anchor", ""), 0.0) * room
        assert left >= 0.0 and left + room <= wide and 8.0 <= float(text.attrib["y"]) <= high, text.text


@pytest.mark.parametrize("metric", SHOWN)
def test_a_drawing_of_lucks_holds_every_luck_and_where_this_one_landed(found: OtherLuck, metric: str) -> None:
    html = str(lucks(found, metric))
    svg = next(s for s in drawings(html) if s.get("role") == "img")
    inside(svg)
    dots = [p for p in svg.iter("path") if p.get("class") == "r2p-luck-dots"]
    marks = [p for p in svg.iter("path") if p.get("class") == "r2p-luck-here"]
    assert len(dots) == len(marks) == 4 and {p.attrib["d"].count("h0") for p in dots} == {found.lucks}
    # More lies further to the right, and what is the same lies at one place: the mark is where its value is.
    for name, dot, mark in zip(found.metrics, dots, marks, strict=True):
        values = found.values(name, metric)
        at = np.array([float(x) for x in re.findall(r"M(-?[\d.]+),", dot.attrib["d"])])
        order = np.argsort(values, kind="stable")
        assert (np.diff(at[order]) >= -0.051).all()
        here, x = found.here(name, metric), float(re.findall(r"M(-?[\d.]+),", mark.attrib["d"])[0])
        assert (at[values < here] <= x + 0.051).all() and (at[values > here] >= x - 0.051).all()
    assert f"{escape(SHOWN[metric])}, in 60 other lucks and in this one; years 1 to 6, powers of ten" in html
    assert str(luck_table(found, metric)).count("<tr>") == 4


def test_a_drawing_where_nobody_was_killed_is_one_too(found: OtherLuck) -> None:
    nothing = {name: np.zeros_like(values) for name, values in found.metrics.items()}
    for svg in drawings(str(lucks(replace(found, metrics=nothing), "deaths"))):
        inside(svg)
    assert "fewer killed than prevention in 0 (0" in str(words(replace(found, metrics=nothing)))


def test_words_tell_what_the_numbers_tell(found: OtherLuck) -> None:
    beside = found.beside("no-assistance")
    said = str(words(found))
    assert f"fewer killed than no-assistance in {beside.less:,} (" in said and f"more in {beside.more:,}." in said
    assert "Not told apart on average, and no difference here." in said  # late-response, which the line is
    assert DECIDED not in said


def test_beliefs_are_drawn_state_by_state(exercise: Exercise) -> None:
    seen = Debriefing(exercise.seat(OFFICE)).beliefs(OFFICE)
    drawn = drawings(str(beliefs(seen, "The office")))
    assert len(drawn) == len(seen) == 12
    for svg, belief in zip(drawn, seen, strict=True):
        inside(svg)
        marks = [p for p in svg.iter("path") if p.get("class") == "r2p-belief-own"]
        assert len(marks) == 2 and belief.name in svg.attrib["aria-label"]
    worst = max(seen, key=lambda b: np.abs(b.error).max())
    assert str(furthest_off(seen, "The office")).index(worst.name) < 120


def test_war_stands_above_the_strip_of_its_state(exercise: Exercise) -> None:
    outcome = exercise.chair.results()[0]
    war = np.zeros_like(outcome.war)
    war[5:9, 2] = True
    names = [f"State {s}" for s in range(war.shape[1])]
    drawn = drawings(str(strips([replace(outcome, war=war)], names)))
    bands = [[r for r in svg.iter("rect") if r.get("class") == "r2p-strip-war"] for svg in drawn]
    assert [len(found) for found in bands] == [0, 0, 1] + [0] * 9
    assert (bands[2][0].get("x"), bands[2][0].get("width")) == ("5", "4")
    assert "war in months 5 to 8" in drawn[2].attrib["aria-label"]


# -- runs in the background --------------------------------------------------------------------------------------------


def test_one_piece_of_work_serves_all_who_look_and_another_is_done_for_another_line(exercise: Exercise) -> None:
    asked = []

    def run(*given: Any, **rest: Any) -> OtherLuck:
        asked.append(given)
        return few(*given, **rest)

    office, drevna = Debriefing(exercise.seat(OFFICE)), Debriefing(exercise.seat(DREVNA))
    trial = trial_of(office, run=run)
    assert trial_of(drevna, run=run) is trial is trial_of(Debriefing(exercise.chair), run=run)
    assert trial.ended.wait(SECONDS) and trial.found is not None and trial.share > 0.0
    # The mark is the run that was played.
    (outcome,) = [o for o in exercise.chair.results() if o.key == "branch-0"]
    assert trial.found.here(DECIDED, "prevention_and_response") == outcome.metrics["prevention_and_response"]
    number = exercise.chair.rewind(0, 1, "With consent", [("consent", "drevna", True)])
    exercise.chair.end()
    other = trial_of(office, number, run)
    assert other is not trial and other.ended.wait(SECONDS) and len(asked) == 2
    exercise.chair.switch(number)


def test_a_line_that_may_not_be_seen_is_not_run(exercise: Exercise) -> None:
    exercise.chair.switch(exercise.chair.rewind(0, 1, "Anew", keep_later=False))
    seat = Debriefing(exercise.seat(OFFICE))
    with pytest.raises(ForbiddenError, match="is closed"):
        trial_of(seat, 0)
    exercise.chair.show(False)
    with pytest.raises(ForbiddenError, match="has not opened"):
        trial_of(seat)


def test_what_fails_is_told_and_tried_again_when_somebody_asks(exercise: Exercise) -> None:
    def fail(*_: Any, **__: Any) -> OtherLuck:
        raise SeminarError("a plan is not possible")

    seat = Debriefing(exercise.seat(OFFICE))
    trial = trial_of(seat, run=fail)
    assert trial.ended.wait(SECONDS) and trial.problem == "a plan is not possible" and trial.found is None
    again = trial_of(seat, run=few)
    assert again is not trial and again.ended.wait(SECONDS) and again.found is not None


def test_work_tells_how_far_it_is_and_one_waits_for_the_other(
    exercise: Exercise, shown: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def slow(*given: Any, advance: Any) -> OtherLuck:
        advance(1000)
        assert go.wait(SECONDS)
        return few(*given, advance=advance)

    monkeypatch.setattr(trial_of, "__defaults__", (None, slow))
    rc = shown(SeatPage(exercise.seat(OFFICE), exercise.tokens[OFFICE]))
    to_step(rc, "luck")
    until(lambda: "of 500 other lucks" in shown_by(rc).text)
    other = Exercise(years=1)
    other.chair.begin()
    other.chair.advance()
    waiting = trial_of(Debriefing(other.chair), run=few)
    assert waiting.began is None and waiting.left is None
    # All else on the page goes on.
    to_step(rc, "why")
    assert "Why it happened" in shown_by(rc).headings
    to_step(rc, "luck")
    go.set()
    until(lambda: "Negative control" in shown_by(rc).text)
    assert waiting.ended.wait(SECONDS) and waiting.found is not None


def test_work_ends_when_the_server_does(exercise: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seminar_luck, "_ending", threading.Event())
    begun = threading.Event()

    def endless(*_: Any, advance: Any) -> OtherLuck:
        while True:
            advance(1)
            begun.set()
            sleep(0.01)

    trial = trial_of(Debriefing(exercise.chair), run=endless)
    assert begun.wait(SECONDS) and not trial.ended.is_set()
    seminar_luck.leave_off()
    assert trial.ended.wait(SECONDS) and trial.problem == "the server ends"


def test_of_a_larger_world_there_are_fewer_lucks(exercise: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    seat = Debriefing(exercise.seat(OFFICE))
    assert trial_of(seat, run=few).lucks == LUCKS and LUCKS * 8 * 12 <= LARGEST
    monkeypatch.setattr(seminar_luck, "LARGEST", 24 * 30)
    exercise.chair.advance()
    assert trial_of(seat, run=few).lucks == 20
