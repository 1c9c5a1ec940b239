"""Decisions of a session in other lucks: the bits of the Mesa model, and of the policies; nothing from nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from r2psim import load, simulate
from r2psim.agents import Allocation, Choices, R2PModel, Trigger
from r2psim.declarations.columns import B
from r2psim.ensemble.measures import METRICS, metrics_of
from r2psim.seminar import SeminarError
from r2psim.seminar.other_luck import DECIDED, HARM, OtherLuck, months_in_all, numbers_of, other_luck
from r2psim.world.build import build

SEED, RUN, YEARS, LUCKS = 7, 2, 3, 4


def plan(*rows: tuple[str, str, float]) -> tuple[Allocation, ...]:
    return tuple(Allocation(*row) for row in rows)


YEAR = Choices(
    plans={
        "good-offices": plan(("belisar", "mediation", 50_000.0), ("drevna", "preventive-diplomacy", 80_000.0)),
        "ocha": plan(("drevna", "refugee-protection", 4e6), ("kessara", "civilian-protection", 4e6)),
        "peacekeeping": plan(("kessara", "peacekeeping", 3e7)),
        "world-bank": (),
    },
    mandates={"kessara": True, "drevna": False},
    consent={"drevna": False, "belisar": True},
    triggers=(
        Trigger(3, "belisar", "coup"),
        Trigger(3, "belisar", "contested_election"),
        Trigger(5, "drevna", "neighbour_war"),
        Trigger(5, "kessara", "armed_offensive"),
    ),
)
FIRST = plan(("drevna", "preventive-diplomacy", 1e11), ("belisar", "preventive-diplomacy", 1e5))
CHOICES = {
    0: YEAR,
    1: replace(YEAR, triggers=(), plans={**YEAR.plans, "good-offices": FIRST}),
    2: Choices(plans=YEAR.plans),
}
"""Decisions of every kind; in another condition of the states most of the money has no place to go.

