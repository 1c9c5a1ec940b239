"""What a participant writes to other roles and says in public, and what others wrote to its role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from r2psim.app.page_parts import Markup, element
from r2psim.app.seminar_widgets import keep
from r2psim.app.widgets import Form, View
from r2psim.seminar import Seat, SeminarError
from r2psim.seminar.seat import Letter, SeatView

__all__ = ["Notes", "arrived"]

ABOUT = (
    "A note is read by the people of the role that you choose, at once, and by nobody else until the exercise is over: "
    "then the debriefing shows what was written. What you say in public everybody reads at once, on the projector too; "
    "there is one statement a year. Neither can be taken back."
)

TO, TEXT = "to", "text"
"""Keys of the fields."""


def _count(letters: int) -> str:
    return f"{letters} {'note' if letters == 1 else 'notes'}"


def arrived(look: SeatView) -> str:
    """Say in one line what has come in, for whoever is elsewhere on the page."""
    got = [letter for letter in look.letters if not letter.sent]
    if not got:
        return ""
    last = got[-1]
    return f"{_count(len(got))} to you; the last is from {last.other}, in year {last.year + 1}."


def _letter(letter: Letter) -> Markup:
    who = f"to {letter.other}, by {letter.name}" if letter.sent else f"from {letter.other}"
    about = element("span", f"Year {letter.year + 1}, {who}: ", class_="r2p-note")
    return element("li", about, element("q", letter.text), class_="r2p-sent" if letter.sent else "r2p-got")


@solara.component
def Notes(seat: Seat, look: SeatView) -> None:
    """Show the role's notes, and offer to write others and to say something in public."""
    empty: tuple[str, str, str, object] = ("", "", "", None)
    last, set_last = solara.use_state(empty)
    taken, set_taken = solara.use_state({"note": 0, "statement": 0})
    where, message, problem, stood = last
    stand = (look.line_number, look.year, look.phase)

    def say(what: str, words: Callable[[], str]) -> None:
        try:
            said = words()
        except SeminarError as error:
            set_last((what, "", str(error), stand))
            return
        set_taken(lambda counts: {**counts, what: counts[what] + 1})
        set_last((what, said, "", stand))

    def send(values: dict[str, Any]) -> None:
        def words() -> str:
            to = str(values.get(TO, ""))[:80]
            if not to:
                raise SeminarError("to: choose the role that the note is for")
            seat.say(values.get(TEXT, ""), to)
            return f"Sent to {dict(look.readers).get(to, '')}."

        say("note", words)

    def state(values: dict[str, Any]) -> None:
        def words() -> str:
            seat.say(values.get(TEXT, ""))
            return "Said in public."

        say("statement", words)

    def at(what: str) -> dict[str, str]:
        # Of another year, line or phase nothing is said any more.
        here = what == where and stand == stood
        return {"message": message if here else "", "problem": problem if here else ""}

    title = "Notes and public statement"
    title += f" ({_count(len(look.letters))})" if look.letters else ""
    with solara.v.Html(tag="details", class_="r2p-change r2p-notes"):
        solara.v.Html(tag="summary", children=[title])
        letters = element("ul", *map(_letter, reversed(look.letters)), class_="r2p-letters") if look.letters else ""
        View(html=element("p", ABOUT, class_="r2p-note") + letters)
        if look.phase == "over":
            return
        longest = seat.room.limits.note
        text = {"key": TEXT, "kind": "text", "value": "", "long": longest}
        options = [("", "choose a role"), *look.readers]
        if look.readers:
            Form(
                label="Note to another role",
                fields=[{"key": TO, "label": "To", "kind": "select", "options": options, "value": ""},
                        {**text, "label": f"Note, up to {longest} characters"}],
                action="Send the note",
                about=str(look.line_number),
                taken=taken["note"],
                stored=keep(seat, "note"),
                pending="Not sent yet.",
                **at("note"),
                event_change=send,
            )  # fmt: skip
        else:
            View(html=element("p", "Nobody has another role yet: there is nobody to write to.", class_="r2p-note"))
        Form(
            label="Public statement",
            fields=[{**text, "label": f"Public statement, one a year, up to {longest} characters"}],
            action="Say it in public",
            ask="Say this to everybody? It cannot be taken back.",
            about=str(look.line_number),
            taken=taken["statement"],
            stored=keep(seat, "statement"),
            pending="Not said yet.",
            **at("statement"),
            event_change=state,
        )
