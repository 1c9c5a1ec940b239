"""What a seminar shows, as text and tables: what everybody sees, a body's money, what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from r2psim.agents import Choices, View
from r2psim.app.page_parts import Markup, bar, element, join, table, uncapital
from r2psim.plots.style import plain
from r2psim.seminar.cards import BESIDE, Card, listed
from r2psim.seminar.notes import Note
from r2psim.seminar.play import Play
from r2psim.seminar.roles import Role
from r2psim.seminar.visibility import Account, Assessment, Public, PublicEvent, PublicState
from r2psim.world.events import Event

__all__ = [
    "PHASES",
    "RULED",
    "account",
    "assessed",
    "card",
    "choices_table",
    "committed",
    "event_words",
    "events",
    "form_words",
    "how_to_read",
    "news_title",
    "plan_rows",
    "reason",
    "side_by_side",
    "statements",
    "verdict",
    "works",
]

PHASES = {
    "gathering": "The exercise has not begun yet.",
    "deciding": "Decide now: what is committed when the time is over counts.",
    "closed": "The time is over. The facilitator runs the year, or gives more time.",
    "paused": "The exercise is paused.",
    "over": "The exercise is over.",
}


RULED = "{roles} of this world that nobody has taken are played by the model's rules."

VOTE_WORDS = {"yes": "for", "no": "against", "abstain": "abstain"}


def when(month: int) -> str:
    """Name a month of the run in short."""
    return f"year {month // 12 + 1}, month {month % 12 + 1}"


def dollars(x: float) -> str:
    """Write an amount of money in full."""
    return f"US$ {x:,.0f}"


def event_words(event: Event | PublicEvent, names: Mapping[str, str]) -> str:
    """Tell an event in a few words."""
    place = names[event.state]
    if event.kind == "trigger":
        return f"{plain(event.what)} in {place}"
    if event.kind == "conflict":
        return f"{place}: {event.before} turned into {event.after}"
    who = f"{names[event.group or '']} in {place}"
    if event.after == "atrocity":
        return f"Atrocities against {who} began"
    if event.before == "atrocity":
        return f"Atrocities against {who} ended"
    return f"{who}: {event.before} to {event.after}"


def events(found: Sequence[Event | PublicEvent], names: Mapping[str, str], title: str) -> Markup:
    """List events."""
    items = [
        element("li", element("span", when(e.month), class_="r2p-date"), " ", event_words(e, names)) for e in found
    ]
    listed = element("ul", *items, class_="r2p-said") if items else element("p", "Nothing that everybody could see.")
    return join((element("h2", title), listed))


def statements(said: Sequence[Note], roles: Mapping[str, Role]) -> Markup:
    """Show what roles have said in public, the latest year first; nothing where nobody has said anything."""
    items = []
    for n in sorted(said, key=lambda n: -n.year):
        who = element("strong", f"{roles[n.role].title}: ")
        date = element("span", f"year {n.year + 1}", class_="r2p-note")
        items.append(element("li", date, " ", who, element("q", n.text)))
    return element("h2", "Said in public") + element("ul", *items, class_="r2p-said") if items else Markup()


def news_title(year: int) -> str:
    """Head what happened in the last of some years."""
    return f"What happened in year {year}"


def card(found: Card) -> Markup:
    """Show the card of a role."""
    return element(
        "section",
        element("h2", f"Your role: {found.role.title}"),
        element("p", element("strong", "You may"), " ", "; ".join(found.may), "."),
        element("p", element("strong", "You want: "), uncapital(found.wants)),
        element("p", element("strong", "Your dilemma: "), uncapital(found.dilemma)),
        class_="r2p-card r2p-role",
    )


def form_words(play: Play) -> dict[str, list[str]]:
    """Give what `Plan` tells of each form: what it does, how soon, and where it may do harm."""
    return {key: [found.does, found.soon, found.harm] for key, found in play.form_cards.items()}


def _scale(public: Public, own: Mapping[str, Assessment], usual: float) -> float:
    """Give the risk at the right end of all bars of a page: a tenth that holds all of them."""
    highest = max([2.0 * usual, *(s.seen.high for s in public.states), *(a.high for a in own.values())])
    return min(1.0, (int(10.0 * highest) + 1) / 10.0)


def range_bar(found: Assessment, usual: float, scale: float, whose: str) -> Markup:
    """Draw an assessment as a mark within the band of its error, with a line at what is usual, and say it in words."""
    left, right, at, line = (f"{100.0 * min(1.0, x / scale):.1f}%" for x in (found.low, found.high, found.value, usual))
    width = f"calc({right} - {left})"
    drawn = element(
        "span",
        element("span", class_="r2p-range-band", style=f"left:{left};width:{width}"),
        element("span", class_="r2p-range-usual", style=f"left:{line}"),
        element("span", class_="r2p-range-at", style=f"left:{at}"),
        class_="r2p-range",
        aria_hidden="true",
    )
    said = element("span", BESIDE[found.beside(usual)], class_="r2p-range-words")
    return element("span", element("span", whose, class_="r2p-range-whose") if whose else "", drawn, said,
                   class_="r2p-range-row")  # fmt: skip


def how_to_read(own: bool, government: bool) -> Markup:
    """Say how an assessment is read."""
    said = (
        "Each bar is a risk, higher to the right. The mark is the assessment; in two of three cases what is true lies "
        "within the band. The line is what is usual where there is no crisis."
    )
    if own:
        said += " Yours and the public one differ because each has an error of its own."
    if government:
        said += " You know your own state better than others do: your band there is half as wide, or less."
    return element("p", said, class_="r2p-note")


def assessed(public: Public, own: Mapping[str, Assessment], order: Sequence[str], play: Play) -> Markup:
    """Show the assessments of states, each with its neighbours; those that a role assesses itself come first."""
    seen = {s.key: s for s in public.states}
    scale = _scale(public, own, play.usual)
    items = []
    for key in order:
        state = seen[key]
        bars = [range_bar(own[key], play.usual, scale, "You")] if key in own else []
        bars.append(range_bar(state.seen, play.usual, scale, "Public"))
        near = [_beside(seen[n]) for n in play.state_cards[key].neighbours]
        items.append(
            element(
                "li",
                element("strong", state.name),
                element("span", _standing_words(state), class_="r2p-note"),
                *bars,
                element("span", f"Next to {listed(near)}." if near else "No neighbours.", class_="r2p-note"),
            )
        )
    return element("ul", *items, class_="r2p-assessed")


def _standing_words(state: PublicState) -> str:
    """Say how a state stands."""
    parts = [state.conflict]
    parts += ["atrocity"] if state.in_atrocity else []
    parts += ["mandate in force"] if state.mandate else ["mandate blocked"] if state.vetoed else []
    return ", ".join(parts)


def _beside(state: PublicState) -> str:
    """Name a neighbour, with what is not peaceful there."""
    troubles = [state.conflict] if state.conflict != "peace" else []
    troubles += ["atrocity"] if state.in_atrocity else []
    return f"{state.name} ({', '.join(troubles)})" if troubles else state.name


def account(found: Account, names: Mapping[str, str], forms: Mapping[str, str]) -> Markup:
    """Show a body's money and what it funds."""
    sums = (
        f"Spent since the start {dollars(found.spent)}, returned unspent {dollars(found.returned)}, at hand "
        f"{dollars(found.balance)}."
    )
    rows = [
        (names[state], forms[form], "paid" if paid else "decided, not yet paid", dollars(a))
        for state, form, a, paid in found.funds
    ]
    made = table(("State", "Form", "", "US$ a month"), rows, "What is funded now", numbers=1) if rows else ""
    return join((element("h2", "Your money"), element("p", sums), made or element("p", "Nothing is funded now.")))


