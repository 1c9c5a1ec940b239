"""The parts of a report that hold the model against the record: trials, rows, targets, onsets that followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from typing import TYPE_CHECKING, Any

from r2psim.analysis.calibration.report import number
from r2psim.analysis.calibration.targets import VERDICTS as TARGET_VERDICTS
from r2psim.analysis.panel_words import compared
from r2psim.analysis.panel_words import told as panel_lines
from r2psim.analysis.row_effects import VERDICTS as ROW_VERDICTS
from r2psim.analysis.row_effects import Effect
from r2psim.analysis.row_report import cells, facts
from r2psim.analysis.rows import RowResult, RowTable, read_rows
from r2psim.analysis.study_words import calibration_cells, hindcast_lines, ratio_words, share_words
from r2psim.reports.cost import ONE_WORLD
from r2psim.reports.parts import Part, Table, capital

if TYPE_CHECKING:
    from r2psim.reports.kinds import Opened

__all__ = ["across_part", "hindcast_part", "panel_hindcast_part", "rows_part", "trials_part", "validation_part"]

SHOWN = 12
"""Rows that a sentence names."""


# -- trials ------------------------------------------------------------------------------------------------------------


def trials_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim trials --out``."""
    found = opened.json("trials.json")
    rows: list[dict[str, Any]] = found["trials"]
    bad = [row for row in rows if row["verdict"] in ("weaker", "stronger", "opposite", "disagrees")]
    open_ = [row for row in rows if row["verdict"] in ("not told apart", "no answer")]
    met = found["numeric_overlapping"] + found["directions_agreeing"]
    heads = ("trial", "estimand", "verdict", "published", "simulated", "reached", "at work", "entries")
    cells_ = [
        (
            f"{row['trial']}{'' if row['use'] == 'fit' else ' *'}\n{row['question']}",
            row["estimand"],
            row["verdict"],
            ratio_words(row, "published"),
            ratio_words(row, "simulated"),
            share_words(row["reached"]),
            share_words(row["at_work"]),
            f"{row['entries']:,}",
        )
        for row in rows
    ]
    return Part(
        kind="trials",
        name=opened.name,
        title="Published estimates of what assistance does, run on the model",
        question="Does assistance do in the model what causal studies find that it does?",
        world=[
            ("scenario", found["scenario"]),
            ("policy beside the trial", found["policy"]),
            ("runs", f"{found['runs']:,} pairs of each trial, {found['years']} years each, seed {found['seed']}"),
        ],
        headline=f"{found['numeric_overlapping']} of {found['numeric']} published sizes overlap with what the model "
        f"says, both with 95 % intervals and the published ones widened by the bias of their design; "
        f"{found['directions_agreeing']} of {found['directions']} published directions are met.",
        null=[
            "A ratio of 1 is no effect: a trial whose simulated interval holds 1 does not tell one. These counts are "
            f"of trials that effects were fitted to ({met} of {found['numeric'] + found['directions']} met); those "
            "marked with * were never fitted."
        ],
        fails=[
            f"{row['trial']} ({row['question']}): {row['verdict']}; published {ratio_words(row, 'published')}, "
            f"simulated {ratio_words(row, 'simulated')}."
            for row in bad
        ],
        unknown=[
            *(f"{row['trial']}: {row['verdict']}, simulated {ratio_words(row, 'simulated')}." for row in open_),
            "Studies are of some places and years; that they hold elsewhere is assumed.",
        ],
        tables=[
            Table(
                "Ratios of the treated to the others, with 95 % intervals. Reached: mean share of the catalogue's "
                "effect that arrived; at work: share of the months in which at least half of it did. *: never fitted.",
                heads,
                cells_,
                5,
            )
        ],
        figures=opened.figures(
            (
                "forest.png",
                "A forest plot: for each trial the published ratio above and the simulated one below it, as points "
                "with intervals, beside a line at 1; the table has the numbers.",
                "Published and simulated ratios; left of 1 is less.",
            )
        ),
        notes=[f"- {verdict}: {found['verdicts'][verdict]}" for verdict in dict.fromkeys(r["verdict"] for r in rows)],
        again=opened.again(),
    )


