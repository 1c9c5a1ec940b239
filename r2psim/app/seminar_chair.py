"""The facilitator's page: code, time, progress, triggers, history rewound, debriefing, and the file to keep."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import solara

from r2psim.app.hosted_seminars import seminars
from r2psim.app.inputs import told
from r2psim.app.page_parts import element, join, table
from r2psim.app.seminar_acts import Acts, use_acts
from r2psim.app.seminar_debriefing import DebriefingSteps
from r2psim.app.seminar_entrance import CASTS
from r2psim.app.seminar_projector import joining, ways_to_join, why_nobody
from r2psim.app.seminar_results import Tabs, stand
from r2psim.app.seminar_server import use_version
from r2psim.app.seminar_widgets import Buttons, Save, Status
from r2psim.app.seminar_words import RULED, statements
from r2psim.app.widgets import Form, View
from r2psim.declarations.columns import TRIGGERS
from r2psim.plots.style import plain
from r2psim.seminar import Chair, SeminarError
from r2psim.seminar.chair import Progress
from r2psim.seminar.codes import of_screen, shown
from r2psim.seminar.debrief import questions
from r2psim.seminar.export import export
from r2psim.seminar.lobby import by_the_rules

__all__ = ["ChairPage"]

TABS = [("round", "This round"), ("results", "What happened, and going back")]

SAID = {
    "more": "Two minutes were added.",
    "show": "All participants can see the results now.",
    "hide": "The results are closed to participants.",
}
"""What is said of what nothing else on the page tells."""

SECRET = (
    "Another line was run further than the one that is being decided, with the same luck: what is shown here tells "
    "what is to come. Participants see the line that they decide in alone; show this page to nobody until it is over."
)


@solara.component
def ChairPage(chair: Chair, token: str) -> None:
    """Show the facilitator's page."""
    version = use_version(chair.room, chair.stand)
    acts = use_acts(chair)
    gone, set_gone = solara.use_state(False)
    tab, set_tab = solara.use_state("round")
    session = chair.session

    def delete() -> None:
        seminars().delete(token)
        set_gone(True)

    if gone:
        View(html=element("h1", "Seminar") + element("p", "This seminar was deleted."))
        return
    try:
        chair.room.play.live(session.branch)
    except SeminarError as error:
        View(html=element("h1", f"{session.title}: facilitator"))
        told(str(error))
        _File(chair, version)
        return
    View(html=element("h1", f"{session.title}: facilitator"))
    line = session.branch.title if len(session.branches) > 1 else ""
    Status(chair.phase(), session.branch.year, session.years, chair.room.seconds_left(), version, line)
    _Time(chair, acts, version)
    if session.branch.year or len(session.branches) > 1:
        Tabs(TABS, tab, set_tab)
    if tab == "results":
        _Debrief(chair, acts, version)
        return
    with solara.v.Html(tag="div", class_="r2p-columns").key("round"):
        with solara.v.Html(tag="div"):
            _Progress(chair, acts, version)
        with solara.v.Html(tag="div"):
            _Door(chair, token, acts, version)
            _Cast(chair, acts, version)
            _Trigger(chair, acts, version)
    _File(chair, version)
    View(html=element("h2", "Delete"))
    Buttons(
        label="Delete",
        buttons=[
            {"key": "delete", "words": "Delete this seminar", "ask": "Delete it with all its decisions, for good?"}
        ],
        **acts.at("delete", chair),
        event_press=lambda _: acts.do("delete", delete),
    )


@solara.component
def _Debrief(chair: Chair, acts: Acts, version: int) -> None:
    """Show what came of it, and offer to go back."""
    session = chair.session
    if not session.over and any(branch.year > session.branch.year for branch in session.branches):
        View(html=element("p", SECRET, class_="r2p-note"))
    DebriefingSteps(chair, version, acts)
    _Questions(chair, version)


