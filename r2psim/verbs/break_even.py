"""`r2psim break-even`: where prevention pays, along one thing or over two. Nothing heavy is imported before it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r2psim.verbs.commands import what_next
from r2psim.verbs.completion import ScenarioName, policy_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from r2psim.analysis.break_even_axes import Axis
    from r2psim.analysis.break_even_study import BreakEven

__all__ = ["break_even", "write_break_even"]


def write_break_even(found: BreakEven, directory: Path) -> None:
    """Write a break-even.

    Parameters
    ----------
    found : BreakEven
        As `r2psim.break_even` gives it.
    directory : Path
        Existing; gets ``break-even.json``, ``break-even.csv`` (a row for each place and ledger), ``break-even.png`` and
        ``provenance.json``.
    """
    from r2psim.plots.break_even import break_even_figure
    from r2psim.verbs.studies import write_study

    write_study("break-even", found.summary(), found.rows(), {"break-even": break_even_figure(found)}, directory)


def break_even(
    scenario: ScenarioName,
    over: Annotated[
        str,
        typer.Option(
            metavar="A[,B]",
            help="Along what: warning, consent, effect, will, budget, lag, horizon, discount, or the path of a "
            "parameter or of a form's number; with =LOW:HIGH for another range.",
        ),
    ],
    policy: Annotated[str, typer.Option(autocompletion=policy_names, help="Policy that is to pay.")] = "prevention",
    baseline: Annotated[
        str, typer.Option(autocompletion=policy_names, help="Policy that it is told against.")
    ] = "late-response",
    ledgers: Annotated[
        str | None,
        typer.Option(
            metavar="L,...",
            help="lives, response, need, hosting, gdp, all; along one thing all of them, over two lives,response,all.",
        ),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(
            min=50,
            max=1_000_000,
            help="Runs near a break-even, 400 if not given (200 over two); elsewhere at most 100.",
        ),
    ] = None,
    places: Annotated[
        int | None, typer.Option(min=2, max=10_000, help="Places looked at, at most: 33 if not given (60 over two).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of all chance, shared by all places.")] = 1,
    years: Annotated[int | None, typer.Option(min=1, max=200, help="Length of a run; the scenario's.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change one value of the scenario.")
    ] = None,
    discount: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Yearly discount rate; accounts.discount_rate if not given.")
    ] = None,
    uncertainty: Annotated[
        str, typer.Option(metavar="none|rates|effects|all", help="What each run draws for itself.")
    ] = "none",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write table and figure here; interrupted, it goes on from it.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, max=1024, help="Threads; all processors if not given.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and run nothing more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the findings.")] = False,
) -> None:
    """Say how good warning, consent, an effect, will, lag, horizon or discount must be for prevention to pay."""
    from r2psim.analysis.break_even_axes import axes_of, check_reach
    from r2psim.analysis.break_even_study import break_even as find
    from r2psim.analysis.break_even_study import checked_ledgers, plan_of
    from r2psim.scenario import load
    from r2psim.verbs.studies import doing, finish, naming, state_cost, tell_dry, tell_notes, wanted_uncertainty
    from r2psim.world.expand import expand

    full = expand(load(scenario, set_ or ()))
    for name in (policy, baseline):
        full.policy(name)
    if policy == baseline:
        raise typer.BadParameter(f"{policy} is not allowed: another one than --policy", param_hint="--baseline")
    uncertainty = wanted_uncertainty(uncertainty)
    chosen = None if ledgers is None else [name.strip() for name in ledgers.split(",") if name.strip()]
    with naming("--over"):
        axes = axes_of(over, full, years or full.years)
        check_reach(axes, full, policy, baseline)
    with naming("--ledgers"):
        checked_ledgers(chosen, len(axes))
    with naming("--places"):
        plan = plan_of(axes, runs, places)
        if places is not None and not plan.simulated:
            raise ValueError(f"{places} is not allowed: along {over} all places are read off the same runs")
    _refuse_clashes(axes, set_ or (), years, discount)
    tell_notes(full, (baseline, policy))
    length = max([years or full.years, *(int(axis.high) for axis in axes if axis.kind == "horizon")])
    ends = (plan.least_runs(), plan.most_runs())
    cost = state_cost(
        full, (baseline, policy), length, threads, ends, f"at most {plan.places} places" if plan.simulated else ""
    )
    if dry_run:
        tell_dry(cost, as_json)
        return
    with doing(ends[1], not as_json, out) as advance:
        found = find(
            full, over, policy, baseline, chosen, runs, places, seed, years, discount, uncertainty, threads, out,
            advance,
        )  # fmt: skip
    finish(out, lambda folder: write_break_even(found, folder))
    if as_json:
        typer.echo(json.dumps(found.summary(), allow_nan=False))
        return
    _show(found, out)


def _refuse_clashes(axes: Sequence[Axis], sets: Sequence[str], years: int | None, discount: float | None) -> None:
    """Refuse a value for what is gone along: it would be passed over."""
    for axis in axes:
        if axis.kind == "discount" and discount is not None:
            raise typer.BadParameter(f"{discount:g} is not allowed beside --over discount", param_hint="--discount")
        if axis.kind == "horizon" and years is not None and axis.high > years:
            raise typer.BadParameter(
                f"{axis.name}: {axis.high:g} is not allowed: at most --years, {years}", param_hint="--over"
            )
        for given in sets:
            if axis.simulated and given.partition("=")[0].strip() in (axis.path, axis.name):
                raise typer.BadParameter(f"{given} is not allowed beside --over {axis.name}", param_hint="--set")


def _show(found: BreakEven, out: Path | None) -> None:
    """Print a line for each ledger."""
    from r2psim.ensemble.output import files_in

    along = " and ".join(f"{axis.label}, {axis.low:g} to {axis.high:g}" for axis in found.axes)
    typer.echo(found.title)
    typer.echo(f"{found.policy} instead of {found.baseline}, over: {along}")
    typer.echo(
        f"{len(found.spots)} places, {found.plan.few} runs at first and {found.plan.full} near a break-even, seed "
        f"{found.seed}, {found.done:,} runs simulated\n"
    )
    for ledger in found.ledgers:
        typer.echo(f"  {found.sentence(ledger)}")
    if found.stopped:
        typer.echo("\nSome places could be refined further: --places allows more.")
    typer.echo("\nPays: harm avoided saves more than the further prevention costs, told apart from none (95 %).")
    typer.echo("A model's world: it explains mechanisms, it forecasts no country.")
    if out is not None:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
        what_next(["report", out], "one page of it")
