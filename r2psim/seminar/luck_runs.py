"""What people decided, in many lucks at once: the same bits that the Mesa model gives each of them.

`r2psim.agents.choices` says how decisions enter a month of one run. Here they enter the same month of all lucks that
lie abreast (`r2psim.seminar.luck_rows`), between the same compiled phases, into the same columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from r2psim.agents.choices import BASE_OF, CERTAIN, NO_CHOICES, Choices
from r2psim.declarations.columns import B, S
from r2psim.rules.contagion import WAR
from r2psim.rules.decision import income, offering
from r2psim.rules.draws import Draws, draws_of
from r2psim.rules.month import GROUPS_AT_ONCE, PHASES, STATES_AT_ONCE, opening
from r2psim.scenario.parameters import P
from r2psim.seminar.limits import SeminarError
from r2psim.seminar.luck_plans import follow
from r2psim.seminar.luck_rows import Abreast
from r2psim.world.build import World
from r2psim.world.history import Digest

__all__ = ["check_plans", "run_abreast"]

YEAR = 12
ACT = 4
"""Place of the phase in which bodies act."""
RECEIVE = 5
MOVE = 1


class _Plan(NamedTuple):
    """A body's plan as rows of numbers: state, form, US$ a month; only what it may ever fund."""

    states: np.ndarray
    forms: np.ndarray
    dollars: np.ndarray


def check_plans(world: World, choices: Mapping[int, Choices]) -> None:
    """Refuse plans that nobody may commit: of what is not there, of too many allocations, of one form twice in a state.

    Raises
    ------
    SeminarError
        With the year, the body, and what is allowed.
    """
    for year, chosen in choices.items():
        for body, plan in chosen.plans.items():
            most = int(world.rows.body[B.attention, world.bodies.index(body)])
            here = f"year {year + 1}: plan of {body}"
            if len(plan) > most:
                raise SeminarError(f"{here}: {len(plan)} allocations are not allowed: at most {most} at a time")
            pairs = [(a.state, a.form) for a in plan]
            for state, form in pairs:
                if state not in world.states or form not in world.forms:
                    raise SeminarError(f"{here}: {form} in {state} is not allowed: a form and a state of the world")
            if twice := next((pair for pair in pairs if pairs.count(pair) > 1), None):
                raise SeminarError(f"{here}: {twice[1]} in {twice[0]} is not allowed twice: each form once in a state")


def _plan(world: World, body: str, choices: Choices) -> _Plan:
    """Give a body's plan in numbers, without what it may never fund: states it has no part in, forms it has not."""
    one, b = world.rows, world.bodies.index(body)
    members = set(one.member[one.member_start[b] : one.member_start[b + 1]].tolist())
    provides = set(one.provides[one.provides_start[b] : one.provides_start[b + 1]].tolist())
    found = [(world.states.index(a.state), world.forms.index(a.form), a.dollars) for a in choices.plans[body]]
    found = [row for row in found if row[0] in members and row[1] in provides]
    states, forms, dollars = (list(column) for column in zip(*found, strict=True)) if found else ([], [], [])
    return _Plan(np.array(states, np.int64), np.array(forms, np.int64), np.array(dollars, np.float64))


def _stretches(spoken: Sequence[bool]) -> Iterator[tuple[int, int, bool]]:
    """Cut rows into stretches: each that somebody has spoken for alone, the others as long as they go."""
    first = 0
    for i, alone in enumerate(spoken):
        if alone:
            if first < i:
                yield first, i, False
            yield i, i + 1, True
            first = i + 1
    if first < len(spoken):
        yield first, len(spoken), False


class _Year:
    """What was decided for a year, ready to enter each of its months."""

    def __init__(self, world: World, choices: Choices) -> None:
        self.choices = choices
        self.plans = {body: _plan(world, body, choices) for body in choices.plans}
        self.struck: dict[int, dict[int, list[str]]] = {}
        for trigger in choices.triggers:
            here = self.struck.setdefault(trigger.month, {}).setdefault(world.states.index(trigger.state), [])
            here.append(trigger.kind)
        self.mandates = {world.states.index(key): adopted for key, adopted in choices.mandates.items()}
        self.consent = {world.states.index(key): says for key, says in choices.consent.items()}


