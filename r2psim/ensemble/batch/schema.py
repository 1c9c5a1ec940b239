"""What an experiment file may hold: every key, what it means and which values it takes.

The tables are pydantic models; the check, its messages and the JSON Schema are read off them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from r2psim.ensemble.measures import METRICS, SERIES
from r2psim.scenario.errors import Near, Place, listing
from r2psim.scenario.schema import Fault
from r2psim.scenario.values import NAME, REFUSED, choice, choices, identifier, integer, text

__all__ = [
    "DESIGNS",
    "DISTRIBUTIONS",
    "FACTOR_KEYS",
    "MOST_POINTS",
    "RUNS",
    "VERSION",
    "json_schema",
    "validate_design",
    "validate_experiment",
    "validate_factor",
]

VERSION = 1
"""Version of the format of experiment files."""

MOST_POINTS = 1_000_000
"""Points of a design at most."""

RUNS = 1000
"""Runs of every point where none are given."""

DISTRIBUTIONS = ("uniform", "log-uniform", "declared")
"""How a factor is drawn between its ends; declared: evenly over the range that the parameter's declaration gives."""

_LARGEST_SEED = 2**63 - 1  # TOML has no larger integer
_MOST_RUNS = 10_000_000
_LARGEST = 1e300


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class _Key(NamedTuple):
    type: Any
    about: str
    required: bool = False
    default: Any = None


def _table(name: str, about: str, keys: Mapping[str, _Key]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        f"{key.replace('-', '_')}_": (
            spec.type,
            Field(default=spec.default, validate_default=spec.required, alias=key, description=spec.about),
        )
        for key, spec in keys.items()
    }
    return create_model(name, __base__=_Strict, __doc__=about, **fields)


_POINTS = _Key(integer(1, MOST_POINTS), "number of points", required=True)
_SEED = _Key(integer(0, _LARGEST_SEED), "seed of the design; the experiment's own if not given")

_DESIGN_KEYS: dict[str, dict[str, _Key]] = {
    "grid": {"levels": _Key(integer(2, 10_000), "levels of factors that are given by their ends")},
    "latin-hypercube": {"points": _POINTS, "seed": _SEED},
    "sobol": {"points": _POINTS, "seed": _SEED},
    "morris": {
        "trajectories": _Key(integer(1, MOST_POINTS), "number of trajectories", required=True),
        "levels": _Key(integer(2, 1000), "levels of each factor, an even number; 4 if not given"),
        "seed": _SEED,
    },
    "one-at-a-time": {
        "levels": _Key(integer(2, 10_000), "levels of factors that are given by their ends; 2, the ends")
    },
    "csv": {"file": _Key(text(1000), "table of points, relative to this file: a column for each factor", True)},
}

DESIGNS: dict[str, type[BaseModel]] = {
    kind: _table(
        f"Design{kind.title().replace('-', '')}", f"a design: {kind}", {"kind": _Key(choice([kind]), "kind"), **keys}
    )
    for kind, keys in _DESIGN_KEYS.items()
}
"""Kinds of design, and what each may be given."""


def _refuse(allowed: str) -> PydanticCustomError:
    return PydanticCustomError(REFUSED, "not allowed", {"allowed": allowed, "nearest": None, "items": None})


def _read_number(value: Any) -> float | int:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST:
        return value
    raise _refuse("a finite number")


def _read_values(value: Any) -> tuple[Any, ...]:
    kinds = set(map(_kind, value)) if isinstance(value, list) else set()
    if len(kinds) == 1 and None not in kinds and len(set(value)) == len(value):
        return tuple(value)
    raise _refuse("a list of different numbers, or texts, or booleans")


