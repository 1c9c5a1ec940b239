"""A scenario that asks for a generated world becomes one in which every state, group and body is written out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["expand"]


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay one table over another: tables merge key by key, anything else replaces."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _laid_over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def expand(scenario: Scenario) -> Scenario:
    """Carry out the ``generate`` section of a scenario.

    Parameters
    ----------
    scenario : Scenario
        Checked. Without a ``generate`` section it is given back as it is.

    Returns
    -------
    Scenario
        With all generated states, groups and bodies, over which those that the scenario writes itself are laid.

    Raises
    ------
    ScenarioError
        If what is written does not fit what is generated.
    """
    if scenario.generate is None:
        return scenario
    from r2psim.scenario.loading import scenario_of
    from r2psim.world.generate import generate

    written = scenario.resolved()
    spec = written.pop("generate")
    drawn = generate(scenario.generate)
    data = {**written, "states": _laid_over(drawn["states"], written["states"])}
    data["bodies"] = _laid_over(drawn["bodies"], written["bodies"])
    found = scenario_of(data, f"{scenario.name} (generated, seed {spec['seed']})")
    # What was left to its default still is: else no draw could change it.
    return replace(
        found,
        parameters=scenario.parameters,
        overrides=scenario.overrides,
        policies=scenario.policies,
        changed_forms=scenario.changed_forms,
    )
