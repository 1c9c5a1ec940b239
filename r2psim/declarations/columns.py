"""The columns of the model: what every row of every kind of agent carries.

A kind of agent is a table, an agent is a row of it, and a variable is a column: one contiguous float64
array for all rows. The declarations below are the only place where a column exists. The code of the rules
(``state[S.incitement]``), the check of scenario files, the ODD document and the output files read them.

Shares, scores and intensities are 0-1 unless the unit says otherwise. The money of bodies is held in whole US cents,
the killed are counted in whole persons: both are exact in a float64 up to 2**53.

One file, though long: it is one list, and whoever looks for a variable looks here.
"""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, field
from typing import Any

from r2psim.declarations.channels import CHANNELS

__all__ = [
    "BODY",
    "CAMPAIGN",
    "CONFLICT",
    "FORM",
    "GROUP",
    "GROUP_CHANNELS",
    "INHIBITORS",
    "NOTE",
    "OPPONENTS",
    "PERPETRATOR",
    "PF",
    "PLEDGE",
    "PR",
    "PREFERENCE",
    "PROGRAMME",
    "RATING",
    "RISK_FACTORS",
    "SIDES",
    "STAGES",
    "STATE",
    "STATE_KINDS",
    "STATUS_EXCLUSION",
    "TABLES",
    "TRIGGERS",
    "B",
    "Column",
    "F",
    "G",
    "L",
    "N",
    "R",
    "S",
    "Table",
]

STAGES = ("stable", "risk", "threat", "imminent risk", "atrocity")
"""Names of the stages 0-4 (A/68/947, section II; stage 4 is the crime itself)."""

CONFLICT = ("peace", "recovery", "minor conflict", "war")
"""Names of the conflict states 0-3; thresholds as in UCDP: 25 and 1,000 battle deaths a year."""

PERPETRATOR = ("none", "state", "non-state", "both")
"""Names of the perpetrator codes 0-3 of a group."""

CAMPAIGN = ("none", "mainly killing", "mainly expulsion")
"""Names of the kinds of campaign against a group at stage 4, codes 0-2."""

SIDES = {"by_state": "by the government", "by_armed_groups": "by armed groups alone"}
"""The perpetrators whose killing in a state makes episodes of its own."""

INHIBITORS = (
    "security_sector",
    "transition_institutions",
    "judiciary",
    "early_warning",
    "local_resolution",
    "media",
    "transitional_justice",
)
"""The seven inhibitors of A/68/947, section IV.B, in the order of the report."""

_TRIGGER_MEANING = {
    "contested_election": "an election whose result is contested",
    "coup": "a coup attempt",
    "irregular_transition": "an adverse, irregular change of regime",
    "economic_shock": "an economic shock",
    "leader_death": "the death or assassination of the leader",
    "neighbour_war": "a war that breaks out next door",
    "armed_offensive": "an offensive of an armed group",
    "mass_protest": "mass protest",
}
"""One line for each kind of trigger. Its chance is declared in `r2psim.rules.draws`, its numbers in parameters.toml."""

TRIGGERS = tuple(_TRIGGER_MEANING)
"""The kinds of trigger, in the order in which a month draws them."""

OPPONENTS = "opponents"
"""Id of the group of political opponents within its state, where no scenario gives it another one."""

STATUS_EXCLUSION = {
    "monopoly": 0.0,
    "dominant": 0.0,
    "senior partner": 0.05,
    "junior partner": 0.15,
    "irrelevant": 0.2,
    "self-excluded": 0.5,
    "powerless": 0.6,
    "discriminated": 0.9,
}
"""Political status in the Ethnic Power Relations data -> exclusion 0-1 (the scale is an assumption)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One variable of one kind of agent.

    Attributes
    ----------
    name : str
        Identifier, also the key in scenario files where ``role`` is ``given``.
    unit : str
        Unit of measurement; ``0-1`` for shares, scores and intensities.
    meaning : str
        What the variable is, in one sentence.
    role : str
        ``given`` (a scenario may set its start), ``state`` (moved by rules), ``derived`` (computed anew every
        month), ``account`` (a running total), or ``draw`` (this month's uniform number or probability).
    low, high : float
        Smallest and largest value allowed.
    default : float
        Value at the start where nothing is given.
    """

    name: str
    unit: str
    meaning: str
    role: str = "state"
    low: float = 0.0
    high: float = 1.0
    default: float = 0.0


@dataclass(frozen=True, slots=True)
class Table:
    """All columns of one kind of agent, in storage order."""

    kind: str
    meaning: str
    columns: tuple[Column, ...]
    index: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for i, column in enumerate(self.columns):
            if column.name in self.index:
                raise ValueError(f"{self.kind}: two columns are named {column.name!r}")
            self.index[column.name] = i

    def __getitem__(self, name: str) -> Column:
        return self.columns[self.index[name]]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns in storage order."""
        return tuple(c.name for c in self.columns)

    def positions(self) -> Any:
        """Give a named tuple that maps each column's name to its place, usable as a constant in rules."""
        return namedtuple(f"{self.kind.title()}Columns", self.names)(*range(len(self.columns)))  # type: ignore[misc]


