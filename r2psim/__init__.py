"""r2psim: what early assistance to states buys, against late crisis response.

Nothing heavy is imported here; the public names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from r2psim.agents.model import R2PModel
    from r2psim.analysis.comparison import Comparison, compare
    from r2psim.ensemble.results import Results
    from r2psim.ensemble.simulation import simulate
    from r2psim.scenario import Scenario, ScenarioError, load
    from r2psim.world.build import World, build
    from r2psim.world.history import Event, History

__version__ = "0.1.0"

_HOMES = {
    "Comparison": "r2psim.analysis.comparison",
    "Event": "r2psim.world.history",
    "History": "r2psim.world.history",
    "R2PModel": "r2psim.agents.model",
    "Results": "r2psim.ensemble.results",
    "Scenario": "r2psim.scenario",
    "ScenarioError": "r2psim.scenario",
    "World": "r2psim.world.build",
    "build": "r2psim.world.build",
    "compare": "r2psim.analysis.comparison",
    "load": "r2psim.scenario",
    "open": "r2psim.ensemble.batch.opened",
    "simulate": "r2psim.ensemble.simulation",
}

__all__ = [
    "Comparison",
    "Event",
    "History",
    "R2PModel",
    "Results",
    "Scenario",
    "ScenarioError",
    "World",
    "__version__",
    "build",
    "compare",
    "load",
    "simulate",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), "open_batch" if name == "open" else name)
    raise AttributeError(f"module 'r2psim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, "open"})  # not in __all__: a star import must not hide the open of Python
