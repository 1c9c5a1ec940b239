"""The projector: what a whole room may see of its session, and nothing beside it."""

from __future__ import annotations

from dataclasses import dataclass

from r2psim.seminar.codes import shown
from r2psim.seminar.limits import NotFoundError
from r2psim.seminar.lobby import by_the_rules, offered
from r2psim.seminar.room import Room
from r2psim.seminar.visibility import Public, public_of

__all__ = ["Ready", "Screen", "ScreenView"]


@dataclass(frozen=True, slots=True)
class Ready:
    """How far a role is.

    Attributes
    ----------
    title, kind : str
        Of the role.
    people : int
        How many have it.
    places : int
        How many it takes; 0 for as many as come.
    committed : bool
        Whether it has committed anything for this year.
    """

    title: str
    kind: str
    people: int
    places: int
    committed: bool


@dataclass(frozen=True, slots=True)
class ScreenView:
    """Everything that is projected: no names, no decision, no assessment of a role, nothing that is to come.

    Attributes
    ----------
    title, code : str
        Of the session; the code as it is read aloud.
    open : bool
        Whether people can join.
    phase : str
        As in `r2psim.seminar.seat.SeatView`.
    seconds_left : float or None
        Until the round closes.
    year, years : int
        Years that are over, and length.
    line : str
        Title of the line of history that is being played; empty where there is only one.
    roles : tuple of Ready
        Those that somebody has, and those of the cast that wait for somebody.
    ruled : int
        Roles that the rules play.
    public : Public
        What everybody can see.
    debrief : bool
        Whether the results can be seen by all.
    """

    title: str
    code: str
    open: bool
    phase: str
    seconds_left: float | None
    year: int
    years: int
    line: str
    roles: tuple[Ready, ...]
    ruled: int
    public: Public
    debrief: bool


class Screen:
    """The projector of a session. Made by `r2psim.seminar.seminars.Seminars.enter` from the projector's token.

    It can do nothing: whoever has its address sees what is on the wall.
    """

    def __init__(self, room: Room) -> None:
        self.room = room

    def stand(self) -> tuple[object, ...]:
        """Give what `look` depends on, for little."""
        with self.room.lock:
            session = self.room.session
            branch = session.branch
            people = tuple((p.number, p.role) for p in session.present)
            done = tuple(sorted(branch.of(branch.year).roles()))
            said = tuple(note for note in branch.notes(branch.year - 1) if note.public)
            where = (session.current, branch.year, session.deadline, session.debrief, session.open, session.cast)
            return (self.room.phase(), self.room.deleted, people, done, said, len(session.branches), *where)

    def look(self) -> ScreenView:
        """Give what is projected now.

        Raises
        ------
        NotFoundError
            If the session was deleted.
        """
        with self.room.lock:
            if self.room.deleted:
                raise NotFoundError("this seminar was deleted")
            session, play = self.room.session, self.room.play
            branch = session.branch
            done = branch.of(branch.year).roles()
            people: dict[str, int] = {}
            for who in session.present:
                people[who.role] = people.get(who.role, 0) + 1
            places = offered(self.room)
            # Where all roles are offered, those that nobody has would fill the wall.
            roles = [key for key in places if key in people or session.cast]
            return ScreenView(
                title=session.title,
                code=shown(session.code),
                open=session.open and not session.ended,
                phase=self.room.phase(),
                seconds_left=self.room.seconds_left(),
                year=branch.year,
                years=session.years,
                line=branch.title if len(session.branches) > 1 else "",
                roles=tuple(
                    Ready(play.roles[k].title, play.roles[k].kind, people.get(k, 0), places[k], k in done)
                    for k in roles
                ),
                ruled=len(by_the_rules(self.room)),
                public=public_of(play.live(branch), branch),
                debrief=session.debrief,
            )
