"""Whatever is in a file or a message: it is read, or refused in words; `tests/fuzzing.py` says how that is tried.

The quick tests take a few hundred inputs. ``R2PSIM_FUZZ`` says how many the long test takes, over all readers.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

fuzzing = pytest.importorskip("fuzzing", reason="needs the pages' library")

SUITE = Path(fuzzing.__file__)
QUICK, LONG = 300, int(os.environ.get("R2PSIM_FUZZ", "20000"))


def fuzz(count: int, seed: int, folder: Path) -> str:
    """Run the suite in a process of its own, whose memory is measured."""
    words = [
        sys.executable,
        str(SUITE),
        "--inputs",
        str(count),
        "--seed",
        str(seed),
        "--keep",
        str(folder / "failures"),
    ]
    there = str(SUITE.parents[1])
    path = os.pathsep.join(filter(None, (there, os.environ.get("PYTHONPATH"))))
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": path})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_some_hundred_inputs_are_read_or_refused(tmp_path: Path) -> None:
    assert f"{QUICK} inputs" in fuzz(QUICK, 1, tmp_path)


@pytest.mark.slow
def test_many_inputs_are_read_or_refused(tmp_path: Path) -> None:
    assert f"{LONG:,} inputs" in fuzz(LONG, 20, tmp_path)


# -- the suite itself --------------------------------------------------------------------------------------------------


def _spin(file: Path) -> None:
    while True:
        pass


def _connect(file: Path) -> None:
    with socket.socket() as there:
        there.connect(("127.0.0.1", 9))


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda file: None, ""),
        (lambda file: (file.parent / "own").write_bytes(b""), ""),
        (lambda file: 1 / 0, "ZeroDivisionError"),
        (lambda file: int("x"), "no message"),
        (_spin, "more than 0.1 s"),
        (lambda file: (file.parents[1] / "beside").write_bytes(b""), "open for writing"),
        (lambda file: (file.parents[1] / "beside").mkdir(), "os.mkdir"),
        (lambda file: subprocess.run(["true"], check=False), "subprocess.Popen"),
        (lambda file: os.system("true"), "os.system"),
        (lambda file: exec("x = 1"), "exec"),
        (_connect, "socket.connect"),
    ],
    ids=[
        "reads",
        "writes its own",
        "fails",
        "says nothing",
        "hangs",
        "writes",
        "makes",
        "starts",
        "shell",
        "executes",
        "net",
    ],
)
def test_what_a_reader_must_not_do_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], object], words: str
) -> None:
    monkeypatch.setattr(fuzzing, "SECONDS", 0.1)

    class SilentError(ValueError):
        def __str__(self) -> str:
            return ""

    def silenced(file: Path) -> object:
        try:
            return read(file)
        except ValueError:
            raise SilentError from None

    home = tmp_path / "home"
    home.mkdir()
    found = fuzzing.Found()
    reader = fuzzing.Reader("some", silenced, (SilentError,), [b"a = 1"])
    fuzzing.one(reader, 1, 0, home / "input.toml", fuzzing.Watch(home), found, tmp_path / "kept")
    if not words:
        assert found.failures == [] and found.read["some"] == 1
        return
    assert len(found.failures) == 1 and words in found.failures[0]
    assert (tmp_path / "kept" / "some-1-0").read_bytes() == reader.input(1, 0)


def test_an_input_is_made_again_from_its_number() -> None:
    made = [fuzzing.Reader("some", lambda file: None, (), [b"a = [1, 2]\nb = 'c'\n"] * 2) for _ in range(2)]
    inputs = [reader.input(3, number) for reader in made for number in range(50)]
    assert inputs[:50] == inputs[50:] and len(set(inputs[:50])) > 30
