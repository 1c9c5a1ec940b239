"""Decisions of a year: taken from people, checked, counted, and turned into what the model is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from r2psim.agents import Allocation, Choices, Trigger
from r2psim.declarations.columns import BODY, TRIGGERS
from r2psim.seminar.limits import SeminarError
from r2psim.seminar.notes import Note

__all__ = [
    "VOTES",
    "Decided",
    "Decision",
    "Reason",
    "Replaced",
    "ReplacesError",
    "Standing",
    "adopted",
    "choices_of",
    "plan_of",
    "reasons_of",
    "standing",
    "triggers_of",
    "votes_of",
]

MOST_DOLLARS = 1e12
"""US$ a month that a row of a plan can have at most."""

VOTES = ("yes", "no", "abstain")

KINDS = ("plan", "votes", "consent")
"""What a commitment can be."""

LONGEST_PLAN = int(BODY["attention"].high)
"""Most rows of a plan that is read at all; how many programmes a body can fund is for its view to say."""

MAJORITY = 0.6
"""Share of the votes cast that adopts a mandate: nine of fifteen (Charter of the United Nations, Article 27)."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One commitment of a role.

    Attributes
    ----------
    value : object
        A plan (tuple of Allocation, or None for leaving it to the rules), votes, or consent (True, False or None).
    role : str
        Who decided.
    by : int or None
        Number of the participant; None for the facilitator, in another line of history.
    at : float
        When, s since 1970.
    why : str
        The sentence that was written with it; empty if none was.
    """

    value: Any
    role: str
    by: int | None
    at: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was decided, in the words that were written then.

    Attributes
    ----------
    year : int
        From 0, the year that was decided.
    role, what, about : str
        Who decided; ``plan`` and its body, ``votes`` and the role, or ``consent`` and the state.
    value : object
        What was decided, as in `Decision`; None in what was read from an exported file.
    why : str
        The sentence.
    by : int or None
        Number of the participant; None where it is not known any more, as in an exported file.
    at : float
        When, s since 1970.
    stands : bool
        Whether it counted; else another participant of the role, or another member of the Council, put something
        else in its place.
    """

    year: int
    role: str
    what: str
    about: str
    value: Any
    why: str
    by: int | None
    at: float
    stands: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """A decision that is in force.

    Attributes
    ----------
    year : int
        From 0, the year for which it was committed: plans and consent hold until others are committed.
    decision : Decision
        What, and by whom.
    """

    year: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class Replaced:
    """A commitment in whose place another participant put one of its own.

    Attributes
    ----------
    what, about : str
        ``plan`` and its body, ``votes`` and the role, or ``consent`` and the state.
    before : Standing
        What was in force.
    after : Standing
        What took its place.
    """

    what: str
    about: str
    before: Standing
    after: Standing


class ReplacesError(SeminarError):
    """A commitment would take the place of somebody else's, and does not say that it knows which.

    Attributes
    ----------
    standing : Standing
        What is in force.
    name : str
        Who committed it.
    """

    def __init__(self, what: str, standing: Standing, name: str) -> None:
        super().__init__(f"{what}: {name} has committed already for this; to replace it, say which is replaced")
        self.standing = standing
        self.name = name


