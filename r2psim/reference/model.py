"""The same model in the plain Mesa idiom: agents whose variables are attributes, rules that are methods.

This is what the compiled ensemble is measured against (`r2psim bench`): the model as somebody would write it who knows
Mesa well and compiles nothing. It keeps the variables of `r2psim.rules` and takes the same steps in the same order; a
test makes it draw the same numbers and finds the same bits. It has no history, no events, no policies of one's own and
no replay, and it is slow: nobody should run an experiment with it. `r2psim.R2PModel` is the model in Mesa, and
`r2psim.simulate` runs many of them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import mesa

from r2psim.declarations.channels import CHANNELS
from r2psim.declarations.columns import BODY, FORM, GROUP, PLEDGE, PREFERENCE, PROGRAMME, STAGES, STATE, TRIGGERS, Table
from r2psim.reference.body import Body
from r2psim.reference.columns import columns
from r2psim.reference.group import Group
from r2psim.reference.lent import LENT, let_work, take_new_columns
from r2psim.reference.luck import luck_named
from r2psim.reference.programme import Form, Pledge, Programme
from r2psim.reference.state import State
from r2psim.rules import draws
from r2psim.scenario.parameters import PARAMETERS, identifier
from r2psim.world.build import build
from r2psim.world.expand import expand
from r2psim.world.rows import copy_rows

if TYPE_CHECKING:
    import numpy as np

    from r2psim.scenario import Scenario
    from r2psim.world.build import World

__all__ = ["PlainModel"]

LN2 = 0.6931471805599453
TRIGGER_PURPOSES: dict[str, int] = {name: getattr(draws, name.upper()) for name in TRIGGERS}


@dataclass(frozen=True, slots=True)
class Trigger:
    """A kind of trigger: its purpose of chance, its weight, and what a month leaves of it."""

    name: str
    purpose: int
    weight: float
    left: float


def atrocity_entries(model: PlainModel) -> int:
    """Count the entries of groups into stage 4 since the start."""
    return sum(group.atrocity_entries for group in model.groups)


def deaths(model: PlainModel) -> int:
    """Count the killed since the start."""
    return sum(group.deaths for group in model.groups)


def displaced(model: PlainModel) -> float:
    """Count those driven from home since the start."""
    return float(sum(state.displaced for state in model.states))


def states_at(stage: int, model: PlainModel) -> int:
    """Count the states at a stage."""
    return sum(state.stage == stage for state in model.states)


def _entries(table: Table, block: np.ndarray) -> list[dict[str, float]]:
    """Give the rows of a block as Python numbers by name."""
    return [dict(zip(table.names, row, strict=True)) for row in block.T.tolist()]


def _lists(start: np.ndarray, values: np.ndarray) -> list[list[int]]:
    """Give sparse rows as lists."""
    bounds = start.tolist()
    return [values[first:last].tolist() for first, last in pairwise(bounds)]


class PlainModel(mesa.Model):
    """A world of states, groups and bodies, a month a step, in attributes and Python arithmetic.

    Parameters
    ----------
    world : str or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    policy : str
        Name of a policy of the scenario.
    seed, run : int
        Luck: the model's own stream of random numbers is seeded with both.
    luck : str, optional
        ``counter`` draws the numbers of `r2psim.rules.draws` instead, as a test needs them.

    Examples
    --------
    >>> model = PlainModel("seminar", seed=7)
    >>> model.step()
    >>> model.month
    1
    >>> model.close()
    """

    def __init__(
        self,
        world: str | Scenario,
        policy: str = "prevention",
        seed: int = 1,
        run: int = 0,
        luck: str | None = None,
    ) -> None:
        super().__init__(rng=seed << 32 | run)
        from r2psim.scenario import load

        setting = expand(load(world) if isinstance(world, str) else world)
        values = setting.parameter_values(policy).tolist()
        self.parameters = SimpleNamespace(**dict(zip(map(identifier, PARAMETERS), values, strict=True)))
        self.luck = luck_named(luck, self.random, seed, run)
        self.month = 0
        self.settled = 0
        self.months = 12 * setting.years
        self._set_constants()
        built = build(setting, policy)
        self._make_agents(built)
        self.states = self.agents_by_type[State]
        self.groups = self.agents_by_type[Group]
        self.bodies = self.agents_by_type[Body]
        self._borrow = partial(let_work, self, copy_rows(built.rows), seed=seed, run=run)
        take_new_columns(self, built.rows)
        self.groups.do("begin")
        self.states.do("weigh")
        self._settle()
        self.states.do("open")
        self.datacollector = mesa.DataCollector(
            model_reporters={
                "atrocity_entries": atrocity_entries,
                "deaths": deaths,
                "displaced": displaced,
                **{f"states: {name}": partial(states_at, stage) for stage, name in enumerate(STAGES)},
            }
        )
        self.datacollector.collect(self)

    def fading(self, half_life: float) -> float:
        """Share that is left after a month of something that halves in ``half_life`` months."""
        return self.luck.exp(-LN2 / half_life)

    def _set_constants(self) -> None:
        """Work out what follows from the parameters alone."""
        p = self.parameters
        self.triggers = [
            Trigger(
                name,
                TRIGGER_PURPOSES[name],
                getattr(p, f"triggers_{name}_weight"),
                self.fading(getattr(p, f"triggers_{name}_half_life")),
            )
            for name in TRIGGERS
        ]
        self.recovered = 1.0 - self.fading(12.0 * p.harm_gdp_recovery)
        self.wave_log = self.luck.log(self.fading(p.harm_wave_half_life))
        self.expectation_left = self.fading(p.assistance_expectation_half_life)
        self.dearer = 1.0 + p.principles_harm_cost * p.principles_harm_screening

    def _make_forms(self, world: World) -> list[Form]:
        """Make the catalogue."""
        rows = world.rows
        channels = list(CHANNELS)
        effects = _lists(rows.effect_start, rows.effect_channel)
        sizes = iter(zip(rows.effect_size.tolist(), rows.effect_harms.tolist(), strict=True))
        forms = []
        for place, entry in enumerate(_entries(FORM, rows.form)):
            values: dict[str, Any] = {
                name: value > 0.0 if FORM[name].unit == "flag" else value for name, value in entry.items()
            }
            gate = int(values.pop("gate"))
            values["gate"] = STATE.names[gate] if gate >= 0 else None
            need = int(values.pop("need"))
            values["need"] = STATE.names[need] if need >= 0 else None
            form = Form(identity=int(rows.form_id[place]), place=place, **values)
            for channel in effects[place]:
                size, harms = next(sizes)
                form.add_effect(channels[channel], size, harms > 0.0)
            forms.append(form)
        return forms

    def _make_agents(self, world: World) -> None:
        """Make all agents from the start of a built world, and tie them to one another."""
        rows = world.rows
        self.preference = _entries(PREFERENCE, rows.preference)[0]
        forms = self._make_forms(world)
        states = [
            State(self, key, int(rows.state_id[i]), start)
            for i, (key, start) in enumerate(zip(world.states, _entries(STATE, rows.state), strict=True))
        ]
        for state, neighbours in zip(states, _lists(rows.neighbour_start, rows.neighbour), strict=True):
            state.neighbours = [states[n] for n in neighbours]
            state.programmes = [Programme(state, form) for form in forms]
        for row, start in enumerate(_entries(PROGRAMME, rows.programme)):
            programme = states[row % len(states)].programmes[row // len(states)]
            programme.strength = start["strength"]
            programme.months = int(start["months"])
            programme.offered = int(start["offered"])
        groups = [
            Group(self, key, int(rows.group_id[i]), states[rows.home[i]], start)
            for i, (key, start) in enumerate(zip(world.groups, _entries(GROUP, rows.group), strict=True))
        ]
        for group, kin in zip(groups, _lists(rows.kin_start, rows.kin), strict=True):
            group.state.groups.append(group)
            group.kin = [groups[k] for k in kin]
        members = _lists(rows.member_start, rows.member)
        provides = _lists(rows.provides_start, rows.provides)
        made = _entries(PLEDGE, rows.pledge)
        for i, (key, start) in enumerate(zip(world.bodies, _entries(BODY, rows.body), strict=True)):
            reach = [states[m] for m in members[i]]
            body = Body(self, key, int(rows.body_id[i]), start, reach, [forms[f] for f in provides[i]])
            for pledge in made[rows.pledge_start[i] : rows.pledge_start[i] + int(start["pledges"])]:
                programme = states[int(pledge["state"])].programmes[int(pledge["form"])]
                paid = int(pledge["last_offer"])
                body.pledges.append(Pledge(programme, int(pledge["amount"]), pledge["begins"], 0, paid))

    def _settle(self) -> None:
        """Let the world settle before the first month, which is that of number 0."""
        months = int(self.parameters.start_settling_months)
        for self.settled in range(months):
            self.month = self.settled - months
            # Months before the first have numbers that no run reaches.
            self.luck.month = self.month & 0xFFFF
            self.states.do("look_around")
            self.states.do("settle")
            self.groups.do("settle")
            self.states.do("stand")
        if months:
            self.states.do("forget_draws")
            self.groups.do("forget_draws")
        self.month = self.luck.month = 0

    def step(self) -> None:
        """Run one month, in the order of `r2psim.rules.month.PHASES`."""
        if self.month >= self.months:
            self.running = False
            return
        self.luck.month = self.month
        for number, (agents, what) in enumerate(
            (
                (self.states, "look_around"),
                (self.states, "move"),
                (self.groups, "move"),
                (self.states, "sum_up"),
                (self.bodies, "act"),
                (self.states, "receive"),
                (self.bodies, "settle"),
            )
        ):
            agents.do(what)
            if number in LENT:
                self._borrow(number)
        self.month += 1
        self.datacollector.collect(self)
        self.running = self.month < self.months

    def run_model(self) -> None:
        """Run to the end."""
        while self.running:
            self.step()

    def columns(self) -> dict[str, dict[str, np.ndarray]]:
        """Give the values of all variables by table and column, for a test: see `r2psim.reference.columns`."""
        return columns(self)

    def close(self) -> None:
        """Let Mesa forget the model: Mesa 3.3 keeps every model alive through its counter of agents' numbers."""
        with suppress(AttributeError):
            mesa.Agent._ids.pop(self, None)
