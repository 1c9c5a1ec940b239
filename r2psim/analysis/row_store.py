"""Finished worlds of experiments on rows, kept on disk: an interrupted table goes on from them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from r2psim.analysis.array_store import FOLDER, ArrayStore
from r2psim.analysis.row_runs import Values

__all__ = ["FOLDER", "RowStore"]


class RowStore(ArrayStore):
    """Where finished worlds are kept while a table is made."""

    made_of: ClassVar[tuple[str, ...]] = (
        "world/*.py", "scenario/*.py", "analysis/row_arms.py", "analysis/row_runs.py",
    )  # fmt: skip
    what: ClassVar[str] = "table of rows"

    def read(self, key: str) -> dict[str, Values] | None:
        """Give what was measured of a world, or None if it is not kept."""
        kept = self.read_arrays(key)
        if kept is None or not {"names", "above", "below"} <= kept.keys():
            return None
        return {str(name): Values(kept["above"][i], kept["below"][i]) for i, name in enumerate(kept["names"])}

    def write(self, key: str, found: dict[str, Values]) -> None:
        """Keep what was measured of a world."""
        above, below = (np.array([getattr(values, side) for values in found.values()]) for side in Values._fields)
        self.write_arrays(key, {"names": np.array(list(found)), "above": above, "below": below})
