"""The catalogue of assistance: forms as data, checked when they are read.

The shipped forms stand in ``catalogue.toml``; a scenario changes one or adds one with the same keys. What an effect may
act on, and which mandates allow a form, is declared in `r2psim.scenario.channels`.

Examples
--------
>>> from r2psim.scenario.catalogue import catalogue
>>> form = catalogue()["peacekeeping"]
>>> form.lag, form.unit_cost, [effect.on for effect in form.effects][0]
(12.0, 480000000.0, 'killing_by_armed_groups')
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from r2psim.scenario.brief import brief
from r2psim.scenario.channels import CHANNELS, MANDATES, Channel
from r2psim.scenario.errors import Place, Problem, ScenarioError, dotted, listing, nearest
from r2psim.scenario.parameters import LABELS, SOURCES
from r2psim.scenario.values import ID, choice, integer, number, text

__all__ = [
    "CATEGORIES",
    "LEDGERS",
    "SCOPES",
    "Effect",
    "Form",
    "Refusal",
    "catalogue",
    "catalogue_tables",
    "form_from_table",
    "form_refusals",
    "form_schema",
    "forms_of",
    "merged_forms",
]

CATEGORIES = {
    "encouragement": "encouragement",
    "capacity": "capacity building",
    "protection": "protection assistance",
    "accountability": "accountability",
    "response": "collective response",
}
"""Categories of forms and their names, in the order of the report."""

SCOPES = {"state": "for all groups of the state", "group": "for the group most at risk"}
"""For whom a form works."""

LEDGERS = {
    "prevention": "assistance to the State: what prevention costs",
    "response": "external response: humanitarian, peacekeeping, Pillar III",
}
"""Sides of the comparison on which the cost of a form is counted."""

_FILE = "catalogue.toml"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a form does to one channel.

    Attributes
    ----------
    on : str
        Key of `r2psim.scenario.channels.CHANNELS`.
    size : float
        Factor (multiplier) or amount added to the level 0-1 (raise) at full strength.
    low, high : float
        Range of the size; it includes no effect.
    label : str
        Evidence label, one of `r2psim.scenario.parameters.LABELS`.
    source : tuple of str
        Keys of `r2psim.scenario.parameters.SOURCES`; may be empty for an assumption.
    """

    on: str
    size: float
    low: float
    high: float
    label: str
    source: tuple[str, ...] = ()

    @property
    def channel(self) -> Channel:
        """The channel that it acts on."""
        return CHANNELS[self.on]

    @property
    def harm(self) -> float | None:
        """The end of the range where it does most harm, or None where the range holds no harm."""
        worst = self.high if self.channel.helps == "less" else self.low
        return worst if self.channel.harms(worst) else None


@dataclass(frozen=True, slots=True)
class Form:
    """A form of assistance.

    Attributes
    ----------
    key, name, description, report : str
        Identifier, name shown, what is done, section of the report A/68/947 that has it.
    category, scope, ledger : str
        A key each of `CATEGORIES`, `SCOPES` and `LEDGERS`.
    providers : tuple of str
        Mandate tags; a body provides the form if it holds one of them.
    stages : tuple of int
        First and last stage of a state at which it applies.
    unit_cost : float
        US$ a year in one state, for the full effect.
    person_cost : float
        Further US$ a year for each displaced person in the state, for the full effect.
    lag, half_life : float
        Months to the full effect once funded; months in which the effect halves when unfunded.
    needs_assessment : bool
        Whether it should begin with a needs assessment.
    consent, under_perpetrator : float
        How far it depends on the government's consent (0-1); share of the effect that remains where the government is
        itself a perpetrator (0-1).
    backlash : float
        Probability that a programme backfires if it is not screened.
    label, source : str, tuple of str
        Evidence label of `unit_cost`, `lag` and `half_life`, that of the weakest, and sources; as in `Effect`.
    assessment, mandate, military : bool
        Whether it is the needs assessment that others begin with; whether it needs a mandate of the Security Council;
        whether it deploys forces, from which armed groups come to expect help.
    note : str
        Which of the numbers are known, and how.
    effects : tuple of Effect
        What it acts on; empty for a form on which others build.
    """

    key: str
    name: str
    category: str
    description: str
    report: str
    providers: tuple[str, ...]
    stages: tuple[int, int]
    scope: str
    unit_cost: float
    person_cost: float
    lag: float
    half_life: float
    needs_assessment: bool
    consent: float
    under_perpetrator: float
    backlash: float
    ledger: str
    label: str
    source: tuple[str, ...]
    assessment: bool
    mandate: bool
    military: bool
    note: str
    effects: tuple[Effect, ...]

    __repr__ = brief

    def table(self) -> dict[str, Any]:
        """Give the form as plain data, as in a file; `form_from_table` makes the same form of it."""
        table = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        del table["key"]
        table["effects"] = [effect | {"source": list(effect["source"])} for effect in table["effects"]]
        return table


