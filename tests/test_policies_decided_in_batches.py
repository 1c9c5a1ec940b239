"""Objects that decide for many runs at once: the digits of those that decide for one, in any batches."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from r2psim import PythonPolicy, Results, load, simulate
from r2psim.agents import Allocation, Allocations, PolicyError, R2PModel, View, Views
from r2psim.agents.array_draws import bells
from r2psim.agents.policies import view_of
from r2psim.bench.contenders import WorstFirst
from r2psim.declarations.columns import PR, B, L
from r2psim.ensemble import python_batches
from r2psim.ensemble.measures import SERIES
from r2psim.ensemble.python_policies import Order
from r2psim.rules.draws import ASSESSMENT, bell, draws_of, under
from r2psim.world.build import build
from r2psim.world.expand import expand
from r2psim.world.rows import WRITTEN, side_by_side

SOME = ("good-offices", "northern-market", "peacebuilding")
ASKED: dict[str, Any] = {
    "years": 2, "seed": 7, "series": list(SERIES), "histories": True, "events": [4], "first_run": 3, "ledgers": True,
    "null_twins": True,
}  # fmt: skip


class OneByOne:
    """Gives the states that it thinks worst off what they lack, until the money is gone."""

    def decide(self, view: View) -> Iterable[Allocation]:
        found: list[Allocation] = []
        left = view.room
        for state in sorted(view.states, key=lambda s: -s.perceived_risk):
            for offer in state.offers:
                dollars = min(offer.missing, left)
                if dollars > 0.0 and len(found) < view.attention:
                    found.append(Allocation(state.key, offer.form, dollars))
                    left -= dollars
        return found


class AllAtOnce:
    """The same, for many runs."""

    def decide_many(self, views: Views) -> Allocations:
        runs, members, forms = views.shape
        worst = np.argsort(-views.perceived_risk, axis=1, kind="stable")
        lacks = np.take_along_axis(views.missing, worst[:, :, None], axis=1).reshape(runs, -1)
        left = np.subtract.accumulate(np.hstack([views.room[:, None], lacks]), axis=1)[:, :-1]
        dollars = np.minimum(lacks, np.maximum(left, 0.0))
        dollars[np.cumsum(dollars > 0.0, axis=1) > views.attention] = 0.0
        state = np.where(dollars > 0.0, np.repeat(worst, forms, axis=1), -1)
        return Allocations(state, np.tile(np.arange(forms), members), dollars)


class Warier:
    """Remembers what it saw, draws numbers, and gives where risk has risen or by chance: one run at a time."""

    def __init__(self) -> None:
        self.before: dict[str, np.ndarray] = {}
        self.rng = np.random.default_rng(3)

    def chosen(self, body: str, seen: np.ndarray, month: int) -> np.ndarray:
        before = self.before.get(body, np.zeros_like(seen))
        self.before[body] = seen.copy()
        # As many numbers for each state, in all runs the same: a run's own luck is not its to know.
        return (seen > before) | (self.rng.random(seen.shape[-1]) < 0.3) | (month % 7 == 0)

    def decide(self, view: View) -> Iterable[Allocation]:
        chosen = self.chosen(view.body, np.array([s.perceived_risk for s in view.states]), view.month)
        room = view.room / (2.0 * len(view.states))
        return [
            Allocation(s.key, s.offers[0].form, min(room, s.offers[0].cost))
            for s, yes in zip(view.states, chosen, strict=True)
            if yes and s.offers
        ]


class WarierAtOnce(Warier):
    def decide_many(self, views: Views) -> np.ndarray:
        chosen = self.chosen(views.body, views.perceived_risk, views.month)
        first = views.offered & (np.cumsum(views.offered, axis=2) == 1) & chosen[:, :, None]
        room = views.room[:, None, None] / (2.0 * views.shape[1])
        return np.where(first, np.minimum(room, views.cost), 0.0)


def same(one: object, other: object) -> bool:
    """Say whether two things hold the same bits."""
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if is_dataclass(one):
        return type(one) is type(other) and all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    return one == other


TOLD = ("metrics", "spending", "yearly", "needs", "bodies", "ledgers", "series", "stages", "events")


def differences(one: Results, other: Results) -> list[str]:
    """Name what differs in the last bit between two results, and between their null twins."""
    found = [name for name in TOLD if not same(getattr(one, name), getattr(other, name))]
    if one.null is not None:
        assert other.null is not None
        found += [f"null {name}" for name in TOLD if not same(getattr(one.null, name), getattr(other.null, name))]
    return found


def by(*objects: object, base: str = "late-response", bodies: Iterable[str] = ()) -> PythonPolicy:
    """Make a policy of one object for all bodies, or of one for each that is named, in turn."""
    if not bodies:
        return PythonPolicy("mine", objects[0], base=base)  # type: ignore[arg-type]
    turns = {body: objects[k % len(objects)] for k, body in enumerate(bodies)}
    return PythonPolicy("mine", turns, base=base)  # type: ignore[arg-type]


@pytest.fixture
def batches_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Give a function that sets how many runs a batch has at most."""
    return lambda size: monkeypatch.setattr(python_batches, "LARGEST_BATCH", size)


