"""Points of a design read back from a directory: what each was set to, and what came of it under each policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.sensitivity_store import FOLDER
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.store import MARK, OutputError, digest_of_file, read_json, read_table, sealed
from r2psim.scenario.paths import about_path

if TYPE_CHECKING:
    import pandas as pd

    from r2psim.ensemble.batch.stored_batch import Batch

__all__ = ["Axis", "DesignPoints", "read_points", "workbench_results"]

DEPENDENT = ("morris", "one-at-a-time")
"""Designs whose points are not independent of each other."""

DRAW = "draw"


@dataclass(frozen=True)
class Axis:
    """Something that was varied.

    Attributes
    ----------
    path : str
        As in ``--set``.
    meaning, unit : str
        What it is, and in what unit; empty where nothing is declared.
    low, high : float
        Ends of the range over which it was varied.
    log : bool
        Whether evenly on a logarithmic scale.
    """

    path: str
    meaning: str
    unit: str
    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """Give the place of a value in its range, 0 to 1.

        Examples
        --------
        >>> Axis("a", "", "1", 1.0, 100.0, log=True).place(10.0), Axis("b", "", "1", 0.0, 4.0).place(1.0)
        (0.5, 0.25)
        """
        ends = np.array([self.low, value, self.high])
        if self.log:
            ends = np.log(ends)
        return float(np.clip((ends[1] - ends[0]) / (ends[2] - ends[0]), 0.0, 1.0))

    def told(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "path": self.path, "meaning": self.meaning, "unit": self.unit, "low": self.low, "high": self.high,
            "log": self.log,
        }  # fmt: skip


@dataclass(frozen=True)
class DesignPoints:
    """Points of a design, and what came of them.

    Attributes
    ----------
    source : str
        Directory, or what they are called.
    scenario : str
        What was run.
    policies, metrics : tuple of str
        Of which there are outcomes.
    axes : tuple of Axis
        What was varied, and can be searched.
    x : numpy.ndarray, shape (points, len(axes))
        What each point was set to.
    row : numpy.ndarray of int, shape (points,)
        Points of the same number met the same luck, and are not fresh to each other.
    runs : str
        What an outcome of a point is a mean over, in words.
    read : callable
        Given metric and policy, the mean of each point, shape (points,); NaN where there is none.
    notes : tuple of str
        What a reader must know of them.
    """

    source: str
    scenario: str
    policies: tuple[str, ...]
    metrics: tuple[str, ...]
    axes: tuple[Axis, ...]
    x: np.ndarray
    row: np.ndarray
    runs: str
    read: Callable[[str, str], np.ndarray]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.x)


def read_points(directory: str | Path) -> DesignPoints:
    """Read the points of a directory that ``r2psim sensitivity --out`` or ``r2psim batch`` wrote.

    Raises
    ------
    OutputError
        If it is no such directory, holds no points that are independent of each other, or is damaged.
    """
    folder = Path(directory)
    said = "what is needed is a directory of r2psim sensitivity --out, or of r2psim batch with a design"
    if not folder.is_dir():
        raise OutputError(f"{folder}: {'is a file' if folder.exists() else 'there is no such directory'}; {said}")
    if not (folder / MARK).is_file():
        if (folder / FOLDER).is_dir():
            raise OutputError(f"{folder}: is unfinished: the same sensitivity command goes on from it")
        raise OutputError(f"{folder}: is no output of r2psim: it holds no {MARK}; {said}")
    kind = read_json(folder / MARK).get("kind")
    if kind == "batch":
        return _of_batch(folder)
    if kind == "sensitivity":
        return _of_sensitivity(folder)
    what = f"an output of {kind}" if isinstance(kind, str) else "another output of r2psim"
    raise OutputError(f"{folder}: is {what}; {said}")


def _made(
    folder: Path,
    columns: Mapping[str, np.ndarray],
    ranges: Mapping[str, tuple[float, float, bool]],
    notes: list[str],
    **facts: Any,
) -> DesignPoints:
    """Put points together; what cannot be searched is left out, and told."""
    axes: list[Axis] = []
    for path, column in columns.items():
        low, high, log = ranges[path]
        if column.min() == column.max():
            notes.append(f"{path} is the same at all points, and is left out")
        else:
            low, high = min(low, float(column.min())), max(high, float(column.max()))
            axes.append(Axis(path, *about_path(path), low, high, log and low > 0.0))
    if not axes:
        raise OutputError(f"{folder}: nothing that can be searched varies from point to point: {'; '.join(notes)}")
    x = np.stack([columns[axis.path].astype(np.float64) for axis in axes], axis=1)
    return DesignPoints(source=str(folder), axes=tuple(axes), x=x, notes=tuple(notes), **facts)


# -- of a sensitivity analysis -----------------------------------------------------------------------------------------


def _of_sensitivity(folder: Path) -> DesignPoints:
    facts, contents = sealed(folder)
    if facts.get("method") == "morris":
        raise OutputError(
            f"{folder}: holds trajectories of Morris, whose points are not independent of each other; take "
            "--method sobol or chaos"
        )
    for name in ("points.parquet", "sensitivity.json"):
        file = folder / name
        if not file.is_file():
            raise OutputError(f"{file}: is missing")
        if contents is not None and contents.get(name) != digest_of_file(file):
            raise OutputError(f"{file}: is damaged: it is not what was written")
    table = read_table(folder / "points.parquet")
    summary = read_json(folder / "sensitivity.json")
    notes: list[str] = []
    try:
        policies = tuple(str(policy) for policy in summary["policies"])
        ranges = {
            str(item["path"]): (float(item["low"]), float(item["high"]), item["distribution"] == "log-uniform")
            for item in summary["ranges"]
            if item["distribution"] != DRAW
        }
        columns = {path: table[path].to_numpy() for path in ranges}
        if len(ranges) < len(summary["ranges"]):
            notes.append(
                "which draw of the posterior a point has is no number on a scale: the calibrated rates are left out, "
                "and count as luck (--rates prior varies them one by one)"
            )
        row, runs = table["row"].to_numpy(), int(summary["replicates"])
        scenario = str(summary["scenario"])
    except (KeyError, TypeError, ValueError) as error:
        raise OutputError(f"{folder / 'sensitivity.json'}: is damaged: {error!r}") from error
    there = set(table.column_names)
    metrics = tuple(metric for metric in METRICS if all(f"{metric}: {policy}" in there for policy in policies))
    return _made(
        folder, columns, ranges, notes,
        scenario=scenario, policies=policies, metrics=metrics, row=row,
        runs="one run" if runs == 1 else f"the mean of {runs} runs",
        read=lambda metric, policy: table[f"{metric}: {policy}"].to_numpy(),
    )  # fmt: skip


# -- of a batch --------------------------------------------------------------------------------------------------------


def _of_batch(folder: Path) -> DesignPoints:
    from r2psim.ensemble.batch.stored_batch import Batch

    batch = Batch(folder)
    kind = batch.experiment["design"]["kind"]
    if kind in DEPENDENT:
        raise OutputError(
            f"{folder}: has a design {kind}, whose points are not independent of each other; latin-hypercube, sobol, "
            "grid and csv can be searched"
        )
    batch.demand(batch.lost())
    notes = list(batch.notes())
    table = batch.points
    columns: dict[str, np.ndarray] = {}
    ranges: dict[str, tuple[float, float, bool]] = {}
    for path in batch.factors:
        column = table[path].to_numpy(zero_copy_only=False)
        if column.dtype == object or table[path].null_count:
            notes.append(f"{path} is set to text, or not at all points, and is left out; it counts as luck")
            continue
        columns[path] = column.astype(np.float64)
        factor = batch.experiment["factors"][path]
        values = [float(value) for value in factor["values"]] if "values" in factor else [factor["low"], factor["high"]]
        ranges[path] = (min(values), max(values), factor.get("distribution") == "log-uniform")
    runs = batch.plan.runs if batch.manifest.stopped is None else batch.manifest.stopped.runs
    if not batch.complete:
        notes.append(f"the batch is unfinished: {batch.done / max(batch.plan.total, 1):.0%} of the runs are there")
    notes.append("all points met the same luck: how far what is found hangs on it, the test on fresh points cannot say")
    return _made(
        folder, columns, ranges, notes,
        scenario=batch.experiment["scenario"]["name"], policies=batch.policies, metrics=batch.metrics,
        row=np.arange(len(table)), runs="one run" if runs == 1 else f"the mean of {runs:,} runs",
        read=partial(_means, batch),
    )  # fmt: skip


def _means(batch: Batch, metric: str, policy: str) -> np.ndarray:
    """Give the mean of a metric at each point over its runs."""
    import pyarrow.compute as pc

    rows = batch.dataset().to_table(columns=["point", metric], filter=pc.field("policy") == policy)
    points, values = rows["point"].to_numpy(), rows[metric].to_numpy()
    known = np.isfinite(values)
    counts = np.bincount(points[known], minlength=batch.plan.points)
    sums = np.bincount(points[known], values[known], minlength=batch.plan.points)
    means: np.ndarray = np.divide(sums, counts, out=np.full(batch.plan.points, np.nan), where=counts > 0)
    return means


# -- for others --------------------------------------------------------------------------------------------------------


def workbench_results(directory: str | Path) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Give points and outcomes as the analyses of EMAworkbench take them: experiments and outcomes.

    Parameters
    ----------
    directory : str or Path
        As for `r2psim.discover`.

    Returns
    -------
    tuple
        A data frame with a row for each point and a column for each path that was varied; and outcomes, each of shape
        (points,), by name: ``METRIC: POLICY``.

    Raises
    ------
    OutputError
        As `read_points`.
    ImportError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise ImportError('data frames need pandas, which is not installed: pip install "r2psim[data]"') from None
    points = read_points(directory)
    experiments = pd.DataFrame(points.x, columns=[axis.path for axis in points.axes])
    outcomes = {
        f"{metric}: {policy}": points.read(metric, policy) for policy in points.policies for metric in points.metrics
    }
    return experiments, outcomes
