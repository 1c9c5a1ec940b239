"""Results as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from r2psim import terminal
from r2psim.analysis.comparison import Comparison, spreads
from r2psim.analysis.findings import METRIC_NAMES, findings, money
from r2psim.analysis.published_returns import published_lines
from r2psim.analysis.summary import date, percent
from r2psim.declarations.columns import STAGES
from r2psim.terminal import styled
from r2psim.world.history import History

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["comparison_table", "run_summary", "spread_words"]

MANY_STATES = 30
MOST_EVENTS = 8
HEAD = 23
CELL = 17
"""Characters at least of the column of metrics, and of a policy's column: as wide as most ranges."""


def run_summary(history: History, summary: dict[str, Any]) -> None:
    """Print what happened in a run: totals, months by stage, the states that got worst, entries into atrocity.

    Where names are those of real countries no state and no group is named: a list of one run's events would read as a
    forecast.
    """
    console = terminal.console()
    console.print(history.title, style="bold")
    console.print(
        f"policy {history.policy}, seed {history.seed}, run {history.run}, {history.months} months, "
        f"{summary['states']} states, {summary['groups']} groups"
    )
    total = sum(summary["state_months"])
    table = Table("stage", "state-months", "share", box=None, pad_edge=False)
    for name, months in zip(STAGES, summary["state_months"], strict=True):
        table.add_row(name, f"{months:,}", percent(months / total))
    console.print(table)
    console.print(
        f"episodes of atrocity {summary['episodes']}, entries of groups into it {summary['atrocity_entries']}, "
        f"killed {summary['deaths']:,}, displaced {summary['displaced']:,}, "
        f"GDP lost {money(summary['gdp_lost'])}"
    )
    console.print(
        f"of the displaced: expelled {summary['expelled']:,} (campaigns of expulsion {summary['expulsions']}), "
        f"women {summary['displaced_women']:,}, children {summary['displaced_children']:,}"
    )
    console.print(
        f"persecuted {summary['persecuted_months'] / 12.0:,.0f} person-years, civilians killed in armed conflict "
        f"outside of atrocities {summary['war_crimes']:,}"
    )
    missions = summary["missions"]
    if missions["months_under_mandate"]:
        console.print(
            f"missions: {missions['months_under_mandate']:,} state-months under a mandate, extended "
            f"{missions['mandates_extended']} times; at most {missions['most_troops']:,} troops, "
            f"{missions['most_police']:,} police, {missions['most_civilians']:,} civilians; peacekeepers delivered "
            f"{missions['delivered']:.0%} of what the catalogue says"
        )
    if not history.real_names:
        _states(console, history)
        _entries(console, history)
    else:
        worst = history.state["stage"].max(axis=0)
        reached = ", ".join(f"{int((worst == k).sum())} {name}" for k, name in enumerate(STAGES))
        console.print(f"worst stage of states: {reached}")
        console.print("The names are those of real countries: what happens in one run is told in sums, not by name.")
    console.print(f"digest {history.sha256[:16]}  A model's world: it explains mechanisms, it forecasts no country.")


def _entries(console: Console, history: History) -> None:
    """Print a line for each of the first entries of groups into atrocity."""
    found = [e for e in history.events if e.kind == "stage" and e.after == STAGES[4]]
    for event in found[:MOST_EVENTS]:
        name = history.world.names[event.group or ""]
        place = history.world.names[event.state]
        console.print(f"  {date(event.month)}: atrocity against {name} in {place} (--explain {event.group})")
    if len(found) > MOST_EVENTS:
        console.print(f"  ... and {len(found) - MOST_EVENTS} more")


def _states(console: Console, history: History) -> None:
    """Print a line for each state; in a large world, for those that reached imminent risk."""
    stage = history.state["stage"]
    worst = stage.max(axis=0).astype(int)
    small = len(worst) <= MANY_STATES
    chosen = [s for s in range(len(worst)) if small or worst[s] >= 3]
    if not chosen:
        return
    heads = ("state", "worst stage", "at the end", "killed", "displaced", "expelled", "killed in conflict")
    table = Table(*heads, box=None, pad_edge=False)
    for s in sorted(chosen, key=lambda s: -history.state["deaths"][-1, s])[:MANY_STATES]:
        table.add_row(
            history.world.names[history.world.states[s]],
            STAGES[worst[s]],
            STAGES[int(stage[-1, s])],
            f"{int(history.state['deaths'][-1, s]):,}",
            *(f"{int(history.state[name][-1, s]):,}" for name in ("displaced", "expelled", "war_crimes")),
        )
    console.print(table)