def works(found: Sequence[tuple[str, float, float]], forms: Mapping[str, str]) -> Markup:
    """Show a government what assistance works in its state."""
    rows = [(forms[f], bar(s, f"{100 * s:.0f} %", "r2p-good"), f"{100 * paid:.0f} %") for f, s, paid in found]
    if not rows:
        return element("p", "No assistance is at work in your state at present.")
    return table(("Form", "Built up", "Funded"), rows, "Assistance in your state", numbers=1)


def verdict(public: Public, state: str) -> str:
    """Tell what the Council decided on a state last year, and what became of it."""
    if not public.mandates[state]:
        return "mandate not adopted"
    if next(s.mandate for s in public.states if s.key == state):
        return "mandate adopted, and in force"
    months = public.months_in_force[state]
    if not months:
        return "mandate adopted; no crisis there called for one, so it did not come into force"
    return f"mandate adopted; in force for {months} {'month' if months == 1 else 'months'}, and ended since"


def plan_rows(view: View, forms: Mapping[str, str], usual: float | None = None) -> list[dict[str, object]]:
    """Give what `Plan` shows of a view; risks in words where ``usual``, that of a typical state, is given."""
    rows: list[dict[str, object]] = []
    for s in sorted(view.states, key=lambda s: (-s.in_atrocity, -s.perceived_risk)):
        seen = Assessment(s.perceived_risk, s.error)
        risk = f"{seen.value:.2f}" if usual is None else BESIDE[seen.beside(usual)]
        facts = f"risk {risk}, {s.conflict}{', atrocity' if s.in_atrocity else ''}, "
        facts += f"willing to consent {100 * s.willing:.0f} %"
        offers = [{"form": o.form, "name": forms[o.form], "cost": o.cost, "missing": o.missing} for o in s.offers]
        rows.append({"state": s.key, "name": s.name, "facts": facts, "offers": offers})
    return rows


