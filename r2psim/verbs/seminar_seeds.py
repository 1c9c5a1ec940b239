"""`r2psim seminar-seeds`: which seeds teach what, and how common each is. Nothing heavy is imported before it runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from r2psim.verbs.completion import ScenarioName

if TYPE_CHECKING:
    from r2psim.ensemble.intervals import Interval
    from r2psim.seminar.seeds import Seeds

__all__ = ["seminar_seeds"]

SHOWN = 5
"""Seeds of a kind that are printed; ``--json`` gives all."""


def seminar_seeds(
    scenario: ScenarioName,
    teaches: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="averted, in-spite, near-miss, false-alarm, quiet; all if not given."),
    ] = None,
    years: Annotated[int, typer.Option(min=1, max=200, help="Length of the seminar, one round a year.")] = 8,
    runs: Annotated[int, typer.Option(min=1, max=100_000, help="Seeds to look at.")] = 100,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=2**64 - 1, help="Draw the seeds from this one; secretly if not given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
) -> None:
    """Find seeds for a seminar: what each teaches, under the same luck, and how common such seeds are."""
    from r2psim.progress import progress
    from r2psim.scenario import load
    from r2psim.seminar.play import COUNTERFACTUALS
    from r2psim.seminar.seeds import checked_teaches, drawn_seeds, find_seeds
    from r2psim.verbs.studies import naming
    from r2psim.world.expand import expand

    asked = None if teaches is None else [name.strip() for name in teaches.split(",") if name.strip()]
    with naming("--teaches"):
        kinds = checked_teaches(asked)
    full = expand(load(scenario))
    for policy in COUNTERFACTUALS:
        full.policy(policy)
    with progress("seeds", runs, not as_json) as advance:
        found = find_seeds(full, drawn_seeds(runs, seed), years, advance=advance)
    if as_json:
        typer.echo(json.dumps(found.summary(kinds), allow_nan=False))
    else:
        _show(found, kinds)


def _show(found: Seeds, kinds: tuple[str, ...]) -> None:
    """Print a paragraph for each kind, and the warning first."""
    from textwrap import fill

    from r2psim.seminar.kit_guide import seeds_warning
    from r2psim.seminar.kit_words import load_words

    words = load_words("en")

    def plain(text: object) -> str:
        return fill(getattr(text, "unescape", lambda: str(text))(), 100)

    def limits(share: Interval) -> object:
        return words.range(words.percent(share.low or 0.0), words.percent(share.high or 0.0))

    typer.echo(f"{found.title}: {len(found.looked)} seeds, {found.years} years\n")
    typer.echo(plain(seeds_warning(words, found)))
    for kind in kinds:
        share, seeds = found.share(kind), found.of(kind)
        typer.echo(f"\n{kind}")
        typer.echo(plain(words(f"seeds.teaches.{kind}")))
        typer.echo(plain(words("seeds.typical", share=words.percent(share.mean), range=limits(share))))
        more = f", and {len(seeds) - SHOWN} more" if len(seeds) > SHOWN else ""
        shown = ", ".join(str(one.seed) for one in seeds[:SHOWN])
        typer.echo(f"seeds: {shown}{more}" if seeds else plain(words("seeds.none", n=len(found.looked))))
    typer.echo("\n" + plain(words("seeds.about", years=found.years)))
