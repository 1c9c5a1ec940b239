"""Results as tables for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from r2psim.analysis.summary import date, percent
from r2psim.world.history import History
from r2psim.world.tables import STAGES

__all__ = ["run_summary"]

MANY_STATES = 30
MOST_EVENTS = 8


def _money(dollars: float) -> str:
    """Write US dollars so that the size is seen at once.

    Examples
    --------
    >>> _money(2.5e9), _money(4e6), _money(12.0)
    ('US$ 2.5 bn', 'US$ 4 m', 'US$ 12')
    """
    for size, unit in ((1e12, " trn"), (1e9, " bn"), (1e6, " m")):
        if abs(dollars) >= size:
            return f"US$ {dollars / size:.3g}{unit}"
    return f"US$ {dollars:,.0f}"


def run_summary(history: History, summary: dict[str, Any]) -> None:
    """Print what happened in a run: totals, months by stage, the states that got worst, the onsets."""
    console = Console(highlight=False)
    console.print(f"[bold]{history.title}[/bold]")
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
        f"onsets of atrocity {summary['onsets']}, killed {summary['deaths']:,}, displaced {summary['displaced']:,}, "
        f"GDP lost {_money(summary['gdp_lost'])}"
    )
    _states(console, history)
    found = [e for e in history.events if e.kind == "stage" and e.after == STAGES[4]]
    for event in found[:MOST_EVENTS]:
        name = history.world.names[event.group or ""]
        place = history.world.names[event.state]
        console.print(f"  {date(event.month)}: atrocity against {name} in {place} (--explain {event.group})")
    if len(found) > MOST_EVENTS:
        console.print(f"  ... and {len(found) - MOST_EVENTS} more")
    console.print(f"digest {history.sha256[:16]}  An invented world: it explains mechanisms, it forecasts no country.")


def _states(console: Console, history: History) -> None:
    """Print a line for each state; in a large world, for those that reached imminent risk."""
    stage = history.state["stage"]
    worst = stage.max(axis=0).astype(int)
    small = len(worst) <= MANY_STATES
    chosen = [s for s in range(len(worst)) if small or worst[s] >= 3]
    if not chosen:
        return
    table = Table("state", "worst stage", "at the end", "killed", "displaced", box=None, pad_edge=False)
    for s in sorted(chosen, key=lambda s: -history.state["deaths"][-1, s])[:MANY_STATES]:
        table.add_row(
            history.world.names[history.world.states[s]],
            STAGES[worst[s]],
            STAGES[int(stage[-1, s])],
            f"{int(history.state['deaths'][-1, s]):,}",
            f"{int(history.state['displaced'][-1, s]):,}",
        )
    console.print(table)
