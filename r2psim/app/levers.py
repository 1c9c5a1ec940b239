"""The sliders of Compare: a few parameters under which prevention pays or does not, read off their declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from r2psim.app.inputs import about
from r2psim.scenario import Scenario
from r2psim.scenario.parameters import PARAMETERS

__all__ = ["LEVERS", "Lever", "fields", "sets_of", "start_of"]


@dataclass(frozen=True, slots=True)
class Lever:
    """A slider.

    Attributes
    ----------
    key, label : str
        Name, and words.
    path : str
        Parameter.
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
    return found


def sets_of(values: Mapping[str, Any], start: Mapping[str, float], policy: str, examined: str) -> tuple[str, ...]:
    """Write what was moved as ``path=value``, for the runs of one policy.

    Parameters
    ----------
    values, start : mapping of str to float
        Where the sliders stand, and where they stood.
    policy, examined : str
        Whose runs, and which policy has its own sliders.

    Examples
    --------
    >>> sets_of({"effect": 0.5, "share": 0.3}, {"effect": 1.0, "share": 0.5}, "late-response", "prevention")
    ('assistance.effect_scale=0.5',)
    """
    found = []
    for key, lever in LEVERS.items():
        value = float(values.get(key, start.get(key, lever.low)))
        value = round(min(max(value, lever.low), lever.high), 6)
        if key not in start or abs(value - start[key]) < 1e-9:
            continue
        if not lever.own:
            found.append(f"{lever.path}={value:g}")
        elif policy == examined:
            found.append(f"policies.{examined}.parameters.{lever.path}={value:g}")
    return tuple(found)


def fields(values: Mapping[str, float], examined: str) -> list[dict[str, Any]]:
    """Give the sliders as fields of a form."""
    return [
        {
            "key": key,
            "label": f"{lever.label} {examined}" if lever.own else lever.label,
            "kind": "range",
            "value": values[key],
            "low": lever.low,
            "high": lever.high,
            "step": lever.step,
            "percent": lever.percent,
            "help": about(PARAMETERS[lever.path]),
        }
        for key, lever in LEVERS.items()
    ]
