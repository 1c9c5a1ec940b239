"""Results as a small table for notebooks: a row for each metric, a column for each policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from r2psim.ensemble.measures import METRICS, UNITS
from r2psim.markup import escape

__all__ = ["metrics_html"]

MANY = 8
"""Policies shown side by side, at most."""


def _number(value: float) -> str:
    return "none" if np.isnan(value) else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def metrics_html(title: str, facts: str, policies: Sequence[str], metrics: Mapping[str, np.ndarray]) -> str:
    """Write the mean of every metric, with the 5th and the 95th percentile of the runs.

    Parameters
    ----------
    title, facts : str
        Caption: what was run, and how much of it.
    policies : sequence of str
        Columns; what is beyond the first eight is only counted.
    metrics : mapping of str to numpy.ndarray, shape (runs, len(METRICS))
        By policy; without any, the caption stands alone.

    Returns
    -------
    str
        HTML, everything in it escaped.
    """
    caption = f"<p><b>{escape(title)}</b><br>{escape(facts)}</p>"
    if not metrics:
        return caption
    shown = list(policies)[:MANY]
    heads = "".join(f'<th scope="col">{escape(policy)}</th>' for policy in shown)
    rows = []
    for place, name in enumerate(METRICS):
        cells = []
        for policy in shown:
            values = metrics[policy][:, place]
            values = values[np.isfinite(values)]
            low, mean, high = (
                (*np.quantile(values, (0.05,)), values.mean(), *np.quantile(values, (0.95,)))
                if len(values)
                else (np.nan,) * 3
            )
            cells.append(f"<td>{_number(mean)}<br><small>{_number(low)} to {_number(high)}</small></td>")
        head = (
            f'<th scope="row" title="{escape(METRICS[name])}">{escape(name)} <small>{escape(UNITS[name])}</small></th>'
        )
        rows.append(f"<tr>{head}{''.join(cells)}</tr>")
    more = len(policies) - len(shown)
    note = "mean over runs; below, 5th to 95th percentile of the runs" + (f"; {more} more policies" if more else "")
    return (
        f"{caption}<table><thead><tr><th></th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f"<p><small>{note}</small></p>"
    )
