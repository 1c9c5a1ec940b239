"""All sessions of a server: opening one, joining one, coming back after anything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from r2psim.seminar.casts import EVERYBODY, checked_size
from r2psim.seminar.chair import Chair
from r2psim.seminar.codes import LENGTH, fingerprint, new_code, new_seed, new_token, of_screen, plain
from r2psim.seminar.limits import LIMITS, Bucket, Limits, NotFoundError, SeminarError, TooManyError, text
from r2psim.seminar.lobby import Lobby, lobby_of, offered
from r2psim.seminar.log import Log, LogError
from r2psim.seminar.play import Models
from r2psim.seminar.room import Room
from r2psim.seminar.screen import Screen
from r2psim.seminar.seat import Seat
from r2psim.seminar.session import Session

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.seminar.roles import Role

__all__ = ["FILE", "Opened", "Seminars"]

FILE = "seminars.sqlite"
"""Name of the file of all sessions in the directory of the data."""

HERE = ""
"""Who asks where the server's own machine does, or a program that uses the library."""

CHAIR, SCREEN = -1, -2
"""In place of a participant's number: the facilitator, and the projector."""

BEAT = 2.0
"""Seconds between two notes that the server is up."""

LATE = 2.0
"""Seconds after which a wrong code is answered, once somebody has tried too many."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was just opened: the code for everybody, the token for the facilitator alone."""

    code: str
    token: str


