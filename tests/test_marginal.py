"""What a further dollar does: Shapley values where they are known, and nothing where assistance does nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from r2psim.analysis import shapley as shapley_module
from r2psim.analysis.marginal import PRINCIPLES, RECOMMENDATIONS, marginal
from r2psim.analysis.shapley import shapley, subsets
from r2psim.cli import app
from r2psim.plots import marginal_figure, save
from r2psim.scenario import load

GLOVES = ("left", "right 1", "right 2", "nobody")
"""One left glove and two right ones: a pair is worth 1; nobody owns none."""


def gloves() -> dict[frozenset[str], np.ndarray]:
    def worth(there: frozenset[str]) -> float:
        return float("left" in there and bool({"right 1", "right 2"} & there))

    return {s: np.array([worth(s), 3.0 * worth(s) + 5.0]) for s in subsets(GLOVES)}


def check_gloves(values: Mapping[str, np.ndarray]) -> None:
    """Hold the values of the glove game, which are known; in the second run all is threefold, from another start."""
    expected = {"left": 2 / 3, "right 1": 1 / 6, "right 2": 1 / 6, "nobody": 0.0}
    for name, value in expected.items():
        assert values[name] == pytest.approx([value, 3.0 * value], abs=1e-12)


def test_the_glove_game_has_its_known_values() -> None:
    check_gloves(shapley(GLOVES, gloves()))


def test_one_at_a_time_is_another_value_and_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    # Only what each adds to nobody: the usual mistake, by which none of the gloves is worth anything.
    monkeypatch.setattr(shapley_module, "factorial", lambda n: 1)
    with pytest.raises(AssertionError):
        check_gloves(shapley(GLOVES, gloves()))
    one_by_one = {p: gloves()[frozenset({p})] - gloves()[frozenset()] for p in GLOVES}
    with pytest.raises(AssertionError):
        check_gloves(one_by_one)


def test_values_add_up_to_the_whole_and_who_adds_nothing_has_none() -> None:
    rng = np.random.default_rng(3)
    players = ("a", "b", "c", "idle")
    own = {s: rng.standard_normal(7) for s in subsets(players[:3])}
    worth = {s: own[s - {"idle"}] for s in subsets(players)}
    values = shapley(players, worth)
    assert sum(values.values()) == pytest.approx(worth[frozenset(players)] - worth[frozenset()])
    assert values["idle"] == pytest.approx(np.zeros(7), abs=1e-12)


def test_values_of_a_sum_are_the_terms() -> None:
    terms = {"a": 2.0, "b": -1.0, "c": 0.5}
    worth = {s: np.array([sum(terms[p] for p in s)]) for s in subsets(list(terms))}
    for name, value in shapley(list(terms), worth).items():
        assert value == pytest.approx([terms[name]])


# -- the model ---------------------------------------------------------------------------------------------------------


def test_recommendations_and_principles_add_up_and_cover_the_policies() -> None:
    found = marginal("seminar", parts=["recommendations", "principles"], runs=4, years=3)
    for part, players in (("recommendations", RECOMMENDATIONS), ("principles", PRINCIPLES)):
        changes = found.of(part)
        assert [change.name for change in changes] == list(players)
        for key in ("lives", "money"):
            parts = [getattr(change, key).mean for change in changes]
            assert sum(parts) == pytest.approx(getattr(found.whole[part], key).mean, rel=1e-9, abs=1e-6)
    # Every part of the shipped policies that is a recommendation's or a principle's own is some player's.
    policies = load("seminar").policies
    named = {key for parts in RECOMMENDATIONS.values() for key in (*parts["shares"], *parts["priorities"])}
    own = policies["recommendations"]
    assert set(own.shares["forms"]) | set(own.priorities["forms"]) == named
    assert set(own.budgets) == {key for parts in RECOMMENDATIONS.values() for key in parts.get("budgets", ())}


@pytest.mark.parametrize("uncertainty", ["none", "all"])
def test_with_no_effects_a_further_dollar_saves_nobody_and_nothing(uncertainty: str) -> None:
    scenario = load("seminar", ["assistance.effect_scale=0"])
    parts = ["stages", "kinds", "recommendations"]
    found = marginal(scenario, parts=parts, runs=12, years=3, uncertainty=uncertainty)
    for change in (*found.changes, *found.whole.values()):
        assert change.lives is not None
        assert (change.lives.mean, change.lives.low, change.lives.high) == (0.0, 0.0, 0.0)
        for interval in change.returns.values():
            assert interval is None or (interval.mean, interval.low, interval.high) == (0.0, 0.0, 0.0)
    # The money is given all the same.
    assert any(change.money is not None and change.money.mean > 1e6 for change in found.of("stages"))


def test_what_is_not_known_is_drawn_run_by_run() -> None:
    parts = ["recommendations"]
    known = marginal("seminar", parts=parts, runs=4, years=6)
    drawn = marginal("seminar", parts=parts, runs=4, years=6, uncertainty="all")
    assert drawn.summary()["uncertainty"] == "all"
    assert [c.row() for c in known.changes] != [c.row() for c in drawn.changes]


def test_what_cannot_be_asked_is_said() -> None:
    for words, said in (
        (["--parts", "form"], "did you mean forms?"),
        (["--policy", "prevention"], "such as late-response"),
        (["--money", "0"], "above 0"),
    ):
        done = CliRunner().invoke(app, ["marginal", "seminar", *words])
        assert done.exit_code == 2
        assert said in " ".join(done.stderr.split())


def test_the_verb_writes_its_table_and_figure(tmp_path: Path) -> None:
    out = tmp_path / "study"
    words = ["marginal", "seminar", "--parts", "recommendations", "--runs", "2", "--years", "2", "--out", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "16 runs" in done.stderr
    assert {"marginal.json", "marginal.csv", "marginal.png", "worlds"} <= {file.name for file in out.iterdir()}
    again = CliRunner().invoke(app, [*words, "--json"])
    assert json.loads(again.stdout)["runs_simulated"] == 0
    save(marginal_figure(marginal("seminar", parts=["stages"], runs=2, years=1)), tmp_path / "stages.png")
