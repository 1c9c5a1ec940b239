"""The sliders of Compare: a few parameters under which prevention pays or does not, and any effect of any form.

What they offer is read off declarations: of parameters, and of effects in the catalogue.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from r2psim.app.inputs import about_number
from r2psim.declarations.channels import CHANNELS
from r2psim.scenario import Scenario
from r2psim.scenario.parameters import PARAMETERS
from r2psim.scenario.paths import effects_by_path, form_number, number_at

__all__ = ["LEVERS", "Lever", "effect_levers", "fields", "levers_of", "sets_of", "start_of"]

STEPS = 50
"""Steps of the slider of an effect from end to end, at least."""


@dataclass(frozen=True, slots=True)
class Lever:
    """A slider.

    Attributes
    ----------
    key, label : str
        Name, and words.
    path : str
        Parameter, or size of an effect.
    low, high, step : float
        What the slider offers: within the parameter's own range.
    percent : bool
        Whether it is read as a percentage.
    own : bool
        Whether it changes only the policy that is examined, not the world of all policies.
    """

    key: str
    label: str
    path: str
    low: float
    high: float
    step: float
    percent: bool = False
    own: bool = False

    def named(self, examined: str) -> str:
        """Give the words, with the policy that is examined where the slider is that policy's own."""
        return f"{self.label} {examined}" if self.own else self.label


LEVERS: dict[str, Lever] = {
    lever.key: lever
    for lever in (
        Lever("budget", "Budget of all bodies, times", "assistance.budget_scale", 0.25, 4.0, 0.25),
        Lever("share", "Share for prevention under", "assistance.prevention_share", 0.0, 1.0, 0.05, True, own=True),
        Lever("warning", "Error that early warning takes away", "observation.early_warning", 0.0, 1.0, 0.1, True),
        Lever("consent", "Consent of uncommitted governments", "assistance.openness", 0.0, 1.0, 0.1, True),
        Lever("effect", "Effect of assistance, times", "assistance.effect_scale", 0.0, 2.0, 0.1),
    )
}
"""The sliders, in order."""


_KEPT: OrderedDict[int, tuple[Scenario, dict[str, Lever]]] = OrderedDict()
"""Sliders of effects of the scenarios asked for last; the scenario is kept too, so that its number stays its own."""
MOST_KEPT = 32
_KEEPING = threading.Lock()


def effect_levers(setting: Scenario) -> dict[str, Lever]:
    """Give a slider for every effect of every form, by its path, over its declared range."""
    # A page asks a dozen times while it is drawn, and there are a hundred of them.
    with _KEEPING:
        kept = _KEPT.get(id(setting))
    if kept is None:
        kept = setting, _effect_levers(setting)
        with _KEEPING:
            _KEPT[id(setting)] = kept
            while len(_KEPT) > MOST_KEPT:
                _KEPT.popitem(last=False)
    return kept[1]


def _effect_levers(setting: Scenario) -> dict[str, Lever]:
    found = {}
    for path, effect in effects_by_path(setting.forms).items():
        number = form_number(path)
        if number is not None and effect.low < effect.high:
            label = f"{setting.forms[number.form].name}: {CHANNELS[effect.on].meaning}"
            found[path] = Lever(path, label, path, effect.low, effect.high, _step(effect.high - effect.low))
    return found


def _step(width: float) -> float:
    """Give a round step of which at least `STEPS` make a width."""
    power = 10.0 ** np.floor(np.log10(width / STEPS))
    return float(round(max(step * power for step in (1.0, 2.0, 5.0) if step * power <= width / STEPS), 9))


def levers_of(setting: Scenario, also: str = "") -> dict[str, Lever]:
    """Give the sliders, and the one of an effect where there is such an effect."""
    return LEVERS | {path: lever for path, lever in effect_levers(setting).items() if path == also}


def _value(setting: Scenario, policy: str, lever: Lever) -> float:
    place = list(PARAMETERS).index(lever.path)
    return float(setting.parameter_values(policy)[place])


def start_of(setting: Scenario, policy: str) -> dict[str, float]:
    """Give where the sliders stand if nothing is moved: as the scenario has it, the share as the policy has it."""
    found = {}
    for key, lever in LEVERS.items():
        value = _value(setting, policy, lever)
        # Below 0 the share is as the scenario's own budgets divide it; the slider then stands at 0 and is not used.
        found[key] = min(max(value, lever.low), lever.high)
    return found | {path: effect.size for path, effect in effects_by_path(setting.forms).items()}


def sets_of(
    values: Mapping[str, Any],
    start: Mapping[str, float],
    policy: str,
    examined: str,
    fixed: Collection[str] = (),
) -> tuple[str, ...]:
    """Write what was moved as ``path=value``, for the runs of one policy.

    Parameters
    ----------
    values, start : mapping of str to float
        Where the sliders stand, and where they stood.
    policy, examined : str
        Whose runs, and which policy has its own sliders.
    fixed : collection of str
        Sliders that are gone along: their values are set also where they are those of the start. A policy that has
        another one of its own, and a draw of what is not known, give way to them there as everywhere else.

    Examples
    --------
    >>> sets_of({"effect": 0.5, "share": 0.3}, {"effect": 1.0, "share": 0.5}, "late-response", "prevention")
    ('assistance.effect_scale=0.5',)
    """
    found = [
        f"{key}={round(values[key], 6):g}"
        for key in values
        if _is_moved_effect(key, values, start) or (key in fixed and form_number(key) is not None)
    ]
    for key, lever in LEVERS.items():
        value = float(values.get(key, start.get(key, lever.low)))
        value = round(min(max(value, lever.low), lever.high), 6)
        if key not in fixed and (key not in start or abs(value - start[key]) < 1e-9):
            continue
        if not lever.own:
            found.append(f"{lever.path}={value:g}")
        elif policy == examined:
            found.append(f"policies.{examined}.parameters.{lever.path}={value:g}")
    return tuple(found)


def _is_moved_effect(key: str, values: Mapping[str, Any], start: Mapping[str, float]) -> bool:
    """Say whether a slider is that of an effect and does not stand where it started."""
    return key in start and form_number(key) is not None and abs(float(values[key]) - start[key]) >= 1e-9


def fields(values: Mapping[str, float], examined: str, setting: Scenario, also: str = "") -> list[dict[str, Any]]:
    """Give the sliders as fields of a form, after them a choice of the effect that has a slider too."""
    effects = [("", "none"), *((path, lever.label) for path, lever in effect_levers(setting).items())]
    choice = {
        "key": "also",
        "label": "A slider for one effect",
        "kind": "select",
        "value": also,
        "options": effects,
        "help": "Every effect of every form, over the range that the catalogue holds possible.",
    }
    return [
        {
            "key": key,
            "label": lever.named(examined),
            "kind": "range",
            "value": values[key],
            "low": lever.low,
            "high": lever.high,
            "step": lever.step,
            "percent": lever.percent,
            "help": _about(lever.path, setting),
        }
        for key, lever in levers_of(setting, also).items()
    ] + [choice]


def _about(path: str, setting: Scenario) -> str:
    number = number_at(path, setting.forms)
    return about_number(number) if number is not None else ""