def _kind(value: Any) -> str | None:
    """Say what kind of value something is; None for what no factor can be set to."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number" if abs(value) < _LARGEST else None
    return "text" if isinstance(value, str) else None


_NUMBER: Any = Annotated[Any, PlainValidator(_read_number), WithJsonSchema({"type": "number"})]
_LIST: Any = Annotated[
    Any,
    PlainValidator(_read_values),
    WithJsonSchema(
        {"type": "array", "items": {"type": ["number", "string", "boolean"]}, "minItems": 1, "uniqueItems": True}
    ),
]

_FACTOR = _table(
    "Factor",
    "what is varied: its ends, or its values, or the distribution that the parameter's declaration gives",
    {
        "low": _Key(_NUMBER, "lower end, in the unit of what is varied"),
        "high": _Key(_NUMBER, "upper end"),
        "values": _Key(_LIST, "every value that it takes"),
        "distribution": _Key(choice(DISTRIBUTIONS), "how it is drawn between its ends; uniform if not given"),
        "levels": _Key(integer(2, 10_000), "levels in a grid or one at a time; the design's if not given"),
    },
)

FACTOR_KEYS = tuple(str(field.alias) for field in _FACTOR.model_fields.values())
"""Keys of a factor."""

_HEADLINE = _table(
    "Headline",
    "the paired difference that is shown while a batch runs, and that a stopping rule looks at",
    {
        "metric": _Key(choice(METRICS), "metric; the first of `metrics` if not given"),
        "policies": _Key(list, "two of the policies: the first minus the second"),
    },
)

_STOP = _table(
    "Stop",
    "end before all runs are done, as soon as the headline difference is known well enough",
    {
        "width": _Key(
            _NUMBER, "width of the 95 % interval of the mean over points, in the metric's unit", required=True
        ),
        "every": _Key(integer(2, _MOST_RUNS), "runs of every point after which the rule looks; 100 if not given"),
    },
)

EXPERIMENT = _table(
    "Experiment",
    "an experiment of r2psim",
    {
        "schema": _Key(integer(VERSION, VERSION), "version of this format", required=True),
        "name": _Key(identifier(NAME), "name; default: the file's name"),
        "title": _Key(text(200), "title in one line; default: the name as a title"),
        "description": _Key(text(20_000, lines=True), "what the experiment asks"),
        "scenario": _Key(
            text(1000), "a shipped scenario, or the path of a .toml file relative to this one", required=True
        ),
        "set": _Key(dict, "what is changed at every point: paths as in --set, with their values"),
        "policies": _Key(list, "policies of the scenario, each once; default: those that `compare` takes"),
        "years": _Key(integer(1, 200), "length of a run (years); the scenario's own if not given"),
        "runs": _Key(integer(1, _MOST_RUNS), f"runs of every point; {RUNS} if not given"),
        "seed": _Key(integer(0, _LARGEST_SEED), "seed of all chance, the same at every point and for every policy; 1"),
        "metrics": _Key(choices(METRICS, "metrics"), "what is kept of every run; all of them if not given"),
        "series": _Key(choices(SERIES, "monthly series"), "monthly series kept of every run; none if not given"),
        "factors": _Key(dict, "what is varied: paths as in --set, each with its ends or values"),
        "design": _Key(dict, "which points are run", required=True),
        "headline": _Key(_HEADLINE, "the difference to watch"),
        "stop": _Key(_STOP, "a stopping rule"),
    },
)
"""The whole file."""


_AS_FACTOR = (
    "a factor is a table: { values = [0.1, 0.5] } for single values, { low = 0.1, high = 0.5 } for a range, "
    'or { distribution = "declared" }'
)


def _validate(model: type[BaseModel], data: Any, at: Place, what: str) -> tuple[dict[str, Any], list[Fault]]:
    try:
        return model.model_validate(data).model_dump(by_alias=True, exclude_unset=True), []
    except ValidationError as error:
        found = [fault for details in error.errors(include_url=False) for fault in _faults(model, details, at, what)]
        return {}, found


def _faults(model: type[BaseModel], details: Mapping[str, Any], at: Place, what: str) -> Iterator[Fault]:
    place = tuple(map(str, details["loc"]))
    value, context = details["input"], details.get("ctx", {})
    match details["type"]:
        case kind if kind == REFUSED:
            if value is None and place:  # a missing key goes by the name of its field
                place = (*place[:-1], place[-1].removesuffix("_"))
            for item in context["items"] or [value]:
                yield Fault((*at, *place), item, context["allowed"], context["nearest"])
        case "extra_forbidden":
            keys = _keys(model, place[:-1])
            key = place[-1]
            yield Fault((*at, *place), key, f"one of the keys {listing(keys, limit=20)}", Near(key, keys))
        case "list_type":
            yield Fault((*at, *place), value, "a list of names")
        case "dict_type" | "model_type" | "dict_attributes_type":
            if value is None and place:
                place = (*place[:-1], place[-1].removesuffix("_"))
            allowed = _AS_FACTOR if model is _FACTOR else f"{what} is a table"
            yield Fault((*at, *place), value, "a table" if place else allowed)
        case _:
            yield Fault((*at, *place), value, "a table")


def _keys(model: Any, place: Place) -> list[str]:
    for key in place:
        model = next(field.annotation for field in model.model_fields.values() if field.alias == key)
    return [field.alias for field in model.model_fields.values()]


def validate_experiment(data: Any) -> tuple[dict[str, Any], list[Fault]]:
    """Check the shape of an experiment but for its factors and its design.

    Returns
    -------
    dict
        The keys written; empty if anything is wrong.
    list of Fault
        Everything that is wrong.
    """
    return _validate(EXPERIMENT, data, (), "an experiment")


def validate_factor(data: Any, at: Place) -> tuple[dict[str, Any], list[Fault]]:
    """Check the shape of a factor that stands at a place."""
    return _validate(_FACTOR, data, at, "a factor")


def validate_design(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Check the shape of a design."""
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in DESIGNS:
        allowed = f"one of {listing(DESIGNS, quoted=True)}"
        return {}, [Fault(("design", "kind"), kind, allowed, Near(kind, DESIGNS))]
    return _validate(DESIGNS[kind], data, ("design",), "a design")


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of experiment files, for editors and other programs.

    Whether a path, a policy or a value exists in the scenario is beyond it.
    """
    schema = _tidy(EXPERIMENT.model_json_schema(by_alias=True))
    factor = _tidy(_FACTOR.model_json_schema(by_alias=True))
    # A path may be written as one quoted key or as tables within tables.
    nested = {"anyOf": [{"$ref": "#/$defs/Factor"}, {"$ref": "#/$defs/Factors"}]}
    schema.setdefault("$defs", {}).update(
        Factor=factor, Factors={"type": "object", "additionalProperties": nested, "minProperties": 1}
    )
    about = schema["properties"]["factors"]["description"]
    schema["properties"]["factors"] = {"$ref": "#/$defs/Factors", "description": about}
    designs = []
    for kind, model in DESIGNS.items():
        design = _tidy(model.model_json_schema(by_alias=True))
        needed = [key for key, spec in _DESIGN_KEYS[kind].items() if spec.required]
        designs.append(design | {"required": ["kind", *needed]})
    schema["properties"]["design"] = {"oneOf": designs, "description": schema["properties"]["design"]["description"]}
    schema["properties"]["policies"]["items"] = {"type": "string"}
    schema["$defs"]["Headline"]["properties"]["policies"] |= {"items": {"type": "string"}, "minItems": 2, "maxItems": 2}
    schema["$defs"]["Stop"]["required"] = ["width"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Experiment of r2psim",
        **schema,
        "required": ["schema", "scenario", "design"],
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
