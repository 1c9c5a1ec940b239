"""A map of two sliders on Compare: the same numbers as on the command line, made step by step, ended when asked to."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Callable
from typing import Any

import pytest
from page_reader import read, widgets_with
from test_app_compare import Visit, table_of
from typer.testing import CliRunner

from r2psim.analysis.break_even_axes import axes_of
from r2psim.analysis.break_even_grid import Cell, Found, Sign, Spot
from r2psim.analysis.break_even_study import BreakEven, Plan, break_even
from r2psim.app import compare, lever_map
from r2psim.app.lever_map import Asked, Progress, asked_of, command_of, draw_map, make
from r2psim.app.levers import LEVERS, effect_levers, start_of
from r2psim.app.plans import plan_of, settings_of
from r2psim.app.runs import setting_of
from r2psim.app.sweep import Course
from r2psim.app.watch import RefusedError
from r2psim.cli import app
from r2psim.ensemble.intervals import Interval
from r2psim.scenario import load
from r2psim.world.expand import expand

SEMINAR = setting_of("seminar", ())
EFFECT = min(effect_levers(SEMINAR))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few runs and places, and no map of another test."""
    monkeypatch.setattr(lever_map, "FEW", 2)
    monkeypatch.setattr(lever_map, "FULL", 4)
    monkeypatch.setattr(lever_map, "PLACES", (25, 28))
    monkeypatch.setattr(lever_map, "MAPS", lever_map._Maps())


def asked(search: str) -> Asked:
    """Say what an address asks for."""
    plan = plan_of(search)
    base = setting_of(plan.scenario, (), plan.own)
    start = start_of(base, plan.examined)
    now = Course(settings_of(plan), plan.examined, plan.against, start | dict(plan.moved), start)
    levers = LEVERS | effect_levers(base)
    return asked_of(now, *(levers[key] for key in plan.mapped), plan.pays)


