"""Files and messages as nobody should make them, given to every reader: each is read, or refused in its own words.

Run by itself it takes as many inputs as it is told, evenly over the readers, and prints what it measured:

    python tests/fuzzing.py --inputs 1000000 --keep failures

An input fails if it ends in anything but a value or the reader's own refusal, if it takes more than two seconds of the
processor, if the process comes to more than 500 MB, if a file is written, removed or renamed outside of the directory
that the reader was given, or if anything is executed. What fails is written to ``--keep`` with the number that makes it
again: the same seed, reader and number always give the same bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import tomli_w
import typer
from import_files import SAMPLES
from seminar_rooms import Exercise, affordable

import r2psim
from r2psim.analysis.calibration.evaluation_cache import EvaluationCache
from r2psim.analysis.calibration.free_parameters import SHIPPED as SHIPPED_FREE
from r2psim.analysis.calibration.free_parameters import FreeError, read_free
from r2psim.analysis.calibration.targets import SHIPPED as SHIPPED_TARGETS
from r2psim.analysis.calibration.targets import TargetError, read_targets
from r2psim.analysis.checkpoints import KeptArrays
from r2psim.analysis.panel_files import read_forecasts
from r2psim.app.allowed_hosts import site_of
from r2psim.app.middleware import Gate, _read_message
from r2psim.app.settings import Limits
from r2psim.bench.probe import peak_bytes
from r2psim.ensemble.batch.loading import load_experiment
from r2psim.ensemble.batch.manifest import Entry, Manifest
from r2psim.ensemble.batch.points import read_points
from r2psim.ensemble.batch.stored_batch import open_batch
from r2psim.ensemble.results import Results
from r2psim.ensemble.store import MARK, OutputError
from r2psim.files import Bounds
from r2psim.reports.kinds import part_of
from r2psim.scenario import ScenarioError, load
from r2psim.scenario.parameters import PARAMETERS
from r2psim.scenario.trials import read_trials
from r2psim.seminar import SeminarError
from r2psim.seminar.export import export, read_session
from r2psim.verbs.calibration_identify import _point
from r2psim.world.importing import import_countries

CASES = Path(__file__).parent / "cases"
SECONDS, MEGABYTES, MOST_FAILURES = 2.0, 500.0, 200
BEFOREHAND = 260.0
"""Megabytes of a process that has read nothing yet; one that had to compile rules has more, which no reading took."""


def _from_now_on() -> float:
    """Have the most memory that the process has had counted from now on, where the system can; give what it has."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak_bytes()


TOKENS = [
    *(bytes([byte]) for byte in b"\"'[]{}=.,:;#\\-_+ \t\n\r\0\x7f\x1b<>&$`"), b"\xff", b"\xef\xbb\xbf",
    b"\xff\xfe", "é\u2028\u202e".encode(), b"\\ud800", b"\\u0000", b'"""', b"'''", b"[[", b"]]", b"nan", b"NaN",
    b"-inf", b"Infinity", b"1e999", b"-1e-320", b"0x", b"0xFFFFFFFFFFFFFFFFFFFF", b"true", b"null", b"None",
    b"9" * 30, b"9" * 400, b"9" * 5_000, b"-1", b"1e308", b"2014-07-11", b"[" * 200, b"[" * 20_000, b"{" * 200,
    b"a." * 500, b'{"a":' * 500, b'"' * 999, b"\\" * 999, b",1" * 20_000, b"\n" * 5_000, b"remove = true\n",
    b'\nextends = "x.toml"\n', b'\nextends = "../../../etc/passwd"\n', b"\n[generate]\nstates = 400\n",
    b"$(touch owned)", b"`touch owned`", b"__import__('os').system('touch owned')",
    b"cos\nsystem\n(S'touch owned'\ntR.", b"../../owned", b"/etc/passwd", b"/dev/zero",
    b"<script>alert(1)</script>", b"\x1b]0;owned\x07", b"PAR1", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\x1f\x8b",
]  # fmt: skip
"""What a change puts in."""

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**30, 10**400, 0.5, -0.0, 1e-320, 1e308, math.inf, math.nan,
    "", " ", "a", "all", "none", "\x1b[31m", "\ud800", "../x", "x" * 500, "$(touch owned)", [], [[]], {}, {"a": 1},
    ["a", "a"], [1, "a", None], [[0]] * 50, list(range(2_000)), {f"k{i}": i for i in range(300)}, {"remove": True},
]  # fmt: skip
"""What a value becomes."""


