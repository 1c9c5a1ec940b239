"""Results as tables that anything can read: arrays to Arrow, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.declarations.columns import GROUP
from r2psim.ensemble.measures import BODY_ACCOUNTS, LEDGERS, METRICS, SERIES, UNITS
from r2psim.ensemble.store import OutputError
from r2psim.world.codebook import KEYS, About, about_of, column_about, tagged
from r2psim.world.events import CONTRIBUTIONS, Event, event_about, event_columns
from r2psim.world.frames import START

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "START",
    "bodies_from",
    "bodies_table",
    "events_from",
    "events_table",
    "key_fields",
    "ledgers_from",
    "ledgers_table",
    "measure_about",
    "measure_field",
    "metrics_from",
    "monthly_from",
    "needs_from",
    "needs_table",
    "runs_table",
    "series_table",
    "spending_from",
    "spending_table",
    "stages_table",
    "yearly_table",
]

STAGES = 5

STAGE = About("stage", "stage of the state when the money was spent: 0 stable to 4 atrocity", "model: accounts")
YEARLY = About("US$", "spent on the form in the year, while its state stood at the stage; mean over runs", STAGE.source)

NEED = {
    "needed": About(
        "US$",
        "what the form of response was needed for, whether or not anybody paid; mean over runs",
        "model: column needed of programme",
    ),
    "met": About("US$", "what was met of it; mean over runs", "model: column needed of programme"),
    "unmet": About("US$", "what was not met of it; mean over runs", "model: column needed of programme"),
}
BODY = "r2psim.ensemble.measures: accounts of each body"
LEDGER = "r2psim.ensemble.measures: what each ledger took"

ByPolicy = Mapping[str, np.ndarray]


def _names(names: Sequence[str], places: Any) -> pa.Array:
    """Give a column of names that repeats a few, kept as codes."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(places.ravel().astype(np.int32)), pa.array(list(names), pa.string()))


def measure_about(name: str) -> About:
    """Describe a metric or a monthly series.

    Raises
    ------
    KeyError
        If there is none of that name.
    """
    if name in METRICS:
        return About(UNITS[name], METRICS[name], "r2psim.ensemble.measures: measured at the end of each run")
    return About(UNITS[name], SERIES[name], "r2psim.ensemble.measures: measured after each month of a run")


def measure_field(name: str) -> pa.Field:
    """Give the field of a metric or a series in a table of many runs."""
    import pyarrow as pa

    return pa.field(name, pa.float64(), metadata=about_of(measure_about(name)))


def key_fields(table: str) -> list[pa.Field]:
    """Give the fields that say which row it is in a batch's tables ``runs`` and ``series``."""
    import pyarrow as pa

    kinds = {"point": pa.int64(), "policy": pa.dictionary(pa.int8(), pa.string()), "run": pa.int64()}
    if table == "series":
        kinds["month"] = pa.int32()
    return [
        pa.field(name, kind, nullable=name not in ("point", "run"), metadata=about_of(KEYS[name]))
        for name, kind in kinds.items()
    ]


def _stacked(by_policy: ByPolicy) -> np.ndarray:
    return np.stack(list(by_policy.values()))


def runs_table(metrics: ByPolicy, first_run: int = 0) -> pa.Table:
    """Make a table with a row for each policy and run, a column for each metric.

    Parameters
    ----------
    metrics : mapping of str to numpy.ndarray, shape (runs, len(METRICS))
        By policy.
    first_run : int
        Number of the first run.
    """
    import pyarrow as pa

    values = _stacked(metrics)
    policy, run = np.indices(values.shape[:2])
    columns: dict[str, Any] = {"policy": _names(list(metrics), policy), "run": pa.array(run.ravel() + first_run)}
    # A run without a threatened state has no such month: missing, not "not a number".
    columns |= {name: pa.array(values[:, :, i].ravel(), from_pandas=True) for i, name in enumerate(METRICS)}
    return tagged(pa.table(columns), {name: measure_about(name) for name in METRICS})


def spending_table(spending: ByPolicy, forms: Sequence[str]) -> pa.Table:
    """Make a table of policy, form, stage and US$ a run, from arrays of shape (forms, 5)."""
    import pyarrow as pa

    values = _stacked(spending)
    policy, form, stage = np.indices(values.shape)
    columns = {
        "policy": _names(list(spending), policy),
        "form": _names(forms, form),
        "stage": pa.array(stage.ravel().astype(np.int8)),
        "dollars": pa.array(values.ravel()),
    }
    return tagged(pa.table(columns), {"stage": STAGE})


def yearly_table(yearly: ByPolicy, forms: Sequence[str]) -> pa.Table:
    """Make a table of policy, year from 0, form, stage and US$ a run, from arrays of shape (years, forms, 5)."""
    import pyarrow as pa

    values = _stacked(yearly)
    policy, year, form, stage = np.indices(values.shape)
    columns = {
        "policy": _names(list(yearly), policy),
        "year": pa.array(year.ravel().astype(np.int32)),
        "form": _names(forms, form),
        "stage": pa.array(stage.ravel().astype(np.int8)),
        "dollars": pa.array(values.ravel()),
    }
    return tagged(pa.table(columns), {"stage": STAGE, "dollars": YEARLY})


