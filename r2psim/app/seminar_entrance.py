"""The way into a seminar: a code, a name and a role - or a new exercise."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import solara

from r2psim.app.markup import element, join
from r2psim.app.seminar_server import asker, browser, seminars
from r2psim.app.watch import known_scenarios
from r2psim.app.widgets import Form, View
from r2psim.seminar import SeminarError
from r2psim.seminar.limits import LIMITS
from r2psim.seminar.roles import Role

__all__ = ["Entrance"]

POLICY = "late-response"
"""What the rules do for those who do not decide."""

WHAT = (
    "An exercise for a room: participants decide for the Security Council, the Secretary-General, regional "
    "organisations, donors and governments, and see only what these would see. Afterwards history is rewound: what "
    "would have happened, had one decision been another?"
)


@solara.component
def Entrance(scenario: str, enter: Callable[[str], None]) -> None:
    """Offer to join a seminar, or to open one; ``enter`` is told the token of the place that follows."""
    code, set_code = solara.use_state("")
    View(html=element("p", WHAT, class_="r2p-note"))
    if code:
        _Join(code, lambda: set_code(""), enter).key(code)
    else:
        _Code(set_code)
        _Open(scenario, enter)


@solara.component
def _Code(found: Callable[[str], None]) -> None:
    """Ask for the code."""
    problem, set_problem = solara.use_state("")

    def look(values: dict[str, Any]) -> None:
        typed = str(values.get("code", ""))[:60]
        try:
            seminars().roles(typed, asker())
        except SeminarError as error:
            set_problem(str(error))
            return
        found(typed)

    View(html=element("h2", "Join"))
    Form(
        label="Code of the seminar",
        fields=[{"key": "code", "label": "Code", "kind": "text", "value": "", "help": "The facilitator shows it."}],
        action="Go on",
        problem=problem,
        event_change=look,
    )


def role_options(roles: dict[str, Role]) -> list[tuple[str, str]]:
    """Give roles to choose from, each with its kind before it where the title does not say it."""
    return [(key, f"{role.kind}: {role.title}") for key, role in roles.items()]


@solara.component
def _Join(code: str, back: Callable[[], None], enter: Callable[[str], None]) -> None:
    """Ask for name and role."""
    problem, set_problem = solara.use_state("")
    entered, set_entered = solara.use_state({"name": "", "role": ""})
    roles = solara.use_memo(lambda: seminars().roles(code, asker()), [code])
    options = [("", "choose a role"), *role_options(roles)]

    def join_in(values: dict[str, Any]) -> None:
        set_entered({key: str(values.get(key, ""))[:200] for key in ("name", "role")})
        try:
            token = seminars().join(code, str(values.get("name", "")), str(values.get("role", "")), asker(), browser())
        except SeminarError as error:
            set_problem("choose a role" if not values.get("role") else str(error))
            return
        enter(token)

    View(html=element("h2", "Join"))
    Form(
        label="Who you are",
        fields=[
            {"key": "name", "label": "Your name", "kind": "text", "value": entered["name"],
             "help": "Others in the seminar see it; it is not in the exported file."},
            {"key": "role", "label": "Role", "kind": "select", "options": options, "value": entered["role"]},
        ],
        action="Join",
        problem=problem,
        stored=f"join {code}",
        event_change=join_in,
    )  # fmt: skip
    solara.v.Html(tag="div", children=[])
    View(html=join((element("p", "Several people may share a role; of each role the last commitment counts.",
                            class_="r2p-note"),)))  # fmt: skip
    back_ = element("button", "Another code", type="button", data_pick="back", class_="r2p-button r2p-quiet")
    View(html=back_, event_pick=lambda _: back())


@solara.component
def _Open(scenario: str, enter: Callable[[str], None]) -> None:
    """Ask for what a new exercise needs."""
    problem, set_problem = solara.use_state("")
    offered = solara.use_memo(playable, [])
    at_first = scenario if scenario in offered else offered[0]
    first = {"title": "Seminar", "scenario": at_first, "seed": "", "years": "8", "minutes": "10"}
    entered, set_entered = solara.use_state(first)

    def open_(values: dict[str, Any]) -> None:
        given = {key: str(values.get(key, ""))[:200] for key in first}
        set_entered(given)
        if given["scenario"] not in offered:
            set_problem("scenario: one of those in the list")
            return
        try:
            opened = seminars().open(
                given["title"],
                given["scenario"],
                policy=POLICY,
                seed=_whole(given["seed"], "seed") if given["seed"].strip() else None,
                years=_whole(given["years"], "years"),
                minutes=_number(given["minutes"], "minutes"),
                asker=asker(),
            )
        except SeminarError as error:
            set_problem(str(error))
            return
        enter(opened.token)

    View(html=element("h2", "Open a new seminar"))
    Form(
        label="New seminar",
        fields=[
            {"key": "title", "label": "Title", "kind": "text", "value": entered["title"]},
            {"key": "scenario", "label": "World", "kind": "select", "value": entered["scenario"],
             "options": [(name, name) for name in offered]},
            {"key": "seed", "label": "Seed (empty: drawn secretly)", "kind": "text", "value": entered["seed"],
             "help": "Of all chance: the same seed gives the same triggers whatever is decided. Left empty, the server "
             "draws one that nobody knows until the debriefing. One that you choose must not be guessed: whoever knows "
             "it can run the world elsewhere and see what is to come."},
            {"key": "years", "label": "Years", "kind": "number", "low": 1, "high": 40, "step": 1,
             "value": entered["years"], "help": "Each is one round."},
            {"key": "minutes", "label": "Minutes a round", "kind": "number", "low": 1, "high": 240, "step": 1,
             "value": entered["minutes"]},
        ],
        action="Open the seminar",
        problem=problem,
        stored="open",
        event_change=open_,
    )  # fmt: skip


@lru_cache(maxsize=4)
def _fitting(names: tuple[str, ...], states: int) -> tuple[str, ...]:
    """Give those worlds that a seminar can be played in."""
    from r2psim.scenario import ScenarioError, load
    from r2psim.world.expand import expand

    found = []
    for name in names:
        try:
            world = expand(load(name))
        except ScenarioError:
            # Told where it is opened on the command line.
            continue
        if len(world.states) <= states and POLICY in world.policies:
            found.append(name)
    return tuple(found)


def playable() -> tuple[str, ...]:
    """Give the scenarios of this server that a seminar takes: none is offered to be refused."""
    return _fitting(known_scenarios(), LIMITS.states)


def _whole(typed: str, what: str) -> int:
    """Read a whole number.

    Raises
    ------
    SeminarError
        If it is none.
    """
    if not typed.strip().isdecimal() or len(typed) > 20:
        raise SeminarError(f"{what}: {typed[:40]!r} is not allowed: a whole number")
    return int(typed)


def _number(typed: str, what: str) -> float:
    try:
        return float(typed)
    except ValueError:
        raise SeminarError(f"{what}: {typed[:40]!r} is not allowed: a number") from None
