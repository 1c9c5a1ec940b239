"""The debriefing in six steps, for whoever projects it and for each participant once it is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import solara

from r2psim.app.inputs import told
from r2psim.app.page_parts import Markup, bar, element, join, pick, uncapital
from r2psim.app.seminar_acts import Acts
from r2psim.app.seminar_belief_charts import belief_key, beliefs, furthest_off
from r2psim.app.seminar_charts import metrics_table
from r2psim.app.seminar_luck import Trial, use_trial
from r2psim.app.seminar_luck_charts import SHOWN, luck_table, lucks, words
from r2psim.app.seminar_results import Results, stand
from r2psim.app.seminar_rewind import Rewind
from r2psim.app.seminar_words import choices_table, committed, when
from r2psim.app.widgets import Form, View
from r2psim.declarations.columns import STAGES
from r2psim.plots.style import plain
from r2psim.seminar import Chair, Seat, SeminarError
from r2psim.seminar.debriefing import Chain, Debriefing, Link
from r2psim.seminar.decisions import KINDS, Decided, Decision, Reason
from r2psim.seminar.notes import Note
from r2psim.seminar.session import Branch

__all__ = ["STEPS", "DebriefingSteps"]

STYLE = (Path(__file__).parent / "debriefing.css").read_text(encoding="utf-8")

STEPS = [
    ("believed", "What you believed"),
    ("happened", "What happened"),
    ("why", "Why"),
    ("decided", "What was decided"),
    ("otherwise", "The other decision"),
    ("luck", "Other luck"),
]

BELIEVED = (
    "Risk runs from 0 to 1. Nobody saw the line of what was true while it mattered: everybody had the public "
    "assessment, and a body with money its own, each with an error. Look first at the year before the worst: what "
    "would this role have had to believe to decide otherwise?"
)
FEW = 4
"""Allocations of a plan that are shown without being asked for."""

WHY = (
    "How the groups that came to the worst came there: what struck their state, what their stage rose to, how likely "
    "that was in its month, and what weighed most in it. A chance of a few in a hundred that comes is no proof that it "
    "had to."
)
OTHERWISE = (
    "One decision taken otherwise, all else as it was, with the same luck: what changes is what that decision did "
    "here. The facilitator goes back, and every line then stands beside the others."
)
LUCK = (
    "Your own decisions - plans, votes and consent of every year - in other lucks of the same world, each beside what "
    "a policy would have done with that luck. A plan is followed as far as it is possible there: money that has no "
    "place to go is returned. Triggers that the facilitator injected strike in every luck, under every policy."
)


@solara.component_vue("steps.vue")
def _Way(
    label: str,
    steps: list[tuple[str, str]],
    now: str,
    turn: int,
    stored: str,
    event_go: Callable[[str], None] | None = None,
) -> None:
    """Lead from step to step; ``turn`` grows when another button leads on, ``stored`` names what this tab keeps."""


@solara.component
def DebriefingSteps(place: Chair | Seat, version: int, acts: Acts | None = None) -> None:
    """Show the debriefing, one step at a time.

    Parameters
    ----------
    place : Chair or Seat
        Who looks: a participant sees what the debriefing opens to all.
    version : int
        Grows with every change.
    acts : Acts, optional
        With which the facilitator goes back; without, nobody does here.
    """
    debriefing = solara.use_memo(lambda: Debriefing(place), [id(place.room), id(place)])
    # Who has not opened the debriefing yet looks at how it stands.
    first = "believed" if isinstance(place, Seat) or place.session.debrief else "happened"
    step, set_step = solara.use_state(first)
    turn, set_turn = solara.use_state(0)
    solara.Style(STYLE)
    try:
        lines = _lines(debriefing)
    except SeminarError as error:
        told(str(error))
        return

    def go(key: str) -> None:
        if key in dict(STEPS):
            set_step(key)

    def go_on(key: str) -> None:
        set_turn(turn + 1)
        go(key)

    View(html=element("h2", "Debriefing"))
    stored = f"{place.room.session.code}-debriefing"
    _Way(label="The debriefing in six steps", steps=STEPS, now=step, turn=turn, stored=stored, event_go=go)
    with solara.v.Html(tag="div", class_="r2p-step").key(step):
        if not lines:
            View(html=element("p", "No year has been run yet."))
            return
        _STEPS[step](debriefing, version, acts)
    following = dict(STEPS[[key for key, _ in STEPS].index(step) + 1 :][:1])
    buttons = [pick(key, f"Next: {uncapital(said)}", class_="r2p-button") for key, said in following.items()]
    View(html=element("p", *buttons), event_pick=lambda key: go_on(key) if key in following else None)


def _lines(debriefing: Debriefing) -> list[tuple[str, str]]:
    return [(str(branch.number), branch.title) for branch in debriefing.lines() if branch.year]


def _chosen(debriefing: Debriefing, wanted: str) -> Branch:
    """Give the line that was chosen, or the one that is played where it may not be seen any more."""
    lines = [branch for branch in debriefing.lines() if branch.year]
    return next((branch for branch in lines if str(branch.number) == wanted), lines[0])


@solara.component
def _Line(debriefing: Debriefing, now: Branch, choose: Callable[[str], None]) -> None:
    """Offer the lines of history, where there are several."""
    options = _lines(debriefing)
    if len(options) > 1:
        Form(
            label="Line of history",
            fields=[
                {"key": "line", "label": "Line of history", "kind": "select", "options": options,
                 "value": str(now.number)}
            ],
            event_change=lambda values: choose(str(values.get("line", ""))[:8]),
        )  # fmt: skip


@solara.component
def _Believed(debriefing: Debriefing, version: int, acts: Acts | None) -> None:
    """Step 1: what a role believed beside what was true."""
    line, set_line = solara.use_state("")
    role, set_role = solara.use_state("")
    branch = _chosen(debriefing, line)
    View(html=element("h2", "What you believed, and what was true") + element("p", BELIEVED, class_="r2p-note"))
    roles = debriefing.roles()
    chosen = next((r for r in roles if r.key == role), roles[0])
    own = debriefing.role
    options = [(r.key, f"{r.title}{' (you)' if r == own else ''}") for r in roles]
    _Line(debriefing, branch, set_line)
    Form(
        label="Role",
        fields=[{"key": "role", "label": "As seen by", "kind": "select", "options": options, "value": chosen.key}],
        event_change=lambda values: set_role(str(values.get("role", ""))[:80]),
    )
    stood = [*stand(debriefing.room), branch.number, chosen.key]
    found = solara.use_memo(lambda: debriefing.beliefs(chosen.key, branch.number), stood)
    title = element("h3", f"Risk in each state, as seen by {chosen.title}, year by year")
    View(html=furthest_off(found, chosen.title) + title + belief_key() + beliefs(found, chosen.title))


@solara.component
def _Happened(debriefing: Debriefing, version: int, acts: Acts | None) -> None:
    """Step 2: what happened, and what would have happened."""
    place = debriefing.place
    Results(place.results, debriefing.room, version)


def _link(link: Link, names: dict[str, str]) -> Markup:
    e = link.event
    head = element("span", when(e.month), class_="r2p-date")
    kind = {"trigger": "Trigger", "conflict": "Conflict", "stage": "Stage"}[e.kind]
    if e.kind == "trigger":
        what = f"{plain(e.what)} in {names[e.state]}"
    elif e.kind == "conflict":
        what = f"{names[e.state]}: {e.before} to {e.after}"
    else:
        what = f"{names[e.group or '']}: {e.before} to {e.after}"
    # The sentence begins with when, and with what is in the title already.
    _, _, why = link.told.partition("; ")
    parts = [element("p", f"{why[:1].upper()}{why[1:]}", class_="r2p-note")] if why else []
    if link.grievance is not None:
        parts.append(element("p", "Grievance of the group ", bar(link.grievance, f"{link.grievance:.2f}")))
    if link.pushed:
        pushed = [
            element("li", f"{plain(t.what)}, {when(t.month)} ({100 * left:.0f} % of its force left)")
            for t, left in link.pushed
        ]
        parts.append(element("p", "Pushed by what struck before, and was still at work:"))
        parts.append(element("ul", *pushed, class_="r2p-said"))
    title = element("h4", element("span", kind, class_="r2p-kind"), " ", what, " ", head)
    return element("li", title, *parts, class_=f"r2p-link-{e.kind}")


def _chain(chain: Chain, names: dict[str, str]) -> Markup:
    title = f"{names[chain.group]} in {names[chain.state]}: to {STAGES[chain.worst]}"
    sums = f"{chain.killed:,.0f} of its members were killed and {chain.driven:,.0f} driven from home. "
    sums += f"It began at the stage {chain.began}."
    links = element("ol", *(_link(link, names) for link in chain.links), class_="r2p-chain")
    return element("section", element("h3", title), element("p", sums), links, class_="r2p-card")


@solara.component
def _Why(debriefing: Debriefing, version: int, acts: Acts | None) -> None:
    """Step 3: the causes, linked."""
    line, set_line = solara.use_state("")
    branch = _chosen(debriefing, line)
    View(html=element("h2", "Why it happened") + element("p", WHY, class_="r2p-note"))
    _Line(debriefing, branch, set_line)
    stood = [*stand(debriefing.room), branch.number]
    found = solara.use_memo(lambda: debriefing.chains(branch.number), stood)
    names = debriefing.room.play.names
    calm = element("p", "In this line no group rose above the stage at which it began: there is nothing to explain.")
    View(html=join(_chain(chain, names) for chain in found) if found else calm)


def _who(debriefing: Debriefing, role: str, by: int | None) -> str:
    """Name who decided: the role, and the person where it is known."""
    roles, name = debriefing.room.play.roles, debriefing.name(by)
    title = roles[role].title if role in roles else plain(role)
    return f"{title} ({name})" if name else title


def _decision(debriefing: Debriefing, what: str, about: str, decision: Decision) -> Markup:
    """Show one decision of a year, and the sentence that was written with it."""
    play = debriefing.room.play
    made = committed(what, decision.value, play.names, play.forms)
    if what == "plan" and decision.value is not None and len(decision.value) > FEW:
        made = element("details", element("summary", f"{len(decision.value)} allocations"), made)
    of = f" of {play.names[about]}" if what != "votes" else ""
    head = element("strong", f"{_who(debriefing, decision.role, decision.by)}: ", f"{what}{of}")
    said = element("p", element("q", decision.why)) if decision.why else ""
    return element("li", head, said, made)


def _exchanged(debriefing: Debriefing, notes: list[Note]) -> Markup:
    """Show what roles said in public in a year, and what they wrote to one another."""
    roles = debriefing.room.play.roles
    items = []
    for n in notes:
        to = "in public" if n.public else f"to {roles[n.to].title}"
        items.append(
            element("li", element("strong", f"{_who(debriefing, n.role, n.by)}, {to}: "), element("q", n.text))
        )
    if not items:
        return Markup()
    title = f"{len(items)} {'note or statement' if len(items) == 1 else 'notes and statements'}"
    return element("details", element("summary", title), element("ul", *items, class_="r2p-written"), open="")


def _year(debriefing: Debriefing, decided: Decided, reasons: list[Reason]) -> Markup:
    """Show what was decided for a year, each with its sentence; what was not said anew held as before."""
    names = debriefing.room.play.names
    items = [
        _decision(debriefing, what, about, decision) for what in KINDS for about, decision in decided.kind(what).items()
    ]
    words = {True: "adopted", False: "not adopted", None: "left to the rules"}
    items += [
        element("li", element("strong", f"Mandate for {names[s]}: "), words[verdict])
        for s, verdict in decided.mandates.items()
    ]
    items += [
        element("li", element("strong", "Injected: "), f"{plain(t.kind)} in {names[t.state]}, month {t.month + 1}")
        for t in decided.triggers
    ]
    items += [
        element("li", f"{_who(debriefing, r.role, r.by)} had written, before it was replaced: ", element("q", r.why))
        for r in reasons
        if not r.stands
    ]
    if not items:
        return element("p", "Nothing anew: plans and consent held as they were, the rest was left to the rules.")
    return element("ul", *items, class_="r2p-written")


@solara.component
def _Decided(debriefing: Debriefing, version: int, acts: Acts | None) -> None:
    """Step 4: what was decided, and the sentences that were written then."""
    line, set_line = solara.use_state("")
    branch = _chosen(debriefing, line)
    head = element("h2", "What was decided, and what you wrote then")
    note = "What nobody decided, the model's rules did. The sentences stand as they were written, before anybody knew "
    note += "what would come. What roles wrote to one another is told once the exercise is over."
    View(html=head + element("p", note, class_="r2p-note"))
    _Line(debriefing, branch, set_line)
    play = debriefing.room.play
    written, notes = debriefing.sentences(branch.number), debriefing.notes(branch.number)
    for year in range(branch.year):
        decided = branch.decided.get(year, Decided())
        said = _year(debriefing, decided, [reason for reason in written if reason.year == year])
        exchanged = _exchanged(debriefing, [note for note in notes if note.year == year])
        View(html=element("h3", f"Year {year + 1}") + said + exchanged)
    held = choices_table(play.choices(branch, branch.year), play.names, play.forms)
    View(html=element("details", element("summary", "All that held, year by year"), held))


@solara.component
def _Otherwise(debriefing: Debriefing, version: int, acts: Acts | None) -> None:
    """Step 5: the other decision, and what came of the lines."""
    View(html=element("h2", "The other decision") + element("p", OTHERWISE, class_="r2p-note"))
    place = debriefing.place
    lines = [branch for branch in debriefing.lines() if branch.year]
    common = min((branch.year for branch in lines), default=0)
    keys = [branch.key for branch in lines]

    def compared() -> list[Any]:
        return [o for o in place.results(common) if o.key in keys] if common else []

    same = solara.use_memo(compared, [*stand(debriefing.room), common, *keys])
    if len(same) > 1:
        left = [
            element("li", element("strong", branch.title), f": left at the decisions of year {branch.since + 1}")
            for branch in lines if branch.number
        ]  # fmt: skip
        View(html=element("ul", *left, class_="r2p-said") + metrics_table(same))
    else:
        View(html=element("p", "There is one line of history so far."))
    if isinstance(place, Chair) and acts is not None:
        Rewind(place, acts, version)


def _progress(trial: Trial) -> Markup:
    """Tell how far the work is."""
    if trial.began is None:
        return element("p", "Other work on this server is waited for.", role="status")
    said = f"{100.0 * trial.share:.0f} % of {trial.lucks:,} other lucks"
    left = trial.left
    rest = "" if left is None else f", about {max(1, round(left))} s left"
    return join(
        (
            # What changes several times a second is not announced each time.
            element("p", "They are being run; everything else on the page goes on.", role="status"),
            element("progress", value=f"{trial.share:.3f}", max=1, aria_label="Other lucks that were run"),
            element("p", f"{said}{rest}."),
        )
    )


@solara.component
def _Luck(debriefing: Debriefing, version: int, acts: Acts | None) -> None:
    """Step 6: the decisions in other lucks."""
    line, set_line = solara.use_state("")
    metric, set_metric = solara.use_state("deaths")
    branch = _chosen(debriefing, line)
    View(
        html=element("h2", "Right or lucky: the same decisions in other lucks") + element("p", LUCK, class_="r2p-note")
    )
    _Line(debriefing, branch, set_line)
    _Tried(debriefing, branch, metric, set_metric, version).key(f"{branch.key} {branch.digests[-1]}")


@solara.component
def _Tried(
    debriefing: Debriefing, branch: Branch, metric: str, set_metric: Callable[[str], None], version: int
) -> None:
    """Follow the runs, and show what came of them."""
    trial = use_trial(debriefing, branch.number, branch.digests[-1])
    if isinstance(trial, str) or trial.problem:
        told(trial if isinstance(trial, str) else trial.problem)
        return
    if trial.found is None:
        View(html=_progress(trial))
        return
    found = trial.found
    chosen = metric if metric in SHOWN else "deaths"
    View(html=element("h3", f"In {found.lucks:,} other lucks") + words(found))
    Form(
        label="What is counted",
        fields=[{"key": "metric", "label": "What is counted", "kind": "select", "options": list(SHOWN.items()),
                 "value": chosen}],
        event_change=lambda values: set_metric(str(values.get("metric", ""))[:40]),
    )  # fmt: skip
    none = found.without_effects()
    control = (
        "" if none is None else
        f"Negative control: with all effects of assistance at none, harm under your decisions and under no-assistance "
        f"differs by {none:g} at most, in every luck. "
    )  # fmt: skip
    code = debriefing.room.session.code
    command = f"r2psim replay r2psim-seminar-{code}.json {branch.number} --other-luck {found.lucks}"
    foot = element(
        "p", control, "The same from the saved file: ", element("code", command), "; digest over all runs ",
        element("code", found.sha256[:12], title=found.sha256), ".", class_="r2p-note",
    )  # fmt: skip
    View(html=lucks(found, chosen) + luck_table(found, chosen) + foot)


_STEPS: dict[str, Any] = {
    "believed": _Believed,
    "happened": _Happened,
    "why": _Why,
    "decided": _Decided,
    "otherwise": _Otherwise,
    "luck": _Luck,
}
