"""From a file or a name to a checked scenario: reading, `extends`, ``remove``, ``--set``, checks between entries."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from r2psim.files import TOML, FileError, count_values, parse_toml
from r2psim.scenario.catalogue import catalogue, form_refusals, merged_forms
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
from r2psim.scenario.plugged import plugged_names
from r2psim.scenario.schema import SCENARIO, Fault, validate
from r2psim.scenario.shipped import shipped_names, shipped_path
from r2psim.scenario.specs import NO_ASSISTANCE, Scenario
from r2psim.world.tables import GROUP, OPPONENTS

__all__ = ["Draft", "check", "load", "scenario_of"]

POLICIES = Path(__file__).with_name("policies.toml")
"""The policies that every scenario starts from."""

IN_DIRECTORY = "scenario.toml"
"""Name of the scenario in a directory that may stand for it."""

_SECTIONS = tuple(field.alias for field in SCENARIO.model_fields.values() if field.alias)
_DEEPEST = 16  # below any key of the schema: deeper tables are unknown keys whatever they hold

Table = dict[str, Any]

Sets = Sequence[str] | Mapping[str, Any]
"""Overrides: ``path=value`` each, a single one of them, or values by path."""


class Draft:
    """A scenario file, read with all that it extends, to be loaded any number of times with different overrides.

    A study loads one scenario at thousands of points, in processes that may not see the file: a draft can be pickled.

    Parameters
    ----------
    source : str or Path
        As for `load`.

    Raises
    ------
    ScenarioError
        If a file cannot be read or is not TOML.

    Examples
    --------
    >>> Draft("seminar").load(["years=10"]).years
    10
    """

    def __init__(self, source: str | Path) -> None:
        self._documents = _documents(_path(source))

    def as_data(self) -> list[dict[str, str]]:
        """Give it as plain data: name of each file without its folder, text, and the name of what it describes."""
        return [
            {"file": Path(document.name).name, "text": document.text, "name": str(data.get("name"))}
            for document, data in self._documents
        ]

    @classmethod
    def from_data(cls, documents: Iterable[Mapping[str, str]]) -> Draft:
        """Make a draft of what `as_data` gave."""
        draft = cls.__new__(cls)
        draft._documents = []
        for found in documents:
            source = Source(found["file"], found["text"])
            data = source.parse() | {"name": found["name"]}
            data.pop("extends", None)
            draft._documents.append((source, data))
        return draft

    @classmethod
    def of_table(cls, data: Table, name: str) -> Draft:
        """Make a draft of what a file would hold, which was never written; messages give `name` as the file."""
        draft = cls.__new__(cls)
        draft._documents = [(Source(name), {"name": name, **data})]
        return draft

    def extended(self, source: Source, data: Table) -> Draft:
        """Give a draft with one more layer over it, as a file that extends this one; `source` is whoever wrote it."""
        draft = type(self).__new__(type(self))
        draft._documents = [*self._documents, (source, data)]
        return draft

    def load(self, sets: Sets = ()) -> Scenario:
        """Check and give the scenario with overrides, as `load` does.

        Raises
        ------
        ScenarioError
            With everything that is wrong.
        """
        layers = _Layers.with_policies()
        for document, data in self._documents:
            layers.add(document, data)
        problems = [problem for path, value in _pairs(sets) for problem in layers.set(path, value)]
        return layers.scenario(problems)


def load(source: str | Path, sets: Sets = ()) -> Scenario:
    """Load and check a scenario.

    Parameters
    ----------
    source : str or Path
        Path of a scenario file or of a directory that holds ``scenario.toml``, or the name of a shipped scenario: text
        without a slash that does not end in ``.toml`` is such a name first.
    sets : sequence of str, str or mapping
        Overrides ``path=value`` with paths as in the file, those of parameters also without the leading
        ``parameters.``; the value is read as TOML, or else as text. A single one need not be in a list; a mapping holds
        values by path. A parameter that is set so has this value under every policy, also under those that set it
        themselves; ``policies.NAME.parameters.PATH`` sets it for one of them.

    Returns
    -------
    Scenario
        Checked, with `extends`, ``remove`` and `sets` applied.

    Raises
    ------
    ScenarioError
        With everything that is wrong.
    """
    return Draft(source).load(sets)


def check(paths: Iterable[str | Path]) -> list[Problem]:
    """Load each scenario and give everything that is wrong with them, in their order."""
    problems: list[Problem] = []
    for path in paths:
        try:
            load(path)
        except ScenarioError as error:
            problems += error.problems
    return problems


def scenario_of(data: Mapping[str, Any], name: str = "resolved scenario") -> Scenario:
    """Check a scenario given as plain data, as `Scenario.resolved` does.

    Raises
    ------
    ScenarioError
        With everything that is wrong; messages give `name` as the file.
    """
    if count_values(data) > TOML.values:
        raise ScenarioError([Problem(name, "", None, f"too many values for a scenario: more than {TOML.values:,}")])
    layers = _Layers()
    layers.add(Source(name), {"name": "scenario", **data} if isinstance(data, Mapping) else {"schema": data})
    return layers.scenario()


# -- files -------------------------------------------------------------------------------------------------------------


def _path(source: str | Path) -> Path:
    is_name = isinstance(source, str) and not source.endswith(".toml") and not re.search(r"[/\\]", source)
    path = Path(source)
    if is_name and (source in shipped_names() or not _holds_scenario(path)):
        return shipped_path(str(source))
    return path / IN_DIRECTORY if _holds_scenario(path) else path


def _holds_scenario(path: Path) -> bool:
    """Say whether a path is a directory with a scenario, such as an imported world."""
    try:
        return (path / IN_DIRECTORY).is_file()
    except (OSError, ValueError):
        return False


def _documents(path: Path) -> list[tuple[Source, Table]]:
    """Read a file and all that it extends, the most basic first."""
    documents: list[tuple[Source, Table]] = []
    chain: list[Path] = []
    base: Path | None = path
    while base is not None:
        path, base = base, None
        document = Source.read(path, rank=-len(chain))
        chain.append(path.resolve())
        data = document.parse()
        if "extends" in data:
            base = _base(document, data.pop("extends"), chain)
        if documents or "name" not in data:
            # A file is called after itself, not after what it extends.
            data["name"] = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:64] or "scenario"
        documents.append((document, data))
    return documents[::-1]


def _base(document: Source, extends: Any, chain: Sequence[Path]) -> Path:
    """Give the file that `document` extends; `chain` holds the files on the way to it."""

    def refused(allowed: str, near: str | None = None) -> ScenarioError:
        line = document.line(("extends",))
        return ScenarioError([Problem(document.name, "extends", extends, allowed, near, line)])

    names = (*shipped_names(), *plugged_names("scenarios"))
    if not isinstance(extends, str) or not extends.endswith(".toml"):
        if extends in names:
            return shipped_path(extends)
        allowed = f"a shipped scenario ({listing(names)}) or the path of a .toml file, relative to this file"
        raise refused(allowed, nearest(extends, names))
    base = Path(document.name).parent / extends
    try:
        found = base.exists()
    except (OSError, ValueError):
        found = False
    if not found:
        near = nearest(base.name, (name for name in _siblings(base) if name != chain[-1].name))
        raise refused("an existing file, relative to this one", near and extends.removesuffix(base.name) + near)
    if base.resolve() in chain:
        circle = " -> ".join(path.name for path in (*chain, base))
        raise refused(f"a file that does not extend this one in turn: {circle}")
    return base


def _siblings(path: Path) -> list[str]:
    try:
        return [sibling.name for sibling in path.parent.glob("*.toml")]
    except (OSError, ValueError):
        return []


# -- layers ------------------------------------------------------------------------------------------------------------


class _Layers:
    """Scenario data laid over each other, and the memory of who wrote what."""

    def __init__(self) -> None:
        self.data: Table = {}
        self.writer: dict[Place, Source] = {}
        self.first: Source | None = None
        self.overrides: dict[Place, None] = {}  # in the order of writing

    @classmethod
    def with_policies(cls) -> _Layers:
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
        for place, table, key in _references(self.data):
            # What a file refers to that it removes itself is told as a reference to nothing.
            if isinstance(table[key], list) and self.writer.get((*place, key)) is not source:
                table[key] = [item for item in table[key] if there(_referred(key, item))]

    def set(self, path: Any, value: Any) -> list[Problem]:
        """Lay one value over what is there; give what is wrong with the path."""
        place = tuple(part.strip() for part in path.split(".")) if isinstance(path, str) else ("",)
        if not all(place) or path != path.encode("utf-8", "ignore").decode("utf-8"):
            text = path.text if isinstance(path, _Malformed) else path
            return [Problem(_SET.name, "", text, f"{shown(text)} is not of the form path=value")]
        if len(place) > _DEEPEST:
            return [Problem(_SET.name, dotted(place[:3]), path, f"a path of at most {_DEEPEST} parts")]
        if place[0] not in _SECTIONS and any(f"{known}.".startswith(f"{'.'.join(place)}.") for known in PARAMETERS):
            place = ("parameters", *place)
        if place[0] == "overrides" and len(place) > 1:
            of_policy = place[1] == "policies" and len(place) > 2
            place = ("policies", place[2], "parameters", *place[3:]) if of_policy else ("parameters", *place[1:])
        if fault := _unsettable(place, self.data):
            return [self._problem(fault, _SET)]
        self.overrides |= dict.fromkeys(_parameter_places(place, value))
        if form_number(".".join(place)) and place[-1] == "size":
            self.add(_SET, _at_place((*place[:-1], "known"), True))
        self.add(_SET, _at_place(place, value))
        return []

    def scenario(self, problems: Sequence[Problem] = ()) -> Scenario:
        """Check everything and make the scenario."""
        data, faults = validate(self.data)
        faults += _cross_faults(self.data)
        faults += _form_faults(self.data)
        found = self._in_order(faults)
        if problems or found:
            raise ScenarioError([*problems, *found])
        for place in self.overrides:
            of_policy = place[0] == "policies"
            at = ("policies", place[1], *place[3:]) if of_policy else place[1:]
            _put(data.setdefault("overrides", {}), at, _value_at(data, place))
        return Scenario.from_validated(data)

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


# -- overrides ---------------------------------------------------------------------------------------------------------

_SET = Source("--set", rank=1)


def _pairs(sets: Sets) -> Iterator[tuple[Any, Any]]:
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
        parsed = parse_toml(f"value = {written}", _SET.name)
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
        siblings = _at(data, place[: length - 1])
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
        effects = merged_forms(_at(data, ("forms",)))[place[1]].get("effects", {})
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


def _at(data: Any, place: Place) -> Table:
    """Give the table at `place`, empty where there is none."""
    for key in place:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _paths(data: Table, at: Place = ()) -> Iterator[str]:
    for key, value in data.items():
        yield ".".join((*at, key))
        if isinstance(value, dict) and len(at) < _DEEPEST:
            yield from _paths(value, (*at, key))


# -- checks between entries --------------------------------------------------------------------------------------------


def _references(data: Table) -> Iterator[tuple[Place, Table, str]]:
    """Yield every table with a list of references: its place, itself, the key of the list."""
    for key, state in _at(data, ("states",)).items():
        if "neighbours" in _at(state, ()):
            yield ("states", key), state, "neighbours"
        for name, group in _at(state, ("groups",)).items():
            if "kin" in _at(group, ()):
                yield ("states", key, "groups", name), group, "kin"
    for key, body in _at(data, ("bodies",)).items():
        if "members" in _at(body, ()):
            yield ("bodies", key), body, "members"


def _cross_faults(data: Table) -> Iterator[Fault]:
    """Yield what is wrong between entries; what has the wrong shape is left to the check of shapes."""
    if not isinstance(data.get("states", {}), dict):
        return
    states, bodies = _at(data, ("states",)), _at(data, ("bodies",))
    if not states and "generate" not in data:
        yield Fault(("states",), data.get("states"), "at least one state, or a [generate] section")
    policies = {NO_ASSISTANCE: None, **_at(data, ("policies",))}
    for name in _at(data, ("overrides", "policies")):
        if name not in policies:
            allowed = f"one of {listing(policies, quoted=True)}"
            yield Fault(("overrides", "policies", name), name, allowed, Near(name, policies))
    for key in bodies:
        if key in states:
            yield Fault(("bodies", key), key, "an id that no state has")
    for key, state in states.items():
        yield from _share_faults(("states", key, "groups"), _at(state, ("groups",)), generated="generate" in data)
        yield from _opponents_faults(("states", key, "groups"), _at(state, ("groups",)))
    yield from _policy_faults(data)
    groups = {
        f"{key}/{name}": None
        for key, state in states.items()
        for name, group in _at(state, ("groups",)).items()
        if not _are_opponents(name, group)
    }
    for place, table, key in _references(data):
        if isinstance(table[key], list):
            yield from _reference_faults((*place, key), table[key], groups if key == "kin" else states)


def _policy_faults(data: Table) -> Iterator[Fault]:
    """Yield what policies say of forms that the scenario does not have, and shares of more than there is."""
    forms = merged_forms(_at(data, ("forms",)))
    for key in _at(data, ("policies",)):
        for place in (("policies", key, of, "forms") for of in ("priorities", "shares")):
            for name in set(_at(data, place)) - set(forms):
                yield Fault((*place, name), name, f"one of the forms {listing(forms)}", Near(name, forms))
        for of in ("forms", "stages"):
            place = ("policies", key, "shares", of)
            shares = list(_at(data, place).values())
            if all(type(share) in (int, float) and 0 <= share <= 1 for share in shares):
                total = math.fsum(shares)
                if total > 1 + 1e-9:
                    yield Fault(place, total, "shares that sum to at most 1")


def _form_faults(data: Table) -> Iterator[Fault]:
    """Yield what is wrong with forms, with what the scenario changes laid over what ships."""
    for key, table in merged_forms(_at(data, ("forms",))).items():
        yield from (Fault(*refusal) for refusal in form_refusals(key, table))


def _reference_faults(place: Place, items: list[Any], known: Table) -> Iterator[Fault]:
    home = None if place[0] == "bodies" else place[1]  # a state is not its own neighbour, its groups not their own kin
    allowed = {
        "neighbours": "another state of this scenario",
        "kin": "a group of another state of this scenario, written state/group",
        "members": "a state of this scenario",
    }[place[-1]]
    others = [name for name in known if name.partition("/")[0] != home]
    for item in dict.fromkeys(item for item in items if isinstance(item, str)):
        if item not in known or item.partition("/")[0] == home:
            yield Fault(place, item, allowed, Near(item, others))


def _are_opponents(name: str, group: Any) -> bool:
    """Say whether a group as written is that of political opponents."""
    return bool(_at(group, ()).get("opponents", name == OPPONENTS))


def _opponents_faults(place: Place, groups: Table) -> Iterator[Fault]:
    """Yield what is wrong with the political opponents of a state: they have their id, and no kin."""
    for name, group in groups.items():
        entry = _at(group, ())
        if name == OPPONENTS and not _are_opponents(name, group):
            allowed = "another id: this one is that of the state's political opponents"
            yield Fault((*place, name), name, allowed)
        if _are_opponents(name, group) and entry.get("kin"):
            yield Fault((*place, name, "kin"), entry["kin"], "no kin: political opponents are no group of descent")


def _share_faults(place: Place, groups: Table, generated: bool) -> Iterator[Fault]:
    missing = 0.0 if generated else GROUP["share"].default
    # Political opponents belong to the other groups as well: their share is no part of the whole.
    shares = [_at(group, ()).get("share", missing) for name, group in groups.items() if not _are_opponents(name, group)]
    if all(type(share) in (int, float) and 0 <= share <= 1 for share in shares):
        total = math.fsum(shares)
        if total > 1 + 1e-9:
            yield Fault(place, total, "groups whose shares sum to at most 1")
