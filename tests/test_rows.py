"""Rows of the mission: the machinery on rows whose answer is known, and the whole table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from commands import interrupted
from typer.testing import CliRunner

import r2psim
from r2psim.analysis import row_store
from r2psim.analysis import rows as table_of_rows
from r2psim.analysis.row_arms import ALL_FORMS, Arm, Funder, MissingError, scenario_of_arm
from r2psim.analysis.row_effects import Effect, adjusted, exact_effect_of, in_row, verdict_of
from r2psim.analysis.row_report import markdown, print_rows
from r2psim.analysis.row_runs import Values, _Watch, measure_of, run_watched
from r2psim.analysis.rows import BUDGET, EXPERIMENTS, Row, RowTable, read_rows, rows
from r2psim.cli import app
from r2psim.declarations.columns import GROUP, G
from r2psim.ensemble.store import OutputError

QUICK: dict[str, Any] = {"runs": 50, "years": 1, "threads": 1}

TOY = """
[[row]]
id = "moves"
section = "I"
words = "a place on the map is where it is put"
experiment = "start"
set = { "states.*.x" = 0.75 }
against = { "states.*.x" = 0.25 }
acts_on = ["up state.x"]

[[row]]
id = "wrong"
section = "I"
words = "the same, expected the other way"
experiment = "start"
set = { "states.*.x" = 0.75 }
against = { "states.*.x" = 0.25 }
acts_on = ["down state.x"]

[[row]]
id = "half"
section = "I"
words = "a place on the map protects nobody"
experiment = "start"
set = { "states.*.x" = 0.75 }
against = { "states.*.x" = 0.25 }
acts_on = ["up state.x"]
outcomes = ["down deaths"]

[[row]]
id = "decorative"
section = "I"
words = "no more than that"
experiment = "start"
set = { "states.*.x" = 0.75 }
against = { "states.*.x" = 0.25 }
outcomes = ["down deaths"]

[[row]]
id = "told"
section = "I"
words = "and the reason is told"
experiment = "start"
set = { "states.*.x" = 0.75 }
against = { "states.*.x" = 0.25 }
outcomes = ["down deaths"]
explained = "No rule reads it."

[[row]]
id = "holds"
section = "I"
words = "nor does it change anything"
experiment = "statement"
set = { "states.*.x" = 0.75 }
outcomes = ["same deaths", "same gdp_lost", "some gdp_lost"]

[[row]]
id = "broken"
section = "I"
words = "money is lost"
experiment = "statement"
outcomes = ["zero gdp_lost"]

[[row]]
id = "unknown-form"
section = "I"
words = "a form that is not there"
experiment = "ideal-funder"
forms = ["thoughts-and-prayers"]
outcomes = ["down deaths"]

[[row]]
id = "unknown-measure"
section = "I"
words = "one of two is not measured"
experiment = "start"
set = { "states.*.x" = 0.75 }
against = { "states.*.x" = 0.25 }
acts_on = ["up state.x", "up state.hope"]

[[row]]
id = "passed-over"
section = "I"
words = "what need not be there"
experiment = "start"
set = { "states.*.x" = 0.75, "states.*.hope?" = 1 }
against = { "states.*.x" = 0.25 }
acts_on = ["up state.x", "up state.hope?"]
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> RowTable:
    file = tmp_path_factory.mktemp("rows") / "toy.toml"
    file.write_text(TOY, encoding="utf-8")
    return rows(file=file, **QUICK)


def test_rows_whose_answer_is_known(toy: RowTable) -> None:
    assert {result.row.id: result.verdict for result in toy.results} == {
        "moves": "works",
        "wrong": "wrong way",
        "half": "part",
        "decorative": "decoration",
        "told": "explained",
        "holds": "holds",
        "broken": "broken",
        "unknown-form": "missing",
        "unknown-measure": "part",
        "passed-over": "works",
    }
    effect = toy["moves"].effects[0]
    assert (effect.without, effect.difference, effect.low, effect.high) == (0.25, 0.5, 0.5, 0.5)
    assert effect.relative == (200.0, 200.0, 200.0)
    assert toy["decorative"].effects[0].difference == 0.0
    assert toy["unknown-form"].missing == ("form thoughts-and-prayers",)
    assert toy["unknown-measure"].missing == ("state.hope",)
    assert toy["told"].found == "decoration"


