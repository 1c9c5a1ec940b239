"""What a worker does: some runs of some points, to a table."""

from __future__ import annotations

import hashlib
import json
import pickle
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from r2psim.ensemble.arrow_tables import START, key_fields, measure_field
from r2psim.ensemble.batch.experiment import Experiment, Headline, Value, setting
from r2psim.ensemble.batch.plan import Segment
from r2psim.ensemble.devices import checked_device
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.results import Results
from r2psim.ensemble.simulation import simulate
from r2psim.ensemble.warmup import warm_up
from r2psim.rules.compiled import source_digest
from r2psim.scenario.paths import FormNumber, form_number, parameter_of
from r2psim.world.codebook import file_metadata
from r2psim.world.expand import expand

if TYPE_CHECKING:
    import pyarrow as pa

    from r2psim.scenario import Scenario
    from r2psim.scenario.loading import Draft

__all__ = [
    "ABOUT",
    "Done",
    "Failure",
    "Job",
    "Task",
    "WrongVersionError",
    "given_up",
    "job_of",
    "run_task",
    "scenario_at",
]

ABOUT = b"r2psim"
"""Under this key the metadata of a part say which part of which batch it is."""

METRIC_PLACES = {name: place for place, name in enumerate(METRICS)}


class WrongVersionError(Exception):
    """A worker that has other rules than the process that sends it work."""


class Failure(NamedTuple):
    """A point that could not be run: which, why in one line, and the whole traceback."""

    point: int
    error: str
    log: str


class Task(NamedTuple):
    """A stretch of the batch: the runs on it, and what their points are set to."""

    first: int
    length: int
    segments: tuple[Segment, ...]
    values: dict[int, tuple[Value | None, ...]]


@dataclass(frozen=True)
class Done:
    """A finished stretch.

    Attributes
    ----------
    first, count : int
        The stretch.
    parts : dict of str to bytes
        Parquet by table: ``runs``, and ``series`` where they are kept. Empty where the worker has stored them.
    hashes : dict of str to (str, int)
        SHA-256 and size of each.
    failed : tuple of Failure
        Points without runs.
    differences : numpy.ndarray, shape (count,)
        The headline difference of every run on the stretch; NaN where there is none.
    seconds : float
        How long it took the worker.
    """

    first: int
    count: int
    parts: dict[str, bytes]
    hashes: dict[str, tuple[str, int]]
    failed: tuple[Failure, ...]
    differences: np.ndarray
    seconds: float


@dataclass(frozen=True)
class Job:
    """What all tasks of a batch share, as it is sent to workers.

    Attributes
    ----------
    batch : str
        Digest of the batch, written into every part.
    rules : str
        Digest of the rules that a worker must have.
    draft, sets, scenario
        As in `Experiment`; `scenario` has everything generated.
    paths : tuple of str
        What is varied.
    policies, seed, metrics, series, headline
        As in `Experiment`.
    storage : str or None
        Where workers write parts; None if they send them back.
    device : str
        Where workers run, as `r2psim.simulate` takes it.
    """

    batch: str
    rules: str
    draft: Draft
    sets: tuple[str, ...]
    scenario: Scenario
    paths: tuple[str, ...]
    policies: tuple[str, ...]
    seed: int
    metrics: tuple[str, ...]
    series: tuple[str, ...]
    headline: Headline | None
    storage: str | None = None
    device: str = "cpu"


def job_of(experiment: Experiment, paths: tuple[str, ...], batch: str, storage: str | None = None) -> Job:
    """Give what all tasks of an experiment share."""
    return Job(
        batch=batch,
        rules=source_digest(),
        draft=experiment.draft,
        sets=experiment.sets,
        scenario=experiment.scenario,
        paths=paths,
        policies=experiment.policies,
        seed=experiment.seed,
        metrics=experiment.metrics,
        series=experiment.series,
        headline=experiment.headline,
        storage=storage,
        device=checked_device(None),
    )


# -- a point -----------------------------------------------------------------------------------------------------------