INF = float("inf")

GROUP_CHANNELS = (
    "to_threat",
    "to_imminent",
    "to_atrocity",
    "commission",
    "from_threat",
    "from_imminent",
    "from_atrocity",
    "killing",
    "killing_by_armed_groups",
    "displacement",
    "targeting",
    "protection",
    "exclusion",
    "grievance",
)
"""Channels that work on groups: a form of group scope reaches only the group that it is for."""

STATE_KINDS = {
    "calm": "at stage 0 or 1 and at peace",
    "at-risk": "the risk that the public assessment perceives is `assistance.at_risk` or more",
    "in-transition": "a coup attempt, an irregular change of regime or a contested election is within its half-life",
    "post-conflict": "in recovery from armed conflict",
    "at-war": "at war",
    "government-perpetrator": "the government commits violations or kills at present",
}
"""Kinds of state that a policy may be written in terms of, and when a state is of the kind; it may be of several."""


def _given(name: str, meaning: str, default: float, unit: str = "0-1", high: float = 1.0, low: float = 0.0) -> Column:
    return Column(name, unit, meaning, "given", low, high, default)


def _derived(name: str, meaning: str, unit: str = "0-1", high: float = 1.0) -> Column:
    return Column(name, unit, meaning, "derived", 0.0, high)


def _total(name: str, meaning: str, unit: str) -> Column:
    return Column(name, unit, meaning, "account", 0.0, INF)


_INHIBITOR_MEANING = {
    "security_sector": "professional and accountable security sector",
    "transition_institutions": "impartial institutions for overseeing political transitions",
    "judiciary": "judicial and human-rights institutions",
    "early_warning": "capacity to assess risk and mobilise early response",
    "local_resolution": "local capacity to resolve conflicts",
    "media": "media capacity to counteract prejudice and hate speech",
    "transitional_justice": "capacity for legitimate transitional justice",
}

RISK_FACTORS = (
    "armed conflict or other forms of instability",
    "record of serious violations",
    "weakness of State structures",
    "motives or incentives",
    "capacity to commit atrocity crimes",
    "absence of mitigating factors",
    "enabling circumstances or preparatory action",
    "triggering factors",
    "intergroup tensions or patterns of discrimination",
    "signs of an intent to destroy a protected group",
    "signs of a widespread or systematic attack",
    "signs of a plan or policy to attack a population",
    "serious threats to those protected by humanitarian law",
    "serious threats to humanitarian or peacekeeping operations",
)
"""The fourteen risk factors of the UN Framework of Analysis (2014): eight common, six specific."""

