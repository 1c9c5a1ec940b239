"""Compiled code that is kept: read by the next process, and never served once anything it is made of was edited."""

from __future__ import annotations

import ast
import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import pytest

import r2psim
from r2psim import machine_code
from r2psim.ensemble.warmup import warm_up
from r2psim.machine_code import DamagedError, read_checked, write_checked
from r2psim.rules import compiled

PACKAGE = Path(r2psim.__file__).parent


def ran(program: str, root: Path, **environment: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a new process, with the package found under ``root``."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "R2PSIM_CACHE")}
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    more = {name: str(value) for name, value in environment.items()}
    return subprocess.run(
        [sys.executable, "-B", "-c", program],
        env={**inherited, "PYTHONPATH": path, **more},
        cwd=root,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def said(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Give what a process printed as JSON."""
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# -- a second process --------------------------------------------------------------------------------------------------


EVERYTHING = """
import json, sys
from r2psim import R2PModel, simulate
from r2psim.ensemble.warmup import warm_up
from r2psim.rules.compiled import CompiledRule
warm_up()
simulate("insurgency", runs=3, years=1, threads=2, histories=True, events=(1,), series=("monthly_deaths",))
for drive in ("agents", "rows"):
    model = R2PModel("insurgency", "prevention", years=1, drive=drive)
    model.run_model()
    model.history()
modules = [module for name, module in sorted(sys.modules.items()) if name.startswith("r2psim")]
found = {id(f): f for module in modules for f in vars(module).values() if isinstance(f, CompiledRule)}.values()
read = {f.__name__: sum(f.whole.stats.cache_hits.values()) for f in found}
made = [f.__name__ for f in found if len(f.whole.overloads) > sum(f.whole.stats.cache_hits.values())]
print(json.dumps({"read": read, "made": made}))
"""
"""What commands do; it tells how many compiled functions were read, and which are in memory without having been."""


def files_in(directory: Path) -> dict[str, tuple[int, int]]:
    """Give size and time of every file."""
    return {str(f): (f.stat().st_size, f.stat().st_mtime_ns) for f in directory.rglob("*") if f.is_file()}


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    warm_up()
    # A copy: other tests may be compiling into the same directory.
    copy = tmp_path / "compiled" / compiled.source_digest()
    shutil.copytree(compiled.cache_directory(), copy, ignore=shutil.ignore_patterns("*.tmp.*"))
    before = files_in(tmp_path)
    found = said(ran(EVERYTHING, PACKAGE.parent, R2PSIM_CACHE=tmp_path))
    assert found["made"] == []
    assert found["read"]["run_chunk"] == 1 and found["read"]["states_move"] == 1
    assert files_in(tmp_path) == before


ONCE = """
import json, sys
from r2psim.ensemble.warmup import warm_up
from r2psim.rules.compiled import CompiledRule
warm_up()
modules = [module for name, module in sorted(sys.modules.items()) if name.startswith("r2psim")]
found = {id(f): f for module in modules for f in vars(module).values() if isinstance(f, CompiledRule)}.values()
print(json.dumps({
    "parts": {f.__name__: len(f.part.overloads) for f in found},
    "machine code": {which: sorted({f.__name__ for f in found for c in getattr(f, which).overloads.values()
        if getattr(c.library, "_compiled", False)}) for which in ("part", "whole")},
}))
"""
"""Compiles everything, and tells in how many forms each rule is taken in by others, and which are machine code."""


@pytest.mark.slow
def test_what_others_contain_is_compiled_once_and_not_to_machine_code(tmp_path: Path) -> None:
    """A constant among its arguments, such as the first row, makes no form of its own."""
    found = said(ran(ONCE, PACKAGE.parent, R2PSIM_CACHE=tmp_path, R2PSIM_COMPILES_AHEAD="1", R2PSIM_QUIET="1"))
    assert found["parts"]["uniform"] == 1 and found["parts"]["stages"] == 1 and found["parts"]["run_chunk"] == 0
    assert max(found["parts"].values()) == 1
    assert found["machine code"]["part"] == [] and "run_chunk" in found["machine code"]["whole"]


@pytest.mark.slow
def test_several_processes_leave_what_one_leaves(tmp_path: Path) -> None:
    """Compiled side by side, and read by a process that compiles nothing any more."""
    program = "from r2psim.rules import ahead; ahead.processors = lambda: 2\n" + EVERYTHING
    said(ran(program, PACKAGE.parent, R2PSIM_CACHE=tmp_path, R2PSIM_QUIET="1"))
    before = files_in(tmp_path)
    assert len([file for file in before if file.endswith(".1.nbc")]) == len([f for f in before if f.endswith(".nbc")])
    found = said(ran(EVERYTHING, PACKAGE.parent, R2PSIM_CACHE=tmp_path))
    assert found["made"] == [] and files_in(tmp_path) == before


# -- edited sources ----------------------------------------------------------------------------------------------------


PROBE = """
import json
import r2psim
from r2psim.world.rows import smallest_rows
from r2psim.rules.compiled import source_digest
from r2psim.rules.draws import draws_of
from r2psim.rules.structure import standing
from r2psim.scenario.parameters import P, defaults
from r2psim.declarations.columns import S
rows = smallest_rows()
rows.state[:] = 1.0
rows.state[S.conflict] = 2.0
p = defaults()
p[P.structure_drive_incitement] = p[P.structure_drive_impunity] = 0.0
standing(0, 1, rows, p, draws_of(0, 0, 0))
print(json.dumps({
    "package": r2psim.__file__,
    "digest": source_digest(),
    "restraint": rows.state[S.restraint, 0],
    "drive": rows.state[S.drive_non_state, 0],
    "read": sum(standing.whole.stats.cache_hits.values()),
}))
"""
"""One small rule. Its restraint is a sum clipped by `clip01`; its drive, unraised, the intensity of minor conflict."""

CONSTANT = ("rules/arithmetic.py", "return 1.0 if x > 1.0 else x", "return 0.25 if x > 0.25 else x")
"""An edit of `clip01`, which is compiled into rules of other files."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give the parent of a copy of the package that may be edited."""
    ignored = shutil.ignore_patterns("__pycache__", "shipped", "plots", "bench", "app")
    shutil.copytree(PACKAGE, tmp_path / "root" / "r2psim", ignore=ignored)
    return tmp_path / "root"


def edit(root: Path, name: str, old: str, new: str, after: str = "") -> None:
    """Replace the first such text in a file, or the first after another."""
    file = root / "r2psim" / name
    text = file.read_text("utf-8")
    head, mark, tail = text.partition(after) if after else ("", "", text)
    assert old in tail
    file.write_text(head + mark + tail.replace(old, new, 1), "utf-8")


def test_an_edited_constant_is_never_served_from_before(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = said(ran(PROBE, root, R2PSIM_CACHE=cache))
    assert first["package"] == str(root / "r2psim" / "__init__.py")
    again = said(ran(PROBE, root, R2PSIM_CACHE=cache))
    assert (first["read"], again["read"]) == (0, 1)
    edit(root, *CONSTANT)
    edited = said(ran(PROBE, root, R2PSIM_CACHE=cache))
    assert (first["restraint"], edited["restraint"], edited["read"]) == (1.0, 0.25, 0)
    assert {path.name for path in (cache / "compiled").iterdir()} == {first["digest"], edited["digest"]}
    name, old, new = CONSTANT
    edit(root, name, new, old)
    assert said(ran(PROBE, root, R2PSIM_CACHE=cache)) == again


def test_an_edited_default_changes_the_name_and_the_result(root: Path, tmp_path: Path) -> None:
    first = said(ran(PROBE, root, R2PSIM_CACHE=tmp_path / "cache"))
    value, half = first["drive"], first["drive"] / 2
    edit(root, "scenario/parameters.toml", f"default = {value}", f"default = {half}", after="[conflict.level_minor]")
    edited = said(ran(PROBE, root, R2PSIM_CACHE=tmp_path / "cache"))
    assert edited["drive"] == half
    assert edited["digest"] != first["digest"] and edited["read"] == 0


def decorated(tree: ast.Module) -> bool:
    """Tell whether a module has compiled functions."""
    names = set(compiled.__all__) & {"rule", "inline", "woven"}
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return any(isinstance(d, ast.Name) and d.id in names for f in functions for d in f.decorator_list)


def imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Give the modules, and perhaps names in them, that a module imports when it is imported."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


STARTS_COMPILERS = "r2psim.rules.ahead"
"""Starts the processes that compile, tells of them, and has nothing that a rule reads."""


def made_of() -> set[Path]:
    """Give every file of the package that a compiled function can have a constant from."""
    files = {".".join(f.relative_to(PACKAGE.parent).with_suffix("").parts): f for f in PACKAGE.rglob("*.py")}
    trees = {name: ast.parse(file.read_text("utf-8")) for name, file in files.items()}
    todo = [name for name, tree in trees.items() if decorated(tree)]
    found: set[str] = set()
    while todo:
        name = todo.pop()
        found.add(name)
        if name == STARTS_COMPILERS:
            continue
        todo += set(imported(trees[name], name.rpartition(".")[0])) & trees.keys() - found
    return {files[name] for name in found}


def test_every_file_that_rules_are_made_of_counts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {file.relative_to(PACKAGE) for file in made_of()} | {Path("scenario/parameters.toml")}
    assert {Path("rules/stages.py"), Path("ensemble/engine.py"), Path("declarations/columns.py")} < files
    monkeypatch.setattr(compiled, "_PACKAGE", root / "r2psim")
    silent = []
    for file in sorted(files):
        before = compiled.source_digest()
        copy = root / "r2psim" / file
        copy.write_text(copy.read_text("utf-8") + "\n", "utf-8")
        if compiled.source_digest() == before:
            silent.append(str(file))
    assert not silent, f"rules read constants of {', '.join(silent)}, which the name of the cache leaves out"


# -- where nothing can be kept -----------------------------------------------------------------------------------------


def block(directory: Path) -> Path:
    """Put a file where a directory is wanted: not even the superuser can write below it."""
    directory.write_text("")
    return directory


@pytest.mark.parametrize(
    ("setting", "writable"),
    [
        ("NUMBA_CACHE_DIR", True),
        pytest.param("R2PSIM_CACHE", False, marks=pytest.mark.slow),
        pytest.param("NUMBA_CACHE_DIR", False, marks=pytest.mark.slow),
    ],
)
def test_no_setting_lets_old_code_be_served(setting: str, writable: bool, root: Path, tmp_path: Path) -> None:
    where = {setting: tmp_path / "cache" if writable else block(tmp_path / "file") / "cache"}
    # The compiler falls back on the user's cache directory, and on one beside the sources.
    where |= {"HOME": tmp_path, "XDG_CACHE_HOME": tmp_path / "home"}
    assert said(ran(PROBE, root, **where))["restraint"] == 1.0
    edit(root, *CONSTANT)
    assert said(ran(PROBE, root, **where))["restraint"] == 0.25
    assert not list(root.rglob("*.nb?"))


def test_rules_are_compiled_in_memory_where_nothing_can_be_written(root: Path, tmp_path: Path) -> None:
    block(root / "r2psim" / "rules" / "__pycache__")
    nowhere = block(tmp_path / "file")
    where = {"R2PSIM_CACHE": nowhere / "cache", "HOME": nowhere, "XDG_CACHE_HOME": nowhere}
    done = ran(PROBE, root, **where)
    assert said(done)["restraint"] == 1.0
    assert done.stderr.count("R2PSIM_CACHE") == 1, done.stderr
    assert "Traceback" not in done.stderr


# -- damaged files -----------------------------------------------------------------------------------------------------


def cut(content: bytes) -> bytes:
    return content[:100]


def emptied(content: bytes) -> bytes:
    return b""


def flipped(content: bytes) -> bytes:
    return content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 1]) + content[len(content) // 2 + 1 :]


def random_bytes(content: bytes) -> bytes:
    return hashlib.sha512(content).digest() * 20


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a cache in which the small rule is kept."""
    cache = tmp_path_factory.mktemp("cached") / "cache"
    assert said(ran(PROBE, PACKAGE.parent, R2PSIM_CACHE=cache))["read"] == 0
    return cache


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("*.nbc", flipped),
        pytest.param("*.nb?", emptied, marks=pytest.mark.slow),
        pytest.param("*.nbi", random_bytes, marks=pytest.mark.slow),
    ],
)
def test_damaged_code_is_compiled_anew(
    cached: Path, tmp_path: Path, kind: str, damage: Callable[[bytes], bytes]
) -> None:
    shutil.copytree(cached, tmp_path / "cache")
    files = [file for file in (tmp_path / "cache").rglob(kind) if file.is_file()]
    assert files
    for file in files:
        file.write_bytes(damage(file.read_bytes()))
    done = ran(PROBE, PACKAGE.parent, R2PSIM_CACHE=tmp_path / "cache")
    found = said(done)
    assert (found["restraint"], found["read"]) == (1.0, 0)
    assert done.stderr.count("are damaged, and are compiled anew") == 1 and str(tmp_path) in done.stderr
    again = ran(PROBE, PACKAGE.parent, R2PSIM_CACHE=tmp_path / "cache")
    assert (said(again)["read"], again.stderr) == (1, "")


@pytest.mark.parametrize("damage", [cut, emptied, flipped, random_bytes])
def test_what_was_changed_is_not_read(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    file = tmp_path / "code"
    write_checked(b"machine code" * 20, file.write_bytes)
    assert read_checked(file) == b"machine code" * 20
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(DamagedError, match=str(file)):
        read_checked(file)


def twice(x: float) -> float:
    """Do something that is compiled quickly."""
    return 2.0 * x


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """Give what makes a small function that is kept in a directory of its own."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(machine_code, "_told", set())
    monkeypatch.setattr(machine_code, "kept_files", {})

    def make() -> Any:
        made = numba.njit(twice)
        machine_code.keep(made, tmp_path)
        return made

    yield make


def test_a_full_disk_does_not_stop_what_can_go_on(
    small: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made = small()

    def full(content: bytes, write: Callable[[bytes], object]) -> None:
        write(content[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(machine_code, "write_checked", full)
    assert made(2.0) == 4.0 and made(2) == 4
    told = capsys.readouterr().err
    assert told.count("cannot be kept") == 1 and "No space left on device" in told and "R2PSIM_CACHE" in told
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
    monkeypatch.undo()


def test_a_cache_that_is_taken_away_does_not_stop_what_can_go_on(
    small: Callable[[], Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = small()
    shutil.rmtree(tmp_path)
    tmp_path.write_text("a file now")
    assert made(2.0) == 4.0
    assert "cannot be" in capsys.readouterr().err
    # What is made from now on must not be kept where old code could be served from.
    another = small()
    assert another(2.0) == 4.0 and type(another._cache).__name__ == "NullCache"


def test_a_form_that_cannot_be_rebuilt_is_compiled_anew(
    small: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert small()(2.0) == 4.0
    read = small()
    monkeypatch.setattr(read._cache._impl, "rebuild", lambda *_: 1 / 0)
    assert read(2.0) == 4.0 and sum(read.stats.cache_hits.values()) == 0
    assert small()(2.0) == 4.0
