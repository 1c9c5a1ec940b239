"""The verbs of studies: what is not allowed is said at once, and no option, value or earlier result is passed over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import r2psim
from r2psim.analysis.marginal import marginal
from r2psim.cli import app
from r2psim.ensemble.store import OutputError

NOT_ALLOWED: dict[str, tuple[str, ...]] = {
    "break-even --over effect --baseline prevention": ("--baseline", "prevention"),
    "break-even --over effect --uncertainty al": ("--uncertainty", "did you mean all?"),
    "break-even --over discount --discount 0.05": ("--discount", "0.05"),
    "break-even --over effect --set assistance.effect_scale=0": ("--set", "assistance.effect_scale=0"),
    "break-even --over warning --set policies.prevention.parameters.observation.signal=0.5": (
        "--over", "policies.prevention.parameters.observation.signal",
    ),
    "break-even --over policies.no-assistance.parameters.assistance.openness": ("--over", "no-assistance is not run"),
    "break-even --over horizon --places 3": ("--places", "3"),
    "break-even --over horizon=5:10 --years 2": ("--over", "at most --years, 2"),
    "break-even --over effect=": ("--over", "LOW:HIGH"),
    "break-even --over efect": ("--over", "did you mean effect?"),
    "marginal --parts forms --principled balanced": ("--parts", "--principled balanced"),
    "marginal --parts principles --discount 0.5": ("--parts", "--discount 0.5"),
    "marginal --parts kinds --money 5": ("--parts", "--money 5"),
    "marginal --parts principles --policy balanced": ("--parts", "--policy balanced"),
    "marginal --money nan": ("--money", "nan"),
    "marginal --parts principles --set principles.prevention.reserve=0.5": ("--set", "principles.prevention.reserve"),
    "marginal --parts principles --set policies.prevention.parameters.principles.harm.screening=1": (
        "--set", "policies.prevention.parameters.principles.harm.screening",
    ),
    "marginal --parts recommendations --set assistance.standby=0.1": ("--set", "assistance.standby"),
    "optimise --over bodis": ("--over", "did you mean bodies?"),
    "optimise --objectives death": ("--objectives", "did you mean deaths?"),
    "optimise --policies late-response,late-response": ("--policies", "each of them once"),
    "optimise --algorithm nsga": ("--algorithm", "nsga2"),
    "optimise --robust mean --per-draw 2": ("--robust", "per_draw 2"),
    "optimise --robust regret": ("--robust", "--uncertainty"),
    "optimise --robust worst --uncertainty all": ("--robust", "worst"),
    "optimise --robust worst-tenth --uncertainty all --runs 52": ("--runs", "multiple of the 5"),
    "optimise --robust worst-tenth --uncertainty all --runs 45": ("--runs", "runs 45"),
    "optimise --seed 3 --fresh-seed 3": ("--fresh-seed", "3"),
    "optimise --set principles.prevention.reserve=0.5": ("--set", "principles.prevention.reserve"),
    "optimise --set policies.prevention.parameters.assistance.prevention_share=0.5": (
        "--set", "policies.prevention.parameters.assistance.prevention_share",
    ),
    "optimise --random 5 --keep 3": ("--keep", "--random"),
    "optimise --random 5 --objectives deaths": ("--objectives", "--random"),
    "warning --set observation.error=3": ("--set", "observation.error"),
    "warning --set policies.prevention.parameters.observation.signal=1": (
        "--set", "policies.prevention.parameters.observation.signal",
    ),
    "sensitivity --method chaos --rows 64": ("rows 64", "512"),
    "sensitivity --over observation.noise --set observation.noise=0.2": ("--set", "observation.noise=0.2"),
    "sensitivity --policies prevention,prevention": ("each of them once",),
    "sensitivity --screen 999": ("screen 999", "fewer than"),
}  # fmt: skip
"""What is asked, and what the message has to name."""


def say(words: str, *more: str) -> Result:
    verb, *rest = words.split()
    return CliRunner().invoke(app, [verb, "seminar", *rest, *more])


@pytest.mark.parametrize("words", list(NOT_ALLOWED))
def test_what_would_be_passed_over_is_refused_before_anything_runs(words: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = say(words, "--out", str(out))
    assert done.exit_code == 2, done.output
    # What it takes was not announced, so nothing was run.
    assert "ms a run" not in done.output and "points x" not in done.output and not out.exists()
    for named in NOT_ALLOWED[words]:
        assert named in " ".join(done.output.split())


def test_a_directory_of_another_study_is_left_as_it_is(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert say("marginal --parts kinds --runs 2 --years 1", "--out", str(out)).exit_code == 0
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    for words in ("warning --runs 2 --years 4", "break-even --over discount --runs 50 --years 1"):
        refused = say(words, "--out", str(out))
        assert isinstance(refused.exception, OutputError) and "study marginal" in str(refused.exception)
        assert "goes on from them" not in refused.output
    rows = CliRunner().invoke(app, ["rows", "mediation", "--runs", "2", "--out", str(out)])
    assert isinstance(rows.exception, OutputError) and str(out) in str(rows.exception)
    assert {file: file.read_bytes() for file in out.rglob("*") if file.is_file()} == before
    # The same study goes on, also with more runs.
    assert say("marginal --parts kinds --runs 3 --years 1", "--out", str(out)).exit_code == 0


def test_a_directory_that_does_not_say_what_its_runs_are_of_is_refused(tmp_path: Path) -> None:
    (tmp_path / "worlds").mkdir()
    (tmp_path / "worlds" / f"{0:032x}.npz").write_bytes(b"of a table of rows")
    refused = say("warning --runs 2 --years 4", "--out", str(tmp_path))
    assert isinstance(refused.exception, OutputError) and "what its runs are of" in str(refused.exception)
    assert [entry.name for entry in (tmp_path / "worlds").iterdir()] == [f"{0:032x}.npz"]


def test_what_is_set_for_a_policy_holds_for_its_variants_too() -> None:
    # With no money for anybody a higher priority for some moves nothing; it would, if only the policy itself had none.
    own = "policies.late-response.parameters.assistance.budget_scale=0"
    none = r2psim.load("seminar", ["assistance.budget_scale=1", own])
    found = marginal(none, parts=["kinds"], runs=3, years=2)
    assert [change.money.mean for change in found.of("kinds") if change.money] == [0.0] * 6
    some = marginal("seminar", parts=["kinds"], runs=3, years=2)
    assert any(change.money.mean for change in some.of("kinds") if change.money)


def test_values_that_meet_those_of_a_policy_are_told() -> None:
    told = say("warning --set assistance.prevention_share=0.9 --runs 2 --years 4 --dry-run")
    assert told.exit_code == 0 and "note: assistance.prevention_share = 0.9 takes the place" in told.output


@pytest.mark.parametrize(
    "words",
    [
        "break-even --over effect --runs 50 --years 1",
        "marginal --parts kinds --runs 2 --years 1",
        "warning --runs 2 --years 4",
        "optimise --population 4 --generations 1 --runs 2 --years 1",
        "optimise --random 2 --runs 2 --years 1",
        "sensitivity --over observation.noise,assistance.openness --rows 4 --years 1",
    ],
)
def test_what_it_would_take_is_said_as_json_too(words: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = say(words, "--dry-run", "--json", "--out", str(out))
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["dry_run"] is True and not out.exists()
    runs = [value for name, value in told.items() if name.startswith("runs")]
    assert runs and min(runs) > 0 and min(value for name, value in told.items() if name.startswith("seconds")) > 0.0
    # Without --json it is said on the error stream alone.
    assert say(words, "--dry-run").stdout == ""


def test_names_of_trials_are_whole_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    words = ["trials", "pk-killing-police", "--scenario", "seminar", "--runs", "2", "--years", "2"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0 and "pk-killing-police" in done.output
