"""A page that follows runs as they come, and what stays on it while they do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import sleep
from typing import Any

import numpy as np
import pytest
import reacton
import solara

from r2psim.app import following
from r2psim.app.following import tell, use_runs
from r2psim.app.runs import Found, Setting
from r2psim.ensemble.measures import METRICS

SECONDS = 20.0
GOAL = 60
SETTINGS = (Setting("seminar", "prevention", 1),)


class Eager:
    """A pool in which a run more is there whenever somebody looks."""

    def __init__(self) -> None:
        self.runs = 0

    def want(self, who: object, settings: Any, runs: int) -> None:
        self.goal_ = runs

    def follow(self, who: object, settings: Any, seen: int, seconds: float) -> int:
        sleep(0.002)
        self.runs = min(self.runs + 1, self.goal_)
        return self.runs

    def get(self, setting: Setting) -> Found:
        return Found(metrics=np.zeros((self.runs, len(METRICS))))

    def goal(self, who: object) -> int:
        return self.goal_

    def mine(self, who: object, settings: Any) -> bool:
        return True

    def problem(self, settings: Any) -> str:
        return ""

    def leave(self, who: object) -> None:
        pass


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> Eager:
    made = Eager()
    monkeypatch.setattr(following, "pool", lambda: made)
    return made


def test_a_page_that_is_slower_to_draw_than_runs_come_shows_what_there_is(
    eager: Eager, shown: Callable[[Any], Any]
) -> None:
    """Drawn anew before it was seen, it would have shown nothing until the last run."""
    seen: list[int] = []
    done = threading.Event()

    @solara.component
    def slow() -> None:
        there = use_runs(SETTINGS, GOAL).shown
        runs = there.runs if there is not None else 0

        def on_the_page() -> None:
            # Longer than a run takes to come.
            sleep(0.02)
            seen.append(runs)
            if runs == GOAL:
                done.set()

        solara.use_effect(on_the_page, [there])
        solara.Text(str(runs))

    shown(slow())
    assert eager.runs < GOAL, "the page is there before all runs are"
    assert done.wait(SECONDS)
    assert any(0 < runs < GOAL for runs in seen), "and what comes is shown as it comes"
    assert seen == sorted(seen) and seen[-1] == GOAL
    assert set(seen) <= {0, 6, 12, 24, 48, GOAL}, "twice as many each time: no figures are sent for a run more"


def test_a_page_that_is_closed_while_it_is_told_something_takes_no_thread_with_it() -> None:
    """The state of a page that is gone cannot be set; a message half on its way is nobody's loss."""
    gone, setters = threading.Event(), []

    @solara.component
    def page() -> None:
        value, set_value = solara.use_state(0)
        setters.append(set_value)
        solara.use_effect(lambda: gone.set, [])
        solara.Text(str(value))

    _, context = reacton.render(page(), handle_error=False)

    def closed_meanwhile(value: int) -> int:
        context.close()
        return value + 1

    tell(gone, setters[-1], closed_meanwhile)
    assert gone.is_set()


def test_a_fault_in_telling_a_page_that_is_there_is_not_hidden() -> None:
    def faulty(value: object) -> None:
        raise KeyError(value)

    with pytest.raises(KeyError, match="3"):
        tell(threading.Event(), faulty, "3")
