"""Policies that somebody built in a browser: read, checked, kept in an address, and written as a scenario file.

They are kept as JSON text of the table ``policies`` of a scenario file, so that an address and a file hold the same.
What comes from a browser is bounded in size, holds policies and nothing else, reads no file, and changes no policy that
the scenario has; all else is checked by the schema of scenario files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from r2psim.scenario.errors import Problem, ScenarioError, Source, nearest, shown
from r2psim.scenario.loading import Draft
from r2psim.scenario.schema import VERSION

__all__ = ["MOST_BYTES", "MOST_OWN", "file_name", "file_text", "from_file", "layered", "names_of", "with_policy",
           "without"]  # fmt: skip

MOST_BYTES = 16_000
"""Bytes of a file that is uploaded."""
MOST_TEXT = 6_000
"""Characters that an address spends on policies."""
MOST_OWN = 3

FILE_KEYS = ("schema", "extends", "policies")
"""What a file of policies holds: whatever else changes the world would not be the same world any more."""
HERE = "own policies"
"""What messages call policies that stand in an address."""

_HEAD = "# Built in the browser. For the command line: r2psim compare {name} --policies {policies}\n\n"


def _wrong(what: str, path: str = "", value: Any = None, near: str | None = None, file: str = HERE,
           line: int | None = None) -> ScenarioError:  # fmt: skip
    return ScenarioError([Problem(file, path, value, what, near, line)])


def from_file(text: str, name: str, scenarios: Iterable[str]) -> tuple[str, str]:
    """Read a file that was uploaded.

    Parameters
    ----------
    text, name : str
        What it holds, and what it is called.
    scenarios : iterable of str
        What it may extend.

    Returns
    -------
    scenario, own : str
        The scenario that it extends, and its policies as they are kept.

    Raises
    ------
    ScenarioError
        With everything that is wrong, and where.
    """
    name = re.sub(r"[^\w. -]", "?", name)[:60] or "file"
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise _wrong(f"too large for a file of policies: more than {MOST_BYTES:,} bytes", file=name)
    source = Source(name, text)
    data = source.parse()
    for key in data:
        if key not in FILE_KEYS:
            allowed = f"one of the keys {', '.join(FILE_KEYS)}: here a file changes no more than policies"
            raise _wrong(allowed, key, key, nearest(key, FILE_KEYS), name, source.line((key,)))
    known = tuple(scenarios)
    scenario = data.get("extends")
    if not isinstance(scenario, str) or scenario not in known:
        allowed = f"one of {', '.join(known)}; a path of a file is none here"
        raise _wrong(allowed, "extends", scenario, nearest(scenario, known), name, source.line(("extends",)))
    policies = data.get("policies")
    layer = {key: value for key, value in data.items() if key != "extends"}
    _layered(scenario, source, policies, layer).load()
    return scenario, _kept(policies)


def _kept(policies: Any) -> str:
    """Write policies as they are kept.

    Raises
    ------
    ScenarioError
        If that is too much for an address.
    """
    tidy = {name: {key: value for key, value in table.items() if value != {}} for name, table in policies.items()}
    text = json.dumps(tidy, separators=(",", ":"), ensure_ascii=False) if tidy else ""
    if len(text) > MOST_TEXT:
        raise _wrong(f"too much for an address: {len(text):,} characters, at most {MOST_TEXT:,}")
    return text


def _policies(own: str) -> Any:
    """Read policies as they are kept.

    Raises
    ------
    ScenarioError
        If the text is too long or no JSON.
    """
    if not own:
        return {}
    if len(own) > MOST_TEXT:
        raise _wrong(f"too much for an address: {len(own):,} characters, at most {MOST_TEXT:,}")

    def none(word: str) -> Any:
        raise ValueError(word)

    try:
        return json.loads(own, parse_constant=none)
    except (ValueError, RecursionError):
        raise _wrong("not valid JSON: the table `policies` of a scenario file, as JSON, is allowed") from None


def _layered(scenario: str, source: Source, policies: Any, layer: dict[str, Any]) -> Draft:
    """Lay policies over a scenario; none of them may be one that it has."""
    if not isinstance(policies, dict) or not 1 <= len(policies) <= MOST_OWN:
        raise _wrong(f"a table of one to {MOST_OWN} policies", "policies", shown(policies), file=source.name)
    draft = Draft(scenario)
    theirs = draft.load().policies
    for name, table in policies.items():
        place = ("policies", name)
        if name in theirs:
            allowed = f"a name of its own: scenario {Path(scenario).stem} has a policy {name}, which stays as it is"
            raise _wrong(allowed, f"policies.{name}", name, file=source.name, line=source.line(place))
        if not isinstance(table, dict):
            raise _wrong("a table", f"policies.{name}", table, file=source.name, line=source.line(place))
    return draft.extended(source, layer)


def layered(scenario: str, own: str) -> Draft:
    """Give a scenario with policies of a browser among its own.

    Raises
    ------
    ScenarioError
        If they cannot be read, or are named like one that is there; what else is wrong is told when it is loaded.
    """
    policies = _policies(own)
    return _layered(scenario, Source(HERE), policies, {"policies": policies})


def names_of(own: str) -> tuple[str, ...]:
    """Name the policies that are kept.

    Examples
    --------
    >>> names_of('{"mine":{"shares":{"forms":{"mediation":0.2}}}}')
    ('mine',)
    """
    policies = _policies(own)
    return tuple(policies) if isinstance(policies, dict) else ()


def with_policy(own: str, name: str, table: Mapping[str, Any]) -> str:
    """Give policies with one more, or with another one of that name."""
    return _kept(_policies(own) | {name: dict(table)})


def without(own: str, name: str) -> str:
    """Give policies without one."""
    return _kept({key: table for key, table in _policies(own).items() if key != name})


def file_name(scenario: str, own: str) -> str:
    """Name the file that holds policies.

    Examples
    --------
    >>> file_name("seminar", '{"mine":{},"more-mediation":{}}')
    'seminar-mine-more-mediation.toml'
    """
    words = [Path(scenario).stem, *names_of(own)]
    return f"{re.sub(r'[^a-z0-9]+', '-', '-'.join(words).lower()).strip('-')[:60].strip('-')}.toml"


def file_text(scenario: str, own: str) -> str:
    """Write policies as a scenario file, which the command line takes as it is."""
    import tomli_w

    policies = _policies(own)
    head = _HEAD.format(name=file_name(scenario, own), policies=",".join(["late-response", *policies]))
    return head + tomli_w.dumps({"schema": VERSION, "extends": scenario, "policies": policies})
