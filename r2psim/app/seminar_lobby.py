"""The lobby as tiles: what each role may do, what it wants, what it struggles with, and who waits for whom."""

from __future__ import annotations

from typing import Any

from r2psim.app.seminar_words import RULED
from r2psim.seminar.lobby import Lobby, Tile

__all__ = ["about_lobby", "role_field"]


def role_field(lobby: Lobby, chosen: str) -> dict[str, Any]:
    """Give the field of a form in which a role is chosen."""
    return {
        "key": "role",
        "label": "Role",
        "kind": "cards",
        "options": [(tile.role.key, tile.role.title) for tile in lobby.tiles],
        "cards": {tile.role.key: _card(tile) for tile in lobby.tiles},
        "value": chosen if chosen in {tile.role.key for tile in lobby.tiles} else "",
    }


def _card(tile: Tile) -> dict[str, Any]:
    card = tile.card
    return {
        "kind": tile.role.kind,
        "free": tile.free,
        "people": _people(tile),
        "lines": [["May", f"{'; '.join(card.may)}."], ["Wants", card.wants], ["Dilemma", card.dilemma]],
    }


def _people(tile: Tile) -> str:
    """Say how many people a role takes and has."""
    if not tile.people:
        return "free" if not tile.taken else f"taken by {tile.taken}; can be shared"
    takes = f"takes {tile.people} {'person' if tile.people == 1 else 'people'}"
    if tile.free:
        return f"free: {takes}" + (f", {tile.taken} there" if tile.taken else "")
    return f"full: {takes}, {tile.taken} there; can still be shared"


def about_lobby(lobby: Lobby) -> str:
    """Say for how many people the roles are, and who plays those that nobody takes."""
    free = sum(max(0, tile.people - tile.taken) for tile in lobby.tiles)
    for_whom = f"The roles are for {lobby.people} people; {free} places are free. " if lobby.people else ""
    return f"{for_whom}Several people may share a role; of each role the last commitment counts. " + RULED.format(
        roles=f"{lobby.ruled} {'role' if lobby.ruled == 1 else 'roles'}"
    )
