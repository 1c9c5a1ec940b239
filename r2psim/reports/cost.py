"""The parts of a report that tell of the cost argument: break-evens, further dollars, the worth of warning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from r2psim.analysis.break_even_study import LEDGER_NAMES
from r2psim.analysis.findings import count, money
from r2psim.analysis.marginal import PARTS
from r2psim.analysis.published_returns import carried
from r2psim.analysis.study_words import change_cells, interval_words, sight_cells, threshold_words
from r2psim.ensemble.intervals import Interval
from r2psim.markup import uncapital
from r2psim.reports.parts import Part, Table, capital

if TYPE_CHECKING:
    from r2psim.reports.kinds import Opened

__all__ = ["LUCK_ALONE", "ONE_WORLD", "break_even_part", "carries_words", "marginal_part", "warning_part"]

LUCK_ALONE = f"The intervals hold luck alone: {carried('none')}."
ONE_WORLD = "It is one invented world; another one has other numbers, and perhaps another sign."


def carries_words(uncertainty: str) -> str:
    """Say what intervals carry beside luck, as a sentence."""
    return LUCK_ALONE if uncertainty == "none" else f"{capital(carried(uncertainty))}."


def _interval(row: Mapping[str, Any], name: str) -> Interval | None:
    mean, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    return None if mean is None else Interval(mean, low, high)


# -- break-even --------------------------------------------------------------------------------------------------------


def break_even_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim break-even --out``."""
    found = opened.json("break-even.json")
    axes = found["over"]
    along = " and ".join(uncapital(axis["words"]) for axis in axes)
    ledgers: dict[str, Any] = found["ledgers"]
    policy, baseline = found["policy"], found["baseline"]
    first = "all" if "all" in ledgers else next(iter(ledgers))
    figure = opened.figure(
        "break-even.png",
        f"{'A map' if len(axes) == 2 else 'A curve'} for each ledger over {along}: where {policy} pays, where it does "
        "not, and hatched where that cannot be told; the table of break-evens has the numbers.",
        f"Where {policy} pays over {along}; hatched: not told apart (95 %).",
    )
    carries = found["uncertainty"]
    fails, unknown = (
        [f"{lead} {listed} of the range."] if (listed := _shares(ledgers, kind)) else []
        for lead, kind in (("Does not pay:", "does not pay"), ("Not told apart:", "not told apart"))
    )
    if not found["refined_as_far_as_asked"]:
        unknown.append("Some places could be refined further: --places allows more.")
    unknown += [carries_words(carries), ONE_WORLD]
    return Part(
        kind="break-even",
        name=opened.name,
        title=f"Where {policy} pays, over {' and '.join(axis['name'] for axis in axes)}",
        question=f"Does {policy} pay, told against {baseline}, and how does that depend on this: {along}?",
        world=[
            ("scenario", found["scenario"]),
            *((axis["name"], _axis(axis)) for axis in axes),
            (
                "runs",
                f"{found['places']} places, {found['runs_at_first']} runs at first and {found['runs_near_a_line']} "
                f"near a break-even, {found['years']} years each, seed {found['seed']}; "
                f"{found['runs_simulated']:,} runs simulated, null twins included",
            ),
            ("discount rate", f"{100.0 * found['discount']:g} % a year"),
            ("not known", carried(carries)),
        ],
        headline=f"{capital(ledgers[first]['sentence'])}. Between the two values the sign is not told (95 %)."
        if ledgers[first]["break_evens"]
        else f"{capital(ledgers[first]['sentence'])} (95 %).",
        null=[
            "Only harm avoided counts, told against null twins at every place: with all effects at none nothing is "
            "avoided, and prevention loses what it costs.",
            *_at_none(found, axes),
        ],
        verdict=[f"{capital(told['sentence'])}." for name, told in ledgers.items() if name != first],
        fails=fails,
        unknown=unknown,
        figure=figure,
        tables=[_break_evens(found, axes), _places(found, axes)],
        again=opened.again(),
    )


def _shares(ledgers: Mapping[str, Any], kind: str) -> str:
    """List the ledgers in which something is told of a part of the range, with how much of it."""
    shares = {ledger: told["share_of_the_range"][kind] for ledger, told in ledgers.items()}
    return "; ".join(f"{LEDGER_NAMES[name]} on {100.0 * share:.0f} %" for name, share in shares.items() if share > 0.0)


def _axis(axis: Mapping[str, Any]) -> str:
    now = axis["scenario_has"]
    has = "" if now is None else f"; the world has {now:g}"
    unit = "" if axis["unit"] in ("1", "0-1", "ratio", "factor") else f" {axis['unit']}"
    return f"{axis['words']}, {axis['low']:g} to {axis['high']:g}{unit}{has}"


