"""The pages without a browser: what they show is what the model computes, and what a browser may ask is bounded."""

from __future__ import annotations

import json
import shlex
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import solara
import solara.server.settings
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from page_reader import TAG, read, shown_by
from page_reader import widgets_with as found
from test_app_compare import Visit
from typer.testing import CliRunner

from r2psim.app import explore, pages, settings, timeline
from r2psim.app.charts import BANDS, counted, each_run, fans
from r2psim.app.compare import Plan, comparison_of, settings_of
from r2psim.app.inputs import Parameters, about_number, groups_of, world_from
from r2psim.app.levers import LEVERS, effect_levers, fields, levers_of, sets_of, start_of
from r2psim.app.page_parts import element, join, table
from r2psim.app.runs import CURVES, Found
from r2psim.app.timeline import draw_timeline, groups_shown
from r2psim.app.watch import NOWHERE, OPEN, Choice, RefusedError, Watch, choice_of, scenario_of
from r2psim.app.widgets import Form, View
from r2psim.app.world_map import draw_map, patch_map
from r2psim.cli import app
from r2psim.declarations.columns import G
from r2psim.ensemble.simulation import simulate
from r2psim.scenario import ScenarioError
from r2psim.scenario.parameters import PARAMETERS
from r2psim.scenario.paths import effects_by_path, number_at

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
    spent, bodies = watch.history.body["spent"], watch.history.world.bodies
    for month in (1, 12, 36):
        cents = [0.0] * len(watch.history.world.bodies)
        for p in watch.paid(month):
            cents[p.body] += round(p.dollars * 100.0)
            # Coordination is paid for by those who coordinate, and by a share of what is coordinated at most.
            assert p.form != NOWHERE or "coordination" in watch.setting.bodies[bodies[p.body]].mandates
        assert cents == np.round((spent[month] - spent[month - 1]) * 100.0).tolist()
        coordination = sum(p.dollars for p in watch.paid(month) if p.form == NOWHERE)
        assert 0.0 <= coordination <= 0.1 * sum(p.dollars for p in watch.paid(month))
    assert any(p.form == NOWHERE for p in watch.paid(36))


def test_compare_has_the_numbers_of_the_command_line() -> None:
    plan = Plan("seminar", ("late-response", "prevention"), seed=3, runs=3, moved=(("effect", 0.5), ("share", 0.3)))
    settings_ = settings_of(plan)
    found = []
    for s in settings_:
        made = Found()
        for first, count in ((0, 1), (1, 2)):
            got = simulate(
                scenario_of(s.scenario, s.sets), [s.policy], count, s.seed, first_run=first, series=list(CURVES),
                ledgers=True, null_twins=True,
            )  # fmt: skip
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


def test_the_time_line_shows_opponents_of_a_state_and_says_whom_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Watch(SEVEN)
    other.to(0)
    world = other.history.world
    against = np.flatnonzero(world.rows.group[G.opponents] > 0.0)
    assert len(against) == len(world.states), "every state has opponents"
    for state in world.states:
        shown = groups_shown(other.history, state)
        assert [world.states[world.rows.home[g]] for g in shown if g in against] == [state]
    # At the start all of them stand at stage 0, and none is among those that came furthest: that is said.
    said = str(draw_timeline(other.history, other.months, None))
    assert f"{len(against)} of them political opponents" in said and "Pick a state" in said
    assert "Not shown" not in str(draw_timeline(other.history, other.months, world.states[0]))
    # Where a state has more groups than there is room for, its opponents are still there.
    monkeypatch.setattr(timeline, "MOST_GROUPS", 2)
    for state in world.states:
        assert set(groups_shown(other.history, state)) & set(against.tolist())
    other.to(60)
    monkeypatch.setattr(timeline, "MOST_GROUPS", 16)
    stages = other.history.group["stage"]
    chosen = groups_shown(other.history, None)
    rank = [(stages[:, g].max(), (stages[:, g] >= 2).sum(), (stages[:, g] >= 1).sum()) for g in range(stages.shape[1])]
    others = [g for g in range(stages.shape[1]) if g not in chosen]
    assert min(rank[g] for g in chosen) >= max(rank[g] for g in others)
    assert set(chosen) & set(against.tolist())
    other.close()


@pytest.mark.parametrize("selected", [None, "drevna", "tarsin"])
def test_the_time_line_lets_ask_about_events_that_happened(watch: Watch, selected: str | None) -> None:
    picks = read(draw_timeline(watch.history, watch.months, selected)).picks
    events = [watch.history.events[int(name.removeprefix("event:"))] for name in picks]
    assert events
    assert all(selected is None or e.state == selected for e in events)