# -- the same digits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "many", "scenario", "bodies", "base", "more"),
    [
        (OneByOne(), AllAtOnce(), "seminar", (), "late-response", {}),
        (OneByOne(), AllAtOnce(), "seminar", SOME, "prevention", {}),
        (Warier(), WarierAtOnce(), "seminar", SOME, "prevention", {}),
        # Where a mission stands at the start.
        (OneByOne(), AllAtOnce(), "relapse-risk", (), "prevention", {}),
        (OneByOne(), AllAtOnce(), "relapse-risk", ("good-offices", "ocha"), "prevention", {"uncertainty": "all"}),
    ],
    ids=["all bodies", "some bodies", "with a memory", "a mission", "parameters and effects drawn"],
)
def test_whoever_does_the_same_for_many_runs_gets_the_same_digits(
    one: object, many: object, scenario: str, bodies: tuple[str, ...], base: str, more: dict[str, str]
) -> None:
    expected = simulate(scenario, by(one, base=base, bodies=bodies), 3, threads=1, **ASKED, **more)
    found = simulate(scenario, by(many, base=base, bodies=bodies), 3, threads=1, **ASKED, **more)
    assert differences(expected, found) == []
    assert found.events["mine", 4]
    # It is not that nothing was decided.
    builtin = simulate(scenario, base, 3, threads=1, **ASKED, **more)
    assert not np.array_equal(found.metrics["mine"], builtin.metrics[base], equal_nan=True)


def test_neither_batches_nor_threads_make_a_difference(batches_of: Callable[[int], None]) -> None:
    policy = by(WarierAtOnce(), AllAtOnce(), bodies=SOME)
    whole = simulate("seminar", policy, 7, threads=1, **ASKED)
    for size, threads in ((1, 1), (2, 1), (3, 2), (7, 2)):
        batches_of(size)
        told: list[int] = []
        cut = simulate("seminar", ["prevention", policy], 7, threads=threads, advance=told.append, **ASKED)
        assert differences(whole, _only(cut, "mine")) == [], (size, threads)
        assert sum(told) == 2 * 2 * 7


def _only(results: Results, name: str) -> Results:
    """Give the results of one policy of several."""
    for of in (results, results.null):
        assert of is not None
        for told in TOLD:
            kept = getattr(of, told)
            for key in [key for key in kept if key != name and not (isinstance(key, tuple) and key[0] == name)]:
                del kept[key]
    return results


def test_a_run_that_was_opened_alone_finds_its_place() -> None:
    world = build(expand(load("relapse-risk")), "prevention")
    assert world.rows.body[B.pledges].any()
    expected = side_by_side(world.rows, 3)
    rows = expected._replace(**{name: np.full_like(getattr(expected, name), -7.0) for name in WRITTEN})
    for place in range(3):
        python_batches._put(rows, world, 3, place, world.rows)
    for name in WRITTEN:
        assert same(getattr(rows, name), getattr(expected, name)), name


def test_drawn_runs_do_not_depend_on_batches(batches_of: Callable[[int], None]) -> None:
    asked = ASKED | {"years": 1, "uncertainty": "all", "null_twins": False}
    whole = simulate("seminar", by(AllAtOnce(), bodies=SOME), 5, threads=1, **asked)
    batches_of(2)
    assert differences(whole, simulate("seminar", by(AllAtOnce(), bodies=SOME), 5, threads=2, **asked)) == []


