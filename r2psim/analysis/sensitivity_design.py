"""Designs of a sensitivity analysis: at which points a model is run, for the method that is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from r2psim.analysis.sensitivity_factors import (
    Range,
)

__all__ = ["LEVELS", "METHODS", "Design", "design_of"]

METHODS = ("sobol", "chaos", "morris")

LEVELS = 4


@dataclass(frozen=True)
class Design:
    """Points of an analysis.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    ranges : tuple of Range
        What is varied.
    groups : dict of str to tuple of str
        Factors, each with the paths of its members.
    units : numpy.ndarray, shape (rows, points, len(ranges))
        Places in the unit cube: of ``sobol`` A, A with each factor taken from B, and B; of ``chaos`` a single point; of
        ``morris`` a trajectory.
    moved, step : numpy.ndarray or None
        Of ``morris``, as `morris_measures` takes them.
    """

    method: str
    ranges: tuple[Range, ...]
    groups: dict[str, tuple[str, ...]]
    units: np.ndarray
    moved: np.ndarray | None = None
    step: np.ndarray | None = None


def _salib(method: str) -> Any:
    try:
        if method != "morris":
            from SALib.sample import sobol as found
        else:
            from SALib.sample import morris as found
    except ImportError:
        raise ImportError(
            'a sensitivity analysis needs SALib, which is not installed: pip install "r2psim[designs]"'
        ) from None
    return found


def design_of(
    method: str, ranges: Sequence[Range], groups: Mapping[str, Sequence[str]], rows: int, seed: int
) -> Design:
    """Draw a design: SALib's Saltelli sample (a scrambled Sobol sequence), its points A, or trajectories of Morris.

    Parameters
    ----------
    method : {"sobol", "chaos", "morris"}
    ranges, groups
        What is varied, and its factors; every range belongs to one.
    rows : int
        Rows of the Saltelli sample or points, a power of two; or trajectories.
    seed : int
        Of the design.

    Raises
    ------
    ImportError
        If SALib is not installed.
    """
    sampler = _salib(method)
    of = {path: name for name, members in groups.items() for path in members}
    names = [item.path for item in ranges]
    chosen = np.random.default_rng([seed, 17])
    cube: dict[str, Any] = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    member = np.array([[of[path] == name for path in names] for name in groups])
    kept = {name: tuple(members) for name, members in groups.items()}
    if method != "morris":
        each = len(names) + 2
        drawn = sampler.sample(cube, rows, calc_second_order=False, seed=chosen).reshape(rows, each, len(names))
        a, b = drawn[:, 0], drawn[:, -1]
        if method == "chaos":
            return Design(method, tuple(ranges), kept, a[:, None])
        crossed = [np.where(own, b, a) for own in member]
        return Design(method, tuple(ranges), kept, np.stack([a, *crossed, b], axis=1))
    single = len(kept) == len(names)
    if not single:
        cube["groups"] = [of[path] for path in names]
    drawn = sampler.sample(cube, rows, num_levels=LEVELS, seed=chosen)
    units = drawn.reshape(rows, len(kept) + 1, len(names))
    change = np.diff(units, axis=1)
    moved = np.array([[_which(member, step) for step in path] for path in change])
    step = change.sum(axis=2) if single else np.abs(change).max(axis=2)
    return Design(method, tuple(ranges), kept, units, moved, step)


def _which(member: np.ndarray, change: np.ndarray) -> int:
    """Give the factor whose members a step moves."""
    return int(np.flatnonzero(member[:, np.abs(change) > 1e-12].any(axis=1))[0])