def _at_none(found: Mapping[str, Any], axes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Tell what was seen where the effect of assistance is none, if that is on the way."""
    if [axis["name"] for axis in axes] != ["effect"]:
        return []
    rows = [row for row in found["places_looked_at"] if row["effect"] == 0.0]
    told = "; ".join(f"{LEDGER_NAMES[row['ledger']]}: {row['verdict']}" for row in rows)
    return [f"Seen at an effect of 0: {told}."] if told else []


def _break_evens(found: Mapping[str, Any], axes: Sequence[Mapping[str, Any]]) -> Table:
    second = axes[1]["name"] if len(axes) == 2 else None
    rows = []
    for ledger, told in found["ledgers"].items():
        for line in told["break_evens"]:
            low, high = line["between"]
            about = "more than one" if line["estimate"] is None else f"{line['estimate']:.3g}"
            where = () if second is None else (f"{line[second]:.3g}",)
            rows.append((LEDGER_NAMES[ledger], *where, f"{low:.3g} to {high:.3g}", about, line["pays"]))
        if not told["break_evens"]:
            where = () if second is None else ("",)
            rows.append((LEDGER_NAMES[ledger], *where, "none in the range", "", ""))
    heads = ("ledger", *([] if second is None else [f"at {second}"]), "between", "about", "pays")
    caption = (
        f"Break-evens along {axes[0]['name']}. Between the nearest values on either side that are told apart from "
        "nothing (95 %), with opposite signs."
    )
    return Table(caption, heads, rows, len(heads) - 1)


def _places(found: Mapping[str, Any], axes: Sequence[Mapping[str, Any]]) -> Table:
    names = [axis["name"] for axis in axes]

    def gained(row: Mapping[str, Any]) -> str:
        return interval_words(row["mean"], row["low"], row["high"], count if row["ledger"] == "lives" else money)

    looked = sorted(found["places_looked_at"], key=lambda row: [list(found["ledgers"]).index(row["ledger"])]
                    + [row[name] for name in names])  # fmt: skip
    rows = [
        (LEDGER_NAMES[row["ledger"]], *(f"{row[name]:.3g}" for name in names), f"{row['runs']:,}", gained(row),
         row["verdict"])
        for row in looked
    ]  # fmt: skip
    caption = "Every place that was looked at: what harm avoided saved less further prevention, a run (95 % interval)."
    return Table(caption, ("ledger", *names, "runs", "net gain", "verdict"), rows, len(names) + 3)


# -- marginal ----------------------------------------------------------------------------------------------------------

_FUNDS = ("forms", "stages")


def marginal_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim marginal --out``."""
    found = opened.json("marginal.json")
    rows: list[dict[str, Any]] = found["found"]
    parts = list(dict.fromkeys(row["part"] for row in rows))
    told = [row for row in rows if (lives := _interval(row, "lives")) is not None and lives.told_apart]
    harm = [row for row in told if row["lives"] < 0.0]
    open_ = [row for row in rows if row not in told]
    figure = opened.figure(
        "marginal.png",
        "A row for each thing that was looked at: how many fewer are killed, as a point with its interval, beside a "
        "line at nothing; the tables have the numbers.",
        "How many fewer are killed, with 95 % intervals.",
    )
    tables = []
    for part in parts:
        fund = part in _FUNDS
        mine = [(row["name"], *change_cells(row, fund)) for row in rows if row["part"] == part]
        heads = ("", "fewer killed", "US$ more", *(["fewer killed for US$ 1 bn"] if fund else []))
        tables.append(Table(f"{capital(PARTS[part])}: a run, with 95 % intervals.", heads, mine, len(heads) - 1))
    return Part(
        kind="marginal",
        name=opened.name,
        title="What a further dollar does",
        question=f"What does each of these do, one by one: {'; '.join(PARTS[part] for part in parts)}?",
        world=[
            ("scenario", found["scenario"]),
            ("beside", f"{found['policy']}; principles are those of {found['principled']}"),
            ("a further fund", f"{money(found['money_a_year'])} a year"),
            (
                "runs",
                f"{found['runs']:,} of each world, {found['years']} years each, seed {found['seed']}; "
                f"{found['runs_simulated']:,} runs simulated",
            ),
            ("discount rate", f"{100.0 * found['discount']:g} % a year"),
        ],
        headline=_most(rows, told),
        null=[
            "Each is held against the same world without it, under the same luck: without the money, or with the "
            "switch as it was, nothing differs. With all effects of assistance at none nobody is saved.",
            f"{len(rows)} things are told with 95 % intervals: of as many that do nothing about {0.05 * len(rows):.0f} "
            "would be told apart by chance.",
        ],
        fails=[f"{row['name']}: {change_cells(row, False)[0]} fewer killed: more are." for row in harm],
        unknown=[
            f"{len(open_)} of {len(rows)} are not told apart from nothing in lives at {found['runs']:,} runs of each "
            "world; the tables have them.",
            carries_words(found["uncertainty"]),
            ONE_WORLD,
        ],
        figure=figure,
        tables=tables,
        again=opened.again(),
    )


def _most(rows: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]]) -> str:
    """Say which of a fund's uses saves most for a dollar, or else what saves most; or that nothing is told apart."""

    def apart(row: Mapping[str, Any]) -> bool:
        lives = _interval(row, "lives_a_billion")
        return lives is not None and lives.told_apart and lives.mean > 0.0

    funds = [row for row in rows if row["part"] in _FUNDS and apart(row)]
    chosen = "It is the largest of several and chosen after looking, so that it is likely too large"
    if funds:
        best = max(funds, key=lambda row: row["lives_a_billion"])
        words = interval_words(*(best[f"lives_a_billion{end}"] for end in ("", "_low", "_high")))
        return (
            f"Most for a further US$ 1 bn of those told apart: {best['name']}, {words} fewer killed (95 % interval). "
            f"{chosen}."
        )
    saving = [row for row in told if row["lives"] > 0.0]
    if saving:
        best = max(saving, key=lambda row: row["lives"])
        words = change_cells(best, False)[0]
        return f"Most of those told apart: {best['name']}, {words} fewer killed (95 % interval). {chosen}."
    return "Nothing that was looked at is told apart from saving nobody (95 % intervals)."


