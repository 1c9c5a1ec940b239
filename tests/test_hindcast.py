"""Hindcast: measures against closed forms, truth drawn from the model itself, and what is printed and not printed."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from import_files import ONSETS, files, imported
from typer.testing import CliRunner

from r2psim.analysis.hindcast import PURPOSE, Hindcast, hindcast, world_account
from r2psim.analysis.observed_onsets import observed_onsets
from r2psim.analysis.skill import auc, auc_interval, brier, calibration, recall, recall_interval, roc, share_interval
from r2psim.cli import app
from r2psim.ensemble.onsets_by_state import onsets_by_state
from r2psim.ensemble.simulation import simulate
from r2psim.scenario import load
from r2psim.scenario.errors import ScenarioError
from r2psim.verbs.import_world import write_world

RUNS = 40


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the directory of the sample world."""
    directory = tmp_path_factory.mktemp("imported")
    write_world(imported(files()), files(), 1, directory)
    return directory


# -- measures ----------------------------------------------------------------------------------------------------------


def expected_auc(chances: np.ndarray) -> float:
    """Give the mean AUC of chances under truths drawn from them, weighted by pairs of one onset and one none."""
    yes, no = chances[:, None], 1.0 - chances[None, :]
    weight = yes * no
    np.fill_diagonal(weight, 0.0)
    ahead = (chances[:, None] > chances[None, :]) + 0.5 * (chances[:, None] == chances[None, :])
    return float((weight * ahead).sum() / weight.sum())


def test_truth_drawn_from_the_chances_is_calibrated_and_has_the_auc_of_the_closed_form() -> None:
    rng = np.random.default_rng(1)
    chances = np.round(rng.beta(0.3, 6.0, 4000), 3)
    happened = rng.random(4000) < chances
    area = auc(chances, happened)
    assert area is not None
    low, high = auc_interval(area, int(happened.sum()), int((~happened).sum()))
    assert low < expected_auc(chances) < high
    # Of each class, the expected share lies within four standard errors of the observed one.
    for b in calibration(chances, happened):
        error = math.sqrt(max(b.expected * (1.0 - b.expected), 1e-6) / b.states)
        assert abs(b.observed - b.expected) < 4.0 * error
    score, skill = brier(chances, happened)
    assert score == pytest.approx(float(np.mean(chances * (1.0 - chances))), abs=0.01)
    assert skill is not None and skill > 0.0


def test_onsets_at_random_have_an_auc_of_one_half() -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(200):
        chances, happened = rng.random(150), np.arange(150) < 5
        area = auc(chances, happened)
        assert area is not None
        low, high = auc_interval(area, 5, 145)
        covered += low <= 0.5 <= high
    assert covered >= 182  # 95 % of 200, less 2.6 standard errors


@pytest.mark.parametrize(("positives", "shift"), [(3, 1.0), (5, 2.0), (20, 0.5)])
def test_the_interval_of_the_auc_covers_the_truth(positives: int, shift: float) -> None:
    rng = np.random.default_rng(positives)
    truth = 0.5 * math.erfc(-shift / 2.0)  # of two normal distributions of variance 1
    covered = 0
    for _ in range(300):
        scores = rng.standard_normal(160)
        scores[:positives] += shift
        area = auc(scores, np.arange(160) < positives)
        assert area is not None
        low, high = auc_interval(area, positives, 160 - positives)
        covered += low <= truth <= high
    assert covered >= 275  # 95 % of 300, less 2.6 standard errors


@given(st.integers(1, 40), st.integers(1, 200), st.floats(0.0, 1.0))
def test_the_interval_holds_its_area_and_narrows_with_more_onsets(yes: int, no: int, area: float) -> None:
    low, high = auc_interval(area, yes, no)
    assert 0.0 <= low <= area <= high <= 1.0
    assert (low, high) != (area, area)
    wider = auc_interval(area, yes, no)
    narrower = auc_interval(area, 10 * yes, 10 * no)
    assert narrower[1] - narrower[0] <= wider[1] - wider[0] + 1e-9


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.4, 0.9]), st.booleans()), min_size=2, max_size=30))
def test_auc_is_the_area_under_the_curve(pairs: list[tuple[float, bool]]) -> None:
    chances, happened = np.array([p for p, _ in pairs]), np.array([h for _, h in pairs])
    area = auc(chances, happened)
    if area is None:
        assert happened.all() or not happened.any()
        return
    false, caught = roc(chances, happened)
    assert float(np.trapezoid(caught, false)) == pytest.approx(area)
    assert auc(-chances, happened) == pytest.approx(1.0 - area)