STATE = Table(
    "state",
    "a State, invented or imported",
    (
        _given("population", "inhabitants", 1e7, "persons", 2e9, 1e4),
        _given("gdp", "gross domestic product, at a yearly rate", 2e10, "US$ a year", 1e14, 1e6),
        _given("growth", "growth trend of potential GDP", 0.03, "1 a year", 0.2, -0.1),
        _given("regime", "openness of the regime: 0 closed autocracy, 1 consolidated democracy", 0.5),
        _given("capacity", "strength of State structures", 0.5),
        _given("inclusion", "effective, legitimate and inclusive governance", 0.5),
        _given("horizontal_inequality", "inequality between groups", 0.3),
        *(_given(name, meaning, 0.4) for name, meaning in _INHIBITOR_MEANING.items()),
        _given("past_violations", "record of serious violations, a decaying memory", 0.0),
        _given("resource_rents", "rents of natural resources and illicit trade, open to those who fight", 0.3),
        _given("conflict", "armed conflict: 0 peace, 1 recovery, 2 minor conflict, 3 war", 0.0, "code", 3.0),
        _given("conflict_months", "months in the present conflict state", 0.0, "months", INF),
        _given("armed_groups", "strength of armed opposition and extremist groups", 0.1),
        _given("arms", "arms and forces at hand to commit crimes with", 0.3),
        _given("finance", "illicit and state finance at hand to commit crimes with", 0.3),
        _given("motive", "motive of the leadership: ideology, threat perceived, loot", 0.2),
        _given("incitement", "public incitement against groups", 0.1),
        _given("commitment", "government's commitment to protect", 0.5),
        _given("election_interval", "months between elections; 0 where none are held", 48.0, "months", 240.0),
        _given("election_phase", "months from the start to the first election", 24.0, "months", 240.0),
        _given(
            "opponents_share",
            "share of the population who are political opponents of the government, whatever group they belong to "
            "(an assumption); 0 leaves their group out",
            0.05,
            high=0.5,
        ),
        _given(
            "operational_stage",
            "stage 0-4 that the record gives it at the start, by the definition of the targets; no rule reads it",
            0.0,
            "code",
            4.0,
        ),
        _given("x", "place on the map, west to east", 0.5),
        _given("y", "place on the map, south to north", 0.5),
        _given("veto", "probability that collective response against its will is blocked", 0.2),
        _given("permanent_member", "1 if it is a permanent member of the Security Council", 0.0, "flag"),
        _given("mission", "strength of a mission that stands at the start, under a mandate in force", 0.0),
        _given("displaced_inside", "internally displaced at present", 0.0, "persons", INF),
        _given("displaced_abroad", "refugees from here in neighbouring states at present", 0.0, "persons", INF),
        *(
            Column(f"{name}_home", "0-1", f"level to which {name} returns without assistance")
            for name in (
                "regime",
                "capacity",
                "inclusion",
                "horizontal_inequality",
                *INHIBITORS,
                "arms",
                "finance",
                "motive",
                "commitment",
                "armed_groups",
            )
        ),
        *(
            Column(f"trigger_{name}", "0-1", f"how fresh is {meaning}: 1 when it strikes, then fading")
            for name, meaning in _TRIGGER_MEANING.items()
        ),
        *(
            Column(f"rate_{name}", "1 a month", f"hazard that {meaning} strikes this month", "draw", 0.0, INF)
            for name, meaning in _TRIGGER_MEANING.items()
        ),
        *(
            Column(f"strike_{name}", "0-1", f"1 if {meaning} struck this month", "draw")
            for name, meaning in _TRIGGER_MEANING.items()
        ),
        Column(
            "conflict_change", "0-1", "probability this month of the change of conflict state that happened", "draw"
        ),
        Column("draw_conflict", "0-1", "uniform number that decides the conflict state this month", "draw"),
        Column("escalation_hazard", "1 a month", "hazard of conflict onset or escalation this month", "draw", 0.0, INF),
        Column("settlement_hazard", "1 a month", "hazard of conflict de-escalation this month", "draw", 0.0, INF),
        _derived("pressure", "combined pressure of all active triggers"),
        _derived("restraint", "restraint of the government: accountable security sector, commitment, open regime"),
        _derived("unaddressed", "record of violations that transitional justice has not addressed"),
        _derived("impunity", "impunity that perpetrators expect: courts are missing, violations had no consequences"),
        _derived("agitation", "incitement that finds an audience; education makes the public less receptive"),
        _derived("excluded_share", "share of the population in excluded groups, weighted by exclusion"),
        _derived("discontent", "largest grievance among groups, weighted by exclusion, that courts do not hear"),
        _derived("mood", "mean grievance of the population, by the groups' shares, that courts do not hear"),
        _derived("at_war", "1 if at war when the month began", "flag"),
        _derived("drive_state", "drive of the government to commit crimes: motive, means, lack of restraint, impunity"),
        _derived("drive_non_state", "drive of armed groups to commit crimes: strength, means, conflict, impunity"),
        _derived("spill_new_war", "1 if a neighbour went to war last month", "flag"),
        _derived("spill_war", "war in neighbouring states, strongest; assistance there contains it", high=100.0),
        _derived("spill_arms", "arms that flow in from neighbours at war", high=100.0),
        _derived("spill_refugees", "refugees hosted, scaled by the population"),
        _derived("spill_armed_groups", "strongest armed groups in conflict next door; aid contains them", high=100.0),
        Column("review", "0-1", "what the government accepts of the review by its peers", "derived", -1.0),
        _derived("peer_commitment", "mean commitment to protect of the neighbours, or its own where it has none"),
        _derived("stage", "highest stage among the state's groups", "stage", 4.0),
        _derived("stage_months", "months since the state's stage last changed", "months", INF),
        _derived("government_perpetrator", "1 while the government commits violations or kills now", "flag"),
        _derived("violations", "serious violations below killing, the highest among its groups"),
        Column(
            "gdp_potential",
            "US$ a year",
            "GDP had there been no conflict or atrocity since the start",
            "state",
            0.0,
            INF,
        ),
        Column("gdp_gap", "0-1", "share of potential GDP lost at present"),
        _derived("displaced_hosted", "refugees from neighbouring states hosted at present", "persons", INF),
        _derived("displaced_in_need", "displaced inside the state and refugees hosted, at present", "persons", INF),
        _derived("displaced_reached", "of these, reached by forms that care for the displaced", "persons", INF),
        _derived(
            "war_crimes_month", "civilians killed this month in armed conflict outside of atrocities", "persons", INF
        ),
        *(
            Column(
                f"aid_{c.name}",
                "log" if c.kind == "multiplier" else "0-1",
                f"what assistance adds: {c.meaning}",
                "derived",
                -INF,
                INF,
            )
            for c in CHANNELS.values()
        ),
        _derived("willingness", "willingness of the government to consent to assistance"),
        _derived("risk_score", "risk as the fourteen factors add up to it"),
        _derived("perceived", "risk as the best public assessment perceives it, with its error"),
        Column(
            "warning",
            "months",
            "months since a public warning was given, counted from 1; 0 while none is out",
            "state",
            0.0,
            INF,
        ),
        Column("warning_peak", "stage", "highest stage reached since the public warning", "state", 0.0, 4.0),
        _total("warnings_true", "public warnings that an atrocity followed in time", "count"),
        _total("warnings_near", "public warnings that imminent risk followed in time, but no atrocity", "count"),
        _total("warnings_false", "public warnings that neither followed in time: false alarms", "count"),
        _total("onsets_missed", "times that the state came to stage 4 without a public warning before", "count"),
        _derived("urgency", "crisis that bodies without the will to prevent wait for: stage or war"),
        _derived("exposure", "what neighbours have to fear from the state: war there, and refugees from it"),
        Column(
            "emphasis",
            "0-1",
            "what the policy multiplies the state's priority by, as a share of the largest that it could",
            "derived",
            default=1.0,
        ),
        _derived("trained", "how far peacekeepers are trained for their mandate, and understand it"),
        _derived("monitors_there", "largest share of their full effect that human-rights monitors reach", high=2.0),
        _derived("peacekeepers_there", "largest share of their full effect that peacekeepers reach", high=2.0),
        _derived("mission_troops", "troops deployed in missions", "persons", INF),
        _derived("mission_police", "police deployed in missions or lent to the State", "persons", INF),
        _derived("mission_civilians", "civilians deployed in missions, monitors included", "persons", INF),
        _derived("coordination", "how far what bodies do in the state is coordinated"),
        Column("coordinated", "0-1", "how far bodies have paid for its coordination, from the next month on", "state"),
        _derived("aid_forms", "forms of assistance at work, each as far as it is built up", "forms", INF),
        _derived("assessed", "how far a needs assessment is built up"),
        _derived(
            "best_help", "largest share of its full effect that any form but the needs assessment reaches, at most 1"
        ),
        _derived("prevention_at_work", "forms of prevention at full effect, summed", "forms", INF),
        _derived("forces_at_work", "how far forces are built up that armed groups come to expect help from"),
        _derived("leverage_at_work", "largest leverage behind any programme there, times what the programme reaches"),
        _derived("expected_help", "help from outside that armed groups have come to expect"),
        _derived("moral_hazard", "expected help, less what screening takes away"),
        Column("mandate", "flag", "1 while a mandate of the Security Council is in force", "state"),
        Column(
            "mandate_months",
            "months",
            "months until the mandate is in force, or since the need for it ended",
            "state",
            0.0,
            INF,
        ),
        Column("vetoed", "flag", "1 where the present crisis met a veto", "state"),
        Column("mandate_age", "months", "months that the mandate has been in force", "state", 0.0, INF),
        Column("extensions", "count", "times that the Security Council extended a mandate", "account", 0.0, INF),
        Column("votes_failed", "count", "votes on a mandate that found no nine in favour", "account", 0.0, INF),
        _derived("debated", "1 while the Security Council debates the state and no mandate is in force", "flag"),
        _derived("requested", "1 where the government asks for police, or a mandate says so", "flag"),
        Column("embargo", "flag", "1 while an arms embargo of the Security Council is in force", "state"),
        Column(
            "jurisdiction",
            "code",
            "of an international court: 0 none, 1 the State is a member, 2 referred by the Security Council",
            "state",
            0.0,
            2.0,
        ),
        Column(
            "inquiry",
            "months",
            "months that a commission of inquiry of the Human Rights Council still has; 0 where none works",
            "state",
            0.0,
            INF,
        ),
        Column("inquiries", "count", "special sessions of the Human Rights Council", "account", 0.0, INF),
        Column("council", "flag", "1 where a Security Council acts", "derived"),
        Column("council_delay", "months", "months from a need seen to a decision, of the Council", "derived", 0.0, INF),
        Column(
            "council_tie",
            "1",
            "how much closer than others its government is tied to a permanent member, as it bears on a veto",
            "derived",
            -1.0,
            1.0,
        ),
        Column("council_will", "0-1", "political will of the Council to act", "derived"),
        Column("rights_council", "flag", "1 where a Human Rights Council acts", "derived"),
        Column(
            "threatened",
            "month",
            "number of the month, from 1, in which stage 2 was first reached; 0 if never",
            "state",
            0.0,
            INF,
        ),
        Column(
            "helped",
            "month",
            "number of the month, from 1, in which help first counted as having arrived; 0 if never",
            "state",
            0.0,
            INF,
        ),
        Column(
            "since_crisis",
            "months",
            "months since the latest crisis (war, or stage 3 or 4), counted from 1 in a crisis; 0 before the first",
            "state",
            0.0,
            INF,
        ),
        _derived("calls_for_mission", "1 in a crisis and for as long after it as mandates stay", "flag"),
        Column(
            "manifest_failure",
            "code",
            "whether the present crisis calls for Pillar III: 0 not yet, 1 it does, 2 and was mandated, 3 or vetoed",
            "state",
            0.0,
            3.0,
        ),
        _total("pillar3_called", "crises that came to stage 4, and so called for Pillar III", "count"),
        _total("pillar3_mandated", "of these, those in which the Security Council gave a mandate", "count"),
        _total("pillar3_vetoed", "of these, those that met a veto", "count"),
        _total("pillar3_months", "months at stage 4, which called for Pillar III", "months"),
        _total("pillar3_uncovered", "of these, months in which no form that takes a mandate was at work", "months"),
        *(
            _total(f"episodes_{side}", f"episodes of atrocity that began since the start, killing {who}", "count")
            for side, who in SIDES.items()
        ),
        *(
            Column(
                f"spell_{side}",
                "code",
                f"years of killing {who}: 0 none, 1 below the threshold, 2 the same and reached in a quiet year, "
                "3 an episode, 4 there at the start",
                "state",
                0.0,
                4.0,
            )
            for side, who in SIDES.items()
        ),
        *(
            Column(f"quiet_{side}", "years", f"calendar years since the last with killing {who}", "state", 0.0, INF)
            for side, who in SIDES.items()
        ),
        _total("hosting_cost", "cost of hosting refugees", "US$"),
        _total("reconstruction_cost", "external reconstruction aid", "US$"),
        _total("atrocity_months", "group-months of atrocity", "months"),
        _total("gdp_lost", "GDP lost since the start, in the state's own economy", "US$"),
        _total("deaths", "killed in atrocities since the start", "persons"),
        _total("displaced", "driven from home since the start", "persons"),
        _total(
            "displaced_conflict", "of these, by the fighting of an armed conflict: they belong to no group", "persons"
        ),
        _total("displaced_women", "of the driven from home, women", "persons"),
        _total("displaced_children", "of the driven from home, children", "persons"),
        _total("expelled", "of the driven from home, driven out of their homes as members of a group", "persons"),
        _total("expulsions", "campaigns that began and were mainly expulsion", "count"),
        _total(
            "persecuted_months",
            "months lived by members of groups under grave violations short of killing",
            "person-months",
        ),
        _total("war_crimes", "civilians killed in armed conflict outside of atrocities since the start", "persons"),
        _total(
            "protection_needed", "months of displacement: inside the state, and of refugees hosted", "person-months"
        ),
        _total("protection_reached", "of these, months reached by forms that care for the displaced", "person-months"),
        _total("refugees_received", "refugees received from other states since the start", "persons"),
        *(_derived(f"rf{i + 1}", f"risk factor {i + 1}: {name}") for i, name in enumerate(RISK_FACTORS)),
        _derived("risk_present", "strongest of the risk factors 1-7 that are present, 0 where none is"),
    ),
)

