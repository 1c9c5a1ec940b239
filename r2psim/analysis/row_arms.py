"""The worlds that experiments on rows compare: a scenario under a policy, with some things set, removed or paid for.

An arm is plain data, so that two rows that need the same runs share them, and so that finished runs can be kept on
disk. A name that the model does not have raises `MissingError`: the row is then told as missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r2psim.declarations.channels import MANDATES
from r2psim.declarations.columns import BODY, GROUP, STATE
from r2psim.scenario import load
from r2psim.scenario.catalogue import FORM_NUMBERS
from r2psim.scenario.errors import ScenarioError
from r2psim.scenario.parameters import PARAMETERS
from r2psim.scenario.specs import BodySpec
from r2psim.world.expand import expand

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.scenario.forms import Form
    from r2psim.scenario.specs import GroupSpec, StateSpec

__all__ = ["ALL_FORMS", "Arm", "Funder", "MissingError", "digest_of_scenario", "funded", "scenario_of_arm"]

ALL_FORMS = "all"
"""Instead of names of forms: every form of the catalogue."""

FUNDER = "ideal-funder"
"""Identifier of the body that pays in experiments with an ideal funder."""

PAID_BY = "development-bank"
"""Mandate of that body, where no other has money. Every form that it does not pay is taken away from this mandate."""

PAID_BESIDE = "private-sector"
"""Its mandate where the others keep their money: the one that has least of it."""

IF_THERE = "?"
"""At the end of a path: to be left alone, and not told as missing, where the model has nothing of this name."""

NOBODY = "general-assembly"
"""Mandate to which a form is given that is taken out of the catalogue, at a price that nobody can pay."""

DEAREST = 1e12
"""That price, US$ a year: the largest that a catalogue accepts."""


class MissingError(Exception):
    """The model has something of this name no more, or not yet."""


@dataclass(frozen=True)
class Funder:
    """A body that sees everything, wants to act early, decides at once, and pays for some forms in all states.

    Attributes
    ----------
    forms : tuple of str
        What it pays for, with the needs assessment where one of them begins with it; or `ALL_FORMS`.
    budget : float
        US$ a year; 0 for the same world without money.
    stages : tuple of int or None
        First and last stage of a state at which it pays; None for those of the forms.
    beside : bool
        Whether the other bodies keep their money.
    """

    forms: tuple[str, ...]
    budget: float
    stages: tuple[int, int] | None = None
    beside: bool = False


@dataclass(frozen=True)
class Arm:
    """A world to be run.

    Attributes
    ----------
    scenario, policy : str
        A scenario by name or path; the policy under which it is run.
    sets : tuple of (str, float)
        Paths and values: parameters and numbers of forms as ``--set`` takes them; ``states.*.COLUMN`` and
        ``groups.*.COLUMN`` set the start, and the level to return to, of all of them; ``bodies.*.COLUMN`` and
        ``bodies.MANDATE.COLUMN`` those of all bodies and of the bodies that hold a mandate. A path that ends with `?`
        is set where the model has it.
    without : tuple of str
        ``forms.ID`` takes a form out of what can be bought; ``bodies.MANDATE`` leaves the bodies that hold a mandate
        without money; ``gone.MANDATE`` leaves them out of the world.
    funder : Funder or None
        A body that pays beside the others, or instead of them.
    """

    scenario: str
    policy: str = "late-response"
    sets: tuple[tuple[str, float], ...] = ()
    without: tuple[str, ...] = ()
    funder: Funder | None = None

    def key(self) -> str:
        """Give it as text that tells it from every other."""
        return json.dumps(asdict(self), sort_keys=True)


@lru_cache(maxsize=16)
def _loaded(name: str) -> Scenario:
    return expand(load(name))


@lru_cache(maxsize=16)
def digest_of_scenario(name: str) -> str:
    """Give the SHA-256 of a scenario with all its defaults."""
    return hashlib.sha256(json.dumps(_loaded(name).resolved(), sort_keys=True).encode()).hexdigest()


def scenario_of_arm(arm: Arm) -> Scenario:
    """Give the scenario that an arm describes.

    Raises
    ------
    MissingError
        If it names a scenario, policy, parameter, form, body or column that is not there.
    """
    try:
        full = _loaded(arm.scenario)
    except ScenarioError as error:
        if Path(arm.scenario).suffix:
            raise
        raise MissingError(f"scenario {arm.scenario}") from error
    if arm.policy not in full.policies:
        raise MissingError(f"policy {arm.policy}")
    for path in arm.without:
        full = _without(full, path)
    if arm.funder is not None:
        full = funded(full, arm.funder)
    for path, value in arm.sets:
        try:
            full = _set(full, path.removesuffix(IF_THERE), value)
        except MissingError:
            if not path.endswith(IF_THERE):
                raise
    return full


# -- what is taken away, and who pays ----------------------------------------------------------------------------------


def _form(scenario: Scenario, key: str) -> Form:
    forms = scenario.forms
    if key not in forms:
        raise MissingError(f"form {key}")
    return forms[key]


def _changed(scenario: Scenario, changes: Mapping[str, Mapping[str, Any]]) -> Scenario:
    """Change keys of forms, as a scenario file does."""
    forms = {key: dict(table) for key, table in scenario.changed_forms.items()}
    for key, table in changes.items():
        forms[key] = {**forms.get(key, {}), **table}
    return replace(scenario, changed_forms=forms)


def _bodies(scenario: Scenario, mandate: str, change: Callable[[BodySpec], BodySpec]) -> Scenario:
    """Change the bodies that hold a mandate, or all."""
    named = [key for key, body in scenario.bodies.items() if mandate == "*" or mandate in body.mandates]
    if not named:
        raise MissingError(f"body with the mandate {mandate}")
    return replace(
        scenario, bodies={key: change(body) if key in named else body for key, body in scenario.bodies.items()}
    )


def _without(scenario: Scenario, path: str) -> Scenario:
    kind, _, key = path.partition(".")
    if kind == "forms":
        _form(scenario, key)
        return _changed(scenario, {key: {"providers": [NOBODY], "unit_cost": DEAREST}})
    if kind == "gone":
        kept = {name: body for name, body in scenario.bodies.items() if key not in body.mandates}
        if len(kept) == len(scenario.bodies):
            raise MissingError(f"body with the mandate {key}")
        return replace(scenario, bodies=kept)
    return _bodies(scenario, key, lambda body: replace(body, values={**body.values, "budget": 0.0}))


def funded(scenario: Scenario, funder: Funder) -> Scenario:
    """Leave all bodies without money, if so wanted, and add one that pays for some forms."""
    forms = scenario.forms
    mandate = PAID_BESIDE if funder.beside else PAID_BY
    wanted = set(forms) if funder.forms == (ALL_FORMS,) else {_form(scenario, key).key for key in funder.forms}
    if any(forms[key].needs_assessment for key in wanted):
        wanted |= {key for key, form in forms.items() if form.assessment}
    changes: dict[str, dict[str, Any]] = {}
    for key, form in forms.items():
        others = [provider for provider in form.providers if provider != mandate]
        changes[key] = {"providers": [*others, mandate] if key in wanted else others or [NOBODY]}
        if key in wanted and funder.stages is not None:
            first, last = max(form.stages[0], funder.stages[0]), min(form.stages[1], funder.stages[1])
            # One that applies at none of these stages is not paid for.
            changes[key] = {"stages": [first, last], **changes[key]} if first <= last else {"providers": [NOBODY]}
    full = _changed(scenario, changes)
    if not funder.beside:
        full = _bodies(full, "*", lambda body: replace(body, values={**body.values, "budget": 0.0}))
    values = {"budget": funder.budget, "leverage": 1.0, "decision_delay": 0.0, "rhythm": 1.0, "noise": 0.0, "will": 1.0}
    values["attention"] = BODY["attention"].high
    body = BodySpec("Ideal funder", "partner", "all", values, (mandate,))
    return replace(full, bodies={**full.bodies, FUNDER: body})


# -- what is set -------------------------------------------------------------------------------------------------------


def _set(scenario: Scenario, path: str, value: float) -> Scenario:
    if path in PARAMETERS:
        return replace(scenario, overrides={**scenario.overrides, path: value})
    parts = path.split(".")
    match parts:
        case ["forms", form, "effects", channel, "size"]:
            if channel not in {effect.on for effect in _form(scenario, form).effects}:
                raise MissingError(f"effect of {form} on {channel}")
            table = scenario.changed_forms.get(form, {}).get("effects", {})
            old = table.get(channel, {})
            return _changed(scenario, {form: {"effects": {**table, channel: {**old, "size": value}}}})
        case ["forms", form, key] if key in FORM_NUMBERS:
            return _changed(scenario, {_form(scenario, form).key: {key: value}})
        case ["states", "*", column] if column in STATE.index:
            return replace(scenario, states={k: _state_with(s, column, value) for k, s in scenario.states.items()})
        case ["groups", "*", column] if column in GROUP.index:
            return replace(scenario, states=_with_groups(scenario.states, column, value))
        case ["bodies", mandate, column] if column in BODY.index:
            known = mandate == "*" or mandate in MANDATES
            if known:
                return _bodies(scenario, mandate, lambda b: replace(b, values={**b.values, column: value}))
    raise MissingError(path)


def _state_with(state: StateSpec, column: str, value: float) -> StateSpec:
    home = {**state.home, column: value} if f"{column}_home" in STATE.index else state.home
    return replace(state, values={**state.values, column: value}, home=home)


def _with_groups(states: Mapping[str, StateSpec], column: str, value: float) -> dict[str, StateSpec]:
    def changed(groups: Iterable[tuple[str, GroupSpec]]) -> dict[str, GroupSpec]:
        return {key: replace(group, values={**group.values, column: value}) for key, group in groups}

    return {key: replace(state, groups=changed(state.groups.items())) for key, state in states.items()}
