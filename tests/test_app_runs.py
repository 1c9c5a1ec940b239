"""The server's one pool of heavy work: whom it serves next, what it keeps, what it gives up."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from r2psim.app import runs, settings
from r2psim.app.runs import CURVES, Pool, Setting, _Wish
from r2psim.ensemble.measures import LEDGERS, METRICS

SECONDS = 20.0


def niceness() -> int:
    """Give how much this thread gives way to others."""
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


class Work:
    """Runs that take no time, one piece at a time, each when the test lets it."""

    def __init__(self, free: bool = True) -> None:
        self.pieces: list[tuple[tuple[str, ...], int, int]] = []
        self.gate = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.free = free
        self.fail = False
        self.unfinished = False

    def __call__(self, scenario: Any, policies: list[str], runs: int, seed: int, first_run: int, **rest: Any) -> Any:
        self.pieces.append((tuple(policies), first_run, runs))
        self.niceness = niceness()
        self.begun.release()
        if not self.free:
            assert self.gate.acquire(timeout=SECONDS)
        if self.fail:
            raise ValueError("it cannot be")
        rest["advance"](runs)
        assert rest["ledgers"] and rest["null_twins"], "what is told apart needs both"
        number = np.arange(first_run, first_run + runs, dtype=float)[:, None]

        def kept(sign: float) -> dict[str, Any]:
            rows = sign * np.repeat(number, len(METRICS), axis=1)
            years = sign * np.tile(number[:, :, None], (1, 2, len(LEDGERS)))
            return {"metrics": dict.fromkeys(policies, rows), "ledgers": dict.fromkeys(policies, years)}

        return SimpleNamespace(
            **kept(1.0),
            null=None if self.unfinished else SimpleNamespace(**kept(-1.0)),
            series={p: dict.fromkeys(CURVES, np.repeat(number, 25, axis=1)) for p in policies},
            stages={p: np.zeros((runs, 25, 2), dtype=np.int8) for p in policies},
        )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> None:
    """No scenario is loaded."""
    monkeypatch.setattr(runs, "setting_of", lambda scenario, sets, own: None)


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Give a way to change the limits of the server."""

    def change(**limits: Any) -> None:
        found = replace(settings.current(), limits=replace(settings.LIMITS, **limits))
        monkeypatch.setattr(settings, "_now", found)

    yield change


def wait(pool: Pool, who: object, wanted: list[Setting], least: int) -> int:
    """Wait until a person has so many runs."""
    there = 0
    while there < least and not pool.problem(wanted):
        before = there
        there = pool.follow(who, wanted, there, SECONDS)
        assert there > before or pool.problem(wanted), "nothing came"
    return there


def setting(policy: str, sets: tuple[str, ...] = ()) -> Setting:
    return Setting("seminar", policy, 1, sets)


@pytest.mark.usefixtures("world")
def test_runs_come_in_pieces_that_join_without_gap() -> None:
    work = Work()
    pool, me = Pool(work), object()
    wanted = [setting("a"), setting("b")]
    pool.want(me, wanted, 300)
    assert wait(pool, me, wanted, 300) == 300
    for s in wanted:
        found, numbers = pool.get(s), list(range(300))
        assert found.metrics[:, 0].tolist() == found.ledgers[:, 1, 0].tolist() == numbers
        # Null twins are another column: they are joined in the same order, and are not mistaken for the runs.
        assert (-found.null_metrics[:, 0]).tolist() == (-found.null_ledgers[:, 1, 0]).tolist() == numbers
        assert all(len(curve) == 300 for curve in pool.get(s).curves.values())
    assert work.pieces[0] == (("a", "b"), 0, runs.UNKNOWN), "a first answer soon"


