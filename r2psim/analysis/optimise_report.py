"""What a search for portfolios found, and what random ones do, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from r2psim.analysis.findings import count, money
from r2psim.analysis.portfolio_runs import BILL, KILLED, OBJECTIVES
from r2psim.analysis.portfolios import COMMON
from r2psim.analysis.random_portfolios import AXES, BY_CHANCE
from r2psim.analysis.robust import CRITERIA
from r2psim.analysis.study_words import interval_words

if TYPE_CHECKING:
    from r2psim.analysis.optimise import Optimised
    from r2psim.analysis.out_of_sample import Judged
    from r2psim.analysis.random_portfolios import RandomPortfolios
    from r2psim.ensemble.intervals import Interval

__all__ = ["amount_of", "gain_words", "of_fresh", "of_lucks", "of_random", "of_search", "shares_words", "verdicts"]

_MOST = 3
_LEAST = 0.02


def amount_of(metric: str, value: float) -> str:
    """Write an amount of an outcome."""
    return count(value) if metric in (KILLED, "episodes") else money(value).replace("US$ ", "$")


def gain_words(metric: str, gain: Interval | None) -> str:
    """Write a gain in an outcome with its interval."""
    return "-" if gain is None else interval_words(*gain, lambda value: amount_of(metric, value))


def shares_words(shares: dict[str, dict[str, float]], most: int = _MOST) -> str:
    """Say how a portfolio divides the money: its largest shares.

    Examples
    --------
    >>> shares_words({"stages": {"risk": 0.5, "common": 0.49, "threat": 0.01}, "reserve": {"reserve": 0.25}})
    'stages risk 50 %, not earmarked 49 %; reserve 25 %'
    """
    found = []
    for over, parts in shares.items():
        if over == "reserve":
            found.append(f"reserve {100.0 * parts[over]:.0f} %")
            continue
        largest = sorted(parts.items(), key=lambda item: -item[1])[:most]
        named = [
            f"{'not earmarked' if key == COMMON else key} {100.0 * share:.0f} %"
            for key, share in largest
            if share >= _LEAST
        ]
        found.append(f"{over} {', '.join(named)}")
    return "; ".join(found)


def verdicts(found: Optimised) -> list[str]:
    """Say what is told better on fresh luck than the base and the baseline, and how often chance would say so."""
    tried = len(found.found)
    said = []
    for other, beside in ((found.base, True), (found.baseline, False)):
        if not beside and found.base == found.baseline:
            continue
        better = {metric: found.told_apart(metric, beside) for metric in OBJECTIVES}
        words = "; ".join(f"{metric} {', '.join(names) if names else 'none'}" for metric, names in better.items())
        said.append(f"Told better than {other} on fresh luck: {words}.")
    said.append(
        f"By chance alone {BY_CHANCE * tried:.2g} of {tried} would be told better in an outcome; the one that the "
        f"search puts first in {found.objectives[0]}, {found.found[0].name}, is a single verdict."
    )
    return said


def of_search(found: Optimised) -> Iterator[str]:
    """Tell a search, line by line, but for its table."""
    plan = found.plan
    yield (
        f"{plan.population} portfolios x {plan.generations} generations by {found.algorithm}, {plan.runs} runs of "
        f"{found.years} years of each, seed {found.seed}; {len(found.found)} of {found.front} on the front judged "
        f"again, {plan.fresh_runs} runs, seed {found.fresh_seed}"
    )
    if found.robust.uncertainty != "none":
        yield f"Drawn: {found.robust.uncertainty}. Judged by {CRITERIA[found.robust.criterion]}."
    yield f"Gains over {found.baseline}; portfolios have all but the division of money from {found.base}"


def of_lucks(policy: Judged, metric: str) -> list[str]:
    """Give the cells of a row: name, an outcome in the search, on fresh luck, and by how much the search flattered."""
    gain = policy.gains[metric]
    search, fresh, curse = (gain_words(metric, interval) for interval in gain)
    return [policy.name, search, fresh, curse if policy.found else ""]


def of_fresh(policy: Judged) -> list[str]:
    """Give the cells of a row: name, and on fresh luck episodes, bill, what of it harm avoided saves, GDP."""
    cells = {
        "episodes": policy.gains["episodes"].fresh,
        BILL: policy.gains[BILL].fresh,
        "avoided": policy.avoided,
        "gdp_lost": policy.gains["gdp_lost"].fresh,
    }
    return [policy.name, *(gain_words(key, gain) for key, gain in cells.items())]


def of_random(found: RandomPortfolios) -> list[str]:
    """Tell random portfolios, line by line."""
    n = len(found.allocations)

    def share(which: str) -> str:
        part = found.share(which)
        if part is None or part.low is None or part.high is None:
            return "-"
        return f"{100.0 * part.mean:.0f} % ({100.0 * part.low:.0f} to {100.0 * part.high:.0f})"

    lives, bill = (gain_words(axis, found.mean[axis]) for axis in AXES)
    lines = [
        f"{n} random divisions of the same money over {', '.join(found.over)}, all else as in {found.base}, against "
        f"{found.baseline}: {found.runs} runs of {found.years} years, seed {found.seed}",
        f"  better on both axes in the mean, lives and the donors' bill: {len(found.leading)} of {n}, {share('leads')}",
        f"  told better on both axes: {len(found.better)} of {n}, {share('better')}; by chance alone at most "
        f"{BY_CHANCE * n:.2g}",
    ]
    if found.leading:
        again = sum(one.leads_again for one in found.leading)
        lines.append(
            f"  the {len(found.leading)} that are so in the mean, on fresh luck, {found.fresh_runs} runs, seed "
            f"{found.fresh_seed}: {again} again in the mean, {len(found.better_again)} told better on both axes; by "
            f"chance alone at most {BY_CHANCE * len(found.leading):.2g}"
        )
        withheld = sum(one.withheld.mean for one in found.leading if one.withheld is not None)
        saved = sum(gain.mean for one in found.leading if (gain := one.again.get(BILL)) is not None)
        lines.append(
            f"  of the {money(saved / len(found.leading))} that they save of the bill there in the mean, "
            f"{money(withheld / len(found.leading))} is not given whatever the harm (null twins)"
        )
    for axis in AXES:
        lines.append(f"  {OBJECTIVES[axis]}: told better {found.told(axis)}, told worse {found.told(axis, -1)}, of {n}")
    lines.append(f"  the mean portfolio, one verdict each: fewer killed {lives}; saved of the bill {bill}")
    return lines
