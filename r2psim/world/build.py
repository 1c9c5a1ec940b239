"""A scenario becomes rows of columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.declarations.columns import (
    BODY,
    CONFLICT,
    FORM,
    GROUP,
    NOTE,
    PLEDGE,
    PR,
    PREFERENCE,
    PROGRAMME,
    RATING,
    STATE,
    STATUS_EXCLUSION,
    B,
    F,
    G,
    L,
    S,
    Table,
)
from r2psim.scenario.forms import PARTS
from r2psim.scenario.parameters import P
from r2psim.world.assistance import build_assistance
from r2psim.world.entity_ids import identity
from r2psim.world.rows import Rows, sparse

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.scenario.specs import BodySpec

__all__ = ["World", "build"]

HOME = "_home"


@dataclass(frozen=True, slots=True)
class World:
    """A built world: rows as they stand before the first month, and what they are called.

    Attributes
    ----------
    rows : Rows
        The start; copy it for each run (`r2psim.world.rows.copy_rows`).
    states, groups, bodies, forms : tuple of str
        Identifiers in the order of the rows; a group is ``state/group``.
    names : dict of str to str
        Identifier -> name to show.
    regions : tuple of str
        Region of each state.
    kinds : tuple of str
        Kind of each body: regional organisation, UN body or partner.
    """

    rows: Rows
    states: tuple[str, ...]
    groups: tuple[str, ...]
    bodies: tuple[str, ...]
    forms: tuple[str, ...]
    names: dict[str, str]
    regions: tuple[str, ...]
    kinds: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"World(states={len(self.states)}, groups={len(self.groups)}, bodies={len(self.bodies)}, "
            f"forms={len(self.forms)})"
        )


def _block(table: Table, entries: list[dict[str, float]]) -> np.ndarray:
    """Fill a block from the values given for each row, defaults elsewhere."""
    block = np.empty((len(table.columns), len(entries)))
    for place, column in enumerate(table.columns):
        block[place] = [entry.get(column.name, column.default) for entry in entries]
    return block


def _symmetric(names: list[str], ties: dict[str, list[str]]) -> list[list[int]]:
    """Close ties between rows under symmetry."""
    row = {name: i for i, name in enumerate(names)}
    sets: list[set[int]] = [set() for _ in names]
    for name, others in ties.items():
        for other in others:
            sets[row[name]].add(row[other])
            sets[row[other]].add(row[name])
    return [sorted(s) for s in sets]


def _identities(kind: str, names: list[str]) -> np.ndarray:
    ids = np.array([identity(f"{kind}:{name}") for name in names], dtype=np.uint64)
    if len(np.unique(ids)) != len(ids):
        raise ValueError(f"two {kind} identifiers have the same 64-bit identity; rename one of them")
    return ids


def _with_homes(values: dict[str, float], home: dict[str, float], table: Table) -> dict[str, float]:
    """Set every home level: the given one, else where the variable starts."""
    full = dict(values)
    for column in table.columns:
        if column.name.endswith(HOME):
            base = column.name.removesuffix(HOME)
            full[column.name] = home.get(base, values.get(base, table[base].default))
    return full


def build(scenario: Scenario, policy: str | None = None) -> World:
    """Build the world of a scenario under a policy.

    Parameters
    ----------
    scenario : Scenario
        Checked; what its ``generate`` section asks for is drawn here.
    policy : str, optional
        Sets the budgets of the bodies; the policy's other parameters are the rules' affair.

    Returns
    -------
    World
        Rows in the order of the scenario's states; the groups of a state follow one another.
    """
    state_names = list(scenario.states)
    states: list[dict[str, float]] = []
    groups: list[dict[str, float]] = []
    group_names: list[str] = []
    home: list[int] = []
    first_group = [0]
    names: dict[str, str] = {}
    kin: dict[str, list[str]] = {}
    for row, (key, spec) in enumerate(scenario.states.items()):
        names[key] = spec.name
        values = _with_homes(spec.values, spec.home, STATE)
        values["gdp_potential"] = values.get("gdp", STATE["gdp"].default)
        states.append(values)
        for short, group in spec.groups.items():
            full = f"{key}/{short}"
            names[full] = group.name
            kin[full] = list(group.kin)
            entry = dict(group.values)
            if "exclusion" not in entry and group.status is not None:
                entry["exclusion"] = STATUS_EXCLUSION[group.status]
            entry["by_regime"] = float(entry.get("opponents", 0.0) > 0.0 and "exclusion" not in entry)
            entry = _with_homes(entry, {}, GROUP)
            population = values.get("population", STATE["population"].default)
            entry["persons"] = float(np.floor(population * entry.get("share", GROUP["share"].default)))
            groups.append(entry)
            group_names.append(full)
            home.append(row)
        first_group.append(len(groups))

    neighbour_start, neighbour = sparse(
        _symmetric(state_names, {k: list(s.neighbours) for k, s in scenario.states.items()})
    )
    kin_start, kin_rows = sparse(_symmetric(group_names, kin))
    row_of = {name: i for i, name in enumerate(state_names)}
    members: list[list[int]] = []
    for key, body in scenario.bodies.items():
        names[key] = body.name
        everyone: Any = state_names if body.members == "all" else body.members
        covered = [row_of[m] for m in everyone]
        _note_institution(body, [states[s] for s in covered])
        # Neighbours reach whoever lives next door to somebody: over a sea there is no border to close, and no interest.
        alone = [neighbour_start[s] == neighbour_start[s + 1] and "neighbour" in body.mandates for s in covered]
        own = [s for s, is_alone in zip(covered, alone, strict=True) if not is_alone]
        # A court may come to act anywhere: the Security Council can refer a State that is no member of it.
        members.append(list(range(len(state_names))) if body.mandates == ("court",) else own)
    member_start, member = sparse(members)
    assistance = build_assistance(scenario, policy)
    state_id = _identities("state", state_names)
    # No body can have more programmes than it has forms and members.
    reach = np.diff(assistance.provides_start) * np.diff(member_start)
    attention = np.array([body["attention"] for body in assistance.bodies], dtype=np.int64)
    pledge_start = np.concatenate([[0], np.cumsum(np.minimum(attention, reach))]).astype(np.int64)

    rows = Rows(
        state=_block(STATE, states),
        group=_block(GROUP, groups),
        body=_block(BODY, assistance.bodies),
        programme=_block(PROGRAMME, [{}] * (len(states) * len(assistance.forms))),
        pledge=_block(PLEDGE, [{}] * int(pledge_start[-1])),
        rating=_block(RATING, [{}] * len(member)),
        ledger=np.zeros((len(assistance.bodies), len(assistance.forms))),
        note=_block(NOTE, [{}] * int(reach.sum())),
        form=_block(FORM, assistance.forms),
        preference=_block(PREFERENCE, [assistance.preference]),
        state_id=state_id,
        group_id=_identities("group", group_names),
        body_id=_identities("body", list(scenario.bodies)),
        form_id=_identities("form", list(assistance.names)),
        runs=np.array([1], dtype=np.int64),
        state_run=np.zeros(len(states), dtype=np.uint64),
        group_run=np.zeros(len(groups), dtype=np.uint64),
        body_run=np.zeros(len(assistance.bodies), dtype=np.uint64),
        home=np.array(home, dtype=np.int64),
        first_group=np.array(first_group, dtype=np.int64),
        neighbour_start=neighbour_start,
        neighbour=neighbour,
        kin_start=kin_start,
        kin=kin_rows,
        member_start=member_start,
        member=member,
        member_id=state_id[member],
        pledge_start=pledge_start,
        provides_start=assistance.provides_start,
        provides=assistance.provides,
        note_start=np.concatenate([[0], np.cumsum(reach)]).astype(np.int64),
        effect_start=assistance.effect_start,
        effect_channel=assistance.effect_channel,
        effect_size=assistance.effect_size,
        effect_harms=assistance.effect_harms,
    )
    regional = [
        np.isin(np.arange(len(states)), covered)
        for body, covered in zip(scenario.bodies.values(), members, strict=True)
        if "regional" in body.mandates
    ]
    rows.state[S.council_tie] = _council_ties(rows, regional)
    _stand(rows)
    _keep_missions(rows, scenario.parameter_values(policy))
    return World(
        rows=rows,
        states=tuple(state_names),
        groups=tuple(group_names),
        bodies=tuple(scenario.bodies),
        forms=assistance.names,
        names=names,
        regions=tuple(s.region for s in scenario.states.values()),
        kinds=tuple(b.kind for b in scenario.bodies.values()),
    )


def _note_institution(body: BodySpec, states: list[dict[str, float]]) -> None:
    """Note at its members that a Security Council, a Human Rights Council or a court acts there."""
    for values in states:
        if "security-council" in body.mandates:
            values["council"] = 1.0
            values["council_delay"] = body.values.get("decision_delay", BODY["decision_delay"].default)
            values["council_will"] = body.values.get("will", BODY["will"].default)
        if "human-rights-council" in body.mandates:
            values["rights_council"] = 1.0
        if "court" in body.mandates:
            values["jurisdiction"] = 1.0


def _council_ties(rows: Rows, regional: list[np.ndarray]) -> np.ndarray:
    """Give how the ties of permanent members of the Council bear on the chance that one of them objects.

    A member is tied to the government of a State by a common border, a common regional organisation and kin on both
    sides: each is a third of a tie. With its own government it is tied wholly. Of several members the closest counts.
    With the chance of a veto v and the tie t, what is given is ``v (1 - v) (t - T)``, T being the mean of ties weighted
    by ``v (1 - v)``: the mean chance over States stays what it was, and no chance leaves 0-1.
    """
    count = rows.state.shape[1]
    veto = rows.state[S.veto]
    tie = np.zeros(count)
    for k in np.flatnonzero(rows.state[S.permanent_member] > 0.0):
        near = np.zeros(count)
        near[rows.neighbour[rows.neighbour_start[k] : rows.neighbour_start[k + 1]]] = 1.0
        fellow = np.zeros(count)
        for among in regional:
            fellow[among] = np.maximum(fellow[among], float(among[k]))
        akin = np.zeros(count)
        own = range(rows.first_group[k], rows.first_group[k + 1])
        for g in own:
            akin[rows.home[rows.kin[rows.kin_start[g] : rows.kin_start[g + 1]]]] = 1.0
        closest = (near + fellow + akin) / 3.0
        closest[k] = 1.0
        tie = np.maximum(tie, closest)
    room = veto * (1.0 - veto)
    total = float(room.sum())
    usual = float((room * tie).sum()) / total if total > 0.0 else 0.0
    ties: np.ndarray = room * (tie - usual)
    return ties


def _keep_missions(rows: Rows, p: np.ndarray) -> None:
    """Put missions in place that stand at the start: a mandate, peacekeepers at their strength, who pays for them.

    A mission stands where there is a Security Council. Its mandate has a term left at least, however long the crisis
    has been over: what stands has been extended. The bodies that can send peacekeepers there go on paying what they pay
    for it, one after the other as far as the budgets go.
    """
    states = rows.state.shape[1]
    dearer = 1.0 + p[P.principles_harm_cost] * p[P.principles_harm_screening]
    left = np.floor(rows.body[B.budget] * 100.0 / 12.0)
    stands = (rows.state[S.mission] > 0.0) & (rows.state[S.council] > 0.0)
    rows.state[S.mandate, stands] = 1.0
    since = np.maximum(rows.state[S.since_crisis] - 2.0, 0.0)
    left_out = max(p[P.response_mandate_stay] - p[P.response_mandate_term], 0.0)
    rows.state[S.mandate_months] = np.where(stands, np.minimum(since, np.floor(left_out)), 0.0)
    for f in np.flatnonzero(rows.form[F.part] == list(PARTS).index("peacekeepers")):
        for s in np.flatnonzero(stands):
            row = f * states + s
            rows.programme[PR.strength, row] = rows.state[S.mission, s]
            rows.programme[PR.months, row] = 1.0
            missing = np.floor(np.floor(rows.form[F.unit_cost, f] * dearer) * rows.state[S.mission, s])
            for b in range(rows.body.shape[1]):
                provided = rows.provides[rows.provides_start[b] : rows.provides_start[b + 1]]
                members = rows.member[rows.member_start[b] : rows.member_start[b + 1]]
                amount = min(missing, left[b])
                slot = rows.pledge_start[b] + int(rows.body[B.pledges, b])
                if f in provided and s in members and amount >= 1.0 and slot < rows.pledge_start[b + 1]:
                    rows.pledge[[L.programme, L.state, L.form], slot] = row, s, f
                    rows.pledge[[L.amount, L.last_offer], slot] = amount
                    (place,), (e,) = np.flatnonzero(members == s), np.flatnonzero(provided == f)
                    rows.pledge[L.note, slot] = place * len(provided) + e
                    rows.body[B.pledges, b] += 1.0
                    rows.programme[PR.offered, row] += amount
                    missing -= amount
                    left[b] -= amount


def _stand(rows: Rows) -> None:
    """Set what follows from the start: a state's stage, perpetrators and last crisis, a group's last stage."""
    rows.group[G.stage_before] = rows.group[G.stage]
    rows.group[G.began_in_atrocity] = rows.group[G.stage] == 4.0
    rows.group[G.known_perpetrator] = np.where(rows.group[G.stage] == 4.0, rows.group[G.perpetrator], 0.0)
    # Where a conflict has just ended, a mission is called for as after one that ends during the run; where one stands
    # in a milder conflict or at peace, a crisis came before it.
    recovering = rows.state[S.conflict] == CONFLICT.index("recovery")
    over = np.where(rows.state[S.mission] > 0.0, 2.0, 0.0)
    rows.state[S.since_crisis] = np.where(recovering, 2.0 + np.floor(rows.state[S.conflict_months]), over)
    for s in range(rows.state.shape[1]):
        own = slice(rows.first_group[s], rows.first_group[s + 1])
        stage = rows.group[G.stage, own]
        kind = rows.group[G.perpetrator, own]
        rows.state[S.stage, s] = stage.max(initial=0.0)
        rows.state[S.government_perpetrator, s] = float(((kind == 1) | (kind == 3)).any())
