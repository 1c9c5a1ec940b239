"""Notes and public statements on the pages: written, announced once, read by whom they are for, and told later."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import pytest
from page_reader import TAG, shown_by, states_of, widgets_with
from seminar_rooms import Exercise

from r2psim.app.seminar_chair import ChairPage
from r2psim.app.seminar_projector import ProjectorPage
from r2psim.app.seminar_seat import SeatPage
from r2psim.seminar.codes import of_screen

SECONDS = 20.0
OFFICE, DREVNA, MEMBER = "body-good-offices", "government-drevna", "elected-1"
ROLES = (OFFICE, DREVNA, MEMBER)
NOTE, STATEMENT = "Note to another role", "Public statement"


@pytest.fixture
def exercise() -> Exercise:
    made = Exercise(years=2)
    for role in ROLES:
        made.seat(role)
    made.chair.begin()
    return made


@pytest.fixture
def pages(exercise: Exercise, shown: Callable[..., Any]) -> dict[str, Any]:
    """Give the pages of all, and the facilitator's and the projector's."""
    made = {role: shown(SeatPage(exercise.seat(role), exercise.tokens[role])) for role in ROLES}
    screen = exercise.seminars.enter(of_screen(exercise.opened.token))
    return made | {
        "chair": shown(ChairPage(exercise.chair, exercise.opened.token)),
        "wall": shown(ProjectorPage(screen)),
    }


def soon(seen: Callable[[], Any]) -> None:
    end = monotonic() + SECONDS
    while not seen() and monotonic() < end:
        sleep(0.02)
    assert seen()


def form(rc: Any, label: str) -> Any:
    (found,) = [w for w in widgets_with(rc, "fields") if w.label == label]
    return found


def children(rc: Any) -> list[str]:
    """Give the texts that elements of a page hold by themselves, as the line that says what has come in."""
    return [c for w in widgets_with(rc, "tag") for c in w.children if isinstance(c, str)]


def everything(rc: Any) -> str:
    """Give all that a browser is sent of a page, with what forms hold."""
    return repr(states_of(rc))


def test_a_note_is_announced_once_to_its_reader_and_to_nobody_else(exercise: Exercise, pages: dict[str, Any]) -> None:
    office = form(pages[OFFICE], NOTE)
    # Roles by name; one's own is none of them, nor is one that nobody has.
    title = exercise.seat(DREVNA).role.title
    assert [key for key, _ in office.fields[0]["options"]] == ["", MEMBER, DREVNA]
    assert dict(map(tuple, office.fields[0]["options"]))[DREVNA] == title
    words = "Let us in, <b>please</b>."
    office.vue_change({"to": DREVNA, "text": words})
    assert form(pages[OFFICE], NOTE).message == f"Sent to {title}." and form(pages[OFFICE], NOTE).taken == 1
    soon(lambda: words in shown_by(pages[DREVNA]).text)
    soon(lambda: f"Year 1, to {title}, by Person of {OFFICE}: {words}" in shown_by(pages[OFFICE]).text)
    sender = exercise.seat(OFFICE).role.title
    assert children(pages[DREVNA]).count(f"1 note to you; the last is from {sender}, in year 1.") == 1
    assert "Notes and public statement (1 note)" in children(pages[DREVNA])
    assert f"Year 1, from {sender}: {words}" in shown_by(pages[DREVNA]).text
    # It is told in the line that is announced; the list is silent.
    assert 'role="status"' not in "".join(w.html for w in widgets_with(pages[DREVNA], "html") if "please" in w.html)
    assert "please" in everything(pages[DREVNA])
    for other in (MEMBER, "chair", "wall"):
        assert "please" not in everything(pages[other]) and "note to you" not in everything(pages[other])
    # Not a word of whoever wrote it is announced to itself.
    assert not any("to you" in said for said in children(pages[OFFICE]))


def test_a_statement_is_read_by_all_and_stands_on_the_wall(exercise: Exercise, pages: dict[str, Any]) -> None:
    statement = form(pages[DREVNA], STATEMENT)
    assert statement.ask == "Say this to everybody? It cannot be taken back."
    statement.vue_change({"text": "<script>We</script> object."})
    title = exercise.seat(DREVNA).role.title
    for name in (*ROLES, "wall", "chair"):
        soon(lambda name=name: f"year 1 {title}: <script>We</script> object." in shown_by(pages[name]).text)
        assert "Said in public" in shown_by(pages[name]).headings
    assert not TAG.search(shown_by(pages["wall"]).text.replace("<script>We</script>", ""))
    form(pages[DREVNA], STATEMENT).vue_change({"text": "And more."})
    refused = form(pages[DREVNA], STATEMENT)
    assert refused.problem == "the public statement of year 1 was made: there is one a year" and refused.taken == 1
    exercise.chair.advance()
    # What was refused in another year is not held against the next one, and what was typed is kept for it.
    soon(lambda: form(pages[DREVNA], STATEMENT).problem == "")
    assert form(pages[DREVNA], STATEMENT).about == refused.about
    form(pages[DREVNA], STATEMENT).vue_change({"text": "And more."})
    soon(lambda: "And more." in shown_by(pages["wall"]).text)


@pytest.mark.parametrize("to", ["", "permanent-1", OFFICE, "x" * 10_000, None, 7, ["elected-1"]])
def test_whatever_a_browser_sends_goes_to_another_role_that_somebody_has_or_nowhere(
    exercise: Exercise, pages: dict[str, Any], to: Any
) -> None:
    form(pages[OFFICE], NOTE).vue_change({"to": to, "text": "Hello."})
    found = form(pages[OFFICE], NOTE)
    assert found.problem.startswith("to: choose") and found.taken == 0
    assert not exercise.chair.session.branch.notes()


def test_what_is_sent_twice_is_written_once(exercise: Exercise, pages: dict[str, Any]) -> None:
    for _ in range(2):
        form(pages[OFFICE], NOTE).vue_change({"to": MEMBER, "text": "Once."})
        form(pages[OFFICE], STATEMENT).vue_change({"text": "Once."})
        assert not form(pages[OFFICE], NOTE).problem and not form(pages[OFFICE], STATEMENT).problem
    assert [n.text for n in exercise.chair.session.branch.notes()] == ["Once.", "Once."]


def test_the_debriefing_tells_what_was_written_when_all_is_over(
    exercise: Exercise, pages: dict[str, Any], shown: Callable[..., Any]
) -> None:
    exercise.seat(OFFICE).say("Between <i>us</i>.", DREVNA)
    exercise.seat(OFFICE).say("To all.")
    exercise.chair.advance()
    exercise.chair.show(True)

    def decided(place: Any, page: Any) -> Any:
        if page is ChairPage:
            rc = shown(ChairPage(place, exercise.opened.token))
            next(w for w in widgets_with(rc, "html") if 'data-pick="results"' in w.html).vue_pick("results")
        else:
            rc = shown(SeatPage(place, exercise.tokens[MEMBER]))
        next(w for w in widgets_with(rc, "steps") if w.label == "The debriefing in six steps").vue_go("decided")
        return rc

    def opened() -> list[Any]:
        return [decided(exercise.chair, ChairPage), decided(exercise.seat(MEMBER), SeatPage)]

    for rc in opened():
        assert "To all." in shown_by(rc).text and "Between" not in everything(rc)
    exercise.chair.advance()
    name, title = f"Person of {OFFICE}", exercise.seat(DREVNA).role.title
    for rc in opened():
        assert f"({name}), to {title}: Between <i>us</i>." in shown_by(rc).text
        assert f"({name}), in public: To all." in shown_by(rc).text
    # Who wrote and who received still has it on the own page; nothing is written any more.
    soon(lambda: "Between <i>us</i>." in shown_by(pages[DREVNA]).text)
    soon(lambda: NOTE not in {w.label for w in widgets_with(pages[DREVNA], "fields")})