# -- changes -----------------------------------------------------------------------------------------------------------


def of_bytes(random: Random, text: bytes, other: bytes) -> bytes:
    """Change some bytes of a text; `other` is another text of the kind."""
    found = bytearray(text)
    for _ in range(random.choice((1, 1, 1, 2, 4, 12))):
        at = random.randrange(len(found) + 1)
        end = min(len(found), at + random.choice((1, 1, 3, 10, 50, 400)))
        match random.randrange(9):
            case 0 if found:
                found[at % len(found)] ^= 1 << random.randrange(8)
            case 1:
                found[at:at] = random.choice(TOKENS)
            case 2:
                found[at:end] = random.choice(TOKENS)
            case 3:
                del found[at:end]
            case 4:
                found[at:at] = found[at:end] * random.choice((1, 2, 10, 100))
            case 5:
                del found[at:]
            case 6:
                start = random.randrange(len(other) + 1)
                found[at:end] = other[start : start + random.choice((1, 10, 100, 1_000))]
            case 7:
                lines = bytes(found).split(b"\n")
                i, j = random.randrange(len(lines)), random.randrange(len(lines))
                lines[i], lines[j] = lines[j], lines[i]
                found = bytearray(b"\n".join(lines))
            case 8:
                found[at:end] = str(random.choice(ODD)).encode("utf-8", "surrogatepass")
    return bytes(found[: 2**18])


def of_data(random: Random, data: Any) -> Any:
    """Give plain data with a value, a key or a length changed somewhere."""
    if isinstance(data, dict) and data and random.random() < 0.85:
        key = random.choice(list(data))
        rest = dict(data)
        match random.randrange(12):
            case 0:
                del rest[key]
            case 1:
                rest[random.choice(("a", "", "x.y", f"{key}x", "\u202e"))] = rest.pop(key)
            case _:
                rest[key] = of_data(random, data[key])
        return rest
    if isinstance(data, list) and data and random.random() < 0.85:
        at = random.randrange(len(data))
        match random.randrange(8):
            case 0:
                return data[:at]
            case 1:
                return [*data, *data]
            case _:
                return [*data[:at], of_data(random, data[at]), *data[at + 1 :]]
    if isinstance(data, int | float) and random.random() < 0.4:
        return random.choice((-data, data * 1_000_000, data + 1, f"{data}"[:99], [data]))
    return random.choice(ODD)


def as_toml(data: Any) -> bytes:
    return tomli_w.dumps(data).encode("utf-8", "surrogatepass")


def as_json(data: Any) -> bytes:
    return json.dumps(data).encode("utf-8", "surrogatepass")


@dataclass
class Reader:
    """A reader, what it may refuse with, and texts that it takes; those that are data are changed as data too.

    Attributes
    ----------
    read : callable
        Takes a file that holds the input, in a directory of its own.
    refusals : tuple of type
        What it may raise.
    seeds : list of bytes
        Inputs to be changed.
    parse, dump : callable
        From a text to data, and back; None where only bytes are changed.
    every : int
        Rounds of all readers in which it takes part once: what makes a page of every input takes a hundred times as
        long as the others.
    """

    name: str
    read: Callable[[Path], Any]
    refusals: tuple[type[BaseException], ...]
    seeds: list[bytes]
    parse: Callable[[str], Any] | None = None
    dump: Callable[[Any], bytes] | None = None
    every: int = 1
    data: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.parse is not None:
            self.data = [self.parse(seed.decode("utf-8-sig")) for seed in self.seeds]

    def input(self, seed: int, number: int) -> bytes:
        """Make the input of that number: always the same."""
        random = Random(f"{seed} {self.name} {number}")
        which = random.randrange(len(self.seeds))
        if self.dump is not None and random.random() < 0.5:
            data = self.data[which]
            for _ in range(random.choice((1, 1, 2, 5))):
                data = of_data(random, data)
            try:
                text = self.dump(data)
            except (TypeError, ValueError, AttributeError, RecursionError):
                text = self.seeds[which]
            if random.random() < 0.8:
                return text
            return of_bytes(random, text, random.choice(self.seeds))
        return of_bytes(random, self.seeds[which], random.choice(self.seeds))


