"""The benchmark: translations to C give the same bits, and the report has all that it promises. Nothing is timed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from r2psim.bench import measure
from r2psim.bench.adapter import POLICY, SEED, Compiled
from r2psim.bench.contenders import Case, Contender, contenders_of
from r2psim.bench.measure import RATIOS, SCENARIOS, Effort, play_rounds, report_of, shared_ratio
from r2psim.bench.native import months_in_c
from r2psim.bench.numpy_month import groups_move, uniforms
from r2psim.bench.worlds import side_by_side, world_of
from r2psim.declarations.columns import GROUP
from r2psim.rules import arithmetic
from r2psim.rules.draws import STAGE_CHANGE, Draws, draws_of, uniform
from r2psim.rules.month import PHASES, opening
from r2psim.scenario import load
from r2psim.translation.native import CompilerError, Library, compiler
from r2psim.translation.to_c import NotCoveredError, translate
from r2psim.verbs import bench
from r2psim.world.build import build
from r2psim.world.expand import expand
from r2psim.world.rows import WRITTEN, copy_rows


def has_compiler() -> bool:
    try:
        compiler()
    except CompilerError:
        return False
    return True


needs_compiler = pytest.mark.skipif(not has_compiler(), reason="no compiler of C is installed")
FAST = ("-O1", "-std=c11", "-ffp-contract=off")

# -- single rules ------------------------------------------------------------------------------------------------------


def evaluated(function: Callable[..., Any], *arguments: Any) -> Any:
    return Library({"entry": (function, arguments)}, FAST).call("entry", *arguments)


@needs_compiler
@pytest.mark.parametrize("name", ["exp", "log", "normal_quantile", "probability"])
def test_arithmetic_in_c_gives_the_same_bits(name: str) -> None:
    function = getattr(arithmetic, name)
    library = Library({"entry": (function, (1.0,))})
    chance = np.random.default_rng(1)
    values = np.concatenate([chance.random(200), chance.normal(0.0, 50.0, 200) if name == "exp" else chance.random(9)])
    for x in values.tolist():
        assert library.call("entry", x) == float(function(x))


@needs_compiler
def test_chance_in_c_gives_the_same_bits() -> None:
    library = Library({"entry": (uniform, (draws_of(7, 3, 5), np.uint64(1), STAGE_CHANGE))}, FAST)
    for entity in (0, 1, 2**63 + 12345):
        for run in (0, 99):
            luck = draws_of(7, run, 5)
            drawn = library.call("entry", luck, np.uint64(entity), STAGE_CHANGE)
            assert drawn == float(uniform(luck, np.uint64(entity), STAGE_CHANGE))


WEIGHTS = np.array([[1.5, 2.5], [0.1, -0.3]])
PLACES = (1, 0)


def half(x: float) -> float:
    return x / 2


def grammar(block: np.ndarray, first: int, last: int, luck: Draws) -> tuple[float, int]:
    """A bit of everything that rules may contain."""
    total = 0
    steps = (0.5, 0.25, 4.0)
    column = block[1, first:last]
    for i in range(last - first):
        column[i] = half(column[i]) + steps[i % 3] + (1.0 if i % 3 == 2 else -0.25)
    for i in range(5, -1, -2):
        total += i * WEIGHTS[PLACES[i % 2], 1]
    k = 0
    while True:
        k += 1
        if k == 3:
            continue
        if k > 6 or -7 // 2 != -4:
            break
    a, b = (k, 0) if first < last <= len(column) + 1 else (0, k)
    a, b = b, a
    block[0, first] += float(a) + -7 % 3 + block.shape[1]
    several = np.zeros(last)
    for i in range(last):
        several[i] += i
    return total + several[last - 1], b


@needs_compiler
def test_what_rules_are_made_of_is_translated() -> None:
    block, twin = np.arange(8.0).reshape(2, 4), np.arange(8.0).reshape(2, 4)
    arguments = (1, 3, draws_of(1, 2, 3))
    assert evaluated(grammar, twin, *arguments) == grammar(block, *arguments)
    assert twin.tobytes() == block.tobytes()


def test_loops_over_own_rows_are_marked_and_others_are_not() -> None:
    def marks(function: Callable[..., Any]) -> int:
        source, _ = translate({"entry": (function, (np.zeros((3, 4)), 0, 4))})
        return source.count("    ROWS_ARE_INDEPENDENT\n")

    assert marks(own_rows) == 1
    for other in (carried, shifted, scattered):
        assert marks(other) == 0, other.__name__


def own_rows(block: np.ndarray, first: int, last: int) -> None:
    a = block[0, first:last]
    b = block[1, first:last]
    for i in range(last - first):
        a[i] += 2.0 * b[i]


def carried(block: np.ndarray, first: int, last: int) -> None:
    a = block[0, first:last]
    for i in range(last - first - 1):
        a[i + 1] = a[i]


def shifted(block: np.ndarray, first: int, last: int) -> None:
    a = block[0, first : last - 1]
    b = block[0, first + 1 : last]
    for i in range(last - first - 1):
        b[i] = a[i]


def scattered(block: np.ndarray, first: int, last: int) -> None:
    a = block[0, first:last]
    b = block[1, first:last]
    for i in range(last - first):
        a[int(b[i])] = 1.0


def power(x: float) -> float:
    y = x + 1.0
    return y**2


def mixed(x: np.uint64, y: int) -> float:
    return float(x + y)


def raising(x: float) -> float:
    if x < 0.0:
        raise ValueError
    return x


def writes(block: np.ndarray) -> float:
    block[0, 0] = 1.0
    return 2.0


def in_between(block: np.ndarray) -> float:
    return block[0, 0] + writes(block)


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (power, (1.0,), "`y ** 2`: Pow"),
        (mixed, (np.uint64(1), 2), "signed and unsigned"),
        (raising, (1.0,), "Raise is not translated"),
        (in_between, (np.zeros((1, 1)),), "a rule that writes"),
    ],
)
def test_what_is_not_translated_is_refused_with_its_line(
    function: Callable[..., Any], arguments: tuple[Any, ...], words: str
) -> None:
    with pytest.raises(NotCoveredError) as caught:
        translate({"entry": (function, arguments)})
    line = int(str(caught.value).partition("line ")[2].partition(":")[0])
    first = function.__code__.co_firstlineno
    assert words in str(caught.value) and first < line < first + 4


def test_without_a_compiler_there_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(CompilerError, match="no compiler of C"):
        compiler()


# -- the whole month ---------------------------------------------------------------------------------------------------


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("policy", ["prevention", "no-assistance"])
def test_the_month_in_c_gives_the_same_bits(policy: str) -> None:
    case = Case(expand(load("seminar")), policy, 24)
    compiled, twin = Compiled(case.world.rows, case.p), copy_rows(case.world.rows)
    luck = draws_of(SEED, 0, 0)
    library = months_in_c(twin, case.p, luck, FAST)
    library.call("r2_opening", twin, case.p, luck)
    library.call("r2_months", twin, case.p, luck, 0, case.months)
    compiled.run(case.months)
    rows = compiled.rows
    assert [getattr(rows, name).tobytes() == getattr(twin, name).tobytes() for name in WRITTEN] == [True] * len(WRITTEN)


def test_whole_array_draws_are_the_same() -> None:
    luck = draws_of(3, 1, 30)
    who = np.array([1, 2**40 + 7, 2**64 - 1], dtype=np.uint64)
    for number in (STAGE_CHANGE, STAGE_CHANGE + 1):
        assert uniforms(luck, who, number).tolist() == [float(uniform(luck, w, number)) for w in who]


def test_whole_array_groups_agree_with_the_rules() -> None:
    scenario = expand(load("government-against-group"))
    world = build(scenario, POLICY)
    p = scenario.parameter_values(POLICY)
    (phase,) = (phase.run for phase in PHASES if phase.kind == "group")
    compared = 0
    for months in (1, 30, 90):
        compiled = Compiled(world.rows, p)
        compiled.run(months)
        rows = compiled.rows
        twin, luck = copy_rows(rows), draws_of(SEED, 0, months)
        phase(0, len(world.groups), rows, p, luck)
        groups_move(twin, p, luck)
        for name, ours, theirs in zip(GROUP.names, rows.group, twin.group, strict=True):
            np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-9, err_msg=f"{name}, month {months}")
        compared += int((rows.group[GROUP.index["stage"]] >= 3.0).sum())
    assert compared > 0, "no group in stage 3 or 4 was compared"


# -- worlds and report -------------------------------------------------------------------------------------------------


def test_worlds_side_by_side_do_not_touch() -> None:
    one = expand(load("seminar"))
    three = side_by_side(one, 3)
    single, world = build(one, POLICY), build(three, POLICY)
    n, g = len(single.states), len(single.groups)
    assert (len(world.states), len(world.groups)) == (3 * n, 3 * g)
    for k in range(3):
        own = world.rows.neighbour[world.rows.neighbour_start[k * n] : world.rows.neighbour_start[(k + 1) * n]]
        np.testing.assert_array_equal(own - k * n, single.rows.neighbour)
    assert len(np.unique(world.rows.state_id)) == 3 * n
    np.testing.assert_array_equal(np.tile(single.rows.group, 3), world.rows.group)


def test_worlds_are_as_large_as_asked() -> None:
    assert 80 <= len(build(world_of(100)).groups) <= 120


def test_ratios_are_those_of_the_same_round() -> None:
    samples = {"slow": [2.0, 30.0, 4.0], "fast": [1.0, 10.0, 4.0]}
    assert shared_ratio(samples, "slow", "fast") == 2.0
    assert shared_ratio(samples, "slow", "missing") is None


class Tiny(NamedTuple):
    """A measurement that takes no time."""

    contenders: dict[str, Contender]
    case: Case


@pytest.fixture
def tiny() -> Tiny:
    names = [*dict.fromkeys(name for pair in RATIOS.values() for name in pair)]
    ticks = iter(range(1, 1000))
    contenders = {name: Contender(name, lambda: float(next(ticks))) for name in names}
    contenders["mesa_idiom"] = Contender("mesa_idiom", None, "not here")
    return Tiny(contenders, Case(expand(load("seminar")), POLICY, 12))


def test_report_has_all_keys(tiny: Tiny) -> None:
    told: list[str] = []
    samples = play_rounds(tiny.contenders, 3, told.append, "tiny")
    found = report_of(tiny.case, tiny.contenders, samples)
    assert set(found["ratios"]) == set(RATIOS) == set(found["reasons"])
    assert (
        found["ratios"]["ensemble_vs_mesa_idiom"] is None and found["reasons"]["ensemble_vs_mesa_idiom"] == "not here"
    )
    assert found["ratios"]["two_threads"] is not None and found["reasons"]["two_threads"] is None
    assert len(told) == 3 * (len(tiny.contenders) - 1)
    for contender in found["contenders"].values():
        assert set(contender) == {"what", "seconds", "per_second", "ns_a_group_month", "reason"}
        assert (contender["seconds"] is None) == (contender["reason"] is not None)
    assert [one["threads"] for one in found["threads"]] == [1, 2]


@pytest.mark.parametrize("as_json", [True, False])
def test_command_prints_one_object_or_a_table(
    tiny: Tiny, as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measure, "contenders_of", lambda *_: tiny.contenders)
    monkeypatch.setattr(measure, "phase_contenders", lambda *_: {})
    monkeypatch.setattr(measure.growth, "compiling", lambda *_: {"cached_seconds": 0.25, "cold_seconds": None})
    monkeypatch.setattr(measure.growth, "memory", lambda *_: [{"runs": 10, "peak_mb": 100.0}])
    paired = {"policies": ["one", "other"], "runs": 100, "years": 4, "seconds": 0.5}
    monkeypatch.setattr(measure.growth, "paired", lambda *_: paired)
    monkeypatch.setattr(
        measure.growth, "over_groups", lambda *_: [{"groups": 100, "states": 26, "ns_a_group_month": 50.0}]
    )
    monkeypatch.setattr(
        measure.growth, "over_runs", lambda *_: [{"runs": 1, "seconds": 0.01, "ns_a_group_month": 60.0}]
    )
    assert bench.bench(as_json=as_json, quick=True) == 0
    printed = capsys.readouterr()
    assert "round 3 of 3" in printed.err
    if as_json:
        found = json.loads(printed.out)
        assert set(found) == {
            "quick", "machine", "versions", "compile", "scenarios", "ratios", "growth", "paired", "memory",
        }  # fmt: skip
        assert set(found["scenarios"]) == set(SCENARIOS) and found["ratios"] == found["scenarios"]["world"]["ratios"]
        assert set(found["growth"]) == {"groups", "runs"}
    else:
        assert "two threads against one" in printed.out and "plain Mesa idiom: not here" not in printed.out
        assert "mesa_idiom: not here" in printed.out


@pytest.mark.slow
def test_every_contender_runs() -> None:
    case = Case(expand(load("seminar")), POLICY, 12)
    contenders = contenders_of(case, 0.0, (1, 2))
    assert {name for pair in RATIOS.values() for name in pair} <= {*contenders, "phase_compiled", "phase_numpy"}
    for name, contender in contenders.items():
        assert (contender.seconds is None) == (contender.reason is not None), name
        assert contender.reason is None or "bits" not in contender.reason, name
    for name in ("ensemble_1", "compiled"):
        seconds = contenders[name].seconds
        assert seconds is not None
        seconds()


def test_the_peak_of_memory_is_the_process_s_own() -> None:
    """What a process that measures large worlds has needed itself is not told of those that it starts."""
    ballast = np.ones(30_000_000)
    told = subprocess.run(
        [sys.executable, "-c", "from r2psim.bench.probe import peak_bytes; print(peak_bytes())"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert 1e6 < float(told.stdout) < ballast.nbytes


def test_efforts_differ() -> None:
    quick, full = Effort.of(quick=True), Effort.of(quick=False)
    assert max(quick.groups) == 10_000 and max(full.groups) == 100_000
    assert full.cold and not quick.cold


def test_opening_is_translated_too() -> None:
    case = Case(expand(load("seminar")), POLICY, 12)
    source, entries = translate({"r2_opening": (opening, (case.world.rows, case.p, draws_of(1, 0, 0)))})
    assert "void r2_opening(" in source and entries["r2_opening"].result is None
