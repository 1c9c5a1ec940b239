"""Compiling is announced wherever it happens, with the time left, unless it is asked not to be."""

from __future__ import annotations

import io
import logging
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from time import monotonic, sleep
from typing import Any, ClassVar

import numba
import pytest

from r2psim import compiling as compiling_module
from r2psim import progress as progress_module
from r2psim.compiling import ENSEMBLE, SECONDS, WHOLE, Compiling, compiled_elsewhere
from r2psim.progress import LOGGER, beside_bar, notice, progress, rewrites
from r2psim.rules import ahead
from r2psim.rules.ahead import compile_ahead, shares
from r2psim.rules.month import AS_THEY_ARE, PHASES, Rules

# -- how long still ----------------------------------------------------------------------------------------------------


def test_the_parts_whose_length_is_known_are_those_of_a_month() -> None:
    assert {phase.run.__name__ for phase in PHASES} < set(Rules._fields)
    assert list(SECONDS) == [*Rules._fields, *ENSEMBLE], "in the order in which they are called"
    assert [called.__name__ for called in AS_THEY_ARE] == list(Rules._fields)


def test_the_time_left_falls_as_parts_are_finished_and_follows_the_pace() -> None:
    usual, slow = (Compiling(0.0, "standing", set()) for _ in range(2))
    before = usual.left(0.0)
    assert before == pytest.approx(sum(SECONDS.values()) - sum(SECONDS[name] for name in ENSEMBLE))
    at = 0.0
    for name in ("opponents_begin", "standing", "settling", "state_risk_factors", "observation", "delivery"):
        at += SECONDS[name]
        usual.finished(name, at)
        slow.finished(name, 3.0 * at)
    assert usual.left(at) == pytest.approx(before - at)
    assert 2.0 * usual.left(at) < slow.left(3.0 * at) < 3.0 * usual.left(at)
    # Within a part, time passes too.
    assert usual.left(at + 0.4) == pytest.approx(usual.left(at) - 0.4)


def lefts(paces: dict[str, float], inside: bool) -> list[float]:
    """Give what is said to be left in every second, where parts take so many times as long as usual."""
    now, said = 0.0, []
    work = Compiling(now, WHOLE, set())
    for name, seconds in SECONDS.items():
        if inside and name != WHOLE:
            work.begins(name, set())
        end = now + paces.get(name, 1.0) * seconds
        while now + 1.0 < end:
            now += 1.0
            said.append(work.left(now))
        now = end
        work.finished(name, now)
    return said


@pytest.mark.parametrize("inside", [True, False], ids=["begun parts are told", "not told"])
@pytest.mark.parametrize("name", SECONDS)
def test_one_part_that_takes_much_longer_makes_no_jump(name: str, inside: bool) -> None:
    said = lefts({name: 4.0}, inside)
    whole = sum(SECONDS.values())
    steps = [after - before for before, after in pairwise(said)]
    assert max(steps) < 3.0, "seconds more, from one second to the next"
    assert min(steps) > -1.0 - max(SECONDS.values()), "no more is taken off than one part usually takes"
    assert max(said) < 2.0 * whole


def test_the_time_left_of_a_slow_machine_moves_steadily_to_its_end() -> None:
    steps = [after - before for before, after in pairwise(lefts(dict.fromkeys(SECONDS, 4.0), True))]
    assert max(map(abs, steps)) < 4.0


def test_the_time_left_is_never_more_than_the_time_that_has_passed_tells() -> None:
    """A part that does not end takes as long as it has so far: the rest then takes as much for each unit of work."""
    work = Compiling(0.0, WHOLE, set())
    for name in ("opponents_begin", "standing"):
        work.finished(name, 2.0)
    work.begins("settling", set())
    done = SECONDS["opponents_begin"] + SECONDS["standing"] + SECONDS["settling"]
    rest = sum(SECONDS.values()) - done
    for now in (100.0, 200.0, 400.0):
        assert 0.0 < work.left(now) < now / done * rest
    late = work.left(400.0)
    work.finished("settling", 400.0)
    assert work.left(400.0) == pytest.approx(late)


