"""More than ten thousand mutations of valid scenario files: each loads, or is refused with a message, and nothing else.

A mutation changes the text of a file (characters, bytes, lines), one value, or one key. Of values and keys it is known
which changes make a file invalid, by construction or by the JSON Schema, a second judge: those must be refused.
"""

from __future__ import annotations

import json
import math
import shutil
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r2psim.scenario import Scenario, ScenarioError, json_schema, load

CASES = Path(__file__).parent / "cases" / "valid"
FILES = sorted(CASES.glob("*.toml"))
TEXTS = [path.read_bytes() for path in FILES]
TABLES = [tomllib.loads(text.decode("utf-8-sig")) for text in TEXTS]

BATCH = 25
"""Mutations of one example."""

TOKENS = [
    *"\"'[]{}=.,#-_+ \t\n\r\0\x7fé\u2028",
    '"""',
    "'''",
    "[[",
    "]]",
    "nan",
    "inf",
    "true",
    "1e999",
    "0x",
    "0xFFFFFFFFFFFFFFFFFFFF",
    "9" * 400,
    "9" * 5000,
    "[" * 1500,
    "a." * 500,
    "\\ud800",
    "2014-07-11",
    "remove = true\n",
    "\n[generate]\n",
    "\n[[states]]\n",
    '\nextends = "base.toml"\n',
    '\nextends = "mutant.toml"\n',
    "\n[states.arvania]\nremove = true\n",
]
"""What a change of text puts in."""

NEVER = [
    math.nan,
    -math.inf,
    math.inf,
    -1e300,
    10**400,
    -(10**400),
    "\x07",
    "x" * 20_001,
    date(2014, 7, 11),
    time(7, 30),
    datetime(2014, 7, 11, tzinfo=UTC),
    [[[[[[[[[["deep"]]]]]]]]]],
    [{"a": {"b": {}}}],
    {"x": {"x": {"x": {"x": {"x": {"x": 1}}}}}},
    [1, 2.0, "three"],
    {"": 0},
]
"""Values that are allowed nowhere."""

Loaded = Callable[[bytes], Scenario | None]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Give a function that loads a text, and gives None where it is refused as it should be."""
    folder = tmp_path_factory.mktemp("mutants")
    for path in FILES:
        shutil.copy(path, folder)
    mutant = folder / "mutant.toml"

    def outcome(text: bytes) -> Scenario | None:
        mutant.write_bytes(text)
        try:
            scenario = load(mutant)
        except ScenarioError as error:
            problems = error.problems
        else:
            problems = ()
        if problems:
            assert all(str(problem).encode() and len(str(problem)) < 3000 for problem in problems)
            return None
        resolved = scenario.resolved()
        assert Scenario.from_resolved(json.loads(json.dumps(resolved, allow_nan=False))).resolved() == resolved
        return scenario

    return outcome


def mutate(count: int, once: Callable[[Random], None]) -> None:
    """Call `once` at least `count` times, in batches that hypothesis draws, always the same ones."""
    done = 0

    @settings(
        max_examples=-(-count // BATCH),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False))
    def batch(random: Random) -> None:
        nonlocal done
        for _ in range(BATCH):
            once(random)
            done += 1

    batch()
    assert done >= count


# -- text --------------------------------------------------------------------------------------------------------------


def changed_text(text: bytes, random: Random) -> bytes:
    """Change some characters, bytes or lines."""
    characters = text.decode("utf-8", "surrogateescape")
    at = random.randrange(len(characters))
    lines = characters.split("\n")
    line = random.randrange(len(lines))
    match random.randrange(9):
        case 0:
            changed = characters[:at] + characters[at + 1 + random.randrange(4) :]
        case 1 | 2:
            changed = characters[:at] + random.choice(TOKENS) + characters[at:]
        case 3:
            changed = characters[:at] + random.choice(TOKENS) + characters[at + 1 :]
        case 4:
            changed = "\n".join(lines[:line] + lines[line + 1 :])
        case 5:
            changed = "\n".join([*lines, lines[line]])
        case 6:
            lines.insert(random.randrange(len(lines)), lines.pop(line))
            changed = "\n".join(lines)
        case 7:
            changed = characters[:at] + random.choice(TEXTS).decode("utf-8")[at:]
        case _:
            changed = characters[:at] + chr(0xDC80 + random.randrange(128)) + characters[at:]
    return changed.encode("utf-8", "surrogateescape") or text


@pytest.mark.slow
def test_changed_text_is_loaded_or_refused(loaded: Loaded) -> None:
    refused = 0

    def once(random: Random) -> None:
        nonlocal refused
        text = random.choice(TEXTS)
        for _ in range(1 + random.randrange(3)):
            text = changed_text(text, random)
        refused += loaded(text) is None

    mutate(6000, once)
    assert 1000 < refused < 5900, "some of both, or the mutations prove nothing"


# -- values and keys ---------------------------------------------------------------------------------------------------


def toml(value: Any) -> str:
    """Write a value as TOML."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return f"{{ {', '.join(f'{toml(key)} = {toml(item)}' for key, item in value.items())} }}"
        case date() | time():
            return value.isoformat()
        case _:
            return repr(value)


