"""Where states stand on a drawn map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from r2psim.declarations.columns import S

if TYPE_CHECKING:
    from r2psim.world.build import World

__all__ = ["borders_of", "places_of"]


def places_of(world: World, width: float, height: float, side: float, margin: float) -> np.ndarray:
    """Give the middle of each state's mark on a drawing, with north at the top.

    Parameters
    ----------
    world : World
        Whose states.
    width, height : float
        Of the drawing.
    side, margin : float
        Kept free to the left and right, and above and below.

    Returns
    -------
    numpy.ndarray, shape (states, 2)
        x to the right and y down, in the unit of the drawing.
    """
    found = np.empty((len(world.states), 2))
    for axis, (column, length, free) in enumerate(((S.x, width, side), (S.y, height, margin))):
        at = world.rows.state[column]
        low, high = float(at.min()), float(at.max())
        share = (at - low) / (high - low) if high > low else np.full(len(at), 0.5)
        found[:, axis] = free + share * (length - 2 * free)
    found[:, 1] = height - found[:, 1]
    return found


def borders_of(world: World) -> list[tuple[int, int]]:
    """Give every border once, as the places of its two states."""
    rows = world.rows
    return [
        (s, int(n))
        for s in range(len(world.states))
        for n in rows.neighbour[rows.neighbour_start[s] : rows.neighbour_start[s + 1]]
        if n > s
    ]