def reason(why: str) -> Markup:
    """Show the sentence that was written with a commitment."""
    return element("p", "Why: ", element("q", why)) if why else Markup()


def committed(what: str, value: Any, names: Mapping[str, str], forms: Mapping[str, str]) -> Markup:
    """Show a commitment: a plan, votes, or consent; ``value`` as in `r2psim.seminar.decisions.Decision`."""
    if value is None:
        return element("p", "Left to the rules.")
    if what == "consent":
        return element("p", "Consent." if value else "Refusal.")
    if what == "votes":
        said = [f"{names[state]}: {VOTE_WORDS[vote]}" for state, vote in value.items()]
    else:
        said = [f"{forms[a.form]} in {names[a.state]}: {dollars(a.dollars)} a month" for a in value]
    if not said:
        return element("p", "No votes." if what == "votes" else "A plan without any allocation: the money returns.")
    return element("ul", *(element("li", line) for line in said), class_="r2p-said")


def side_by_side(parts: Sequence[tuple[str, Markup]]) -> Markup:
    """Lay commitments side by side, each under its title."""
    columns = (element("div", element("h3", title), inside) for title, inside in parts)
    return element("div", *columns, class_="r2p-grid-of")


def choices_table(choices: Mapping[int, Choices], names: Mapping[str, str], forms: Mapping[str, str]) -> Markup:
    """Show what was decided in a line of history, year by year."""
    rows = []
    for year, chosen in choices.items():
        plans = [element("li", f"{names[body]}: ", _plan(plan, names, forms)) for body, plan in chosen.plans.items()]
        mandates = [f"{names[s]}: {'adopted' if yes else 'not adopted'}" for s, yes in chosen.mandates.items()]
        consent = [f"{names[s]}: {'consents' if yes else 'refuses'}" for s, yes in chosen.consent.items()]
        triggers = [f"{plain(t.kind)} in {names[t.state]}, month {t.month + 1}" for t in chosen.triggers]
        rows.append(
            (
                f"{year + 1}",
                element("ul", *plans) if plans else "all by the rules",
                "; ".join(mandates) or "by the rules",
                "; ".join(consent) or "by the rules",
                "; ".join(triggers) or "none",
            )
        )
    if not rows:
        return element("p", "No year has been run yet.")
    heads = ("Year", "Plans", "Mandates voted on", "Consent", "Triggers injected")
    caption = "What was decided; a mandate that was adopted comes into force only where there is a crisis that year"
    return table(heads, rows, caption, class_="r2p-decided")


def _plan(plan: Sequence[object], names: Mapping[str, str], forms: Mapping[str, str]) -> Markup:
    from r2psim.agents import Allocation

    parts = [f"{forms[a.form]} in {names[a.state]} {dollars(a.dollars)}" for a in plan if isinstance(a, Allocation)]
    if len(parts) > 3:
        return element("details", element("summary", f"{len(parts)} allocations"), "; ".join(parts))
    return join(["; ".join(parts) or "nothing"])
