"""The way into a seminar: a code, a name and a role - or a new exercise."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import solara

from r2psim.app.hosted_seminars import seminars
from r2psim.app.inputs import told
from r2psim.app.page_parts import element
from r2psim.app.seminar_lobby import about_lobby, role_field
from r2psim.app.seminar_server import asker, browser, use_version
from r2psim.app.watch import known_scenarios
from r2psim.app.widgets import Form, View
from r2psim.seminar import SeminarError
from r2psim.seminar.casts import EVERYBODY, SIZES
from r2psim.seminar.limits import LIMITS
from r2psim.seminar.lobby import lobby_of, lobby_stand

__all__ = ["CASTS", "Entrance", "Joining"]

POLICY = "late-response"
"""What the rules do for those who do not decide."""

CASTS = [*((str(n), f"about {n} people") for n in SIZES), (str(EVERYBODY), "all roles of the world")]
"""What a cast is called where it is chosen."""

USUAL = "12"

EARLY = "Choose a role; you can change it until the first round begins."

LATE = "The exercise has begun: choose with care, the role cannot be changed any more."

WHAT = (
    "An exercise for a room: participants decide for the Security Council, the Secretary-General, regional "
    "organisations, donors and governments, and see only what these would see. Afterwards history is rewound: what "
    "would have happened, had one decision been another?"
)


@solara.component
def Entrance(scenario: str, enter: Callable[[str], None]) -> None:
    """Offer to join a seminar, or to open one; ``enter`` is told the token of the place that follows."""
    code, set_code = solara.use_state("")
    if code:
        _Lobby(code, lambda: set_code(""), enter).key(code)
    else:
        View(html=element("p", WHAT, class_="r2p-note"))
        _Code(set_code)
        _Open(scenario, enter)


@solara.component
def Joining(given: str, enter: Callable[[str], None]) -> None:
    """Lead those who have a code, or a link that carries it, into the lobby."""
    code, set_code = solara.use_state("")
    # A link is looked up once, and counts as a try like a code that is typed.
    problem, set_problem = solara.use_state("")

    def follow() -> None:
        if not given:
            return
        wrong = _wrong(given)
        set_problem(wrong)
        set_code("" if wrong else given)

    solara.use_effect(follow, [given])
    if code:
        _Lobby(code, lambda: set_code(""), enter).key(code)
    else:
        View(html=element("p", WHAT, class_="r2p-note"))
        _Code(set_code, problem)


def _wrong(code: str) -> str:
    """Say what is wrong with a code; empty if it leads to a seminar."""
    try:
        seminars().room(code, asker())
    except SeminarError as error:
        return str(error)
    return ""


@solara.component
def _Code(found: Callable[[str], None], at_first: str = "") -> None:
    """Ask for the code; ``at_first`` is what is wrong with the one that a link has brought."""
    problem, set_problem = solara.use_state("")

    def look(values: dict[str, Any]) -> None:
        typed = str(values.get("code", ""))[:60]
        wrong = _wrong(typed)
        set_problem(wrong)
        if not wrong:
            found(typed)

    View(html=element("h2", "Join"))
    Form(
        label="Code of the seminar",
        fields=[{"key": "code", "label": "Code", "kind": "text", "value": "", "help": "The facilitator shows it."}],
        action="Go on",
        problem=problem or at_first,
        event_change=look,
    )


@solara.component
def _Lobby(code: str, back: Callable[[], None], enter: Callable[[str], None]) -> None:
    """Show the roles of a seminar, and ask for name and role."""
    problem, set_problem = solara.use_state("")
    entered, set_entered = solara.use_state({"name": "", "role": ""})
    room = solara.use_memo(lambda: seminars().room(code, asker()), [code])
    # Who else joins, and whether the seminar is still there, is seen as it happens.
    use_version(room, lambda: lobby_stand(room))
    if room.deleted:
        View(html=element("h2", "Join"))
        told("the facilitator has deleted this seminar")
        return
    lobby = lobby_of(room)

    def join_in(values: dict[str, Any]) -> None:
        set_entered({key: str(values.get(key, ""))[:200] for key in ("name", "role")})
        try:
            token = seminars().join(code, str(values.get("name", "")), str(values.get("role", "")), asker(), browser())
        except SeminarError as error:
            set_problem("choose a role" if not values.get("role") else str(error))
            return
        enter(token)

    View(
        html=element("h2", f"Join: {lobby.title}")
        + element("p", about_lobby(lobby), class_="r2p-note")
        + element("p", LATE if lobby.begun else EARLY, class_="r2p-note")
    )
    Form(
        label="Who you are",
        fields=[
            {"key": "name", "label": "Your name", "kind": "text", "value": entered["name"],
             "help": "Others in the seminar see it; it is not in the exported file."},
            role_field(lobby, entered["role"]),
        ],
        action="Join",
        problem=problem,
        stored=f"join {code}",
        event_change=join_in,
    )  # fmt: skip
    back_ = element("button", "Another code", type="button", data_pick="back", class_="r2p-button r2p-quiet")
    View(html=back_, event_pick=lambda _: back())


@solara.component
def _Open(scenario: str, enter: Callable[[str], None]) -> None:
    """Ask for what a new exercise needs."""
    problem, set_problem = solara.use_state("")
    offered = solara.use_memo(playable, [])
    at_first = scenario if scenario in offered else offered[0]
    first = {"title": "Seminar", "scenario": at_first, "seed": "", "years": "8", "minutes": "10", "people": USUAL}
    entered, set_entered = solara.use_state(first)

    def open_(values: dict[str, Any]) -> None:
        given = {key: str(values.get(key, ""))[:200] for key in first}
        set_entered(given)
        if given["scenario"] not in offered:
            set_problem("scenario: one of those in the list")
            return
        if given["people"] not in dict(CASTS):
            set_problem("people: one of those in the list")
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
                cast=int(given["people"]),
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
            {"key": "people", "label": "Roles for", "kind": "select", "value": entered["people"], "options": CASTS,
             "help": "Which roles are offered. The others are played by the model's rules. It can be changed until the "
             "first round begins."},
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
