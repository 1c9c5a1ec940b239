"""A body that may assist, in the plain Mesa idiom: variables are attributes, rules are methods."""

from __future__ import annotations

import math
from collections.abc import Iterator
from heapq import nlargest
from typing import TYPE_CHECKING

import mesa

from r2psim.declarations.columns import STAGES
from r2psim.reference.programme import Form, Pledge, Programme
from r2psim.reference.structure import WAR, clip01
from r2psim.rules.draws import ASSESSMENT

if TYPE_CHECKING:
    from r2psim.reference.model import PlainModel
    from r2psim.reference.state import State

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
        Values at the start, by column of `r2psim.declarations.columns.BODY`.
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
        self.interest = start["interest"]
        self.regional = bool(start["regional"])
        self.responds = bool(start["responds"])
        self.carry_over = start["carry_over"]
        self.attention = start["attention"]
        self.court = start["court"] > 0.0
        self.coordinates = start["coordinates"] > 0.0
        self.coordinating = 0
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
        if self.model.parameters.assistance_standby > 0.0 and self.balance >= 1:
            self.stand_by()
        self.offer()

    # -- decision ------------------------------------------------------------------------------------------------------

    def strengthened(self, state: State) -> float:
        """Give how far investment has strengthened the body in a state: a regional mechanism, and nobody else."""
        return clip01(state.aid["regional_mechanisms"]) if self.regional else 0.0

    def unmoved(self, state: State) -> float:
        """Give the share of a government's refusal that the body's leverage leaves unmoved."""
        return float((1.0 - self.leverage) * (1.0 - self.strengthened(state)))

    def agreed(self, programme: Programme) -> float:
        """Give the consent of a government to a form, as the body's leverage wins it."""
        return 1.0 - (1.0 - programme.consent) * self.unmoved(programme.state)

    def harms(self, programme: Programme) -> bool:
        """Whether a programme does harm, and has for so long that bodies have noticed."""
        p = self.model.parameters
        noticed = p.principles_harm_noticed * (1.0 - p.principles_harm_screening)
        return bool(programme.backfires and programme.months >= noticed)

    def may_fund(self, programme: Programme) -> bool:
        """Whether the form applies, a court has jurisdiction, the government consents, and no harm was noticed."""
        if programme.demand < 0.0 or self.harms(programme) or not self.has_jurisdiction(programme.state):
            return False
        return bool(self.agreed(programme) >= self.model.parameters.assistance_consent_gate)

    def has_jurisdiction(self, state: State) -> bool:
        """Whether it may act in a state: a court where the State is a member or was referred, others anywhere."""
        return not self.court or state.jurisdiction > 0

    def is_early(self, programme: Programme) -> bool:
        """Whether money for a programme is early: a form of prevention, at stages 0-2 and not in war."""
        state = programme.state
        return state.stage <= 2 and state.conflict != WAR and not programme.form.response

    def perceived_risk(self, state: State) -> tuple[float, float]:
        """Risk of a state as the body sees it this month, with an error of its own, and how large the error may be."""
        p = self.model.parameters
        left = 1.0 - p.observation_early_warning * state.inhibitors["early_warning"]
        own = self.noise * p.observation_own * p.observation_error * left * (1.0 - self.strengthened(state))
        public = p.observation_noise * p.observation_error * left
        seen = clip01(state.perceived + own * self.model.luck.bell(state, ASSESSMENT, under=self))
        return seen, math.sqrt(own * own + public * public)

    def expected_harm(self, state: State) -> float:
        """Give the odds of an atrocity as the body believes them, against those of a typical state of its kind."""
        p = self.model.parameters
        luck = self.model.luck

        def log_odds(share: float) -> float:
            return float(luck.log(share / (1.0 - share)))

        seen, error = self.perceived_risk(state)
        signal, spread = p.observation_signal, p.observation_spread * p.observation_spread
        typical = [log_odds(getattr(p, f"observation_onset_{k}")) for k in range(len(STAGES))]
        odds = typical[state.stage]
        if state.stage in (0, 2):
            odds = signal * odds + (1.0 - signal) * typical[1]
        if state.conflict == WAR:
            odds = max(odds, log_odds(p.observation_onset_war))
        calm = state.stage <= 2 and state.conflict != WAR
        doubt = signal * (signal * spread) + error * error
        believed = signal * spread / (doubt or 1.0) * (seen - p.observation_typical)
        further = p.observation_slope * believed if state.stage < 3 else p.observation_crisis * state.exposure
        ahead = luck.exp(odds + further - typical[2 if calm else 3])
        return float(ahead / (ahead + 1.0))

    def can_prevent(self) -> bool:
        """Whether it is one of prevention and may provide what applies before a crisis and waits for no decision."""
        return not self.responds and any(
            not form.response and form.first_stage <= 2.0 and form.gate is None for form in self.provides
        )

    def decide(self) -> None:
        """Take a decision: keep, rank, pledge."""
        p = self.model.parameters
        on_standby = self.on_standby()
        room = max(self.room() - on_standby - self.coordinating, 0)
        will = 1.0 - p.challenges_will_strength * (1.0 - self.will)
        reserve = p.principles_prevention_reserve if self.can_prevent() else 0.0
        early_most = max(will, reserve) * room
        late_most = (1.0 - reserve) * room
        lent = p.principles_prevention_lend * reserve * room
        # Of its own money of last month, what the body does not promise again: others need not count on it.
        own = {pledge.programme: pledge.last_offer for pledge in self.pledges}
        early, late = self.keep_pledges(own, room, early_most, late_most, lent, on_standby)
        promised = {pledge.programme: pledge for pledge in self.pledges}
        states = self.ranked_states(will) if room - early - late >= 1 else []
        for number, (forms, stage, share) in enumerate(self.rounds()):
            if number == self.last_round() + 1:
                unused = reserve * room - early
                if lent < 1.0 or unused < 1.0:
                    continue
                late_most += p.principles_prevention_lend * unused
            if share is not None and share * room < 1.0:
                continue
            pots = [math.inf if share is None else math.floor(share * m) for m in (early_most, late_most, room)]
            got_early, got_late = (0, 0) if share is None else self.promised_to(forms, stage)
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
                    self.pledge_to(programme, promised).amount += amount
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
        yield self.provides, None, None

    def last_round(self) -> int:
        """Give the number of the round for everything; in the one after it what is reserved without use is lent."""
        return len(self.provides) + len(STAGES) if self.model.preference["earmarks"] else 0

    def room(self) -> int:
        """Money that it can promise a month, with what stands by: its month's budget and a twelfth of its savings."""
        saved = self.balance - self.tranche
        return self.tranche + (math.floor(saved / 12.0) if saved > 0 else 0)

    def on_standby(self) -> int:
        """Give what of it stands by, where the body may provide a rapid form."""
        rapid = any(form.rapid for form in self.provides)
        return math.floor(self.model.parameters.assistance_standby * self.room()) if rapid else 0

    def pledge_to(self, programme: Programme, promised: dict[Programme, Pledge]) -> Pledge:
        """Give the body's pledge to a programme, a new one of nothing yet where there is none."""
        if programme not in promised:
            now = self.model.month
            promised[programme] = Pledge(programme, 0, now if programme.months > 0 else now + self.wait(programme))
            self.pledges.append(promised[programme])
        return promised[programme]

    def wait(self, programme: Programme) -> int:
        """Whole months from a decision to the first money: early warning shortens them, screening adds to them."""
        p = self.model.parameters
        state = programme.state
        warned = 1.0 - p.observation_quicker * p.observation_signal * state.inhibitors["early_warning"]
        warned *= 1.0 - self.strengthened(state)
        screened = p.principles_harm_delay * p.principles_harm_screening
        risk = min(programme.form.backlash / p.principles_harm_risk, 1.0)
        months: float = self.decision_delay * warned + screened * risk
        return math.floor(months + 0.5)

    def promised_to(self, forms: list[Form], stage: int | None) -> tuple[int, int]:
        """Give what is promised to some forms in states at a stage, or at any, early and late."""
        early = late = 0
        for pledge in self.pledges:
            programme = pledge.programme
            if (
                not pledge.standby
                and any(programme.form is form for form in forms)
                and stage in (None, programme.state.stage)
            ):
                if self.is_early(programme):
                    early += pledge.amount
                else:
                    late += pledge.amount
        return early, late

    def keep_pledges(
        self,
        own: dict[Programme, int],
        room: float,
        early_most: float,
        late_most: float,
        lent: float,
        pot: int,
    ) -> tuple[int, int]:
        """Drop pledges that no longer apply, and those that flexibility frees; give what is kept, early and late."""
        p = self.model.parameters
        locked = (1.0 - p.principles_flexibility_share) * room
        pledges = []
        kept = early = held = 0
        for pledge in self.pledges:
            amount = pledge.amount
            counts_early = amount if self.is_early(pledge.programme) else 0
            waits = pledge.begins >= self.model.month
            stands = (
                pledge.standby and pledge.programme.state.stage >= p.assistance_standby_stage and held + amount <= pot
            )
            within = (
                early + counts_early <= early_most
                and kept - early + amount - counts_early <= (late_most + lent if waits else late_most)
                and kept + amount <= (room if waits else locked)
            )
            if (within or stands) and self.may_fund(pledge.programme):
                pledge.standby = stands
                if stands:
                    held += amount
                else:
                    kept += amount
                    early += counts_early
                own[pledge.programme] -= amount
                pledges.append(pledge)
        self.pledges = pledges
        return early, kept - early

    def ranked_states(self, will: float) -> list[State]:
        """Give the states of highest priority: harm to be expected, and urgency as far as the body lacks will.

        The policy may lay emphasis on some.
        """

        def priority(state: State) -> float:
            expected = (1.0 - self.interest) * self.expected_harm(state) + self.interest * state.exposure
            return expected * (will + (1.0 - will) * state.urgency) * state.emphasis

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
            lost = self.model.parameters.challenges_perpetrators_strength * state.government_perpetrator
            agreed = self.agreed(programme)
            value = programme.demand * (agreed * (1.0 - lost * (1.0 - form.under_perpetrator)))
            missing = programme.cost - programme.pledged + own.get(programme, 0)
            amount = min(missing, early if self.is_early(programme) else late)
            smallest = 1.0 if programme in promised else part * min(programme.cost, pot)
            if amount < smallest or amount < 1.0 or not self.may_fund(programme) or value <= most:
                continue
            most = value
            best = programme
            money = amount
        return best, math.floor(money)

    def stand_by(self) -> None:
        """Let money on standby move at once where a state comes to imminent risk or worse, for rapid forms."""
        p = self.model.parameters
        pot = self.on_standby()
        if pot < 1:
            return
        held = None
        for state in self.members:
            if state.stage < p.assistance_standby_stage:
                continue
            for form in self.provides:
                programme = state.programmes[form.place]
                if not form.rapid or not self.may_fund(programme):
                    continue
                pledge = next((one for one in self.pledges if one.programme is programme), None)
                if pledge is not None:
                    pledge.begins = min(pledge.begins, self.model.month)
                    continue
                if held is None:
                    held = sum(one.amount for one in self.pledges if one.standby)
                amount = math.floor(min(programme.cost - programme.pledged, pot - held))
                smallest = p.assistance_smallest_part * min(programme.cost, pot)
                if amount >= max(1, smallest) and len(self.pledges) < self.attention:
                    self.pledges.append(Pledge(programme, amount, self.model.month, standby=True))
                    held += amount

    # -- money ---------------------------------------------------------------------------------------------------------

    def offer(self) -> None:
        """Put up the money of the pledges that are in force, as far as the balance goes."""
        total = 0
        for pledge in self.pledges:
            if pledge.begins <= self.model.month:
                pledge.offer = min(pledge.amount, self.balance - total)
                pledge.programme.offered += pledge.offer
                pledge.programme.levered += math.floor(pledge.offer * (1.0 - self.unmoved(pledge.programme.state)))
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
        if self.coordinates:
            paid, late = self.coordinate(self.balance - spent)
            spent += paid
            on_response += late
        self.balance -= spent
        self.spent += spent
        self.spent_response += on_response
        self.spent_prevention += spent - on_response
        self.met += met
        if self.model.month % 12 == 11:
            back = self.balance - math.floor(self.balance * self.carry_over)
            self.balance -= back
            self.returned += back

    def coordinate(self, left: int) -> tuple[int, int]:
        """Coordinate what is paid for in its members, from the next month on; give what it paid, and of that late."""
        p = self.model.parameters
        level = p.challenges_complexity_coordination
        rate = p.challenges_complexity_coordination_cost * level
        programmes = [one for state in self.members for one in state.programmes if one.pledged > 0]
        dues = [math.floor(rate * min(one.pledged, one.cost)) for one in programmes]
        self.coordinating = sum(dues)
        part = 1.0 if self.coordinating <= left else left / self.coordinating
        paid = late = 0
        for programme, due in zip(programmes, dues, strict=True):
            amount = min(math.floor(part * due), left - paid)
            paid += amount
            state = programme.state
            if not self.is_early(programme):
                late += amount
            self.ledger[programme.form.place] = self.ledger.get(programme.form.place, 0) + amount
            programme.spent[state.stage] += amount
            state.coordinated = max(state.coordinated, part * level)
        return paid, late
