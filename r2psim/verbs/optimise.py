"""`r2psim optimise`: which division of the same money loses fewest lives. Nothing heavy is imported before it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from r2psim import terminal
from r2psim.verbs.completion import ScenarioName, policy_list, policy_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from r2psim.analysis.optimise import Optimised
    from r2psim.analysis.random_portfolios import RandomPortfolios
    from r2psim.scenario import Scenario

__all__ = ["FILE", "optimise", "write_optimised", "write_random"]

FILE = "found.toml"
"""Name of the scenario with the policies that were found."""


def write_optimised(found: Optimised, directory: Path) -> None:
    """Write what a search for portfolios found.

    Parameters
    ----------
    found : Optimised
        As `r2psim.optimise` gives it.
    directory : Path
        Existing; gets ``optimise.json``, ``optimise.csv`` (a row for each policy and outcome), ``optimise.png``,
        ``found.toml`` (the scenario with the policies that were found) and ``provenance.json``.
    """
    from r2psim.analysis.portfolio_file import write_scenario
    from r2psim.plots.optimise import front_figure
    from r2psim.verbs.studies import write_study

    names = [policy.name for policy in found.found]
    head = (
        f"Divisions of the same money found by r2psim optimise on {found.scenario}, searched under seed {found.seed}, "
        f"{found.plan.runs} runs each. What they gained there is partly luck: optimise.csv tells what was left of it "
        f"under seed {found.fresh_seed}."
    )
    again = f"r2psim compare {FILE} --policies {','.join([found.baseline, *names])} --seed {found.fresh_seed}"
    write_scenario(found.source, names, [head, again], directory / FILE)
    write_study("optimise", found.summary(), found.rows(), {"optimise": front_figure(found)}, directory)


def write_random(found: RandomPortfolios, directory: Path) -> None:
    """Write what random portfolios do.

    Parameters
    ----------
    found : RandomPortfolios
        As `r2psim.random_portfolios` gives it.
    directory : Path
        Existing; gets ``optimise.json``, ``optimise.csv`` (a row for each portfolio), ``optimise.png``,
        ``provenance.json``, and ``found.toml`` with those better on both axes in the mean, if there are any.
    """
    from r2psim.analysis.portfolio_file import write_scenario
    from r2psim.plots.optimise import random_figure
    from r2psim.verbs.studies import write_study

    names = [one.name for one in found.leading]
    if names:
        head = (
            f"Random divisions of the same money that are better than {found.baseline} in lives and money on "
            f"{found.scenario} in the mean, seed {found.seed}; optimise.csv tells which are told so on fresh luck."
        )
        write_scenario(found.source, names, [head], directory / FILE)
    write_study("optimise", found.summary(), found.rows(), {"optimise": random_figure(found)}, directory)


def optimise(
    scenario: ScenarioName,
    base: Annotated[
        str,
        typer.Option(
            autocompletion=policy_names,
            help="Policy that portfolios are like in all but the division of money: will, principles.",
        ),
    ] = "prevention",
    over: Annotated[
        str, typer.Option(metavar="O,...", help="Over what money is divided: bodies, stages, forms.")
    ] = "bodies,stages,forms",
    objectives: Annotated[
        str | None,
        typer.Option(
            metavar="M,...", help="deaths, episodes, prevention_and_response, gdp_lost; all of them if not given."
        ),
    ] = None,
    robust: Annotated[
        str | None,
        typer.Option(
            metavar="mean|worst-tenth|regret", help="By what, over draws of --uncertainty; mean if not given."
        ),
    ] = None,
    uncertainty: Annotated[
        str, typer.Option(metavar="none|rates|effects|all", help="What each run, or draw, draws for itself.")
    ] = "none",
    policies: Annotated[
        str | None,
        typer.Option(
            autocompletion=policy_list, metavar="A,B,...", help="The scenario's policies judged beside; the usual ones."
        ),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(autocompletion=policy_names, help="What gains are told against; late-response.")
    ] = None,
    random: Annotated[
        int | None,
        typer.Option("--random", min=1, max=100_000, help="No search: so many random portfolios against --baseline."),
    ] = None,
    population: Annotated[int | None, typer.Option(min=4, max=10_000, help="Portfolios of a generation; 24.")] = None,
    generations: Annotated[int | None, typer.Option(min=1, max=100_000, help="Generations; 20.")] = None,
    algorithm: Annotated[
        str | None, typer.Option(metavar="nsga2|nsga3", help="nsga2 up to two objectives, nsga3 beyond.")
    ] = None,
    runs: Annotated[
        int | None, typer.Option(min=2, max=1_000_000, help="Runs of each portfolio; 100, with --random 400.")
    ] = None,
    keep: Annotated[int | None, typer.Option(min=1, max=1000, help="Portfolios judged on fresh luck, at most; 8.")] = (
        None
    ),
    fresh_runs: Annotated[int, typer.Option(min=2, max=1_000_000, help="Runs of each on fresh luck.")] = 400,
    per_draw: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Runs of each draw, for worst-tenth and regret; 5.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of the search, shared by all portfolios.")] = 1,
    fresh_seed: Annotated[
        int | None, typer.Option(min=0, max=2**64 - 1, help="Seed of the fresh luck; the next one if not given.")
    ] = None,
    years: Annotated[int | None, typer.Option(min=1, max=200, help="Length of a run; the scenario's.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change one value of the scenario.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write table and figure here; interrupted, it goes on from it.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, max=1024, help="Threads; all processors if not given.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and run nothing more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
) -> None:
    """Search for divisions of the same money that lose fewest lives at a bill, and judge them again on fresh luck."""
    from r2psim.analysis.portfolio_runs import fresh_seed_of
    from r2psim.analysis.portfolios import check_free, checked_over
    from r2psim.scenario import load
    from r2psim.verbs.studies import naming, wanted_uncertainty

    loaded = load(scenario, set_ or ())
    with naming("--over"):
        parts = checked_over(_split(over))
    with naming("--base"):
        loaded.policy(base)
    with naming("--set"):
        check_free(loaded, base, parts)
    with naming("--fresh-seed"):
        fresh_seed = fresh_seed_of(seed, fresh_seed)
    common = {
        "base": base, "over": parts, "uncertainty": wanted_uncertainty(uncertainty), "fresh_runs": fresh_runs,
        "seed": seed, "fresh_seed": fresh_seed, "years": years, "threads": threads,
    }  # fmt: skip
    searching = {
        "objectives": objectives, "robust": robust, "policies": policies, "population": population,
        "generations": generations, "algorithm": algorithm, "keep": keep, "per_draw": per_draw,
    }  # fmt: skip
    if random is not None:
        for name, value in searching.items():
            if value is not None:
                option = f"--{name.replace('_', '-')}"
                raise typer.BadParameter(f"{value} is not allowed with --random, which searches for nothing",
                                         param_hint=option)  # fmt: skip
        _do_random(loaded, random, baseline or "late-response", common | {"runs": runs or 400}, out, dry_run, as_json)
        return
    _do_search(loaded, common | {"runs": runs, "baseline": baseline}, searching, out, dry_run, as_json)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _do_search(
    loaded: Scenario, common: dict[str, Any], given: dict[str, Any], out: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Search, and tell."""
    from r2psim.analysis.optimise import Plan, Robust, checked_policies
    from r2psim.analysis.optimise import optimise as search
    from r2psim.analysis.pareto import checked_algorithm, need_pymoo
    from r2psim.analysis.portfolio_runs import OBJECTIVES, checked_objectives
    from r2psim.analysis.portfolios import Portfolios
    from r2psim.verbs.studies import naming
    from r2psim.world.expand import expand

    try:
        need_pymoo()
    except ImportError as error:
        raise typer.BadParameter(str(error)) from None
    full = expand(loaded)
    with naming("--over"):
        Portfolios(full, common["base"], common["over"])
    with naming("--objectives"):
        named = checked_objectives(list(OBJECTIVES) if given["objectives"] is None else _split(given["objectives"]))
    with naming("--algorithm"):
        algorithm = checked_algorithm(given["algorithm"], len(named))
    with naming("--robust"):
        judged_by = Robust.of(given["robust"] or "mean", common["uncertainty"], given["per_draw"])
    with naming("--policies"):
        chosen = None if given["policies"] is None else _split(given["policies"])
        own, baseline = checked_policies(full, chosen, common["base"], common["baseline"])
    sizes = {"population": given["population"], "generations": given["generations"], "runs": common["runs"],
             "keep": given["keep"], "fresh_runs": common["fresh_runs"]}  # fmt: skip
    with naming("--runs"):
        plan = Plan(**{name: size for name, size in sizes.items() if size is not None}).checked(judged_by, len(named))
    asked = common | {
        "objectives": named, "robust": judged_by.criterion, "policies": own, "baseline": baseline,
        "algorithm": algorithm, "per_draw": given["per_draw"], "population": plan.population,
        "generations": plan.generations, "runs": plan.runs, "keep": plan.keep,
    }  # fmt: skip

    def do(advance: Callable[[int], None]) -> Optimised:
        return search(loaded, directory=out, advance=advance, **asked)

    also = f"{plan.population * plan.generations:,} portfolios, at most {plan.keep} of them judged on fresh luck"
    found = _run(full, own, common, plan.ends(len(own)), also, do, out, dry_run, as_json)
    if found is not None:
        _tell(found, write_optimised, _show, out, as_json)


