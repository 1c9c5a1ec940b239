"""The model in Mesa."""

from r2psim.agents.choices import Choices, Trigger
from r2psim.agents.entities import Body, Group, Partner, RegionalOrganisation, State, UNBody
from r2psim.agents.model import R2PModel
from r2psim.agents.policies import Allocation, Policy, PolicyError, View

__all__ = [
    "Allocation",
    "Body",
    "Choices",
    "Group",
    "Partner",
    "Policy",
    "PolicyError",
    "R2PModel",
    "RegionalOrganisation",
    "State",
    "Trigger",
    "UNBody",
    "View",
]
