"""Hindcast of a panel: its files, its runs, what is kept, what is printed and not printed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import interrupted, run_command
from field_files import table
from made_panels import STATES, YEARS, made_panel
from typer.testing import CliRunner

import r2psim
from r2psim.analysis import panel_hindcast as module
from r2psim.analysis.hindcast import PURPOSE
from r2psim.analysis.panel_files import PanelFiles, kind_of, read_forecasts, years_of
from r2psim.analysis.panel_hindcast import PanelHindcast, hindcast_panel, panel_years, world_of_draw
from r2psim.analysis.start_rates import StartRates, start_rates
from r2psim.cli import app
from r2psim.ensemble.onsets_by_state import onsets_by_state
from r2psim.ensemble.simulation import simulate
from r2psim.scenario import load
from r2psim.scenario.errors import ScenarioError
from r2psim.verbs.import_world import write_world
from r2psim.verbs.panel_hindcast import years_asked
from r2psim.world.importing import completed, import_countries, read_files

ASKED: dict[str, Any] = {"years": (1995, 1996, 1997), "runs": 20, "draws": 3, "seed": 4}


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the directory of a made panel."""
    return made_panel(tmp_path_factory.mktemp("panel"))


@pytest.fixture(scope="module")
def found(panel: Path) -> PanelHindcast:
    """Give its hindcast."""
    return hindcast_panel(panel, **ASKED)


def counts(hindcast: PanelHindcast) -> list[list[int]]:
    """Give the runs with an onset, by window and state."""
    return [window.counts.tolist() for window in hindcast.windows]


# -- files -------------------------------------------------------------------------------------------------------------


