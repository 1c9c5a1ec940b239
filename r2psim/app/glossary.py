"""The glossary: every term of the model, from where it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode

import solara

from r2psim.analysis.findings import METRIC_NAMES
from r2psim.analysis.ledgers import COST_LEDGERS
from r2psim.app.inputs import about_number
from r2psim.app.page_parts import Markup, element, join
from r2psim.app.runs import setting_of
from r2psim.app.settings import MOST_FIELDS, current
from r2psim.app.widgets import Form, View
from r2psim.declarations.channels import CHANNELS, KINDS, MANDATES
from r2psim.declarations.columns import CONFLICT, INHIBITORS, RISK_FACTORS, STAGES, STATE, STATE_KINDS, TRIGGERS
from r2psim.ensemble.measures import METRICS
from r2psim.plots.style import plain
from r2psim.scenario import Scenario
from r2psim.scenario.forms import CATEGORIES, SCOPES
from r2psim.scenario.forms import LEDGERS as SIDES_OF_MONEY
from r2psim.scenario.parameters import LABELS, PARAMETERS
from r2psim.scenario.paths import number_at
from r2psim.seminar.kit_words import load_words

__all__ = ["SECTIONS", "Page", "Term", "found", "glossary", "term"]

LONGEST = 80
"""Characters of what is looked for."""

SECTIONS = {
    "stage": "Stages of a group's risk",
    "conflict": "States of armed conflict",
    "factor": "The fourteen risk factors of the UN Framework of Analysis",
    "inhibitor": "Inhibitors: what holds risk back",
    "trigger": "Triggers: what can strike a state",
    "kind": "Kinds of state that a policy may be written for",
    "form": "Forms of assistance",
    "channel": "Channels: what a form can act on",
    "body": "Bodies that assist",
    "mandate": "Mandates of bodies",
    "policy": "Policies",
    "metric": "What is counted",
    "ledger": "Ledgers of the cost argument",
    "evidence": "Evidence labels: where a number comes from",
    "parameter": "Parameters of the model",
}
"""Kinds of terms and what they are called, in their order."""

HIDDEN = "parameter"
"""Kind that is listed only where something is looked for: there are hundreds."""

OF_CONFLICT = (
    "no armed conflict",
    "after an armed conflict that ended",
    "armed conflict with 25 battle deaths a year or more",
    "armed conflict with 1,000 battle deaths a year or more",
)
"""What the states of armed conflict are; thresholds as in UCDP."""

BESIDE = ("inclusion", "restraint")
"""What holds risk back beside the seven inhibitors of the report."""


class Term(NamedTuple):
    """A term.

    Attributes
    ----------
    key : str
        Kind and name, such as ``stage-3``: what a link leads to.
    name, meaning : str
        As it is called, and what it is.
    """

    key: str
    name: str
    meaning: str

    @property
    def kind(self) -> str:
        """A key of `SECTIONS`."""
        return self.key.partition("-")[0]


def term(key: str, words: Any) -> Markup:
    """Write words that lead to what the glossary says of a term.

    Examples
    --------
    >>> print(term("stage-3", "imminent risk"))
    <a href="glossary?term=stage-3" data-go="/glossary?term=stage-3" class="r2p-term">imminent risk</a>
    """
    query = urlencode({"term": key})
    return element("a", words, href=f"glossary?{query}", data_go=f"/glossary?{query}", class_="r2p-term")


def _sentence(text: str) -> str:
    """Write a meaning as a sentence of its own."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def _of_risk() -> Iterator[Term]:
    """Give the terms of risk: what every group and state has."""
    stages = [str(words) for words in load_words("en").all("world.stages_list")]
    for number, (name, meaning) in enumerate(zip(STAGES, stages, strict=True)):
        yield Term(f"stage-{number}", f"{number} {name}", _sentence(meaning))
    for number, (name, meaning) in enumerate(zip(CONFLICT, OF_CONFLICT, strict=True)):
        yield Term(f"conflict-{number}", name, _sentence(meaning))
    for number, name in enumerate(RISK_FACTORS, 1):
        kind = "common" if number <= 8 else "specific to a group"
        said = f"Risk factor {number}, {kind}: a score from 0 to 1 of the model's variables"
        yield Term(f"factor-{number}", f"{number} {name}", _sentence(said))
    for name in (*INHIBITORS, *BESIDE):
        yield Term(f"inhibitor-{name}", plain(name), _sentence(STATE[name].meaning))
    for name in TRIGGERS:
        meaning = STATE[f"strike_{name}"].meaning.removeprefix("1 if ").removesuffix(" struck this month")
        yield Term(f"trigger-{name}", plain(name), _sentence(meaning))
    for name, meaning in STATE_KINDS.items():
        yield Term(f"kind-{name}", name, _sentence(meaning.replace("`", "")))


def _of_numbers() -> Iterator[Term]:
    """Give the terms of what can be changed, is counted, and is known of a number."""
    for channel in CHANNELS.values():
        helps = "a smaller value protects people" if channel.helps == "less" else "a larger value protects people"
        yield Term(f"channel-{channel.name}", plain(channel.name),
                   f"{_sentence(channel.meaning)} A {channel.kind}: {KINDS[channel.kind]}; {helps}.")  # fmt: skip
    for name, meaning in MANDATES.items():
        yield Term(f"mandate-{name}", name, _sentence(meaning))
    for name, meaning in METRICS.items():
        yield Term(f"metric-{name}", METRIC_NAMES[name][0], _sentence(meaning))
    for key, ledger in COST_LEDGERS.items():
        parts = ", ".join(plain(part).lower() for part in ledger.parts)
        yield Term(f"ledger-{key}", ledger.title, f"Whose money: {ledger.who}. Made up of: {parts}.")
    for name, meaning in LABELS.items():
        yield Term(f"evidence-{name}", name, _sentence(meaning))
    for path in PARAMETERS:
        number = number_at(path, {})
        if number is not None:
            yield Term(f"parameter-{path}", path, about_number(number))


