"""Role cards: one page each that says what a role may do, knows, wants, and does first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from r2psim.markup import Markup, element
from r2psim.scenario.forms import Form
from r2psim.seminar.casts import declared, family_of
from r2psim.seminar.decisions import MAJORITY
from r2psim.seminar.kit_page import bullets, grid, lines, page, paragraph, section
from r2psim.seminar.kit_setting import Setting
from r2psim.seminar.roles import Role
from r2psim.world.tables import CONFLICT, B, S

__all__ = ["BACKFIRES", "card", "cards", "consent_words"]

BOUND = 0.7
"""From so much dependence on consent on a form hardly works without it."""

BACKFIRES = 0.1
"""Share of programmes that backfire if nobody screens them, from which on a form is marked."""

FULL = 8
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
    many = role.body is not None and len(_forms(setting, role.body)) > FULL
    left = (
        section(words("card.may"), bullets(_may(setting, role))),
        section(words("card.knows"), bullets(_knows(setting, role))),
    )
    right = (
        section(words("card.wants"), paragraph(words.of(said["wants"]))),
        section(words("card.dilemma"), paragraph(words.of(said["dilemma"]))),
        element("div", element("h2", words("card.first")), bullets(_first(setting, role), "ol"), class_="box"),
        "" if many else element("div", element("h3", words("card.notes")), lines(2), class_="keep"),
    )
    parts = [
        element("h1", title),
        paragraph(words(f"roles.{family}", **given)),
        element("div", element("div", *left), element("div", *right), class_="columns"),
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


def _members(setting: Setting, body: str) -> Markup:
    names = [setting.name(key) for key in setting.members(body)]
    if len(names) == len(setting.world.states):
        return setting.words("card.everywhere", n=len(names))
    return setting.words.listed(names)


def _forms(setting: Setting, body: str) -> list[Form]:
    world, rows = setting.world, setting.world.rows
    b = world.bodies.index(body)
    provided = rows.provides[rows.provides_start[b] : rows.provides_start[b + 1]]
    return [setting.scenario.forms[world.forms[f]] for f in np.sort(provided).tolist()]


def _may(setting: Setting, role: Role) -> Iterator[Markup]:
    words, majority = setting.words, setting.words.percent(MAJORITY)
    if role.votes:
        opened = _named(setting, [form for form in setting.scenario.forms.values() if form.mandate])
        yield words("card.vote", majority=majority, forms=opened)
        yield words("card.veto") if role.veto else words("card.no_veto", majority=majority)
    if role.body is not None:
        column = setting.world.rows.body[:, setting.world.bodies.index(role.body)]
        budget = float(column[B.budget])
        if role.votes:
            yield words("card.purse", money=words.dollars(budget))
        else:
            kept = words("card.kept") if column[B.carry_over] > 0.0 else ""
            money = {"year": words.dollars(budget), "month": words.dollars(budget / 12.0)}
            yield words("card.plan", members=_members(setting, role.body), kept=kept, **money)
    if role.state is not None:
        forms = setting.scenario.forms.values()
        yield words("card.consent")
        yield words("card.needs_consent", forms=_named(setting, [f for f in forms if f.consent >= BOUND]))
        yield words("card.needs_no_consent", forms=_named(setting, [f for f in forms if f.consent == 0.0]))
    yield words("card.talk")


def _named(setting: Setting, forms: list[Form]) -> Markup:
    if not forms:
        return setting.words("card.no_forms")
    return setting.words.listed(setting.words.of(form.name) for form in forms)


def consent_words(setting: Setting, form: Form, keys: tuple[str, str, str]) -> Markup:
    """Say whether a form works without consent: the words for all the same, for less, and for hardly."""
    same, less, stops = keys
    return setting.words(same if form.consent == 0.0 else stops if form.consent >= BOUND else less)


def _money(setting: Setting, role: Role) -> Markup:
    """Show what a role may pay for."""
    if role.body is None:
        return Markup()
    words = setting.words
    rows = []
    for form in _forms(setting, role.body):
        at = "–".join(str(stage) for stage in dict.fromkeys(form.stages))
        consent = consent_words(setting, form, ("card.works_same", "card.works_less", "card.stops"))
        name = words.of(form.name) + ("\u00a0†" if form.backlash >= BACKFIRES else "")
        if form.mandate:
            name += f" ({words('card.waits_mandate')})"
        rows.append((name, words.dollars(form.unit_cost), words.number(form.lag), consent, at))
    heads = [words(f"card.{key}") for key in ("form", "cost", "lag", "without_consent", "stages")]
    table = grid(heads, rows, words("card.may_do"), numbers=(1, 2, 4))
    class_ = "keep tight" if len(rows) > FULL else "keep"
    return element("div", table, paragraph(words("card.read_more"), "small"), class_=class_)


def _knows(setting: Setting, role: Role) -> Iterator[Markup]:
    words = setting.words
    yield words("card.knows_public")
    if role.body is not None:
        named = len(setting.members(role.body)) <= MANY or role.votes
        members = _members(setting, role.body) if named else words("card.your_members")
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
            yield words("card.first_read_all")
    yield words(f"card.first_assess_{kind}")
    yield words(f"card.first_commit_{kind}")