# -- readers -----------------------------------------------------------------------------------------------------------


def in_output(place: Path, name: str, read: Callable[[Path], Any]) -> Callable[[Path], Any]:
    """Read an output in which one file is the input."""

    def with_input(file: Path) -> Any:
        whole = (place / name).read_bytes()
        try:
            (place / name).write_bytes(file.read_bytes())
            return read(place)
        finally:
            (place / name).write_bytes(whole)

    return with_input


def without_hashes(folder: Path) -> Path:
    """Take the hashes out of an output, so that what is behind them is read."""
    facts = json.loads((folder / MARK).read_text("utf-8"))
    (folder / MARK).write_text(json.dumps({k: v for k, v in facts.items() if k not in ("contents", "seal")}), "utf-8")
    return folder


def a_session() -> bytes:
    exercise = Exercise(years=1)
    office = exercise.seat("body-good-offices")
    exercise.chair.begin()
    office.commit_plan([affordable(office)], why="Talks first.")
    exercise.chair.inject("belisar", "coup", 1)
    exercise.chair.advance()
    return as_json(export(exercise.chair))


EXPERIMENT = b"""schema = 1
scenario = "insurgency"
policies = ["late-response", "prevention"]
runs = 2
years = 1
metrics = ["episodes", "deaths"]
[factors]
"assistance.openness" = { low = 0.1, high = 0.9, levels = 3 }
"assistance.effect_scale" = { values = [0.5, 1.0] }
[design]
kind = "grid"
"""

POINTS = b"assistance.effect_scale,assistance.openness\n1,0.5\n0.5,0.25\n2,0.75\n"
FORECASTS = b"iso3,prev_year,probability\nAFG,2013,0.12\nALB,2013,0.01\nDZA,2012,0.5\n"
MESSAGE = (
    b'{"channel": "shell", "header": {"msg_id": "a", "msg_type": "comm_msg"}, "parent_header": {}, "metadata": {}, '
    b'"content": {"comm_id": "b", "data": {"method": "custom", "content": {"event": "commit", "data": [1]}}}}'
)
REQUEST = (
    b"/seminar?token=abc&month=12\nhost: 127.0.0.1:8765\ncookie: solara-session-id=a\norigin: http://127.0.0.1:8765"
)


def read_message(file: Path) -> None:
    raw = file.read_bytes()
    bounds = Bounds(1 << 20, 40, 50_000, "a message")
    if raw[:1] == b"\0":
        _read_message({"bytes": raw}, bounds)
    else:
        _read_message({"text": raw.decode("utf-8", "replace")}, bounds)


def ask(file: Path) -> None:
    """Ask the gate for a page, as bytes of a request would be handed to it."""
    target, *lines = file.read_bytes().split(b"\n")
    path, _, query = target.partition(b"?")
    headers = [tuple(line.partition(b": ")[::2]) for line in lines]
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path.decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "client": ("10.0.0.9", 5000),
        "server": ("127.0.0.1", 8765),
        "headers": [(name.strip().lower(), value.strip()) for name, value in headers],
    }
    said: list[Any] = []

    async def within(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    asyncio.run(Gate(within, site_of("127.0.0.1", 8765, ""), Limits())(scope, receive, send))
    assert said[0]["status"] in (200, 400, 403, 404, 405, 414, 421, 431), said[0]


def read_bank(file: Path) -> int:
    folder = file.parent / "bank"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "evaluations.jsonl").write_bytes(file.read_bytes())
    return len(EvaluationCache(folder, {"a": 1}, tell=lambda text: None))


def read_arrays(file: Path) -> None:
    folder = file.parent / "kept"
    shutil.rmtree(folder, ignore_errors=True)
    with KeptArrays(folder, "runs", "study", (), {"a": 1}) as kept:
        there = kept._file("x")
        assert there is not None
        there.write_bytes(file.read_bytes())
        kept.arrays("x")


def read_question(file: Path) -> None:
    folder = file.parent / "asked"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "runs").mkdir(parents=True)
    (folder / "runs" / "question.json").write_bytes(file.read_bytes())
    with KeptArrays(folder, "runs", "study", (), {"a": 1}):
        pass


