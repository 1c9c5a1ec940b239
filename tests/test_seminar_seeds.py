"""The finder of seeds: what it says of a seed holds when the seed is run, and it says how common that is."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest
from typer.testing import CliRunner, Result

import r2psim
from r2psim.cli import app
from r2psim.seminar.play import COUNTERFACTUALS
from r2psim.seminar.seeds import TEACHES, YEARS, Course, Seeds, drawn_seeds, find_seeds, teaches

CALM = Course(atrocity=False, imminent=False, wars=0, entries=0.0, deaths=0.0, warned=False, warned_in_vain=False)
IMMINENT = replace(CALM, imminent=True)
WORST = replace(CALM, imminent=True, atrocity=True, entries=1.0, deaths=5e3)


@cache
def found() -> Seeds:
    return find_seeds("seminar", drawn_seeds(60, 11))


@pytest.mark.parametrize(
    ("late", "early", "none", "kinds"),
    [
        (CALM, CALM, CALM, {"quiet"}),
        (WORST, CALM, WORST, {"averted"}),
        (WORST, WORST, WORST, {"in-spite"}),
        (CALM, WORST, CALM, {"in-spite"}),
        (IMMINENT, CALM, WORST, {"near-miss"}),
        (CALM, CALM, WORST, set()),
        (replace(CALM, warned_in_vain=True), CALM, CALM, {"false-alarm", "quiet"}),
        (replace(CALM, warned_in_vain=True, warned=True), IMMINENT, CALM, set()),
        (replace(IMMINENT, warned_in_vain=True), CALM, CALM, {"near-miss"}),
        (CALM, CALM, replace(CALM, wars=1), set()),
    ],
)
def test_what_a_seed_teaches(late: Course, early: Course, none: Course, kinds: set[str]) -> None:
    assert set(teaches(dict(zip(COUNTERFACTUALS, (late, early, none), strict=True)))) == kinds


@pytest.mark.parametrize("kind", list(TEACHES))
def test_seeds_that_are_found_do_what_is_claimed(kind: str) -> None:
    """Run again, and read the stages of all groups, month by month, instead of the sums that the finder reads."""
    some = found().of(kind)[:3]
    assert some
    for one in some:
        results = r2psim.simulate(
            "seminar", COUNTERFACTUALS, 1, one.seed, YEARS, histories=True, series=["states_at_war"]
        )
        top = {policy: int(results.stages[policy].max()) for policy in COUNTERFACTUALS}
        false, true = (float(results.values("late-response", f"warnings_{x}")[0]) for x in ("false", "true"))
        claim = {
            "averted": top["late-response"] == 4 > top["prevention"],
            "in-spite": top["prevention"] == 4,
            "near-miss": top["late-response"] == 3,
            "false-alarm": top["late-response"] < 3 and false > 0.0 == true,
            "quiet": max(top.values()) < 3 and not any(s["states_at_war"].any() for s in results.series.values()),
        }
        assert claim[kind], (one.seed, top)


@pytest.mark.parametrize("kind", list(TEACHES))
def test_seeds_that_are_not_of_a_kind_do_not_do_it(kind: str) -> None:
    others = [one for one in found().looked if kind not in one.teaches][:6]
    for one in others:
        results = r2psim.simulate(
            "seminar", COUNTERFACTUALS, 1, one.seed, YEARS, histories=True, series=["states_at_war"]
        )
        top = {policy: int(results.stages[policy].max()) for policy in COUNTERFACTUALS}
        war = any(series["states_at_war"].any() for series in results.series.values())
        claim = {
            "averted": top["late-response"] == 4 > top["prevention"],
            "in-spite": top["prevention"] == 4,
            "near-miss": top["late-response"] == 3,
            "false-alarm": False,
            "quiet": max(top.values()) < 3 and not war,
        }
        assert not claim[kind], (one.seed, top)


def test_a_seed_is_what_a_session_plays() -> None:
    one = found().of("near-miss")[0]
    model = r2psim.R2PModel("seminar", policy="late-response", seed=one.seed, years=YEARS)
    model.run_model()
    stages = {event.after for event in model.events if event.kind == "stage"}
    assert "imminent risk" in stages and "atrocity" not in stages


def test_seeds_are_told_as_they_were_drawn_with_how_common_each_kind_is() -> None:
    seeds = drawn_seeds(60, 11)
    assert tuple(one.seed for one in found().looked) == seeds
    for kind in TEACHES:
        told = [one.seed for one in found().of(kind)]
        assert told == sorted(told, key=seeds.index)
        share = found().share(kind)
        assert share.mean == pytest.approx(len(told) / 60)
        assert share.low is not None and share.high is not None and share.low < share.mean < share.high
    unmoved = sum(o.courses["late-response"].entries == o.courses["prevention"].entries for o in found().looked)
    assert found().unmoved().mean == pytest.approx(unmoved / 60)


def test_seeds_are_such_that_nobody_guesses_them() -> None:
    assert drawn_seeds(5, 1) == drawn_seeds(5, 1) != drawn_seeds(5, 2)
    mine, yours = drawn_seeds(50), drawn_seeds(50)
    assert not set(mine) & set(yours)
    assert all(seed < 2**53 for seed in mine) and min(len(str(seed)) for seed in mine) >= 10


def say(*words: str) -> Result:
    return CliRunner().invoke(app, ["seminar-seeds", *words])


def test_the_command_warns_first_and_gives_the_same_seeds_again() -> None:
    done = say("seminar", "--runs", "12", "--seed", "11", "--years", "3")
    assert done.exit_code == 0, done.output
    text = " ".join(done.stdout.split())
    assert text.index("Do not choose a seed because it proves a point") < text.index("averted An atrocity")
    assert "95 %" in text.replace("\u00a0", " ") and "&" not in text
    told = json.loads(say("seminar", "--runs", "12", "--seed", "11", "--years", "3", "--json").stdout)
    direct = find_seeds("seminar", drawn_seeds(12, 11), 3)
    assert told == json.loads(json.dumps(direct.summary()))
    one = json.loads(
        say("seminar", "--runs", "12", "--seed", "11", "--years", "3", "--json", "--teaches", "quiet").stdout
    )
    assert list(one["teaches"]) == ["quiet"]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("seminar", "--teaches", "avrted"), ("--teaches", "avrted is not allowed", "did you mean averted?")),
        (("seminar", "--years", "0"), ("--years",)),
        (("seminar", "--runs", "0"), ("--runs",)),
    ],
)
def test_what_is_not_allowed_is_refused(words: tuple[str, ...], parts: tuple[str, ...]) -> None:
    done = say(*words)
    assert done.exit_code == 2
    assert all(part in done.output for part in parts)


def test_seeds_are_needed() -> None:
    with pytest.raises(ValueError, match="at least one"):
        find_seeds("seminar", [])
