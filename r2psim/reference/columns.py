"""The variables of the plain model as columns, so that a test can compare it with the compiled rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.declarations.columns import BODY, GROUP, PROGRAMME, STATE, TRIGGERS, Table

if TYPE_CHECKING:
    from r2psim.reference.group import Group
    from r2psim.reference.model import PlainModel
    from r2psim.reference.programme import Programme
    from r2psim.reference.state import State

__all__ = ["LEFT_OUT", "columns"]

LEFT_OUT = {"group": ("at_risk",)}
"""Columns that the plain model does not keep: what a group saw of its state's risk factors of last month."""


def _numbered(prefix: str, values: list[Any], first: int = 0) -> dict[str, Any]:
    return {f"{prefix}{i}": value for i, value in enumerate(values, first)}


def state_values(state: State) -> dict[str, Any]:
    """Give the values of a state by column."""
    return {
        **vars(state),
        **state.inhibitors,
        **{f"{name}_home": level for name, level in state.inhibitor_homes.items()},
        **{f"trigger_{name}": state.fresh[name] for name in TRIGGERS},
        **{f"rate_{name}": state.rates[name] for name in TRIGGERS},
        **{f"strike_{name}": state.struck[name] for name in TRIGGERS},
        **{f"aid_{name}": size for name, size in state.aid.items()},
        **{f"spell_{side}": spell.code for side, spell in state.spells.items()},
        **{f"quiet_{side}": spell.quiet for side, spell in state.spells.items()},
        **{f"episodes_{side}": spell.episodes for side, spell in state.spells.items()},
        **_numbered("rf", state.risk_factors, 1),
    }


def group_values(group: Group) -> dict[str, Any]:
    """Give the values of a group by column, with what it reads of its state."""
    state = group.state
    return {
        **vars(group),
        **{f"aid_{name}": size for name, size in group.aid.items()},
        **_numbered("deaths_ring", group.deaths_by_month),
        **_numbered("rf", group.risk_factors, 9),
        "at_pressure": state.pressure,
        "at_conflict": state.conflict_level,
        "at_restraint": state.restraint,
        "at_incitement": state.agitation,
        "at_means": state.means,
        "at_motive": state.motive,
        "at_past": state.unaddressed,
        "at_inequality": state.horizontal_inequality,
        "at_inclusion": state.inclusion,
        "at_inclusion_gain": state.inclusion - state.inclusion_home,
        "at_upheaval": state.struck["irregular_transition"],
        "at_turmoil": max(state.fresh["coup"], state.fresh["irregular_transition"]),
        "at_reach": state.reach,
        "at_drive_state": state.drive_state,
        "at_drive_non_state": state.drive_non_state,
    }


def programme_values(programme: Programme) -> dict[str, Any]:
    """Give the values of a programme by column."""
    kept = {name: getattr(programme, name) for name in programme.__slots__}
    return {
        **kept,
        **_numbered("spent_", programme.spent),
        **_numbered("needed_", programme.needed_at),
        **_numbered("met_", programme.met_at),
    }


def _block(table: Table, entries: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    names = [name for name in table.names if name not in LEFT_OUT.get(table.kind, ())]
    return {name: np.array([float(entry[name]) for entry in entries]) for name in names}


def columns(model: PlainModel) -> dict[str, dict[str, np.ndarray]]:
    """Give the values of all variables as they stand after a month.

    Returns
    -------
    dict of str to dict of str to numpy.ndarray
        Table -> column -> values in the order of the rows: of states, groups, bodies and programmes, all columns of
        `r2psim.declarations.columns` but those `LEFT_OUT`; and ``ledger``, by the place of the form, in US cents by
        body.
    """
    bodies = [{**vars(body), "pledges": len(body.pledges)} for body in model.bodies]
    states = list(model.states)
    forms = range(len(states[0].programmes))
    return {
        "state": _block(STATE, [state_values(state) for state in states]),
        "group": _block(GROUP, [group_values(group) for group in model.groups]),
        "body": _block(BODY, bodies),
        "programme": _block(PROGRAMME, [programme_values(s.programmes[f]) for f in forms for s in states]),
        "ledger": {str(f): np.array([float(body.ledger.get(f, 0)) for body in model.bodies]) for f in forms},
    }
