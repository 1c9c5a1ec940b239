"""Small worlds in which one form of assistance works alone, and what each channel is seen by, for tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from worlds import parameters

from r2psim.declarations.channels import CHANNELS, MANDATES
from r2psim.declarations.columns import BODY, FORM, GROUP, INHIBITORS, NOTE, PROGRAMME, STATE, TRIGGERS, F, L, S
from r2psim.rules.decision import strengthened
from r2psim.rules.delivery import delivery
from r2psim.rules.draws import draws_of
from r2psim.rules.month import month, opening
from r2psim.scenario.catalogue import Form, catalogue, forms_of
from r2psim.scenario.loading import scenario_of
from r2psim.scenario.parameters import PARAMETERS
from r2psim.world.build import World, build
from r2psim.world.rows import Rows, copy_rows

__all__ = [
    "FORMS",
    "FULL",
    "INVENTED",
    "OBSERVABLES",
    "OPEN",
    "STILL",
    "Observable",
    "a_month",
    "ample",
    "ask_consent",
    "copies",
    "form_place",
    "fund",
    "hand_funded",
    "invented",
    "natural",
    "only_form",
    "pledged",
    "pledged_forms",
    "programme",
    "put",
    "setting",
    "setting_data",
    "sizes",
    "strengthen",
    "value",
    "with_form",
    "work",
]

# -- forms: the catalogue, and one invented form for each channel that it does not use ---------------------------------


def invented(channel: str) -> dict[str, Any]:
    """Give an entry of a catalogue that acts on one channel, cheap and in any stage."""
    factor = CHANNELS[channel].kind == "multiplier"
    sign = 1.0 if CHANNELS[channel].helps == "more" else -1.0
    size = (1.25 if sign > 0 else 0.8) if factor else 0.1 * sign
    none = CHANNELS[channel].none
    return {
        "name": f"Invented: {channel}",
        "category": "capacity",
        "providers": sorted(MANDATES),
        "stages": [0, 4],
        "unit_cost": 1e5,
        "lag": 4,
        "half_life": 4,
        "consent": 0.2,
        "under_perpetrator": 0.5,
        "backlash": 0.1,
        "effects": {channel: {"size": size, "low": min(size, none), "high": max(size, none)}},
    }


USED = {effect.on for form in catalogue().values() for effect in form.effects}
INVENTED: dict[str, dict[str, Any]] = {
    f"invented-{name.replace('_', '-')}": invented(name) for name in CHANNELS if name not in USED
}
"""Entries for the channels that no form of the catalogue acts on."""

FORMS: dict[str, Form] = forms_of(INVENTED)
"""Every form that the tests go through: a new entry of the catalogue is among them by itself."""

# -- parameters --------------------------------------------------------------------------------------------------------

FULL: dict[str, float] = {
    "assistance.openness": 1.0,
    "assistance.perpetrator_refuses": 0.0,
    "assistance.unassessed": 1.0,
    "assistance.reference_willingness": 1.0,
    "assistance.training_gain": 0.0,
    "assistance.joint_protection": 0.0,
    "principles.ownership.strength": 0.0,
    "principles.mutual.answer": 0.0,
    "principles.harm.screening": 1.0,
    "principles.harm.cost": 0.0,
    "principles.harm.delay": 0.0,
    "assistance.leverage_consent": 0.0,
    "assistance.leverage_commitment": 0.0,
    "assistance.standby": 0.0,
    "observation.quicker": 0.0,
    "observation.own": 1.0,
    "challenges.complexity.coordination_cost": 0.0,
    "challenges.complexity.strength": 0.0,
    "challenges.perpetrators.strength": 0.0,
}
"""Every principle and challenge at the value where a funded programme has quality 1: its whole effect, no backlash."""

_RATES = (
    *("inhibitor_return", "building", "capacity_return", "inclusion_return", "regime_return", "motive_return"),
    *("motive_crisis", "incitement_rate", "arms_return", "arms_war", "arms_spill", "armed_groups_rate"),
    *("commitment_return", "war_damage", "inequality_return"),
)
_TENSION = (
    *("exclusion_return", "exclusion_upheaval", "grievance_rate", "targeting_rise", "targeting_fall"),
    *("violations_rate", "preparation_rate", "protection_rate"),
)
_STAGES = (
    *("to_risk", "to_threat", "to_imminent", "to_atrocity"),
    *("from_risk", "from_threat", "from_imminent", "from_atrocity"),
)
_CONFLICT = ("onset", "relapse", "escalation", "healing", "settlement", "abatement")

STILL: dict[str, float] = (
    {f"structure.{name}": 0.0 for name in _RATES}
    | {f"tension.{name}": 0.0 for name in _TENSION}
    | {f"stages.{name}.base": 0.0 for name in _STAGES}
    | {f"conflict.{name}.base": 0.0 for name in _CONFLICT}
    | {f"triggers.{name}.base": 0.0 for name in TRIGGERS}
    | {"structure.violations_half_life": 1e12, "triggers.irregular_transition.coup_success": 0.0}
)
"""Nothing moves: every rate and every base hazard 0. A test gives back the one that it looks at."""

OPEN: dict[str, float] = {"embargo": 1.0, "jurisdiction": 1.0, "inquiry": 12.0, "requested": 1.0, "mission_troops": 1.0}
"""Every decision that a form may wait for has been taken."""

AT_ONCE = 12.0
"""Yearly rate at which a variable reaches its level within a month."""


def natural(*paths: str) -> dict[str, float]:
    """Give the defaults of some parameters."""
    return {path: PARAMETERS[path].default for path in paths}


# -- worlds ------------------------------------------------------------------------------------------------------------


def setting_data(forms: Mapping[str, Any]) -> dict[str, Any]:
    """Give a scenario of two neighbours: one with two groups, of which the first is worse off, and one calm."""
    middle: dict[str, Any] = dict.fromkeys((*INHIBITORS, "capacity", "inclusion", "commitment", "regime"), 0.5)
    middle |= {"arms": 0.5, "finance": 0.5, "motive": 0.5, "incitement": 0.3, "past_violations": 0.5}
    middle |= {"horizontal_inequality": 0.5}
    middle |= {"opponents_share": 0.0}  # nobody but the groups named
    middle |= {"population": 2e9, "armed_groups": 0.4, "election_phase": 0, "election_interval": 1}
    group = {"share": 0.3, "exclusion": 0.6, "grievance": 0.4, "targeting": 0.5, "preparation": 0.5}
    return {
        "schema": 1,
        "name": "setting",
        "states": {
            "here": middle | {"neighbours": ["there"], "groups": {"hill": group, "valley": group | {"exclusion": 0.5}}},
            "there": middle | {"groups": {"coast": {"share": 0.2}}},
        },
        "bodies": {
            "donor": {
                "kind": "partner",
                "members": ["here"],
                "mandates": sorted(MANDATES),
                "budget": 0.0,
                "leverage": 0.0,
                "decision_delay": 0,
                "rhythm": 1,
                "noise": 0.0,
                "will": 1.0,
            }
        },
        "forms": dict(forms),
    }


@cache
def setting() -> World:
    """Build the world of `setting_data` with all of `FORMS`; copy its rows before use."""
    return build(scenario_of(setting_data(INVENTED)))


def form_place(key: str, world: World | None = None) -> int:
    """Give the place of a form in a world."""
    return (world or setting()).forms.index(key)


def put(rows: Rows, state: Mapping[str, float] = {}, group: Mapping[str, float] = {}) -> None:
    """Set columns of all states and groups."""
    for name, number in state.items():
        rows.state[STATE.index[name]] = number
    for name, number in group.items():
        rows.group[GROUP.index[name]] = number


def value(rows: Rows, column: str, row: int = 0) -> float:
    """Read a column of a state, or of a group where it is named ``group.column``."""
    kind, _, name = column.rpartition(".")
    block, table = (rows.group, GROUP) if kind == "group" else (rows.state, STATE)
    return float(block[table.index[name], row])


def programme(rows: Rows, column: str) -> np.ndarray:
    """Give a column of the programmes, shape (states, forms), to read and to write."""
    return rows.programme[PROGRAMME.index[column]].reshape(rows.form.shape[1], -1).T


def fund(rows: Rows, forms: Iterable[int], amount: float = 1e18, states: Any = slice(None)) -> None:
    """Put money up by hand for this month: more than any programme can use, or so many cents."""
    for f in forms:
        programme(rows, "offered")[states, f] = amount


def strengthen(rows: Rows, forms: Iterable[int], states: Any = slice(None)) -> None:
    """Let programmes stand at full strength, as after a long time of full funding."""
    for f in forms:
        programme(rows, "strength")[states, f] = 1.0
        programme(rows, "months")[states, f] = 100.0


def only_form(rows: Rows, *forms: int) -> Rows:
    """Let the first body provide these forms and nothing else."""
    start = np.array([0, len(forms)] + [len(forms)] * (rows.body.shape[1] - 1))
    notes = np.concatenate([[0], np.cumsum(np.diff(start) * np.diff(rows.member_start))]).astype(np.int64)
    return rows._replace(
        provides_start=start,
        provides=np.array(sorted(forms), dtype=np.int64),
        note=np.zeros((len(NOTE.columns), int(notes[-1]))),
        note_start=notes,
    )


def sizes(rows: Rows, changed: Mapping[int, float]) -> Rows:
    """Give rows whose effects of these places have another size, as rules add it up."""
    size, harms = rows.effect_size.copy(), rows.effect_harms.copy()
    channels = list(CHANNELS.values())
    for place, number in changed.items():
        channel = channels[rows.effect_channel[place]]
        size[place] = number
        harms[place] = channel.harms(math.exp(number) if channel.kind == "multiplier" else number)
    return rows._replace(effect_size=size, effect_harms=harms)


def ample(rows: Rows, **columns: float) -> None:
    """Set columns of all bodies."""
    for name, number in columns.items():
        rows.body[BODY.index[name]] = number


def with_form(rows: Rows, **columns: float) -> Rows:
    """Give rows in whose catalogue all forms have these columns."""
    form = rows.form.copy()
    for name, number in columns.items():
        form[FORM.index[name]] = number
    return rows._replace(form=form)


def ask_consent(rows: Rows) -> None:
    """Let every programme have the consent that follows from its state's willingness, as delivery would note it."""
    willing = rows.state[S.willingness][:, None]
    programme(rows, "consent")[:] = 1.0 - rows.form[F.consent] * (1.0 - willing)


