"""Designs: from factors to the points at which a scenario is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.ensemble.batch.experiment import Experiment, Factor, Value
from r2psim.ensemble.store import OutputError
from r2psim.world.codebook import KEYS, about_of, file_metadata, path_about

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BASELINE", "Points", "points_of", "points_table"]

BASELINE = "baseline"
"""What the column ``moved`` says of the point of a one-at-a-time design at which everything is as it is."""

LEVELS = 4
ENDS = 2


@dataclass(frozen=True)
class Points:
    """The points of a design.

    Attributes
    ----------
    paths : tuple of str
        What is varied.
    rows : tuple of tuple
        A value for each path, or None where a point leaves it as the scenario has it.
    moved : tuple of str
        Which factor each point moves, in designs that move one at a time; else empty.
    trajectory : tuple of int
        To which trajectory each point belongs, in a morris design; else empty.
    """

    paths: tuple[str, ...]
    rows: tuple[tuple[Value | None, ...], ...]
    moved: tuple[str, ...] = ()
    trajectory: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)


# -- the designs -------------------------------------------------------------------------------------------------------


def _grid(factors: tuple[Factor, ...], design: Mapping[str, Any], seed: int) -> Points:
    """Combine every level with every other; the last factor changes fastest."""
    levels = [factor.on_levels(design.get("levels", ENDS)) for factor in factors]
    return Points(_paths(factors), tuple(product(*levels)))


def _latin_hypercube(factors: tuple[Factor, ...], design: Mapping[str, Any], seed: int) -> Points:
    """Cut each factor's range into as many strata as there are points, and put one point into each."""
    from scipy.stats import qmc

    sampler = qmc.LatinHypercube(len(factors), seed=np.random.default_rng(design.get("seed", seed)))
    return _spread(factors, sampler.random(design["points"]))


def _sobol(factors: tuple[Factor, ...], design: Mapping[str, Any], seed: int) -> Points:
    """Draw a scrambled Sobol sequence."""
    from scipy.stats import qmc

    sampler = qmc.Sobol(len(factors), scramble=True, seed=np.random.default_rng(design.get("seed", seed)))
    return _spread(factors, sampler.random_base2(design["points"].bit_length() - 1))


def _spread(factors: tuple[Factor, ...], places: np.ndarray) -> Points:
    rows = tuple(tuple(f.at(float(u)) for f, u in zip(factors, row, strict=True)) for row in places)
    return Points(_paths(factors), rows)


def _morris(factors: tuple[Factor, ...], design: Mapping[str, Any], seed: int) -> Points:
    """Draw trajectories on a grid of levels; each moves every factor once (Morris 1991, sampled by SALib)."""
    try:
        from SALib.sample import morris
    except ImportError:
        raise OutputError(
            'a morris design needs SALib, which is not installed: pip install "r2psim[designs]"'
        ) from None
    count = design["trajectories"]
    names = list(_paths(factors))
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    chosen = np.random.default_rng(design.get("seed", seed))
    places = morris.sample(problem, count, num_levels=design.get("levels", LEVELS), seed=chosen)
    points = _spread(factors, places)
    each = len(names) + 1
    moved = []
    for i, row in enumerate(points.rows):
        before = points.rows[i - 1]
        changed = [name for name, a, b in zip(names, before, row, strict=True) if a != b]
        moved.append(changed[0] if i % each else BASELINE)
    return Points(points.paths, points.rows, tuple(moved), tuple(i // each for i in range(len(points))))


def _one_at_a_time(factors: tuple[Factor, ...], design: Mapping[str, Any], seed: int) -> Points:
    """Give the scenario as it is, then each factor alone at each of its values or levels."""
    rows: list[tuple[Value | None, ...]] = [(None,) * len(factors)]
    moved = [BASELINE]
    for i, factor in enumerate(factors):
        for value in factor.on_levels(design.get("levels", ENDS)):
            rows.append(tuple(value if k == i else None for k in range(len(factors))))
            moved.append(factor.path)
    return Points(_paths(factors), tuple(rows), tuple(moved))


def _paths(factors: tuple[Factor, ...]) -> tuple[str, ...]:
    return tuple(factor.path for factor in factors)


_DESIGNS: dict[str, Callable[[tuple[Factor, ...], Mapping[str, Any], int], Points]] = {
    "grid": _grid,
    "latin-hypercube": _latin_hypercube,
    "sobol": _sobol,
    "morris": _morris,
    "one-at-a-time": _one_at_a_time,
}


def points_of(experiment: Experiment) -> Points:
    """Give the points of an experiment; the same ones each time.

    Raises
    ------
    OutputError
        If a package is needed for it that is not installed, or there are too many.
    """
    kind = experiment.design["kind"]
    if kind == "csv":
        return Points(_paths(experiment.factors), experiment.table)
    return _DESIGNS[kind](experiment.factors, experiment.design, experiment.seed)


# -- as a table --------------------------------------------------------------------------------------------------------


def points_table(points: Points) -> pa.Table:
    """Make a table with a row for each point, a column for each path; empty where a point leaves it as it is.

    Units, meanings and sources are in the metadata of the fields (`r2psim.world.codebook`).
    """
    import pyarrow as pa

    fields = [_field("point", pa.int64(), nullable=False)]
    arrays = [pa.array(range(len(points)), pa.int64())]
    for i, path in enumerate(points.paths):
        values = pa.array([row[i] for row in points.rows], _type([row[i] for row in points.rows]))
        fields.append(pa.field(path, values.type, metadata=about_of(path_about(path))))
        arrays.append(values)
    if points.trajectory:
        fields.append(_field("trajectory", pa.int64()))
        arrays.append(pa.array(points.trajectory, pa.int64()))
    if points.moved:
        fields.append(_field("moved", pa.string()))
        arrays.append(pa.array(points.moved, pa.string()))
    schema = pa.schema(fields)
    return pa.Table.from_arrays(arrays, schema=schema.with_metadata(file_metadata(schema)))


def _field(name: str, kind: pa.DataType, nullable: bool = True) -> pa.Field:
    import pyarrow as pa

    return pa.field(name, kind, nullable, about_of(KEYS[name]))


def _type(values: list[Value | None]) -> pa.DataType:
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool}:
        return pa.bool_()
    if kinds <= {int}:
        return pa.int64()
    return pa.float64() if kinds <= {int, float} else pa.string()
