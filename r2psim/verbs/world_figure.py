"""The verb ``world-figure``: worlds that the generator draws, beside the record of 2014."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["world_figure"]

FORMATS = (".png", ".svg", ".pdf")


def world_figure(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Figure to write: .png, .svg or .pdf.")],
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Worlds to draw, of seeds 1, 2, ...")] = 12,
    states: Annotated[int, typer.Option(min=20, max=400, help="States of a world.")] = 190,
    force: Annotated[bool, typer.Option("--force", help="Replace the file named by --out.")] = False,
) -> None:
    """Draw worlds of the generator beside the distributions of 2014 that they are to follow."""
    from r2psim.analysis.world_summary import summarise_world
    from r2psim.ensemble.output import check_file, fill_file
    from r2psim.plots import save, worlds_figure
    from r2psim.progress import progress
    from r2psim.scenario.specs import GenerateSpec
    from r2psim.world.generate import GENERATOR, generate, generator_data

    if out.suffix.lower() not in FORMATS:
        raise typer.BadParameter(f"--out {out}: not allowed: a file that ends in one of {', '.join(FORMATS)}")
    if not out.parent.is_dir():
        raise typer.BadParameter(f"--out {out}: not allowed: a file in an existing directory")
    check_file(out, force)
    drawn = []
    with progress("worlds", seeds) as advance:
        for seed in range(1, seeds + 1):
            drawn.append(summarise_world(generate(GenerateSpec(GENERATOR, seed, states))))
            advance(1)
    source = f"{GENERATOR}, {states} states, seeds 1 to {seeds}"
    figure = worlds_figure(generator_data()["record"], drawn, source)
    fill_file(out, lambda file: save(figure, file), force)
    typer.echo(f"Written to {out}.")
