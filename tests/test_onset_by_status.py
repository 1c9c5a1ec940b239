"""Onsets by the status of groups, read from files of the record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from r2psim.analysis.onset_by_status import of_record, read_record
from r2psim.scenario.errors import ScenarioError

GROUPS = """gwid,from,to,group,size,status
2,1990,2009,A,0.5,SENIOR PARTNER
2,1990,1999,B,0.5,IRRELEVANT
2,2000,2009,B,0.5,POWERLESS
20,1990,2009,C,0.5,SELF-EXCLUSION
20,1990,1994,D,0.5,DISCRIMINATED
"""


def test_the_most_excluded_group_counts_and_onsets_of_the_next_two_years(tmp_path: Path) -> None:
    groups, onsets = tmp_path / "groups.csv", tmp_path / "onsets.csv"
    groups.write_text(GROUPS)
    onsets.write_text("ccode,year\n2,1995\n20,1992\n20,2003\n20,2030\n")
    found = read_record(groups, onsets, 1990, 2009)
    # Of state 2: 1993 and 1994 before 1995. Of state 20: 1990 and 1991 before 1992, 2001 and 2002 before 2003.
    assert found.onsets.tolist() == [2, 2, 2]
    assert found.state_years.tolist() == [10, 8 + 13, 5], "the last two years have no two years ahead"
    assert found.states.tolist() == [1, 1, 1]
    assert found.ratio == pytest.approx((2.5 / 21) / (2.5 / 10))
    assert "powerless: 2 of 21 state-years" in str(found)


def test_a_ratio_is_given_back_and_where_labels_are_shuffled_there_is_none() -> None:
    rng = np.random.default_rng(5)
    names = [f"S{k:03d}" for k in range(150)]
    status = {name: k % 3 for k, name in enumerate(names)}
    chance = (0.01, 0.03, 0.05)
    years = range(1950, 2010)
    onsets = frozenset((name, year) for name in names for year in years if rng.random() < chance[status[name]])
    found = of_record({(name, year): status[name] for name in names for year in years}, onsets)
    low, high = found.interval
    assert low < 3.0 < high and low > 1.5
    shuffled = dict(zip(names, rng.permutation(list(status.values())).tolist(), strict=True))
    low, high = of_record({(name, year): shuffled[name] for name in names for year in years}, onsets).interval
    assert low < 1.0 < high


def test_what_cannot_be_read_is_refused_with_its_place(tmp_path: Path) -> None:
    groups, onsets = tmp_path / "groups.csv", tmp_path / "onsets.csv"
    groups.write_text(GROUPS.replace("2009,C", "soon,C"))
    onsets.write_text("ccode,year\n2,1995\n")
    with pytest.raises(ScenarioError, match=r"groups\.csv.*\b5\b.*soon"):
        read_record(groups, onsets, 1990, 2009)