def test_a_table_as_data_as_a_frame_and_to_read(toy: RowTable, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(json.dumps(toy.to_dict(), allow_nan=False))
    assert [row["id"] for row in data["rows"]] == [result.row.id for result in toy.results]
    assert data["counts"]["decoration"] == 1
    assert data["tests"] == 8
    frame = toy.frame()
    assert set(frame["id"]) == {result.row.id for result in toy.results}
    assert frame.loc[frame["id"] == "moves", "difference"].item() == 0.5
    text = markdown(toy)
    assert all(result.row.words in text and result.verdict in text for result in toy.results)
    print_rows(toy, every=True)
    shown = capsys.readouterr().out
    assert "decoration: No rule reads it." in shown
    assert "NOT true: gdp_lost is 0" in shown
    assert "state.x +200 %" in shown


def test_the_rows_that_ship_are_whole() -> None:
    known = read_rows()
    assert len(known) >= 77
    assert {row.experiment for row in known.values()} == set(EXPERIMENTS)
    assert all(row.words and row.section for row in known.values())
    overview = {"I", "II", "III", "IV.A", "IV.B", "IV.C", "V", "V.1", "V.2", "V.3", "V.4", "VI", "goal"}
    assert {row.section for row in known.values()} == overview
    paid = {form for row in known.values() if row.experiment == "ideal-funder" for form in row.forms}
    paid |= {path.removeprefix("forms.") for row in known.values() for path in row.without}
    assert set(r2psim.load("seminar").forms) <= paid, "a form without a row"


def test_every_row_that_ships_can_be_planned_or_names_what_is_missing() -> None:
    for row in read_rows().values():
        try:
            pairs = table_of_rows._planned(row, ["seminar"], 50, False)
        except MissingError as error:
            assert str(error)
        else:
            assert all(pair.treated != pair.control or row.experiment == "statement" for pair in pairs), row.id


def test_runs_are_those_of_the_ensemble() -> None:
    names = ("episodes", "atrocity_entries", "deaths", "gdp_lost", "spent_prevention", "months_to_help")
    for policy in ("late-response", "prevention"):
        found = run_watched(r2psim.load("seminar"), policy, [measure_of(name) for name in names], 45, seed=3, years=2)
        held = r2psim.simulate("seminar", [policy], runs=45, seed=3, years=2)
        for name in names:
            assert np.array_equal(found[name].above, held.values(policy, name), equal_nan=True), name


def test_an_ideal_funder_pays_what_it_should_and_nobody_else_pays() -> None:
    forms = r2psim.load("seminar").forms
    names = [*(f"spent.{form}" for form in forms), *(f"spent.{k}" for k in range(5)), "money.error"]
    measures = [measure_of(name) for name in names]

    def spent(funder: Funder) -> dict[str, float]:
        full = scenario_of_arm(Arm("seminar", funder=funder))
        return {n: float(v.above.sum()) for n, v in run_watched(full, "late-response", measures, 20, years=4).items()}

    found = spent(Funder(("media",), 3e11))
    assert {name for name in names[: len(forms)] if found[name]} == {"spent.media", "spent.needs-assessment"}
    found = spent(Funder(("mediation",), 3e11))
    assert {name for name in names[: len(forms)] if found[name]} == {"spent.mediation"}
    assert not any(spent(Funder(("media",), 0.0)).values())
    beside = spent(Funder(("media",), 3e11, beside=True))
    assert beside["spent.media"] > 0.0
    assert beside["spent.peacekeeping"] + beside["spent.civilian-protection"] > 0.0, "the others keep their money"
    late = spent(Funder((ALL_FORMS,), 3e11, (2, 2)))
    assert late["spent.2"] > 0.0
    assert late["spent.2"] > 20.0 * (late["spent.0"] + late["spent.1"] + late["spent.3"] + late["spent.4"])


def test_what_is_removed_is_not_paid_and_what_is_set_is_set() -> None:
    full = scenario_of_arm(Arm("seminar", "prevention", without=("forms.media",)))
    measures = [measure_of(name) for name in ("spent.media", "spent.mediation")]
    found = run_watched(full, "prevention", measures, 20, years=4)
    assert found["spent.media"].above.sum() == 0.0
    assert found["spent.mediation"].above.sum() > 0.0
    full = scenario_of_arm(Arm("seminar", without=("bodies.regional",)))
    assert {k for k, body in full.bodies.items() if body.values.get("budget", 0.0) == 0.0} == {
        k for k, body in full.bodies.items() if "regional" in body.mandates
    }
    assert "criminal-court" not in scenario_of_arm(Arm("seminar", without=("gone.court",))).bodies
    sets = (
        ("bodies.*.budget", 0.0),
        ("bodies.court.budget", 5.0),
        ("forms.mediation.effects.to_atrocity.size", 0.5),
        ("forms.mediation.lag", 9.0),
        ("groups.*.exclusion", 0.25),
        ("observation.noise", 0.5),
        ("states.*.media", 0.75),
    )
    full = scenario_of_arm(Arm("seminar", sets=sets))
    assert sum(body.values["budget"] for body in full.bodies.values()) == 5.0
    mediation = full.forms["mediation"]
    assert mediation.lag == 9.0
    assert {effect.on: effect.size for effect in mediation.effects}["to_atrocity"] == 0.5
    world = r2psim.build(full, "late-response")
    assert set(world.rows.group[G.exclusion]) == {0.25}
    assert {state.values["media"] == state.home["media"] == 0.75 for state in full.states.values()} == {True}
    values = run_watched(full, "late-response", [measure_of("state.media")], 2, years=1)
    assert values["state.media"].above == pytest.approx(0.75, abs=0.05)


def test_an_ideal_funder_may_be_held_against_one_that_pays_for_less_or_pays_elsewhere() -> None:
    def funders(**given: object) -> list[Funder | None]:
        row = Row("toy", "I", "words", "ideal-funder", outcomes=("down deaths",), **given)  # type: ignore[arg-type]
        (treated, control, _), *_ = EXPERIMENTS["ideal-funder"](row, "seminar", "late-response")
        return [treated.funder, control.funder]

    forms = ("peacekeeping", "mediation")
    assert funders(forms=forms) == [Funder(forms, BUDGET), Funder((), 0.0)]
    assert funders(forms=forms, against_forms=("mediation",)) == [Funder(forms, BUDGET), Funder(("mediation",), BUDGET)]
    assert funders(forms=forms, against={"observation.noise": 1.0}) == [Funder(forms, BUDGET)] * 2


@pytest.mark.parametrize(
    "arm",
    [
        Arm("nowhere"),
        Arm("seminar", "no-such-policy"),
        Arm("seminar", sets=(("observation.nose", 1.0),)),
        Arm("seminar", sets=(("states.*.hope", 1.0),)),
        Arm("seminar", sets=(("bodies.fairies.budget", 1.0),)),
        Arm("seminar", sets=(("forms.mediation.effects.coup.size", 1.0),)),
        Arm("seminar", without=("forms.prayer",)),
        Arm("seminar", without=("bodies.fairies",)),
        Arm("seminar", without=("gone.fairies",)),
        Arm("seminar", funder=Funder(("prayer",), 1.0)),
    ],
)
def test_a_name_that_is_not_there_is_told(arm: Arm) -> None:
    with pytest.raises(MissingError):
        scenario_of_arm(arm)


def test_without_effects_no_form_moves_any_harm() -> None:
    forms = [row.id for row in read_rows().values() if row.experiment == "ideal-funder"]
    table = rows(forms, scenarios="seminar", runs=20, years=5, null=True)
    assert len(table.results) > 20
    harm = {"deaths", "atrocity_entries", "displaced", *(f"group.stage={k}" for k in range(5))}
    for result in table.results:
        for effect in result.effects:
            assert effect.measure not in harm or effect.difference == 0.0, (result.row.id, effect.measure)


def _effect(**given: object) -> Effect:
    base = Effect("deaths", "persons", "toy", "none", "outcome", "down", "", 100, 10.0, -1.0, -1.5, -0.5, moved="no")
    return replace(base, **given)  # type: ignore[arg-type]


def test_adjustment_for_the_number_of_effects() -> None:
    made = adjusted([_effect(p=0.01), _effect(p=0.04), _effect(p=0.03), _effect(expected="same", p=0.5)])
    assert [e.holm for e in made] == pytest.approx([0.03, 0.06, 0.06, 1.0])
    of_row = in_row(
        [_effect(p=0.02), _effect(p=0.02), _effect(p=0.02, role="variable"), _effect(p=0.0, expected="same")]
    )
    assert [e.in_row for e in of_row] == pytest.approx([0.04, 0.04, 0.02, 1.0])
    assert made[0].all_low is not None
    assert made[0].all_high is not None
    # Student's t of 99 degrees at 1 - 0.05 / 6, over that at 0.975.
    assert made[0].all_high - made[0].all_low == pytest.approx(1.0 * 2.4347 / 1.9842, rel=1e-3)


def test_verdicts() -> None:
    variable, outcome = _effect(role="variable", moved="expected", in_row=0.01), _effect(moved="expected", in_row=0.01)
    still, back = _effect(), _effect(moved="against", in_row=0.01, holm=0.5)
    assert verdict_of([variable, outcome]) == "works"
    assert verdict_of([variable]) == verdict_of([outcome]) == "works"
    assert verdict_of([variable, still]) == "part"
    assert verdict_of([replace(still, role="variable"), outcome]) == "part"
    assert verdict_of([still]) == "decoration"
    assert verdict_of([back]) == verdict_of([back, still]) == "wrong way"
    chance = replace(outcome, in_row=0.2)  # one of so many in its row that it says nothing
    assert verdict_of([chance]) == verdict_of([replace(back, in_row=0.2)]) == "decoration"
    other = replace(still, role="variable", measure="displaced")
    assert verdict_of([variable, other]) == "works"
    assert verdict_of([variable, other], every=True) == "part"
    assert verdict_of([variable, replace(variable, moved="no"), outcome], every=True) == "works"
    assert verdict_of([variable, outcome, back]) == "works"  # as much as chance brings about in a long table
    assert verdict_of([variable, outcome, replace(back, holm=0.01)]) == "wrong way"
    true, false = _effect(expected="zero", moved="expected"), _effect(expected="zero", moved="against")
    assert verdict_of([true]) == "holds"
    assert verdict_of([true, false]) == "broken"
    ones, none = Values(np.ones(3), np.zeros(3)), Values(np.zeros(3), np.zeros(3))
    deaths = measure_of("deaths")
    for treated, control, expected, moved in (
        (none, ones, "zero", "expected"),
        (ones, none, "zero", "against"),
        (none, ones, "some", "expected"),
        (ones, none, "some", "against"),
        (ones, ones, "same", "expected"),
        (none, ones, "same", "against"),
    ):
        assert exact_effect_of(deaths, treated, control, "toy", "none", "outcome", expected).moved == moved


def test_stays_at_a_stage_and_who_goes_on() -> None:
    """Two groups of one run: 1 3 3 4 and 3 3 2 2; so three stays of months 2, 2 and one of them goes on."""
    group = np.zeros((len(GROUP.columns), 2))
    history = np.array([[1, 3], [3, 3], [3, 2], [4, 2]], dtype=float)
    group[G.stage] = history[0]
    names = ("stage3.goes_on", "stage3.stay", "group.stage=3", "group.exclusion@stage=2")
    watch = _Watch(SimpleNamespace(group=group), [measure_of(n) for n in names], 1)  # type: ignore[arg-type]
    for now in history[1:]:
        group[G.stage] = now
        group[G.exclusion] = (0.25, 0.75)
        watch.look()
    assert watch.above[:, 0].tolist() == [1.0, 4.0, 1.5, 1.5]
    assert watch.below[:, 0].tolist() == [2.0, 2.0, 0.0, 2.0]


def test_a_table_goes_on_from_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "toy.toml"
    file.write_text(TOY, encoding="utf-8")
    done: list[Arm] = []

    def counted(*args: object) -> dict[str, Values]:
        done.append(args[0])  # type: ignore[arg-type]
        return run_watched(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("r2psim.analysis.rows.run_watched", counted)
    kept = tmp_path / "kept"
    first = rows(file=file, directory=kept, **QUICK)
    worlds = len(done)
    assert worlds == 4, "worlds are shared among rows"
    assert rows(file=file, directory=kept, **QUICK).to_dict() == first.to_dict()
    assert len(done) == worlds
    damaged = sorted((kept / row_store.FOLDER).iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:100])
    assert rows(file=file, directory=kept, **(QUICK | {"threads": 3})).to_dict() == first.to_dict()
    assert len(done) == worlds + 1
    rows(file=file, directory=kept, **(QUICK | {"runs": 51}))
    assert len(done) == 2 * worlds + 1, "other runs are others"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(OutputError, match="not empty"):
        rows(file=file, directory=tmp_path / "mine", **QUICK)


def test_rows_refuse_what_they_do_not_know(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="did you mean mediation"):
        rows("mediatoin")
    for text, said in (
        ('[[row]]\nid = "a"\nsection = "I"\nwords = "w"\nexperiment = "magic"\noutcomes = ["up deaths"]', "magic"),
        ('[[row]]\nid = "a"\nsection = "I"\nwords = "w"\nexperiment = "switch"\noutcomes = ["deaths"]', "expectation"),
        ('[[row]]\nid = "a"\nsection = "I"\nwords = "w"\nexperiment = "switch"', "nothing is expected"),
        ('[[row]]\nid = "a"\nsection = "I"\nwords = "w"\nexperiment = "switch"\nhope = 1', "no key"),
    ):
        file = tmp_path / f"{said.split()[0]}.toml"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=said):
            read_rows(file)


