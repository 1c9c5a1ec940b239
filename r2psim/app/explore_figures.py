"""The figures of Explore: maps, time lines, one state over time and in many runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import solara

from r2psim.analysis.parting import Parting
from r2psim.app import panels
from r2psim.app.address import Place, event_of, runs_of
from r2psim.app.course import draw_course, panels_of, patch_course
from r2psim.app.following import Shown
from r2psim.app.inputs import told
from r2psim.app.often import Often
from r2psim.app.page_parts import Markup, element, pick
from r2psim.app.reserved_seeds import why_not
from r2psim.app.saving import saved
from r2psim.app.timeline import cursor, draw_timeline
from r2psim.app.watch import RefusedError, Watch
from r2psim.app.widgets import Form, View
from r2psim.app.world_map import FEW, ZOOMS, draw_map, patch_map, patch_zoom, zoomed
from r2psim.world.build import World

__all__ = ["Course", "Frequency", "Maps", "Time", "apart"]

MANY = 200
"""Runs of which it is told how often it comes to what, where nobody has chosen another number."""


@solara.component_vue("centre.vue")
def _Centre(within: str, at: str, turn: str) -> None:
    """Bring what is chosen into the middle of what is scrolled; again whenever ``turn`` changes."""


def apart(worlds: Sequence[Watch], k: int) -> tuple[str, str]:
    """Give the policy of a world where there are two, and what tells the ids of its parts from those of the other."""
    return (worlds[k].choice.policy, "-beside" if k else "") if len(worlds) > 1 else ("", "")


@solara.component
def Maps(worlds: list[Watch], month: int, selected: str | None, take: Callable[[str], None]) -> None:
    """Show the sums and the map of each world; a month changes only the marks on a map."""
    zoom, set_zoom = solara.use_state(ZOOMS[0])
    world = worlds[0].history.world
    large = len(world.states) > FEW

    def chosen(values: dict[str, Any]) -> None:
        if str(values.get("zoom", "")) in map(str, ZOOMS):
            set_zoom(int(values["zoom"]))
        name = str(values.get("find", "")).strip().lower()
        found = [key for key in world.states if name in (key.lower(), world.names[key].lower())]
        if name and found and found[0] != selected:
            take(f"state:{found[0]}")

    if large:
        names = sorted(world.names[key] for key in world.states)
        Form(
            label="Find on the map",
            fields=[
                {"key": "find", "label": "Find a state", "kind": "text",
                 "value": world.names[selected] if selected else "", "options": [(name, name) for name in names],
                 "help": "Its name; those that fit are offered."},
                {"key": "zoom", "label": "Map", "kind": "select", "value": str(zoom),
                 "options": [(str(k), "whole" if k == 1 else f"{k} times as large") for k in ZOOMS]},
            ],
            event_change=chosen,
        )  # fmt: skip
    with solara.v.Html(tag="div", class_="r2p-pair" if len(worlds) > 1 else "r2p-one"):
        for k, watch in enumerate(worlds):
            with solara.v.Html(tag="div", class_="r2p-side"):
                policy, suffix = apart(worlds, k)
                View(html=element("h2", f"Under {policy}") if policy else Markup())
                View(html=panels.sums(watch.history, month))
                _Map(watch, month, selected, zoom, f"map{suffix}", take)
    if large:
        _Centre(within=".r2p-zoom", at=f"[data-id='{selected}']" if selected else "", turn=f"{selected} {zoom}")


@solara.component
def _Map(watch: Watch, month: int, selected: str | None, zoom: int, name: str, take: Callable[[str], None]) -> None:
    drawn = solara.use_memo(lambda: saved(name, f"the {name}", zoomed(draw_map(watch.history.world))), [watch, name])
    View(html=drawn, patch=patch_map(watch.history, month, selected) | patch_zoom(zoom), event_pick=take)


@solara.component
def Time(
    watch: Watch, month: int, selected: str | None, event: str, of: int, parted: Parting | None, take: Any
) -> None:
    """Show the time line of a world; going back moves only the line of the month shown."""
    reached = watch.reached
    prefix = f"event:{event_of(of, 0)[:-1]}"
    picked = f"event:{event}" if event else None
    part = parted.happened if parted is not None else None
    name = "time-line-beside" if of else "time-line"

    def drawn() -> Markup:
        line = draw_timeline(watch.history, watch.months, selected, picked, prefix, part)
        return saved(name, f"the {name.replace('-', ' ')}", element("div", line, class_="r2p-line"))

    made = solara.use_memo(drawn, [watch, reached, selected, picked, prefix, part])
    if parted is not None:
        View(html=element("h2", f"Under {watch.choice.policy}"))
    View(html=made, patch=cursor(month, watch.months), event_pick=take)


@solara.component
def Course(worlds: list[Watch], month: int, state: str) -> None:
    """Show one state over time; a month moves only a line."""
    reached = [world.reached // 3 for world in worlds]
    policies = [world.choice.policy for world in worlds]
    found = solara.use_memo(lambda: panels_of(worlds, state), [*worlds, *reached, state])
    drawn = solara.use_memo(lambda: draw_course(found, policies, worlds[0].months), [*worlds, *reached, state])
    names = worlds[0].history.world.names
    head = element("h2", f"{names[state]} over time", id="course")
    View(
        html=head + saved("course", f"{names[state]} over time", drawn),
        patch=patch_course(month, worlds[0].months, len(found)),
    )


@solara.component
def Frequency(
    worlds: list[Watch],
    place: Place,
    move: Callable[[Place], None],
    take: Callable[[str], None],
    many: dict[str, Any],
) -> None:
    """Tell in how many of many runs it comes to each stage in a state, where somebody asks for it."""
    problem, set_problem = solara.use_state("")
    state, policies = place.state, tuple(world.choice.policy for world in worlds)
    names = worlds[0].history.world.names
    reserved = why_not(worlds[0].choice.seed)

    def choose(text: str) -> None:
        try:
            runs = runs_of(text)
        except RefusedError as error:
            set_problem(str(error))
            return
        set_problem("")
        move(place._replace(runs=runs))

    def keep(shown: Shown, built: World) -> None:
        many["shown"] = shown, built

    View(html=element("h2", f"{names[state]} in many runs", id="many"))
    if reserved:
        told(reserved)
    elif not place.runs:
        words = f"This is one run. In how many of {MANY} does it come to which stage, and when? "
        ask = pick("many:", f"Run this world {MANY} times", class_="r2p-button")
        View(html=element("p", words, ask), event_pick=take)
    else:
        told(problem)
        Often(worlds[0], policies, state, place.runs, choose, keep)