def pledged(rows: Rows, body: int = 0) -> list[tuple[int, int]]:
    """Give the programmes that a body has pledged to, as state and form; of its slots these are the first ones."""
    slots = slice(rows.pledge_start[body], rows.pledge_start[body + 1])
    count = rows.state.shape[1]
    row, states, forms = rows.pledge[[L.programme, L.state, L.form], slots].astype(int)
    taken = int(np.count_nonzero(row >= 0))
    assert (row[:taken] >= 0).all() and rows.body[BODY.index["pledges"], body] == taken
    assert np.array_equal(row[:taken], forms[:taken] * count + states[:taken])
    return sorted(zip(states[:taken].tolist(), forms[:taken].tolist(), strict=True))


def pledged_forms(rows: Rows, body: int = 0) -> list[int]:
    """Give the forms that a body has pledged to in the first state; it has pledged to nothing elsewhere."""
    found = pledged(rows, body)
    assert not any(state for state, _ in found)
    return [form for _, form in found]


def copies(world: World, count: int) -> Rows:
    """Give ``count`` copies of a world's first state without ties, each its own identity, and no bodies."""
    rows = world.rows
    own = int(rows.first_group[1])
    of_first = rows.programme[:, :: rows.state.shape[1]]
    none = np.zeros(count + 1, dtype=np.int64)
    return rows._replace(
        state=np.repeat(rows.state[:, :1], count, axis=1),
        group=np.tile(rows.group[:, :own], (1, count)),
        programme=np.repeat(of_first, count, axis=1),
        body=rows.body[:, :0].copy(),
        pledge=rows.pledge[:, :0].copy(),
        pledge_start=np.zeros(1, dtype=np.int64),
        rating=rows.rating[:, :0].copy(),
        ledger=rows.ledger[:0].copy(),
        note=rows.note[:, :0].copy(),
        note_start=np.zeros(1, dtype=np.int64),
        state_id=np.arange(count, dtype=np.uint64),
        group_id=np.arange(count * own, dtype=np.uint64),
        body_id=rows.body_id[:0],
        state_run=np.zeros(count, dtype=np.uint64),
        group_run=np.zeros(count * own, dtype=np.uint64),
        body_run=rows.body_run[:0],
        home=np.repeat(np.arange(count), own),
        first_group=np.arange(count + 1) * own,
        neighbour_start=none,
        neighbour=np.zeros(0, dtype=np.int64),
        kin_start=np.zeros(count * own + 1, dtype=np.int64),
        kin=np.zeros(0, dtype=np.int64),
        member_start=np.zeros(1, dtype=np.int64),
        member=np.zeros(0, dtype=np.int64),
        member_id=np.zeros(0, dtype=np.uint64),
        provides_start=np.zeros(1, dtype=np.int64),
        provides=np.zeros(0, dtype=np.int64),
    )