def scenario_at(job: Job, values: Sequence[Value | None]) -> Scenario:
    """Give the scenario at a point.

    Where only parameters, numbers of forms and the length of a run are varied, nothing is read, checked or generated
    again: their values lie in ranges that have been checked. It is the same scenario that ``--set`` gives.

    Raises
    ------
    ScenarioError
        If the values do not fit one another.
    """
    changes = {path: value for path, value in zip(job.paths, values, strict=True) if value is not None}
    if not all(path == "years" or parameter_of(path) or form_number(path) for path in changes):
        return expand(job.draft.load([*job.sets, *(setting(path, value) for path, value in changes.items())]))
    scenario = job.scenario
    if "years" in changes:
        scenario = replace(scenario, years=int(changes["years"]))
    own, overlays, overrides = dict(scenario.parameters), dict(scenario.policies), dict(scenario.overrides)
    forms = scenario.changed_forms
    for path, value in changes.items():
        if found := form_number(path):
            forms = _with_number(forms, found, value)
        match parameter_of(path):
            case (None, name):
                overrides[name] = own[name] = float(value) + 0.0  # no negative zero
            case (policy, name):
                spec = overlays[policy]
                overrides[f"policies.{policy}.{name}"] = float(value) + 0.0
                overlays[policy] = replace(spec, parameters=spec.parameters | {name: float(value) + 0.0})
    return replace(scenario, parameters=own, policies=overlays, overrides=overrides, changed_forms=forms)


def _with_number(forms: Mapping[str, Any], number: FormNumber, value: Value) -> dict[str, Any]:
    """Give changes of the catalogue with a number of a form changed too, as ``--set`` changes it."""
    form = dict(forms.get(number.form, {}))
    if number.channel is None:
        return {**forms, number.form: form | {number.key: value}}
    effects = dict(form.get("effects", {}))
    effects[number.channel] = {**effects.get(number.channel, {}), "known": True, number.key: value}
    return {**forms, number.form: form | {"effects": effects}}


# -- a task ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _job(pickled: bytes) -> Job:
    """Read what all tasks share, once in a worker, and have everything compiled before anything is timed."""
    job = pickle.loads(pickled)
    assert isinstance(job, Job)
    if job.rules != source_digest():
        raise WrongVersionError(f"a worker has rules {source_digest()}, and the batch was sent with rules {job.rules}")
    warm_up()
    return job


def run_task(pickled: bytes, task: Task) -> Done:
    """Run a stretch.

    Parameters
    ----------
    pickled : bytes
        The `Job`; the same bytes each time, so that a worker reads them once.
    task : Task
        The stretch.

    Raises
    ------
    WrongVersionError
        If this worker has other rules.
    OSError
        If it cannot store the parts.
    """
    job = _job(pickled)
    began = perf_counter()
    differences = np.full(task.length, np.nan)
    found: list[tuple[Segment, Results]] = []
    failed: list[Failure] = []
    at = 0
    for segment in task.segments:
        try:
            scenario = scenario_at(job, task.values[segment.point])
            results = simulate(
                scenario,
                job.policies,
                runs=segment.runs,
                seed=job.seed,
                threads=1,
                first_run=segment.first_run,
                series=job.series,
                device=job.device,
            )
        except Exception as error:  # one point must not stop the others
            failed.append(Failure(segment.point, _in_a_line(error), traceback.format_exc()))
        else:
            found.append((segment, results))
            differences[at : at + segment.runs] = _difference(job.headline, results)
        at += segment.runs
    return _packed(job, task, found, failed, differences, perf_counter() - began)


def given_up(job: Job, task: Task, error: str) -> Done:
    """Give the result of a stretch of which nothing can be run: every point on it failed."""
    failed = [Failure(point, error, "") for point in task.values]
    return _packed(job, task, [], failed, np.full(task.length, np.nan), 0.0)


