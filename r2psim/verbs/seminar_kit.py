"""`r2psim seminar-kit`: the printed material of a seminar. Nothing heavy is imported before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from r2psim.verbs.completion import ScenarioName

__all__ = ["seminar_kit"]


def seminar_kit(
    scenario: ScenarioName,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Write the material into this new directory.")],
    people: Annotated[int, typer.Option(help="How many people take part: chooses the roles.")] = 12,
    minutes: Annotated[int, typer.Option(help="How long it takes: 90 or 180.")] = 180,
    language: Annotated[str, typer.Option(help="Language of the material, such as en or fr.")] = "en",
    runs: Annotated[
        int, typer.Option(min=10, max=100_000, help="Runs of each world behind the answers to the units.")
    ] = 100,
    seeds: Annotated[
        int, typer.Option(min=10, max=100_000, help="Seeds looked at, for how common each kind of history is.")
    ] = 100,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier output of r2psim in --out.")] = False,
) -> None:
    """Write the material of a seminar to print: role cards, state sheets, map, rules, script, units with answers."""
    from r2psim.ensemble.output import OutputDirectory, files_in
    from r2psim.progress import progress
    from r2psim.scenario import load
    from r2psim.seminar.kit import FOR_PARTICIPANTS, write_kit
    from r2psim.seminar.kit_cast import checked_people
    from r2psim.seminar.kit_setting import checked_minutes, setting_of
    from r2psim.seminar.kit_units import SEED, work, work_of
    from r2psim.seminar.kit_words import load_words
    from r2psim.seminar.seeds import YEARS, drawn_seeds, find_seeds
    from r2psim.verbs.studies import naming

    with naming("--language"):
        load_words(language)
    with naming("--people"):
        checked_people(people)
    with naming("--minutes"):
        checked_minutes(minutes)
    loaded = load(scenario)
    with naming("SCENARIO"):
        setting = setting_of(loaded, people, minutes, language, scenario)
    # Around the runs too: a directory that cannot be written is refused before them, not after.
    with OutputDirectory(out, force) as directory:
        lengths = dict.fromkeys((YEARS, setting.years))
        drawn = drawn_seeds(seeds, SEED)
        with progress("seeds", seeds * len(lengths), True) as advance:
            found = {years: find_seeds(setting.scenario, drawn, years, advance=advance) for years in lengths}
        with progress("runs", work_of(setting, runs), True) as advance:
            worked = work(setting, found[YEARS], runs, advance=advance)
        directory.fill(lambda folder: write_kit(setting, worked, found[setting.years], folder))
    typer.echo(f"Written to {out}: {files_in(out)}.")
    typer.echo(f"Open each in a browser and print it on A4. For participants: {', '.join(FOR_PARTICIPANTS)}.")
    typer.echo("The others are the facilitator's alone.")
