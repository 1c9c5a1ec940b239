"""The posterior sample that ships: draws of the calibrated parameters, so that runs carry what is not known of them.

Run ``i`` takes draw ``i``, counted from the first again after the last, whatever the policy: policies stay paired.
What a scenario or a policy sets is meant, and no draw touches it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from r2psim.scenario.errors import nearest
from r2psim.scenario.parameters import PARAMETERS

if TYPE_CHECKING:
    from r2psim.scenario.specs import Scenario

__all__ = ["SHIPPED", "UNCERTAINTIES", "checked_uncertainty", "drawn_in", "read_posterior", "with_draw", "without"]

SHIPPED = Path(__file__).with_name("posterior.csv")
"""Draws that ship: a column for each parameter, a row for each draw."""

UNCERTAINTIES = {
    "none": "every run has the same parameters",
    "posterior": "every run has a draw of the calibrated parameters, the same for all policies",
}
"""Kinds of parameter uncertainty, and what they mean."""


def checked_uncertainty(kind: str) -> str:
    """Give the kind of uncertainty back if there is such a kind.

    Raises
    ------
    ValueError
        If there is not; the message says which there are.

    Examples
    --------
    >>> checked_uncertainty("posterior")
    'posterior'
    """
    if kind not in UNCERTAINTIES:
        near = nearest(kind, UNCERTAINTIES)
        hint = f" (did you mean {near}?)" if near else ""
        raise ValueError(f"uncertainty {kind!r} is not allowed: one of {', '.join(UNCERTAINTIES)}{hint}")
    return kind


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
    names, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
    paths = names.split(",")
    for name in paths:
        if name not in PARAMETERS:
            raise ValueError(f"{path}: {name!r} is no parameter")
    draws = []
    for number, line in enumerate(lines, 2):
        values = [float(text) for text in line.split(",")]
        if len(values) != len(paths):
            raise ValueError(f"{path}, line {number}: {len(paths)} values are needed, not {len(values)}")
        for name, value in zip(paths, values, strict=True):
            if not PARAMETERS[name].low <= value <= PARAMETERS[name].high:
                raise ValueError(f"{path}, line {number}: {name}: {value} lies outside of its range")
        draws.append(dict(zip(paths, values, strict=True)))
    if not draws:
        raise ValueError(f"{path}: holds no draws")
    return tuple(draws)


def with_draw(scenario: Scenario, run: int, draws: tuple[dict[str, float], ...] | None = None) -> Scenario:
    """Give a scenario with the calibrated parameters of one run.

    Parameters
    ----------
    scenario : Scenario
        What it sets itself stays.
    run : int
        Number of the run.
    draws : tuple of dict, optional
        Those that ship if not given.
    """
    chosen = read_posterior() if draws is None else draws
    return replace(scenario, parameters={**chosen[run % len(chosen)], **scenario.parameters})


def drawn_in(scenario: Scenario) -> list[str]:
    """Give the paths of the parameters that draws set: the calibrated ones that the scenario does not set itself."""
    return [path for path in read_posterior()[0] if path not in scenario.parameters]


def without(scenario: Scenario, paths: list[str]) -> Scenario:
    """Give a scenario that does not set some parameters: one read back with every default filled in sets them all."""
    return replace(scenario, parameters={k: v for k, v in scenario.parameters.items() if k not in set(paths)})
