"""What agents, policies and choices ask of the model in which they act."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from r2psim.rules.draws import Draws
from r2psim.world.build import World
from r2psim.world.rows import Rows

__all__ = ["RunningModel"]


class RunningModel(Protocol):
    """The model as those within it know it; `r2psim.agents.model.R2PModel` is one.

    Attributes
    ----------
    world : World
        Names and the start.
    rows : Rows
        As they stand.
    parameters : numpy.ndarray, shape (parameters,)
        Values of all parameters.
    luck : Draws
        Of the month.
    month, run_number : int
        Month that is run, from 0; number of the run.
    state_agents, group_agents : list
        The agents by row.
    """

    world: World
    rows: Rows
    parameters: np.ndarray
    luck: Draws
    month: int
    run_number: int
    state_agents: list[Any]
    group_agents: list[Any]

    def apply(self, first: int, last: int) -> None:
        """Apply the rules of the present phase to the rows ``first..last`` of its kind of agent."""