def test_files_are_found_by_their_columns(panel: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    made_panel(tmp_path)
    (tmp_path / "theirs.csv").write_text("ccode,prev_year,mk_onset,risk_prev\n2001,1995,0,0.1\n", encoding="utf-8")
    files = PanelFiles.of(tmp_path)
    assert [getattr(files, kind).name for kind in ("predictors", "groups", "contiguity", "onsets")] == [
        "a.csv", "b.csv", "c.csv", "d.csv",
    ]  # fmt: skip
    assert PanelFiles.of(tmp_path, panel / "d.csv").onsets == panel / "d.csv"
    assert years_of(files.predictors) == YEARS
    assert kind_of({"popsize.log2", "ccode", "year"}) is None
    assert kind_of({"year", "ccode", "mk_onset", "anything"}) == "onsets"
    assert kind_of({"year", "ccode", "anything"}) is None


def test_a_kind_that_is_missing_or_there_twice_is_told(tmp_path: Path) -> None:
    made_panel(tmp_path)
    (tmp_path / "e.csv").write_text((tmp_path / "d.csv").read_text("utf-8"), encoding="utf-8")
    (tmp_path / "c.csv").unlink()
    with pytest.raises(ScenarioError) as caught:
        PanelFiles.of(tmp_path)
    for words in ("no CSV file of the kind contiguity", "2 files of the kind onsets", "d.csv", "e.csv", "--onsets"):
        assert words in str(caught.value)
    with pytest.raises(ScenarioError, match="no such directory"):
        PanelFiles.of(tmp_path / "nothing")
    with pytest.raises(ScenarioError, match="is a file"):
        PanelFiles.of(tmp_path / "d.csv")


def test_years_are_those_that_files_reach(panel: Path) -> None:
    # Onsets are told of 1992 to 1999.
    assert panel_years(panel) == (1991, 1992, 1993, 1994, 1995, 1996, 1997)
    with pytest.raises(ScenarioError, match=r"1998 is not allowed: a year of a\.csv.*did you mean 1997"):
        panel_years(panel, (1996, 1998))
    assert years_asked("1993-1995, 1990") == (1993, 1994, 1995, 1990)


@pytest.mark.parametrize("text", ["", "93-95", "1995-1993", "1993;1995", "soon", "1900-2900"])
def test_years_that_are_none_are_refused(text: str, panel: Path) -> None:
    done = CliRunner().invoke(app, ["hindcast", "--panel", str(panel), "--years", text])
    assert done.exit_code == 2
    assert "1993-2008" in done.output


WORLDS = {1995: {iso3.lower(): {"iso3c": iso3, "ccode": number} for iso3, number, _ in STATES}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ccode,prev_year,year,risk_prev\n2001,1995,1996,0.2\n2002,1994,1995,0.3\n", {"xaa": 0.2}),
        ("iso3c,year,probability\nXAA,1995,0.2\nXAB,1995,\n", {"xaa": 0.2}),
        ("iso3;year;forecast\nXAA;1995;0,25\nXAC;1995;1\n", {"xaa": 0.25, "xac": 1.0}),
        ("ccode,year,risk\n2001,1995,0.5\n9999,1995,0.1\n", {"xaa": 0.5}),
    ],
)
def test_forecasts_of_others_are_read(text: str, expected: dict[str, float], tmp_path: Path) -> None:
    file = tmp_path / "theirs.csv"
    file.write_text(text, encoding="utf-8")
    forecasts, notes = read_forecasts(file, WORLDS)
    assert forecasts == {1995: expected}
    assert f"forecasts of these windows: {len(expected)}" in " ".join(notes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ccode,year,chance\n2001,1995,0.2\n", "no column probability"),
        ("ccode,probability\n2001,0.2\n", "no column year"),
        ("year,probability\n1995,0.2\n", "no column iso3, ccode or gwid"),
        ("ccode,year,probability\n2001,1995,20\n", ':2: probability: "20" is not allowed: a number from 0 to 1'),
        ("ccode,year,probability\n2001,1995,0.1\n2001,1995,0.2\n", ":3: year: 1995 is not allowed: one forecast"),
        ("ccode,year,risk_prev\n2001,1995,0.1\n", "stands beside prev_year"),
    ],
)
def test_forecasts_that_cannot_be_read_are_refused(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "theirs.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_forecasts(file, WORLDS)
    assert words in str(caught.value)


# -- runs --------------------------------------------------------------------------------------------------------------


def test_each_draw_is_the_world_that_import_world_makes(panel: Path, found: PanelHindcast, tmp_path: Path) -> None:
    paths = {"predictors": panel / "a.csv", "groups": panel / "b.csv", "contiguity": panel / "c.csv"}
    total = np.zeros(len(STATES), dtype=int)
    for draw, (begin, end) in enumerate(((0, 6), (6, 13), (13, 20))):
        folder = tmp_path / str(draw)
        folder.mkdir()
        write_world(import_countries(*paths.values(), 1996, 4 + draw), paths, 4 + draw, folder)
        _, began = onsets_by_state(load(folder), "late-response", end - begin, 24, 4, begin)
        total += began.sum(axis=0)
    assert found.windows[1].year == 1996
    assert found.windows[1].counts.tolist() == total.tolist()
    assert total.any()


DIGEST = "564e45f45a5cbe993e3c1310a1ee241bd75d54e4c62327d113313f57ac331d91"
"""SHA-256 of the worlds below, on every version of Python: whoever changes what is imported changes it."""


def test_the_worlds_of_a_panel_are_the_same_bits_everywhere(panel: Path) -> None:
    found = hashlib.sha256()
    for year in (1997, 1993):
        known = read_files(*(panel / f"{letter}.csv" for letter in "abc"), year)
        for draw in (2, 1):
            found.update(json.dumps(completed(known, draw).tables, sort_keys=True).encode())
    assert found.hexdigest() == DIGEST


def test_onsets_are_those_of_the_two_years_after(found: PanelHindcast) -> None:
    states = [state for state, _, _ in STATES]
    onsets = [[states[k] for k in np.flatnonzero(window.happened)] for window in found.windows]
    assert onsets == [["XAB"], ["XAA"], ["XAA", "XAE"]]
    assert found.summary()["onsets_observed"] == 4
    assert found.summary()["state_windows"] == 24


def test_the_start_is_drawn_anew_in_each_draw(panel: Path, found: PanelHindcast) -> None:
    one = hindcast_panel(panel, **{**ASKED, "draws": 1})
    assert counts(one) != counts(found)


def test_windows_do_not_depend_on_threads_order_or_each_other(panel: Path, found: PanelHindcast) -> None:
    other = hindcast_panel(panel, **{**ASKED, "years": (1997, 1995), "threads": 1})
    assert [window.year for window in other.windows] == [1995, 1997]
    assert counts(other) == [counts(found)[0], counts(found)[2]]
    two = hindcast_panel(panel, **{**ASKED, "years": (1996,), "threads": 2})
    assert counts(two) == [counts(found)[1]]


def test_rows_of_other_years_change_no_window(panel: Path, found: PanelHindcast, tmp_path: Path) -> None:
    made_panel(tmp_path)
    lines = (tmp_path / "a.csv").read_text("utf-8").splitlines()
    head, rows = lines[0], lines[1:]
    (tmp_path / "a.csv").write_text("\n".join([head, *rows[::-1]]) + "\n", encoding="utf-8")
    again = hindcast_panel(tmp_path, **ASKED)
    order = [found.windows[0].states.index(state) for state in again.windows[0].states]
    # The order of rows is that of the states; what is drawn of a state is its own.
    assert counts(again) == [[window[k] for k in order] for window in counts(found)]


def test_a_state_is_left_out_of_the_years_that_have_it(panel: Path, tmp_path: Path) -> None:
    made_panel(tmp_path)
    rows = (tmp_path / "a.csv").read_text("utf-8").splitlines()
    without = [row for row in rows if not ("XAH" in row and ",1996," in f"{row},")]
    assert len(without) == len(rows) - 1
    (tmp_path / "a.csv").write_text("\n".join(without) + "\n", encoding="utf-8")
    asked = {**ASKED, "years": (1995, 1996), "runs": 10, "draws": 1}
    found = hindcast_panel(tmp_path, **asked, leave_out=["XAH", "Valeg"])
    assert [window.states for window in found.windows] == [tuple(iso3 for iso3, _, _ in STATES[:6])] * 2
    with pytest.raises(ScenarioError, match='--leave-out: state: "XZZ" is not allowed: a state of 1995'):
        hindcast_panel(tmp_path, **asked, leave_out=["XAH", "XZZ"])


def test_an_interrupted_hindcast_goes_on(
    panel: Path, found: PanelHindcast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, done = tmp_path / "out", []
    true_piece = module._piece

    def watched(*given: Any) -> Any:
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(given[1])
        return true_piece(*given)

    monkeypatch.setattr(module, "_piece", watched)
    with pytest.raises(KeyboardInterrupt):
        hindcast_panel(panel, **ASKED, directory=out)
    assert len(list((out / module.FOLDER).glob("*.npz"))) == 4
    monkeypatch.setattr(module, "_piece", lambda *given: done.append(given[1]) or true_piece(*given))
    told: list[int] = []
    again = hindcast_panel(panel, **ASKED, directory=out, advance=told.append)
    assert counts(again) == counts(found)
    assert len(done) == 9  # none of them twice
    assert sum(told) == 60
    # A further year is added to what is there; another seed is another question.
    more = hindcast_panel(panel, **{**ASKED, "years": (1994, 1995)}, directory=out)
    assert len(done) == 12
    assert counts(more)[1] == counts(found)[0]
    with pytest.raises(r2psim.ensemble.store.OutputError, match="seed 4, now 5"):
        hindcast_panel(panel, **{**ASKED, "seed": 5}, directory=out)


def test_what_is_asked_is_checked_before_any_run(panel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_piece", None)
    with pytest.raises(ValueError, match="no more than the 20 runs"):
        hindcast_panel(panel, **{**ASKED, "draws": 21})
    theirs = tmp_path / "theirs.csv"
    theirs.write_text("ccode,year,probability\n2001,1950,0.2\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="none of its rows is one"):
        hindcast_panel(panel, **ASKED, against=theirs)
    with pytest.raises(ScenarioError, match="policies"):
        hindcast_panel(panel, **ASKED, policy="late")


# -- the verb ----------------------------------------------------------------------------------------------------------


def words(panel: Path, *more: str) -> list[str]:
    """Give the words of the command."""
    asked = "--years 1995-1997 --runs 20 --draws 3 --seed 4"
    return ["hindcast", "--panel", str(panel), *asked.split(), *more]


def test_it_tells_sums_and_names_no_state(panel: Path, found: PanelHindcast, tmp_path: Path) -> None:
    theirs, out = tmp_path / "theirs.csv", tmp_path / "out"
    rows = [
        {"ccode": number, "year": year, "probability": 0.3 if place < 3 else 0.01}
        for year in ASKED["years"]
        for place, (_, number, _) in enumerate(STATES)
    ]
    theirs.write_text(table(rows), encoding="utf-8")
    done = CliRunner().invoke(app, words(panel, "--against", str(theirs), "--out", str(out)))
    assert done.exit_code == 0, done.output
    told = " ".join(done.output.split())
    assert told.startswith(PURPOSE)
    assert "forecast no country" in told
    assert "4 observed" in told
    assert "theirs.csv (24 state-windows, 4 with an onset): AUC 0.7" in told
    assert sorted(p.name for p in out.iterdir()) == [
        "calibration.csv", "hindcast.png", "panel-hindcast.json", "provenance.json", "windows", "windows.csv",
    ]  # fmt: skip
    written = "".join(p.read_text("utf-8") for p in out.iterdir() if p.suffix in (".json", ".csv")) + done.output
    assert not [name for iso3, _, name in STATES for name in (name, iso3) if name in written]
    summary = json.loads((out / "panel-hindcast.json").read_text("utf-8"))
    assert next(iter(summary)) == "purpose"
    assert summary["others"][-1]["auc"] == pytest.approx(58 / 80)  # 3 of 4 onsets in the 9 of 24 that were flagged
    assert summary["onsets_expected"] == pytest.approx(sum(map(sum, counts(found))) / 20)
    # A report is made of it, without a state's name.
    page = tmp_path / "report.html"
    done = CliRunner().invoke(app, ["report", str(out), "--out", str(page)])
    assert done.exit_code == 0, done.output
    text = page.read_text("utf-8")
    assert "expected over observed" in text and PURPOSE.split(":")[0] in text
    assert not [name for iso3, _, name in STATES for name in (f">{name}<", f">{iso3}<") if name in text]
    # The same again, from what is kept.
    again = CliRunner().invoke(app, words(panel, "--against", str(theirs), "--out", str(out), "--json"))
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout) == summary


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on(panel: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = f"--years 1992-1997 --runs 4000 --draws 8 --out {out} --json"
    command = ["hindcast", "--panel", str(panel), *asked.split()]
    code, told, _ = interrupted(command, until=lambda: len(list((out / module.FOLDER).glob("*.npz"))) > 2)
    assert code == 130, told
    assert "finished windows are kept" in told
    assert "Traceback" not in told
    kept = {file: file.read_bytes() for file in (out / module.FOLDER).glob("*.npz")}
    code, told = run_command(command)
    assert code == 0, told
    assert {file: file.read_bytes() for file in kept} == kept
    assert len(list((out / module.FOLDER).glob("*.npz"))) == 6 * 8


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--probabilities"], "sums only"),
        (["--force"], "goes on in the directory"),
        (["--draws", "21"], "21 draws need as many runs"),
        (["--seed", str(2**63)], "of a panel below"),
        (["world"], "either a directory"),
    ],
)
def test_options_that_do_not_go_with_a_panel_are_refused(more: list[str], says: str, panel: Path) -> None:
    done = CliRunner().invoke(app, words(panel, *more))
    assert done.exit_code == 2
    assert says in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ([], "either a directory"),
        (["world"], "--onsets is needed"),
        (["world", "--onsets", "x.csv", "--draws", "3"], "--draws needs --panel"),
        (["world", "--onsets", "x.csv", "--against", "y.csv"], "--against needs --panel"),
        (["world", "--onsets", "x.csv", "--years", "1993-2008"], "whole number of years"),
        (["world", "--onsets", "x.csv", "--years", "0"], "whole number of years"),
    ],
)
def test_options_that_do_not_go_with_a_world_are_refused(more: list[str], says: str) -> None:
    done = CliRunner().invoke(app, ["hindcast", *more])
    assert done.exit_code == 2
    assert says in " ".join(done.output.replace("│", " ").split())


