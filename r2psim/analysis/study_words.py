"""Cells of the tables of studies, in words: the terminal and a report take them from here, so that they say the same.

Everything here is made of the plain data that a study writes; it needs no run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from r2psim.analysis.findings import count, money

__all__ = [
    "NOT_ESTIMATED",
    "calibration_cells",
    "change_cells",
    "hindcast_lines",
    "interval_words",
    "percent",
    "ratio_words",
    "share_words",
    "sight_cells",
    "threshold_words",
    "worth_cells",
]

NOT_ESTIMATED = "not estimated"
"""What stands where a number or its interval cannot be had from the runs."""

_SIDES = {"below": "below 1", "above": "above 1", "about": "about 1"}


def interval_words(
    mean: float | None, low: float | None, high: float | None, words: Callable[[float], str] = count
) -> str:
    """Write a mean with its interval.

    Parameters
    ----------
    mean, low, high : float or None
        The interval is left out where an end is None.
    words : callable
        Writes one number.

    Examples
    --------
    >>> interval_words(-6082.8, -9925.8, -3413.5), interval_words(2e9, None, None, money), interval_words(None, 0, 1)
    ('-6,080 (-9,930 to -3,410)', 'US$ 2 bn', 'not estimated')
    """
    if mean is None:
        return NOT_ESTIMATED
    if low is None or high is None:
        return words(mean)
    return f"{words(mean)} ({words(low)} to {words(high)})"


def percent(share: float) -> str:
    """Write a share in per cent, three figures.

    Examples
    --------
    >>> percent(0.12345)
    '12.3 %'
    """
    return f"{100.0 * share:.3g} %"


# -- marginal ----------------------------------------------------------------------------------------------------------


def change_cells(row: Mapping[str, Any], fund: bool) -> list[str]:
    """Give the cells of a change of `r2psim.marginal`: fewer killed, US$ more, and of a fund lives for US$ 1 bn.

    Parameters
    ----------
    row : mapping
        As `r2psim.analysis.marginal.Change.row` gives it.
    fund : bool
        Whether it is a further fund.
    """

    def told(name: str, words: Callable[[float], str]) -> str:
        return interval_words(row[name], row[f"{name}_low"], row[f"{name}_high"], words)

    cells = [told("lives", count), told("money", money)]
    return [*cells, told("lives_a_billion", count)] if fund else cells


# -- warning -----------------------------------------------------------------------------------------------------------


def sight_cells(row: Mapping[str, Any]) -> list[str]:
    """Give the cells of a quality of warning: its name, AUC, fewer killed, true, false, missed, money in vain.

    Parameters
    ----------
    row : mapping
        As `r2psim.analysis.warning_value.Sight.row` gives it.
    """
    saved = "-"
    if row["fewer_killed"] is not None and row["fewer_killed_low"] is not None:
        saved = interval_words(*(row[f"fewer_killed{end}"] for end in ("", "_low", "_high")))
    counts = [f"{row[name]:.2g}" for name in ("warnings_true", "warnings_false", "onsets_missed")]
    vain = "-" if row["wasted_share"] is None else f"{100.0 * row['wasted_share']:.0f} %"
    return [row["sight"], "-" if row["auc"] is None else f"{row['auc']:.2f}", saved, *counts, vain]


def threshold_words(row: Mapping[str, Any]) -> str:
    """Say from which risk on it is best to act, where acting in time saves so many times what it costs.

    Parameters
    ----------
    row : mapping
        As `r2psim.analysis.warning_value.Sight.row` gives it.
    """
    told = []
    for worth in [name.removeprefix("threshold_at_") for name in row if name.startswith("threshold_at_")]:
        threshold, true = row[f"threshold_at_{worth}"], row[f"true_at_{worth}"]
        if threshold is None or true is None:
            told.append(f"{worth}: never act")
        else:
            told.append(f"{worth}: from {threshold:.2f}, {100.0 * true:.0f} % of acts needed")
    return "; ".join(told)


# -- value of information ----------------------------------------------------------------------------------------------


def worth_cells(row: Mapping[str, Any]) -> list[str]:
    """Give the cells of what would be known: its name, how many parameters, its worth, the noise, the verdict.

    Parameters
    ----------
    row : mapping
        As in ``value-of-information.json``.
    """
    verdict = "" if row["told_apart"] else "not told apart from noise"
    return [row["group"], str(row["parameters"]), f"{row['value']:,.4g}", f"{row['noise']:,.4g}", verdict]


# -- trials ------------------------------------------------------------------------------------------------------------


def ratio_words(row: Mapping[str, Any], name: str) -> str:
    """Write the published or the simulated ratio of a trial, or on which side of 1 it was found.

    Parameters
    ----------
    row : mapping
        As `r2psim.analysis.trials.studies.Study.row` gives it.
    name : {"published", "simulated"}
        Which.

    Examples
    --------
    >>> row = {"published": None, "direction": "below", "simulated": None}
    >>> ratio_words(row, "published"), ratio_words(row, "simulated")
    ('below 1', 'not estimated')
    """
    if row[name] is None:
        return _SIDES.get(row["direction"] or "", "-") if name == "published" else NOT_ESTIMATED
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if low is None or high is None:
        return NOT_ESTIMATED if name == "simulated" else f"{row[name]:.2f}"
    return f"{row[name]:.2f} ({low:.2f} to {high:.2f})"


def share_words(value: float | None) -> str:
    """Write a share in whole per cent.

    Examples
    --------
    >>> share_words(0.5), share_words(None)
    ('50 %', '-')
    """
    return "-" if value is None else f"{100.0 * value:.0f} %"


# -- hindcast ----------------------------------------------------------------------------------------------------------


def calibration_cells(summary: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Give the calibration curve of a hindcast as rows of text: class, states, expected, observed, interval, onsets.

    Parameters
    ----------
    summary : mapping
        As `r2psim.analysis.hindcast.Hindcast.summary` gives it.
    """
    return [
        (
            f"{percent(row['from'])} to {percent(row['to'])}",
            f"{row['states']:,}",
            percent(row["expected"]),
            percent(row["observed"]),
            " to ".join(percent(end) for end in row["observed_95"]),
            f"{row['onsets']:,}",
        )
        for row in summary["calibration"]
    ]


