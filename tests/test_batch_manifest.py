"""A manifest is never taken at more than its word: no run counts twice, and nothing of another batch counts at all."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from batch_worlds import PARTS, SMALL, digest, do, mended, parts, stamps, write
from typer.testing import CliRunner

from r2psim.cli import app
from r2psim.ensemble.batch import directory as directory_module
from r2psim.ensemble.batch.manifest import Entry, Manifest
from r2psim.ensemble.batch.stored_batch import open_batch
from r2psim.ensemble.output import OutputDirectory
from r2psim.ensemble.store import OutputError

RUNNER = CliRunner()


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


def lines(out: Path) -> list[bytes]:
    """Give the lines of the manifest."""
    return (out / "manifest.jsonl").read_bytes().splitlines(keepends=True)


def overlapping(out: Path) -> bytes:
    """Give a line of two stretches that the manifest has singly, with a part that is not there."""
    known = Manifest(out / "manifest.jsonl").read().entries
    first = Entry(known[0].first, known[0].count + known[1].count, {"runs": ("ab" * 32, 7)})
    batch = json.loads((out / "provenance.json").read_text("utf-8"))["batch"]
    copy = Manifest(out.parent / "overlapping", batch=batch)
    copy.add(first)
    return copy.file.read_bytes()


REPEATED: dict[str, Callable[[Path, list[bytes]], list[bytes]]] = {
    "all twice": lambda _, found: found * 2,
    "one twice": lambda _, found: [found[0], *found],
    "overlapping": lambda out, found: [*found, overlapping(out)],
}


@pytest.mark.parametrize("how", REPEATED)
def test_what_a_manifest_says_twice_counts_once(copy: tuple[Path, Path, str], how: str, tmp_path: Path) -> None:
    file, out, expected = copy
    before = lines(out)
    after = REPEATED[how](out, before)
    (out / "manifest.jsonl").write_bytes(b"".join(after))
    opened = open_batch(out)
    assert (opened.done, opened.complete, len(opened.to_arrow())) == (36, True, 72)
    numbers = opened.manifest.repeated
    assert len(numbers) == len(after) - len(before)
    assert digest(out) == expected
    status = RUNNER.invoke(app, ["status", str(out)]).stdout
    assert "counted once" in status and f" {numbers[0]}" in status and "finished" in status
    written = RUNNER.invoke(app, ["results", str(out), "--to", "csv", "--out", str(tmp_path / "found.csv")])
    assert "counted once" in written.stderr and "unfinished" not in written.stderr
    assert len((tmp_path / "found.csv").read_text("utf-8").splitlines()) == 73
    told = RUNNER.invoke(app, ["batch", str(file), "--out", str(out), "--executor", "serial"])
    assert (told.exit_code, "counted once" in told.stderr) == (0, True)
    assert lines(out) == sorted(before, key=lambda line: json.loads(line.split(b" ", 1)[1])["first"])
    assert digest(out) == expected
    assert RUNNER.invoke(app, ["status", str(out)]).stdout.count("counted once") == 0


def test_an_overlapping_line_before_the_others_is_found_out(copy: tuple[Path, Path, str]) -> None:
    file, out, expected = copy
    (out / "manifest.jsonl").write_bytes(overlapping(out) + b"".join(lines(out)))
    with pytest.raises(OutputError, match="damaged or missing; run the same batch again"):
        open_batch(out)
    before = stamps(out)
    found = mended(file, out)
    assert len(found.missing) == 1 and len(found.notes) == 1
    assert stamps(out) == before
    assert digest(out) == expected


@pytest.mark.parametrize(
    "content",
    [
        b'{"first": 0, "count": 6}',
        b'{"first": -6, "count": 6, "parts": {}}',
        b'{"first": 0, "count": 0, "parts": {}}',
        b'{"stopped": {"runs": 3}}',
        b'{"stopped": 3}',
        b"[]",
        b"no JSON",
    ],
)
def test_a_line_that_says_nothing_is_told_by_its_number(copy: tuple[Path, Path, str], content: bytes) -> None:
    file, out, expected = copy
    line = hashlib.sha256(content).hexdigest()[:16].encode() + b" " + content + b"\n"
    (out / "manifest.jsonl").write_bytes(line + b"".join(lines(out)))
    assert open_batch(out).manifest.unread == (1,)
    assert "manifest.jsonl: line 1 is cut off or damaged" in RUNNER.invoke(app, ["status", str(out)]).stdout
    assert mended(file, out).notes != ()
    assert digest(out) == expected


def test_lines_and_parts_of_another_batch_are_not_counted_and_not_deleted(
    copy: tuple[Path, Path, str], tmp_path: Path
) -> None:
    file, out, expected = copy
    other = tmp_path / "other"
    do(write(other, SMALL.replace("runs = 6", "seed = 2\nruns = 6")), other / "out", task_runs=PARTS)
    (out / "manifest.jsonl").write_bytes(b"".join(lines(other / "out") + lines(out)))
    for part in parts(other / "out"):
        shutil.copy(part, out / "runs")
    assert len(open_batch(out).manifest.foreign) == PARTS
    assert digest(out) == expected
    told = RUNNER.invoke(app, ["batch", str(file), "--out", str(out), "--executor", "serial"]).stderr
    assert "lines 1, 2, 3, 4, 5 and 1 more are of another batch" in told
    assert "another batch's: moved to set-aside" in told
    assert digest(out) == expected
    # Whoever reads all files of the folder must not find them there.
    assert len(parts(out)) == PARTS
    kept = {part.name: part.read_bytes() for part in (out / "set-aside" / "runs").iterdir()}
    assert kept == {part.name: part.read_bytes() for part in parts(other / "out")}
    with (out / "manifest.jsonl").open("wb") as lost:
        lost.write(b"".join(lines(other / "out")))
    do(file, out)
    assert digest(out) == expected


def test_a_manifest_that_names_more_than_the_batch_has_is_refused(copy: tuple[Path, Path, str]) -> None:
    file, out, expected = copy
    Manifest(out / "manifest.jsonl").read().add(Entry(36, 6, {}))
    with pytest.raises(OutputError, match=r"manifest\.jsonl: is damaged: it names runs up to place 42"):
        open_batch(out)
    do(file, out)
    assert digest(out) == expected


def test_two_batches_may_share_a_storage(tmp_path: Path) -> None:
    files = [write(tmp_path, SMALL.replace("runs = 6", f"seed = {s}\nruns = 6"), f"{s}.toml") for s in (1, 2)]
    storage = str(tmp_path / "parts")
    Path(storage).mkdir()
    for turn in range(2):
        for number, file in enumerate(files):
            do(file, tmp_path / f"out{number}", storage=storage, task_runs=18)
        assert len(list(Path(storage, "runs").iterdir())) == 4, f"turn {turn}"
    for number, file in enumerate(files):
        do(file, tmp_path / "alone" / str(number))
        assert digest(tmp_path / f"out{number}") == digest(tmp_path / "alone" / str(number))


# -- what is not the batch's -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["experiment.toml", "resolved.json"])
def test_a_file_of_the_user_with_a_name_of_ours_is_not_replaced(
    whole: tuple[Path, Path, str], tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("title = 'mine'", encoding="utf-8")
    with pytest.raises(OutputError, match=f"{name}: is there already and is not of this batch"):
        do(whole[0], tmp_path)
    assert (tmp_path / name).read_text("utf-8") == "title = 'mine'"
    assert {found.name for found in tmp_path.iterdir()} == {name, "lock"}


def test_a_batch_beside_its_own_experiment_file_deletes_nothing_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, name="experiment.toml")
    do(file, tmp_path, task_runs=18)
    others = [tmp_path / name for name in (".download.part", ".thesis.txt.12.part", "sub/.x.part")]
    (tmp_path / "sub").mkdir()
    for other in others:
        other.write_text("not ours")
    (tmp_path / ".resolved.json.77.part").write_text("ours, left by a killed process")
    do(file, tmp_path)
    assert all(other.read_text() == "not ours" for other in others)
    assert not (tmp_path / ".resolved.json.77.part").exists()
    assert file.read_text("utf-8") == SMALL


def test_no_batch_begins_where_another_command_is_at_work(whole: tuple[Path, Path, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    with OutputDirectory(out) as claimed:
        with pytest.raises(OutputError, match="is at work here"):
            do(whole[0], out)
        claimed.fill(lambda folder: (folder / "found.txt").write_text("found"))
    assert [found.name for found in out.iterdir()] == ["found.txt"]


def test_a_file_system_without_locks_is_named(
    whole: tuple[Path, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(handle: int) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(directory_module, "try_lock", no_locks)
    with pytest.raises(OutputError, match=r"cannot lock files .*No locks available"):
        do(whole[0], tmp_path / "out")


def test_results_do_not_replace_files_of_the_batch(copy: tuple[Path, Path, str]) -> None:
    _, out, expected = copy
    for name in ("manifest.jsonl", f"runs/{parts(out)[0].name}"):
        words = ["results", str(out), "--to", "csv", "--out", str(out / name), "--force"]
        assert "is a file of the batch itself" in str(RUNNER.invoke(app, words).exception)
    assert digest(out) == expected
