"""A participant's page: what its role sees, what it decides, and afterwards what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from r2psim.app.inputs import told
from r2psim.app.page_parts import Markup, element, join
from r2psim.app.seminar_commit import Commitments, replaced_words, use_commitments, whose
from r2psim.app.seminar_debriefing import DebriefingSteps
from r2psim.app.seminar_lobby import about_lobby, role_field
from r2psim.app.seminar_notes import Notes, arrived
from r2psim.app.seminar_results import Tabs
from r2psim.app.seminar_round import STEPS, Assess, Next, Read, Steps
from r2psim.app.seminar_server import use_version
from r2psim.app.seminar_widgets import Confirm, Plan, Status, keep
from r2psim.app.seminar_words import (
    account,
    committed,
    events,
    form_words,
    news_title,
    plan_rows,
    reason,
    statements,
    verdict,
    works,
)
from r2psim.app.widgets import Form, View
from r2psim.seminar import Seat, SeminarError
from r2psim.seminar.decisions import plan_of
from r2psim.seminar.play import Play
from r2psim.seminar.seat import SeatView

__all__ = ["SeatPage"]

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

FEW = "Choose a few priorities: two or three states and forms are enough for a first year. Open a state to see them."

WAITING = (
    "The exercise has not begun. Read what you are and how the world stands; what you alone can see comes with the "
    "first round. Until then you can take another role."
)

WHY = ":why"
"""Key of the sentence that says why, in forms whose other keys are states: none of these has a colon."""

CLOSED = (
    "The line “{line}” is being decided. All lines have the same luck, so the others would tell what is to come in it: "
    "their results are closed until it is over."
)


@solara.component
def SeatPage(seat: Seat, token: str, moved: Callable[[], None] | None = None) -> None:
    """Show a participant's page; ``moved`` is told when its role is another one."""
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
    if look.phase == "gathering":
        _Waiting(seat, look, version, moved)
        return
    # What one has committed oneself is told where it was committed.
    own = look.committed_by == look.name and bool(commitments.last.message)
    by = "" if look.committed_by is None or own else f"Committed this year, last by {look.committed_by}."
    replaced = join(replaced_words(r, look.year, names, forms) for r in look.replaced)
    said = "" if replaced else by
    View(html=element("div", element("p", said, class_="r2p-done") if said else "", replaced, role="status"))
    # The same element throughout, so that what comes into it is announced, and only that.
    solara.v.Html(tag="p", class_="r2p-arrived", attributes={"role": "status"}, children=[arrived(look)])
    results = look.debrief and tab == "results"
    if look.debrief:
        Tabs(TABS, tab, set_tab)
    # What was entered stays while the results are looked at, and whatever comes before it on the page.
    with solara.v.Html(tag="div", class_="r2p-away" if results else "").key("round"):
        _Round(seat, look, commitments)
    if results:
        _Results(seat, version)


@solara.component
def _Waiting(seat: Seat, look: SeatView, version: int, moved: Callable[[], None] | None) -> None:
    """Show what a participant can read until the first round begins, and let it take another role."""
    kept, set_kept = solara.use_state(("", ""))
    message, problem = kept
    lobby = seat.lobby()

    def change(values: dict[str, Any]) -> None:
        try:
            seat.change(str(values.get("role", ""))[:200])
        except SeminarError as error:
            set_kept(("", str(error)))
            return
        set_kept((f"You are {seat.role.title} now.", ""))
        if moved is not None:
            moved()

    View(html=element("p", WAITING, class_="r2p-lead"))
    with solara.v.Html(tag="details", class_="r2p-change"):
        solara.v.Html(tag="summary", children=["Take another role"])
        View(html=element("p", about_lobby(lobby), class_="r2p-note"))
        Form(
            label="Take another role",
            fields=[role_field(lobby, look.role.key)],
            action="Take this role",
            about=look.role.key,
            message=message,
            problem=problem,
            event_change=change,
        )
    Read(look, seat.room.play)


@solara.component
def _Round(seat: Seat, look: SeatView, commitments: Commitments) -> None:
    """Show a round: the first in three steps, the others on one page."""
    play = seat.room.play
    step, set_step = solara.use_state("read")
    turn, set_turn = solara.use_state(0)
    first = look.year == 0 and look.phase != "over"

    def lead(to: str) -> None:
        set_turn(lambda n: n + 1)
        set_step(to)

    def at(of: str) -> str:
        return "r2p-step" if not first or step == of else "r2p-step r2p-away"

    if first:
        Steps(
            label="The first round in three steps",
            steps=STEPS,
            now=step,
            turn=turn,
            stored=keep(seat, "step"),
            event_go=lambda key: set_step(key) if key in dict(STEPS) else None,
        )
        with solara.v.Html(tag="div", class_=at("read")).key("read"):
            Read(look, play)
            Next("read", lead)
        with solara.v.Html(tag="div", class_=at("assess")).key("assess"):
            Assess(look, play, news=True)
            Next("assess", lead)
    # The same element in every round: what was entered in it stays.
    with solara.v.Html(tag="div", class_=at("commit")).key("commit"):
        _Heard(look, play)
        Notes(seat, look).key("notes")
        _Decide(seat, look, commitments)
        if not first:
            Assess(look, play, "The states, as they stand now")
        # Of the first year there is nothing to tell yet.
        if look.account is not None and look.year:
            View(html=account(look.account, play.names, play.forms))
    if not first:
        _Again(look, play).key("again")


