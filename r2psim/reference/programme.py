"""Forms of assistance, programmes and pledges in the plain idiom: objects that are no agents."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from r2psim.declarations.columns import GROUP_CHANNELS
from r2psim.reference.structure import clip01
from r2psim.rules.draws import BACKLASH, MISJUDGED_LACK

if TYPE_CHECKING:
    from r2psim.reference.state import State

__all__ = ["Form", "Pledge", "Programme"]

BUILT_DOWN = 0.01
PEACEKEEPERS, MONITORS, TRAINING = 1, 2, 3


@dataclass(slots=True)
class Form:
    """An entry of the catalogue; attributes as in `r2psim.declarations.columns.FORM`.

    ``effects_on_state`` and ``effects_on_group`` hold the channel, the size and whether it does harm.
    """

    identity: int
    place: int
    first_stage: float
    last_stage: float
    group_scope: bool
    unit_cost: float
    person_cost: float
    lag: float
    half_life: float
    needs_assessment: bool
    is_assessment: bool
    consent: float
    under_perpetrator: float
    backlash: float
    response: bool
    mandate: bool
    military: bool
    rapid: bool
    gate: str | None
    part: float
    peaceful: bool
    troops: float
    police: float
    civilians: float
    potency: float
    need: str | None
    share: float
    effects_on_state: list[tuple[str, float, bool]] = field(default_factory=list)
    effects_on_group: list[tuple[str, float, bool]] = field(default_factory=list)

    def add_effect(self, channel: str, size: float, harms: bool) -> None:
        """Add an effect to those on the whole state, or to those on the group that the form is for."""
        on_group = self.group_scope and channel in GROUP_CHANNELS
        (self.effects_on_group if on_group else self.effects_on_state).append((channel, size, harms))


class Programme:
    """One form of assistance in one state, by whoever provides it; attributes as in the table of programmes."""

    __slots__ = (
        "accepted",
        "backfires",
        "consent",
        "cost",
        "demand",
        "form",
        "funded",
        "leverage",
        "levered",
        "met_at",
        "misjudged",
        "months",
        "needed",
        "needed_at",
        "offered",
        "pledged",
        "quality",
        "spent",
        "state",
        "strength",
        "worth",
    )

    def __init__(self, state: State, form: Form) -> None:
        self.state = state
        self.form = form
        self.consent = 0.0
        self.quality = 0.0
        self.strength = 0.0
        self.cost = 0
        self.offered = 0
        self.pledged = 0
        self.levered = 0
        self.leverage = 0.0
        self.funded = 0.0
        self.accepted = 1.0
        self.months = 0
        self.backfires = False
        self.misjudged = 0.0
        self.worth = 0.0
        self.demand = 0.0
        self.spent = [0] * 5
        self.needed = 0
        self.needed_at = [0] * 5
        self.met_at = [0] * 5

    def weigh(self) -> None:
        """Weigh how much the state lacks what the form builds, times what it is worth; -1 where it does not apply."""
        form, state = self.form, self.state
        model = state.model
        if form.need is not None and model.month % 12 == 0:
            error = model.parameters.assistance_lack_error
            self.misjudged = error * (2.0 * model.luck.uniform(state, MISJUDGED_LACK, under=form) - 1.0)
        if (
            not form.first_stage <= state.stage <= form.last_stage
            or (form.mandate and not state.mandate)
            or (form.gate is not None and not getattr(state, form.gate))
            or state.commitment < model.parameters.principles_mutual_floor * form.consent
        ):
            self.demand = -1.0
        else:
            lack = 1.0
            if form.need is not None:
                lack = clip01(1.0 - clip01(state.level_of(form.need)) + self.misjudged * (1.0 - state.assessed))
            called = model.parameters.response_peaceful_call if form.peaceful and state.debated else 0.0
            self.demand = self.worth * lack * (1.0 + called)

    def price(self) -> None:
        """Price the form in the state, and note the government's consent to it."""
        form, state = self.form, self.state
        cost = form.unit_cost
        if form.person_cost > 0.0:
            cost += math.floor(form.person_cost * (state.displaced_inside + state.displaced_hosted))
        self.cost = math.floor(cost * state.model.dearer)
        self.worth = form.potency / math.sqrt(self.cost) if self.cost > 0 else 0.0
        self.consent = 1.0 - form.consent * (1.0 - state.willingness)

    def fund(self) -> None:
        """Fund the programme and build it up, or let it decay; at its beginning chance decides if it backfires."""
        form, state = self.form, self.state
        model = state.model
        p = model.parameters
        offer = self.offered
        if offer > 0 and self.months == 0:
            risk = form.backlash * (1.0 - p.principles_harm_screening)
            self.backfires = model.luck.uniform(state, BACKLASH, under=form) < risk
        self.pledged = offer
        self.offered = 0
        self.leverage = self.levered / (offer or 1)
        self.levered = 0
        self.accepted = self.cost / offer if offer > self.cost else 1.0
        self.funded = (offer / self.cost if offer < self.cost else 1.0) if offer > 0 else 0.0
        if self.funded >= self.strength:
            self.strength = min(self.strength + 1.0 / max(form.lag, 1.0), self.funded)
        else:
            ownership = p.principles_ownership_strength * (state.willingness - 0.5)
            half_life = max(form.half_life * (1.0 + ownership), 0.1)
            fallen = self.funded + (self.strength - self.funded) * model.fading(half_life)
            self.strength = fallen if self.funded > 0.0 or fallen >= BUILT_DOWN else 0.0
        self.months = self.months + 1 if self.strength > 0.0 else 0
        if form.is_assessment:
            state.assessed = max(state.assessed, self.strength)
        else:
            state.aid_forms += self.strength
        if form.part == TRAINING:
            state.trained = max(state.trained, self.strength)

    def work(self) -> None:
        """Reach the share of the full effect that circumstances leave."""
        form, state = self.form, self.state
        p = state.model.parameters
        if self.strength == 0.0:
            self.quality = 0.0
            return
        owned = p.principles_ownership_practice
        if form.needs_assessment:
            owned *= state.assessed
        owes = p.principles_ownership_strength * (1.0 if form.needs_assessment else form.consent)
        lost = p.challenges_perpetrators_strength * (1.0 - form.under_perpetrator)
        withheld = 1.0 - p.assistance_leverage_consent * self.leverage
        willing = clip01(p.assistance_openness + (1.0 - p.assistance_openness) * state.commitment)
        agreed = (1.0 - form.consent * (1.0 - willing) * withheld) * (1.0 - lost * state.government_perpetrator)
        usual = 1.0 - form.consent * (1.0 - p.assistance_reference_willingness)
        reached = min(1.0 - (1.0 - self.consent) * withheld, agreed) / usual * (1.0 - owes * (1.0 - owned))
        reached = min(reached, p.assistance_quality_most)
        if form.needs_assessment:
            reached *= 1.0 - (1.0 - p.assistance_unassessed) * (1.0 - state.assessed)
        if form.part == PEACEKEEPERS:
            reached *= 1.0 + p.assistance_training_gain * state.trained
        crowd = p.challenges_complexity_strength * (1.0 - state.coordination)
        reached /= 1.0 + crowd * max(state.aid_forms - p.challenges_complexity_free, 0.0)
        if self.backfires:
            reached *= -p.assistance_backlash_size
        self.quality = reached
        done = self.strength * reached
        if form.part == MONITORS:
            state.monitors_there = max(state.monitors_there, done)
        if form.part == PEACEKEEPERS:
            state.peacekeepers_there = max(state.peacekeepers_there, done)
        state.mission_troops += form.troops * self.strength
        state.mission_police += form.police * self.strength
        state.mission_civilians += form.civilians * self.strength
        done = min(done, 1.0)
        if not form.is_assessment:
            state.best_help = max(state.best_help, done)
            state.leverage_at_work = max(state.leverage_at_work, self.leverage * max(done, 0.0))
        if not form.response and not form.is_assessment:
            state.prevention_at_work += max(done, 0.0)
        if form.military:
            state.forces_at_work = max(state.forces_at_work, self.strength)

    def count_need(self) -> None:
        """Note the cost of the full effect where the state's crisis calls for it as response."""
        form, state = self.form, self.state
        if not form.response:
            return
        displaced = state.displaced_inside + state.displaced_hosted >= 1.0
        called = state.calls_for_mission if form.mandate else displaced or state.stage >= 2
        called = called and form.first_stage <= state.stage <= form.last_stage
        full = form.unit_cost + math.floor(form.person_cost * (state.displaced_inside + state.displaced_hosted))
        self.needed = math.floor(full) if called else 0
        self.needed_at[state.stage] += self.needed

    def help_state(self) -> None:
        """Add the effects on the whole state to its channels; harm stays harm where a programme backfires."""
        if self.strength > 0.0:
            self._add_effects(self.form.effects_on_state, self.state.aid)

    def help_group(self) -> None:
        """Add the effects on the group that the form is for to that group's channels."""
        if self.strength > 0.0 and self.form.effects_on_group:
            group = self.state.worst_off()
            if group is not None:
                self._add_effects(self.form.effects_on_group, group.aid)

    def _add_effects(self, effects: list[tuple[str, float, bool]], aid: dict[str, float]) -> None:
        scale = self.state.model.parameters.assistance_effect_scale
        for channel, size, harms in effects:
            reached = abs(self.quality) if harms else self.quality
            aid[channel] += scale * size * self.strength * reached


@dataclass(slots=True, eq=False)
class Pledge:
    """A body's promise to fund a programme, in US cents."""

    programme: Programme
    amount: int
    begins: float
    offer: int = 0
    last_offer: int = 0
    standby: bool = False
