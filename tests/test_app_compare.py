"""Compare as a workbench: its address holds everything, and what it shows can be computed again and taken home."""

from __future__ import annotations

import csv
import json
import re
import shlex
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import pytest
import solara
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from page_reader import read, shown_by, widgets_with
from solara.routing import Router, router_context
from typer.testing import CliRunner

from r2psim.analysis.break_even_study import LEDGER_NAMES
from r2psim.analysis.findings import METRIC_NAMES, headline, ranged
from r2psim.analysis.ledgers import COST_LEDGERS
from r2psim.app import charts, compare, explore, sweep
from r2psim.app.following import Shown, shown_of
from r2psim.app.levers import LEVERS, effect_levers, start_of
from r2psim.app.own_policies import file_name, file_text, from_file, names_of
from r2psim.app.plans import EACH, Plan, changed, first_plan, plan_of, settings_of
from r2psim.app.runs import CURVES, Found, Setting, pool, setting_of
from r2psim.app.sweep import ASKED, Course, places_along
from r2psim.app.watch import Choice, RefusedError, Watch, choice_of
from r2psim.cli import app
from r2psim.ensemble.intervals import Interval
from r2psim.ensemble.measures import LEDGERS, METRICS
from r2psim.scenario import ScenarioError
from r2psim.scenario.posterior import UNCERTAINTIES, drawn_in

SECONDS = 60.0
PAIR = ("late-response", "prevention")
SEMINAR = setting_of("seminar", ())


def command(line: str) -> Any:
    """Run a command line that a page gave, and read its JSON."""
    done = CliRunner().invoke(app, shlex.split(line)[1:])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


class Visit:
    """A page under a router, as a browser has it: what it pushes is kept, and Back leads to what was before."""

    def __init__(self, shown: Callable[..., Any], page: Any, path: str) -> None:
        self.ways = [path]
        visit = self

        @solara.component
        def whole() -> None:
            way, self._set = solara.use_state(path)

            def push(to: str) -> None:
                visit.ways.append(to)
                self._set(to)

            router_context.provide(Router(way, [], push))
            page()

        self.rc = shown(whole())

    def idle(self) -> None:
        """Wait until what was asked for is drawn: a thread that brings runs may be drawing just then."""
        until = monotonic() + SECONDS
        while self.rc._is_rendering or self.rc._rerender_needed:
            assert monotonic() < until
            sleep(0.002)

    @property
    def text(self) -> str:
        self.idle()
        return shown_by(self.rc).text

    @property
    def search(self) -> str:
        return self.ways[-1].partition("?")[2]

    def back(self) -> None:
        self.ways.pop()
        self._set(self.ways[-1])
        self.idle()

    def tell(self, label: str, **values: Any) -> None:
        """Send what a form of this name holds, with these values changed."""
        form = next(w for w in widgets_with(self.rc, "fields") if w.label == label)
        form._handle_event(None, {"event": "change", "data": {f["key"]: f["value"] for f in form.fields} | values}, [])
        self.idle()

    def pick(self, key: str) -> None:
        """Press a button of the page."""
        view = next(w for w in widgets_with(self.rc, "html") if f'data-pick="{key}"' in w.html)
        view._handle_event(None, {"event": "pick", "data": key}, [])
        self.idle()

    def send(self, event: str, data: Any) -> None:
        """Send an event of the one widget that knows it."""
        widget = next(w for w in widgets_with(self.rc, "events") if event in w.events)
        widget._handle_event(None, {"event": event, "data": data}, [])
        self.idle()

    def field(self, label: str, key: str) -> Any:
        form = next(w for w in widgets_with(self.rc, "fields") if w.label == label)
        return next(f["value"] for f in form.fields if f["key"] == key)

    def settled(self, words: str) -> str:
        """Wait until the page says something, and give what it shows."""
        until = monotonic() + SECONDS
        while words not in (text := shown_by(self.rc).text):
            assert monotonic() < until, text[:600]
            sleep(0.05)
        # What was found may have been drawn before the rest of the page.
        self.idle()
        return shown_by(self.rc).text


def choice_then_watch(search: str) -> Any:
    """Open an address as Explore does."""
    return Watch(choice_of(search)[0])


# -- addresses ---------------------------------------------------------------------------------------------------------

