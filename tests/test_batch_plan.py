"""The line of work and its points: every run of every point once, and the scenario that ``--set`` gives."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from batch_worlds import loaded
from hypothesis import given, settings
from hypothesis import strategies as st

from r2psim.ensemble.batch.directory import digest_of
from r2psim.ensemble.batch.experiment import Factor
from r2psim.ensemble.batch.plan import Cutter, Plan, gaps
from r2psim.ensemble.batch.tasks import job_of, scenario_at
from r2psim.scenario import Scenario, load

CASE = Path(__file__).parent / "cases" / "experiments" / "valid" / "smallest.toml"


@settings(max_examples=15)
@given(st.floats(0.0, 1.0), st.floats(0.1, 10.0), st.integers(1, 30), st.floats(0.0, 1.0), st.booleans())
def test_quick_points_are_the_scenarios_that_set_gives(
    noise: float, scale: float, years: int, screening: float, one: bool
) -> None:
    paths = (
        "observation.noise",
        "assistance.budget_scale",
        "years",
        "policies.prevention.parameters.principles.harm.screening",
    )
    values = (noise, None if one else scale, years, screening)
    experiment = loaded(CASE, CASE.read_text("utf-8"))
    job = job_of(experiment, paths, "")
    by_set = experiment.draft.load(
        [*experiment.sets, *(f"{p}={v!r}" for p, v in zip(paths, values, strict=True) if v is not None)]
    )
    assert scenario_at(job, values).resolved() == by_set.resolved()
    for policy in ("prevention", "late-response"):
        np.testing.assert_array_equal(
            scenario_at(job, values).parameter_values(policy), by_set.parameter_values(policy)
        )


def test_quick_points_of_effects_are_the_scenarios_that_set_gives() -> None:
    paths = (
        "forms.mediation.effects.to_atrocity.size",
        "forms.mediation.lag",
        "forms.inclusive-governance.person_cost",
        "observation.noise",
        "policies.prevention.parameters.observation.noise",
    )
    values = (0.6, 9.0, 20.0, 0.25, 0.5)
    experiment = loaded(CASE, CASE.read_text("utf-8"))
    by_set = experiment.draft.load([*experiment.sets, *(f"{p}={v!r}" for p, v in zip(paths, values, strict=True))])
    found = scenario_at(job_of(experiment, paths, ""), values)
    assert found.resolved() == by_set.resolved()
    assert (found.forms, found.overrides) == (by_set.forms, by_set.overrides)
    assert found.forms["mediation"].lag == 9.0
    assert found.forms["mediation"].effects[0].size == 0.6


def test_a_point_of_any_kind_is_the_scenario_that_set_gives(tmp_path: Path) -> None:
    file = CASE.with_name("csv.toml")
    experiment = loaded(file, file.read_text("utf-8"))
    job = job_of(experiment, tuple(f.path for f in experiment.factors), "")
    found = scenario_at(job, (0.2, "war"))
    assert found == load("seminar", ["observation.noise=0.2", "states.velmora.conflict=war"])
    assert isinstance(found, Scenario)


@given(st.data())
def test_every_place_is_one_run_of_one_point(data: st.DataObject) -> None:
    rounds = tuple(data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4)))
    plan = Plan(data.draw(st.integers(1, 6)), sum(rounds), rounds)
    cuts = sorted(data.draw(st.sets(st.integers(1, plan.total)))) if plan.total > 1 else []
    ends = [0, *cuts, plan.total]
    found = [
        (segment.point, run)
        for first, end in itertools.pairwise(ends)
        for segment in plan.segments(first, end - first)
        for run in range(segment.first_run, segment.first_run + segment.runs)
    ]
    assert sorted(found) == [(point, run) for point in range(plan.points) for run in range(plan.runs)]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 6)), max_size=8), st.integers(0, 20), st.integers(1, 30))
def test_gaps_are_what_is_not_done(done: list[tuple[int, int]], first: int, count: int) -> None:
    there = {place for start, length in done for place in range(start, start + length)}
    missing = [place for start, length in gaps(done, first, count) for place in range(start, start + length)]
    assert missing == [place for place in range(first, first + count) if place not in there]


@settings(max_examples=40)
@given(st.data())
def test_the_cutter_gives_everything_once(data: st.DataObject) -> None:
    plan = Plan(data.draw(st.integers(1, 20)), 30, (10, 20))
    fixed = data.draw(st.none() | st.integers(1, 50))
    cutter = Cutter(
        plan, data.draw(st.integers(1, 4)), seconds=1.0, fixed=fixed, most=data.draw(st.none() | st.integers(1, 9))
    )
    cutter.put(plan.ends())
    found: list[int] = []
    while (task := cutter.take()) is not None:
        first, count = task
        assert count > 0
        assert len({first < 10 * plan.points, first + count <= 10 * plan.points}) == 1, "no task lies in two rounds"
        found += range(first, first + count)
        cutter.learn(count * data.draw(st.sampled_from([0.001, 0.1, 3.0])), count)
    assert found == list(range(plan.total))


@given(st.floats(-5.0, 5.0), st.floats(0.001, 9.0), st.floats(0.0, 1.0, exclude_max=True), st.booleans())
def test_factors_stay_between_their_ends(low: float, width: float, u: float, log: bool) -> None:
    factor = Factor("a", low=abs(low) + 0.1 if log else low, high=(abs(low) + 0.1 if log else low) + width, log=log)
    assert factor.low <= factor.at(u) <= factor.high
    levels = factor.on_levels(5)
    assert (levels[0], levels[-1]) == (factor.low, factor.high)
    assert list(levels) == sorted(levels)


def test_whole_numbers_are_drawn_evenly() -> None:
    factor = Factor("years", low=3, high=6, whole=True)
    found = [factor.at((i + 0.5) / 400) for i in range(400)]
    assert {value: found.count(value) for value in found} == dict.fromkeys((3, 4, 5, 6), 100)


def test_the_digest_of_a_batch_is_of_what_is_run() -> None:
    experiment = loaded(CASE, CASE.read_text("utf-8"))
    facts = experiment.resolved()
    assert digest_of(facts, "rules") == digest_of(facts | {"title": "another"}, "rules")
    assert digest_of(facts, "rules") != digest_of(facts, "other rules")
    assert digest_of(facts, "rules") != digest_of(facts | {"runs": 2}, "rules")