def test_the_command(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["rows", "--list"])
    assert done.exit_code == 0
    assert all(row in done.output for row in read_rows())
    assert CliRunner().invoke(app, ["rows", "mediatoin"]).exit_code == 2
    words = ["rows", "mediation", "embargo", "--runs", "4", "--years", "1", "--out", str(tmp_path / "table")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "mediation" in done.output
    assert {"rows.json", "rows.csv", "rows.md", "provenance.json"} <= {p.name for p in (tmp_path / "table").iterdir()}
    again = CliRunner().invoke(app, [*words, "--json"])
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout) == json.loads((tmp_path / "table" / "rows.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_an_interrupted_command_says_how_to_go_on(tmp_path: Path) -> None:
    out = tmp_path / "table"
    words = ["rows", "--runs", "200", "--out", str(out)]
    kept = out / row_store.FOLDER
    code, told, _ = interrupted(words, until=lambda: kept.is_dir() and any(kept.iterdir()))
    assert code == 130, told
    assert "the same command goes on" in told
    assert "Traceback" not in told


@pytest.mark.slow
def test_no_row_of_the_mission_is_decoration(capsys: pytest.CaptureFixture[str]) -> None:
    table = rows(runs=400, seed=5)
    print_rows(table)
    shown = capsys.readouterr().out
    with capsys.disabled():
        print(f"\n{shown}")
    faulty = ("decoration", "wrong way", "broken", "missing")
    assert not {result.row.id: result.verdict for result in table.results if result.verdict in faulty}
