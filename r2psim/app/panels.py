"""What stands beside map and time line: one state, what happened, why, who assists, and the sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from r2psim.analysis.findings import money
from r2psim.analysis.summary import date, percent, tell, weight
from r2psim.app.glossary import term
from r2psim.app.page_parts import Markup, bar, element, join, pick, table
from r2psim.app.symbols import stage_mark
from r2psim.app.watch import NOWHERE, Payment
from r2psim.declarations.columns import CONFLICT, INHIBITORS, PERPETRATOR, RISK_FACTORS, SIDES, STAGES, TRIGGERS
from r2psim.plots.style import amount, plain
from r2psim.scenario import Scenario
from r2psim.world.history import Event, History

__all__ = ["bodies", "event_list", "programmes", "short", "state_detail", "state_list", "state_panel", "sums", "why"]

MOST_EVENTS = 60
MOST_PROGRAMMES = 24
FRESH = 0.05


def _fact(name: str, value: object) -> Markup:
    return element("div", element("dt", name), element("dd", value))


def _number(history: History, column: str, month: int, s: int) -> float:
    return float(history.state[column][month, s])


# -- a state -----------------------------------------------------------------------------------------------------------


def state_panel(history: History, month: int, key: str, policy: str = "", suffix: str = "") -> Markup:
    """Tell of one state as it stood after ``month`` months; ``policy`` is named where another world is beside it."""
    names = history.world.names
    s = history.world.states.index(key)
    stage = int(_number(history, "stage", month, s))
    perpetrator = _number(history, "government_perpetrator", month, s) > 0.0
    facts = [
        _fact("Population", amount(_number(history, "population", month, s))),
        _fact("GDP", f"{money(_number(history, 'gdp', month, s))} a year"),
        _fact("Armed conflict", CONFLICT[int(_number(history, "conflict", month, s))]),
        _fact("Killed so far", amount(_number(history, "deaths", month, s))),
        _fact("Driven from home so far", amount(_number(history, "displaced", month, s))),
        _fact("Of these, expelled as members of a group", amount(_number(history, "expelled", month, s))),
        _fact("Persecuted so far, person-years", amount(_number(history, "persecuted_months", month, s) / 12.0)),
        _fact("Civilians killed in armed conflict so far", amount(_number(history, "war_crimes", month, s))),
        _fact("Displaced in need of protection", amount(_number(history, "displaced_in_need", month, s))),
        _fact("Of these, reached", amount(_number(history, "displaced_reached", month, s))),
        _fact("Government", "commits violations or kills itself" if perpetrator else "not a perpetrator"),
        _fact("Willing to consent to assistance", percent(_number(history, "willingness", month, s))),
    ]
    fresh = [k for k in TRIGGERS if _number(history, f"trigger_{k}", month, s) > FRESH]
    facts.append(_fact("Active triggers", ", ".join(plain(k).lower() for k in fresh) or "none"))
    stands = term(f"stage-{stage}", f"{stage} {STAGES[stage]}")
    of = f" under {policy}" if policy else ""
    head = element("h2", stage_mark(stage, 8.0), f" {names[key]}: ", stands, of, id=f"state{suffix}")
    inside = element("dl", *facts, class_="r2p-facts") + _factors(history, month, s)
    return element("section", head, inside, aria_labelledby=f"state{suffix}")


def state_detail(
    history: History,
    month: int,
    key: str,
    setting: Scenario,
    payments: Sequence[Payment],
    policy: str = "",
    suffix: str = "",
) -> Markup:
    """Tell of the groups of one state, of what holds risk back there, and of the assistance that it gets."""
    world = history.world
    s = world.states.index(key)
    return element(
        "section",
        element("h2", f"{world.names[key]} in detail{f' under {policy}' if policy else ''}", id=f"detail{suffix}"),
        element(
            "div",
            element("div", _groups(history, month, s)),
            element("div", _strengths(history, month, s)),
            element("div", _received(history, s, setting, payments)),
            class_="r2p-grid-of",
        ),
        aria_labelledby=f"detail{suffix}",
    )


def _groups(history: History, month: int, s: int) -> Markup:
    world, group = history.world, history.group
    rows = []
    for g in range(world.rows.first_group[s], world.rows.first_group[s + 1]):
        stage = int(group["stage"][month, g])
        where = element("span", stage_mark(stage, 6.0), f" {stage} {STAGES[stage]}", class_="r2p-nowrap")
        rows.append(
            (
                world.names[world.groups[g]],
                where,
                f"{int(group['stage_months'][month, g])}",
                PERPETRATOR[int(group["perpetrator"][month, g])] if stage >= 3 else "",
                *(amount(float(group[name][month, g])) for name in ("deaths", "expelled")),
            )
        )
    heads = ("Group", "Stage", "Months in it", "Those who prepare it", "Killed so far", "Expelled so far")
    return table(heads, rows, "Groups", numbers=2)


def _factors(history: History, month: int, s: int) -> Markup:
    items = []
    for i, name in enumerate(RISK_FACTORS, 1):
        score = _number(history, f"rf{i}", month, s)
        items.append(element("li", term(f"factor-{i}", f"{i} {name}"), bar(score, f"{score:.2f}")))
    common = element("ol", *items[:8], class_="r2p-bars", aria_label="Common risk factors")
    specific = element("ol", *items[8:], class_="r2p-bars", aria_label="Specific risk factors")
    return join(
        (
            element("h3", "The fourteen risk factors of the UN Framework of Analysis"),
            element("p", "Scores 0 to 1 of the model's variables; specific factors are the worst of its groups.",
                    class_="r2p-note"),
            common, specific,
        )
    )  # fmt: skip


def _strengths(history: History, month: int, s: int) -> Markup:
    items = []
    for name in ("inclusion", *INHIBITORS, "restraint"):
        score = _number(history, name, month, s)
        items.append(element("li", term(f"inhibitor-{name}", plain(name)), bar(score, f"{score:.2f}", "r2p-good")))
    return join((element("h3", "What holds it back: inhibitors"), element("ol", *items, class_="r2p-bars")))


def _received(history: History, s: int, setting: Scenario, payments: Sequence[Payment]) -> Markup:
    """Tell what assistance runs in a state, by form, with those who pay."""
    forms, names = list(setting.forms.values()), history.world.names
    paid: dict[int, float] = defaultdict(float)
    payers: dict[int, set[str]] = defaultdict(set)
    for p in payments:
        if p.state == s:
            paid[p.form] += p.dollars
            payers[p.form].add(names[history.world.bodies[p.body]])
    rows = [
        (term(f"form-{forms[f].key}", forms[f].name), ", ".join(sorted(payers[f])), money(dollars))
        for f, dollars in sorted(paid.items(), key=lambda item: -item[1])
    ]
    if not rows:
        return join((element("h3", "Assistance here this month"), element("p", "None.", class_="r2p-note")))
    return table(("Form", "Paid by", "US$ this month"), rows, "Assistance here this month", numbers=1)


def state_list(history: History, month: int) -> list[tuple[str, str]]:
    """Give the states to choose from, worst first: key and words."""
    stages = history.state["stage"][month].astype(int)
    world = history.world
    order = sorted(range(len(world.states)), key=lambda s: (-stages[s], world.names[world.states[s]]))
    return [(world.states[s], f"{world.names[world.states[s]]} ({stages[s]} {STAGES[int(stages[s])]})") for s in order]


# -- what happened -----------------------------------------------------------------------------------------------------


def short(event: Event, names: dict[str, str]) -> str:
    """Say in few words what happened."""
    place = names[event.state]
    if event.kind == "trigger":
        return f"{plain(event.what)} in {place}"
    if event.kind == "conflict":
        return f"{place}: {event.before} to {event.after}"
    return f"{names[event.group or '']}, {place}: {event.before} to {event.after}"


def _when(month: int) -> str:
    """Write a month as the list of events has it."""
    return date(month).replace("year ", "Y").replace(", month ", " M")


def event_list(
    history: History,
    month: int,
    key: str | None,
    grave: bool,
    picked: str | None,
    find: str = "",
    prefix: str = "event:",
) -> Markup:
    """List what happened in the first ``month`` months, latest first; each can be asked about.

    Parameters
    ----------
    history, month : History, int
        What happened, and how far it is told.
    key : str or None
        State of which it is told; without one of all.
    grave : bool
        Whether only conflict, imminent risk and atrocity are told.
    picked : str or None
        The event that is being explained, with its prefix.
    find : str
        Words that all stand in what is told.
    prefix : str
        What stands before the number of an event.
    """
    words = find.lower().split()
    chosen = []
    for i, e in enumerate(history.events):
        if e.month >= month:
            break
        if key is not None and e.state != key:
            continue
        if grave and not (e.kind == "conflict" or (e.kind == "stage" and (e.after in STAGES[3:]))):
            continue
        if words and not all(w in f"{_when(e.month)} {short(e, history.world.names)}".lower() for w in words):
            continue
        chosen.append((i, e))
    items = []
    for i, e in reversed(chosen[-MOST_EVENTS:]):
        name = f"{prefix}{i}"
        said = element("span", _when(e.month), class_="r2p-date")
        items.append(element("li", pick(name, said, " ", short(e, history.world.names), pressed=picked == name)))
    if not items:
        return element("p", f"Nothing so far{f' with {find}' if words else ''}.", class_="r2p-note")
    more = len(chosen) - len(items)
    rest = element("p", f"The latest {MOST_EVENTS}; {more} earlier ones are not listed.", class_="r2p-note")
    return join((element("ul", *items, class_="r2p-events", data_scroll="y"), rest if more > 0 else ""))


def why(history: History, number: int) -> Markup:
    """Say why an event happened: its probability that month, and what raised or lowered its hazard.

    Raises
    ------
    IndexError
        If there is no such event.
    """
    event = history.events[number]
    items = []
    most = max((abs(effect) for _, effect in event.contributions), default=1.0) or 1.0
    for words, effect in event.contributions:
        said = weight(effect)
        if not said:
            continue
        items.append(
            element(
                "li", element("span", plain(words)),
                bar(abs(effect) / most, said, "r2p-raised" if effect > 0.0 else "r2p-lowered"),
            )
        )  # fmt: skip
    return element(
        "section",
        element("h2", "Why", id="why"),
        element("p", tell(event, history)),
        element("p", "What moved its hazard most, against the base rate:", class_="r2p-note") if items else "",
        element("ol", *items, class_="r2p-bars") if items else element("p", "It came at its base rate."),
        aria_labelledby="why", class_="r2p-card",
    )  # fmt: skip


# -- who assists -------------------------------------------------------------------------------------------------------


def bodies(history: History, month: int, payments: Sequence[Payment], picked: str | None) -> Markup:
    """Give each body's money and programmes."""
    world, body = history.world, history.body
    running = np.bincount([p.body for p in payments if p.form != NOWHERE], minlength=len(world.bodies))
    paid = np.bincount([p.body for p in payments], weights=[p.dollars for p in payments], minlength=len(world.bodies))
    rows = []
    for b, key in enumerate(world.bodies):
        name = pick(f"body:{key}", world.names[key], pressed=picked == key, class_="r2p-link")

        def dollars(column: str, b: int = b) -> str:
            return money(float(body[column][month, b]))

        rows.append(
            (
                name,
                world.kinds[b],
                money(float(body["budget"][month, b])),
                dollars("balance"),
                dollars("spent_prevention"),
                dollars("spent_response"),
                f"{int(running[b])}",
                money(float(paid[b])),
            )
        )
    heads = (
        "Body", "Kind", "Budget a year", "At hand", "Spent on prevention", "Spent on response", "Programmes",
        "Paid this month",
    )  # fmt: skip
    return table(heads, rows, f"Bodies {_after(month)}", numbers=6)


