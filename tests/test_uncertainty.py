"""What every run draws anew: from the declared ranges, the same for all policies, and the same when it is run again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from r2psim.cli import app
from r2psim.ensemble.results import Results
from r2psim.ensemble.simulation import simulate
from r2psim.ensemble.store import OutputError
from r2psim.ensemble.uncertainty import Drawing, with_draw
from r2psim.scenario import Scenario, load
from r2psim.scenario.paths import effects_by_path
from r2psim.scenario.posterior import UNCERTAINTIES, checked_uncertainty, drawn_in, read_effects, read_posterior
from r2psim.verbs.replay import replay_run
from r2psim.world.build import build
from r2psim.world.expand import expand

POLICIES = ["late-response", "prevention"]
MEDIATION = "forms.mediation.effects.to_atrocity.size"
RELAPSE = "forms.peacekeeping.effects.conflict_relapse.size"


def drawing(scenario: Scenario, kind: str = "effects", seed: int = 1) -> Drawing:
    return Drawing(scenario, drawn_in(scenario, kind), seed)


# -- which distribution ------------------------------------------------------------------------------------------------


def test_every_effect_is_drawn_from_a_triangle_over_its_range_with_its_mode_at_the_size() -> None:
    scenario, runs = load("seminar"), 3000
    effects = effects_by_path(scenario.forms)
    draw = drawing(scenario).sizes_of
    found = [draw(run) for run in range(runs)]
    assert list(found[0]) == [path for path, effect in effects.items() if effect.low < effect.high]
    fitted = (read_effects() or ({},))[0]
    for path, effect in effects.items():
        sizes = np.array([sizes[path] for sizes in found])
        a, c, b = effect.low, effect.size, effect.high
        if path in fitted:  # run i has draw i of the posterior, and goes through it again when it is through
            posterior = [draw[path] for draw in read_effects()]
            assert effect.label == "fitted" and sizes.tolist() == (3 * posterior)[:runs], path
            continue
        assert a <= sizes.min() and sizes.max() <= b, path
        sd = np.sqrt((a * a + b * b + c * c - a * b - a * c - b * c) / 18.0)
        assert abs(sizes.mean() - (a + b + c) / 3.0) < 4.5 * sd / np.sqrt(runs), path
        assert sizes.std() == pytest.approx(sd, rel=0.06), path
        below = (c - a) / (b - a)
        assert abs((sizes < c).mean() - below) <= 4.5 * np.sqrt(below * (1.0 - below) / runs), path
        if effect.harm is not None:
            assert effect.channel.harms(sizes.max()) or effect.channel.harms(sizes.min()), path


def test_effects_are_drawn_independently_of_each_other_and_of_run_and_seed() -> None:
    scenario = load("seminar")
    draw, elsewhere = drawing(scenario).sizes_of, drawing(scenario, seed=2).sizes_of
    # Those that were fitted to studies are drawn together, from one posterior.
    alone = [path not in (read_effects() or ({},))[0] for path in draw(0)]
    table = np.array([list(draw(run).values()) for run in range(1500)])[:, alone]
    other = np.array([list(elsewhere(run).values()) for run in range(1500)])[:, alone]
    correlations = np.corrcoef(table.T)[np.triu_indices(table.shape[1], 1)]
    assert np.abs(correlations).max() < 0.14  # 5 standard errors
    apart = [np.corrcoef(a, b)[0, 1] for a, b in zip(table.T, other.T, strict=True)]
    in_line = [np.corrcoef(a[1:], a[:-1])[0, 1] for a in table.T]
    assert np.abs([apart, in_line]).max() < 0.13


def test_the_draw_of_an_effect_does_not_depend_on_which_others_are_drawn() -> None:
    scenario = load("seminar")
    alone = Drawing(scenario, [RELAPSE], 1)
    assert [alone.sizes_of(run)[RELAPSE] for run in range(5)] == [
        drawing(scenario).sizes_of(run)[RELAPSE] for run in range(5)
    ]


# -- the same everywhere -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rates", "effects", "all"])
def test_each_run_has_its_draw_whoever_else_runs(kind: str) -> None:
    scenario = load("seminar")
    drawn = drawn_in(scenario, kind)
    found = simulate("seminar", POLICIES, runs=4, seed=4, years=4, uncertainty=kind, threads=2)
    one_thread = simulate("seminar", POLICIES[::-1], runs=2, seed=4, years=4, uncertainty=kind, threads=1, first_run=2)
    for policy in POLICIES:
        assert found.metrics[policy][2:].tobytes() == one_thread.metrics[policy].tobytes()
        for run in range(2):
            alone = simulate(with_draw(scenario, run, drawn, 4), [policy], runs=1, seed=4, years=4, first_run=run)
            assert found.metrics[policy][run].tobytes() == alone.metrics[policy][0].tobytes()
    plain = simulate("seminar", POLICIES, runs=4, seed=4, years=4)
    assert found.metrics["prevention"].tobytes() != plain.metrics["prevention"].tobytes()


def test_bodies_do_not_know_the_draw() -> None:
    scenario = load("seminar")
    there = build(scenario, "prevention").rows
    drawn = build(with_draw(scenario, 3, drawn_in(scenario, "all"), 1), "prevention").rows
    assert np.array_equal(drawn.form, there.form)
    assert not np.array_equal(drawn.effect_size, there.effect_size)
    in_place = drawing(scenario, "all").rows_of(3, there)
    assert np.array_equal(in_place.effect_size, drawn.effect_size)
    assert np.array_equal(in_place.effect_harms, drawn.effect_harms)
    assert not np.array_equal(in_place.effect_harms, there.effect_harms)


@pytest.mark.parametrize("kind", ["rates", "effects", "all"])
def test_results_with_draws_are_read_back_and_run_again_to_the_same_bits(kind: str, tmp_path: Path) -> None:
    sets = [f"{MEDIATION}=0.6", "observation.noise=0.2", "principles.prevention.reserve=0.1"]
    found = simulate(load("seminar", sets), POLICIES, runs=2, seed=4, years=2, uncertainty=kind, events=[1])
    found.save(tmp_path / "out")
    facts = json.loads((tmp_path / "out" / "provenance.json").read_text(encoding="utf-8"))
    assert (facts["uncertainty"], facts["drawn"]) == (kind, list(found.drawn))
    assert MEDIATION not in facts["drawn"]
    again = Results.load(tmp_path / "out")
    assert (again.uncertainty, again.drawn, again.events) == (kind, found.drawn, found.events)
    for policy in POLICIES:
        assert replay_run(again, 1, policy).differences == ()
    model = again.open(1, "prevention", again.months)
    assert model.history().events == found.events[("prevention", 1)]
    model.close()


def test_a_damaged_list_of_what_was_drawn_is_refused(tmp_path: Path) -> None:
    simulate("seminar", ["prevention"], runs=1, years=1, uncertainty="effects").save(tmp_path / "out")
    file = tmp_path / "out" / "provenance.json"
    file.write_text(file.read_text(encoding="utf-8").replace(MEDIATION, MEDIATION + "d"), encoding="utf-8")
    with pytest.raises(OutputError, match=r"provenance\.json: is damaged"):
        Results.load(tmp_path / "out")


# -- what stays --------------------------------------------------------------------------------------------------------


def test_what_is_set_is_not_drawn() -> None:
    free = load("seminar")
    rate = drawn_in(free, "rates")[0]
    held = load("seminar", {rate: 0.02, MEDIATION: 0.6})
    gone = set(drawn_in(free, "all")) - set(drawn_in(held, "all"))
    assert gone == {rate, MEDIATION}
    assert drawn_in(held, "none") == ()
    assert with_draw(held, 5, drawn_in(held, "all"), 1).forms["mediation"].effects[0].size == 0.6


def test_a_file_fixes_a_size_without_a_range_and_redraws_one_with_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    text = 'schema = 1\nextends = "seminar"\n[forms]\nmediation.effects.to_atrocity.size = 0.9\n'
    file.write_text(text + "peacekeeping.effects.conflict_relapse = { size = 0.8, low = 0.7, high = 1.0 }\n", "utf-8")
    scenario = load(file)
    drawn = drawn_in(scenario, "effects")
    assert MEDIATION not in drawn and RELAPSE in drawn
    sizes = [Drawing(scenario, drawn, 1).sizes_of(run)[RELAPSE] for run in range(200)]
    assert 0.7 <= min(sizes) < 0.75 and 0.93 < max(sizes) <= 1.0
    again = Scenario.from_resolved(scenario.resolved())
    assert drawn_in(again, "effects") == drawn
    file.write_text(text + "mediation.effects.to_atrocity.known = false\n", "utf-8")
    assert MEDIATION in drawn_in(load(file), "effects")


def test_a_generated_world_is_drawn_too() -> None:
    world = expand(load("world"))
    assert set(drawn_in(world, "rates")) == set(read_posterior()[0])
    values = [drawing(world, "rates").values_of(run, "prevention") for run in range(2)]
    assert (values[0] != values[1]).sum() == len(read_posterior()[0])


# -- names -------------------------------------------------------------------------------------------------------------


def test_the_older_name_is_taken_and_told() -> None:
    with pytest.warns(FutureWarning, match="'posterior' is the older name of 'rates'"):
        old = simulate("seminar", ["prevention"], runs=2, years=1, uncertainty="posterior")
    new = simulate("seminar", ["prevention"], runs=2, years=1, uncertainty="rates")
    assert old.uncertainty == "rates"
    assert old.metrics["prevention"].tobytes() == new.metrics["prevention"].tobytes()
    line = ["compare", "seminar", "--runs", "2", "--years", "1", "--uncertainty"]
    told = CliRunner().invoke(app, [*line, "posterior", "--json"])
    assert "note: --uncertainty posterior is the older name of rates" in told.stderr
    assert json.loads(told.stdout)["uncertainty"] == "rates"


@pytest.mark.parametrize(("given", "near"), [("rate", "rates"), ("effect", "effects"), ("", None), ("al", "all")])
def test_an_unknown_kind_is_refused_with_the_nearest(given: str, near: str | None) -> None:
    with pytest.raises(ValueError, match=f"'{given}' is not allowed: one of {', '.join(UNCERTAINTIES)}") as refused:
        checked_uncertainty(given)
    assert (f"(did you mean {near}?)" in str(refused.value)) == (near is not None)
