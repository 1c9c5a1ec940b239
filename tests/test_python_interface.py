"""What a researcher's own code meets: axes of their own, names that are misspelt, seeds, other programs' models."""

from __future__ import annotations

import random

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes

import r2psim
from r2psim import plots
from r2psim.plots.harm import PANELS


@pytest.fixture(scope="module")
def history() -> r2psim.History:
    model = r2psim.R2PModel("seminar", policy="late-response", seed=3, drive="rows")
    model.run_model()
    return model.history()


@pytest.fixture(scope="module")
def results() -> r2psim.Results:
    return r2psim.simulate(
        "seminar", ["late-response", "prevention"], runs=3, years=3, seed=7, series=["states_stage_4"], ledgers=True,
        null_twins=True,
    )  # fmt: skip


# -- axes --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ax() -> Axes:
    figure, axes = plt.subplots(figsize=(6, 4))
    yield axes
    plt.close(figure)


@pytest.mark.parametrize("what", PANELS)
def test_a_panel_of_harm_is_drawn_where_it_is_asked_for(history: r2psim.History, ax: Axes, what: str) -> None:
    assert plots.harm_over_time(history, what, ax=ax) is ax.figure
    assert ax.get_title("left") and ax.get_xlabel()
    assert what == "states by stage" or "persons" in ax.get_ylabel() or "%" in ax.get_ylabel()
    drawn = {patch.get_gid() for patch in ax.patches}
    assert "series" in drawn if what != "states by stage" else any(str(gid).startswith("stage:") for gid in drawn)
    assert len(ax.figure.axes) == 1


def test_ribbons_and_a_map_are_drawn_where_they_are_asked_for(history: r2psim.History, ax: Axes) -> None:
    assert plots.stage_ribbons(history, ["tarsin/opponents"], ax=ax) is ax.figure
    assert [c.get_gid() for c in ax.collections if str(c.get_gid()).startswith("ribbon")] == ["ribbon:tarsin/opponents"]
    ax.clear()
    assert plots.stage_map(history, [12], ax=ax) is ax.figure
    assert ax.get_title("left") == "After 1 year"
    with pytest.raises(ValueError, match="one alone, into ax"):
        plots.stage_map(history, [0, 12], ax=ax)
    with pytest.raises(ValueError, match="what deaths is not allowed: one of killed"):
        plots.harm_over_time(history, "deaths", ax=ax)


def test_a_ledger_is_drawn_where_it_is_asked_for(results: r2psim.Results, ax: Axes) -> None:
    assert plots.net_over_time(results, ledger="gdp", ax=ax) is ax.figure
    assert "US$" in ax.get_ylabel()


def test_the_page_of_a_figure_is_as_it_was(history: r2psim.History) -> None:
    page = plots.harm_over_time(history)
    assert len(page.axes) >= len(PANELS)
    ribbons = plots.stage_ribbons(history)
    assert any(str(c.get_gid()).startswith("ribbon") for axes in ribbons.axes for c in axes.collections)


# -- names -------------------------------------------------------------------------------------------------------------


def test_a_name_that_is_not_in_a_dictionary_is_told_with_the_nearest(
    results: r2psim.Results, history: r2psim.History
) -> None:
    for wrong, near in (
        (lambda: results.metrics["late-respons"], "did you mean late-response?"),
        (lambda: results.series["prevention"]["states_stage4"], "did you mean states_stage_4?"),
        (lambda: history.state["gdp_lst"], "did you mean gdp_lost?"),
        (lambda: history.group["stages"], "did you mean stage?"),
    ):
        with pytest.raises(KeyError) as caught:
            wrong()
        assert near in str(caught.value)
    assert results.metrics.get("nothing") is None and "nothing" not in results.metrics


# -- seeds -------------------------------------------------------------------------------------------------------------


def seed_of(seed: object) -> int:
    return r2psim.simulate("seminar", "late-response", runs=1, years=1, seed=seed).seed


def test_seeds_of_any_usual_kind_are_taken_and_told() -> None:
    assert seed_of(7) == seed_of("7") == seed_of(np.uint64(7)) == 7
    assert (
        seed_of(np.random.SeedSequence(7)) == seed_of(np.random.SeedSequence(7)) != seed_of(np.random.SeedSequence(8))
    )
    for made in (np.random.default_rng, np.random.RandomState, random.Random):
        generator = made(5)
        first, second = seed_of(generator), seed_of(generator)
        assert first != second and first == seed_of(made(5)), "the next number of the generator, each time"
    assert seed_of(None) != seed_of(None)
    for wrong in (1.5, True, -1, "x", np.random.PCG64(1), object()):
        with pytest.raises((TypeError, ValueError), match="seed"):
            seed_of(wrong)


# -- other programs ----------------------------------------------------------------------------------------------------


def test_a_scenario_is_a_model_of_emaworkbench() -> None:
    over = ["observation.noise", "forms.mediation.effects.to_atrocity.size"]
    model = r2psim.workbench_model("seminar", over=over, runs=2, years=2, outcomes=["spent_prevention"], seed=3)
    assert [u.name for u in model.uncertainties] == [path.replace(".", "_") for path in over]
    import ema_workbench as workbench

    experiments, outcomes = workbench.perform_experiments(model, scenarios=2)
    assert len(experiments) == 2 and set(outcomes) == {"spent_prevention_late_response", "spent_prevention_prevention"}
    # The same as the command line would give with these values.
    row = experiments.iloc[1]
    sets = [f"{path}={row[path.replace('.', '_')]!r}" for path in over]
    scenario = r2psim.load("seminar", [text.replace("np.float64(", "").replace(")", "") for text in sets])
    same = r2psim.simulate(scenario, ["late-response", "prevention"], runs=2, years=2, seed=3)
    for policy in same.policies:
        told = outcomes[f"spent_prevention_{policy.replace('-', '_')}"][1]
        assert told == same.values(policy, "spent_prevention").mean()


def test_what_the_workbench_cannot_measure_is_named() -> None:
    with pytest.raises(ValueError, match=r"metric death is not allowed: .*did you mean deaths\?"):
        r2psim.workbench_model("seminar", outcomes=["death"])