def readers(home: Path) -> list[Reader]:
    """Make all readers, with what they take; `home` is theirs."""
    valid = [file.read_bytes() for file in sorted((CASES / "valid").glob("*.toml")) if file.stat().st_size < 4_000]
    valid += [(SAMPLES.parent / "insurgency.toml").read_bytes()]
    simulated = r2psim.simulate("insurgency", ["late-response"], runs=2, years=1, threads=1)
    simulated.save(home / "runs")
    plain = without_hashes(Path(shutil.copytree(home / "runs", home / "plain")))
    compared = home / "compared"
    command("compare", "insurgency", "--runs", "4", "--years", "2", "--out", str(compared))
    told = without_hashes(compared)
    experiment = home / "experiment.toml"
    experiment.write_bytes(EXPERIMENT)
    batch = home / "batch"
    command("batch", str(experiment), "--out", str(batch), "--executor", "serial")
    bank = home / "a-bank"
    evaluations = EvaluationCache(bank, {"a": 1})
    with evaluations:
        import numpy as np

        evaluations.evaluate(np.arange(6.0).reshape(6, 1), 0, lambda x, i: {"t": float(x[0])}, 1)
        with KeptArrays(home / "arrays", "runs", "study", (), {"a": 1}) as kept:
            kept.keep("x", {"a": np.arange(12.0), "b": np.ones((2, 3), dtype=np.int8)})
            there = kept._file("x")
    assert there is not None
    manifest = home / "manifest.jsonl"
    for first in range(0, 12, 4):
        Manifest(manifest).add(Entry(first, 4, {"runs": ("ab" * 32, 10)}))
    sample = {name: (SAMPLES / f"{name}.csv").read_bytes() for name in ("country_state", "epr_groups", "contiguity")}
    worlds = {2013: {"afghanistan": {"iso3c": "AFG", "ccode": 700}, "albania": {"iso3c": "ALB", "ccode": 339}}}

    def imported(which: str) -> Callable[[Path], Any]:
        def read(file: Path) -> Any:
            paths = [file if name == which else SAMPLES / f"{name}.csv" for name in sample]
            return import_countries(*paths, 2014)

        return read

    def set_on(file: Path) -> Any:
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        return load("insurgency", text.split("\n"))

    parts = part_of
    toml = {"parse": tomllib.loads, "dump": as_toml}
    plain_json = {"parse": json.loads, "dump": as_json}
    wrong = (ScenarioError,)
    packed = len(MESSAGE).to_bytes(4, "big")
    of_parts = b"\0\0\0\2" + (12).to_bytes(4, "big") + (12 + len(MESSAGE)).to_bytes(4, "big") + MESSAGE + packed
    best = as_toml({path: p.default for path, p in list(PARAMETERS.items())[:20]})
    trials = Path(r2psim.scenario.trials.__file__).with_name("trials.toml").read_bytes().split(b"\n[trials.")
    some_trials = [b"[trials." + each for each in trials[1:6]]
    return [
        Reader("scenario", load, wrong, valid, **toml),
        Reader("--set", set_on, wrong, [b"assistance.openness=0.5\nyears=3", b"forms.mediation.unit_cost=8e6"]),
        Reader("experiment", load_experiment, wrong, [EXPERIMENT], **toml),
        Reader("design", read_points, wrong, [POINTS, POINTS.replace(b",", b";")]),
        Reader("trials", read_trials, wrong, some_trials, **toml),
        Reader("targets", read_targets, (TargetError,), [SHIPPED_TARGETS.read_bytes()[:3_000].rpartition(b"\n")[0]]),
        Reader(
            "free parameters",
            read_free,
            (FreeError,),
            [SHIPPED_FREE.read_bytes()[:3_000].rpartition(b"\n[")[0]],
            **toml,
        ),
        Reader("best point", lambda file: _point(file, set(PARAMETERS)), (typer.BadParameter,), [best], **toml),
        Reader("session", read_session, (SeminarError,), [a_session()], **plain_json, every=8),
        Reader("predictors", imported("country_state"), wrong, [sample["country_state"]], every=8),
        Reader("groups", imported("epr_groups"), wrong, [sample["epr_groups"]], every=8),
        Reader("contiguity", imported("contiguity"), wrong, [sample["contiguity"]], every=8),
        Reader("forecasts", lambda file: read_forecasts(file, worlds), wrong, [FORECASTS]),
        *(
            Reader(
                f"{name} of runs",
                in_output(plain, name, Results.load),
                (OutputError,),
                [(plain / name).read_bytes()],
                **plain_json,
                every=8,
            )
            for name in (MARK, "resolved.json")
        ),
        *(
            Reader(
                f"{name} with hashes",
                in_output(home / "runs", name, Results.load),
                (OutputError,),
                [(home / "runs" / name).read_bytes()],
                every=8,
            )
            for name in ("runs.parquet", "spending.parquet", MARK)
        ),
        *(
            Reader(
                f"{name} of a report",
                in_output(told, name, parts),
                (OutputError,),
                [(told / name).read_bytes()],
                **plain_json,
                every=40,
            )
            for name in ("comparison.json", MARK)
        ),
        *(
            Reader(
                f"{name} of a batch",
                in_output(batch, name, lambda place: open_batch(place).points),
                (OutputError,),
                [(batch / name).read_bytes()],
            )
            for name in ("manifest.jsonl", MARK, "points.parquet")
        ),
        Reader("manifest", lambda file: Manifest(file).read(), (OutputError,), [manifest.read_bytes()]),
        Reader("evaluations", read_bank, (OutputError,), [(bank / "evaluations.jsonl").read_bytes()]),
        Reader("kept arrays", read_arrays, (OutputError,), [there.read_bytes()]),
        Reader("question", read_question, (OutputError,), [b'{"a": 1}'], **plain_json),
        Reader("message", read_message, (ValueError,), [MESSAGE, of_parts]),
        Reader("request", ask, (), [REQUEST, b"/\nhost: localhost:8765"]),
    ]