def test_the_figure_shows_no_state_and_every_forecast(found: PanelHindcast) -> None:
    from r2psim.plots import panel_hindcast_figure

    figure = panel_hindcast_figure(found)
    told = " ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))
    assert not [name for iso3, _, name in STATES for name in (name, iso3.lower(), iso3) if name in told.split()]
    assert "the model: AUC" in told and "operational stage alone: AUC" in told
    assert PURPOSE.split(":")[0] in told


def test_it_is_one_of_the_public_names() -> None:
    assert r2psim.hindcast_panel is hindcast_panel


# -- rest at the start -------------------------------------------------------------------------------------------------


def test_rates_of_early_and_late_years_are_those_of_the_same_runs(panel: Path) -> None:
    found = start_rates(panel, (1995,), runs=6, draws=1)
    world = world_of_draw(read_files(*(panel / f"{letter}.csv" for letter in "abc"), 1995), 1)
    results = [simulate(world, "late-response", 6, 5, years) for years in (2, 4, 10)]
    two, four, ten = (each.values("late-response", "episodes") for each in results)
    assert found.early.tolist() == pytest.approx((two / 16).tolist())
    assert found.late.tolist() == pytest.approx(((ten - four) / 48).tolist())
    assert (ten >= four).all() and (four >= two).all() and ten.any()


def test_the_ratio_of_rates_has_its_interval() -> None:
    rng = np.random.default_rng(14)
    late = rng.poisson(20.0, 400) / 1000.0
    ratio, ends = StartRates(rng.poisson(30.0, 400) / 1000.0, late).ratio()
    assert ends is not None
    assert ratio == pytest.approx(1.5, abs=0.1) and ends[0] < 1.5 < ends[1] < 1.7
    assert np.isnan(StartRates(late, 0.0 * late).ratio()[0])