def _packed(
    job: Job,
    task: Task,
    found: Sequence[tuple[Segment, Results]],
    failed: Sequence[Failure],
    differences: np.ndarray,
    seconds: float,
) -> Done:
    """Make parts of what was run, and store them where workers are to."""
    about = {"batch": job.batch, "first": task.first, "count": task.length, "failed": [list(f) for f in failed]}
    parts: dict[str, bytes] = {}
    if job.series:
        parts["series"] = _parquet(_series_table(job, found), about)
        about["series"] = hashlib.sha256(parts["series"]).hexdigest()
    parts["runs"] = _parquet(_runs_table(job, found), about)
    hashes = {name: (hashlib.sha256(content).hexdigest(), len(content)) for name, content in parts.items()}
    if job.storage is not None:
        from r2psim.ensemble.batch.parts import parts_at

        parts_at(job.storage).write_all(task.first, task.length, parts, hashes)
        parts = {}
    return Done(task.first, task.length, parts, hashes, tuple(failed), differences, seconds)


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' / '.join(str(error).splitlines())}"


def _difference(headline: Headline | None, results: Results) -> Any:
    if headline is None:
        return np.nan
    a, b = (results.values(policy, headline.metric) for policy in headline.policies)
    return a - b


# -- tables ------------------------------------------------------------------------------------------------------------


def _parquet(table: pa.Table, about: Mapping[str, Any]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    told = {ABOUT: json.dumps(about, ensure_ascii=False).encode()}
    table = table.replace_schema_metadata(told | file_metadata(table.schema))
    sink = pa.BufferOutputStream()
    names = [name for name in ("point", "policy", "run", "month") if name in table.column_names]
    pq.write_table(table, sink, compression="zstd", use_dictionary=names, write_page_checksum=True)
    return bytes(sink.getvalue().to_pybytes())


def _joined(arrays: Sequence[np.ndarray], dtype: Any = np.float64) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=dtype)


def _named(job: Job, places: np.ndarray) -> pa.Array:
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int8)), pa.array(job.policies, pa.string()))


def _runs_table(job: Job, found: Sequence[tuple[Segment, Results]]) -> pa.Table:
    """Make a table of point, policy, run and metrics, in that order of rows."""
    import pyarrow as pa

    each = len(job.policies)
    point = _joined([np.full(each * segment.runs, segment.point) for segment, _ in found], np.int64)
    policy = _joined([np.repeat(np.arange(each), segment.runs) for segment, _ in found], np.int64)
    numbers = [np.arange(segment.first_run, segment.first_run + segment.runs) for segment, _ in found]
    run = _joined([np.tile(number, each) for number in numbers], np.int64)
    columns = [pa.array(point), _named(job, policy), pa.array(run)]
    for name in job.metrics:
        place = METRIC_PLACES[name]
        values = _joined([results.metrics[p][:, place] for _, results in found for p in job.policies])
        # A run without a threatened state has no such month: missing, not "not a number".
        columns.append(pa.array(values, from_pandas=True))
    return pa.Table.from_arrays(columns, schema=pa.schema([*key_fields("runs"), *map(measure_field, job.metrics)]))


def _series_table(job: Job, found: Sequence[tuple[Segment, Results]]) -> pa.Table:
    """Make a table of point, policy, run, month (-1 is the start) and series, in that order of rows."""
    import pyarrow as pa

    columns: dict[str, list[np.ndarray]] = {name: [] for name in ("point", "policy", "run", "month", *job.series)}
    for segment, results in found:
        shape = (len(job.policies), segment.runs, results.months + 1)
        policy, run, month = np.indices(shape)
        columns["point"].append(np.full(policy.size, segment.point))
        columns["policy"].append(policy.ravel())
        columns["run"].append(run.ravel() + segment.first_run)
        columns["month"].append(month.ravel() + START)
        for name in job.series:
            columns[name].append(np.stack([results.series[p][name] for p in job.policies]).ravel())
    keys = {name: _joined(columns[name], np.int64) for name in ("point", "policy", "run", "month")}
    arrays = [pa.array(keys["point"]), _named(job, keys["policy"]), pa.array(keys["run"])]
    arrays.append(pa.array(keys["month"].astype(np.int32)))
    arrays += [pa.array(_joined(columns[name])) for name in job.series]
    return pa.Table.from_arrays(arrays, schema=pa.schema([*key_fields("series"), *map(measure_field, job.series)]))
