"""What people decide for a year of a run, and how it enters the model between its rules.

No rule knows about people. What they decide is written into columns that rules read anyway, before the phase that
reads them: pledges of a body, the mandate of a state, the consent of its government. No draw is added or skipped, so
that luck stays the same whoever decides; a run without choices is the run that the command line makes.

>>> from r2psim.agents import Allocation, Choices, R2PModel
>>> media = Allocation("belisar", "media", 50_000.0)
>>> year = Choices(plans={"good-offices": (media,)}, mandates={"kessara": True}, consent={"drevna": False})
>>> model = R2PModel("seminar", policy="late-response", seed=7, years=1, choices={0: year})
>>> model.run_model()
>>> model.state_agents[3].key, model.state_agents[3]["willingness"]
('drevna', 0.0)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from r2psim.agents.policies import Allocation, View
from r2psim.declarations.columns import TRIGGERS, S
from r2psim.rules.contagion import WAR
from r2psim.scenario.brief import brief
from r2psim.scenario.parameters import P, identifier

if TYPE_CHECKING:
    from r2psim.agents.running import RunningModel
    from r2psim.world.build import World

__all__ = [
    "BASE_OF",
    "CERTAIN",
    "NO_CHOICES",
    "Choices",
    "Plan",
    "Trigger",
    "check_choices",
    "may_strike",
    "receiving",
    "striking",
    "write_mandates",
]

CERTAIN = 1e12
"""Base rate of a trigger that is made to strike, 1 a month: no draw lies above the probability that follows."""

BASE_OF = {name: int(getattr(P, identifier(f"triggers.{name}.base"))) for name in TRIGGERS}
"""Place of each kind's base rate among the parameters."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger that somebody lets strike.

    Attributes
    ----------
    month : int
        Month of the year, 0-11.
    state, kind : str
        Identifier of the state, and one of `r2psim.declarations.columns.TRIGGERS`.
    """

    month: int
    state: str
    kind: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What people decided for one year; whatever is not named is decided by the rules.

    Attributes
    ----------
    plans : dict of str to tuple of Allocation
        Body -> the money that it puts up while each allocation is possible, US$ a month.
    mandates : dict of str to bool
        State -> whether the Security Council mandates a response, should a crisis there call for one.
    consent : dict of str to bool
        State -> whether its government consents to assistance.
    triggers : tuple of Trigger
        What somebody lets strike.
    """

    plans: Mapping[str, tuple[Allocation, ...]] = field(default_factory=dict)
    mandates: Mapping[str, bool] = field(default_factory=dict)
    consent: Mapping[str, bool] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()

    __repr__ = brief


NO_CHOICES = Choices()
"""A year that the rules decide."""


def check_choices(world: World, year: int, choices: Choices) -> None:
    """Refuse choices that name what is not there.

    Raises
    ------
    ValueError
        With the year, what was named, and what is allowed.
    """

    def known(names: Iterable[object], allowed: Sequence[object], what: str) -> None:
        for name in names:
            if name not in allowed:
                near = get_close_matches(str(name), [str(a) for a in allowed], 1, 0.3)
                hint = f" (did you mean {near[0]}?)" if near else ""
                raise ValueError(f"choices of year {year + 1}: {name} is not allowed: {what}{hint}")

    known(choices.plans, world.bodies, "a body of the world")
    for of in (choices.mandates, choices.consent, [t.state for t in choices.triggers]):
        known(of, world.states, "a state of the world")
    known([t.kind for t in choices.triggers], TRIGGERS, f"one of {', '.join(TRIGGERS)}")
    known([t.month for t in choices.triggers], range(12), "a month of the year, 0 to 11")


@dataclass(frozen=True, slots=True)
class Plan:
    """A policy that follows a plan: it funds what is possible of it, in its order, as far as the room goes.

    A form that has stopped to apply, or that consent does not reach, takes no money until it applies again. Where
    the body has less room than when it planned, the last allocations give way.
    """

    allocations: tuple[Allocation, ...]

    __repr__ = brief

    def decide(self, view: View) -> Iterable[Allocation]:
        """Give what is possible of the plan now."""
        offers = {(state.key, offer.form) for state in view.states for offer in state.offers}
        left = view.room
        for a in self.allocations:
            dollars = min(a.dollars, left)
            if (a.state, a.form) in offers and dollars > 0.0:
                left -= dollars
                yield Allocation(a.state, a.form, dollars)