def comparison_table(comparison: Comparison) -> None:
    """Print harm and money of each policy, mean and range of 90 % of its runs, then each one against the baseline."""
    console = terminal.console()
    console.print(comparison.title, style="bold", markup=False)
    console.print(
        f"scenario {comparison.scenario}, {comparison.runs} runs of {comparison.months} months under each policy, "
        f"seed {comparison.seed}; the same luck for every policy; each is told against {comparison.baseline}\n"
    )
    for table in _side_by_side(comparison, console):
        console.print(table)
    console.print("Means of a run; below them, in brackets, 90 % of the runs.\n", style="dim")
    for line in findings(comparison):
        console.print(line, markup=False)
    if comparison.others and not comparison.no_effects:
        console.print()
        console.print(_who(comparison))
        console.print(
            f"Better off against {comparison.baseline}, US$ a run, means; in brackets 95 % intervals; below 0: worse",
            style="dim",
        )
    if comparison.uncertainty != "none":
        console.print()
        for policy in comparison.others:
            for line in published_lines(comparison, policy):
                console.print(line, markup=False)
    console.print("\nA model's world: it explains mechanisms, it forecasts no country.")


def _who(comparison: Comparison) -> Table:
    """Make a table of who pays and who gains: donors, host states, the states themselves."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("better off by", "donors", "host states", "the states"):
        table.add_column(name, justify="left" if name == "better off by" else "right")
    for policy in comparison.others:
        cells = []
        for found in comparison.who(policy).values():
            mean, low, high = (found[end] for end in ("mean", "low", "high"))
            limits = "" if low is None or high is None else f"\n({money(low)} to {money(high)})"
            cells.append(styled("" if mean is None else money(mean), ("" if mean is None else limits, "dim")))
        table.add_row(_name(policy), *cells)
    return table


def _side_by_side(comparison: Comparison, console: Console) -> Iterator[Table]:
    """Give tables of as many policies each as a line of the terminal holds whole, at least one."""
    left, unbounded = comparison.policies, console.options.update(width=1_000)
    while left:
        for count in range(len(left), 0, -1):
            table = _policies(comparison, left[:count])
            if count == 1 or console.measure(table, options=unbounded).maximum <= console.width:
                break
        yield table
        left = left[count:]


def _policies(comparison: Comparison, policies: Sequence[str]) -> Table:
    """Make a table with a column for each of some policies."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("a run", no_wrap=True, min_width=HEAD)
    for policy in policies:
        table.add_column(_name(policy), justify="right", no_wrap=True, min_width=CELL)
    summary = {policy: spreads(comparison, policy) for policy in policies}
    for metric, (name, note) in METRIC_NAMES.items():
        cells = [_cell(summary[policy][metric]) for policy in policies]
        table.add_row(styled(name, (f"\n{note}", "dim")), *cells)
    return table


def _name(policy: str) -> str:
    """Break the name of a policy at its hyphens where it is wider than a column."""
    return "\n".join(wrap(policy, CELL))


def _cell(spread: dict[str, float | None]) -> Text:
    """Write a mean and, below it, the range of 90 % of the runs."""
    mean, limits = spread_words(spread)
    return styled(mean, (f"\n{limits}" if limits else "", "dim"))


def spread_words(spread: dict[str, float | None]) -> tuple[str, str]:
    """Write a mean and, apart from it, the range of 90 % of the runs in brackets; nothing where no run has a value.

    Parameters
    ----------
    spread : dict
        As `r2psim.analysis.comparison.spreads` gives it of a metric.

    Examples
    --------
    >>> spread_words({"mean": 14_400.0, "q05": 0.0, "q95": 76_123.0})
    ('14,400', '(0 to 76,000)')
    """
    mean, low, high = spread["mean"], spread["q05"], spread["q95"]
    if mean is None or low is None or high is None:
        return "no run has one", ""
    size, unit = _unit(max(abs(low), abs(high)))
    limits = f"{_figures(low / size, 2)} to {_figures(high / size, 2)}{unit}"
    size, unit = _unit(mean)
    return f"{_figures(mean / size, 3)}{unit}", f"({limits})"


def _unit(number: float) -> tuple[float, str]:
    """Give the unit in which a number is short.

    Examples
    --------
    >>> _unit(1.5e9), _unit(999_999.0), _unit(-43.2)
    ((1000000000.0, ' bn'), (1000000.0, ' m'), (1.0, ''))
    """
    rounded = abs(float(f"{number:.3g}"))
    return next(((s, u) for s, u in ((1e12, " trn"), (1e9, " bn"), (1e6, " m")) if rounded >= s), (1.0, ""))


def _figures(number: float, figures: int) -> str:
    """Write a number with so many figures that tell something.

    Examples
    --------
    >>> _figures(234_567.0, 2), _figures(0.315, 3), _figures(-43.2, 2), _figures(0.0004, 2)
    ('230,000', '0.315', '-43', '0.0004')
    """
    rounded = float(f"{number:.{figures}g}") + 0.0
    return f"{rounded:,.0f}" if abs(rounded) >= 100.0 else f"{rounded:.{figures}g}"
