"""The few things that are done in the browser itself: what is drawn, the clock's buttons, and forms.

Drawings and tables are text that the server makes (`markup`); here they become live: elements with ``data-pick`` can
be picked with the mouse and the keyboard. A step sends what changed, not the drawing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from r2psim.markup import Markup, escape

__all__ = ["Form", "Player", "View", "use_answers"]

Patch = dict[str, dict[str, str]]

NOTHING = Markup()
NUMBER = ""
"""Key under which a form sends the number of what it sends; no field is called so."""


def use_answers(event: Callable[[dict[str, Any]], None] | None) -> tuple[int, Callable[[Any], None]]:
    """Tell a widget which of what it sent is answered, so that it sends nothing twice.

    Parameters
    ----------
    event : callable or None
        Told what was sent, without its number.

    Returns
    -------
    answered : int
        Number of what was answered last.
    take : callable
        To be told what the widget sends.
    """
    answered, set_answered = solara.use_state(0)

    def take(sent: Any) -> None:
        given = sent if isinstance(sent, dict) else {}
        number = given.get(NUMBER)
        try:
            if event is not None:
                event({key: value for key, value in given.items() if key != NUMBER})
        finally:
            # After what it changes: then the values that go with this number are there when the number is.
            if type(number) is int and 0 < number < 2**53:
                set_answered(number)

    return answered, take


@solara.component_vue("view.vue")
def _View(html: str = "", patch: Patch | None = None, event_pick: Callable[[str], None] | None = None) -> None:
    """Show what `View` lets through."""


def View(html: Markup = NOTHING, patch: Patch | None = None, event_pick: Callable[[str], None] | None = None) -> Any:
    """Show HTML or SVG.

    Parameters
    ----------
    html : Markup
        Made by `r2psim.app.page_parts`. A plain string is no markup: it is shown letter by letter.
    patch : dict of str to dict of str to str, optional
        Value of ``data-id`` -> attributes to set; ``text`` sets the text.
    event_pick : callable, optional
        Told the ``data-pick`` of the element that was picked.
    """
    return _View(html=escape(html), patch=patch, event_pick=event_pick)


@solara.component_vue("player.vue")
def Player(month: int, months: int, target: int, answer: int, event_go: Callable[[int], None] | None = None) -> None:
    """Offer to play, pause, step and jump.

    Parameters
    ----------
    month, months, target : int
        Shown now, length of the run, and what was asked for: a long way is gone in several answers.
    answer : int
        Changes with every answer of the server, so that playing asks for one month at a time.
    event_go : callable, optional
        Told the month that is to be shown.
    """


@solara.component_vue("form.vue")
def _Form(
    label: str,
    fields: list[dict[str, Any]],
    action: str,
    about: str,
    taken: int,
    ask: str,
    answered: int,
    message: str,
    problem: str,
    stored: str,
    pending: str,
    event_change: Callable[[dict[str, Any]], None],
) -> None:
    """Ask for values, and number what is sent: ``answered`` is the number of what was answered last."""


@solara.component
def Form(
    label: str,
    fields: list[dict[str, Any]],
    action: str = "",
    about: str = "",
    taken: int = -1,
    ask: str = "",
    message: str = "",
    problem: str = "",
    stored: str = "",
    pending: str = "Not committed yet.",
    event_change: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Ask for values.

    Parameters
    ----------
    label : str
        Name of the form.
    fields : list of dict
        Each with ``key label kind value``; kinds are ``select`` and ``check`` (with ``options``, pairs of key and
        words), ``range``, ``number`` (``low high step``) and ``text``; ``help`` is told on hover and focus.
    action : str
        Words on a button that commits; without it each change counts at once.
    about : str
        What it is for: where that changes, what was entered is dropped. Till then a value that was entered and is not
        yet sent stays, whatever the server has in its place.
    taken : int
        Grows whenever what was sent is taken: only then it is no longer unsent. Below 0 all that is sent counts as
        taken.
    ask : str
        A question before it is sent.
    message, problem : str
        Beside the button: what became of what was sent, or why it was refused.
    stored : str
        Name under which what was entered and not sent is kept in this tab, also where the page is loaded again.
    pending : str
        What is said of what was entered and not sent.
    event_change : callable, optional
        Told all values by key. They come from a browser: check them.
    """
    answered, change = use_answers(event_change)
    _Form(
        label=label, fields=fields, action=action, about=about, taken=taken, ask=ask, answered=answered,
        message=message, problem=problem, stored=stored, pending=pending, event_change=change,
    )  # fmt: skip
