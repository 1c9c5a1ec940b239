"""`r2psim replay FILE`: every line of history of an exported seminar again, checked year by year."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from r2psim.seminar.export import Line, SessionFile

__all__ = ["replay_session"]

DIFFERENT = 1


def replay_session(path: Path, branch: int | None, explain: str | None, as_json: bool) -> None:
    """Run the lines of history of an exported session again, and tell of the one that is asked for.

    Parameters
    ----------
    path : Path
        The file.
    branch : int, optional
        Number of a line of history; all of them if not given.
    explain : str, optional
        A group whose story is told, of the one line.
    as_json : bool
        Print one JSON object.
    """
    from r2psim.progress import progress
    from r2psim.seminar.export import read_session, replay_line
    from r2psim.seminar.limits import SeminarError

    try:
        session = read_session(path)
    except SeminarError as error:
        raise typer.BadParameter(str(error)) from None
    if branch is not None and branch >= len(session.lines):
        raise typer.BadParameter(f"line of history {branch} is not allowed: 0 to {len(session.lines) - 1}")
    if explain is not None and branch is None:
        raise typer.BadParameter(f"--explain needs the number of a line of history: 0 to {len(session.lines) - 1}")
    lines = session.lines if branch is None else (session.lines[branch],)
    months = 12 * sum(len(line.digests) for line in lines)
    told, complaints = [], []
    with progress("months", months, not as_json) as advance:
        for line in lines:
            model, digests = replay_line(session, line, advance)
            try:
                told.append(_told(line, digests) | {"summary": _summary(model)})
                wrong = next((y for y, (a, b) in enumerate(zip(digests, line.digests, strict=True)) if a != b), None)
                if wrong is not None:
                    complaints.append(f"{path}: {line.title} is not what was played from year {wrong + 1} on")
                if branch is not None:
                    _tell(model, explain, as_json, told[-1])
                    if not as_json:
                        _tell_reasons(line)
                        _tell_notes(line)
            finally:
                model.close()
    if as_json:
        typer.echo(json.dumps({"title": session.title, "same": not complaints, "branches": told}))
    else:
        for entry in told:
            same = "the same to the last bit" if entry["same"] else "NOT the same"
            typer.echo(f"{entry['number']}  {entry['title']}: {entry['years']} years, {same}; digest {entry['sha256']}")
    if complaints:
        typer.echo("\n".join([*complaints, _reason(session)]), err=True)
        raise typer.Exit(DIFFERENT)


def _told(line: Line, digests: tuple[str, ...]) -> dict[str, object]:
    return {
        "number": line.number,
        "title": line.title,
        "years": len(line.digests),
        "same": digests == line.digests,
        "sha256": digests[-1] if digests else "",
        "reasons": [{"year": r.year + 1, "role": r.role, "about": r.about, "why": r.why} for r in line.reasons],
        "notes": [{"year": n.year + 1, "role": n.role, "to": n.to, "text": n.text} for n in line.notes],
    }


def _summary(model: object) -> dict[str, object]:
    from r2psim.agents import R2PModel
    from r2psim.analysis.summary import summarise

    assert isinstance(model, R2PModel)
    return summarise(model.history()) if model.month else {}


def _tell(model: object, explain: str | None, as_json: bool, entry: dict[str, object]) -> None:
    """Tell of one line: the summary of its run, and the story of a group."""
    from r2psim.agents import R2PModel
    from r2psim.analysis.summary import story
    from r2psim.analysis.terminal_tables import run_summary
    from r2psim.verbs.group_names import group_named

    assert isinstance(model, R2PModel)
    history = model.history()
    try:
        paragraphs = [] if explain is None else story(history, group_named(history.world.groups, explain))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if as_json:
        entry["story"] = paragraphs
        return
    if model.month:
        run_summary(history, _summary(model))
    for paragraph in paragraphs:
        typer.echo(f"\n{paragraph}")


def _tell_reasons(line: Line) -> None:
    """Tell the sentences that were written with the decisions of a line."""
    for r in line.reasons:
        typer.echo(f"Year {r.year + 1}, {r.role}{'' if r.stands else ' (replaced)'}: {r.why}")


def _tell_notes(line: Line) -> None:
    """Tell what roles wrote to one another and said in public."""
    for n in line.notes:
        typer.echo(f"Year {n.year + 1}, {n.role} {'in public' if n.public else f'to {n.to}'}: {n.text}")


def _reason(session: SessionFile) -> str:
    """Say whether the rules are still those that the session was played with."""
    from r2psim.rules.compiled import source_digest

    if session.rules != source_digest():
        return f"It was played with other rules or another compiler: {session.rules}; these are {source_digest()}."
    return "The rules are the same: the file has been changed since."