GROUP = Table(
    "group",
    "a population group in its state",
    (
        _given(
            "opponents",
            "1 for the political opponents of the government, who belong to other groups as well",
            0.0,
            "flag",
        ),
        _given("share", "share of the state's population at the start", 0.1),
        _given("exclusion", "exclusion from political power", 0.2),
        _given("grievance", "grievance against the order of the state", 0.2),
        _given("targeting", "systematic targeting of the group", 0.0),
        _given("preparation", "preparatory action against the group", 0.0),
        _given(
            "violations",
            "serious violations below killing against the group: detention, expulsion, denial of citizenship, attacks",
            0.0,
        ),
        _given("protection", "protection that the group can count on", 0.1),
        _given("stage", "stage 0-4", 0.0, "stage", 4.0),
        _given("perpetrator", "0 none, 1 state, 2 non-state, 3 both", 0.0, "code", 3.0),
        Column("exclusion_home", "0-1", "exclusion to which the group returns without political change"),
        Column(
            "by_regime",
            "flag",
            "1 where that level follows the openness of the regime: opponents of no given exclusion",
        ),
        Column("persons", "persons", "members alive", "state", 0.0, INF),
        Column("stage_months", "months", "months in the present stage", "state", 0.0, INF),
        Column("stage_before", "stage", "stage a month ago", "derived", 0.0, 4.0),
        _derived("at_pressure", "trigger pressure in its state"),
        _derived("at_conflict", "conflict in its state: 0 peace, 0.25 recovery, 0.6 minor conflict, 1 war"),
        _derived("at_restraint", "restraint in its state"),
        _derived("at_incitement", "incitement in its state that finds an audience"),
        _derived("at_means", "means at hand of the likely perpetrators in its state"),
        _derived("at_motive", "motive of the leadership of its state"),
        _derived("at_past", "past violations in its state that justice has not addressed"),
        _derived("at_inequality", "horizontal inequality in its state"),
        _derived("at_inclusion", "inclusive governance in its state"),
        Column(
            "at_inclusion_gain",
            "0-1",
            "gain of inclusion over its home level in its state, below 0 for a loss",
            "derived",
            -1.0,
        ),
        _derived("at_upheaval", "1 in the month of an irregular transition in its state", "flag"),
        _derived("at_turmoil", "how fresh a coup attempt or an irregular transition is in its state"),
        _derived("at_reach", "share of the people of its state who can still be driven from home"),
        _derived("at_drive_state", "drive of the government of its state"),
        _derived("at_drive_non_state", "drive of armed groups in its state"),
        _derived("drive_by_state", "drive of the government of its state against the group"),
        _derived("drive_by_armed_groups", "drive of armed groups in its state against the group"),
        _derived("at_risk", "strongest of the risk factors 1-7 of its state that are present"),
        _derived("kin_pressure", "suffering of kin groups across the border"),
        _derived("risk", "strength of the risk factors present, 0 where none is present"),
        _derived("marked", "how far the group is targeted or excluded: 0 only where it is neither"),
        Column("hazard_up", "1 a month", "hazard of the next higher stage this month", "draw", 0.0, INF),
        Column("hazard_down", "1 a month", "hazard of any lower stage this month", "draw", 0.0, INF),
        Column("draw_stage", "0-1", "uniform number that decides the stage this month", "draw"),
        Column("stage_change", "0-1", "probability this month of the change of stage that happened", "draw"),
        Column(
            "intensity",
            "1 a month",
            "killing rate of the present campaign at its height, persons a month; 0 where there is none",
            "state",
            0.0,
            INF,
        ),
        Column(
            "campaign",
            "code",
            "kind of the present campaign: 0 none, 1 mainly killing, 2 mainly expulsion",
            "state",
            0.0,
            2.0,
        ),
        Column("campaign_months", "months", "months since the campaign stood at its height", "state", 0.0, INF),
        Column("lull", "months", "months that the campaign has paused, the group below stage 4", "state", 0.0, INF),
        *(
            Column(
                f"aid_{name}",
                "log" if CHANNELS[name].kind == "multiplier" else "0-1",
                f"what assistance adds for this group: {CHANNELS[name].meaning}",
                "derived",
                -INF,
                INF,
            )
            for name in GROUP_CHANNELS
        ),
        _derived("deaths_month", "killed this month", "persons", INF),
        _derived("displaced_month", "driven from home this month", "persons", INF),
        _derived("expelled_month", "of these, driven out of their homes as members of the group", "persons", INF),
        _derived("persecuted_month", "members under grave violations short of killing this month", "persons", INF),
        Column(
            "away",
            "persons",
            "members driven from home in attacks on the group who have neither returned nor settled",
            "state",
            0.0,
            INF,
        ),
        Column("deaths_year", "persons", "killed in the last twelve months", "state", 0.0, INF),
        *(
            Column(
                f"deaths_ring{i}",
                "persons",
                f"killed in the latest month whose number is {i} modulo 12",
                "state",
                0.0,
                INF,
            )
            for i in range(12)
        ),
        _total("deaths", "killed since the start", "persons"),
        _total("displaced", "driven from home since the start", "persons"),
        _total("expelled", "of these, driven out of their homes as members of the group", "persons"),
        _total("expulsions", "campaigns that began and were mainly expulsion", "count"),
        _total("persecuted_months", "months lived under grave violations short of killing", "person-months"),
        _total("atrocity_entries", "entries into stage 4 since the start", "count"),
        _total("sudden_entries", "of those, entries straight from threat, without a stay at imminent risk", "count"),
        _total("imminent_entries", "stays at imminent risk since the start that began from a lower stage", "count"),
        _total("imminent_escalated", "of those, stays that ended in atrocity", "count"),
        _total("imminent_averted", "of those, stays that ended without atrocity: near misses", "count"),
        Column(
            "imminent_from_below", "flag", "1 during a stay at imminent risk that began from a lower stage", "state"
        ),
        _total("crossings", "times that the killed of twelve months first reached the threshold", "count"),
        Column("crossed", "flag", "1 from the threshold's first month to the end of stage 4", "state"),
        Column("calendar_deaths", "persons", "killed in this calendar year", "state", 0.0, INF),
        Column(
            "calendar_peak",
            "persons",
            "most killed in twelve months that ended in this calendar year",
            "state",
            0.0,
            INF,
        ),
        Column("calendar_by_state", "flag", "1 if the government was a perpetrator in this calendar year", "state"),
        Column("began_in_atrocity", "flag", "1 if it stood at stage 4 before the first month", "state"),
        Column(
            "known_perpetrator", "code", "its perpetrator then: 0 none, 1 state, 2 non-state, 3 both", "state", 0.0, 3.0
        ),
        *(_derived(f"rf{i + 1}", f"risk factor {i + 1}: {RISK_FACTORS[i]}") for i in range(8, 14)),
    ),
)

