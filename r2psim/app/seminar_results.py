"""What happened, what would have happened, and the lines of history side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from r2psim.app.page_parts import Markup, element, pick
from r2psim.app.seminar_charts import charts, metrics_table, strips, war_key, years_words
from r2psim.app.seminar_words import events
from r2psim.app.symbols import stage_key
from r2psim.app.widgets import Form, View
from r2psim.seminar.play import Outcome
from r2psim.seminar.room import Room

__all__ = ["Results", "Tabs", "stand"]

MOST = 6
"""Lines that a drawing shows: more cannot be told apart."""

LUCK = (
    "All lines and policies had the same luck: the same chance of every trigger, month by month. One world with one "
    "luck shows how decisions work; it does not show what is better on average - other luck does, the last step."
)


def stand(room: Room) -> tuple[object, ...]:
    """Give what the results of a session depend on."""
    session = room.session
    ends = (branch.digests[-1] if branch.digests else "" for branch in session.branches)
    return (session.current, session.over, *ends)


@solara.component
def Tabs(tabs: list[tuple[str, str]], now: str, choose: Callable[[str], None]) -> None:
    """Offer parts of a page: key and words of each."""
    buttons = [pick(key, words, pressed=key == now, class_="r2p-button") for key, words in tabs]
    View(html=element("div", *buttons, class_="r2p-tabs", role="group", aria_label="Parts of this page"),
         event_pick=lambda key: choose(key) if key in dict(tabs) else None)  # fmt: skip


def _luck(room: Room) -> Markup:
    """Tell the seed, by which everybody can run the same world again."""
    s = room.session
    command = (
        f"r2psim run {room.play.scenario.name} --policy {s.policy} --seed {s.seed} --run {s.run} --years {s.years}"
    )
    said = "Its luck was seed ", element("code", s.seed), f", run {s.run}. Without any decision: "
    return element("p", *said, element("code", command), class_="r2p-note")


def _common(picked: list[Outcome], common: int, none: list[Outcome]) -> Markup:
    """Say over which years lines of different length are compared, and which cannot be yet."""
    said = []
    if any(o.years != common for o in picked):
        lengths = "; ".join(f"{o.title}: {o.years}" for o in picked)
        over = years_words(common)
        said.append(f"These lines were not run equally far (years: {lengths}). Table and figures compare {over}.")
    if none:
        said.append(f"No year of these can be compared yet: {', '.join(o.title for o in none)}.")
    return element("p", " ".join(said), class_="r2p-note") if said else Markup()


@solara.component
def Results(give: Callable[[int | None], list[Outcome]], room: Room, version: int) -> None:
    """Lay lines of history and policies with the same luck side by side, over the years that all of them have.

    Parameters
    ----------
    give : callable
        Gives what came of all of them, each as far as it was run, or over some first years alone.
    room : Room
        The session.
    version : int
        Grows with every change.
    """
    chosen, set_chosen = solara.use_state([])
    read, set_read = solara.use_state("branch-0")
    outcomes = solara.use_memo(lambda: give(None), list(stand(room)))
    run = [o for o in outcomes if o.years]
    known = [o.key for o in run]
    picked = [o for o in run if o.key in chosen] or run[:MOST]
    common = min((o.years for o in picked), default=0)
    keys = [o.key for o in picked]
    same = solara.use_memo(
        lambda: [o for o in give(common) if o.key in keys] if common else [], [*stand(room), common, *keys]
    )
    options = [(o.key, o.title if o.key.startswith("branch-") else f"had it been {o.title}") for o in run]

    def choose(values: dict[str, Any]) -> None:
        keys = values.get("lines")
        set_chosen([key for key in known if isinstance(keys, list) and key in keys][:MOST])

    play = room.play
    luck = _luck(room) if room.session.luck_is_told else ""
    head = element("h2", "What happened, and what would have happened")
    View(html=head + element("p", LUCK, class_="r2p-note") + luck)
    if not picked:
        View(html=element("p", "No year has been run yet."))
        return
    Form(
        label="What to lay side by side",
        fields=[{"key": "lines", "label": "Lines", "kind": "check", "options": options, "low": 1, "high": MOST,
                 "value": keys}],
        event_change=choose,
    )  # fmt: skip
    View(html=_common(picked, common, [o for o in outcomes if not o.years]))
    View(html=metrics_table(same))
    View(html=charts(same))
    View(html=element("h2", f"Every state, month by month, {years_words(common)}") + stage_key() + war_key())
    View(html=strips(same, [play.names[key] for key in play.scenario.states]))
    Form(
        label="Line to read",
        fields=[{"key": "line", "label": "Read one line", "kind": "select", "options": options, "value": read}],
        event_change=lambda values: set_read(str(values.get("line", ""))),
    )
    outcome = next((o for o in run if o.key == read), run[0])
    grave = [e for e in outcome.events if e.kind == "conflict" or (e.kind == "stage" and e.after == "atrocity")]
    title = f"{dict(options)[outcome.key]}, {years_words(outcome.years)}"
    View(html=events(grave[-40:], play.names, f"Conflict and atrocity: {title}"))
