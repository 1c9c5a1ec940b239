"""Explore: one world, month by month, as the Mesa model runs it; another policy beside it under the same luck."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from r2psim.app.address import Place, checked, place_of
from r2psim.app.explore_world import Worlds
from r2psim.app.inputs import Parameters, told, world_fields, world_from
from r2psim.app.own_policies import names_of
from r2psim.app.page_parts import Markup, element
from r2psim.app.watch import Choice, RefusedError, Watch
from r2psim.app.widgets import Form, View
from r2psim.scenario import ScenarioError
from r2psim.scenario.specs import PRESENT

__all__ = ["Page", "asked_for"]


def asked_for(values: dict[str, Any], now: Choice, place: Place) -> tuple[Choice, Place, list[str]]:
    """Read the world that a form asks for, and what of the present one does not go along into it.

    What was changed in one scenario, or chosen in it, holds there and nowhere else; the month stays.

    Parameters
    ----------
    values : dict
        As the form told them.
    now, place : Choice, Place
        What is watched, and where.

    Returns
    -------
    wanted, there : Choice, Place
        What is to be watched, and where.
    gone : list of str
        What does not go along.

    Raises
    ------
    RefusedError, ScenarioError
        If a number is none, or the policy beside is that of the world.
    """
    wanted = world_from(values, now.sets, now.own)
    beside = str(values.get("beside", ""))[:100]
    if wanted.scenario == now.scenario:
        if beside and beside == wanted.policy:
            raise RefusedError(f"beside it {beside!r} is not allowed: another policy than that of the world")
        # Events of another world are others.
        stays = wanted == now and beside == place.beside
        return wanted, place._replace(beside=beside, event=place.event if stays else ""), []
    gone = [*(text.partition("=")[0] for text in now.sets), *names_of(now.own)]
    gone += [f"the chosen {what}" for what in ("state", "event", "body") if getattr(place, what)]
    gone += [f"{beside} beside it"] if beside else []
    if now.own and wanted.policy in names_of(now.own):
        wanted = wanted._replace(policy=PRESENT)
    return wanted._replace(sets=(), own=""), Place(place.month), gone


def _opened(search: str | None) -> tuple[Choice | None, Place, str]:
    """Read an address; say what is wrong with it."""
    try:
        return *place_of(search), ""
    except (RefusedError, ScenarioError) as error:
        return None, Place(), str(error)


def _made(choice: Choice | None, refused: str) -> tuple[Watch | None, str]:
    """Make a world; say why it cannot be made."""
    try:
        return (None, refused) if choice is None else (Watch(choice), "")
    except (RefusedError, ScenarioError) as error:
        return None, str(error)


def _beside(watch: Watch | None, place: Place) -> tuple[Watch | None, str]:
    """Make the world beside another one, where a policy for it is named; say what of a place is not there."""
    if watch is None:
        return None, ""
    choice, world = watch.choice, watch.history.world
    try:
        checked(place, world.states, world.bodies, tuple(p for p in watch.setting.policies if p != choice.policy))
        return Watch(choice._replace(policy=place.beside)) if place.beside else None, ""
    except (RefusedError, ScenarioError) as error:
        return None, str(error)


@solara.component
def Page() -> None:
    """Show the world that the address names."""
    solara.Title("Explore - r2psim")
    router = solara.use_router()
    problem, set_problem = solara.use_state("")
    left, set_left = solara.use_state(("", ""))
    choice, place, refused = solara.use_memo(lambda: _opened(router.search), [router.search])
    # A month, a state or an event that is chosen leaves the world as it is.
    watch, wrong = solara.use_memo(lambda: _made(choice, refused), [choice, refused])
    beside, astray = solara.use_memo(lambda: _beside(watch, place), [watch, place.beside, place.state, place.body])
    solara.use_effect(lambda: watch.close if watch is not None else None, [watch])
    solara.use_effect(lambda: beside.close if beside is not None else None, [beside])
    # The month that is shown; the address has it where something was chosen, or where somebody came by it.
    at = solara.use_memo(lambda: {"month": place.month}, [])

    def ask(chosen: Callable[[], tuple[Choice, Place, list[str]]]) -> None:
        try:
            wanted, there, gone = chosen()
            Watch(wanted).close()
        except (RefusedError, ScenarioError) as error:
            set_problem(str(error))
            return
        query = there.query(wanted)
        set_problem("")
        set_left((query, _left_behind(choice, wanted, gone)))
        router.push(f"/explore?{query}")

    def run(wanted: Choice) -> None:
        ask(lambda: (wanted, place._replace(month=at["month"], event=""), []))

    View(html=element("h1", "Explore one world"))
    if watch is None or choice is None:
        told(wrong)
        Form(label="World", fields=world_fields(Choice("seminar", "late-response"), None), action="Run this world",
             event_change=lambda values: ask(lambda: (world_from(values, ()), Place(), [])))  # fmt: skip
        return
    now = choice

    def move(there: Place) -> None:
        set_problem("")
        router.push(f"/explore?{there.query(now)}")

    Form(
        label="World",
        fields=world_fields(now, watch.setting, place.beside),
        action="Run this world",
        event_change=lambda values: ask(lambda: asked_for(values, now, place._replace(month=at["month"]))),
    )
    told(problem or astray)
    View(html=element("p", left[1], class_="r2p-note", role="status") if left[0] == router.search else Markup())
    if watch.setting.real_names:
        View(html=element("p", watch.setting.description, class_="r2p-note"))
    worlds = [watch] if beside is None else [watch, beside]
    Worlds(worlds, Place(place.month) if astray else place, move, at).key(f"{now.query()} {place.beside}")
    Parameters(watch.setting, now, run)


def _left_behind(now: Choice | None, wanted: Choice, gone: list[str]) -> str:
    """Say what does not go along into another scenario; empty where all does."""
    if now is None or not gone:
        return ""
    names = ", ".join(gone)
    return f"What holds in {now.scenario} does not go along to {wanted.scenario}: {names}. Back undoes it."