def test_one_that_can_do_both_is_asked_for_many_and_beside_others_for_one() -> None:
    """Where an object can decide for one run only, all are asked run by run: the digits are the same."""
    mixed = by(OneByOne(), AllAtOnce(), bodies=SOME)
    assert not python_batches.in_batches(mixed, SOME) and python_batches.in_batches(by(AllAtOnce()), SOME)
    asked = ASKED | {"null_twins": False}
    expected = simulate("seminar", by(AllAtOnce(), bodies=SOME), 3, threads=1, **asked)
    assert differences(expected, simulate("seminar", mixed, 3, threads=1, **asked)) == []


def test_bodies_without_an_object_decide_by_the_rules() -> None:
    class Nothing:
        def decide_many(self, views: Views) -> np.ndarray:
            return np.zeros(views.shape)

    poor = load("seminar", "bodies.general-assembly.budget=0")
    watched = PythonPolicy("mine", {"general-assembly": Nothing()}, base="prevention")
    results = simulate(poor, ["prevention", watched], 4, threads=1, **ASKED)
    for told in ("metrics", "spending", "yearly", "needs", "ledgers", "series", "stages", "bodies"):
        kept = getattr(results, told)
        assert same(kept["mine"], kept["prevention"]), told


def test_where_a_mission_stands_at_the_start_a_null_twin_has_none_of_its_effects() -> None:
    shadow = PythonPolicy("mine", {}, base="prevention")
    found = simulate("relapse-risk", [shadow, "prevention"], 2, threads=1, **ASKED).null
    assert found is not None
    assert same(found.metrics["mine"], found.metrics["prevention"])
    assert same(found.stages["mine"], found.stages["prevention"])


def test_in_mesa_it_is_asked_for_one_run() -> None:
    results = simulate("seminar", by(AllAtOnce(), bodies=SOME), 3, years=2, seed=7, threads=1)
    watched = results.open(2, "mine", month=24)
    direct = R2PModel(
        "seminar", "late-response", seed=7, run=2, years=2, decide=dict.fromkeys(SOME, AllAtOnce())
    )  # fmt: skip
    direct.run_model()
    for model in (watched, direct):
        spent = sum(body["spent_prevention"] for body in model.body_agents)
        assert spent == pytest.approx(results.values("mine", "spent_prevention")[2])
        model.close()


# -- what is seen ------------------------------------------------------------------------------------------------------


class Watching(OneByOne):
    """Writes down what it is shown, and decides all the same; its copies are itself."""

    def __init__(self) -> None:
        self.seen: list[View] = []

    def __deepcopy__(self, memo: dict[int, object]) -> Watching:
        return self

    def decide(self, view: View) -> Iterable[Allocation]:
        self.seen.append(view)
        return super().decide(view)


class WatchingMany(Watching):
    def decide_many(self, views: Views) -> Allocations:
        self.seen += [views.view(run) for run in range(views.shape[0])]
        return AllAtOnce().decide_many(views)


@pytest.mark.parametrize("uncertainty", ["none", "all"])
def test_the_same_is_seen(uncertainty: str) -> None:
    one, many = Watching(), WatchingMany()
    for watching in (one, many):
        policy = by(watching, bodies=SOME)
        simulate("seminar", policy, 3, years=2, threads=1, uncertainty=uncertainty)
    times = len(one.seen) // 3
    # Whoever is asked for all runs is then asked for the last of them once more, alone.
    for run in range(3):
        alone = one.seen[run * times : (run + 1) * times]
        assert alone == many.seen[run::4]
    assert many.seen[2::4] == many.seen[3::4] and many.seen[0::4] != many.seen[1::4]


def test_nothing_that_is_seen_can_be_written_to() -> None:
    class Vandal:
        def decide_many(self, views: Views) -> np.ndarray:
            for name in ("room", "perceived_risk", "willing", "offered", "cost", "missing", "conflict", "in_atrocity"):
                with pytest.raises(ValueError, match="read-only"):
                    getattr(views, name)[...] = 0
            # What is not offered does not tell what it would cost.
            assert not views.cost[~views.offered].any() and not views.missing[~views.offered].any()
            assert views.offered.any() and not views.offered.all()
            return np.zeros(views.shape)

    simulate("seminar", by(Vandal(), bodies=SOME), 2, years=1, threads=1)


