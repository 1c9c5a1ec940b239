"""`r2psim validate` and `r2psim calibrate`: nothing heavy is imported before they run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r2psim.ensemble.former_names import hint
from r2psim.verbs.commands import what_next
from r2psim.verbs.completion import policy_names, scenario_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from r2psim.analysis.calibration.fit import Free, Wave
    from r2psim.analysis.calibration.many_worlds import AcrossWorlds
    from r2psim.analysis.calibration.targets import Target
    from r2psim.analysis.calibration.validation import Validation
    from r2psim.scenario import Scenario

__all__ = ["calibrate", "validate"]

WHAT = ("rates", "effects", "all")
"""What can be fitted: rates to targets, effects of assistance to trials, or both."""

Targets = Annotated[Path | None, typer.Option(metavar="CSV", help="Table of targets; the one that ships if not given.")]
FreeTable = Annotated[
    Path | None,
    typer.Option(
        "--free", metavar="TOML", help="Table of free parameters and priors; the one that ships if not given."
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change one value of the scenario, under every policy; may be given several times.",
    ),
]
Threads = Annotated[int, typer.Option(min=1, max=1024, help="Threads; the result does not depend on them.")]


def wanted_targets(path: Path | None) -> tuple[Target, ...]:
    from r2psim.analysis.calibration.targets import TargetError, read_targets

    try:
        return read_targets() if path is None else read_targets(path)
    except TargetError as error:
        raise typer.BadParameter(str(error), param_hint="--targets") from None


def free_parameters(path: Path | None) -> tuple[Free, ...]:
    """Read a table of free parameters, or refuse it."""
    from r2psim.analysis.calibration.free_parameters import FreeError, read_free

    try:
        return read_free() if path is None else read_free(path)
    except FreeError as error:
        raise typer.BadParameter(str(error), param_hint="--free") from None


def _write_validation(found: Validation, directory: Path) -> None:
    """Write numbers, page and figures of a validation."""
    from r2psim.analysis.calibration.report import write_validation
    from r2psim.plots import save
    from r2psim.plots.validation import patterns_beside_the_record, targets_with_bands

    write_validation(found, directory)
    save(targets_with_bands(found), directory / "targets.png")
    save(patterns_beside_the_record(found), directory / "patterns.png")


def _write_across(across: AcrossWorlds, directory: Path) -> None:
    """Write a table over all worlds, and each world's validation into a folder of its own."""
    from r2psim.analysis.calibration.report import write_across

    write_across(across, directory)
    for number, found in enumerate(across.worlds.values(), 1):
        folder = directory / f"world-{number}"
        folder.mkdir()
        _write_validation(found, folder)


def _seeds(text: str | None) -> tuple[int, ...]:
    """Read seeds of the generator, or refuse them."""
    if text is None:
        return ()
    try:
        seeds = tuple(int(part) for part in text.split(","))
    except ValueError:
        seeds = (-1,)
    if min(seeds) < 0 or max(seeds) >= 2**63:
        raise typer.BadParameter(
            f"{text!r} is not allowed: whole numbers from 0 on, with commas between", param_hint="--generator-seeds"
        )
    return tuple(dict.fromkeys(seeds))


def _worlds(
    scenario: str, changes: Sequence[str], seeds: Sequence[int], also: Sequence[str], policy: str
) -> dict[str, Scenario]:
    """Give the worlds to hold against the record, each by what tells it from the others."""
    from r2psim.analysis.calibration.many_worlds import drawn_with
    from r2psim.scenario import load

    loaded = load(scenario, changes)
    found = {loaded.name: loaded}
    found |= {f"{loaded.name}, generator seed {seed}": drawn_with(loaded, seed) for seed in seeds}
    for other in also:
        beside = load(other, changes)
        name = beside.name if beside.name not in found else other
        found[name] = beside
    told: dict[str, None] = {}
    for world in found.values():
        world.policy(policy)
        told |= dict.fromkeys(world.notes((policy,)))
    for note in told:
        typer.echo(f"note: {note}", err=True)
    return found