def _of_world(setting: Scenario) -> Iterator[Term]:
    """Give the terms of one world: its forms, bodies and policies."""
    for key, form in setting.forms.items():
        first, last = form.stages
        where = f"stages {first} to {last}" if last > first else f"stage {first}"
        acts = "; ".join(dict.fromkeys(CHANNELS[effect.on].meaning for effect in form.effects)) or "nothing by itself"
        yield Term(
            f"form-{key}",
            form.name,
            f"{_sentence(form.description)} {_sentence(CATEGORIES[form.category])} Applies at {where} of a state, "
            f"{SCOPES[form.scope]}. Acts on: {acts}. Cost counts as {SIDES_OF_MONEY[form.ledger].partition(':')[0]}.",
        )
    for key, body in setting.bodies.items():
        may = "; ".join(MANDATES[tag] for tag in body.mandates) or "none"
        yield Term(f"body-{key}", body.name, f"A {body.kind}. Mandates: {may}.")
    for key, policy in setting.policies.items():
        yield Term(f"policy-{key}", key, _sentence(policy.description or "no description"))


@lru_cache(maxsize=16)
def glossary(scenario: str) -> dict[str, Term]:
    """Give all terms by key, by kind in the order of `SECTIONS`.

    Parameters
    ----------
    scenario : str
        The world whose forms, bodies and policies are explained.
    """
    every = [*_of_risk(), *_of_numbers(), *_of_world(setting_of(scenario, ()))]
    return {t.key: t for kind in SECTIONS for t in every if t.kind == kind}


def found(terms: dict[str, Term], words: str) -> list[Term]:
    """Give the terms in whose name or meaning all of some words stand; those with all in the name first."""
    wanted = words.lower().split()
    in_name = [t for t in terms.values() if all(w in t.name.lower().replace("_", " ") for w in wanted)]
    rest = [t for t in terms.values() if t not in in_name and all(w in f"{t.name} {t.meaning}".lower() for w in wanted)]
    return in_name + rest


def _listed(terms: list[Term], chosen: str = "") -> Markup:
    """Write terms and their meanings; each name leads to its own address."""
    items = join(
        element(
            "div",
            element("dt", element("strong", t.name) if t.key == chosen else term(t.key, t.name)),
            element("dd", t.meaning),
        )
        for t in terms
    )
    return element("dl", items, class_="r2p-terms")


def _asked(search: str | None) -> tuple[str, str, str]:
    """Read which term and which words an address asks for, and what is wrong with it."""
    try:
        given = parse_qs(search or "", max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        return "", "", "this address cannot be read"
    unknown = [key for key in given if key not in ("term", "find")]
    if unknown:
        return "", "", f"{unknown[0][:60]!r} is not allowed in this address: term, find"
    return given.get("term", [""])[-1][:LONGEST], given.get("find", [""])[-1][:LONGEST], ""


@solara.component
def Page() -> None:
    """Show the glossary, a term of it, or what was looked for."""
    solara.Title("Glossary - r2psim")
    router = solara.use_router()
    key, words, problem = _asked(router.search)
    terms = solara.use_memo(lambda: glossary(current().scenario), [])
    if key and key not in terms:
        problem, key, words = f"there is no term {key!r}", "", words or key.partition("-")[2].replace("_", " ")

    def look(values: dict[str, Any]) -> None:
        text = str(values.get("find", "")).strip()[:LONGEST]
        router.push(f"/glossary?{urlencode({'find': text})}" if text else "/glossary")

    View(html=element("h1", "Glossary"))
    View(html=element("p", problem, class_="r2p-problem", role="alert") if problem else Markup())
    Form(
        label="Find a term",
        fields=[{"key": "find", "label": "Find", "kind": "text", "value": words,
                 "help": "In names and meanings, those of the parameters included."}],
        action="Find",
        event_change=look,
    )  # fmt: skip
    if key:
        View(html=_one(terms, terms[key]))
    elif words:
        hits = found(terms, words)
        said = f"{len(hits)} terms with {words}" if hits else f"No term with {words}"
        View(html=element("h2", element("span", said, role="status")) + _listed(hits) + _all())
    else:
        View(html=_whole(terms))


def _all() -> Markup:
    return element("p", element("a", "All terms", href="glossary", data_go="/glossary"))


def _one(terms: dict[str, Term], chosen: Term) -> Markup:
    """Write one term, and those of its kind below it."""
    card = element("section", element("h2", chosen.name, id="term"), element("p", chosen.meaning), class_="r2p-card",
                   aria_labelledby="term")  # fmt: skip
    if chosen.kind == HIDDEN:
        return card + _all()
    same = [t for t in terms.values() if t.kind == chosen.kind]
    return card + element("h2", SECTIONS[chosen.kind]) + _listed(same, chosen.key) + _all()


def _whole(terms: dict[str, Term]) -> Markup:
    """Write all terms by kind; of the parameters only how many there are."""
    parts = []
    for kind, title in SECTIONS.items():
        mine = [t for t in terms.values() if t.kind == kind]
        if kind == HIDDEN:
            said = f"There are {len(mine)}. Find them above, or change them on the page Explore."
            parts.append(element("h2", title) + element("p", said))
        else:
            parts.append(element("h2", title) + _listed(mine))
    return join(parts)