@solara.component
def _Time(chair: Chair, acts: Acts, version: int) -> None:
    """Offer what moves the time."""
    session, phase = chair.session, chair.phase()
    year = session.branch.year
    running = session.begun and phase != "over"
    buttons: list[dict[str, Any]] = []
    if phase == "gathering":
        buttons.append({"key": "begin", "words": "Begin the first round", "main": True})
    if running:
        waiting = [p for p in chair.progress() if not p.committed]
        ask = f"{len(waiting)} roles have not committed. Run year {year + 1} all the same?" if waiting else ""
        words = f"Run year {year + 1} as decided"
        buttons.append({"key": "advance", "words": words, "main": True, **({"ask": ask} if ask else {})})
        if phase == "paused":
            buttons.append({"key": "resume", "words": "Go on"})
        else:
            buttons.append({"key": "pause", "words": "Pause"})
            buttons.append({"key": "more", "words": "2 minutes more"})
            ask = "Close it? What is entered and not committed by now does not count."
            buttons.append({"key": "close", "words": "Close the round now", "ask": ask})
    if session.debrief:
        buttons.append({"key": "hide", "words": "Close the results to participants"})
    else:
        ask = (
            "Open it? Every participant then sees what happened in every line of history, and what would have happened."
        )
        buttons.append({"key": "show", "words": "Open the debriefing: all see the results", "ask": ask})
    if phase != "over" and session.begun:
        buttons.append({"key": "end", "words": "End the exercise", "ask": "End it? Nothing more is decided then."})
    does: dict[str, Callable[[], Any]] = {
        "begin": chair.begin,
        "advance": lambda: chair.advance(year),
        "pause": chair.pause,
        "resume": chair.resume,
        "more": lambda: chair.extend(2.0),
        "close": lambda: chair.extend(-float(chair.room.limits.minutes)),
        "show": lambda: chair.show(True),
        "hide": lambda: chair.show(False),
        "end": chair.end,
    }

    def press(key: str) -> None:
        if key in does:
            acts.do("time", does[key], SAID.get(key, ""))

    Buttons(label="Time", buttons=buttons, **acts.at("time", chair), event_press=press)


@solara.component
def _Door(chair: Chair, token: str, acts: Acts, version: int) -> None:
    """Show the code and the way in, and open or close the door."""
    session = chair.session
    ways = ways_to_join()
    if ways:
        link = joining(ways[0], session.code)
        how = element("p", "Participants open ", element("code", f"{ways[0]}join"), " and type the code, or follow the "
                      "link ", element("code", link), ".", class_="r2p-note")  # fmt: skip
    else:
        how = element("p", why_nobody(), class_="r2p-note")
    # It is opened in a tab of its own: the token is that of the projector, and gives nobody the facilitator's place.
    wall = element(
        "a",
        "Open the projector view",
        href=f"{solara.use_router().root_path}/projector?token={of_screen(token)}",
        target="_blank",
        rel="noopener",
        class_="r2p-button r2p-link-button",
    )
    said = "It shows the way in as a QR code, the time, who is ready, and what everybody can see: nothing secret."
    View(
        html=element("h2", "Code to join")
        + element("p", shown(session.code), class_="r2p-code")
        + how
        + element("p", wall, " ", said, class_="r2p-note")
    )
    words = "Let nobody else in" if session.open else "Let people in again"
    Buttons(
        label="Door",
        buttons=[{"key": "door", "words": words}],
        **acts.at("door", chair),
        event_press=lambda _: acts.do(
            "door",
            lambda: chair.let_in(not session.open),
            "Nobody else is let in." if session.open else "People can join again.",
        ),
    )


@solara.component
def _Cast(chair: Chair, acts: Acts, version: int) -> None:
    """Offer to choose which roles there are, until the first round begins."""
    session = chair.session
    if session.begun:
        return

    def recast(values: dict[str, Any]) -> None:
        people = str(values.get("people", ""))
        said = f"Roles are offered for {dict(CASTS).get(people, '')}."
        acts.do("cast", lambda: chair.recast(int(people) if people in dict(CASTS) else -1), said)

    View(html=element("h2", "Roles"))
    Form(
        label="Roles",
        fields=[{"key": "people", "label": "Roles for", "kind": "select", "options": CASTS,
                 "value": str(session.cast)}],
        action="Offer these roles",
        about=str(session.cast),
        **acts.at("cast", chair),
        event_change=recast,
    )  # fmt: skip


@solara.component
def _Progress(chair: Chair, acts: Acts, version: int) -> None:
    """Show who has committed."""
    found = chair.progress()
    done = sum(p.committed for p in found)
    ruled = len(by_the_rules(chair.room))
    said = RULED.format(roles=f"{ruled} {'role' if ruled == 1 else 'roles'}")
    View(
        html=element("h2", "Progress")
        + element("p", f"{done} of {len(found)} roles have committed this year.")
        + element("p", said, class_="r2p-note")
    )
    if found:
        heads = ("Role", "Participants", "This year")
        View(html=table(heads, [_row(p) for p in found], "Roles that somebody holds"))
    branch = chair.session.branch
    public = [note for note in branch.notes(branch.year - 1) if note.public]
    View(html=statements(public, chair.room.play.roles))

    def remove(who: str) -> None:
        name = dict(people).get(who, "")
        if not name:
            acts.do("remove", _nobody)
        else:
            acts.do("remove", lambda: chair.remove(_number(who)), f"The place of {name} is taken back.")

    people = [(f"{number}", f"{name} ({p.role.title})") for p in found for number, name in p.team]
    if people:
        with solara.v.Html(tag="details"):
            solara.v.Html(tag="summary", children=["Take a place back"])
            Form(
                label="Take a place back",
                fields=[{"key": "who", "label": "Participant", "kind": "select", "options": [("", "choose"), *people],
                         "value": ""}],
                action="Take it back",
                ask="Take this place back? Whoever holds it sees and decides nothing more; what it committed stays.",
                **acts.at("remove", chair),
                event_change=lambda values: remove(str(values.get("who"))),
            )  # fmt: skip


