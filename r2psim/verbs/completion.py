"""What a shell completes: names of scenarios, policies, forms and tables. Nothing heavy is imported before it asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "ScenarioName",
    "form_names",
    "policy_list",
    "policy_names",
    "scenario_names",
    "shipped_policies",
    "table_names",
]

USUAL = "seminar"
"""Whose policies are offered where the scenario cannot be read."""


def scenario_names(incomplete: str) -> list[str]:
    """Offer the scenarios that ship, and scenario files and directories below here.

    Examples
    --------
    >>> scenario_names("sem")
    ['seminar']
    """
    from r2psim.scenario import shipped_names
    from r2psim.scenario.plugged import plugged_names

    return [*_beginning((*shipped_names(), *plugged_names("scenarios")), incomplete), *_files(incomplete)]


def policy_names(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the policies of the scenario that was named before."""
    return _beginning(_policies(context), incomplete)


def policy_list(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the policies of the scenario for the last place of a list with commas, without those that stand in it."""
    before, comma, last = incomplete.rpartition(",")
    named = before.split(",")
    return [f"{before}{comma}{name}" for name in _beginning(_policies(context), last) if name not in named]


def form_names(incomplete: str) -> list[str]:
    """Offer the forms of assistance."""
    from r2psim.scenario.catalogue import catalogue

    return _beginning(catalogue(), incomplete)


def table_names(incomplete: str) -> list[str]:
    """Offer what ``r2psim list`` lists."""
    from r2psim.analysis.listings import TABLES

    return _beginning(TABLES, incomplete)


def shipped_policies() -> list[str]:
    """Name the policies that every scenario has, without loading one."""
    import tomllib

    text = Path(__file__).parents[1].joinpath("scenario", "policies.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["policies"])


def _policies(context: typer.Context) -> Iterable[str]:
    from r2psim.scenario import ScenarioError, load

    # An option that still lacks its value leaves what stands before it unread.
    named: Any = context.params.get("scenario") or next(iter(context.args), USUAL)
    from r2psim.scenario.plugged import plugged_names

    try:
        return (*load(named).policies, *plugged_names("policies"))
    except ScenarioError:
        return shipped_policies()


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _files(incomplete: str) -> Iterator[str]:
    """Give files of TOML, and directories, whose path begins so."""
    folder, _, name = incomplete.rpartition("/")
    here = Path(folder or ("/" if incomplete.startswith("/") else "."))
    try:
        found = sorted(here.iterdir())
    except OSError:
        return
    for path in found:
        if path.name.startswith(name) and (name or not path.name.startswith(".")):
            start = incomplete[: len(incomplete) - len(name)]
            if path.is_dir():
                yield f"{start}{path.name}/"
            elif path.suffix == ".toml":
                yield f"{start}{path.name}"


ScenarioName = Annotated[
    str, typer.Argument(autocompletion=scenario_names, help="Shipped scenario, or path of a scenario file.")
]
"""The argument of every verb that is about a scenario."""
