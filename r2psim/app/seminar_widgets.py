"""What a seminar does in the browser itself: plans, the time that is left, places to come back to, a file to keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from r2psim.app.seminar_words import PHASES
from r2psim.app.widgets import use_answers
from r2psim.seminar import Seat

__all__ = ["Buttons", "Confirm", "Countdown", "Places", "Plan", "Save", "Status", "keep"]


def keep(seat: Seat, what: str) -> str:
    """Name what a participant enters, as a browser keeps it: in this session, for this place."""
    return f"{seat.room.session.code}-{seat.who.number}-{what}"


@solara.component_vue("plan.vue")
def _Plan(
    label: str,
    about: str,
    rows: list[dict[str, Any]],
    plan: list[list[Any]],
    room: float,
    ready: bool,
    action: str,
    away: bool,
    taken: int,
    answered: int,
    message: str,
    problem: str,
    stored: str,
    forms: dict[str, list[str]],
    why: str,
    longest: int,
    event_commit: Callable[[dict[str, Any]], None],
) -> None:
    """Ask for a plan, and number what is sent; see `Plan`."""


@solara.component
def Plan(
    label: str,
    about: str,
    rows: list[dict[str, Any]],
    plan: list[list[Any]],
    room: float,
    ready: bool,
    action: str,
    away: bool,
    taken: int = -1,
    message: str = "",
    problem: str = "",
    stored: str = "",
    forms: dict[str, list[str]] | None = None,
    why: str = "",
    longest: int = 0,
    event_commit: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Ask for a plan: US$ a month for forms in states.

    Parameters
    ----------
    label, about : str
        Name of the form, and what it is for: where that changes, what was entered is dropped.
    rows : list of dict
        States with ``state name facts`` and ``offers``, each of ``form name cost missing``.
    plan : list of list
        In force: rows of state, form, US$ a month.
    room : float
        US$ a month.
    ready : bool
        Whether it can be committed now.
    action : str
        Words on the button.
    away : bool
        Whether it can be left to the rules.
    taken : int
        Grows whenever what was sent is taken: only then it is no longer unsent. Below 0 all that is sent counts as
        taken.
    message, problem : str
        Beside the buttons: what became of what was sent, or why it was refused.
    stored : str
        Name under which what was entered and not sent is kept in this tab, also where the page is loaded again.
    forms : dict of str to list of str, optional
        By form, what it does, how soon, and where it may do harm.
    why, longest : str, int
        The sentence that was written with the plan in force, and how many characters one may have; 0 asks for none.
    event_commit : callable, optional
        Told ``plan``, such rows or None, and ``why``. They come from a browser: the session checks them.
    """
    answered, commit = use_answers(event_commit)
    _Plan(
        label=label, about=about, rows=rows, plan=plan, room=room, ready=ready, action=action, away=away, taken=taken,
        answered=answered, message=message, problem=problem, stored=stored, forms=forms or {}, why=why,
        longest=longest, event_commit=commit,
    )  # fmt: skip


@solara.component_vue("confirm.vue")
def Confirm(question: str, html: str, yes: str, no: str, event_answer: Callable[[bool], None] | None = None) -> None:
    """Ask before something is done, where it was asked for; ``html`` is made by `r2psim.app.page_parts`."""


@solara.component_vue("countdown.vue")
def Countdown(seconds: float, running: bool, stamp: int) -> None:
    """Show the time that is left; ``seconds`` below 0 for none. It is taken anew when ``stamp`` changes."""


@solara.component
def Status(phase: str, year: int, years: int, seconds: float | None, version: int, line: str = "") -> None:
    """Tell where the exercise stands, in which line of history if there are several, and what time is left."""
    where = f"Year {min(year + 1, years)} of {years}"
    with solara.v.Html(tag="div", class_="r2p-status"):
        # The time that is left is not announced each second with the rest.
        with solara.v.Html(tag="div", class_="r2p-where", attributes={"role": "status"}):
            solara.v.Html(tag="strong", children=[where])
            if line:
                solara.v.Html(tag="span", children=[f"Line of history: {line}"])
            solara.v.Html(tag="span", children=[PHASES[phase]])
        if seconds is not None:
            Countdown(seconds=float(seconds), running=phase in ("deciding", "closed"), stamp=version)


@solara.component_vue("places.vue")
def Places(
    token: str = "",
    label: str = "",
    refused: str = "",
    known: list[str] | None = None,
    event_enter: Callable[[str], None] | None = None,
    event_look: Callable[[list[str]], None] | None = None,
) -> None:
    """Keep the place of this tab, and remember it in this browser; without one offer those that are remembered.

    Parameters
    ----------
    token, label : str
        Of the place that is shown; the token is taken out of the address. Without a label this tab alone keeps it.
    refused : str
        A token that leads nowhere any more: it is forgotten.
    known : list of str, optional
        Of the remembered tokens those that still lead somewhere; None until they were looked at. Others are forgotten.
    event_enter : callable, optional
        Told the token of the place that is wanted; empty to leave it.
    event_look : callable, optional
        Told the tokens that this browser remembers.
    """


@solara.component_vue("save.vue")
def Save(action: str, file: str, content: str, asked: int, event_ask: Callable[[int], None] | None = None) -> None:
    """Offer a file: asks for its content, and saves it when it comes."""


@solara.component_vue("buttons.vue")
def _Buttons(
    label: str,
    buttons: list[dict[str, Any]],
    answered: int,
    message: str,
    problem: str,
    event_press: Callable[[dict[str, Any]], None],
) -> None:
    """Offer buttons, and number what is pressed; see `Buttons`."""


@solara.component
def Buttons(
    label: str,
    buttons: list[dict[str, Any]],
    message: str = "",
    problem: str = "",
    event_press: Callable[[str], None] | None = None,
) -> None:
    """Offer buttons in a row.

    Parameters
    ----------
    label : str
        Name of the group.
    buttons : list of dict
        Each with ``key words`` and maybe ``off``, ``main``, ``ask`` (a question before it).
    message, problem : str
        Beside them: what became of what was pressed, or why it was refused.
    event_press : callable, optional
        Told the key.
    """

    def press(sent: dict[str, Any]) -> None:
        if event_press is not None:
            event_press(str(sent.get("key", "")))

    answered, take = use_answers(press)
    _Buttons(label=label, buttons=buttons, answered=answered, message=message, problem=problem, event_press=take)
