"""How the command line shows itself: groups, examples, messages, completion, what to do next."""

from __future__ import annotations

import inspect
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from snippets import refused
from typer.models import OptionInfo, ParameterInfo
from typer.testing import CliRunner

from r2psim import progress
from r2psim.analysis.batch_progress import BatchProgress
from r2psim.cli import app
from r2psim.ensemble.batch.driver import Tick
from r2psim.progress import TimeLeft
from r2psim.scenario import load, shipped_names
from r2psim.verbs.commands import EXAMPLES, GROUPS

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
CASES = Path(__file__).parent / "cases"


def say(*words: str) -> Any:
    return CliRunner().invoke(app, list(words), prog_name="r2psim")


# -- help --------------------------------------------------------------------------------------------------------------


def test_the_help_has_every_verb_once_and_in_a_group() -> None:
    told = say("-h").stdout
    assert told == say("--help").stdout
    lines = told.splitlines()
    places = [lines.index(f"{heading}:") for heading in GROUPS.values()]
    assert places == sorted(places)
    for name, verb in COMMANDS.items():
        assert verb.rich_help_panel in GROUPS, name
        assert len([line for line in lines if line.startswith(f"  {name}  ")]) == 1, name
    assert not [line for line in lines[1:] if line.endswith("...")], "a line of it is cut"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_verb_has_examples_that_are_commands_of_it(name: str) -> None:
    told = say(name, "-h").stdout
    assert len(EXAMPLES[name]) >= 2
    for example in EXAMPLES[name]:
        assert example.command in told and example.purpose in told
        words = shlex.split(example.command)
        words = words[: words.index(">")] if ">" in words else words
        while "=" in words[0]:
            words = words[1:]
        assert words[1] == name
        assert refused(words) == ""


def test_every_example_is_of_a_verb() -> None:
    assert set(EXAMPLES) == set(COMMANDS)


def test_policies_are_named_where_one_is_asked_for() -> None:
    for verb in ("run", "compare", "warning"):
        told = say(verb, "-h").stdout
        assert all(policy in told for policy in load("seminar").policies)
    assert "prevention-without-screening" not in say("check", "-h").stdout


# -- messages ----------------------------------------------------------------------------------------------------------


def numbers() -> list[tuple[str, str, str, str]]:
    """Give each option with a least value: verb, option, a value below it, and what is allowed."""
    found = []
    for name, verb in COMMANDS.items():
        for parameter in inspect.signature(verb.callback, eval_str=True).parameters.values():
            (info,) = [each for each in parameter.annotation.__metadata__ if isinstance(each, ParameterInfo)]
            if isinstance(info, OptionInfo) and info.min is not None:
                option = next(
                    (o for o in info.param_decls or () if o), f"--{parameter.name.strip('_').replace('_', '-')}"
                )
                found.append(
                    (name, option, f"{info.min - 1:g}", "number" if isinstance(info.min, float) else "whole number")
                )
    return found


def test_numbers_are_found() -> None:
    assert len(numbers()) > 60


def test_a_number_that_is_not_allowed_is_named_with_what_is_allowed() -> None:
    for verb, option, value, kind in numbers():
        told = refused(["r2psim", verb, option, value])
        what = f"a {kind}"
        assert f"{option}" in told and f"{value} is not allowed: {what}" in told, told
        assert "Input should" not in told
        words = refused(["r2psim", verb, f"{option}=many"])
        assert f"many is not allowed: {what}" in words and "Input should" not in words


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("compare seminar --runs 1", "'--runs': 1 is not allowed: a whole number from 2 to 10,000,000"),
        ("compare seminar --discount=7", "'--discount': 7 is not allowed: a number from 0 to 1"),
        ("replay study -- -3", "-3 is not allowed: a whole number, at least 0"),
        ("run", "Missing argument 'scenario'. One that ships (r2psim scenarios has them)"),
        ("rnu seminar", "Did you mean 'run'?"),
    ],
)
def test_what_is_refused_is_said_in_words(words: str, told: str) -> None:
    done = say(*words.split())
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())


# -- completion --------------------------------------------------------------------------------------------------------


def completed(text: str, cwd: Path | None = None) -> list[str]:
    environment = os.environ | {
        "_R2PSIM_COMPLETE": "complete_bash",
        "COMP_WORDS": text,
        "COMP_CWORD": str(len(text.split(" ")) - 1),
    }
    command = [sys.executable, "-m", "r2psim"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=cwd)
    assert done.stderr == ""
    return done.stdout.split()


def test_a_shell_completes_names(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('extends = "seminar"\n[policies.mine]\ndescription = "x"\n', encoding="utf-8")
    (tmp_path / "notes.txt").touch()
    assert completed("r2psim comp") == ["compare"]
    assert completed("r2psim run ", tmp_path) == [*shipped_names(), "mine.toml"]
    assert completed("r2psim run mine.toml --policy m", tmp_path) == ["mine"]
    assert completed("r2psim compare seminar --policies late-response,bal") == ["late-response,balanced"]
    assert completed("r2psim catalogue local") == ["local-resolution"]
    assert completed("r2psim list pol") == ["policies"]


# -- what next, and how long -------------------------------------------------------------------------------------------


def test_what_to_do_next_is_said_beside_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("R2PSIM_QUIET", raising=False)
    done = say("check", "seminar")
    assert done.stdout.strip() == "1 of 1 valid"
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("next: ")]
    assert refused(shlex.split(line.removeprefix("next: "), comments=True)) == ""
    monkeypatch.setenv("R2PSIM_QUIET", "1")
    assert "next:" not in say("check", "seminar").stderr


def test_no_time_is_told_before_it_can_be_known() -> None:
    left = TimeLeft(10_000)
    assert left.words(500, 0.0) is None  # kept from before
    assert left.words(500, 60.0) is None  # workers begin
    assert left.words(501, 61.0) is None  # the first of them is done
    assert left.words(502, 62.0) is None
    assert left.words(501 + 19, 80.0) == progress.duration(9_480.0)
    assert left.words(10_000, 100.0) == "0:00"


def test_a_batch_tells_no_days_at_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("r2psim.analysis.batch_progress.monotonic", lambda: now[0])
    shown = BatchProgress(None)
    told = []
    # Workers need half a minute to begin; then each second brings a hundred.
    for second, done in [(0.0, 0), (30.0, 1), (31.0, 101), (33.0, 301), (40.0, 1_001)]:
        now[0] = second
        told.append(shown.words(Tick(done, 10_001, None)))
    assert told[:3] == ["time left not known yet"] * 3
    assert told[3:] == ["about 1:37 left", "about 1:30 left"]


def test_a_dry_run_prints_json(tmp_path: Path) -> None:
    file = CASES / "experiments" / "valid" / "stopping-rule.toml"
    done = say("batch", str(file), "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["dry_run"] is True
    assert told["points"] * told["runs"] * len(told["policies"]) == told["runs_in_all"] == 1600
    assert told["seconds"] > 0.0 and told["stop"]["width"] == 0.2


def test_a_dry_run_answers_also_who_wants_no_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "warning seminar --years 4 --runs 2 --dry-run".split()
    monkeypatch.setenv("R2PSIM_QUIET", "1")
    assert "runs: about" in say(*words).stderr
    monkeypatch.delenv("R2PSIM_QUIET")
    assert say(*words).stderr.count("about") == 1
