"""What a scenario file may hold: every key, what it means and which values it takes.

The tables below are pydantic models made from the declarations of columns (`r2psim.declarations.columns`) and of
parameters (`r2psim.scenario.parameters`): a new column or parameter is a key of scenario files without another edit.
The checks, their messages and the JSON Schema are read off the same tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from r2psim.declarations.channels import MANDATES
from r2psim.declarations.columns import (
    BODY,
    CONFLICT,
    FORM,
    GROUP,
    PERPETRATOR,
    PREFERENCE,
    STAGES,
    STATE,
    STATE_KINDS,
    STATUS_EXCLUSION,
    Column,
    Table,
)
from r2psim.scenario.catalogue import form_schema
from r2psim.scenario.errors import Near, Place, listing
from r2psim.scenario.parameters import PARAMETERS, Parameter
from r2psim.scenario.values import (
    ID,
    NAME,
    REFUSED,
    choice,
    choices,
    code,
    flag,
    identifier,
    integer,
    never,
    number,
    references,
    text,
    yes_or_no,
)

__all__ = [
    "CODES",
    "GENERATE",
    "GENERATORS",
    "HOMES",
    "KINDS",
    "NO_ASSISTANCE",
    "REGION",
    "SCENARIO",
    "SETTLED",
    "VERSION",
    "YEARS",
    "Fault",
    "given",
    "json_schema",
    "validate",
]

VERSION = 1
"""Version of the format of scenario files."""

KINDS = ("regional organisation", "UN body", "partner")
"""Kinds of body."""

GENERATORS = ("world-2014",)
"""Generators of worlds."""

NO_ASSISTANCE = "no-assistance"
"""The policy that every scenario has."""

YEARS = 20
"""Length of a run where none is given."""

REGION = "world"
"""Region of a state where none is given."""

SETTLED: dict[str, float] = {"start.settling_months": 36.0}
"""Parameters of a generated world where its file says nothing: nobody tells its start, so it begins at rest.

