"""What would change this verdict: asked on Compare, of the runs that the command line makes, and said with doubts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from page_reader import widgets_with
from test_app_compare import Visit, table_of

from r2psim import simulate
from r2psim.analysis.movers import Mover, Movers, movers
from r2psim.app import compare, doubts, sweep
from r2psim.app.doubts import along_unknown, drawn_pair, found_words
from r2psim.app.levers import start_of
from r2psim.app.plans import plan_of, settings_of
from r2psim.app.runs import setting_of
from r2psim.app.sweep import Course
from r2psim.app.watch import RefusedError
from r2psim.ensemble.intervals import Interval
from r2psim.scenario.posterior import drawn_in

SEMINAR = setting_of("seminar", ())
PATH = "forms.mediation.effects.to_atrocity.size"
PAIR = ("prevention", "late-response")


def course(search: str) -> Course:
    """Give where the questions of an address start from."""
    plan = plan_of(search)
    start = start_of(SEMINAR, plan.examined)
    return Course(settings_of(plan), plan.examined, plan.against, start | dict(plan.moved), start)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubts, "RUNS", 60)
    monkeypatch.setattr(sweep, "RUNS", 6)


@pytest.mark.usefixtures("few")
def test_what_is_ranked_is_what_the_runs_of_the_command_line_give(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, compare.Page, "/compare?seed=5&runs=6&lever=share:0.4")
    visit.settled("6 runs of each policy.")
    visit.tell("Doubts", metric="episodes")
    assert plan_of(visit.search).doubt == "episodes"
    visit.settled("Alone, over its whole range")
    changed = setting_of("seminar", ("policies.prevention.parameters.assistance.prevention_share=0.4",))
    results = simulate(changed, list(PAIR), runs=60, seed=5, uncertainty="all")
    differences = results.values("prevention", "episodes") - results.values("late-response", "episodes")
    found = movers(changed, differences, 5)
    text = visit.settled("6 runs at each place.")
    assert found_words(found, "episodes", PAIR) in text
    for mover in found.movers:
        assert mover.path in text
    # The strongest is gone along, or whichever of them is chosen; Back undoes it.
    assert visit.field("Along an unknown", "path") == found.movers[0].path
    visit.tell("Along an unknown", path=found.movers[2].path)
    assert plan_of(visit.search).doubted == found.movers[2].path
    visit.settled("6 runs at each place.")
    saver = next(w for w in widgets_with(visit.rc, "answer") if w.only == "unknowns")
    saver._handle_event(None, {"event": "ask", "data": "csv:unknowns"}, [])
    rows = table_of(saver.answer["content"])
    assert [float(row[found.movers[2].path]) for row in rows][:: len(rows) - 1] == [
        found.movers[2].low, found.movers[2].high
    ]  # fmt: skip
    # A slider that moves leaves what was asked as it was, and says so.
    visit.tell("Sliders", share=0.4, budget=2.0)
    assert "Ask of what stands now" in visit.text and found_words(found, "episodes", PAIR) in visit.text


@pytest.mark.usefixtures("few")
def test_where_assistance_has_no_effect_nothing_that_is_not_known_moves_a_verdict(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, compare.Page, "/compare?seed=5&runs=6&lever=effect:0&doubt=deaths")
    text = visit.settled("Exactly the same in every run, whatever is drawn: none of the 148 unknowns moves")
    assert "Alone, over its whole range" not in text


def test_the_runs_draw_what_is_not_known_and_the_way_along_one_sets_it_for_both() -> None:
    now = course("seed=5&lever=budget:2")
    assert {s.uncertainty for s in drawn_pair(now)} == {"all"} and {s.uncertainty for s in now.settings} == {"none"}
    assert {s.uncertainty for s in drawn_pair(course("uncertainty=rates"))} == {"rates"}
    mover = Mover(PATH, "it", "ratio", "assumption", 0.5, 1.0, 1.0, Interval(0, 0, 0), Interval(0, 0, 0), False)
    lever, at, places = along_unknown(now, mover)
    assert (lever.low, lever.high, at[0], at[-1]) == (0.5, 1.0, 0.5, 1.0)
    for value, pair in zip(at, places, strict=True):
        assert tuple(s.policy for s in pair) == PAIR
        for setting in pair:
            assert setting.sets == ("assistance.budget_scale=2", f"{PATH}={value:g}")
            # What is set is not drawn: along it, it is what it is said to be.
            assert PATH not in drawn_in(setting_of("seminar", setting.sets), "all")
    uncertain = along_unknown(course("uncertainty=all"), mover)[2]
    assert {s.uncertainty for pair in uncertain for s in pair} == {"all"}, "all else as it stands"


LESS, MORE, OPEN = Interval(-3.0, -4.0, -2.0), Interval(2.0, 1.0, 3.0), Interval(0.5, -1.0, 2.0)
ONE = Mover(PATH, "mediation: x", "ratio", "assumption", 0.5, 1.0, 5.0, LESS, MORE, True)


def test_no_more_is_said_of_an_unknown_than_is_told_apart() -> None:
    said = found_words(Movers(900, 148, 3.5, (ONE, replace(ONE, told_apart=False))), "episodes", PAIR)
    assert said.startswith("Of 148 unknowns mediation: x can be told to move the difference in episodes")
    assert "lowest draws it is 3 fewer (95 %: 2 to 4), with its highest 2 more (95 %: 1 to 3)" in said
    assert "No other can be told." in said
    # Several rates are called alike.
    rate = replace(ONE, path="conflict.onset.pressure", meaning="full pressure")
    assert "full pressure (conflict.onset.pressure)" in found_words(Movers(900, 148, 3.5, (rate,)), "episodes", PAIR)
    assert "So can 1 more be told." in found_words(Movers(900, 148, 3.5, (ONE, ONE)), "episodes", PAIR)
    unsure = found_words(Movers(900, 148, 9.0, (replace(ONE, told_apart=False, at_low=OPEN),)), "episodes", PAIR)
    assert unsure.startswith("None of the 148 unknowns can be told to move") and "in 900 runs" in unsure
    assert "one as strong comes by chance" in unsure
    assert "Too few runs" in found_words(Movers(12, 148, 0.0, ()), "episodes", PAIR)
    assert "Nothing is drawn here" in found_words(Movers(900, 0, 0.0, ()), "episodes", PAIR)


@pytest.mark.parametrize(
    ("search", "said"),
    [("doubt=deths", "did you mean deaths"), (f"doubt=deaths,{PATH}x", "did you mean forms.mediation"),
     ("doubt=deaths,assistance.openness", "doubt 'assistance.openness' is not allowed")],
)  # fmt: skip
def test_a_doubt_that_cannot_be_asked_is_refused_in_words(search: str, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        plan_of(search)
