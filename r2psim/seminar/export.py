"""A session as a file: its decisions in every line of history, and the digests by which it is run again exactly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r2psim.agents import Choices, R2PModel
from r2psim.files import Bounds, FileError, parse_json, read_text
from r2psim.seminar.decisions import KINDS, Reason, plan_of, triggers_of
from r2psim.seminar.limits import LIMITS, Limits, SeminarError
from r2psim.seminar.notes import EVERYBODY, Note

if TYPE_CHECKING:
    from r2psim.scenario import Scenario
    from r2psim.seminar.chair import Chair
    from r2psim.seminar.log import Record

__all__ = ["Line", "SessionFile", "export", "read_session", "replay_line"]

FORMAT = "r2psim seminar"
VERSION = 1
YEAR = 12

DEEPEST = 32
"""Lists and tables within one another in an exported session, which has nine."""

_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters that stand in no text: controls but for tabs and ends of lines, and halves of pairs."""

_TOLD = (
    "participant",
    "cast",
    "branch",
    "year",
    "role",
    "by",
    "what",
    "about",
    "value",
    "triggers",
    "parent",
    "title",
    "changes",
    "why",
    "to",
    "text",
)
"""What the exported log says of a record: no names and no tokens."""


def export(chair: Chair) -> dict[str, Any]:
    """Give a session as plain data, ready for JSON.

    It holds the world, the luck, what every line of history was given year by year, the digest of the run after each
    year, and the log of who decided when, by role; participants are numbers, their names are left out. What roles said
    in public is in it; what they wrote to one another is so only once nothing more is decided.
    """
    from r2psim.ensemble.store import provenance

    with chair.room.lock:
        session, play = chair.session, chair.room.play
        branches = []
        for branch in session.branches:
            choices = play.choices(branch, branch.year)
            said, notes = branch.reasons(), [note for note in branch.notes() if note.public or session.over]
            years = [
                _written(choices[year])
                | {
                    "digest": branch.digests[year],
                    "reasons": [_reason(r) for r in said if r.year == year],
                    "notes": [_note(n) for n in notes if n.year == year],
                }
                for year in range(branch.year)
            ]
            about = {"title": branch.title, "parent": branch.parent, "since": branch.since}
            branches.append({**about, "years": years})
        facts = provenance()
        return {
            "format": FORMAT,
            "version": VERSION,
            "provenance": {key: facts[key] for key in ("r2psim", "rules", "python", "packages")},
            "title": session.title,
            "policy": session.policy,
            "seed": session.seed,
            "run": session.run,
            "years": session.years,
            "branches": branches,
            "log": [_told(record, session.over) for record in chair.room.log_records()],
            "scenario": session.scenario,
        }