def validate(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="WORLD", autocompletion=scenario_names, help="Shipped scenario, or path of a scenario file."
        ),
    ] = ("world"),
    runs: Annotated[int, typer.Option(min=2, max=1_000_000, help="Runs, each as long as the record.")] = (200),
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of all chance.")] = 1,
    years: Annotated[int, typer.Option(min=12, max=200, help="Length of a run.")] = 35,
    policy: Annotated[
        str, typer.Option(autocompletion=policy_names, help="Policy that stands for the present.")
    ] = "late-response",
    uncertainty: Annotated[
        str,
        typer.Option(
            metavar="none|rates|effects|all",
            help="What each run draws for itself: nothing, the calibrated rates, the effects of assistance, or both.",
        ),
    ] = "none",
    set_: Sets = None,
    targets: Targets = None,
    generator_seeds: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...", help="Hold other draws of the generator against the record too, by their seeds."
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORLD", help="Another world beside it, such as an imported one; may be given several times."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write numbers, page and figures into this new directory.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier output of r2psim in --out.")] = False,
    threads: Threads = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
) -> None:
    """Hold a world against the record: every target with value, interval, accepted band and verdict."""
    from r2psim.analysis.calibration.many_worlds import AcrossWorlds
    from r2psim.analysis.calibration.report import print_across, print_validation
    from r2psim.analysis.calibration.validation import validate as hold
    from r2psim.ensemble.output import files_in, output_or_none
    from r2psim.progress import progress
    from r2psim.scenario.posterior import present_name

    wanted = wanted_targets(targets)
    try:
        kind = present_name(uncertainty)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--uncertainty") from None
    if kind != uncertainty:
        typer.echo(f"note: --uncertainty {uncertainty} is the older name of {kind}", err=True)
    worlds = _worlds(scenario, set_ or (), _seeds(generator_seeds), also or (), policy)
    with output_or_none(out, force) as directory:
        found: dict[str, Validation] = {}
        with progress("runs", runs * len(worlds), not as_json) as advance:
            for name, loaded in worlds.items():
                found[name] = hold(loaded, runs, seed, years, policy, wanted, kind, threads, advance)
        across = AcrossWorlds(found)
        one = next(iter(found.values()))
        several = len(found) > 1
        if directory is not None:
            directory.fill(lambda folder: _write_across(across, folder) if several else _write_validation(one, folder))
        if as_json:
            typer.echo(json.dumps(across.summary() if several else one.summary(), allow_nan=False))
        elif several:
            print_across(across)
        else:
            print_validation(one)
    if out is not None and not as_json:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
        what_next(["report", out], "one page of it")


def calibrate_effects(
    scenario: str,
    sets: list[str],
    trials: Path | None,
    pairs: int,
    seed: int,
    years: int,
    threads: int,
    out: Path,
    as_json: bool,
) -> None:
    """Fit effects of assistance to trials, write the posterior, and print it."""
    from r2psim.analysis.calibration.evaluation_cache import FILE
    from r2psim.analysis.trials.fit import fit_effects, points_of, pulls, summary_of, write_effects
    from r2psim.ensemble.output import OutputDirectory, files_in
    from r2psim.progress import progress
    from r2psim.scenario import load
    from r2psim.scenario.trials import read_trials, shipped_trials
    from r2psim.world.expand import expand

    known = shipped_trials() if trials is None else read_trials(trials)
    full = expand(load(scenario, sets))
    points = sum(points_of(trial, full) for trial in known.values() if trial.use == "fit")
    try:
        with progress("points of trials", points, not as_json) as advance:
            found = fit_effects(full, known, pairs, seed, years, threads=threads, directory=out, advance=advance)
    except BaseException:
        if (out / FILE).exists():
            typer.echo(f"finished points are kept in {out}: the same command goes on from them", err=True)
        raise
    moved = pulls(found, seed)
    facts = {"scenario": full.name, "pairs": pairs, "seed": seed, "years": years}
    with OutputDirectory(out, growing=True) as directory:
        directory.fill(lambda folder: write_effects(found, folder, moved, facts))
    summary = summary_of(found)
    if as_json:
        typer.echo(json.dumps(summary, allow_nan=False))
        return
    for path, effect in summary["effects"].items():
        if effect["informed_by"]:
            name = path.removeprefix("forms.").removesuffix(".size").replace(".effects.", ": ")
            typer.echo(
                f"{name:<52} {effect['prior']:6.2f} -> {effect['size']:5.2f}"
                f" ({effect['low_90']:.2f} to {effect['high_90']:.2f})  {', '.join(effect['informed_by'])}"
            )
    typer.echo(f"\nWritten to {out}: {files_in(out)}.")


