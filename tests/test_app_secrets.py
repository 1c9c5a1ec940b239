"""Nothing that is not for a participant is sent to it: its page is the same whatever it may not know.

Two seminars with the same luck differ in something that is secret - what another role decided, wrote or was written;
what the facilitator has set for the months to come; what happened in another line; another session. All that a browser
is sent of the page of somebody whom it does not concern must be the same in both, to the last letter. What cannot be
tried that way, as the seed, is looked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import solara
from page_reader import shown_by, states_of, widgets_with
from seminar_rooms import Exercise, affordable

from r2psim.app import hosted_seminars
from r2psim.app import settings as app_settings
from r2psim.app.seminar import At
from r2psim.app.seminar_entrance import Joining
from r2psim.app.seminar_projector import ProjectorPage
from r2psim.app.seminar_seat import SeatPage
from r2psim.seminar import Chair, ForbiddenError, NotFoundError, Seat
from r2psim.seminar.codes import of_screen
from r2psim.seminar.codes import shown as shown_code
from r2psim.seminar.debriefing import Debriefing
from r2psim.seminar.export import export
from r2psim.seminar.seminars import FILE

OFFICE, DREVNA, MEMBER, OTHER = "body-good-offices", "government-drevna", "elected-1", "permanent-1"
ROLES = (OFFICE, DREVNA, MEMBER, OTHER)
STEPS = ("believed", "happened", "why", "decided", "otherwise")

LOTS = re.compile(r"IPY_MODEL_\w+|0x[0-9a-f]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What is drawn anew for each widget."""

SECRETS = ("Quietly, to you.", "Because nobody looks.", "54321.09", "54,321", "A line of theirs")


def opened(years: int = 3, begun: bool = True, **more: Any) -> Exercise:
    made = Exercise(years=years, **more)
    for role in ROLES:
        made.seat(role)
    if begun:
        made.chair.begin()
    return made


def sent(rc: Any, exercise: Exercise) -> list[str]:
    """Give all that a browser is sent of a page; what is drawn by lot, as the code, is written as what it is."""
    lots = {exercise.opened.code: "CODE", shown_code(exercise.opened.code): "CODE", exercise.opened.token: "CHAIR"}
    lots |= {token: f"TOKEN of {role}" for role, token in exercise.tokens.items()}
    found = []
    for kind, state in states_of(rc):
        kept = {key: value for key, value in state.items() if not key.startswith("_")}
        text = f"{kind} {json.dumps(kept, default=repr, sort_keys=True)}"
        for lot, name in lots.items():
            text = text.replace(lot, name)
        found.append(LOTS.sub("IT", text))
    return found


def page_of(shown: Callable[..., Any], exercise: Exercise, role: str = MEMBER) -> Any:
    return shown(SeatPage(exercise.seat(role), exercise.tokens[role]))


@pytest.fixture
def lobby(
    shown: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Exercise], list[str]]:
    """Give what somebody is sent who comes by the link."""
    monkeypatch.setattr(app_settings, "_now", replace(app_settings.current(), data=tmp_path))

    def look(exercise: Exercise) -> list[str]:
        monkeypatch.setitem(hosted_seminars._open, tmp_path / FILE, exercise.seminars)
        rc = shown(Joining(exercise.opened.code, lambda _: None))
        assert "Join: Monday" in shown_by(rc).headings
        return sent(rc, exercise)

    return look


# -- the same page, whatever the others do -----------------------------------------------------------------------------


def another_plan(e: Exercise) -> None:
    office = e.seat(OFFICE)
    plan = replace(affordable(office), dollars=54321.09)
    office.commit_plan([plan], why="Because nobody looks.")


def another_vote(e: Exercise) -> None:
    e.seat(OTHER).commit_votes({"kessara": "no"}, why="Because nobody looks.")


def another_word(e: Exercise) -> None:
    e.seat(DREVNA).commit_consent(False, why="Because nobody looks.")