def _written(choices: Choices) -> dict[str, Any]:
    return {
        "plans": {body: [[a.state, a.form, a.dollars] for a in plan] for body, plan in choices.plans.items()},
        "mandates": dict(choices.mandates),
        "consent": dict(choices.consent),
        "triggers": [[t.month, t.state, t.kind] for t in choices.triggers],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {key: getattr(reason, key) for key in ("role", "what", "about", "why", "stands")}


def _note(note: Note) -> dict[str, Any]:
    return {key: getattr(note, key) for key in ("line", "role", "to", "text")}


def _told(record: Record, over: bool) -> dict[str, Any]:
    told = {} if record.kind == "created" else {key: record.data[key] for key in _TOLD if key in record.data}
    if record.kind == "said" and told["to"] != EVERYBODY and not over:
        # Till then nobody but those two roles knows even that there is one.
        told = {}
    return {"at": record.at, "kind": record.kind, **told}


@dataclass(frozen=True)
class Line:
    """A line of history of a file.

    Attributes
    ----------
    number, title : int, str
        From 0; what it is called.
    parent, since : int or None, int
        The line that it left, and the first year that differs.
    choices : dict of int to Choices
        By year.
    digests : tuple of str
        After each year.
    reasons : tuple of Reason
        The sentences that were written with its decisions, in order.
    notes : tuple of Note
        What roles wrote to one another and said in public, in order.
    """

    number: int
    title: str
    parent: int | None
    since: int
    choices: dict[int, Choices]
    digests: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class SessionFile:
    """A session that was read from a file; attributes as in `r2psim.seminar.session.Session`."""

    path: Path
    title: str
    policy: str
    seed: int
    run: int
    scenario: Scenario
    lines: tuple[Line, ...]
    rules: str


class _Reader:
    """Takes values out of a file, and says where they are when they are not what they should be."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def refuse(self, place: str, value: object, allowed: str) -> SeminarError:
        return SeminarError(f"{self.path}: {place}: {str(value)[:80]} is not allowed: {allowed}")

    def texts(self, data: object, place: str = "") -> None:
        """Refuse text that a terminal or a page would take for something else: control characters, halves of pairs."""
        if isinstance(data, str):
            if wrong := _NO_TEXT.search(data):
                raise self.refuse(place, ascii(data), f"text without the character {wrong[0]!a}")
        elif isinstance(data, Mapping):
            for key, value in data.items():
                self.texts(key, f"a name in {place or 'the file'}")
                self.texts(value, f"{place}.{key}" if place else key)
        elif isinstance(data, list):
            for number, value in enumerate(data):
                self.texts(value, f"{place}[{number}]")

    def get(self, data: object, key: str, kind: type, place: str, allowed: str) -> Any:
        where = f"{place}{key}"
        if not isinstance(data, Mapping) or key not in data:
            raise SeminarError(f"{self.path}: {where} is missing: {allowed}")
        value = data[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.refuse(where, value, allowed)
        return value

    def checked(self, place: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except SeminarError as error:
            raise SeminarError(f"{self.path}: {place}: {error}") from None

    def known(self, names: Iterable[str], known: Iterable[str], place: str, what: str) -> None:
        from r2psim.scenario.errors import nearest

        allowed = list(known)
        for name in names:
            if name not in allowed:
                near = nearest(str(name), allowed)
                raise self.refuse(place, name, f"{what} of the scenario" + (f" (did you mean {near}?)" if near else ""))


def read_session(path: Path, limits: Limits = LIMITS) -> SessionFile:
    """Read and check an exported session.

    Raises
    ------
    SeminarError
        If it is not one; the message names the file, the place in it, and what is allowed.
    """
    from r2psim.scenario import ScenarioError
    from r2psim.scenario.loading import scenario_of

    read = _Reader(path)
    bounds = Bounds(limits.file_bytes, DEEPEST, 1_000_000, "an exported session")
    try:
        data = parse_json(read_text(path, bounds), path, bounds)
    except FileError as error:
        line = "" if error.line is None else f", line {error.line}"
        raise SeminarError(f"{path}{line}: is not an exported session: {error.what}") from None
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise SeminarError(f"{path}: is not an exported session: it does not say format {FORMAT!r}")
    if data.get("version") != VERSION:
        raise read.refuse("version", data.get("version"), f"{VERSION}, the version that this r2psim writes")
    read.texts(data)
    world = read.get(data, "scenario", dict, "", "a resolved scenario")
    if "generate" in world:
        # It would be generated at every use, to whatever size the file asks for.
        raise read.refuse("scenario.generate", world["generate"], "a world in which all states are written out")
    try:
        scenario = scenario_of(world, str(path))
        policy = read.get(data, "policy", str, "", "a policy of the scenario")
        read.known([policy], scenario.policies, "policy", "a policy")
    except ScenarioError as error:
        raise SeminarError(str(error)) from None
    if len(scenario.states) > limits.states:
        raise read.refuse("scenario", f"{len(scenario.states)} states", f"at most {limits.states}")
    seed, run = (read.get(data, key, int, "", "a whole number from 0") for key in ("seed", "run"))
    if not 0 <= seed < 2**64 or not 0 <= run < 2**32:
        raise read.refuse("seed, run", (seed, run), "from 0 to 2**64 - 1, and to 2**32 - 1")
    branches = read.get(data, "branches", list, "", "a list of lines of history")
    if not 1 <= len(branches) <= limits.branches:
        raise read.refuse("branches", len(branches), f"1 to {limits.branches}")
    facts = data.get("provenance")
    return SessionFile(
        path=path,
        title=read.get(data, "title", str, "", "text")[: limits.title],
        policy=policy,
        seed=seed,
        run=run,
        scenario=scenario,
        lines=tuple(_line(read, n, branch, scenario, limits) for n, branch in enumerate(branches)),
        rules=str(facts.get("rules", "")) if isinstance(facts, Mapping) else "",
    )


def _line(read: _Reader, number: int, data: object, scenario: Scenario, limits: Limits) -> Line:
    place = f"branches[{number}]."
    years = read.get(data, "years", list, place, "a list of years")
    if len(years) > limits.years:
        raise read.refuse(f"{place}years", len(years), f"at most {limits.years}")
    title = read.get(data, "title", str, place, "text")[: limits.title]
    since = read.get(data, "since", int, place, "a year")
    assert isinstance(data, Mapping)
    parent = data.get("parent")
    choices, digests, reasons, notes = {}, [], [], []
    for y, year in enumerate(years):
        here = f"{place}years[{y}]."
        choices[y] = _choices(read, year, here, scenario)
        digests.append(read.get(year, "digest", str, here, "64 hexadecimal digits"))
        reasons += _reasons(read, year, y, here, limits)
        notes += _notes(read, year, y, here, limits)
    left = parent if isinstance(parent, int) else None
    return Line(number, title, left, since, choices, tuple(digests), tuple(reasons), tuple(notes))


def _reasons(read: _Reader, year: object, y: int, place: str, limits: Limits) -> list[Reason]:
    """Read the sentences of a year; files of before they were kept have none."""
    if not isinstance(year, Mapping) or "reasons" not in year:
        return []
    rows = read.get(year, "reasons", list, place, "a list of sentences with role, what and about")
    found = []
    for n, row in enumerate(rows):
        here = f"{place}reasons[{n}]."
        role, what, about, why = (read.get(row, key, str, here, "text") for key in ("role", "what", "about", "why"))
        stands = read.get(row, "stands", bool, here, "true or false")
        if what not in KINDS:
            raise read.refuse(f"{here}what", what, f"one of {', '.join(KINDS)}")
        if len(why) > limits.why:
            raise read.refuse(f"{here}why", why, f"at most {limits.why} characters")
        found.append(Reason(y, role, what, about, None, why, None, 0.0, stands))
    return found


def _notes(read: _Reader, year: object, y: int, place: str, limits: Limits) -> list[Note]:
    """Read what roles wrote and said in a year; files of before that was kept have none."""
    if not isinstance(year, Mapping) or "notes" not in year:
        return []
    found = []
    for n, row in enumerate(read.get(year, "notes", list, place, "a list of notes with role, to and text")):
        here = f"{place}notes[{n}]."
        role, to, words = (read.get(row, key, str, here, "text") for key in ("role", "to", "text"))
        line = read.get(row, "line", int, here, "a line of history")
        if not 0 <= line < limits.branches:
            raise read.refuse(f"{here}line", line, f"0 to {limits.branches - 1}")
        if not 1 <= len(words) <= limits.note:
            raise read.refuse(f"{here}text", words, f"1 to {limits.note} characters")
        found.append(Note(y, line, role, to, words, None, 0.0))
    return found


def _choices(read: _Reader, year: object, place: str, scenario: Scenario) -> Choices:
    plans = read.get(year, "plans", dict, place, "plans by body")
    read.known(plans, scenario.bodies, f"{place}plans", "a body")
    taken = {}
    for body, plan in plans.items():
        here = f"{place}plans.{body}"
        taken[body] = read.checked(here, partial(plan_of, plan)) or ()
        read.known((a.state for a in taken[body]), scenario.states, here, "a state")
        read.known((a.form for a in taken[body]), scenario.forms, here, "a form")
    verdicts = {}
    for key in ("mandates", "consent"):
        verdicts[key] = read.get(year, key, dict, place, "true or false by state")
        read.known(verdicts[key], scenario.states, f"{place}{key}", "a state")
        for state, verdict in verdicts[key].items():
            if not isinstance(verdict, bool):
                raise read.refuse(f"{place}{key}.{state}", verdict, "true or false")
    rows = read.get(year, "triggers", list, place, "rows of month, state and kind")
    triggers = read.checked(f"{place}triggers", lambda: triggers_of(rows, scenario.states))
    return Choices(taken, verdicts["mandates"], verdicts["consent"], tuple(triggers))


def replay_line(
    session: SessionFile, line: Line, advance: Callable[[int], None] | None = None
) -> tuple[R2PModel, tuple[str, ...]]:
    """Run a line of history again.

    Parameters
    ----------
    session : SessionFile
        Its file.
    line : Line
        Which.
    advance : callable, optional
        Told after each month, with 1.

    Returns
    -------
    R2PModel
        At its end; to be closed by the caller.
    tuple of str
        The digest after each year; those of ``line.digests`` where the run is the same to the last bit.
    """
    model = R2PModel(
        session.scenario,
        policy=session.policy,
        seed=session.seed,
        run=session.run,
        years=len(line.digests),
        drive="rows",
        choices=line.choices,
    )
    found = []
    for _ in line.digests:
        for _ in range(YEAR):
            model.step()
            if advance is not None:
                advance(1)
        found.append(model.sha256)
    return model, tuple(found)