def _nobody() -> None:
    raise SeminarError("choose a participant")


def _number(value: Any) -> int:
    return int(value) if str(value).isdecimal() and len(str(value)) < 6 else -1


def _row(p: Progress) -> tuple[str, str, str]:
    said = element("strong", "committed") if p.committed else "not yet"
    return p.role.title, ", ".join(name for _, name in p.team), said


@solara.component
def _Trigger(chair: Chair, acts: Acts, version: int) -> None:
    """Offer to inject a trigger."""
    session, play = chair.session, chair.room.play
    entered, set_entered = solara.use_state({"state": next(iter(play.scenario.states)), "kind": "coup", "month": "0"})
    names = play.names
    now = session.branch.of(session.branch.year).triggers

    def inject(values: dict[str, Any]) -> None:
        given = {key: str(values.get(key, ""))[:80] for key in entered}
        set_entered(given)
        month = _number(given["month"])
        said = f"{plain(given['kind'])} in {names.get(given['state'], '')}, month {month + 1}: it will strike."
        acts.do("trigger", lambda: chair.inject(given["state"], given["kind"], month), said)

    note = (
        "It strikes in the year that is being decided, whatever chance says; the policies with the same luck are "
        "struck by it too."
    )
    View(html=element("h2", "Inject a trigger") + element("p", note, class_="r2p-note"))
    Form(
        label="Inject a trigger",
        fields=[
            {"key": "state", "label": "State", "kind": "select", "value": entered["state"],
             "options": [(key, names[key]) for key in play.scenario.states]},
            {"key": "kind", "label": "Trigger", "kind": "select", "value": entered["kind"],
             "options": [(kind, plain(kind)) for kind in TRIGGERS]},
            {"key": "month", "label": "Month of the year", "kind": "select", "value": entered["month"],
             "options": [(str(m), str(m + 1)) for m in range(12)]},
        ],
        action="Inject",
        **acts.at("trigger", chair),
        event_change=inject,
    )  # fmt: skip
    if now:
        items = [element("li", f"{plain(t.kind)} in {names[t.state]}, month {t.month + 1}") for t in now]
        View(html=element("p", f"Set for year {session.branch.year + 1}:") + element("ul", *items))
        Buttons(
            label="Triggers",
            buttons=[{"key": "withdraw", "words": "Take them back", "ask": "Take all triggers of this year back?"}],
            **acts.at("withdraw", chair),
            event_press=lambda _: acts.do("trigger", chair.withdraw, "All triggers of this year are taken back."),
        )


@solara.component
def _Questions(chair: Chair, version: int) -> None:
    """Show questions for the debriefing."""

    def ask() -> list[str]:
        found = chair.results()
        current = f"branch-{chair.session.current}"
        played = next(o for o in found if o.key == current)
        return questions(chair.session.branch, played, [o for o in found if o is not played], chair.room.play.names)

    asked = solara.use_memo(ask, list(stand(chair.room)))
    items = [element("li", question) for question in asked]
    View(html=element("h2", "Questions for the debriefing") + element("ol", *items, class_="r2p-questions"))


@solara.component
def _File(chair: Chair, version: int) -> None:
    """Offer the session as a file."""
    content, set_content = solara.use_state("")
    asked, set_asked = solara.use_state(0)

    def ask(number: Any) -> None:
        set_content(json.dumps(export(chair), allow_nan=False))
        set_asked(int(number))

    name = f"r2psim-seminar-{chair.session.code}.json"
    said = join(
        (
            "Decisions, lines of history and injected triggers, without names: ",
            element("code", f"r2psim replay {name}"),
            " runs it again and checks every year. It holds the seed, which tells all that is to come: keep "
            "it to yourself until the debriefing.",
        )
    )
    View(html=element("h2", "Keep it") + element("p", said, class_="r2p-note"))
    Save(action="Save the session as a file", file=name, content=content, asked=asked, event_ask=ask)
