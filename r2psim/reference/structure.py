"""What moves a State in the plain Mesa idiom: neighbours and kin, triggers, the slow structure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import mesa

from r2psim.declarations.channels import CHANNELS
from r2psim.declarations.columns import INHIBITORS, TRIGGERS
from r2psim.rules.draws import MOTIVE_JUMP

if TYPE_CHECKING:
    from r2psim.reference.group import Group
    from r2psim.reference.model import PlainModel
    from r2psim.reference.state import State

__all__ = ["MINOR_CONFLICT", "MONTH", "PEACE", "RECOVERY", "WAR", "Structure", "approach", "clip01"]

MONTH = 1.0 / 12.0
PEACE, RECOVERY, MINOR_CONFLICT, WAR = 0, 1, 2, 3


def clip01(x: float) -> float:
    """Clip to 0-1."""
    return 0.0 if x < 0.0 else 1.0 if x > 1.0 else x


def approach(x: float, level: float, rate: float) -> float:
    """Move ``x`` towards ``level`` for a month at a yearly rate, and keep it within 0-1."""
    step = min(rate * MONTH, 1.0)
    return clip01(x + (level - x) * step)


def built(x: float, home: float, raised: float, fade: float, build: float) -> float:
    """Move a slow variable towards its home level raised by assistance: built faster than it fades."""
    level = clip01(home + raised)
    gap = level - x
    part = 0.0
    if raised > 0.0 and gap > 0.0:
        part = raised / gap if gap > raised else 1.0
    return approach(x, level, fade + (build - fade) * part)


class Structure(mesa.Agent):
    """What a State is up to its structure; `r2psim.reference.state.State` adds the rest.

    Parameters
    ----------
    model : PlainModel
        The model.
    key : str
        Identifier in the scenario.
    identity : int
        64-bit identity, which counter-based chance is drawn by.
    start : dict of str to float
        Values at the start, by column of `r2psim.declarations.columns.STATE`.
    """

    def __init__(self, model: PlainModel, key: str, identity: int, start: dict[str, float]) -> None:
        super().__init__(model)
        self.key = key
        self.identity = identity
        self.groups: list[Group] = []
        self.neighbours: list[State] = []
        self.population = start["population"]
        self.opponents_share = start["opponents_share"]
        self.operational_stage = start["operational_stage"]
        self.regime = start["regime"]
        self.capacity = start["capacity"]
        self.inclusion = start["inclusion"]
        self.horizontal_inequality = start["horizontal_inequality"]
        self.inhibitors = {name: start[name] for name in INHIBITORS}
        self.past_violations = start["past_violations"]
        self.resource_rents = start["resource_rents"]
        self.conflict = int(start["conflict"])
        self.conflict_months = start["conflict_months"]
        self.armed_groups = start["armed_groups"]
        self.arms = start["arms"]
        self.finance = start["finance"]
        self.motive = start["motive"]
        self.incitement = start["incitement"]
        self.commitment = start["commitment"]
        self.election_interval = start["election_interval"]
        self.election_phase = start["election_phase"]
        self.displaced_inside = start["displaced_inside"]
        self.displaced_abroad = start["displaced_abroad"]
        self.regime_home = start["regime_home"]
        self.capacity_home = start["capacity_home"]
        self.inclusion_home = start["inclusion_home"]
        self.horizontal_inequality_home = start["horizontal_inequality_home"]
        self.inhibitor_homes = {name: start[f"{name}_home"] for name in INHIBITORS}
        self.arms_home = start["arms_home"]
        self.finance_home = start["finance_home"]
        self.motive_home = start["motive_home"]
        self.commitment_home = start["commitment_home"]
        self.armed_groups_home = start["armed_groups_home"]
        self.stage = int(start["stage"])
        self.government_perpetrator = start["government_perpetrator"] > 0.0
        self.aid = dict.fromkeys(CHANNELS, 0.0)
        self._begin()

    def _begin(self) -> None:
        """Begin with what the first month works out."""
        self.fresh = dict.fromkeys(TRIGGERS, 0.0)
        self.rates = dict.fromkeys(TRIGGERS, 0.0)
        self.struck = dict.fromkeys(TRIGGERS, False)
        self.pressure = 0.0
        self.at_war = False
        self.conflict_level = self.level_of_conflict()
        self.restraint = 0.0
        self.unaddressed = 0.0
        self.impunity = 0.0
        self.agitation = 0.0
        self.violations = 0.0
        self.means = 0.0
        self.drive_state = 0.0
        self.drive_non_state = 0.0
        self.excluded_share = 0.0
        self.discontent = 0.0
        self.mood = 0.0
        self.spill_war = 0.0
        self.spill_new_war = False
        self.spill_arms = 0.0
        self.spill_refugees = 0.0
        self.spill_armed_groups = 0.0
        self.peer_commitment = 0.0
        self.review = 0.0
        self.displaced_hosted = 0.0
        self.refugees_received = 0.0

    # -- contagion -----------------------------------------------------------------------------------------------------

    def look_at_neighbours(self) -> None:
        """See what war, arms, armed groups and refugees reach the state from next door, and how committed it is."""
        exp = self.model.luck.exp
        started = self.model.month > 0
        war = arms = hosted = weight = groups = committed = 0.0
        new_war = False
        for neighbour in self.neighbours:
            spills = exp(neighbour.aid["spill_over"])
            if neighbour.conflict == WAR:
                war = max(war, spills)
                arms = max(arms, neighbour.arms * spills)
                new_war = new_war or (started and neighbour.conflict_months < 1)
            if neighbour.conflict >= MINOR_CONFLICT:
                groups = max(groups, neighbour.armed_groups * spills)
            committed += neighbour.commitment
            arriving = neighbour.displaced_abroad / len(neighbour.neighbours)
            hosted += arriving
            weight += arriving * spills
        self.spill_war = war
        self.spill_new_war = new_war
        self.spill_arms = arms
        self.spill_armed_groups = groups
        self.peer_commitment = committed / len(self.neighbours) if self.neighbours else self.commitment
        if started and hosted > self.displaced_hosted:
            self.refugees_received += hosted - self.displaced_hosted
        self.displaced_hosted = hosted
        self.spill_refugees = clip01(weight / (self.population * self.model.parameters.harm_hosting_scale))

    def look_at_groups(self) -> None:
        """Sum up the state's own groups, and let them see their kin."""
        p = self.model.parameters
        above = p.tension_excluded_above
        excluded = discontent = mood = 0.0
        for group in self.groups:
            discontent = max(discontent, group.grievance * group.exclusion)
            if not group.opponents:
                if group.exclusion > above:
                    excluded += group.share * group.exclusion
                mood += group.share * group.grievance
            group.kin_pressure = max((0.25 * kin.stage for kin in group.kin), default=0.0)
        self.excluded_share = excluded
        unheard = 1.0 - p.structure_judiciary_voice * (self.inhibitors["judiciary"] - p.reference_judiciary)
        self.discontent = clip01(discontent * unheard)
        self.mood = clip01(mood * unheard)

    # -- triggers ------------------------------------------------------------------------------------------------------

    def election_is_due(self) -> bool:
        """Whether elections are scheduled for this month."""
        if self.election_interval < 1.0 or 0 <= self.model.month < self.election_phase:
            return False
        since = self.model.month - self.election_phase
        into = since - self.election_interval * math.floor(since / self.election_interval + 1e-9)
        return bool(into < 1.0)

    def trigger_rates(self) -> dict[str, float]:
        """Hazards of all triggers this month, from last month's freshness of the others."""
        p = self.model.parameters
        exp = self.model.luck.exp
        fresh, aid, inhibitors = self.fresh, self.aid, self.inhibitors
        transition_institutions = inhibitors["transition_institutions"] - p.reference_transition_institutions
        capacity = self.capacity - p.reference_capacity
        mood = self.mood - p.reference_mood
        election = offensive = neighbour = 0.0
        if self.election_is_due():
            election = p.triggers_contested_election_base * exp(
                p.triggers_contested_election_transition_institutions * transition_institutions
                + p.triggers_contested_election_restraint * (self.restraint - p.reference_restraint)
                + p.triggers_contested_election_mood * mood
                + p.triggers_contested_election_aid_contested_election * aid["contested_election"]
            )
        if self.spill_new_war:
            neighbour = p.triggers_neighbour_war_base * exp(p.triggers_neighbour_war_capacity * capacity)
        if self.conflict >= MINOR_CONFLICT:
            offensive = p.triggers_armed_offensive_base * exp(p.triggers_armed_offensive_at_war * self.at_war)
            offensive = self.armed_groups / p.reference_armed_groups * MONTH * offensive
            if self.escalation_hazard > 0.0 and self.conflict_months < 1.0 and self.model.month > 0:
                offensive += p.triggers_armed_offensive_outbreak
        coup = p.triggers_coup_base * exp(
            p.triggers_coup_security_sector * (inhibitors["security_sector"] - p.reference_security_sector)
            + p.triggers_coup_capacity * capacity
            + p.triggers_coup_trigger_economic_shock * fresh["economic_shock"]
            + p.triggers_coup_trigger_contested_election * fresh["contested_election"]
            + p.triggers_coup_aid_coup * aid["coup"]
        )
        transition = p.triggers_irregular_transition_base * exp(
            p.triggers_irregular_transition_transition_institutions * transition_institutions
            + p.triggers_irregular_transition_trigger_contested_election * fresh["contested_election"]
            + p.triggers_irregular_transition_trigger_mass_protest * fresh["mass_protest"]
            + p.triggers_irregular_transition_at_war * self.at_war
            + p.triggers_irregular_transition_aid_irregular_transition * aid["irregular_transition"]
        )
        shock = p.triggers_economic_shock_base * exp(p.triggers_economic_shock_capacity * capacity)
        death = p.triggers_leader_death_base * exp(p.triggers_leader_death_at_war * self.at_war)
        protest = p.triggers_mass_protest_base * exp(
            p.triggers_mass_protest_mood * mood
            + p.triggers_mass_protest_trigger_economic_shock * fresh["economic_shock"]
            + p.triggers_mass_protest_local_resolution * (inhibitors["local_resolution"] - p.reference_local_resolution)
        )
        return {
            "contested_election": election,
            "coup": MONTH * coup,
            "irregular_transition": MONTH * transition,
            "economic_shock": MONTH * shock,
            "leader_death": MONTH * death,
            "neighbour_war": neighbour,
            "armed_offensive": offensive,
            "mass_protest": MONTH * protest,
        }

    def draw_triggers(self) -> None:
        """Let triggers strike or fade, and combine the fresh ones into pressure."""
        model = self.model
        luck = model.luck
        self.at_war = self.conflict == WAR
        self.rates = rates = self.trigger_rates()
        calm = 1.0
        for trigger in model.triggers:
            name = trigger.name
            if name == "irregular_transition" and self.struck["coup"]:
                rates[name] += model.parameters.triggers_irregular_transition_coup_success
            struck = luck.uniform(self, trigger.purpose) < 1.0 - luck.exp(-rates[name])
            self.struck[name] = struck
            self.fresh[name] = 1.0 if struck else self.fresh[name] * trigger.left
            calm *= 1.0 - trigger.weight * self.fresh[name]
        self.pressure = 1.0 - calm

    # -- structure -----------------------------------------------------------------------------------------------------

    def level_of_conflict(self) -> float:
        """Intensity 0-1 of the conflict state."""
        p = self.model.parameters
        if self.conflict == PEACE:
            return 0.0
        if self.conflict == RECOVERY:
            return float(p.conflict_level_recovery)
        return float(p.conflict_level_minor) if self.conflict == MINOR_CONFLICT else 1.0

    def level_of(self, name: str) -> float:
        """Present level of a slow variable that assistance can build."""
        level: float = self.inhibitors[name] if name in self.inhibitors else getattr(self, name)
        return level

    def move_structure(self) -> None:
        """Move the structure of the state by a month."""
        model = self.model
        p = model.parameters
        aid = self.aid
        damage = max(1.0 - self.at_war * p.structure_war_damage * MONTH, 0.0)
        build = p.structure_building
        fade = p.structure_inhibitor_return
        for name, level in self.inhibitors.items():
            self.inhibitors[name] = built(level, self.inhibitor_homes[name], aid[name], fade, build) * damage
        self.capacity = (
            built(self.capacity, self.capacity_home, aid["capacity"], p.structure_capacity_return, build) * damage
        )
        self.inclusion = (
            built(self.inclusion, self.inclusion_home, aid["inclusion"], p.structure_inclusion_return, build) * damage
        )
        level = self.horizontal_inequality_home - p.structure_inequality_inclusion * (
            self.inclusion - self.inclusion_home
        )
        level = clip01(level + aid["horizontal_inequality"])
        self.horizontal_inequality = approach(self.horizontal_inequality, level, p.structure_inequality_return)
        self.regime = approach(self.regime, self.regime_home, p.structure_regime_return)
        if self.struck["irregular_transition"]:
            self.regime *= 1.0 - p.structure_regime_drop
        self.move_motive()
        self.move_arms()

        self.move_commitment()

        if self.stage == 4:
            self.past_violations = approach(self.past_violations, 1.0, p.structure_violations_rate)
        else:
            half_life = 12.0 * p.structure_violations_half_life
            half_life /= 1.0 + p.structure_violations_justice * self.inhibitors["transitional_justice"]
            half_life /= model.luck.exp(aid["violations_memory"])
            below = p.structure_violations_rate * p.structure_violations_below
            faded = self.past_violations * model.fading(half_life)
            self.past_violations = approach(faded, 1.0, below * self.violations)
        self.weigh()

    def move_commitment(self) -> None:
        """Move the commitment to protect, of which little is left to a perpetrator."""
        p = self.model.parameters
        kept = p.structure_commitment_perpetrator if self.government_perpetrator else 1.0
        self.review = self.aid["review"] * self.commitment * self.peer_commitment
        level = clip01(kept * (self.commitment_home + self.aid["commitment"] + self.review))
        self.commitment = approach(self.commitment, level, p.structure_commitment_return)

    def move_motive(self) -> None:
        """Move the motive of the leadership and the incitement that follows it."""
        p = self.model.parameters
        luck = self.model.luck
        pressure = self.pressure
        x = approach(self.motive, self.motive_home, p.structure_motive_return)
        x = clip01(x + pressure * p.structure_motive_crisis * MONTH * (1.0 - x))
        if self.struck["irregular_transition"]:
            x += (1.0 - x) * p.structure_motive_jump * luck.uniform(self, MOTIVE_JUMP)
        self.motive = x

        crisis = p.structure_incitement_crisis
        level = x * (1.0 - crisis + crisis * pressure)
        level *= 1.0 - p.structure_incitement_media * self.inhibitors["media"]
        level = clip01(level * luck.exp(self.aid["incitement"]))
        self.incitement = approach(self.incitement, level, p.structure_incitement_rate)

    def move_arms(self) -> None:
        """Move arms, finance and the strength of armed groups."""
        p = self.model.parameters
        build = (self.at_war * p.structure_arms_war + self.spill_arms * p.structure_arms_spill) * MONTH
        luck = self.model.luck
        denied = luck.exp(self.aid["arms"])
        x = approach(self.arms, clip01(self.arms_home * denied), p.structure_arms_return)
        self.arms = clip01(x + build * denied * (1.0 - x))
        denied = luck.exp(self.aid["finance"])
        x = approach(self.finance, clip01(self.finance_home * denied), p.structure_arms_return)
        yields = max(1.0 + p.structure_finance_rents * (self.resource_rents - p.reference_resource_rents), 0.0)
        self.finance = clip01(x + self.at_war * p.structure_arms_war * MONTH * yields * denied * (1.0 - x))
        strength = self.armed_groups_home + p.structure_armed_groups_discontent * self.discontent
        strength += p.structure_armed_groups_spill * self.spill_armed_groups
        strength = clip01(strength + p.structure_armed_groups_conflict * self.conflict_level)
        self.armed_groups = approach(self.armed_groups, strength, p.structure_armed_groups_rate)

    def weigh(self) -> None:
        """Weigh up the restraint of the state, and the drives of its government and of armed groups."""
        p = self.model.parameters
        restraint = p.structure_restraint_security * self.inhibitors["security_sector"]
        restraint += p.structure_restraint_commitment * self.commitment
        self.restraint = clip01(restraint + p.structure_restraint_regime * self.regime)
        past = self.past_violations
        expected = p.structure_impunity_expected
        self.unaddressed = past * (1.0 - p.structure_justice_memory * self.inhibitors["transitional_justice"])
        self.impunity = (1.0 - self.inhibitors["judiciary"]) * (expected + (1.0 - expected) * past)
        self.agitation = clip01(self.incitement * self.model.luck.exp(self.aid["receptiveness"]))
        self.means = 0.5 * (self.arms + self.finance)
        raised = 1.0 + p.structure_drive_incitement * self.agitation
        raised *= 1.0 + p.structure_drive_impunity * (self.impunity - p.reference_impunity)
        self.drive_state = clip01(self.motive * self.means * (1.0 - self.restraint) * raised)
        self.drive_non_state = clip01(self.armed_groups * self.means * self.conflict_level * raised)
