"""`r2psim replay`: one run of a comparison again, as a Mesa model, checked against what the comparison stored.

An exported seminar, which is a file, is replayed by `r2psim.verbs.replay_session`.

Nothing heavy is imported before the command runs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from r2psim.verbs.group_names import group_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from r2psim.ensemble.results import Results
    from r2psim.world.history import History

__all__ = ["Replay", "replay", "replay_run"]

DIFFERENT = 1


@dataclass(frozen=True)
class Replay:
    """A run of an ensemble that was run again.

    Attributes
    ----------
    history : History
        Up to the month asked for.
    metrics, stored : dict of str to float
        Measured of the whole run now, and what was stored; NaN where the run has no value.
    differences : tuple of str
        The metrics that are not the same to the last bit.
    """

    history: History
    metrics: dict[str, float]
    stored: dict[str, float]
    differences: tuple[str, ...]


def replay_run(
    results: Results,
    run: int,
    policy: str | None = None,
    month: int | None = None,
    advance: Callable[[int], None] | None = None,
) -> Replay:
    """Run one of the runs again as a Mesa model, to its end, and compare its metrics with the stored ones.

    Parameters
    ----------
    results : Results
        With its runs.
    run : int
        Number of the run.
    policy : str, optional
        One of those of the results, the first if not given.
    month : int, optional
        Months after which the history is taken, from 1; the whole run if not given.
    advance : callable, optional
        Told after each month, with 1.

    Raises
    ------
    ValueError
        If there is no such run, policy or month.
    """
    from r2psim.ensemble.measures import METRICS, metrics_of

    until = results.months if month is None else month
    if not 1 <= until <= results.months:
        raise ValueError(f"month {until} is not allowed: 1 to {results.months}")
    stored = [float(results.values(results.policy_named(policy), name)[results.place_of(run)]) for name in METRICS]
    model = results.open(run, policy)
    try:
        history = None
        while model.running:
            model.step()
            if model.month == until:
                history = model.history()
            if advance is not None:
                advance(1)
        found = [float(x) for x in metrics_of(model.rows, model.months)]
    finally:
        model.close()
    assert history is not None
    names = tuple(METRICS)
    different = tuple(n for n, a, b in zip(names, found, stored, strict=True) if a != b and not (isnan(a) and isnan(b)))
    return Replay(history, dict(zip(names, found, strict=True)), dict(zip(names, stored, strict=True)), different)


def replay(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR|FILE", help="Output of r2psim compare --out, or an exported seminar.")
    ],
    run: Annotated[
        int | None,
        typer.Argument(metavar="[RUN]", min=0, help="Number of the run; of a seminar, of one line of history."),
    ] = None,
    policy: Annotated[str | None, typer.Option(help="Policy of the comparison; its first if not given.")] = None,
    month: Annotated[
        int | None, typer.Option(min=1, help="Tell of the run up to this month; to its end if not given.")
    ] = None,
    explain: Annotated[str | None, typer.Option(metavar="GROUP", help="Tell the story of one group.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the summary.")] = False,
    other_luck: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=100_000, help="Of a seminar: try its decisions in N other lucks too."),
    ] = None,
    digests: Annotated[
        bool, typer.Option("--digests", help="With --other-luck: tell the digest of every run; ten times as long.")
    ] = False,
) -> None:
    """Run one run of a comparison, or a whole seminar, again in Mesa, and check that it is the same to the last bit."""
    if other_luck is not None or digests:
        from r2psim.verbs.replay_other_luck import replay_other_luck

        given = {"--policy": policy, "--month": month, "--explain": explain}
        others = [name for name, value in given.items() if value is not None]
        replay_other_luck(directory, run, other_luck, digests, as_json, others)
        return
    if directory.is_file():
        from r2psim.verbs.replay_session import replay_session

        if policy is not None or month is not None:
            raise typer.BadParameter("--policy and --month are for runs of a comparison, not for a seminar")
        replay_session(directory, run, explain, as_json)
        return
    if run is None:
        raise typer.BadParameter("RUN is missing: the number of the run")
    from r2psim.analysis.summary import story, summarise
    from r2psim.ensemble.results import Results
    from r2psim.progress import progress

    results = Results.load(directory)
    try:
        group = None if explain is None else group_named(results.groups, explain)
        with progress("months", results.months, not as_json) as advance:
            found = replay_run(results, run, policy, month, advance)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    summary = summarise(found.history)
    told = [] if group is None else story(found.history, group)
    if as_json:
        checked = {"same": not found.differences, "differences": list(found.differences)}
        checked |= {"metrics": _plain(found.metrics), "stored": _plain(found.stored)}
        typer.echo(json.dumps(summary | {"replay": checked} | ({} if group is None else {"story": told})))
    else:
        from r2psim.analysis.terminal_tables import run_summary

        run_summary(found.history, summary)
        for paragraph in told:
            typer.echo(f"\n{paragraph}")
        if not found.differences:
            typer.echo(f"\nThe same run: all {len(found.metrics)} metrics equal those stored in {directory} exactly.")
    if found.differences:
        typer.echo(_complaint(found, directory, run), err=True)
        raise typer.Exit(DIFFERENT)


def _plain(metrics: dict[str, float]) -> dict[str, float | None]:
    """Give metrics as JSON can hold them: None where the run has no value."""
    return {name: None if isnan(value) else value for name, value in metrics.items()}


def _complaint(found: Replay, directory: Path, run: int) -> str:
    """Say which metrics differ, and what may be the reason."""
    lines = [f"{directory}: run {run} under {found.history.policy} is not what was stored:"]
    lines += [f"  {name}: {found.metrics[name]!r} now, {found.stored[name]!r} stored" for name in found.differences]
    return "\n".join([*lines, _reason(directory)])


def _reason(directory: Path) -> str:
    """Say whether the rules are still those that the runs were made with."""
    from r2psim.ensemble.store import provenance, read_json

    now: dict[str, Any] = provenance()
    then = read_json(directory / "provenance.json")
    if then.get("rules") != now["rules"]:
        made, here = (f"r2psim {facts.get('r2psim')}, rules {facts.get('rules')}" for facts in (then, now))
        return f"It was made with other rules or another compiler: {made}; these are {here}."
    return "The rules are the same: runs.parquet or resolved.json has been changed since."