@dataclass
class Decided:
    """All decisions of one year of a line of history; of each role the last committed stands.

    Attributes
    ----------
    plans : dict of str to Decision
        By body.
    votes : dict of str to Decision
        By role: state -> ``yes``, ``no`` or ``abstain``.
    consent : dict of str to Decision
        By state.
    mandates : dict of str to bool or None
        Put in place of the votes when history is decided otherwise; None leaves the state to the rules.
    triggers : list of Trigger
        Injected by the facilitator.
    replaced : list of Replaced
        Commitments that others took the place of, in order.
    notes : list of Note
        What roles wrote to one another and said in public, in order.
    """

    plans: dict[str, Decision] = field(default_factory=dict)
    votes: dict[str, Decision] = field(default_factory=dict)
    consent: dict[str, Decision] = field(default_factory=dict)
    mandates: dict[str, bool | None] = field(default_factory=dict)
    triggers: list[Trigger] = field(default_factory=list)
    replaced: list[Replaced] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def copy(self) -> Decided:
        """Give a copy that can be changed, for another line of history: nobody has replaced anything in it yet."""
        return Decided(
            plans=dict(self.plans),
            votes=dict(self.votes),
            consent=dict(self.consent),
            mandates=dict(self.mandates),
            triggers=list(self.triggers),
            notes=list(self.notes),
        )

    def roles(self) -> set[str]:
        """Give the roles that have committed something."""
        found = {d.role for kind in (self.plans, self.votes, self.consent) for d in kind.values()}
        # The Council's money is common: a member whose plan another replaced has committed all the same.
        return found | {r.before.decision.role for r in self.replaced if r.before.year == r.after.year}

    def kind(self, what: str) -> dict[str, Decision]:
        """Give the decisions of a kind: ``plan``, ``votes`` or ``consent``."""
        return {"plan": self.plans, "votes": self.votes, "consent": self.consent}[what]


def standing(decided: Mapping[int, Decided], year: int, what: str, about: str) -> Standing | None:
    """Give the commitment that is in force in a year; None where the rules decide because nobody has committed.

    Parameters
    ----------
    decided : mapping of int to Decided
        Year, from 0 -> its decisions.
    year : int
        Which year.
    what, about : str
        ``plan`` and a body, ``votes`` and a role, or ``consent`` and a state.
    """
    for y in sorted((y for y in decided if y <= year), reverse=True):
        found = decided[y].kind(what).get(about)
        if found is not None:
            # Left to the rules in an earlier year is no word that anybody could take the place of.
            return Standing(y, found) if y == year or found.value is not None else None
        if what == "votes":
            break
    return None


def reasons_of(decided: Mapping[int, Decided], years: int) -> tuple[Reason, ...]:
    """Give the sentences that were written with the decisions of the first years, in the order of their time.

    Parameters
    ----------
    decided : mapping of int to Decided
        Year, from 0 -> its decisions.
    years : int
        How many years: what is written in one that is not over is for its role alone.
    """
    found = []
    for year in sorted(y for y in decided if y < years):
        here = decided[year]
        # Of what came in the same moment, what was replaced came first.
        rows = [(r.what, r.about, r.before.decision, False) for r in here.replaced if r.before.year == year]
        rows += [(what, about, d, True) for what in KINDS for about, d in here.kind(what).items()]
        found += [
            Reason(year, d.role, what, about, d.value, d.why, d.by, d.at, stands)
            for what, about, d, stands in sorted(rows, key=lambda row: row[2].at)
            if d.why
        ]
    return tuple(found)


def plan_of(value: object) -> tuple[Allocation, ...] | None:
    """Read a plan: rows of state, form and US$ a month, or None.

    Raises
    ------
    SeminarError
        If it is not one. Whether a body may do it is for its view to say (`r2psim.agents.policies.checked`).
    """
    if value is None:
        return None
    if not isinstance(value, list | tuple) or len(value) > LONGEST_PLAN:
        raise SeminarError(f"a plan is at most {LONGEST_PLAN} rows of state, form and US$ a month")
    plan = []
    for row in value:
        if isinstance(row, Allocation):
            row = (row.state, row.form, row.dollars)  # noqa: PLW2901
        if not isinstance(row, list | tuple) or len(row) != 3:
            raise SeminarError(f"a plan has rows of state, form and US$ a month; {str(row)[:80]} is not allowed")
        state, form, dollars = row
        # Compared before it is made a float, which a whole number may be too large for; nothing compares with NaN.
        number = isinstance(dollars, int | float) and not isinstance(dollars, bool) and 0 <= dollars <= MOST_DOLLARS
        if not isinstance(state, str) or not isinstance(form, str) or not number:
            raise SeminarError(f"a plan has rows of state, form and US$ a month; {str(row)[:80]} is not allowed")
        # Whole cents: what is written to a file and read again is the same number.
        plan.append(Allocation(state, form, round(float(dollars), 2)))
    return tuple(plan)