class Refusal(NamedTuple):
    """A value that is refused: where it stands (from ``forms`` on), itself, what is allowed, the nearest name."""

    place: Place
    value: Any
    allowed: str
    nearest: str | None = None


# -- the keys ----------------------------------------------------------------------------------------------------------


class _Key(NamedTuple):
    """One key of a table: type for pydantic, meaning, default (none: required), what lists and flags allow."""

    type: TypeAdapter[Any]
    about: str
    default: Any = None
    allowed: str = ""

    def refusals(self, place: Place, value: Any) -> Iterator[Refusal]:
        """Yield what is wrong with a value, or with single items of a list."""
        try:
            self.type.validate_python(value, strict=True)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                context = details.get("ctx", {})
                allowed = context.get("allowed", self.allowed)
                yield Refusal(place, details["input"], allowed, context.get("nearest"))


def _key(kind: Any, about: str, default: Any = None, allowed: str = "") -> _Key:
    return _Key(TypeAdapter(kind), about, default, allowed)


def _number(about: str, low: float, high: float, unit: str, default: float | None = None) -> _Key:
    return _key(number(low, high, unit), f"{about} ({unit})", default)


_SOURCE = _key(list[choice(SOURCES)], "keys of the bibliography", [], "a list of keys of the bibliography")  # type: ignore[misc]
_LABEL = _key(choice(LABELS), "evidence label; that of the weakest of several numbers", "assumption")

_FORM: dict[str, _Key] = {
    "name": _key(text(100), "name shown"),
    "category": _key(choice(CATEGORIES), "category of the report"),
    "description": _key(text(1000, lines=True), "what is done, in one or two sentences", ""),
    "report": _key(text(40, lines=True), "section of the report A/68/947 that has it", ""),
    "providers": _key(
        Annotated[list[choice(MANDATES)], Field(min_length=1)],  # type: ignore[misc]
        "mandates of which a body needs one to provide it",
        allowed="a list of at least one mandate",
    ),
    "stages": _key(
        Annotated[list[integer(0, 4)], Field(min_length=2, max_length=2)],  # type: ignore[misc]
        "first and last stage of a state at which it applies",
        allowed="[first, last]: two stages from 0 to 4",
    ),
    "scope": _key(choice(SCOPES), "for whom it works", "state"),
    "unit_cost": _number("cost in one state for the full effect", 1, 1e12, "US$ a year"),
    "person_cost": _number("further cost for each displaced person cared for", 0, 1e6, "US$ a year", 0.0),
    "lag": _number("time to the full effect, once funded", 0, 600, "months"),
    "half_life": _number("time in which the effect halves when it is not funded", 0.1, 1200, "months"),
    "needs_assessment": _key(bool, "whether it begins with a needs assessment", False, "true or false"),
    "consent": _number("how far it depends on the government's consent; 1 stops without it", 0, 1, "0-1", 1.0),
    "under_perpetrator": _number("share of the effect left where the government is a perpetrator", 0, 1, "0-1", 0.0),
    "backlash": _number("probability that a programme backfires if it is not screened", 0, 1, "0-1", 0.0),
    "ledger": _key(choice(LEDGERS), "side of the comparison on which the cost is counted", "prevention"),
    "label": _LABEL,
    "source": _SOURCE,
    "assessment": _key(bool, "whether it is the needs assessment that others begin with", False, "true or false"),
    "mandate": _key(bool, "whether it needs a mandate of the Security Council", False, "true or false"),
    "military": _key(
        bool, "whether it deploys forces, so that armed groups come to expect help", False, "true or false"
    ),
    "note": _key(text(2000, lines=True), "which of the numbers are known, and how", ""),
    "effects": _key(list, "what it acts on, channel by channel", [], "a list of tables"),
}

