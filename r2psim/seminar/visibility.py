"""What can be seen: by everybody, by a body of its own money, by a government of its own state."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from r2psim.declarations.columns import CONFLICT, PR, B, L, S
from r2psim.rules.draws import ASSESSMENT, Draws, draws_of, uniforms
from r2psim.scenario.parameters import P
from r2psim.world.codebook import CENTS
from r2psim.world.entity_ids import identity

if TYPE_CHECKING:
    from r2psim.agents import R2PModel
    from r2psim.seminar.notes import Note
    from r2psim.seminar.session import Branch
    from r2psim.world.events import Event

__all__ = [
    "Account",
    "Assessment",
    "Public",
    "PublicEvent",
    "PublicState",
    "account_of",
    "at_home",
    "is_public",
    "public_of",
    "within_of",
]

YEAR = 12

HOME = 0.5
"""Share of the error of the public assessment that a government's own assessment of its own state has. An assumption
of the exercise and of no rule: governments decide by the rules without one. Its luck is its own, so that nobody gets
to the truth by laying both side by side."""

LEAST = 2.0**-54
"""In place of a draw of 0, which has no quantile."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """How a risk is seen.

    Attributes
    ----------
    value : float
        0-1.
    error : float
        Standard deviation of its error: in two of three cases what is true lies within ``low`` to ``high``.
    """

    value: float
    error: float

    @property
    def low(self) -> float:
        """Value less error, from 0."""
        return max(0.0, self.value - self.error)

    @property
    def high(self) -> float:
        """Value and error, to 1."""
        return min(1.0, self.value + self.error)

    def beside(self, usual: float) -> str:
        """Say how it lies to what is usual: ``low``, ``usual``, ``high``, or ``very high`` from twice as much."""
        if self.low > 2.0 * usual:
            return "very high"
        if self.low > usual:
            return "high"
        return "low" if self.high < usual else "usual"


@dataclass(frozen=True, slots=True)
class PublicState:
    """What everybody can see of a state: armed conflict, an atrocity that goes on, a mandate, and an assessment.

    Attributes
    ----------
    key, name, conflict : str
        Identifier, name, conflict state.
    in_atrocity, mandate, vetoed : bool
        Whether an atrocity goes on; whether a mandate is in force, or was blocked in the present crisis.
    assessment : float
        0-1, the public assessment of its risk, with its error.
    error : float
        Standard deviation of that error at most: early warning in the state may make it smaller.
    """

    key: str
    name: str
    conflict: str
    in_atrocity: bool
    mandate: bool
    vetoed: bool
    assessment: float
    error: float

    @property
    def seen(self) -> Assessment:
        """The public assessment with its error."""
        return Assessment(self.assessment, self.error)


@dataclass(frozen=True, slots=True)
class PublicEvent:
    """What everybody hears of an event; its probability and its causes are for the debriefing.

    Attributes are those of `r2psim.world.history.Event`.
    """

    month: int
    kind: str
    state: str
    group: str | None
    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Public:
    """What everybody can see.

    Attributes
    ----------
    states : tuple of PublicState
        All of them.
    events : tuple of PublicEvent
        Last year's triggers, changes of conflict, and atrocities that began or ended.
    mandates : dict of str to bool
        What the Council decided last year, where it voted.
    months_in_force : dict of str to int
        Months of last year for which a mandate was in force, in the states on which the Council voted: one that is
        adopted comes into force only once there is a crisis.
    statements : tuple of Note
        What roles have said in public, last year and in the year that is being decided.
    """

    states: tuple[PublicState, ...]
    events: tuple[PublicEvent, ...]
    mandates: dict[str, bool]
    months_in_force: dict[str, int]
    statements: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Account:
    """A body's money: spent and returned since the start, and at hand, US$; and what it funds.

    ``funds`` has rows of state, form and US$ a month, and whether it is paid already.
    """

    spent: float
    returned: float
    balance: float
    funds: tuple[tuple[str, str, float, bool], ...]


def is_public(event: Event) -> bool:
    """Say whether everybody can see an event: all but the changes of stage below atrocity."""
    return event.kind != "stage" or "atrocity" in (event.before, event.after)


def public_of(model: R2PModel, branch: Branch) -> Public:
    """Give what everybody can see of a line of history as it stands."""
    state, world = model.rows.state, model.world
    error = _public_error(model)
    states = tuple(
        PublicState(
            key=key,
            name=world.names[key],
            conflict=CONFLICT[int(state[S.conflict, s])],
            in_atrocity=bool(state[S.stage, s] == 4.0),
            mandate=bool(state[S.mandate, s] > 0.0),
            vetoed=bool(state[S.vetoed, s] > 0.0),
            assessment=float(state[S.perceived, s]),
            error=error,
        )
        for s, key in enumerate(world.states)
    )
    since = model.month - YEAR
    events = tuple(
        PublicEvent(e.month, e.kind, e.state, e.group, e.what, e.before, e.after)
        for e in model.events
        if since >= 0 and e.month >= since and is_public(e)
    )
    voted = model.choices.get(branch.year - 1)
    mandates = {} if voted is None else dict(voted.mandates)
    served = {}
    if mandates:
        in_force = model.history().state["mandate"][since + 1 : model.month + 1] > 0.0
        served = {key: int(in_force[:, world.states.index(key)].sum()) for key in mandates}
    said = tuple(note for note in branch.notes(branch.year - 1) if note.public)
    return Public(states, events, mandates, served, said)


def _public_error(model: R2PModel) -> float:
    """Give the standard deviation of the error of public assessments where there is no early warning."""
    p = model.parameters
    return float(p[P.observation_noise] * p[P.observation_error])


def at_home(model: R2PModel, state: str) -> Assessment:
    """Give how a government sees its own state: as everybody does, with less of an error, and one of its own.

    Its own institutions for early warning make it smaller, as they do that of the public assessment.
    """
    world, p, rows = model.world, model.parameters, model.rows
    s = world.states.index(state)
    score, early = float(rows.state[S.risk_score, s]), float(rows.state[S.early_warning, s])
    # Without any signal every state looks like a typical one, as in `r2psim.rules.observation`.
    signal = float(p[P.observation_typical]) + float(p[P.observation_signal]) * (
        score - float(p[P.observation_typical])
    )
    error = HOME * _public_error(model) * (1.0 - float(p[P.observation_early_warning]) * early)
    luck = draws_of(model.seed_number, model.run_number, model.month)
    own = np.uint64(identity(f"government of {state}"))
    low = np.uint64(0xFFFFFFFF)
    drawn = np.empty(1)
    uniforms(
        Draws(luck.key0 ^ (own & low), luck.key1 ^ (own >> np.uint64(32)), luck.run, luck.month),
        rows.state_id[s : s + 1],
        ASSESSMENT,
        drawn,
    )
    value = signal + error * NormalDist().inv_cdf(max(float(drawn[0]), LEAST))
    return Assessment(min(1.0, max(0.0, value)), error)


def account_of(model: R2PModel, body: str) -> Account:
    """Give a body's money."""
    world, rows = model.world, model.rows
    b = world.bodies.index(body)
    funds = []
    first = int(rows.pledge_start[b])
    for slot in range(first, first + int(rows.body[B.pledges, b])):
        s, f = int(rows.pledge[L.state, slot]), int(rows.pledge[L.form, slot])
        paid = bool(rows.pledge[L.begins, slot] < model.month)
        funds.append((world.states[s], world.forms[f], float(rows.pledge[L.amount, slot]) / CENTS, paid))
    spent, returned, balance = (float(rows.body[c, b]) / CENTS for c in (B.spent, B.returned, B.balance))
    return Account(spent, returned, balance, tuple(funds))


def within_of(model: R2PModel, state: str) -> tuple[tuple[str, float, float], ...]:
    """Give what a government sees of assistance in its own state: form, how far it is built up and funded, 0-1."""
    world, programme = model.world, model.rows.programme
    s, states = world.states.index(state), len(world.states)
    rows = [f * states + s for f in range(len(world.forms))]
    seen = [
        (form, float(programme[PR.strength, row]), float(programme[PR.funded, row]))
        for form, row in zip(world.forms, rows, strict=True)
    ]
    return tuple(sorted((row for row in seen if max(row[1:]) > 0.0), key=lambda row: -row[1]))