def votes_of(value: object, states: Iterable[str], names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read votes: state -> yes, no or abstain; ``names`` are those of states in messages.

    Raises
    ------
    SeminarError
        If a state or a vote is not known.
    """
    known = set(states)
    if not isinstance(value, Mapping) or len(value) > len(known):
        raise SeminarError("votes are given by state: yes, no or abstain")
    for state, vote in value.items():
        if not isinstance(state, str) or state not in known:
            raise SeminarError(f"vote: {str(state)[:40]} is not allowed: a state of this world")
        if vote not in VOTES:
            named = (names or {}).get(state, state)
            raise SeminarError(f"vote on {named}: {str(vote)[:40]} is not allowed: {', '.join(VOTES)}")
    return dict(value)


def triggers_of(value: object, states: Iterable[str]) -> list[Trigger]:
    """Read triggers: rows of month of the year (0-11), state and kind.

    Raises
    ------
    SeminarError
        If one is not possible.
    """
    known = set(states)
    found = []
    for row in value if isinstance(value, list | tuple) else [value]:
        if not isinstance(row, list | tuple) or len(row) != 3:
            raise SeminarError(f"trigger: {str(row)[:80]} is not allowed: month, state and kind")
        month, state, kind = row
        if isinstance(month, bool) or not isinstance(month, int) or not 0 <= month <= 11:
            raise SeminarError(f"trigger: month {str(month)[:40]} is not allowed: 0 to 11")
        if not isinstance(state, str) or state not in known:
            raise SeminarError(f"trigger: {str(state)[:40]} is not allowed: a state of this world")
        if not isinstance(kind, str) or kind not in TRIGGERS:
            raise SeminarError(f"trigger: {str(kind)[:40]} is not allowed: {', '.join(TRIGGERS)}")
        found.append(Trigger(month, state, kind))
    return found


def adopted(votes: Iterable[tuple[str, bool]]) -> bool | None:
    """Count the votes on one state.

    Parameters
    ----------
    votes : iterable of (str, bool)
        Each vote cast, and whether it is a permanent member's.

    Returns
    -------
    bool or None
        Adopted with three fifths of the votes cast and no permanent member against; None if nobody voted.

    Examples
    --------
    >>> adopted([("yes", True), ("yes", False), ("no", False)])
    True
    >>> adopted([("yes", False), ("yes", False), ("no", True)])
    False
    >>> adopted([]) is None
    True
    """
    cast = list(votes)
    if not cast:
        return None
    in_favour = sum(vote == "yes" for vote, _ in cast)
    vetoed = any(vote == "no" and permanent for vote, permanent in cast)
    return not vetoed and in_favour >= ceil(MAJORITY * len(cast) - 1e-9)


def choices_of(decided: Mapping[int, Decided], year: int, permanent: Iterable[str]) -> Choices:
    """Turn what was decided up to a year into what the model is given for it.

    A body's last plan stays in force until it commits another one or leaves it to the rules; one that never committed
    is decided by the rules. A government's word stays too. Votes hold for their year; where nobody voted the rules
    decide, and a mandate in force goes on.

    Parameters
    ----------
    decided : mapping of int to Decided
        Year, from 0 -> its decisions.
    year : int
        Which year.
    permanent : iterable of str
        Roles whose vote against is a veto.
    """
    with_veto = set(permanent)
    plans: dict[str, tuple[Allocation, ...]] = {}
    consent: dict[str, bool] = {}
    for y in sorted(y for y in decided if y <= year):
        for body, decision in decided[y].plans.items():
            plans.pop(body, None)
            if decision.value is not None:
                plans[body] = decision.value
        for state, decision in decided[y].consent.items():
            consent.pop(state, None)
            if decision.value is not None:
                consent[state] = decision.value
    now = decided.get(year, Decided())
    cast: dict[str, list[tuple[str, bool]]] = {}
    for role, decision in now.votes.items():
        for state, vote in decision.value.items():
            cast.setdefault(state, []).append((vote, role in with_veto))
    counted = {state: adopted(votes) for state, votes in cast.items()} | now.mandates
    mandates = {state: verdict for state, verdict in counted.items() if verdict is not None}
    return Choices(dict(sorted(plans.items())), dict(sorted(mandates.items())), consent, tuple(now.triggers))