# -- rows --------------------------------------------------------------------------------------------------------------


def rows_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim rows --out``."""
    found = opened.json("rows.json")
    known = read_rows()
    table = RowTable(
        tuple(
            RowResult(
                known[row["id"]],
                row["verdict"],
                row["found"],
                tuple(Effect(**effect) for effect in row["effects"]),
                tuple(row["missing"]),
            )
            for row in found["rows"]
        ),
        found["runs"],
        found["seed"],
        found["null"],
    )
    counts = table.counts
    good = [verdict for verdict in ("works", "holds") if verdict in counts]
    some = [result for result in table.results if result.verdict in ("part", "explained")]
    rest = "; ".join(f"{verdict} {count}" for verdict, count in counts.items() if verdict not in good)
    total = len(table.results)
    headline = (
        f"All effects of assistance were taken away: {sum(counts.get(v, 0) for v in good)} of {total} rows still work "
        "or hold; what works here is no assistance, and whatever else moves is chance."
        if table.null
        else f"{sum(counts.get(v, 0) for v in good)} of {total} rows work or hold{f'; {rest}' if rest else ''}. A row "
        "works where its effects are told apart from nothing by 95 % intervals."
    )
    return Part(
        kind="rows",
        name=opened.name,
        title="What the mission names, row by row",
        question="Does each thing that the mission names do in the model what is said of it?",
        world=[("runs", f"{table.runs:,} pairs of runs of each experiment, fewer of a large world, seed {table.seed}")],
        headline=headline,
        null=[
            f"{table.tests} effects are told: of as many that are nothing about {0.05 * table.tests:.0f} would be told "
            "apart by chance, half of them against. rows --null takes all effects of assistance away.",
        ],
        fails=[
            f"{capital(verdict)} ({ROW_VERDICTS[verdict]}): {len(mine)} of {total}: {_some(mine)}."
            for verdict in ("broken", "wrong way", "decoration", "missing")
            if (mine := [result.row.id for result in table.results if result.verdict == verdict])
        ],
        unknown=[
            *(
                f"{result.row.id}: {result.verdict}"
                + (f"; {result.row.explained.rstrip('.')}" if result.verdict == "explained" else "")
                + "."
                for result in some
            ),
            ONE_WORLD,
        ],
        tables=[
            Table(
                "Each row with the effects that say most: mean paired differences under the same luck.",
                ("row", "in", "experiment", "what it acts on", "outcome", "verdict"),
                [
                    (f"{result.row.id}\n{result.row.words}", result.row.section, result.row.experiment, *cells(result),
                     result.verdict)
                    for result in table.results
                ],
            )
        ],
        notes=[*facts(table), *(f"- {name}: {words}" for name, words in ROW_VERDICTS.items() if name in counts)],
        again=opened.again(),
    )  # fmt: skip


def _some(names: Sequence[str]) -> str:
    """List names, not more than a few of them."""
    left = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {left} more, as the table says" if left > 0 else "")


# -- targets -----------------------------------------------------------------------------------------------------------


def _value(found: float | None) -> str:
    return number(nan if found is None else found)


def validation_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim validate --out``."""
    found = opened.json("validation.json")
    targets: dict[str, dict[str, Any]] = found["targets"]
    return Part(
        kind="validate",
        name=opened.name,
        title=f"The scenario {found['scenario']} beside the record",
        question="Does the world, as it is, look like the record that it was held against?",
        world=_validated(found),
        headline=_inside(found),
        null=_TARGETS_NULL,
        fails=_outside(targets),
        unknown=_untold(targets),
        tables=[_targets(targets, "Targets: the simulated value, 90 % of single runs, the record, and the band.")],
        figures=opened.figures(*_VALIDATION_FIGURES),
        notes=[f"- {name}: {target['definition']}." for name, target in targets.items()],
        again=opened.again(),
    )


_TARGETS_NULL = [
    "Rates are fitted to targets of this kind, so that a value inside its band is no proof: it says that the world is "
    "not contradicted there. Patterns were not fitted, most of them.",
]

