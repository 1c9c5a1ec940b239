"""A participant's page: what its role sees, what it decides, and afterwards what came of it."""

from __future__ import annotations

from typing import Any

import solara

from r2psim.app.inputs import told
from r2psim.app.markup import Markup, element, join
from r2psim.app.seminar_commit import Commitments, replaced_words, use_commitments, whose
from r2psim.app.seminar_debriefing import DebriefingSteps
from r2psim.app.seminar_results import Tabs
from r2psim.app.seminar_server import use_version
from r2psim.app.seminar_widgets import Confirm, Countdown, Plan
from r2psim.app.seminar_words import (
    PHASES,
    account,
    committed,
    events,
    plan_rows,
    states,
    verdict,
    works,
)
from r2psim.app.widgets import Form, View
from r2psim.seminar import Seat, SeminarError
from r2psim.seminar.decisions import plan_of
from r2psim.seminar.seat import SeatView

__all__ = ["SeatPage", "Status"]

TABS = [("results", "What happened"), ("round", "Your role")]

VOTE_OPTIONS = [("", "no vote: left to the rules"), ("yes", "for"), ("no", "against"), ("abstain", "abstain")]
CONSENT_OPTIONS = [("", "left to the rules"), ("yes", "consent"), ("no", "refuse")]

HOW = {
    "body": "You decide where your body's money goes. A plan holds for this year and until you commit another one. A "
    "form that no longer applies takes no money until it applies again.",
    "council": "Each member votes on a mandate for every state, should a crisis there call for one this year. It is "
    "adopted with three fifths of the votes cast and no permanent member against; where nobody votes, the model's "
    "rules decide. A vote against a mandate that is in force ends it. The Council's money is common: the last plan "
    "that any member commits counts, and whoever replaces another's is asked first.",
    "government": "You consent to assistance in your state or refuse it; your word holds until you change it. A "
    "government that commits violations or kills obstructs assistance whatever it says.",
}

CLOSED = (
    "The line “{line}” is being decided. All lines have the same luck, so the others would tell what is to come in it: "
    "their results are closed until it is over."
)


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


@solara.component
def SeatPage(seat: Seat, token: str) -> None:
    """Show a participant's page."""
    version = use_version(seat.room, seat.stand)
    tab, set_tab = solara.use_state("results")
    commitments = use_commitments(seat)
    try:
        look = seat.look()
    except SeminarError as error:
        View(html=element("h1", "Seminar"))
        told(str(error))
        return
    names, forms = seat.room.play.names, seat.room.play.forms

    others = [name for name in look.team if name != look.name]
    team = f" Together with {', '.join(others)}." if others else ""
    View(
        html=element("h1", look.role.title)
        + element("p", f"{look.title}. You are {look.name}.{team}", class_="r2p-note")
    )
    Status(look.phase, look.year, look.years, look.seconds_left, version, look.line)
    # What one has committed oneself is told where it was committed.
    own = look.committed_by == look.name and bool(commitments.last.message)
    by = "" if look.committed_by is None or own else f"Committed this year, last by {look.committed_by}."
    replaced = join(replaced_words(r, look.year, names, forms) for r in look.replaced)
    said = "" if replaced else by
    View(html=element("div", element("p", said, class_="r2p-done") if said else "", replaced, role="status"))
    results = look.debrief and tab == "results"
    if look.debrief:
        Tabs(TABS, tab, set_tab)
    # What was entered stays while the results are looked at, and whatever comes before it on the page.
    with solara.v.Html(tag="div", class_="r2p-away" if results else "").key("round"):
        _Heard(look, names)
        _Decide(seat, look, commitments)
        View(html=states(look.public, look.view))
        if look.account is not None:
            View(html=account(look.account, names, forms))
    if results:
        _Results(seat, version)


@solara.component
def _Heard(look: SeatView, names: dict[str, str]) -> None:
    """Tell what everybody heard of last year."""
    parts = []
    if look.year:
        parts.append(events(look.public.events, names, f"What happened in year {look.year}"))
    if look.public.mandates:
        said = [element("li", f"{names[s]}: {verdict(look.public, s)}") for s in look.public.mandates]
        parts.append(element("h2", "What the Council decided") + element("ul", *said))
    View(html=join(parts))