_EFFECT: dict[str, _Key] = {
    "on": _key(choice(CHANNELS), "channel that it acts on"),
    "size": _number("factor, or amount added to a level, at full strength", -1, 100, "see the channel"),
    "low": _number("smallest size held possible", -1, 100, "see the channel"),
    "high": _number("largest size held possible", -1, 100, "see the channel"),
    "label": _LABEL,
    "source": _SOURCE,
}


# -- checking ----------------------------------------------------------------------------------------------------------


def form_refusals(key: str, table: Any) -> list[Refusal]:
    """Give everything that is wrong with a form, in the order of its keys.

    Parameters
    ----------
    key : str
        Identifier of the form.
    table : dict
        The form as parsed; of a form that a scenario changes, after the change.

    Returns
    -------
    list of Refusal
        Places start with ``("forms", key)``; an effect goes by its number in the list, from 0.
    """
    at: Place = ("forms", key)
    if not re.fullmatch(ID, key):
        return [Refusal(at, key, "a small letter, then small letters, digits and hyphens, at most 64")]
    found = list(_table_refusals(at, table, _FORM))
    if not isinstance(table, Mapping):
        return found
    if not any(refusal.place[2] == "stages" for refusal in found) and table["stages"][0] > table["stages"][1]:
        found.append(Refusal((*at, "stages"), table["stages"], "[first, last]: the first stage not above the last"))
    effects = table.get("effects")
    return found + list(_effects_refusals((*at, "effects"), effects if isinstance(effects, list) else []))


def _table_refusals(at: Place, table: Any, keys: Mapping[str, _Key]) -> Iterator[Refusal]:
    """Yield unknown keys, wrong and missing values, sources named twice or missing."""
    if not isinstance(table, Mapping):
        yield Refusal(at, table, f"a table of {listing(keys, limit=40)}")
        return
    for key in table:
        if key not in keys:
            yield Refusal((*at, key), key, f"one of the keys {listing(keys, limit=40)}", nearest(key, keys))
    for name, key in keys.items():
        if name in table or key.default is None:
            yield from key.refusals((*at, name), table.get(name))
    for name in ("providers", "source"):
        items = table.get(name)
        if isinstance(items, list):
            doubles = [item for i, item in enumerate(items) if item in items[:i]]
            yield from (Refusal((*at, name), item, "a list that names each once") for item in doubles)
    label = table.get("label", "assumption")
    if label in ("seen", "computed", "recalled") and not table.get("source"):
        yield Refusal((*at, "source"), table.get("source"), f'at least one source where the label is "{label}"')


def _effects_refusals(at: Place, effects: list[Any]) -> Iterator[Refusal]:
    acted_on: list[str] = []
    for i, effect in enumerate(effects):
        place = (*at, str(i))
        wrong = list(_table_refusals(place, effect, _EFFECT))
        yield from wrong
        # An effect of the wrong shape has no range to check.
        if not any(refusal.place == place or refusal.place[-1] in ("on", "size", "low", "high") for refusal in wrong):
            if effect["on"] in acted_on:
                yield Refusal((*place, "on"), effect["on"], "a channel on which no other effect of the form acts")
            acted_on.append(effect["on"])
            yield from _range_refusals(place, effect, CHANNELS[effect["on"]])


