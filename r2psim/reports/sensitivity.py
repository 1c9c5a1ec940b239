"""The parts of a report that tell what outcomes depend on: sensitivity, discovery, the value of information."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from r2psim.analysis.batch_progress import amount
from r2psim.analysis.discovery_report import number, share
from r2psim.analysis.findings import METRIC_NAMES
from r2psim.analysis.sensitivity import Outcome
from r2psim.analysis.sensitivity_indices import Share
from r2psim.analysis.sensitivity_report import ENOUGH, file_name, share_words
from r2psim.analysis.study_words import worth_cells
from r2psim.reports.cost import ONE_WORLD
from r2psim.reports.parts import Figure, Part, Table, capital

if TYPE_CHECKING:
    from r2psim.reports.kinds import Opened

__all__ = ["discovery_part", "information_part", "sensitivity_part"]

SHOWN = 12
"""Factors of an outcome that a table shows, of differences between policies, or where there are none of all."""
FEW = 5
"""The same of each policy by itself."""
_NONE = "no factor's total index is told apart from nothing (95 %)."


def _share(row: Mapping[str, Any], name: str) -> Share | None:
    """Read a share with its interval."""
    value, low, high = (row.get(f"{name}{end}") for end in ("", "_low", "_high"))
    return None if value is None or low is None or high is None else Share(value, low, high)


def _name(one: Mapping[str, Any]) -> str:
    """Name an outcome for reading: with the policy, or the difference between two."""
    name = _outcome(one).name.removeprefix(one["metric"])
    return METRIC_NAMES[one["metric"]][0] + name if one["metric"] in METRIC_NAMES else one["metric"] + name


def _outcome(one: Mapping[str, Any]) -> Outcome:
    return Outcome(one["metric"], one["policy"], one["baseline"])


# -- sensitivity -------------------------------------------------------------------------------------------------------


def sensitivity_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim sensitivity --out``."""
    found = opened.json("sensitivity.json")
    outcomes: list[dict[str, Any]] = found["outcomes"]
    key = ("metric", "policy", "baseline")
    indices = {
        tuple(one[k] for k in key): [row for row in found["indices"] if all(row[k] == one[k] for k in key)]
        for one in outcomes
    }
    morris = found["method"] == "morris"
    order = "mu_star" if morris else "total"
    ranked = {of: sorted(rows, key=lambda row: -(row[order] or 0.0)) for of, rows in indices.items()}
    told = [one for one in outcomes if one["baseline"] is not None] or outcomes
    widest = found.get("widest_half_interval_of_a_total")
    factors = found["factors"]
    sentences = [_depends(one, ranked[tuple(one[k] for k in key)], morris) for one in told]
    telling = next((k for k, sentence in enumerate(sentences) if not sentence.endswith(_NONE)), None)
    if telling is None and len(told) > 1:
        headline = f"In none of {len(told)} outcomes is the total index of any factor told apart from nothing (95 %)."
    else:
        headline = sentences.pop(telling or 0)
    luck = [one for one in told if (of := _share(one, "luck")) is not None and of.low > 0.5]
    unknown = []
    if widest is not None:
        unknown.append(
            f"Total indices are known to +-{widest:.3f} or better"
            + ("." if widest <= ENOUGH else f", some worse than +-{ENOUGH:g}: more rows tell more.")
        )
    if morris:
        unknown.append("Elementary effects say what matters little; they are no shares of the variance.")
    if found["replicates"] < 2:
        unknown.append("With one run at each point luck is not told apart from what parameters do together.")
    unknown += [f"What is not among the {len(factors)} factors was not varied.", ONE_WORLD]
    what = "the difference between policies" if found["baseline"] is not None else "outcomes"
    return Part(
        kind="sensitivity",
        name=opened.name,
        title=f"What {what} depends on" if found["baseline"] is not None else "What outcomes depend on",
        question=f"What is {what} sensitive to, and how much of it is luck?"
        if found["baseline"] is not None
        else "What are outcomes sensitive to, and how much of them is luck?",
        world=[
            ("scenario", found["scenario"]),
            ("policies", ", ".join(found["policies"])),
            ("method", found["method"]),
            (
                "runs",
                f"{found['runs']:,}: {found['rows']:,} {'trajectories' if morris else 'rows'}, {found['replicates']} "
                f"with other luck at each point, {found['years']} years each, seed {found['seed']}",
            ),
            (
                "what varies",
                f"{len(factors)} factors of {sum(map(len, factors.values()))} parameters; rates: {found['rates']}",
            ),
        ],
        headline=headline,
        null=[
            "A factor that does nothing has an index of nothing, with an interval on both sides of it: of "
            f"{len(factors)} such factors about {0.05 * len(factors):.0f} would seem to matter by chance (95 %).",
            *(_luck(one) for one in told[:1] if _share(one, "luck") is not None),
        ],
        verdict=sentences,
        fails=[
            f"In {len(luck)} of {len(told)} outcomes more than half of what differs between runs is luck, which no "
            "knowledge of parameters removes"
            + (f": {'; '.join(_name(one) for one in luck)}." if len(luck) < len(told) else ".")
        ]
        if luck
        else [],
        unknown=unknown,
        tables=[
            _factors(one, ranked[tuple(one[k] for k in key)], morris, SHOWN if one in told else FEW) for one in outcomes
        ],
        figures=_sensitivity_figures(opened, told),
        again=opened.again(),
    )


