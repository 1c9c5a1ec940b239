"""The statistics of a comparison: against answers known beforehand, and where there is nothing to tell."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from r2psim.analysis.comparison import Comparison, variance_reduction
from r2psim.analysis.findings import findings, headline
from r2psim.app.charts import ledgers as ledgers_chart
from r2psim.ensemble.measures import BODY_ACCOUNTS, LEDGERS, METRICS
from r2psim.plots import returns_on_prevention
from r2psim.scenario.specs import baseline_of, headline_pair

METRIC = {name: i for i, name in enumerate(METRICS)}
LEDGER = {name: i for i, name in enumerate(LEDGERS)}
PAIR = ("late-response", "prevention")


def made(runs: int = 60, policies: tuple[str, ...] = PAIR, seed: int = 5, **shifts: float) -> Comparison:
    """Make a comparison of noise, in which the last policy differs by the shifts because assistance works.

    Null twins are all the same, so that whatever differs is owed to harm avoided.
    """
    rng = np.random.default_rng(seed)
    common = rng.gamma(2.0, 50.0, (runs, len(METRICS)))
    metrics = {policy: common + rng.normal(0.0, 1.0, common.shape) for policy in policies}
    for metric, shift in shifts.items():
        metrics[policies[-1]][:, METRIC[metric]] += shift
    ledgers = {policy: ledgers_of(found) for policy, found in metrics.items()}
    spending = {policy: np.ones((2, 5)) for policy in policies}
    return Comparison(
        scenario="made",
        title="Made",
        policies=policies,
        baseline=baseline_of(policies),
        runs=runs,
        seed=1,
        months=240,
        metrics=metrics,
        null_metrics=dict.fromkeys(policies, common),
        ledgers=ledgers,
        null_ledgers=dict.fromkeys(policies, ledgers_of(common)),
        spending=spending,
        forms={"a": "A", "b": "B"},
        budgets=dict.fromkeys(policies, 1e9),
        needs={policy: np.ones((2, 20, 2, 5)) for policy in policies},
        bodies={policy: np.ones((1, len(BODY_ACCOUNTS))) for policy in policies},
        body_names={"x": "X"},
        discount=0.0,
    )


def ledgers_of(metrics: np.ndarray) -> np.ndarray:
    """Spread what was measured of each run evenly over twenty years; all response is spent, none reconstruction."""
    found = np.zeros((len(metrics), 20, len(LEDGERS)))
    for place, name in enumerate(LEDGERS):
        metric = {"spent_response": "response_cost", "reconstruction_cost": None}.get(name, name)
        if metric is not None:
            found[:, :, place] = metrics[:, METRIC[metric], None] / 20.0
    return found


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


def test_every_policy_is_told_against_the_baseline_and_any_can_be_it():
    assert made(policies=("prevention", "late-response", "c")).baseline == "late-response"
    assert made(policies=("a", "b", "c")).baseline == "a"
    assert made(policies=("a", "b", "c")).others == ("b", "c")
    turned = made(policies=("a", "b", "c")).against("c")
    assert turned.others == ("a", "b")
    assert np.array_equal(turned.difference("deaths", "a"), -turned.against("a").difference("deaths", "c"))
    with pytest.raises(ValueError, match=r"baseline aa is not allowed.*did you mean a"):
        made(policies=("a", "b")).against("aa")
    assert made(policies=("a",)).others == ()
    assert headline_pair(["prevention", "late-response"]) == ("prevention", "late-response")


def test_summary_has_what_is_promised_and_never_a_nan():
    comparison = made()
    for values in (*comparison.metrics.values(), *comparison.null_metrics.values()):
        values[:, METRIC["months_to_help"]] = np.nan
    summary = json.loads(json.dumps(comparison.summary(), allow_nan=False))
    assert summary["baseline"] == "late-response" and summary["no_effects"] is False
    assert set(summary["policies"]) == set(PAIR)
    assert set(summary["policies"]["prevention"]) == set(METRICS)
    assert set(summary["policies"]["prevention"]["episodes"]) == {"mean", "sd", "q05", "q50", "q95"}
    assert set(summary["against"]) == {"prevention"}
    told = summary["against"]["prevention"]
    assert set(told["differences"]["episodes"]) == {"mean", "low", "high", "median", "differ"}
    for ledger in ("response", "hosting", "gdp", "all"):
        for part in ("harm_avoided", "withheld", "total"):
            assert set(told["returns"][ledger][part]) == {"mean", "low", "high"}
        assert {"year", "told", "share", "horizon", "undiscounted"} == set(told["payback"][ledger])
        assert [year["year"] for year in told["cumulative"][ledger]] == list(range(1, 21))
    assert set(told["need"]) == {"avoided", "met", "unmet", "null_twins"}
    assert told["prevention_and_response"]["difference"]["mean"] is not None
    assert set(told["who"]) == {"donors", "hosts", "states"}
    assert summary["variance_reduction"]["prevention"]["episodes"] > 100.0
    assert summary["variance_reduction"]["prevention"]["months_to_help"] is None
    assert summary["policies"]["prevention"]["months_to_help"]["mean"] is None
    assert told["differences"]["months_to_help"]["low"] is None


def test_ledgers_have_the_sign_of_what_is_good():
    comparison = made(spent_prevention=10.0, response_cost=-40.0, gdp_lost=-300.0, hosting_cost=5.0)
    told = comparison.told("prevention")
    assert told["extra_prevention"]["mean"] == pytest.approx(10.0, abs=0.7)
    gains = {ledger: found["harm_avoided"]["mean"] for ledger, found in told["gains"].items()}
    assert gains["response"] == pytest.approx(40.0, abs=0.7)
    assert gains["gdp"] == pytest.approx(300.0, abs=0.7)
    assert gains["hosting"] == pytest.approx(-5.0, abs=0.7)
    assert gains["all"] == pytest.approx(gains["response"] + gains["gdp"] + gains["hosting"])
    per_dollar = told["returns"]["response"]["harm_avoided"]
    assert per_dollar["mean"] == pytest.approx(gains["response"] / told["extra_prevention"]["mean"])
    assert per_dollar["low"] < per_dollar["mean"] < per_dollar["high"]
    assert told["returns"]["response"]["withheld"]["mean"] == 0.0
    assert told["payback"]["gdp"]["year"] == 1 and told["payback"]["hosting"]["year"] is None
    assert made(spent_prevention=-10.0).told("prevention")["returns"]["response"]["harm_avoided"]["mean"] is None
    # The policy that costs less is told to cost less: in words, in numbers, and in the share of runs against it.
    bill = made(prevention_and_response=-50.0).told("prevention")["prevention_and_response"]["difference"]
    assert bill["high"] < 0.0


def test_words_say_better_worse_and_not_known():
    better = " ".join(findings(made(episodes=-5.0, total_cost=-9.0, spent_prevention=3.0)))
    assert "fewer episodes of atrocity a run" in better
    assert "Both are allotted US$ 1 bn a year" in better and "less a run than late-response" in better
    assert "For each further dollar of prevention" in better
    assert "cannot be told apart from no difference at 60 runs" in better
    worse = made(episodes=5.0, deaths=5.0, total_cost=9.0, prevention_and_response=9.0, spent_prevention=-3.0)
    told = " ".join(findings(worse))
    assert "more episodes of atrocity a run" in told and "): worse" in told and "more a run than late-response" in told
    assert "does not spend more on prevention" in told
    assert "more episodes" in headline(worse) and "more spent by donors" in headline(worse)
    same = made()
    same.metrics["prevention"][...] = same.metrics["late-response"]
    assert "exactly the same in every run" in " ".join(findings(same))
    assert "exactly the same" in headline(same)
    unknown = made(seed=11)
    assert "cannot be told apart" in headline(unknown)


def test_no_return_is_told_as_not_known_where_the_prevention_may_be_chance():
    few = made(runs=4)
    spent = [found[:, METRIC["spent_prevention"]] for found in few.metrics.values()]
    # More in the mean, by less than chance; the ledgers say what the metrics say.
    for more, said in (
        (1e-3, "whether prevention spends more on prevention than late-response cannot be told at 4 runs"),
        (-1e-3, "does not spend more on prevention"),
    ):
        found = made(runs=4, spent_prevention=float(spent[0].mean() - spent[1].mean()) + more)
        assert found.returns("prevention", ("spent_response",)).total is None
        told = " ".join(findings(found))
        assert said in told.lower() and "so there is no return on it to tell" in told
        figure = returns_on_prevention(found)
        written = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
        assert said in " ".join(written.lower().split())


def test_one_year_is_a_year():
    told = " ".join(findings(made(gdp_lost=-900.0, spent_prevention=30.0)))
    assert "pays back after 1 year (" in told and "1 years" not in told


def test_no_headline_gives_a_number_without_its_interval():
    said = headline(made(episodes=-5.0, deaths=-8.0, prevention_and_response=-9.0))
    assert said.count("(") == 3 and "%" not in said


def test_every_other_policy_is_told_and_each_by_itself():
    three = made(policies=("late-response", "balanced", "prevention"))
    lines = findings(three)
    assert lines.count("") == 1
    assert lines[: lines.index("")] == findings(three, "balanced")
    assert lines[lines.index("") + 1 :] == findings(three, "prevention")


def test_an_allotment_is_called_the_same_only_beside_what_was_spent():
    other = made()
    other.budgets["prevention"] = 2e9
    assert not other.same_budget("prevention")
    assert "prevention is allotted US$ 2 bn a year, late-response US$ 1 bn" in findings(other)[0]
    for comparison in (other, made()):
        assert "same budget" not in " ".join(findings(comparison)) and "same budget" not in headline(comparison)
        assert findings(comparison)[0].count("spent") == 2


def test_without_effects_the_words_say_that_nothing_was_bought():
    nothing = made(spent_prevention=500.0, response_cost=-400.0)
    nothing = replace(nothing, null_metrics=nothing.metrics, null_ledgers=nothing.ledgers)
    told = " ".join(findings(nothing))
    assert nothing.no_effects
    assert "nothing was bought" in told and "is no saving" in told
    assert "avoided" not in told and "each further dollar" not in told
    assert "nothing was bought" in headline(nothing)
    for ledger in nothing.told("prevention")["gains"].values():
        assert ledger["harm_avoided"] == {"mean": 0.0, "low": 0.0, "high": 0.0}


def test_figures_draw_what_the_runs_say():
    from r2psim.plots import cost_argument, money_by_form, paired_differences, when_help_arrived

    comparison = made(policies=("no-assistance", *PAIR), episodes=-5.0)
    comparison.spending["no-assistance"][...] = 0.0
    comparison.spending["prevention"][...] = np.arange(10.0).reshape(2, 5) * 1e6
    bars = {bar.get_gid(): bar for axes in cost_argument(comparison).axes for bar in axes.patches}
    for metric in ("episodes", "deaths", "displaced", "spent_prevention", "response_cost", "gdp_lost"):
        for policy in comparison.policies:
            width = bars[f"{metric}:{policy}"].get_width()
            assert width == pytest.approx(comparison.values(policy, metric).mean())
    bars = {bar.get_gid(): bar for axes in money_by_form(comparison).axes for bar in axes.patches}
    assert bars["prevention:1:3"].get_width() == 8e6
    assert not any(str(gid).startswith("no-assistance") for gid in bars)
    lines = {line.get_gid(): line for axes in paired_differences(comparison).axes for line in axes.lines}
    assert lines["interval:episodes"].get_xdata()[1] < 0.0
    assert lines["interval:episodes"].get_xdata()[0] == -1.0
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
    from r2psim import plots

    comparison = made(policies=policies, gdp_lost=3e12, deaths=1e6, spent_prevention=1e9)
    for draw in (plots.cost_argument, plots.money_by_form, plots.when_help_arrived):
        assert inked(draw(comparison)) == []
    for draw in (plots.paired_differences, plots.returns_on_prevention, plots.net_over_time):
        if len(policies) > 1:
            assert inked(draw(comparison)) == []
        else:
            with pytest.raises(ValueError, match="two policies"):
                draw(comparison)


def test_nothing_is_cut_off_where_everything_pays():
    from r2psim import plots

    comparison = made(
        policies=("no-assistance", "late-response", "prevention-without-commitment"),
        spent_prevention=50.0, response_cost=-300.0, hosting_cost=-300.0, gdp_lost=-3000.0, deaths=-10.0, episodes=-5.0,
    )  # fmt: skip
    assert comparison.payback("prevention-without-commitment", ("gdp_lost",)).told
    for draw in (plots.returns_on_prevention, plots.net_over_time):
        assert inked(draw(comparison)) == []


def test_figures_and_words_of_a_world_in_which_nothing_happens():
    from r2psim import plots

    quiet = made(runs=3)
    for policy in quiet.policies:
        for metrics in (quiet.metrics[policy], quiet.null_metrics[policy]):
            metrics[...] = 0.0
            metrics[:, METRIC["months_to_help"]] = np.nan
        quiet.ledgers[policy][...] = quiet.null_ledgers[policy][...] = 0.0
        quiet.spending[policy][...] = 0.0
    for draw in (
        *(plots.cost_argument, plots.money_by_form, plots.paired_differences, plots.when_help_arrived),
        *(plots.returns_on_prevention, plots.net_over_time),
    ):
        draw(quiet).draw_without_rendering()
    json.dumps(quiet.summary(), allow_nan=False)
    assert findings(quiet)


@pytest.mark.parametrize(("avoided_in", "verdict"), [(6, "cannot be told"), (0, "does not pay for itself")])
def test_break_even_has_no_verdict_where_few_runs_carry_it(avoided_in: int, verdict: str) -> None:
    """A price that every run pays and a crisis avoided in six of 200 look like a loss; nobody knows yet."""
    whole = np.zeros((200, 20, len(LEDGERS)))
    base, policy = whole + 100.0, whole + 100.0
    policy[:, :, LEDGER["spent_prevention"]] += np.random.default_rng(5).normal(1.0, 0.1, (200, 1))
    null = policy.copy()
    policy[:avoided_in, :, LEDGER["gdp_lost"]] -= 6.0
    comparison = replace(
        made(200), ledgers=dict(zip(PAIR, (base, policy), strict=True)),
        null_ledgers=dict(zip(PAIR, (base, null), strict=True)),
    )  # fmt: skip
    found = comparison.returns("prevention", ("gdp_lost",)).harm_avoided
    assert found is not None and found.high is not None and found.high < 1.0
    row = str(ledgers_chart(comparison)).split("lost GDP")[-1].split("</tr>")[0]
    assert verdict in row
    assert ("r2p-apart" in row) == (verdict != "cannot be told")
