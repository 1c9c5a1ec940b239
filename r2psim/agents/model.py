"""The model in Mesa: agents are views of rows, and a step is a month."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from typing import TYPE_CHECKING

import mesa

from r2psim.agents.choices import NO_CHOICES, Choices, Plan, check_choices, receiving, striking, write_mandates
from r2psim.agents.entities import BODY_CLASSES, Group, State
from r2psim.agents.policies import AnyDecider, act, checked_bodies
from r2psim.declarations.columns import STAGES, G, S
from r2psim.rules.draws import draws_of
from r2psim.rules.explain import events_of_month
from r2psim.rules.month import PHASES, opening
from r2psim.world.build import World, build
from r2psim.world.expand import expand
from r2psim.world.history import Digest, Event, History, Series
from r2psim.world.luck import Seed, checked_run, checked_seed
from r2psim.world.rows import copy_rows

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["R2PModel"]

AGENT_BY_AGENT = "agents"
ALL_ROWS = "rows"
YEAR = 12
LONGEST = 200
"""Years of the longest run, as the command line has it."""


def states_stable(model: R2PModel) -> int:
    """Count the states at stage 0."""
    return int((model.rows.state[S.stage] == 0).sum())


def states_at_risk(model: R2PModel) -> int:
    """Count the states at stage 1."""
    return int((model.rows.state[S.stage] == 1).sum())


def states_under_threat(model: R2PModel) -> int:
    """Count the states at stage 2."""
    return int((model.rows.state[S.stage] == 2).sum())


def states_at_imminent_risk(model: R2PModel) -> int:
    """Count the states at stage 3."""
    return int((model.rows.state[S.stage] == 3).sum())


def states_in_atrocity(model: R2PModel) -> int:
    """Count the states at stage 4."""
    return int((model.rows.state[S.stage] == 4).sum())


def atrocity_entries(model: R2PModel) -> int:
    """Count the entries of groups into stage 4 since the start."""
    return int(model.rows.group[G.atrocity_entries].sum())


def deaths(model: R2PModel) -> int:
    """Count the killed since the start."""
    return int(model.rows.group[G.deaths].sum())


def displaced(model: R2PModel) -> float:
    """Count those driven from home since the start."""
    return float(model.rows.state[S.displaced].sum())


def seed_of(model: R2PModel) -> int:
    """Give the seed, so that whoever gave none finds it beside what came of it."""
    return model.seed_number


def run_of(model: R2PModel) -> int:
    """Give the number of the run under its seed."""
    return model.run_number


_COUNTERS = (states_stable, states_at_risk, states_under_threat, states_at_imminent_risk, states_in_atrocity)


class R2PModel(mesa.Model):
    """A world of states, at-risk groups and bodies, a month a step.

    Parameters
    ----------
    world : str or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    policy : str
        Policy overlay of the scenario.
    seed : int, str, or a generator of random numbers, optional
        Luck: the same seed and run give the same triggers in every policy. A fresh one if not given; ``seed_number``,
        the history, its provenance and the column ``seed`` of the data collector say which it was. Any kind of
        integer, or a text that reads as one.
    run : int
        Number of the run under that seed.
    years : int, optional
        Length; the scenario's own if not given.
    drive : {"agents", "rows"}
        Whether each agent acts by itself or all rows of a kind go through the rules at once. The result is the same
        to the last bit; the second is much faster.
    record : bool
        Whether to keep series, events and the digest.
    decide : mapping of str to Policy or ManyPolicy, optional
        Body -> object that decides for it, in place of the rules; see `r2psim.agents.policies`. One that decides for
        many runs is asked for this one.
    choices : mapping of int to Choices, optional
        Year, from 0 -> what people decide for it; looked at when the year begins, so that it may be filled as the run
        goes on. See `r2psim.agents.choices`.
    rng : int, optional
        Mesa's newer name of ``seed``; only one of the two may be given.

    Notes
    -----
    A model can be copied (`copy.deepcopy`) and pickled at any month, with the policies that decide in it if they can
    be; both go on to the same bits. The copy looks at a copy of ``choices``.

    ``mesa.batch_run`` gives each iteration a fresh seed where no seed is told, and the rows say which. With a seed
    that is told, vary ``run`` instead of asking for iterations: the same seed and run are the same run.

    Examples
    --------
    >>> model = R2PModel("seminar", seed=7, years=1)
    >>> model.run_model()
    >>> model.month
    12
    """

    def __init__(
        self,
        world: str | Scenario = "seminar",
        policy: str = "no-assistance",
        seed: Seed = None,
        run: int | str = 0,
        years: int | None = None,
        drive: str = AGENT_BY_AGENT,
        record: bool = True,
        decide: Mapping[str, AnyDecider] | None = None,
        choices: Mapping[int, Choices] | None = None,
        rng: Seed = None,
    ) -> None:
        super().__init__(rng=0)
        from r2psim.scenario import load

        if drive not in (AGENT_BY_AGENT, ALL_ROWS):
            raise ValueError(f"drive {drive!r} is not allowed: {AGENT_BY_AGENT!r} or {ALL_ROWS!r}")
        if seed is not None and rng is not None:
            raise ValueError(f"seed {seed!r} and rng {rng!r} are not allowed together: two names of one thing")
        if years is not None and not 0 <= years <= LONGEST:
            raise ValueError(f"years {years!r} is not allowed: a whole number from 0 to {LONGEST}")
        self.setting = expand(load(world) if isinstance(world, str) else world)
        self.policy = policy
        self.seed_number = checked_seed(rng if seed is None else seed)
        self.run_number = checked_run(run)
        self.months = 12 * (self.setting.years if years is None else years)
        self.drive = drive
        self.decide = dict(decide or {})
        self.choices: Mapping[int, Choices] = {} if choices is None else choices
        self.parameters = self.setting.parameter_values(policy)
        self.world: World = build(self.setting, policy)
        self.rows = copy_rows(self.world.rows)
        self.luck = draws_of(self.seed_number, self.run_number, 0)
        opening(self.rows, self.parameters, self.luck)
        checked_bodies(self.decide, self.world.bodies)
        self.month = 0
        # Its number: a compiled rule is no part of a model that is copied or written down.
        self._phase = 0
        self.state_agents = [State(self, i, key) for i, key in enumerate(self.world.states)]
        self.group_agents = [Group(self, i, key) for i, key in enumerate(self.world.groups)]
        self.body_agents = [
            BODY_CLASSES[kind](self, i, key)
            for i, (key, kind) in enumerate(zip(self.world.bodies, self.world.kinds, strict=True))
        ]
        self._agents_of = {"state": self.state_agents, "group": self.group_agents, "body": self.body_agents}
        self.events: list[Event] = []
        self.series = Series.empty(self.rows, self.months) if record else None
        self._digest = Digest()
        self._record = record
        if record:
            self._digest.update(self.rows)
        self.datacollector = mesa.DataCollector(
            model_reporters={
                "seed": seed_of,
                "run": run_of,
                "atrocity_entries": atrocity_entries,
                "deaths": deaths,
                "displaced": displaced,
                **{f"states: {name}": count for name, count in zip(STAGES, _COUNTERS, strict=True)},
            }
        )
        self.datacollector.collect(self)
        self.running = self.month < self.months

    def apply(self, first: int, last: int) -> None:
        """Apply the rules of the present phase to the rows ``first..last`` of its kind of agent.

        Parameters
        ----------
        first, last : int
            Rows from ``first`` up to, but not with, ``last``.
        """
        PHASES[self._phase].run(first, last, self.rows, self.parameters, self.luck)

    def _let_bodies_act(self, chosen: Choices) -> None:
        """Let each body act: by the rules, by the policy that decides for it, or by the plan that people made."""
        policies = {**self.decide, **{body: Plan(plan) for body, plan in chosen.plans.items()}}
        for body in self.body_agents:
            if body.key in policies:
                act(self, policies, body.row, at_once=body.key in chosen.plans and self.month % YEAR == 0)
            else:
                body.step()

    def _run_phase(self, number: int, chosen: Choices) -> None:
        """Let all agents of a kind go through a phase, with what people chose."""
        self._phase = number
        phase = PHASES[number]
        agents = self._agents_of[phase.kind]
        striking_now = [t for t in chosen.triggers if t.month == self.month % YEAR]
        if phase.name == "move" and phase.kind == "state" and striking_now:
            striking(self, striking_now)
        elif phase.name == "act" and (self.decide or chosen.plans):
            self._let_bodies_act(chosen)
        elif phase.name == "receive" and (chosen.mandates or chosen.consent):
            write_mandates(self, chosen.mandates)
            receiving(self, chosen.consent)
        elif self.drive == ALL_ROWS:
            self.apply(0, len(agents))
        else:
            for agent in agents:
                agent.step()

    def step(self) -> None:
        """Run one month."""
        if self.month >= self.months:
            self.running = False
            return
        self.luck = draws_of(self.seed_number, self.run_number, self.month)
        chosen = self.choices.get(self.month // YEAR, NO_CHOICES)
        if self.month % YEAR == 0 and chosen is not NO_CHOICES:
            check_choices(self.world, self.month // YEAR, chosen)
        before = self.rows.state
        for number in range(len(PHASES)):
            if number == 1 and self._record:
                before = self.rows.state.copy()
            self._run_phase(number, chosen)
        if self.series is not None:
            self._digest.update(self.rows)
            self.series.note(self.month + 1, self.rows)
            self.events += events_of_month(self.world, before, self.rows, self.parameters, self.month)
        self.month += 1
        self.datacollector.collect(self)
        self.running = self.month < self.months

    def run_model(self) -> None:
        """Run to the end."""
        while self.running:
            self.step()

    @property
    def sha256(self) -> str:
        """Digest over every column of every month so far; of nothing if the model keeps no record."""
        return self._digest.hexdigest()

    def history(self) -> History:
        """Give what was kept of the run so far.

        Returns
        -------
        History
            Series and events of the months run.

        Raises
        ------
        ValueError
            If the model was made with ``record=False``.
        """
        if self.series is None:
            raise ValueError("this model keeps no history: make it with record=True")
        end = self.month + 1
        return History(
            scenario=self.setting.name,
            title=self.setting.title,
            policy=self.policy,
            seed=self.seed_number,
            run=self.run_number,
            world=self.world,
            state={k: v[:end] for k, v in self.series.state.items()},
            group={k: v[:end] for k, v in self.series.group.items()},
            body={k: v[:end] for k, v in self.series.body.items()},
            need={k: v[:end] for k, v in self.series.need.items()},
            events=tuple(self.events),
            sha256=self._digest.hexdigest(),
            real_names=self.setting.real_names,
        )

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.setting.name}, {self.policy}, seed {self.seed_number}, "
            f"run {self.run_number}, month {self.month} of {self.months}>"
        )

    def __copy__(self) -> R2PModel:
        """Copy all of it: a copy that shared its rows would move the original."""
        return deepcopy(self)

    def close(self) -> None:
        """Let Mesa forget the model: Mesa 3.3 keeps every model alive through its counter of agents' numbers."""
        with suppress(AttributeError):
            mesa.Agent._ids.pop(self, None)  # type: ignore[attr-defined]