def may_strike(model: RunningModel, state: str, kind: str) -> bool:
    """Say whether a trigger has its occasion: armed groups take the offensive only where there is armed conflict."""
    if kind != "armed_offensive":
        return True
    s = model.world.states.index(state)
    return bool(model.rows.state[S.conflict, s] >= 2.0 and model.rows.state[S.armed_groups, s] > 0.0)


@contextmanager
def _set_aside(columns: np.ndarray, places: Iterable[int], row: int) -> Iterator[None]:
    """Put some values of a row back after use."""
    kept = [(place, float(columns[place, row])) for place in places]
    try:
        yield
    finally:
        for place, value in kept:
            columns[place, row] = value


def striking(model: RunningModel, triggers: Iterable[Trigger]) -> None:
    """Run the phase in which states move, with some triggers certain to strike.

    The rule itself draws them: for the one state its hazard is so high that any draw falls below it, with all that
    follows from a strike, and the occasion that an election or a war next door needs is there. Other states and other
    kinds are left alone.
    """
    wanted: dict[str, list[str]] = {}
    for trigger in triggers:
        wanted.setdefault(trigger.state, []).append(trigger.kind)
    state = model.rows.state
    for s, key in enumerate(model.world.states):
        kinds = wanted.get(key, [])
        usual = model.parameters
        with _set_aside(state, (S.election_phase, S.election_interval, S.spill_new_war) if kinds else (), s):
            if kinds:
                model.parameters = usual.copy()
                model.parameters[[BASE_OF[kind] for kind in kinds]] = CERTAIN
                if "contested_election" in kinds:
                    state[S.election_phase, s] = model.month
                    state[S.election_interval, s] = max(1.0, state[S.election_interval, s])
                if "neighbour_war" in kinds:
                    state[S.spill_new_war, s] = 1.0
            try:
                model.apply(s, s + 1)
            finally:
                model.parameters = usual


def write_mandates(model: RunningModel, mandates: Mapping[str, bool]) -> None:
    """Write what the Security Council decided, before states receive.

    Adopted: a mandate is in force from the first month of a crisis on, without delay and without the chance of a
    veto; it ends as the rule lets it end. Not adopted: a mandate in force ends, and no other comes while the crisis
    lasts. The crisis is that of the rule: stage 3 or 4, or war.
    """
    state = model.rows.state
    for key, adopted in mandates.items():
        s = model.world.states.index(key)
        crisis = state[S.stage, s] >= 3.0 or state[S.conflict, s] == WAR
        if adopted and crisis and state[S.mandate, s] == 0.0:
            state[S.mandate, s] = 1.0
            state[S.vetoed, s] = 0.0
            state[S.mandate_months, s] = 0.0
            state[S.mandate_age, s] = 0.0
        elif not adopted and (crisis or state[S.mandate, s] > 0.0):
            state[S.mandate, s] = 0.0
            state[S.vetoed, s] = 1.0
            # From 1 on, the rule does not draw anew for this crisis, which has begun; without one it forgets both.
            state[S.mandate_months, s] = max(1.0, state[S.mandate_months, s])
            state[S.since_crisis, s] = 1.0 if crisis else state[S.since_crisis, s]


def receiving(model: RunningModel, consent: Mapping[str, bool]) -> None:
    """Run the phase in which states receive, with some governments consenting or refusing.

    Consent is as much as a government can give: as if its commitment were full. One that commits violations or kills
    itself still withdraws the part that the model says it withdraws. Refusal is none at all: only forms that need no
    consent, and bodies with leverage, get through.
    """
    state = model.rows.state
    usual = model.parameters
    for s, key in enumerate(model.world.states):
        says = consent.get(key)
        with _set_aside(state, (S.commitment,) if says is not None else (), s):
            if says is not None:
                state[S.commitment, s] = 1.0 if says else 0.0
                model.parameters = usual.copy()
                model.parameters[P.assistance_openness] = 1.0 if says else 0.0
            try:
                model.apply(s, s + 1)
            finally:
                model.parameters = usual