def test_every_run_can_be_picked_and_fans_tell_their_ends() -> None:
    plan = Plan("seminar", ("late-response", "prevention"), runs=4)
    got = simulate("seminar", plan.policies, 4, years=2, series=list(CURVES), ledgers=True, null_twins=True)
    found = tuple(Found().longer(got, policy) for policy in plan.policies)
    comparison = comparison_of(settings_of(plan), found, 4)
    assert sorted(read(each_run(comparison, "gdp_lost", "prevention", None)).picks) == [f"run:{i}" for i in range(4)]
    drawn = fans({p: f.curves for p, f in zip(plan.policies, found, strict=True)}, 24)
    assert list(drawn) == list(CURVES) and all(read(one) and one.count("<figure") == 1 for one in drawn.values())


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
    # However a page puts its parts together: markup stays markup, and text becomes none.
    for whole in (
        element("p", a) + element("b", b),
        a + element("b", b),
        element("p", a) + b,
        join((element("p", a), b)),
    ):
        assert read(whole).text == a + b
    assert read(element("p", "x", title=element("b", a))).text == "x"


def test_a_plain_string_is_shown_as_text_and_never_as_markup(shown: Callable[..., Any]) -> None:
    rc = shown(
        solara.Column(children=[View(html="<b>no markup</b>"), View(html=element("h2", "a") + element("b", "c"))])
    )  # type: ignore[arg-type]
    page = shown_by(rc)
    assert page.headings == ["a"] and page.text == "<b>no markup</b>ac"


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


@pytest.mark.parametrize(
    "value",
    ["0.5#$(touch x)", "0.5 # `id`", "", "true", '"0.5"', "[0.5]", "0.5;x", "nan", "inf", "0x1", "٣", "0.5\nyears=9"],
)
def test_a_value_from_a_browser_is_a_number_and_nothing_else(value: str) -> None:
    for path in ("assistance.openness", "policies.late-response.parameters.assistance.openness"):
        with pytest.raises(ScenarioError, match="a number"):
            scenario_of("seminar", (f"{path}={value}",))


@settings_of_hypothesis(max_examples=100)
@given(st.text(min_size=1), st.lists(st.text(min_size=1), max_size=3))
def test_a_copied_command_line_gives_its_words_and_nothing_to_the_shell(name: str, sets: list[str]) -> None:
    words = shlex.split(Choice(name, name, 7, 3, tuple(sets)).command(years=2))
    assert words[:5] == ["r2psim", "run", name, "--policy", name]
    assert [words[i + 1] for i, word in enumerate(words[5:], 5) if words[i - 1] != "--set" and word == "--set"] == sets


def test_the_command_line_of_a_comparison_is_quoted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "it's $(mine) & yours"
    mine.mkdir()
    shutil.copy("scenarios/seminar.toml", mine / "seminar.toml")
    monkeypatch.setattr(settings, "_now", replace(settings.current(), scenario=str(mine / "seminar.toml")))
    plan = Plan(str(mine / "seminar.toml"), ("late-response", "prevention"), moved=(("effect", 0.5),))
    words = shlex.split(plan.command())
    assert words[2] == str(mine / "seminar.toml")
    assert words[-4:] == ["--set", "assistance.effect_scale=0.5", "--no-controls", "--json"]


@pytest.mark.parametrize("search", ["&".join(f"a{i}=1" for i in range(61)), "scenario=%ff", "seed=%FF%FE"])
def test_an_address_that_cannot_be_read_is_refused_in_words(search: str) -> None:
    with pytest.raises(RefusedError, match="this address is not allowed"):
        choice_of(search)
    with pytest.raises(RefusedError, match=r"seed '9{30}' is not allowed"):
        choice_of("seed=" + "9" * 5000)


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


def test_a_form_tells_which_of_what_was_sent_is_answered(shown: Callable[..., Any]) -> None:
    told: list[dict[str, Any]] = []

    @solara.component
    def page() -> None:
        size, set_size = solara.use_state("1")

        def change(values: dict[str, Any]) -> None:
            told.append(values)
            set_size(values["size"])

        Form(
            label="Size", fields=[{"key": "size", "label": "Size", "kind": "text", "value": size}], event_change=change
        )

    (form,) = found(shown(page()), "fields")
    assert form.answered == 0
    form.vue_change({"": 1700000000001, "size": "2"})
    assert told == [{"size": "2"}], "the number is no field"
    assert (form.answered, form.fields[0]["value"]) == (1700000000001, "2")
    for number in (True, -1, 2**60, 1.5, "x", None):
        form.vue_change({"": number, "size": "3"})
        assert form.answered == 1700000000001 and form.fields[0]["value"] == "3"


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


def text_of(rc: Any) -> str:
    """Give all HTML that a page shows."""
    return "".join(w.html for w in found(rc, "html"))


