"""The debriefing: what was believed is what was seen, causes are those of the rules, and nothing opens too early."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from seminar_rooms import Exercise, affordable

from r2psim import History, R2PModel
from r2psim.declarations.columns import STAGES
from r2psim.seminar import Chair, ForbiddenError, Seat
from r2psim.seminar.debriefing import AT_WORK, Chain, Debriefing, chains_of

YEARS = 3
OFFICE, MARKET, DREVNA = "body-good-offices", "body-northern-market", "government-drevna"


@pytest.fixture
def exercise() -> Exercise:
    """Two of three years, with a decision and a sentence, and what each body saw then."""
    made = Exercise(years=YEARS)
    office = made.seat(OFFICE)
    made.seat(MARKET), made.seat(DREVNA)
    made.chair.begin()
    office.commit_plan([affordable(office)], why="It was early, and <cheap>.")
    made.chair.advance()
    made.chair.advance()
    return made


# -- what was believed -------------------------------------------------------------------------------------------------


def test_what_was_believed_is_what_the_role_saw_when_it_decided() -> None:
    exercise = Exercise(years=YEARS)
    seats = {role: exercise.seat(role) for role in (OFFICE, MARKET)}
    government = exercise.seat(DREVNA)
    home: list[float] = []
    exercise.chair.begin()
    saw: dict[str, list[dict[str, float]]] = {role: [] for role in seats}
    for _ in range(2):
        for role, seat in seats.items():
            view = seat.look().view
            assert view is not None
            saw[role].append({s.key: s.perceived_risk for s in view.states})
        home.append(government.look().own["drevna"].value)
        exercise.chair.advance()
    exercise.chair.show(True)
    for role, seat in seats.items():
        found = {b.state: b for b in Debriefing(seat).beliefs(role)}
        assert set(found) == set(saw[role][0])
        for year in range(2):
            assert {key: b.own[year] for key, b in found.items()} == saw[role][year]
    found = {b.state: b for b in Debriefing(seats[OFFICE]).beliefs(DREVNA)}
    assert found["drevna"].own[:2].tolist() == home and len(set(home)) == 2
    # Who has no view of its own went by what everybody saw; what was true is the model's own score.
    public = found["kessara"]
    model = R2PModel("seminar", "late-response", seed=7, years=2, drive="rows")
    model.run_model()
    state, s = model.history().state, model.world.states.index("kessara")
    model.close()
    assert np.isnan(public.own).all() and public.seen.tolist() == state["perceived"][::12, s].tolist()
    assert public.true.tolist() == state["risk_score"][:, s].tolist()
    assert public.error.tolist() == (state["perceived"] - state["risk_score"])[:24:12, s].tolist()


def test_to_look_back_leaves_the_session_as_it_is(exercise: Exercise) -> None:
    before = list(exercise.chair.session.branch.digests)
    exercise.chair.show(True)
    debriefing = Debriefing(exercise.seat(OFFICE))
    debriefing.beliefs(OFFICE), debriefing.chains(), debriefing.sentences()
    model = R2PModel(
        exercise.chair.room.play.scenario, "late-response", seed=7, years=3, drive="rows",
        choices=exercise.chair.room.play.choices(exercise.chair.session.branch, 3),
    )  # fmt: skip
    model.run_model()
    model.close()
    assert exercise.chair.session.branch.digests == before
    assert exercise.chair.advance() == model.sha256


# -- why ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def histories() -> list[History]:
    found = []
    for run in range(8):
        model = R2PModel("seminar", policy="no-assistance", seed=7, run=run, years=10, drive="rows")
        model.run_model()
        found.append(model.history())
        model.close()
    return found


def chains(histories: list[History]) -> list[tuple[History, Chain]]:
    return [(history, chain) for history in histories for chain in chains_of(history)]


def test_a_chain_leads_to_the_worst_month_by_month(histories: list[History]) -> None:
    found = chains(histories)
    assert {chain.worst for _, chain in found} >= {4}
    for history, chain in found:
        g = history.world.groups.index(chain.group)
        series = history.group["stage"][:, g]
        assert chain.worst == series.max() == history.group["stage"].max()
        months = [link.event.month for link in chain.links]
        assert months == sorted(months)
        # The last step is the one that led there, and each step of the group begins where the one before ended.
        steps = [link.event for link in chain.links if link.event.group == chain.group]
        assert steps[-1].after == STAGES[chain.worst] and series[steps[-1].month + 1] == chain.worst
        assert [a.after for a in steps[:-1]] == [b.before for b in steps[1:]]
        assert all(link.event.state == chain.state for link in chain.links)
        # What lay before the group was last calm is no cause of this rise.
        assert not [e for e in steps if STAGES.index(e.after) < min(2, STAGES.index(e.before))]


def test_what_pushed_was_at_work_then_and_stands_in_the_chain(histories: list[History]) -> None:
    pushed = 0
    for history, chain in chains(histories):
        s = history.world.states.index(chain.state)
        listed = [link.event for link in chain.links]
        for link in chain.links:
            for trigger, left in link.pushed:
                pushed += 1
                assert trigger in listed and trigger.month <= link.event.month and left >= AT_WORK
                assert left == history.state[f"trigger_{trigger.what}"][link.event.month + 1, s]
                assert history.state[f"strike_{trigger.what}"][trigger.month + 1, s] == 1.0
            if link.event.group is None:
                assert link.grievance is None and not link.pushed
            else:
                g = history.world.groups.index(chain.group)
                assert link.grievance == history.group["grievance"][link.event.month + 1, g]
            assert link.event.state in chain.state and link.told
    assert pushed > 10


def test_where_nobody_rose_there_is_nothing_to_explain() -> None:
    model = R2PModel("seminar", seed=7, years=1, drive="rows")
    assert chains_of(model.history()) == ()
    model.close()


# -- what was decided --------------------------------------------------------------------------------------------------


def test_the_sentences_are_those_that_were_written_and_of_years_that_were_run(exercise: Exercise) -> None:
    office = exercise.seat(OFFICE)
    office.commit_plan([], why="Not run yet.")
    exercise.chair.show(True)
    found = Debriefing(exercise.seat(DREVNA))
    (reason,) = found.sentences()
    assert (reason.year, reason.role, reason.why) == (0, OFFICE, "It was early, and <cheap>.")
    assert found.name(reason.by) == f"Person of {OFFICE}" and found.name(None) == ""


# -- who may look ------------------------------------------------------------------------------------------------------

LOOKS: dict[str, Callable[[Debriefing], Any]] = {
    "lines": lambda d: d.lines(),
    "roles": lambda d: d.roles(),
    "beliefs": lambda d: d.beliefs(MARKET),
    "own beliefs": lambda d: d.beliefs(OFFICE),
    "chains": lambda d: d.chains(),
    "sentences": lambda d: d.sentences(),
    "line 0": lambda d: d.line(0),
}


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_is_told_before_the_debriefing_is_open_or_to_who_is_gone(exercise: Exercise, look: str) -> None:
    seat = exercise.seat(OFFICE)
    with pytest.raises(ForbiddenError, match="has not opened the debriefing"):
        LOOKS[look](Debriefing(seat))
    LOOKS[look](Debriefing(exercise.chair))
    exercise.chair.show(True)
    LOOKS[look](Debriefing(seat))
    exercise.chair.show(False)
    with pytest.raises(ForbiddenError, match="has not opened the debriefing"):
        LOOKS[look](Debriefing(seat))
    exercise.chair.show(True)
    exercise.chair.remove(0)
    with pytest.raises(ForbiddenError, match="taken this place back"):
        LOOKS[look](Debriefing(seat))


def test_while_a_line_is_decided_anew_the_others_stay_closed_to_participants(exercise: Exercise) -> None:
    chair = exercise.chair
    chair.advance()
    chair.show(True)
    chair.switch(chair.rewind(0, 1, "Anew", keep_later=False))
    seat = Debriefing(exercise.seat(OFFICE))
    assert [branch.title for branch in seat.lines()] == ["Anew"]
    assert all(len(b.true) == 13 for b in seat.beliefs(OFFICE))
    for look in (seat.beliefs, lambda role, number: seat.chains(number), lambda role, number: seat.sentences(number)):
        with pytest.raises(ForbiddenError, match="is closed"):
            look(OFFICE, 0)
    assert isinstance(chair, Chair) and len(Debriefing(chair).lines()) == 2
    assert isinstance(seat.place, Seat) and seat.roles()[0] == seat.role
    chair.end()
    assert [branch.number for branch in seat.lines()] == [1, 0]
