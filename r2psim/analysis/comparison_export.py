"""A comparison of policies on disk: numbers, every run, every form's spending, and what is needed to run it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from r2psim.analysis.comparison import Comparison
from r2psim.analysis.export import provenance
from r2psim.ensemble.runs import METRICS

__all__ = ["write_comparison"]


def write_comparison(comparison: Comparison, resolved: dict[str, Any], directory: Path) -> None:
    """Write a comparison.

    Parameters
    ----------
    comparison : Comparison
        What was run.
    resolved : dict
        The scenario with everything generated and every default filled in.
    directory : Path
        Existing; gets ``comparison.json``, ``runs.parquet`` (a row for each policy and run, a column for each metric),
        ``spending.parquet`` (policy, form, stage, US$ a run), ``resolved.json``, ``provenance.json``.
    """
    policies, runs = comparison.policies, comparison.runs
    together = np.concatenate([comparison.metrics[policy] for policy in policies])
    columns: dict[str, Any] = {
        "policy": pa.array(np.repeat(policies, runs)).dictionary_encode(),
        "run": pa.array(np.tile(np.arange(runs, dtype=np.int32), len(policies))),
    }
    # A run without a threatened state has no such month: missing, not "not a number".
    columns |= {name: pa.array(together[:, i], from_pandas=True) for i, name in enumerate(METRICS)}
    pq.write_table(pa.table(columns), directory / "runs.parquet", compression="zstd")
    spent = np.stack([comparison.spending[policy] for policy in policies])
    policy, form, stage = (axis.ravel() for axis in np.indices(spent.shape))
    table = {
        "policy": pa.array(np.array(policies)[policy]).dictionary_encode(),
        "form": pa.array(np.array(list(comparison.forms))[form]).dictionary_encode(),
        "stage": pa.array(stage.astype(np.int8)),
        "dollars": pa.array(spent.ravel()),
    }
    pq.write_table(pa.table(table), directory / "spending.parquet", compression="zstd")
    facts = provenance(
        scenario=comparison.scenario,
        policies=list(policies),
        seed=comparison.seed,
        runs=runs,
        months=comparison.months,
    )
    for name, content in (("comparison", comparison.summary()), ("resolved", resolved), ("provenance", facts)):
        text = json.dumps(content, indent=2, allow_nan=False)
        (directory / f"{name}.json").write_text(text + "\n", encoding="utf-8")
