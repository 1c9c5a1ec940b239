"""The experiments that ship: that they run, keep what is finished, and say what they found."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from r2psim import load
from r2psim.scenario.parameters import PARAMETERS

EXPERIMENTS = Path(__file__).resolve().parents[1] / "experiments"
sys.path.insert(0, str(EXPERIMENTS))

import late_response_assumptions as assumptions  # noqa: E402
import late_response_findings as findings  # noqa: E402
import late_response_wins as wins  # noqa: E402

SMALL = ["--points", "2", "--runs", "2", "--check", "2"]


def rows_where(late_wins: Any, count: int = 64) -> list[dict[str, Any]]:
    """Make rows of a design in which a rule says where late response wins."""
    rows = []
    for point in assumptions.design(count, 2, 1):
        row: dict[str, Any] = {"kind": "design", "name": point.name} | dict(point.values)
        middle = 1.0 if late_wins(point.values) else -1.0
        for ledger in assumptions.LEDGERS:
            row |= {f"{ledger}_late": 10.0, f"{ledger}_difference": middle}
            row |= {f"{ledger}_low": middle - 0.5, f"{ledger}_high": middle + 0.5}
        rows.append(row)
    return rows


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("late-response")
    assert wins.main([*SMALL, "--out", str(out)]) == 0
    return out


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "points.csv").open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_every_point_and_mechanism_has_a_row_with_intervals(finished: Path) -> None:
    rows = table(finished)
    assert [row["name"] for row in rows if row["kind"] == "design"] == ["0", "1"]
    assert [row["name"] for row in rows if row["kind"] == "mechanism"] == list(assumptions.MECHANISMS)
    for row in rows:
        for ledger in assumptions.LEDGERS:
            low, mean, high = (float(row[f"{ledger}_{end}"]) for end in ("low", "difference", "high"))
            assert low <= mean <= high


def test_without_any_effect_prevention_differs_by_its_cost_alone(finished: Path) -> None:
    (row,) = (row for row in table(finished) if row["name"] == "assistance has no effect")
    for ledger in ("killed", "episodes", "need", "saved"):
        assert [float(row[f"{ledger}_{end}"]) for end in ("difference", "low", "high")] == [0.0, 0.0, 0.0]
    assert float(row["bill_difference"]) != 0.0
    assert float(row["bill_difference"]) == pytest.approx(float(row["total_difference"]), rel=1e-6)


def test_the_donors_bill_is_prevention_less_what_harm_avoided_saved_and_what_was_withheld(finished: Path) -> None:
    rows = table(finished)
    assert any(float(row["saved_difference"]) for row in rows)
    for row in rows:
        bill, net, spent, saved, withheld = (
            float(row[f"{ledger}_difference"]) for ledger in ("bill", "net", "spent", "saved", "withheld")
        )
        assert bill == pytest.approx(spent + saved - withheld, rel=1e-9, abs=1.0)
        assert net == pytest.approx(spent + saved, rel=1e-9, abs=1.0)


def test_the_same_command_goes_on_and_says_the_same(
    finished: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = finished / "points.csv"
    before = file.read_text(encoding="utf-8")
    wins.main([*SMALL, "--out", str(finished)])
    said = capsys.readouterr().out
    assert "2 points of 2 paired runs" in said
    assert "as the catalogue has it" in said
    # The last line cut off in the middle, as when the power fails: only its point is run again.
    file.write_text(before[:-40], encoding="utf-8")
    ran = []
    once = wins.run_point
    monkeypatch.setattr(wins, "run_point", lambda base, point: ran.append(point.name) or once(base, point))
    wins.main([*SMALL, "--out", str(finished)])
    assert len(ran) == 1
    assert file.read_text(encoding="utf-8") == before
    assert capsys.readouterr().out == said


def test_points_of_other_settings_are_refused(finished: Path) -> None:
    with pytest.raises(SystemExit, match="other settings"):
        wins.main([*SMALL, "--seed", "2", "--out", str(finished)])


def test_an_interrupt_keeps_finished_points(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    once = wins.run_point

    def stopped(base: Any, point: assumptions.Point) -> dict[str, Any]:
        if point.name == "1":
            raise KeyboardInterrupt
        return once(base, point)

    monkeypatch.setattr(wins, "run_point", stopped)
    assert wins.main([*SMALL, "--out", str(tmp_path)]) == 130
    assert [row["name"] for row in table(tmp_path)] == ["0"]
    assert "goes on from there" in capsys.readouterr().err


@pytest.mark.parametrize("key", assumptions.FACTORS)
def test_both_ends_of_every_factor_are_allowed(key: str) -> None:
    factor = assumptions.FACTORS[key]
    base = load("seminar")
    assert set(factor.paths) <= set(PARAMETERS)
    for end, share in ((factor.low, 0.0), (factor.high, 1.0 - 1e-12)):
        value = factor.at(share)
        assert value == pytest.approx(end)
        found = assumptions.changed(base, assumptions.Point("design", "0", {key: value}, 2, 1))
        for path in factor.paths:
            own = base.parameters.get(path, PARAMETERS[path].default)
            assert found.parameters[path] == pytest.approx(value * own if factor.relative else value)


def test_sizes_reach_the_ends_of_their_ranges_and_only_those_meant() -> None:
    base = load("seminar")
    point = assumptions.Point("design", "0", {"prevention_sizes": -1.0, "response_sizes": 1.0}, 2, 1)
    for form in assumptions.changed(base, point).forms.values():
        for effect in form.effects:
            less = effect.channel.helps == "less"
            worst, best = (effect.high, effect.low) if less else (effect.low, effect.high)
            assert effect.size == (worst if form.ledger == "prevention" else best)
    assert {key: form.effects for key, form in base.forms.items()} == {
        key: form.effects for key, form in assumptions.changed(base, assumptions.Point("", "", {}, 2, 1)).forms.items()
    }


def test_backlash_is_a_multiple_of_the_catalogue_s_for_prevention_alone() -> None:
    base = load("seminar")
    found = assumptions.changed(base, assumptions.Point("design", "0", {"backfires": 10.0}, 2, 1)).forms
    for key, form in base.forms.items():
        expected = min(1.0, 10.0 * form.backlash) if form.ledger == "prevention" else form.backlash
        assert found[key].backlash == pytest.approx(expected)


def test_factor_and_region_that_decide_are_found() -> None:
    rows = rows_where(lambda values: values["noise"] > 0.3, 256)
    assert findings.correlation(rows, "noise", "killed")[1] > 0.5
    rank, low, high = findings.correlation(rows, "years", "killed")
    assert low < rank < high
    found = dict(findings.regions(rows, "killed"))
    for words, inside in found.items():
        share = findings.shares(inside, "killed")[findings.LATE]
        # The cut lies between two points of the half on which it was found.
        assert share > 0.9 if "noise >" in words else share < 0.1
    assert sum(len(inside) for inside in found.values()) == 128


def test_verdicts() -> None:
    for low, high, said in ((1.0, 2.0, findings.LATE), (-2.0, -1.0, findings.EARLY), (-1.0, 1.0, findings.OPEN)):
        assert findings.verdict({"killed_low": low, "killed_high": high}, "killed") == said
    assert findings.verdict({"killed_low": 0.0, "killed_high": 0.0}, "killed") == findings.OPEN


def test_nothing_in_the_figure_is_cut_off() -> None:
    rows = rows_where(lambda values: values["budget"] > 1.0)
    alone = [row | {"name": name} for row, name in zip(rows, assumptions.MECHANISMS, strict=False)]
    figure = findings.draw(rows, alone, "seminar, 200 paired runs a point, seed 1")
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    width, height = figure.bbox.size
    found = list(figure.texts)
    for axes in figure.axes:
        low, high = axes.get_xlim()
        ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        found += [*axes.texts, axes.xaxis.label, *(label for place, label in ticks if low <= place <= high)]
    for text in found:
        if text.get_text():
            box = text.get_window_extent(renderer)
            assert box.x0 >= 0.0 and box.y0 >= 0.0 and box.x1 <= width and box.y1 <= height, text.get_text()


def test_the_design_fills_every_factor_evenly() -> None:
    points = assumptions.design(64, 2, 1)
    for key, factor in assumptions.FACTORS.items():
        values = np.array([point.values[key] for point in points])
        assert factor.low <= values.min() and values.max() <= factor.high
        if factor.scale == "linear":
            quarters = np.histogram(values, 4, (factor.low, factor.high))[0]
            assert quarters.tolist() == [16] * 4
