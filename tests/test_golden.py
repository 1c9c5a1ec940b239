"""Golden digests: the same bits as when the file was written, on every processor and without the compiler."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from golden import FILE, RUN, SEED, UPDATE, compare, golden_digests, kept, main

from r2psim.declarations.columns import TABLES
from r2psim.scenario import load
from r2psim.scenario.shipped import shipped_names
from r2psim.world.rows import WRITTEN, Rows

ROOT = Path(__file__).parents[1]

IF_MEANT = f"\nIf the change is meant, write {FILE.name} anew: {UPDATE}"

NEVER_MOVED = {
    "offered": "back at nothing when the month ends",
    "began_in_atrocity": "where a group stood before the first month",
    "known_perpetrator": "who attacked it then",
    "by_regime": "whether its exclusion follows the regime",
    "council": "which bodies there are",
    "council_delay": "which bodies there are",
    "council_will": "which bodies there are",
    "rights_council": "which bodies there are",
    "court": "what a body is",
    "coordinates": "what a body is",
    "council_tie": "who is tied to whom; golden runs but those of the world have no permanent member",
    "regional": "what a body is",
    "responds": "what a body is",
    "episodes_by_armed_groups": "no golden run is long enough for one",
    "levered": "back at nothing when the month ends",
    "slot": "back at nothing when the month ends",
    "own": "back at nothing when the month ends",
    "offer": "back at nothing when the month ends",
}
"""Columns that golden runs leave as they are, and why."""


@pytest.mark.parametrize("scenario", shipped_names())
def test_digests_are_those_of_the_file(scenario: str) -> None:
    told = compare(scenario, golden_digests(scenario), kept())
    assert not told, "\n".join(told) + IF_MEANT


def test_the_file_has_every_scenario_and_policy_and_no_other() -> None:
    shipped = {name: list(load(name).policies) for name in shipped_names()}
    content = json.loads(FILE.read_text("utf-8"))
    assert {name: list(runs) for name, runs in content["digests"].items()} == shipped, IF_MEANT
    assert (content["seed"], content["run"]) == (SEED, RUN), IF_MEANT


def test_every_column_that_rules_write_is_moved() -> None:
    moved = {name: np.zeros(len(TABLES[name].columns), dtype=bool) for name in WRITTEN if name in TABLES}
    before: dict[str, np.ndarray] = {}

    def watch(_: str, rows: Rows) -> None:
        for name, flags in moved.items():
            block: np.ndarray = getattr(rows, name)
            if name in before and before[name].shape == block.shape:
                flags |= (block != before[name]).any(axis=1)
            before[name] = block.copy()

    # Nothing is left to the world of 190 states: there a column moves somewhere in any case.
    for scenario in set(shipped_names()) - {"world"}:
        for policy in load(scenario).policies:
            before.clear()
            golden_digests(scenario, [policy], watch=watch)
    still = {
        column.name
        for name, flags in moved.items()
        for column, flag in zip(TABLES[name].columns, flags, strict=True)
        if not flag and column.role != "given" and not column.name.endswith("_home")
    }
    assert still == set(NEVER_MOVED)


def test_a_difference_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = "seminar", "insurgency"
    changed = kept()
    digests = changed[first]["prevention"]
    changed[first]["prevention"] = {at: "0" * 64 if at != "0" else digest for at, digest in digests.items()}
    del changed[first]["balanced"]
    monkeypatch.setattr("golden.kept", lambda: changed)
    assert main(["--check", first, second, "--months", "3"]) == 1
    policies = len(load(first).policies)
    assert capsys.readouterr().out.splitlines() == [
        f"{first} under prevention: other bits, first seen after 3 months",
        f"{first} under balanced: not in {FILE.name}",
        f"{2 * policies - 2} of {2 * policies} runs agree",
    ]


def test_the_update_command_writes_what_the_test_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golden.FILE", tmp_path / "golden.json")
    monkeypatch.setattr("golden.shipped_names", lambda: ("insurgency",))
    assert main([]) == 0
    assert main(["--check"]) == 0
    with pytest.raises(SystemExit):
        main(["insurgency"])


# -- without the compiler, and for other processors --------------------------------------------------------------------


def checked(words: list[str], environment: dict[str, str], before: str = "") -> str:
    """Compare with the file in a new process, once ``before`` has run there; give what it printed."""
    program = f"{before}\nimport sys\nfrom golden import main\nsys.exit(main(sys.argv[1:]))"
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", program, "--check", *words],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


PLAIN = {"NUMBA_DISABLE_JIT": "1", "PYTHONWARNINGS": "error"}
IS_PLAIN = "from r2psim.rules.month import month; assert type(month).__name__ == 'function'"


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        (["seminar", "insurgency", "relapse-risk", "--policy", "recommendations", "--months", "36"], 3),
        (["world", "--policy", "prevention", "--months", "3"], 1),
    ],
)
def test_plain_python_gives_the_golden_bits(words: list[str], runs: int) -> None:
    assert checked(words, PLAIN, IS_PLAIN).endswith(f"{runs} of {runs} runs agree\n")


@pytest.mark.slow
def test_plain_python_gives_all_golden_bits() -> None:
    assert "runs agree" in checked([], PLAIN, IS_PLAIN)


def numpy_without_vectors() -> dict[str, str]:
    """Switch off what NumPy would choose by the processor."""
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(found)}


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names of x86 processors")
@pytest.mark.parametrize(("processor", "needs"), [("x86-64-v2", "sse4.2"), ("x86-64-v3", "avx2")])
def test_other_processors_give_the_golden_bits(processor: str, needs: str, tmp_path: Path) -> None:
    llvm = pytest.importorskip("llvmlite.binding")
    if not llvm.get_host_cpu_features().get(needs):
        pytest.skip(f"this processor cannot run the code of {processor}")
    environment = {
        "NUMBA_CPU_NAME": processor,
        # Else the instructions that the processor at hand has beyond the named one would be used all the same.
        "NUMBA_CPU_FEATURES": "",
        "R2PSIM_CACHE": str(tmp_path),
        **numpy_without_vectors(),
    }
    target = "from numba.core.registry import cpu_target as target\n"
    target += f"assert target.target_context.codegen().magic_tuple()[1:] == ({processor!r}, '')\n"
    target += "import numpy; assert not numpy.show_config(mode='dicts')['SIMD Extensions'].get('found')"
    assert "runs agree" in checked([], environment, target)
    compiled = [file.read_bytes() for file in tmp_path.rglob("*.nbi")]
    assert compiled and all(processor.encode() in index for index in compiled)
