"""Points whose outcomes are made up, written as `r2psim sensitivity --out` writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from r2psim.analysis.sensitivity import Design, FactorIndices, Outcome, OutcomeSensitivity, Sensitivity
from r2psim.analysis.sensitivity_factors import Range
from r2psim.analysis.sensitivity_report import write_sensitivity
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.output import new_directory

__all__ = ["PAIR", "RANGES", "TOTAL", "planted", "write_points"]

PAIR = ("late-response", "prevention")
TOTAL = "total_cost: prevention minus late-response"
RANGES = (
    Range("observation.noise", "uniform", 0.0, 0.5),
    Range("stages.to_threat.base", "log-uniform", 0.001, 0.1),
    Range("forms.mediation.effects.to_atrocity.size", "triangular", 0.5, 1.0, 0.75),
    Range("observation.error", "uniform", 0.0, 2.0),
    Range("assistance.budget_scale", "uniform", 0.2, 3.0),
)


def planted(
    units: np.ndarray, outcomes: Mapping[tuple[str, str], np.ndarray], ranges: Sequence[Range] = RANGES
) -> Sensitivity:
    """Make an analysis of a design whose outcomes are given.

    Parameters
    ----------
    units : numpy.ndarray, shape (rows, points, len(ranges))
        Places in the unit cube; of a single point a row, or of several, of which the first and the last are kept.
    outcomes : mapping of (metric, policy) to numpy.ndarray, shape (rows, points)
        All others are 0.
    """
    rows, points = units.shape[:2]
    metrics = np.zeros((rows, points, len(PAIR), 1, len(METRICS)))
    for (metric, policy), values in outcomes.items():
        metrics[:, :, PAIR.index(policy), 0, list(METRICS).index(metric)] = values
    method = "chaos" if points == 1 else "sobol"
    design = Design(method, tuple(ranges), {item.path: (item.path,) for item in ranges}, units)
    # Indices are no matter here, but a table of them is written.
    indices = tuple(FactorIndices(name) for name in design.groups)
    one = OutcomeSensitivity(Outcome("deaths", PAIR[1]), 0.0, 0.0, None, True, indices)
    return Sensitivity(
        "seminar", method, PAIR, PAIR[0], design, "prior", rows, 1, metrics[..., 0].size, 1, 20, (one,), metrics, 0.0
    )  # fmt: skip


def write_points(found: Sensitivity, directory: Path) -> Path:
    """Write it, with a row of its table."""
    with new_directory(directory) as folder:
        write_sensitivity(found, folder)
    return directory
