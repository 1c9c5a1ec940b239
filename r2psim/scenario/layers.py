"""A scenario in layers: what it extends, itself, overrides; each laid over the one below, and checked as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from r2psim.declarations.columns import OPPONENTS
from r2psim.files import TOML, FileError, count_values, parse_toml
from r2psim.scenario.catalogue import catalogue, merged_forms
from r2psim.scenario.checks import Table, cross_faults, form_faults, references, table_at
from r2psim.scenario.errors import (
    MOST_TOLD,
    Near,
    Place,
    Problem,
    ScenarioError,
    Source,
    dotted,
    listing,
    nearest,
    shown,
    told,
)
from r2psim.scenario.parameters import PARAMETERS
from r2psim.scenario.paths import form_number, form_numbers
from r2psim.scenario.schema import NO_ASSISTANCE, SCENARIO, Fault, validate

__all__ = ["POLICIES", "Layers", "Sets", "Table", "checked_data", "pairs"]

POLICIES = Path(__file__).with_name("policies.toml")
"""The policies that every scenario starts from."""

Sets = Sequence[str] | Mapping[str, Any]
"""Overrides: ``path=value`` each, a single one of them, or values by path."""

SET = Source("--set", rank=1)
"""Who writes overrides."""

_SECTIONS = tuple(field.alias for field in SCENARIO.model_fields.values() if field.alias)
_DEEPEST = 16  # below any key of the schema: deeper tables are unknown keys whatever they hold


class Layers:
    """Scenario data laid over each other, and the memory of who wrote what."""

    def __init__(self) -> None:
        self.data: Table = {}
        self.writer: dict[Place, Source] = {}
        self.first: Source | None = None
        self.overrides: dict[Place, None] = {}  # in the order of writing

    @classmethod
    def with_policies(cls) -> Layers:
        """Start from the policies that ship; a scenario changes, extends or removes them like anything inherited."""
        layers = cls()
        document = Source.read(POLICIES, rank=-1000)
        layers._lay(layers.data, document.parse(), (), document, set())
        return layers

    def add(self, source: Source, data: Table) -> None:
        """Lay `data` over what is there: tables merge key by key, anything else replaces."""
        self.first = self.first or source
        gone: set[Place] = set()
        self._lay(self.data, data, (), source, gone)
        if gone:
            self._forget(gone, source)

    def _lay(self, below: Table, above: Table, at: Place, source: Source, gone: set[Place]) -> None:
        self.writer[at] = source
        for name, value in above.items():
            key = str(name)  # plain data may have keys that no file has
            place = (*at, key)
            if key in below and _is_entity(place) and _removes(value):
                del below[key]
                gone.add(place)
            elif isinstance(value, dict) and len(place) < _DEEPEST:
                if not isinstance(below.get(key), dict):
                    below[key] = {}
                self._lay(below[key], value, place, source, gone)
            else:
                below[key] = value
                self.writer[place] = source

    def _forget(self, gone: set[Place], source: Source) -> None:
        """Drop what was written about entries that `source` removes, and the references of others to them."""

        def there(place: Place) -> bool:
            return place[:2] not in gone and place[:4] not in gone

        self.writer = {place: source for place, source in self.writer.items() if there(place)}
        self.overrides = {place: None for place in self.overrides if there(place)}
        for place, table, key in references(self.data):
            # What a file refers to that it removes itself is told as a reference to nothing.
            if isinstance(table[key], list) and self.writer.get((*place, key)) is not source:
                table[key] = [item for item in table[key] if there(_referred(key, item))]

    def set(self, path: Any, value: Any) -> list[Problem]:
        """Lay one value over what is there; give what is wrong with the path."""
        place = tuple(part.strip() for part in path.split(".")) if isinstance(path, str) else ("",)
        if not all(place) or path != path.encode("utf-8", "ignore").decode("utf-8"):
            text = path.text if isinstance(path, _Malformed) else path
            return [Problem(SET.name, "", text, f"{shown(text)} is not of the form path=value")]
        if len(place) > _DEEPEST:
            return [Problem(SET.name, dotted(place[:3]), path, f"a path of at most {_DEEPEST} parts")]
        if place[0] not in _SECTIONS and any(f"{known}.".startswith(f"{'.'.join(place)}.") for known in PARAMETERS):
            place = ("parameters", *place)
        if place[0] == "overrides" and len(place) > 1:
            of_policy = place[1] == "policies" and len(place) > 2
            place = ("policies", place[2], "parameters", *place[3:]) if of_policy else ("parameters", *place[1:])
        if fault := _unsettable(place, self.data):
            return [self._problem(fault, SET)]
        self.overrides |= dict.fromkeys(_parameter_places(place, value))
        if form_number(".".join(place)) and place[-1] == "size":
            self.add(SET, _at_place((*place[:-1], "known"), True))
        self.add(SET, _at_place(place, value))
        return []

    def checked(self, problems: Sequence[Problem] = ()) -> Table:
        """Check everything, and give what a scenario is made of.

        Raises
        ------
        ScenarioError
            With everything that is wrong, `problems` among it.
        """
        data, faults = validate(self.data)
        faults += cross_faults(self.data)
        faults += form_faults(self.data)
        found = self._in_order(faults)
        if problems or found:
            raise ScenarioError([*problems, *found])
        for place in self.overrides:
            of_policy = place[0] == "policies"
            at = ("policies", place[1], *place[3:]) if of_policy else place[1:]
            _put(data.setdefault("overrides", {}), at, _value_at(data, place))
        return data

    def _in_order(self, faults: Iterable[Fault]) -> list[Problem]:
        """Give the problems of the last layer first, and those of a file from top to bottom; many are only counted."""
        found = [(source := self._source(fault), source.line(fault.place), fault) for fault in faults]
        found.sort(key=lambda each: (-each[0].rank, each[1] or math.inf))
        first = [self._problem(fault, source) for source, _, fault in found[:MOST_TOLD]]
        return told(first, len(found) - len(first))

    def _source(self, fault: Fault) -> Source:
        if self.first and fault.value is None and len(fault.place) == 1:
            return self.first  # only the most basic file must be complete
        above = (fault.place[:length] for length in range(len(fault.place), -1, -1))
        return next(self.writer[place] for place in above if place in self.writer)

    @staticmethod
    def _problem(fault: Fault, source: Source) -> Problem:
        line = source.line(fault.place)
        near = Near.found(fault.nearest)
        return Problem(source.name, dotted(fault.place), fault.value, fault.allowed, near, line)


def _referred(key: str, item: Any) -> Place:
    """Give the place of the entry that an item of a list of references stands for."""
    state, _, group = item.partition("/") if isinstance(item, str) else ("", "", "")
    return ("states", state, "groups", group) if key == "kin" else ("states", state)


def _is_entity(place: Place) -> bool:
    """Say whether an entry of its own id stands at `place`: a state, group, body or policy."""
    match place:
        case ("states" | "bodies" | "policies" | "forms", _) | ("states", _, "groups", _):
            return True
    return False


def _removes(value: Any) -> bool:
    return isinstance(value, dict) and value.get("remove") is True and len(value) == 1


def checked_data(data: Mapping[str, Any], name: str = "resolved scenario") -> Table:
    """Check a scenario given as plain data, and give what it is made of.

    Raises
    ------
    ScenarioError
        With everything that is wrong; messages give `name` as the file.
    """
    if count_values(data) > TOML.values:
        raise ScenarioError([Problem(name, "", None, f"too many values for a scenario: more than {TOML.values:,}")])
    layers = Layers()
    layers.add(Source(name), {"name": "scenario", **data} if isinstance(data, Mapping) else {"schema": data})
    return layers.checked()


# -- overrides ---------------------------------------------------------------------------------------------------------


def pairs(sets: Sets) -> Iterator[tuple[Any, Any]]:
    """Yield path and value of each override; the whole text for the path where it is none."""
    if isinstance(sets, Mapping):
        yield from sets.items()
        return
    for text in [sets] if isinstance(sets, str) else sets:
        path, equals, written = text.partition("=") if isinstance(text, str) else (None, "", "")
        well_formed = equals and written == written.encode("utf-8", "ignore").decode("utf-8")
        yield (path, _toml_or_text(written)) if well_formed else (_Malformed(text), None)


class _Malformed(NamedTuple):
    """What stands where ``path=value`` should."""

    text: Any


def _toml_or_text(written: str) -> Any:
    try:
        parsed = parse_toml(f"value = {written}", SET.name)
    except FileError:
        return written.strip()
    return parsed["value"] if len(parsed) == 1 else written.strip()


def _unsettable(place: Place, data: Table) -> Fault | None:
    """Say what is wrong with the path of an override where the check of the whole cannot: it invents no entry."""
    if place[0] not in _SECTIONS:
        of_forms = (number.path for number in form_numbers(catalogue()))
        known = [*PARAMETERS, *_SECTIONS, *of_forms, *_paths(data)]
        allowed = "a parameter, or a path as in a scenario file"
        return Fault(place, ".".join(place), allowed, nearest(".".join(place), known))
    for length in (2, 4):
        siblings = table_at(data, place[: length - 1])
        if place[0] == "forms":
            siblings = merged_forms(siblings)
        generated = "generate" in data and place[0] == "states"
        if len(place) >= length and _is_entity(place[:length]) and not generated:
            key = place[length - 1]
            if place[2:4] == ("groups", OPPONENTS) and length == 4:
                continue
            if key not in siblings and place[:2] != ("policies", NO_ASSISTANCE):
                return Fault(place[:length], key, f"one of {listing(siblings)}", nearest(key, siblings))
    if len(place) > 3 and place[0] == "forms" and place[2] == "effects":
        effects = merged_forms(table_at(data, ("forms",)))[place[1]].get("effects", {})
        if place[3] not in effects:
            allowed = f"an effect of this form: {listing(effects, limit=len(effects))}"
            return Fault(place[:4], place[3], allowed, nearest(place[3], effects))
    return None


def _at_place(place: Place, value: Any) -> Table:
    """Give tables within tables that hold a value at `place`."""
    for key in reversed(place):
        value = {key: value}
    table: Table = value
    return table


def _parameter_places(place: Place, value: Any) -> Iterator[Place]:
    """Yield the places of the parameters that a value at `place` sets, of the scenario or of a policy."""
    if isinstance(value, dict) and len(place) < _DEEPEST:
        for key, item in value.items():
            yield from _parameter_places((*place, key), item)
    elif place[0] == "parameters" or (place[0] == "policies" and place[2:3] == ("parameters",)):
        yield place


def _value_at(data: Any, place: Place) -> Any:
    for key in place:
        data = data[key]
    return data


def _put(table: Table, place: Place, value: Any) -> None:
    for key in place[:-1]:
        table = table.setdefault(key, {})
    table[place[-1]] = value


def _paths(data: Table, at: Place = ()) -> Iterator[str]:
    for key, value in data.items():
        yield ".".join((*at, key))
        if isinstance(value, dict) and len(at) < _DEEPEST:
            yield from _paths(value, (*at, key))
