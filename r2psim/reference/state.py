"""A State in the plain Mesa idiom: variables are attributes, rules are methods.

One file, though long: one class, as one would write it by hand; its rules are its methods.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from r2psim.declarations.channels import CHANNELS
from r2psim.declarations.columns import GROUP_CHANNELS, SIDES
from r2psim.reference.programme import Programme
from r2psim.reference.structure import MINOR_CONFLICT, MONTH, PEACE, RECOVERY, WAR, Structure, clip01
from r2psim.rules.draws import (
    ASSESSMENT,
    CONFLICT_CHANGE,
    EMBARGO_DECISION,
    MANDATE_DECISION,
    MANDATE_EXTENSION,
    REFERRAL_DECISION,
    SPECIAL_SESSION,
    VETO,
    VOTE_ON_EMBARGO,
    VOTE_ON_MANDATE,
    VOTE_ON_REFERRAL,
    WAR_CRIMES,
)

if TYPE_CHECKING:
    from r2psim.reference.group import Group
    from r2psim.reference.model import PlainModel

__all__ = ["State"]

FRESH = 0.5
MEMBERS, NEEDED = 15, 9


@dataclass(slots=True)
class Member:
    """A member of the Security Council, by its number from 1."""

    identity: int


@dataclass(slots=True)
class Spell:
    """Years of killing by one perpetrator: how they count, years since the last, episodes that began."""

    code: int = 0
    quiet: int = 0
    episodes: int = 0


class State(Structure):
    """A State; parameters as in `Structure`."""

    def __init__(self, model: PlainModel, key: str, identity: int, start: dict[str, float]) -> None:
        super().__init__(model, key, identity, start)
        self.programmes: list[Programme] = []
        self.gdp = start["gdp"]
        self.gdp_potential = start["gdp_potential"]
        self.gdp_gap = 0.0
        self.gdp_lost = 0.0
        self.growth = start["growth"]
        self.x = start["x"]
        self.y = start["y"]
        self.stage_months = 0
        self.reach = 0.0
        self.conflict_change = 0.0
        self.draw_conflict = 0.0
        self.escalation_hazard = 0.0
        self.settlement_hazard = 0.0
        self.atrocity_months = 0
        self.deaths = 0
        self.displaced = 0.0
        self._begin_harm()
        self.risk_factors = [0.0] * 14
        self.risk_present = 0.0
        self.risk_score = 0.0
        self.perceived = 0.0
        self.warning = self.warning_peak = self.warnings_true = self.warnings_near = self.warnings_false = 0
        self.onsets_missed = 0
        self.urgency = self.exposure = self.leverage_at_work = 0.0
        self.emphasis = 1.0
        self.willingness = 0.0
        self.coordination = self.coordinated = 0.0
        self.aid_forms = 0.0
        self.assessed = 0.0
        self.best_help = 0.0
        self.prevention_at_work = 0.0
        self.forces_at_work = 0.0
        self.expected_help = 0.0
        self.moral_hazard = 0.0
        self._start_institutions(start)
        self.threatened = self.helped = 0
        self.since_crisis = int(start["since_crisis"])
        self.calls_for_mission = False
        self.manifest_failure = 0
        self.pillar3_called = 0
        self.pillar3_mandated = 0
        self.pillar3_vetoed = 0
        self.pillar3_months = 0
        self.pillar3_uncovered = 0
        self.spells = {side: Spell() for side in SIDES}
        self.hosting_cost = 0.0
        self.reconstruction_cost = 0.0

    def _begin_harm(self) -> None:
        """Begin with nobody harmed."""
        self.displaced_conflict = 0
        self.displaced_women = 0
        self.displaced_children = 0
        self.displaced_in_need = 0.0
        self.displaced_reached = 0.0
        self.protection_needed = 0.0
        self.protection_reached = 0.0
        self.expelled = 0
        self.expulsions = 0
        self.persecuted_months = 0
        self.war_crimes_month = 0
        self.war_crimes = 0

    def _start_institutions(self, start: dict[str, float]) -> None:
        """Note what institutions act here, and what mission stands at the start."""
        self.veto = start["veto"]
        self.council_tie = start["council_tie"]
        self.permanent_member = bool(start["permanent_member"])
        self.mission = start["mission"]
        self.trained = self.monitors_there = self.peacekeepers_there = 0.0
        self.mission_troops = self.mission_police = self.mission_civilians = 0.0
        self.mandate = start["mandate"] > 0.0
        self.mandate_months = int(start["mandate_months"])
        self.mandate_age = 0
        self.vetoed = False
        self.extensions = 0
        self.votes_failed = 0
        self.debated = False
        self.requested = False
        self.embargo = False
        self.jurisdiction = int(start["jurisdiction"])
        self.inquiry = 0.0
        self.inquiries = 0
        self.council = start["council"] > 0.0
        self.council_delay = start["council_delay"]
        self.council_will = start["council_will"]
        self.rights_council = start["rights_council"] > 0.0

    # -- the phases ----------------------------------------------------------------------------------------------------

    def look_around(self) -> None:
        """Read neighbours and kin as last month left them."""
        self.look_at_neighbours()
        self.look_at_groups()

    def move(self) -> None:
        """Draw triggers, move structure, change the conflict state."""
        self.draw_triggers()
        self.move_structure()
        self.change_conflict()
        self.find_reach()

    def find_reach(self) -> None:
        """Find the share of the people who can still be driven from home."""
        most = self.model.parameters.harm_displaced_most * self.population
        self.reach = clip01(1.0 - (self.displaced_inside + self.displaced_abroad) / most)

    def sum_up(self) -> None:
        """Sum up the month, score the risk factors, let them be observed, and weigh what could help."""
        self.count_consequences()
        if self.model.month % 12 == 11:
            self.date_episodes()
        self.score_risk_factors()
        self.be_observed()
        self.be_warned_of()
        p = self.model.parameters
        war = p.assistance_war_urgency if self.conflict == WAR else 0.0
        self.urgency = max(p.assistance_stage_urgency * self.stage, war)
        self.exposure = max(self.displaced_abroad / (self.displaced_abroad + p.assistance_exposure_half), war)
        self.emphasis = self.policy_priority()
        for programme in self.programmes:
            programme.weigh()

    def policy_priority(self) -> float:
        """Give the policy's priority for a state as it stands, as a share of the largest that there could be."""
        prefers = self.model.preference
        if not prefers["selects"]:
            return 1.0
        transitions = ("coup", "irregular_transition", "contested_election")
        kinds = {
            "calm": self.stage <= 1 and self.conflict == PEACE,
            "at_risk": self.perceived >= self.model.parameters.assistance_at_risk,
            "in_transition": max(self.fresh[name] for name in transitions) >= FRESH,
            "post_conflict": self.conflict == RECOVERY,
            "at_war": self.conflict == WAR,
            "government_perpetrator": bool(self.government_perpetrator),
        }
        weight = prefers[f"stage_{int(self.stage)}"]
        for name, is_one in kinds.items():
            weight *= prefers[f"kind_{name}"] if is_one else 1.0
        return clip01(weight / prefers["largest"])

    def receive(self) -> None:
        """Decide mandates, let programmes work, and count what the crisis needs."""
        self.respond()
        self.receive_assistance()
        self.count_need()

    @property
    def known_perpetrator(self) -> int:
        """Perpetrator of an atrocity that is known to go on, 0 where none is; of several the last."""
        return next((group.known_perpetrator for group in reversed(self.groups) if group.began_in_atrocity), 0)

    def settle(self) -> None:
        """Go through a month before the first: what is known is held."""
        self.draw_triggers()
        self.move_motive()
        self.move_arms()
        self.move_commitment()
        self.weigh()
        self.find_reach()

    def stand(self) -> None:
        """Stand, in a month before the first, at the highest stage of the groups."""
        stage = max((group.stage for group in self.groups), default=0)
        self.violations = max((group.violations for group in self.groups), default=0.0)
        least = self.model.parameters.stages_perpetrator_violations
        self.government_perpetrator = any(
            group.perpetrator in (1, 3) and (group.violations > least or group.stage == 4) for group in self.groups
        )
        self.stage_months = self.stage_months + 1 if stage == self.stage else 0
        self.stage = stage
        self.score_risk_factors()

    def forget_draws(self) -> None:
        """Leave nothing of what was drawn before the first month."""
        self.rates = dict.fromkeys(self.rates, 0.0)
        self.struck = dict.fromkeys(self.struck, False)

    def open(self) -> None:
        """Derive what follows from the start, before the first month."""
        self.score_risk_factors()
        self.be_observed()
        self.receive_assistance()

    # -- conflict ------------------------------------------------------------------------------------------------------

    def conflict_hazards(self) -> tuple[float, float]:
        """Monthly hazards of a worse and of a better conflict state."""
        p = self.model.parameters
        exp = self.model.luck.exp
        aid = self.aid
        pressure = self.pressure - p.reference_pressure
        local_resolution = self.inhibitors["local_resolution"] - p.reference_local_resolution
        if self.conflict == PEACE:
            onset = p.conflict_onset_base * exp(
                p.conflict_onset_discontent * (self.discontent - p.reference_discontent)
                + p.conflict_onset_armed_groups * (self.armed_groups - p.reference_armed_groups)
                + p.conflict_onset_pressure * pressure
                + p.conflict_onset_spill_war * self.spill_war
                + p.conflict_onset_spill_refugees * self.spill_refugees
                + p.conflict_onset_capacity * (self.capacity - p.reference_capacity)
                + p.conflict_onset_government_perpetrator * float(self.government_perpetrator)
                + p.conflict_onset_local_resolution * local_resolution
                + p.conflict_onset_inclusion * (self.inclusion - p.reference_inclusion)
                + p.conflict_onset_aid_conflict_onset * aid["conflict_onset"]
                + p.conflict_onset_moral_hazard * self.moral_hazard
            )
            return MONTH * onset, 0.0
        if self.conflict == RECOVERY:
            relapse = p.conflict_relapse_base * exp(
                p.conflict_relapse_discontent * (self.discontent - p.reference_discontent)
                + p.conflict_relapse_armed_groups * (self.armed_groups - p.reference_armed_groups)
                + p.conflict_relapse_pressure * pressure
                + p.conflict_relapse_spill_war * self.spill_war
                + p.conflict_relapse_spill_refugees * self.spill_refugees
                + p.conflict_relapse_capacity * (self.capacity - p.reference_capacity)
                + p.conflict_relapse_government_perpetrator * float(self.government_perpetrator)
                + p.conflict_relapse_local_resolution * local_resolution
                + p.conflict_relapse_transitional_justice
                * (self.inhibitors["transitional_justice"] - p.reference_transitional_justice)
                + p.conflict_relapse_aid_conflict_relapse * aid["conflict_relapse"]
            )
            healing = p.conflict_healing_base * exp(p.conflict_healing_local_resolution * local_resolution)
            return MONTH * relapse, MONTH * healing
        if self.conflict == MINOR_CONFLICT:
            escalation = p.conflict_escalation_base * exp(
                p.conflict_escalation_armed_groups * (self.armed_groups - p.reference_armed_groups)
                + p.conflict_escalation_pressure * pressure
                + p.conflict_escalation_arms * (self.arms - p.reference_arms)
                + p.conflict_escalation_spill_arms * self.spill_arms
                + p.conflict_escalation_aid_conflict_escalation * aid["conflict_escalation"]
            )
            settlement = p.conflict_settlement_base * exp(
                p.conflict_settlement_local_resolution * local_resolution
                + p.conflict_settlement_pressure * pressure
                + p.conflict_settlement_aid_conflict_settlement * aid["conflict_settlement"]
            )
            return MONTH * escalation, MONTH * settlement
        abatement = p.conflict_abatement_base * exp(
            p.conflict_abatement_pressure * pressure
            + p.conflict_abatement_spill_arms * self.spill_arms
            + p.conflict_abatement_aid_conflict_settlement * aid["conflict_settlement"]
        )
        return 0.0, MONTH * abatement

    def change_conflict(self) -> None:
        """Change the conflict state: competing hazards, at most one change a month."""
        p = self.model.parameters
        luck = self.model.luck
        up, down = self.conflict_hazards()
        p_up = p_down = 0.0
        if up + down > 0.0:
            happens = 1.0 - luck.exp(-(up + down))
            p_up = happens * up / (up + down)
            p_down = happens * down / (up + down)
        u = luck.uniform(self, CONFLICT_CHANGE)
        now = after = self.conflict
        chance = 0.0
        if u < p_up:
            at_once = p.conflict_war_at_once if now <= RECOVERY else 1.0
            if u < p_up * at_once:
                after, chance = WAR, p_up * at_once
            else:
                after, chance = MINOR_CONFLICT, p_up * (1.0 - at_once)
        elif u < p_up + p_down:
            ends = p.conflict_war_to_recovery if now == WAR else 1.0
            if u < p_up + p_down * ends:
                after, chance = (PEACE if now == RECOVERY else RECOVERY), p_down * ends
            else:
                after, chance = MINOR_CONFLICT, p_down * (1.0 - ends)
        self.draw_conflict = u
        self.escalation_hazard = up
        self.settlement_hazard = down
        self.conflict_change = chance
        self.conflict_months = self.conflict_months + 1.0 if after == now else 0.0
        self.conflict = after
        self.conflict_level = self.level_of_conflict()

    # -- consequences --------------------------------------------------------------------------------------------------

    def count_consequences(self) -> None:
        """Sum up what the month left: stage, perpetrators, the killed, the displaced, lost GDP."""
        stage = displaced = 0
        affected = across = 0.0
        self.government_perpetrator = False
        self.violations = 0.0
        p = self.model.parameters
        for group in self.groups:
            stage = max(stage, group.stage)
            self.violations = max(self.violations, group.violations)
            kills = group.deaths_month >= p.stages_perpetrator_killed
            if group.perpetrator in (1, 3) and (kills or group.violations > p.stages_perpetrator_violations):
                self.government_perpetrator = True
            self.deaths += group.deaths_month
            displaced += group.displaced_month
            self.expelled += group.expelled_month
            self.persecuted_months += group.persecuted_month
            if group.stage == 4:
                if group.opponents:
                    across += group.share
                else:
                    affected += group.share
                self.atrocity_months += 1
        self.stage_months = self.stage_months + 1 if stage == self.stage else 0
        self.stage = stage
        self.expulsions = sum(group.expulsions for group in self.groups)
        self.count_war_crimes()
        self.count_displaced(displaced)
        self.count_reached()
        self.count_gdp(affected + clip01(across) * (1.0 - affected))

    def count_displaced(self, displaced: float) -> None:
        """Add those that flee from war to those driven from home, and let some return."""
        model = self.model
        p = model.parameters
        most = p.harm_displaced_most * self.population
        room = most - (self.displaced_inside + self.displaced_abroad)
        if self.conflict >= MINOR_CONFLICT:
            rate = p.harm_displaced_war if self.conflict == WAR else p.harm_displaced_minor
            share = model.luck.exp(self.aid["displacement"])
            fled = math.floor(rate * MONTH * self.population * clip01(room / most) * share)
            fled = max(min(fled, math.floor(room) - displaced), 0)
            self.displaced_conflict += fled
            displaced += fled
        self.displaced += displaced
        self.displaced_women = math.floor(p.harm_displaced_women * self.displaced)
        self.displaced_children = math.floor(p.harm_displaced_children * self.displaced)
        speed = 1.0 + p.structure_justice_returns * self.inhibitors["transitional_justice"]
        speed *= model.luck.exp(self.aid["returns"])
        back = 1.0 - model.fading(12.0 * p.harm_return_half_life / speed)
        if self.conflict >= MINOR_CONFLICT or self.stage == 4:
            back *= p.harm_return_in_violence
        abroad = p.harm_displaced_abroad
        inside, outside = self.displaced_inside, self.displaced_abroad
        self.displaced_inside = inside + (1.0 - abroad) * displaced - back * inside
        self.displaced_abroad = outside + abroad * displaced - back * outside
        for group in self.groups:
            group.away = group.away + group.displaced_month - back * group.away

    def count_war_crimes(self) -> None:
        """Count the civilians killed in an armed conflict where no group of the state stands at stage 4."""
        model = self.model
        p, aid = model.parameters, self.aid
        civilians = 0
        if self.conflict >= MINOR_CONFLICT and self.stage < 4:
            rate = p.harm_war_crimes_war if self.conflict == WAR else p.harm_war_crimes_minor
            effect = aid["killing"] + p.harm_protection * aid["protection"]
            effect += p.harm_war_crimes_by_armed_groups * aid["killing_by_armed_groups"]
            rate = min(rate * MONTH * model.luck.exp(effect), p.harm_largest_share * self.population)
            civilians = math.floor(rate + model.luck.uniform(self, WAR_CRIMES))
        self.war_crimes_month = civilians
        self.war_crimes += civilians

    def count_reached(self) -> None:
        """Count the displaced in need of protection, and those whom last month's programmes for them reached."""
        done = (pr.strength * pr.quality for pr in self.programmes if pr.form.person_cost > 0.0)
        need = self.displaced_inside + self.displaced_hosted
        self.displaced_in_need = need
        self.displaced_reached = need * min(max([0.0, *done]), 1.0)
        self.protection_needed += need
        self.protection_reached += self.displaced_reached

    def count_gdp(self, affected: float) -> None:
        """Let conflict and atrocity widen the gap between actual and potential GDP, and recovery close it."""
        p = self.model.parameters
        rate = 0.0
        if self.conflict == WAR:
            rate = p.harm_gdp_war
        elif self.conflict == MINOR_CONFLICT:
            rate = p.harm_gdp_minor
        rate += p.harm_gdp_atrocity * affected
        gap = self.gdp_gap
        gap += rate * MONTH * (1.0 - gap) - self.model.recovered * gap
        if self.struck["economic_shock"]:
            gap += p.harm_gdp_shock * (1.0 - gap)
        gap = min(gap, p.harm_gdp_floor)
        self.gdp_gap = gap
        self.gdp_potential *= 1.0 + self.growth * MONTH
        self.gdp = self.gdp_potential * (1.0 - gap)
        self.gdp_lost += self.gdp_potential * gap * MONTH

    def date_episodes(self) -> None:
        """Date the episodes of each perpetrator at a year's end."""
        p = self.model.parameters
        for side, spell in self.spells.items():
            own = [group for group in self.groups if group.calendar_by_state == (side == "by_state")]
            reached = any(group.calendar_peak >= p.harm_threshold for group in own)
            spell.quiet += 1
            if spell.quiet > p.harm_quiet_years:
                spell.code = 0
            if self.model.month == 11 and any(group.began_in_atrocity for group in own):
                spell.code = 4
            if sum(group.calendar_deaths for group in own) >= p.harm_quiet_deaths:
                spell.code = spell.code or 1
                if spell.code == 2 or (spell.code == 1 and reached):
                    spell.code = 3
                    spell.episodes += 1
                spell.quiet = 0
            elif spell.code == 1 and reached:
                spell.code = 2

    # -- risk ----------------------------------------------------------------------------------------------------------

    def score_risk_factors(self) -> None:
        """Score the fourteen risk factors; the specific ones are the worst of the groups."""
        p = self.model.parameters
        groups = self.groups
        own = [
            max(self.conflict_level, p.risk_factors_transition * self.fresh["irregular_transition"]),
            self.past_violations,
            1.0 - self.capacity,
            self.motive,
            self.means,
            1.0 - self.restraint,
            max([self.incitement, *(group.preparation for group in groups)]),
        ]
        strongest = max(own)
        self.risk_present = strongest if strongest > p.stages_risk_above else 0.0
        worst = [max(factors) for factors in zip(*(group.risk_factors for group in groups), strict=True)]
        self.risk_factors = [*own, self.pressure, *(worst or [0.0] * 6)]

    def be_observed(self) -> None:
        """Add up the risk factors, and let the sum be perceived with an error."""
        p = self.model.parameters
        score = 0.0
        for factor in self.risk_factors[:8]:
            score += (1.0 - p.observation_specific) / 8.0 * factor
        for factor in self.risk_factors[8:]:
            score += p.observation_specific / 6.0 * factor
        self.risk_score = score
        left = 1.0 - p.observation_early_warning * self.inhibitors["early_warning"]
        error = p.observation_noise * p.observation_error * left * self.model.luck.bell(self, ASSESSMENT)
        silenced = (1.0 - p.observation_signal) * (score - p.observation_typical)
        self.perceived = clip01(score - silenced + error)

    def be_warned_of(self) -> None:
        """Count public warnings that came true, false alarms, and onsets that nobody warned of."""
        p = self.model.parameters
        if self.warning:
            self.warning += 1
            self.warning_peak = max(self.warning_peak, self.stage)
            if self.stage == 4:
                self.warnings_true += 1
                self.warning = 0
            elif self.warning > p.observation_warning_time:
                if self.warning_peak >= 3:
                    self.warnings_near += 1
                else:
                    self.warnings_false += 1
                self.warning = 0
        elif self.stage == 4 and self.stage_months == 0:
            self.onsets_missed += 1
        elif self.stage < 3 and self.perceived >= p.observation_warning:
            self.warning = 1
            self.warning_peak = self.stage

    # -- response and assistance ---------------------------------------------------------------------------------------

    def respond(self) -> None:
        """Decide mandates, embargoes, referrals and inquiries, and count what hosting and reconstruction cost."""
        p = self.model.parameters
        crisis = self.stage >= 3 or self.conflict == WAR
        grave = self.stage == 4 or self.violations >= p.response_grave
        recovers = self.conflict == RECOVERY and 0 < self.since_crisis <= p.response_mandate_stay
        self.debated = False
        if self.mandate:
            self.go_on(crisis)
        elif self.council and (crisis or recovers):
            self.debate(begins=crisis and self.since_crisis != 1)
            self.debated = not self.mandate
        else:
            self.mandate_months = 0
            self.vetoed = False
        self.take_measures(crisis, grave)
        self.inquire(grave)
        self.requested = self.mandate or self.willingness >= p.response_request_willingness
        self.hosting_cost += self.displaced_hosted * p.response_hosting_cost * MONTH
        if self.conflict == RECOVERY and self.stage < 4:
            gap = self.gdp_gap * self.gdp_potential
            self.reconstruction_cost += gap * p.response_reconstruction_share * MONTH

    def troubled(self) -> bool:
        """Whether the state is at threat or worse, or in minor conflict: such months do not count as over."""
        return bool(self.stage >= 2 or self.conflict == MINOR_CONFLICT)

    def struck_by(self, purpose: int, mean: float) -> bool:
        """Whether something that takes so many months on average happens this month."""
        luck = self.model.luck
        return bool(luck.uniform(self, purpose) < 1.0 - luck.exp(-(1.0 / max(mean, 1.0))))

    def nine_in_favour(self, purpose: int) -> bool:
        """Whether enough members of the Council vote for action."""
        p = self.model.parameters
        seen = max(self.perceived, self.urgency)
        support = p.response_support_base + p.response_support_severity * seen
        support = clip01(support + p.response_support_will * self.council_will)
        votes = [self.model.luck.uniform(self, purpose, under=Member(k + 1)) for k in range(MEMBERS)]
        return bool(sum(vote < support for vote in votes) >= NEEDED)

    def go_on(self, crisis: bool) -> None:
        """Let a mandate in force go on, be extended at its term, or end."""
        p = self.model.parameters
        self.mandate_age += 1
        if crisis:
            self.mandate_months = 0
        elif not self.mandate_months or not self.troubled():
            self.mandate_months += 1
        over = self.mandate_months >= p.response_mandate_stay and not self.troubled() and not crisis
        withdrawn = False
        if not over and math.floor(self.mandate_age / p.response_mandate_term) * p.response_mandate_term == (
            self.mandate_age
        ):
            leaves = p.response_withdrawal * (1.0 - self.willingness)
            withdrawn = self.model.luck.uniform(self, MANDATE_EXTENSION) < leaves and not crisis
            self.extensions += not withdrawn
        if over or withdrawn:
            self.mandate = False
            self.mandate_age = 0
            self.mandate_months = int(withdrawn)
            self.vetoed = withdrawn

    def debate(self, *, begins: bool) -> None:
        """Let the Council debate a mandate, and vote on it."""
        p = self.model.parameters
        if self.mandate_months == 0 or begins:
            objects = self.veto + p.response_veto_tie * self.council_tie
            self.vetoed = self.model.luck.uniform(self, VETO) < objects
            self.mandate_months = 0
        self.mandate_months += 1
        if self.vetoed or self.mandate_months <= p.response_peaceful_first:
            return
        if self.struck_by(MANDATE_DECISION, p.response_mandate_delay * self.council_delay / p.response_usual_delay):
            if self.nine_in_favour(VOTE_ON_MANDATE):
                self.mandate = True
                self.mandate_months = self.mandate_age = 0
            else:
                self.votes_failed += 1

    def take_measures(self, crisis: bool, grave: bool) -> None:
        """Decide on an arms embargo and on a referral to the Court."""
        p = self.model.parameters
        if self.embargo:
            self.embargo = crisis or self.since_crisis <= p.response_embargo_stay
        if self.council and crisis and not self.vetoed:
            if not self.embargo and self.struck_by(EMBARGO_DECISION, p.response_embargo_delay):
                self.embargo = self.nine_in_favour(VOTE_ON_EMBARGO)
            refers = grave and self.jurisdiction == 0
            if refers and self.struck_by(REFERRAL_DECISION, p.response_referral_delay):
                self.jurisdiction = 2 if self.nine_in_favour(VOTE_ON_REFERRAL) else 0

    def inquire(self, grave: bool) -> None:
        """Let the Human Rights Council meet in special session, and its commission of inquiry work."""
        p = self.model.parameters
        running = self.inquiry > 0.0
        self.inquiry = max(self.inquiry - 1.0, 0.0) if not (running and grave) else p.response_inquiry_months
        if self.rights_council and grave and not running and self.struck_by(SPECIAL_SESSION, p.response_session_delay):
            self.inquiry = p.response_inquiry_months
            self.inquiries += 1

    def receive_assistance(self) -> None:
        """Fund, build up and apply the programmes in the state."""
        p = self.model.parameters
        willing = clip01(p.assistance_openness + (1.0 - p.assistance_openness) * self.commitment)
        self.willingness = willing * (1.0 - p.assistance_perpetrator_refuses * self.government_perpetrator)
        self.coordination, self.coordinated = self.coordinated, 0.0
        self.aid_forms = self.assessed = self.best_help = self.prevention_at_work = self.forces_at_work = 0.0
        self.leverage_at_work = 0.0
        self.trained = self.monitors_there = self.peacekeepers_there = 0.0
        self.mission_troops = self.mission_police = self.mission_civilians = 0.0
        self.aid = aid = dict.fromkeys(CHANNELS, 0.0)
        running = []
        for programme in self.programmes:
            programme.price()
            if programme.offered > 0 or programme.strength > 0.0:
                running.append(programme)
                programme.fund()
        for programme in running:
            programme.work()
            programme.help_state()
        together = p.assistance_effect_scale * p.assistance_joint_protection
        aid["killing"] += together * (self.monitors_there * self.peacekeepers_there)
        for group in self.groups:
            group.aid = {channel: aid[channel] for channel in GROUP_CHANNELS}
        for programme in running:
            programme.help_group()
        self.remember_help()

    def count_need(self) -> None:
        """Count what the crisis takes this month, and what became of its call for Pillar III."""
        if self.stage >= 3 or self.conflict == WAR:
            self.since_crisis = 1
        elif self.since_crisis == 1 or (self.since_crisis and not self.troubled()):
            self.since_crisis += 1
        in_crisis = self.since_crisis == 1
        self.calls_for_mission = in_crisis or 0 < self.since_crisis <= self.model.parameters.response_mandate_stay
        if not in_crisis:
            self.manifest_failure = 0
        elif self.stage == 4:
            if self.manifest_failure == 0:
                self.manifest_failure = 1
                self.pillar3_called += 1
            self.pillar3_months += 1
            sent = [programme.form.mandate and programme.form.response for programme in self.programmes]
            if not any(missions and of.strength > 0.0 for missions, of in zip(sent, self.programmes, strict=True)):
                self.pillar3_uncovered += 1
        if self.manifest_failure == 1 and self.mandate:
            self.pillar3_mandated += 1
            self.manifest_failure = 2
        elif self.manifest_failure == 1 and self.vetoed:
            self.pillar3_vetoed += 1
            self.manifest_failure = 3
        for programme in self.programmes:
            programme.count_need()

    def worst_off(self) -> Group | None:
        """Give the group that a programme of group scope is for: highest stage, then targeting, then exclusion."""
        return max(self.groups, key=lambda g: 10.0 * g.stage + 2.0 * g.targeting + g.exclusion, default=None)

    def remember_help(self) -> None:
        """Let the government answer to help, and armed groups come to expect it; note when help arrived."""
        model = self.model
        p = model.parameters
        scale = p.assistance_effect_scale
        answer = p.principles_mutual_answer * self.best_help
        self.aid["commitment"] += (answer + p.assistance_leverage_commitment * self.leverage_at_work) * scale
        self.expected_help = max(clip01(self.forces_at_work * scale), self.expected_help * model.expectation_left)
        self.moral_hazard = self.expected_help * (1.0 - p.principles_harm_screening)
        if self.stage >= 2 and not self.threatened:
            self.threatened = model.month + 1
        if self.prevention_at_work >= p.assistance_arrived and not self.helped:
            self.helped = model.month + 1
