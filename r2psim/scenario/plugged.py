"""Plug-ins: what other installed packages add, by entry point.

A package names in its ``pyproject.toml`` what it brings:

    [project.entry-points."r2psim.scenarios"]
    two-valleys = "my_package:SCENARIO"      # a scenario file, or forms of assistance that others extend

    [project.entry-points."r2psim.trials"]
    my-studies = "my_package:TRIALS"         # a file of trials

    [project.entry-points."r2psim.policies"]
    worst-first = "my_package:WorstFirst"    # a policy in Python

The first two are the path of a file, or a function that gives it. Nothing of a plug-in is used before it is named, so
that what is installed changes no result, and what ships comes first where both have a name.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from r2psim.scenario.errors import Problem, ScenarioError

__all__ = ["KINDS", "plugged", "plugged_file", "plugged_names"]

KINDS = ("scenarios", "trials", "policies")
"""What a package can bring: entry points of the groups ``r2psim.KIND``."""


@cache
def _found(kind: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"r2psim.{kind}")}


def plugged_names(kind: str) -> tuple[str, ...]:
    """Name what installed packages bring of a kind, one of `KINDS`."""
    return tuple(sorted(_found(kind)))


def plugged(kind: str, name: str) -> Any:
    """Load what a package brings under a name.

    Raises
    ------
    ScenarioError
        If it cannot be loaded; the message names the package, the entry point and the reason.
    """
    point = _found(kind)[name]
    try:
        return point.load()
    except Exception as error:  # whatever somebody else's module raises
        raise _unusable(point, f"cannot be loaded: {type(error).__name__}: {error}") from error


def plugged_file(kind: str, name: str) -> Path:
    """Give the file that a package brings under a name.

    Raises
    ------
    ScenarioError
        If it cannot be loaded, or is no file.
    """
    found = plugged(kind, name)
    try:
        found = found() if callable(found) else found
    except Exception as error:
        raise _unusable(_found(kind)[name], f"raised {type(error).__name__}: {error}") from error
    if not isinstance(found, str | Path) or not Path(found).is_file():
        raise _unusable(_found(kind)[name], f"gives {found!r:.100}: not allowed: the path of a file")
    return Path(found)


def _unusable(point: EntryPoint, what: str) -> ScenarioError:
    package = point.dist.name if point.dist is not None else "an unknown package"
    return ScenarioError([Problem(point.name, "", None, f"plug-in of {package} ({point.group}: {point.value}) {what}")])
