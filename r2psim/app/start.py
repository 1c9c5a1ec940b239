"""The start page: three ways in, each with a tour of a minute."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import solara

from r2psim.analysis.reached import NEVER, first_months
from r2psim.app import explore
from r2psim.app.address import Place
from r2psim.app.glossary import term
from r2psim.app.page_parts import Markup, element
from r2psim.app.reserved_seeds import free_seed
from r2psim.app.runs import setting_of
from r2psim.app.settings import current
from r2psim.app.tours import TOURS, Tour
from r2psim.app.watch import Choice
from r2psim.app.widgets import View
from r2psim.declarations.columns import STAGES
from r2psim.ensemble.simulation import simulate
from r2psim.scenario.specs import baseline_of
from r2psim.world.build import build

__all__ = ["Page", "crisis"]

YEAR = 12
LEAD = 2 * YEAR
"""Months before an atrocity at which somebody begins to watch."""
PIECE, MOST = 8, 64
"""Runs that are looked through for a crisis at a time, and at most."""

WHAT = (
    "r2psim simulates invented states, the groups in them, their governments, and the bodies that assist them, month "
    "by month and under chance. Assistance before a crisis and response after it are paid for by the same donors: what "
    "does the one buy against the other, and under which assumptions?"
)


class Way(NamedTuple):
    """A way in: what it is, in what words, and what the page that it leads to is called."""

    title: str
    words: str
    action: str


WAYS = {
    "explore": Way(
        "Watch a crisis",
        "Follow one world through twenty years: who is at risk, what strikes, what follows from it and what does not - "
        "and why.",
        "Open Explore",
    ),
    "compare": Way(
        "Argue about money",
        "Set policies side by side under the same luck: harm, the donors' bill and total cost, each number with its "
        "interval. Move what you doubt.",
        "Open Compare",
    ),
    "seminar": Way(
        "Hold a seminar",
        "Play it with a group: each decides for a body or a government and sees only what that one sees. Then rewind "
        "history and change one decision.",
        "Open Seminar",
    ),
}
"""By path of the page, in the order of the tours."""


@solara.component_vue("begin.vue")
def _Begin(tour: str, go: str, steps: int) -> None:
    """Offer a tour, or to take it up where it was left."""


@lru_cache(maxsize=16)
def crisis(scenario: str, seed: int) -> tuple[Choice, Place]:
    """Find a history to watch in which a group comes to the last stage, and the month to begin at.

    The first run in which that happens after there is something to see before it; where it happens in none of `MOST`
    runs, the first run from its start.
    """
    full = setting_of(scenario, ())
    policy = baseline_of(tuple(full.policies))
    last = len(STAGES) - 1
    for first in range(0, MOST, PIECE):
        found = simulate(full, [policy], PIECE, seed, first_run=first, histories=True)
        months = first_months(found.stages[policy])[:, :, last].astype(int)
        months[months < LEAD] = NEVER
        if months.min() < NEVER:
            run = int(np.flatnonzero(months.min(axis=1) < NEVER)[0])
            group = int(months[run].argmin())
            world = build(full, policy)
            state = world.states[world.rows.home[group]]
            return Choice(scenario, policy, seed, first + run), Place(month=int(months[run, group]) - LEAD, state=state)
    return Choice(scenario, policy, seed, 0), Place()


@solara.component
def Page() -> None:
    """Show the ways in; an address that names a world shows that world, as such addresses always did."""
    if solara.use_router().search:
        explore.Page()
    else:
        Start()


@solara.component
def Start() -> None:
    """Show the ways in."""
    solara.Title("r2psim")
    watched, place = solara.use_memo(lambda: crisis(current().scenario, free_seed()), [])
    View(html=element("h1", "What does early assistance buy?") + element("p", WHAT, class_="r2p-lead"))
    with solara.v.Html(tag="div", class_="r2p-ways"):
        for tour in TOURS:
            address = f"/explore?{place.query(watched)}" if tour.page == "explore" else f"/{tour.page}"
            with solara.v.Html(tag="section", class_="r2p-card", attributes={"aria-labelledby": f"way-{tour.page}"}):
                View(html=_way(tour, address))
                _Begin(tour=tour.page, go=address, steps=len(tour.steps))
    View(html=_more())


def _way(tour: Tour, address: str) -> Markup:
    """Write what a way in is, and a link to it; links are written from this page, so that they hold behind a proxy."""
    way = WAYS[tour.page]
    link = element("a", way.action, href=address.removeprefix("/"), data_go=address, class_="r2p-button r2p-open")
    return element("h2", way.title, id=f"way-{tour.page}") + element("p", way.words) + element("p", link)


def _more() -> Markup:
    """Write where words are explained, and what the model is not."""
    return element(
        "p",
        "Words of the model, such as ", term("stage-3", "imminent risk"), ", ", term("factor-9", "risk factor"), " or ",
        term("metric-prevention_and_response", "the donors' bill"), ", are explained in the ",
        element("a", "glossary", href="glossary", data_go="/glossary"),
        ". Every number has a range and an evidence label; most are assumptions, and can be changed on the pages.",
        class_="r2p-note",
    )  # fmt: skip