def _range_refusals(place: Place, effect: Mapping[str, Any], channel: Channel) -> Iterator[Refusal]:
    """Yield what is wrong with a size and its range, given what the channel means by them."""
    size, low, high = effect["size"], effect["low"], effect["high"]
    factor = channel.kind == "multiplier"
    allowed = "a factor above 0" if factor else "a number from -1 to 1, added to a level 0-1"
    wrong = [name for name in ("size", "low", "high") if (effect[name] <= 0 if factor else effect[name] > 1)]
    yield from (Refusal((*place, name), effect[name], allowed) for name in wrong)
    if wrong:
        return
    if low > high:
        yield Refusal((*place, "high"), high, f"at least {low:g}, the low end of the range")
        return
    if low > channel.none:
        yield Refusal((*place, "low"), low, f"at most {channel.none:g}: the range must include no effect")
    if high < channel.none:
        yield Refusal((*place, "high"), high, f"at least {channel.none:g}: the range must include no effect")
    if not low <= size <= high:
        yield Refusal((*place, "size"), size, f"from {low:g} to {high:g}, its own range")


# -- reading -----------------------------------------------------------------------------------------------------------


def form_from_table(key: str, table: Mapping[str, Any], file: str = _FILE) -> Form:
    """Make a form of a table, as it stands in a file.

    Parameters
    ----------
    key : str
        Identifier.
    table : dict
        Keys and values as in ``catalogue.toml``.
    file : str
        Name that messages give the file.

    Raises
    ------
    ScenarioError
        With everything that is wrong with it; `form_refusals` gives the same as data.
    """
    if found := form_refusals(key, table):
        raise ScenarioError(Problem(file, dotted(r.place), r.value, r.allowed, r.nearest) for r in found)
    values = _complete(table, _FORM)
    values["effects"] = tuple(Effect(**_complete(effect, _EFFECT)) for effect in values["effects"])
    return Form(key=key, **values)


def _complete(table: Mapping[str, Any], keys: Mapping[str, _Key]) -> dict[str, Any]:
    """Fill in defaults; whole numbers become floats where a number is meant, and lists tuples."""
    values = {
        name: key.type.validate_python(table[name]) if name in table else key.default for name, key in keys.items()
    }
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


@cache
def _tables() -> dict[str, dict[str, Any]]:
    with (Path(__file__).parent / _FILE).open("rb") as file:
        forms: dict[str, dict[str, Any]] = tomllib.load(file)["forms"]
    return forms


@cache
def _forms() -> dict[str, Form]:
    return {key: form_from_table(key, table) for key, table in _tables().items()}


def catalogue_tables() -> dict[str, dict[str, Any]]:
    """Give the shipped catalogue as parsed, free to be changed: what a scenario's own ``[forms]`` are laid over."""
    return deepcopy(_tables())


def catalogue() -> dict[str, Form]:
    """Give the shipped forms by key, in the order of the report; read once."""
    return dict(_forms())


def merged_forms(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay what a scenario writes under ``[forms]`` over the shipped catalogue, key by key; lists replace."""
    merged: dict[str, Any] = catalogue_tables()
    for key, table in changes.items():
        below = merged.get(key)
        merged[key] = below | dict(table) if isinstance(below, dict) and isinstance(table, Mapping) else table
    return merged


def forms_of(changes: Mapping[str, Any]) -> dict[str, Form]:
    """Give the catalogue with a scenario's changes, which have been checked."""
    # A study builds the same forms at each of its points, and for each policy.
    return dict(_forms_of(json.dumps(changes))) if changes else catalogue()


@lru_cache(maxsize=16)
def _forms_of(changes: str) -> dict[str, Form]:
    return {key: form_from_table(key, table) for key, table in merged_forms(json.loads(changes)).items()}


def form_schema() -> dict[str, Any]:
    """Give the JSON Schema of one form; required keys are left out, because a scenario may change single ones."""
    effect = {"type": "object", "additionalProperties": False, "properties": _properties(_EFFECT)}
    effect["required"] = [name for name, key in _EFFECT.items() if key.default is None]
    properties = _properties(_FORM)
    properties["effects"] |= {"items": effect}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _properties(keys: Mapping[str, _Key]) -> dict[str, Any]:
    return {name: key.type.json_schema() | {"description": key.about} for name, key in keys.items()}
