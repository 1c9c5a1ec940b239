"""Checks between the entries of a scenario: references, shares, forms; the shape of an entry is the schema's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from r2psim.declarations.columns import GROUP, OPPONENTS
from r2psim.scenario.catalogue import form_refusals, merged_forms
from r2psim.scenario.errors import Near, Place, listing
from r2psim.scenario.schema import NO_ASSISTANCE, Fault

__all__ = ["Table", "cross_faults", "form_faults", "references", "table_at"]

Table = dict[str, Any]


def table_at(data: Any, place: Place) -> Table:
    """Give the table at `place`, empty where there is none."""
    for key in place:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def references(data: Table) -> Iterator[tuple[Place, Table, str]]:
    """Yield every table with a list of references: its place, itself, the key of the list."""
    for key, state in table_at(data, ("states",)).items():
        if "neighbours" in table_at(state, ()):
            yield ("states", key), state, "neighbours"
        for name, group in table_at(state, ("groups",)).items():
            if "kin" in table_at(group, ()):
                yield ("states", key, "groups", name), group, "kin"
    for key, body in table_at(data, ("bodies",)).items():
        if "members" in table_at(body, ()):
            yield ("bodies", key), body, "members"


def cross_faults(data: Table) -> Iterator[Fault]:
    """Yield what is wrong between entries; what has the wrong shape is left to the check of shapes."""
    if not isinstance(data.get("states", {}), dict):
        return
    states, bodies = table_at(data, ("states",)), table_at(data, ("bodies",))
    if not states and "generate" not in data:
        yield Fault(("states",), data.get("states"), "at least one state, or a [generate] section")
    policies = {NO_ASSISTANCE: None, **table_at(data, ("policies",))}
    for name in table_at(data, ("overrides", "policies")):
        if name not in policies:
            allowed = f"one of {listing(policies, quoted=True)}"
            yield Fault(("overrides", "policies", name), name, allowed, Near(name, policies))
    for key in bodies:
        if key in states:
            yield Fault(("bodies", key), key, "an id that no state has")
    for key, state in states.items():
        yield from _share_faults(("states", key, "groups"), table_at(state, ("groups",)), generated="generate" in data)
        yield from _opponents_faults(("states", key, "groups"), table_at(state, ("groups",)))
    yield from _policy_faults(data)
    groups = {
        f"{key}/{name}": None
        for key, state in states.items()
        for name, group in table_at(state, ("groups",)).items()
        if not _are_opponents(name, group)
    }
    for place, table, key in references(data):
        if isinstance(table[key], list):
            yield from _reference_faults((*place, key), table[key], groups if key == "kin" else states)


def _policy_faults(data: Table) -> Iterator[Fault]:
    """Yield what policies say of forms that the scenario does not have, and shares of more than there is."""
    forms = merged_forms(table_at(data, ("forms",)))
    for key in table_at(data, ("policies",)):
        for place in (("policies", key, of, "forms") for of in ("priorities", "shares")):
            for name in set(table_at(data, place)) - set(forms):
                yield Fault((*place, name), name, f"one of the forms {listing(forms)}", Near(name, forms))
        for of in ("forms", "stages"):
            place = ("policies", key, "shares", of)
            shares = list(table_at(data, place).values())
            if all(type(share) in (int, float) and 0 <= share <= 1 for share in shares):
                total = math.fsum(shares)
                if total > 1 + 1e-9:
                    yield Fault(place, total, "shares that sum to at most 1")


def form_faults(data: Table) -> Iterator[Fault]:
    """Yield what is wrong with the forms that a scenario changes or adds; those that ship have been checked."""
    written = table_at(data, ("forms",))
    merged = merged_forms(written)
    for key in written:
        yield from (Fault(*refusal) for refusal in form_refusals(key, merged[key]))


def _reference_faults(place: Place, items: list[Any], known: Table) -> Iterator[Fault]:
    home = None if place[0] == "bodies" else place[1]  # a state is not its own neighbour, its groups not their own kin
    allowed = {
        "neighbours": "another state of this scenario",
        "kin": "a group of another state of this scenario, written state/group",
        "members": "a state of this scenario",
    }[place[-1]]
    others = [name for name in known if name.partition("/")[0] != home]
    for item in dict.fromkeys(item for item in items if isinstance(item, str)):
        if item not in known or item.partition("/")[0] == home:
            yield Fault(place, item, allowed, Near(item, others))


def _are_opponents(name: str, group: Any) -> bool:
    """Say whether a group as written is that of political opponents."""
    return bool(table_at(group, ()).get("opponents", name == OPPONENTS))


def _opponents_faults(place: Place, groups: Table) -> Iterator[Fault]:
    """Yield what is wrong with the political opponents of a state: they have their id, and no kin."""
    for name, group in groups.items():
        entry = table_at(group, ())
        if name == OPPONENTS and not _are_opponents(name, group):
            allowed = "another id: this one is that of the state's political opponents"
            yield Fault((*place, name), name, allowed)
        if _are_opponents(name, group) and entry.get("kin"):
            yield Fault((*place, name, "kin"), entry["kin"], "no kin: political opponents are no group of descent")


def _share_faults(place: Place, groups: Table, generated: bool) -> Iterator[Fault]:
    missing = 0.0 if generated else GROUP["share"].default
    # Political opponents belong to the other groups as well: their share is no part of the whole.
    shares = [
        table_at(group, ()).get("share", missing) for name, group in groups.items() if not _are_opponents(name, group)
    ]
    if all(type(share) in (int, float) and 0 <= share <= 1 for share in shares):
        total = math.fsum(shares)
        if total > 1 + 1e-9:
            yield Fault(place, total, "groups whose shares sum to at most 1")