effects = sorted(effect_levers(SEMINAR))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    names = list(SEMINAR.policies)
    chosen = draw(st.sets(st.sampled_from(names), min_size=2, max_size=4))
    policies = tuple(name for name in names if name in chosen)
    runs = draw(st.integers(2, 4000))
    plan = Plan(
        "seminar", policies, draw(st.integers(0, 2**64 - 1)), runs, baseline=draw(st.sampled_from(policies)),
        metric=draw(st.sampled_from(EACH)), run=draw(st.integers(-1, runs - 1)),
        along=draw(st.sampled_from(["", *LEVERS, effects[0]])),
        mapped=draw(st.sampled_from([(), ("effect",), ("share", "effect"), (effects[1], "budget")])),
        uncertainty=draw(st.sampled_from(list(UNCERTAINTIES))),
    )  # fmt: skip
    plan = Plan(**{**vars(plan), "of": draw(st.sampled_from(("", *plan.others)))})
    if plan.along:
        plan = Plan(**{**vars(plan), "along_in": draw(st.sampled_from(ASKED))})
    if draw(st.booleans()):
        doubted = draw(st.sampled_from(["", *drawn_in(SEMINAR, "all")]))
        plan = Plan(**{**vars(plan), "doubt": draw(st.sampled_from(ASKED)), "doubted": doubted})
    if plan.mapped:
        plan = Plan(**{**vars(plan), "pays": draw(st.sampled_from(list(LEDGER_NAMES)))})
    also = draw(st.sampled_from(["", effects[3]]))
    sliders = LEVERS | ({also: effect_levers(SEMINAR)[also]} if also else {})
    start = start_of(SEMINAR, plan.examined)
    moved = []
    for key, lever in sliders.items():
        steps = draw(st.integers(-1, round((lever.high - lever.low) / lever.step)))
        value = round(lever.low + lever.step * steps, 9)
        if steps >= 0 and abs(value - start[key]) > 1e-9:
            moved.append((key, value))
    return Plan(**{**vars(plan), "moved": tuple(moved), "also": also})


@settings_of_hypothesis(max_examples=60, deadline=None)
@given(plans())
def test_an_address_leads_to_what_it_was_made_from(plan: Plan) -> None:
    again = plan_of(plan.query())
    assert (again.query(), settings_of(again), again.command()) == (plan.query(), settings_of(plan), plan.command())
    assert (again.against, again.examined, again.metric, again.run, again.mapped, again.pays) == (
        plan.against, plan.examined, plan.metric, plan.run, plan.mapped, plan.pays
    )  # fmt: skip
    assert (again.doubt, again.doubted) == (plan.doubt, plan.doubted)
    assert (again.along, again.along_in, again.also, again.moved, again.uncertainty) == (
        plan.along, plan.along_in, plan.also, plan.moved, plan.uncertainty
    )  # fmt: skip


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("polices=a", "did you mean policies"),
        ("policies=late-response,preventoin", "did you mean prevention"),
        ("policies=prevention", "two to 4 policies"),
        ("baseline=balanced", "baseline 'balanced' is not allowed: one of late-response, prevention"),
        ("baseline=prevention&of=prevention", "of 'prevention' is not allowed: one of late-response"),
        ("scenario=/etc/passwd", "is not allowed: one of"),
        ("seed=-1", "a whole number from 0"),
        ("runs=1", "a whole number from 2 to"),
        ("runs=99999", "a whole number from 2 to"),
        ("runs=20&run=20", "run '20' is not allowed: a whole number from 0 to 19"),
        ("lever=effect:9", "a number from 0 to 2"),
        ("lever=effect:nan", "a number from 0 to 2"),
        ("lever=efect:1", "did you mean effect"),
        ("uncertainty=al", "uncertainty 'al' is not allowed: one of none, rates, effects, all .did you mean all"),
        ("uncertainty=posterior", "uncertainty 'posterior' is not allowed"),
        ("metric=kiled", "metric 'kiled' is not allowed: one of"),
        ("along=x", "along 'x' is not allowed"),
        (f"also={effects[0]}&lever={effects[1]}:0.9", "one effect at a time|a number from"),
        ("seed=1&seed=2", "seed is given 2 times"),
        ("scenario=%ff", "this address is not allowed"),
        ("&".join(f"a{i}=1" for i in range(70)), "this address is not allowed"),
    ],
)
def test_an_address_with_anything_that_is_not_known_is_refused_in_words(search: str, said: str) -> None:
    with pytest.raises((RefusedError, ScenarioError), match=said):
        plan_of(search)


def test_a_refused_address_shows_what_the_page_opens_with_and_says_so(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, compare.Page, "/compare?seed=x")
    text = visit.text
    assert "seed 'x' is not allowed" in text and "What is shown is what this page opens with" in text


def test_every_choice_changes_the_address_and_back_undoes_it(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, compare.Page, "/compare?seed=5&runs=8")
    visit.tell("Sliders", effect=0.5)
    visit.tell("What is compared", policies=[*PAIR, "balanced"], baseline="prevention", runs="9")
    plan = plan_of(visit.search)
    assert (plan.moved, plan.runs, plan.against, plan.seed) == ((("effect", 0.5),), 9, "prevention", 5)
    assert plan.policies == (*(p for p in SEMINAR.policies if p in (*PAIR, "balanced")),)
    visit.tell("Break-even", lever="budget", metric="deaths")
    assert (plan_of(visit.search).along, plan_of(visit.search).along_in) == ("budget", "deaths")
    visit.back()
    assert visit.field("Break-even", "lever") == ""
    visit.back()
    assert visit.field("What is compared", "policies") == list(PAIR) and visit.field("Sliders", "effect") == 0.5
    visit.back()
    assert visit.field("Sliders", "effect") == 1.0