def test_recall_counts_ties_by_their_mean() -> None:
    chances = np.array([0.9, 0.2, 0.2, 0.2, 0.0])
    assert recall(chances, np.array([True, False, False, False, False]), 0.2) == 1.0
    assert recall(chances, np.array([False, True, False, False, False]), 0.4) == pytest.approx(1 / 3)
    assert recall(chances, np.zeros(5, dtype=bool)) is None
    assert recall(np.zeros(10), np.arange(10) < 3, 0.2) == pytest.approx(0.2)


def test_intervals_of_shares_are_those_of_the_binomial_distribution() -> None:
    from scipy.stats import binomtest

    for k, n in ((0, 7), (3, 9), (9, 9)):
        found = binomtest(k, n).proportion_ci(method="exact")
        assert share_interval(k, n) == pytest.approx((found.low, found.high))
    assert recall_interval(1.0, 3)[1] == 1.0


# -- simulated onsets --------------------------------------------------------------------------------------------------


def test_onsets_are_the_episodes_of_the_same_runs(world: Path) -> None:
    scenario = load(world)
    _, began = onsets_by_state(scenario, "late-response", RUNS, 24, seed=3)
    episodes = simulate(scenario, ["late-response"], runs=RUNS, seed=3, years=2).values("late-response", "episodes")
    # A state in which two episodes begin counts once.
    assert (began.sum(axis=1) <= episodes).all() and (began.any(axis=1) == (episodes > 0.0)).all()
    assert began.any()


def test_results_do_not_depend_on_threads_or_on_who_else_runs(world: Path) -> None:
    scenario = load(world)
    states, one = onsets_by_state(scenario, "late-response", 20, 24, seed=3, threads=1)
    _, two = onsets_by_state(scenario, "late-response", 20, 24, seed=3, threads=2)
    _, part = onsets_by_state(scenario, "late-response", 5, 24, seed=3, first_run=7, threads=2)
    assert states == tuple(scenario.states)
    assert (one == two).all()
    assert (part == one[7:12]).all()


def test_truth_drawn_from_the_model_itself_is_found_again(world: Path) -> None:
    # 40 runs of 12 states as truths, other runs as probabilities: 480 states, of known chance.
    scenario = load(world)
    _, first = onsets_by_state(scenario, "late-response", 200, 24, seed=1)
    _, truths = onsets_by_state(scenario, "late-response", RUNS, 24, seed=2)
    chances = np.tile(first.mean(axis=0), RUNS)
    happened = truths.ravel()
    area = auc(chances, happened)
    assert area is not None
    low, high = auc_interval(area, int(happened.sum()), int((~happened).sum()))
    assert low <= expected_auc(chances) <= high
    for b in calibration(chances, happened):
        # Both shares are estimates: one of 200 runs a state, the other of the truths.
        error = math.sqrt(max(b.expected * (1 - b.expected), 0.005) * (1 / b.states + 1 / 200))
        assert abs(b.observed - b.expected) < 4.0 * error


# -- the verb ----------------------------------------------------------------------------------------------------------


def test_it_says_what_it_is_for_and_names_no_state(world: Path, tmp_path: Path) -> None:
    out = tmp_path / "hindcast"
    words = ["hindcast", str(world), "--onsets", str(ONSETS), "--runs", str(RUNS)]
    done = CliRunner().invoke(app, [*words, "--out", str(out)])
    assert done.exit_code == 0, done.output
    told = " ".join(done.output.split())
    assert told.startswith(PURPOSE)
    assert "2 observed" in told
    assert "forecasts no country" in told
    assert sorted(p.name for p in out.iterdir()) == [
        "calibration.csv", "hindcast.json", "hindcast.png", "provenance.json",
    ]  # fmt: skip
    written = "".join(p.read_text("utf-8") for p in out.iterdir() if p.suffix in (".json", ".csv")) + done.output
    names = [state.name for state in load(world).states.values()]
    assert not [name for name in names if name in written]
    summary = json.loads((out / "hindcast.json").read_text("utf-8"))
    assert next(iter(summary)) == "purpose"
    assert sum(row["states"] for row in summary["calibration"]) == 12
    as_json = CliRunner().invoke(app, [*words, "--json"])
    assert json.loads(as_json.output) == summary


