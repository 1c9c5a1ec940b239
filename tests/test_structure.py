"""The structure of a state works where the report says that it does: each mechanism moves its outcome the right way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from assistance_worlds import FULL, STILL, a_month, form_place, fund, programme, put, setting, strengthen, value
from worlds import parameters

import r2psim
from r2psim.declarations.columns import INHIBITORS, STATE, TRIGGERS, F, S
from r2psim.rules.demand import demand
from r2psim.rules.draws import draws_of
from r2psim.rules.month import month, opening
from r2psim.rules.structure import standing, structure
from r2psim.rules.triggers import _drawn_together
from r2psim.scenario.parameters import PARAMETERS
from r2psim.world.rows import Rows, copy_rows

FIRST = draws_of(1, 0, 0)


def after(
    column: str,
    start: Mapping[str, float],
    group: Mapping[str, float] | None = None,
    changed: Mapping[str, float] | None = None,
    months: int = 1,
) -> float:
    """Give a column after some months of `setting` from a start, with parameters at their defaults but for some."""
    p = parameters(changed)
    rows = copy_rows(setting().rows)
    homes = {f"{name}_home": level for name, level in start.items() if f"{name}_home" in STATE.index}
    put(rows, {**start, **homes}, group or {})
    opening(rows, p, FIRST)
    for m in range(months):
        month(rows, p, draws_of(1, 0, m))
    return value(rows, column)


def moves(column: str, of: str, start: Mapping[str, float] | None = None, months: int = 1) -> float:
    """Give how much a column changes when another goes from 0 to 1 everywhere, all else and all luck the same."""
    low, high = (after(column, {**(start or {}), of: level}, months=months) for level in (0.0, 1.0))
    return high - low


# -- inhibitors --------------------------------------------------------------------------------------------------------


def test_restraint_is_what_restrains_a_government_and_nothing_else() -> None:
    for name in INHIBITORS:
        change = moves("restraint", name)
        assert change == pytest.approx(PARAMETERS["structure.restraint_security"].default, rel=0.05) or (
            name != "security_sector" and change == 0.0
        )
    assert moves("restraint", "commitment") > 0.0 and moves("restraint", "regime") > 0.0


@pytest.mark.parametrize(
    ("of", "column", "sign", "start"),
    [
        ("judiciary", "discontent", -1, {}),
        ("judiciary", "mood", -1, {}),
        ("judiciary", "rate_mass_protest", -1, {}),
        ("judiciary", "escalation_hazard", -1, {}),
        ("judiciary", "impunity", -1, {}),
        ("judiciary", "drive_state", -1, {}),
        ("judiciary", "drive_non_state", -1, {"conflict": 2}),
        ("past_violations", "impunity", 1, {"judiciary": 0.3}),
        ("past_violations", "drive_state", 1, {"judiciary": 0.3}),
        ("transitional_justice", "past_violations", -1, {}),
        ("transitional_justice", "unaddressed", -1, {}),
        ("transitional_justice", "escalation_hazard", -1, {"conflict": 1}),
        ("transitional_justice", "displaced_inside", -1, {"displaced_inside": 1e6}),
        ("transitional_justice", "group.grievance", -1, {"past_violations": 0.9}),
        ("security_sector", "drive_state", -1, {}),
        ("security_sector", "rate_coup", -1, {}),
        ("transition_institutions", "rate_contested_election", -1, {}),
        ("transition_institutions", "rate_irregular_transition", -1, {}),
        ("local_resolution", "rate_mass_protest", -1, {}),
        ("local_resolution", "escalation_hazard", -1, {}),
        ("local_resolution", "settlement_hazard", 1, {"conflict": 2}),
        ("media", "incitement", -1, {}),
        ("media", "drive_state", -1, {}),
        ("inclusion", "group.grievance", -1, {}),
        ("inclusion", "escalation_hazard", -1, {}),
        ("horizontal_inequality", "group.grievance", 1, {}),
        ("horizontal_inequality", "escalation_hazard", 1, {}),
        ("resource_rents", "finance", 1, {"conflict": 3}),
    ],
)
def test_it_moves_the_right_way(of: str, column: str, sign: int, start: dict[str, float]) -> None:
    assert sign * moves(column, of, start, months=3) > 0.0


@pytest.mark.parametrize(
    "column",
    ["drive_state", "drive_non_state", "discontent", "incitement", "escalation_hazard", "rate_coup", "group.hazard_up"],
)
def test_early_warning_is_information_and_changes_no_violence(column: str) -> None:
    assert moves(column, "early_warning", months=3) == 0.0


def test_inclusion_counts_as_a_level_and_does_not_move_what_is_at_rest() -> None:
    """Exclusion stays at home under any inclusion that stays; grievance depends on the level, for the excluded only."""
    rest = {"tension.exclusion_return": 12.0, "tension.grievance_rate": 12.0}
    for inclusion in (0.0, 0.5, 1.0):
        assert after("group.exclusion", {"inclusion": inclusion}, {"exclusion_home": 0.6}, rest) == pytest.approx(0.6)
    for home, matters in ((0.0, False), (0.6, True)):
        group = {"exclusion_home": home, "exclusion": home}
        closed, opened = (after("group.grievance", {"inclusion": x}, group, rest) for x in (0.0, 1.0))
        assert (closed > opened) == matters


def test_inclusion_that_is_gained_opens_what_keeps_a_group_out() -> None:
    p = parameters(STILL | {"tension.exclusion_return": 12.0})
    rows = copy_rows(setting().rows)
    opening(rows, p, FIRST)
    rows.state[S.inclusion] += 0.2
    home = value(rows, "group.exclusion_home")
    opened = value(a_month(rows, p, 0), "group.exclusion")
    assert opened == pytest.approx(home * (1.0 - PARAMETERS["tension.exclusion_inclusion"].default * 0.2))


def test_inequality_is_slow_and_follows_the_inclusion_that_is_built() -> None:
    p = parameters(STILL | {"structure.inequality_return": 0.05})
    rows = copy_rows(setting().rows)
    opening(rows, p, FIRST)
    rows.state[S.inclusion] += 0.2
    before = value(rows, "horizontal_inequality")
    for m in range(120):
        a_month(rows, p, m)
    fallen = before - value(rows, "horizontal_inequality")
    level = PARAMETERS["structure.inequality_inclusion"].default * 0.2
    assert 0.3 * level < fallen < 0.5 * level, "ten years at 5 % a year"


# -- the record and the public -----------------------------------------------------------------------------------------


def test_violations_below_killing_fill_the_record() -> None:
    p = parameters(STILL)
    rows = copy_rows(setting().rows)
    opening(rows, p, FIRST)
    rows.state[S.past_violations] = 0.2
    rows.state[S.violations, 0] = 0.8
    structure(0, 2, rows, p, FIRST)
    assert rows.state[S.past_violations, 0] > 0.2 >= rows.state[S.past_violations, 1]


def test_a_receptive_public_is_needed_for_incitement_to_work() -> None:
    p = parameters(STILL)
    rows = copy_rows(setting().rows)
    opening(rows, p, FIRST)
    rows.state[S.aid_receptiveness] = np.array([-1.0, 0.0])
    standing(0, 2, rows, p, FIRST)
    assert rows.state[S.incitement, 0] == rows.state[S.incitement, 1]
    assert rows.state[S.agitation, 0] < rows.state[S.agitation, 1]
    assert rows.state[S.drive_state, 0] < rows.state[S.drive_state, 1]


def review(own: float, peers: float) -> float:
    """Give the commitment after two years of peer review among neighbours of some commitment, less that without."""
    levels = []
    for forms in ((), (form_place("peer-review"),)):
        p = parameters(FULL | STILL | {"structure.commitment_return": 0.5})
        rows = copy_rows(setting().rows)
        for c in ("commitment", "commitment_home"):
            rows.state[S._fields.index(c)] = np.array([own, peers])
        opening(rows, p, FIRST)
        strengthen(rows, forms, 0)
        for m in range(24):
            fund(rows, forms, states=0)
            a_month(rows, p, m)
        levels.append(value(rows, "commitment"))
    return levels[1] - levels[0]


def test_peers_make_a_review_work() -> None:
    assert review(0.5, 0.9) > review(0.5, 0.3) > 0.0, "the standard of the neighbours"
    assert review(0.6, 0.5) > review(0.2, 0.5) > 0.0, "its own commitment"
    assert review(0.5, 0.0) == 0.0


# -- from next door ----------------------------------------------------------------------------------------------------


def next_door(**there: float) -> Rows:
    """Give the setting after a month, with something the case in the other state."""
    p = parameters()
    rows = copy_rows(setting().rows)
    opening(rows, p, FIRST)
    for name, number in there.items():
        rows.state[S._fields.index(name), 1] = number
    month(rows, p, FIRST)
    return rows


def test_refugees_and_armed_groups_cross_borders() -> None:
    calm, flight = next_door(), next_door(displaced_abroad=1e8)
    assert flight.state[S.spill_refugees, 0] > calm.state[S.spill_refugees, 0] == 0.0
    assert flight.state[S.escalation_hazard, 0] > calm.state[S.escalation_hazard, 0]
    weak, strong = next_door(conflict=2, armed_groups=0.1), next_door(conflict=2, armed_groups=0.9)
    assert strong.state[S.armed_groups, 0] > weak.state[S.armed_groups, 0]
    assert next_door(conflict=0, armed_groups=0.9).state[S.spill_armed_groups, 0] == 0.0


# -- needs assessment --------------------------------------------------------------------------------------------------


def test_a_needs_assessment_changes_nothing_by_itself() -> None:
    p = parameters()
    runs = []
    for forms in ((), (form_place("needs-assessment"),)):
        rows = copy_rows(setting().rows)
        opening(rows, p, FIRST)
        strengthen(rows, forms, 0)
        for m in range(36):
            fund(rows, forms, states=0)
            a_month(rows, p, m)
        runs.append(rows)
    assert runs[1].state[S.assessed, 0] == 1.0
    for name in ("commitment", "restraint", "drive_state", "horizontal_inequality", *INHIBITORS):
        assert value(runs[0], name) == value(runs[1], name), name


@pytest.mark.parametrize("key", ["judiciary", "security-sector", "inclusive-governance", "transitional-justice"])
def test_a_form_that_builds_on_an_assessment_is_worse_without_it(key: str) -> None:
    p = parameters({"principles.ownership.strength": 0.0})
    reached = []
    for forms in ((form_place(key),), (form_place(key), form_place("needs-assessment"))):
        rows = copy_rows(setting().rows)
        opening(rows, p, FIRST)
        strengthen(rows, forms, 0)
        fund(rows, forms, states=0)
        a_month(rows, p, 0)
        reached.append(float(programme(rows, "quality")[0, form_place(key)]))
    assert reached[0] == pytest.approx(reached[1] * PARAMETERS["assistance.unassessed"].default)


def test_an_assessment_finds_what_is_lacking_most() -> None:
    """Without one bodies misjudge what a state lacks, differently for each form and year; with one they do not."""
    p = parameters()
    rows = copy_rows(setting().rows)
    opening(rows, p, FIRST)
    month(rows, p, FIRST)
    errors = programme(rows, "misjudged")[0].copy()
    building = rows.form[F.need] >= 0
    assert (errors[building] != 0.0).all() and (errors[~building] == 0.0).all()
    most = PARAMETERS["assistance.lack_error"].default
    assert (np.abs(errors) <= most).all() and np.ptp(errors[building]) > 0.3 * most
    for m in range(1, 12):
        month(rows, p, draws_of(1, 0, m))
    assert np.array_equal(programme(rows, "misjudged")[0], errors), "the same all year"
    month(rows, p, draws_of(1, 0, 12))
    assert not np.array_equal(programme(rows, "misjudged")[0], errors)
    f = form_place("judiciary")
    for assessed in (0.0, 1.0):
        rows.state[S.assessed] = assessed
        demand(0, 2, rows, p, draws_of(1, 0, 13))
        lack = float(programme(rows, "demand")[0, f] / programme(rows, "worth")[0, f])
        assert (lack == pytest.approx(1.0 - value(rows, "judiciary"))) == (assessed == 1.0)


# -- triggers ----------------------------------------------------------------------------------------------------------


def test_kinds_of_trigger_are_drawn_once_each_whatever_their_number() -> None:
    assert _drawn_together([0, 1, 2, 3]).tolist() == [[0, 1, 0], [2, 3, 2]]
    assert _drawn_together([0, 1, 2, 3, 21]).tolist() == [[0, 1, 0], [2, 3, 2], [4, -1, 21]]
    assert _drawn_together([1, 2, 3]).tolist() == [[0, -1, 1], [1, 2, 2]]


NINTH = """
[triggers.earthquake.base]
description = "rate"
unit = "1 a year"
default = 6.0
low = 0.0
high = 12.0
label = "assumption"