# -- running -----------------------------------------------------------------------------------------------------------


def work(rows: Rows, p: np.ndarray, forms: Iterable[int], first: int = 0) -> None:
    """Let programmes of these forms work at full strength in the first state, all others not at all."""
    strengthen(rows, forms, first)
    fund(rows, forms, states=first)
    delivery(0, rows.state.shape[1], rows, p, draws_of(1, 0, 0))


def a_month(rows: Rows, p: np.ndarray, m: int, seed: int = 1) -> Rows:
    """Run a month and give the rows."""
    month(rows, p, draws_of(seed, 0, m))
    return rows


def hand_funded(rows: Rows, p: np.ndarray, forms: Iterable[int], months: int, first: int = 0) -> list[np.ndarray]:
    """Run months in which these forms get all the money that they can use; give the programmes after each."""
    seen = []
    for m in range(first, first + months):
        fund(rows, forms)
        a_month(rows, p, m)
        seen.append(rows.programme.copy())
    return seen


# -- observables -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Observable:
    """Where the effect of a channel is seen, in the first state or its first group.

    Attributes
    ----------
    channel, what : str
        Channel and name of the number seen.
    see : callable
        Reads the number off the rows after the month in which the effect works.
    state, group : mapping
        Columns set before.
    p : mapping
        Parameters beside `FULL` and `STILL`.
    power : float
        Share of the log factor that arrives.
    others : mapping
        Channels that are seen by the same number, and the share of their log factors that arrives.
    """

    channel: str
    what: str
    see: Callable[[Rows], float]
    state: Mapping[str, float] = field(default_factory=dict)
    group: Mapping[str, float] = field(default_factory=dict)
    p: Mapping[str, float] = field(default_factory=dict)
    power: float = 1.0
    others: Mapping[str, float] = field(default_factory=dict)

    def seen(self, rows: Rows, forms: Iterable[int]) -> float:
        """Run one month after these forms have been at full strength, and read the number."""
        p = parameters(FULL | STILL | dict(self.p))
        rows = copy_rows(rows)
        put(rows, self.state, self.group)
        opening(rows, p, draws_of(1, 0, 0))
        work(rows, p, list(forms))
        return self.see(a_month(rows, p, 1))

    def expected(self, effects: Mapping[str, float]) -> float:
        """Give the log factor, or the amount, that a form with these effects (channel -> size) must show."""
        if CHANNELS[self.channel].kind == "raise":
            return effects[self.channel]
        powers = {self.channel: self.power, **self.others}
        return sum(power * math.log(effects.get(channel, 1.0)) for channel, power in powers.items())

    def change(self, with_it: float, without: float) -> float:
        """Give the log factor, or the amount, between two numbers seen."""
        return math.log(with_it / without) if CHANNELS[self.channel].kind == "multiplier" else with_it - without


