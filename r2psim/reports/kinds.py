"""Which directories a report is made of, and how one is opened: checked against what it says of itself.

A further kind is one line of `KINDS`: the verb that writes it, the file by which it is known, and the function that
makes a `Part` of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from r2psim.analysis.checkpoints import QUESTION
from r2psim.ensemble.locks import NAME as LOCK
from r2psim.ensemble.output import GROWING
from r2psim.ensemble.store import MARK, OutputError, read_json, sealed
from r2psim.ensemble.stored_results import as_written
from r2psim.reports.parts import Again, Figure, Part
from r2psim.terminal import command as in_shell

__all__ = ["KINDS", "Kind", "Opened", "part_of"]


@dataclass(frozen=True)
class Kind:
    """A kind of directory.

    Attributes
    ----------
    verb : str
        What writes it.
    file : str
        The file by which it is known.
    maker : str
        ``module:function`` that takes an `Opened` and gives a `Part`; imported when it is needed.
    """

    verb: str
    file: str
    maker: str

    def make(self, opened: Opened) -> Part:
        """Make the part of a directory of this kind."""
        module, _, function = self.maker.partition(":")
        make: Callable[[Opened], Part] = getattr(import_module(module), function)
        return make(opened)


KINDS = (
    Kind("compare", "comparison.json", "r2psim.reports.comparison:comparison_part"),
    Kind("batch", "manifest.jsonl", "r2psim.reports.batch:batch_part"),
    Kind("break-even", "break-even.json", "r2psim.reports.cost:break_even_part"),
    Kind("marginal", "marginal.json", "r2psim.reports.cost:marginal_part"),
    Kind("warning", "warning.json", "r2psim.reports.cost:warning_part"),
    Kind("optimise", "optimise.json", "r2psim.reports.portfolios:optimise_part"),
    Kind("sensitivity", "sensitivity.json", "r2psim.reports.sensitivity:sensitivity_part"),
    Kind("discover", "discovery.json", "r2psim.reports.sensitivity:discovery_part"),
    Kind("value-of-information", "value-of-information.json", "r2psim.reports.sensitivity:information_part"),
    Kind("trials", "trials.json", "r2psim.reports.record:trials_part"),
    Kind("rows", "rows.json", "r2psim.reports.record:rows_part"),
    Kind("validate", "validation.json", "r2psim.reports.record:validation_part"),
    Kind("validate", "across.json", "r2psim.reports.record:across_part"),
    Kind("hindcast", "hindcast.json", "r2psim.reports.record:hindcast_part"),
    Kind("hindcast", "panel-hindcast.json", "r2psim.reports.record:panel_hindcast_part"),
)
"""Every kind of directory that a report can be made of."""

_OTHERS = {
    "states.parquet": "a single run",
    "calibration.json": "a calibration",
    "identification.json": "what targets identify",
    "import.json": "an imported world",
}
"""Outputs of r2psim of which no report is made, by a file of theirs."""


def _made_of() -> str:
    verbs = list(dict.fromkeys(kind.verb for kind in KINDS))
    return f"{', '.join(verbs[:-1])} or {verbs[-1]}"


class Opened:
    """A directory, finished, with what it says of itself.

    Parameters
    ----------
    directory : Path
        Of ``--out``.

    Attributes
    ----------
    path : Path
        The directory.
    facts : dict
        Its ``provenance.json``.

    Raises
    ------
    OutputError
        If it is none, is not finished, or is damaged; the message says which, and what to do.
    """

    def __init__(self, directory: Path) -> None:
        self.path = Path(directory)
        if not self.path.exists():
            raise OutputError(f"{self.path}: is not there; a report is made of the directory of --out")
        if not self.path.is_dir():
            raise OutputError(f"{self.path}: is a file; a report is made of the directory of --out")
        if not (self.path / MARK).is_file():
            raise OutputError(f"{self.path}: {self._why_not()}")
        self.facts, self._contents = sealed(self.path)
        if not isinstance(self.facts.get("r2psim"), str):
            raise OutputError(f"{self.path}: is not an output of r2psim: {MARK} is another program's")

    def _why_not(self) -> str:
        there = {entry.name for entry in self.path.iterdir()}
        begun = [verb for verb, kept in GROWING.items() if kept in there and verb != "calibration"]
        if begun:
            asked = self.path / GROWING[begun[0]] / QUESTION
            verb = str(read_json(asked).get("study", begun[0])) if asked.is_file() else begun[0]
            return (
                f"is unfinished: finished runs of r2psim {verb} are kept in it; the same command goes on from them, "
                "and then a report can be made"
            )
        if not there - {LOCK}:
            return f"is empty; a report is made of the directory of --out of {_made_of()}"
        return f"is not an output of r2psim: it holds no {MARK}"

    @property
    def name(self) -> str:
        """Its own name, without what lies above it."""
        return self.path.resolve().name

    def has(self, name: str) -> bool:
        """Say whether there is such a file, and that it is as it was written.

        Raises
        ------
        OutputError
            If it is damaged, or should be there.
        """
        file = self.path / name
        if self._contents is None:
            return as_written(file, None)
        # What lies in a folder is noted with its folder.
        return as_written(file, {file.name: self._contents[name]} if name in self._contents else {})

    def json(self, name: str) -> dict[str, Any]:
        """Read plain data.

        Raises
        ------
        OutputError
            If the file is missing or damaged.
        """
        if not self.has(name):
            raise OutputError(f"{self.path / name}: is missing")
        return read_json(self.path / name)

    def text(self, name: str) -> str:
        """Read text, nothing if there is no such file."""
        return (self.path / name).read_text(encoding="utf-8") if self.has(name) else ""

    def figure(self, name: str, alt: str, caption: str) -> Figure | None:
        """Read a figure, None if there is no such file."""
        if not self.has(name):
            return None
        found = Figure(name, (self.path / name).read_bytes(), alt, caption)
        try:
            found.size  # noqa: B018 - sees that it is one
        except OutputError as error:
            raise OutputError(f"{self.path / error.args[0].partition(':')[0]}: is damaged: it is no PNG") from None
        return found

    def figures(self, *wanted: tuple[str, str, str]) -> list[Figure]:
        """Read figures, each with what it shows and how to read it; those that are not there are left out."""
        found = (self.figure(*each) for each in wanted)
        return [figure for figure in found if figure is not None]

    def again(self) -> Again:
        """Say how to make it again."""
        facts = self.facts
        named = {
            "seed": "seed",
            "finished": "finished",
            "r2psim": "r2psim",
            "rules": "digest of the rules",
            "python": "Python",
        }
        told = [(words, str(facts[key])) for key, words in named.items() if facts.get(key) is not None]
        packages = facts.get("packages")
        if isinstance(packages, dict):
            told.append(("packages", ", ".join(f"{name} {found}" for name, found in packages.items())))
        if facts.get("overrides"):
            told.append(("set", ", ".join(f"{path}={value:g}" for path, value in facts["overrides"].items())))
        command = facts.get("command")
        words = [str(word) for word in command[1:]] if isinstance(command, list) else []
        return Again(in_shell(["r2psim", *words]) if words else "", told)


def part_of(directory: Path) -> Part:
    """Make the part of a report that tells of a directory.

    Parameters
    ----------
    directory : Path
        Of ``--out`` of any verb of `KINDS`.

    Raises
    ------
    OutputError
        If it is no such directory, is unfinished or damaged; the message says which, and what is allowed.
    """
    opened = Opened(directory)
    for kind in KINDS:
        if (opened.path / kind.file).is_file():
            try:
                return kind.make(opened)
            except (KeyError, TypeError, ValueError, IndexError) as error:
                ours = opened.facts["r2psim"]
                raise OutputError(
                    f"{opened.path / kind.file}: cannot be told: {type(error).__name__}: {error}; it was written by "
                    f"r2psim {ours}, rules {opened.facts.get('rules', 'unknown')}: run {kind.verb} again"
                ) from error
    what = next((words for file, words in _OTHERS.items() if (opened.path / file).is_file()), None)
    what = what or str(opened.facts.get("kind") or "another output")
    if "policies" in opened.facts and (opened.path / "runs.parquet").is_file():
        what = "runs without a comparison"
    raise OutputError(f"{opened.path}: holds {what}, of which no report is made; one of {_made_of()} is needed")
