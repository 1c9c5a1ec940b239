"""Where all that concerns a body lies in rows that hold several runs side by side: what it sees, what it promises.

In whole arrays, for all runs at once: a body that is asked in many runs costs little more than in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from r2psim.agents.array_draws import bells
from r2psim.agents.views import Promised, Views
from r2psim.declarations.columns import PR, B, L, R, S
from r2psim.rules.decision import consents, perceive
from r2psim.rules.draws import ASSESSMENT, Draws
from r2psim.scenario.parameters import P
from r2psim.world.codebook import CENTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from r2psim.world.build import World
    from r2psim.world.rows import Rows

__all__ = ["Offers", "Seat", "offers_of"]

Floats: TypeAlias = "NDArray[np.float64]"
Places: TypeAlias = "tuple[NDArray[np.int64], NDArray[np.int64]]"

_consents: Any = getattr(consents, "py_func", consents)
"""The rule itself, as written: of whole arrays it gives whole arrays."""
ATROCITY = 4.0


class Offers(NamedTuple):
    """What there is to fund this month, whoever asks, by programme.

    Attributes
    ----------
    applies : numpy.ndarray of bool
        Whether the form applies in the state now.
    consent : numpy.ndarray
        The government's consent.
    cost, missing : numpy.ndarray
        US$ a month for the full effect, and what of it nobody put up last month; 0 where it does not apply.
    """

    applies: NDArray[np.bool_]
    consent: Floats
    cost: Floats
    missing: Floats


def offers_of(rows: Rows) -> Offers:
    """Give what there is to fund."""
    cost, pledged, demanded, agreed = (
        rows.programme[column] for column in (PR.cost, PR.pledged, PR.demand, PR.consent)
    )
    applies = (cost > 0.0) & (demanded >= 0.0)
    missing = np.maximum(0.0, cost - pledged) / CENTS
    return Offers(applies, agreed, np.where(applies, cost / CENTS, 0.0), np.where(applies, missing, 0.0))


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
        self._identities = world.rows.member_id[self.ratings]
        self._keys = tuple(world.states[s] for s in self.members)
        self._names = tuple(world.names[key] for key in self._keys)
        self._form_keys = tuple(world.forms[f] for f in self.forms)

    def _mine(self, rows: Rows, column: int) -> Floats:
        """Give a column of the body, shape (runs,); what is written there is written into the rows."""
        return rows.body[column, self.body :: self.bodies]

    def _pledges(self, rows: Rows) -> Floats:
        """Give its pledges, shape (columns, runs, slots); what is written there is written into the rows."""
        pledges: Floats = rows.pledge.reshape(len(rows.pledge), self.runs, -1)[:, :, self.slots]
        return pledges

    def room(self, rows: Rows) -> Floats:
        """Give the whole US cents a month that it can promise: its month's budget and a twelfth of what it has saved.

        Returns
        -------
        numpy.ndarray, shape (runs,)
        """
        tranche = np.floor(self._mine(rows, B.budget) * CENTS / 12.0)
        saved = self._mine(rows, B.balance) - tranche
        return tranche + np.where(saved > 0.0, np.floor(saved / 12.0), 0.0)

    def _places(self, rows: Rows) -> tuple[Places, NDArray[np.int64]]:
        """Say which slots hold a pledge to what it could fund, and where that lies in the flat `at`.

        Returns
        -------
        tuple of numpy.ndarray
            Runs and slots.
        numpy.ndarray
            Places, as many.
        """
        # Those in use come first, and most are not.
        most = int(self._mine(rows, B.pledges).max())
        programme = self._pledges(rows)[L.programme, :, :most]
        run, slot = np.nonzero(programme >= 0.0)
        form, state = np.divmod(programme[run, slot].astype(np.int64), self.all_states)
        member, of_form = self._member_of[state % len(self.world.states)], self._form_of[form]
        known = (member >= 0) & (of_form >= 0)
        if not known.all():
            run, slot, member, of_form = run[known], slot[known], member[known], of_form[known]
        return (run, slot), (run * len(self.members) + member) * len(self.forms) + of_form

    def _seen(self, rows: Rows, parameters: Floats, luck: Draws) -> tuple[Floats, Floats]:
        """Give the risk of its members as it sees them, and how large its error may be: `perceive`, in all runs."""
        if self.runs == 1:
            perceive(rows, parameters[0], self.body, luck)
            rating = rows.rating[:, self.ratings]
            return rating[None, R.seen].copy(), rating[None, R.error].copy()
        early, regional = (
            rows.state[column].take(self.states_at) for column in (S.early_warning, S.aid_regional_mechanisms)
        )
        stronger = self._mine(rows, B.regional)[:, None] * np.clip(regional, 0.0, 1.0)
        noise, own_part, part, gain = (
            parameters[:, place, None]
            for place in (
                P.observation_noise, P.observation_own, P.observation_error, P.observation_early_warning
            )
        )  # fmt: skip
        left = 1.0 - gain * early
        own = self._mine(rows, B.noise)[:, None] * own_part * part * left * (1.0 - stronger)
        public = noise * part * left
        runs = luck.run + np.arange(self.runs, dtype=np.uint64)
        drawn = bells(luck, rows.body_id[self.body], runs, self._identities, ASSESSMENT)
        seen = np.clip(rows.state[S.perceived].take(self.states_at) + own * drawn, 0.0, 1.0)
        return seen, np.sqrt(own * own + public * public)

    def look(self, rows: Rows, parameters: Floats, luck: Draws, month: int, offers: Offers | None = None) -> Views:
        """Show the body what it may see.

        Parameters
        ----------
        rows : Rows
            Where there is one run, its ratings are written.
        parameters : numpy.ndarray, shape (runs, parameters) or (1, parameters)
            Those of each run, or of all.
        luck : Draws
            Of the first run.
        month : int
            Number of the month in which it decides.
        offers : Offers, optional
            What `offers_of` gives of the rows, if it is at hand already.
        """
        offers = offers or offers_of(rows)
        seen, error = self._seen(rows, parameters, luck)
        # A compiled rule takes longer to be called than to do its work: all programmes that it could fund, at once.
        offered, agreed, cost, missing = (column.take(self.at) for column in offers)
        used, places = self._places(rows)
        funded = self.at.ravel()[places]
        paid_for = self._pledges(rows)[L.last_offer][used]
        missing.ravel()[places] = (
            np.maximum(0.0, rows.programme[PR.cost].take(funded) - rows.programme[PR.pledged].take(funded) + paid_for)
            / CENTS
            * offers.applies.take(funded)
        )
        # As `r2psim.rules.decision.may_fund` says.
        regional, leverage = self._mine(rows, B.regional), self._mine(rows, B.leverage)
        stronger = regional[:, None] * np.clip(rows.state[S.aid_regional_mechanisms].take(self.states_at), 0.0, 1.0)
        unmoved = (1.0 - leverage)[:, None] * (1.0 - stronger)
        gate = parameters[:, P.assistance_consent_gate, None, None]
        offered &= _consents(agreed, unmoved[:, :, None], gate)
        refused = ~offered
        cost[refused] = 0.0
        missing[refused] = 0.0
        return Views(
            month=month,
            body=self.world.bodies[self.body],
            attention=int(rows.body[B.attention, self.body]),
            states=self._keys,
            names=self._names,
            forms=self._form_keys,
            room=self.room(rows) / CENTS,
            perceived_risk=seen,
            error=error,
            conflict=rows.state[S.conflict].take(self.states_at).astype(np.int8),
            in_atrocity=rows.state[S.stage].take(self.states_at) == ATROCITY,
            willing=rows.state[S.willingness].take(self.states_at),
            offered=offered,
            cost=cost,
            missing=missing,
        )

    def promise(self, rows: Rows, parameters: Floats, month: int, promised: Promised) -> None:
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
        pledges[L.note, run, slot] = member * len(self.forms) + form
        pledges[L.amount, run, slot] = given[run, slot]
        pledges[L.begins, run, slot] = np.where(np.isnan(earlier), fresh, earlier)
        self._mine(rows, B.pledges)[:] = count
        self._mine(rows, B.decisions)[:] += 1.0
