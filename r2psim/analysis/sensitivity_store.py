"""Finished rows of a sensitivity design, kept on disk: an interrupted analysis goes on from them.

A file holds some rows. It is named after all that they depend on, and written whole or not at all; one that cannot be
read is done again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from r2psim.analysis.checkpoints import KeptArrays

__all__ = ["FOLDER", "DesignStore"]

FOLDER = "design-rows"
"""Folder of the files in the directory of an analysis."""


_MADE_OF = ("declarations/*.py", "world/*.py", "scenario/*.py", "ensemble/at_points.py")


class DesignStore(KeptArrays):
    """Where finished rows of designs are kept; nowhere if no directory is given.

    Parameters
    ----------
    directory : Path or None
        Made if it is not there.

    Raises
    ------
    OutputError
        On entering, if the directory is something else's, or in use, or cannot be written.
    """

    def __init__(self, directory: Path | None) -> None:
        super().__init__(directory, FOLDER, "sensitivity analysis", _MADE_OF)

    def metrics(self, key: str, shape: tuple[int, ...]) -> np.ndarray | None:
        """Give the metrics of some rows, or None if they are not kept."""
        kept = (self.arrays(key) or {}).get("metrics")
        return kept if kept is not None and kept.shape == shape else None

    def keep_metrics(self, key: str, metrics: np.ndarray) -> None:
        """Keep the metrics of some rows."""
        self.keep(key, {"metrics": metrics})