class Seminars:
    """The sessions of a server.

    Parameters
    ----------
    path : Path, optional
        File of the sessions; in memory if not given. What it holds is taken up again.
    limits : Limits
        Bounds.
    clock : callable
        Gives the time, s since 1970.
    sleep : callable
        Waits some seconds, in the thread of whoever sends wrong codes.

    Raises
    ------
    LogError
        If the file cannot be used.

    Examples
    --------
    >>> seminars = Seminars()
    >>> opened = seminars.open("Monday", years=5)
    >>> token = seminars.join(opened.code, "Ada", "body-good-offices")
    >>> seminars.enter(token).role.title
    "Secretary-General's good offices and Department of Political Affairs"
    """

    def __init__(
        self,
        path: Path | None = None,
        limits: Limits = LIMITS,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.limits = limits
        self.clock = clock
        self._log = Log(path)
        self._models = Models(limits.models)
        self._lock = threading.RLock()
        self._rooms: dict[int, Room] = {}
        self._codes: dict[str, int] = {}
        self._tokens: dict[str, tuple[int, int]] = {}
        self._sleep = sleep
        # Wrong codes: a few at once from one place, then one every few seconds.
        self._misses = Bucket(clock, tries=20.0, per_second=0.5)
        self._openers: dict[int, str] = {}
        self._joiners: dict[int, dict[int, str]] = {}
        self._beaten = float("-inf")
        for number, code in self._log.sessions():
            self._take_up(number, code)
        self._give_back()

    def _take_up(self, number: int, code: str) -> Room:
        """Build a session from its log."""
        session = Session(number, code)
        for record in self._log.records(number):
            session.apply(record)
        room = Room(session, self._log, self._models, self.limits, self.clock, self._beat)
        self._rooms[number] = room
        self._codes[code] = number
        self._tokens[session.facilitator] = (number, CHAIR)
        if session.screen:
            self._tokens[session.screen] = (number, SCREEN)
        for who in session.participants.values():
            self._tokens[who.token] = (number, who.number)
        return room

    def _give_back(self) -> None:
        """Give the rounds that were going on the time back in which there was no server."""
        since = self._log.last_beat()
        if since is None:
            return
        for room in self._rooms.values():
            # One whose log is full goes on with the time that it had.
            with suppress(TooManyError):
                room.give_back(max(since, room.session.latest))

    def _beat(self) -> None:
        """Note now and then that the server is up."""
        now = self.clock()
        with self._lock:
            if 0.0 <= now - self._beaten < BEAT:
                return
            self._beaten = now
        # A disk that is full is told to whoever wants something written.
        with suppress(LogError):
            self._log.beat(now)

    def close(self) -> None:
        """Close the file."""
        self._log.close()

    def __len__(self) -> int:
        return len(self._rooms)

    # -- opening and joining -------------------------------------------------------------------------------------------

    def open(
        self,
        title: str,
        scenario: str | Path | Scenario = "seminar",
        policy: str = "late-response",
        seed: int | None = None,
        run: int = 0,
        years: int | None = None,
        minutes: float = 10.0,
        asker: str = HERE,
        cast: int = EVERYBODY,
    ) -> Opened:
        """Open a session.

        Parameters
        ----------
        title : str
            What it is called.
        scenario : str, Path or Scenario
            The world.
        policy : str
            What the rules do for those who do not decide.
        seed : int, optional
            Of all chance; drawn secretly if not given, so that nobody can look up what is to come.
        run : int
            Number of the run under that seed.
        years : int, optional
            Length; the scenario's own if not given, and at most what the limits allow.
        minutes : float
            Time for a round.
        asker : str
            Where the request comes from.
        cast : int
            How many people the roles that are offered are for, as in `r2psim.seminar.casts`; 0 offers all.

        Raises
        ------
        SeminarError
            If something is not allowed, or the server has as many sessions as it takes, or takes from one place.
        """
        from r2psim.scenario import ScenarioError, load
        from r2psim.world.expand import expand

        limits = self.limits
        named = text(title, "title", limits.title)
        try:
            world = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
            world.policy(policy)
        except ScenarioError as error:
            raise SeminarError(str(error)) from None
        length = min(world.years, limits.years) if years is None else years
        _whole("years", length, 1, limits.years)
        seed = new_seed() if seed is None else seed
        _whole("seed", seed, 0, 2**64 - 1)
        _whole("run", run, 0, 2**32 - 1)
        size = checked_size(cast)
        _whole("states of the scenario", len(world.states), 1, limits.states)
        if isinstance(minutes, bool) or not 0.1 <= minutes <= limits.minutes:
            raise SeminarError(f"minutes: {minutes} is not allowed: 0.1 to {limits.minutes}")
        with self._lock:
            self._check_opening(asker)
            token = new_token()
            code = new_code()
            while code in self._codes:
                code = new_code()
            data = {
                "token": fingerprint(token),
                "title": named,
                "policy": policy,
                "seed": seed,
                "run": run,
                "years": length,
                "minutes": float(minutes),
                "cast": size,
                "screen": fingerprint(of_screen(token)),
                "scenario": world.resolved(),
            }
            number = self._log.create(code, self.clock(), data)
            self._take_up(number, code)
            self._openers[number] = asker
        return Opened(code, token)

    def _check_opening(self, asker: str) -> None:
        """Refuse one session more than there may be, of all or of one place."""
        limits = self.limits
        most = limits.sessions - (0 if asker == HERE else limits.sessions_here)
        if len(self._rooms) >= most:
            raise TooManyError(f"this server holds {len(self._rooms)} sessions; delete one that is over")
        if asker != HERE:
            mine = [n for n, who in self._openers.items() if who == asker and not self._rooms[n].session.begun]
            if len(mine) >= limits.opened_by_one:
                raise TooManyError(f"{len(mine)} seminars that were opened from here have not begun; use or delete one")

    def roles(self, code: str, asker: str = HERE) -> dict[str, Role]:
        """Give the roles of a session, to those who know its code."""
        return self._room_of(code, asker).play.roles

    def room(self, code: str, asker: str = HERE) -> Room:
        """Give the session of a code, to be followed by those who wait in its lobby."""
        return self._room_of(code, asker)

    def lobby(self, code: str, asker: str = HERE) -> Lobby:
        """Give what those who know the code of a session can join as."""
        return lobby_of(self._room_of(code, asker))

    def join(self, code: str, name: str, role: str, asker: str = HERE, browser: str = HERE) -> str:
        """Join a session, and give the token by which the participant comes back.

        Parameters
        ----------
        code : str
            As typed.
        name : str
            How the participant is called.
        role : str
            Key of a role; several people may share one.
        asker, browser : str
            Where the request comes from, and which browser there sends it.

        Raises
        ------
        NotFoundError
            If there is no such session.
        TooManyError
            If all places are taken, or this browser has taken as many as it can.
        SeminarError
            If the name or the role is not allowed, or nobody is let in at present.
        """
        room = self._room_of(code, asker)
        with room.lock:
            session = room.session
            if not session.open or session.ended:
                raise SeminarError("nobody is let into this session at present")
            called = text(name, "name", self.limits.name)
            if role not in offered(room):
                raise SeminarError(f"role: {str(role)[:40]} is not allowed: one of the roles of this session")
            present = session.present
            if len(present) >= self.limits.participants:
                raise TooManyError(f"all {self.limits.participants} places of this session are taken")
            joiners = self._joiners.setdefault(session.number, {})
            mine = [who for who in present if browser != HERE and joiners.get(who.number) == browser]
            if len(mine) >= self.limits.places_of_one:
                raise TooManyError(f"this browser has taken {len(mine)} places of this session; come back to one")
            token = new_token()
            number = len(session.participants)
            room.record("joined", participant=number, name=called, role=role, token=fingerprint(token))
            with self._lock:
                self._tokens[fingerprint(token)] = (session.number, number)
                joiners[number] = browser
        return token

    def _room_of(self, code: str, asker: str) -> Room:
        """Find a session by its code. The right one is always served; wrong ones, after some, are answered late."""
        typed = plain(str(code))
        with self._lock:
            number = self._codes.get(typed) if len(typed) == LENGTH else None
            if number is not None:
                return self._rooms[number]
            late = not self._misses.take(asker)
        if late:
            self._sleep(LATE)
        raise NotFoundError("there is no session with this code")

    def reserved(self) -> frozenset[tuple[int, int]]:
        """Give seed and run of every session whose luck is not told yet: whoever ran them would see what is to come."""
        with self._lock:
            rooms = list(self._rooms.values())
        found = set()
        for room in rooms:
            with room.lock:
                if not room.session.luck_is_told:
                    found.add((room.session.seed, room.session.run))
        return frozenset(found)

    # -- coming back ---------------------------------------------------------------------------------------------------

    def enter(self, token: str) -> Chair | Seat | Screen:
        """Give the place that a token stands for.

        Raises
        ------
        NotFoundError
            If it stands for none.
        """
        with self._lock:
            found = self._tokens.get(fingerprint(str(token)[:200]))
            if found is None:
                raise NotFoundError("this address leads to no session: join with the code again")
            number, who = found
            room = self._rooms[number]
            if who == CHAIR:
                # Sessions of before there were projectors get theirs when the facilitator comes.
                self._tokens.setdefault(fingerprint(of_screen(str(token)[:200])), (number, SCREEN))
        return Chair(room) if who == CHAIR else Screen(room) if who == SCREEN else Seat(room, who)

    def delete(self, token: str) -> None:
        """Forget a session for good; for its facilitator.

        Raises
        ------
        NotFoundError
            If the token is not a facilitator's.
        """
        place = self.enter(token)
        if not isinstance(place, Chair):
            raise NotFoundError("only the facilitator deletes a session")
        with self._lock, place.room.lock:
            session = place.session
            self._log.delete(session.number)
            del self._rooms[session.number]
            del self._codes[session.code]
            self._openers.pop(session.number, None)
            self._joiners.pop(session.number, None)
            self._tokens = {k: v for k, v in self._tokens.items() if v[0] != session.number}
            self._models.drop(session.number)
            place.room.deleted = True
        place.room.changed()


def _whole(what: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SeminarError(f"{what}: {value} is not allowed: {low} to {high:,}")
