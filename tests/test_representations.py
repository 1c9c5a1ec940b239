"""How results and parts of a model look at a prompt and in a notebook."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest

import r2psim
from r2psim.agents import Allocation, Choices, R2PModel
from r2psim.agents.policies import view_of
from r2psim.analysis.comparison import Comparison, compare
from r2psim.ensemble.html import metrics_html
from r2psim.ensemble.measures import METRICS

LONGEST = 300


@pytest.fixture(scope="module")
def model() -> R2PModel:
    model = R2PModel("seminar", "late-response", seed=7, years=2, drive="rows")
    model.run_model()
    model.close()
    return model


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(r2psim.load("seminar"), ["late-response", "prevention"], 3, 1, 1)


def test_whatever_one_meets_at_a_prompt_is_shown_in_a_line(model: R2PModel, comparison: Comparison) -> None:
    scenario, history = model.setting, model.history()
    view = view_of(model, "good-offices")
    things = [
        model, history, model.world, model.series, scenario, view, view.states[0], comparison, r2psim.load("world"),
        r2psim.simulate("seminar", list(scenario.policies), runs=1, years=1),
        Choices({"good-offices": tuple(Allocation(s, "media", 1.0) for s in model.world.states)}),
        *model.agents, *history.events, *scenario.forms.values(), *scenario.bodies.values(), *scenario.states.values(),
        *scenario.policies.values(), *(g for s in scenario.states.values() for g in s.groups.values()),
    ]  # fmt: skip
    long = {repr(thing)[:60]: len(repr(thing)) for thing in things if len(repr(thing)) > LONGEST or "\n" in repr(thing)}
    assert not long


def test_the_line_says_what_was_run(model: R2PModel) -> None:
    for thing in (model, model.history()):
        assert all(word in repr(thing) for word in ("seminar", "late-response", "7", "24"))
    assert f"states={len(model.world.states)}" in repr(model.world)


class Cells(HTMLParser):
    """Collects the rows of a table."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def test_a_notebook_shows_a_small_table_of_the_metrics(comparison: Comparison) -> None:
    results = r2psim.simulate("seminar", ["late-response", "prevention"], runs=3, years=1)
    for shown in (comparison, results):
        html = shown._repr_html_()
        table = Cells(html)
        assert len(html) < 10_000
        assert table.rows[0] == ["", "late-response", "prevention"]
        assert [row[0].split()[0] for row in table.rows[1:]] == list(METRICS)
        place = list(METRICS).index("total_cost")
        mean = comparison.metrics["prevention"][:, place].mean()
        assert table.rows[1 + place][2].startswith(f"{mean:,.0f}")


def test_names_are_escaped_and_what_is_not_known_is_said() -> None:
    values = np.full((2, len(METRICS)), np.nan)
    html = metrics_html("<script>a</script>", "x & y", ["<b>p</b>"], {"<b>p</b>": values})
    table = Cells(html)
    assert "script" not in table.tags
    assert table.rows[0][1] == "<b>p</b>"
    assert table.rows[1][1].startswith("none")
    assert "table" not in Cells(metrics_html("a", "b", ["p"], {})).tags
    many = {f"p{k}": values for k in range(11)}
    told = metrics_html("a", "b", list(many), many)
    assert len(Cells(told).rows[0]) == 9
    assert "3 more policies" in told


def test_a_notebook_shows_the_sums_of_a_run() -> None:
    model = r2psim.R2PModel("seminar", seed=13, years=8, drive="rows")
    model.run_model()
    history = model.history()
    table = Cells(history._repr_html_())
    told = {row[0]: row[1] for row in table.rows[1:]}
    assert told["killed"] == f"{history.group['deaths'][-1].sum():,.0f}"
    assert told["state-months: risk"] == f"{(history.state['stage'][1:] == 1).sum():,}"
    assert sum(int(n.replace(",", "")) for name, n in told.items() if "months" in name) == 96 * len(
        history.world.states
    )
