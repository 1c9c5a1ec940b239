"""Explore without a browser: its address, two worlds by one clock, a state over time and in many runs, saving."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_reader import TAG, read, shown_by, widgets_with
from test_app_compare import Visit, command

from r2psim.agents import R2PModel
from r2psim.analysis.reached import first_months, reached
from r2psim.app import explore, explore_world, panels
from r2psim.app.address import KEYS, Place, place_of
from r2psim.app.course import course_rows, draw_course, panels_of
from r2psim.app.explore_saving import numbers_of
from r2psim.app.often import THICK, draw_often
from r2psim.app.watch import Choice, RefusedError, Watch
from r2psim.declarations.columns import STAGES
from r2psim.ensemble.simulation import simulate

SEVEN = Choice("seminar", "late-response", 7)
SECONDS = 60.0
START = Place()

WORDS = st.text(alphabet="abcdefgh-é &=?#+%", max_size=12)


def visit_of(shown: Callable[..., Any], place: Place = START, choice: Choice = SEVEN) -> Visit:
    visit = Visit(shown, explore.Page, f"/explore?{place.query(choice)}")
    return arrived(visit)


def player(visit: Visit) -> Any:
    return widgets_with(visit.rc, "target")[0]


def arrived(visit: Visit) -> Visit:
    """Ask on until the month that was asked for is there, as the browser does: a long way takes several answers."""
    until = monotonic() + SECONDS
    while player(visit).month != player(visit).target:
        assert monotonic() < until
        player(visit).vue_go(player(visit).target)
        visit.idle()
    return visit


def go(visit: Visit, month: int) -> None:
    player(visit).vue_go(month)
    assert player(arrived(visit)).month == month


def html(visit: Visit) -> str:
    visit.idle()
    return "".join(w.html for w in widgets_with(visit.rc, "html"))


def pick(visit: Visit, key: str) -> None:
    """Tell a page that something was picked, whether or not it is there."""
    view = next(w for w in widgets_with(visit.rc, "html") if "r2p-map" in w.html)
    view._handle_event(None, {"event": "pick", "data": key}, [])
    visit.idle()


# -- the address -------------------------------------------------------------------------------------------------------


@given(
    st.builds(Place, st.integers(0, 240), WORDS, st.sampled_from(["", "0", "17", "beside:4"]), WORDS, WORDS,
              st.sampled_from([0, 8, 200])),
    st.builds(Choice, WORDS.filter(bool), WORDS.filter(bool), st.integers(0, 2**64 - 1), st.integers(0, 99),
              st.lists(WORDS.filter(bool), max_size=3).map(tuple)),
)  # fmt: skip
def test_an_address_leads_back_to_what_it_was_made_of(place: Place, choice: Choice) -> None:
    query = place.query(choice)
    assert place_of(query) == (choice, place)
    assert set(parse_qs(query)) <= set(KEYS)


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("stat=drevna", "address 'stat' is not allowed: one of .* \\(did you mean state\\?\\)"),
        ("event=x", "event 'x' is not allowed: a number"),
        ("event=beside:", "event 'beside:' is not allowed"),
        ("event=²", "event '²' is not allowed"),
        ("runs=7", "runs '7' is not allowed: a whole number from 8 to 4000"),
        ("runs=9999999", "runs '9999999' is not allowed"),
        ("state=a&state=b", "state is given 2 times"),
    ],
)
def test_what_an_address_does_not_know_is_refused_in_words(search: str, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        place_of(search)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (Place(state="drevnia"), "state 'drevnia' is not allowed: one of"),
        (Place(body="nobody"), "body 'nobody' is not allowed: one of"),
        (Place(beside="late-response"), "beside 'late-response' is not allowed: one of"),
        (Place(beside="preventoin"), "(did you mean prevention?)"),
    ],
)
def test_a_place_that_is_not_there_is_told_and_the_world_is_shown(
    shown: Callable[..., Any], place: Place, said: str
) -> None:
    visit = visit_of(shown, place)
    assert said in visit.text and "r2p-map" in html(visit)


def test_an_address_of_before_still_leads_to_its_world(shown: Callable[..., Any]) -> None:
    from r2psim.app import start

    visit = arrived(Visit(shown, start.Page, "/?scenario=seminar&policy=prevention&seed=7&run=3&month=24"))
    assert player(visit).month == 24 and "Explore one world" in visit.text


def test_what_is_chosen_stands_in_the_address_and_back_undoes_it(shown: Callable[..., Any]) -> None:
    visit = visit_of(shown)
    go(visit, 24)
    visit.pick("state:kessara")
    number = next(i for i, e in enumerate(Watched.events()) if e.kind == "trigger" and e.state == "kessara")
    visit.pick(f"event:{number}")
    visit.pick("body:world-bank")
    asked = place_of(visit.search)
    assert asked == (SEVEN, Place(24, "kessara", str(number), "world-bank"))
    assert "Kessara: 2 threat" in visit.text or "Kessara: " in visit.text
    assert "Why" in shown_by(visit.rc).headings and "Programmes of World Bank" in visit.text
    again = visit_of(shown, asked[1])
    assert again.text == visit.text, "whoever opens the address sees the same"
    visit.back()
    assert "Programmes of" not in visit.text and "Why" in shown_by(visit.rc).headings
    visit.back()
    assert "Why" not in shown_by(visit.rc).headings and "Kessara in detail" in visit.text
    visit.back()
    assert "Kessara in detail" not in visit.text and player(visit).month == 0
    assert not TAG.search(visit.text)
    # What is picked again is put away.
    for _ in range(2):
        pick(visit, f"event:{number}")
        pick(visit, "state:kessara")
    assert place_of(visit.search)[1].state == ""
    pick(visit, f"event:{number}")
    pick(visit, f"event:{number}")
    assert place_of(visit.search)[1].event == ""


class Watched:
    """Events of the world that tests look at."""

    @staticmethod
    def events() -> Any:
        watch = Watch(SEVEN)
        watch.to(24)
        found = watch.history.events
        watch.close()
        return found


def test_another_policy_is_run_to_the_month_that_was_looked_at(shown: Callable[..., Any]) -> None:
    visit = visit_of(shown)
    go(visit, 12)
    visit.tell("World", policy="prevention")
    arrived(visit)
    assert place_of(visit.search) == (SEVEN._replace(policy="prevention"), Place(12))
    assert player(visit).month == 12
    watch = Watch(SEVEN._replace(policy="prevention"))
    watch.to(12)
    assert watch.digest(12) in visit.text
    watch.close()
    # So does a changed parameter.
    visit.pick("parameters")
    form = next(w for w in widgets_with(visit.rc, "fields") if w.label.startswith("Parameters"))
    visit.tell(form.label, **{"assistance.openness": "0.75"})
    choice, place = place_of(arrived(visit).search)
    assert (choice.sets, place.month, player(visit).month) == (("assistance.openness=0.75",), 12, 12)


def test_nothing_chosen_in_a_scenario_goes_along_into_another_and_that_is_said(shown: Callable[..., Any]) -> None:
    visit = visit_of(shown, Place(6, "drevna", beside="prevention"), SEVEN._replace(sets=("assistance.openness=0.5",)))
    visit.tell("World", scenario="insurgency")
    choice, place = place_of(visit.search)
    assert (choice.scenario, choice.sets, place) == ("insurgency", (), Place(6))
    wanted = "does not go along to insurgency: assistance.openness, the chosen state, prevention beside it"
    assert wanted in visit.text
    visit.back()
    arrived(visit)
    assert wanted not in visit.text and "Drevna in detail" in visit.text


@pytest.mark.parametrize(
    "junk", ["", "event:", "event:x", "event:beside:1", "event:²", "go:x", "state:", "many", ":::", "x"]
)
def test_what_a_browser_picks_that_is_not_there_changes_nothing(shown: Callable[..., Any], junk: str) -> None:
    visit = visit_of(shown)
    ways = len(visit.ways)
    pick(visit, junk)
    assert len(visit.ways) == ways and "r2p-map" in html(visit)


# -- two worlds, one luck ----------------------------------------------------------------------------------------------


def test_two_policies_run_by_one_clock_and_where_they_part_is_marked(shown: Callable[..., Any]) -> None:
    visit = visit_of(shown, Place(beside="prevention"))
    assert "the same happens in both worlds" in visit.text
    go(visit, 12)
    for policy in ("late-response", "prevention"):
        watch = Watch(SEVEN._replace(policy=policy))
        watch.to(12)
        digest = watch.digest(12)
        assert digest in visit.text, "both worlds are at the month that is shown"
        told = command(watch.choice.command(years=1))
        assert told["sha256"] == digest and watch.choice.command(years=1) in visit.text
        watch.close()
    assert "the histories part in year 1, month 6" in visit.text
    assert "only under prevention: Eastern bloc, Belisar: threat to risk" in visit.text
    drawn = html(visit)
    assert drawn.count('class="r2p-part"') == 2 and drawn.count("the histories part: year 1, month 6") == 2
    visit.pick("go:6")
    assert player(visit).month == 6
    # An event of the world beside is explained as one of that world.
    mine, theirs = (R2PModel("seminar", policy, 7, 0, drive="rows") for policy in ("late-response", "prevention"))
    for model in (mine, theirs):
        for _ in range(12):
            model.step()
    number = next(i for i, e in enumerate(theirs.history().events) if e not in mine.history().events)
    pick(visit, f"event:beside:{number}")
    assert place_of(visit.search)[1].picked == (1, number)
    assert panels.why(theirs.history(), number) in html(visit)
    mine.close()
    theirs.close()


def test_the_policy_beside_is_another_one(shown: Callable[..., Any]) -> None:
    visit = visit_of(shown, Place(beside="prevention"))
    before = visit.search
    visit.tell("World", policy="prevention", beside="prevention")
    assert visit.search == before and "another policy than that of the world" in visit.text


# -- a state over time -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def watched() -> Any:
    made = [Watch(SEVEN), Watch(SEVEN._replace(policy="prevention"))]
    for watch in made:
        watch.to(36)
    yield made
    for watch in made:
        watch.close()


def test_the_money_that_a_state_gets_is_what_bodies_paid_there(watched: list[Watch]) -> None:
    for watch in watched:
        forms = list(watch.setting.forms.values())
        for s in range(len(watch.history.world.states)):
            got = watch.received(s)
            assert got.shape == (2, 37)
            for month in (1, 12, 36):
                wanted = {"prevention": 0.0, "response": 0.0}
                for p in watch.paid(month):
                    if p.state == s:
                        wanted[forms[p.form].ledger] += p.dollars
                assert got[:, month] == pytest.approx([wanted["prevention"], wanted["response"]])
        assert sum(watch.received(s).sum() for s in range(len(watch.history.world.states))) > 0.0


def test_a_course_has_fourteen_factors_nine_inhibitors_and_money_of_each_world(watched: list[Watch]) -> None:
    found = panels_of(watched, "kessara")
    assert [len([p for p in found if p.kind == kind]) for kind in ("factor", "inhibitor", "money")] == [14, 9, 2]
    for panel in found:
        assert len(panel.values) == 2 and all(v.min() >= 0.0 and v.max() <= panel.top for v in panel.values)
    drawn = draw_course(found, ["late-response", "prevention"], 240)
    assert drawn.count("<svg") == 25 and drawn.count("r2p-mean") == drawn.count("r2p-second") == 25
    assert "Solid: late-response; dashed: prevention" in read(drawn).text
    # Lines begin where there is a value, and end at the month that was reached.
    for number, first in ((0, 0.0), (8, 200.0 / 240.0)):
        paths = re.findall(r'd="M([\d.]+),', drawn.split("<svg")[1 + number])
        assert [float(x) for x in paths] == [pytest.approx(first, abs=0.06)] * 2
    heads, rows = course_rows(found, ["late-response", "prevention"])
    every = list(rows)
    s = watched[1].history.world.states.index("kessara")
    assert len(every) == 2 * 37
    row = dict(zip(heads, every[37 + 20], strict=True))
    assert (row["month"], row["policy"]) == (20, "prevention")
    for name in ("rf4", "media", "restraint"):
        assert row[name] == watched[1].history.state[name][20, s]
    at_first = dict(zip(heads, every[37], strict=True))
    assert at_first["rf8"] == 0.0 and at_first["rf9"] is None, "what is of groups is not known at the start"
    assert row["rf9"] == watched[1].history.state["rf9"][20, s] > 0.0
    assert row["paid_prevention"] == watched[1].received(s)[0, 20]


# -- a state in many runs ----------------------------------------------------------------------------------------------


def test_many_runs_tell_what_that_many_runs_of_the_ensemble_come_to(shown: Callable[..., Any]) -> None:
    visit = visit_of(shown, Place(state="kessara"))
    visit.pick("many:")
    assert place_of(visit.search)[1].runs == explore_world.MANY
    visit.tell("Many runs", runs="24")
    until = monotonic() + SECONDS
    while "24 runs." not in visit.text:
        assert monotonic() < until
        sleep(0.05)
    got = simulate("seminar", ["late-response"], 24, 7, histories=True)
    world = Watch(SEVEN)
    groups = np.flatnonzero(world.history.world.rows.home == world.history.world.states.index("kessara"))
    wanted = reached(first_months(got.stages["late-response"])[:, groups])
    rows = [r for r in csv.DictReader(io.StringIO(saved_csv(visit, "many-runs"))) if r["month"] == "240"]
    assert [float(r["share_at_the_end"]) for r in rows] == [one.share.mean for one in wanted[1:]]
    for one in wanted[1:]:
        assert f"{one.stage} {STAGES[one.stage]}{len(one.months)}" in visit.text
    visit.tell("Many runs", runs="3")
    assert "a whole number from 8 to 4000" in visit.text
    world.close()


def saved_csv(visit: Visit, name: str) -> str:
    """Save the numbers of a figure, and give what the browser is sent."""
    files = next(w for w in widgets_with(visit.rc, "stem"))
    files._handle_event(None, {"event": "ask", "data": f"csv:{name}"}, [])
    visit.idle()
    return str(next(w for w in widgets_with(visit.rc, "stem")).answer["content"])


def test_how_often_is_drawn_with_axes_and_a_line_a_stage_of_its_own_thickness() -> None:
    stages = np.zeros((10, 25, 1), dtype=np.int8)
    stages[:4, 12:, 0] = 1
    stages[:1, 20:, 0] = 4
    found = reached(first_months(stages))
    drawn = draw_often({"late-response": found, "prevention": found}, 10, 24)
    text = read(drawn).text
    assert all(said in text for said in ("0 %", "40 %", "year 0", "1: 40 %", "4: 10 %", "prevention"))
    assert all(drawn.count(f"stroke-width:{thick}") == 2 for thick in THICK.values())
    assert "risk in 4, threat in 1, imminent risk in 1, atrocity in 1" in drawn


def test_what_stands_at_the_ends_of_lines_is_at_its_line_and_never_over_another() -> None:
    stages = np.ones((10, 25, 1), dtype=np.int8)
    stages[:, 3:, 0] = 2
    stages[:3, 12:, 0] = 3
    found = reached(first_months(stages))
    drawn = draw_often({"late-response": found}, 10, 24)
    at = {int(k): float(y) for y, k in re.findall(r"translate\([\d.]+ ([\d.]+)\) scale\(5\)[^>]*r2p-s(\d)", drawn)}
    assert at[1] != at[2] and all(abs(at[a] - at[b]) >= 15.0 for a in at for b in at if a < b)
    lines = dict(zip(THICK, re.findall(r'd="([^"]+)" class="r2p-reach"', drawn), strict=True))
    assert lines[1].startswith("M0,28h") and at[3] == 28.0 + 150.0 * 0.7 and at[4] == 28.0 + 150.0


def test_a_seed_of_a_seminar_that_is_played_is_not_run_many_times(
    shown: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = visit_of(shown, Place(state="kessara"))
    monkeypatch.setattr("r2psim.app.reserved_seeds.reserved", lambda: frozenset({(7, 5)}))
    visit.pick("many:")
    assert "a seminar on this server is played with this luck" in visit.text
    assert not [w for w in widgets_with(visit.rc, "fields") if w.label == "Many runs"]


# -- finding and saving ------------------------------------------------------------------------------------------------


def test_what_happened_is_searched(watched: list[Watch]) -> None:
    history = watched[0].history
    whole = read(panels.event_list(history, 36, None, False, None)).picks
    coups = read(panels.event_list(history, 36, None, False, None, "coup")).picks
    wanted = [i for i, e in enumerate(history.events) if e.kind == "trigger" and e.what == "coup" and e.month < 36]
    assert [int(name.removeprefix("event:")) for name in coups] == wanted[::-1] and 0 < len(wanted) < len(whole)
    both = read(panels.event_list(history, 36, None, False, None, "kessara y3")).picks
    assert both and all(
        history.events[int(n.removeprefix("event:"))].state == "kessara"
        and 24 <= history.events[int(n.removeprefix("event:"))].month < 36
        for n in both
    )
    assert "Nothing so far with nowhere." in panels.event_list(history, 36, None, False, None, "nowhere")


def test_a_large_map_has_a_finder_and_is_enlarged_around_what_was_found(shown: Callable[..., Any]) -> None:
    visit = visit_of(shown, choice=Choice("world", "late-response", 3))
    form = next(w for w in widgets_with(visit.rc, "fields") if w.label == "Find on the map")
    names = [name for name, _ in form.fields[0]["options"]]
    assert len(names) > 150
    visit.tell("Find on the map", find=names[40].upper(), zoom="4")
    state = place_of(visit.search)[1].state
    the_map = next(w for w in widgets_with(visit.rc, "html") if "r2p-map" in w.html)
    assert the_map.patch["zoom"]["class"] == "r2p-zoom r2p-zoom-4"
    assert "r2p-selected" in the_map.patch[state]["class"] and names[40] in the_map.patch[state]["aria-label"]
    centre = widgets_with(visit.rc, "within")[0]
    assert centre.at == f"[data-id='{state}']"
    visit.tell("Find on the map", find="nowhere", zoom="9")
    assert place_of(visit.search)[1].state == state and the_map.patch["zoom"]["class"] == "r2p-zoom r2p-zoom-4"
    # A small world is seen at once.
    assert not [w for w in widgets_with(visit_of(shown).rc, "fields") if w.label == "Find on the map"]


def test_what_was_picked_is_said_where_its_panel_may_be_out_of_sight(shown: Callable[..., Any]) -> None:
    visit = visit_of(shown, Place(12, "kessara"))
    bar = next(w.html for w in widgets_with(visit.rc, "html") if 'data-look="#state"' in w.html)
    assert "Kessara: " in read(bar).text and "state:kessara" in read(bar).picks
    assert 'id="state"' in html(visit)


def test_every_figure_of_explore_is_saved_as_numbers(watched: list[Watch]) -> None:
    def rows(name: str, state: str = "") -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(numbers_of(name, watched, 12, state, None))))

    history = watched[0].history
    on_map = rows("map")
    assert [r["stage"] for r in on_map] == [str(int(s)) for s in history.state["stage"][12]]
    beside = [r["stage"] for r in rows("map-beside")]
    assert beside == [str(int(s)) for s in watched[1].history.state["stage"][12]]
    line = rows("time-line")
    assert len(line) == len(history.events)
    assert [float(r["probability"]) for r in line] == [e.probability for e in history.events]
    assert {r["state"] for r in rows("time-line", "drevna")} == {"drevna"}
    theirs = [(int(r["month"]), r["what"], r["state"]) for r in rows("time-line-beside")]
    assert theirs == [(e.month, e.what, e.state) for e in watched[1].history.events]
    assert theirs != [(e.month, e.what, e.state) for e in history.events]
    assert len(rows("course", "drevna")) == 2 * 37
    for name in ("course", "many-runs", "nothing", "map-beside-beside", ""):
        assert numbers_of(name, watched, 12, "", None) == ""
    assert numbers_of("map-beside", watched[:1], 12, "", None) == ""


def test_the_page_names_only_figures_that_it_can_save(shown: Callable[..., Any]) -> None:
    visit = visit_of(shown, Place(12, "kessara", beside="prevention"))
    names = [part.partition('"')[0] for part in html(visit).split('data-figure="')[1:]]
    assert names == ["map", "map-beside", "time-line", "time-line-beside", "course"]
    for name in names:
        assert len(saved_csv(visit, name).splitlines()) > 10
