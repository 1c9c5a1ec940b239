"""What a body sees when it decides, and what it may answer: of one run, and of many runs side by side.

`View` and `Allocation` are of one run. `Views` and `Allocations` are the same of many runs, as arrays whose first axis
is the run: whoever decides in arrays is asked once for all runs that lie side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from r2psim.declarations.columns import CONFLICT
from r2psim.scenario.brief import brief

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Allocation",
    "Allocations",
    "Offer",
    "PolicyError",
    "Promised",
    "StateView",
    "View",
    "Views",
    "checked",
    "checked_many",
]


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


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """What a body may see when it decides in many runs at once: what `View` has, in arrays that cannot be written to.

    The first axis is the run. From the first month to the last, the same place is the same run.

    Attributes
    ----------
    month : int
        Number of the month, from 0; the same in all runs.
    body : str
        Its identifier.
    attention : int
        How many programmes it can fund at a time.
    states, names : tuple of str
        Identifiers and names of its members.
    forms : tuple of str
        Identifiers of the forms that it provides.
    room : numpy.ndarray, shape (runs,)
        US$ a month that it can promise.
    perceived_risk, error : numpy.ndarray, shape (runs, members)
        0-1, with the body's own error; and the standard deviation of that error, which it knows.
    conflict : numpy.ndarray, int8, shape (runs, members)
        Armed conflict, which everybody can see: 0 peace, 1 recovery, 2 minor conflict, 3 war.
    in_atrocity : numpy.ndarray, bool, shape (runs, members)
        Whether an atrocity goes on, which everybody can see.
    willing : numpy.ndarray, shape (runs, members)
        0-1, the government's willingness to consent to assistance.
    offered : numpy.ndarray, bool, shape (runs, members, forms)
        Whether the body may fund the form in the state now.
    cost, missing : numpy.ndarray, shape (runs, members, forms)
        US$ a month for the full effect, and what of it nobody else put up last month; 0 where it is not offered.
    """

    month: int
    body: str
    attention: int
    states: tuple[str, ...]
    names: tuple[str, ...]
    forms: tuple[str, ...]
    room: NDArray[np.float64]
    perceived_risk: NDArray[np.float64]
    error: NDArray[np.float64]
    conflict: NDArray[np.int8]
    in_atrocity: NDArray[np.bool_]
    willing: NDArray[np.float64]
    offered: NDArray[np.bool_]
    cost: NDArray[np.float64]
    missing: NDArray[np.float64]

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def __repr__(self) -> str:
        runs, members, forms = self.shape
        return f"<Views {self.body}, month {self.month}: {runs} runs, {members} members, {forms} forms>"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Runs, members, forms: the shape of an answer."""
        return len(self.room), len(self.states), len(self.forms)

    def alone(self, run: int) -> Views:
        """Give what is seen in one of the runs, as if it were the only one.

        Parameters
        ----------
        run : int
            Its place among the runs, from 0.

        Returns
        -------
        Views
            Arrays of their own, of one run.
        """
        whole = {f.name: getattr(self, f.name) for f in fields(self)}
        own: dict[str, Any] = {k: v[run : run + 1].copy() for k, v in whole.items() if isinstance(v, np.ndarray)}
        return replace(self, **own)

    def view(self, run: int) -> View:
        """Give what is seen in one of the runs as whoever decides for one run sees it.

        Parameters
        ----------
        run : int
            Its place among the runs, from 0.

        Returns
        -------
        View
            The same numbers.
        """
        return View(
            month=self.month,
            body=self.body,
            room=float(self.room[run]),
            states=tuple(
                StateView(
                    key=key,
                    name=name,
                    perceived_risk=risk,
                    conflict=CONFLICT[conflict],
                    in_atrocity=in_atrocity,
                    willing=willing,
                    offers=self._offers(run, m),
                    error=error,
                )
                for m, (key, name, risk, conflict, in_atrocity, willing, error) in enumerate(
                    zip(
                        self.states,
                        self.names,
                        self.perceived_risk[run].tolist(),
                        self.conflict[run].tolist(),
                        self.in_atrocity[run].tolist(),
                        self.willing[run].tolist(),
                        self.error[run].tolist(),
                        strict=True,
                    )
                )
            ),
            attention=self.attention,
        )

    def _offers(self, run: int, member: int) -> tuple[Offer, ...]:
        chosen = np.flatnonzero(self.offered[run, member])
        costs, lacks = (column[run, member, chosen].tolist() for column in (self.cost, self.missing))
        return tuple(Offer(self.forms[f], *pair) for f, *pair in zip(chosen.tolist(), costs, lacks, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Allocations:
    """Money for forms in states, in many runs: what several `Allocation` say of each run, in their order.

    Shapes are those below, or repeat to them as NumPy's do: what is the same in all runs may be said once.

    Attributes
    ----------
    state : numpy.ndarray of int, shape (runs, n)
        Places in `Views.states`; -1 where there is nothing, and then ``dollars`` is 0.
    form : numpy.ndarray of int, shape (runs, n)
        Places in `Views.forms`.
    dollars : numpy.ndarray, shape (runs, n)
        US$ a month. An allocation of 0 keeps its place: what is delayed is not delayed anew when money follows.
    """

    state: NDArray[np.integer[Any]]
    form: NDArray[np.integer[Any]]
    dollars: NDArray[np.floating[Any]]


class Promised(NamedTuple):
    """Allocations of many runs in one list, in order of runs, and within each in the order in which they were given.

    Attributes
    ----------
    run, member, form : numpy.ndarray of int
        Places.
    dollars : numpy.ndarray
        US$ a month.
    """

    run: NDArray[np.int64]
    member: NDArray[np.int64]
    form: NDArray[np.int64]
    dollars: NDArray[np.float64]


def _refuse(who: str, value: object, what: str, known: Iterable[str] = ()) -> PolicyError:
    near = get_close_matches(str(value), list(known), 1, 0.3)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return PolicyError(f"{who}: {value} is not allowed: {what}{hint}")


def checked(
    view: View, allocations: Iterable[Allocation], catalogue: Sequence[str] = (), who: str | None = None
) -> list[Allocation]:
    """Check allocations against what a body may do.

    Parameters
    ----------
    view : View
        What it was shown.
    allocations : iterable of Allocation
        What it wants.
    catalogue : sequence of str
        All forms that there are, where a name may be misspelt.
    who : str, optional
        Whom a message names; ``decide`` of the body if not given.

    Raises
    ------
    PolicyError
        At the first that is not allowed.
    """
    who = who or f"decide of {view.body}"
    offers = {state.key: {offer.form for offer in state.offers} for state in view.states}
    found = list(allocations)
    if len(found) > view.attention:
        raise _refuse(who, len(found), f"at most {view.attention} allocations at a time")
    pairs = set()
    for a in found:
        if a.state not in offers:
            raise _refuse(who, a.state, "one of its member states", offers)
        if catalogue and a.form not in catalogue:
            raise _refuse(who, a.form, "a form of the catalogue", catalogue)
        if a.form not in offers[a.state]:
            what = f"a form that it may fund in {a.state} now: {', '.join(sorted(offers[a.state])) or 'none'}"
            raise _refuse(who, a.form, what, offers[a.state])
        if (a.state, a.form) in pairs:
            raise _refuse(who, f"{a.form} in {a.state}", "each form once in a state")
        pairs.add((a.state, a.form))
        if not 0.0 <= a.dollars < float("inf"):
            raise _refuse(f"{who}, {a.form} in {a.state}", a.dollars, "US$ a month, from 0")
    total = sum(a.dollars for a in found)
    if total > view.room + 0.005:
        raise _refuse(who, f"US$ {total:,.2f} in all", f"at most its room of US$ {view.room:,.2f} a month")
    return found


def _listed(views: Views, answer: object, who: str) -> Promised:
    """Put an answer into one list; refuse what cannot be read."""
    shape = views.shape
    allowed = f"an array of US$ a month of the shape (runs, members, forms), {shape}, or Allocations"
    if isinstance(answer, Allocations):
        return _from_allocations(views, answer, who)
    if answer is None or isinstance(answer, np.ma.MaskedArray):
        raise _refuse(who, type(answer).__name__, allowed)
    try:
        dollars = np.asarray(answer)
    except ValueError as error:
        raise _refuse(who, f"{type(answer).__name__} ({error})", allowed) from None
    if dollars.dtype.kind not in "fiu":
        raise _refuse(who, f"{type(answer).__name__} of {dollars.dtype}", allowed)
    if dollars.shape != shape:
        raise _refuse(who, f"the shape {dollars.shape}", allowed)
    run, member, form = np.nonzero(dollars)
    return Promised(run, member, form, dollars[run, member, form].astype(np.float64))


def _from_allocations(views: Views, answer: Allocations, who: str) -> Promised:
    runs, members, forms = views.shape
    for name in ("state", "form", "dollars"):
        column = getattr(answer, name)
        kinds, of = ("fiu", "US$") if name == "dollars" else ("iu", "whole numbers")
        if (
            not isinstance(column, np.ndarray)
            or isinstance(column, np.ma.MaskedArray)
            or column.dtype.kind not in kinds
        ):
            kind = f"an array of {column.dtype}" if type(column) is np.ndarray else type(column).__name__
            raise _refuse(f"{who}, {name} of Allocations", kind, f"an array of {of}")
    given = tuple(getattr(answer, name).shape for name in ("state", "form", "dollars"))
    try:
        shape = np.broadcast_shapes(*given)
    except ValueError:
        shape = ()
    if len(shape) != 2 or shape[0] != runs:
        of = "shapes of state, form and dollars in Allocations"
        raise _refuse(
            f"{who}, {of}", ", ".join(map(str, given)), f"(runs, n), runs being {runs}, or what repeats to it"
        )
    state, form, dollars = np.broadcast_arrays(answer.state, answer.form, answer.dollars)
    run, place = np.divmod(np.flatnonzero(state != -1), shape[1])
    found = Promised(
        run,
        state[run, place].astype(np.int64),
        form[run, place].astype(np.int64),
        dollars[run, place].astype(np.float64),
    )
    if np.count_nonzero(dollars) != np.count_nonzero(found.dollars):
        k, n = (int(at[0]) for at in np.nonzero((state == -1) & (dollars != 0.0)))
        here = f"{who}, dollars of Allocations at ({k}, {n})"
        raise _refuse(here, float(dollars[k, n]), "0 where the state is -1, nothing")
    for name, places, count in (("state", found.member, members), ("form", found.form, forms)):
        beyond = np.flatnonzero((places < 0) | (places >= count))
        if len(beyond):
            k, n = int(run[beyond[0]]), int(place[beyond[0]])
            or_nothing = "-1, or " if name == "state" else ""
            what = f"{or_nothing}a place in {name}s, 0 to {count - 1}"
            raise _refuse(f"{who}, {name} of Allocations at ({k}, {n})", int(places[beyond[0]]), what)
    return found


def checked_many(views: Views, answer: object, catalogue: Sequence[str] = (), first_run: int = 0) -> Promised:
    """Check an answer for many runs against what a body may do: run by run, as `checked` does.

    Parameters
    ----------
    views : Views
        What the body was shown.
    answer : numpy.ndarray or Allocations
        What it wants: US$ a month, shape (runs, members, forms), where 0 is nothing and the order is that of members
        and forms; or `Allocations`, in their own order.
    catalogue : sequence of str
        All forms that there are.
    first_run : int
        Number of the first of the runs, for messages.

    Raises
    ------
    PolicyError
        At the first of the first run in which anything is not allowed.
    """
    runs, members, forms = views.shape
    who = f"decide_many of {views.body}"
    found = _listed(views, answer, f"{who}, month {views.month}")
    run, member, form, dollars = found
    # Most answers pass: who does not is found in whole arrays, and told by `checked`.
    pairs = (run * members + member) * forms + form
    wrong = ~(views.offered[run, member, form] & (dollars >= 0.0) & (dollars < np.inf))
    suspects = set(run[wrong].tolist())
    if isinstance(answer, Allocations):
        once = np.zeros(runs * members * forms, dtype=bool)
        once[pairs] = True
        if np.count_nonzero(once) < len(pairs):
            several = np.bincount(pairs) > 1
            suspects |= set((np.flatnonzero(several) // (members * forms)).tolist())
    suspects |= set(np.flatnonzero(np.bincount(run, minlength=runs) > views.attention).tolist())
    totals = np.bincount(run, weights=dollars, minlength=runs)
    # Who adds up in another order gets other last digits: near the limit `checked` has the last word.
    suspects |= set(np.flatnonzero(totals > views.room * (1.0 - 1e-13) + 0.005).tolist())
    for k in sorted(suspects):
        mine = run == k
        listed = [
            Allocation(views.states[m], views.forms[f], x)
            for m, f, x in zip(member[mine].tolist(), form[mine].tolist(), dollars[mine].tolist(), strict=True)
        ]
        checked(views.view(k), listed, catalogue, f"{who}, run {first_run + k}, month {views.month}")
    return found
