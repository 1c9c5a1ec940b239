"""A participant's place: what its role may see and decide, and no way to anybody else's.

One file, though long: all that a participant can see or do is in one place, so that nothing else has to be guarded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from r2psim.agents import Allocation, View
from r2psim.agents.policies import PolicyError, checked
from r2psim.seminar.decisions import Reason, ReplacesError, Standing, plan_of, standing, votes_of
from r2psim.seminar.limits import ForbiddenError, SeminarError, TooManyError, text
from r2psim.seminar.lobby import Lobby, lobby_of, offered
from r2psim.seminar.notes import EVERYBODY, Note, between
from r2psim.seminar.play import Outcome
from r2psim.seminar.roles import Role
from r2psim.seminar.room import Room
from r2psim.seminar.session import Participant
from r2psim.seminar.visibility import (
    Account,
    Assessment,
    Public,
    PublicState,
    account_of,
    at_home,
    public_of,
    within_of,
)

__all__ = ["InForce", "Letter", "ReplacedBy", "Seat", "SeatView"]


@dataclass(frozen=True, slots=True)
class InForce:
    """A commitment of the role that is in force.

    Attributes
    ----------
    year : int
        From 0, the year for which it was committed.
    name : str
        Who committed it.
    mine : bool
        Whether that is the participant.
    value, why : object, str
        As in `r2psim.seminar.decisions.Decision`.
    """

    year: int
    name: str
    mine: bool
    value: Any
    why: str = ""


@dataclass(frozen=True, slots=True)
class ReplacedBy:
    """A commitment of the participant in whose place another one stands now.

    Attributes
    ----------
    what, name : str
        ``plan``, ``votes`` or ``consent``; who committed what is in force.
    before, now : object
        The participant's own, and the one in force, as in `r2psim.seminar.decisions.Decision`.
    """

    what: str
    name: str
    before: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Letter:
    """A note that the role wrote or received.

    Attributes
    ----------
    year : int
        From 0, the year that was being decided.
    sent : bool
        Whether the role wrote it.
    other : str
        Title of the role that it went to, or came from.
    name : str
        Who wrote it, where that is somebody of the role.
    text : str
        What.
    """

    year: int
    sent: bool
    other: str
    name: str
    text: str


FACILITATOR = "the facilitator"


@dataclass(frozen=True)
class SeatView:
    """Everything that a participant is shown.

    Attributes
    ----------
    title, name, role : str, str, Role
        Of the session; the participant's; its role.
    team : tuple of str
        Names of all who share the role.
    line, line_number : str, int
        Title of the line of history that is being played; empty where there is only one; and its number.
    year, years : int
        Years that are over, and length.
    phase : str
        ``gathering``, ``deciding``, ``closed`` (the deadline has passed), ``paused`` or ``over``.
    seconds_left : float or None
        Until the round closes.
    public : Public
        What everybody can see.
    view : View or None
        What the role's body sees: only its members, with its error; from the first round on.
    account : Account or None
        The body's money and what it funds; from the first round on.
    within : PublicState or None
        Of a government: its own state.
    own : dict of str to Assessment
        By state, how the role itself assesses it: a body its members, a government its own state.
    works : tuple of (str, float, float)
        Of a government: forms of assistance in its state, how far each is built up (0-1) and funded (0-1).
    plan, votes, consent : object
        What the role has in force: a plan or None where the rules decide; the votes of this year; consent or None.
    committed_by : str or None
        Who committed for the role this year.
    in_force : dict of str to InForce
        ``plan``, ``votes`` and ``consent`` that are in force, where somebody committed them.
    replaced : tuple of ReplacedBy
        Commitments of the participant that others replaced this year.
    letters : tuple of Letter
        Notes that the role wrote or received in the line that is being played, in order.
    readers : tuple of (str, str)
        Key and title of the roles that a note can go to: others, which somebody has.
    debrief : bool
        Whether the results can be seen.
    """

    title: str
    name: str
    role: Role
    team: tuple[str, ...]
    line: str
    line_number: int
    year: int
    years: int
    phase: str
    seconds_left: float | None
    public: Public
    view: View | None
    account: Account | None
    within: PublicState | None
    own: dict[str, Assessment]
    works: tuple[tuple[str, float, float], ...]
    plan: tuple[Allocation, ...] | None
    votes: dict[str, str]
    consent: bool | None
    committed_by: str | None
    in_force: dict[str, InForce]
    replaced: tuple[ReplacedBy, ...]
    letters: tuple[Letter, ...]
    readers: tuple[tuple[str, str], ...]
    debrief: bool


class Seat:
    """What one participant can do. Made by `r2psim.seminar.seminars.Seminars.enter` from the participant's token."""

    def __init__(self, room: Room, participant: int) -> None:
        self.room = room
        self._number = participant

    @property
    def who(self) -> Participant:
        """The participant.

        Raises
        ------
        ForbiddenError, NotFoundError
            If the facilitator has removed it, or deleted the session.
        """
        self.room.check_there()
        who = self.room.session.participants[self._number]
        if not who.active:
            raise ForbiddenError("the facilitator has taken this place back")
        return who

    @property
    def role(self) -> Role:
        """The participant's role."""
        return self.room.play.roles[self.who.role]

    def stand(self) -> tuple[object, ...]:
        """Give what `look` depends on, for little: where it stays the same, the same is seen."""
        with self.room.lock:
            session = self.room.session
            who = session.participants[self._number]
            role, branch = self.room.play.roles[who.role], session.branch
            decided = branch.of(branch.year)
            mine = (
                decided.plans.get(role.body or ""),
                decided.votes.get(role.key),
                decided.consent.get(role.state or ""),
            )
            team = tuple(p.number for p in session.participants.values() if p.active and p.role == who.role)
            where = (session.current, branch.year, session.deadline, session.debrief, len(session.branches))
            # Who else is there, and as what, matters as long as the role can be changed.
            lobby = () if session.begun else (who.role, session.cast, tuple(p.role for p in session.present))
            notes = branch.notes()
            said = (between(notes, role.key), tuple(note for note in notes if note.public), self._readers(role))
            return (lobby, self.room.phase(), self.room.deleted, who.active, team, *said, *where, *map(id, mine))

    def look(self) -> SeatView:
        """Give everything that the participant may see now."""
        with self.room.lock:
            session, play, role, who = self.room.session, self.room.play, self.role, self.who
            branch = session.branch
            decided = branch.of(branch.year)
            choices = branch.choices(branch.year, play.permanent)
            model = play.live(branch)
            mine = [decided.plans.get(role.body or ""), decided.votes.get(role.key)]
            mine.append(decided.consent.get(role.state or ""))
            latest = max((d for d in mine if d is not None), key=lambda d: d.at, default=None)
            by = session.participants.get(latest.by) if latest is not None and latest.by is not None else None
            votes = decided.votes.get(role.key)
            public = public_of(model, branch)
            # Roles can still be changed: nobody collects what the others see by trying one after the other.
            ready = session.begun
            view = play.view(branch, branch.year, role.body) if ready and role.body is not None else None
            own = {} if view is None else {s.key: Assessment(s.perceived_risk, s.error) for s in view.states}
            if ready and role.state is not None:
                own[role.state] = at_home(model, role.state)
            return SeatView(
                title=session.title,
                name=who.name,
                role=role,
                team=tuple(p.name for p in session.participants.values() if p.active and p.role == role.key),
                line=branch.title if len(session.branches) > 1 else "",
                line_number=branch.number,
                year=branch.year,
                years=session.years,
                phase=self.room.phase(),
                seconds_left=self.room.seconds_left(),
                public=public,
                view=view,
                account=account_of(model, role.body) if ready and role.body is not None else None,
                within=next((s for s in public.states if s.key == role.state), None),
                own=own,
                works=within_of(model, role.state) if ready and role.state is not None else (),
                plan=None if role.body is None else choices.plans.get(role.body),
                votes={} if votes is None else dict(votes.value),
                consent=None if role.state is None else choices.consent.get(role.state),
                committed_by=by.name if by is not None else None,
                in_force={what: self._told(found) for what, found in self._standing().items()},
                replaced=self._replaced(),
                letters=tuple(self._letter(note) for note in between(branch.notes(), role.key)),
                readers=self._readers(role),
                debrief=session.debrief,
            )

    def _standing(self) -> dict[str, Standing]:
        """Give what is in force of the role, where somebody committed it."""
        role, branch = self.role, self.room.session.branch
        found = {
            what: standing(branch.decided, branch.year, what, about)
            for what, about in (
                ("plan", role.body),
                ("votes", role.key if role.votes else None),
                ("consent", role.state),
            )
            if about is not None
        }
        return {what: one for what, one in found.items() if one is not None}

    def _name(self, number: int | None) -> str:
        return FACILITATOR if number is None else self.room.session.participants[number].name

    def _told(self, found: Standing) -> InForce:
        decision = found.decision
        return InForce(found.year, self._name(decision.by), decision.by == self._number, decision.value, decision.why)

    def _replaced(self) -> tuple[ReplacedBy, ...]:
        """Give the participant's own commitments that others replaced this year, and that it has not replaced again."""
        branch, now = self.room.session.branch, self._standing()
        last = {r.what: r.before for r in branch.of(branch.year).replaced if r.before.decision.by == self._number}
        return tuple(
            ReplacedBy(what, self._name(now[what].decision.by), before.decision.value, now[what].decision.value)
            for what, before in last.items()
            # Votes are kept by role, plans and consent by what they are about: only its own can stand here.
            if what in now and now[what].decision.by != self._number
        )

    def _letter(self, note: Note) -> Letter:
        play, sent = self.room.play, note.role == self.role.key
        other = play.roles[note.to if sent else note.role].title
        return Letter(note.year, sent, other, self._name(note.by) if sent else "", note.text)

    def _readers(self, role: Role) -> tuple[tuple[str, str], ...]:
        session, roles = self.room.session, self.room.play.roles
        held = {who.role for who in session.present} if session.begun else set()
        return tuple((key, other.title) for key, other in roles.items() if key in held and other != role)

    def lobby(self) -> Lobby:
        """Give the roles that there are, without counting the participant."""
        return lobby_of(self.room, self.who.number)

    def change(self, role: str) -> None:
        """Take another role, before the first round begins.

        Raises
        ------
        ForbiddenError
            If it has begun: what one role has seen is not for another.
        SeminarError
            If there is no such role.
        TooManyError
            If the participant has changed too often.
        """
        with self.room.lock:
            who = self.who
            if self.room.session.begun:
                raise ForbiddenError("the exercise has begun: roles stay as they are")
            if role not in offered(self.room):
                raise SeminarError(f"role: {str(role)[:40]} is not allowed: one of the roles of this session")
            if role == who.role:
                return
            if who.moves >= self.room.limits.moves:
                raise TooManyError(f"{who.name} has changed the role {who.moves} times; that is the most")
            self.room.record("moved", participant=who.number, role=role)

    # -- decisions -----------------------------------------------------------------------------------------------------

    def commit_plan(self, plan: object, replaces: Standing | None = None, why: object = "") -> None:
        """Commit the money of the role's body for this year and until another plan is committed.

        Parameters
        ----------
        plan : sequence of Allocation, or None
            None leaves the body to the rules.
        replaces : Standing, optional
            The commitment of somebody else that it knowingly takes the place of.
        why : str
            One sentence that says why, kept for the debriefing; it may be empty.

        Raises
        ------
        ForbiddenError
            If the role has no body.
        ReplacesError
            If another participant's plan is in force, and it is not the one that is replaced knowingly.
        SeminarError
            If the plan is not possible; the message says what is. Nothing is changed then.
        """
        with self.room.lock:
            role = self.role
            if role.body is None:
                raise ForbiddenError(f"{role.title} has no money to allocate")
            self.room.check_deciding()
            taken = plan_of(plan)
            branch = self.room.session.branch
            if taken is not None:
                try:
                    checked(self.room.play.view(branch, branch.year, role.body), taken)
                except PolicyError as error:
                    said = str(error).removeprefix(f"decide of {role.body}: ")
                    raise SeminarError(self.room.play.in_words(said)) from None
            rows = None if taken is None else [[a.state, a.form, a.dollars] for a in taken]
            self._commit("plan", role.body, rows, taken, replaces, why)

    def commit_votes(self, votes: Mapping[str, str], replaces: Standing | None = None, why: object = "") -> None:
        """Commit the votes of a member of the Council on mandates, by state; they hold for this year.

        Raises
        ------
        ForbiddenError, SeminarError
            If the role does not vote, or a vote is not possible.
        ReplacesError
            As in `commit_plan`.
        """
        with self.room.lock:
            role = self.role
            if not role.votes:
                raise ForbiddenError(f"{role.title} has no vote in the Security Council")
            self.room.check_deciding()
            taken = votes_of(votes, self.room.play.scenario.states, self.room.play.names)
            self._commit("votes", role.key, taken, taken, replaces, why)

    def commit_consent(self, consent: bool | None, replaces: Standing | None = None, why: object = "") -> None:
        """Commit whether the role's government consents to assistance; None leaves it to the rules.

        Raises
        ------
        ForbiddenError, SeminarError
            If the role is no government, or it is none of the three.
        ReplacesError
            As in `commit_plan`.
        """
        with self.room.lock:
            role = self.role
            if role.state is None:
                raise ForbiddenError(f"{role.title} is no government")
            self.room.check_deciding()
            if consent is not None and not isinstance(consent, bool):
                raise SeminarError(f"consent: {str(consent)[:40]} is not allowed: yes, no, or left to the rules")
            self._commit("consent", role.state, consent, consent, replaces, why)

    def _commit(self, what: str, about: str, value: Any, taken: Any, replaces: Standing | None, why: object) -> None:
        """Write down a commitment: ``value`` as the log keeps it, ``taken`` as decisions hold it."""
        who, session = self.who, self.room.session
        said = text(why, "why", self.room.limits.why) if str(why).strip() else ""
        now = standing(session.branch.decided, session.branch.year, what, about)
        if now is not None and now.decision.by != who.number and now.decision.value != taken and now != replaces:
            raise ReplacesError(what, now, self._name(now.decision.by))
        if who.commits >= self.room.limits.commits:
            raise TooManyError(f"{who.name} has committed {who.commits:,} times; that is the most")
        self.room.record(
            "committed",
            branch=session.current,
            year=session.branch.year,
            role=who.role,
            by=who.number,
            what=what,
            about=about,
            value=value,
            why=said,
        )

    # -- words ---------------------------------------------------------------------------------------------------------

    def say(self, words: object, to: str = EVERYBODY) -> None:
        """Write a note to another role, or make the role's public statement of the year.

        A note is seen by those two roles alone, at once; a statement by everybody. Neither can be taken back. What was
        written already, in the same words to the same role in the same year, is not written a second time: a press
        that came twice, or again after the connection broke, does nothing more.

        Parameters
        ----------
        words : str
            What.
        to : str, optional
            The role that it is for; everybody if not given.

        Raises
        ------
        SeminarError
            If nothing is decided at present, nobody has that role, it is empty or too long, or the role has made
            another statement this year.
        TooManyError
            If the participant writes too much, or too fast.
        """
        with self.room.lock:
            who, role, room = self.who, self.role, self.room
            session, limits = room.session, room.limits
            room.check_deciding()
            public = to == EVERYBODY
            if not public and to not in [key for key, _ in self._readers(role)]:
                raise SeminarError("to: choose one of the other roles that somebody has")
            said = text(words, "statement" if public else "note", limits.note)
            branch = session.branch
            # What comes from before the year was decided anew is no word of this line yet.
            here = [n for n in branch.of(branch.year).notes if n.line == branch.number]
            if any((n.role, n.to, n.text) == (role.key, to, said) for n in here):
                return
            if public and any(n.public and n.role == role.key for n in here):
                raise SeminarError(f"the public statement of year {branch.year + 1} was made: there is one a year")
            if sum(n.by == who.number for n in here) >= limits.notes_a_year:
                raise TooManyError(f"at most {limits.notes_a_year} notes and statements a year")
            if who.notes >= limits.notes:
                raise TooManyError(f"{who.name} has written {who.notes:,} times; that is the most")
            if not room.pace.take(str(who.number)):
                raise TooManyError("one note after the other: send the next one in some seconds")
            room.record(
                "said",
                branch=session.current,
                year=branch.year,
                role=role.key,
                by=who.number,
                to=to,
                text=said,
            )

    # -- afterwards ----------------------------------------------------------------------------------------------------

    def reasons(self) -> tuple[Reason, ...]:
        """Give the sentences that all roles wrote with their decisions, once the debriefing is open.

        Of the line that is being played, and of the years of it that were run.

        Raises
        ------
        ForbiddenError
            Before.
        """
        with self.room.lock:
            self._debriefed()
            return self.room.session.branch.reasons()

    def results(self, years: int | None = None) -> list[Outcome]:
        """Give what happened in the lines of history, and what would have happened; once the debriefing is open.

        All lines have the same luck: while one is still being decided the others would tell what is to come in it,
        and are closed.

        Parameters
        ----------
        years : int, optional
            Over the first years alone.

        Raises
        ------
        ForbiddenError
            Before.
        """
        from r2psim.seminar.chair import outcomes

        self._debriefed()
        return outcomes(self.room, years, played_only=not self.room.session.over)

    def _debriefed(self) -> None:
        """Refuse what waits for the debriefing."""
        _ = self.who
        if not self.room.session.debrief:
            raise ForbiddenError("the facilitator has not opened the debriefing yet")
