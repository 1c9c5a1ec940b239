"""The model in Mesa."""

from r2psim.agents.choices import Choices, Trigger
from r2psim.agents.entities import Body, Group, Partner, RegionalOrganisation, State, UNBody
from r2psim.agents.model import R2PModel
from r2psim.agents.policies import Allocation, Allocations, ManyPolicy, Policy, PolicyError, View, Views

__all__ = [
    "Allocation",
    "Allocations",
    "Body",
    "Choices",
    "Group",
    "ManyPolicy",
    "Partner",
    "Policy",
    "PolicyError",
    "R2PModel",
    "RegionalOrganisation",
    "State",
    "Trigger",
    "UNBody",
    "View",
    "Views",
]