def _luck(one: Mapping[str, Any]) -> str:
    return f"{_name(one)}: luck has {share_words(_share(one, 'luck'))} of the variance of a run."


def _depends(one: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], morris: bool) -> str:
    """Say what an outcome depends on most, of what is told apart from nothing."""
    name = capital(_name(one))
    if one["nothing_varies"] or not rows:
        return f"{name}: nothing varies."
    if morris:
        first = rows[0]
        if first["mu_star"] is None:
            return f"{name}: nothing varies."
        limits = f"{amount(first['mu_star'])} ({amount(first['mu_star_low'])} to {amount(first['mu_star_high'])})"
        return f"{name}: most is moved by {first['factor']}, {limits} in the mean (95 % interval, luck included)."
    apart = [row for row in rows if (total := _share(row, "total")) is not None and total.low > 0.0]
    if not apart:
        return f"{name}: {_NONE}"
    listed = ", ".join(f"{row['factor']} {share_words(_share(row, 'total'))}" for row in apart[:3])
    return f"{name} depends most on {listed}: total indices, shares of the variance of a run (95 % intervals)."


def _factors(one: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], morris: bool, shown: int) -> Table:
    """Give the factors of an outcome that matter most."""
    unit = "" if one["unit"] == "1" else f" {one['unit']}"
    left = len(rows) - shown
    caption = (
        f"{capital(_name(one))}: mean {amount(one['mean'])}{unit}, standard deviation {amount(one['sd'])}; "
        f"with 95 % intervals{f'; {left} more factors are in sensitivity.csv' if left > 0 else ''}."
    )
    if morris:
        made = []
        for row in rows[:shown]:
            if row["mu_star"] is not None:
                star = f"{amount(row['mu_star'])} ({amount(row['mu_star_low'])} to {amount(row['mu_star_high'])})"
                made.append((row["factor"], star, amount(row["strength"]), amount(row["sigma"])))
        return Table(caption, ("factor", "mean absolute effect", "without luck", "sigma"), made, 3)
    names = ("first", "total", "total_of_mean")
    made = [(row["factor"], *(share_words(_share(row, name)) for name in names)) for row in rows[:shown]]
    return Table(caption, ("factor", "first-order", "total", "total, of the mean over luck"), made, 3)


def _sensitivity_figures(opened: Opened, told: Sequence[Mapping[str, Any]]) -> list[Figure]:
    return opened.figures(
        *(
            (
                f"{file_name(_outcome(one).name)}.png",
                f"A bar or point for each factor of {_name(one)}, the largest first, with intervals; the table "
                "of that outcome has the numbers.",
                f"What {_name(one)} depends on.",
            )
            for one in told
        )
    )


# -- discovery ---------------------------------------------------------------------------------------------------------


