"""Joining: casts that fit every world, a lobby, roles that can be changed until the first round, and a projector."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from seminar_rooms import Exercise, affordable

from r2psim.agents import R2PModel
from r2psim.agents.policies import view_of
from r2psim.app.seminar_entrance import playable
from r2psim.declarations.columns import S
from r2psim.scenario import load
from r2psim.scenario.parameters import P
from r2psim.seminar import Chair, ForbiddenError, Limits, NotFoundError, Screen, Seat, SeminarError, Seminars
from r2psim.seminar.cards import cards_of, state_cards_of
from r2psim.seminar.casts import SIZES, cast_of
from r2psim.seminar.codes import of_screen
from r2psim.seminar.roles import roles_of
from r2psim.seminar.seminars import FILE
from r2psim.seminar.visibility import Assessment, at_home
from r2psim.world.build import build
from r2psim.world.expand import expand

# -- casts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", playable())
def test_every_playable_world_has_a_place_for_as_many_people_as_a_cast_is_for(name: str) -> None:
    scenario = expand(load(name))
    world = build(scenario, "late-response")
    roles = roles_of(scenario, world)
    cards, states = cards_of(roles, scenario, world), state_cards_of(world)
    for people in SIZES:
        cast = cast_of(people, roles, scenario, world)
        assert sum(cast.values()) == people and min(cast.values()) >= 1
        assert list(cast) == [key for key in roles if key in cast]
        # Everything that is decided is decided by somebody: mandates, money, consent.
        taken = [roles[key] for key in cast]
        assert any(r.veto for r in taken) and any(r.state for r in taken)
        assert any(r.body and not r.votes for r in taken)
        # Nobody is asked to share while roles of the world are free, but where pairs are declared.
        assert people == 30 or max(cast.values()) == 1 or len(cast) == len(roles)
    assert cast_of(0, roles, scenario, world) == {}
    for card in cards.values():
        assert card.may and card.wants and card.dilemma
    assert {n for card in states.values() for n in card.neighbours} <= set(world.states)


def test_a_cast_of_twelve_is_the_one_that_is_declared() -> None:
    exercise = Exercise()
    cast = exercise.chair.room.play.cast(12)
    assert set(cast) == {
        "permanent-1", "permanent-2", "elected-1", "body-good-offices", "body-genocide-prevention",
        "body-continental-union", "body-world-bank", "body-peacebuilding", "body-ocha",
        "government-kessara", "government-tarsin", "government-drevna",
    }  # fmt: skip


@pytest.mark.parametrize("people", [7, -1, True, "12", 12.0])
def test_a_cast_is_for_one_of_the_sizes_that_are_declared(people: object) -> None:
    exercise = Exercise()
    with pytest.raises(SeminarError, match=r"people: .* is not allowed: 6, 12, 20, 30, or 0 for all roles"):
        exercise.seminars.open("Monday", years=2, cast=people)  # type: ignore[arg-type]
    with pytest.raises(SeminarError, match="is not allowed: 6, 12, 20, 30"):
        exercise.chair.recast(people)  # type: ignore[arg-type]


# -- the lobby ---------------------------------------------------------------------------------------------------------


def test_free_roles_come_first_and_only_those_of_the_cast_are_offered(tmp_path: Path) -> None:
    exercise = Exercise(path=tmp_path / FILE)
    join, lobby, code = exercise.seminars.join, exercise.seminars.lobby, exercise.opened.code
    exercise.chair.recast(6)
    with pytest.raises(SeminarError, match="one of the roles of this session"):
        join(code, "Eve", "government-halvern")
    before = [t.role.key for t in lobby(code).tiles]
    join(code, "Ann", before[1])
    found = lobby(code)
    assert [t.role.key for t in found.tiles] == [before[0], *before[2:], before[1]]
    assert [(t.people, t.taken, t.free) for t in found.tiles[-2:]] == [(1, 0, True), (1, 1, False)]
    assert (found.people, found.ruled) == (6, len(exercise.chair.room.play.roles) - 1)
    # Who has a role that the cast does not have keeps it, and may be joined.
    exercise.chair.recast(0)
    join(code, "Gil", "government-halvern")
    exercise.chair.recast(12)
    join(code, "Hal", "government-halvern")
    exercise.restart()
    assert len(exercise.seminars.lobby(code).tiles) == 13 and exercise.chair.session.cast == 12
    exercise.chair.begin()
    with pytest.raises(SeminarError, match="has begun"):
        exercise.chair.recast(6)
    exercise.seminars.close()


def test_a_role_can_be_changed_until_the_first_round_and_no_longer(tmp_path: Path) -> None:
    exercise = Exercise(path=tmp_path / FILE, limits=Limits(moves=3))
    seat = exercise.seat("government-drevna")
    other = exercise.seat("elected-1")
    stood = other.stand()
    seat.change("body-good-offices")
    assert other.stand() != stood, "who waits in the lobby sees who is there"
    assert [t.taken for t in seat.lobby().tiles if t.role.key == "body-good-offices"] == [0]
    with pytest.raises(SeminarError, match="one of the roles"):
        seat.change("body-nowhere")
    exercise.restart()
    seat = exercise.seat("government-drevna")
    assert seat.role.key == "body-good-offices" and seat.look().role.title.startswith("Secretary-General's")
    seat.change("body-good-offices")
    seat.change("elected-2")
    seat.change("elected-3")
    with pytest.raises(SeminarError, match="changed the role 3 times"):
        seat.change("elected-4")
    exercise.chair.begin()
    with pytest.raises(ForbiddenError, match="has begun"):
        exercise.seat("elected-1").change("elected-4")
    exercise.seminars.close()


def test_nobody_collects_what_others_see_by_trying_one_role_after_the_other() -> None:
    exercise = Exercise()
    seat = exercise.seat("government-kessara")
    for role in exercise.chair.room.play.roles:
        if seat.who.moves < exercise.limits.moves:
            seat.change(role)
        look = seat.look()
        assert (look.own, look.view, look.account, look.works) == ({}, None, None, ())
    exercise.chair.begin()
    assert seat.look().own


# -- what is seen, with its error --------------------------------------------------------------------------------------


def test_the_error_that_is_told_is_the_error_that_is_made() -> None:
    bodies, homes, publics = [], [], []
    for seed in range(40):
        model = R2PModel("seminar", policy="late-response", seed=seed, years=1, drive="rows")
        p, state = model.parameters, model.rows.state
        signal = p[P.observation_typical] + p[P.observation_signal] * (state[S.risk_score] - p[P.observation_typical])
        view = view_of(model, "good-offices")
        for s, (key, seen) in enumerate(zip(model.world.states, view.states, strict=True)):
            home = at_home(model, key)
            if min(seen.perceived_risk, state[S.perceived, s], home.value) > 0.0:
                bodies.append((seen.perceived_risk - signal[s]) / seen.error)
                homes.append((home.value - signal[s]) / home.error)
                publics.append((state[S.perceived, s] - signal[s]) / home.error)
        model.close()
    # Of 400 and more: the standard deviation of a standard deviation is 0.035. What is cut off at 0 makes it smaller.
    assert len(homes) > 400
    assert 0.87 < np.std(bodies) < 1.1 and 0.87 < np.std(homes) < 1.1
    assert abs(np.mean(homes)) < 0.15
    # A government knows its own country better, and neither of the two tells the other.
    assert np.std(publics) > 1.7 * np.std(homes)
    assert abs(np.corrcoef(publics, homes)[0, 1]) < 0.15


def test_a_government_sees_its_own_state_with_a_smaller_error_than_everybody() -> None:
    exercise = Exercise()
    seat = exercise.seat("government-kessara")
    exercise.chair.begin()
    look = seat.look()
    public = next(s for s in look.public.states if s.key == "kessara")
    assert set(look.own) == {"kessara"} and look.own["kessara"].error <= 0.5 * public.error
    assert look.own["kessara"].value != public.assessment
    assert seat.look().own == look.own, "looking again is no new look"


@pytest.mark.parametrize(
    ("value", "said"), [(0.05, "low"), (0.08, "usual"), (0.17, "usual"), (0.19, "high"), (0.33, "very high")]
)
def test_a_risk_is_higher_only_where_its_error_lets_it_be_told(value: float, said: str) -> None:
    assert Assessment(value, 0.05).beside(0.13) == said


# -- the projector -----------------------------------------------------------------------------------------------------


def test_the_projector_shows_nothing_that_is_not_everybodys() -> None:
    exercise = Exercise()
    exercise.seminars.open("Tuesday", years=2)
    chair, office = exercise.chair, exercise.seat("body-good-offices")
    chair.recast(6)
    screen = exercise.seminars.enter(of_screen(exercise.opened.token))
    assert isinstance(screen, Screen)
    stood = screen.stand()
    exercise.seat("permanent-1")
    assert screen.stand() != stood
    waiting = {r.title: (r.people, r.places) for r in screen.look().roles}
    assert waiting["Permanent member 1 of the Council"] == (1, 1) and waiting["World Bank"] == (0, 1)
    chair.begin()
    office.commit_plan([affordable(office)], why="A secret reason.")
    exercise.seat("permanent-1").commit_votes({"kessara": "no"})
    look = screen.look()
    assert {r.title for r in look.roles if r.committed} == {"Permanent member 1 of the Council", office.role.title}
    text = json.dumps(asdict(look))
    for secret in ("Person of", "secret", 'kessara": "no', "seed", "Tuesday"):
        assert secret not in text
    # As a government that does not look at home: the same public view, and no more.
    assert look.public == exercise.seat("government-kessara").look().public
    allowed = {"room", "stand", "look"}
    assert {name for name in dir(screen) if not name.startswith("_")} == allowed
    chair.advance()
    assert screen.look().year == 1 and not any(r.committed for r in screen.look().roles)
    exercise.seminars.delete(exercise.opened.token)
    with pytest.raises(NotFoundError):
        exercise.seminars.enter(of_screen(exercise.opened.token))
    with pytest.raises(NotFoundError, match="was deleted"):
        screen.look()


def test_a_participant_cannot_make_an_address_of_a_projector_or_of_the_facilitator() -> None:
    exercise = Exercise()
    exercise.seat("elected-1")
    own = exercise.tokens["elected-1"]
    for guess in (of_screen(own), of_screen(exercise.opened.code), of_screen(of_screen(exercise.opened.token))):
        with pytest.raises(NotFoundError):
            exercise.seminars.enter(guess)
    # From the projector's nobody gets to the facilitator's: it is no key to delete with.
    with pytest.raises(NotFoundError, match="only the facilitator"):
        exercise.seminars.delete(of_screen(exercise.opened.token))


def test_the_projectors_of_two_sessions_are_two(tmp_path: Path) -> None:
    exercise = Exercise(path=tmp_path / FILE)
    other = exercise.seminars.open("Tuesday", years=2)
    exercise.restart()
    titles = []
    for token in (exercise.opened.token, other.token):
        screen = exercise.seminars.enter(of_screen(token))
        assert isinstance(screen, Screen)
        titles.append(screen.look().title)
    assert titles == ["Monday", "Tuesday"]
    exercise.seminars.close()


def test_a_session_of_before_there_were_casts_and_projectors_goes_on(tmp_path: Path) -> None:
    file = tmp_path / FILE
    exercise = Exercise(path=file)
    exercise.seat("elected-1")
    exercise.chair.begin()
    exercise.seat("elected-1").commit_votes({"kessara": "yes"})
    exercise.seminars.close()
    with sqlite3.connect(file) as db:
        for number, data in db.execute("SELECT number, data FROM record").fetchall():
            told = {k: v for k, v in json.loads(data).items() if k not in ("cast", "screen", "why")}
            db.execute("UPDATE record SET data = ? WHERE number = ?", (json.dumps(told), number))
    db.close()
    exercise.seminars = Seminars(file, exercise.limits, exercise.clock)
    with pytest.raises(NotFoundError):
        exercise.seminars.enter(of_screen(exercise.opened.token))
    place = exercise.seminars.enter(exercise.opened.token)
    assert isinstance(place, Chair) and place.session.cast == 0
    assert isinstance(exercise.seminars.enter(of_screen(exercise.opened.token)), Screen)
    assert isinstance(exercise.seat("elected-1"), Seat)
    place.advance()
    assert place.reasons() == ()
    exercise.seminars.close()
