"""In how many runs it comes to which stage, and where two histories of one luck part: against plain loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r2psim.agents import R2PModel
from r2psim.analysis.parting import parting
from r2psim.analysis.reached import NEVER, by_month, first_months, reached
from r2psim.declarations.columns import STAGES, TRIGGERS
from r2psim.world.history import History

SIZES = st.tuples(st.integers(1, 6), st.integers(1, 9), st.integers(1, 4))


@given(SIZES.flatmap(lambda s: st.lists(st.integers(0, 4), min_size=s[0] * s[1] * s[2], max_size=s[0] * s[1] * s[2])
                     .map(lambda flat: np.array(flat, dtype=np.int8).reshape(s))))  # fmt: skip
def test_first_months_and_shares_are_those_of_plain_loops(stages: np.ndarray) -> None:
    runs, points, groups = stages.shape
    first = first_months(stages)
    assert first.shape == (runs, groups, len(STAGES))
    for found in reached(first):
        soonest = []
        for r in range(runs):
            months = [m for m in range(points) if any(stages[r, m, g] >= found.stage for g in range(groups))]
            soonest.append(months[0] if months else NEVER)
            for g in range(groups):
                mine = [m for m in range(points) if stages[r, m, g] >= found.stage]
                assert first[r, g, found.stage] == (mine[0] if mine else NEVER)
        came = sorted(m for m in soonest if m < NEVER)
        assert found.months.tolist() == came
        assert found.share.mean == len(came) / runs
        assert found.share.low <= found.share.mean <= found.share.high
        shares = by_month(found, runs, points - 1)
        assert shares.tolist() == [sum(m <= month for m in came) / runs for month in range(points)]
        assert (found.quartiles is None) == (not came)
        if came:
            low, middle, high = found.quartiles
            assert {low, middle, high} <= set(came) and low <= middle <= high


def test_nothing_is_told_of_no_run() -> None:
    with pytest.raises(ValueError, match="0 runs of 3 groups"):
        reached(np.empty((0, 3, len(STAGES)), dtype=np.int16))


# -- where histories part ----------------------------------------------------------------------------------------------


def history_of(policy: str, seed: int, months: int = 60) -> History:
    model = R2PModel("seminar", policy, seed, 0, drive="rows")
    for _ in range(months):
        model.step()
    found = model.history()
    model.close()
    return found


@pytest.fixture(scope="module")
def late() -> History:
    return history_of("late-response", 7)


def test_histories_part_in_the_first_month_whose_stages_conflicts_or_triggers_differ(late: History) -> None:
    """What events say is held against the series, in which events are not written."""
    other = history_of("prevention", 7)
    found = parting(late, other)
    apart = (late.group["stage"] != other.group["stage"]).any(axis=1)
    apart |= (late.state["conflict"] != other.state["conflict"]).any(axis=1)
    for kind in TRIGGERS:
        apart |= (late.state[f"strike_{kind}"] != other.state[f"strike_{kind}"]).any(axis=1)
    assert found.happened == int(np.flatnonzero(apart)[0]) - 1
    assert found.one or found.other
    for mine, theirs, only in ((late, other, found.one), (other, late, found.other)):
        assert all(e.month == found.happened and e in mine.events and e not in theirs.events for e in only)
    spent = sum(late.body[c] != other.body[c] for c in ("spent_prevention", "spent_response")).any(axis=1)
    assert found.given == int(np.flatnonzero(spent)[0]) - 1 <= found.happened


def test_the_same_history_never_parts_from_itself_and_a_shorter_one_is_compared_as_far_as_it_goes(
    late: History,
) -> None:
    assert parting(late, late)[:3] == (60, None, None)
    short = history_of("late-response", 7, 12)
    assert parting(late, short)[:3] == parting(short, late)[:3] == (12, None, None)


def test_histories_of_another_luck_have_nothing_to_part_from(late: History) -> None:
    with pytest.raises(ValueError, match="seed 7 and 8: two histories part only"):
        parting(late, replace(late, seed=8))
    with pytest.raises(ValueError, match="scenario 'seminar' and 'world'"):
        parting(late, replace(late, scenario="world"))