BODY = Table(
    "body",
    "a regional organisation, a UN body or a partner that may assist",
    (
        _given("budget", "money received a year", 0.0, "US$ a year", 1e12),
        _given("decision_delay", "months from a need seen to a decision in force", 3.0, "months", 60.0),
        _given("rhythm", "months between decisions", 3.0, "months", 24.0, 1.0),
        _given("leverage", "leverage over its members", 0.3),
        _given("noise", "standard deviation of its error in assessing a state's risk", 0.2),
        _given("will", "political will to act before a crisis", 0.3),
        _given("interest", "how far it looks at what reaches neighbours instead of at the risk of atrocity", 0.0),
        _given("carry_over", "share of unspent money that it may keep at the end of a year", 0.0),
        _given(
            "attention",
            "programmes that it can fund at a time; 0: as many as `assistance.attention` says",
            0.0,
            "count",
            1000.0,
        ),
        Column("regional", "flag", "1 if it holds the mandate of a regional mechanism", "derived"),
        Column("responds", "flag", "1 if its budget counts as response where a total is divided anew", "derived"),
        Column("court", "flag", "1 if it prosecutes: it acts only where it has jurisdiction", "derived"),
        Column("coordinates", "flag", "1 if it coordinates what all bodies do in its members", "derived"),
        Column(
            "coordinating", "US cents", "what coordination would have cost it last month, in full", "state", 0.0, INF
        ),
        Column("balance", "US cents", "money at hand", "account", 0.0, INF),
        Column("received", "US cents", "money received since the start", "account", 0.0, INF),
        Column("spent", "US cents", "money spent since the start", "account", 0.0, INF),
        Column("spent_prevention", "US cents", "of that, on forms of prevention before a crisis", "account", 0.0, INF),
        Column(
            "spent_response",
            "US cents",
            "of that, on all else: forms of response, and any form in a crisis",
            "account",
            0.0,
            INF,
        ),
        Column("met", "US cents", "what it met of needs for response, at the price of the need", "account", 0.0, INF),
        Column("returned", "US cents", "money returned unspent since the start", "account", 0.0, INF),
        Column("pledged", "US cents a month", "money pledged at present", "derived", 0.0, INF),
        Column("pledges", "count", "programmes that it funds or is to fund: its slots in use", "state", 0.0, INF),
        Column("decisions", "count", "decisions taken since the start", "account", 0.0, INF),
    ),
)