def _do_random(
    loaded: Scenario, count: int, baseline: str, common: dict[str, Any], out: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Judge random portfolios, and tell."""
    from r2psim.analysis.portfolios import Portfolios
    from r2psim.analysis.random_portfolios import random_portfolios
    from r2psim.verbs.studies import naming
    from r2psim.world.expand import expand

    full = expand(loaded)
    full.policy(baseline)
    with naming("--over"):
        Portfolios(full, common["base"], common["over"])

    def do(advance: Callable[[int], None]) -> RandomPortfolios:
        return random_portfolios(loaded, count, baseline=baseline, directory=out, advance=advance, **common)

    least = common["runs"] * (count + 1)
    ends = (least, least + 2 * common["fresh_runs"] * (count + 1))
    found = _run(full, (baseline,), common, ends, f"{count:,} random portfolios", do, out, dry_run, as_json)
    if found is not None:
        _tell(found, write_random, _show_random, out, as_json)


def _run(
    full: Scenario, policies: tuple[str, ...], common: dict[str, Any], ends: tuple[int, int], also: str,
    do: Callable[[Callable[[int], None]], Any], out: Path | None, dry_run: bool, as_json: bool,
) -> Any:  # fmt: skip
    """Say what it takes, and do it, unless that is all that is wanted."""
    from r2psim.verbs.studies import doing, state_cost, tell_dry, tell_notes

    tell_notes(full, list(dict.fromkeys((*policies, common["base"]))))
    cost = state_cost(full, (common["base"],), common["years"] or full.years, common["threads"], ends, also)
    if dry_run:
        tell_dry(cost, as_json)
        return None
    with doing(ends[1], not as_json, out) as advance:
        return do(advance)


def _tell(
    found: Any, write: Callable[[Any, Path], None], show: Callable[[Any], None], out: Path | None, as_json: bool
) -> None:
    """Write what was found, and print it."""
    from r2psim.ensemble.output import files_in
    from r2psim.verbs.studies import finish

    finish(out, lambda folder: write(found, folder))
    if as_json:
        typer.echo(json.dumps(found.summary(), allow_nan=False))
        return
    show(found)
    typer.echo("A model's world: it explains mechanisms, it forecasts no country.")
    if out is not None:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")


def _show(found: Optimised) -> None:
    """Print the table of a search, how the portfolios divide the money, and the verdicts."""
    from rich.table import Table

    from r2psim.analysis.optimise_report import of_fresh, of_lucks, of_search, shares_words, verdicts
    from r2psim.analysis.portfolio_runs import KILLED

    console = terminal.console(118)
    console.print(found.title, style="bold")
    for line in of_search(found):
        console.print(line, markup=False)
    lives = Table("", "fewer killed, in the search", "on fresh luck", "the search's luck", box=None, pad_edge=False)
    rest = Table("on fresh luck", "fewer episodes", "bill saved", "because harm was avoided", "GDP kept", box=None,
                 pad_edge=False)  # fmt: skip
    for policy in found.policies:
        lives.add_row(*of_lucks(policy, KILLED))
        rest.add_row(*of_fresh(policy))
    for table in (lives, rest):
        console.print()
        console.print(table)
    console.print(
        "\nIn brackets 95 % intervals; because harm was avoided: what null twins do not save. Largest shares:"
    )
    for policy in found.found:
        console.print(f"  {policy.name}: {shares_words(policy.shares)}", markup=False)
    console.print()
    for line in verdicts(found):
        console.print(line, markup=False)


def _show_random(found: RandomPortfolios) -> None:
    """Print what random portfolios do."""
    from r2psim.analysis.optimise_report import of_random

    typer.echo(found.title)
    for line in of_random(found):
        typer.echo(line)
