"""Plug-ins: what another package brings by entry point is used where it is named, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import r2psim
from r2psim.cli import app
from r2psim.scenario import ScenarioError, plugged

MODULE = '''
from pathlib import Path

from r2psim.agents import Allocation

HERE = Path(__file__).parent


def trials():
    return HERE / "studies.toml"


class Nothing:
    """Funds nothing."""

    def decide(self, view):
        return []


BROKEN = HERE / "not-there.toml"
NO_POLICY = 7
'''
POINTS = """
[r2psim.scenarios]
other-forms = brought:HERE
two-forms = brought_files:FORMS
broken = brought:BROKEN
gone = brought:nothing_of_the_kind

[r2psim.trials]
my-studies = brought:trials

[r2psim.policies]
nothing = brought:Nothing
no-policy = brought:NO_POLICY
"""
FORMS = """
extends = "seminar"
[forms.insiders]
name = "Insiders"
category = "protection"
providers = ["civil-society"]
stages = [1, 3]
unit_cost = 1.5e6
lag = 3
half_life = 12
[forms.insiders.effects]
to_threat = { size = 0.85, low = 0.7, high = 1.05 }
"""
STUDIES = """
[trials.mine]
question = "Does it?"
forms = ["mediation"]
population = ["stage == 3"]
treatment_months = 12
follow_up = 24
outcome = { event = ["stage >= 4"] }
estimand = "hazard ratio"
estimate = 0.7
low = 0.5
high = 1.0
design = "observational"
source = ["invented"]
"""


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package as an installer leaves it: a module, and a record of its entry points."""
    (tmp_path / "brought.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "brought_files.py").write_text(
        "from pathlib import Path\nFORMS = str(Path(__file__).parent / 'forms.toml')\n", encoding="utf-8"
    )
    (tmp_path / "forms.toml").write_text(FORMS, encoding="utf-8")
    (tmp_path / "studies.toml").write_text(STUDIES, encoding="utf-8")
    record = tmp_path / "brought-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n", encoding="utf-8")
    (record / "entry_points.txt").write_text(POINTS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugged._found.cache_clear()
    yield tmp_path
    plugged._found.cache_clear()
    for name in ("brought", "brought_files"):
        sys.modules.pop(name, None)


def test_a_scenario_of_a_plug_in_is_used_by_its_name_and_extended(brought: Path, tmp_path: Path) -> None:
    assert "insiders" in r2psim.load("two-forms").forms
    assert "insiders" not in r2psim.load("seminar").forms, "what is installed changes nothing by itself"
    mine = tmp_path / "mine.toml"
    mine.write_text('extends = "two-forms"\n[forms]\ninsiders.unit_cost = 2e6\n', encoding="utf-8")
    assert r2psim.load(mine).forms["insiders"].unit_cost == 2e6


def test_a_policy_of_a_plug_in_runs_beside_the_others(brought: Path) -> None:
    found = r2psim.simulate("seminar", ["nothing", "no-assistance", "late-response"], runs=2, years=2, threads=1)
    assert found.policies == ("nothing", "no-assistance", "late-response")
    assert not found.values("nothing", "spent_prevention").any()
    assert found.values("late-response", "spent_prevention").all()
    own = r2psim.PythonPolicy("mine", sys.modules["brought"].Nothing())
    same = r2psim.simulate("seminar", own, runs=2, years=2, threads=1)
    assert np.array_equal(found.metrics["nothing"], same.metrics["mine"], equal_nan=True)


def test_the_command_line_takes_what_is_plugged_in(brought: Path) -> None:
    environment = os.environ | {"PYTHONPATH": f"{brought}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}

    def call(words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "r2psim", *words.split()]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, cwd=Path(__file__).parents[1]
        )

    done = call("compare seminar --policies late-response,nothing --runs 2 --years 1 --threads 1 --json")
    assert done.returncode == 0, done.stderr
    assert '"against": {"nothing"' in done.stdout
    wrong = CliRunner().invoke(app, ["trials", "--file", "my-studies", "yours"])
    assert wrong.exit_code == 2 and "mine" in wrong.output, wrong.output


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("broken", "the path of a file"),
        ("other-forms", "the path of a file"),
        ("gone", "cannot be loaded: AttributeError"),
        ("two-form", "of plug-ins broken, gone, other-forms, two-forms (did you mean two-forms?)"),
    ],
)
def test_a_plug_in_that_cannot_be_used_is_named(brought: Path, name: str, told: str) -> None:
    with pytest.raises(ScenarioError, match="plug-in") as caught:
        r2psim.load(name)
    assert told in str(caught.value)
    if "form" not in name:
        assert "plug-in of brought (r2psim.scenarios: brought:" in str(caught.value)


def test_a_plug_in_that_cannot_decide_is_named(brought: Path) -> None:
    with pytest.raises(ValueError, match=r"policy no-policy: the plug-in gives 7: not allowed: a PythonPolicy"):
        r2psim.simulate("seminar", "no-policy", runs=1, years=1)
