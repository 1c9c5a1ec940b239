"""Where all that concerns a body lies in rows that hold several runs side by side: what it sees, what it promises.

In whole arrays, for all runs at once: a body that is asked in many runs costs little more than in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.agents.views import Promised, Views
from r2psim.rules.decision import consents, perceive
from r2psim.rules.draws import Draws
from r2psim.scenario.parameters import P
from r2psim.world.codebook import CENTS
from r2psim.world.tables import PR, B, L, R, S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from r2psim.world.build import World
    from r2psim.world.rows import Rows

__all__ = ["Seat"]

_consents: Any = getattr(consents, "py_func", consents)
"""The rule itself, as written: of whole arrays it gives whole arrays."""
ATROCITY = 4.0


class Seat:
    """The seat of a body, in any number of runs side by side (`r2psim.world.rows.side_by_side`).

    Parameters
    ----------
    world : World
        Of one run.
    rows : Rows
        Of all of them; only how they lie is looked at, and rows that lie alike can be used in their place.
    body : int
        Its place in ``world.bodies``.
    """

    def __init__(self, world: World, rows: Rows, body: int) -> None:
        self.world, self.body = world, body
        self.bodies, states = len(world.bodies), len(world.states)
        self.runs = rows.body.shape[1] // self.bodies
        self.all_states = states * self.runs
        slots = world.rows.pledge_start[body : body + 2]
        ratings = world.rows.member_start[body : body + 2]
        provides = world.rows.provides_start[body : body + 2]
        self.slots, self.ratings = slice(*slots.tolist()), slice(*ratings.tolist())
        self.members = world.rows.member[self.ratings]
        self.forms = world.rows.provides[slice(*provides.tolist())]
        self.states_at = np.arange(self.runs)[:, None] * states + self.members
        # A compiled rule takes longer to be called than to do its work: all programmes that it could fund, at once.
        self.at = self.states_at[:, :, None] + self.forms * self.all_states
        self._member_of = np.full(states, -1)
        self._member_of[self.members] = np.arange(len(self.members))
        self._form_of = np.full(len(world.forms), -1)
        self._form_of[self.forms] = np.arange(len(self.forms))
        self._keys = tuple(world.states[s] for s in self.members)
        self._names = tuple(world.names[key] for key in self._keys)
        self._form_keys = tuple(world.forms[f] for f in self.forms)

    def _mine(self, rows: Rows, column: int) -> NDArray[np.float64]:
        """Give a column of the body, shape (runs,); what is written there is written into the rows."""
        return rows.body[column, self.body :: self.bodies]

    def _pledges(self, rows: Rows) -> NDArray[np.float64]:
        """Give its pledges, shape (columns, runs, slots); what is written there is written into the rows."""
        pledges: NDArray[np.float64] = rows.pledge.reshape(len(rows.pledge), self.runs, -1)[:, :, self.slots]
        return pledges

    def room(self, rows: Rows) -> NDArray[np.float64]:
        """Give the whole US cents a month that it can promise: its month's budget and a twelfth of what it has saved.

        Returns
        -------
        numpy.ndarray, shape (runs,)
        """
        tranche = np.floor(self._mine(rows, B.budget) * CENTS / 12.0)
        saved = self._mine(rows, B.balance) - tranche
        return tranche + np.where(saved > 0.0, np.floor(saved / 12.0), 0.0)

    def _places(self, rows: Rows) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Say which slots hold a pledge to what it could fund, shape (runs, slots), and where that lies in `at`."""
        programme = self._pledges(rows)[L.programme].astype(np.int64)
        form, state = np.divmod(programme, self.all_states)
        run, state = np.divmod(state, len(self.world.states))
        member, of_form = self._member_of[state], self._form_of[form]
        used = (programme >= 0) & (member >= 0) & (of_form >= 0)
        places = (run * len(self.members) + member) * len(self.forms) + of_form
        return used, places[used]

    def look(self, rows: Rows, parameters: NDArray[np.float64], luck: Draws, month: int) -> Views:
        """Show the body what it may see.

        Parameters
        ----------
        rows : Rows
            Its ratings are written.
        parameters : numpy.ndarray, shape (runs, parameters) or (1, parameters)
            Those of each run, or of all.
        luck : Draws
            Of the first run.
        month : int
            Number of the month in which it decides.
        """
        for run in range(self.runs):
            perceive(rows, parameters[run % len(parameters)], run * self.bodies + self.body, luck)
        rating = rows.rating.reshape(len(rows.rating), self.runs, -1)[:, :, self.ratings]
        cost, pledged, demanded, agreed = (
            rows.programme[column].take(self.at) for column in (PR.cost, PR.pledged, PR.demand, PR.consent)
        )
        own = np.zeros(self.at.size)
        used, places = self._places(rows)
        own[places] = self._pledges(rows)[L.last_offer][used]
        missing = np.maximum(0.0, cost - pledged + own.reshape(self.at.shape)) / CENTS
        # As `r2psim.rules.decision.may_fund` says.
        regional, leverage = self._mine(rows, B.regional), self._mine(rows, B.leverage)
        stronger = regional[:, None] * np.clip(rows.state[S.aid_regional_mechanisms].take(self.states_at), 0.0, 1.0)
        unmoved = (1.0 - leverage)[:, None] * (1.0 - stronger)
        gate = parameters[:, P.assistance_consent_gate, None, None]
        offered = (cost > 0.0) & (demanded >= 0.0) & _consents(agreed, unmoved[:, :, None], gate)
        return Views(
            month=month,
            body=self.world.bodies[self.body],
            attention=int(rows.body[B.attention, self.body]),
            states=self._keys,
            names=self._names,
            forms=self._form_keys,
            room=self.room(rows) / CENTS,
            perceived_risk=rating[R.seen].copy(),
            error=rating[R.error].copy(),
            conflict=rows.state[S.conflict].take(self.states_at).astype(np.int8),
            in_atrocity=rows.state[S.stage].take(self.states_at) == ATROCITY,
            willing=rows.state[S.willingness].take(self.states_at),
            offered=offered,
            cost=np.where(offered, cost / CENTS, 0.0),
            missing=np.where(offered, missing, 0.0),
        )

    def promise(self, rows: Rows, parameters: NDArray[np.float64], month: int, promised: Promised) -> None:
        """Write the body's pledges anew; a programme that runs goes on without delay.

        Parameters
        ----------
        rows : Rows
            Changed.
        parameters : numpy.ndarray, shape (runs, parameters) or (1, parameters)
            Those of each run, or of all.
        month : int
            Number of the month.
        promised : Promised
            What `checked_many` or `checked` let pass.
        """
        run, member, form, dollars = promised
        pledges = self._pledges(rows)
        count = np.bincount(run, minlength=self.runs)
        slot = np.arange(len(run)) - (np.cumsum(count) - count)[run]
        # A decision that is on its way is not delayed again by being repeated.
        begins = np.full(self.at.size, np.nan)
        used, places = self._places(rows)
        begins[places] = pledges[L.begins][used]
        earlier = begins[(run * len(self.members) + member) * len(self.forms) + form]
        wait = self._mine(rows, B.decision_delay) + (
            parameters[:, P.principles_harm_delay] * parameters[:, P.principles_harm_screening]
        )
        row = self.at[run, member, form]
        fresh = month + np.where(rows.programme[PR.months].take(row) > 0.0, 0.0, wait[run])
        asked = np.zeros((self.runs, int(count.max(initial=0))))
        asked[run, slot] = np.floor(dollars * CENTS + 0.5)
        # Whole cents: sums are exact, and what is left to each is what those before it left.
        before = np.cumsum(asked, axis=1) - asked
        given = np.minimum(asked, np.maximum(self.room(rows)[:, None] - before, 0.0))
        pledges[L.programme] = -1.0
        pledges[L.amount] = 0.0
        pledges[L.programme, run, slot] = row
        pledges[L.state, run, slot] = row % self.all_states
        pledges[L.form, run, slot] = row // self.all_states
        pledges[L.amount, run, slot] = given[run, slot]
        pledges[L.begins, run, slot] = np.where(np.isnan(earlier), fresh, earlier)
        self._mine(rows, B.pledges)[:] = count
        self._mine(rows, B.decisions)[:] += 1.0
