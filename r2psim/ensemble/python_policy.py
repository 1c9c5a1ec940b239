"""A policy that consists of Python objects, checked against a scenario, and the order to run some of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from r2psim.agents.policies import AnyDecider, PolicyError, checked_bodies, decides
from r2psim.scenario import Scenario
from r2psim.scenario.brief import brief
from r2psim.scenario.errors import listing, nearest
from r2psim.scenario.plugged import plugged
from r2psim.scenario.specs import PRESENT

__all__ = ["Order", "PythonPolicy", "plugged_policy", "python_policy"]


@dataclass(frozen=True)
class PythonPolicy:
    """A policy in which Python objects decide for bodies.

    Parameters
    ----------
    name : str
        What results call it; no policy of the scenario has the name.
    decide : Policy, ManyPolicy, or mapping of str to them
        Body -> object with a method ``decide(view)`` or ``decide_many(views)``; one object alone decides for every
        body. Bodies without an object decide by the rules. Whatever has ``decide_many`` is asked by it. If all objects
        have it, runs go side by side in this process, which is many times as fast.
    base : str
        Policy of the scenario whose parameters and budgets hold.
    """

    name: str
    decide: AnyDecider | Mapping[str, AnyDecider]
    base: str = PRESENT

    __repr__ = brief

    def deciding(self, bodies: Sequence[str]) -> dict[str, AnyDecider]:
        """Give who decides for whom.

        Parameters
        ----------
        bodies : sequence of str
            Bodies of the scenario.

        Returns
        -------
        dict of str to Policy or ManyPolicy
            Body -> the object that decides for it; bodies without one are left out.

        Raises
        ------
        PolicyError
            If there is no such body, or an object cannot decide.
        """
        found = dict(self.decide) if isinstance(self.decide, Mapping) else dict.fromkeys(bodies, self.decide)
        checked_bodies(found, bodies)
        return found

    def written(self) -> dict[str, Any]:
        """Say what it was, for provenance: its base, and the classes that decided.

        Returns
        -------
        dict of str
            ``base``, ``by`` (names of classes) and ``bodies``.
        """
        objects = self.decide.values() if isinstance(self.decide, Mapping) else [self.decide]
        by = sorted({f"{type(found).__module__}.{type(found).__qualname__}" for found in objects})
        bodies = sorted(self.decide) if isinstance(self.decide, Mapping) else "all"
        return {"base": self.base, "by": by, "bodies": bodies}


def plugged_policy(name: str) -> PythonPolicy:
    """Give the policy that an installed package brings under a name (`r2psim.scenario.plugged`).

    The entry point is a `PythonPolicy`, an object that decides, or a class or function that gives one of them. Whatever
    it calls itself, it is called as its entry point is.

    Raises
    ------
    PolicyError
        If it cannot decide.
    ScenarioError
        If it cannot be loaded.
    """
    found = plugged("policies", name)
    if not isinstance(found, PythonPolicy) and (isinstance(found, type) or not decides(found)) and callable(found):
        found = found()
    if isinstance(found, PythonPolicy):
        return replace(found, name=name)
    if not decides(found):
        what = "a PythonPolicy, or an object with a method decide(view) or decide_many(views), or what gives one"
        raise PolicyError(f"policy {name}: the plug-in gives {found!r:.80}: not allowed: {what}")
    return PythonPolicy(name, found, str(getattr(found, "base", PRESENT)))


def python_policy(policy: object, scenario: Scenario) -> PythonPolicy:
    """Make a policy of whatever somebody gives in place of a policy's name.

    Parameters
    ----------
    policy : PythonPolicy or Policy
        An object that only decides is called by its ``name``, or else its class, and its base is its ``base``, or
        else the policy that stands for the present.
    scenario : Scenario
        Whose bodies and policies it is checked against.

    Raises
    ------
    PolicyError
        If it cannot be used; the message says why, and what can.
    """
    if not isinstance(policy, PythonPolicy):
        if not decides(policy):
            what = "the name of a policy, a PythonPolicy, or an object with a method decide(view) or decide_many(views)"
            raise PolicyError(f"policies: {policy!r:.80} is not allowed: {what}")
        name = getattr(policy, "name", type(policy).__name__)
        policy = PythonPolicy(str(name), policy, str(getattr(policy, "base", PRESENT)))  # type: ignore[arg-type]
    if policy.name in scenario.policies:
        raise PolicyError(f"policy {policy.name}: the name is not allowed: the scenario has a policy of that name")
    if policy.base not in scenario.policies:
        near = nearest(policy.base, scenario.policies)
        hint = f" (did you mean {near}?)" if near else ""
        allowed = f"one of {listing(scenario.policies, limit=len(scenario.policies))}{hint}"
        raise PolicyError(f"policy {policy.name}: base {policy.base} is not allowed: {allowed}")
    policy.deciding(list(scenario.bodies))
    return policy


class Order(NamedTuple):
    """What is run, the same for every policy.

    Attributes
    ----------
    scenario : Scenario
        With everything generated.
    seed, first_run, runs, months : int
        Runs ``first_run .. first_run + runs - 1`` of this seed; length of each.
    series : tuple of str
        Names of `SERIES`.
    histories : bool
        Whether the stages of all groups are kept.
    events : tuple of int
        Runs whose events are told.
    uncertainty : str
        What each run draws for itself, as `r2psim.simulate` takes it.
    drawn : tuple of str
        Paths of what is drawn.
    ledgers, null_twins : bool
        Whether ledgers are kept year by year; whether every policy is run once more with all effects at none.
    """

    scenario: Scenario
    seed: int
    first_run: int
    runs: int
    months: int
    series: tuple[str, ...]
    histories: bool
    events: tuple[int, ...]
    uncertainty: str
    drawn: tuple[str, ...] = ()
    ledgers: bool = False
    null_twins: bool = False
