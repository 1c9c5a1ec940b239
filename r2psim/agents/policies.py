"""Policies as Python objects: somebody outside the rules who decides for a body.

An object with one method is a policy. It is given a view - what that body may see at that moment, and no more - and
gives back how much a month it puts into which form in which state:

>>> from r2psim.agents import Allocation, R2PModel, View
>>> class EvenHanded:
...     '''Share the money evenly among all states where diplomacy is possible.'''
...     def decide(self, view: View) -> list[Allocation]:
...         found = [(s.key, o) for s in view.states for o in s.offers if o.form == "preventive-diplomacy"]
...         return [Allocation(key, o.form, min(view.room / len(found), o.missing)) for key, o in found]
>>> model = R2PModel("seminar", policy="late-response", seed=7, years=1, decide={"good-offices": EvenHanded()})
>>> model.run_model()
>>> sum(agent["spent"] for agent in model.body_agents if agent.key == "good-offices") > 0.0
True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from r2psim.rules.decision import consents, income, offering, perceive
from r2psim.rules.demand import demand
from r2psim.scenario.brief import brief
from r2psim.scenario.errors import listing, nearest
from r2psim.scenario.parameters import P
from r2psim.world.codebook import CENTS
from r2psim.world.tables import CONFLICT, PR, B, L, R, S

if TYPE_CHECKING:
    from r2psim.agents.model import R2PModel

__all__ = [
    "Allocation",
    "Offer",
    "Policy",
    "PolicyError",
    "StateView",
    "View",
    "act",
    "checked",
    "checked_bodies",
    "room_of",
    "view_of",
]

_consents: Any = getattr(consents, "py_func", consents)
"""The rule itself, as written: of whole arrays it gives whole arrays."""


class PolicyError(ValueError):
    """An allocation that is not allowed; the message names the body, the allocation, and what is allowed."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """Money for one form in one state.

    Attributes
    ----------
    state, form : str
        Identifiers.
    dollars : float
        US$ a month.
    """

    state: str
    form: str
    dollars: float


@dataclass(frozen=True, slots=True)
class Offer:
    """A form that the body may fund in a state now.

    Attributes
    ----------
    form : str
        Identifier.
    cost, missing : float
        US$ a month for the full effect; and what of it nobody else put up last month.
    """

    form: str
    cost: float
    missing: float


@dataclass(frozen=True, slots=True)
class StateView:
    """A member state as the body sees it.

    Attributes
    ----------
    key, name : str
        Identifier and name.
    perceived_risk : float
        0-1, with the body's own error.
    conflict : str
        Armed conflict, which everybody can see.
    in_atrocity : bool
        Whether an atrocity goes on, which everybody can see.
    willing : float
        0-1, the government's willingness to consent to assistance.
    offers : tuple of Offer
        What the body may fund there now.
    error : float
        Standard deviation of the error of ``perceived_risk``, which the body knows.
    """

    key: str
    name: str
    perceived_risk: float
    conflict: str
    in_atrocity: bool
    willing: float
    offers: tuple[Offer, ...]
    error: float = 0.0

    __repr__ = brief


@dataclass(frozen=True, slots=True)
class View:
    """What a body may see when it decides.

    Attributes
    ----------
    month : int
        Number of the month, from 0.
    body : str
        Its identifier.
    room : float
        US$ a month that it can promise.
    states : tuple of StateView
        Its members.
    attention : int
        How many programmes it can fund at a time.
    """

    month: int
    body: str
    room: float
    states: tuple[StateView, ...]
    attention: int

    __repr__ = brief


class Policy(Protocol):
    """Whatever can decide for a body."""

    def decide(self, view: View) -> Iterable[Allocation]:
        """Give all allocations that are to be in force from now on; what is not named ends."""
        ...


def room_of(model: R2PModel, b: int) -> float:
    """Whole US cents a month that a body can promise: its month's budget and a twelfth of what it has saved."""
    tranche = float(np.floor(model.rows.body[B.budget, b] * CENTS / 12.0))
    saved = float(model.rows.body[B.balance, b]) - tranche
    return tranche + (float(np.floor(saved / 12.0)) if saved > 0.0 else 0.0)


