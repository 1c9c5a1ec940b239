"""The statistics of a comparison: against answers known beforehand, and where there is nothing to tell."""

from __future__ import annotations

import json

import numpy as np
import pytest

from r2psim.analysis.comparison import Comparison, headline_pair, variance_reduction
from r2psim.analysis.findings import findings, headline
from r2psim.ensemble.measures import METRICS

METRIC = {name: i for i, name in enumerate(METRICS)}
PAIR = ("late-response", "prevention")


def made(runs: int = 60, policies: tuple[str, ...] = PAIR, seed: int = 5, **shifts: float) -> Comparison:
    """Make a comparison of noise, in which the last policy differs by the shifts, and by little more."""
    rng = np.random.default_rng(seed)
    common = rng.gamma(2.0, 50.0, (runs, len(METRICS)))
    metrics = {policy: common + rng.normal(0.0, 1.0, common.shape) for policy in policies}
    for metric, shift in shifts.items():
        metrics[policies[-1]][:, METRIC[metric]] += shift
    spending = {policy: np.ones((2, 5)) for policy in policies}
    budgets = dict.fromkeys(policies, 1e9)
    forms = {"a": "A", "b": "B"}
    return Comparison("made", "Made", policies, runs, 1, 240, metrics, spending, forms, budgets)


def test_runs_without_a_value_are_left_out_and_not_counted_as_zero():
    with_gap, without = np.array([1.0, 5.0, np.nan, 2.0]), np.array([2.0, 4.0, 1.0, np.nan])
    assert variance_reduction(with_gap, without) == variance_reduction(with_gap[:2], without[:2])


def test_variance_reduction_is_that_of_the_correlation():
    rng = np.random.default_rng(3)
    common, a, b = rng.normal(size=(3, 200_000))
    # Variance 1 + 1/4 each, difference 1/4 + 1/4.
    assert variance_reduction(common + a / 2, common + b / 2) == pytest.approx(5.0, rel=0.02)
    assert variance_reduction(a, b) == pytest.approx(1.0, rel=0.02)
    assert variance_reduction(a, a) is None
    assert variance_reduction(a, a + 1.0) is None or variance_reduction(a, a + 1.0) > 1e20
    assert variance_reduction(a[:1], b[:1]) is None


def test_every_pair_once_and_the_headline_as_it_is_told():
    assert headline_pair(["prevention", "late-response"]) == ("prevention", "late-response")
    assert made(policies=("a", "b", "c")).pairs == (("b", "a"), ("c", "a"), ("c", "b"))
    assert made(policies=("prevention", "late-response", "c")).pairs[0] == ("prevention", "late-response")
    assert made(policies=("a",)).pairs == ()


def test_summary_has_what_is_promised_and_never_a_nan():
    comparison = made()
    for values in comparison.metrics.values():
        values[:, METRIC["months_to_help"]] = np.nan
    summary = json.loads(json.dumps(comparison.summary(), allow_nan=False))
    assert set(summary["policies"]) == set(PAIR)
    assert set(summary["policies"]["prevention"]) == set(METRICS)
    assert set(summary["policies"]["prevention"]["onsets"]) == {"mean", "sd", "q05", "q50", "q95"}
    assert set(summary["differences"]) == {"prevention-vs-late-response"}
    assert set(summary["differences"]["prevention-vs-late-response"]["onsets"]) == {"mean", "low", "high"}
    assert summary["variance_reduction_pair"] == "prevention-vs-late-response"
    assert summary["variance_reduction"]["onsets"] > 100.0
    assert summary["variance_reduction"]["months_to_help"] is None
    assert summary["policies"]["prevention"]["months_to_help"]["mean"] is None
    assert summary["differences"]["prevention-vs-late-response"]["months_to_help"]["low"] is None


def test_ledgers_have_the_sign_of_what_is_good():
    ledgers = made(spent_prevention=10.0, response_cost=-40.0, gdp_lost=-300.0, deaths=-8.0, hosting_cost=5.0).ledgers()
    assert ledgers["pair"] == "prevention-vs-late-response" and ledgers["same_budget"]
    means = {ledger: ledgers[ledger]["mean"] for ledger in ledgers if isinstance(ledgers[ledger], dict)}
    assert means["extra_prevention"] == pytest.approx(10.0, abs=0.7)
    assert means["response_avoided"] == pytest.approx(40.0, abs=0.7)
    assert means["gdp_kept"] == pytest.approx(300.0, abs=0.7)
    assert means["lives_saved"] == pytest.approx(8.0, abs=0.7)
    assert means["hosting_avoided"] == pytest.approx(-5.0, abs=0.7)
    per_dollar = ledgers["response_avoided"]["per_dollar"]
    assert per_dollar["mean"] == pytest.approx(means["response_avoided"] / means["extra_prevention"])
    assert per_dollar["low"] < per_dollar["mean"] < per_dollar["high"]
    assert made(spent_prevention=-10.0).ledgers()["response_avoided"]["per_dollar"] is None


