"""The catalogue of assistance: forms as data, checked when they are read.

The shipped forms stand in ``catalogue.toml``; a scenario changes one or adds one with the same keys. What an effect may
act on, and which mandates allow a form, is declared in `r2psim.declarations.channels`.

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
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from r2psim.declarations.channels import CHANNELS, MANDATES, Channel
from r2psim.scenario.errors import MOST_TOLD, Near, Place, Problem, ScenarioError, dotted, listing, told
from r2psim.scenario.forms import CATEGORIES, LEDGERS, PARTS, SCOPES, WAITS, Effect, Form
from r2psim.scenario.parameters import LABELS, SOURCES
from r2psim.scenario.values import ID, choice, integer, number, text, with_firsts

__all__ = [
    "CATEGORIES",
    "FORM_NUMBERS",
    "LEDGERS",
    "SCOPES",
    "Effect",
    "Form",
    "Refusal",
    "accepted",
    "catalogue",
    "form_from_table",
    "form_refusals",
    "form_schema",
    "forms_of",
    "merged_forms",
]

_FILE = "catalogue.toml"


class Refusal(NamedTuple):
    """A value that is refused: where it stands (from ``forms`` on), itself, what is allowed, the nearest name."""

    place: Place
    value: Any
    allowed: str
    nearest: str | Near | None = None


# -- the keys ----------------------------------------------------------------------------------------------------------


class _Key(NamedTuple):
    """One key of a table: type for pydantic, meaning, default (none: required), what lists and flags allow.

    Of a number also unit and ends.
    """

    type: TypeAdapter[Any]
    about: str
    default: Any = None
    allowed: str = ""
    unit: str = ""
    ends: tuple[float, float] = (0.0, 0.0)
    required: bool = True

    @property
    def needed(self) -> bool:
        """Whether an entry must have it."""
        return self.required and self.default is None

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
    return _key(number(low, high, unit), f"{about} ({unit})", default)._replace(unit=unit, ends=(low, high))


_SOURCE = _key(list[choice(SOURCES)], "keys of the bibliography", [], "a list of keys of the bibliography")  # type: ignore[misc]
_LABEL = _key(choice(LABELS), "evidence label; that of the weakest of several numbers", "assumption")

_BY_CHANNEL = "a table for each channel, such as effects.to_atrocity = { size = 0.75, low = 0.5, high = 1.0 }"

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
    "rapid": _key(bool, "whether money on standby can pay for it at once", False, "true or false"),
    "peaceful": _key(
        bool, "whether it is among the peaceful means that the Security Council calls for first", False, "true or false"
    ),
    "waits_for": _key(choice(WAITS), "the decision that it waits for, beside a mandate", "nothing"),
    "part": _key(choice(PARTS), "what it is in a mission", "none"),
    "troops": _number("troops deployed at full strength", 0, 1e6, "persons", 0.0),
    "police": _number("police deployed at full strength", 0, 1e6, "persons", 0.0),
    "civilians": _number("civilians deployed at full strength", 0, 1e6, "persons", 0.0),
    "note": _key(text(2000, lines=True), "which of the numbers are known, and how", ""),
    "effects": _key(dict, "what it acts on: a table for each channel", {}, _BY_CHANNEL),
}

_EFFECT: dict[str, _Key] = {
    "size": _number("factor, or amount added to a level, at full strength", -1, 100, "see the channel"),
    "low": _number("smallest size held possible", -1, 100, "see the channel"),
    "high": _number("largest size held possible", -1, 100, "see the channel"),
    "label": _LABEL,
    "source": _SOURCE,
    "expected": _number(
        "size that bodies expect when they choose; default: the size", -1, 100, "see the channel"
    )._replace(required=False),
    "prior": _number(
        "size held most likely before any study was fitted to; default: the size", -1, 100, "see the channel"
    )._replace(required=False),
    "known": _key(
        bool,
        "whether no draw of what is not known changes the size; default: whether a file changes a shipped size alone",
        False,
        "true or false",
    ),
}

FORM_NUMBERS: dict[str, tuple[str, str]] = {
    name: (key.about.removesuffix(f" ({key.unit})"), key.unit) for name, key in _FORM.items() if key.unit
}
"""The numbers of a form beside its effects: key -> meaning, unit."""


def accepted(name: str) -> tuple[float, float]:
    """Give the smallest and the largest value that is accepted for one of `FORM_NUMBERS`."""
    return _FORM[name].ends


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
        Places start with ``("forms", key)``; an effect goes by its channel.
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
    return found + list(_effects_refusals((*at, "effects"), effects if isinstance(effects, Mapping) else {}))


def _table_refusals(at: Place, table: Any, keys: Mapping[str, _Key]) -> Iterator[Refusal]:
    """Yield unknown keys, wrong and missing values, sources named twice or missing."""
    if not isinstance(table, Mapping):
        yield Refusal(at, table, f"a table of {listing(keys, limit=40)}")
        return
    for key in table:
        if key not in keys:
            yield Refusal((*at, key), key, f"one of the keys {listing(keys, limit=40)}", Near(key, keys))
    for name, key in keys.items():
        if name in table or key.needed:
            yield from key.refusals((*at, name), table.get(name))
    for name in ("providers", "source"):
        items = table.get(name)
        if isinstance(items, list):
            # What is no text is refused by the check of the items themselves.
            doubles = [item for item, first in with_firsts(items) if not first and isinstance(item, str)]
            yield from (Refusal((*at, name), item, "a list that names each once") for item in doubles)
    label = table.get("label", "assumption")
    if label in ("seen", "computed", "recalled") and not table.get("source"):
        yield Refusal((*at, "source"), table.get("source"), f'at least one source where the label is "{label}"')


def _effects_refusals(at: Place, effects: Mapping[str, Any]) -> Iterator[Refusal]:
    for on, effect in effects.items():
        place = (*at, str(on))
        if on not in CHANNELS:
            yield Refusal(
                place, on, f"one of the channels {listing(CHANNELS, limit=len(CHANNELS))}", Near(on, CHANNELS)
            )
            continue
        wrong = list(_table_refusals(place, effect, _EFFECT))
        yield from wrong
        # An effect of the wrong shape has no range to check.
        if not any(refusal.place == place or refusal.place[-1] in _SIZES for refusal in wrong):
            yield from _range_refusals(place, effect, CHANNELS[on])


_SIZES = ("size", "low", "high", "expected", "prior")
_BOTH_ENDS = "low and high can be changed too"


def _range_refusals(place: Place, effect: Mapping[str, Any], channel: Channel) -> Iterator[Refusal]:
    """Yield what is wrong with a size and its range, given what the channel means by them."""
    low, high = effect["low"], effect["high"]
    factor = channel.kind == "multiplier"
    allowed = "a factor above 0" if factor else "a number from -1 to 1, added to a level 0-1"
    given = [name for name in _SIZES if name in effect]
    wrong = [name for name in given if (effect[name] <= 0 if factor else effect[name] > 1)]
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
    for name in given:
        if not low <= effect[name] <= high:
            yield Refusal((*place, name), effect[name], f"from {low:g} to {high:g}, its own range ({_BOTH_ENDS})")


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
        problems = [
            Problem(file, dotted(r.place), r.value, r.allowed, Near.found(r.nearest)) for r in found[:MOST_TOLD]
        ]
        raise ScenarioError(told(problems, len(found) - len(problems)))
    values = _complete(table, _FORM)
    values["effects"] = tuple(Effect(on, **_complete(effect, _EFFECT)) for on, effect in values["effects"].items())
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


def catalogue() -> dict[str, Form]:
    """Give the shipped forms by key, in the order of the report; read once."""
    return dict(_forms())


def merged_forms(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay what a scenario writes under ``[forms]`` over the shipped catalogue, key by key; lists replace.

    Where only the size of a shipped effect is written, and no range for it, it is taken as known. The size that an
    effect had before a fit is that of the shipped range: whoever writes another size or range has none. To be read,
    not changed: what a scenario leaves as it is, is not copied.
    """
    merged: dict[str, Any] = dict(_tables())
    for key, table in changes.items():
        merged[key] = _laid_over(merged.get(key), table)
        for on, effect in _effects_of(table).items():
            alone = isinstance(effect, Mapping) and "size" in effect and not {"low", "high"} & effect.keys()
            laid = merged[key]["effects"].get(on)
            if alone and isinstance(laid, dict):
                laid.setdefault("known", True)
            if isinstance(effect, Mapping) and {"size", "low", "high"} & effect.keys() and "prior" not in effect:
                laid.pop("prior", None)
    return merged


