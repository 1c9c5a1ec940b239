"""A participant's page: what its role sees, what it decides, and afterwards what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from r2psim.app.inputs import told
from r2psim.app.markup import element, join
from r2psim.app.seminar_results import Results, Tabs, stand
from r2psim.app.seminar_server import use_version
from r2psim.app.seminar_widgets import Countdown, Plan
from r2psim.app.seminar_words import PHASES, account, events, plan_rows, states, works
from r2psim.app.widgets import Form, View
from r2psim.seminar import Seat, SeminarError
from r2psim.seminar.seat import SeatView

__all__ = ["SeatPage", "Status"]

TABS = [("results", "What happened"), ("round", "Your role")]

VOTE_OPTIONS = [("", "no vote: left to the rules"), ("yes", "for"), ("no", "against"), ("abstain", "abstain")]
CONSENT_OPTIONS = [("", "left to the rules"), ("yes", "consent"), ("no", "refuse")]

HOW = {
    "body": "You decide where your body's money goes. A plan holds for this year and until you commit another one. A "
    "form that stops to apply takes no money until it applies again.",
    "council": "Each member votes on a mandate for every state, should a crisis there call for one this year. It is "
    "adopted with three fifths of the votes cast and no permanent member against; where nobody votes, the model's "
    "rules decide. A vote against a mandate that is in force ends it. The Council's money is common: the last plan "
    "that any member commits counts.",
    "government": "You consent to assistance in your state or refuse it; your word holds until you change it. A "
    "government that prepares or commits crimes itself obstructs assistance whatever it says.",
}


@solara.component
def Status(phase: str, year: int, years: int, seconds: float | None, version: int) -> None:
    """Tell where the exercise stands, and what time is left."""
    where = f"Year {min(year + 1, years)} of {years}"
    with solara.v.Html(tag="div", class_="r2p-status", attributes={"role": "status"}):
        solara.v.Html(tag="strong", children=[where])
        solara.v.Html(tag="span", children=[PHASES[phase]])
        if seconds is not None:
            Countdown(seconds=float(seconds), running=phase in ("deciding", "closed"), stamp=version)


@solara.component
def SeatPage(seat: Seat, token: str) -> None:
    """Show a participant's page."""
    version = use_version(seat.room, seat.stand)
    problem, set_problem = solara.use_state("")
    done, set_done = solara.use_state((-1, ""))
    tab, set_tab = solara.use_state("results")
    try:
        look = seat.look()
    except SeminarError as error:
        View(html=element("h1", "Seminar"))
        told(str(error))
        return
    play = seat.room.play
    names = play.names
    forms = play.forms

    def act(what: str, commit: Callable[[], None]) -> None:
        try:
            commit()
        except SeminarError as error:
            set_problem(str(error))
            set_done((-1, ""))
            return
        set_problem("")
        set_done((look.year, f"Committed for year {look.year + 1}: {what}."))

    others = [name for name in look.team if name != look.name]
    team = f" Together with {', '.join(others)}." if others else ""
    View(
        html=element("h1", look.role.title)
        + element("p", f"{look.title}. You are {look.name}.{team}", class_="r2p-note")
    )
    Status(look.phase, look.year, look.years, look.seconds_left, version)
    told(problem)
    by = "" if look.committed_by is None else f"Committed this year, last by {look.committed_by}."
    said = done[1] if done[0] == look.year else by
    View(html=element("p", said, role="status", class_="r2p-done") if said else "")
    if look.debrief:
        Tabs(TABS, tab, set_tab)
        if tab == "results":
            _Results(seat, version)
            return
    _Heard(look, names)
    _Decide(seat, look, act, forms)
    View(html=states(look.public, look.view))
    if look.account is not None:
        View(html=account(look.account, names, forms))


@solara.component
def _Heard(look: SeatView, names: dict[str, str]) -> None:
    """Tell what everybody heard of last year."""
    parts = []
    if look.year:
        parts.append(events(look.public.events, names, f"What happened in year {look.year}"))
    if look.public.mandates:
        said = [
            element("li", f"{names[s]}: {'mandate adopted' if yes else 'mandate not adopted'}")
            for s, yes in look.public.mandates.items()
        ]
        parts.append(element("h2", "What the Council decided") + element("ul", *said))
    View(html=join(parts))


@solara.component
def _Decide(seat: Seat, look: SeatView, act: Callable[[str, Callable[[], None]], None], forms: dict[str, str]) -> None:
    """Offer what the role decides."""
    open_ = look.phase == "deciding"
    role = look.role
    kind = "council" if role.votes else "government" if role.state is not None else "body"
    View(html=element("h2", "Decide") + element("p", HOW[kind], class_="r2p-note"))
    if role.votes:
        _Vote(seat, look, act)
    if role.state is not None:
        _Consent(seat, look, act)
        View(html=works(look.works, forms))
    if look.view is not None:
        rule = "" if look.plan is not None else "At present the model's rules decide for this body."
        View(html=element("p", rule, class_="r2p-note") if rule else "")
        Plan(
            label="Plan for the year",
            about=f"{role.body}-{look.year}",
            rows=plan_rows(look.view, forms),
            plan=[[a.state, a.form, a.dollars] for a in look.plan or ()],
            room=look.view.room,
            ready=open_,
            action="Commit this plan",
            away=True,
            event_commit=lambda sent: act(
                "the plan" if _plan(sent) is not None else "left to the rules", lambda: seat.commit_plan(_plan(sent))
            ),
        )


def _plan(sent: Any) -> Any:
    """Take the plan out of what a browser sent."""
    return sent.get("plan") if isinstance(sent, dict) else sent


@solara.component
def _Vote(seat: Seat, look: SeatView, act: Callable[[str, Callable[[], None]], None]) -> None:
    """Offer a vote on every state."""
    fields = [
        {"key": s.key, "label": f"{s.name}{' (mandate in force)' if s.mandate else ''}", "kind": "select",
         "options": VOTE_OPTIONS, "value": look.votes.get(s.key, "")}
        for s in look.public.states
    ]  # fmt: skip

    def commit(values: dict[str, Any]) -> None:
        votes = {key: vote for key, vote in values.items() if vote}
        act(f"votes on {len(votes)} {'state' if len(votes) == 1 else 'states'}", lambda: seat.commit_votes(votes))

    Form(label="Votes on mandates", fields=fields, action="Commit these votes", event_change=commit)


@solara.component
def _Consent(seat: Seat, look: SeatView, act: Callable[[str, Callable[[], None]], None]) -> None:
    """Offer to consent or to refuse."""
    now = {None: "", True: "yes", False: "no"}[look.consent]

    def commit(values: dict[str, Any]) -> None:
        chosen = {"": None, "yes": True, "no": False}.get(str(values.get("consent", "")))
        act("consent" if chosen else "refusal" if chosen is False else "left to the rules",
            lambda: seat.commit_consent(chosen))  # fmt: skip

    Form(
        label="Consent to assistance",
        fields=[{"key": "consent", "label": "Assistance in your state", "kind": "select", "options": CONSENT_OPTIONS,
                 "value": now}],
        action="Commit",
        event_change=commit,
    )  # fmt: skip


@solara.component
def _Results(seat: Seat, version: int) -> None:
    """Show the results, once the debriefing is open."""
    found = solara.use_memo(seat.results, list(stand(seat.room)))
    Results(found, seat.room, version)
