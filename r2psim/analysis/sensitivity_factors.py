"""What a sensitivity analysis varies: parameters and sizes of effects, each over its range, one by one or in groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.calibration.free_parameters import read_free
from r2psim.analysis.value_of_information import groups_of
from r2psim.ensemble.former_names import hint
from r2psim.ensemble.uncertainty import triangular
from r2psim.scenario.errors import listing
from r2psim.scenario.parameters import PARAMETERS
from r2psim.scenario.paths import effects_by_path, number_at
from r2psim.scenario.posterior import drawn_in, read_posterior

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["BY", "RATES", "Range", "grouped", "problem", "uncertain"]

BY = ("group", "parameter")
"""Whether factors are groups of parameters, or each parameter is one."""

RATES = {
    "prior": "each calibrated rate for itself, evenly over the range of its prior",
    "posterior": "all calibrated rates together, each time a draw of the posterior sample: they hang together",
}
"""How the calibrated rates vary where they are not named one by one."""

KINDS = ("all", "rates", "effects")
TOGETHER = "calibrated rates"
"""Name of the one factor that a draw of the posterior is."""

JUST_BELOW = 1.0 - 1e-9


@dataclass(frozen=True)
class Range:
    """Something uncertain, and how it is spread.

    Attributes
    ----------
    path : str
        As in ``--set``; `TOGETHER` for a draw of the posterior.
    kind : {"uniform", "log-uniform", "triangular", "draw"}
        How it is spread; draw: over the draws of the posterior sample, as likely as one another.
    low, high : float
        Ends; of a draw 0 and the number of draws.
    mode : float or None
        The most likely value of a triangular one.
    """

    path: str
    kind: str
    low: float
    high: float
    mode: float | None = None

    def at(self, u: np.ndarray) -> np.ndarray:
        """Give values at places in [0, 1]; of a draw its number.

        Examples
        --------
        >>> Range("a", "log-uniform", 1.0, 100.0).at(np.array([0.0, 0.5, 1.0])).round(9).tolist()
        [1.0, 10.0, 100.0]
        >>> Range("b", "draw", 0.0, 4.0).at(np.array([0.0, 0.49, 1.0])).tolist()
        [0.0, 1.0, 3.0]
        """
        u = np.asarray(u, dtype=np.float64)
        if self.kind == "triangular":
            ends = (np.full(u.shape, end) for end in (self.low, self.mode, self.high))
            return triangular(u, *ends)
        if self.kind == "draw":
            return np.minimum(np.floor(u * self.high), self.high - 1.0)
        if self.kind == "log-uniform":
            return np.clip(self.low * (self.high / self.low) ** u, self.low, self.high)
        return np.clip(self.low + (self.high - self.low) * u, self.low, self.high)

    def told(self) -> dict[str, Any]:
        """Give it as plain data."""
        own = {"path": self.path, "distribution": self.kind, "low": self.low, "high": self.high}
        return own if self.mode is None else own | {"mode": self.mode}


def _declared(scenario: Scenario, path: str) -> Range:
    """Give the range of a path that is named: an effect's triangle, a rate's prior, else what is declared."""
    effects = effects_by_path(scenario.forms)
    if path in effects and effects[path].low < effects[path].high:
        effect = effects[path]
        return Range(path, "triangular", effect.low, effect.high, min(max(effect.size, effect.low), effect.high))
    if path in PARAMETERS:
        for free in read_free():
            if free.path == path:
                return Range(path, "log-uniform" if free.log else "uniform", free.low, free.high)
    found = number_at(path, scenario.forms)
    if found is None or not found.ranged or not found.low < found.high:
        known = [*KINDS, *PARAMETERS, *effects]
        said = "all, rates, effects, a group, a parameter, or the size of an effect with a range"
        raise ValueError(f"{path!r} cannot be varied: one of {said}{hint(path, known)}")
    return Range(path, "uniform", found.low, found.high)


def uncertain(scenario: Scenario, over: str | Sequence[str] = "all", rates: str = "prior") -> tuple[Range, ...]:
    """Give what is uncertain in a scenario, with its ranges.

    Parameters
    ----------
    scenario : Scenario
        With everything generated. What it sets itself is meant, and is not varied unless it is named.
    over : str or sequence of str
        ``all``, ``rates`` (the calibrated parameters), ``effects`` (sizes of effects of assistance), a group such as
        ``effects of mediation`` or ``rates of stages`` (`r2psim.analysis.value_of_information.groups_of`), a parameter
        or the path of an effect's size; or several of them.
    rates : {"prior", "posterior"}
        A key of `RATES`.

    Raises
    ------
    ValueError
        If there is nothing of such a name, or nothing to vary; the message says what there is.

    Examples
    --------
    >>> from r2psim.scenario import load
    >>> [range.kind for range in uncertain(load("seminar"), ["observation.noise", "effects of media"])][:2]
    ['uniform', 'triangular']
    """
    if rates not in RATES:
        raise ValueError(f"rates {rates!r} is not allowed: one of {listing(RATES)}{hint(rates, RATES)}")
    named = [over] if isinstance(over, str) else list(over)
    drawn = {kind: drawn_in(scenario, kind) for kind in KINDS}
    groups = groups_of(drawn["all"])
    found: dict[str, Range] = {}
    for name in named:
        members = drawn.get(name) if name in drawn else groups.get(name)
        if members is None and (name.startswith(("effects of ", "rates of ")) or not name):
            raise ValueError(f"{name!r} is no group: one of {listing(groups, limit=60)}{hint(name, groups)}")
        together = name in ("all", "rates") and rates == "posterior"
        for path in (name,) if members is None else members:
            if together and path in drawn["rates"]:
                found[TOGETHER] = Range(TOGETHER, "draw", 0.0, float(len(read_posterior())))
            else:
                found[path] = _declared(scenario, path)
    if not found:
        raise ValueError(f"nothing is uncertain: {', '.join(named)} has no range in {scenario.name}")
    alone = [path for path in found if path in drawn["rates"]]
    if TOGETHER in found and alone:
        raise ValueError(f"{alone[0]!r} varies twice: alone, and with all calibrated rates in a draw of the posterior")
    return tuple(found.values())


def grouped(ranges: Sequence[Range], by: str = "group") -> dict[str, tuple[str, ...]]:
    """Sort what is varied into factors: groups, or each for itself.

    Raises
    ------
    ValueError
        If `by` is none of `BY`.
    """
    if by not in BY:
        raise ValueError(f"by {by!r} is not allowed: one of {listing(BY)}{hint(by, BY)}")
    paths = [item.path for item in ranges]
    if by == "parameter":
        return {path: (path,) for path in paths}
    found = groups_of([path for path in paths if path != TOGETHER])
    return {TOGETHER: (TOGETHER,), **found} if TOGETHER in paths else found


def expanded(ranges: Sequence[Range], units: np.ndarray, paths: Sequence[str]) -> np.ndarray:
    """Turn places in the unit cube into what is set.

    Parameters
    ----------
    ranges : sequence of Range
        What is varied.
    units : numpy.ndarray, shape (..., len(ranges))
        Places.
    paths : sequence of str
        As `paths_of` gives them.

    Returns
    -------
    numpy.ndarray, shape (..., len(paths))
    """
    columns: list[np.ndarray] = []
    for k, item in enumerate(ranges):
        values = item.at(units[..., k])
        if item.kind == "draw":
            draws = read_posterior()
            own = [path for path in paths if path in draws[0]]
            table = np.array([[draw[path] for path in own] for draw in draws])
            columns += list(np.moveaxis(table[values.astype(np.int64)], -1, 0))
        else:
            columns.append(values)
    return np.stack(columns, axis=-1)


def paths_of(ranges: Sequence[Range], scenario: Scenario) -> tuple[str, ...]:
    """Give the paths that are set, in the order of `expanded`: a draw of the posterior sets all calibrated rates."""
    found: list[str] = []
    for item in ranges:
        found += drawn_in(scenario, "rates") if item.kind == "draw" else [item.path]
    return tuple(found)


def salib_problem(ranges: Sequence[Range], groups: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """Give ranges as SALib takes them: names, bounds, distributions, and groups where they are given."""
    bounds: list[list[float]] = []
    kinds: list[str] = []
    for item in ranges:
        width = item.high - item.low
        if item.kind == "triangular" and item.high >= 0.0:
            assert item.mode is not None
            # SALib takes the mode as a share of the width, below 1.
            bounds.append([item.low, item.high, min((item.mode - item.low) / width, JUST_BELOW)])
            kinds.append("triang")
        elif item.kind == "triangular":
            raise ValueError(f"{item.path}: SALib takes no triangle that ends at {item.high:g}, only from 0 on")
        else:
            bounds.append([item.low, item.high])
            kinds.append("logunif" if item.kind == "log-uniform" else "unif")
    found: dict[str, Any] = {
        "num_vars": len(ranges), "names": [item.path for item in ranges], "bounds": bounds, "dists": kinds,
    }  # fmt: skip
    if groups is not None:
        of = {path: name for name, members in groups.items() for path in members}
        found["groups"] = [of[item.path] for item in ranges]
    return found


def problem(
    scenario: str | Path | Scenario,
    over: str | Sequence[str] = "all",
    by: str = "parameter",
    rates: str = "prior",
) -> dict[str, Any]:
    """Give what is uncertain in a scenario as a problem of SALib.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a shipped scenario, path of a scenario file, or a loaded scenario.
    over, rates : str or sequence of str, str
        As for `uncertain`. With ``rates="posterior"`` one of the names is `TOGETHER`, whose value, rounded down, is
        the number of a draw.
    by : {"parameter", "group"}
        Whether the problem has groups.

    Returns
    -------
    dict
        ``num_vars``, ``names`` (paths as in ``--set``), ``bounds``, ``dists`` and with ``by="group"`` ``groups``.

    Raises
    ------
    ValueError
        As `uncertain` and `grouped`.

    Examples
    --------
    >>> problem("seminar", ["observation.noise", "stages.to_risk.base"])["names"]
    ['observation.noise', 'stages.to_risk.base']
    """
    from r2psim.scenario import load
    from r2psim.world.expand import expand

    full = expand(load(scenario) if isinstance(scenario, str | Path) else scenario)
    ranges = uncertain(full, over, rates)
    groups = grouped(ranges, by)
    return salib_problem(ranges, groups if by == "group" else None)
