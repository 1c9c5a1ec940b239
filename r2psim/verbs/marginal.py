"""`r2psim marginal`: what a further dollar does. Nothing heavy is imported before it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r2psim import terminal
from r2psim.verbs.commands import what_next
from r2psim.verbs.completion import ScenarioName, policy_names

if TYPE_CHECKING:
    from r2psim.analysis.marginal import Change, Marginal

__all__ = ["marginal", "write_marginal"]


def write_marginal(found: Marginal, directory: Path) -> None:
    """Write what further dollars do.

    Parameters
    ----------
    found : Marginal
        As `r2psim.marginal` gives it.
    directory : Path
        Existing; gets ``marginal.json``, ``marginal.csv``, ``marginal.png`` and ``provenance.json``.
    """
    from r2psim.plots.marginal import marginal_figure
    from r2psim.verbs.studies import write_study

    write_study("marginal", found.summary(), found.rows(), {"marginal": marginal_figure(found)}, directory)


def marginal(
    scenario: ScenarioName,
    policy: Annotated[
        str | None,
        typer.Option(
            autocompletion=policy_names,
            help="Beside what a further fund pays, and whose priority for kinds of state is raised; late-response if "
            "not given.",
        ),
    ] = None,
    principled: Annotated[
        str | None,
        typer.Option(
            autocompletion=policy_names, help="Policy whose principles are switched; prevention if not given."
        ),
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option(metavar="P,...", help="forms, stages, kinds, recommendations, principles; all if not given."),
    ] = None,
    money: Annotated[float | None, typer.Option(help="What a further fund has, US$ a year; 1e8 if not given.")] = None,
    runs: Annotated[int, typer.Option(min=2, max=1_000_000, help="Runs of each world.")] = 200,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of all chance, shared by all worlds.")] = 1,
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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
) -> None:
    """Say what a further dollar does by form and stage, and what recommendations and principles do, one by one."""
    from r2psim.analysis.marginal import check_switched, checked_parts, runs_of
    from r2psim.analysis.marginal import marginal as look
    from r2psim.ensemble.output import files_in
    from r2psim.scenario import load
    from r2psim.verbs.studies import doing, finish, naming, state_cost, tell_dry, tell_notes, wanted_uncertainty
    from r2psim.world.expand import expand

    full = expand(load(scenario, set_ or ()))
    uncertainty = wanted_uncertainty(uncertainty)
    chosen = None if parts is None else [name.strip() for name in parts.split(",") if name.strip()]
    with naming("--parts"):
        _refuse_idle(chosen, {"--policy": policy, "--principled": principled, "--money": money, "--discount": discount})
    policy, principled = policy or "late-response", principled or "prevention"
    money = 1e8 if money is None else money
    with naming("--parts"):
        named = checked_parts(chosen, full, policy, principled)
    with naming("--money"):
        if not 0.0 < money <= 1e12:
            raise ValueError(f"{money:g} is not allowed: above 0, at most 1e12 US$ a year")
    with naming("--set"):
        check_switched(named, full, principled)
    tell_notes(full, list(dict.fromkeys((policy, principled))) if "principles" in named else [policy])
    total = runs_of(named, full, runs)
    cost = state_cost(full, (policy,), years or full.years, threads, (total, total))
    if dry_run:
        tell_dry(cost, as_json)
        return
    with doing(total, not as_json, out) as advance:
        found = look(
            full, policy, principled, named, money, runs, seed, years, discount, threads, out, advance, uncertainty
        )
    finish(out, lambda folder: write_marginal(found, folder))
    if as_json:
        typer.echo(json.dumps(found.summary(), allow_nan=False))
        return
    _show(found)
    if out is not None:
        typer.echo(f"\nWritten to {out}: {files_in(out)}.")
        what_next(["report", out], "one page of it")


def _refuse_idle(parts: list[str] | None, given: dict[str, object]) -> None:
    """Refuse an option of parts that are not asked for: it would be passed over."""
    from r2psim.analysis.marginal import PARTS

    fund = ("forms", "stages")
    of = {"--policy": (*fund, "kinds"), "--principled": ("principles",), "--money": fund, "--discount": fund}
    for option, needed in of.items():
        if given[option] is not None and parts and set(parts) <= set(PARTS) - set(needed):
            raise ValueError(f"{', '.join(parts)}: {option} {given[option]} is of {', '.join(needed)} alone")


def _show(found: Marginal) -> None:
    """Print a table of each part, what does most first."""
    from rich.table import Table

    from r2psim.analysis.findings import money
    from r2psim.analysis.marginal import PARTS
    from r2psim.analysis.published_returns import carried
    from r2psim.analysis.study_words import change_cells

    console = terminal.console(118)
    console.print(found.title, style="bold")
    console.print(
        f"{found.runs} runs of {found.years} years of each world, seed {found.seed}; in brackets 95 % intervals; "
        f"{carried(found.uncertainty)}\n"
    )
    for part in dict.fromkeys(change.part for change in found.changes):
        fund = part in ("forms", "stages")
        table = Table("", "fewer killed", "US$ more", box=None, pad_edge=False, title=PARTS[part], title_justify="left")
        if fund:
            table.add_column("fewer killed for US$ 1 bn", justify="right")
        changes: list[Change] = sorted(found.of(part), key=lambda c: -(c.lives.mean if c.lives else 0.0))
        for change in [*changes, *([found.whole[part]] if part in found.whole else [])]:
            table.add_row(change.name, *change_cells(change.row(), fund))
        console.print(table)
        console.print()
    asked = {change.part for change in found.changes}
    if asked & {"forms", "stages"}:
        console.print(f"A fund has {money(found.money)} a year beside {found.policy}.")
    if "kinds" in asked:
        console.print(f"Kinds of state: under {found.policy}.")
    if "principles" in asked:
        console.print(f"Principles: those of {found.principled}.")
    console.print("A model's world: it explains mechanisms, it forecasts no country.")
