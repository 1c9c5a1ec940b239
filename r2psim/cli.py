"""The command line: one command, a verb for each job. Nothing heavy is imported before a verb needs it.

One file, though long: the verbs that belong to no study stand beside the one place that turns errors into exit codes.
"""

from __future__ import annotations

import errno
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r2psim import terminal
from r2psim.progress import Interrupted
from r2psim.verbs import batches
from r2psim.verbs.app import app as app_verb
from r2psim.verbs.break_even import break_even
from r2psim.verbs.calibration import calibrate, validate
from r2psim.verbs.calibration_identify import identify
from r2psim.verbs.commands import HELP_OPTIONS, Verbs, added, what_next
from r2psim.verbs.completion import ScenarioName, form_names, policy_list, policy_names
from r2psim.verbs.devices import with_device
from r2psim.verbs.discover import discover
from r2psim.verbs.docs import docs
from r2psim.verbs.hindcast import hindcast
from r2psim.verbs.import_world import import_world
from r2psim.verbs.information import value_of_information
from r2psim.verbs.listing import list_what
from r2psim.verbs.marginal import marginal
from r2psim.verbs.optimise import optimise
from r2psim.verbs.replay import replay
from r2psim.verbs.report import report
from r2psim.verbs.rows import rows
from r2psim.verbs.seminar_kit import seminar_kit
from r2psim.verbs.seminar_seeds import seminar_seeds
from r2psim.verbs.sensitivity import sensitivity
from r2psim.verbs.trials import trials
from r2psim.verbs.warning import warning
from r2psim.verbs.world_figure import world_figure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from r2psim.analysis.comparison import Comparison
    from r2psim.scenario import Scenario
    from r2psim.world.history import History

__all__ = ["app", "main"]

BAD_INPUT = 2
UNEXPECTED = 1
INTERRUPTED = 130
CATALOGUE_WIDTH = 110

app = typer.Typer(
    name="r2psim",
    help="What early assistance to states buys, against late crisis response, when populations are at risk of "
    "atrocity crimes. It explains mechanisms in invented worlds and forecasts no country.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    cls=Verbs,
    context_settings=HELP_OPTIONS,
)

Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change one value of the scenario, under every policy; may be given several times.",
    ),
]


class InputError(Exception):
    """Input that cannot be used; the message is all that the user needs."""


def _version(wanted: bool) -> None:
    if wanted:
        from r2psim import __version__

        typer.echo(f"r2psim {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = (
        False
    ),
) -> None:
    """Take the options that every verb shares."""


def _load(scenario: str, sets: list[str] | None) -> Scenario:
    from r2psim.scenario import load
    from r2psim.world.expand import expand

    return expand(load(scenario, sets or ()))


def _note(lines: Iterable[str]) -> None:
    """Tell what somebody could take otherwise, beside the result."""
    for line in lines:
        typer.echo(f"note: {line}", err=True)


def _nearest_group(history_groups: tuple[str, ...], group: str) -> str:
    """Find the full identifier that a user means: the whole one, or a group's own part where only one fits."""
    from difflib import get_close_matches

    if group in history_groups:
        return group
    ending = [g for g in history_groups if g.split("/")[1] == group]
    if len(ending) == 1:
        return ending[0]
    near = get_close_matches(group, history_groups, 1, 0.3)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise InputError(f"--explain: {group} is not allowed: a group of the scenario, written state/group{hint}")


@added(app, "run")
def run(
    scenario: ScenarioName,
    policy: Annotated[str, typer.Option(autocompletion=policy_names, help="Policy of the scenario.")] = "no-assistance",
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of all chance.")] = 1,
    run: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Number of the run under that seed.")] = 0,
    years: Annotated[int | None, typer.Option(min=1, max=200, help="Length; the scenario's own if not given.")] = None,
    set_: Sets = None,
    explain: Annotated[str | None, typer.Option(metavar="GROUP", help="Tell the story of one group.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write series, events and figures into this new directory.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier output of r2psim in --out.")] = False,
    agent_by_agent: Annotated[
        bool, typer.Option("--agent-by-agent", help="Let every agent act by itself; slower, the same result.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the summary.")] = False,
) -> None:
    """Run one world once, in Mesa, and tell what happened."""
    from r2psim.analysis.summary import story, summarise
    from r2psim.ensemble.output import files_in, output_or_none

    loaded = _load(scenario, set_)
    _note(loaded.notes((policy,)))
    # Around the run too: a directory that cannot be written is refused before it, not after.
    with output_or_none(out, force) as directory:
        history = _run_model(loaded, policy, seed, run, years, agent_by_agent, show=not as_json)
        told = story(history, _nearest_group(history.world.groups, explain)) if explain is not None else []
        summary = summarise(history)
        if directory is not None:
            directory.fill(lambda folder: _write(history, loaded, summary, folder))
        if as_json:
            typer.echo(json.dumps({**summary, "story": told} if explain is not None else summary))
        else:
            from r2psim.analysis.terminal_tables import run_summary

            run_summary(history, summary)
            for paragraph in told:
                typer.echo(f"\n{paragraph}")
    if as_json:
        return
    if out is not None:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
    what_next(["compare", scenario, "--runs", 200], "many runs, under several policies with the same luck")