def from_line(line: str) -> BreakEven:
    """Compute what a command line asks for, as the command does; that takes no fewer than fifty runs."""
    words = shlex.split(line)
    assert words[:2] == ["r2psim", "break-even"] and words[-1] == "--json"
    given: dict[str, list[str]] = {}
    for name, value in zip(words[3:-1:2], words[4:-1:2], strict=True):
        given.setdefault(name.removeprefix("--"), []).append(value)
    full = expand(load(words[2], given.pop("set", [])))
    one = {name: values[0] for name, values in given.items()}
    return break_even(
        full, one["over"], one["policy"], one["baseline"], one["ledgers"].split(","), int(one["runs"]),
        int(one["places"]), int(one["seed"]), uncertainty=one.get("uncertainty", "none"),
    )  # fmt: skip


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "search",
    [
        "seed=5&map=effect,share&pays=all&lever=budget:2&lever=share:0.4",
        pytest.param(
            f"seed=6&map=consent,{EFFECT}&pays=lives&uncertainty=all&policies=late-response,balanced",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_map_has_the_numbers_of_the_command_line(search: str) -> None:
    wanted, said = asked(search), []
    make(wanted, threading.Event(), lambda: True, said.append)
    assert [(p.step, p.done, p.trouble) for p in said][-1] == (3, True, "")
    found = said[-1].found
    assert found is not None and (found.plan.few, found.plan.full, found.plan.places) == (4, 4, 28)
    again = from_line(command_of(wanted, found))
    mine, theirs = found.summary(), again.summary()
    assert (mine.pop("runs_simulated"), theirs.pop("runs_simulated") > 0) == (0, True)
    assert mine == theirs
    assert {p.found.plan.full for p in said if p.found} == {2, 4}, "few runs first"
    # Whoever asks for the same gets the same, and nothing is run for it.
    later: list[Progress] = []
    make(wanted, threading.Event(), lambda: True, later.append)
    assert later[-1].found is found and len(later) == 3


@pytest.mark.usefixtures("small")
def test_a_map_that_nobody_wants_any_more_ends() -> None:
    wanted, ended, said = asked("seed=7&map=effect,consent&pays=all"), threading.Event(), []

    def say(progress: Progress) -> None:
        said.append(progress)
        ended.set()

    make(wanted, ended, lambda: True, say)
    assert said and not said[-1].done and said[-1].found is None
    course, places = lever_map.MAPS.of(wanted), len(lever_map.MAPS.of(wanted).kept)
    assert not course.lock.locked() and 0 < places < 25, "who comes next goes on from there"
    assert not [w for w in lever_map.pool()._wishes.values() if w.settings[0].seed == 7], "and nothing more is run"


def test_the_command_line_is_told_of_maps_that_it_makes() -> None:
    line = command_of(asked("seed=5&map=effect,share&pays=all"), made({}, {}))
    words = [*shlex.split(line)[1:-1], "--dry-run", "--json"]
    words[words.index("--places") + 1] = "25"
    for runs, code in ((lever_map.LEAST, 0), (lever_map.LEAST - 1, 2)):
        words[words.index("--runs") + 1] = str(runs)
        assert CliRunner().invoke(app, words).exit_code == code


def test_a_map_of_a_world_that_takes_long_rests_on_fewer_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = asked("seed=5&map=effect,share&pays=all")
    for seconds, runs in ((0.0, 200), (0.001, 200), (0.1, 50), (100.0, 24)):
        monkeypatch.setattr(lever_map.pool(), "_costs", {("seminar", "none"): seconds})
        assert lever_map.runs_for(wanted) == runs


# -- what is drawn and said --------------------------------------------------------------------------------------------


def told(sign: Sign) -> Found:
    mean = {Sign.ABOVE: 2.0, Sign.BELOW: -2.0, Sign.OPEN: 0.5, Sign.NOTHING: 0.0}[sign]
    return Found(Interval(mean, mean - 1.0, mean + 1.0), sign)


def made(signs: dict[tuple[float, float], Sign], cells: dict[tuple[float, float], Sign]) -> BreakEven:
    """Give a map of two by two cells."""
    axes = tuple(axes_of({"effect": (0.0, 2.0), "consent": (0.0, 1.0)}, SEMINAR, 20))
    return BreakEven(
        "seminar", "", "prevention", "late-response", axes, (1.0, 0.5), ("all",),
        tuple(Spot(at, 10, {"all": told(sign)}) for at, sign in signs.items()),
        tuple(Cell(at, (at[0] + 0.5, at[1] + 0.5), {"all": sign}) for at, sign in cells.items()),
        Plan(2, 0, 10, 10, 9, 2), False, 20, 1, 0.03,
    )  # fmt: skip


LATTICE = [(a / 2, b / 2) for a in range(3) for b in range(3)]
CELLS = [(0.0, 0.0), (0.0, 0.5), (0.5, 0.0), (0.5, 0.5)]


def test_the_line_of_break_even_runs_where_the_mean_crosses_zero() -> None:
    # It pays where the effect is large: the line stands upright, between a mean of -2 at 0.5 and of 2 at 1.
    signs = {at: Sign.ABOVE if at[0] == 1.0 else Sign.BELOW for at in LATTICE}
    found = made(signs, dict.fromkeys(CELLS, Sign.OPEN))
    line = found.line("all")
    assert line and {round(x, 9) for ends in line for x, _ in ends} == {0.75}
    heights = [y for ends in line for _, y in ends]
    assert (min(heights), max(heights)) == (0.0, 1.0)
    # No line runs along places at which there is exactly no difference.
    nothing = {at: (Sign.NOTHING, Sign.BELOW, Sign.ABOVE)[int(2 * at[0])] for at in LATTICE}
    assert {round(x, 9) for ends in made(nothing, {}).line("all") for x, _ in ends} == {0.75}


@pytest.mark.parametrize(
    ("here", "said"),
    [
        ((1.8, 0.9), "effect of assistance, times 1.8 and consent of uncommitted governments 90 %: it pays there"),
        ((0.2, 0.9), "it does not pay there nor around"),
        ((0.2, 0.1), "whether it pays cannot be told there"),
        ((1.8, 0.1), "there is exactly no difference there"),
    ],
)
def test_a_map_says_what_is_told_where_the_sliders_stand(here: tuple[float, float], said: str) -> None:
    cells = dict(zip(CELLS, (Sign.OPEN, Sign.BELOW, Sign.NOTHING, Sign.ABOVE), strict=True))
    found = made({at: Sign.OPEN if at[0] else Sign.BELOW for at in LATTICE}, cells)
    assert found.line("all")
    wanted = asked("seed=5&map=effect,consent&pays=all")._replace(here=here)
    html = str(draw_map(wanted, found))
    text = read(html).text
    assert said in text
    # Every kind of cell is in the key; what is not told apart is hatched.
    for words in ("pays", "does not pay", "not told apart", "exactly no difference"):
        assert words in text
    assert html.count("r2p-hatch") == 2
    # The place is drawn where the sliders stand: as far across, and upwards, as they are moved.
    frame = re.search(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" class="r2p-frame"', html)
    place = re.search(r'<path d="M([\d.]+),([\d.]+)l8,8', html)
    assert frame is not None and place is not None
    x, y, width, height = map(float, frame.groups())
    assert float(place[1]) == pytest.approx(x + width * here[0] / 2.0, abs=0.1)
    assert float(place[2]) + 8 == pytest.approx(y + height * (1.0 - here[1]), abs=0.1)
    # A line is claimed only between places at which opposite signs are told apart.
    assert "breaks even in the mean" not in text
    both = made({at: Sign.ABOVE if at[0] else Sign.BELOW for at in LATTICE}, cells)
    assert "breaks even in the mean" in read(str(draw_map(wanted, both))).text


def test_what_is_not_told_apart_is_hatched_within_its_box() -> None:
    ends = [float(n) for n in re.findall(r"-?[\d.]+", lever_map._hatched(10.0, 20.0, 50.0, 30.0))]
    assert len(ends) > 20
    assert all(10.0 <= x <= 60.0 for x in ends[::2]) and all(20.0 <= y <= 50.0 for y in ends[1::2])


# -- the page ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("map=efect,share", "did you mean effect"),
        ("map=effect,effect", "two different sliders"),
        ("map=effect,share,budget", "two different sliders"),
        ("map=effect,share&pays=money", "pays 'money' is not allowed: one of lives"),
    ],
)
def test_a_map_that_cannot_be_made_is_refused_in_words(search: str, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        plan_of(search)


@pytest.mark.usefixtures("small")
def test_a_map_is_asked_for_stopped_gone_on_with_and_saved(
    shown: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lever_map, "FULL", 2)
    visit = Visit(shown, compare.Page, "/compare?seed=8&runs=6")
    visit.settled("6 runs of each policy.")
    visit.tell("Map", across="effect")
    assert plan_of(visit.search).mapped == ("effect",) and "Go on" not in visit.text
    visit.tell("Map", up="consent", ledger="lives")
    assert (plan_of(visit.search).mapped, plan_of(visit.search).pays) == (("effect", "consent"), "lives")
    visit.settled("The map is being made.")
    visit.pick("stop")
    visit.settled("The map is stopped.")
    visit.pick("stop")
    assert "The same map: " not in visit.settled("The map is done.")
    saver = next(w for w in widgets_with(visit.rc, "answer") if w.only == "map")
    saver._handle_event(None, {"event": "ask", "data": "csv:map"}, [])
    rows = table_of(saver.answer["content"])
    assert saver.answer["file"] == "seminar-map.csv" and len(rows) >= 25
    assert {row["ledger"] for row in rows} == {"lives"}
    assert {row["assistance.openness"] for row in rows} >= {"0.0", "1.0"}
    # Another slider makes another map, which is made when asked for; one of the two only moves the place.
    visit.tell("Sliders", effect=0.5)
    assert "Map it as it stands now" not in visit.text and "times 0.5 and consent" in visit.text
    visit.tell("Sliders", budget=2.0)
    assert "Map it as it stands now" in visit.text
    visit.pick("again")
    assert "Map it as it stands now" not in visit.text
    visit.settled("The map is being made.")
    visit.tell("What is compared", scenario="insurgency")
    assert plan_of(visit.search).mapped == ()
