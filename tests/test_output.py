"""Work is never lost and nothing foreign is deleted, whatever happens to the directory of the results meanwhile."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from r2psim import Results, simulate
from r2psim.cli import app
from r2psim.ensemble import output as output_module
from r2psim.ensemble.locks import NAME as LOCK
from r2psim.ensemble.output import OutputDirectory, fill_file, new_directory
from r2psim.ensemble.store import OutputError, provenance, seal, write_json

RUNNER = CliRunner()


def results_in(folder: Path, **files: str) -> None:
    """Write an output of some text files."""
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    write_json({"r2psim": "0", "found": sorted(files)}, folder / "provenance.json")


def filled(target: Path, force: bool = False, during: Callable[[], object] = lambda: None, **files: str) -> list[str]:
    """Fill a directory after something has happened; give what was told."""
    told: list[str] = []
    with OutputDirectory(target, force, tell=told.append) as out:
        during()
        out.fill(lambda folder: results_in(folder, **files))
    return told


def content(folder: Path) -> dict[str, str]:
    """Give every file but the provenance, which holds the hashes of the others."""
    return {f.name: f.read_text("utf-8") for f in folder.iterdir() if f.is_file() and f.name != "provenance.json"}


# -- what happens meanwhile --------------------------------------------------------------------------------------------


def test_a_file_that_is_put_there_meanwhile_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    filled(out, during=lambda: (out / "thesis.txt").write_text("three years"), runs="1")
    assert content(out) == {"thesis.txt": "three years", "runs.txt": "1"}


def test_a_file_of_the_same_name_is_kept_and_the_results_too(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(OutputError, match=r"runs\.txt was put there meanwhile; the results are kept in .*out-2"):
        filled(out, during=lambda: (out / "runs.txt").write_text("not ours"), deaths="0", runs="1")
    assert content(out) == {"runs.txt": "not ours"}
    assert content(tmp_path / "out-2") == {"deaths.txt": "0", "runs.txt": "1"}
    assert {found.name for found in tmp_path.iterdir()} == {"out", "out-2"}


def test_a_file_that_comes_while_the_results_are_put_in_place_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    known = output_module.put_file

    def late(source: Path, target: Path) -> None:
        if target.name == "runs.txt":
            target.write_text("not ours")
        known(source, target)

    monkeypatch.setattr(output_module, "put_file", late)
    with pytest.raises(OutputError, match="out-2"):
        filled(out, deaths="0", runs="1")
    assert content(out) == {"runs.txt": "not ours"}
    assert content(tmp_path / "out-2") == {"deaths.txt": "0", "runs.txt": "1"}


def test_a_second_run_is_told_at_once_and_the_first_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def second() -> None:
        with pytest.raises(OutputError, match=rf"process {os.getpid()} on .* is at work here"):
            filled(out, runs="2")

    filled(out, during=second, runs="1")
    assert content(out) == {"runs.txt": "1"}


def test_a_directory_that_is_deleted_meanwhile_is_made_again(tmp_path: Path) -> None:
    out = tmp_path / "a" / "out"
    filled(out, during=lambda: shutil.rmtree(tmp_path / "a"), runs="1")
    assert content(out) == {"runs.txt": "1"}


def test_two_runs_after_the_directory_was_deleted_are_both_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def second() -> None:
        shutil.rmtree(out)
        filled(out, runs="2")

    with pytest.raises(OutputError, match="out-2"):
        filled(out, during=second, runs="1")
    assert (content(out), content(tmp_path / "out-2")) == ({"runs.txt": "2"}, {"runs.txt": "1"})


def test_a_directory_that_became_a_file_keeps_both(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def becomes() -> None:
        shutil.rmtree(out)
        out.write_text("not ours")

    with pytest.raises(OutputError, match=r"results are kept in .*out-2"):
        filled(out, during=becomes, runs="1")
    assert out.read_text() == "not ours"
    assert content(tmp_path / "out-2") == {"runs.txt": "1"}


def test_what_a_killed_run_left_is_in_nobodys_way(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from r2psim.ensemble.output import OutputDirectory\n"
        "def write(folder): (folder / 'runs.txt').write_text('half'); os._exit(9)\n"
        "with OutputDirectory(Path(sys.argv[1])) as out: out.fill(write)\n"
    )
    out = tmp_path / "out"
    assert subprocess.run([sys.executable, "-c", program, str(out)], check=False).returncode == 9
    assert len(list(out.iterdir())) == 2
    filled(out, runs="1")
    assert content(out) == {"runs.txt": "1"}
    assert {found.name for found in out.iterdir()} == {"runs.txt", "provenance.json"}


def test_an_interrupt_leaves_nothing_that_was_not_there(tmp_path: Path) -> None:
    def interrupt(folder: Path) -> None:
        (folder / "half.txt").write_text("")
        raise KeyboardInterrupt

    (tmp_path / "empty").mkdir()
    for target in (tmp_path / "a" / "b", tmp_path / "empty"):
        with pytest.raises(KeyboardInterrupt), OutputDirectory(target):
            raise KeyboardInterrupt
        with pytest.raises(KeyboardInterrupt), OutputDirectory(target) as out:
            out.fill(interrupt)
    assert [found.name for found in tmp_path.rglob("*")] == ["empty"]


# -- results that cannot be written ------------------------------------------------------------------------------------


def test_a_full_disk_does_not_cost_the_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(output_module.tempfile, "gettempdir", lambda: str(elsewhere))
    known = output_module.put_file

    def full(source: Path, target: Path) -> None:
        if target.is_relative_to(tmp_path / "disk"):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        known(source, target)

    def write(folder: Path) -> None:
        if folder.is_relative_to(tmp_path / "disk"):
            (folder / "runs.txt").write_text("ha")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        results_in(folder, runs="1")

    def copied(part: Path, kept: Path, **more: object) -> None:
        if kept.is_relative_to(tmp_path / "disk"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        shutil.copy(part / "runs.txt", kept)

    monkeypatch.setattr(output_module, "put_file", full)
    monkeypatch.setattr(output_module.shutil, "copytree", copied)
    with pytest.raises(OutputError, match=r"kept in .*elsewhere/out-2"), OutputDirectory(tmp_path / "disk/out") as out:
        out.fill(write)
    assert content(elsewhere / "out-2") == {"runs.txt": "1"}
    assert not (tmp_path / "disk").exists()
    assert [found.name for found in elsewhere.iterdir()] == ["out-2"]


def test_numbers_that_were_written_are_kept_if_a_figure_cannot_be_drawn(tmp_path: Path) -> None:
    told: list[str] = []

    def write(folder: Path) -> None:
        results_in(folder, runs="1")
        raise RuntimeError("a defect of the figure")

    with pytest.raises(RuntimeError), OutputDirectory(tmp_path / "out", tell=told.append) as out:
        out.fill(write)
    assert content(tmp_path / "out-2") == {"runs.txt": "1"}
    assert "out-2" in told[0]
    assert {found.name for found in tmp_path.iterdir()} == {"out-2"}


def test_what_was_found_is_still_printed_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("r2psim.analysis.comparison_export.write_table", full)
    words = ["compare", "seminar", "--runs", "2", "--years", "1", "--json", "--out", str(tmp_path / "out")]
    done = RUNNER.invoke(app, words)
    assert isinstance(done.exception, OutputError) and "No space left" in str(done.exception)
    assert json.loads(done.stdout)["runs"] == 2
    assert list(tmp_path.iterdir()) == []


# -- an earlier output -------------------------------------------------------------------------------------------------


def test_force_replaces_what_is_of_r2psim_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    filled(out, runs="1", old="1", edited="1", noted="1")
    (out / "edited.txt").write_text("mine now")
    (out / "noted.txt").write_text("mine too")
    (out / "thesis.txt").write_text("three years")
    (out / "sub").mkdir()
    (out / "sub" / "deep.txt").write_text("deep")
    with pytest.raises(OutputError, match=r"earlier output.*--force"):
        filled(out, runs="2")
    told = " ".join(filled(out, force=True, runs="2", edited="2"))
    assert content(out) == {
        "runs.txt": "2",
        "edited.txt": "2",
        "edited-2.txt": "mine now",
        "noted.txt": "mine too",
        "thesis.txt": "three years",
    }
    assert (out / "sub" / "deep.txt").read_text() == "deep"
    assert all(word in told for word in ("edited.txt as edited-2.txt", "noted.txt", "thesis.txt", "sub"))
    assert LOCK not in {found.name for found in out.iterdir()}


def test_an_output_without_hashes_loses_nothing_to_force(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    results_in(out, runs="1")
    filled(out, force=True, runs="2")
    assert content(out) == {"runs.txt": "2", "runs-2.txt": "1"}


def test_force_that_fails_leaves_the_earlier_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    filled(out, runs="1", deaths="1")
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    known = output_module.put_file

    def full(source: Path, target: Path) -> None:
        if target == out / "runs.txt" and ".old" not in str(source):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        known(source, target)

    monkeypatch.setattr(output_module, "put_file", full)
    with pytest.raises(OutputError, match=r"No space left on device; the results are kept in .*out-2"):
        filled(out, force=True, runs="2", deaths="2")
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    assert content(tmp_path / "out-2") == {"runs.txt": "2", "deaths.txt": "2"}


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        ("{}", "another program's"),
        ("[", "is damaged"),
        (json.dumps({"r2psim": "0", "kind": "batch"}), "batch"),
        (json.dumps({"r2psim": "0", "kind": "calibration"}), "calibration"),
    ],
)
def test_force_replaces_no_output_of_another_kind(tmp_path: Path, mark: str, says: str) -> None:
    (tmp_path / "provenance.json").write_text(mark)
    (tmp_path / "old.txt").write_text("x")
    with pytest.raises(OutputError, match=says):
        filled(tmp_path, force=True, during=pytest.fail, runs="2")
    assert {found.name: found.read_text() for found in tmp_path.iterdir()} == {"provenance.json": mark, "old.txt": "x"}


# -- names that stand for another directory ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [".", "../here", "link", "link/../here", "dangling"])
def test_links_and_dots_are_filled_where_they_are(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (tmp_path / "link").symlink_to(here)
    (tmp_path / "dangling").symlink_to(tmp_path / "elsewhere")
    node = here.stat().st_ino
    monkeypatch.chdir(here if name in (".", "../here") else tmp_path)
    for force, text in ((False, "1"), (True, "2")):
        filled(Path(name), force, runs=text)
    filled_one = tmp_path / "elsewhere" if name == "dangling" else here
    assert content(filled_one) == {"runs.txt": "2"}
    assert here.stat().st_ino == node
    assert (tmp_path / "link").is_symlink() and (tmp_path / "dangling").is_symlink()


def test_what_cannot_be_filled_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "study" / "sub"
    below.mkdir(parents=True)
    results_in(tmp_path / "study", runs="1")
    monkeypatch.chdir(below)
    (below / "file").write_text("")
    for name, says in (
        ("/", "root of the file system"),
        ("..", "has the working directory in it"),
        ("file", "is a file"),
        ("file/out", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("nul\0l", "no name of a directory"),
        (str(tmp_path / "study" / "sub"), "not an output of r2psim"),
    ):
        with pytest.raises(OutputError, match=says):
            filled(Path(name), force=True, during=pytest.fail, runs="2")
    assert content(tmp_path / "study") == {"runs.txt": "1"}
    assert [found.name for found in below.iterdir()] == ["file"]


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("mount"), reason="needs a file system to mount")
def test_a_mount_point_is_filled(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        filled(disk, runs="1")
        filled(disk, force=True, runs="2")
        assert content(disk) == {"runs.txt": "2"}
        with pytest.raises(OutputError, match="disk-2"):
            filled(disk, True, lambda: (disk / "deaths.txt").write_text("not ours"), deaths="3")
        assert content(tmp_path / "disk-2") == {"deaths.txt": "3"}
        assert content(disk) == {"runs.txt": "2", "deaths.txt": "not ours"}
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# -- every verb and function -------------------------------------------------------------------------------------------

SHORT = {
    "run": ["run", "seminar", "--years", "1"],
    "compare": ["compare", "seminar", "--runs", "2", "--years", "1"],
    "validate": ["validate", "seminar", "--runs", "2", "--years", "12"],
}


@pytest.mark.filterwarnings("ignore:Data has no positive values")  # two runs without an onset
@pytest.mark.parametrize("verb", SHORT)
def test_a_verb_keeps_what_lies_in_its_directory(verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known = output_module.OutputDirectory.fill

    def late(self: OutputDirectory, write: Callable[[Path], object]) -> None:
        (self.path / "thesis.txt").write_text("three years")
        known(self, write)

    monkeypatch.setattr(output_module.OutputDirectory, "fill", late)
    done = RUNNER.invoke(app, [*SHORT[verb], "--out", "."])
    assert done.exit_code == 0, (done.output, done.exception)
    assert (tmp_path / "thesis.txt").read_text() == "three years"
    assert "provenance.json" in {found.name for found in tmp_path.iterdir()}


@pytest.mark.parametrize("verb", SHORT)
def test_a_verb_refuses_before_its_work(verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thesis.txt").write_text("three years")
    for work in (
        "r2psim.agents.R2PModel",
        "r2psim.analysis.comparison.compare",
        "r2psim.analysis.calibration.validation.validate",
    ):
        monkeypatch.setattr(work, lambda *_, **__: pytest.fail("worked"))
    done = RUNNER.invoke(app, [*SHORT[verb], "--out", str(tmp_path)])
    assert isinstance(done.exception, OutputError)
    assert [found.name for found in tmp_path.iterdir()] == ["thesis.txt"]


def test_results_saved_at_once_by_two_threads_are_both_there_or_told(tmp_path: Path) -> None:
    results = simulate("seminar", ["prevention"], runs=2, years=1, threads=1)
    told: list[str] = []

    def save() -> None:
        try:
            results.save(tmp_path / "out")
        except OutputError as error:
            told.append(str(error))

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 3
    assert all("at work here" in text or "earlier output" in text for text in told)
    assert Results.load(tmp_path / "out").runs == 2


def half_filled(folder: Path) -> None:
    """Put in place what is put there first: everything but the file that says that it is an output."""
    (folder / "runs.txt").write_text("1")


def test_a_directory_that_is_being_filled_is_in_use_and_not_somebody_elses(tmp_path: Path) -> None:
    with OutputDirectory(tmp_path / "out") as out:
        half_filled(out.path)
        with pytest.raises(OutputError, match="at work here"), OutputDirectory(tmp_path / "out"):
            pass
        assert (tmp_path / "out" / LOCK).exists()
    with pytest.raises(OutputError, match="not an output of r2psim"), OutputDirectory(tmp_path / "out"):
        pass
    (tmp_path / "out" / LOCK).touch()  # of a process that was killed
    with pytest.raises(OutputError, match="not an output of r2psim"), OutputDirectory(tmp_path / "out"):
        pass
    assert content(tmp_path / "out") == {"runs.txt": "1"}


def test_a_directory_that_is_finished_while_it_is_looked_at_holds_an_earlier_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    half_filled(folder)
    check = OutputDirectory._check

    def finished_after_the_first_look(out: OutputDirectory) -> None:
        monkeypatch.setattr(OutputDirectory, "_check", check)
        try:
            check(out)
        finally:
            results_in(folder, runs="1")

    monkeypatch.setattr(OutputDirectory, "_check", finished_after_the_first_look)
    with pytest.raises(OutputError, match="earlier output"), OutputDirectory(folder):
        pass


def test_a_directory_written_at_once_is_put_in_place_too(tmp_path: Path) -> None:
    with new_directory(tmp_path / "out") as folder:
        results_in(folder, runs="1")
    assert content(tmp_path / "out") == {"runs.txt": "1"}
    with pytest.raises(OutputError, match="out-2"), new_directory(tmp_path / "out", force=True) as folder:
        results_in(folder, deaths="2")
        (tmp_path / "out" / "deaths.txt").write_text("not ours")
    assert content(tmp_path / "out-2") == {"deaths.txt": "2"}


# -- single files ------------------------------------------------------------------------------------------------------


def test_a_file_is_not_replaced_by_one_that_took_longer(tmp_path: Path) -> None:
    file = tmp_path / "figure.svg"

    def write(aside: Path) -> None:
        assert aside.suffix == ".svg"
        aside.write_text("drawn")
        file.write_text("not ours")

    with pytest.raises(OutputError, match=r"kept in .*figure-2\.svg"):
        fill_file(file, write)
    assert content(tmp_path) == {"figure.svg": "not ours", "figure-2.svg": "drawn"}
    fill_file(file, lambda aside: aside.write_text("again"), force=True)
    assert content(tmp_path) == {"figure.svg": "again", "figure-2.svg": "drawn"}


def test_a_figure_of_worlds_replaces_nothing(tmp_path: Path) -> None:
    file = tmp_path / "worlds.svg"
    file.write_text("mine")
    done = RUNNER.invoke(app, ["world-figure", "--seeds", "1", "--out", str(file)])
    assert isinstance(done.exception, OutputError) and "--force" in str(done.exception)
    assert file.read_text() == "mine"


# -- hashes ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("saved") / "out"
    simulate("seminar", ["prevention"], runs=3, years=1, threads=1, series=("monthly_deaths",)).save(out)
    return out


@pytest.mark.parametrize(
    "name", ["runs.parquet", "spending.parquet", "yearly.parquet", "series.parquet", "resolved.json", "provenance.json"]
)
def test_a_flipped_bit_is_noticed_wherever_it_is(saved: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    shutil.copytree(saved, out)
    whole = (out / name).read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 12)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        (out / name).write_bytes(damaged)
        try:
            Results.load(out)
        except OutputError as error:
            assert name in str(error) or name == "provenance.json"
        else:
            # Only a change that means the same, such as that of a blank, may pass.
            assert name == "provenance.json" and json.loads(damaged) == json.loads(whole)
    (out / name).write_bytes(whole)
    assert Results.load(out).runs == 3


def test_a_table_that_was_deleted_is_missed(saved: Path, tmp_path: Path) -> None:
    shutil.copytree(saved, tmp_path / "out")
    (tmp_path / "out" / "series.parquet").unlink()
    with pytest.raises(OutputError, match=r"series\.parquet: is missing"):
        Results.load(tmp_path / "out")


def test_an_output_from_before_there_were_hashes_is_read(saved: Path, tmp_path: Path) -> None:
    shutil.copytree(saved, tmp_path / "out")
    file = tmp_path / "out" / "provenance.json"
    facts = json.loads(file.read_text())
    file.write_text(json.dumps({key: value for key, value in facts.items() if key not in ("contents", "seal")}))
    assert Results.load(tmp_path / "out").runs == 3


def test_the_hashes_are_those_of_the_files(tmp_path: Path) -> None:
    write_json(provenance(), tmp_path / "provenance.json")
    (tmp_path / "a.txt").write_text("a")
    seal(tmp_path)
    found = json.loads((tmp_path / "provenance.json").read_text())["contents"]
    assert found == {"a.txt": hashlib.sha256(b"a").hexdigest()}
