"""The facilitator's place: the time, the triggers, the years, the lines of history, the debriefing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from r2psim.agents import View
from r2psim.agents.choices import may_strike
from r2psim.agents.policies import PolicyError, checked
from r2psim.seminar.decisions import Decided, Reason, plan_of, triggers_of
from r2psim.seminar.limits import SeminarError, TooManyError, text
from r2psim.seminar.play import Outcome
from r2psim.seminar.roles import Role
from r2psim.seminar.room import MINUTE, Room
from r2psim.seminar.session import Branch, Session

__all__ = ["Chair", "Change", "Progress", "outcomes"]

Change = tuple[str, str, Any]
"""A decision taken otherwise: ``plan``, body, rows or None; ``consent``, state, True, False or None; ``mandate``,
state, True, False or None; ``no triggers``, empty, None."""


@dataclass(frozen=True)
class Progress:
    """How far a role has come in the present round.

    Attributes
    ----------
    role : Role
        One that somebody holds.
    team : tuple of (int, str)
        Number and name of its participants.
    committed : bool
        Whether it has committed anything for this year.
    """

    role: Role
    team: tuple[tuple[int, str], ...]
    committed: bool


def outcomes(room: Room, years: int | None = None, played_only: bool = False) -> list[Outcome]:
    """Give what came of the lines of history, and of the policies with the same luck.

    Parameters
    ----------
    room : Room
        The session.
    years : int, optional
        Over the first years alone; else each as far as it was run.
    played_only : bool
        Of the lines only the one that is being played.
    """
    with room.lock:
        session = room.session
        lines = [session.branch] if played_only else session.branches
        found = [room.play.outcome(branch, years) for branch in lines]
        return found + room.play.counterfactuals(session.branch, years)


class Chair:
    """What the facilitator can do. Made by `r2psim.seminar.seminars.Seminars.enter` from the facilitator's token."""

    def __init__(self, room: Room) -> None:
        self.room = room

    @property
    def session(self) -> Session:
        """The session."""
        return self.room.session

    def stand(self) -> tuple[object, ...]:
        """Give what the facilitator's page depends on: everything, and whether a deadline has passed."""
        return self.room.version, self.room.phase()

    def phase(self) -> str:
        """Say where the session stands; see `r2psim.seminar.room.Room.phase`."""
        return self.room.phase()

    def progress(self) -> list[Progress]:
        """Say who has committed in this round, in the order of the roles."""
        with self.room.lock:
            session = self.session
            done = session.branch.of(session.branch.year).roles()
            people: dict[str, list[tuple[int, str]]] = {}
            for p in session.participants.values():
                if p.active:
                    people.setdefault(p.role, []).append((p.number, p.name))
            roles = self.room.play.roles
            return [Progress(role, tuple(people[key]), key in done) for key, role in roles.items() if key in people]

    # -- time ----------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Open the first round."""
        with self.room.lock:
            if self.session.begun:
                raise SeminarError("the exercise has begun already")
            self.room.record("began", deadline=self.room.deadline())

    def pause(self) -> None:
        """Stop the time; nothing is committed until it goes on."""
        with self.room.lock:
            self._going_on()
            left = self.room.seconds_left()
            self.room.record("paused", left=left)

    def resume(self) -> None:
        """Let the time go on with what was left of it."""
        with self.room.lock:
            if not self.session.paused:
                raise SeminarError("the exercise is not paused")
            left = self.session.deadline
            self.room.record("resumed", deadline=None if left is None else self.room.clock() + left)

    def extend(self, minutes: float) -> None:
        """Move the deadline, from now if it has passed; also backwards, but not into the past.

        Raises
        ------
        SeminarError
            If there is no round, or the time is too long.
        """
        with self.room.lock:
            self._going_on()
            most = self.room.limits.minutes
            if not -most <= minutes <= most:
                raise SeminarError(f"minutes: {minutes} is not allowed: up to {most}")
            now = self.room.clock()
            began = max(now, self.session.deadline if self.session.deadline is not None else now)
            deadline = min(max(now, began + MINUTE * minutes), now + MINUTE * most)
            self.room.record("timed", deadline=deadline)

    def advance(self, year: int | None = None) -> str:
        """Close the round and run the year as decided; give the digest of the run so far.

        Parameters
        ----------
        year : int, optional
            The year (from 0) that is meant: where it was run already, a second press of the button runs no other.
        """
        with self.room.lock:
            session = self.session
            if year is not None and year != session.branch.year:
                raise SeminarError(f"year {year + 1} was run already")
            if not session.begun or session.ended or session.finished:
                raise SeminarError("there is no year to run: the exercise has not begun, or is over")
            digest = self.room.play.advance(session.branch)
            last = session.branch.year + 1 >= session.years
            self.room.record(
                "advanced",
                branch=session.current,
                digest=digest,
                deadline=None if last else self._next_deadline(),
            )
            return digest

    def end(self) -> None:
        """End the exercise: no more commitments."""
        with self.room.lock:
            if not self.session.ended:
                self.room.record("ended")

    def let_in(self, open_: bool) -> None:
        """Let people join, or no more."""
        self.room.record("let in", open=bool(open_))

    def show(self, debrief: bool) -> None:
        """Open the results to all participants, or close them again."""
        self.room.record("shown", debrief=bool(debrief))

    def remove(self, participant: int) -> None:
        """Take a participant's place back; what it committed stays."""
        with self.room.lock:
            if participant not in self.session.participants:
                raise SeminarError(f"there is no participant {participant}")
            self.room.record("removed", participant=participant)

    # -- the world -----------------------------------------------------------------------------------------------------

    def inject(self, state: str, kind: str, month: int = 0) -> None:
        """Let a trigger strike in a month (0-11) of the year that is being decided.

        Raises
        ------
        SeminarError
            If it has no occasion there, or there are too many.
        """
        with self.room.lock:
            session, branch = self.session, self.session.branch
            if session.ended or session.finished:
                raise SeminarError("the exercise is over: nothing more can happen in it")
            row = [month, state, kind]
            triggers_of([row], self.room.play.scenario.states)
            here = branch.of(branch.year).triggers
            if len(here) >= self.room.limits.triggers:
                raise TooManyError(f"at most {self.room.limits.triggers} triggers a year")
            if not may_strike(self.room.play.live(branch), state, kind):
                where = self.room.play.names[state]
                raise SeminarError(f"an armed offensive needs armed conflict, and there is none in {where}")
            if any((t.month, t.state, t.kind) == (month, state, kind) for t in here):
                raise SeminarError("this trigger is set to strike already")
            self.room.record("injected", branch=session.current, year=branch.year, triggers=[row])

    def withdraw(self) -> None:
        """Take back the triggers of the year that is being decided."""
        self.room.record("withdrawn", branch=self.session.current, year=self.session.branch.year)

    # -- lines of history ----------------------------------------------------------------------------------------------

    def rewind(
        self, branch: int, year: int, title: str, changes: Sequence[Change] = (), keep_later: bool = True
    ) -> int:
        """Go back to a decision, decide otherwise, and give the number of the line of history that follows.

        Parameters
        ----------
        branch, year : int
            The line to leave, and the year (from 0) of the decision, which was run in it.
        title : str
            What the new line is called.
        changes : sequence of Change
            What is decided otherwise; all other decisions of that year are kept.
        keep_later : bool
            Whether the decisions of later years are kept too and the line is run to where the other one stands; else
            the years from this one on are to be decided anew, once `switch` makes the line the current one.

        Raises
        ------
        SeminarError
            If there is no such decision, a change is not possible, or there are too many lines.
        """
        with self.room.lock:
            session, play = self.session, self.room.play
            parent = self._branch(branch)
            if isinstance(year, bool) or not isinstance(year, int) or not 0 <= year < parent.year:
                raise SeminarError(f"year {year!r} is not allowed: a year that was run, 0 to {parent.year - 1}")
            if len(session.branches) >= self.room.limits.branches:
                raise TooManyError(f"at most {self.room.limits.branches} lines of history in a session")
            named = text(title, "title", self.room.limits.title)
            taken = [self._checked(parent, year, change) for change in changes]
            data = {"parent": branch, "year": year, "title": named, "changes": taken, "keep": bool(keep_later)}
            digests = parent.digests[:year]
            if keep_later:
                trial = _trial(session, data)
                digests = play.digests(trial, parent.year)
            self.room.record("branched", **data, digests=digests)
            return len(session.branches) - 1

    def switch(self, branch: int) -> None:
        """Make a line of history the one that is played and seen."""
        with self.room.lock:
            to = self._branch(branch)
            deadline = None if to.year >= self.session.years or not self.session.begun else self._next_deadline()
            self.room.record("switched", branch=branch, deadline=deadline)

    def view(self, branch: int, year: int, body: str) -> View:
        """Give what a body saw when a year was to be decided."""
        with self.room.lock:
            line = self._branch(branch)
            if not 0 <= year <= line.year or body not in self.room.play.scenario.bodies:
                named = self.room.play.in_words(str(body)[:40])
                raise SeminarError(f"there is no view of {named} in year {year + 1}")
            return self.room.play.view(line, year, body)

    def decided(self, branch: int, year: int) -> Decided:
        """Give what was decided for a year of a line."""
        with self.room.lock:
            return self._branch(branch).decided.get(year, Decided()).copy()

    def results(self, years: int | None = None) -> list[Outcome]:
        """Give what happened in every line, and what would have happened under the policies with the same luck.

        Parameters
        ----------
        years : int, optional
            Over the first years alone; else each line as far as it was run, and the policies as far as the line that
            is being played.
        """
        return outcomes(self.room, years)

    def reasons(self, branch: int | None = None) -> tuple[Reason, ...]:
        """Give the sentences that were written with the decisions of a line; of the one that is played if not given."""
        with self.room.lock:
            line = self.session.branch if branch is None else self._branch(branch)
            return line.reasons()

    # -- checks --------------------------------------------------------------------------------------------------------

    def _going_on(self) -> None:
        session = self.session
        if not session.begun or session.ended or session.finished:
            raise SeminarError("no round is open")
        if session.paused:
            raise SeminarError("the exercise is paused")

    def _next_deadline(self) -> float:
        return self.room.deadline()

    def _branch(self, number: int) -> Branch:
        branches = self.session.branches
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < len(branches):
            raise SeminarError(f"line of history {number!r} is not allowed: 0 to {len(branches) - 1}")
        return branches[number]

    def _checked(self, parent: Branch, year: int, change: Change) -> list[Any]:
        """Check one decision that is taken otherwise, and give it as the log keeps it."""
        what, about, value = change
        scenario = self.room.play.scenario
        if what == "plan":
            if about not in scenario.bodies:
                raise SeminarError(f"{str(about)[:40]} is not allowed: a body of this world")
            plan = plan_of(value)
            if plan is None:
                return [what, about, None]
            try:
                checked(self.room.play.view(parent, year, about), plan)
            except PolicyError as error:
                raise SeminarError(self.room.play.in_words(str(error))) from None
            return [what, about, [[a.state, a.form, a.dollars] for a in plan]]
        if what in ("consent", "mandate"):
            if about not in scenario.states:
                raise SeminarError(f"{str(about)[:40]} is not allowed: a state of this world")
            if value is not None and not isinstance(value, bool):
                raise SeminarError(
                    f"{what} of {self.room.play.names[about]}: {str(value)[:40]} is not allowed: yes, no, or left to "
                    "the rules"
                )
            return [what, about, value]
        if what == "no triggers":
            return [what, "", None]
        raise SeminarError(f"a decision about {str(what)[:40]} is not known")


def _trial(session: Session, data: dict[str, Any]) -> Branch:
    """Give the line of history that a record would make, without making it."""
    from r2psim.seminar.log import Record

    shadow = Session(session.number, session.code, branches=list(session.branches))
    shadow.apply(Record(0, 0.0, "branched", {**data, "digests": []}))
    return shadow.branches[-1]