def a_replaced_plan(e: Exercise) -> None:
    another_plan(e)
    token = e.seminars.join(e.opened.code, "Second", OFFICE)
    second = e.seminars.enter(token)
    assert isinstance(second, Seat)
    second.commit_plan([], second._standing()["plan"], why="Because nobody looks.")
    e.chair.remove(second.who.number)


def notes_of_others(e: Exercise) -> None:
    e.seat(OFFICE).say("Quietly, to you.", DREVNA)
    e.seat(DREVNA).say("Quietly, to you.", OFFICE)
    e.seat(OTHER).say("Quietly, to you.", DREVNA)


def a_trigger_that_is_set(e: Exercise) -> None:
    e.chair.inject("belisar", "coup", 3)
    e.chair.inject("drevna", "economic_shock", 7)


def another_session(e: Exercise) -> None:
    other = e.seminars.open("A line of theirs", seed=7, years=3)
    token = e.seminars.join(other.code, "A line of theirs", MEMBER)
    seat, chair = e.seminars.enter(token), e.seminars.enter(other.token)
    assert isinstance(seat, Seat) and isinstance(chair, Chair)
    chair.begin()
    seat.commit_votes({"kessara": "no"}, why="Because nobody looks.")
    seat.say("Quietly, to you.")


def what_the_facilitator_looks_at(e: Exercise) -> None:
    assert e.chair.results() and export(e.chair)
    Debriefing(e.chair).chains()


CHANGES = (
    another_plan, another_vote, another_word, a_replaced_plan, notes_of_others, a_trigger_that_is_set, another_session,
    what_the_facilitator_looks_at,
)  # fmt: skip


@pytest.fixture(scope="module")
def nothing_done() -> Exercise:
    return opened()


@pytest.mark.parametrize("change", CHANGES)
def test_a_page_does_not_depend_on_what_is_not_for_it(
    change: Callable[[Exercise], None],
    nothing_done: Exercise,
    shown: Callable[..., Any],
    lobby: Callable[[Exercise], list[str]],
) -> None:
    changed = opened()
    change(changed)
    pages = [sent(page_of(shown, e), e) for e in (nothing_done, changed)]
    assert len(pages[0]) > 20 and pages[0] == pages[1]
    # Nor does the lobby that somebody who is late sees.
    lobbies = [lobby(e) for e in (nothing_done, changed)]
    assert lobbies[0] == lobbies[1]
    assert not any(secret in text for text in (*pages[1], *lobbies[1]) for secret in SECRETS)


def test_the_comparison_sees_what_is_for_somebody(nothing_done: Exercise, shown: Callable[..., Any]) -> None:
    """The control of the test above: each of these changes is seen by those whom it concerns."""
    for change, role in (
        (another_plan, OFFICE),
        (another_vote, OTHER),
        (another_word, DREVNA),
        (notes_of_others, DREVNA),
    ):
        changed = opened()
        change(changed)
        assert sent(page_of(shown, nothing_done, role), nothing_done) != sent(page_of(shown, changed, role), changed)
    public = opened()
    public.seat(OTHER).say("To all.")
    assert sent(page_of(shown, public), public) != sent(page_of(shown, nothing_done), nothing_done)


def test_after_the_year_the_secrets_of_the_others_are_still_theirs(shown: Callable[..., Any]) -> None:
    exercise = opened()
    rc = page_of(shown, exercise)
    another_plan(exercise)
    another_vote(exercise)
    another_word(exercise)
    notes_of_others(exercise)
    wall = shown(ProjectorPage(exercise.seminars.enter(of_screen(exercise.opened.token))))
    for _ in range(3):
        exercise.chair.advance()
        for page in (rc, page_of(shown, exercise), wall):
            assert not any(secret in text for text in sent(page, exercise) for secret in SECRETS)


# -- what is to come ---------------------------------------------------------------------------------------------------