In the second year one allocation takes all the room, and nothing is left for the one behind it.
"""


@pytest.fixture(scope="module")
def found() -> OtherLuck:
    return other_luck(load("seminar"), "late-response", CHOICES, SEED, RUN, YEARS, LUCKS, threads=2, digests=True)


def mesa(policy: str, run: int, choices: dict[int, Choices]) -> R2PModel:
    model = R2PModel("seminar", policy=policy, seed=SEED, run=run, years=YEARS, drive="rows", choices=choices)
    model.run_model()
    model.close()
    return model


def test_every_luck_has_the_bits_of_the_mesa_model(found: OtherLuck) -> None:
    injected = {0: Choices(triggers=YEAR.triggers)}
    assert found.runs.tolist() == [2, 0, 1, 3, 4]
    assert list(found.metrics) == [DECIDED, "late-response", "prevention", "no-assistance"]
    for name in found.metrics:
        for k, run in enumerate(found.runs.tolist()):
            decided = name == DECIDED
            model = mesa("late-response" if decided else name, run, CHOICES if decided else injected)
            assert found.digests[name][k] == model.sha256, (name, run)
            assert found.metrics[name][k].tobytes() == metrics_of(model.rows, model.month).tobytes()
    assert len({digest for digests in found.digests.values() for digest in digests}) == 4 * (1 + LUCKS)


def test_a_plan_is_looked_at_when_the_year_begins_and_at_the_rhythm_of_its_body() -> None:
    scenario = load("seminar", ["bodies.ocha.rhythm=5"])
    found = other_luck(scenario, "late-response", CHOICES, SEED, RUN, 2, 1, digests=True, control=False)
    for k, run in enumerate(found.runs.tolist()):
        model = R2PModel(scenario, "late-response", seed=SEED, run=run, years=2, drive="rows", choices=CHOICES)
        model.run_model()
        model.close()
        assert found.digests[DECIDED][k] == model.sha256


def test_the_decisions_reach_the_runs(found: OtherLuck) -> None:
    # Each kind by itself changes the run that the exercise had.
    whole = found.digests[DECIDED][0]
    for kind, nothing in (("plans", {}), ("mandates", {}), ("consent", {}), ("triggers", ())):
        left = {year: replace(chosen, **{kind: nothing}) for year, chosen in CHOICES.items()}
        assert mesa("late-response", RUN, left).sha256 != whole, kind


def test_without_decisions_the_line_is_the_policy_of_the_session_in_every_luck() -> None:
    few = other_luck(load("seminar"), "late-response", {}, SEED, 0, 2, 3, digests=True, control=False)
    assert few.digests[DECIDED] == few.digests["late-response"]
    found = other_luck(load("seminar"), "late-response", {}, SEED, 0, 2, 60)
    assert found.metrics[DECIDED].tobytes() == found.metrics["late-response"].tobytes()
    assert found.beside("late-response").same == 60 and found.beside("late-response").difference.mean == 0.0
    # And the policies are those of the ensemble.
    ours = simulate("seminar", list(found.policies), runs=61, seed=SEED, years=2)
    for policy in found.policies:
        assert found.metrics[policy].tobytes() == ours.metrics[policy].tobytes()


def test_without_effects_decisions_and_no_assistance_leave_the_same_harm(found: OtherLuck) -> None:
    assert found.without_effects() == 0.0
    places = [list(METRICS).index(name) for name in HARM]
    # Money was spent all the same, and harm was done: nothing is compared with nothing.
    spent = list(METRICS).index("prevention_and_response")
    assert found.null[DECIDED][:, spent].min() > 0.0
    assert found.null[DECIDED][:, places].max() > 0.0
    assert np.abs(found.metrics[DECIDED][:, places] - found.metrics["no-assistance"][:, places]).max() > 0.0
    assert other_luck(load("seminar"), "late-response", {}, SEED, 0, 1, 1, control=False).without_effects() is None


def test_money_without_a_place_is_not_spent() -> None:
    # No crisis calls for peacekeepers in this state in any of these lucks.
    rich = {0: Choices(plans={"peacekeeping": plan(("ostrel", "peacekeeping", 1e6))})}
    none = {0: Choices(plans={"peacekeeping": ()})}
    many = [other_luck(load("seminar"), "late-response", c, SEED, 0, 1, 20, control=False) for c in (rich, none)]
    assert many[0].metrics[DECIDED].tobytes() == many[1].metrics[DECIDED].tobytes()


def test_results_do_not_depend_on_threads_or_on_how_many_lie_abreast(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(threads: int) -> str:
        return other_luck(load("seminar"), "late-response", CHOICES, SEED, 0, 1, 9, threads=threads).sha256

    usual = run(1)
    monkeypatch.setattr("r2psim.seminar.other_luck.AT_ONCE", 3)
    assert run(3) == usual


def test_what_is_counted_is_counted_luck_by_luck(found: OtherLuck) -> None:
    beside = found.beside("no-assistance", "displaced")
    apart = found.values(DECIDED, "displaced") - found.values("no-assistance", "displaced")
    assert (beside.less, beside.same, beside.more) == (sum(apart < 0), sum(apart == 0), sum(apart > 0))
    assert beside.lucks == LUCKS == beside.less + beside.same + beside.more
    assert beside.difference.mean == pytest.approx(apart.mean())
    assert beside.here == found.here(DECIDED, "displaced") - found.here("no-assistance", "displaced")


def test_months_are_told_and_work_ends_when_nobody_wants_it() -> None:
    scenario, told = load("seminar"), []
    other_luck(scenario, "late-response", {}, SEED, 0, 1, 3, advance=told.append)
    assert sum(told) == months_in_all(scenario, 1, 3) == 6 * 4 * 12

    def enough(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        other_luck(scenario, "late-response", {}, SEED, 0, 1, 3, advance=enough)


def test_a_plan_that_nobody_may_commit_is_refused() -> None:
    world = build(load("seminar"), "late-response")
    most = int(world.rows.body[B.attention, world.bodies.index("good-offices")])
    rows = [("belisar", "media", 1.0)] * 2
    unknown = [("belisar", "medai", 1.0)]
    forms = [(state, form, 1.0) for state in world.states for form in world.forms]
    for allocations, told in (
        (rows, "year 1: plan of good-offices: media in belisar"),
        (unknown, "medai in belisar"),
        (forms, f"at most {most}"),
    ):
        choices = {0: Choices(plans={"good-offices": plan(*allocations)})}
        with pytest.raises(SeminarError, match=told):
            other_luck(load("seminar"), "late-response", choices, SEED, 0, 1, 1)
    for lucks, years, told in ((0, 1, "1 to"), (1, 0, "no year")):
        with pytest.raises(SeminarError, match=told):
            other_luck(load("seminar"), "late-response", {}, SEED, 0, years, lucks)


def test_numbers_leave_out_the_luck_of_the_exercise() -> None:
    assert numbers_of(0, 3).tolist() == [0, 1, 2, 3] and numbers_of(9, 2).tolist() == [9, 0, 1]
