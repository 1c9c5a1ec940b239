"""One more group, state or body anywhere: nobody else's luck changes, and where nothing ties them, nobody's history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pytest
from worlds import Run, lively_parameters, run, world_of

from r2psim.declarations.columns import GROUP, STATE, TRIGGERS

MONTHS = 120
PLACES = (0, 2, 4)
"""Front, middle and end among four."""

Entries = dict[str, dict[str, Any]]


def group(i: int) -> dict[str, Any]:
    """Give a group at some risk."""
    return {"share": 0.05 + 0.03 * i, "exclusion": 0.2 + 0.15 * i, "grievance": 0.3, "stage": float(i)}


def states(tied: bool) -> Entries:
    """Give four states in a row, tied to each other or not."""
    found: Entries = {}
    for i in range(4):
        groups = {f"g{k}": group(k) for k in range(4)}
        found[f"s{i}"] = {"motive": 0.3 + 0.1 * i, "conflict": float(i), "capacity": 0.3, "groups": groups}
        if tied and i:
            found[f"s{i}"]["neighbours"] = [f"s{i - 1}"]
            groups["g0"]["kin"] = [f"s{i - 1}/g0"]
    return found


BODIES: Entries = {f"b{i}": {"members": "all" if i % 2 else ["s1"], "budget": 1e6 * i} for i in range(4)}


def insert(entries: Mapping[str, Any], place: int, key: str, entry: Any) -> dict[str, Any]:
    """Give the entries with one more at a place."""
    items = list(entries.items())
    return dict([*items[:place], (key, entry), *items[place:]])


def history(entries: Entries, bodies: Entries = BODIES) -> Run:
    """Run a world of these entries."""
    return run(world_of(entries, bodies), lively_parameters(), MONTHS, seed=3, number=5)


def assert_same(
    one: Run, other: Run, state_columns: Iterable[str], group_columns: Iterable[str], only: str = ""
) -> None:
    """Assert that the columns of all entities that both runs have are equal in every month, bit for bit.

    Parameters
    ----------
    one, other : Run
        The second has at least the entities of the first.
    state_columns, group_columns : iterable of str
        Columns to compare.
    only : str
        Compare nothing of the state of this id, if given.
    """
    compared = 0
    for names, others, of_one, of_other, columns in (
        (one.world.states, other.world.states, one.of_state, other.of_state, state_columns),
        (one.world.groups, other.world.groups, one.of_group, other.of_group, group_columns),
    ):
        keep = [name for name in names if not only or name.partition("/")[0] != only]
        here, there = [names.index(name) for name in keep], [others.index(name) for name in keep]
        for column in columns:
            assert np.array_equal(of_one(column)[:, here], of_other(column)[:, there]), column
            compared += len(keep)
    assert compared > 0


DRAWN_BY_STATES = ("draw_conflict",)
DRAWN_BY_GROUPS = ("draw_stage",)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_one_more_state(place: int, tied: bool) -> None:
    before = history(states(tied))
    new = {"motive": 0.9, "conflict": 3.0, "groups": {"g0": group(3), "new": group(1)}}
    if tied:
        new |= {"neighbours": ["s0", "s3"]}
    after = history(insert(states(tied), place, "new", new))
    assert after.world.states[place] == "new"
    assert_same(before, after, DRAWN_BY_STATES, DRAWN_BY_GROUPS)
    if not tied:
        assert_same(before, after, STATE.names, GROUP.names)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_one_more_group(place: int, tied: bool) -> None:
    before = history(states(tied))
    more = states(tied)
    more["s1"]["groups"] = insert(more["s1"]["groups"], place, "new", group(4) | {"stage": 4.0})
    after = history(more)
    assert after.world.groups[5 + place] == "s1/new"  # after four of s0 and its opponents
    assert_same(before, after, DRAWN_BY_STATES, DRAWN_BY_GROUPS)
    if not tied:
        assert_same(before, after, STATE.names, GROUP.names, only="s1")


@pytest.mark.parametrize("place", PLACES)
def test_one_more_body(place: int) -> None:
    before = history(states(tied=True))
    after = history(states(tied=True), insert(BODIES, place, "new", {"members": "all", "budget": 1e9}))
    assert after.world.bodies[place] == "new"
    assert_same(before, after, STATE.names, GROUP.names)


def test_the_order_of_states_makes_no_difference() -> None:
    before = history(states(tied=True))
    after = history(dict(reversed(states(tied=True).items())))
    assert after.world.states == before.world.states[::-1]
    assert_same(before, after, STATE.names, GROUP.names)


def test_the_order_of_groups_changes_nobody_in_another_state() -> None:
    before = history(states(tied=False))
    other = states(tied=False)
    other["s1"]["groups"] = dict(reversed(other["s1"]["groups"].items()))
    after = history(other)
    assert_same(before, after, DRAWN_BY_STATES, DRAWN_BY_GROUPS)
    assert_same(before, after, STATE.names, GROUP.names, only="s1")


def test_another_run_seed_or_name_has_other_luck() -> None:
    world = world_of(states(tied=False))
    base = run(world, lively_parameters(), 12, seed=3, number=5)
    renamed = {f"t{key[1:]}": entry for key, entry in states(tied=False).items()}
    for other in (
        run(world, lively_parameters(), 12, seed=4, number=5),
        run(world, lively_parameters(), 12, seed=3, number=6),
        run(world_of(renamed), lively_parameters(), 12, seed=3, number=5),
    ):
        for column in DRAWN_BY_STATES:
            assert not np.any(base.of_state(column)[1:] == other.of_state(column)[1:])
        for column in DRAWN_BY_GROUPS:
            assert not np.any(base.of_group(column)[1:] == other.of_group(column)[1:])


def test_other_parameters_leave_the_luck_alone() -> None:
    world = world_of(states(tied=True))
    calm = lively_parameters()
    calm[:] = calm * 0.5
    one, other = run(world, lively_parameters(), 24), run(world, calm, 24)
    assert_same(one, other, DRAWN_BY_STATES, DRAWN_BY_GROUPS)
    assert not np.array_equal(one.state, other.state)


def test_triggers_of_others_do_not_change_with_one_more_state() -> None:
    """The draws of triggers are not columns; in an unconnected world their strikes say the same."""
    before = history(states(tied=False))
    after = history(insert(states(tied=False), 2, "new", {"conflict": 3.0}))
    strikes = [f"{kind}_{name}" for name in TRIGGERS for kind in ("strike", "rate", "trigger")]
    assert before.of_state("strike_mass_protest").any()
    assert_same(before, after, strikes, [])