def test_what_was_kept_is_not_waited_for_and_what_is_unknown_not_guessed() -> None:
    rest = Compiling(0.0, WHOLE, set(SECONDS) - {WHOLE})
    assert rest.left(0.0) == SECONDS[WHOLE]
    rest.finished(WHOLE, 50.0)
    assert rest.left(51.0) is None
    unknown = Compiling(0.0, "some_rule", set())
    assert unknown.left(1.0) is None
    assert unknown.words(61.0) == "compiling the rules: 1:01 so far"
    unknown.begins("standing", set())
    assert unknown.left(1.0) == Compiling(0.0, "standing", set()).left(1.0), "a known one tells what is to come"
    model = Compiling(0.0, "standing", set())
    before = model.left(0.0)
    model.expect_whole(set())
    assert model.left(0.0) == pytest.approx(before + sum(SECONDS[name] for name in ENSEMBLE))


def test_what_other_processes_compile_is_waited_for_as_long_as_the_slowest_of_them() -> None:
    mine, one, other = ["standing", "settling"], ["groups_move", "states_sum_up"], ["bodies_act"]
    rest = set(SECONDS) - {*mine, *one, *other}
    work = Compiling(0.0, "standing", rest, [one, other])
    assert list(work.expected) == mine
    own = SECONDS["standing"] + SECONDS["settling"]
    assert work.left(0.0) == pytest.approx(own)
    work.finished("standing", SECONDS["standing"])
    work.finished("settling", own)
    both = SECONDS["groups_move"] + SECONDS["states_sum_up"]
    assert work.left(own) == pytest.approx(both - SECONDS["groups_move"]), "what has begun there cannot be seen"
    work.kept_meanwhile(rest | {"bodies_act", "groups_move"}, own)
    assert work.left(own) == pytest.approx(SECONDS["states_sum_up"])
    assert work.left(own + 1.0) == pytest.approx(SECONDS["states_sum_up"] - 1.0)
    work.kept_meanwhile(set(SECONDS), own + 2.0)
    assert work.left(own + 2.0) is None


# -- several processes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [1, 2, 3, 4, 40])
def test_rules_are_divided_so_that_all_processes_end_about_together(processes: int) -> None:
    found = shares(list(SECONDS), processes)
    assert len(found) == min(processes, len(SECONDS)) and all(found)
    assert sorted(name for share in found for name in share) == sorted(SECONDS), "each of them once"
    times = [sum(SECONDS[name] for name in share) for share in found]
    assert times[0] == pytest.approx(min(times))
    assert max(times) <= max(max(SECONDS.values()), sum(SECONDS.values()) / len(found) + max(SECONDS.values()) / 2)
    for share in found:
        assert share == sorted(share, key=list(SECONDS).index)


class Worker:
    """A process that compiles for another: it notes what it was asked for."""

    asked: ClassVar[list[list[str]]] = []
    killed = 0

    def __init__(self, words: list[str], env: dict[str, str], **_: Any) -> None:
        assert env[ahead._WITHIN] == "1"
        assert words[1:4] == ["-P", "-m", "a_module"]
        self.asked.append(words[4:])

    def wait(self) -> int:
        return 1  # it failed

    def kill(self) -> None:
        type(self).killed += 1


def test_what_is_not_kept_is_compiled_once_and_what_others_fail_at_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there, missing = tmp_path / "there", tmp_path / "missing"
    there.touch()
    names = ["standing", "settling", "groups_move", "bodies_act"]
    monkeypatch.setattr(ahead, "kept_files", dict.fromkeys(names, missing) | {"groups_move": there})
    monkeypatch.setattr(ahead, "_begun", set())
    monkeypatch.setattr(ahead, "processors", lambda: 2)
    monkeypatch.setattr(ahead.subprocess, "Popen", Worker)
    monkeypatch.setattr(Worker, "asked", [])
    monkeypatch.delenv(ahead._WITHIN, raising=False)
    mine: list[str] = []
    compile_ahead("a_module", names, mine.append)
    assert Worker.asked == [["settling"]] and mine == ["standing", "bodies_act"]
    compile_ahead("a_module", names, mine.append)
    assert len(mine) == 2, "asked again, nothing is done"


