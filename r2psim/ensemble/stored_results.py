"""Results read back from a directory, every part checked against what the directory says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from r2psim.ensemble import arrow_tables
from r2psim.ensemble.store import MARK, OutputError, digest_of_file, read_json, read_table, sealed
from r2psim.scenario import Scenario, ScenarioError
from r2psim.scenario.errors import shown
from r2psim.scenario.paths import effects_by_path
from r2psim.scenario.posterior import present_name, read_posterior

__all__ = ["as_written", "read_fields"]

YEAR = 12

_ENDS = {"seed": (0, 2**64 - 1), "runs": (1, 10_000_000), "months": (1, 200 * YEAR)}
"""Whole numbers of a provenance, and their ends."""

_Read = TypeVar("_Read")


def _facts(directory: Path) -> dict[str, Any]:
    """Read what was run, and refuse what holds no runs of several policies."""
    file = directory / MARK
    if not file.is_file():
        raise OutputError(f"{directory}: is no output of r2psim: it holds no {MARK}")
    facts, contents = sealed(directory)
    if facts.get("kind") == "batch":
        raise OutputError(f"{directory}: holds a batch: read it with r2psim.open, or with r2psim results")
    if "policies" not in facts:
        raise OutputError(f"{directory}: holds a single run; what is needed is an output of compare or Results.save")
    try:
        found: dict[str, Any] = {name: _whole(facts, name, *ends) for name, ends in _ENDS.items()}
        found["policies"] = tuple(str(policy) for policy in facts["policies"])
        found["first_run"] = _whole(facts, "first_run", 0, 2**32 - 1) if "first_run" in facts else 0
        found["uncertainty"] = present_name(str(facts.get("uncertainty", "none")))
        found["drawn"] = tuple(str(path) for path in facts.get("drawn", ()))
        found["bases"] = {str(name): str(of["base"]) for name, of in dict(facts.get("decide", {})).items()}
        found["chosen"] = [(str(policy), int(run)) for policy, run in facts.get("events", ())]
    except (KeyError, TypeError, ValueError) as error:
        raise OutputError(f"{file}: is damaged: {error}") from error
    return found | {"contents": contents}


def _whole(facts: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = facts[name]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name}: {shown(value)} is not allowed: a whole number from {low} to {high}")
    return value


def _stacked(columns: Mapping[str, np.ndarray], runs: int, months: int) -> np.ndarray:
    """Put the stages of groups beside each other; a world may have no groups."""
    none = np.zeros((runs, months + 1), dtype=np.int8)
    return np.stack([none, *columns.values()], axis=-1)[..., 1:]


def as_written(file: Path, contents: Mapping[str, str] | None) -> bool:
    """Say whether there is such a file, if it is what was written.

    Parameters
    ----------
    file : Path
        In an output.
    contents : mapping of str to str or None
        As `r2psim.ensemble.store.sealed` gives it.

    Raises
    ------
    OutputError
        If it is not, or is missing.
    """
    listed = contents is not None and file.name in contents
    if not file.exists():
        if listed:
            raise OutputError(f"{file}: is missing")
        return False
    if contents is None:
        return True
    try:
        if not listed or digest_of_file(file) != contents[file.name]:
            raise OutputError(f"{file}: is damaged: its content is not what was written")
    except OSError as error:
        raise OutputError(f"{file}: cannot be read: {error.strerror}") from error
    return True


def _scenario(file: Path) -> Scenario:
    content = read_json(file)
    try:
        return Scenario.from_resolved(content)
    except ScenarioError as error:
        raise OutputError(f"{file}: is damaged: {error}") from error


def read_fields(directory: Path) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Read what `r2psim.ensemble.results.Results.save`, or ``r2psim compare --out``, wrote.

    Parameters
    ----------
    directory : Path
        Must hold ``provenance.json``, ``resolved.json`` and ``runs.parquet``; other tables are read if they are there.

    Returns
    -------
    tuple
        What `Results` are made of, and what those of the null twins are; None without them.

    Raises
    ------
    OutputError
        If it holds no runs, or is damaged; the message names the file.
    """
    facts = _facts(directory)
    contents = facts["contents"]
    as_written(directory / "resolved.json", contents)
    scenario = _scenario(directory / "resolved.json")
    if lost := [base for base in facts["bases"].values() if base not in scenario.policies]:
        raise OutputError(f"{directory / MARK}: is damaged: {lost[0]} is no policy of the scenario")
    known = {*read_posterior()[0], *effects_by_path(scenario.forms)}
    if lost := [path for path in facts["drawn"] if path not in known]:
        raise OutputError(f"{directory / 'provenance.json'}: is damaged: {lost[0]} is nothing that is drawn")
    policies, runs, months, first = (facts[name] for name in ("policies", "runs", "months", "first_run"))
    forms = len(scenario.forms)

    def read(name: str, convert: Callable[[Any], _Read], needed: bool = False) -> _Read | dict[Any, Any]:
        file = directory / f"{name}.parquet"
        if not as_written(file, contents) and not needed:
            return {}
        try:
            return convert(read_table(file))
        except OutputError as error:
            raise (error if str(error).startswith(str(file)) else OutputError(f"{file}: {error}")) from error

    def counted(prefix: str) -> dict[str, Any]:
        """Read what is counted of policies, or of their null twins."""
        years, bodies, all_forms = months // YEAR, len(scenario.bodies), list(scenario.forms)
        return {
            "metrics": read(f"{prefix}runs", lambda t: arrow_tables.metrics_from(t, policies, first, runs), not prefix),
            "spending": read(f"{prefix}spending", lambda t: arrow_tables.spending_from(t, policies, forms)),
            "needs": read(f"{prefix}needs", lambda t: arrow_tables.needs_from(t, policies, all_forms, years)),
            "bodies": read(f"{prefix}bodies", lambda t: arrow_tables.bodies_from(t, policies, bodies)),
            "ledgers": read(f"{prefix}ledgers", lambda t: arrow_tables.ledgers_from(t, policies, runs, years)),
        }

    stages = read("stages", lambda table: arrow_tables.monthly_from(table, policies, runs, months, np.int8))
    common: dict[str, Any] = {"scenario": scenario, "policies": policies, "runs": runs, "months": months}
    common |= {"first_run": first} | {name: facts[name] for name in ("seed", "uncertainty", "drawn", "bases")}
    null = counted("null_")
    fields = common | counted("")
    fields |= {
        "yearly": read("yearly", lambda table: arrow_tables.spending_from(table, policies, forms, months // YEAR)),
        "series": read("series", lambda table: arrow_tables.monthly_from(table, policies, runs, months)),
        "stages": {policy: _stacked(columns, runs, months) for policy, columns in stages.items()},
        "events": read("events", lambda table: arrow_tables.events_from(table, facts["chosen"])),
    }
    return fields, common | null if null["metrics"] else None
