"""Whoever adds a mechanism writes a column, a rule, a line and parameters; one command writes the rest.

On a copy of the package: rumours about a group go round where a crisis is fresh, and raise incitement. Forms, bodies
and policies are data; a metric is a name and the line that takes it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from r2psim.agents import R2PModel
from r2psim.declarations.columns import S
from r2psim.scenario import load

ROOT = Path(__file__).parents[1]

COLUMN = '        _given("rumours", "rumours of an imminent attack that go round", 0.1),\n'

RULE = '''"""Rumours: stories of an attack to come spread where a crisis is fresh, and fade; they raise incitement.

With ``pressure`` of fresh triggers::

    rumours    <- clip01(rumours + rumours.spread * pressure - rumours.fading * rumours)
    incitement <- clip01(incitement + rumours.incitement * rumours)
"""

from __future__ import annotations

import numpy as np

from r2psim.declarations.columns import S
from r2psim.rules.arithmetic import clip01
from r2psim.rules.by_run import by_run
from r2psim.rules.compiled import rule
from r2psim.rules.draws import Draws
from r2psim.scenario.parameters import P
from r2psim.world.rows import Rows

__all__ = ["rumours"]


@by_run("rows.state")
@rule
def rumours(first: int, last: int, rows: Rows, p: np.ndarray, draws: Draws) -> None:
    """Let rumours spread and fade, and incite."""
    state = rows.state
    for s in range(first, last):
        level = state[S.rumours, s]
        level = clip01(level + p[P.rumours_spread] * state[S.pressure, s] - p[P.rumours_fading] * level)
        state[S.rumours, s] = level
        state[S.incitement, s] = clip01(state[S.incitement, s] + p[P.rumours_incitement] * level)
'''

IMPORT = "from r2psim.rules.rumours import rumours\n"
LINE = "    rumours(first, last, rows, p, draws)\n"

PARAMETERS = "".join(
    f'\n[rumours.{name}]\ndescription = "{what}"\nunit = "1 a month"\ndefault = {default}\nlow = 0.0\nhigh = 1.0\n'
    'label = "assumption"\n'
    for name, what, default in (
        ("spread", "rise of rumours under full pressure of fresh triggers", 0.2),
        ("fading", "share of rumours that fades", 0.3),
        ("incitement", "rise of incitement under full rumours; an assumption that nobody has looked into is none", 0.0),
    )
)

THE_REST = "make renew"
"""The command that writes what follows from all that; here by its parts, which need no virtual environment."""

CHECKED = (
    "tests/test_architecture.py",
    "tests/test_documentation_odd.py",
    "tests/test_documentation_data.py",
    "tests/test_golden.py",
    "tests/test_listings.py",
    "tests/test_by_run.py",
)
"""What a change of columns and rules may break, beside what `THE_REST` writes; the twin has a test of its own."""


TWINS = """
from test_reference_model import RUN, SEED, differing
from r2psim.reference.lent import LENT
from r2psim.reference.model import PlainModel
from r2psim.rules.draws import draws_of
from r2psim.rules.month import month, opening
from r2psim.scenario import load
from r2psim.world.build import build
from r2psim.world.rows import copy_rows

moves = load("seminar", ["rumours.incitement=0.1"])
p, rows = moves.parameter_values("late-response"), copy_rows(build(moves, "late-response").rows)
twin = PlainModel(moves, "late-response", SEED, RUN, luck="counter")
opening(rows, p, draws_of(SEED, RUN, 0))
same = 0
for t in range(12):
    month(rows, p, draws_of(SEED, RUN, t))
    twin.step()
    same += differing(twin, rows) == []
