"""What there is to choose from, as tables: what is measured, what can be set, and who there is.

One file, though long: each function is one table of the same kind.

Each table is read off the declarations, so that none can be out of date. ``r2psim list`` prints the same tables.

>>> metrics().loc["deaths", "unit"]
'persons'
>>> policies("seminar").index[0]
'no-assistance'
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r2psim.declarations.channels import CHANNELS, KINDS, MANDATES
from r2psim.declarations.columns import BODY
from r2psim.scenario.catalogue import catalogue
from r2psim.scenario.parameters import LABELS, PARAMETERS, SOURCES
from r2psim.world.codebook import About

if TYPE_CHECKING:
    import pandas as pd

    from r2psim.scenario import Scenario
    from r2psim.scenario.catalogue import Form

__all__ = [
    "DEFAULT_SCENARIO",
    "TABLES",
    "ReferenceTable",
    "bodies",
    "channels",
    "forms",
    "mandates",
    "metrics",
    "parameters",
    "policies",
    "scenarios",
    "series",
    "table_of",
]

DEFAULT_SCENARIO = "seminar"
"""Whose policies and bodies are listed where no scenario is named."""

Row = dict[str, Any]


@dataclass(frozen=True)
class ReferenceTable:
    """A table of what there is.

    Attributes
    ----------
    about : str
        What it lists, in one line.
    columns : dict of str to About
        The first names the row.
    rows : callable
        Gives the rows; takes the scenario, or None.
    of_scenario : str
        ``no`` where a scenario makes no difference, ``may`` where it changes what ships, ``must`` where there is
        nothing without one.
    """

    about: str
    columns: Mapping[str, About]
    rows: Callable[[Scenario | None], Iterator[Row]]
    of_scenario: str = "no"


def _about(unit: str, description: str, source: str = "r2psim: declarations") -> About:
    return About(unit, description, source)


_NAME = _about("name", "identifier")
_UNIT = _about("name", "unit of measurement; 1 for counts")
_MEANING = _about("name", "what it is")
_LABEL = _about("name", f"evidence: {'; '.join(f'{label}: {meaning}' for label, meaning in LABELS.items())}")
_SOURCE = _about("name", "where the number comes from; empty for an assumption")


def _metrics(_: Scenario | None) -> Iterator[Row]:
    from r2psim.ensemble.measures import METRICS, UNITS

    for name, meaning in METRICS.items():
        yield {"metric": name, "unit": UNITS[name], "description": meaning}


def _series(_: Scenario | None) -> Iterator[Row]:
    from r2psim.ensemble.measures import SERIES, UNITS

    for name, meaning in SERIES.items():
        yield {"series": name, "unit": UNITS[name], "description": meaning}


def _parameters(scenario: Scenario | None) -> Iterator[Row]:
    for path, p in PARAMETERS.items():
        value = p.default if scenario is None else scenario.parameters.get(path, p.default)
        yield {
            "parameter": path,
            "unit": p.unit,
            "value": value,
            "default": p.default,
            "low": p.low,
            "high": p.high,
            "label": p.label,
            "description": p.description,
            "source": "; ".join(SOURCES.get(key, key) for key in p.source),
        }


def _forms(scenario: Scenario | None) -> Iterator[Row]:
    found: Mapping[str, Form] = catalogue() if scenario is None else scenario.forms
    for key, form in found.items():
        yield {
            "form": key,
            "name": form.name,
            "category": form.category,
            "ledger": form.ledger,
            "scope": form.scope,
            "first_stage": form.stages[0],
            "last_stage": form.stages[1],
            "unit_cost": form.unit_cost,
            "person_cost": form.person_cost,
            "lag": form.lag,
            "half_life": form.half_life,
            "mandates": "; ".join(form.providers),
            "effects": "; ".join(f"{effect.on} {effect.size:g}" for effect in form.effects),
            "label": form.label,
            "description": form.description,
        }


def _set_by(values: Mapping[str, float]) -> str:
    return "; ".join(f"{key}={value:g}" for key, value in values.items())


def _policies(scenario: Scenario | None) -> Iterator[Row]:
    assert scenario is not None
    for name, policy in scenario.policies.items():
        yield {
            "policy": name,
            "description": policy.description,
            "parameters": _set_by(policy.parameters),
            "budgets": _set_by(policy.budgets),
        }


def _bodies(scenario: Scenario | None) -> Iterator[Row]:
    assert scenario is not None
    for key, body in scenario.bodies.items():
        given = {name: body.values.get(name, BODY[name].default) for name in _GIVEN}
        members = "all" if body.members == "all" else "; ".join(body.members)
        mandates = "; ".join(body.mandates)
        yield {"body": key, "name": body.name, "kind": body.kind, **given, "members": members, "mandates": mandates}


def _channels(_: Scenario | None) -> Iterator[Row]:
    for name, channel in CHANNELS.items():
        yield {"channel": name, "kind": channel.kind, "helps": channel.helps, "description": channel.meaning}


def _mandates(scenario: Scenario | None) -> Iterator[Row]:
    found: Mapping[str, Form] = catalogue() if scenario is None else scenario.forms
    for name, meaning in MANDATES.items():
        forms = "; ".join(key for key, form in found.items() if name in form.providers)
        yield {"mandate": name, "description": meaning, "forms": forms}


def _scenarios(_: Scenario | None) -> Iterator[Row]:
    from r2psim.scenario import load, shipped_names

    for name in shipped_names():
        found = load(name)
        states = len(found.states) if found.generate is None else found.generate.states
        yield {
            "scenario": name,
            "title": found.title,
            "years": found.years,
            "states": states,
            "bodies": len(found.bodies),
            "policies": "; ".join(found.policies),
        }


_GIVEN = tuple(column.name for column in BODY.columns if column.role == "given")

TABLES: dict[str, ReferenceTable] = {
    "metrics": ReferenceTable(
        "what is measured of every run", {"metric": _NAME, "unit": _UNIT, "description": _MEANING}, _metrics
    ),
    "series": ReferenceTable(
        "monthly series that a run can keep", {"series": _NAME, "unit": _UNIT, "description": _MEANING}, _series
    ),
    "parameters": ReferenceTable(
        "parameters of the model: paths for --set and for factors",
        {
            "parameter": _about("name", "path"),
            "unit": _UNIT,
            "value": _about("the row's own", "value in the scenario; without one, the default"),
            "default": _about("the row's own", "default"),
            "low": _about("the row's own", "smallest value of its range"),
            "high": _about("the row's own", "largest value of its range"),
            "label": _LABEL,
            "description": _MEANING,
            "source": _SOURCE,
        },
        _parameters,
        "may",
    ),
    "forms": ReferenceTable(
        "forms of assistance",
        {
            "form": _NAME,
            "name": _about("name", "name shown"),
            "category": _about("name", "category of the report"),
            "ledger": _about("name", "prevention or response: where its cost is counted"),
            "scope": _about("name", "whom it works for"),
            "first_stage": _about("stage", "first stage of a state at which it applies"),
            "last_stage": _about("stage", "last stage of a state at which it applies"),
            "unit_cost": _about("US$ a year", "cost in one state, for the full effect"),
            "person_cost": _about("US$ a year", "further cost for each displaced person, for the full effect"),
            "lag": _about("months", "months to the full effect, once funded"),
            "half_life": _about("months", "months in which the effect halves when unfunded"),
            "mandates": _about("name", "a body that holds one of them may provide it"),
            "effects": _about("name", "channel and size of each effect at full strength"),
            "label": _LABEL,
            "description": _MEANING,
        },
        _forms,
        "may",
    ),
    "policies": ReferenceTable(
        "policies of a scenario",
        {
            "policy": _NAME,
            "description": _MEANING,
            "parameters": _about("name", "parameters that it sets"),
            "budgets": _about("name", "mandate and multiple of the budgets of the bodies that hold it"),
        },
        _policies,
        "must",
    ),
    "bodies": ReferenceTable(
        "bodies of a scenario that may assist",
        {
            "body": _NAME,
            "name": _about("name", "name shown"),
            "kind": _about("name", "regional organisation, UN body or partner"),
            **{name: _about(BODY[name].unit, BODY[name].meaning) for name in _GIVEN},
            "members": _about("name", "states that it may assist"),
            "mandates": _about("name", "it provides the forms that name one of them"),
        },
        _bodies,
        "must",
    ),
    "channels": ReferenceTable(
        "what a form of assistance can act on",
        {
            "channel": _NAME,
            "kind": _about("name", "; ".join(f"{kind}: {meaning}" for kind, meaning in KINDS.items())),
            "helps": _about("name", "whether less or more of it protects people"),
            "description": _MEANING,
        },
        _channels,
    ),
    "mandates": ReferenceTable(
        "what a body may do: it provides the forms that name one of its mandates",
        {
            "mandate": _NAME,
            "description": _MEANING,
            "forms": _about("name", "forms of assistance that a body with it may provide"),
        },
        _mandates,
        "may",
    ),
    "scenarios": ReferenceTable(
        "scenarios that ship",
        {
            "scenario": _NAME,
            "title": _about("name", "title"),
            "years": _about("years", "length of a run"),
            "states": _about("1", "states, with those that are generated"),
            "bodies": _about("1", "bodies"),
            "policies": _about("name", "policies"),
        },
        _scenarios,
    ),
}
"""All tables by name."""


def table_of(name: str, scenario: str | Path | Scenario | None = None) -> list[Row]:
    """Give the rows of a table as plain data, ready for JSON; needs nothing but the package.

    Parameters
    ----------
    name : str
        One of `TABLES`.
    scenario : str, Path or Scenario, optional
        Name of a shipped scenario, path of a file, or a loaded one.

    Returns
    -------
    list of dict
        Column -> value, in the order of ``TABLES[name].columns``.

    Raises
    ------
    ScenarioError
        If the scenario cannot be used.
    ValueError
        If there is no such table, or a scenario makes no difference to it.
    """
    from r2psim.scenario import load
    from r2psim.scenario.errors import listing, nearest

    if name not in TABLES:
        near = nearest(name, TABLES)
        hint = f" (did you mean {near}?)" if near else ""
        raise ValueError(f"{name} is not allowed: one of {listing(TABLES)}{hint}")
    table = TABLES[name]
    if scenario is None and table.of_scenario == "must":
        scenario = DEFAULT_SCENARIO
    if scenario is not None and table.of_scenario == "no":
        raise ValueError(f"scenario {scenario} is not allowed: {name} are the same in every scenario")
    return list(table.rows(load(scenario) if isinstance(scenario, str | Path) else scenario))


def _frame(name: str, scenario: str | Path | Scenario | None = None) -> pd.DataFrame:
    try:
        import pandas as pd
    except ImportError:
        raise ImportError('this needs pandas, which is not installed: pip install "r2psim[data]"') from None
    columns = TABLES[name].columns
    frame = pd.DataFrame(table_of(name, scenario), columns=list(columns)).set_index(next(iter(columns)))
    frame.attrs["columns"] = {key: dict(about._asdict()) for key, about in columns.items()}
    return frame


def metrics() -> pd.DataFrame:
    """List what is measured of every run: unit and description, by name.

    Returns
    -------
    pandas.DataFrame
        By ``metric``: ``unit``, ``description``.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    return _frame("metrics")