def discovery_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim discover --out``."""
    found = opened.json("discovery.json")
    regions: list[dict[str, Any]] = found["regions"]
    units = {axis["path"]: axis["unit"] for axis in found["axes"]}
    boxes = [region for region in regions if region["region"] == "box" and region["told"]]
    if found["nothing_varies"]:
        headline = f"Nothing varies: {found['condition']} is the same at all {found['points']:,} points."
    elif boxes:
        first = boxes[0]
        headline = (
            f"{found['condition']} is met at {_density(first)} of the points where {_where(first, units)}, against "
            f"{share(found['base_rate'])} of all; on points that the search had not seen (95 % interval)."
        )
    else:
        headline = (
            f"No region of the parameters is told in which {found['condition']} is met more often than elsewhere: "
            f"{share(found['base_rate'])} of all fresh points meet it, and no box is denser by more than chance."
        )
    coverage = sum(region["fresh"]["coverage"] or 0.0 for region in boxes)
    fails = [
        f"{capital(region['region'])} {region['number']} ({_where(region, units)}): above the base rate by no more "
        "than chance."
        for region in regions
        if region["region"] == "box" and not region["told"]
    ]
    rows = [
        (
            f"{region['region']} {region['number']}\n{_where(region, units)}",
            _density(region),
            share(region["fresh"]["coverage"]),
            share(region["fresh"]["mass"]),
            share(region["searched"]["density"]),
            "yes" if region["told"] else "no",
        )
        for region in regions
    ]
    heads = ("region", "density", "coverage", "mass", "density where it was found", "above chance")
    return Part(
        kind="discover",
        name=opened.name,
        title=f"Where {found['condition']}",
        question=f"Where, among the parameters that were varied, is this met: {found['condition']}?",
        world=[
            ("scenario", found["scenario"]),
            (
                "points",
                f"{found['points']:,}, of which {found['hits']:,} meet it; {found['searched']:,} searched, "
                f"{found['tested']:,} kept for the test, split by seed {found['seed']}",
            ),
            ("a point is", f"{found['runs']}, with its luck"),
            ("searched over", f"{len(found['axes'])} parameters"),
        ],
        headline=headline,
        null=[
            f"The base rate: {share(found['base_rate'])} of all fresh points meet the condition, whatever the "
            "parameters. A region is told only where it is denser on fresh points by more than chance.",
        ],
        fails=fails,
        unknown=[
            f"The boxes told hold {share(coverage)} of the points that meet it; the rest lies elsewhere."
            if boxes
            else "Whether more points, or more runs at each, would show a region.",
            "Luck is in every point: with few runs at each it hides what parameters do.",
            *found["notes"],
        ],
        tables=[
            Table(
                "Regions, judged on fresh points: density is the share of points in a region that meet the condition "
                "(95 % interval), coverage the share of those that meet it, mass the share of all.",
                heads,
                rows,
                5,
            )
        ]
        if rows
        else [],
        figures=opened.figures(
            (
                "discovery.png",
                "What the search found: how dense and how covering regions are, and which parameters they restrict; "
                "where nothing is told it says so. The table of regions has the numbers.",
                "Regions that were found, and how they fare on fresh points.",
            )
        ),
        notes=opened.text("discovery.txt").splitlines(),
        again=opened.again(),
    )


def _where(region: Mapping[str, Any], units: Mapping[str, str]) -> str:
    told = []
    for limit in region["limits"]:
        path, low, high = limit["path"], limit["low"], limit["high"]
        unit = units.get(path, "")
        if low is None and high is not None:
            told.append(f"{path} is below {number(high, unit)}")
        elif high is None and low is not None:
            told.append(f"{path} is above {number(low, unit)}")
        elif low is not None and high is not None:
            told.append(f"{path} is {number(low)} to {number(high, unit)}")
    return " and ".join(told) or "nothing is restricted"


def _density(region: Mapping[str, Any]) -> str:
    fresh = region["fresh"]
    if fresh["density"] is None:
        return "no fresh points"
    low, high = share(fresh["density_low"]).removesuffix(" %"), share(fresh["density_high"])
    return f"{share(fresh['density'])} ({low} to {high})"


# -- value of information ----------------------------------------------------------------------------------------------


def information_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim value-of-information --out``."""
    found = opened.json("value-of-information.json")
    whole, groups = found["everything"], found["groups"]
    told = [row for row in groups if row["told_apart"]]
    unit, outcome = found["unit"], found["outcome"]
    means = ", ".join(f"{policy} {mean:,.4g}" for policy, mean in found["means"].items())

    def worth(row: Mapping[str, Any]) -> str:
        _, _, value, noise, _ = worth_cells(row)
        return f"{value} {unit} a run, where chance alone gives up to {noise}"

    if told:
        most = max(told, key=lambda row: row["value"])
        headline = f"Most worth knowing before choosing: {most['group']}, {worth(most)} (95 %)."
    elif whole["told_apart"]:
        headline = f"To know everything would be worth {worth(whole)} (95 %); no one group is told apart from chance."
    else:
        headline = (
            f"Nothing is told to be worth knowing before choosing between {', '.join(found['policies'])}: to know "
            f"everything, {worth(whole)} (95 %)."
        )
    open_ = len(groups) - len(told)
    return Part(
        kind="value-of-information",
        name=opened.name,
        title=f"What would be worth knowing, for {outcome}",
        question=f"Which of the things not known would most change the choice between {', '.join(found['policies'])}?",
        world=[
            ("scenario", found["scenario"]),
            ("runs", f"{found['runs']:,}, each with a draw of its own, seed {found['seed']}"),
            ("mean of a run", f"{outcome} ({unit}): {means}"),
            ("without knowing more", f"{found['best']} is the better choice"),
        ],
        headline=headline,
        null=[
            "Noise is what the same estimate gives in 95 % of cases where nothing can be learnt. Of "
            f"{len(groups)} groups that are worth nothing about {0.05 * len(groups):.0f} would lie above it.",
        ],
        fails=[f"{open_} of {len(groups)} groups are not told apart from noise."] if open_ else [],
        unknown=["Only what is drawn can be known here: functional forms are not.", ONE_WORLD],
        tables=[
            Table(
                "By how much the outcome would be lower on average if one knew before choosing; the largest first. An "
                "estimate has no interval here: it stands beside what chance alone gives (noise, 95 %).",
                ("what would be known", "parameters", f"worth ({unit})", "noise", "verdict"),
                [worth_cells(row) for row in (whole, *groups)],
                4,
            )
        ],
        again=opened.again(),
    )
