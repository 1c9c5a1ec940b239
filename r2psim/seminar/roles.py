"""Who takes part in a seminar: the roles that a world offers, and what each of them decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from r2psim.declarations.channels import RESPONSE_MANDATES

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.world.build import World

__all__ = ["COUNCIL", "Role", "roles_of"]

COUNCIL = "security-council"
"""Mandate of the body whose money the members of the Council decide about."""

PERMANENT = 5
ELECTED = 5
"""Seats of the Council. The real one has ten elected members; half of them are enough for a room."""

_SECRETARY_GENERAL = {"good-offices", "joint-office"}


@dataclass(frozen=True, slots=True)
class Role:
    """What one person or team stands for; the unit of every decision.

    Attributes
    ----------
    key : str
        Identifier: ``permanent-1``, ``elected-1``, ``body-…``, ``government-…``.
    title, kind : str
        What it is called, and among which kind it is listed.
    body : str or None
        Body whose money it decides about.
    state : str or None
        State whose consent it gives or refuses.
    votes, veto : bool
        Whether it votes on mandates, and whether its vote against is a veto.
    """

    key: str
    title: str
    kind: str
    body: str | None = None
    state: str | None = None
    votes: bool = False
    veto: bool = False


def _kind(mandates: set[str], of_body: str) -> str:
    if mandates & _SECRETARY_GENERAL:
        return "Secretary-General"
    if of_body == "regional organisation":
        return "Regional organisations"
    if of_body == "partner":
        return "Donors, development banks and partners"
    return "UN relief and peacekeeping" if mandates & RESPONSE_MANDATES else "UN development and human rights"


def roles_of(scenario: Scenario, world: World) -> dict[str, Role]:
    """Give the roles of a world: ten seats in the Council, every body that has money and forms, every government.

    Parameters
    ----------
    scenario : Scenario
        For the mandates of bodies.
    world : World
        Under the policy of the session: a body without money has no role.
    """
    from r2psim.declarations.columns import B

    rows = world.rows
    able = {
        key
        for b, key in enumerate(world.bodies)
        if rows.body[B.budget, b] > 0.0 and rows.provides_start[b + 1] > rows.provides_start[b]
    }
    council = next((key for key in world.bodies if COUNCIL in scenario.bodies[key].mandates), None)
    purse = council if council in able else None
    roles = [
        *(
            Role(f"permanent-{i}", f"Permanent member {i} of the Council", "Security Council", purse, None, True, True)
            for i in range(1, PERMANENT + 1)
        ),
        *(
            Role(f"elected-{i}", f"Elected member {i} of the Council", "Security Council", purse, None, True)
            for i in range(1, ELECTED + 1)
        ),
    ]
    bodies = [
        Role(f"body-{key}", world.names[key], _kind(set(scenario.bodies[key].mandates), kind), key)
        for key, kind in zip(world.bodies, world.kinds, strict=True)
        if key in able and key != council
    ]
    roles += sorted(bodies, key=lambda role: (role.kind != "Secretary-General", role.kind, role.title))
    roles += [
        Role(f"government-{key}", f"Government of {world.names[key]}", "Governments", None, key) for key in world.states
    ]
    return {role.key: role for role in roles}
