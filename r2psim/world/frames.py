"""One run as tables that anything can read: series and events as Arrow, data frames and labelled arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from r2psim.declarations.columns import BODY, GROUP, STATE, F, Table
from r2psim.scenario.errors import listing, nearest
from r2psim.world.build import World
from r2psim.world.codebook import KEYS, About, attrs_of, column_about, tagged
from r2psim.world.events import Event, event_about, event_columns

if TYPE_CHECKING:
    import pyarrow as pa
    import xarray as xr

__all__ = [
    "HISTORY_TABLES",
    "START",
    "history_dataset",
    "history_table",
]

START = -1
"""Month that stands for the start in tables of months."""

_SERIES: dict[str, Table] = {"states": STATE, "groups": GROUP, "bodies": BODY}

HISTORY_TABLES = (*_SERIES, "needs", "events")
"""Tables of a run, by the name of its file."""


class FinishedRun(Protocol):
    """What tables are made of: a `r2psim.world.history.History`, whose attributes these are."""

    @property
    def scenario(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def policy(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def run(self) -> int: ...
    @property
    def world(self) -> World: ...
    @property
    def months(self) -> int: ...
    @property
    def state(self) -> Mapping[str, np.ndarray]: ...
    @property
    def group(self) -> Mapping[str, np.ndarray]: ...
    @property
    def body(self) -> Mapping[str, np.ndarray]: ...
    @property
    def need(self) -> Mapping[str, np.ndarray]: ...
    @property
    def events(self) -> tuple[Event, ...]: ...


def _block_of(history: FinishedRun, name: str) -> tuple[Table, Mapping[str, np.ndarray], tuple[str, ...]]:
    """Give the declarations, the series and the identifiers of a kind of agent."""
    world = history.world
    series = {"states": history.state, "groups": history.group, "bodies": history.body}[name]
    return _SERIES[name], series, {"states": world.states, "groups": world.groups, "bodies": world.bodies}[name]


def history_table(history: FinishedRun, name: str) -> pa.Table:
    """Make one of the tables of a run.

    Parameters
    ----------
    history : FinishedRun
        The run.
    name : str
        One of `HISTORY_TABLES`. Series are long: month (-1 is the start), id, and a column for each variable.

    Raises
    ------
    ValueError
        If there is no such table.
    """
    import pyarrow as pa

    if name not in HISTORY_TABLES:
        near = nearest(name, HISTORY_TABLES)
        hint = f" (did you mean {near}?)" if near else ""
        raise ValueError(f"table {name!r} is not there: one of {listing(HISTORY_TABLES)}{hint}")
    if name == "events":
        return tagged(pa.table(event_columns(history.events)), event_about())
    if name == "needs":
        return _needs(history)
    declared, series, rows = _block_of(history, name)
    months = history.months + 1
    columns: dict[str, Any] = {
        "month": pa.array(np.repeat(np.arange(START, START + months, dtype=np.int32), len(rows))),
        "id": pa.array(list(rows) * months, pa.string()).dictionary_encode(),
    }
    columns.update({column: pa.array(values.ravel()) for column, values in series.items()})
    return tagged(pa.table(columns), {column: column_about(declared[column], declared) for column in series})


_NEED = {
    "stage": About("stage", "stage of the state in the month: 0 stable to 4 atrocity", "model: column stage of state"),
    "needed": About(
        "US$", "what the form was needed for in the month, paid for or not", "model: column needed of programme"
    ),
    "met": About("US$", "what was met of it", "model: columns met_0 to met_4 of programme"),
    "unmet": About("US$", "what was not met of it", "model: needed less met"),
}


def _needs(history: FinishedRun) -> pa.Table:
    """Make the ledger of need: a row for each month, state and form of response of which anything was needed."""
    import pyarrow as pa

    needed = history.need["needed"][1:]
    met = np.diff(history.need["met"], axis=0)
    month, form, state = np.nonzero(needed > 0.0)
    responds = np.flatnonzero(history.world.rows.form[F.response] > 0.0)
    forms = [history.world.forms[f] for f in responds]
    at = (month, form, state)
    columns = {
        "month": pa.array(month.astype(np.int32)),
        "state": pa.array([history.world.states[s] for s in state], pa.string()).dictionary_encode(),
        "form": pa.array([forms[f] for f in form], pa.string()).dictionary_encode(),
        "stage": pa.array(history.state["stage"][1:][month, state].astype(np.int8)),
        "needed": pa.array(needed[at]),
        "met": pa.array(met[at]),
        "unmet": pa.array(needed[at] - met[at]),
    }
    return tagged(pa.table(columns), _NEED)


def history_dataset(history: FinishedRun) -> xr.Dataset:
    """Give the series of a run as labelled arrays by month (-1 is the start) and state, group or body.

    A variable is named after its kind of agent and its column, ``state_gdp``; it has its unit in ``units``, its
    meaning in ``long_name``, and where it comes from in ``source``.

    Raises
    ------
    ImportError
        If xarray is not installed.
    """
    try:
        import xarray as xr
    except ImportError:
        raise ImportError('this needs xarray, which is not installed: pip install "r2psim[data]"') from None
    variables: dict[str, Any] = {}
    coords: dict[str, Any] = {"month": ("month", np.arange(START, START + history.months + 1), attrs_of(KEYS["month"]))}
    for name in _SERIES:
        declared, series, rows = _block_of(history, name)
        kind = declared.kind
        coords[kind] = list(rows)
        for column, values in series.items():
            variables[f"{kind}_{column}"] = (
                ("month", kind),
                values,
                attrs_of(column_about(declared[column], declared)),
            )
    facts = {"scenario": history.scenario, "title": history.title, "policy": history.policy}
    return xr.Dataset(variables, coords, facts | {"seed": str(history.seed), "run": history.run})
