"""Trials: published estimates of what assistance does, told so that the model can run them.

One file, though long: each key of the tables of trials is declared beside its check.

The shipped ones stand in ``trials.toml``, whose head says what the keys mean; a user's own file has the same tables.
How a trial is run is the affair of `r2psim.analysis.trials`.

Examples
--------
>>> found = shipped_trials()["pk-relapse-fortna"]
>>> found.estimand, found.estimate, found.forms
('hazard ratio', 0.37, ('peacekeeping',))
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from r2psim.declarations.columns import GROUP, STATE, Table
from r2psim.scenario.catalogue import catalogue
from r2psim.scenario.errors import MOST_TOLD, Near, Problem, ScenarioError, Source, dotted, listing, told
from r2psim.scenario.parameters import PARAMETERS, SOURCES
from r2psim.scenario.values import ID, choice, identifier, integer, number, text

__all__ = [
    "ASSIGNMENTS",
    "DESIGNS",
    "ESTIMANDS",
    "Bias",
    "Condition",
    "Outcome",
    "Trial",
    "json_schema",
    "read_trials",
    "shipped_bias",
    "shipped_trials",
    "widened",
]

DESIGNS = ("randomised", "quasi-experimental", "observational")
"""How an estimate was found."""
CERTAINTIES = ("seen", "computed", "recalled")
ESTIMANDS = ("hazard ratio", "risk ratio", "rate ratio", "level ratio")
"""What is estimated; a ratio each, of the treated to the others."""
ASSIGNMENTS = ("entry", "run")
DIRECTIONS = ("below", "above", "about")
_OPERATORS: dict[str, Callable[[Any, float], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_CONDITION = re.compile(r"\s*(state\.)?([a-z][a-z0-9_]*)\s*(==|!=|<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)\s*")
Z95 = 1.959963984540054


class Condition(NamedTuple):
    """One condition over a column.

    Attributes
    ----------
    of_state : bool
        Whether the column is one of the state, also where groups enter.
    column : str
        Its name.
    sign : str
        ``==``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``.
    value : float
        In the unit of the column.
    """

    of_state: bool
    column: str
    sign: str
    value: float

    def holds(self, column: Any) -> Any:
        """Say of each row of a column whether the condition holds."""
        return _OPERATORS[self.sign](column, self.value)

    def __str__(self) -> str:
        return f"{'state.' if self.of_state else ''}{self.column} {self.sign} {self.value:g}"


class Bias(NamedTuple):
    """Standard deviation of the bias of a published estimate, on the log scale, by how it was found."""

    randomised: float
    quasi_experimental: float
    observational: float
    recalled: float

    def of(self, design: str, certainty: str) -> float:
        """Give that of a design and a certainty."""
        size: float = getattr(self, design.replace("-", "_"))
        return size * (self.recalled if certainty == "recalled" else 1.0)


class Outcome(NamedTuple):
    """What is counted after entry; one of the four kinds.

    Attributes
    ----------
    kind : str
        ``event``, ``months``, ``total`` or ``level``.
    conditions : tuple of Condition
        Of an event, or of months.
    columns : tuple of str
        Of a total (added up) or a level (one); empty otherwise.
    of : tuple of Condition
        Conditions on groups, whose column alone is summed.
    """

    kind: str
    conditions: tuple[Condition, ...] = ()
    columns: tuple[str, ...] = ()
    of: tuple[Condition, ...] = ()


class Trial(NamedTuple):
    """A published estimate, and how the model runs it: see the head of ``trials.toml`` for the keys."""

    key: str
    use: str
    question: str
    forms: tuple[str, ...]
    hold: dict[str, float]
    unit: str
    population: tuple[Condition, ...]
    given_while: tuple[Condition, ...]
    treatment_months: int
    doses: tuple[float, ...]
    dose_full: float
    comparison: str
    assign: str
    from_month: int
    follow_up: int
    outcome: Outcome
    outcome_at: str
    estimand: str
    estimate: float | None
    low: float | None
    high: float | None
    direction: str | None
    design: str
    certainty: str
    contested: float | None
    informs: tuple[str, ...]
    source: tuple[str, ...]
    note: str
    weight: float = 1.0

    def table(self) -> dict[str, Any]:
        """Give it as plain data."""
        plain = self._asdict()
        for key in ("population", "given_while"):
            plain[key] = [str(condition) for condition in plain[key]]
        outcome = self.outcome
        plain["outcome"] = {
            outcome.kind: list(outcome.columns) or [str(condition) for condition in outcome.conditions],
            **({"of": [str(condition) for condition in outcome.of]} if outcome.of else {}),
        }
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}

    @property
    def setting(self) -> tuple[Any, ...]:
        """What is run; trials that share it share their runs."""
        return (
            self.forms,
            tuple(sorted(self.hold.items())),
            self.unit,
            self.population,
            self.given_while,
            self.treatment_months,
            self.doses,
            self.comparison,
            self.assign,
            self.from_month,
            self.follow_up,
            self.outcome,
            self.outcome_at,
        )


def widened(trial: Trial, bias: Bias) -> tuple[float, float, float] | None:
    """Give the log of a published ratio, its standard deviation, and that with the bias of its design.

    A contested estimate is widened until the ratio of its re-analysis lies within one standard deviation.

    Returns
    -------
    tuple of float or None
        None where the study tells a direction only.

    Examples
    --------
    >>> log_ratio, sampling, whole = widened(shipped_trials()["adr-liberia"], shipped_bias())
    >>> round(log_ratio, 3), round(whole**2 - sampling**2, 6)
    (-0.386, 0.01)
    """
    if trial.estimate is None:
        return None
    log_ratio = math.log(trial.estimate)
    sampling = 0.0
    if trial.low is not None and trial.high is not None:
        sampling = (math.log(trial.high) - math.log(trial.low)) / (2.0 * Z95)
    whole = math.hypot(sampling, bias.of(trial.design, trial.certainty))
    if trial.contested is not None:
        whole = max(whole, abs(log_ratio - math.log(trial.contested)))
    return log_ratio, sampling, whole


# -- the file ----------------------------------------------------------------------------------------------------------


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=(), populate_by_name=True)


_MOST_MONTHS = 600
_MOST_TRIALS = 1000
_RATIO: Any = number(1e-6, 1e6, "ratio")
_CONDITIONS: Any = list[text(100)]  # type: ignore[misc]
_COLUMN: Any = text(64)
_USE: Any = choice(("fit", "check"))
_LINE: Any = text(200)
_LINES: Any = list[text(300)]  # type: ignore[misc]
_NOTE: Any = text(1000)
_WEIGHT: Any = number(0.0, 1.0, "0-1")
_NAME: Any = identifier(ID)
_UNIT: Any = choice(("state", "group"))
_MONTHS: Any = integer(1, _MOST_MONTHS)
_LATER: Any = integer(0, _MOST_MONTHS)
_SHARES: Any = list[number(0.0, 1.0, "0-1")]  # type: ignore[misc]
_DOSE: Any = number(1e-6, 1e6, "units of dose")
_COMPARISON: Any = choice(("none", "policy"))
_ASSIGN: Any = choice(ASSIGNMENTS)
_PLACE: Any = choice(("unit", "neighbours"))
_ESTIMAND: Any = choice(ESTIMANDS)
_DIRECTION: Any = choice(DIRECTIONS)
_DESIGN: Any = choice(DESIGNS)
_CERTAINTY: Any = choice(CERTAINTIES)
_SIZE: Any = number(0.0, 5.0, "log ratio")
_LABEL: Any = choice(("seen", "computed", "recalled", "assumption"))


class _Outcome(_Strict):
    event: _CONDITIONS | None = Field(None, description="conditions: the first month in which all of them hold")
    months: _CONDITIONS | None = Field(None, description="conditions: the months in which all of them hold")
    total: _COLUMN | list[_COLUMN] | None = Field(None, description="a column of the month, or several, summed")
    level: _COLUMN | None = Field(None, description="a column, averaged over months")
    of: _CONDITIONS = Field([], description="conditions on groups, whose column alone is summed")


class _Trial(_Strict):
    use: _USE = Field("fit", description="whether effects may be fitted to it")
    question: _LINE = Field(description="what was asked, in a line")
    forms: list[_NAME] = Field([], description="forms that the treated get at full funding")
    hold: dict[str, float] = Field({}, description="columns of the state that are held at a value for the treated")
    unit: _UNIT = Field("state", description="who enters")
    population: _CONDITIONS = Field(description="conditions over columns, all of which hold for who enters")
    given_while: _CONDITIONS = Field([], description="conditions on the state in the months of treatment")
    treatment_months: _MONTHS = Field(description="months of treatment from entry on")
    doses: _SHARES = Field([0.0, 1.0], description="share of full funding of each arm")
    dose_full: _DOSE = Field(1.0, description="dose of full funding, in the study's units")
    comparison: _COMPARISON = Field("none", description="what the others get")
    assign: _ASSIGN = Field("entry", description="whether each entry or each run is assigned to an arm")
    from_month: _LATER = Field(0, description="months after entry before the outcome is counted")
    follow_up: _MONTHS = Field(description="months after entry up to which the outcome is counted")
    outcome: _Outcome = Field(description="what is counted")
    outcome_at: _PLACE = Field("unit", description="where it is counted")
    estimand: _ESTIMAND = Field(description="what is estimated")
    estimate: _RATIO | None = Field(None, description="the published ratio")
    low: _RATIO | None = Field(None, description="lower end of its 95 % interval")
    high: _RATIO | None = Field(None, description="upper end")
    direction: _DIRECTION | None = Field(None, description="where only a direction is known")
    design: _DESIGN = Field(description="how it was found")
    certainty: _CERTAINTY = Field("seen", description="how the figure is known")
    contested: _RATIO | None = Field(None, description="ratio that a published re-analysis finds")
    informs: _LINES = Field([], description="effects and parameters that it says something about, by address")
    source: _LINES = Field([], description="keys of the bibliography, or a reference in words")
    note: _NOTE = Field("", description="what the model lacks to answer it")
    weight: _WEIGHT = Field(1.0, description="weight in a fit: 0 is as if it were not there")


class _Size(_Strict):
    size: _SIZE
    low: _SIZE
    high: _SIZE
    label: _LABEL = "assumption"


class _Biases(_Strict):
    randomised: _Size
    quasi_experimental: _Size = Field(alias="quasi-experimental")
    observational: _Size
    recalled: _Size


class _File(_Strict):
    bias: _Biases | None = Field(None, description="standard deviation of the bias of each design, on the log scale")
    trials: dict[_NAME, _Trial] = Field({}, description="trials, by name")


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of files of trials."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_File.model_json_schema(by_alias=True),
        "title": "Trials of r2psim",
    }


_KINDS = ("event", "months", "total", "level")


class _Reader:
    """What is wrong with a file, collected; and its trials."""

    def __init__(self, source: Source, forms: Mapping[str, Any]) -> None:
        self.source, self.forms = source, forms
        self.problems: list[Problem] = []
        self.more = 0

    def refuse(self, place: tuple[str, ...], value: Any, allowed: str, near: str | Near | None = None) -> None:
        if len(self.problems) >= MOST_TOLD:
            self.more += 1
            return
        line = None
        for length in range(len(place), 0, -1):
            line = self.source.line(place[:length])
            if line is not None:
                break
        self.problems.append(Problem(self.source.name, dotted(place), value, allowed, Near.found(near), line))

    def shape(self, data: dict[str, Any]) -> _File | None:
        """Check the shape of a file."""
        trials = data.get("trials")
        if isinstance(trials, Mapping) and len(trials) > _MOST_TRIALS:
            self.refuse(("trials",), f"{len(trials):,} trials", f"at most {_MOST_TRIALS:,}")
            return None
        try:
            return _File.model_validate(data)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                place = tuple(str(key) for key in details["loc"] if key != "[key]")
                context = details.get("ctx", {})
                if details["type"] == "extra_forbidden":
                    keys = self._keys_at(place)
                    self.refuse(place, place[-1], f"one of the keys {listing(keys, limit=40)}", Near(place[-1], keys))
                elif details["type"] == "missing":
                    self.refuse(place, None, "needed")
                else:
                    allowed = context.get("allowed", details["msg"][:1].lower() + details["msg"][1:])
                    self.refuse(place, details["input"], allowed, context.get("nearest"))
            return None

    @staticmethod
    def _keys_at(place: tuple[str, ...]) -> list[str]:
        models: dict[int, type[BaseModel]] = {1: _File, 3: _Trial if place[0] == "trials" else _Size, 4: _Outcome}
        model = _Biases if place[0] == "bias" and len(place) == 2 else models.get(len(place), _File)
        return [field.alias or name for name, field in model.model_fields.items()]

    def condition(self, place: tuple[str, ...], words: str, table: Table) -> Condition | None:
        """Read a condition such as ``conflict >= 2``."""
        found = _CONDITION.fullmatch(words)
        if found is None:
            self.refuse(place, words, 'a column, a comparison and a number, such as "conflict >= 2"')
            return None
        of_state = found[1] is not None or table is STATE
        names = (STATE if of_state else table).index
        if found[2] not in names:
            allowed = f"the name of a column of a {'state' if of_state else table.kind}"
            self.refuse(place, words, allowed, Near(found[2], names))
            return None
        return Condition(of_state and table is not STATE, found[2], found[3], float(found[4]))

    def conditions(self, place: tuple[str, ...], words: list[str], table: Table) -> tuple[Condition, ...]:
        found = [self.condition(place, each, table) for each in words]
        return tuple(each for each in found if each is not None)

    def column(self, place: tuple[str, ...], name: str, tables: tuple[Table, ...]) -> None:
        if not any(name in table.index for table in tables):
            kinds = " or ".join(f"a {table.kind}" for table in tables)
            known = [each for table in tables for each in table.index]
            self.refuse(place, name, f"the name of a column of {kinds}", Near(name, known))

    def outcome(self, place: tuple[str, ...], given: _Outcome, unit: Table) -> Outcome:
        kinds = [kind for kind in _KINDS if getattr(given, kind) is not None]
        if len(kinds) != 1:
            self.refuse(place, kinds, f"one of {listing(_KINDS)}")
            return Outcome("event")
        kind = kinds[0]
        value = getattr(given, kind)
        if kind in ("event", "months"):
            if given.of:
                self.refuse((*place, "of"), given.of, "only beside total")
            return Outcome(kind, self.conditions((*place, kind), value, unit))
        columns = (value,) if isinstance(value, str) else tuple(value)
        for column in columns:
            self.column((*place, kind), column, (unit, GROUP) if kind == "total" else (unit,))
        of = self.conditions((*place, "of"), given.of, GROUP)
        if of and not any(column in GROUP.index for column in columns):
            self.refuse((*place, "of"), given.of, "only where total is a column of groups")
        return Outcome(kind, (), columns, of)

    def trial(self, key: str, given: _Trial) -> Trial:
        """Check a trial against what the model has."""
        at = ("trials", key)
        unit = GROUP if given.unit == "group" else STATE
        for form in given.forms:
            if form not in self.forms:
                self.refuse((*at, "forms"), form, "a form of assistance", Near(form, self.forms))
        for column in given.hold:
            self.column((*at, "hold", column), column, (STATE,))
        if not given.forms and not given.hold:
            self.refuse((*at, "forms"), [], "forms that the treated get, or columns to hold")
        if len(given.doses) < 2 or sorted(set(given.doses)) != list(given.doses) or given.doses[0] != 0.0:
            self.refuse((*at, "doses"), given.doses, "two or more rising shares, the first of them 0")
        if given.from_month >= given.follow_up:
            self.refuse((*at, "from_month"), given.from_month, f"less than follow_up, {given.follow_up}")
        outcome = self.outcome((*at, "outcome"), given.outcome, unit)
        event = outcome.kind == "event"
        if event != (given.estimand in ("hazard ratio", "risk ratio")):
            fitting = ("hazard ratio", "risk ratio") if event else ("rate ratio", "level ratio")
            self.refuse((*at, "estimand"), given.estimand, f"for this outcome one of {listing(fitting, quoted=True)}")
        if given.outcome_at == "neighbours" and (unit is GROUP or not event):
            self.refuse((*at, "outcome_at"), given.outcome_at, "only for an event, where states enter")
        if (given.estimate is None) == (given.direction is None):
            self.refuse((*at, "estimate"), given.estimate, "either an estimate or a direction")
        ends = (given.low, given.estimate, given.high)
        if given.estimate is not None and (
            None in (given.low, given.high) or not given.low <= given.estimate <= given.high  # type: ignore[operator]
        ):
            self.refuse((*at, "estimate"), list(ends), "low <= estimate <= high")
        for address in given.informs:
            self.address((*at, "informs"), address)
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value := getattr(given, name), list) else value
            for name in Trial._fields
            if name in _Trial.model_fields
        }
        values |= {
            "key": key,
            "outcome": outcome,
            "population": self.conditions((*at, "population"), given.population, unit),
            "given_while": self.conditions((*at, "given_while"), given.given_while, STATE),
        }
        return Trial(**values)

    def address(self, place: tuple[str, ...], address: str) -> None:
        """Refuse an address of neither a parameter nor an effect."""
        if address in PARAMETERS:
            return
        known = [f"forms.{form}.effects.{effect.on}" for form, entry in self.forms.items() for effect in entry.effects]
        if address.removesuffix(".size") not in known:
            allowed = "the address of a parameter, or of an effect such as forms.mediation.effects.to_atrocity"
            self.refuse(place, address, allowed, Near(address, [*known, *PARAMETERS]))


def _read(source: Source) -> tuple[dict[str, Trial], Bias | None]:
    reader = _Reader(source, catalogue())
    found: dict[str, Trial] = {}
    file = reader.shape(source.parse())
    if file is not None:
        found = {key: reader.trial(key, given) for key, given in file.trials.items()}
    if reader.problems:
        raise ScenarioError(told(reader.problems, reader.more))
    bias = None
    if file is not None and file.bias is not None:
        bias = Bias(**{name: getattr(file.bias, name).size for name in Bias._fields})
    return found, bias


def read_trials(path: str | Path) -> dict[str, Trial]:
    """Read a user's trials.

    Parameters
    ----------
    path : str or Path
        A TOML file with tables ``[trials.NAME]``, as ``r2psim schema --trials`` describes them.

    Raises
    ------
    ScenarioError
        With everything that is wrong with it, where, and what is allowed.
    """
    found, _ = _read(Source.read(Path(path)))
    if not found:
        raise ScenarioError([Problem(str(path), "", None, "holds no trials: tables [trials.NAME] are needed")])
    return found


@cache
def _shipped() -> tuple[dict[str, Trial], Bias]:
    found, bias = _read(Source.read(Path(__file__).with_name("trials.toml")))
    if bias is None:
        raise ValueError("trials.toml: no table [bias]")
    for trial in found.values():
        for key in trial.source:
            if key not in SOURCES:
                raise ValueError(f"trials.toml: trials.{trial.key}: source {key!r} is not in sources.toml")
    return found, bias


def shipped_trials() -> dict[str, Trial]:
    """Give the trials that ship with the package, by name."""
    return dict(_shipped()[0])


def shipped_bias() -> Bias:
    """Give the bias of published estimates, by design."""
    return _shipped()[1]