def test_sliders_are_undone_and_done_again(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, compare.Page, "/compare?" + urlencode({"seed": 5, "runs": 6}))

    def possible() -> set[str]:
        html = next(w.html for w in widgets_with(visit.rc, "html") if 'data-pick="undo"' in w.html)
        found = re.findall(r"<button([^>]*)data-pick=\"(\w+)\"([^>]*)>", html)
        return {name for before, name, after in found if "disabled" not in before + after}

    assert possible() == set()
    visit.tell("Sliders", effect=0.5)
    visit.tell("Sliders", effect=0.5, budget=2.0)
    assert possible() == {"undo", "back"}
    visit.pick("undo")
    assert plan_of(visit.search).moved == (("effect", 0.5),) and possible() == {"undo", "replay", "back"}
    visit.pick("undo")
    assert plan_of(visit.search).moved == () and possible() == {"replay"}
    visit.pick("replay")
    visit.pick("replay")
    assert plan_of(visit.search).moved == (("budget", 2.0), ("effect", 0.5)) and possible() == {"undo", "back"}
    visit.pick("back")
    assert plan_of(visit.search).moved == () and possible() == {"undo"}
    visit.pick("undo")
    visit.tell("Sliders", effect=1.5, budget=1.0)
    assert possible() == {"undo", "back"}, "what is done anew takes the place of what was undone"
    visit.pick("undo")
    assert plan_of(visit.search).moved == (("budget", 2.0), ("effect", 0.5))
    visit.pick("replay")
    assert plan_of(visit.search).moved == (("effect", 1.5),)
    visit.tell("What is compared", scenario="insurgency")
    assert possible() == set()


def test_what_is_refused_leaves_the_address_as_it_was(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, compare.Page, "/compare?seed=5&runs=8")
    visit.tell("What is compared", seed="x")
    assert visit.search == "seed=5&runs=8" and "seed 'x' is not allowed" in visit.text
    visit.tell("What is compared", runs="1e9")
    assert visit.search == "seed=5&runs=8" and "a whole number from 2 to" in visit.text


def test_sliders_that_were_moved_never_go_along_into_another_scenario(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, compare.Page, "/compare?seed=5&runs=8&lever=effect:0.5&lever=share:0.3")
    visit.tell("What is compared", scenario="insurgency")
    assert plan_of(visit.search).moved == () and plan_of(visit.search).scenario == "insurgency"
    text = visit.text
    assert "does not go along to scenario insurgency: " in text and "effect of assistance, times" in text
    visit.back()
    assert visit.field("Sliders", "effect") == 0.5 and "does not go along" not in visit.text


def test_a_slider_of_one_policy_does_not_go_along_to_another_and_those_of_the_world_do() -> None:
    plan = plan_of("policies=late-response,balanced,prevention&lever=effect:0.5&lever=share:0.3")
    assert plan.examined == "prevention"
    found, left = changed({"of": "balanced"}, plan)
    assert found.moved == (("effect", 0.5),) and "share for prevention under prevention" in left
    assert changed({"runs": "20"}, plan) == (Plan(**{**vars(plan), "runs": 20}), "")


def test_explore_takes_no_changed_parameter_into_another_scenario(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, explore.Page, "/?scenario=seminar&policy=prevention&seed=5&set=assistance.openness%3D0.5")
    visit.tell("World", seed="6")
    assert "set=assistance.openness%3D0.5" in visit.search
    visit.tell("World", scenario="insurgency")
    assert "scenario=insurgency" in visit.search and "set=" not in visit.search
    assert "does not go along to insurgency: assistance.openness" in visit.text
    visit.back()
    assert "does not go along" not in visit.text


# -- the command line --------------------------------------------------------------------------------------------------


def line_of(text: str) -> str:
    """Find the command line in what a page shows: the last that it has, others may stand in its sentences."""
    return "r2psim compare " + text.rpartition("r2psim compare ")[2].partition("--json")[0] + "--json"


CALLED = {
    "episodes": ("episodes", "episodes a run"),
    "deaths": ("the number killed", "killed a run"),
    "prevention_and_response": ("the donors' bill", "spent by donors a run"),
    "total_cost": ("total cost", "of total cost a run"),
}