def _ranged(value: float, interval: list[float]) -> str:
    return f"{value:.2f} (95 % interval {interval[0]:.2f} to {interval[1]:.2f})"


def hindcast_lines(summary: Mapping[str, Any]) -> list[str]:
    """Tell a hindcast in sentences.

    Parameters
    ----------
    summary : mapping
        As `r2psim.analysis.hindcast.Hindcast.summary` gives it.
    """
    first, last = summary["window"]
    low, high = summary["onsets_expected_90"]
    lines = [
        f"{summary['scenario']}, {first} to {last}, policy {summary['policy']}: {summary['runs']:,} runs, seed"
        f" {summary['seed']}, {summary['states']} states.",
        f"States with an onset: {summary['onsets_observed']} observed, {summary['onsets_expected']:.1f} expected (90 %"
        f" of the runs {low:g} to {high:g}).",
    ]
    if summary["auc"] is None:
        lines.append("AUC and recall are not defined: both states with and states without an onset are needed.")
    else:
        caught = _ranged(summary["recall_at_20_percent"], summary["recall_95"])
        lines += [
            f"AUC {_ranged(summary['auc'], summary['auc_95'])}; 0.5 is chance. A statistical risk assessment reached"
            " 0.83 over 31 years of such windows.",
            f"Recall among the 20 % of states with the highest probabilities: {caught}.",
        ]
    if summary["brier_skill"] is not None:
        lines.append(
            f"Brier score {summary['brier']:.4f}, skill {summary['brier_skill']:+.2f} against the observed share for"
            " every state."
        )
    return lines
