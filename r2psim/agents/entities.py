"""The agents: each is a view of one row of a table, and acts by applying the rules to that row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa

from r2psim.declarations.columns import BODY, GROUP, STAGES, STATE, G, S, Table
from r2psim.world.codebook import told

if TYPE_CHECKING:
    import numpy as np

    from r2psim.agents.running import RunningModel

__all__ = ["Body", "Group", "Partner", "RegionalOrganisation", "RowAgent", "State", "UNBody"]


class RowAgent(mesa.Agent):
    """An agent that is a row.

    Parameters
    ----------
    model : RunningModel
        The model that owns the rows.
    row : int
        Place in the table of its kind.
    key : str
        Identifier in the scenario.
    """

    kind = ""
    table: Table

    def __init__(self, model: RunningModel, row: int, key: str) -> None:
        super().__init__(model)
        self.row = row
        self.key = key
        self.name = model.world.names[key]

    @property
    def block(self) -> np.ndarray:
        """The block of columns that this agent's row is in, as the rules hold it: the money of bodies in US cents."""
        block: np.ndarray = getattr(self.model.rows, self.kind)
        return block

    def __getitem__(self, column: str) -> float:
        """Give the present value of a column of this row; money is US$.

        Raises
        ------
        KeyError
            If the table has no such column.
        """
        return told(self.table[column], float(self.block[self.table.index[column], self.row]))

    def step(self) -> None:
        """Apply the rules of the phase that the month is in to this agent's own row."""
        self.model.apply(self.row, self.row + 1)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}>"


class State(RowAgent):
    """A State.

    Parameters
    ----------
    model, row, key : R2PModel, int, str
        As in `RowAgent`: whose row it is, its place in the table, its identifier. The model makes them.
    """

    kind = "state"
    table = STATE

    @property
    def stage(self) -> int:
        """Highest stage 0-4 among its groups."""
        return int(self.block[S.stage, self.row])

    @property
    def groups(self) -> list[Group]:
        """The groups that live in it."""
        rows = self.model.rows
        found: list[Group] = self.model.group_agents[rows.first_group[self.row] : rows.first_group[self.row + 1]]
        return found

    @property
    def neighbours(self) -> list[State]:
        """The states next door."""
        rows = self.model.rows
        places = rows.neighbour[rows.neighbour_start[self.row] : rows.neighbour_start[self.row + 1]]
        return [self.model.state_agents[n] for n in places]


class Group(RowAgent):
    """A population group in its state.

    Parameters
    ----------
    model, row, key : R2PModel, int, str
        As in `RowAgent`: whose row it is, its place in the table, its identifier. The model makes them.
    """

    kind = "group"
    table = GROUP

    @property
    def stage(self) -> int:
        """Present stage 0-4."""
        return int(self.block[G.stage, self.row])

    @property
    def stage_name(self) -> str:
        """Present stage in words."""
        return STAGES[self.stage]

    @property
    def state(self) -> State:
        """The state that the group lives in."""
        home: State = self.model.state_agents[self.model.rows.home[self.row]]
        return home


class Body(RowAgent):
    """Somebody who may assist: the common part of organisations, UN bodies and partners.

    Parameters
    ----------
    model, row, key : R2PModel, int, str
        As in `RowAgent`: whose row it is, its place in the table, its identifier. The model makes them.
    """

    kind = "body"
    table = BODY

    @property
    def members(self) -> list[State]:
        """The states within its reach."""
        rows = self.model.rows
        places = rows.member[rows.member_start[self.row] : rows.member_start[self.row + 1]]
        return [self.model.state_agents[n] for n in places]


class RegionalOrganisation(Body):
    """A regional organisation.

    Parameters
    ----------
    model, row, key : R2PModel, int, str
        As in `RowAgent`: whose row it is, its place in the table, its identifier. The model makes them.
    """


class UNBody(Body):
    """A body of the United Nations.

    Parameters
    ----------
    model, row, key : R2PModel, int, str
        As in `RowAgent`: whose row it is, its place in the table, its identifier. The model makes them.
    """


class Partner(Body):
    """A partner: neighbours, the World Bank, the International Criminal Court, civil society, the private sector.

    Parameters
    ----------
    model, row, key : R2PModel, int, str
        As in `RowAgent`: whose row it is, its place in the table, its identifier. The model makes them.
    """


BODY_CLASSES: dict[str, Any] = {
    "regional organisation": RegionalOrganisation,
    "UN body": UNBody,
    "partner": Partner,
}
"""Class of the agent by the kind that a scenario names."""