def _run_model(
    loaded: Scenario, policy: str, seed: int, run: int, years: int | None, agent_by_agent: bool, show: bool
) -> History:
    """Run the Mesa model, with a progress bar where somebody can see it."""
    from r2psim.agents import R2PModel
    from r2psim.progress import progress

    model = R2PModel(
        loaded, policy=policy, seed=seed, run=run, years=years, drive="agents" if agent_by_agent else "rows"
    )
    try:
        with progress("months", model.months, show) as advance:
            while model.running:
                model.step()
                advance(1)
        return model.history()
    finally:
        model.close()


def _write(history: History, loaded: Scenario, summary: dict[str, object], directory: Path) -> None:
    """Write data and figures of a run."""
    from r2psim.analysis.export import write_run
    from r2psim.plots import harm_over_time, save, stage_map, stage_ribbons

    write_run(history, loaded.resolved(), summary, directory)
    save(stage_ribbons(history), directory / "stage-ribbons.png")
    save(stage_map(history), directory / "stage-map.png")
    save(harm_over_time(history), directory / "harm.png")


@added(app, "compare")
@with_device
def compare(
    scenario: ScenarioName,
    policies: Annotated[
        str,
        typer.Option(
            metavar="A,B,...", autocompletion=policy_list, help="Policies of the scenario, with commas between."
        ),
    ] = ("no-assistance,late-response,prevention"),
    runs: Annotated[int, typer.Option(min=2, max=10_000_000, help="Runs of each policy.")] = 200,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of all chance, shared by all policies.")] = 1,
    years: Annotated[int | None, typer.Option(min=1, max=200, help="Length; the scenario's own if not given.")] = None,
    set_: Sets = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            autocompletion=policy_names,
            help="Policy that every other one is told against; late-response, else the first, if not given.",
        ),
    ] = None,
    discount: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Yearly discount rate of returns; accounts.discount_rate if not given."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write numbers, runs and figures into this new directory.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier output of r2psim in --out.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, max=1024, help="Threads; all processors if not given.")] = None,
    uncertainty: Annotated[
        str,
        typer.Option(
            metavar="none|rates|effects|all",
            help="What each run draws for itself: nothing, the calibrated rates, the effects of assistance, or both.",
        ),
    ] = "none",
    controls: Annotated[
        bool,
        typer.Option(
            "--controls/--no-controls",
            help="Run each policy that raises prevention once more, taking nothing from response: two runs more of it.",
        ),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
) -> None:
    """Compare policies over the same luck: harm, money, and what prevention bought."""
    from r2psim.ensemble.output import files_in, output_or_none

    loaded = _load(scenario, set_)
    named = _policies(loaded, policies)
    uncertainty = _uncertainty(uncertainty)
    if baseline is not None and baseline not in named:
        from r2psim.scenario.errors import nearest

        near = nearest(baseline, named)
        hint = f" (did you mean {near}?)" if near else ""
        raise InputError(f"--baseline: {baseline} is not allowed: one of those compared, {', '.join(named)}{hint}")
    _note(loaded.notes([name for name in named if name in loaded.policies]))
    # Around the runs too: a directory that cannot be written is refused before them, not after.
    with output_or_none(out, force) as directory:
        comparison = _compare(
            loaded, named, runs, seed, years, threads, uncertainty, baseline, discount, controls, show=not as_json
        )
        if directory is not None:
            directory.fill(lambda folder: _write_comparison(comparison, loaded, folder))
        if as_json:
            from r2psim.analysis.published_returns import beside_published

            told = comparison.others if comparison.uncertainty != "none" else ()
            published = {"published": {policy: beside_published(comparison, policy) for policy in told}} if told else {}
            typer.echo(json.dumps(comparison.summary() | published, allow_nan=False))
        else:
            from r2psim.analysis.terminal_tables import comparison_table

            comparison_table(comparison)
    if as_json:
        return
    if out is None:
        what_next(["compare", scenario, "--policies", policies, "--out", "study"], "keep every run, with figures")
    else:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
        what_next(["report", out], "one page of it")


def _uncertainty(named: str) -> str:
    """Give the present name of a kind of uncertainty, and tell where an older one was given."""
    from r2psim.scenario.posterior import present_name

    try:
        kind = present_name(named)
    except ValueError as error:
        raise InputError(f"--uncertainty: {error}") from None
    if kind != named:
        _note([f"--uncertainty {named} is the older name of {kind}"])
    return kind