@solara.component
def _Again(look: SeatView, play: Play) -> None:
    """Show the role's card and the world once more to whoever asks for it."""
    shown, set_shown = solara.use_state(False)
    words = "Hide your role and the world" if shown else "Your role and the world once more"
    button = element(
        "button", words, type="button", data_pick="again", aria_expanded=str(shown).lower(), class_="r2p-button"
    )
    View(html=element("p", button, class_="r2p-next"), event_pick=lambda _: set_shown(not shown))
    if shown:
        Read(look, play)


@solara.component
def _Heard(look: SeatView, play: Play) -> None:
    """Tell what everybody heard of last year, and what was said in public."""
    parts, names = [], play.names
    if look.year:
        parts.append(events(look.public.events, names, news_title(look.year)))
    if look.public.mandates:
        said = [element("li", f"{names[s]}: {verdict(look.public, s)}") for s in look.public.mandates]
        parts.append(element("h2", "What the Council decided") + element("ul", *said))
    parts.append(statements(look.public.statements, play.roles))
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
        View(html=element("h3", "Your votes on mandates"))
        _Vote(seat, look, commitments).key("vote")
        ask("votes")
    if role.state is not None:
        _Consent(seat, look, commitments).key("consent")
        ask("consent")
        View(html=works(look.works, seat.room.play.forms))
    if look.view is not None:
        few = element("p", FEW, class_="r2p-lead") if look.year == 0 else ""
        View(html=element("h3", "Where the money goes") + few)
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
        said = title + committed("plan", now.value, names, forms) + reason(now.why)
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
        why = str(sent.get("why", "")) if isinstance(sent, dict) else ""
        commitments.act("plan", words, plan, lambda standing: seat.commit_plan(rows, standing, why))

    Plan(
        label="Plan for the year",
        about=f"{look.role.body}-{look.line_number}-{look.year}",
        rows=plan_rows(look.view, forms, seat.room.play.usual),
        forms=form_words(seat.room.play),
        why=_why(look, "plan"),
        longest=seat.room.limits.why,
        plan=[[a.state, a.form, a.dollars] for a in look.plan or ()],
        room=look.view.room,
        ready=look.phase == "deciding",
        action="Commit this plan",
        away=True,
        taken=commitments.taken["plan"],
        stored=keep(seat, "plan"),
        **commitments.at("plan"),
        event_commit=commit,
    )


def _why(look: SeatView, what: str) -> str:
    """Give the sentence that was written with what the role has committed this year."""
    now = look.in_force.get(what)
    return now.why if now is not None and now.year == look.year else ""


def _why_field(seat: Seat, look: SeatView, what: str) -> dict[str, Any]:
    """Give the field of a form for one sentence."""
    label = "Why? One sentence, kept for the debriefing"
    return {"key": WHY, "label": label, "kind": "text", "long": seat.room.limits.why, "value": _why(look, what)}


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
        votes = {key: vote for key, vote in values.items() if vote and key != WHY}
        why = str(values.get(WHY, ""))
        words = f"votes on {len(votes)} {'state' if len(votes) == 1 else 'states'}"
        commitments.act("votes", words, votes, lambda standing: seat.commit_votes(votes, standing, why))

    Form(
        label="Votes on mandates",
        fields=[*fields, _why_field(seat, look, "votes")],
        action="Commit these votes",
        about=f"{look.line_number}-{look.year}",
        taken=commitments.taken["votes"],
        stored=keep(seat, "votes"),
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
        why = str(values.get(WHY, ""))
        commitments.act("consent", words, chosen, lambda standing: seat.commit_consent(chosen, standing, why))

    Form(
        label="Consent to assistance",
        fields=[{"key": "consent", "label": "Assistance in your state", "kind": "select", "options": CONSENT_OPTIONS,
                 "value": now}, _why_field(seat, look, "consent")],
        action="Commit",
        about=f"{look.line_number}-{look.year}",
        taken=commitments.taken["consent"],
        stored=keep(seat, "consent"),
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
