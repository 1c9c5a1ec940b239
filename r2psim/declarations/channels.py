"""What assistance can act on, and the mandates under which a body may give it.

A form of assistance (`r2psim.scenario.catalogue`) reaches the model through channels and through nothing else: each
names one number of the rules that an effect may change. Who may give a form is said by mandate tags: a body provides a
form if it holds one of the tags that the form names.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CHANNELS", "KINDS", "MANDATES", "RESPONSE_MANDATES", "Channel"]

KINDS = {
    "multiplier": "a factor on a hazard, a rate or a level, at full strength of the form; 1 is no effect",
    "raise": "added to the level to which a variable returns, at full strength of the form; 0 is no effect",
}
"""Kinds of channel and what the size of an effect means on each."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One thing that a form can act on.

    Attributes
    ----------
    name : str
        Key in the catalogue.
    kind : str
        One of `KINDS`.
    meaning : str
        What is changed.
    helps : str
        ``less`` where a smaller value protects people, ``more`` where a larger one does; the other side of no effect
        is harm.
    """

    name: str
    kind: str
    meaning: str
    helps: str = "less"

    @property
    def none(self) -> float:
        """Size of an effect that changes nothing: 1 for a multiplier, 0 for a raise."""
        return 1.0 if self.kind == "multiplier" else 0.0

    def harms(self, size: float) -> bool:
        """Say whether an effect of this size does harm.

        Examples
        --------
        >>> CHANNELS["killing"].harms(1.1), CHANNELS["from_atrocity"].harms(1.1), CHANNELS["killing"].harms(1.0)
        (True, False, False)
        """
        return size > self.none if self.helps == "less" else size < self.none


def _multiplier(name: str, meaning: str, helps: str = "less") -> Channel:
    return Channel(name, "multiplier", meaning, helps)


def _raise(name: str, meaning: str, helps: str = "more") -> Channel:
    return Channel(name, "raise", meaning, helps)


CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (
        _multiplier("to_threat", "hazard of stage 2: from risk to threat"),
        _multiplier("to_imminent", "hazard of stage 3: from threat to imminent risk"),
        _multiplier("to_atrocity", "hazard of stage 4: from imminent risk to atrocity"),
        _multiplier("commission", "hazard that crimes are committed, where those who order them expect prosecution"),
        _multiplier("from_threat", "hazard of de-escalation out of stage 2", "more"),
        _multiplier("from_imminent", "hazard of de-escalation out of stage 3", "more"),
        _multiplier("from_atrocity", "hazard that an atrocity ends", "more"),
        _multiplier("conflict_onset", "hazard of armed conflict out of peace"),
        _multiplier("conflict_relapse", "hazard of armed conflict out of recovery"),
        _multiplier("conflict_escalation", "hazard that a minor conflict becomes war"),
        _multiplier("conflict_settlement", "hazard that a minor conflict ends or a war abates", "more"),
        _multiplier("coup", "rate of coup attempts"),
        _multiplier("contested_election", "probability that an election is contested"),
        _multiplier("irregular_transition", "rate of adverse, irregular changes of regime"),
        _multiplier("killing", "killing rate of atrocities and of civilians in armed conflict, whoever kills"),
        _multiplier("killing_by_armed_groups", "killing rate where the perpetrator is not the state"),
        _multiplier("displacement", "people driven from home"),
        _multiplier("incitement", "level of public incitement"),
        _multiplier("targeting", "level of systematic targeting of a group"),
        _multiplier("receptiveness", "how far the public answers to incitement"),
        _multiplier("arms", "level of arms and forces at hand to commit crimes with"),
        _multiplier("finance", "level of illicit and state finance at hand to commit crimes with"),
        _multiplier("spill_over", "what leaves the state for its neighbours: refugees, arms, war next door"),
        _multiplier("violations_memory", "rate at which the record of violations fades", "more"),
        _multiplier("returns", "rate at which the displaced return or settle", "more"),
        _raise("security_sector", "professional and accountable security sector"),
        _raise("transition_institutions", "impartial institutions for overseeing political transitions"),
        _raise("judiciary", "judicial and human-rights institutions"),
        _raise("early_warning", "capacity to assess risk and mobilise early response"),
        _raise("local_resolution", "local capacity to resolve conflicts"),
        _raise("media", "media capacity to counteract prejudice and hate speech"),
        _raise("transitional_justice", "capacity for legitimate transitional justice"),
        _raise(
            "regional_mechanisms", "strength of regional mechanisms there: faster, better informed, with more leverage"
        ),
        _raise("inclusion", "effective, legitimate and inclusive governance"),
        _raise("capacity", "strength of State structures"),
        _raise("commitment", "government's commitment to protect"),
        _raise("review", "review by peers: what a committed government among committed neighbours accepts of it"),
        _raise("protection", "protection that a group can count on"),
        _raise("horizontal_inequality", "inequality between groups; a negative size lowers it", "less"),
        _raise("exclusion", "exclusion of groups from political power; a negative size lowers it", "less"),
        _raise("grievance", "grievance of groups against the order of the state; a negative size lowers it", "less"),
    )
}
"""Everything that a form can act on, by name."""

MANDATES: dict[str, str] = {
    "general-assembly": "deliberates and recommends to all Member States",
    "security-council": "may bind States, with a veto: embargoes, referrals to a court, mandates, Pillar III",
    "human-rights-council": "reviews the record of every State, and holds special sessions",
    "peacebuilding": "funds institutions in States that emerge from, or may fall into, conflict",
    "good-offices": "preventive diplomacy and mediation in the name of the Secretary-General",
    "human-rights-office": "human-rights expertise, monitors and technical cooperation",
    "humanitarian": "relief and the protection of civilians in emergencies",
    "coordination": "coordinates what all bodies do in a State, and pays for joint plans and one lead",
    "refugee-agency": "protects refugees and the internally displaced",
    "joint-office": "early warning and advice on genocide prevention and the responsibility to protect",
    "peacekeeping": "deploys military, police and civilian personnel in missions",
    "police": "deploys police officers and investigators",
    "regional": "political, civilian and technical assistance among the members of a region",
    "regional-military": "deploys regional forces",
    "development-bank": "funds development, governance and reconstruction",
    "court": "investigates and prosecutes individuals",
    "neighbour": "a neighbouring State: dialogue, borders, customs, refugees",
    "state-network": "a network of States committed to the prevention of atrocity crimes",
    "civil-society": "organisations that educate, monitor, mediate and advocate",
    "private-sector": "companies: finance, trade, communication",
}
"""Mandate tags of bodies and what they allow."""

RESPONSE_MANDATES = frozenset({"security-council", "humanitarian", "refugee-agency", "peacekeeping"})
"""Mandates of bodies whose budgets count as response where the same total is divided anew; the rest is prevention."""