def anew(years: int) -> Exercise:
    """Run some years, in which things are written, and go back to the second, which is decided anew."""
    made = opened()
    made.chair.advance()
    made.chair.inject("belisar", "coup", 3)
    for year in range(1, years):
        made.clock.now += 60.0
        made.chair.extend(5.0)
        made.seat(OTHER).commit_votes({"kessara": "yes"}, why="Because nobody looks.") if year > 1 else None
        made.seat(OTHER).say("A line of theirs") if year > 1 else None
        made.chair.advance()
    made.chair.show(True)
    made.chair.switch(made.chair.rewind(0, 1, "Anew", keep_later=False))
    return made


@pytest.mark.parametrize("step", STEPS)
def test_a_line_that_was_run_further_changes_nothing_in_the_line_that_is_decided(
    step: str, shown: Callable[..., Any]
) -> None:
    pages = []
    for years in (2, 3):
        exercise = anew(years)
        rc = page_of(shown, exercise)
        next(w for w in widgets_with(rc, "steps") if w.label == "The debriefing in six steps").vue_go(step)
        seen = sent(rc, exercise)
        # Nor does anything of it come up when the year comes in which it was.
        exercise.chair.advance()
        after = page_of(shown, exercise)
        next(w for w in widgets_with(after, "steps") if w.label == "The debriefing in six steps").vue_go(step)
        pages.append([*seen, *sent(after, exercise)])
    assert pages[0] == pages[1]
    assert not any(secret in text for text in pages[1] for secret in SECRETS)


def test_nothing_tells_of_another_line_while_one_is_decided() -> None:
    exercise = anew(3)
    found = Debriefing(exercise.seat(MEMBER))
    for ask in (found.line, found.sentences, found.notes, found.chains, found.war, lambda n: found.beliefs(MEMBER, n)):
        with pytest.raises(ForbiddenError, match="is closed until the one that is being decided is over"):
            ask(0)
        assert ask(1) is not None


def test_the_seed_is_sent_to_nobody_before_it_is_told(
    shown: Callable[..., Any], lobby: Callable[[Exercise], list[str]]
) -> None:
    exercise = opened(seed=None)
    seed = exercise.chair.session.seed
    assert seed > 2**32
    ways = (str(seed), f"{seed:x}", f"{seed:,}", repr(float(seed)))
    screen = exercise.seminars.enter(of_screen(exercise.opened.token))
    for _ in range(3):
        pages = [sent(page_of(shown, exercise, role), exercise) for role in ROLES]
        pages += [sent(shown(ProjectorPage(screen)), exercise), lobby(exercise)]
        for page in pages:
            assert not any(way in text for text in page for way in ways)
        exercise.chair.show(True)
        exercise.chair.advance()
    rc = page_of(shown, exercise)
    next(w for w in widgets_with(rc, "steps") if w.label == "The debriefing in six steps").vue_go("happened")
    assert any(str(seed) in text for text in sent(rc, exercise)), "then it is told, and this test would see it"


# -- what a browser sends and where it goes ----------------------------------------------------------------------------

FORGED: tuple[Any, ...] = (
    {"role": OFFICE, "to": OFFICE, "text": "x", "line": "0", "branch": 0, "year": 0, "what": "plan", "key": "results"},
    {"line": 0, "metric": "deaths", "lines": ["branch-0", "branch-1"], "read": "branch-0", "consent": "yes"},
    {"plan": [["drevna", "media", 1.0]], "why": "x", "body": "good-offices", "by": 0, "participant": 0},
    "results", "../../seminars.sqlite", 0, None, [[]], {"": 1},
)  # fmt: skip


def handlers(rc: Any) -> list[Callable[[Any], None]]:
    """Give all that a browser can tell a page."""
    return [
        getattr(widget, name)
        for widget in widgets_with(rc, "comm")
        for name in dir(widget)
        if name.startswith("vue_") and callable(getattr(widget, name))
    ]


