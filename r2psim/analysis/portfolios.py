"""Portfolios: how the same total budget is divided among bodies, stages and forms, as a policy of a scenario.

A portfolio is a point with a number from 0 to 1 for each share. What it is a share of has as many numbers as it has
parts, and numbers drawn evenly give every division with the same chance (a flat Dirichlet distribution). All else - the
will to act, priorities, principles - is that of a policy of the scenario.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import floor, fsum
from typing import TYPE_CHECKING

import numpy as np

from r2psim.declarations.columns import STAGES, B
from r2psim.ensemble.former_names import hint
from r2psim.scenario.errors import listing
from r2psim.scenario.parameters import P
from r2psim.scenario.specs import PolicySpec
from r2psim.world.build import build

if TYPE_CHECKING:
    from r2psim.scenario import Scenario

__all__ = ["COMMON", "OVER", "Portfolios", "Purse", "check_free", "checked_over", "names_beside", "purses_of"]

OVER = {
    "bodies": "shares of the total budget, by body (by purse: bodies that hold a mandate in common share one)",
    "stages": "shares of what bodies can promise, by stage of a state, and the reserve for stages 0-2",
    "forms": "shares of what bodies can promise, by form of assistance",
}
"""Over what money is divided."""

COMMON = "common"
"""What is earmarked for nothing."""

RESERVE = "principles.prevention.reserve"
SPLIT = "assistance.prevention_share"
_SET = {"bodies": (SPLIT,), "stages": (RESERVE,), "forms": ()}
_STEPS = 10_000
"""Shares are whole numbers of these: what is written is what was run."""
_LARGEST = 100.0
"""Largest multiple of a budget that a policy may name; only their proportions count."""
_STEEP = 3.0


def names_beside(scenario: Scenario, stem: str, count: int) -> list[str]:
    """Name policies as none of the scenario is named.

    Examples
    --------
    >>> from r2psim import load
    >>> names_beside(load("seminar"), "found", 2)
    ['found-1', 'found-2']
    """
    while any(name.startswith(f"{stem}-") for name in scenario.policies):
        stem += "-x"
    return [f"{stem}-{k + 1}" for k in range(count)]


@dataclass(frozen=True)
class Purse:
    """Bodies whose budgets are moved together, since they hold a mandate in common.

    Attributes
    ----------
    name : str
        The name of the body, or the mandate that its bodies share.
    mandates : tuple of str
        All that they hold.
    bodies : tuple of str
        Ids.
    budget : float
        What they have together in the scenario, US$ a year.
    """

    name: str
    mandates: tuple[str, ...]
    bodies: tuple[str, ...]
    budget: float


def purses_of(scenario: Scenario) -> tuple[Purse, ...]:
    """Group the bodies that provide assistance and have a budget by the mandates that they share.

    Parameters
    ----------
    scenario : Scenario
        With everything generated.
    """
    forms = scenario.forms.values()
    groups: list[tuple[set[str], list[str]]] = []
    for key, body in scenario.bodies.items():
        tags = set(body.mandates)
        if body.values.get("budget", 0.0) <= 0.0 or not any(set(form.providers) & tags for form in forms):
            continue
        mine = [group for group in groups if group[0] & tags]
        groups = [group for group in groups if group not in mine]
        groups.append((tags.union(*(group[0] for group in mine)), [k for group in mine for k in group[1]] + [key]))
    order = list(scenario.bodies)
    found = []
    for tags, keys in sorted(groups, key=lambda group: min(order.index(key) for key in group[1])):
        shared = set.intersection(*(set(scenario.bodies[key].mandates) for key in keys))
        name = keys[0] if len(keys) == 1 else min(shared or tags)
        budget = fsum(scenario.bodies[key].values["budget"] for key in keys)
        found.append(Purse(name, tuple(sorted(tags)), tuple(keys), budget))
    return tuple(found)


def checked_over(over: Sequence[str]) -> tuple[str, ...]:
    """Give over what money is divided, in the order of `OVER`.

    Raises
    ------
    ValueError
        If there is no such thing, or none is named.

    Examples
    --------
    >>> checked_over(["forms", "bodies"])
    ('bodies', 'forms')
    """
    for name in over:
        if name not in OVER:
            raise ValueError(f"{name} is not allowed: one of {listing(OVER)}{hint(name, OVER)}")
    if not over:
        raise ValueError(f"at least one is needed of {listing(OVER)}")
    return tuple(name for name in OVER if name in over)


def check_free(scenario: Scenario, base: str, over: Sequence[str]) -> None:
    """Refuse a value that is set over what portfolios set: all of them would be one.

    Raises
    ------
    ValueError
        If there is one.
    """
    for part in over:
        for path in _SET[part]:
            if found := {path, f"policies.{base}.{path}"} & scenario.overrides.keys():
                named = min(found).replace(f"policies.{base}.", f"policies.{base}.parameters.")
                raise ValueError(f"{named} is not allowed with {part}: portfolios set it")


def _split(numbers: np.ndarray) -> list[int]:
    """Divide a whole among its parts: flat Dirichlet shares of even numbers, in `_STEPS`, that sum to them all."""
    weights = -np.log1p(-np.clip(numbers, 0.0, 1.0 - 1e-12))
    total = float(weights.sum())
    shares = weights / total if total > 0.0 else np.full(len(weights), 1.0 / len(weights))
    found = [floor(share * _STEPS) for share in shares]
    # The largest remainders are rounded up, the first where they are equal.
    left = sorted(range(len(found)), key=lambda k: (found[k] - shares[k] * _STEPS, k))
    for k in left[: _STEPS - sum(found)]:
        found[k] += 1
    return found


def _numbers(shares: Sequence[float]) -> list[float]:
    """Give numbers that divide a whole into these shares."""
    largest = max(shares)
    return [1.0 - float(np.exp(-_STEEP * share / largest)) for share in shares]


@dataclass(frozen=True)
class Portfolios:
    """All portfolios over some things.

    Attributes
    ----------
    scenario : Scenario
        With everything generated.
    base : str
        Policy that says all else.
    over : tuple of str
        Keys of `OVER`.

    Raises
    ------
    ValueError
        If money is to be divided over bodies, and fewer than two purses have any.

    Examples
    --------
    >>> from r2psim import load
    >>> space = Portfolios(load("seminar"), "prevention", ("stages",))
    >>> space.variables[-2:]
    ('stages: common', 'stages: reserve')
    >>> space.policy(np.array([0.9, 0.0, 0.0, 0.0, 0.0, 0.9, 0.25])).shares["stages"]
    {'stable': 0.5}
    """

    scenario: Scenario
    base: str
    over: tuple[str, ...]

    def __post_init__(self) -> None:
        if "bodies" in self.over and len(self.purses) < 2:
            raise ValueError(
                f"bodies is not allowed: {self.scenario.name} has money for assistance in fewer than two purses"
            )

    @cached_property
    def purses(self) -> tuple[Purse, ...]:
        """Whose budgets are moved."""
        return purses_of(self.scenario)

    @cached_property
    def parts(self) -> dict[str, tuple[str, ...]]:
        """Give of what the shares are, by what they are over; the reserve is beside them."""
        found: dict[str, tuple[str, ...]] = {}
        if "bodies" in self.over:
            found["bodies"] = tuple(purse.name for purse in self.purses)
        if "stages" in self.over:
            found["stages"] = (*STAGES, COMMON)
        if "forms" in self.over:
            found["forms"] = (*self.scenario.forms, COMMON)
        return found

    @property
    def variables(self) -> tuple[str, ...]:
        """Give a name of every number of a portfolio."""
        found = []
        for over, names in self.parts.items():
            found += [f"{over}: {name}" for name in names]
            found += ["stages: reserve"] if over == "stages" else []
        return tuple(found)

    def shares(self, point: np.ndarray) -> dict[str, dict[str, float]]:
        """Give the shares of a portfolio, each part of one whole; ``reserve`` alone under its own name."""
        found: dict[str, dict[str, float]] = {}
        at = 0
        for over, names in self.parts.items():
            steps = _split(np.asarray(point[at : at + len(names)], dtype=np.float64))
            found[over] = {name: step / _STEPS for name, step in zip(names, steps, strict=True)}
            at += len(names)
            if over == "stages":
                found["reserve"] = {"reserve": round(float(point[at]) * _STEPS) / _STEPS}
                at += 1
        return found

    def policy(self, point: np.ndarray) -> PolicySpec:
        """Give a portfolio as a policy.

        Parameters
        ----------
        point : numpy.ndarray, shape (len(variables),)
            Each from 0 to 1.
        """
        own, found = self.scenario.policy(self.base), self.shares(point)
        parameters, budgets = dict(own.parameters), dict(own.budgets)
        earmarks = {key: dict(table) for key, table in own.shares.items()}
        if "bodies" in found:
            # Below 0 nothing is divided anew between prevention and response: the purses say it all.
            parameters[SPLIT] = -1.0
            multiples = [found["bodies"][purse.name] / purse.budget for purse in self.purses]
            budgets = {
                tag: float(f"{_LARGEST * multiple / max(multiples):.6g}")
                for purse, multiple in zip(self.purses, multiples, strict=True)
                for tag in purse.mandates
            }
        if "reserve" in found:
            parameters[RESERVE] = found["reserve"]["reserve"]
        for over in ("stages", "forms"):
            if over in found:
                earmarks[over] = {name: share for name, share in found[over].items() if share > 0.0 and name != COMMON}
        return replace(
            own,
            description=f"A division of the same money over {' and '.join(self.over)}; all else as in {self.base}.",
            parameters=parameters,
            budgets=budgets,
            shares=earmarks,
        )

    def budgets(self, policy: str) -> dict[str, float]:
        """Give what each purse has under a policy of the scenario, US$ a year."""
        world = build(self.scenario, policy)
        by_body = dict(zip(world.bodies, world.rows.body[B.budget].tolist(), strict=True))
        return {purse.name: fsum(by_body[key] for key in purse.bodies) for purse in self.purses}

    def point(self, policy: str) -> np.ndarray:
        """Give the portfolio whose money is divided as a policy of the scenario divides it, shape (len(variables),)."""
        own, found = self.scenario.policy(policy), []
        for over, names in self.parts.items():
            if over == "bodies":
                had = self.budgets(policy)
                shares = [had[name] for name in names]
                shares = shares if sum(shares) > 0.0 else [purse.budget for purse in self.purses]
            else:
                kept = own.shares.get(over, {})
                shares = [kept.get(name, 0.0) for name in names[:-1]]
                shares.append(max(0.0, 1.0 - fsum(shares)))
            found += _numbers(shares)
            if over == "stages":
                found.append(float(self.scenario.parameter_values(policy)[P.principles_prevention_reserve]))
        return np.array(found)

    def told(self, point: np.ndarray, most: int = 3) -> dict[str, list[tuple[str, float]]]:
        """Give the largest shares of a portfolio, the largest first; the reserve as it is."""
        found = {}
        for over, shares in self.shares(point).items():
            ranked = sorted(shares.items(), key=lambda item: -item[1])
            found[over] = ranked[:most]
        return found