def agrees(sentence: str, differences: dict[str, Any]) -> None:
    """Insist that a sentence says of each difference what its interval allows, and no more."""
    assert "same budget" not in sentence and "same money" not in sentence
    sure, _, unsure = sentence.partition(" cannot be told apart")[0].rpartition("; ")
    if "cannot be told apart" not in sentence:
        sure, unsure = sentence, ""
    elif not sure:
        sure, unsure = "", unsure.partition(": ")[2]
    for metric, (name, noun) in CALLED.items():
        found = differences[metric]
        mean, low, high = found["mean"], found["low"], found["high"]
        if mean is None or (mean == low == high == 0.0):
            assert noun not in sure and name not in unsure
        elif low > 0.0 or high < 0.0:
            said, limits = ranged(metric, Interval(mean, low, high))
            assert f"{said} {noun} ({limits.removeprefix('95 %: ')})" in sure, (metric, sentence)
            assert name not in unsure
        else:
            limits = ranged(metric, Interval(mean, low, high))[1].removeprefix("95 %: ")
            assert f"{name} ({limits})" in unsure and noun not in sure, (metric, sentence)


@pytest.mark.parametrize(
    "search",
    [
        "seed=5&runs=11",
        "seed=3&runs=9&policies=late-response,balanced,prevention&baseline=balanced&lever=effect:0.5&lever=share:0.3",
        f"seed=2&runs=8&scenario=insurgency&lever={quote(effects[0])}:{effect_levers(SEMINAR)[effects[0]].low}",
        f"seed=4&runs=9&uncertainty=all&lever=share:0.3&lever={quote(effects[0])}:{effect_levers(SEMINAR)[effects[0]].low}",
        "seed=4&runs=9&uncertainty=rates",
    ],
)
def test_the_command_line_gives_the_same_numbers_with_as_many_runs_as_were_chosen(
    shown: Callable[..., Any], search: str
) -> None:
    visit = Visit(shown, compare.Page, f"/compare?{search}")
    plan = plan_of(search)
    text = visit.settled(f"{plan.runs} runs of each policy.")
    line = line_of(text)
    assert f"--runs {plan.runs} " in line
    found = pool()
    mine = compare.comparison_of(
        settings_of(plan), tuple(found.get(s) for s in settings_of(plan)), plan.runs, plan.against
    )  # fmt: skip
    told = command(line)
    # What is set beside published studies stands in sentences of its own.
    published = told.pop("published", None)
    assert (published is not None) == (told["uncertainty"] != "none") == ("IMF 2024: 26 to 103" in text)
    assert json.loads(json.dumps(mine.summary())) == told
    assert told["uncertainty"] == plan.uncertainty
    for policy in mine.others:
        assert told["against"][policy]["differences"]["deaths"]["mean"] is not None
    # What is told of each policy is what the numbers of the command line allow.
    for policy, sentence in compare.verdicts(mine, plan.examined).items():
        agrees(sentence, told["against"][policy]["differences"])
        visit.settled(sentence)


