"""Finished rows of a sensitivity design, kept on disk: an interrupted analysis goes on from them.

A file holds some rows. It is named after all that they depend on, and written whole or not at all; one that cannot be
read is done again.
"""

from __future__ import annotations

import numpy as np

from r2psim.analysis.row_store import RowStore

__all__ = ["FOLDER", "DesignStore"]

FOLDER = "design-rows"
"""Folder of the files in the directory of an analysis."""


class DesignStore(RowStore):
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

    folder = FOLDER
    what = "sensitivity analysis"
    made_of = ("world/*.py", "scenario/*.py", "ensemble/at_points.py")

    def metrics(self, key: str, shape: tuple[int, ...]) -> np.ndarray | None:
        """Give the metrics of some rows, or None if they are not kept."""
        kept = self.kept(key, ("metrics",))
        return kept[0] if kept is not None and kept[0].shape == shape else None
