"""From a file or a name to a checked scenario, with all that it extends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from r2psim.scenario.errors import Problem, ScenarioError, Source, listing, nearest
from r2psim.scenario.layers import Layers, Sets, Table, checked_data, pairs
from r2psim.scenario.plugged import plugged_names
from r2psim.scenario.shipped import shipped_names, shipped_path
from r2psim.scenario.specs import Scenario

__all__ = ["Draft", "check", "load", "scenario_of"]

IN_DIRECTORY = "scenario.toml"
"""Name of the scenario in a directory that may stand for it."""


class Draft:
    """A scenario file, read with all that it extends, to be loaded any number of times with different overrides.

    A study loads one scenario at thousands of points, in processes that may not see the file: a draft can be pickled.

    Parameters
    ----------
    source : str or Path
        As for `load`.

    Raises
    ------
    ScenarioError
        If a file cannot be read or is not TOML.

    Examples
    --------
    >>> Draft("seminar").load(["years=10"]).years
    10
    """

    def __init__(self, source: str | Path) -> None:
        self._documents = _documents(_path(source))

    def as_data(self) -> list[dict[str, str]]:
        """Give it as plain data: name of each file without its folder, text, and the name of what it describes."""
        return [
            {"file": Path(document.name).name, "text": document.text, "name": str(data.get("name"))}
            for document, data in self._documents
        ]

    @classmethod
    def from_data(cls, documents: Iterable[Mapping[str, str]]) -> Draft:
        """Make a draft of what `as_data` gave."""
        draft = cls.__new__(cls)
        draft._documents = []
        for found in documents:
            source = Source(found["file"], found["text"])
            data = source.parse() | {"name": found["name"]}
            data.pop("extends", None)
            draft._documents.append((source, data))
        return draft

    @classmethod
    def of_table(cls, data: Table, name: str) -> Draft:
        """Make a draft of what a file would hold, which was never written; messages give `name` as the file."""
        draft = cls.__new__(cls)
        draft._documents = [(Source(name), {"name": name, **data})]
        return draft

    def extended(self, source: Source, data: Table) -> Draft:
        """Give a draft with one more layer over it, as a file that extends this one; `source` is whoever wrote it."""
        draft = type(self).__new__(type(self))
        draft._documents = [*self._documents, (source, data)]
        return draft

    def load(self, sets: Sets = ()) -> Scenario:
        """Check and give the scenario with overrides, as `load` does.

        Raises
        ------
        ScenarioError
            With everything that is wrong.
        """
        layers = Layers.with_policies()
        for document, data in self._documents:
            layers.add(document, data)
        problems = [problem for path, value in pairs(sets) for problem in layers.set(path, value)]
        return Scenario.from_validated(layers.checked(problems))


def load(source: str | Path, sets: Sets = ()) -> Scenario:
    """Load and check a scenario.

    Parameters
    ----------
    source : str or Path
        Path of a scenario file or of a directory that holds ``scenario.toml``, or the name of a shipped scenario: text
        without a slash that does not end in ``.toml`` is such a name first.
    sets : sequence of str, str or mapping
        Overrides ``path=value`` with paths as in the file, those of parameters also without the leading
        ``parameters.``; the value is read as TOML, or else as text. A single one need not be in a list; a mapping holds
        values by path. A parameter that is set so has this value under every policy, also under those that set it
        themselves; ``policies.NAME.parameters.PATH`` sets it for one of them.

    Returns
    -------
    Scenario
        Checked, with `extends`, ``remove`` and `sets` applied.

    Raises
    ------
    ScenarioError
        With everything that is wrong.
    """
    return Draft(source).load(sets)


def check(paths: Iterable[str | Path]) -> list[Problem]:
    """Load each scenario and give everything that is wrong with them, in their order.

    Parameters
    ----------
    paths : iterable of str or Path
        Names of shipped scenarios, or paths of files.

    Returns
    -------
    list of Problem
        None where all are valid.
    """
    problems: list[Problem] = []
    for path in paths:
        try:
            load(path)
        except ScenarioError as error:
            problems += error.problems
    return problems


def scenario_of(data: Mapping[str, Any], name: str = "resolved scenario") -> Scenario:
    """Check a scenario given as plain data, as `Scenario.resolved` does.

    Raises
    ------
    ScenarioError
        With everything that is wrong; messages give `name` as the file.
    """
    return Scenario.from_validated(checked_data(data, name))


# -- files -------------------------------------------------------------------------------------------------------------


def _path(source: str | Path) -> Path:
    is_name = isinstance(source, str) and not source.endswith(".toml") and not re.search(r"[/\\]", source)
    path = Path(source)
    if is_name and (source in shipped_names() or not _holds_scenario(path)):
        return shipped_path(str(source))
    return path / IN_DIRECTORY if _holds_scenario(path) else path


def _holds_scenario(path: Path) -> bool:
    """Say whether a path is a directory with a scenario, such as an imported world."""
    try:
        return (path / IN_DIRECTORY).is_file()
    except (OSError, ValueError):
        return False


def _documents(path: Path) -> list[tuple[Source, Table]]:
    """Read a file and all that it extends, the most basic first."""
    documents: list[tuple[Source, Table]] = []
    chain: list[Path] = []
    base: Path | None = path
    while base is not None:
        path, base = base, None
        document = Source.read(path, rank=-len(chain))
        chain.append(path.resolve())
        data = document.parse()
        if "extends" in data:
            base = _base(document, data.pop("extends"), chain)
        if documents or "name" not in data:
            # A file is called after itself, not after what it extends.
            data["name"] = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:64] or "scenario"
        documents.append((document, data))
    return documents[::-1]


def _base(document: Source, extends: Any, chain: Sequence[Path]) -> Path:
    """Give the file that `document` extends; `chain` holds the files on the way to it."""

    def refused(allowed: str, near: str | None = None) -> ScenarioError:
        line = document.line(("extends",))
        return ScenarioError([Problem(document.name, "extends", extends, allowed, near, line)])

    names = (*shipped_names(), *plugged_names("scenarios"))
    if not isinstance(extends, str) or not extends.endswith(".toml"):
        if extends in names:
            return shipped_path(extends)
        allowed = f"a shipped scenario ({listing(names)}) or the path of a .toml file, relative to this file"
        raise refused(allowed, nearest(extends, names))
    base = Path(document.name).parent / extends
    try:
        found = base.exists()
    except (OSError, ValueError):
        found = False
    if not found:
        near = nearest(base.name, (name for name in _siblings(base) if name != chain[-1].name))
        raise refused("an existing file, relative to this one", near and extends.removesuffix(base.name) + near)
    if base.resolve() in chain:
        circle = " -> ".join(path.name for path in (*chain, base))
        raise refused(f"a file that does not extend this one in turn: {circle}")
    return base


def _siblings(path: Path) -> list[str]:
    try:
        return [sibling.name for sibling in path.parent.glob("*.toml")]
    except (OSError, ValueError):
        return []