@settings_of_hypothesis(max_examples=60, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=4, max_size=4), st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_no_verdict_says_more_or_less_than_its_intervals(shifts: list[int], runs: int, seed: int) -> None:
    """Differences of any sign and size, told apart from none or not: each is told as it is."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(1e9, 1e10, (runs, len(METRICS)))
    other = base.copy()
    for metric, shift in zip(CALLED, shifts, strict=True):
        other[:, list(METRICS).index(metric)] += 1e8 * (shift + (rng.normal(size=runs) if shift else 0.0))
    plan = Plan("seminar", PAIR)
    found = tuple(
        Found(values, np.zeros((runs, 20, len(LEDGERS))), base, np.zeros((runs, 20, len(LEDGERS))))
        for values in (base, other)
    )
    made = compare.comparison_of(settings_of(plan), found, runs)
    differences = {m: made.summary()["against"]["prevention"]["differences"][m] for m in CALLED}
    agrees(compare.verdicts(made, "prevention")["prevention"], differences)


def test_policies_that_may_not_spend_alike_are_said_to_be_so(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, compare.Page, "/compare?seed=5&runs=8&policies=no-assistance,late-response,prevention")
    visit.settled("8 runs of each policy.")
    text = visit.settled("They may not spend alike: allotted a year are late-response US$")
    assert "no-assistance US$ 0" in text


def test_while_runs_are_on_their_way_the_command_line_has_as_many_as_are_shown() -> None:
    plan = first_plan()
    assert "--runs 16 " in plan.command(16) and f"--runs {plan.runs} " in plan.command()


def test_what_is_not_known_is_drawn_when_asked_and_told_in_every_verdict(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, compare.Page, "/compare?seed=5&runs=8&policies=late-response,balanced,prevention")
    text = visit.settled("8 runs of each policy.")
    assert "of luck alone" in text and "what is not known" not in text
    visit.tell("What is compared", uncertainty="all", run="3")
    assert plan_of(visit.search).uncertainty == "all"
    text = visit.settled("of luck and of what is not known")
    drawn = "(over what is not known of the calibrated rates and of the effects of assistance)."
    assert text.count(drawn) == 2, "of each policy that is told against the baseline"
    # Explore would run the same number without what it drew.
    visit.tell("Runs", run="3")
    assert "Explore cannot run it" in visit.text and "Watch under" not in visit.text
    visit.tell("What is compared", uncertainty="everything")
    assert "uncertainty 'everything' is not allowed: one of none, rates" in visit.text
    visit.tell("What is compared", uncertainty="none")
    assert plan_of(visit.search).uncertainty == "none" and "Watch under" in visit.settled("of luck alone")


# -- own policies ------------------------------------------------------------------------------------------------------

FILE = """schema = 1
extends = "seminar"
[policies.mine]
description = "More mediation, and a reserve."
[policies.mine.parameters]
assistance.prevention_share = 0.4
principles.prevention.reserve = 0.5
[policies.mine.budgets]
good-offices = 3.0
[policies.mine.shares.stages]
threat = 0.25
[policies.mine.shares.forms]
mediation = 0.2
"""
SCENARIOS = ("insurgency", "seminar")


def test_policies_built_in_the_browser_and_their_file_give_the_same_digests(
    shown: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = Visit(shown, compare.Page, "/compare?seed=5&runs=8&lever=effect:0.5")
    visit.pick("build")
    visit.tell("Begin with", start="balanced")
    assert visit.field("Money and reserve", "parameters.assistance.prevention_share") == "0.2"
    visit.tell("Money and reserve", **{"parameters.assistance.prevention_share": "0.4"})
    visit.tell("Stages", **{"shares.stages.threat": "0.25"})
    visit.tell("Forms", **{"shares.forms.mediation": "0.2", "shares.forms.media": "0.1"})
    visit.tell("Bodies", **{"budgets.good-offices": "3"})
    visit.tell("Principles", **{"parameters.principles.harm.screening": "0.9"})
    assert "So far 30 %" in visit.text
    visit.tell("Own policy", name="mine", description="Mediation first.")
    plan = plan_of(visit.search)
    assert names_of(plan.own) == ("mine",) and plan.examined == "mine" and plan.moved == (("effect", 0.5),)
    spec = setting_of("seminar", (), plan.own).policies["mine"]
    assert spec.parameters == {
        "assistance.prevention_share": 0.4, "principles.prevention.reserve": 0.4,
        "principles.harm.screening": 0.9, "challenges.will.strength": 0.5,
    }  # fmt: skip
    assert (spec.budgets, spec.shares["stages"]) == ({"good-offices": 3.0}, {"threat": 0.25})
    assert spec.shares["forms"] == {"mediation": 0.2, "media": 0.1}
    # The file that is saved is what the command line takes, and what can be uploaded again.
    file = tmp_path / file_name("seminar", plan.own)
    file.write_text(file_text("seminar", plan.own), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert from_file(file.read_text(encoding="utf-8"), file.name, SCENARIOS) == ("seminar", plan.own)
    text = visit.settled("8 runs of each policy.")
    line = line_of(text)
    assert f"r2psim compare {file.name} " in line and "'Download policies'" in text
    told = command(line)
    mine = compare.comparison_of(
        settings_of(plan), tuple(pool().get(s) for s in settings_of(plan)), plan.runs, plan.against
    )  # fmt: skip
    assert {**json.loads(json.dumps(mine.summary())), "scenario": file.stem} == told
    choice = Choice("seminar", "mine", 5, 3, ("assistance.effect_scale=0.5",), plan.own)
    watch = Watch(choice)
    watch.to(24)
    digest = watch.digest(24)
    watch.close()
    other = Watch(choice._replace(policy="balanced"))
    other.to(24)
    assert digest == command(choice.command(years=2))["sha256"] != other.digest(24)
    other.close()


def test_a_file_that_is_uploaded_is_compared_and_one_that_is_refused_says_where(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, compare.Page, "/compare?seed=5&runs=8")
    visit.send("file", {"name": "mine.toml", "text": FILE})
    plan = plan_of(visit.search)
    assert (plan.examined, plan.against) == ("mine", "late-response") and "mine" in plan.policies
    before = visit.search
    visit.send("file", {"name": "bad.toml", "text": FILE.replace("mediation", "meditation")})
    assert visit.search == before
    assert "bad.toml:13: policies.mine.shares.forms.meditation" in visit.text
    assert "did you mean mediation" in visit.text
    for junk in (None, 7, {"text": 3}, {"name": ["a"], "text": {"a": 1}}):
        visit.send("file", junk)
        assert visit.search == before
    # Own policies stay with the scenario that they were built for, and that is said.
    visit.tell("What is compared", scenario="insurgency")
    assert plan_of(visit.search).own == "" and "policy mine" in visit.text
    visit.back()
    visit.pick("build")
    visit.pick("drop:mine")
    assert plan_of(visit.search).own == "" and plan_of(visit.search).policies == PAIR


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILE.replace('"seminar"', '"/etc/passwd"'), 'extends: "/etc/passwd" is not allowed: one of'),
        (FILE.replace('"seminar"', '"../scenarios/seminar.toml"'), "a path of a file is none here"),
        (FILE.replace('"seminar"', '"semina"'), "did you mean seminar"),
        (FILE.replace('extends = "seminar"\n', ""), "extends: nothing is not allowed"),
        (FILE + "[parameters]\nassistance.openness = 0.9\n", "one of the keys schema, extends, policies"),
        (FILE + "[states.halvern]\npopulation = 1\n", "one of the keys schema, extends, policies"),
        ("years = 200\n" + FILE, "one of the keys schema, extends, policies"),
        (FILE.replace("policies.mine", "policies.late-response"), "a name of its own"),
        (FILE + "[policies.prevention]\nremove = true\n", "a name of its own"),
        (FILE + "[policies.other]\nremove = true\n", "policies.other.remove"),
        (FILE.replace("policies.mine", "policies.Mine"), "policies.Mine"),
        (FILE.replace("= 0.2\n", "= 1.2\n"), "policies.mine.shares.forms.mediation: 1.2 is not allowed"),
        (FILE + "media = 0.9\n", "shares that sum to at most 1"),
        (FILE.replace("= 0.2\n", "= nan\n"), "policies.mine.shares.forms.mediation"),
        (FILE.replace("= 0.2\n", "= 1" + "0" * 5000 + "\n"), "a number has too many digits"),
        (FILE + "x = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        (FILE + "# " + "x" * 16_000, "too large for a file of policies"),
        ("schema = 1\nextends = 'seminar'\n" + "".join(f"[policies.p{i}]\n" for i in range(4)), "one to 3 policies"),
        ("schema = 1\nextends = 'seminar'\npolicies = 3\n", "one to 3 policies"),
        ("schema = 1\nextends = 'seminar'\n[policies]\nmine = 3\n", "policies.mine: 3 is not allowed"),
        (FILE.replace("More mediation", "x" * 3900), ""),
        (FILE.replace("schema = 1", "schema = 2"), "schema: 2 is not allowed"),
        ("\x00", "not valid TOML"),
    ],
)
def test_a_file_of_policies_reads_no_other_file_and_changes_nothing_else(text: str, said: str) -> None:
    if not said:
        assert from_file(text, "a.toml", SCENARIOS)[0] == "seminar"
        return
    with pytest.raises(ScenarioError, match=re.escape(said)) as error:
        from_file(text, "a.toml", SCENARIOS)
    assert "a.toml" in str(error.value)


@pytest.mark.parametrize(
    "own",
    ["{", "[]", "3", '{"mine":NaN}', '{"mine":{"x":1}}', '{"late-response":{}}', "[" * 4000, "x" * 7000,
     '{"mine":{"shares":{"forms":{"mediation":1e999}}}}', '{"a":{},"b":{},"c":{},"d":{}}',
     '{"mine":{"remove":true}}', '{"mine":{"parameters":{"assistance":{"budget_scale":1e9}}}}'],
)  # fmt: skip
@pytest.mark.parametrize("read", [plan_of, choice_then_watch])
def test_policies_of_an_address_are_checked_like_those_of_a_file(own: str, read: Callable[[str], Any]) -> None:
    with pytest.raises(ScenarioError):
        read(urlencode({"own": own}))


def test_policies_of_one_browser_are_no_others(shown: Callable[..., Any]) -> None:
    one, other = (Visit(shown, compare.Page, "/compare?seed=5&runs=8") for _ in range(2))
    one.send("file", {"name": "mine.toml", "text": FILE})
    assert "mine" in plan_of(one.search).policies
    assert "policy mine" not in other.text and "(none yet)" in other.text and other.search == "seed=5&runs=8"
    assert "mine" not in setting_of("seminar", ()).policies


# -- what is taken home ------------------------------------------------------------------------------------------------


def table_of(text: str) -> list[dict[str, str]]:
    """Read CSV."""
    return list(csv.DictReader(text.splitlines()))


def test_every_figure_has_its_numbers_as_csv(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, compare.Page, "/compare?seed=5&runs=12&policies=late-response,balanced,prevention&run=3")
    plan = plan_of(visit.search)
    visit.settled("12 runs of each policy.")
    found = tuple(pool().get(s) for s in settings_of(plan))
    comparison = compare.comparison_of(settings_of(plan), found, 12, plan.against)
    visit.settled(compare.verdicts(comparison, "prevention")["prevention"])
    names = [n for w in widgets_with(visit.rc, "html") for n in re.findall(r'data-figure="([^"]+)"', w.html)]
    fans, returned = [f"fan-{name}" for name in CURVES], [f"return-{name}" for name in comparison.others]
    assert names == [*fans, "differences", "ledgers", *returned, "runs"]
    got = {}
    for name in names:
        visit.send("ask", f"csv:{name}")
        answer = next(w for w in widgets_with(visit.rc, "answer") if not w.only).answer
        assert answer["file"] == f"seminar-prevention-{name}.csv"
        got[name] = table_of(answer["content"])
    told = command(plan.command())["against"]["prevention"]["differences"]
    assert [row["metric"] for row in got["differences"]] == list(METRIC_NAMES)
    for row in got["differences"]:
        for key in ("mean", "low", "high"):
            assert row[key] == ("" if told[row["metric"]][key] is None else repr(told[row["metric"]][key]))
    runs = comparison.difference("deaths", "prevention")
    assert [float(row["difference"]) for row in got["runs"]] == runs.tolist()
    for policy in plan.policies:
        total = next(row for row in got["ledgers"] if row["ledger"] == "total_cost")[policy]
        assert float(total) == comparison.values(policy, "total_cost").mean()
        last = [row for row in got["fan-monthly_deaths"] if row["policy"] == policy][-1]
        assert float(last["mean"]) == pytest.approx(comparison.values(policy, "deaths").mean(), rel=1e-5)
        assert float(last["q05"]) <= float(last["q25"]) <= float(last["q75"]) <= float(last["q95"])
        assert int(last["month"]) == 240
    saved = comparison.returns("prevention", COST_LEDGERS["all"].parts).harm_avoided
    assert saved is not None
    assert float(got["return-prevention"][-1]["harm_avoided_mean"]) == saved.mean
    for junk in ("csv:", "csv:../x", "csv:fan-x", "csv:return-nobody", "x", None, 3, {}):
        before = next(w for w in widgets_with(visit.rc, "answer") if not w.only).answer
        visit.send("ask", junk)
        after = next(w for w in widgets_with(visit.rc, "answer") if not w.only).answer
        assert after == before or after["content"] == ""


def test_the_page_becomes_a_report_that_needs_nothing_else(shown: Callable[..., Any]) -> None:
    visit = Visit(shown, compare.Page, f"/compare?{urlencode({'seed': 5, 'runs': 8, 'own': OWN, **CHOSEN})}")
    plan = plan_of(visit.search)
    visit.settled("8 runs of each policy.")
    visit.send("ask", "report")
    saver = next(w for w in widgets_with(visit.rc, "answer") if not w.only)
    until = monotonic() + SECONDS
    while not saver.answer:
        assert monotonic() < until
        sleep(0.05)
    html = saver.answer["content"]
    assert saver.answer["file"] == "seminar-mine.html" and "<title>Mine instead of late-response</title>" in html
    found = tuple(pool().get(s) for s in settings_of(plan))
    comparison = compare.comparison_of(settings_of(plan), found, 8, plan.against)
    said = " ".join(read(html.partition("<body>")[2].partition("</body>")[0]).text.split())
    assert headline(comparison, "mine").replace("\N{NO-BREAK SPACE}", " ") in said.replace("\N{NO-BREAK SPACE}", " ")
    assert plan.command() in said and "[policies.mine.shares.forms]" in said
    assert not re.search(r'(src|href)="(?!data:|#)', html) and "<script" not in html
    assert html.count("data:image/png;base64,") >= 2


OWN = '{"mine":{"shares":{"forms":{"mediation":0.2}}}}'
CHOSEN = {"policies": "late-response,prevention,mine", "of": "mine"}


# -- refinement, ticks -------------------------------------------------------------------------------------------------


COUNTS = ("monthly_atrocity_entries", "states_stage_4")


def made_up(runs: int) -> tuple[tuple[Setting, ...], tuple[Found, ...]]:
    """Give results in which no two runs and no two months are alike: the most that figures take to send."""
    rng = np.random.default_rng(1)
    found = []
    for _ in PAIR:
        values = rng.lognormal(20.0, 2.0, (runs, len(METRICS)))
        ledgers = rng.lognormal(20.0, 2.0, (runs, 20, len(LEDGERS)))
        curves = {name: np.cumsum(rng.lognormal(8.0, 2.0, (runs, 81)), axis=1).astype(np.float32) for name in CURVES}
        # Counts are few.
        curves |= {name: np.cumsum(rng.uniform(size=(runs, 81)) < 0.1, axis=1).astype(np.float32) for name in COUNTS}
        found.append(Found(values, ledgers, values * 0.9, ledgers * 0.9, curves))
    return settings_of(Plan("seminar", PAIR)), tuple(found)


def test_a_refinement_to_a_thousand_runs_sends_less_than_a_megabyte() -> None:
    settings, found = made_up(1000)
    steps = sorted({shown_of(there, 1000) for there in range(1001)} - {0})
    assert steps == [6, 12, 24, 48, 96, 192, 384, 768, 1000]
    sent = 0
    for runs in steps:
        drawn = compare.FIGURES.of(Shown(settings, runs, found), Plan("seminar", PAIR))
        each = charts.each_run(drawn.comparison, "deaths", "prevention", None)
        made = (drawn.words, *drawn.fans.values(), drawn.apart, *drawn.later(), each)
        sent += sum(len(html.encode()) for html in made)
    assert 200_000 < sent < 1_000_000, sent


def test_what_is_looked_at_first_is_shown_before_the_rest_is_drawn(
    shown: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict waits for no sentence below it; what is of before is dimmed, and nothing says that all is there."""
    visit = Visit(shown, compare.Page, "/compare?seed=15&runs=6")
    visit.settled("6 runs of each policy.")
    go, sentences = threading.Event(), compare._sentences

    def slow(comparison: Any) -> Any:
        assert go.wait(SECONDS)
        return sentences(comparison)

    monkeypatch.setattr(compare, "_sentences", slow)
    visit.tell("Sliders", effect=0.4)
    plan = plan_of(visit.search)
    until = monotonic() + SECONDS
    while min(pool().get(s).runs for s in settings_of(plan)) < 6:
        assert monotonic() < until
        sleep(0.02)
    found = tuple(pool().get(s) for s in settings_of(plan))
    said = compare.verdicts(compare.comparison_of(settings_of(plan), found, 6), "prevention")["prevention"]
    while said not in (text := shown_by(visit.rc).text):
        assert monotonic() < until
        sleep(0.02)
    assert "6 runs of each policy." not in text and "refined up to 6 runs" in text
    stale = [w for w in widgets_with(visit.rc, "class_") if w.class_ == "r2p-results r2p-stale"]
    assert len(stale) == 1, "below, and not what is new"
    go.set()
    visit.settled("6 runs of each policy.")
    assert not [w for w in widgets_with(visit.rc, "class_") if w.class_ and "r2p-stale" in w.class_]


