"""The part of a report that tells of portfolios: what a search found, or what random ones do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from r2psim.analysis.optimise_report import gain_words, shares_words
from r2psim.analysis.portfolio_runs import BILL, KILLED, OBJECTIVES
from r2psim.analysis.published_returns import carried
from r2psim.ensemble.intervals import Interval
from r2psim.reports.cost import ONE_WORLD, carries_words
from r2psim.reports.parts import Part, Table, capital

if TYPE_CHECKING:
    from r2psim.reports.kinds import Opened

__all__ = ["optimise_part"]

SHORT = {
    KILLED: "fewer killed",
    "episodes": "fewer episodes",
    BILL: "saved of the donors' bill",
    "gdp_lost": "GDP kept",
}
"""What a gain in an outcome is, in a sentence or a caption."""

NULL = (
    "With all effects of assistance at none no portfolio saves a life or an episode, exactly, and none costs less than "
    "no assistance: a property of the model that its tests hold, and no result of these runs."
)


def optimise_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim optimise --out``."""
    found = opened.json("optimise.json")
    return _random(opened, found) if "portfolios" in found else _searched(opened, found)


def _gain(row: Mapping[str, Any], name: str) -> str:
    """Write a gain with its interval."""
    mean, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    return gain_words(row["outcome"], None if mean is None else Interval(mean, low, high))


def _world(found: Mapping[str, Any], *rows: tuple[str, str]) -> list[tuple[str, str]]:
    return [
        ("scenario", found["scenario"]),
        ("money is divided over", ", ".join(found["over"])),
        ("all else as in", found["base"]),
        ("told against", found["baseline"]),
        *rows,
        ("not known", carried(found["uncertainty"])),
    ]


def _gains(found: Mapping[str, Any], rows: list[dict[str, Any]]) -> list[Table]:
    """Make a table of each outcome: what a policy gains in the search, and on fresh luck."""
    made = []
    for metric, what in SHORT.items():
        of = [row for row in rows if row["outcome"] == metric]
        avoided = metric == BILL
        heads: tuple[str, ...] = ("policy", "in the search", "on fresh luck", "flattered by")
        cells = [
            (row["policy"], _gain(row, "search"), _gain(row, "fresh"), _gain(row, "curse") if row["found"] else "")
            + ((_gain(row, "avoided"),) if avoided else ())
            for row in of
        ]
        caption = f"{capital(what)}, against {found['baseline']}: means of a run with 95 % intervals."
        if avoided:
            heads = (*heads, "harm avoided saves")
            caption += " On the right what null twins do not save."
        made.append(Table(caption, heads, cells, len(heads) - 1))
    return made


def _shares(found: Mapping[str, Any], names: list[str]) -> Table:
    rows = [(name, shares_words(found["shares"][name])) for name in names]
    return Table("How the portfolios divide the money: their largest shares.", ("portfolio", "shares"), rows)