def series() -> pd.DataFrame:
    """List the monthly series that a run can keep: unit and description, by name.

    Returns
    -------
    pandas.DataFrame
        By ``series``: ``unit``, ``description``.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    return _frame("series")


def parameters(scenario: str | Path | Scenario | None = None) -> pd.DataFrame:
    """List the parameters: value, default, range, evidence label and source, by path.

    Parameters
    ----------
    scenario : str, Path or Scenario, optional
        Whose values are given; the defaults if there is none.

    Returns
    -------
    pandas.DataFrame
        By path: ``value``, ``default``, ``low``, ``high`` in ``unit``, ``label``, ``description``, ``source``.

    Raises
    ------
    ImportError
        If pandas is not installed.
    ScenarioError
        If the scenario cannot be used.
    """
    return _frame("parameters", scenario)


def forms(scenario: str | Path | Scenario | None = None) -> pd.DataFrame:
    """List the forms of assistance: costs (US$), months, stages, mandates and effects, by identifier.

    Parameters
    ----------
    scenario : str, Path or Scenario, optional
        Whose changes of the catalogue are heeded; the catalogue as it ships if there is none.

    Returns
    -------
    pandas.DataFrame
        By key; ``attrs["columns"]`` says the unit of each column.

    Raises
    ------
    ImportError
        If pandas is not installed.
    ScenarioError
        If the scenario cannot be used.
    """
    return _frame("forms", scenario)


def policies(scenario: str | Path | Scenario = DEFAULT_SCENARIO) -> pd.DataFrame:
    """List the policies of a scenario and what they set, by name.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.

    Returns
    -------
    pandas.DataFrame
        By name: ``description``, ``parameters``, ``budgets``.

    Raises
    ------
    ImportError
        If pandas is not installed.
    ScenarioError
        If the scenario cannot be used.
    """
    return _frame("policies", scenario)


def bodies(scenario: str | Path | Scenario = DEFAULT_SCENARIO) -> pd.DataFrame:
    """List the bodies of a scenario: budgets (US$ a year), rhythm, reach and mandates, by identifier.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.

    Returns
    -------
    pandas.DataFrame
        By key; ``attrs["columns"]`` says the unit of each column.

    Raises
    ------
    ImportError
        If pandas is not installed.
    ScenarioError
        If the scenario cannot be used.
    """
    return _frame("bodies", scenario)


def channels() -> pd.DataFrame:
    """List what a form of assistance can act on, by name.

    Returns
    -------
    pandas.DataFrame
        By name: ``kind``, ``helps``, ``description``.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    return _frame("channels")


def mandates(scenario: str | Path | Scenario | None = None) -> pd.DataFrame:
    """List the mandates of bodies and the forms that each allows, by name.

    Parameters
    ----------
    scenario : str, Path or Scenario, optional
        Whose changes of the catalogue are heeded; the catalogue as it ships if there is none.

    Returns
    -------
    pandas.DataFrame
        By name: ``description``, ``forms``.

    Raises
    ------
    ImportError
        If pandas is not installed.
    ScenarioError
        If the scenario cannot be used.
    """
    return _frame("mandates", scenario)


def scenarios() -> pd.DataFrame:
    """List the scenarios that ship, by name.

    Returns
    -------
    pandas.DataFrame
        By name: ``title``, ``years``, ``states``, ``bodies``, ``policies``.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    return _frame("scenarios")