# -- warning -----------------------------------------------------------------------------------------------------------


def warning_part(opened: Opened) -> Part:
    """Make the part of a directory of ``r2psim warning --out``."""
    found = opened.json("warning.json")
    sights: list[dict[str, Any]] = found["sights"]
    none, *others = sights
    told = [row for row in others if (saved := _interval(row, "fewer_killed")) is not None and saved.told_apart]
    model = next((row for row in others if row["sight"] == "the model's errors"), others[-1])
    cells = sight_cells(model)
    apart = "" if model in told else ": not told apart from none"
    harm = [row for row in told if row["fewer_killed"] < 0.0]
    return Part(
        kind="warning",
        name=opened.name,
        title=f"What warning is worth under {found['policy']}",
        question="What is warning worth at a fixed budget: in lives, false alarms, misses and money spent in vain?",
        world=[
            ("scenario", found["scenario"]),
            ("policy", found["policy"]),
            (
                "runs",
                f"{found['runs']:,} of each sight, {found['years']} years each, seed {found['seed']}; "
                f"{found['runs_simulated']:,} runs simulated, null twins included",
            ),
            ("a true warning", f"an atrocity comes within {found['months_ahead']} months"),
        ],
        headline=f"With {model['sight']} (AUC {cells[1]}) instead of no information: {cells[2]} fewer killed a run "
        f"(95 % interval){apart}.",
        null=[
            f"Without information AUC is {sight_cells(none)[1]} (0.5 is chance), and {sight_cells(none)[6]} of the "
            "money for prevention goes where nothing would have come.",
            "With all effects of assistance at none warning is worth exactly nothing: a property of the model that its "
            "tests hold, and no result of these runs.",
        ],
        verdict=[
            f"{row['sight']}: AUC {sight_cells(row)[1]}, {sight_cells(row)[2]} fewer killed a run."
            for row in others
            if row is not model
        ],
        fails=[f"{capital(row['sight'])}: {sight_cells(row)[2]} fewer killed: more are." for row in harm]
        + [f"With {model['sight']} {cells[4]} false alarms a run, and {cells[6]} of the money in vain."],
        unknown=[
            f"{len(others) - len(told)} of {len(others)} qualities of warning are not told apart from no information "
            f"in lives at {found['runs']:,} runs.",
            carries_words(found["uncertainty"]),
            ONE_WORLD,
        ],
        figure=opened.figure(
            "warning.png",
            "Curves over the skill of warning: fewer killed with intervals, false alarms and misses, and the share of "
            "money in vain; the table has the numbers.",
            "Lives, alarms and money against the skill of warning.",
        ),
        tables=[
            Table(
                "Each quality of warning, means of a run; fewer killed than without information, with 95 % interval. "
                "Money in vain: spent on prevention where, in the null twin, no imminent risk ever came.",
                ("what is seen", "AUC", "fewer killed (95 %)", "true", "false", "missed", "money in vain"),
                [sight_cells(row) for row in sights],
                6,
            ),
            Table(
                "Best threshold, where acting in time saves so many times what acting costs.",
                ("what is seen", "best threshold"),
                [(row["sight"], threshold_words(row).replace("; ", "\n")) for row in sights],
            ),
        ],
        again=opened.again(),
    )
