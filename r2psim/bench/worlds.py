"""Worlds of any size: generated ones, and several of them side by side where one would be too large to generate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["side_by_side", "world_of"]

LARGEST = 260
"""States of a world that is laid side by side with itself: about a thousand groups."""

GROUPS_A_STATE = 3.85
"""In generated worlds."""


def world_of(groups: int) -> Scenario:
    """Give a world of about so many groups, with states and bodies in proportion.

    Parameters
    ----------
    groups : int
        At least 10.
    """
    from r2psim.scenario import load
    from r2psim.world.expand import expand

    states = max(3, round(groups / GROUPS_A_STATE))
    copies = -(-states // LARGEST)
    scenario = expand(load("world", [f"generate.states={round(states / copies)}"]))
    return side_by_side(scenario, copies) if copies > 1 else scenario


def side_by_side(scenario: Scenario, copies: int) -> Scenario:
    """Lay a world several times beside itself: nothing crosses from one to the other, and each has luck of its own."""
    states, bodies = {}, {}
    for k in range(copies):
        for key, state in scenario.states.items():
            groups = {
                name: replace(group, kin=tuple(_renamed(full, k) for full in group.kin))
                for name, group in state.groups.items()
            }
            neighbours = tuple(_renamed(other, k) for other in state.neighbours)
            states[_renamed(key, k)] = replace(state, neighbours=neighbours, groups=groups)
        for key, body in scenario.bodies.items():
            everyone = scenario.states if body.members == "all" else body.members
            bodies[_renamed(key, k)] = replace(body, members=tuple(_renamed(member, k) for member in everyone))
    return replace(scenario, states=states, bodies=bodies)


def _renamed(key: str, copy: int) -> str:
    """Name a state, body or group after its copy; a group is ``state/group``."""
    state, slash, group = key.partition("/")
    return f"{state}-{copy}{slash}{group}"
