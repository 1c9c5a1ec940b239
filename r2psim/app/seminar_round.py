"""The first round in three steps: what a participant is, how the world stands, and what is to be decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from r2psim.app.page_parts import element, join, pick
from r2psim.app.seminar_map import public_map
from r2psim.app.seminar_words import assessed, card, how_to_read
from r2psim.app.widgets import View
from r2psim.seminar.cards import told_of
from r2psim.seminar.play import Play
from r2psim.seminar.seat import SeatView

__all__ = ["STEPS", "Assess", "Next", "Read", "Steps", "in_order"]

STEPS = [("read", "Read"), ("assess", "Assess"), ("commit", "Commit")]

NEXT = {
    "read": ("assess", "I have read it. Next: assess"),
    "assess": ("commit", "I have seen enough. Next: commit"),
}

WORLD = (
    "An invented world. States stand at peace or in conflict; within each, groups of people stand at more or less risk "
    "of atrocity crimes. Triggers - a coup, a contested election, a shock - strike by chance: they pass over one state "
    "and upset another. Assistance can lower the risk, slowly, and mostly with a government's consent; a response "
    "comes late, at a higher price. Nobody sees the true risk, only assessments of it. Each round is a year."
)


@solara.component_vue("steps.vue")
def Steps(
    label: str,
    steps: list[tuple[str, str]],
    now: str,
    turn: int,
    stored: str,
    event_go: Callable[[str], None] | None = None,
) -> None:
    """Lead from step to step; ``turn`` grows when another button leads on, ``stored`` names what this tab keeps."""


@solara.component
def Next(step: str, go: Callable[[str], None]) -> None:
    """Lead on to the step that follows."""
    if step in NEXT:
        key, words = NEXT[step]
        button = pick(key, words, class_="r2p-button r2p-main-button")
        View(html=element("p", button, class_="r2p-next"), event_pick=lambda picked: go(key) if picked == key else None)


def in_order(look: SeatView, play: Play) -> list[str]:
    """Give the states in the order in which they concern a role: its own, its members by their risk, then neighbours.

    Those that it assesses itself come first, the highest risk first; of the others those that border one of them.
    """
    own = sorted(look.own, key=lambda key: -look.own[key].value)
    members = own or ([look.role.state] if look.role.state is not None else [])
    near = (
        {n for key in members for n in play.state_cards[key].neighbours}
        if len(members) < len(look.public.states)
        else set()
    )
    rest = [s.key for s in look.public.states if s.key not in members]
    return [*members, *sorted(rest, key=lambda key: key not in near)]


@solara.component
def Read(look: SeatView, play: Play) -> None:
    """Show the role's card, a page on the world, and each state in two sentences."""
    seen = {s.key: s for s in look.public.states}
    items = []
    for key in in_order(look, play):
        told = told_of(play.state_cards[key], seen[key], play.names, look.own.get(key), play.usual)
        name = play.names[key]
        items.append(element("li", element("strong", name), told.removeprefix(name)))
    world = element("section", element("h2", "The world"), element("p", WORLD), class_="r2p-lead")
    View(html=element("div", card(play.cards[look.role.key]), world, class_="r2p-grid-of"))
    View(html=public_map(play, look.public))
    View(html=element("h2", "The states") + element("ul", *items, class_="r2p-sentences"))


@solara.component
def Assess(look: SeatView, play: Play, title: str = "How you see it", news: bool = False) -> None:
    """Show how the role assesses what it can, with the error; who borders whom; and maybe the news."""
    parts: list[Any] = [element("h2", title), how_to_read(bool(look.own), look.role.state is not None)]
    parts.append(assessed(look.public, look.own, in_order(look, play), play))
    if news:
        found = element("p", "Nothing has happened yet: this is the first year.")
        parts.append(element("h2", "News") + found)
    View(html=join(parts))