def test_probabilities_of_states_come_only_on_request_and_after_the_caveat(world: Path, tmp_path: Path) -> None:
    words = ["hindcast", str(world), "--onsets", str(ONSETS), "--runs", "10", "--probabilities"]
    assert CliRunner().invoke(app, words).exit_code == 2
    assert CliRunner().invoke(app, [*words, "--out", str(tmp_path / "h")]).exit_code == 0
    lines = (tmp_path / "h" / "probabilities.csv").read_text("utf-8").splitlines()
    assert lines[0] == "caveat,id,simulated_share_of_runs,onset_observed"
    assert all(line.startswith(f'"{PURPOSE}",') for line in lines[1:])
    ids = [line.removeprefix(f'"{PURPOSE}",').split(",")[0] for line in lines[1:]]
    assert ids == list(load(world).states)  # in the order of the input, not of the numbers


def test_no_observed_onset_is_no_failure(world: Path, tmp_path: Path) -> None:
    empty = tmp_path / "onsets.csv"
    empty.write_text("iso3,year\nXAA,1999\n", encoding="utf-8")
    found = hindcast(world, empty, 2, 10)
    assert (found.onsets, found.summary()["auc"], found.summary()["recall_at_20_percent"]) == (0, None, None)
    done = CliRunner().invoke(app, ["hindcast", str(world), "--onsets", str(empty), "--runs", "10",
                                    "--out", str(tmp_path / "h")])  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "not defined" in done.output


def test_the_window_follows_the_year_of_the_data(world: Path) -> None:
    codes = world_account(world)["states"]
    happened, notes = observed_onsets(ONSETS, codes, 2015, 2016)
    assert {key for key, yes in happened.items() if yes} == {"xag", "xah"}
    assert notes == ("onsets.csv: 4 rows; onsets in the window of 2015 to 2016: 2; 2 outside of 2015 to 2016.",)
    longer, _ = observed_onsets(ONSETS, codes, 2015, 2021)
    assert {key for key, yes in longer.items() if yes} == {"xac", "xag", "xah"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("iso3,year\nXAX,2015\n", None),
        ("iso3,year\nXA1,2015\n", (":2", "iso3", "XA1", "a state of the world")),
        ("iso3,ewp_name,year\nRWX,Rwanda,2015\n", (":2", "iso3", "RWX", "did you mean RWA, by the name Rwanda?")),
        ("iso3,ccode,year\nAUS,305,2015\n", (":2", "iso3", "AUS is Australia", "305 is Austria")),
        ("iso3,year\nRWX,1999\n", None),
        ("iso3,year\nXAA,soon\n", (":2", "year", "soon")),
        ("iso3,year\nXAA,\n", (":2", "year", "the year of the onset")),
        ("year\n2015\n", (":1", "no column iso3, ccode or gwid")),
        ("iso3,when\nXAA,2015\n", (":1", "no column year")),
        ("ccode,year\n1001.0,2015\n", None),
        ("ccode,year\n996,2015\n", None),
        ("ccode,year\nGermany,2015\n", (":2", "ccode", "Germany")),
        ("iso3;year\nxaa;2015\n", None),
    ],
)
def test_what_an_onsets_file_may_hold(text: str, words: tuple[str, ...] | None, world: Path, tmp_path: Path) -> None:
    file = tmp_path / "onsets.csv"
    file.write_text(text, encoding="utf-8")
    codes = world_account(world)["states"]
    if words is None:
        observed_onsets(file, codes, 2015, 2016)
        return
    with pytest.raises(ScenarioError) as caught:
        observed_onsets(file, codes, 2015, 2016)
    for word in words:
        assert word in str(caught.value)


