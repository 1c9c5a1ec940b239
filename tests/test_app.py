"""The pages without a browser: what they show is what the model computes, and what a browser may ask is bounded."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import pytest
import solara
import solara.server.settings
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from typer.testing import CliRunner

from r2psim.app import explore, pages, settings
from r2psim.app.charts import BANDS, counted, each_run, fans
from r2psim.app.compare import Plan, comparison_of, settings_of
from r2psim.app.inputs import Parameters, about, world_from
from r2psim.app.markup import element, table
from r2psim.app.runs import CURVES, Found
from r2psim.app.timeline import draw_timeline
from r2psim.app.watch import OPEN, Choice, RefusedError, Watch, choice_of, scenario_of
from r2psim.app.world_map import draw_map, patch_map
from r2psim.cli import app
from r2psim.ensemble.simulation import simulate
from r2psim.scenario import ScenarioError
from r2psim.scenario.parameters import PARAMETERS

SEVEN = Choice("seminar", "late-response", 7)


def command(*words: str) -> Any:
    """Run the command line and read its JSON."""
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def watch() -> Iterator[Watch]:
    """Give a world that was watched for three years."""
    made = Watch(SEVEN)
    made.to(36)
    yield made
    made.close()


class Reader(HTMLParser):
    """Checks that elements are closed in order, and keeps what can be picked."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.picks: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.open.append(tag)
        self.picks += [value or "" for key, value in attrs if key == "data-pick"]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(html: str) -> Reader:
    """Read HTML, and insist that it is well formed."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader


# -- what is shown is what is computed ---------------------------------------------------------------------------------


def test_a_watched_world_has_the_digest_of_the_command_line(watch: Watch) -> None:
    told = command(*watch.choice.command(years=2).split()[1:])
    assert watch.digest(24) == told["sha256"]
    assert watch.digest(25) is None


def test_going_back_and_stopping_short_change_nothing(watch: Watch) -> None:
    other = Watch(SEVEN)
    assert other.to(36, lambda month: month < 7) == 7
    assert other.to(3) == 3 and other.reached == 7
    assert other.to(36) == 36
    assert other.digest(36) == watch.digest(36)
    other.close()


def test_a_world_that_was_let_go_comes_back_to_the_same_bits(watch: Watch) -> None:
    other = Watch(SEVEN)
    other.to(12)
    paid = other.paid(12)
    before = other.digest(12)
    other.let_go()
    assert other.to(12) == 12
    assert (other.digest(12), other.paid(12)) == (before, paid)
    other.close()


def test_what_bodies_paid_adds_up_to_what_they_spent(watch: Watch) -> None:
    spent = watch.history.body["spent"]
    for month in (1, 12, 36):
        cents = [0.0] * len(watch.history.world.bodies)
        for p in watch.paid(month):
            cents[p.body] += round(p.dollars * 100.0)
        assert cents == np.round((spent[month] - spent[month - 1]) * 100.0).tolist()
    assert any(watch.paid(36))


def test_compare_has_the_numbers_of_the_command_line() -> None:
    plan = Plan("seminar", ("late-response", "prevention"), seed=3, runs=3, moved=(("effect", 0.5), ("share", 0.3)))
    settings_ = settings_of(plan)
    found = []
    for s in settings_:
        made = Found()
        for first, count in ((0, 1), (1, 2)):
            got = simulate(
                scenario_of(s.scenario, s.sets), [s.policy], count, s.seed, first_run=first, series=list(CURVES)
            )
            made = made.longer(got, s.policy)
        found.append(made)
    here = json.loads(json.dumps(comparison_of(settings_, tuple(found), 3).summary()))
    assert here == command(*plan.command().split()[1:])


# -- drawings ----------------------------------------------------------------------------------------------------------


def test_the_map_offers_every_state_and_each_month_changes_marks_that_are_there(watch: Watch) -> None:
    world = watch.history.world
    html = draw_map(world)
    assert read(html).picks == [f"state:{key}" for key in world.states]
    for month in (0, 36):
        patch = patch_map(watch.history, month, world.states[0])
        assert all(f'data-id="{name}"' in html for name in patch)
        shapes = {patch[f"{key}/mark"]["d"] for key in world.states}
        stages = {int(s) for s in watch.history.state["stage"][month]}
        assert len(shapes) == len(stages), "a stage is told by its shape too"
        assert [patch[f"{key}/digit"]["text"] for key in world.states] == [
            str(int(s)) for s in watch.history.state["stage"][month]
        ]


@pytest.mark.parametrize("selected", [None, "drevna", "tarsin"])
def test_the_time_line_lets_ask_about_events_that_happened(watch: Watch, selected: str | None) -> None:
    picks = read(draw_timeline(watch.history, watch.months, selected)).picks
    events = [watch.history.events[int(name.removeprefix("event:"))] for name in picks]
    assert events
    assert all(selected is None or e.state == selected for e in events)


def test_every_run_can_be_picked_and_fans_tell_their_ends() -> None:
    plan = Plan("seminar", ("late-response", "prevention"), runs=4)
    got = simulate("seminar", plan.policies, 4, years=2, series=list(CURVES))
    found = tuple(Found().longer(got, policy) for policy in plan.policies)
    comparison = comparison_of(settings_of(plan), found, 4)
    assert sorted(read(each_run(comparison, "gdp_lost", None)).picks) == [f"run:{i}" for i in range(4)]
    drawn = fans({p: f.curves for p, f in zip(plan.policies, found, strict=True)}, 24)
    assert read(drawn) and drawn.count("<figure") == len(CURVES)


@settings_of_hypothesis(max_examples=60)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=60))
def test_bands_of_counts_round_to_the_plain_ones_and_do_not_jump(counts: list[int]) -> None:
    values = np.array(counts, dtype=float)[:, None]
    found = counted(values, BANDS)[:, 0]
    low, high = (np.quantile(values[:, 0], BANDS, method=method) for method in ("inverted_cdf", "higher"))
    assert (low - 0.5 <= found).all() and (found <= np.maximum(low, high) + 0.5).all()
    assert (found >= 0.0).all() and (np.diff(found) >= 0.0).all()
    # One run more with an atrocity moves a band by as much as one run is of all, not by a whole count.
    quarter = np.array([[0.0] * 76 + [1.0] * 24, [0.0] * 75 + [1.0] * 25, [0.0] * 74 + [1.0] * 26]).T
    assert np.abs(np.diff(counted(quarter, (0.75,)))).max() < 0.05


@settings_of_hypothesis(max_examples=40)
@given(st.text(), st.text())
def test_whatever_is_written_is_escaped(a: str, b: str) -> None:
    reader = read(element("p", a, element("span", b, title=a)) + table(("x", a), [(b, a)], b))
    assert reader.picks == []
    assert "<script" not in element("p", f"<script>{a}", title=f'"><script>{b}').lower()


# -- what a browser may ask --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "search",
    ["seed=-1", "seed=1.5", "seed=99999999999999999999", "run=4294967296", "month=x", "seed=" + "9" * 400, "run=①"],
)
def test_numbers_that_are_none_are_refused(search: str) -> None:
    with pytest.raises(RefusedError, match="is not allowed: a whole number from 0"):
        choice_of(search)


@pytest.mark.parametrize("name", ["/etc/passwd", "../scenarios/seminar.toml", "scenarios/seminar.toml", "", "semina"])
def test_only_known_scenarios_are_read(name: str) -> None:
    with pytest.raises(RefusedError, match="is not allowed: one of"):
        scenario_of(name)


@pytest.mark.parametrize(
    "text", ["years=200", "generate.states=399", "states.halvern.population=1", "policies.prevention.budgets.un=3", "x"]
)
def test_only_parameters_can_be_changed(text: str) -> None:
    with pytest.raises(ScenarioError, match="a parameter of the model"):
        scenario_of("seminar", (text,))


def test_changes_are_bounded_in_number_and_length() -> None:
    with pytest.raises(RefusedError, match="at most"):
        scenario_of("seminar", ("assistance.openness=0.5",) * 41)
    with pytest.raises(RefusedError, match="at most"):
        scenario_of("seminar", ("assistance.openness=0." + "5" * 300,))


def test_a_world_larger_than_the_limits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(settings.current(), limits=replace(settings.LIMITS, years=5))
    monkeypatch.setattr(settings, "_now", small)
    with pytest.raises(RefusedError, match="at most 5 years"):
        Watch(SEVEN)


def test_open_worlds_are_let_go_when_they_take_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Watch(SEVEN), Watch(SEVEN)
    first.to(12)
    digest = first.digest(12)
    small = replace(settings.current(), limits=replace(settings.LIMITS, world_bytes=1))
    monkeypatch.setattr(settings, "_now", small)
    second.to(1)
    assert OPEN.count() == 1
    assert first._model is None
    assert first.to(12) == 12 and first.digest(12) == digest
    first.close()
    second.close()
    assert OPEN.count() == 0


def test_a_form_tells_nothing_but_what_it_asked_for() -> None:
    told = {"scenario": "seminar", "policy": "prevention", "seed": " 7 ", "run": 3, "month": "99", "set": "years=200"}
    assert world_from(told, ()) == Choice("seminar", "prevention", 7, 3)


# -- the command -------------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_told_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = CliRunner().invoke(app, ["app", "seminar", "--port", str(taken.getsockname()[1])])
    assert done.exit_code == 2
    assert done.stderr.startswith("app: 127.0.0.1, port ") and done.stderr.count("\n") == 1


def test_an_unknown_scenario_is_refused_before_anything_is_served() -> None:
    done = CliRunner().invoke(app, ["app", "semina"])
    assert isinstance(done.exception, ScenarioError) and "seminar" in str(done.exception)


def test_without_the_front_end_nothing_is_served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(solara.server.settings.assets, "proxy_cache_dir", tmp_path)
    done = CliRunner().invoke(app, ["app", "seminar"])
    assert done.exit_code == 2
    assert "pip install 'r2psim[app]'" in done.stderr


# -- pages -------------------------------------------------------------------------------------------------------------


def found(rc: Any, name: str) -> list[Any]:
    """Give all widgets that have some trait, in order."""

    def below(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
        yield widget
        for child in getattr(widget, "children", None) or ():
            if isinstance(child, ipywidgets.Widget):
                yield from below(child)

    return [w for w in below(rc.container) if w.has_trait(name)]


def text_of(rc: Any) -> str:
    """Give all HTML that a page shows."""
    return "".join(w.html for w in found(rc, "html"))


@pytest.fixture
def shown() -> Iterator[Callable[..., Any]]:
    """Render components, and close them afterwards."""
    opened = []

    def show(component: Any) -> Any:
        _, rc = solara.render(component, handle_error=False)
        opened.append(rc)
        return rc

    yield show
    for rc in opened:
        rc.close()


def test_a_step_changes_the_page_and_a_state_shows_its_fourteen_factors(shown: Callable[..., Any]) -> None:
    watched = Watch(SEVEN)
    rc = shown(explore.World(watched, 0))
    (player,) = found(rc, "target")
    before = text_of(rc)
    player.vue_go(1)
    assert player.month == 1 and watched.reached == 1
    assert text_of(rc) != before
    the_map = next(w for w in found(rc, "html") if "r2p-map" in w.html)
    the_map.vue_pick("state:drevna")
    page = text_of(rc)
    assert all(f"{i} " in page for i in range(1, 15)) and "fourteen risk factors" in page
    the_map.vue_pick("state:nowhere")
    the_map.vue_pick("event:99999999")
    assert text_of(rc) == page
    player.vue_go(12)
    number = next(i for i, e in enumerate(watched.history.events) if e.kind == "trigger")
    the_map.vue_pick(f"event:{number}")
    assert ">Why<" in text_of(rc)
    assert watched.digest(12) in text_of(rc)
    watched.close()


def test_two_sessions_never_share_a_world(shown: Callable[..., Any]) -> None:
    one, other = shown(explore.Page()), shown(explore.Page())
    (player,) = found(one, "target")
    player.vue_go(5)
    assert found(one, "target")[0].month == 5
    assert found(other, "target")[0].month == 0


def test_parameters_come_from_their_declarations_and_changes_are_taken_as_from_the_command_line(
    shown: Callable[..., Any],
) -> None:
    asked: list[Choice] = []
    rc = shown(Parameters(scenario_of("seminar"), SEVEN, asked.append))
    found(rc, "html")[0].vue_pick("parameters")
    form = found(rc, "fields")[-1]
    paths = [f["key"] for f in form.fields]
    assert paths == [p for p in PARAMETERS if p.startswith("assistance.")]
    for field in form.fields:
        p = PARAMETERS[field["key"]]
        assert field["help"] == about(p)
        assert p.unit in field["help"] and f"{p.high:g}" in field["help"] and p.label in field["help"]
    values = {f["key"]: f["value"] for f in form.fields} | {"assistance.openness": "0.75"}
    form.vue_change(values)
    assert asked == [SEVEN._replace(sets=("assistance.openness=0.75",))]


def test_every_page_of_the_table_is_a_route_with_a_way_to_it() -> None:
    assert [route.path for route in pages.routes] == [entry.path for entry in pages.PAGES]
    assert pages.routes[0].layout is pages.Layout
    assert {"/", "compare"} <= {entry.path for entry in pages.PAGES}
