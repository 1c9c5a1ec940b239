"""Role cards: one page each that says what a role may do, knows, wants, and does first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from r2psim.declarations.columns import CONFLICT, B, S
from r2psim.markup import Markup, element
from r2psim.scenario.forms import Form
from r2psim.seminar.casts import declared, family_of
from r2psim.seminar.decisions import MAJORITY
from r2psim.seminar.kit_page import bullets, grid, lines, page, paragraph, section
from r2psim.seminar.kit_setting import Setting
from r2psim.seminar.roles import Role

__all__ = ["ASSESSED", "BACKFIRES", "card", "cards", "consent_words", "marked", "members_words"]

BOUND = 0.7
"""From so much dependence on consent on a form hardly works without it."""

BACKFIRES = 0.1
"""Share of programmes that backfire if nobody screens them, from which on a form is marked."""

ASSESSED = "\u00a0‡"
"""Mark of a form that builds on a needs assessment."""

DAGGER = "\u00a0†"
"""Mark of a form that is prone to backfire."""

PLACES = 3
"""Places that a role is advised to choose at most; one where its money does not reach for so many."""

TROUBLED = 3
"""State sheets that a role is advised to read which is of all states alike."""

FULL = 4
"""Forms that a page has room for with room to write; more stand closer."""

MANY = 7
"""Names that a card lists; of more it gives the number."""


def cards(setting: Setting) -> list[Markup]:
    """Write a page for each role of the cast."""
    return [card(setting, setting.roles[key], people) for key, people in setting.cast.items()]


def card(setting: Setting, role: Role, people: int) -> Markup:
    """Write the page of a role."""
    words = setting.words
    family = family_of(role, setting.scenario)
    said = declared()["cards"][family]
    given = {"state": "", "situation": ""}
    if role.state is not None:
        given = {"state": setting.name(role.state), "situation": words(f"situation.{_situation(setting, role.state)}")}
    title = setting.title(role)
    number = words("card.people_one") if people == 1 else words("card.people", n=people)
    many = role.votes or (role.body is not None and len(_forms(setting, role.body)) > FULL)
    left = (
        section(words("card.may"), bullets(_may(setting, role))),
        section(words("card.knows"), bullets(_knows(setting, role))),
    )
    right = (
        section(words("card.wants"), paragraph(words.of(said["wants"]))),
        section(words("card.dilemma"), paragraph(words.of(said["dilemma"]))),
        element("div", element("h2", words("card.first")), bullets(_first(setting, role), "ol"), class_="box"),
        element("div", element("h3", words("card.notes")), lines(1 if many else 2), class_="keep"),
    )
    parts = [
        element("h1", title),
        paragraph(words(f"roles.{family}", **given)),
        element("div", element("div", *left), element("div", *right), class_="columns"),
        section(words("card.voting"), bullets(_voting(setting))) if role.votes else "",
        _money(setting, role),
    ]
    class_ = "page card full" if many else "page card"
    return page(words, words("card.page", title=words.of(role.kind)), number, *parts, class_=class_)


def _situation(setting: Setting, state: str) -> str:
    column = setting.world.rows.state[:, setting.world.states.index(state)]
    conflict = CONFLICT[int(column[S.conflict])]
    if conflict in ("minor conflict", "war"):
        return "war"
    if conflict == "recovery":
        return "recovery"
    return "closed" if column[S.regime] < 0.3 else "half_open" if column[S.regime] < 0.6 else "open"


def members_words(setting: Setting, body: str, everywhere: str = "card.everywhere") -> Markup:
    """Name the states that a body may assist; where these are all, in the words of a key."""
    names = [setting.name(key) for key in setting.members(body)]
    if len(names) == len(setting.world.states):
        return setting.words(everywhere, n=len(names))
    return setting.words.listed(names)


def _forms(setting: Setting, body: str) -> list[Form]:
    world, rows = setting.world, setting.world.rows
    b = world.bodies.index(body)
    provided = rows.provides[rows.provides_start[b] : rows.provides_start[b + 1]]
    return [setting.scenario.forms[world.forms[f]] for f in np.sort(provided).tolist()]


def _may(setting: Setting, role: Role) -> Iterator[Markup]:
    words, majority = setting.words, setting.words.percent(MAJORITY)
    if role.votes:
        yield words("card.vote")
        yield words("card.veto") if role.veto else words("card.no_veto", majority=majority)
    if role.body is not None:
        column = setting.world.rows.body[:, setting.world.bodies.index(role.body)]
        budget = float(column[B.budget])
        if role.votes:
            yield words("card.purse", money=words.dollars(budget))
        else:
            money = {"year": words.dollars(budget), "month": words.dollars(budget / 12.0)}
            yield words("card.plan", members=members_words(setting, role.body), **money)
        yield words("card.part")
        cheapest = min(_forms(setting, role.body), key=lambda form: form.unit_cost, default=None)
        if cheapest is not None and budget < cheapest.unit_cost:
            share = words.percent(budget / cheapest.unit_cost)
            yield words("card.short", share=share, form=words.of(cheapest.name))
        kept = float(column[B.carry_over])
        yield words("card.kept", share=words.percent(kept)) if kept > 0.0 else words("card.returned")
    if role.state is not None:
        forms = setting.scenario.forms.values()
        yield words("card.consent")
        yield words("card.own_groups")
        yield words("card.needs_consent", forms=_named(setting, [f for f in forms if f.consent >= BOUND]))
        yield words("card.needs_no_consent", forms=_named(setting, [f for f in forms if f.consent == 0.0]))
    yield words("card.talk")


def _voting(setting: Setting) -> Iterator[Markup]:
    """Say when a mandate is adopted, when it holds, and what comes of it."""
    words = setting.words
    seats = [key for key, other in setting.roles.items() if other.votes]
    played = sum(key in setting.cast for key in seats)
    yield words("card.adopted", majority=words.percent(MAJORITY), seats=len(seats), played=played)
    yield words("card.force", stay=words.number(setting.value("response.mandate_stay")))
    opened = [form for form in setting.scenario.forms.values() if form.mandate]
    yield words("card.opens", forms=words.listed(_with_payers(setting, form) for form in opened))


def _named(setting: Setting, forms: list[Form]) -> Markup:
    if not forms:
        return setting.words("card.no_forms")
    return setting.words.listed(setting.words.of(form.name) for form in forms)


def _with_payers(setting: Setting, form: Form) -> Markup:
    words = setting.words
    payers = words.listed(setting.name(body) for body in setting.paying(form.key))
    return words("card.paid_by", form=words.of(form.name), payers=payers or words("who.nobody"))


def marked(setting: Setting, form: Form) -> str:
    """Name a form, with the marks of what is to be heeded."""
    dagger = DAGGER if form.backlash >= BACKFIRES else ""
    return setting.words.of(form.name) + dagger + (ASSESSED if form.needs_assessment else "")


def left_without_consent(setting: Setting, form: Form) -> float:
    """Give what is left of what a form reaches where the government refuses and nobody has leverage, 0-1.

    As in the rule of delivery: what it reaches is told beside that in the cases of the studies, and conditions that
    are better than theirs give at most so much.
    """
    usual = 1.0 - form.consent * (1.0 - setting.value("assistance.reference_willingness"))
    most = setting.value("assistance.quality_most")
    return min((1.0 - form.consent) / usual, most) / min(1.0 / usual, most)


def consent_words(setting: Setting, form: Form, keys: tuple[str, str, str]) -> Markup:
    """Say whether a form works without consent: the words for all the same, for less, and for hardly."""
    same, less, stops = keys
    if form.consent == 0.0:
        return setting.words(same)
    left = setting.words.percent(left_without_consent(setting, form))
    return setting.words(stops if form.consent >= BOUND else less, left=left)


def _money(setting: Setting, role: Role) -> Markup:
    """Show what a role may pay for."""
    if role.body is None:
        return Markup()
    words = setting.words
    rows = []
    for form in _forms(setting, role.body):
        at = "–".join(str(stage) for stage in dict.fromkeys(form.stages))
        consent = consent_words(setting, form, ("card.works_same", "card.works_less", "card.stops"))
        name = marked(setting, form)
        if form.mandate:
            name += f" ({words('card.waits_mandate')})"
        rows.append((name, words.dollars(form.unit_cost / 12.0), words.number(form.lag), consent, at))
    heads = [words(f"card.{key}") for key in ("form", "cost", "lag", "without_consent", "stages")]
    table = grid(heads, rows, words("card.may_do"), numbers=(1, 2, 4))
    class_ = "keep tight" if len(rows) > 2 * FULL else "keep"
    return element("div", table, paragraph(words("card.read_more"), "small"), class_=class_)


def _knows(setting: Setting, role: Role) -> Iterator[Markup]:
    words = setting.words
    yield words("card.knows_public")
    if role.body is not None:
        number = len(setting.members(role.body))
        named = number <= MANY or number == len(setting.world.states)
        members = (
            members_words(setting, role.body, "card.all_states") if named else words("card.your_members", n=number)
        )
        yield words("card.knows_body", members=members)
        yield words("card.knows_money")
    if role.state is not None:
        yield words("card.knows_government")
    yield words("card.knows_not")


def _first(setting: Setting, role: Role) -> Iterator[Markup]:
    words = setting.words
    kind = "government" if role.state is not None else "council" if role.votes else "body"
    yield words("card.first_join")
    if role.state is not None:
        near = [role.state, *setting.neighbours(role.state)]
        yield words("card.first_read", states=words.listed(setting.name(key) for key in near))
    else:
        members = setting.members(role.body) if role.body is not None else ()
        if 0 < len(members) <= MANY and len(members) < len(setting.world.states):
            yield words("card.first_read", states=words.listed(setting.name(key) for key in members))
        else:
            sheets = words.listed(setting.name(key) for key in _troubled(setting))
            yield words("card.first_read_all", states=sheets)
    yield words(f"card.first_assess_{kind}")
    if kind == "body" and role.body is not None:
        budget = float(setting.world.rows.body[B.budget, setting.world.bodies.index(role.body)])
        if budget < PLACES * min((form.unit_cost for form in _forms(setting, role.body)), default=0.0):
            kind = "body_short"
    yield words(f"card.first_commit_{kind}", places=PLACES)


def _troubled(setting: Setting) -> list[str]:
    """Give the states to read of first, by what everybody knows: conflict now, then lately, then their record."""
    state = setting.world.rows.state

    def order(s: int) -> tuple[float, float]:
        return -float(state[S.conflict, s]), -float(state[S.past_violations, s])

    return [setting.world.states[s] for s in sorted(range(len(setting.world.states)), key=order)[:TROUBLED]]