def test_words_say_better_worse_and_not_known():
    better = " ".join(findings(made(onsets=-5.0, total_cost=-9.0, spent_prevention=3.0)))
    assert "fewer onsets of atrocity a run" in better
    assert "For the same budget" in better and "less a run than late-response" in better
    assert "For each further dollar of prevention" in better
    assert "cannot be told apart from no difference at 60 runs" in better
    worse = made(onsets=5.0, deaths=5.0, total_cost=9.0, spent_prevention=-3.0)
    told = " ".join(findings(worse))
    assert "more onsets of atrocity a run" in told and "): worse" in told and "more a run than late-response" in told
    assert "does not spend more on prevention" in told
    assert "more onsets" in headline(worse) and "higher total cost" in headline(worse)
    same = made()
    same.metrics["prevention"][...] = same.metrics["late-response"]
    assert "exactly the same in every run" in " ".join(findings(same))
    assert "exactly the same" in headline(same)
    unknown = made(seed=11)
    assert "cannot be told apart" in headline(unknown)


def test_another_budget_is_never_called_the_same():
    other = made()
    other.budgets["prevention"] = 2e9
    assert not other.same_budget
    assert "not the same budget (US$ 2 bn instead of US$ 1 bn a year)" in findings(other)[0]
    assert "with another budget" in headline(other)


def test_figures_draw_what_the_runs_say():
    from r2psim.plots import cost_argument, money_by_form, paired_differences, when_help_arrived

    comparison = made(policies=("no-assistance", *PAIR), onsets=-5.0)
    comparison.spending["no-assistance"][...] = 0.0
    comparison.spending["prevention"][...] = np.arange(10.0).reshape(2, 5) * 1e6
    bars = {bar.get_gid(): bar for axes in cost_argument(comparison).axes for bar in axes.patches}
    for metric in ("onsets", "deaths", "displaced", "spent_prevention", "response_cost", "hosting_cost", "gdp_lost"):
        for policy in comparison.policies:
            width = bars[f"{metric}:{policy}"].get_width()
            assert width == pytest.approx(comparison.values(policy, metric).mean())
    bars = {bar.get_gid(): bar for axes in money_by_form(comparison).axes for bar in axes.patches}
    assert bars["prevention:1:3"].get_width() == 8e6
    assert not any(str(gid).startswith("no-assistance") for gid in bars)
    lines = {line.get_gid(): line for axes in paired_differences(comparison).axes for line in axes.lines}
    assert lines["interval:onsets"].get_xdata()[1] < 0.0
    assert lines["interval:onsets"].get_xdata()[0] == -1.0
    waits = {patch.get_gid() for axes in when_help_arrived(comparison).axes for patch in axes.patches}
    assert {f"wait:{policy}" for policy in comparison.policies} <= waits


def inked(figure) -> list[str]:
    """Give the texts of a figure that reach beyond its paper."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    paper = figure.bbox
    texts = [*figure.texts, *(t for legend in figure.legends for t in legend.get_texts())]
    for axes in figure.axes:
        low, high = axes.get_xlim()
        shown = [label for label in axes.get_xticklabels() if low <= label.get_position()[0] <= high]
        texts += [*axes.texts, *shown, axes.xaxis.label]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text.get_text()]
    return [t for t, b in boxes if b.x0 < 0 or b.y0 < 0 or b.x1 > paper.x1 or b.y1 > paper.y1]


@pytest.mark.parametrize("policies", [("a",), PAIR, ("no-assistance", *PAIR, *(f"prevention-{i}-long" for i in "123"))])
def test_nothing_is_cut_off_whatever_the_policies(policies):
    from r2psim.plots import cost_argument, money_by_form, paired_differences, when_help_arrived

    comparison = made(policies=policies, gdp_lost=3e12, deaths=1e6)
    for draw in (cost_argument, money_by_form, when_help_arrived):
        assert inked(draw(comparison)) == []
    if len(policies) > 1:
        assert inked(paired_differences(comparison)) == []
    else:
        with pytest.raises(ValueError, match="two policies"):
            paired_differences(comparison)


def test_figures_and_words_of_a_world_in_which_nothing_happens():
    from r2psim.plots import cost_argument, money_by_form, paired_differences, when_help_arrived

    quiet = made(runs=3)
    for policy in quiet.policies:
        quiet.metrics[policy][...] = 0.0
        quiet.metrics[policy][:, METRIC["months_to_help"]] = np.nan
        quiet.spending[policy][...] = 0.0
    for draw in (cost_argument, money_by_form, paired_differences, when_help_arrived):
        draw(quiet).draw_without_rendering()
    json.dumps(quiet.summary(), allow_nan=False)
    assert findings(quiet)
