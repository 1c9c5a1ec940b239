"""What participants may know of the world: in short, rules of the room, map, a sheet for each state, the forms.

Nothing here depends on a seed, and nothing on what the model hides: stages, grievance, motives, incitement,
commitment, arms, levels to which anything returns, whose friends sit on the Council.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from r2psim.declarations.columns import CONFLICT, INHIBITORS, STAGES, STATE, STATUS_EXCLUSION, TRIGGERS, B, G, S
from r2psim.markup import Markup, element, join
from r2psim.scenario.catalogue import CATEGORIES
from r2psim.seminar.kit_cards import BACKFIRES, consent_words, marked, members_words
from r2psim.seminar.kit_page import bullets, grid, lines, page, paragraph, section
from r2psim.seminar.kit_setting import Setting
from r2psim.seminar.kit_words import trigger_words
from r2psim.seminar.roles import Role
from r2psim.world.places import borders_of, places_of

__all__ = ["world_pages"]

WIDTH, HEIGHT = 1000.0, 640.0
LONGEST = 18
"""Characters of a name on the map."""

REGIMES = ((0.2, "closed"), (0.4, "authoritarian"), (0.6, "half_open"), (0.8, "strained"), (1.1, "open"))
"""Openness of a regime, up to so much -> a key of ``state.regime``."""

RECORDS = ((0.1, "none"), (0.4, "some"), (1.1, "grave"))
"""Record of violations, up to so much -> a key of ``state.record``."""

CONFLICT_KEYS = dict(zip(CONFLICT, ("peace", "recovery", "minor", "war"), strict=True))


def world_pages(setting: Setting) -> list[Markup]:
    """Write the world for participants."""
    return [_short(setting), _rules(setting), _who(setting), *_states(setting), _forms(setting)]


def _head(setting: Setting, title: str, *inside: object, class_: str = "page card") -> Markup:
    words, kicker = setting.words, setting.words.of(setting.scenario.title)
    return page(words, kicker, words("kit.participants"), element("h1", title), *inside, class_=class_)


def _short(setting: Setting) -> Markup:
    words, world = setting.words, setting.world
    regions = dict.fromkeys(world.regions)
    who = words(
        "world.who" if len(regions) > 1 else "world.who_one",
        **{"states": len(world.states), "bodies": len(world.bodies), "years": setting.years}
        | ({"regions": len(regions)} if len(regions) > 1 else {}),
    )
    stages = (
        words.labelled(element("strong", f"{number} {words.of(stage)}"), text)
        for number, (stage, text) in enumerate(zip(STAGES, words.all("world.stages_list"), strict=True))
    )
    strikes = bullets((words.of(trigger_words(kind)) for kind in TRIGGERS), class_="two small")
    return _head(
        setting,
        words("world.short"),
        paragraph(words.of(setting.scenario.description)),
        paragraph(who),
        paragraph(words("world.about")),
        section(words("world.year"), bullets(words.all("world.year_steps"), "ol")),
        section(words("world.counts"), bullets(words.all("world.counts_list"))),
        section(words("world.stages"), bullets(stages), paragraph(words("world.stages_note"))),
        section(words("world.strikes"), strikes, paragraph(words("world.strikes_note"))),
    )


def _rules(setting: Setting) -> Markup:
    words = setting.words
    return _head(
        setting,
        words("rules.title"),
        bullets(words.all("rules.list"), "ol"),
        section(words("map.title"), _map(setting), paragraph(words("map.about"), "small")),
    )


def _who(setting: Setting) -> Markup:
    """List who decides what: bodies with their money and who plays them, seats of the Council, governments."""
    words, world = setting.words, setting.world
    rows = []
    for b, body in enumerate(world.bodies):
        roles = {key for key, role in setting.roles.items() if role.body == body}
        by = element("span", words("who.people" if roles & setting.cast.keys() else "who.rules"), class_="nowrap")
        where = members_words(setting, body, "card.all_states")
        rows.append((setting.name(body), where, words.dollars(float(world.rows.body[B.budget, b])), by))
    heads = [words(f"who.{key}") for key in ("body", "where", "budget", "by")]
    others = [
        (words("who.council"), [role for role in setting.roles.values() if role.votes]),
        (words("who.governments"), [role for role in setting.roles.values() if role.state is not None]),
    ]
    table = [
        (
            element("span", name, class_="nowrap"),
            *(
                words.listed(_short_title(setting, role) for role in some if (role.key in setting.cast) == played)
                or words("who.nobody")
                for played in (True, False)
            ),
        )
        for name, some in others
    ]
    columns = (words("who.seats"), words("who.people"), words("who.rules"))
    status = words("who.status_note", statuses=words.listed(words.of(key) for key in STATUS_EXCLUSION),
                   irrelevant=words.of("irrelevant"))  # fmt: skip
    return _head(
        setting,
        words("who.title"),
        paragraph(words("who.about")),
        element("div", grid(heads, rows, numbers=(2,)), grid(columns, table), class_="tight"),
        section(words("who.sheets"), bullets((words("who.sheets_read"), words("who.share_note"), status))),
        class_="page card full",
    )


def _short_title(setting: Setting, role: Role) -> str:
    return setting.title(role) if role.state is None else setting.name(role.state)


# -- the map -----------------------------------------------------------------------------------------------------------


def _map(setting: Setting) -> Markup:
    """Draw states, borders, and kin across them, in black and grey."""
    world = setting.world
    places = places_of(world, WIDTH, HEIGHT, 110.0, 60.0)
    borders = borders_of(world)
    lines = [_line(places[a], places[b], None) for a, b in borders]
    ties = [_line(places[a], places[b], "10 8") for a, b in _kin(setting)]
    marks = []
    for (x, y), key in zip(places.tolist(), world.states, strict=True):
        name = setting.name(key)
        shown = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
        # A border does not run through a name: white lies behind it.
        text = {"x": x, "y": y + 36.0, "text_anchor": "middle"}
        marks += [
            element("circle", cx=x, cy=y, r=13.0, fill="#fff", stroke="#000", stroke_width=3.0),
            element("text", shown, **text, stroke="#fff", stroke_width=7.0, aria_hidden="true"),
            element("text", shown, **text),
        ]
    named = element("title", setting.words("map.title"))
    drawn = element("svg", named, *lines, *ties, *marks, viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}", role="img")
    return drawn if borders else join((drawn, paragraph(setting.words("map.none"))))


def _line(a: np.ndarray, b: np.ndarray, dashes: str | None) -> Markup:
    x1, y1, x2, y2 = (float(at) for at in (*a, *b))
    if dashes:
        # Beside the border that the same two states may have.
        length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1.0)
        dx, dy = 9.0 * (y2 - y1) / length, -9.0 * (x2 - x1) / length
        x1, x2, y1, y2 = x1 + dx, x2 + dx, y1 + dy, y2 + dy
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    return element("line", **ends, stroke="#000" if dashes else "#888", stroke_width=2.5, stroke_dasharray=dashes)


def _kin(setting: Setting) -> list[tuple[int, int]]:
    """Give the pairs of states that groups of kin live in, each once."""
    world, rows = setting.world, setting.world.rows
    homes = [world.states.index(group.split("/")[0]) for group in world.groups]
    pairs = {
        (min(homes[g], homes[k]), max(homes[g], homes[k]))
        for g in range(len(world.groups))
        for k in rows.kin[rows.kin_start[g] : rows.kin_start[g + 1]].tolist()
    }
    return sorted(pair for pair in pairs if pair[0] != pair[1])


# -- states ------------------------------------------------------------------------------------------------------------


def _states(setting: Setting) -> list[Markup]:
    words, states = setting.words, setting.world.states
    about = paragraph(words("state.about"))
    found = []
    for s, key in enumerate(states):
        left = words("state.sheet", name=setting.name(key))
        note = element("div", element("h3", words("state.note")), lines(4), class_="keep")
        parts = (element("h1", setting.name(key)), *_sheet(setting, s), about, note)
        found.append(page(words, left, words("kit.participants"), *parts))
    return found


def _of(table: tuple[tuple[float, str], ...], value: float) -> str:
    return next(key for most, key in table if value < most)


def _level(texts: list[Markup], value: float) -> Markup:
    return texts[min(int(value * len(texts)), len(texts) - 1)]


def _sheet(setting: Setting, s: int) -> Iterator[Markup]:
    """Write what everybody can know of a state."""
    words, column = setting.words, setting.world.rows.state[:, s]
    yield paragraph(Markup(" ").join(_sentences(setting, s)))
    figures = [
        (words("state.population"), words.count(column[S.population])),
        (words("state.gdp"), words.dollars(column[S.gdp])),
        (words("state.growth"), words.percent(column[S.growth], 1)),
    ]
    rows = [element("tr", element("th", name, scope="row"), element("td", value)) for name, value in figures]
    caption = element("caption", words("state.figures"))
    yield element("table", caption, element("tbody", *rows), class_="small")
    levels, unequal = words.all("state.levels"), words.all("state.inequality_levels")
    names = ("capacity", "inclusion", *INHIBITORS)
    strong = [(words.of(STATE[name].meaning), _level(levels, column[STATE.index[name]])) for name in names]
    strong.append((words.of(STATE["horizontal_inequality"].meaning), _level(unequal, column[S.horizontal_inequality])))
    rows = [element("tr", element("th", name, scope="row"), element("td", value)) for name, value in strong]
    caption = element("caption", words("state.institutions"))
    yield element("table", caption, element("tbody", *rows), class_="small")
    yield _groups(setting, s)


def _sentences(setting: Setting, s: int) -> Iterator[Markup]:
    words, world, column = setting.words, setting.world, setting.world.rows.state[:, s]
    key = world.states[s]
    money = words.dollars(column[S.gdp] / column[S.population])
    yield words("state.size", name=setting.name(key), population=words.count(column[S.population]), income=money)
    yield words(f"state.regime.{_of(REGIMES, column[S.regime])}")
    months = int(column[S.conflict_months])
    conflict = CONFLICT_KEYS[CONFLICT[int(column[S.conflict])]]
    if conflict == "recovery" and months == 0:
        conflict = "recovery_now"
    given = {} if conflict in ("peace", "recovery_now") else {"months": words.months(months)}
    yield words(f"state.conflict.{conflict}", **given)
    yield words(f"state.record.{_of(RECORDS, column[S.past_violations])}")
    if column[S.mission] > 0.0:
        yield words("state.mission.there")
    driven = column[S.displaced_inside] + column[S.displaced_abroad]
    if driven >= 1.0:
        yield words("state.mission.displaced", n=words.count(driven))
    if column[S.election_interval] > 0.0:
        due = words.when(int(column[S.election_phase]))
        yield words("state.election", years=words.number(column[S.election_interval] / 12.0, 2), when=due)
    else:
        yield words("state.election_none")
    if world.regions[s]:
        yield words("state.region", region=words.of(world.regions[s]))
    near = setting.neighbours(key)
    names = words.listed(setting.name(n) for n in near)
    yield words("state.neighbours", names=names) if near else words("state.no_neighbours")
    clubs = [
        body
        for body, kind in zip(world.bodies, world.kinds, strict=True)
        if kind == "regional organisation" and key in setting.members(body)
    ]
    if clubs:
        yield words("state.members", names=words.listed(setting.name(body) for body in clubs))


def _groups(setting: Setting, s: int) -> Markup:
    words, world, rows = setting.words, setting.world, setting.world.rows
    key = world.states[s]
    found = []
    for g, group in enumerate(world.groups):
        state, own = group.split("/")
        if state != key:
            continue
        spec = setting.scenario.states[key].groups.get(own)
        status = words("state.status_none") if spec is None or spec.status is None else words.of(spec.status)
        kin = rows.kin[rows.kin_start[g] : rows.kin_start[g + 1]].tolist()
        across = words.listed(
            f"{setting.name(world.groups[k])} ({setting.name(world.groups[k].split('/')[0])})" for k in kin
        )
        found.append((setting.name(group), words.percent(rows.group[G.share, g]), status, across))
    heads = [words(f"state.{name}") for name in ("group", "share", "status", "kin")]
    return grid(heads, found, words("state.groups"), numbers=(1,))


# -- forms of assistance -----------------------------------------------------------------------------------------------


def _forms(setting: Setting) -> Markup:
    words = setting.words
    forms = setting.scenario.forms.values()
    listed = []
    for category in CATEGORIES:
        for form in (f for f in forms if f.category == category):
            consent = consent_words(setting, form, ("forms.consent_none", "forms.consent_some", "forms.consent_full"))
            facts = words(
                "forms.cost_of",
                cost=words.dollars(form.unit_cost / 12.0),
                months=words.months(form.lag),
                consent=consent,
            )
            if form.mandate:
                facts += Markup(" · ") + words("forms.mandate")
            term = element("dt", marked(setting, form))
            listed.append(element("div", term, element("dd", words.of(form.description), " ", facts), class_="keep"))
    screened = setting.value("principles.harm.screening")
    owned = setting.value("principles.ownership.strength") * setting.value("principles.ownership.practice")
    rest = 1.0 - setting.value("principles.ownership.strength") + owned
    unfit = setting.value("assistance.unassessed") * (rest - owned) / rest
    about = (
        words("forms.about"),
        words(
            "forms.screened",
            share=words.percent(BACKFIRES),
            screened=words.percent(screened),
            dearer=words.percent(screened * setting.value("principles.harm.cost")),
        ),
        words("forms.assessed", left=words.percent(unfit)),
    )
    return _head(setting, words("forms.title"), *map(paragraph, about), element("dl", *listed, class_="small"))