def _column(name: str, row: int = 0) -> Callable[[Rows], float]:
    return lambda rows: value(rows, name, row)


_CRISIS = {"trigger_economic_shock": 1.0}
_KILLING: dict[str, float] = {"stage": 4, "stage_before": 4, "intensity": 1e6, "persons": 6e8}
_KILLING_P = {"harm.largest_share": 1.0, "harm.displaced_largest_share": 1.0}


def _stage_hazards() -> Iterable[Observable]:
    for stage, name in ((1, "to_threat"), (2, "to_imminent"), (3, "to_atrocity")):
        base = natural(f"stages.{name}.base")
        yield Observable(name, "hazard_up", _column("group.hazard_up"), _CRISIS, {"stage": stage}, base)
    base = natural("stages.to_atrocity.base")
    yield Observable("commission", "hazard_up", _column("group.hazard_up"), _CRISIS, {"stage": 3}, base)
    for stage, name in ((2, "from_threat"), (3, "from_imminent"), (4, "from_atrocity")):
        base = natural(f"stages.{name}.base")
        yield Observable(name, "hazard_down", _column("group.hazard_down"), _CRISIS, {"stage": stage}, base)


def _conflict_hazards() -> Iterable[Observable]:
    up, down = "escalation_hazard", "settlement_hazard"
    for channel, conflict, name, column in (
        ("conflict_onset", 0, "onset", up),
        ("conflict_relapse", 1, "relapse", up),
        ("conflict_escalation", 2, "escalation", up),
        ("conflict_settlement", 2, "settlement", down),
        ("conflict_settlement", 3, "abatement", down),
    ):
        base = natural(f"conflict.{name}.base")
        yield Observable(channel, f"{column} of {name}", _column(column), {"conflict": conflict}, {}, base)
    for name in ("coup", "contested_election", "irregular_transition"):
        yield Observable(name, f"rate_{name}", _column(f"rate_{name}"), p=natural(f"triggers.{name}.base"))