def _view(model: R2PModel, b: int) -> View:
    """Show a body what it may see."""
    rows, p, world = model.rows, model.parameters, model.world
    members = rows.member[rows.member_start[b] : rows.member_start[b + 1]]
    perceive(rows, p, b, model.luck)
    risk, error = (rows.rating[c, rows.member_start[b] : rows.member_start[b + 1]] for c in (R.seen, R.error))
    forms = rows.provides[rows.provides_start[b] : rows.provides_start[b + 1]]
    slots = slice(rows.pledge_start[b], rows.pledge_start[b + 1])
    # A compiled rule takes longer to be called than to do its work: all programmes that it could fund, at once.
    at = members[:, None] + forms[None, :] * len(world.states)
    cost, pledged, demanded, agreed = (
        rows.programme[column, at] for column in (PR.cost, PR.pledged, PR.demand, PR.consent)
    )
    own = np.zeros(rows.programme.shape[1])
    used = rows.pledge[L.programme, slots] >= 0.0
    own[rows.pledge[L.programme, slots][used].astype(np.int64)] = rows.pledge[L.last_offer, slots][used]
    missing = np.maximum(0.0, cost - pledged + own[at]) / CENTS
    # As `r2psim.rules.decision.may_fund` says.
    stronger = rows.body[B.regional, b] * np.clip(rows.state[S.aid_regional_mechanisms, members], 0.0, 1.0)
    unmoved = (1.0 - rows.body[B.leverage, b]) * (1.0 - stronger)
    enough = _consents(agreed, unmoved[:, None], p[P.assistance_consent_gate])
    fundable = (cost > 0.0) & (demanded >= 0.0) & enough
    states = []
    for m, (seen, s) in enumerate(zip(risk, map(int, members), strict=True)):
        chosen = np.flatnonzero(fundable[m])
        offers = [
            Offer(world.forms[f], dollars, lacks)
            for f, dollars, lacks in zip(
                forms[chosen].tolist(), (cost[m, chosen] / CENTS).tolist(), missing[m, chosen].tolist(), strict=True
            )
        ]
        key = world.states[s]
        states.append(
            StateView(
                key=key,
                name=world.names[key],
                perceived_risk=float(seen),
                conflict=CONFLICT[int(rows.state[S.conflict, s])],
                in_atrocity=bool(rows.state[S.stage, s] == 4.0),
                willing=float(rows.state[S.willingness, s]),
                offers=tuple(offers),
                error=float(error[m]),
            )
        )
    attention = int(rows.body[B.attention, b])
    return View(model.month, world.bodies[b], room_of(model, b) / CENTS, tuple(states), attention)


def view_of(model: R2PModel, body: str) -> View:
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
    model.rows = seen
    try:
        return _view(model, b)
    finally:
        model.rows = rows


def _refuse(body: str, value: object, what: str, known: Iterable[str] = ()) -> PolicyError:
    near = get_close_matches(str(value), list(known), 1, 0.3)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return PolicyError(f"decide of {body}: {value} is not allowed: {what}{hint}")


def checked_bodies(decide: Mapping[str, Policy], bodies: Sequence[str]) -> None:
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
        if not callable(getattr(policy, "decide", None)):
            raise PolicyError(f"decide of {body}: {policy!r:.80} is not allowed: an object with a method decide(view)")


