"""A hindcast of a panel in sentences: on the terminal, and in a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["compared", "told"]


def _spans(years: Sequence[int]) -> str:
    """Write years briefly."""
    parts: list[list[int]] = []
    for year in years:
        if parts and year == parts[-1][-1] + 1:
            parts[-1].append(year)
        else:
            parts.append([year])
    return ", ".join(f"{part[0]} to {part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)


def _with(value: float | None, interval: Sequence[float] | None, digits: int = 2, sign: str = "") -> str:
    if value is None:
        return "not defined"
    text = f"{value:{sign}.{digits}f}"
    if interval is None:
        return text
    return f"{text} ({interval[0]:{sign}.{digits}f} to {interval[1]:{sign}.{digits}f})"


def _interval(found: Mapping[str, Any], name: str, digits: int = 2, sign: str = "") -> str:
    return _with(found.get(name), found.get(f"{name}_95"), digits, sign)


def told(summary: Mapping[str, Any]) -> list[str]:
    """Tell a hindcast of a panel in sentences; intervals in brackets are 95 % ones, clustered by state.

    Parameters
    ----------
    summary : mapping
        As `r2psim.analysis.panel_hindcast.PanelHindcast.summary` gives it.
    """
    from r2psim.analysis.panel_hindcast import FIRST

    number = len(summary["years"])
    return [
        f"Worlds of {_spans(summary['years'])}, {number} window{'s' if number > 1 else ''} of {summary['window']}"
        f" years, policy {summary['policy']}: {summary['runs']:,} runs a window, {summary['draws']} draws of its start,"
        f" seed {summary['seed']}. {summary['state_windows']:,} state-windows of {summary['states']} states.",
        "In brackets 95 % intervals, with the windows of a state as one case.",
        f"State-windows with an onset: {summary['onsets_observed']} observed, {summary['onsets_expected']:.1f}"
        f" expected; expected over observed {_interval(summary, 'expected_over_observed')}.",
        f"AUC {_interval(summary, 'auc')}; 0.5 is chance.",
        f"Recall among the 20 % of states with the highest probabilities of each window:"
        f" {_interval(summary, 'recall_at_20_percent')}; among the first {FIRST}:"
        f" {_interval(summary, 'recall_among_first_30')}.",
        f"Brier score {_interval(summary, 'brier', 4)}, log score {_interval(summary, 'log_score', 4)}.",
        f"Calibration: slope {_interval(summary, 'calibration_slope')}, intercept"
        f" {_interval(summary, 'calibration_intercept')}; 1 and 0 where probabilities mean what they say.",
        *_told_recalibrated(summary["recalibrated_on_other_years"]),
    ]


def _told_recalibrated(found: Mapping[str, Any] | None) -> list[str]:
    """Tell what the probabilities are worth once other years have set their level."""
    if found is None:
        return []
    return [
        "With level and slope fitted to the onsets of the windows that share no year with it, each window in turn:"
        f" expected over observed {_interval(found, 'expected_over_observed')}, AUC {_interval(found, 'auc')}, Brier"
        f" score {_interval(found, 'brier', 4)}, log score {_interval(found, 'log_score', 4)}, slope"
        f" {_interval(found, 'calibration_slope')}."
    ]


def compared(summary: Mapping[str, Any]) -> list[str]:
    """Tell other forecasts of the same states and windows, a line each.

    Parameters
    ----------
    summary : mapping
        As `r2psim.analysis.panel_hindcast.PanelHindcast.summary` gives it.
    """
    lines = []
    for other in summary["others"]:
        line = (
            f"{other['name']} ({other['state_windows']:,} state-windows, {other['onsets_observed']} with an onset): AUC"
            f" {_interval(other, 'auc')}; that of the model less it {_interval(other, 'auc_difference', 2, '+')}:"
            f" {other['verdict']}."
        )
        if "brier" in other:
            line += (
                f" Brier score {_brier(other, summary)}; slope {_interval(other, 'calibration_slope')}; expected over"
                f" observed {_interval(other, 'expected_over_observed')}."
            )
        lines.append(line)
    return lines


def _brier(other: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    own = (other["model"] or summary)["brier"]
    mended = other["model_recalibrated_on_other_years"]
    also = "" if mended is None else f" ({mended['brier']:.4f} at the level of other years)"
    return f"{other['brier']:.4f}, the model {own:.4f}{also}"
