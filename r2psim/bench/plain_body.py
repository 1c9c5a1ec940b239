"""A body that may assist, in the plain Mesa idiom: variables are attributes, rules are methods."""

from __future__ import annotations

import math
from collections.abc import Iterator
from heapq import nlargest
from typing import TYPE_CHECKING

import mesa

from r2psim.bench.plain_programme import Form, Pledge, Programme
from r2psim.bench.plain_structure import WAR, clip01
from r2psim.rules.draws import ASSESSMENT
from r2psim.world.tables import STAGES

if TYPE_CHECKING:
    from r2psim.bench.plain import PlainModel
    from r2psim.bench.plain_state import State

__all__ = ["Body"]


class Body(mesa.Agent):
    """A regional organisation, a UN body or a partner.

    Parameters
    ----------
    model : PlainModel
        The model.
    key : str
        Identifier.
    identity : int
        64-bit identity, which counter-based chance is drawn by.
    start : dict of str to float
        Values at the start, by column of `r2psim.world.tables.BODY`.
    members : list of State
        The states within its reach.
    provides : list of Form
        The forms that it may provide.
    """

    def __init__(
        self,
        model: PlainModel,
        key: str,
        identity: int,
        start: dict[str, float],
        members: list[State],
        provides: list[Form],
    ) -> None:
        super().__init__(model)
        self.key = key
        self.identity = identity
        self.members = members
        self.provides = provides
        self.budget = start["budget"]
        self.decision_delay = start["decision_delay"]
        self.rhythm = start["rhythm"]
        self.leverage = start["leverage"]
        self.noise = start["noise"]
        self.will = start["will"]
        self.carry_over = start["carry_over"]
        self.attention = start["attention"]
        self.court = start["court"] > 0.0
        self.tranche = math.floor(self.budget * 100.0 / 12.0)
        self.balance = 0
        self.received = 0
        self.spent = 0
        self.spent_prevention = 0
        self.spent_response = 0
        self.met = 0
        self.returned = 0
        self.pledged = 0
        self.pledges: list[Pledge] = []
        self.decisions = 0
        self.ledger: dict[int, int] = {}

    def act(self) -> None:
        """Receive the month's money, decide where it is the body's turn, and put up what is promised."""
        self.balance += self.tranche
        self.received += self.tranche
        if self.model.month % max(int(self.rhythm), 1) == 0 and self.balance >= 1:
            self.decide()
        self.offer()

    # -- decision ------------------------------------------------------------------------------------------------------

    def may_fund(self, programme: Programme) -> bool:
        """Whether the form applies in the state now, a court has jurisdiction there, and the government consents."""
        if programme.demand < 0.0 or not self.has_jurisdiction(programme.state):
            return False
        refused = (1.0 - programme.consent) * (1.0 - self.leverage)
        return bool(1.0 - refused >= self.model.parameters.assistance_consent_gate)

    def has_jurisdiction(self, state: State) -> bool:
        """Whether it may act in a state: a court where the State is a member or was referred, others anywhere."""
        return not self.court or state.jurisdiction > 0

    def is_early(self, programme: Programme) -> bool:
        """Whether money for a programme is early: a form of prevention, at stages 0-2 and not in war."""
        state = programme.state
        return state.stage <= 2 and state.conflict != WAR and not programme.form.response

    def perceived_risk(self, state: State) -> float:
        """Risk of a state as the body sees it this month, with an error of its own."""
        gain = self.model.parameters.observation_early_warning
        noise = self.noise * (1.0 - gain * state.inhibitors["early_warning"])
        return clip01(state.perceived + noise * self.model.luck.bell(state, ASSESSMENT, under=self))

    def can_prevent(self) -> bool:
        """Whether it may provide a form of prevention that applies before a crisis and waits for no decision."""
        return any(not form.response and form.first_stage <= 2.0 and form.gate is None for form in self.provides)

    def decide(self) -> None:
        """Take a decision: keep, rank, pledge."""
        p = self.model.parameters
        now = self.model.month
        saved = self.balance - self.tranche
        room = self.tranche + (math.floor(saved / 12.0) if saved > 0 else 0)
        will = 1.0 - p.challenges_will_strength * (1.0 - self.will)
        reserve = p.principles_prevention_reserve if self.can_prevent() else 0.0
        early_most = max(will, reserve) * room
        late_most = (1.0 - reserve) * room
        wait = self.decision_delay + p.principles_harm_delay * p.principles_harm_screening
        # Of its own money of last month, what the body does not promise again: others need not count on it.
        own = {pledge.programme: pledge.last_offer for pledge in self.pledges}
        early, late = self.keep_pledges(own, room, early_most, late_most)
        promised = {pledge.programme: pledge for pledge in self.pledges}
        states = self.ranked_states(will) if room - early - late >= 1 else []
        for forms, stage, share in self.rounds():
            if share is None:
                pots = [math.inf] * 3
                most_early, most_late, most = pots
            elif share * room < 1.0:
                continue
            else:
                pots = [math.floor(share * money) for money in (early_most, late_most, room)]
                got_early, got_late = self.promised_to(forms, stage)
                most_early, most_late, most = pots[0] - got_early, pots[1] - got_late, pots[2] - got_early - got_late
            for state in states:
                if stage is not None and state.stage != stage:
                    continue
                for _ in range(int(p.assistance_forms_at_once)):
                    left = min(room - early - late, most)
                    if left < 1:
                        break
                    left_early = min(early_most - early, left, most_early)
                    left_late = min(late_most - late, left, most_late)
                    pot = pots[0] if state.stage <= 2 and state.conflict != WAR else pots[1]
                    programme, amount = self.best_programme(state, forms, promised, own, left_early, left_late, pot)
                    if programme is None or (programme not in promised and len(self.pledges) >= self.attention):
                        break
                    if programme not in promised:
                        pledge = Pledge(programme, 0, now if programme.months > 0 else now + wait)
                        promised[programme] = pledge
                        self.pledges.append(pledge)
                    promised[programme].amount += amount
                    own[programme] = own.get(programme, 0) - amount
                    if self.is_early(programme):
                        early += amount
                        most_early -= amount
                    else:
                        late += amount
                        most_late -= amount
                    most -= amount
        self.decisions += 1

    def rounds(self) -> Iterator[tuple[list[Form], int | None, float | None]]:
        """Yield what each round is for: its forms, its stage, and the share that is earmarked; the last is for all."""
        prefers = self.model.preference
        if prefers["earmarks"]:
            for form in self.provides:
                yield [form], None, form.share
            for stage in range(len(STAGES)):
                yield self.provides, stage, prefers[f"share_{stage}"]
        yield self.provides, None, None

    def promised_to(self, forms: list[Form], stage: int | None) -> tuple[int, int]:
        """Give what is promised to some forms in states at a stage, or at any, early and late."""
        early = late = 0
        for pledge in self.pledges:
            programme = pledge.programme
            if any(programme.form is form for form in forms) and stage in (None, programme.state.stage):
                if self.is_early(programme):
                    early += pledge.amount
                else:
                    late += pledge.amount
        return early, late

    def keep_pledges(
        self, own: dict[Programme, int], room: float, early_most: float, late_most: float
    ) -> tuple[int, int]:
        """Drop pledges that no longer apply, and those that flexibility frees; give what is kept, early and late."""
        locked = (1.0 - self.model.parameters.principles_flexibility_share) * room
        pledges = []
        kept = early = 0
        for pledge in self.pledges:
            amount = pledge.amount
            counts_early = amount if self.is_early(pledge.programme) else 0
            limit = room if pledge.begins >= self.model.month else locked
            if (
                early + counts_early <= early_most
                and kept - early + amount - counts_early <= late_most
                and kept + amount <= limit
                and self.may_fund(pledge.programme)
            ):
                kept += amount
                early += counts_early
                own[pledge.programme] -= amount
                pledges.append(pledge)
        self.pledges = pledges
        return early, kept - early

    def ranked_states(self, will: float) -> list[State]:
        """Give the states of highest priority: perceived risk, and urgency as far as the body lacks will.

        The policy may lay emphasis on some.
        """

        def priority(state: State) -> float:
            return self.perceived_risk(state) * (will + (1.0 - will) * state.urgency) * state.emphasis

        within = [state for state in self.members if self.has_jurisdiction(state)]
        return nlargest(int(self.model.parameters.assistance_considered), within, key=priority)

    def best_programme(
        self,
        state: State,
        forms: list[Form],
        promised: dict[Programme, Pledge],
        own: dict[Programme, int],
        early: float,
        late: float,
        pot: float,
    ) -> tuple[Programme | None, int]:
        """Give the programme that the body values most in a state and can afford, and the money for it."""
        part = self.model.parameters.assistance_smallest_part
        best = None
        most = money = 0.0
        for form in forms:
            programme = state.programmes[form.place]
            if programme.demand <= most:
                continue
            missing = programme.cost - programme.pledged + own.get(programme, 0)
            amount = min(missing, early if self.is_early(programme) else late)
            smallest = 1.0 if programme in promised else part * min(programme.cost, pot)
            if amount < smallest or amount < 1.0 or not self.may_fund(programme):
                continue
            most = programme.demand
            best = programme
            money = amount
        return best, math.floor(money)

    # -- money ---------------------------------------------------------------------------------------------------------

    def offer(self) -> None:
        """Put up the money of the pledges that are in force, as far as the balance goes."""
        total = 0
        for pledge in self.pledges:
            if pledge.begins <= self.model.month:
                pledge.offer = min(pledge.amount, self.balance - total)
                pledge.programme.offered += pledge.offer
                total += pledge.offer
        self.pledged = total

    def settle(self) -> None:
        """Pay what programmes accepted, and return unspent money at a year's end."""
        spent = on_response = met = 0
        for pledge in self.pledges:
            pledge.last_offer = pledge.offer
            if pledge.offer <= 0:
                continue
            programme = pledge.programme
            paid = math.floor(pledge.offer * programme.accepted)
            pledge.offer = 0
            spent += paid
            if not self.is_early(programme):
                on_response += paid
            self.ledger[programme.form.place] = self.ledger.get(programme.form.place, 0) + paid
            programme.spent[programme.state.stage] += paid
            of_need = math.floor(paid * (programme.needed / (programme.cost or 1)))
            programme.met_at[programme.state.stage] += of_need
            met += of_need
        self.balance -= spent
        self.spent += spent
        self.spent_response += on_response
        self.spent_prevention += spent - on_response
        self.met += met
        if self.model.month % 12 == 11:
            back = self.balance - math.floor(self.balance * self.carry_over)
            self.balance -= back
            self.returned += back