def _after(month: int) -> str:
    return "at the start" if month == 0 else f"after {date(month - 1)}"


def programmes(history: History, key: str, setting: Scenario, payments: Sequence[Payment]) -> Markup:
    """List what one body funds this month."""
    world, forms = history.world, list(setting.forms.values())
    b = world.bodies.index(key)
    mine = sorted((p for p in payments if p.body == b and p.form != NOWHERE), key=lambda p: -p.dollars)
    rows: list[tuple[Any, ...]] = [
        (term(f"form-{forms[p.form].key}", forms[p.form].name), world.names[world.states[p.state]], money(p.dollars))
        for p in mine[:MOST_PROGRAMMES]
    ]
    coordination = sum(p.dollars for p in payments if p.body == b and p.form == NOWHERE)
    if coordination > 0.0:
        rows.append(("Coordination of what others and itself fund", "all its members", money(coordination)))
    if not rows:
        return element("p", f"{world.names[key]} funds no programme this month.", class_="r2p-note")
    more = f" (the largest {MOST_PROGRAMMES} of {len(mine)})" if len(mine) > MOST_PROGRAMMES else ""
    return table(("Form", "State", "US$ this month"), rows, f"Programmes of {world.names[key]}{more}", numbers=1)


def sums(history: History, month: int) -> Markup:
    """Give the totals after ``month`` months."""
    state, group, body = history.state, history.group, history.body
    stages = np.bincount(state["stage"][month].astype(int), minlength=len(STAGES))
    counts = [
        element("li", stage_mark(k, 6.0), f" {int(n)} ", element("span", STAGES[k]))
        for k, n in enumerate(stages)
    ]  # fmt: skip
    episodes = sum(float(state[f"episodes_{side}"][month].sum()) for side in SIDES)
    facts = (
        _fact("Episodes of atrocity", amount(episodes)),
        _fact("Entries of groups into atrocity", amount(float(group["atrocity_entries"][month].sum()))),
        _fact("Killed", amount(float(group["deaths"][month].sum()))),
        _fact("Driven from home", amount(float(state["displaced"][month].sum()))),
        _fact("Of these, expelled", amount(float(state["expelled"][month].sum()))),
        _fact("Women among them", amount(float(state["displaced_women"][month].sum()))),
        _fact("Children among them", amount(float(state["displaced_children"][month].sum()))),
        _fact("Persecuted, person-years", amount(float(state["persecuted_months"][month].sum()) / 12.0)),
        _fact("Civilians killed in armed conflict", amount(float(state["war_crimes"][month].sum()))),
        _fact("Spent on prevention", money(float(body["spent_prevention"][month].sum()))),
        _fact("Spent on response", money(float(body["spent_response"][month].sum()))),
        _fact("GDP lost", money(float(state["gdp_lost"][month].sum()))),
    )
    return join(
        (
            element("ul", *counts, class_="r2p-key", aria_label="States by stage"),
            element("dl", *facts, class_="r2p-facts r2p-sums"),
        )
    )