class _Months:
    """Takes lucks that lie abreast through their months."""

    def __init__(self, world: World, p: np.ndarray, field: Abreast, choices: Mapping[int, Choices], years: int) -> None:
        self.world, self.p, self.field, self.rows = world, p, field, field.rows
        self.years = [_Year(world, choices.get(year, NO_CHOICES)) for year in range(years)]
        self.work = np.empty((2, max(1, int(np.diff(field.one.pledge_start).max(initial=1)))))

    def run(self, month: int, luck: Draws) -> None:
        """Run one month."""
        year = self.years[month // YEAR]
        struck = year.struck.get(month % YEAR, {})
        for number, phase in enumerate(PHASES):
            if number == MOVE and struck:
                self._strike(struck, month, luck)
            elif number == ACT and year.plans:
                self._act(year.plans, month, luck)
            else:
                if number == RECEIVE and year.mandates:
                    self._mandate(year.mandates)
                if number == RECEIVE and year.consent:
                    self._receive(year.consent, luck)
                else:
                    self._phase(number, 0, len(self._agents(phase.kind)), self.p, luck)

    def _agents(self, kind: str) -> Sequence[str]:
        return {"state": self.world.states, "group": self.world.groups, "body": self.world.bodies}[kind]

    def _phase(self, number: int, first: int, last: int, p: np.ndarray, luck: Draws) -> None:
        """Run a phase over all lucks of the agents ``first..last`` of its kind."""
        lucks, phase = self.field.lucks, PHASES[number]
        rows = self.field.rows
        at_once = {"state": STATES_AT_ONCE, "group": GROUPS_AT_ONCE, "body": rows.body.shape[1]}[phase.kind]
        for at in range(first * lucks, last * lucks, at_once):
            phase.run(at, min(at + at_once, last * lucks), rows, p, luck)

    def _of(self, s: int) -> slice:
        """Give the rows of a state in all lucks."""
        return slice(s * self.field.lucks, (s + 1) * self.field.lucks)

    def _strike(self, struck: Mapping[int, list[str]], month: int, luck: Draws) -> None:
        """Let states move, some of them struck by triggers: see `r2psim.agents.choices.striking`."""
        state = self.rows.state
        for first, last, alone in _stretches([s in struck for s in range(len(self.world.states))]):
            if not alone:
                self._phase(MOVE, first, last, self.p, luck)
                continue
            here, kinds = self._of(first), struck[first]
            kept = state[[S.election_phase, S.election_interval, S.spill_new_war], here].copy()
            p = self.p.copy()
            p[[BASE_OF[kind] for kind in kinds]] = CERTAIN
            if "contested_election" in kinds:
                state[S.election_phase, here] = month
                state[S.election_interval, here] = np.maximum(1.0, state[S.election_interval, here])
            if "neighbour_war" in kinds:
                state[S.spill_new_war, here] = 1.0
            self._phase(MOVE, first, last, p, luck)
            state[[S.election_phase, S.election_interval, S.spill_new_war], here] = kept

    def _act(self, plans: Mapping[str, _Plan], month: int, luck: Draws) -> None:
        """Let bodies act, some of them by a plan: see `r2psim.agents.policies.act`."""
        lucks = self.field.lucks
        for first, last, alone in _stretches([body in plans for body in self.world.bodies]):
            if not alone:
                self._phase(ACT, first, last, self.p, luck)
                continue
            rows = first * lucks, last * lucks
            income(*rows, self.rows, self.p, luck)
            rhythm = max(1, int(self.field.one.body[B.rhythm, first]))
            if month % YEAR == 0 or month % rhythm == 0:
                follow(*rows, self.rows, self.p, luck, *plans[self.world.bodies[first]], self.work)
            offering(*rows, self.rows, self.p, luck)

    def _mandate(self, mandates: Mapping[int, bool]) -> None:
        """Write what the Council decided: see `r2psim.agents.choices.write_mandates`."""
        for s, adopted in mandates.items():
            state = self.rows.state[:, self._of(s)]
            crisis = (state[S.stage] >= 3.0) | (state[S.conflict] == WAR)
            if adopted:
                comes = crisis & (state[S.mandate] == 0.0)
                state[S.mandate, comes] = 1.0
                for column in (S.vetoed, S.mandate_months, S.mandate_age):
                    state[column, comes] = 0.0
            else:
                ends = crisis | (state[S.mandate] > 0.0)
                state[S.mandate, ends] = 0.0
                state[S.vetoed, ends] = 1.0
                state[S.mandate_months, ends] = np.maximum(1.0, state[S.mandate_months, ends])
                state[S.since_crisis, ends & crisis] = 1.0

    def _receive(self, consent: Mapping[int, bool], luck: Draws) -> None:
        """Let states receive, some governments consenting or refusing: see `r2psim.agents.choices.receiving`."""
        state = self.rows.state
        for first, last, alone in _stretches([s in consent for s in range(len(self.world.states))]):
            if not alone:
                self._phase(RECEIVE, first, last, self.p, luck)
                continue
            says = 1.0 if consent[first] else 0.0
            here = self._of(first)
            kept = state[S.commitment, here].copy()
            p = self.p.copy()
            state[S.commitment, here] = says
            p[P.assistance_openness] = says
            self._phase(RECEIVE, first, last, p, luck)
            state[S.commitment, here] = kept


def run_abreast(
    world: World,
    p: np.ndarray,
    field: Abreast,
    choices: Mapping[int, Choices],
    seed: int,
    first_run: int,
    years: int,
    digests: Sequence[Digest] = (),
) -> Iterator[int]:
    """Run all lucks that lie abreast, as decided; give the number of each month that is done.

    Parameters
    ----------
    world : World
        By itself, under the policy whose rules decide where nobody does.
    p : numpy.ndarray
        Values of the parameters.
    field : Abreast
        Its lucks; begun anew, and left as the last month leaves them.
    choices : mapping of int to Choices
        By year.
    seed, first_run, years : int
        Luck, and length; the numbers of runs count from ``first_run``.
    digests : sequence of Digest
        One a luck, where digests are wanted: `R2PModel.sha256`, luck by luck.
    """
    field.begin()
    opening(field.rows, p, draws_of(seed, first_run, 0))
    months = _Months(world, p, field, choices, years)

    def note() -> None:
        for k, digest in enumerate(digests):
            digest.update(field.luck(k))

    note()
    for month in range(YEAR * years):
        months.run(month, draws_of(seed, first_run, month))
        note()
        yield month