Three years: after that the number of groups under threat hardly changes from year to year (measured; an assumption).
"""

GENERATE: dict[str, Any] = {"generator": GENERATORS[0], "seed": 1, "states": 190}
"""What a generator is given where nothing else is."""

CODES: dict[str, tuple[str, ...]] = {"conflict": CONFLICT, "perpetrator": PERPETRATOR, "stage": STAGES}
"""Columns that hold a code, and the names of the codes from 0 on."""

HOMES = tuple(name.removesuffix("_home") for name in STATE.names if name.endswith("_home"))
"""Columns of a state that return to a level of their own."""


class Fault(NamedTuple):
    """A problem before it is known which file wrote the value; fields as in `r2psim.scenario.errors.Problem`."""

    place: Place
    value: Any
    allowed: str
    nearest: str | Near | None = None


class Key(NamedTuple):
    """One key of a table: its type, its meaning, its default, and what its JSON Schema says beyond the type."""

    type: Any
    about: str
    default: Any = None
    required: bool = False
    json: dict[str, Any] | None = None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


def _table(name: str, about: str, keys: Mapping[str, Key]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        # The underscore keeps a key such as "schema" or "copy" clear of the methods of a model.
        f"{key.replace('-', '_').replace(' ', '_')}_": (
            spec.type,
            Field(
                default=spec.default,
                # What is missing is refused by the check of the value itself, which knows what is allowed.
                validate_default=spec.required,
                alias=key,
                description=spec.about,
                json_schema_extra=spec.json,
            ),
        )
        for key, spec in keys.items()
    }
    return create_model(name, __base__=_Strict, __doc__=about, **fields)


# -- tables ------------------------------------------------------------------------------------------------------------


def given(table: Table) -> tuple[Column, ...]:
    """Give the columns whose start a scenario may set."""
    return tuple(column for column in table.columns if column.role == "given")


def _columns(table: Table) -> dict[str, Key]:
    return {column.name: _column(column) for column in given(table)}


def _column(column: Column) -> Key:
    about = f"{column.meaning} ({column.unit})"
    if names := CODES.get(column.name):
        return Key(code(names, numbers=column.name == "stage"), about, names[int(column.default)])
    if column.unit == "flag":
        return Key(flag(), about, column.default)
    return Key(number(column.low, column.high, column.unit), about, column.default)


def _home(name: str) -> Key:
    column = STATE[f"{name}_home"]
    return Key(number(column.low, column.high, column.unit), f"{column.meaning} ({column.unit}); default: its start")


def _parameters(prefix: str = "") -> type[BaseModel]:
    """Make the table of all parameters whose path starts with `prefix`."""
    name = f"Parameters{''.join(word.title() for word in prefix.split('.'))}"
    return _table(name, "parameters of the model", _parameter_keys(prefix))


def _parameter_keys(prefix: str = "") -> dict[str, Key]:
    keys: dict[str, Key] = {}
    for path, parameter in PARAMETERS.items():
        if path.startswith(prefix):
            key, below, _ = path.removeprefix(prefix).partition(".")
            if not below:
                keys[key] = _parameter(parameter)
            elif key not in keys:
                keys[key] = Key(_parameters(f"{prefix}{key}."), f"parameters {prefix}{key}")
    return keys


def _parameter(parameter: Parameter) -> Key:
    about = f"{parameter.description} ({parameter.unit}); {parameter.label}"
    return Key(number(parameter.low, parameter.high, parameter.unit), about, parameter.default)


def _entities(table: type[BaseModel], about: str) -> Key:
    return Key(dict[identifier(ID), table], about, json={"propertyNames": {"pattern": f"^{ID}$"}})  # type: ignore[misc]


def _remove() -> dict[str, Key]:
    allowed = "true, alone in its table, where `extends` inherits an entry of this id"
    return {"remove": Key(never(allowed, {"const": True}), "true deletes the inherited entry")}


_LINE = text(200)

_GROUP = _table(
    "Group",
    "a population group",
    {
        "name": Key(_LINE, "name shown; default: the id as a title"),
        "status": Key(choice(STATUS_EXCLUSION), "political status; sets exclusion where that is not given"),
        "kin": Key(references("groups in other states, such as state/group"), "groups of kin in other states"),
        **_columns(GROUP),
        **_remove(),
    },
)

_STATE = _table(
    "State",
    "a State",
    {
        "name": Key(_LINE, "name shown; default: the id as a title"),
        "region": Key(_LINE, "region", REGION),
        "neighbours": Key(references("states"), "neighbouring states; either side may name the other"),
        **_columns(STATE),
        "home": Key(
            _table("Home", "levels", {name: _home(name) for name in HOMES}), "levels to return to without assistance"
        ),
        "groups": _entities(_GROUP, "population groups by id"),
        **_remove(),
    },
)

_BODY = _table(
    "Body",
    "a regional organisation, a UN body or a partner",
    {
        "name": Key(_LINE, "name shown; default: the id as a title"),
        "kind": Key(choice(KINDS), "kind of body", required=True),
        "members": Key(references("states", everybody="all"), 'states that it may assist, or "all"', required=True),
        "mandates": Key(choices(MANDATES, "mandates"), "what it may provide: forms that name one of these", []),
        **_columns(BODY),
        **_remove(),
    },
)

_PARAMETERS = _parameters()

PRIORITY = PREFERENCE["stage_0"]
"""Range of every priority of a policy."""


def _of_forms(column: Column, about: str) -> Key:
    """Make the table of numbers by form; that the forms exist is checked where the forms are known."""
    value = number(column.low, column.high, column.unit)
    return Key(dict[identifier(ID), value], about, json={"propertyNames": {"pattern": f"^{ID}$"}})  # type: ignore[misc]


def _of_names(name: str, column: Column, names: Mapping[str, str], about: str) -> Key:
    """Make the table of numbers by some fixed names, each with its meaning."""
    value = number(column.low, column.high, column.unit)
    return Key(_table(name, about, {key: Key(value, meaning) for key, meaning in names.items()}), about)


_STAGE_NAMES = {name: f"States at stage {k}: {name}" for k, name in enumerate(STAGES)}

_PRIORITIES = _table(
    "Priorities",
    "what bodies choose first, as multiples (assumptions): 1 as they would without the policy, 0 last",
    {
        "forms": _of_forms(PRIORITY, "of forms of assistance, by name: multiples of what bodies expect of them"),
        "stages": _of_names("PriorityStages", PRIORITY, _STAGE_NAMES, "of States, by their stage"),
        "states": _of_names("PriorityStates", PRIORITY, STATE_KINDS, "of States, by what kind they are of"),
    },
)

_SHARES = _table(
    "Shares",
    "what is used for a purpose first, as parts of what a body can promise (assumptions); the rest is common",
    {
        "forms": _of_forms(FORM["share"], "for forms of assistance, by name; together at most 1"),
        "stages": _of_names(
            "ShareStages", PREFERENCE["share_0"], _STAGE_NAMES, "for States, by their stage; together at most 1"
        ),
    },
)

_POLICY = _table(
    "Policy",
    "a policy to compare: an overlay of the scenario",
    {
        "description": Key(text(4000, lines=True), "what the policy does", ""),
        "parameters": Key(_PARAMETERS, "parameters that it sets"),
        "budgets": Key(
            _table(
                "Budgets", "budgets", {tag: Key(number(0.0, 100.0, "ratio"), about) for tag, about in MANDATES.items()}
            ),
            "budgets of the bodies that hold a mandate, as a multiple; then all are scaled back to the same total",
        ),
        "priorities": Key(_PRIORITIES, "what bodies choose first: forms, stages and kinds of State"),
        "shares": Key(_SHARES, "what bodies earmark: for forms and for States at a stage"),
        **_remove(),
    },
)

_OVERRIDES = _table(
    "Overrides",
    "parameters that hold whatever a policy sets",
    {
        **_parameter_keys(),
        "policies": Key(
            dict[identifier(ID), _PARAMETERS],  # type: ignore[misc]
            "the same for single policies, by name",
            json={"propertyNames": {"pattern": f"^{ID}$"}},
        ),
    },
)

_GENERATE = _table(
    "Generate",
    "states and groups drawn by a generator",
    {
        "generator": Key(choice(GENERATORS), "generator", GENERATE["generator"]),
        "seed": Key(integer(0, 2**63 - 1), "seed of the draws", GENERATE["seed"]),
        "states": Key(integer(1, 400), "number of states", GENERATE["states"]),
    },
)

# Forms are checked by the catalogue itself, with what they change laid over what ships.
_FORMS = {"type": "object", "additionalProperties": form_schema()}

SCENARIO = _table(
    "Scenario",
    "a scenario of r2psim",
    {
        "schema": Key(integer(VERSION, VERSION), "version of this format", required=True),
        "name": Key(identifier(NAME), "name; default: the file's name"),
        "title": Key(_LINE, "title in one line; default: the name as a title"),
        "description": Key(text(20_000, lines=True), "what the scenario shows, and what it does not", ""),
        "extends": Key(
            never("a key of files: only a file extends another", {"type": "string", "minLength": 1}),
            "name of a shipped scenario, or path of a .toml file relative to this one, that this file changes",
        ),
        "years": Key(integer(1, 200), "length of a run (years)", YEARS),
        "real_names": Key(
            yes_or_no(), "whether states bear names of real countries: a run is then told in sums, not by name", False
        ),
        "parameters": Key(
            _PARAMETERS, "parameters that differ from their defaults; a policy that sets one itself keeps its own value"
        ),
        "overrides": Key(_OVERRIDES, "parameters that hold whatever a policy sets itself, as those of --set do"),
        "states": _entities(_STATE, "states by id"),
        "bodies": _entities(_BODY, "bodies by id"),
        "forms": Key(dict, "forms of assistance: changes of the catalogue, or new ones", json=_FORMS),
        "policies": _entities(_POLICY, "policies by name; no-assistance always exists"),
        "generate": Key(_GENERATE, "draw states and groups; those written override and extend them"),
    },
)
"""The whole file, after `extends` and ``remove`` have been applied."""


# -- checking ----------------------------------------------------------------------------------------------------------


def validate(data: Any) -> tuple[dict[str, Any], list[Fault]]:
    """Check the shape of a scenario: keys and, one by one, values.

    Parameters
    ----------
    data : dict
        A scenario as parsed, with `extends` and ``remove`` applied.

    Returns
    -------
    dict
        The keys written, with names of codes turned into numbers; empty if anything is wrong.
    list of Fault
        Everything that is wrong.
    """
    try:
        return SCENARIO.model_validate(data).model_dump(by_alias=True, exclude_unset=True), []
    except ValidationError as error:
        return {}, [fault for details in error.errors(include_url=False) for fault in _faults(details)]


def _faults(details: Mapping[str, Any]) -> Iterator[Fault]:
    place = tuple(map(str, details["loc"]))
    value, context = details["input"], details.get("ctx", {})
    match details["type"]:
        case kind if kind == REFUSED:
            if place[-1] == "[key]":
                place = place[:-1]
            elif value is None:  # a missing key goes by the name of its field
                place = (*place[:-1], place[-1].removesuffix("_"))
            for item in context["items"] or [value]:
                yield Fault(place, item, context["allowed"], context["nearest"])
        case "extra_forbidden" if start := _parameters_start(place):
            yield from _unknown_parameters(place, value, start)
        case "extra_forbidden":
            keys = _keys(place[:-1])
            yield Fault(place, place[-1], f"one of the keys {listing(keys)}", Near(place[-1], keys))
        case "string_unicode" | "invalid_key":
            yield Fault(place, value, "a key that is text of valid Unicode characters")
        case _ if start := _parameters_start(place):
            keys = _keys(place)
            yield Fault(place, value, f"a table of {listing(keys)}", Near(".".join(place[start:]), PARAMETERS))
        case _:
            yield Fault(place, value, "a table" if place else "a scenario is a table")


def _keys(place: Place) -> list[str]:
    """Give the keys of the table at `place`."""
    table: Any = SCENARIO
    for key in place:
        if hasattr(table, "model_fields"):
            table = next(field.annotation for field in table.model_fields.values() if field.alias == key)
        else:
            table = get_args(table)[1]
    return [field.alias for field in table.model_fields.values()]


def _parameters_start(place: Place) -> int | None:
    """Give where in `place` the path of a parameter starts, or None outside of parameters."""
    match place:
        case ("overrides", "policies", _, _, *_) | ("policies", _, "parameters", _, *_):
            return 3
        case ("overrides", "policies", *_):
            return None
        case ("parameters" | "overrides", _, *_):
            return 1
    return None


def _unknown_parameters(place: Place, value: Any, start: int) -> Iterator[Fault]:
    """Name each unknown parameter by its full path, and the known one whose full path is nearest."""
    left = [(place, value)]
    while left:
        place, value = left.pop()
        if isinstance(value, dict) and value and len(place) < 16:
            left += [((*place, key), item) for key, item in reversed(value.items())]
        else:
            path = ".".join(place[start:])
            allowed = "a parameter of the model (`r2psim list parameters` has them)"
            yield Fault(place, path, allowed, Near(path, PARAMETERS))


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of scenario files, for editors and other programs.

    Checks between entries (neighbours that exist, shares that sum to one) are beyond it.

    Returns
    -------
    dict of str
        Ready for JSON.
    """
    schema = _tidy(SCENARIO.model_json_schema(by_alias=True))
    complete = {
        "required": ["schema"],
        "anyOf": [{"required": ["states"]}, {"required": ["generate"]}],
        "properties": {"bodies": {"additionalProperties": {"required": ["kind", "members"]}}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scenario of r2psim",
        **schema,
        # A file that extends another need not be complete.
        "if": {"required": ["extends"]},
        "else": complete,
    }


def _tidy(schema: Any) -> Any:
    """Drop the titles that only repeat a key, and defaults that are none."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    noise = {"title"} if isinstance(schema.get("title"), str) else set()
    noise |= {"default"} if schema.get("default", 0) is None else set()
    return {key: _tidy(value) for key, value in schema.items() if key not in noise}