@solara.component
def _Decide(seat: Seat, look: SeatView, commitments: Commitments) -> None:
    """Offer what the role decides, each with the question that it raised."""
    role = look.role
    kind = "council" if role.votes else "government" if role.state is not None else "body"

    def ask(what: str) -> None:
        asking = commitments.asking
        # A question of another year is none any more.
        if asking is not None and (asking.what, asking.year) == (what, look.year):
            Confirm(
                question=asking.question,
                html=asking.both,
                yes="Replace it",
                no="Leave it as it is",
                event_answer=commitments.answer,
            ).key(asking.question)

    View(html=element("h2", "Decide") + element("p", HOW[kind], class_="r2p-note"))
    if role.votes:
        _Vote(seat, look, commitments).key("vote")
        ask("votes")
    if role.state is not None:
        _Consent(seat, look, commitments).key("consent")
        ask("consent")
        View(html=works(look.works, seat.room.play.forms))
    if look.view is not None:
        _Money(seat, look, commitments).key("money")
        ask("plan")


@solara.component
def _Money(seat: Seat, look: SeatView, commitments: Commitments) -> None:
    """Offer a plan, and show whose plan is in force if it is somebody else's."""
    assert look.view is not None
    names, forms = seat.room.play.names, seat.room.play.forms
    now = look.in_force.get("plan")
    if now is None:
        said = element("p", "At present the model's rules decide for this body.", class_="r2p-note")
    elif not now.mine:
        title = element("h3", f"In force: {whose(now.name)} plan of year {now.year + 1}")
        said = title + committed("plan", now.value, names, forms)
    elif now.value is None:
        said = element("p", "You have left this body to the model's rules.", class_="r2p-note")
    else:
        said = Markup()
    View(html=said)

    def commit(sent: Any) -> None:
        rows = _plan(sent)
        try:
            plan = plan_of(rows)
        except SeminarError:
            # Told by the seat, in the same words.
            plan = None
        words = "left to the rules" if rows is None else "the plan"
        commitments.act("plan", words, plan, lambda standing: seat.commit_plan(rows, standing))

    Plan(
        label="Plan for the year",
        about=f"{look.role.body}-{look.line_number}-{look.year}",
        rows=plan_rows(look.view, forms),
        plan=[[a.state, a.form, a.dollars] for a in look.plan or ()],
        room=look.view.room,
        ready=look.phase == "deciding",
        action="Commit this plan",
        away=True,
        taken=commitments.taken["plan"],
        stored=_keep(seat, "plan"),
        **commitments.at("plan"),
        event_commit=commit,
    )


def _keep(seat: Seat, what: str) -> str:
    """Name what a participant enters: in this session, for this place."""
    return f"{seat.room.session.code}-{seat.who.number}-{what}"


def _plan(sent: Any) -> Any:
    """Take the plan out of what a browser sent."""
    return sent.get("plan") if isinstance(sent, dict) else sent


@solara.component
def _Vote(seat: Seat, look: SeatView, commitments: Commitments) -> None:
    """Offer a vote on every state."""
    fields = [
        {"key": s.key, "label": f"{s.name}{' (mandate in force)' if s.mandate else ''}", "kind": "select",
         "options": VOTE_OPTIONS, "value": look.votes.get(s.key, "")}
        for s in look.public.states
    ]  # fmt: skip

    def commit(values: dict[str, Any]) -> None:
        votes = {key: vote for key, vote in values.items() if vote}
        words = f"votes on {len(votes)} {'state' if len(votes) == 1 else 'states'}"
        commitments.act("votes", words, votes, lambda standing: seat.commit_votes(votes, standing))

    Form(
        label="Votes on mandates",
        fields=fields,
        action="Commit these votes",
        about=f"{look.line_number}-{look.year}",
        taken=commitments.taken["votes"],
        stored=_keep(seat, "votes"),
        **commitments.at("votes"),
        event_change=commit,
    )


@solara.component
def _Consent(seat: Seat, look: SeatView, commitments: Commitments) -> None:
    """Offer to consent or to refuse."""
    now = {None: "", True: "yes", False: "no"}[look.consent]

    def commit(values: dict[str, Any]) -> None:
        chosen = {"": None, "yes": True, "no": False}.get(str(values.get("consent", "")))
        words = "consent" if chosen else "refusal" if chosen is False else "left to the rules"
        commitments.act("consent", words, chosen, lambda standing: seat.commit_consent(chosen, standing))

    Form(
        label="Consent to assistance",
        fields=[{"key": "consent", "label": "Assistance in your state", "kind": "select", "options": CONSENT_OPTIONS,
                 "value": now}],
        action="Commit",
        about=f"{look.line_number}-{look.year}",
        taken=commitments.taken["consent"],
        stored=_keep(seat, "consent"),
        **commitments.at("consent"),
        event_change=commit,
    )  # fmt: skip


@solara.component
def _Results(seat: Seat, version: int) -> None:
    """Show the results, once the debriefing is open."""
    session = seat.room.session
    if len(session.branches) > 1 and not session.over:
        View(html=element("p", CLOSED.format(line=session.branch.title), class_="r2p-note"))
    DebriefingSteps(seat, version)