def needs_table(needs: ByPolicy, forms: Sequence[str]) -> pa.Table:
    """Make a table of policy, year from 0, form, stage, and US$ a run that were needed, met and unmet.

    Parameters
    ----------
    needs : mapping of str to numpy.ndarray, shape (2, years, forms, 5)
        By policy: needed, and met.
    forms : sequence of str
        Identifiers of the forms; a row is made only where anything was needed of one under any policy.
    """
    import pyarrow as pa

    values = _stacked(needs)
    called_for = values[:, 0].sum(axis=(0, 1, 3)) > 0.0
    kept = values[:, :, :, called_for]
    policy, year, form, stage = np.indices(kept[:, 0].shape)
    needed, met = kept[:, 0].ravel(), kept[:, 1].ravel()
    columns = {
        "policy": _names(list(needs), policy),
        "year": pa.array(year.ravel().astype(np.int32)),
        "form": _names([name for name, called in zip(forms, called_for, strict=True) if called], form),
        "stage": pa.array(stage.ravel().astype(np.int8)),
        "needed": pa.array(needed),
        "met": pa.array(met),
        "unmet": pa.array(needed - met),
    }
    return tagged(pa.table(columns), {"stage": STAGE, **NEED})


def bodies_table(bodies: ByPolicy, names: Sequence[str]) -> pa.Table:
    """Make a table of policy, body and its accounts in US$ a run, from arrays of shape (bodies, accounts)."""
    import pyarrow as pa

    values = _stacked(bodies)
    policy, body = np.indices(values.shape[:2])
    columns: dict[str, Any] = {"policy": _names(list(bodies), policy), "body": _names(names, body)}
    columns |= {name: pa.array(values[..., i].ravel()) for i, name in enumerate(BODY_ACCOUNTS)}
    about = {
        name: About("US$", f"{meaning} by the end, mean over runs", BODY) for name, meaning in BODY_ACCOUNTS.items()
    }
    return tagged(pa.table(columns), about)


def ledgers_table(ledgers: ByPolicy, first_run: int = 0) -> pa.Table:
    """Make a table with a row for each policy, run and year from 0, a column for each ledger."""
    import pyarrow as pa

    values = _stacked(ledgers)
    policy, run, year = np.indices(values.shape[:3])
    columns: dict[str, Any] = {
        "policy": _names(list(ledgers), policy),
        "run": pa.array(run.ravel() + first_run),
        "year": pa.array(year.ravel().astype(np.int32)),
    }
    columns |= {name: pa.array(values[..., i].ravel()) for i, name in enumerate(LEDGERS)}
    about = {name: About(UNITS[name], f"{meaning}, in the year", LEDGER) for name, meaning in LEDGERS.items()}
    return tagged(pa.table(columns), about)


def _monthly(policies: Sequence[str], shape: tuple[int, ...], first_run: int) -> dict[str, Any]:
    """Give the columns of policy, run and month for arrays of shape (policies, runs, months + 1)."""
    import pyarrow as pa

    policy, run, month = np.indices(shape)
    return {
        "policy": _names(policies, policy),
        "run": pa.array(run.ravel() + first_run),
        "month": pa.array(month.ravel().astype(np.int32) + np.int32(START)),
    }


def series_table(series: Mapping[str, ByPolicy], first_run: int = 0) -> pa.Table:
    """Make a table with a row for each policy, run and month, a column for each series; month -1 is the start.

    Parameters
    ----------
    series : mapping of str to mapping of str to numpy.ndarray, shape (runs, months + 1)
        By policy and name of the series.
    first_run : int
        Number of the first run.
    """
    import pyarrow as pa

    policies = list(series)
    values = {name: np.stack([series[policy][name] for policy in policies]) for name in series[policies[0]]}
    columns = _monthly(policies, next(iter(values.values())).shape, first_run)
    made = pa.table(columns | {name: pa.array(array.ravel()) for name, array in values.items()})
    return tagged(made, {name: measure_about(name) for name in values})


def stages_table(stages: ByPolicy, groups: Sequence[str], first_run: int = 0) -> pa.Table:
    """Make a table with a row for each policy, run and month, a column for each group; month -1 is the start."""
    import pyarrow as pa

    values = _stacked(stages)
    columns = _monthly(list(stages), values.shape[:3], first_run)
    made = pa.table(columns | {key: pa.array(values[..., g].ravel()) for g, key in enumerate(groups)})
    stage = column_about(GROUP["stage"])
    return tagged(made, {key: stage._replace(description=f"stage of {key} after the month") for key in groups})


