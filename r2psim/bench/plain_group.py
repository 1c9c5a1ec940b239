"""A population group in the plain Mesa idiom: variables are attributes, rules are methods."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import mesa

from r2psim.bench.plain_structure import approach, clip01
from r2psim.rules.draws import EPISODE_INTENSITY, MONTHLY_INTENSITY, PERPETRATOR_KIND, STAGE_CHANGE
from r2psim.world.tables import GROUP_CHANNELS

if TYPE_CHECKING:
    from r2psim.bench.plain import PlainModel
    from r2psim.bench.plain_state import State

__all__ = ["Group"]

STABLE, AT_RISK, UNDER_THREAT, IMMINENT, ATROCITY = range(5)
NOBODY, BY_STATE, BY_ARMED_GROUPS, BY_BOTH = range(4)


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
        Values at the start, by column of `r2psim.world.tables.GROUP`.
    """

    def __init__(self, model: PlainModel, key: str, identity: int, state: State, start: dict[str, float]) -> None:
        super().__init__(model)
        self.key = key
        self.identity = identity
        self.state = state
        self.kin: list[Group] = []
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
        self.hazard_up = 0.0
        self.hazard_down = 0.0
        self.draw_stage = 0.0
        self.stage_change = 0.0
        self.intensity = 0.0
        self.aid = dict.fromkeys(GROUP_CHANNELS, 0.0)
        self.deaths_month = 0
        self.displaced_month = 0
        self.deaths_year = 0
        self.deaths_by_month = [0] * 12
        self.deaths = 0
        self.displaced = 0
        self.atrocity_entries = 0
        self.crossings = 0
        self.crossed = False
        self.calendar_deaths = 0
        self.calendar_peak = 0
        self.calendar_by_state = False
        self.began_in_atrocity = self.stage == ATROCITY
        self.risk_factors = [0.0] * 6

    def move(self) -> None:
        """Move tension, change the stage, count harm, score the specific risk factors."""
        self.move_tension()
        self.change_stage()
        self.count_harm()
        self.note_year()
        self.score_risk_factors()

    # -- tension -------------------------------------------------------------------------------------------------------

    def move_tension(self) -> None:
        """Move exclusion, grievance, targeting, preparation and protection by a month."""
        p = self.model.parameters
        state, aid = self.state, self.aid
        pressure = state.pressure

        gained = self.exclusion_home - p.tension_exclusion_inclusion * (state.inclusion - state.inclusion_home)
        exclusion = approach(self.exclusion, clip01(gained + aid["exclusion"]), p.tension_exclusion_return)
        if state.struck["irregular_transition"] and exclusion > p.tension_excluded_above:
            exclusion += p.tension_exclusion_upheaval * (1.0 - exclusion)
        self.exclusion = exclusion

        level = p.tension_grievance_exclusion * exclusion
        level += p.tension_grievance_inequality * state.horizontal_inequality
        level += p.tension_grievance_pressure * pressure * exclusion
        level += p.tension_grievance_incitement * state.incitement * exclusion
        level += p.tension_grievance_past * state.past_violations * exclusion
        level += p.tension_grievance_kin * self.kin_pressure + aid["grievance"]
        self.grievance = approach(self.grievance, clip01(level), p.tension_grievance_rate)

        drive = max(state.drive_state, state.drive_non_state)
        share = p.tension_targeting_crisis
        crisis = 1.0 - share + share * max(pressure, state.conflict_level)
        marked = p.tension_targeting_included + (1.0 - p.tension_targeting_included) * exclusion
        level = clip01(p.tension_targeting_gain * drive * crisis * marked * self.model.luck.exp(aid["targeting"]))
        rate = p.tension_targeting_rise if level > self.targeting else p.tension_targeting_fall
        self.targeting = approach(self.targeting, level, rate)

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
        """Hazard of stage 3, which needs a group that is targeted or excluded, and preparation."""
        p = self.model.parameters
        state = self.state
        marked = self.targeting > p.stages_targeting_gate or self.exclusion > p.stages_exclusion_gate
        if not marked or self.preparation <= p.stages_preparation_gate:
            return 0.0
        hazard: float = p.stages_to_imminent_base * self.model.luck.exp(
            p.stages_to_imminent_targeting * self.targeting
            + p.stages_to_imminent_exclusion * (self.exclusion - p.reference_exclusion)
            + p.stages_to_imminent_at_incitement * state.incitement
            + p.stages_to_imminent_at_pressure * (state.pressure - p.reference_at_pressure)
            + p.stages_to_imminent_at_conflict * state.conflict_level
            + p.stages_to_imminent_at_restraint * (state.restraint - p.reference_at_restraint)
            + p.stages_to_imminent_protection * self.protection
            + p.stages_to_imminent_aid_to_imminent * self.aid["to_imminent"]
        )
        return hazard

    def to_atrocity(self) -> float:
        """Hazard of stage 4."""
        p = self.model.parameters
        state = self.state
        hazard: float = p.stages_to_atrocity_base * self.model.luck.exp(
            p.stages_to_atrocity_targeting * self.targeting
            + p.stages_to_atrocity_preparation * self.preparation
            + p.stages_to_atrocity_at_means * (state.means - p.reference_at_means)
            + p.stages_to_atrocity_at_pressure * (state.pressure - p.reference_at_pressure)
            + p.stages_to_atrocity_at_conflict * state.conflict_level
            + p.stages_to_atrocity_at_past * state.past_violations
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
        if u < p_up:
            return self.stage + 1, p_up
        three = p.stages_three_steps if self.stage == ATROCITY else 0.0
        two = p.stages_two_steps if self.stage >= UNDER_THREAT else 0.0
        if two + three > 1.0:
            two = 1.0 - three
        p_down = happens * down / total
        if u < p_up + p_down * three:
            return self.stage - 3, p_down * three
        if u < p_up + p_down * (three + two):
            return self.stage - 2, p_down * two
        if u < p_up + p_down:
            return self.stage - 1, p_down * (1.0 - two - three)
        return self.stage, 0.0

    def change_stage(self) -> None:
        """Change the stage, at most once a month, and name the perpetrator."""
        p = self.model.parameters
        luck = self.model.luck
        state = self.state
        own = max(self.exclusion, self.grievance)
        self.risk = max(own if own > p.stages_risk_above else 0.0, state.risk_present)
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
        if after < IMMINENT:
            self.perpetrator = NOBODY
        elif before < IMMINENT or self.perpetrator == NOBODY:
            self.perpetrator = self.choose_perpetrator(luck.uniform(self, PERPETRATOR_KIND))

    def choose_perpetrator(self, u: float) -> int:
        """Choose the kind of perpetrator from the two drives."""
        p = self.model.parameters
        non_state = self.state.drive_non_state
        government = p.stages_perpetrator_state * (self.state.drive_state + 1e-6)
        if u * (government + non_state) < government or non_state <= 0.0:
            return BY_BOTH if non_state > p.stages_perpetrator_both else BY_STATE
        return BY_ARMED_GROUPS

    # -- harm ----------------------------------------------------------------------------------------------------------

    def count_harm(self) -> None:
        """Count the killed and the displaced of the month, in whole persons."""
        p = self.model.parameters
        deaths = displaced = 0
        if self.stage >= IMMINENT:
            rate = self.rate_in_atrocity() if self.stage == ATROCITY else self.rate_before_atrocity()
            persons = self.persons
            deaths = math.floor(min(rate, persons * p.harm_largest_share))
            fled = deaths * p.harm_displaced_per_death * self.model.luck.exp(self.aid["displacement"])
            displaced = math.floor(min(fled, persons * p.harm_displaced_largest_share) * self.state.reach)
            self.persons = persons - deaths
        if self.stage < ATROCITY:
            self.intensity = 0.0
        self.deaths_month = deaths
        self.displaced_month = displaced
        self.deaths += deaths
        self.displaced += displaced
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

    def rate_in_atrocity(self) -> float:
        """Killed of the month in stage 4, persons before rounding."""
        model = self.model
        p, luck = model.parameters, model.luck
        if self.stage_before != ATROCITY or self.intensity == 0.0:
            height = luck.normal_quantile(luck.uniform(self, EPISODE_INTENSITY))
            height = luck.exp(luck.log(p.harm_intensity_median) + p.harm_intensity_sigma * height)
            self.intensity = max(height, p.harm_intensity_floor)
        if self.stage_before != ATROCITY:
            self.atrocity_entries += 1
        noise = p.harm_monthly_sigma * luck.normal_quantile(luck.uniform(self, MONTHLY_INTENSITY))
        noise += p.harm_means * self.state.means + p.harm_protection * self.protection
        by_armed_groups = {BY_ARMED_GROUPS: 1.0, BY_BOTH: 0.5}.get(self.perpetrator, 0.0)
        noise += self.aid["killing"] + by_armed_groups * self.aid["killing_by_armed_groups"]
        floor = p.harm_wave_floor
        wave = floor + (1.0 - floor) * luck.exp(model.wave_log * self.stage_months)
        rate: float = self.intensity * wave * luck.exp(noise)
        return rate

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
            clip01(self.targeting * (0.5 + 0.5 * state.motive)),
            clip01(self.deaths_year / p.harm_threshold),
            self.preparation,
            clip01(conflict * (1.0 - self.protection)),
            threatened,
        ]
