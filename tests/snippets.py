"""Commands and code of the pages: find them, name what is wrong with them, and run them page by page.

A fenced block is run as its language says: ``sh`` by a shell; ``console`` by a shell too, with prompts ``$``, and every
other line has to be one of those that the command prints (``...`` stands for any); ``python`` in one namespace a page,
or written to a file whose name is its first comment; ``toml`` and ``json`` are read, and written to such a file. Any
other block is text, and only its command lines are looked at.

What cannot be run says so in a comment above it, which a reader of the page does not see:

- ``<!-- snippet: parse -->``: it needs a network, a server or hours: the verb and its options have to be there;
- ``<!-- snippet: slow -->``: only in the long tests;
- ``<!-- snippet: fails -->``: the command ends with 2, as the page says;
- ``<!-- snippet: output -->``: lines that the block before printed;
- ``<!-- snippet: write FILE -->``: the block is the content of FILE, nothing is run;
- ``<!-- snippet: with "A" for "B" -->``: smaller than on the page; then no line of its output is compared.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import typer

__all__ = ["Block", "Page", "blocks_of", "command_lines", "refused"]

ROOT = Path(__file__).parents[1]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w+-]*|\{\w+\}.*)\s*$")
_WISH = re.compile(r"<!-- snippet: (?P<wish>.*?) -->")
_SMALLER = re.compile(r'with "([^"]*)" for "([^"]*)"')
_FILE = re.compile(r"^# ([\w./-]+\.\w+)\b")

SHELLS = ("sh", "console")
RUN = (*SHELLS, "python", "toml", "json")
LANGUAGES = (*RUN, "", "text", "yaml")
OTHER_PROGRAMS = {
    "cd",
    "pip",
    "make",
    "kubectl",
    "sbatch",
    "proxy_pass",
    "source",
    "mkdir",
    "ls",
    "export",
    "head",
    "cp",
    "sed",
    "sh",
}


@dataclass
class Block:
    """A fenced block of a page.

    Attributes
    ----------
    page : Path
        Where it stands.
    line : int
        Of its fence, from 1.
    language : str
        As the fence says.
    text : str
        What is within.
    wishes : list of str
        What the comments above it say.
    """

    page: Path
    line: int
    language: str
    text: str
    wishes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def wants(self, wish: str) -> bool:
        return wish in self.wishes

    @property
    def smaller(self) -> list[tuple[str, str]]:
        return [(new, old) for wish in self.wishes for new, old in _SMALLER.findall(wish)]

    @property
    def file(self) -> str | None:
        for wish in self.wishes:
            if wish.startswith("write "):
                return wish.removeprefix("write ")
        named = _FILE.match(self.text)
        return named[1] if named and self.language in ("python", "toml") else None


def blocks_of(page: Path) -> list[Block]:
    """Give the fenced blocks of a page in their order."""
    found: list[Block] = []
    wishes: list[str] = []
    opened: tuple[int, str, str, list[str]] | None = None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if opened is not None:
            start, indent, language, lines = opened
            if line.strip() == "```" and language.startswith("{"):
                opened = None  # of the site: a list of its pages
            elif line.strip() == "```":
                found.append(Block(page, start, language, "\n".join(lines) + "\n", wishes))
                opened, wishes = None, []
            else:
                lines.append(line.removeprefix(indent))
        elif fence := _FENCE.match(line):
            opened = (number, fence["indent"], fence["language"], [])
        elif wish := _WISH.search(line):
            wishes = [*wishes, wish["wish"]]
        elif line.strip():
            assert not wishes, f"{page}:{number}: a comment for a snippet stands above no block"
    assert opened is None, f"{page}: a block is not closed"
    return found


def command_lines(block: Block) -> Iterator[list[str]]:
    """Give the words of each command of a block, also of blocks that are text."""
    prompt = block.language == "console"
    lines = iter(block.text.replace("\\\n", " ").splitlines())
    for line in lines:
        text = line.strip()
        if prompt and not text.startswith("$ "):
            continue
        text = text.removeprefix("$ ").removeprefix(".venv/bin/")
        if block.language not in SHELLS and not re.match(r"r2psim [a-z]", text):
            continue
        if heredoc := re.search(r"<<'?(\w+)'?", text):
            for inner in lines:
                if inner.strip() == heredoc[1]:
                    break
        if not text or text.startswith("#"):
            continue
        yield from _commands(text)


def _commands(line: str) -> Iterator[list[str]]:
    """Give the words of each command of a line of a shell, without where its output goes and what it sets before."""
    words: list[str] = []
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    for word in [*lexer, ";"]:
        if set(word) <= set(";&|"):
            if words:
                yield words
            words = []
        elif set(word) <= set("<>&12") and ("<" in word or ">" in word):
            words.append(">")
        elif words[-1:] == [">"]:
            words.pop()
        elif words or not re.match(r"^\w+=", word):
            words.append(word)


def refused(words: list[str]) -> str:
    """Say what is wrong with a command that is not run; empty where nothing is."""
    program, *rest = words
    if program in ("python", "python3"):
        if rest[:1] == ["-m"] and rest[1].startswith("r2psim"):
            return "" if importlib.util.find_spec(rest[1]) else f"there is no module {rest[1]}"
        return ""
    if program != "r2psim":
        return "" if program in OTHER_PROGRAMS or "/" in program else f"{program} is no program that is known"
    verbs = _verbs()
    if rest[:1] and rest[0].startswith("-"):
        return "" if rest[0] in ("--help", "-h", "--version", "--install-completion") else f"no option {rest[0]}"
    if not rest:
        return ""
    verb = verbs.get(rest[0])
    if verb is None:
        return f"there is no verb {rest[0]}"
    try:
        verb.make_context(rest[0], list(rest[1:]))
    except typer.Exit:
        return ""
    except Exception as error:
        said = error.format_message() if isinstance(error, typer.BadParameter) else str(error)
        return f"r2psim {rest[0]}: {said}"
    return ""


@cache
def _verbs() -> dict[str, Any]:
    from r2psim.cli import app

    return dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


class Page:
    """A page whose blocks are run, in a directory of their own.

    Parameters
    ----------
    directory : Path
        An empty directory.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "here"
        self.directory.mkdir()
        programs = directory / "bin"
        programs.mkdir()
        for name, words in {"r2psim": "-m r2psim", "python": ""}.items():
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
            program.chmod(0o755)
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        self.environment = os.environ | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": paths,
            "COLUMNS": "80",
            "MPLBACKEND": "Agg",
        }
        self.names: dict[str, Any] = {"__name__": "page"}
        self.printed = ""

    def run(self, block: Block) -> None:
        """Run a block, and compare what it prints where the page shows it."""
        text = block.text
        for new, old in block.smaller:
            assert old in text, f"{block}: {old} does not stand in it"
            text = text.replace(old, new)
        if block.wants("output"):
            self._compare(text.splitlines(), self.printed, block)
        elif (file := block.file) is not None:
            if block.language == "toml":
                tomllib.loads(text)
            place = self.directory / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        elif block.language == "python":
            self._python(text, block)
        elif block.language == "toml":
            tomllib.loads(text)
        elif block.language == "json":
            json.loads(text)
        elif block.language == "sh":
            self._shell(text, block)
        elif block.language == "console":
            for command, lines in _prompts(text):
                self._shell(command, block)
                if not block.smaller:
                    self._compare(lines, self.printed, block)

    def _python(self, text: str, block: Block) -> None:
        with contextlib.chdir(self.directory), contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile("\n" * block.line + text, str(block.page), "exec"), self.names)
        self.printed = printed.getvalue()

    def _shell(self, text: str, block: Block) -> None:
        done = subprocess.run(
            ["sh", "-e", "-c", text],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        self.printed = done.stdout + done.stderr
        expected = 2 if block.wants("fails") else 0
        assert done.returncode == expected, f"{block}: {text}ended with {done.returncode}\n{self.printed}"

    def _compare(self, lines: list[str], printed: str, block: Block) -> None:
        """See that each line of the page is printed, in their order."""
        there = iter([" ".join(line.split()) for line in printed.splitlines()])
        for line in lines:
            wanted = " ".join(line.split())
            if wanted in ("", "..."):
                continue
            assert wanted in there, (
                f"{block}: {wanted!r} is not printed, or not after the lines before it:\n{printed[:2000]}"
            )


def _prompts(text: str) -> Iterator[tuple[str, list[str]]]:
    """Give each command of a block with prompts, and the lines that follow it."""
    command, lines = "", []
    for line in text.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, lines
            command, lines = line[2:], []
        elif command.endswith("\\"):
            command += "\n" + line
        else:
            lines.append(line)
    if command:
        yield command, lines
