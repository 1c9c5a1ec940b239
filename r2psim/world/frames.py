"""One run as tables that anything can read: series and events as Arrow, data frames and labelled arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.declarations.columns import BODY, GROUP, STATE, F, Table
from r2psim.scenario.errors import listing, nearest
from r2psim.world.codebook import KEYS, About, attrs_of, column_about, tagged

if TYPE_CHECKING:
    import pyarrow as pa
    import xarray as xr

    from r2psim.world.history import Event, History

__all__ = [
    "CONTRIBUTIONS",
    "HISTORY_TABLES",
    "START",
    "event_about",
    "event_columns",
    "history_dataset",
    "history_table",
]

START = -1
"""Month that stands for the start in tables of months."""

CONTRIBUTIONS = 3

_SERIES: dict[str, Table] = {"states": STATE, "groups": GROUP, "bodies": BODY}

HISTORY_TABLES = (*_SERIES, "needs", "events")
"""Tables of a run, by the name of its file."""


def event_columns(events: Sequence[Event]) -> dict[str, Any]:
    """Give the columns of a table of events, a row each."""
    import pyarrow as pa

    columns: dict[str, Any] = {
        "month": pa.array([e.month for e in events], pa.int32()),
        **{
            name: pa.array([getattr(e, name) for e in events], pa.string())
            for name in ("kind", "state", "group", "what", "before", "after")
        },
        "probability": pa.array([e.probability for e in events], pa.float64()),
    }
    for k in range(CONTRIBUTIONS):
        chosen = [e.contributions[k] if k < len(e.contributions) else (None, None) for e in events]
        columns[f"contribution{k + 1}"] = pa.array([c[0] for c in chosen], pa.string())
        columns[f"log_effect{k + 1}"] = pa.array([c[1] for c in chosen], pa.float64())
    return columns


def event_about() -> dict[str, About]:
    """Describe the columns of contributions to an event."""
    source = KEYS["kind"].source
    found: dict[str, About] = {}
    for k in range(1, CONTRIBUTIONS + 1):
        found[f"contribution{k}"] = About("name", f"what moved the hazard, number {k} by size", source)
        found[f"log_effect{k}"] = About("log", f"by how much contribution {k} moved the log hazard", source)
    return found


def _block_of(history: History, name: str) -> tuple[Table, dict[str, np.ndarray], tuple[str, ...]]:
    """Give the declarations, the series and the identifiers of a kind of agent."""
    world = history.world
    series = {"states": history.state, "groups": history.group, "bodies": history.body}[name]
    return _SERIES[name], series, {"states": world.states, "groups": world.groups, "bodies": world.bodies}[name]


def history_table(history: History, name: str) -> pa.Table:
    """Make one of the tables of a run.

    Parameters
    ----------
    history : History
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


def _needs(history: History) -> pa.Table:
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


def history_dataset(history: History) -> xr.Dataset:
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