def _harm() -> Iterable[Observable]:
    killed = _column("group.deaths_month")
    both = ("killing", "killing_by_armed_groups")
    for code, kind, share in ((1, "state", 0.0), (2, "non-state", 1.0), (3, "both", 0.5)):
        group = _KILLING | {"perpetrator": code}
        powers = {"killing": 1.0, "killing_by_armed_groups": share}
        for channel, other in (both, both[::-1]):
            what = f"killed by {kind}"
            yield Observable(channel, what, killed, {}, group, _KILLING_P, powers[channel], {other: powers[other]})

    def a_victim(rows: Rows) -> float:
        return value(rows, "group.displaced_month") / value(rows, "group.deaths_month")

    room = {"population": 2e9}
    yield Observable("displacement", "displaced a victim", a_victim, room, _KILLING | {"perpetrator": 2}, _KILLING_P)


def _levels() -> Iterable[Observable]:
    at_once = {"structure.incitement_rate": AT_ONCE}
    yield Observable("incitement", "incitement", _column("incitement"), _CRISIS, p=at_once)
    at_once = {"tension.targeting_rise": AT_ONCE, "tension.targeting_fall": AT_ONCE}
    yield Observable("targeting", "targeting", _column("group.targeting"), _CRISIS, p=at_once)
    yield Observable("receptiveness", "agitation", _column("agitation"))
    flow = natural("structure.arms_war")
    for name in ("arms", "finance"):
        yield Observable(name, name, _column(name), p={"structure.arms_return": AT_ONCE})

        def gained(rows: Rows, name: str = name) -> float:
            return value(rows, name) - 0.5

        yield Observable(name, f"{name} gained in war", gained, {"conflict": 3}, p=flow)
    for name in ("spill_war", "spill_arms", "spill_armed_groups"):
        yield Observable("spill_over", name, _column(name, 1), {"conflict": 3})
    exodus = {"displaced_abroad": 1e6, "conflict": 2}
    yield Observable("spill_over", "spill_refugees", _column("spill_refugees", 1), exodus)
    home = {"displaced_inside": 1e6}
    yield Observable("returns", "returned", lambda rows: math.log(1e6 / value(rows, "displaced_inside")), home)
    half_life = natural("structure.violations_half_life")
    faded = _column("past_violations")
    yield Observable("violations_memory", "fading", lambda rows: math.log(0.5 / faded(rows)), p=half_life)


def _raises() -> Iterable[Observable]:
    for name in INHIBITORS:
        at_once = {"structure.building": AT_ONCE, "structure.inhibitor_return": AT_ONCE}
        yield Observable(name, name, _column(name), p=at_once)
    for name in ("inclusion", "capacity", "commitment"):
        at_once = {"structure.building": AT_ONCE, f"structure.{name}_return": AT_ONCE}
        yield Observable(name, name, _column(name), p=at_once)
    at_once = {"structure.inequality_return": AT_ONCE}
    yield Observable("horizontal_inequality", "inequality", _column("horizontal_inequality"), p=at_once)

    def offered(rows: Rows) -> float:
        return 1.0 + value(rows, "review") / (value(rows, "commitment") * value(rows, "peer_commitment"))

    yield Observable("review", "review, before what is accepted of it", offered)

    def stronger(rows: Rows) -> float:
        rows.body[BODY.index["regional"], 0] = 1.0
        # Bodies act last in a month: what they read has faded by then like the strength of the form, which starts at 1.
        left = float(programme(rows, "strength")[0].max())
        return 1.0 + strengthened(rows, 0, 0) / (left if left > 0.0 else 1.0)

    yield Observable("regional_mechanisms", "strength of a regional mechanism", stronger)
    for name, rate in (("protection", "protection_rate"), ("exclusion", "exclusion_return")):
        yield Observable(name, name, _column(f"group.{name}"), p={f"tension.{rate}": AT_ONCE})
    yield Observable("grievance", "grievance", _column("group.grievance"), p={"tension.grievance_rate": AT_ONCE})


OBSERVABLES: tuple[Observable, ...] = (
    *_stage_hazards(),
    *_conflict_hazards(),
    *_harm(),
    *_levels(),
    *_raises(),
)
"""What every channel is seen by; several where it works in several ways."""
