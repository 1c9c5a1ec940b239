"""Trials: published estimates as data, estimators that give back what is known, runs that find nothing in nothing."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from commands import interrupted
from typer.testing import CliRunner

from r2psim.analysis.trials import enrolment, run_trials, verdict_of
from r2psim.analysis.trials.enrolment import Entries, enrol
from r2psim.analysis.trials.estimators import Estimate, estimate, log_ratio
from r2psim.cli import app
from r2psim.declarations.columns import GROUP, STATE
from r2psim.ensemble.store import OutputError
from r2psim.scenario import ScenarioError, load
from r2psim.scenario.trials import (
    Bias,
    json_schema,
    read_trials,
    shipped_bias,
    shipped_trials,
    widened,
)
from r2psim.world.expand import expand


def run(*words: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(app, list(words))


BIAS = Bias(0.1, 0.3, 0.5, 1.5)


def entries_of(run, arm, months, happened, total=None, complete=None) -> Entries:
    """Make entries of plain lists; what was delivered does not matter."""
    run = np.asarray(run)
    nothing = np.zeros(len(run))
    return Entries(
        run,
        np.asarray(arm),
        np.asarray(months),
        np.asarray(happened, dtype=bool),
        np.ones(len(run), dtype=bool) if complete is None else np.asarray(complete),
        nothing if total is None else np.asarray(total, dtype=float),
        nothing,
        nothing,
    )


def toy(rng: np.random.Generator, ratio: float, entries: int = 1500, follow_up: int = 60) -> Entries:
    """Draw entries whose monthly hazard falls with time, is that times ``ratio`` for the treated, some censored."""
    arm = rng.integers(0, 2, entries)
    censored = rng.integers(1, follow_up + 1, entries)
    months, happened = np.empty(entries, dtype=int), np.zeros(entries, dtype=bool)
    for i in range(entries):
        end = min(follow_up, int(censored[i]))
        for month in range(1, end + 1):
            hazard = 0.03 * math.exp(-month / 40.0) * (ratio if arm[i] else 1.0)
            if rng.random() < 1.0 - math.exp(-hazard):
                happened[i] = True
                end = month
                break
        months[i] = end
    return entries_of(rng.integers(0, 60, entries), arm, months, happened, complete=happened | (censored >= follow_up))


def test_a_known_hazard_ratio_comes_back_with_nominal_coverage() -> None:
    rng = np.random.default_rng(3)
    found = [estimate(toy(rng, 0.5, 600), "hazard ratio", np.array([0.0, 1.0]), 60) for _ in range(60)]
    covered = sum(f.low <= 0.5 <= f.high for f in found)
    assert covered >= 51  # 95 % of 60 are 57; fewer than 51 would happen once in 500 times
    assert math.exp(np.mean([math.log(f.ratio) for f in found])) == pytest.approx(0.5, rel=0.05)


def test_a_wrong_estimator_is_caught_by_the_toy() -> None:
    """Shares of events are no hazard ratio: where the arms were not followed equally long they are off."""
    rng = np.random.default_rng(4)
    entries = toy(rng, 0.5, 6000)
    early = entries.arm == 1
    cut = np.where(early, np.minimum(entries.months, 15), entries.months)
    cut_entries = entries_of(entries.run, entries.arm, cut, entries.happened & (entries.months <= cut))
    right = estimate(cut_entries, "hazard ratio", np.array([0.0, 1.0]), 60)
    wrong = estimate(cut_entries, "risk ratio", np.array([0.0, 1.0]), 60)
    assert right.low <= 0.5 <= right.high
    assert not wrong.low <= 0.5 <= wrong.high


def test_a_known_dose_response_comes_back() -> None:
    rng = np.random.default_rng(5)
    doses = np.array([0.0, 3.0, 6.0])
    covered = 0
    for _ in range(60):
        arm = rng.integers(0, 3, 900)
        total = rng.poisson(24 * 2.0 * 0.8 ** doses[arm])
        found = estimate(
            entries_of(rng.integers(0, 50, 900), arm, np.full(900, 24), np.zeros(900), total), "rate ratio", doses, 24
        )
        covered += found.low <= 0.8 <= found.high
    assert covered >= 51


def test_a_known_risk_ratio_counts_only_who_was_followed() -> None:
    rng = np.random.default_rng(6)
    covered = 0
    for _ in range(60):
        arm = rng.integers(0, 2, 2000)
        happened = rng.random(2000) < np.where(arm == 1, 0.12, 0.30)
        complete = rng.random(2000) < np.where(arm == 1, 0.5, 0.9)
        # Who was lost early has no event on record: counted as saved, the treated would look better than they are.
        lost = entries_of(rng.integers(0, 80, 2000), arm, np.full(2000, 120), happened & complete, complete=complete)
        found = estimate(lost, "risk ratio", np.array([0.0, 1.0]), 120)
        covered += found.low <= 0.4 <= found.high
    assert covered >= 51


def test_intervals_know_which_entries_share_a_run() -> None:
    """Where whole runs have more events than others, and arms go by run, entries are no independent witnesses."""
    rng = np.random.default_rng(7)
    run = np.repeat(np.arange(40), 100)
    arm = run % 2
    level = rng.gamma(1.0, 1.0, 40)
    total = rng.poisson(level[run])
    clustered = estimate(
        entries_of(run, arm, np.ones(4000), np.zeros(4000), total), "rate ratio", np.array([0.0, 1.0]), 1
    )
    apart = estimate(
        entries_of(rng.permutation(4000), arm, np.ones(4000), np.zeros(4000), total),
        "rate ratio",
        np.array([0.0, 1.0]),
        1,
    )
    assert clustered.se > 2.0 * apart.se


def test_nothing_is_said_where_nothing_happened() -> None:
    assert math.isnan(log_ratio(np.array([0.0, 1.0]), np.zeros((1, 2)), np.ones((1, 2))))
    assert math.isnan(log_ratio(np.array([0.0, 1.0]), np.array([[5.0, 0.0]]), np.array([[9.0, 0.0]])))
    empty = estimate(entries_of([], [], [], []), "rate ratio", np.array([0.0, 1.0]), 12)
    assert empty.entries == 0 and math.isnan(empty.ratio)
    assert verdict_of(shipped_trials()["icc"], empty, (0.5, 0.2, 1.2)) == "no answer"


@pytest.mark.parametrize(
    ("low", "ratio", "high", "verdict"),
    [
        (0.55, 0.6, 0.65, "overlaps"),
        (0.92, 0.95, 0.98, "weaker"),
        (0.9, 1.0, 1.1, "weaker"),
        (0.05, 0.1, 0.15, "stronger"),
        (1.2, 1.4, 1.6, "opposite"),
    ],
)
def test_verdicts_of_sizes(low: float, ratio: float, high: float, verdict: str) -> None:
    found = Estimate(ratio, low, high, 0.1, 100, 10.0)
    assert verdict_of(shipped_trials()["icc"], found, (0.5, 0.3, 0.8)) == verdict
    # The same beside a study that finds more of something good.
    mirrored = Estimate(1 / ratio, 1 / high, 1 / low, 0.1, 100, 10.0)
    assert verdict_of(shipped_trials()["icc"], mirrored, (2.0, 1 / 0.8, 1 / 0.3)) == verdict


@pytest.mark.parametrize(
    ("direction", "low", "high", "verdict"),
    [
        ("below", 0.8, 0.9, "agrees"),
        ("below", 0.8, 1.1, "not told apart"),
        ("below", 1.1, 1.2, "disagrees"),
        ("above", 1.1, 1.2, "agrees"),
        ("above", 0.8, 0.9, "disagrees"),
        ("about", 0.95, 0.99, "agrees"),
        ("about", 0.5, 0.6, "disagrees"),
    ],
)
def test_verdicts_of_directions(direction: str, low: float, high: float, verdict: str) -> None:
    trial = shipped_trials()["pk-rebels"]._replace(direction=direction)
    assert verdict_of(trial, Estimate(math.sqrt(low * high), low, high, 0.1, 100, 10.0), None) == verdict


def test_a_contested_estimate_is_widened_until_its_reanalysis_is_within_one_deviation() -> None:
    trial = shipped_trials()["pk-killing-police"]
    log_estimate, _, whole = widened(trial, BIAS) or (0.0, 0.0, 0.0)
    assert log_estimate + whole >= math.log(trial.contested or 0.0) - 1e-12
    uncontested = widened(trial._replace(contested=None), BIAS)
    assert uncontested is not None and uncontested[2] < whole


def test_shipped_trials_name_columns_and_effects_that_exist() -> None:
    found = shipped_trials()
    assert {trial.use for trial in found.values()} == {"fit", "check"}
    for trial in found.values():
        outcome = trial.outcome
        for condition in (*trial.population, *trial.given_while, *outcome.conditions, *outcome.of):
            assert condition.column in STATE.index or condition.column in GROUP.index
    assert shipped_bias().of("observational", "recalled") == pytest.approx(0.75)


# -- runs --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain() -> object:
    return expand(load("seminar"))


def test_without_effects_every_trial_finds_exactly_nothing() -> None:
    """Both halves of a pair are then the same history, and each entry stands once in each arm."""
    scenario = expand(load("seminar", ["assistance.effect_scale=0"]))
    names = [name for name, trial in shipped_trials().items() if trial.forms and len(trial.doses) == 2]
    found = run_trials(scenario, names, runs=6, seed=5, years=20)
    for study in found.studies:
        if math.isfinite(study.simulated.ratio):
            assert study.simulated.ratio == pytest.approx(1.0, abs=1e-9), study.trial.key
    assert sum(math.isfinite(study.simulated.ratio) for study in found.studies) >= 10


def test_an_effect_is_found_and_grows_with_its_size(plain: object) -> None:
    trial = shipped_trials()["diplomacy-escalation"]
    ratios = []
    for size in (1.0, 0.6, 0.3):
        sets = [f"forms.{form}.effects.conflict_escalation.size={size}" for form in ("preventive-diplomacy",)]
        scenario = expand(load("seminar", [*sets, "forms.preventive-diplomacy.effects.conflict_escalation.low=0.1"]))
        found = run_trials(scenario, {"t": trial._replace(forms=("preventive-diplomacy",))}, runs=60, seed=8)
        ratios.append(found.studies[0].simulated.ratio)
    assert ratios[0] > ratios[1] > ratios[2]
    assert ratios[2] < 0.9


def test_entries_depend_neither_on_threads_nor_on_who_runs_beside(plain: object) -> None:
    trial = shipped_trials()["mediation-duration"]
    one = enrol(trial, plain, "late-response", 5, 3, 12, threads=1)
    two = enrol(trial, plain, "late-response", 5, 3, 12, threads=2)
    first = enrol(trial, plain, "late-response", 3, 3, 12, threads=1)
    for name in ("run", "arm", "months", "happened", "total", "reached"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    ours = one.run < 3
    order = np.lexsort((one.months[ours], one.arm[ours], one.run[ours]))
    theirs = np.lexsort((first.months, first.arm, first.run))
    assert np.array_equal(one.months[ours][order], first.months[theirs])
    assert one.happened.any() and not one.happened.all()


def test_a_pair_shares_its_luck_and_exchanges_its_arms(plain: object) -> None:
    trial = shipped_trials()["mediation-duration"]
    found = enrol(trial, plain, "late-response", 40, 3, 12)
    # The first to enter a pair enters both halves, once in each arm; what follows may part.
    assert abs(np.mean(found.arm) - 0.5) < 0.03


def test_the_command_prints_published_beside_simulated(tmp_path: Path) -> None:
    said = run("trials", "icc", "pk-rebels", "--scenario", "seminar", "--runs", "8", "--json")
    assert said.exit_code == 0, said.output
    summary = json.loads(said.stdout)
    assert [row["trial"] for row in summary["trials"]] == ["icc", "pk-rebels"]
    assert summary["trials"][0]["published"] == 0.53
    out = tmp_path / "found"
    said = run("trials", "icc", "--scenario", "seminar", "--runs", "8", "--out", str(out))
    assert said.exit_code == 0, said.output
    assert {"trials.json", "trials.csv", "forest.png", "provenance.json"} <= {each.name for each in out.iterdir()}


def test_trials_go_on_from_what_is_kept(tmp_path: Path, plain: object, monkeypatch: pytest.MonkeyPatch) -> None:
    done = [(-1, False)]
    go, out = enrolment._Run.go, tmp_path / "kept"

    def counted(self: object, p: np.ndarray, seed: int, first: int, months: int) -> None:
        done.append((first, self.flipped))  # type: ignore[attr-defined]
        if (-1, False) in done and len(done) == 5:
            raise KeyboardInterrupt
        go(self, p, seed, first, months)  # type: ignore[arg-type]

    monkeypatch.setattr(enrolment._Run, "go", counted)
    monkeypatch.setattr(enrolment, "STATES_BESIDE", 24)
    asked = {"scenario": plain, "trials": ["icc", "mediation-duration"], "runs": 5, "seed": 3, "years": 4}
    with pytest.raises(KeyboardInterrupt):
        run_trials(**asked, directory=out)
    assert len(list((out / enrolment.FOLDER).glob("*.npz"))) == 3
    done.clear()
    found = run_trials(**asked, directory=out)
    whole = len(done)
    assert whole == 2 * 2 * 3 - 3, "three blocks of two halves for each trial, three of them kept"
    damaged = sorted((out / enrolment.FOLDER).glob("*.npz"))[0]
    damaged.write_bytes(damaged.read_bytes()[:100])
    assert run_trials(**asked, threads=2, directory=out).summary() == found.summary()
    assert len(done) == whole + 1
    assert run_trials(**asked).summary() == found.summary(), "what is kept is what is found anew"
    # More runs of the same are more, and not others.
    before = len(done)
    run_trials(**(asked | {"trials": ["icc"], "runs": 7}), directory=out)
    assert len(done) == before + 4


def test_kept_trials_are_of_one_question(tmp_path: Path) -> None:
    out, mine = tmp_path / "kept", tmp_path / "mine.toml"
    mine.write_text(GOOD)
    words = ["trials", "icc", "--scenario", "seminar", "--runs", "2", "--years", "2", "--out", str(out)]
    assert run(*words).exit_code == 0
    kept = {file.name: file.read_bytes() for file in out.iterdir() if file.is_file()}
    again = run(*words)
    assert again.exit_code == 0, again.output
    for other, said in (
        (["--seed", "2"], "seed 1, now 2"),
        (["--years", "3"], "years 2, now 3"),
        (["--policy", "balanced"], "policy late-response, now balanced"),
        (["--scenario", "insurgency"], "scenario seminar, now insurgency"),
        (["--set", "assistance.effect_scale=0.5"], "values of the scenario differ"),
    ):
        refused = run(*words, *other)
        assert isinstance(refused.exception, OutputError)
        assert said in str(refused.exception) and "name a new directory" in str(refused.exception)
    refused = run("trials", *words[2:], "--file", str(mine))
    assert isinstance(refused.exception, OutputError) and "trials of the file differ" in str(refused.exception)
    assert set(kept) == {file.name for file in out.iterdir() if file.is_file()}
    assert all((out / name).read_bytes() == kept[name] for name in kept if name not in ("provenance.json",))
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="holds no table of trials"):
        run_trials("seminar", ["icc"], runs=2, years=2, directory=tmp_path / "thesis")


@pytest.mark.slow
def test_interrupted_trials_say_how_to_go_on(tmp_path: Path) -> None:
    out = tmp_path / "found"
    kept = out / enrolment.FOLDER
    words = ["trials", "--scenario", "seminar", "--runs", "400", "--out", str(out)]
    code, told, _ = interrupted(words, until=lambda: any(kept.glob("*.npz")))
    assert code == 130, told
    assert "the same command goes on" in told and "Traceback" not in told
    assert {each.name for each in out.iterdir()} == {enrolment.FOLDER}


def test_a_name_that_is_none_is_refused_with_the_nearest() -> None:
    said = run("trials", "iccc", "--scenario", "seminar")
    assert said.exit_code == 2
    assert "did you mean icc?" in said.output


BAD = {
    "unknown key": ("questoin = 'x'", "question"),
    "unknown form": ("forms = ['mediaton']", "mediation"),
    "unknown column": ("population = ['conflct >= 2']", "conflict"),
    "no comparison": ("population = ['conflict']", "a column, a comparison and a number"),
    "estimate outside": ("estimate = 3.0", "low <= estimate <= high"),
    "estimand of an amount": ("estimand = 'rate ratio'", "hazard ratio"),
    "two outcomes": ("outcome = { event = ['conflict < 2'], total = 'deaths_month' }", "one of event, months"),
    "address": ("informs = ['forms.mediation.effects.to_atrocty']", "to_atrocity"),
}
GOOD = """
[trials.mine]
question = "Does mediation end conflicts?"
forms = ["mediation"]
population = ["conflict >= 2"]
treatment_months = 12
follow_up = 24
outcome = { event = ["conflict < 2"] }
estimand = "hazard ratio"
estimate = 1.3
low = 1.0
high = 1.8
design = "observational"
"""


def test_a_trial_of_ones_own_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD)
    assert read_trials(file)["mine"].use == "fit"
    assert "population" in json_schema()["$defs"]["_Trial"]["properties"]


@pytest.mark.parametrize("name", BAD)
def test_bad_trials_get_one_clear_error(tmp_path: Path, name: str) -> None:
    line, hint = BAD[name]
    key = line.partition(" =")[0]
    kept = [each for each in GOOD.splitlines() if not each.startswith(f"{key} =")]
    file = tmp_path / "mine.toml"
    file.write_text("\n".join([*kept, line]))
    with pytest.raises(ScenarioError) as refused:
        read_trials(file)
    told = str(refused.value)
    assert hint in told and "mine.toml:" in told
