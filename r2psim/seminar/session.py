"""A session as its log tells it: who takes part, what was decided in which line of history, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from r2psim.agents import Choices
from r2psim.seminar.casts import EVERYBODY
from r2psim.seminar.decisions import (
    Decided,
    Decision,
    Reason,
    Replaced,
    Standing,
    choices_of,
    plan_of,
    reasons_of,
    standing,
    triggers_of,
)
from r2psim.seminar.log import Record
from r2psim.seminar.notes import Note, notes_of

__all__ = ["Branch", "Participant", "Session"]


@dataclass
class Participant:
    """Somebody who joined; ``token`` is the fingerprint of the token, ``active`` turns false when removed.

    ``commits``, ``moves`` and ``notes`` count its commitments, how often it changed its role, and what it wrote.
    """

    number: int
    name: str
    role: str
    token: str
    active: bool = True
    commits: int = 0
    moves: int = 0
    notes: int = 0


@dataclass
class Branch:
    """One line of history.

    Attributes
    ----------
    number : int
        From 0, the line that was played first.
    title : str
        What it is called.
    parent, since : int or None, int
        The line that it left, and the year (from 0) of the first decision that differs.
    digests : list of str
        SHA-256 of the run after each year that was run.
    decided : dict of int to Decided
        By year.
    """

    number: int
    title: str
    parent: int | None = None
    since: int = 0
    digests: list[str] = field(default_factory=list)
    decided: dict[int, Decided] = field(default_factory=dict)

    @property
    def year(self) -> int:
        """Years that were run, which is the number of the year that is to be decided."""
        return len(self.digests)

    @property
    def key(self) -> str:
        """What its model and its outcome are kept under."""
        return f"branch-{self.number}"

    def of(self, year: int) -> Decided:
        """Give the decisions of a year, to be changed."""
        return self.decided.setdefault(year, Decided())

    def reasons(self) -> tuple[Reason, ...]:
        """Give the sentences that were written with the decisions of the years that were run, in order."""
        return reasons_of(self.decided, self.year)

    def notes(self, since: int = 0) -> tuple[Note, ...]:
        """Give what roles wrote and said from a year on, that which is being decided included, in order."""
        return notes_of(self.decided, since, self.year)

    def choices(self, year: int, permanent: Iterable[str]) -> Choices:
        """Give what the model is given for a year; see `r2psim.seminar.decisions.choices_of`."""
        return choices_of(self.decided, year, permanent)


@dataclass
class Session:
    """State of a session: the sum of its records.

    Attributes
    ----------
    number, code : int, str
        Place in the log, and what people type to join.
    facilitator, screen : str
        Fingerprint of the facilitator's token, and of the projector's.
    title, policy, seed, run, years, minutes : str, str, int, int, int, float
        Name; what the rules do for those who do not decide; luck; length; time for a round.
    cast : int
        How many people its cast is for, as in `r2psim.seminar.casts`; 0 where all roles are offered.
    scenario : dict
        The resolved scenario.
    participants : dict of int to Participant
        By number.
    branches : list of Branch
        Lines of history; the first was played first.
    current : int
        The line that is being played.
    begun, paused, ended, open, debrief : bool
        Where it stands; whether people can join; whether everybody may see what happened.
    deadline : float or None
        When the round closes, s since 1970; while paused, the seconds left.
    records, latest : int, float
        Length of its log, and when its last record was written, s since 1970.
    """

    number: int
    code: str
    facilitator: str = ""
    screen: str = ""
    title: str = ""
    policy: str = "late-response"
    seed: int = 1
    run: int = 0
    years: int = 10
    minutes: float = 10.0
    cast: int = EVERYBODY
    scenario: dict[str, Any] = field(default_factory=dict)
    participants: dict[int, Participant] = field(default_factory=dict)
    branches: list[Branch] = field(default_factory=list)
    current: int = 0
    begun: bool = False
    paused: bool = False
    ended: bool = False
    open: bool = True
    debrief: bool = False
    deadline: float | None = None
    records: int = 0
    latest: float = 0.0

    @property
    def branch(self) -> Branch:
        """The line of history that is being played."""
        return self.branches[self.current]

    @property
    def present(self) -> list[Participant]:
        """Those who take part: all who joined but those whose place the facilitator has taken back."""
        return [who for who in self.participants.values() if who.active]

    @property
    def finished(self) -> bool:
        """Whether the line that is being played has no year left."""
        return self.branch.year >= self.years

    @property
    def over(self) -> bool:
        """Whether nothing more is decided in the line that is being played."""
        return self.ended or self.finished

    @property
    def luck_is_told(self) -> bool:
        """Whether everybody may know the seed: the debriefing is open, and no year is left to be decided."""
        return self.debrief and self.over

    def accepts(self, now: float) -> bool:
        """Say whether commitments are taken at a time."""
        deciding = self.begun and not self.paused and not self.ended and not self.finished
        return deciding and (self.deadline is None or now <= self.deadline)

    def apply(self, record: Record) -> None:
        """Take in the next record of the log."""
        _APPLY[record.kind](self, record.data, record.at)
        self.records = record.number + 1
        self.latest = record.at

    # -- records -------------------------------------------------------------------------------------------------------

    def _created(self, data: Mapping[str, Any], _: float) -> None:
        self.facilitator = data["token"]
        for name in ("title", "policy", "seed", "run", "years", "minutes", "scenario"):
            setattr(self, name, data[name])
        self.screen = data.get("screen", "")
        # Logs of before there were casts offer all roles.
        self.cast = data.get("cast", EVERYBODY)
        self.branches = [Branch(0, "As decided")]

    def _joined(self, data: Mapping[str, Any], _: float) -> None:
        who = Participant(data["participant"], data["name"], data["role"], data["token"])
        self.participants[who.number] = who

    def _moved(self, data: Mapping[str, Any], _: float) -> None:
        who = self.participants[data["participant"]]
        who.role = data["role"]
        who.moves += 1

    def _recast(self, data: Mapping[str, Any], _: float) -> None:
        self.cast = data["cast"]

    def _removed(self, data: Mapping[str, Any], _: float) -> None:
        self.participants[data["participant"]].active = False

    def _began(self, data: Mapping[str, Any], _: float) -> None:
        self.begun = True
        self.deadline = data["deadline"]

    def _paused(self, data: Mapping[str, Any], _: float) -> None:
        self.paused = True
        self.deadline = data["left"]

    def _resumed(self, data: Mapping[str, Any], _: float) -> None:
        self.paused = False
        self.deadline = data["deadline"]

    def _timed(self, data: Mapping[str, Any], _: float) -> None:
        self.deadline = data["deadline"]

    def _let_in(self, data: Mapping[str, Any], _: float) -> None:
        self.open = data["open"]

    def _shown(self, data: Mapping[str, Any], _: float) -> None:
        self.debrief = data["debrief"]

    def _ended(self, data: Mapping[str, Any], _: float) -> None:
        self.ended = True

    def _committed(self, data: Mapping[str, Any], at: float) -> None:
        branch, year, what, about = self.branches[data["branch"]], data["year"], data["what"], data["about"]
        before = standing(branch.decided, year, what, about)
        decided = branch.of(year)
        # Logs of before sentences were kept have none.
        _write(decided, what, about, data["value"], data["role"], data["by"], at, data.get("why", ""))
        after = Standing(year, decided.kind(what)[about])
        if before is not None and before.decision.by != data["by"] and before.decision.value != after.decision.value:
            decided.replaced.append(Replaced(what, about, before, after))
        self.participants[data["by"]].commits += 1

    def _said(self, data: Mapping[str, Any], at: float) -> None:
        year, line, by = data["year"], data["branch"], data["by"]
        note = Note(year, line, data["role"], data["to"], data["text"], by, at)
        self.branches[line].of(year).notes.append(note)
        self.participants[by].notes += 1

    def _injected(self, data: Mapping[str, Any], _: float) -> None:
        decided = self.branches[data["branch"]].of(data["year"])
        decided.triggers += triggers_of(data["triggers"], [t[1] for t in data["triggers"]])

    def _withdrawn(self, data: Mapping[str, Any], _: float) -> None:
        self.branches[data["branch"]].of(data["year"]).triggers.clear()

    def _advanced(self, data: Mapping[str, Any], _: float) -> None:
        self.branches[data["branch"]].digests.append(data["digest"])
        self.deadline = data["deadline"]

    def _branched(self, data: Mapping[str, Any], at: float) -> None:
        parent = self.branches[data["parent"]]
        since = data["year"]
        made = Branch(len(self.branches), data["title"], parent.number, since, list(data["digests"]))
        kept = {y: d.copy() for y, d in parent.decided.items() if y <= since or data["keep"]}
        made.decided = kept
        for what, about, value in data["changes"]:
            _write(made.of(since), what, about, value, "facilitator", None, at)
        self.branches.append(made)

    def _switched(self, data: Mapping[str, Any], _: float) -> None:
        self.current = data["branch"]
        self.deadline = data["deadline"]
        self.paused = False


def _write(
    decided: Decided, what: str, about: str, value: Any, role: str, by: int | None, at: float, why: str = ""
) -> None:
    """Write one decision into those of its year."""
    if what == "plan":
        decided.plans[about] = Decision(plan_of(value), role, by, at, why)
    elif what == "votes":
        decided.votes[role] = Decision(dict(value), role, by, at, why)
    elif what == "consent":
        decided.consent[about] = Decision(value, role, by, at, why)
    elif what == "mandate":
        decided.mandates[about] = value
    elif what == "no triggers":
        decided.triggers.clear()
    else:
        raise ValueError(f"a decision about {what} is not known")


_APPLY: dict[str, Callable[[Session, Mapping[str, Any], float], None]] = {
    "created": Session._created,
    "joined": Session._joined,
    "moved": Session._moved,
    "recast": Session._recast,
    "removed": Session._removed,
    "began": Session._began,
    "paused": Session._paused,
    "resumed": Session._resumed,
    "timed": Session._timed,
    "let in": Session._let_in,
    "shown": Session._shown,
    "ended": Session._ended,
    "committed": Session._committed,
    "said": Session._said,
    "injected": Session._injected,
    "withdrawn": Session._withdrawn,
    "advanced": Session._advanced,
    "branched": Session._branched,
    "switched": Session._switched,
}
