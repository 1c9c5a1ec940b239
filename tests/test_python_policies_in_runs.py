"""Objects that decide, beside the policies of a scenario: same luck, same numbers, any number of workers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from r2psim import PythonPolicy, Results, compare, simulate
from r2psim.agents import Allocation, PolicyError, View
from r2psim.analysis.comparison import comparison_of_results
from r2psim.analysis.findings import findings
from r2psim.ensemble.measures import METRICS, SERIES

ASKED = {"years": 2, "seed": 7, "series": list(SERIES), "histories": True, "events": [4], "first_run": 3}


class Forgetful:
    """Gives to one offer after the other, and would tell runs apart if it remembered them."""

    name = "forgetful"

    def __init__(self) -> None:
        self.asked = 0

    def decide(self, view: View) -> Iterable[Allocation]:
        self.asked += 1
        offers = [(state.key, offer) for state in view.states for offer in state.offers]
        if not offers:
            return []
        state, offer = offers[self.asked % len(offers)]
        return [Allocation(state, offer.form, min(view.room, offer.cost))]


class Failing:
    def decide(self, view: View) -> Iterable[Allocation]:
        raise ZeroDivisionError("no reason")


class Locked(Forgetful):
    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()


def same(one: Results, other: Results, name: str, of: str | None = None) -> bool:
    """Say whether two results hold the same bits of a policy, which the other may know by another name."""
    of = of or name
    pairs = [
        (one.metrics[name], other.metrics[of]), (one.spending[name], other.spending[of]),
        (one.yearly[name], other.yearly[of]), (one.stages[name], other.stages[of]),
        *((one.series[name][key], other.series[of][key]) for key in SERIES),
    ]  # fmt: skip
    return all(np.array_equal(a, b, equal_nan=a.dtype == float) for a, b in pairs)


def test_a_policy_that_decides_for_nobody_is_its_base_to_the_last_bit() -> None:
    shadow = PythonPolicy("shadow", {}, base="prevention")
    results = simulate("seminar", ["late-response", shadow, "prevention"], 3, threads=1, **ASKED)
    assert results.policies == ("late-response", "shadow", "prevention")
    assert same(results, results, "shadow", "prevention")
    assert not same(results, results, "shadow", "late-response")
    assert results.events["shadow", 4] == results.events["prevention", 4]


def test_results_do_not_depend_on_workers_or_on_who_else_runs() -> None:
    told: list[int] = []
    alone = simulate("seminar", Forgetful(), 5, threads=1, **ASKED)
    beside = simulate("seminar", ["prevention", Forgetful()], 5, threads=2, advance=told.append, **ASKED)
    assert sum(told) == 10
    assert same(alone, beside, "forgetful")
    assert alone.events["forgetful", 4] == beside.events["forgetful", 4]
    last = simulate("seminar", Forgetful(), 1, threads=1, **ASKED | {"first_run": 7, "events": []})
    assert np.array_equal(last.metrics["forgetful"][0], alone.metrics["forgetful"][4], equal_nan=True)
    assert same(beside, simulate("seminar", "prevention", 5, **ASKED), "prevention")


def test_its_runs_can_be_watched_and_are_stored_without_the_object(tmp_path: Path) -> None:
    results = simulate("seminar", ["late-response", Forgetful()], 2, years=1, seed=7, threads=1)
    model = results.open(1, "forgetful", month=12)
    spent = sum(body["spent_response"] for body in model.body_agents)
    assert spent == pytest.approx(results.values("forgetful", "spent_response")[1])
    assert spent != pytest.approx(results.values("late-response", "spent_response")[1])
    model.close()
    results.save(tmp_path / "out")
    facts = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert facts["decide"] == {
        "forgetful": {"base": "late-response", "by": [f"{__name__}.Forgetful"], "bodies": "all"}
    }  # fmt: skip
    again = Results.load(tmp_path / "out")
    assert np.array_equal(again.metrics["forgetful"], results.metrics["forgetful"], equal_nan=True)
    with pytest.raises(ValueError, match="policy forgetful was decided by Python objects"):
        again.open(1, "forgetful")


def test_it_draws_parameters_as_the_others_do() -> None:
    shadow = PythonPolicy("shadow", {}, base="prevention")
    results = simulate("seminar", [shadow, "prevention"], 2, years=1, threads=1, uncertainty="rates")
    assert np.array_equal(results.metrics["shadow"], results.metrics["prevention"], equal_nan=True)


@pytest.mark.parametrize(
    ("policies", "told"),
    [
        ([PythonPolicy("mine", {"good-office": Forgetful()})], r"good-office is not allowed.*you mean good-offices"),
        ([PythonPolicy("mine", {"good-offices": 3})], "decide of good-offices: 3 is not allowed: an object with"),
        ([PythonPolicy("mine", {}, base="late-respons")], r"late-respons is not allowed.*did you mean late-response"),
        ([PythonPolicy("prevention", {})], "the name is not allowed: the scenario has a policy of that name"),
        ([3.0], r"policies: 3\.0 is not allowed: the name of a policy, a PythonPolicy, or an object"),
        ([Forgetful(), Forgetful()], "each of them once"),
        ([Failing()], r"policy Failing: run 0, month 0: ZeroDivisionError: no reason"),
        ([Locked()], r"policy forgetful cannot be copied.*lock"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_by_name(policies: list[object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        simulate("seminar", policies, 1, years=1, threads=1)


def test_what_cannot_go_to_a_worker_is_told_with_what_to_do() -> None:
    class Local(Forgetful):
        """Cannot be found by another process."""

    with pytest.raises(PolicyError, match=r"policy forgetful cannot go to worker processes: .*Local.*or say threads=1"):
        simulate("seminar", Local(), 2, years=1, threads=2)
    assert simulate("seminar", Local(), 2, years=1, threads=1).runs == 2
    with pytest.raises(ValueError, match="sink: not allowed where a policy is Python"):
        simulate("seminar", Forgetful(), 1, years=1, sink=print)


@pytest.mark.slow
def test_a_class_that_workers_cannot_find_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = type("Lost", (Forgetful,), {"__module__": __name__})
    monkeypatch.setitem(globals(), "Lost", lost)
    with pytest.raises(PolicyError, match=r"cannot be read by worker processes: AttributeError.*Lost.*threads=1"):
        simulate("seminar", lost(), 2, years=1, threads=2)


@pytest.mark.slow
def test_an_error_in_a_worker_arrives_in_one_line() -> None:
    with pytest.raises(PolicyError, match="policy Failing: run 0, month 0: ZeroDivisionError: no reason"):
        simulate("seminar", Failing(), 2, years=1, threads=2)


def test_a_comparison_takes_them_with_their_null_twins(tmp_path: Path) -> None:
    forgetful = PythonPolicy("forgetful", Forgetful(), base="prevention")
    shadow = PythonPolicy("shadow", {}, base="prevention")
    found = compare("seminar", ["late-response", shadow, forgetful, "prevention"], runs=3, years=2, seed=7, threads=1)
    assert (found.baseline, found.others) == ("late-response", ("shadow", "forgetful", "prevention"))
    told = found.summary()["against"]
    assert told["shadow"] == told["prevention"]
    assert told["forgetful"] != told["prevention"]
    assert np.array_equal(found.null_metrics["shadow"], found.null_metrics["prevention"], equal_nan=True)
    # Harm is the same in all null twins, whoever decides.
    harm = [list(METRICS).index(name) for name in ("deaths", "displaced", "response_needed")]
    assert np.array_equal(found.null_metrics["forgetful"][:, harm], found.null_metrics["late-response"][:, harm])
    assert found.budgets["forgetful"] == found.budgets["prevention"]
    assert any("forgetful instead of late-response" in line.lower() for line in findings(found, "forgetful"))
    assert found.against("forgetful").others == ("late-response", "shadow", "prevention")
    assert compare("seminar", Forgetful(), 1, years=1, threads=1).policies == ("forgetful",)
    # From disk too: budgets are those of the base that is written there.
    results = simulate("seminar", ["late-response", forgetful], 3, 7, 2, 1, ledgers=True, null_twins=True)
    results.save(tmp_path / "out")
    again = comparison_of_results(Results.load(tmp_path / "out"))
    assert again.summary()["against"]["forgetful"] == told["forgetful"]


def test_a_comparison_refuses_before_it_runs() -> None:
    many = 10**6
    for policies, keywords, said in (
        ([Forgetful(), Forgetful()], {}, "each of them once"),
        ([PythonPolicy("prevention", {})], {}, "the scenario has a policy of that name"),
        (None, {"baseline": "late-respons"}, r"baseline late-respons is not allowed.*did you mean late-response"),
        (Forgetful(), {"baseline": "late-response"}, "baseline late-response is not allowed: one of the policies comp"),
        ("preventoin", {}, "prevention"),
    ):
        with pytest.raises(ValueError, match=said):
            compare("seminar", policies, many, **keywords)