def _policies(loaded: Scenario, text: str) -> tuple[str, ...]:
    """Split names of policies, and refuse unknown ones before anything runs."""
    from r2psim.scenario.plugged import plugged_names

    named = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in named:  # a name that is misspelt is told with the nearest one, also where it is the only one
        if name in loaded.policies or name not in plugged_names("policies"):
            loaded.policy(name)
    if len(named) < 2 or len(set(named)) != len(named):
        known = ", ".join(loaded.policies)
        raise InputError(f"--policies: {text} is not allowed: at least two different ones of {known}")
    return named


def _compare(
    loaded: Scenario,
    policies: tuple[str, ...],
    runs: int,
    seed: int,
    years: int | None,
    threads: int | None,
    uncertainty: str,
    baseline: str | None,
    discount: float | None,
    controls: bool,
    show: bool,
) -> Comparison:
    """Run the policies and their null twins, with a progress bar where somebody can see it."""
    from r2psim.analysis.comparison import compare as run_policies
    from r2psim.analysis.controls import add_money
    from r2psim.progress import progress
    from r2psim.scenario.specs import baseline_of
    from r2psim.world.expand import expand

    full = expand(loaded)
    against = baseline or baseline_of(policies)
    ours = [policy for policy in policies if policy in full.policies]
    added = add_money(full, ours, against) if controls and against in ours else {}
    with progress("runs", 2 * runs * (len(policies) + len(added)), show) as advance:
        return run_policies(
            full, policies, runs, seed, years, threads, advance, uncertainty, baseline, discount, controls
        )


def _write_comparison(comparison: Comparison, loaded: Scenario, directory: Path) -> None:
    """Write numbers and figures of a comparison."""
    from r2psim.analysis.comparison_export import write_comparison
    from r2psim.plots import (
        cost_argument,
        money_by_form,
        money_over_time,
        net_over_time,
        paired_differences,
        returns_on_prevention,
        save,
        when_help_arrived,
    )
    from r2psim.world.expand import expand

    write_comparison(comparison, expand(loaded).resolved(), directory)
    save(cost_argument(comparison), directory / "cost-argument.png")
    save(paired_differences(comparison), directory / "paired-differences.png")
    save(returns_on_prevention(comparison), directory / "returns-on-prevention.png")
    save(net_over_time(comparison), directory / "net-over-time.png")
    save(money_by_form(comparison), directory / "money-by-form.png")
    save(money_over_time(comparison), directory / "money-over-time.png")
    save(when_help_arrived(comparison), directory / "when-help-arrived.png")


for _group, _name, _verb in (
    ("run", None, replay),
    ("study", "break-even", with_device(break_even)),
    ("study", None, with_device(marginal)),
    ("study", None, warning),
    ("study", None, with_device(sensitivity)),
    ("study", None, discover),
    ("study", None, with_device(optimise)),
    ("study", "value-of-information", with_device(value_of_information)),
    ("study", None, report),
    ("evidence", None, validate),
    ("evidence", None, hindcast),
    ("evidence", None, trials),
    ("evidence", None, rows),
    ("evidence", None, calibrate),
    ("evidence", None, identify),
    ("data", None, with_device(batches.batch)),
    ("data", None, batches.status),
    ("data", None, batches.results),
    ("data", "import-world", import_world),
    ("data", "world-figure", world_figure),
    ("app", "app", app_verb),
    ("app", "seminar-kit", seminar_kit),
    ("app", "seminar-seeds", seminar_seeds),
    ("about", "list", list_what),
    ("about", None, docs),
):
    added(app, _group, _name)(_verb)


@added(app, "about")
def catalogue(
    form: Annotated[
        str | None, typer.Argument(autocompletion=form_names, help="One form of assistance; all of them if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object with every key of a file.")] = False,
) -> None:
    """Print the catalogue of assistance, or one form with its sources."""
    from r2psim.analysis.catalogue_text import catalogue_table, form_page
    from r2psim.scenario.catalogue import catalogue as all_forms
    from r2psim.scenario.catalogue import merged_forms

    forms = all_forms()
    if form is None:
        if as_json:
            typer.echo(json.dumps(merged_forms({}), allow_nan=False))
        else:
            terminal.console(CATALOGUE_WIDTH).print(catalogue_table(forms))
        return
    if form not in forms:
        from r2psim.scenario.errors import nearest

        near = nearest(form, forms)
        hint = f" (did you mean {near}?)" if near else ""
        raise InputError(f"catalogue: {form} is not allowed: one of {', '.join(forms)}{hint}")
    typer.echo(json.dumps(merged_forms({})[form], allow_nan=False) if as_json else form_page(forms[form]))


