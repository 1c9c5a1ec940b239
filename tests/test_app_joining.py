"""Joining and the first round on the pages: the lobby, the three steps, the projector, and what stays closed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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
from r2psim.app.allowed_hosts import addresses
from r2psim.app.seminar import FROM_THE_FACILITATOR, At
from r2psim.app.seminar_chair import ChairPage
from r2psim.app.seminar_entrance import Joining
from r2psim.app.seminar_map import public_map
from r2psim.app.seminar_projector import HERE_ONLY, ProjectorPage, joining, qr_code
from r2psim.app.seminar_seat import WHY, SeatPage
from r2psim.seminar import Screen, Seat, Seminars
from r2psim.seminar.codes import of_screen
from r2psim.seminar.seminars import FILE

SECONDS = 20.0


@pytest.fixture
def exercise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exercise]:
    """A seminar that the pages of this process know."""
    made = Exercise(path=tmp_path / FILE, years=3)
    monkeypatch.setattr(app_settings, "_now", replace(app_settings.current(), data=tmp_path))
    monkeypatch.setitem(hosted_seminars._open, tmp_path / FILE, made.seminars)
    yield made
    made.seminars.close()


def form(rc: Any, label: str) -> Any:
    """Give the form with a label."""
    (found,) = [w for w in widgets_with(rc, "fields") if w.label == label]
    return found


def labels(rc: Any) -> set[str]:
    """Give the labels of all forms, plans included."""
    return {w.label for w in (*widgets_with(rc, "fields"), *widgets_with(rc, "room"))}


def soon(seen: Callable[[], Any]) -> None:
    """Wait for what another thread draws."""
    end = monotonic() + SECONDS
    while not seen() and monotonic() < end:
        sleep(0.02)
    assert seen()


# -- the lobby ---------------------------------------------------------------------------------------------------------


def test_the_lobby_has_a_tile_for_each_role_and_follows_who_joins(
    exercise: Exercise, shown: Callable[..., Any]
) -> None:
    exercise.chair.recast(6)
    entered: list[str] = []
    rc = shown(Joining(exercise.opened.code, entered.append))
    assert "Join: Monday" in shown_by(rc).headings
    assert "6 places are free" in shown_by(rc).text and "played by the model's rules" in shown_by(rc).text
    role = form(rc, "Who you are").fields[1]
    keys = [key for key, _ in role["options"]]
    assert len(keys) == 6 and role["kind"] == "cards"
    for key in keys:
        words = dict(role["cards"][key]["lines"])
        assert set(words) == {"May", "Wants", "Dilemma"} and all(len(text) > 20 for text in words.values())
        assert role["cards"][key]["people"] == "free: takes 1 person"
    # Somebody else takes the first one: it moves behind the free ones, and says so, by itself.
    exercise.seat(keys[0])
    soon(lambda: [key for key, _ in form(rc, "Who you are").fields[1]["options"]] == [*keys[1:], keys[0]])
    assert form(rc, "Who you are").fields[1]["cards"][keys[0]]["people"].startswith("full: takes 1 person, 1 there")
    form(rc, "Who you are").vue_change({"name": "Ann", "role": ""})
    assert "choose a role" in told_by(rc) and not entered
    form(rc, "Who you are").vue_change({"name": "Ann", "role": "government-halvern"})
    assert "is not allowed" in told_by(rc) and not entered
    form(rc, "Who you are").vue_change({"name": "Ann", "role": keys[1]})
    place = exercise.seminars.enter(entered[0])
    assert isinstance(place, Seat) and (place.who.name, place.role.key) == ("Ann", keys[1])


def test_a_link_with_a_wrong_code_is_a_guess_like_any_other(
    exercise: Exercise, shown: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(exercise.seminars, "_sleep", waited.append)
    for _ in range(22):
        rc = shown(Joining("AAAAA-AAAAA", lambda _: None))
        assert "there is no session with this code" in told_by(rc) and "Who you are" not in labels(rc)
        assert "Monday" not in shown_by(rc).text
    assert waited == [2.0, 2.0]
    # A right one is served at once, however it is written.
    rc = shown(Joining(f" {exercise.opened.code.lower()}", lambda _: None))
    assert "Join: Monday" in shown_by(rc).headings and waited == [2.0, 2.0]


def test_the_lobby_of_a_deleted_seminar_says_so(exercise: Exercise, shown: Callable[..., Any]) -> None:
    rc = shown(Joining(exercise.opened.code, lambda _: None))
    exercise.seminars.delete(exercise.opened.token)
    soon(lambda: "has deleted this seminar" in shown_by(rc).text)
    assert "Who you are" not in labels(rc)


def test_who_waits_reads_its_card_and_changes_its_role_and_decides_nothing(
    exercise: Exercise, shown: Callable[..., Any]
) -> None:
    moves: list[int] = []
    seat = exercise.seat("permanent-1")
    rc = shown(SeatPage(seat, exercise.tokens["permanent-1"], lambda: moves.append(1)))
    page = shown_by(rc)
    assert {"Your role: Permanent member 1 of the Council", "The world", "The states"} <= set(page.headings)
    assert page.text.count("when the exercise began") == 12
    # No own assessment, no vote, no plan: roles can still be changed.
    assert "you see its risk" not in page.text and labels(rc) == {"Take another role"}
    change = form(rc, "Take another role")
    change.vue_change({"role": "body-nowhere"})
    assert "is not allowed" in change.problem and not moves
    change.vue_change({"role": "government-drevna"})
    soon(lambda: "Your role: Government of Drevna" in shown_by(rc).headings)
    assert moves == [1] and seat.role.key == "government-drevna"
    exercise.chair.begin()
    soon(lambda: labels(rc) == {"Consent to assistance", "Public statement"})
    # A page that has not heard of it yet changes nothing either.
    change.vue_change({"role": "permanent-1"})
    assert seat.role.key == "government-drevna" and moves == [1]


def test_titles_and_names_are_text_in_the_lobby_and_on_the_wall(shown: Callable[..., Any]) -> None:
    seminars = Seminars()
    opened = seminars.open("<b>Monday</b> & more", years=1)
    seminars.join(opened.code, "<i>Eve</i>", "elected-1")
    screen = seminars.enter(of_screen(opened.token))
    assert isinstance(screen, Screen)
    rc = shown(ProjectorPage(screen))
    assert read("".join(w.html for w in widgets_with(rc, "html"))).headings[0] == "<b>Monday</b> & more"
    assert "Eve" not in shown_by(rc).text


# -- the first round ---------------------------------------------------------------------------------------------------


def steps_shown(rc: Any) -> list[bool]:
    """Say which of the three steps are shown."""
    return [
        "r2p-away" not in w.class_
        for w in widgets_with(rc, "class_")
        if str(w.class_).startswith("r2p-step") and w.tag == "div"
    ]


@pytest.mark.parametrize("role", ["body-good-offices", "permanent-1", "government-kessara"])
def test_the_first_round_has_three_steps_and_the_second_has_not(
    exercise: Exercise, shown: Callable[..., Any], role: str
) -> None:
    seat = exercise.seat(role)
    exercise.chair.begin()
    rc = shown(SeatPage(seat, exercise.tokens[role]))
    (steps,) = widgets_with(rc, "steps")
    assert steps.now == "read" and steps_shown(rc) == [True, False, False]
    page = shown_by(rc)
    assert {"The world", "The states", "How you see it", "News", "Decide"} <= set(page.headings)
    assert "you see its risk as" in page.text and not TAG.search(page.text)
    # Bars and words; no two digits that somebody could take for knowledge.
    assert not re.search(r"0\.\d\d", page.text)
    steps.vue_go("nowhere")
    assert steps.now == "read"
    steps.vue_go("assess")
    assert steps_shown(rc) == [False, True, False]
    (go_on,) = [w for w in widgets_with(rc, "html") if 'data-pick="commit"' in w.html]
    before = steps.turn
    go_on.vue_pick("commit")
    assert steps_shown(rc) == [False, False, True] and steps.turn == before + 1
    exercise.chair.advance()
    soon(lambda: not widgets_with(rc, "steps"))
    assert "The states, as they stand now" in shown_by(rc).headings


def test_a_plan_tells_of_each_form_what_it_does_when_and_what_harm(
    exercise: Exercise, shown: Callable[..., Any]
) -> None:
    seat = exercise.seat("body-good-offices")
    exercise.chair.begin()
    (plan,) = widgets_with(shown(SeatPage(seat, exercise.tokens["body-good-offices"])), "room")
    offered = {o["form"] for s in plan.rows for o in s["offers"]}
    assert offered and offered <= set(plan.forms)
    diplomacy = plan.forms["preventive-diplomacy"]
    catalogue = exercise.chair.room.play.scenario.forms["preventive-diplomacy"]
    assert diplomacy[0] == catalogue.description
    assert (
        diplomacy[1]
        == "Works in full 2 months after it is first paid for, and fades to half in 6 months without money."
    )
    assert "in up to 1 of 20 places" in diplomacy[2] and "does not consent" in diplomacy[2]
    assert plan.forms["agenda-item"][2] == "No harm of it is known."


def test_a_sentence_is_sent_with_each_kind_of_decision_and_shown_to_the_team(
    exercise: Exercise, shown: Callable[..., Any]
) -> None:
    seats = {role: exercise.seat(role) for role in ("body-good-offices", "permanent-1", "government-kessara")}
    exercise.chair.begin()
    pages = {role: shown(SeatPage(seat, exercise.tokens[role])) for role, seat in seats.items()}
    plan = affordable(seats["body-good-offices"])
    (entry,) = widgets_with(pages["body-good-offices"], "room")
    entry.vue_commit({"plan": [[plan.state, plan.form, plan.dollars]], "why": "Talk <b>first</b>."})
    form(pages["permanent-1"], "Votes on mandates").vue_change({"kessara": "yes", WHY: "It burns."})
    form(pages["government-kessara"], "Consent to assistance").vue_change({"consent": "no", WHY: "Not now."})
    said = {role: next(iter(seat.look().in_force.values())).why for role, seat in seats.items()}
    assert said == {
        "body-good-offices": "Talk <b>first</b>.", "permanent-1": "It burns.", "government-kessara": "Not now.",
    }  # fmt: skip
    assert exercise.chair.decided(0, 0).votes["permanent-1"].value == {"kessara": "yes"}
    # It stands in its field again, and beside the plan of somebody else.
    assert entry.why == "Talk <b>first</b>."
    assert form(pages["permanent-1"], "Votes on mandates").fields[-1]["value"] == "It burns."
    token = exercise.seminars.join(exercise.opened.code, "Bob", "body-good-offices")
    bob = exercise.seminars.enter(token)
    assert "Why: Talk <b>first</b>." in shown_by(shown(SeatPage(bob, token))).text
    # Other roles do not see it, nor does the wall, nor the facilitator's page before the debriefing.
    screen = exercise.seminars.enter(of_screen(exercise.opened.token))
    others = [pages["permanent-1"], pages["government-kessara"], shown(ProjectorPage(screen))]
    for other in others:
        assert "Talk" not in shown_by(other).text
    entry.vue_commit({"plan": [], "why": "x" * 241})
    assert entry.problem.startswith("why: ") and seats["body-good-offices"].look().plan == (plan,)
    # The next year asks anew.
    exercise.chair.advance()
    soon(lambda: widgets_with(pages["body-good-offices"], "room")[0].why == "")


# -- the projector -----------------------------------------------------------------------------------------------------


def entered(rc: Any, token: str) -> Any:
    """Let the browser hand over the token that its tab has kept."""
    widgets_with(rc, "known")[0].vue_enter(token)
    return rc


def test_the_projector_opens_for_the_facilitator_and_shows_a_participant_nothing(
    exercise: Exercise, shown: Callable[..., Any]
) -> None:
    exercise.seat("elected-1")
    exercise.chair.begin()

    def opened() -> Any:
        return shown(solara.Column(children=[At("projector")]))

    assert FROM_THE_FACILITATOR in shown_by(opened()).text
    refused = shown_by(entered(opened(), exercise.tokens["elected-1"]))
    assert FROM_THE_FACILITATOR in refused.text and "Monday" not in refused.text
    for token in (exercise.opened.token, of_screen(exercise.opened.token)):
        rc = entered(opened(), token)
        assert {"Monday", "Join", "Who is ready", "The world, as everybody sees it"} <= set(shown_by(rc).headings)
        # Nothing can be done there, and the browser is told not to offer it as a place.
        assert not labels(rc) and not widgets_with(rc, "buttons")
        assert widgets_with(rc, "known")[0].label == ""
    wrong = shown_by(entered(opened(), of_screen(exercise.tokens["elected-1"])))
    assert "this address leads to no session" in wrong.text and "Monday" not in wrong.text


def test_the_wall_names_roles_and_no_people_and_tells_who_is_ready(
    exercise: Exercise, shown: Callable[..., Any]
) -> None:
    exercise.chair.recast(6)
    seat = exercise.seat("permanent-1")
    screen = exercise.seminars.enter(of_screen(exercise.opened.token))
    assert isinstance(screen, Screen)
    rc = shown(ProjectorPage(screen))
    assert "1 person is here, in 1 role." in shown_by(rc).text and "1 of 1" in shown_by(rc).text
    exercise.seat("government-kessara")
    soon(lambda: "2 people are here" in shown_by(rc).text)
    exercise.chair.begin()
    soon(lambda: "0 of 2 roles have committed" in shown_by(rc).text)
    seat.commit_votes({"kessara": "no"})
    soon(lambda: "1 of 2 roles have committed" in shown_by(rc).text)
    exercise.chair.inject("belisar", "coup", 2)
    exercise.chair.advance()
    soon(lambda: "Coup in Belisar" in shown_by(rc).text)
    text = shown_by(rc).text
    assert "Person of" not in text and not TAG.search(text) and str(exercise.chair.session.seed) not in text.split()
    exercise.chair.let_in(False)
    soon(lambda: "Nobody is let in at present." in shown_by(rc).text)


@pytest.mark.parametrize(
    ("host", "url", "said"),
    [
        ("127.0.0.1", "", HERE_ONLY),
        ("10.1.2.3", "", "http://10.1.2.3:8765/join"),
        ("127.0.0.1", "https://example.org/deep", "https://example.org/deep/join"),
    ],
)
def test_the_wall_tells_an_address_that_others_reach(
    exercise: Exercise, shown: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, host: str, url: str, said: str
) -> None:
    monkeypatch.setattr(app_settings, "_now", replace(app_settings.current(), host=host, port=8765, url=url))
    for page in (
        ProjectorPage(exercise.seminars.enter(of_screen(exercise.opened.token))),
        ChairPage(exercise.chair, exercise.opened.token),
    ):
        assert said in shown_by(shown(page)).text


def test_the_facilitators_page_leads_to_the_wall_with_a_token_that_is_not_its_own(
    exercise: Exercise, shown: Callable[..., Any]
) -> None:
    rc = shown(ChairPage(exercise.chair, exercise.opened.token))
    html = "".join(w.html for w in widgets_with(rc, "html"))
    (token,) = re.findall(r"/projector\?token=([\w=-]+)", html)
    assert isinstance(exercise.seminars.enter(token), Screen) and exercise.opened.token not in html
    form(rc, "Roles").vue_change({"people": "6"})
    assert exercise.chair.session.cast == 6 and "about 6 people" in form(rc, "Roles").message
    form(rc, "Roles").vue_change({"people": "6e9"})
    assert "is not allowed" in form(rc, "Roles").problem and exercise.chair.session.cast == 6
    exercise.chair.begin()
    soon(lambda: "Roles" not in labels(rc))


def test_addresses_of_the_machine_itself_are_offered_to_nobody_else() -> None:
    assert addresses("localhost", 80, asked="10.0.0.1:80") == ()
    assert addresses("::1", 80) == ()
    assert addresses("fe80::1", 80) == ("http://[fe80::1]:80/",)
    assert addresses("10.0.0.7", 80, asked="localhost:80") == ("http://10.0.0.7:80/",)
    everywhere = addresses("0.0.0.0", 8765, asked="127.0.0.1:8765")
    assert not any("127." in one or "localhost" in one for one in everywhere)
    assert addresses("0.0.0.0", 8765, asked="[2001:db8::1]:8765")[0] == "http://[2001:db8::1]:8765/"


def test_the_qr_code_is_drawn_as_it_is_computed() -> None:
    segno = pytest.importorskip("segno")
    link = joining("http://192.168.178.23:8765/", "ABCDE-23456")
    assert link == "http://192.168.178.23:8765/join?code=ABCDE23456"
    svg = ElementTree.fromstring(qr_code(link))
    side = int((svg.get("viewBox") or "").split()[2])
    drawn = [[0] * side for _ in range(side)]
    for x, y, wide in re.findall(r"M(\d+),(\d+)h(\d+)v1h-\3z", svg.find("path").get("d")):  # type: ignore[union-attr]
        for i in range(int(wide)):
            drawn[int(y)][int(x) + i] = 1
    expected = [list(row) for row in segno.make_qr(link, error="m").matrix_iter(border=4)]
    assert drawn == expected


def test_the_map_shows_what_is_public_and_only_that(exercise: Exercise) -> None:
    exercise.chair.begin()
    play = exercise.chair.room.play
    public = exercise.seat("elected-1").look().public
    calm, war, killing = public.states[:3]
    told = replace(
        public,
        states=(
            replace(calm, conflict="peace", assessment=0.1),
            replace(war, conflict="war", mandate=True, assessment=0.2),
            replace(killing, in_atrocity=True, assessment=0.9),
            *public.states[3:],
        ),
    )
    drawn = {g.get("aria-label"): g for g in ElementTree.fromstring(f"<p>{public_map(play, told)}</p>").iter("g")}
    words = [label for label in drawn if label]
    assert f"{calm.name}: peace; public assessment of risk not clearly different from usual" in words
    assert f"{war.name}: war, mandate in force; public assessment of risk higher than usual" in words
    for state, sign in ((calm, []), (war, ["!", "M"])):
        (node,) = [g for label, g in drawn.items() if label and label.startswith(f"{state.name}:")]
        assert [e.text for e in node.iter("text") if e.text != state.name] == sign
    (atrocity,) = [g for label, g in drawn.items() if label and "an atrocity goes on" in label]
    assert any("r2p-s4" in (e.get("class") or "") for e in atrocity.iter("path"))
    # The truth moves nothing in it: another luck with the same public view is the same picture.
    other = Exercise(years=3)
    other.chair.begin()
    other.chair.advance()
    assert public_map(other.chair.room.play, told) == public_map(play, told)
