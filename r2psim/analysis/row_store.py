"""Finished worlds of experiments on rows, kept on disk: an interrupted table goes on from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from r2psim.analysis.checkpoints import KeptArrays
from r2psim.analysis.row_runs import Values

__all__ = ["FOLDER", "RowStore"]

FOLDER = "worlds"
"""Folder of the files in the directory of a table."""


_MADE_OF = ("declarations/*.py", "world/*.py", "scenario/*.py", "analysis/row_arms.py", "analysis/row_runs.py")


class RowStore(KeptArrays):
    """Where finished worlds are kept while a table is made.

    Parameters
    ----------
    directory : Path or None
        Made if it is not there; None keeps nothing.

    Raises
    ------
    OutputError
        On entering, if the directory is something else's, or in use, or cannot be written.
    """

    def __init__(self, directory: Path | None) -> None:
        super().__init__(directory, FOLDER, "table of rows", _MADE_OF)

    def read(self, key: str) -> dict[str, Values] | None:
        """Give what was measured of a world, or None if it is not kept."""
        kept = self.arrays(key)
        if kept is None or not {"names", "above", "below"} <= set(kept):
            return None
        return {str(name): Values(kept["above"][i], kept["below"][i]) for i, name in enumerate(kept["names"])}

    def write(self, key: str, found: dict[str, Values]) -> None:
        """Keep what was measured of a world."""
        above, below = (np.array([getattr(values, side) for values in found.values()]) for side in Values._fields)
        self.keep(key, {"names": np.array(list(found)), "above": above, "below": below})
