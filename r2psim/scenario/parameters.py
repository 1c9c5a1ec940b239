"""Every parameter of the model, declared once in ``parameters.toml``.

The declarations carry description, unit, default, range, evidence label and source. The check of scenario files,
the positions that the rules use, the ODD tables and the ranges of sensitivity studies are all read off them.

Examples
--------
>>> from r2psim.scenario.parameters import PARAMETERS, P, defaults
>>> PARAMETERS["triggers.coup.base"].unit
'1 a year'
>>> float(defaults()[P.triggers_coup_base]) == PARAMETERS["triggers.coup.base"].default
True
"""

from __future__ import annotations

import tomllib
from collections import namedtuple
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["LABELS", "PARAMETERS", "SOURCES", "P", "Parameter", "defaults", "identifier"]

LABELS = {
    "seen": "read in the source or its abstract",
    "computed": "calculated from a public data file",
    "calibrated": "fitted by simulation to the targets of calibration; the posterior says how well it is known",
    "fitted": "fitted to causal studies that the model is run on (trials); its posterior says how well it is known",
    "recalled": "known from memory of the literature, to be verified before it is quoted",
    "assumption": "chosen by the authors; the range says how unsure they are",
}
"""Evidence labels and what they mean."""

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of the model.

    Attributes
    ----------
    path : str
        Dotted path, as in scenario files and ``--set``.
    description, unit : str
        What it is, and in what unit it is given.
    default, low, high : float
        Default and the range inside which a value is accepted; sensitivity studies sample the same range.
    label : str
        One of `LABELS`.
    source : tuple of str
        Keys of `SOURCES`; empty for an assumption.
    """

    path: str
    description: str
    unit: str
    default: float
    low: float
    high: float
    label: str
    source: tuple[str, ...] = ()


def identifier(path: str) -> str:
    """Turn a dotted path into the name used in rules.

    Examples
    --------
    >>> identifier("triggers.coup.base")
    'triggers_coup_base'
    """
    return path.replace(".", "_").replace("-", "_")


def _walk(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, value in table.items():
        path = f"{prefix}{key}"
        if "default" in value and not isinstance(value["default"], dict):
            yield path, value
        else:
            yield from _walk(value, path + ".")


def _declared() -> dict[str, Parameter]:
    with (_HERE / "parameters.toml").open("rb") as file:
        tables = tomllib.load(file)
    declared = {}
    for path, entry in _walk(tables):
        source = entry.get("source", [])
        parameter = Parameter(
            path=path,
            description=entry["description"],
            unit=entry["unit"],
            default=float(entry["default"]),
            low=float(entry["low"]),
            high=float(entry["high"]),
            label=entry["label"],
            source=tuple(source) if isinstance(source, list) else (source,),
        )
        if parameter.label not in LABELS:
            raise ValueError(f"parameters.toml: {path}: label {parameter.label!r} is none of {', '.join(LABELS)}")
        if not parameter.low <= parameter.default <= parameter.high:
            raise ValueError(f"parameters.toml: {path}: default {parameter.default} lies outside its own range")
        if parameter.label != "assumption" and not parameter.source:
            raise ValueError(f"parameters.toml: {path}: label {parameter.label!r} needs a source")
        declared[path] = parameter
    return declared


def _sources() -> dict[str, str]:
    with (_HERE / "sources.toml").open("rb") as file:
        return tomllib.load(file)


SOURCES: dict[str, str] = _sources()
"""Bibliography: key -> full reference."""

PARAMETERS: dict[str, Parameter] = _declared()
"""All parameters by path, in storage order."""

P: Any = namedtuple("ParameterPlaces", [identifier(p) for p in PARAMETERS])(*range(len(PARAMETERS)))  # type: ignore[misc]
"""Places of the parameters in the vector that rules are given: ``p[P.triggers_coup_base]``."""


def defaults() -> np.ndarray:
    """Give the default of every parameter.

    Returns
    -------
    numpy.ndarray, shape (len(PARAMETERS),), float64
        In storage order, each in its own unit.
    """
    import numpy as np

    return np.array([p.default for p in PARAMETERS.values()])
