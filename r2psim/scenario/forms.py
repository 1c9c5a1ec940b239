"""A form of assistance and its effects, as the catalogue (`r2psim.scenario.catalogue`) gives them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from r2psim.declarations.channels import CHANNELS, Channel
from r2psim.scenario.brief import brief

__all__ = ["CATEGORIES", "LEDGERS", "PARTS", "SCOPES", "WAITS", "Effect", "Form"]

CATEGORIES = {
    "encouragement": "encouragement",
    "capacity": "capacity building",
    "protection": "protection assistance",
    "accountability": "accountability",
    "response": "collective response",
}
"""Categories of forms and their names, in the order of the report."""

SCOPES = {"state": "for all groups of the state", "group": "for the group most at risk"}
"""For whom a form works."""

LEDGERS = {
    "prevention": "assistance to the State: what prevention costs",
    "response": "external response: humanitarian, peacekeeping, Pillar III",
}
"""Sides of the comparison on which the cost of a form is counted."""

WAITS = {
    "nothing": "for no decision of anybody",
    "embargo": "until the Security Council has decided on an arms embargo",
    "jurisdiction": "until a court has jurisdiction: the State is a member, or the Security Council referred it",
    "inquiry": "until the Human Rights Council has set up a commission of inquiry",
    "mission": "until peacekeepers are deployed",
    "requested": "until the government asks for it, or a mandate of the Security Council has it",
}
"""Decisions that a form may wait for, beside a mandate of the Security Council."""

PARTS = {
    "none": "none",
    "peacekeepers": "armed peacekeepers, whom training for the mandate makes better",
    "monitors": "human-rights monitors, who protect better where peacekeepers stand beside them",
    "training": "training of peacekeepers for their mandate",
}
"""What a form is in a mission, in the order of the codes of its column."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a form does to one channel.

    Attributes
    ----------
    on : str
        Key of `r2psim.declarations.channels.CHANNELS`.
    size : float
        Factor (multiplier) or amount added to the level 0-1 (raise) at full strength.
    low, high : float
        Range of the size; it includes no effect.
    label : str
        Evidence label, one of `r2psim.scenario.parameters.LABELS`.
    source : tuple of str
        Keys of `r2psim.scenario.parameters.SOURCES`; may be empty for an assumption.
    expected : float or None
        Size that bodies expect when they choose; None where they expect `size`.
    prior : float or None
        Size held most likely before any study was fitted to; None where that is `size`.
    known : bool
        Whether the size is taken as known, so that no draw of what is not known changes it.
    """

    on: str
    size: float
    low: float
    high: float
    label: str
    source: tuple[str, ...] = ()
    expected: float | None = None
    prior: float | None = None
    known: bool = False

    @property
    def channel(self) -> Channel:
        """The channel that it acts on."""
        return CHANNELS[self.on]

    @property
    def believed(self) -> float:
        """The size that bodies expect when they choose."""
        return self.size if self.expected is None else self.expected

    @property
    def harm(self) -> float | None:
        """The end of the range where it does most harm, or None where the range holds no harm."""
        worst = self.high if self.channel.helps == "less" else self.low
        return worst if self.channel.harms(worst) else None


@dataclass(frozen=True, slots=True)
class Form:
    """A form of assistance.

    Attributes
    ----------
    key, name, description, report : str
        Identifier, name shown, what is done, section of the report A/68/947 that has it.
    category, scope, ledger : str
        A key each of `CATEGORIES`, `SCOPES` and `LEDGERS`.
    providers : tuple of str
        Mandate tags; a body provides the form if it holds one of them.
    stages : tuple of int
        First and last stage of a state at which it applies.
    unit_cost : float
        US$ a year in one state, for the full effect.
    person_cost : float
        Further US$ a year for each displaced person in the state, for the full effect.
    lag, half_life : float
        Months to the full effect once funded; months in which the effect halves when unfunded.
    needs_assessment : bool
        Whether it should begin with a needs assessment.
    consent, under_perpetrator : float
        How far it depends on the government's consent (0-1); share of the effect that remains where the government is
        itself a perpetrator (0-1).
    backlash : float
        Probability that a programme backfires if it is not screened.
    label, source : str, tuple of str
        Evidence label of `unit_cost`, `lag` and `half_life`, that of the weakest, and sources; as in `Effect`.
    assessment, mandate, military, rapid, peaceful : bool
        Whether it is the needs assessment that others begin with; whether it needs a mandate of the Security Council;
        whether it deploys forces, from which armed groups come to expect help; whether money on standby pays for it;
        whether it is among the peaceful means that the Council calls for first.
    waits_for, part : str
        A key each of `WAITS` and `PARTS`.
    troops, police, civilians : float
        Persons deployed in one state at full strength.
    note : str
        Which of the numbers are known, and how.
    effects : tuple of Effect
        What it acts on; empty for a form on which others build.
    """

    key: str
    name: str
    category: str
    description: str
    report: str
    providers: tuple[str, ...]
    stages: tuple[int, int]
    scope: str
    unit_cost: float
    person_cost: float
    lag: float
    half_life: float
    needs_assessment: bool
    consent: float
    under_perpetrator: float
    backlash: float
    ledger: str
    label: str
    source: tuple[str, ...]
    assessment: bool
    mandate: bool
    military: bool
    rapid: bool
    peaceful: bool
    waits_for: str
    part: str
    troops: float
    police: float
    civilians: float
    note: str
    effects: tuple[Effect, ...]

    __repr__ = brief

    def table(self) -> dict[str, Any]:
        """Give the form as plain data, as in a file; `form_from_table` makes the same form of it."""
        table = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        del table["key"]
        table["effects"] = {effect.on: _effect_table(effect) for effect in self.effects}
        return table


def _effect_table(effect: Effect) -> dict[str, Any]:
    """Give an effect as in a file; what few effects have is left out where it says nothing."""
    table = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(effect).items()}
    silent = {"on", *(name for name in ("expected", "prior") if table[name] is None)}
    silent |= set() if effect.known else {"known"}
    return {key: value for key, value in table.items() if key not in silent}