def calibrate(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="WORLD", autocompletion=scenario_names, help="Shipped scenario, or path of a scenario file."
        ),
    ] = ("world"),
    out: Annotated[
        Path, typer.Option(help="Directory for evaluations and result; an interrupted calibration goes on from it.")
    ] = Path("calibration"),
    what: Annotated[
        str,
        typer.Option(
            metavar="rates|effects|all",
            help="Fit rates to targets, effects of assistance to trials, or both in turn, effects in OUT/effects.",
        ),
    ] = "rates",
    set_: Sets = None,
    targets: Targets = None,
    free: FreeTable = None,
    trials: Annotated[
        Path | None, typer.Option("--trials", metavar="TOML", help="Trials; those that ship if not given.")
    ] = None,
    pairs: Annotated[int, typer.Option(min=2, max=10_000, help="Pairs of runs of each point of a trial.")] = 20,
    starts: Annotated[
        int,
        typer.Option(min=1, max=100, help="Calibrations, with this seed and those after it, and whether they agree."),
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Seed of runs, designs and chains.")] = 1,
    waves: Annotated[int, typer.Option(min=1, max=20, help="Waves before the last one.")] = 2,
    points: Annotated[int, typer.Option(min=16, max=65536, help="Evaluations of the model in each wave.")] = 256,
    around: Annotated[int, typer.Option(min=16, max=65536, help="Evaluations in the last wave.")] = 256,
    runs: Annotated[int, typer.Option(min=1, max=1000, help="Runs of each evaluation.")] = 6,
    years: Annotated[int, typer.Option(min=12, max=200, help="Length of a run.")] = 35,
    threads: Threads = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the report.")] = False,
) -> None:
    """Fit the free parameters of a world to the targets, by simulation; write the posterior of the best start.

    Afterwards the best point of each start, and the defaults that ship, are run 60 times with luck that no start has
    seen: as much work as (STARTS + 1) x 60 / RUNS evaluations more.
    """
    if what not in WHAT:
        said = f"one of {', '.join(WHAT)}{hint(what, WHAT)}"
        raise typer.BadParameter(f"{what} is not allowed: {said}", param_hint="--what")
    own = list(set_ or ())
    if what == "effects":
        calibrate_effects(scenario, own, trials, pairs, seed, years, threads, out, as_json)
        return
    from r2psim.analysis.calibration.calibrate import Budget
    from r2psim.analysis.calibration.evaluation_cache import FILE
    from r2psim.analysis.calibration.multistart import UNSEEN_RUNS, Starts, calibrate_from
    from r2psim.analysis.calibration.report import print_starts, write_starts
    from r2psim.ensemble.output import OutputDirectory, files_in
    from r2psim.progress import progress
    from r2psim.scenario import load

    wanted, chosen = wanted_targets(targets), free_parameters(free)
    loaded = load(scenario, set_ or ())
    budget = Budget(waves=waves, points=points, around=around, runs=runs, years=years)

    def note(own: int, wave: Wave) -> None:
        if not as_json:
            which = f"seed {own}, " if starts > 1 else ""
            typer.echo(
                f"{which}wave {wave.number} of {waves + 1}: {wave.evaluations} evaluations, misfit {wave.misfit:.2f}, "
                f"emulator explains {100 * float(wave.r2.mean()):.0f} % of the targets' variance",
                err=True,
            )

    try:
        unseen = (starts + 1) * UNSEEN_RUNS
        with progress("evaluations and last runs", starts * budget.evaluations + unseen, not as_json) as advance:
            found: Starts = calibrate_from(
                loaded, starts, wanted, chosen, seed, budget, out, threads=threads, advance=advance, note=note
            )
    except BaseException:
        if (out / FILE).exists() or any(out.glob(f"start-*/{FILE}")):
            typer.echo(f"finished evaluations are kept in {out}: the same command goes on from them", err=True)
        raise
    summary: dict[str, object] = {}
    with OutputDirectory(out, growing=True) as directory:
        directory.fill(lambda folder: summary.update(write_starts(found, budget, loaded.name, folder)))
    if as_json:
        typer.echo(json.dumps(summary, allow_nan=False))
    else:
        print_starts(found)
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
    if what == "all":
        own += [f"{path}={value!r}" for path, value in found.best.calibration.best.items()]
        calibrate_effects(scenario, own, trials, pairs, seed, years, threads, out / "effects", as_json)