FORM = Table(
    "form",
    "a form of assistance: an entry of the catalogue, not an agent",
    (
        Column("first_stage", "stage", "first stage of a state at which it applies", "given", 0.0, 4.0),
        Column("last_stage", "stage", "last stage of a state at which it applies", "given", 0.0, 4.0),
        Column("group_scope", "flag", "1 if it works for the group most at risk, 0 if for all groups", "given"),
        Column("unit_cost", "US cents a month", "cost in one state, for the full effect", "given", 0.0, INF),
        Column(
            "person_cost", "US cents a month", "further cost for each displaced person cared for", "given", 0.0, INF
        ),
        Column("lag", "months", "months to the full effect, once funded", "given", 0.0, INF),
        Column("half_life", "months", "months in which the effect halves when unfunded", "given", 0.0, INF),
        Column("needs_assessment", "flag", "1 if it begins with a needs assessment", "given"),
        Column("is_assessment", "flag", "1 if it is the needs assessment", "given"),
        Column("consent", "0-1", "how far it depends on the government's consent", "given"),
        Column("under_perpetrator", "0-1", "share of the effect left where the government is a perpetrator", "given"),
        Column("backlash", "0-1", "probability that an unscreened programme backfires", "given"),
        Column("response", "flag", "1 if its cost is response, 0 if prevention", "given"),
        Column("mandate", "flag", "1 if it needs a mandate of the Security Council", "given"),
        Column("military", "flag", "1 if armed groups come to expect help from it", "given"),
        Column("rapid", "flag", "1 if money on standby can pay for it at once", "given"),
        Column("gate", "place", "column of the state that must be above 0 for it to apply, or -1", "given", -1.0, INF),
        Column(
            "part",
            "code",
            "in a mission: 0 none, 1 peacekeepers, 2 human-rights monitors, 3 training for the mandate",
            "given",
            0.0,
            3.0,
        ),
        Column("peaceful", "flag", "1 if it is among the peaceful means that the Council calls for first", "given"),
        Column("troops", "persons", "troops deployed at full strength", "given", 0.0, INF),
        Column("police", "persons", "police deployed at full strength", "given", 0.0, INF),
        Column("civilians", "persons", "civilians deployed at full strength", "given", 0.0, INF),
        Column(
            "potency",
            "0-1",
            "size of its effects, as bodies expect it when they choose, times the policy's priority for the form",
            "given",
            0.0,
            INF,
        ),
        Column("need", "place", "column of the state whose lack it answers to, or -1", "given", -1.0, INF),
        Column("share", "0-1", "part of what bodies can promise that the policy earmarks for the form", "given"),
    ),
)

