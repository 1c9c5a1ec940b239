"""A batch directory survives: crashes between any two steps, damage, full disks, two processes, another experiment."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from batch_worlds import PARTS, SMALL, command, digest, do, mended, parts, stamps, write
from typer.testing import CliRunner

from r2psim.cli import app
from r2psim.ensemble.batch import directory as directory_module
from r2psim.ensemble.batch import parts as parts_module
from r2psim.ensemble.batch.driver import StoppedError
from r2psim.ensemble.batch.manifest import Entry, Manifest
from r2psim.ensemble.batch.parts import PartName
from r2psim.ensemble.batch.stored_batch import Batch, open_batch
from r2psim.ensemble.store import OutputError

RUNNER = CliRunner()


class Crash(BaseException):
    """The end of the process, at a chosen instant."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A finished batch of six parts: experiment file, directory, digest of its results."""
    folder = tmp_path_factory.mktemp("whole")
    file = write(folder)
    do(file, folder / "out", task_runs=PARTS)
    return file, folder / "out", digest(folder / "out")


@pytest.fixture
def copy(whole: tuple[Path, Path, str], tmp_path: Path) -> tuple[Path, Path, str]:
    """The same in a directory that a test may damage."""
    file, out, expected = whole
    shutil.copytree(out, tmp_path / "out")
    return file, tmp_path / "out", expected


# -- crashes between steps ---------------------------------------------------------------------------------------------