def test_what_the_body_itself_put_up_is_not_taken_for_that_of_others() -> None:
    """Its own money of last month counts as missing again: it is asked what it will put up from now on."""
    funds = dict.fromkeys(["good-offices"], OneByOne())
    model = R2PModel("seminar", "late-response", seed=7, years=1, drive="rows", decide=funds)
    b = model.world.bodies.index("good-offices")
    compared = 0
    while model.running:
        model.step()
        rows = model.rows
        slots = slice(rows.pledge_start[b], rows.pledge_start[b + 1])
        own = {int(row): x for row, x in rows.pledge[[L.programme, L.last_offer], slots].T.tolist() if row >= 0.0}
        for state in view_of(model, "good-offices").states:
            for offer in state.offers:
                row = model.world.forms.index(offer.form) * len(model.world.states)
                row += model.world.states.index(state.key)
                others = rows.programme[PR.pledged, row] - own.get(row, 0.0)
                assert offer.missing == max(0.0, rows.programme[PR.cost, row] - others) / 100.0
                compared += own.get(row, 0.0) > 0.0
    assert compared > 10
    model.close()


def test_luck_in_arrays_is_that_of_the_rules() -> None:
    luck = draws_of(2**63 + 12345, 5, 240)
    runs = np.array([5, 6, 2**32 - 1], dtype=np.uint64)
    who = np.array([1, 2**40 + 7, 2**64 - 1], dtype=np.uint64)
    of = np.uint64(2**63 + 99)
    expected = [[bell(under(luck._replace(run=run), of), w, ASSESSMENT) for w in who] for run in runs]
    assert bells(luck, of, runs, who, ASSESSMENT).tolist() == expected


# -- what is refused ---------------------------------------------------------------------------------------------------


class Answering:
    """Answers from its second month on what a function makes of the views."""

    def __init__(self, answer: Callable[[Views], object]) -> None:
        self.answer = answer

    def decide_many(self, views: Views) -> Any:
        return self.answer(views) if views.month >= 1 else np.zeros(views.shape)


def D(views: Views) -> int:  # noqa: N802
    """Give the place of a state."""
    return views.states.index("drevna")


def M(views: Views) -> int:  # noqa: N802
    """Give the place of a form."""
    return views.forms.index("mediation")


def at(views: Views, dollars: float) -> np.ndarray:
    """Give an answer of one allocation, in the second run."""
    answer = np.zeros(views.shape)
    answer[1, D(views), M(views)] = dollars
    return answer


def listed(state: Any, form: Any, dollars: Any) -> Allocations:
    return Allocations(*(np.array(x) for x in (state, form, dollars)))


RUN = "decide_many of good-offices, run 4, month 1"
MONTH = "decide_many of good-offices, month 1"
SHAPE = r"an array of US\$ a month of the shape \(runs, members, forms\), \(3, 12, 6\), or Allocations"
SHAPES = "shapes of state, form and dollars in Allocations"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda v: at(v, -1.0), f"{RUN}, mediation in drevna: -1.0 is not allowed: US. a mo"),
        (lambda v: at(v, np.nan), f"{RUN}, mediation in drevna: nan is not allowed: US. a m"),
        (lambda v: at(v, np.inf), f"{RUN}, mediation in drevna: inf is not allowed: US. a m"),
        (
            lambda v: at(v, 1e12),
            f"{RUN}: US. 1,000,000,000,000.00 in all is not allowed: at most its room of US. [0-9,.]+ a month",
        ),
        (
            lambda v: np.where(np.arange(3)[:, None, None] == 1, ~v.offered, False).astype(float),
            f"{RUN}: [a-z-]+ is not allowed: a form that it may fund in [a-z]+ now: [a-z, -]+",
        ),
        (
            lambda v: listed([[-1, -1], [D(v), D(v)], [D(v), -1]], [M(v), M(v)], [[0.0, 0.0], [1.0, 2.0], [1.0, 0.0]]),
            f"{RUN}: mediation in drevna is not allowed: each form once in a state",
        ),
        (lambda v: np.zeros((3, 12)), rf"{MONTH}: the shape \(3, 12\) is not allowed: {SHAPE}"),
        (lambda v: np.zeros((2, 12, 6)), rf"{MONTH}: the shape \(2, 12, 6\) is not allowed: {SHAPE}"),
        (lambda v: None, f"{MONTH}: NoneType is not allowed: {SHAPE}"),
        (lambda v: [[1.0], [1.0, 2.0]], rf"{MONTH}: list \(.*\) is not allowed: {SHAPE}"),
        (lambda v: v.offered, f"{MONTH}: ndarray of bool is not allowed: {SHAPE}"),
        (lambda v: np.ma.masked_less(np.zeros(v.shape), 1.0), f"{MONTH}: MaskedArray is not allowed: {SHAPE}"),
        (lambda v: listed([[0.0]] * 3, [0], [1.0]), f"{MONTH}, state of Allocations: an array of float64 is not allow"),
        (lambda v: listed([[0]] * 3, [True], [1.0]), f"{MONTH}, form of Allocations: an array of bool is not allowed"),
        (lambda v: Allocations([0], [0], [1.0]), f"{MONTH}, state of Allocations: list is not allowed: an array of w"),
        (lambda v: listed([[0]] * 2, [0], [1.0]), rf"{MONTH}, {SHAPES}: \(2, 1\), \(1,\), \(1,\) is not allowed: \(ru"),
        (lambda v: listed([0], [0], [1.0]), rf"{MONTH}, {SHAPES}: \(1,\), .* is not allowed: \(runs, n\), runs being"),
        (lambda v: listed([[0, 1]] * 3, [0, 1, 2], [1.0]), rf"{MONTH}, {SHAPES}: \(3, 2\), \(3,\), \(1,\) is not allo"),
        (
            lambda v: listed([[0]] * 2 + [[12]], [0], [1.0]),
            rf"{MONTH}, state of Allocations at \(2, 0\): 12 is not allowed: -1, or a place in states, 0 to 11",
        ),
        (
            lambda v: listed([[0]] * 3, [[-1]] * 3, [1.0]),
            rf"{MONTH}, form of Allocations at \(0, 0\): -1 is not allowed: a place in forms, 0 to 5",
        ),
        (
            lambda v: listed([[0, -1]] * 3, [0, 0], [1.0, 5.0]),
            rf"{MONTH}, dollars of Allocations at \(0, 1\): 5.0 is not allowed: 0 where the state is -1, nothing",
        ),
    ],
)  # fmt: skip
def test_what_a_body_may_not_do_is_refused_by_body_run_month_and_place(
    answer: Callable[[Views], object], told: str
) -> None:
    policy = PythonPolicy("mine", {"good-offices": Answering(answer)})
    with pytest.raises(PolicyError, match=told):
        simulate("seminar", policy, 3, first_run=3, years=1, threads=1)


