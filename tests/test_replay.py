"""`r2psim replay`: a run of a comparison again, checked to the last bit, and what it says when it is not the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from r2psim import Results, simulate
from r2psim.analysis.comparison import compare
from r2psim.analysis.comparison_export import write_comparison
from r2psim.cli import app
from r2psim.ensemble.measures import METRICS
from r2psim.ensemble.output import new_directory
from r2psim.ensemble.store import seal
from r2psim.scenario import load
from r2psim.verbs.replay import replay_run
from r2psim.world.expand import expand

POLICIES = ["no-assistance", "prevention"]


def call(*words: object, code: int = 0) -> Result:
    """Run the command in this process: starting another for each test would take most of the time."""
    done = CliRunner().invoke(app, ["replay", *map(str, words)])
    assert done.exit_code == code, (done.output, done.exception)
    return done


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the output of a comparison, as the command leaves it."""
    out = tmp_path_factory.mktemp("replay") / "out"
    seminar = expand(load("seminar"))
    with new_directory(out) as directory:
        write_comparison(compare(seminar, POLICIES, 6, 9, years=3), seminar.resolved(), directory)
    return out


@pytest.fixture
def tampered(written: Path, tmp_path: Path) -> Path:
    """Give a copy in which one value of one run has been changed by the smallest amount, and the hashes with it."""
    out = tmp_path / "tampered"
    shutil.copytree(written, out)
    table = pq.read_table(out / "runs.parquet")
    place = table.column_names.index("gdp_lost")
    values = table.column(place).to_numpy().copy()
    values[8] *= 1.0 + 2.0**-52
    pq.write_table(table.set_column(place, "gdp_lost", pa.array(values)), out / "runs.parquet")
    seal(out)
    return out


def test_every_run_of_a_comparison_is_the_same_again(written: Path) -> None:
    results = Results.load(written)
    assert (results.policies, results.runs, results.seed, results.months) == (tuple(POLICIES), 6, 9, 36)
    for policy in POLICIES:
        for run in range(6):
            assert replay_run(results, run, policy).differences == ()


def test_a_month_tells_of_the_run_so_far_and_checks_the_whole(written: Path) -> None:
    results = Results.load(written)
    whole, part = replay_run(results, 3, "prevention"), replay_run(results, 3, "prevention", 10)
    assert (whole.history.months, part.history.months) == (36, 10)
    assert part.metrics == whole.metrics
    assert part.history.events == tuple(e for e in whole.history.events if e.month < 10)


def test_the_command_prints_the_summary_and_that_it_is_the_same(written: Path) -> None:
    told = " ".join(call(written, 2, "--policy", "prevention", "--explain", "salt").stdout.split())
    for words in (
        "policy prevention, seed 9, run 2, 36 months",
        "digest",
        f"all {len(METRICS)} metrics equal",
        "at the start",
    ):
        assert words in told


def test_the_command_prints_json(written: Path) -> None:
    found = json.loads(call(written, 2, "--month", 12, "--json").stdout)
    assert (found["policy"], found["run"], found["months"]) == ("no-assistance", 2, 12)
    assert found["replay"]["same"] is True and found["replay"]["differences"] == []
    assert list(found["replay"]["metrics"]) == list(METRICS)
    assert found["replay"]["metrics"] == found["replay"]["stored"]


def test_a_tampered_value_is_noticed(tampered: Path) -> None:
    assert replay_run(Results.load(tampered), 2, "prevention").differences == ("gdp_lost",)
    done = call(tampered, 2, "--policy", "prevention", code=1)
    for words in ("run 2 under prevention is not what was stored", "gdp_lost", "runs.parquet or resolved.json"):
        assert words in done.stderr
    assert "exactly" not in done.stdout
    assert json.loads(call(tampered, 2, "--policy", "prevention", "--json", code=1).stdout)["replay"]["same"] is False
    call(tampered, 3, "--policy", "prevention")


def test_other_rules_are_named(tampered: Path) -> None:
    file = tampered / "provenance.json"
    facts = json.loads(file.read_text())
    file.write_text(json.dumps(facts | {"rules": "0" * 16}))
    seal(tampered)
    done = call(tampered, 2, "--policy", "prevention", code=1)
    assert "other rules" in done.stderr and "0" * 16 in done.stderr


@pytest.mark.parametrize(
    ("words", "needs"),
    [
        ((6,), ["run 6", "0 to 5"]),
        ((2, "--policy", "preventoin"), ["did you mean prevention"]),
        ((2, "--month", "37"), ["month 37", "1 to 36"]),
        ((2, "--month", "0"), ["--month"]),
        ((2, "--explain", "nobody"), ["nobody", "state/group"]),
    ],
)
def test_bad_input_is_one_clear_error(words: tuple[object, ...], needs: list[str], written: Path) -> None:
    told = " ".join(call(written, *words, code=2).stderr.split())
    for word in needs:
        assert word in told


def test_a_directory_that_holds_no_runs_is_refused(tmp_path: Path) -> None:
    def refused(match: str) -> None:
        command = [sys.executable, "-m", "r2psim", "replay", str(tmp_path), "0"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 2 and match in done.stderr and "Traceback" not in done.stderr

    refused("provenance.json")
    (tmp_path / "provenance.json").write_text('{"policy": "prevention"}')
    refused("single run")


def test_saved_results_are_replayed_too(tmp_path: Path) -> None:
    simulate("seminar", "prevention", runs=2, seed=4, years=1, first_run=5).save(tmp_path / "out")
    assert f"all {len(METRICS)} metrics equal" in call(tmp_path / "out", 6).stdout
