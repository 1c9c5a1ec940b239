"""What a person writes: scenarios of invented or imported worlds, their schema, loading and errors.

Examples
--------
>>> from r2psim.scenario import load
>>> scenario = load("seminar", sets=["years=10"])  # doctest: +SKIP
>>> scenario.parameter_values("prevention")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from r2psim.scenario.errors import Problem, ScenarioError
from r2psim.scenario.shipped import shipped_names, shipped_path

if TYPE_CHECKING:
    from r2psim.scenario.loading import check, load
    from r2psim.scenario.schema import json_schema
    from r2psim.scenario.specs import BodySpec, GenerateSpec, GroupSpec, PolicySpec, Scenario, StateSpec

__all__ = [
    "BodySpec",
    "GenerateSpec",
    "GroupSpec",
    "PolicySpec",
    "Problem",
    "Scenario",
    "ScenarioError",
    "StateSpec",
    "check",
    "json_schema",
    "load",
    "shipped_names",
    "shipped_path",
]

# Imported on first use: the command line must answer --help without waiting for pydantic.
_LATER = {
    **dict.fromkeys(("check", "load"), "loading"),
    "json_schema": "schema",
    **dict.fromkeys(("BodySpec", "GenerateSpec", "GroupSpec", "PolicySpec", "Scenario", "StateSpec"), "specs"),
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
