"""From a file to a checked experiment: every problem named with its file, its place and the nearest valid name.

One file, though long: each check of an experiment file stands beside those of the same section.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from r2psim.ensemble.batch.experiment import (
    PARAMETERS_PREFIX,
    Experiment,
    Factor,
    Headline,
    Stop,
    Value,
    setting,
)
from r2psim.ensemble.batch.points import Table, read_points
from r2psim.ensemble.batch.schema import (
    FACTOR_KEYS,
    MOST_POINTS,
    RUNS,
    validate_design,
    validate_experiment,
    validate_factor,
)
from r2psim.ensemble.former_names import FORMER
from r2psim.ensemble.measures import METRICS
from r2psim.scenario import ScenarioError, shipped_names
from r2psim.scenario.errors import MOST_TOLD, Near, Place, Problem, Source, dotted, listing, told
from r2psim.scenario.loading import Draft
from r2psim.scenario.parameters import PARAMETERS
from r2psim.scenario.paths import Number, number_at, parameter_of
from r2psim.scenario.plugged import plugged_names
from r2psim.scenario.schema import Fault
from r2psim.scenario.specs import DEFAULT_POLICIES, Scenario, headline_pair
from r2psim.scenario.values import with_firsts

__all__ = ["load_experiment"]

EVERY = 100
WHOLE = ("years", "generate.seed", "generate.states")
"""What takes only whole numbers."""
_SECTIONS = ("generate", "parameters", "states", "bodies", "forms", "policies")
_MOST_CHECKED = 64
"""Values of a factor, other than parameters, that are tried on the scenario before anything runs."""
_MOST_FACTORS = 1000
"""Factors, columns of a table of points, and settings: each of them may be tried on the scenario."""


def load_experiment(path: str | Path) -> Experiment:
    """Load and check an experiment file.

    Raises
    ------
    ScenarioError
        With everything that is wrong with it, or with the scenario that it names.
    """
    source = Source.read(Path(path))
    data = source.parse()
    return _Reading(source, data).experiment()


class _Reading:
    """An experiment file on its way to an experiment: what is wrong so far."""

    def __init__(self, source: Source, data: dict[str, Any]) -> None:
        self.source, self.data = source, data
        self.folder = Path(source.name).parent
        self.problems: list[Problem] = []
        self.more = 0
        self.draft: Draft | None = None
        self.base: Scenario | None = None
        self.told: list[str] = []

    # -- problems ------------------------------------------------------------------------------------------------------

    def refuse(self, place: Place, value: Any, allowed: str, near: str | Near | None = None) -> None:
        """Note a problem; of very many only that they are there."""
        if len(self.problems) >= MOST_TOLD:
            self.more += 1
            return
        above = (place[:length] for length in range(len(place), 0, -1))
        line = next((found for key in above if (found := self.source.line(key)) is not None), None)
        self.problems.append(Problem(self.source.name, dotted(place), value, allowed, Near.found(near), line))

    def take(self, faults: list[Fault]) -> None:
        """Note faults."""
        for fault in faults:
            if fault.place:
                self.refuse(*fault)
            else:
                self.problems.append(Problem(self.source.name, "", fault.value, fault.allowed))

    def unknown(self, place: Place, value: Any, options: Any) -> None:
        """Note that a name is none of some."""
        self.refuse(place, value, f"one of {listing(options, quoted=True)}", Near(value, options))

    # -- the whole -----------------------------------------------------------------------------------------------------

    def _rename(self) -> None:
        """Put the present names of metrics and series in the place of former ones, and note it."""

        def present(name: Any) -> Any:
            if not isinstance(name, str) or name not in FORMER:
                return name
            note = f"{name} is the former name of {FORMER[name]}, entries of groups into stage 4; see also episodes"
            self.told += [] if note in self.told else [note]
            return FORMER[name]

        data = dict(self.data)
        for key in ("metrics", "series"):
            if isinstance(data.get(key), list):
                data[key] = [present(name) for name in data[key]]
        for key in ("headline", "stop"):
            if isinstance(data.get(key), Mapping) and "metric" in data[key]:
                data[key] = {**data[key], "metric": present(data[key]["metric"])}
        self.data = data

    def experiment(self) -> Experiment:
        """Check everything and make the experiment."""
        self._rename()
        _, faults = validate_experiment(self.data)
        self.take(faults)
        data = {key: value for key, value in self.data.items() if not any(f.place[:1] == (key,) for f in faults)}
        self._scenario(data)
        sets = self._sets(data.get("set", {}))
        if self.draft is not None and sets and not self.problems:
            self.base = self.draft.load(sets)
        policies = self._policies(data.get("policies"))
        factors = self._factors(data.get("factors", {}), sets)
        design, table, factors = self._design(data.get("design", {}), factors, sets)
        metrics = tuple(data.get("metrics", ())) or tuple(METRICS)
        runs = data.get("runs", RUNS)
        headline = self._headline(data.get("headline", {}), metrics, policies)
        stop = self._stop(data.get("stop"), headline, runs)
        if "years" in data and any(factor.path == "years" for factor in factors):
            self.refuse(("years",), data["years"], "nothing, where years are a factor")
        if self.problems:
            found = sorted(self.problems, key=lambda p: (p.file != self.source.name, p.line or math.inf))
            raise ScenarioError(told(found, self.more))
        assert self.draft is not None
        if "years" in data:
            sets = (*sets, setting("years", data["years"]))
        name = data.get("name", re.sub(r"[^a-z0-9]+", "-", Path(self.source.name).stem.lower()).strip("-")[:64])
        return Experiment(
            name=name or "experiment",
            title=data.get("title", name.replace("-", " ").capitalize()),
            description=data.get("description", ""),
            source=str(data["scenario"]),
            draft=self.draft,
            sets=sets,
            policies=policies,
            runs=runs,
            seed=data.get("seed", 1),
            metrics=metrics,
            series=tuple(data.get("series", ())),
            factors=factors,
            design=design,
            table=table,
            headline=headline,
            stop=stop,
            told=tuple(self.told),
        )

    def _scenario(self, data: Mapping[str, Any]) -> None:
        named = data.get("scenario")
        if not isinstance(named, str):
            return
        names = (*shipped_names(), *plugged_names("scenarios"))
        if not named.endswith(".toml") and named not in names:
            allowed = f"a shipped scenario ({listing(names)}) or the path of a .toml file, relative to this file"
            self.refuse(("scenario",), named, allowed, Near(named, names))
            return
        path: str | Path = self.folder / named if named.endswith(".toml") else named
        if isinstance(path, Path) and not path.is_file():
            siblings = [found.name for found in path.parent.glob("*.toml")] if path.parent.is_dir() else []
            self.refuse(("scenario",), named, "an existing file, relative to this one", Near(path.name, siblings))
            return
        try:
            self.draft = Draft(path)
            self.base = self.draft.load()
        except ScenarioError as error:
            self.problems += error.problems

    def _sets(self, table: Mapping[str, Any]) -> tuple[str, ...]:
        sets = []
        leaves = list(_leaves(table, ("set",)))
        if len(leaves) > _MOST_FACTORS:
            self.refuse(("set",), f"{len(leaves):,} values", f"at most {_MOST_FACTORS:,}")
            return ()
        for place, path, value in leaves:
            if not isinstance(value, int | float | str | bool):
                self.refuse(place, value, "a number, a text or a boolean")
            elif self.tried(place, path, value):
                sets.append(setting(_canonical(path), value))
        return tuple(sets)

    def tried(self, place: Place, path: str, value: Value, sets: tuple[str, ...] = ()) -> bool:
        """Try a value on the scenario; note what is wrong, and say whether nothing was."""
        if self.base is None or self.draft is None or len(self.problems) >= MOST_TOLD:
            return True
        found = self.number(path)
        if self.is_parameter(path, value):
            return True
        try:
            self.draft.load((*sets, setting(path, value)))
        except ScenarioError as error:
            for problem in error.problems:
                if problem.file != "--set" and found is None:
                    # The value is at odds with another entry of the scenario.
                    self.refuse(place, value, f"a value that fits the scenario ({problem})")
                else:
                    near = problem.nearest and problem.nearest.removeprefix(PARAMETERS_PREFIX)
                    # What is wrong is the path, not one of its ends.
                    of_path = isinstance(problem.value, str) and problem.value in (path, *path.split("."))
                    at = place[:-1] if place[-1] in FACTOR_KEYS and of_path else place
                    self.refuse(at, problem.value, problem.allowed, near)
            return False
        return True

    def number(self, path: str) -> Number | None:
        """Give what is declared of a parameter of the scenario or of a policy, or of a number of a form."""
        if self.base is None:
            return None
        path = _canonical(path)
        match parameter_of(path):
            case (str() as policy, _) if policy not in self.base.policies:
                return None
        return number_at(path, self.base.forms)

    def is_parameter(self, path: str, value: Value) -> bool:
        """Say whether a path is one of a declared number, and the value within its range: then nothing can be wrong."""
        found = self.number(path)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return found is not None and number and found.low <= value <= found.high  # type: ignore[operator]

    def _policies(self, named: Any) -> tuple[str, ...]:
        if self.base is None:
            return tuple(named or ())
        known = self.base.policies
        if named is None:
            return tuple(name for name in DEFAULT_POLICIES if name in known) or tuple(known)
        for name, first in with_firsts(named):
            if not isinstance(name, str) or name not in known:
                self.unknown(("policies",), name, known)
            elif not first:
                self.refuse(("policies",), name, "each policy once")
        if not named:
            self.refuse(("policies",), named, "at least one policy")
        return tuple(named)

    # -- factors -------------------------------------------------------------------------------------------------------

    def _factors(self, table: Mapping[str, Any], sets: tuple[str, ...]) -> tuple[Factor, ...]:
        factors: dict[str, Factor] = {}
        entries = list(_factor_entries(table, ("factors",)))
        if len(entries) > _MOST_FACTORS:
            self.refuse(("factors",), f"{len(entries):,} factors", f"at most {_MOST_FACTORS:,}")
            return ()
        for place, path, entry in entries:
            known = _canonical(path)
            if known in factors:
                self.refuse(place, path, "each path once")
                continue
            data, faults = validate_factor(entry, place)
            self.take(faults)
            if not isinstance(entry, Mapping) and faults:
                self._leads_somewhere(place, known)
            factor = None if faults else self._factor(place, known, data)
            if factor is not None and self._fits(place, factor, sets):
                factors[known] = factor
        return tuple(factors.values())

    def _leads_somewhere(self, place: Place, path: str) -> bool:
        """Note where a path leads nowhere, whatever it is to be set to; say whether it leads somewhere."""
        before = len(self.problems)
        if self.draft is None or self.number(path) is not None:
            return True
        try:
            self.draft.load({path: None})
        except ScenarioError as error:
            for problem in error.problems:
                if isinstance(problem.value, str) and problem.value in (path, *path.split(".")):
                    self.refuse(place, problem.value, problem.allowed, problem.nearest)
        return len(self.problems) == before

    def _factor(self, place: Place, path: str, data: dict[str, Any]) -> Factor | None:
        whole, levels = path in WHOLE, data.get("levels")
        if "values" in data:
            for key in ("low", "high", "distribution", "levels"):
                if key in data:
                    self.refuse((*place, key), data[key], "nothing, where values are given")
            return Factor(path, data["values"], whole=whole)
        if data.get("distribution") == "declared":
            for key in ("low", "high"):
                if key in data:
                    self.refuse((*place, key), data[key], "nothing, where the distribution is the declared one")
            found = self.number(path)
            if found is not None and found.ranged:
                return Factor(path, None, found.low, found.high, levels=levels)
            if self._leads_somewhere(place, path):
                allowed = 'for a parameter of the model or the size of an effect; give "low" and "high"'
                self.refuse((*place, "distribution"), "declared", allowed)
            return None
        if "low" not in data or "high" not in data:
            self.refuse(place, data, 'a table with "low" and "high", or "values", or distribution = "declared"')
            return None
        return self._between_ends(place, Factor(path, None, data["low"], data["high"], _is_log(data), levels, whole))

    def _between_ends(self, place: Place, factor: Factor) -> Factor | None:
        """Check the ends of a factor."""
        if not factor.low < factor.high:
            self.refuse((*place, "high"), factor.high, f"a number above its low, {factor.low:g}")
            return None
        if factor.log and factor.low <= 0:
            self.refuse((*place, "low"), factor.low, "a number above 0, where the distribution is log-uniform")
            return None
        return factor

    def _fits(self, place: Place, factor: Factor, sets: tuple[str, ...]) -> bool:
        """Try the ends or the values of a factor on the scenario."""
        if factor.values is None:
            keys: dict[Value, str] = {factor.low: "low", factor.high: "high"}
            # A path that does not exist is one problem, not one for each end.
            return all(self.tried(self._key(place, key), factor.path, value, sets) for value, key in keys.items())
        return all(self.tried(place, factor.path, value, sets) for value in _sample(factor.values))

    def _key(self, place: Place, key: str) -> Place:
        return (*place, key) if self.source.line((*place, key)) is not None else place

    # -- design --------------------------------------------------------------------------------------------------------

    def _design(
        self, data: Mapping[str, Any], factors: tuple[Factor, ...], sets: tuple[str, ...]
    ) -> tuple[dict[str, Any], tuple[tuple[Value, ...], ...], tuple[Factor, ...]]:
        if not isinstance(data, Mapping) or not data:
            if "design" in self.data and self.data["design"] == {}:
                self.take(validate_design({})[1])
            return {}, (), factors
        design, faults = validate_design(data)
        self.take(faults)
        if faults:
            return {}, (), factors
        kind = design["kind"]
        if kind == "csv":
            table, columns = self._table(design["file"], sets)
            if factors or self.data.get("factors"):
                self.refuse(
                    ("factors",), sorted(f.path for f in factors), "nothing: the columns of the table are varied"
                )
            return design, table, columns
        if not self.data.get("factors"):
            self.refuse(("factors",), None, f"at least one factor, for a design {kind}")
        self._suits(kind, design, factors)
        return design, (), factors

    def _suits(self, kind: str, design: Mapping[str, Any], factors: tuple[Factor, ...]) -> None:
        """Check what depends on the kind of design."""
        if kind in ("grid", "one-at-a-time") and "levels" not in design:
            for factor in factors:
                if factor.values is None and factor.levels is None and kind == "grid":
                    self.refuse(("factors", factor.path), factor.resolved(), 'with "values" or "levels", in a grid')
        if kind == "grid":
            count = math.prod(len(factor.on_levels(design.get("levels", 2))) for factor in factors)
            if count > MOST_POINTS:
                self.refuse(("design",), f"{count:,} points", f"at most {MOST_POINTS:,} points")
        if kind == "sobol" and (points := design["points"]) & (points - 1):
            near = 1 << (points.bit_length() - 1)
            self.refuse(("design", "points"), points, "a power of two, for a sobol sequence", f"{near} or {2 * near}")
        if kind == "morris":
            if design.get("levels", 4) % 2:
                self.refuse(("design", "levels"), design["levels"], "an even number")
            for factor in factors:
                if factor.values is not None or factor.whole:
                    allowed = 'with "low" and "high", in a morris design'
                    self.refuse(("factors", factor.path), factor.resolved(), allowed)

    def _table(self, named: str, sets: tuple[str, ...]) -> tuple[tuple[tuple[Value, ...], ...], tuple[Factor, ...]]:
        """Read the points of a table."""
        file = self.folder / named
        if not file.is_file():
            siblings = [found.name for found in file.parent.glob("*.csv")] if file.parent.is_dir() else []
            self.refuse(("design", "file"), named, "an existing file, relative to this one", Near(file.name, siblings))
            return (), ()
        try:
            table = read_points(file)
        except ScenarioError as error:
            self.problems += error.problems
            return (), ()
        self.told += table.notes
        paths = [_canonical(name) for name in table.paths]
        if len(paths) > _MOST_FACTORS:
            what = f"{len(paths):,} columns; at most {_MOST_FACTORS:,}"
            self.problems.append(Problem(table.file, "", None, what, line=1))
            return (), ()
        twice = [path for path, first in with_firsts(paths) if not first]
        self.problems += [Problem(table.file, path, path, "each column once", line=1) for path in twice]
        if twice:
            return (), ()
        found: list[Problem] = []
        for i in _tried_rows(table.rows):
            if len(found) >= MOST_TOLD:
                break
            found += [p for p in self._row_problems(table, paths, i, sets) if _place(p) not in map(_place, found)]
        self.problems += found[:MOST_TOLD]
        if found:
            return (), ()
        columns = zip(*table.rows, strict=True)
        factors = [
            Factor(path, tuple(dict.fromkeys(values)), whole=path in WHOLE)
            for path, values in zip(paths, columns, strict=True)
        ]
        return table.rows, tuple(factors)

    def _row_problems(self, table: Table, paths: list[str], i: int, sets: tuple[str, ...]) -> list[Problem]:
        """Try a point on the scenario as a whole: values may fit only together."""
        row, line = table.rows[i], table.lines[i]
        changed = [(path, value) for path, value in zip(paths, row, strict=True) if not self.is_parameter(path, value)]
        if self.draft is None or self.base is None or not changed:
            return []
        try:
            self.draft.load((*sets, *(setting(path, value) for path, value in changed)))
        except ScenarioError as error:
            return [_of_row(table.file, line, dict(changed), problem) for problem in error.problems]
        return []

    # -- what is watched -----------------------------------------------------------------------------------------------

    def _headline(
        self, data: Mapping[str, Any], metrics: tuple[str, ...], policies: tuple[str, ...]
    ) -> Headline | None:
        metric = data.get("metric", metrics[0])
        if metric not in metrics:
            self.unknown(("headline", "metric"), metric, metrics)
        pair = data.get("policies") if "policies" in data else headline_pair(policies)
        if pair is None or ("policies" not in data and pair[0] == pair[1]):
            return None
        place = ("headline", "policies")
        for name in pair:
            if name not in policies:
                self.unknown(place, name, policies)
        if len(pair) != 2 or pair[0] == pair[1]:
            self.refuse(place, list(pair), "two different policies: the first minus the second")
            return None
        return Headline(metric, (pair[0], pair[1]))

    def _stop(self, data: Mapping[str, Any] | None, headline: Headline | None, runs: int) -> Stop | None:
        if data is None:
            return None
        every = data.get("every", EVERY)
        if not data["width"] > 0:
            self.refuse(("stop", "width"), data["width"], "a number above 0")
        if headline is None:
            self.refuse(("stop",), dict(data), "only where two policies are compared")
        if every > runs:
            place = ("stop", "every") if "every" in data else ("stop",)
            self.refuse(place, every, f"at most the runs of a point, {runs}")
        return Stop(float(data["width"]), every)


def _is_log(data: Mapping[str, Any]) -> bool:
    return data.get("distribution") == "log-uniform"


def _canonical(path: str) -> str:
    short = path.removeprefix(PARAMETERS_PREFIX)
    return short if short in PARAMETERS else path


def _sample(values: tuple[Value, ...]) -> list[Value]:
    """Give the values that are tried: all of a few; of very many numbers the ends, of other values the first."""
    if len(values) <= _MOST_CHECKED or all(isinstance(value, int | float) for value in values):
        numbers = len(values) > _MOST_CHECKED
        return [min(values), max(values)] if numbers else list(values)  # type: ignore[type-var]
    return list(values[:_MOST_CHECKED])


def _tried_rows(rows: tuple[tuple[Value, ...], ...]) -> list[int]:
    """Give the rows that are tried: all of a few; of very many the first, and those with the ends of any column."""
    if len(rows) <= _MOST_CHECKED:
        return list(range(len(rows)))
    chosen = dict.fromkeys(range(_MOST_CHECKED // 2))
    for values in zip(*rows, strict=True):
        if all(isinstance(value, int | float) for value in values):
            chosen |= dict.fromkeys((values.index(min(values)), values.index(max(values))))
        else:
            chosen |= dict.fromkeys(values.index(value) for value in list(dict.fromkeys(values))[:_MOST_CHECKED])
    return list(chosen)


def _of_row(file: str, line: int, row: Mapping[str, Value], problem: Problem) -> Problem:
    """Say of a problem with a point at which column it lies, or that the values do not fit together."""
    for path, value in row.items():
        asked = {path, PARAMETERS_PREFIX + path}
        if problem.file == "--set" and (problem.path in asked or problem.value == path):
            near = problem.nearest and problem.nearest.removeprefix(PARAMETERS_PREFIX)
            shown = problem.value if problem.value in (path, value) or problem.path in asked else value
            return Problem(file, path, shown, problem.allowed, near, line)
    return Problem(file, "row", dict(row), f"values that fit the scenario, and each other ({problem})", line=line)


def _place(problem: Problem) -> tuple[str, str, str]:
    return problem.path, str(problem.value), problem.allowed


def _leaves(table: Mapping[str, Any], at: Place) -> Iterator[tuple[Place, str, Any]]:
    """Yield what tables within tables hold: place, path, value."""
    for key, value in table.items():
        if isinstance(value, Mapping) and value and len(at) < 16:
            yield from _leaves(value, (*at, key))
        else:
            yield (*at, key), ".".join((*at[1:], key)), value


def _factor_entries(table: Mapping[str, Any], at: Place) -> Iterator[tuple[Place, str, Any]]:
    """Yield the factors, whether their paths are quoted keys or tables within tables."""
    for key, value in table.items():
        path = ".".join((*at[1:], key))
        inner = isinstance(value, Mapping) and value and len(at) < 16
        if inner and (all(isinstance(item, Mapping) for item in value.values()) or _is_section(path, value)):
            yield from _factor_entries(value, (*at, key))
            continue
        yield (*at, key), path, value


def _is_section(path: str, table: Mapping[str, Any]) -> bool:
    """Say whether a table whose entries are no tables is one of paths all the same: those in it are wrong, not it."""
    if any(key in FACTOR_KEYS for key in table) or path in WHOLE:
        return False
    return any(known.startswith(f"{path}.") for known in PARAMETERS) or path.partition(".")[0] in _SECTIONS
