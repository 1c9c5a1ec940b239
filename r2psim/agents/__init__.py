"""The model in Mesa."""

from r2psim.agents.entities import Body, Group, Partner, RegionalOrganisation, State, UNBody
from r2psim.agents.model import R2PModel

__all__ = ["Body", "Group", "Partner", "R2PModel", "RegionalOrganisation", "State", "UNBody"]