@settings_of_hypothesis(max_examples=80, deadline=None)
@given(st.floats(0.01, 9e8))
def test_ticks_are_round_numbers_and_reach_as_high_as_what_is_drawn(highest: float) -> None:
    values = {name: np.full((2, 81), highest if name == "monthly_deaths" else 7.0) for name in CURVES}
    curves = dict.fromkeys(PAIR, values)
    drawn = str(charts.fans(curves, 240)["monthly_deaths"])
    said = re.findall(r'text-anchor="end"[^>]*>([^<]+)<', drawn)
    said = [text for text in said if "year" not in text]
    numbers = [float(t.partition(" ")[0].replace(",", "")) * (1e6 if "million" in t else 1e9 if "billion" in t else 1)
               for t in said]  # fmt: skip
    # After those of the axis come the years at the end of each half.
    *ticks, one, other = numbers
    assert one == other == 20.0
    step = ticks[1]
    assert ticks == pytest.approx([k * step for k in range(len(ticks))], rel=1e-6)
    assert f"{step:.0e}"[0] in "125" and float(f"{step:.0e}") == pytest.approx(step)
    assert 1 < len(ticks) <= 5 and ticks[-1] >= highest * 0.999


def test_what_is_gone_along_is_set_at_every_place_also_where_it_starts() -> None:
    """Elsewhere no draw touches it, and no policy has a value of its own: it must not be otherwise where it starts."""
    plan = plan_of("seed=4&runs=9&uncertainty=all")
    start = start_of(SEMINAR, plan.examined)
    now = Course(settings_of(plan), plan.examined, plan.against, start, start)
    for key in ("effect", "share", effects[0]):
        lever = {**LEVERS, **effect_levers(SEMINAR)}[key]
        at, places = sweep._settings(lever, now)
        assert start[key] in at or key != "effect"
        for value, pair in zip(at, places, strict=True):
            sets = [text for setting in pair for text in setting.sets]
            assert [float(text.partition("=")[2]) for text in sets] == [value] * (1 if lever.own else 2)
            assert all(setting.uncertainty == "all" for setting in pair)


@pytest.mark.parametrize(("key", "at"), [("effect", [0, 0.5, 1, 1.5, 2]), ("share", [0, 0.2, 0.4, 0.6, 0.8, 1])])
def test_places_along_a_slider_are_round_numbers(key: str, at: list[float]) -> None:
    lever = LEVERS[key]
    assert places_along(lever.low, lever.high).tolist() == at
    for lever in [*LEVERS.values(), *effect_levers(SEMINAR).values()]:
        places = places_along(lever.low, lever.high)
        assert (places[0], places[-1]) == (lever.low, lever.high) and 4 <= len(places) <= 9
        assert (np.diff(places) > 0.0).all()
