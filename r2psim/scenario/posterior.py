"""What is not known of a scenario, and what of it every run draws anew.

Rates are the calibrated parameters: run ``i`` takes draw ``i`` of the posterior sample that ships, counted from the
first again after the last. Effects are the sizes in the catalogue of assistance: those that studies were fitted to come
from a joint posterior sample likewise, the others are each drawn from their declared range
(`r2psim.ensemble.uncertainty`). Draws are the same whatever the policy: policies stay paired. What a scenario or a
policy sets is meant, and no draw touches it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from r2psim.scenario.catalogue import catalogue
from r2psim.scenario.errors import nearest
from r2psim.scenario.forms import Effect
from r2psim.scenario.parameters import PARAMETERS, Parameter
from r2psim.scenario.paths import effects_by_path

if TYPE_CHECKING:
    from r2psim.scenario.specs import Scenario

__all__ = [
    "OLDER",
    "SHIPPED",
    "UNCERTAINTIES",
    "checked_uncertainty",
    "drawn_in",
    "present_name",
    "read_effects",
    "read_posterior",
]

SHIPPED = Path(__file__).with_name("posterior.csv")
"""Draws that ship: a column for each parameter, a row for each draw."""

SHIPPED_EFFECTS = Path(__file__).with_name("effects.csv")
"""Draws of the effects that were fitted to studies: a column for each, named after the path of its size."""

UNCERTAINTIES = {
    "none": "every run has the same parameters and effects",
    "rates": "every run has a draw of the calibrated parameters, the same for all policies",
    "effects": "every run has a draw of the effects of assistance from their ranges, the same for all policies",
    "all": "every run has a draw of the calibrated parameters and of the effects, the same for all policies",
}
"""Kinds of uncertainty that runs carry, and what they mean."""

OLDER = {"posterior": "rates"}
"""Older names of `UNCERTAINTIES`, and their present ones."""


def present_name(kind: str) -> str:
    """Give the present name of a kind of uncertainty, if there is such a kind.

    Raises
    ------
    ValueError
        If there is not; the message says which there are.

    Examples
    --------
    >>> present_name("posterior"), present_name("all")
    ('rates', 'all')
    """
    kind = OLDER.get(kind, kind)
    if kind not in UNCERTAINTIES:
        near = nearest(kind, UNCERTAINTIES)
        hint = f" (did you mean {near}?)" if near else ""
        raise ValueError(f"uncertainty {kind!r} is not allowed: one of {', '.join(UNCERTAINTIES)}{hint}")
    return kind


def checked_uncertainty(kind: str) -> str:
    """Give the present name of a kind of uncertainty, and warn where an older one was given.

    Raises
    ------
    ValueError
        If there is no such kind; the message says which there are.

    Examples
    --------
    >>> checked_uncertainty("rates")
    'rates'
    """
    found = present_name(kind)
    if found != kind:
        warnings.warn(f"uncertainty {kind!r} is the older name of {found!r}", FutureWarning, stacklevel=3)
    return found


def _draws_in(path: Path, known: Mapping[str, Parameter | Effect], none: str) -> tuple[dict[str, float], ...]:
    """Read a table of draws: a column for each path, a row for each draw, every value within its declared range."""
    names, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
    paths = names.split(",")
    for name in paths:
        if name not in known:
            raise ValueError(f"{path}: {name!r} is {none}")
    draws = []
    for number, line in enumerate(lines, 2):
        values = [float(text) for text in line.split(",")]
        if len(values) != len(paths):
            raise ValueError(f"{path}, line {number}: {len(paths)} values are needed, not {len(values)}")
        for name, value in zip(paths, values, strict=True):
            if not known[name].low <= value <= known[name].high:
                raise ValueError(f"{path}, line {number}: {name}: {value} lies outside of its range")
        draws.append(dict(zip(paths, values, strict=True)))
    return tuple(draws)


@lru_cache(maxsize=4)
def read_posterior(path: Path = SHIPPED) -> tuple[dict[str, float], ...]:
    """Read a posterior sample.

    Returns
    -------
    tuple of dict of str to float
        For each draw, the value of each of its parameters by path.

    Raises
    ------
    ValueError
        If the file holds no draws, names something that is no parameter, or a value lies outside of its range.

    Examples
    --------
    >>> draws = read_posterior()
    >>> all(PARAMETERS[path].low <= value <= PARAMETERS[path].high for draw in draws for path, value in draw.items())
    True
    """
    draws = _draws_in(path, PARAMETERS, "no parameter")
    if not draws:
        raise ValueError(f"{path}: holds no draws")
    return draws


@lru_cache(maxsize=4)
def read_effects(path: Path = SHIPPED_EFFECTS) -> tuple[dict[str, float], ...]:
    """Read a joint posterior sample of effects of the shipped catalogue.

    Returns
    -------
    tuple of dict of str to float
        For each draw, the size of each of its effects by path; empty where there is no such file, or nothing was
        learnt of any effect.

    Raises
    ------
    ValueError
        If the file names something that is no effect of the catalogue, or a size lies outside of its range.
    """
    if not path.exists() or not path.read_text(encoding="utf-8").strip():
        return ()
    return _draws_in(path, effects_by_path(catalogue()), "no effect of the catalogue")


def drawn_in(scenario: Scenario, kind: str) -> tuple[str, ...]:
    """Give the paths of what every run draws anew.

    Parameters
    ----------
    scenario : Scenario
        What it sets itself is left out: parameters, sizes of effects without a range of their own, and overrides.
    kind : str
        A key of `UNCERTAINTIES`.

    Examples
    --------
    >>> from r2psim.scenario import load
    >>> "forms.mediation.effects.to_atrocity.size" in drawn_in(load("seminar"), "effects")
    True
    >>> drawn_in(load("seminar", "forms.mediation.effects.to_atrocity.size=0.7"), "none")
    ()
    """
    found: list[str] = []
    if kind in ("rates", "all"):
        set_ = scenario.parameters.keys() | scenario.overrides.keys()
        found += [path for path in read_posterior()[0] if path not in set_]
    if kind in ("effects", "all"):
        effects = effects_by_path(scenario.forms)
        found += [path for path, effect in effects.items() if not effect.known and effect.low < effect.high]
    return tuple(found)
