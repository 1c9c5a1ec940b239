"""Several lucks of one world as one world: each state beside itself in all lucks, so that one word reaches all of them.

`r2psim.world.rows.side_by_side` lays runs one behind the other. People decide state by state and body by body, though,
and some of what they decide reaches a rule as other values of its parameters (`r2psim.agents.choices`). Here the rows
of a state, and those of a body, lie together for all lucks: a rule is called once for a state that somebody has spoken
for, however many lucks there are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from r2psim.declarations.columns import L
from r2psim.world.rows import WRITTEN, Rows

__all__ = ["Abreast", "abreast"]


class Abreast(NamedTuple):
    """Lucks of one world, abreast.

    Attributes
    ----------
    one : Rows
        The world by itself; not changed.
    rows : Rows
        All of them. The state ``s`` in luck ``k`` is the row ``s * lucks + k``, and so is the body ``b``.
    lucks : int
        How many.
    places : dict of str to numpy.ndarray, shape (lucks, rows of the block in ``one``)
        Of each block that rules write, where the rows of a luck lie, in the order in which ``one`` has them.
    """

    one: Rows
    rows: Rows
    lucks: int
    places: dict[str, np.ndarray]

    def luck(self, k: int) -> Rows:
        """Give the rows of one luck as a run of its own has them, to the last bit."""
        found = {name: getattr(self.rows, name)[:, self.places[name][k]] for name in WRITTEN if name != "ledger"}
        states, all_states = self.one.state.shape[1], self.rows.state.shape[1]
        pledge = found["pledge"]
        row = pledge[L.programme]
        form, state = np.divmod(row, all_states)
        pledge[L.programme] = np.where(row < 0.0, row, form * states + state // self.lucks)
        pledge[L.state] //= self.lucks
        return self.one._replace(**found, ledger=self.rows.ledger[self.places["ledger"][k]])

    def begin(self) -> None:
        """Put all lucks back to the start of the world, as it was built."""
        made = _begun(self.one, self.rows.state.shape[1], self.lucks, self.places)
        for name, block in made.items():
            getattr(self.rows, name)[:] = block


def _runs_of(start: np.ndarray, lucks: int) -> np.ndarray:
    """Say where sparse rows come to lie if each row stands once for every luck; shape (lucks, values)."""
    count = np.diff(start)
    first = np.repeat(start[:-1], count)
    each = np.repeat(count, count)
    within = np.arange(start[-1]) - first
    places: np.ndarray = lucks * first + np.arange(lucks)[:, None] * each + within
    return places


def _starts(start: np.ndarray, lucks: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.repeat(np.diff(start), lucks))]).astype(np.int64)


def _scattered(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Put values, shape (rows,) or (lucks, rows), at their places."""
    found = np.empty(places.size, dtype=values.dtype)
    found[places] = values
    return found


def _begun(one: Rows, all_states: int, lucks: int, places: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give the blocks that rules write as they stand at the start."""
    made = {}
    for name in WRITTEN:
        block, place = getattr(one, name), places[name]
        if name == "ledger":
            made[name] = np.empty((place.size, block.shape[1]))
            made[name][place] = block
        else:
            made[name] = np.empty((block.shape[0], place.size))
            made[name][:, place] = block[:, None, :]
    # What points to a state, or to a programme, points to that of its own luck.
    states = one.state.shape[1]
    pledge = made["pledge"]
    luck = np.arange(lucks)[:, None]
    pledge[L.state, places["pledge"]] = one.pledge[L.state] * lucks + luck
    row = one.pledge[L.programme]
    form, s = np.divmod(row, states)
    pledge[L.programme, places["pledge"]] = np.where(row < 0.0, row, form * all_states + s * lucks + luck)
    return made


def abreast(one: Rows, numbers: np.ndarray) -> Abreast:
    """Lay lucks of a world abreast.

    Parameters
    ----------
    one : Rows
        The start of a run; not changed.
    numbers : numpy.ndarray, uint64
        How many runs beyond that of the draws each luck lies.
    """
    lucks = len(numbers)
    states, groups, bodies = one.state.shape[1], one.group.shape[1], one.body.shape[1]
    forms = one.form.shape[1]
    luck = np.arange(lucks)[:, None]
    state = np.arange(states) * lucks + luck
    body = np.arange(bodies) * lucks + luck
    group = _runs_of(one.first_group, lucks)
    member = _runs_of(one.member_start, lucks)
    programme = (np.arange(forms)[:, None] * (states * lucks) + state[:, None, :]).reshape(lucks, forms * states)
    places = {
        "state": state,
        "group": group,
        "body": body,
        "programme": programme,
        "pledge": _runs_of(one.pledge_start, lucks),
        "rating": member,
        "ledger": body,
        "note": _runs_of(one.note_start, lucks),
    }
    # Groups lie state by state, and in each state luck by luck: their kin is listed in the order in which they lie.
    in_order = zip(*np.divmod(np.argsort(group, axis=None), groups), strict=True)
    kin = [group[k, one.kin[one.kin_start[g] : one.kin_start[g + 1]]] for k, g in in_order]
    rows = one._replace(
        **_begun(one, states * lucks, lucks, places),
        **{f"{name}_id": _scattered(getattr(one, f"{name}_id"), places[name]) for name in ("state", "group", "body")},
        **{f"{name}_run": _scattered(numbers[:, None], places[name]) for name in ("state", "group", "body")},
        home=_scattered(state[:, one.home], group),
        first_group=_starts(one.first_group, lucks),
        neighbour_start=_starts(one.neighbour_start, lucks),
        neighbour=_scattered(state[:, one.neighbour], _runs_of(one.neighbour_start, lucks)),
        kin_start=np.concatenate([[0], np.cumsum([len(found) for found in kin])]).astype(np.int64),
        kin=np.concatenate(kin).astype(np.int64),
        member_start=_starts(one.member_start, lucks),
        member=_scattered(state[:, one.member], member),
        member_id=_scattered(one.member_id, member),
        pledge_start=_starts(one.pledge_start, lucks),
        note_start=_starts(one.note_start, lucks),
        provides_start=_starts(one.provides_start, lucks),
        provides=_scattered(one.provides, _runs_of(one.provides_start, lucks)),
    )
    return Abreast(one, rows, lucks, places)