@contextmanager
def crashing(at: int) -> Iterator[Callable[[], int]]:
    """Let the process end at the given step of those that touch the disk; give how many steps there were."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == at:
            raise Crash

    def forced(handle: int) -> None:
        step()
        step()

    def replaced(self: Path, target: Path) -> Path:
        step()
        os.rename(self, target)  # noqa: PTH104 - what is replaced here is Path.replace
        step()
        return target

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", forced)
        patch.setattr(Path, "replace", replaced)
        # A process that is gone does not tidy up.
        patch.setattr(Path, "unlink", lambda self, missing_ok=False: None if at else os.remove(self))  # noqa: PTH107
        yield lambda: steps


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 6])
def test_a_crash_at_any_step_loses_nothing_and_does_nothing_twice(tmp_path: Path, every: int) -> None:
    file = write(tmp_path, SMALL.replace("runs = 6", "runs = 2").replace("[0.5, 1.0, 2.0]", "[0.5]"))
    do(file, tmp_path / "whole")
    expected = digest(tmp_path / "whole")
    with crashing(0) as steps:
        do(file, tmp_path / "counted", task_runs=2)
    last = steps()
    assert last > 20
    for at in range(1, last + 1, every):
        out = tmp_path / f"out{at}"
        with crashing(at), pytest.raises(Crash):
            do(file, out, task_runs=2)
        done_before = stamps(out) if out.exists() else {}
        do(file, out, task_runs=2)
        assert digest(out) == expected, f"crash at step {at}"
        now = stamps(out)
        assert all(now[name] == stamp for name, stamp in done_before.items()), f"done twice after a crash at step {at}"
        assert not [found for found in out.rglob("*") if found.name.endswith(".part")]


# -- damage ------------------------------------------------------------------------------------------------------------


def truncate(part: Path) -> None:
    part.write_bytes(part.read_bytes()[:-7])


def flip(part: Path) -> None:
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)


def empty(part: Path) -> None:
    part.write_bytes(b"")


@pytest.mark.parametrize("damage", [truncate, flip, empty, Path.unlink], ids=lambda found: found.__name__)
def test_a_damaged_part_is_found_and_only_that_is_done_again(
    copy: tuple[Path, Path, str], damage: Callable[[Path], None]
) -> None:
    file, out, expected = copy
    victim = parts(out)[2]
    damage(victim)
    told = RUNNER.invoke(app, ["status", str(out), "--verify"])
    assert told.exit_code == 1
    assert victim.name in told.stdout
    refused = RUNNER.invoke(app, ["results", str(out), "--to", "csv"])
    assert isinstance(refused.exception, OutputError)
    assert victim.name in str(refused.exception)
    before = stamps(out)
    found = mended(file, out)
    assert [*found.damaged, *found.missing] == [f"runs/{victim.name}"]
    assert not found.adopted
    after = stamps(out)
    assert {name for name in after if after[name] != before.get(name)} == {victim.name}
    assert digest(out) == expected


def test_a_flipped_bit_is_found_while_reading(copy: tuple[Path, Path, str]) -> None:
    _, out, _ = copy
    flip(parts(out)[0])
    with pytest.raises(OutputError, match="damaged"):
        open_batch(out).to_arrow()


@pytest.mark.parametrize("content", [None, b"", b"nonsense\n"], ids=["missing", "empty", "nonsense"])
def test_a_lost_manifest_is_made_again_of_the_parts(copy: tuple[Path, Path, str], content: bytes | None) -> None:
    file, out, expected = copy
    manifest = out / "manifest.jsonl"
    manifest.unlink() if content is None else manifest.write_bytes(content)
    before = stamps(out)
    assert len(mended(file, out).adopted) == PARTS
    assert stamps(out) == before
    assert digest(out) == expected


def test_a_line_of_the_manifest_that_was_cut_off_costs_nothing(copy: tuple[Path, Path, str]) -> None:
    file, out, expected = copy
    manifest = out / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes()[:-20])
    assert len(open_batch(out).manifest.entries) == PARTS - 1
    before = stamps(out)
    assert len(mended(file, out).adopted) == 1
    assert stamps(out) == before
    assert digest(out) == expected


def test_a_part_of_another_batch_is_not_taken_over(copy: tuple[Path, Path, str], tmp_path: Path) -> None:
    file, out, expected = copy
    other = write(tmp_path / "other", SMALL.replace("runs = 6", "seed = 2\nruns = 6"))
    do(other, tmp_path / "other" / "out", task_runs=PARTS)
    mine, foreign = parts(out)[0], parts(tmp_path / "other" / "out")[0]
    mine.unlink()
    shutil.copy(foreign, out / "runs" / foreign.name)
    found = mended(file, out)
    assert found.missing == (f"runs/{mine.name}",)
    assert not found.adopted
    assert digest(out) == expected


@pytest.mark.parametrize("name", ["points.parquet", "resolved.json", "provenance.json"])
def test_damaged_descriptions_are_made_again(copy: tuple[Path, Path, str], name: str) -> None:
    file, out, expected = copy
    truncate(out / name)
    with pytest.raises(OutputError, match=name):
        open_batch(out).points  # noqa: B018
    before = stamps(out)
    do(file, out, task_runs=PARTS)
    assert stamps(out) == before
    assert digest(out) == expected


def test_damaged_descriptions_of_another_experiment_are_left_alone(
    copy: tuple[Path, Path, str], tmp_path: Path
) -> None:
    _, out, _ = copy
    truncate(out / "provenance.json")
    before = (out / "provenance.json").read_bytes(), stamps(out)
    with pytest.raises(OutputError, match=r"provenance\.json: is damaged"):
        do(write(tmp_path, SMALL.replace("runs = 6", "runs = 7")), out)
    assert ((out / "provenance.json").read_bytes(), stamps(out)) == before


def test_manifest_lines_come_back_as_they_were(tmp_path: Path) -> None:
    entries = [
        Entry(0, 4, {"runs": ("ab" * 32, 7)}),
        Entry(4, 2, {"series": ("cd" * 32, 1), "runs": ("ef" * 32, 9)}, ((3, "no: \u00e9\n\u2028", "log\n"),)),
    ]
    manifest = Manifest(tmp_path / "manifest")
    for entry in entries:
        manifest.add(entry)
    assert Manifest(tmp_path / "manifest").read().entries == entries


# -- who may write -----------------------------------------------------------------------------------------------------


def test_another_experiment_is_refused_and_says_what_changed(copy: tuple[Path, Path, str], tmp_path: Path) -> None:
    _, out, expected = copy
    changed = write(tmp_path, SMALL.replace("high = 0.6", "high = 0.5"))
    found = RUNNER.invoke(app, ["batch", str(changed), "--out", str(out), "--executor", "serial"])
    assert isinstance(found.exception, OutputError)
    assert "factors.observation.noise.high was 0.6 and is now 0.5" in str(found.exception)
    assert digest(out) == expected


def test_another_title_is_the_same_experiment(copy: tuple[Path, Path, str], tmp_path: Path) -> None:
    _, out, expected = copy
    before = stamps(out)
    do(write(tmp_path, "# said differently\n" + SMALL.replace("Small", "Large")), out)
    assert stamps(out) == before
    assert digest(out) == expected


def test_other_rules_are_refused(copy: tuple[Path, Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    file, out, _ = copy
    known = directory_module.provenance
    monkeypatch.setattr(directory_module, "provenance", lambda **facts: known(**facts) | {"rules": "0123456789abcdef"})
    with pytest.raises(OutputError, match="was begun with other rules"):
        do(file, out)


def test_a_directory_of_something_else_is_refused(whole: tuple[Path, Path, str], tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear all", encoding="utf-8")
    with pytest.raises(OutputError, match="not a batch of r2psim"):
        do(whole[0], tmp_path)
    with pytest.raises(OutputError, match="is a file"):
        do(whole[0], tmp_path / "letter.txt")
    assert [found.name for found in tmp_path.iterdir()] == ["letter.txt"]


def test_one_process_at_a_time(copy: tuple[Path, Path, str]) -> None:
    file, out, expected = copy
    holder = (
        "import sys; from pathlib import Path; from r2psim.ensemble.batch.directory import _lock\n"
        "with _lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    words = [command()[0], "-c", holder, str(out)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match=rf"process {other.pid} on .* is at work here"):
            do(file, out)
        assert f"process {other.pid}" in RUNNER.invoke(app, ["status", str(out)]).stdout
        other.kill()
    do(file, out)  # a lock of a dead process holds nobody up
    assert digest(out) == expected


# -- disks -------------------------------------------------------------------------------------------------------------


def test_a_full_disk_keeps_finished_work(
    whole: tuple[Path, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, _, expected = whole
    written = 0
    known = parts_module.write_aside

    def full(target: Path, content: bytes) -> None:
        nonlocal written
        written += 1
        if written > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        known(target, content)

    monkeypatch.setattr(parts_module, "write_aside", full)
    out = tmp_path / "out"
    with pytest.raises(StoppedError, match="No space left on device"):
        do(file, out, task_runs=PARTS)
    monkeypatch.undo()
    before = stamps(out)
    assert len(before) == 3
    do(file, out, task_runs=PARTS)
    assert before.items() <= stamps(out).items()
    assert digest(out) == expected


LIMITED = """
import resource, runpy, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.argv = ["r2psim", *sys.argv[2:]]
from r2psim.cli import main
main()
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs limits of the system")
def test_a_file_that_cannot_grow_is_told_with_the_command_to_go_on(
    whole: tuple[Path, Path, str], tmp_path: Path
) -> None:
    file, _, expected = whole
    out = tmp_path / "out"
    words = ["batch", str(file), "--out", str(out), "--executor", "serial", "--task-runs", str(PARTS)]
    before = {"resolved": (whole[1] / "resolved.json").stat().st_size, "run": parts(whole[1])[0].stat().st_size}
    assert before["run"] < before["resolved"]
    do(file, out, task_runs=36)
    for part in (*parts(out), out / "manifest.jsonl"):
        part.unlink()
    limit = before["run"] - 100
    found = subprocess.run(
        [command()[0], "-c", LIMITED, str(limit), *words], capture_output=True, text=True, check=False
    )
    assert found.returncode == 1, found.stderr
    assert "File too large" in found.stderr
    assert "Go on with:\n  r2psim batch" in found.stderr
    assert "Traceback" not in found.stderr
    do(file, out, task_runs=PARTS)
    assert digest(out) == expected


