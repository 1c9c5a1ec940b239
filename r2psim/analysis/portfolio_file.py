"""What was found as a scenario file: the policies found, then everything else of the scenario, as it was run."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["scenario_data", "write_scenario"]


def scenario_data(scenario: Scenario, first: Sequence[str] = ()) -> dict[str, Any]:
    """Give a scenario as a file holds it: what it sets, and no default, which a draw could then not change.

    Parameters
    ----------
    scenario : Scenario
        As loaded.
    first : sequence of str
        Policies that stand at the top.
    """
    data = scenario.resolved()
    nested: dict[str, Any] = {}
    for path, value in scenario.parameters.items():
        *above, last = path.split(".")
        table = nested
        for key in above:
            table = table.setdefault(key, {})
        table[last] = value
    policies = {name: {key: of for key, of in spec.items() if of} for name, spec in data["policies"].items()}
    policies = {name: policies[name] for name in (*first, *(key for key in policies if key not in first))}
    facts = {key: data[key] for key in ("schema", "name", "title", "description", "years")}
    rest = {key: value for key, value in data.items() if key not in facts}
    return facts | {"policies": policies, "parameters": nested} | {
        key: scenario.changed_forms if key == "forms" else value
        for key, value in rest.items()
        if key not in ("policies", "parameters")
    }  # fmt: skip


def write_scenario(scenario: Scenario, first: Sequence[str], head: Sequence[str], file: Path) -> None:
    """Write a scenario file.

    Parameters
    ----------
    scenario, first
        As `scenario_data` takes them.
    head : sequence of str
        What the file says of itself; each begins a line, and none is broken at a hyphen.
    file : Path
        Written anew.
    """
    import tomli_w

    lines = [line for text in head for line in textwrap.wrap(text, 118, break_on_hyphens=False, break_long_words=False)]
    told = "".join(f"# {line}\n" for line in lines)
    file.write_text(f"{told}\n{tomli_w.dumps(scenario_data(scenario, first))}", encoding="utf-8")
