"""Unit, meaning and source of every column that leaves the model, and how a table carries them.

Inside the model the money of bodies is whole US cents, so that sums are exact. Nothing outside it is: series, tables
and agents give US$, by `told`. A table carries what its columns are twice: on each field, for Arrow, and as JSON under
the key ``columns`` of the file, for all who read Parquet without Arrow's fields. Pandas puts it into
``DataFrame.attrs["columns"]`` by itself.

>>> column_about(BODY["spent"]).unit, told(BODY["spent"], 12_345.0), told(BODY["budget"], 12_345.0)
('US$', 123.45, 12345.0)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from r2psim.declarations.columns import BODY, GROUP, STATE, TABLES, Column, Table
from r2psim.scenario.parameters import PARAMETERS, SOURCES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "CENTS",
    "KEYS",
    "About",
    "about_of",
    "attrs_of",
    "codebook_of",
    "column_about",
    "field_about",
    "file_metadata",
    "path_about",
    "tagged",
    "to_frame",
    "told",
]

CENTS = 100.0
"""US cents in a US$."""

FILE_KEY = b"columns"
PANDAS_KEY = b"PANDAS_ATTRS"
"""Where pandas itself looks for, and puts, ``DataFrame.attrs``."""

_CENT = "US cents"
_ROLES = {
    "given": "set at the start by the scenario, then moved by rules",
    "state": "moved by rules",
    "derived": "computed anew every month by rules",
    "account": "a running total of the rules",
    "draw": "drawn, or drawn against, in the month",
}

_Value = TypeVar("_Value", "float", "np.ndarray")


class About(NamedTuple):
    """What a column is.

    Attributes
    ----------
    unit : str
        Unit of measurement; ``1`` for counts, ``name`` for identifiers and words.
    description : str
        What it is, in one sentence.
    source : str
        Where its values come from: the model's own column, a setting with its reference, or the luck.
    """

    unit: str
    description: str
    source: str


_OURS = "how the runs were laid out"
_EVENT = "r2psim.rules.explain: told of a change that the rules made"

KEYS: dict[str, About] = {
    "point": About("1", "number of the point of the design, from 0", _OURS),
    "policy": About("name", "policy of the scenario", _OURS),
    "run": About("1", "number of the run: the same luck in every policy", _OURS),
    "month": About("month", "number of the month, from 0; in series -1 is the start", _OURS),
    "year": About("year", "number of the year, from 0", _OURS),
    "id": About("name", "identifier of the row: a state, state/group, or a body", "the scenario"),
    "form": About("name", "form of assistance", "the scenario's catalogue"),
    "body": About("name", "regional organisation, UN body or partner", "the scenario"),
    "dollars": About("US$", "spent on the form while its state stood at the stage, mean over runs", "model: accounts"),
    "trajectory": About("1", "trajectory of the design that the point belongs to", _OURS),
    "moved": About("name", "factor that was moved to reach the point", _OURS),
    "kind": About("name", "kind of event: stage, trigger or conflict", _EVENT),
    "state": About("name", "identifier of the state", _EVENT),
    "group": About("name", "identifier of the group, for a change of stage", _EVENT),
    "what": About("name", "kind of trigger, or the hazard that was realised", _EVENT),
    "before": About("name", "stage or conflict state before", _EVENT),
    "after": About("name", "stage or conflict state after", _EVENT),
    "probability": About("0-1", "probability of exactly this change in this month, given all before it", _EVENT),
}
"""Columns that say which row it is, and those of events."""


def _in_cents(column: Column) -> bool:
    return column.unit.startswith(_CENT)


def told(column: Column, value: _Value) -> _Value:
    """Give values of a column as the outside gets them: money in US$, everything else as it is."""
    return value / CENTS if _in_cents(column) else value


@cache
def _table_of(column: Column) -> Table:
    return next(table for table in TABLES.values() if column in table.columns)


def column_about(column: Column, table: Table | None = None) -> About:
    """Describe a column of the model as the outside gets it.

    Parameters
    ----------
    column : Column
        As declared.
    table : Table, optional
        Of which kind of agent; looked up if not given.
    """
    kind = (_table_of(column) if table is None else table).kind
    unit = column.unit.replace(_CENT, "US$").replace("count", "1")
    return About(unit, column.meaning, f"model: column {column.name} of {kind}, {_ROLES[column.role]}")


def path_about(path: str) -> About:
    """Describe what a dotted path of a scenario is set to: a parameter, or the start of a column.

    Examples
    --------
    >>> path_about("bodies.good-offices.budget").unit, path_about("years").unit
    ('US$ a year', 'years')
    """
    name = path.removeprefix("parameters.")
    if name in PARAMETERS:
        return _parameter_about(name)
    if path == "years":
        return About("years", "length of a run", "the experiment")
    first, *_, last = path.split(".")
    if first == "policies" and ".parameters." in path:
        inner = path.partition(".parameters.")[2]
        if inner in PARAMETERS:
            return _parameter_about(inner)._replace(source="the experiment")
    table = {"states": GROUP if ".groups." in path else STATE, "bodies": BODY}.get(first)
    if table is not None and last in table.index:
        column = table[last]
        return About(column.unit, f"{column.meaning}, at the start", "the experiment")
    return About("as in the scenario file", f"what {path} was set to", "the experiment")


def _parameter_about(path: str) -> About:
    declared = PARAMETERS[path]
    sources = "; ".join(SOURCES.get(key, key) for key in declared.source)
    return About(declared.unit, declared.description, f"{declared.label}: {sources}" if sources else declared.label)


# -- on tables ---------------------------------------------------------------------------------------------------------


def about_of(about: About) -> dict[str, str]:
    """Give the metadata of a field."""
    return dict(about._asdict())


def attrs_of(about: About) -> dict[str, str]:
    """Give the attributes of a labelled array, under the names that its readers know: ``units``, ``long_name``."""
    return {"units": about.unit, "long_name": about.description, "source": about.source}


def field_about(field: pa.Field) -> About:
    """Read what a column is from the metadata of its field."""
    found = field.metadata or {}
    return About(*(found.get(name.encode(), b"").decode() for name in About._fields))


def codebook_of(schema: pa.Schema) -> dict[str, dict[str, str]]:
    """Read what the columns of a table are: name -> ``unit``, ``description``, ``source``."""
    return {field.name: about_of(field_about(field)) for field in schema}


def file_metadata(schema: pa.Schema) -> dict[bytes, bytes]:
    """Give the metadata of a table with these fields: the codebook for those who do not see the fields."""
    found = codebook_of(schema)
    return {
        FILE_KEY: json.dumps(found, ensure_ascii=False).encode(),
        PANDAS_KEY: json.dumps({"columns": found}, ensure_ascii=False).encode(),
    }


def tagged(table: pa.Table, about: Mapping[str, About]) -> pa.Table:
    """Put unit, description and source on every column of a table.

    Parameters
    ----------
    table : pyarrow.Table
        Its fields are replaced; whatever else its metadata holds is kept.
    about : mapping of str to About
        For the columns that are not in `KEYS`, or mean something else here.

    Raises
    ------
    KeyError
        If a column is not described: none leaves the model without a unit.
    """
    import pyarrow as pa

    known = KEYS | dict(about)
    fields = [field.with_metadata(about_of(known[field.name])) for field in table.schema]
    schema = pa.schema(fields)
    return table.cast(schema.with_metadata({**(table.schema.metadata or {}), **file_metadata(schema)}))


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Give a table as a data frame whose ``attrs["columns"]`` says what each column is.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    try:
        import pandas  # noqa: F401 - only whether it is there
    except ImportError:
        raise ImportError('this needs pandas, which is not installed: pip install "r2psim[data]"') from None
    frame: Any = table.to_pandas()
    frame.attrs["columns"] = codebook_of(table.schema)
    return frame