@added(app, "about")
def check(files: Annotated[list[str], typer.Argument(help="Scenario files, or names of shipped ones.")]) -> None:
    """Check scenario files and report every problem."""
    from r2psim.scenario import check as check_files
    from r2psim.scenario import load

    problems = check_files(files)
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        raise typer.Exit(BAD_INPUT)
    for file in files:
        _note(f"{file}: {line}" for line in load(file).overlaid())
    typer.echo(f"{len(files)} of {len(files)} valid")
    what_next(["run", files[0]], "one history of it")


@added(app, "about")
def schema(
    experiment: Annotated[bool, typer.Option("--experiment", help="That of experiment files instead.")] = False,
    trial: Annotated[bool, typer.Option("--trials", help="That of files of trials instead.")] = False,
) -> None:
    """Print the JSON Schema of scenario files, for editors."""
    if experiment and trial:
        raise typer.BadParameter("one of --experiment and --trials")
    if experiment:
        from r2psim.ensemble.batch.schema import json_schema
    elif trial:
        from r2psim.scenario.trials import json_schema
    else:
        from r2psim.scenario import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))


@added(app, "about")
def scenarios(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list, as r2psim list scenarios does.")] = False,
) -> None:
    """List the scenarios that ship."""
    from r2psim.scenario import load, shipped_names

    if as_json:
        from r2psim.analysis.listings import table_of

        typer.echo(json.dumps(table_of("scenarios"), allow_nan=False))
        return
    for name in shipped_names():
        typer.echo(f"{name:<28}{load(name).title}")


@added(app, "about")
def schedule() -> None:
    """Print the order of a month, step by step."""
    from r2psim.rules.month import schedule as table

    typer.echo(table())


@added(app, "about")
def bench(
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Shorter runs, worlds up to 10,000 groups, no compiling anew.")
    ] = False,
    batch: Annotated[bool, typer.Option("--batch", help="Measure a batch by one and by two workers instead.")] = False,
) -> None:
    """Measure the ensemble against plain Mesa, NumPy and C, side by side."""
    if batch:
        from r2psim.bench.batch import bench_batch

        bench_batch(as_json=json_, quick=quick)
        return
    from r2psim.verbs.bench import bench as measure_and_print

    measure_and_print(as_json=json_, quick=quick)


@added(app, "about")
def warmup() -> None:
    """Compile the rules once, so that later commands start at once."""
    from time import perf_counter

    from r2psim.ensemble.warmup import warm_up
    from r2psim.seminar.luck_plans import warm_up_plans

    began = perf_counter()
    warm_up()
    warm_up_plans()
    typer.echo(f"Ready after {perf_counter() - began:.1f} s.", err=True)


def _log_failure(error: BaseException) -> Path:
    """Write the traceback of an unexpected failure where the user can find it."""
    import traceback
    from datetime import UTC, datetime

    from platformdirs import user_log_path

    try:
        folder = user_log_path("r2psim", ensure_exists=True)
    except OSError:
        import tempfile

        folder = Path(tempfile.gettempdir())
    file = folder / f"r2psim-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.log"
    command = " ".join(sys.argv)
    file.touch(mode=0o600)
    file.write_text(f"{command}\n\n{''.join(traceback.format_exception(error))}", encoding="utf-8")
    return file


def _interrupt(number: int, frame: object) -> None:
    """Handle SIGINT."""
    raise Interrupted


def main() -> None:
    """Run the command line; every kind of failure ends in one message and an exit code."""
    terminal.guard()
    # Releases of typer differ in what they make of KeyboardInterrupt. A process that ignores SIGINT goes on doing so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        app(standalone_mode=True, prog_name="r2psim")
    except (Interrupted, KeyboardInterrupt):
        typer.echo("interrupted; nothing was written", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.exit(UNEXPECTED)
    except Exception as error:
        _fail(error)


def _fail(error: Exception) -> None:
    """Tell bad input from an unexpected failure, and end with the right exit code."""
    from r2psim.scenario import ScenarioError

    expected: tuple[type[Exception], ...] = (ScenarioError, InputError)
    if "r2psim.ensemble.store" in sys.modules:
        from r2psim.ensemble.store import OutputError

        expected = (*expected, OutputError)
    if "r2psim.ensemble.devices" in sys.modules:
        from r2psim.ensemble.devices import DeviceError

        expected = (*expected, DeviceError)
    if isinstance(error, expected):
        typer.echo(str(error), err=True)
        sys.exit(BAD_INPUT)
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        # Whoever looks whether there is such a file may come upon it: it was given, on the command line or in a file.
        name = str(error.filename)
        typer.echo(f"{name[:60]}...: {len(name):,} characters are too long for the name of a file", err=True)
        sys.exit(BAD_INPUT)
    file = _log_failure(error)
    typer.echo(f"r2psim failed unexpectedly ({type(error).__name__}: {error}); the log is {file}", err=True)
    sys.exit(UNEXPECTED)
