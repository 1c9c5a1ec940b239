"""Policies as Python objects: somebody outside the rules who decides for a body.

An object with one method is a policy. It is given a view - what that body may see at that moment, and no more - and
gives back how much a month it puts into which form in which state:

>>> import numpy as np
>>> from r2psim.agents import Allocation, Allocations, R2PModel, View, Views
>>> class EvenHanded:
...     '''Share the money evenly among all states where diplomacy is possible.'''
...     def decide(self, view: View) -> list[Allocation]:
...         found = [(s.key, o) for s in view.states for o in s.offers if o.form == "preventive-diplomacy"]
...         return [Allocation(key, o.form, min(view.room / len(found), o.missing)) for key, o in found]
>>> model = R2PModel("seminar", policy="late-response", seed=7, years=1, decide={"good-offices": EvenHanded()})
>>> model.run_model()
>>> sum(agent["spent"] for agent in model.body_agents if agent.key == "good-offices") > 0.0
True

An object with the method ``decide_many`` is asked for many runs at once, in arrays, which is many times as fast; what
does the same gives the same digits:

>>> class EvenHandedInMany:
...     def decide_many(self, views: Views) -> Allocations:
...         form = views.forms.index("preventive-diplomacy")
...         offered, missing = views.offered[:, :, form], views.missing[:, :, form]
...         share = views.room / np.maximum(offered.sum(axis=1), 1)
...         state = np.where(offered, np.arange(len(views.states)), -1)
...         return Allocations(state, np.array([form]), np.where(offered, np.minimum(share[:, None], missing), 0.0))
>>> from r2psim import PythonPolicy, simulate
>>> both = [PythonPolicy(p.__name__, {"good-offices": p()}) for p in (EvenHanded, EvenHandedInMany)]
>>> found = simulate("seminar", both, runs=2, years=2, threads=1)
>>> bool((found.values("EvenHanded", "deaths") == found.values("EvenHandedInMany", "deaths")).all())
True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from r2psim.agents.body_rows import Seat
from r2psim.agents.views import (
    Allocation,
    Allocations,
    Offer,
    PolicyError,
    Promised,
    StateView,
    View,
    Views,
    checked,
    checked_many,
)
from r2psim.declarations.columns import B
from r2psim.rules.decision import income, offering
from r2psim.rules.demand import demand
from r2psim.scenario.errors import listing, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from r2psim.agents.running import RunningModel
    from r2psim.world.build import World

__all__ = [
    "Allocation",
    "Allocations",
    "AnyDecider",
    "ManyPolicy",
    "Offer",
    "Policy",
    "PolicyError",
    "StateView",
    "View",
    "Views",
    "act",
    "checked",
    "checked_bodies",
    "checked_many",
    "decides",
    "decides_many",
    "room_of",
    "view_of",
]


class Policy(Protocol):
    """Whatever can decide for a body."""

    def decide(self, view: View) -> Iterable[Allocation]:
        """Give all allocations that are to be in force from now on; what is not named ends.

        Parameters
        ----------
        view : View
            What the body sees: money in US$ a month, time in months.

        Returns
        -------
        iterable of Allocation
            The first come first where money does not do for all.
        """
        ...


class ManyPolicy(Protocol):
    """Whatever can decide for a body in many runs at once."""

    def decide_many(self, views: Views) -> NDArray[Any] | Allocations:
        """Give all allocations that are to be in force from now on, in every run; what is not named ends.

        Either US$ a month in the shape of `Views.shape`, (runs, members, forms), 0 being nothing; or `Allocations`,
        where their order matters. A run is decided by itself: what it gets must not depend on the others.

        Parameters
        ----------
        views : Views
            What the body sees in every run: arrays whose first axis are runs.

        Returns
        -------
        numpy.ndarray, shape (runs, members, forms), or Allocations
            US$ a month.
        """
        ...


AnyDecider: TypeAlias = "Policy | ManyPolicy"


def decides_many(policy: object) -> bool:
    """Say whether an object is asked for many runs at once."""
    return callable(getattr(policy, "decide_many", None))


def decides(policy: object) -> bool:
    """Say whether an object can decide."""
    return decides_many(policy) or callable(getattr(policy, "decide", None))


def room_of(model: RunningModel, b: int) -> float:
    """Whole US cents a month that a body can promise: its month's budget and a twelfth of what it has saved."""
    return float(Seat(model.world, model.rows, b).room(model.rows)[0])


def view_of(model: RunningModel, body: str) -> View:
    """Show what a body may see between two months, and leave the model as it was to the last bit.

    Raises
    ------
    ValueError
        If there is no such body.
    """
    rows = model.rows
    b = model.world.bodies.index(body)
    seen = rows._replace(**{name: getattr(rows, name).copy() for name in ("rating", "body", "state", "programme")})
    # As it will be when the body decides: with the next month's money, and needs weighed as things stand.
    income(b, b + 1, seen, model.parameters, model.luck)
    demand(0, seen.state.shape[1], seen, model.parameters, model.luck)
    return Seat(model.world, seen, b).look(seen, model.parameters[None], model.luck, model.month).view(0)


def checked_bodies(decide: Mapping[str, AnyDecider], bodies: Sequence[str]) -> None:
    """Check who is to decide for whom.

    Raises
    ------
    PolicyError
        If there is no such body, or what is to decide for it cannot.
    """
    for body, policy in decide.items():
        if body not in bodies:
            near = nearest(body, bodies)
            hint = f" (did you mean {near}?)" if near else ""
            raise PolicyError(f"decide: {body} is not allowed: one of {listing(bodies, limit=len(bodies))}{hint}")
        if not decides(policy):
            what = "an object with a method decide(view) or decide_many(views)"
            raise PolicyError(f"decide of {body}: {policy!r:.80} is not allowed: {what}")


def _listed(world: World, seat: Seat, allocations: Sequence[Allocation]) -> Promised:
    """Put allocations of one run into a list of places."""
    members = {world.states[s]: m for m, s in enumerate(seat.members)}
    forms = {world.forms[f]: place for place, f in enumerate(seat.forms)}
    return Promised(
        np.zeros(len(allocations), dtype=np.int64),
        np.array([members[a.state] for a in allocations], dtype=np.int64),
        np.array([forms[a.form] for a in allocations], dtype=np.int64),
        np.array([a.dollars for a in allocations], dtype=np.float64),
    )


def act(model: RunningModel, policies: Mapping[str, AnyDecider], b: int, at_once: bool = False) -> None:
    """Let a policy act for a body this month, in place of the rules' decision.

    The body receives its money as ever; at its own rhythm, or at once, the policy is shown its view and decides; what
    is promised is put up. An object that decides for many runs is asked for one.

    Raises
    ------
    PolicyError
        If the policy allocates what the body may not.
    """
    rows, p, world = model.rows, model.parameters, model.world
    income(b, b + 1, rows, p, model.luck)
    if at_once or model.month % max(1, int(rows.body[B.rhythm, b])) == 0:
        seat = Seat(world, rows, b)
        views = seat.look(rows, p[None], model.luck, model.month)
        policy: Any = policies[views.body]
        if decides_many(policy):
            promised = checked_many(views, policy.decide_many(views), world.forms, model.run_number)
        else:
            view = views.view(0)
            promised = _listed(world, seat, checked(view, policy.decide(view), world.forms))
        seat.promise(rows, p[None], model.month, promised)
    offering(b, b + 1, rows, p, model.luck)