ONSETS_OF_THE_SAMPLE = [
    # text of the file, states with an onset in 2015 and 2016, words of the notes
    ("iso3,year,mk_onset\nXAA,2015,0\nXAB,2015,0\nXAC,2015,1\nXAA,2016,0\n", "xac", "by its column mk_onset"),
    ("ccode,year,onset\n1001,2015,0.0\n1002,2016,1.0\n1003,2017,1\n", "xab", "by its column onset"),
    ("iso3,year,mk_onset_count\nXAA,2015,2\nXAB,2015,\n", "xaa", "1 of the window with nothing in mk_onset_count"),
    ("iso3,year,mkl.start\nXAA,2015,TRUE\nXAB,2015,FALSE\n", "xaa", "by its column mkl.start"),
    ('"",iso3,year\n"1",XAA,2015\n"2",XAB,1999\n', "xaa", "without a name"),
    ("iso3\tyear\nXAA\t2015\n\t\n", "xaa", "separated by tabs"),
    ("ccode,year\n996,2015\n1001,2015\n", "xaa", "996 is a state number that no list has"),
    ("iso3,year,period\nXAA,2015,1\nXAB,2016,1\n", "xaa xab", "onsets in the window of 2015 to 2016: 2"),
]


@pytest.mark.parametrize(("text", "states", "words"), ONSETS_OF_THE_SAMPLE)
def test_onsets_are_those_that_the_file_marks(text: str, states: str, words: str, world: Path, tmp_path: Path) -> None:
    file = tmp_path / "onsets.csv"
    file.write_text(text, encoding="utf-8")
    happened, notes = observed_onsets(file, world_account(world)["states"], 2015, 2016)
    assert " ".join(key for key, yes in happened.items() if yes) == states
    assert words in " ".join(notes)


def test_a_column_of_zeros_and_ones_of_unknown_meaning_is_no_list_of_onsets(world: Path, tmp_path: Path) -> None:
    file = tmp_path / "onsets.csv"
    file.write_text("iso3,year,began\nXAA,2015,0\nXAB,2015,1\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="column began holds 0 and 1 only"):
        observed_onsets(file, world_account(world)["states"], 2015, 2016)


@pytest.mark.parametrize(
    ("year", "codes", "text", "expected"),
    [
        (2013, {"deu": ("DEU", 255)}, "ccode,year\n260,2014\n", "deu"),
        (2013, {"deu": ("DEU", 260)}, "ccode,year\n255,2014\n", "deu"),
        (1984, {"deu": ("DEU", 255)}, "iso3,year\nDEU,1985\n", "deu"),
        (1990, {"srb": ("SRB", 345)}, "iso3,year\nYUG,1991\n", "srb"),
        (1984, {"yem": ("YEM", 678), "ymd": ("YMD", 680)}, "ccode,year\n680,1986\n", "ymd"),
        (1984, {"yem": ("YEM", 678), "ymd": ("YMD", 680)}, "iso3c,ccode,year\nYEM,680,1986\n", "ymd"),
        (2013, {"nru": ("NRU", 970), "kir": ("KIR", 946)}, "gwid,year\n970,2014\n", "kir"),
        (2013, {"nru": ("NRU", 970), "kir": ("KIR", 946)}, "ccode,year\n970,2014\n", "nru"),
        (2013, {"xkx": ("XKX", 347)}, "iso3,year\nXKS,2014\n", "xkx"),
        (2013, {"ssd": ("SSD", 525)}, "ccode,year\n626,2014\n", "ssd"),
    ],
)
def test_onsets_find_their_state_by_any_of_its_codes(
    year: int, codes: dict[str, tuple[str, int]], text: str, expected: str, tmp_path: Path
) -> None:
    file = tmp_path / "onsets.csv"
    file.write_text(text, encoding="utf-8")
    account = {key: {"iso3c": iso3, "ccode": number} for key, (iso3, number) in codes.items()}
    happened, _ = observed_onsets(file, account, year + 1, year + 2)
    assert [key for key, yes in happened.items() if yes] == [expected]


def test_only_imported_worlds_have_a_past(tmp_path: Path) -> None:
    for source in ("seminar", tmp_path, tmp_path / "nothing"):
        with pytest.raises(ScenarioError, match="no imported world"):
            world_account(source)
    done = CliRunner().invoke(app, ["hindcast", "seminar", "--onsets", str(ONSETS)])
    assert isinstance(done.exception, ScenarioError)


def test_the_figure_shows_no_state(world: Path) -> None:
    from r2psim.plots import hindcast_figure

    states = tuple(load(world).states)
    chances = np.linspace(0.0, 0.6, 12)
    found = Hindcast("w", "late-response", 2014, 2, 50, 1, states, chances, chances > 0.5, np.full(50, 2), ())
    figure = hindcast_figure(found)
    words = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    assert not [key for key in states if key in words.split()]
    assert "AUC 1.00" in words
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert len(marks) == sum(b.onsets > 0 for b in found.bins())
