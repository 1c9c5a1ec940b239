"""A population group in the plain Mesa idiom: variables are attributes, rules are methods.

One file, though long: one class, as one would write it by hand; its rules are its methods.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import mesa

from r2psim.declarations.columns import GROUP_CHANNELS
from r2psim.reference.structure import approach, clip01
from r2psim.rules.draws import (
    CAMPAIGN_AGE,
    CAMPAIGN_KIND,
    EPISODE_INTENSITY,
    MONTHLY_INTENSITY,
    PERPETRATOR_KIND,
    STAGE_CHANGE,
)

if TYPE_CHECKING:
    from r2psim.reference.model import PlainModel
    from r2psim.reference.state import State

__all__ = ["Group"]

STABLE, AT_RISK, UNDER_THREAT, IMMINENT, ATROCITY = range(5)
NOBODY, BY_STATE, BY_ARMED_GROUPS, BY_BOTH = range(4)
NO_CAMPAIGN, KILLING, EXPULSION = range(3)


class Group(mesa.Agent):
    """A population group in its state.

    Parameters
    ----------
    model : PlainModel
        The model.
    key : str
        Identifier.
    identity : int
        64-bit identity, which counter-based chance is drawn by.
    state : State
        Where the group lives.
    start : dict of str to float
        Values at the start, by column of `r2psim.declarations.columns.GROUP`.
    """

    def __init__(self, model: PlainModel, key: str, identity: int, state: State, start: dict[str, float]) -> None:
        super().__init__(model)
        self.key = key
        self.identity = identity
        self.state = state
        self.kin: list[Group] = []
        self.opponents = start["opponents"] > 0.0
        self.by_regime = start["by_regime"] > 0.0
        self.share = start["share"]
        self.exclusion = start["exclusion"]
        self.exclusion_home = start["exclusion_home"]
        self.grievance = start["grievance"]
        self.targeting = start["targeting"]
        self.preparation = start["preparation"]
        self.violations = start["violations"]
        self.protection = start["protection"]
        self.stage = int(start["stage"])
        self.stage_before = int(start["stage_before"])
        self.stage_months = 0
        self.perpetrator = int(start["perpetrator"])
        self.persons = start["persons"]
        self.kin_pressure = 0.0
        self.risk = 0.0
        self.marked = 0.0
        self.drive_by_state = 0.0
        self.drive_by_armed_groups = 0.0
        self.hazard_up = 0.0
        self.hazard_down = 0.0
        self.draw_stage = 0.0
        self.stage_change = 0.0
        self.intensity = 0.0
        self.campaign = NO_CAMPAIGN
        self.campaign_months = 0
        self.lull = 0
        self.aid = dict.fromkeys(GROUP_CHANNELS, 0.0)
        self._begin_harm()

    def _begin_harm(self) -> None:
        """Begin with nobody harmed."""
        self.deaths_month = 0
        self.displaced_month = 0
        self.expelled_month = 0
        self.persecuted_month = 0
        self.away = 0.0
        self.deaths_year = 0
        self.deaths_by_month = [0] * 12
        self.deaths = 0
        self.displaced = 0
        self.expelled = 0
        self.expulsions = 0
        self.persecuted_months = 0
        self.atrocity_entries = 0
        self.sudden_entries = 0
        self.imminent_entries = 0
        self.imminent_escalated = 0
        self.imminent_averted = 0
        self.imminent_from_below = False
        self.crossings = 0
        self.crossed = False
        self.calendar_deaths = 0
        self.calendar_peak = 0
        self.calendar_by_state = False
        self.began_in_atrocity = self.stage == ATROCITY
        self.known_perpetrator = self.perpetrator if self.began_in_atrocity else NOBODY
        self.risk_factors = [0.0] * 6

    def begin(self) -> None:
        """Begin, as a political opponent, as excluded as the regime has it."""
        self.follow_regime()
        if self.by_regime:
            self.exclusion = self.exclusion_home

    def settle(self) -> None:
        """Go through a month before the first: what is known is held, nobody is killed."""
        self.follow_regime()
        self.move_tension()
        self.change_stage()
        self.exclusion = self.exclusion_home
        if self.began_in_atrocity:
            self.stage = ATROCITY
            self.stage_months = self.model.settled + 1
            self.perpetrator = self.known_perpetrator
        elif self.stage == ATROCITY and self.state.known_perpetrator:
            self.perpetrator = self.state.known_perpetrator
        elif self.stage == ATROCITY:
            self.stage = UNDER_THREAT
            self.stage_months = 0
            self.perpetrator = NOBODY
            self.preparation = 0.0
        self.score_risk_factors()

    def forget_draws(self) -> None:
        """Leave nothing of what was drawn before the first month."""
        self.stage_before = self.stage
        self.began_in_atrocity = self.stage == ATROCITY
        self.known_perpetrator = self.perpetrator if self.began_in_atrocity else NOBODY
        self.hazard_up = self.hazard_down = self.draw_stage = self.stage_change = 0.0
        self.sudden_entries = self.imminent_entries = self.imminent_escalated = self.imminent_averted = 0
        self.imminent_from_below = False

    def move(self) -> None:
        """Move tension, change the stage, count harm, score the specific risk factors."""
        self.follow_regime()
        self.move_tension()
        self.change_stage()
        self.count_harm()
        self.note_year()
        self.score_risk_factors()

    # -- tension -------------------------------------------------------------------------------------------------------

    def follow_regime(self) -> None:
        """Let the exclusion to which political opponents return follow the openness of the regime."""
        if self.by_regime:
            p = self.model.parameters
            in_closed, in_open = p.opponents_exclusion_closed, p.opponents_exclusion_open
            self.exclusion_home = in_open + (in_closed - in_open) * (1.0 - self.state.regime)

    def move_tension(self) -> None:
        """Move exclusion, grievance, targeting, preparation and protection by a month."""
        p = self.model.parameters
        state, aid = self.state, self.aid
        pressure = state.pressure

        kept_out = self.exclusion_home * (
            1.0 - p.tension_exclusion_inclusion * (state.inclusion - state.inclusion_home)
        )
        exclusion = approach(self.exclusion, clip01(kept_out + aid["exclusion"]), p.tension_exclusion_return)
        if state.struck["irregular_transition"] and exclusion > p.tension_excluded_above:
            exclusion += p.tension_exclusion_upheaval * (1.0 - exclusion)
        self.exclusion = exclusion

        level = p.tension_grievance_exclusion * exclusion
        level += p.tension_grievance_inequality * state.horizontal_inequality
        level += p.tension_grievance_inclusion * (p.reference_inclusion - state.inclusion) * exclusion
        level += p.tension_grievance_pressure * pressure * exclusion
        level += p.tension_grievance_incitement * state.agitation * exclusion
        level += p.tension_grievance_past * state.unaddressed * exclusion
        level += p.tension_grievance_kin * self.kin_pressure + aid["grievance"]
        self.grievance = approach(self.grievance, clip01(level), p.tension_grievance_rate)

        turmoil = max(state.fresh["coup"], state.fresh["irregular_transition"])
        least = p.tension_targeting_included
        least += (1.0 - least) * p.tension_targeting_turmoil * turmoil
        by_arms = p.tension_targeting_included_armed
        self.drive_by_state = state.drive_state * (least + (1.0 - least) * exclusion)
        self.drive_by_armed_groups = state.drive_non_state * (by_arms + (1.0 - by_arms) * exclusion)
        drive = max(self.drive_by_state, self.drive_by_armed_groups)
        share = p.tension_targeting_crisis
        crisis = 1.0 - share + share * max(pressure, state.conflict_level)
        level = clip01(p.tension_targeting_gain * drive * crisis * self.model.luck.exp(aid["targeting"]))
        rate = p.tension_targeting_rise if level > self.targeting else p.tension_targeting_fall
        self.targeting = approach(self.targeting, level, rate)

        scale = p.tension_violations_threat if self.stage >= UNDER_THREAT else 0.0
        if self.stage >= IMMINENT:
            scale = p.tension_violations_imminent
        level = clip01(scale * self.targeting * crisis)
        self.violations = approach(self.violations, level, p.tension_violations_rate)

        level = self.targeting if self.stage >= UNDER_THREAT else 0.0
        self.preparation = approach(self.preparation, level, p.tension_preparation_rate)
        level = clip01(p.tension_protection_restraint * state.restraint + aid["protection"])
        self.protection = approach(self.protection, level, p.tension_protection_rate)

    # -- stages --------------------------------------------------------------------------------------------------------

    def hazards(self) -> tuple[float, float]:
        """Monthly hazards of the next higher stage and of any lower stage."""
        if self.stage == STABLE:
            return self.to_risk(), 0.0
        if self.stage == AT_RISK:
            return self.to_threat(), self.from_risk()
        if self.stage == UNDER_THREAT:
            return self.to_imminent(), self.from_threat()
        if self.stage == IMMINENT:
            return self.to_atrocity(), self.from_imminent()
        return 0.0, self.from_atrocity()

    def to_risk(self) -> float:
        """Hazard of stage 1, which needs a risk factor."""
        p = self.model.parameters
        if self.risk <= 0.0:
            return 0.0
        hazard: float = p.stages_to_risk_base * self.model.luck.exp(p.stages_to_risk_risk * self.risk)
        return hazard

    def to_threat(self) -> float:
        """Hazard of stage 2, proportional to the pressure of active triggers."""
        p = self.model.parameters
        state = self.state
        if state.pressure <= 0.0:
            return 0.0
        hazard = p.stages_to_threat_base * self.model.luck.exp(
            p.stages_to_threat_grievance * (self.grievance - p.reference_grievance)
            + p.stages_to_threat_exclusion * (self.exclusion - p.reference_exclusion)
            + p.stages_to_threat_at_conflict * state.conflict_level
            + p.stages_to_threat_at_restraint * (state.restraint - p.reference_at_restraint)
            + p.stages_to_threat_aid_to_threat * self.aid["to_threat"]
        )
        proportional: float = state.pressure / p.reference_at_pressure * hazard
        return proportional

    def to_imminent(self) -> float:
        """Hazard of stage 3, proportional to how far the group is targeted or excluded."""
        p = self.model.parameters
        state = self.state
        hazard: float = p.stages_to_imminent_base * self.model.luck.exp(
            p.stages_to_imminent_targeting * self.targeting
            + p.stages_to_imminent_exclusion * (self.exclusion - p.reference_exclusion)
            + p.stages_to_imminent_preparation * self.preparation
            + p.stages_to_imminent_at_incitement * state.agitation
            + p.stages_to_imminent_at_pressure * (state.pressure - p.reference_at_pressure)
            + p.stages_to_imminent_at_conflict * state.conflict_level
            + p.stages_to_imminent_at_restraint * (state.restraint - p.reference_at_restraint)
            + p.stages_to_imminent_protection * self.protection
            + p.stages_to_imminent_aid_to_imminent * self.aid["to_imminent"]
        )
        proportional: float = self.marked / p.reference_marked * hazard
        return proportional

    def to_atrocity(self) -> float:
        """Hazard of stage 4."""
        p = self.model.parameters
        state = self.state
        hazard: float = p.stages_to_atrocity_base * self.model.luck.exp(
            p.stages_to_atrocity_targeting * self.targeting
            + p.stages_to_atrocity_preparation * self.preparation
            + p.stages_to_atrocity_violations * (self.violations - p.reference_violations)
            + p.stages_to_atrocity_at_means * (state.means - p.reference_at_means)
            + p.stages_to_atrocity_at_pressure * (state.pressure - p.reference_at_pressure)
            + p.stages_to_atrocity_at_conflict * state.conflict_level
            + p.stages_to_atrocity_at_past * state.unaddressed
            + p.stages_to_atrocity_at_restraint * (state.restraint - p.reference_at_restraint)
            + p.stages_to_atrocity_protection * self.protection
            + p.stages_to_atrocity_aid_to_atrocity * self.aid["to_atrocity"]
            + p.stages_to_atrocity_aid_commission * self.aid["commission"]
        )
        return hazard

    def from_risk(self) -> float:
        """Hazard of leaving stage 1 downwards."""
        p = self.model.parameters
        hazard: float = p.stages_from_risk_base * self.model.luck.exp(p.stages_from_risk_risk * self.risk)
        return hazard

    def from_threat(self) -> float:
        """Hazard of leaving stage 2 downwards."""
        p = self.model.parameters
        state = self.state
        hazard: float = p.stages_from_threat_base * self.model.luck.exp(
            p.stages_from_threat_at_pressure * (state.pressure - p.reference_at_pressure)
            + p.stages_from_threat_at_conflict * state.conflict_level
            + p.stages_from_threat_at_restraint * (state.restraint - p.reference_at_restraint)
            + p.stages_from_threat_aid_from_threat * self.aid["from_threat"]
        )
        return hazard

    def from_imminent(self) -> float:
        """Hazard of leaving stage 3 downwards."""
        p = self.model.parameters
        state = self.state
        hazard: float = p.stages_from_imminent_base * self.model.luck.exp(
            p.stages_from_imminent_at_pressure * (state.pressure - p.reference_at_pressure)
            + p.stages_from_imminent_at_conflict * state.conflict_level
            + p.stages_from_imminent_at_restraint * (state.restraint - p.reference_at_restraint)
            + p.stages_from_imminent_targeting * self.targeting
            + p.stages_from_imminent_aid_from_imminent * self.aid["from_imminent"]
        )
        return hazard

    def from_atrocity(self) -> float:
        """Hazard that the atrocity ends."""
        p = self.model.parameters
        state = self.state
        hazard: float = p.stages_from_atrocity_base * self.model.luck.exp(
            p.stages_from_atrocity_at_pressure * (state.pressure - p.reference_at_pressure)
            + p.stages_from_atrocity_at_conflict * state.conflict_level
            + p.stages_from_atrocity_at_restraint * (state.restraint - p.reference_at_restraint)
            + p.stages_from_atrocity_targeting * self.targeting
            + p.stages_from_atrocity_aid_from_atrocity * self.aid["from_atrocity"]
        )
        return hazard

    def next_stage(self, up: float, down: float, u: float) -> tuple[int, float]:
        """Decide the stage after a month, and give it with the probability of that change (0 if nothing changed)."""
        p = self.model.parameters
        total = up + down
        if total <= 0.0:
            return self.stage, 0.0
        happens = 1.0 - self.model.luck.exp(-total)
        p_up = happens * up / total
        p_down = happens * down / total
        sudden = p.stages_sudden if self.stage == UNDER_THREAT else 0.0
        three = p.stages_three_steps if self.stage == ATROCITY else 0.0
        two = p.stages_two_steps if self.stage >= UNDER_THREAT else 0.0
        if two + three > 1.0:
            two = 1.0 - three
        ways = (
            (p_up * sudden, 2, p_up * sudden),
            (p_up, 1, p_up * (1.0 - sudden)),
            (p_up + p_down * three, -3, p_down * three),
            (p_up + p_down * (three + two), -2, p_down * two),
            (p_up + p_down, -1, p_down * (1.0 - two - three)),
        )
        for end, steps, chance in ways:
            if u < end:
                return self.stage + steps, chance
        return self.stage, 0.0

    def change_stage(self) -> None:
        """Change the stage, at most once a month, and name the perpetrator."""
        p = self.model.parameters
        luck = self.model.luck
        state = self.state
        own = max(self.exclusion, self.grievance)
        self.risk = max(own if own > p.stages_risk_above else 0.0, state.risk_present)
        self.marked = self.targeting + (1.0 - self.targeting) * p.stages_marked_exclusion * self.exclusion
        up, down = self.hazards()
        u = luck.uniform(self, STAGE_CHANGE)
        before = self.stage
        after, self.stage_change = self.next_stage(up, down, u)
        self.hazard_up = up
        self.hazard_down = down
        self.draw_stage = u
        self.stage_before = before
        self.stage = after
        self.stage_months = self.stage_months + 1 if after == before else 0
        self.count_stays(before, after)
        if after < IMMINENT:
            self.perpetrator = NOBODY
        elif before < IMMINENT or self.perpetrator == NOBODY:
            self.perpetrator = self.choose_perpetrator(luck.uniform(self, PERPETRATOR_KIND))

    def count_stays(self, before: int, after: int) -> None:
        """Count stays at imminent risk that begin from below, how they end, and atrocities without one."""
        if before < IMMINENT and after == ATROCITY:
            self.sudden_entries += 1
        if before < IMMINENT and after == IMMINENT:
            self.imminent_entries += 1
            self.imminent_from_below = True
        elif self.imminent_from_below and after != IMMINENT:
            self.imminent_from_below = False
            if after == ATROCITY:
                self.imminent_escalated += 1
            else:
                self.imminent_averted += 1

    def choose_perpetrator(self, u: float) -> int:
        """Choose the kind of perpetrator from the two drives against the group."""
        p = self.model.parameters
        non_state = self.drive_by_armed_groups
        government = p.stages_perpetrator_state * (self.drive_by_state + 1e-6)
        if u * (government + non_state) < government or non_state <= 0.0:
            return BY_BOTH if non_state > p.stages_perpetrator_both else BY_STATE
        return BY_ARMED_GROUPS

    # -- harm ----------------------------------------------------------------------------------------------------------

    def count_harm(self) -> None:
        """Count the killed, the expelled, the displaced and the persecuted of the month, in whole persons."""
        p = self.model.parameters
        deaths = displaced = expelled = 0
        self.follow_campaign()
        if self.stage >= IMMINENT:
            if self.stage == ATROCITY:
                self.enter_atrocity()
            strength = self.wave()
            rate = self.rate_in_atrocity(strength) if self.stage == ATROCITY else self.rate_before_atrocity()
            persons = self.persons
            deaths = math.floor(min(rate, persons * p.harm_largest_share))
            at_home = max(persons - deaths - self.away, 0.0)
            room = min(self.room_for_displaced(), at_home)
            expelled = math.floor(min(self.rate_of_expulsion(strength) * at_home, room))
            fled = deaths * p.harm_displaced_per_death * self.model.luck.exp(self.aid["displacement"])
            fled = min(fled, persons * p.harm_displaced_largest_share) * self.state.reach
            displaced = expelled + math.floor(min(fled, room - expelled))
            self.persons = persons - deaths
        grave = self.violations if self.violations > p.harm_grave_violations else 0.0
        self.persecuted_month = math.floor(self.persons * grave)
        self.persecuted_months += self.persecuted_month
        self.deaths_month = deaths
        self.displaced_month = displaced
        self.expelled_month = expelled
        self.deaths += deaths
        self.displaced += displaced
        self.expelled += expelled
        slot = self.model.month % 12
        self.deaths_year += deaths - self.deaths_by_month[slot]
        self.deaths_by_month[slot] = deaths
        reached = self.deaths_year >= p.harm_threshold
        if self.crossed:
            self.crossed = self.stage == ATROCITY or reached
        elif self.stage == ATROCITY and reached:
            self.crossed = True
            self.crossings += 1

    def note_year(self) -> None:
        """Note of the calendar year what dates an episode of the state."""
        if self.model.month % 12 == 0:
            self.calendar_deaths = self.calendar_peak = 0
            self.calendar_by_state = False
        self.calendar_deaths += self.deaths_month
        self.calendar_peak = max(self.calendar_peak, self.deaths_year)
        if self.perpetrator in (1, 3):
            self.calendar_by_state = True

    def follow_campaign(self) -> None:
        """Let the campaign grow older, and end it after a long enough pause."""
        if self.intensity == 0.0:
            return
        self.campaign_months += 1
        self.lull = self.lull + 1 if self.stage < ATROCITY else 0
        if self.lull > 12.0 * self.model.parameters.harm_quiet_years:
            self.intensity = 0.0
            self.campaign = NO_CAMPAIGN
            self.campaign_months = self.lull = 0

    def enter_atrocity(self) -> None:
        """Count an entry into stage 4, and begin a campaign where none goes on."""
        model = self.model
        p, luck = model.parameters, model.luck
        entered = self.stage_before != ATROCITY
        if self.intensity == 0.0:
            height = luck.normal_quantile(luck.uniform(self, EPISODE_INTENSITY))
            height = luck.exp(luck.log(p.harm_intensity_median) + p.harm_intensity_sigma * height)
            self.intensity = max(height, p.harm_intensity_floor)
            self.campaign = EXPULSION if luck.uniform(self, CAMPAIGN_KIND) < p.harm_expulsion_share else KILLING
            self.campaign_months = 0
            if not entered:
                age = -p.harm_age_at_start * luck.log(1.0 - luck.uniform(self, CAMPAIGN_AGE))
                self.campaign_months = math.floor(age)
            elif self.campaign == EXPULSION:
                self.expulsions += 1
        if entered:
            self.atrocity_entries += 1

    def wave(self) -> float:
        """Violence of the campaign as a share of its height."""
        model = self.model
        floor = model.parameters.harm_wave_floor
        strength: float = floor + (1.0 - floor) * model.luck.exp(model.wave_log * self.campaign_months)
        return strength

    def rate_of_expulsion(self, strength: float) -> float:
        """Share of the members at home who are driven out in the month."""
        p = self.model.parameters
        if self.stage == ATROCITY:
            rate = p.harm_expulsion_rate * strength if self.campaign == EXPULSION else 0.0
        else:
            rate = p.harm_expulsion_imminent * self.violations
        effect = p.harm_means * self.state.means + p.harm_protection * self.protection
        share: float = min(rate * self.model.luck.exp(effect + self.aid["displacement"]), 1.0)
        return share

    def room_for_displaced(self) -> int:
        """Most whom the group can lose to displacement: its part of the ceiling of its state."""
        state = self.state
        shares = 0.0
        for group in state.groups:
            shares += group.share
        most = self.model.parameters.harm_displaced_most * state.population
        room = max(most - (state.displaced_inside + state.displaced_abroad), 0.0)
        part: float = room * (self.share / max(1.0, shares))
        return math.floor(part)

    def rate_in_atrocity(self, strength: float) -> float:
        """Killed of the month in stage 4, persons before rounding."""
        model = self.model
        p, luck = model.parameters, model.luck
        noise = p.harm_monthly_sigma * luck.normal_quantile(luck.uniform(self, MONTHLY_INTENSITY))
        noise += p.harm_means * self.state.means + p.harm_protection * self.protection
        by_armed_groups = {BY_ARMED_GROUPS: 1.0, BY_BOTH: 0.5}.get(self.perpetrator, 0.0)
        noise += self.aid["killing"] + by_armed_groups * self.aid["killing_by_armed_groups"]
        rate: float = self.intensity * strength * luck.exp(noise)
        return rate * p.harm_expulsion_killing if self.campaign == EXPULSION else rate

    def rate_before_atrocity(self) -> float:
        """Killed of the month in stage 3; a fraction of a person is rounded by the month's luck."""
        luck = self.model.luck.uniform(self, MONTHLY_INTENSITY)
        rate: float = self.model.parameters.harm_imminent_rate * self.targeting + luck
        return rate

    # -- risk factors --------------------------------------------------------------------------------------------------

    def score_risk_factors(self) -> None:
        """Score the six specific risk factors, 9-14."""
        p = self.model.parameters
        state = self.state
        conflict = state.conflict_level
        threatened = 0.0
        if conflict >= p.conflict_level_minor or self.stage >= IMMINENT:
            threatened = clip01(max(conflict, 1.0 if self.stage == ATROCITY else 0.0) * state.means)
        self.risk_factors = [
            0.5 * (self.grievance + self.exclusion),
            clip01(max(self.targeting, self.violations) * (0.5 + 0.5 * state.motive)),
            clip01(max(self.deaths_year / p.harm_threshold, p.risk_factors_violations * self.violations)),
            self.preparation,
            clip01(conflict * (1.0 - self.protection)),
            threatened,
        ]