PREFERENCE = Table(
    "preference",
    "what a policy prefers, beside its parameters and the columns of forms: one row, not an agent",
    (
        *(_given(f"stage_{k}", f"priority of states at stage {k}", 1.0, "ratio", 10.0) for k in range(len(STAGES))),
        *(
            _given(f"kind_{name.replace('-', '_')}", f"priority of states of the kind {name}", 1.0, "ratio", 10.0)
            for name in STATE_KINDS
        ),
        *(_given(f"share_{k}", f"part earmarked for states at stage {k}", 0.0) for k in range(len(STAGES))),
        Column("largest", "ratio", "largest product of priorities that a state can have", "given", 0.0, INF, 1.0),
        Column("selects", "flag", "1 if any state has another priority than any other", "given"),
        Column("earmarks", "flag", "1 if anything is earmarked, for a form or a stage", "given"),
    ),
)

PROGRAMME = Table(
    "programme",
    "one form of assistance in one state, by whoever provides it",
    (
        Column("consent", "0-1", "the government's consent to this form"),
        Column(
            "quality",
            "0-1",
            "share of the effect in its entry that its strength reaches; 1 under the conditions of the studies",
            "derived",
            -4.0,
            4.0,
        ),
        Column("strength", "0-1", "how far it is built up"),
        Column("cost", "US cents a month", "cost of the full effect at present", "derived", 0.0, INF),
        Column(
            "offered", "US cents a month", "money put up for it this month so far, by all bodies", "derived", 0.0, INF
        ),
        Column("pledged", "US cents a month", "money put up for it last month, by all bodies", "derived", 0.0, INF),
        Column(
            "levered",
            "US cents a month",
            "the same money so far, each body's multiplied by its leverage and rounded down",
            "derived",
            0.0,
            INF,
        ),
        Column("leverage", "0-1", "mean leverage of the money that is put up for it", "derived"),
        Column("funded", "0-1", "share of its cost that is funded this month", "derived"),
        Column("accepted", "0-1", "share of the money offered that it can use", "derived", default=1.0),
        Column("months", "months", "months since it began; 0 if it does not run", "state", 0.0, INF),
        Column("backfires", "flag", "1 if it does harm instead of good", "state"),
        Column(
            "misjudged",
            "0-1",
            "error of bodies this year about how much the state lacks what it builds, were nothing assessed",
            "state",
            -1.0,
            1.0,
        ),
        Column(
            "worth",
            "1",
            "size of its effects over the square root of its cost, as bodies weigh it",
            "derived",
            0.0,
            INF,
        ),
        Column(
            "demand",
            "1",
            "worth, times how much the state lacks what it builds; -1 where the form does not apply at present",
            "derived",
            -1.0,
            INF,
        ),
        Column(
            "needed",
            "US cents a month",
            "cost of the full effect, unscreened, where a crisis calls for it as response, whoever pays; else 0",
            "derived",
            0.0,
            INF,
        ),
        *(
            Column(f"{account}_{k}", "US cents", f"{what} while its state stood at stage {k}", "account", 0.0, INF)
            for account, what in (
                ("spent", "money spent on it"),
                ("needed", "what it needed"),
                ("met", "what was met of its need, at the price of the need,"),
            )
            for k in range(5)
        ),
    ),
)

