"""Going back in history: choose a decision, take it otherwise, and lay what follows beside what was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from r2psim.app.page_parts import element
from r2psim.app.seminar_acts import Acts
from r2psim.app.seminar_widgets import Buttons, Plan
from r2psim.app.seminar_words import plan_rows
from r2psim.app.widgets import Form, View
from r2psim.seminar import Chair, SeminarError
from r2psim.seminar.chair import Change

__all__ = ["Rewind"]

VERDICTS = [("keep", "as it was"), ("yes", "yes"), ("no", "no"), ("", "left to the rules")]
MEANING = {"yes": True, "no": False, "": None}

HOW = (
    "Choose a line of history and a year, take one decision of that year otherwise, and run it again. All else stays "
    "as decided, also in later years, unless you let the later years be decided anew."
)


@solara.component
def Rewind(chair: Chair, acts: Acts, version: int) -> None:
    """Offer to go back, and to go on in another line."""
    session = chair.session
    chosen, set_chosen = solara.use_state({"branch": "0", "year": "0", "what": "", "title": "", "later": "keep"})
    lines = [(str(b.number), b.title) for b in session.branches]
    branch = session.branches[_within(chosen["branch"], len(lines))]
    years = [(str(y), f"year {y + 1}") for y in range(branch.year)]
    year = _within(chosen["year"], max(1, branch.year))
    deciders = _deciders(chair)
    what = chosen["what"] if chosen["what"] in dict(deciders) else deciders[0][0]

    def choose(values: dict[str, Any]) -> None:
        set_chosen({key: str(values.get(key, ""))[:120] for key in chosen})

    def go(changes: list[Change]) -> None:
        title = chosen["title"].strip() or f"Year {year + 1} otherwise: {dict(deciders)[what]}"[:80]
        keep = chosen["later"] == "keep"

        def rewind() -> None:
            number = chair.rewind(branch.number, year, title, changes, keep_later=keep)
            if not keep:
                chair.switch(number)

        said = f"“{title}” was run to year {branch.year}; it stands beside the others above."
        if not keep:
            said = f"“{title}” is played now, and decided anew from year {year + 1} on."
        if acts.do("rewind", rewind, said):
            set_chosen({**chosen, "title": ""})

    View(html=element("h2", "Go back and decide otherwise") + element("p", HOW, class_="r2p-note"))
    if years:
        later = [("keep", "later decisions stay"), ("anew", "later years are decided anew, by the participants")]
        Form(
            label="Go back to",
            fields=[
                {"key": "branch", "label": "Line", "kind": "select", "options": lines, "value": str(branch.number)},
                {"key": "year", "label": "Year", "kind": "select", "options": years, "value": str(year)},
                {"key": "what", "label": "Decision", "kind": "select", "options": deciders, "value": what},
                {"key": "later", "label": "Afterwards", "kind": "select", "options": later, "value": chosen["later"]},
                {"key": "title", "label": "Name of the new line", "kind": "text", "value": chosen["title"]},
            ],
            event_change=choose,
        )
        said = acts.at("rewind", chair)
        _Otherwise(chair, branch.number, year, what, go, said, version).key(f"{branch.number} {year} {what}")
    if len(lines) > 1:
        _Lines(chair, acts, version)


def _within(value: str, size: int) -> int:
    return int(value) if value.isdecimal() and int(value) < size else 0


def _deciders(chair: Chair) -> list[tuple[str, str]]:
    """Give the decisions that can be taken otherwise."""
    roles = chair.room.play.roles.values()
    found = [("mandate", "Security Council: mandates"), ("consent", "Governments: consent")]
    council = next((role.body for role in roles if role.votes and role.body is not None), None)
    if council is not None:
        found.append((f"plan:{council}", "Security Council: money"))
    found += [(f"plan:{role.body}", role.title) for role in roles if role.body is not None and not role.votes]
    return [*found, ("no triggers", "Injected triggers: none of them")]


@solara.component
def _Otherwise(
    chair: Chair,
    branch: int,
    year: int,
    what: str,
    go: Callable[[list[Change]], None],
    said: dict[str, str],
    version: int,
) -> None:
    """Ask for the other decision; ``said`` is what became of the last."""
    play = chair.room.play
    kind, _, body = what.partition(":")
    if kind == "plan":
        try:
            view = chair.view(branch, year, body)
        except SeminarError:
            return
        plan = chair.session.branches[branch].choices(year, play.permanent).plans.get(body)
        Plan(
            label=f"Plan for year {year + 1}",
            about=f"{branch}-{year}-{body}",
            rows=plan_rows(view, play.forms),
            plan=[[a.state, a.form, a.dollars] for a in plan or ()],
            room=view.room,
            ready=True,
            action="Run it with this plan",
            away=True,
            **said,
            event_commit=lambda sent: go([("plan", body, sent.get("plan") if isinstance(sent, dict) else None)]),
        )
    elif kind in ("mandate", "consent"):
        words = "A mandate, should a crisis call for one" if kind == "mandate" else "Consent to assistance"
        fields = [
            {"key": key, "label": play.names[key], "kind": "select", "options": VERDICTS, "value": "keep"}
            for key in play.scenario.states
        ]

        def change(values: dict[str, Any]) -> None:
            taken = [(kind, key, MEANING[v]) for key, v in values.items() if v in MEANING]
            go(taken)

        View(html=element("p", f"{words}:"))
        Form(label=words, fields=fields, action="Run it with these decisions", **said, event_change=change)
    else:
        Buttons(
            label="Without triggers",
            buttons=[{"key": "go", "words": "Run it without the injected triggers"}],
            **said,
            event_press=lambda _: go([("no triggers", "", None)]),
        )


@solara.component
def _Lines(chair: Chair, acts: Acts, version: int) -> None:
    """Show the lines of history, and offer to go on in another."""
    session = chair.session

    def switch(number: int) -> None:
        acts.do("line", lambda: chair.switch(number), f"“{session.branches[number].title}” is played and seen now.")

    options = []
    for b in session.branches:
        left = f", left off at year {b.since + 1}" if b.number else ""
        options.append((str(b.number), f"{b.title} ({b.year} {'year' if b.year == 1 else 'years'}{left})"))
    Form(
        label="Line that is played",
        fields=[{"key": "line", "label": "Line that is played and seen", "kind": "select", "options": options,
                 "value": str(session.current)}],
        action="Go on in this line",
        ask="Go on in this line? All participants then see it as it stands, and decide in it.",
        **acts.at("line", chair),
        event_change=lambda values: switch(_within(str(values.get("line", "")), len(options))),
    )  # fmt: skip
