"""The debriefing: what was believed beside what was true, why it happened, what was decided, and other luck.

Everything here tells what nobody may know while it matters, so a participant gets nothing of it before the facilitator
opens the debriefing, and nothing of another line of history while one is still being decided: all have the same luck.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from r2psim.agents.policies import view_of
from r2psim.analysis.summary import tell
from r2psim.declarations.columns import STAGES, TRIGGERS
from r2psim.rules.demand import FRESH
from r2psim.seminar.chair import Chair
from r2psim.seminar.decisions import Reason
from r2psim.seminar.limits import ForbiddenError
from r2psim.seminar.notes import Note
from r2psim.seminar.roles import Role
from r2psim.seminar.seat import Seat
from r2psim.seminar.session import Branch
from r2psim.seminar.visibility import at_home

if TYPE_CHECKING:
    from r2psim.agents import R2PModel
    from r2psim.seminar.play import Play
    from r2psim.seminar.room import Room
    from r2psim.world.history import Event, History

__all__ = ["Belief", "Chain", "Debriefing", "Link", "chains_of"]

YEAR = 12
ATROCITY = 4.0
WAR = 3.0

MOST_CHAINS = 6
"""Groups of which the causes are told: more than a debriefing can take in."""

AT_WORK = FRESH / 2.0
"""Share of its force that a trigger still has where it counts as a cause: a quarter, two half-lives after it struck."""

ORDER = ("trigger", "conflict", "stage")
"""Kinds of event, as they follow one another in a month."""

_KEPT = 24
"""Lines of which what was seen is kept, over all sessions of a server."""


@dataclass(frozen=True)
class Belief:
    """How one state's risk was seen, and what it was.

    Attributes
    ----------
    state, name : str
        Identifier and name.
    true, public : numpy.ndarray, shape (months + 1,)
        Its risk, 0-1, and the public assessment of it, month by month.
    own : numpy.ndarray, shape (years + 1,)
        How the role itself saw it when each year was to be decided; NaN where it saw only what everybody sees.
    war, atrocity : numpy.ndarray of bool, shape (months + 1,)
        Whether there was war, and whether an atrocity went on: everybody saw both.
    """

    state: str
    name: str
    true: np.ndarray
    public: np.ndarray
    own: np.ndarray
    war: np.ndarray
    atrocity: np.ndarray

    @property
    def seen(self) -> np.ndarray:
        """What the role went by when each year was to be decided, shape (years + 1,): its own view, or the public."""
        return np.where(np.isnan(self.own), self.public[::YEAR], self.own)

    @property
    def error(self) -> np.ndarray:
        """By how much the role saw it too high at each decision that was taken, shape (years,)."""
        found: np.ndarray = (self.seen - self.true[::YEAR])[:-1]
        return found


@dataclass(frozen=True)
class Link:
    """One step on the way to an atrocity.

    Attributes
    ----------
    event : Event
        What happened.
    told : str
        It in plain sentences, with its chance and what weighed most.
    grievance : float or None
        Of the group, 0-1, when its stage changed; None for what befell the state.
    pushed : tuple of (Event, float)
        Triggers that were still at work in the state when a stage changed, and the share of force they had left.
    """

    event: Event
    told: str
    grievance: float | None
    pushed: tuple[tuple[Event, float], ...]


@dataclass(frozen=True)
class Chain:
    """The way of one group to where it came to at worst.

    Attributes
    ----------
    group, state : str
        Identifiers.
    worst : int
        Highest stage that it came to.
    killed, driven : float
        Of its members, killed and driven from home, since the start.
    began : str
        The stage at which it began.
    links : tuple of Link
        In order of months, up to when it first came to its worst stage.
    """

    group: str
    state: str
    worst: int
    killed: float
    driven: float
    began: str
    links: tuple[Link, ...]


def chains_of(history: History, most: int = MOST_CHAINS) -> tuple[Chain, ...]:
    """Tell of the groups that came to the worst stage of all, how they came there.

    Parameters
    ----------
    history : History
        A run, or its first years.
    most : int
        Of how many groups: those of which most were killed, or else driven from home.

    Returns
    -------
    tuple of Chain
        Of groups that rose in the run; empty where none rose above the stage at which it began.
    """
    stage, world = history.group["stage"], history.world
    rose = [g for g in range(stage.shape[1]) if stage[:, g].max() > max(stage[0, g], 1.0)]
    worst = max((stage[:, g].max() for g in rose), default=0.0)
    killed, driven = history.group["deaths"][-1], history.group["displaced"][-1]
    chosen = sorted((g for g in rose if stage[:, g].max() == worst), key=lambda g: (-killed[g], -driven[g], g))[:most]
    return tuple(_chain(history, g, world.states[world.rows.home[g]]) for g in chosen)


def _chain(history: History, g: int, state: str) -> Chain:
    group, series = history.world.groups[g], history.group
    worst = float(series["stage"][:, g].max())
    until = int(np.argmax(series["stage"][:, g] == worst))
    # Since it was last calm: what lay before is no cause of this rise.
    since = max((e.month for e in history.events if e.group == group and _calms(e) and e.month < until), default=-1)
    here = [e for e in history.events if e.state == state and e.month < until]
    ours = [e for e in here if e.month > since and e.group == group]
    war = [e for e in here if e.kind == "conflict" and e.month >= since - YEAR]
    pushed = {id(e): _pushed(history, e, here) for e in ours}
    struck = {id(t): t for found in pushed.values() for t, _ in found}
    # In the order of a month: what strikes a state comes before what its groups come to.
    events = sorted([*ours, *war, *struck.values()], key=lambda e: (e.month, ORDER.index(e.kind)))
    links = tuple(
        Link(
            event=e,
            told=tell(e, history, group),
            grievance=float(series["grievance"][e.month + 1, g]) if e.group == group else None,
            pushed=pushed.get(id(e), ()),
        )
        for e in events
    )
    return Chain(
        group, state, int(worst), float(series["deaths"][-1, g]), float(series["displaced"][-1, g]),
        STAGES[int(series["stage"][0, g])], links,
    )  # fmt: skip


def _calms(event: Event) -> bool:
    return (
        event.kind == "stage" and event.after in STAGES[:2] and STAGES.index(event.after) < STAGES.index(event.before)
    )


def _pushed(history: History, event: Event, here: Sequence[Event]) -> tuple[tuple[Event, float], ...]:
    """Give the triggers that were at work in the state when a stage rose, each the last of its kind."""
    if STAGES.index(event.after) < STAGES.index(event.before):
        return ()
    s = history.world.states.index(event.state)
    found = []
    for kind in TRIGGERS:
        left = float(history.state[f"trigger_{kind}"][event.month + 1, s])
        struck = [e for e in here if e.kind == "trigger" and e.what == kind and e.month <= event.month]
        if struck and left >= AT_WORK:
            found.append((struck[-1], left))
    return tuple(found)


@dataclass(frozen=True)
class _Seen:
    """How the roles of a line saw states whenever a year was to be decided.

    Attributes
    ----------
    by_body : mapping of str to mapping of str to numpy.ndarray, each of shape (years + 1,)
        Body -> state -> how it saw this member.
    at_home : mapping of str to numpy.ndarray, each of shape (years + 1,)
        State -> how its own government saw it.
    """

    by_body: Mapping[str, Mapping[str, np.ndarray]]
    at_home: Mapping[str, np.ndarray]


_seen: OrderedDict[tuple[str, str, str], _Seen] = OrderedDict()
_keeping = threading.Lock()


def _seen_in(play: Play, branch: Branch) -> _Seen:
    """Give what the bodies of a line saw, from one run of it; the line stays as it is."""
    key = (play.session.code, branch.key, branch.digests[-1] if branch.digests else "")
    if (kept := _seen.get(key)) is None:
        bodies = [role.body for role in play.roles.values() if role.body is not None]
        found: dict[str, dict[str, np.ndarray]] = {body: {} for body in dict.fromkeys(bodies)}
        governments = [role.state for role in play.roles.values() if role.state is not None]
        at_homes = {state: np.full(branch.year + 1, np.nan) for state in governments}
        model = play.model(play.session.policy, play.choices(branch, branch.year), 0, record=False)
        for year in range(branch.year + 1):
            for body, states in found.items():
                for state in view_of(model, body).states:
                    risks = states.setdefault(state.key, np.full(branch.year + 1, np.nan))
                    risks[year] = state.perceived_risk
            for government, risks in at_homes.items():
                risks[year] = at_home(model, government).value
            for _ in range(YEAR if year < branch.year else 0):
                model.step()
        model.close()
        kept = _Seen(found, at_homes)
        with _keeping:
            _seen[key] = kept
            while len(_seen) > _KEPT:
                _seen.popitem(last=False)
    return kept


class Debriefing:
    """What one place may see once the debriefing is open.

    Parameters
    ----------
    place : Chair or Seat
        The facilitator sees all lines at any time; a participant as `r2psim.seminar.seat.Seat.results` says.
    """

    def __init__(self, place: Chair | Seat) -> None:
        self.place = place

    @property
    def room(self) -> Room:
        """The session."""
        return self.place.room

    @property
    def role(self) -> Role | None:
        """The role of the participant; None of the facilitator."""
        return self.place.role if isinstance(self.place, Seat) else None

    def lines(self) -> list[Branch]:
        """Give the lines of history that may be seen, the one that is played first.

        Raises
        ------
        ForbiddenError
            If the participant has no place any more, or the debriefing is not open.
        """
        with self.room.lock:
            session = self.room.session
            if isinstance(self.place, Seat):
                _ = self.place.who
                if not session.debrief:
                    raise ForbiddenError("the facilitator has not opened the debriefing yet")
                if not session.over:
                    return [session.branch]
            return [session.branch, *(branch for branch in session.branches if branch is not session.branch)]

    def line(self, number: int | None = None) -> Branch:
        """Give a line by its number, or the one that is played.

        Raises
        ------
        ForbiddenError
            If it may not be seen.
        """
        for branch in self.lines():
            if number is None or branch.number == number:
                return branch
        raise ForbiddenError("this line of history is closed until the one that is being decided is over")

    def roles(self) -> list[Role]:
        """Give the roles whose beliefs can be looked at: one's own first, then those that somebody holds."""
        self.lines()
        play, held = self.room.play, {who.role for who in self.room.session.participants.values()}
        own = self.role

        def rank(role: Role) -> int:
            return 0 if role == own else 1 if role.key in held else 2

        return sorted(play.roles.values(), key=rank)

    def beliefs(self, role: str, number: int | None = None) -> tuple[Belief, ...]:
        """Give what a role went by in a line, state by state, and what was true.

        A body saw its members with its own error, a government its own state; whoever has no view of a state saw what
        everybody saw. Of a body these are its members alone.
        """
        with self.room.lock:
            branch, play = self.line(number), self.room.play
            history = play.live(branch).history()
            body, home = play.roles[role].body, play.roles[role].state
            seen = _seen_in(play, branch)
            own = dict(seen.by_body.get(body or "", {}))
            if home is not None:
                own[home] = seen.at_home[home]
            nothing = np.full(branch.year + 1, np.nan)
            return tuple(
                Belief(
                    state=state,
                    name=play.names[state],
                    true=history.state["risk_score"][:, s].copy(),
                    public=history.state["perceived"][:, s].copy(),
                    own=own.get(state, nothing),
                    war=history.state["conflict"][:, s] == WAR,
                    atrocity=history.state["stage"][:, s] == ATROCITY,
                )
                for s, state in enumerate(history.world.states)
                if body is None or state in own
            )

    def chains(self, number: int | None = None) -> tuple[Chain, ...]:
        """Give the causes of the worst that happened in a line."""
        with self.room.lock:
            return chains_of(self._model(number).history())

    def war(self, number: int | None = None) -> np.ndarray:
        """Say in which months of a line each state was at war, shape (months + 1, states)."""
        with self.room.lock:
            at_war: np.ndarray = self._model(number).history().state["conflict"] == WAR
            return at_war

    def sentences(self, number: int | None = None) -> tuple[Reason, ...]:
        """Give the sentences that were written with the decisions of a line, of the years that were run, in order."""
        with self.room.lock:
            return self.line(number).reasons()

    def notes(self, number: int | None = None) -> tuple[Note, ...]:
        """Give what roles said in public and wrote to one another in the years of a line that were run, in order.

        What they wrote to one another is told once nothing more is decided: till then it is for its writer and its
        reader, and not even for the facilitator.
        """
        with self.room.lock:
            line = self.line(number)
            return tuple(n for n in line.notes() if n.year < line.year and (n.public or self.room.session.over))

    def name(self, participant: int | None) -> str:
        """Give the name of who decided; empty for nobody."""
        with self.room.lock:
            who = self.room.session.participants.get(-1 if participant is None else participant)
            return who.name if who is not None else ""

    def _model(self, number: int | None) -> R2PModel:
        return self.room.play.live(self.line(number))