def _searched(opened: Opened, found: Mapping[str, Any]) -> Part:
    rows: list[dict[str, Any]] = found["found"]
    own = list(dict.fromkeys(row["policy"] for row in rows if row["found"]))
    first, base, baseline = own[0], found["base"], found["baseline"]
    lead = next(row for row in rows if row["policy"] == first and row["outcome"] == found["objectives"][0])
    better = {metric: found["told_apart_from_base"].get(metric, []) for metric in OBJECTIVES}
    apart = first in better.get(lead["outcome"], [])
    fresh = f"{found['fresh_runs']:,} runs of fresh luck (seed {found['fresh_seed']})"
    return Part(
        kind="optimise",
        name=opened.name,
        title=f"Which division of the same money does better than {base}",
        question=f"Is there a division of the same money over {', '.join(found['over'])} that does better than "
        f"{base}, judged on luck that the search has not seen?",
        world=_world(
            found,
            (
                "search",
                f"{found['population']} portfolios x {found['generations']} generations ({found['algorithm']}), "
                f"{found['runs']} runs of {found['years']} years each, seed {found['seed']}; by {found['robust']}",
            ),
            ("judged again", f"{len(own)} portfolios, {fresh}; {found['runs_simulated']:,} runs simulated in all"),
        ),
        headline=f"{capital(first)}, which the search puts first: {SHORT[lead['outcome']]}, told against {base} "
        f"on fresh luck: {_gain(lead, 'beside_base')} a run (95 % interval)"
        + ("." if apart else ": not told apart from nothing."),
        null=[
            NULL,
            f"The search's own luck flatters: {first} has {SHORT[lead['outcome']]} against {baseline} by "
            f"{_gain(lead, 'search')} in the search, by {_gain(lead, 'fresh')} on fresh luck; the difference is "
            f"{_gain(lead, 'curse')}.",
        ],
        verdict=[
            f"Told better than {base} on fresh luck in {SHORT[metric]}: {', '.join(names)}."
            for metric, names in better.items()
            if names
        ],
        fails=[
            f"No portfolio is told better than {base} in {SHORT[metric]}."
            for metric, names in better.items()
            if not names
        ],
        unknown=[
            f"{len(own)} portfolios are judged: by chance alone {0.025 * len(own):.2g} would be told better in an "
            "outcome.",
            "A front out of so many tries is what this search came upon, not the best there is.",
            carries_words(found["uncertainty"]),
            ONE_WORLD,
        ],
        figure=opened.figure(
            "optimise.png",
            "Policies as points: fewer killed to one side, the donors' bill to the other, with intervals on both; "
            "portfolios that were found and the policies that ship; the tables have the numbers.",
            f"Lives against money on fresh luck, gains over {baseline} (95 %).",
        ),
        tables=[
            *_gains(found, rows),
            _shares(found, own),
        ],
        again=opened.again(),
    )  # fmt: skip


def _random(opened: Opened, found: Mapping[str, Any]) -> Part:
    n, baseline = found["portfolios"], found["baseline"]
    again = found["better_in_the_mean"]
    lives, bill = (
        gain_words(axis, None if (gain := found["mean_portfolio"][axis]) is None else Interval(*gain))
        for axis in (KILLED, BILL)
    )
    return Part(
        kind="optimise",
        name=opened.name,
        title=f"Do random divisions of the money beat {baseline} in lives and money at once?",
        question=f"Of {n} random divisions of the same money, how many have fewer killed and a smaller bill than "
        f"{baseline}?",
        world=_world(
            found,
            ("runs", f"{found['runs']:,} of {found['years']} years each, seed {found['seed']}; {found['fresh_runs']:,} "
             f"on fresh luck, seed {found['fresh_seed']}, of those better on both in the mean"),
        ),
        headline=f"Told better than {baseline} on both axes (95 %): {found['told_better_on_both']} of {n} random "
        f"divisions; by chance alone at most {found['by_chance_at_most']:.2g}.",
        null=[NULL],
        verdict=[
            f"Better on both in the mean: {found['better_in_the_mean']} of {n}"
            + (
                f"; on fresh luck {found['better_in_the_mean_again']} of these {again} again, "
                f"{found['told_better_on_both_again']} of them told better (by chance alone at most "
                f"{found['by_chance_at_most_again']:.2g})."
                if again
                else "."
            ),
            f"The mean portfolio: fewer killed {lives}; saved of the bill {bill} (95 %).",
        ],
        fails=[f"Told worse than {baseline} in {SHORT[axis]}: {count} of {n}."
               for axis, count in found["told_worse"].items() if count],
        unknown=[carries_words(found["uncertainty"]), ONE_WORLD],
        figure=opened.figure(
            "optimise.png",
            f"Random portfolios as points: fewer killed against what they save of the bill, beside {baseline}.",
            f"Random divisions against {baseline}, means of a run.",
        ),
        tables=[_shares(found, list(found["shares"])[:20])],
        again=opened.again(),
    )  # fmt: skip