def checked(view: View, allocations: Iterable[Allocation], catalogue: Sequence[str] = ()) -> list[Allocation]:
    """Check allocations against what a body may do.

    Parameters
    ----------
    view : View
        What it was shown.
    allocations : iterable of Allocation
        What it wants.
    catalogue : sequence of str
        All forms that there are, where a name may be misspelt.

    Raises
    ------
    PolicyError
        At the first that is not allowed.
    """
    offers = {state.key: {offer.form for offer in state.offers} for state in view.states}
    found = list(allocations)
    if len(found) > view.attention:
        raise _refuse(view.body, len(found), f"at most {view.attention} allocations at a time")
    pairs = set()
    for a in found:
        if a.state not in offers:
            raise _refuse(view.body, a.state, "one of its member states", offers)
        if catalogue and a.form not in catalogue:
            raise _refuse(view.body, a.form, "a form of the catalogue", catalogue)
        if a.form not in offers[a.state]:
            what = f"a form that it may fund in {a.state} now: {', '.join(sorted(offers[a.state])) or 'none'}"
            raise _refuse(view.body, a.form, what, offers[a.state])
        if (a.state, a.form) in pairs:
            raise _refuse(view.body, f"{a.form} in {a.state}", "each form once in a state")
        pairs.add((a.state, a.form))
        if not 0.0 <= a.dollars < float("inf"):
            raise _refuse(view.body, a.dollars, "US$ a month, from 0")
    total = sum(a.dollars for a in found)
    if total > view.room + 0.005:
        raise _refuse(view.body, f"US$ {total:,.2f} in all", f"at most its room of US$ {view.room:,.2f} a month")
    return found


def _promise(model: R2PModel, b: int, allocations: list[Allocation]) -> None:
    """Write a body's pledges anew; a programme that runs goes on without delay."""
    rows, world = model.rows, model.world
    slots = slice(rows.pledge_start[b], rows.pledge_start[b + 1])
    # A decision that is on its way is not delayed again by being repeated.
    earlier = dict(zip(rows.pledge[L.programme, slots].tolist(), rows.pledge[L.begins, slots].tolist(), strict=True))
    rows.pledge[L.programme, slots] = -1.0
    rows.pledge[L.amount, slots] = 0.0
    left = room_of(model, b)
    p = model.parameters
    provided = rows.provides[rows.provides_start[b] : rows.provides_start[b + 1]].tolist()
    members = rows.member[rows.member_start[b] : rows.member_start[b + 1]].tolist()
    place_of = {s: place for place, s in enumerate(members)}
    wait = float(rows.body[B.decision_delay, b] + p[P.principles_harm_delay] * p[P.principles_harm_screening])
    for slot, a in enumerate(allocations, slots.start):
        row = world.forms.index(a.form) * len(world.states) + world.states.index(a.state)
        runs = rows.programme[PR.months, row] > 0.0
        cents = min(float(np.floor(a.dollars * CENTS + 0.5)), left)
        left -= cents
        rows.pledge[L.programme, slot] = row
        rows.pledge[L.state, slot] = row % len(world.states)
        rows.pledge[L.form, slot] = row // len(world.states)
        note = place_of[row % len(world.states)] * len(provided) + provided.index(row // len(world.states))
        rows.pledge[L.note, slot] = note
        rows.pledge[L.amount, slot] = cents
        rows.pledge[L.begins, slot] = earlier.get(float(row), model.month + (0.0 if runs else wait))
    rows.body[B.pledges, b] = len(allocations)
    rows.body[B.decisions, b] += 1.0


def act(model: R2PModel, policies: Mapping[str, Policy], b: int, at_once: bool = False) -> None:
    """Let a policy act for a body this month, in place of the rules' decision.

    The body receives its money as ever; at its own rhythm, or at once, the policy is shown its view and decides; what
    is promised is put up.

    Raises
    ------
    PolicyError
        If the policy allocates what the body may not.
    """
    rows, p = model.rows, model.parameters
    income(b, b + 1, rows, p, model.luck)
    if at_once or model.month % max(1, int(rows.body[B.rhythm, b])) == 0:
        view = _view(model, b)
        _promise(model, b, checked(view, policies[view.body].decide(view), model.world.forms))
    offering(b, b + 1, rows, p, model.luck)
