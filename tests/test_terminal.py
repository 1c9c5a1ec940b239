"""What is written to a terminal is text: brackets stay, commands to the terminal are written out, shells are minded."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table

from r2psim import progress, terminal
from r2psim.terminal import console, styled, visible

ESCAPES = "a\x1b]0;owned\x07\x1b[2J\x9b31m\r\u202eb\ud800"


def test_what_a_terminal_obeys_is_written_out_and_all_else_is_left() -> None:
    assert visible(ESCAPES) == r"a\x1b]0;owned\x07\x1b[2J\x9b31m\r\u202eb\ud800"
    kept = "Côte d'Ivoire\t日本\nعربي [north] 👩\u200d🎓"
    assert visible(kept) == kept


@pytest.mark.parametrize("tty", [False, True])
def test_tables_and_lines_show_brackets_and_no_commands(monkeypatch: pytest.MonkeyPatch, tty: bool) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: tty)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stdout", stream)
    terminal.guard()
    shown = Table("[head]\x1b[31m", box=None)
    shown.add_row("[north]\x1b[2J :smile:")
    shown.add_row(styled("mean", ("\x1b]0;x\x07", "dim")))
    to = console(100)
    to.print("[bold]title[/bold]\x1b[5m", style="bold")
    to.print(shown)
    sys.stdout.write("a\x1b[2J\n")
    text = stream.getvalue()
    for words in (
        "[bold]title[/bold]\\x1b[5m",
        "[head]\\x1b[31m",
        "[north]\\x1b[2J :smile:",
        "\\x1b]0;x\\x07",
        "a\\x1b[2J",
    ):
        assert words in text
    assert "\x07" not in text and "\x1b[2J" not in text and "\x1b[5m" not in text
    assert ("\x1b[1m" in text) is tty, "our own bold reaches a terminal, and only a terminal"


def test_a_line_that_is_written_over_is_still_and_its_text_commands_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    terminal.guard()
    progress.notice("\rruns 1\x1b[2J\r2 ", end="")
    progress.notice("\r   \r", end="")
    assert stream.getvalue() == "\rruns 1\\x1b[2J\\r2 \r   \r"


SCENARIO = """
schema = 1
title = "North [north] and [bold]south[/bold]"
[states.a]
name = "Arvania [north]"
[states.a.groups.g]
name = "People [red]"
share = 0.2
[bodies.un]
kind = "UN body"
members = "all"
"""


def start(words: list[str], folder: Path) -> tuple[int, str]:
    """Start the command in a process of its own, as if its error stream were a terminal's."""
    code = (
        "import sys; sys.argv = ['r2psim', *sys.argv[1:]]\n"
        "sys.stderr.isatty = lambda: True\n"
        "from r2psim.cli import main; main()"
    )
    there = str(Path(terminal.__file__).parents[1])
    path = os.pathsep.join(filter(None, (there, os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONPATH": path},
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "surrogateescape")


def test_a_title_with_brackets_is_told_whole(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(SCENARIO, encoding="utf-8")
    code, text = start(["run", "case.toml", "--years", "1"], tmp_path)
    assert code == 0
    assert "North [north] and [bold]south[/bold]" in text


@pytest.mark.parametrize(
    "words",
    [
        ["check", "{}.toml"],
        ["run", "seminar", "--policy", "{}"],
        ["run", "seminar", "--set", "{}=1"],
        ["run", "seminar", "--set", "years={}"],
        ["run", "{}"],
        ["status", "{}"],
        ["{}"],
        ["run", "--{}"],
    ],
    ids=lambda words: " ".join(words),
)
def test_arguments_are_told_without_being_obeyed(tmp_path: Path, words: list[str]) -> None:
    evil = "x\x1b[31m\x9b2J\ry"
    code, text = start([word.replace("{}", evil) for word in words], tmp_path)
    assert code == 2 and "Traceback" not in text
    assert not set(text) & {"\x1b", "\x9b", "\r"}
    assert "x\\x1b[31m" in text or "x\\u001b[31m" in text


def test_a_printed_command_is_one_for_the_shell(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(
        'schema = 1\nscenario = "insurgency"\npolicies = ["late-response", "prevention"]\nruns = 2\nyears = 1\n'
        'factors."assistance.openness".values = [0.5]\ndesign.kind = "grid"\n',
        encoding="utf-8",
    )
    out = "my $(touch owned) study"
    code, text = start(["batch", "case.toml", "--out", out, "--executor", "serial"], tmp_path)
    assert code == 0
    printed = text.rpartition("or: ")[2].strip().splitlines()[0]
    assert printed == f"r2psim results '{out}' --to csv"
    assert not (tmp_path / "owned").exists()
