"""`r2psim compare` and `r2psim catalogue`: what they print, how they fail, what they leave behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import interrupted

from r2psim.analysis.comparison import compare, spreads
from r2psim.analysis.terminal_tables import comparison_table, spread_words
from r2psim.ensemble.measures import METRICS
from r2psim.scenario import ScenarioError, load, shipped_path

COMMAND = [sys.executable, "-m", "r2psim"]
SHORT = ("--runs", "6", "--years", "4")

TWIN = """
schema = 1
extends = "seminar"
[policies.twin]
parameters = { assistance.prevention_share = 0.5, principles.prevention.reserve = 0.6, challenges.will.strength = 0.1 }
[bodies.good-offices]
budget = BUDGET
"""


def call(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def twins():
    """Give a world in which two policies are the same under two names."""
    seminar = load("seminar")
    from dataclasses import replace

    policies = {**seminar.policies, "twin": seminar.policies["prevention"]}
    return replace(seminar, policies=policies)


def test_equal_policies_differ_by_exactly_nothing(twins) -> None:
    comparison = compare(twins, ["prevention", "twin"], 8, 3, years=8)
    assert np.array_equal(comparison.metrics["prevention"], comparison.metrics["twin"], equal_nan=True)
    assert np.array_equal(comparison.spending["prevention"], comparison.spending["twin"])
    for entry in comparison.summary()["against"]["twin"]["differences"].values():
        assert entry == {"mean": 0.0, "low": 0.0, "high": 0.0, "median": 0.0, "differ": 0.0}
    assert set(comparison.summary()["variance_reduction"]["twin"].values()) == {None}


def test_threads_change_nothing(twins) -> None:
    told: list[int] = []
    policies = ["no-assistance", "late-response"]
    one = compare(twins, policies, 19, 4, years=3, threads=1)
    two = compare(twins, policies, 19, 4, years=3, threads=2, advance=told.append)
    assert sum(told) == 2 * 2 * 19  # each with its null twin
    for policy in policies:
        assert np.array_equal(one.metrics[policy], two.metrics[policy], equal_nan=True)
        assert np.array_equal(one.spending[policy], two.spending[policy])
    more = compare(twins, policies[:1], 25, 4, years=3)
    assert np.array_equal(more.metrics["no-assistance"][:19], one.metrics["no-assistance"], equal_nan=True)


def test_same_luck_makes_a_small_change_cheap_to_see() -> None:
    """A body's budget up by a tenth: far fewer runs are needed to see it than with other luck each time."""
    from r2psim.analysis.comparison import variance_reduction

    base = load("seminar")
    budget = base.bodies["good-offices"].values["budget"]
    more = load("seminar", [f"bodies.good-offices.budget={1.1 * budget}"])
    first, second = (
        compare(s, ["late-response"], 150, 1).values("late-response", "atrocity_entries") for s in (base, more)
    )
    reduction = variance_reduction(first, second)
    assert reduction is None or reduction >= 4.0, reduction


def test_no_policy_is_run_if_one_is_unknown() -> None:
    with pytest.raises(ScenarioError, match="prevention"):
        compare(load("seminar"), ["late-response", "preventoin"], 10**6, 1)
    with pytest.raises(ValueError, match="once"):
        compare(load("seminar"), ["prevention", "prevention"], 2, 1)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, str]:
    out = tmp_path_factory.mktemp("compare") / "out"
    told = call("compare", "seminar", *SHORT, "--seed", "9", "--out", str(out)).stdout
    return out, json.loads((out / "comparison.json").read_text()), told


def test_output_is_complete_and_agrees_with_itself(written: tuple[Path, dict, str]) -> None:
    out, summary, _ = written
    assert {f.name for f in out.iterdir()} == {
        *("comparison.json", "runs.parquet", "spending.parquet", "resolved.json", "provenance.json"),
        *("ledgers.parquet", "needs.parquet", "bodies.parquet", "null_runs.parquet", "null_ledgers.parquet"),
        *("cost-argument.png", "paired-differences.png", "returns-on-prevention.png", "net-over-time.png"),
        *("money-by-form.png", "money-over-time.png", "when-help-arrived.png"),
        *("added_runs.parquet", "added_null_runs.parquet", "added_ledgers.parquet", "added_null_ledgers.parquet"),
    }
    assert (summary["scenario"], summary["seed"], summary["runs"], summary["months"]) == ("seminar", 9, 6, 48)
    runs = pd.read_parquet(out / "runs.parquet")
    assert list(runs.columns) == ["policy", "run", *METRICS]
    assert len(runs) == 3 * 6
    means = runs.groupby("policy", observed=True).mean()
    for policy, metrics in summary["policies"].items():
        for metric, spread in metrics.items():
            if spread["mean"] is None:
                assert np.isnan(means.loc[policy, metric])
            else:
                assert means.loc[policy, metric] == pytest.approx(spread["mean"], rel=1e-9, abs=1e-9)
    spending = pd.read_parquet(out / "spending.parquet")
    spent = spending.groupby("policy", observed=True)["dollars"].sum()
    for policy, metrics in summary["policies"].items():
        total = metrics["spent_prevention"]["mean"] + metrics["spent_response"]["mean"]
        assert spent[policy] == pytest.approx(total, rel=1e-9, abs=0.01)
    assert set(spending["stage"]) == set(range(5))
    provenance = json.loads((out / "provenance.json").read_text())
    assert provenance["policies"] == ["no-assistance", "late-response", "prevention"]
    refused = call("compare", "seminar", *SHORT, "--out", str(out), code=2)
    assert "--force" in refused.stderr


