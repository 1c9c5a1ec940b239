"""Guided tours of a minute: what is pointed at on each page, in which order, and what is said of it.

A tour points at what is on the page anyway; nothing is done in anybody's place. ``guide.vue`` shows it: with the
keyboard alone, ended with Escape, taken up again where it was left.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["TOURS", "Step", "Tour", "told_to_browser"]


class Step(NamedTuple):
    """One place of a tour.

    Attributes
    ----------
    at : str
        CSS selector of what is pointed at; the first element that it finds and that is seen.
    title, words : str
        What is said of it.
    """

    at: str
    title: str
    words: str


class Tour(NamedTuple):
    """A tour of one page.

    Attributes
    ----------
    page : str
        Path of the page in `r2psim.app.pages.PAGES`; a page has one tour.
    name : str
        What it is called.
    steps : tuple of Step
        Read in about a minute together.
    offered : bool
        Whether the page itself offers it; if not, only the start page does: who has a place in a seminar sees another
        page at the same address.
    """

    page: str
    name: str
    steps: tuple[Step, ...]
    offered: bool = True


TOURS = (
    Tour(
        "explore",
        "Watch a crisis",
        (
            Step("form[aria-label='World']", "One invented world",
                 "Scenario, policy, seed and run name one history: the same four give the same, to the last bit."),
            Step(".r2p-player", "Time",
                 "Play it, or go month by month. Going back costs nothing. The address keeps the month."),
            Step(".r2p-map", "States",
                 "Lines are borders. A mark is the stage of a state's worst group: its shape, digit and colour say the "
                 "same. Pick a state to look at it."),
            Step(".r2p-timeline", "Groups over time",
                 "A ribbon a group, thicker for a higher stage; above them what struck. A black tick is a turn for the "
                 "worse: pick it."),
            Step("#happened", "Why?",
                 "Pick an event: its chance in that month, and what raised or lowered it. A small chance stays small, "
                 "whatever followed."),
            Step("form[aria-label='What to look at']", "A state from near",
                 "Choose one for its fourteen risk factors, its groups and who assists - and below, how it went over "
                 "time, and in how many of many runs it comes to each stage."),
            Step("form[aria-label='World'] #r2p-World-beside", "Another policy beside it",
                 "Two policies, one luck: both worlds run under one clock, and the month where they part is marked."),
        ),
    ),
    Tour(
        "compare",
        "Argue about money",
        (
            Step("form[aria-label='What is compared']", "Who is compared",
                 "Two to four policies meet the same triggers in the same runs. One of them is the baseline."),
            Step(".r2p-headline", "The verdict",
                 "One sentence, each number with its interval. Where the interval holds zero, no difference is told."),
            Step("form[aria-label='Sliders']", "What if?",
                 "Move what you doubt: budgets, consent, how much assistance can do. Everything runs again."),
            Step("[data-figure='differences']", "Differences, run by run",
                 "Filled marks are told apart from no difference, hollow ones are not."),
            Step("[data-figure='ledgers']", "Who pays",
                 "The donors' bill and what states and hosts of refugees bear, each for itself."),
            Step("[data-figure='runs']", "Every run",
                 "A dot is a run. Pick one and watch it in Explore: averages hide single histories."),
            Step(".r2p-link-copy", "Take it along",
                 "The address holds all of it. Figures and numbers can be saved, and the command line gives the same."),
        ),
    ),
    Tour(
        "seminar",
        "Hold a seminar",
        (
            Step("main h1", "An exercise for a room",
                 "Participants decide for bodies and governments, and see only what these would see."),
            Step("form[aria-label='Code of the seminar']", "Join",
                 "Whoever facilitates shows a code; participants enter it here, or by a link, on their own devices."),
            Step("form[aria-label='New seminar']", "Open",
                 "Choose the world, how many years and how large the cast. You become the facilitator."),
            Step("footer", "Afterwards",
                 "History is rewound: one decision is changed, all else and all luck stay, and the room sees what "
                 "would have been."),
        ),
        offered=False,
    ),
)  # fmt: skip
"""All tours, in the order of the ways on the start page."""


def told_to_browser() -> list[dict[str, Any]]:
    """Give all tours as ``guide.vue`` takes them."""
    return [
        {"key": t.page, "name": t.name, "steps": [s._asdict() for s in t.steps], "offered": t.offered} for t in TOURS
    ]