@pytest.mark.parametrize("debrief", [False, True])
def test_whatever_a_browser_sends_it_is_sent_nothing_that_is_not_for_it(
    debrief: bool, shown: Callable[..., Any]
) -> None:
    exercise = anew(3) if debrief else opened()
    for change in (another_plan, another_vote, another_word, notes_of_others):
        change(exercise)
    if not debrief:
        exercise.chair.advance()
    before = {role: exercise.seat(role).look() for role in (OFFICE, DREVNA, OTHER)}
    rc = page_of(shown, exercise)
    assert len(handlers(rc)) > 4
    for forged in [told for step in STEPS for told in (step, *FORGED)]:
        for tell in handlers(rc):
            try:
                tell(forged)
            except (AttributeError, TypeError):
                # What is no table where one is declared: the message is dropped.
                continue
        assert not any(secret in text for text in sent(rc, exercise) for secret in SECRETS), forged
    # What the others have in force is what it was, and nothing but a note or a statement of this role came to them.
    for role, look in before.items():
        now = exercise.seat(role).look()
        assert (now.plan, now.votes, now.consent, now.phase, now.year) == (
            look.plan, look.votes, look.consent, look.phase, look.year,
        )  # fmt: skip


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exercise]:
    """Two seminars that the pages of this process know."""
    made = opened(path=tmp_path / FILE)
    monkeypatch.setattr(app_settings, "_now", replace(app_settings.current(), data=tmp_path))
    monkeypatch.setitem(hosted_seminars._open, tmp_path / FILE, made.seminars)
    another_session(made)
    yield made
    made.seminars.close()


def guesses(exercise: Exercise) -> list[str]:
    """Give what a participant might try as a token: what it has, what it sees, and what is made of them."""
    own, session = exercise.tokens[MEMBER], exercise.chair.session
    kept = [session.facilitator, session.screen, *(who.token for who in session.participants.values())]
    made = [own[:-1], own[::-1], own.swapcase(), f"{own} ", f"{own}\x00", f"{own}&token={OFFICE}", of_screen(own)]
    near = [own[:n] + ("A" if own[n] != "A" else "B") + own[n + 1 :] for n in range(0, len(own), 5)]
    plain = [session.code, str(session.number), "0", "1", "", OFFICE, "facilitator", "../" + own, f"{own}/.."]
    return [*kept, *made, *near, *plain, of_screen(session.code), of_screen(of_screen(exercise.opened.token))]


def test_no_address_that_a_participant_can_make_leads_to_another_place(
    known: Exercise, shown: Callable[..., Any]
) -> None:
    notes_of_others(known)
    another_plan(known)
    own = known.seminars.enter(known.tokens[MEMBER])
    assert isinstance(own, Seat)
    for guess in guesses(known):
        try:
            place = known.seminars.enter(guess)
        except (NotFoundError, ForbiddenError):
            continue
        assert isinstance(place, Seat) and place.who == own.who, guess
    for at in ("seminar", "join", "projector"):
        for guess in (*guesses(known), known.tokens[MEMBER]):
            rc = shown(solara.Column(children=[At(at)]))
            widgets_with(rc, "known")[0].vue_enter(guess)
            text = " ".join(sent(rc, known))
            assert not any(secret in text for secret in SECRETS), (at, guess)
            headings = shown_by(rc).headings
            assert at != "projector" or headings[0] == "Projector"
            rc.close()


def test_a_participant_has_no_way_to_the_file_nor_to_what_only_the_facilitator_may(known: Exercise) -> None:
    seat = known.seat(MEMBER)
    with pytest.raises(AttributeError):
        export(seat)  # type: ignore[arg-type]
    with pytest.raises(NotFoundError, match="only the facilitator"):
        known.seminars.delete(known.tokens[MEMBER])
    for ask in (
        seat.results,
        seat.reasons,
        Debriefing(seat).notes,
        Debriefing(seat).sentences,
        Debriefing(seat).chains,
    ):
        with pytest.raises(ForbiddenError, match="has not opened the debriefing"):
            ask()
    with pytest.raises(ForbiddenError, match="has not opened the debriefing"):
        Debriefing(seat).beliefs(OFFICE)