_VALIDATION_FIGURES = (
    (
        "targets.png",
        "A row for each target: the simulated value with the range of runs beside the accepted band; the table of "
        "targets has the numbers.",
        "Targets with their bands.",
    ),
    (
        "patterns.png",
        "Patterns of the simulated world beside those of the record, most of them not fitted.",
        "Patterns beside the record, most of them not fitted.",
    ),
)


def _validated(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("scenario", found["scenario"]),
        ("policy", found["policy"]),
        ("runs", f"{found['runs']:,} of {found['years']} years, seed {found['seed']}"),
        ("uncertainty", found["uncertainty"]),
    ]


def _inside(found: Mapping[str, Any]) -> str:
    counts = found["verdicts"]
    return (
        f"{counts['inside']} of {len(found['targets'])} targets lie inside their accepted band; the 90 % interval of "
        f"single runs of another {counts['overlaps']} overlaps it; {counts['outside']} lie outside."
    )


def _outside(targets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        f"{capital(target['quantity'])}: {_value(target['value'])} ({' to '.join(map(_value, target['interval']))} in "
        f"90 % of runs), accepted {' to '.join(map(_value, target['band']))}: {target['verdict']}."
        for target in targets.values()
        if target["verdict"] in ("outside", "overlaps")
    ]


def _untold(targets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        *(
            f"{capital(target['quantity'])}: {TARGET_VERDICTS['unknown']}."
            for target in targets.values()
            if target["verdict"] == "unknown"
        ),
        "Targets are few, and of the past; what no target is of is not held against anything.",
    ]


def _targets(targets: Mapping[str, Mapping[str, Any]], caption: str) -> Table:
    rows = [
        (
            f"{name}\n{target['quantity']}",
            _value(target["value"]),
            " to ".join(map(_value, target["interval"])),
            _value(target["target"]),
            " to ".join(map(_value, target["band"])),
            target["verdict"],
        )
        for name, target in targets.items()
    ]
    return Table(caption, ("target", "simulated", "90 % of runs", "record", "accepted", "verdict"), rows, 5)


def across_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim validate --out`` of several worlds."""
    found = opened.json("across.json")
    worlds: dict[str, dict[str, Any]] = found["worlds"]
    one = next(iter(worlds.values()))
    rows = [
        (name, *(str(told["verdicts"][verdict]) for verdict in TARGET_VERDICTS), ", ".join(_missed(told)) or "none")
        for name, told in worlds.items()
    ]
    return Part(
        kind="validate",
        name=opened.name,
        title=f"{len(worlds)} worlds beside the record",
        question="Do all of these worlds look like the record that they were held against?",
        world=[("worlds", ", ".join(worlds)), *_validated(one)[1:]],
        headline=f"At least {found['least_inside']} of {len(one['targets'])} targets lie inside their accepted band in "
        f"each of {len(worlds)} worlds (by values over all runs; 90 % intervals of single runs are in the tables).",
        null=_TARGETS_NULL,
        fails=[f"{name}: {', '.join(_missed(told))}." for name, told in worlds.items() if _missed(told)],
        unknown=_untold({}),
        tables=[
            Table("Targets by verdict in each world.", ("world", *TARGET_VERDICTS, "not inside"), rows),
            *(_targets(told["targets"], f"Targets in {name}.") for name, told in worlds.items()),
        ],
        figures=opened.figures(
            *(
                (f"world-{k}/{file}", alt, f"{name}: {caption}")
                for k, name in enumerate(worlds, 1)
                for file, alt, caption in _VALIDATION_FIGURES
            )
        ),
        again=opened.again(),
    )


def _missed(told: Mapping[str, Any]) -> Sequence[str]:
    return [
        f"{name} {_value(target['value'])}" + (" (outside)" if target["verdict"] == "outside" else "")
        for name, target in told["targets"].items()
        if target["verdict"] != "inside"
    ]


# -- onsets that followed ----------------------------------------------------------------------------------------------


def hindcast_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim hindcast --out``; no state is named, and none has a number."""
    found = opened.json("hindcast.json")
    lines = hindcast_lines(found)
    first, last = found["window"]
    heads = ("class of probability", "states", "expected", "observed", "95 % interval of observed", "onsets")
    apart = found["auc"] is not None and found["auc_95"][0] > 0.5
    return Part(
        kind="hindcast",
        name=opened.name,
        title=f"A past world held against the onsets of {first} to {last}",
        question="Does the model tell apart, in a past world, states in which an atrocity began from those where none "
        "did?",
        world=[
            ("scenario", found["scenario"]),
            ("policy", found["policy"]),
            ("runs", f"{found['runs']:,}, seed {found['seed']}; {found['states']} states"),
            ("purpose", found["purpose"]),
        ],
        headline=lines[2] + ("" if apart else " Not told apart from chance."),
        null=[
            "AUC 0.5, and a recall of 20 % among 20 % of states, are chance; a skill of 0 is the observed share for "
            "every state."
        ],
        verdict=[line for k, line in enumerate(lines) if k not in (0, 2)],
        fails=[]
        if found["brier_skill"] is None or found["brier_skill"] > 0.0
        else [f"Probabilities are worse than the observed share for every state: skill {found['brier_skill']:+.2f}."],
        unknown=[f"{note.rstrip('.')}." for note in found["notes"]],
        tables=[
            Table(
                "Do the probabilities mean what they say? States by class of probability.",
                heads,
                calibration_cells(found),
                5,
            )
        ],
        figures=opened.figures(
            (
                "hindcast.png",
                "How well probabilities tell onsets apart, and whether they mean what they say; no state is named. The "
                "table has the numbers.",
                "Skill and calibration of the hindcast.",
            )
        ),
        notes=lines,
        again=opened.again(),
    )