def test_a_rule_that_is_called_alone_has_no_other_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(ahead, "compile_ahead", lambda module, *_: asked.append(module))
    for name in (*Rules._fields[1:], "uniform"):
        ahead.before_first_call(name)
    assert asked == []
    ahead.before_first_call("opponents_begin")
    assert asked == ["r2psim.rules.compile_month"], "a run is opened"


@pytest.mark.parametrize("why", ["one processor", "nothing is missing", "within another", "nowhere to keep it"])
def test_no_process_is_started_where_it_would_gain_nothing(
    why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    if why == "nothing is missing":
        file.touch()
    kept = {} if why == "nowhere to keep it" else dict.fromkeys(SECONDS, file)
    monkeypatch.setattr(ahead, "kept_files", kept)
    monkeypatch.setattr(ahead, "_begun", set())
    monkeypatch.setattr(ahead, "processors", lambda: 1 if why == "one processor" else 2)
    monkeypatch.setattr(ahead.subprocess, "Popen", Worker)
    monkeypatch.setattr(Worker, "asked", [])
    monkeypatch.delenv(ahead._WITHIN, raising=False)
    if why == "within another":
        monkeypatch.setenv(ahead._WITHIN, "1")
    mine: list[str] = []
    compile_ahead("a_module", list(SECONDS), mine.append)
    assert Worker.asked == [] and mine == []


# -- what is said ------------------------------------------------------------------------------------------------------


class Notebook(io.StringIO):
    """The error stream of a kernel."""


Notebook.__module__ = "ipykernel.iostream"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let something that takes a second be announced as if it took minutes."""
    monkeypatch.delenv("R2PSIM_QUIET", raising=False)
    monkeypatch.setattr(compiling_module, "SOON_SECONDS", 0.05)
    monkeypatch.setattr(compiling_module, "EVERY_SECONDS", 0.2)
    monkeypatch.setattr(compiling_module, "IDLE_SECONDS", 0.3)


def slow_compile(seconds: float = 1.0) -> float:
    """Call a new function whose compiling takes a while; give how long."""

    def new(x: float) -> float:
        return x

    new.__module__ = "r2psim.rules.made_up"

    class Slow(numba.core.compiler.Compiler):
        def define_pipelines(self) -> Any:
            sleep(seconds)
            return super().define_pipelines()

    began = monotonic()
    numba.njit(pipeline_class=Slow)(new)(1.0)
    took = monotonic() - began
    end = monotonic() + 5.0
    while compiling_module._listener.compiling is not None and monotonic() < end:
        sleep(0.02)
    return took


def test_it_is_told_while_only_others_compile(quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    with compiled_elsewhere(["standing"], [["settling"]]):
        sleep(1.0)
    end = monotonic() + 5.0
    while compiling_module._listener.compiling is not None and monotonic() < end:
        sleep(0.02)
    _, *between, last = capsys.readouterr().err.splitlines()
    assert len(between) >= 2 and all("compiling the rules: 0:0" in text for text in between)
    assert last.startswith("r2psim: compiled the rules in")


def test_a_script_is_told_in_lines(quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    slow_compile()
    first, *between, last = capsys.readouterr().err.splitlines()
    assert first == "r2psim: compiling the rules for this machine; they are kept for the next time"
    assert len(between) >= 2 and all(re.fullmatch(r"r2psim: compiling the rules: 0:0\d so far", t) for t in between)
    assert re.fullmatch(r"r2psim: compiled the rules in 0:0\d", last)


def test_a_notebook_is_told_in_one_line_that_changes(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Notebook()
    monkeypatch.setattr(sys, "stderr", stream)
    assert rewrites()
    slow_compile()
    first, *others = stream.getvalue().splitlines(keepends=True)
    assert first.endswith("next time\n")
    assert others and all(text.endswith("\r") or text.startswith("r2psim: comp") for text in others)
    assert stream.getvalue().count("\n") == 2


@pytest.mark.parametrize("how", ["R2PSIM_QUIET", "level", "disable", "other code", "no stream"])
def test_nothing_is_said_where_nobody_wants_it(
    how: str, quick: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    match how:
        case "R2PSIM_QUIET":
            monkeypatch.setenv("R2PSIM_QUIET", "1")
        case "level":
            monkeypatch.setattr(LOGGER, "level", logging.WARNING)
        case "disable":
            monkeypatch.setattr(logging.root.manager, "disable", logging.INFO)
        case "no stream":
            monkeypatch.setattr(sys, "stderr", None)
    if how == "other code":
        numba.njit(lambda x: x)(1.0)
    else:
        slow_compile(0.3)
    assert capsys.readouterr().err == ""
    if how not in ("other code", "no stream", "disable"):
        notice("damaged", logging.WARNING)
        assert capsys.readouterr().err == "damaged\n", "warnings are still said"


def test_handlers_of_the_logger_get_the_lines(quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    handler = Keep()
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    try:
        slow_compile(0.5)
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(logging.NOTSET)
    assert lines[0].startswith("r2psim: compiling") and lines[-1].startswith("r2psim: compiled")
    assert capsys.readouterr().err == ""


def test_beside_a_bar_no_line_breaks_it(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(progress_module, "_bars", [shown.append])
    slow_compile(0.6)
    assert any("so far" in text for text in shown) and shown[-1] == ""


def test_a_bar_shows_what_is_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    assert not beside_bar("nobody sees it")
    with progress("runs", 3) as advance:
        assert beside_bar("compiling the rules")
        advance(1)
        sleep(0.3)
    assert "compiling the rules" in stream.getvalue()
    assert not beside_bar("nobody sees it")


@pytest.mark.parametrize("over", [False, True], ids=["a log", "a notebook"])
def test_where_there_is_no_terminal_lines_tell_how_far_it_is(over: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Notebook(io.StringIO):
        pass

    if over:
        Notebook.__module__ = "ipykernel.iostream"
    stream = Notebook()
    monkeypatch.setattr(sys, "stderr", stream)
    clock = [0.0]
    monkeypatch.setattr(progress_module, "monotonic", lambda: clock[0])
    with progress("runs", 1000) as advance:
        clock[0] = 100.0  # what was compiled or read back till the first step
        advance(400)
        for _ in range(4):
            clock[0] += 31.0
            advance(100)
    told = stream.getvalue()
    assert "runs: 500 of 1,000, about 2:35 left" in told and "runs: 800 of 1,000, about 1:02 left" in told
    assert told.count("\n") == (0 if over else 4)
    assert told.split("\r")[-1].strip() == "" or not over
    with progress("runs", 10, show=False) as advance:
        clock[0] += 100.0
        advance(1)
        advance(1)
    assert stream.getvalue() == told


PROGRAM = """
import sys
import r2psim
{what}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "what",
    [
        "r2psim.simulate('seminar', runs=2, years=1)",
        "r2psim.R2PModel('seminar', years=1).step()",
        "from r2psim.cli import main; sys.argv = ['r2psim', 'run', 'seminar', '--years', '1', '--json']; main()",
    ],
    ids=["simulate", "model", "command"],
)
def test_whoever_needs_the_rules_is_told_every_few_seconds(what: str, tmp_path: Path) -> None:
    """In a new process with nothing kept, stopped once it has told enough."""
    environment = {k: v for k, v in os.environ.items() if k != "R2PSIM_QUIET"} | {"R2PSIM_CACHE": str(tmp_path)}
    words = [sys.executable, "-c", PROGRAM.format(what=what)]
    with subprocess.Popen(
        words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        first = running.stderr.readline()
        times = []
        for _ in range(4):
            line = running.stderr.readline()
            assert re.search(r"\d:\d\d so far, about \d+:\d\d left", line), line
            times.append(monotonic())
        running.kill()
    assert "compiling the rules for this machine, which takes about" in first
    assert max(b - a for a, b in pairwise(times)) < 6.0