def events_table(events: Mapping[tuple[str, int], Sequence[Event]]) -> pa.Table:
    """Make a table of the events of some runs, given by policy and run."""
    import pyarrow as pa

    who = [(policy, run) for (policy, run), found in events.items() for _ in found]
    columns: dict[str, Any] = {
        "policy": pa.array([policy for policy, _ in who], pa.string()),
        "run": pa.array([run for _, run in who], pa.int64()),
    }
    made = pa.table(columns | event_columns([e for found in events.values() for e in found]))
    return tagged(made, event_about())


# -- and back ----------------------------------------------------------------------------------------------------------


def _values(table: pa.Table, name: str, shape: tuple[int, ...], dtype: Any = np.float64) -> np.ndarray:
    """Give a column as an array; what is missing becomes "not a number"."""
    if name not in table.column_names:
        raise OutputError(f"is damaged: it has no column {name}")
    if table.num_rows != int(np.prod(shape)):
        raise OutputError(f"is damaged: it has {table.num_rows} rows, not {' x '.join(map(str, shape))}")
    found: np.ndarray = table.column(name).to_numpy().astype(dtype).reshape(shape)
    return found


def metrics_from(table: pa.Table, policies: Sequence[str], first_run: int, runs: int) -> dict[str, np.ndarray]:
    """Read what `runs_table` made.

    Raises
    ------
    OutputError
        If the rows are not those of these policies and runs in their order.
    """
    shape = (len(policies), runs)
    values = np.stack([_values(table, name, shape) for name in METRICS], axis=-1)
    named = _values(table, "policy", shape, object) == np.array(policies, dtype=object)[:, None]
    numbers = _values(table, "run", shape, np.int64)
    if not named.all() or (numbers != np.arange(first_run, first_run + runs)).any():
        raise OutputError("is damaged: its rows are not the runs that provenance.json tells of")
    return dict(zip(policies, values, strict=True))


def spending_from(table: pa.Table, policies: Sequence[str], forms: int, years: int | None = None) -> dict:
    """Read what `spending_table` made, or with `years` what `yearly_table` made."""
    shape = (len(policies), *(() if years is None else (years,)), forms, STAGES)
    return dict(zip(policies, _values(table, "dollars", shape), strict=True))


def bodies_from(table: pa.Table, policies: Sequence[str], bodies: int) -> dict[str, np.ndarray]:
    """Read what `bodies_table` made."""
    shape = (len(policies), bodies)
    values = np.stack([_values(table, name, shape) for name in BODY_ACCOUNTS], axis=-1)
    return dict(zip(policies, values, strict=True))


def ledgers_from(table: pa.Table, policies: Sequence[str], runs: int, years: int) -> dict[str, np.ndarray]:
    """Read what `ledgers_table` made."""
    shape = (len(policies), runs, years)
    values = np.stack([_values(table, name, shape) for name in LEDGERS], axis=-1)
    return dict(zip(policies, values, strict=True))


def needs_from(table: pa.Table, policies: Sequence[str], forms: Sequence[str], years: int) -> dict[str, np.ndarray]:
    """Read what `needs_table` made; forms that it does not name were not needed.

    Raises
    ------
    OutputError
        If it names a form that the scenario does not have, or its rows are not those of these policies and years.
    """
    named = list(dict.fromkeys(table.column("form").to_pylist())) if "form" in table.column_names else []
    if any(name not in forms for name in named):
        raise OutputError("is damaged: it names forms that resolved.json does not have")
    shape = (len(policies), years, len(named), STAGES)
    found = np.zeros((len(policies), 2, years, len(forms), STAGES))
    for k, name in enumerate(("needed", "met")):
        found[:, k][:, :, [list(forms).index(f) for f in named]] = _values(table, name, shape)
    return dict(zip(policies, found, strict=True))


def monthly_from(table: pa.Table, policies: Sequence[str], runs: int, months: int, dtype: Any = np.float64) -> dict:
    """Read what `series_table` or `stages_table` made: policy -> column -> array of shape (runs, months + 1)."""
    shape = (len(policies), runs, months + 1)
    arrays = {name: _values(table, name, shape, dtype) for name in table.column_names[3:]}
    return {policy: {name: array[k] for name, array in arrays.items()} for k, policy in enumerate(policies)}


def events_from(table: pa.Table, chosen: Iterable[tuple[str, int]]) -> dict[tuple[str, int], tuple[Event, ...]]:
    """Read what `events_table` made of the runs that were chosen."""
    found: dict[tuple[str, int], list[Event]] = {(policy, run): [] for policy, run in chosen}
    for row in table.to_pylist():
        pairs = [(row.pop(f"contribution{k + 1}"), row.pop(f"log_effect{k + 1}")) for k in range(CONTRIBUTIONS)]
        key = (row.pop("policy"), row.pop("run"))
        contributions = tuple((words, effect) for words, effect in pairs if words is not None)
        found.setdefault(key, []).append(Event(**row, contributions=contributions))
    return {key: tuple(events) for key, events in found.items()}
