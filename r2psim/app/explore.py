"""Explore: one world, month by month, as the Mesa model runs it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import solara

from r2psim.app import panels
from r2psim.app.inputs import Parameters, told, world_fields, world_from
from r2psim.app.own_policies import file_name, names_of
from r2psim.app.page_parts import Markup, element
from r2psim.app.symbols import stage_key, trigger_key
from r2psim.app.timeline import cursor, draw_timeline
from r2psim.app.watch import Choice, RefusedError, Watch, choice_of
from r2psim.app.widgets import Form, Player, View
from r2psim.app.world_map import draw_map, patch_map
from r2psim.scenario import ScenarioError
from r2psim.scenario.specs import PRESENT

__all__ = ["Page"]

LONGEST_ANSWER = 0.8
"""Seconds that one answer runs months for; a longer way is gone in several, so that it can be seen and left."""

ALL = "all states"

HOW = (
    "Pick a state on the map or in the list to see its risk factors, its groups and the assistance that it gets. "
    "Pick an event to see why it happened."
)


@solara.component
def Page() -> None:
    """Show the world that the address names."""
    solara.Title("Explore - r2psim")
    router = solara.use_router()
    problem, set_problem = solara.use_state("")

    def opened() -> tuple[Watch | None, int, str]:
        try:
            choice, month = choice_of(router.search)
            return Watch(choice), month, ""
        except (RefusedError, ScenarioError) as error:
            return None, 0, str(error)

    watch, month, refused = solara.use_memo(opened, [router.search])
    solara.use_effect(lambda: watch.close if watch is not None else None, [watch])

    left, set_left = solara.use_state(("", ""))

    def run(choice: Choice) -> None:
        ask(lambda: choice)

    def start(values: dict[str, Any], now: Choice) -> Choice:
        """Read the world that is asked for: what was changed in one scenario does not go along into another."""
        wanted = world_from(values, now.sets, now.own)
        if wanted.scenario == now.scenario or not (now.sets or now.own):
            return wanted
        wanted = wanted._replace(sets=(), own="")
        if now.own and wanted.policy in names_of(now.own):
            wanted = wanted._replace(policy=PRESENT)
        names = ", ".join([*(text.partition("=")[0] for text in now.sets), *names_of(now.own)])
        note = f"What was changed in {now.scenario} does not go along to {wanted.scenario}: {names}. Back undoes it."
        set_left((wanted.query(), note))
        return wanted

    def ask(chosen: Callable[[], Choice]) -> None:
        try:
            choice = chosen()
            Watch(choice).close()
        except (RefusedError, ScenarioError) as error:
            set_problem(str(error))
            return
        set_problem("")
        router.push(f"/?{choice.query()}")

    View(html=element("h1", "Explore one world"))
    if watch is None:
        told(refused)
        Form(label="World", fields=world_fields(Choice("seminar", "late-response"), None), action="Run this world",
             event_change=lambda values: ask(lambda: world_from(values, ())))  # fmt: skip
        return
    choice = watch.choice
    Form(
        label="World",
        fields=world_fields(choice, watch.setting),
        action="Run this world",
        event_change=lambda values: ask(lambda: start(values, choice)),
    )
    told(problem)
    View(html=element("p", left[1], class_="r2p-note", role="status") if left[0] == router.search else Markup())
    if watch.setting.real_names:
        View(html=element("p", watch.setting.description, class_="r2p-note"))
    World(watch, month).key(router.search or "start")
    Parameters(watch.setting, choice, run)


@solara.component
def World(watch: Watch, first: int) -> None:
    """Show a world that is watched."""
    month, set_month = solara.use_state(0)
    target, set_target = solara.use_state(first)
    answer, set_answer = solara.use_state(0)
    state, set_state = solara.use_state("")
    event, set_event = solara.use_state(-1)
    body, set_body = solara.use_state("")

    def go(wanted: Any) -> None:
        wanted = int(wanted)
        began = perf_counter()
        reached = watch.to(wanted, lambda _: perf_counter() - began < LONGEST_ANSWER)
        set_month(reached)
        set_target(min(wanted, watch.months))
        set_answer(lambda n: n + 1)

    solara.use_effect(lambda: go(first) if first else None, [])

    def pick(name: str) -> None:
        kind, _, key = name.partition(":")
        if kind == "state" and key in watch.history.world.states:
            set_state("" if key == state else key)
        elif kind == "body" and key in watch.history.world.bodies:
            set_body("" if key == body else key)
        elif kind == "event" and key.isdigit() and int(key) < len(watch.history.events):
            set_event(-1 if int(key) == event else int(key))

    # Whoever comes back to a world that was let go finds it where it was.
    month = watch.to(month)
    Player(month=month, months=watch.months, target=target, answer=answer, event_go=go)
    picked = f"event:{event}" if event >= 0 else None
    selected = state or None
    with solara.v.Html(tag="div", class_="r2p-columns"):
        with solara.v.Html(tag="div", class_="r2p-wide"):
            View(html=panels.sums(watch.history, month))
            Map(watch, month, selected, pick)
            View(html=stage_key())
            Time(watch, month, selected, picked, pick)
            View(html=trigger_key())
            _Digest(watch, month)
        with solara.v.Html(tag="div", class_="r2p-narrow"):
            _Side(watch, month, selected, event, pick, set_state)
    payments = watch.paid(month)
    if selected is not None:
        View(html=panels.state_detail(watch.history, month, selected, watch.setting, payments))
    View(
        html=element("h2", "Who assists") + panels.bodies(watch.history, month, payments, body or None), event_pick=pick
    )
    if body:
        View(html=panels.programmes(watch.history, body, watch.setting, payments))


@solara.component
def Map(watch: Watch, month: int, selected: str | None, pick: Any) -> None:
    """Show the map; a month changes only the marks on it."""
    drawn = solara.use_memo(lambda: draw_map(watch.history.world), [watch])
    View(html=drawn, patch=patch_map(watch.history, month, selected), event_pick=pick)


@solara.component
def Time(watch: Watch, month: int, selected: str | None, picked: str | None, pick: Any) -> None:
    """Show the time line; going back moves only the line of the month shown."""
    reached = watch.reached
    drawn = solara.use_memo(
        lambda: draw_timeline(watch.history, watch.months, selected, picked), [watch, reached, selected, picked]
    )
    View(html=drawn, patch=cursor(month, watch.months), event_pick=pick)


@solara.component
def _Side(watch: Watch, month: int, selected: str | None, event: int, pick: Any, set_state: Any) -> None:
    """Show why an event happened, a state, and what happened."""
    grave, set_grave = solara.use_state("grave")
    if 0 <= event < len(watch.history.events):
        View(html=panels.why(watch.history, event))
    states = [("", ALL), *panels.state_list(watch.history, month)]

    def chosen(values: dict[str, Any]) -> None:
        key = str(values.get("state", ""))
        set_state(key if key in watch.history.world.states else "")
        set_grave("grave" if values.get("events") == "grave" else "all")

    Form(
        label="What to look at",
        fields=[
            {"key": "state", "label": "State", "kind": "select", "options": states, "value": selected or ""},
            {
                "key": "events",
                "label": "What happened",
                "kind": "select",
                "value": grave,
                "options": [("grave", "conflict, imminent risk and atrocity"), ("all", "everything")],
            },
        ],
        event_change=chosen,
    )
    place = watch.history.world.names[selected] if selected else ALL
    View(
        html=element("h2", f"What happened: {place}")
        + panels.event_list(watch.history, month, selected, grave == "grave", f"event:{event}"),
        event_pick=pick,
    )
    if selected is None:
        View(html=element("p", HOW, class_="r2p-note"))
    else:
        View(html=panels.state_panel(watch.history, month, selected))


@solara.component
def _Digest(watch: Watch, month: int) -> None:
    """Tell how to compute the same on the command line."""
    digest = watch.digest(month)
    years = month // 12
    said = watch.choice.command(years=None if month == watch.months else years)
    own = watch.choice.own
    beside = f", beside the file {file_name(watch.choice.scenario, own)} that Compare offers" if own else ""
    same = (
        element("p", f"The same on the command line{beside}: ", element("code", said), class_="r2p-note")
        if digest and years and month % 12 == 0
        else element(
            "p", "At the end of a year the command line that computes the same is shown here.", class_="r2p-note"
        )
    )
    code = element("code", digest or "shown at the end of a year", data_id="digest")
    mark = element("p", "Digest of every variable of every month so far: ", code, class_="r2p-note")
    View(html=mark + same)
