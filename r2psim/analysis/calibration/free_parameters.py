"""The free parameters of a calibration, each with its prior: read from a table, which is checked as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from r2psim.analysis.calibration.fit import Free
from r2psim.files import TOML, FileError, is_finite, read_toml
from r2psim.scenario.errors import nearest, shown
from r2psim.scenario.parameters import PARAMETERS

__all__ = ["SHIPPED", "FreeError", "read_free"]

SHIPPED = Path(__file__).with_name("free.toml")
"""The free parameters that ship."""

BOUNDS = replace(TOML, what="a table of free parameters")

KEYS = {"low", "high", "log", "why"}


class FreeError(ValueError):
    """A table of free parameters that cannot be used; the message names the file, and everything that is wrong."""


def read_free(path: Path = SHIPPED) -> tuple[Free, ...]:
    """Read the free parameters and their priors.

    Parameters
    ----------
    path : Path
        A TOML file with a table for each parameter: ``low``, ``high``, ``log`` (false if not given) and ``why``.

    Raises
    ------
    FreeError
        If the file cannot be read; if a name is no parameter, a key is missing, unknown or no number, or a prior is
        empty or lies outside of what the parameter accepts. Everything that is wrong is said at once.

    Examples
    --------
    >>> all(PARAMETERS[free.path].low <= free.low < free.high <= PARAMETERS[free.path].high for free in read_free())
    True
    """
    try:
        table = read_toml(path, BOUNDS)
    except FileError as error:
        raise FreeError(f"{path}: cannot be read as a table of free parameters: {error.what}") from None
    found, wrong = [], []
    for name, entry in table.items():
        try:
            found.append(_free(name, entry))
        except ValueError as error:
            wrong.append(f"{name}: {error}")
    if not table:
        wrong.append("no parameter is declared")
    if wrong:
        raise FreeError(f"{path}: " + "\n".join(wrong))
    return tuple(found)


def _free(name: str, entry: Any) -> Free:
    if name not in PARAMETERS:
        near = nearest(name, PARAMETERS)
        raise ValueError("is no parameter" + (f" (did you mean {near}?)" if near else ""))
    if not isinstance(entry, Mapping):
        raise ValueError(f"{entry!r} is not allowed: a table with low and high")
    if unknown := sorted(set(entry) - KEYS):
        raise ValueError(f"{unknown[0]} is not allowed: one of {', '.join(sorted(KEYS))}")
    numbers = {}
    for key in ("low", "high"):
        value = entry.get(key)
        if not is_finite(value):
            raise ValueError(f"{key}: {shown(value)} is not allowed: a number" if key in entry else f"{key} is missing")
        numbers[key] = float(value)
    log, why = entry.get("log", False), entry.get("why", "")
    if not isinstance(log, bool) or not isinstance(why, str):
        raise ValueError("log must be true or false, and why a text")
    low, high, declared = numbers["low"], numbers["high"], PARAMETERS[name]
    if not low < high:
        raise ValueError(f"the prior {low} to {high} is not allowed: low first")
    if not declared.low <= low or not high <= declared.high:
        raise ValueError(
            f"the prior {low} to {high} is not allowed: the parameter accepts {declared.low} to {declared.high}"
        )
    if log and low <= 0.0:
        raise ValueError(f"the prior {low} to {high} is not allowed: a logarithm needs a low end above 0")
    return Free(name, low, high, log, why)
