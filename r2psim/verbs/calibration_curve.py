"""Whether probabilities mean what they say, as a table on the terminal: of one hindcast, or of a panel's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

__all__ = ["show_calibration"]

HEAD = ("class of probability", "states", "expected", "observed", "95 % interval of observed", "onsets")


def show_calibration(console: Console, summary: Mapping[str, Any]) -> None:
    """Print the calibration curve of a hindcast, or of a panel's, and its notes."""
    from rich.table import Table

    from r2psim.analysis.study_words import calibration_cells

    table = Table(*HEAD, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in calibration_cells(summary):
        table.add_row(*row)
    console.print("\nDo the probabilities mean what they say?")
    console.print(table)
    for note in summary["notes"]:
        console.print(f"- {note}")
