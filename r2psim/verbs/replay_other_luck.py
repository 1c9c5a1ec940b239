"""`r2psim replay FILE --other-luck N`: an exported seminar's decisions in other lucks, beside those of the policies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from r2psim.seminar.export import Line, SessionFile
    from r2psim.seminar.other_luck import OtherLuck

__all__ = ["replay_other_luck"]

TOLD = ("deaths", "displaced", "episodes", "spent_prevention", "spent_response", "prevention_and_response")
"""Metrics that are written luck by luck."""


def replay_other_luck(
    path: Path, branch: int | None, lucks: int | None, digests: bool, as_json: bool, others: Sequence[str] = ()
) -> None:
    """Run the lines of history of an exported session in other lucks, after each was checked in its own.

    Parameters
    ----------
    path : Path
        The file.
    branch : int, optional
        Number of a line of history; all of them that were run for a year at least if not given.
    lucks : int or None
        How many other lucks; refused where it is not said.
    digests : bool
        Whether the digest of every run is told.
    as_json : bool
        Print one JSON object.
    others : sequence of str
        Options that were given too, and that say nothing about other lucks: refused.
    """
    if lucks is None:
        raise typer.BadParameter("--digests is for runs in other lucks: say --other-luck N too")
    if not path.is_file():
        raise typer.BadParameter(f"--other-luck is for an exported seminar, and {path} is no file")
    if others:
        raise typer.BadParameter(f"{', '.join(others)}: not allowed with --other-luck")
    from r2psim.progress import progress
    from r2psim.seminar.export import read_session
    from r2psim.seminar.limits import SeminarError
    from r2psim.seminar.other_luck import months_in_all

    try:
        session = read_session(path)
    except SeminarError as error:
        raise typer.BadParameter(str(error)) from None
    if branch is not None and branch >= len(session.lines):
        raise typer.BadParameter(f"line of history {branch} is not allowed: 0 to {len(session.lines) - 1}")
    lines = [line for line in session.lines if (line.digests if branch is None else line.number == branch)]
    if not lines or not all(line.digests for line in lines):
        raise typer.BadParameter(
            f"{path}: no year of this line was run, so that there is nothing to try in other lucks"
        )
    years = [len(line.digests) for line in lines]
    months = sum(12 * y + months_in_all(session.scenario, y, lucks) for y in years)
    told = []
    with progress("months", months, not as_json) as advance:
        for line in lines:
            try:
                found = _tried(session, line, lucks, digests, advance)
            except SeminarError as error:
                raise typer.BadParameter(f"{path}: {line.title}: {error}") from None
            told.append(_as_dict(line, found))
            if not as_json:
                _print(line, found, digests)
    if as_json:
        typer.echo(json.dumps({"title": session.title, "lucks": lucks, "branches": told}, allow_nan=False))


def _tried(session: SessionFile, line: Line, lucks: int, digests: bool, advance: Any) -> OtherLuck:
    """Run a line in other lucks, if it is what was played in its own."""
    from r2psim.seminar.export import replay_line
    from r2psim.seminar.limits import SeminarError
    from r2psim.seminar.other_luck import other_luck

    model, found = replay_line(session, line, advance)
    model.close()
    if found != line.digests:
        raise SeminarError("is not what was played, so that nothing is tried in other lucks; r2psim replay says more")
    years = len(line.digests)
    return other_luck(
        session.scenario, session.policy, line.choices, session.seed, session.run, years, lucks,
        advance=advance, digests=digests,
    )  # fmt: skip


def _as_dict(line: Line, found: OtherLuck) -> dict[str, Any]:
    from r2psim.seminar.other_luck import verdict

    beside = [found.beside(policy) for policy in found.policies]
    return {
        "number": line.number,
        "title": line.title,
        "years": found.years,
        "runs": found.runs.tolist(),
        "sha256": found.sha256,
        "triggers": found.triggers,
        "largest_difference_without_effects": found.without_effects(),
        "beside": [
            {
                "policy": b.policy,
                "fewer_killed": b.less,
                "as_many": b.same,
                "more": b.more,
                "share": {"mean": b.share.mean, "low": b.share.low, "high": b.share.high},
                "difference": {"mean": b.difference.mean, "low": b.difference.low, "high": b.difference.high},
                "here": b.here,
                "verdict": verdict(b),
            }
            for b in beside
        ],
        "metrics": {
            name: {key: [found.here(name, key), *found.values(name, key).tolist()] for key in TOLD}
            for name in found.metrics
        },
        **({"digests": {name: list(each) for name, each in found.digests.items()}} if found.digests else {}),
    }


def _print(line: Line, found: OtherLuck, digests: bool) -> None:
    from r2psim.seminar.other_luck import DECIDED, sentence, verdict

    typer.echo(f"{line.number}  {line.title}: {found.years} years; digest over all runs {found.sha256}")
    for policy in found.policies:
        beside = found.beside(policy)
        judged = verdict(beside)
        typer.echo(f"   {sentence(beside)} {judged[:1].upper()}{judged[1:]}.")
    if (none := found.without_effects()) is not None:
        typer.echo(
            f"   Negative control: with all effects of assistance at none, harm under the decisions and under "
            f"no-assistance differs by {none:g} at most, in every luck."
        )
    if digests:
        for k, run in enumerate(found.runs.tolist()):
            own = "  the luck of the exercise" if k == 0 else ""
            typer.echo(f"   run {run}: {found.digests[DECIDED][k]}{own}")
