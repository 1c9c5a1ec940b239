"""A world that is watched, and perhaps another one beside it: the clock, and everything that follows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

import solara

from r2psim.analysis.parting import Parting, parting
from r2psim.analysis.summary import date
from r2psim.app import panels
from r2psim.app.address import Place, event_of, is_event
from r2psim.app.explore_figures import MANY, Course, Frequency, Maps, Time, apart
from r2psim.app.explore_saving import numbers_of
from r2psim.app.glossary import term
from r2psim.app.own_policies import file_name
from r2psim.app.page_parts import Markup, element, join, pick
from r2psim.app.saving import Files
from r2psim.app.symbols import stage_key, stage_mark, trigger_key
from r2psim.app.watch import Watch
from r2psim.app.widgets import Form, Player, View
from r2psim.declarations.columns import STAGES
from r2psim.world.history import Event

__all__ = ["Worlds"]

LONGEST_ANSWER = 0.8
"""Seconds that one answer runs months for; a longer way is gone in several, so that it can be seen and left."""

ALL = "all states"
MOST_PARTED = 4
LONGEST_FIND = 60

HOW = (
    "Pick a state on the map or in the list to see its risk factors, its groups and the assistance that it gets. "
    "Pick an event to see why it happened."
)


@solara.component_vue("link.vue")
def _Link(query: str, action: str) -> None:
    """Offer to copy the link that leads to what is shown."""


def moved(name: str, worlds: Sequence[Watch], here: Place) -> Place | None:
    """Say where somebody wants to look who picks something; what is picked again is put away.

    Parameters
    ----------
    name : str
        As a browser tells it, so it may be anything: ``state:KEY``, ``body:KEY``, ``event:EVENT`` or ``many:``.
    worlds : sequence of Watch
        What is watched.
    here : Place
        Where somebody looks.

    Returns
    -------
    Place or None
        None where there is nothing of that name.
    """
    kind, _, key = name.partition(":")
    world = worlds[0].history.world
    if kind == "state" and key in world.states:
        return here._replace(state="" if key == here.state else key, event="")
    if kind == "body" and key in world.bodies:
        return here._replace(body="" if key == here.body else key)
    if name == "many:":
        return here._replace(runs=MANY)
    if kind != "event" or not is_event(key):
        return None
    of, wanted = Place(event=key).picked
    if of < len(worlds) and wanted < len(worlds[of].history.events):
        return here._replace(event="" if key == here.event else key)
    return None


@solara.component
def Worlds(worlds: list[Watch], place: Place, move: Callable[[Place], None], at: dict[str, int]) -> None:
    """Show a world that is watched, and perhaps another one beside it by the same clock.

    Parameters
    ----------
    worlds : list of Watch
        What is watched, one world or two.
    place : Place
        Where somebody looks.
    move : callable
        Told where somebody wants to look.
    at : dict
        Has ``month`` set to the month that is shown.
    """
    month, set_month = solara.use_state(0)
    target, set_target = solara.use_state(place.month)
    answer, set_answer = solara.use_state(0)
    watch, many = worlds[0], solara.use_memo(dict, [])

    def go(wanted: Any) -> None:
        wanted = max(0, min(int(wanted), watch.months))
        began, reached = perf_counter(), wanted
        for world in worlds:
            reached = min(reached, world.to(reached, lambda _: perf_counter() - began < LONGEST_ANSWER))
        set_month(reached)
        set_target(wanted)
        set_answer(lambda n: n + 1)

    # Whoever comes, or goes back, finds the month that the address has.
    solara.use_effect(lambda: go(place.month) if place.month != month else None, [place])

    # Whoever comes back to a world that was let go finds it where it was.
    month = min(world.to(month) for world in worlds)
    at["month"] = month
    here = place._replace(month=month)
    reached = min(world.reached for world in worlds)
    parted = solara.use_memo(
        lambda: parting(worlds[0].history, worlds[1].history) if len(worlds) > 1 else None, [*worlds, reached]
    )

    def take(name: str) -> None:
        wanted = moved(name, worlds, here)
        if wanted is not None:
            move(wanted)
        elif name.startswith("go:") and name.removeprefix("go:").isdigit():
            go(name.removeprefix("go:"))

    Player(month=month, months=watch.months, target=target, answer=answer, event_go=go)
    View(html=_parted(parted, worlds), event_pick=take)
    _Columns(worlds, here, parted, take, move)
    if place.state:
        _State(worlds, here, take, move, many)
    _Bodies(worlds, here, take)
    _Saving(worlds, here, many)


def _explained(worlds: Sequence[Watch], place: Place) -> Watch | None:
    """Give the world whose event is explained; None where there is no such event yet."""
    of, number = place.picked
    return worlds[of] if of < len(worlds) and 0 <= number < len(worlds[of].history.events) else None


@solara.component
def _Columns(
    worlds: list[Watch],
    place: Place,
    parted: Parting | None,
    take: Callable[[str], None],
    move: Callable[[Place], None],
) -> None:
    """Show maps and time lines, and beside them what happened and why."""
    month, selected = place.month, place.state or None
    explained = _explained(worlds, place)
    with solara.v.Html(tag="div", class_="r2p-columns"):
        with solara.v.Html(tag="div", class_="r2p-wide"):
            Maps(worlds, month, selected, take)
            View(html=stage_key(term))
            for k, world in enumerate(worlds):
                Time(world, month, selected, place.event, k, parted, take)
            View(html=trigger_key(term))
            _Digest(worlds, month)
        with solara.v.Html(tag="div", class_="r2p-narrow"):
            _Side(worlds, place, explained, take, move)
    _Picked(worlds[0], place, explained, take)


@solara.component
def _State(
    worlds: list[Watch],
    place: Place,
    take: Callable[[str], None],
    move: Callable[[Place], None],
    many: dict[str, Any],
) -> None:
    """Tell more of the state that is chosen: over time, in many runs, and in detail."""
    Course(worlds, place.month, place.state)
    Frequency(worlds, place, move, take, many)
    for k, world in enumerate(worlds):
        policy, suffix = apart(worlds, k)
        paid = world.paid(place.month)
        View(html=panels.state_detail(world.history, place.month, place.state, world.setting, paid, policy, suffix))


@solara.component
def _Bodies(worlds: list[Watch], place: Place, take: Callable[[str], None]) -> None:
    """Tell who assists."""
    for k, world in enumerate(worlds):
        policy, _ = apart(worlds, k)
        paid = world.paid(place.month)
        head = element("h2", f"Who assists{f' under {policy}' if policy else ''}")
        View(html=head + panels.bodies(world.history, place.month, paid, place.body or None), event_pick=take)
        if place.body:
            View(html=panels.programmes(world.history, place.body, world.setting, paid))


# -- two worlds, one luck ----------------------------------------------------------------------------------------------


def _parted(parted: Parting | None, worlds: Sequence[Watch]) -> Markup:
    """Say where two histories part."""
    if parted is None:
        return Markup()
    one, other = (world.choice.policy for world in worlds)
    spent = "" if parted.given is None else f" Bodies spend differently from {date(parted.given)} on."
    if parted.happened is None:
        said = f"One luck, two policies: in all {parted.months} months so far the same happens in both worlds.{spent}"
        return element("p", said, class_="r2p-parted")
    go = pick(f"go:{parted.happened + 1}", "Go to that month", class_="r2p-button r2p-quiet")
    when = element("strong", date(parted.happened))
    lines = (
        element("li", f"only under {policy}: {_events(events, worlds[0])}")
        for policy, events in ((one, parted.one), (other, parted.other))
        if events
    )
    head = element("p", "One luck, two policies: the histories part in ", when, f".{spent} ", go)
    return element("div", head, element("ul", *lines, class_="r2p-list"), class_="r2p-parted")


def _events(events: Sequence[Event], watch: Watch) -> str:
    said = [panels.short(e, watch.history.world.names) for e in events[:MOST_PARTED]]
    more = len(events) - len(said)
    return "; ".join(said) + (f"; and {more} more" if more > 0 else "")


# -- beside the figures ------------------------------------------------------------------------------------------------


@solara.component
def _Side(
    worlds: list[Watch],
    place: Place,
    explained: Watch | None,
    take: Callable[[str], None],
    move: Callable[[Place], None],
) -> None:
    """Show why an event happened, a state, and what happened."""
    grave, set_grave = solara.use_state("grave")
    find, set_find = solara.use_state("")
    watch, month, selected = worlds[0], place.month, place.state or None
    names = watch.history.world.names
    View(html=panels.why(explained.history, place.picked[1]) if explained is not None else Markup())
    states = [("", ALL), *panels.state_list(watch.history, month)]

    def chosen(values: dict[str, Any]) -> None:
        key = str(values.get("state", ""))
        key = key if key in watch.history.world.states else ""
        set_grave("grave" if values.get("events") == "grave" else "all")
        set_find(str(values.get("find", "")).strip()[:LONGEST_FIND])
        if key != place.state:
            move(place._replace(state=key, event=""))

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
            {"key": "find", "label": "Find in it", "kind": "text", "value": find,
             "help": "Words that all stand in what happened, such as coup or a name; Y3 is year 3."},
        ],
        event_change=chosen,
    )  # fmt: skip
    for k, world in enumerate(worlds):
        policy, suffix = apart(worlds, k)
        of = f" under {policy}" if policy else ""
        head = element("h2", f"What happened{of}: {names[selected] if selected else ALL}", id=f"happened{suffix}")
        picked, prefix = f"event:{place.event}", f"event:{event_of(k, 0)[:-1]}"
        listed = panels.event_list(world.history, month, selected, grave == "grave", picked, find, prefix)
        View(html=head + listed, event_pick=take)
    if selected is None:
        View(html=element("p", HOW, class_="r2p-note"))
        return
    for k, world in enumerate(worlds):
        policy, suffix = apart(worlds, k)
        View(html=panels.state_panel(world.history, month, selected, policy, suffix))


@solara.component
def _Picked(watch: Watch, place: Place, explained: Watch | None, take: Callable[[str], None]) -> None:
    """Say on a small screen what was picked, where its panel is out of sight, and lead there."""
    parts = []
    if place.state:
        s = watch.history.world.states.index(place.state)
        stage = int(watch.history.state["stage"][place.month, s])
        name = watch.history.world.names[place.state]
        stands = join((stage_mark(stage, 6.0), f" {name}: {stage} {STAGES[stage]}"))
        parts.append(_shortly(stands, "#state", f"state:{place.state}", name))
    if explained is not None:
        event = explained.history.events[place.picked[1]]
        said = panels.short(event, explained.history.world.names)
        parts.append(_shortly(said, "#why", f"event:{place.event}", said))
    with solara.v.Html(tag="div", class_="r2p-picked", attributes={"role": "region", "aria-label": "Picked"}):
        View(html=join(parts), event_pick=take)


def _shortly(said: Any, look: str, key: str, name: str) -> Markup:
    show = element("button", "Why?" if look == "#why" else "Show", type="button", data_look=look, class_="r2p-button")
    away = pick(key, "×", aria_label=f"Put {name} away", class_="r2p-button r2p-quiet")
    return element("p", element("span", said, role="status"), " ", show, " ", away)


@solara.component
def _Digest(worlds: list[Watch], month: int) -> None:
    """Tell how to compute the same on the command line."""
    years = month // 12
    parts = []
    for watch in worlds:
        digest = watch.digest(month)
        of = f" under {watch.choice.policy}" if len(worlds) > 1 else ""
        code = element("code", digest or "shown at the end of a year", data_id="digest")
        parts.append(element("p", f"Digest of every variable of every month so far{of}: ", code, class_="r2p-note"))
        if digest and years and month % 12 == 0:
            said = watch.choice.command(years=None if month == watch.months else years)
            own = watch.choice.own
            beside = f", beside the file {file_name(watch.choice.scenario, own)} that Compare offers" if own else ""
            line = element("p", f"The same on the command line{beside}: ", element("code", said), class_="r2p-note")
            parts.append(line)
    if not years or month % 12:
        said = "At the end of a year the command line that computes the same is shown here."
        parts.append(element("p", said, class_="r2p-note"))
    View(html=join(parts))


@solara.component
def _Saving(worlds: list[Watch], place: Place, many: dict[str, Any]) -> None:
    """Save figures and their numbers, and the address of what is shown."""
    answer, set_answer = solara.use_state({})
    choice = worlds[0].choice
    stem = f"{Path(choice.scenario).stem}-{choice.policy}-{choice.seed}-{choice.run}"

    def ask(name: str) -> None:
        kind, _, figure = name.partition(":") if isinstance(name, str) else ("", "", "")
        if kind == "csv":
            content = numbers_of(figure, worlds, place.month, place.state, many.get("shown"))
            set_answer({"file": f"{stem}-{figure}.csv", "kind": "text/csv", "content": content, "number": monotonic()})

    Files(stem=stem, source=choice.command(), answer=answer, event_ask=ask)
    _Link(query=place.query(choice), action="Copy link to this page")