@pytest.fixture
def small_disk(whole: tuple[Path, Path, str], tmp_path: Path) -> Iterator[Path]:
    """A file system for what a batch begins with and not for all of its results, where the system lets us have one."""
    pages = {file: -(-file.stat().st_size // 4096) for file in whole[1].rglob("*") if file.is_file()}
    results = sum(size for file, size in pages.items() if file.parent != whole[1])
    room = sum(pages.values()) - results // 2
    disk = tmp_path / "disk"
    disk.mkdir()
    made = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={4 * room}k", "tmpfs", str(disk)], capture_output=True, check=False
        )
        if shutil.which("mount")
        else None
    )
    if made is None or made.returncode:
        pytest.skip("a file system cannot be mounted here; the same is tested with errors that are made up")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.slow
def test_a_disk_that_is_really_full(whole: tuple[Path, Path, str], small_disk: Path) -> None:
    file, _, expected = whole
    out = small_disk / "out"
    words = ["batch", str(file), "--out", str(out), "--executor", "serial", "--task-runs", "1"]
    found = subprocess.run(command(*words), capture_output=True, text=True, check=False)
    assert found.returncode == 1, found.stderr
    assert "No space left on device" in found.stderr
    assert "Go on with:" in found.stderr
    kept = stamps(out)
    assert kept
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    do(file, out, task_runs=1)
    assert kept.items() <= stamps(out).items()
    assert digest(out) == expected


@pytest.mark.skipif(os.name != "posix", reason="needs permissions of the system")
def test_a_directory_that_cannot_be_written(
    whole: tuple[Path, Path, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = os.open

    def refused(path: object, flags: int, *more: object, **named: object) -> int:
        if str(path).endswith("/lock") and flags & os.O_RDWR:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return known(path, flags, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refused)
    out = tmp_path / "out"
    found = RUNNER.invoke(app, ["batch", str(whole[0]), "--out", str(out), "--executor", "serial"])
    assert isinstance(found.exception, OutputError)
    assert str(found.exception) == f"{out}: cannot be written: Read-only file system"
    monkeypatch.undo()
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.geteuid() == 0:
        pytest.skip("nothing is forbidden to root")
    with pytest.raises(OutputError, match="Permission denied"):
        do(whole[0], locked / "out")


# -- what is in it -----------------------------------------------------------------------------------------------------


def test_provenance_says_what_is_needed_to_run_it_again(whole: tuple[Path, Path, str]) -> None:
    facts = json.loads((whole[1] / "provenance.json").read_text("utf-8"))
    assert {"schema", "r2psim", "rules", "python", "packages", "command", "seed", "design_seed", "batch"} <= set(facts)
    assert facts["kind"] == "batch"
    assert facts["finished"] is not None
    assert (whole[1] / "experiment.toml").read_text("utf-8") == whole[0].read_text("utf-8")


def test_names_of_parts_are_read_back() -> None:
    name = PartName.of(12, 3, "ab" * 32)
    assert PartName.read(str(name)) == name
    assert PartName.read(f".{name}.12.part") is None


def test_a_batch_is_told_from_other_outputs(whole: tuple[Path, Path, str], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="holds a batch"):
        from r2psim import Results

        Results.load(whole[1])
    with pytest.raises(OutputError, match="no batch of r2psim"):
        Batch(tmp_path)