def test_controls_that_are_left_out_are_told(written: tuple[Path, dict, str]) -> None:
    assert written[1]["against"]["prevention"]["controls"]["added_money"] is not None
    assert written[1]["against"]["no-assistance"]["controls"]["added_money"] is None
    assert "compare --controls runs it" not in " ".join(written[2].split())
    words = ["compare", "seminar", "--policies", "late-response,prevention", "--runs", "30", "--years", "6"]
    said = " ".join(call(*words, "--no-controls").stdout.split())
    assert "compare --controls runs it" in said and "placebo: the same pair with all effects at none: nothing" in said


def test_resolved_scenario_gives_the_same_numbers_again(written: tuple[Path, dict, str]) -> None:
    from r2psim.scenario import Scenario

    out, summary, _ = written
    again = Scenario.from_resolved(json.loads((out / "resolved.json").read_text()))
    assert compare(again, list(summary["policies"]), 6, 9, years=4, controls=True).summary() == summary


def test_table_tells_harm_money_and_the_headline(written: tuple[Path, dict, str]) -> None:
    told = " ".join(written[2].split())
    for words in (
        "episodes of atrocity",
        "GDP lost",
        "The donors' bill, prevention and response together",
        "Need for response",
        "Prevention instead of late-response",
        "No-assistance instead of late-response",
        "US$",
    ):
        assert words in told
    assert "6 runs of 48 months" in told


def test_file_with_a_policy_of_its_own_prints_json(tmp_path: Path) -> None:
    file = tmp_path / "twins.toml"
    assert shipped_path("seminar").is_file()
    file.write_text(TWIN.replace("BUDGET", "9e6"))
    printed = call("compare", str(file), *SHORT, "--policies", "prevention,twin", "--json", "--threads", "1").stdout
    found = json.loads(printed)
    assert found["baseline"] == "prevention" and set(found["against"]) == {"twin"}
    nothing = {"mean": 0.0, "low": 0.0, "high": 0.0, "median": 0.0, "differ": 0.0}
    assert found["against"]["twin"]["differences"]["gdp_lost"] == nothing
    assert found["against"]["twin"]["same_budget"] is True
    turned = call("compare", str(file), *SHORT, "--policies", "prevention,twin", "--baseline", "twin", "--json").stdout
    assert set(json.loads(turned)["against"]) == {"prevention"}
    assert "NaN" not in printed


@pytest.mark.parametrize(
    ("words", "needs"),
    [
        (["compare", "seminar", "--policies", "no-assistance,preventoin"], ["preventoin", "prevention"]),
        (["compare", "seminar", "--policies", "preventoin"], ["preventoin", "did you mean prevention?"]),
        (["compare", "seminar", "--policies", "prevention"], ["--policies", "two"]),
        (["compare", "seminar", "--policies", "prevention,prevention"], ["--policies", "different"]),
        (["compare", "seminarr"], ["seminar"]),
        (["compare", "seminar", "--runs", "1"], ["--runs"]),
        (["compare", "seminar", "--baseline", "preventoin"], ["--baseline", "did you mean prevention?"]),
        (["compare", "seminar", "--discount", "1.5"], ["--discount"]),
        (["compare", "seminar", "--threads", "0"], ["--threads"]),
        (["catalogue", "mediatoin"], ["mediatoin", "did you mean mediation?"]),
    ],
)
def test_bad_input_is_one_clear_error(words: list[str], needs: list[str]) -> None:
    done = call(*words, code=2)
    for word in needs:
        assert word in done.stderr


def test_interrupt_ends_soon_and_leaves_nothing(tmp_path: Path) -> None:
    words = ["compare", "seminar", "--runs", "100000", "--out", str(tmp_path / "out")]
    code, told, took = interrupted(words, after=4.0)
    assert (code, took < 10.0) == (130, True), told
    assert "interrupted" in told
    assert list(tmp_path.iterdir()) == []


def test_catalogue_prints_all_forms_and_one() -> None:
    table = call("catalogue").stdout
    assert "preventive-diplomacy" in table and "peacekeeping" in table
    assert max(len(line) for line in table.splitlines()) <= 110
    page = call("catalogue", "mediation").stdout
    assert "sources" in page and "none would be" in page


@pytest.mark.parametrize("width", [50, 80, 120])
def test_no_column_of_the_table_is_cut(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    policies = ("no-assistance", "late-response", "prevention", "prevention-without-commitment")
    found = compare("seminar", policies, 3, 9, years=12, controls=False)
    comparison_table(found)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    head = [n for n, line in enumerate(lines) if line.startswith("a run")]
    whole = "\n".join(lines[head[0] :])
    for policy in policies:
        for metric, spread in spreads(found, policy).items():
            mean, limits = spread_words(spread)
            assert mean in whole and limits in whole, (policy, metric)
    if width == 120:
        assert len(head) == 1
