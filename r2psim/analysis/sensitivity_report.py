"""A sensitivity analysis in words and tables: on the terminal, and in files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from r2psim.analysis.batch_progress import amount
from r2psim.progress import duration

if TYPE_CHECKING:
    from r2psim.analysis.sensitivity import Cost, OutcomeSensitivity, Sensitivity
    from r2psim.analysis.sensitivity_indices import Share

__all__ = ["ENOUGH", "cost_text", "file_name", "lines", "share_words", "write_sensitivity"]

SHOWN = 6
FEW = 64
"""Rows below which a bootstrap makes intervals too narrow."""
ENOUGH = 0.05
"""Half width of the interval of a total index up to which it is said to be known."""


def file_name(outcome: str) -> str:
    """Give the name of an outcome's figure, without its ending.

    Examples
    --------
    >>> file_name("gdp_lost: prevention minus late-response")
    'gdp-lost-prevention-minus-late-response'
    """
    return outcome.replace(": ", "-").replace(" ", "-").replace("_", "-")


def cost_text(cost: Cost, found: str, factors: int, points: int, replicates: int, policies: int) -> str:
    """Say what a design takes, before it begins."""
    runs = (
        f"{found}: {factors} factors, {points:,} points x {replicates} runs x {policies} policies = {cost.runs:,} runs"
    )
    if not cost.missing:
        return f"{runs}; all are there"
    there = cost.runs - cost.missing
    kept = f"; {there:,} are there" if there else ""
    return f"{runs}{kept}; about {duration(max(cost.seconds, 1.0))} on these processors, as busy as they are"


def share_words(share: Share | None) -> str:
    """Write a share of the variance with its interval."""
    if share is None:
        return "-"
    # No negative zeros.
    value, low, high = (0.0 if abs(x) < 0.0005 else x for x in (share.value, share.low, share.high))
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def _of_sobol(one: OutcomeSensitivity, shown: int) -> Iterator[str]:
    yield f"  {'factor':<38}{'first-order':<26}{'total':<26}total, of the mean over luck"
    for each in one.ranked()[:shown]:
        told = [share_words(share) for share in (each.first, each.total, each.total_of_mean)]
        yield f"  {each.factor:<38}{told[0]:<26}{told[1]:<26}{told[2]}"


def _of_morris(one: OutcomeSensitivity, shown: int) -> Iterator[str]:
    yield f"  {'factor':<52}{'mean absolute effect':<32}{'without luck':<14}sigma"
    for each in one.ranked()[:shown]:
        effects = each.effects
        if effects is not None:
            star = effects.mu_star
            told = f"{amount(star.value)} ({amount(star.low)} to {amount(star.high)})"
            rest = f"{amount(effects.strength.value):<14}{amount(effects.sigma.value)}"
            yield f"  {each.factor:<52}{told:<32}{rest}"


def _reach(one: OutcomeSensitivity, shown: int) -> str:
    """Say where the intervals of the factors that are not told end."""
    highs = [each.total.high for each in one.ranked()[shown:] if each.total is not None]
    return f", whose total indices have intervals that end at {max(highs):.3f} or below" if highs else ""


def lines(found: Sensitivity, shown: int = SHOWN) -> Iterator[str]:
    """Tell what was found, outcome by outcome, the factors that matter most first.

    Parameters
    ----------
    found : Sensitivity
        As `r2psim.sensitivity` gives it.
    shown : int
        Factors that are told of each outcome.
    """
    for one in found.outcomes:
        unit = "" if one.outcome.unit == "1" else f" {one.outcome.unit}"
        yield ""
        yield f"{one.outcome.name}: mean {amount(one.mean)}{unit}, standard deviation {amount(one.sd)}"
        if one.nothing_varies:
            yield "  nothing varies: the same at every point and with all luck"
            continue
        if found.method != "morris" and one.ranked()[0].total is None:
            yield "  too few rows: nothing varies at those that are independent of each other"
            continue
        if one.luck is not None:
            yield f"  luck has {share_words(one.luck)} of the variance of a run, alone and together with parameters"
        if one.left is not None:
            yield f"  {share_words(one.left)} is neither luck nor in the polynomial, and in no index"
        yield from _of_morris(one, shown) if found.method == "morris" else _of_sobol(one, shown)
        if len(one.factors) > shown:
            yield f"  and {len(one.factors) - shown} more{_reach(one, shown)}"
    yield ""
    yield _precision(found)


def _precision(found: Sensitivity) -> str:
    """Say how well indices are known."""
    if found.method == "morris":
        return (
            f"Intervals are over {found.rows} trajectories. Elementary effects say what matters little; shares of "
            "variance take --method sobol."
        )
    wide = [
        (each.total.half_width, one.outcome.name, each.factor)
        for one in found.outcomes
        for each in one.factors
        if each.total is not None
    ]
    if not wide:
        return "No outcome varies: there are no indices."
    if found.rows < FEW:
        return f"{found.rows} rows are too few for these intervals, which are too narrow: take {FEW} or more."
    worst, name, factor = max(wide)
    many = sum(width > ENOUGH for width, _, _ in wide)
    text = f"Total indices are known to +-{worst:.3f} or better (the widest: {factor}, {name})"
    if not many:
        return f"{text}."
    # Intervals narrow with the root of the rows.
    more = 1 << max(1, int((worst / ENOUGH) ** 2 - 1e-9).bit_length())
    other = " or --method chaos" if found.method == "sobol" else ""
    return (
        f"{text}; {many} of {len(wide)} are wider than +-{ENOUGH:g}. For all of them about {more} times the rows would "
        f"be needed{other}."
    )


def write_sensitivity(found: Sensitivity, directory: Path) -> None:
    """Write a sensitivity analysis.

    Parameters
    ----------
    found : Sensitivity
        As `r2psim.sensitivity` gives it.
    directory : Path
        Existing; gets ``sensitivity.json``, ``sensitivity.csv``, but with method morris ``points.parquet``
        (independent points, and what was measured there) and ``provenance.json``.
    """
    import pyarrow as pa

    from r2psim.ensemble.store import provenance, write_json, write_table

    summary = found.summary()
    write_json(summary, directory / "sensitivity.json")
    rows = found.table()
    with (directory / "sensitivity.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    if found.method != "morris":
        write_table(pa.table(found.points()), directory / "points.parquet")
    kept = ("scenario", "method", "policies", "baseline", "rates", "rows", "replicates", "runs", "seed", "years")
    write_json(provenance(kind="sensitivity", **{key: summary[key] for key in kept}), directory / "provenance.json")