PLEDGE = Table(
    "pledge",
    "a body's promise to fund a programme: a slot of the body, not an agent",
    (
        Column("programme", "row", "row of the programme, or -1", "state", -1.0, INF, -1.0),
        Column("state", "row", "its state", "derived", 0.0, INF),
        Column("form", "row", "its form", "derived", 0.0, INF),
        Column("amount", "US cents a month", "money promised", "state", 0.0, INF),
        Column("begins", "month", "first month in which it is paid", "state", 0.0, INF),
        Column("standby", "flag", "1 if money on standby pays for it", "state"),
        Column("offer", "US cents", "money put up this month", "derived", 0.0, INF),
        Column("last_offer", "US cents", "money put up last month", "derived", 0.0, INF),
        Column("note", "row", "its row among the body's notes", "derived", 0.0, INF),
        Column("former", "row", "note of the slot before the latest decision, or -1", "derived", -1.0, INF, -1.0),
    ),
)

NOTE = Table(
    "note",
    "what a body notes of a form in one of its members while it decides, not an agent",
    (
        Column("slot", "count", "during a decision: number of the body's pledge, from 1; else 0", "derived", 0.0, INF),
        Column(
            "own",
            "US cents",
            "during a decision: what the body put up last month, less what it promises now; else 0",
            "derived",
            -INF,
            INF,
        ),
    ),
)

RATING = Table(
    "rating",
    "a member state as a body rated it at its latest decision, not an agent",
    (
        _derived("seen", "risk of the member, as the body saw it"),
        _derived("early_warning", "capacity for early warning of the member"),
        _derived(
            "error", "standard deviation of the error in what is seen, the public one and the body's own", high=INF
        ),
        _derived("urgency", "urgency of the member"),
        _derived("priority", "priority of the member"),
        Column(
            "ranked",
            "count",
            "members in this stretch of priority or a better one, where the ranking begins",
            "derived",
            0.0,
            INF,
        ),
        Column("candidate", "row", "member of this rank, by its place among the body's members", "derived", 0.0, INF),
    ),
)

TABLES = {t.kind: t for t in (STATE, GROUP, BODY, FORM, PROGRAMME, PLEDGE, NOTE, RATING, PREFERENCE)}

S: Any = STATE.positions()
"""Places of the columns of a state: ``state[S.incitement]``."""
G: Any = GROUP.positions()
"""Places of the columns of a group."""
B: Any = BODY.positions()
"""Places of the columns of a body."""
PR: Any = PROGRAMME.positions()
"""Places of the columns of a programme."""
F: Any = FORM.positions()
"""Places of the columns of a form."""
L: Any = PLEDGE.positions()
"""Places of the columns of a pledge."""
N: Any = NOTE.positions()
"""Places of the columns of a note."""
R: Any = RATING.positions()
"""Places of the columns of a rating."""
PF: Any = PREFERENCE.positions()
"""Places of what a policy prefers."""