print([step.__name__ for steps in LENT.values() for step in steps], same)
"""
"""Prints which rules are lent, and in how many months of a year the plain twin has the bits of the compiled rules."""


class Copy:
    """A scratch copy of the package, and what was written in it by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("r2psim", "tests", "docs", "scenarios", "experiments", "notebooks"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
        for name in ("pyproject.toml", "README.md", "Makefile"):
            shutil.copy(ROOT / name, folder / name)
        self.by_hand: dict[str, list[str]] = {}

    def write(self, file: str, text: str) -> None:
        """Write a new file."""
        assert not (self.folder / file).exists()
        (self.folder / file).write_text(text, "utf-8")
        self.by_hand[file] = text.splitlines()

    def put(self, file: str, text: str, behind: str) -> None:
        """Put text into a file, behind the first place where something stands."""
        path = self.folder / file
        before = path.read_text("utf-8")
        assert before.count(behind) == 1, f"{file} has {behind!r} {before.count(behind)} times"
        path.write_text(before.replace(behind, behind + text), "utf-8")
        self.by_hand.setdefault(file, []).extend(text.splitlines())

    def run(self, *words: str) -> str:
        """Run Python in the copy; give what it prints."""
        path = os.pathsep.join((str(self.folder), str(self.folder / "tests")))
        environment = os.environ | {"PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
        return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Give a copy with rumours in it, as a newcomer writes them."""
    made = Copy(tmp_path_factory.mktemp("newcomer"))
    made.put("r2psim/declarations/columns.py", COLUMN, '"public incitement against groups", 0.1),\n')
    made.write("r2psim/rules/rumours.py", RULE)
    made.put("r2psim/rules/month.py", IMPORT, "import group_risk_factors, state_risk_factors\n")
    made.put("r2psim/rules/month.py", LINE, "    conflict(first, last, rows, p, draws)\n")
    parameters = made.folder / "r2psim/scenario/parameters.toml"
    parameters.write_text(parameters.read_text("utf-8") + PARAMETERS, "utf-8")
    made.by_hand["r2psim/scenario/parameters.toml"] = PARAMETERS.splitlines()
    return made


@pytest.mark.slow
def test_a_mechanism_takes_a_column_a_rule_a_line_and_parameters(copy: Copy) -> None:
    lines = {file: len([line for line in text if line.strip()]) for file, text in copy.by_hand.items()}
    new = lines.pop("r2psim/rules/rumours.py")
    assert new < 40
    assert lines == {
        "r2psim/declarations/columns.py": 1,
        "r2psim/rules/month.py": 2,  # the call, and the import that Python asks for
        "r2psim/scenario/parameters.toml": 7 * 3,
    }
    # Without another word the scenario files take it, the documents and the lists know it.
    sets = "states.halvern.rumours=0.7"
    run = ("-m", "r2psim", "run", "seminar", "--years", "1", "--json", "--set")
    assert copy.run(*run, sets) != copy.run(*run, "rumours.spread=0.2"), "the digest is over all columns"
    assert copy.run(*run, "rumours.incitement=0.1") != copy.run(*run, "rumours.spread=0.2"), "it incites"
    assert "rumours.spread" in copy.run("-m", "r2psim", "list", "parameters")
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\nrenew: ")[2].partition("\n\n")[0]
    commands = re.findall(r"\$\(BIN\)/python (.+)", recipe)
    assert len(commands) == 3
    for command in commands:
        copy.run(*command.split())
    document = (copy.folder / "docs/ODD.md").read_text("utf-8")
    assert "### 7.6 Rumours (`rumours`)\n" in document and "### 7.7 Tension (`tension`)\n" in document
    assert document.count("| `rumours` |") > 0 and "`rumours.spread`" in document
    copy.run(*"-m pytest -q -n 0 -p no:cacheprovider -m".split(), "not slow", *CHECKED)


@pytest.mark.slow
def test_the_plain_twin_holds_all_other_rules_to_theirs_with_the_new_one_at_work(copy: Copy) -> None:
    assert copy.run("-c", TWINS) == "['rumours'] 12\n"


DATA = """
extends = "seminar"

[forms.village-radio]
name = "Village radio"
category = "encouragement"
description = "A station that people trust answers rumours."
providers = ["civil-society"]
stages = [0, 3]
scope = "state"
unit_cost = 1e6
lag = 3
half_life = 12
consent = 0.2
under_perpetrator = 0.5
ledger = "prevention"
label = "assumption"
effects.incitement = { size = 0.5, low = 0.3, high = 1.0, label = "assumption" }

[bodies.radio-fund]
kind = "partner"
mandates = ["civil-society"]
members = "all"
budget = 5e7
rhythm = 1
decision_delay = 0

[policies.radio]
description = "Stations come first."
[policies.radio.shares.forms]
village-radio = 1.0
"""


def test_a_form_a_body_and_a_policy_take_no_code(tmp_path: Path) -> None:
    file = tmp_path / "radio.toml"
    file.write_text(DATA, "utf-8")

    def run(policy: str, sets: Sequence[str] = ()) -> tuple[float, float]:
        """Give the share of the body's money that goes to the form, and the mean incitement at the end."""
        model = R2PModel(load(file, sets), policy=policy, seed=3, years=3)
        model.run_model()
        paid = model.rows.ledger[model.world.bodies.index("radio-fund")]
        model.close()
        return paid[model.world.forms.index("village-radio")] / paid.sum(), model.rows.state[S.incitement].mean()

    (share, incitement), (usual, _) = run("radio"), run("prevention")
    assert share > usual > 0.0
    # Under the same luck, with an effect that is none: a factor of 1.
    assert incitement < run("radio", ["forms.village-radio.effects.incitement.size=1"])[1]