def test_more_than_a_body_can_attend_to_is_refused() -> None:
    few = load("seminar", "bodies.good-offices.attention=2")
    everything = Answering(lambda views: np.where(views.offered, 0.01, 0.0))
    with pytest.raises(PolicyError, match=r"good-offices, run 0, month 1: \d+ is not allowed: at most 2 allocations"):
        simulate(few, PythonPolicy("mine", {"good-offices": everything}), 2, years=1, threads=1)


def test_the_rest_of_a_message_is_that_of_whoever_decides_for_one() -> None:
    class Greedy:
        def decide(self, view: View) -> Iterable[Allocation]:
            return [Allocation("drevna", "mediation", 2.0 * view.room)]

    class GreedyAtOnce:
        def decide_many(self, views: Views) -> np.ndarray:
            answer = np.zeros(views.shape)
            answer[:, views.states.index("drevna"), views.forms.index("mediation")] = 2.0 * views.room
            return answer

    messages = []
    for policy in (Greedy(), GreedyAtOnce()):
        with pytest.raises(PolicyError) as refused:
            simulate("seminar", PythonPolicy("mine", {"good-offices": policy}), 2, years=1, threads=1)
        messages.append(str(refused.value).partition(": ")[2])
    assert messages[0] == messages[1]


def test_the_room_is_used_up_to_half_a_cent() -> None:
    """Whoever gives away all that there is, in parts that do not add up to it exactly, is not refused."""

    class All:
        over = 0.004

        def decide_many(self, views: Views) -> np.ndarray:
            share = views.offered / np.maximum(views.offered.sum(axis=(1, 2)), 1)[:, None, None]
            return share * (views.room + self.over)[:, None, None]

    results = simulate("seminar", PythonPolicy("mine", {"good-offices": All()}), 3, years=1, threads=1)
    assert (results.bodies["mine"][7, 1:3] > 0.0).any()
    over = All()
    over.over = 0.02
    with pytest.raises(PolicyError, match="in all is not allowed: at most its room"):
        simulate("seminar", PythonPolicy("mine", {"good-offices": over}), 3, years=1, threads=1)