def command(*words: str) -> None:
    """Run a verb to make what is read, in a process of its own: its memory is not the readers'."""
    subprocess.run([sys.executable, "-m", "r2psim", *words], check=True, capture_output=True)


# -- watching ----------------------------------------------------------------------------------------------------------


class HangError(BaseException):
    """An input took too long."""


class Watch:
    """Sees what a reader does besides reading: what it writes outside of its directory, what it executes."""

    STARTS = (
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.fork",
        "os.spawn",
        "pty.spawn",
        "socket.connect",
        "pickle.find_class",
        "ctypes.dlopen",
    )
    CHANGES = (
        "os.remove",
        "os.rename",
        "os.mkdir",
        "os.rmdir",
        "os.link",
        "os.symlink",
        "os.chmod",
        "os.truncate",
        "shutil.rmtree",
        "shutil.move",
    )

    def __init__(self, home: Path) -> None:
        self.home = os.path.realpath(home)
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _outside(self, path: object) -> bool:
        if isinstance(path, int):
            return False
        return not os.path.realpath(os.fsdecode(path)).startswith(self.home + os.sep)  # type: ignore[arg-type]

    def _hook(self, event: str, given: tuple[Any, ...]) -> None:
        if not self.on:
            return
        self.on = False
        try:
            if event in self.STARTS or (event == "exec" and "<" in getattr(given[0], "co_filename", "<")[:1]):
                self.seen.append(f"{event} {given!r:.200}")
            elif event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                if self._outside(given[0]) and str(given[0]) != os.devnull:
                    self.seen.append(f"open for writing {given[0]!r}")
            elif event in self.CHANGES and self._outside(given[0]):
                self.seen.append(f"{event} {given!r:.200}")
        finally:
            self.on = True

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch, and end whatever takes too long."""

        def late(*_: object) -> None:
            raise HangError(f"more than {SECONDS:g} s")

        before = signal.signal(signal.SIGPROF, late)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        self.on = True
        try:
            yield
        finally:
            self.on = False
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            signal.signal(signal.SIGPROF, before)


@dataclass
class Found:
    """What became of the inputs."""

    inputs: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    memory: float = 0.0


def fuzz(
    count: int, seed: int = 1, only: str = "", first: int = 0, keep: Path | None = None, minutes: float = math.inf
) -> Found:
    """Give `count` inputs to the readers, in turn; after so many minutes no more."""
    found = Found()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        home = Path(folder) / "home"
        home.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            chosen = [reader for reader in readers(home) if only in reader.name]
        watch = Watch(home)
        place = home / "place"
        place.mkdir()
        os.chdir(place)
        for extended in (CASES / "valid").glob("*.toml"):
            shutil.copy(extended, place)
        for reader in chosen:  # what is imported when it is first needed is imported now
            for text in reader.seeds:
                (place / "input.toml").write_bytes(text)
                try:
                    reader.read(place / "input.toml")
                except reader.refusals as error:
                    raise AssertionError(f"{reader.name}: what it is begun with is refused: {error}") from error
        beforehand = _from_now_on()
        began = time.monotonic()
        turns = (
            (number, reader) for number in itertools.count(first) for reader in chosen if number % reader.every == 0
        )
        for step, (number, reader) in enumerate(itertools.islice(turns, count), 1):
            one(reader, seed, number, place / "input.toml", watch, found, keep)
            if len(found.failures) >= MOST_FAILURES or time.monotonic() - began > 60 * minutes:
                break
            if step % 50_000 == 0:
                seconds = time.monotonic() - began
                print(f"{step:,} inputs, {len(found.failures)} failed, {seconds:.0f} s", flush=True)
        found.seconds = time.monotonic() - began
        strange = {entry.name for entry in Path(folder).iterdir()} - {"home"}
        found.failures += [f"beside the directory: {name}" for name in sorted(strange)]
        if list(Path(folder).rglob("owned")):
            found.failures.append("something was executed: a file named owned is there")
        os.chdir(Path(folder).parent)
    found.memory = (peak_bytes() - beforehand) / 1e6 + BEFOREHAND
    if found.memory > MEGABYTES:
        found.failures.append(f"{found.memory:.0f} MB of memory")
    return found


def one(reader: Reader, seed: int, number: int, file: Path, watch: Watch, found: Found, keep: Path | None) -> None:
    """Give one input to a reader."""
    text = reader.input(seed, number)
    if file.is_dir():
        shutil.rmtree(file)
    file.write_bytes(text)
    found.inputs[reader.name] += 1
    began, failure = time.process_time(), ""
    try:
        with watch.watching():
            reader.read(file)
        found.read[reader.name] += 1
    except reader.refusals as error:
        words = str(error)
        if not words or "Traceback" in words:
            failure = f"no message: {words!r:.200}"
    except HangError as error:
        failure = str(error)
    except Exception as error:
        failure = f"{type(error).__name__}: {error!s:.300}"
    found.slowest[reader.name] = max(found.slowest.get(reader.name, 0.0), time.process_time() - began)
    if watch.seen:
        failure = f"{failure} {watch.seen[0]}"
        watch.seen.clear()
    if failure:
        found.failures.append(f"{reader.name}, seed {seed}, input {number}: {failure}")
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{reader.name.replace(' ', '-').replace('/', '-')}-{seed}-{number}").write_bytes(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=20_000, help="inputs in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first input of each reader")
    parser.add_argument("--reader", default="", help="only readers with this in their name")
    parser.add_argument("--minutes", type=float, default=math.inf, help="end after so long")
    parser.add_argument("--keep", type=Path, help="directory for inputs that fail")
    given = parser.parse_args()
    os.environ["R2PSIM_QUIET"] = "1"
    keep = given.keep and given.keep.absolute()
    found = fuzz(given.inputs, given.seed, given.reader, given.first, keep, given.minutes)
    print(f"{'reader':<28}{'inputs':>9}{'read':>9}{'slowest, s':>12}")
    for name, count in found.inputs.items():
        print(f"{name:<28}{count:>9,}{found.read[name]:>9,}{found.slowest[name]:>12.2f}")
    total, read = sum(found.inputs.values()), sum(found.read.values())
    refused, failed = total - read - len(found.failures), len(found.failures)
    print(f"{total:,} inputs, {read:,} read, {refused:,} refused, {failed} failed;", end=" ")
    print(f"{found.seconds:.0f} s, at most {found.memory:.0f} MB")
    print("\n".join(found.failures[:50]))
    sys.exit(1 if found.failures else 0)


if __name__ == "__main__":
    main()