def document(table: dict[str, Any]) -> bytes:
    """Write a whole file."""
    return "\n".join(f"{toml(key)} = {toml(value)}" for key, value in table.items()).encode()


def entries(table: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield every key of a table and of those inside, each with the table that holds it."""
    for key, value in table.items():
        yield table, key
        if isinstance(value, dict):
            yield from entries(value)


def a_copy(random: Random) -> dict[str, Any]:
    """Give a copy of a valid table."""
    table: dict[str, Any] = json.loads(json.dumps(random.choice(TABLES)))
    return table


def near_misses(value: Any) -> list[Any]:
    """Give values of another type, or far outside of every range, that look like `value`."""
    match value:
        case bool():
            return [not value, int(value), str(value)]
        case int() | float():
            return [str(value), [value], {"value": value}, bool(value), -abs(value) - 1e13]
        case str():
            return [f"{value}\x00", [value, value], {"value": value}, 10**6, True]
        case list():
            return [
                ", ".join(map(str, value)),
                [*value, 3],
                [*value, "no-such-thing"],
                [*value, *value, "x", "x"],
                True,
            ]
        case _:
            return [3, True, "", [], [value]]


def test_unchanged_values_are_valid(loaded: Loaded) -> None:
    assert all(loaded(document(table)) for table in TABLES)


@pytest.mark.slow
def test_wrong_values_are_refused(loaded: Loaded) -> None:
    def once(random: Random) -> None:
        table = a_copy(random)
        holder, key = random.choice(list(entries(table)))
        holder[key] = random.choice([*NEVER, *near_misses(holder[key])])
        assert loaded(document(table)) is None, document(table).decode()

    mutate(3000, once)


@pytest.mark.parametrize("count", [250, pytest.param(2000, marks=pytest.mark.slow)])
def test_misspelt_keys_are_refused_where_the_json_schema_refuses_them(loaded: Loaded, count: int) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json_schema())
    refused = 0

    def once(random: Random) -> None:
        nonlocal refused
        table = a_copy(random)
        holder, key = random.choice(list(entries(table)))
        at = random.randrange(len(key))
        letter = random.choice("aeiou_-. A9é")
        misspelt = random.choice(
            [key[:at] + key[at + 1 :], key[:at] + letter + key[at:], key[:at] + letter + key[at + 1 :]]
        )
        holder[misspelt] = holder.pop(key)
        if not validator.is_valid(table):
            refused += 1
            assert loaded(document(table)) is None, document(table).decode()
        else:
            loaded(document(table))

    mutate(count, once)
    assert refused > count / 2