[triggers.earthquake.half_life]
description = "months"
unit = "months"
default = 3.0
low = 0.5
high = 60.0
label = "assumption"

[triggers.earthquake.weight]
description = "pressure"
unit = "0-1"
default = 0.3
low = 0.0
high = 1.0
label = "assumption"
"""

PROBE = """
import numpy as np
from worlds import many_states, parameters, without_triggers
from r2psim.rules.demand import demand
from r2psim.rules.draws import draws_of
from r2psim.rules.month import opening
from r2psim.rules.triggers import triggers
from r2psim.declarations.columns import S, TRIGGERS
rows = many_states(400)
p = parameters({"triggers.earthquake.base": 6.0, "triggers.earthquake.weight": 0.3}, without_triggers(parameters()))
opening(rows, p, draws_of(1, 0, 0))
triggers(0, 400, rows, p, draws_of(1, 0, 0))
assert len(TRIGGERS) == 9
struck = rows.state[S.strike_earthquake]
assert 0.3 < struck.mean() < 0.5, struck.mean()
assert np.array_equal(rows.state[S.pressure] > 0, struck > 0)
assert not any(rows.state[getattr(S, f"strike_{name}")].any() for name in TRIGGERS[:8])
"""


def test_a_ninth_kind_of_trigger_is_one_more_record(tmp_path: Path) -> None:
    """A copy of the package with a line of meaning, a purpose of chance and the numbers of one more kind runs."""
    assert len(TRIGGERS) == 8
    package = tmp_path / "r2psim"
    shutil.copytree(Path(r2psim.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "app"))
    edits = {
        "declarations/columns.py": ('    "mass_protest": "mass protest",\n', '    "earthquake": "an earthquake",\n'),
        "rules/draws.py": ("\n_BELL_MEAN", 'EARTHQUAKE = purpose("trigger: earthquake")\n\n_BELL_MEAN'),
    }
    for name, (mark, added) in edits.items():
        text = (package / name).read_text("utf-8")
        assert text.count(mark) == 1
        replaced = mark + added if mark.endswith("\n") else added
        (package / name).write_text(text.replace(mark, replaced), "utf-8")
    with (package / "scenario" / "parameters.toml").open("a", encoding="utf-8") as file:
        file.write(NINTH)
    env = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parent}"}
    done = subprocess.run([sys.executable, "-c", PROBE], env=env, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