def _effects_of(table: Any) -> Mapping[str, Any]:
    effects = table.get("effects") if isinstance(table, Mapping) else None
    return effects if isinstance(effects, Mapping) else {}


def _laid_over(below: Any, above: Any) -> Any:
    """Lay a table over another: tables merge key by key, anything else replaces."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return deepcopy(above)
    return {**below, **{key: _laid_over(below.get(key), value) for key, value in above.items()}}


def forms_of(changes: Mapping[str, Any]) -> dict[str, Form]:
    """Give the catalogue with a scenario's changes, which have been checked."""
    # A study builds the same forms at each of its points, and for each policy.
    return dict(_forms_of(json.dumps(changes))) if changes else catalogue()


@lru_cache(maxsize=16)
def _forms_of(changes: str) -> dict[str, Form]:
    written = json.loads(changes)
    tables = merged_forms(written)
    return {key: form_from_table(key, table) if key in written else _forms()[key] for key, table in tables.items()}


def form_schema() -> dict[str, Any]:
    """Give the JSON Schema of one form; required keys are left out, because a scenario may change single ones."""
    effect = {"type": "object", "additionalProperties": False, "properties": _properties(_EFFECT)}
    properties = _properties(_FORM)
    properties["effects"] |= {
        "additionalProperties": False,
        "properties": {on: effect | {"description": channel.meaning} for on, channel in CHANNELS.items()},
    }
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _properties(keys: Mapping[str, _Key]) -> dict[str, Any]:
    return {name: key.type.json_schema() | {"description": key.about} for name, key in keys.items()}
