"""What is taken home from Compare: the numbers behind each figure, and the whole as a report that needs nothing else.

Drawings become SVG and PNG in the browser (``figures.vue``), as they are seen; numbers and the report are made here.
"""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import isnan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import solara

from r2psim.analysis.comparison import Comparison
from r2psim.analysis.findings import METRIC_NAMES
from r2psim.analysis.ledgers import COST_LEDGERS
from r2psim.app.charts import BANDS, PARTS, spread_of
from r2psim.app.page_parts import Markup, element, join
from r2psim.app.runs import CURVES, EVERY
from r2psim.ensemble.intervals import Interval, paired_interval
from r2psim.scenario import Scenario

__all__ = ["ALONG", "Files", "csv_of", "report_of", "saved", "written"]

ALONG = "break-even"
"""The figure that Compare makes apart from the others."""

KINDS = {"svg": "SVG", "png": "PNG", "csv": "CSV"}

_MAKING = threading.Lock()
"""Reports are made one at a time: each draws for some seconds."""


def saved(name: str, title: str, *inside: Any) -> Markup:
    """Set a figure with the ways to save it: ``name`` is what `csv_of` knows it by, ``title`` what it is called."""
    ways = [
        element(
            "button", words, type="button", class_="r2p-link", data_save=kind, aria_label=f"Save {title} as {words}"
        )
        for kind, words in KINDS.items()
    ]
    return element(
        "div",
        *inside,
        element("p", "Save: ", join(join((way, " ")) for way in ways), class_="r2p-note r2p-save"),
        data_figure=name,
    )


@solara.component_vue("figures.vue")
def Files(
    stem: str,
    source: str,
    answer: dict[str, Any],
    only: str = "",
    event_ask: Callable[[str], None] | None = None,
) -> None:
    """Save what is asked for: drawings as the page has them, and texts that the server answers with.

    Parameters
    ----------
    stem, source : str
        How names of files begin; where a drawing came from, which is written into it.
    answer : dict
        ``file``, ``kind``, ``content`` and ``number`` of the last text that was asked for; empty before.
    only : str
        Figure that it alone saves; empty for all that no other one saves.
    event_ask : callable, optional
        Told what text is asked for: ``csv:NAME`` or ``report``.
    """


# -- numbers -----------------------------------------------------------------------------------------------------------

Rows = Iterable[Sequence[Any]]


def written(heads: Sequence[str], rows: Rows) -> str:
    """Write a table as CSV; numbers as exactly as they are, and nothing where there is none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow(
            ["" if value is None or (isinstance(value, float) and isnan(value)) else value for value in row]
        )
    return text.getvalue()


def csv_of(
    name: str, comparison: Comparison, curves: Mapping[str, Mapping[str, np.ndarray]], policy: str, metric: str
) -> str:
    """Give the numbers of a figure of Compare; empty where there is none of that name.

    Parameters
    ----------
    name : str
        As `saved` has it: ``fan-SERIES``, ``differences``, ``ledgers``, ``return-POLICY`` or ``runs``.
    comparison : Comparison
        What is shown.
    curves : mapping
        As `r2psim.app.charts.fans` takes them.
    policy, metric : str
        The policy that is told in detail, and of what the difference of every run is drawn.
    """
    kind, _, rest = name.partition("-")
    if kind == "fan" and rest in CURVES:
        return written(("month", "policy", "mean", *(f"q{100 * q:02.0f}" for q in BANDS)), _fan(rest, curves))
    if name == "differences":
        heads = ("metric", "name", "mean", "low", "high", "told_apart", "share_less", "share_more")
        return written(heads, _differences(comparison, policy))
    if name == "ledgers":
        rows = ([m, *(float(comparison.values(p, m).mean()) for p in comparison.policies)] for m in PARTS)
        return written(("ledger", *comparison.policies), rows)
    if kind == "return" and rest in comparison.others:
        columns = ("ledger", *(f"{what}_{of}" for what in ("harm_avoided", "withheld") for of in Interval._fields))
        return written(columns, _returns(comparison, rest))
    if name == "runs":
        each = zip(
            range(comparison.runs),
            *(comparison.values(p, metric).tolist() for p in (policy, comparison.baseline)),
            comparison.difference(metric, policy).tolist(),
            strict=True,
        )
        return written(("run", f"{metric}_{policy}", f"{metric}_{comparison.baseline}", "difference"), each)
    return ""


def _fan(series: str, curves: Mapping[str, Mapping[str, np.ndarray]]) -> Rows:
    for policy, of in curves.items():
        mean, spread = of[series].mean(axis=0, dtype=np.float64), spread_of(series, of[series])
        for point in range(len(mean)):
            yield EVERY * point, policy, float(mean[point]), *spread[:, point].tolist()


def _differences(comparison: Comparison, policy: str) -> Rows:
    for metric, (name, _) in METRIC_NAMES.items():
        values = comparison.difference(metric, policy)
        known = values[np.isfinite(values)]
        found = paired_interval(values)
        if found is None:
            yield metric, name, *[None] * 6
            continue
        shares = float((known < 0.0).mean()), float((known > 0.0).mean())
        yield metric, name, *found, str(found.told_apart).lower(), *shares


def _returns(comparison: Comparison, policy: str) -> Rows:
    for ledger in COST_LEDGERS.values():
        found = comparison.returns(policy, ledger.parts)
        if found.harm_avoided is not None and found.withheld is not None:
            yield ledger.title, *found.harm_avoided, *found.withheld


# -- the report --------------------------------------------------------------------------------------------------------


def report_of(
    comparison: Comparison, scenario: Scenario, policy: str, command: str, facts: Sequence[tuple[str, str]]
) -> str:
    """Make a report of what is compared, as ``r2psim report`` makes it of a directory, in one file of HTML.

    Parameters
    ----------
    comparison, scenario : Comparison, Scenario
        What is shown, and its world.
    policy : str
        The policy that is told in detail.
    command : str
        What computes the same numbers.
    facts : sequence of (str, str)
        What else is needed to make it again.
    """
    from r2psim.plots import cost_argument, net_over_time, paired_differences, returns_on_prevention, save
    from r2psim.reports.comparison import part_of_comparison
    from r2psim.reports.page import html
    from r2psim.reports.parts import Again

    # The report tells of the last policy in detail.
    others = [name for name in comparison.policies if name != policy]
    ordered = replace(comparison, policies=(*others, policy))
    drawn: dict[str, Callable[[], Any]] = {
        "cost-argument.png": lambda: cost_argument(ordered),
        "paired-differences.png": lambda: paired_differences(ordered, policy),
    }
    if not ordered.no_effects:
        drawn |= {
            "returns-on-prevention.png": lambda: returns_on_prevention(ordered, policy),
            "net-over-time.png": lambda: net_over_time(ordered, policy),
        }
    with _MAKING, TemporaryDirectory(prefix="r2psim-") as folder:
        figures = {name: save(draw(), Path(folder) / name).read_bytes() for name, draw in drawn.items()}
    part = part_of_comparison(ordered, scenario, name="as on the page", figures=figures, again=Again(command, facts))
    return html([part])
