"""The command line: what it prints, how it fails, and what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from commands import called, interrupted

COMMAND = [sys.executable, "-m", "r2psim"]


def call(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = called(*words)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done


def as_json(*words: str) -> dict:
    return json.loads(call(*words, "--json").stdout)


@pytest.fixture(scope="module")
def seven() -> dict:
    return as_json("run", "seminar", "--seed", "7")


def test_json_has_the_promised_fields(seven: dict) -> None:
    promised = "scenario policy seed run months sha256 episodes atrocity_entries deaths displaced gdp_lost".split()
    promised += "expelled expulsions persecuted_months war_crimes displaced_women displaced_children".split()
    assert {*promised, "state_months"} <= seven.keys()
    assert (seven["scenario"], seven["policy"], seven["seed"], seven["run"], seven["months"]) == (
        "seminar",
        "no-assistance",
        7,
        0,
        240,
    )
    assert len(seven["state_months"]) == 5
    assert sum(seven["state_months"]) == seven["states"] * seven["months"]
    assert sum(seven["group_months"]) == seven["groups"] * seven["months"]
    assert len(seven["sha256"]) == 64


def test_a_process_of_its_own_says_the_same(seven: dict) -> None:
    words = [*COMMAND, "run", "seminar", "--seed", "7", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == seven
    wrong = subprocess.run([*COMMAND, "rnu"], capture_output=True, text=True, timeout=300, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "") and "rnu" in wrong.stderr and "Traceback" not in wrong.stderr


def test_same_luck_same_digest_other_luck_another(seven: dict) -> None:
    assert as_json("run", "seminar", "--seed", "7") == seven
    assert as_json("run", "seminar", "--seed", "7", "--agent-by-agent") == seven
    others = [as_json("run", "seminar", "--seed", "8"), as_json("run", "seminar", "--seed", "7", "--run", "1")]
    assert len({seven["sha256"], *(o["sha256"] for o in others)}) == 3


def test_set_changes_what_it_names(seven: dict) -> None:
    same = as_json("run", "seminar", "--seed", "7", "--set", "years=20")
    assert same["sha256"] == seven["sha256"]
    quiet = as_json(
        *("run", "seminar", "--seed", "7", "--set", "triggers.coup.base=0"),
        *("--set", "parameters.triggers.irregular_transition.coup_success=0"),
    )
    assert quiet["triggers"]["coup"] == 0 < seven["triggers"]["coup"]


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    heavy = "numpy numba mesa pandas matplotlib pydantic pyarrow scipy".split()
    code = f"import sys, r2psim.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    for verb in ("run", "check", "schema", "scenarios", "schedule", "warmup"):
        assert verb in call("--help").stdout
        assert "Usage" in call(verb, "--help").stdout


@pytest.mark.parametrize(
    ("words", "needs"),
    [
        (["run", "seminarr"], ["seminarr", "seminar"]),
        (["run", "seminar", "--policy", "no-asistance"], ["no-asistance", "no-assistance"]),
        (["run", "seminar", "--set", "triggers.coup.bsae=1"], ["triggers.coup.bsae", "triggers.coup.base"]),
        (["run", "seminar", "--set", "triggers.coup.base=much"], ["triggers.coup.base", "much"]),
        (["run", "seminar", "--set", "years=0"], ["years", "0"]),
        (["run", "seminar", "--set", "years"], ["years"]),
        (["run", "seminar", "--years", "1000"], ["--years"]),
        (["run", "seminar", "--seed", "-1"], ["--seed"]),
        (["run", "seminar", "--explain", "nobody"], ["--explain", "nobody"]),
        (["check", "no-such-file.toml"], ["no-such-file.toml"]),
        (["rnu"], ["rnu"]),
    ],
)
def test_bad_input_is_one_clear_error(words: list[str], needs: list[str]) -> None:
    done = call(*words, code=2)
    for word in needs:
        assert word in done.stderr


def test_explain_tells_the_story_of_one_group() -> None:
    told = call("run", "seminar", "--seed", "7", "--explain", "velmora/north").stdout
    assert "What weighed most" in told
    assert "the chance of it was" in told
    short = call("run", "seminar", "--seed", "7", "--explain", "velmora/nroth", code=2)
    assert "velmora/north" in short.stderr


def test_output_directory_is_complete_and_never_overwrites(tmp_path: Path, seven: dict) -> None:
    out = tmp_path / "out"
    call("run", "seminar", "--seed", "7", "--out", str(out))
    names = {f.name for f in out.iterdir()}
    assert names == {
        *("states.parquet", "groups.parquet", "bodies.parquet", "needs.parquet", "events.parquet"),
        *("summary.json", "resolved.json", "provenance.json"),
        *("stage-ribbons.png", "stage-map.png", "harm.png"),
    }
    groups = pd.read_parquet(out / "groups.parquet")
    assert len(groups) == (seven["months"] + 1) * seven["groups"]
    last = groups[groups["month"] == seven["months"] - 1]
    assert int(last["deaths"].sum()) == seven["deaths"]
    events = pd.read_parquet(out / "events.parquet")
    # By where it led: a sudden rise, from threat straight to atrocity, has the hazard of imminent risk.
    assert (events["after"] == "atrocity").sum() == seven["atrocity_entries"]
    assert events["probability"].between(0.0, 1.0, inclusive="right").all()
    assert json.loads((out / "provenance.json").read_text())["sha256"] == seven["sha256"]
    assert json.loads((out / "summary.json").read_text()) == seven

    refused = call("run", "seminar", "--out", str(out), code=2)
    assert "--force" in refused.stderr
    call("run", "seminar", "--seed", "8", "--out", str(out), "--force")
    assert json.loads((out / "provenance.json").read_text())["seed"] == 8
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("not ours")
    call("run", "seminar", "--out", str(other), "--force", code=2)
    assert [f.name for f in other.iterdir()] == ["thesis.txt"]
    assert sorted(f.name for f in tmp_path.iterdir()) == ["other", "out"]


def test_resolved_scenario_runs_again_to_the_same_digest(tmp_path: Path, seven: dict) -> None:
    from r2psim.agents import R2PModel
    from r2psim.scenario import Scenario

    out = tmp_path / "out"
    call("run", "seminar", "--seed", "7", "--out", str(out))
    again = Scenario.from_resolved(json.loads((out / "resolved.json").read_text()))
    model = R2PModel(again, seed=7, drive="rows")
    model.run_model()
    assert model.history().sha256 == seven["sha256"]
    model.close()


def test_interrupt_ends_soon_and_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["run", "world", "--years", "200", "--agent-by-agent", "--out", str(out)]
    code, told, took = interrupted(words, after=6.0)
    assert (code, took < 5.0) == (130, True), told
    assert "interrupted" in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["report", "NAME"], ["hindcast", "--panel", "NAME"], ["batch", "FILE", "--dry-run"]])
def test_a_name_that_no_file_can_have_is_told(words: list[str], tmp_path: Path) -> None:
    name, file = "x" * 300 + ".toml", tmp_path / "study.toml"
    file.write_text(f'schema = 1\nscenario = "{name}"\n[design]\nkind = "grid"\n', encoding="utf-8")
    given = [{"NAME": name, "FILE": str(file)}.get(word, word) for word in words]
    done = called(*given)
    assert done.returncode == 2, done.stderr
    assert "too long for the name of a file" in done.stderr and len(done.stderr) < 200


def test_unexpected_failure_says_where_the_log_is(tmp_path: Path) -> None:
    code = (
        "import sys; import r2psim.analysis.summary as s\n"
        "def broken(history): raise RuntimeError('a defect')\n"
        "s.summarise = broken\n"
        "sys.argv = ['r2psim', 'run', 'seminar', '--years', '1']\n"
        "from r2psim.cli import main; main()\n"
    )
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False, timeout=120
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    log = Path(done.stderr.strip().rsplit(" ", 1)[-1])
    assert "a defect" in log.read_text()


def test_schema_and_schedule_print() -> None:
    assert json.loads(call("schema").stdout)["$schema"].startswith("https://json-schema.org/")
    assert "triggers" in call("schedule").stdout
    assert "seminar" in call("scenarios").stdout
    assert "seminar" in [row["scenario"] for row in as_json("scenarios")]
    assert as_json("catalogue", "mediation") == as_json("catalogue")["mediation"]
    assert as_json("catalogue", "mediation")["effects"]["to_atrocity"]["size"] == 0.75
    assert call("check", "seminar").stdout.strip() == "1 of 1 valid"
