"""The lobby: which roles there are to take, what each of them is, and who plays those that nobody takes."""

from __future__ import annotations

from dataclasses import dataclass

from r2psim.seminar.cards import Card
from r2psim.seminar.casts import EVERYBODY
from r2psim.seminar.roles import Role
from r2psim.seminar.room import Room

__all__ = ["Lobby", "Tile", "by_the_rules", "lobby_of", "lobby_stand", "offered"]


@dataclass(frozen=True, slots=True)
class Tile:
    """A role that can be taken.

    Attributes
    ----------
    card : Card
        What it is.
    people : int
        How many people it takes; 0 for as many as come.
    taken : int
        How many have it.
    """

    card: Card
    people: int
    taken: int

    @property
    def role(self) -> Role:
        """Which role."""
        return self.card.role

    @property
    def free(self) -> bool:
        """Whether it waits for somebody; of one that takes as many as come, whether nobody has it yet."""
        return self.taken < max(1, self.people)


@dataclass(frozen=True, slots=True)
class Lobby:
    """A session before somebody has a place in it.

    Attributes
    ----------
    title : str
        Of the session.
    people : int
        How many its cast is for; 0 where all roles are offered.
    tiles : tuple of Tile
        Roles that can be taken, free ones first.
    ruled : int
        Roles of the world that nobody has, which the rules play.
    begun : bool
        Whether the first round has begun.
    """

    title: str
    people: int
    tiles: tuple[Tile, ...]
    ruled: int
    begun: bool


def offered(room: Room) -> dict[str, int]:
    """Give the roles that can be taken and how many people each takes; those that somebody has are among them."""
    play, session = room.play, room.session
    cast = play.cast(session.cast)
    if session.cast == EVERYBODY:
        return dict.fromkeys(play.roles, 0)
    held = {who.role for who in session.present}
    return {key: cast.get(key, 1) for key in play.roles if key in cast or key in held}


def by_the_rules(room: Room) -> list[Role]:
    """Give the roles of the world that nobody has: the rules play them."""
    held = {who.role for who in room.session.present}
    return [role for key, role in room.play.roles.items() if key not in held]


def lobby_stand(room: Room) -> tuple[object, ...]:
    """Give what a lobby depends on, for little."""
    with room.lock:
        session = room.session
        people = tuple((who.number, who.role) for who in session.present)
        return people, session.cast, session.begun, room.deleted


def lobby_of(room: Room, without: int | None = None) -> Lobby:
    """Give the lobby of a session; ``without`` is the number of a participant who is not counted."""
    with room.lock:
        session, play = room.session, room.play
        taken: dict[str, int] = {}
        for who in session.present:
            if who.number != without:
                taken[who.role] = taken.get(who.role, 0) + 1
        tiles = [Tile(play.cards[key], people, taken.get(key, 0)) for key, people in offered(room).items()]
        # Stable: among the free and among the taken the order of the roles holds.
        tiles.sort(key=lambda tile: not tile.free)
        return Lobby(session.title, session.cast, tuple(tiles), len(by_the_rules(room)), session.begun)