@pytest.mark.usefixtures("world")
def test_first_figures_are_of_few_runs_however_fast_a_world_is() -> None:
    work = Work(free=False)
    pool, me = Pool(work), object()
    pool._costs["seminar", "none"] = 1e-6
    wanted = [setting("a"), setting("b")]
    pool.want(me, wanted, 1000)
    assert work.begun.acquire(timeout=SECONDS)
    work.free = True
    work.gate.release()
    assert wait(pool, me, wanted, 1000) == 1000
    assert work.pieces == [(("a", "b"), 0, runs.FEWEST), (("a", "b"), runs.FEWEST, 1000 - runs.FEWEST)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities of single threads")
@pytest.mark.usefixtures("world")
def test_runs_give_way_to_the_threads_that_draw_pages() -> None:
    work = Work()
    pool, me = Pool(work), object()
    before = niceness()
    pool.want(me, [setting("a")], 10)
    assert wait(pool, me, [setting("a")], 10) == 10
    assert work.niceness == min(before + runs.BEHIND, runs.LAST) and niceness() == before


@pytest.mark.usefixtures("world")
def test_whoever_asks_the_same_gets_the_same_results() -> None:
    work = Work()
    pool, me, you = Pool(work), object(), object()
    pool.want(me, [setting("a")], 200)
    wait(pool, me, [setting("a")], 200)
    done = len(work.pieces)
    pool.want(you, [setting("a")], 200)
    assert wait(pool, you, [setting("a")], 200) == 200
    assert len(work.pieces) == done
    pool.want(you, [setting("a"), setting("b")], 200)
    wait(pool, you, [setting("a"), setting("b")], 200)
    assert all(policies == ("b",) for policies, _, _ in work.pieces[done:]), "only what is missing is run"


@pytest.mark.usefixtures("world")
def test_a_new_wish_ends_the_old_one() -> None:
    work = Work(free=False)
    pool, me = Pool(work), object()
    pool.want(me, [setting("old")], 1000)
    assert work.begun.acquire(timeout=SECONDS)
    pool.want(me, [setting("new")], 100)
    work.free = True
    work.gate.release()
    assert wait(pool, me, [setting("new")], 100) == 100
    assert pool.get(setting("old")).runs == 0
    assert not pool.mine(me, [setting("old")]) and pool.mine(me, [setting("new")])
    assert [p for p in work.pieces if p[0] == ("old",)] == work.pieces[:1]


@pytest.mark.usefixtures("world")
def test_the_one_with_the_fewest_runs_is_served_next() -> None:
    work = Work(free=False)
    pool = Pool(work)
    people = [object() for _ in range(4)]
    pool.want(people[0], [setting("p0")], 1000)
    assert work.begun.acquire(timeout=SECONDS)
    for i, who in enumerate(people[1:], 1):
        pool.want(who, [setting(f"p{i}")], 1000)
    for _ in range(3):
        work.gate.release()
        assert work.begun.acquire(timeout=SECONDS)
    served = [p[0][0] for p in work.pieces]
    assert served == ["p0", "p1", "p2", "p3"], "everybody has a first answer before anybody has more"
    for who in people:
        pool.leave(who)
    work.free = True
    work.gate.release()


@pytest.mark.usefixtures("world")
def test_who_asks_for_one_setting_after_the_other_waits_behind_those_who_had_less() -> None:
    work = Work(free=False)
    pool, mapping, other = Pool(work), object(), object()
    pool._costs["seminar", "none"] = 1e-6
    pool.want(mapping, [setting("place 1")], 24)
    assert work.begun.acquire(timeout=SECONDS)
    # Places that come after it have no runs yet; yet whoever asked for them has had twenty-four.
    pool.want(mapping, [setting("place 2")], 24, before=24)
    pool.want(other, [setting("other")], 60)
    for _ in range(3):
        work.gate.release()
        assert work.begun.acquire(timeout=SECONDS)
    assert [policies for policies, _, _ in work.pieces] == [("place 1",), ("other",), ("other",), ("place 2",)]
    for who in (mapping, other):
        pool.leave(who)
    work.free = True
    work.gate.release()


@pytest.mark.usefixtures("world")
def test_runs_and_memory_are_bounded(limited: Callable[..., None]) -> None:
    limited(runs=50, result_bytes=1)
    work = Work()
    pool, me = Pool(work), object()
    for name in "abcdef":
        pool.want(me, [setting(name)], 10**9)
        assert wait(pool, me, [setting(name)], 50) == 50
    assert max(first + count for _, first, count in work.pieces) == 50
    assert sum(pool.get(setting(name)).runs > 0 for name in "abcdef") <= 2


@pytest.mark.usefixtures("world")
def test_a_slow_world_gets_fewer_runs(limited: Callable[..., None]) -> None:
    limited(run_seconds=60.0)
    pool = Pool(Work())
    pool._costs["seminar", "none"] = 1.0
    # Asked of the pool itself: a piece that it has run meanwhile would have taught it another cost.
    assert pool._goal(_Wish((setting("a"),), 1000)) == 60


@pytest.mark.usefixtures("world")
def test_a_failure_is_told_and_does_not_stop_the_others() -> None:
    work = Work()
    work.fail = True
    pool, me = Pool(work), object()
    pool.want(me, [setting("a")], 100)
    wait(pool, me, [setting("a")], 100)
    assert pool.problem([setting("a")]) == "it cannot be"
    work.fail, work.unfinished = False, True
    pool.want(me, [setting("c")], 100)
    wait(pool, me, [setting("c")], 100)
    assert pool.problem([setting("c")]).startswith("failed unexpectedly: "), "so are results that cannot be joined"
    work.unfinished = False
    pool.want(me, [setting("b")], 100)
    assert wait(pool, me, [setting("b")], 100) == 100