def test_no_more_is_promised_than_there_is() -> None:
    """Parts of a cent are rounded up as they come; who comes last gets what is left."""

    class Halves:
        def decide(self, view: View) -> Iterable[Allocation]:
            places = [(state.key, offer.form) for state in view.states for offer in state.offers][:9]
            first = view.room - 0.005 * (len(places) - 2) - 0.005
            return [Allocation(*place, 0.005 if k else first) for k, place in enumerate(places)]

    model = R2PModel("seminar", "late-response", seed=7, years=1, drive="rows", decide={"good-offices": Halves()})
    room = view_of(model, "good-offices").room
    model.step()
    b = model.world.bodies.index("good-offices")
    slots = slice(model.rows.pledge_start[b], model.rows.pledge_start[b + 1])
    amounts = model.rows.pledge[L.amount, slots][model.rows.pledge[L.programme, slots] >= 0.0]
    assert len(amounts) == 9 and sum(amounts) == round(100.0 * room)
    assert amounts[1] == 1.0 and amounts[-1] == 0.0
    model.close()


class Mixing:
    """Gives where risk is above the mean of all runs."""

    def decide_many(self, views: Views) -> np.ndarray:
        above = views.perceived_risk > views.perceived_risk.mean(axis=0)
        return np.where(views.offered & above[:, :, None], views.room[:, None, None] / 100.0, 0.0)


class Dicing:
    """Draws a number for each run of a batch."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(1)

    def decide_many(self, views: Views) -> np.ndarray:
        drawn = self.rng.random(views.shape[:2])
        return np.where(views.offered, (drawn * views.room[:, None] / 1000.0)[:, :, None], 0.0)


@pytest.mark.parametrize("mixing", [Mixing(), Dicing()])
def test_runs_that_are_mixed_are_refused(mixing: object) -> None:
    told = r"decide_many of good-offices, run 4, month \d+: what it allocates in the run depends on the other runs"
    with pytest.raises(PolicyError, match=told):
        simulate("seminar", PythonPolicy("mine", {"good-offices": mixing}), 5, years=2, threads=1)  # type: ignore[dict-item]


def test_what_fails_or_cannot_be_copied_is_told_in_one_line() -> None:
    def fail(views: Views) -> object:
        raise ZeroDivisionError("no reason")

    with pytest.raises(PolicyError, match="policy mine: runs 3 to 5, month 1: ZeroDivisionError: no reason"):
        simulate("seminar", by(Answering(fail)), 3, first_run=3, years=1, threads=1)
    locked = AllAtOnce()
    locked.lock = threading.Lock()  # type: ignore[attr-defined]
    with pytest.raises(PolicyError, match=r"policy mine cannot be copied, and each batch of runs begins .*lock"):
        simulate("seminar", by(locked), 2, years=1, threads=1)
    with pytest.raises(PolicyError, match=r"mine, .*3 is not allowed: an object with a method decide\(view\) or|3 is "):
        simulate("seminar", by(3), 2, years=1, threads=1)


class Counting(AllAtOnce):
    """Counts how often it is asked; its copies are itself."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __deepcopy__(self, memo: dict[int, object]) -> Counting:
        return self

    def decide_many(self, views: Views) -> Allocations:
        self.asked.append(views.month)
        return super().decide_many(views)


def test_an_interrupt_ends_the_threads(batches_of: Callable[[int], None]) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    batches_of(1)
    counting = Counting()
    before = set(threading.enumerate())  # others may end meanwhile
    with pytest.raises(KeyboardInterrupt):
        simulate("seminar", by(counting, bodies=SOME), 40, years=2, threads=2, advance=interrupt)
    assert set(threading.enumerate()) <= before
    assert 0 < counting.asked.count(0) < 40 * len(SOME)


def test_a_batch_that_is_to_stop_asks_nobody() -> None:
    counting, stop = Counting(), threading.Event()
    order = Order(expand(load("seminar")), 7, 0, 2, 24, (), False, (), "none")
    setting = python_batches.Setting(order, by(counting, bodies=SOME), null_twin=False)
    stop.set()
    python_batches._Batch(setting, 0, 2, stop).run()
    assert counting.asked == []


PAGE = Path(__file__).parents[1] / "docs" / "POLICIES.md"


def test_the_code_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert len(blocks) == 4
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert "('late-response', 'worst first')" in capsys.readouterr().out
    # The one that is measured is the one that is shown.
    found = simulate("seminar", [by(WorstFirst(), base="prevention")], 4, years=2, seed=7, threads=1)
    assert same(found.metrics["mine"], names["results"].metrics["WorstFirstInMany"])


def test_the_page_names_all_that_is_seen() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [field.name for field in fields(Views) if f"`{field.name}`" not in page] == []