def panel_hindcast_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim hindcast --panel --out``; no state is named, and none has a number."""
    found = opened.json("panel-hindcast.json")
    lines = panel_lines(found)
    apart = found["auc"] is not None and found["auc_95"] is not None and found["auc_95"][0] > 0.5
    heads = ("class of probability", "state-windows", "expected", "observed", "95 % interval of observed", "onsets")
    return Part(
        kind="hindcast",
        name=opened.name,
        title="Past worlds held against the onsets that followed, window by window",
        question="Does the model tell apart, in past worlds, states in which an atrocity began from those where none "
        "did, as well as other forecasts of the same states and windows?",
        world=[
            ("policy", found["policy"]),
            ("runs", f"{found['runs']:,} of each window, {found['draws']} draws of its start, seed {found['seed']}"),
            ("purpose", found["purpose"]),
        ],
        headline=f"{lines[3]}" + ("" if apart else " Not told apart from chance."),
        null=["AUC 0.5, and a recall of 20 % among 20 % of states, are chance."],
        verdict=[line for k, line in enumerate(lines) if k not in (1, 3)] + compared(found),
        fails=_panel_fails(found),
        unknown=[lines[1], *(f"{note.rstrip('.')}." for note in found["notes"])],
        tables=[
            Table(
                "Do the probabilities mean what they say? State-windows by class of probability.",
                heads,
                calibration_cells(found),
                5,
            )
        ],
        figures=opened.figures(
            (
                "hindcast.png",
                "How well probabilities tell onsets apart beside other forecasts, and whether they mean what they say; "
                "no state is named. The table has the numbers.",
                "Skill and calibration, windows pooled.",
            )
        ),
        notes=lines,
        again=opened.again(),
    )


def _panel_fails(found: Mapping[str, Any]) -> list[str]:
    """Say in what the probabilities are told to be wrong."""
    said = []
    for name, right, what in (
        ("expected_over_observed", 1.0, "The level is not that of the record: expected over observed onsets"),
        ("calibration_slope", 1.0, "Probabilities are not spread as they should be: calibration slope"),
    ):
        value, interval = found[name], found[f"{name}_95"]
        if value is not None and interval is not None and not interval[0] <= right <= interval[1]:
            said.append(f"{what} {value:.2f} ({interval[0]:.2f} to {interval[1]:.2f}), where {right:g} is right.")
    return said
