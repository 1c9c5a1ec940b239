"""The part of a report that tells of a batch: every policy at every point of a design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from r2psim.analysis.batch_progress import amount
from r2psim.analysis.findings import METRIC_NAMES, ranged
from r2psim.analysis.study_words import NOT_ESTIMATED
from r2psim.ensemble.batch.stored_batch import Batch
from r2psim.ensemble.intervals import Interval, paired_interval
from r2psim.ensemble.store import OutputError
from r2psim.reports.cost import LUCK_ALONE, ONE_WORLD
from r2psim.reports.parts import Part, Table, capital
from r2psim.terminal import command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from r2psim.reports.kinds import Opened

__all__ = ["batch_part"]

MOST_POINTS = 60
"""Points that a table shows; of more, those where the difference is most and least."""
EFFECTS = "assistance.effect_scale"


def batch_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim batch --out``.

    Raises
    ------
    OutputError
        If the batch is unfinished, or parts of it are damaged or missing.
    """
    batch = Batch(opened.path)
    batch.demand(batch.verify())
    if not batch.complete:
        share = batch.done / max(batch.plan.total, 1)
        go_on = command(["r2psim", *batch.provenance.get("command", [])[1:]])
        raise OutputError(f"{opened.path}: is unfinished, {share:.0%} done; go on with: {go_on}")
    experiment = batch.experiment
    found = batch.headline()
    failed = batch.failed
    points, policies = batch.plan.points, batch.policies
    if found is None:
        headline = f"One policy ran, {policies[0]}: there is no difference to tell."
        told: list[tuple[int, Interval | None]] = []
    else:
        watched, estimate = found
        headline = _headline(watched.metric, watched.policies, estimate, points)
        told = _by_point(batch, watched.metric, watched.policies)
    apart = [(point, interval) for point, interval in told if interval is not None and interval.told_apart]
    better = sum(interval.mean < 0.0 for _, interval in apart)
    worse = len(apart) - better
    fails = [f"Point {point} failed: {error}" for point, error in sorted(failed.items())]
    unknown = [f"{capital(note)}." for note in batch.notes()]
    if (stopped := batch.manifest.stopped) is not None:
        unknown.append(
            f"It was ended by its stopping rule after {stopped.runs:,} runs of every point: an interval that is looked "
            "at until it is narrow is a little too narrow."
        )
    if found is not None:
        name = _named(found[0].metric)
        verdict = [
            f"Of {len(told)} points {better} are told apart with less or fewer ({name}) and {worse} with more, by 95 % "
            f"intervals of each point; {len(told) - len(apart)} are not told apart. Of as many points without any "
            f"difference about {0.05 * len(told):.0f} would be told apart by chance."
        ]
        if worse:
            fails.insert(0, f"At {worse} of {len(told)} points there is more, told apart (95 %).")
    else:
        verdict = []
    return Part(
        kind="batch",
        name=opened.name,
        title=experiment["title"],
        question=_question(experiment),
        world=[
            ("world", experiment["scenario"]["title"]),
            ("design", f"{experiment['design']['kind']}, {points:,} points"),
            (
                "runs",
                f"{batch.plan.runs:,} at each point under each of {', '.join(policies)}, seed "
                f"{batch.provenance['seed']}; the same luck at every point",
            ),
            ("varied", ", ".join(batch.factors)),
        ],
        headline=headline,
        null=_null(batch, told),
        verdict=verdict,
        fails=fails,
        unknown=[
            *unknown,
            "Whether harm avoided or money withheld made a difference in money: a batch runs no null twins.",
            LUCK_ALONE,
            ONE_WORLD,
        ],
        tables=[] if found is None else [_points(batch, found[0].metric, found[0].policies, told)],
        again=opened.again(),
    )


def _question(experiment: dict[str, Any]) -> str:
    """Give what the file says that it asks, as a sentence."""
    text = " ".join(str(experiment["description"] or experiment["title"]).split())
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _named(metric: str) -> str:
    return METRIC_NAMES[metric][0] if metric in METRIC_NAMES else metric


def _difference(metric: str, interval: Interval | None) -> str:
    if interval is None:
        return NOT_ESTIMATED
    if metric in METRIC_NAMES:
        more, limits = ranged(metric, interval)
        return f"{more} ({limits})"
    if interval.low is None or interval.high is None:
        return amount(interval.mean)
    return f"{amount(interval.mean)} (95 %: {amount(interval.low)} to {amount(interval.high)})"


def _headline(metric: str, policies: Sequence[str], estimate: Interval | None, points: int) -> str:
    lead = f"{capital(policies[0])} instead of {policies[1]}, over {points:,} points: {_named(metric)}"
    if estimate is None:
        return f"{lead}: {NOT_ESTIMATED}."
    if not estimate.told_apart:
        return f"{lead} cannot be told apart from no difference in the mean over points ({_limits(metric, estimate)})."
    return f"{lead} {_difference(metric, estimate)} a run, in the mean over points; interval over runs."


def _limits(metric: str, estimate: Interval) -> str:
    return ranged(metric, estimate)[1] if metric in METRIC_NAMES else _difference(metric, estimate)


def _by_point(batch: Batch, metric: str, policies: Sequence[str]) -> list[tuple[int, Interval | None]]:
    """Give the paired difference of each point that was run."""
    rows = batch.to_arrow("runs", columns=[metric], factors=False)
    point, policy = rows["point"].to_numpy(), np.array(rows["policy"].to_pylist(), dtype=object)
    values = rows[metric].to_numpy().astype(float)
    found = []
    for each in np.unique(point):
        first, second = (values[(point == each) & (policy == name)] for name in policies)
        if len(first) == len(second) and len(first):
            found.append((int(each), paired_interval(first - second)))
    return found


def _null(batch: Batch, told: Sequence[tuple[int, Interval | None]]) -> list[str]:
    """Tell what points show at which assistance has no effect, or that there are none."""
    if EFFECTS in batch.factors:
        without = [(point, interval) for point, interval in told if batch.values(point).get(EFFECTS) == 0.0]
        if without:
            metric = str(batch.experiment["headline"]["metric"])
            return [
                f"Point {point}, with all effects at none: {_difference(metric, interval)}."
                for point, interval in without
            ]
    return [
        "No null line: a batch runs no null twins, and no point of this one has all effects of assistance at none. "
        "compare tells one; so does a batch in which assistance.effect_scale takes the value 0."
    ]


def _points(batch: Batch, metric: str, policies: Sequence[str], told: Sequence[tuple[int, Interval | None]]) -> Table:
    ranked = sorted(told, key=lambda each: -np.inf if each[1] is None else each[1].mean)
    some = len(ranked) > MOST_POINTS
    half = MOST_POINTS // 2
    shown = [*ranked[:half], *ranked[-half:]] if some else sorted(told)
    rows = []
    for point, interval in shown:
        values = batch.values(point)
        verdict = "told apart" if interval is not None and interval.told_apart else "not told apart"
        rows.append((str(point), *(_set(values.get(path)) for path in batch.factors), _difference(metric, interval),
                     verdict))  # fmt: skip
    which = f"the {half} points where it is least and the {half} where it is most" if some else "every point"
    caption = (
        f"{capital(_named(metric))}, {policies[0]} minus {policies[1]}, a run, with 95 % interval: {which}. Empty: as "
        "the scenario has it."
    )
    return Table(caption, ("point", *batch.factors, "difference", "verdict"), rows, len(batch.factors) + 2)


def _set(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