def test_a_step_changes_the_page_and_a_state_shows_its_fourteen_factors(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, explore.Page, "/explore?seed=7")
    rc, watched = visit.rc, Watch(SEVEN)
    (player,) = found(rc, "target")
    before = text_of(rc)
    player.vue_go(1)
    assert player.month == 1
    assert text_of(rc) != before
    the_map = next(w for w in found(rc, "html") if "r2p-map" in w.html)
    the_map.vue_pick("state:drevna")
    page = text_of(rc)
    assert all(f"{i} " in page for i in range(1, 15)) and "fourteen risk factors" in page
    the_map.vue_pick("state:nowhere")
    the_map.vue_pick("event:99999999")
    assert text_of(rc) == page
    player.vue_go(12)
    watched.to(12)
    number = next(i for i, e in enumerate(watched.history.events) if e.kind == "trigger")
    the_map.vue_pick(f"event:{number}")
    assert watched.digest(12) in text_of(rc)
    assert "Why" in shown_by(rc).headings and not TAG.search(shown_by(rc).text)
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
        number = number_at(p.path, {})
        assert number is not None and field["help"] == about_number(number)
        assert p.unit in field["help"] and f"{p.high:g}" in field["help"] and p.label in field["help"]
    values = {f["key"]: f["value"] for f in form.fields} | {"assistance.openness": "0.75"}
    form.vue_change(values)
    assert asked == [SEVEN._replace(sets=("assistance.openness=0.75",))]


def test_every_number_of_every_form_can_be_set_in_explore(shown: Callable[..., Any]) -> None:
    asked: list[Choice] = []
    setting = scenario_of("seminar")
    rc = shown(Parameters(setting, SEVEN, asked.append))
    found(rc, "html")[0].vue_pick("parameters")
    groups = found(rc, "fields")[0]
    assert [name for name, _ in groups.fields[0]["options"]] == list(groups_of(setting))
    groups.vue_change({"group": "forms.mediation"})
    form = found(rc, "fields")[-1]
    by_key = {field["key"]: field for field in form.fields}
    field = by_key["forms.mediation.effects.to_atrocity.size"]
    assert (field["value"], field["low"], field["high"]) == ("0.75", 0.5, 1.0)
    assert "imminent risk to atrocity" in field["help"] and "assumption" in field["help"]
    form.vue_change({key: field["value"] for key, field in by_key.items()} | {field["key"]: "0.6"})
    assert asked == [SEVEN._replace(sets=("forms.mediation.effects.to_atrocity.size=0.6",))]
    effects = effects_by_path(scenario_of("seminar", asked[0].sets).forms)
    assert effects[field["key"]].size == 0.6


def test_a_changed_value_holds_under_a_policy_that_sets_it_and_that_is_said(shown: Callable[..., Any]) -> None:
    sets = ("challenges.will.strength=0.9",)
    setting = scenario_of("seminar", sets)
    rc = shown(Parameters(setting, SEVEN._replace(policy="prevention", sets=sets), lambda _: None))
    found(rc, "html")[0].vue_pick("parameters")
    found(rc, "fields")[0].vue_change({"group": "challenges"})
    (field,) = (f for f in found(rc, "fields")[-1].fields if f["key"] == "challenges.will.strength")
    assert field["value"] == "0.9"
    assert "takes the place of what is set by prevention (0.1)" in "".join(v.html for v in found(rc, "html"))


def test_every_effect_has_a_slider_over_its_range_that_sets_it_for_all_policies() -> None:
    setting = scenario_of("seminar")
    levers, start = effect_levers(setting), start_of(setting, "prevention")
    effects = effects_by_path(setting.forms)
    assert list(levers) == list(effects)
    for path, lever in levers.items():
        assert (lever.low, lever.high) == (effects[path].low, effects[path].high)
        assert 50 <= (lever.high - lever.low) / lever.step <= 126
        for policy in ("late-response", "prevention"):
            sets = sets_of(start | {path: lever.high}, start, policy, "prevention")
            if lever.high != effects[path].size:
                assert sets == (f"{path}={lever.high:g}",)
                scenario_of("seminar", sets)
    path = next(iter(levers))
    assert list(levers_of(setting, path)) == [*LEVERS, path]
    assert list(levers_of(setting, "forms.none.effects.killing.size")) == list(LEVERS)
    assert [field["key"] for field in fields(start, "prevention", setting, path)] == [*LEVERS, path, "also"]


def test_compare_with_the_slider_of_an_effect_has_the_settings_of_the_command_line() -> None:
    path = "forms.peacekeeping.effects.conflict_relapse.size"
    plan = Plan("seminar", ("late-response", "prevention"), moved=((path, 0.9),), also=path)
    assert [s.sets for s in settings_of(plan)] == [(f"{path}=0.9",)] * 2
    assert f"--set {path}=0.9" in plan.command()


def test_every_page_of_the_table_is_a_route_with_a_way_to_it() -> None:
    assert [route.path for route in pages.routes] == [entry.path for entry in (*pages.PAGES, *pages.UNLISTED)]
    assert pages.routes[0].layout is pages.Layout
    assert {"/", "compare"} <= {entry.path for entry in pages.PAGES}
