"""Searches for portfolios: the winner's curse is told, nothing comes of no effect, and what is interrupted goes on."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import r2psim
from r2psim.analysis import optimise as study
from r2psim.analysis.optimise import optimise, portfolio_problem
from r2psim.analysis.optimise_found import Optimised
from r2psim.analysis.out_of_sample import Lucks, judge
from r2psim.analysis.portfolio_runs import BILL, KEPT, KILLED, OBJECTIVES, PortfolioRuns, place
from r2psim.analysis.random_portfolios import random_portfolios
from r2psim.cli import app
from r2psim.plots import front_figure, random_figure, save
from r2psim.scenario import load
from r2psim.scenario.specs import PolicySpec

SMALL: dict[str, Any] = {"population": 6, "generations": 3, "runs": 4, "keep": 3, "fresh_runs": 6, "years": 2}

# -- the winner's curse ------------------------------------------------------------------------------------------------


def noise(self: PortfolioRuns, wanted: list[str | PolicySpec], seed: int, runs: int, null_twins: bool = False) -> Any:
    """Measure nothing but luck: every portfolio is worth what policies are, with luck of its own under each seed."""
    found = np.full((1 + null_twins, len(wanted), runs, len(KEPT)), 1000.0)
    for k, policy in enumerate(wanted):
        if isinstance(policy, str):
            continue
        own = int.from_bytes(sha256(json.dumps(asdict(policy)).encode()).digest()[:8])
        found[:, k] = np.random.default_rng([seed, own]).normal(1000.0, 100.0, (runs, len(KEPT)))
    return found


def planted(monkeypatch: pytest.MonkeyPatch) -> Optimised:
    monkeypatch.setattr(PortfolioRuns, "measure", noise)
    return optimise(
        "seminar", over=["bodies"], objectives=[KILLED], population=60, generations=3, runs=60, keep=1, fresh_runs=400
    )


def check_curse(found: Optimised) -> None:
    """Hold a search in which there is nothing to find: the best looks better, and is not."""
    gain = found.found[0].gains[KILLED]
    assert gain.search is not None and gain.fresh is not None and gain.curse is not None
    assert gain.search.low is not None and gain.search.low > 0.0
    assert gain.fresh.low is not None and gain.fresh.high is not None and gain.fresh.low < 0.0 < gain.fresh.high
    assert gain.curse.low is not None and gain.curse.low > 0.0
    assert gain.curse.mean == gain.search.mean - gain.fresh.mean


def test_the_best_of_many_equal_ones_is_told_as_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    check_curse(planted(monkeypatch))


def test_judging_on_the_luck_of_the_search_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "fresh_seed_of", lambda seed, fresh: seed)
    monkeypatch.setattr(
        study,
        "judge",
        lambda names, found, specs, shares, lucks, *rest: judge(
            names, found, specs, shares, Lucks(lucks.search, lucks.search, lucks.search), *rest
        ),
    )
    with pytest.raises(AssertionError):
        check_curse(planted(monkeypatch))


def test_a_planted_gain_is_found_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def worth(self: PortfolioRuns, wanted: list[Any], seed: int, runs: int, null_twins: bool = False) -> Any:
        found = noise(self, wanted, seed, runs, null_twins)
        for k, policy in enumerate(wanted):
            early = 0.0 if isinstance(policy, str) else policy.shares["stages"].get("risk", 0.0)
            found[:, k] += np.where(np.array(KEPT) == KILLED, -500.0 * early, 400.0 * early)
        return found

    monkeypatch.setattr(PortfolioRuns, "measure", worth)
    found = optimise("seminar", over=["stages"], objectives=[KILLED, BILL], population=20, generations=25, runs=60)
    best = found.found[0]
    assert best.shares["stages"]["risk"] > 0.75
    assert found.told_apart(KILLED)[0] == best.name and best.name not in found.told_apart(BILL)
    lives, bill = best.gains[KILLED].fresh, best.gains[BILL].fresh
    assert lives is not None and lives.mean == pytest.approx(500.0 * best.shares["stages"]["risk"], abs=30.0)
    assert bill is not None and bill.mean == pytest.approx(-400.0 * best.shares["stages"]["risk"], abs=30.0)


# -- the model ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def none() -> Optimised:
    return optimise(load("seminar", ["assistance.effect_scale=0"]), population=8, generations=3, runs=10, keep=4,
                    fresh_runs=60, years=4)  # fmt: skip


def test_with_no_effects_no_portfolio_saves_anybody(none: Optimised) -> None:
    for policy in none.policies:
        for metric in (KILLED, "episodes", "gdp_lost"):
            for gains in (policy.gains, policy.beside):
                assert [interval and tuple(interval) for interval in gains[metric]] == [(0.0, 0.0, 0.0)] * 3
        # All of the bill is there whatever the harm.
        assert policy.withheld is not None and policy.gains[BILL].fresh is not None
        assert policy.withheld.mean == policy.gains[BILL].fresh.mean
        assert policy.avoided is not None and tuple(policy.avoided) == (0.0, 0.0, 0.0)
    nobody = next(policy for policy in none.policies if policy.name == "no-assistance")
    assert all(nobody.means[BILL] <= policy.means[BILL] for policy in none.policies)
    assert not any(none.told_apart(metric) for metric in (KILLED, "episodes", "gdp_lost"))


def test_with_effects_the_same_search_saves_somebody() -> None:
    found = optimise("seminar", population=8, generations=2, runs=10, keep=3, fresh_runs=60, years=10)
    assert any(policy.gains[KILLED].fresh.mean != 0.0 for policy in found.found if policy.gains[KILLED].fresh)


def test_gains_are_those_of_the_policies_in_the_file(tmp_path: Path) -> None:
    from r2psim.verbs.optimise import write_optimised

    found = optimise(load("seminar", ["observation.noise=0.3", "forms.mediation.lag=2"]), **SMALL)
    write_optimised(found, tmp_path)
    name = found.found[0].name
    again = r2psim.simulate(tmp_path / "found.toml", ["late-response", name], 6, seed=2, years=2)
    for metric in OBJECTIVES:
        gain = found.found[0].gains[metric].fresh
        assert gain is not None
        assert gain.mean == (again.values("late-response", metric) - again.values(name, metric)).mean()
    done = CliRunner().invoke(
        app, ["compare", str(tmp_path / "found.toml"), "--policies", f"late-response,{name}", "--runs", "2", "--json"]
    )
    assert done.exit_code == 0 and list(json.loads(done.stdout)["policies"]) == ["late-response", name]


def test_a_file_of_what_was_found_loads_as_what_was_run(tmp_path: Path) -> None:
    from r2psim.analysis.portfolio_file import write_scenario

    for sets in ([], ["observation.noise=0.1", "years=7", "forms.mediation.lag=3",
                      "policies.prevention.parameters.observation.signal=0.5"]):  # fmt: skip
        for name in ("seminar", "world"):
            one = load(name, sets)
            write_scenario(one, ["prevention"], ["of a test"], tmp_path / "one.toml")
            other = load(tmp_path / "one.toml")
            assert other.resolved() == one.resolved()
            # What is left to its default still is: else no draw could change it.
            assert (other.parameters, other.changed_forms) == (one.parameters, one.changed_forms)


@pytest.mark.slow
@pytest.mark.parametrize("robust", ["worst-tenth", "regret"])
def test_portfolios_are_judged_over_draws(robust: str) -> None:
    asked = SMALL | {"runs": 20, "fresh_runs": 20, "generations": 2}
    found = optimise("seminar", over=["stages"], robust=robust, uncertainty="all", per_draw=2, **asked)
    assert found.robust.per_draw == 2 and found.summary()["robust"] == robust
    # Against itself nothing is gained, whatever it is judged by.
    own = next(policy for policy in found.policies if policy.name == "late-response")
    assert own.gains[KILLED].fresh is not None and tuple(own.gains[KILLED].fresh) == (0.0, 0.0, 0.0)
    mean = optimise("seminar", over=["stages"], uncertainty="all", **asked)
    assert mean.course[0].tolist() != found.course[0].tolist()


@pytest.mark.slow
def test_a_search_is_the_same_on_any_threads() -> None:
    one, two = (optimise("seminar", threads=threads, **SMALL).summary() for threads in (1, 2))
    assert one == two


class StopError(Exception):
    """Somebody interrupts."""


def test_what_is_interrupted_goes_on_to_the_same_result(tmp_path: Path) -> None:
    asked = SMALL | {"runs": 8, "years": 8}
    whole = optimise("seminar", **asked)
    assert len(np.unique(whole.course[:, 3])) > 1  # generations differ: one taken for another would be seen
    left = [8 * (5 + 6) + 20]  # within the second generation

    def stop(runs: int) -> None:
        left[0] -= runs
        if left[0] < 0:
            raise StopError

    with pytest.raises(StopError):
        optimise("seminar", directory=tmp_path, advance=stop, **asked)
    assert len(list((tmp_path / "worlds").glob("*.npz"))) == 2
    told: list[int] = []
    again = optimise("seminar", directory=tmp_path, advance=told.append, **asked)
    assert again.done < whole.done
    assert again.summary() | {"runs_simulated": 0} == whole.summary() | {"runs_simulated": 0}
    assert np.array_equal(again.course, whole.course)
    # Those read from disk count too.
    assert sum(told) == whole.done
    # Another search in the same directory takes nothing for its own that is not.
    for other in ({"seed": 2, "generations": 2}, {"runs": 6, "generations": 2}):
        mine, alone = (optimise("seminar", directory=at, **asked | other) for at in (tmp_path, None))
        assert mine.summary() | {"runs_simulated": 0} == alone.summary() | {"runs_simulated": 0}


def test_the_problem_is_one_of_pymoo() -> None:
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.optimize import minimize

    problem = portfolio_problem("seminar", over=["stages"], objectives=[KILLED, BILL], runs=4, years=2)
    found = minimize(problem, NSGA2(pop_size=6), ("n_gen", 2), seed=1)
    best = problem.portfolios.policy(np.atleast_2d(found.X)[0])
    assert 0.0 <= sum(best.shares["stages"].values()) <= 1.0
    # The same points are worth the same: the luck is common.
    assert np.array_equal(problem.evaluate(np.atleast_2d(found.X)), np.atleast_2d(found.F))


# -- random portfolios -------------------------------------------------------------------------------------------------


def shifted(by: float, only: int | None = None) -> Any:
    """Give portfolios that are better by so much, under one seed alone if one is given."""

    def measure(self: PortfolioRuns, wanted: list[Any], seed: int, runs: int, null_twins: bool = False) -> Any:
        found = noise(self, wanted, seed, runs, null_twins)
        for k, policy in enumerate(wanted):
            found[:, k] -= 0.0 if isinstance(policy, str) or only not in (None, seed) else by
        return found

    return measure


def test_random_portfolios_that_are_no_better_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PortfolioRuns, "measure", shifted(0.0))
    found = random_portfolios("seminar", 200, over=["stages"], runs=100)
    # One luck of the baseline is common to all: few by chance, and none of them twice.
    assert 30 <= len(found.leading) <= 70 and len(found.better) <= 6 and len(found.better_again) <= 3
    # What the first luck alone makes better is not so again.
    monkeypatch.setattr(PortfolioRuns, "measure", shifted(60.0, only=1))
    lucky = random_portfolios("seminar", 40, over=["stages"], runs=100)
    assert len(lucky.better) >= 38 and len(lucky.better_again) <= 2
    assert lucky.better[0].again[KILLED] is not None
    monkeypatch.setattr(PortfolioRuns, "measure", shifted(60.0))
    better = random_portfolios("seminar", 40, over=["stages"], runs=100)
    share = better.share("better_again")
    assert len(better.better) >= 38 and share is not None and share.low is not None and share.low > 0.8
    mean = better.mean[KILLED]
    assert mean is not None and mean.low is not None and mean.high is not None and mean.low <= 60.0 <= mean.high


@pytest.mark.slow
def test_random_portfolios_with_no_effects_save_nobody(tmp_path: Path) -> None:
    scenario = load("seminar", ["assistance.effect_scale=0"])
    found = random_portfolios(scenario, 5, runs=50, fresh_runs=4, years=2, directory=tmp_path)
    assert all(one.first[KILLED] == (0.0, 0.0, 0.0) for one in found.allocations)
    assert not found.better and found.done == 6 * 50
    assert random_portfolios(scenario, 5, runs=50, fresh_runs=4, years=2, directory=tmp_path).done == 0
    save(random_figure(found), tmp_path / "random.png")


# -- the verb ----------------------------------------------------------------------------------------------------------


def say(words: str, *more: str) -> Result:
    return CliRunner().invoke(app, ["optimise", "seminar", *words.split(), *more])


def test_the_verb_writes_table_figure_and_policies(tmp_path: Path) -> None:
    out = tmp_path / "study"
    words = "--population 4 --generations 2 --runs 4 --keep 2 --fresh-runs 4 --years 2 --objectives deaths,episodes"
    done = say(words, "--out", str(out))
    assert done.exit_code == 0, done.output
    assert "52 runs" in done.stderr or "runs, 8 portfolios" in done.stderr
    written = {"optimise.json", "optimise.csv", "optimise.png", "found.toml", "provenance.json", "worlds"}
    assert {file.name for file in out.iterdir()} == written
    assert "By chance alone" in done.stdout and "the search's luck" in done.stdout
    again = say(words, "--out", str(out), "--json")
    told = json.loads(again.stdout)
    assert told["runs_simulated"] == 0 and told["objectives"] == ["deaths", "episodes"]
    assert told == json.loads((out / "optimise.json").read_text()) | {"runs_simulated": 0}
    assert np.isfinite(told["found"][0]["fresh"])


@pytest.mark.slow
def test_the_verb_tells_random_portfolios(tmp_path: Path) -> None:
    out = tmp_path / "study"
    done = say("--random 3 --runs 4 --fresh-runs 4 --years 2 --base late-response", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert "by chance alone at most" in done.stdout and (out / "optimise.png").exists()
    rows = (out / "optimise.csv").read_text().splitlines()
    assert len(rows) == 4 and not (out / "found.toml").exists()


def test_the_figure_of_a_front_is_drawn(tmp_path: Path, none: Optimised) -> None:
    save(front_figure(none), tmp_path / "front.png")
    assert place(KILLED) == 0


def test_money_that_one_purse_has_is_not_divided_over_bodies(tmp_path: Path) -> None:
    few = tmp_path / "few.toml"
    scenario = load("seminar")
    gone = "".join(f"[bodies.{key}]\nremove = true\n" for key in scenario.bodies if key != "ocha")
    few.write_text(f'schema = 1\nextends = "seminar"\n{gone}', encoding="utf-8")
    for more in ([], ["--random", "2"]):
        done = CliRunner().invoke(app, ["optimise", str(few), *more])
        assert done.exit_code == 2 and "few has money for assistance in fewer than two purses" in " ".join(
            done.output.split()
        )
        assert "ms a run" not in done.output
    done = CliRunner().invoke(
        app, ["optimise", str(few), "--over", "stages", "--random", "2", "--runs", "2", "--years", "1"]
    )
    assert done.exit_code == 0, done.output


def test_without_pymoo_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pymoo", None)
    done = say("--years 1")
    assert done.exit_code == 2 and "r2psim[optimise]" in " ".join(done.output.split())
    with pytest.raises(ImportError, match="optimise"):
        optimise("seminar", **SMALL)
    # Random portfolios do without.
    assert say("--random 2 --runs 2 --fresh-runs 2 --years 1").exit_code == 0
